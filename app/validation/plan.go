package validation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/company"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/ical"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/roster"
)

// ChangeEntry is what the office enters about a validation.
type ChangeEntry struct {
	Reason   string
	From, To string // 2006-01-02
	Lead     string // id of a person, or empty
	Notice   string // what the company is told and asked to prepare
	Version  int
}

// Entry is the validation as its form shows it.
func (v Validation) Entry() ChangeEntry {
	e := ChangeEntry{Reason: v.Reason, From: v.WindowFrom.String(), To: v.WindowTo.String(), Notice: v.Notice, Version: v.Version}
	if v.LeadID != nil {
		e.Lead = v.LeadID.String()
	}
	return e
}

// Change changes why and when a company is validated, who leads, and what it is told. Case
// workers of the office in charge may.
func (s *Service) Change(ctx context.Context, by identity.Actor, id uuid.UUID, in ChangeEntry) (v Validation, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if v, err = Work(ctx, tx, by, id, in.Version); err != nil {
			return err
		}
		was := v
		var c entry.Check
		v.Reason = c.Text("reason", "the reason", in.Reason, 1, 2000)
		v.WindowFrom, v.WindowTo = window(&c, in.From, in.To)
		v.Notice = c.Text("notice", "what the company is told", in.Notice, 0, 4000)
		if v.LeadID = nil; in.Lead != "" {
			lead, err := uuid.Parse(in.Lead)
			if err != nil {
				c.Add("lead", "Choose a person who works cases")
			} else if err := mayLead(ctx, tx, &c, lead); err != nil {
				return err
			}
			v.LeadID = &lead
		} else if v.NotifiedAt != nil {
			c.Add("lead", "Choose who leads the validation")
		}
		if err := c.Err(); err != nil {
			return err
		}
		before, after := map[string]any{}, map[string]any{}
		differs(before, after, "reason", was.Reason, v.Reason)
		differs(before, after, "window_from", was.WindowFrom, v.WindowFrom)
		differs(before, after, "window_to", was.WindowTo, v.WindowTo)
		differs(before, after, "notice", was.Notice, v.Notice)
		differs(before, after, "lead", idText(was.LeadID), idText(v.LeadID))
		if len(after) == 0 {
			return nil
		}
		if err := pg.Update(ctx, tx, &v, v.ID, &v.Version, "reason", "window_from", "window_to", "notice", "lead_id"); err != nil {
			return fmt.Errorf("change the validation: %w", err)
		}
		return record(ctx, tx, s.Now(), by, v, audit.Event{Action: "validation.change", Before: before, After: after, Internal: true})
	})
	return v, err
}

// differs notes a value that changed.
func differs[T comparable](before, after map[string]any, key string, was, is T) {
	if was != is {
		before[key], after[key] = was, is
	}
}

func idText(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

// NotifyEntry tells a company of a validation.
type NotifyEntry struct {
	Notice  string
	Version int
}

// NotifyCompany tells the company of the validation: why, where, between which days, and
// what to prepare. The notice of the programme begins. Case workers of the office in charge
// may. Invalid: there is no visit or nobody leads.
func (s *Service) NotifyCompany(ctx context.Context, by identity.Actor, id uuid.UUID, in NotifyEntry) (v Validation, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		if v, err = Work(ctx, tx, by, id, in.Version); err != nil {
			return err
		}
		var c entry.Check
		v.Notice = c.Text("notice", "what the company is told", in.Notice, 0, 4000)
		if err := c.Err(); err != nil {
			return err
		}
		visits, err := visitsOf(ctx, tx, v.ID)
		if err != nil {
			return err
		}
		if err := s.Steps.Move(ctx, tx, now, by, &v, Notify, factsOfVisits(visits), Details{}, "notice"); err != nil {
			return err
		}
		return s.writeNotice(ctx, tx, now, by, v, visits)
	})
	return v, err
}

func (s *Service) writeNotice(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v Validation, visits []Visit) error {
	first, err := s.Steps.NotBefore(ctx, tx, now, v)
	if err != nil {
		return err
	}
	papers, err := scan[string](ctx, tx, `select d.name from visit_document d join visit x on x.id = d.visit_id where x.validation_id = ? and d.removed_at is null and x.status <> 'cancelled'
		order by x.number, d.created_at, d.id`, v.ID)
	if err != nil {
		return fmt.Errorf("read the documents: %w", err)
	}
	var places []string
	for _, x := range visits {
		if x.Status != CalledOff {
			places = append(places, strings.Join(nonEmpty(x.Place, x.Address), ", "))
		}
	}
	if first.IsZero() {
		first = v.WindowFrom
	}
	return s.Steps.Write(ctx, tx, now, by, v, "validation_notified",
		map[string]string{"points": strings.Join(places, "\n"), "request": strings.Join(papers, "\n"), "note": v.Notice},
		map[string]time.Time{"not_before": first.Time(), "window_from": v.WindowFrom.Time(), "window_to": v.WindowTo.Time()})
}

// Cancel calls a whole validation off, with the visits that are not over. Case workers of
// the office in charge may; a company that knew of it is told.
func (s *Service) Cancel(ctx context.Context, by identity.Actor, id uuid.UUID, in CallOffEntry) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		v, err := Work(ctx, tx, by, id, in.Version)
		if err != nil {
			return err
		}
		var c entry.Check
		reason := c.Text("reason", "the reason", in.Reason, 1, 2000)
		if err := c.Err(); err != nil {
			return err
		}
		visits, err := visitsOf(ctx, tx, v.ID)
		if err != nil {
			return err
		}
		for _, x := range visits {
			if x.Status == UnderWay {
				return fault.New(fault.Conflict, "A visit is under way. End it before you cancel the validation")
			}
		}
		for _, x := range visits {
			if x.Status == Done || x.Status == CalledOff {
				continue
			}
			if err := s.dropVisit(ctx, tx, now, by, x.ID, v, reason); err != nil {
				return err
			}
		}
		if err := s.Steps.Move(ctx, tx, now, by, &v, Cancel, Facts{Reason: reason}, Details{Reason: reason}); err != nil {
			return err
		}
		if v.NotifiedAt == nil {
			return nil
		}
		return s.Steps.Write(ctx, tx, now, by, v, "validation_cancelled", map[string]string{"reason": reason}, nil)
	})
}

// dropVisit calls a visit off with its validation, about which the company hears in one letter.
func (s *Service) dropVisit(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, v Validation, reason string) error {
	x, err := lockVisit(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := closeOffer(ctx, tx, now, by, v, x, reason); err != nil {
		return err
	}
	if err := roster.Free(ctx, tx, now, by, x.ID); err != nil {
		return err
	}
	told := x.Invited
	if told {
		x.Sequence++
	}
	if err := s.Steps.MoveVisit(ctx, tx, now, by, &x, v, CallOff, VisitFacts{Reason: reason}, Details{Reason: reason}, "sequence"); err != nil || !told {
		return err
	}
	if err := keepTime(ctx, tx, now, by, x, wasCancelled, reason); err != nil {
		return err
	}
	return s.invite(ctx, tx, now, x, v, ical.Cancel, nil)
}

// VisitEntry is what the office enters about a visit.
type VisitEntry struct {
	Kind          string
	Site          string // id of a site of the company; empty: another place
	Place         string
	Party         string
	Address       string
	Country       string
	Zone          string
	Lat, Lon      string
	Days          string
	AllDay        bool
	Languages     []string
	TravelBefore  string // minutes
	TravelAfter   string
	ReliedOn      string
	ReliedChecked string // 2006-01-02
	Agenda        string
	Version       int
}

// Entry is the visit as its form shows it.
func (x Visit) Entry() VisitEntry {
	e := VisitEntry{Kind: x.Kind, Place: x.Place, Party: x.Party, Address: x.Address, Country: x.Country, Zone: x.Zone, Lat: degrees(x.Lat), Lon: degrees(x.Lon),
		Days: fmt.Sprint(x.Days), AllDay: x.AllDay, Languages: x.Languages, TravelBefore: fmt.Sprint(x.TravelBefore), TravelAfter: fmt.Sprint(x.TravelAfter),
		ReliedOn: x.ReliedOn, Agenda: x.Agenda, Version: x.Version}
	if x.SiteID != nil {
		e.Site = x.SiteID.String()
	}
	if x.ReliedCheckedOn != nil {
		e.ReliedChecked = x.ReliedCheckedOn.String()
	}
	return e
}

func degrees(f *float64) string {
	if f == nil {
		return ""
	}
	return fmt.Sprint(*f)
}

// put checks what was entered and writes it into a visit.
func (e VisitEntry) put(p *programme.Programme, sites []siteRow, x *Visit) error {
	var c entry.Check
	var kinds []string
	for _, k := range p.Validation.Places {
		kinds = append(kinds, k.Code)
	}
	x.Kind = c.OneOf("kind", "the kind of visit", e.Kind, kinds...)
	e.where(&c, sites, x)
	most := 30
	if d := c.Whole("days", "the number of days", e.Days, 0, most, x.Goes()); d != nil {
		x.Days = *d
	}
	if x.Goes() && x.Days == 0 {
		c.Add("days", "Enter how many days the visit takes")
	}
	x.AllDay = e.AllDay && x.Kind != Virtual
	x.Languages = nil
	for _, lang := range e.Languages {
		if c.OneOf("languages", "languages from the list", lang, languageCodes()...) != "" && !slices.Contains(x.Languages, lang) {
			x.Languages = append(x.Languages, lang)
		}
	}
	const longest = 10080
	x.TravelBefore, x.TravelAfter = minutesOf(&c, "travel_before", e.TravelBefore, longest), minutesOf(&c, "travel_after", e.TravelAfter, longest)
	x.Agenda = c.Text("agenda", "the agenda", e.Agenda, 0, 4000)
	x.ReliedOn, x.ReliedCheckedOn = "", nil
	if x.Kind == ReliedUpon {
		x.ReliedOn = c.Line("relied_on", "the programme and number relied on", e.ReliedOn, 1, 300)
		if checked := day(&c, "relied_checked", "the day on which it was checked", e.ReliedChecked); !checked.IsZero() {
			x.ReliedCheckedOn = &checked
		}
	}
	return c.Err()
}

func minutesOf(c *entry.Check, name, value string, most int) int {
	if n := c.Whole(name, "the minutes of travel", value, 0, most, false); n != nil {
		return *n
	}
	return 0
}

func languageCodes() (out []string) {
	for _, l := range roster.Languages() {
		out = append(out, l.Code)
	}
	return out
}

// where takes the place: a site of the company as its record has it, or another.
func (e VisitEntry) where(c *entry.Check, sites []siteRow, x *Visit) {
	x.Party = c.Line("party", "whose place it is", e.Party, 0, 200)
	if e.Site != "" {
		i := slices.IndexFunc(sites, func(s siteRow) bool { return s.ID.String() == e.Site })
		if i < 0 {
			c.Add("site", "Choose a site of the company, or “Another place”")
			return
		}
		at := visitAt(x.Kind, x.Days, sites[i])
		x.SiteID, x.Place, x.Address, x.Country, x.Zone, x.Lat, x.Lon, x.Party = at.SiteID, at.Place, at.Address, at.Country, at.Zone, at.Lat, at.Lon, ""
		return
	}
	x.SiteID = nil
	x.Place = c.Line("place", "the name of the place", e.Place, 1, 200)
	x.Address = c.Line("address", "the address", e.Address, 0, 500)
	x.Country = c.OneOf("country", "the country", e.Country, company.Countries()...)
	x.Zone = c.Zone("zone", e.Zone)
	x.Lat, x.Lon = c.Degrees("lat", "the latitude", e.Lat, 90), c.Degrees("lon", "the longitude", e.Lon, 180)
	if (x.Lat == nil) != (x.Lon == nil) {
		c.Add("lat", "Enter both latitude and longitude, or neither")
	}
}

// AddVisit adds a visit to a validation whose visits are not over. Case workers of the
// office in charge may.
func (s *Service) AddVisit(ctx context.Context, by identity.Actor, validation uuid.UUID, in VisitEntry) (x Visit, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		v, err := Work(ctx, tx, by, validation, 0)
		if err != nil {
			return err
		}
		if v.Status == Visited || v.Status == Issued {
			return fault.New(fault.Conflict, "The visits of this validation are over")
		}
		rules, err := s.Steps.Rules(v)
		if err != nil {
			return err
		}
		sites, err := sitesOf(ctx, tx, v.CompanyID)
		if err != nil {
			return err
		}
		x = Visit{}
		if err := in.put(rules, sites, &x); err != nil {
			return err
		}
		if err := s.Steps.addVisit(ctx, tx, now, rules, v, &x); err != nil {
			return err
		}
		if err := countDays(ctx, tx, &v); err != nil {
			return err
		}
		return record(ctx, tx, now, by, v, audit.Event{Action: "visit.add", Kind: VisitKind, Subject: x.ID, Internal: v.NotifiedAt == nil,
			After: map[string]any{"validation": v.Reference, "place": x.Place, "kind": x.Kind, "country": x.Country, "days": x.Days}})
	})
	return x, err
}

// countDays keeps the planned days of a validation.
func countDays(ctx context.Context, tx pg.Tx, v *Validation) error {
	visits, err := visitsOf(ctx, tx, v.ID)
	if err != nil {
		return err
	}
	v.Days = 0
	for _, x := range visits {
		if x.Status != CalledOff {
			v.Days += x.Days
		}
	}
	v.Days = min(v.Days, 30)
	return pg.Update(ctx, tx, v, v.ID, &v.Version, "days")
}

// ChangeVisit changes what is known of a visit. Where it is and how long it takes cannot
// change while times are offered or agreed: those would mean something else. Case workers of
// the office in charge may.
func (s *Service) ChangeVisit(ctx context.Context, by identity.Actor, visit uuid.UUID, in VisitEntry) (x Visit, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var v Validation
		if x, v, err = WorkOnVisit(ctx, tx, by, visit, in.Version); err != nil {
			return err
		}
		if x.Status == Done || x.Status == CalledOff {
			return fault.New(fault.Conflict, "This visit is over and stays as it is")
		}
		rules, err := s.Steps.Rules(v)
		if err != nil {
			return err
		}
		sites, err := sitesOf(ctx, tx, v.CompanyID)
		if err != nil {
			return err
		}
		was := x
		if err := in.put(rules, sites, &x); err != nil {
			return err
		}
		fixed := was.Kind != x.Kind || was.Zone != x.Zone || was.Place != x.Place || was.Days != x.Days || was.AllDay != x.AllDay || was.Country != x.Country
		if fixed && was.Status != ToBook {
			return fault.New(fault.Conflict, "Times are offered or agreed for this place. Take them back before you change the place, the days or the kind of the visit")
		}
		before, after := map[string]any{}, map[string]any{}
		for _, f := range visitFields(was, x) {
			differs(before, after, f[0], f[1], f[2])
		}
		if len(after) == 0 {
			return nil
		}
		columns := []string{"kind", "site_id", "place", "party", "address", "country", "zone", "lat", "lon", "days", "all_day", "languages", "travel_before", "travel_after",
			"relied_on", "relied_checked_on", "agenda"}
		if err := pg.Update(ctx, tx, &x, x.ID, &x.Version, columns...); err != nil {
			return fmt.Errorf("change the visit: %w", err)
		}
		if err := countDays(ctx, tx, &v); err != nil {
			return err
		}
		return record(ctx, tx, s.Now(), by, v, audit.Event{Action: "visit.change", Kind: VisitKind, Subject: x.ID, Before: before, After: after, Internal: v.NotifiedAt == nil})
	})
	return x, err
}

// visitFields are what can change of a visit: name, as it was, as it is.
func visitFields(a, b Visit) [][3]string {
	x, y := a.Entry(), b.Entry()
	return [][3]string{{"kind", x.Kind, y.Kind}, {"place", x.Place, y.Place}, {"party", x.Party, y.Party}, {"address", x.Address, y.Address}, {"country", x.Country, y.Country},
		{"zone", x.Zone, y.Zone}, {"lat", x.Lat, y.Lat}, {"lon", x.Lon, y.Lon}, {"days", x.Days, y.Days}, {"all_day", fmt.Sprint(x.AllDay), fmt.Sprint(y.AllDay)},
		{"languages", strings.Join(x.Languages, " "), strings.Join(y.Languages, " ")}, {"travel_before", x.TravelBefore, y.TravelBefore}, {"travel_after", x.TravelAfter, y.TravelAfter},
		{"relied_on", x.ReliedOn, y.ReliedOn}, {"relied_checked_on", x.ReliedChecked, y.ReliedChecked}, {"agenda", x.Agenda, y.Agenda}}
}
