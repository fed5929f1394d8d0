package cost_test

import (
	"io/fs"
	"maps"
	"testing"
	"testing/fstest"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/cost"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

func day(t *testing.T, text string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestRowInForce: the mode's own row before one of every mode, the latest that has begun, and
// the default only where there is none.
func TestRowInForce(t *testing.T) {
	c := cost.Costs{Exam: []cost.Exam{{Mode: "", FromMonth: day(t, "2025-03-01"), PerExam: "1"}, {Mode: "sea", FromMonth: day(t, "2025-05-01"), PerExam: "2"}, {Mode: "sea", FromMonth: day(t, "2025-07-01"), PerExam: "3"}},
		Defaults: []cost.Default{{Mode: "sea", PerExam: "9"}}, Membership: []cost.Membership{{Year: 2025, Currency: "USD", Amount: "0.10"}, {Year: 2025, Currency: "USD", Amount: "0.20"}, {Year: 2025, Currency: "EUR", Amount: "5.00"}, {Year: 2024, Currency: "USD", Amount: "1.00"}}}
	for _, x := range []struct {
		mode, month, want string
		byDefault         bool
	}{{"sea", "2025-02-01", "9", true}, {"sea", "2025-03-01", "1", false}, {"sea", "2025-06-01", "2", false}, {"sea", "2026-01-01", "3", false}, {"air", "2025-06-01", "1", false}, {"air", "2025-01-01", "", false}} {
		e, ok := c.ExamIn(x.mode, day(t, x.month))
		if ok != (x.want != "") || e.PerExam != x.want || e.Default != x.byDefault {
			t.Errorf("%s in %s: %+v %v", x.mode, x.month, e, ok)
		}
	}
	if got := c.Year(2025); !maps.Equal(got, map[string]string{"USD": "0.30", "EUR": "5.00"}) {
		t.Errorf("2025: %v", got)
	}
}

func TestOnlyTheCompanyItself(t *testing.T) {
	w := findingtest.New(t, "2026-03-31T15:00:00Z")
	files, err := fs.Sub(config.Figures, "figures")
	w.Must(err)
	data, err := cost.LoadData(files)
	w.Must(err)
	s := &cost.Service{DB: w.DB, Now: w.Clock.Now, Data: data, Modes: []string{"sea"}}
	ann, bob := w.Importer("Ann Imports LLC"), w.Importer("Bob Trading Inc")
	w.Must(s.SaveMembership(w.Ctx, ann, nil, cost.MembershipEntry{Year: "2025", Item: "staff", Currency: "USD", Amount: "12"}))
	all, err := s.All(w.Ctx, ann)
	w.Must(err)
	row := all.Membership[0]
	if all, err := s.All(w.Ctx, bob); err != nil || len(all.Membership) != 0 {
		t.Errorf("bob sees %+v %v", all.Membership, err)
	}
	reader := ann
	reader.Role = identity.Reader
	in := cost.MembershipEntry{Version: row.Version, Year: "2025", Item: "other", Currency: "USD", Amount: "13"}
	w.Want("another company changes it", s.SaveMembership(w.Ctx, bob, &row.ID, in), fault.NotFound)
	w.Want("another company removes it", s.Remove(w.Ctx, bob, cost.KindMembership, row.ID, row.Version), fault.NotFound)
	w.Want("a reader changes it", s.SaveMembership(w.Ctx, reader, &row.ID, in), fault.Forbidden)
	w.Want("a specialist reads", second(s.All(w.Ctx, w.Sam)), fault.NotFound)
	w.Want("another table", s.Remove(w.Ctx, ann, "company", row.ID, row.Version), fault.NotFound)
	w.Must(s.SaveMembership(w.Ctx, ann, &row.ID, in))
	w.Want("stale", s.SaveMembership(w.Ctx, ann, &row.ID, in), fault.Conflict)
	var seen int // row level security, also without a condition
	w.Must(w.DB.Batch(w.Ctx, bob.Scope(), pg.Value(&seen, `select count(*)::int from membership_cost`)))
	if n := w.Count(`select count(*) from audit_event where subject_kind = 'membership_cost' and company_id = $1`, ann.CompanyID); seen != 0 || n != 2 {
		t.Errorf("bob sees %d rows, %d events", seen, n)
	}
}

func second[T any](_ T, err error) error { return err }

func TestDataIsChecked(t *testing.T) {
	schema, err := fs.ReadFile(config.Figures, "figures/figures.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"an item twice":   "edition: 2026-12\nsource: tests\nitems: [{code: staff, name: Staff}, {code: staff, name: More}]\n",
		"no items":        "edition: 2026-12\nsource: tests\nitems: []\n",
		"a mode twice":    "edition: 2026-12\nsource: tests\nitems: [{code: staff, name: Staff}]\ndefaults: [{mode: sea, currency: USD, per_exam: \"1.00\", storage_per_day: \"1.00\"}, {mode: sea, currency: USD, per_exam: \"1.00\", storage_per_day: \"1.00\"}]\n",
		"a float of cost": "edition: 2026-12\nsource: tests\nitems: [{code: staff, name: Staff}]\ndefaults: [{mode: sea, currency: USD, per_exam: 1.5, storage_per_day: \"1.00\"}]\n",
	} {
		if _, err := cost.LoadData(fstest.MapFS{"figures.json": {Data: schema}, "figures.yaml": {Data: []byte(text)}}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
