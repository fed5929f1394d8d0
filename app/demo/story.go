package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"trustedtrader/app/application"
	"trustedtrader/app/company"
	"trustedtrader/app/evidence"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/people"
	"trustedtrader/app/programme"
	"trustedtrader/app/review"
)

// story is one company and what became of it.
type story struct {
	name, form, country, city, zone, office string
	programme, kind                         string
	numbers                                 string // "scheme=value scheme=value", a blank in a value is written as _
	ago                                     int    // days since its account was opened
	plot                                    func(*story) []step
	alone                                   bool            // nobody else acts for it yet
	team                                    []identity.Role // more colleagues, who help with the profile
	note                                    string          // what to look at when signed in as its owner
	featured                                bool
	quiet                                   bool   // nothing goes on with it but what its reports say
	risk                                    string // the risk assessment that it makes in the portal: finished, or none

	seeder  *Seeder
	number  int
	owner   identity.Actor
	second  identity.Actor               // a colleague; the zero Actor when there is none
	helpers []identity.Actor             // the team
	library map[string]evidence.Evidence // what was uploaded, by the paper that it was made from
	app     application.Application
	member  membership.Membership
	notice  company.ChangeNotice
	elapsed int // days since the beginning, while the plot is being told
}

// tell turns the plot into steps.
func (x *story) tell() []step { return x.plot(x) }

// at makes a step: so many days after the one before, at an hour of the office's working
// day, one thing after the other.
func (x *story) at(days int, things ...func() error) step {
	do := func() error {
		for _, thing := range things {
			if err := thing(); err != nil {
				return err
			}
		}
		return nil
	}
	x.elapsed += days
	zone, err := time.LoadLocation(map[string]string{"HARBOR": "America/New_York", "LAKES": "Europe/Brussels", "BORDER": "America/Chicago", "PACIFIC": "America/Los_Angeles"}[x.office])
	if err != nil {
		zone = time.UTC
	}
	day := x.seeder.today.AddDate(0, 0, x.elapsed-x.ago)
	at := time.Date(day.Year(), day.Month(), day.Day(), 9+(x.number*7+x.elapsed)%8, (x.number*17+x.elapsed*7)%60, 0, 0, zone)
	return step{at: at, who: x, do: do}
}

// before makes a step so many days before the present, however long the story took until then.
func (x *story) before(days int, things ...func() error) step {
	return x.at(x.ago-days-x.elapsed, things...)
}

// late makes a step as the very last one before the present.
func (x *story) late(do func() error) step { return step{at: x.seeder.present, who: x, do: do} }

// specialist and supervisor of the office in charge; second is another specialist where there is one.
func (x *story) specialist() identity.Actor {
	return x.seeder.staff[map[string]string{"HARBOR": "sam.specialist", "LAKES": "lou.specialist", "BORDER": "rosa.specialist", "PACIFIC": "kai.specialist"}[x.office]]
}

func (x *story) supervisor() identity.Actor {
	return x.seeder.staff[map[string]string{"HARBOR": "vera.supervisor", "LAKES": "mina.supervisor", "BORDER": "ben.supervisor", "PACIFIC": "june.supervisor"}[x.office]]
}

// slug is the company's name for addresses.
func (x *story) slug() string {
	plain := strings.NewReplacer("ø", "o", "ł", "l", "&", "", ".", "", "'", "").Replace(strings.ToLower(x.name))
	var b strings.Builder
	for _, r := range norm.NFD.String(plain) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == ' ', r == '-':
			b.WriteByte('-')
		}
	}
	return strings.Trim(strings.ReplaceAll(b.String(), "--", "-"), "-")
}

// owners and colleagues have names that go with their company's place in the list.
var givenNames = []string{"Amara", "Bruno", "Chiara", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko", "Luis", "Marta", "Nils", "Olga", "Pavel", "Rosa", "Sven", "Tariq", "Uma"}
var familyNames = []string{"Okoye", "Silva", "Bianchi", "Volkov", "Marin", "Haddad", "Lund", "Moreau", "Costa", "Weber", "Tanabe", "Ortega", "Nowak", "Berg", "Petrova", "Novák", "Delgado", "Lindgren", "Aziz", "Rao"}

func (x *story) person(offset int, role, note string) Person {
	i := x.number + offset*11
	given, family := givenNames[i%len(givenNames)], familyNames[(i*3+offset)%len(familyNames)]
	subject := strings.ToLower(given) + "." + x.slug()
	return Person{Subject: subject, Name: given + " " + family, Email: strings.ToLower(given) + "@" + x.slug() + ".example",
		Audience: "companies", Organisation: strings.TrimSpace(x.name + " " + x.form), Role: role, Note: note}
}

// register opens the account and fills it in.
func (x *story) register() error {
	s := x.seeder
	like, err := x.setting()
	if err != nil {
		return err
	}
	who, err := s.meet(x.person(0, "Owner", ""))
	if err != nil {
		return err
	}
	s.Companies.OfficeFor = func(string) string { return x.office }
	out, err := s.Companies.Register(s.ctx, who, company.Profile{Name: strings.TrimSpace(x.name + " " + x.form), LegalForm: x.form, Country: x.country,
		Registration: fmt.Sprintf("%s-%05d", x.country, 10000+x.number*37), FoundedOn: fmt.Sprintf("%d-%02d-%02d", 1968+x.number, 1+x.number%12, 1+x.number*5%28),
		Employees: fmt.Sprint(like.Staff), Website: "https://www." + x.slug() + ".example", Phone: x.phone(0)})
	if err != nil {
		return err
	}
	who.RightID, who.Role, who.CompanyID, who.Company = out.RightID, identity.Owner, out.Company.ID, out.Company.Name
	x.owner = who
	return nil
}

func (x *story) phone(n int) string { return fmt.Sprintf("+1 202 555 %04d", 100+(x.number*3+n)%100) }

// account adds the site, the contacts and the numbers.
func (x *story) account() error {
	s := x.seeder
	sites, err := x.sites()
	if err != nil {
		return err
	}
	for _, e := range sites {
		if _, err := s.Companies.AddSite(s.ctx, x.owner, e); err != nil {
			return err
		}
	}
	second := x.person(1, "", "")
	for i, k := range []company.ContactEntry{
		{Name: x.owner.Name, Title: "Managing director", Email: x.owner.Email, Phone: x.phone(0), Kind: "officer", Primary: "yes"},
		{Name: second.Name, Title: "Compliance manager", Email: second.Email, Phone: x.phone(1), Kind: "employee"},
	} {
		if _, err := s.Companies.AddContact(s.ctx, x.owner, k); err != nil {
			return fmt.Errorf("contact %d: %w", i+1, err)
		}
	}
	for _, pair := range strings.Fields(x.numbers) {
		scheme, value, _ := strings.Cut(pair, "=")
		if _, err := s.Companies.AddIdentifier(s.ctx, x.owner, company.IdentifierEntry{Scheme: scheme, Value: strings.ReplaceAll(value, "_", " ")}); err != nil {
			return fmt.Errorf("number %s: %w", scheme, err)
		}
	}
	return nil
}

// setting is what the company is like.
func (x *story) setting() (setting, error) {
	l, err := content()
	if err != nil {
		return setting{}, err
	}
	if s, ok := l.companies[x.name]; ok {
		return s, nil
	}
	return setting{Staff: 80, Goods: "consumer goods", Origin: "Ningbo", Lane: "Ningbo to " + x.city, Lane2: "Rotterdam to " + x.city, Port: x.city, Mode: "Sea and road", Gaps: 5,
		Tags: []string{"trader"}}, nil // somebody's own company, which they try the demo with
}

// sites are the head office, the company's other places and what the programme asks for
// this kind of member.
func (x *story) sites() ([]company.SiteEntry, error) {
	p, ok := x.seeder.Applications.Programmes.Get(x.programme)
	if !ok {
		return nil, fmt.Errorf("there is no programme %s", x.programme)
	}
	e, ok := p.EntityType(x.kind)
	if !ok {
		return nil, fmt.Errorf("there is no kind of member %s", x.kind)
	}
	list := []company.SiteEntry{{Name: "Head office", Activity: "headquarters", Street: fmt.Sprintf("%d Quay Street", 10+x.number), City: x.city, Country: x.country, Zone: x.zone}}
	like, err := x.setting()
	if err != nil {
		return nil, err
	}
	for i, p := range like.Sites {
		list = append(list, company.SiteEntry{Name: p.Name, Activity: p.Activity, Street: fmt.Sprintf("%d Dock Road", 200+x.number+40*i), City: cmp.Or(p.City, x.city), Country: x.country, Zone: x.zone})
	}
	for _, rule := range e.Sites {
		here := func(country string) bool { return len(rule.Countries) == 0 || slices.Contains(rule.Countries, country) }
		if slices.ContainsFunc(list, func(s company.SiteEntry) bool { return slices.Contains(rule.OneOf, s.Activity) && here(s.Country) }) {
			continue
		}
		site := company.SiteEntry{Activity: rule.OneOf[len(rule.OneOf)-1], Street: fmt.Sprintf("%d Dock Road", 200+x.number), City: x.city, Country: x.country, Zone: x.zone}
		if !here(x.country) { // an office abroad
			site.City, site.Country, site.Zone = "Laredo", "US", "America/Chicago"
		}
		site.Name = site.City + " " + strings.ToLower(company.ActivityName(site.Activity))
		list = append(list, site)
	}
	for i, site := range list {
		if at, ok := coordinates[site.City]; ok {
			list[i].Lat, list[i].Lon = at[0], at[1]
		}
	}
	return list, nil
}

// firstOfTeam counts the people of a company before its team: the owner, the second person
// and those who are only named.
const firstOfTeam = 6

// role is that of the company's second person: over the whole list there is one of each.
func (x *story) role() identity.Role {
	roles := []identity.Role{identity.Editor, identity.Signatory, identity.Reader, identity.Contributor, identity.Representative}
	return roles[x.number%len(roles)]
}

// colleague invites somebody of the company, who accepts.
func (x *story) colleague() (err error) {
	second := x.person(1, people.RoleName(x.role()), "")
	in := people.Invitation{Terms: people.Terms{Role: x.role()}, Email: second.Email}
	switch x.role() {
	case identity.Representative:
		in.EndsOn = x.seeder.Clock.at.AddDate(0, 0, 700).Format(time.DateOnly)
	case identity.Contributor:
		in.Parts = []string{"sites", "contacts"}
	}
	x.second, err = x.seeder.invite(x.owner, second, in)
	return err
}

// gatherTeam invites those who help with the profile.
func (x *story) gatherTeam() error {
	for i, role := range x.team {
		in := people.Invitation{Terms: people.Terms{Role: role}}
		if role == identity.Contributor {
			in.Parts = []string{"sites"}
		}
		p := x.person(firstOfTeam+i, people.RoleName(role), "")
		in.Email = p.Email
		who, err := x.seeder.invite(x.owner, p, in)
		if err != nil {
			return err
		}
		x.helpers = append(x.helpers, who)
	}
	return nil
}

func (x *story) choose() (err error) {
	x.app, err = x.seeder.Applications.Choose(x.seeder.ctx, x.owner, x.programme, x.kind)
	return err
}

// eligible answers the questions as an eligible company does.
func (x *story) eligible() error {
	s := x.seeder
	p, ok := s.Applications.Programmes.Get(x.programme)
	if !ok {
		return fmt.Errorf("there is no programme %s", x.programme)
	}
	e, ok := p.EntityType(x.kind)
	if !ok {
		return fmt.Errorf("there is no kind of member %s", x.kind)
	}
	var answers []application.EligibilityEntry
	for _, q := range e.Questions {
		answer := q.Required
		switch {
		case q.Kind == programme.Date:
			answer = s.Clock.at.AddDate(0, 0, -20).Format(time.DateOnly)
		case q.Kind == programme.Number:
			answer = fmt.Sprint(120 + x.number)
		case answer == "":
			answer = "yes"
		}
		answers = append(answers, application.EligibilityEntry{Question: q.Code, Answer: answer})
	}
	_, err := s.Applications.AnswerEligibility(s.ctx, x.owner, x.app.ID, answers)
	return err
}

func (x *story) sign() error {
	s := x.seeder
	work, err := s.Applications.Check(s.ctx, x.owner, x.app.ID)
	if err != nil {
		return err
	}
	in := application.Signing{Version: work.File.Application.Version, TextHash: work.File.AgreementHash(), Name: x.owner.Name, Title: "Managing director"}
	for i := range work.File.Programme.Agreement.Consents {
		in.Consents = append(in.Consents, i)
	}
	_, err = s.Applications.SignAgreement(s.ctx, x.owner, x.app.ID, in)
	return err
}

func (x *story) submit() error {
	s := x.seeder
	work, err := s.Applications.Check(s.ctx, x.owner, x.app.ID)
	if err != nil {
		return err
	}
	x.app, err = s.Applications.Submit(s.ctx, x.owner, x.app.ID, application.Submission{Version: work.File.Application.Version, Attested: true, Name: x.owner.Name})
	return err
}

// record opens the case as the agency sees it now.
func (x *story) record(by identity.Actor) (review.Case, error) {
	return x.seeder.Reviews.Record(x.seeder.ctx, by, x.app.ID)
}

// version is the case's as it is now: the clock moves it too.
func (x *story) version() int {
	c, err := x.record(x.supervisor())
	if err != nil {
		return 0
	}
	return c.Version
}

func (x *story) id() uuid.UUID { return x.app.ID }
