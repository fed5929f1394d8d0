package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"trustedtrader/app/doctor"
	"trustedtrader/app/pg"
)

// runDoctor prints a line per part and fails when one does not work. Whatever is
// broken, the rest is looked at: an operator calls it when something is.
func runDoctor(ctx context.Context, e *environment, _ []string) (err error) {
	cfg, err := e.config()
	if err != nil {
		for _, problem := range strings.Split(err.Error(), "\n")[1:] {
			fmt.Fprintf(e.out, "%-4s  %-9s  %s\n", doctor.Bad, "settings", problem)
		}
		return errSick
	}
	end, err := visit(ctx, &cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	_, calendars, _, err := loadData()
	if err != nil {
		return err
	}
	ways, err := providers(cfg, pg.Now)
	if err != nil {
		return err
	}
	d := &doctor.Doctor{Config: cfg, OwnerURL: owner(cfg), Now: pg.Now, Providers: ways, Calendars: calendars}
	opening, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if d.DB, d.Down = pg.Open(opening, string(cfg.DatabaseURL), slog.New(slog.DiscardHandler)); d.Down == nil {
		defer d.DB.Close()
	}
	library, err := files(cfg, slog.New(slog.DiscardHandler), d.DB, pg.Now)
	if err != nil {
		fmt.Fprintf(e.out, "%-4s  %-9s  %s\n", doctor.Bad, "files", err)
	} else {
		d.Evidence, d.Compare = library, 2*time.Minute
	}
	list := d.Look(ctx)
	for _, f := range list {
		fmt.Fprintln(e.out, f)
	}
	if err != nil || !doctor.Healthy(list) {
		return errSick
	}
	return nil
}

var errSick = errors.New("something does not work; the lines that begin with fail say what to do")
