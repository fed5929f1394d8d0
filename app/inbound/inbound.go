// Package inbound takes in the lists of foreign operators that partners bring: trusted traders
// of other countries, whom we recognise because their own customs certified them. Start with
// Lifecycle below.
//
// A channel is one partner under one arrangement, for one programme of ours. A list comes as a
// file or from a program; it is full, or only says what has changed. Its rows are checked and
// compared with what is known, and nothing happens until another person of the same side has
// read what would: the partner agency's own people, or headquarters' on its behalf. A full list
// in which many operators are missing needs an express word, for half a file must not end
// anybody. Taking it over is one transaction: operators, their history, the tasks of members
// that rely on those that fall, and the audit event.
//
// Who may: an administrator of the partner agency, or headquarters, brings a list and says what
// its columns are. Anybody else of that side takes it over or refuses it. People of the agency
// and the agency's case readers read. To others there is nothing. The rules are data
// (config/arrangements: feeds, feed).
package inbound

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/recognition"
	"trustedtrader/app/workflow"
)

// Kind names lists in audit events.
const Kind = "inbound_feed"

// Limits of a list.
const (
	MostBytes = 30 << 20
	MostRows  = 100_000

	pieceRows  = 5000
	mostColumn = 40
	mostCell   = 500 // bytes
	pageSize   = 50
	mostOpen   = 10 // lists of a channel that wait
)

// Service is what people and programs do with lists.
type Service struct {
	DB           *pg.DB
	Now          func() time.Time
	Register     *arrangement.Register
	Recognitions *recognition.Service
}

// Scope of a list: everything, or what has changed.
const (
	Full  = "full"
	Delta = "delta"
)

// Side is whose people bring a list and decide on it.
type Side string

// The sides.
const (
	Agency       Side = "agency"
	Headquarters Side = "headquarters"
)

// Status is where a list stands.
type Status string

// The states.
const (
	Unread    Status = "columns" // somebody has to say what its columns are
	Waiting   Status = "waiting" // another person has to decide
	Taken     Status = "taken"
	Refused   Status = "refused"
	Withdrawn Status = "withdrawn"
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status { return []Status{Unread, Waiting, Taken, Refused, Withdrawn} }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Unread: "Columns to name", Waiting: "Waits for a second person", Taken: "Taken over", Refused: "Refused", Withdrawn: "Taken back"}[s]
}

// Open reports whether it waits for somebody.
func (s Status) Open() bool { return s == Unread || s == Waiting }

// Action is something that is done with a list.
type Action string

// The actions.
const (
	Map      Action = "map"
	Take     Action = "take"
	Refuse   Action = "refuse"
	Withdraw Action = "withdraw"
)

// Facts are what the table looks at.
type Facts struct {
	Same       bool   // the actor is of the list's side
	Own        bool   // the actor brought it
	Brings     bool   // the actor's role brings lists
	Older      bool   // a newer one was taken over
	Unreadable int    // rows of a full list whose operator cannot be told
	Ready      bool   // the columns that must be there are named
	Fallen     int    // operators that would count no more
	Drop       bool   // more than the share that falls without a word
	Agreed     bool   // the person has said so, having read the number
	Reason     string // of a refusal
}

// Lifecycle is the only list of legal moves of a list.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	deciders := []identity.Role{identity.Officer, identity.AgencyAdmin, identity.Headquarters}
	second := func(f Facts) bool { return f.Same && !f.Own }
	brings := func(f Facts) bool { return f.Same && f.Brings }
	t := workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Unread, By: deciders, Do: Map, To: Waiting, When: brings, If: guards{named}},
		{From: Waiting, By: deciders, Do: Map, To: Waiting, When: brings, If: guards{named}},
		{From: Waiting, By: deciders, Do: Take, To: Taken, When: second, If: guards{newest, readable, agreed}},
		{From: Waiting, By: []identity.Role{identity.Clock}, Do: Take, To: Taken, If: guards{newest, readable, nobodyFalls}},
	}
	for _, from := range []Status{Unread, Waiting} {
		t = append(t, workflow.Row[Status, identity.Role, Action, Facts]{From: from, By: deciders, Do: Refuse, To: Refused, When: second, If: guards{because}},
			workflow.Row[Status, identity.Role, Action, Facts]{From: from, By: deciders, Do: Withdraw, To: Withdrawn, When: func(f Facts) bool { return f.Same && f.Own }})
	}
	return t
}

func named(f Facts) []fault.Field {
	if f.Ready {
		return nil
	}
	return []fault.Field{fault.F("", "Say in which columns the number, the name, the country and the status stand")}
}

func newest(f Facts) []fault.Field {
	if !f.Older {
		return nil
	}
	return []fault.Field{fault.F("", "A newer list was taken over already. Refuse this one")}
}

func readable(f Facts) []fault.Field {
	if f.Unreadable == 0 {
		return nil
	}
	return []fault.Field{fault.F("", "Rows of this full list have no readable number, so nobody can tell who is missing. Refuse it and have them mended: %d", f.Unreadable)}
}

func agreed(f Facts) []fault.Field {
	if !f.Drop || f.Agreed {
		return nil
	}
	return []fault.Field{fault.F("agreed", "Read how many operators would no longer count, and tick the box if that is right: %d", f.Fallen)}
}

func nobodyFalls(f Facts) []fault.Field {
	if !f.Drop {
		return nil
	}
	return []fault.Field{fault.F("", "A person has to look at this list first")}
}

func because(f Facts) []fault.Field {
	if f.Reason != "" {
		return nil
	}
	return []fault.Field{fault.F("reason", "Say why, in 1000 characters or fewer")}
}

// Change is what a row of a list does.
type Change string

// The changes.
const (
	New       Change = "new"
	Changed   Change = "changed"
	Confirmed Change = "confirmed" // it applied, or was suspended, and counts now
	Suspended Change = "suspended"
	Ended     Change = "ended"
	Missing   Change = "missing" // from a full list, so it ends
	Unchanged Change = "unchanged"
	Wrong     Change = "wrong" // not a change: the row cannot be taken
)

// Changes lists them, what matters most first.
func Changes() []Change {
	return []Change{Missing, Ended, Suspended, Confirmed, Changed, New, Wrong, Unchanged}
}

// Name is the change for a person to read (English source text).
func (c Change) Name() string {
	return map[Change]string{New: "New", Changed: "Changed", Confirmed: "Counts from now on", Suspended: "Suspended", Ended: "Ended", Missing: "Missing, would end", Unchanged: "Unchanged", Wrong: "Wrong rows"}[c]
}

// Feed is a list that was brought.
type Feed struct {
	ID          uuid.UUID
	Number      string
	ChannelID   uuid.UUID
	AgencyID    uuid.UUID
	Arrangement string
	Home        string
	Side        Side
	Kind        string // Full or Delta
	AsOf        clock.Day
	FileName    string
	SHA256      string `db:"sha256" gorm:"column:sha256"`
	Head        string // JSON: headings
	Epoch       *clock.Day
	Columns     string // JSON: places by code
	Status      Status
	Rows        int
	Wrong       int
	Unreadable  int
	Counts      string // JSON: by change
	Base        int
	Fallen      int
	Reliant     int
	BroughtAt   time.Time
	BroughtBy   *uuid.UUID
	Bringer     string
	ClientID    *uuid.UUID
	Ref         string
	DecidedAt   *time.Time
	DecidedBy   *uuid.UUID
	Decider     string
	Reason      string
	Version     int
}

const feedColumns = `i.id, i.number, i.channel_id, i.agency_id, i.arrangement, i.home, i.side, i.kind, i.as_of, i.file_name, i.sha256, i.head::text as head, i.epoch, i.columns::text as columns, i.status, i.rows, i.wrong,
	i.unreadable, i.counts::text as counts, i.base, i.fallen, i.reliant, i.brought_at, i.brought_by, i.bringer, i.client_id, i.ref, i.decided_at, i.decided_by, i.decider, i.reason, i.version`

// Headings are those of the file; none for a program's list.
func (f Feed) Headings() (list []string, err error) {
	if err := json.Unmarshal([]byte(f.Head), &list); err != nil {
		return nil, fmt.Errorf("read the headings of the list: %w", err)
	}
	return list, nil
}

// Places are the columns of a file, by the code of what they say.
func (f Feed) Places() (at map[string]int, err error) {
	if err := json.Unmarshal([]byte(f.Columns), &at); err != nil {
		return nil, fmt.Errorf("read the columns of the list: %w", err)
	}
	return at, nil
}

// Of is how many rows do something.
func (f Feed) Of(c Change) int {
	if c == Wrong {
		return f.Wrong
	}
	n := map[Change]int{}
	if err := json.Unmarshal([]byte(f.Counts), &n); err != nil {
		return 0
	}
	return n[c]
}

// Percent is the share of operators that would no longer count, rounded up.
func (f Feed) Percent() int {
	if f.Base == 0 {
		return 0
	}
	return (f.Fallen*100 + f.Base - 1) / f.Base
}

// drops reports whether more than a share of the operators would no longer count.
func (f Feed) drops(percent int) bool { return f.Fallen*100 > percent*f.Base }

// side finds for whom the actor works; brings: whether its role brings lists.
func side(by identity.Actor) (s Side, brings bool, err error) {
	switch {
	case by.Abroad():
		return Agency, by.Is(identity.AgencyAdmin), nil
	case by.Audience == identity.Staff && by.Is(identity.Headquarters):
		return Headquarters, true, nil
	case by.Audience == identity.Staff && by.Is(identity.CaseReaders...):
		return "", false, nil
	}
	return "", false, fault.Missing()
}

// facts are what is known of a list before a step.
func (f Feed) facts(by identity.Actor) (Facts, error) {
	s, brings, err := side(by)
	if err != nil {
		return Facts{}, err
	}
	return Facts{Same: s == f.Side, Own: f.BroughtBy != nil && *f.BroughtBy == by.PersonID, Brings: brings}, nil
}

// moves are the changes that are legal for single operators: a list does no other.
func moves() (from, to []string) {
	for _, r := range recognition.OperatorLifecycle() {
		if slices.Contains(r.By, identity.Officer) {
			from, to = append(from, string(r.From)), append(to, string(r.To))
		}
	}
	return from, to
}
