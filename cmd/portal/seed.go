//go:build !production

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"trustedtrader/app/pg"
	"trustedtrader/app/scale"
)

// runSeed makes the demo's past without serving it and, when asked to, scales it up to
// the size of an administration, for measuring.
func runSeed(ctx context.Context, e *environment, args []string) (err error) {
	flags := flag.NewFlagSet("seed", flag.ContinueOnError)
	companies := flags.Int("scale", 0, "companies to have in the end; 12000 is a whole administration")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *companies < 0 || *companies > 100_000 {
		return errors.New("write: portal seed [-scale COMPANIES], at most 100000")
	}
	cfg, err := devConfig(e)
	if err != nil {
		return err
	}
	if !cfg.Dev() {
		return errors.New("made-up data have no place where PORTAL_ENV=production")
	}
	e.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := ownKey(&cfg); err != nil {
		return err
	}
	private := cfg.DatabaseURL == ""
	end, err := visit(ctx, &cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := pg.Migrate(ctx, owner(cfg), e.log); err != nil {
		return err
	}
	db, err := pg.Open(ctx, string(cfg.DatabaseURL), e.log)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := seed(ctx, e, cfg, db, private); err != nil || *companies == 0 {
		return err
	}
	fmt.Fprintf(e.out, "Scaling up to %d companies and their profiles. This takes minutes.\n", *companies)
	out, err := scale.Up(ctx, owner(cfg), scale.Of(*companies))
	if err != nil {
		return fmt.Errorf("scale up: %w", err)
	}
	fmt.Fprintf(e.out, "%d companies, %d applications, %d profiles with %d answers; %d rows were added.\n", out.Companies, out.Applications, out.Profiles, out.Answers, out.Rows)
	return nil
}
