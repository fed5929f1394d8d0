package enforcement

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// ProposalEntry is a proposal as a person enters it. The day is written 2026-03-04.
type ProposalEntry struct {
	Version   int
	Ground    string
	Measure   string
	Types     []string          // of the membership; empty: all of them
	Benefits  []string          // that are denied, of a limit
	Until     string            // last day of a suspension; empty: open
	Reasons   string            // which the company reads
	Answers   map[string]string // of the weighing sheet, by criterion
	Deviation string            // why the measure is not the one to which the sheet leads
}

// AnswerField names the form field of a criterion of the weighing sheet.
func AnswerField(code string) string { return "weigh-" + code }

// Propose proposes what is to be decided, with how it was weighed: it stays the agency's own
// until the notice. Case workers of the office in charge may. Invalid: what is missing, what
// the ground does not allow, and a measure other than the one to which the sheet leads
// without a reason.
func (s *Service) Propose(ctx context.Context, by identity.Actor, id uuid.UUID, in ProposalEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		p := Proposal{ID: pg.NewID(), CaseID: w.ID, CompanyID: w.CompanyID, ProposedAt: w.now, ProposedBy: by.PersonID, Author: by.Name}
		sheet, err := s.Steps.put(ctx, w, in, &p)
		if err != nil {
			return err
		}
		f, err := s.Steps.facts(ctx, w, &p)
		if err != nil {
			return err
		}
		if err := s.Steps.keep(ctx, w, &p, sheet); err != nil {
			return err
		}
		columns := []string{"ground", "worker_id"}
		if !w.Held() {
			w.Ground = p.Ground
		}
		if w.WorkerID == nil {
			w.WorkerID = &by.PersonID
		}
		f.Text = p.Reasons
		if err := s.Steps.move(ctx, w, Propose, f, p.said(), columns...); err != nil || f.Asks {
			return err
		}
		return s.Steps.tellSecond(ctx, w.tx, w.now, *w.Case, by.PersonID)
	})
}

// keep adds a proposal with its weighing sheet.
func (s *Steps) keep(ctx context.Context, w work, p *Proposal, sheet *weighingRow) error {
	n, err := scan[int](ctx, w.tx, `select coalesce(max(number), 0) + 1 from enforcement_proposal where case_id = ?`, w.ID)
	if err != nil {
		return fmt.Errorf("number the proposal: %w", err)
	}
	if p.Number = n[0]; p.Number > mostProposals {
		return fault.New(fault.Conflict, "A case can have up to %d proposals", mostProposals)
	}
	if err := add(ctx, w.tx, p); err != nil {
		return fmt.Errorf("write the proposal: %w", err)
	}
	if sheet == nil {
		return nil
	}
	if err := add(ctx, w.tx, sheet); err != nil {
		return fmt.Errorf("keep the weighing sheet: %w", err)
	}
	return nil
}

func (p Proposal) said() map[string]any {
	return map[string]any{"measure": p.Measure, "ground": p.Ground, "types": p.Types, "benefits": p.Benefits, "until": p.UntilOn}
}

// put takes what a person entered into a proposal.
func (s *Steps) put(ctx context.Context, w work, in ProposalEntry, p *Proposal) (*weighingRow, error) {
	var c entry.Check
	rules := w.rules.Enforcement
	ground, ok := rules.Ground(in.Ground)
	if !ok || ground.Own && w.SourceKind != FromRequest {
		c.Add("ground", "Choose the ground")
	}
	p.Ground = ground.Code
	if p.Measure = in.Measure; ok && !ground.Allows(in.Measure) {
		c.Add("measure", "This ground does not allow that measure. Choose another measure or another ground")
	}
	if !slices.Contains(programme.Measures(), in.Measure) {
		c.Add("measure", "Choose what is to be decided")
	}
	if err := s.types(ctx, w, &c, in.Types, p); err != nil {
		return nil, err
	}
	w.benefits(&c, in, p)
	w.until(&c, in, ground, p)
	p.Reasons = c.Text("reasons", "the reasons", in.Reasons, 1, 8000)
	sheet, err := weigh(&c, rules, ground, in, p)
	if err != nil {
		return nil, err
	}
	return sheet, c.Err()
}

// types checks the types of the membership that a proposal is about: each is still there,
// and not suspended by this case already.
func (s *Steps) types(ctx context.Context, w work, c *entry.Check, chosen []string, p *Proposal) error {
	all := w.rules.Standing.TypesOf(w.EntityType)
	p.Types = Codes{}
	if !programme.Burdens(p.Measure) {
		return nil
	}
	if len(all) == 1 && len(chosen) == 0 {
		chosen = all
	}
	spans, err := standing.Of(ctx, w.tx, w.MembershipID)
	if err != nil {
		return err
	}
	for _, code := range all {
		if !slices.Contains(chosen, code) {
			continue
		}
		x, ok := standing.At(spans, code, w.today)
		switch {
		case !ok || x.State != standing.Active && x.State != standing.OnHold:
			c.Add("types", "%s is not in force any more", w.typeName(code))
		case p.Measure == programme.Suspend && slices.Contains(w.Suspended, code):
			c.Add("types", "%s is suspended by this case already", w.typeName(code))
		}
		p.Types = append(p.Types, code)
	}
	if len(p.Types) == 0 {
		c.Add("types", "Choose what the measure is about")
	}
	return nil
}

func (w work) typeName(code string) string {
	if t, ok := w.rules.Standing.Type(code); ok {
		return t.Name
	}
	return "The membership"
}

func (w work) benefits(c *entry.Check, in ProposalEntry, p *Proposal) {
	p.Benefits = Codes{}
	if p.Measure != programme.Limit {
		return
	}
	for _, code := range in.Benefits {
		if _, ok := w.rules.Standing.Benefit(code); !ok {
			c.Add("benefits", "Choose benefits from the list")
			return
		}
		p.Benefits = with(p.Benefits, Codes{code})
	}
	if len(p.Benefits) == 0 {
		c.Add("benefits", "Choose the benefits that are denied")
	}
}

// until reads the last day of a suspension.
func (w work) until(c *entry.Check, in ProposalEntry, g programme.Ground, p *Proposal) {
	if p.Measure != programme.Suspend {
		return
	}
	text := strings.TrimSpace(in.Until)
	switch {
	case text == "" && (g.MaxDays > 0 || g.Cure):
		c.Add("until", "On this ground a suspension has a last day. Enter it")
	case text == "":
	default:
		p.UntilOn = ahead(c, "until", "the last day of the suspension", text, w.today)
		if p.UntilOn != nil && g.MaxDays > 0 && p.UntilOn.After(w.today.AddDays(g.MaxDays)) {
			c.Add("until", "On this ground a suspension lasts at most %d days", g.MaxDays)
		}
	}
}

// weigh fills in the sheet of a proposal. A company's own request is not weighed.
func weigh(c *entry.Check, rules programme.Enforcement, g programme.Ground, in ProposalEntry, p *Proposal) (*weighingRow, error) {
	if g.Own {
		return nil, nil
	}
	points, band, _ := rules.Weighed(in.Answers)
	row := weighingRow{ProposalID: p.ID, CompanyID: p.CompanyID, Points: points, Suggested: band.Measure}
	answers, sheet := map[string]string{}, []Weighed{}
	for _, x := range rules.Weighing {
		a, ok := x.Answer(in.Answers[x.Code])
		if !ok {
			c.Add(AnswerField(x.Code), "Choose an answer")
			continue
		}
		answers[x.Code] = a.Code
		sheet = append(sheet, Weighed{Question: x.Question, Answer: a.Name, Points: a.Points})
	}
	least := 0
	if len(sheet) == len(rules.Weighing) && heavy(p.Measure) != heavy(band.Measure) {
		least = 1
	}
	row.Deviation = c.Text("deviation", "why the measure is not the one to which the sheet leads", in.Deviation, least, 4000)
	for _, x := range []struct {
		into *string
		from any
	}{{&row.Answers, answers}, {&row.Sheet, sheet}} {
		b, err := json.Marshal(x.from)
		if err != nil {
			return nil, fmt.Errorf("keep the weighing sheet: %w", err)
		}
		*x.into = string(b)
	}
	return &row, nil
}

// heavy is how heavy a measure is: an annulment weighs as a removal, for the ground and not
// the weight decides between the two.
func heavy(measure string) string {
	if measure == programme.Annul {
		return programme.Remove
	}
	return measure
}

// Notify sends the notice of what is intended to the company, whose time to answer begins:
// from now on it sees the case. Case workers of the office in charge may. Conflict: the
// ground asks for no answer.
func (s *Service) Notify(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, office(by), func(w work) error {
		p, err := open(ctx, w.tx, w.ID)
		if err != nil {
			return err
		}
		f, err := s.Steps.facts(ctx, w, &p)
		if err != nil {
			return err
		}
		if w.ToldAt == nil {
			w.ToldAt = &w.now
		}
		p.NotifiedAt = &w.now
		if err := s.Steps.move(ctx, w, Notify, f, p.said(), "told_at"); err != nil {
			return err
		}
		if err := saveProposal(ctx, w.tx, &p, "notified_at"); err != nil {
			return err
		}
		if err := s.Steps.Incidents.Disclose(ctx, w.tx, w.now, w.ID); err != nil {
			return err
		}
		if err := s.Steps.happened(ctx, w, programme.EnforcementNotified); err != nil {
			return err
		}
		due, err := s.Steps.due(ctx, w, p.Ground)
		if err != nil {
			return err
		}
		return s.Steps.tell(ctx, w.tx, w.now, by, *w.Case, "enforcement_notice", w.words(ctx, p), map[string]time.Time{"due_on": due.Time()})
	})
}

// due is the last day to answer a notice.
func (s *Steps) due(ctx context.Context, w work, ground string) (clock.Day, error) {
	g, _ := w.rules.Enforcement.Ground(ground)
	views, err := s.Clocks.Of(ctx, w.tx, w.now, Kind, w.ID)
	if err != nil {
		return clock.Day{}, err
	}
	v, _ := clock.Find(views, g.AnswerClock)
	return v.Reading.DueDay, nil
}

// words are what letters say of a proposal.
func (w work) words(ctx context.Context, p Proposal) map[string]string {
	g, _ := w.rules.Enforcement.Ground(p.Ground)
	return map[string]string{"points": Measure(ctx, w.rules, p), "note": i18n.T(ctx, g.Name) + " (" + g.Source + ")", "reason": p.Reasons, "appeal": ""}
}

// Measure is what a proposal decides, in one line.
func Measure(ctx context.Context, rules *programme.Programme, p Proposal) string {
	out := i18n.T(ctx, rules.MeasureName(p.Measure))
	var names []string
	for _, code := range p.Types {
		if t, ok := rules.Standing.Type(code); ok {
			names = append(names, i18n.T(ctx, t.Name))
		}
	}
	for _, code := range p.Benefits {
		if b, ok := rules.Standing.Benefit(code); ok {
			names = append(names, i18n.T(ctx, b.Name))
		}
	}
	if names != nil {
		out += ": " + strings.Join(names, ", ")
	}
	if p.UntilOn != nil {
		out += ", " + i18n.T(ctx, "until %s", p.UntilOn.Text(ctx))
	}
	return out
}

// Recall takes a proposal back; a company that had the notice is told. Case workers of the
// office in charge may.
func (s *Service) Recall(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.back(ctx, by, id, in, Recall, Recalled)
}

// Return sends a proposal back to who made it, without a decision; a company that had the
// notice is told. A supervisor or headquarters other than the proposer may.
func (s *Service) Return(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.back(ctx, by, id, in, Return, Returned)
}

func (s *Service) back(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry, do Action, decision string) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		p, err := open(ctx, w.tx, w.ID)
		if err != nil {
			return err
		}
		f, err := s.Steps.facts(ctx, w, &p)
		if err != nil {
			return err
		}
		if f.Text, err = said("reason", "the reason", in.Text, 1, 4000); err != nil {
			return err
		}
		f.Field = "reason"
		if err := s.Steps.move(ctx, w, do, f, p.said()); err != nil {
			return err
		}
		return s.Steps.fallBack(ctx, w, &p, decision, f.Text)
	})
}

// fallBack ends a proposal without a decision on it.
func (s *Steps) fallBack(ctx context.Context, w work, p *Proposal, decision, reason string) error {
	p.Decision, p.Note, p.DecidedAt, p.DecidedBy, p.Decider = decision, reason, &w.now, &w.by.PersonID, w.by.Name
	if err := saveProposal(ctx, w.tx, p, "decision", "note", "decided_at", "decided_by", "decider"); err != nil {
		return err
	}
	if p.ProposedBy != w.by.PersonID {
		if err := s.Letters.ToStaff(ctx, w.tx, w.now, []uuid.UUID{p.ProposedBy}, Kind, w.ID); err != nil {
			return err
		}
	}
	if p.NotifiedAt == nil {
		return nil
	}
	if err := s.happened(ctx, w, programme.EnforcementDecided); err != nil {
		return err
	}
	return s.tell(ctx, w.tx, w.now, w.by, *w.Case, "enforcement_recalled", map[string]string{"reason": reason}, nil)
}
