// Command portal runs the trusted trader portal. Each subcommand is a few lines
// over a package of app/; `portal help` lists them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"trustedtrader/app/fault"
	"trustedtrader/config"
)

// command is one thing an operator can do.
type command struct {
	name, args, doc string
	run             func(ctx context.Context, e *environment, args []string) error
}

// environment is what every command gets from the process.
type environment struct {
	getenv func(string) string
	out    io.Writer
	log    *slog.Logger
}

// config reads the settings; every problem is reported at once.
func (e *environment) config() (config.Config, error) {
	c, err := config.Load(e.getenv)
	if err != nil {
		return c, fmt.Errorf("the settings have problems:\n%w", err)
	}
	return c, nil
}

func commands() []command {
	list := []command{
		{"serve", "", "serve the portal; needs a migrated database", serve},
		{"migrate", "", "bring the database's schema up to date", migrate},
		{"doctor", "", "look at database, provider, mail, storage, clock, jobs and files, and say what is wrong", runDoctor},
		{"invite-admin", "-zone Z -calendar C EMAIL", "open the headquarters and invite the first administrator", inviteAdmin},
		{"programme", "check|diff|export-oscal|import-oscal …", "check a programme's folder, compare editions of its criteria, exchange them as OSCAL", programmeCommand},
		{"feed-key", "", "print the public key of the daily files for the single window", printFeedKey},
		{"keys", "", "print the public keys that verify certificates and answers to partner agencies (JWKS)", printKeys},
		{"verify", "-keys FILE -list FILE CODE", "verify the code of a certificate; needs nothing else, and no network", verifyCode},
		{"verify-feed", "-key KEY FILE MANIFEST", "verify a daily file for the single window; needs nothing else", verifyFeed},
		{"verify-audit", "[-heads FILE]", "compute the hashes of all recorded checks again, and print where their chains stand", verifyAudit},
		{"config", "", "print every setting with its value, secrets masked", printConfig},
	}
	list = append(list, developmentCommands()...)
	slices.SortFunc(list, func(a, b command) int { return compare(a.name, b.name) })
	return list
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // the heap is small: memory is cheaper here than collecting it often
	}
	e := &environment{getenv: os.Getenv, out: os.Stdout, log: slog.New(slog.NewJSONHandler(os.Stderr, nil))}
	if err := run(ctx, e, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "portal:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("unknown command; `portal help` lists what there is")

func run(ctx context.Context, e *environment, args []string) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		for _, c := range commands() {
			fmt.Fprintf(e.out, "  portal %-42s %s\n", c.name+" "+c.args, c.doc)
		}
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, e, args[1:])
		}
	}
	return errUsage
}

func printConfig(_ context.Context, e *environment, _ []string) error {
	c, err := e.config()
	for _, s := range c.Settings() {
		fmt.Fprintf(e.out, "%-26s %-28s %s\n", s.Name, s.Value, s.Doc)
	}
	return err
}

// explain writes a refusal with its fields out for a terminal.
func explain(err error) error {
	list := []error{err}
	for _, f := range fault.Fields(err) {
		list = append(list, fmt.Errorf("%s: "+f.Message, append([]any{f.Name}, f.Args...)...))
	}
	return errors.Join(list...)
}
