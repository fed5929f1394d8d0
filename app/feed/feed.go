// Package feed gives people private addresses of calendars with their visits, which a
// calendar program subscribes to.
//
// An address is its own key: whoever has it reads the calendar. So it is long and random,
// shown once, kept as a hash only, never logged, can be switched off, and says no more than
// an invitation does. It also ends with the right that it was made under.
//
// Who may: an officer's visits are for whoever works cases, an office's for supervisors and
// headquarters, a company's for its own people. Each person looks after their own addresses.
package feed

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/ical"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

// Kind names addresses in audit events.
const Kind = "calendar_feed"

// Scope is whose visits a calendar has.
type Scope string

// The scopes.
const (
	Mine    Scope = "mine"
	Office  Scope = "office"
	Company Scope = "company"
)

// Name is the scope for a person to read (English source text).
func (s Scope) Name() string {
	return map[Scope]string{Mine: "My visits", Office: "Visits of my office", Company: "Visits of my company"}[s]
}

// Scopes are the calendars that an actor may have.
func Scopes(by identity.Actor) (out []Scope) {
	switch {
	case by.Audience == identity.Staff && by.Is(identity.CaseWorkers...):
		out = append(out, Mine)
		if by.Is(identity.Approvers...) {
			out = append(out, Office)
		}
	case by.Audience == identity.Companies && by.Is(identity.CompanyReaders...) && by.CompanyID != uuid.Nil:
		out = append(out, Company)
	}
	return out
}

// Feed is a private address of a calendar.
type Feed struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	PersonID  uuid.UUID
	Scope     Scope
	CompanyID *uuid.UUID
	OfficeID  *uuid.UUID
	TokenHash []byte
	CreatedAt time.Time
	UsedAt    *time.Time // about when a program last asked, nil: never
	RevokedAt *time.Time
	Version   int
}

// TableName is the table that holds addresses.
func (Feed) TableName() string { return "calendar_feed" }

// Service is what people do with private addresses of calendars.
type Service struct {
	DB          *pg.DB
	Now         func() time.Time
	Validations *validation.Steps
}

// List reads the actor's addresses that work under the right in use.
func (s *Service) List(ctx context.Context, by identity.Actor) (list []Feed, err error) {
	if !by.Known() {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, `select * from calendar_feed where person_id = $1 and revoked_at is null
		and (scope = 'mine' or office_id = $2 or company_id = $3) order by created_at`, by.PersonID, by.OfficeID, by.CompanyID))
	if err != nil {
		return nil, fmt.Errorf("list addresses of calendars: %w", err)
	}
	return slices.DeleteFunc(list, func(f Feed) bool { return !slices.Contains(Scopes(by), f.Scope) }), nil
}

// Make gives the actor a new address of a calendar; the one before ends. The token is part
// of the address and is told this once. NotFound: the scope is not for them.
func (s *Service) Make(ctx context.Context, by identity.Actor, scope Scope) (token string, err error) {
	if !slices.Contains(Scopes(by), scope) {
		return "", fault.Missing()
	}
	now := s.Now()
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	f := Feed{PersonID: by.PersonID, Scope: scope, TokenHash: hash(token), CreatedAt: now, Version: 1}
	event := audit.Event{Action: "calendar_feed.make", Kind: Kind, After: map[string]any{"scope": string(scope)}}
	switch scope {
	case Office:
		f.OfficeID = &by.OfficeID
	case Company:
		f.CompanyID, event.Company = &by.CompanyID, by.CompanyID
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		f.ID = pg.NewID()
		event.Subject = f.ID
		if err := end(ctx, tx, now, f); err != nil {
			return err
		}
		if err := add(ctx, tx, &f); err != nil {
			return fmt.Errorf("make an address of a calendar: %w", err)
		}
		return audit.Record(ctx, tx, now, by, event)
	})
	if pg.Constraint(err) == "one_live_feed" {
		err = fault.New(fault.Conflict, "You have just made an address in another window. Open the page again")
	}
	return token, err
}

// Revoke switches an address of the actor off, at once and for ever.
func (s *Service) Revoke(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	if !by.Known() {
		return fault.Missing()
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		f, err := lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if f.Version != version || f.RevokedAt != nil {
			return fault.Moved()
		}
		f.RevokedAt = &now
		if err := pg.Update(ctx, tx, &f, f.ID, &f.Version, "revoked_at"); err != nil {
			return fmt.Errorf("switch off an address of a calendar: %w", err)
		}
		event := audit.Event{Action: "calendar_feed.revoke", Kind: Kind, Subject: f.ID, Before: map[string]any{"scope": string(f.Scope)}}
		if f.CompanyID != nil {
			event.Company = *f.CompanyID
		}
		return audit.Record(ctx, tx, now, by, event)
	})
}

// hash is what is kept of a token. It needs no salt: the token is random.
func hash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// Calendar is what a program reads at an address.
type Calendar struct {
	Feed uuid.UUID
	Body []byte
	ETag string // of the body
}

// How long past visits stay in a calendar, how many it has at most, and how exactly it is
// noted when a program asked.
const (
	past      = 90 * 24 * time.Hour
	mostFound = 2000
	noted     = 10 * time.Minute
)

// Read gives the calendar of an address to whoever has it. NotFound: the address is wrong,
// was switched off, or the right that it was made under has ended.
func (s *Service) Read(ctx context.Context, token string) (c Calendar, err error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(32) {
		return c, fault.Missing()
	}
	now := s.Now()
	var f found
	if err := s.DB.Batch(ctx, pg.System, pg.One(&f, foundSQL, hash(token), now)); err != nil {
		return c, fmt.Errorf("open a calendar: %w", err)
	}
	var visits []visitRow
	if err := s.DB.Batch(ctx, pg.System, pg.All(&visits, visitsSQL+f.where()+fmt.Sprintf(` order by x.starts_at, x.id limit %d`, mostFound), f.of(), now.Add(-past))); err != nil {
		return c, fmt.Errorf("read a calendar: %w", err)
	}
	ctx = s.Validations.Letters.Speak(ctx, f.Lang)
	audience := identity.Staff
	if f.Scope == Company {
		audience = identity.Companies
	}
	events := make([]ical.Event, len(visits))
	for i, v := range visits {
		events[i] = s.Validations.Event(ctx, v.Visit, v.Reference, v.ChangedAt)
		events[i].URL = s.Validations.Letters.Page(audience, notice.AboutValidation, v.ValidationID)
	}
	body, err := ical.Feed(i18n.T(ctx, f.Scope.Name()), events)
	if err != nil {
		return c, err
	}
	sum := sha256.Sum256(body)
	c = Calendar{Feed: f.ID, Body: body, ETag: `"` + hex.EncodeToString(sum[:16]) + `"`}
	if f.UsedAt == nil || now.Sub(*f.UsedAt) > noted {
		err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error { return used(ctx, tx, f.ID, now) })
	}
	return c, err
}
