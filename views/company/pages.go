// Package company holds the pages of a company's own account: what it is, where its
// sites are, who speaks for it, under which numbers it is known, and its change notices.
package company

import (
	"time"

	app "trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
	"trustedtrader/views/ui"
)

// Form is what a refused form shows above its fields. What was typed stays in them.
type Form struct {
	Errors   []fault.Field
	Stale    bool // somebody else was faster; Moved says with what
	Moved    []fault.Change
	Sentence string // a refusal that belongs to no field
}

// RegisterPage opens an account.
type RegisterPage struct {
	ui.Chrome
	Form
	Entered app.Profile
}

// ProfilePage is the whole account.
type ProfilePage struct {
	ui.Chrome
	Account app.Account
	CanEdit bool
	CanSend bool // may open change notices
}

// Edits reports whether the reader may edit a part directly.
func (p ProfilePage) Edits(part app.Part) bool { return p.CanEdit && p.Account.Open(part) }

// EditPage changes the company itself.
type EditPage struct {
	ui.Chrome
	Form
	Entered app.Profile
	Open    bool // all fields; otherwise only those that stay free
}

// NamesPage adds and removes trade names.
type NamesPage struct {
	ui.Chrome
	Form
	Names   []app.TradeName
	Entered app.NameEntry
	Open    bool
}

// SitePage adds or changes a site.
type SitePage struct {
	ui.Chrome
	Form
	Entered app.SiteEntry
	Site    app.Site // as it is; without an id when it is new
	New     bool
	Open    bool // may be edited directly by the reader
	Locked  bool
}

// Action is where the form goes.
func (p SitePage) Action() string {
	if p.New {
		return "/company/sites/new"
	}
	return "/company/sites/" + p.Site.ID.String()
}

// ClosePage closes a site.
type ClosePage struct {
	ui.Chrome
	Form
	Site app.Site
	On   string
}

// ContactPage adds or changes a contact.
type ContactPage struct {
	ui.Chrome
	Form
	Entered app.ContactEntry
	Contact app.Contact
	New     bool
	Open    bool
	Locked  bool
}

// Action is where the form goes.
func (p ContactPage) Action() string {
	if p.New {
		return "/company/contacts/new"
	}
	return "/company/contacts/" + p.Contact.ID.String()
}

// NumberPage adds a number: first its kind, then the number.
type NumberPage struct {
	ui.Chrome
	Form
	Entered app.IdentifierEntry
	Scheme  identifier.Scheme // without a code as long as none is chosen
	Action  string            // of the second step
	Version int               // of the notice, when it is told by one
	Choose  string            // address of the first step
	Back    string
}

// HistoryPage lists what changed.
type HistoryPage struct {
	ui.Chrome
	Entries []app.HistoryEntry
	Older   string
	Newest  string
	Zone    *time.Location
}

// ChangesPage lists the company's change notices.
type ChangesPage struct {
	ui.Chrome
	Notices []app.ChangeNotice
	CanEdit bool
	Relied  bool
	Zone    *time.Location
}

// NoticePage opens a notice or edits its day and explanation.
type NoticePage struct {
	ui.Chrome
	Form
	Entered app.NoticeEntry
	New     bool
	Action  string
	Back    string
}

// ChangePage is one notice with its changes.
type ChangePage struct {
	ui.Chrome
	Form
	File    app.NoticeFile
	Account app.Account
}

// Path is the address of the notice.
func (p ChangePage) Path() string { return "/company/changes/" + p.File.Notice.ID.String() }

// Told reports whether the notice already changes something.
func (p ChangePage) Told(subject app.Subject, id string) bool {
	for _, c := range p.File.Notice.Changes {
		if c.Subject == subject && c.ID.String() == id {
			return true
		}
	}
	return false
}

// ItemPage enters one change of a notice.
type ItemPage struct {
	ui.Chrome
	Form
	Notice    app.ChangeNotice
	Proposal  app.Proposal
	Name      string // of the thing as it is
	CanRemove bool
	Action    string
	Back      string
}
