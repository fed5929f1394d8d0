package profile

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// read reads a profile of the actor's company together with what else a page shows, in
// one round trip. Everybody who reads for the company may. outline says whether the
// answers come with it, without their values.
func (s *Service) read(ctx context.Context, by identity.Actor, id uuid.UUID, outline bool, more ...pg.Query) (*Profile, error) {
	if !by.Is(identity.CompanyReaders...) || by.Audience != identity.Companies {
		return nil, fault.Missing()
	}
	var h head
	sql := headColumns + `, '' as answers` + headFrom
	if outline {
		sql = headColumns + outlineColumns + headFrom
	}
	if err := s.DB.Batch(ctx, by.Scope(), append([]pg.Query{pg.One(&h, sql, id, by.CompanyID, s.Now())}, more...)...); err != nil {
		return nil, fmt.Errorf("read a profile: %w", err)
	}
	return h.profile(s.Steps)
}

// Names are a profile's programme and kind of member, for a page to name.
type Names struct {
	Programme *programme.Programme
	Entity    programme.EntityType
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
}

// Group is a section with its criteria; one that stands in several sections stands in
// each of them.
type Group struct {
	Section  catalogue.Section
	Progress Progress
	Tasks    []Task
}

// TaskList is the profile's own page.
type TaskList struct {
	Profile *Profile
	Names
	Groups   []Group // sections without criteria for this kind of member are left out
	Progress Progress
	Clocks   []clock.View // of the application or membership, running ones first
	Editor   bool         // the reader may edit and assign everything that is unlocked
	Signer   bool         // the reader's role submits
	Next     string       // the criterion to go on with; empty when all are done
}

// TaskList reads a profile by section with the state of each criterion, in one round trip.
// Everybody who reads for the company may.
func (s *Service) TaskList(ctx context.Context, by identity.Actor, id uuid.UUID) (l TaskList, err error) {
	var kept []clock.Kept
	if l.Profile, err = s.read(ctx, by, id, true, clock.Where(&kept, `k.subject_kind = any('{application,membership}')
		and k.subject_id = (select coalesce(c.application_id, c.membership_id) from profile_cycle c where c.id = $1 and c.company_id = $2)`, id, by.CompanyID)); err != nil {
		return l, err
	}
	l.Profile.apply()
	l.Clocks = s.Clocks.Views(kept, s.Now())
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
		if p.Shown.Criterion(c.ID) {
			l.Progress.add(c.Level, standings[c.ID].State)
		}
	}
	for _, section := range p.Form.Edition.Sections {
		g := Group{Section: section}
		for _, c := range p.Form.Criteria {
			if !slices.Contains(c.Sections, section.ID) {
				continue
			}
			t := Task{Criterion: c, Standing: standings[c.ID], Note: p.Notes[c.ID], Remark: p.Remark(c.ID), Editable: p.editable(by, c.ID) == "", Exceptions: p.Exceptions(c.ID)}
			if p.Shown.Criterion(c.ID) {
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
			if standings[c.ID].State == want && p.editable(by, c.ID) == "" {
				return c.ID
			}
		}
	}
	return ""
}

// editable says why the reader cannot change a criterion now (English source text);
// nothing when they can.
func (p *Profile) editable(by identity.Actor, criterion string) string {
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

// Deadline is the running clock that the company owes and that ends first; nil when it
// owes nothing.
func (l TaskList) Deadline() *clock.View {
	for i, v := range l.Clocks {
		if v.StoppedAt == nil && v.OwedBy == string(programme.Company) && !v.Earliest {
			return &l.Clocks[i]
		}
	}
	return nil
}

// Checks is a profile before it is submitted: every answer and everything the checks found.
type Checks struct {
	Profile *Profile // with every answer
	Names
	Findings  []Finding         // errors first
	Links     []Link            // the evidence, by criterion
	Seen      map[string]string // fingerprints of the sections, for Declaration.Seen
	MaySubmit bool              // the reader's role submits
}

// Errors, Warnings and Tips count the findings.
func (c Checks) Errors() int   { return count(c.Findings, Error) }
func (c Checks) Warnings() int { return count(c.Findings, Warning) }
func (c Checks) Tips() int     { return count(c.Findings, Tip) }

// Checks looks at a profile as a whole, in one round trip. Everybody who reads for the
// company may.
func (s *Service) Checks(ctx context.Context, by identity.Actor, id uuid.UUID) (c Checks, err error) {
	var rows []answerRow
	var body string
	now := s.Now()
	c.Profile, err = s.read(ctx, by, id, false,
		pg.All(&rows, `select `+answerColumns+` from profile_answer where cycle_id = $1 and company_id = $2 order by question, site_id nulls first`, id, by.CompanyID),
		pg.All(&c.Links, linksSQL, id, ""),
		pg.Value(&body, aroundSQL, id, by.CompanyID, now))
	if err != nil {
		return c, err
	}
	if err := c.Profile.fill(rows); err != nil {
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
	c.Seen, err = c.Profile.seen(c.Links)
	return c, err
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
