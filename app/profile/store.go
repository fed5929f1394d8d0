package profile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Lock locks a cycle for the rest of the transaction and returns it. A cycle that is not
// there, or of another company, is a NotFound before its version is looked at; a version
// other than the current one is a Conflict, and 0 means that the caller has not shown one.
func Lock(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, version int) (Cycle, error) {
	c, err := find(ctx, gorm.G[Cycle](tx.DB, clause.Locking{Strength: "UPDATE"}).Where("id = ?", id), by)
	if err != nil {
		return c, err
	}
	if version != 0 && c.Version != version {
		return c, fault.Moved()
	}
	return c, nil
}

// Look reads a cycle without locking it, for the company's own people and the portal. The
// agency reads profiles with its own package, which notes each look.
func Look(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Cycle, error) {
	if by.Audience == identity.Staff {
		return Cycle{}, fault.Missing()
	}
	return find(ctx, gorm.G[Cycle](tx.DB).Where("id = ?", id), by)
}

func find(ctx context.Context, q gorm.ChainInterface[Cycle], by identity.Actor) (Cycle, error) {
	switch by.Audience {
	case identity.Companies:
		q = q.Where("company_id = ?", by.CompanyID)
	case identity.Staff, identity.System:
	default:
		return Cycle{}, fault.Missing()
	}
	c, err := q.First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return c, fault.Missing()
	}
	if err != nil {
		return c, fmt.Errorf("open a profile: %w", err)
	}
	return c, nil
}

// OfApplication is the profile of an application; nil when it has none, as in a programme
// without criteria.
func OfApplication(ctx context.Context, tx pg.Tx, application uuid.UUID) (*Cycle, error) {
	list, err := gorm.G[Cycle](tx.DB).Where("application_id = ?", application).Limit(1).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for the profile of an application: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// lastCycle is the company's last cycle for a kind of member that has answers, also one that
// another membership shared with it, and the highest number given so far to its own.
func lastCycle(ctx context.Context, tx pg.Tx, in Opening, kind string) (last *Cycle, number int, err error) {
	same := gorm.G[Cycle](tx.DB).Where("company_id = ? and programme = ? and (entity_type = ? or ? = any(also_types))", in.Company, in.Programme, kind, kind)
	list, err := same.Order("opened_at desc, number desc").Find(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("look for the last profile: %w", err)
	}
	for i := range list {
		if list[i].EntityType == kind {
			number = max(number, list[i].Number)
		}
		if last != nil {
			continue
		}
		var answered bool
		if err := tx.WithContext(ctx).Raw(`select exists (select from profile_answer where cycle_id = ?)`, list[i].ID).Scan(&answered).Error; err != nil {
			return nil, 0, fmt.Errorf("look for answers: %w", err)
		}
		if answered {
			last = &list[i]
		}
	}
	return last, number, nil
}

// nextNumber is the next number of a profile. Numbers are never given twice; one that is
// drawn for a profile that then fails is lost.
func nextNumber(ctx context.Context, tx pg.Tx) (n int64, err error) {
	err = tx.WithContext(ctx).Raw("select nextval('profile_number')").Scan(&n).Error
	return n, err
}

// add inserts one row.
func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return gorm.G[T](tx.DB).Create(ctx, row)
}

// officeZone is the zone in which an office counts its days.
func officeZone(ctx context.Context, tx pg.Tx, id uuid.UUID) (*time.Location, error) {
	var name string
	if err := tx.WithContext(ctx).Raw("select zone from office where id = ?", id).Scan(&name).Error; err != nil {
		return nil, fmt.Errorf("load the office's zone: %w", err)
	}
	return location(name), nil
}

// location reads an office's zone. The administration's pages refuse unknown ones, so one
// that is unknown stands in a damaged row.
func location(name string) *time.Location {
	if l, err := time.LoadLocation(name); err == nil {
		return l
	}
	return time.UTC
}

// answerRow is an answer as it is kept.
type answerRow struct {
	CycleID   uuid.UUID
	CompanyID uuid.UUID
	Criterion string
	Question  string
	SiteID    *uuid.UUID
	Value     string `gorm:"type:jsonb"`
	Choice    string
	Complete  bool
	Carried   bool
	Version   int
	UpdatedAt time.Time
	UpdatedBy *uuid.UUID
	Author    string
}

// TableName is the table that holds answers.
func (answerRow) TableName() string { return "profile_answer" }

func (r answerRow) value() (a catalogue.Answer, err error) { return readAnswer(r.Value) }

func readAnswer(text string) (a catalogue.Answer, err error) {
	if text == "" {
		return a, nil
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return a, fmt.Errorf("read an answer: %w", err)
	}
	return a, nil
}

func (r answerRow) given() (Given, error) {
	value, err := r.value()
	if err != nil {
		return Given{}, fmt.Errorf("question %s: %w", r.Question, err)
	}
	g := Given{Criterion: r.Criterion, Question: r.Question, Value: value, Choice: r.Choice, Complete: r.Complete, Carried: r.Carried,
		Version: r.Version, At: r.UpdatedAt, Author: r.Author}
	if r.SiteID != nil {
		g.Site = *r.SiteID
	}
	return g, nil
}

const answerColumns = `cycle_id, company_id, criterion, question, site_id, value::text as value, choice, complete, carried, version, updated_at, updated_by, author`

// answersOf reads every answer of a cycle in full.
func answersOf(ctx context.Context, tx pg.Tx, cycle uuid.UUID) (rows []answerRow, err error) {
	err = tx.WithContext(ctx).Raw(`select `+answerColumns+` from profile_answer where cycle_id = ? order by question, site_id nulls first`, cycle).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("load the answers: %w", err)
	}
	return rows, nil
}

func insertAnswers(ctx context.Context, tx pg.Tx, rows []answerRow) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.WithContext(ctx).CreateInBatches(rows, 500).Error
}

// shownSQL is what evidence was linked in a cycle: in one that was returned, what was
// pinned when it was submitted last, for the links may have changed since.
const shownSQL = `
	select l.company_id, l.criterion, l.site_id, l.evidence_id, l.linked_at, l.linked_by, l.author
	from evidence_link l join profile_cycle c on c.id = l.cycle_id where c.id = @from and c.status <> 'returned'
	union all
	select p.company_id, p.criterion, p.site_id, p.evidence_id, s.submitted_at, s.submitted_by, s.attested_name
	from evidence_pin p join profile_submission s on s.id = p.submission_id join profile_cycle c on c.id = p.cycle_id and c.round = s.round
	where c.id = @from and c.status = 'returned'`

// carryEvidence links what was linked in the last cycle, unless it has expired or gone.
func carryEvidence(ctx context.Context, tx pg.Tx, to Cycle, from uuid.UUID, criteria []string, today clock.Day) error {
	if len(criteria) == 0 {
		return nil
	}
	return tx.WithContext(ctx).Exec(`
		insert into evidence_link (cycle_id, company_id, criterion, site_id, evidence_id, linked_at, linked_by, author, carried)
		select @to, l.company_id, l.criterion, l.site_id, l.evidence_id, l.linked_at, l.linked_by, l.author, true
		from (`+shownSQL+`) l join evidence e on e.id = l.evidence_id
		where l.criterion in @criteria and e.removed_at is null and (e.expires_on is null or e.expires_on >= @today)
		  and (l.site_id is null or exists (select from site s where s.id = l.site_id and s.closed_on is null))
		on conflict do nothing`, map[string]any{"to": to.ID, "from": from, "criteria": criteria, "today": today.String()}).Error
}

// leftBehind counts the evidence of the last cycle that had expired.
func leftBehind(ctx context.Context, tx pg.Tx, from uuid.UUID, today clock.Day) (n int, err error) {
	err = tx.WithContext(ctx).Raw(`select count(distinct l.evidence_id)::int from (`+shownSQL+`) l join evidence e on e.id = l.evidence_id
		where e.removed_at is null and e.expires_on < @today`, map[string]any{"from": from, "today": today.String()}).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("look for evidence that has expired: %w", err)
	}
	return n, nil
}

// OfMembership are the reviews of a membership, the oldest first.
func OfMembership(ctx context.Context, tx pg.Tx, membership uuid.UUID) ([]Cycle, error) {
	list, err := gorm.G[Cycle](tx.DB).Where("membership_id = ?", membership).Order("number").Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for the reviews of a membership: %w", err)
	}
	return list, nil
}

// markOverdue notes that the day of a review has passed. Its version stays: somebody who
// is about to submit it goes on.
func markOverdue(ctx context.Context, tx pg.Tx, at time.Time, id uuid.UUID) error {
	if err := tx.WithContext(ctx).Exec(`update profile_cycle set overdue_at = ? where id = ?`, at, id).Error; err != nil {
		return fmt.Errorf("note that a review is overdue: %w", err)
	}
	return nil
}

func sitesOf(ctx context.Context, tx pg.Tx, company uuid.UUID) (sites []Site, err error) {
	err = tx.WithContext(ctx).Raw(`select id, name, city, country, activity from site where company_id = ? and closed_on is null order by created_at, id`, company).Scan(&sites).Error
	if err != nil {
		return nil, fmt.Errorf("load the sites: %w", err)
	}
	return sites, nil
}

// voidSignature marks what was submitted last as no longer signed for, or restores it.
func voidSignature(ctx context.Context, tx pg.Tx, c Cycle, at *time.Time) error {
	err := tx.WithContext(ctx).Exec(`update profile_submission set voided_at = ? where cycle_id = ? and round = ?`, at, c.ID, c.Round).Error
	if err != nil {
		return fmt.Errorf("void the signature: %w", err)
	}
	return nil
}

// headColumns are everything about a cycle except its answers: $1 the cycle, $2 the
// company, $3 the moment. Evidence counts until it expires.
var headColumns = fmt.Sprintf(columnsSQL, "", "")

// criterionColumns are the same for one criterion ($4), with the choices made elsewhere,
// which decide what counts, written as outlineColumns are.
var criterionColumns = fmt.Sprintf(columnsSQL, " and n.criterion = $4", " and l.criterion = $4") +
	`, '' as answers, coalesce((select string_agg(concat_ws(E'\x1f', a.question, a.choice, a.site_id::text), E'\x1e') from profile_answer a
    where a.cycle_id = c.id and a.criterion <> $4 and a.choice <> ''), '') as choices`

const columnsSQL = `select to_jsonb(c)::text as cycle, k.name as company, k.country, o.name as office, o.zone,
  coalesce((select json_agg(json_build_object('id', s.id, 'name', s.name, 'city', s.city, 'country', s.country, 'activity', s.activity, 'added_at', s.created_at) order by s.created_at, s.id)
    from site s where s.company_id = c.company_id and s.closed_on is null), '[]')::text as sites,
  coalesce((select json_agg(json_build_object('criterion', n.criterion, 'assignee_id', n.assignee_id, 'assignee', n.assignee, 'due_on', n.due_on,
      'confirmed_at', n.confirmed_at, 'confirmer', n.confirmer, 'version', n.version))
    from profile_criterion n where n.cycle_id = c.id%s), '[]')::text as notes,
  coalesce((select json_object_agg(x.criterion, x.items) from (select l.criterion, count(distinct l.evidence_id) as items
    from evidence_link l join evidence e on e.id = l.evidence_id
    where l.cycle_id = c.id%s and (e.expires_on is null or e.expires_on >= ($3::timestamptz at time zone o.zone)::date)
    group by l.criterion) x), '{}')::text as evidence,
  coalesce((select json_build_object('id', r.id, 'round', r.round, 'message', r.message, 'sent_at', r.sent_at, 'remarks',
      (select json_agg(json_build_object('criterion', i.criterion, 'text', i.remark, 'answered_at', i.answered_at, 'answerer', i.answerer, 'version', i.version) order by i.criterion)
       from profile_return_item i where i.return_id = r.id))
    from profile_return r where r.cycle_id = c.id and r.answered_at is null and r.cancelled_at is null)::text, '') as returned,
  case c.status when 'returned' then coalesce((select jsonb_agg(x->'id') from profile_submission s, jsonb_array_elements(s.body::jsonb->'criteria') x
    where s.cycle_id = c.id and s.round = c.round and (x->>'counts')::boolean)::text, '[]') else '' end as counted,
  coalesce((select json_build_object('id', b.id, 'reference', b.reference, 'edition', b.edition) from profile_cycle b where b.id = c.previous_id)::text, '') as last`

// The columns of a page that reads neither answers nor choices with the rest.
const (
	noAnswers = `, '' as answers`
	noChoices = `, '' as choices`
)

const headFrom = ` from profile_cycle c join company k on k.id = c.company_id join office o on o.id = c.office_id where c.id = $1 and c.company_id = $2`

// outlineColumns are the answers without their values, for counts and states: one text
// with the separators that ASCII has for records and their parts. There are hundreds of
// them on a page that people open often, and a document of the same costs five times as
// much to write and to read.
const outlineColumns = `, coalesce((select string_agg(concat_ws(E'\x1f', a.criterion, a.question, coalesce(a.site_id::text, ''), a.choice, a.complete, a.carried, a.version,
    (extract(epoch from a.updated_at) * 1000000)::bigint, translate(a.author, E'\x1e\x1f', '')), E'\x1e') from profile_answer a where a.cycle_id = c.id), '') as answers`

// outlined reads an answer of outlineColumns.
func outlined(record string) (g Given, err error) {
	part := strings.Split(record, "\x1f")
	if len(part) != 9 {
		return g, fmt.Errorf("read the outline of an answer: it has %d parts", len(part))
	}
	g = Given{Criterion: part[0], Question: part[1], Choice: part[3], Complete: part[4] == "t", Carried: part[5] == "t", Author: part[8]}
	if part[2] != "" {
		if g.Site, err = uuid.Parse(part[2]); err != nil {
			return g, fmt.Errorf("read the outline of an answer: %w", err)
		}
	}
	if g.Version, err = strconv.Atoi(part[6]); err != nil {
		return g, fmt.Errorf("read the outline of an answer: %w", err)
	}
	micros, err := strconv.ParseInt(part[7], 10, 64)
	g.At = time.UnixMicro(micros).UTC()
	return g, err
}

// chosenOf reads choices: records of a question, what was chosen, and the site if it was
// chosen there.
func chosenOf(text string) (out []choice, err error) {
	if text == "" {
		return nil, nil
	}
	for record := range strings.SplitSeq(text, "\x1e") {
		part := strings.Split(record, "\x1f")
		if len(part) < 2 || len(part) > 3 {
			return nil, fmt.Errorf("read a choice: it has %d parts", len(part))
		}
		c := choice{question: part[0], choice: part[1]}
		if len(part) == 3 {
			if c.site, err = uuid.Parse(part[2]); err != nil {
				return nil, fmt.Errorf("read a choice: %w", err)
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// head is a row of headColumns, with the outline of the answers where it was read.
type head struct {
	Cycle, Company, Country, Office, Zone              string
	Sites, Notes, Evidence, Returned, Counted, Answers string
	Choices, Last                                      string
}

// profile puts a profile together.
func (h head) profile(s *Steps) (*Profile, error) {
	cycles, err := pg.Documents[Cycle]("[" + h.Cycle + "]")
	if err != nil {
		return nil, fmt.Errorf("load a profile: %w", err)
	}
	p := &Profile{Cycle: cycles[0], Notes: map[string]Note{}, answers: map[string][]Given{}}
	if p.Form, err = s.Form(p.Cycle); err != nil {
		return nil, err
	}
	p.Firm = Firm{ID: p.Cycle.CompanyID, Name: h.Company, Country: h.Country, Office: h.Office, Zone: location(h.Zone)}
	var notes []Note
	var counted []string
	for _, part := range []struct {
		text string
		into any
	}{{h.Sites, &p.Sites}, {h.Notes, &notes}, {h.Evidence, &p.Evidence}, {h.Returned, &p.Return}, {h.Counted, &counted}, {h.Last, &p.Last}} {
		if part.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return nil, fmt.Errorf("load a profile: %w", err)
		}
	}
	for _, n := range notes {
		p.Notes[n.Criterion] = n
	}
	if p.Cycle.Status == Returned {
		p.counted = make(map[string]bool, len(counted))
		for _, id := range counted {
			p.counted[id] = true
		}
	}
	if p.elsewhere, err = chosenOf(h.Choices); err != nil {
		return nil, err
	}
	if h.Answers == "" {
		return p, nil
	}
	for record := range strings.SplitSeq(h.Answers, "\x1e") {
		g, err := outlined(record)
		if err != nil {
			return nil, err
		}
		p.take(g)
	}
	return p, nil
}

// Load reads everything of one cycle in two statements: for checks, submission, review
// and export. Whoever calls has found the cycle and decided who may.
func (s *Steps) Load(ctx context.Context, tx pg.Tx, now time.Time, c Cycle) (*Profile, error) {
	p, err := s.head(ctx, tx, now, c, headColumns+headFrom)
	if err != nil {
		return nil, err
	}
	rows, err := answersOf(ctx, tx, c.ID)
	if err != nil {
		return nil, err
	}
	return p, p.fill(rows)
}

// Outline reads one cycle in one statement, without the values of its answers: for
// counts and states.
func (s *Steps) Outline(ctx context.Context, tx pg.Tx, now time.Time, c Cycle) (*Profile, error) {
	p, err := s.head(ctx, tx, now, c, headColumns+outlineColumns+headFrom)
	if err != nil {
		return nil, err
	}
	p.apply()
	return p, nil
}

func (s *Steps) head(ctx context.Context, tx pg.Tx, now time.Time, c Cycle, sql string) (*Profile, error) {
	var h head
	if err := tx.WithContext(ctx).Raw(sql, c.ID, c.CompanyID, now).Scan(&h).Error; err != nil {
		return nil, fmt.Errorf("load a profile: %w", err)
	}
	if h.Cycle == "" {
		return nil, fault.Missing()
	}
	return h.profile(s)
}

// holdStill keeps the company's account as it is while a copy of it is taken: a change of
// a site comes before the copy and is in it, or after and is not.
func holdStill(ctx context.Context, tx pg.Tx, c Cycle) error {
	if err := tx.WithContext(ctx).Exec(`select from company where id = ? for update`, c.CompanyID).Error; err != nil {
		return fmt.Errorf("hold the account still: %w", err)
	}
	return nil
}

// surroundings reads the evidence and what else the checks look at.
func surroundings(ctx context.Context, tx pg.Tx, now time.Time, c Cycle) (links []evidence.Link, a around, err error) {
	if links, err = evidence.Attached(ctx, tx, c.ID); err != nil {
		return nil, a, err
	}
	var body string
	if err := tx.WithContext(ctx).Raw(aroundSQL, c.ID, c.CompanyID, now).Scan(&body).Error; err != nil {
		return nil, a, fmt.Errorf("load what the checks look at: %w", err)
	}
	a, err = readAround(body)
	return links, a, err
}

// isOfficer reports whether the person is listed as an officer of the company with the
// e-mail address that they sign in with.
func isOfficer(ctx context.Context, tx pg.Tx, by identity.Actor) (yes bool, err error) {
	if by.Email == "" {
		return false, nil
	}
	err = tx.WithContext(ctx).Raw(`select exists (select from contact where company_id = ? and kind = 'officer' and removed_at is null and lower(email) = lower(?))`,
		by.CompanyID, by.Email).Scan(&yes).Error
	return yes, err
}

// answerReturn closes the open return.
func answerReturn(ctx context.Context, tx pg.Tx, now time.Time, cycle uuid.UUID) error {
	err := tx.WithContext(ctx).Exec(`update profile_return set answered_at = ?, version = version + 1
		where cycle_id = ? and answered_at is null and cancelled_at is null`, now, cycle).Error
	if err != nil {
		return fmt.Errorf("close the return: %w", err)
	}
	return nil
}

// dropAnswers deletes what a site has of its own to some questions, after putting it away.
func dropAnswers(ctx context.Context, tx pg.Tx, now time.Time, c Cycle, criterion string, site uuid.UUID) (questions []string, err error) {
	err = tx.WithContext(ctx).Raw(`with gone as (
		  delete from profile_answer where cycle_id = ? and criterion = ? and site_id = ? returning *
		), kept as (
		  insert into profile_answer_past (cycle_id, company_id, question, site_id, value, version, updated_at, updated_by, author, replaced_at)
		  select cycle_id, company_id, question, site_id, value, version, updated_at, updated_by, author, ? from gone
		)
		select question from gone order by question`, c.ID, criterion, site, now).Scan(&questions).Error
	return questions, err
}

// submissions are what was submitted, the last round first; only one round unless it is 0.
func submissions(ctx context.Context, tx pg.Tx, c Cycle, round int) ([]Submission, error) {
	list, err := gorm.G[Submission](tx.DB).Where("cycle_id = ? and company_id = ? and (? = 0 or round = ?)", c.ID, c.CompanyID, round, round).
		Order("round desc").Limit(1).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("load what was submitted: %w", err)
	}
	return list, nil
}

func firmOf(ctx context.Context, tx pg.Tx, c Cycle) (f Firm, err error) {
	var row struct{ Name, Country, Office, Zone string }
	err = tx.WithContext(ctx).Raw(`select k.name, k.country, o.name as office, o.zone from company k join office o on o.id = ? where k.id = ?`, c.OfficeID, c.CompanyID).Scan(&row).Error
	if err != nil {
		return f, fmt.Errorf("load the company: %w", err)
	}
	return Firm{ID: c.CompanyID, Name: row.Name, Country: row.Country, Office: row.Office, Zone: location(row.Zone)}, nil
}

// confirmCriteria notes that last cycle's answers are still true.
func confirmCriteria(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Cycle, criteria []string) error {
	for _, id := range criteria {
		err := tx.WithContext(ctx).Exec(`insert into profile_criterion as n (cycle_id, company_id, criterion, confirmed_at, confirmed_by, confirmer) values (?, ?, ?, ?, ?, ?)
			on conflict (cycle_id, criterion) do update set confirmed_at = excluded.confirmed_at, confirmed_by = excluded.confirmed_by, confirmer = excluded.confirmer, version = n.version + 1`,
			c.ID, c.CompanyID, id, now, by.PersonID, by.Name).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// assignCriteria notes who fills criteria in until when; nobody for the zero Colleague.
func assignCriteria(ctx context.Context, tx pg.Tx, now time.Time, c Cycle, criteria []string, who Colleague, due clock.Day) error {
	rows := make([]noteRow, len(criteria))
	for i, id := range criteria {
		rows[i] = noteRow{CycleID: c.ID, CompanyID: c.CompanyID, Criterion: id, Version: 1}
		if who.ID != uuid.Nil {
			rows[i].AssigneeID, rows[i].Assignee, rows[i].AssignedAt = &who.ID, who.Name, &now
			if !due.IsZero() {
				rows[i].DueOn = &due
			}
		}
	}
	return tx.WithContext(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "cycle_id"}, {Name: "criterion"}},
		DoUpdates: append(clause.AssignmentColumns([]string{"assignee_id", "assignee", "due_on", "assigned_at"}),
			clause.Assignment{Column: clause.Column{Name: "version"}, Value: gorm.Expr("profile_criterion.version + 1")}),
	}).Create(&rows).Error
}

// noteRow is what a company notes about one criterion, as far as it is assigned.
type noteRow struct {
	CycleID    uuid.UUID `gorm:"primaryKey"`
	CompanyID  uuid.UUID
	Criterion  string `gorm:"primaryKey"`
	AssigneeID *uuid.UUID
	Assignee   string
	DueOn      *clock.Day `gorm:"type:date"`
	AssignedAt *time.Time
	Version    int
}

// TableName is the table that holds notes.
func (noteRow) TableName() string { return "profile_criterion" }

// answerRemarks notes that criteria of the open return were answered, if there is one.
func answerRemarks(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, cycle uuid.UUID, criteria []string) error {
	return tx.WithContext(ctx).Exec(`update profile_return_item i set answered_at = ?, answered_by = ?, answerer = ?, version = i.version + 1 from profile_return r
		where i.return_id = r.id and r.cycle_id = ? and r.answered_at is null and r.cancelled_at is null and i.criterion in ? and i.answered_at is null`,
		now, by.PersonID, by.Name, cycle, criteria).Error
}

// colleaguesSQL lists who can work on a company's profiles today; the verbs are the
// placeholders of the company and the moment. Days are those of the company's office.
const colleaguesSQL = `select distinct on (lower(p.name), p.id) p.id, p.name, r.role from person_right r
  join person p on p.id = r.person_id join company k on k.id = r.company_id join office o on o.id = k.office_id
  where r.company_id = %s and r.audience = 'company' and r.role <> 'reader' and r.ended_at is null
    and (%s::timestamptz at time zone o.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity')
  order by lower(p.name), p.id, r.granted_at desc`

func colleagues(ctx context.Context, tx pg.Tx, now time.Time, company uuid.UUID) (list []Colleague, err error) {
	if err := tx.WithContext(ctx).Raw(fmt.Sprintf(colleaguesSQL, "?", "?"), company, now).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("find the colleagues: %w", err)
	}
	return list, nil
}
