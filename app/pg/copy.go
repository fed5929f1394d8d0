package pg

import (
	"context"
	"io"

	"github.com/jackc/pgx/v5"
)

// CopyIn adds rows to a table, written as "name (column, …)", and runs statements after
// them, in one transaction. The rows are in PostgreSQL's text format for COPY. A table that
// has row level security takes no rows in this way. It is not tried again: rows can be read
// once.
func (d *DB) CopyIn(ctx context.Context, scope Scope, into string, rows io.Reader, after ...Query) error {
	err := d.copyIn(ctx, scope, into, rows, after)
	d.lost(err)
	return translate(err)
}

func (d *DB) copyIn(ctx context.Context, scope Scope, into string, rows io.Reader, after []Query) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // after a commit it does nothing
	if _, err := tx.Exec(ctx, setScope, scope.args()...); err != nil {
		return err
	}
	if _, err := conn.Conn().PgConn().CopyFrom(ctx, rows, "copy "+into+" from stdin"); err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, q := range after {
		b.Queue(q.sql, q.args...).Query(q.scan)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
