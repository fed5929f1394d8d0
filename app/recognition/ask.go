package recognition

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Consent is what a company agreed to.
type Consent struct {
	Key         string // code of an arrangement, or arrangement.Everywhere
	GivenAt     time.Time
	Giver       string
	TextVersion string
}

// AskEntry is what a company sends to be recognised.
type AskEntry struct {
	Membership uuid.UUID
	Agree      bool   // to the text
	Text       string // code of the text that was shown
}

// signer lets those through who bind a company.
func signer(by identity.Actor) error {
	switch {
	case by.Audience != identity.Companies:
		return fault.Missing()
	case !by.Is(identity.CompanySigners...):
		return fault.New(fault.Forbidden, "Only an owner or a signatory of the company can do this")
	}
	return nil
}

// Ask asks the partner of an arrangement to recognise a membership of the actor's company, and
// consents to what is shown to the partner unless that was done before. Owner and signatory
// may. From the end of this step the partner sees the member.
func (s *Service) Ask(ctx context.Context, by identity.Actor, code string, in AskEntry) (r Recognition, err error) {
	if err := signer(by); err != nil {
		return r, err
	}
	a, ok := s.Register.Get(code)
	if !ok || !a.Ours() {
		return r, fault.Missing()
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		m, err := memberOf(ctx, tx, now, in.Membership, true)
		if err != nil {
			return err
		}
		o, ok := a.For(m.Programme)
		if !ok || m.CompanyID != by.CompanyID {
			return fault.Missing()
		}
		today, err := arrangement.Today(ctx, tx, now)
		if err != nil {
			return err
		}
		life, err := s.Register.LifeOf(ctx, tx, code)
		if err != nil {
			return err
		}
		partner, there, err := partnerOf(ctx, tx, code)
		if err != nil {
			return err
		}
		if list := obstacles(m, o, life.On(today, now), today, there); len(list) > 0 {
			return fault.New(fault.Conflict, "You cannot ask for this recognition now. The page says why")
		}
		if err := s.agree(ctx, tx, now, by, a, o, in); err != nil {
			return err
		}
		r = Recognition{ID: pg.NewID(), CompanyID: by.CompanyID, MembershipID: m.ID, Arrangement: code, AgencyID: partner.AgencyID, Status: Asked, AskedAt: now, Told: "active", Version: 1}
		err = tx.WithContext(ctx).Exec(`insert into recognition (id, company_id, membership_id, arrangement, agency_id, status, asked_at, asked_by) values (?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.CompanyID, r.MembershipID, r.Arrangement, r.AgencyID, r.Status, now, by.PersonID).Error
		if pg.Constraint(err) == "one_live_recognition" {
			return fault.New(fault.Conflict, "You have asked for this recognition already")
		}
		if err != nil {
			return fmt.Errorf("ask for recognition: %w", err)
		}
		if err := audit.Record(ctx, tx, now, by, audit.Event{Action: "recognition.ask", Kind: Kind, Subject: r.ID, Company: r.CompanyID, Agency: r.AgencyID, After: map[string]any{"arrangement": code, "membership": m.Number}}); err != nil {
			return err
		}
		if err := s.move(ctx, tx, now, portal(by), &r, Send, Facts{}); err != nil {
			return err
		}
		if err := tell(ctx, tx, now, r, happening{Kind: Gained, On: today, EffectiveAt: now}); err != nil {
			return err
		}
		return s.letter(ctx, tx, now, by, r, "recognition_sent", "")
	})
	return r, err
}

// portal is the portal itself within a request of somebody: the audit trail names both.
func portal(by identity.Actor) identity.Actor {
	c := identity.ClockActor("recognition")
	c.RequestID = by.RequestID
	return c
}

// agree keeps the consent unless it is there. The text is the one that was shown: another one
// is a conflict.
func (s *Service) agree(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a arrangement.Arrangement, o arrangement.Operative, in AskEntry) error {
	text, ok := s.Register.Text(o.Consent)
	if !ok {
		return fmt.Errorf("arrangement %s has no text of consent", a.Code)
	}
	key := s.Register.Key(a, o.Home)
	var live bool
	if err := tx.WithContext(ctx).Raw(`select exists (select from recognition_consent where company_id = ? and arrangement = ? and withdrawn_at is null)`, by.CompanyID, key).Scan(&live).Error; err != nil {
		return fmt.Errorf("read the consent: %w", err)
	}
	switch {
	case live:
		return nil
	case !in.Agree:
		return fault.Fail([]fault.Field{fault.F("agree", "Consent to what is shown to the partner. Without it there is no recognition")})
	case in.Text != text.Code:
		return fault.New(fault.Conflict, "The text of consent has changed. Read it again")
	}
	err := tx.WithContext(ctx).Exec(`insert into recognition_consent (id, company_id, arrangement, given_at, given_by, giver, text_version, elements)
		values (?, ?, ?, ?, ?, ?, ?, string_to_array(?, ',')) on conflict (company_id, arrangement) where withdrawn_at is null do nothing`,
		pg.NewID(), by.CompanyID, key, now, by.PersonID, by.Name, text.Code, strings.Join(text.Elements, ",")).Error
	if err != nil {
		return fmt.Errorf("keep the consent: %w", err)
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "recognition.consent", Kind: "company", Subject: by.CompanyID, Company: by.CompanyID,
		After: map[string]any{"arrangement": key, "text": text.Code, "elements": text.Elements}})
}

// WithdrawConsent ends the consent of the actor's company to an arrangement, for a general
// consent to all of them, and with it every recognition under it, in one transaction: from its
// end no check discloses the company. Owner and signatory may. Twice is once.
func (s *Service) WithdrawConsent(ctx context.Context, by identity.Actor, code, home string) error {
	if err := signer(by); err != nil {
		return err
	}
	a, ok := s.Register.Get(code)
	if !ok {
		return fault.Missing()
	}
	if _, ok := a.For(home); !ok {
		return fault.Missing()
	}
	key, now := s.Register.Key(a, home), s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(`update recognition_consent set withdrawn_at = greatest(?::timestamptz, given_at), withdrawn_by = ?, withdrawer = ? where company_id = ? and arrangement = ? and withdrawn_at is null`,
			now, by.PersonID, by.Name, by.CompanyID, key)
		if r.Error != nil {
			return fmt.Errorf("withdraw the consent: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return nil
		}
		if err := audit.Record(ctx, tx, now, by, audit.Event{Action: "recognition.withdraw_consent", Kind: "company", Subject: by.CompanyID, Company: by.CompanyID, Before: map[string]any{"arrangement": key}}); err != nil {
			return err
		}
		var live []struct {
			ID                uuid.UUID
			Arrangement, Home string
		}
		err := tx.WithContext(ctx).Raw(`select r.id, r.arrangement, m.programme as home from recognition r join membership m on m.id = r.membership_id
			where r.company_id = ? and r.ended_at is null order by r.id for update of r`, by.CompanyID).Scan(&live).Error
		if err != nil {
			return fmt.Errorf("read the recognitions: %w", err)
		}
		today, err := arrangement.Today(ctx, tx, now)
		if err != nil {
			return err
		}
		for _, x := range live {
			of, ok := s.Register.Get(x.Arrangement)
			if !ok || s.Register.Key(of, x.Home) != key {
				continue
			}
			one, err := lock(ctx, tx, x.ID)
			if err != nil {
				return err
			}
			if !one.Live() {
				continue
			}
			if err := s.end(ctx, tx, now, by, &one, Withdraw, happening{Kind: Lost, Reason: WithdrawnFromExchange, On: today, EffectiveAt: now}); err != nil {
				return err
			}
		}
		return nil
	})
}
