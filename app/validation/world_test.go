package validation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/validation"
)

// world is an agency with officers and members to validate.
type world struct {
	*reviewtest.World
	s *validation.Service
}

func newWorld(t testing.TB, at string) *world {
	t.Helper()
	w := &world{World: reviewtest.New(t, at)}
	w.Steps.Letters.From = "portal@customs.example"
	w.s = &validation.Service{DB: w.DB, Now: w.Clock.Now, Steps: &validation.Steps{Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters,
		Calendars: w.Steps.Clocks.Calendars}}
	w.officer(w.Sam)
	w.officer(w.Sue)
	w.officer(w.Other)
	return w
}

// officer lets a person of the agency go on visits, from New York.
func (w *world) officer(a identity.Actor) {
	w.T.Helper()
	w.Exec(`insert into officer (person_id, office_id, languages, skills, base, base_country, base_lat, base_lon, capacity, created_at)
		values (?, ?, '{en}', '{}', 'New York', 'US', 40.71, -74.0, 20, ?)`, a.PersonID, a.OfficeID, w.Clock.Now())
}

// member makes a company a member with a membership that is a day old.
func (w *world) member(name string) (uuid.UUID, identity.Actor) {
	w.T.Helper()
	owner := w.Importer(name)
	return w.membership(owner, w.Submit(owner, "ctpat", "importer"), "tier_1"), owner
}

func (w *world) membership(owner identity.Actor, a application.Application, tier string) uuid.UUID {
	w.T.Helper()
	id, now := pg.NewID(), w.Clock.Now()
	w.Exec(`update application set status = 'certified', decided_at = ?, closed_at = ? where id = ?`, now, now, a.ID)
	w.Exec(`insert into membership (id, number, company_id, programme, edition, entity_type, tier, status, application_id, certified_on, effective_on, created_at)
		values (?, ?, ?, ?, ?, ?, ?, 'active', ?, '2026-03-01', '2026-03-01', ?)`, id, "M-"+id.String()[24:], owner.CompanyID, a.Programme, a.Edition, a.EntityType, tier, a.ID, now)
	return id
}

// open opens the validation of a new member, led by Sam.
func (w *world) open(name string) (validation.Validation, validation.Visit, identity.Actor) {
	w.T.Helper()
	m, owner := w.member(name)
	v, err := w.s.Open(w.Ctx, w.Sam, validation.OpenEntry{Membership: &m, Reason: "First validation", Lead: &w.Sam.PersonID})
	w.Must(err)
	return v, w.visits(v.ID)[0], owner
}

// notified is open, of which the company knows.
func (w *world) notified(name string) (validation.Validation, validation.Visit, identity.Actor) {
	w.T.Helper()
	v, x, owner := w.open(name)
	v, err := w.s.NotifyCompany(w.Ctx, w.Sam, v.ID, validation.NotifyEntry{Notice: "We look forward to it.", Version: v.Version})
	w.Must(err)
	return v, x, owner
}

// offered is notified, with times offered on days of April 2026, each 09:00 to 17:00.
func (w *world) offered(name string, days ...string) (validation.Visit, identity.Actor) {
	w.T.Helper()
	_, x, owner := w.notified(name)
	w.offer(x.ID, days...)
	return w.visit(x.ID), owner
}

func code(day string) string { return day + "T09:00/" + day + "T17:00" }

func (w *world) offer(visit uuid.UUID, days ...string) validation.Proposal {
	w.T.Helper()
	in := validation.OfferEntry{Version: w.visit(visit).Version}
	for _, d := range days {
		in.Slots = append(in.Slots, code(d))
	}
	p, err := w.s.Offer(w.Ctx, w.Sam, visit, in)
	w.Must(err)
	return p
}

// answer has the company say yes, if_needed or no to the times in their order.
func (w *world) answer(owner identity.Actor, visit uuid.UUID, said ...string) {
	w.T.Helper()
	in := validation.AnswerEntry{Answers: map[uuid.UUID]string{}, Version: w.proposal(visit).Version, Reply: "As said"}
	for i, s := range w.slots(visit) {
		in.Answers[s.ID] = said[i]
	}
	w.Must(w.s.Answer(w.Ctx, owner, visit, in))
}

// booked is a visit on a day.
func (w *world) booked(name, day string) (validation.Visit, identity.Actor) {
	w.T.Helper()
	x, owner := w.offered(name, day)
	w.answer(owner, x.ID, validation.Yes)
	x, err := w.s.Confirm(w.Ctx, w.Sam, x.ID, validation.ConfirmEntry{Slot: w.slots(x.ID)[0].ID, Version: w.visit(x.ID).Version})
	w.Must(err)
	return x, owner
}

func rows[T any](w *world, sql string, args ...any) (list []T) {
	w.T.Helper()
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(w.Ctx).Raw(sql, args...).Scan(&list).Error }))
	return list
}

func (w *world) visits(v uuid.UUID) []validation.Visit {
	w.T.Helper()
	return rows[validation.Visit](w, `select * from visit where validation_id = ? order by number`, v)
}

func (w *world) visit(id uuid.UUID) validation.Visit {
	w.T.Helper()
	return rows[validation.Visit](w, `select * from visit where id = ?`, id)[0]
}

func (w *world) validation(id uuid.UUID) validation.Validation {
	w.T.Helper()
	return rows[validation.Validation](w, `select * from validation where id = ?`, id)[0]
}

func (w *world) proposal(visit uuid.UUID) validation.Proposal {
	w.T.Helper()
	return rows[validation.Proposal](w, `select * from proposal where visit_id = ? order by round desc limit 1`, visit)[0]
}

// slots are the times of the newest offer.
func (w *world) slots(visit uuid.UUID) []validation.Slot {
	w.T.Helper()
	return rows[validation.Slot](w, `select s.* from slot s where s.proposal_id = ? order by s.position`, w.proposal(visit).ID)
}

// letters lists the codes of the letters that a company has got, in order.
func (w *world) letters(owner identity.Actor) string {
	w.T.Helper()
	return strings.Join(rows[string](w, `select letter from message where company_id = ? and letter like 'validation%' order by sent_at, id`, owner.CompanyID), " ")
}

// methods lists the methods of the invitations that were sent, in order.
func (w *world) methods() string {
	w.T.Helper()
	return strings.Join(rows[string](w, `select method from mail where method <> '' order by created_at, id`), " ")
}

// team puts people on a visit, the first at its head.
func (w *world) team(visit uuid.UUID, people ...identity.Actor) error {
	in := validation.TeamEntry{Lead: people[0].PersonID.String(), Version: w.visit(visit).Version}
	for _, p := range people[1:] {
		in.Members = append(in.Members, p.PersonID.String())
	}
	return w.s.SetTeam(w.Ctx, w.Sam, visit, in)
}

// colleague is another person of a company, with a role.
func (w *world) colleague(owner identity.Actor, role identity.Role) identity.Actor {
	w.T.Helper()
	a := owner
	a.PersonID, a.RightID, a.Role, a.Name = pg.NewID(), pg.NewID(), role, "Carl "+string(role)
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, ?, ?)`, a.PersonID, a.PersonID.String(),
		fmt.Sprintf("%s@trader.example", a.PersonID), a.Name, w.Clock.Now())
	return a
}

// partner is an officer of a new partner agency.
func (w *world) partner(name string) identity.Actor {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, ?, ?, 'JP', 'Asia/Tokyo', ?)`, id, "a-"+id.String()[24:], name, w.Clock.Now())
	a := identity.Actor{PersonID: pg.NewID(), RightID: pg.NewID(), Name: "Akira Agent", Audience: identity.Partners, Role: identity.Officer, AgencyID: id, Agency: name, Zone: time.UTC}
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, 'a@p.example', true, ?, ?)`, a.PersonID, a.PersonID.String(), a.Name, w.Clock.Now())
	return a
}

func has(list string, want ...string) bool {
	return !slices.ContainsFunc(want, func(s string) bool { return !strings.Contains(list, s) })
}
