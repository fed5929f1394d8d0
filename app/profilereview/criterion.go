package profilereview

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/risk"
	"trustedtrader/app/textdiff"
)

// Against says with what an answer is compared.
type Against string

// The comparisons.
const (
	AgainstNothing    Against = "nothing"
	AgainstAccepted   Against = "accepted"  // the last accepted profile
	AgainstSubmission Against = "submitted" // the round before
)

// Screen is one criterion under review.
type Screen struct {
	Record
	Line      Line
	Selection Selection // the filter that the person goes through
	Place, Of int       // of this criterion among those of the filter; 0: it is not among them
	Previous  string    // criterion before this one in the filter; empty: none
	Next      string    // and after it

	Against   Against
	Choices   []Against // what it can be compared with
	Statement []textdiff.Part
	Questions []Question
	Dropped   []Answered // answers to questions that are asked no more
	Evidence  []Piece
	Taken     []Piece // evidence of the other version that is not there any more
	Thread    []Message
	Told      []Told    // what the company was told in this profile, newest first
	LastTold  *Told     // the verdict in the last accepted profile: for information only
	Asked     []AskedOf // the returns that list it, newest first
	Working   bool      // the company has this criterion to answer now

	Assessment *risk.Last // the company's last risk assessment, on criteria that it is evidence for; nil: none is finished
}

// AskedOf is what a return said of the criterion.
type AskedOf struct {
	Round       int        `json:"round"`
	Remark      string     `json:"remark"`
	SentAt      time.Time  `json:"sent_at"`
	AnsweredAt  *time.Time `json:"answered_at"`
	Answerer    string     `json:"answerer"`
	CancelledAt *time.Time `json:"cancelled_at"`
}

// Question is one question that was asked, with the company's answer and its exceptions.
type Question struct {
	Question catalogue.Question
	Answers  []Answered // the company's first; none when it was left open
}

// Answered is an answer as it was submitted, and how it differs.
type Answered struct {
	Question catalogue.Question
	Site     string // name; empty: the company's answer
	Answer   catalogue.Answer
	Words    string
	At       time.Time
	Author   string
	Version  int
	Carried  bool
	Diff     []textdiff.Part // nil: it is the same, or there is nothing to compare with
	New      bool            // there was none in the version compared with
	Gone     bool            // there is none any more: Words and Answer are the old ones
}

// Changed reports whether the answer differs from the version compared with.
func (a Answered) Changed() bool { return a.New || a.Gone || a.Diff != nil }

// Piece is one item of evidence with the version that was submitted.
type Piece struct {
	Evidence   uuid.UUID  `json:"evidence"`
	Site       string     `json:"site"`
	Kind       string     `json:"kind"` // file, link, record
	Title      string     `json:"title"`
	URL        string     `json:"url"`
	Version    *uuid.UUID `json:"version"`
	Number     int        `json:"number"`
	FileName   string     `json:"file_name"`
	MediaType  string     `json:"media_type"`
	Size       int64      `json:"size"`
	Scan       string     `json:"scan"`
	ExpiresOn  *clock.Day `json:"expires_on"`
	Restricted bool       `json:"restricted"`

	New   bool `json:"-"` // not in the version compared with
	Newer bool `json:"-"` // another version of it was there
}

// Message is an entry of the criterion's thread, which stays with it from profile to profile.
type Message struct {
	ID         uuid.UUID      `json:"id"`
	CycleID    uuid.UUID      `json:"cycle_id"`
	Cycle      string         `json:"cycle"` // reference of the profile in which it was written
	Side       string         `json:"side"`  // company, agency
	Internal   bool           `json:"internal"`
	Body       string         `json:"body"`
	Author     string         `json:"author"` // as the company sees it
	Writer     string         `json:"writer"` // the person
	WrittenBy  *uuid.UUID     `json:"written_by"`
	WrittenAt  time.Time      `json:"written_at"`
	SentAt     *time.Time     `json:"sent_at"`
	About      map[string]int `json:"about"` // versions of the answers that it speaks of
	ResolvedAt *time.Time     `json:"resolved_at"`
	Resolver   string         `json:"resolver"`
	Version    int            `json:"version"`

	Earlier bool `json:"-"` // an answer that it speaks of has changed since
}

// Draft reports whether it waits for the next send.
func (m Message) Draft() bool { return !m.Internal && m.SentAt == nil }

// detailSQL reads one criterion ($2) of a profile ($1) in full: its answers as submitted,
// in the round before and in the last accepted profile, the evidence of each, the thread
// and what was said of it before.
const detailSQL = `with ` + submittedSQL + `, ` + asSubmitted + `, before as (
  select s.id, s.submitted_at from k join profile_submission s on s.cycle_id = k.id and s.round = k.round - 1
), earlier as ( -- the answers of the round before
  select a.question, a.site_id, a.value, a.updated_at, a.version, a.author from before b, k join profile_answer a on a.cycle_id = k.id and a.criterion = $2 where a.updated_at <= b.submitted_at
  union all
  select p.question, p.site_id, p.value, p.updated_at, p.version, p.author from before b, k join profile_answer_past p on p.cycle_id = k.id
    and p.question in (select x.question from asked x where x.criterion = $2 union select x.question from profile_answer x where x.cycle_id = $1 and x.criterion = $2)
  where not p.lost and p.updated_at <= b.submitted_at and p.replaced_at > b.submitted_at
), pieces as (
  select p.submission_id, jsonb_agg(jsonb_build_object('evidence', p.evidence_id, 'site', coalesce(z.name, ''), 'kind', e.kind, 'title', e.title, 'url', e.url,
      'version', v.id, 'number', coalesce(v.number, 0), 'file_name', coalesce(v.file_name, ''), 'media_type', coalesce(v.media_type, ''), 'size', coalesce(v.size, 0),
      'scan', coalesce(v.scan, ''), 'expires_on', e.expires_on, 'restricted', e.confidentiality = 'restricted') order by z.name nulls first, lower(e.title), e.id) as list
  from evidence_pin p join evidence e on e.id = p.evidence_id left join evidence_version v on v.id = p.version_id left join site z on z.id = p.site_id
  where p.criterion = $2 and p.submission_id in (select submission from k union all select id from before union all select last_submission from k)
  group by p.submission_id
)
select coalesce(jsonb_build_object(
  'asked_now', (select k.counted->$2 from k),
  'given', (select jsonb_agg(jsonb_build_object('question', g.question, 'site', g.site_id, 'value', g.value, 'at', g.updated_at, 'author', g.author, 'version', g.version, 'carried', g.carried))
    from given g where g.criterion = $2),
  'before', (select jsonb_agg(jsonb_build_object('question', g.question, 'site', g.site_id, 'value', g.value, 'at', g.updated_at, 'author', g.author, 'version', g.version)) from earlier g),
  'last', (select jsonb_agg(jsonb_build_object('question', a.question, 'site', a.site_id, 'value', a.value, 'at', a.updated_at, 'author', a.author, 'version', a.version))
    from k join profile_answer a on a.cycle_id = k.last_id and a.criterion = $2),
  'pieces', (select p.list from k join pieces p on p.submission_id = k.submission),
  'before_pieces', (select p.list from before b join pieces p on p.submission_id = b.id),
  'last_pieces', (select p.list from k join pieces p on p.submission_id = k.last_submission),
  'sites', (select jsonb_object_agg(z.id, z.name) from k join site z on z.company_id = k.company_id),
  'thread', (select jsonb_agg(jsonb_build_object('id', m.id, 'cycle_id', m.cycle_id, 'cycle', y.reference, 'side', m.side, 'internal', m.internal, 'body', m.body, 'author', m.author,
      'writer', coalesce(w.name, ''), 'written_by', m.written_by, 'written_at', m.written_at, 'sent_at', m.sent_at, 'about', m.about, 'resolved_at', m.resolved_at,
      'resolver', m.resolver, 'version', m.version) order by coalesce(m.sent_at, m.written_at), m.id)
    from (select * from profile_message m where m.company_id = c.company_id and m.programme = c.programme and m.entity_type = c.entity_type and m.criterion = $2
      order by m.written_at desc limit 200) m
    join profile_cycle y on y.id = m.cycle_id left join person w on w.id = m.written_by),
  'told', (select jsonb_agg(jsonb_build_object('criterion', r.criterion, 'verdict', r.verdict, 'remark', r.remark, 'round', r.round, 'sent_at', r.sent_at) order by r.id desc)
    from profile_result r where r.cycle_id = c.id and r.criterion = $2 and r.site_id is null),
  'last_told', (select jsonb_build_object('criterion', r.criterion, 'verdict', r.verdict, 'remark', r.remark, 'round', r.round, 'sent_at', r.sent_at)
    from k join profile_result r on r.cycle_id = k.last_id and r.criterion = $2 and r.site_id is null order by r.id desc limit 1),
  'asked', (select jsonb_agg(jsonb_build_object('round', r.round, 'remark', i.remark, 'sent_at', r.sent_at, 'answered_at', i.answered_at, 'answerer', i.answerer,
      'cancelled_at', r.cancelled_at) order by r.round desc, r.sent_at desc)
    from profile_return_item i join profile_return r on r.id = i.return_id where i.cycle_id = c.id and i.criterion = $2),
  'assessment', (select jsonb_build_object('ID', x.id, 'Title', x.title, 'FinishedAt', x.finished_at) from risk_assessment x
    where x.company_id = c.company_id and x.status = 'finished' order by x.finished_at desc, x.id desc limit 1)
), '{}')::text
from profile_cycle c where c.id = $1`

// detail is what detailSQL answers.
type detail struct {
	AskedNow     []string          `json:"asked_now"` // the questions that counted
	Given        []kept            `json:"given"`
	Before       []kept            `json:"before"`
	Last         []kept            `json:"last"`
	Pieces       []Piece           `json:"pieces"`
	BeforePieces []Piece           `json:"before_pieces"`
	LastPieces   []Piece           `json:"last_pieces"`
	Sites        map[string]string `json:"sites"`
	Thread       []Message         `json:"thread"`
	Told         []Told            `json:"told"`
	LastTold     *Told             `json:"last_told"`
	Asked        []AskedOf         `json:"asked"`
	Assessment   *risk.Last        `json:"assessment"`
}

// kept is an answer of one version of the profile.
type kept struct {
	Question string           `json:"question"`
	Site     *uuid.UUID       `json:"site"`
	Value    catalogue.Answer `json:"value"`
	At       time.Time        `json:"at"`
	Author   string           `json:"author"`
	Version  int              `json:"version"`
	Carried  bool             `json:"carried"`
}

func (k kept) site() uuid.UUID {
	if k.Site == nil {
		return uuid.Nil
	}
	return *k.Site
}

// Screen reads one criterion of a profile with everything that a verdict needs, and notes
// that the person has looked. The agency's case readers may. A criterion that did not
// count when the profile was submitted is a NotFound.
func (s *Service) Screen(ctx context.Context, by identity.Actor, id uuid.UUID, criterion string, in Selection, against Against) (x Screen, err error) {
	if len(criterion) > 60 {
		return x, fault.Missing()
	}
	var body string
	x.Record, err = s.read(ctx, by, id, pg.Value(&body, detailSQL, id, criterion))
	if err != nil {
		return Screen{}, err
	}
	i := slices.IndexFunc(x.Lines, func(l Line) bool { return l.Criterion.ID == criterion })
	if i < 0 {
		return Screen{}, fault.Missing()
	}
	x.Line = x.Lines[i]
	var d detail
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		return Screen{}, fmt.Errorf("read criterion %s of %s: %w", criterion, x.Reference, err)
	}
	x.Selection = x.Tidy(in)
	x.around(criterion)
	x.compare(against)
	last := s.lastEdition(x.Head)
	x.answers(ctx, d, last)
	x.evidence(d)
	x.Thread, x.Told, x.LastTold, x.Asked = d.Thread, d.Told, d.LastTold, d.Asked
	x.mark(d)
	if risk.Shows(x.Head.Programme, x.Line.Criterion) {
		x.Assessment = d.Assessment
	}
	if open, ok := x.OpenReturn(); ok {
		x.Working = slices.ContainsFunc(open.Items, func(i Item) bool { return i.Criterion == criterion && i.AnsweredAt == nil })
	}
	return x, nil
}

// around finds the neighbours of the criterion within the filter. One that has left the
// filter, as after its verdict, still knows its neighbours.
func (x *Screen) around(criterion string) {
	n, passed := 0, false
	for _, l := range x.Lines {
		own := l.Criterion.ID == criterion
		passed = passed || own
		if !x.Selection.Show.has(l) || x.Selection.Section != "" && !slices.Contains(l.Criterion.Sections, x.Selection.Section) {
			continue
		}
		n++
		switch {
		case own:
			x.Place = n
		case !passed:
			x.Previous = l.Criterion.ID
		case x.Next == "":
			x.Next = l.Criterion.ID
		}
	}
	x.Of = n
}

// compare chooses what to compare with: what the person asked for, else the round before,
// else the last accepted profile.
func (x *Screen) compare(want Against) {
	if x.BeforeAt != nil {
		x.Choices = append(x.Choices, AgainstSubmission)
	}
	if x.LastID != nil {
		x.Choices = append(x.Choices, AgainstAccepted)
	}
	x.Choices = append(x.Choices, AgainstNothing)
	x.Against = x.Choices[0]
	if slices.Contains(x.Choices, want) {
		x.Against = want
	}
}

// answers puts the answers into the order of the questions and compares them.
func (x *Screen) answers(ctx context.Context, d detail, last *catalogue.Edition) {
	was := x.Line.Criterion // as the other version was asked
	var other []kept
	switch x.Against {
	case AgainstAccepted:
		other = d.Last
		if last != nil {
			was, _ = last.Criterion(x.Line.Criterion.ID)
			if a, b := was.Requirement.String(), x.Line.Criterion.Requirement.String(); a != "" && a != b {
				x.Statement = textdiff.Words(a, b)
			}
		}
	case AgainstSubmission:
		other = d.Before
	}
	taken := make([]bool, len(other))
	find := func(question string, site uuid.UUID) *kept {
		for i := range other {
			if other[i].Question == question && other[i].site() == site {
				taken[i] = true
				return &other[i]
			}
		}
		return nil
	}
	shown := func(q catalogue.Question, k kept) Answered {
		return Answered{Question: q, Site: siteName(d.Sites, k.Site), Answer: k.Value, Words: q.Words(ctx, k.Value), At: k.At, Author: k.Author, Version: k.Version, Carried: k.Carried}
	}
	given := func(question string) (out []kept) {
		for _, g := range d.Given {
			if g.Question == question {
				out = append(out, g)
			}
		}
		slices.SortStableFunc(out, func(a, b kept) int { return compareSites(d.Sites, a.Site, b.Site) })
		return out
	}
	for _, q := range x.Line.Criterion.Questions {
		one := Question{Question: q}
		for _, g := range given(q.ID) {
			a := shown(q, g)
			if x.Against != AgainstNothing {
				old := find(q.ID, g.site())
				oldQuestion, same := was.Question(q.ID)
				switch {
				case old == nil:
					a.New = true
				case !same:
					oldQuestion = q
					fallthrough
				default:
					if words := oldQuestion.Words(ctx, old.Value); words != a.Words {
						a.Diff = textdiff.Words(words, a.Words)
					}
				}
			}
			one.Answers = append(one.Answers, a)
		}
		for i, o := range other { // an exception, or an answer, that was taken back
			if o.Question == q.ID && !taken[i] && !o.Value.Empty() {
				taken[i] = true
				gone := shown(q, o)
				gone.Gone = true
				one.Answers = append(one.Answers, gone)
			}
		}
		if one.Answers == nil && !slices.Contains(d.AskedNow, q.ID) {
			continue
		}
		x.Questions = append(x.Questions, one)
	}
	for i, o := range other {
		if q, ok := was.Question(o.Question); ok && !taken[i] && !o.Value.Empty() {
			gone := shown(q, o)
			gone.Gone = true
			x.Dropped = append(x.Dropped, gone)
		}
	}
}

// siteName is the name of the site of an exception; empty for the company's answer.
func siteName(names map[string]string, site *uuid.UUID) string {
	if site == nil {
		return ""
	}
	return names[site.String()]
}

// compareSites puts the company's answer first, then the sites by name.
func compareSites(names map[string]string, a, b *uuid.UUID) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return cmp.Compare(names[a.String()], names[b.String()])
}

// evidence marks what is new since the version compared with, and lists what went.
func (x *Screen) evidence(d detail) {
	var other []Piece
	switch x.Against {
	case AgainstAccepted:
		other = d.LastPieces
	case AgainstSubmission:
		other = d.BeforePieces
	}
	same := func(a, b Piece) bool { return a.Evidence == b.Evidence && a.Site == b.Site }
	for _, p := range d.Pieces {
		if x.Against != AgainstNothing {
			i := slices.IndexFunc(other, func(o Piece) bool { return same(o, p) })
			p.New = i < 0
			p.Newer = i >= 0 && p.Version != nil && (other[i].Version == nil || *other[i].Version != *p.Version)
		}
		x.Evidence = append(x.Evidence, p)
	}
	for _, o := range other {
		if !slices.ContainsFunc(d.Pieces, func(p Piece) bool { return same(o, p) }) {
			x.Taken = append(x.Taken, o)
		}
	}
}

// mark tells the messages that speak of answers which have changed since.
func (x *Screen) mark(d detail) {
	for i := range x.Thread {
		m := &x.Thread[i]
		for _, g := range d.Given {
			if v, ok := m.About[g.Question]; ok && g.Site == nil && m.CycleID == x.ID && v < g.Version {
				m.Earlier = true
			}
		}
	}
}

// Previewed reports whether the file can be looked at in the browser: pictures and PDF.
func (p Piece) Previewed() bool {
	return slices.Contains([]string{"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp"}, p.MediaType)
}
