package bizpartner

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Show is a part of the list of partners.
type Show string

// The parts.
const (
	ShowAll      Show = "all"
	ShowMembers  Show = "members"  // connected with a member
	ShowAnswered Show = "answered" // a questionnaire waits to be looked at
	ShowWaiting  Show = "waiting"  // a questionnaire is with the partner
	ShowAbroad   Show = "abroad"   // its status abroad has changed, and nobody has looked at it
	ShowOverdue  Show = "overdue"  // the assessment is due, or was never made for a high risk
	ShowEnded    Show = "ended"
)

// Shows lists the parts in the order of the tabs.
func Shows() []Show {
	return []Show{ShowAll, ShowMembers, ShowAnswered, ShowWaiting, ShowAbroad, ShowOverdue, ShowEnded}
}

// Name is the part for a person to read (English source text).
func (s Show) Name() string {
	return map[Show]string{ShowAll: "All", ShowMembers: "Members", ShowAnswered: "Answered", ShowWaiting: "Waiting", ShowAbroad: "Changed abroad", ShowOverdue: "Overdue", ShowEnded: "Ended"}[s]
}

// overdueSQL is the condition for a partner whose assessment is due: $1 is the company, $2 is now.
const overdueSQL = `coalesce(p.due_on < (` + daySQL + `), p.risk = 'high')`

// abroadSQL is the condition for a partner whose status abroad has changed.
const abroadSQL = `exists (select from partner_matter z where z.partner_id = p.id and z.settled_at is null)`

// condition of a part; $1 is the company, $2 is now.
func (s Show) condition() string {
	switch s {
	case ShowMembers:
		return `p.ended_at is null and exists (select from partner_connection x where x.status = 'connected' and p.id in (x.asker_partner_id, x.other_partner_id))`
	case ShowAnswered:
		return `p.ended_at is null and exists (select from questionnaire q where q.partner_id = p.id and q.status = 'answered')`
	case ShowWaiting:
		return `p.ended_at is null and exists (select from questionnaire q where q.partner_id = p.id and q.status in ('sent', 'opened', 'begun', 'returned'))`
	case ShowAbroad:
		return `p.ended_at is null and ` + abroadSQL
	case ShowOverdue:
		return `p.ended_at is null and ` + overdueSQL
	case ShowEnded:
		return `p.ended_at is not null`
	}
	return `p.ended_at is null`
}

// Filter narrows the list. Anything unknown in it counts as not given.
type Filter struct {
	Show    Show
	Query   string // words in name, reference or contact
	Risk    Risk
	Role    string
	Country string
	Page    int // from 1
}

// Item is a partner in a list.
type Item struct {
	Partner
	Questionnaire *Status // of the last questionnaire
	Member        bool    // there is a live connection
	Overdue       bool
	Abroad        bool // its status abroad has changed
}

// List is one page of the partners of a company.
type List struct {
	Filter Filter
	Items  []Item
	Total  int // that fit the filter
	Counts map[Show]int
	Roles  []Role
}

// Pages is how many pages the list has.
func (l List) Pages() int { return max(1, (l.Total+PageSize-1)/PageSize) }

func (f Filter) tidy(d *Data) Filter {
	if !slices.Contains(Shows(), f.Show) {
		f.Show = ShowAll
	}
	if !slices.Contains(Risks(), f.Risk) {
		f.Risk = ""
	}
	if !slices.Contains(d.roleCodes(), f.Role) {
		f.Role = ""
	}
	if len(f.Country) != 2 {
		f.Country = ""
	}
	f.Query = strings.TrimSpace(entry.Head(f.Query, 100))
	f.Page = min(max(f.Page, 1), mostPartners)
	return f
}

// like is a text to look for anywhere, without its own signs.
func like(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(s)) + "%"
}

// daySQL is the day at the office that looks after a company ($1) at a moment ($2).
const daySQL = `select ($2::timestamptz at time zone o.zone)::date from company c join office o on o.id = c.office_id where c.id = $1`

const itemSQL = `select p.*, (select q.status from questionnaire q where q.partner_id = p.id order by q.sent_at desc limit 1) as questionnaire,
	exists (select from partner_connection x where x.status = 'connected' and p.id in (x.asker_partner_id, x.other_partner_id)) as member,
	p.ended_at is null and ` + overdueSQL + ` as overdue, ` + abroadSQL + ` as abroad%s
	from business_partner p where p.company_id = $1 and `

// narrowed is what the other fields of a filter ask for.
const narrowed = ` and ($3 = '' or lower(p.name) like $3 or lower(p.reference) like $3 or lower(p.contact) like $3)
	and ($4 = '' or p.risk = $4) and ($5 = '' or p.role = $5) and ($6 = '' or p.country = $6)`

// List reads one page of the partners of the actor's company. Its own people may.
func (s *Service) List(ctx context.Context, by identity.Actor, f Filter) (l List, err error) {
	if err := reader(by); err != nil {
		return l, err
	}
	return s.list(ctx, by, by.CompanyID, f)
}

func (s *Service) list(ctx context.Context, by identity.Actor, company uuid.UUID, f Filter) (l List, err error) {
	l = List{Filter: f.tidy(s.Data), Counts: map[Show]int{}, Roles: s.Data.Roles}
	f = l.Filter
	now := s.Now()
	var query string
	if f.Query != "" {
		query = like(f.Query)
	}
	var parts []string
	for _, name := range Shows() {
		parts = append(parts, fmt.Sprintf(`(count(*) filter (where %s))::int as %s`, name.condition(), name))
	}
	var counts struct{ All, Members, Answered, Waiting, Abroad, Overdue, Ended int }
	where := f.Show.condition() + narrowed
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&counts, `select `+strings.Join(parts, ", ")+` from business_partner p where p.company_id = $1 and $2::timestamptz is not null`, company, now),
		pg.Value(&l.Total, `select count(*)::int from business_partner p where p.company_id = $1 and $2::timestamptz is not null and `+where, company, now, query, string(f.Risk), f.Role, f.Country),
		pg.All(&l.Items, fmt.Sprintf(itemSQL, "")+where+` order by lower(p.name), p.id limit $7 offset $8`, company, now, query, string(f.Risk), f.Role, f.Country, PageSize, (f.Page-1)*PageSize))
	if err != nil {
		return l, fmt.Errorf("list the partners: %w", err)
	}
	for name, n := range map[Show]int{ShowAll: counts.All, ShowMembers: counts.Members, ShowAnswered: counts.Answered, ShowWaiting: counts.Waiting, ShowAbroad: counts.Abroad, ShowOverdue: counts.Overdue, ShowEnded: counts.Ended} {
		l.Counts[name] = n
	}
	return l, nil
}

// Export writes the partners of the actor's company that have not ended as CSV; no cell is a
// formula. Its own people may; that they did is an audit event.
func (s *Service) Export(ctx context.Context, by identity.Actor) ([]byte, error) {
	if err := reader(by); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		list, err := scan[Partner](ctx, tx, `select * from business_partner where company_id = ? and ended_at is null order by lower(name), id`, by.CompanyID)
		if err != nil {
			return fmt.Errorf("export the partners: %w", err)
		}
		b.Reset()
		if err := s.write(ctx, &b, list); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "business_partner.export", Kind: Kind, Company: by.CompanyID, After: map[string]any{"partners": len(list)}})
	})
	return b.Bytes(), err
}

func (s *Service) write(ctx context.Context, b *bytes.Buffer, list []Partner) error {
	b.WriteString("\uFEFF") // by which spreadsheet programs know UTF-8
	w := csv.NewWriter(b)
	w.UseCRLF = true
	if err := w.Write([]string{"Name", "Country", "Role", "Your reference", "Contact", "E-mail", "Language", "Risk", "Numbers", "Notes", "Assessed on", "Next assessment", "Country name", "Role name"}); err != nil {
		return err
	}
	for _, p := range list {
		row := []string{p.Name, p.Country, p.Role, p.Reference, p.Contact, p.Email, p.Lang, string(p.Risk), p.Identifiers, p.Notes, day(p.AssessedOn), day(p.DueOn),
			i18n.Country(ctx, p.Country), i18n.T(ctx, s.Data.RoleName(p.Role))}
		for i := range row {
			row[i] = entry.Inert(row[i])
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func day(d *clock.Day) string {
	if d == nil {
		return ""
	}
	return d.String()
}

// Past is something that happened to a partner.
type Past struct {
	Action string
	Actor  string
	Reason string
	At     time.Time
}

// Record is everything about one partner.
type Record struct {
	Partner        Partner
	Role           string // in words, English source text
	Overdue        bool
	Questionnaires []Brief
	Connections    []Connection
	Past           []Past
	Matters        []Matter // tasks because of its status abroad
	Languages      []Language
	MayEdit        bool
	MaySign        bool
}

const mostPast = 50

// Open reads a partner of the actor's company. Its own people may.
func (s *Service) Open(ctx context.Context, by identity.Actor, id uuid.UUID) (r Record, err error) {
	if err := reader(by); err != nil {
		return r, err
	}
	r = Record{Languages: s.Data.Languages, MayEdit: by.Is(identity.CompanyEditors...), MaySign: by.Is(identity.CompanySigners...)}
	now := s.Now()
	var item []struct {
		Item
		Matters string
	}
	var net netRows
	err = s.DB.Batch(ctx, by.Scope(), append(net.queries(by, now),
		pg.All(&item, fmt.Sprintf(itemSQL, mattersOf)+`p.id = $3`, by.CompanyID, now, id),
		pg.All(&r.Questionnaires, briefSQL+` where q.partner_id = $1 and q.company_id = $2 order by q.sent_at desc limit 50`, id, by.CompanyID),
		pg.All(&r.Past, `select action, actor, reason, at from audit_event where company_id = $2 and not internal and (subject_id = $1
			or subject_id in (select q.id from questionnaire q where q.partner_id = $1)) order by id desc limit $3`, id, by.CompanyID, mostPast))...)
	if err != nil {
		return r, fmt.Errorf("open a partner: %w", err)
	}
	if len(item) == 0 {
		return r, fault.Missing()
	}
	if r.Matters, err = pg.Documents[Matter](item[0].Matters); err != nil {
		return r, fmt.Errorf("read the tasks of a partner: %w", err)
	}
	r.Partner, r.Overdue, r.Role = item[0].Partner, item[0].Overdue, s.Data.RoleName(item[0].Role)
	for _, x := range net.list(by.CompanyID, now) {
		if x.PartnerID != nil && *x.PartnerID == id {
			r.Connections = append(r.Connections, x)
		}
	}
	return r, nil
}

// Rewrite is a partner as its form starts from. Editors may.
func (s *Service) Rewrite(ctx context.Context, by identity.Actor, id uuid.UUID) (p Partner, in Entry, err error) {
	if err := editor(by); err != nil {
		return p, in, err
	}
	if err := s.DB.Batch(ctx, by.Scope(), pg.One(&p, `select * from business_partner where id = $1 and company_id = $2`, id, by.CompanyID)); err != nil {
		return p, in, fmt.Errorf("open a partner: %w", err)
	}
	if p.EndedAt != nil {
		return p, in, fault.New(fault.Conflict, "You no longer work with this partner, so its entry stays as it is")
	}
	return p, Entry{Name: p.Name, Country: p.Country, Role: p.Role, Reference: p.Reference, Contact: p.Contact, Email: p.Email, Lang: p.Lang, Risk: string(p.Risk),
		Identifiers: p.Identifiers, Notes: p.Notes, Version: p.Version}, nil
}
