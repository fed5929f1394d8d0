package risk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Sheet is everything of one assessment.
type Sheet struct {
	Assessment Assessment
	Company    string
	Lanes      []LaneSheet // in order
	Tasks      []Task      // the ones to do first, by day
	Factors    *Factors
	Zone       *time.Location // of the office in charge
	Today      clock.Day      // there
	removed    map[uuid.UUID]string
}

// LaneSheet is a lane with its legs and the ratings of its threats.
type LaneSheet struct {
	Lane
	Legs    []LegSheet        // in order
	Threats map[string]Rating // by factor
}

// LegSheet is a leg with its ratings.
type LegSheet struct {
	Leg
	Ratings map[string]Rating // by factor
}

// sheetSQL reads an assessment for its company ($2) or, when finished, for the agency.
// Lanes that were removed come too: actions may name them.
const sheetSQL = `select a.id, a.company_id, a.title, a.method, a.lead, a.participants, a.schedule, a.status, a.previous_id, a.begun_at, a.begun_by,
  a.finished_at, a.finished_by, a.finisher, a.evidence_id, a.edits, a.version, c.name as company, o.zone,
  coalesce((select jsonb_agg(to_jsonb(l) order by l.position, l.created_at, l.id) from risk_lane l where l.assessment_id = a.id), '[]')::text as lanes,
  coalesce((select jsonb_agg(to_jsonb(g) order by g.position, g.created_at, g.id) from risk_leg g join risk_lane l on l.id = g.lane_id
    where l.assessment_id = a.id and l.removed_at is null and g.removed_at is null), '[]')::text as legs,
  coalesce((select jsonb_agg(to_jsonb(r)) from risk_rating r where r.assessment_id = a.id), '[]')::text as ratings,
  coalesce((select jsonb_agg(to_jsonb(t) order by t.done_on is not null, t.due_on, t.created_at, t.id) from risk_action t
    where t.assessment_id = a.id and t.removed_at is null), '[]')::text as tasks
from risk_assessment a join company c on c.id = a.company_id join office o on o.id = c.office_id
where a.id = $1 and ($2::uuid is null and a.status = 'finished' or a.company_id = $2::uuid)`

type sheetRow struct {
	Assessment
	Company, Zone, Lanes, Legs, Ratings, Tasks string
}

// Sheet reads an assessment. The company's own people may, and of a finished one the agency's
// case readers, whose look is an audit event.
func (s *Service) Sheet(ctx context.Context, by identity.Actor, id uuid.UUID) (Sheet, error) {
	own, err := by.Reads()
	if err != nil {
		return Sheet{}, err
	}
	now := s.Now()
	var row sheetRow
	statements := []pg.Query{pg.One(&row, sheetSQL, id, own)}
	if own == nil {
		statements = append(statements, audit.LookAt(now, by, "risk_assessment.read", Kind, "risk_assessment x where x.id = $10 and x.status = 'finished'", id))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return Sheet{}, fmt.Errorf("read the risk assessment: %w", err)
	}
	return s.unfold(now, row)
}

// sheet reads an assessment inside a transaction of its company.
func (s *Service) sheet(ctx context.Context, tx pg.Tx, now time.Time, id uuid.UUID) (Sheet, error) {
	var row sheetRow
	named := strings.NewReplacer("$1", "@id", "$2::uuid is null and a.status = 'finished' or a.company_id = $2::uuid", "true").Replace(sheetSQL)
	r := tx.WithContext(ctx).Raw(named, map[string]any{"id": id}).Scan(&row)
	if r.Error != nil {
		return Sheet{}, fmt.Errorf("read the risk assessment: %w", r.Error)
	}
	if r.RowsAffected == 0 {
		return Sheet{}, fault.Missing()
	}
	return s.unfold(now, row)
}

// unfold puts a sheet together from what one statement has read.
func (s *Service) unfold(now time.Time, row sheetRow) (Sheet, error) {
	lanes, err1 := pg.Documents[Lane](row.Lanes)
	legs, err2 := pg.Documents[Leg](row.Legs)
	ratings, err3 := pg.Documents[Rating](row.Ratings)
	tasks, err4 := pg.Documents[Task](row.Tasks)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return Sheet{}, fmt.Errorf("read the risk assessment: %w", err)
	}
	out := Sheet{Assessment: row.Assessment, Company: row.Company, Tasks: tasks, Factors: s.Factors, Zone: zoneNamed(row.Zone), removed: map[uuid.UUID]string{}}
	out.Today = clock.DayOf(now, out.Zone)
	places := map[uuid.UUID]int{}
	for _, l := range lanes {
		if l.RemovedAt != nil {
			out.removed[l.ID] = l.Name
			continue
		}
		places[l.ID] = len(out.Lanes)
		out.Lanes = append(out.Lanes, LaneSheet{Lane: l, Threats: map[string]Rating{}})
	}
	for _, g := range legs {
		lane := &out.Lanes[places[g.LaneID]]
		lane.Legs = append(lane.Legs, LegSheet{Leg: g, Ratings: map[string]Rating{}})
	}
	for _, r := range ratings {
		i, there := places[r.LaneID]
		switch {
		case !there:
		case r.LegID == nil:
			out.Lanes[i].Threats[r.Factor] = r
		default:
			for j, g := range out.Lanes[i].Legs {
				if g.ID == *r.LegID {
					out.Lanes[i].Legs[j].Ratings[r.Factor] = r
				}
			}
		}
	}
	return out, nil
}

// Lane finds a lane.
func (s Sheet) Lane(id uuid.UUID) (LaneSheet, bool) {
	if i := slices.IndexFunc(s.Lanes, func(l LaneSheet) bool { return l.ID == id }); i >= 0 {
		return s.Lanes[i], true
	}
	return LaneSheet{}, false
}

// Leg finds a leg with its lane.
func (s Sheet) Leg(id uuid.UUID) (LaneSheet, LegSheet, bool) {
	for _, l := range s.Lanes {
		for _, g := range l.Legs {
			if g.ID == id {
				return l, g, true
			}
		}
	}
	return LaneSheet{}, LegSheet{}, false
}

// Task finds an action.
func (s Sheet) Task(id uuid.UUID) (Task, bool) {
	if i := slices.IndexFunc(s.Tasks, func(t Task) bool { return t.ID == id }); i >= 0 {
		return s.Tasks[i], true
	}
	return Task{}, false
}

// LaneName is the lane of an action; gone: it was removed. Empty: all lanes.
func (s Sheet) LaneName(id *uuid.UUID) (name string, gone bool) {
	if id == nil {
		return "", false
	}
	if l, ok := s.Lane(*id); ok {
		return l.Name, false
	}
	return s.removed[*id], true
}

// FinishedOn is the day on which it was finished, at the office; zero: it is not.
func (s Sheet) FinishedOn() clock.Day {
	if s.Assessment.FinishedAt == nil {
		return clock.Day{}
	}
	return clock.DayOf(*s.Assessment.FinishedAt, s.Zone)
}

// Weak is where a lane is most vulnerable.
type Weak struct {
	Leg    LegSheet
	Factor Factor
}

// Score is the risk of a lane with what it comes from.
type Score struct {
	Threat        int // the highest rating; 0 while there is none
	Vulnerability int
	Threats       []Factor // those with the highest rating
	Weakest       []Weak   // likewise
	Value         int      // 0 while one of the two is missing
	Band          Band
	Open          int // ratings that are missing or not confirmed: the score may change
}

// Score works out the risk of a lane: the highest threat against the weakest spot.
func (s Sheet) Score(l LaneSheet) (out Score) {
	for _, f := range s.Factors.Threats {
		r, rated := l.Threats[f.Code]
		out.Open += missing(r, rated)
		switch {
		case !rated || r.Level < out.Threat:
		case r.Level > out.Threat:
			out.Threat, out.Threats = r.Level, []Factor{f}
		default:
			out.Threats = append(out.Threats, f)
		}
	}
	for _, g := range l.Legs {
		for _, f := range s.Factors.Vulnerabilities {
			r, rated := g.Ratings[f.Code]
			out.Open += missing(r, rated)
			switch {
			case !rated || r.Level == NotApplicable || r.Level < out.Vulnerability:
			case r.Level > out.Vulnerability:
				out.Vulnerability, out.Weakest = r.Level, []Weak{{g, f}}
			default:
				out.Weakest = append(out.Weakest, Weak{g, f})
			}
		}
	}
	out.Value, out.Band = s.Factors.Score(out.Threat, out.Vulnerability)
	return out
}

func missing(r Rating, rated bool) int {
	if rated && !r.Carried {
		return 0
	}
	return 1
}

// Heat counts the lanes of each pair of highest threat and highest vulnerability.
func (s Sheet) Heat() (out [High + 1][High + 1]int) {
	for _, l := range s.Lanes {
		score := s.Score(l)
		out[score.Threat][score.Vulnerability]++
	}
	return out
}

// Rated counts the ratings of a lane's threats: those that stand, those that were carried
// over and wait for a person, and how many there are to be.
func (s Sheet) Rated(l LaneSheet) Count { return count(s.Factors.Threats, l.Threats) }

// RatedLeg is Rated for the vulnerabilities of a leg.
func (s Sheet) RatedLeg(g LegSheet) Count { return count(s.Factors.Vulnerabilities, g.Ratings) }

// Count is how many ratings there are of how many.
type Count struct{ Done, Carried, Total int }

func count(factors []Factor, ratings map[string]Rating) (c Count) {
	c.Total = len(factors)
	for _, f := range factors {
		switch r, rated := ratings[f.Code]; {
		case rated && r.Carried:
			c.Carried++
		case rated:
			c.Done++
		}
	}
	return c
}

func (c Count) plus(o Count) Count {
	return Count{c.Done + o.Done, c.Carried + o.Carried, c.Total + o.Total}
}

// Planned reports whether the plan has an action for a vulnerability of a lane: one of its
// own, or one for all lanes.
func (s Sheet) Planned(lane uuid.UUID, factor string) bool {
	return slices.ContainsFunc(s.Tasks, func(t Task) bool {
		return t.Criterion == factor && (t.LaneID == nil || *t.LaneID == lane)
	})
}
