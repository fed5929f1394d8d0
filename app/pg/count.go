package pg

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Count is how many statements were sent on behalf of one request. What opens and
// ends transactions is not counted; setting the scope of row level security is.
type Count struct{ n atomic.Int64 }

// Statements is the number so far.
func (c *Count) Statements() int { return int(c.n.Load()) }

type countKey struct{}

// Counted makes a context whose statements are counted.
func Counted(ctx context.Context) (context.Context, *Count) {
	c := &Count{}
	return context.WithValue(ctx, countKey{}, c), c
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
	c, ok := ctx.Value(countKey{}).(*Count)
	if !ok {
		return
	}
	word, _, _ := strings.Cut(strings.TrimLeft(sql, " \n\t"), " ")
	switch strings.ToLower(strings.TrimRight(word, ";")) {
	case "begin", "commit", "rollback", "savepoint", "release":
		return
	}
	c.n.Add(1)
}
