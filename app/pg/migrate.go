package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx" for migrations
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"trustedtrader/migrations"
)

// Migrate brings the schema and the job queue's tables up to date. It connects as
// the owner, not as the application's role. Several may run at once: one works,
// the others wait.
func Migrate(ctx context.Context, dsn string, log *slog.Logger) (err error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return fmt.Errorf("migrate: %w", hideAddress(err))
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, r := range done {
		log.Info("migrated", "file", r.Source.Path, "took", r.Duration)
	}
	return migrateJobs(ctx, db, log)
}

// migrateJobs lets the application's role own the queue's schema: it holds no
// company data, and the queue rebuilds its own indexes.
func migrateJobs(ctx context.Context, db *sql.DB, log *slog.Logger) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrate jobs: %w", err)
	}
	_, err = conn.ExecContext(ctx, "create schema if not exists "+JobSchema+" authorization "+appRole)
	if err = errors.Join(err, conn.Close()); err != nil {
		return fmt.Errorf("make the job schema: %w", err)
	}
	m, err := rivermigrate.New(riverdatabasesql.New(db), &rivermigrate.Config{Schema: JobSchema, Logger: log})
	if err != nil {
		return fmt.Errorf("read job migrations: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate jobs: %w", err)
	}
	_, err = db.ExecContext(ctx, `do $$
declare r record;
begin
  for r in select c.relname, c.relkind from pg_class c where c.relnamespace = '`+JobSchema+`'::regnamespace and c.relkind in ('r', 'p') loop
    execute format('alter table `+JobSchema+`.%I owner to `+appRole+`', r.relname);
  end loop;
end $$;
grant usage on schema `+JobSchema+` to `+appRole+`;
grant all on all tables in schema `+JobSchema+` to `+appRole+`;
grant all on all sequences in schema `+JobSchema+` to `+appRole+`;
grant execute on all functions in schema `+JobSchema+` to `+appRole)
	if err != nil {
		return fmt.Errorf("hand over the job tables: %w", err)
	}
	return nil
}

// Pending lists migrations that the database lacks; serve refuses to start on any.
func Pending(ctx context.Context, dsn string) (names []string, err error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("look at the schema: %w", hideAddress(err))
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	states, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the schema: %w", err)
	}
	for _, s := range states {
		if s.State == goose.StatePending {
			names = append(names, s.Source.Path)
		}
	}
	return names, nil
}
