package inbound_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/arrangement"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/inbound"
	"trustedtrader/app/pg"
	"trustedtrader/app/recognition"
)

func TestMain(m *testing.M) { apptest.Run(m) }

const eu = "us-ctpat-eu-aeo"

type world struct {
	*findingtest.World
	svc     *inbound.Service
	agency  uuid.UUID
	channel uuid.UUID
	ada     identity.Actor // administrator of the partner
	otto    identity.Actor // officer of the partner
	other   identity.Actor // administrator of another partner
	hugo    identity.Actor // headquarters, beside Chief
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	register, err := arrangement.Own(w.Steps.Programmes)
	w.Must(err)
	rec := &recognition.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Register: register, Letters: w.Steps.Letters}
	w.svc = &inbound.Service{DB: w.DB, Now: w.Clock.Now, Register: register, Recognitions: rec}
	w.agency = w.partner("union", eu)
	w.ada, w.otto = w.person(w.agency, "Ada Admin", identity.AgencyAdmin), w.person(w.agency, "Otto Officer", identity.Officer)
	w.other = w.person(w.partner("nippon", "us-ctpat-jp-aeo"), "Jun Admin", identity.AgencyAdmin)
	w.hugo = w.Staff("Hugo Second", identity.Headquarters, w.HQ)
	w.channel = inbound.ChannelID(w.agency, eu, "ctpat")
	return w
}

func (w *world) partner(code, under string) uuid.UUID {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, ?, ?, 'BE', 'Europe/Brussels', ?)`, id, code, "Customs "+code, w.Clock.Now())
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values (?, ?, ?)`, under, id, w.Clock.Now())
	return id
}

func (w *world) person(agency uuid.UUID, name string, role identity.Role) identity.Actor {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, ?, ?)`, id, id.String(), id.String()+"@agency.example", name, w.Clock.Now())
	return identity.Actor{PersonID: id, Name: name, Audience: identity.Partners, Role: role, AgencyID: agency, Agency: "Customs", Zone: time.UTC}
}

func (w *world) feed(by identity.Actor, id uuid.UUID) inbound.FeedPage {
	w.T.Helper()
	p, err := w.svc.Feed(w.Ctx, by, id, "", 1)
	w.Must(err)
	return p
}

func (w *world) counts(what string, id uuid.UUID, want map[inbound.Change]int) {
	w.T.Helper()
	f := w.feed(w.ada, id)
	for _, c := range inbound.Changes() {
		if f.Of(c) != want[c] {
			w.T.Errorf("%s: %d rows are %s, want %d", what, f.Of(c), c, want[c])
		}
	}
}

// operators are the numbers and states of what is known.
func (w *world) operators() string {
	return w.Text(`select coalesce(string_agg(number || ' ' || status, ', ' order by number), '') from foreign_operator`)
}
