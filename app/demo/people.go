// Package demo fills an empty database with a made-up programme in full swing:
// offices, staff, partner agencies and some forty companies in every state. All of
// it is made through the same service methods that people use, at made-up times,
// so that clocks, letters and the audit trail are as real as everything else.
//
// Names, places and numbers are invented; numbers have valid check digits so that
// the same checks apply to them.
package demo

import (
	"trustedtrader/app/identity"
	"trustedtrader/app/people"
)

// Audience is a sign-in provider of the demo.
type Audience struct {
	ID, Name string
	Audience string
	Agency   string
}

// Audiences lists the demo's sign-in providers: companies, staff and one per agency.
func Audiences() []Audience {
	return []Audience{
		{"companies", "Business account", string(identity.Companies), ""},
		{"staff", "Customs staff account", string(identity.Staff), ""},
		{"norland", "Norland Customs account", string(identity.Partners), "norland"},
		{"sudamar", "Sudamar Customs account", string(identity.Partners), "sudamar"},
		{"hoshima", "Hoshima Customs account", string(identity.Partners), "hoshima"},
		{safety, "Product Safety Bureau account", string(identity.Partners), safety},
	}
}

// Person is somebody to sign in as.
type Person struct {
	Subject, Name, Email string
	Audience             string // ID of the provider
	Organisation         string
	Role                 string // for the list on the sign-in page
	Note                 string
	Lang                 string
	Featured             bool // named when the demo starts

	right  identity.Role
	office string // code of the staff member's office
}

// FieldOffices are the offices below the headquarters.
func FieldOffices() []people.Office {
	return []people.Office{
		{Code: "HARBOR", Name: "Harbor City field office", Zone: "America/New_York", Calendar: "us-federal"},
		{Code: "LAKES", Name: "Lakeside field office", Zone: "Europe/Brussels", Calendar: "eu-commission"},
		{Code: "BORDER", Name: "Border Gate field office", Zone: "America/Chicago", Calendar: "us-federal"},
		{Code: "PACIFIC", Name: "Pacific Bay field office", Zone: "America/Los_Angeles", Calendar: "us-federal"},
	}
}

// OfficeFor names the field office that looks after companies of a country.
func OfficeFor(country string) string {
	switch country {
	case "US", "CA":
		return "HARBOR"
	case "MX", "GT", "SV", "HN", "CR", "PA", "CO", "PE", "CL", "AR", "BR", "UY", "DO":
		return "BORDER"
	case "JP", "KR", "TW", "SG", "CN", "HK", "VN", "TH", "MY", "ID", "PH", "IN", "AU", "NZ":
		return "PACIFIC"
	}
	return "LAKES"
}

// PartnerAgencies are the made-up customs agencies of other countries, and another agency of
// the same government. Nobody of Altamira has come to the portal yet, so what it is told waits.
func PartnerAgencies() []people.Agency {
	return []people.Agency{
		{Code: "norland", Name: "Norland Customs", Country: "NO", Zone: "Europe/Oslo"},
		{Code: "sudamar", Name: "Sudamar Customs", Country: "UY", Zone: "America/Montevideo"},
		{Code: "hoshima", Name: "Hoshima Customs", Country: "JP", Zone: "Asia/Tokyo"},
		{Code: "altamira", Name: "Altamira Customs", Country: "MX", Zone: "America/Mexico_City"},
		{Code: safety, Name: "Product Safety Bureau", Country: "US", Zone: "America/New_York", Kind: people.OtherAgency},
	}
}

// staff of the made-up administration.
func staff() []Person {
	p := func(subject, name string, right identity.Role, role, office, organisation, note string, featured bool) Person {
		return Person{Subject: subject, Name: name, Email: subject + "@customs.example", Audience: "staff", Organisation: organisation,
			Role: role, Note: note, Featured: featured, right: right, office: office}
	}
	return []Person{
		p("ada.admin", "Ada Quist", identity.Administrator, "Administrator", "HQ", "Headquarters", "people, offices, agencies, installation", true),
		p("henry.hq", "Henry Okafor", identity.Headquarters, "Headquarters", "HQ", "Headquarters", "sees and approves in every office", true),
		p("hanna.hq", "Hanna Weiss", identity.Headquarters, "Headquarters", "HQ", "Headquarters", "", false),
		p("audra.audit", "Audra Lind", identity.Auditor, "Auditor", "HQ", "Headquarters", "reads everything, changes nothing", true),
		p("olive.appeals", "Olive Brandt-Reyes", identity.AppealOfficer, "Appeal officer", "HQ", "Headquarters", "decides appeals against decisions on members", true),
		p("sam.specialist", "Sam Rivera", identity.Specialist, "Specialist", "HARBOR", "Harbor City field office", "has applications to review", true),
		p("nora.specialist", "Nora Feldman", identity.Specialist, "Specialist", "HARBOR", "Harbor City field office", "", false),
		p("ana.specialist", "Ana Ruiz", identity.Specialist, "Specialist", "HARBOR", "Harbor City field office", "goes on visits", false),
		p("vera.supervisor", "Vera Castellanos", identity.Supervisor, "Supervisor", "HARBOR", "Harbor City field office", "approves recommendations", true),
		p("lou.specialist", "Lou Tanaka", identity.Specialist, "Specialist", "LAKES", "Lakeside field office", "", false),
		p("ines.specialist", "Inès Moreau", identity.Specialist, "Specialist", "LAKES", "Lakeside field office", "goes on visits", false),
		p("pieter.specialist", "Pieter Claes", identity.Specialist, "Specialist", "LAKES", "Lakeside field office", "goes on visits", false),
		p("mina.supervisor", "Mina Haddad", identity.Supervisor, "Supervisor", "LAKES", "Lakeside field office", "", false),
		p("rosa.specialist", "Rosa Delgado", identity.Specialist, "Specialist", "BORDER", "Border Gate field office", "", false),
		p("miguel.specialist", "Miguel Santos", identity.Specialist, "Specialist", "BORDER", "Border Gate field office", "goes on visits", false),
		p("ben.supervisor", "Ben Ortega", identity.Supervisor, "Supervisor", "BORDER", "Border Gate field office", "", false),
		p("kai.specialist", "Kai Nakamura", identity.Specialist, "Specialist", "PACIFIC", "Pacific Bay field office", "", false),
		p("dana.specialist", "Dana Whitfield", identity.Specialist, "Specialist", "PACIFIC", "Pacific Bay field office", "goes on visits", false),
		p("june.supervisor", "June Park", identity.Supervisor, "Supervisor", "PACIFIC", "Pacific Bay field office", "", false),
	}
}

// partners are officers of the made-up agencies.
func partners() []Person {
	return []Person{
		{Subject: "ingrid.norland", Name: "Ingrid Vale", Email: "ingrid.vale@norland.example", Audience: "norland", Organisation: "Norland Customs", Role: "Agency administrator", Featured: true, right: identity.AgencyAdmin},
		{Subject: "olaf.norland", Name: "Olaf Brandt", Email: "olaf.brandt@norland.example", Audience: "norland", Organisation: "Norland Customs", Role: "Customs officer", right: identity.Officer},
		{Subject: "lucia.sudamar", Name: "Lucia Prado", Email: "lucia.prado@sudamar.example", Audience: "sudamar", Organisation: "Sudamar Customs", Role: "Agency administrator", Lang: "es", right: identity.AgencyAdmin},
		{Subject: "diego.sudamar", Name: "Diego Funes", Email: "diego.funes@sudamar.example", Audience: "sudamar", Organisation: "Sudamar Customs", Role: "Customs officer", Lang: "es", right: identity.Officer},
		{Subject: "aiko.hoshima", Name: "Aiko Morita", Email: "aiko.morita@hoshima.example", Audience: "hoshima", Organisation: "Hoshima Customs", Role: "Agency administrator", Note: "keys and people of an agency", Featured: true, right: identity.AgencyAdmin},
		{Subject: "kenji.hoshima", Name: "Kenji Arai", Email: "kenji.arai@hoshima.example", Audience: "hoshima", Organisation: "Hoshima Customs", Role: "Customs officer", Note: "checks members every day", Featured: true, right: identity.Officer},
		{Subject: "petra.safety", Name: "Petra Lindholm", Email: "petra.lindholm@safety.example", Audience: safety, Organisation: "Product Safety Bureau", Role: "Agency administrator", right: identity.AgencyAdmin},
		{Subject: "noor.safety", Name: "Noor Baptiste", Email: "noor.baptiste@safety.example", Audience: safety, Organisation: "Product Safety Bureau", Role: "Officer", Note: "looks up members that have agreed", Featured: true, right: identity.Officer},
	}
}
