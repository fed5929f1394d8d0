package application

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
)

// The parts of an application, as programme.Sections names them. Problems, requests
// for information and verdicts all speak of these.
const (
	PartProfile     = "company_profile"
	PartSites       = "sites"
	PartContacts    = "contacts"
	PartIdentifiers = "identifiers"
	PartEligibility = "eligibility"
	PartAgreement   = "agreement"
)

// PartSecurity is the security profile. It is filled in, declared and reviewed on its own,
// so it is no part that requests and verdicts speak of.
const PartSecurity = "security_profile"

// Verdict on one eligibility question, computed from its answer.
type Eligible string

// The verdicts.
const (
	NotAnswered Eligible = ""
	EligibleYes Eligible = "yes"
	EligibleNo  Eligible = "no"
)

// QuestionState is one eligibility question with the answer given so far.
type QuestionState struct {
	programme.Question
	Given    string // "" while it has no answer
	Note     string
	Version  int // of the saved answer; 0: none yet
	At       time.Time
	Eligible Eligible
}

// File is everything that an application consists of at one moment.
type File struct {
	Application Application
	Programme   *programme.Programme
	Entity      programme.EntityType
	Dossier     Dossier
	Answers     []Answer
	Signature   *Signature  // the live one
	Chosen      []uuid.UUID // numbers that take part, where the programme lets the company choose
	SignerEmail string      // of the person who signed, as they sign in today
	Today       clock.Day   // at the office

	Profile      *profile.Cycle // the security profile; nil: the programme has none
	ProfileBegun bool           // something in it is answered
}

// Questions lists the eligibility questions with their answers.
func (f File) Questions() []QuestionState {
	out := make([]QuestionState, 0, len(f.Entity.Questions))
	for _, q := range f.Entity.Questions {
		s := QuestionState{Question: q}
		if i := slices.IndexFunc(f.Answers, func(a Answer) bool { return a.Question == q.Code }); i >= 0 {
			a := f.Answers[i]
			s.Given, s.Note, s.Version, s.At = a.Answer, a.Note, a.Version, a.AnsweredAt
		}
		if s.Given != "" {
			s.Eligible = EligibleNo
			if ok, err := q.Check(s.Given, f.Today.Time()); err == nil && ok {
				s.Eligible = EligibleYes
			}
		}
		out = append(out, s)
	}
	return out
}

// NotEligible lists the questions whose answers mean that the company cannot join
// now: the early "no, because".
func (f File) NotEligible() []QuestionState {
	return slices.DeleteFunc(f.Questions(), func(q QuestionState) bool { return q.Eligible != EligibleNo })
}

// Problems lists everything that stands between the company and a complete
// application, each under the part whose page mends it.
func (f File) Problems(ctx context.Context) []fault.Field {
	var out []fault.Field
	add := func(part, message string, args ...any) { out = append(out, fault.F(part, message, args...)) }
	c := f.Dossier.Company
	if strings.TrimSpace(c.Name) == "" {
		add(PartProfile, "Enter the legal name of the company")
	}
	if strings.TrimSpace(c.Registration) == "" {
		add(PartProfile, "Enter the registration number of the company")
	}
	if strings.TrimSpace(c.Country) == "" {
		add(PartProfile, "Enter the country in which the company is established")
	} else if len(f.Entity.Countries) > 0 && !slices.Contains(f.Entity.Countries, c.Country) {
		add(PartProfile, "This kind of member must be established in one of: %s. The company's country is %s", strings.Join(f.Entity.Countries, ", "), c.Country)
	}
	f.siteProblems(add)
	f.contactProblems(add)
	f.identifierProblems(ctx, add)
	f.eligibilityProblems(ctx, add)
	if f.Profile != nil && !f.Profile.Status.Handed() {
		add(PartSecurity, "Fill in and submit the security profile")
	}
	f.agreementProblems(ctx, add)
	return out
}

func (f File) siteProblems(add func(part, message string, args ...any)) {
	if len(f.Dossier.Sites) == 0 {
		add(PartSites, "Add at least one site")
	}
	for _, rule := range f.Entity.Sites {
		if !slices.ContainsFunc(f.Dossier.Sites, func(s Site) bool { return rule.Met(s.Activities, s.Country) }) {
			add(PartSites, rule.Because)
		}
	}
}

func (f File) contactProblems(add func(part, message string, args ...any)) {
	rule, contacts := f.Entity.Contacts, f.Dossier.Contacts
	if len(contacts) < rule.Minimum {
		add(PartContacts, "Name at least %d people. You have named %d", rule.Minimum, len(contacts))
	}
	if rule.OfficerPrimary && !slices.ContainsFunc(contacts, func(c Contact) bool { return c.Primary && c.Kind == "officer" }) {
		add(PartContacts, "Name one officer of the company as the primary contact")
	}
	if rule.Alternate && !slices.ContainsFunc(contacts, func(c Contact) bool { return !c.Primary && c.Kind != "consultant" }) {
		add(PartContacts, "Name another person of the company who stands in for the primary contact")
	}
}

func (f File) identifierProblems(ctx context.Context, add func(part, message string, args ...any)) {
	given := make([]string, len(f.Dossier.Identifiers))
	for i, id := range f.Dossier.Identifiers {
		given[i] = id.Scheme
	}
	for _, group := range f.Entity.Identifiers.Required {
		missing := group.Missing(given, f.Dossier.Company.Country)
		if len(missing) == 0 {
			continue
		}
		var names []string
		for _, code := range missing {
			name := code
			if s, ok := identifier.Lookup(code); ok {
				name = i18n.T(ctx, s.Name)
			}
			names = append(names, name)
		}
		if len(group.OneOf) > 0 && len(names) > 1 {
			add(PartIdentifiers, "Add at least one of these numbers: %s", strings.Join(names, ", "))
		} else {
			add(PartIdentifiers, "Add this number: %s", strings.Join(names, ", "))
		}
	}
	if len(f.Choosable()) > 0 && len(f.TakesPart()) == 0 {
		add(PartIdentifiers, "Choose which numbers take part")
	}
}

func (f File) eligibilityProblems(ctx context.Context, add func(part, message string, args ...any)) {
	open := 0
	for _, q := range f.Questions() {
		switch q.Eligible {
		case NotAnswered:
			open++
		case EligibleNo:
			because := q.Because
			if because == "" {
				because = "Your answer does not meet the requirement"
			}
			add(PartEligibility, "%s (question: %s)", i18n.T(ctx, because), i18n.T(ctx, q.Text))
		}
	}
	if open > 0 {
		add(PartEligibility, "Answer every eligibility question. Still open: %d", open)
	}
}

func (f File) agreementProblems(ctx context.Context, add func(part, message string, args ...any)) {
	switch {
	case f.Signature == nil:
		add(PartAgreement, "An officer of the company must sign the agreement")
	case f.Signature.TextSHA256 != canon.Hash([]byte(f.AgreementText())):
		add(PartAgreement, "The agreement or the company's name has changed since %s signed it. An officer must sign it again", f.Signature.SignedName)
	case !f.officerSigned():
		add(PartAgreement, "%s, who signed the agreement, is no longer listed as an officer. An officer must sign it again", f.Signature.SignedName)
	}
}

// SignatureHolds reports whether the live signature is one of the present text by
// somebody who is still listed as an officer.
func (f File) SignatureHolds() bool {
	return f.Signature != nil && f.Signature.TextSHA256 == canon.Hash([]byte(f.AgreementText())) && f.officerSigned()
}

// officerSigned asks by the signing person's e-mail address, for a contact's entry
// may be removed and added again.
func (f File) officerSigned() bool { return f.Dossier.officer(f.SignerEmail) }

func (d Dossier) officer(email string) bool {
	return email != "" && slices.ContainsFunc(d.Contacts, func(c Contact) bool {
		return c.Kind == "officer" && strings.EqualFold(c.Email, email)
	})
}

// Signer reports whether the person is listed as an officer of the company.
func (f File) Signer(by identity.Actor) bool { return f.Dossier.officer(by.Email) }

// AgreementText is the exact text that is signed: the parties, the programme's
// agreement and its consents. A change of any of these is another text.
func (f File) AgreementText() string {
	a, c := f.Programme.Agreement, f.Dossier.Company
	var b strings.Builder
	b.WriteString(a.Title + "\n\n")
	b.WriteString("Programme: " + f.Programme.Name + " (" + f.Programme.Code + ")\n")
	b.WriteString("Text: edition " + a.Edition + "\n")
	b.WriteString("Company: " + c.Name + ", " + c.Registration + ", " + c.Country + "\n")
	b.WriteString("As: " + f.Entity.Name + "\n")
	b.WriteString("Application: " + f.Application.Reference + "\n")
	for _, block := range a.Blocks {
		b.WriteString("\n")
		for _, item := range block.Items {
			b.WriteString("- " + item + "\n")
		}
		if len(block.Items) == 0 {
			b.WriteString(block.Text + "\n")
		}
	}
	for _, consent := range a.Consents {
		b.WriteString("\n[x] " + consent + "\n")
	}
	return b.String()
}

// AgreementHash is the SHA-256 of AgreementText, hexadecimal.
func (f File) AgreementHash() string { return canon.Hash([]byte(f.AgreementText())) }

// Seen is a fingerprint of each part, carried by the page on which answers are
// checked: whoever submits declares that what they saw is true, so it must still be
// what is there.
func (f File) Seen() (map[string]string, error) {
	signed := ""
	if f.Signature != nil {
		signed = f.Signature.ID.String()
	}
	out := map[string]string{}
	for part, v := range map[string]any{
		PartProfile: []any{f.Dossier.Company, f.Dossier.TradeNames}, PartSites: f.Dossier.Sites, PartContacts: f.Dossier.Contacts,
		PartIdentifiers: f.numbers(), PartEligibility: f.given(), PartAgreement: signed,
	} {
		text, err := canon.JSON(v)
		if err != nil {
			return nil, err
		}
		out[part] = canon.Hash(text)[:16]
	}
	return out, nil
}

// numbers are what is declared about numbers: all of them, and those that take part.
func (f File) numbers() any {
	if f.Entity.Identifiers.Choose == nil {
		return f.Dossier.Identifiers
	}
	return []any{f.Dossier.Identifiers, f.TakesPart()}
}

func (f File) given() []GivenAnswer {
	out := []GivenAnswer{}
	for _, q := range f.Questions() {
		if q.Given != "" {
			out = append(out, GivenAnswer{Question: q.Code, Text: q.Text, Answer: q.Given, Note: q.Note, AnsweredAt: q.At})
		}
	}
	return out
}
