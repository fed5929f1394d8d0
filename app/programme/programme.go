// Package programme reads trusted trader programmes, which are data: one folder
// under config/programmes per programme, with its kinds of members, eligibility
// questions, identifiers, clocks, agreement, letters and reasons. Another
// administration adds a folder and no Go code.
//
// An edition is immutable once published: an application keeps the edition's
// content hash, so that one can prove later under which text a company signed.
// Loading reports every problem at once with file, line and reason; a portal
// does not start on a broken folder.
//
// Texts are English source texts; whoever shows one passes it through i18n.T.
// Values marked draft come from practice and not from a published source; they
// are configuration that an administration confirms before use.
package programme

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Register is every loaded programme.
type Register struct{ programmes []*Programme }

// Get finds a programme by its code.
func (r *Register) Get(code string) (*Programme, bool) {
	i := slices.IndexFunc(r.programmes, func(p *Programme) bool { return p.Code == code })
	if i < 0 {
		return nil, false
	}
	return r.programmes[i], true
}

// All lists the programmes in the order of their codes.
func (r *Register) All() []*Programme { return slices.Clone(r.programmes) }

// Programme is one edition of one programme. It never changes after Load; lists
// come out as copies.
type Programme struct {
	Code           string
	Name           string
	ShortName      string
	Law            string
	Description    string
	Edition        Edition
	Administration Administration
	Catalogue      string // folder of the criteria; empty until the programme has them
	Process        Process
	Requires       *Requirement // of another programme; nil: none
	Rules          []Rule
	Agreement      Agreement
	Reasons        Reasons
	Validation     Validation
	Standing       Standing
	Figures        Figures
	Succession     Succession
	Enforcement    Enforcement
	Hash           string // SHA-256 over the folder's files in the order of their names, hexadecimal

	entityTypes []EntityType
	clocks      []Clock
	letters     []Letter
	vetting     []VettingItem
	review      []ReviewSection
}

// Edition names a version of the programme's rules.
type Edition struct {
	ID            string
	EffectiveFrom time.Time // a calendar day, midnight UTC
}

// Administration is who runs the programme, as pages and letters name it.
type Administration struct {
	Name       string `yaml:"name"`
	ShortName  string `yaml:"short_name"`
	Unit       string `yaml:"unit"`       // the office that signs letters
	Specialist string `yaml:"specialist"` // what the company's contact person is called
	Country    string `yaml:"country"`    // ISO 3166 alpha-2, or EU
	Calendar   string `yaml:"calendar"`   // code in config/calendars, for offices without their own
	Privacy    string `yaml:"privacy"`    // how the administration must treat the company's data
}

// Process says which steps a programme has.
type Process struct {
	AcceptanceStep       bool     `yaml:"acceptance_step"`        // the administration accepts an application before it examines it
	HearingBeforeRefusal bool     `yaml:"hearing_before_refusal"` // the company may answer before an adverse decision
	EffectiveAfterDays   int      `yaml:"effective_after_days"`   // calendar days from the decision to its effect; 0: at once
	SupervisorDecides    bool     `yaml:"supervisor_decides"`     // the specialist recommends, another person decides
	TierOnCertification  string   `yaml:"tier_on_certification"`  // a code of Tiers
	Tiers                []Tier   `yaml:"tiers"`
	MembershipNumber     string   `yaml:"membership_number"` // pattern; see Programme.MembershipNumber
	Validity             string   `yaml:"validity"`          // in words, for pages and letters
	ReapplyBars          []string `yaml:"reapply_bars"`      // clocks that keep a company from applying again while they run
	Source               string   `yaml:"source"`
}

// Tier is a level of membership.
type Tier struct {
	Code        string `yaml:"code"`
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Validated   bool   `yaml:"validated"` // it is given after an examination on site; partners are told "validated", else "certified"
}

// Rule is a rule of the programme that is no clock and no question, kept so that
// pages can quote it with its source.
type Rule struct {
	Code   string `yaml:"code"`
	Text   string `yaml:"text"`
	Source string `yaml:"source"`
	Draft  bool   `yaml:"draft"`
}

// EntityType is a kind of member.
type EntityType struct {
	Code        string      `yaml:"code"`
	Name        string      `yaml:"name"`
	Description string      `yaml:"description"`
	Example     string      `yaml:"example"`   // who typically is one
	TypeCode    string      `yaml:"type_code"` // its part of the membership number
	Enabled     bool        `yaml:"enabled"`   // false: listed, cannot be chosen
	Disabled    string      `yaml:"disabled"`  // why it cannot be chosen
	Countries   []string    `yaml:"countries"` // where the company may be established; empty: anywhere
	Questions   []Question  `yaml:"questions"` // the type's own first, then those common to all
	Identifiers Identifiers `yaml:"identifiers"`
	Contacts    ContactRule `yaml:"contacts"`
	Sites       []SiteRule  `yaml:"sites"`
	Source      string      `yaml:"source"`
	Draft       bool        `yaml:"draft"`
}

// Identifiers are the schemes a kind of member gives (codes of app/identifier).
type Identifiers struct {
	Required []Group   `yaml:"required"`
	Optional []string  `yaml:"optional"`
	Choose   *Choosing `yaml:"choose"` // nil: all take part
}

// Group is a set of schemes of which all or at least one must be given.
type Group struct {
	Label  string   `yaml:"label"`
	AllOf  []string `yaml:"all_of"`
	OneOf  []string `yaml:"one_of"`
	When   string   `yaml:"when"` // country of establishment for which the group counts; empty: always
	Source string   `yaml:"source"`
	Draft  bool     `yaml:"draft"`
}

// Schemes are the group's schemes, whichever way they are asked for.
func (g Group) Schemes() []string { return append(slices.Clone(g.AllOf), g.OneOf...) }

// Missing lists the schemes that are still needed, given those that are there and
// the country of establishment. For a one-of group without any, all are listed.
func (g Group) Missing(given []string, country string) []string {
	if g.When != "" && g.When != country {
		return nil
	}
	var out []string
	for _, s := range g.AllOf {
		if !slices.Contains(given, s) {
			out = append(out, s)
		}
	}
	if len(g.OneOf) > 0 && !slices.ContainsFunc(g.OneOf, func(s string) bool { return slices.Contains(given, s) }) {
		out = append(out, g.OneOf...)
	}
	return out
}

// AllSchemes lists every scheme a kind of member may give, required ones first.
func (i Identifiers) AllSchemes() []string {
	var out []string
	add := func(codes []string) {
		for _, c := range codes {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	for _, g := range i.Required {
		add(g.Schemes())
	}
	add(i.Optional)
	return out
}

// ContactRule says which people a company names.
type ContactRule struct {
	Minimum        int    `yaml:"minimum"`
	OfficerPrimary bool   `yaml:"officer_primary"` // the primary contact is an officer of the company
	Alternate      bool   `yaml:"alternate"`       // the security officer has a named alternate
	Source         string `yaml:"source"`
	Draft          bool   `yaml:"draft"`
}

// SiteRule asks for at least one site with one of these activities.
type SiteRule struct {
	OneOf     []string `yaml:"one_of"`    // codes of Activities
	Countries []string `yaml:"countries"` // where that site must be; empty: anywhere
	Because   string   `yaml:"because"`   // the sentence when there is none
	Source    string   `yaml:"source"`
	Draft     bool     `yaml:"draft"`
}

// Met reports whether a site with these activities in this country is what the
// rule asks for.
func (r SiteRule) Met(activities []string, country string) bool {
	return slices.ContainsFunc(r.OneOf, func(a string) bool { return slices.Contains(activities, a) }) &&
		(len(r.Countries) == 0 || slices.Contains(r.Countries, country))
}

// Activity is what a company does at a site.
type Activity struct{ Code, Name string }

// Activities lists what may be done at a site, in the order of a pick list. The
// codes are those that the database takes for a site.
func Activities() []Activity {
	return []Activity{
		{"headquarters", "Headquarters"},
		{"office", "Office"},
		{"warehouse", "Warehouse"},
		{"factory", "Factory"},
		{"yard", "Yard"},
		{"terminal", "Terminal"},
		{"port", "Port"},
		{"distribution", "Distribution center"},
		{"other", "Other"},
	}
}

// Kind of answer an eligibility question takes.
type Kind string

// The kinds.
const (
	YesNo  Kind = "yes_no"
	Number Kind = "number"
	Date   Kind = "date"
)

// Question is an eligibility question. A wrong answer ends the wizard early with
// the sentence in Because.
type Question struct {
	Code         string `yaml:"code"`
	Text         string `yaml:"text"`
	Help         string `yaml:"help"`
	Kind         Kind   `yaml:"kind"`
	Required     string `yaml:"required"`      // for yes_no: "yes" or "no"; empty: any answer will do
	Min          *int   `yaml:"min"`           // for number
	Max          *int   `yaml:"max"`           // for number
	WithinMonths int    `yaml:"within_months"` // for date: at most so long ago, and not in the future
	Because      string `yaml:"because"`       // why another answer means that the company cannot join now
	Yearly       bool   `yaml:"yearly"`        // asked again in each annual review
	Source       string `yaml:"source"`
	Draft        bool   `yaml:"draft"`
}

// Check reads an answer as the form sends it: "yes" or "no", digits, or a date as
// 2006-01-02. It returns an error when the answer cannot be read, and eligible =
// false when the answer means what Because says. Today is the day at the office.
func (q Question) Check(answer string, today time.Time) (eligible bool, err error) {
	answer = strings.TrimSpace(answer)
	switch q.Kind {
	case YesNo:
		if answer != "yes" && answer != "no" {
			return false, fmt.Errorf("answer %q is neither yes nor no", answer)
		}
		return q.Required == "" || answer == q.Required, nil
	case Number:
		n, err := strconv.Atoi(answer)
		if err != nil {
			return false, fmt.Errorf("answer %q is not a whole number", answer)
		}
		return (q.Min == nil || n >= *q.Min) && (q.Max == nil || n <= *q.Max), nil
	case Date:
		d, err := time.Parse(time.DateOnly, answer)
		if err != nil {
			return false, fmt.Errorf("answer %q is not a date", answer)
		}
		day := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
		return !d.After(day) && (q.WithinMonths == 0 || !d.Before(monthsBefore(day, q.WithinMonths))), nil
	}
	return false, fmt.Errorf("question %s has no kind", q.Code)
}

// monthsBefore stays within the month it lands in: one month before 31 March is
// the last day of February.
func monthsBefore(day time.Time, months int) time.Time {
	first := time.Date(day.Year(), day.Month()-time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day.Day(), last)-1)
}

// VettingItem is one thing a specialist checks about an applicant outside the
// portal, in the authority's own systems.
type VettingItem struct {
	Code      string   `yaml:"code"`
	Question  string   `yaml:"question"`
	Help      string   `yaml:"help"`
	AppliesTo string   `yaml:"applies_to"` // company, identifier, officer or site: asked once for each
	Schemes   []string `yaml:"schemes"`    // for identifier: only these schemes; empty: every scheme
	Source    string   `yaml:"source"`
	Draft     bool     `yaml:"draft"`
}

// ReviewSection is a part of the application that the specialist reviews.
type ReviewSection struct {
	Code   string   `yaml:"code"` // one of Sections
	Name   string   `yaml:"name"`
	Help   string   `yaml:"help"`
	Checks []string `yaml:"checks"` // what to look at
	Points []string `yaml:"points"` // ready sentences for returning the part
}

// Sections are the parts an application consists of.
func Sections() []string {
	return []string{"company_profile", "sites", "contacts", "identifiers", "eligibility", "agreement"}
}

// Reason is one choice in a list of reasons. Text is the sentence that letters
// and timelines use.
type Reason struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	Text   string `yaml:"text"`
	Source string `yaml:"source"`
	Draft  bool   `yaml:"draft"`
}

// Reasons are the lists of reasons of a programme.
type Reasons struct {
	Rejection    []Reason `yaml:"rejection"`
	Pause        []Reason `yaml:"pause"`
	Extension    []Reason `yaml:"extension"`
	Withdrawal   []Reason `yaml:"withdrawal"`
	ChangeReturn []Reason `yaml:"change_return"`
}

// Find looks a reason up in one of the lists.
func Find(list []Reason, code string) (Reason, bool) {
	if i := slices.IndexFunc(list, func(r Reason) bool { return r.Code == code }); i >= 0 {
		return list[i], true
	}
	return Reason{}, false
}

// EntityTypes lists the kinds of members in the order of the file, disabled ones
// included.
func (p *Programme) EntityTypes() []EntityType { return slices.Clone(p.entityTypes) }

// EntityType finds a kind of member by its code.
func (p *Programme) EntityType(code string) (EntityType, bool) {
	if i := slices.IndexFunc(p.entityTypes, func(e EntityType) bool { return e.Code == code }); i >= 0 {
		return p.entityTypes[i], true
	}
	return EntityType{}, false
}

// Vetting lists the checks about an applicant.
func (p *Programme) Vetting() []VettingItem { return slices.Clone(p.vetting) }

// VettingFor lists the checks of one subject: "company", "officer", "site", or
// "identifier" with the scheme in question.
func (p *Programme) VettingFor(subject, scheme string) []VettingItem {
	var out []VettingItem
	for _, v := range p.vetting {
		if v.AppliesTo == subject && (subject != "identifier" || len(v.Schemes) == 0 || slices.Contains(v.Schemes, scheme)) {
			out = append(out, v)
		}
	}
	return out
}

// Review lists the parts of the application in the order of reviewing.
func (p *Programme) Review() []ReviewSection { return slices.Clone(p.review) }

// ReviewSection finds a part of the application by its code.
func (p *Programme) ReviewSection(code string) (ReviewSection, bool) {
	if i := slices.IndexFunc(p.review, func(s ReviewSection) bool { return s.Code == code }); i >= 0 {
		return p.review[i], true
	}
	return ReviewSection{}, false
}

// Tier finds a tier by its code.
func (p *Programme) Tier(code string) (Tier, bool) {
	if i := slices.IndexFunc(p.Process.Tiers, func(t Tier) bool { return t.Code == code }); i >= 0 {
		return p.Process.Tiers[i], true
	}
	return Tier{}, false
}

var numberToken = regexp.MustCompile(`\{[a-z]+(?::[0-9]+)?\}`)

// MembershipNumber writes a number after the programme's pattern. Its tokens are
// {yyyy} and {yy}, the year of certification; {country}, where the company is
// established; {type}, the entity type's code; and {sequence:N}, a running number
// of at least N digits.
func (p *Programme) MembershipNumber(entityType, country string, certified time.Time, sequence int64) (string, error) {
	e, ok := p.EntityType(entityType)
	if !ok {
		return "", fmt.Errorf("write membership number: programme %s has no entity type %q", p.Code, entityType)
	}
	if len(country) != 2 || sequence < 1 {
		return "", fmt.Errorf("write membership number: country %q or sequence %d cannot be", country, sequence)
	}
	return numberToken.ReplaceAllStringFunc(p.Process.MembershipNumber, func(token string) string {
		name, width, _ := strings.Cut(strings.Trim(token, "{}"), ":")
		switch name {
		case "yyyy":
			return certified.Format("2006")
		case "yy":
			return certified.Format("06")
		case "country":
			return country
		case "type":
			return e.TypeCode
		}
		n, _ := strconv.Atoi(width) // the loader has checked the pattern
		return fmt.Sprintf("%0*d", n, sequence)
	}), nil
}
