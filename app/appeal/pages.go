package appeal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/enclosure"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Record is everything that the page of an appeal shows.
type Record struct {
	Appeal
	Company     string
	Number      string // of the membership
	Case        string // reference
	Measure     string
	Ground      string
	Given       string // reasons of the decision
	DecisionDay clock.Day
	Officer     string // who has it in hand
	Rules       *programme.Programme
	Zone        *time.Location
	Entries     []Entry
	Shown       []enclosure.Item
	Clocks      []clock.View
	Actions     []Action
	Part        bool // the reader had a part in the case
	Mine        bool
	CanEnd      bool
}

// Entry is something that was added.
type Entry struct {
	ByCompany, Internal bool
	Body, Author        string
	At                  time.Time
}

// Filing is what the form of an appeal shows.
type Filing struct {
	Case, Number      string // references
	CaseID            uuid.UUID
	Measure, Ground   string
	Given             string // reasons of the decision
	Rules             *programme.Programme
	DecidedOn, FileBy clock.Day
	Days              int // left
	Source            string
	Zone              *time.Location
	Earlier           *Appeal // against the same decision
}

type recordRow struct {
	Appeal
	Company, Number, Case, Measure, Ground, Given, OfficerName, ZoneName, Documents string
	GivenAt                                                                         time.Time
	Held, Latest                                                                    bool
}

const recordSQL = `select a.*, co.name as company, m.number, d.reference as "case", d.measure, d.ground, d.reasons as given, d.decided_at as given_at,
  d.held, d.latest, coalesce(p.name, '') as officer_name, d.zone as zone_name, ` + enclosure.Column + `
from appeal a join company co on co.id = a.company_id join membership m on m.id = a.membership_id
join lateral (select * from (` + decisionSQL + `) x where x.proposal_id = a.proposal_id) d on true
left join person p on p.id = a.officer_id
where a.id = $1 and ($2::uuid is null or a.company_id = $2)`

// Open reads an appeal. The company's own people and the agency's case readers may; a look
// by the agency is an audit event.
func (s *Service) Open(ctx context.Context, by identity.Actor, id uuid.UUID) (r Record, err error) {
	own, err := by.Reads()
	if err != nil {
		return r, err
	}
	now := s.Now()
	var row recordRow
	var kept []clock.Kept
	statements := []pg.Query{pg.One(&row, recordSQL, id, own),
		pg.All(&r.Entries, `select by_company, internal, body, author, at from appeal_entry where appeal_id = $1 order by at, id limit 200`, id),
		clock.Where(&kept, `k.subject_kind = 'enforcement' and k.subject_id = (select case_id from appeal where id = $1)`, id)}
	if own == nil {
		statements = append(statements, audit.LookAt(now, by, "appeal.read", Kind, "appeal x where x.id = $10", id))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return r, fmt.Errorf("read the appeal: %w", err)
	}
	if r.Shown, err = enclosure.Read(row.Documents); err != nil {
		return r, err
	}
	if by.Is(identity.AppealOfficers...) {
		err := s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
			part, err := s.Cases.TookPart(ctx, tx, row.CaseID)
			r.Part = slices.Contains(part, by.PersonID)
			return err
		})
		if err != nil {
			return r, err
		}
	}
	r.Appeal, r.Company, r.Number, r.Case, r.Measure, r.Ground, r.Given = row.Appeal, row.Company, row.Number, row.Case, row.Measure, row.Ground, row.Given
	r.Officer = row.OfficerName
	r.Mine = row.OfficerID != nil && *row.OfficerID == by.PersonID
	var ok bool
	if r.Rules, ok = s.Programmes.Get(row.Programme); !ok {
		return r, fmt.Errorf("appeal %s: the portal has no programme %q", row.Reference, row.Programme)
	}
	if r.Zone, err = time.LoadLocation(row.ZoneName); err != nil {
		r.Zone = time.UTC // a damaged row: the administration's pages refuse unknown zones
	}
	r.DecisionDay = clock.DayOf(row.GivenAt, r.Zone)
	r.CanEnd = decision{Held: row.Held, Latest: row.Latest, Measure: row.Measure}.canEnd()
	for _, v := range s.Clocks.Views(kept, now) {
		if v.StartEvent == programme.AppealFiled {
			r.Clocks = append(r.Clocks, v)
		}
	}
	r.Actions = Lifecycle().Actions(r.Status, by.Role, Facts{})
	if r.Part {
		r.Actions = nil
	}
	return r, nil
}

// Filing reads what a company needs to know before it appeals against the last decision of a
// case. For those who sign for it; the others of the company may read it.
func (s *Service) Filing(ctx context.Context, by identity.Actor, of uuid.UUID) (f Filing, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return f, fault.Missing()
	}
	var d decision
	var earlier []Appeal
	var number string
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&d, decisionSQL+standsSQL+` and c.id = $1 and c.company_id = $2 order by p.number desc limit 1`, of, *own),
		pg.All(&earlier, `select a.* from appeal a where a.case_id = $1 and a.status <> 'withdrawn' order by a.filed_at desc`, of),
		pg.Value(&number, `select m.number from enforcement_case c join membership m on m.id = c.membership_id where c.id = $1`, of))
	if err != nil {
		return f, fmt.Errorf("read the decision: %w", err)
	}
	if err := s.complete(&d); err != nil {
		return f, err
	}
	f = Filing{Case: d.Reference, Number: number, CaseID: d.CaseID, Measure: d.Measure, Ground: d.Ground, Given: d.Reasons, Rules: d.rules, Zone: d.zone, DecidedOn: clock.DayOf(d.DecidedAt, d.zone)}
	for i := range earlier {
		if earlier[i].ProposalID == d.ProposalID {
			f.Earlier = &earlier[i]
		}
	}
	var ok bool
	if f.FileBy, f.Source, ok = FileBy(d.rules, d.Ground, f.DecidedOn); !ok {
		return f, fault.New(fault.Conflict, "There is no appeal against this decision")
	}
	f.Days = clock.DaysBetween(clock.DayOf(s.Now(), d.zone), f.FileBy)
	return f, nil
}

// Item is an appeal in a list.
type Item struct {
	ID                       uuid.UUID
	Reference, Company, Case string
	Programme, Measure       string
	Status                   Status
	Outcome                  Outcome
	Officer                  string
	FiledAt                  time.Time
	DecideBy                 clock.Day
	Zone                     string
	Mine                     bool
}

// QueueName names a queue of appeals.
type QueueName string

// The queues.
const (
	Waiting QueueName = "waiting" // nobody has it in hand
	Mine    QueueName = "mine"
	AllOpen QueueName = "open"
	Done    QueueName = "done"
)

// Queues lists the queues in their order.
func Queues() []QueueName { return []QueueName{Waiting, Mine, AllOpen, Done} }

// Name is the queue for a person to read (English source text).
func (q QueueName) Name() string {
	return map[QueueName]string{Waiting: "Not in hand", Mine: "Mine", AllOpen: "All open", Done: "Decided and taken back"}[q]
}

// Queue is a list of appeals.
type Queue struct {
	Name   QueueName
	Counts map[QueueName]int
	Items  []Item
	More   bool // there are more than are shown
}

// shown bounds a list.
const shown = 100

const itemSQL = `select a.id, a.reference, co.name as company, c.reference as "case", a.programme, p.measure, a.status, a.outcome, coalesce(o.name, '') as officer,
  a.filed_at, a.decide_by, f.zone, a.officer_id is not distinct from $1::uuid as mine
from appeal a join company co on co.id = a.company_id join enforcement_case c on c.id = a.case_id join enforcement_proposal p on p.id = a.proposal_id
join office f on f.id = a.office_id left join person o on o.id = a.officer_id `

// List reads a queue of appeals, those due next first. For the agency's case readers.
func (s *Service) List(ctx context.Context, by identity.Actor, name QueueName) (q Queue, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return q, fault.Missing()
	}
	where := map[QueueName]string{
		Waiting: `where a.status = 'filed' order by a.decide_by, a.id`, Mine: `where a.status = 'in_hand' and a.officer_id = $1 order by a.decide_by, a.id`,
		AllOpen: `where a.status in ('filed', 'in_hand') order by a.decide_by, a.id`, Done: `where a.status in ('decided', 'withdrawn') order by a.filed_at desc, a.id`,
	}
	if where[name] == "" {
		name = AllOpen
	}
	var counts struct{ Waiting, Mine, Open, Done int }
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&q.Items, itemSQL+where[name]+` limit $2`, by.PersonID, shown+1),
		pg.One(&counts, `select count(*) filter (where status = 'filed') as waiting, count(*) filter (where status = 'in_hand' and officer_id = $1) as mine,
			count(*) filter (where status in ('filed', 'in_hand')) as open, count(*) filter (where status in ('decided', 'withdrawn')) as done from appeal`, by.PersonID))
	if err != nil {
		return q, fmt.Errorf("list appeals: %w", err)
	}
	q.Name, q.Counts = name, map[QueueName]int{Waiting: counts.Waiting, Mine: counts.Mine, AllOpen: counts.Open, Done: counts.Done}
	if q.More = len(q.Items) > shown; q.More {
		q.Items = q.Items[:shown]
	}
	return q, nil
}
