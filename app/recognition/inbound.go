package recognition

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/workflow"
)

// OperatorStatus is where a foreign operator stands.
type OperatorStatus string

// The states of a foreign operator.
const (
	Applied      OperatorStatus = "applied"
	Confirmed    OperatorStatus = "confirmed"
	NotConfirmed OperatorStatus = "refused"
	OnHold       OperatorStatus = "suspended"
	Over         OperatorStatus = "ended"
)

// OperatorStatuses lists every state in the order of the journey.
func OperatorStatuses() []OperatorStatus {
	return []OperatorStatus{Applied, Confirmed, OnHold, NotConfirmed, Over}
}

// Name is the state for a person to read (English source text).
func (s OperatorStatus) Name() string {
	return map[OperatorStatus]string{Applied: "Waits for its customs", Confirmed: "Confirmed", NotConfirmed: "Not confirmed", OnHold: "Suspended at home", Over: "Ended at home"}[s]
}

// OperatorAction is what an operator's own customs says about it.
type OperatorAction string

// The actions.
const (
	Confirm OperatorAction = "confirm"
	Reject  OperatorAction = "reject"
	Suspend OperatorAction = "suspend"
	Resume  OperatorAction = "resume"
	Cease   OperatorAction = "cease" // its status at home has ended
)

// OperatorLifecycle is the only list of legal moves of a foreign operator.
func OperatorLifecycle() workflow.Table[OperatorStatus, identity.Role, OperatorAction, Facts] {
	type guards = []workflow.Guard[Facts]
	by := identity.RolesOf(identity.Partners)
	return workflow.Table[OperatorStatus, identity.Role, OperatorAction, Facts]{
		{From: Applied, By: by, Do: Confirm, To: Confirmed},
		{From: Applied, By: by, Do: Reject, To: NotConfirmed, If: guards{because}},
		{From: Confirmed, By: by, Do: Suspend, To: OnHold, If: guards{because}},
		{From: OnHold, By: by, Do: Resume, To: Confirmed},
		{From: Confirmed, By: by, Do: Cease, To: Over, If: guards{because}},
		{From: OnHold, By: by, Do: Cease, To: Over, If: guards{because}},
	}
}

// Operator is a trusted trader of another country.
type Operator struct {
	ID          uuid.UUID
	AgencyID    uuid.UUID
	Arrangement string
	Home        string // programme of ours
	Name        string
	Country     string
	Number      string
	Types       string
	Tier        string
	ValidFrom   *clock.Day
	ValidUntil  *clock.Day
	Identifiers string // other numbers
	Status      OperatorStatus
	Reason      string
	AppliedAt   time.Time
	AnsweredAt  *time.Time
	ChangedAt   time.Time
	EndedAt     *time.Time
	KnownOn     clock.Day  // when its customs last said something of it
	ListedOn    *clock.Day // of the last list of its customs that was taken over
	Version     int
}

const operatorColumns = `f.id, f.agency_id, f.arrangement, f.home, f.name, f.country, f.number, f.types, f.tier, f.valid_from, f.valid_until, f.identifiers, f.status, f.reason, f.applied_at, f.answered_at, f.changed_at, f.ended_at, f.known_on,
	(select c.as_of from inbound_channel c where c.agency_id = f.agency_id and c.arrangement = f.arrangement and c.home = f.home) as listed_on, f.version`

// Door is an arrangement under which foreign operators can apply.
type Door struct {
	Code      string // of the arrangement and the programme, for the form
	Partner   string // their programme
	Authority string
	Home      string // ours
	Countries []string

	arrangement string
	agency      uuid.UUID
}

// Doors lists the arrangements in force whose partner is connected. Everybody may.
func (s *Service) Doors(ctx context.Context) (out []Door, err error) {
	var events []arrangement.Row
	var zone string
	var ties []tie
	err = s.DB.Batch(ctx, pg.System, arrangement.Known(&events, ""), arrangement.Zone(&zone),
		pg.All(&ties, `select distinct on (t.arrangement) t.arrangement, t.agency_id, a.name, 0 as checks from arrangement_agency t join agency a on a.id = t.agency_id where t.until is null order by t.arrangement, t.since, t.agency_id`))
	if err != nil {
		return nil, fmt.Errorf("read the arrangements: %w", err)
	}
	at, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("read the zone of headquarters: %w", err)
	}
	now, lives := s.Now(), s.Register.Lives(events)
	for _, t := range ties {
		a, ok := s.Register.Get(t.Arrangement)
		if !ok || lives[a.Code].On(clock.DayOf(now, at), now) != arrangement.Running {
			continue
		}
		for _, o := range a.Operative {
			out = append(out, Door{Code: a.Code + "/" + o.Home, Partner: o.Partner, Authority: o.Authority, Home: o.Home, Countries: o.Countries, arrangement: a.Code, agency: t.AgencyID})
		}
	}
	return out, nil
}

// ApplyEntry is the application of a foreign operator.
type ApplyEntry struct {
	Door    string
	Name    string
	Country string
	Number  string
	Types   string
}

// Apply takes the application of a foreign operator, which its own customs then confirms or
// refuses. Everybody may; the receipt is the key to Receipt.
func (s *Service) Apply(ctx context.Context, request string, in ApplyEntry) (receipt string, err error) {
	doors, err := s.Doors(ctx)
	if err != nil {
		return "", err
	}
	var k entry.Check
	d := slices.IndexFunc(doors, func(x Door) bool { return x.Code == in.Door })
	if d < 0 {
		k.Add("door", "Choose your programme")
	} else if !slices.Contains(doors[d].Countries, in.Country) {
		k.Add("country", "Choose a country of this programme")
	}
	name, number := k.Line("name", "the registered name", in.Name, 2, 200), strings.ToUpper(k.Line("number", "the number", in.Number, 3, 60))
	types := k.Line("types", "what you do", in.Types, 0, 200)
	key := identifier.Key(number)
	if len(key) < 3 && k.Err() == nil {
		k.Add("number", "Enter the number with its letters and digits")
	}
	if err := k.Err(); err != nil {
		return "", err
	}
	receipt = rand.Text()
	hash := sha256.Sum256([]byte(receipt))
	by := identity.ClockActor(request)
	now, door := s.Now(), doors[d]
	return receipt, s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		id := pg.NewID()
		if err := HoldOperators(ctx, tx, door.agency, door.arrangement, door.Home, false); err != nil {
			return err
		}
		err := tx.WithContext(ctx).Exec(`insert into foreign_operator (id, agency_id, arrangement, home, name, country, number, search_key, types, status, receipt_hash, applied_at, changed_at, known_on)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'applied', ?, ?, ?, (`+todaySQL+`))`, id, door.agency, door.arrangement, door.Home, name, in.Country, number, key, types, hash[:], now, now, now).Error
		if pg.Constraint(err) == "one_live_foreign_operator" {
			return fault.Fail([]fault.Field{fault.F("number", "An application with this number is there already. Ask your customs administration")})
		}
		if err != nil {
			return fmt.Errorf("keep the application: %w", err)
		}
		if err := told(ctx, tx, now, Operator{ID: id, AgencyID: door.agency, Status: Applied}, "apply", "", by.Name); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "foreign_operator.apply", Kind: "foreign_operator", Subject: id, Agency: door.agency, After: map[string]any{"arrangement": door.arrangement, "number": number}})
	})
}

// Application is an application as its applicant sees it.
type Application struct {
	Operator
	Authority string
	Partner   string
	Verdict   Verdict
}

// Counts reports whether it is recognised here today.
func (a Application) Counts() bool { return a.Verdict.Recognition == GrantBenefits }

// Receipt reads an application by its receipt. Whoever has the receipt may.
func (s *Service) Receipt(ctx context.Context, receipt string) (a Application, err error) {
	if len(receipt) < 20 || len(receipt) > 60 {
		return a, fault.Missing()
	}
	hash := sha256.Sum256([]byte(receipt))
	var events []arrangement.Row
	var zone string
	err = s.DB.Batch(ctx, pg.System, pg.One(&a.Operator, `select `+operatorColumns+` from foreign_operator f where f.receipt_hash = $1`, hash[:]), arrangement.Known(&events, ""), arrangement.Zone(&zone))
	if err != nil {
		return a, err
	}
	at, err := time.LoadLocation(zone)
	if err != nil {
		return a, fmt.Errorf("read the zone of headquarters: %w", err)
	}
	x, _ := s.Register.Get(a.Arrangement)
	o, _ := x.For(a.Home)
	now := s.Now()
	a.Authority, a.Partner = o.Authority, o.Partner
	today := clock.DayOf(now, at)
	a.Verdict = s.verdict(a.Operator, s.Register.Lives(events)[x.Code].On(today, now), today)
	return a, nil
}

// OperatorList is a page of foreign operators.
type OperatorList struct {
	Status OperatorStatus
	Number string    // that was looked for, in any state; empty: none
	Today  clock.Day // at headquarters
	Items  []Operator
	Counts map[OperatorStatus]int
	Page   int
	More   bool
}

// Operators lists foreign operators: people of a partner agency read those of their own, the
// agency's case readers read all. With a number, those that have it, in any state.
func (s *Service) Operators(ctx context.Context, by identity.Actor, status OperatorStatus, number string, page int) (l OperatorList, err error) {
	var agency *uuid.UUID
	switch {
	case officer(by) == nil:
		agency = &by.AgencyID
	case by.Audience != identity.Staff || !by.Is(identity.CaseReaders...):
		return l, fault.Missing()
	}
	if !slices.Contains(OperatorStatuses(), status) {
		status = Applied
	}
	page = min(max(page, 1), 1000)
	var counts []struct {
		Status OperatorStatus
		N      int
	}
	number = entry.Head(entry.Clean(number), 60)
	l = OperatorList{Status: status, Number: number, Page: page, Counts: map[OperatorStatus]int{}}
	which, what := `f.status = $2`, string(status)
	if number != "" {
		which, what = `f.search_key = $2`, identifier.Key(number)
	}
	var zone string
	err = s.DB.Batch(ctx, by.Scope(), arrangement.Zone(&zone),
		pg.All(&l.Items, `select `+operatorColumns+` from foreign_operator f where ($1::uuid is null or f.agency_id = $1) and `+which+` order by f.changed_at desc, f.id limit $3 offset $4`, agency, what, pageSize+1, (page-1)*pageSize),
		pg.All(&counts, `select status, count(*)::int as n from foreign_operator where $1::uuid is null or agency_id = $1 group by status`, agency))
	if err != nil {
		return l, fmt.Errorf("list the foreign operators: %w", err)
	}
	if l.Today, err = arrangement.DayIn(s.Now(), zone); err != nil {
		return l, err
	}
	for _, c := range counts {
		l.Counts[c.Status] = c.N
	}
	if len(l.Items) > pageSize {
		l.Items, l.More = l.Items[:pageSize], true
	}
	return l, nil
}

// OperatorPage is a foreign operator with what the actor can say about it.
type OperatorPage struct {
	Operator
	May     []OperatorAction
	Verdict Verdict
	Past    []Saying // the newest first
}

// Can reports whether the actor may do something now.
func (p OperatorPage) Can(a OperatorAction) bool { return slices.Contains(p.May, a) }

// Operator reads one foreign operator. The same persons may as for Operators.
func (s *Service) Operator(ctx context.Context, by identity.Actor, id uuid.UUID) (p OperatorPage, err error) {
	var agency *uuid.UUID
	switch {
	case officer(by) == nil:
		agency = &by.AgencyID
	case by.Audience != identity.Staff || !by.Is(identity.CaseReaders...):
		return p, fault.Missing()
	}
	var events []arrangement.Row
	var zone string
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&p.Operator, `select `+operatorColumns+` from foreign_operator f where f.id = $1 and ($2::uuid is null or f.agency_id = $2)`, id, agency),
		pg.All(&p.Past, sayingSQL, id), arrangement.Known(&events, ""), arrangement.Zone(&zone))
	if err != nil {
		return p, err
	}
	now := s.Now()
	today, err := arrangement.DayIn(now, zone)
	if err != nil {
		return p, err
	}
	p.May = OperatorLifecycle().Actions(p.Status, by.Role, Facts{})
	p.Verdict = s.verdict(p.Operator, s.Register.Lives(events)[p.Operator.Arrangement].On(today, now), today)
	return p, nil
}

// SayEntry is what an operator's own customs says about it.
type SayEntry struct {
	Version int
	Do      OperatorAction
	Reason  string // administrative words; not for confirming and resuming
}

// Say confirms, refuses, suspends, resumes or ends a foreign operator. Officers and
// administrators of its own agency may. When it is suspended, resumed or ended, members that
// have it among their business partners are told in the same transaction, and its recognition
// stops with it.
func (s *Service) Say(ctx context.Context, by identity.Actor, id uuid.UUID, in SayEntry) error {
	if err := officer(by); err != nil {
		return err
	}
	var k entry.Check
	reason := k.Line("reason", "the reason", in.Reason, 0, 1000)
	if err := k.Err(); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error { // members that rely on it are behind their own fences
		f, err := hold(ctx, tx, id, by.AgencyID)
		if err != nil {
			return err
		}
		if f.Version != in.Version {
			return fault.Moved()
		}
		to, err := OperatorLifecycle().Next(f.Status, in.Do, by.Role, Facts{Reason: reason})
		if err != nil {
			return err
		}
		was := f.Status
		f.Status, f.Reason = to, reason
		if f.AnsweredAt == nil {
			f.AnsweredAt = &now
		}
		if to == Over {
			f.EndedAt = &now
		}
		if err := tx.WithContext(ctx).Exec(`update foreign_operator set status = ?, reason = ?, answered_at = ?, ended_at = ?, changed_at = ?, known_on = (`+todaySQL+`), version = version + 1 where id = ?`,
			f.Status, f.Reason, f.AnsweredAt, f.EndedAt, now, now, f.ID).Error; err != nil {
			return fmt.Errorf("keep what was said: %w", err)
		}
		if err := told(ctx, tx, now, f, string(in.Do), reason, by.Name); err != nil {
			return err
		}
		err = audit.Record(ctx, tx, now, by, audit.Event{Action: "foreign_operator." + string(in.Do), Kind: "foreign_operator", Subject: f.ID, Agency: f.AgencyID, Reason: reason,
			Before: map[string]any{"status": was}, After: map[string]any{"status": to}})
		if err != nil || in.Do == Confirm || in.Do == Reject {
			return err
		}
		if err := s.reopen(ctx, tx, now, `f.id = ?`, f.ID); err != nil {
			return err
		}
		return s.tellAtOnce(ctx, tx, now)
	})
}
