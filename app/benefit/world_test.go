package benefit_test

import (
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	*findingtest.World
	s        *benefit.Service
	ann, bob identity.Actor // owners of two companies
	reader   identity.Actor // at ann's
}

func data(t testing.TB) *benefit.Data {
	t.Helper()
	files, err := fs.Sub(config.Imports, "imports")
	if err != nil {
		t.Fatal(err)
	}
	d, err := benefit.LoadData(files)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-31T15:00:00Z")}
	w.s = &benefit.Service{DB: w.DB, Now: w.Clock.Now, Data: data(t), Evidence: w.Evidence}
	w.ann, w.bob = w.Importer("Ann Imports LLC"), w.Importer("Bob Trading Inc")
	w.reader = w.ann
	w.reader.Role = identity.Reader
	return w
}

// bring brings a file and takes the guessed mapping.
func (w *world) bring(by identity.Actor, layout, content string) benefit.Import {
	w.T.Helper()
	i, err := w.s.Bring(w.Ctx, by, layout, "report.csv", strings.NewReader(content))
	w.Must(err)
	p, err := w.s.Plan(w.Ctx, by, i.ID)
	w.Must(err)
	w.Must(w.s.Map(w.Ctx, by, i.ID, i.Version, p.Fields))
	return w.at(by, i.ID)
}

func (w *world) at(by identity.Actor, id uuid.UUID) benefit.Import {
	w.T.Helper()
	i, _, err := w.s.Import(w.Ctx, by, id)
	w.Must(err)
	return i
}

// take brings a file and takes it over.
func (w *world) take(by identity.Actor, layout, content string, period ...string) benefit.Import {
	w.T.Helper()
	i := w.bring(by, layout, content)
	in := benefit.TakeEntry{Version: i.Version}
	if len(period) == 2 {
		in.Replace, in.From, in.To = true, w.day(period[0]), w.day(period[1])
	}
	w.Must(w.s.TakeOver(w.Ctx, by, i.ID, in))
	w.Must(w.s.Work(w.Ctx, i.ID))
	return w.at(by, i.ID)
}

func (w *world) day(s string) clock.Day {
	w.T.Helper()
	d, err := clock.ParseDay(s)
	w.Must(err)
	return d
}

func (w *world) undo(by identity.Actor, id uuid.UUID) benefit.Import {
	w.T.Helper()
	w.Must(w.s.Undo(w.Ctx, by, id, w.at(by, id).Version))
	w.Must(w.s.Work(w.Ctx, id))
	return w.at(by, id)
}

// counts says what of an import counts: "taken 3 duplicate 1 wrong 0".
func counts(i benefit.Import) string {
	return fmt.Sprintf("%s: %d rows, %d taken, %d duplicate, %d wrong", i.Status, i.RowsRead, i.EventsTaken, i.EventsDuplicate, i.RowsWrong)
}

// sums are the totals of a company: "2026-01 entry sea los_angeles 3/2".
func (w *world) sums(by identity.Actor) string {
	w.T.Helper()
	return w.Text(`select coalesce(string_agg(to_char(month, 'YYYY-MM') || ' ' || kind || ' ' || mode || ' ' || port_group || ' ' || events || '/' || entries, '; ' order by month, kind, mode, port_group), '')
		from benefit_month where company_id = $1 and type = '' and country = ''`, by.CompanyID)
}

// event is a row of benefit_event for arithmetic of the test's own.
type event struct {
	Kind, Month, EntryNo, Mode, PortGroup, Type, Country, Currency string
	Line                                                           int
	Amount                                                         float64
	Held, Released                                                 *float64 // minutes from hold to release, and from arrival
	Lane, General                                                  *int
}

// exact adds the events of a company up in another way than the portal does, and compares
// with its sums.
func (w *world) exact(by identity.Actor) {
	w.T.Helper()
	var list []event
	w.Must(w.DB.Batch(w.Ctx, pg.System, pg.All(&list, `select kind, to_char(month, 'YYYY-MM') as month, entry_no, mode, port_group, type, country, currency, line, coalesce(amount, 0)::float8 as amount,
		(extract(epoch from release_at - hold_at) / 60)::float8 as held, (extract(epoch from release_at - arrived_at) / 60)::float8 as released, wait_lane as lane, wait_general as general
		from benefit_event where company_id = $1 and replaced_by is null`, by.CompanyID)))
	home := map[string]event{} // where an entry counts: its first line
	for _, e := range list {
		h, there := home[e.EntryNo]
		if e.EntryNo != "" && (e.Kind == "entry" || e.Kind == "release") && (!there || e.Kind < h.Kind || e.Kind == h.Kind && e.Line < h.Line) {
			home[e.EntryNo] = e
		}
	}
	type sum struct {
		events, alone int
		entries       map[string]bool
		amount        float64
	}
	sums, spread := map[string]*sum{}, map[string]int{}
	for _, e := range list {
		if h, there := home[e.EntryNo]; there && (e.Kind == "exam" || e.Kind == "invoice") {
			e.Month, e.Mode, e.PortGroup = h.Month, h.Mode, h.PortGroup
		}
		parts := []string{"/"}
		if e.Type != "" {
			parts = append(parts, e.Type+"/")
		}
		if e.Country != "" && e.Kind == "recognised" {
			parts = append(parts, "/"+e.Country)
		}
		for _, part := range parts {
			key := strings.Join([]string{e.Month, e.Kind, e.Mode, e.PortGroup, part, e.Currency}, " ")
			if sums[key] == nil {
				sums[key] = &sum{entries: map[string]bool{}}
			}
			sums[key].events++
			sums[key].amount += e.Amount
			if e.EntryNo == "" {
				sums[key].alone++
			} else {
				sums[key].entries[e.EntryNo] = true
			}
		}
		took := func(measure string, minutes *float64) {
			if minutes != nil && *minutes >= 0 {
				m := math.Round(*minutes/15) * 15
				if *minutes >= 2880 {
					m = math.Floor(*minutes/60+0.5) * 60
				}
				spread[fmt.Sprintf("%s %s %s %s %v", e.Month, measure, e.Mode, e.PortGroup, m)]++
			}
		}
		switch e.Kind {
		case "exam":
			took("hold", e.Held)
		case "entry", "release":
			took("release", e.Released)
		case "crossing":
			for measure, n := range map[string]*int{"lane": e.Lane, "general": e.General} {
				if n != nil {
					f := float64(*n)
					took(measure, &f)
				}
			}
		}
	}
	var want []string
	for key, s := range sums {
		want = append(want, fmt.Sprintf("%s: %d %d %.2f", key, s.events, len(s.entries)+s.alone, s.amount))
	}
	for key, n := range spread {
		want = append(want, fmt.Sprintf("%s: %d", key, n))
	}
	var got []string
	w.Must(w.DB.Batch(w.Ctx, pg.System, pg.Value(&got, `select array(select concat_ws(' ', to_char(month, 'YYYY-MM'), kind, mode, port_group, type || '/' || country, currency) || ': ' || events || ' ' || entries || ' ' || coalesce(amount, 0)::numeric(20,2)
		from benefit_month where company_id = $1 union all select concat_ws(' ', to_char(month, 'YYYY-MM'), measure, mode, port_group, minutes) || ': ' || events from benefit_spread where company_id = $1)`, by.CompanyID)))
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		w.T.Errorf("sums\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
