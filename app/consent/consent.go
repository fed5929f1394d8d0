// Package consent is what other agencies of the same government may see of a member: nothing
// without the member's consent to that agency, which it gives and revokes at any time. Every
// look is written down before its answer is shown.
//
// Who may: owner and signatory consent and revoke for a company; its own people read who may
// see it and who has looked. People of another agency look by the exact number of a
// membership or of a company. To everybody else there is nothing.
package consent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// OtherAgency is the kind of an agency of the same government; the others are customs.
const OtherAgency = "other_agency"

// mostFound bounds the memberships that one look shows.
const mostFound = 20

// Service is what people do with consents.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Programmes *programme.Register
}

// Agency is another agency as a company sees it.
type Agency struct {
	ID        uuid.UUID
	Name      string
	GivenAt   *time.Time // nil: it sees nothing
	Giver     string
	RevokedAt *time.Time // of the last consent, when it was revoked
}

// Look is one look of another agency at the company.
type Look struct {
	At     time.Time
	Agency string
	Asked  string
	Why    string
	Shown  bool
}

// Shown is what a look shows of a membership.
type Shown struct {
	Company    string
	Number     string
	Programme  string
	EntityType string
	Status     string
	Tier       string
}

// Page is who may see a company, and who has looked.
type Page struct {
	Agencies []Agency
	Looks    []Look // the newest first
	Shows    []Shown
	May      bool // the reader may consent and revoke
}

const shownSQL = `select y.name as company, m.number, m.programme, m.entity_type, m.status, m.tier from membership m join company y on y.id = m.company_id`

// Mine reads who may see the actor's company. Its own people may.
func (s *Service) Mine(ctx context.Context, by identity.Actor) (p Page, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return p, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&p.Agencies, `select a.id, a.name, case when c.revoked_at is null then c.given_at end as given_at, coalesce(c.giver, '') as giver, c.revoked_at
			from agency a left join lateral (select given_at, giver, revoked_at from agency_consent where company_id = $1 and agency_id = a.id order by given_at desc limit 1) c on true
			where a.kind = $2 order by a.name, a.id limit 200`, *own, OtherAgency),
		pg.All(&p.Looks, `select at, agency, asked, why, shown from agency_look where company_id = $1 order by at desc, id desc limit 100`, *own),
		pg.All(&p.Shows, shownSQL+` where m.company_id = $1 order by m.number limit $2`, *own, mostFound))
	if err != nil {
		return p, fmt.Errorf("read who may see the company: %w", err)
	}
	p.May = by.Is(identity.CompanySigners...)
	return p, nil
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

// Give lets an agency see the actor's company from now on. Owner and signatory may. Doing it
// twice changes nothing.
func (s *Service) Give(ctx context.Context, by identity.Actor, agency uuid.UUID) error {
	if err := signer(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := other(ctx, tx, agency); err != nil {
			return err
		}
		r := tx.WithContext(ctx).Exec(`insert into agency_consent (id, company_id, agency_id, given_at, given_by, giver) values (?, ?, ?, ?, ?, ?)
			on conflict (company_id, agency_id) where revoked_at is null do nothing`, pg.NewID(), by.CompanyID, agency, now, by.PersonID, by.Name)
		if r.Error != nil {
			return fmt.Errorf("consent: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return nil
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "consent.give", Kind: "company", Subject: by.CompanyID, Company: by.CompanyID, Agency: agency})
	})
}

// Revoke ends what Give began, at once. The same persons may.
func (s *Service) Revoke(ctx context.Context, by identity.Actor, agency uuid.UUID) error {
	if err := signer(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := other(ctx, tx, agency); err != nil {
			return err
		}
		r := tx.WithContext(ctx).Exec(`update agency_consent set revoked_at = greatest(?, given_at), revoked_by = ?, revoker = ? where company_id = ? and agency_id = ? and revoked_at is null`,
			now, by.PersonID, by.Name, by.CompanyID, agency)
		if r.Error != nil {
			return fmt.Errorf("revoke the consent: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return nil
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "consent.revoke", Kind: "company", Subject: by.CompanyID, Company: by.CompanyID, Agency: agency})
	})
}

// other refuses what is no other agency.
func other(ctx context.Context, tx pg.Tx, id uuid.UUID) error {
	var yes bool
	if err := tx.WithContext(ctx).Raw(`select exists (select from agency where id = ? and kind = ?)`, id, OtherAgency).Scan(&yes).Error; err != nil {
		return fmt.Errorf("look for the agency: %w", err)
	}
	if !yes {
		return fault.Missing()
	}
	return nil
}

// MayLook reports whether the actor acts for another agency, whose people can look for members.
func (s *Service) MayLook(ctx context.Context, by identity.Actor) (yes bool, err error) {
	if by.Audience != identity.Partners || !by.Is(identity.RolesOf(identity.Partners)...) {
		return false, nil
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.Value(&yes, `select exists (select from agency where id = $1 and kind = $2)`, by.AgencyID, OtherAgency))
	return yes, err
}

// Question is what an officer of another agency asks for.
type Question struct {
	Number string // of a membership or of a company, whole
	Why    string
}

// foundRow is a membership of a company with that number.
type foundRow struct {
	Shown
	CompanyID uuid.UUID
	Agreed    bool
}

// Find looks for members by an exact number, as their status is now. People of another agency
// may. The look is written down with its audit event in the transaction that reads the answer.
// A company that has not agreed is answered for like one that is not there.
func (s *Service) Find(ctx context.Context, by identity.Actor, q Question) (out []Shown, err error) {
	if ok, err := s.MayLook(ctx, by); err != nil || !ok {
		return nil, orMissing(err)
	}
	var k entry.Check
	number := strings.ToUpper(k.Line("number", "the whole number", q.Number, 3, 60))
	why := k.Line("why", "why you look", q.Why, 5, 1000)
	if err := k.Err(); err != nil {
		return nil, err
	}
	now := s.Now()
	// The company's rows are not its agency's: the portal reads them, and hands out those to
	// which the company has agreed.
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		out = nil
		var rows []foundRow
		err := tx.WithContext(ctx).Raw(shownBySQL, map[string]any{"agency": by.AgencyID, "number": number, "key": plain(number), "most": mostFound}).Scan(&rows).Error
		if err != nil {
			return fmt.Errorf("look for the member: %w", err)
		}
		asked := map[uuid.UUID]bool{}
		for _, r := range rows {
			if r.Agreed {
				out = append(out, r.Shown)
			}
			if asked[r.CompanyID] {
				continue
			}
			asked[r.CompanyID] = true
			if err := s.note(ctx, tx, now, by, &r.CompanyID, number, why, r.Agreed); err != nil {
				return err
			}
		}
		if len(rows) == 0 {
			return s.note(ctx, tx, now, by, nil, number, why, false)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

const shownBySQL = `with ids as (select company_id from membership where number = @number
	union select company_id from company_identifier where search_key = @key and @key <> '' and removed_at is null)
	select y.name as company, m.number, m.programme, m.entity_type, m.status, m.tier, m.company_id,
	  exists (select from agency_consent c where c.company_id = m.company_id and c.agency_id = @agency and c.revoked_at is null) as agreed
	from membership m join company y on y.id = m.company_id where m.company_id in (select company_id from ids) order by m.number limit @most`

// note writes a look down.
func (s *Service) note(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, company *uuid.UUID, number, why string, shown bool) error {
	err := tx.WithContext(ctx).Exec(`insert into agency_look (id, agency_id, agency, person_id, company_id, asked, why, shown, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		pg.NewID(), by.AgencyID, by.Agency, by.PersonID, company, number, why, shown, now).Error
	if err != nil {
		return fmt.Errorf("write the look down: %w", err)
	}
	e := audit.Event{Action: "consent.look", Kind: "company", Agency: by.AgencyID, Reason: why, After: map[string]any{"asked": number, "shown": shown}}
	if company != nil {
		e.Subject, e.Company = *company, *company
		e.Agency = uuid.Nil // its own agency must not learn from the trail that there is such a company
	}
	return audit.Record(ctx, tx, now, by, e)
}

// plain is a number as identifiers are searched: capital letters and digits alone.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func orMissing(err error) error {
	if err != nil {
		return err
	}
	return fault.Missing()
}
