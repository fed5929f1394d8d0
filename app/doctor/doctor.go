// Package doctor looks at an installation the way an operator would and says, in a
// line each, what is well and what to do about the rest. `portal doctor` prints it
// and the page /admin/health shows it.
package doctor

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
	"trustedtrader/app/signin"
	"trustedtrader/config"
)

// State of a part.
type State string

// The states: a warning works today and will not for ever; bad does not work.
const (
	Well    State = "well"
	Warning State = "warning"
	Bad     State = "bad"
)

// Finding is what was seen of one part.
type Finding struct {
	Part  string // database, sign-in, mail, storage, clock, jobs, calendars
	State State
	Text  string
}

// Doctor knows where to look.
type Doctor struct {
	Config    config.Config
	DB        *pg.DB
	OwnerURL  string // for reading the list of migrations
	Now       func() time.Time
	Providers []signin.Provider
	Calendars clock.Calendars
}

// Look examines every part; each gets a few seconds, and one that hangs does not
// hide the others.
func (d *Doctor) Look(ctx context.Context) []Finding {
	var out []Finding
	for _, part := range []func(context.Context) []Finding{d.database, d.signIn, d.mail, d.storage, d.clock, d.jobs, d.calendars} {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		out = append(out, part(ctx)...)
		cancel()
	}
	return out
}

// Healthy reports whether nothing is bad.
func Healthy(list []Finding) bool {
	for _, f := range list {
		if f.State == Bad {
			return false
		}
	}
	return true
}

func one(part string, state State, format string, args ...any) []Finding {
	return []Finding{{part, state, fmt.Sprintf(format, args...)}}
}

const databaseSQL = `select current_setting('server_version_num')::int / 10000 as version, rolsuper or rolbypassrls as bypasses,
	(select setting::int from pg_settings where name = 'max_connections') as connections,
	pg_database_size(current_database()) as size
	from pg_roles where rolname = current_user`

func (d *Doctor) database(ctx context.Context) []Finding {
	var row struct {
		Version     int
		Bypasses    bool
		Connections int
		Size        int64
	}
	start := time.Now()
	if err := d.DB.Batch(ctx, pg.System, pg.One(&row, databaseSQL)); err != nil {
		return one("database", Bad, "does not answer: %v", err)
	}
	took := time.Since(start)
	pending, err := pg.Pending(ctx, d.OwnerURL)
	switch {
	case err != nil:
		return one("database", Bad, "the list of migrations cannot be read: %v", err)
	case row.Version < 15:
		return one("database", Bad, "PostgreSQL %d is too old; use 15 or newer", row.Version)
	case row.Bypasses:
		return one("database", Bad, "the portal's role bypasses row level security")
	case len(pending) > 0:
		return one("database", Bad, "lacks %s; run `portal migrate`", strings.Join(pending, ", "))
	case int(d.DB.Pool().Config().MaxConns) > row.Connections/2:
		return one("database", Warning, "one replica may use %d of %d connections", d.DB.Pool().Config().MaxConns, row.Connections)
	}
	return one("database", Well, "PostgreSQL %d, schema up to date, %d MB, answered in %d ms", row.Version, row.Size>>20, took.Milliseconds())
}

func (d *Doctor) signIn(ctx context.Context) (out []Finding) {
	if len(d.Providers) == 0 {
		return one("sign-in", Bad, "no provider is configured; set PORTAL_PROVIDERS")
	}
	for _, p := range d.Providers {
		if err := p.Healthy(ctx); err != nil {
			out = append(out, Finding{"sign-in", Bad, fmt.Sprintf("%s (%s): %v", p.Name(), p.Issuer(), err)})
			continue
		}
		out = append(out, Finding{"sign-in", Well, fmt.Sprintf("%s (%s) answers, its keys are good", p.Name(), p.Issuer())})
	}
	return out
}

func (d *Doctor) mail(ctx context.Context) []Finding {
	var waiting struct {
		Count  int
		Oldest *time.Time
	}
	err := d.DB.Batch(ctx, pg.System, pg.One(&waiting, `select count(*)::int as count, min(created_at) as oldest from mail where sent_at is null`))
	if err != nil {
		return one("mail", Bad, "the outbox cannot be read: %v", err)
	}
	if d.Config.SMTPHost == "" {
		return one("mail", Warning, "no mail server is configured (PORTAL_SMTP_HOST); %d e-mails are kept in the outbox", waiting.Count)
	}
	address := net.JoinHostPort(d.Config.SMTPHost, strconv.Itoa(d.Config.SMTPPort))
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return one("mail", Bad, "%s cannot be reached: %v; %d e-mails wait and will go out once it can", address, err, waiting.Count)
	}
	if err := conn.Close(); err != nil {
		return one("mail", Warning, "%s: %v", address, err)
	}
	if waiting.Oldest != nil && d.Now().Sub(*waiting.Oldest) > time.Hour {
		return one("mail", Warning, "%s answers, but %d e-mails wait, the oldest since %s", address, waiting.Count, waiting.Oldest.Format(time.RFC3339))
	}
	return one("mail", Well, "%s answers, %d e-mails wait", address, waiting.Count)
}

func (d *Doctor) storage(context.Context) []Finding {
	dir, err := filepath.Abs(d.Config.Data)
	if err != nil {
		return one("storage", Bad, "%v", err)
	}
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return one("storage", Bad, "%s cannot be written: %v", dir, err)
	}
	name := f.Name()
	if err := f.Close(); err != nil {
		return one("storage", Bad, "%s: %v", dir, err)
	}
	if err := os.Remove(name); err != nil {
		return one("storage", Bad, "%s: %v", dir, err)
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return one("storage", Warning, "%s: free space unknown: %v", dir, err)
	}
	free := s.Bavail * uint64(s.Bsize) >> 20
	if free < 1024 {
		return one("storage", Warning, "%s has %d MB free; make room", dir, free)
	}
	return one("storage", Well, "%s can be written, %d GB free", dir, free>>10)
}

func (d *Doctor) clock(ctx context.Context) []Finding {
	var theirs time.Time
	before := d.Now()
	if err := d.DB.Batch(ctx, pg.System, pg.Value(&theirs, `select clock_timestamp()`)); err != nil {
		return one("clock", Bad, "the database's clock cannot be read: %v", err)
	}
	if off := theirs.Sub(before); off > 5*time.Second || off < -5*time.Second {
		return one("clock", Bad, "this machine and the database differ by %s; deadlines depend on it: set up NTP on both", off.Round(time.Second))
	}
	return one("clock", Well, "agrees with the database's")
}

func (d *Doctor) jobs(ctx context.Context) []Finding {
	var row struct {
		Late, Failed int
		Oldest       *time.Time
		LastSweep    *time.Time
	}
	err := d.DB.Batch(ctx, pg.System, pg.One(&row, `select
		count(*) filter (where state in ('available', 'retryable') and scheduled_at < $1 - interval '5 minutes')::int as late,
		count(*) filter (where state = 'discarded')::int as failed,
		min(scheduled_at) filter (where state in ('available', 'retryable')) as oldest,
		max(finalized_at) filter (where state = 'completed' and kind = 'clock_sweep') as last_sweep
		from `+pg.JobSchema+`.river_job`, d.Now()))
	switch {
	case err != nil:
		return one("jobs", Bad, "the queue cannot be read: %v", err)
	case row.Late > 0:
		return one("jobs", Bad, "%d jobs are late; is a portal running?", row.Late)
	case row.Failed > 0:
		return one("jobs", Warning, "%d jobs were given up; see the log for why", row.Failed)
	case row.LastSweep == nil:
		return one("jobs", Warning, "the deadlines have not been looked at yet; they are within 15 minutes of the start")
	case d.Now().Sub(*row.LastSweep) > time.Hour:
		return one("jobs", Bad, "the deadlines were last looked at %s; is a portal running?", row.LastSweep.Format(time.RFC3339))
	}
	return one("jobs", Well, "up to date; deadlines last looked at %s", row.LastSweep.Format(time.RFC3339))
}

// calendars warns before a table of holidays ends: a date past it would be a guess.
func (d *Doctor) calendars(context.Context) (out []Finding) {
	year := d.Now().Year()
	for code, c := range d.Calendars {
		switch _, until := c.CoveredYears(); {
		case until < year:
			out = append(out, Finding{"calendars", Bad, fmt.Sprintf("%s ended with %d: add the holidays that follow", code, until)})
		case until == year:
			out = append(out, Finding{"calendars", Warning, fmt.Sprintf("%s ends with this year: add the holidays that follow", code)})
		}
	}
	if out == nil {
		return one("calendars", Well, "every table of holidays covers next year")
	}
	return out
}
