//go:build !production

package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"trustedtrader/app/demo"
	"trustedtrader/app/identity/devidp"
	"trustedtrader/app/pg"
	"trustedtrader/app/pgembed"
	"trustedtrader/config"
)

// developmentCommands are what a production binary does not contain.
func developmentCommands() []command {
	return []command{
		{"demo", "", "serve a working programme with made-up people: private database, demo sign-in", runDemo},
		{"seed", "[-scale COMPANIES]", "make the demo's data without serving them, and scale them up for measuring", runSeed},
		{"reset", "", "delete the demo's database and start over next time", resetDemo},
		{"db", "", "run the private database alone, for several portals on one machine", runDatabase},
		{"fill-in", "APPLICATION [accepted]", "fill in and submit the security profile of a demo's application, and have it accepted", fillIn},
	}
}

// devConfig reads the settings as development does: everything has a default.
func devConfig(e *environment) (config.Config, error) {
	getenv := e.getenv
	e.getenv = func(name string) string {
		if v := getenv(name); v != "" || name != "PORTAL_ENV" {
			return v
		}
		return "dev"
	}
	return e.config()
}

// database is the named one, or a private one that ends with the portal.
func database(ctx context.Context, cfg *config.Config, log *slog.Logger) (stop func() error, err error) {
	if cfg.DatabaseURL != "" {
		return func() error { return nil }, nil
	}
	c, err := pgembed.Start(ctx, pgembed.Config{Dir: filepath.Join(cfg.Data, "pg"), Database: "portal", Log: log})
	if err != nil {
		return nil, err
	}
	go func() {
		if err := c.Keep(ctx); err != nil {
			log.Error("the private database is lost", "error", err.Error())
		}
	}()
	cfg.DatabaseURL = config.Secret(c.DSN())
	return c.Stop, nil
}

// ownKey keeps one sealing key per installation, so that a restart signs nobody out.
func ownKey(cfg *config.Config) error {
	if cfg.Key != "" {
		return nil
	}
	file := filepath.Join(cfg.Data, "key")
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		raw := make([]byte, 32)
		if _, err := rand.Read(raw); err != nil {
			return err
		}
		b = []byte(base64.StdEncoding.EncodeToString(raw))
		if err := os.MkdirAll(cfg.Data, 0o755); err != nil {
			return err
		}
		err = os.WriteFile(file, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep the sealing key: %w", err)
	}
	cfg.Key = config.Secret(strings.TrimSpace(string(b)))
	return nil
}

// demoProvider starts the local sign-in provider and points the settings to it.
func demoProvider(cfg *config.Config) (stop func() error, err error) {
	listener, err := net.ResolveTCPAddr("tcp", cfg.DemoIDP)
	if err != nil {
		return nil, fmt.Errorf("PORTAL_DEMO_IDP_ADDR: %w", err)
	}
	var audiences []devidp.Audience
	for _, a := range demo.Audiences() {
		audiences = append(audiences, devidp.Audience{ID: a.ID, Name: a.Name, Clients: []devidp.Client{{
			ID: "portal", RedirectURLs: []string{cfg.BaseURL.JoinPath("callback", a.ID).String()},
			PostLogoutURLs: []string{cfg.BaseURL.JoinPath("signed-out").String()},
		}}})
	}
	var people []devidp.Person
	for _, p := range demo.People() {
		people = append(people, devidp.Person{Subject: p.Subject, Name: p.Name, Email: p.Email, Audience: p.Audience,
			Organisation: p.Organisation, Role: p.Role, Note: p.Note, Locale: p.Lang})
	}
	_, _, catalogues, err := loadData()
	if err != nil {
		return nil, err
	}
	s, err := devidp.Start(devidp.Config{Env: cfg.Env, Listen: listener.String(), Dir: filepath.Join(cfg.Data, "idp"),
		Audiences: audiences, People: people, Catalogues: catalogues})
	if err != nil {
		return nil, err
	}
	for _, a := range demo.Audiences() {
		cfg.Providers = append(cfg.Providers, config.Provider{ID: a.ID, Name: a.Name, Issuer: s.Issuer(a.ID).String(), ClientID: "portal",
			Audience: a.Audience, Agency: a.Agency})
	}
	return s.Close, nil
}

// visit lets a command see the demo as it runs: its private database, and its sign-in
// provider unless others are configured. The database is started for the visit when no
// demo runs.
func visit(ctx context.Context, cfg *config.Config) (end func() error, err error) {
	if !cfg.Dev() || cfg.DatabaseURL != "" {
		return func() error { return nil }, nil
	}
	end, err = database(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil || len(cfg.Providers) > 0 {
		return end, err
	}
	_, port, err := net.SplitHostPort(cfg.DemoIDP)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("PORTAL_DEMO_IDP_ADDR: %w", err), end())
	}
	for _, a := range demo.Audiences() {
		cfg.Providers = append(cfg.Providers, config.Provider{ID: a.ID, Name: a.Name, Issuer: "http://" + net.JoinHostPort("localhost", port) + "/" + a.ID,
			ClientID: "portal", Audience: a.Audience, Agency: a.Agency})
	}
	return end, nil
}

func runDemo(ctx context.Context, e *environment, _ []string) (err error) {
	cfg, err := devConfig(e)
	if err != nil {
		return err
	}
	if !cfg.Dev() {
		return errors.New("the demo does not run with PORTAL_ENV=production")
	}
	e.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := ownKey(&cfg); err != nil {
		return err
	}
	if cfg.Browser == "" {
		cfg.Browser, _ = exec.LookPath("chromium")
	}
	private := cfg.DatabaseURL == ""
	// The database outlives ctx: requests under way end first.
	stopDB, err := database(context.WithoutCancel(ctx), &cfg, e.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopDB()) }()
	if err := pg.Migrate(ctx, owner(cfg), e.log); err != nil {
		return err
	}
	if len(cfg.Providers) == 0 {
		stopIDP, err := demoProvider(&cfg)
		if err != nil {
			return err
		}
		defer func() { _ = stopIDP() }()
	}
	db, err := pg.Open(ctx, string(cfg.DatabaseURL), e.log)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := seed(ctx, e, cfg, db, private); err != nil {
		return err
	}
	p, err := wire(ctx, e, cfg, db)
	if err != nil {
		return err
	}
	p.web.Demo = true
	p.companies.OfficeFor = demo.OfficeFor
	fmt.Fprintf(e.out, "\nThe portal is at        %s\nThe demo's sign-in at   http://%s\nMetrics at              http://%s/metrics\n\nSign in as:\n",
		cfg.BaseURL, cfg.DemoIDP, cfg.Metrics)
	for _, x := range demo.People() {
		if x.Featured {
			fmt.Fprintf(e.out, "  %-24s %-14s %s\n", x.Name, x.Role, x.Organisation)
		}
	}
	fmt.Fprintf(e.out, "\nCtrl-C stops everything; the data stay. `make reset` starts over.\n\n")
	go func() {
		if err := demo.Traffic(ctx, demo.Portal{DB: db, Recognitions: p.recognitions, Checks: p.checks}, traffic); err != nil {
			e.log.Warn("the partners of the demo have stopped asking", "error", err)
		}
	}()
	return p.serve(ctx, e)
}

// traffic is how often a partner of the demo looks a member up.
const traffic = 20 * time.Second

// seed makes the demo's past in an empty database. One that was interrupted begins anew,
// in the private database only: whatever else a database holds is left as it is.
func seed(ctx context.Context, e *environment, cfg config.Config, db *pg.DB, private bool) error {
	state, err := demo.Look(ctx, db)
	if err != nil {
		return err
	}
	if state == demo.Partial && private {
		if err := errors.Join(demo.Clear(ctx, owner(cfg)), dropFiles(cfg)); err != nil {
			return err
		}
		state = demo.Empty
	}
	switch state {
	case demo.Whole:
		return nil
	case demo.Partial:
		return errors.New("the demo's data in this database are not complete: empty the database, then start again")
	case demo.Foreign:
		fmt.Fprintln(e.out, "This database has data already, so the demo adds none.")
		return nil
	}
	fmt.Fprintln(e.out, "Making the demo's data: two years with some forty companies. This takes a minute or two, once.")
	at := &demo.Clock{}
	p, err := wireAt(ctx, e, cfg, db, at.Now)
	if err != nil {
		return err
	}
	issuers := map[string]string{}
	for _, x := range cfg.Providers {
		issuers[x.ID] = x.Issuer
	}
	s := &demo.Seeder{Clock: at, Issuer: func(audience string) string { return issuers[audience] },
		Portal: demo.Portal{DB: db, SignIn: p.signIn, People: p.people, Companies: p.companies, Applications: p.applications, Profiles: p.profiles, Evidence: p.evidence, Risks: p.risks, ProfileDesk: p.profileDesk, Reviews: p.reviews,
			Members: p.members, Notices: p.notices, Sweeper: p.sweeper, Roster: p.roster, Validations: p.validations, Plans: p.plans, Fieldwork: p.web.Fieldwork, Findings: p.findings, Reports: p.reports, Partners: p.partners,
			Incidents: p.incidents, Cases: p.cases, Appeals: p.appeals, Successions: p.successions, Consents: p.web.Consents, Window: p.window, Arrangements: p.arrangements, Recognitions: p.recognitions, Inbound: p.web.Inbound, Checks: p.checks, Benefits: p.benefits, Baselines: p.baselines, Costs: p.costs, Claims: p.claims}}
	if err := s.Seed(ctx, pg.Now()); err != nil {
		return fmt.Errorf("make the demo's data: %w", err)
	}
	return nil
}

// fillIn spares whoever tries the demo some two hundred answers.
func fillIn(ctx context.Context, e *environment, args []string) (err error) {
	if len(args) == 0 || len(args) > 2 || len(args) == 2 && args[1] != "accepted" {
		return errors.New("write: portal fill-in APPLICATION, or portal fill-in APPLICATION accepted")
	}
	cfg, err := devConfig(e)
	if err != nil {
		return err
	}
	if !cfg.Dev() {
		return errors.New("profiles are not filled in with PORTAL_ENV=production")
	}
	if err := ownKey(&cfg); err != nil {
		return err
	}
	end, err := visit(ctx, &cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	db, err := pg.Open(ctx, string(cfg.DatabaseURL), e.log)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := wire(ctx, e, cfg, db)
	if err != nil {
		return err
	}
	return explain(demo.FillIn(ctx, demo.Portal{DB: db, Applications: p.applications, Profiles: p.profiles, Evidence: p.evidence}, pg.Now, args[0], len(args) == 2))
}

func resetDemo(_ context.Context, e *environment, _ []string) error {
	cfg, err := devConfig(e)
	if err != nil {
		return err
	}
	if err := pgembed.Remove(filepath.Join(cfg.Data, "pg")); err != nil {
		return err
	}
	if err := dropFiles(cfg); err != nil {
		return err
	}
	fmt.Fprintln(e.out, "The demo's database is gone, and its files. `make run` makes new ones.")
	return nil
}

// dropFiles empties the folder of evidence, to which no database points any more. The folder
// itself stays, for the portal may have opened it.
func dropFiles(cfg config.Config) error {
	if cfg.EvidenceStore != "" {
		return nil
	}
	kept, err := filepath.Glob(filepath.Join(cfg.Data, "evidence", "*"))
	for _, name := range kept {
		err = errors.Join(err, os.RemoveAll(name))
	}
	return err
}

func runDatabase(ctx context.Context, e *environment, _ []string) error {
	cfg, err := devConfig(e)
	if err != nil {
		return err
	}
	c, err := pgembed.Start(ctx, pgembed.Config{Dir: filepath.Join(cfg.Data, "pg"), Database: "portal", Log: e.log})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "DATABASE_URL='%s'\n", c.DSN())
	err = c.Keep(ctx)
	return errors.Join(err, c.Stop())
}
