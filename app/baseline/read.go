package baseline

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Cohorts are those in force for a kind of member over months from one to another, both
// included: of signed files, every row whose period touches them, those of the file signed last
// first. A row that a later file has for the very same cell and period is left out. files are
// those behind the rows, in the same order. Companies, headquarters, supervisors and auditors may.
func (s *Service) Cohorts(ctx context.Context, by identity.Actor, programme, entityType string, from, to clock.Day) (list []Cohort, files []File, err error) {
	names, err := mayRead(by)
	if err != nil {
		return nil, nil, err
	}
	const signed = ` from baseline b where b.programme = $1 and b.status = 'signed' and b.first_month <= $3 and b.last_month >= $2 `
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&list, `select file_id, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies, hold_minutes from (
			select distinct on (c.mode, c.port_group, c.first_month, c.last_month) b.id as file_id, c.first_month, c.last_month, c.mode, c.port_group, c.entity_type, c.shipments, c.exams, c.companies, c.hold_minutes, b.decided_at
			from (select b.id, b.decided_at`+signed+`) b join baseline_cohort c on c.baseline_id = b.id and c.entity_type = $4 and c.first_month <= $3 and c.last_month >= $2
			order by c.mode, c.port_group, c.first_month, c.last_month, b.decided_at desc, b.id desc) x
			order by decided_at desc, file_id desc, first_month, last_month, mode, port_group limit $5`, programme, from, to, entityType, mostInForce+1),
		pg.All(&files, `select b.id, b.file_name as name, b.sha256, b.source, b.as_of, b.decided_at as signed_at, b.decider as signer`+signed+`order by b.decided_at desc, b.id desc limit $4`, programme, from, to, mostFiles))
	if err != nil {
		return nil, nil, fmt.Errorf("read the cohorts in force: %w", err)
	}
	if len(list) > mostInForce || len(files) == mostFiles {
		return nil, nil, fault.New(fault.Conflict, "There are too many cohorts in this period. Choose a shorter one")
	}
	used := map[uuid.UUID]bool{}
	for _, c := range list {
		used[c.FileID] = true
	}
	kept := files[:0]
	for _, f := range files {
		if !names {
			f.Signer = ""
		}
		if used[f.ID] {
			kept = append(kept, f)
		}
	}
	return list, kept, nil
}

// List is a page of a programme's files, or of all, the newest first. more: there are older
// ones. waiting is how many wait for a second person. Headquarters, supervisors and auditors may.
func (s *Service) List(ctx context.Context, by identity.Actor, page int) (list []Baseline, more bool, err error) {
	if names, err := mayRead(by); err != nil || !names {
		return nil, false, fault.Missing()
	}
	page = min(max(page, 1), 1000)
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&list, baselineSQL+` order by brought_at desc, id desc limit $1 offset $2`, PageSize+1, (page-1)*PageSize)); err != nil {
		return nil, false, fmt.Errorf("list baselines: %w", err)
	}
	if more = len(list) > PageSize; more {
		list = list[:PageSize]
	}
	return list, more, nil
}

// Beside is a cohort of a file and what is in force now for the same cell: of the same period,
// or else of the latest one.
type Beside struct {
	N      int
	Cohort `gorm:"embedded"`
	Now    *InForce
}

// InForce is what a signed file says of a cell.
type InForce struct {
	FileID      uuid.UUID
	FileName    string
	FirstMonth  clock.Day
	LastMonth   clock.Day
	Shipments   int
	Exams       int
	HoldMinutes *int
}

// Rate is the share of shipments that were examined.
func (i InForce) Rate() float64 { return float64(i.Exams) / float64(i.Shipments) }

// Differs reports whether the two rates are more than DifferentBy apart.
func (b Beside) Differs() bool {
	if b.Now == nil {
		return false
	}
	x, y := b.Rate(), b.Now.Rate()
	return max(x, y) > DifferentBy*min(x, y)
}

// Page is a file with a page of its cohorts.
type Page struct {
	Baseline
	Rows      []Beside
	Number    int // of the page, from 1
	Pages     int
	Different int // cohorts of a waiting file whose rates differ from those in force
	Unknown   int // for whose cell nothing is in force
	Only      bool
}

type besideRow struct {
	N, Shipments, Exams, Companies int
	FirstMonth, LastMonth          clock.Day
	Mode, PortGroup, EntityType    string
	HoldMinutes                    *int
	NowID                          *uuid.UUID
	NowName                        string
	NowFirst, NowLast              clock.Day
	NowShipments, NowExams         int
	NowHold                        *int
}

func (r besideRow) beside(file uuid.UUID) Beside {
	b := Beside{N: r.N, Cohort: Cohort{file, r.FirstMonth, r.LastMonth, r.Mode, r.PortGroup, r.EntityType, r.Shipments, r.Exams, r.Companies, r.HoldMinutes}}
	if r.NowID != nil {
		b.Now = &InForce{*r.NowID, r.NowName, r.NowFirst, r.NowLast, r.NowShipments, r.NowExams, r.NowHold}
	}
	return b
}

// besideSQL puts cohorts of a file beside those of the signed files of its programme.
const besideSQL = `with said as (
		select distinct on (c.mode, c.port_group, c.entity_type, c.first_month, c.last_month) c.*, b.file_name, b.decided_at
		from baseline b join baseline_cohort c on c.baseline_id = b.id
		where b.status = 'signed' and b.programme = (select programme from baseline where id = $1) and exists (select from baseline where id = $1 and status = 'waiting')
		order by c.mode, c.port_group, c.entity_type, c.first_month, c.last_month, b.decided_at desc, b.id desc),
	latest as (select distinct on (mode, port_group, entity_type) * from said order by mode, port_group, entity_type, last_month desc, first_month desc, decided_at desc),
	pair as (select c.n, c.first_month, c.last_month, c.mode, c.port_group, c.entity_type, c.shipments, c.exams, c.companies, c.hold_minutes,
			coalesce(s.baseline_id, l.baseline_id) as now_id, coalesce(s.file_name, l.file_name, '') as now_name, coalesce(s.first_month, l.first_month) as now_first, coalesce(s.last_month, l.last_month) as now_last,
			coalesce(s.shipments, l.shipments, 0) as now_shipments, coalesce(s.exams, l.exams, 0) as now_exams, case when s.baseline_id is null then l.hold_minutes else s.hold_minutes end as now_hold
		from baseline_cohort c left join said s using (mode, port_group, entity_type, first_month, last_month) left join latest l using (mode, port_group, entity_type) where c.baseline_id = $1),
	judged as (select *, now_id is not null and greatest(exams::float8 / shipments, now_exams::float8 / nullif(now_shipments, 0)) > $2 * least(exams::float8 / shipments, now_exams::float8 / nullif(now_shipments, 0)) as differs from pair) `

// Read is a file with a page of its cohorts; those of one that waits are put beside what is in
// force, and only: just those that differ. The same persons may as for Cohorts; companies see
// files that are or were signed.
func (s *Service) Read(ctx context.Context, by identity.Actor, id uuid.UUID, page int, only bool) (p Page, err error) {
	names, err := mayRead(by)
	if err != nil {
		return p, err
	}
	p.Number, p.Only = min(max(page, 1), MostRows/PageSize), only
	var rows []besideRow
	var sums struct{ Rows, Different, Unknown int }
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&p.Baseline, baselineSQL+` where id = $1 and ($2 or status in ('signed', 'withdrawn'))`, id, names),
		pg.One(&sums, besideSQL+`select count(*)::int as rows, count(*) filter (where differs)::int as different, count(*) filter (where now_id is null)::int as unknown from judged`, id, DifferentBy),
		pg.All(&rows, besideSQL+`select n, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies, hold_minutes, now_id, now_name, now_first, now_last, now_shipments, now_exams, now_hold
			from judged where differs or not $3 order by n limit $4 offset $5`, id, DifferentBy, only, PageSize, (p.Number-1)*PageSize))
	if err != nil {
		return p, fmt.Errorf("read the baseline: %w", err)
	}
	all := sums.Rows
	if only {
		all = sums.Different
	}
	p.Pages, p.Different, p.Unknown = (all+PageSize-1)/PageSize, sums.Different, sums.Unknown
	for _, r := range rows {
		p.Rows = append(p.Rows, r.beside(id))
	}
	if !names {
		p.Baseline = p.anonymous()
	}
	return p, nil
}

// Download is a file with all its cohorts. The same persons may as for Read.
func (s *Service) Download(ctx context.Context, by identity.Actor, id uuid.UUID) (b Baseline, list []Cohort, err error) {
	names, err := mayRead(by)
	if err != nil {
		return b, nil, err
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&b, baselineSQL+` where id = $1 and ($2 or status in ('signed', 'withdrawn'))`, id, names),
		pg.All(&list, `select baseline_id as file_id, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies, hold_minutes from baseline_cohort where baseline_id = $1 order by n`, id))
	if err != nil {
		return b, nil, fmt.Errorf("read the cohorts of a baseline: %w", err)
	}
	if !names {
		b = b.anonymous()
	}
	return b, list, nil
}
