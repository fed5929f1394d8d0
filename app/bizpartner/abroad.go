package bizpartner

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

// Matter is a task: the status of a partner has changed in its own country, on which the
// member's security profile may count. The package recognition makes it; when the status counts
// again it settles by itself.
type Matter struct {
	ID        uuid.UUID
	Name      string // of the trusted trader abroad
	Number    string
	Status    string // confirmed, suspended, ended
	OpenedAt  time.Time
	SettledAt *time.Time
	Settler   string
	Note      string
	Version   int
}

// StatusName is the status abroad for a person to read (English source text).
func (m Matter) StatusName() string {
	return map[string]string{"confirmed": "Counts again", "suspended": "Suspended in its country", "ended": "Ended in its country"}[m.Status]
}

// Open reports whether the member has still to say what it did.
func (m Matter) Open() bool { return m.SettledAt == nil }

// mattersOf adds the tasks of a partner p to its columns.
const mattersOf = `, coalesce((select jsonb_agg(to_jsonb(z) order by z.settled_at is not null, z.opened_at desc, z.id) from
	(select x.id, x.name, x.number, x.status, x.opened_at, x.settled_at, x.settler, x.note, x.version from partner_matter x where x.partner_id = p.id order by x.settled_at is not null, x.opened_at desc, x.id limit 20) z), '[]')::text as matters`

// SettleEntry says what the member did.
type SettleEntry struct {
	Version int
	Note    string
}

// Settle says what the member did about a partner whose status abroad has changed. Editors of
// its company may.
func (s *Service) Settle(ctx context.Context, by identity.Actor, partner, matter uuid.UUID, in SettleEntry) error {
	if err := editor(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		list, err := scan[Matter](ctx, tx, `select id, name, number, status, opened_at, settled_at, settler, note, version from partner_matter where id = ? and partner_id = ? and company_id = ? for update`, matter, partner, by.CompanyID)
		switch {
		case err != nil:
			return fmt.Errorf("open the task: %w", err)
		case len(list) == 0:
			return fault.Missing()
		case list[0].Version != in.Version || !list[0].Open():
			return fault.Moved()
		}
		var c entry.Check
		note := c.Text("settle-"+matter.String(), "what you did", in.Note, 1, 2000)
		if err := c.Err(); err != nil {
			return err
		}
		_, err = run(ctx, tx, `update partner_matter set settled_at = ?, settled_by = ?, settler = ?, note = ?, version = version + 1 where id = ?`, now, by.PersonID, by.Name, note, matter)
		if err != nil {
			return fmt.Errorf("settle the task: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "business_partner.settle", Kind: Kind, Subject: partner, Company: by.CompanyID, After: map[string]any{"trader": list[0].Number, "status": list[0].Status}, Reason: note})
	})
}
