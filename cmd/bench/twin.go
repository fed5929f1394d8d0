package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/oauth2"

	"trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/programme"
	"trustedtrader/app/review"
	"trustedtrader/app/web"
	"trustedtrader/config"
	"trustedtrader/static"
	homeview "trustedtrader/views/application"
	deskview "trustedtrader/views/desk"
	inboxview "trustedtrader/views/inbox"
	"trustedtrader/views/ui"
)

// twin is the bare twin of the portal: Fiber, pgx and the portal's own templ pages, each
// page with the plain SQL that fills it. It has no sign-in, no rights, no row level
// security, no middleware and no audit trail: what the portal costs beside it is the
// price of those.
type twin struct {
	pool     *pgxpool.Pool
	register *programme.Register
	clocks   *clock.Clocks
	chrome   ui.Chrome
	oauth    *oauth2.Config
	verifier *oidc.IDTokenVerifier
	secret   string // the one of PKCE: nothing is kept
}

// runTwin serves the twin until its parent goes, and writes its address first.
func runTwin(ctx context.Context) error {
	programmes, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		return err
	}
	tables, err := fs.Sub(config.Programmes, "calendars")
	if err != nil {
		return err
	}
	t := &twin{}
	if t.register, err = programme.Load(programmes); err != nil {
		return err
	}
	calendars, err := clock.LoadCalendars(tables)
	if err != nil {
		return err
	}
	t.clocks = &clock.Clocks{Calendars: calendars, Programmes: t.register}
	assets, err := static.New()
	if err != nil {
		return err
	}
	pool, err := pgxpool.ParseConfig(os.Getenv("BENCH_DSN"))
	if err != nil {
		return err
	}
	pool.ConnConfig.RuntimeParams["pg_trgm.word_similarity_threshold"] = "0.5" // as the portal's search has it
	if t.pool, err = pgxpool.NewWithConfig(ctx, pool); err != nil {
		return err
	}
	t.chrome = ui.Chrome{Title: "Twin", Demo: true, SignedIn: true, Wide: true, Asset: assets.URL, CSRF: "none", Path: "/",
		Brand: ui.Brand{Name: "Trusted Trader Portal"}, Actor: ui.Who{Name: "Nobody", Role: "Specialist", Acting: "Customs Administration of Meridia"},
		Nav:     web.Navigation(identity.Actor{Audience: identity.Staff, Role: identity.Specialist}),
		Session: &ui.SessionWarn{IdleSeconds: 1800, WarnSeconds: 180, ExtendPath: "/session/extend", SignInPath: "/signin"}}

	listener, err := net.Listen("tcp", os.Getenv("BENCH_LISTEN"))
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	t.oauth = &oauth2.Config{ClientID: "twin", RedirectURL: "http://localhost:" + port + "/callback", Scopes: []string{oidc.ScopeOpenID, "profile", "email"}}
	t.secret = oauth2.GenerateVerifier()
	issuer, err := oidc.NewProvider(ctx, os.Getenv("BENCH_ISSUER"))
	if err != nil {
		return err
	}
	t.oauth.Endpoint = issuer.Endpoint()
	t.verifier = issuer.Verifier(&oidc.Config{ClientID: t.oauth.ClientID})

	app := fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: func(c *fiber.Ctx, err error) error {
		fmt.Fprintln(os.Stderr, "twin:", c.Path(), err)
		return c.SendStatus(fiber.StatusInternalServerError)
	}})
	stop := context.AfterFunc(ctx, func() { _ = app.Shutdown() })
	defer stop()
	app.Get("/ready", func(c *fiber.Ctx) error { return c.SendString("ready") })
	app.Get("/queue", t.queue)
	app.Get("/search", t.search)
	app.Get("/inbox/:company", t.inbox)
	app.Get("/home/:company", t.home)
	app.Get("/signin", t.signIn)
	app.Get("/callback", t.callback)
	app.Post("/write", t.write)
	return app.Listener(listener)
}

func (t *twin) show(c *fiber.Ctx, page templ.Component) error {
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return page.Render(c.UserContext(), c.Response().BodyWriter())
}

func rowsOf[T any](ctx context.Context, pool *pgxpool.Pool, sql string, args ...any) ([]T, error) {
	rows, err := pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByNameLax[T])
}

const (
	openCases = `a.closed_at is null and a.submitted_at is not null`

	plainQueue = `select a.id, a.reference, a.company_id, c.name as company, a.programme, a.entity_type, a.status, o.name as office, a.assignee_id,
		coalesce(p.name, '') as assignee, l.person_id as locked_id, coalesce(l.name, '') as locked_by, l.expires_at as locked_until, a.submitted_at,
		(now() at time zone o.zone)::date - (a.submitted_at at time zone o.zone)::date as age_days, a.version, coalesce(k.name, '') as clock, k.due_on,
		coalesce(k.due_on - (now() at time zone k.zone)::date, 0) as days_left, coalesce(k.paused, false) as paused, coalesce(k.owed_by, '') as owed_by,
		$2::boolean and a.assignee_id is null as claimable, a.assignee_id is not distinct from $1 as mine
		from application a join company c on c.id = a.company_id join office o on o.id = a.office_id
		left join person p on p.id = a.assignee_id left join case_lock l on l.application_id = a.id and l.expires_at > now()
		left join lateral (select k.name, k.due_on, k.zone, k.paused, k.owed_by from clock k where k.subject_kind = 'application' and k.subject_id = a.id
			and k.stopped_at is null and not k.earliest order by k.due_on limit 1) k on true
		where ` + openCases + ` and ($3 <> 'mine' or a.assignee_id = $1) and ($3 <> 'unassigned' or a.assignee_id is null and a.office_id = $4)
		and ($5::timestamptz is null or (a.submitted_at, a.id) > ($5, $6::uuid))
		order by a.submitted_at, a.id limit 26`

	plainCount = `select count(*)::int from (select from application a where ` + openCases + ` and `
	overdueOf  = `exists (select from clock k where k.subject_kind = 'application' and k.subject_id = a.id and k.stopped_at is null and k.owed_by = 'agency'
		and not k.earliest and not k.paused and k.due_on < (now() at time zone k.zone)::date)`
)

// $1 the person, $2 the office
var plainConditions = map[review.QueueName]string{
	review.Mine:       `a.assignee_id = $1`,
	review.Unassigned: `a.assignee_id is null and ($2::uuid is null or a.office_id = $2)`,
	review.Waiting:    `a.status in ('information_requested', 'hearing') and ($2::uuid is null or a.office_id = $2)`,
	review.Overdue:    overdueOf + ` and ($2::uuid is null or a.office_id = $2)`,
	review.Everything: `true`,
}

// queue shows a specialist's or, without an office, an auditor's queue with its counts.
func (t *twin) queue(c *fiber.Ctx) error {
	ctx, me := c.UserContext(), uuid.MustParse(c.Query("me"))
	name := review.QueueName(c.Query("queue"))
	var office, after *string
	if v := c.Query("office"); v != "" {
		office = &v
	}
	var last *string
	if v, id, ok := strings.Cut(c.Query("after"), " "); ok {
		after, last = &v, &id
	}
	q := review.Queue{Filter: review.Filter{Queue: name, Order: review.Oldest}}
	queues := []review.QueueName{review.Mine, review.Unassigned, review.Waiting, review.Overdue}
	if office == nil {
		queues = []review.QueueName{review.Everything, review.Waiting, review.Overdue}
	}
	for _, x := range queues {
		n := review.Count{Queue: x}
		if err := t.pool.QueryRow(ctx, plainCount+`($1::uuid is null or true) and ($2::uuid is null or true) and `+plainConditions[x]+` limit 100) x`, me, office).Scan(&n.N); err != nil {
			return err
		}
		q.Counts = append(q.Counts, n)
	}
	var err error
	if q.Items, err = rowsOf[review.QueueItem](ctx, t.pool, plainQueue, me, office != nil, string(name), office, after, last); err != nil {
		return err
	}
	if len(q.Items) > review.QueuePage {
		q.Items, q.Next = q.Items[:review.QueuePage], "next"
	}
	if after != nil {
		q.Filter.After = "after"
	}
	return t.show(c, deskview.Queue(deskview.QueuePage{Chrome: t.chrome, Queue: q, Programmes: t.register.All()}))
}

const (
	found = `select h.kind, h.id, h.company_id, c.name as company, c.country, o.name as office, h.why, h.scheme, h.match, h.status, h.rank
		from (%s) h join company c on c.id = h.company_id join office o on o.id = c.office_id order by h.rank desc, h.match, h.id limit 51`
	plainNames = `select 'company' as kind, c.id, c.id as company_id, 'name' as why, '' as scheme, c.name as match, '' as status, (40 * similarity(fold(c.name), fold($1)) + 8 * word_similarity(fold($1), fold(c.name)))::float8 as rank
		from company c where fold(c.name) % fold($1) or fold($1) <% fold(c.name) or fold(c.name) like '%' || fold($1) || '%'
		union all select 'company', t.company_id, t.company_id, 'trade_name', '', t.name, '', 38 * similarity(fold(t.name), fold($1)) + 8 * word_similarity(fold($1), fold(t.name))
		from trade_name t where t.removed_at is null and (fold(t.name) % fold($1) or fold($1) <% fold(t.name) or fold(t.name) like '%' || fold($1) || '%')`
	plainNumbers = `select 'application' as kind, a.id, a.company_id, 'reference' as why, '' as scheme, a.reference as match, a.status, 1::float8 as rank
		from application a where a.submitted_at is not null and a.reference like $1 || '%'
		union all select 'change_notice', n.id, n.company_id, 'reference', '', n.reference, n.status, 1 from change_notice n where n.sent_at is not null and n.reference like $1 || '%'
		union all select 'membership', m.id, m.company_id, 'number', '', m.number, m.status, 1 from membership m where m.number like $1 || '%'`
	plainIdentifiers = `select 'company' as kind, i.company_id as id, i.company_id, 'identifier' as why, i.scheme, i.value as match, '' as status, 1::float8 as rank
		from company_identifier i where i.removed_at is null and i.search_key like $2 || '%'`
)

func (t *twin) search(c *fiber.Ctx) error {
	q := c.Query("q")
	p := deskview.SearchPage{Chrome: t.chrome, Asked: true, Found: review.Found{Query: q}}
	seen := map[uuid.UUID]bool{}
	for _, x := range []struct {
		sql  string
		args []any
	}{{plainNumbers, []any{q}}, {`select * from (` + plainIdentifiers + `) x where $1 <> ''`, []any{q, c.Query("key")}}, {plainNames, []any{q}}} {
		list, err := rowsOf[review.Hit](c.UserContext(), t.pool, fmt.Sprintf(found, x.sql), x.args...)
		if err != nil {
			return err
		}
		for _, h := range list {
			if !seen[h.ID] {
				seen[h.ID] = true
				p.Found.Hits = append(p.Found.Hits, h)
			}
		}
	}
	if p.Found.More = len(p.Found.Hits) > review.MostHits; p.Found.More {
		p.Found.Hits = p.Found.Hits[:review.MostHits]
	}
	return t.show(c, deskview.Search(p))
}

func (t *twin) inbox(c *fiber.Ctx) error {
	items, err := rowsOf[notice.Item](c.UserContext(), t.pool, `select m.id, m.direction, m.letter, m.subject, m.author, m.subject_kind, m.subject_id, m.sent_at,
		coalesce(a.reference, n.reference, s.number, '') as reference,
		m.direction = 'to_company' and not exists (select from message_read x where x.message_id = m.id and x.person_id = $2) as unread
		from message m left join application a on a.id = m.subject_id left join change_notice n on n.id = m.subject_id left join membership s on s.id = m.subject_id
		where m.company_id = $1 order by m.sent_at desc, m.id desc limit $3`, c.Params("company"), c.Query("me"), notice.PageSize+1)
	if err != nil {
		return err
	}
	page := notice.Page{Items: items}
	if len(items) > notice.PageSize {
		page.Items, page.Next = items[:notice.PageSize], notice.Cursor{SentAt: items[notice.PageSize-1].SentAt, ID: items[notice.PageSize-1].ID}
	}
	return t.show(c, inboxview.List(inboxview.ListPage{Chrome: t.companyChrome(), Page: page, Start: true, Zone: time.UTC}))
}

// companyChrome is what stands around the pages of a company.
func (t *twin) companyChrome() ui.Chrome {
	chrome := t.chrome
	chrome.Wide = false
	chrome.Nav = web.Navigation(identity.Actor{Audience: identity.Companies, Role: identity.Owner})
	return chrome
}

// home is the home of a member with nothing under way.
func (t *twin) home(c *fiber.Ctx) error {
	ctx, id := c.UserContext(), c.Params("company")
	var h application.Home
	var zone string
	if err := t.pool.QueryRow(ctx, `select c.id, c.name, o.zone from company c join office o on o.id = c.office_id where c.id = $1`, id).
		Scan(&h.Dossier.Company.ID, &h.Dossier.Company.Name, &zone); err != nil {
		return err
	}
	var err error
	if h.Zone, err = time.LoadLocation(zone); err != nil {
		return err
	}
	past, err := rowsOf[application.Application](ctx, t.pool, `select id, reference, company_id, programme, edition, entity_type, office_id, status, opened_at,
		submitted_at, accepted_at, decided_at, closed_at, assignee_id, round, version from application where company_id = $1 order by opened_at desc`, id)
	if err != nil {
		return err
	}
	for _, a := range past {
		card := application.Card{Application: a}
		if p, ok := t.register.Get(a.Programme); ok {
			card.Programme = p
			card.Entity, _ = p.EntityType(a.EntityType)
		}
		h.Past = append(h.Past, card)
	}
	if h.Members, err = rowsOf[application.Member](ctx, t.pool, `select id, programme, entity_type, number, tier, status, certified_on, effective_on
		from membership where company_id = $1 order by certified_on desc`, id); err != nil {
		return err
	}
	kept, err := rowsOf[clock.Kept](ctx, t.pool, plainClocks, id)
	if err != nil {
		return err
	}
	h.Clocks = t.clocks.Views(kept, time.Now())
	if err := t.pool.QueryRow(ctx, `select count(*)::int from message m where m.company_id = $1 and m.direction = 'to_company'
		and not exists (select from message_read r where r.message_id = m.id and r.person_id = $2)`, id, c.Query("me")).Scan(&h.Unread); err != nil {
		return err
	}
	return t.show(c, homeview.Home(homeview.HomePage{Chrome: t.companyChrome(), Home: h, CanApply: true, Names: t.names}))
}

const plainClocks = `select k.id, k.company_id, k.subject_kind, k.subject_id, k.office_id, k.programme, k.code, k.name, k.source, k.start_event, k.started_at, k.zone, k.calendar,
	k.amount, k.unit, k.roll_forward, k.earliest, k.warn_days, k.reminders::text as reminders, k.reminded::text as reminded, k.extension_days, k.extension_reason,
	k.owed_by, k.on_expiry, k.due_on, k.paused, k.stopped_at, k.stop_event, k.expired_at, k.version,
	(select coalesce(jsonb_agg(jsonb_build_object('PausedAt', p.paused_at, 'ResumedAt', p.resumed_at, 'Reason', p.reason)), '[]') from clock_pause p where p.clock_id = k.id) as pauses
	from clock k where k.company_id = $1 and k.stopped_at is null order by k.due_on, k.code, k.id`

func (t *twin) names(code, entity string) (string, string) {
	p, ok := t.register.Get(code)
	if !ok {
		return code, entity
	}
	e, _ := p.EntityType(entity)
	return p.ShortName, e.Name
}

// signIn is the least that go-oidc asks for: nothing is kept, so nothing is proved about
// the browser that comes back.
func (t *twin) signIn(c *fiber.Ctx) error {
	return c.Redirect(t.oauth.AuthCodeURL("twin", oidc.Nonce("twin-nonce"), oauth2.S256ChallengeOption(t.secret)), fiber.StatusSeeOther)
}

func (t *twin) callback(c *fiber.Ctx) error {
	token, err := t.oauth.Exchange(c.UserContext(), c.Query("code"), oauth2.VerifierOption(t.secret))
	if err != nil {
		return err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := t.verifier.Verify(c.UserContext(), raw)
	if err != nil {
		return err
	}
	var person, company string
	if err := t.pool.QueryRow(c.UserContext(), `select p.id::text, r.company_id::text from person p join person_right r on r.person_id = p.id
		where p.issuer = $1 and p.subject = $2 and r.ended_at is null limit 1`, id.Issuer, id.Subject).Scan(&person, &company); err != nil {
		return err
	}
	return c.Redirect("/home/"+company+"?me="+person, fiber.StatusSeeOther)
}

// write does what is in the body, a list of statements with JSON arguments, in one transaction.
func (t *twin) write(c *fiber.Ctx) error {
	var list []statement
	if err := json.Unmarshal(c.Body(), &list); err != nil {
		return err
	}
	ctx := c.UserContext()
	err := pgx.BeginFunc(ctx, t.pool, func(tx pgx.Tx) error {
		for _, s := range list {
			if _, err := tx.Exec(ctx, s.SQL, s.Arg); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.SendString("done")
}
