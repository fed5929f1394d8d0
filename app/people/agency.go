package people

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// The kinds of agency: customs of another country, and another agency of the same government.
const (
	CustomsAgency = "customs"
	OtherAgency   = "other_agency"
)

// Agency is a partner customs agency, or another agency of the same government.
type Agency struct {
	ID        uuid.UUID
	Code      string // the one that its sign-in provider is configured with; never changes
	Name      string
	Country   string // ISO 3166-1 alpha-2
	Zone      string // IANA time zone: its people's days are counted in it
	Kind      string // CustomsAgency or OtherAgency; never changes
	CreatedAt time.Time
	Version   int
}

// AgencyItem is an agency with what hangs on it.
type AgencyItem struct {
	Agency
	People      int // live rights
	Invitations int // open ones
}

var (
	agencyCode  = regexp.MustCompile(`^[a-z0-9-]{2,40}$`)
	countryCode = regexp.MustCompile(`^[A-Z]{2}$`)
)

func checkAgency(in *Agency) []fault.Field {
	var check entry.Check
	in.Code = strings.ToLower(strings.TrimSpace(in.Code))
	if !agencyCode.MatchString(in.Code) {
		check.Add("code", "Enter a code of 2 to 40 small letters, digits or hyphens, as in the settings of its sign-in provider")
	}
	in.Name = check.Line("name", "the agency's name", in.Name, 1, 200)
	if !countryCode.MatchString(in.Country) {
		check.Add("country", "Choose the country of the agency")
	}
	in.Zone = check.Zone("zone", in.Zone)
	if in.Kind == "" {
		in.Kind = CustomsAgency
	}
	in.Kind = check.OneOf("kind", "what kind of agency it is", in.Kind, CustomsAgency, OtherAgency)
	return check.Fields()
}

// OpenAgency lets a partner agency in. Administrators of headquarters' tree may.
func (s *Service) OpenAgency(ctx context.Context, by identity.Actor, in Agency) (uuid.UUID, error) {
	if !by.Is(identity.Administrator) {
		return uuid.Nil, fault.Missing()
	}
	if problems := checkAgency(&in); problems != nil {
		return uuid.Nil, fault.Fail(problems)
	}
	now := s.Now()
	in.ID, in.CreatedAt, in.Version = pg.NewID(), now, 1
	err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := insertAgency(ctx, tx, in); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "agency.open", Kind: "agency", Subject: in.ID, Agency: in.ID, After: agencyFacts(in)})
	})
	return in.ID, err
}

// ChangeAgency changes an agency's name, country and zone. Conflict: somebody was faster.
func (s *Service) ChangeAgency(ctx context.Context, by identity.Actor, in Agency) error {
	if !by.Is(identity.Administrator) {
		return fault.Missing()
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		was, err := lockAgency(ctx, tx, in.ID)
		if err != nil {
			return err
		}
		in.Code, in.Kind, in.CreatedAt = was.Code, was.Kind, was.CreatedAt
		if problems := checkAgency(&in); problems != nil {
			return fault.Fail(problems)
		}
		if in.Version != was.Version {
			return fault.Moved(fault.Change{Label: "Name", Yours: in.Name, Theirs: was.Name})
		}
		if err := saveAgency(ctx, tx, &in); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "agency.change", Kind: "agency", Subject: in.ID, Agency: in.ID,
			Before: agencyFacts(was), After: agencyFacts(in)})
	})
}

// Agencies lists the partner agencies, for administrators, headquarters and auditors.
func (s *Service) Agencies(ctx context.Context, by identity.Actor) ([]AgencyItem, error) {
	if c, err := sees(by); err != nil || c.audience != identity.Staff {
		return nil, fault.Missing()
	}
	return listAgencies(ctx, s.DB, by)
}

func agencyFacts(a Agency) map[string]any {
	return map[string]any{"code": a.Code, "name": a.Name, "country": a.Country, "zone": a.Zone, "kind": a.Kind}
}
