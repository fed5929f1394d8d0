package claim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/workflow"
)

// A gap is a benefit to which a kind of member is entitled and that reports of members do not
// show. What companies report is their own: headquarters sees groups of five reporting
// companies or more, in bands of five, where fewer than five are never told apart from none,
// and counts once a month. So neither two groups nor two days can be compared to find out
// about one company.

// GapKind names gaps in audit events.
const GapKind = "benefit_gap"

// Band is a number of companies in a band of five; nil: fewer than five.
type Band = *int

// GapStatus is how far headquarters is with a gap.
type GapStatus string

// The states of a gap.
const (
	GapNew       GapStatus = "new"
	GapLooked    GapStatus = "looked_into"
	GapExplained GapStatus = "explained"
	GapMended    GapStatus = "mended"
)

// GapStatuses lists every state.
func GapStatuses() []GapStatus { return []GapStatus{GapNew, GapLooked, GapExplained, GapMended} }

// Name is the state for a person to read (English source text).
func (s GapStatus) Name() string {
	return map[GapStatus]string{GapNew: "New", GapLooked: "Looked into", GapExplained: "Explained", GapMended: "Mended"}[s]
}

// gapMoves are the legal moves of a gap; an action is the state that it leads to. What is
// explained or mended says how, and can be looked into again.
func gapMoves() workflow.Table[GapStatus, identity.Role, GapStatus, string] {
	hq := []identity.Role{identity.Headquarters}
	said := []workflow.Guard[string]{func(note string) []fault.Field {
		if note == "" {
			return []fault.Field{fault.F("note", "Enter what explains or mends it")}
		}
		return nil
	}}
	t := workflow.Table[GapStatus, identity.Role, GapStatus, string]{{From: GapNew, By: hq, Do: GapNew, To: GapNew}}
	for _, from := range GapStatuses() {
		t = append(t, workflow.Row[GapStatus, identity.Role, GapStatus, string]{From: from, By: hq, Do: GapLooked, To: GapLooked},
			workflow.Row[GapStatus, identity.Role, GapStatus, string]{From: from, By: hq, Do: GapExplained, To: GapExplained, If: said},
			workflow.Row[GapStatus, identity.Role, GapStatus, string]{From: from, By: hq, Do: GapMended, To: GapMended, If: said})
	}
	return t
}

// Gap is a row of the work list.
type Gap struct {
	ID                             uuid.UUID
	Programme, Benefit, EntityType string // codes
	Tier, Arrangement              string // codes; empty: none
	Month                          clock.Day
	Entitled                       int
	Reported, Seen, Unseen         Band // Seen and Unseen are not told where Reported is fewer than five
	Status                         GapStatus
	OwnerID                        *uuid.UUID
	Owner                          string
	Note                           string
	Version                        int
	Claims, Failures               int // claims of the last twelve months about it, and those confirmed
}

// Told reports whether enough companies reported.
func (g Gap) Told() bool { return g.Reported != nil }

// Share is between which percentages of those who reported see the benefit.
func (g Gap) Share() (low, high int) {
	if !g.Told() {
		return 0, 100
	}
	seen := 0
	if g.Seen != nil {
		seen = *g.Seen
	}
	low, high = seen*100/(*g.Reported+4), min((seen+4)*100 / *g.Reported, 100)
	if g.Unseen != nil { // at least so many do not see it
		high = min(high, 100-*g.Unseen*100/(*g.Reported+4))
	} else {
		low = max(low, 100 - 4*100 / *g.Reported)
	}
	return low, max(high, low)
}

// gapAsked is a row that is counted, as the database takes it.
type gapAsked struct {
	Programme     string   `json:"programme"`
	Benefit       string   `json:"benefit"`
	EntityType    string   `json:"entity_type"`
	Tier          string   `json:"tier"`
	Arrangement   string   `json:"arrangement"`
	StandingTypes []string `json:"standing_types"`
	Kinds         []string `json:"kinds"`
	Types         []string `json:"types"`
	Without       string   `json:"without"`
	Layouts       []string `json:"layouts"`
	Less          []string `json:"less"`
	Countries     []string `json:"countries"`
}

// asked are the rows that are counted: each benefit that reports can show, for each kind of
// member and tier that has it, and abroad for each arrangement.
func (s *Service) asked() (out []gapAsked) {
	for _, p := range s.Programmes.All() {
		for _, b := range p.Standing.Benefits {
			if b.Seen == nil {
				continue
			}
			for _, e := range p.EntityTypes() {
				for _, tier := range tiersOf(p) {
					types := slices.DeleteFunc(p.Standing.TypesOf(e.Code), func(kind string) bool { has, _ := b.Brings(e.Code, kind, tier); return !has })
					if len(types) > 0 {
						out = append(out, s.askedOf(p, b, gapAsked{Programme: p.Code, Benefit: b.Code, EntityType: e.Code, Tier: tier, StandingTypes: types})...)
					}
				}
			}
		}
	}
	return out
}

func (s *Service) askedOf(p *programme.Programme, b programme.Benefit, q gapAsked) (out []gapAsked) {
	q.Kinds, q.Types, q.Without, q.Layouts, q.Less, q.Countries = b.Seen.Kinds, b.Seen.Types, b.Seen.Without, s.Reports.Showing(b.Seen.Kinds), []string{}, []string{}
	if q.Types == nil {
		q.Types = []string{}
	}
	if q.Without != "" {
		q.Less = s.Reports.Showing([]string{q.Without})
	}
	if !b.Abroad {
		return []gapAsked{q}
	}
	for _, a := range s.Register.Of(p.Code) {
		if o, ok := a.For(p.Code); ok {
			q.Arrangement, q.Countries = a.Code, o.Countries
			out = append(out, q)
		}
	}
	return out
}

// tiersOf are the tiers of a programme; where it has none, the tier without a name.
func tiersOf(p *programme.Programme) (out []string) {
	for _, t := range p.Process.Tiers {
		out = append(out, t.Code)
	}
	if out == nil {
		out = []string{""}
	}
	return out
}

// GapFilter narrows the work list.
type GapFilter struct {
	All       bool // also rows that are no gap
	Programme string
	Status    GapStatus // empty: all
	Page      int
}

// GapList is the work list.
type GapList struct {
	Filter  GapFilter
	Items   []Gap
	Counted *time.Time // the last count
	Counter string     // who did it; empty: the portal by itself
	Month   *clock.Day // the last month of the last count
	Due     bool       // another month can be counted
	Page    int
	More    bool
}

// isGap is the condition on a row g of which five companies or more do not see the benefit, or
// fewer than five do.
const isGap = `g.reported is not null and (g.unseen is not null or g.seen is null)`

const gapSQL = `select g.id, g.programme, g.benefit, g.entity_type, g.tier, g.arrangement, g.month, g.entitled, g.reported, g.seen, g.unseen, g.status, g.owner_id, coalesce(p.name, '') as owner, g.note, g.version,
	c.claims, c.failures from benefit_gap g left join person p on p.id = g.owner_id
	cross join lateral (select count(*)::int as claims, count(*) filter (where a.outcome = 'not_given')::int as failures from claim a join membership m on m.id = a.membership_id
	  where a.programme = g.programme and a.benefit = g.benefit and a.tier = g.tier and a.arrangement = g.arrangement and m.entity_type = g.entity_type and a.first_on >= g.month - interval '11 months') c `

// Gaps reads the work list, those that are seen least first. Headquarters, its auditors and
// supervisors may.
func (s *Service) Gaps(ctx context.Context, by identity.Actor, f GapFilter) (l GapList, err error) {
	if by.Audience != identity.Staff || !by.Is(Counters()...) {
		return l, fault.Missing()
	}
	f.Page = min(max(f.Page, 1), 1000)
	l.Filter, l.Page = f, f.Page
	var last []struct {
		Month     clock.Day
		CountedAt time.Time
		Counter   string
	}
	var zone string
	err = s.DB.Batch(ctx, by.Scope(), arrangement.Zone(&zone),
		pg.All(&last, `select month, counted_at, case when counted_by is null then '' else counter end as counter from benefit_gap_count order by month desc limit 1`),
		pg.All(&l.Items, gapSQL+`where g.month = (select max(month) from benefit_gap_count) and g.entitled > 0 and ($1 or `+isGap+`) and ($2 = '' or g.programme = $2) and ($3 = '' or g.status = $3)
			order by g.reported is null, coalesce(g.seen, 0)::float8 / coalesce(g.reported, 1), g.unseen desc nulls last, g.programme, g.benefit, g.entity_type, g.tier, g.arrangement limit $4 offset $5`,
			f.All, f.Programme, f.Status, PageSize+1, (f.Page-1)*PageSize))
	if err != nil {
		return l, fmt.Errorf("list gaps: %w", err)
	}
	today, err := arrangement.DayIn(s.Now(), zone)
	if err != nil {
		return l, err
	}
	l.Due = len(last) == 0 || last[0].Month.Before(GapMonth(today))
	if len(last) > 0 {
		l.Month, l.Counted, l.Counter = &last[0].Month, &last[0].CountedAt, last[0].Counter
	}
	if l.More = len(l.Items) > PageSize; l.More {
		l.Items = l.Items[:PageSize]
	}
	return l, nil
}

// GapStep is what was said about a gap.
type GapStep struct {
	Status              GapStatus
	Owner, Note, Author string
	At                  time.Time
}

// GapRecord is a gap with its history.
type GapRecord struct {
	Gap
	Steps  []GapStep
	Owners []Person // who can have it
	May    []GapStatus
}

// Person is somebody of headquarters.
type Person struct {
	ID   uuid.UUID
	Name string
}

const ownersSQL = `select distinct p.id, p.name from person_right r join person p on p.id = r.person_id where r.audience = 'staff' and r.role = 'headquarters' and r.ended_at is null order by p.name, p.id limit 200`

// Gap reads a row of the work list with its history. The same people may as for Gaps.
func (s *Service) Gap(ctx context.Context, by identity.Actor, id uuid.UUID) (r GapRecord, err error) {
	if by.Audience != identity.Staff || !by.Is(Counters()...) {
		return r, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&r.Gap, gapSQL+`where g.id = $1`, id),
		pg.All(&r.Steps, `select status, owner, note, author, at from benefit_gap_step where gap_id = $1 order by at, id limit 200`, id), pg.All(&r.Owners, ownersSQL))
	if err != nil {
		return r, fmt.Errorf("open the gap: %w", err)
	}
	r.May = gapMoves().Actions(r.Status, by.Role, "x")
	return r, nil
}

// GapEntry is what headquarters says about a gap.
type GapEntry struct {
	Status  GapStatus
	Owner   uuid.UUID // of headquarters; none: nobody
	Note    string
	Version int
}

// Work keeps what headquarters says about a gap: how far it is, who has it, and why it is so.
// Headquarters may. Invalid: what explains or mends it is missing, or the owner is not of
// headquarters.
func (s *Service) Work(ctx context.Context, by identity.Actor, id uuid.UUID, in GapEntry) error {
	if err := counter(by); err != nil {
		return err
	}
	var c entry.Check
	in.Note = c.Text("note", "the note", in.Note, 0, 4000)
	if err := c.Err(); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var list []struct {
			Status  GapStatus
			Version int
		}
		if err := tx.WithContext(ctx).Raw(`select status, version from benefit_gap where id = ? for update`, id).Scan(&list).Error; err != nil {
			return fmt.Errorf("open the gap: %w", err)
		}
		switch {
		case len(list) == 0:
			return fault.Missing()
		case list[0].Version != in.Version:
			return fault.Moved()
		}
		to, err := gapMoves().Next(list[0].Status, in.Status, by.Role, in.Note)
		if err != nil {
			return err
		}
		return s.keepGap(ctx, tx, now, by, id, to, in)
	})
}

func (s *Service) keepGap(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, to GapStatus, in GapEntry) error {
	var owners []Person
	if err := tx.WithContext(ctx).Raw(ownersSQL).Scan(&owners).Error; err != nil {
		return fmt.Errorf("read who can have the gap: %w", err)
	}
	var owner *uuid.UUID
	name := ""
	if in.Owner != uuid.Nil {
		i := slices.IndexFunc(owners, func(p Person) bool { return p.ID == in.Owner })
		if i < 0 {
			return fault.Fail([]fault.Field{fault.F("owner", "Choose somebody of headquarters")})
		}
		owner, name = &owners[i].ID, owners[i].Name
	}
	if err := tx.WithContext(ctx).Exec(`update benefit_gap set status = ?, owner_id = ?, note = ?, version = version + 1 where id = ?`, to, owner, in.Note, id).Error; err != nil {
		return fmt.Errorf("keep the gap: %w", err)
	}
	err := tx.WithContext(ctx).Exec(`insert into benefit_gap_step (id, gap_id, status, owner, note, author, person_id, at) values (?, ?, ?, ?, ?, ?, ?, ?)`, pg.NewID(), id, to, name, in.Note, by.Name, by.PersonID, now).Error
	if err != nil {
		return fmt.Errorf("keep the history of the gap: %w", err)
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "benefit_gap.work", Kind: GapKind, Subject: id, After: map[string]any{"status": to, "owner": name}, Reason: in.Note})
}
