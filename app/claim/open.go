package claim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// Entry is what a member says with a claim.
type Entry struct {
	Membership  uuid.UUID
	Benefit     string    // code
	From, To    clock.Day // To may be zero: one day
	Place       string    // of a benefit that customs of this country give
	Arrangement string    // of a benefit abroad
	Refs        string    // entry numbers and the like
	Happened    string
}

func (in *Entry) check() (c entry.Check) {
	in.Place = c.Line("place", "the place", in.Place, 0, 200)
	in.Refs = c.Text("refs", "the entry numbers", in.Refs, 0, 2000)
	in.Happened = c.Text("happened", "what happened", in.Happened, 1, 4000)
	if in.Benefit == "" {
		c.Add("benefit", "Choose the benefit")
	}
	switch {
	case in.From.IsZero():
		c.Add("from", "Enter the day, for example 3 5 2027")
	case in.To.IsZero():
		in.To = in.From
	case in.To.Before(in.From):
		c.Add("to", "Enter a last day that is not before the first")
	case clock.DaysBetween(in.From, in.To) > mostDays:
		c.Add("to", "Enter at most %d days", mostDays)
	}
	return c
}

// member is the membership that a claim is about.
type member struct {
	ID, CompanyID, OfficeID uuid.UUID
	Programme, EntityType   string
	Number, Company, Zone   string
	rules                   *programme.Programme
	zone                    *time.Location
}

const memberSQL = `select m.id, m.company_id, a.office_id, m.programme, m.entity_type, m.number, c.name as company, o.zone
	from membership m join application a on a.id = m.application_id join office o on o.id = a.office_id join company c on c.id = m.company_id`

func (s *Service) complete(m *member) (err error) {
	var ok bool
	if m.rules, ok = s.Programmes.Get(m.Programme); !ok {
		return fmt.Errorf("membership %s: the portal has no programme %q", m.Number, m.Programme)
	}
	if m.zone, err = time.LoadLocation(m.Zone); err != nil {
		return fmt.Errorf("membership %s: read the office's zone: %w", m.Number, err)
	}
	return nil
}

// Open makes a claim. Those who edit for the company may. Invalid: a field is missing, or the
// member was not entitled on one of the days, with what applied then. Conflict: the same claim
// is open already. NotFound: another company's membership.
func (s *Service) Open(ctx context.Context, by identity.Actor, in Entry) (c Claim, err error) {
	if err := editor(by); err != nil {
		return c, err
	}
	problems := in.check()
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var list []member
		if err := tx.WithContext(ctx).Raw(memberSQL+` where m.id = ? and m.company_id = ? for update of m`, in.Membership, by.CompanyID).Scan(&list).Error; err != nil {
			return fmt.Errorf("open the membership: %w", err)
		}
		if len(list) == 0 {
			return fault.Missing()
		}
		m := list[0]
		if err := s.complete(&m); err != nil {
			return err
		}
		if err := problems.Err(); err != nil {
			return err
		}
		if c, err = s.prepare(ctx, tx, now, by, m, in); err != nil {
			return err
		}
		return s.keep(ctx, tx, now, by, m, c)
	})
	if pg.Constraint(err) == "one_open_claim" {
		err = fault.New(fault.Conflict, "This claim is open already. Add documents to it instead")
	}
	return c, err
}

// prepare checks a claim against what the member had on its days.
func (s *Service) prepare(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, in Entry) (c Claim, err error) {
	today := clock.DayOf(now, m.zone)
	b, ok := m.rules.Standing.Benefit(in.Benefit)
	switch {
	case !ok:
		return c, fault.Fail([]fault.Field{fault.F("benefit", "Choose the benefit")})
	case in.To.After(today):
		return c, fault.Fail([]fault.Field{fault.F("from", "Enter days that are not in the future")})
	case in.From.Before(today.AddMonths(-m.rules.Standing.Claims.BackMonths)):
		return c, fault.Fail([]fault.Field{fault.F("from", "Enter a day within the last %d months", m.rules.Standing.Claims.BackMonths)})
	case !b.Abroad && in.Place == "":
		return c, fault.Fail([]fault.Field{fault.F("place", "Enter the port or the place")})
	case b.Abroad && in.Arrangement == "":
		return c, fault.Fail([]fault.Field{fault.F("arrangement", "Choose the partner")})
	}
	spans, err := standing.Of(ctx, tx, m.ID)
	if err != nil {
		return c, err
	}
	if problem := Entitled(m.rules, m.EntityType, spans, b.Code, in.From, in.To); problem != nil {
		return c, fault.Fail([]fault.Field{*problem})
	}
	if b.Abroad {
		in.Place = ""
		if err := s.recognised(ctx, tx, m, in); err != nil {
			return c, err
		}
	} else {
		in.Arrangement = ""
	}
	return s.number(ctx, tx, now, by, m, in, tierOn(spans, in.From))
}

func (s *Service) number(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, in Entry, tier string) (c Claim, err error) {
	var row struct {
		Number int64
		Open   int
	}
	err = tx.WithContext(ctx).Raw(`select nextval('claim_number') as number, (select count(*)::int from claim where membership_id = ? and status in ('open', 'in_hand', 'asked')) as open`, m.ID).Scan(&row).Error
	if err != nil {
		return c, fmt.Errorf("give the claim a number: %w", err)
	}
	if row.Open >= mostOpen {
		return c, fault.New(fault.Conflict, "%d claims are open already. Wait for an answer, or take one back", row.Open)
	}
	return Claim{ID: pg.NewID(), Reference: fmt.Sprintf("B-%d-%04d", clock.DayOf(now, m.zone).Year(), row.Number), CompanyID: m.CompanyID, MembershipID: m.ID, OfficeID: m.OfficeID, Programme: m.Programme,
		Benefit: in.Benefit, Status: Open, FirstOn: in.From, LastOn: in.To, Tier: tier, Place: in.Place, Arrangement: in.Arrangement, Refs: in.Refs, Happened: in.Happened,
		Round: 1, OpenedAt: now, OpenedBy: by.PersonID, Opener: by.Name, Version: 1}, nil
}

// keep writes a new claim with its clock and its letters.
func (s *Service) keep(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, c Claim) error {
	if err := tx.WithContext(ctx).Create(&c).Error; err != nil {
		return fmt.Errorf("keep the claim: %w", err)
	}
	w := work{Claim: &c, member: m, now: now, by: by, tx: tx, ctx: ctx, s: s}
	if err := w.log(Make, stepRow{Body: c.Happened}); err != nil {
		return err
	}
	if err := w.record(audit.Event{Action: "claim.open", After: map[string]any{"reference": c.Reference, "benefit": c.Benefit, "from": c.FirstOn, "to": c.LastOn, "place": c.Place, "arrangement": c.Arrangement}}); err != nil {
		return err
	}
	return w.begin()
}

// begin starts the clock of the answer and tells both sides.
func (w work) begin() error {
	if err := w.happened(programme.ClaimOpened); err != nil {
		return err
	}
	due, err := w.due()
	if err != nil {
		return err
	}
	if err := w.letter("claim_received", nil, map[string]time.Time{"due_on": due.Time()}); err != nil {
		return err
	}
	return w.tellStaff()
}

// Entitled says what stands against a claim to a benefit for some days: nil if the member had
// it on each of them, else what applied on the first on which it had not.
func Entitled(p *programme.Programme, entityType string, spans []standing.Span, code string, from, to clock.Day) *fault.Field {
	days := []clock.Day{from}
	for _, x := range spans { // what a member has changes with a span only
		if x.From.After(from) && !x.From.After(to) {
			days = append(days, x.From)
		}
		if !x.Open() && x.Until.After(from) && !x.Until.After(to) {
			days = append(days, x.Until)
		}
	}
	slices.SortFunc(days, clock.Day.Compare)
	for _, d := range days {
		var best *standing.Entitlement
		list := standing.Entitlements(p, entityType, spans, d)
		for i, e := range list {
			if e.Code == code && (best == nil || e.Right == standing.HasIt) {
				best = &list[i]
			}
		}
		if best != nil && best.Right == standing.HasIt {
			continue
		}
		f := refusal(p, spans, best, d)
		return &f
	}
	return nil
}

// refusal is what applied on a day on which the member did not have a benefit.
func refusal(p *programme.Programme, spans []standing.Span, e *standing.Entitlement, d clock.Day) fault.Field {
	if e == nil {
		if slices.ContainsFunc(spans, func(s standing.Span) bool { return s.Covers(d) && s.State == standing.Ended }) {
			return fault.F("from", "On %s the membership had ended, so nothing was owed", d)
		}
		return fault.F("benefit", "On %s the membership did not bring this benefit", d)
	}
	switch e.Right {
	case standing.Stopped:
		return fault.F("from", "On %s the membership was suspended, so no benefit was owed", d)
	case standing.IsDenied:
		return fault.F("from", "On %s this benefit was denied by a decision, so it was not owed", d)
	case standing.NotBegun:
		return fault.F("from", "On %s the membership had not begun", d)
	}
	names := []string{}
	for _, code := range e.Tiers {
		t, _ := p.Tier(code)
		names = append(names, t.Name)
	}
	t, _ := p.Tier(tierOn(spans, d))
	if t.Name == "" {
		return fault.F("from", "On %s the membership did not bring this benefit. It comes with: %s", d, strings.Join(names, ", "))
	}
	return fault.F("from", "On %s the tier was %s. This benefit comes with: %s", d, t.Name, strings.Join(names, ", "))
}

func tierOn(spans []standing.Span, d clock.Day) string {
	for _, s := range spans {
		if s.Covers(d) && s.Tier != "" {
			return s.Tier
		}
	}
	return ""
}

// recognised refuses a claim about a partner that did not recognise the member on the days.
func (s *Service) recognised(ctx context.Context, tx pg.Tx, m member, in Entry) error {
	var rows []struct {
		Status              string
		Reason              string
		AnsweredAt, EndedAt *time.Time
	}
	err := tx.WithContext(ctx).Raw(`select status, reason, answered_at, ended_at from recognition where membership_id = ? and arrangement = ? order by asked_at desc`, m.ID, in.Arrangement).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("look at the recognition: %w", err)
	}
	problem := fault.F("arrangement", "This partner does not recognize the membership, so it owed nothing")
	for _, r := range rows {
		began := r.AnsweredAt != nil && r.Reason == "" && (r.Status == "recognised" || r.Status == "ended")
		switch {
		case !began && r.Status == "refused":
			problem = fault.F("arrangement", "This partner has refused to recognize the membership")
		case !began:
			problem = fault.F("arrangement", "This partner has not recognized the membership yet")
		case in.From.Before(clock.DayOf(*r.AnsweredAt, m.zone)):
			problem = fault.F("arrangement", "This partner recognizes the membership since %s", clock.DayOf(*r.AnsweredAt, m.zone))
		case r.EndedAt != nil && !in.To.Before(clock.DayOf(*r.EndedAt, m.zone)):
			problem = fault.F("arrangement", "The recognition by this partner ended on %s", clock.DayOf(*r.EndedAt, m.zone))
		default:
			return nil
		}
	}
	return fault.Fail([]fault.Field{problem})
}

// AgainEntry is what a member says when it asks again.
type AgainEntry struct {
	Facts   string // that are new
	Version int
}

// Again asks again after an answer, once, with new facts. Those who edit for the company may.
func (s *Service) Again(ctx context.Context, by identity.Actor, id uuid.UUID, in AgainEntry) error {
	var c entry.Check
	in.Facts = c.Text("facts", "the new facts", in.Facts, 0, 4000)
	if err := c.Err(); err != nil {
		return err
	}
	return s.step(ctx, by, id, in.Version, editor, func(w work) error {
		if err := w.move(Again, Facts{Text: in.Facts}); err != nil {
			return err
		}
		before := w.Outcome
		w.Round, w.Outcome, w.Reason, w.Answer, w.AnsweredAt, w.AnsweredBy, w.OfficerID, w.TakenAt = w.Round+1, "", "", "", nil, nil, nil, nil
		if err := w.save(audit.Event{Action: "claim.again", Before: map[string]any{"outcome": before}}, "round", "outcome", "reason", "answer", "answered_at", "answered_by", "officer_id", "taken_at"); err != nil {
			return err
		}
		if err := w.log(Again, stepRow{Body: in.Facts}); err != nil {
			return err
		}
		return w.begin()
	})
}

// Withdraw takes a claim back; a question to a partner falls with it. Those who edit for the
// company may.
func (s *Service) Withdraw(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, editor, func(w work) error {
		if err := w.move(Withdraw, Facts{}); err != nil {
			return err
		}
		w.WithdrawnAt = &w.now
		if err := w.save(audit.Event{Action: "claim.withdraw"}, "withdrawn_at"); err != nil {
			return err
		}
		if err := w.log(Withdraw, stepRow{}); err != nil {
			return err
		}
		if err := w.tx.WithContext(ctx).Exec(`select claim_unask(?, ?)`, w.ID, w.now).Error; err != nil {
			return fmt.Errorf("take the question to the partner back: %w", err)
		}
		if err := w.happened(programme.ClaimWithdrawn); err != nil {
			return err
		}
		if err := w.letter("claim_withdrawn", nil, nil); err != nil {
			return err
		}
		return w.tellStaff()
	})
}
