package review

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// VerdictName is a verdict for a person to read (English source text).
func VerdictName(v application.Verdict) string {
	switch v {
	case application.Meets:
		return "Meets"
	case application.MeetsWithRecommendation:
		return "Meets, with a recommendation"
	case application.MoreInformation:
		return "More information needed"
	case application.DoesNotMeet:
		return "Does not meet"
	case application.NotApplicable:
		return "Not applicable"
	}
	return "Not reviewed"
}

// Verdicts lists what can be said of a part, in the order of a form.
func Verdicts() []application.Verdict {
	return []application.Verdict{application.Meets, application.MeetsWithRecommendation, application.MoreInformation,
		application.DoesNotMeet, application.NotApplicable, application.NotReviewed}
}

// met reports whether nothing stands against certification.
func met(v application.Verdict) bool {
	return v == application.Meets || v == application.MeetsWithRecommendation || v == application.NotApplicable
}

// reviewable refuses checks in a state in which the agency has handed the case on.
func reviewable(a application.Application) error {
	if err := closed(a); err != nil {
		return err
	}
	if a.Status == application.Recommended || a.Status == application.Hearing {
		return fault.New(fault.Conflict, "A recommendation is under way. Take it back or wait for the decision before you change the checks")
	}
	return nil
}

// VerdictEntry is a verdict as a person enters it. An empty verdict leaves the part as it is.
type VerdictEntry struct {
	Part    string
	Verdict application.Verdict
	Remark  string
	Version int // of the verdict that the person saw
}

// VerdictField and RemarkField name the form fields of a part.
func VerdictField(part string) string { return "verdict-" + part }
func RemarkField(part string) string  { return "remark-" + part }

// SetVerdicts saves the verdicts of the profile track, all or none. They stay the
// agency's own until a request or a decision names them. Saving a verdict again after
// the company answered about the part confirms it. Invalid: a remark is missing;
// Conflict: a colleague gave another verdict meanwhile, or a recommendation is under way.
func (s *Service) SetVerdicts(ctx context.Context, by identity.Actor, id uuid.UUID, entries []VerdictEntry) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := begin(ctx, tx, now, by, id, anyVersion)
		if err != nil {
			return err
		}
		if err := reviewable(a); err != nil {
			return err
		}
		return setVerdicts(ctx, tx, now, by, a, entries)
	})
}

func setVerdicts(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a application.Application, entries []VerdictEntry) error {
	items, err := lockItems(ctx, tx, a.ID)
	if err != nil {
		return fmt.Errorf("load the verdicts: %w", err)
	}
	asked, err := informationItems(ctx, tx, a.ID)
	if err != nil {
		return fmt.Errorf("load what was asked: %w", err)
	}
	var check entry.Check
	var moved []fault.Change
	var save []application.ReviewItem
	before, after := map[string]string{}, map[string]string{}
	for _, e := range entries {
		i := slices.IndexFunc(items, func(r application.ReviewItem) bool { return r.Part == e.Part })
		if i < 0 {
			return fault.New(fault.Invalid, "The parts have changed. Open the page again")
		}
		r := items[i]
		remark := check.Text(RemarkField(e.Part), "the remark", e.Remark, 0, 4000)
		verdict := e.Verdict
		if verdict == "" {
			verdict = r.Verdict
		}
		again := e.Verdict != "" && lookAgain(asked, r.Part, r.ReviewedAt)
		if verdict == r.Verdict && remark == r.Remark && !again {
			continue
		}
		if !slices.Contains(Verdicts(), verdict) {
			check.Add(VerdictField(e.Part), "Choose a verdict")
			continue
		}
		if e.Version != r.Version {
			moved = append(moved, fault.Change{Label: application.PartName(r.Part), Yours: verdictWords(ctx, verdict, remark), Theirs: verdictWords(ctx, r.Verdict, r.Remark)})
			continue
		}
		if remark == "" && (verdict == application.MoreInformation || verdict == application.DoesNotMeet || verdict == application.MeetsWithRecommendation) {
			check.Add(RemarkField(e.Part), "Enter a remark: what is missing, wrong or recommended")
			continue
		}
		before[r.Part], after[r.Part] = verdictWords(ctx, r.Verdict, r.Remark), verdictWords(ctx, verdict, remark)
		r.Verdict, r.Remark, r.Round, r.Version = verdict, remark, a.Round, r.Version+1
		r.ReviewedBy, r.ReviewedAt = &by.PersonID, &now
		if verdict == application.NotReviewed {
			r.ReviewedBy, r.ReviewedAt = nil, nil
		}
		save = append(save, r)
	}
	if moved != nil {
		return fault.Moved(moved...)
	}
	if err := check.Err(); err != nil {
		return err
	}
	for _, r := range save {
		if err := saveVerdict(ctx, tx, r); err != nil {
			return fmt.Errorf("save the verdict on %s: %w", r.Part, err)
		}
	}
	if len(save) == 0 {
		return nil
	}
	return audit.Record(ctx, tx, now, by, audit.Event{
		Action: "application.review", Kind: application.Kind, Subject: a.ID, Company: a.CompanyID, Before: before, After: after, Internal: true,
	})
}

func verdictWords(ctx context.Context, v application.Verdict, remark string) string {
	words := i18n.T(ctx, VerdictName(v))
	if remark != "" {
		words += ": " + remark
	}
	return words
}

// lookAgain reports whether the company answered a question about a part after its
// verdict. It is derived from the answers, so no step can forget to say so.
func lookAgain(answered []application.InformationItem, part string, reviewed *time.Time) bool {
	return reviewed != nil && slices.ContainsFunc(answered, func(i application.InformationItem) bool {
		whole, _, _ := strings.Cut(i.Part, ".")
		return whole == part && i.AnsweredAt != nil && i.AnsweredAt.After(*reviewed)
	})
}

// Outcomes of a vetting check.
const (
	VettingOpen    = "open"
	VettingClear   = "clear"
	VettingConcern = "concern"
	VettingNone    = "not_applicable"
)

// Outcomes lists the outcomes of a vetting check, in the order of a form.
func Outcomes() []string { return []string{VettingOpen, VettingClear, VettingConcern, VettingNone} }

// OutcomeName is an outcome for a person to read (English source text).
func OutcomeName(o string) string {
	switch o {
	case VettingClear:
		return "Clear"
	case VettingConcern:
		return "Concern"
	case VettingNone:
		return "Not applicable"
	}
	return "Open"
}

// VettingEntry is the outcome of one check as a person enters it.
type VettingEntry struct {
	ID      uuid.UUID
	Outcome string
	Note    string
	Version int
}

// OutcomeField and OutcomeNoteField name the form fields of a check.
func OutcomeField(id uuid.UUID) string     { return "outcome-" + id.String() }
func OutcomeNoteField(id uuid.UUID) string { return "note-" + id.String() }

// SetVetting saves outcomes of the vetting track, all or none. Only the result is
// kept here; what was found stays in the authority's own systems. Invalid: a note is
// missing; Conflict: a colleague recorded something else meanwhile.
func (s *Service) SetVetting(ctx context.Context, by identity.Actor, id uuid.UUID, entries []VettingEntry) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := begin(ctx, tx, now, by, id, anyVersion)
		if err != nil {
			return err
		}
		if err := reviewable(a); err != nil {
			return err
		}
		return setVetting(ctx, tx, now, by, a, entries)
	})
}

func setVetting(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a application.Application, entries []VettingEntry) error {
	items, err := lockVetting(ctx, tx, a.ID)
	if err != nil {
		return fmt.Errorf("load the checks: %w", err)
	}
	var check entry.Check
	var moved []fault.Change
	var save []application.VettingItem
	before, after := map[string]string{}, map[string]string{}
	for _, e := range entries {
		i := slices.IndexFunc(items, func(v application.VettingItem) bool { return v.ID == e.ID })
		if i < 0 {
			return fault.Missing()
		}
		v := items[i]
		note := check.Text(OutcomeNoteField(v.ID), "the note", e.Note, 0, 4000)
		if e.Outcome == v.Outcome && note == v.Note {
			continue
		}
		if !slices.Contains(Outcomes(), e.Outcome) {
			check.Add(OutcomeField(v.ID), "Choose an outcome")
			continue
		}
		if e.Version != v.Version {
			moved = append(moved, fault.Change{Label: v.Label, Yours: outcomeWords(ctx, e.Outcome, note), Theirs: outcomeWords(ctx, v.Outcome, v.Note)})
			continue
		}
		if note == "" && (e.Outcome == VettingConcern || e.Outcome == VettingNone) {
			check.Add(OutcomeNoteField(v.ID), "Enter a note: what the concern is, or why the check does not apply")
			continue
		}
		key := v.Code + " " + v.Label
		before[key], after[key] = outcomeWords(ctx, v.Outcome, v.Note), outcomeWords(ctx, e.Outcome, note)
		v.Outcome, v.Note, v.CheckedBy, v.CheckedAt = e.Outcome, note, &by.PersonID, &now
		if e.Outcome == VettingOpen {
			v.CheckedBy, v.CheckedAt = nil, nil
		}
		save = append(save, v)
	}
	if moved != nil {
		return fault.Moved(moved...)
	}
	if err := check.Err(); err != nil {
		return err
	}
	for _, v := range save {
		if err := pg.Update(ctx, tx, &v, v.ID, &v.Version, "outcome", "note", "checked_by", "checked_at"); err != nil {
			return fmt.Errorf("save the check %s: %w", v.Code, err)
		}
	}
	if len(save) == 0 {
		return nil
	}
	return audit.Record(ctx, tx, now, by, audit.Event{
		Action: "application.vet", Kind: application.Kind, Subject: a.ID, Company: a.CompanyID, Before: before, After: after, Internal: true,
	})
}

func outcomeWords(ctx context.Context, outcome, note string) string {
	words := i18n.T(ctx, OutcomeName(outcome))
	if note != "" {
		words += ": " + note
	}
	return words
}

// AddNote writes an internal note on a case. Case workers of its office tree may, and
// whoever it is assigned to; closed cases take notes too. Companies never see notes.
func (s *Service) AddNote(ctx context.Context, by identity.Actor, id uuid.UUID, body string) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := open(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := near(by, a); err != nil {
			return err
		}
		var check entry.Check
		body := check.Text("body", "the note", body, 1, 8000)
		if err := check.Err(); err != nil {
			return err
		}
		n := noteRow{ID: pg.NewID(), ApplicationID: &a.ID, CompanyID: a.CompanyID, Body: body, WrittenBy: by.PersonID, Author: by.Name, WrittenAt: now}
		if err := add(ctx, tx, &n); err != nil {
			return fmt.Errorf("write the note: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{
			Action: "note.write", Kind: application.Kind, Subject: a.ID, Company: a.CompanyID, After: map[string]any{"note": n.ID}, Internal: true,
		})
	})
}

// Remark writes an internal note on a case in the transaction of a step of another domain,
// such as the end of an audit before the decision. That domain has decided who may; a person
// writes it, never the portal.
func Remark(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, company, id uuid.UUID, body string) error {
	n := noteRow{ID: pg.NewID(), ApplicationID: &id, CompanyID: company, Body: body, WrittenBy: by.PersonID, Author: by.Name, WrittenAt: now}
	if err := add(ctx, tx, &n); err != nil {
		return fmt.Errorf("write the note: %w", err)
	}
	return audit.Record(ctx, tx, now, by, audit.Event{
		Action: "note.write", Kind: application.Kind, Subject: id, Company: company, After: map[string]any{"note": n.ID}, Internal: true,
	})
}

// near lets case workers of the office tree through, and whoever a case is assigned to.
func near(by identity.Actor, a application.Application) error {
	if mayWork(by, a.OfficeID, a.AssigneeID) == nil {
		return nil
	}
	return inOffice(by, a.OfficeID)
}

// HoursEntry is time worked on a case as a person enters it.
type HoursEntry struct {
	Day      string // 2006-01-02
	Hours    string
	Minutes  string
	Activity string
	Note     string
}

// Activities lists what time is spent on, in the order of a form.
func Activities() []string {
	return []string{"certification", "vetting", "validation", "revalidation", "other"}
}

// ActivityName is an activity for a person to read (English source text).
func ActivityName(code string) string {
	return map[string]string{"certification": "Certification", "vetting": "Vetting", "validation": "Validation",
		"revalidation": "Revalidation", "other": "Other work"}[code]
}

// dayMinutes is what a day has.
const dayMinutes = 24 * 60

// Worked is what time was spent on: a case, or the validation of a company.
type Worked struct {
	Application *uuid.UUID
	Validation  *uuid.UUID
	Company     uuid.UUID
	Office      uuid.UUID
	Activities  []string // that can be chosen
}

func (o Worked) subject() (kind string, id uuid.UUID) {
	if o.Validation != nil {
		return "validation", *o.Validation
	}
	return application.Kind, *o.Application
}

// LogHours records the person's own time on a case (6 U.S.C. 971). Days lie not in
// the future at the case's office, and a person has no more than 24 hours a day.
func (s *Service) LogHours(ctx context.Context, by identity.Actor, id uuid.UUID, in HoursEntry) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := open(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := near(by, a); err != nil {
			return err
		}
		return Log(ctx, tx, now, by, Worked{Application: &a.ID, Company: a.CompanyID, Office: a.OfficeID, Activities: Activities()}, in)
	})
}

// Log is the step of LogHours, for other domains: they have decided who may.
func Log(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, of Worked, in HoursEntry) error {
	today, err := officeDay(ctx, tx, now, of.Office)
	if err != nil {
		return err
	}
	var check entry.Check
	w := worklog{ID: pg.NewID(), ApplicationID: of.Application, ValidationID: of.Validation, CompanyID: of.Company, PersonID: by.PersonID, LoggedAt: now, Version: 1}
	switch day, err := clock.ParseDay(in.Day); {
	case err != nil:
		check.Add("day", "Enter a day that exists, with day, month and year")
	case day.After(today):
		check.Add("day", "Enter a day that is not in the future")
	case day.Before(today.AddDays(-366)):
		check.Add("day", "Enter a day of the last year")
	default:
		w.WorkedOn = day
	}
	hours := check.Whole("hours", "the hours", in.Hours, 0, 24, false)
	minutes := check.Whole("minutes", "the minutes", in.Minutes, 0, 59, false)
	if hours != nil {
		w.Minutes = 60 * *hours
	}
	if minutes != nil {
		w.Minutes += *minutes
	}
	if check.Fields() == nil && w.Minutes == 0 {
		check.Add("hours", "Enter how long you worked")
	}
	w.Activity = check.OneOf("activity", "what you did", in.Activity, of.Activities...)
	w.Note = check.Text("note", "the note", in.Note, 0, 1000)
	if err := check.Err(); err != nil {
		return err
	}
	there, err := minutesOn(ctx, tx, by.PersonID, w.WorkedOn)
	if err != nil {
		return fmt.Errorf("add up the day: %w", err)
	}
	if there+w.Minutes > dayMinutes {
		return fault.Fail([]fault.Field{fault.F("hours", "A day has 24 hours. You have logged %d minutes for this day already", there)})
	}
	if err := add(ctx, tx, &w); err != nil {
		return fmt.Errorf("log the hours: %w", err)
	}
	kind, id := of.subject()
	return audit.Record(ctx, tx, now, by, audit.Event{
		Action: "hours.log", Kind: kind, Subject: id, Company: of.Company, Internal: true,
		After: map[string]any{"entry": w.ID, "day": w.WorkedOn, "minutes": w.Minutes, "activity": w.Activity, "note": w.Note},
	})
}

// RemoveHours takes an entry back. The person who made it may, and supervisors and
// headquarters of the office tree. It stays in the history.
func (s *Service) RemoveHours(ctx context.Context, by identity.Actor, id, entryID uuid.UUID, version int) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := open(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := near(by, a); err != nil {
			return err
		}
		return TakeBack(ctx, tx, now, by, Worked{Application: &a.ID, Company: a.CompanyID, Office: a.OfficeID}, entryID, version)
	})
}

// TakeBack is the step of RemoveHours, for other domains, like Log.
func TakeBack(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, of Worked, entryID uuid.UUID, version int) error {
	w, err := lockWorklog(ctx, tx, of, entryID)
	if err != nil {
		return err
	}
	if w.PersonID != by.PersonID && !by.Is(identity.Approvers...) {
		return fault.New(fault.Forbidden, "Only the person who logged these hours or a supervisor can take them back")
	}
	if w.RemovedAt != nil || w.Version != version {
		return fault.Moved()
	}
	w.RemovedAt = &now
	if err := pg.Update(ctx, tx, &w, w.ID, &w.Version, "removed_at"); err != nil {
		return fmt.Errorf("take the hours back: %w", err)
	}
	kind, id := of.subject()
	return audit.Record(ctx, tx, now, by, audit.Event{
		Action: "hours.remove", Kind: kind, Subject: id, Company: of.Company, Internal: true,
		Before: map[string]any{"entry": w.ID, "day": w.WorkedOn, "minutes": w.Minutes, "activity": w.Activity},
	})
}
