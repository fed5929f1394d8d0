// Package profiletest fills in, submits and accepts security profiles quickly, and has a
// small catalogue, for the tests of the packages for which a profile is a step on the way.
// Tests only.
package profiletest

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
)

//go:embed editions
var editions embed.FS

// Library is a small catalogue for the programmes ctpat and eu-aeo.
func Library(t testing.TB) *catalogue.Library {
	t.Helper()
	files, err := fs.Sub(editions, "editions")
	if err != nil {
		t.Fatal(err)
	}
	l, err := catalogue.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Good is an answer that says everything that a question asks, and that a yes or no
// question is answered with yes.
func Good(q catalogue.Question) (a catalogue.Answer) {
	switch q.Kind {
	case catalogue.YesNo:
		a.Choice = catalogue.Yes
	case catalogue.Choice:
		a.Choice = q.Options[0].Code
	case catalogue.Checklist:
		a.Choices = []string{q.Options[0].Code}
	case catalogue.Narrative:
		a.Text = "The manager in charge keeps a written procedure for " + q.ID + ", and the staff is trained in it every year."
	case catalogue.Number:
		a.Number = "12"
		if q.Min != nil && *q.Min > 12 {
			a.Number = fmt.Sprint(*q.Min)
		}
		if q.Max != nil && *q.Max < 12 {
			a.Number = fmt.Sprint(*q.Max)
		}
	case catalogue.Date:
		a.Date = "2026-01-15"
	case catalogue.Table, catalogue.Persons:
		row := []string{}
		for _, c := range q.RowColumns() {
			row = append(row, map[catalogue.Kind]string{catalogue.Number: "3", catalogue.Date: "2025-06-01"}[c.Kind])
			if row[len(row)-1] == "" {
				row[len(row)-1] = "Vera Noor"
			}
		}
		a.Rows = [][]string{row}
	}
	return a
}

// Fill answers every question of a cycle that its company has not answered, shows
// evidence where a criterion needs it, and confirms what was carried over.
func Fill(ctx context.Context, t testing.TB, s *profile.Service, by identity.Actor, cycle uuid.UUID) *profile.Profile {
	t.Helper()
	p := Read(ctx, t, s, cycle)
	var entries []profile.AnswerEntry
	for _, c := range p.Form.Criteria {
		for _, q := range c.Questions {
			if g, ok := p.Given(q.ID, uuid.Nil); (ok && g.Complete && !g.Carried) || q.Kind == catalogue.File {
				continue
			} else {
				entries = append(entries, profile.AnswerEntry{Cycle: cycle, EditionHash: p.Cycle.EditionHash, EntityType: p.Cycle.FormKey(),
					Criterion: c.ID, Question: q.ID, Version: g.Version, Answer: Good(q)})
			}
		}
	}
	if _, err := s.SaveAll(ctx, by, entries); err != nil {
		t.Fatalf("fill in %s: %v", p.Cycle.Reference, err)
	}
	p = Read(ctx, t, s, cycle)
	for _, c := range p.Form.Criteria {
		for range p.Lacks(c) {
			Show(ctx, t, s, p.Cycle, c.ID)
		}
		if p.State(c.ID).Because != profile.BecauseCarried {
			continue
		}
		if err := s.Confirm(ctx, by, cycle, c.ID); err != nil {
			t.Fatalf("confirm %s of %s: %v", c.ID, p.Cycle.Reference, err)
		}
	}
	return Read(ctx, t, s, cycle)
}

// Read reads a cycle as the portal itself.
func Read(ctx context.Context, t testing.TB, s *profile.Service, cycle uuid.UUID) (p *profile.Profile) {
	t.Helper()
	err := s.DB.Read(ctx, pg.System, func(tx pg.Tx) error {
		c, err := profile.Look(ctx, tx, identity.ClockActor("test"), cycle)
		if err != nil {
			return err
		}
		p, err = s.Load(ctx, tx, s.Now(), c)
		return err
	})
	if err != nil {
		t.Fatalf("read profile %s: %v", cycle, err)
	}
	return p
}

// Show attaches a link as evidence to a criterion.
func Show(ctx context.Context, t testing.TB, s *profile.Service, c profile.Cycle, criterion string) uuid.UUID {
	t.Helper()
	id, now := pg.NewID(), s.Now()
	err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		if err := tx.WithContext(ctx).Exec(`insert into evidence (id, company_id, kind, title, url, created_at, author)
			values (?, ?, 'link', ?, 'https://intranet.example/procedure', ?, 'Olga Owner')`, id, c.CompanyID, "Procedure for "+criterion, now).Error; err != nil {
			return err
		}
		return tx.WithContext(ctx).Exec(`insert into evidence_link (cycle_id, company_id, criterion, evidence_id, linked_at, author)
			values (?, ?, ?, ?, ?, 'Olga Owner')`, c.ID, c.CompanyID, criterion, id, now).Error
	})
	if err != nil {
		t.Fatalf("show evidence for %s: %v", criterion, err)
	}
	return id
}

// OfApplication is the profile of an application; the zero id when it has none.
func OfApplication(ctx context.Context, t testing.TB, db *pg.DB, application uuid.UUID) (id uuid.UUID) {
	t.Helper()
	err := db.Read(ctx, pg.System, func(tx pg.Tx) error {
		c, err := profile.OfApplication(ctx, tx, application)
		if err == nil && c != nil {
			id = c.ID
		}
		return err
	})
	if err != nil {
		t.Fatalf("find the profile of application %s: %v", application, err)
	}
	return id
}

// Accept has a specialist review a submitted profile and accept it.
func Accept(ctx context.Context, t testing.TB, s *profile.Service, by identity.Actor, cycle uuid.UUID) {
	t.Helper()
	err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err := profile.Lock(ctx, tx, by, cycle, 0)
		if err != nil {
			return err
		}
		for _, do := range []profile.Action{profile.StartReview, profile.Accept} {
			if err := s.Move(ctx, tx, s.Now(), by, &c, do, profile.Facts{}, profile.Details{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("accept profile %s: %v", cycle, err)
	}
}

// Submit has an officer of the company submit a profile, with every warning read.
func Submit(ctx context.Context, t testing.TB, s *profile.Service, by identity.Actor, cycle uuid.UUID) profile.Cycle {
	t.Helper()
	page, err := s.Checks(ctx, by, cycle)
	if err != nil {
		t.Fatalf("check profile %s: %v", cycle, err)
	}
	in := profile.Declaration{Version: page.Profile.Cycle.Version, Attested: true, Name: "Olga Owner", Title: "Director", Seen: page.Seen}
	for _, f := range page.Findings {
		in.Read = append(in.Read, f.Key())
	}
	c, err := s.Submit(ctx, by, cycle, in)
	if err != nil {
		t.Fatalf("submit %s: %v", page.Profile.Cycle.Reference, err)
	}
	return c
}

// Complete brings the profile of an application to its acceptance: filled in and
// submitted by the company, reviewed by the agency. Without a profile it does nothing.
func Complete(ctx context.Context, t testing.TB, s *profile.Service, owner, specialist identity.Actor, application uuid.UUID) {
	t.Helper()
	id := OfApplication(ctx, t, s.DB, application)
	if id == uuid.Nil {
		return
	}
	Fill(ctx, t, s, owner, id)
	Submit(ctx, t, s, owner, id)
	Accept(ctx, t, s, specialist, id)
}
