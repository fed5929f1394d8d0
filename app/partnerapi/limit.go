package partnerapi

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"trustedtrader/app/pg"
)

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Limits are how much one client may do within a minute, on all replicas together. Zero: the
// portal's own.
type Limits struct {
	Requests int
	Checks   int // answers under one arrangement; each row of a batch is one
}

const (
	defaultRequests = 6000
	defaultChecks   = 60000
	window          = time.Minute
)

func (l Limits) requests() int { return orElse(l.Requests, defaultRequests) }
func (l Limits) checks() int   { return orElse(l.Checks, defaultChecks) }

func orElse(n, other int) int {
	if n > 0 {
		return n
	}
	return other
}

// Quota is what is left of a limit.
type Quota struct {
	Policy string
	Limit  int
	Left   int
	Reset  time.Duration // until the next window
	Over   bool
}

// leases are shares of limits that this replica has taken for itself, so that not each
// request writes to the row that all replicas share. What is taken counts as used.
type leases struct {
	mu   sync.Mutex
	list map[string]*lease
}

type lease struct {
	mu     sync.Mutex
	from   time.Time // of the window
	own    int       // left of what was taken
	shared int       // taken by all replicas
}

// mostShare bounds what one replica takes at once: small against the limit, so that a replica
// that takes and does not use hurts nobody.
func share(limit, need int) int { return max(need, min(limit/20, 100), 1) }

func (l *leases) of(key string) *lease {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.list == nil || len(l.list) > 10000 {
		l.list = map[string]*lease{}
	}
	x := l.list[key]
	if x == nil {
		x = &lease{}
		l.list[key] = x
	}
	return x
}

// Request counts a request of a client.
func (s *Service) Request(ctx context.Context, c Caller) (Quota, error) {
	return s.take(ctx, "api "+c.Client.String(), "client", s.Limits.requests(), 1)
}

// Checks counts checks of a client under an arrangement.
func (s *Service) Checks(ctx context.Context, c Caller, arrangement string, n int) (Quota, error) {
	return s.take(ctx, "api "+c.Client.String()+" "+arrangement, "checks", s.Limits.checks(), n)
}

// take takes n of a limit, from what this replica has or else from what all share.
func (s *Service) take(ctx context.Context, key, policy string, limit, n int) (q Quota, err error) {
	now := s.Now()
	from := now.Truncate(window)
	q = Quota{Policy: policy, Limit: limit, Reset: from.Add(window).Sub(now)}
	l := s.leases.of(key)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.from.Equal(from) {
		l.from, l.own, l.shared = from, 0, 0
	}
	if l.own < n && l.shared < limit {
		want := share(limit, n-l.own)
		var hits int
		err := s.DB.Batch(ctx, pg.System, pg.Value(&hits, `insert into rate_limit (key, window_from, hits) values ($1, $2, $3)
			on conflict (key, window_from) do update set hits = rate_limit.hits + excluded.hits returning hits`, key, from, want))
		if err != nil {
			return q, fmt.Errorf("count uses: %w", err)
		}
		l.own += max(0, min(want, limit-(hits-want)))
		l.shared = hits
	}
	q.Over = l.own < n
	if !q.Over {
		l.own -= n
	}
	q.Left = max(0, limit-l.shared) + l.own
	return q, nil
}
