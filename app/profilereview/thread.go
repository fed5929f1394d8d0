package profilereview

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
)

// MessageEntry is an entry of a thread as a person writes it.
type MessageEntry struct {
	Criterion string
	Body      string
	ToCompany bool // a draft that the next return or the acceptance sends; otherwise an internal note
}

// messageRow is an entry of a thread as it is kept.
type messageRow struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	CompanyID  uuid.UUID
	Programme  string
	EntityType string
	Criterion  string
	CycleID    uuid.UUID
	Side       string
	Internal   bool
	Body       string
	Author     string
	WrittenBy  *uuid.UUID
	WrittenAt  time.Time
	SentAt     *time.Time
	About      string `gorm:"type:jsonb"`
	ResolvedAt *time.Time
	ResolvedBy *uuid.UUID
	Resolver   string
	Version    int
}

// TableName is the table that holds threads.
func (messageRow) TableName() string { return "profile_message" }

// Write adds an internal note to the thread of a criterion, or a draft of a message to the
// company. Case workers of the office tree may, and whoever is in charge. Threads only
// grow: two who write at once are both read. Invalid: the text. Conflict: the profile is
// accepted or has ended.
func (s *Service) Write(ctx context.Context, by identity.Actor, id uuid.UUID, in MessageEntry) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err := s.beside(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := s.counts(ctx, tx, c, in.Criterion); err != nil {
			return err
		}
		var check entry.Check
		body := check.Text("body", "the text", in.Body, 1, 8000)
		if err := check.Err(); err != nil {
			return err
		}
		m := messageRow{ID: pg.NewID(), CompanyID: c.CompanyID, Programme: c.Programme, EntityType: c.EntityType, Criterion: in.Criterion, CycleID: c.ID,
			Side: "agency", Internal: !in.ToCompany, Body: body, Author: by.Name, WrittenBy: &by.PersonID, WrittenAt: now, Version: 1}
		if in.ToCompany {
			m.Author = s.Steps.Letters.Author(ctx)
		}
		if m.About, err = s.versions(ctx, tx, c, in.Criterion); err != nil {
			return err
		}
		if err := add(ctx, tx, &m); err != nil {
			return fmt.Errorf("write to the thread: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.note", Kind: profile.Kind, Subject: c.ID, Company: c.CompanyID, Internal: true,
			After: map[string]any{"criterion": in.Criterion, "message": m.ID, "to_company": in.ToCompany}})
	})
}

// beside opens a profile for notes and drafts.
func (s *Service) beside(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (profile.Cycle, error) {
	c, h, err := share(ctx, tx, by, id)
	if err != nil {
		return c, err
	}
	if err := h.help(by); err != nil {
		return c, err
	}
	return c, closed(c)
}

// versions are the answers of a criterion that its specialist has before them.
func (s *Service) versions(ctx context.Context, tx pg.Tx, c profile.Cycle, criterion string) (string, error) {
	about := map[string]int{}
	if c.SubmittedAt != nil {
		list, err := answerVersions(ctx, tx, c.ID, criterion, *c.SubmittedAt)
		if err != nil {
			return "", err
		}
		about = list
	}
	text, err := json.Marshal(about)
	if err != nil {
		return "", fmt.Errorf("note the versions of the answers: %w", err)
	}
	return string(text), nil
}

// message opens one entry of a profile's threads for a change.
func (s *Service) message(ctx context.Context, tx pg.Tx, by identity.Actor, id, message uuid.UUID, version int) (profile.Cycle, messageRow, error) {
	c, err := s.beside(ctx, tx, by, id)
	if err != nil {
		return c, messageRow{}, err
	}
	m, err := lockMessage(ctx, tx, c, message)
	if err != nil {
		return c, m, err
	}
	if m.Version != version {
		return c, m, fault.Moved(fault.Change{Label: "Text", Theirs: m.Body})
	}
	return c, m, nil
}

// DraftEntry is a draft as a person changes it.
type DraftEntry struct {
	Version  int
	Body     string
	Internal bool // keep it as an internal note: it is not sent
}

// ChangeDraft changes a message to the company that was not sent yet, or keeps it as an
// internal note instead. The same persons may as write. Invalid: the text. Conflict:
// somebody changed it, or it was sent.
func (s *Service) ChangeDraft(ctx context.Context, by identity.Actor, id, message uuid.UUID, in DraftEntry) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, m, err := s.message(ctx, tx, by, id, message, in.Version)
		if err != nil {
			return err
		}
		if m.Side != "agency" || m.Internal || m.SentAt != nil {
			return fault.New(fault.Conflict, "This message was sent, so it cannot be changed any more")
		}
		var check entry.Check
		m.Body = check.Text("body", "the text", in.Body, 1, 8000)
		if err := check.Err(); err != nil {
			return err
		}
		if in.Internal {
			m.Internal, m.Author = true, by.Name
		}
		if err := pg.Update(ctx, tx, &m, m.ID, &m.Version, "body", "internal", "author"); err != nil {
			return fmt.Errorf("change the draft: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.change_draft", Kind: profile.Kind, Subject: c.ID, Company: c.CompanyID, Internal: true,
			After: map[string]any{"criterion": m.Criterion, "message": m.ID, "to_company": !m.Internal}})
	})
}

// Settle marks a message of the thread as settled, or as open again: only a person says
// so. The same persons may as write. Conflict: somebody was faster.
func (s *Service) Settle(ctx context.Context, by identity.Actor, id, message uuid.UUID, version int, settled bool) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, m, err := s.message(ctx, tx, by, id, message, version)
		if err != nil {
			return err
		}
		if m.Internal || m.SentAt == nil {
			return fault.New(fault.Conflict, "Only messages between you and the company can be settled")
		}
		action := "profile.settle"
		m.ResolvedAt, m.ResolvedBy, m.Resolver = &now, &by.PersonID, by.Name
		if !settled {
			action = "profile.unsettle"
			m.ResolvedAt, m.ResolvedBy, m.Resolver = nil, nil, ""
		}
		if err := pg.Update(ctx, tx, &m, m.ID, &m.Version, "resolved_at", "resolved_by", "resolver"); err != nil {
			return fmt.Errorf("settle the message: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: action, Kind: profile.Kind, Subject: c.ID, Company: c.CompanyID, Internal: true,
			After: map[string]any{"criterion": m.Criterion, "message": m.ID}})
	})
}
