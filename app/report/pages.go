package report

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

// Head is a validation as the pages of its report name it.
type Head struct {
	ID            uuid.UUID
	Reference     string
	CompanyID     uuid.UUID
	Company       string
	OfficeID      uuid.UUID
	Office        string
	OfficeZone    string
	Programme     string
	EntityType    string
	Kind          string
	MembershipID  *uuid.UUID
	ApplicationID *uuid.UUID
	Status        validation.Status
	Outcome       *validation.Outcome
	ClosingReason string
	Tier          string // of the membership
	Version       int
}

// Papers are what was kept of a report.
type Papers struct {
	Comment  *Comment
	Versions []Version
	PDF      bool
	Writer   string // who submitted
	Approver string
}

type headRow struct {
	Head
	Papers string
}

func (r headRow) read() (h Head, p Papers, err error) {
	if err := json.Unmarshal([]byte(r.Papers), &p); err != nil {
		return h, p, fmt.Errorf("read the papers of a report: %w", err)
	}
	return r.Head, p, nil
}

const headSQL = `select v.id, v.reference, v.company_id, c.name as company, v.office_id, o.name as office, o.zone as office_zone, v.programme, v.entity_type, v.kind, v.membership_id,
	v.application_id, v.status, v.outcome, v.closing_reason, coalesce(m.tier, '') as tier, v.version,
	jsonb_build_object(
	  'Comment', (select jsonb_build_object('ValidationID', k.validation_id, 'CompanyID', k.company_id, 'AskedAt', k.asked_at, 'CommentBy', k.comment_by, 'Body', k.body,
	      'CommentedAt', k.commented_at, 'Commenter', k.commenter, 'Version', k.version) from report_comment k where k.validation_id = v.id),
	  'Versions', (select jsonb_agg(jsonb_build_object('Number', e.number, 'Step', e.step, 'MadeAt', e.made_at, 'Author', e.author, 'Shared', e.shared, 'SHA256', e.sha256) order by e.number desc)
	    from report_version e where e.validation_id = v.id),
	  'PDF', exists (select from document d where d.subject_kind = 'validation' and d.subject_id = v.id and d.kind like 'report\_%'),
	  'Writer', coalesce((select q.name from report r join person q on q.id = r.submitted_by where r.validation_id = v.id), ''),
	  'Approver', coalesce((select q.name from report r join person q on q.id = r.approved_by where r.validation_id = v.id), ''))::text as papers
	from validation v join company c on c.id = v.company_id join office o on o.id = v.office_id left join membership m on m.id = v.membership_id
	where v.id = $1 and ($2::uuid is null or v.company_id = $2 and v.notified_at is not null)`

// Version is an edition in a list.
type Version struct {
	Number int
	Step   string
	MadeAt time.Time
	Author string
	Shared bool
	SHA256 string
}

// May is what the actor may do now.
type May struct {
	Begin, Edit, Close, CloseOtherwise bool
	Do                                 []Action
	WhyNot                             string // why a person may do nothing (English source text); empty: they may
}

// Can reports whether an action is among them.
func (m May) Can(do Action) bool { return slices.Contains(m.Do, do) }

// Page is everything that the report's page at the desk shows.
type Page struct {
	Head
	Zone   *time.Location
	Rules  *programme.Programme
	Entity programme.EntityType
	Report *Report // nil: nobody has begun it
	Fresh  []Fresh // sections for which there is something new
	Papers
	Findings []finding.Item
	Open     int    // required actions that nobody accepted
	Leads    string // the tier to which the validation leads once no action is open
	LeadsNow string // the tier to which it leads now
	May      May
}

// Open reads the report of a validation for the desk, and notes the look. The agency's case
// readers may.
func (s *Service) Open(ctx context.Context, by identity.Actor, id uuid.UUID) (p Page, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return p, fault.Missing()
	}
	now := s.Now()
	var row headRow
	var reports []Report
	var text string
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&row, headSQL, id, nil),
		pg.All(&reports, `select validation_id, company_id, status, sections::text as sections, tier, outcome, outcome_reason, written_by, submitted_at, submitted_by, approved_at,
			approved_by, return_note, issued_at, version from report where validation_id = $1`, id),
		finding.Of(&p.Findings, now, id),
		pg.Value(&text, materialSQL, id),
		audit.LookAt(now, by, "report.read", validation.Kind, "validation x where x.id = $10", id))
	if err != nil {
		return Page{}, fmt.Errorf("read the report: %w", err)
	}
	if p.Head, p.Papers, err = row.read(); err != nil {
		return Page{}, err
	}
	if len(reports) == 1 {
		p.Report = &reports[0]
	}
	return p, s.complete(ctx, by, now, text, &p)
}

func (s *Service) complete(ctx context.Context, by identity.Actor, now time.Time, text string, p *Page) (err error) {
	var ok bool
	if p.Rules, ok = s.Findings.Programmes.Get(p.Head.Programme); !ok {
		return fmt.Errorf("validation %s: the portal has no programme %q", p.Reference, p.Head.Programme)
	}
	p.Entity, _ = p.Rules.EntityType(p.EntityType)
	if p.Zone, err = time.LoadLocation(p.OfficeZone); err != nil {
		p.Zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	v := p.validation()
	m, err := s.material(v, text)
	if err != nil {
		return err
	}
	practices := 0
	for _, f := range m.Found {
		if (finding.Finding{Kind: f.Kind, Elements: f.Elements}).Whole(p.Rules.Validation.Findings) {
			practices++
		}
	}
	if p.Report != nil && p.Report.Status.Open() {
		p.Fresh = m.fresh(ctx, *p.Report)
	}
	for _, f := range p.Findings {
		if f.Kind == finding.ActionRequired && !f.Status.Final() {
			p.Open++
		}
	}
	if v.MembershipID != nil {
		p.Leads, p.LeadsNow = BestTier(p.Rules, v.EntityType, 0, practices), BestTier(p.Rules, v.EntityType, p.Open, practices)
	}
	p.May = p.may(by, now, v)
	return nil
}

// validation is as much of the validation as the rules ask about.
func (h Head) validation() validation.Validation {
	return validation.Validation{ID: h.ID, Reference: h.Reference, CompanyID: h.CompanyID, Programme: h.Programme, EntityType: h.EntityType, Kind: h.Kind,
		MembershipID: h.MembershipID, ApplicationID: h.ApplicationID, OfficeID: h.OfficeID, Status: h.Status, Version: h.Version}
}

func (p Page) may(by identity.Actor, now time.Time, v validation.Validation) (m May) {
	switch {
	case !by.Is(identity.CaseWorkers...):
		m.WhyNot = "You can read reports. Only the office in charge can change them"
	case !by.InOffice(p.OfficeID):
		m.WhyNot = "Another office is in charge of this validation"
	case v.Status.Final():
		m.WhyNot = "This validation is over and stays as it is"
	case p.Report == nil:
		m.Begin = v.Status == validation.Visiting || v.Status == validation.Visited
	default:
		m.Edit = p.Report.Status.Open()
		m.Do = Lifecycle().Actions(p.Report.Status, by.Role, facts(now, by, p.Rules, v, *p.Report, p.Comment))
		m.Close = v.Status == validation.Issued
		m.CloseOtherwise = m.Close && by.Is(identity.Approvers...)
	}
	return m
}

// Shared is everything that a company's page of a report shows.
type Shared struct {
	Head
	Zone   *time.Location
	Rules  *programme.Programme
	Latest *Copy // what the company may read now; nil: nothing yet
	Papers
	Findings []finding.Item
	CanSay   bool // the company can comment now, and so can the actor
}

// Shared reads what a company was shown of a report. The company's own people may.
func (s *Service) Shared(ctx context.Context, by identity.Actor, id uuid.UUID) (p Shared, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return p, fault.Missing()
	}
	now := s.Now()
	var row headRow
	var rows []copyRow
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&row, headSQL, id, own), pg.All(&rows, copySQL, id, 0, own), finding.Of(&p.Findings, now, id))
	if err != nil {
		return Shared{}, fmt.Errorf("read the report: %w", err)
	}
	if p.Head, p.Papers, err = row.read(); err != nil {
		return Shared{}, err
	}
	var ok bool
	if p.Rules, ok = s.Findings.Programmes.Get(p.Head.Programme); !ok {
		return p, fmt.Errorf("validation %s: the portal has no programme %q", p.Reference, p.Head.Programme)
	}
	if p.Zone, err = time.LoadLocation(p.OfficeZone); err != nil {
		p.Zone = time.UTC
	}
	if len(rows) == 1 {
		c, err := s.copy(rows[0])
		if err != nil {
			return Shared{}, err
		}
		p.Latest = &c
	}
	if p.Comment != nil {
		p.CanSay = !p.Comment.Over(now) && by.Is(identity.CompanyEditors...) && !p.Head.Status.Final() && p.Head.Status != validation.Issued
	}
	for i := range p.Versions {
		p.Versions[i].Author = s.Findings.Letters.Author(ctx)
	}
	return p, nil
}
