package profile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/canon"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/evidence"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Attestation is what the person who submits declares (English source text).
const Attestation = "I am an officer of the company and may sign for it. I have read the answers of this security profile. They are true and complete, and I will tell you when something changes."

// snapshotFormat names the shape of a snapshot, for whoever reads one in ten years.
const snapshotFormat = "trusted-trader-profile/1"

// Submission is what was submitted in one round, byte for byte.
type Submission struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	CycleID       uuid.UUID
	CompanyID     uuid.UUID
	Round         int
	Body          string // canonical JSON of a Content
	SHA256        string `gorm:"column:sha256"` // of Body, hexadecimal
	SubmittedBy   uuid.UUID
	SubmittedAt   time.Time
	AttestedName  string
	AttestedTitle string
	VoidedAt      *time.Time // a return made the signature void
}

// TableName is the table that holds submissions.
func (Submission) TableName() string { return "profile_submission" }

// Content is the content of a snapshot.
type Content struct {
	Format      string             `json:"format"`
	Reference   string             `json:"reference"`
	Programme   string             `json:"programme"`
	EntityType  string             `json:"entity_type"`
	AlsoTypes   []string           `json:"also_types,omitempty"` // of the memberships that share the profile
	Edition     string             `json:"edition"`
	EditionHash string             `json:"edition_hash"`
	Kind        string             `json:"kind"`
	Round       int                `json:"round"`
	SubmittedAt time.Time          `json:"submitted_at"`
	Company     ContentCompany     `json:"company"`
	Sites       []Site             `json:"sites"`
	Criteria    []ContentCriterion `json:"criteria"`
	Attestation Attested           `json:"attestation"`
}

// ContentCompany says whose profile it is.
type ContentCompany struct {
	ID      uuid.UUID `json:"id"`
	Name    string    `json:"name"`
	Country string    `json:"country"`
}

// ContentCriterion is one criterion as it was worded and answered.
type ContentCriterion struct {
	ID          string            `json:"id"`
	Level       string            `json:"level"`
	Title       string            `json:"title"`
	Requirement string            `json:"requirement"`
	Counts      bool              `json:"counts"` // false: other answers say that it does not count
	State       State             `json:"state"`
	Confirmer   string            `json:"confirmer,omitempty"` // who said that last cycle's answers are still true
	Questions   []ContentQuestion `json:"questions"`
	Evidence    []ContentEvidence `json:"evidence"`
}

// ContentQuestion is one question as it was worded, with its answers.
type ContentQuestion struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	Text    string          `json:"text"`
	Counts  bool            `json:"counts"`
	Answers []ContentAnswer `json:"answers"`
}

// ContentAnswer is an answer for the company or for one site.
type ContentAnswer struct {
	Site    *uuid.UUID       `json:"site,omitempty"`
	Answer  catalogue.Answer `json:"answer"`
	Version int              `json:"version"`
	At      time.Time        `json:"at"`
	Author  string           `json:"author"`
}

// ContentEvidence is an item of evidence with the version that was submitted.
type ContentEvidence struct {
	Site     *uuid.UUID `json:"site,omitempty"`
	Evidence uuid.UUID  `json:"evidence"`
	Kind     string     `json:"kind"`
	Title    string     `json:"title"`
	URL      string     `json:"url,omitempty"`
	Version  *uuid.UUID `json:"version,omitempty"`
	FileName string     `json:"file_name,omitempty"`
	SHA256   string     `json:"sha256,omitempty"`
}

// Attested says who declared what.
type Attested struct {
	Name      string    `json:"name"`
	Title     string    `json:"title"`
	Email     string    `json:"email"`
	Person    uuid.UUID `json:"person"`
	Statement string    `json:"statement"`
}

// content is everything that a profile consists of now, in the order of the edition and
// in its source language.
func (p *Profile) content(links []evidence.Link) Content {
	c := p.Cycle
	out := Content{
		Format: snapshotFormat, Reference: c.Reference, Programme: c.Programme, EntityType: c.EntityType, AlsoTypes: c.AlsoTypes, Edition: c.Edition, EditionHash: c.EditionHash,
		Kind: c.Kind, Round: c.Round, Company: ContentCompany{p.Firm.ID, p.Firm.Name, p.Firm.Country}, Sites: slices.Clone(p.Sites), Criteria: []ContentCriterion{},
	}
	if out.Sites == nil {
		out.Sites = []Site{}
	}
	for i := range out.Sites {
		out.Sites[i].AddedAt = time.Time{} // no part of what is declared
	}
	for _, c := range p.Form.Criteria {
		x := ContentCriterion{ID: c.ID, Level: string(c.Level), Title: c.Title.String(), Requirement: c.Requirement.String(), Counts: p.Counts(c.ID),
			State: p.State(c.ID).State, Confirmer: p.Notes[c.ID].Confirmer, Questions: []ContentQuestion{}, Evidence: []ContentEvidence{}}
		for _, q := range c.Questions {
			asked := ContentQuestion{ID: q.ID, Kind: string(q.Kind), Text: q.Text.String(), Counts: p.asks(c.ID, q.ID), Answers: []ContentAnswer{}}
			for _, g := range p.inOrder(q.ID) {
				a := ContentAnswer{Answer: g.Value, Version: g.Version, At: g.At.UTC(), Author: g.Author}
				if g.Site != uuid.Nil {
					a.Site = &g.Site
				}
				asked.Answers = append(asked.Answers, a)
			}
			x.Questions = append(x.Questions, asked)
		}
		for _, l := range links {
			if l.Criterion == c.ID {
				x.Evidence = append(x.Evidence, ContentEvidence{Site: l.SiteID, Evidence: l.EvidenceID, Kind: string(l.Kind), Title: l.Title, URL: l.URL,
					Version: l.VersionID, FileName: l.FileName, SHA256: l.SHA256})
			}
		}
		out.Criteria = append(out.Criteria, x)
	}
	return out
}

// inOrder are the answers to a question, the company's first, then those of sites that are
// in use, in their order.
func (p *Profile) inOrder(question string) (out []Given) {
	if g, ok := p.Given(question, uuid.Nil); ok {
		out = append(out, g)
	}
	for _, site := range p.Sites {
		if g, ok := p.Given(question, site.ID); ok {
			out = append(out, g)
		}
	}
	return out
}

// take makes the submission of a profile as it is now.
func take(p *Profile, links []evidence.Link, by identity.Actor, now time.Time, name, title string) (Submission, error) {
	in := p.content(links)
	in.SubmittedAt = now.UTC()
	in.Attestation = Attested{Name: name, Title: title, Email: by.Email, Person: by.PersonID, Statement: Attestation}
	body, err := canon.JSON(in)
	if err != nil {
		return Submission{}, fmt.Errorf("make the snapshot: %w", err)
	}
	return Submission{
		ID: pg.NewID(), CycleID: p.Cycle.ID, CompanyID: p.Cycle.CompanyID, Round: p.Cycle.Round, Body: string(body), SHA256: canon.Hash(body),
		SubmittedBy: by.PersonID, SubmittedAt: now, AttestedName: name, AttestedTitle: title,
	}, nil
}

// Read reads what was submitted.
func (s Submission) Read() (in Content, err error) {
	if err := json.Unmarshal([]byte(s.Body), &in); err != nil {
		return in, fmt.Errorf("read submission %s: %w", s.ID, err)
	}
	return in, nil
}

// seen is a fingerprint of each section, carried by the page on which answers are checked:
// whoever submits declares that what they saw is true, so it must still be what is there.
// A criterion belongs to its first section.
func (p *Profile) seen(links []evidence.Link) map[string]string {
	marks := map[string]hash.Hash{}
	for _, c := range p.Form.Criteria {
		home := ""
		if len(c.Sections) > 0 {
			home = c.Sections[0]
		}
		if marks[home] == nil {
			marks[home] = sha256.New()
		}
		fmt.Fprintln(marks[home], c.ID, p.Counts(c.ID))
		for _, q := range c.Questions {
			list := slices.Clone(p.answers[q.ID])
			slices.SortFunc(list, func(a, b Given) int { return bytes.Compare(a.Site[:], b.Site[:]) })
			for _, g := range list {
				fmt.Fprintln(marks[home], q.ID, g.Site, g.Version)
			}
		}
		for _, l := range links {
			if l.Criterion == c.ID {
				fmt.Fprintln(marks[home], l.SiteID, l.EvidenceID, l.VersionID)
			}
		}
	}
	out := make(map[string]string, len(marks))
	for section, mark := range marks {
		out[section] = hex.EncodeToString(mark.Sum(nil)[:8])
	}
	return out
}
