package company

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
)

// Profile is what a person enters about the company itself.
type Profile struct {
	ID           uuid.UUID // Register only: made with the form, so that sending twice makes one company
	Name         string
	LegalForm    string
	Country      string
	Registration string // number or name of the entry in the company register
	FoundedOn    string // 2006-01-02, or empty
	Employees    string
	Website      string
	Phone        string
	History      string
	Version      int
}

// SiteEntry is what a person enters about a site.
type SiteEntry struct {
	ID       uuid.UUID // AddSite only, made with the form
	Name     string
	Activity string
	Street   string
	City     string
	Region   string
	Postcode string
	Country  string
	Zone     string // IANA; empty takes the country's when it has only one
	Lat, Lon string // degrees, both or neither
	Version  int
}

// ContactEntry is what a person enters about an officer or contact.
type ContactEntry struct {
	ID      uuid.UUID // AddContact only, made with the form
	Name    string
	Title   string
	Email   string
	Phone   string
	Kind    string // officer, employee, consultant
	Primary string // "yes" makes it the primary contact; otherwise that stays as it is
	Version int
}

// IdentifierEntry is what a person enters about a number of the company.
type IdentifierEntry struct {
	ID     uuid.UUID // AddIdentifier only, made with the form
	Scheme string
	Value  string
	Note   string
}

// NameEntry is a trade name.
type NameEntry struct {
	ID   uuid.UUID // made with the form
	Name string
}

// Fact is one value of a record under the name of its field.
type Fact struct {
	Field string
	Label string // English source text
	Value string
}

// field ties a form field to where its value is kept.
type field struct {
	name, label string
	at          *string
}

func facts(fields []field) []Fact {
	out := make([]Fact, len(fields))
	for i, f := range fields {
		out[i] = Fact{f.name, f.label, *f.at}
	}
	return out
}

func (p *Profile) fields() []field {
	return []field{
		{"name", "Legal name", &p.Name}, {"legal_form", "Legal form", &p.LegalForm}, {"country", "Country", &p.Country},
		{"registration", "Registration number", &p.Registration}, {"founded_on", "Founded on", &p.FoundedOn},
		{"employees", "Number of employees", &p.Employees}, {"website", "Website", &p.Website}, {"phone", "Telephone", &p.Phone},
		{"history", "Short history", &p.History},
	}
}

// freeProfileFields stay editable while a programme relies on the account.
func freeProfileFields() []string { return []string{"employees", "website", "phone", "history"} }

// LockedProfileFields change by notice only while a programme relies on the account.
func LockedProfileFields() (out []string) {
	for _, f := range (&Profile{}).fields() {
		if !isFree(f.name) {
			out = append(out, f.name)
		}
	}
	return out
}

func (s *SiteEntry) fields() []field {
	return []field{
		{"name", "Name of the site", &s.Name}, {"activity", "Activity", &s.Activity}, {"street", "Street and number", &s.Street},
		{"city", "City", &s.City}, {"region", "State or region", &s.Region}, {"postcode", "Postal code", &s.Postcode},
		{"country", "Country", &s.Country}, {"zone", "Time zone", &s.Zone}, {"lat", "Latitude", &s.Lat}, {"lon", "Longitude", &s.Lon},
	}
}

func (c *ContactEntry) fields() []field {
	return []field{
		{"name", "Full name", &c.Name}, {"title", "Job title", &c.Title}, {"email", "E-mail address", &c.Email},
		{"phone", "Telephone", &c.Phone}, {"kind", "Kind of contact", &c.Kind}, {"primary", "Primary contact", &c.Primary},
	}
}

func (e *IdentifierEntry) fields() []field {
	return []field{{"scheme", "Kind of number", &e.Scheme}, {"value", "Number", &e.Value}, {"note", "Note", &e.Note}}
}

func (e *NameEntry) fields() []field { return []field{{"name", "Trade name", &e.Name}} }

// changed lists what differs, for an audit event; nil when nothing does.
func changed(was, is []Fact) (before, after map[string]string) {
	for i := range is {
		if was[i].Value != is[i].Value {
			if before == nil {
				before, after = map[string]string{}, map[string]string{}
			}
			before[is[i].Field], after[is[i].Field] = was[i].Value, is[i].Value
		}
	}
	return before, after
}

// values are the facts that say something, for an audit event of something new.
func values(all []Fact) map[string]string {
	out := map[string]string{}
	for _, f := range all {
		if f.Value != "" {
			out[f.Field] = f.Value
		}
	}
	return out
}

// moved is the refusal of an edit of an old version: what the person entered beside
// what it is now.
func moved(yours, theirs []Fact) error {
	var list []fault.Change
	for i := range yours {
		if y, t := strings.TrimSpace(yours[i].Value), theirs[i].Value; y != t {
			list = append(list, fault.Change{Label: yours[i].Label, Yours: entry.Head(y, 4000), Theirs: t})
		}
	}
	return fault.Moved(list...)
}

// profileOf is the entry that would give the company as it is.
func profileOf(c Company) Profile {
	p := Profile{ID: c.ID, Name: c.Name, LegalForm: c.LegalForm, Country: c.Country, Registration: c.Registration,
		FoundedOn: day(c.FoundedOn), Website: c.Website, Phone: c.Phone, History: c.History, Version: c.Version}
	if c.Employees != nil {
		p.Employees = strconv.Itoa(*c.Employees)
	}
	return p
}

// Entry is what a form that changes the company starts from.
func (c Company) Entry() Profile { return profileOf(c) }

// Entry is what a form that changes the site starts from.
func (s Site) Entry() SiteEntry {
	return SiteEntry{ID: s.ID, Name: s.Name, Activity: s.Activity, Street: s.Street, City: s.City, Region: s.Region,
		Postcode: s.Postcode, Country: s.Country, Zone: s.Zone, Lat: degrees(s.Lat), Lon: degrees(s.Lon), Version: s.Version}
}

// Entry is what a form that changes the contact starts from.
func (c Contact) Entry() ContactEntry {
	e := ContactEntry{ID: c.ID, Name: c.Name, Title: c.Title, Email: c.Email, Phone: c.Phone, Kind: c.Kind, Version: c.Version}
	if c.IsPrimary {
		e.Primary = yes
	}
	return e
}

// entry holds the number as it is kept: sealed when it says something about a person.
func (i Identifier) entry() IdentifierEntry {
	return IdentifierEntry{ID: i.ID, Scheme: i.Scheme, Value: i.Value, Note: i.Note}
}

const yes = "yes"

func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

func degrees(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}

// put writes a checked profile into the company.
func (p Profile) put(c *Company, today time.Time) []fault.Field {
	var k entry.Check
	c.Name = k.Line("name", "the legal name", p.Name, 1, 200)
	c.LegalForm = k.Line("legal_form", "the legal form", p.LegalForm, 0, 120)
	c.Country = k.OneOf("country", "the country", p.Country, Countries()...)
	c.Registration = k.Line("registration", "the registration number", p.Registration, 0, 60)
	c.FoundedOn = nil
	if s := strings.TrimSpace(p.FoundedOn); s != "" {
		switch d, err := time.Parse(time.DateOnly, s); {
		case err != nil:
			k.Add("founded_on", "Enter a day that exists, like 4 March 2006, or leave all three fields empty")
		case d.After(today) || d.Year() < 1200:
			k.Add("founded_on", "Enter a day in the past")
		default:
			c.FoundedOn = &d
		}
	}
	c.Employees = k.Whole("employees", "the number of employees", p.Employees, 0, 10_000_000, false)
	c.Website = k.URL("website", p.Website)
	c.Phone = k.Phone("phone", p.Phone, false)
	c.History = k.Text("history", "the history", p.History, 0, 4000)
	return k.Fields()
}

// Activities lists what a site may be used for.
func Activities() []string {
	return []string{"headquarters", "office", "warehouse", "factory", "yard", "terminal", "port", "distribution", "other"}
}

// ActivityName is an activity for a person to read (English source text).
func ActivityName(code string) string {
	return map[string]string{
		"headquarters": "Headquarters", "office": "Office", "warehouse": "Warehouse", "factory": "Factory", "yard": "Yard",
		"terminal": "Terminal", "port": "Port", "distribution": "Distribution center", "other": "Other",
	}[code]
}

func (s SiteEntry) put(row *Site) []fault.Field {
	var k entry.Check
	row.Name = k.Line("name", "the name of the site", s.Name, 1, 200)
	row.Activity = k.OneOf("activity", "what the site is used for", s.Activity, Activities()...)
	row.Street = k.Line("street", "the street and number", s.Street, 1, 300)
	row.City = k.Line("city", "the city", s.City, 1, 120)
	row.Region = k.Line("region", "the state or region", s.Region, 0, 120)
	row.Postcode = k.Line("postcode", "the postal code", s.Postcode, 0, 20)
	row.Country = k.OneOf("country", "the country", s.Country, Countries()...)
	if s.Zone == "" {
		if z := Zones(s.Country); len(z) == 1 {
			s.Zone = z[0]
		}
	}
	row.Zone = k.OneOf("zone", "the time zone of the site", s.Zone, AllZones()...)
	row.Lat = k.Degrees("lat", "the latitude", s.Lat, 90)
	row.Lon = k.Degrees("lon", "the longitude", s.Lon, 180)
	if (strings.TrimSpace(s.Lat) == "") != (strings.TrimSpace(s.Lon) == "") {
		k.Add("lat", "Enter both latitude and longitude, or neither")
		row.Lat, row.Lon = nil, nil
	}
	return k.Fields()
}

// Kinds of contact.
const (
	Officer    = "officer"
	Employee   = "employee"
	Consultant = "consultant"
)

// Kinds lists the kinds of contact.
func Kinds() []string { return []string{Officer, Employee, Consultant} }

// KindName is a kind of contact for a person to read (English source text).
func KindName(code string) string {
	return map[string]string{Officer: "Company officer", Employee: "Employee", Consultant: "Consultant"}[code]
}

func (e ContactEntry) put(row *Contact) []fault.Field {
	var k entry.Check
	row.Name = k.Line("name", "the full name", e.Name, 1, 200)
	row.Title = k.Line("title", "the job title", e.Title, 1, 120)
	row.Email = k.Email("email", e.Email)
	row.Phone = k.Phone("phone", e.Phone, true)
	row.Kind = k.OneOf("kind", "the kind of contact", e.Kind, Kinds()...)
	switch {
	case row.IsPrimary && row.Kind != Officer:
		k.Add("kind", "The primary contact is a company officer. Make another officer the primary contact first")
	case e.Primary == yes && row.Kind != Officer:
		k.Add("primary", "Only a company officer can be the primary contact. Choose company officer, or leave the box empty")
	case e.Primary == yes:
		row.IsPrimary = true
	}
	return k.Fields()
}

func (e NameEntry) put(row *TradeName) []fault.Field {
	var k entry.Check
	row.Name = k.Line("trade_name", "the trade name", e.Name, 1, 200)
	return k.Fields()
}
