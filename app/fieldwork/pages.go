package fieldwork

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

// Head is a visit with what its pages name.
type Head struct {
	ID               uuid.UUID
	ValidationID     uuid.UUID
	Reference        string // of the validation
	CompanyID        uuid.UUID
	Company          string
	OfficeID         uuid.UUID
	OfficeZone       string
	Programme        string
	EntityType       string
	ValidationStatus validation.Status
	Number           int
	Kind             string
	Place            string
	Status           validation.VisitStatus
	Edition          string // of the profile; empty: none was submitted
}

const headSQL = `select x.id, x.validation_id, v.reference, x.company_id, c.name as company, v.office_id, o.zone as office_zone, v.programme, v.entity_type,
	v.status as validation_status, x.number, x.kind, x.place, x.status,
	coalesce((select k.edition from profile_cycle k where k.company_id = v.company_id and k.programme = v.programme and v.entity_type = any(k.entity_type || k.also_types) and k.submitted_at is not null
	  order by k.submitted_at desc limit 1), '') as edition,
	(select coalesce(jsonb_agg(jsonb_build_object('Criterion', r.criterion, 'Chosen', r.chosen, 'Methods', r.methods, 'Ticks', r.ticks, 'Result', r.result, 'Note', r.note,
	    'VerifiedAt', r.verified_at, 'Verifier', r.verifier, 'Version', r.version) order by r.criterion), '[]') from verification r where r.visit_id = x.id)::text as rows,
	(select coalesce(jsonb_agg(jsonb_build_object('ID', f.id, 'Criterion', f.criterion, 'Caption', f.caption, 'FileName', f.file_name, 'MediaType', f.media_type, 'Size', f.size,
	    'Scan', f.scan, 'ScanDetail', f.scan_detail, 'AddedAt', f.added_at, 'AddedBy', f.added_by, 'Author', f.author, 'Version', f.version) order by f.added_at, f.id), '[]')
	  from visit_file f where f.visit_id = x.id and f.removed_at is null)::text as files
	from visit x join validation v on v.id = x.validation_id join company c on c.id = x.company_id join office o on o.id = v.office_id where x.id = $1`

type headRow struct {
	Head
	Rows, Files string
}

// Line is one criterion at a visit.
type Line struct {
	Verification
	About catalogue.Criterion
}

// May is what the actor may do now.
type May struct {
	Prepare, Verify, Hours bool
	WhyNot                 string // English source text; empty: they may
}

// Record is everything that the pages of a visit's field work show.
type Record struct {
	Head
	Zone  *time.Location
	Rules *programme.Programme
	Lines []Line // that were chosen, in the order of the catalogue
	Files []File
	May   May

	form *catalogue.Form
}

// Done counts the lines that have a result.
func (r Record) Done() (n int) {
	for _, l := range r.Lines {
		if l.Result != nil {
			n++
		}
	}
	return n
}

// Line finds a criterion that was chosen.
func (r Record) Line(criterion string) (Line, bool) {
	if i := slices.IndexFunc(r.Lines, func(l Line) bool { return l.Criterion == criterion }); i >= 0 {
		return r.Lines[i], true
	}
	return Line{}, false
}

// FilesOf are the files of a criterion.
func (r Record) FilesOf(criterion string) (out []File) {
	for _, f := range r.Files {
		if f.Criterion == criterion {
			out = append(out, f)
		}
	}
	return out
}

// Open reads the field work of a visit, and notes the look. The agency's case readers may.
func (s *Service) Open(ctx context.Context, by identity.Actor, visit uuid.UUID) (Record, error) {
	return s.open(ctx, by, visit)
}

func (s *Service) open(ctx context.Context, by identity.Actor, visit uuid.UUID, more ...pg.Query) (r Record, err error) {
	if err := reads(by); err != nil {
		return r, err
	}
	var row headRow
	err = s.DB.Batch(ctx, by.Scope(), append([]pg.Query{pg.One(&row, headSQL, visit), audit.LookAt(s.Now(), by, "fieldwork.read", Kind, "visit x where x.id = $10", visit)}, more...)...)
	if err != nil {
		return r, fmt.Errorf("read the visit: %w", err)
	}
	r.Head = row.Head
	var rows []Verification
	if err := json.Unmarshal([]byte(row.Rows), &rows); err != nil {
		return r, fmt.Errorf("read what is verified: %w", err)
	}
	if err := json.Unmarshal([]byte(row.Files), &r.Files); err != nil {
		return r, fmt.Errorf("read the files: %w", err)
	}
	var ok bool
	if r.Rules, ok = s.Steps.Programmes.Get(r.Programme); !ok {
		return r, fmt.Errorf("validation %s: the portal has no programme %q", r.Reference, r.Programme)
	}
	if r.Zone, err = time.LoadLocation(r.OfficeZone); err != nil {
		r.Zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	r.form = s.form(r.Programme, r.Edition, r.EntityType)
	for _, v := range rows {
		if v.Chosen {
			v.VisitID = r.ID
			r.Lines = append(r.Lines, Line{v, criterionOf(r.form, v.Criterion)})
		}
	}
	r.order()
	r.May = r.may(by)
	return r, nil
}

// order puts the lines into the order of the catalogue.
func (r *Record) order() {
	if r.form == nil {
		return
	}
	place := map[string]int{}
	for i, c := range r.form.Criteria {
		place[c.ID] = i
	}
	slices.SortStableFunc(r.Lines, func(a, b Line) int { return cmp.Compare(place[a.Criterion], place[b.Criterion]) })
}

func (r Record) may(by identity.Actor) (m May) {
	x := validation.Visit{Kind: r.Kind, Status: r.Status}
	switch {
	case !by.Is(identity.CaseWorkers...):
		m.WhyNot = "You can read validations. Only the office in charge can change them"
	case !by.InOffice(r.OfficeID):
		m.WhyNot = "Another office is in charge of this validation"
	case r.ValidationStatus.Final():
		m.WhyNot, m.Hours = "This validation is over and stays as it is", true
	default:
		m.Hours = true
		if err := preparing(x, validation.Validation{Status: r.ValidationStatus}); err != nil {
			m.WhyNot = sentence(err)
			return m
		}
		m.Prepare, m.Verify = true, there(x) == nil
		if !m.Verify {
			m.WhyNot = "Begin the visit first. Then enter what you saw"
		}
	}
	return m
}

// sentence is what a refusal says, untranslated.
func sentence(err error) string {
	if f, ok := err.(*fault.Error); ok { //nolint:errorlint // it comes from this package, unwrapped
		return f.Message
	}
	return err.Error()
}

// Candidate is a criterion that can be verified at a visit, with why it should be.
type Candidate struct {
	About   catalogue.Criterion
	Chosen  bool
	Must    bool
	Changed bool   // since the profile before
	Weak    string // verdict of the profile's review, when it is not clean (English source text)
	Apart   bool   // the site has an exception
	Before  int    // required actions of earlier validations
	points  int
}

// Stands reports whether something sets the criterion apart from the others.
func (c Candidate) Stands() bool { return c.Changed || c.Weak != "" || c.Apart || c.Before > 0 }

// Candidates are the criteria of the company's last profile, those first that should be
// verified: an exception of the site, a weak verdict, an earlier required action, a change,
// a must. Fresh says that none was chosen yet: then those are chosen that stand out, and the
// first of the others.
type Candidates struct {
	Record
	List  []Candidate
	Fresh bool
}

const standsSQL = `with x as (select v.company_id, v.programme, v.entity_type, v.id as validation_id, y.site_id from visit y join validation v on v.id = y.validation_id where y.id = $1),
	k as (select c.* from profile_cycle c join x on c.company_id = x.company_id and c.programme = x.programme and x.entity_type = any(c.entity_type || c.also_types) where c.submitted_at is not null order by c.submitted_at desc limit 1),
	a as (select g.criterion, bool_or(g.site_id is not null and g.site_id = x.site_id) as apart,
	    bool_or(not g.carried and k.previous_id is not null and b.value is distinct from g.value) as changed
	  from k cross join x join profile_answer g on g.cycle_id = k.id
	  left join profile_answer b on b.cycle_id = k.previous_id and b.question = g.question and b.site_id is not distinct from g.site_id group by g.criterion),
	w as (select r.criterion, min(r.verdict) filter (where r.verdict in ('meets_with_recommendation', 'more_information', 'does_not_meet')) as verdict
	  from k join profile_verdict r on r.cycle_id = k.id group by r.criterion),
	f as (select f.criterion, count(*)::int as n from x join finding f on f.company_id = x.company_id and f.programme = x.programme and f.validation_id <> x.validation_id
	  and f.kind = 'action_required' and f.sent_at is not null and f.status <> 'withdrawn' group by f.criterion)
	select coalesce(a.criterion, w.criterion, f.criterion) as criterion, coalesce(a.apart, false) as apart, coalesce(a.changed, false) as changed, coalesce(w.verdict, '') as verdict, coalesce(f.n, 0) as before
	from a full join w on w.criterion = a.criterion full join f on f.criterion = coalesce(a.criterion, w.criterion)`

type standsRow struct {
	Criterion      string
	Apart, Changed bool
	Verdict        string
	Before         int
}

// verdictName is a weak verdict in words (English source text).
func verdictName(code string) string {
	return map[string]string{"meets_with_recommendation": "Meets, with a recommendation", "more_information": "More information needed", "does_not_meet": "Does not meet"}[code]
}

// Candidates reads what can be verified at a visit. The agency's case readers may.
func (s *Service) Candidates(ctx context.Context, by identity.Actor, visit uuid.UUID) (out Candidates, err error) {
	var rows []standsRow
	if out.Record, err = s.open(ctx, by, visit, pg.All(&rows, standsSQL, visit)); err != nil {
		return out, err
	}
	if out.form == nil {
		return out, nil
	}
	out.Fresh = len(out.Lines) == 0
	for _, c := range out.form.Criteria {
		x := Candidate{About: c, Must: c.Level == catalogue.Must}
		_, x.Chosen = out.Line(c.ID)
		if i := slices.IndexFunc(rows, func(r standsRow) bool { return r.Criterion == c.ID }); i >= 0 {
			x.Apart, x.Changed, x.Weak, x.Before = rows[i].Apart, rows[i].Changed, verdictName(rows[i].Verdict), rows[i].Before
		}
		x.points = points(x)
		out.List = append(out.List, x)
	}
	slices.SortStableFunc(out.List, func(a, b Candidate) int { return cmp.Compare(b.points, a.points) })
	if out.Fresh {
		for i := range out.List {
			out.List[i].Chosen = out.List[i].Stands() || i < preselected
		}
	}
	return out, nil
}

func points(c Candidate) (n int) {
	for _, x := range []struct {
		is     bool
		points int
	}{{c.Apart, 16}, {c.Weak != "", 8}, {c.Before > 0, 4}, {c.Changed, 2}, {c.Must, 1}} {
		if x.is {
			n += x.points
		}
	}
	return n
}

// Hours is time that was logged.
type Hours struct {
	ID       uuid.UUID
	PersonID uuid.UUID
	Person   string
	Day      clock.Day
	Minutes  int
	Activity string
	Note     string
	Version  int
}

// Timesheet is the time spent on the validation of a visit.
type Timesheet struct {
	Record
	Hours []Hours
}

// Minutes is the time logged in all.
func (t Timesheet) Minutes() (n int) {
	for _, h := range t.Hours {
		n += h.Minutes
	}
	return n
}

// Timesheet reads the time spent on the validation of a visit. The agency's case readers may.
func (s *Service) Timesheet(ctx context.Context, by identity.Actor, visit uuid.UUID) (t Timesheet, err error) {
	t.Record, err = s.open(ctx, by, visit, pg.All(&t.Hours, `select w.id, w.person_id, p.name as person, w.worked_on as day, w.minutes, w.activity, w.note, w.version
		from work_log w join person p on p.id = w.person_id where w.validation_id = (select validation_id from visit where id = $1) and w.removed_at is null
		order by w.worked_on desc, w.logged_at desc limit $2`, visit, mostWorklogs))
	return t, err
}
