package bizpartner

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/company"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Entry is a partner as a person writes it.
type Entry struct {
	ID          uuid.UUID // Add only, made with the form, so that sending twice makes one
	Name        string
	Country     string
	Role        string
	Reference   string
	Contact     string
	Email       string
	Lang        string
	Risk        string
	Identifiers string
	Notes       string
	Version     int
}

// put takes what a person wrote into a partner.
func (s *Service) put(in Entry, p *Partner) error {
	var c entry.Check
	p.Name = c.Line("name", "the name", in.Name, 1, 200)
	p.Country = c.OneOf("country", "the country", in.Country, company.Countries()...)
	p.Role = c.OneOf("role", "what the partner does for you", in.Role, s.Data.roleCodes()...)
	p.Risk = Risk(c.OneOf("risk", "the risk", in.Risk, string(High), string(Medium), string(Low)))
	p.Reference = c.Line("reference", "your reference", in.Reference, 0, 60)
	p.Contact = c.Line("contact", "the contact", in.Contact, 0, 200)
	if p.Email = strings.TrimSpace(in.Email); p.Email != "" {
		p.Email = c.Email("email", in.Email)
	}
	if in.Lang == "" {
		in.Lang = "en"
	}
	p.Lang = c.OneOf("lang", "the language", in.Lang, s.Data.langCodes()...)
	p.Identifiers = c.Text("identifiers", "the numbers", in.Identifiers, 0, 1000)
	p.Notes = c.Text("notes", "the notes", in.Notes, 0, 4000)
	return c.Err()
}

// said is a partner for an audit event.
func (p Partner) said() map[string]any {
	return map[string]any{"name": p.Name, "country": p.Country, "role": p.Role, "reference": p.Reference, "contact": p.Contact, "email": p.Email,
		"language": p.Lang, "risk": string(p.Risk), "identifiers": p.Identifiers, "notes": p.Notes}
}

// columns are those that a person writes.
var columns = []string{"name", "country", "role", "reference", "contact", "email", "lang", "risk", "identifiers", "notes"}

// twin turns a broken unique index into a problem with its field.
func twin(err error) error {
	switch pg.Constraint(err) {
	case "one_partner_reference":
		return fault.Fail([]fault.Field{fault.F("reference", "Another partner on your list has this reference")})
	case "one_partner_name":
		return fault.Fail([]fault.Field{fault.F("name", "A partner of this name and country is on your list already")})
	}
	return err
}

// Add puts a partner on the list of the actor's company. Its editors may. Invalid: what is
// missing, or the partner is there already; Conflict: the list is full.
func (s *Service) Add(ctx context.Context, by identity.Actor, in Entry) (p Partner, err error) {
	if err := editor(by); err != nil {
		return p, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		p, err = s.add(ctx, tx, now, by, in)
		return err
	})
	return p, twin(err)
}

func (s *Service) add(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Entry) (p Partner, err error) {
	if err := hold(ctx, tx, by.CompanyID); err != nil {
		return p, err
	}
	if in.ID == uuid.Nil {
		in.ID = pg.NewID()
	}
	there, err := scan[Partner](ctx, tx, `select * from business_partner where id = ? and company_id = ?`, in.ID, by.CompanyID)
	if err != nil {
		return p, fmt.Errorf("look for the partner: %w", err)
	}
	if len(there) == 1 {
		return there[0], nil
	}
	if err := room(ctx, tx, by.CompanyID, 1); err != nil {
		return p, err
	}
	p = Partner{ID: in.ID, CompanyID: by.CompanyID, CreatedAt: now, CreatedBy: person(by), Version: 1}
	if err := s.put(in, &p); err != nil {
		return p, err
	}
	if err := add(ctx, tx, &p); err != nil {
		return p, fmt.Errorf("add a partner: %w", err)
	}
	return p, audit.Record(ctx, tx, now, by, audit.Event{Action: "business_partner.add", Kind: Kind, Subject: p.ID, Company: p.CompanyID, After: p.said()})
}

// room refuses more partners than a list may have.
func room(ctx context.Context, tx pg.Tx, company uuid.UUID, more int) error {
	n, err := scan[int](ctx, tx, `select count(*)::int from business_partner where company_id = ? and ended_at is null`, company)
	if err != nil {
		return fmt.Errorf("count the partners: %w", err)
	}
	if n[0]+more > mostPartners {
		return fault.New(fault.Conflict, "Your list can have up to %d partners. End those that you no longer work with first", mostPartners)
	}
	return nil
}

// Change writes a partner anew. Editors of its company may. Conflict: somebody else changed
// it, or it has ended.
func (s *Service) Change(ctx context.Context, by identity.Actor, id uuid.UUID, in Entry) (p Partner, err error) {
	if err := editor(by); err != nil {
		return p, err
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if p, err = lock[Partner](ctx, tx, by.CompanyID, id); err != nil {
			return err
		}
		if p.EndedAt != nil {
			return fault.New(fault.Conflict, "You no longer work with this partner, so its entry stays as it is")
		}
		was := p
		if in.Version != p.Version {
			return differs(in, p)
		}
		if err := s.put(in, &p); err != nil {
			return err
		}
		set := columns
		if p.Risk != was.Risk && p.AssessedOn != nil {
			due := s.Data.next(p.Risk, *p.AssessedOn)
			p.DueOn, set = &due, append(append([]string{}, columns...), "due_on")
		}
		if err := pg.Update(ctx, tx, &p, p.ID, &p.Version, set...); err != nil {
			return fmt.Errorf("change a partner: %w", err)
		}
		before, after := changed(was.said(), p.said())
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "business_partner.change", Kind: Kind, Subject: p.ID, Company: p.CompanyID, Before: before, After: after})
	})
	return p, twin(err)
}

// changed keeps of two sets of values those that differ.
func changed(was, is map[string]any) (before, after map[string]any) {
	before, after = map[string]any{}, map[string]any{}
	for k, v := range is {
		if was[k] != v {
			before[k], after[k] = was[k], v
		}
	}
	return before, after
}

// differs is the refusal of a change of an old version.
func differs(in Entry, p Partner) error {
	var list []fault.Change
	for _, x := range []struct{ label, yours, theirs string }{
		{"Name", in.Name, p.Name}, {"Your reference", in.Reference, p.Reference}, {"Contact", in.Contact, p.Contact}, {"E-mail", in.Email, p.Email},
		{"Risk", in.Risk, string(p.Risk)}, {"Numbers", in.Identifiers, p.Identifiers}, {"Notes", in.Notes, p.Notes},
	} {
		if strings.TrimSpace(x.yours) != x.theirs {
			list = append(list, fault.Change{Label: x.label, Yours: entry.Head(x.yours, 4000), Theirs: x.theirs})
		}
	}
	return fault.Moved(list...)
}

// EndEntry says why a company no longer works with a partner.
type EndEntry struct {
	Reason  string
	Version int
}

// End takes a partner off the list; what is known of it is kept. Editors of its company may.
func (s *Service) End(ctx context.Context, by identity.Actor, id uuid.UUID, in EndEntry) error {
	if err := editor(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		p, err := lock[Partner](ctx, tx, by.CompanyID, id)
		if err != nil {
			return err
		}
		if p.Version != in.Version || p.EndedAt != nil {
			return fault.Moved()
		}
		var c entry.Check
		p.EndReason = c.Text("reason", "why you no longer work with this partner", in.Reason, 1, 1000)
		if err := c.Err(); err != nil {
			return err
		}
		p.EndedAt = &now
		if err := pg.Update(ctx, tx, &p, p.ID, &p.Version, "ended_at", "end_reason"); err != nil {
			return fmt.Errorf("end a partner: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "business_partner.end", Kind: Kind, Subject: p.ID, Company: p.CompanyID, After: map[string]any{"name": p.Name}, Reason: p.EndReason})
	})
}
