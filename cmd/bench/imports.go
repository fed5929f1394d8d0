package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"trustedtrader/app/apptest"
	"trustedtrader/app/benefit"
	"trustedtrader/app/blob"
	"trustedtrader/app/evidence"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/config"
)

// The goals of imports of benefit events.
const (
	importRows = 1_000_000
	importGoal = 3.0   // times a plain COPY of the same rows into a table with the same indexes
	memoryGoal = 200.0 // MB of the program that reads the file
	casePage   = 200.0 // ms in which the figures of a company with a million entries are answered
)

// importFiles writes a report as a company brings it, and the same rows as COPY takes them.
func importFiles(dir string, rows int, company uuid.UUID) (report, plain string, err error) {
	report, plain = filepath.Join(dir, "report.csv"), filepath.Join(dir, "rows.txt")
	a, err := os.Create(report)
	if err != nil {
		return "", "", err
	}
	b, err := os.Create(plain)
	if err != nil {
		return "", "", err
	}
	csv, txt := bufio.NewWriterSize(a, 1<<20), bufio.NewWriterSize(b, 1<<20)
	_, _ = csv.WriteString("Entry Summary Number,Line Number,Entry Date,Mode of Transportation,Port of Entry,Country of Origin,Value,HTS,Manufacturer ID,Duty,Importer\n")
	modes := [][2]string{{"11", "sea"}, {"30", "truck"}, {"40", "air"}, {"20", "rail"}}
	ports := [][2]string{{"2704", "los_angeles"}, {"4601", "new_york"}, {"2304", "laredo"}, {"3901", "chicago"}, {"1703", "savannah"}, {"5301", "houston"}, {"9999", "other"}}
	countries := []string{"CN", "MX", "VN", "DE", "JP"}
	id := uuid.New()
	for n := range rows {
		entry, line := n/4, n%4+1 // four lines an entry
		mode, port, country := modes[entry%4], ports[entry%7], countries[n%5]
		day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, entry*330/(rows/4))
		fmt.Fprintf(csv, "ABC-%07d-%d,%d,%s,%s,%s,%s,%d.%02d,8471.30.0100,CNABCMFG%d,%d.00,12-3456789\n", entry, entry%10, line, day.Format("01/02/2006"), mode[0], port[0], country, n%9000, n%100, n%977, n%50)
		fmt.Fprintf(txt, "%s\t%s\t%d\t0\tentry\t%s\t%s\tABC%07d%d\t%d\t\t%s\t%s\t%s\t%s\t\t\\N\t\\N\t\\N\t\\N\t\\N\t%d.%02d\t\\N\t\\N\tUSD\t\\N\n", company, id, n+2, day.Format(time.DateOnly), day.Format("2006-01")+"-01",
			entry, entry%10, line, mode[1], port[0], port[1], country, n%9000, n%100)
	}
	return report, plain, errors.Join(csv.Flush(), txt.Flush(), a.Close(), b.Close())
}

// plainCopy is how long PostgreSQL takes for the rows alone, into a table with what including
// says of the portal's own.
func plainCopy(ctx context.Context, conn *pgx.Conn, file, including string) (time.Duration, error) {
	if _, err := conn.Exec(ctx, `drop table if exists plain; create table plain (like benefit_event `+including+`); checkpoint`); err != nil {
		return 0, err
	}
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	begun := time.Now()
	_, err = conn.PgConn().CopyFrom(ctx, bufio.NewReaderSize(f, 1<<20), "copy plain from stdin")
	return time.Since(begun), err
}

// What the table of a plain COPY has of the portal's own.
const (
	sameIndexes = "including all"
	noIndexes   = ""
)

// copies measures both plain COPYs once and adds to what they took.
func copies(ctx context.Context, conn *pgx.Conn, file string, took map[string]time.Duration) error {
	for _, including := range []string{sameIndexes, noIndexes} {
		d, err := plainCopy(ctx, conn, file, including)
		if err != nil {
			return err
		}
		took[including] += d
	}
	return nil
}

// used is the memory of this program in MB that it did not give back.
func used() float64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return float64(s[0].Value.Uint64()-s[1].Value.Uint64()) / (1 << 20)
}

// most follows the memory until stop is called.
func most() (stop func() float64) {
	done, peak := make(chan struct{}), make(chan float64)
	go func() {
		top := 0.0
		for {
			select {
			case <-done:
				peak <- top
				return
			case <-time.After(20 * time.Millisecond):
				top = max(top, used())
			}
		}
	}()
	return func() float64 { close(done); return <-peak }
}

// importer is a service and a company whose owner brings files.
func (b *bench) importer(ctx context.Context, dsn string, conn *pgx.Conn) (s *benefit.Service, by identity.Actor, end func(), err error) {
	by = identity.Actor{Audience: identity.Companies, Role: identity.Owner, Name: "Olivia Owner"}
	err = conn.QueryRow(ctx, `with o as (insert into office (code, name, zone, calendar, created_at) values ('HQ', 'Headquarters', 'America/New_York', 'us-federal', now()) returning id),
		p as (insert into person (issuer, subject, email, email_verified, name, created_at) values ('i', 's', 'o@trader.example', true, 'Olivia Owner', now()) returning id),
		c as (insert into company (id, name, legal_form, country, registration, office_id, created_at) select gen_random_uuid(), 'Bench Imports', 'LLC', 'US', '12-345', id, now() from o returning id)
		select (select id from c), (select id from p)`).Scan(&by.CompanyID, &by.PersonID)
	if err != nil {
		return nil, by, nil, err
	}
	db, err := pg.Open(ctx, dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, by, nil, err
	}
	store, err := blob.Open(ctx, blob.Settings{Folder: filepath.Join(b.dir, "spool")})
	if err != nil {
		return nil, by, nil, err
	}
	files, err := fs.Sub(config.Imports, "imports")
	if err != nil {
		return nil, by, nil, err
	}
	data, err := benefit.LoadData(files)
	if err != nil {
		return nil, by, nil, err
	}
	s = &benefit.Service{DB: db, Now: func() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) }, Data: data,
		Evidence: &evidence.Service{DB: db, Now: pg.Now, Log: slog.New(slog.DiscardHandler), Store: store, Master: make([]byte, blob.KeySize), Quota: 1 << 40}}
	return s, by, func() { db.Close(); _ = store.Close() }, nil
}

// imports measures a file of a million entry lines beside a plain COPY of them.
func (b *bench) imports(ctx context.Context, server string, rows int) error {
	if err := createDatabase(ctx, server, "imports"); err != nil {
		return err
	}
	dsn := apptest.WithDatabase(server, "imports")
	if err := pg.Migrate(ctx, dsn, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	s, by, end, err := b.importer(ctx, dsn, conn)
	if err != nil {
		return err
	}
	defer end()
	report, plain, err := importFiles(b.dir, rows, by.CompanyID)
	if err != nil {
		return err
	}
	plainly := map[string]time.Duration{} // of two each: before the import, and after it
	if err := copies(ctx, conn, plain, plainly); err != nil {
		return err
	}
	debug.FreeOSMemory()
	stop := most()
	took, err := b.bring(ctx, s, by, report, rows)
	peak := stop()
	if err != nil {
		return err
	}
	if err := copies(ctx, conn, plain, plainly); err != nil {
		return err
	}
	same, bare := plainly[sameIndexes].Seconds()/2, plainly[noIndexes].Seconds()/2
	b.say("import of %s entry lines: %.1f s, at most %.0f MB", count(rows), took.Seconds(), peak)
	b.say("COPY of the same rows to the same indexes: %.1f s, the import takes %.2f times as long (goal %.1f)", same, took.Seconds()/same, importGoal)
	b.say("COPY of the same rows to a table without an index: %.1f s, the import takes %.2f times as long", bare, took.Seconds()/bare)
	b.row(fmt.Sprintf("import of %s entry lines beside a plain COPY to the same indexes", count(rows)), took.Seconds()/same, "times as long", false, importGoal)
	b.row("memory of an import", peak, "MB", false, memoryGoal)
	return nil
}

func count(n int) string {
	if n >= 1000 {
		return fmt.Sprintf("%s,%03d", count(n/1000), n%1000)
	}
	return fmt.Sprint(n)
}

// bring takes a file over, and returns how long the job took.
func (b *bench) bring(ctx context.Context, s *benefit.Service, by identity.Actor, report string, rows int) (time.Duration, error) {
	f, err := os.Open(report)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	begun := time.Now()
	i, err := s.Bring(ctx, by, "ace_es003", "report.csv", f)
	if err != nil {
		return 0, err
	}
	b.say("the file is stored in %.1f s", time.Since(begun).Seconds())
	p, err := s.Plan(ctx, by, i.ID)
	if err == nil {
		err = s.Map(ctx, by, i.ID, i.Version, p.Fields)
	}
	if err == nil {
		err = s.TakeOver(ctx, by, i.ID, benefit.TakeEntry{Version: i.Version + 1})
	}
	if err != nil {
		return 0, err
	}
	begun = time.Now()
	if i, _, err = s.Import(ctx, by, i.ID); err == nil {
		err = s.Stage(ctx, i)
	}
	if err != nil {
		return 0, err
	}
	staged := time.Since(begun)
	if err := s.Work(ctx, i.ID); err != nil {
		return 0, err
	}
	took := time.Since(begun)
	b.say("rows are staged in %.1f s and taken over in %.1f s", staged.Seconds(), (took - staged).Seconds())
	if i, _, err = s.Import(ctx, by, i.ID); err != nil || i.EventsTaken != rows {
		return 0, fmt.Errorf("%d of %d rows are taken over: %w", i.EventsTaken, rows, err)
	}
	return took, nil
}

// million gives a company entries as an import leaves them, and cohorts to compare them with.
func (b *bench) million(ctx context.Context, conn *pgx.Conn, company string, entries int) error {
	id, err := uuid.Parse(company)
	if err != nil {
		return err
	}
	begun := time.Now()
	_, plain, err := importFiles(b.dir, entries*4, id) // four lines an entry
	if err != nil {
		return err
	}
	f, err := os.Open(plain)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	if _, err := conn.PgConn().CopyFrom(ctx, bufio.NewReaderSize(f, 1<<20), "copy benefit_event from stdin"); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `select benefit_roll('`+id.String()+`', array(select generate_series('2026-01-01', '2026-12-01', interval '1 month')::date));
		with x as (insert into baseline (id, programme, file_name, sha256, size, source, as_of, status, first_month, last_month, cohorts, brought_by, bringer, brought_at, decided_by, decider, decided_at)
			select gen_random_uuid(), 'ctpat', 'others.csv', repeat('a', 64), 1, 'Made up for the measurement', '2026-12-01', 'signed', '2025-01-01', '2026-12-01', 1440, min(id::text)::uuid, '', now(), max(id::text)::uuid, '', now() from person returning id)
		insert into baseline_cohort (baseline_id, n, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies, hold_minutes)
			select x.id, row_number() over (), m, m, mode, ports, kind, 10000, 300, 40, 2000 from x, generate_series('2025-01-01'::date, '2026-12-01', interval '1 month') m,
				unnest(array['sea', 'truck', 'air', 'rail']) mode, unnest(array['los_angeles', 'new_york', 'laredo', 'chicago', 'other']) ports, unnest(array['importer', 'exporter', 'highway_carrier_us_ca']) kind;
		analyze benefit_month, baseline, baseline_cohort`)
	b.say("%d entries of one company in %.1f s", entries, time.Since(begun).Seconds())
	return err
}
