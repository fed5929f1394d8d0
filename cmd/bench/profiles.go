package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/jackc/pgx/v5"
	"github.com/valyala/fasthttp"

	"trustedtrader/app/apptest"
	"trustedtrader/app/scale"
)

// Fifty people fill in and review security profiles at once. Each does something twice a
// second, which is faster than anybody reads or types.
const (
	crowd     = 50
	each      = 500 * time.Millisecond
	rounds    = 3
	slowGoal  = 100 // ms within which 95 of 100 requests are answered
	emptyGoal = 1.3 // times the same on a database with little more than nothing in it
)

// work is one thing that people do with profiles, on one of some pages.
type work struct {
	name string
	do   func(client *fasthttp.Client, turn int) error
}

// profiles measures how long the four things take that people do all day with security
// profiles: 95 of 100 requests take no longer than what is returned, in milliseconds.
func (b *bench) profiles(ctx context.Context) (map[string]float64, error) {
	conn, err := pgx.Connect(ctx, b.dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	list, err := b.profileWork(ctx, conn)
	if err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for _, w := range list {
		var took []float64
		for range rounds { // the middle one counts: a machine that does something else for a moment says nothing
			p95, err := together(w, b.seconds)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", w.name, err)
			}
			took = append(took, p95)
		}
		slices.Sort(took)
		out[w.name] = took[rounds/2]
	}
	return out, nil
}

// together has the crowd do one thing for some seconds, after one that does not count.
func together(w work, seconds int) (p95 float64, err error) {
	client := &fasthttp.Client{MaxConnsPerHost: crowd}
	var group sync.WaitGroup
	took := make([][]float64, crowd)
	failed := make([]error, crowd)
	begin := time.Now()
	counts, ends := begin.Add(time.Second), begin.Add(time.Duration(seconds+1)*time.Second)
	for k := range crowd {
		group.Go(func() {
			time.Sleep(each * time.Duration(k) / crowd) // not all at the same moment
			for i := k; failed[k] == nil && time.Now().Before(ends); i += crowd {
				at := time.Now()
				failed[k] = w.do(client, i)
				if at.After(counts) {
					took[k] = append(took[k], float64(time.Since(at).Microseconds())/1000)
				}
				time.Sleep(time.Until(at.Add(each)))
			}
		})
	}
	group.Wait()
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	if err := errors.Join(failed...); err != nil {
		return 0, err
	}
	if len(all) == 0 {
		return 0, errors.New("nothing was measured")
	}
	return all[len(all)*95/100], nil
}

// profileWork finds people with profiles that are open and that are under review.
func (b *bench) profileWork(ctx context.Context, conn *pgx.Conn) ([]work, error) {
	authors, err := b.visitors(ctx, conn, "companies", `select distinct on (y.company_id) p.id::text, y.company_id::text, y.id::text, p.email from profile_cycle y
		join person_right r on r.company_id = y.company_id and r.role = 'owner' and r.ended_at is null join person p on p.id = r.person_id
		where y.status = 'open' and y.programme = 'ctpat' and y.number > 1 order by y.company_id, y.number desc limit `+fmt.Sprint(crowd))
	if err != nil {
		return nil, err
	}
	chiefs, err := b.visitors(ctx, conn, "staff", `select p.id::text, '', '', p.email from person p join person_right r on r.person_id = p.id
		where r.role in ('headquarters', 'specialist') and r.ended_at is null order by r.role, p.id limit 12`)
	if err != nil {
		return nil, err
	}
	reviewed, err := texts(ctx, conn, `select y.id::text from profile_cycle y where y.status = 'in_review' and y.programme = 'ctpat' order by y.number desc, y.id limit 50`)
	if err != nil {
		return nil, err
	}
	criteria, err := texts(ctx, conn, `select criterion from profile_answer where cycle_id = $1 group by 1 order by 1 limit 20`, authors[0].application)
	if err != nil {
		return nil, err
	}
	if len(reviewed) == 0 || len(criteria) == 0 {
		return nil, errors.New("no profile is filled in and under review")
	}
	get := func(cookie, path string) func(client *fasthttp.Client) error {
		return func(client *fasthttp.Client) error {
			return target{b.base, func(int) string { return path }, []string{cookie}}.request(client, 0, nil)
		}
	}
	one := func(i int) string { return url.PathEscape(criteria[i/7%len(criteria)]) }
	texts := make([]*typing, len(authors))
	for i, v := range authors {
		if texts[i], err = b.beginTyping(v, criteria); err != nil {
			return nil, err
		}
	}
	return []work{
		{"criterion page", func(client *fasthttp.Client, i int) error {
			v := authors[i%len(authors)]
			return get(v.cookie, "/profiles/"+v.application+"/criteria/"+one(i))(client)
		}},
		{"task list", func(client *fasthttp.Client, i int) error {
			v := authors[i%len(authors)]
			return get(v.cookie, "/profiles/"+v.application)(client)
		}},
		{"autosave", func(client *fasthttp.Client, i int) error { return texts[i%len(texts)].save(client, i) }},
		{"review screen", func(client *fasthttp.Client, i int) error {
			return get(chiefs[i%len(chiefs)].cookie, "/desk/profiles/"+reviewed[i%len(reviewed)]+"/criteria/"+one(i))(client)
		}},
	}, nil
}

func texts(ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]string, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// typing is somebody at one question: what the browser sends while they type.
type typing struct {
	sync.Mutex
	address, cookie, csrf string
	form                  url.Values
	choice, version       string // names of fields
}

// beginTyping opens pages until one asks for a yes or no.
func (b *bench) beginTyping(v visitor, criteria []string) (*typing, error) {
	for _, c := range criteria {
		r, err := v.client.Get(b.base + "/profiles/" + v.application + "/criteria/" + url.PathEscape(c))
		if err != nil {
			return nil, err
		}
		page, err := goquery.NewDocumentFromReader(r.Body)
		if err := errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
		choice := page.Find(`main input[type=radio][name$="-choice"][value=no]`).First().AttrOr("name", "")
		if choice == "" {
			continue
		}
		question := strings.TrimSuffix(choice, "-choice")
		t := &typing{cookie: v.cookie, form: url.Values{}, choice: choice, version: question + "-version",
			address: b.base + "/profiles/" + v.application + "/answers/" + url.PathEscape(strings.TrimPrefix(question, "q-"))}
		form := page.Find(`main input[name="` + choice + `"]`).First().Closest("form")
		for _, name := range []string{"edition", "entity", "site", t.version} {
			t.form.Set(name, form.Find(`input[name="`+name+`"]`).First().AttrOr("value", ""))
		}
		t.csrf = form.Find(`input[name=csrf]`).First().AttrOr("value", "")
		t.form.Set(choice, "no")
		return t, nil
	}
	return nil, fmt.Errorf("profile %s asks for no yes or no", v.application)
}

// save sends a text that grows, as the page's script does.
func (t *typing) save(client *fasthttp.Client, turn int) error {
	t.Lock()
	defer t.Unlock()
	question := strings.TrimSuffix(t.choice, "-choice")
	for _, field := range []string{"-reason", "-plan"} {
		t.form.Set(question+field, fmt.Sprintf("We are putting this in place with our partners, step %d.", turn))
	}
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.SetRequestURI(t.address)
	req.Header.Set("Cookie", "portal="+t.cookie)
	req.Header.Set("X-CSRF-Token", t.csrf)
	req.Header.Set("Accept", "application/json, application/problem+json")
	req.Header.SetContentType("application/x-www-form-urlencoded")
	req.SetBodyString(t.form.Encode())
	if err := client.DoTimeout(req, res, 30*time.Second); err != nil {
		return err
	}
	if res.StatusCode() != fasthttp.StatusOK {
		return fmt.Errorf("%s: status %d: %s", t.address, res.StatusCode(), res.Body())
	}
	var saved struct{ Version int }
	if err := json.Unmarshal(res.Body(), &saved); err != nil {
		return err
	}
	t.form.Set(t.version, strconv.Itoa(saved.Version))
	return nil
}

// little measures the same on a database of its own that has little in it: each of the
// crowd has a profile, and nobody else is there.
func (b *bench) little(ctx context.Context, server string, env []string, providerPort string) (err error) {
	if err := createDatabase(ctx, server, "little template portal"); err != nil {
		return err
	}
	full := b.dsn
	b.dsn = apptest.WithDatabase(server, "little")
	defer func() { b.dsn = full }()
	if _, err := scale.Up(ctx, b.dsn, scale.Of(2*crowd+20)); err != nil {
		return err
	}
	if err := b.startProvider(ctx, providerPort); err != nil {
		return err
	}
	b.ends = b.ends[:len(b.ends)-1] // it ends here, for the next one has the same port
	stop, err := b.start(ctx, exec.Command(b.portal, "demo"), append(slices.Clone(env), "DATABASE_URL="+b.dsn), b.base+"/readyz")
	if err != nil {
		return errors.Join(err, b.idp.Close())
	}
	defer func() { err = errors.Join(err, stop(), b.idp.Close()) }()
	if err := b.settle(ctx); err != nil {
		return err
	}
	b.before, err = b.profiles(ctx)
	return err
}

// profileRows prints how long it takes now, and how that compares with little data.
func (b *bench) profileRows(ctx context.Context) error {
	now, err := b.profiles(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		b.say("%s, %d people: %.1f ms, with little data %.1f ms", name, crowd, now[name], b.before[name])
		b.row(fmt.Sprintf("%s, %d people", name, crowd), now[name], "ms, 95 of 100 requests", false, slowGoal)
		b.row(fmt.Sprintf("%s, %d people, beside little data", name, crowd), now[name]/b.before[name], "times as long", false, emptyGoal)
	}
	return nil
}
