package people

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Office is one of the administration's offices, as it is opened and as it is kept.
type Office struct {
	ID        uuid.UUID
	Code      string // 2 to 20 capital letters, digits and hyphens; never changes
	Name      string
	ParentID  *uuid.UUID // nil: headquarters, the root of the tree
	Zone      string     // IANA time zone: legal days of its cases are counted in it
	Calendar  string     // code of its business calendar
	CreatedAt time.Time
	Version   int
}

// OfficeItem is an office with what hangs on it.
type OfficeItem struct {
	Office
	Parent    string // name
	Depth     int    // 0: the root
	Staff     int    // live rights
	Companies int
}

var officeCode = regexp.MustCompile(`^[A-Z0-9-]{2,20}$`)

// check mends what a person typed and finds what is wrong with it.
func (s *Service) checkOffice(in *Office) []fault.Field {
	var check entry.Check
	in.Code = strings.ToUpper(strings.TrimSpace(in.Code))
	if !officeCode.MatchString(in.Code) {
		check.Add("code", "Enter a code of 2 to 20 letters, digits or hyphens")
	}
	in.Name = check.Line("name", "the office's name", in.Name, 1, 200)
	in.Zone = check.Zone("zone", in.Zone)
	if _, ok := s.Calendars[in.Calendar]; !ok {
		check.Add("calendar", "Choose the business calendar of the office")
	}
	return check.Fields()
}

// CalendarCodes lists the business calendars that an office can have.
func (s *Service) CalendarCodes() []string { return slices.Sorted(maps.Keys(s.Calendars)) }

// OpenHeadquarters opens the office at the root of the tree if there is no office
// yet, and does nothing otherwise: without one no company could register. Only the
// portal itself may, when it starts for the first time. It may run several times at once.
func (s *Service) OpenHeadquarters(ctx context.Context, by identity.Actor, in Office) error {
	if by.Audience != identity.System {
		return fault.Missing()
	}
	if problems := s.checkOffice(&in); problems != nil {
		return fault.Fail(problems)
	}
	now := s.Now()
	in.ID, in.ParentID, in.CreatedAt, in.Version = pg.NewID(), nil, now, 1
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		opened, err := insertFirst(ctx, tx, in)
		if err != nil || !opened {
			return err
		}
		return recordOffice(ctx, tx, now, by, "office.open", in, nil, "First start")
	})
}

// OpenOffice opens an office below one of the administrator's offices.
func (s *Service) OpenOffice(ctx context.Context, by identity.Actor, in Office) (uuid.UUID, error) {
	if !by.Is(identity.Administrator) {
		return uuid.Nil, fault.Missing()
	}
	problems := s.checkOffice(&in)
	if in.ParentID == nil || !slices.Contains(by.Offices, *in.ParentID) {
		problems = append(problems, fault.F("parent", "Choose the office above this one"))
	}
	if problems != nil {
		return uuid.Nil, fault.Fail(problems)
	}
	now := s.Now()
	in.ID, in.CreatedAt, in.Version = pg.NewID(), now, 1
	err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := insertOffice(ctx, tx, in); err != nil {
			return err
		}
		return recordOffice(ctx, tx, now, by, "office.open", in, nil, "")
	})
	return in.ID, err
}

// ChangeOffice changes an office's name, zone, calendar and place in the tree. Zone and
// calendar stay while a legal period runs at the office: its days were told to people.
// Conflict: somebody was faster.
func (s *Service) ChangeOffice(ctx context.Context, by identity.Actor, in Office) error {
	if !by.Is(identity.Administrator) || !slices.Contains(by.Offices, in.ID) {
		return fault.Missing()
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		offices, err := lockOffices(ctx, tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(offices, func(o Office) bool { return o.ID == in.ID })
		if i < 0 {
			return fault.Missing()
		}
		was := offices[i]
		in.Code, in.CreatedAt = was.Code, was.CreatedAt
		problems := s.checkOffice(&in)
		switch {
		case was.ParentID == nil:
			in.ParentID = nil
		case in.ParentID == nil || !slices.Contains(by.Offices, *in.ParentID):
			problems = append(problems, fault.F("parent", "Choose the office above this one"))
		case below(offices, in.ID, *in.ParentID):
			problems = append(problems, fault.F("parent", "An office cannot stand below itself. Choose another one"))
		}
		if in.Zone != was.Zone || in.Calendar != was.Calendar {
			if n, err := runningPeriods(ctx, tx, in.ID); err != nil {
				return err
			} else if n > 0 {
				problems = append(problems, fault.F("zone", "%d periods run at this office, and their days are counted by its time zone and calendar. Keep both, or open another office", n))
			}
		}
		if problems != nil {
			return fault.Fail(problems)
		}
		if in.Version != was.Version {
			return fault.Moved(officeChanges(was, in)...)
		}
		if err := saveOffice(ctx, tx, &in); err != nil {
			return err
		}
		return recordOffice(ctx, tx, now, by, "office.change", in, &was, "")
	})
}

func officeChanges(theirs, yours Office) (out []fault.Change) {
	for _, f := range []struct{ label, yours, theirs string }{
		{"Name", yours.Name, theirs.Name}, {"Time zone", yours.Zone, theirs.Zone}, {"Business calendar", yours.Calendar, theirs.Calendar},
	} {
		if f.yours != f.theirs {
			out = append(out, fault.Change{Label: f.label, Yours: f.yours, Theirs: f.theirs})
		}
	}
	return out
}

// below reports whether an office is another one or lies below it.
func below(offices []Office, top, office uuid.UUID) bool {
	parents := map[uuid.UUID]*uuid.UUID{}
	for _, o := range offices {
		parents[o.ID] = o.ParentID
	}
	for at := &office; at != nil; at = parents[*at] {
		if *at == top {
			return true
		}
	}
	return false
}

// Offices lists the offices of an administrator, headquarters or an auditor, as a tree.
func (s *Service) Offices(ctx context.Context, by identity.Actor) ([]OfficeItem, error) {
	c, err := sees(by)
	if err != nil || c.audience != identity.Staff {
		return nil, fault.Missing()
	}
	return listOffices(ctx, s.DB, by, c.offices)
}

func recordOffice(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, action string, o Office, was *Office, reason string) error {
	e := audit.Event{Action: action, Kind: "office", Subject: o.ID, After: officeFacts(o), Reason: reason}
	if was != nil {
		e.Before = officeFacts(*was)
	}
	if err := audit.Record(ctx, tx, now, by, e); err != nil {
		return fmt.Errorf("keep the office: %w", err)
	}
	return nil
}

func officeFacts(o Office) map[string]any {
	return map[string]any{"code": o.Code, "name": o.Name, "zone": o.Zone, "calendar": o.Calendar, "parent": o.ParentID}
}
