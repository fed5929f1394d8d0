package company

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Duplicate is a note that two accounts may be one company. Companies never see it.
type Duplicate struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	CompanyID  uuid.UUID // whose entry raised it
	OtherID    uuid.UUID
	Why        string // identifier or name
	Detail     string // the number or the like name
	FoundAt    time.Time
	SettledAt  *time.Time
	SettledBy  *uuid.UUID
	Settlement string
}

// TableName is the table that holds the notes.
func (Duplicate) TableName() string { return "possible_duplicate" }

// DuplicateItem is a note as the agency reads it, seen from one of the two accounts.
type DuplicateItem struct {
	ID         uuid.UUID
	OtherID    uuid.UUID // the other account
	Other      string    // its legal name
	Country    string
	Why        string
	Scheme     string // of the number; empty for a name
	Detail     string // the number, masked when it is about a person, or the like name
	FoundAt    time.Time
	SettledAt  *time.Time
	SettledBy  string
	Settlement string
}

const duplicatesSQL = `select d.id, o.id as other_id, o.name as other, o.country, d.why,
  case when d.why = 'identifier' then split_part(d.detail, ' ', 1) else '' end as scheme,
  case when d.why = 'identifier' then substr(d.detail, strpos(d.detail, ' ') + 1) else d.detail end as detail,
  d.found_at, d.settled_at, coalesce(p.name, '') as settled_by, d.settlement
from possible_duplicate d
join company o on o.id = case when d.company_id = $1 then d.other_id else d.company_id end
left join person p on p.id = d.settled_by
where d.company_id = $1 or d.other_id = $1
order by d.settled_at is not null, d.found_at desc, d.id limit 200`

// Duplicates lists the accounts that may be the same company, open ones first. For
// the agency's case workers and auditors.
func (s *Service) Duplicates(ctx context.Context, by identity.Actor, company uuid.UUID) ([]DuplicateItem, error) {
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return nil, fault.Missing()
	}
	var there int
	var out []DuplicateItem
	err := s.DB.Batch(ctx, by.Scope(), s.look(by, company,
		pg.Value(&there, `select 1 from company where id = $1`, company), pg.All(&out, duplicatesSQL, company))...)
	if err != nil {
		return nil, fmt.Errorf("list possible duplicates: %w", err)
	}
	for i, d := range out {
		if d.Scheme != "" {
			out[i].Detail = Shown(d.Scheme, d.Detail)
		}
	}
	return out, nil
}

// SettleDuplicate closes a note with what was found out. For case workers of an
// office that looks after either company.
func (s *Service) SettleDuplicate(ctx context.Context, by identity.Actor, id uuid.UUID, settlement string) error {
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return fault.Missing()
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		d, err := lockDuplicate(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("open the possible duplicate: %w", err)
		}
		if _, err := manage(ctx, tx, by, d.CompanyID); err != nil {
			if _, other := manage(ctx, tx, by, d.OtherID); other != nil {
				return err
			}
		}
		if d.SettledAt != nil {
			return fault.New(fault.Conflict, "Someone has settled this already. Open the page again to see how")
		}
		var k entry.Check
		d.Settlement = k.Text("settlement", "what you found out", settlement, 3, 1000)
		if err := k.Err(); err != nil {
			return err
		}
		now := s.Now()
		d.SettledAt, d.SettledBy = &now, &by.PersonID
		if err := settle(ctx, tx, d); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "company.settle_duplicate", Kind: "company", Subject: d.CompanyID, Company: d.CompanyID,
			After: map[string]string{"other": d.OtherID.String(), "settlement": d.Settlement}, Internal: true})
	})
}
