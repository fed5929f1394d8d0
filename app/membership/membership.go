// Package membership is what a certified company holds: its number, tier and the days
// from which others may rely on it. It begins with the decision that completes an
// application, so certification lives here, with its consequence.
//
// Who may: Admit is for a supervisor or headquarters other than the person who
// recommended. A company reads its own memberships, the agency's case readers all of
// them; to others they do not exist.
package membership

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/review"
	"trustedtrader/app/risk"
	"trustedtrader/app/standing"
)

// Kind names memberships in audit events, clocks and letters.
const Kind = "membership"

// Status is where a membership stands.
type Status string

// The states.
const (
	Active    Status = "active"
	Suspended Status = "suspended"
	Ended     Status = "ended"
)

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Active: "Active", Suspended: "Suspended", Ended: "Ended"}[s]
}

// Membership is what a certified company holds.
type Membership struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	CompanyID     uuid.UUID
	ApplicationID uuid.UUID
	Programme     string
	Edition       string
	EntityType    string
	Number        string
	Tier          string
	Status        Status
	CertifiedOn   clock.Day // civil day of the decision in the zone of the deciding office
	EffectiveOn   clock.Day // first day on which others may rely on it
	CreatedAt     time.Time
	EndedOn       *clock.Day
	Version       int
}

// Service is what people do with memberships.
type Service struct {
	DB       *pg.DB
	Now      func() time.Time
	Steps    *application.Steps
	Standing *standing.Service

	// Admitted are the steps of later domains in the transaction of a certification, for
	// instance the end of a membership whose place the new one takes.
	Admitted []func(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a application.Application, m Membership) error
}

// New is the service with what it records standings by.
func New(db *pg.DB, now func() time.Time, steps *application.Steps) *Service {
	return &Service{DB: db, Now: now, Steps: steps,
		Standing: &standing.Service{DB: db, Now: now, Programmes: steps.Programmes, Clocks: steps.Clocks, Letters: steps.Letters}}
}

// EffectiveOn is the first day of effect of a decision made on a day. "The fifth day
// following the decision" (Delegated Regulation (EU) 2015/2446, Art. 29) is counted in
// calendar days, and the day of the decision does not count (Regulation (EEC, Euratom)
// No 1182/71, Art. 3(1)): a decision of 26 February 2026 has effect from 3 March. With 0
// days it has effect on the day itself.
func EffectiveOn(decided clock.Day, days int) clock.Day { return decided.AddDays(days) }

// Admit carries out a recommendation to certify: the application is certified, the
// company gets its membership with a number and the programme's first tier, the clocks
// of a membership start, and the company is told. All of it happens or nothing.
// Conflict: the case has moved on, or a colleague was faster.
func (s *Service) Admit(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (m Membership, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		m, err = s.admit(ctx, tx, now, by, id, version)
		return err
	})
	if pg.Constraint(err) == "one_live_membership" {
		err = fault.New(fault.Conflict, "The company is a member already as this kind of member. End that membership before you certify again")
	}
	return m, err
}

func (s *Service) admit(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, version int) (Membership, error) {
	a, err := review.Begin(ctx, tx, now, by, id, version)
	if err != nil {
		return Membership{}, err
	}
	f, err := s.Steps.Facts(a)
	if err != nil {
		return Membership{}, err
	}
	r, f, err := review.Decision(ctx, tx, by, a, f)
	if err != nil {
		return Membership{}, err
	}
	if r.Outcome != application.Certify {
		return Membership{}, fault.New(fault.Conflict, "This recommendation is to reject. Open the case again to decide on it")
	}
	m, err := s.member(ctx, tx, now, a)
	if err != nil {
		return Membership{}, err
	}
	if p, ok := s.Steps.Programmes.Get(a.Programme); ok {
		if err := s.Steps.Required(ctx, tx, a.CompanyID, p); err != nil {
			return Membership{}, err
		}
	}
	err = s.Steps.Move(ctx, tx, now, by, &a, application.Approve, f, application.Details{
		Reason: r.Reason, After: map[string]any{"membership_number": m.Number, "tier": m.Tier, "effective_on": m.EffectiveOn},
	})
	if err != nil {
		return Membership{}, err
	}
	if err := review.Decide(ctx, tx, now, by, &r, "approved", ""); err != nil {
		return Membership{}, err
	}
	if err := add(ctx, tx, &m); err != nil {
		return Membership{}, fmt.Errorf("admit the company: %w", err)
	}
	_, err = s.Standing.Record(ctx, tx, now, by, standing.Event{MembershipID: m.ID, Kind: standing.Granted, On: m.EffectiveOn, Tier: m.Tier,
		Cause: standing.Cause{Kind: application.Kind, ID: a.ID}, Reason: r.Reason})
	if err != nil {
		return Membership{}, err
	}
	if err := adoptClocks(ctx, tx, a.ID, m.ID); err != nil {
		return Membership{}, fmt.Errorf("start the membership's clocks: %w", err)
	}
	if err := s.assessed(ctx, tx, now, by, a, m); err != nil {
		return Membership{}, err
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{
		Action: "membership.admit", Kind: Kind, Subject: m.ID, Company: m.CompanyID,
		After: map[string]any{"number": m.Number, "tier": m.Tier, "certified_on": m.CertifiedOn, "effective_on": m.EffectiveOn, "application": a.Reference},
	})
	if err != nil {
		return Membership{}, err
	}
	if err := s.tell(ctx, tx, now, by, a, m); err != nil {
		return Membership{}, err
	}
	for _, step := range s.Admitted {
		if err := step(ctx, tx, now, by, a, m); err != nil {
			return Membership{}, err
		}
	}
	return m, review.Finish(ctx, tx, a)
}

// assessed starts the year to the next review of the risk assessment that the company
// finished before it became a member: it counts from that day and not from certification.
func (s *Service) assessed(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a application.Application, m Membership) error {
	last, err := risk.LastFinished(ctx, tx, m.CompanyID)
	if err != nil || last == nil {
		return err
	}
	p, err := s.Steps.Programme(a)
	if err != nil {
		return err
	}
	subject := clock.Subject{Kind: Kind, ID: m.ID, Company: m.CompanyID, Office: a.OfficeID, Programme: p}
	return s.Steps.Clocks.Since(ctx, tx, now, *last.FinishedAt, by, subject, programme.CompanyRiskAssessed)
}

// member makes the membership that an application leads to.
func (s *Service) member(ctx context.Context, tx pg.Tx, now time.Time, a application.Application) (Membership, error) {
	p, err := s.Steps.Programme(a)
	if err != nil {
		return Membership{}, err
	}
	zone, country, err := place(ctx, tx, a)
	if err != nil {
		return Membership{}, err
	}
	decided := clock.DayOf(now, zone)
	n, err := number(ctx, tx)
	if err != nil {
		return Membership{}, fmt.Errorf("give a membership number: %w", err)
	}
	text, err := p.MembershipNumber(a.EntityType, country, decided.Time(), n)
	if err != nil {
		return Membership{}, err
	}
	return Membership{
		ID: pg.NewID(), CompanyID: a.CompanyID, ApplicationID: a.ID, Programme: a.Programme, Edition: a.Edition, EntityType: a.EntityType,
		Number: text, Tier: p.Process.TierOnCertification, Status: Active, CertifiedOn: decided,
		EffectiveOn: EffectiveOn(decided, p.Process.EffectiveAfterDays), CreatedAt: now, Version: 1,
	}, nil
}

// tell writes the letter of certification.
func (s *Service) tell(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a application.Application, m Membership) error {
	p, err := s.Steps.Programme(a)
	if err != nil {
		return err
	}
	e, _ := p.EntityType(m.EntityType)
	tier, _ := p.Tier(m.Tier)
	return s.Steps.Letters.ToCompany(ctx, tx, now, by, notice.Letter{
		Company: m.CompanyID, SubjectKind: Kind, SubjectID: m.ID, Programme: p, Code: "certified",
		Values: map[string]string{"entity_type": e.Name, "tier": tier.Name, "membership_number": m.Number},
		Days:   map[string]time.Time{"decided_on": m.CertifiedOn.Time(), "effective_on": m.EffectiveOn.Time()},
	})
}

// TakeEffect is the clock's hook for the first day of effect: it ends the wait and
// tells the company. The clock only.
func (s *Service) TakeEffect(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r clock.Row) error {
	if r.SubjectKind != Kind {
		return fmt.Errorf("take effect: a %s has no first day of effect", r.SubjectKind)
	}
	m, err := load(ctx, tx, r.SubjectID)
	if err != nil {
		return err
	}
	p, ok := s.Steps.Programmes.Get(m.Programme)
	if !ok {
		return fmt.Errorf("membership %s: the portal has no programme %q", m.Number, m.Programme)
	}
	if err := s.Steps.Clocks.Happened(ctx, tx, now, by, subject(m, r.OfficeID, p), programme.MembershipEffective); err != nil {
		return err
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{Action: "membership.take_effect", Kind: Kind, Subject: m.ID, Company: m.CompanyID,
		After: map[string]any{"number": m.Number, "effective_on": m.EffectiveOn}})
	if err != nil {
		return err
	}
	return s.Steps.Letters.ToCompany(ctx, tx, now, by, notice.Letter{
		Company: m.CompanyID, SubjectKind: Kind, SubjectID: m.ID, Programme: p, Code: "membership_effective",
		Days: map[string]time.Time{"effective_on": m.EffectiveOn.Time()},
	})
}

// Page is everything that the pages of a membership show.
type Page struct {
	Membership Membership
	Holder     string
	Country    string
	Office     string
	Zone       *time.Location
	Programme  *programme.Programme
	Entity     programme.EntityType
	Tier       programme.Tier
	Clocks     []clock.View             // for the agency all, for the company those that it or the agency still owes
	Profiles   []Profile                // the security profiles of the membership, the newest first
	Warn       *Profile                 // the one about which the reader can warn the company; nil: none
	Reference  string                   // of the application
	Register   string                   // its incidents and cases as a document, which package enforcement reads
	InEffect   bool                     // today, at the office
	Parts      []standing.Span          // what each type of the membership is today
	Numbers    []application.Identifier // that take part, where the programme lets the company choose
}

// Item is a membership in a list.
type Item struct {
	ID          uuid.UUID
	Number      string
	Programme   string
	EntityType  string
	Tier        string
	Status      Status
	CertifiedOn clock.Day
	EffectiveOn clock.Day
}

const pageSQL = `select m.id, m.company_id, m.application_id, m.programme, m.edition, m.entity_type, m.number, m.tier, m.status, m.certified_on,
  m.effective_on, m.created_at, m.ended_on, m.version, c.name as holder, c.country, o.name as office, o.zone, a.reference,
  jsonb_build_object(
    'Days', (select coalesce(jsonb_agg(i.occurred_on), '[]') from incident i where i.company_id = m.company_id and (i.membership_id = m.id or i.membership_id is null)
      and i.status <> 'merged' and i.founded is distinct from false and ($2::uuid is null or i.told_at is not null)),
    'Cases', (select coalesce(jsonb_agg(jsonb_build_object('ID', e.id, 'Reference', e.reference, 'Status', e.status, 'SourceKind', e.source_kind, 'Suspended', e.suspended,
        'Limited', e.limited) order by e.status = 'closed', e.opened_at desc), '[]')
      from enforcement_case e where e.membership_id = m.id and ($2::uuid is null or e.told_at is not null)))::text as register,
  coalesce((select jsonb_agg(jsonb_build_object('id', i.id, 'scheme', i.scheme, 'value', i.value) order by i.created_at, i.id)
    from application_identifier n join company_identifier i on i.id = n.identifier_id where n.application_id = m.application_id and i.removed_at is null), '[]')::text as numbers
from membership m
join company c on c.id = m.company_id
join application a on a.id = m.application_id
join office o on o.id = a.office_id
where m.id = $1 and ($2::uuid is null or m.company_id = $2)`

type pageRow struct {
	Membership
	Holder, Country, Office, Zone, Reference, Register, Numbers string
}

// Membership reads one membership. The company's own people and the agency's case
// readers may; a look by the agency is an audit event. More is what other domains read for the page in the same round trip.
func (s *Service) Membership(ctx context.Context, by identity.Actor, id uuid.UUID, more ...pg.Query) (Page, error) {
	return s.page(ctx, by, id, "membership.read", more...)
}

// Certificate reads what the certificate of a membership says. The same persons may. More is
// what other domains read for the page in the same round trip.
// Conflict: the membership has ended, so there is nothing to certify.
func (s *Service) Certificate(ctx context.Context, by identity.Actor, id uuid.UUID, more ...pg.Query) (Page, error) {
	p, err := s.page(ctx, by, id, "membership.read", more...)
	if err == nil && p.Membership.Status != Active {
		return Page{}, fault.New(fault.Conflict, "This membership is not active, so it has no certificate")
	}
	return p, err
}

// Printed reads what the certificate of a membership says for the portal's own job that prints
// it. No person calls it.
func (s *Service) Printed(ctx context.Context, id uuid.UUID) (Page, error) {
	return s.load(ctx, identity.ClockActor("certificate.print"), nil, id)
}

func (s *Service) page(ctx context.Context, by identity.Actor, id uuid.UUID, action string, more ...pg.Query) (p Page, err error) {
	own, err := by.Reads()
	if err != nil {
		return p, err
	}
	if own == nil {
		more = append(more, audit.LookAt(s.Now(), by, action, Kind, "membership x where x.id = $10", id))
	}
	return s.load(ctx, by, own, id, more...)
}

// load reads a membership: of a company, or of any if own is nil.
func (s *Service) load(ctx context.Context, by identity.Actor, own *uuid.UUID, id uuid.UUID, more ...pg.Query) (p Page, err error) {
	now := s.Now()
	var row pageRow
	var kept []clock.Kept
	var profiles []profileRow
	var parts []standing.Row
	statements := []pg.Query{pg.One(&row, pageSQL, id, own), clock.About(&kept, Kind, id), pg.All(&profiles, profilesSQL, id, own), standing.KnownNow(&parts, id)}
	statements = append(statements, more...)
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return p, fmt.Errorf("read the membership: %w", err)
	}
	p = Page{Membership: row.Membership, Holder: row.Holder, Country: row.Country, Office: row.Office, Reference: row.Reference, Register: row.Register}
	if err := json.Unmarshal([]byte(row.Numbers), &p.Numbers); err != nil {
		return Page{}, fmt.Errorf("read the membership's numbers: %w", err)
	}
	var ok bool
	if p.Programme, ok = s.Steps.Programmes.Get(row.Programme); !ok {
		return Page{}, fmt.Errorf("membership %s: the portal has no programme %q", row.Number, row.Programme)
	}
	p.Entity, _ = p.Programme.EntityType(row.EntityType)
	p.Tier, _ = p.Programme.Tier(row.Tier)
	if p.Zone, err = time.LoadLocation(row.Zone); err != nil {
		p.Zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	p.Parts = standing.On(parts, clock.DayOf(now, p.Zone))
	p.InEffect = slices.ContainsFunc(p.Parts, standing.Span.Counts)
	p.Clocks = s.Steps.Clocks.Views(kept, now)
	p.Profiles, p.Warn = s.profiles(by, p, profiles)
	return p, nil
}

// Mine lists the memberships of the actor's company, newest first, for its own people.
func (s *Service) Mine(ctx context.Context, by identity.Actor) (out []Item, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&out, `select id, number, programme, entity_type, tier, status, certified_on, effective_on
		from membership where company_id = $1 order by created_at desc, id limit 100`, *own))
	if err != nil {
		return nil, fmt.Errorf("list memberships: %w", err)
	}
	return out, nil
}

// Award gives a live membership a tier of its programme, in the transaction of the step from
// whose rule it follows: cause is the record of that step, and the audit event says why. The
// same tier again changes nothing. A step for other domains: they have decided who may.
// Conflict: the membership has ended.
func (s *Service) Award(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, tier string, cause standing.Cause, reason string) error {
	m, err := load(ctx, tx, id)
	if err != nil {
		return err
	}
	p, ok := s.Steps.Programmes.Get(m.Programme)
	if !ok {
		return fmt.Errorf("membership %s: the portal has no programme %q", m.Number, m.Programme)
	}
	if _, ok := p.Tier(tier); !ok {
		return fmt.Errorf("membership %s: %s has no tier %q", m.Number, m.Programme, tier)
	}
	if m.Status == Ended {
		return fault.New(fault.Conflict, "This membership has ended, so it cannot get another tier")
	}
	if m.Tier == tier {
		return nil
	}
	zone, err := zoneOf(ctx, tx, m)
	if err != nil {
		return err
	}
	from := clock.DayOf(now, zone)
	if from.Before(m.EffectiveOn) {
		from = m.EffectiveOn
	}
	_, err = s.Standing.Record(ctx, tx, now, by, standing.Event{MembershipID: m.ID, Kind: standing.Awarded, On: from, Tier: tier, Cause: cause, Reason: reason})
	if err != nil {
		return fmt.Errorf("award the tier: %w", err)
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "membership.award", Kind: Kind, Subject: m.ID, Company: m.CompanyID,
		Before: map[string]any{"tier": m.Tier}, After: map[string]any{"tier": tier, "number": m.Number, "effective_on": from}, Reason: reason})
}
