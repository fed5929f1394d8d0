package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/valyala/fasthttp"

	"trustedtrader/app/identifier"
)

// The goals. A page's own share is what its twin needs too; the rest is the price of
// sessions, rights, row level security and the audit trail.
const (
	listGoal      = 0.7 // of the twin's requests per second, for lists
	statementGoal = 8   // SQL statements per page
	flowGoal      = 0.3 // of the twin's speed, for what happens once a day: sign-in and submit
)

// seen counts the statements of a route.
type seen struct{ pages, statements float64 }

// measure prints every figure.
func (b *bench) measure(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	specialists, err := b.visitors(ctx, conn, "staff", `select p.id::text, '', '', p.email from person p join person_right r on r.person_id = p.id
		join office o on o.id = r.office_id where r.role = 'specialist' and o.code = 'HARBOR' and r.ended_at is null order by p.id limit 12`)
	if err != nil {
		return err
	}
	members, err := b.visitors(ctx, conn, "companies", `select p.id::text, r.company_id::text, '', p.email from person p join person_right r on r.person_id = p.id
		where r.role = 'owner' and r.ended_at is null and exists (select from membership m where m.company_id = r.company_id and m.programme = 'ctpat')
		and not exists (select from application a where a.company_id = r.company_id and a.closed_at is null)
		and not exists (select from profile_cycle y where y.company_id = r.company_id and y.status in ('open', 'returned'))
		and not exists (select from visit x where x.company_id = r.company_id and x.status in ('offered', 'booked', 'under_way')) order by p.id limit 8`)
	if err != nil {
		return err
	}
	chiefs, err := b.visitors(ctx, conn, "staff", `select p.id::text, '', '', p.email from person p join person_right r on r.person_id = p.id
		where r.role = 'headquarters' and r.ended_at is null order by p.id limit 2`)
	if err != nil {
		return err
	}
	auditors, err := b.visitors(ctx, conn, "staff", `select p.id::text, '', '', p.email from person p join person_right r on r.person_id = p.id
		where r.role = 'auditor' and r.ended_at is null order by p.id limit 2`)
	if err != nil {
		return err
	}
	if err := b.lists(ctx, conn, specialists, auditors, members); err != nil {
		return err
	}
	if err := b.timed(ctx, conn, chiefs, specialists, members); err != nil {
		return err
	}
	if b.only != "" {
		return nil
	}
	if err := b.profileRows(ctx); err != nil {
		return err
	}
	if err := b.slots(ctx); err != nil {
		return err
	}
	if err := b.pages(ctx, conn, specialists, chiefs, members); err != nil {
		return err
	}
	return b.once(ctx, conn)
}

// lists compares the pages that people open all day with their twins.
func (b *bench) lists(ctx context.Context, conn *pgx.Conn, specialists, auditors, members []visitor) error {
	var office, deep, name, reference, filed string
	err := conn.QueryRow(ctx, `select (select id::text from office where code = 'HARBOR'),
		(select to_char(submitted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || ' ' || id::text from application
			where closed_at is null and submitted_at is not null order by submitted_at, id offset greatest((select count(*) * 3 / 4 from application where closed_at is null and submitted_at is not null), 1) limit 1),
		(select name from company order by id limit 1), (select reference from application where submitted_at is not null order by id limit 1),
		(select search_key from company_identifier where removed_at is null and search_key ~ '^[A-Z0-9]{7,20}$' order by id limit 1)`).Scan(&office, &deep, &name, &reference, &filed)
	if err != nil {
		return err
	}
	misspelt := name[:3] + name[4:]
	q := url.QueryEscape
	staff := func(path string) func(i int) string { return func(int) string { return path } }
	of := func(list []visitor, path string, args func(v visitor) []any) func(i int) string {
		return func(i int) string { return fmt.Sprintf(path, args(list[i%len(list)])...) }
	}
	queue := func(list []visitor, name, office, after string) func(i int) string {
		return of(list, "/queue?me=%s&queue=%s&office=%s&after=%s", func(v visitor) []any { return []any{v.person, name, office, after} })
	}
	// Deep pages of the queue of everything: what the portal hands on as a place.
	place := base64Place(deep)
	for _, x := range []struct {
		name, route string
		who         []visitor
		page, twin  func(i int) string
	}{
		{"company home", "/company", members, staff("/company"), of(members, "/home/%s?me=%s", func(v visitor) []any { return []any{v.company, v.person} })},
		{"company inbox", "/inbox", members, staff("/inbox"), of(members, "/inbox/%s?me=%s", func(v visitor) []any { return []any{v.company, v.person} })},
		{"queue, my cases", "/desk", specialists, staff("/desk?queue=mine"), queue(specialists, "mine", office, "")},
		{"queue, not assigned", "/desk", specialists, staff("/desk?queue=unassigned"), queue(specialists, "unassigned", office, "")},
		{"queue, all 12,000 open", "/desk", auditors, staff("/desk?queue=all"), queue(auditors, "all", "", "")},
		{"queue, all 12,000 open, far back", "/desk", auditors, staff("/desk?queue=all&after=" + place), queue(auditors, "all", "", q(deep))},
		{"search by a misspelt name", "/desk/search", specialists, staff("/desk/search?q=" + q(misspelt)), staff("/search?key=" + q(identifier.Key(misspelt)) + "&q=" + q(misspelt))},
		{"search by reference", "/desk/search", specialists, staff("/desk/search?q=" + q(reference)), staff("/search?key=" + q(identifier.Key(reference)) + "&q=" + q(reference))},
		{"search by identifier", "/desk/search", specialists, staff("/desk/search?q=" + q(filed)), staff("/search?key=" + q(identifier.Key(filed)) + "&q=" + q(filed))},
	} {
		if !strings.Contains(x.name, b.only) {
			continue
		}
		before, err := b.counts()
		if err != nil {
			return err
		}
		p := b.pace
		if x.route == "/desk/search" {
			if _, err := conn.Exec(ctx, `delete from rate_limit`); err != nil { // sixty searches a minute are a person's share
				return err
			}
			p.rounds, p.requests = min(p.rounds, 7), min(p.requests, len(x.who)*7)
		}
		ratio, page, twin, err := compare(&fasthttp.Client{MaxConnsPerHost: people}, target{b.base, x.page, cookies(x.who)}, target{b.twin, x.twin, nil}, p)
		if err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
		b.say("%s: %.0f requests a second, its twin %.0f", x.name, page, twin)
		b.row(x.name, ratio, "of the bare twin's requests per second", true, listGoal)
		after, err := b.counts()
		if err != nil {
			return err
		}
		b.row(x.name+", SQL", mean(before[x.route], after[x.route]), "statements per page", false, statementGoal)
	}
	return nil
}

// pages opens the pages of records and counts what they ask of the database.
func (b *bench) pages(ctx context.Context, conn *pgx.Conn, specialists, chiefs, members []visitor) error {
	var open, membership, company string
	if err := conn.QueryRow(ctx, `select (select a.id::text from application a where a.status = 'in_review' order by a.id limit 1),
		(select m.id::text from membership m where m.company_id = $1 order by m.id limit 1), (select a.company_id::text from application a where a.status = 'in_review' order by a.id limit 1)`,
		members[0].company).Scan(&open, &membership, &company); err != nil {
		return err
	}
	client := &fasthttp.Client{}
	for _, x := range []struct {
		name, route, path string
		who               visitor
	}{
		{"company account", "/company/profile", "/company/profile", members[0]},
		{"certificate", "/memberships/:id", "/memberships/" + membership, members[0]},
		{"company on one page", "/desk/companies/:id", "/desk/companies/" + company, chiefs[0]},
		{"case", "/desk/cases/:id", "/desk/cases/" + open, chiefs[0]},
		{"profile review", "/desk/cases/:id/review", "/desk/cases/" + open + "/review", chiefs[0]},
		{"vetting", "/desk/cases/:id/vetting", "/desk/cases/" + open + "/vetting", chiefs[0]},
		{"history of a case", "/desk/cases/:id/history", "/desk/cases/" + open + "/history", chiefs[0]},
		{"change notices", "/desk/changes", "/desk/changes", specialists[0]},
		{"audit trail", "/audit", "/audit", chiefs[0]},
	} {
		before, err := b.counts()
		if err != nil {
			return err
		}
		begin := time.Now()
		for range 5 {
			if err := (target{b.base, func(int) string { return x.path }, []string{x.who.cookie}}).request(client, 0, nil); err != nil {
				return fmt.Errorf("%s: %w", x.name, err)
			}
		}
		b.say("%s: %.1f ms", x.name, float64(time.Since(begin).Microseconds())/5000)
		after, err := b.counts()
		if err != nil {
			return err
		}
		b.row(x.name+", SQL", mean(before[x.route], after[x.route]), "statements per page", false, statementGoal)
	}
	return nil
}

// once compares what a person does once: signing in, and submitting an application.
func (b *bench) once(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `select p.id::text, a.company_id::text, a.id::text, p.email from application a
		join agreement_signature g on g.application_id = a.id and g.revoked_at is null
		join person_right r on r.company_id = a.company_id and r.role = 'owner' and r.ended_at is null
		join person p on p.id = r.person_id where a.status = 'draft' order by a.id limit $1`, b.submits+1)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, scanVisitor)
	if err != nil {
		return err
	}
	if len(list) < 3 {
		return fmt.Errorf("%d applications wait to be submitted: too few", len(list))
	}
	// Their profiles have been accepted: what is measured is the application alone.
	if _, err := conn.Exec(ctx, `update profile_cycle set status = 'accepted', round = greatest(round, 1), submitted_at = coalesce(submitted_at, now()), accepted_at = now()
		where status <> 'accepted' and application_id in (select id from application where status = 'draft')`); err != nil {
		return err
	}
	before, err := b.counts()
	if err != nil {
		return err
	}
	var signIns, submits []float64
	var like []statement // what the first submission wrote
	for i := range list {
		v := &list[i]
		begin := time.Now()
		if err := b.signIn(ctx, "companies", b.base+"/signin/companies", v, i); err != nil {
			return err
		}
		took := time.Since(begin)
		begin = time.Now()
		other := *v
		if err := b.signIn(ctx, "companies", b.twin+"/signin", &other, i); err != nil {
			return fmt.Errorf("twin: %w", err)
		}
		if i > 0 {
			signIns = append(signIns, time.Since(begin).Seconds()/took.Seconds())
		}

		form, err := b.submission(v)
		if err != nil {
			return err
		}
		old := map[string]map[string]json.RawMessage{}
		if like == nil {
			if old, err = written(ctx, conn, v.company); err != nil {
				return err
			}
		}
		begin = time.Now()
		if err := b.submit(v, form); err != nil {
			return err
		}
		took = time.Since(begin)
		if like == nil {
			now, err := written(ctx, conn, v.company)
			if err != nil {
				return err
			}
			like = statements(old, now)
			b.say("a submission writes %d rows", len(like))
			continue
		}
		body, err := json.Marshal(fresh(like, i))
		if err != nil {
			return err
		}
		begin = time.Now()
		if err := post(v.client, b.twin+"/write", "application/json", bytes.NewReader(body), http.StatusOK); err != nil {
			return fmt.Errorf("twin: %w", err)
		}
		submits = append(submits, time.Since(begin).Seconds()/took.Seconds())
	}
	after, err := b.counts()
	if err != nil {
		return err
	}
	b.row("sign-in to home", median(signIns), "of the bare twin's speed", true, flowGoal)
	b.row("sign-in to home, SQL", mean(before["/signin/:provider"], after["/signin/:provider"])+mean(before["/callback/:provider"], after["/callback/:provider"])+
		mean(before["/company"], after["/company"]), "statements in three requests", false, 3*statementGoal)
	b.row("submit", median(submits), "of the speed of a bare transaction with the same rows", true, flowGoal)
	return nil
}

// counts reads what the portal counted per route.
func (b *bench) counts() (map[string]seen, error) {
	r, err := http.Get(b.gauges)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Body.Close() }()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r.Body)
	if err != nil {
		return nil, err
	}
	out := map[string]seen{}
	for _, m := range families["portal_request_statements"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if labels["method"] == http.MethodGet {
			out[labels["route"]] = seen{pages: float64(m.GetHistogram().GetSampleCount()), statements: m.GetHistogram().GetSampleSum()}
		}
	}
	return out, nil
}

func mean(before, after seen) float64 {
	return (after.statements - before.statements) / (after.pages - before.pages)
}

// base64Place is a place in a queue as the portal's links hand it on.
func base64Place(place string) string { return base64.RawURLEncoding.EncodeToString([]byte(place)) }
