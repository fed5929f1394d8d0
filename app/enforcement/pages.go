package enforcement

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/enclosure"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/incident"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

const columns = `c.id, c.reference, c.company_id, c.membership_id, c.office_id, c.programme, c.entity_type, c.status, c.source_kind, c.source_id, c.reason, c.ground, c.worker_id,
	c.opened_at, c.opened_by, c.author, c.told_at, c.suspended::text as suspended, c.limited::text as limited, c.benefits::text as benefits, c.since, c.until_on, c.until_told_at,
	c.wish_on, c.asks_on, c.emergency_at, c.emergency_by, c.confirm_by, c.confirm_told_at, c.confirmed_at, c.confirmed_by, c.answered_at, c.plan_status, c.cured_at,
	c.end_reason, c.end_proposed_at, c.end_proposed_by, c.end_decided_by, c.decided_at, c.closed_at, c.outcome, c.published_at, c.published_by, c.version`

// Head is a case with what its page names.
type Head struct {
	Case
	Company, Office, OfficeZone string
	Member                      string // number of the membership
	Worker                      string // name; empty: nobody works on it yet
}

// headRow is a head with the plan and the consent as JSON, read in one statement.
type headRow struct {
	Head
	Plan, Agreed, Appeals, Documents string
}

const headSQL = `select ` + columns + `, y.name as company, o.name as office, o.zone as office_zone, m.number as member, coalesce(w.name, '') as worker,
	coalesce((select jsonb_agg(jsonb_build_object('ID', i.id, 'Number', i.number, 'Status', i.status, 'Goal', i.goal, 'DueOn', i.due_on, 'DoneNote', i.done_note, 'DoneAt', i.done_at,
	    'AgencyNote', i.agency_note, 'VerifiedAt', i.verified_at) order by i.number) from enforcement_item i where i.case_id = c.id and i.status <> 'dropped'), '[]')::text as plan,
	coalesce((select jsonb_agg(jsonb_build_object('Wording', x.wording, 'Name', x.name, 'SignedAt', x.signed_at)) from enforcement_consent x where x.case_id = c.id), '[]')::text as agreed,
	coalesce((select jsonb_agg(jsonb_build_object('ID', a.id, 'Reference', a.reference, 'Status', a.status, 'Outcome', a.outcome) order by a.filed_at desc)
	  from appeal a where a.case_id = c.id), '[]')::text as appeals, ` + enclosure.Column + `
	from enforcement_case c join company y on y.id = c.company_id join office o on o.id = c.office_id join membership m on m.id = c.membership_id
	left join person w on w.id = c.worker_id
	where c.id = $1 and ($2::uuid is null or c.company_id = $2 and c.told_at is not null)`

// Appealed is an appeal against a decision of a case, in the words of package appeal.
type Appealed struct {
	ID                         uuid.UUID
	Reference, Status, Outcome string
}

// Said is one entry of the history.
type Said struct {
	What      string
	Internal  bool
	ByCompany bool
	Body      string
	Author    string
	At        time.Time
}

// Decided is a proposal with its weighing sheet, which only the agency reads.
type Decided struct {
	Proposal
	Sheet     []Weighed
	Points    int
	Suggested string
	Deviation string
}

type proposalRow struct {
	Proposal
	Sheet, Suggested, Deviation string
	Points                      int
}

const proposalsSQL = `select p.id, p.case_id, p.company_id, p.number, p.emergency, p.measure, p.types::text as types, p.benefits::text as benefits, p.until_on, p.ground, p.reasons, p.proposed_at,
	p.proposed_by, p.author, p.notified_at, p.answer, p.answered_at, p.answerer, p.decision, p.note, p.decided_at, p.decided_by, p.decider, p.event_id,
	coalesce(w.sheet::text, '') as sheet, coalesce(w.points, 0) as points, coalesce(w.suggested, '') as suggested, coalesce(w.deviation, '') as deviation
	from enforcement_proposal p left join enforcement_weighing w on w.proposal_id = p.id
	where p.case_id = $1 and ($2::uuid is null or p.notified_at is not null or p.decision = 'approved') order by p.number desc`

// May is what the actor may do now.
type May struct {
	Work      bool // a case worker of the office in charge
	Do        []Action
	Write     bool // the company edits its plan
	Held      bool // something is taken from the company, and it can act
	Suspended bool // the company is suspended and can act
	Cure      bool
	Sign      bool
	WhyNot    string // why a person of the agency may do nothing (English source text); empty: they may
}

// Can reports whether an action is among them.
func (m May) Can(do Action) bool { return slices.Contains(m.Do, do) }

// Record is everything that the pages of a case show.
type Record struct {
	Head
	Zone      *time.Location
	Today     clock.Day
	Rules     *programme.Programme
	Types     []string // of the membership
	Proposals []Decided
	History   []Said
	Items     []Item
	Consent   *Consent
	Shown     []enclosure.Item
	Appeals   []Appealed      // against its decisions, the newest first
	Incidents []incident.Item // that the case took up
	Others    []incident.Item // for the agency: incidents of the company that it could take up, of which at most 50
	Clocks    []clock.View
	Lacks     []fault.Field // what stands against the end of what is in force
	Told      Status        // the state as the company may know it
	May       May
}

// Current is the proposal that waits for a decision; nil: none does.
func (r Record) Current() *Decided {
	if len(r.Proposals) > 0 && r.Proposals[0].Decision == "" {
		return &r.Proposals[0]
	}
	return nil
}

// GroundOf finds the ground of a proposal, or of the case.
func (r Record) GroundOf(code string) programme.Ground {
	g, _ := r.Rules.Enforcement.Ground(code)
	return g
}

// Late reports whether a suspension's last day or the day to confirm one has passed.
func (r Record) Late() bool {
	return len(r.Suspended) > 0 && r.UntilOn != nil && r.UntilOn.Before(r.Today) || r.Case.Status == Emergency && r.ConfirmBy != nil && r.ConfirmBy.Before(r.Today)
}

// incidentsSQL reads incidents of a case's company: company holds whether the case took it up.
const incidentsSQL = `select i.id, i.reference, i.company_id, case when i.case_id is null then '' else i.case_id::text end as company, coalesce(m.number, '') as member, i.programme, i.kind,
	i.status, i.place, i.occurred_on, i.self_reported, i.registered_at
	from incident i left join membership m on m.id = i.membership_id where `

// Record reads a case. The agency's case readers may, for whom it notes the look, and the
// company's own people once it was told.
func (s *Service) Record(ctx context.Context, by identity.Actor, id uuid.UUID) (r Record, err error) {
	own, err := by.Reads()
	if err != nil {
		return r, err
	}
	now := s.Now()
	var kept []clock.Kept
	var rows []proposalRow
	var row headRow
	var incidents []incident.Item
	statements := []pg.Query{
		pg.One(&row, headSQL, id, own),
		pg.All(&rows, proposalsSQL, id, own),
		pg.All(&r.History, `select what, internal, by_company, body, author, at from enforcement_entry where case_id = $1 and ($2 or not internal) order by at, id limit 1000`, id, own == nil),
		pg.All(&incidents, incidentsSQL+`(i.case_id = $1 and ($2::uuid is null or i.told_at is not null)
			or $2::uuid is null and i.company_id = (select company_id from enforcement_case where id = $1) and i.status in ('reported', 'looked_into'))
			order by i.case_id is null, i.occurred_on desc, i.id limit 150`, id, own),
		clock.About(&kept, Kind, id),
	}
	if own == nil {
		statements = append(statements,
			audit.LookAt(now, by, "enforcement.read", Kind, "enforcement_case x where x.id = $10", id))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return Record{}, fmt.Errorf("read the case: %w", err)
	}
	if err := r.papers(row, incidents); err != nil {
		return Record{}, err
	}
	if err := r.proposals(rows); err != nil {
		return Record{}, err
	}
	return r, s.complete(ctx, by, now, kept, &r)
}

// papers takes the plan, the consent and the incidents apart.
func (r *Record) papers(row headRow, incidents []incident.Item) error {
	r.Head = row.Head
	var err error
	if r.Shown, err = enclosure.Read(row.Documents); err != nil {
		return err
	}
	var agreed []Consent
	for _, x := range []struct {
		text string
		into any
	}{{row.Plan, &r.Items}, {row.Agreed, &agreed}, {row.Appeals, &r.Appeals}} {
		if err := json.Unmarshal([]byte(x.text), x.into); err != nil {
			return fmt.Errorf("read the plan, the consent and the appeals: %w", err)
		}
	}
	if len(agreed) == 1 {
		r.Consent = &agreed[0]
	}
	for _, i := range incidents {
		if taken := i.Company == r.ID.String(); taken {
			r.Incidents = append(r.Incidents, i)
		} else {
			r.Others = append(r.Others, i)
		}
	}
	return nil
}

func (r *Record) proposals(rows []proposalRow) error {
	for _, x := range rows {
		d := Decided{Proposal: x.Proposal, Points: x.Points, Suggested: x.Suggested, Deviation: x.Deviation}
		if x.Sheet != "" {
			if err := json.Unmarshal([]byte(x.Sheet), &d.Sheet); err != nil {
				return fmt.Errorf("read a weighing sheet: %w", err)
			}
		}
		r.Proposals = append(r.Proposals, d)
	}
	return nil
}

// complete fills in what follows from the programme, and what the actor may do.
func (s *Service) complete(ctx context.Context, by identity.Actor, now time.Time, kept []clock.Kept, r *Record) (err error) {
	if r.Rules, err = s.Steps.Rules(r.Case); err != nil {
		return err
	}
	if r.Zone, err = time.LoadLocation(r.OfficeZone); err != nil {
		r.Zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	r.Today, r.Types = clock.DayOf(now, r.Zone), r.Rules.Standing.TypesOf(r.EntityType)
	r.Clocks = s.Steps.Clocks.Views(kept, now)
	r.Told = r.Case.Status.Told(r.Held())
	g := r.GroundOf(r.Ground)
	r.Lacks = lacking(r.Case, g, r.Items, r.Consent != nil)
	if by.Audience == identity.Companies {
		s.forCompany(ctx, by, r, g)
		return nil
	}
	if r.May.WhyNot = sentence(worker(by, r.OfficeID)); r.May.WhyNot != "" {
		return nil
	}
	r.May.Work = true
	r.May.Do = Lifecycle().Actions(r.Case.Status, by.Role, r.facts(by))
	if !g.Publish || r.DecidedAt == nil {
		r.May.Do = slices.DeleteFunc(r.May.Do, func(a Action) bool { return a == Publish })
	}
	return nil
}

// forCompany hides who of the agency did what, and says what the company may do.
func (s *Service) forCompany(ctx context.Context, by identity.Actor, r *Record, g programme.Ground) {
	agency := s.Steps.Letters.Author(ctx)
	r.Worker = ""
	if r.SourceKind != FromRequest {
		r.Author, r.Reason, r.SourceID = agency, "", nil
	}
	for i := range r.History {
		if !r.History[i].ByCompany {
			r.History[i].Author = agency
		}
	}
	for i := range r.Proposals {
		r.Proposals[i].Author, r.Proposals[i].Decider = agency, agency
	}
	if !by.Is(identity.CompanyEditors...) {
		return
	}
	r.May.Do = Lifecycle().Actions(r.Case.Status, by.Role, Facts{})
	r.May.Held = r.Held() && r.Case.Status != Closed
	r.May.Suspended = r.May.Held && len(r.Suspended) > 0
	r.May.Write = r.May.Held && r.PlanStatus.Editable()
	r.May.Cure = r.May.Suspended && g.Cure && r.CuredAt == nil
	r.May.Sign = r.May.Held && r.Consent == nil && by.Is(identity.CompanySigners...)
}

// facts are those of the open proposal, as the page draws its buttons: one's own proposal
// has none to decide it.
func (r Record) facts(by identity.Actor) Facts {
	f := Facts{Held: r.Held(), Stays: r.Held(), Suspends: len(r.Suspended) > 0, Asked: r.AsksOn != nil, Published: r.PublishedAt != nil}
	for _, g := range r.Rules.Enforcement.Grounds {
		f.Emergency = f.Emergency || g.Emergency
	}
	p := r.Current()
	if p == nil {
		return f
	}
	g := r.GroundOf(p.Ground)
	f.Asks = g.AnswerClock != ""
	after := r.Case
	after.take(p.Proposal)
	f.Stays = after.Held()
	if v, ok := clock.Find(r.Clocks, g.AnswerClock); ok {
		f.TimeOver = v.Reading.State == clock.Overdue
	}
	return f
}

// sentence is what a refusal says, untranslated; nothing for none.
func sentence(err error) string {
	var f *fault.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f):
		return f.Message
	}
	return err.Error()
}

// Start is what the form of a new case, or of a request, starts from.
type Start struct {
	ID           uuid.UUID // for the new case
	MembershipID uuid.UUID
	CompanyID    uuid.UUID
	Company      string
	Member       string
	Status       string
	ProgrammeID  string
	OfficeID     uuid.UUID
	Rules        *programme.Programme `db:"-"`
	Incidents    []incident.Item      `db:"-"`
}

// Begin reads what the form of a new case about a membership offers. Case workers of the
// office in charge may, and for a request those who edit for the company.
func (s *Service) Begin(ctx context.Context, by identity.Actor, membership uuid.UUID) (b Start, err error) {
	own, err := by.Reads()
	if err != nil {
		return b, err
	}
	var list []incident.Item
	statements := []pg.Query{pg.One(&b, `select gen_random_uuid() as id, m.id as membership_id, m.company_id, c.name as company, m.number as member, m.status, m.programme as programme_id, a.office_id
		from membership m join company c on c.id = m.company_id join application a on a.id = m.application_id
		where m.id = $1 and ($2::uuid is null or m.company_id = $2)`, membership, own)}
	if own == nil {
		statements = append(statements, pg.All(&list, incidentsSQL+`i.company_id = (select company_id from membership where id = $1) and i.status in ('reported', 'looked_into')
			order by i.occurred_on desc, i.id limit 50`, membership))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return Start{}, fmt.Errorf("begin a case: %w", err)
	}
	b.Incidents = list
	if own == nil {
		if err := worker(by, b.OfficeID); err != nil {
			return Start{}, err
		}
	} else if err := companion(by); err != nil {
		return Start{}, err
	}
	b.Rules, err = s.Steps.Rules(Case{Reference: b.Member, Programme: b.ProgrammeID})
	return b, err
}
