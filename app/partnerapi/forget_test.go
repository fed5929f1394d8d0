package partnerapi_test

import (
	"testing"
	"time"

	"trustedtrader/app/partnerapi"
	"trustedtrader/app/pg"
)

// TestForget: what has been kept long enough goes, in pieces, and what somebody still needs
// stays, however old it is.
func TestForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.program(partnerapi.IrregularityWrite)
	now, hook := w.Clock.Now(), pg.NewID()
	w.Exec(`insert into webhook (id, agency_id, url, created_at, creator) values (?, ?, 'https://x.example', ?, 'x')`, hook, w.agency, now)
	for status, many := range map[string]int{"delivered": 2500, "dead": 1, "waiting": 1} {
		w.Exec(`insert into webhook_delivery (id, webhook_id, agency_id, kind, status, created_at) select gen_random_uuid(), ?, ?, 'test', ?, cast(? as timestamptz) - interval '91 days' from generate_series(1, ?)`, hook, w.agency, status, now, many)
		w.Exec(`insert into webhook_delivery (id, webhook_id, agency_id, kind, status, created_at) values (gen_random_uuid(), ?, ?, 'test', ?, cast(? as timestamptz) - interval '89 days')`, hook, w.agency, status, now)
	}
	for _, retired := range []*time.Time{nil, ago(now, 89), ago(now, 91)} {
		w.Exec(`insert into webhook_secret (id, webhook_id, agency_id, sealed, added_at, retired_at) values (gen_random_uuid(), ?, ?, 'x', ?, ?)`, hook, w.agency, now.AddDate(-1, 0, 0), retired)
	}
	report := func(number, arrangement string, years int, taken *time.Time) {
		w.Exec(`insert into api_irregularity (id, number, agency_id, client_id, arrangement, scheme, value, search_key, kind, occurred_on, text, received_at, taken_at) values (gen_random_uuid(), ?, ?, ?, ?, 'tin', '1', '1', 'goods', '2015-01-01', 'x', ?, ?)`,
			number, w.agency, p.id, arrangement, now.AddDate(-years, 0, -1), taken)
	}
	report("old", us, 5, &now)
	report("old and open", us, 5, nil)
	report("young", us, 4, &now)
	report("of rules that are not known", "elsewhere", 50, &now)
	keep := partnerapi.Retention{Webhooks: 90 * 24 * time.Hour, Irregularities: func(a string) int { return map[string]int{us: 5}[a] }}
	for _, want := range []int{2501 + 1 + 1, 0} {
		if n, err := w.svc.Forget(w.Ctx, keep); err != nil || n != want {
			t.Errorf("removed %d, want %d: %v", n, want, err)
		}
	}
	if got := w.Text(`select string_agg(status || ' ' || n, ', ' order by status) from (select status, count(*) as n from webhook_delivery group by status) x`); got != "dead 1, delivered 1, waiting 2" {
		t.Errorf("messages that stay: %s", got)
	}
	if n := w.Count(`select count(*)::int from webhook_secret`); n != 2 {
		t.Errorf("%d secrets stay, want 2", n)
	}
	if got := w.Text(`select string_agg(number, ', ' order by number) from api_irregularity`); got != "of rules that are not known, old and open, young" {
		t.Errorf("reports that stay: %s", got)
	}
	if got := w.Text(`select before::text from audit_event where action = 'irregularity.remove'`); got != `{"reports": 1, "arrangement": "norland-us"}` {
		t.Errorf("the audit event: %s", got)
	}
}

func ago(now time.Time, days int) *time.Time {
	t := now.AddDate(0, 0, -days)
	return &t
}
