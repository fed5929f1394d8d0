// Package bizpartner is what a member keeps of the companies in its supply chain: the list,
// connections with partners that are members too, questionnaires to those that are not, and
// links by which outsiders verify its own membership (criteria 3.1 to 3.9).
//
// Two companies meet only by consent of both. What one then sees of the other is read by
// functions of the database that know no more than name, kind of member, status and since
// when. A step that changes rows of two companies looks past the fence, so each of its
// statements names the companies.
//
// Who may: a company's readers read, its editors keep the list and send questionnaires, its
// owner and signatories consent, connect and make verification links. The agency's case
// readers read. A partner without an account answers by its link, which is its key.
package bizpartner

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Kinds name records in audit events and letters.
const (
	Kind           = "business_partner"
	KindConnection = notice.AboutConnection
	KindLink       = "verification_link"
)

// Limits.
const (
	mostPartners = 10_000 // that have not ended, of one company
	PageSize     = 50     // partners on a page
)

// Risk is how much a partner can harm the chain, as the member rates it.
type Risk string

// The risks.
const (
	High   Risk = "high"
	Medium Risk = "medium"
	Low    Risk = "low"
)

// Risks lists the risks, the highest first.
func Risks() []Risk { return []Risk{High, Medium, Low} }

// Name is the risk for a person to read (English source text).
func (r Risk) Name() string {
	return map[Risk]string{High: "High", Medium: "Medium", Low: "Low"}[r]
}

// Partner is a company in a member's supply chain.
type Partner struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	CompanyID   uuid.UUID
	Name        string
	Country     string // ISO 3166-1
	Role        string // code of Roles
	Reference   string // the member's own number for it
	Contact     string
	Email       string
	Lang        string // BCP 47, in which it is written to
	Risk        Risk
	Identifiers string // one a line, as the member knows them
	Notes       string
	AssessedOn  *clock.Day
	DueOn       *clock.Day // of the next assessment
	CreatedAt   time.Time
	CreatedBy   *uuid.UUID
	EndedAt     *time.Time
	EndReason   string
	Version     int
}

// TableName is the table that holds partners.
func (Partner) TableName() string { return "business_partner" }

// Service is what people do with business partners.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Programmes *programme.Register
	Letters    *notice.Letters
	Data       *Data
	Evidence   *evidence.Service
	Key        []byte // signs links for outsiders: 32 bytes
}

// reader is the company whose people may read; staff reads by Desk.
func reader(by identity.Actor) error {
	if by.Audience != identity.Companies || !by.Is(identity.CompanyReaders...) || by.CompanyID == uuid.Nil {
		return fault.Missing()
	}
	return nil
}

// editor refuses who may not change the list.
func editor(by identity.Actor) error {
	if err := reader(by); err != nil {
		return err
	}
	if !by.Is(identity.CompanyEditors...) {
		return fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
	}
	return nil
}

// signer refuses who may not bind the company.
func signer(by identity.Actor) error {
	if err := reader(by); err != nil {
		return err
	}
	if !by.Is(identity.CompanySigners...) {
		return fault.New(fault.Forbidden, "Only the owner or a signatory of the account can do this")
	}
	return nil
}

// programmeOf finds a programme by its code.
func (s *Service) programmeOf(code string) (*programme.Programme, error) {
	p, ok := s.Programmes.Get(code)
	if !ok {
		return nil, fmt.Errorf("business partners: the portal has no programme %q", code)
	}
	return p, nil
}
