package membership_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

// module is a CTPAT importer with an application to Trade Compliance, which needs Tier 2.
type module struct {
	*standingWorld
	tc membership.Membership
}

func (w *module) award(tier string) {
	w.T.Helper()
	w.Must(w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		return w.members.Award(w.Ctx, tx, w.Clock.Now(), w.Boss, w.m.ID, tier, standing.Cause{Kind: "validation", ID: uuid.New()}, "Validated")
	}))
}

// apply brings an application to Trade Compliance to the point where another person decides.
func (w *module) apply() application.Application {
	w.T.Helper()
	a := w.Submit(w.owner, "ctpat-tc", "importer")
	a, err := w.Desk.Claim(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	a, err = w.Desk.StartReview(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	return w.ToCertify(w.Sam, a)
}

func newModule(t *testing.T) *module {
	w := &module{standingWorld: newStanding(t)}
	w.award("tier_2")
	a := w.apply()
	m, err := w.members.Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
	w.tc = m
	return w
}

func (w *module) is(want string) {
	w.T.Helper()
	if got := w.Text(`select status from membership where id = $1`, w.tc.ID); got != want {
		w.T.Errorf("the module's membership is %s, want %s", got, want)
	}
}

// TestModuleNeedsTheMembership: no application without the membership in its tier, and no
// decision when it was lost meanwhile.
func TestModuleNeedsTheMembership(t *testing.T) {
	t.Parallel()
	w := &module{standingWorld: newStanding(t)}
	_, err := w.Applications.Choose(w.Ctx, w.owner, "ctpat-tc", "importer")
	w.Want("with Tier 1", err, fault.Conflict)
	_, err = w.Applications.Choose(w.Ctx, w.Importer("Stranger Ltd"), "ctpat-tc", "importer")
	w.Want("without any membership", err, fault.Conflict)
	w.award("tier_2")
	a := w.apply()
	cause := standing.Cause{Kind: "enforcement", ID: uuid.New()}
	_, err = w.record(standing.Event{Kind: standing.Suspended, On: parse(w.standingWorld, "2026-03-04"), Cause: cause})
	w.Must(err)
	_, err = w.members.Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Want("a decision while suspended", err, fault.Conflict)
	_, err = w.record(standing.Event{Kind: standing.Reinstated, On: parse(w.standingWorld, "2026-03-04"), Cause: cause})
	w.Must(err)
	if m, err := w.members.Admit(w.Ctx, w.Boss, a.ID, a.Version); err != nil || m.Number[:2] != "TC" || m.Tier != "member" {
		t.Errorf("%+v %v", m, err)
	}
}

// TestModuleFollows: what happens to the membership happens to the module's for the same
// cause, and what is overturned is overturned for both.
func TestModuleFollows(t *testing.T) {
	t.Parallel()
	w := newModule(t)
	day := parse(w.standingWorld, "2026-03-04")
	cause := standing.Cause{Kind: "enforcement", ID: uuid.New()}
	held, err := w.record(standing.Event{Kind: standing.Suspended, On: day, Cause: cause, Reason: "Seals were broken"})
	w.Must(err)
	w.is("suspended")
	if n := w.Count(`select count(*)::int from standing_event where membership_id = $1 and kind = 'suspended' and cause_id = $2`, w.tc.ID, cause.ID); n != 1 {
		t.Errorf("%d events with the cause of the other", n)
	}
	_, err = w.record(standing.Event{Kind: standing.Overturned, On: day, Undoes: &held.ID, Cause: standing.Cause{Kind: "appeal", ID: uuid.New()}})
	w.Must(err)
	w.is("active")
	if n := w.Count(`select count(*)::int from standing_event where membership_id = $1 and kind = 'overturned'`, w.tc.ID); n != 1 {
		t.Errorf("%d overturned", n)
	}
	w.Clock.Move(24 * time.Hour)
	w.award("tier_1") // below what the module needs
	w.is("suspended")
	w.Clock.Move(24 * time.Hour)
	w.award("tier_3")
	w.is("active")
	later := parse(w.standingWorld, "2026-03-20") // a removal that is decided today and has effect later
	_, err = w.record(standing.Event{Kind: standing.Removed, On: later, Cause: cause, Reason: "Removed"})
	w.Must(err)
	w.is("active")
	w.to("2026-03-20T15:00:00Z")
	if _, err := w.members.Standing.Turn(w.Ctx); err != nil {
		t.Fatal(err)
	}
	w.is("ended")
	if n := w.Count(`select count(*)::int from message where company_id = $1 and letter = 'membership_follows'`, w.tc.CompanyID); n < 4 {
		t.Errorf("%d letters to the company", n)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'membership.follow' and subject_id = $1`, w.tc.ID); n != 5 {
		t.Errorf("%d events in the trail, want 5", n)
	}
}

// TestNumbersThatTakePart: the company chooses, the choice is in what it submits and stands on
// the membership.
func TestNumbersThatTakePart(t *testing.T) {
	t.Parallel()
	w := &module{standingWorld: newStanding(t)}
	w.award("tier_2")
	a, err := w.Applications.Choose(w.Ctx, w.owner, "ctpat-tc", "importer")
	w.Must(err)
	ior := uuid.MustParse(w.Text(`select id::text from company_identifier where company_id = $1 and scheme = 'ior_ein'`, w.owner.CompanyID))
	bond := uuid.MustParse(w.Text(`select id::text from company_identifier where company_id = $1 and scheme = 'bond'`, w.owner.CompanyID))
	open := func() bool {
		c, err := w.Applications.Check(w.Ctx, w.owner, a.ID)
		w.Must(err)
		for _, p := range c.Problems {
			if p.Name == application.PartIdentifiers {
				return true
			}
		}
		return false
	}
	if !open() {
		t.Error("nothing is said about the choice that is missing")
	}
	stranger := w.Importer("Stranger Ltd")
	reader := w.owner
	reader.Role = identity.Reader
	choose := func(by identity.Actor, version int, ids ...uuid.UUID) error {
		return w.Applications.ChooseNumbers(w.Ctx, by, a.ID, version, ids)
	}
	w.Want("another company", choose(stranger, 1, ior), fault.NotFound)
	w.Want("a reader", choose(reader, 1, ior), fault.Forbidden)
	w.Want("no number", choose(w.owner, 1), fault.Invalid)
	w.Want("a number that cannot be chosen", choose(w.owner, 1, ior, bond), fault.Invalid)
	w.Want("a stale version", choose(w.owner, 7, ior), fault.Conflict)
	w.Must(choose(w.owner, 1, ior))
	if open() {
		t.Error("the choice counts as missing")
	}
	w.Exec(`update application set status = 'withdrawn', closed_at = now() where id = ?`, a.ID)
	w.Want("a closed application", choose(w.owner, 2, ior), fault.Conflict)

	b := w.apply()
	m, err := w.members.Admit(w.Ctx, w.Boss, b.ID, b.Version)
	w.Must(err)
	p, err := w.members.Membership(w.Ctx, w.owner, m.ID)
	w.Must(err)
	if len(p.Numbers) != 1 || p.Numbers[0].ID != ior {
		t.Errorf("numbers of the membership: %+v", p.Numbers)
	}
	second := uuid.New()
	w.Exec(`insert into company_identifier (id, company_id, scheme, value, search_key, created_at) values (?, ?, 'ior_ein', '98-7654321', '987654321', now())`, second, w.owner.CompanyID)
	again := func(by identity.Actor, version int, ids ...uuid.UUID) error {
		return w.Applications.ChooseNumbers(w.Ctx, by, b.ID, version, ids)
	}
	version := w.Count(`select version from application where id = $1`, b.ID)
	editor := w.owner
	editor.Role = identity.Editor
	w.Want("an editor, for a membership", again(editor, version, second), fault.Forbidden)
	w.Must(again(w.owner, version, ior, second))
	if p, err = w.members.Membership(w.Ctx, w.owner, m.ID); err != nil || len(p.Numbers) != 2 {
		t.Errorf("numbers of the membership after the change: %+v %v", p.Numbers, err)
	}
	w.Exec(`update membership set status = 'ended', ended_on = '2026-03-04' where id = ?`, m.ID)
	w.Want("a membership that has ended", again(w.owner, version+1, ior), fault.Conflict)
	if n := w.Count(`select count(*)::int from application_snapshot where application_id = $1 and body like '%"numbers":[{"id":"' || $2 || '"%'`, b.ID, ior.String()); n != 1 {
		t.Error("what was submitted does not say which numbers take part")
	}
	plain, err := w.Applications.Choose(w.Ctx, stranger, "ctpat", "importer")
	w.Must(err)
	w.Want("a programme without a choice", w.Applications.ChooseNumbers(w.Ctx, stranger, plain.ID, 1, []uuid.UUID{ior}), fault.Conflict)
}
