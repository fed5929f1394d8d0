// Command bench measures the portal at the size of a whole administration. It starts a
// PostgreSQL of its own, makes the demo there and scales it up by COPY, starts the portal
// as people run it, and beside it a bare twin of Fiber, pgx and the same pages. It prints
// one tab-separated row per figure: name, value, unit, goal, pass or fail. Figures are
// ratios within one run and counts, so that they hold on a noisy machine; absolute times
// go to the diagnostics on standard error. A missed goal ends it with exit code 1.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"go.yaml.in/yaml/v3"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/demo"
	"trustedtrader/app/identity/devidp"
	"trustedtrader/app/pg"
	"trustedtrader/app/scale"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if twin := os.Getenv("BENCH_TWIN"); twin != "" {
		run := runTwin
		if twin == "checks" {
			run = runCheckTwin
		}
		if err := run(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "twin:", err)
			os.Exit(1)
		}
		return
	}
	b := bench{scale: scale.Size{Specialists: 6}, checked: fullChecks, imported: importRows, pace: pace{rounds: 9}, out: os.Stdout, log: os.Stderr}
	flag.StringVar(&b.portal, "portal", "bin/portal", "the portal's program")
	flag.IntVar(&b.scale.Open, "open", 12000, "applications under way")
	flag.IntVar(&b.scale.Others, "others", 60, "copies of every other company of the demo")
	flag.IntVar(&b.pace.requests, "requests", 80, "requests in one round")
	flag.IntVar(&b.submits, "submits", 24, "applications to submit, and people to sign in")
	flag.IntVar(&b.seconds, "seconds", 6, "how long fifty people do each thing with security profiles, in each of three rounds")
	flag.IntVar(&b.checked.most, "operators", fullChecks.most, "operators of the last measurement of checks")
	flag.StringVar(&b.only, "only", "", "measure only the lists whose name has this in it; checks: the checks of partner agencies; import: files of benefit events")
	flag.Parse()
	missed, err := b.run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if missed > 0 {
		fmt.Fprintf(os.Stderr, "%d goals are missed\n", missed)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	portal   string
	only     string
	scale    scale.Size
	pace     pace
	submits  int
	checked  checkSizes
	imported int                // rows of a report, and entries of a company
	seconds  int                // of each measurement of security profiles
	before   map[string]float64 // what they took with little data
	out, log io.Writer

	begin   time.Time
	started time.Time // the last program
	dir     string
	dsn     string
	base    string // the portal's address
	gauges  string // its metrics'
	twin    string // the twin's address
	issuer  string // of the companies' provider
	idp     *devidp.Server
	ends    []func() error
	missed  int
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, "%6.1f s  "+format+"\n", append([]any{time.Since(b.begin).Seconds()}, args...)...)
}

// run measures everything and returns how many goals were missed.
func (b *bench) run(ctx context.Context) (missed int, err error) {
	b.begin = time.Now()
	defer func() {
		for i := len(b.ends) - 1; i >= 0; i-- {
			err = errors.Join(err, b.ends[i]())
		}
	}()
	if b.dir, err = os.MkdirTemp("", "portal-bench-"); err != nil {
		return 0, err
	}
	b.ends = append(b.ends, func() error { return os.RemoveAll(b.dir) })
	// As the README asks of an administration's server: what is read often stays in its memory.
	server, end, err := apptest.StartServer(ctx, "-c", "shared_buffers=2GB", "-c", "effective_cache_size=6GB", "-c", "default_toast_compression=lz4")
	if err != nil {
		return 0, err
	}
	b.ends = append(b.ends, end)
	if b.only == "" || b.only == "checks" {
		b.say("checks of partner agencies")
		if err := b.checks(ctx, server, b.checked); err != nil {
			return 0, fmt.Errorf("checks: %w", err)
		}
	}
	if b.only == "" || b.only == "import" {
		b.say("imports of benefit events")
		if err := b.imports(ctx, server, b.imported); err != nil {
			return 0, fmt.Errorf("imports: %w", err)
		}
	}
	if b.only == "checks" || b.only == "import" {
		return b.missed, nil
	}
	if err := b.prepare(ctx, server); err != nil {
		return 0, err
	}
	if err := b.measure(ctx); err != nil {
		return 0, err
	}
	b.say("done")
	return b.missed, nil
}

// prepare starts the database, fills it and starts provider, portal and twin.
func (b *bench) prepare(ctx context.Context, server string) error {
	if err := createDatabase(ctx, server, "portal"); err != nil {
		return err
	}
	b.dsn = apptest.WithDatabase(server, "portal")
	ports, err := freePorts(4)
	if err != nil {
		return err
	}
	b.base, b.gauges, b.twin = "http://localhost:"+ports[0], "http://127.0.0.1:"+ports[1]+"/metrics", "http://localhost:"+ports[3]
	providers := filepath.Join(b.dir, "providers.yaml")
	if err := writeProviders(providers, ports[2]); err != nil {
		return err
	}
	b.issuer = "http://localhost:" + ports[2] + "/companies"
	env := append(os.Environ(), "PORTAL_ENV=dev", "PORTAL_ADDR=127.0.0.1:"+ports[0], "PORTAL_BASE_URL="+b.base, "PORTAL_METRICS_ADDR=127.0.0.1:"+ports[1],
		"PORTAL_DATA="+b.dir, "DATABASE_URL="+b.dsn, "PORTAL_PROVIDERS="+providers, "PORTAL_TRUSTED_PROXIES=127.0.0.1",
		"PATH=") // without Chromium: receipts are drawn by a job, and nobody waits for one here

	b.say("making the demo")
	stop, err := b.start(ctx, exec.Command(b.portal, "demo"), env, b.base+"/readyz")
	if err != nil {
		return err
	}
	if err := errors.Join(b.settle(ctx), stop()); err != nil {
		return err
	}
	if b.only == "" {
		b.say("security profiles with little data")
		if err := b.little(ctx, server, env, ports[2]); err != nil {
			return fmt.Errorf("with little data: %w", err)
		}
	}
	b.say("scaling it up")
	seeded, err := scale.Up(ctx, b.dsn, b.scale)
	if err != nil {
		return err
	}
	b.say("%d companies, %d applications, %d of them under way, %d specialists, %d offices: %d rows by COPY",
		seeded.Companies, seeded.Applications, seeded.Open, seeded.Specialists, seeded.Offices, seeded.Rows)
	if seeded.Open < b.scale.Open {
		return fmt.Errorf("%d applications are under way, %d were wanted", seeded.Open, b.scale.Open)
	}
	if err := b.startProvider(ctx, ports[2]); err != nil {
		return err
	}
	if stop, err = b.start(ctx, exec.Command(b.portal, "demo"), env, b.base+"/readyz"); err != nil {
		return err
	}
	b.ends = append(b.ends, stop)
	if err := b.settle(ctx); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if stop, err = b.start(ctx, exec.Command(self), append(os.Environ(), "BENCH_TWIN=yes", "BENCH_DSN="+b.dsn, "BENCH_LISTEN=127.0.0.1:"+ports[3], "BENCH_ISSUER="+b.issuer),
		b.twin+"/ready"); err != nil {
		return err
	}
	b.ends = append(b.ends, stop)
	return nil
}

// start runs a program until it answers; stop ends it as Ctrl-C does.
func (b *bench) start(ctx context.Context, cmd *exec.Cmd, env []string, ready string) (stop func() error, err error) {
	b.started = time.Now()
	cmd.Env, cmd.Stderr = env, b.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is passed on once, by stop
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	stop = func() error {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return err
		}
		select {
		case err := <-gone:
			return err
		case <-time.After(30 * time.Second):
			return errors.Join(fmt.Errorf("%s does not end", cmd.Path), cmd.Process.Kill())
		}
	}
	deadline := time.After(5 * time.Minute) // the demo makes its past first
	for {
		if r, err := http.Get(ready); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return stop, nil
			}
		}
		select {
		case err := <-gone:
			return nil, fmt.Errorf("%s ended before it was ready: %w", cmd.Path, err)
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), stop())
		case <-deadline:
			return nil, errors.Join(fmt.Errorf("%s is not ready", cmd.Path), stop())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// settle waits until the portal has done the jobs that it begins with.
func (b *bench) settle(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		var swept bool
		var open int
		err := conn.QueryRow(ctx, `select coalesce(bool_or(kind = $1 and state = 'completed' and finalized_at > $2), false),
			(count(*) filter (where state in ('available', 'running')))::int from `+pg.JobSchema+`.river_job`, clock.SweepArgs{}.Kind(), b.started).Scan(&swept, &open)
		if err != nil {
			return err
		}
		if swept && open == 0 {
			b.say("the portal has swept its clocks")
			_, err := conn.Exec(ctx, `checkpoint`) // what was copied is written out now, not while something is measured
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the portal's first jobs do not end: %d are left", open)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// startProvider serves the sign-in provider of everybody in the database.
func (b *bench) startProvider(ctx context.Context, port string) error {
	conn, err := pgx.Connect(ctx, b.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `select p.subject, p.name, p.email, regexp_replace(p.issuer, '^.*/', '') from person p
		where exists (select from person_right r where r.person_id = p.id and r.audience <> 'partner')`)
	if err != nil {
		return err
	}
	var list []devidp.Person
	if list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p devidp.Person, err error) {
		err = row.Scan(&p.Subject, &p.Name, &p.Email, &p.Audience)
		return p, err
	}); err != nil {
		return err
	}
	var audiences []devidp.Audience
	for _, a := range demo.Audiences() {
		audiences = append(audiences, devidp.Audience{ID: a.ID, Name: a.Name, Clients: []devidp.Client{
			{ID: "portal", RedirectURLs: []string{b.base + "/callback/" + a.ID}},
			{ID: "twin", RedirectURLs: []string{b.twin + "/callback"}},
		}})
	}
	if b.idp, err = devidp.Start(devidp.Config{Env: "dev", Listen: "127.0.0.1:" + port, Audiences: audiences, People: list}); err != nil {
		return err
	}
	b.ends = append(b.ends, b.idp.Close)
	return nil
}

func writeProviders(file, port string) error {
	type provider struct {
		ID       string `yaml:"id"`
		Name     string `yaml:"name"`
		Issuer   string `yaml:"issuer"`
		ClientID string `yaml:"client_id"`
		Audience string `yaml:"audience"`
		Agency   string `yaml:"agency,omitempty"`
	}
	var list []provider
	for _, a := range demo.Audiences() {
		list = append(list, provider{a.ID, a.Name, "http://localhost:" + port + "/" + a.ID, "portal", a.Audience, a.Agency})
	}
	text, err := yaml.Marshal(map[string]any{"providers": list})
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

func createDatabase(ctx context.Context, dsn, name string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `create database `+name)
	return errors.Join(err, conn.Close(ctx))
}

// freePorts finds ports that nobody listens on now.
func freePorts(n int) (ports []string, err error) {
	for range n {
		l, e := net.Listen("tcp", "127.0.0.1:0")
		if e != nil {
			return nil, e
		}
		defer func() { err = errors.Join(err, l.Close()) }()
		_, port, e := net.SplitHostPort(l.Addr().String())
		if e != nil {
			return nil, e
		}
		ports = append(ports, port)
	}
	return ports, nil
}

// row prints one figure.
func (b *bench) row(name string, value float64, unit string, least bool, goal float64) {
	verdict, sign := "pass", "<="
	if least {
		sign = ">="
	}
	if least && value < goal || !least && value > goal {
		verdict = "fail"
		b.missed++
	}
	fmt.Fprintf(b.out, "%s\t%s\t%s\t%s %s\t%s\n", name, number(value), unit, sign, number(goal), verdict)
}

func number(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.2f", v), ".00") }

// statement is one SQL statement with its JSON argument.
type statement struct {
	SQL string          `json:"sql"`
	Arg json.RawMessage `json:"arg"`
}
