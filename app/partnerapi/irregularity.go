package partnerapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// IrregularityKinds lists what a partner can report.
func IrregularityKinds() []string {
	return []string{"security", "customs_offence", "documents", "goods", "identity", "other"}
}

// Report is what a partner reports about an operator of ours.
type Report struct {
	Arrangement string `json:"arrangement"`
	Scheme      string `json:"scheme"`
	Value       string `json:"value"`
	Kind        string `json:"kind"`
	OccurredOn  string `json:"occurred_on"` // YYYY-MM-DD
	Text        string `json:"text"`
	OwnRef      string `json:"own_ref"`
}

// Receipt says that a report has come.
type Receipt struct {
	Number     string    `json:"number"`
	ReceivedAt time.Time `json:"received_at"`
	OwnRef     string    `json:"own_ref,omitempty"`
}

// Irregularity is a report as headquarters sees it.
type Irregularity struct {
	ID          uuid.UUID
	Number      string
	Agency      string
	Client      string
	Arrangement string
	Scheme      string
	Value       string
	Kind        string
	OccurredOn  clock.Day
	Text        string
	OwnRef      string
	ReceivedAt  time.Time
	TakenAt     *time.Time
	Taker       string
	Note        string
	Version     int
	CompanyID   *uuid.UUID // whose number it is; nil: nobody's, or of several
	Company     string
}

// Report takes a report of an irregularity. The receipt is the same whether there is such an
// operator or not. Scope irregularity:write.
func (s *Service) Report(ctx context.Context, c Caller, in Report) (r Receipt, err error) {
	var k entry.Check
	scheme := k.Line("scheme", "the scheme of the number", in.Scheme, 1, 40)
	value := k.Line("value", "the number of the operator", in.Value, 1, 60)
	what := k.OneOf("kind", "what kind of irregularity it is", in.Kind, IrregularityKinds()...)
	text := k.Text("text", "what happened", in.Text, 1, 4000)
	own := k.Line("own_ref", "your reference", in.OwnRef, 0, 60)
	on, err := clock.ParseDay(in.OccurredOn)
	now := s.Now()
	if err != nil || on.After(clock.DayOf(now.Add(24*time.Hour), time.UTC)) {
		k.Add("occurred_on", "Enter the day as YYYY-MM-DD. It is not in the future")
	}
	if !c.May(IrregularityWrite, in.Arrangement) {
		k.Add("arrangement", "Choose an arrangement under which you may report")
	}
	if err := k.Err(); err != nil {
		return r, err
	}
	id := pg.NewID()
	r = Receipt{Number: fmt.Sprintf("TTI-%02d-%s", now.Year()%100, rand.Text()[:12]), ReceivedAt: now, OwnRef: own}
	err = s.DB.Write(ctx, c.Actor.Scope(), func(tx pg.Tx) error {
		err := tx.WithContext(ctx).Exec(`insert into api_irregularity (id, number, agency_id, client_id, arrangement, scheme, value, search_key, kind, occurred_on, text, own_ref, received_at)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, r.Number, c.Actor.AgencyID, c.Client, in.Arrangement, scheme, value, identifier.Key(value), what, on, text, own, now).Error
		if err != nil {
			return fmt.Errorf("take the report: %w", err)
		}
		return audit.Record(ctx, tx, now, c.Actor, audit.Event{Action: "irregularity.report", Kind: "irregularity", Subject: id, Agency: c.Actor.AgencyID, After: map[string]any{"number": r.Number, "kind": what}})
	})
	return r, err
}

// IrregularityReaders may read what partners report.
func IrregularityReaders() []identity.Role {
	return []identity.Role{identity.Headquarters, identity.Auditor}
}

const irregularitySQL = `select i.id, i.number, a.name as agency, c.name as client, i.arrangement, i.scheme, i.value, i.kind, i.occurred_on, i.text, i.own_ref, i.received_at, i.taken_at, i.taker, i.note, i.version,
	y.id as company_id, coalesce(y.name, '') as company
	from api_irregularity i join agency a on a.id = i.agency_id join api_client c on c.id = i.client_id
	left join lateral (select min(x.company_id::text)::uuid as id from (select company_id from membership where number = upper(i.value)
		union select company_id from company_identifier where search_key = i.search_key and removed_at is null
		union select company_id from partner_number where search_key = i.search_key and removed_at is null) x having count(*) = 1) m on i.search_key <> ''
	left join company y on y.id = m.id `

// pageReports bounds a page of what partners reported.
const pageReports = 15

// Reports is a page of what partners reported.
type Reports struct {
	Items []Irregularity
	Page  int
	More  bool
}

// Irregularities lists what partners reported: what nobody has taken in hand first, and then
// the newest. Headquarters and auditors may.
func (s *Service) Irregularities(ctx context.Context, by identity.Actor, page int) (r Reports, err error) {
	if by.Audience != identity.Staff || !by.Is(IrregularityReaders()...) {
		return r, fault.Missing()
	}
	r.Page = min(max(page, 1), 10_000)
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&r.Items, irregularitySQL+`order by i.taken_at is not null, i.received_at desc, i.id desc limit $1 offset $2`, pageReports+1, (r.Page-1)*pageReports))
	if err != nil {
		return r, fmt.Errorf("list the irregularities: %w", err)
	}
	if len(r.Items) > pageReports {
		r.Items, r.More = r.Items[:pageReports], true
	}
	return r, nil
}

// Take notes who looks into a report, and what follows. Headquarters may. Conflict: somebody
// was faster.
func (s *Service) Take(ctx context.Context, by identity.Actor, id uuid.UUID, version int, note string) error {
	if by.Audience != identity.Staff || !by.Is(identity.Headquarters) {
		return fault.Missing()
	}
	var k entry.Check
	note = k.Text("note", "what follows", note, 1, 2000)
	if err := k.Err(); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var found []int
		if err := tx.WithContext(ctx).Raw(`select version from api_irregularity where id = ? for update`, id).Scan(&found).Error; err != nil {
			return fmt.Errorf("read the irregularity: %w", err)
		}
		switch {
		case len(found) == 0:
			return fault.Missing()
		case !slices.Contains(found, version):
			return fault.Moved()
		}
		err := tx.WithContext(ctx).Exec(`update api_irregularity set taken_at = ?, taken_by = ?, taker = ?, note = ?, version = version + 1 where id = ?`, now, by.PersonID, by.Name, note, id).Error
		if err != nil {
			return fmt.Errorf("take the irregularity: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "irregularity.take", Kind: "irregularity", Subject: id, Internal: true, After: map[string]any{"note": note}})
	})
}
