package application

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// NumbersField is the form field of the numbers that take part.
const NumbersField = "numbers"

// numberRow is a number that takes part.
type numberRow struct {
	ApplicationID, IdentifierID, CompanyID uuid.UUID
	ChosenAt                               time.Time
	ChosenBy                               *uuid.UUID
}

// TableName is the table that holds the choice.
func (numberRow) TableName() string { return "application_identifier" }

// Choosable are the company's numbers among which the programme lets it choose those that
// take part; nil: it lets it choose none, and all of them do.
func (f File) Choosable() (out []Identifier) {
	rule := f.Entity.Identifiers.Choose
	if rule == nil {
		return nil
	}
	for _, i := range f.Dossier.Identifiers {
		if slices.Contains(rule.Schemes, i.Scheme) {
			out = append(out, i)
		}
	}
	return out
}

// TakesPart are the numbers that were chosen and that the company still has.
func (f File) TakesPart() (out []Identifier) {
	for _, i := range f.Choosable() {
		if slices.Contains(f.Chosen, i.ID) {
			out = append(out, i)
		}
	}
	return out
}

// ChooseNumbers keeps which numbers of the company take part. Editors may, and contributors
// to whom the numbers are assigned; for a membership that has begun, its signers, and the
// person of the agency who had the case is told: the numbers of a member have all been
// accepted by the agency, so the choice among them needs no other decision. Invalid: none is
// chosen, or one that the company has not. Conflict: the part is locked, a colleague was
// faster, or the programme offers no choice.
func (s *Service) ChooseNumbers(ctx context.Context, by identity.Actor, id uuid.UUID, version int, numbers []uuid.UUID) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		return s.chooseNumbers(ctx, tx, s.Now(), by, id, version, numbers)
	})
}

func (s *Service) chooseNumbers(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, version int, numbers []uuid.UUID) error {
	a, err := Open(ctx, tx, by, id, version)
	if err != nil {
		return err
	}
	if err := mayEdit(ctx, tx, by, PartIdentifiers); err != nil {
		return err
	}
	f, err := s.load(ctx, tx, now, a)
	if err != nil {
		return err
	}
	if f.Entity.Identifiers.Choose == nil {
		return fault.New(fault.Conflict, "All numbers of your company take part in this programme. There is nothing to choose")
	}
	list := Checklist{File: f}
	if _, list.Asked, err = OpenRequest(ctx, tx, a); err != nil {
		return err
	}
	if list.Membership, err = memberBy(ctx, tx, a); err != nil {
		return err
	}
	if list.Membership != nil && !by.Is(identity.CompanySigners...) {
		return fault.New(fault.Forbidden, "You cannot change which numbers take part in a membership. An owner or a signatory can")
	}
	if !list.MayChoose(by) {
		return lockedFault()
	}
	var rows []numberRow
	for _, i := range f.Choosable() {
		if slices.Contains(numbers, i.ID) {
			rows = append(rows, numberRow{ApplicationID: a.ID, IdentifierID: i.ID, CompanyID: a.CompanyID, ChosenAt: now, ChosenBy: &by.PersonID})
		}
	}
	if len(rows) == 0 || len(rows) < len(numbers) {
		return fault.Fail([]fault.Field{fault.F(NumbersField, "Choose one or more numbers of your company")})
	}
	if err := replaceNumbers(ctx, tx, a.ID, rows); err != nil {
		return fmt.Errorf("keep the numbers that take part: %w", err)
	}
	if err := pg.Update(ctx, tx, &a, a.ID, &a.Version); err != nil {
		return fmt.Errorf("keep the numbers that take part: %w", err)
	}
	// The trail names the records and not the numbers: some are about a person.
	before, after := f.Chosen, make([]uuid.UUID, len(rows))
	for i, r := range rows {
		after[i] = r.IdentifierID
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{Action: "application.choose_numbers", Kind: Kind, Subject: a.ID, Company: a.CompanyID,
		Before: map[string]any{"identifiers": before}, After: map[string]any{"identifiers": after}})
	if err != nil || list.Membership == nil || a.AssigneeID == nil {
		return err
	}
	return s.Letters.ToStaff(ctx, tx, now, []uuid.UUID{*a.AssigneeID}, notice.AboutMembership, *list.Membership)
}

// MayChoose reports whether the actor may choose now which numbers take part.
func (c Checklist) MayChoose(by identity.Actor) bool {
	if c.Membership != nil {
		return by.Is(identity.CompanySigners...)
	}
	return c.Editable(PartIdentifiers)
}

// memberBy is the membership that an application led to, if it has not ended and the
// programme lets the company choose among its numbers; else nil.
func memberBy(ctx context.Context, tx pg.Tx, a Application) (*uuid.UUID, error) {
	if a.Status != Certified {
		return nil, nil
	}
	var list []uuid.UUID
	err := tx.WithContext(ctx).Raw(`select id from membership where application_id = ? and status <> 'ended'`, a.ID).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("look for the membership: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

func replaceNumbers(ctx context.Context, tx pg.Tx, application uuid.UUID, rows []numberRow) error {
	if err := tx.WithContext(ctx).Exec(`delete from application_identifier where application_id = ?`, application).Error; err != nil {
		return err
	}
	return tx.WithContext(ctx).Create(&rows).Error
}
