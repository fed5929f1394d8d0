package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"trustedtrader/app/appeal"
	"trustedtrader/app/application"
	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/bizpartner"
	"trustedtrader/app/claim"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/consent"
	"trustedtrader/app/consultation"
	"trustedtrader/app/cost"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fieldwork"
	"trustedtrader/app/finding"
	"trustedtrader/app/identity"
	"trustedtrader/app/identity/oidcrp"
	"trustedtrader/app/inbound"
	"trustedtrader/app/incident"
	"trustedtrader/app/membership"
	"trustedtrader/app/notice"
	"trustedtrader/app/people"
	"trustedtrader/app/pg"
	"trustedtrader/app/plan"
	"trustedtrader/app/profile"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/recognition"
	"trustedtrader/app/report"
	"trustedtrader/app/review"
	"trustedtrader/app/risk"
	"trustedtrader/app/roster"
	"trustedtrader/app/signin"
	"trustedtrader/app/singlewindow"
	"trustedtrader/app/succession"
	"trustedtrader/app/validation"
)

// Portal is what the seed works with: the services over one clock that it moves.
type Portal struct {
	DB           *pg.DB
	SignIn       *signin.Service
	People       *people.Service
	Companies    *company.Service
	Applications *application.Service
	Profiles     *profile.Service
	Evidence     *evidence.Service
	Risks        *risk.Service
	ProfileDesk  *profilereview.Service
	Reviews      *review.Service
	Members      *membership.Service
	Notices      *notice.Service
	Sweeper      *clock.Service
	Roster       *roster.Service
	Validations  *validation.Service
	Plans        *plan.Service
	Fieldwork    *fieldwork.Service
	Findings     *finding.Service
	Incidents    *incident.Service
	Cases        *enforcement.Service
	Appeals      *appeal.Service
	Successions  *succession.Service
	Consents     *consent.Service
	Window       *singlewindow.Service
	Reports      *report.Service
	Partners     *bizpartner.Service
	Arrangements *arrangement.Service
	Recognitions *recognition.Service
	Inbound      *inbound.Service
	Checks       *consultation.Service
	Benefits     *benefit.Service
	Baselines    *baseline.Service
	Costs        *cost.Service
	Claims       *claim.Service
}

// Seeder tells the made-up past.
type Seeder struct {
	Portal
	Issuer func(audience string) string // of the demo's sign-in providers
	Clock  *Clock

	ctx     context.Context
	today   time.Time
	present time.Time
	offices map[string]uuid.UUID
	staff   map[string]identity.Actor // by subject
	stories []*story
	later   []step
}

// Clock is a clock that the seed sets by hand.
type Clock struct{ at time.Time }

// Now is the made-up moment.
func (c *Clock) Now() time.Time { return c.at.UTC().Truncate(time.Microsecond) }

// The events at both ends of a seed.
const begins, done = "demo.begun", "demo.seeded"

// State says what a database holds.
type State string

// A database holds nothing, a seed that was interrupted, the whole demo, or data of
// somebody else's, which the demo leaves alone.
const (
	Empty   State = "empty"
	Partial State = "partial"
	Whole   State = "whole"
	Foreign State = "foreign"
)

// Look says what the database holds.
func Look(ctx context.Context, db *pg.DB) (State, error) {
	var marks, offices int
	err := db.Batch(ctx, pg.System, pg.Value(&marks, `select count(distinct action)::int from audit_event where action in ($1, $2)`, begins, done),
		pg.Value(&offices, `select count(*)::int from office`))
	switch {
	case err != nil:
		return "", err
	case marks == 2:
		return Whole, nil
	case marks == 1:
		return Partial, nil
	case offices > 0:
		return Foreign, nil
	}
	return Empty, nil
}

// Clear empties a database that holds an interrupted seed. It takes the address of the
// tables' owner, who may pass over the triggers that keep the audit trail.
func Clear(ctx context.Context, ownerDSN string) (err error) {
	conn, err := pgx.Connect(ctx, ownerDSN)
	if err != nil {
		return fmt.Errorf("clear the interrupted seed: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, `do $$
		begin
		  set local session_replication_role = replica;
		  execute (select 'truncate ' || string_agg(format('%I.%I', schemaname, tablename), ', ') from pg_tables
		    where schemaname = 'public' and tablename <> 'goose_db_version' or schemaname = 'river' and tablename in ('river_job'));
		end $$`)
	if err != nil {
		return fmt.Errorf("clear the interrupted seed: %w", err)
	}
	return nil
}

// step is one thing that somebody does at one moment.
type step struct {
	at  time.Time
	who *story
	do  func() error
}

// Seed tells the story of an empty database up to an instant: days are counted back
// from it, so that the demo always looks alive; everything else is the same each time.
func (s *Seeder) Seed(ctx context.Context, now time.Time) error {
	s.ctx, s.today, s.present = ctx, now.UTC().Truncate(24*time.Hour), now
	s.Clock.at = s.day(766, 12)
	if err := s.mark(begins, "The demo's data are being made"); err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return fmt.Errorf("open the offices: %w", err)
	}
	s.stories = stories()
	steps := append(append(s.later, s.enlist()...), s.validate()...)
	steps = append(append(append(steps, s.plan()...), s.follow()...), append(s.deal(), s.lately()...)...)
	for _, x := range s.stories {
		x.seeder, x.library = s, map[string]evidence.Evidence{}
		steps = append(steps, x.tell()...)
	}
	for day := s.day(760, 7); day.Before(now); day = day.AddDate(0, 0, 1) { // the deadlines are looked at every morning
		steps = append(steps, step{at: day, do: s.sweep})
	}
	steps = append(append(append(steps, s.extend()...), s.abroad()...), append(append(append(s.feeds(), s.baselines()...), s.costs()...), append(append(s.claims(), s.benefits()...), s.gaps()...)...)...)
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	for _, x := range steps {
		if x.at.After(now) {
			break
		}
		s.Clock.at = x.at
		if err := x.do(); err != nil {
			who := "the portal"
			if x.who != nil {
				who = x.who.name
			}
			return fmt.Errorf("%s, %s: %w", who, x.at.Format(time.DateTime), err)
		}
	}
	s.Clock.at = now
	return s.mark(done, "The demo's data are complete")
}

func (s *Seeder) mark(action, reason string) error {
	return s.DB.Write(s.ctx, pg.System, func(tx pg.Tx) error {
		return audit.Record(s.ctx, tx, s.Clock.Now(), identity.ClockActor("demo"), audit.Event{Action: action, Kind: "installation", Reason: reason})
	})
}

// day is an hour (UTC) so many days ago.
func (s *Seeder) day(ago, hour int) time.Time {
	return s.today.AddDate(0, 0, -ago).Add(time.Duration(hour) * time.Hour)
}

func (s *Seeder) sweep() error {
	if _, err := s.Sweeper.Sweep(s.ctx); err != nil {
		return err
	}
	_, _, err := s.Companies.ApplyDue(s.ctx)
	return err
}

// meet makes somebody known as their first sign-in would.
func (s *Seeder) meet(p Person) (identity.Actor, error) {
	id, err := s.SignIn.Meet(s.ctx, identity.ClockActor("demo"), oidcrp.Identity{Issuer: s.Issuer(p.Audience), Subject: p.Subject, Name: p.Name,
		Email: p.Email, EmailVerified: true, Locale: p.Lang})
	audience := identity.Companies
	for _, a := range Audiences() {
		if a.ID == p.Audience {
			audience = identity.Audience(a.Audience)
		}
	}
	return identity.Actor{PersonID: id, Name: p.Name, Email: p.Email, Audience: audience, Zone: time.UTC, Lang: p.Lang}, err
}

// open makes the offices, the agencies and everybody who works there, each invited by
// whoever may, two years and a month ago.
func (s *Seeder) open() error {
	s.Clock.at = s.day(765, 14)
	s.offices, s.staff = map[string]uuid.UUID{}, map[string]identity.Actor{}
	list := append(staff(), partners()...)
	hq := Headquarters()
	ada := list[0]
	link, err := s.People.EnsureFirst(s.ctx, identity.ClockActor("demo"), hq, ada.Email)
	if err != nil {
		return err
	}
	first, err := s.meet(ada)
	if err != nil {
		return err
	}
	if first.RightID, err = s.People.Accept(s.ctx, first, link[len(link)-tokenLength:]); err != nil {
		return err
	}
	if err := s.DB.Batch(s.ctx, pg.System, pg.Value(&first.OfficeID, `select id from office where code = $1`, hq.Code)); err != nil {
		return err
	}
	first.Role, first.Offices = identity.Administrator, []uuid.UUID{first.OfficeID}
	s.offices[hq.Code] = first.OfficeID
	for _, o := range FieldOffices() {
		o.ParentID = &first.OfficeID
		id, err := s.People.OpenOffice(s.ctx, first, o)
		if err != nil {
			return err
		}
		s.offices[o.Code], first.Offices = id, append(first.Offices, id)
	}
	s.staff[ada.Subject] = first
	agencies := map[string]uuid.UUID{}
	for _, a := range PartnerAgencies() {
		if agencies[a.Code], err = s.People.OpenAgency(s.ctx, first, a); err != nil {
			return err
		}
	}
	admins := map[string]identity.Actor{}
	for _, p := range list[1:] { // an agency's administrator stands before its officers
		by := first
		if p.right == identity.Officer {
			by = admins[p.Audience]
		}
		if p.right == identity.Auditor { // dated rights are short: this one is from last month
			s.later = append(s.later, step{at: s.day(30, 14), do: func() error { return s.join(first, p, agencies, admins) }})
			continue
		}
		if err := s.join(by, p, agencies, admins); err != nil {
			return err
		}
	}
	return nil
}

// tokenLength is that of an invitation's secret in its link.
const tokenLength = 52

func (s *Seeder) join(by identity.Actor, p Person, agencies map[string]uuid.UUID, admins map[string]identity.Actor) error {
	in := people.Invitation{Terms: people.Terms{Role: p.right}, Email: p.Email, Office: s.offices[p.office]}
	if p.Audience != "staff" {
		in.Office, in.Agency = uuid.Nil, agencies[p.Audience]
	}
	if p.right == identity.Auditor {
		in.EndsOn = s.day(-330, 0).Format(time.DateOnly)
	}
	who, err := s.invite(by, p, in)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	if p.right == identity.AgencyAdmin {
		admins[p.Audience] = who
	}
	s.staff[p.Subject] = who
	return nil
}

// invite asks somebody in, who accepts at once, and returns them as they act then.
func (s *Seeder) invite(by identity.Actor, p Person, in people.Invitation) (identity.Actor, error) {
	made, err := s.People.Invite(s.ctx, by, in)
	if err != nil {
		return identity.Actor{}, err
	}
	who, err := s.meet(p)
	if err != nil {
		return who, err
	}
	who.AgencyID = cmp.Or(in.Agency, by.AgencyID)
	if who.RightID, err = s.People.Accept(s.ctx, who, made.Token); err != nil {
		return who, err
	}
	who.Role, who.CompanyID, who.Company, who.OfficeID = in.Role, by.CompanyID, by.Company, in.Office
	who.Offices = []uuid.UUID{in.Office}
	if in.Office == s.offices[Headquarters().Code] {
		for _, id := range s.offices {
			who.Offices = append(who.Offices, id)
		}
	}
	return who, nil
}
