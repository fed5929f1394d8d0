package validation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// OpenEntry opens a validation of a membership, or of an application before the decision.
type OpenEntry struct {
	ID          uuid.UUID // made with the form, so that sending twice makes one; the zero id: a new one
	Membership  *uuid.UUID
	Application *uuid.UUID
	PlanItem    *uuid.UUID
	Kind        string // first, repeat, for_cause, before_decision; empty: what the programme's clocks say is due
	Reason      string
	From, To    string     // 2006-01-02; both empty: from the end of the notice to the day by which the law wants it
	Lead        *uuid.UUID // nil: nobody yet
}

// subject is who is validated.
type subject struct {
	CompanyID, OfficeID          uuid.UUID
	Programme, EntityType        string
	Status                       string
	Country                      string
	MembershipID                 *uuid.UUID
	ApplicationID                *uuid.UUID
	OpenID                       *uuid.UUID // of a validation that is open already, not counting those for cause
	Validated                    bool       // a validation was closed before
	Company, Zone, Calendar, Ref string
}

// Open opens a validation with the visits that the programme usually makes. Case workers of
// the office in charge may. Conflict: one is open already; Invalid: the window, the kind or
// the reason.
func (s *Service) Open(ctx context.Context, by identity.Actor, in OpenEntry) (v Validation, err error) {
	if err := staff(by); err != nil {
		return v, err
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		v, err = s.Steps.Open(ctx, tx, s.Now(), by, in)
		return err
	})
	return v, refusal(err)
}

// refusal says in words what a constraint of the database refuses.
func refusal(err error) error {
	switch pg.Constraint(err) {
	case "one_open_validation":
		return fault.New(fault.Conflict, "A validation of this membership is open already. Close or cancel it first")
	case "validation_of_item":
		return fault.New(fault.Conflict, "A validation was opened for this line of the plan already")
	case "one_open_proposal":
		return fault.New(fault.Conflict, "Somebody else has just offered times for this visit. Open the page again to see them")
	}
	return err
}

// Open is the step of Service.Open, for the plan too.
func (s *Steps) Open(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in OpenEntry) (v Validation, err error) {
	if err := staff(by); err != nil {
		return v, err
	}
	if in.ID == uuid.Nil {
		in.ID = pg.NewID()
	}
	of, err := subjectOf(ctx, tx, in)
	if err != nil {
		return v, err
	}
	if !by.InOffice(of.OfficeID) {
		return v, fault.New(fault.Forbidden, "Another office is in charge of this company")
	}
	if there, err := scan[Validation](ctx, tx, `select * from validation where id = ? and company_id = ?`, in.ID, of.CompanyID); err != nil || len(there) == 1 {
		if err == nil {
			v = there[0]
		}
		return v, err
	}
	if in.Application != nil && of.OpenID != nil {
		return v, fault.New(fault.Conflict, "An audit of this application is open already. Close or cancel it first")
	}
	p, ok := s.Programmes.Get(of.Programme)
	if !ok {
		return v, fmt.Errorf("open a validation: the portal has no programme %q", of.Programme)
	}
	v = Validation{ID: in.ID, CompanyID: of.CompanyID, Programme: of.Programme, EntityType: of.EntityType, MembershipID: in.Membership, ApplicationID: in.Application,
		PlanItemID: in.PlanItem, OfficeID: of.OfficeID, Status: Planned, LeadID: in.Lead, OpenedAt: now, Version: 1}
	if err := s.fill(ctx, tx, now, p, of, in, &v); err != nil {
		return v, err
	}
	n, err := number(ctx, tx)
	if err != nil {
		return v, fmt.Errorf("give the validation a number: %w", err)
	}
	v.Reference = fmt.Sprintf("V-%d-%04d", clock.DayOf(now, zoneNamed(of.Zone)).Year(), n)
	visits, err := s.usualVisits(ctx, tx, p, of, v)
	if err != nil {
		return v, err
	}
	for _, x := range visits {
		v.Days += x.Days
	}
	if err := add(ctx, tx, &v); err != nil {
		return v, fmt.Errorf("open the validation: %w", err)
	}
	for _, x := range visits {
		if err := s.addVisit(ctx, tx, now, p, v, &x); err != nil {
			return v, err
		}
	}
	after := map[string]any{"reference": v.Reference, "kind": v.Kind, "window_from": v.WindowFrom, "window_to": v.WindowTo, "visits": len(visits)}
	return v, record(ctx, tx, now, by, v, audit.Event{Action: "validation.open", After: after, Reason: v.Reason, Internal: true})
}

// fill checks what was entered and fills in what was not.
func (s *Steps) fill(ctx context.Context, tx pg.Tx, now time.Time, p *programme.Programme, of subject, in OpenEntry, v *Validation) error {
	var c entry.Check
	v.Reason = c.Text("reason", "the reason", in.Reason, 1, 2000)
	if v.Kind = in.Kind; v.Kind == "" {
		v.Kind = usualKind(p, of)
	}
	kind, known := p.Validation.Kind(v.Kind)
	if !known || (v.Kind == BeforeDecision) != (in.Application != nil) {
		c.Add("kind", "Choose a kind of validation that the programme knows")
	}
	soon, err := s.notBefore(nil, now, *v, officeRow{Zone: of.Zone, Calendar: of.Calendar})
	if err != nil {
		return err
	}
	if soon.IsZero() {
		soon = clock.DayOf(now, zoneNamed(of.Zone)).AddDays(1)
	}
	if in.From == "" && in.To == "" && known {
		due, err := dueOn(ctx, tx, of, kind.Clock)
		if err != nil {
			return err
		}
		v.WindowFrom, v.WindowTo = soon, due
		if least := soon.AddDays(60); due.Before(least) {
			v.WindowTo = least
		}
	} else {
		v.WindowFrom, v.WindowTo = window(&c, in.From, in.To)
	}
	if in.Lead != nil {
		if err := mayLead(ctx, tx, &c, *in.Lead); err != nil {
			return err
		}
	}
	return c.Err()
}

// usualKind is why somebody is validated if nobody says otherwise. A programme that audits
// before it decides knows no first validation of a member.
func usualKind(p *programme.Programme, of subject) string {
	if of.ApplicationID != nil && of.MembershipID == nil {
		return BeforeDecision
	}
	if _, there := p.Validation.Kind(First); of.Validated || !there {
		return Repeat
	}
	return First
}

// window takes the first and last day between which the visits are to be.
func window(c *entry.Check, from, to string) (first, last clock.Day) {
	first, last = day(c, "window_from", "the first day", from), day(c, "window_to", "the last day", to)
	if !first.IsZero() && !last.IsZero() && last.Before(first) {
		c.Add("window_to", "The last day must not be before the first")
	}
	return first, last
}

// day takes a day that a form writes as 2006-01-02.
func day(c *entry.Check, name, what, value string) clock.Day {
	d, err := clock.ParseDay(value)
	if err != nil || d.Year() < 2000 || d.Year() > 2200 {
		c.Add(name, "Enter %s with day, month and year", what)
		return clock.Day{}
	}
	return d
}

// usualVisits are those of the programme for the kind of member, at the company's sites.
func (s *Steps) usualVisits(ctx context.Context, tx pg.Tx, p *programme.Programme, of subject, v Validation) (list []Visit, err error) {
	sites, err := sitesOf(ctx, tx, of.CompanyID)
	if err != nil {
		return nil, err
	}
	home := func(site siteRow) bool {
		if p.Administration.Country == "EU" { // each Member State has its own
			return site.Country == of.Country
		}
		return site.Country == p.Administration.Country
	}
	var used []uuid.UUID
	take := func(at func(siteRow) bool) (siteRow, bool) {
		i := slices.IndexFunc(sites, func(x siteRow) bool { return at(x) && !slices.Contains(used, x.ID) })
		if i < 0 {
			return siteRow{}, false
		}
		used = append(used, sites[i].ID)
		return sites[i], true
	}
	abroad := func(x siteRow) bool { return !home(x) }
	for _, plan := range p.Validation.Visits {
		if !plan.For(v.EntityType) {
			continue
		}
		kind, at := plan.Place, home
		if kind != Domestic {
			at = abroad
		}
		site, ok := take(at)
		if !ok && kind == Domestic { // a company that has no site in the country is visited where it is
			kind = Foreign
			site, ok = take(abroad)
		}
		if ok {
			list = append(list, visitAt(kind, plan.Days, site))
		}
	}
	return list, nil
}

// visitAt is a visit at a site of the company.
func visitAt(kind string, days int, site siteRow) Visit {
	id := site.ID
	return Visit{Kind: kind, SiteID: &id, Place: site.Name, Address: site.Address(), Country: site.Country, Zone: site.Zone, Lat: site.Lat, Lon: site.Lon, Days: days}
}

// addVisit adds a visit with the next number and, before anybody goes there, the papers that
// the programme usually asks for.
func (s *Steps) addVisit(ctx context.Context, tx pg.Tx, now time.Time, p *programme.Programme, v Validation, x *Visit) error {
	n, err := nextVisit(ctx, tx, v.ID)
	if err != nil {
		return err
	}
	if n > mostVisits {
		return fault.New(fault.Conflict, "A validation can have up to %d visits", mostVisits)
	}
	if x.ID == uuid.Nil {
		x.ID = pg.NewID()
	}
	x.ValidationID, x.CompanyID, x.Number, x.Status, x.Version = v.ID, v.CompanyID, n, ToBook, 1
	if err := add(ctx, tx, x); err != nil {
		return fmt.Errorf("add the visit: %w", err)
	}
	if x.Goes() && n == 1 {
		for _, name := range p.Validation.Documents {
			paper := Paper{ID: pg.NewID(), VisitID: x.ID, CompanyID: v.CompanyID, Name: name, CreatedAt: now, Version: 1}
			if err := add(ctx, tx, &paper); err != nil {
				return fmt.Errorf("ask for a document: %w", err)
			}
		}
	}
	if v.LeadID == nil || !x.Goes() {
		return nil
	}
	return leads(ctx, tx, now, *x, *v.LeadID)
}
