// Package headquarters is what a programme looks like from above: how many members there
// are and of what kind, what is late, what validations find, what the yearly report says,
// whether two people decided on each case, and whether offices judge alike.
//
// Everything that is counted is one of a few sets of rows (see Set). A number is a set with
// conditions, and so is the list that the number opens: both ask the same statement, so they
// cannot disagree. A number also carries the instant as of which it was counted, and its list
// is read as of that instant again.
//
// Who may: headquarters and auditors see all offices, supervisors their own and those below
// it. To others none of it is there. People are named only where the question is who did
// what; nobody is ranked.
package headquarters

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Kind names what headquarters reads in audit events.
const Kind = "headquarters"

// Readers are the roles that look from above.
func Readers() []identity.Role {
	return []identity.Role{identity.Headquarters, identity.Supervisor, identity.Auditor}
}

// Service counts and lists.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Programmes *programme.Register
	Library    *catalogue.Library // names criteria; nil: they have only numbers
}

// Asked is what every number of a page has in common.
type Asked struct {
	Programme string
	Office    uuid.UUID // one office alone; none: all that the reader sees
	On        clock.Day // the day on which members are counted and ages are measured
	Known     time.Time // what the portal knew at that instant counts
	First     clock.Day // the days, both included, of what has happened
	Last      clock.Day
}

// Office is an office that the reader sees.
type Office struct {
	ID   uuid.UUID
	Name string
}

const officesSQL = `select id, name from office where $1::uuid[] is null or id = any($1) order by name`

// reader refuses whoever does not look from above.
func reader(by identity.Actor) error {
	if by.Audience != identity.Staff || !by.Is(Readers()...) {
		return fault.Missing()
	}
	return nil
}

// offices are those that the reader sees; nil: all.
func offices(by identity.Actor) []uuid.UUID {
	if by.Is(identity.Supervisor) {
		return append([]uuid.UUID{by.OfficeID}, by.Offices...)
	}
	return nil
}

// tidy fills in what a person did not ask for: today, all that is known now, and the twelve
// months up to the day.
func (s *Service) tidy(by identity.Actor, a Asked) (Asked, *programme.Programme) {
	p, ok := s.Programmes.Get(a.Programme)
	if !ok {
		p = s.Programmes.All()[0]
		a.Programme = p.Code
	}
	now := s.Now()
	if a.Known.IsZero() || a.Known.After(now) {
		a.Known = now
	}
	if a.On.IsZero() {
		zone := by.Zone
		if zone == nil {
			zone = time.UTC
		}
		a.On = clock.DayOf(now, zone)
	}
	if a.Last.IsZero() {
		a.Last = a.On
	}
	if a.First.IsZero() || a.First.After(a.Last) {
		a.First = a.Last.AddDays(1 - a.Last.DayOfMonth()).AddMonths(-11)
	}
	return a, p
}

// args are $1 to $6 of every source.
func (a Asked) args(by identity.Actor) []any {
	return []any{a.Programme, offices(by), a.On, a.Known, a.First, a.Last}
}

// world is what names the keys of a programme's numbers.
type world struct {
	rules   *programme.Programme
	offices []Office
	library *catalogue.Library
}

func (s *Service) world(p *programme.Programme) *world { return &world{rules: p, library: s.Library} }

// Name is a key of a dimension in the words of the reader.
func (w *world) name(ctx context.Context, d Dim, key string) string {
	v := w.rules.Validation
	switch d {
	case ByOffice:
		if i := slices.IndexFunc(w.offices, func(o Office) bool { return o.ID.String() == key }); i >= 0 {
			return w.offices[i].Name
		}
		return i18n.T(ctx, "No office")
	case ByEntityType:
		if e, ok := w.rules.EntityType(key); ok {
			return i18n.T(ctx, e.Name)
		}
	case ByTier:
		if t, ok := w.rules.Tier(key); ok {
			return i18n.T(ctx, t.Name)
		}
		return i18n.T(ctx, "No tier")
	case ByKind:
		for _, k := range v.Kinds {
			if k.Code == key {
				return i18n.T(ctx, k.Name)
			}
		}
		for _, k := range v.Findings.Kinds {
			if k.Code == key {
				return i18n.T(ctx, k.Name)
			}
		}
		if k, ok := w.rules.Enforcement.Incidents.Kind(key); ok {
			return i18n.T(ctx, k.Name)
		}
		if slices.Contains(programme.Measures(), key) {
			return i18n.T(ctx, w.rules.MeasureName(key))
		}
		if c, ok := w.rules.Clock(key); ok {
			return i18n.T(ctx, c.Name)
		}
	case ByCriterion:
		return w.criterion(ctx, key)
	case ByAge:
		return i18n.T(ctx, "%s days", key)
	case ByCountry:
		return i18n.Country(ctx, key)
	case ByMonth:
		if d, err := clock.ParseDay(key + "-01"); err == nil {
			return i18n.T(ctx, d.Month().String()[:3]) + "\u00a0" + strconv.Itoa(d.Year())
		}
	}
	if name, ok := words[key]; ok {
		return i18n.T(ctx, name)
	}
	return key
}

// criterion is a criterion by its number and its title in the newest edition that has it.
func (w *world) criterion(ctx context.Context, id string) string {
	if w.library != nil {
		for _, e := range slices.Backward(w.library.Editions(w.rules.Code)) {
			if c, ok := e.Criterion(id); ok {
				title, _ := c.Title.In(i18n.Lang(ctx))
				return id + " " + title
			}
		}
	}
	return id
}

// words are the keys that no programme names (English source text).
var words = map[string]string{
	"active": "Active", "suspended": "Suspended", "ended": "Ended", "annulled": "Annulled", "yes": "Member", "no": "Not a member any more",
	"opened": "Opened", "submitted": "Submitted", "accepted": "Accepted", "certified": "Certified", "rejected": "Rejected", "left": "Withdrawn or lapsed",
	"in_time": "In time", "late": "Late", "open": "Open", "overdue": "Open after its day",
	"tier_awarded": "Tier awarded", "confirmed": "Confirmed", "enforcement": "Passed on to enforcement",
	"granted": "Granted", "awarded": "Tier awarded", "reinstated": "Reinstated", "limited": "Benefits limited", "restored": "Benefits restored",
	"removed": "Removed", "withdrawn": "Withdrawn", "succeeded": "Passed on to another membership",
	"application": "Application", "report": "Report of a validation", "plan": "Yearly plan", "measure": "Measure of enforcement", "appeal": "Appeal", "action_required": "Action required",
	"recommendation": "Recommendation", "best_practice": "Best practice", "answered": "Answered", "escalated": "Passed on to enforcement",
	"none": "No breach", "same_person": "One person did both steps", "no_recommendation": "Decided without a recommendation", "own_company": "A right in the company it is about",
	"returned": "Returned", "other": "Not settled",
	"investigating": "Being looked into", "proposed": "Proposed", "notified": "With the company", "emergency": "Suspended at once", "in_force": "In force", "end_proposed": "End proposed",
	"stands": "Stands", "overturned": "Overturned", "company": "The company", "agency": "The agency",
}
