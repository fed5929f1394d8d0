package consultation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// How groups are made. A question that comes alone is looked up at once; questions that come
// while groups are under way make up the next.
const (
	lanes     = 1                    // groups under way at once, each with a chain of its own; two let the slowest of 300 wait twice as long
	mostAsks  = 1000                 // of one group
	company   = time.Millisecond     // for which a group waits for others, and only where others came just now
	beat      = 4 * time.Millisecond // no record is told only at whole beats after the question
	groupTime = 10 * time.Second     // within which a group is on disk, or its questions are refused
)

// group collects questions.
type group struct {
	mu      sync.Mutex
	pending []*ask
	running int
	free    []*writer
	wanted  int           // questions that the next group waits for; 0: it does not wait
	enough  chan struct{} // they are there
}

// add takes questions in; whoever finds a lane free starts it.
func (s *Service) add(list ...*ask) {
	g := &s.group
	g.mu.Lock()
	g.pending = append(g.pending, list...)
	if g.wanted > 0 && len(g.pending) >= g.wanted {
		g.wanted = 0
		close(g.enough)
	}
	start := g.running < lanes
	if start {
		g.running++
	}
	g.mu.Unlock()
	if start {
		go s.run()
	}
}

// run works until nobody waits.
func (s *Service) run() {
	g := &s.group
	for before := 0; ; {
		g.gather(before / 2)
		g.mu.Lock()
		if len(g.pending) == 0 {
			g.running--
			g.mu.Unlock()
			return
		}
		n := min(len(g.pending), mostAsks)
		before = n
		list := g.pending[:n:n]
		g.pending = g.pending[n:]
		if len(g.pending) == 0 {
			g.pending = nil
		}
		g.mu.Unlock()
		if w := s.take(); s.flush(list, w) {
			s.giveBack(w)
		}
		for _, a := range list {
			close(a.done)
		}
	}
}

// gather lets a group grow to half of the one before: those who were answered just now are
// about to ask again, and a statement for many costs little more than one for few. Whoever
// asks alone never waits.
func (g *group) gather(wanted int) {
	g.mu.Lock()
	if wanted <= len(g.pending) {
		g.mu.Unlock()
		return
	}
	g.wanted, g.enough = wanted, make(chan struct{})
	enough := g.enough
	g.mu.Unlock()
	t := time.NewTimer(company)
	defer t.Stop()
	select {
	case <-enough:
	case <-t.C:
	}
	g.mu.Lock()
	g.wanted = 0
	g.mu.Unlock()
}

// take finds a chain to go on with, or begins one.
func (s *Service) take() *writer {
	s.group.mu.Lock()
	defer s.group.mu.Unlock()
	if k := len(s.group.free); k > 0 {
		w := s.group.free[k-1]
		s.group.free = s.group.free[:k-1]
		return w
	}
	return newWriter()
}

// giveBack lets others go on with a chain whose last record is on disk.
func (s *Service) giveBack(w *writer) {
	s.group.mu.Lock()
	defer s.group.mu.Unlock()
	s.group.free = append(s.group.free, w)
}

// flush looks a group up and records it. When it fails nothing was answered; a second try
// has other numbers and another chain.
func (s *Service) flush(list []*ask, w *writer) bool {
	ctx, cancel := context.WithTimeout(context.Background(), groupTime)
	defer cancel()
	now := s.Now()
	var next writer
	err := s.DB.TwoSteps(ctx, pg.System, []pg.Query{pg.PlanOnce(), lookup(list, w.decoy, now)}, func() ([]pg.Query, error) {
		insert, after, err := s.write(list, w, now)
		next = after
		return []pg.Query{insert}, err
	})
	if err != nil {
		for _, a := range list {
			a.err, a.answer, a.text = err, unavailable(now), nil
		}
		return false
	}
	*w = next
	return true
}

// mostMany bounds what CheckMany takes at once.
const mostMany = 500

// Check looks one question up, records it and answers. People and systems of a partner
// agency may. When it cannot be recorded the answer is Unavailable, with when to ask again.
func (s *Service) Check(ctx context.Context, by identity.Actor, q Question) (Answer, error) {
	list, err := s.CheckMany(ctx, by, []Question{q})
	if err != nil {
		return Answer{}, err
	}
	return list[0], nil
}

// CheckMany is Check for up to 500 questions; the answers are in their order. Fields of what
// is refused are named with their place: "questions.3.value".
func (s *Service) CheckMany(ctx context.Context, by identity.Actor, list []Question) ([]Answer, error) {
	if err := partner(by); err != nil {
		return nil, err
	}
	if len(list) == 0 || len(list) > mostMany {
		return nil, fault.Fail([]fault.Field{fault.F("questions", "Ask from 1 to %d questions at once", mostMany)})
	}
	asks := make([]*ask, len(list))
	for i, q := range list {
		a, err := s.prepare(ctx, by, q)
		if err != nil {
			return nil, err
		}
		asks[i] = a
	}
	return s.wait(ctx, asks)
}

// wait puts questions into a group and waits for their answers.
func (s *Service) wait(ctx context.Context, asks []*ask) ([]Answer, error) {
	begin := time.Now()
	s.add(asks...)
	out := make([]Answer, len(asks))
	hidden := false
	for i, a := range asks {
		select {
		case <-a.done:
			out[i] = a.answer
			hidden = hidden || a.answer.Outcome == NoRecord
		case <-ctx.Done():
			return nil, ctx.Err() // it is recorded all the same, and nobody was answered
		}
	}
	if hidden {
		return out, onBeat(ctx, begin)
	}
	return out, nil
}

// onBeat waits for the next whole beat after begin. Looking up somebody who has not consented
// and somebody who is unknown takes the same statements, but not the same microseconds; at
// whole beats nobody can measure them.
func onBeat(ctx context.Context, begin time.Time) error {
	t := time.NewTimer(beat - time.Since(begin)%beat)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// prepare checks a question and finds the rules that it is answered by.
func (s *Service) prepare(ctx context.Context, by identity.Actor, q Question) (*ask, error) {
	var c entry.Check
	now := s.Now()
	if q.Company == uuid.Nil {
		q.Value = c.Line("value", "an identifier", q.Value, 1, 200)
		if c.Fields() == nil && keyOf(q.Value) == "" {
			c.Add("value", "Enter an identifier with letters or digits")
		}
	}
	if q.OwnRef != "" {
		q.OwnRef = c.Line("own_ref", "your own reference", q.OwnRef, 0, 60)
	}
	if !s.purpose(q.Purpose) {
		c.Add("purpose", "Choose what the check is for")
	}
	if len(q.Scheme) > 40 || strings.ContainsFunc(q.Scheme, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }) {
		c.Add("scheme", "Choose a kind of identifier from the list")
	}
	if !q.On.IsZero() && q.On.Start(time.UTC).After(now.Add(24*time.Hour)) {
		c.Add("on", "Enter a day that is not in the future")
	}
	if q.KnownAt.After(now) {
		c.Add("known_at", "Enter a time that is not in the future")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return s.prepared(ctx, by, q, now)
}

// prepared is a question that is in order, with the rules of its agency.
func (s *Service) prepared(ctx context.Context, by identity.Actor, q Question, now time.Time) (*ask, error) {
	a := &ask{Question: q, agency: by.AgencyID, key: keyOf(q.Value), done: make(chan struct{})}
	if by.PersonID != uuid.Nil {
		a.person = &by.PersonID
	}
	rules, err := s.Rules(ctx, by.AgencyID, q.On)
	if err != nil {
		return nil, fmt.Errorf("read the agency's arrangements: %w", err)
	}
	a.rules = rules
	return a, nil
}

func (s *Service) purpose(code string) bool {
	return slices.ContainsFunc(s.Purposes, func(p Purpose) bool { return p.Code == code })
}
