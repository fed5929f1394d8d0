package main

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/identity/oidcrp"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/signin"
	"trustedtrader/app/web"
	"trustedtrader/config"
	"trustedtrader/static"
)

// parts is the portal put together: read wire from top to bottom to see how.
type parts struct {
	cfg        config.Config
	db         *pg.DB
	now        func() time.Time
	programmes *programme.Register
	calendars  clock.Calendars
	catalogues *i18n.Catalogues
	registry   *prometheus.Registry
	web        *web.Web
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
func wire(_ context.Context, e *environment, cfg config.Config, db *pg.DB) (*parts, error) {
	register, calendars, catalogues, err := loadData()
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
	ways, err := providers(cfg, pg.Now)
	if err != nil {
		return nil, err
	}
	p := &parts{cfg: cfg, db: db, now: pg.Now, programmes: register, calendars: calendars, catalogues: catalogues, registry: registry}
	p.web = &web.Web{
		Config: cfg, Log: e.log, Now: p.now, DB: db, Assets: assets, Catalogues: catalogues, Metrics: metrics,
		Services: web.Services{
			SignIn: &signin.Service{DB: db, Now: p.now, Providers: ways, Key: cfg.KeyBytes(),
				Limits: signin.Limits{Idle: cfg.SessionIdle, Absolute: cfg.SessionAbsolute, Warn: cfg.SessionWarn}},
			Programmes: register,
		},
	}
	return p, nil
}
