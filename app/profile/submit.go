package profile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// Declaration is what a person hands over to submit a profile.
type Declaration struct {
	Version  int
	Attested bool
	Name     string            // typed by the person who declares
	Title    string            // the person's job title
	Seen     map[string]string // fingerprints of the sections that the person checked (Checks.Seen); nil: not shown
	Read     []string          // keys of the warnings that the person has read (Finding.Key)
}

// Submit hands the profile to the agency, the first time or again after a return. Owners
// and signatories who are listed as officers may. It takes the snapshot, pins the versions
// of the evidence, tells the clocks, writes the letter and orders the receipt, all or
// nothing. Invalid: every problem at once. Conflict: the profile has moved on, or somebody
// changed what the person had checked.
func (s *Service) Submit(ctx context.Context, by identity.Actor, id uuid.UUID, in Declaration) (c Cycle, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err = s.submit(ctx, tx, s.Now(), by, id, in)
		return err
	})
	return c, err
}

func (s *Service) submit(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, in Declaration) (Cycle, error) {
	c, err := Lock(ctx, tx, by, id, in.Version)
	if err != nil {
		return c, err
	}
	if err := holdStill(ctx, tx, c); err != nil {
		return c, err
	}
	p, err := s.Load(ctx, tx, now, c)
	if err != nil {
		return c, err
	}
	links, a, err := surroundings(ctx, tx, now, c)
	if err != nil {
		return c, err
	}
	if err := stillSeen(ctx, p, links, in.Seen); err != nil {
		return c, err
	}
	f := Facts{Attested: in.Attested, Unanswered: p.Unanswered()}
	for _, found := range s.check(ctx, now, p, links, a) {
		switch {
		case found.Severity == Error:
			f.Problems = append(f.Problems, found.Field())
		case found.Severity == Warning && !slices.Contains(in.Read, found.Key()):
			f.Unread++
		}
	}
	var check entry.Check
	name := check.Line("name", "your full name", in.Name, 2, 200)
	title := check.Line("title", "your job title", in.Title, 2, 120)
	f.Problems = append(f.Problems, check.Fields()...)
	if f.Signer, err = isOfficer(ctx, tx, by); err != nil {
		return c, err
	}
	again := c.Status == Returned
	if err := s.Move(ctx, tx, now, by, &p.Cycle, Submit, f, Details{After: map[string]any{"attested_name": name, "round": c.Round + 1}}); err != nil {
		return c, err
	}
	snap, err := take(p, links, by, now, name, title)
	if err != nil {
		return c, err
	}
	if err := add(ctx, tx, &snap); err != nil {
		return c, fmt.Errorf("keep what was submitted: %w", err)
	}
	if err := evidence.Pin(ctx, tx, snap.ID, c.ID); err != nil {
		return c, err
	}
	if again {
		if err := answerReturn(ctx, tx, now, c.ID); err != nil {
			return c, err
		}
	}
	if err := tx.Enqueue(ctx, ReceiptArgs{CycleID: c.ID, Round: p.Cycle.Round}, nil); err != nil {
		return c, err
	}
	return p.Cycle, s.received(ctx, tx, now, by, p)
}

// received writes the letter, and tells the specialist in charge that something waits.
func (s *Service) received(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, p *Profile) error {
	programme, err := s.programme(p.Cycle)
	if err != nil {
		return err
	}
	err = s.Letters.ToCompany(ctx, tx, now, by, notice.Letter{
		Company: p.Cycle.CompanyID, SubjectKind: Kind, SubjectID: p.Cycle.ID, Programme: programme, Code: "profile_received",
		Days: map[string]time.Time{"submitted_on": clock.DayOf(now, p.Firm.Zone).Time()},
	})
	if err != nil {
		return err
	}
	return s.tellSpecialist(ctx, tx, now, p.Cycle)
}

// stillSeen refuses a declaration about something that has changed since it was read.
func stillSeen(ctx context.Context, p *Profile, links []evidence.Link, seen map[string]string) error {
	if seen == nil {
		return nil
	}
	now := p.seen(links)
	var changes []fault.Change
	for _, section := range p.Form.Edition.Sections {
		if now[section.ID] != seen[section.ID] {
			changes = append(changes, fault.Change{Label: text(ctx, section.Title), Yours: i18n.T(ctx, "As you checked it"),
				Theirs: i18n.T(ctx, "Changed since then. Check it again")})
		}
	}
	if changes != nil {
		return fault.Moved(changes...)
	}
	return nil
}
