package incident_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/incident"
	"trustedtrader/app/pg"
)

func TestMain(m *testing.M) { apptest.Run(m) }

var update = flag.Bool("update", false, "write testdata anew")

// TestLifecycle holds the table to the file that says what is right.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for _, f := range []incident.Facts{{Text: "Because"}, {}} {
		fmt.Fprintf(&b, "## text %q\n", f.Text)
		for _, from := range incident.Statuses() {
			for _, role := range append(identity.RolesOf(identity.Companies), identity.RolesOf(identity.Staff)...) {
				for _, do := range incident.Actions() {
					to, err := incident.Lifecycle().Next(from, do, role, f)
					switch {
					case err == nil:
						fmt.Fprintf(&b, "%-11s %-12s %-9s -> %s\n", from, role, do, to)
					case fault.KindOf(err) == fault.Invalid:
						fmt.Fprintf(&b, "%-11s %-12s %-9s refused\n", from, role, do)
					}
				}
			}
		}
	}
	const file = "testdata/lifecycle.txt"
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Errorf("the table differs from %s; look at the change, then run with -update", file)
	}
}

// entry is an incident at the port of Newark on a day.
func entry(owner identity.Actor, member uuid.UUID, day string) incident.Entry {
	return incident.Entry{ID: pg.NewID(), Company: owner.CompanyID, Membership: member.String(), Kind: "seal", Place: "Port of Newark", From: day, FoundOn: day, Way: "field",
		Number: "mscu 123-456", Facts: "The seal was cut."}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-04T15:00:00Z")
	owner, member := w.Member("Harbor Trading LLC")
	nosy, _ := w.Member("Nosy Neighbor Inc")
	in := entry(owner, member, "2026-03-01")
	i, err := w.Register.Register(w.Ctx, w.Sam, in)
	w.Must(err)
	if i.Reference != "I-2026-0001" || i.NumberKey != "MSCU123456" || i.SelfReported || i.DiscoveredAt == nil || i.ToldAt != nil {
		t.Errorf("registered %+v", i)
	}
	again, err := w.Register.Register(w.Ctx, w.Sam, in)
	w.Must(err)
	if again.ID != i.ID {
		t.Error("sending the form twice made two")
	}
	for what, change := range map[string]func(*incident.Entry){
		"no kind":          func(e *incident.Entry) { e.Kind = "bad_mood" },
		"no place":         func(e *incident.Entry) { e.Place = " " },
		"no day":           func(e *incident.Entry) { e.From = "" },
		"tomorrow":         func(e *incident.Entry) { e.From = "2026-03-05" },
		"ends before":      func(e *incident.Entry) { e.Until = "2026-01-01" },
		"found before":     func(e *incident.Entry) { e.FoundOn = "2026-01-01" },
		"no way":           func(e *incident.Entry) { e.Way = "" },
		"no facts":         func(e *incident.Entry) { e.Facts = "" },
		"other membership": func(e *incident.Entry) { e.Membership = pg.NewID().String() },
		"NUL":              func(e *incident.Entry) { e.Facts = "a\x00b" },
	} {
		bad := entry(owner, member, "2025-06-01")
		change(&bad)
		_, err := w.Register.Register(w.Ctx, w.Sam, bad)
		w.Want(what, err, fault.Invalid)
	}
	_, err = w.Register.Register(w.Ctx, w.Other, entry(owner, member, "2025-06-01"))
	w.Want("another office", err, fault.Forbidden)
	_, err = w.Register.Register(w.Ctx, w.Auditor, entry(owner, member, "2025-06-01"))
	w.Want("an auditor", err, fault.Forbidden)
	_, err = w.Register.Register(w.Ctx, owner, entry(owner, member, "2025-06-01"))
	w.Want("a company as the agency", err, fault.NotFound)

	_, err = w.Register.Open(w.Ctx, owner, i.ID)
	w.Want("the company and what the agency found", err, fault.NotFound)
	_, err = w.Register.Open(w.Ctx, nosy, i.ID)
	w.Want("another company", err, fault.NotFound)
	r, err := w.Register.Open(w.Ctx, w.Auditor, i.ID)
	w.Must(err)
	if r.May.WhyNot == "" || len(r.Missing()) != 1 {
		t.Errorf("the auditor may %+v; missing %v", r.May, r.Missing())
	}
}

func TestLikelyDuplicatesAreRuledOut(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-04T15:00:00Z")
	owner, member := w.Member("Harbor Trading LLC")
	first, err := w.Register.Register(w.Ctx, w.Sam, entry(owner, member, "2026-02-20"))
	w.Must(err)
	in := entry(owner, member, "2026-02-25")
	in.Number, in.Kind = "OTHER 9", "theft"
	_, err = w.Register.Register(w.Ctx, w.Sue, in)
	w.Want("within seven days", err, fault.Invalid)
	list, err := w.Register.LikelyOf(w.Ctx, w.Sue, in)
	w.Must(err)
	if len(list) != 1 || list[0].ID != first.ID {
		t.Fatalf("likely: %+v", list)
	}
	in.Seen = []uuid.UUID{first.ID}
	_, err = w.Register.Register(w.Ctx, w.Sue, in)
	w.Want("without a reason", err, fault.Invalid)
	in.RuledOut = "Another container on another ship"
	second, err := w.Register.Register(w.Ctx, w.Sue, in)
	w.Must(err)

	same := entry(owner, member, "2026-02-20")
	same.Number, same.RuledOut, same.Seen = "MSCU-123456", "It is another", []uuid.UUID{first.ID, second.ID}
	_, err = w.Register.Register(w.Ctx, w.Sue, same)
	w.Want("the same kind, day and number", err, fault.Conflict)

	// The company does not learn of what the agency found: neither from a list nor from a refusal.
	own := entry(owner, member, "2026-02-20")
	told, err := w.Register.Report(w.Ctx, owner, own)
	w.Must(err)
	if list, err := w.Register.LikelyOf(w.Ctx, owner, entry(owner, member, "2026-02-21")); err != nil || len(list) != 1 || list[0].ID != told.ID {
		t.Errorf("the company is shown %+v, %v", list, err)
	}
	if told.SelfFirst() == false {
		t.Error("before the agency's entry is merged, nothing says that it knew before")
	}
	w.Want("the other way round", w.Register.Merge(w.Ctx, w.Sam, told.ID, incident.MergeEntry{Version: told.Version, Into: first.Reference, Reason: "The same"}), fault.Invalid)
	w.Must(w.Register.Merge(w.Ctx, w.Sam, first.ID, incident.MergeEntry{Version: first.Version, Into: told.Reference, Reason: "The same"}))
	r, err := w.Register.Open(w.Ctx, w.Sam, told.ID)
	w.Must(err)
	if r.SelfFirst() || len(r.Merged) != 1 {
		t.Errorf("the agency knew first: %v; merged %v", r.SelfFirst(), r.Merged)
	}
	w.Want("an old version", w.Register.LookInto(w.Ctx, w.Sam, told.ID, told.Version), fault.Conflict)
}

func TestSelfReportBeforeDiscovery(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-04T15:00:00Z")
	owner, member := w.Member("Harbor Trading LLC")
	told, err := w.Register.Report(w.Ctx, owner, entry(owner, member, "2026-03-01"))
	w.Must(err)
	if n := w.Count(`select count(*)::int from message where letter = 'incident_received'`); n != 1 {
		t.Errorf("%d letters", n)
	}
	w.Clock.Move(48 * time.Hour)
	in := entry(owner, member, "2026-03-01")
	in.Seen, in.RuledOut = []uuid.UUID{told.ID}, "To be merged"
	found, err := w.Register.Register(w.Ctx, w.Sam, in)
	w.Must(err)
	w.Must(w.Register.Merge(w.Ctx, w.Sam, found.ID, incident.MergeEntry{Version: found.Version, Into: told.Reference, Reason: "The same"}))
	r, err := w.Register.Open(w.Ctx, w.Sam, told.ID)
	w.Must(err)
	if !r.SelfFirst() || r.DiscoveredAt == nil {
		t.Errorf("the company told two days before the agency knew: %v", r.DiscoveredAt)
	}
	reader := owner
	reader.Role = identity.Reader
	_, err = w.Register.Report(w.Ctx, reader, entry(owner, member, "2026-01-01"))
	w.Want("a reader", err, fault.Forbidden)
	w.Want("a reader who adds", w.Register.Supplement(w.Ctx, reader, told.ID, "More"), fault.Forbidden)
	w.Must(w.Register.Supplement(w.Ctx, owner, told.ID, "The driver was seen."))
	w.Must(w.Register.Note(w.Ctx, w.Sam, told.ID, "Ask the port."))
	mine, err := w.Register.Open(w.Ctx, owner, told.ID)
	w.Must(err)
	for _, e := range mine.History {
		if e.Internal || e.What == "note" {
			t.Errorf("the company sees %+v", e)
		}
	}
	r, err = w.Register.Open(w.Ctx, w.Sam, told.ID)
	w.Must(err)
	c, err := w.Cases.Open(w.Ctx, w.Sam, enforcement.OpenEntry{Membership: member, Source: enforcement.FromIncident, SourceID: told.ID, Reason: "To be looked into"})
	w.Must(err)
	mine, err = w.Register.Open(w.Ctx, owner, told.ID)
	w.Must(err)
	mineList, err := w.Register.Mine(w.Ctx, owner)
	w.Must(err)
	if mine.Incident.Status != incident.LookedInto || mine.CaseID != nil || mineList[0].Status != incident.LookedInto {
		t.Errorf("the company learns of case %s: %s, %s", c.Reference, mine.Incident.Status, mineList[0].Status)
	}
	other := entry(owner, member, "2025-01-01")
	other.Number = "LOG 7"
	told, err = w.Register.Report(w.Ctx, owner, other)
	w.Must(err)
	r, err = w.Register.Open(w.Ctx, w.Sam, told.ID)
	w.Must(err)
	w.Must(w.Register.Close(w.Ctx, w.Sam, told.ID, incident.ClosingEntry{Version: r.Version, Founded: "yes", Reason: "Nothing was lost"}))
	w.Want("closing twice", w.Register.Close(w.Ctx, w.Sam, told.ID, incident.ClosingEntry{Version: r.Version + 1, Founded: "yes", Reason: "Again"}), fault.Conflict)
}

// Two people enter the same incident at the same moment: one entry is made.
func TestTwoPeopleRegisterTheSame(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-04T15:00:00Z")
	owner, member := w.Member("Harbor Trading LLC")
	people := []identity.Actor{w.Sam, w.Sue, w.Boss, w.Chief}
	errs := make([]error, len(people))
	var group sync.WaitGroup
	for n, by := range people {
		group.Go(func() {
			in := entry(owner, member, "2026-03-01")
			if n%2 == 1 {
				in.Number = "ANOTHER NUMBER" // the same day of the same company
			}
			_, errs[n] = w.Register.Register(w.Ctx, by, in)
		})
	}
	group.Wait()
	made := 0
	for _, err := range errs {
		switch {
		case err == nil:
			made++
		case fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.Conflict:
			t.Errorf("neither made nor refused: %v", err)
		}
	}
	if n := w.Count(`select count(*)::int from incident`); made != 1 || n != 1 {
		t.Errorf("%d made, %d in the register: %v", made, n, errs)
	}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-04T15:00:00Z")
	owner, member := w.Member("Harbor Trading LLC")
	for n := range 27 {
		w.Clock.Move(time.Second)
		in := entry(owner, member, fmt.Sprintf("20%02d-01-01", n))
		in.Number = fmt.Sprint("N ", n)
		_, err := w.Register.Register(w.Ctx, w.Sam, in)
		w.Must(err)
	}
	q, err := w.Register.Queue(w.Ctx, w.Sam, incident.Filter{})
	w.Must(err)
	if len(q.Items) != incident.QueuePage || q.Next == "" || q.Counts[incident.ToLook] != 27 {
		t.Errorf("%d items, next %q, counts %v", len(q.Items), q.Next, q.Counts)
	}
	q, err = w.Register.Queue(w.Ctx, w.Sam, incident.Filter{After: q.Next})
	w.Must(err)
	if len(q.Items) != 2 || q.Next != "" {
		t.Errorf("%d items on the second page", len(q.Items))
	}
	q, err = w.Register.Queue(w.Ctx, w.Other, incident.Filter{Queue: incident.AllOfThem})
	w.Must(err)
	if len(q.Items) != 0 {
		t.Error("another office sees the queue of this one")
	}
	_, err = w.Register.Queue(w.Ctx, owner, incident.Filter{})
	w.Want("a company", err, fault.NotFound)
}
