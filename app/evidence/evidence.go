// Package evidence is a company's library of what shows that it meets the criteria: files,
// links, and records that the portal made. An item is attached to criteria of a security
// profile; what was submitted is pinned and stays.
//
// Why the content lies in a store and not in the database: a file of 100 MB passes through
// in pieces, sealed with the company's own key. A row says that a file is there, and only
// once it is whole; what was begun and not finished is known by its row too, and swept.
package evidence

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/blob"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/evidence/inspect"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// Limits of a library. Sizes are in bytes.
const (
	MostBytes    = 100 << 20 // of one file
	MostItems    = 2000      // not removed, of one company
	MostVersions = 50        // of one item
	MostLinks    = 30        // of one criterion, for the company or one site
	MostPlaces   = 100       // attached in one step
	mostUploads  = 20        // of one person at a time
)

// Kind of evidence.
type Kind string

// The kinds.
const (
	KindFile   Kind = "file"
	KindLink   Kind = "link"
	KindRecord Kind = "record" // the portal made it
)

// Confidentiality of evidence within the company. The agency sees what was submitted.
type Confidentiality string

// The levels.
const (
	Public     Confidentiality = "public"     // anybody may know it
	Company    Confidentiality = "company"    // the company's people
	Restricted Confidentiality = "restricted" // opened only by those who edit the account, and by who added it
)

// Scan is what is known of the content of a version.
type Scan string

// What is known.
const (
	Waiting     Scan = "waiting"     // for the scanner
	Clean       Scan = "clean"       // the scanner found nothing
	NotScanned  Scan = "not_scanned" // there is no scanner, or it could not: the policy decides
	Quarantined Scan = "quarantined" // open for nobody
)

// Policy says who may open a file that no scanner has looked at.
type Policy string

// The policies.
const (
	Allow       Policy = "allow"
	OnlyCompany Policy = "company" // the company whose file it is
	Refuse      Policy = "refuse"
)

// Scanner looks for viruses in content.
type Scanner interface {
	// Scan names what it found, or "". ErrTooLarge: it does not take so much. Any other
	// error means that it did not look.
	Scan(ctx context.Context, content Content) (found string, err error)
	// Ping says who answers.
	Ping(ctx context.Context) (version string, err error)
}

// Content is read once from its beginning.
type Content interface {
	Read(p []byte) (int, error)
	Size() int64
}

// Service is what people can do with evidence. Company verbs act on the company that the
// actor acts for.
type Service struct {
	DB       *pg.DB
	Now      func() time.Time
	Log      *slog.Logger
	Store    *blob.Store
	Master   []byte             // seals the keys of companies: 32 bytes
	Scanner  Scanner            // nil: none
	Policy   Policy             // empty: Allow
	Quota    int64              // bytes that one company may keep
	Criteria *catalogue.Library // to know the criteria of a profile; nil: every id is one
	Letters  *notice.Letters    // tells a company of a file that was locked away; nil: nobody

	// Opened reports whether the company may change a criterion that its return does not
	// list, because an answer made it apply. Nil: no.
	Opened func(ctx context.Context, tx pg.Tx, cycle uuid.UUID, criterion string) (bool, error)
	// Touched notes that the evidence of criteria was changed, which answers a return that
	// lists them. Nil: nobody needs to know.
	Touched func(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, cycle uuid.UUID, criteria []string) error
}

// Evidence is an item of a library.
type Evidence struct {
	ID              uuid.UUID `gorm:"primaryKey"`
	CompanyID       uuid.UUID
	Kind            Kind
	Title           string
	About           string
	URL             string     `gorm:"column:url"`
	Owner           string     // who in the company answers for it
	IssuedOn        *time.Time `gorm:"type:date"`
	ExpiresOn       *time.Time `gorm:"type:date"`
	Lang            string     // BCP 47
	Confidentiality Confidentiality
	CreatedAt       time.Time
	CreatedBy       *uuid.UUID
	Author          string
	RemovedAt       *time.Time
	Version         int
}

// Version is one version of a file.
type Version struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	EvidenceID  uuid.UUID
	CompanyID   uuid.UUID
	Number      int
	FileName    string
	MediaType   string
	Size        int64
	SHA256      string `gorm:"column:sha256"`
	BlobKey     string
	PreviewKey  string
	Scan        Scan
	ScanDetail  string // why it is quarantined, or not scanned: an inspect.Reason, or what the scanner found
	ScannedAt   *time.Time
	UploadedAt  time.Time
	UploadedBy  *uuid.UUID
	Author      string
	ForgottenAt *time.Time
	Version     int
}

// TableName is the table that holds versions.
func (Version) TableName() string { return "evidence_version" }

// Why a version is not scanned although there is a scanner.
const tooLarge = "too_large"

// virus begins the detail of what a scanner found.
const virus = "virus: "

// Shut says why a version cannot be opened by an actor, in a sentence; nil: it can.
func (s *Service) shut(by identity.Actor, v Version) error {
	switch {
	case v.ForgottenAt != nil:
		return fault.Missing()
	case v.Scan == Quarantined:
		return fault.New(fault.Forbidden, Why(v.ScanDetail))
	case v.Scan == Waiting:
		return fault.New(fault.Forbidden, "This file still waits for the virus scan. Try again in a few minutes")
	case v.Scan == NotScanned && (s.Policy == Refuse || s.Policy == OnlyCompany && by.Audience != identity.Companies):
		return fault.New(fault.Forbidden, "No virus scanner has looked at this file, and files that were not scanned cannot be opened here")
	}
	return nil
}

// Opens reports whether an actor may open a version in its present state.
func (s *Service) Opens(by identity.Actor, scan Scan) bool {
	return s.shut(by, Version{Scan: scan}) == nil
}

// Why is why a version is quarantined, in a sentence (English source text).
func Why(detail string) string {
	if len(detail) >= len(virus) && detail[:len(virus)] == virus {
		return "The virus scanner found something harmful in this file. Nobody can open it"
	}
	return inspect.Reason(detail).Message()
}

// Writers may add evidence and attach it; a contributor changes what is their own.
func Writers() []identity.Role {
	return append([]identity.Role{identity.Contributor}, identity.CompanyEditors...)
}

func reads(by identity.Actor) bool {
	return by.Audience == identity.Companies && by.CompanyID != uuid.Nil && by.Is(identity.CompanyReaders...)
}

func writes(by identity.Actor) error {
	switch {
	case !reads(by):
		return fault.Missing()
	case !by.Is(Writers()...):
		return fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
	}
	return nil
}

// own reports whether an actor may change an item: a contributor only their own.
func own(by identity.Actor, e Evidence) error {
	if by.Is(identity.CompanyEditors...) || e.CreatedBy != nil && *e.CreatedBy == by.PersonID {
		return nil
	}
	return fault.New(fault.Forbidden, "You can change only evidence that you added yourself. Ask its owner or an editor of the account")
}

// seesRestricted reports whether an actor of the company may open a restricted item.
func seesRestricted(by identity.Actor, createdBy *uuid.UUID) bool {
	return by.Audience != identity.Companies || by.Is(identity.CompanyEditors...) || createdBy != nil && *createdBy == by.PersonID
}
