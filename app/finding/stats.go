package finding

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Dimension is what findings are counted by.
type Dimension string

// The dimensions.
const (
	ByCriterion Dimension = "criterion"
	ByCause     Dimension = "cause"
	ByMember    Dimension = "member"
	ByOffice    Dimension = "office"
	ByYear      Dimension = "year"
)

// Dimensions lists them in the order of the tabs.
func Dimensions() []Dimension {
	return []Dimension{ByCriterion, ByCause, ByMember, ByOffice, ByYear}
}

// Name is the dimension for a person to read (English source text).
func (d Dimension) Name() string {
	return map[Dimension]string{ByCriterion: "Criterion", ByCause: "Cause", ByMember: "Kind of member", ByOffice: "Office", ByYear: "Year"}[d]
}

func (d Dimension) sql() string {
	return map[Dimension]string{ByCriterion: "f.criterion", ByCause: "f.cause", ByMember: "f.entity_type", ByOffice: "o.name",
		ByYear: "extract(year from f.sent_at at time zone o.zone)::text"}[d]
}

// Question is what findings are counted for.
type Question struct {
	By        Dimension
	Programme string
	Year      int // 0: every year
}

// Failure is one row of the statistics of common failures.
type Failure struct {
	Code            string
	Name            string `db:"-"` // in the language of the reader
	Actions         int
	Recommendations int
	BestPractices   int
	Late            int // required actions whose answer came late or is late
	Members         int // companies
}

// Failures are the statistics with what they count.
type Failures struct {
	Question Question
	Years    []int // in which findings were sent
	Rows     []Failure
	Most     int // actions of the longest row
}

const mostRows = 500

// Failures counts the findings that were sent: by criterion, cause, kind of member, office
// or year. The agency's case readers may.
func (s *Service) Failures(ctx context.Context, by identity.Actor, q Question) (out Failures, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return out, fault.Missing()
	}
	if !slices.Contains(Dimensions(), q.By) {
		q.By = ByCriterion
	}
	p, ok := s.Steps.Programmes.Get(q.Programme)
	if !ok {
		p = s.Steps.Programmes.All()[0]
		q.Programme = p.Code
	}
	if q.Year < 2000 || q.Year > 2200 {
		q.Year = 0
	}
	out.Question = q
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&out.Rows, `select `+q.By.sql()+` as code, count(*) filter (where f.kind = 'action_required')::int as actions,
			count(*) filter (where f.kind = 'recommendation')::int as recommendations, count(*) filter (where f.kind = 'best_practice')::int as best_practices,
			count(*) filter (where k.expired_at is not null)::int as late, count(distinct f.company_id)::int as members
			from finding f join office o on o.id = f.office_id
			left join lateral (select max(k.expired_at) as expired_at from clock k where k.subject_kind = 'finding' and k.subject_id = f.id) k on true
			where f.sent_at is not null and f.status <> 'withdrawn' and f.programme = $1 and ($2 = 0 or extract(year from f.sent_at at time zone o.zone)::int = $2)
			group by 1 order by 2 desc, 3 desc, 1 limit $3`, q.Programme, q.Year, mostRows),
		pg.Value(&out.Years, `select coalesce(array_agg(distinct extract(year from f.sent_at)::int), '{}') from finding f where f.sent_at is not null and f.programme = $1`, q.Programme))
	if err != nil {
		return Failures{}, fmt.Errorf("count the findings: %w", err)
	}
	slices.Sort(out.Years)
	for i := range out.Rows {
		r := &out.Rows[i]
		r.Name = s.Steps.name(ctx, p, q.By, r.Code)
		out.Most = max(out.Most, r.Actions)
	}
	if q.By == ByYear {
		slices.SortFunc(out.Rows, func(a, b Failure) int { return cmp.Compare(a.Code, b.Code) })
	}
	return out, nil
}

// name is a row's code in words.
func (s *Steps) name(ctx context.Context, p *programme.Programme, by Dimension, code string) string {
	switch by {
	case ByCriterion:
		if c, ok := s.Criterion(p.Code, code); ok {
			title, _ := c.Title.In(i18n.Lang(ctx))
			return code + " " + title
		}
	case ByCause:
		for _, c := range p.Validation.Findings.Causes {
			if c.Code == code {
				return i18n.T(ctx, c.Name)
			}
		}
		return i18n.T(ctx, "No cause given")
	case ByMember:
		if e, ok := p.EntityType(code); ok {
			return i18n.T(ctx, e.Name)
		}
	}
	return code
}

// WriteCSV writes the statistics with what they were asked for. Cells are inert in
// spreadsheet programs.
func (f Failures) WriteCSV(ctx context.Context, out io.Writer) error {
	w := csv.NewWriter(out)
	year := i18n.T(ctx, "All")
	if f.Question.Year != 0 {
		year = strconv.Itoa(f.Question.Year)
	}
	rows := [][]string{{i18n.T(ctx, "Programme"), i18n.T(ctx, "Year"), i18n.T(ctx, f.Question.By.Name()), i18n.T(ctx, "Name"), i18n.T(ctx, "Required actions"),
		i18n.T(ctx, "Recommendations"), i18n.T(ctx, "Best practices"), i18n.T(ctx, "Answered late"), i18n.T(ctx, "Companies")}}
	for _, r := range f.Rows {
		rows = append(rows, []string{f.Question.Programme, year, r.Code, r.Name, strconv.Itoa(r.Actions), strconv.Itoa(r.Recommendations), strconv.Itoa(r.BestPractices),
			strconv.Itoa(r.Late), strconv.Itoa(r.Members)})
	}
	for _, r := range rows {
		for i := range r {
			r[i] = entry.Inert(r[i])
		}
		if err := w.Write(r); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// Export is Failures for a file; that it was taken is an audit event.
func (s *Service) Export(ctx context.Context, by identity.Actor, q Question) (Failures, error) {
	out, err := s.Failures(ctx, by, q)
	if err != nil {
		return out, err
	}
	return out, s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		return exported(ctx, tx, s.Now(), by, out.Question)
	})
}
