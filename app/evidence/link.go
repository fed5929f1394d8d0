package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Place is a criterion of a profile, for the company or for one site.
type Place struct {
	Cycle     uuid.UUID
	Criterion string
	Site      *uuid.UUID
}

// EditableSQL is the condition under which a company may change what it says about a
// criterion: everything until the profile is submitted, and after a return what the
// return lists. cycle is the alias of profile_cycle, criterion SQL for the criterion's id.
func EditableSQL(cycle, criterion string) string {
	return fmt.Sprintf(`(%[1]s.status = 'open' or %[1]s.status = 'returned' and exists (select from profile_return pr
		join profile_return_item pi on pi.return_id = pr.id
		where pr.cycle_id = %[1]s.id and pr.answered_at is null and pr.cancelled_at is null and pi.criterion = %[2]s))`, cycle, criterion)
}

// AssignedSQL is the condition under which a criterion is a contributor's to fill in.
func AssignedSQL(cycle, criterion, person string) string {
	return fmt.Sprintf(`exists (select from profile_criterion pc where pc.cycle_id = %s.id and pc.criterion = %s and pc.assignee_id = %s)`, cycle, criterion, person)
}

// Attach says that an item shows that a criterion is met. While the criterion can be
// changed; those who write may, contributors for criteria assigned to them. Attaching
// twice is attaching once.
func (s *Service) Attach(ctx context.Context, by identity.Actor, cycle uuid.UUID, criterion string, site *uuid.UUID, evidence uuid.UUID) error {
	return s.AttachAll(ctx, by, []Place{{cycle, criterion, site}}, evidence)
}

// AttachAll is Attach for several items and several places of one profile: all or nothing.
func (s *Service) AttachAll(ctx context.Context, by identity.Actor, places []Place, items ...uuid.UUID) error {
	if !reads(by) {
		return fault.Missing()
	}
	switch {
	case len(places) == 0:
		return fault.Fail([]fault.Field{fault.F("places", "Choose at least one criterion")})
	case len(items) == 0:
		return fault.Fail([]fault.Field{fault.F("items", "Choose at least one item")})
	case len(places)*len(items) > MostPlaces:
		return fault.Fail([]fault.Field{fault.F("", "Attach up to %d at a time", MostPlaces)})
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := s.editable(ctx, tx, by, places); err != nil {
			return err
		}
		for _, id := range items {
			e, err := lockEvidence(ctx, tx, by, id)
			if err != nil {
				return err
			}
			if e.RemovedAt != nil {
				return removed()
			}
			if err := s.attach(ctx, tx, s.Now(), by, e, places); err != nil {
				return err
			}
		}
		return nil
	})
}

// attachNew attaches an item that was added for a place.
func (s *Service) attachNew(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, e Evidence, to *Place) error {
	if to == nil {
		return nil
	}
	if err := s.editable(ctx, tx, by, []Place{*to}); err != nil {
		return err
	}
	return s.attach(ctx, tx, now, by, e, []Place{*to})
}

// attach inserts the links; the places were checked.
func (s *Service) attach(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, e Evidence, places []Place) error {
	added, err := insertLinks(ctx, tx, now, by, e, places)
	if err != nil || len(added) == 0 {
		return err
	}
	if full, err := crowded(ctx, tx, places); err != nil {
		return err
	} else if full {
		return fault.New(fault.Conflict, "A criterion can have up to %d items of evidence. Take one off first", MostLinks)
	}
	if err := s.touched(ctx, tx, now, by, places...); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "evidence.attach", Kind: "evidence", Subject: e.ID, Company: e.CompanyID,
		After: map[string]any{"title": e.Title, "profile": places[0].Cycle, "criteria": added}})
}

// Detach takes an item off a criterion, under the conditions of Attach.
func (s *Service) Detach(ctx context.Context, by identity.Actor, cycle uuid.UUID, criterion string, site *uuid.UUID, evidence uuid.UUID) error {
	if !reads(by) {
		return fault.Missing()
	}
	at := Place{cycle, criterion, site}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := s.editable(ctx, tx, by, []Place{at}); err != nil {
			return err
		}
		e, err := lockEvidence(ctx, tx, by, evidence)
		if err != nil {
			return err
		}
		if gone, err := deleteLink(ctx, tx, at, evidence); err != nil || !gone {
			return err // gone already: what was wanted
		}
		now := s.Now()
		if err := s.touched(ctx, tx, now, by, at); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "evidence.detach", Kind: "evidence", Subject: e.ID, Company: e.CompanyID,
			Before: map[string]any{"title": e.Title, "profile": cycle, "criteria": []string{at.name()}}})
	})
}

// touched tells whoever needs to know that the evidence of criteria was changed.
func (s *Service) touched(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, places ...Place) error {
	if s.Touched == nil {
		return nil
	}
	criteria := make([]string, len(places))
	for i, p := range places {
		criteria[i] = p.Criterion
	}
	return s.Touched(ctx, tx, now, by, places[0].Cycle, criteria)
}

func (p Place) name() string {
	if p.Site != nil {
		return p.Criterion + " " + p.Site.String()
	}
	return p.Criterion
}

// editable locks the profile against being submitted meanwhile, and checks that the actor
// may change every place. Another company's profile is not there.
func (s *Service) editable(ctx context.Context, tx pg.Tx, by identity.Actor, places []Place) error {
	c, err := lockCycle(ctx, tx, by.CompanyID, places[0].Cycle)
	if err != nil {
		return err
	}
	if err := writes(by); err != nil {
		return err
	}
	facts, err := factsOf(ctx, tx, by, c, places)
	if err != nil {
		return err
	}
	for i, f := range facts {
		p := places[i]
		if p.Cycle != c.ID || !s.has(c, p.Criterion) || p.Site != nil && !f.Ours {
			return fault.Missing()
		}
		if by.Is(identity.Contributor) && !f.Assigned {
			return fault.New(fault.Forbidden, "Criterion %s is not assigned to you. Ask who runs the profile to assign it to you", p.Criterion)
		}
		open := f.Editable
		if !open && c.Status == "returned" && s.Opened != nil {
			if open, err = s.Opened(ctx, tx, c.ID, p.Criterion); err != nil {
				return err
			}
		}
		if !open {
			return fault.New(fault.Forbidden, "Criterion %s cannot be changed now, because the profile was submitted", p.Criterion)
		}
	}
	return nil
}

// has reports whether a profile asks about a criterion.
func (s *Service) has(c cycle, criterion string) bool {
	if criterion == "" || len(criterion) > 40 {
		return false
	}
	if s.Criteria == nil {
		return true
	}
	edition, ok := s.Criteria.Edition(c.Programme, c.Edition)
	if !ok {
		return false
	}
	_, ok = edition.Form(c.EntityType).Criterion(criterion)
	return ok
}

// Link is an item at a criterion, for pages. The version is the one that counts: the
// newest of the item, or the one that was submitted.
type Link struct {
	Criterion       string
	SiteID          *uuid.UUID
	Site            string
	EvidenceID      uuid.UUID
	Kind            Kind
	Title           string
	URL             string
	Confidentiality Confidentiality
	IssuedOn        *time.Time
	ExpiresOn       *time.Time
	Lang            string
	CreatedBy       *uuid.UUID
	VersionID       *uuid.UUID // nil: a link
	Number          int
	FileName        string
	MediaType       string
	Size            int64
	SHA256          string `gorm:"column:sha256"`
	Scan            Scan
	ScanDetail      string
	Preview         bool // there is something to look at in the portal
	UploadedAt      *time.Time
	LinkedAt        time.Time
	Author          string // who attached it
	Carried         bool   // from the last profile
	Removed         bool   // from the library
}

// Expired reports whether the item is past its last day.
func (a Link) Expired(today time.Time) bool { return expired(a.ExpiresOn, today) }

func expired(on *time.Time, today time.Time) bool { return on != nil && on.Before(today) }

const attachedColumns = ` l.criterion, l.site_id, coalesce(si.name, '') as site, e.id as evidence_id, e.kind, e.title, e.url, e.confidentiality, e.issued_on, e.expires_on,
  e.lang, e.created_by, v.id as version_id, coalesce(v.number, 0) as number, coalesce(v.file_name, '') as file_name, coalesce(v.media_type, '') as media_type,
  coalesce(v.size, 0) as size, coalesce(v.sha256, '') as sha256, coalesce(v.scan, '') as scan, coalesce(v.scan_detail, '') as scan_detail,
  coalesce(v.preview_key <> '' or v.media_type = 'application/pdf', false) as preview, v.uploaded_at, e.removed_at is not null as removed`

// newestSQL joins the version of e that counts: the newest that is not quarantined, else
// the newest.
const newestSQL = ` left join lateral (select x.* from evidence_version x where x.evidence_id = e.id order by (x.scan = 'quarantined'), x.number desc limit 1) v on true`

// Links reads what is attached to a profile, or to some of its criteria, for its pages.
// The caller has decided that the actor may see the profile.
func Links(dst *[]Link, cycle uuid.UUID, criteria ...string) pg.Query {
	return pg.All(dst, `select`+linksSQL+` where l.cycle_id = $1 and (cardinality($2::text[]) = 0 or l.criterion = any($2)) order by l.criterion, l.linked_at, e.id`, cycle, list(criteria))
}

const linksSQL = attachedColumns + `, l.linked_at, l.author, l.carried
from evidence_link l join evidence e on e.id = l.evidence_id left join site si on si.id = l.site_id` + newestSQL

// Attached reads what is attached to a profile within a transaction, for what is submitted.
func Attached(ctx context.Context, tx pg.Tx, cycle uuid.UUID) (links []Link, err error) {
	if err := tx.WithContext(ctx).Raw(`select`+linksSQL+` where l.cycle_id = ? order by l.criterion, l.linked_at, e.id`, cycle).Scan(&links).Error; err != nil {
		return nil, fmt.Errorf("load the evidence: %w", err)
	}
	return links, nil
}

// Pinned reads what was attached when a submission was made.
func Pinned(dst *[]Link, submission uuid.UUID, criteria ...string) pg.Query {
	return pg.All(dst, `select`+attachedColumns+`, coalesce(v.uploaded_at, e.created_at) as linked_at, coalesce(v.author, e.author) as author, false as carried
from evidence_pin l join evidence e on e.id = l.evidence_id left join evidence_version v on v.id = l.version_id left join site si on si.id = l.site_id
where l.submission_id = $1 and (cardinality($2::text[]) = 0 or l.criterion = any($2)) order by l.criterion, e.title, e.id`, submission, list(criteria))
}

// Count is how much is attached to one criterion, for lists.
type Count struct {
	Criterion string
	SiteID    *uuid.UUID
	N         int
	Expired   int // of them: past their last day
	Unusable  int // of them: every version is quarantined
}

// Counts counts what is attached to a profile in one statement. today is the company's
// day as midnight UTC.
func Counts(dst *[]Count, cycle uuid.UUID, today time.Time) pg.Query {
	return pg.All(dst, `select l.criterion, l.site_id, count(*)::int as n, count(*) filter (where e.expires_on < $2)::int as expired,
  count(*) filter (where e.kind <> 'link' and not exists (select from evidence_version v where v.evidence_id = e.id and v.scan <> 'quarantined'))::int as unusable
from evidence_link l join evidence e on e.id = l.evidence_id where l.cycle_id = $1 group by l.criterion, l.site_id`, cycle, today)
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// Pin keeps what is attached to a profile as a part of a submission, each with the version
// that counts at that moment. It belongs to the caller's transaction, which has locked the
// profile.
func Pin(ctx context.Context, tx pg.Tx, submission, cycle uuid.UUID) error {
	err := tx.WithContext(ctx).Exec(`insert into evidence_pin (submission_id, company_id, cycle_id, criterion, site_id, evidence_id, version_id)
		select ?, l.company_id, l.cycle_id, l.criterion, l.site_id, e.id, v.id from evidence_link l join evidence e on e.id = l.evidence_id`+newestSQL+`
		where l.cycle_id = ?`, submission, cycle).Error
	if err != nil {
		return fmt.Errorf("pin the evidence: %w", err)
	}
	return nil
}

// places as a document for a statement.
func document(places []Place) (string, error) {
	type row struct {
		N         int        `json:"n"`
		Criterion string     `json:"criterion"`
		Site      *uuid.UUID `json:"site"`
	}
	rows := make([]row, len(places))
	for i, p := range places {
		rows[i] = row{i, p.Criterion, p.Site}
	}
	b, err := json.Marshal(rows)
	return string(b), err
}
