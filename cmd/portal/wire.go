package main

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"trustedtrader/app/appeal"
	"trustedtrader/app/application"
	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/bizpartner"
	"trustedtrader/app/blob"
	"trustedtrader/app/briefing"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/claim"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/consent"
	"trustedtrader/app/consultation"
	"trustedtrader/app/cost"
	"trustedtrader/app/credential"
	"trustedtrader/app/doctor"
	"trustedtrader/app/enclosure"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/evidence"
	"trustedtrader/app/evidence/clamd"
	"trustedtrader/app/exchange"
	"trustedtrader/app/feed"
	"trustedtrader/app/fieldwork"
	"trustedtrader/app/finding"
	"trustedtrader/app/geo"
	"trustedtrader/app/headquarters"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/identity/oidcrp"
	"trustedtrader/app/inbound"
	"trustedtrader/app/incident"
	"trustedtrader/app/jobs"
	"trustedtrader/app/membership"
	"trustedtrader/app/metric"
	"trustedtrader/app/notice"
	"trustedtrader/app/oscal"
	"trustedtrader/app/partnerapi"
	"trustedtrader/app/people"
	"trustedtrader/app/pg"
	"trustedtrader/app/plan"
	"trustedtrader/app/profile"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/programme"
	"trustedtrader/app/recognition"
	"trustedtrader/app/report"
	"trustedtrader/app/review"
	"trustedtrader/app/risk"
	"trustedtrader/app/roster"
	"trustedtrader/app/seal"
	"trustedtrader/app/signin"
	"trustedtrader/app/singlewindow"
	"trustedtrader/app/succession"
	"trustedtrader/app/validation"
	"trustedtrader/app/web"
	"trustedtrader/config"
	"trustedtrader/static"
)

// parts is the portal put together: read wire from top to bottom to see how.
type parts struct {
	cfg       config.Config
	db        *pg.DB
	log       *slog.Logger
	calendars clock.Calendars
	registry  *prometheus.Registry

	signIn       *signin.Service
	people       *people.Service
	companies    *company.Service
	applications *application.Service
	profiles     *profile.Service
	profileDesk  *profilereview.Service
	reviews      *review.Service
	members      *membership.Service
	risks        *risk.Service
	roster       *roster.Service
	validations  *validation.Service
	plans        *plan.Service
	findings     *finding.Service
	incidents    *incident.Service
	cases        *enforcement.Service
	appeals      *appeal.Service
	reports      *report.Service
	partners     *bizpartner.Service
	successions  *succession.Service
	window       *singlewindow.Service
	checks       *consultation.Service
	benefits     *benefit.Service
	claims       *claim.Service
	baselines    *baseline.Service
	costs        *cost.Service
	briefings    *briefing.Service
	arrangements *arrangement.Service
	recognitions *recognition.Service
	api          *partnerapi.Service
	credentials  *credential.Service
	notices      *notice.Service
	evidence     *evidence.Service
	sweeper      *clock.Service
	catalogues   *catalogue.Service
	runner       *jobs.Runner
	web          *web.Web
}

// loadData reads what ships with the portal; a broken file is refused here, with
// file, line and reason.
func loadData() (*programme.Register, clock.Calendars, *i18n.Catalogues, error) {
	programmes, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		return nil, nil, nil, err
	}
	register, err := programme.Load(programmes)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("programmes: %w", err)
	}
	tables, err := fs.Sub(config.Programmes, "calendars")
	if err != nil {
		return nil, nil, nil, err
	}
	calendars, err := clock.LoadCalendars(tables)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("calendars: %w", err)
	}
	locales, err := fs.Sub(config.Locales, "locales")
	if err != nil {
		return nil, nil, nil, err
	}
	catalogues, err := i18n.Load(locales)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("translations: %w", err)
	}
	return register, calendars, catalogues, nil
}

// loadCatalogues reads the editions of criteria that ship with the portal.
func loadCatalogues() (*catalogue.Library, error) {
	programmes, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		return nil, err
	}
	library, err := catalogue.Load(programmes)
	if err != nil {
		return nil, fmt.Errorf("catalogues: %w", err)
	}
	return library, nil
}

// loadFactors reads what a risk assessment asks.
func loadFactors() (*risk.Factors, error) {
	files, err := fs.Sub(config.Risk, "risk")
	if err != nil {
		return nil, err
	}
	return risk.LoadFactors(files)
}

// loadRegions reads what the agency says of countries when it plans.
func loadRegions() (*plan.Regions, error) {
	files, err := fs.Sub(config.Regions, "regions")
	if err != nil {
		return nil, err
	}
	regions, err := plan.LoadRegions(files)
	if err != nil {
		return nil, fmt.Errorf("regions: %w", err)
	}
	return regions, nil
}

// loadPartners reads the roles of business partners and the questionnaires to them.
func loadPartners() (*bizpartner.Data, error) {
	files, err := fs.Sub(config.Questionnaires, "questionnaires")
	if err != nil {
		return nil, err
	}
	data, err := bizpartner.LoadData(files)
	if err != nil {
		return nil, fmt.Errorf("questionnaires: %w", err)
	}
	return data, nil
}

// loadWorld reads what maps are drawn from: the administration's own file, or the portal's.
func loadWorld(cfg config.Config) (*geo.World, error) {
	if cfg.MapFile == "" {
		return geo.OwnWorld()
	}
	f, err := os.Open(cfg.MapFile)
	if err != nil {
		return nil, fmt.Errorf("PORTAL_MAP_FILE: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	world, err := geo.LoadWorld(f)
	if err != nil {
		return nil, fmt.Errorf("PORTAL_MAP_FILE: %w", err)
	}
	return world, nil
}

// providers makes the configured ways to sign in.
func providers(cfg config.Config, now func() time.Time) ([]signin.Provider, error) {
	client := &http.Client{Timeout: 10 * time.Second}
	var out []signin.Provider
	for _, p := range cfg.Providers {
		issuer, err := url.Parse(p.Issuer)
		if err != nil {
			return nil, fmt.Errorf("sign-in provider %q: %w", p.ID, err)
		}
		rp, err := oidcrp.New(oidcrp.Config{
			ID: p.ID, Name: p.Name, Issuer: issuer, ClientID: p.ClientID, ClientSecret: string(p.ClientSecret),
			RedirectURL: cfg.BaseURL.JoinPath("callback", p.ID), PostLogoutURL: cfg.BaseURL.JoinPath("signed-out"),
			Scopes: p.Scopes, RequiredACR: p.RequiredACR, RequiredAMR: p.RequiredAMR, TokenAuthMethod: p.TokenAuthMethod,
		}, client, now)
		if err != nil {
			return nil, err
		}
		out = append(out, signin.Provider{Provider: rp, Audience: identity.Audience(p.Audience), Agency: p.Agency})
	}
	return out, nil
}

// wire puts the portal together over an open database.
func wire(ctx context.Context, e *environment, cfg config.Config, db *pg.DB) (*parts, error) {
	return wireAt(ctx, e, cfg, db, pg.Now)
}

// wireAt is wire with another clock: the demo's past is made at made-up times.
func wireAt(_ context.Context, e *environment, cfg config.Config, db *pg.DB, now func() time.Time) (*parts, error) {
	register, calendars, catalogues, err := loadData()
	if err != nil {
		return nil, err
	}
	library, err := loadCatalogues()
	if err != nil {
		return nil, err
	}
	factors, err := loadFactors()
	if err != nil {
		return nil, err
	}
	regions, err := loadRegions()
	if err != nil {
		return nil, err
	}
	asked, err := loadPartners()
	if err != nil {
		return nil, err
	}
	world, err := loadWorld(cfg)
	if err != nil {
		return nil, err
	}
	assets, err := static.New()
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	metrics, err := web.NewMetrics(registry)
	if err != nil {
		return nil, err
	}
	ways, err := providers(cfg, now)
	if err != nil {
		return nil, err
	}
	key, err := companyKey(cfg)
	if err != nil {
		return nil, err
	}
	linkKey, err := seal.Key(cfg.KeyBytes(), "links for outsiders")
	if err != nil {
		return nil, err
	}
	var (
		letters  = &notice.Letters{Base: cfg.BaseURL, Brand: cfg.BrandName, Office: cfg.OfficeName, From: cfg.MailFrom, Catalogues: catalogues}
		clocks   = &clock.Clocks{Calendars: calendars, Programmes: register}
		profiles = &profile.Steps{Library: library, Programmes: register, Clocks: clocks, Letters: letters,
			WarnUnscanned: cfg.Unscanned != string(evidence.Allow)}
		steps = application.Steps{Programmes: register, Clocks: clocks, Letters: letters, Profiles: profiles}
	)
	p := &parts{
		cfg: cfg, db: db, log: e.log, calendars: calendars, registry: registry,
		people:       &people.Service{DB: db, Now: now, Letters: letters, Base: cfg.BaseURL, Calendars: calendars},
		companies:    &company.Service{DB: db, Now: now, Key: key, Programmes: register, Clocks: clocks, Letters: letters},
		applications: &application.Service{DB: db, Now: now, Steps: steps},
		profiles:     &profile.Service{DB: db, Now: now, Steps: profiles},
		notices:      &notice.Service{DB: db, Now: now, Letters: letters, Outbox: cfg.Dev()},
	}
	p.catalogues = &catalogue.Service{DB: db, Now: now, Library: library}
	p.reviews = &review.Service{DB: db, Now: now, Steps: &steps, Companies: p.companies}
	p.profileDesk = &profilereview.Service{DB: db, Now: now, Steps: profiles, Cases: p.reviews}
	p.members = membership.New(db, now, &steps)
	p.validations = &validation.Service{DB: db, Now: now, Steps: &validation.Steps{Programmes: register, Clocks: clocks, Letters: letters, Calendars: calendars}}
	p.sweeper = &clock.Service{DB: db, Now: now, Log: e.log, Clocks: clocks, Letters: letters, Expired: clock.Together(p.applications.Hooks(), p.members.Hooks())}
	if p.evidence, err = files(cfg, e.log, db, now); err != nil {
		return nil, err
	}
	p.evidence.Criteria, p.evidence.Opened, p.evidence.Touched, p.evidence.Letters = library, profiles.Opened, profiles.Touched, letters
	p.risks = &risk.Service{DB: db, Now: now, Factors: factors, Programmes: register, Clocks: clocks, Evidence: p.evidence}
	p.findings = &finding.Service{DB: db, Now: now, Steps: &finding.Steps{Steps: p.validations.Steps, Library: library, Evidence: p.evidence}}
	p.cases = enforcement.New(db, now, &enforcement.Steps{Programmes: register, Clocks: clocks, Letters: letters, Standing: p.members.Standing})
	p.incidents = &incident.Service{DB: db, Now: now, Steps: p.cases.Steps.Incidents}
	p.cases.Steps.Appeals = appeal.Check
	p.appeals = &appeal.Service{DB: db, Now: now, Programmes: register, Clocks: clocks, Letters: letters, Cases: p.cases.Steps}
	p.reports = &report.Service{DB: db, Now: now, Findings: p.findings.Steps, Members: p.members, Refer: p.cases.Steps.Refer}
	if p.benefits, err = benefits(db, now, p.evidence); err != nil {
		return nil, err
	}
	if p.costs, err = costs(db, now, p.benefits.Data); err != nil {
		return nil, err
	}
	p.baselines = &baseline.Service{DB: db, Now: now, Programmes: register, Data: p.benefits.Data, Letters: letters}
	p.partners = &bizpartner.Service{DB: db, Now: now, Programmes: register, Letters: letters, Data: asked, Evidence: p.evidence, Key: linkKey}
	signing, err := windowKey(cfg)
	if err != nil {
		return nil, err
	}
	p.window = &singlewindow.Service{DB: db, Now: now, Programmes: register, Key: signing}
	if p.api, err = partnerAPI(cfg, db, now); err != nil {
		return nil, err
	}
	agreed, err := arrangement.Own(register)
	if err != nil {
		return nil, fmt.Errorf("arrangements: %w", err)
	}
	p.arrangements = &arrangement.Service{DB: db, Now: now, Register: agreed}
	if p.checks, err = checks(db, now, register, agreed, p.api.Keys); err != nil {
		return nil, err
	}
	p.briefings = &briefing.Service{DB: db, Now: now, Figures: &metric.Service{DB: db, Baselines: p.baselines, Costs: p.costs.Data, Arrangements: agreed}}
	p.recognitions = &recognition.Service{DB: db, Now: now, Programmes: register, Register: agreed, Letters: letters}
	p.claims = &claim.Service{DB: db, Now: now, Programmes: register, Register: agreed, Clocks: clocks, Letters: letters, Reports: p.benefits.Data}
	p.credentials = &credential.Service{DB: db, Now: now, Base: cfg.BaseURL, Keys: p.api.Keys}
	p.successions = &succession.Service{DB: db, Now: now, Steps: &steps, Standing: p.members.Standing, Members: p.members, Blocked: succession.CaseOpen}
	p.members.Admitted = append(p.members.Admitted, p.successions.Admitted)
	p.roster = &roster.Service{DB: db, Now: now, Calendars: calendars, Programmes: register}
	p.plans = &plan.Service{DB: db, Now: now, Programmes: register, Regions: regions, Validations: p.validations.Steps}
	p.signIn = &signin.Service{DB: db, Now: now, Providers: ways, Key: cfg.KeyBytes(),
		Limits: signin.Limits{Idle: cfg.SessionIdle, Absolute: cfg.SessionAbsolute, Warn: cfg.SessionWarn}}
	if err := p.jobs(); err != nil {
		return nil, err
	}
	p.web = &web.Web{
		Config: cfg, Log: e.log, Now: now, DB: db, Assets: assets, Catalogues: catalogues, Metrics: metrics, World: world,
		Services: web.Services{SignIn: p.signIn, People: p.people, Programmes: register, Applications: p.applications, Profiles: p.profiles, Notices: p.notices,
			Companies: p.companies, Reviews: p.reviews, ProfileDesk: p.profileDesk, Members: p.members, Risks: p.risks, Roster: p.roster, Validations: p.validations, Plans: p.plans, Feeds: &feed.Service{DB: db, Now: now, Validations: p.validations.Steps}, Fieldwork: &fieldwork.Service{DB: db, Now: now, Steps: p.validations.Steps, Library: library, Evidence: p.evidence}, Findings: p.findings, Incidents: p.incidents, Cases: p.cases, Appeals: p.appeals, Enclosures: &enclosure.Service{DB: db, Now: now, Letters: letters}, Reports: p.reports, Partners: p.partners, Successions: p.successions, Window: p.window, Checks: p.checks, Arrangements: p.arrangements, Recognitions: p.recognitions, Inbound: &inbound.Service{DB: db, Now: now, Register: agreed, Recognitions: p.recognitions}, Consents: &consent.Service{DB: db, Now: now, Programmes: register}, Headquarters: &headquarters.Service{DB: db, Now: now, Programmes: register, Library: library}, Evidence: p.evidence, Exchange: &exchange.Service{DB: db, Now: now, Profiles: p.profiles}, Trail: &audit.Service{DB: db, Now: now},
			API: p.api, Benefits: p.benefits, Baselines: p.baselines, Costs: p.costs, Figures: p.briefings.Figures, Briefings: p.briefings, Claims: p.claims, Credentials: p.credentials, Criteria: p.catalogues, OSCAL: &oscal.Service{DB: db, Now: now, Library: library},
			Doctor: &doctor.Doctor{Config: cfg, DB: db, OwnerURL: owner(cfg), Now: now, Providers: ways, Calendars: calendars, Evidence: p.evidence}},
	}
	return p, nil
}

// companyKey is derived from the installation's key, so that each key seals one kind of thing.
func companyKey(cfg config.Config) ([]byte, error) {
	return seal.Key(cfg.KeyBytes(), "company identifiers")
}

// files is the library of evidence over its store.
func files(cfg config.Config, log *slog.Logger, db *pg.DB, now func() time.Time) (*evidence.Service, error) {
	key, err := seal.Key(cfg.KeyBytes(), "keys of companies")
	if err != nil {
		return nil, err
	}
	store, err := blob.Open(context.Background(), blob.Settings{Address: cfg.EvidenceStore, Folder: filepath.Join(cfg.Data, "evidence"),
		KeyID: cfg.EvidenceKeyID, Secret: string(cfg.EvidenceSecret)})
	if err != nil {
		return nil, err
	}
	s := &evidence.Service{DB: db, Now: now, Log: log, Store: store, Master: key, Policy: evidence.Policy(cfg.Unscanned), Quota: int64(cfg.EvidenceQuota) << 20}
	if cfg.Clamd != "" {
		if s.Scanner, err = clamd.New(cfg.Clamd); err != nil {
			return nil, fmt.Errorf("PORTAL_CLAMD: %w", err)
		}
	}
	return s, nil
}

// jobs sets up the queue's workers.
func (p *parts) jobs() (err error) {
	p.runner, err = jobs.New(p.db, p.log, pg.Now, jobs.Workers{
		Mail: &notice.MailWorker{DB: p.db, Now: pg.Now, SMTP: notice.SMTP{
			Host: p.cfg.SMTPHost, Port: p.cfg.SMTPPort, TLS: p.cfg.SMTPTLS, User: p.cfg.SMTPUser, Password: p.cfg.SMTPPass,
			From: p.cfg.MailFrom, FromName: p.cfg.BrandName,
		}},
		Sweep: &clock.SweepWorker{Service: p.sweeper},
		Ticks: append(p.partnerTicks(), []jobs.Tick{
			{Name: "apply_changes", Every: 15 * time.Minute, Do: func(ctx context.Context) error {
				_, _, err := p.companies.ApplyDue(ctx)
				return err
			}},
			{Name: "free_holds", Every: 5 * time.Minute, Do: func(ctx context.Context) error {
				_, err := p.roster.FreeExpired(ctx)
				return err
			}},
			{Name: "turn_enforcement", Every: 10 * time.Minute, Do: func(ctx context.Context) error {
				_, err := p.cases.Turn(ctx)
				return err
			}},
			{Name: "turn_standings", Every: time.Minute, Do: func(ctx context.Context) error {
				_, err := p.members.Standing.Turn(ctx)
				return err
			}},
			{Name: "tell_partners", Every: time.Minute, Do: func(ctx context.Context) error {
				_, err := p.partners.Monitor(ctx)
				return err
			}},
			{Name: "remind_partners", Every: time.Hour, Do: func(ctx context.Context) error {
				_, err := p.partners.Sweep(ctx)
				return err
			}},
			{Name: "make_window_files", Every: time.Hour, Do: func(ctx context.Context) error {
				_, err := p.window.Make(ctx)
				return err
			}},
			{Name: "tell_agencies", Every: recognition.Every, Do: func(ctx context.Context) error {
				_, err := p.recognitions.Propagate(ctx, true)
				return err
			}},
			{Name: "tell_agencies_all", Every: time.Hour, Do: func(ctx context.Context) error {
				if _, err := p.recognitions.Propagate(ctx, false); err != nil {
					return err
				}
				_, err := p.recognitions.Alarm(ctx)
				return err
			}},
			{Name: "resume_imports", Every: time.Minute, Do: p.benefits.Resume},
			{Name: "sweep_imports", Every: time.Hour, Do: func(ctx context.Context) error {
				_, err := p.benefits.Sweep(ctx)
				return err
			}},
			{Name: "count_gaps", Every: time.Hour, Do: func(ctx context.Context) error {
				_, err := p.claims.CountDue(ctx)
				return err
			}},
			{Name: "turn_successions", Every: time.Minute, Do: func(ctx context.Context) error {
				_, err := p.successions.Turn(ctx)
				return err
			}},
		}...),
		Files:       &evidence.SweepWorker{Service: p.evidence},
		Validations: &validation.SweepWorker{Service: p.validations, Log: p.log},
		More: func(w *river.Workers) {
			print := printer(p.cfg.Browser)
			river.AddWorker(w, &application.ReceiptWorker{Service: p.applications, Page: web.ReceiptHTML, Print: print})
			river.AddWorker(w, &profile.ReceiptWorker{Service: p.profiles, Page: web.ProfileHTML, Print: print})
			river.AddWorker(w, &partnerapi.DeliverWorker{Service: p.api})
			river.AddWorker(w, &consultation.BulkWorker{Service: p.checks})
			river.AddWorker(w, &recognition.TellWorker{Service: p.recognitions})
			river.AddWorker(w, &benefit.Worker{Service: p.benefits})
			river.AddWorker(w, &report.PrintWorker{Service: p.reports, Page: web.ReportHTML, Print: print})
			river.AddWorker(w, &briefing.PrintWorker{Service: p.briefings, Page: web.BriefingHTML(p.baselines.Programmes, p.benefits.Data, p.costs.Data), Print: print})
			river.AddWorker(w, &credential.PrintWorker{Service: p.credentials, Page: p.certificate, Print: print})
		},
	})
	return err
}

// certificate is a certificate as the document that is printed.
func (p *parts) certificate(ctx context.Context, id uuid.UUID, code credential.Code) (string, error) {
	page, err := p.members.Printed(ctx, id)
	if err != nil {
		return "", err
	}
	return web.CertificateHTML(ctx, page, p.credentials.Address(code.Token))
}
