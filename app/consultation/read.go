package consultation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Record is a check as those read it who may.
type Record struct {
	Number      string
	At          time.Time
	AgencyID    uuid.UUID
	Agency      string
	Person      string // empty: a system
	ClientID    string
	Arrangement string
	Purpose     string
	OwnRef      string
	Batch       string // number of the list that it was in
	Scheme      string
	Asked       string
	AsOf        clock.Day
	KnownAt     time.Time
	Outcome     Outcome
	Answer      Answer
	Text        []byte // the answer as it is signed
}

type recordRow struct {
	Number      string
	At          time.Time
	AgencyID    uuid.UUID
	Agency      string
	Person      string
	ClientID    string
	Arrangement string
	Purpose     string
	OwnRef      string
	Batch       string
	Scheme      string
	Asked       string
	AsOf        clock.Day
	KnownAt     time.Time
	Outcome     Outcome
	Answer      string
}

const recordSQL = `select c.number, c.at, c.agency_id, g.name as agency, coalesce(p.name, '') as person, c.client_id, c.arrangement, c.purpose, c.own_ref, coalesce(b.number, '') as batch,
	c.scheme, c.asked, c.as_of, c.known_at, c.outcome, c.answer::text as answer
	from consultation c join agency g on g.id = c.agency_id left join person p on p.id = c.person_id left join check_batch b on b.id = c.batch_id`

func (r recordRow) record() (out Record, err error) {
	out = Record{Number: r.Number, At: r.At, AgencyID: r.AgencyID, Agency: r.Agency, Person: r.Person, ClientID: r.ClientID, Arrangement: r.Arrangement, Purpose: r.Purpose, OwnRef: r.OwnRef,
		Batch: r.Batch, Scheme: r.Scheme, Asked: r.Asked, AsOf: r.AsOf, KnownAt: r.KnownAt, Outcome: r.Outcome}
	if err := json.Unmarshal([]byte(r.Answer), &out.Answer); err != nil {
		return out, fmt.Errorf("read the answer of %s: %w", r.Number, err)
	}
	out.Text, err = out.Answer.JSON()
	return out, err
}

// Show reads a check by its number. People of the agency that asked may, and overseers.
func (s *Service) Show(ctx context.Context, by identity.Actor, number string) (r Record, err error) {
	number, ok := ParseNumber(number)
	if !ok || partner(by) != nil && !overseer(by) {
		return r, fault.Missing()
	}
	var row recordRow
	where := ` where c.number = $1 and ($2::uuid is null or c.agency_id = $2)`
	if err := s.DB.Batch(ctx, by.Scope(), pg.One(&row, recordSQL+where, number, own(by))); err != nil {
		return r, fmt.Errorf("read the check: %w", err)
	}
	return row.record()
}

// own is the agency whose checks the actor reads; nil: all.
func own(by identity.Actor) *uuid.UUID {
	if by.Audience == identity.Partners {
		return &by.AgencyID
	}
	return nil
}

func overseer(by identity.Actor) bool {
	return by.Audience == identity.Staff && by.Is(Overseers()...)
}

// Signed is the answer of a check as a compact JWS, for those who may Show it.
func (s *Service) Signed(ctx context.Context, by identity.Actor, number string) (string, error) {
	r, err := s.Show(ctx, by, number)
	if err != nil {
		return "", err
	}
	if s.Sign == nil {
		return "", fault.New(fault.Conflict, "This portal has no key for answers. Tell its operator")
	}
	return s.Sign(r.Text)
}

// Proof reads a check for anybody who has both its number and the identifier that was asked
// for. One of them wrong is like both wrong: Missing. The caller limits how often.
func (s *Service) Proof(ctx context.Context, number, identifier string) (r Record, err error) {
	parsed, ok := ParseNumber(number)
	key := keyOf(identifier)
	if len(identifier) > 200 {
		key = ""
	}
	var rows []recordRow
	if err := s.DB.Batch(ctx, pg.System, pg.All(&rows, recordSQL+` where c.number = $1`, parsed)); err != nil {
		return r, fmt.Errorf("read the check: %w", err)
	}
	if !ok || key == "" || len(rows) == 0 || keyOf(rows[0].Asked) != key {
		return r, fault.Missing()
	}
	return rows[0].record()
}

// Filter narrows a list of checks.
type Filter struct {
	Agency  uuid.UUID // for overseers
	Number  string    // of a check, or what was asked
	OwnRef  string
	Outcome Outcome
	Purpose string
	From    clock.Day
	Until   clock.Day
	Before  string // the page after the check with this number
}

// History is a page of checks, the newest first.
type History struct {
	Checks []Record
	Next   string // Filter.Before of the next page; empty: there is none
}

const historyPage = 50

// History lists checks. People of an agency read their own agency's, overseers all.
func (s *Service) History(ctx context.Context, by identity.Actor, f Filter) (h History, err error) {
	if partner(by) != nil && !overseer(by) {
		return h, fault.Missing()
	}
	if by.Audience == identity.Partners {
		f.Agency = by.AgencyID
	}
	var where []string
	var args []any
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	if f.Agency != uuid.Nil {
		add(`c.agency_id = ?`, f.Agency)
	}
	if number, ok := ParseNumber(f.Number); ok {
		add(`c.number = ?`, number)
	} else if f.Number != "" {
		add(`c.asked = ?`, strings.TrimSpace(f.Number))
	}
	if f.OwnRef != "" {
		add(`c.own_ref = ?`, strings.TrimSpace(f.OwnRef))
	}
	if f.Outcome != "" {
		add(`c.outcome = ?`, string(f.Outcome))
	}
	if f.Purpose != "" {
		add(`c.purpose = ?`, f.Purpose)
	}
	zone := by.Zone
	if zone == nil {
		zone = time.UTC
	}
	if !f.From.IsZero() {
		add(`c.at >= ?`, f.From.Start(zone))
	}
	if !f.Until.IsZero() {
		add(`c.at < ?`, f.Until.End(zone))
	}
	if number, ok := ParseNumber(f.Before); ok {
		add(`(c.at, c.id) < (select b.at, b.id from consultation b where b.number = ?)`, number)
	}
	sql := recordSQL
	if len(where) > 0 {
		sql += ` where ` + strings.Join(where, ` and `)
	}
	var rows []recordRow
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&rows, sql+fmt.Sprintf(` order by c.at desc, c.id desc limit %d`, historyPage+1), args...)); err != nil {
		return h, fmt.Errorf("list checks: %w", err)
	}
	if len(rows) > historyPage {
		rows = rows[:historyPage]
		h.Next = rows[historyPage-1].Number
	}
	for _, r := range rows {
		x, err := r.record()
		if err != nil {
			return h, err
		}
		h.Checks = append(h.Checks, x)
	}
	return h, nil
}

// Curious is somebody who checks more than the work explains.
type Curious struct {
	Person    string
	Agency    string
	CompanyID *uuid.UUID // whom; nil: several
	Company   string
	Checks    int
	Without   int // own references
	LastAt    time.Time
}

// When a look is curious: the same company so often, or so many checks without a reference,
// within a month.
const (
	curiousDays    = 30
	curiousSame    = 10
	curiousWithout = 20
)

// Curiosity lists officers who checked one company unusually often, or much without a
// reference of their own, in the last thirty days, those with the most checks first. Lists that
// came as files do not count.
// Overseers may.
func (s *Service) Curiosity(ctx context.Context, by identity.Actor) (list []Curious, err error) {
	if !overseer(by) {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, `with c as (select person_id, agency_id, company_id, own_ref, at from consultation where at >= $1 and person_id is not null and batch_id is null)
		select p.name as person, g.name as agency, y.id as company_id, y.name as company, count(*)::int as checks, (count(*) filter (where c.own_ref = ''))::int as without, max(c.at) as last_at
		from c join person p on p.id = c.person_id join agency g on g.id = c.agency_id join company y on y.id = c.company_id
		group by p.id, p.name, g.id, g.name, y.id, y.name having count(*) >= $2
		union all
		select p.name, g.name, null, '', count(*)::int, (count(*) filter (where c.own_ref = ''))::int, max(c.at)
		from c join person p on p.id = c.person_id join agency g on g.id = c.agency_id
		group by p.id, p.name, g.id, g.name having count(*) filter (where c.own_ref = '') >= $3
		order by checks desc, person, agency, company limit 25`, s.Now().AddDate(0, 0, -curiousDays), curiousSame, curiousWithout))
	if err != nil {
		return nil, fmt.Errorf("report on curiosity: %w", err)
	}
	return list, nil
}

// Count is how often an agency checked a company under an arrangement.
type Count struct {
	Arrangement string
	Agency      string
	Checks      int
	LastAt      time.Time
}

// Counts says how often partners checked the actor's company since a time, when it was
// disclosed to them. Its own people may; whether an arrangement lets them know is for the
// caller to say, per arrangement.
func (s *Service) Counts(ctx context.Context, by identity.Actor, since time.Time) (list []Count, err error) {
	company, err := by.Reads()
	if err != nil || company == nil {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, `select c.arrangement, g.name as agency, count(*)::int as checks, max(c.at) as last_at
		from consultation c join agency g on g.id = c.agency_id where c.company_id = $1 and c.at >= $2 and c.outcome = 'answered' group by c.arrangement, g.id, g.name order by g.name, c.arrangement limit 200`, *company, since))
	if err != nil {
		return nil, fmt.Errorf("count checks: %w", err)
	}
	return list, nil
}
