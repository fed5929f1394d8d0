package application

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
)

// Open locks an application for the rest of the transaction and returns it. An
// application that is not there, or of another company, is a NotFound before its
// version is looked at; a version other than the current one is a Conflict, and 0
// means that the caller has not shown one.
func Open(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, version int) (Application, error) {
	a, err := find(ctx, gorm.G[Application](tx.DB, clause.Locking{Strength: "UPDATE"}).Where("id = ?", id), by)
	if err != nil {
		return a, err
	}
	if version != 0 && a.Version != version {
		return a, fault.Moved()
	}
	return a, nil
}

// lockAccount holds the company's account still while a copy of it is taken: a change
// of the account comes before the copy and is in it, or after and is refused.
func lockAccount(ctx context.Context, tx pg.Tx, a Application) error {
	if err := tx.WithContext(ctx).Exec(`select from company where id = ? for update`, a.CompanyID).Error; err != nil {
		return fmt.Errorf("hold the account still: %w", err)
	}
	return nil
}

// Look reads an application without locking it, for the company's own people and the
// portal. The agency reads cases with the review package, which notes each look and
// shows none that was not sent.
func Look(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Application, error) {
	if by.Audience == identity.Staff {
		return Application{}, fault.Missing()
	}
	return find(ctx, gorm.G[Application](tx.DB).Where("id = ?", id), by)
}

func find(ctx context.Context, q gorm.ChainInterface[Application], by identity.Actor) (Application, error) {
	switch by.Audience {
	case identity.Companies:
		q = q.Where("company_id = ?", by.CompanyID)
	case identity.Staff, identity.System:
	default:
		return Application{}, fault.Missing()
	}
	a, err := q.First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return a, fault.Missing()
	}
	if err != nil {
		return a, fmt.Errorf("open application: %w", err)
	}
	return a, nil
}

// loadDossier reads what the programme must know of a company.
func loadDossier(ctx context.Context, tx pg.Tx, company uuid.UUID) (Dossier, error) {
	var bodies []string
	if err := tx.WithContext(ctx).Raw(fmt.Sprintf(dossierSQL, "?"), company).Scan(&bodies).Error; err != nil {
		return Dossier{}, fmt.Errorf("load the company's data: %w", err)
	}
	if len(bodies) == 0 {
		return Dossier{}, fault.Missing()
	}
	return readDossier(bodies[0])
}

// load reads everything that an application consists of.
func (s *Steps) load(ctx context.Context, tx pg.Tx, now time.Time, a Application) (f File, err error) {
	if f, err = s.empty(a); err != nil {
		return f, err
	}
	var body struct{ Dossier, Answers, Signatures, Numbers, Profiles string }
	err = tx.WithContext(ctx).Raw(fmt.Sprintf(fileSQL, fmt.Sprintf(dossierSQL, "$1"), fmt.Sprintf(profileSQL, "$2")), a.CompanyID, a.ID).Scan(&body).Error
	if err != nil {
		return f, fmt.Errorf("load the application's data: %w", err)
	}
	if body.Dossier == "" {
		return f, fault.Missing()
	}
	if f.Dossier, err = readDossier(body.Dossier); err != nil {
		return f, err
	}
	f.Today = clock.DayOf(now, f.Dossier.Office.Location())
	if f.Answers, err = pg.Documents[Answer](body.Answers); err != nil {
		return f, fmt.Errorf("load eligibility answers: %w", err)
	}
	if err := json.Unmarshal([]byte(body.Numbers), &f.Chosen); err != nil {
		return f, fmt.Errorf("load the numbers that take part: %w", err)
	}
	live, err := pg.Documents[struct {
		Signature
		Email string
	}](body.Signatures)
	if err != nil {
		return f, fmt.Errorf("load the signature: %w", err)
	}
	if len(live) > 0 {
		f.Signature, f.SignerEmail = &live[0].Signature, live[0].Email
	}
	return f, f.readProfile(body.Profiles)
}

// readProfile takes the security profile, if there is one.
func (f *File) readProfile(text string) error {
	list, err := pg.Documents[struct {
		profile.Cycle
		Begun bool
	}](text)
	if err != nil {
		return fmt.Errorf("load the security profile: %w", err)
	}
	if len(list) > 0 {
		f.Profile, f.ProfileBegun = &list[0].Cycle, list[0].Begun
	}
	return nil
}

// profileSQL reads the security profile of an application as one document in a list; the
// verb is the placeholder of the application's id.
const profileSQL = `coalesce((select jsonb_agg(to_jsonb(c) || jsonb_build_object('begun', exists (select from profile_answer x where x.cycle_id = c.id)))
    from profile_cycle c where c.application_id = %s), '[]')`

// fileSQL reads an application's parts in one statement; the verbs are the dossier's and
// the security profile's; $1 the company, $2 the application.
const fileSQL = `select coalesce((%s), '') as dossier,
  coalesce((select jsonb_agg(to_jsonb(e) order by e.question) from eligibility_answer e where e.application_id = $2 and e.company_id = $1), '[]')::text as answers,
  coalesce((select jsonb_agg(to_jsonb(g) || jsonb_build_object('email', coalesce(p.email, ''))) from agreement_signature g left join person p on p.id = g.signed_by
    where g.application_id = $2 and g.company_id = $1 and g.revoked_at is null), '[]')::text as signatures,
  coalesce((select jsonb_agg(n.identifier_id order by n.identifier_id) from application_identifier n where n.application_id = $2 and n.company_id = $1), '[]')::text as numbers, ` + "%s::text as profiles"

// empty is the file of an application before the company's data are read.
func (s *Steps) empty(a Application) (File, error) {
	p, err := s.Programme(a)
	if err != nil {
		return File{}, err
	}
	e, ok := p.EntityType(a.EntityType)
	if !ok {
		return File{}, fmt.Errorf("application %s: programme %s has no kind of member %q", a.Reference, a.Programme, a.EntityType)
	}
	return File{Application: a, Programme: p, Entity: e}, nil
}

// OpenRequest is the request for information that the company has not answered yet,
// with its items; nil when there is none.
func OpenRequest(ctx context.Context, tx pg.Tx, a Application) (*InformationRequest, []InformationItem, error) {
	var bodies []struct{ Request, Items string }
	err := tx.WithContext(ctx).Raw(`select jsonb_build_array(to_jsonb(r) || jsonb_build_object('due_on', to_char(r.due_on, 'YYYY-MM-DD"T00:00:00Z"')))::text as request,
		coalesce((select jsonb_agg(to_jsonb(i) order by i.id) from information_item i where i.request_id = r.id), '[]')::text as items
		from information_request r where r.application_id = ? and r.company_id = ? and r.answered_at is null and r.cancelled_at is null`, a.ID, a.CompanyID).Scan(&bodies).Error
	if err != nil {
		return nil, nil, fmt.Errorf("load the request for information: %w", err)
	}
	if len(bodies) == 0 {
		return nil, nil, nil
	}
	open, err := pg.Documents[InformationRequest](bodies[0].Request)
	if err != nil {
		return nil, nil, fmt.Errorf("load the request for information: %w", err)
	}
	items, err := pg.Documents[InformationItem](bodies[0].Items)
	if err != nil {
		return nil, nil, fmt.Errorf("load what is asked for: %w", err)
	}
	return &open[0], items, nil
}

func openHearing(ctx context.Context, tx pg.Tx, a Application) (*HearingRow, error) {
	open, err := gorm.G[HearingRow](tx.DB).Where("application_id = ? and company_id = ? and closed_at is null", a.ID, a.CompanyID).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the hearing: %w", err)
	}
	if len(open) == 0 {
		return nil, nil
	}
	return &open[0], nil
}

func snapshots(ctx context.Context, tx pg.Tx, a Application) ([]Snapshot, error) {
	list, err := gorm.G[Snapshot](tx.DB).Where("application_id = ? and company_id = ?", a.ID, a.CompanyID).Order("round desc").Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("load what was submitted: %w", err)
	}
	return list, nil
}

// add inserts one row.
func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return gorm.G[T](tx.DB).Create(ctx, row)
}

// saveAnswer writes an answer whose version has been compared already, under the
// application's lock.
func saveAnswer(ctx context.Context, tx pg.Tx, a Answer, isNew bool) error {
	if isNew {
		return add(ctx, tx, &a)
	}
	r := tx.WithContext(ctx).Model(&Answer{}).
		Where("application_id = ? and question = ? and version = ?", a.ApplicationID, a.Question, a.Version-1).
		Select("answer", "note", "answered_at", "answered_by", "version").Updates(&a)
	if r.Error == nil && r.RowsAffected == 0 {
		return fault.Moved()
	}
	return r.Error
}

// revokeSignature ends the live signature, if there is one.
func revokeSignature(ctx context.Context, tx pg.Tx, a Application, now time.Time) error {
	return tx.WithContext(ctx).Exec("update agreement_signature set revoked_at = ? where application_id = ? and revoked_at is null", now, a.ID).Error
}

// beginChecks adds a verdict to be given for each part and an outcome for each
// vetting check. The company may add these rows but not see them, so those that are
// there already are left to the unique keys.
func beginChecks(ctx context.Context, tx pg.Tx, f File) error {
	a := f.Application
	for _, part := range f.Programme.Review() {
		err := tx.WithContext(ctx).Exec(`insert into review_item (application_id, company_id, part, round, verdict)
			values (?, ?, ?, ?, ?) on conflict do nothing`, a.ID, a.CompanyID, part.Code, a.Round, string(NotReviewed)).Error
		if err != nil {
			return fmt.Errorf("begin the check of %s: %w", part.Code, err)
		}
	}
	for _, v := range vettingOf(f) {
		err := tx.WithContext(ctx).Exec(`insert into vetting_item (id, application_id, company_id, code, subject_kind, subject_id, label)
			values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`, pg.NewID(), a.ID, a.CompanyID, v.Code, v.SubjectKind, v.SubjectID, v.Label).Error
		if err != nil {
			return fmt.Errorf("begin the check %s: %w", v.Code, err)
		}
	}
	return nil
}

// number is the next number of an application. Numbers are never given twice; one
// that is drawn for an application that then fails is lost.
func number(ctx context.Context, tx pg.Tx) (n int64, err error) {
	err = tx.WithContext(ctx).Raw("select nextval('application_number')").Scan(&n).Error
	return n, err
}

// sameOpen is the company's open application to the same programme as the same kind
// of member.
func sameOpen(ctx context.Context, tx pg.Tx, company uuid.UUID, programme, entity string) (*Application, error) {
	list, err := gorm.G[Application](tx.DB).
		Where("company_id = ? and programme = ? and entity_type = ? and status not in ?", company, programme, entity,
			[]Status{Certified, Rejected, Withdrawn, Lapsed}).Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// liveMembership is the number of the company's membership of the same kind that
// has not ended, or "".
func liveMembership(ctx context.Context, tx pg.Tx, company uuid.UUID, programme, entity string) (number string, err error) {
	err = tx.WithContext(ctx).Raw(`select number from membership
		where company_id = ? and programme = ? and entity_type = ? and status <> 'ended' limit 1`, company, programme, entity).Scan(&number).Error
	return number, err
}

// bar is a clock that keeps a company from applying again.
type bar struct {
	Name   string
	Source string
	DueOn  time.Time // last day on which the company may not apply, midnight UTC
}

// runningBars lists the bars that still run on a day, the longest first. They hang
// on an earlier application or membership of the same kind.
func runningBars(ctx context.Context, tx pg.Tx, company uuid.UUID, p *programme.Programme, entity string, today clock.Day) ([]bar, error) {
	var out []bar
	if len(p.Process.ReapplyBars) == 0 {
		return nil, nil
	}
	err := tx.WithContext(ctx).Raw(`select c.name, c.source, c.due_on from clock c
		left join application a on c.subject_kind = 'application' and a.id = c.subject_id
		left join membership m on c.subject_kind = 'membership' and m.id = c.subject_id
		where c.company_id = ? and c.programme = ? and c.code in ? and c.stopped_at is null and c.due_on >= ?
		and coalesce(a.entity_type, m.entity_type) = ?
		order by c.due_on desc`, company, p.Code, slices.Clone(p.Process.ReapplyBars), today.String(), entity).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("look for a bar: %w", err)
	}
	return out, nil
}

// passed is the last day of the running clock on which a move of the clock rests, if
// that day is over; else zero.
func passed(ctx context.Context, tx pg.Tx, a Application, today clock.Day, do Action) (clock.Day, error) {
	rests := map[Action]string{
		Lapse:         "on_expiry = '" + string(programme.Lapse) + "'",
		Accept:        "on_expiry = '" + string(programme.CountAsAccepted) + "'",
		ExpireHearing: "start_event = '" + programme.ApplicationHearingOpened + "'",
	}[do]
	if rests == "" {
		return clock.Day{}, fmt.Errorf("%s is no move of the clock", do)
	}
	var due []clock.Day
	err := tx.WithContext(ctx).Raw(`select due_on from clock where subject_kind = ? and subject_id = ?
		and stopped_at is null and not paused and due_on < ? and `+rests+` order by due_on limit 1`, Kind, a.ID, today.String()).Scan(&due).Error
	if err != nil {
		return clock.Day{}, fmt.Errorf("look at the clock: %w", err)
	}
	if len(due) == 0 {
		return clock.Day{}, nil
	}
	return due[0], nil
}

// assigned reports whether a contributor may edit a part.
func assigned(ctx context.Context, tx pg.Tx, by identity.Actor, part string) (yes bool, err error) {
	err = tx.WithContext(ctx).Raw(`select exists (select from person_right where id = ? and ? = any(parts))`, by.RightID, part).Scan(&yes).Error
	return yes, err
}

// officeZone is the zone in which an office counts its days.
func officeZone(ctx context.Context, tx pg.Tx, id uuid.UUID) (*time.Location, error) {
	var name string
	if err := tx.WithContext(ctx).Raw("select zone from office where id = ?", id).Scan(&name).Error; err != nil {
		return nil, fmt.Errorf("load the office's zone: %w", err)
	}
	return Office{Zone: name}.Location(), nil
}

// endRequest closes the open request for information: answered by a person, or
// cancelled because the application ends.
func endRequest(ctx context.Context, tx pg.Tx, r *InformationRequest, now time.Time, answeredBy *uuid.UUID) error {
	if answeredBy == nil {
		r.CancelledAt = &now
		return pg.Update(ctx, tx, r, r.ID, &r.Version, "cancelled_at")
	}
	r.AnsweredAt, r.AnsweredBy = &now, answeredBy
	return pg.Update(ctx, tx, r, r.ID, &r.Version, "answered_at", "answered_by")
}

// story reads what has happened with an application, in one statement: its history
// without the agency's own work, what was submitted, the last round first, and the open
// hearing or else the latest one.
func story(ctx context.Context, tx pg.Tx, o *Overview) error {
	a := o.File.Application
	var body struct{ Events, Snapshots, Hearings string }
	err := tx.WithContext(ctx).Raw(`select
		coalesce((select jsonb_agg(to_jsonb(e) - 'id' order by e.id desc) from (
			select id, at, case when audience = 'staff' then '' else actor end as actor, action, reason from audit_event
			where subject_kind = @kind and subject_id = @id and company_id = @company and not internal and action like 'application.%'
			order by id desc limit 200) e), '[]')::text as events,
		coalesce((select jsonb_agg(to_jsonb(s) order by s.round desc) from application_snapshot s
			where s.application_id = @id and s.company_id = @company), '[]')::text as snapshots,
		coalesce((select jsonb_agg(to_jsonb(h)) from (select * from hearing
			where application_id = @id and company_id = @company order by opened_at desc limit 1) h), '[]')::text as hearings`,
		map[string]any{"kind": Kind, "id": a.ID, "company": a.CompanyID}).Scan(&body).Error
	if err != nil {
		return fmt.Errorf("load what has happened: %w", err)
	}
	if o.Events, err = pg.Documents[Event](body.Events); err != nil {
		return fmt.Errorf("load the history: %w", err)
	}
	if o.Snapshots, err = pg.Documents[Snapshot](body.Snapshots); err != nil {
		return fmt.Errorf("load what was submitted: %w", err)
	}
	hearings, err := pg.Documents[HearingRow](body.Hearings)
	if err != nil {
		return fmt.Errorf("load the hearing: %w", err)
	}
	if len(hearings) > 0 {
		o.Hearing = &hearings[0]
	}
	return nil
}

// lastLetter is the text of the latest letter of a kind about an application.
func lastLetter(ctx context.Context, tx pg.Tx, a Application, code string) (subject, body string, err error) {
	var row struct{ Subject, Body string }
	err = tx.WithContext(ctx).Raw(`select subject, body from message where company_id = ? and subject_kind = ? and subject_id = ? and letter = ?
		order by sent_at desc, id desc limit 1`, a.CompanyID, Kind, a.ID, code).Scan(&row).Error
	if err != nil {
		return "", "", fmt.Errorf("load the letter: %w", err)
	}
	return row.Subject, row.Body, nil
}
