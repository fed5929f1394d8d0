package company

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// fewestContacts must stay while a programme relies on the account: an officer as
// the primary contact and one more (program practice, CTPAT portal account data).
const fewestContacts = 2

// contactColumns are what an edit of a contact writes.
func contactColumns() []string {
	return []string{"name", "title", "email", "phone", "kind", "is_primary"}
}

// AddContact adds an officer or another contact.
func (s *Service) AddContact(ctx context.Context, by identity.Actor, in ContactEntry) (k Contact, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		k, err = addContact(ctx, tx, s.Now(), by, in)
		return err
	})
	return k, err
}

func addContact(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in ContactEntry) (k Contact, err error) {
	c, st, err := edit(ctx, tx, by)
	if err != nil {
		return k, err
	}
	if err := st.guard(ContactsPart); err != nil {
		return k, err
	}
	k = Contact{ID: idOr(in.ID), CompanyID: c.ID, CreatedAt: now, Version: 1}
	if err := checkContact(ctx, tx, in, &k); err != nil {
		return k, err
	}
	there, err := listOf[Contact](ctx, tx, c.ID, "removed_at is null")
	if err != nil {
		return k, err
	}
	if len(there) >= most {
		return k, fault.Fail([]fault.Field{fault.F("", "You can have up to %d contacts. Remove one first", most)})
	}
	wanted := k.IsPrimary
	k.IsPrimary = false // until the other one has stepped back: there is one at any time
	if made, err := insert(ctx, tx, &k, c.ID, k.ID); err != nil || !made {
		return k, err
	}
	is := k.Entry()
	if err := audit.Record(ctx, tx, now, by, audit.Event{Action: "contact.add", Kind: "contact", Subject: k.ID, Company: c.ID, After: values(facts(is.fields()))}); err != nil {
		return k, err
	}
	if wanted {
		return k, promote(ctx, tx, now, by, there, &k)
	}
	return k, nil
}

// checkContact checks an entry; a primary contact is nobody's representative.
func checkContact(ctx context.Context, tx pg.Tx, in ContactEntry, k *Contact) error {
	problems := in.put(k)
	if problems == nil && k.IsPrimary {
		is, err := represents(ctx, tx, k.CompanyID, k.Email)
		if err != nil {
			return err
		}
		if is {
			problems = []fault.Field{fault.F("primary", "This person acts for you as a representative, so they cannot be the primary contact. Choose an officer of the company")}
		}
	}
	return fault.Fail(problems)
}

// promote makes k the primary contact in place of whoever is.
func promote(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, all []Contact, k *Contact) error {
	before := map[string]string{}
	for _, other := range all {
		if !other.IsPrimary || other.ID == k.ID {
			continue
		}
		other.IsPrimary = false
		if err := pg.Update(ctx, tx, &other, other.ID, &other.Version, "is_primary"); err != nil {
			return fmt.Errorf("change the primary contact: %w", err)
		}
		before["primary"] = other.Name
	}
	k.IsPrimary = true
	if err := pg.Update(ctx, tx, k, k.ID, &k.Version, "is_primary"); err != nil {
		return fmt.Errorf("change the primary contact: %w", err)
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "contact.make_primary", Kind: "contact", Subject: k.ID, Company: k.CompanyID,
		Before: before, After: map[string]string{"primary": k.Name}})
}

// openContact locks a contact in use for a direct edit.
func openContact(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Contact, Standing, error) {
	c, st, err := edit(ctx, tx, by)
	if err != nil {
		return Contact{}, st, err
	}
	k, err := lockOne[Contact](ctx, tx, c.ID, id)
	return k, st, err
}

func removedContact() error {
	return fault.New(fault.Conflict, "This contact was removed. Add them again as a new contact")
}

// ChangeContact changes what is known of a contact.
func (s *Service) ChangeContact(ctx context.Context, by identity.Actor, id uuid.UUID, in ContactEntry) (k Contact, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		k, err = changeContact(ctx, tx, s.Now(), by, id, in)
		return err
	})
	return k, err
}

func changeContact(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, in ContactEntry) (Contact, error) {
	k, st, err := openContact(ctx, tx, by, id)
	if err != nil {
		return k, err
	}
	was := k.Entry()
	if in.Version != k.Version {
		if in.Primary == "" {
			in.Primary = was.Primary // an empty box never unmakes the primary contact
		}
		return k, moved(facts(in.fields()), facts(was.fields()))
	}
	if err := st.guard(ContactsPart); err != nil {
		return k, err
	}
	if k.RemovedAt != nil {
		return k, removedContact()
	}
	if err := checkContact(ctx, tx, in, &k); err != nil {
		return k, err
	}
	wanted := k.IsPrimary && was.Primary == ""
	k.IsPrimary = was.Primary == yes
	is := k.Entry()
	if before, after := changed(facts(was.fields()), facts(is.fields())); before != nil {
		if err := pg.Update(ctx, tx, &k, k.ID, &k.Version, contactColumns()...); err != nil {
			return k, fmt.Errorf("change the contact: %w", err)
		}
		if err := audit.Record(ctx, tx, now, by, audit.Event{Action: "contact.change", Kind: "contact", Subject: k.ID, Company: k.CompanyID, Before: before, After: after}); err != nil {
			return k, err
		}
	}
	if !wanted {
		return k, nil
	}
	all, err := listOf[Contact](ctx, tx, k.CompanyID, "removed_at is null")
	if err != nil {
		return k, err
	}
	return k, promote(ctx, tx, now, by, all, &k)
}

// MakePrimary makes a company officer the primary contact.
func (s *Service) MakePrimary(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (k Contact, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var st Standing
		if k, st, err = openContact(ctx, tx, by, id); err != nil {
			return err
		}
		if k.Version != version {
			return fault.Moved()
		}
		if err := st.guard(ContactsPart); err != nil {
			return err
		}
		if k.RemovedAt != nil {
			return removedContact()
		}
		if k.IsPrimary {
			return nil
		}
		in := k.Entry()
		in.Primary = yes
		if err := checkContact(ctx, tx, in, &k); err != nil {
			return err
		}
		all, err := listOf[Contact](ctx, tx, k.CompanyID, "removed_at is null")
		if err != nil {
			return err
		}
		return promote(ctx, tx, s.Now(), by, all, &k)
	})
	return k, err
}

// RemoveContact takes a contact out of use. While a programme relies on the
// account, an officer as primary contact and one more stay.
func (s *Service) RemoveContact(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		k, st, err := openContact(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if k.RemovedAt != nil || k.Version != version {
			return fault.Moved()
		}
		if err := st.guard(ContactsPart); err != nil {
			return err
		}
		all, err := listOf[Contact](ctx, tx, k.CompanyID, "removed_at is null")
		if err != nil {
			return err
		}
		if st.Relied() {
			var left []Contact
			for _, other := range all {
				if other.ID != k.ID {
					left = append(left, other)
				}
			}
			if err := fault.Fail(enoughContacts(left)); err != nil {
				return err
			}
		}
		now := s.Now()
		k.RemovedAt, k.IsPrimary = &now, false
		if err := pg.Update(ctx, tx, &k, k.ID, &k.Version, "removed_at", "is_primary"); err != nil {
			return fmt.Errorf("remove the contact: %w", err)
		}
		is := k.Entry()
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "contact.remove", Kind: "contact", Subject: k.ID, Company: k.CompanyID, Before: values(facts(is.fields()))})
	})
}

// enoughContacts says what is missing of the contacts that a programme demands.
func enoughContacts(left []Contact) (missing []fault.Field) {
	if len(left) < fewestContacts {
		missing = append(missing, fault.F("", "Keep at least %d contacts. Add another one first", fewestContacts))
	}
	for _, k := range left {
		if k.IsPrimary {
			return missing
		}
	}
	return append(missing, fault.F("", "Keep a primary contact. Make another officer the primary contact first"))
}
