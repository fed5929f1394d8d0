package incident

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
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Entry is an incident as a person enters it. Days are written 2026-03-04.
type Entry struct {
	ID           uuid.UUID // made with the form, so that sending twice makes one
	Company      uuid.UUID // of a person of the agency; a company's own people enter none
	Membership   string    // id; empty: the company as a whole
	Kind         string
	Place        string
	From, Until  string // the days between which it happened; Until empty: on the day From
	FoundOn      string
	Way          string
	ToldBy       string
	Number       string
	Numbers      string
	Facts        string
	Consequences string
	RuledOut     string      // why it is none of those in Seen
	Seen         []uuid.UUID // likely duplicates that the person was shown
	Version      int         // Change only
}

// Register enters an incident that the agency discovered or was told of; the company does
// not see it. Case workers of the office in charge may. Invalid: what is missing, and
// likely duplicates that were not ruled out (field "ruled_out"); Conflict: it stands in the
// register already.
func (s *Service) Register(ctx context.Context, by identity.Actor, in Entry) (i Incident, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return i, fault.Missing()
	}
	return s.enter(ctx, by, in, in.Company)
}

// Report enters an incident that a company tells of itself: that it did, and when, is kept.
// Those who edit for the company may. Refusals as for Register, but a company learns of no
// incident that it does not see.
func (s *Service) Report(ctx context.Context, by identity.Actor, in Entry) (i Incident, err error) {
	own, err := by.Reads()
	switch {
	case err != nil || own == nil:
		return i, fault.Missing()
	case !by.Is(identity.CompanyEditors...):
		return i, fault.New(fault.Forbidden, "You can read this account but not report for it. Ask its owner for the right to edit")
	}
	return s.enter(ctx, by, in, *own)
}

func (s *Service) enter(ctx context.Context, by identity.Actor, in Entry, company uuid.UUID) (i Incident, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		i, err = s.Steps.enter(ctx, tx, now, by, in, company)
		return err
	})
	return i, taken(err)
}

// taken turns the database's refusal of a second entry into words.
func taken(err error) error {
	if pg.Constraint(err) == "one_incident" {
		return fault.New(fault.Conflict, "This incident stands in the register already, with the same kind, day and number. Open it there, or enter the number that tells the two apart")
	}
	return err
}

func (s *Steps) enter(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Entry, company uuid.UUID) (i Incident, err error) {
	if err := oneByOne(ctx, tx, company); err != nil {
		return i, fmt.Errorf("wait for others who register: %w", err)
	}
	there, err := scan[Incident](ctx, tx, `select id, reference, company_id from incident where id = ? and company_id = ?`, in.ID, company)
	if err != nil {
		return i, fmt.Errorf("look for the incident: %w", err)
	}
	if len(there) == 1 {
		return there[0], nil
	}
	if in.ID == uuid.Nil {
		in.ID = pg.NewID()
	}
	i = Incident{ID: in.ID, CompanyID: company, Status: Reported, RegisteredAt: now, RegisteredBy: &by.PersonID, Author: by.Name, Version: 1}
	if by.Audience == identity.Companies {
		i.SelfReported, i.ToldAt = true, &now
	} else {
		i.DiscoveredAt = &now
	}
	p, err := s.put(ctx, tx, now, by, in, &i)
	if err != nil {
		return i, err
	}
	n, err := number(ctx, tx)
	if err != nil {
		return i, fmt.Errorf("give the incident a number: %w", err)
	}
	i.Reference = fmt.Sprintf("I-%d-%04d", now.UTC().Year(), n)
	if err := add(ctx, tx, &i); err != nil {
		return i, fmt.Errorf("register the incident: %w", err)
	}
	what := "register"
	if i.SelfReported {
		what = "report"
	}
	if err := write(ctx, tx, now, by, i, what, i.RuledOut, !i.SelfReported); err != nil {
		return i, err
	}
	if err := record(ctx, tx, now, by, i, audit.Event{Action: "incident." + what, After: i.said(), Reason: i.RuledOut}); err != nil || !i.SelfReported {
		return i, err
	}
	persons, err := workers(ctx, tx, i.OfficeID)
	if err != nil {
		return i, err
	}
	if err := s.Letters.ToStaff(ctx, tx, now, persons, Kind, i.ID); err != nil {
		return i, err
	}
	return i, s.tell(ctx, tx, now, by, i, p, "incident_received", nil)
}

// put takes what a person entered into an incident, and refuses likely duplicates that
// nobody ruled out.
func (s *Steps) put(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Entry, i *Incident) (*programme.Programme, error) {
	h, err := s.place(ctx, tx, in, i)
	if err != nil {
		return nil, err
	}
	if !i.SelfReported {
		if err := worker(by, *i); err != nil {
			return nil, err
		}
	}
	p, ok := s.Programmes.Get(i.Programme)
	if !ok {
		return nil, fmt.Errorf("an incident: the portal has no programme %q", i.Programme)
	}
	zone, err := time.LoadLocation(h.Zone)
	if err != nil {
		return nil, fmt.Errorf("read the office's zone: %w", err)
	}
	var c entry.Check
	i.take(&c, in, p.Enforcement.Incidents, clock.DayOf(now, zone))
	if err := c.Err(); err != nil {
		return nil, err
	}
	list, err := likely(ctx, tx, *i, p.Enforcement.Incidents.Days)
	if err != nil {
		return nil, err
	}
	unseen := slices.ContainsFunc(list, func(l Likely) bool { return !slices.Contains(in.Seen, l.ID) })
	if len(list) > 0 && (unseen || i.RuledOut == "") {
		return nil, fault.Fail([]fault.Field{fault.F("ruled_out", "Look at the incidents that may be the same. If this is another one, say why")})
	}
	return p, nil
}

// place says whose incident it is and which office is in charge.
func (s *Steps) place(ctx context.Context, tx pg.Tx, in Entry, i *Incident) (home, error) {
	i.MembershipID = nil
	if in.Membership != "" {
		id, err := uuid.Parse(in.Membership)
		if err != nil {
			return home{}, fault.Fail([]fault.Field{fault.F("membership", "Choose a membership of the company")})
		}
		i.MembershipID = &id
	}
	h, err := homeOf(ctx, tx, i.CompanyID, i.MembershipID)
	i.OfficeID, i.Programme = h.OfficeID, h.Programme
	return h, err
}

// take fills in the fields of an incident.
func (i *Incident) take(c *entry.Check, in Entry, rules programme.IncidentRules, today clock.Day) {
	if k, ok := rules.Kind(in.Kind); ok {
		i.Kind = k.Code
	} else {
		c.Add("kind", "Choose what kind of incident it was")
	}
	i.Place = c.Line("place", "where it was", in.Place, 1, 300)
	i.OccurredOn = day(c, "from", "the day on which it happened", in.From, today)
	i.OccurredUntil = i.OccurredOn
	if strings.TrimSpace(in.Until) != "" {
		i.OccurredUntil = day(c, "until", "the last day on which it may have happened", in.Until, today)
	}
	i.FoundOn = day(c, "found_on", "the day on which it was found", in.FoundOn, today)
	if i.OccurredUntil.Before(i.OccurredOn) {
		c.Add("until", "Enter a day that is not before the first one")
	}
	if !i.FoundOn.IsZero() && i.FoundOn.Before(i.OccurredOn) {
		c.Add("found_on", "Enter a day that is not before it happened")
	}
	i.Way, i.ToldBy = "", ""
	if !i.SelfReported {
		if w, ok := rules.Way(in.Way); ok {
			i.Way = w.Code
		} else {
			c.Add("way", "Choose how we learned of it")
		}
		i.ToldBy = c.Line("told_by", "who told us", in.ToldBy, 0, 200)
	}
	i.Number = c.Line("number", "the number", in.Number, 0, 100)
	i.NumberKey = KeyOf(i.Number)
	i.Numbers = c.Text("numbers", "further numbers", in.Numbers, 0, 2000)
	i.Facts = c.Text("facts", "what happened", in.Facts, 1, 8000)
	i.Consequences = c.Text("consequences", "what followed", in.Consequences, 0, 4000)
	i.RuledOut = c.Text("ruled_out", "why this is another one", in.RuledOut, 0, 2000)
}

// day reads a day that is not in the future.
func day(c *entry.Check, name, what, text string, today clock.Day) clock.Day {
	d, err := clock.ParseDay(strings.TrimSpace(text))
	switch {
	case err != nil:
		c.Add(name, "Enter %s", what)
		return clock.Day{}
	case d.After(today):
		c.Add(name, "Enter a day that is not in the future")
	case d.Year() < 2000:
		c.Add(name, "Enter a day after the year 2000")
	}
	return d
}

// said is an incident for an audit event.
func (i Incident) said() map[string]any {
	return map[string]any{"reference": i.Reference, "kind": i.Kind, "place": i.Place, "occurred_on": i.OccurredOn, "occurred_until": i.OccurredUntil, "found_on": i.FoundOn,
		"way": i.Way, "told_by": i.ToldBy, "number": i.Number, "numbers": i.Numbers, "facts": i.Facts, "consequences": i.Consequences}
}

func record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, i Incident, e audit.Event) error {
	e.Kind, e.Subject, e.Company = Kind, i.ID, i.CompanyID
	e.Internal = e.Internal || i.ToldAt == nil
	return audit.Record(ctx, tx, now, by, e)
}

// worker refuses everybody but case workers of the office in charge.
func worker(by identity.Actor, i Incident) error {
	switch own, err := by.Reads(); {
	case err != nil:
		return err
	case own != nil:
		return fault.Missing()
	case !by.Is(identity.CaseWorkers...):
		return fault.New(fault.Forbidden, "You can read incidents. Only the office in charge can change them")
	case !by.InOffice(i.OfficeID):
		return fault.New(fault.Forbidden, "Another office is in charge of this member")
	}
	return nil
}

// workers are whom an office wants told: its supervisors, or its specialists where it has none.
func workers(ctx context.Context, tx pg.Tx, office uuid.UUID) ([]uuid.UUID, error) {
	list, err := scan[uuid.UUID](ctx, tx, `select to_tell(?)`, office)
	if err != nil {
		return nil, fmt.Errorf("find whom to tell: %w", err)
	}
	return list, nil
}

// tell writes a letter about an incident to its company.
func (s *Steps) tell(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, i Incident, p *programme.Programme, code string, values map[string]string) error {
	return s.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: i.CompanyID, SubjectKind: Kind, SubjectID: i.ID, Programme: p, Code: code, Values: values})
}
