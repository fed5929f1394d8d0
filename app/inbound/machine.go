package inbound

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/recognition"
)

// Program is a program of a partner agency, with the arrangements under which it may bring
// lists. Who the program is, is for the package that let it in to say.
type Program struct {
	ID    uuid.UUID
	Actor identity.Actor
	Under []string
}

// Delivery is a list as a program brings it. What an operator leaves out is empty.
type Delivery struct {
	Arrangement string   `json:"arrangement"`
	Programme   string   `json:"programme"` // of ours; may be left out where only one takes part
	Kind        string   `json:"kind"`
	AsOf        string   `json:"as_of"`
	Count       int      `json:"count"`
	Operators   []Listed `json:"operators"`
}

// Listed is an operator in a delivery.
type Listed struct {
	Number      string `json:"number"`
	Name        string `json:"name"`
	Country     string `json:"country"`
	Status      string `json:"status"`
	Types       string `json:"types"`
	Tier        string `json:"tier"`
	From        string `json:"from"`
	Until       string `json:"until"`
	Identifiers string `json:"identifiers"`
	Reason      string `json:"reason"`
}

// State is where a list of a program stands.
type State struct {
	ID          string         `json:"id"` // the program's own name for it
	Number      string         `json:"number"`
	Arrangement string         `json:"arrangement"`
	Programme   string         `json:"programme"`
	Kind        string         `json:"kind"`
	AsOf        clock.Day      `json:"as_of"`
	Status      Status         `json:"status"`
	Rows        int            `json:"rows"`
	Wrong       int            `json:"wrong"`
	Changes     map[Change]int `json:"changes"`
	Confirmed   int            `json:"confirmed"` // operators that counted when it was compared
	Falling     int            `json:"falling"`   // of them, that would no longer
	SHA256      string         `json:"sha256"`
	BroughtAt   time.Time      `json:"brought_at"`
	DecidedAt   *time.Time     `json:"decided_at,omitempty"`
	Reason      string         `json:"reason,omitempty"`
}

func (f Feed) state() State {
	return State{ID: f.Ref, Number: f.Number, Arrangement: f.Arrangement, Programme: f.Home, Kind: f.Kind, AsOf: f.AsOf, Status: f.Status, Rows: f.Rows, Wrong: f.Wrong, Changes: f.counts(), Confirmed: f.Base,
		Falling: f.Fallen, SHA256: f.SHA256, BroughtAt: f.BroughtAt, DecidedAt: f.DecidedAt, Reason: f.Reason}
}

var refForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,60}$`)

// Deliver takes in a list that a program brings under its own name; the same list under the
// same name again is the same. Sum is the SHA-256 of what was sent. What the rules of the
// arrangement let a program's list of changes do is done at once; everything else waits for a
// person of its agency. Conflict: the name stands for another list.
func (s *Service) Deliver(ctx context.Context, p Program, ref, sum string, d Delivery) (st State, made bool, err error) {
	if !refForm.MatchString(ref) {
		return st, false, fault.Fail([]fault.Field{fault.F("id", "Use up to 60 letters, digits, dots, hyphens and underscores")})
	}
	if f, there, err := s.known(ctx, p, ref); err != nil || there {
		if err == nil && f.SHA256 != sum {
			err = fault.New(fault.Conflict, "This id stands for another list. Use a new one")
		}
		return f.state(), false, err
	}
	c, today, err := s.doorOf(ctx, p, d)
	if err != nil {
		return st, false, err
	}
	now := s.Now()
	f := Feed{ID: pg.NewID(), Number: newNumber(now.Year()), ChannelID: c.ID, AgencyID: c.AgencyID, Arrangement: c.Arrangement.Code, Home: c.Operative.Home, Side: Agency, Status: Waiting, BroughtAt: now,
		Bringer: p.Actor.Name, ClientID: &p.ID, Ref: ref, Head: "[]", Columns: "{}", Counts: "{}", SHA256: sum, Rows: len(d.Operators), Version: 1}
	if err := f.say(c, today, BringEntry{Kind: d.Kind, AsOf: d.AsOf}); err != nil {
		return st, false, err
	}
	if err := whole(d); err != nil {
		return st, false, err
	}
	k := newChecker(c, f)
	for i, o := range d.Operators {
		k.add(i+1, said(o))
	}
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		f := f // a transaction that is run again begins anew
		if err := s.deliver(ctx, tx, now, p, c, &f, k); err != nil {
			return err
		}
		st = f.state()
		return nil
	})
	if pg.Constraint(err) == "one_inbound_ref" {
		return s.again(ctx, p, ref, sum)
	}
	return st, err == nil, err
}

// again is the answer to a list that another request has just brought.
func (s *Service) again(ctx context.Context, p Program, ref, sum string) (State, bool, error) {
	f, there, err := s.known(ctx, p, ref)
	if err == nil && (!there || f.SHA256 != sum) {
		err = fault.New(fault.Conflict, "This id stands for another list. Use a new one")
	}
	return f.state(), false, err
}

// whole refuses a delivery that is not all there.
func whole(d Delivery) error {
	switch n := len(d.Operators); {
	case n == 0:
		return fault.Fail([]fault.Field{fault.F("operators", "An empty list ends nobody. Send a list of changes that says of each operator that it has ended")})
	case n > MostRows:
		return fault.Fail([]fault.Field{fault.F("operators", "A list has up to %d operators", MostRows)})
	case n != d.Count:
		return fault.Fail([]fault.Field{fault.F("count", "The list has %d operators, so it is not whole", n)})
	}
	return nil
}

// deliver keeps a program's list, and takes it over when nobody need look at it.
func (s *Service) deliver(ctx context.Context, tx pg.Tx, now time.Time, p Program, c Channel, f *Feed, k *checker) error {
	if err := s.keep(ctx, tx, p.Actor, c, f); err != nil {
		return err
	}
	if err := recognition.HoldOperators(ctx, tx, f.AgencyID, f.Arrangement, f.Home, true); err != nil {
		return err
	}
	told := []string{"number", "name", "country", "status", "types", "tier", "from", "until", "identifiers", "reason"}
	if err := s.compare(ctx, tx, f, k, told); err != nil {
		return err
	}
	err := audit.Record(ctx, tx, now, p.Actor, audit.Event{Action: "inbound_feed.bring", Kind: Kind, Subject: f.ID, Agency: f.AgencyID,
		After: map[string]any{"number": f.Number, "channel": c.title(), "kind": f.Kind, "as_of": f.AsOf, "rows": f.Rows, "sha256": f.SHA256, "id": f.Ref}})
	if err != nil || !f.alone(c.Rules.AtOnce) {
		return err
	}
	var last []struct {
		AsOf      *clock.Day
		BroughtAt *time.Time
	}
	if err := tx.WithContext(ctx).Raw(`select as_of, brought_at from inbound_channel where id = ?`, c.ID).Scan(&last).Error; err != nil || len(last) == 0 {
		return fmt.Errorf("read the channel: %w", err)
	}
	c.AsOf, c.BroughtAt = last[0].AsOf, last[0].BroughtAt
	if c.after(*f) {
		return nil // it was overtaken; a person refuses it
	}
	by := identity.ClockActor(p.Actor.RequestID)
	to, err := Lifecycle().Next(f.Status, Take, by.Role, Facts{})
	if err != nil {
		return err
	}
	f.DecidedAt = &now
	return s.apply(ctx, tx, now, by, f, to, false)
}

// alone reports whether a list of changes does nothing but what a program may do alone.
func (f Feed) alone(allowed []string) bool {
	if f.Kind != Delta || f.Wrong > 0 {
		return false
	}
	for c := range f.counts() {
		if c != Unchanged && !slices.Contains(allowed, string(c)) {
			return false
		}
	}
	return true
}

// doorOf finds the channel of a delivery.
func (s *Service) doorOf(ctx context.Context, p Program, d Delivery) (c Channel, today clock.Day, err error) {
	list, today, err := s.read(ctx, p.Actor.Scope(), &p.Actor.AgencyID)
	if err != nil {
		return c, today, err
	}
	list = slices.DeleteFunc(list, func(c Channel) bool {
		return c.Arrangement.Code != d.Arrangement || d.Programme != "" && c.Operative.Home != d.Programme || !slices.Contains(p.Under, d.Arrangement)
	})
	switch len(list) {
	case 1:
		return list[0], today, nil
	case 0:
		return c, today, fault.Fail([]fault.Field{fault.F("arrangement", "Choose an arrangement under which the program may bring lists")})
	}
	return c, today, fault.Fail([]fault.Field{fault.F("programme", "Name our programme, for several take part")})
}

// known finds a list by the program's name for it.
func (s *Service) known(ctx context.Context, p Program, ref string) (f Feed, there bool, err error) {
	var list []Feed
	err = s.DB.Batch(ctx, p.Actor.Scope(), pg.All(&list, `select `+feedColumns+` from inbound_feed i where i.agency_id = $1 and i.ref = $2 and i.ref <> '' and i.arrangement = any($3)`, p.Actor.AgencyID, ref, p.Under))
	if err != nil {
		return f, false, fmt.Errorf("look for the list: %w", err)
	}
	if len(list) == 0 {
		return f, false, nil
	}
	return list[0], true, nil
}

// Delivered is where a list of a program stands.
func (s *Service) Delivered(ctx context.Context, p Program, ref string) (State, error) {
	f, there, err := s.known(ctx, p, ref)
	if err == nil && !there {
		err = fault.Missing()
	}
	return f.state(), err
}

// mostErrors bounds the wrong rows that a program reads at once.
const mostErrors = 1000

// Mistake is a wrong row of a program's list.
type Mistake struct {
	Row      int      `json:"row"` // in the list, from 1
	Number   string   `json:"number"`
	Problems []string `json:"problems"`
}

// Mistakes lists the first wrong rows of a program's list.
func (s *Service) Mistakes(ctx context.Context, p Program, ref string) (list []Mistake, err error) {
	f, there, err := s.known(ctx, p, ref)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, fault.Missing()
	}
	var rows []Row
	err = s.DB.Batch(ctx, p.Actor.Scope(), pg.All(&rows, `select `+rowColumns+` from inbound_row r where r.feed_id = $1 and r.wrong is not null order by r.id limit $2`, f.ID, mostErrors))
	if err != nil {
		return nil, fmt.Errorf("read the wrong rows: %w", err)
	}
	list = make([]Mistake, 0, len(rows))
	for _, r := range rows {
		list = append(list, Mistake{Row: *r.Line, Number: r.Number, Problems: r.Problems()})
	}
	return list, nil
}

// Freshness is how old what we know of a partner's operators is.
type Freshness struct {
	Arrangement string     `json:"arrangement"`
	Programme   string     `json:"programme"`
	AsOf        *clock.Day `json:"as_of,omitempty"` // of the last list that was taken over
	TakenAt     *time.Time `json:"taken_at,omitempty"`
	Frequency   string     `json:"frequency"`
	Waiting     int        `json:"waiting"`
	Stale       bool       `json:"stale"`
	StaleSince  *clock.Day `json:"stale_since,omitempty"`
	Reason      string     `json:"reason,omitempty"` // STALE
}

// Freshness lists the channels of a program.
func (s *Service) Freshness(ctx context.Context, p Program) ([]Freshness, error) {
	list, _, err := s.read(ctx, p.Actor.Scope(), &p.Actor.AgencyID)
	if err != nil {
		return nil, err
	}
	out := []Freshness{}
	for _, c := range list {
		if !slices.Contains(p.Under, c.Arrangement.Code) {
			continue
		}
		f := Freshness{Arrangement: c.Arrangement.Code, Programme: c.Operative.Home, AsOf: c.AsOf, TakenAt: c.TakenAt, Frequency: c.Operative.Exchange.Frequency, Waiting: c.Open, Stale: c.Stale}
		if c.Stale {
			f.StaleSince, f.Reason = &c.StaleOn, recognition.Stale
		}
		out = append(out, f)
	}
	return out, nil
}
