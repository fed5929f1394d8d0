// Package succession is how a member leaves a programme or becomes another: withdrawal,
// merger, split, sale, change of the kind of member, and a security profile that is shared
// with another membership and taken apart again. Each is a case with a day on which it counts. What it means in law is a legal event of app/standing, so history stays true:
// an ended membership keeps its number, its records and its past.
//
// Who may: those who edit for a company prepare a case; owner and signatory send it and call
// it off until its day. Case workers of the office in charge look at it; where the programme
// says so, a supervisor other than that person decides. Case readers read what was sent. To
// others nothing of it exists.
package succession

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// Kind names cases in audit events, letters and causes of legal events.
const Kind = notice.AboutSuccession

// The kinds of case.
const (
	Withdrawal = "withdrawal"
	Merger     = "merger"
	Split      = "split"
	Sale       = "sale"
	TypeChange = "type_change"
	Share      = "share"   // rely on the security profile of another membership of the company
	Unshare    = "unshare" // have one of its own again
)

// Kinds lists the kinds of case.
func Kinds() []string {
	return []string{Withdrawal, Merger, Split, Sale, TypeChange, Share, Unshare}
}

// mostProofs bounds the items of the library that one case shows.
const mostProofs = 20

// Case is one case of leaving or changing.
type Case struct {
	ID              uuid.UUID `gorm:"primaryKey"`
	Reference       string
	CompanyID       uuid.UUID
	MembershipID    uuid.UUID
	OfficeID        uuid.UUID
	Programme       string
	Kind            string
	Status          Status
	EffectiveOn     clock.Day // zero: of a change of the kind of member whose new membership has not begun
	Reason          string    // code of the programme's reasons
	Note            string    // the company's words
	SuccessorNumber string    // of a merger, as the company entered it
	SuccessorID     *uuid.UUID
	NewName         string // of a split or sale: the new legal entity
	NewCountry      string
	EntityType      string     // of a change of the kind of member: the new one
	Whole           bool       // nothing of the business stays
	ShareAnswers    bool       // the new legal entity may start from the security profile
	LeadID          *uuid.UUID // of a shared profile: the membership whose profile it is
	ApplicationID   *uuid.UUID
	NeedsDecision   bool
	Ground          string
	Proposal        string // accept or refuse, of the person who looked at it
	EventID         *uuid.UUID
	CreatedAt       time.Time
	CreatedBy       *uuid.UUID
	SentAt          *time.Time
	SentBy          *uuid.UUID
	ReviewerID      *uuid.UUID
	DecidedAt       *time.Time
	DecidedBy       *uuid.UUID
	ClosedAt        *time.Time
	Version         int
}

// TableName is the table that holds cases.
func (Case) TableName() string { return "change_case" }

// Ends reports whether the membership ends when the case takes effect.
func (c Case) Ends() bool {
	return c.Kind == Withdrawal || c.Kind == Merger || c.Kind == TypeChange || c.Whole
}

// Shares reports whether a case is about a shared security profile.
func (c Case) Shares() bool { return c.Kind == Share || c.Kind == Unshare }

// ahead reports whether a case can count only from today on: nobody leaves, and no review
// ends or begins, in the past.
func (c Case) ahead() bool { return c.Kind == Withdrawal || c.Shares() }

// cause is the case as the cause of a legal event.
func (c Case) cause() standing.Cause { return standing.Cause{Kind: Kind, ID: c.ID} }

// Service is what people do with cases of leaving and changing.
type Service struct {
	DB       *pg.DB
	Now      func() time.Time
	Steps    *application.Steps
	Standing *standing.Service
	Members  *membership.Service // shares security profiles and takes them apart

	// Blocked says why a membership cannot simply be left, for instance because a case of
	// enforcement is open; empty: it can. It is asked as the portal, for it may know more than
	// the company does. Nil: nothing blocks.
	Blocked func(ctx context.Context, tx pg.Tx, membership uuid.UUID) (string, error)
	// Ended is told in the transaction in which a membership has ended by a case, for those
	// who tell the member's business partners. Nil: nobody is.
	Ended func(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, membership uuid.UUID) error
}

// member is what the package needs to know of a membership.
type member struct {
	ID, CompanyID, OfficeID uuid.UUID
	Programme, EntityType   string
	Number, Status, Zone    string
	EffectiveOn             clock.Day

	zone  *time.Location
	rules *programme.Programme
}

func (s *Service) complete(m *member) (err error) {
	var ok bool
	if m.rules, ok = s.Steps.Programmes.Get(m.Programme); !ok {
		return fmt.Errorf("membership %s: the portal has no programme %q", m.Number, m.Programme)
	}
	if m.zone, err = time.LoadLocation(m.Zone); err != nil {
		return fmt.Errorf("membership %s: read the office's zone: %w", m.Number, err)
	}
	return nil
}
