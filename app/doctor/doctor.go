// Package doctor looks at an installation the way an operator would and says, in a
// line each, what is well and what to do about the rest. `portal doctor` prints it
// and the page /admin/health shows it.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/pg"
	"trustedtrader/app/signin"
	"trustedtrader/config"
)

// State of a part.
type State string

// The states: a warning works today and will not for ever; bad does not work.
const (
	Well    State = "ok"
	Warning State = "warn"
	Bad     State = "fail"
)

// Sentence is English source text with what its verbs stand for.
type Sentence struct {
	Text string
	Args []any
}

// String renders the sentence untranslated, on one line.
func (s Sentence) String() string {
	text := s.Text
	if len(s.Args) > 0 {
		text = fmt.Sprintf(text, s.Args...)
	}
	return strings.Join(strings.Fields(text), " ")
}

// say makes a sentence; an error becomes its text, cut where a log line would be.
func say(text string, args ...any) Sentence {
	for i, a := range args {
		if err, ok := a.(error); ok {
			r := []rune(strings.Join(strings.Fields(err.Error()), " "))
			args[i] = string(r[:min(len(r), 300)])
		}
	}
	return Sentence{text, args}
}

// Finding is what was seen of one part, and what to do about it unless it is well.
type Finding struct {
	Part  string // database, sign-in, mail, storage, clock, jobs, calendars, files, scanner
	State State
	Said  Sentence
	Do    Sentence
}

// String is the line that `portal doctor` prints.
func (f Finding) String() string {
	line := fmt.Sprintf("%-4s  %-9s  %s", f.State, f.Part, f.Said)
	if f.Do.Text != "" {
		line += ". " + f.Do.String()
	}
	return line
}

// Doctor knows where to look.
type Doctor struct {
	Config    config.Config
	DB        *pg.DB // nil: it could not be opened, and Down says why
	Down      error
	OwnerURL  string // for reading the list of migrations
	Now       func() time.Time
	Providers []signin.Provider
	Calendars clock.Calendars
	Evidence  *evidence.Service // nil: files are not looked at
	Compare   time.Duration     // how long files may be compared with the database; zero: as long as everything else
}

// patience is how long one part is waited for.
const patience = 5 * time.Second

// Look examines every part at once; one that hangs delays the answer by five seconds
// at most and does not hide the others.
func (d *Doctor) Look(ctx context.Context) []Finding {
	parts := []func(context.Context) []Finding{d.database, d.signIn, d.mail, d.storage, d.clock, d.jobs, d.calendars}
	if d.Evidence != nil {
		whole := ctx
		parts = append(parts, func(context.Context) []Finding { return d.files(whole) }, d.scanner)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found := make([][]Finding, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() { found[i] = part(ctx) })
	}
	wg.Wait()
	return slices.Concat(found...)
}

// Healthy reports whether nothing is bad.
func Healthy(list []Finding) bool {
	return !slices.ContainsFunc(list, func(f Finding) bool { return f.State == Bad })
}

func well(part string, said Sentence) []Finding { return []Finding{{part, Well, said, Sentence{}}} }

func warn(part string, said, do Sentence) []Finding { return []Finding{{part, Warning, said, do}} }

func bad(part string, said, do Sentence) []Finding { return []Finding{{part, Bad, said, do}} }

// ask reads from the database, if there is one, what row level security guards.
func (d *Doctor) ask(ctx context.Context, q pg.Query) error {
	if d.DB == nil {
		return errDown
	}
	return d.DB.Batch(ctx, pg.System, q)
}

// askServer reads what the server says of itself.
func askServer[T any](ctx context.Context, d *Doctor, sql string, args ...any) (answer T, err error) {
	if d.DB == nil {
		return answer, errDown
	}
	rows, err := d.DB.Pool().Query(ctx, sql, args...)
	if err != nil {
		return answer, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
}

var errDown = errors.New("the database does not answer")

const databaseSQL = `select current_setting('server_version_num')::int / 10000 as version, rolsuper or rolbypassrls as bypasses,
	(select setting::int from pg_settings where name = 'max_connections') as connections,
	pg_database_size(current_database()) as size
	from pg_roles where rolname = current_user`

func (d *Doctor) database(ctx context.Context) []Finding {
	const part = "database"
	type server struct {
		Version     int
		Bypasses    bool
		Connections int
		Size        int64
	}
	var row server
	start, err := time.Now(), d.Down
	if d.DB != nil {
		row, err = askServer[server](ctx, d, databaseSQL)
	}
	if err != nil {
		return bad(part, say("It does not answer: %s", err), say("Start PostgreSQL, or correct DATABASE_URL"))
	}
	took, most := time.Since(start), d.DB.Pool().Config().MaxConns
	pending, err := pg.Pending(ctx, d.OwnerURL)
	switch {
	case err != nil:
		return bad(part, say("The list of migrations cannot be read: %s", err), say("Check DATABASE_OWNER_URL"))
	case row.Version < 15:
		return bad(part, say("PostgreSQL %d is too old", row.Version), say("Use PostgreSQL 15 or newer"))
	case row.Bypasses:
		return bad(part, say("The portal's role bypasses row level security, so one company could see another's data"),
			say("Take superuser and bypassrls from the role portal_app"))
	case len(pending) > 0:
		return bad(part, say("The schema lacks %s", strings.Join(pending, ", ")), say("Run `portal migrate`"))
	case int(most) > row.Connections/2:
		return warn(part, say("One portal may use %d of %d connections", most, row.Connections),
			say("Raise max_connections, or lower pool_max_conns in DATABASE_URL, before you start more portals"))
	}
	return well(part, say("PostgreSQL %d, schema up to date, %d MB, answered in %d ms", row.Version, row.Size>>20, took.Milliseconds()))
}

func (d *Doctor) signIn(ctx context.Context) []Finding {
	const part = "sign-in"
	if len(d.Providers) == 0 {
		return bad(part, say("No provider is configured, so nobody can sign in"), say("Set PORTAL_PROVIDERS"))
	}
	out := make([]Finding, len(d.Providers))
	var wg sync.WaitGroup
	for i, p := range d.Providers {
		wg.Go(func() {
			if err := p.Healthy(ctx); err != nil {
				out[i] = bad(part, say("%s (%s) does not work: %s", p.Name(), p.Issuer(), err),
					say("Ask those who run it, or correct its issuer in PORTAL_PROVIDERS. People who are signed in go on working"))[0]
				return
			}
			out[i] = well(part, say("%s (%s) answers and publishes its keys", p.Name(), p.Issuer()))[0]
		})
	}
	wg.Wait()
	return out
}

func (d *Doctor) mail(ctx context.Context) []Finding {
	const part = "mail"
	var waiting struct {
		Count  int
		Oldest *time.Time
	}
	err := d.ask(ctx, pg.One(&waiting, `select count(*)::int as count, min(created_at) as oldest from mail where sent_at is null`))
	if err != nil {
		return bad(part, say("The outbox cannot be read: %s", err), say("See to the database first"))
	}
	if d.Config.SMTPHost == "" {
		return warn(part, say("No mail server is configured. E-mails kept in the outbox: %d", waiting.Count), say("Set PORTAL_SMTP_HOST"))
	}
	address := net.JoinHostPort(d.Config.SMTPHost, strconv.Itoa(d.Config.SMTPPort))
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return bad(part, say("%s cannot be reached: %s. E-mails that wait and go out once it can: %d", address, err, waiting.Count),
			say("Start the mail server, or correct PORTAL_SMTP_HOST and PORTAL_SMTP_PORT"))
	}
	_ = conn.Close() // it was opened to see whether it opens
	if waiting.Oldest != nil && d.Now().Sub(*waiting.Oldest) > time.Hour {
		return warn(part, say("%s answers, but e-mails wait: %d, the oldest since %s", address, waiting.Count, instant(*waiting.Oldest)),
			say("Look for \"job failed\" in the log: it says what the mail server answered"))
	}
	return well(part, say("%s answers. E-mails that wait: %d", address, waiting.Count))
}

// instant is a time as an operator reads it beside a log.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func (d *Doctor) storage(context.Context) []Finding {
	const part = "storage"
	dir, err := filepath.Abs(d.Config.Data)
	if err != nil {
		return bad(part, say("The folder %s cannot be found: %s", d.Config.Data, err), say("Correct PORTAL_DATA"))
	}
	var free uint64
	f, err := os.CreateTemp(dir, ".doctor-")
	if err == nil {
		_, err = f.WriteString("can be written")
		if e := f.Close(); err == nil {
			err = e
		}
		if e := os.Remove(f.Name()); err == nil {
			err = e
		}
	}
	if err == nil {
		var s syscall.Statfs_t
		err = syscall.Statfs(dir, &s)
		free = s.Bavail * uint64(s.Bsize) >> 20
	}
	switch {
	case err != nil:
		return bad(part, say("The folder %s cannot be written: %s", dir, err), say("Make it, give it to the portal's user, or correct PORTAL_DATA"))
	case free < 1024:
		return warn(part, say("The folder %s has %d MB left", dir, free), say("Make room"))
	}
	return well(part, say("The folder %s can be written and has %d GB left", dir, free>>10))
}

// files looks whether the store for files works, and whether everything is in it that the
// database knows.
func (d *Doctor) files(ctx context.Context) []Finding {
	const part = "files"
	trying, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	at := d.Evidence.Store.Address
	if err := d.Evidence.Store.Try(trying); err != nil {
		return bad(part, say("The store %s does not take a file and give it back: %s", at, err), say("Start it, make room, let the portal's user write there, or correct PORTAL_EVIDENCE_STORE"))
	}
	if d.DB == nil {
		return bad(part, say("What is in %s cannot be compared with the database: %s", at, errDown), say("See to the database first"))
	}
	comparing, cancel := context.WithTimeout(ctx, max(patience, d.Compare))
	defer cancel()
	h, err := d.Evidence.Examine(comparing)
	switch {
	case err != nil && comparing.Err() != nil:
		return warn(part, say("%s works. To compare all of it with the database takes longer than this; files lost among the first %d: %d", at, h.Versions, h.Lost),
			say("Run `portal doctor`, which takes more time"))
	case err != nil:
		return bad(part, say("What is in %s cannot be compared with the database: %s", at, err), say("See to the database and the store first"))
	case h.Lost > 0:
		return bad(part, say("Files whose content is lost: %d of %d. The first: %s", h.Lost, h.Versions, strings.Join(h.First, "; ")),
			say("Bring the objects named in brackets back from the backup of %s", at))
	case h.Stray > 0:
		return warn(part, say("%s works and has all %d files, but also objects that belong to nothing: %d", at, h.Versions, h.Stray),
			say("They are left from work that was undone, or newer than the database if that was restored. Remove them only if you are sure"))
	}
	return well(part, say("%s takes files and gives them back. All %d are there", at, h.Versions))
}

// scanner asks the virus scanner, and how long files wait for it.
func (d *Doctor) scanner(ctx context.Context) []Finding {
	const part = "scanner"
	if d.Evidence.Scanner == nil {
		return warn(part, say("No virus scanner is configured. Who may open files that were not scanned: %s", policyWords(d.Evidence.Policy)), say("Set PORTAL_CLAMD"))
	}
	var waiting struct {
		Count  int
		Oldest *time.Time
	}
	err := d.ask(ctx, pg.One(&waiting, `select count(*)::int as count, min(uploaded_at) as oldest from evidence_version where scan = 'waiting'`))
	if err != nil {
		return bad(part, say("The files that wait cannot be counted: %s", err), say("See to the database first"))
	}
	version, err := d.Evidence.Scanner.Ping(ctx)
	switch {
	case err != nil:
		return bad(part, say("It does not answer: %s. Files that wait and cannot be opened: %d", err, waiting.Count), say("Start clamd, or correct PORTAL_CLAMD"))
	case waiting.Oldest != nil && d.Now().Sub(*waiting.Oldest) > time.Hour:
		return warn(part, say("%s answers, but files wait: %d, the oldest since %s", version, waiting.Count, instant(*waiting.Oldest)), say("Look for \"job failed\" in the log"))
	}
	return well(part, say("%s answers. Files that wait: %d", version, waiting.Count))
}

func policyWords(p evidence.Policy) string {
	switch p {
	case evidence.OnlyCompany:
		return "only the company whose they are"
	case evidence.Refuse:
		return "nobody"
	}
	return "everybody who may see them"
}

// apart is how far the clocks may differ: a deadline is a day, a sign-in half a minute.
const apart = 5 * time.Second

func (d *Doctor) clock(ctx context.Context) []Finding {
	const part = "clock"
	before := d.Now()
	answer, err := askServer[struct{ Now time.Time }](ctx, d, `select clock_timestamp() as now`)
	theirs := answer.Now
	if err != nil {
		return bad(part, say("The database's clock cannot be read: %s", err), say("See to the database first"))
	}
	after := d.Now()
	var off time.Duration // what the way there and back does not explain
	switch {
	case theirs.Before(before):
		off = before.Sub(theirs)
	case theirs.After(after):
		off = theirs.Sub(after)
	}
	if off > apart {
		return bad(part, say("This machine and the database differ by %s; deadlines and sign-in depend on it", off.Round(time.Second)), say("Set up NTP on both"))
	}
	return well(part, say("It agrees with the database's"))
}

func (d *Doctor) jobs(ctx context.Context) []Finding {
	const part = "jobs"
	type queue struct {
		Late, Failed int
		LastSweep    *time.Time
	}
	row, err := askServer[queue](ctx, d, `select
		count(*) filter (where state in ('available', 'retryable') and scheduled_at < $1::timestamptz - interval '5 minutes')::int as late,
		count(*) filter (where state = 'discarded')::int as failed,
		max(finalized_at) filter (where state = 'completed' and kind = '`+clock.SweepArgs{}.Kind()+`') as last_sweep
		from `+pg.JobSchema+`.river_job`, d.Now())
	switch {
	case err != nil:
		return bad(part, say("The queue cannot be read: %s", err), say("See to the database first"))
	case row.Late > 0:
		return bad(part, say("Jobs that nobody has worked for five minutes: %d", row.Late), say("Start a portal, or look for \"job failed\" in its log"))
	case row.Failed > 0:
		return warn(part, say("Jobs that were given up in the last days: %d", row.Failed), say("Look for \"job failed\" in the log: it says why"))
	case row.LastSweep == nil:
		return warn(part, say("The deadlines have not been looked at yet"), say("Wait a quarter of an hour after the first start, then look again"))
	case d.Now().Sub(*row.LastSweep) > time.Hour:
		return bad(part, say("The deadlines were last looked at on %s", instant(*row.LastSweep)), say("Start a portal: one must always run"))
	}
	return well(part, say("Up to date; the deadlines were last looked at on %s", instant(*row.LastSweep)))
}

// calendars warns before a table of holidays ends: a date past it would be a guess.
func (d *Doctor) calendars(context.Context) (out []Finding) {
	const part = "calendars"
	do := say("Add the holidays that follow to config/calendars and install the portal anew")
	year := d.Now().Year()
	for _, code := range slices.Sorted(maps.Keys(d.Calendars)) {
		switch _, until := d.Calendars[code].CoveredYears(); {
		case until < year:
			out = append(out, bad(part, say("The holidays of %s ended with %d", code, until), do)...)
		case until == year:
			out = append(out, warn(part, say("The holidays of %s end with this year", code), do)...)
		}
	}
	if out == nil {
		return well(part, say("Every table of holidays covers next year"))
	}
	return out
}
