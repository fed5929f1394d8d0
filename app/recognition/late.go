package recognition

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// LateAgency is a partner that has not acknowledged in time what it was told.
type LateAgency struct {
	AgencyID uuid.UUID
	Agency   string
	Late     int
	Oldest   time.Time // when the oldest of them left
	Unseen   int       // of them those that nobody there has fetched or opened
}

// LateNotice is a suspension or an end that a partner has not acknowledged in time.
type LateNotice struct {
	ID          uuid.UUID
	AgencyID    uuid.UUID
	Agency      string
	Arrangement string
	Kind        string
	Reason      string
	Number      string // of the membership
	CompanyID   uuid.UUID
	Company     string
	EffectiveOn clock.Day
	OccurredAt  time.Time
	DeliveredAt *time.Time
}

// Late is everything that partners are late with, the oldest first.
type Late struct {
	Agencies []LateAgency
	Items    []LateNotice
	Agency   uuid.UUID // of whom the items are; the zero id: of all
	Page     int
	More     bool
}

// lateFrom are events e with their acknowledgement k of which headquarters was alarmed and that
// are still open.
const lateFrom = ` from recognition_ack k join recognition_event e on e.id = k.event_id join agency a on a.id = k.agency_id where k.alarmed_at is not null and k.acknowledged_at is null`

// Late lists what partners have not acknowledged within AckWithin, of one agency or of all:
// what Alarm has found. Case readers may.
func (s *Service) Late(ctx context.Context, by identity.Actor, agency uuid.UUID, page int) (l Late, err error) {
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return l, fault.Missing()
	}
	l = Late{Agency: agency, Page: min(max(page, 1), 1000)}
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&l.Agencies, `select k.agency_id, a.name as agency, count(*)::int as late, min(e.occurred_at) as oldest, count(*) filter (where k.delivered_at is null)::int as unseen`+lateFrom+` group by k.agency_id, a.name order by min(e.occurred_at), a.name limit 200`),
		pg.All(&l.Items, `select x.id, x.agency_id, x.agency, x.arrangement, x.kind, x.reason, m.number, x.company_id, y.name as company, x.effective_on, x.occurred_at, x.delivered_at from (select e.id, k.agency_id, a.name as agency, e.arrangement, e.kind, e.reason, e.membership_id, e.company_id, e.effective_on, e.occurred_at, e.seq, k.delivered_at`+lateFrom+`
			and ($1 = '00000000-0000-0000-0000-000000000000'::uuid or k.agency_id = $1) order by e.seq limit $2 offset $3) x join membership m on m.id = x.membership_id join company y on y.id = x.company_id order by x.seq`, agency, pageSize+1, (l.Page-1)*pageSize))
	if err != nil {
		return l, fmt.Errorf("list what partners are late with: %w", err)
	}
	if len(l.Items) > pageSize {
		l.Items, l.More = l.Items[:pageSize], true
	}
	return l, nil
}

// LateCount counts what Late lists, up to a thousand, within a batch of a page of the agency.
func LateCount(n *int) pg.Query {
	return pg.Value(n, `select count(*)::int from (select from recognition_ack where alarmed_at is not null and acknowledged_at is null limit 1000) x`)
}
