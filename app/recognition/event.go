package recognition

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// happening is an event before it is written.
type happening struct {
	Kind        string
	Reason      string
	On          clock.Day
	EffectiveAt time.Time
}

// tell writes what a partner is told of a recognition. Writers take turns until they commit,
// so that a reader by cursor never passes a number that is still to come.
func tell(ctx context.Context, tx pg.Tx, now time.Time, r Recognition, h happening) error {
	if err := tx.WithContext(ctx).Exec(`select pg_advisory_xact_lock(hashtext('recognition_event'))`).Error; err != nil {
		return fmt.Errorf("wait for the events of partners: %w", err)
	}
	if h.EffectiveAt.After(now) {
		h.EffectiveAt = now
	}
	payload, err := json.Marshal(map[string]any{"kind": h.Kind, "reason": h.Reason, "arrangement": r.Arrangement, "recognition": r.ID, "membership": r.MembershipID, "effective_on": h.On.String()})
	if err != nil {
		return err
	}
	err = tx.WithContext(ctx).Exec(`insert into recognition_event (id, agency_id, arrangement, recognition_id, membership_id, company_id, kind, reason, effective_on, effective_at, occurred_at, payload)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb)`, pg.NewID(), r.AgencyID, r.Arrangement, r.ID, r.MembershipID, r.CompanyID, h.Kind, h.Reason, h.On, h.EffectiveAt, now, string(payload)).Error
	if err != nil {
		return fmt.Errorf("tell the partner: %w", err)
	}
	return nil
}

// move makes one move of a recognition that is locked, with its audit event.
func (s *Service) move(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r *Recognition, do Action, f Facts) error {
	to, err := Lifecycle().Next(r.Status, do, by.Role, f)
	if err != nil {
		return err
	}
	was := r.Status
	r.Status, r.Version = to, r.Version+1
	switch do {
	case Send:
		r.SentAt = &now
	case TakeUp:
		r.AcknowledgedAt = &now
	case Recognise, Refuse:
		r.AnsweredAt = &now
		if r.AcknowledgedAt == nil {
			r.AcknowledgedAt = &now
		}
	case Withdraw, EndByPortal:
		r.EndedAt, r.Told = &now, "ended"
	}
	err = tx.WithContext(ctx).Exec(`update recognition set status = ?, reason = ?, partner_ref = ?, sent_at = ?, acknowledged_at = ?, answered_at = ?, ended_at = ?, end_reason = ?, told = ?, version = ? where id = ?`,
		r.Status, r.Reason, r.PartnerRef, r.SentAt, r.AcknowledgedAt, r.AnsweredAt, r.EndedAt, r.EndReason, r.Told, r.Version, r.ID).Error
	if err != nil {
		return fmt.Errorf("keep the recognition: %w", err)
	}
	why := r.Reason
	if r.EndReason != "" {
		why = r.EndReason
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "recognition." + string(do), Kind: Kind, Subject: r.ID, Company: r.CompanyID, Agency: r.AgencyID, Reason: why,
		Before: map[string]any{"status": was}, After: map[string]any{"status": r.Status, "arrangement": r.Arrangement}})
}

// end ends a recognition, tells the partner and writes to the company.
func (s *Service) end(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r *Recognition, do Action, h happening) error {
	r.EndReason = h.Reason
	if err := s.move(ctx, tx, now, by, r, do, Facts{}); err != nil {
		return err
	}
	if err := tell(ctx, tx, now, *r, h); err != nil {
		return err
	}
	return s.letter(ctx, tx, now, by, *r, "recognition_ended", ReasonName(h.Reason))
}

// letter writes to the company about a recognition.
func (s *Service) letter(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r Recognition, code, words string) error {
	a, ok := s.Register.Get(r.Arrangement)
	if !ok {
		return fmt.Errorf("there is no arrangement %q", r.Arrangement)
	}
	var m []struct{ Programme, Number string }
	if err := tx.WithContext(ctx).Raw(`select programme, number from membership where id = ?`, r.MembershipID).Scan(&m).Error; err != nil {
		return fmt.Errorf("read the membership: %w", err)
	}
	if len(m) == 0 {
		return fault.Missing()
	}
	p, ok := s.Programmes.Get(m[0].Programme)
	if !ok {
		return fmt.Errorf("the portal has no programme %q", m[0].Programme)
	}
	o, _ := a.For(p.Code)
	note := ""
	if r.Status == Refused && r.PartnerRef != "" {
		note = r.PartnerRef
	}
	return s.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: r.CompanyID, SubjectKind: Kind, SubjectID: r.ID, Programme: p, Code: code,
		Values: map[string]string{"membership_number": m[0].Number, "partner": o.Partner + " (" + o.Authority + ")", "reason": words, "note": note}})
}

// lock locks a recognition that the transaction sees.
func lock(ctx context.Context, tx pg.Tx, id uuid.UUID) (r Recognition, err error) {
	var list []Recognition
	if err := tx.WithContext(ctx).Raw(`select `+columns+` from recognition r where r.id = ? for update`, id).Scan(&list).Error; err != nil {
		return r, fmt.Errorf("open the recognition: %w", err)
	}
	if len(list) == 0 {
		return r, fault.Missing()
	}
	return list[0], nil
}
