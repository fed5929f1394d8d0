package finding

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

// Entry is a finding as a person writes it.
type Entry struct {
	ID         uuid.UUID // Draft only, made with the form, so that sending twice makes one
	Validation uuid.UUID // Draft only
	Visit      string    // id; empty: not at one place
	Criterion  string
	Kind       string
	Title      string
	Facts      string
	Wanted     string
	Cause      string
	Elements   map[string]string
	Files      []uuid.UUID // of the visits of the validation
	Version    int
}

// ElementField names the form field of an element of a best practice.
func ElementField(code string) string { return "element-" + code }

// Draft writes a finding that stays the agency's own until it is sent. Case workers of the
// office in charge may. Invalid: what is missing; Conflict: the validation is over.
func (s *Service) Draft(ctx context.Context, by identity.Actor, in Entry) (f Finding, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		f, err = s.Steps.draft(ctx, tx, s.Now(), by, in)
		return err
	})
	return f, err
}

func (s *Steps) draft(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Entry) (f Finding, err error) {
	v, err := validation.Work(ctx, tx, by, in.Validation, 0)
	if err != nil {
		return f, err
	}
	there, err := ofValidation(ctx, tx, v.ID)
	if err != nil {
		return f, err
	}
	for _, x := range there {
		if x.ID == in.ID {
			return x, nil
		}
	}
	if len(there) >= mostFindings {
		return f, fault.New(fault.Conflict, "A validation can have up to %d findings", mostFindings)
	}
	if in.ID == uuid.Nil {
		in.ID = pg.NewID()
	}
	f = Finding{ID: in.ID, ValidationID: v.ID, CompanyID: v.CompanyID, OfficeID: v.OfficeID, Programme: v.Programme, EntityType: v.EntityType,
		Status: Draft, CreatedAt: now, CreatedBy: &by.PersonID, Author: by.Name, Version: 1}
	files, err := s.put(ctx, tx, in, &f)
	if err != nil {
		return f, err
	}
	n, err := number(ctx, tx)
	if err != nil {
		return f, fmt.Errorf("give the finding a number: %w", err)
	}
	f.Reference = fmt.Sprintf("F-%d-%04d", now.UTC().Year(), n)
	if err := add(ctx, tx, &f); err != nil {
		return f, fmt.Errorf("write the finding: %w", err)
	}
	if err := show(ctx, tx, f, files); err != nil {
		return f, err
	}
	return f, record(ctx, tx, now, by, f, audit.Event{Action: "finding.draft", After: f.said(files), Internal: true})
}

// put takes what a person wrote into a finding and says which files it shows.
func (s *Steps) put(ctx context.Context, tx pg.Tx, in Entry, f *Finding) ([]uuid.UUID, error) {
	p, err := s.rules(f.Programme)
	if err != nil {
		return nil, err
	}
	rules := p.Validation.Findings
	var c entry.Check
	kind, known := rules.Kind(in.Kind)
	if !known {
		c.Add("kind", "Choose what kind of finding this is")
	}
	f.Kind = kind.Code
	if f.Criterion = strings.TrimSpace(in.Criterion); f.Criterion == "" {
		c.Add("criterion", "Choose the criterion")
	} else if _, ok := s.Criterion(f.Programme, f.Criterion); !ok {
		c.Add("criterion", "Choose a criterion of the programme")
	}
	f.Title = c.Line("title", "the title", in.Title, 1, 200)
	f.Facts = c.Text("facts", "what was found", in.Facts, 1, 8000)
	least := 0
	if kind.Answers {
		least = 1
	}
	f.Wanted = c.Text("wanted", "what the company is to do", in.Wanted, least, 4000)
	if f.Cause = in.Cause; f.Cause != "" || kind.Answers {
		f.Cause = c.OneOf("cause", "the cause", in.Cause, codes(rules.Causes)...)
	}
	f.Elements = Elements{}
	if f.Kind == BestPractice {
		for _, e := range rules.Elements {
			if text := c.Text(ElementField(e.Code), "this text", in.Elements[e.Code], 0, 2000); text != "" {
				f.Elements[e.Code] = text
			}
		}
	}
	if err := s.placed(ctx, tx, &c, in.Visit, f); err != nil {
		return nil, err
	}
	files, err := filesOf(ctx, tx, f.ValidationID, in.Files)
	if err != nil {
		return nil, err
	}
	if len(files) != len(in.Files) || len(files) > mostFiles {
		c.Add("files", "Choose up to %d files of this validation's visits", mostFiles)
	}
	return files, c.Err()
}

// placed ties a finding to a visit and its site.
func (s *Steps) placed(ctx context.Context, tx pg.Tx, c *entry.Check, visit string, f *Finding) error {
	f.VisitID, f.SiteID = nil, nil
	if visit == "" {
		return nil
	}
	id, err := uuid.Parse(visit)
	if err != nil {
		c.Add("visit", "Choose a visit of this validation")
		return nil
	}
	x, err := visitOf(ctx, tx, f.ValidationID, id)
	if err != nil {
		return err
	}
	if x == nil {
		c.Add("visit", "Choose a visit of this validation")
		return nil
	}
	f.VisitID, f.SiteID = &x.ID, x.SiteID
	return nil
}

func codes(list []programme.Element) (out []string) {
	for _, e := range list {
		out = append(out, e.Code)
	}
	return out
}

// said is a finding for an audit event.
func (f Finding) said(files []uuid.UUID) map[string]any {
	out := map[string]any{"reference": f.Reference, "kind": f.Kind, "criterion": f.Criterion, "title": f.Title, "facts": f.Facts, "wanted": f.Wanted, "cause": f.Cause, "files": len(files)}
	for code, text := range f.Elements {
		out[code] = text
	}
	return out
}

func record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f Finding, e audit.Event) error {
	e.Kind, e.Subject, e.Company = Kind, f.ID, f.CompanyID
	e.Internal = e.Internal || f.SentAt == nil
	return audit.Record(ctx, tx, now, by, e)
}

// Change writes a draft anew. The same persons may as for Draft. Conflict: it was sent, or
// somebody else changed it.
func (s *Service) Change(ctx context.Context, by identity.Actor, id uuid.UUID, in Entry) (f Finding, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var v validation.Validation
		if f, v, err = lock(ctx, tx, by, id); err != nil {
			return err
		}
		if err := working(by, f, v); err != nil {
			return err
		}
		if f.Status != Draft {
			return fault.New(fault.Conflict, "This finding was sent, so its text stays as it is. Take it back and write another if it is wrong")
		}
		was := f
		if in.Version != f.Version {
			return s.Steps.differs(ctx, in, f)
		}
		files, err := s.Steps.put(ctx, tx, in, &f)
		if err != nil {
			return err
		}
		err = pg.Update(ctx, tx, &f, f.ID, &f.Version, "visit_id", "site_id", "criterion", "kind", "title", "facts", "wanted", "elements", "cause")
		if err != nil {
			return fmt.Errorf("change the finding: %w", err)
		}
		if err := show(ctx, tx, f, files); err != nil {
			return err
		}
		return record(ctx, tx, s.Now(), by, f, audit.Event{Action: "finding.change", Before: was.said(nil), After: f.said(files)})
	})
	return f, err
}

// differs is the refusal of a change of an old version.
func (s *Steps) differs(ctx context.Context, in Entry, f Finding) error {
	var list []fault.Change
	for _, x := range []struct{ label, yours, theirs string }{
		{"Criterion", in.Criterion, f.Criterion}, {"Title", in.Title, f.Title}, {"What was found", in.Facts, f.Facts}, {"What is to be done", in.Wanted, f.Wanted},
	} {
		if strings.TrimSpace(x.yours) != x.theirs {
			list = append(list, fault.Change{Label: x.label, Yours: entry.Head(x.yours, 4000), Theirs: x.theirs})
		}
	}
	return fault.Moved(list...)
}

// working refuses who may not work on a finding, and what is over.
func working(by identity.Actor, f Finding, v validation.Validation) error {
	if err := worker(by, f); err != nil {
		return err
	}
	if v.Status.Final() {
		return fault.New(fault.Conflict, "This validation is over and stays as it is")
	}
	return nil
}

// worker refuses everybody but case workers of the office in charge.
func worker(by identity.Actor, f Finding) error {
	switch own, err := by.Reads(); {
	case err != nil:
		return err
	case own != nil:
		return fault.Missing()
	case !by.Is(identity.CaseWorkers...):
		return fault.New(fault.Forbidden, "You can read findings. Only the office in charge can change them")
	case !by.InOffice(f.OfficeID):
		return fault.New(fault.Forbidden, "Another office is in charge of this finding")
	}
	return nil
}

// Send sends one finding before the report: the company sees it, and the days to answer a
// required action begin. The same persons may as for Draft.
func (s *Service) Send(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (f Finding, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var v validation.Validation
		if f, v, err = lock(ctx, tx, by, id); err != nil {
			return err
		}
		if err := working(by, f, v); err != nil {
			return err
		}
		switch {
		case v.NotifiedAt == nil:
			return fault.New(fault.Conflict, "The company does not know of this validation yet")
		case f.Version != version:
			return fault.Moved()
		}
		if err := s.Steps.send(ctx, tx, now, by, &f); err != nil {
			return err
		}
		line, err := s.Steps.Line(ctx, tx, now, f)
		if err != nil {
			return err
		}
		return s.Steps.tell(ctx, tx, now, by, f, "finding_sent", map[string]string{"points": line, "note": ""}, nil)
	})
	return f, err
}

// SendAll sends the drafts of a validation, for the report that is issued: a step of the
// report, which tells the company of all of them in one letter. It returns every finding
// that the company has now.
func (s *Steps) SendAll(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v validation.Validation) (sent []Finding, err error) {
	list, err := ofValidation(ctx, tx, v.ID)
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		if f.Status == Draft {
			if err := s.send(ctx, tx, now, by, &f); err != nil {
				return nil, err
			}
		}
		if f.Status != Withdrawn {
			sent = append(sent, f)
		}
	}
	return sent, nil
}

func (s *Steps) send(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f *Finding) error {
	f.SentAt = &now
	if err := s.move(ctx, tx, now, by, f, Send, Facts{}, nil, "sent_at"); err != nil {
		return err
	}
	if f.Status != Open {
		return nil
	}
	return s.happened(ctx, tx, now, by, *f, programme.ActionRequired)
}

// move makes one move of Lifecycle and saves it with its event and the named columns.
func (s *Steps) move(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f *Finding, do Action, facts Facts, after map[string]any, columns ...string) error {
	p, err := s.rules(f.Programme)
	if err != nil {
		return err
	}
	kind, _ := p.Validation.Findings.Kind(f.Kind)
	facts.Answers = kind.Answers
	from := f.Status
	if f.Status, err = Lifecycle().Next(from, do, by.Role, facts); err != nil {
		return err
	}
	columns = append(columns, "status")
	if f.Status.Final() {
		f.ClosedAt, f.ClosingNote = &now, facts.Text
		columns = append(columns, "closed_at", "closing_note")
	}
	if err := pg.Update(ctx, tx, f, f.ID, &f.Version, columns...); err != nil {
		return fmt.Errorf("%s the finding: %w", do, err)
	}
	said := map[string]any{"reference": f.Reference}
	if f.Status != from {
		said["status"] = f.Status
	}
	maps.Copy(said, after)
	return record(ctx, tx, now, by, *f, audit.Event{Action: "finding." + string(do), Before: map[string]any{"status": from}, After: said, Reason: facts.Text})
}

func (s *Steps) happened(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f Finding, event string) error {
	p, err := s.rules(f.Programme)
	if err != nil {
		return err
	}
	return s.Clocks.Happened(ctx, tx, now, by, subject(f, p), event)
}

// Due is the last day to answer a finding; ok is false when it has none.
func (s *Steps) Due(ctx context.Context, tx pg.Tx, now time.Time, f Finding) (clock.Day, bool, error) {
	p, err := s.rules(f.Programme)
	if err != nil {
		return clock.Day{}, false, err
	}
	views, err := s.Clocks.Of(ctx, tx, now, Kind, f.ID)
	if err != nil {
		return clock.Day{}, false, err
	}
	v, ok := clock.Find(views, p.Validation.Findings.AnswerClock)
	return v.Reading.DueDay, ok, nil
}

// Line is a finding as one line of a letter, with the day by which it is to be answered.
func (s *Steps) Line(ctx context.Context, tx pg.Tx, now time.Time, f Finding) (string, error) {
	p, err := s.rules(f.Programme)
	if err != nil {
		return "", err
	}
	kind, _ := p.Validation.Findings.Kind(f.Kind)
	line := fmt.Sprintf("%s: %s, %s. %s", f.Reference, i18n.T(ctx, kind.Name), f.Criterion, f.Title)
	if f.Status != Open {
		return line, nil
	}
	due, ok, err := s.Due(ctx, tx, now, f)
	if err == nil && ok {
		line += ". " + i18n.T(ctx, "Answer by %s", due.Text(ctx))
	}
	return line, err
}

// tell writes a letter about a finding to its company.
func (s *Steps) tell(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f Finding, code string, values map[string]string, days map[string]time.Time) error {
	p, err := s.rules(f.Programme)
	if err != nil {
		return err
	}
	return s.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: f.CompanyID, SubjectKind: Kind, SubjectID: f.ID, Programme: p, Code: code, Values: values, Days: days})
}
