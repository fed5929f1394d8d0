package baseline

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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
	return s.inForce(ctx, by, names, `and c.entity_type = $5`, programme, from, to, mostInForce+1, entityType)
}

// EveryCohort is the same for members of all kinds together.
func (s *Service) EveryCohort(ctx context.Context, by identity.Actor, programme string, from, to clock.Day) (list []Cohort, files []File, err error) {
	names, err := mayRead(by)
	if err != nil {
		return nil, nil, err
	}
	return s.inForce(ctx, by, names, "", programme, from, to, mostInForce+1)
}

// inForce reads cohorts; args are a programme, two months, a limit, and what condition needs.
func (s *Service) inForce(ctx context.Context, by identity.Actor, names bool, condition string, args ...any) (list []Cohort, files []File, err error) {
	const signed = ` from baseline b where b.programme = $1 and b.status = 'signed' and b.first_month <= $3 and b.last_month >= $2 `
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&list, `select file_id, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies, hold_minutes from (
			select distinct on (c.entity_type, c.mode, c.port_group, c.first_month, c.last_month) b.id as file_id, c.first_month, c.last_month, c.mode, c.port_group, c.entity_type, c.shipments, c.exams, c.companies, c.hold_minutes, b.decided_at
			from (select b.id, b.decided_at`+signed+`) b join baseline_cohort c on c.baseline_id = b.id `+condition+` and c.first_month <= $3 and c.last_month >= $2
			order by c.entity_type, c.mode, c.port_group, c.first_month, c.last_month, b.decided_at desc, b.id desc) x
			order by decided_at desc, file_id desc, first_month, last_month, mode, port_group, entity_type limit $4`, args...),
		pg.All(&files, `select b.id, b.file_name as name, b.sha256, b.source, b.as_of, b.decided_at as signed_at, b.decider as signer`+signed+`order by b.decided_at desc, b.id desc limit $4`, append(slices.Clone(args[:3]), mostFiles)...))
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
	N int
	Cohort
	Now *InForce `db:"-"`
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

// inForceRow is a cohort of a signed file.
type inForceRow struct {
	InForce
	Mode       string
	PortGroup  string
	EntityType string
}

const cohortSQL = `select n, baseline_id as file_id, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies, hold_minutes from baseline_cohort where baseline_id = $1 order by n `

// signedSQL is what the signed files of a waiting file's programme say, of each cell and period
// what was signed last. What is put beside what is decided here and not in SQL, where a file
// that has just come in has no statistics yet and is joined row by row.
const signedSQL = `select distinct on (c.mode, c.port_group, c.entity_type, c.first_month, c.last_month) b.id as file_id, b.file_name, c.first_month, c.last_month, c.shipments, c.exams, c.hold_minutes, c.mode, c.port_group, c.entity_type
	from baseline b join baseline_cohort c on c.baseline_id = b.id where b.status = 'signed' and b.programme = (select programme from baseline where id = $1 and status = 'waiting')
	order by c.mode, c.port_group, c.entity_type, c.first_month, c.last_month, b.decided_at desc, b.id desc limit $2`

// Read is a file with a page of its cohorts; those of one that waits are put beside what is in
// force, and only: just those that differ. The same persons may as for Cohorts; companies see
// files that are or were signed.
func (s *Service) Read(ctx context.Context, by identity.Actor, id uuid.UUID, page int, only bool) (p Page, err error) {
	names, err := mayRead(by)
	if err != nil {
		return p, err
	}
	p.Number = min(max(page, 1), MostRows/PageSize)
	var signed []inForceRow
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&p.Baseline, baselineSQL+` where id = $1 and ($2 or status in ('signed', 'withdrawn'))`, id, names),
		pg.All(&p.Rows, cohortSQL+`limit (select case status when 'waiting' then $2::int else $3 end from baseline where id = $1) offset (select case status when 'waiting' then 0 else $4::int end from baseline where id = $1)`,
			id, MostRows, PageSize, (p.Number-1)*PageSize),
		pg.All(&signed, signedSQL, id, mostBeside))
	if err != nil {
		return p, fmt.Errorf("read the baseline: %w", err)
	}
	all := p.Cohorts
	if p.Status == Waiting {
		p.Only = only
		p.hold(signed)
		all = len(p.Rows)
		p.Rows = p.Rows[min((p.Number-1)*PageSize, all):min(p.Number*PageSize, all)]
	}
	p.Pages = (all + PageSize - 1) / PageSize
	if !names {
		p.Baseline = p.anonymous()
	}
	return p, nil
}

// hold puts what is in force beside every cohort: of the same period, or else of the latest.
func (p *Page) hold(signed []inForceRow) {
	type cell struct{ mode, port, kind string }
	type exact struct {
		cell
		first, last clock.Day
	}
	same, latest := make(map[exact]*InForce, len(signed)), map[cell]*InForce{}
	for i := range signed {
		x := &signed[i]
		k := cell{x.Mode, x.PortGroup, x.EntityType}
		same[exact{k, x.FirstMonth, x.LastMonth}] = &x.InForce
		if l := latest[k]; l == nil || cmp.Or(x.LastMonth.Compare(l.LastMonth), x.FirstMonth.Compare(l.FirstMonth)) > 0 {
			latest[k] = &x.InForce
		}
	}
	kept := p.Rows[:0]
	for _, r := range p.Rows {
		k := cell{r.Mode, r.PortGroup, r.EntityType}
		if r.Now = same[exact{k, r.FirstMonth, r.LastMonth}]; r.Now == nil {
			r.Now = latest[k]
		}
		if r.Now == nil {
			p.Unknown++
		}
		if r.Differs() {
			p.Different++
		} else if p.Only {
			continue
		}
		kept = append(kept, r)
	}
	p.Rows = kept
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
