package people

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

// Right is what one person may do, and for whom.
type Right struct {
	ID        uuid.UUID
	PersonID  uuid.UUID
	Audience  identity.Audience
	Role      identity.Role
	CompanyID *uuid.UUID
	OfficeID  *uuid.UUID
	AgencyID  *uuid.UUID
	Parts     []string `gorm:"-"` // contributor: the parts assigned to them
	StartsOn  time.Time
	EndsOn    *time.Time // last day
	GrantedAt time.Time
	EndedAt   *time.Time
	Version   int
}

// Member is a person with a right, for a list.
type Member struct {
	Right
	Name, Email string
	Office      string // name, staff only
	Agency      string // name, partners only
	LastSeenAt  *time.Time
	Yours       bool
}

// Terms is what a right can be changed to, and what an invitation offers. EndsOn is
// 2006-01-02 or nothing.
type Terms struct {
	Role   identity.Role
	Parts  []string
	EndsOn string
}

// Assignable lists the parts that a contributor can be given: all but the signature.
func Assignable() []string {
	return slices.DeleteFunc(programme.Sections(), func(p string) bool { return p == "agreement" })
}

// longest is how far in the future a dated right may end: a consultant's mandate two
// years, an auditor's one.
var longest = map[identity.Role]int{identity.Representative: 2, identity.Auditor: 1}

// check finds what is wrong with the terms, and the day on which the right ends.
func (t Terms) check(audience identity.Audience, today clock.Day) (parts []string, ends *time.Time, problems []fault.Field) {
	var check entry.Check
	if !slices.Contains(identity.RolesOf(audience), t.Role) {
		check.Add("role", "Choose a role")
	}
	if t.Role == identity.Contributor {
		for _, p := range t.Parts {
			if slices.Contains(Assignable(), p) && !slices.Contains(parts, p) {
				parts = append(parts, p)
			}
		}
		if len(parts) == 0 {
			check.Add("parts", "Choose at least one part that this person works on")
		}
	}
	years, dated := longest[t.Role]
	switch day, err := clock.ParseDay(t.EndsOn); {
	case t.EndsOn == "" && dated:
		check.Add("ends_on", "Enter the last day of this right: this role always has one")
	case t.EndsOn == "":
	case err != nil:
		check.Add("ends_on", "Enter a day that exists, like 31 3 2027")
	case day.Before(today):
		check.Add("ends_on", "Enter today or a day in the future")
	case dated && day.After(today.AddYears(years)):
		check.Add("ends_on", "Enter a day within %d years from today", years)
	default:
		at := day.Time()
		ends = &at
	}
	return parts, ends, check.Fields()
}

// ChangeRight gives a right in the actor's circle another role, other parts or another
// last day, from the next request on. Nobody changes their own, and the last owner or
// administrator stays one. Conflict: somebody was faster.
func (s *Service) ChangeRight(ctx context.Context, by identity.Actor, id uuid.UUID, version int, to Terms) error {
	c, err := manages(by)
	if err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		was, err := lockRight(ctx, tx, c, id)
		if err != nil {
			return err
		}
		today, err := s.today(ctx, tx, was.place())
		if err != nil {
			return err
		}
		if was.PersonID == by.PersonID {
			return fault.New(fault.Forbidden, "You cannot change your own right. Ask another owner or administrator")
		}
		if version != was.Version {
			return fault.Moved(fault.Change{Label: "Role", Yours: string(to.Role), Theirs: string(was.Role)})
		}
		is := was
		var problems []fault.Field
		if is.Parts, is.EndsOn, problems = to.check(was.Audience, today); problems != nil {
			return fault.Fail(problems)
		}
		is.Role = to.Role
		if keeper(was) && (is.Role != was.Role || is.EndsOn != nil) {
			if err := othersKeep(ctx, tx, was, today); err != nil {
				return err
			}
		}
		if err := saveRight(ctx, tx, &is); err != nil {
			return err
		}
		if keeper(was) && !keeper(is) { // what they offered others, they may not offer any more
			if err := revokeBy(ctx, tx, was, now); err != nil {
				return err
			}
		}
		return recordRight(ctx, tx, now, by, "right.change", is, &was, "")
	})
}

// EndRight takes a right away, from the next request on. Managers may for their
// circle, and everybody may leave; the last owner or administrator stays. reason is
// up to 1,000 characters, or nothing for one's own.
func (s *Service) EndRight(ctx context.Context, by identity.Actor, id uuid.UUID, version int, reason string) error {
	c, err := sees(by)
	if err != nil {
		return err
	}
	own := id == by.RightID
	if !own {
		if c, err = manages(by); err != nil {
			return err
		}
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		was, err := lockRight(ctx, tx, c, id)
		if err != nil {
			return err
		}
		if own && was.PersonID != by.PersonID {
			return fault.Missing()
		}
		if version != was.Version {
			return fault.Moved()
		}
		var check entry.Check
		least := 1
		if own {
			least = 0
		}
		reason = check.Text("reason", "the reason", reason, least, 1000)
		if err := check.Err(); err != nil {
			return err
		}
		if keeper(was) {
			today, err := s.today(ctx, tx, was.place())
			if err != nil {
				return err
			}
			if err := othersKeep(ctx, tx, was, today); err != nil {
				return err
			}
		}
		is := was
		is.EndedAt = &now
		if err := endRight(ctx, tx, &is, by.PersonID); err != nil {
			return err
		}
		if keeper(was) {
			if err := revokeBy(ctx, tx, was, now); err != nil {
				return err
			}
		}
		return recordRight(ctx, tx, now, by, "right.end", is, &was, reason)
	})
}

// keeper reports whether the right is of the kind that somebody must always have.
func keeper(r Right) bool {
	return r.Role == identity.Owner || r.Role == identity.Administrator || r.Role == identity.AgencyAdmin
}

// othersKeep refuses to leave a company, an agency or the administration without
// anybody who can look after its people. It locks their rights in one order, so that
// two who end each other's at once wait for one another.
func othersKeep(ctx context.Context, tx pg.Tx, r Right, today clock.Day) error {
	n, err := lockKeepers(ctx, tx, r, today)
	if err != nil {
		return err
	}
	if n > 0 {
		return nil
	}
	switch r.Role {
	case identity.Owner:
		return fault.New(fault.Forbidden, "This is the company's last owner. Make another person owner first")
	case identity.AgencyAdmin:
		return fault.New(fault.Forbidden, "This is the agency's last administrator. Make another person administrator first")
	}
	return fault.New(fault.Forbidden, "This is the last administrator. Make another person administrator first")
}

func (r Right) place() place { return place{r.CompanyID, r.OfficeID, r.AgencyID} }

func recordRight(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, action string, is Right, was *Right, reason string) error {
	e := audit.Event{Action: action, Kind: "right", Subject: is.ID, After: rightFacts(is), Reason: reason}
	if was != nil {
		e.Before = rightFacts(*was)
	}
	if is.CompanyID != nil {
		e.Company = *is.CompanyID
	}
	if is.AgencyID != nil {
		e.Agency = *is.AgencyID
	}
	if err := audit.Record(ctx, tx, now, by, e); err != nil {
		return fmt.Errorf("keep the right: %w", err)
	}
	return nil
}

func rightFacts(r Right) map[string]any {
	f := map[string]any{"person": r.PersonID, "role": r.Role}
	if len(r.Parts) > 0 {
		f["parts"] = r.Parts
	}
	if r.EndsOn != nil {
		f["ends_on"] = r.EndsOn.Format(time.DateOnly)
	}
	if r.OfficeID != nil {
		f["office"] = *r.OfficeID
	}
	if r.EndedAt != nil {
		f["ended"] = true
	}
	return f
}
