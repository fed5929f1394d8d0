// Package pg is the only door to PostgreSQL: the pool, the transaction type, the
// fence of row level security and the translation of its errors.
//
// Why a type for transactions: a function that takes a Tx cannot be called outside
// one, and exported methods that open a transaction stay easy to see. Why a Scope
// on every call: a forgotten condition in a query then leaks nothing, because the
// database itself hides other companies' rows.
package pg

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"

	"trustedtrader/app/fault"
)

// appRole owns nothing and bypasses nothing; every connection of the pool becomes it.
const appRole = "portal_app"

// JobSchema is where the job queue keeps its tables.
const JobSchema = "river"

// Scope says for whom a transaction looks; the database shows rows accordingly.
// The zero Scope sees nothing.
type Scope struct {
	Kind    string // system, staff, company, partner, person
	Company uuid.UUID
	Agency  uuid.UUID
	Person  uuid.UUID
}

// System is the scope of jobs and of sign-in, before anybody is known.
var System = Scope{Kind: "system"}

// DB is the pool of connections.
type DB struct {
	pool *pgxpool.Pool
	sql  *sql.DB
	gorm *gorm.DB
	jobs *river.Client[*sql.Tx]
}

// Tx is an open transaction. Only Write and Read make one.
type Tx struct {
	*gorm.DB
	db *DB
}

// What statements carry stays out of the log. GORM's Scan has a logger of its own that
// ParameterizedQueries does not reach.
func init() {
	logger.RecorderParamsFilter = func(_ context.Context, sql string, _ ...any) (string, []any) { return sql, nil }
}

// Open connects to dsn and answers when the server does. Statements of a request
// that hang are cut by PostgreSQL after half a minute.
func Open(ctx context.Context, dsn string, log *slog.Logger) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read the database address: %w", hideAddress(err))
	}
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.ConnConfig.RuntimeParams["application_name"] = "portal"
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = "30000"
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "30000"
	cfg.ConnConfig.Tracer = counter{}
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(uncounted(ctx), "set role "+appRole)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", hideAddress(err))
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach the database: %w", hideAddress(err))
	}
	std := stdlib.OpenDBFromPool(pool)
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: std}), &gorm.Config{
		SkipDefaultTransaction: true,
		QueryFields:            true,
		TranslateError:         false, // translate keeps constraint names, which GORM's own words lose
		NamingStrategy:         schema.NamingStrategy{SingularTable: true},
		NowFunc:                Now,
		Logger: logger.NewSlogLogger(log, logger.Config{
			LogLevel: logger.Warn, SlowThreshold: time.Second,
			ParameterizedQueries: true, IgnoreRecordNotFoundError: true,
		}),
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("set up GORM: %w", err)
	}
	jobs, err := river.NewClient(riverdatabasesql.New(std), &river.Config{Schema: JobSchema, Logger: log})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("set up the job queue: %w", err)
	}
	return &DB{pool: pool, sql: std, gorm: g, jobs: jobs}, nil
}

// Close waits for connections in use and closes the pool.
func (d *DB) Close() {
	_ = d.sql.Close() // the pool below is what holds connections
	d.pool.Close()
}

// Pool is for the job workers and for measuring; domain packages use Read, Write and Batch.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Now is the portal's clock at the precision that PostgreSQL keeps.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// NewID makes an id that sorts by time of making, so that indexes grow at one end.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

const setScope = `select set_config('portal.scope', $1, true), set_config('portal.company', $2, true), set_config('portal.agency', $3, true), set_config('portal.person', $4, true)`

func (s Scope) args() []any {
	text := func(id uuid.UUID) string {
		if id == uuid.Nil {
			return ""
		}
		return id.String()
	}
	return []any{s.Kind, text(s.Company), text(s.Agency), text(s.Person)}
}

// Write runs fn in a transaction that sees what scope may see. It runs fn again
// when PostgreSQL asks for a retry, so fn must touch nothing but tx and its own
// results.
func (d *DB) Write(ctx context.Context, scope Scope, fn func(Tx) error) error {
	const tries = 5
	for try := 1; ; try++ {
		err := d.run(ctx, scope, nil, fn)
		var pe *pgconn.PgError
		again := d.lost(err) || errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01")
		if !again || try == tries {
			return translate(err)
		}
		select {
		case <-ctx.Done():
			return translate(err)
		case <-time.After(time.Duration(rand.IntN(20*try)) * time.Millisecond):
		}
	}
}

// Read runs fn in a transaction whose statements all see the same moment.
func (d *DB) Read(ctx context.Context, scope Scope, fn func(Tx) error) error {
	opts := &sql.TxOptions{Isolation: sql.LevelRepeatableRead}
	err := d.run(ctx, scope, opts, fn)
	if d.lost(err) {
		err = d.run(ctx, scope, opts, fn)
	}
	return translate(err)
}

// lost notices that the server has gone: then no connection of the pool is good any
// more, and all are made anew. It reports whether nothing had been sent, so that the
// work can be done again without harm.
func (d *DB) lost(err error) bool {
	var pe *pgconn.PgError
	unsent := errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err)
	ended := errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &pe) && strings.HasPrefix(pe.Code, "57P")
	if unsent || ended {
		d.pool.Reset()
	}
	return unsent
}

func (d *DB) run(ctx context.Context, scope Scope, opts *sql.TxOptions, fn func(Tx) error) error {
	var o []*sql.TxOptions
	if opts != nil {
		o = append(o, opts)
	}
	return d.gorm.WithContext(ctx).Transaction(func(g *gorm.DB) error {
		a := scope.args()
		conn, ok := g.Statement.ConnPool.(*sql.Tx)
		if !ok {
			return errors.New("the transaction is not a *sql.Tx")
		}
		if _, err := conn.ExecContext(ctx, setScope, a...); err != nil {
			return err
		}
		return fn(Tx{DB: g, db: d})
	}, o...)
}

// Enqueue adds a job in the transaction: it runs if and only if that commits.
func (tx Tx) Enqueue(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) error {
	conn, ok := tx.Statement.ConnPool.(*sql.Tx)
	if !ok {
		return errors.New("enqueue: the transaction is not a *sql.Tx")
	}
	if _, err := tx.db.jobs.InsertTx(ctx, conn, args, opts); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}

// EnqueueAll adds many jobs of one kind in the transaction, in one statement.
func (tx Tx) EnqueueAll(ctx context.Context, list []river.InsertManyParams) error {
	if len(list) == 0 {
		return nil
	}
	conn, ok := tx.Statement.ConnPool.(*sql.Tx)
	if !ok {
		return errors.New("enqueue: the transaction is not a *sql.Tx")
	}
	if _, err := tx.db.jobs.InsertManyFastTx(ctx, conn, list); err != nil {
		return fmt.Errorf("enqueue %s: %w", list[0].Args.Kind(), err)
	}
	return nil
}

// Update writes the named columns of a row, zero values included, if its version
// is still the one that was read; otherwise it answers with a Conflict.
func Update[T any](ctx context.Context, tx Tx, row *T, id uuid.UUID, version *int, columns ...string) error {
	was := *version
	*version++
	r := tx.WithContext(ctx).Model(new(T)).Where("id = ? and version = ?", id, was).
		Select(append(columns, "version")).Updates(row)
	if r.Error != nil {
		return r.Error
	}
	if r.RowsAffected == 0 {
		return fault.Moved()
	}
	return nil
}

// Query is one statement of a Batch.
type Query struct {
	sql  string
	args []any
	scan func(pgx.Rows) error
	plan string // no statement, but how those of the batch are planned
}

// All collects every row of a statement into dst; columns meet fields by name.
func All[T any](dst *[]T, sql string, args ...any) Query {
	return Query{sql: sql, args: args, scan: func(rows pgx.Rows) (err error) {
		*dst, err = pgx.CollectRows(rows, pgx.RowToStructByName[T])
		return err
	}}
}

// Each hands every row of a statement to fn as it comes, for results that are too long to
// keep; columns meet fields by name. fn does not use the database.
func Each[T any](fn func(T) error, sql string, args ...any) Query {
	return Query{sql: sql, args: args, scan: func(rows pgx.Rows) error {
		defer rows.Close()
		for rows.Next() {
			row, err := pgx.RowToStructByName[T](rows)
			if err != nil {
				return err
			}
			if err := fn(row); err != nil {
				return err
			}
		}
		return rows.Err()
	}}
}

// One reads the single row of a statement into dst; no row is a NotFound fault.
func One[T any](dst *T, sql string, args ...any) Query {
	return Query{sql: sql, args: args, scan: func(rows pgx.Rows) (err error) {
		*dst, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
		return err
	}}
}

// Value reads one column of one row into dst.
func Value[T any](dst *T, sql string, args ...any) Query {
	return Query{sql: sql, args: args, scan: func(rows pgx.Rows) (err error) {
		*dst, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
		return err
	}}
}

// PlanOnce makes the statements of a batch keep one plan for any arguments, where planning
// anew takes longer than the work.
func PlanOnce() Query { return Query{plan: "force_generic_plan"} }

// PlanAnew makes the statements of a batch be planned for the arguments that they have: how
// much of a table a span of days takes in decides how it is read.
func PlanAnew() Query { return Query{plan: "force_custom_plan"} }

// Batch runs statements in one round trip and one transaction: what list pages use.
func (d *DB) Batch(ctx context.Context, scope Scope, queries ...Query) error {
	err := d.batch(ctx, scope, queries)
	if d.lost(err) {
		err = d.batch(ctx, scope, queries)
	}
	return translate(err)
}

func (d *DB) batch(ctx context.Context, scope Scope, queries []Query) error {
	b := &pgx.Batch{}
	for _, q := range begun(scope, queries) {
		b.Queue(q.sql, q.args...).Query(q.scan)
	}
	return d.pool.SendBatch(ctx, b).Close()
}

// begun puts what sets the scope before the statements, and how they are planned with it.
func begun(scope Scope, queries []Query) []Query {
	begin, list := setScope, make([]Query, 1, len(queries)+1)
	for _, q := range queries {
		if q.plan == "" {
			list = append(list, q)
		} else {
			begin += `, set_config('plan_cache_mode', '` + q.plan + `', true)`
		}
	}
	list[0] = Exec(begin, scope.args()...)
	return list
}

// Alone runs one statement that looks for nobody: what it may see is said by the function
// that it calls, which sets the scope itself. It saves the statement that sets the scope.
func (d *DB) Alone(ctx context.Context, q Query) error {
	run := func() error {
		b := &pgx.Batch{}
		b.Queue(q.sql, q.args...).Query(q.scan)
		return d.pool.SendBatch(ctx, b).Close()
	}
	err := run()
	if d.lost(err) {
		err = run()
	}
	return translate(err)
}

// Constraint names the constraint that a statement broke, or "".
func Constraint(err error) string {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.ConstraintName
	}
	return ""
}

// translate turns what PostgreSQL says into faults where a person can do something about it.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%w", fault.Missing())
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch pe.Code {
		case "40001", "40P01":
			return fmt.Errorf("%w: %w", fault.Moved(), err)
		case "23505":
			return fmt.Errorf("%w: %w", fault.New(fault.Conflict, "This is already recorded. Open the page again to see it"), err)
		case "22021", "22P05":
			return fmt.Errorf("%w: %w", fault.New(fault.Invalid, "The text has a character that cannot be stored. Remove it and send again"), err)
		}
	}
	return err
}

// hideAddress keeps passwords of connection strings out of logs.
func hideAddress(err error) error {
	var pe *pgconn.ParseConfigError
	if errors.As(err, &pe) {
		return errors.New("it is not a PostgreSQL address; write postgres://user@host:5432/name")
	}
	return err
}

// Lost reports whether an error says that PostgreSQL is not there or went away, which
// passes, and not that a statement is wrong. Source: SQLSTATE classes 08 and 57P, and
// 53300, which is too many connections.
func Lost(err error) bool {
	var refused *pgconn.ConnectError
	var network *net.OpError
	var said *pgconn.PgError
	switch {
	case err == nil:
		return false
	case errors.As(err, &refused):
		return true
	case errors.As(err, &said):
		return strings.HasPrefix(said.Code, "08") || strings.HasPrefix(said.Code, "57P") || said.Code == "53300"
	}
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, sql.ErrConnDone)
}
