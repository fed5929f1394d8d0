package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"trustedtrader/app/identity"
	"trustedtrader/app/people"
	"trustedtrader/app/pg"
)

// inviteAdmin opens the headquarters of a new installation and invites its first
// administrator. The link is printed once; it is in an e-mail too.
func inviteAdmin(ctx context.Context, e *environment, args []string) error {
	set := flag.NewFlagSet("invite-admin", flag.ContinueOnError)
	set.SetOutput(e.out)
	hq := people.Office{}
	set.StringVar(&hq.Code, "code", "HQ", "code of the headquarters: capital letters, digits, hyphens")
	set.StringVar(&hq.Name, "name", "Headquarters", "name of the headquarters")
	set.StringVar(&hq.Zone, "zone", "", "time zone by which its legal days are counted, such as America/New_York")
	set.StringVar(&hq.Calendar, "calendar", "", "its business calendar, such as us-federal")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() != 1 || hq.Zone == "" || hq.Calendar == "" {
		return errors.New("write: portal invite-admin -zone ZONE -calendar CALENDAR EMAIL")
	}
	cfg, err := e.config()
	if err != nil {
		return err
	}
	db, err := pg.Open(ctx, string(cfg.DatabaseURL), e.log)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := wire(ctx, e, cfg, db)
	if err != nil {
		return err
	}
	link, err := p.people.EnsureFirst(ctx, identity.ClockActor("invite-admin"), hq, set.Arg(0))
	if err != nil {
		return explain(err)
	}
	fmt.Fprintf(e.out, "Open this link, sign in with %s and accept within 14 days:\n%s\n", set.Arg(0), link)
	return nil
}
