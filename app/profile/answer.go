package profile

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// AnswerEntry is one answer as a person gives it, with what the page was made from.
type AnswerEntry struct {
	Cycle       uuid.UUID
	EditionHash string
	EntityType  string
	Criterion   string
	Question    string
	Site        uuid.UUID // the zero id: the company's answer
	Version     int       // of the answer that the person saw; 0: there was none
	Answer      catalogue.Answer
}

// AnswerField is the name under which a form carries the answer to a question; a page for
// one site puts the site into its address and not into the names.
func AnswerField(question string) string { return "q-" + question }

// VersionField is the name of the field with the version of an answer.
func VersionField(question string) string { return AnswerField(question) + "-version" }

// Saved is what became of one answer.
type Saved struct {
	Criterion, Question string
	Site                uuid.UUID
	Version             int
	At                  time.Time // when it was written; earlier when nothing had changed
	By                  string
	Changed             bool     // false: it was kept already as it is
	State               Standing // of the criterion now
	Reload              bool     // the answer can change what else is asked
	Missing             []fault.Field
}

// Conflict is an answer that a colleague has changed since the person read it.
type Conflict struct {
	AnswerEntry                  // what the person wanted to save; Version is what they saw
	Theirs      catalogue.Answer // as it is kept now
	Common      catalogue.Answer // on which both had begun
	TheirsIs    int              // version of theirs; 0: the exception was dropped
	By          string           // whose theirs is
	At          time.Time        // when that was saved
}

// Collision is the refusal of answers that colleagues have changed meanwhile. It is a
// fault.Error of kind Conflict.
type Collision struct{ Conflicts []Conflict }

func (c *Collision) Error() string { return c.Unwrap().Error() }

// Unwrap is the fault that a person reads.
func (c *Collision) Unwrap() error {
	return fault.New(fault.Conflict, "A colleague changed this answer while you were writing. Compare the two and choose")
}

// Conflicts are the answers that an error says were changed meanwhile; nil for any other.
func Conflicts(err error) []Conflict {
	var c *Collision
	if errors.As(err, &c) {
		return c.Conflicts
	}
	return nil
}

// Save keeps one answer as it is, also an incomplete one, in one statement besides the
// scope. Editors may, and contributors whose criterion it is. Invalid: the answer cannot
// be kept. Conflict: a colleague has changed it (see Conflicts), or the criterion is
// locked. What is saved already is no conflict.
func (s *Service) Save(ctx context.Context, by identity.Actor, in AnswerEntry) (Saved, error) {
	list, err := s.SaveAll(ctx, by, []AnswerEntry{in})
	if len(list) == 0 {
		return Saved{Criterion: in.Criterion, Question: in.Question, Site: in.Site}, err
	}
	return list[0], err
}

// mostAnswers bounds what is saved in one statement.
const mostAnswers = 2000

// SaveAll keeps several answers of one profile in one statement. Those that nobody
// else has changed are saved; the error then names all the others (see Conflicts). An
// answer that cannot be kept refuses everything.
func (s *Service) SaveAll(ctx context.Context, by identity.Actor, entries []AnswerEntry) ([]Saved, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	b, err := s.batch(by, entries)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, by, b)
}

// SaveWithin is SaveAll for however many answers, as a part of the caller's transaction:
// nothing is saved unless that commits. Answers that others have changed come back as
// conflicts and not as an error, for the rest is to be saved. Who may is decided as there.
func (s *Service) SaveWithin(ctx context.Context, tx pg.Tx, by identity.Actor, entries []AnswerEntry) (saved []Saved, conflicts []Conflict, err error) {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(x, y AnswerEntry) int { // see batch
		return cmp.Or(cmp.Compare(x.Question, y.Question), bytes.Compare(x.Site[:], y.Site[:]))
	})
	for some := range slices.Chunk(entries, mostAnswers) {
		b, err := s.batch(by, some)
		if err != nil {
			return nil, nil, err
		}
		b.within = &tx
		list, err := s.run(ctx, by, b)
		lost := Conflicts(err)
		if err != nil && lost == nil {
			return nil, nil, err
		}
		saved, conflicts = append(saved, list...), append(conflicts, lost...)
	}
	return saved, conflicts, nil
}

// run saves a batch and says what became of it.
func (s *Service) run(ctx context.Context, by identity.Actor, b *batchOf) ([]Saved, error) {
	if err := s.send(ctx, by, b); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(b.rows, func(r savedRow) bool { return r.Result == "locked" }) {
		if err := s.again(ctx, by, b); err != nil {
			return nil, err
		}
	}
	return b.outcome(s)
}

// mayTry refuses, before anything is read, who can never edit.
func mayTry(by identity.Actor) error {
	if by.Audience != identity.Companies {
		return fault.Missing()
	}
	if !by.Is(identity.CompanyEditors...) && !by.Is(identity.Contributor) {
		return notYours()
	}
	return nil
}

func notYours() error {
	return fault.New(fault.Forbidden, "You cannot change this with your role. An owner, signatory or editor of the company can, or assign it to you")
}

func locked() error {
	return fault.New(fault.Conflict, "This criterion is locked while we look at your profile. We send it back when we need a change")
}

// sent is an answer on its way into the database.
type sent struct {
	N         int              `json:"n"`
	Criterion string           `json:"criterion"`
	Question  string           `json:"question"`
	Site      *uuid.UUID       `json:"site"`
	Value     *json.RawMessage `json:"value"`
	Choice    string           `json:"choice"`
	Complete  bool             `json:"complete"`
	Version   int              `json:"version"`
	Newly     bool             `json:"newly"`
	Lost      *json.RawMessage `json:"lost"`

	question catalogue.Question
	answer   catalogue.Answer
}

// batchOf is answers of one profile that are saved together.
type batchOf struct {
	action   string // of the audit event
	within   *pg.Tx // nil: a transaction of its own
	cycle    uuid.UUID
	form     *catalogue.Form
	entries  []AnswerEntry
	sent     []sent
	criteria []string
	triggers []string
	rows     []savedRow
	glance   glance
	own      []choice // of sites, in other criteria
}

// batch reads entries by the form that they were made from.
func (s *Service) batch(by identity.Actor, entries []AnswerEntry) (*batchOf, error) {
	if err := mayTry(by); err != nil {
		return nil, err
	}
	if len(entries) > mostAnswers {
		return nil, fault.New(fault.Invalid, "These are more answers than can be saved at once. Save %d at a time", mostAnswers)
	}
	form, err := s.FormOf(entries[0].EditionHash, entries[0].EntityType)
	if err != nil {
		return nil, err
	}
	b := &batchOf{action: "profile.answer", cycle: entries[0].Cycle, form: form, entries: entries}
	var check entry.Check
	for i, e := range entries {
		if e.Cycle != b.cycle || e.EditionHash != entries[0].EditionHash || e.EntityType != entries[0].EntityType {
			return nil, fmt.Errorf("answers of several profiles cannot be saved together")
		}
		c, q, ok := form.Question(e.Question)
		if !ok || c.ID != e.Criterion {
			return nil, fault.Missing()
		}
		answer := q.Check(&check, AnswerField(q.ID), e.Answer)
		value, err := json.Marshal(answer)
		if err != nil {
			return nil, fmt.Errorf("write the answer to %s: %w", q.ID, err)
		}
		raw := json.RawMessage(value)
		x := sent{N: i, Criterion: c.ID, Question: q.ID, Value: &raw, Choice: answer.Choice, Complete: whole(q, answer), Version: e.Version, question: q, answer: answer}
		if e.Site != uuid.Nil {
			x.Site = &entries[i].Site
		}
		b.sent = append(b.sent, x)
		if !slices.Contains(b.criteria, c.ID) {
			b.criteria = append(b.criteria, c.ID)
		}
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	b.triggers = triggers(form, b.criteria)
	// Always in the same order, so that two people wait for each other instead of blocking each other.
	slices.SortFunc(b.sent, func(x, y sent) int {
		return cmp.Or(cmp.Compare(x.Question, y.Question), cmp.Compare(siteText(x.Site), siteText(y.Site)))
	})
	return b, nil
}

func siteText(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

// triggers lists the questions that decide whether some criteria and their questions
// count, directly or through others.
func triggers(form *catalogue.Form, criteria []string) []string {
	out := []string{}
	var follow func(id string)
	follow = func(id string) {
		for _, q := range form.Reads(id) {
			if slices.Contains(out, q) {
				continue
			}
			out = append(out, q)
			follow(q)
			if c, _, ok := form.Question(q); ok {
				follow(c.ID)
			}
		}
	}
	for _, id := range criteria {
		follow(id)
		if c, ok := form.Criterion(id); ok {
			for _, q := range c.Questions {
				follow(q.ID)
			}
		}
	}
	return out
}

// saveSQL saves answers and records one event for all of them. $1 the answers; $2 cycle,
// $3 company, $4 edition's hash, $5 kind of member, $6 person, $7 name, $8 editor, $9 now;
// $10 criteria and $11 questions to look at afterwards; $12 audience, $13 role, $14 right,
// $15 request, $16 what to call it.
const saveSQL = `with done as materialized (
  select g.n, g.criterion, g.question, g.site, g.version as seen, s.result, s.version, s.saved_at, s.author, s.theirs, s.common
  from jsonb_to_recordset($1::jsonb) as g(n int, criterion text, question text, site uuid, value jsonb, choice text, complete boolean, version int, newly boolean, lost jsonb),
  lateral profile_save($2, $3, $4, $5, $6, $7, $8, $9, g.criterion, g.question, g.site, g.value, g.choice, g.complete, g.version, g.newly, g.lost) s
), noted as (
  insert into audit_event (at, person_id, actor, audience, role, right_id, action, subject_kind, subject_id, company_id, after, request_id)
  select $9, $6, $7, $12, $13, $14, $16, 'profile', $2, $3,
    jsonb_build_object('answers', jsonb_agg(jsonb_strip_nulls(jsonb_build_object('question', d.question, 'site', d.site, 'version', d.version)) order by d.n)), $15
  from done d where d.result in ('saved', 'kept') having count(*) > 0
)
select (select jsonb_agg(to_jsonb(d) order by d.n) from done d)::text as done, profile_glance($2, $3, $10, $11, $9) as glance,
  coalesce((select string_agg(concat_ws(E'\x1f', a.question, a.choice, a.site_id::text), E'\x1e') from profile_answer a
    where a.cycle_id = $2 and a.question = any($11) and a.criterion <> all($10) and a.site_id is not null and a.choice <> ''), '') as own
from (select count(*) from done) first`

type savedRow struct {
	N       int        `json:"n"`
	Result  string     `json:"result"`
	Version int        `json:"version"`
	At      *time.Time `json:"saved_at"`
	Author  string     `json:"author"`
	Theirs  string     `json:"theirs"`
	Common  string     `json:"common"`
}

// send does it, all in one statement.
func (s *Service) send(ctx context.Context, by identity.Actor, b *batchOf) error {
	given, err := json.Marshal(b.sent)
	if err != nil {
		return fmt.Errorf("write the answers: %w", err)
	}
	var out struct {
		Done, Glance *string
		Own          string
	}
	args := []any{string(given), b.cycle, by.CompanyID, b.entries[0].EditionHash, b.entries[0].EntityType, by.PersonID, by.Name, by.Is(identity.CompanyEditors...),
		s.Now(), b.criteria, b.triggers, string(by.Audience), string(by.Role), by.RightID, by.RequestID, b.action}
	if b.within != nil {
		err = b.within.WithContext(ctx).Raw(saveSQL, args...).Row().Scan(&out.Done, &out.Glance, &out.Own)
	} else {
		err = s.DB.Batch(ctx, by.Scope(), pg.One(&out, saveSQL, args...))
	}
	if err != nil {
		return fmt.Errorf("save answers: %w", err)
	}
	b.rows = nil
	if err := json.Unmarshal([]byte(*out.Done), &b.rows); err != nil {
		return fmt.Errorf("read what was saved: %w", err)
	}
	if out.Glance == nil {
		return nil // not this company's
	}
	if err := json.Unmarshal([]byte(*out.Glance), &b.glance); err != nil {
		return fmt.Errorf("read the state of the criteria: %w", err)
	}
	b.own, err = chosenOf(out.Own)
	return err
}

// again tries once more what was locked, if the profile is returned and the criterion
// counts only since something else was changed.
func (s *Service) again(ctx context.Context, by identity.Actor, b *batchOf) error {
	var p *Profile
	look := func(tx pg.Tx) error {
		c, err := Look(ctx, tx, by, b.cycle)
		if err != nil || c.Status != Returned {
			return err
		}
		p, err = s.Outline(ctx, tx, s.Now(), c)
		return err
	}
	var err error
	if b.within != nil {
		err = look(*b.within)
	} else {
		err = s.DB.Read(ctx, by.Scope(), look)
	}
	if err != nil || p == nil {
		return err
	}
	newly := false
	for i := range b.sent {
		b.sent[i].Newly = p.newly(b.sent[i].Criterion)
		newly = newly || b.sent[i].Newly
	}
	if !newly {
		return nil
	}
	return s.send(ctx, by, b)
}

// outcome turns what the database says into what was saved and what was refused.
func (b *batchOf) outcome(s *Service) (saved []Saved, err error) {
	var conflicts []Conflict
	p := b.glance.profile(b.form, b.own)
	place := make([]int, len(b.sent))
	for i, x := range b.sent {
		place[x.N] = i
	}
	for _, r := range b.rows {
		e, i := b.entries[r.N], place[r.N]
		switch r.Result {
		case "missing":
			return nil, fault.Missing()
		case "form":
			return nil, fault.New(fault.Conflict, "The questions of this profile have changed. Open the page again")
		case "forbidden":
			return nil, notYours()
		case "locked":
			return nil, locked()
		case "site":
			return nil, fault.New(fault.Conflict, "This site has been closed. Open the page again to see the sites that are in use")
		case "conflict":
			c := Conflict{AnswerEntry: e, TheirsIs: r.Version, By: r.Author}
			c.Answer = b.sent[i].answer
			if r.At != nil {
				c.At = *r.At
			}
			if c.Theirs, err = readAnswer(r.Theirs); err != nil {
				return nil, err
			}
			if c.Common, err = readAnswer(r.Common); err != nil {
				return nil, err
			}
			conflicts = append(conflicts, c)
			continue
		}
		out := Saved{Criterion: e.Criterion, Question: e.Question, Site: e.Site, Version: r.Version, By: r.Author, Changed: r.Result == "saved",
			State: p.State(e.Criterion), Reload: b.form.Triggers(e.Question), Missing: b.sent[i].question.Missing(b.sent[i].answer)}
		if r.At != nil {
			out.At = *r.At
		}
		saved = append(saved, out)
	}
	if conflicts != nil {
		return saved, &Collision{conflicts}
	}
	return saved, nil
}

// glance is what profile_glance reads.
type glance struct {
	Status  Status            `json:"status"`
	Country string            `json:"country"`
	Sites   []Site            `json:"sites"`
	Choices map[string]string `json:"choices"`
	Answers []struct {
		Criterion string     `json:"criterion"`
		Question  string     `json:"question"`
		Site      *uuid.UUID `json:"site"`
		Choice    string     `json:"choice"`
		Complete  bool       `json:"complete"`
		Carried   bool       `json:"carried"`
		Version   int        `json:"version"`
		At        time.Time  `json:"at"`
		Author    string     `json:"author"`
	} `json:"answers"`
	Confirmed []string       `json:"confirmed"`
	Evidence  map[string]int `json:"evidence"`
	Returned  []struct {
		Criterion string `json:"criterion"`
		Answered  bool   `json:"answered"`
	} `json:"returned"`
}

// profile is as much of the profile as the states of the criteria need, with what sites
// chose elsewhere.
func (g glance) profile(form *catalogue.Form, own []choice) *Profile {
	p := &Profile{Cycle: Cycle{Status: g.Status}, Form: form, Firm: Firm{Country: g.Country}, Sites: g.Sites, Evidence: g.Evidence,
		Notes: map[string]Note{}, answers: map[string][]Given{}}
	for question, code := range g.Choices {
		p.elsewhere = append(p.elsewhere, choice{question: question, choice: code})
	}
	p.elsewhere = append(p.elsewhere, own...)
	for _, a := range g.Answers {
		x := Given{Criterion: a.Criterion, Question: a.Question, Choice: a.Choice, Complete: a.Complete, Carried: a.Carried, Version: a.Version, At: a.At, Author: a.Author}
		if a.Site != nil {
			x.Site = *a.Site
		}
		p.take(x)
	}
	for _, id := range g.Confirmed {
		p.Notes[id] = Note{Criterion: id, ConfirmedAt: new(time.Time)}
	}
	if g.Returned != nil {
		p.Return = &Return{}
		for _, r := range g.Returned {
			x := Remark{Criterion: r.Criterion}
			if r.Answered {
				x.AnsweredAt = new(time.Time)
			}
			p.Return.Remarks = append(p.Return.Remarks, x)
		}
	}
	p.apply()
	return p
}
