package standing_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/standing"
)

func day(t testing.TB, s string) clock.Day {
	d, err := clock.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// script is a list of events in the order of their recording, each recorded at noon UTC.
type script struct {
	t      testing.TB
	events []standing.Event
}

var caseA, caseB = standing.Cause{Kind: "enforcement", ID: uuid.New()}, standing.Cause{Kind: "enforcement", ID: uuid.New()}

func (s *script) add(recorded, on string, kind standing.Kind, more ...func(*standing.Event)) uuid.UUID {
	e := standing.Event{ID: uuid.New(), Seq: int64(len(s.events) + 1), Kind: kind, Types: []string{standing.Whole}, On: day(s.t, on),
		RecordedAt: day(s.t, recorded).Time().Add(12 * time.Hour), Cause: caseA}
	for _, f := range more {
		f(&e)
	}
	s.events = append(s.events, e)
	return e.ID
}

func tier(code string) func(*standing.Event) { return func(e *standing.Event) { e.Tier = code } }
func of(c standing.Cause) func(*standing.Event) {
	return func(e *standing.Event) { e.Cause = c }
}
func types(list ...string) func(*standing.Event) { return func(e *standing.Event) { e.Types = list } }
func undoes(id uuid.UUID) func(*standing.Event) {
	return func(e *standing.Event) { e.Undoes = &id }
}
func denies(list ...string) func(*standing.Event) {
	return func(e *standing.Event) { e.Benefits = list }
}

// says is the status of a type on a day as the portal knew it at the end of another day.
func (s *script) says(kind, on, known string) string {
	x, ok := standing.At(standing.Known(s.events, day(s.t, known).Time().Add(24*time.Hour-1)), kind, day(s.t, on))
	if !ok {
		return "none"
	}
	out := string(x.State)
	if x.Tier != "" {
		out += " " + x.Tier
	}
	if len(x.Denied) > 0 {
		out += fmt.Sprintf(" without %v", x.Denied)
	}
	if x.How != "" {
		out += " (" + string(x.How) + ")"
	}
	return out
}

func (s *script) want(kind, on, known, want string) {
	s.t.Helper()
	if got := s.says(kind, on, known); got != want {
		s.t.Errorf("%s on %s as known on %s: %s, want %s", kind, on, known, got, want)
	}
}

func TestAppealWonChangesWhatWasAndNotWhatWasSaid(t *testing.T) {
	s := &script{t: t}
	s.add("2026-02-26", "2026-02-26", standing.Granted, tier("tier_1"))
	s.add("2027-01-10", "2027-01-10", standing.Awarded, tier("tier_2"))
	held := s.add("2028-03-01", "2028-03-01", standing.Suspended)
	s.add("2028-09-15", "2028-09-15", standing.Overturned, undoes(held))
	const w = standing.Whole
	s.want(w, "2026-02-25", "2029-01-01", "none")
	s.want(w, "2026-02-26", "2029-01-01", "active tier_1")
	s.want(w, "2027-01-09", "2029-01-01", "active tier_1")
	s.want(w, "2027-01-10", "2029-01-01", "active tier_2")
	s.want(w, "2028-05-01", "2028-05-01", "suspended tier_2") // what we said
	s.want(w, "2028-05-01", "2028-09-14", "suspended tier_2")
	s.want(w, "2028-05-01", "2028-09-15", "active tier_2") // what was true, as we know now
	s.want(w, "2027-01-09", "2026-12-31", "active tier_1")
}

func TestTwoSuspensionsEndWhenBothEnd(t *testing.T) {
	s := &script{t: t}
	s.add("2026-01-01", "2026-01-01", standing.Granted, tier("tier_2"))
	s.add("2026-03-01", "2026-03-01", standing.Suspended, of(caseA))
	s.add("2026-04-01", "2026-04-01", standing.Suspended, of(caseB))
	s.add("2026-05-01", "2026-05-01", standing.Reinstated, of(caseA))
	s.want(standing.Whole, "2026-05-15", "2026-05-15", "suspended tier_2")
	s.add("2026-06-01", "2026-06-01", standing.Reinstated, of(caseB))
	s.want(standing.Whole, "2026-06-01", "2026-06-01", "active tier_2")
	if _, void := standing.Derive(s.events); void != nil {
		t.Errorf("void: %v", void)
	}
}

func TestCombinedHolderKeepsTheOther(t *testing.T) {
	s := &script{t: t}
	both := types("aeoc", "aeos")
	s.add("2026-02-26", "2026-03-03", standing.Granted, both)
	s.want("aeos", "2026-03-02", "2026-03-02", "none") // the fifth day following the decision
	s.want("aeos", "2026-03-03", "2026-02-26", "active")
	s.add("2027-05-01", "2027-05-01", standing.Suspended, types("aeos"))
	s.add("2027-07-01", "2027-07-01", standing.Removed, types("aeos"))
	s.want("aeoc", "2027-07-02", "2027-07-02", "active")
	s.want("aeos", "2027-07-02", "2027-07-02", "ended (removed)")
	status, _, ended := standing.Overall(standing.Known(s.events, time.Now().AddDate(10, 0, 0)), day(t, "2027-07-02"))
	if status != "active" || ended != nil {
		t.Errorf("overall: %s %v", status, ended)
	}
	s.add("2028-01-01", "2028-01-01", standing.Annulled, types("aeoc"))
	s.want("aeoc", "2027-07-02", "2028-01-01", "annulled (annulled)")
	s.want("aeoc", "2027-07-02", "2027-12-31", "active")
	s.want("aeoc", "2026-03-02", "2028-01-01", "none")
}

func TestLimitsDenyAndSuspensionDeniesAll(t *testing.T) {
	s := &script{t: t}
	s.add("2026-01-01", "2026-01-01", standing.Granted, tier("tier_2"))
	s.add("2026-02-01", "2026-02-01", standing.Limited, denies("fast_lanes"), of(caseA))
	s.add("2026-03-01", "2026-03-01", standing.Limited, denies("risk_score", "fast_lanes"), of(caseB))
	s.add("2026-04-01", "2026-04-01", standing.Restored, of(caseA))
	s.want(standing.Whole, "2026-04-01", "2026-04-01", "active tier_2 without [fast_lanes risk_score]")
	s.add("2026-05-01", "2026-05-01", standing.Suspended, of(caseA))
	x, _ := standing.At(standing.Known(s.events, time.Now().AddDate(10, 0, 0)), standing.Whole, day(t, "2026-05-02"))
	for _, b := range []string{"fast_lanes", "recognition"} {
		if x.Gives(b) {
			t.Errorf("a suspended member has %s", b)
		}
	}
	s.add("2026-06-01", "2026-06-01", standing.Reinstated, of(caseA))
	s.add("2026-06-02", "2026-06-02", standing.Restored, of(caseB))
	s.want(standing.Whole, "2026-06-02", "2026-06-02", "active tier_2")
}

func TestAnEndFixedForLaterIsVoidAfterAnEarlierOne(t *testing.T) {
	s := &script{t: t}
	s.add("2026-01-01", "2026-01-01", standing.Granted)
	later := s.add("2026-03-01", "2026-07-01", standing.Withdrawn)
	s.want(standing.Whole, "2026-06-30", "2026-03-01", "active")
	s.want(standing.Whole, "2026-07-01", "2026-03-01", "ended (withdrawn)")
	s.add("2026-05-01", "2026-05-01", standing.Removed)
	s.want(standing.Whole, "2026-07-01", "2026-05-01", "ended (removed)")
	if _, void := standing.Derive(s.events); !slices.Equal(void, []uuid.UUID{later}) {
		t.Errorf("void: %v", void)
	}
}

// TestInvariants throws random events in random orders at Derive: no day has two statuses,
// no span lacks its event, spans of a type follow one another without a gap, a suspended
// member has no benefit, and what was known at a moment never changes.
func TestInvariants(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := &script{t: t}
		both := []string{"aeoc", "aeos"}
		s.add("2026-01-05", "2026-01-10", standing.Granted, types(both...), tier("tier_1"))
		recorded := day(t, "2026-01-05")
		said := map[clock.Day][]standing.Span{}
		for range 1 + r.IntN(14) {
			recorded = recorded.AddDays(r.IntN(60))
			on := recorded.AddDays(r.IntN(90) - 5)
			kind := standing.Kinds()[1+r.IntN(10)]
			list := both[:1+r.IntN(2)]
			if r.IntN(3) == 0 {
				list = both[1:]
			}
			more := []func(*standing.Event){types(list...), of([]standing.Cause{caseA, caseB}[r.IntN(2)])}
			switch kind {
			case standing.Awarded:
				more = append(more, tier([]string{"tier_1", "tier_2", "tier_3"}[r.IntN(3)]))
			case standing.Limited:
				more = append(more, denies("x"))
			case standing.Overturned:
				if len(s.events) == 1 {
					continue // a grant is never overturned
				}
				more = append(more, undoes(s.events[1+r.IntN(len(s.events)-1)].ID))
			}
			s.add(recorded.String(), on.String(), kind, more...)
			said[recorded] = standing.Known(s.events, recorded.Time().Add(24*time.Hour))
		}
		ids := map[uuid.UUID]standing.Event{}
		for _, e := range s.events {
			ids[e.ID] = e
		}
		spans, _ := standing.Derive(s.events)
		shuffled := slices.Clone(s.events)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again, _ := standing.Derive(shuffled); fmt.Sprint(again) != fmt.Sprint(spans) {
			t.Fatalf("seed %d: the order in which events are given matters:\n%v\n%v", seed, spans, again)
		}
		for i, x := range spans {
			e, ok := ids[x.EventID]
			if !ok {
				t.Fatalf("seed %d: %v has no event", seed, x)
			}
			if x.State != standing.Cancelled && e.On != x.From {
				t.Fatalf("seed %d: %v begins on another day than its event %v", seed, x, e)
			}
			if x.State == standing.OnHold && x.Gives("y") {
				t.Fatalf("seed %d: a benefit while suspended", seed)
			}
			if i > 0 && spans[i-1].Type == x.Type && spans[i-1].Until != x.From {
				t.Fatalf("seed %d: %v does not follow on %v", seed, x, spans[i-1])
			}
			if !x.Open() && !x.From.Before(x.Until) {
				t.Fatalf("seed %d: %v has no days", seed, x)
			}
		}
		for d, then := range said {
			if now := standing.Known(s.events, d.Time().Add(24*time.Hour)); fmt.Sprint(now) != fmt.Sprint(then) {
				t.Fatalf("seed %d: what was known on %s has changed:\n%v\n%v", seed, d, then, now)
			}
		}
	}
}
