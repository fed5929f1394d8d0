package company

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Added is what AddIdentifier answers.
type Added struct {
	Identifier Identifier
	Elsewhere  bool // another account has the number too; whose is not said
}

// put checks an entry and writes it into the row, sealed when it is about a person.
func (e IdentifierEntry) put(key []byte, row *Identifier) ([]fault.Field, error) {
	var k entry.Check
	row.Note = k.Line("note", "the note", e.Note, 0, 200)
	problems := k.Fields()
	scheme, ok := identifier.Lookup(e.Scheme)
	if !ok {
		return append(problems, fault.F("scheme", "Choose the kind of number")), nil
	}
	row.Scheme = scheme.Code
	value, problem := scheme.Normalise(e.Value)
	if problem != nil {
		problem.Name = "value"
		return append(problems, *problem), nil
	}
	row.Value, row.SearchKey = value, identifier.Key(value)
	if scheme.Personal {
		sealed, err := sealNumber(key, scheme.Code, value)
		if err != nil {
			return nil, err
		}
		row.Value, row.SearchKey = sealed, ""
	}
	return problems, nil
}

// shown are the facts of a number for an audit event: never more than a person may read.
func (i Identifier) shown() map[string]string {
	e := i.entry()
	e.Value = i.Shown()
	return values(facts(e.fields()))
}

// AddIdentifier adds a number of the company. That another account has it too does
// not refuse it: the agency is told and will ask.
func (s *Service) AddIdentifier(ctx context.Context, by identity.Actor, in IdentifierEntry) (out Added, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		out, err = s.addIdentifier(ctx, tx, s.Now(), by, in)
		return err
	})
	return out, err
}

func (s *Service) addIdentifier(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in IdentifierEntry) (out Added, err error) {
	c, st, err := edit(ctx, tx, by)
	if err != nil {
		return out, err
	}
	if err := st.guard(IdentifiersPart); err != nil {
		return out, err
	}
	n := Identifier{ID: idOr(in.ID), CompanyID: c.ID, CreatedAt: now, Version: 1}
	problems, err := in.put(s.Key, &n)
	if err != nil {
		return out, err
	}
	there, err := listOf[Identifier](ctx, tx, c.ID, "removed_at is null")
	if err != nil {
		return out, err
	}
	for _, other := range there {
		if other.Scheme == n.Scheme && other.Value == n.Value && other.ID != n.ID {
			problems = append(problems, fault.F("value", "This number is in your account already. Enter another one"))
		}
	}
	if len(there) >= most {
		problems = append(problems, fault.F("", "You can have up to %d numbers. Remove one first", most))
	}
	if problems != nil {
		return out, fault.Fail(problems)
	}
	if out.Elsewhere, err = elsewhere(ctx, tx, c.ID, n.Scheme, n.Value); err != nil {
		return out, err
	}
	made, err := insert(ctx, tx, &n, c.ID, n.ID)
	if out.Identifier = n; err != nil || !made {
		return out, err
	}
	if out.Elsewhere {
		if err := noteDuplicates(ctx, tx, now, c.ID, n.Scheme, n.Value, ""); err != nil {
			return out, err
		}
	}
	return out, audit.Record(ctx, tx, now, by, audit.Event{Action: "identifier.add", Kind: "identifier", Subject: n.ID, Company: c.ID, After: n.shown()})
}

// RemoveIdentifier takes a number out of use. It stays in the history.
func (s *Service) RemoveIdentifier(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, st, err := edit(ctx, tx, by)
		if err != nil {
			return err
		}
		n, err := lockOne[Identifier](ctx, tx, c.ID, id)
		if err != nil {
			return err
		}
		if n.RemovedAt != nil || n.Version != version {
			return fault.Moved()
		}
		if err := st.guard(IdentifiersPart); err != nil {
			return err
		}
		now := s.Now()
		n.RemovedAt = &now
		if err := pg.Update(ctx, tx, &n, n.ID, &n.Version, "removed_at"); err != nil {
			return fmt.Errorf("remove the number: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "identifier.remove", Kind: "identifier", Subject: n.ID, Company: c.ID, Before: n.shown()})
	})
}

// RevealIdentifier opens a sealed number for a case worker of the company's office.
// Each time is an audit event with the reason.
func (s *Service) RevealIdentifier(ctx context.Context, by identity.Actor, company, id uuid.UUID, reason string) (number string, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err := manage(ctx, tx, by, company)
		if err != nil {
			return err
		}
		n, err := lockOne[Identifier](ctx, tx, c.ID, id)
		if err != nil {
			return err
		}
		var k entry.Check
		reason := k.Line("reason", "why you need the number", reason, 5, 300)
		if err := k.Err(); err != nil {
			return err
		}
		if number = n.Shown(); len(n.Value) > 0 && n.Value[:1] == sealMark {
			value, err := openNumber(s.Key, n.Scheme, n.Value)
			if err != nil {
				return err
			}
			number = Shown(n.Scheme, value)
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "identifier.reveal", Kind: "identifier", Subject: n.ID, Company: c.ID, Reason: reason, Internal: true})
	})
	if err != nil {
		return "", err
	}
	return number, nil
}

// manage locks an account for a case worker of the office that looks after it.
func manage(ctx context.Context, tx pg.Tx, by identity.Actor, company uuid.UUID) (Company, error) {
	if by.Audience == identity.Companies && by.CompanyID == company && by.Is(identity.CompanyReaders...) {
		return Company{}, fault.New(fault.Forbidden, "Only the agency can do this")
	}
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return Company{}, fault.Missing()
	}
	c, err := lockCompany(ctx, tx, company)
	if err != nil {
		return c, err
	}
	if !by.Is(identity.CaseWorkers...) {
		return c, fault.New(fault.Forbidden, "You can read this account but not act on it. Ask a specialist of the office in charge")
	}
	if !by.InOffice(c.OfficeID) {
		return c, fault.New(fault.Forbidden, "Another office looks after this company. Ask that office to act")
	}
	return c, nil
}
