// Package fieldwork is what officers do on a visit: which criteria they verify and how, what
// they saw, the photos and papers that they bring along, and the hours that it took. All of
// it is the agency's own; a file is shown to the company only with a finding.
//
// Who may: case workers of the office in charge choose, verify, add and log; the agency's
// case readers read. To others nothing of it exists.
package fieldwork

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

// Kind names what is verified and added on a visit in audit events.
const Kind = validation.VisitKind

const (
	mostFiles    = 200 // of one visit
	preselected  = 20  // criteria that a new visit proposes to verify, at least those that stand out
	mostWorklogs = 500 // entries of hours on a page
)

// Result is what came of looking at a criterion.
type Result string

// The results. None: nobody has looked yet.
const (
	None          Result = ""
	Verified      Result = "verified"
	Partly        Result = "partly"
	NotVerified   Result = "not_verified"
	NotApplicable Result = "not_applicable"
)

// Results lists the results in the order of a form.
func Results() []Result { return []Result{Verified, Partly, NotVerified, NotApplicable} }

// Name is the result for a person to read (English source text).
func (r Result) Name() string {
	return map[Result]string{None: "Not looked at", Verified: "Verified", Partly: "Partly verified", NotVerified: "Not verified", NotApplicable: "Not applicable"}[r]
}

// NeedsNote reports whether a result must say why.
func (r Result) NeedsNote() bool { return r == Partly || r == NotVerified || r == NotApplicable }

// Ticks are the options that an officer has ticked, by the question of the catalogue.
type Ticks map[string][]string

// Value writes the ticks as JSON.
func (t Ticks) Value() (driver.Value, error) {
	if t == nil {
		t = Ticks{}
	}
	b, err := json.Marshal(map[string][]string(t))
	return string(b), err
}

// Scan reads what Value writes.
func (t *Ticks) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = nil
		return nil
	case string:
		return json.Unmarshal([]byte(v), (*map[string][]string)(t))
	case []byte:
		return json.Unmarshal(v, (*map[string][]string)(t))
	}
	return fmt.Errorf("read the ticks: cannot take a %T", src)
}

// Verification is what an officer saw of one criterion at a visit.
type Verification struct {
	VisitID    uuid.UUID `gorm:"primaryKey"`
	CompanyID  uuid.UUID
	Criterion  string `gorm:"primaryKey"`
	Chosen     bool
	Methods    validation.Strings
	Ticks      Ticks
	Result     *Result
	Note       string
	VerifiedAt *time.Time
	VerifiedBy *uuid.UUID
	Verifier   string
	Version    int
}

// TableName is the table that holds verifications.
func (Verification) TableName() string { return "verification" }

// Is is the result, None while there is none.
func (v Verification) Is() Result {
	if v.Result == nil {
		return None
	}
	return *v.Result
}

// File is a photo or paper that an officer added to a visit.
type File struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	VisitID    uuid.UUID
	CompanyID  uuid.UUID
	Criterion  string
	Caption    string
	FileName   string
	MediaType  string
	Size       int64
	SHA256     string `gorm:"column:sha256"`
	BlobKey    string
	Scan       evidence.Scan
	ScanDetail string
	AddedAt    time.Time
	AddedBy    *uuid.UUID
	Author     string
	RemovedAt  *time.Time
	Version    int
}

// TableName is the table that holds files of visits.
func (File) TableName() string { return "visit_file" }

// Service is what officers do on a visit.
type Service struct {
	DB       *pg.DB
	Now      func() time.Time
	Steps    *validation.Steps
	Library  *catalogue.Library
	Evidence *evidence.Service
}

// reads lets the agency's case readers through; to others nothing is there.
func reads(by identity.Actor) error {
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return fault.Missing()
	}
	return nil
}

// form is the form of criteria that counts for a validation: of the profile that was
// submitted last, or of the edition in force where there is none.
func (s *Service) form(programme, edition, entityType string) *catalogue.Form {
	if e, ok := s.Library.Edition(programme, edition); ok {
		return e.Form(entityType)
	}
	if e, ok := s.Library.InForce(programme, s.Now()); ok {
		return e.Form(entityType)
	}
	return nil
}

// preparing refuses a visit that does not take place, and one whose report is out.
func preparing(x validation.Visit, v validation.Validation) error {
	switch {
	case x.Status == validation.CalledOff:
		return fault.New(fault.Conflict, "This visit was cancelled")
	case v.Status == validation.Issued:
		return fault.New(fault.Conflict, "The report is issued, so what was verified stays as it is")
	}
	return nil
}

// there refuses results before somebody was there.
func there(x validation.Visit) error {
	if x.Goes() && x.Status != validation.UnderWay && x.Status != validation.Done {
		return fault.New(fault.Conflict, "Begin the visit first. Then enter what you saw")
	}
	return nil
}

// onVisit locks a visit for a change of what belongs to it.
func (s *Service) onVisit(ctx context.Context, by identity.Actor, id uuid.UUID, do func(tx pg.Tx, now time.Time, x validation.Visit, v validation.Validation) error) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		x, v, err := validation.WorkOnVisit(ctx, tx, by, id, 0)
		if err != nil {
			return err
		}
		if err := preparing(x, v); err != nil {
			return err
		}
		return do(tx, now, x, v)
	})
}
