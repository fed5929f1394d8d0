package consent_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/consent"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	*findingtest.World
	svc     *consent.Service
	owner   identity.Actor
	number  string
	officer identity.Actor
	agency  uuid.UUID
}

func (w *world) officerOf(code, kind string) identity.Actor {
	w.T.Helper()
	id, person := pg.NewID(), pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, kind, created_at) values (?, ?, ?, 'US', 'America/New_York', ?, ?)`, id, code, "Agency "+code, kind, w.Clock.Now())
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, 'Otto Officer', ?)`, person, person.String(), code+"@agency.example", w.Clock.Now())
	return identity.Actor{PersonID: person, Name: "Otto Officer", Audience: identity.Partners, Role: identity.Officer, AgencyID: id, Agency: "Agency " + code, Zone: time.UTC}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	w.svc = &consent.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes}
	var m uuid.UUID
	w.owner, m = w.Member("Harbor Trading LLC")
	w.number = w.Text(`select number from membership where id = $1`, m)
	w.officer = w.officerOf("fda", consent.OtherAgency)
	w.agency = w.officer.AgencyID
	return w
}

func (w *world) find(by identity.Actor, number string) int {
	w.T.Helper()
	list, err := w.svc.Find(w.Ctx, by, consent.Question{Number: number, Why: "A shipment of food"})
	w.Must(err)
	return len(list)
}

func TestConsentDecidesWhatIsSeenAndEveryLookIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if w.find(w.officer, w.number) != 0 || w.find(w.officer, "C26-999999") != 0 {
		t.Error("seen without consent")
	}
	w.Must(w.svc.Give(w.Ctx, w.owner, w.agency))
	w.Must(w.svc.Give(w.Ctx, w.owner, w.agency)) // twice is once
	list, err := w.svc.Find(w.Ctx, w.officer, consent.Question{Number: " " + w.number + " ", Why: "A shipment of food"})
	w.Must(err)
	if len(list) != 1 || list[0].Company != "Harbor Trading LLC" || list[0].Number != w.number || list[0].Status != "active" || list[0].Tier != "tier_1" {
		t.Errorf("found %+v", list)
	}
	bond := w.Text(`select value from company_identifier where company_id = $1 and scheme = 'bond'`, w.owner.CompanyID)
	if w.find(w.officer, bond) != 1 || w.find(w.officer, bond[:len(bond)-1]) != 0 {
		t.Error("an identifier must be exact")
	}
	if other := w.officerOf("epa", consent.OtherAgency); w.find(other, w.number) != 0 {
		t.Error("consent to one agency counts for another")
	}
	w.Must(w.svc.Revoke(w.Ctx, w.owner, w.agency))
	w.Must(w.svc.Revoke(w.Ctx, w.owner, w.agency))
	if w.find(w.officer, w.number) != 0 {
		t.Error("seen after the consent was revoked")
	}
	p, err := w.svc.Mine(w.Ctx, w.owner)
	w.Must(err)
	shown := 0
	for _, l := range p.Looks {
		if l.Shown {
			shown++
		}
		if l.Why != "A shipment of food" || l.Agency == "" {
			t.Errorf("look: %+v", l)
		}
	}
	if len(p.Looks) != 5 || shown != 2 {
		t.Errorf("%d looks, %d shown: %+v", len(p.Looks), shown, p.Looks)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'consent.look'`); n != w.Count(`select count(*)::int from agency_look`) || n != 7 {
		t.Errorf("%d events of looks", n)
	}
	if n := w.Count(`select count(*)::int from audit_event where action in ('consent.give', 'consent.revoke')`); n != 2 {
		t.Errorf("%d events of consents", n)
	}
	// No look is shown that was not written down.
	err = w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error { return tx.Exec(`delete from agency_look`).Error })
	if err == nil {
		t.Error("looks can be deleted")
	}
}

func TestWhoMayConsentAndLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customs := w.officerOf("norland", "customs")
	_, err := w.svc.Find(w.Ctx, customs, consent.Question{Number: w.number, Why: "A shipment"})
	w.Want("customs of another country", err, fault.NotFound)
	_, err = w.svc.Find(w.Ctx, w.Sam, consent.Question{Number: w.number, Why: "A shipment"})
	w.Want("the agency's own staff", err, fault.NotFound)
	_, err = w.svc.Find(w.Ctx, w.officer, consent.Question{Number: w.number})
	w.Want("without a reason", err, fault.Invalid)
	editor := w.owner
	editor.Role = identity.Editor
	w.Want("an editor consents", w.svc.Give(w.Ctx, editor, w.agency), fault.Forbidden)
	w.Want("staff consents", w.svc.Give(w.Ctx, w.Sam, w.agency), fault.NotFound)
	w.Want("to customs", w.svc.Give(w.Ctx, w.owner, customs.AgencyID), fault.NotFound)
	w.Want("to nobody", w.svc.Revoke(w.Ctx, w.owner, uuid.New()), fault.NotFound)
	stranger := w.Importer("Stranger Imports")
	w.Must(w.svc.Give(w.Ctx, stranger, w.agency))
	if w.find(w.officer, w.number) != 0 {
		t.Error("another company's consent counts")
	}
	p, err := w.svc.Mine(w.Ctx, stranger)
	w.Must(err)
	if len(p.Looks) != 0 {
		t.Error("another company's looks are seen")
	}
	_, err = w.svc.Mine(w.Ctx, w.officer)
	w.Want("an officer at the company's page", err, fault.NotFound)
	// The fence of the database, below the service.
	for name, scope := range map[string]pg.Scope{"another company": stranger.Scope(), "the other agency": w.officer.Scope()} {
		var n int
		w.Must(w.DB.Batch(context.Background(), scope, pg.Value(&n, `select count(*)::int from agency_look where company_id = $1`, w.owner.CompanyID)))
		if n != 0 {
			t.Errorf("%s reads %d looks", name, n)
		}
	}
}
