package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/valyala/fasthttp"
)

// The goals. A page's own share is what its twin needs too; the rest is the price of
// sessions, rights, row level security and the audit trail.
const (
	listGoal      = 0.7 // of the twin's requests per second, for lists
	statementGoal = 8   // SQL statements per page
	flowGoal      = 0.3 // of the twin's speed, for what happens once a day: sign-in and submit
)

// visitor is somebody signed in.
type visitor struct {
	person, company string
	application     string // one to submit
	email           string
	cookie          string
	client          *http.Client
}

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
		and not exists (select from application a where a.company_id = r.company_id and a.closed_at is null) order by p.id limit 8`)
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
	if b.only != "" {
		return nil
	}
	if err := b.pages(ctx, conn, specialists, chiefs, members); err != nil {
		return err
	}
	return b.once(ctx, conn)
}

// lists compares the pages that people open all day with their twins.
func (b *bench) lists(ctx context.Context, conn *pgx.Conn, specialists, auditors, members []visitor) error {
	var office, deep, name, reference, identifier string
	err := conn.QueryRow(ctx, `select (select id::text from office where code = 'HARBOR'),
		(select to_char(submitted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || ' ' || id::text from application
			where closed_at is null and submitted_at is not null order by submitted_at, id offset greatest((select count(*) * 3 / 4 from application where closed_at is null and submitted_at is not null), 1) limit 1),
		(select name from company order by id limit 1), (select reference from application where submitted_at is not null order by id limit 1),
		(select search_key from company_identifier where removed_at is null and search_key ~ '^[A-Z0-9]{7,20}$' order by id limit 1)`).Scan(&office, &deep, &name, &reference, &identifier)
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
		{"search by a misspelt name", "/desk/search", specialists, staff("/desk/search?q=" + q(misspelt)), staff("/search?key=" + q(key(misspelt)) + "&q=" + q(misspelt))},
		{"search by reference", "/desk/search", specialists, staff("/desk/search?q=" + q(reference)), staff("/search?key=" + q(key(reference)) + "&q=" + q(reference))},
		{"search by identifier", "/desk/search", specialists, staff("/desk/search?q=" + q(identifier)), staff("/search?key=" + q(key(identifier)) + "&q=" + q(identifier))},
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
		(select m.id::text from membership m where m.company_id = $1), (select a.company_id::text from application a where a.status = 'in_review' order by a.id limit 1)`,
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

func cookies(list []visitor) (out []string) {
	for _, v := range list {
		out = append(out, v.cookie)
	}
	return out
}

func scanVisitor(row pgx.CollectableRow) (v visitor, err error) {
	err = row.Scan(&v.person, &v.company, &v.application, &v.email)
	return v, err
}

// visitors signs people in through the provider.
func (b *bench) visitors(ctx context.Context, conn *pgx.Conn, audience, sql string) ([]visitor, error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanVisitor)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("nobody of %s", audience)
	}
	for i := range list {
		if err := b.signIn(ctx, audience, b.base+"/signin/"+audience, &list[i], 100+i); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// signIn goes from the sign-in link to the first page as a browser does.
func (b *bench) signIn(ctx context.Context, audience, address string, v *visitor, turn int) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	var last *url.URL
	v.client = &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: from(fmt.Sprintf("10.9.%d.%d", turn/200, 1+turn%200)),
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), strings.TrimSuffix(b.issuer, "companies")) {
				last = r.URL
				return http.ErrUseLastResponse
			}
			return nil
		}}
	r, err := v.client.Get(address)
	if err != nil {
		return err
	}
	_ = r.Body.Close()
	if last == nil {
		return fmt.Errorf("%s does not lead to the provider: %s", address, r.Status)
	}
	back, err := b.idp.Answer(ctx, &http.Client{Timeout: 30 * time.Second}, last.String(), v.email)
	if err != nil {
		return err
	}
	if r, err = v.client.Get(back.String()); err != nil {
		return err
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("sign in as %s of %s: %s", v.email, audience, r.Status)
	}
	for _, c := range jar.Cookies(back) {
		if c.Name == "portal" {
			v.cookie = c.Value
		}
	}
	return nil
}

// from makes requests come from an address of their own, as behind a proxy: one address
// may not sign in hundreds of times.
type from string

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", string(f))
	return http.DefaultTransport.RoundTrip(r)
}

// submission opens the page with the button and fills in its form.
func (b *bench) submission(v *visitor) (url.Values, error) {
	r, err := v.client.Get(b.base + "/applications/" + v.application + "/check")
	if err != nil {
		return nil, err
	}
	page, err := goquery.NewDocumentFromReader(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	form := url.Values{}
	page.Find(`form[action$="/submit"] input[name]`).Each(func(_ int, s *goquery.Selection) {
		form.Set(s.AttrOr("name", ""), s.AttrOr("value", ""))
	})
	if len(form) == 0 {
		return nil, fmt.Errorf("application %s has no button to submit it: %s", v.application, strings.Join(strings.Fields(page.Find("main").Text()), " "))
	}
	form.Set("attested", "yes")
	form.Set("name", page.Find(".tt-who__name").First().Text())
	return form, nil
}

func (b *bench) submit(v *visitor, form url.Values) error {
	client := *v.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return post(&client, b.base+"/applications/"+v.application+"/submit", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), http.StatusSeeOther)
}

func post(client *http.Client, address, kind string, body interface{ Read([]byte) (int, error) }, want int) error {
	r, err := client.Post(address, kind, body)
	if err != nil {
		return err
	}
	_ = r.Body.Close()
	if r.StatusCode != want {
		return fmt.Errorf("%s: %s", address, r.Status)
	}
	return nil
}

// written reads every row of a company: table, id, row.
func written(ctx context.Context, conn *pgx.Conn, company string) (map[string]map[string]json.RawMessage, error) {
	rows, err := conn.Query(ctx, `select c.relname from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
		and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped) order by 1`)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]json.RawMessage{}
	for _, t := range tables {
		rows, err := conn.Query(ctx, `select md5(to_jsonb(t)::text), to_jsonb(t) from `+t+` t where company_id = $1`, company)
		if err != nil {
			return nil, err
		}
		out[t] = map[string]json.RawMessage{}
		var id string
		var row json.RawMessage
		if _, err := pgx.ForEachRow(rows, []any{&id, &row}, func() error {
			out[t][id] = slices.Clone(row)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// statements writes the rows that came, one by one; a row that changed is an update of its table.
func statements(old, now map[string]map[string]json.RawMessage) (out []statement) {
	for table, rows := range now {
		for id, row := range rows {
			if _, ok := old[table][id]; ok {
				continue
			}
			sql := `insert into ` + table + ` select * from jsonb_populate_record(null::` + table + `, $1)`
			switch table {
			case "application":
				sql = `update application set version = version + 1 where id = ($1::jsonb->>'id')::uuid`
			case "audit_event": // numbers and stamps its rows itself
				sql = `insert into audit_event (at, person_id, actor, audience, role, action, subject_kind, subject_id, company_id, before, after, reason, request_id, internal)
					select at, person_id, actor, audience, role, action, subject_kind, subject_id, company_id, before, after, reason, request_id, internal
					from jsonb_populate_record(null::audit_event, $1)`
			}
			out = append(out, statement{sql, row})
		}
	}
	return out
}

// fresh gives the rows new ids, those of the application and of its company excepted.
func fresh(list []statement, turn int) (out []statement) {
	for _, s := range list {
		var row map[string]any
		if json.Unmarshal(s.Arg, &row) != nil {
			continue
		}
		if id, ok := row["id"].(string); ok && !strings.HasPrefix(s.SQL, "update") {
			row["id"] = copyOf(id, 1_000_000+turn)
		}
		// What may be there only once is written for a round of its own.
		if _, ok := row["round"]; ok {
			row["round"] = 1000 + turn
		}
		for _, k := range []string{"code", "part"} {
			if v, ok := row[k].(string); ok {
				row[k] = v + "-" + strconv.Itoa(turn)
			}
		}
		if arg, err := json.Marshal(row); err == nil {
			out = append(out, statement{s.SQL, arg})
		}
	}
	return out
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

// key is the letters and digits of a text.
func key(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s))
}
