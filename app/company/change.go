package company

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
)

// Do says what a change does to its subject.
type Do string

// What a change does.
const (
	Alter  Do = "change"
	Add    Do = "add"
	Remove Do = "remove" // a site is closed on the effective day; the rest goes out of use
)

// Subject is what a change is about.
type Subject string

// The subjects.
const (
	AboutCompany    Subject = "company"
	AboutTradeName  Subject = "trade_name"
	AboutSite       Subject = "site"
	AboutContact    Subject = "contact"
	AboutIdentifier Subject = "identifier"
)

// FieldChange is one value before and after.
type FieldChange struct {
	Field string `json:"field"`
	Label string `json:"label"` // English source text
	From  string `json:"from"`
	To    string `json:"to"`
}

// Change is one thing that a notice changes.
type Change struct {
	Do      Do            `json:"do"`
	Subject Subject       `json:"subject"`
	ID      uuid.UUID     `json:"id"`
	Name    string        `json:"name"` // of the subject, when the change was entered
	Fields  []FieldChange `json:"fields"`
}

// Shown is the change with its values as people read them: numbers about a person
// are masked, numbers written as usual.
func (c Change) Shown() Change {
	if c.Subject != AboutIdentifier {
		return c
	}
	scheme := ""
	for _, f := range c.Fields {
		if f.Field == "scheme" {
			scheme = f.From + f.To // one of them is empty
		}
	}
	c.Fields = slices.Clone(c.Fields)
	for i, f := range c.Fields {
		if f.Field == "value" {
			c.Fields[i].From, c.Fields[i].To = Shown(scheme, f.From), Shown(scheme, f.To)
		}
	}
	return c
}

// ValueText is a value of a record in words. Ours is true when it is an English
// source text of the portal, false when it is what a person entered.
func ValueText(subject Subject, field, value string) (text string, ours bool) {
	switch {
	case value == "":
		return "", false
	case subject == AboutSite && field == "activity":
		return ActivityName(value), true
	case subject == AboutContact && field == "kind":
		return KindName(value), true
	case subject == AboutContact && field == "primary":
		return "Yes", true
	case subject == AboutIdentifier && field == "scheme":
		if s, ok := identifier.Lookup(value); ok {
			return s.Name, true
		}
	}
	return value, false
}

// Title says what the change does, as an English source text with its argument.
func (c Change) Title() (text string, args []any) {
	titles := map[Do]map[Subject]string{
		Alter:  {AboutCompany: "Change the company details", AboutSite: "Change the site %s", AboutContact: "Change the contact %s"},
		Add:    {AboutTradeName: "Add the trade name %s", AboutSite: "Add the site %s", AboutContact: "Add the contact %s", AboutIdentifier: "Add the number %s"},
		Remove: {AboutTradeName: "Remove the trade name %s", AboutSite: "Close the site %s", AboutContact: "Remove the contact %s", AboutIdentifier: "Remove the number %s"},
	}
	text = titles[c.Do][c.Subject]
	if strings.Contains(text, "%s") {
		args = []any{c.Name}
	}
	return text, args
}

// text lists the changes for a letter, one a line, in the programme's own language.
func (c Changes) text() string {
	var lines []string
	for _, x := range c {
		title, args := x.Title()
		lines = append(lines, "- "+fault.F("", title, args...).String())
		if x.Do != Alter {
			continue
		}
		for _, f := range x.Fields {
			from, _ := ValueText(x.Subject, f.Field, f.From)
			to, _ := ValueText(x.Subject, f.Field, f.To)
			lines = append(lines, f.Label+": "+cmp.Or(from, "(empty)")+" → "+cmp.Or(to, "(empty)"))
		}
	}
	return strings.Join(lines, "\n")
}

// Changes are all that a notice changes, one per subject.
type Changes []Change

// Find returns the change about a subject.
func (c Changes) Find(subject Subject, id uuid.UUID) (Change, bool) {
	for _, x := range c {
		if x.Subject == subject && x.ID == id {
			return x, true
		}
	}
	return Change{}, false
}

func (c Changes) without(subject Subject, id uuid.UUID) Changes {
	return slices.DeleteFunc(slices.Clone(c), func(x Change) bool { return x.Subject == subject && x.ID == id })
}

// ordered puts a new primary contact before the one that steps back, so that the
// order in which a person entered them does not matter.
func (c Changes) ordered() Changes {
	out := slices.Clone(c)
	slices.SortStableFunc(out, func(a, b Change) int { return rank(a) - rank(b) })
	return out
}

func rank(c Change) int {
	for _, f := range c.Fields {
		if c.Subject == AboutContact && f.Field == "primary" && f.To == yes {
			return 0
		}
	}
	return 1
}

// ChangeNotice tells the agency of a later change and of the day from which it holds.
type ChangeNotice struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	Reference   string    // "CN-2026-000123"
	CompanyID   uuid.UUID
	Status      Status
	EffectiveOn time.Time `gorm:"type:date"` // in the zone of the company's office
	Explanation string
	Changes     Changes `gorm:"type:jsonb"`
	OpenedAt    time.Time
	OpenedBy    *uuid.UUID
	SentAt      *time.Time
	DecidedAt   *time.Time
	DecidedBy   *uuid.UUID
	Decision    string // why it was returned
	AppliedAt   *time.Time
	Version     int
}

// NoticeEntry is what a person enters about a notice itself.
type NoticeEntry struct {
	ID          uuid.UUID // OpenNotice only, made with the form
	EffectiveOn string    // 2006-01-02
	Explanation string
	Version     int
}

func (e *NoticeEntry) fields() []field {
	return []field{{"effective_on", "Effective day", &e.EffectiveOn}, {"explanation", "Explanation", &e.Explanation}}
}

// Entry is what a form that changes the notice starts from.
func (n ChangeNotice) Entry() NoticeEntry {
	return NoticeEntry{ID: n.ID, EffectiveOn: n.EffectiveOn.Format(time.DateOnly), Explanation: n.Explanation, Version: n.Version}
}

// put writes a checked entry into the notice. The effective day lies at most a year
// from today on either side.
func (e NoticeEntry) put(n *ChangeNotice, today time.Time) []fault.Field {
	var k entry.Check
	n.Explanation = k.Text("explanation", "what changes and why", e.Explanation, 1, 4000)
	d, err := time.Parse(time.DateOnly, strings.TrimSpace(e.EffectiveOn))
	switch {
	case err != nil:
		k.Add("effective_on", "Enter the day from which the change holds, like 4 March 2026")
	case d.Before(today.AddDate(-1, 0, 0)) || d.After(today.AddDate(1, 0, 0)):
		k.Add("effective_on", "Enter a day at most one year from today")
	default:
		n.EffectiveOn = d
	}
	return k.Fields()
}

// Proposal is what a person enters about one thing that a notice shall change. The
// entry of its subject holds the values wanted; with Remove it is not looked at.
type Proposal struct {
	Version    int // of the notice
	Do         Do
	Subject    Subject
	ID         uuid.UUID // of the subject; with Add made with the form
	Profile    Profile
	Site       SiteEntry
	Contact    ContactEntry
	Identifier IdentifierEntry
	Name       NameEntry
}

// book is an account in memory, on which changes are tried before anything is written.
type book struct {
	company  Company
	names    []*TradeName
	sites    []*Site
	contacts []*Contact
	numbers  []*Identifier

	first, then []write // what to write: first what makes room for the rest
}

// write is one row to write, with the event that tells of it.
type write struct {
	row           any // *Company, *TradeName, *Site, *Contact, *Identifier
	made          bool
	columns       []string
	action        string // empty: the row changes as part of another event
	before, after map[string]string
}

func meanwhile(name string) []fault.Field {
	return []fault.Field{fault.F("", "%s was changed meanwhile. Enter this change again", name)}
}

// overlay sets the fields of an entry as a change wants them. It reports false when
// a value is not what it was when the change was entered.
func overlay(fields []field, c Change) bool {
	for _, fc := range c.Fields {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == fc.Field })
		if i < 0 || *fields[i].at != fc.From {
			return false
		}
		*fields[i].at = fc.To
	}
	return true
}

// apply carries out one change in the book, or says why it cannot be.
func (b *book) apply(c Change, effective, now time.Time) []fault.Field {
	switch c.Subject {
	case AboutCompany:
		return b.applyProfile(c, now)
	case AboutTradeName:
		return b.applyName(c, now)
	case AboutSite:
		return b.applySite(c, effective, now)
	case AboutContact:
		return b.applyContact(c, now)
	case AboutIdentifier:
		return b.applyNumber(c, now)
	}
	return meanwhile(c.Name)
}

func (b *book) applyProfile(c Change, now time.Time) []fault.Field {
	was := b.company.Entry()
	is := was
	if c.Do != Alter || c.ID != b.company.ID || !overlay(is.fields(), c) {
		return meanwhile(c.Name)
	}
	if problems := is.put(&b.company, now); problems != nil {
		return problems
	}
	before, after := changed(facts(was.fields()), facts(is.fields()))
	b.then = append(b.then, write{row: &b.company, action: "company.change", before: before, after: after,
		columns: []string{"name", "legal_form", "country", "registration", "founded_on", "employees", "website", "phone", "history"}})
	return nil
}

func find[T any](rows []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(rows, is); i >= 0 {
		return rows[i]
	}
	return nil
}

func (b *book) applyName(c Change, now time.Time) []fault.Field {
	row := find(b.names, func(n *TradeName) bool { return n.ID == c.ID })
	switch {
	case c.Do == Add && row == nil:
		var in NameEntry
		overlay(in.fields(), c)
		n := &TradeName{ID: c.ID, CompanyID: b.company.ID, CreatedAt: now, Version: 1}
		if problems := in.put(n); problems != nil {
			return problems
		}
		if find(b.names, func(x *TradeName) bool { return x.Name == n.Name }) != nil {
			return meanwhile(c.Name)
		}
		b.names = append(b.names, n)
		b.then = append(b.then, write{row: n, made: true, action: "trade_name.add", after: map[string]string{"name": n.Name}})
	case c.Do == Remove && row != nil && row.Name == c.Name:
		row.RemovedAt = &now
		b.names = slices.DeleteFunc(b.names, func(n *TradeName) bool { return n == row })
		b.first = append(b.first, write{row: row, columns: []string{"removed_at"}, action: "trade_name.remove", before: map[string]string{"name": row.Name}})
	default:
		return meanwhile(c.Name)
	}
	return nil
}

func (b *book) applySite(c Change, effective, now time.Time) []fault.Field {
	row := find(b.sites, func(s *Site) bool { return s.ID == c.ID })
	if c.Do == Add && row == nil {
		var in SiteEntry
		overlay(in.fields(), c)
		s := &Site{ID: c.ID, CompanyID: b.company.ID, CreatedAt: now, Version: 1}
		if problems := in.put(s); problems != nil {
			return problems
		}
		b.sites = append(b.sites, s)
		is := s.Entry()
		b.then = append(b.then, write{row: s, made: true, action: "site.add", after: values(facts(is.fields()))})
		return nil
	}
	if c.Do == Add || row == nil {
		return meanwhile(c.Name)
	}
	was := row.Entry()
	if c.Do == Remove {
		row.ClosedOn = &effective
		b.sites = slices.DeleteFunc(b.sites, func(s *Site) bool { return s == row })
		b.first = append(b.first, write{row: row, columns: []string{"closed_on"}, action: "site.close", after: map[string]string{"closed_on": day(&effective), "name": row.Name}})
		return nil
	}
	is := was
	if !overlay(is.fields(), c) {
		return meanwhile(c.Name)
	}
	if problems := is.put(row); problems != nil {
		return problems
	}
	before, after := changed(facts(was.fields()), facts(is.fields()))
	b.then = append(b.then, write{row: row, columns: siteColumns(), action: "site.change", before: before, after: after})
	return nil
}

func (b *book) applyContact(c Change, now time.Time) []fault.Field {
	row := find(b.contacts, func(k *Contact) bool { return k.ID == c.ID })
	switch {
	case c.Do == Add && row == nil:
		var in ContactEntry
		overlay(in.fields(), c)
		k := &Contact{ID: c.ID, CompanyID: b.company.ID, CreatedAt: now, Version: 1}
		if problems := in.put(k); problems != nil {
			return problems
		}
		b.stepBack(k)
		b.contacts = append(b.contacts, k)
		is := k.Entry()
		b.then = append(b.then, write{row: k, made: true, action: "contact.add", after: values(facts(is.fields()))})
	case c.Do == Remove && row != nil:
		was := row.Entry()
		row.RemovedAt, row.IsPrimary = &now, false
		b.contacts = slices.DeleteFunc(b.contacts, func(k *Contact) bool { return k == row })
		b.first = append(b.first, write{row: row, columns: []string{"removed_at", "is_primary"}, action: "contact.remove", before: values(facts(was.fields()))})
	case c.Do == Alter && row != nil:
		was := row.Entry()
		is := was
		if !overlay(is.fields(), c) {
			return meanwhile(c.Name)
		}
		if problems := is.put(row); problems != nil {
			return problems
		}
		b.stepBack(row)
		before, after := changed(facts(was.fields()), facts(is.fields()))
		b.then = append(b.then, write{row: row, columns: contactColumns(), action: "contact.change", before: before, after: after})
	default:
		return meanwhile(c.Name)
	}
	return nil
}

// stepBack takes the place of the primary contact from others when k has it.
func (b *book) stepBack(k *Contact) {
	for _, other := range b.contacts {
		if k.IsPrimary && other.IsPrimary && other.ID != k.ID {
			other.IsPrimary = false
			b.first = append(b.first, write{row: other, columns: []string{"is_primary"}})
		}
	}
}

func (b *book) applyNumber(c Change, now time.Time) []fault.Field {
	row := find(b.numbers, func(n *Identifier) bool { return n.ID == c.ID })
	switch {
	case c.Do == Add && row == nil:
		var in IdentifierEntry
		overlay(in.fields(), c)
		n := &Identifier{ID: c.ID, CompanyID: b.company.ID, Scheme: in.Scheme, Value: in.Value, Note: in.Note, CreatedAt: now, Version: 1}
		if !strings.HasPrefix(n.Value, sealMark) {
			n.SearchKey = identifier.Key(n.Value)
		}
		if find(b.numbers, func(x *Identifier) bool { return x.Scheme == n.Scheme && x.Value == n.Value }) != nil {
			return meanwhile(c.Name)
		}
		b.numbers = append(b.numbers, n)
		b.then = append(b.then, write{row: n, made: true, action: "identifier.add", after: n.shown()})
	case c.Do == Remove && row != nil:
		row.RemovedAt = &now
		b.numbers = slices.DeleteFunc(b.numbers, func(n *Identifier) bool { return n == row })
		b.first = append(b.first, write{row: row, columns: []string{"removed_at"}, action: "identifier.remove", before: row.shown()})
	default:
		return meanwhile(c.Name)
	}
	return nil
}

// try carries out every change and names all that stands against them.
func (b *book) try(all Changes, effective, now time.Time, relied bool) []fault.Field {
	var problems []fault.Field
	touchesContacts := false
	for _, c := range all.ordered() {
		for _, p := range b.apply(c, effective, now) {
			problems = append(problems, fault.Field{Message: p.Message, Args: p.Args}) // the fields belong to no form here
		}
		touchesContacts = touchesContacts || c.Subject == AboutContact
	}
	if touchesContacts && relied {
		left := make([]Contact, len(b.contacts))
		for i, k := range b.contacts {
			left[i] = *k
		}
		problems = append(problems, enoughContacts(left)...)
	}
	return problems
}

// deviations are the fields in which an entry differs from what is.
func deviations(was, is []Fact) []FieldChange {
	var out []FieldChange
	for i := range is {
		if was[i].Value != is[i].Value {
			out = append(out, FieldChange{Field: is[i].Field, Label: is[i].Label, From: was[i].Value, To: is[i].Value})
		}
	}
	return out
}

// gone are the values of something that a change takes away.
func gone(was []Fact) []FieldChange {
	var out []FieldChange
	for _, f := range was {
		if f.Value != "" {
			out = append(out, FieldChange{Field: f.Field, Label: f.Label, From: f.Value})
		}
	}
	return out
}

// propose turns an entry into a change of what the book holds.
func (b *book) propose(key []byte, p Proposal, now time.Time) (Change, []fault.Field, error) {
	c := Change{Do: p.Do, Subject: p.Subject, ID: idOr(p.ID)}
	var was, is []Fact
	var problems []fault.Field
	missing := fault.Missing()
	switch p.Subject {
	case AboutCompany:
		if p.Do != Alter {
			return c, nil, missing
		}
		row := b.company
		e := row.Entry()
		was, c.ID, c.Name = facts(e.fields()), row.ID, row.Name
		problems = p.Profile.put(&row, now)
		e = row.Entry()
		is = facts(e.fields())
	case AboutTradeName:
		row := find(b.names, func(n *TradeName) bool { return n.ID == c.ID })
		e := NameEntry{}
		if row != nil {
			e.Name, c.Name = row.Name, row.Name
		}
		was = facts(e.fields())
		if p.Do == Alter || (p.Do == Add) != (row == nil) {
			return c, nil, missing
		}
		if p.Do == Add {
			var n TradeName
			if problems = p.Name.put(&n); problems == nil && find(b.names, func(x *TradeName) bool { return x.Name == n.Name }) != nil {
				problems = []fault.Field{fault.F("trade_name", "This trade name is in your account already. Enter another one")}
			}
			c.Name = n.Name
			is = facts((&NameEntry{Name: n.Name}).fields())
		}
	case AboutSite:
		row := find(b.sites, func(s *Site) bool { return s.ID == c.ID })
		if (p.Do == Add) != (row == nil) {
			return c, nil, missing
		}
		var now Site
		if row != nil {
			now = *row
		}
		e := now.Entry()
		was, c.Name = facts(e.fields()), now.Name
		if p.Do != Remove {
			problems = p.Site.put(&now)
			e = now.Entry()
			is = facts(e.fields())
		}
		if p.Do == Add {
			c.Name = now.Name
		}
	case AboutContact:
		row := find(b.contacts, func(k *Contact) bool { return k.ID == c.ID })
		if (p.Do == Add) != (row == nil) {
			return c, nil, missing
		}
		var now Contact
		if row != nil {
			now = *row
		}
		e := now.Entry()
		was, c.Name = facts(e.fields()), now.Name
		if p.Do != Remove {
			problems = p.Contact.put(&now)
			e = now.Entry()
			is = facts(e.fields())
		}
		if p.Do == Add {
			c.Name = now.Name
		}
	case AboutIdentifier:
		row := find(b.numbers, func(n *Identifier) bool { return n.ID == c.ID })
		if p.Do == Alter || (p.Do == Add) != (row == nil) {
			return c, nil, missing
		}
		var n Identifier
		if row != nil {
			n = *row
		}
		e := n.entry()
		was = facts(e.fields())
		if p.Do == Add {
			var err error
			if problems, err = p.Identifier.put(key, &n); err != nil {
				return c, nil, err
			}
			if problems == nil && find(b.numbers, func(x *Identifier) bool { return x.Scheme == n.Scheme && x.Value == n.Value }) != nil {
				problems = []fault.Field{fault.F("value", "This number is in your account already. Enter another one")}
			}
			e = n.entry()
			is = facts(e.fields())
		}
		c.Name = n.Shown()
	default:
		return c, nil, missing
	}
	switch p.Do {
	case Remove:
		c.Fields = gone(was)
	case Add, Alter:
		c.Fields = deviations(was, is)
	default:
		return c, nil, missing
	}
	if problems == nil && p.Do == Alter && c.Fields == nil {
		problems = []fault.Field{fault.F("", "You changed nothing. Change a field, or go back")}
	}
	return c, problems, nil
}

// NoticeFile is a notice as its page shows it.
type NoticeFile struct {
	Notice    ChangeNotice
	Account   Account // as it is, without its notices
	OpenedBy  string
	DecidedBy string        // empty for a company's eyes
	Conflicts []fault.Field // why it cannot be carried out on the account as it is
	Actions   []Action      // what the reader may do now
}

// Can reports whether the reader may do something now.
func (f NoticeFile) Can(do Action) bool { return slices.Contains(f.Actions, do) }

// acts lists what an actor may do with a notice of a company.
func acts(n ChangeNotice, by identity.Actor, c Company) []Action {
	if by.Audience == identity.Staff && !by.InOffice(c.OfficeID) {
		return nil
	}
	return Lifecycle().Actions(n.Status, by.Role, Facts{})
}

// Proposal is what the form of one change starts from: the account as it is, with
// what the notice already changes of it. The nil id asks for something new. It
// reports false when there is no such thing to change.
func (a Account) Proposal(n ChangeNotice, subject Subject, id uuid.UUID) (Proposal, bool) {
	p := Proposal{Version: n.Version, Do: Add, Subject: subject, ID: id, Profile: a.Company.Entry()}
	there := false
	switch subject {
	case AboutCompany:
		p.ID, there = a.Company.ID, true
	case AboutTradeName:
		for _, x := range a.TradeNames {
			if x.ID == id {
				p.Name, there = NameEntry{ID: id, Name: x.Name}, true
			}
		}
	case AboutSite:
		var x Site
		if x, there = a.Site(id); there {
			if x.ClosedOn != nil {
				return p, false
			}
			p.Site = x.Entry()
		}
	case AboutContact:
		var x Contact
		if x, there = a.Contact(id); there {
			p.Contact = x.Entry()
		}
	case AboutIdentifier:
		var x Identifier
		if x, there = a.Identifier(id); there {
			p.Identifier = x.entry()
			p.Identifier.Value = x.Shown()
		}
	default:
		return p, false
	}
	if there {
		p.Do = Alter
	}
	c, told := n.Changes.Find(subject, p.ID)
	if !told {
		return p, there || id == uuid.Nil
	}
	p.Do = c.Do
	for _, f := range c.Fields {
		for _, at := range p.of(subject) {
			if at.name == f.Field && c.Do != Remove && !strings.HasPrefix(f.To, sealMark) {
				*at.at = f.To
			}
		}
	}
	return p, true
}

// of are the fields of the entry about a subject.
func (p *Proposal) of(subject Subject) []field {
	switch subject {
	case AboutCompany:
		return p.Profile.fields()
	case AboutTradeName:
		return p.Name.fields()
	case AboutSite:
		return p.Site.fields()
	case AboutContact:
		return p.Contact.fields()
	case AboutIdentifier:
		return p.Identifier.fields()
	}
	return nil
}

// FieldLabel names a field of a record (English source text); "" when it is none.
func FieldLabel(subject Subject, name string) string {
	for _, f := range (&Proposal{}).of(subject) {
		if f.name == name {
			return f.label
		}
	}
	return map[string]string{"closed_on": "Closed on", "status": "Status", "effective_on": "Effective day", "explanation": "Explanation", "primary": "Primary contact"}[name]
}
