package succession

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

const columns = `c.id, c.reference, c.company_id, c.membership_id, c.office_id, c.programme, c.kind, c.status, c.effective_on, c.reason, c.note, c.successor_number, c.successor_id,
	c.new_name, c.new_country, c.entity_type, c.whole, c.share_answers, c.lead_id, c.application_id, c.needs_decision, c.ground, c.proposal, c.event_id, c.created_at, c.created_by, c.sent_at, c.sent_by,
	c.reviewer_id, c.decided_at, c.decided_by, c.closed_at, c.version`

// Head is a case with what its page names.
type Head struct {
	Case
	Number       string // of the membership
	MemberType   string
	MemberStatus string
	Lead         string // number of the membership whose profile is shared
	Company      string
	Office       string
	OfficeZone   string
	Reviewer     string
}

const headSQL = `select ` + columns + `, m.number, m.entity_type as member_type, m.status as member_status, coalesce((select t.number from membership t where t.id = c.lead_id), '') as lead, y.name as company, o.name as office, o.zone as office_zone, coalesce(r.name, '') as reviewer,
	coalesce((select jsonb_agg(jsonb_build_object('What', e.what, 'ByCompany', e.by_company, 'Internal', e.internal, 'Body', e.body, 'Author', e.author, 'At', e.at) order by e.at, e.id)
		from (select * from change_case_entry where case_id = $1 and ($2::uuid is null or not internal) order by at desc, id desc limit 300) e), '[]')::text as entries,
	coalesce((select jsonb_agg(jsonb_build_object('EvidenceID', p.evidence_id, 'VersionID', p.version_id, 'Title', e.title, 'FileName', coalesce(v.file_name, ''), 'URL', e.url) order by e.title, e.id)
		from change_case_proof p join evidence e on e.id = p.evidence_id left join evidence_version v on v.id = p.version_id where p.case_id = $1), '[]')::text as proofs,
	coalesce((select jsonb_agg(jsonb_build_object('ID', a.id, 'Reference', a.reference, 'Status', a.status, 'Company', z.name) order by a.opened_at desc)
		from application a join company z on z.id = a.company_id where a.id = c.application_id or c.kind = 'type_change' and c.application_id is null and c.status = 'accepted'
		and a.company_id = c.company_id and a.programme = c.programme and a.entity_type = c.entity_type and a.opened_at >= c.created_at), '[]')::text as applied,
	coalesce((select jsonb_agg(jsonb_build_object('ID', t.id, 'Number', t.number, 'Company', z.name, 'Status', t.status))
		from membership t join company z on z.id = t.company_id where t.id = c.successor_id or c.successor_id is null and c.successor_number <> '' and t.number = c.successor_number and t.programme = c.programme), '[]')::text as next,
	coalesce((select jsonb_agg(jsonb_build_object('Number', t.number, 'Programme', t.programme) order by t.number)
		from membership t where t.company_id = c.company_id and t.programme <> c.programme and t.status <> 'ended'), '[]')::text as others
	from change_case c join membership m on m.id = c.membership_id join company y on y.id = c.company_id join office o on o.id = c.office_id left join person r on r.id = c.reviewer_id
	where c.id = $1 and ($2::uuid is null and c.sent_at is not null or c.company_id = $2)`

// headRow is a case as it is read, with what hangs on it as documents.
type headRow struct {
	Head
	Entries, Proofs, Applied, Next, Others string
}

func (h headRow) unpack(r *Record) (err error) {
	var next []Successor
	r.Head = h.Head
	if r.History, err = pg.Documents[Said](h.Entries); err != nil {
		return err
	}
	if r.Proof, err = pg.Documents[Proof](h.Proofs); err != nil {
		return err
	}
	if r.Applications, err = pg.Documents[Apply](h.Applied); err != nil {
		return err
	}
	if next, err = pg.Documents[Successor](h.Next); err != nil {
		return err
	}
	if r.Modules, err = pg.Documents[Module](h.Others); err != nil {
		return err
	}
	if len(next) > 0 {
		r.Successor = &next[0]
	}
	return nil
}

// Said is one entry of the history.
type Said struct {
	What      string
	ByCompany bool
	Internal  bool
	Body      string
	Author    string
	At        time.Time
}

// Proof is an item of the library that shows what a case says.
type Proof struct {
	EvidenceID uuid.UUID
	VersionID  *uuid.UUID
	Title      string
	FileName   string
	URL        string
}

// Item is an open record of the membership.
type Item struct {
	Kind      string // profile, validation, finding
	ID        uuid.UUID
	Reference string
	Title     string
	Status    string
	Decision  string // carry, close; empty: none yet
}

// Apply is the application of the new kind of member or of the new legal entity.
type Apply struct {
	ID        uuid.UUID
	Reference string
	Status    application.Status
	Company   string
}

// Successor is the membership that goes on.
type Successor struct {
	ID      uuid.UUID
	Number  string
	Company string
	Status  string
}

// Module is a membership of the company in another programme.
type Module struct{ Number, Programme string }

// Choice is something to choose from.
type Choice struct {
	ID    uuid.UUID
	Title string
}

// May is what the actor may do now.
type May struct {
	Change bool
	Do     []Action
	Items  bool   // decide on open records
	Link   bool   // tie the case to an application
	WhyNot string // why a person of the agency may do nothing (English source text)
}

// Can reports whether an action is among them.
func (m May) Can(do Action) bool { return slices.Contains(m.Do, do) }

// Record is everything that the pages of a case show.
type Record struct {
	Head
	Zone         *time.Location
	Today        clock.Day
	Rules        *programme.Programme
	Rule         programme.ChangeKind
	ReasonName   string
	History      []Said
	Proof        []Proof
	Items        []Item
	Stops        []clock.View // clocks that end with the membership
	Owes         bool         // the member leaves while it owes an answer
	Applications []Apply
	Successor    *Successor
	Modules      []Module // memberships that build on this one
	Second       bool     // a second person decides
	May          May
}

// Show reads a case. The company's own people may, and the agency's case readers once it was
// sent, for whom the look is noted.
func (s *Service) Show(ctx context.Context, by identity.Actor, id uuid.UUID) (r Record, err error) {
	own, err := by.Reads()
	if err != nil {
		return r, err
	}
	now := s.Now()
	var kept []clock.Kept
	var row headRow
	statements := []pg.Query{
		pg.One(&row, headSQL, id, own),
		items(&r.Items, id),
		clock.Where(&kept, `k.stopped_at is null and (`+strings.ReplaceAll(ofMember, "?", "(select membership_id from change_case where id = $1)")+`)`, id),
	}
	if own == nil {
		statements = append(statements, audit.LookAt(now, by, "succession.read", Kind, "change_case x where x.id = $10", id))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return Record{}, fmt.Errorf("read the case: %w", err)
	}
	if err := row.unpack(&r); err != nil {
		return Record{}, fmt.Errorf("read the case: %w", err)
	}
	m := member{Programme: r.Programme, Number: r.Number, Zone: r.OfficeZone, EntityType: r.MemberType}
	if err := s.complete(&m); err != nil {
		return Record{}, err
	}
	r.Zone, r.Rules, r.Today = m.zone, m.rules, clock.DayOf(now, m.zone)
	s.fill(ctx, by, now, kept, m, &r)
	return r, nil
}

// fill adds what follows from the programme, and what the actor may do.
func (s *Service) fill(ctx context.Context, by identity.Actor, now time.Time, kept []clock.Kept, m member, r *Record) {
	r.Rule, _ = r.Rules.Succession.Kind(r.Kind)
	reason, _ := r.Rules.Succession.Reason(r.Reason)
	r.ReasonName = reason.Name
	r.Second = s.two(m, r.Case)
	r.Modules = slices.DeleteFunc(r.Modules, func(x Module) bool {
		p, ok := s.Steps.Programmes.Get(x.Programme)
		return !ok || p.Requires == nil || p.Requires.Programme != m.Programme || !slices.Contains(p.Requires.EntityTypes, m.EntityType)
	})
	for _, v := range s.Steps.Clocks.Views(kept, now) {
		if slices.Contains(v.Rule.StopsOn, programme.MembershipWithdrawn) || slices.Contains(v.Rule.StopsOn, programme.CaseSuspensionEnded) {
			r.Stops = append(r.Stops, v)
		}
		if o := r.Rules.Succession.Owing; o != nil && r.Kind == Withdrawal && v.Code == o.Clock {
			r.Owes = true
		}
	}
	r.Owes = r.Owes || r.Ground != ""
	if by.Audience == identity.Companies {
		for i := range r.History {
			if !r.History[i].ByCompany {
				r.History[i].Author = s.Steps.Letters.Author(ctx)
			}
		}
		r.Reviewer = ""
	}
	r.May = r.may(by)
}

func (r Record) may(by identity.Actor) (m May) {
	if by.Audience == identity.Staff {
		if err := worker(by, r.Case); err != nil {
			m.WhyNot = sentence(err)
			return m
		}
		m.Items = r.Ends() && r.Kind == Merger && (r.Status == InReview || r.Status == Proposed)
		m.Link = (r.Kind == Split || r.Kind == Sale) && r.Status != Refused && r.Status != CalledOff
	} else {
		m.Change = by.Is(identity.CompanyEditors...) && (r.Status == Draft || r.Status == Returned)
	}
	m.Do = Lifecycle().Actions(r.Status, by.Role, Facts{Direct: r.Rule.Decides == programme.NobodyDecides, Two: r.Second})
	if r.Status == Accepted && !r.EffectiveOn.IsZero() && !r.EffectiveOn.After(r.Today) {
		m.Do = slices.DeleteFunc(m.Do, func(a Action) bool { return a == CallOff })
	}
	return m
}

// sentence is what a refusal says, untranslated.
func sentence(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}

// Consequences says, a sentence each, what follows from a case and until when it can be undone.
func (r Record) Consequences(ctx context.Context) (out []string) {
	for _, text := range r.Rule.Follows {
		out = append(out, i18n.T(ctx, text))
	}
	if r.Ends() {
		for _, v := range r.Stops {
			out = append(out, i18n.T(ctx, "This deadline ends with the membership: %s, due on %s.", i18n.T(ctx, v.Rule.Name), v.Reading.DueDay.Text(ctx)))
		}
		for _, x := range r.Modules {
			out = append(out, i18n.T(ctx, "Membership %s builds on this one. It ends on the same day, unless another membership of the company meets its conditions.", x.Number))
		}
		out = append(out, i18n.T(ctx, "Business partners who see your status with your consent are told."))
	}
	if r.Owes {
		for _, bar := range r.Rules.ClocksStartedBy(programme.MembershipWithdrawn, r.Rules.Succession.Owing.Ground) {
			if r.Rules.ReapplyBar(bar.Code) {
				out = append(out, i18n.T(ctx, "You leave while you owe us an answer. You cannot apply again for %s after that day (%s).", length(ctx, bar), bar.Source))
			}
		}
	} else if r.Kind == Withdrawal {
		out = append(out, i18n.T(ctx, "Nothing keeps you from applying again later."))
	}
	return append(out, r.undo(ctx))
}

func (r Record) undo(ctx context.Context) string {
	switch {
	case r.EffectiveOn.IsZero():
		return i18n.T(ctx, "You can call this off until the new membership is granted.")
	case r.EffectiveOn.After(r.Today):
		return i18n.T(ctx, "You can call this off until %s. After that day it cannot be undone.", r.EffectiveOn.AddDays(-1).Text(ctx))
	case r.Rule.Decides == programme.NobodyDecides:
		return i18n.T(ctx, "It counts from today, so it cannot be undone.")
	}
	return i18n.T(ctx, "You can call this off until we decide. After that it cannot be undone.")
}

func length(ctx context.Context, c programme.Clock) string {
	switch c.Unit {
	case programme.Years:
		return i18n.N(ctx, "%d year", "%d years", c.Amount)
	case programme.Months:
		return i18n.N(ctx, "%d month", "%d months", c.Amount)
	}
	return i18n.N(ctx, "%d day", "%d days", c.Amount)
}

// Start is what the form of a case starts from.
type Start struct {
	ID         uuid.UUID // for a new case
	Membership uuid.UUID
	Number     string
	Company    string
	EntityType string
	Status     string
	Rules      *programme.Programme
	Today      clock.Day
	Zone       *time.Location
	Open       *uuid.UUID // a case about the membership that is open
	Own        []Choice   // other live memberships of the company
	Shares     string     // number of the membership whose security profile it shares
	Library    []Choice
	May        bool // the reader may begin a case
}

type startRow struct {
	Membership                                   uuid.UUID
	Number, Company, EntityType, Status, Program string
	Zone                                         string
	Open                                         *uuid.UUID
	Shares, Others, Items                        string
}

// Choose reads what a company can do about a membership. Its own people may.
func (s *Service) Choose(ctx context.Context, by identity.Actor, membership uuid.UUID) (b Start, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return b, fault.Missing()
	}
	var row startRow
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&row, `select m.id as membership, m.number, y.name as company, m.entity_type, m.status, m.programme as program, o.zone,
			(select c.id from change_case c where c.membership_id = m.id and c.status in ('draft', 'sent', 'in_review', 'proposed', 'accepted', 'returned') limit 1) as open,
			coalesce((select x.number from profile_share s join membership x on x.id = s.lead_id where s.follower_id = m.id and s.to_on is null), '') as shares,
			coalesce((select jsonb_agg(jsonb_build_object('ID', x.id, 'Title', x.number) order by x.number) from membership x
				where x.company_id = m.company_id and x.id <> m.id and x.status <> 'ended' and x.programme = m.programme), '[]')::text as others,
			coalesce((select jsonb_agg(jsonb_build_object('ID', e.id, 'Title', e.title)) from (select e.id, e.title from evidence e where e.company_id = m.company_id and e.removed_at is null
				and (e.confidentiality <> 'restricted' or e.created_by = $3 or $4) order by e.created_at desc, e.id limit 200) e), '[]')::text as items
			from membership m join company y on y.id = m.company_id join application a on a.id = m.application_id join office o on o.id = a.office_id where m.id = $1 and m.company_id = $2`,
			membership, *own, by.PersonID, by.Is(identity.CompanyEditors...)))
	if err != nil {
		return b, fmt.Errorf("read the membership: %w", err)
	}
	if b.Own, err = pg.Documents[Choice](row.Others); err != nil {
		return b, err
	}
	if b.Library, err = pg.Documents[Choice](row.Items); err != nil {
		return b, err
	}
	m := member{Programme: row.Program, Number: row.Number, Zone: row.Zone}
	if err := s.complete(&m); err != nil {
		return b, err
	}
	b.ID, b.Membership, b.Number, b.Company, b.EntityType, b.Status, b.Open, b.Shares = pg.NewID(), row.Membership, row.Number, row.Company, row.EntityType, row.Status, row.Open, row.Shares
	b.Rules, b.Zone, b.Today = m.rules, m.zone, clock.DayOf(s.Now(), m.zone)
	b.May = by.Is(identity.CompanyEditors...) && b.Open == nil && b.Status != string(standing.Ended)
	return b, nil
}

// Ways are the kinds of change that make sense for the membership as it is.
func (b Start) Ways() []programme.ChangeKind {
	return slices.DeleteFunc(slices.Clone(b.Rules.Succession.Kinds), func(k programme.ChangeKind) bool {
		return k.Code == Unshare && b.Shares == "" || k.Code == Share && (b.Shares != "" || len(b.Own) == 0)
	})
}

// Rewrite is Choose for a case that is to be changed, with what it says now.
func (s *Service) Rewrite(ctx context.Context, by identity.Actor, id uuid.UUID) (b Start, r Record, in Entry, err error) {
	if r, err = s.Show(ctx, by, id); err != nil {
		return b, r, in, err
	}
	if b, err = s.Choose(ctx, by, r.MembershipID); err != nil {
		return b, r, in, err
	}
	if !r.May.Change {
		return b, r, in, fault.New(fault.Conflict, "This case was sent, so it stays as it is. Call it off and begin another if it is wrong")
	}
	in = Entry{ID: r.ID, Membership: r.MembershipID, Kind: r.Kind, Reason: r.Reason, Note: r.Note, Successor: r.SuccessorNumber, NewName: r.NewName, NewCountry: r.NewCountry,
		EntityType: r.EntityType, Whole: r.Whole, ShareAnswers: r.ShareAnswers, Version: r.Version}
	if !r.EffectiveOn.IsZero() {
		in.Day = r.EffectiveOn.String()
	}
	if r.LeadID != nil {
		in.Lead = *r.LeadID
	}
	for _, p := range r.Proof {
		in.Proof = append(in.Proof, p.EvidenceID)
	}
	return b, r, in, nil
}

// Link leads from one membership to another.
type Link struct {
	Kind        string
	ID          uuid.UUID
	Number      string
	EffectiveOn clock.Day
	Own         bool // the reader may open it
}

// Ending is how a membership ended.
type Ending struct {
	Kind        standing.Kind
	EffectiveOn clock.Day
	Reason      string
	Source      string
}

// Bar keeps a company from applying again.
type Bar struct {
	Code   string
	Source string
	DueOn  clock.Day // the last day on which it may not
}

// Sharing is a security profile that stands, or stood, for two memberships.
type Sharing struct {
	LeadID, FollowerID uuid.UUID
	Lead, Follower     string    // numbers
	FollowerType       string    // kind of member
	From, To           clock.Day // To is the first day on which it no longer counts; zero: it counts
	EndReason          string
	DueOn              clock.Day // of the lead's yearly review; zero: none is due
	Dues               []struct {
		Code  string
		DueOn clock.Day
	}
}

// Life is how a membership came about, ended, and is about to change.
type Life struct {
	Ending *Ending
	Before []Link // what it took over
	After  []Link // what followed it
	Bar    *Bar
	Cases  []Item    // Kind is that of the case
	Shared []Sharing // its own and those of others on whose profile it relied, the newest first
}

const lifeSQL = `select m.programme,
	coalesce((select jsonb_agg(x) from (select jsonb_build_object('Kind', e.kind, 'EffectiveOn', e.effective_on, 'Reason', e.reason, 'Source', e.source) x
		from standing s join standing_event e on e.id = s.event_id where s.membership_id = m.id and upper_inf(s.known) and s.state in ('ended', 'annulled') order by lower(s.valid) desc limit 1) z), '[]')::text as ends,
	coalesce((select jsonb_agg(jsonb_build_object('Code', k.code, 'Source', k.source, 'DueOn', k.due_on) order by k.due_on desc) from clock k
		where k.subject_kind = 'membership' and k.subject_id = m.id and k.stopped_at is null and k.start_event in ('membership.withdrawn', 'membership.removed', 'membership.revoked')), '[]')::text as bars,
	coalesce((select jsonb_agg(jsonb_build_object('Kind', x.kind, 'ID', x.from_id, 'Number', x.from_number, 'EffectiveOn', x.effective_on, 'Own', $2::uuid is null or x.from_company_id = $2) order by x.effective_on, x.case_id)
		from succession x where x.to_id = m.id), '[]')::text as before,
	coalesce((select jsonb_agg(jsonb_build_object('Kind', x.kind, 'ID', x.to_id, 'Number', x.to_number, 'EffectiveOn', x.effective_on, 'Own', $2::uuid is null or x.to_company_id = $2) order by x.effective_on, x.case_id)
		from succession x where x.from_id = m.id), '[]')::text as after,
	coalesce((select jsonb_agg(x) from (select jsonb_build_object('Kind', c.kind, 'ID', c.id, 'Reference', c.reference, 'Status', c.status) x from change_case c
		where c.membership_id = m.id and ($2::uuid is not null or c.sent_at is not null) order by c.created_at desc, c.id limit 20) z), '[]')::text as cases,
	coalesce((select jsonb_agg(x) from (select jsonb_build_object('LeadID', s.lead_id, 'FollowerID', s.follower_id, 'Lead', t.number, 'Follower', f.number, 'FollowerType', f.entity_type,
		'From', s.from_on, 'To', s.to_on, 'EndReason', s.end_reason, 'Dues', (select jsonb_agg(jsonb_build_object('Code', k.code, 'DueOn', k.due_on) order by k.due_on)
			from clock k where s.to_on is null and k.subject_kind = 'membership' and k.subject_id = s.lead_id and k.stopped_at is null)) x
		from profile_share s join membership t on t.id = s.lead_id join membership f on f.id = s.follower_id
		where m.id in (s.lead_id, s.follower_id) order by s.to_on is not null, s.from_on desc, f.number limit 50) z), '[]')::text as shared
	from membership m where m.id = $1 and ($2::uuid is null or m.company_id = $2)`

type lifeRow struct{ Programme, Ends, Bars, Before, After, Cases, Shared string }

// Of reads the life of a membership. The company's own people may, and the agency's case
// readers; what another company may not see of it is not in it.
func (s *Service) Of(ctx context.Context, by identity.Actor, membership uuid.UUID) (l Life, err error) {
	q, read, err := s.For(by, membership)
	if err != nil {
		return l, err
	}
	if err := s.DB.Batch(ctx, by.Scope(), q); err != nil {
		return Life{}, fmt.Errorf("read the life of the membership: %w", err)
	}
	return read()
}

// For is Of for a page that reads other things in the same round trip: the statement, and
// what makes a Life of its answer once it was asked.
func (s *Service) For(by identity.Actor, membership uuid.UUID) (pg.Query, func() (Life, error), error) {
	own, err := by.Reads()
	if err != nil {
		return pg.Query{}, nil, err
	}
	row := &lifeRow{}
	return pg.One(row, lifeSQL, membership, own), func() (Life, error) { return s.life(*row) }, nil
}

func (s *Service) life(row lifeRow) (l Life, err error) {
	var bars []Bar
	ends, err := pg.Documents[Ending](row.Ends)
	if err == nil {
		bars, err = pg.Documents[Bar](row.Bars)
	}
	if err == nil {
		l.Before, err = pg.Documents[Link](row.Before)
	}
	if err == nil {
		l.After, err = pg.Documents[Link](row.After)
	}
	if err == nil {
		l.Cases, err = pg.Documents[Item](row.Cases)
	}
	if err == nil {
		l.Shared, err = pg.Documents[Sharing](row.Shared)
	}
	if err != nil {
		return Life{}, fmt.Errorf("read the life of the membership: %w", err)
	}
	p, ok := s.Steps.Programmes.Get(row.Programme)
	if !ok {
		return Life{}, fmt.Errorf("the portal has no programme %q", row.Programme)
	}
	if len(ends) > 0 {
		l.Ending = &ends[0]
	}
	for i, x := range l.Shared {
		for _, due := range x.Dues {
			if rule, _ := p.Clock(due.Code); slices.Contains(rule.MetOn, programme.AnnualReviewSubmitted) {
				l.Shared[i].DueOn = due.DueOn
				break
			}
		}
	}
	for i := range bars {
		if p.ReapplyBar(bars[i].Code) {
			l.Bar = &bars[i]
			break
		}
	}
	return l, nil
}

// Path is the page of a case for a reader.
func Path(a identity.Audience, id uuid.UUID) string { return notice.Path(a, Kind, id) }
