// Package validation is the visits of a company by the agency: why and where, who goes,
// which times were offered, agreed and moved, and what a company prepares. "Validation"
// means this and nothing else; a visit is one place of it.
//
// Who may: case workers of the office in charge plan, offer, confirm and carry out; the
// agency's case readers read. A company reads its own validations from the day on which it
// was told of them; those who edit answer offers and prepare the visit, those who sign agree
// to short notice and to observers. A partner agency reads a redacted visit while the
// company's consent stands. To others nothing of it exists.
package validation

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Kind names validations in audit events, clocks and letters, and VisitKind their visits in
// audit events.
const (
	Kind      = "validation"
	VisitKind = "visit"
)

// Why a company is validated.
const (
	First          = "first"
	Repeat         = "repeat"
	ForCause       = "for_cause"
	BeforeDecision = "before_decision"
)

// Kinds of visits.
const (
	Domestic    = "domestic"
	Foreign     = "foreign"
	Virtual     = "virtual"
	ReliedUpon  = "relied_upon"
	WithoutOne  = "no_visit"
	mostVisits  = 30
	mostPapers  = 60
	mostOffered = 5 // whatever a programme says: the table of answers fits a page
)

// Validation is one validation of a company.
type Validation struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	Reference     string
	CompanyID     uuid.UUID
	Programme     string
	EntityType    string
	Kind          string
	MembershipID  *uuid.UUID
	ApplicationID *uuid.UUID
	PlanItemID    *uuid.UUID
	OfficeID      uuid.UUID
	Status        Status
	Reason        string
	WindowFrom    clock.Day
	WindowTo      clock.Day
	Days          int // of visits, all together
	LeadID        *uuid.UUID
	Notice        string // what the company is told and asked to prepare
	OpenedAt      time.Time
	NotifiedAt    *time.Time
	VisitBegunAt  *time.Time
	VisitedAt     *time.Time
	IssuedAt      *time.Time
	ClosedAt      *time.Time
	Outcome       *Outcome
	ClosingReason string
	Version       int
}

// TableName is the table that holds validations.
func (Validation) TableName() string { return "validation" }

// Visit is one place of a validation.
type Visit struct {
	ID              uuid.UUID `gorm:"primaryKey"`
	ValidationID    uuid.UUID
	CompanyID       uuid.UUID
	Number          int
	Kind            string
	Status          VisitStatus
	SiteID          *uuid.UUID
	Place           string
	Party           string // whose place it is, when it is not the company's
	Address         string
	Country         string
	Zone            string // IANA, of the place
	Lat, Lon        *float64
	Days            int
	AllDay          bool
	Languages       Strings
	TravelBefore    int        // minutes
	TravelAfter     int        // minutes
	LocalFrom       *time.Time // wall time at the site, written as UTC
	LocalTo         *time.Time
	StartsAt        *time.Time
	EndsAt          *time.Time
	Sequence        int
	Invited         bool
	ShortNotice     string
	ShortNoticeBy   string
	ShortNoticeAt   *time.Time
	ReliedOn        string
	ReliedCheckedOn *clock.Day
	Agenda          string
	Hosts           string
	HostLanguages   string
	Safety          string
	Access          string
	BegunAt         *time.Time
	DoneAt          *time.Time
	CancelledAt     *time.Time
	CancelReason    string
	Version         int
}

// TableName is the table that holds visits.
func (Visit) TableName() string { return "visit" }

// Goes reports whether somebody goes there, if only by video.
func (v Visit) Goes() bool { return v.Kind == Domestic || v.Kind == Foreign || v.Kind == Virtual }

// Where is the zone of the place. The forms refuse unknown zones, so one that is not known
// here is a damaged row, and no reason to show nothing.
func (v Visit) Where() *time.Location { return zoneNamed(v.Zone) }

// When is the agreed time; the zero Span while there is none.
func (v Visit) When() Span {
	if v.StartsAt == nil || v.EndsAt == nil || v.LocalFrom == nil || v.LocalTo == nil {
		return Span{}
	}
	return Span{LocalFrom: *v.LocalFrom, LocalTo: *v.LocalTo, StartsAt: *v.StartsAt, EndsAt: *v.EndsAt, Zone: v.Where(), AllDay: v.AllDay}
}

// Strings is a list of short codes in a column of type text[].
type Strings = pg.Strings

// Service is what people do with validations.
type Service struct {
	DB    *pg.DB
	Now   func() time.Time
	Steps *Steps
}

// staff is reads for what only the agency does: others do not find it, auditors may not.
func staff(by identity.Actor) error {
	own, err := by.Reads()
	switch {
	case err != nil:
		return err
	case own != nil:
		return fault.Missing()
	case !by.Is(identity.CaseWorkers...):
		return fault.New(fault.Forbidden, "You can read validations. Only the office in charge can change them")
	}
	return nil
}

// inCharge is the refusal of a person of another office.
func inCharge(by identity.Actor, v Validation) error {
	if !by.InOffice(v.OfficeID) {
		return fault.New(fault.Forbidden, "Another office is in charge of this validation")
	}
	return nil
}

func closed(v Validation) error {
	if v.Status.Final() {
		return fault.New(fault.Conflict, "This validation is over and stays as it is")
	}
	return nil
}

// Rules are the programme of a validation and what it says of validations.
func (s *Steps) Rules(v Validation) (*programme.Programme, error) {
	p, ok := s.Programmes.Get(v.Programme)
	if !ok {
		return nil, fmt.Errorf("validation %s: the portal has no programme %q", v.Reference, v.Programme)
	}
	return p, nil
}

// zoneNamed is a zone by name, or UTC.
func zoneNamed(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}
