package profile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// reading is a row of a page's first statement.
type reading interface{ row() head }

func (h head) row() head { return h }

// read reads a profile of the actor's company together with what else a page shows, in
// one round trip. Everybody who reads for the company may. The columns say how much of the
// profile comes; more arguments of theirs begin at $4.
func read[T reading](ctx context.Context, s *Service, by identity.Actor, id uuid.UUID, into *T, columns string, args []any, more ...pg.Query) (*Profile, error) {
	if by.Audience != identity.Companies || !by.Is(identity.CompanyReaders...) {
		return nil, fault.Missing()
	}
	first := pg.One(into, columns+headFrom, append([]any{id, by.CompanyID, s.Now()}, args...)...)
	if err := s.DB.Batch(ctx, by.Scope(), append([]pg.Query{first}, more...)...); err != nil {
		return nil, fmt.Errorf("read a profile: %w", err)
	}
	return (*into).row().profile(s.Steps)
}

// outline reads a profile without the values of its answers.
func (s *Service) outline(ctx context.Context, by identity.Actor, id uuid.UUID, more ...pg.Query) (*Profile, error) {
	var h head
	p, err := read(ctx, s, by, id, &h, headColumns+outlineColumns+noChoices, nil, more...)
	if err != nil {
		return nil, err
	}
	p.apply()
	return p, nil
}

// full reads a profile with every answer.
func (s *Service) full(ctx context.Context, by identity.Actor, id uuid.UUID, more ...pg.Query) (*Profile, error) {
	var h head
	var rows []answerRow
	p, err := read(ctx, s, by, id, &h, headColumns+noAnswers+noChoices, nil, append(more,
		pg.All(&rows, `select `+answerColumns+` from profile_answer where cycle_id = $1 and company_id = $2 order by question, site_id nulls first`, id, by.CompanyID))...)
	if err != nil {
		return nil, err
	}
	return p, p.fill(rows)
}

// Names are a profile's programme and kind of member, for a page to name.
type Names struct {
	Programme *programme.Programme
	Entity    programme.EntityType
	Also      []programme.EntityType // of memberships that share the profile
}

// Kinds names the kinds of member that the profile asks.
func (n Names) Kinds(ctx context.Context) string {
	out := i18n.T(ctx, n.Entity.Name)
	for _, e := range n.Also {
		out += ", " + i18n.T(ctx, e.Name)
	}
	return out
}

func (s *Steps) names(c Cycle) (n Names, err error) {
	if n.Programme, err = s.programme(c); err != nil {
		return n, err
	}
	e, ok := n.Programme.EntityType(c.EntityType)
	if !ok {
		return n, fmt.Errorf("profile %s: programme %s has no kind of member %q", c.Reference, c.Programme, c.EntityType)
	}
	n.Entity = e
	for _, code := range c.AlsoTypes {
		if e, ok := n.Programme.EntityType(code); ok {
			n.Also = append(n.Also, e)
		}
	}
	return n, nil
}

// Task is a criterion as something to do.
type Task struct {
	Criterion  catalogue.Criterion
	Standing   Standing
	Note       Note    // who fills it in until when
	Remark     *Remark // why it was sent back
	Editable   bool    // by the reader, now
	Exceptions []Site
	Result     *Result // what we told the company of it last; nil: nothing yet
}

// Group is a section with its criteria; one that stands in several sections stands in
// each of them.
type Group struct {
	Section  catalogue.Section
	Progress Progress
	Tasks    []Task
	AtOnce   int // shoulds that the reader can confirm together
}

// TaskList is the profile's own page.
type TaskList struct {
	Profile *Profile
	Names
	Groups   []Group // sections without criteria for this kind of member are left out
	Progress Progress
	Clocks   []clock.View // of the application or membership, running ones first
	Due      *clock.View  // the one that the profile must be submitted by; nil: none runs
	Editor   bool         // the reader may edit and assign everything that is unlocked
	Signer   bool         // the reader's role submits
	Next     string       // the criterion to go on with; empty when all are done
	Changed  []Changed    // what became of the criteria since the last cycle

	results []Result
}

// Changed is a criterion that is not what it was in the last cycle.
type Changed struct {
	catalogue.Change
	Criterion catalogue.Criterion // as it is asked now; one that was withdrawn, as it was asked then
}

// tasksRow is what the first statement of a task list reads.
type tasksRow struct {
	head
	Results string
}

func (r tasksRow) row() head { return r.head }

// TaskList reads a profile by section with the state of each criterion, in one round trip.
// Everybody who reads for the company may.
func (s *Service) TaskList(ctx context.Context, by identity.Actor, id uuid.UUID) (l TaskList, err error) {
	var h tasksRow
	var kept []clock.Kept
	l.Profile, err = read(ctx, s, by, id, &h, headColumns+outlineColumns+noChoices+fmt.Sprintf(resultsSQL, ""), nil,
		clock.Where(&kept, `k.subject_kind = any('{application,membership}')
		and k.subject_id = (select coalesce(c.application_id, c.membership_id) from profile_cycle c where c.id = $1 and c.company_id = $2)`, id, by.CompanyID))
	if err != nil {
		return l, err
	}
	l.Profile.apply()
	if l.results, err = readResults(h.Results); err != nil {
		return l, err
	}
	l.Clocks = s.Clocks.Views(kept, s.Now())
	l.Due = s.Deadline(l.Profile.Cycle, l.Clocks)
	for _, ch := range s.became(l.Profile) {
		x := Changed{Change: ch}
		if x.Criterion, _ = l.Profile.Form.Criterion(ch.ID); ch.Kind == catalogue.Withdrawn {
			before, _ := s.lastEdition(l.Profile)
			x.Criterion, _ = before.Criterion(ch.ID)
		}
		l.Changed = append(l.Changed, x)
	}
	return l, s.tasks(by, &l)
}

func (s *Steps) tasks(by identity.Actor, l *TaskList) (err error) {
	p := l.Profile
	if l.Names, err = s.names(p.Cycle); err != nil {
		return err
	}
	l.Editor, l.Signer = by.Is(identity.CompanyEditors...), by.Is(identity.CompanySigners...)
	standings := make(map[string]Standing, len(p.Form.Criteria))
	for _, c := range p.Form.Criteria {
		standings[c.ID] = p.State(c.ID)
		if p.Counts(c.ID) {
			l.Progress.add(c.Level, standings[c.ID].State)
		}
	}
	for _, section := range p.Form.Edition.Sections {
		g := Group{Section: section}
		for _, c := range p.Form.Criteria {
			if !in(c, section.ID) {
				continue
			}
			t := Task{Criterion: c, Standing: standings[c.ID], Note: p.Notes[c.ID], Remark: p.Remark(c.ID), Editable: p.WhyNot(by, c.ID) == "", Exceptions: p.Exceptions(c.ID),
				Result: latest(l.results, c.ID)}
			if t.Standing.Because == BecauseCarried && p.atOnce(by, c) {
				g.AtOnce++
			}
			if p.Counts(c.ID) {
				g.Progress.add(c.Level, t.Standing.State)
			}
			g.Tasks = append(g.Tasks, t)
		}
		if g.Tasks != nil {
			l.Groups = append(l.Groups, g)
		}
	}
	l.Next = p.next(by, standings)
	return nil
}

// next is the criterion to go on with: what was sent back or needs a look first, then what
// was begun, then what was not; of those that the reader may edit.
func (p *Profile) next(by identity.Actor, standings map[string]Standing) string {
	for _, want := range []State{NeedsAttention, InProgress, NotStarted} {
		for _, c := range p.Form.Criteria {
			if standings[c.ID].State == want && p.WhyNot(by, c.ID) == "" {
				return c.ID
			}
		}
	}
	return ""
}

// WhyNot says why the reader cannot change a criterion now (English source text); nothing
// when they can.
func (p *Profile) WhyNot(by identity.Actor, criterion string) string {
	note := p.Notes[criterion]
	switch {
	case by.Is(identity.Contributor) && (note.AssigneeID == nil || *note.AssigneeID != by.PersonID):
		return "This criterion is not assigned to you. You can read it"
	case !by.Is(identity.Contributor) && !by.Is(identity.CompanyEditors...):
		return "You can read this criterion. An owner, signatory or editor of the company can change it"
	case p.Cycle.Status == Returned && !p.Unlocked(criterion):
		return "We did not send this criterion back, so it stays as you submitted it"
	case p.Cycle.Status == Submitted || p.Cycle.Status == InReview:
		return "You have submitted the profile. While we look at it, it cannot be changed"
	case p.Cycle.Status.Final():
		return "This profile is closed. You can read it"
	}
	return ""
}

// Asked is one question with what was answered to it.
type Asked struct {
	Question catalogue.Question
	Counts   bool       // false: its condition does not hold
	Given    Given      // the answer that holds here: of the site, or else of the company
	Answered bool       // there is one
	Own      bool       // on the page of a site: it is the site's own, not the company's
	Last     *LastGiven // last cycle's answer
}

// Version is the version of the answer that this page changes; 0 when there is none yet,
// as on the page of a site that has the company's answer so far.
func (a Asked) Version() int {
	if a.Own {
		return a.Given.Version
	}
	return 0
}

// LastGiven is an answer of the last cycle.
type LastGiven struct {
	Criterion string // another one when the criterion was split or merged
	Question  string
	Asked     catalogue.Question // as the edition of that cycle worded it
	Answer    catalogue.Answer
	At        time.Time
	Author    string
}

// Post is a message in the thread of a criterion, as the company sees it.
type Post struct {
	ID         uuid.UUID  `json:"id"`
	Agency     bool       `json:"agency"` // else the company's own
	Author     string     `json:"author"` // the agency signs with the office's name
	Text       string     `json:"text"`
	At         time.Time  `json:"at"`
	Cycle      uuid.UUID  `json:"cycle"`       // in which it was written
	Older      []Older    `json:"older"`       // answers of which it speaks that have been changed since
	ResolvedAt *time.Time `json:"resolved_at"` // a person said that it is settled
}

// Older is an answer that has changed since a message was written about it.
type Older struct {
	Question string `json:"question"`
	Version  int    `json:"version"` // as it was when the message was written
}

// CriterionPage is one criterion with everything about it.
type CriterionPage struct {
	Profile *Profile // the choices made elsewhere, and this criterion's answers
	Names
	Criterion  catalogue.Criterion
	Counts     bool  // false: other answers say that it does not count here
	Site       *Site // whose exception the page shows; nil: the company's answers
	Standing   Standing
	Note       Note
	Remark     *Remark
	Asked      []Asked
	Exceptions []Site
	Unfinished []Site      // where something is still missing
	Suggested  []LastGiven // last cycle's answers to questions that this edition no longer asks so
	Links      []evidence.Link
	Posts      []Post
	Results    []Result // what we told the company of it, the newest first
	Present    []Present
	Previous   string // the criteria beside it, of those that count; empty at the ends
	Next       string
	Locked     string               // why the reader cannot change it (English source text); empty: they can
	Editor     bool                 // the reader gives work to colleagues
	Writer     bool                 // the reader writes to the agency about it
	Change     catalogue.Change     // since the edition of the last cycle
	Was        *catalogue.Criterion // as the edition of the last cycle worded it; nil when it had none
}

// criterionRow is what the first statement of a criterion's page reads.
type criterionRow struct {
	head
	Posts, Present, Results string
}

func (r criterionRow) row() head { return r.head }

// postsSQL reads the thread of a criterion ($4), the last two hundred messages, and
// whether an answer of which one speaks has been changed since; presentSQL who else has it
// open ($5 the person who asks, $6 since when a sign of life counts).
const postsSQL = `, coalesce((select jsonb_agg(jsonb_build_object('id', t.id, 'agency', t.side = 'agency', 'author', t.author,
      'text', t.body, 'at', t.written_at, 'cycle', t.cycle_id, 'resolved_at', t.resolved_at,
      'older', (select jsonb_agg(jsonb_build_object('question', x.key, 'version', x.value::int) order by x.key) from jsonb_each_text(t.about) x
        join profile_answer a on a.cycle_id = c.id and a.question = x.key and a.site_id is null where t.cycle_id = c.id and a.version::text <> x.value)) order by t.written_at, t.id)
    from (select * from profile_message m where m.company_id = c.company_id and m.programme = c.programme and m.entity_type = c.entity_type and m.criterion = $4
      and not m.internal and m.sent_at is not null order by m.written_at desc, m.id desc limit 200) t), '[]')::text as posts,
  coalesce((select jsonb_agg(jsonb_build_object('name', p.name, 'since', p.since) order by p.since, p.name) from profile_presence p
    where p.cycle_id = c.id and p.criterion = $4 and p.person_id <> $5 and p.seen_at > $6), '[]')::text as present`

// givenRow is an answer of this cycle or of the last one.
type givenRow struct {
	Last bool
	answerRow
}

// CriterionPage reads one criterion of a profile for the company as a whole (the zero id)
// or for one site, in one round trip. Everybody who reads for the company may.
func (s *Service) CriterionPage(ctx context.Context, by identity.Actor, id uuid.UUID, criterion string, site uuid.UUID) (c CriterionPage, err error) {
	questions, from := s.about(criterion)
	if questions == nil {
		return c, fault.Missing()
	}
	var h criterionRow
	var rows []givenRow
	c.Profile, err = read(ctx, s, by, id, &h, criterionColumns+postsSQL+fmt.Sprintf(resultsSQL, " and r.criterion = $4"), []any{criterion, by.PersonID, s.Now().Add(-presentFor)},
		pg.All(&rows, `select false as last, `+answerColumns+` from profile_answer where cycle_id = $1 and company_id = $2 and question = any($3)
			union all select true, a.cycle_id, a.company_id, a.criterion, a.question, a.site_id, a.value::text, a.choice, a.complete, a.carried, a.version, a.updated_at, a.updated_by, a.author
			from profile_cycle c join profile_answer a on a.cycle_id = c.previous_id
			where c.id = $1 and c.company_id = $2 and a.question = any($4) and (a.site_id is null or a.site_id = $5)`, id, by.CompanyID, questions, from, site),
		evidence.Links(&c.Links, id, criterion))
	if err != nil {
		return c, err
	}
	p := c.Profile
	var found bool
	if c.Criterion, found = p.Form.Criterion(criterion); !found {
		return c, fault.Missing()
	}
	if site != uuid.Nil {
		i := slices.IndexFunc(p.Sites, func(x Site) bool { return x.ID == site })
		if i < 0 {
			return c, fault.Missing()
		}
		c.Site = &p.Sites[i]
	}
	var last []LastGiven
	for _, r := range rows {
		g, err := r.given()
		if err != nil {
			return c, fmt.Errorf("profile %s: %w", p.Cycle.Reference, err)
		}
		if !r.Last {
			p.take(g)
		} else if g.Site == site {
			last = append(last, LastGiven{Criterion: g.Criterion, Question: g.Question, Answer: g.Value, At: g.At, Author: g.Author})
		}
	}
	p.apply()
	if e, ok := s.lastEdition(p); ok {
		for i := range last {
			old, _ := e.Criterion(last[i].Criterion)
			last[i].Asked, _ = old.Question(last[i].Question)
		}
		if was, ok := e.Criterion(criterion); ok {
			c.Was = &was
		}
	}
	for _, part := range []struct {
		text string
		into any
	}{{h.Posts, &c.Posts}, {h.Present, &c.Present}, {h.Results, &c.Results}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return c, fmt.Errorf("read criterion %s: %w", criterion, err)
		}
	}
	c.ask(site, last)
	c.Counts, c.Standing, c.Note, c.Remark, c.Exceptions = p.At(site).Criterion(criterion), p.State(criterion), p.Notes[criterion], p.Remark(criterion), p.Exceptions(criterion)
	c.Unfinished = p.Unfinished(criterion)
	c.Previous, c.Next, c.Locked = p.Previous(criterion), p.Next(criterion), p.WhyNot(by, criterion)
	c.Editor, c.Writer = by.Is(identity.CompanyEditors...) && !p.Cycle.Status.Final(), mayWrite(by, p, criterion) == nil
	c.Change = s.became(p).Of(criterion)
	c.Names, err = s.names(p.Cycle)
	return c, err
}

// lastEdition is the edition of the cycle on which a profile was begun.
func (s *Steps) lastEdition(p *Profile) (*catalogue.Edition, bool) {
	if p.Last == nil {
		return nil, false
	}
	return s.Library.Edition(p.Cycle.Programme, p.Last.Edition)
}

// became says what became of the criteria since the edition of the last cycle.
func (s *Steps) became(p *Profile) catalogue.Changes {
	before, ok := s.lastEdition(p)
	if !ok {
		return nil
	}
	return s.changed(before.Form(p.Cycle.FormKey()), p.Form)
}

// ask sets the questions beside what was answered now and last time.
func (c *CriterionPage) ask(site uuid.UUID, last []LastGiven) {
	shown := c.Profile.At(site)
	for _, q := range c.Criterion.Questions {
		a := Asked{Question: q, Counts: shown.Question(q.ID)}
		a.Given, a.Answered = c.Profile.Holds(q.ID, site)
		a.Own = a.Answered && a.Given.Site == site
		if i := slices.IndexFunc(last, func(l LastGiven) bool { return l.Question == q.ID }); i >= 0 {
			a.Last = &last[i]
		}
		c.Asked = append(c.Asked, a)
	}
	for _, l := range last {
		if !slices.ContainsFunc(c.Criterion.Questions, func(q catalogue.Question) bool { return q.ID == l.Question }) {
			c.Suggested = append(c.Suggested, l)
		}
	}
}

// about lists the questions of a criterion in whichever edition, and those of the criteria
// from which some edition says that it came: so that a page can ask for exactly these
// before it knows the edition.
func (s *Steps) about(criterion string) (own, from []string) {
	add := func(list []string, e *catalogue.Edition, id string) []string {
		c, _ := e.Criterion(id)
		for _, q := range c.Questions {
			if !slices.Contains(list, q.ID) {
				list = append(list, q.ID)
			}
		}
		return list
	}
	for _, p := range s.Programmes.All() {
		editions := s.Library.Editions(p.Code)
		sources := []string{criterion}
		for _, e := range slices.Backward(editions) { // what it came from came from something in its turn
			own = add(own, e, criterion)
			for _, id := range slices.Clone(sources) {
				for _, x := range e.ChangeOf(id).From {
					if !slices.Contains(sources, x) {
						sources = append(sources, x)
					}
				}
			}
		}
		for _, e := range editions {
			for _, id := range sources {
				from = add(from, e, id)
			}
		}
	}
	return own, from
}

// Table is a section as one dense table, for people who know the questions.
type Table struct {
	TaskList  // of the section: one group
	Section   catalogue.Section
	Rows      []TableRow
	Neighbour [2]string // the sections before and after it; empty at the ends
}

// TableRow is a criterion that counts, with its questions.
type TableRow struct {
	Task
	Asked []Asked
}

// TableOf reads a section, the first one when it is empty, with all questions and answers of the company, in one round
// trip. Everybody who reads for the company may.
func (s *Service) TableOf(ctx context.Context, by identity.Actor, id uuid.UUID, section string) (t Table, err error) {
	if t.Profile, err = s.full(ctx, by, id); err != nil {
		return t, err
	}
	if err := s.tasks(by, &t.TaskList); err != nil {
		return t, err
	}
	i := slices.IndexFunc(t.Groups, func(g Group) bool { return g.Section.ID == section || section == "" })
	if i < 0 {
		return t, fault.Missing()
	}
	if i > 0 {
		t.Neighbour[0] = t.Groups[i-1].Section.ID
	}
	if i+1 < len(t.Groups) {
		t.Neighbour[1] = t.Groups[i+1].Section.ID
	}
	t.Groups = t.Groups[i : i+1]
	t.Section = t.Groups[0].Section
	for _, task := range t.Groups[0].Tasks {
		if !t.Profile.Shown.Criterion(task.Criterion.ID) {
			continue
		}
		page := CriterionPage{Profile: t.Profile, Criterion: task.Criterion}
		page.ask(uuid.Nil, nil)
		t.Rows = append(t.Rows, TableRow{Task: task, Asked: page.Asked})
	}
	return t, nil
}

// Matrix is criteria by sites, with only the exceptions marked.
type Matrix struct {
	Profile *Profile
	Names
	Rows   []MatrixRow
	Editor bool
}

// MatrixRow is a criterion that counts, with a cell for each site in the order of
// Profile.Sites.
type MatrixRow struct {
	Criterion catalogue.Criterion
	Standing  Standing
	Editable  bool
	Cells     []Cell
}

// Cell is what a site has of its own.
type Cell struct {
	Exception bool
	Complete  bool   // what it has of its own says everything
	Choice    string // of the first question with a choice: yes, no, na
}

// Matrix reads which site differs where, in one round trip. Everybody who reads for the
// company may.
func (s *Service) Matrix(ctx context.Context, by identity.Actor, id uuid.UUID) (m Matrix, err error) {
	if m.Profile, err = s.outline(ctx, by, id); err != nil {
		return m, err
	}
	p := m.Profile
	m.Editor = by.Is(identity.CompanyEditors...)
	if m.Names, err = s.names(p.Cycle); err != nil {
		return m, err
	}
	for _, c := range p.Form.Criteria {
		if !p.Counts(c.ID) {
			continue
		}
		row := MatrixRow{Criterion: c, Standing: p.State(c.ID), Editable: p.WhyNot(by, c.ID) == ""}
		for _, site := range p.Sites {
			cell := Cell{Complete: true}
			for _, q := range c.Questions {
				g, ok := p.Given(q.ID, site.ID)
				if !ok {
					continue
				}
				cell.Exception, cell.Complete = true, cell.Complete && g.Complete
				if cell.Choice == "" {
					cell.Choice = g.Choice
				}
			}
			row.Cells = append(row.Cells, cell)
		}
		m.Rows = append(m.Rows, row)
	}
	return m, nil
}

// Checks is a profile before it is submitted: every answer and everything the checks found.
type Checks struct {
	Profile *Profile // with every answer
	Names
	Findings  []Finding         // errors first
	Links     []evidence.Link   // by criterion
	Seen      map[string]string // fingerprints of the sections, for Declaration.Seen
	MaySubmit bool              // the reader's role submits, and it can be submitted now
}

// Errors counts what blocks.
func (c Checks) Errors() int { return count(c.Findings, Error) }

// Warnings counts what asks.
func (c Checks) Warnings() int { return count(c.Findings, Warning) }

// Tips counts what informs.
func (c Checks) Tips() int { return count(c.Findings, Tip) }

// Checks looks at a profile as a whole, in one round trip. Everybody who reads for the
// company may.
func (s *Service) Checks(ctx context.Context, by identity.Actor, id uuid.UUID) (c Checks, err error) {
	var body string
	now := s.Now()
	if c.Profile, err = s.full(ctx, by, id, evidence.Links(&c.Links, id), pg.Value(&body, aroundSQL, id, by.CompanyID, now)); err != nil {
		return c, err
	}
	if c.Names, err = s.names(c.Profile.Cycle); err != nil {
		return c, err
	}
	a, err := readAround(body)
	if err != nil {
		return c, err
	}
	c.Findings = s.check(ctx, now, c.Profile, c.Links, a)
	c.MaySubmit = by.Is(identity.CompanySigners...) && (c.Profile.Cycle.Status == Open || c.Profile.Cycle.Status == Returned)
	c.Seen = c.Profile.seen(c.Links)
	return c, nil
}

// fill takes answers and asks the conditions.
func (p *Profile) fill(rows []answerRow) error {
	for _, row := range rows {
		g, err := row.given()
		if err != nil {
			return fmt.Errorf("profile %s: %w", p.Cycle.Reference, err)
		}
		p.take(g)
	}
	p.apply()
	return nil
}

// Revision is one wording of an answer.
type Revision struct {
	Version int // for a lost text: the version that it was based on
	Answer  catalogue.Answer
	At      time.Time
	By      string
	Lost    bool // entered by somebody and lost against a colleague's
	Present bool // the one that holds now
}

// History is every wording of an answer, the newest first.
type History struct {
	Profile *Profile
	Names
	Criterion catalogue.Criterion
	Question  catalogue.Question
	Site      *Site
	Revisions []Revision
}

// mostRevisions bounds a page of wordings.
const mostRevisions = 500

// History reads every wording of one answer, for the company (the zero id) or a site, in
// one round trip. Everybody who reads for the company may.
func (s *Service) History(ctx context.Context, by identity.Actor, id uuid.UUID, question string, site uuid.UUID) (h History, err error) {
	var first head
	var rows []struct {
		Version   int
		Value     string
		UpdatedAt time.Time
		Author    string
		Lost      bool
		Present   bool
	}
	var at *uuid.UUID
	if site != uuid.Nil {
		at = &site
	}
	h.Profile, err = read(ctx, s, by, id, &first, headColumns+noAnswers+noChoices, nil,
		pg.All(&rows, `select version, value::text as value, updated_at, author, lost, present from (
			select a.version, a.value, a.updated_at, a.author, false as lost, true as present, 0::bigint as id from profile_answer a
			where a.cycle_id = $1 and a.company_id = $2 and a.question = $3 and a.site_id is not distinct from $4::uuid
			union all select p.version, p.value, p.updated_at, p.author, p.lost, false, p.id from profile_answer_past p
			where p.cycle_id = $1 and p.company_id = $2 and p.question = $3 and p.site_id is not distinct from $4::uuid) x
			order by present desc, updated_at desc, id desc limit $5`, id, by.CompanyID, question, at, mostRevisions))
	if err != nil {
		return h, err
	}
	var ok bool
	if h.Criterion, h.Question, ok = h.Profile.Form.Question(question); !ok {
		return h, fault.Missing()
	}
	if at != nil {
		i := slices.IndexFunc(h.Profile.Sites, func(x Site) bool { return x.ID == site })
		if i < 0 && len(rows) == 0 {
			return h, fault.Missing()
		}
		if i >= 0 {
			h.Site = &h.Profile.Sites[i]
		}
	}
	for _, r := range rows {
		a, err := readAnswer(r.Value)
		if err != nil {
			return h, err
		}
		h.Revisions = append(h.Revisions, Revision{Version: r.Version, Answer: a, At: r.UpdatedAt, By: r.Author, Lost: r.Lost, Present: r.Present})
	}
	h.Names, err = s.names(h.Profile.Cycle)
	return h, err
}
