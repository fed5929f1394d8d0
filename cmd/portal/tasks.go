package main

import (
	"context"
	"errors"
	"fmt"

	"trustedtrader/app/doctor"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// runDoctor prints a line per part and fails when one does not work.
func runDoctor(ctx context.Context, e *environment, _ []string) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	if cfg.DatabaseURL == "" {
		return errors.New("DATABASE_URL is missing; for the demo's private database run `portal db` and use the address it prints")
	}
	db, err := pg.Open(ctx, string(cfg.DatabaseURL), e.log)
	if err != nil {
		return err
	}
	defer db.Close()
	_, calendars, _, err := loadData()
	if err != nil {
		return err
	}
	ways, err := providers(cfg, pg.Now)
	if err != nil {
		return err
	}
	d := &doctor.Doctor{Config: cfg, DB: db, OwnerURL: owner(cfg), Now: pg.Now, Providers: ways, Calendars: calendars}
	list := d.Look(ctx)
	for _, f := range list {
		fmt.Fprintf(e.out, "%-8s %-10s %s\n", f.State, f.Part, f.Text)
	}
	if !doctor.Healthy(list) {
		return errors.New("something does not work; see above")
	}
	return nil
}

// programmeCommand checks a programme's folder without starting anything.
func programmeCommand(_ context.Context, e *environment, args []string) error {
	if len(args) != 2 || args[0] != "check" {
		return errors.New("write: portal programme check DIR")
	}
	if err := programme.Check(args[1]); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%s is in order\n", args[1])
	return nil
}
