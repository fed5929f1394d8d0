package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/valyala/fasthttp"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/consultation"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/signing"
	"trustedtrader/config"
)

// The goals of checks, beside a bare handler of Fiber and pgx that reads one row, in the same
// process and by the same connections.
const (
	checkGoal  = 1.0 // of its requests per second, recorded and answered as JSON
	signedGoal = 0.7 // and signed as well
	tailGoal   = 2.0 // times its slowest of a hundred
	bulkGoal   = 1.5 // times one SQL statement with the same join and insert
	growthGoal = 1.3 // times as long with a thousand times as many operators
	checkToken = "bench"
)

// sizes of the database of checks: few operators, a whole administration's, and a million.
type checkSizes struct {
	few, many, most, bulk int
	window                time.Duration // of one measurement
	rounds                int
}

var fullChecks = checkSizes{few: 1000, many: 100_000, most: 1_000_000, bulk: 100_000, window: 1200 * time.Millisecond, rounds: 3}

// checkService is the engine as the portal wires it, under an arrangement that is in force.
func checkService(db *pg.DB) (*consultation.Service, error) {
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		return nil, err
	}
	register, err := programme.Load(files)
	if err != nil {
		return nil, err
	}
	keys, err := signing.Derive(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	rules := []consultation.Rule{{Arrangement: "us-bench", Programme: "ctpat", State: consultation.RuleInForce, Version: "1"}}
	return &consultation.Service{DB: db, Now: pg.Now, Programmes: register, Purposes: []consultation.Purpose{{Code: "import", Name: "Import"}},
		Sign:  func(payload []byte) (string, error) { return keys.Sign("JWS", json.RawMessage(payload)) },
		Rules: func(context.Context, uuid.UUID, clock.Day) ([]consultation.Rule, error) { return rules, nil }}, nil
}

// runCheckTwin serves the engine and the bare handler beside it.
func runCheckTwin(ctx context.Context) error {
	dsn := os.Getenv("BENCH_DSN")
	db, err := pg.Open(ctx, dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer db.Close()
	bare, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return err
	}
	defer bare.Close()
	s, err := checkService(db)
	if err != nil {
		return err
	}
	agency, err := uuid.Parse(os.Getenv("BENCH_AGENCY"))
	if err != nil {
		return err
	}
	by := identity.Actor{Audience: identity.Partners, Role: identity.Officer, AgencyID: agency}
	token := sha256.Sum256([]byte(checkToken))
	check := func(c *fiber.Ctx) (consultation.Answer, error) {
		given := sha256.Sum256([]byte(strings.TrimPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")))
		if subtle.ConstantTimeCompare(given[:], token[:]) != 1 {
			return consultation.Answer{}, fiber.ErrUnauthorized
		}
		a, err := s.Check(c.UserContext(), by, consultation.Question{Value: c.Params("number"), Purpose: "import", OwnRef: "MRN 1", Client: "bench"})
		if err == nil && a.Outcome != consultation.Answered {
			err = errors.New(string(a.Outcome))
		}
		return a, err
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true})
	app.Get("/ready", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusOK) })
	app.Get("/bare/:number", func(c *fiber.Ctx) error {
		var row struct {
			Number string `json:"number"`
			Status string `json:"status"`
			Tier   string `json:"tier"`
		}
		if err := bare.QueryRow(c.UserContext(), `select number, status, tier from membership where number = $1`, c.Params("number")).Scan(&row.Number, &row.Status, &row.Tier); err != nil {
			return err
		}
		return c.JSON(row)
	})
	app.Get("/check/:number", func(c *fiber.Ctx) error {
		a, err := check(c)
		if err != nil {
			return err
		}
		text, err := a.JSON()
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		return c.Send(text)
	})
	app.Get("/signed/:number", func(c *fiber.Ctx) error {
		a, err := check(c)
		if err != nil {
			return err
		}
		text, err := a.JSON()
		if err != nil {
			return err
		}
		jws, err := s.Sign(text)
		if err != nil {
			return err
		}
		return c.SendString(jws)
	})
	listener, err := net.Listen("tcp", os.Getenv("BENCH_LISTEN"))
	if err != nil {
		return err
	}
	go func() { <-ctx.Done(); _ = app.Shutdown() }()
	return app.Listener(listener)
}

// operators makes members until there are n. Constraints that checks do not use are put off:
// a million rows would take minutes through them.
func operators(ctx context.Context, conn *pgx.Conn, from, n int) error {
	for _, sql := range []string{
		`create temp table fresh as select i, gen_random_uuid() as company, gen_random_uuid() as application, gen_random_uuid() as membership, gen_random_uuid() as event from generate_series($1::int, $2::int) i`,
		`insert into company (id, name, country, office_id, created_at) select company, 'Operator ' || i || ' Trading LLC', 'US', (select id from office limit 1), now() from fresh`,
		`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at, submitted_at, decided_at, closed_at)
			select application, 'B-' || i, company, 'ctpat', '1', '', 'importer', (select id from office limit 1), 'certified', now(), now(), now(), now() from fresh`,
		`insert into membership (id, company_id, application_id, programme, edition, entity_type, number, tier, status, certified_on, effective_on, created_at)
			select membership, company, application, 'ctpat', '1', 'importer', 'C26-' || lpad(i::text, 7, '0'), 'tier_2', 'active', '2026-01-01', '2026-01-01', now() from fresh`,
		`insert into standing_event (id, membership_id, company_id, kind, types, effective_on, recorded_at, tier, cause_kind, cause_id)
			select event, membership, company, 'granted', '{membership}', '2026-01-01', '2026-01-01', 'tier_2', 'application', application from fresh`,
		`insert into standing (membership_id, company_id, type, state, tier, valid, known, event_id) select membership, company, 'membership', 'active', 'tier_2', '[2026-01-01,)', '[2026-01-01,)', event from fresh`,
		`insert into company_identifier (id, company_id, scheme, value, search_key, created_at) select gen_random_uuid(), company, 'duns', lpad(i::text, 9, '0'), lpad(i::text, 9, '0'), now() from fresh`,
		`insert into recognition_consent (id, company_id, arrangement, given_at, giver, text_version, elements) select gen_random_uuid(), company, 'us-bench', '2026-01-01', 'Owner', '1', '{status}' from fresh`,
		`drop table fresh`,
	} {
		var args []any
		if strings.Contains(sql, "$1") {
			args = []any{from, n}
		}
		if _, err := conn.Exec(ctx, sql, args...); err != nil {
			return fmt.Errorf("make operators: %w", err)
		}
	}
	for _, table := range []string{"company", "application", "membership", "standing", "standing_event", "company_identifier", "recognition_consent", "consultation"} {
		if _, err := conn.Exec(ctx, `vacuum analyze `+table); err != nil {
			return err
		}
	}
	return nil
}

// checkWorld is a database in which one agency checks.
type checkWorld struct {
	conn           *pgx.Conn
	dsn            string
	agency, person string
}

func newCheckWorld(ctx context.Context, server, name string) (w checkWorld, err error) {
	if err := createDatabase(ctx, server, name); err != nil {
		return w, err
	}
	w.dsn = apptest.WithDatabase(server, name)
	if err := pg.Migrate(ctx, w.dsn, slog.New(slog.DiscardHandler)); err != nil {
		return w, err
	}
	if w.conn, err = pgx.Connect(ctx, w.dsn); err != nil {
		return w, err
	}
	if err := w.conn.QueryRow(ctx, `with o as (insert into office (code, name, zone, calendar, created_at) values ('HQ', 'Headquarters', 'America/New_York', 'us-federal', now())),
		p as (insert into person (issuer, subject, email, email_verified, name, created_at) values ('i', 's', 'o@agency.example', true, 'Otto', now()) returning id),
		a as (insert into agency (code, name, country, zone, created_at) values ('bench', 'Bench', 'NO', 'Europe/Oslo', now()) returning id)
		select (select id::text from a), (select id::text from p)`).Scan(&w.agency, &w.person); err != nil {
		return w, err
	}
	for _, sql := range []string{`insert into arrangement_agency (arrangement, agency_id, since) select 'us-bench', id, '2026-01-01' from agency`,
		`set session_replication_role = replica`, `alter table standing drop constraint one_standing_at_a_time`, `drop index company_name_trgm`} {
		if _, err := w.conn.Exec(ctx, sql); err != nil {
			return w, err
		}
	}
	return w, nil
}

// checks measures the checks of partner agencies, in databases of their own: one small, and
// one that grows.
func (b *bench) checks(ctx context.Context, server string, size checkSizes) error {
	var worlds [2]checkWorld
	var bases [2]string
	for i, operatorsOf := range []int{size.few, size.many} {
		w, err := newCheckWorld(ctx, server, fmt.Sprintf("checks_%d", i))
		if err != nil {
			return err
		}
		defer func() { _ = w.conn.Close(ctx) }()
		b.say("%d operators", operatorsOf)
		if err := operators(ctx, w.conn, 1, operatorsOf); err != nil {
			return err
		}
		base, stop, err := b.checkTwin(ctx, w.dsn, w.agency)
		if err != nil {
			return err
		}
		b.ends = append(b.ends, stop)
		worlds[i], bases[i] = w, base
	}
	small, large, base := bases[0], worlds[1], bases[1]
	for _, crowd := range []int{30, 300} {
		if err := b.checkRates(base, crowd, size); err != nil {
			return err
		}
	}
	if err := b.bulkChecks(ctx, large.conn, large.dsn, uuid.MustParse(large.agency), uuid.MustParse(large.person), size); err != nil {
		return err
	}
	b.say("%d operators", size.most)
	if err := operators(ctx, large.conn, size.many+1, size.most); err != nil {
		return err
	}
	return b.growth(small, base, size)
}

// growth compares a lone check in the small database with one in the large, in turns.
func (b *bench) growth(small, large string, size checkSizes) error {
	var few, most []float64
	for round := range size.rounds + 1 {
		for _, x := range []struct {
			base      string
			operators int
			list      *[]float64
		}{{small, size.few, &few}, {large, size.most, &most}} {
			took, err := single(x.base, x.operators, size.window)
			if err != nil {
				return err
			}
			if round > 0 { // the first one warms up
				*x.list = append(*x.list, took)
			}
		}
	}
	b.say("a lone check: %.2f ms with %d operators, %.2f ms with %d", median(few), size.few, median(most), size.most)
	b.row("check, 1,000,000 operators beside 1,000", median(most)/median(few), "times as long", false, growthGoal)
	return nil
}

func (b *bench) checkTwin(ctx context.Context, dsn, agency string) (base string, stop func() error, err error) {
	ports, err := freePorts(1)
	if err != nil {
		return "", nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	base = "http://localhost:" + ports[0]
	stop, err = b.start(ctx, exec.Command(self), append(os.Environ(), "BENCH_TWIN=checks", "BENCH_DSN="+dsn, "BENCH_AGENCY="+agency, "BENCH_LISTEN=127.0.0.1:"+ports[0], "GOGC=400"), base+"/ready")
	return base, stop, err
}

// single is how long a lone check takes, the middle one, in milliseconds.
func single(base string, operators int, window time.Duration) (float64, error) {
	_, took, err := hammer(base+"/check/", 1, operators, window)
	if err != nil {
		return 0, err
	}
	return took[len(took)/2], nil
}

// checkRates compares the handlers in turns.
func (b *bench) checkRates(base string, crowd int, size checkSizes) error {
	rates, tails := map[string][]float64{}, map[string][]float64{}
	paths := []string{"/bare/", "/check/", "/signed/"}
	for round := range size.rounds + 1 {
		for _, path := range paths {
			rate, took, err := hammer(base+path, crowd, size.many, size.window)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if round > 0 { // the first one warms up
				rates[path], tails[path] = append(rates[path], rate), append(tails[path], took[len(took)*99/100])
			}
		}
	}
	mid := func(m map[string][]float64, path string) float64 { return median(m[path]) }
	for _, path := range paths {
		b.say("%d connections, %s %.0f a second, 99 of 100 within %.1f ms", crowd, path, mid(rates, path), mid(tails, path))
	}
	b.row(fmt.Sprintf("recorded check, %d connections", crowd), mid(rates, "/check/")/mid(rates, "/bare/"), "of a bare handler's requests per second", true, checkGoal)
	b.row(fmt.Sprintf("recorded and signed check, %d connections", crowd), mid(rates, "/signed/")/mid(rates, "/bare/"), "of a bare handler's requests per second", true, signedGoal)
	b.row(fmt.Sprintf("recorded check, %d connections, slowest of 100", crowd), mid(tails, "/check/")/mid(tails, "/bare/"), "times a bare handler's", false, tailGoal)
	return nil
}

// hammer asks for members in turn for a while; took is in milliseconds, in order.
func hammer(address string, crowd, operators int, window time.Duration) (rate float64, took []float64, err error) {
	client := &fasthttp.Client{MaxConnsPerHost: crowd + 1}
	defer client.CloseIdleConnections()
	all, failed := make([][]float64, crowd), make([]error, crowd)
	var group sync.WaitGroup
	begin := time.Now()
	for k := range crowd {
		group.Go(func() {
			req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(req)
			defer fasthttp.ReleaseResponse(res)
			req.Header.Set("Authorization", "Bearer "+checkToken)
			for i := k*7919 + 1; time.Since(begin) < window; i += 104729 {
				n := strconv.Itoa(i%operators + 1)
				req.SetRequestURI(address + "C26-" + strings.Repeat("0", max(0, 7-len(n))) + n)
				at := time.Now()
				if failed[k] = client.DoTimeout(req, res, 30*time.Second); failed[k] == nil && res.StatusCode() != http.StatusOK {
					failed[k] = fmt.Errorf("%s: status %d: %s", req.URI(), res.StatusCode(), res.Body())
				}
				if failed[k] != nil {
					return
				}
				all[k] = append(all[k], float64(time.Since(at).Microseconds())/1000)
			}
		})
	}
	group.Wait()
	seconds := time.Since(begin).Seconds()
	if err := errors.Join(failed...); err != nil {
		return 0, nil, err
	}
	took = slices.Sorted(slices.Values(slices.Concat(all...)))
	if len(took) == 0 {
		return 0, nil, errors.New("nothing was answered")
	}
	return float64(len(took)) / seconds, took, nil
}

// oneStatementSQL is the same join and insert as one statement, without a chain.
const oneStatementSQL = `insert into consultation (id, number, at, agency_id, person_id, client_id, arrangement, purpose, own_ref, batch_id, row, scheme, asked, as_of, known_at, company_id, outcome, answer, writer, seq, hash)
	select gen_random_uuid(), 'X' || $3::text || '-' || l.i, now(), $1, $2, '', r.arrangement, 'import', '', gen_random_uuid(), l.i, '', l.number, current_date, now(), m.company_id, 'answered',
		jsonb_build_object('outcome', 'answered', 'membership_status', s.state, 'recognition', 'grant_benefits', 'as_of', now(), 'known_at', now(), 'list_version', '1', 'valid_for_seconds', 3600,
			'arrangement', r.arrangement, 'member', jsonb_build_object('name', c.name, 'country', c.country), 'matched', jsonb_build_array(jsonb_build_object('scheme', 'membership', 'value', m.number)),
			'entity_types', jsonb_build_array(jsonb_build_object('entity_type', m.entity_type, 'number', m.number, 'since', lower(s.valid), 'status', s.state, 'tier', s.tier))),
		$4, l.i, sha256(l.number::bytea)
	from bulk l join membership m on m.number_key = l.key join company c on c.id = m.company_id join application p on p.id = m.application_id join office o on o.id = p.office_id
	join standing s on s.membership_id = m.id and upper_inf(s.known) and s.valid @> (now() at time zone o.zone)::date
	join recognition_consent r on r.company_id = m.company_id and r.arrangement = 'us-bench' and r.withdrawn_at is null
	join arrangement_agency g on g.agency_id = $1 and g.arrangement = r.arrangement and g.until is null`

// bulkChecks compares a list with one statement, in turns.
func (b *bench) bulkChecks(ctx context.Context, conn *pgx.Conn, dsn string, agency, person uuid.UUID, size checkSizes) error {
	db, err := pg.Open(ctx, dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := checkService(db)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	file.WriteString("identifier;note\n")
	for i := range size.bulk {
		fmt.Fprintf(&file, "C26-%07d;row %d\n", i%size.many+1, i)
	}
	if _, err := conn.Exec(ctx, `create temp table bulk as select i, 'C26-' || lpad((i % $2 + 1)::text, 7, '0') as number, 'C26' || lpad((i % $2 + 1)::text, 7, '0') as key from generate_series(0, $1::int - 1) i`, size.bulk, size.many); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `analyze bulk`); err != nil {
		return err
	}
	by := identity.Actor{Audience: identity.Partners, Role: identity.Officer, AgencyID: agency, PersonID: person}
	var lists, statements []float64
	for round := range size.rounds {
		batch, err := s.Upload(ctx, by, consultation.BatchQuestion{Purpose: "import"}, "bulk.csv", bytes.NewReader(file.Bytes()))
		if err != nil {
			return err
		}
		begin := time.Now()
		if err := s.CheckPieces(ctx, batch.ID); err != nil {
			return err
		}
		lists = append(lists, time.Since(begin).Seconds())
		begin = time.Now()
		tag, err := conn.Exec(ctx, oneStatementSQL, agency, person, strconv.Itoa(round), uuid.New())
		if err != nil {
			return err
		}
		statements = append(statements, time.Since(begin).Seconds())
		if tag.RowsAffected() != int64(size.bulk) {
			return fmt.Errorf("the statement recorded %d checks", tag.RowsAffected())
		}
	}
	b.say("%d rows: a list %.2f s, one statement %.2f s", size.bulk, median(lists), median(statements))
	b.row("list of 100,000 checks beside one SQL statement", median(lists)/median(statements), "times as long", false, bulkGoal)
	return nil
}
