package apptest

import (
	"sync"
	"time"
)

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// At makes a clock that shows an instant such as "2026-03-03T14:00:00Z".
func At(instant string) *Clock {
	t, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		panic(err) // a typing error in a test
	}
	return &Clock{at: t.UTC()}
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Move turns the clock forward.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
