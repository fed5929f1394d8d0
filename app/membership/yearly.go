package membership

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
)

// Hooks are what the sweep of clocks does with memberships whose time has run out. They
// run in the sweep's transaction, which holds the membership's lock.
func (s *Service) Hooks() map[programme.Action]clock.Hook {
	return map[programme.Action]clock.Hook{
		programme.TakeEffect: s.TakeEffect,
		programme.OpenReview: s.OpenReview,
		programme.Task:       s.PastDue,
	}
}

// OpenReview is the clock's hook for the day on which a yearly review opens: it begins a
// security profile for the anniversary that comes next, on top of the company's last
// answers, and tells the company. A review of an earlier year that was never submitted
// ends with it, for its answers are in the new one. Nothing opens for a membership that
// has ended or relies on the profile of another, and nothing twice. One on whose profile
// others rely is asked what these are asked as well. The clock only.
func (s *Service) OpenReview(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r clock.Row) error {
	m, p, anniversary, err := s.turn(ctx, tx, r)
	if err != nil || m.Status == Ended || s.Steps.Profiles == nil {
		return err
	}
	there, err := profile.ForYear(ctx, tx, m.ID, anniversary)
	if err != nil || there != nil {
		return err
	}
	shared, err := SharedBy(ctx, tx, m.ID)
	if err != nil || shared != nil {
		return err
	}
	others, err := followers(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	c, err := s.Steps.Profiles.Open(ctx, tx, now, by, profile.Opening{
		Company: m.CompanyID, Office: r.OfficeID, Programme: m.Programme, EntityType: m.EntityType,
		AlsoTypes: types(others), Kind: profile.Annual, Membership: &m.ID, Anniversary: anniversary,
	})
	if err != nil || c.ID == uuid.Nil {
		return err
	}
	if err := s.Steps.Profiles.Replace(ctx, tx, now, by, c, "Not submitted before the next annual review opened"); err != nil {
		return err
	}
	if err := s.Steps.Clocks.Happened(ctx, tx, now, by, subject(m, r.OfficeID, p), programme.AnnualReviewOpened); err != nil {
		return err
	}
	due, err := s.dueOn(ctx, tx, now, m, anniversary)
	if err != nil {
		return err
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{Action: "membership.open_review", Kind: Kind, Subject: m.ID, Company: m.CompanyID,
		After: map[string]any{"profile": c.Reference, "due_on": due}})
	if err != nil {
		return err
	}
	news, err := s.Steps.Profiles.News(ctx, tx, c)
	if err != nil {
		return err
	}
	note := strings.TrimSpace(alsoText(ctx, c, others) + "\n" + expiredText(ctx, news))
	return s.Steps.Letters.ToCompany(ctx, tx, now, by, notice.Letter{
		Company: m.CompanyID, SubjectKind: profile.Kind, SubjectID: c.ID, Programme: p, Code: "review_opened",
		Values: map[string]string{"changes": changesText(ctx, news), "note": note},
		Days:   map[string]time.Time{"due_on": due.Time()},
	})
}

// PastDue is the clock's hook for the day after a yearly review was due: what was not
// submitted is overdue, and the company is told. The office has its task from the sweep.
// Other clocks of a membership need nothing of it. The clock only.
func (s *Service) PastDue(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r clock.Row) error {
	if r.SubjectKind != Kind || s.Steps.Profiles == nil {
		return nil
	}
	if p, ok := s.Steps.Programmes.Get(r.Programme); !ok || !isReview(p, r.Code) {
		return nil
	}
	m, p, anniversary, err := s.turn(ctx, tx, r)
	if err != nil || m.Status == Ended {
		return err
	}
	c, err := profile.ForYear(ctx, tx, m.ID, anniversary)
	if err != nil || c == nil {
		return err
	}
	noted, err := s.Steps.Profiles.PastDue(ctx, tx, now, by, c.ID)
	if err != nil || !noted {
		return err
	}
	others, err := followers(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	return s.Steps.Letters.ToCompany(ctx, tx, now, by, notice.Letter{
		Company: m.CompanyID, SubjectKind: profile.Kind, SubjectID: c.ID, Programme: p, Code: "review_overdue",
		Values: map[string]string{"note": alsoText(ctx, *c, others)},
		Days:   map[string]time.Time{"due_on": r.DueOn.Time()},
	})
}

// isReview reports whether a clock of a programme is the one that a yearly review meets.
func isReview(p *programme.Programme, code string) bool {
	rule, _ := p.Clock(code)
	return slices.Contains(rule.MetOn, programme.AnnualReviewSubmitted)
}

// turn is the membership whose clock has run out, its programme, and the anniversary
// with which the clock's turn ends.
func (s *Service) turn(ctx context.Context, tx pg.Tx, r clock.Row) (m Membership, p *programme.Programme, anniversary clock.Day, err error) {
	if r.SubjectKind != Kind {
		return m, nil, anniversary, fmt.Errorf("a %s has no yearly review", r.SubjectKind)
	}
	if m, err = load(ctx, tx, r.SubjectID); err != nil {
		return m, nil, anniversary, err
	}
	p, ok := s.Steps.Programmes.Get(m.Programme)
	if !ok {
		return m, nil, anniversary, fmt.Errorf("membership %s: the portal has no programme %q", m.Number, m.Programme)
	}
	anniversary, err = s.Steps.Clocks.Anniversary(r)
	return m, p, anniversary, err
}

func subject(m Membership, office uuid.UUID, p *programme.Programme) clock.Subject {
	return clock.Subject{Kind: Kind, ID: m.ID, Company: m.CompanyID, Office: office, Programme: p}
}

// dueOn is the last day for the review of an anniversary: that day, or later when its
// clock was paused.
func (s *Service) dueOn(ctx context.Context, tx pg.Tx, now time.Time, m Membership, anniversary clock.Day) (clock.Day, error) {
	views, err := s.Steps.Clocks.Of(ctx, tx, now, Kind, m.ID)
	if err != nil {
		return anniversary, err
	}
	if v, ok := s.reviewClock(views, anniversary); ok {
		return v.Reading.DueDay, nil
	}
	return anniversary, nil
}

// reviewClock finds the turn of the clock that the review of an anniversary meets.
func (s *Service) reviewClock(views []clock.View, anniversary clock.Day) (clock.View, bool) {
	for _, v := range views {
		if !slices.Contains(v.Rule.MetOn, programme.AnnualReviewSubmitted) {
			continue
		}
		if day, err := s.Steps.Clocks.Anniversary(v.Row); err == nil && day == anniversary {
			return v, true
		}
	}
	return clock.View{}, false
}

// mostChanges bounds the lines of a letter.
const mostChanges = 20

// changesText says in a letter which criteria have changed, one a line.
func changesText(ctx context.Context, n profile.News) string {
	if len(n.Changes) == 0 {
		return ""
	}
	lines := []string{i18n.T(ctx, "The criteria have changed since your last answers:")}
	for i, ch := range n.Changes {
		if i == mostChanges {
			lines = append(lines, i18n.N(ctx, "and %d more", "and %d more", len(n.Changes)-i))
			break
		}
		title, _ := n.Titles[ch.ID].In(i18n.Lang(ctx))
		line := ch.ID + ", " + title + ": " + i18n.T(ctx, changeWords(ch.Kind))
		if len(ch.From) > 0 {
			line += " (" + strings.Join(ch.From, ", ") + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// changeWords say what became of a criterion (English source text).
func changeWords(k catalogue.ChangeKind) string {
	return map[catalogue.ChangeKind]string{
		catalogue.Reworded: "new words", catalogue.New: "new", catalogue.Split: "split from another", catalogue.Merged: "merged from others",
		catalogue.Withdrawn: "asked no more",
	}[k]
}

// expiredText says in a letter what evidence was left behind.
func expiredText(ctx context.Context, n profile.News) string {
	if n.Expired == 0 {
		return ""
	}
	return i18n.N(ctx, "%d item of evidence has expired and was left behind. Attach a newer one.", "%d items of evidence have expired and were left behind. Attach newer ones.", n.Expired)
}

// Profile is a security profile of a membership as its page lists it. Days are those of
// the office.
type Profile struct {
	ID          uuid.UUID
	Reference   string
	Kind        string // profile.Initial, profile.Annual, …
	Edition     string
	Status      profile.Status
	Anniversary clock.Day // of a yearly review
	Opened      clock.Day
	Submitted   clock.Day // the last time; zero: not yet
	Accepted    clock.Day
	EndReason   string
	Overdue     bool
	Of          string      // number of the membership whose profile it is, when this one shares it
	Due         clock.Day   // of a yearly review: the last day
	Came        clock.State // of one that was submitted: in time or late
	DaysLate    int
	Version     int
}

type profileRow struct {
	ID                                  uuid.UUID
	OfficeID                            uuid.UUID
	Reference, Kind, Edition, EndReason string
	Of                                  string
	Status                              profile.Status
	Anniversary                         clock.Day
	OpenedAt                            time.Time
	SubmittedAt, AcceptedAt, OverdueAt  *time.Time
	Version                             int
}

// profilesSQL lists the security profiles of a membership ($1) of one company or any ($2), and
// those of others that counted for it.
const profilesSQL = `select c.id, c.office_id, c.reference, c.kind, c.edition, c.end_reason, c.status, c.anniversary, c.opened_at, c.submitted_at, c.accepted_at, c.overdue_at, c.version,
  case when c.membership_id <> m.id then (select x.number from membership x where x.id = c.membership_id) else '' end as of
from profile_cycle c join membership m on m.id = $1 and c.company_id = m.company_id and (c.membership_id = m.id or c.application_id = m.application_id
  or m.entity_type = any(c.also_types) and c.membership_id in (select s.lead_id from profile_share s where s.follower_id = m.id))
where $2::uuid is null or c.company_id = $2 order by c.opened_at desc, c.number desc, c.id limit 50`

// profiles are what the page of a membership says of its security profiles, and the one
// about which the reader can warn the company.
func (s *Service) profiles(by identity.Actor, p Page, rows []profileRow) (list []Profile, warn *Profile) {
	day := func(t *time.Time) clock.Day {
		if t == nil {
			return clock.Day{}
		}
		return clock.DayOf(*t, p.Zone)
	}
	rules := p.Programme.ClocksStartedBy(programme.ProfileBlankFound)
	warned := slices.ContainsFunc(p.Clocks, func(v clock.View) bool {
		return v.StoppedAt == nil && slices.Contains(v.Rule.StartsOn, programme.ProfileBlankFound)
	})
	for _, r := range rows {
		x := Profile{ID: r.ID, Reference: r.Reference, Kind: r.Kind, Edition: r.Edition, Status: r.Status, Anniversary: r.Anniversary, Opened: day(&r.OpenedAt),
			Submitted: day(r.SubmittedAt), Accepted: day(r.AcceptedAt), EndReason: r.EndReason, Version: r.Version,
			Overdue: profile.Cycle{Status: r.Status, OverdueAt: r.OverdueAt}.Overdue()}
		if r.Kind == profile.Annual {
			x.Of, x.Due = r.Of, r.Anniversary
		}
		if r.Kind == profile.Annual && r.Of == "" {
			if v, ok := s.reviewClock(p.Clocks, r.Anniversary); ok {
				x.Due, x.Came, x.DaysLate = v.Reading.DueDay, v.Reading.State, max(0, -v.Reading.DaysLeft)
			}
		}
		list = append(list, x)
		if x.Overdue && x.Of == "" && !warned && len(rules) > 0 && by.Audience == identity.Staff && by.Is(identity.CaseWorkers...) && by.InOffice(r.OfficeID) && p.Membership.Status != Ended {
			warn = &x
		}
	}
	return list, warn
}

// WarnBlank tells a company whose yearly review is overdue to complete it within the
// programme's time for blank and stale profiles. Version is that of the profile as the
// person saw it. Case workers of the office in charge may. Conflict: nothing is overdue,
// the company was warned already, or the programme knows no such warning.
func (s *Service) WarnBlank(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	own, err := by.Reads()
	if err != nil || own != nil {
		return fault.Missing()
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		m, err := load(ctx, tx, id)
		if err != nil {
			return err
		}
		p, ok := s.Steps.Programmes.Get(m.Programme)
		if !ok {
			return fmt.Errorf("membership %s: the portal has no programme %q", m.Number, m.Programme)
		}
		if !by.Is(identity.CaseWorkers...) {
			return fault.New(fault.Forbidden, "You can read memberships. Only the office in charge can warn a company")
		}
		c, err := s.overdue(ctx, tx, by, m, version)
		if err != nil {
			return err
		}
		if !by.InOffice(c.OfficeID) {
			return fault.New(fault.Forbidden, "Another office is in charge of this company")
		}
		return s.warn(ctx, tx, now, by, m, p, c)
	})
}

// overdue locks the review of a membership that is overdue.
func (s *Service) overdue(ctx context.Context, tx pg.Tx, by identity.Actor, m Membership, version int) (profile.Cycle, error) {
	list, err := profile.OfMembership(ctx, tx, m.ID)
	if err != nil {
		return profile.Cycle{}, err
	}
	i := slices.IndexFunc(list, profile.Cycle.Overdue)
	if i < 0 || m.Status == Ended {
		return profile.Cycle{}, fault.New(fault.Conflict, "No review of this membership is overdue")
	}
	return profile.Lock(ctx, tx, by, list[i].ID, version)
}

func (s *Service) warn(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m Membership, p *programme.Programme, c profile.Cycle) error {
	rules := p.ClocksStartedBy(programme.ProfileBlankFound)
	if len(rules) == 0 {
		return fault.New(fault.Conflict, "The programme has no time for such a warning. Write to the company instead")
	}
	before, err := s.Steps.Clocks.Of(ctx, tx, now, Kind, m.ID)
	if err != nil {
		return err
	}
	if v, ok := clock.Find(before, rules[0].Code); ok && v.StoppedAt == nil {
		return fault.New(fault.Conflict, "The company was warned already")
	}
	if err := s.Steps.Clocks.Happened(ctx, tx, now, by, subject(m, c.OfficeID, p), programme.ProfileBlankFound); err != nil {
		return err
	}
	after, err := s.Steps.Clocks.Of(ctx, tx, now, Kind, m.ID)
	if err != nil {
		return err
	}
	v, ok := clock.Find(after, rules[0].Code)
	if !ok {
		return fmt.Errorf("the clock %s did not start", rules[0].Code)
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.warn", Kind: profile.Kind, Subject: c.ID, Company: m.CompanyID,
		After: map[string]any{"reference": c.Reference, "due_on": v.DueOn}})
	if err != nil {
		return err
	}
	return s.Steps.Letters.ToCompany(ctx, tx, now, by, notice.Letter{
		Company: m.CompanyID, SubjectKind: profile.Kind, SubjectID: c.ID, Programme: p, Code: "profile_blank",
		Days: map[string]time.Time{"due_on": v.DueOn.Time()},
	})
}
