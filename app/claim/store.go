package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// work is a claim under the lock of one step.
type work struct {
	*Claim
	member member
	now    time.Time
	by     identity.Actor
	tx     pg.Tx
	ctx    context.Context
	s      *Service
}

// step locks a claim for a step of an actor and checks the version that they saw.
func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int, may func(identity.Actor) error, do func(w work) error) error {
	if err := may(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		w, err := s.lock(ctx, tx, now, by, id)
		switch {
		case err != nil:
			return err
		case by.Audience == identity.Companies && w.CompanyID != by.CompanyID:
			return fault.Missing()
		case by.Audience == identity.Staff && !by.InOffice(w.OfficeID):
			return fault.New(fault.Forbidden, "Another office works on this claim. You can read it")
		case w.Version != version:
			return fault.Moved()
		}
		return do(w)
	})
}

// lock locks a claim, within a transaction that sees it.
func (s *Service) lock(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID) (w work, err error) {
	var c Claim
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).First(&c).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return w, fault.Missing()
	case err != nil:
		return w, fmt.Errorf("open the claim: %w", err)
	}
	w = work{Claim: &c, now: now, by: by, tx: tx, ctx: ctx, s: s}
	if err := tx.WithContext(ctx).Raw(memberSQL+` where m.id = ?`, c.MembershipID).Scan(&w.member).Error; err != nil {
		return w, fmt.Errorf("open the membership of the claim: %w", err)
	}
	return w, s.complete(&w.member)
}

// move takes the claim to its next state, if the table of moves allows it.
func (w work) move(do Action, f Facts) error {
	f.Mine = w.OfficerID != nil && *w.OfficerID == w.by.PersonID
	f.Abroad, f.Round = w.Arrangement != "", w.Round
	to, err := Lifecycle().Next(w.Status, do, w.by.Role, f)
	if err != nil {
		return err
	}
	w.Status = to
	return nil
}

// save keeps the state and the named columns, with the audit event.
func (w work) save(e audit.Event, columns ...string) error {
	if err := pg.Update(w.ctx, w.tx, w.Claim, w.ID, &w.Version, append([]string{"status"}, columns...)...); err != nil {
		return fmt.Errorf("keep the claim: %w", err)
	}
	return w.record(e)
}

func (w work) record(e audit.Event) error {
	e.Kind, e.Subject, e.Company = Kind, w.ID, w.CompanyID
	return audit.Record(w.ctx, w.tx, w.now, w.by, e)
}

// log adds what happened to the history of the claim.
func (w work) log(do Action, r stepRow) error {
	r.ID, r.ClaimID, r.CompanyID, r.Kind, r.Author, r.PersonID, r.At = pg.NewID(), w.ID, w.CompanyID, do, w.by.Name, &w.by.PersonID, w.now
	switch w.by.Audience {
	case identity.Companies:
		r.Side = ByCompany
	case identity.Partners:
		r.Side, r.Author = ByPartner, w.by.Agency
	default:
		r.Side = ByAgency
	}
	if err := w.tx.WithContext(w.ctx).Create(&r).Error; err != nil {
		return fmt.Errorf("keep the history of the claim: %w", err)
	}
	return nil
}

// happened tells the clock of the claim.
func (w work) happened(event string) error {
	s := clock.Subject{Kind: Kind, ID: w.ID, Company: w.CompanyID, Office: w.OfficeID, Programme: w.member.rules}
	if err := w.s.Clocks.Happened(w.ctx, w.tx, w.now, w.by, s, event); err != nil {
		return fmt.Errorf("tell the clock of the claim: %w", err)
	}
	return nil
}

// due is the last day for the answer.
func (w work) due() (clock.Day, error) {
	list, err := w.s.Clocks.Of(w.ctx, w.tx, w.now, Kind, w.ID)
	if err != nil {
		return clock.Day{}, err
	}
	for _, v := range list {
		if v.StoppedAt == nil {
			return v.DueOn, nil
		}
	}
	return clock.Day{}, fmt.Errorf("claim %s: programme %s has no clock for its answer", w.Reference, w.Programme)
}

// letter writes to the company.
func (w work) letter(code string, values map[string]string, days map[string]time.Time) error {
	return w.s.Letters.ToCompany(w.ctx, w.tx, w.now, w.by, notice.Letter{Company: w.CompanyID, SubjectKind: Kind, SubjectID: w.ID, Programme: w.member.rules, Code: code, Values: values, Days: days})
}

// tellStaff tells who has the claim in hand, or the office.
func (w work) tellStaff() error {
	var people []uuid.UUID
	if w.OfficerID != nil {
		people = []uuid.UUID{*w.OfficerID}
	} else if err := w.tx.WithContext(w.ctx).Raw(`select to_tell(?)`, w.OfficeID).Scan(&people).Error; err != nil {
		return fmt.Errorf("find whom to tell: %w", err)
	}
	return w.s.Letters.ToStaff(w.ctx, w.tx, w.now, people, Kind, w.ID)
}
