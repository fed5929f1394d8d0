package bizpartner

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Cycle is a security profile that can be filled in now, and the criteria for which partners
// can be evidence.
type Cycle struct {
	ID        uuid.UUID
	Reference string
	Programme string
	Criteria  []string
}

// Cycles lists the profiles of the actor's company that evidence can be attached to now. Its
// editors may.
func (s *Service) Cycles(ctx context.Context, by identity.Actor) (list []Cycle, err error) {
	if err := editor(by); err != nil {
		return nil, err
	}
	if err := s.DB.Batch(ctx, by.Scope(), cyclesQuery(&list, by)); err != nil {
		return nil, fmt.Errorf("list the profiles: %w", err)
	}
	return s.fit(list), nil
}

func cyclesQuery(dst *[]Cycle, by identity.Actor) pg.Query {
	return pg.All(dst, `select id, reference, programme, '{}'::text[] as criteria from profile_cycle where company_id = $1 and status in ('open', 'returned')
		order by opened_at desc, id limit 20`, by.CompanyID)
}

// fit keeps of profiles those for which partners can be evidence, with the criteria.
func (s *Service) fit(list []Cycle) []Cycle {
	for i := range list {
		for _, c := range s.Data.Evidence {
			if c.Programme == list[i].Programme {
				list[i].Criteria = c.IDs
			}
		}
	}
	return slices.DeleteFunc(list, func(c Cycle) bool { return len(c.Criteria) == 0 })
}

// KeepEntry says to which criteria of which profile something is attached. Without a profile
// it goes into the library alone.
type KeepEntry struct {
	Cycle    string // id, or empty
	Criteria []string
}

func (s *Service) places(in KeepEntry) (out []evidence.Place, err error) {
	if in.Cycle == "" {
		return nil, nil
	}
	id, bad := uuid.Parse(in.Cycle)
	if bad != nil {
		return nil, fault.Fail([]fault.Field{fault.F("cycle", "Choose a security profile")})
	}
	for _, c := range in.Criteria {
		if !slices.ContainsFunc(s.Data.Evidence, func(x Criteria) bool { return slices.Contains(x.IDs, c) }) {
			return nil, fault.Fail([]fault.Field{fault.F("criteria", "Choose from the criteria of this page")})
		}
		out = append(out, evidence.Place{Cycle: id, Criterion: c})
	}
	if len(out) == 0 {
		return nil, fault.Fail([]fault.Field{fault.F("criteria", "Choose at least one criterion")})
	}
	return out, nil
}

// KeepResult puts an answered questionnaire as it is now into the company's library of
// evidence. Editors may. Conflict: the partner has not answered; Invalid: the criteria are
// not of the profile, or cannot be changed now.
func (s *Service) KeepResult(ctx context.Context, by identity.Actor, id uuid.UUID, in KeepEntry) (item uuid.UUID, err error) {
	if err := editor(by); err != nil {
		return item, err
	}
	r, err := s.Result(ctx, by, id)
	if err != nil {
		return item, err
	}
	if !r.Questionnaire.Status.HandedIn() {
		return item, fault.New(fault.Conflict, "The partner has not answered yet")
	}
	now := s.Now()
	body, err := s.resultFile(ctx, r, now)
	if err != nil {
		return item, err
	}
	title := fmt.Sprintf("%s: %s, %s", r.Questionnaire.Reference, r.Partner.Name, r.Template.Name.In("en"))
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		q, err := lock[Questionnaire](ctx, tx, by.CompanyID, id)
		if err != nil {
			return err
		}
		if q.Version != r.Questionnaire.Version {
			return fault.Moved()
		}
		if item, err = s.keepFile(ctx, tx, now, by, title, strings.ToLower(q.Reference)+".csv", body, in); err != nil {
			return err
		}
		if err := q.write(ctx, tx, now, "kept", "", by.Name); err != nil {
			return err
		}
		return q.record(ctx, tx, now, by, audit.Event{Action: "questionnaire.keep", After: map[string]any{"reference": q.Reference, "criteria": strings.Join(in.Criteria, ", ")}})
	})
	return item, err
}

// KeepStatus puts what a connected member is now into the company's library of evidence, with
// the moment. Editors may. Conflict: the connection is not live.
func (s *Service) KeepStatus(ctx context.Context, by identity.Actor, connection uuid.UUID, in KeepEntry) (item uuid.UUID, err error) {
	if err := editor(by); err != nil {
		return item, err
	}
	now := s.Now()
	t, err := s.Connection(ctx, by, connection)
	if err != nil {
		return item, err
	}
	if t.Connection.State != Connected {
		return item, fault.New(fault.Conflict, "This connection has ended, so there is no status to keep")
	}
	m := *t.Connection.Member
	body, err := s.statusFile(ctx, m, now)
	if err != nil {
		return item, err
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if item, err = s.keepFile(ctx, tx, now, by, fmt.Sprintf("Status of %s as of %s", m.Name, now.UTC().Format(time.DateOnly)), "status-"+now.UTC().Format(time.DateOnly)+".csv", body, in); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "partner_connection.keep", Kind: KindConnection, Subject: connection, Company: by.CompanyID,
			After: map[string]any{"criteria": strings.Join(in.Criteria, ", ")}})
	})
	return item, err
}

func (s *Service) keepFile(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, title, name string, body []byte, in KeepEntry) (uuid.UUID, error) {
	places, err := s.places(in)
	if err != nil {
		return uuid.Nil, err
	}
	day, err := today(ctx, tx, now, by.CompanyID)
	if err != nil {
		return uuid.Nil, err
	}
	on := day.Time()
	id, err := s.Evidence.KeepRecord(ctx, tx, now, by, evidence.Record{Company: by.CompanyID, Title: title, FileName: name, MediaType: "text/csv; charset=utf-8", Content: body, IssuedOn: &on, Places: places})
	if k := fault.KindOf(err); err != nil && len(places) > 0 && (k == fault.NotFound || k == fault.Forbidden) {
		return uuid.Nil, fault.Fail([]fault.Field{fault.F("criteria", "These criteria are not of this profile, or cannot be changed now")})
	}
	return id, err
}

// sheet writes rows as CSV without formulas.
func sheet(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, row := range rows {
		for i := range row {
			row[i] = entry.Inert(row[i])
		}
		if err := w.Write(row); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func (s *Service) statusFile(ctx context.Context, m Member, now time.Time) ([]byte, error) {
	rows := [][]string{{"Company", m.Name}, {"As of", now.UTC().Format(time.RFC3339)}}
	for _, p := range m.Parts {
		row := []string{"Status", s.PartText(ctx, m.Programme, p)}
		if p.Since != nil {
			row = append(row, "since "+p.Since.String())
		}
		rows = append(rows, row)
	}
	return sheet(rows)
}

func (s *Service) resultFile(ctx context.Context, r Result, now time.Time) ([]byte, error) {
	q := r.Questionnaire
	score := ""
	if q.Score != nil {
		score = strconv.Itoa(*q.Score)
	}
	rows := [][]string{{"Questionnaire", r.Template.Name.In("en"), r.Template.Edition}, {"Reference", q.Reference}, {"Business partner", r.Partner.Name, i18n.Country(ctx, r.Partner.Country)},
		{"Sent", clock.DayOf(q.SentAt, time.UTC).String()}, {"Answered", q.AnsweredAt.UTC().Format(time.RFC3339)}, {"Answered by", q.Answerer, q.Position},
		{"Status", q.Status.Name()}, {"Score", score, r.Template.Band(q.Band).Name.In("en")}, {"As of", now.UTC().Format(time.RFC3339)}, {""},
		{"Question", "Criteria", "Answer", "Note", "Points", "Weight"}}
	for _, p := range r.Points {
		of := ""
		if p.Of > 0 {
			of = strconv.FormatFloat(p.Of, 'f', -1, 64)
		}
		rows = append(rows, []string{p.Question.Text.In("en"), strings.Join(p.Question.Criteria[q.Programme], ", "), AnswerName(p.Answer), r.Replies[p.Question.Code].Note,
			strconv.FormatFloat(p.Got, 'f', -1, 64), of})
	}
	if len(r.Tasks) > 0 {
		rows = append(rows, []string{""}, []string{"Corrective action", "Due", "Done", "Proof"})
	}
	for _, t := range r.Tasks {
		rows = append(rows, []string{t.What, t.DueOn.String(), day(t.DoneOn), t.Proof})
	}
	return sheet(rows)
}

// AnswerName is an answer in words (English source text).
func AnswerName(a string) string {
	return map[string]string{Yes: "Yes", Partly: "Partly", No: "No", NotApplicable: "Not applicable"}[a]
}
