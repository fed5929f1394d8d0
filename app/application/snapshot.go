package application

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/canon"
	"trustedtrader/app/company"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Attestation is what the person who submits declares (English source text).
const Attestation = "I am an officer of the company and may sign for it. I have read the answers above. They are true and complete, and I will tell you when something changes."

// snapshotFormat names the shape of a snapshot, for whoever reads one in ten years.
const snapshotFormat = "trusted-trader-application/1"

// Content is the content of a snapshot.
type Content struct {
	Format      string        `json:"format"`
	Reference   string        `json:"reference"`
	Programme   string        `json:"programme"`
	Edition     string        `json:"edition"`
	EditionHash string        `json:"edition_hash"`
	RulesHash   string        `json:"rules_hash"` // of the edition in force on submission
	EntityType  string        `json:"entity_type"`
	Round       int           `json:"round"`
	SubmittedAt time.Time     `json:"submitted_at"`
	Dossier     Dossier       `json:"dossier"`
	Numbers     []Identifier  `json:"numbers,omitempty"` // that take part, where the company chooses
	Eligibility []GivenAnswer `json:"eligibility"`
	Agreement   Signed        `json:"agreement"`
	Information []GivenItem   `json:"information"` // answers to the agency's questions, from round 2 on
	Attestation Attested      `json:"attestation"`
}

// GivenAnswer is an eligibility answer with its question as it was worded.
type GivenAnswer struct {
	Question   string    `json:"question"`
	Text       string    `json:"text"`
	Answer     string    `json:"answer"`
	Note       string    `json:"note"`
	AnsweredAt time.Time `json:"answered_at"`
}

// GivenItem is an answer to one of the agency's questions.
type GivenItem struct {
	Part     string `json:"part"`
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

// Signed says who signed the agreement; the text itself is kept with the signature.
type Signed struct {
	Edition    string    `json:"edition"`
	TextSHA256 string    `json:"text_sha256"`
	Name       string    `json:"name"`
	Title      string    `json:"title"`
	SignedBy   uuid.UUID `json:"signed_by"`
	SignedAt   time.Time `json:"signed_at"`
}

// Attested says who declared what.
type Attested struct {
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	Person    uuid.UUID `json:"person"`
	Statement string    `json:"statement"`
}

// take makes the snapshot of a file as it is submitted.
func take(f File, by identity.Actor, now time.Time, name string, items []InformationItem) (Snapshot, error) {
	a := f.Application
	in := Content{
		Format: snapshotFormat, Reference: a.Reference, Programme: a.Programme, Edition: a.Edition, EditionHash: a.EditionHash,
		RulesHash: f.Programme.Hash, EntityType: a.EntityType, Round: a.Round, SubmittedAt: now.UTC(), Dossier: f.Dossier,
		Numbers: f.TakesPart(), Eligibility: f.given(), Information: []GivenItem{},
		Attestation: Attested{Name: name, Email: by.Email, Person: by.PersonID, Statement: Attestation},
	}
	if s := f.Signature; s != nil {
		in.Agreement = Signed{Edition: s.Edition, TextSHA256: s.TextSHA256, Name: s.SignedName, Title: s.SignedTitle, SignedBy: s.SignedBy, SignedAt: s.SignedAt.UTC()}
	}
	for _, i := range items {
		in.Information = append(in.Information, GivenItem{i.Part, i.Question, i.Answer})
	}
	body, err := canon.JSON(in)
	if err != nil {
		return Snapshot{}, fmt.Errorf("make the snapshot: %w", err)
	}
	return Snapshot{
		ID: pg.NewID(), ApplicationID: a.ID, CompanyID: a.CompanyID, Round: a.Round, Body: string(body), SHA256: canon.Hash(body),
		SubmittedBy: by.PersonID, SubmittedAt: now, AttestedName: name,
	}, nil
}

// Read reads what was submitted.
func (s Snapshot) Read() (in Content, err error) {
	if err := json.Unmarshal([]byte(s.Body), &in); err != nil {
		return in, fmt.Errorf("read snapshot %s: %w", s.ID, err)
	}
	return in, nil
}

func schemeName(code string) string {
	if s, ok := identifier.Lookup(code); ok {
		return s.Name
	}
	return code
}

// vettingOf lists the checks that a file gives rise to: for the company, each
// officer, each site and each number.
func vettingOf(f File) []VettingItem {
	var out []VettingItem
	each := func(subject, scheme, kind string, id uuid.UUID, label string) {
		for _, v := range f.Programme.VettingFor(subject, scheme) {
			out = append(out, VettingItem{Code: v.Code, SubjectKind: kind, SubjectID: id, Label: label})
		}
	}
	d := f.Dossier
	each("company", "", "company", d.Company.ID, d.Company.Name)
	for _, c := range d.Contacts {
		if c.Kind == "officer" {
			each("officer", "", "contact", c.ID, c.Name+", "+c.Title)
		}
	}
	for _, s := range d.Sites {
		each("site", "", "site", s.ID, s.Name+", "+s.City+", "+s.Country)
	}
	for _, i := range d.Identifiers {
		each("identifier", i.Scheme, "identifier", i.ID, schemeName(i.Scheme)+" "+company.Shown(i.Scheme, i.Value))
	}
	return out
}
