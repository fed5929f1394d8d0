package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/review"
	"trustedtrader/app/standing"
	"trustedtrader/app/validation"
)

func record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v validation.Validation, e audit.Event) error {
	e.Kind, e.Subject, e.Company = validation.Kind, v.ID, v.CompanyID
	return audit.Record(ctx, tx, now, by, e)
}

// Begin assembles the report of a validation whose visits have begun. Whoever begins it
// again finds it as it is. Case workers of the office in charge may. Conflict: the company
// was not visited yet.
func (s *Service) Begin(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		v, err := validation.Work(ctx, tx, by, id, 0)
		if err != nil {
			return err
		}
		if v.Status != validation.Visiting && v.Status != validation.Visited {
			return fault.New(fault.Conflict, "A report can be written once a visit has begun")
		}
		there, err := scan[uuid.UUID](ctx, tx, `select validation_id from report where validation_id = ?`, v.ID)
		if err != nil || len(there) == 1 {
			return err
		}
		m, err := s.gather(ctx, tx, v)
		if err != nil {
			return err
		}
		r := Report{ValidationID: v.ID, CompanyID: v.CompanyID, Status: Draft, Sections: m.sections(ctx), WrittenBy: &by.PersonID, Version: 1}
		if err := add(ctx, tx, &r); err != nil {
			return fmt.Errorf("begin the report: %w", err)
		}
		return record(ctx, tx, now, by, v, audit.Event{Action: "report.begin", After: map[string]any{"reference": v.Reference, "sections": len(r.Sections)}, Internal: true})
	})
}

// write locks a report for a change of its text.
func (s *Service) write(ctx context.Context, by identity.Actor, id uuid.UUID, do func(tx pg.Tx, now time.Time, r *Report, v validation.Validation) error) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		v, err := validation.Work(ctx, tx, by, id, 0)
		if err != nil {
			return err
		}
		r, err := lockReport(ctx, tx, v.ID)
		if err != nil {
			return err
		}
		if !r.Status.Open() {
			return fault.New(fault.Conflict, "The report cannot be edited now: %s", r.Status.Name())
		}
		return do(tx, now, &r, v)
	})
}

// TextField names the form field of a section.
func TextField(code string) string { return "text-" + code }

// Edit writes one section anew. Case workers of the office in charge may while the report is
// a draft or was returned. Conflict, with both texts: somebody else wrote it meanwhile.
func (s *Service) Edit(ctx context.Context, by identity.Actor, id uuid.UUID, code, text string, version int) error {
	return s.write(ctx, by, id, func(tx pg.Tx, now time.Time, r *Report, v validation.Validation) error {
		x := r.Sections.Find(code)
		if x == nil {
			return fault.Missing()
		}
		var c entry.Check
		text := c.Text(TextField(code), "the section", text, 0, mostText)
		if err := c.Err(); err != nil || text == x.Text {
			return err
		}
		if x.Version != version {
			return fault.Moved(fault.Change{Label: x.Title, Yours: entry.Head(text, 4000), Theirs: entry.Head(x.Text, 4000)})
		}
		was := x.Text
		x.Text, x.Author, x.Version = text, by.Name, x.Version+1
		if err := save(ctx, tx, r, "sections"); err != nil {
			return err
		}
		return record(ctx, tx, now, by, v, audit.Event{Action: "report.edit", Before: map[string]any{code: was}, After: map[string]any{code: text}, Internal: true})
	})
}

// Assemble takes what was visited, verified and found since into the named sections, in
// place of their text. The same persons may as for Edit.
func (s *Service) Assemble(ctx context.Context, by identity.Actor, id uuid.UUID, sections []string, version int) error {
	return s.write(ctx, by, id, func(tx pg.Tx, now time.Time, r *Report, v validation.Validation) error {
		if r.Version != version {
			return fault.Moved()
		}
		m, err := s.gather(ctx, tx, v)
		if err != nil {
			return err
		}
		before, after := map[string]any{}, map[string]any{}
		for _, f := range m.fresh(ctx, *r) {
			if !slices.Contains(sections, f.Code) {
				continue
			}
			x := r.Sections.Find(f.Code)
			before[f.Code], after[f.Code] = x.Text, f.Now
			x.Text, x.Filled, x.Author, x.Version = f.Now, f.Now, "", x.Version+1
		}
		if len(after) == 0 {
			return fault.Fail([]fault.Field{fault.F("section", "Choose the sections that are to be assembled again")})
		}
		if err := save(ctx, tx, r, "sections"); err != nil {
			return err
		}
		return record(ctx, tx, now, by, v, audit.Event{Action: "report.assemble", Before: before, After: after, Internal: true})
	})
}

// ProposalEntry is what is to follow from a validation as its writer proposes it.
type ProposalEntry struct {
	Version int
	Outcome validation.Outcome
	Reason  string
}

// Propose says what is to follow from the validation. The tier follows from the programme's
// rule: it is the one to which the validation leads once no required action is open. The same
// persons may as for Edit. Invalid: the outcome or its reason.
func (s *Service) Propose(ctx context.Context, by identity.Actor, id uuid.UUID, in ProposalEntry) error {
	return s.write(ctx, by, id, func(tx pg.Tx, now time.Time, r *Report, v validation.Validation) error {
		if r.Version != in.Version {
			return fault.Moved()
		}
		var c entry.Check
		if !slices.Contains(Outcomes(v), in.Outcome) {
			c.Add("outcome", "Choose what is to follow from the validation")
		}
		reason := c.Text("reason", "the reason", in.Reason, 1, 4000)
		tier := ""
		if in.Outcome == validation.TierAwarded {
			p, err := s.Findings.Rules(v)
			if err != nil {
				return err
			}
			_, practices, err := s.Findings.OpenNeeds(ctx, tx, v)
			if err != nil {
				return err
			}
			if tier = BestTier(p, v.EntityType, 0, practices); tier == "" {
				c.Add("outcome", "The programme has no tier for this kind of member")
			}
		}
		if err := c.Err(); err != nil {
			return err
		}
		r.Outcome, r.OutcomeReason, r.Tier = string(in.Outcome), reason, tier
		if err := save(ctx, tx, r, "outcome", "outcome_reason", "tier"); err != nil {
			return err
		}
		return record(ctx, tx, now, by, v, audit.Event{Action: "report.propose", After: map[string]any{"outcome": r.Outcome, "tier": tier}, Reason: reason, Internal: true})
	})
}

// step locks a report for a move and gathers its facts.
func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int, do func(tx pg.Tx, now time.Time, r *Report, v validation.Validation, f Facts) error) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		v, err := validation.Work(ctx, tx, by, id, 0)
		if err != nil {
			return err
		}
		r, err := lockReport(ctx, tx, v.ID)
		if err != nil {
			return err
		}
		if r.Version != version {
			return fault.Moved()
		}
		p, err := s.Findings.Rules(v)
		if err != nil {
			return err
		}
		c, err := commentOf(ctx, tx, v.ID, "SHARE")
		if err != nil {
			return err
		}
		return do(tx, now, &r, v, facts(now, by, p, v, r, c))
	})
}

func facts(now time.Time, by identity.Actor, p *programme.Programme, v validation.Validation, r Report, c *Comment) Facts {
	f := Facts{Asks: p.Validation.Report.CommentDays > 0, Asked: c != nil, Spoken: c != nil && c.Over(now), Outcome: r.Outcome != "",
		Visited: v.Status == validation.Visited || v.Status == validation.Issued, Own: r.SubmittedBy != nil && *r.SubmittedBy == by.PersonID}
	for _, x := range r.Sections {
		if strings.TrimSpace(x.Text) == "" {
			f.Empty = append(f.Empty, x.Title)
		}
	}
	return f
}

// move makes one move of Lifecycle and saves it with its event and the named columns.
func (s *Service) move(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r *Report, v validation.Validation, do Action, f Facts, e audit.Event, columns ...string) error {
	from := r.Status
	to, err := Lifecycle().Next(from, do, by.Role, f)
	if err != nil {
		return err
	}
	r.Status = to
	if err := save(ctx, tx, r, append(columns, "status")...); err != nil {
		return err
	}
	after := map[string]any{"report": to}
	if extra, ok := e.After.(map[string]any); ok {
		maps.Copy(after, extra)
	}
	e.Action, e.Before, e.After = "report."+string(do), map[string]any{"report": from}, after
	return record(ctx, tx, now, by, v, e)
}

// Share sends the draft to the company, which has the programme's days to comment. Case
// workers of the office in charge may, once. Invalid: a section is empty.
func (s *Service) Share(ctx context.Context, by identity.Actor, id uuid.UUID, version int, note string) error {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, r *Report, v validation.Validation, f Facts) error {
		var check entry.Check
		note := check.Text("note", "the note", note, 0, 2000)
		if err := check.Err(); err != nil {
			return err
		}
		m, err := s.gather(ctx, tx, v)
		if err != nil {
			return err
		}
		last := clock.DayOf(now, m.Place.zone()).AddDays(m.p.Validation.Report.CommentDays)
		if err := s.move(ctx, tx, now, by, r, v, Share, f, audit.Event{After: map[string]any{"due_on": last}}); err != nil {
			return err
		}
		if _, err := freeze(ctx, tx, now, by, v, m.content(*r, StepShared), true); err != nil {
			return err
		}
		c := Comment{ValidationID: v.ID, CompanyID: v.CompanyID, AskedAt: now, CommentBy: last.End(m.Place.zone()), Version: 1}
		if err := add(ctx, tx, &c); err != nil {
			return fmt.Errorf("ask for comments: %w", err)
		}
		return s.Findings.Write(ctx, tx, now, by, v, "validation_report_draft", map[string]string{"note": note}, map[string]time.Time{"due_on": last.Time()})
	})
}

// Comment is the company's word on the draft, once, within its days. Those who edit for the
// company may. Invalid: nothing was said; Conflict: the days are over, or it was said.
func (s *Service) Comment(ctx context.Context, by identity.Actor, id uuid.UUID, body string, version int) error {
	now := s.Now()
	own, err := by.Reads()
	if err != nil || own == nil {
		return fault.Missing()
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		v, err := validation.Lock(ctx, tx, by, id, 0)
		if err != nil {
			return err
		}
		c, err := commentOf(ctx, tx, v.ID, "UPDATE")
		switch {
		case err != nil:
			return err
		case c == nil:
			return fault.Missing()
		case !by.Is(identity.CompanyEditors...):
			return fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
		case c.CommentedAt != nil:
			return fault.New(fault.Conflict, "Your company has commented on this draft already")
		case c.Over(now) || v.Status.Final() || v.Status == validation.Issued:
			return fault.New(fault.Conflict, "The days to comment on this draft are over")
		case c.Version != version:
			return fault.Moved()
		}
		var check entry.Check
		c.Body = check.Text("comment", "your comments", body, 1, 8000)
		if err := check.Err(); err != nil {
			return err
		}
		c.CommentedAt, c.CommentedBy, c.Commenter, c.Version = &now, &by.PersonID, by.Name, c.Version+1
		err = tx.WithContext(ctx).Model(&Comment{}).Where("validation_id = ?", v.ID).Select("body", "commented_at", "commented_by", "commenter", "version").Updates(c).Error
		if err != nil {
			return fmt.Errorf("keep the comments: %w", err)
		}
		if err := record(ctx, tx, now, by, v, audit.Event{Action: "report.comment", After: map[string]any{"comment": c.Body}}); err != nil || v.LeadID == nil {
			return err
		}
		return s.Findings.Letters.ToStaff(ctx, tx, now, []uuid.UUID{*v.LeadID}, validation.Kind, v.ID)
	})
}

// GoOn takes the draft up again once the company has commented, or its days are over. Case
// workers of the office in charge may.
func (s *Service) GoOn(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, r *Report, v validation.Validation, f Facts) error {
		return s.move(ctx, tx, now, by, r, v, GoOn, f, audit.Event{Internal: true})
	})
}

// Submit gives the report to a second person for approval. Case workers of the office in
// charge may. Invalid: a section is empty, nothing is proposed, the company was not asked or
// can still comment.
func (s *Service) Submit(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, r *Report, v validation.Validation, f Facts) error {
		m, err := s.gather(ctx, tx, v)
		if err != nil {
			return err
		}
		r.SubmittedAt, r.SubmittedBy, r.ApprovedAt, r.ApprovedBy, r.ReturnNote = &now, &by.PersonID, nil, nil, ""
		if err := s.move(ctx, tx, now, by, r, v, Submit, f, audit.Event{Internal: true}, "submitted_at", "submitted_by", "approved_at", "approved_by", "return_note"); err != nil {
			return err
		}
		if _, err := freeze(ctx, tx, now, by, v, m.content(*r, StepSubmitted), false); err != nil {
			return err
		}
		persons, err := finding.Supervisors(ctx, tx, v.OfficeID)
		if err != nil {
			return err
		}
		persons = slices.DeleteFunc(persons, func(p uuid.UUID) bool { return p == by.PersonID })
		return s.Findings.Letters.ToStaff(ctx, tx, now, persons, validation.Kind, v.ID)
	})
}

// Recall takes a submitted report back. The person who submitted it may.
func (s *Service) Recall(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, r *Report, v validation.Validation, f Facts) error {
		return s.move(ctx, tx, now, by, r, v, Recall, f, audit.Event{Internal: true})
	})
}

// Return gives a report back to its writer with a note. A supervisor or headquarters other
// than the person who submitted it may, also after the approval. Invalid: the note.
func (s *Service) Return(ctx context.Context, by identity.Actor, id uuid.UUID, version int, note string) error {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, r *Report, v validation.Validation, f Facts) error {
		var c entry.Check
		f.Reason = c.Text("reason", "what is to be changed", note, 1, 4000)
		if err := c.Err(); err != nil {
			return err
		}
		r.ReturnNote, r.ApprovedAt, r.ApprovedBy = f.Reason, nil, nil
		if err := s.move(ctx, tx, now, by, r, v, Return, f, audit.Event{Reason: f.Reason, Internal: true}, "return_note", "approved_at", "approved_by"); err != nil {
			return err
		}
		return s.Findings.Letters.ToStaff(ctx, tx, now, []uuid.UUID{*r.SubmittedBy}, validation.Kind, v.ID)
	})
}

// Approve approves a report with what it proposes. A supervisor or headquarters other than
// the person who submitted it may.
func (s *Service) Approve(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, r *Report, v validation.Validation, f Facts) error {
		r.ApprovedAt, r.ApprovedBy = &now, &by.PersonID
		if err := s.move(ctx, tx, now, by, r, v, Approve, f, audit.Event{After: map[string]any{"outcome": r.Outcome, "tier": r.Tier}, Internal: true}, "approved_at", "approved_by"); err != nil {
			return err
		}
		return s.Findings.Letters.ToStaff(ctx, tx, now, []uuid.UUID{*r.SubmittedBy}, validation.Kind, v.ID)
	})
}

// Issue sends the approved report with its findings to the company: the drafts of findings
// are sent, the days of required actions begin, one letter names them all, and a job makes
// the PDF. Case workers of the office in charge may. All of it happens or nothing.
func (s *Service) Issue(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, r *Report, v validation.Validation, f Facts) error {
		r.IssuedAt = &now
		if err := s.move(ctx, tx, now, by, r, v, Issue, f, audit.Event{}, "issued_at"); err != nil {
			return err
		}
		sent, err := s.Findings.SendAll(ctx, tx, now, by, v)
		if err != nil {
			return err
		}
		m, err := s.gather(ctx, tx, v) // with the days by which findings are to be answered
		if err != nil {
			return err
		}
		e, err := freeze(ctx, tx, now, by, v, m.content(*r, StepIssued), true)
		if err != nil {
			return err
		}
		err = s.Findings.Move(ctx, tx, now, by, &v, validation.Issue, validation.Facts{Report: true}, validation.Details{After: map[string]any{"sha256": e.SHA256}})
		if err != nil {
			return err
		}
		var lines []string
		for _, x := range sent {
			line, err := s.Findings.Line(ctx, tx, now, x)
			if err != nil {
				return err
			}
			lines = append(lines, line)
		}
		if err := s.Findings.Write(ctx, tx, now, by, v, "validation_report_issued", map[string]string{"points": strings.Join(lines, "\n")}, nil); err != nil {
			return err
		}
		return tx.Enqueue(ctx, PrintArgs{Validation: v.ID, Number: e.Number}, nil)
	})
}

// ClosingEntry is what follows from a validation.
type ClosingEntry struct {
	Version int // of the validation
	Outcome validation.Outcome
	Reason  string
}

// Close ends a validation whose report was issued: the membership gets the tier to which the
// programme's rule leads, stays as it is, or its case goes to enforcement; of a validation
// before a decision the case's reviewer is told. Case workers of the office in charge may
// carry out what was approved, a supervisor or headquarters something else. Invalid: the
// outcome, or a required action is still open.
func (s *Service) Close(ctx context.Context, by identity.Actor, id uuid.UUID, in ClosingEntry) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		v, err := validation.Work(ctx, tx, by, id, in.Version)
		if err != nil {
			return err
		}
		r, err := lockReport(ctx, tx, v.ID)
		if err != nil {
			return err
		}
		var c entry.Check
		reason := c.Text("reason", "the reason", in.Reason, 1, 4000)
		if !slices.Contains(Outcomes(v), in.Outcome) {
			c.Add("outcome", "Choose what follows from the validation")
		}
		if err := c.Err(); err != nil {
			return err
		}
		if string(in.Outcome) != r.Outcome && !by.Is(identity.Approvers...) {
			return fault.New(fault.Forbidden, "The approved report proposes something else. Ask a supervisor to close the validation with another outcome")
		}
		return s.close(ctx, tx, now, by, v, in.Outcome, reason)
	})
}

func (s *Service) close(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v validation.Validation, outcome validation.Outcome, reason string) error {
	p, err := s.Findings.Rules(v)
	if err != nil {
		return err
	}
	open, practices, err := s.Findings.OpenNeeds(ctx, tx, v)
	if err != nil {
		return err
	}
	tier := ""
	if outcome == validation.TierAwarded && open == 0 {
		if tier = BestTier(p, v.EntityType, open, practices); tier == "" {
			return fault.Fail([]fault.Field{fault.F("outcome", "The programme has no tier for this kind of member")})
		}
	}
	if outcome == validation.Enforcement {
		if err := s.Findings.EscalateAll(ctx, tx, now, by, v, reason); err != nil {
			return err
		}
	}
	err = s.Findings.Move(ctx, tx, now, by, &v, validation.Close, validation.Facts{OpenNeeds: open, Outcome: outcome}, validation.Details{Reason: reason, After: map[string]any{"outcome": outcome, "tier": tier}})
	if err != nil {
		return err
	}
	words := i18n.T(ctx, outcome.Name())
	if t, ok := p.Tier(tier); ok {
		words += ": " + i18n.T(ctx, t.Name)
	}
	if err := s.follow(ctx, tx, now, by, v, outcome, tier, words, reason); err != nil {
		return err
	}
	return s.Findings.Write(ctx, tx, now, by, v, "validation_closed", map[string]string{"points": words, "reason": reason}, nil)
}

// follow carries out what follows for the membership, or tells the case's reviewer.
func (s *Service) follow(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v validation.Validation, outcome validation.Outcome, tier, words, reason string) error {
	if v.ApplicationID != nil {
		body := i18n.T(ctx, "%s is closed. %s. %s", v.Reference, words, reason)
		return review.Remark(ctx, tx, now, by, v.CompanyID, *v.ApplicationID, entry.Head(body, 8000))
	}
	switch outcome {
	case validation.TierAwarded:
		return s.Members.Award(ctx, tx, now, by, *v.MembershipID, tier, standing.Cause{Kind: validation.Kind, ID: v.ID}, reason)
	case validation.Enforcement:
		return s.Refer(ctx, tx, now, by, v, reason)
	}
	return nil
}
