package validation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/ical"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/roster"
)

// Roles on a visit.
const (
	Lead    = "lead"
	Member  = "member"
	Trainee = "trainee"
)

// mostTeam bounds a team.
const mostTeam = 8

// RoleName is a role on a visit for a person to read (English source text).
func RoleName(role string) string {
	return map[string]string{Lead: "Lead", Member: "Member", Trainee: "Trainee"}[role]
}

// memberRow is an officer on a visit.
type memberRow struct {
	PersonID         uuid.UUID
	Name             string
	Role             string
	BaseLat, BaseLon float64
}

type visitOfficer struct {
	VisitID, CompanyID, PersonID uuid.UUID
	Role                         string
	AddedAt                      time.Time
}

// TableName is the table that holds the teams.
func (visitOfficer) TableName() string { return "visit_officer" }

// TeamEntry says who goes on a visit.
type TeamEntry struct {
	Lead    string   // id of a person
	Members []string // ids
	Trainee []string
	Version int // of the visit
}

// SetTeam says who goes on a visit. The team of a booked visit is booked anew: those who
// leave are free, those who come are booked and invited. Case workers of the office in
// charge may. Conflict: an officer is not free then.
func (s *Service) SetTeam(ctx context.Context, by identity.Actor, visit uuid.UUID, in TeamEntry) error {
	return roster.Clash(s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := WorkOnVisit(ctx, tx, by, visit, in.Version)
		if err != nil {
			return err
		}
		if !x.Goes() || x.Status == Done || x.Status == CalledOff {
			return fault.New(fault.Conflict, "Nobody goes on this visit any more")
		}
		rows, names, err := team(ctx, tx, now, x, in)
		if err != nil {
			return err
		}
		was, err := memberRows(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		if err := replaceTeam(ctx, tx, x.ID, rows); err != nil {
			return err
		}
		if err := pg.Update(ctx, tx, &x, x.ID, &x.Version); err != nil {
			return fmt.Errorf("choose the team: %w", err)
		}
		var before []string
		for _, m := range was {
			before = append(before, m.Name+", "+m.Role)
		}
		e := audit.Event{Action: "visit.set_team", Kind: VisitKind, Subject: x.ID, Internal: v.NotifiedAt == nil, Before: map[string]any{"team": before}, After: map[string]any{"team": names, "place": x.Place}}
		if err := record(ctx, tx, now, by, v, e); err != nil {
			return err
		}
		return s.bookTeam(ctx, tx, now, by, x, v, was, rows)
	}))
}

// team checks who was chosen.
func team(ctx context.Context, tx pg.Tx, now time.Time, x Visit, in TeamEntry) (rows []visitOfficer, names []string, err error) {
	var c entry.Check
	officers, err := officerNames(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	put := func(field, value, role string) {
		id, err := uuid.Parse(value)
		name, there := officers[id]
		if err != nil || !there {
			c.Add(field, "Choose officers from the list")
			return
		}
		if slices.ContainsFunc(rows, func(r visitOfficer) bool { return r.PersonID == id }) {
			c.Add(field, "%s is chosen twice. Choose one role for each officer", name)
			return
		}
		rows = append(rows, visitOfficer{VisitID: x.ID, CompanyID: x.CompanyID, PersonID: id, Role: role, AddedAt: now})
		names = append(names, name+", "+role)
	}
	if in.Lead == "" {
		c.Add("lead", "Choose who leads the visit")
	} else {
		put("lead", in.Lead, Lead)
	}
	for _, id := range in.Members {
		put("members", id, Member)
	}
	for _, id := range in.Trainee {
		put("trainees", id, Trainee)
	}
	if len(rows) > mostTeam {
		c.Add("members", "Choose up to %d officers", mostTeam)
	}
	return rows, names, c.Err()
}

// bookTeam books the team of a visit that has a time, and tells those who come and go.
func (s *Service) bookTeam(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x Visit, v Validation, was []memberRow, is []visitOfficer) error {
	if x.Status != Booked && x.Status != UnderWay {
		return nil
	}
	if err := roster.Free(ctx, tx, now, by, x.ID); err != nil {
		return err
	}
	list, err := s.bookings(ctx, tx, v, x, x.When())
	if err != nil {
		return err
	}
	if err := roster.Book(ctx, tx, now, by, list); err != nil {
		return err
	}
	var come, leave []uuid.UUID
	for _, m := range was {
		if !slices.ContainsFunc(is, func(r visitOfficer) bool { return r.PersonID == m.PersonID }) {
			leave = append(leave, m.PersonID)
		}
	}
	for _, r := range is {
		if !slices.ContainsFunc(was, func(m memberRow) bool { return m.PersonID == r.PersonID }) {
			come = append(come, r.PersonID)
		}
	}
	if len(come) > 0 {
		if err := s.invite(ctx, tx, now, x, v, ical.Request, come); err != nil {
			return err
		}
	}
	if len(leave) == 0 {
		return nil
	}
	return s.invite(ctx, tx, now, x, v, ical.Cancel, leave)
}
