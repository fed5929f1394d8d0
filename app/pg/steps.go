package pg

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Exec is a statement of a Batch whose rows nobody reads.
func Exec(sql string, args ...any) Query {
	return Query{sql: sql, args: args, scan: func(rows pgx.Rows) error {
		rows.Close()
		return rows.Err()
	}}
}

// TwoSteps reads in one round trip, lets then make statements of what was read, and runs
// those in a second round trip with the commit: a whole transaction for two waits, where
// many people's work goes in one. When it returns nil everything is on disk. It does not
// try again: after an error nobody knows whether the commit came to be, unless Lost says no.
// then uses no database.
func (d *DB) TwoSteps(ctx context.Context, scope Scope, first []Query, then func() ([]Query, error)) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return translate(err)
	}
	defer conn.Release() // closes the connection if a transaction is still open
	if err := send(ctx, conn, "begin", begun(scope, first), ""); err != nil {
		d.lost(err)
		return translate(err)
	}
	next, err := then()
	if err != nil {
		_, _ = conn.Exec(ctx, "rollback")
		return err
	}
	if err := send(ctx, conn, "", next, "commit"); err != nil {
		d.lost(err)
		return translate(err)
	}
	return nil
}

func send(ctx context.Context, conn *pgxpool.Conn, before string, list []Query, after string) error {
	b := &pgx.Batch{}
	if before != "" {
		b.Queue(before)
	}
	for _, q := range list {
		b.Queue(q.sql, q.args...).Query(q.scan)
	}
	if after != "" {
		b.Queue(after).Exec(func(tag pgconn.CommandTag) error {
			if tag.String() != "COMMIT" { // PostgreSQL answers ROLLBACK to the commit of a broken transaction
				return fmt.Errorf("the transaction ended with %s", tag)
			}
			return nil
		})
	}
	return conn.SendBatch(ctx, b).Close()
}

// Rows hands every row of a statement to fn by a function that reads its columns, in their
// order: for what is asked so often that looking for fields by name would show.
func Rows(fn func(read func(into ...any) error) error, sql string, args ...any) Query {
	return Query{sql: sql, args: args, scan: func(rows pgx.Rows) error {
		defer rows.Close()
		for rows.Next() {
			if err := fn(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}}
}

// IDs is a parameter of many ids, where so many go that writing each as text would show;
// uuid.Nil is null.
func IDs(list []uuid.UUID) any {
	out := make(pgtype.FlatArray[pgtype.UUID], len(list))
	for i, id := range list {
		out[i] = pgtype.UUID{Bytes: id, Valid: id != uuid.Nil}
	}
	return out
}
