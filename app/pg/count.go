package pg

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

type countKey struct{}

// Counted makes a context whose statements are counted.
func Counted(ctx context.Context) context.Context {
	return context.WithValue(ctx, countKey{}, new(atomic.Int64))
}

// uncounted is for what belongs to a new connection and not to the request that happens
// to need one.
func uncounted(ctx context.Context) context.Context { return context.WithValue(ctx, countKey{}, nil) }

// Statements is how many statements were sent so far for a context that Counted made.
// What opens and ends transactions does not count, setting the scope of row level
// security does. Zero for any other context.
func Statements(ctx context.Context) int {
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		return int(n.Load())
	}
	return 0
}

// counter counts statements as they leave for the server.
type counter struct{}

func (counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	count(ctx, d.SQL)
	return ctx
}

func (counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	for _, q := range d.Batch.QueuedQueries {
		count(ctx, q.SQL)
	}
	return ctx
}

func (counter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func count(ctx context.Context, sql string) {
	n, ok := ctx.Value(countKey{}).(*atomic.Int64)
	if !ok {
		return
	}
	word, _, _ := strings.Cut(sql, " ")
	switch strings.ToLower(word) {
	case "begin", "commit", "rollback":
		return
	}
	n.Add(1)
}
