package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/valyala/fasthttp"
)

// Lists of everything: each is asked for by one person, again and again.
const (
	listAsks  = 40
	listTime  = 100 // ms within which 95 of 100 are answered
	countGoal = 500 // the same for pages that count every member or every step of a year
)

// timed measures every list of the desk about validations, enforcement and members that leave,
// for headquarters that see everything and for the specialists of an office, the figures of
// headquarters, and those of a member with a million entries.
func (b *bench) timed(ctx context.Context, conn *pgx.Conn, chiefs, specialists, members []visitor) error {
	var plan string
	err := conn.QueryRow(ctx, `select p.id::text from validation_plan p order by (select count(*) from plan_item i where i.plan_id = p.id) desc limit 1`).Scan(&plan)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	const figures = "figures of a company with 1,000,000 entries"
	if strings.Contains(figures, b.only) {
		if err := b.million(ctx, conn, members[0].company, b.imported); err != nil {
			return fmt.Errorf("a million entries: %w", err)
		}
	}
	chief, office, member := chiefs[0].cookie, specialists[0].cookie, members[0].cookie
	client := &fasthttp.Client{}
	for _, x := range []struct {
		name, path, cookie string
	}{
		{"validations, everything", "/desk/validations?queue=all", chief},
		{"validations, an office", "/desk/validations", office},
		{"findings", "/desk/findings", chief},
		{"common failures", "/desk/findings/failures", chief},
		{"officers", "/desk/officers", chief},
		{"calendar, a month", "/desk/calendar", chief},
		{"calendar, agenda", "/desk/calendar?view=agenda", chief},
		{"calendar, weeks by officers", "/desk/calendar?view=weeks", chief},
		{"capacity", "/desk/calendar/capacity", chief},
		{"plans", "/desk/plan", chief},
		{"a plan", "/desk/plan/" + plan, chief},
		{"due by law", "/desk/plan/due", chief},
		{"map", "/desk/visits/map", chief},
		{"map, an office", "/desk/visits/map", office},
		{"trip", "/desk/visits/trip", office},
		{"incidents", "/desk/incidents?queue=all", chief},
		{"cases of enforcement", "/desk/enforcement?queue=all", chief},
		{"appeals", "/desk/appeals?queue=open", chief},
		{"members that leave or change", "/desk/successions?queue=all", chief},
		{"headquarters", "/desk/headquarters", chief},
		{"rows of a number", "/desk/headquarters/rows?set=members", chief},
		{"figures of a year", "/desk/headquarters/year", chief},
		{"separation of duties", "/desk/headquarters/duties", chief},
		{"offices side by side", "/desk/headquarters/offices", chief},
		{figures, "/benefits?months=12", member},
	} {
		if !strings.Contains(x.name, b.only) {
			continue
		}
		ask := target{b.base, func(int) string { return x.path }, []string{x.cookie}}
		var took []float64
		for i := range listAsks + 3 { // the first few do not count
			begin := time.Now()
			if err := ask.request(client, i, nil); err != nil {
				return fmt.Errorf("%s: %w", x.name, err)
			}
			if i >= 3 {
				took = append(took, float64(time.Since(begin).Microseconds())/1000)
			}
		}
		slices.Sort(took)
		goal := float64(listTime)
		if strings.HasPrefix(x.path, "/desk/headquarters") {
			goal = countGoal
		}
		if x.name == figures {
			goal = casePage
		}
		b.row(x.name, took[len(took)*95/100], "ms, 95 of 100 requests", false, goal)
	}
	return nil
}
