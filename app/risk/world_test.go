package risk_test

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/blob"
	"trustedtrader/app/evidence"
	"trustedtrader/app/identity"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/risk"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// world is an agency with a company that assesses its risks, and another one.
type world struct {
	*reviewtest.World
	t            *testing.T
	s            *risk.Service
	owner, rival identity.Actor
}

func factors(t testing.TB) *risk.Factors {
	t.Helper()
	files, err := fs.Sub(config.Risk, "risk")
	if err != nil {
		t.Fatal(err)
	}
	f, err := risk.LoadFactors(files)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newWorld(t *testing.T, at string) *world {
	t.Helper()
	w := &world{World: reviewtest.New(t, at), t: t}
	store, err := blob.Open(w.Ctx, blob.Settings{Folder: filepath.Join(t.TempDir(), "evidence")})
	w.Must(err)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	w.s = &risk.Service{DB: w.DB, Now: w.Clock.Now, Factors: factors(t), Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks,
		Evidence: &evidence.Service{DB: w.DB, Now: w.Clock.Now, Log: apptest.Quiet(), Store: store, Master: bytes.Repeat([]byte("k"), 32), Quota: 1 << 30}}
	w.owner, w.rival = w.Importer("Harbor Trading LLC"), w.Importer("Nosy Inc")
	return w
}

func as(a identity.Actor, r identity.Role) identity.Actor {
	a.Role = r
	return a
}

func (w *world) begin() risk.Assessment {
	w.t.Helper()
	a, err := w.s.Begin(w.Ctx, w.owner, risk.BeginEntry{})
	w.Must(err)
	return a
}

func lane(name string) risk.LaneEntry {
	return risk.LaneEntry{Name: name, Goods: "Furniture", Origin: "VN", Destination: "US", Shipments: "1,200"}
}

func leg(place, country, mode string) risk.LegEntry {
	return risk.LegEntry{Place: place, Country: country, Mode: mode, Party: "Party of " + place, Role: "carrier", Trusted: "yes", RestHours: "12"}
}

// lane adds a lane with two legs.
func (w *world) lane(a risk.Assessment, name string) (risk.Lane, []risk.Leg) {
	w.t.Helper()
	l, err := w.s.AddLane(w.Ctx, w.owner, a.ID, lane(name))
	w.Must(err)
	var legs []risk.Leg
	for _, in := range []risk.LegEntry{leg("Factory", "VN", "handling"), leg("Long Beach", "US", "sea")} {
		g, err := w.s.AddLeg(w.Ctx, w.owner, a.ID, l.ID, in)
		w.Must(err)
		legs = append(legs, g)
	}
	return l, legs
}

func (w *world) sheet(id uuid.UUID) risk.Sheet {
	w.t.Helper()
	s, err := w.s.Sheet(w.Ctx, w.owner, id)
	w.Must(err)
	return s
}

func threats(level, note string, but ...risk.RatingEntry) (out []risk.RatingEntry) {
	return all([]string{"terrorism", "contraband", "human_smuggling", "theft", "organized_crime", "conditions"}, level, note, but)
}

func weaknesses(level, note string, but ...risk.RatingEntry) (out []risk.RatingEntry) {
	return all([]string{"business_partners", "cybersecurity", "conveyance", "seals", "procedural", "agricultural", "physical", "access", "personnel", "training"}, level, note, but)
}

func all(codes []string, level, note string, but []risk.RatingEntry) (out []risk.RatingEntry) {
	for _, c := range codes {
		e := risk.RatingEntry{Factor: c, Level: level, Note: note}
		for _, b := range but {
			if b.Factor == c {
				e = b
			}
		}
		out = append(out, e)
	}
	return out
}

// whole makes a draft that can be finished; seals of the first leg are rated high, and the
// plan has an action for it.
func (w *world) whole() (risk.Assessment, risk.Lane, []risk.Leg) {
	w.t.Helper()
	a := w.begin()
	l, legs := w.lane(a, "Furniture from Vietnam")
	w.complete(a, l, legs)
	return a, l, legs
}

func (w *world) complete(a risk.Assessment, l risk.Lane, legs []risk.Leg) {
	w.t.Helper()
	w.Must(w.s.RateThreats(w.Ctx, w.owner, a.ID, l.ID, threats("1", "", risk.RatingEntry{Factor: "contraband", Level: "2", Note: "Cases in the port"})))
	w.Must(w.s.RateVulnerabilities(w.Ctx, w.owner, a.ID, legs[0].ID, weaknesses("1", "", risk.RatingEntry{Factor: "seals", Level: "3", Note: "No log of seals"})))
	w.Must(w.s.RateVulnerabilities(w.Ctx, w.owner, a.ID, legs[1].ID, weaknesses("1", "", risk.RatingEntry{Factor: "agricultural", Level: "0", Note: "Steel floor, no wood"})))
	_, err := w.s.AddTask(w.Ctx, w.owner, a.ID, task(l.ID.String()))
	w.Must(err)
	_, err = w.s.Describe(w.Ctx, w.owner, a.ID, document(w.sheet(a.ID).Assessment.Version))
	w.Must(err)
}

func task(lane string) risk.TaskEntry {
	return risk.TaskEntry{What: "Keep a log of seals", Lane: lane, Criterion: "seals", Owner: "Eve Employee", DueOn: "2026-06-30"}
}

func document(version int) risk.DocumentEntry {
	return risk.DocumentEntry{Title: "Risk assessment 2026", Method: "Five steps, with the logistics team", Lead: "Olga Owner", Participants: "Eve, Bob",
		Schedule: "Yearly, and when a route or party changes", Version: version}
}

// finish finishes a draft, and moves the clock on so that the next comes later.
func (w *world) finish(a risk.Assessment) risk.Assessment {
	w.t.Helper()
	out, err := w.s.Finish(w.Ctx, w.owner, a.ID, risk.FinishEntry{Edits: w.sheet(a.ID).Assessment.Edits, Accepted: true})
	w.Must(err)
	w.Clock.Move(time.Hour)
	return out
}
