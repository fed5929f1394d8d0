package exchange

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
)

// State says what a row would do.
type State string

// The states.
const (
	New      State = "new"      // there is no answer yet
	Changed  State = "changed"  // it replaces an answer
	Conflict State = "conflict" // a colleague has changed the answer since the workbook was made
	Refused  State = "refused"  // the answer cannot be kept
	Unknown  State = "unknown"  // the row belongs to nothing that the person can change
	Same     State = "same"     // nothing to do
	Blank    State = "blank"    // nothing was given
)

// States lists them in the order in which they ask for attention.
func States() []State { return []State{Conflict, New, Changed, Refused, Unknown, Same, Blank} }

// Name is the state for a person to read (English source text).
func (s State) Name() string {
	return map[State]string{New: "New", Changed: "Changed", Conflict: "Conflict", Refused: "Cannot be kept", Unknown: "Not taken", Same: "Same", Blank: "Nothing given"}[s]
}

// Row is one answer of a workbook beside what the profile has.
type Row struct {
	Key       string
	State     State
	Why       []fault.Field // of refused and unknown ones
	Sheet     string
	Line      int
	Criterion catalogue.Criterion
	Question  catalogue.Question
	Site      string           // its name; empty: the company's answer
	Mine      catalogue.Answer // what the workbook says, with what it left empty as it was
	Theirs    catalogue.Answer // as it is now
	Base      catalogue.Answer // of a conflict: on which both had begun
	Version   int              // of theirs
	By        string           // whose theirs is
	At        time.Time
	Formula   bool // some cell held a formula, which is taken as its text

	site uuid.UUID
}

// Takes reports whether the row can be chosen as it is.
func (r Row) Takes() bool { return r.State == New || r.State == Changed }

// Group is what a workbook says about one section.
type Group struct {
	Section catalogue.Section
	Rows    []Row
}

// Count is how many rows of a group have a state.
func (g Group) Count(s State) (n int) {
	for _, r := range g.Rows {
		if r.State == s {
			n++
		}
	}
	return n
}

// Ready is how many rows of a group go with it when the whole group is chosen.
func (g Group) Ready() (n int) {
	for _, r := range g.Rows {
		if r.Takes() && !r.Formula {
			n++
		}
	}
	return n
}

// DryRun is what taking over a workbook would do, as of now.
type DryRun struct {
	Profile *profile.Profile
	Names   profile.Names
	Draft   Draft
	Groups  []Group // in the order of the sections
	Strange []Row   // rows of no section
}

// Count is how many rows have a state.
func (d DryRun) Count(s State) (n int) {
	for _, g := range d.Groups {
		n += g.Count(s)
	}
	return n + Group{Rows: d.Strange}.Count(s)
}

// DryRun shows what a workbook would change, in four statements. Only the person who sent
// it may, for a day.
func (s *Service) DryRun(ctx context.Context, by identity.Actor, cycle, id uuid.UUID) (d DryRun, err error) {
	if !by.Is(Writers()...) {
		return d, fault.Missing()
	}
	var list []given
	var past map[string]catalogue.Answer
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
		if d.Draft, list, err = draftOf(ctx, tx, by, s.Now(), cycle, id); err != nil {
			return err
		}
		if d.Profile, err = s.own(ctx, tx, by, cycle); err != nil {
			return err
		}
		past, err = earlier(ctx, tx, cycle, moved(d.Profile, list))
		return err
	})
	if err != nil {
		return d, err
	}
	if d.Names, err = s.names(d.Profile); err != nil {
		return d, err
	}
	d.sort(by, list, past)
	return d, nil
}

// moved lists the answers whose versions are others now than in the workbook.
func moved(p *profile.Profile, list []given) (out []place) {
	for _, g := range list {
		site, ok := g.site()
		if now, _ := p.Given(g.Question, site); !ok || now.Version == g.Version || g.Version <= 0 {
			continue
		}
		x := place{Question: g.Question, Version: g.Version}
		if site != uuid.Nil {
			x.Site = &site
		}
		out = append(out, x)
	}
	return out
}

// sort works out what each row would do and puts it under its section.
func (d *DryRun) sort(by identity.Actor, list []given, past map[string]catalogue.Answer) {
	groups := make([]Group, len(d.Profile.Form.Edition.Sections))
	for i, s := range d.Profile.Form.Edition.Sections {
		groups[i].Section = s
	}
	for _, g := range list {
		r := judge(d.Profile, by, g, past)
		i := -1
		if len(r.Criterion.Sections) > 0 {
			i = slices.IndexFunc(groups, func(x Group) bool { return x.Section.ID == r.Criterion.Sections[0] })
		}
		if i < 0 {
			d.Strange = append(d.Strange, r)
			continue
		}
		groups[i].Rows = append(groups[i].Rows, r)
	}
	order := map[string]int{}
	for i, c := range d.Profile.Form.Criteria {
		order[c.ID] = i
	}
	for _, g := range groups {
		if len(g.Rows) == 0 {
			continue
		}
		slices.SortStableFunc(g.Rows, func(x, y Row) int { return cmp.Compare(order[x.Criterion.ID], order[y.Criterion.ID]) })
		d.Groups = append(d.Groups, g)
	}
}

// judge says what one row would do.
func judge(p *profile.Profile, by identity.Actor, g given, past map[string]catalogue.Answer) Row {
	r := Row{Key: g.key(), Sheet: g.Sheet, Line: g.Row, Mine: g.Answer, Formula: g.Formula}
	not := func(s State, message string, args ...any) Row {
		r.State, r.Why = s, append(r.Why, fault.F("", message, args...))
		return r
	}
	if g.Cycle != p.Cycle.ID.String() || g.Edition != p.Cycle.EditionHash {
		return not(Unknown, "This row belongs to another profile")
	}
	var known bool
	if r.Criterion, r.Question, known = p.Form.Question(g.Question); !known || r.Criterion.ID != g.Criterion {
		r.Criterion = catalogue.Criterion{}
		return not(Unknown, "This question is not in your profile")
	}
	site, ok := g.site()
	if ok && site != uuid.Nil {
		i := slices.IndexFunc(p.Sites, func(s profile.Site) bool { return s.ID == site })
		if ok = i >= 0; ok {
			r.Site = p.Sites[i].Name
		}
	}
	if !ok {
		return not(Unknown, "This site is not in use")
	}
	r.site = site
	now, _ := p.Given(g.Question, site)
	r.Theirs, r.Version, r.By, r.At = now.Value, now.Version, now.Author, now.At
	switch {
	case g.Twice:
		return not(Refused, "The workbook says this more than once. Keep one row and send it again")
	case g.Answer.Empty():
		r.State = Blank
		return r
	}
	base, began := now.Value, true
	if g.Version != now.Version {
		x := place{Question: g.Question, Version: g.Version}
		if site != uuid.Nil {
			x.Site = &site
		}
		base, began = past[x.key()]
	}
	var check entry.Check
	typed := onTop(base, g.Answer)
	r.Mine = r.Question.Check(&check, "", typed)
	wrong := check.Fields()
	if wrong != nil {
		r.Mine = typed
	}
	if r.Mine.Equal(now.Value) || began && r.Mine.Equal(base) {
		r.State = Same // as it is now, or as it was when the workbook was made
		return r
	}
	if why := p.WhyNot(by, r.Criterion.ID); why != "" {
		return not(Unknown, why)
	}
	switch {
	case wrong != nil:
		r.State, r.Why = Refused, wrong
	case g.Version != now.Version:
		r.State, r.Base = Conflict, base
	case now.Value.Empty():
		r.State = New
	default:
		r.State = Changed
	}
	return r
}

// onTop is an answer with everything that a workbook gives; what it leaves empty stays.
func onTop(was, in catalogue.Answer) catalogue.Answer {
	keep := func(in *string, was string) {
		if strings.TrimSpace(*in) == "" {
			*in = was
		}
	}
	keep(&in.Choice, was.Choice)
	keep(&in.Text, was.Text)
	keep(&in.Number, was.Number)
	keep(&in.Date, was.Date)
	keep(&in.Reason, was.Reason)
	keep(&in.Plan, was.Plan)
	keep(&in.PlanOn, was.PlanOn)
	if len(in.Choices) == 0 {
		in.Choices = was.Choices
	}
	if len(in.Rows) == 0 {
		in.Rows = was.Rows
	}
	return in
}

// Choice is what a person takes over of a dry run.
type Choice struct {
	Sections []string       // every new and changed row of these, except those with formulas
	Rows     []string       // new and changed rows by key
	Over     map[string]int // conflicts in which the workbook wins: by key, the version that the person saw
}

// Outcome is what became of a choice.
type Outcome struct {
	Saved     int
	Conflicts int // came back: a colleague was faster
}

// Accept takes over what a person chose, as answers of theirs; what they replace stays in
// the history. All of it is saved with its audit event, or nothing is. Versions are looked
// at once more while saving: what a colleague changed since the dry run is left out and
// shows as a conflict. Invalid: nothing was chosen.
func (s *Service) Accept(ctx context.Context, by identity.Actor, cycle, id uuid.UUID, in Choice) (out Outcome, err error) {
	d, err := s.DryRun(ctx, by, cycle, id)
	if err != nil {
		return out, err
	}
	list, stale := d.chosen(in)
	if len(list) == 0 && stale == 0 {
		return out, fault.Fail([]fault.Field{fault.F("rows", "Choose at least one answer to take over")})
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		saved, conflicts, err := s.Profiles.SaveWithin(ctx, tx, by, list)
		if err != nil {
			return err
		}
		out = Outcome{Saved: len(saved), Conflicts: stale + len(conflicts)}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "profile.import", Kind: profile.Kind, Subject: cycle, Company: by.CompanyID,
			After: map[string]any{"file": d.Draft.FileName, "saved": out.Saved, "conflicts": out.Conflicts}})
	})
	if err != nil {
		return Outcome{}, fmt.Errorf("take over a workbook: %w", err)
	}
	return out, nil
}

// chosen are the answers that a choice saves, and how many of it are conflicts by now.
func (d DryRun) chosen(in Choice) (list []profile.AnswerEntry, stale int) {
	for _, g := range d.Groups {
		whole := slices.Contains(in.Sections, g.Section.ID)
		for _, r := range g.Rows {
			single := slices.Contains(in.Rows, r.Key)
			seen, over := in.Over[r.Key]
			switch {
			case r.Takes() && (single || over || whole && !r.Formula):
			case r.State == Conflict && over && seen == r.Version:
			case r.State == Conflict && (single || over):
				stale++
				continue
			default:
				continue
			}
			list = append(list, profile.AnswerEntry{Cycle: d.Profile.Cycle.ID, EditionHash: d.Profile.Cycle.EditionHash, EntityType: d.Profile.Cycle.FormKey(),
				Criterion: r.Criterion.ID, Question: r.Question.ID, Site: r.site, Version: r.Version, Answer: r.Mine})
		}
	}
	return list, stale
}
