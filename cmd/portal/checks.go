package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"time"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/consultation"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/signing"
	"trustedtrader/config"
)

// checks answers partner agencies.
func checks(db *pg.DB, now func() time.Time, register *programme.Register, agreed *arrangement.Register, keys *signing.Keys) (*consultation.Service, error) {
	files, err := fs.Sub(config.Checks, "checks")
	if err != nil {
		return nil, err
	}
	purposes, err := consultation.LoadPurposes(files)
	if err != nil {
		return nil, fmt.Errorf("checks: %w", err)
	}
	sign := func(payload []byte) (string, error) { return keys.Sign("JWS", json.RawMessage(payload)) }
	return &consultation.Service{DB: db, Now: now, Programmes: register, Purposes: purposes, Sign: sign,
		Rules: consultation.RulesOf(db, agreed, now)}, nil
}

// verifyAudit walks the records of checks and computes every hash again. With the heads of an
// earlier run, kept elsewhere, it also sees that nothing was cut off an end.
func verifyAudit(ctx context.Context, e *environment, args []string) error {
	flags := flag.NewFlagSet("verify-audit", flag.ContinueOnError)
	flags.SetOutput(e.out)
	before := flags.String("heads", "", "file of an earlier run's heads, kept outside of the database")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var heads []consultation.Head
	if *before != "" {
		text, err := os.ReadFile(*before)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &heads); err != nil {
			return fmt.Errorf("read %s: %w", *before, err)
		}
	}
	cfg, err := e.config()
	if err != nil {
		return err
	}
	if cfg.DatabaseURL == "" {
		return errors.New("DATABASE_URL is missing")
	}
	db, err := pg.Open(ctx, string(cfg.DatabaseURL), e.log)
	if err != nil {
		return err
	}
	defer db.Close()
	n, now, err := consultation.Verify(ctx, db, heads)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(e.out).Encode(now); err != nil {
		return err
	}
	e.log.Info("the record of checks is whole", "records", n, "chains", len(now))
	return nil
}
