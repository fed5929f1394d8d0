package review

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/identifier"
	"trustedtrader/app/programme"
)

// Part is one part of the application on the review page: what the company entered
// beside what the agency said of it.
type Part struct {
	Section programme.ReviewSection
	Verdict Verdict
	Again   bool    // the company answered about it after the verdict
	Groups  []Group // what it entered
	Asked   []Asked // what we asked about it and what it answered, newest first
}

// Group is one thing of a part: the company, a site, a person, a number, a question.
type Group struct {
	Title string // the company's own words; empty for the part as a whole
	Facts []Fact
}

// Fact is one value that the company entered.
type Fact struct {
	Label string // English source text
	Value string
	Word  bool   // the value is a source text of ours, not the company's
	Was   string // in the round before, when it differs
	New   bool   // there was none in the round before
	Bad   bool   // an answer that speaks against the company
}

func partList(p *programme.Programme, f file, contents []application.Content) []Part {
	var out []Part
	for _, section := range p.Review() {
		part := Part{Section: section, Verdict: Verdict{Part: section.Code, Verdict: application.NotReviewed}, Groups: groups(p, section.Code, contents[0])}
		if i := slices.IndexFunc(f.Review, func(v Verdict) bool { return v.Part == section.Code }); i >= 0 {
			part.Verdict = f.Review[i]
		}
		var answered []application.InformationItem
		for _, r := range f.Requests {
			for _, q := range r.Items {
				whole, _, _ := strings.Cut(q.Part, ".")
				if whole != section.Code || r.CancelledAt != nil {
					continue
				}
				part.Asked = append(part.Asked, q)
				answered = append(answered, application.InformationItem{Part: q.Part, AnsweredAt: q.AnsweredAt})
			}
		}
		part.Again = lookAgain(answered, section.Code, part.Verdict.At)
		if len(contents) > 1 {
			compare(part.Groups, groups(p, section.Code, contents[1]))
		}
		out = append(out, part)
	}
	return out
}

// compare marks what differs from the round before.
func compare(now, before []Group) {
	was := map[string]string{}
	for _, g := range before {
		for _, f := range g.Facts {
			was[g.Title+"\x00"+f.Label] = f.Value
		}
	}
	for i := range now {
		for j := range now[i].Facts {
			f := &now[i].Facts[j]
			old, there := was[now[i].Title+"\x00"+f.Label]
			f.New = !there
			if there && old != f.Value {
				f.Was = old
			}
		}
	}
}

func words(label, value string) Fact { return Fact{Label: label, Value: value} }

func source(label, value string) Fact { return Fact{Label: label, Value: value, Word: true} }

// groups are what a company entered for a part.
func groups(p *programme.Programme, part string, in application.Content) []Group {
	d := in.Dossier
	switch part {
	case application.PartProfile:
		return profileGroups(d)
	case application.PartSites:
		return siteGroups(d)
	case application.PartContacts:
		return contactGroups(d)
	case application.PartIdentifiers:
		var out []Group
		for _, i := range d.Identifiers {
			name := i.Scheme
			if s, ok := identifier.Lookup(i.Scheme); ok {
				name = s.Name
			}
			out = append(out, Group{Facts: []Fact{words(name, company.Shown(i.Scheme, i.Value))}})
		}
		return out
	case application.PartEligibility:
		return eligibilityGroups(p, in)
	case application.PartAgreement:
		return []Group{{Facts: []Fact{
			words("Signed by", in.Agreement.Name), words("Title", in.Agreement.Title), words("Signed on", stamp(in.Agreement.SignedAt)),
			words("Edition of the text", in.Agreement.Edition), words("Declared by", in.Attestation.Name),
		}}}
	}
	return nil
}

func profileGroups(d application.Dossier) []Group {
	c := d.Company
	var names []string
	for _, n := range d.TradeNames {
		names = append(names, n.Name)
	}
	employees := ""
	if c.Employees != nil {
		employees = strconv.Itoa(*c.Employees)
	}
	founded := ""
	if !c.FoundedOn.IsZero() {
		founded = c.FoundedOn.String()
	}
	return []Group{{Facts: []Fact{
		words("Legal name", c.Name), words("Trade names", strings.Join(names, "; ")), words("Legal form", c.LegalForm), words("Country", c.Country),
		words("Registration number", c.Registration), words("Founded on", founded), words("Employees", employees),
		words("Website", c.Website), words("Telephone", c.Phone), words("History", c.History),
	}}}
}

func siteGroups(d application.Dossier) (out []Group) {
	for _, s := range d.Sites {
		var does []string
		for _, a := range s.Activities {
			does = append(does, company.ActivityName(a))
		}
		place := ""
		if s.Lat != nil && s.Lon != nil {
			place = strconv.FormatFloat(*s.Lat, 'f', 5, 64) + ", " + strconv.FormatFloat(*s.Lon, 'f', 5, 64)
		}
		out = append(out, Group{Title: s.Name, Facts: []Fact{
			source("Used for", strings.Join(does, ", ")), words("Street", s.Street), words("City", strings.TrimSpace(s.Postcode+" "+s.City)),
			words("Region", s.Region), words("Country", s.Country), words("Time zone", s.Zone), words("Coordinates", place),
		}})
	}
	return out
}

func contactGroups(d application.Dossier) (out []Group) {
	for _, c := range d.Contacts {
		kind := source("Kind", company.KindName(c.Kind))
		primary := source("Primary contact", "No")
		if c.Primary {
			primary.Value = "Yes"
		}
		out = append(out, Group{Title: c.Name, Facts: []Fact{words("Title", c.Title), kind, primary, words("E-mail", c.Email), words("Telephone", c.Phone)}})
	}
	return out
}

// eligibilityGroups reads each answer as of the day of submission, for an answer that
// was right then does not turn wrong while the agency works.
func eligibilityGroups(p *programme.Programme, in application.Content) (out []Group) {
	e, _ := p.EntityType(in.EntityType)
	for _, given := range in.Eligibility {
		f := words("Answer", given.Answer)
		switch given.Answer {
		case "yes":
			f = source("Answer", "Yes")
		case "no":
			f = source("Answer", "No")
		}
		if i := slices.IndexFunc(e.Questions, func(q programme.Question) bool { return q.Code == given.Question }); i >= 0 {
			ok, err := e.Questions[i].Check(given.Answer, clock.DayOf(in.SubmittedAt, in.Dossier.Office.Location()).Time())
			f.Bad = err != nil || !ok
		}
		g := Group{Title: given.Text, Facts: []Fact{f}}
		if given.Note != "" {
			g.Facts = append(g.Facts, words("Explanation", given.Note))
		}
		out = append(out, g)
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04") + " UTC"
}
