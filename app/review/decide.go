package review

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// step opens a case for a move and hands it to do, in one transaction.
func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int,
	do func(tx pg.Tx, now time.Time, a *application.Application, f application.Facts) error) (a application.Application, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if a, err = begin(ctx, tx, now, by, id, version); err != nil {
			return err
		}
		f, err := s.Steps.Facts(a)
		if err != nil {
			return err
		}
		return do(tx, now, &a, f)
	})
	return a, err
}

// StartReview begins the check of an application in a programme without acceptance.
func (s *Service) StartReview(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (application.Application, error) {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, a *application.Application, f application.Facts) error {
		return s.Steps.Move(ctx, tx, now, by, a, application.StartReview, f, application.Details{})
	})
}

// Accept accepts an application for examination where the programme has that step
// (UCC Art. 22(2)). The time for the decision begins with it.
func (s *Service) Accept(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (application.Application, error) {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, a *application.Application, f application.Facts) error {
		if err := s.Steps.Move(ctx, tx, now, by, a, application.Accept, f, application.Details{}); err != nil {
			return err
		}
		return s.Steps.Write(ctx, tx, now, by, *a, "application_accepted", nil, nil)
	})
}

// Question is one question of a request for information, about the part it unlocks.
type Question struct {
	Part string
	Text string
}

// RequestEntry is a request for information as a person composes it.
type RequestEntry struct {
	Version int
	Message string
	Items   []Question
}

// QuestionField names the form field of a question about a part.
func QuestionField(part string) string { return "question-" + part }

// mostQuestions bounds a request.
const mostQuestions = 50

// SendRequest asks the company for information, all questions in one batch. Only the
// parts that they name are unlocked. The time to answer is that of the programme's
// clock for the request. Invalid: the message or a question; Conflict: a request is
// open already, or the application is not at a stage for one.
func (s *Service) SendRequest(ctx context.Context, by identity.Actor, id uuid.UUID, in RequestEntry) (application.Application, error) {
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, a *application.Application, f application.Facts) error {
		parts, err := s.parts(*a)
		if err != nil {
			return err
		}
		var check entry.Check
		message := check.Text("message", "the message", in.Message, 1, 4000)
		if len(in.Items) > mostQuestions {
			check.Add("items", "Ask up to %d questions at a time", mostQuestions)
			in.Items = in.Items[:mostQuestions]
		}
		var items []application.InformationItem
		for _, q := range in.Items {
			if !slices.Contains(parts, q.Part) {
				check.Add("items", "Choose parts of this application only")
				continue
			}
			text := check.Text(QuestionField(q.Part), "the question", q.Text, 3, 2000)
			items = append(items, application.InformationItem{ID: pg.NewID(), ApplicationID: a.ID, CompanyID: a.CompanyID, Part: q.Part, Question: text, Version: 1})
		}
		f.Items = len(items)
		refused := check.Fields()
		if f.Items == 0 && refused == nil {
			refused = append(refused, fault.F("items", "Add at least one question"))
		}
		// The table speaks before the form: where no request can be sent, typing better does not help.
		if !slices.Contains(application.Lifecycle.Actions(a.Status, by.Role, f), application.RequestInformation) {
			return s.Steps.Move(ctx, tx, now, by, a, application.RequestInformation, f, application.Details{})
		}
		if err := fault.Fail(refused); err != nil {
			return err
		}
		asked := make([]string, len(items))
		for i, item := range items {
			asked[i] = item.Part
		}
		if err := s.Steps.Move(ctx, tx, now, by, a, application.RequestInformation, f, application.Details{After: map[string]any{"parts": asked}}); err != nil {
			return err
		}
		return s.sendRequest(ctx, tx, now, by, *a, message, items)
	})
}

func (s *Service) sendRequest(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a application.Application, message string, items []application.InformationItem) error {
	due, _, err := s.started(ctx, tx, now, a, programme.ApplicationInformationRequested, programme.Company)
	if err != nil {
		return err
	}
	r := application.InformationRequest{ID: pg.NewID(), ApplicationID: a.ID, CompanyID: a.CompanyID, Message: message,
		DueOn: due.Time(), SentAt: now, SentBy: &by.PersonID, Version: 1}
	if err := add(ctx, tx, &r); err != nil {
		return fmt.Errorf("send the request: %w", err)
	}
	p, err := s.Steps.Programme(a)
	if err != nil {
		return err
	}
	lines := make([]string, len(items))
	for i := range items {
		items[i].RequestID = r.ID
		if err := add(ctx, tx, &items[i]); err != nil {
			return fmt.Errorf("send the question about %s: %w", items[i].Part, err)
		}
		lines[i] = "– " + i18n.T(ctx, partName(p, a.EntityType, items[i].Part)) + ": " + oneLine(items[i].Question)
	}
	return s.Steps.Write(ctx, tx, now, by, a, "information_requested",
		map[string]string{"request": strings.Join(lines, "\n"), "note": message}, map[string]time.Time{"due_on": due.Time()})
}

// started is the last day of the clock that an event has just started for a party,
// and its length in days. A programme without such a clock gives no day.
func (s *Service) started(ctx context.Context, tx pg.Tx, now time.Time, a application.Application, event string, owes programme.Party) (clock.Day, int, error) {
	views, err := s.Steps.Clocks.Of(ctx, tx, now, application.Kind, a.ID)
	if err != nil {
		return clock.Day{}, 0, err
	}
	for _, v := range views {
		if v.StoppedAt == nil && v.StartEvent == event && v.OwedBy == string(owes) {
			return v.Reading.DueDay, v.Reading.DaysAllowed, nil
		}
	}
	return clock.Day{}, 0, fmt.Errorf("application %s: no clock of programme %s starts with %s", a.Reference, a.Programme, event)
}

// parts lists what a request can be about: the sections of the application and each
// eligibility question.
func (s *Service) parts(a application.Application) ([]string, error) {
	p, err := s.Steps.Programme(a)
	if err != nil {
		return nil, err
	}
	out := programme.Sections()
	if e, ok := p.EntityType(a.EntityType); ok {
		for _, q := range e.Questions {
			out = append(out, application.PartEligibility+"."+q.Code)
		}
	}
	return out, nil
}

// partName is a part as letters and pages name it (English source text).
func partName(p *programme.Programme, entity, part string) string {
	whole, question, single := strings.Cut(part, ".")
	if single {
		if e, ok := p.EntityType(entity); ok {
			if i := slices.IndexFunc(e.Questions, func(q programme.Question) bool { return q.Code == question }); i >= 0 {
				return e.Questions[i].Text
			}
		}
	}
	return application.PartName(whole)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// CancelRequest takes the open request back: the company need not answer any more.
func (s *Service) CancelRequest(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (application.Application, error) {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, a *application.Application, f application.Facts) error {
		r, _, err := application.OpenRequest(ctx, tx, *a)
		if err != nil {
			return err
		}
		if err := s.Steps.Move(ctx, tx, now, by, a, application.CancelRequest, f, application.Details{}); err != nil {
			return err
		}
		if r == nil {
			return fmt.Errorf("application %s waits for an answer to no request", a.Reference)
		}
		r.CancelledAt = &now
		if err := pg.Update(ctx, tx, r, r.ID, &r.Version, "cancelled_at"); err != nil {
			return fmt.Errorf("take the request back: %w", err)
		}
		return nil
	})
}

// ClockEntry is a change of a clock as a person enters it.
type ClockEntry struct {
	Code   string
	Reason string // code of the programme's reason; not for resuming
	Days   string // for extending, calendar days
	Note   string
}

// clockNote checks the note of a change of a clock.
func clockNote(check *entry.Check, in ClockEntry) string {
	return check.Text("note", "the note", in.Note, 0, 1000)
}

// PauseClock lets one of the case's clocks stand still for a reason of the programme.
func (s *Service) PauseClock(ctx context.Context, by identity.Actor, id uuid.UUID, in ClockEntry) error {
	return s.clock(ctx, by, id, in, func(tx pg.Tx, now time.Time, subject clock.Subject, _ application.Application, note string) error {
		return s.Steps.Clocks.Pause(ctx, tx, now, by, subject, in.Code, in.Reason, note)
	})
}

// ResumeClock lets one of the case's clocks run on.
func (s *Service) ResumeClock(ctx context.Context, by identity.Actor, id uuid.UUID, in ClockEntry) error {
	return s.clock(ctx, by, id, in, func(tx pg.Tx, now time.Time, subject clock.Subject, _ application.Application, note string) error {
		return s.Steps.Clocks.Resume(ctx, tx, now, by, subject, in.Code, note)
	})
}

// ExtendClock prolongs one of the case's clocks, for a reason and up to the length
// that the programme allows, and tells the company the new day.
func (s *Service) ExtendClock(ctx context.Context, by identity.Actor, id uuid.UUID, in ClockEntry) error {
	return s.clock(ctx, by, id, in, func(tx pg.Tx, now time.Time, subject clock.Subject, a application.Application, note string) error {
		days, err := strconv.Atoi(strings.TrimSpace(in.Days))
		if err != nil {
			days = 0 // which the clock refuses with the limits of this extension
		}
		if err := s.Steps.Clocks.Extend(ctx, tx, now, by, subject, in.Code, days, in.Reason, note); err != nil {
			return err
		}
		views, err := s.Steps.Clocks.Of(ctx, tx, now, subject.Kind, subject.ID)
		if err != nil {
			return err
		}
		v, _ := clock.Find(views, in.Code)
		why, _ := programme.Find(subject.Programme.Reasons.Extension, in.Reason)
		return s.Steps.Write(ctx, tx, now, by, a, "deadline_extended",
			map[string]string{"deadline": v.Name, "reason": why.Text}, map[string]time.Time{"due_on": v.Reading.DueDay.Time()})
	})
}

func (s *Service) clock(ctx context.Context, by identity.Actor, id uuid.UUID, in ClockEntry,
	do func(tx pg.Tx, now time.Time, subject clock.Subject, a application.Application, note string) error) error {
	_, err := s.step(ctx, by, id, anyVersion, func(tx pg.Tx, now time.Time, a *application.Application, _ application.Facts) error {
		if err := closed(*a); err != nil {
			return err
		}
		var check entry.Check
		note := clockNote(&check, in)
		if err := check.Err(); err != nil {
			return err
		}
		subject, err := s.subject(*a)
		if err != nil {
			return err
		}
		return do(tx, now, subject, *a, note)
	})
	return err
}

// RecommendationEntry is a recommendation as a person enters it.
type RecommendationEntry struct {
	Version int
	Outcome application.Outcome
	Reason  string
	Points  []application.Point // of a rejection
}

// PointField names the form field of the n-th point's text, from 0.
func PointField(n int) string { return "point-" + strconv.Itoa(n) }

// mostPoints bounds the reasons of a rejection.
const mostPoints = 20

// Recommend proposes to certify or to reject. To certify, every part must be met
// (and looked at again after an answer about it), and every check of vetting must have
// an outcome and none a concern. To reject, the reasons are given point by point.
// Another person decides.
func (s *Service) Recommend(ctx context.Context, by identity.Actor, id uuid.UUID, in RecommendationEntry) (application.Application, error) {
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, a *application.Application, f application.Facts) error {
		p, err := s.Steps.Programme(*a)
		if err != nil {
			return err
		}
		r := application.Recommendation{ID: pg.NewID(), ApplicationID: a.ID, CompanyID: a.CompanyID, Outcome: in.Outcome,
			Points: []application.Point{}, MadeBy: by.PersonID, MadeAt: now, Version: 1}
		var check entry.Check
		r.Reason = check.Text("reason", "the reason of the recommendation", in.Reason, 1, 4000)
		if in.Outcome == application.Reject {
			r.Points = points(&check, p, in.Points)
		}
		if f, err = tracks(ctx, tx, *a, f); err != nil {
			return err
		}
		if f.ProfileOpen, err = application.ProfileOpen(ctx, tx, by, *a); err != nil {
			return err
		}
		f.Outcome, f.Points = in.Outcome, len(r.Points)
		_, refused := application.Lifecycle.Next(a.Status, application.Recommend, by.Role, f)
		if problems := check.Fields(); problems != nil && (refused == nil || fault.KindOf(refused) == fault.Invalid) {
			return fault.Fail(append(problems, fault.Fields(refused)...)) // all at once, not one after the other
		}
		if err := s.Steps.Move(ctx, tx, now, by, a, application.Recommend, f, application.Details{
			Reason: r.Reason, After: map[string]any{"outcome": r.Outcome, "points": r.Points}, Internal: true,
		}); err != nil {
			return err
		}
		if r.Heard, err = heard(ctx, tx, a.ID, r.Points); err != nil {
			return err
		}
		if err := add(ctx, tx, &r); err != nil {
			return fmt.Errorf("recommend: %w", err)
		}
		return letGo(ctx, tx, by, a.ID) // the case is another person's now
	})
}

// points checks the reasons of a rejection.
func points(check *entry.Check, p *programme.Programme, in []application.Point) []application.Point {
	if len(in) > mostPoints {
		check.Add("points", "Give up to %d points", mostPoints)
		in = in[:mostPoints]
	}
	out := []application.Point{}
	for i, point := range in {
		if _, ok := programme.Find(p.Reasons.Rejection, point.Reason); !ok {
			check.Add(PointField(i), "Choose the reason of this point")
		}
		if point.Part != "" && !slices.Contains(append(programme.Sections(), "vetting"), point.Part) {
			check.Add(PointField(i), "Choose the part of this point")
		}
		point.Text = check.Text(PointField(i), "what led to this point", point.Text, 3, 2000)
		out = append(out, point)
	}
	return out
}

// tracks fills the facts of both tracks.
func tracks(ctx context.Context, tx pg.Tx, a application.Application, f application.Facts) (application.Facts, error) {
	items, err := lockItems(ctx, tx, a.ID)
	if err != nil {
		return f, fmt.Errorf("load the verdicts: %w", err)
	}
	asked, err := informationItems(ctx, tx, a.ID)
	if err != nil {
		return f, fmt.Errorf("load what was asked: %w", err)
	}
	for _, r := range items {
		if !met(r.Verdict) || lookAgain(asked, r.Part, r.ReviewedAt) {
			f.UnmetParts++
		}
	}
	vetting, err := lockVetting(ctx, tx, a.ID)
	if err != nil {
		return f, fmt.Errorf("load the checks: %w", err)
	}
	content, err := latest(ctx, tx, a.ID)
	if err != nil {
		return f, err
	}
	there := subjects(content.Dossier)
	for _, v := range vetting {
		switch {
		case !there[v.SubjectID]:
		case v.Outcome == VettingOpen:
			f.OpenVetting++
		case v.Outcome == VettingConcern:
			f.Concerns++
		}
	}
	return f, nil
}

// subjects are those of a vetting check that the company still names. A check about
// an officer, site or number that has gone counts no more.
func subjects(d application.Dossier) map[uuid.UUID]bool {
	out := map[uuid.UUID]bool{d.Company.ID: true}
	for _, c := range d.Contacts {
		if c.Kind == company.Officer {
			out[c.ID] = true
		}
	}
	for _, x := range d.Sites {
		out[x.ID] = true
	}
	for _, x := range d.Identifiers {
		out[x.ID] = true
	}
	return out
}

// heard reports whether the company has had its say on every point. A new ground
// needs a new hearing (UCC Art. 22(6): the grounds on which the decision is based).
func heard(ctx context.Context, tx pg.Tx, id uuid.UUID, points []application.Point) (bool, error) {
	said, hearings, err := heardPoints(ctx, tx, id)
	if err != nil || hearings == 0 {
		return false, err
	}
	for _, p := range points {
		if !slices.ContainsFunc(said, func(x application.Point) bool { return x.Part == p.Part && x.Reason == p.Reason }) {
			return false, nil
		}
	}
	return true, nil
}

// WithdrawRecommendation takes the person's own recommendation back.
func (s *Service) WithdrawRecommendation(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (application.Application, error) {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, a *application.Application, f application.Facts) error {
		r, err := openRecommendation(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		f.Own = r != nil && r.MadeBy == by.PersonID
		if err := s.Steps.Move(ctx, tx, now, by, a, application.WithdrawRecommendation, f, application.Details{Internal: true}); err != nil {
			return err
		}
		r.WithdrawnAt = &now
		if err := pg.Update(ctx, tx, r, r.ID, &r.Version, "withdrawn_at"); err != nil {
			return fmt.Errorf("take the recommendation back: %w", err)
		}
		return nil
	})
}

// Return hands a recommendation back to the person who made it, with a reason. A
// supervisor or headquarters other than that person may.
func (s *Service) Return(ctx context.Context, by identity.Actor, id uuid.UUID, version int, reason string) (application.Application, error) {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, a *application.Application, f application.Facts) error {
		r, f, err := Decision(ctx, tx, by, *a, f)
		if err != nil {
			return err
		}
		var check entry.Check
		f.Reason = check.Text("reason", "the reason", reason, 0, 4000)
		if err := check.Err(); err != nil {
			return err
		}
		if err := s.Steps.Move(ctx, tx, now, by, a, application.ReturnRecommendation, f, application.Details{Reason: f.Reason, Internal: true}); err != nil {
			return err
		}
		if err := Decide(ctx, tx, now, by, &r, "returned", f.Reason); err != nil {
			return err
		}
		return letGo(ctx, tx, by, a.ID)
	})
}

// Begin opens a case for a step of another package, under the same rules: visible,
// allowed, at the version that the person saw, and with the soft lock in hand.
func Begin(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, version int) (application.Application, error) {
	return begin(ctx, tx, now, by, id, version)
}

// Finish ends the person's work in a case that is decided.
func Finish(ctx context.Context, tx pg.Tx, a application.Application) error {
	if err := dropLocks(ctx, tx, a.ID); err != nil {
		return fmt.Errorf("end the lock: %w", err)
	}
	return nil
}

// Decision loads the recommendation that waits for a decision and fills the facts
// about it. Without one the case has moved on.
func Decision(ctx context.Context, tx pg.Tx, by identity.Actor, a application.Application, f application.Facts) (application.Recommendation, application.Facts, error) {
	r, err := openRecommendation(ctx, tx, a.ID)
	if err != nil {
		return application.Recommendation{}, f, err
	}
	if r == nil {
		return application.Recommendation{}, f, fault.New(fault.Conflict, "No recommendation waits for a decision in this case. Open it again to see where it stands")
	}
	f.Outcome, f.Heard, f.Own = r.Outcome, r.Heard, r.MadeBy == by.PersonID
	f.ProfileOpen, err = application.ProfileOpen(ctx, tx, by, a)
	return *r, f, err
}

// Decide notes what became of a recommendation: approved or returned. The database
// refuses the person who made it (four_eyes).
func Decide(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r *application.Recommendation, decision, note string) error {
	r.DecidedBy, r.DecidedAt, r.Decision, r.DecisionNote = &by.PersonID, &now, &decision, note
	if err := pg.Update(ctx, tx, r, r.ID, &r.Version, "decided_by", "decided_at", "decision", "decision_note"); err != nil {
		return fmt.Errorf("note the decision: %w", err)
	}
	return nil
}

// ApproveRejection carries out a recommendation to reject: the application is
// rejected with its points, or, where the company has a right to be heard first and
// has not been, the hearing opens. A supervisor or headquarters other than the person
// who recommended may.
func (s *Service) ApproveRejection(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (application.Application, error) {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, a *application.Application, f application.Facts) error {
		r, f, err := Decision(ctx, tx, by, *a, f)
		if err != nil {
			return err
		}
		if r.Outcome != application.Reject {
			return fault.New(fault.Conflict, "This recommendation is to certify. Open the case again to decide on it")
		}
		codes := make([]string, len(r.Points))
		for i, point := range r.Points {
			codes[i] = point.Reason
		}
		details := application.Details{Reason: r.Reason, Reasons: codes, After: map[string]any{"points": r.Points}}
		if err := s.Steps.Move(ctx, tx, now, by, a, application.Approve, f, details); err != nil {
			return err
		}
		if err := Decide(ctx, tx, now, by, &r, "approved", ""); err != nil {
			return err
		}
		if a.Status == application.Hearing {
			err = s.openHearing(ctx, tx, now, by, *a, r)
		} else {
			err = s.reject(ctx, tx, now, by, *a, r)
		}
		if err != nil {
			return err
		}
		return Finish(ctx, tx, *a)
	})
}

// openHearing tells the company the grounds and gives it time to answer.
func (s *Service) openHearing(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a application.Application, r application.Recommendation) error {
	p, err := s.Steps.Programme(a)
	if err != nil {
		return err
	}
	lines := pointLines(ctx, p, r.Points)
	h := application.HearingRow{ID: pg.NewID(), ApplicationID: a.ID, CompanyID: a.CompanyID, RecommendationID: r.ID,
		Grounds: r.Reason + "\n\n" + lines, OpenedAt: now, Version: 1}
	if err := add(ctx, tx, &h); err != nil {
		return fmt.Errorf("open the hearing: %w", err)
	}
	due, days, err := s.started(ctx, tx, now, a, programme.ApplicationHearingOpened, programme.Company)
	if err != nil {
		return err
	}
	return s.Steps.Write(ctx, tx, now, by, a, "hearing_opened",
		map[string]string{"reason": r.Reason, "points": lines, "note": "", "days": strconv.Itoa(days)}, map[string]time.Time{"due_on": due.Time()})
}

func (s *Service) reject(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a application.Application, r application.Recommendation) error {
	p, err := s.Steps.Programme(a)
	if err != nil {
		return err
	}
	return s.Steps.Write(ctx, tx, now, by, a, "rejected", map[string]string{
		"reason": r.Reason, "points": pointLines(ctx, p, r.Points), "note": "",
		"appeal": i18n.T(ctx, "If you think that this decision is wrong, write to us in the portal and say why. This does not take away any right of appeal that the law gives you (%s).", p.Law),
	}, nil)
}

// pointLines are the points of a rejection for a letter, one a line.
func pointLines(ctx context.Context, p *programme.Programme, points []application.Point) string {
	lines := make([]string, len(points))
	for i, point := range points {
		var words []string
		if reason, ok := programme.Find(p.Reasons.Rejection, point.Reason); ok {
			words = append(words, i18n.T(ctx, reason.Text))
		}
		if point.Part != "" && point.Part != "vetting" {
			words = append(words, i18n.T(ctx, "Part: %s.", i18n.T(ctx, application.PartName(point.Part))))
		}
		lines[i] = "– " + strings.Join(append(words, oneLine(point.Text)), " ")
	}
	return strings.Join(lines, "\n")
}
