package consultation

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
)

// rulesFresh is how old what is known of arrangements may be.
const rulesFresh = time.Second

// book keeps the rules of agencies in memory for a moment.
type book struct {
	db       *pg.DB
	now      func() time.Time
	register *arrangement.Register

	mu    sync.Mutex
	at    time.Time
	lives map[string]arrangement.Life
	ties  map[uuid.UUID][]string
	zone  *time.Location // of headquarters
	made  map[page][]Rule
}

type page struct {
	agency uuid.UUID
	day    clock.Day
}

// RulesOf finds rules in the register of arrangements, at most a second old.
func RulesOf(db *pg.DB, register *arrangement.Register, now func() time.Time) Rules {
	return (&book{db: db, now: now, register: register}).rules
}

func (b *book) rules(ctx context.Context, agency uuid.UUID, day clock.Day) ([]Rule, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.at) > rulesFresh {
		if err := b.read(ctx); err != nil {
			return nil, err
		}
	}
	if day.IsZero() {
		day = clock.DayOf(b.now(), b.zone)
	}
	key := page{agency, day}
	if r, there := b.made[key]; there {
		return r, nil
	}
	r := b.make(agency, day)
	b.made[key] = r
	return r, nil
}

// read reads the lives of all arrangements, and who is whose partner.
func (b *book) read(ctx context.Context) error {
	var events []arrangement.Row
	var ties []struct {
		AgencyID    uuid.UUID
		Arrangement string
	}
	var zone string
	begin := time.Now()
	err := b.db.Batch(ctx, pg.System, arrangement.Known(&events, ""), arrangement.Zone(&zone),
		pg.All(&ties, `select agency_id, arrangement from arrangement_agency where until is null or until > $1 group by 1, 2 order by 1, 2`, b.now()))
	if err != nil {
		return fmt.Errorf("read the arrangements: %w", err)
	}
	if b.zone, err = time.LoadLocation(zone); err != nil {
		return fmt.Errorf("read the zone of headquarters: %w", err)
	}
	b.at, b.lives, b.ties, b.made = begin, b.register.Lives(events), map[uuid.UUID][]string{}, map[page][]Rule{}
	for _, t := range ties {
		b.ties[t.AgencyID] = append(b.ties[t.AgencyID], t.Arrangement)
	}
	return nil
}

func (b *book) make(agency uuid.UUID, day clock.Day) (out []Rule) {
	for _, code := range b.ties[agency] {
		life, there := b.lives[code]
		if !there {
			continue
		}
		for _, o := range life.Of.Operative {
			r := Rule{Arrangement: code, Programme: o.Home, State: RuleNotYet, Version: fmt.Sprintf("%s.%d", code, len(life.Events)+1), General: b.register.Key(life.Of, o.Home) == arrangement.Everywhere,
				Covers: func(entityType, tier string, types []string) Reason {
					_, why := o.Covers(day, "", entityType, tier, types)
					return Reason(why)
				}}
			switch life.On(day, b.now()) {
			case arrangement.Running:
				r.State = RuleInForce
			case arrangement.OnHold:
				r.State = RuleSuspended
			case arrangement.Terminated:
				r.State = RuleEnded
			}
			out = append(out, r)
		}
	}
	return out
}
