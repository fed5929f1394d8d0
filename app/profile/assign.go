package profile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Assignment is work for a colleague as a person enters it.
type Assignment struct {
	Sections []string  // all criteria of these, and
	Criteria []string  // these
	Person   uuid.UUID // the zero id takes the work back
	DueOn    string    // 2006-01-02; empty: no day
}

// Colleague is somebody who can be given work on a profile.
type Colleague struct {
	ID   uuid.UUID
	Name string
	Role identity.Role
}

// Assign gives criteria to a colleague until a day, and tells that person by e-mail that
// something waits. Editors may. A contributor may then change just those. Invalid: nothing
// is chosen, the person cannot work for this company, or the day. Returns how many criteria
// were given.
func (s *Service) Assign(ctx context.Context, by identity.Actor, id uuid.UUID, in Assignment) (n int, err error) {
	err = s.change(ctx, by, id, func(tx pg.Tx, now time.Time, p *Profile) error {
		if !by.Is(identity.CompanyEditors...) {
			return fault.New(fault.Forbidden, "You cannot assign criteria with your role. An owner, signatory or editor of the company can")
		}
		if p.Cycle.Status.Final() {
			return locked()
		}
		criteria, colleague, due, err := assignment(ctx, tx, now, p, in)
		if err != nil {
			return err
		}
		n = len(criteria)
		if err := assignCriteria(ctx, tx, now, p.Cycle, criteria, colleague, due); err != nil {
			return fmt.Errorf("assign criteria: %w", err)
		}
		after := map[string]any{"criteria": criteria, "assignee": colleague.Name}
		if !due.IsZero() {
			after["due_on"] = due
		}
		err = audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.assign", Kind: Kind, Subject: p.Cycle.ID, Company: p.Cycle.CompanyID, After: after})
		if err != nil || colleague.ID == uuid.Nil || colleague.ID == by.PersonID {
			return err
		}
		return s.Letters.ToColleague(ctx, tx, now, p.Cycle.CompanyID, colleague.ID, Kind, p.Cycle.ID)
	})
	return n, err
}

// assignment checks what was entered.
func assignment(ctx context.Context, tx pg.Tx, now time.Time, p *Profile, in Assignment) (criteria []string, who Colleague, due clock.Day, err error) {
	var check entry.Check
	for _, c := range p.Form.Criteria {
		if slices.Contains(in.Criteria, c.ID) || slices.ContainsFunc(in.Sections, func(section string) bool { return slices.Contains(c.Sections, section) }) {
			criteria = append(criteria, c.ID)
		}
	}
	for _, id := range in.Criteria {
		if !slices.Contains(criteria, id) {
			return nil, who, due, fault.Missing()
		}
	}
	if len(criteria) == 0 {
		check.Add("criteria", "Choose the criteria or sections to assign")
	}
	if in.Person != uuid.Nil {
		list, err := colleagues(ctx, tx, now, p.Cycle.CompanyID)
		if err != nil {
			return nil, who, due, err
		}
		i := slices.IndexFunc(list, func(c Colleague) bool { return c.ID == in.Person })
		if i < 0 {
			check.Add("person", "Choose somebody who can fill in profiles of your company")
		} else {
			who = list[i]
		}
	}
	if in.DueOn != "" {
		switch due, err = clock.ParseDay(in.DueOn); {
		case err != nil:
			check.Add("due_on", "Enter a date that exists, with day, month and year")
		case due.Before(clock.DayOf(now, p.Firm.Zone)):
			check.Add("due_on", "Enter a date from today on")
		case due.Year() > now.Year()+5:
			check.Add("due_on", "Enter a date within the next five years")
		}
	}
	return criteria, who, due, check.Err()
}

// AssignPage is the task list with the people who can be given work.
type AssignPage struct {
	TaskList
	Colleagues []Colleague
}

// AssignPage reads the page on which work is given to colleagues. Everybody who reads for
// the company may.
func (s *Service) AssignPage(ctx context.Context, by identity.Actor, id uuid.UUID) (a AssignPage, err error) {
	a.Profile, err = s.outline(ctx, by, id, pg.All(&a.Colleagues, fmt.Sprintf(colleaguesSQL, "$1", "$2"), by.CompanyID, s.Now()))
	if err != nil {
		return a, err
	}
	return a, s.tasks(by, &a.TaskList)
}

// in reports whether a criterion stands in a section.
func in(c catalogue.Criterion, section string) bool { return slices.Contains(c.Sections, section) }
