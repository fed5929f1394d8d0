package main

import (
	"context"
	"encoding/json"
	"time"

	"trustedtrader/app/jobs"
	"trustedtrader/app/partnerapi"
	"trustedtrader/app/pg"
	"trustedtrader/app/seal"
	"trustedtrader/app/signing"
	"trustedtrader/config"
)

// signingKeys are the keys that sign what others verify.
func signingKeys(cfg config.Config) (*signing.Keys, error) {
	if cfg.SigningKeys != "" {
		return signing.Load(cfg.SigningKeys)
	}
	return signing.Derive(cfg.KeyBytes())
}

// printKeys prints the public keys, as /.well-known/jwks.json serves them.
func printKeys(_ context.Context, e *environment, _ []string) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	keys, err := signingKeys(cfg)
	if err != nil {
		return err
	}
	out := json.NewEncoder(e.out)
	out.SetIndent("", "  ")
	return out.Encode(keys.Set())
}

// partnerAPI is the machine door of partner agencies.
func partnerAPI(cfg config.Config, db *pg.DB, now func() time.Time) (*partnerapi.Service, error) {
	keys, err := signingKeys(cfg)
	if err != nil {
		return nil, err
	}
	secret, err := seal.Key(cfg.KeyBytes(), "secrets of webhooks")
	if err != nil {
		return nil, err
	}
	return &partnerapi.Service{DB: db, Now: now, Base: cfg.BaseURL, Keys: keys, Key: secret, Local: cfg.Dev()}, nil
}

// partnerTicks is what the portal does by itself for the programs of partner agencies.
func (p *parts) partnerTicks() []jobs.Tick {
	return []jobs.Tick{
		{Name: "announce_events", Every: 10 * time.Second, Do: func(ctx context.Context) error {
			_, err := p.api.Announce(ctx)
			return err
		}},
		{Name: "make_partner_files", Every: time.Minute, Do: func(ctx context.Context) error {
			_, err := p.api.MakeFiles(ctx, p.homes)
			return err
		}},
		{Name: "forget_messages", Every: time.Hour, Do: func(ctx context.Context) error {
			_, err := p.api.Forget(ctx, partnerapi.Retention{Webhooks: time.Duration(p.cfg.KeepHooks) * 24 * time.Hour, Irregularities: p.retention})
			return err
		}},
		{Name: "certificates", Every: 30 * time.Second, Do: func(ctx context.Context) error {
			if _, err := p.credentials.Issue(ctx); err != nil {
				return err
			}
			_, err := p.credentials.Publish(ctx)
			return err
		}},
	}
}

// retention is how many years records under an arrangement are kept: the longest that a
// programme of ours asks for. 0: for ever, for its rules are not known here.
func (p *parts) retention(code string) (years int) {
	if a, ok := p.arrangements.Register.Get(code); ok {
		for _, o := range a.Operative {
			years = max(years, o.RetentionYears)
		}
	}
	return years
}

// homes names the programmes of ours that an arrangement is about.
func (p *parts) homes(code string) (out []partnerapi.Home) {
	a, ok := p.arrangements.Register.Get(code)
	if !ok {
		return nil
	}
	for _, o := range a.Operative {
		out = append(out, partnerapi.Home{Programme: o.Home, Consent: p.arrangements.Register.Key(a, o.Home)})
	}
	return out
}
