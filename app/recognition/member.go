package recognition

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

// part is one type of a membership on a day.
type part struct {
	Type  string
	State standing.State
	Tier  string
	How   standing.Kind
	Since clock.Day
	Known time.Time // since when the portal knows
}

// Member is a membership as it stands today.
type Member struct {
	ID         uuid.UUID
	CompanyID  uuid.UUID
	Programme  string
	EntityType string
	Number     string
	Zone       string
	Parts      []part
}

type memberRow struct {
	ID, CompanyID                       uuid.UUID
	Programme, EntityType, Number, Zone string
	Parts                               string
}

// partsOf are the types of membership m on the present day of its office o, as known now.
const partsOf = `coalesce((select jsonb_agg(jsonb_build_object('type', s.type, 'state', s.state, 'tier', s.tier, 'how', s.how, 'since', lower(s.valid), 'known', lower(s.known)) order by s.type)
	from standing s where s.membership_id = m.id and upper_inf(s.known) and s.valid @> (%s::timestamptz at time zone o.zone)::date), '[]')::text as parts`

const memberColumns = `m.id, m.company_id, m.programme, m.entity_type, m.number, o.zone, `
const memberFrom = ` from membership m join application a on a.id = m.application_id join office o on o.id = a.office_id `

func (r memberRow) member() (m Member, err error) {
	m = Member{ID: r.ID, CompanyID: r.CompanyID, Programme: r.Programme, EntityType: r.EntityType, Number: r.Number, Zone: r.Zone}
	if err := json.Unmarshal([]byte(r.Parts), &m.Parts); err != nil {
		return m, fmt.Errorf("membership %s: %w", r.Number, err)
	}
	return m, nil
}

// memberOf reads a membership as it stands now, in a transaction that sees it, and locks it if
// it is to stay as it is.
func memberOf(ctx context.Context, tx pg.Tx, now time.Time, id uuid.UUID, locked bool) (m Member, err error) {
	sql := `select ` + memberColumns + fmt.Sprintf(partsOf, "?") + memberFrom + `where m.id = ?`
	if locked {
		sql += ` for update of m`
	}
	var rows []memberRow
	if err := tx.WithContext(ctx).Raw(sql, now, id).Scan(&rows).Error; err != nil {
		return m, fmt.Errorf("open the membership: %w", err)
	}
	if len(rows) == 0 {
		return m, fault.Missing()
	}
	return rows[0].member()
}

// Standing is what a membership is for an arrangement on the day that was read: for a combined
// holder only the types count that the arrangement is about.
type Standing struct {
	State  string // active, suspended, ended; empty: it has not begun
	Tier   string
	Types  []string // that are active
	Reason string   // why it is not active, or not covered
	Since  clock.Day
	At     time.Time // when it took effect: the start of the day, or when it became known
}

// standingFor says what the membership is for the rules of an arrangement.
func (m Member) standingFor(o arrangement.Operative, today clock.Day) Standing {
	about := map[string]bool{}
	for _, r := range o.Scope {
		for _, t := range r.Types {
			about[t] = true
		}
	}
	zone, err := time.LoadLocation(m.Zone)
	if err != nil {
		zone = time.UTC
	}
	var best Standing
	rank := map[string]int{"": 0, "ended": 1, "suspended": 2, "active": 3}
	for _, p := range m.Parts {
		if len(about) > 0 && !about[p.Type] && !(len(m.Parts) == 1 && p.State == standing.Active) {
			continue
		}
		x := Standing{Tier: p.Tier, Since: p.Since, At: latest(p.Since.Start(zone), p.Known)}
		switch p.State {
		case standing.Active:
			x.State, x.Types = "active", []string{p.Type}
		case standing.OnHold:
			x.State, x.Reason = "suspended", Suspended
		default:
			x.State, x.Reason = "ended", endReason(p.How)
		}
		if rank[x.State] > rank[best.State] {
			x.Types = append(best.Types, x.Types...)
			best = x
		} else if x.State == "active" {
			best.Types = append(best.Types, x.Types...)
		}
	}
	if best.State == "active" {
		if ok, reason := o.Covers(today, "", m.EntityType, best.Tier, best.Types); !ok {
			best.Reason = reason
		}
	}
	return best
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func endReason(how standing.Kind) string {
	switch how {
	case standing.Removed:
		return Revoked
	case standing.Annulled:
		return Annulled
	case standing.Succeeded:
		return Succeeded
	}
	return LeftProgramme
}

// Obstacle is why a member cannot ask for recognition.
type Obstacle struct {
	Code string
	Fix  string // what to do, English source text; empty: nothing can be done
}

// obstacles explains everything that stands between a member and an arrangement.
func obstacles(m Member, o arrangement.Operative, state arrangement.State, today clock.Day, partner bool) (out []Obstacle) {
	switch state {
	case arrangement.Running:
	case arrangement.OnHold:
		out = append(out, Obstacle{ArrangementSuspended, "Wait until it is resumed"})
	case arrangement.Terminated:
		out = append(out, Obstacle{ArrangementEnded, ""})
	default:
		out = append(out, Obstacle{NotYetInForce, "Wait until headquarters records its start"})
	}
	if !partner {
		out = append(out, Obstacle{NoPartner, "Wait until headquarters connects it"})
	}
	switch x := m.standingFor(o, today); {
	case x.State != "active":
		out = append(out, Obstacle{NotActive, "Ask when it is active"})
	case x.Reason == arrangement.TierTooLow:
		out = append(out, Obstacle{x.Reason, "Ask when the agency has given you a higher tier"})
	case x.Reason != "":
		out = append(out, Obstacle{x.Reason, ""})
	}
	return out
}

// tie is the partner agency of an arrangement.
type tie struct {
	Arrangement string
	AgencyID    uuid.UUID
	Name        string
	Checks      int
}

// partnerOf is the agency that answers under an arrangement: the first that was tied to it.
func partnerOf(ctx context.Context, tx pg.Tx, code string) (t tie, ok bool, err error) {
	var list []tie
	err = tx.WithContext(ctx).Raw(`select t.arrangement, t.agency_id, a.name, 0 as checks from arrangement_agency t join agency a on a.id = t.agency_id
		where t.arrangement = ? and t.until is null order by t.since, t.agency_id limit 1`, code).Scan(&list).Error
	if err != nil {
		return t, false, fmt.Errorf("look for the partner: %w", err)
	}
	if len(list) == 0 {
		return t, false, nil
	}
	return list[0], true, nil
}
