package consultation

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
)

// Answer is what a partner is told. Its fields stand in the order of their names in JSON,
// which makes what it is written as canonical (RFC 8785).
type Answer struct {
	Arrangement  string       `json:"arrangement,omitempty"`
	AsOf         string       `json:"as_of"` // an instant; for a day in the past that day
	Candidates   []Candidate  `json:"candidates,omitempty"`
	Number       string       `json:"consultation_no,omitempty"`
	EntityTypes  []EntityType `json:"entity_types,omitempty"`
	KnownAt      string       `json:"known_at"` // the answer is what the portal knew at that instant
	LaterChange  bool         `json:"later_change,omitempty"`
	ListVersion  string       `json:"list_version"`
	Matched      []Identifier `json:"matched,omitempty"`
	Member       *Member      `json:"member,omitempty"`
	Status       Status       `json:"membership_status,omitempty"`
	Outcome      Outcome      `json:"outcome"`
	Reason       Reason       `json:"reason,omitempty"`
	ReasonClass  string       `json:"reason_class,omitempty"` // administrative, security, own_request
	Recognition  Recognition  `json:"recognition"`
	RetryAfter   int          `json:"retry_after,omitempty"` // seconds
	Since        *clock.Day   `json:"since,omitempty"`       // of the status
	ValidForSecs int          `json:"valid_for_seconds"`

	company *uuid.UUID // whom the identifier belongs to, also when nothing is disclosed
}

// OfNow reports whether the answer is about the moment of asking, not about a day.
func (a Answer) OfNow() bool { return strings.Contains(a.AsOf, "T") }

// Member names a member that is disclosed.
type Member struct {
	Country string `json:"country"`
	Name    string `json:"name"`
}

// Identifier is a number by which the member was found.
type Identifier struct {
	Scheme string `json:"scheme"`
	Value  string `json:"value"`
}

// EntityType is one membership, or one type of it.
type EntityType struct {
	Covered bool       `json:"covered"`
	Entity  string     `json:"entity_type"`
	Number  string     `json:"number"`
	Since   *clock.Day `json:"since,omitempty"`
	Status  Status     `json:"status"`
	Tier    string     `json:"tier,omitempty"`
	Type    string     `json:"type,omitempty"`
	Until   *clock.Day `json:"until,omitempty"` // the first day on which it is no longer so
}

// Candidate is a member whose name is like the one that was asked for. Name and city are
// masked until it is chosen.
type Candidate struct {
	City    string    `json:"city"`
	Country string    `json:"country"`
	ID      uuid.UUID `json:"id"`
	Name    string    `json:"name"`
}

// JSON writes the answer in its canonical form.
func (a Answer) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(a); err != nil {
		return nil, err
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if bytes.Contains(text, []byte(`\u`)) { // written otherwise in the canonical form
		return canon.JSON(json.RawMessage(text))
	}
	return text, nil
}

// retryAfter is when to ask again after something failed, in seconds.
const retryAfter = 5

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// unavailable is the answer when nothing could be looked up or recorded.
func unavailable(now time.Time) Answer {
	return Answer{Outcome: Unavailable, Recognition: Review, Reason: Stale, RetryAfter: retryAfter, AsOf: instant(now), KnownAt: instant(now)}
}
