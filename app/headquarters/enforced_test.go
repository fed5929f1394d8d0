package headquarters_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/appeal"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/headquarters"
	"trustedtrader/app/identity"
	"trustedtrader/app/incident"
)

// enforced is a world with measures, cases, appeals and incidents of every kind.
type enforced struct {
	*world
	appeals *appeal.Service
	olive   identity.Actor
	open    appeal.Appeal // not decided yet, in hand
	longest uuid.UUID     // the case that it is about
}

func (w *world) enforce() *enforced {
	w.T.Helper()
	f := &enforced{world: w, olive: w.Staff("Olive Appeals", identity.AppealOfficer, w.HQ)}
	s := w.World.World.Steps
	f.appeals = &appeal.Service{DB: w.DB, Now: w.Clock.Now, Programmes: s.Programmes, Clocks: s.Clocks, Letters: s.Letters, Cases: w.Cases.Steps}
	owner, m := w.Member("Warned Ltd")
	f.measure(owner, m, "warn")
	f.begin(m) // and looked into again
	owner, m = w.Member("Suspended Ltd")
	f.measure(owner, m, "suspend")
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, f.begin(m), f.proposal("warn")))
	owner, m = w.Member("Limited Ltd")
	f.measure(owner, m, "limit")
	told := f.begin(m)
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, told, f.proposal("warn")))
	w.Must(w.Cases.Notify(w.Ctx, w.Sam, told, f.version(told)))
	_, m = w.Member("At Once Ltd")
	f.atOnce(m)

	owner, m = w.Member("Wronged Ltd")
	id := f.atOnce(m)
	w.Must(w.Cases.Confirm(w.Ctx, w.Chief, id, enforcement.NoteEntry{Version: f.version(id)}))
	a := f.appeal(owner, id)
	w.Must(f.appeals.Decide(w.Ctx, f.olive, a.ID, appeal.DecisionEntry{Outcome: appeal.Overturned, Answer: "It was another company", Version: 2}))
	owner, m = w.Member("Hopeful Ltd")
	f.longest = f.measure(owner, m, "suspend")
	f.open = f.appeal(owner, f.longest)

	day := w.today().String()
	report := incident.Entry{Kind: "seal", Place: "Port of Newark", From: day, FoundOn: day, Facts: "The seal was cut."}
	first, err := w.Register.Report(w.Ctx, owner, report)
	w.Must(err)
	report.Company, report.Kind, report.Way, report.Number = owner.CompanyID, "theft", "field", "B 7"
	report.RuledOut, report.Seen = "Another", []uuid.UUID{first.ID}
	second, err := w.Register.Register(w.Ctx, w.Sam, report)
	w.Must(err)
	report.Kind, report.Number, report.Seen = "seal", "S 1", append(report.Seen, second.ID)
	third, err := w.Register.Register(w.Ctx, w.Sam, report)
	w.Must(err)
	w.Must(w.Register.Merge(w.Ctx, w.Sam, third.ID, incident.MergeEntry{Version: third.Version, Into: first.Reference, Reason: "The same"}))
	w.Clock.Move(time.Hour)
	return f
}

func (f *enforced) version(id uuid.UUID) int {
	return f.Count(`select version from enforcement_case where id = $1`, id)
}

func (f *enforced) begin(m uuid.UUID) uuid.UUID {
	f.T.Helper()
	c, err := f.Cases.Open(f.Ctx, f.Sam, enforcement.OpenEntry{Membership: m, Source: enforcement.ByHand, Reason: "Seals are not checked"})
	f.Must(err)
	return c.ID
}

func (f *enforced) proposal(measure string) enforcement.ProposalEntry {
	in := enforcement.ProposalEntry{Version: 1, Ground: "lack_of_compliance", Measure: measure, Reasons: "Seals were not checked.", Deviation: "It is what works",
		Answers: map[string]string{"severity": "serious", "part": "gross", "reported": "not", "repeated": "first", "cooperation": "some", "repaired": "planned"}}
	if measure == "limit" {
		in.Benefits = []string{"fast_lanes"}
	}
	return in
}

// measure brings a case from its opening to a decision.
func (f *enforced) measure(owner identity.Actor, m uuid.UUID, measure string) uuid.UUID {
	f.T.Helper()
	id := f.begin(m)
	f.Must(f.Cases.Propose(f.Ctx, f.Sam, id, f.proposal(measure)))
	f.Must(f.Cases.Notify(f.Ctx, f.Sam, id, f.version(id)))
	f.Must(f.Cases.Answer(f.Ctx, owner, id, enforcement.NoteEntry{Version: f.version(id), Text: "We are sorry."}))
	f.Must(f.Cases.Approve(f.Ctx, f.Boss, id, enforcement.NoteEntry{Version: f.version(id)}))
	return id
}

func (f *enforced) atOnce(m uuid.UUID) uuid.UUID {
	f.T.Helper()
	id := f.begin(m)
	f.Must(f.Cases.SuspendNow(f.Ctx, f.Boss, id, enforcement.EmergencyEntry{Version: 1, Ground: "security_incident", Reasons: "Drugs were found."}))
	return id
}

func (f *enforced) appeal(owner identity.Actor, id uuid.UUID) appeal.Appeal {
	f.T.Helper()
	a, err := f.appeals.File(f.Ctx, owner, id, appeal.FileEntry{Reasons: "The port cut it.", Attest: true})
	f.Must(err)
	f.Must(f.appeals.Take(f.Ctx, f.olive, a.ID, 1))
	return a
}

// numbers are those of a table by its columns, the whole of it under "all".
func numbers(t headquarters.Table) map[string]int {
	out := map[string]int{"all": t.All().N}
	for i, h := range t.Heads {
		if n := t.Sum(i); n > 0 {
			out[h.Key] = n
		}
	}
	return out
}

func (f *enforced) want(what string, t headquarters.Table, want map[string]int) {
	f.T.Helper()
	got := numbers(t)
	for key, n := range want {
		if got[key] != n {
			f.T.Errorf("%s: %s is %d, want %d; all: %v", what, key, got[key], n, got)
		}
	}
}

// TestEnforcement says what the numbers about enforcement are, when something ends and what was
// said before it did.
func TestEnforcement(t *testing.T) {
	t.Parallel()
	f := newWorld(t).enforce()
	read := func(a headquarters.Asked) headquarters.Dashboard {
		t.Helper()
		a.Programme = "ctpat"
		d, err := f.s.Dashboard(f.Ctx, f.Chief, a)
		f.Must(err)
		return d
	}
	before := f.Clock.Now()
	d := read(headquarters.Asked{})
	f.want("measures", d.Table("measures"), map[string]int{"all": 6, "warn": 1, "suspend": 2, "emergency": 2, "limit": 1})
	f.want("outcomes", d.Table("outcomes"), map[string]int{"stands": 5, "overturned": 1, "ended": 0})
	f.want("in force", d.Table("in_force"), map[string]int{"all": 4, "suspend": 2, "emergency": 1, "limit": 1})
	f.want("appeals", d.Table("appeals"), map[string]int{"all": 2, "open": 1, "overturned": 1})
	f.want("incidents", d.Table("incidents"), map[string]int{"all": 2, "seal": 1, "theft": 1})
	states := func(d headquarters.Dashboard) map[string]int {
		out := map[string]int{}
		for _, l := range d.Table("cases").Lines {
			out[l.Key] = l.Total.N
		}
		return out
	}
	for state, want := range map[string]int{"investigating": 1, "proposed": 1, "notified": 1, "emergency": 1, "in_force": 3} {
		if got := states(d); got[state] != want {
			t.Errorf("%s: %d cases, want %d; all: %v", state, got[state], want, got)
		}
	}

	f.Clock.Move(30 * 24 * time.Hour)
	f.Must(f.appeals.Decide(f.Ctx, f.olive, f.open.ID, appeal.DecisionEntry{Outcome: appeal.EndedNow, Answer: "It has lasted long enough", Version: 2}))
	f.Clock.Move(time.Hour)
	d = read(headquarters.Asked{})
	f.want("in force later", d.Table("in_force"), map[string]int{"all": 3, "suspend": 1})
	f.want("outcomes later", d.Table("outcomes"), map[string]int{"stands": 4, "overturned": 1, "ended": 1})
	f.want("appeals later", d.Table("appeals"), map[string]int{"open": 0, "ended": 1, "overturned": 1})
	if got := d.Table("cases").All().N; got != 6 {
		t.Errorf("%d cases are open later, want 6", got)
	}
	d = read(headquarters.Asked{Known: before})
	f.want("in force, as known before", d.Table("in_force"), map[string]int{"all": 4})
	f.want("appeals, as known before", d.Table("appeals"), map[string]int{"open": 1, "ended": 0})
	if got := states(d)["in_force"]; got != 3 {
		t.Errorf("%d cases were in force as known before, want 3", got)
	}
	d = read(headquarters.Asked{On: day(t, "2026-03-01")})
	f.want("in force before all", d.Table("in_force"), map[string]int{"all": 0})
}

// TestRowsOfEnforcement: each row leads to its case, appeal or incident, an office sees its
// own only, and a file has the words of the page.
func TestRowsOfEnforcement(t *testing.T) {
	t.Parallel()
	f := newWorld(t).enforce()
	brussels := f.Staff("Berta Brussels", identity.Supervisor, f.Brussels)
	for set, link := range map[headquarters.Set]string{headquarters.Enforcement: "enforcement", headquarters.InForce: "enforcement", headquarters.Cases: "enforcement",
		headquarters.Appeals: "appeal", headquarters.Incidents: "incident"} {
		in := headquarters.Filter{Asked: headquarters.Asked{Programme: "ctpat"}, Set: set}
		l, err := f.s.List(f.Ctx, f.Auditor, in)
		f.Must(err)
		for _, r := range l.Rows {
			there := f.Count(`select count(*)::int from (select id from enforcement_case union select id from appeal union select id from incident) x where id = $1`, r.LinkID)
			if r.Link != link || there != 1 || r.Ref == "" || r.Company == "" || r.Office != f.NewYork.String() {
				t.Errorf("%s: %+v", set, r)
			}
			for _, d := range l.Columns {
				if key := r.Of(d); key != "" && l.Name(f.Ctx, d, key) == key && d != headquarters.ByCountry {
					t.Errorf("%s: %s %q has no name", set, d, key)
				}
			}
		}
		if len(l.Rows) == 0 {
			t.Errorf("%s has no rows", set)
		}
		if l, err = f.s.List(f.Ctx, brussels, in); err != nil || l.Total != 0 {
			t.Errorf("%s: another office sees %d rows, %v", set, l.Total, err)
		}
		if _, err := f.s.Export(f.Ctx, f.Chief, in, headquarters.CSV); err != nil {
			t.Errorf("%s as a file: %v", set, err)
		}
	}
}
