package doctor_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"trustedtrader/app/apptest"
	"trustedtrader/app/blob"
	"trustedtrader/app/clock"
	"trustedtrader/app/doctor"
	"trustedtrader/app/evidence"
	"trustedtrader/app/identity"
	"trustedtrader/app/identity/devidp"
	"trustedtrader/app/identity/oidcrp"
	"trustedtrader/app/pg"
	"trustedtrader/app/signin"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// ward is an installation in which all is well, for the test to break.
type ward struct {
	t   *testing.T
	d   *doctor.Doctor
	idp *devidp.Server
	dsn string
}

func newWard(t *testing.T) *ward {
	t.Helper()
	w := &ward{t: t, dsn: apptest.DSN(t)}
	db, err := pg.Open(t.Context(), w.dsn, apptest.Quiet())
	w.must(err)
	t.Cleanup(db.Close)
	w.idp, err = devidp.Start(devidp.Config{Env: "dev", Listen: "127.0.0.1:0", Audiences: []devidp.Audience{
		{ID: "staff", Name: "Staff", Clients: []devidp.Client{{ID: "portal"}}}}})
	w.must(err)
	t.Cleanup(func() {
		if err := w.idp.Close(); err != nil {
			t.Error(err)
		}
	})
	mail, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	t.Cleanup(func() { _ = mail.Close() })
	tables, err := fs.Sub(config.Programmes, "calendars")
	w.must(err)
	calendars, err := clock.LoadCalendars(tables)
	w.must(err)
	w.d = &doctor.Doctor{
		Config: config.Config{Data: t.TempDir(), SMTPHost: "127.0.0.1", SMTPPort: mail.Addr().(*net.TCPAddr).Port},
		DB:     db, OwnerURL: w.dsn, Now: pg.Now, Calendars: calendars, Providers: []signin.Provider{w.provider("staff")},
	}
	w.sql(`insert into river.river_job (state, kind, args, max_attempts, queue, finalized_at, scheduled_at) values ('completed', 'clock_sweep', '{}', 1, 'default', now(), now())`)
	return w
}

func (w *ward) provider(id string) signin.Provider {
	back, err := url.Parse("http://localhost:8080/callback")
	w.must(err)
	p, err := oidcrp.New(oidcrp.Config{ID: id, Name: "The " + id + " account", Issuer: w.idp.Issuer(id), ClientID: "portal", RedirectURL: back},
		&http.Client{Timeout: 2 * time.Second}, pg.Now)
	w.must(err)
	return signin.Provider{Provider: p, Audience: identity.Staff}
}

func (w *ward) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// sql runs statements as the owner of the database, or of another one of the server.
func (w *ward) sql(statements ...string) { w.t.Helper(); w.sqlAt(w.dsn, statements...) }

func (w *ward) sqlAt(dsn string, statements ...string) {
	w.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	w.must(err)
	defer func() { w.must(conn.Close(ctx)) }()
	for _, s := range statements {
		_, err := conn.Exec(ctx, s)
		w.must(err)
	}
}

// look finds one part in the state wanted, and checks every line.
func (w *ward) look(part string, state doctor.State, words ...string) {
	w.t.Helper()
	var of []string
	for _, f := range w.d.Look(w.t.Context()) {
		line := f.String()
		if strings.Contains(line, "%!") || strings.Contains(line, "\n") || !strings.HasPrefix(line, string(f.State)) {
			w.t.Errorf("the line %q", line)
		}
		if (f.State == doctor.Well) != (f.Do.Text == "") {
			w.t.Errorf("says what to do when nothing is, or the other way round: %q", line)
		}
		if f.Part != part {
			continue
		}
		of = append(of, line)
		matches := f.State == state
		for _, word := range words {
			matches = matches && strings.Contains(line, word)
		}
		if matches {
			return
		}
	}
	w.t.Errorf("%s is not %s with %q but %q", part, state, words, of)
}

func TestAllWell(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	list := w.d.Look(t.Context())
	if len(list) != 7 || !doctor.Healthy(list) {
		t.Errorf("%d findings", len(list))
	}
	for i, part := range []string{"database", "sign-in", "mail", "storage", "clock", "jobs", "calendars"} {
		if list[i].Part != part || list[i].State != doctor.Well && part != "calendars" && part != "database" {
			t.Errorf("%s", list[i])
		}
	}
	files, err := os.ReadDir(w.d.Config.Data)
	if err != nil || len(files) != 0 {
		t.Errorf("left %v behind, %v", files, err)
	}
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	t.Run("down and back", func(t *testing.T) {
		t.Parallel()
		w := newWard(t)
		cfg, err := pgx.ParseConfig(w.dsn)
		w.must(err)
		server := apptest.WithDatabase(w.dsn, "postgres")
		w.sqlAt(server, "alter database "+cfg.Database+" with allow_connections false",
			"select pg_terminate_backend(pid) from pg_stat_activity where datname = '"+cfg.Database+"'")
		w.look("database", doctor.Bad, "does not answer", "Start PostgreSQL")
		w.look("clock", doctor.Bad, "See to the database first")
		w.look("jobs", doctor.Bad, "See to the database first")
		w.look("mail", doctor.Bad, "See to the database first")
		w.look("storage", doctor.Well) // one that is broken does not hide the others
		w.look("sign-in", doctor.Well)
		w.sqlAt(server, "alter database "+cfg.Database+" with allow_connections true")
		w.look("database", doctor.Well, "schema up to date")
	})
	t.Run("never reached", func(t *testing.T) {
		t.Parallel()
		w := newWard(t)
		_, w.d.Down = pg.Open(t.Context(), "postgres://nobody:s3cret@127.0.0.1:1/none", apptest.Quiet())
		w.d.DB = nil
		w.look("database", doctor.Bad, "does not answer")
		w.look("storage", doctor.Well)
		for _, f := range w.d.Look(t.Context()) {
			if strings.Contains(f.String(), "s3cret") {
				t.Errorf("tells the password: %s", f)
			}
		}
	})
	t.Run("migration pending", func(t *testing.T) {
		t.Parallel()
		w := newWard(t)
		w.sql(`delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)`)
		w.look("database", doctor.Bad, "lacks", "Run `portal migrate`")
	})
	t.Run("owner's address wrong", func(t *testing.T) {
		t.Parallel()
		w := newWard(t)
		w.d.OwnerURL = "postgres://owner:s3cret@127.0.0.1:1/none"
		w.look("database", doctor.Bad, "list of migrations", "DATABASE_OWNER_URL")
	})
	t.Run("few connections", func(t *testing.T) {
		t.Parallel()
		w := newWard(t)
		dsn := w.dsn + " pool_max_conns=500"
		if strings.HasPrefix(w.dsn, "postgres") {
			u, err := url.Parse(w.dsn)
			w.must(err)
			q := u.Query()
			q.Set("pool_max_conns", "500")
			u.RawQuery = q.Encode()
			dsn = u.String()
		}
		db, err := pg.Open(t.Context(), dsn, apptest.Quiet())
		w.must(err)
		t.Cleanup(db.Close)
		w.d.DB = db
		w.look("database", doctor.Warning, "500 of", "Raise max_connections")
	})
}

func TestProviders(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	w.d.Providers = append(w.d.Providers, w.provider("unheard-of"))
	w.look("sign-in", doctor.Well, "The staff account")
	w.look("sign-in", doctor.Bad, "The unheard-of account", "Ask those who run it")
	w.d.Providers = []signin.Provider{w.provider("staff")} // the answer is remembered for a while
	w.idp.Down(true)
	w.look("sign-in", doctor.Bad, "The staff account")
	w.idp.Down(false)
	w.d.Providers = []signin.Provider{w.provider("staff")}
	w.look("sign-in", doctor.Well)
	w.d.Providers = nil
	w.look("sign-in", doctor.Bad, "nobody can sign in", "PORTAL_PROVIDERS")
}

func TestSlowProviderHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	w.d.Providers = append(w.d.Providers, w.provider("staff"))
	w.idp.Slow(time.Minute)
	start := time.Now()
	w.look("sign-in", doctor.Bad)
	w.look("storage", doctor.Well)
	if took := time.Since(start); took > 12*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestMail(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	w.look("mail", doctor.Well, "E-mails that wait: 0")
	w.sql(`insert into mail (id, to_address, subject, body, created_at) values (gen_random_uuid(), 'a@example.org', 's', 'b', now() - interval '2 hours')`)
	w.look("mail", doctor.Warning, "wait: 1", "job failed")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	w.d.Config.SMTPPort = l.Addr().(*net.TCPAddr).Port
	w.must(l.Close())
	w.look("mail", doctor.Bad, strconv.Itoa(w.d.Config.SMTPPort), "cannot be reached", "PORTAL_SMTP_HOST")
	w.d.Config.SMTPHost = ""
	w.look("mail", doctor.Warning, "No mail server", "outbox: 1", "PORTAL_SMTP_HOST")
}

func TestStorage(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	missing := filepath.Join(w.d.Config.Data, "missing")
	w.d.Config.Data = missing
	w.look("storage", doctor.Bad, missing, "cannot be written", "PORTAL_DATA")
	w.must(os.WriteFile(missing, nil, 0o600)) // a file where a folder should be
	w.look("storage", doctor.Bad, "cannot be written")
}

func TestClock(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	for off, state := range map[time.Duration]doctor.State{0: doctor.Well, 3 * time.Second: doctor.Well, -3 * time.Second: doctor.Well, 10 * time.Second: doctor.Bad, -10 * time.Minute: doctor.Bad} {
		w.d.Now = func() time.Time { return pg.Now().Add(off) }
		w.look("clock", state)
	}
	w.d.Now = func() time.Time { return pg.Now().Add(-10 * time.Minute) }
	w.look("clock", doctor.Bad, "differ by 10m0s", "NTP")
}

func TestJobs(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	add := func(state, when string) {
		w.sql(`insert into river.river_job (state, kind, args, max_attempts, queue, scheduled_at, finalized_at) values ('` + state + `', 'mail', '{}', 1, 'default', now() - interval '` + when + `', ` +
			map[bool]string{true: "now()", false: "null"}[state == "discarded"] + `)`)
	}
	add("available", "1 minute")
	w.look("jobs", doctor.Well)
	add("discarded", "1 day")
	w.look("jobs", doctor.Warning, "given up", ": 1")
	add("retryable", "6 minutes")
	w.look("jobs", doctor.Bad, "five minutes: 1", "Start a portal")
	w.sql(`delete from river.river_job`)
	w.look("jobs", doctor.Warning, "not been looked at yet")
	w.sql(`insert into river.river_job (state, kind, args, max_attempts, queue, finalized_at) values ('completed', 'clock_sweep', '{}', 1, 'default', now() - interval '61 minutes')`)
	w.look("jobs", doctor.Bad, "last looked at on", "Start a portal")
}

func TestCalendars(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	_, until := w.d.Calendars["us-federal"].CoveredYears()
	w.d.Calendars = clock.Calendars{"us-federal": w.d.Calendars["us-federal"]}
	for year, state := range map[int]doctor.State{until - 1: doctor.Well, until: doctor.Warning, until + 1: doctor.Bad} {
		w.d.Now = func() time.Time { return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC) }
		words := []string{"us-federal", "Add the holidays"}
		if state == doctor.Well {
			words = nil
		}
		w.look("calendars", state, words...)
	}
}

// answering is a scanner that answers, or not.
type answering struct{ err error }

func (answering) Scan(context.Context, evidence.Content) (string, error) { return "", nil }

func (a answering) Ping(context.Context) (string, error) { return "ClamAV 1.4.2", a.err }

func TestFiles(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	dir := filepath.Join(t.TempDir(), "evidence")
	store, err := blob.Open(t.Context(), blob.Settings{Folder: dir})
	w.must(err)
	w.d.Evidence = &evidence.Service{DB: w.d.DB, Now: pg.Now, Store: store}
	w.look("files", doctor.Well, dir, "All 0 are there")
	w.look("scanner", doctor.Warning, "No virus scanner", "everybody who may see them", "PORTAL_CLAMD")
	w.d.Evidence.Policy = evidence.Refuse
	w.look("scanner", doctor.Warning, "nobody")

	company, office, item := pg.NewID(), pg.NewID(), pg.NewID()
	w.sql(`insert into office (id, code, name, zone, calendar, created_at) values ('`+office.String()+`', 'HQ', 'HQ', 'UTC', 'us-federal', now())`,
		`insert into company (id, name, country, office_id, created_at) values ('`+company.String()+`', 'Harbor', 'US', '`+office.String()+`', now())`,
		`insert into evidence (id, company_id, kind, title, created_at, author) values ('`+item.String()+`', '`+company.String()+`', 'file', 'Seals', now(), 'x')`,
		`insert into evidence_version (evidence_id, company_id, number, file_name, media_type, size, sha256, blob_key, scan, uploaded_at, author)
			values ('`+item.String()+`', '`+company.String()+`', 1, 'seals.pdf', 'application/pdf', 1, 'x', 'e/aa/lost', 'waiting', now() - interval '2 hours', 'x')`)
	w.look("files", doctor.Bad, "lost: 1 of 1", "Harbor: seals.pdf, version 1 (e/aa/lost)", "backup")
	_, err = store.Write(t.Context(), make([]byte, blob.KeySize), "e/aa/lost", strings.NewReader("x"), 1)
	w.must(err)
	w.look("files", doctor.Well, "All 1 are there")
	_, err = store.Write(t.Context(), make([]byte, blob.KeySize), "e/aa/stray", strings.NewReader("x"), 1)
	w.must(err)
	w.look("files", doctor.Warning, "belong to nothing: 1")

	w.d.Evidence.Scanner = answering{}
	w.look("scanner", doctor.Warning, "ClamAV 1.4.2 answers, but files wait: 1")
	w.d.Evidence.Scanner = answering{errors.New("connection refused")}
	w.look("scanner", doctor.Bad, "connection refused", "cannot be opened: 1", "Start clamd")
	w.sql(`update evidence_version set scan = 'clean'`)
	w.d.Evidence.Scanner = answering{}
	w.look("scanner", doctor.Well, "Files that wait: 0")

	w.must(os.RemoveAll(dir))
	w.must(os.WriteFile(dir, nil, 0o600))
	w.look("files", doctor.Bad, dir, "PORTAL_EVIDENCE_STORE")
	w.look("storage", doctor.Well)
	away, err := blob.Open(t.Context(), blob.Settings{Address: "s3://evidence?endpoint=http://127.0.0.1:1", KeyID: "id", Secret: "s3cret"})
	w.must(err)
	w.d.Evidence.Store = away
	w.look("files", doctor.Bad, "s3://evidence", "does not take a file")
}
