package evidence

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// PageSize is how many items a page of the library shows.
const PageSize = 25

// Filter says which items of the library are wanted.
type Filter struct {
	Query string // in title, description or file name
	Kind  Kind   // empty: every
	State string // expired, soon (within 60 days), quarantined, waiting, unused, removed; empty: every
	After string // the Next of the page before
}

// States lists what Filter.State may be.
func States() []string {
	return []string{"expired", "soon", "waiting", "quarantined", "unused", "removed"}
}

// SoonDays is how far ahead evidence counts as expiring soon.
const SoonDays = 60

// Item is an item as lists show it, with the version that counts.
type Item struct {
	ID              uuid.UUID
	Kind            Kind
	Title           string
	URL             string
	Confidentiality Confidentiality
	IssuedOn        *time.Time
	ExpiresOn       *time.Time
	Lang            string
	CreatedAt       time.Time
	CreatedBy       *uuid.UUID
	Author          string
	Removed         bool
	VersionID       *uuid.UUID
	Number          int
	FileName        string
	MediaType       string
	Size            int64
	Scan            Scan
	ScanDetail      string
	Uses            int  // places in profiles
	There           bool // it is attached to the place that the list was asked for
}

// Expired reports whether the item is past its last day.
func (i Item) Expired(today time.Time) bool { return expired(i.ExpiresOn, today) }

// Shelf is a page of the library.
type Shelf struct {
	Filter Filter
	Items  []Item
	Next   string    // empty on the last page
	Used   int64     // bytes of the quota
	Quota  int64     //
	Any    bool      // the library has something, whatever the filter asks
	Today  time.Time // where the company's office is, as midnight UTC
	For    *At       // the place that the list was asked for
}

// At is a place with what a page says about it.
type At struct {
	Place
	Reference string
	Site      string
	Open      bool // evidence can be attached and taken off
}

const itemColumns = `e.id, e.kind, e.title, e.url, e.confidentiality, e.issued_on, e.expires_on, e.lang, e.created_at, e.created_by, e.author, e.removed_at is not null as removed,
  v.id as version_id, coalesce(v.number, 0) as number, coalesce(v.file_name, '') as file_name, coalesce(v.media_type, '') as media_type, coalesce(v.size, 0) as size,
  coalesce(v.scan, '') as scan, coalesce(v.scan_detail, '') as scan_detail,
  (select count(*) from evidence_link l where l.evidence_id = e.id)::int as uses`

// todaySQL is the day where a company's office is; $1 is the company, $2 now.
const todaySQL = `select ($2::timestamptz at time zone o.zone)::date from company c join office o on o.id = c.office_id where c.id = $1`

// The page is cut before what is shown of each item is looked up. $1 company, $2 now, $3
// kind, $4 state, $5 words, $6 and $7 where the page before ended, $8 how many.
var shelfSQL = `with today as (` + todaySQL + `), page as materialized (select e.* from evidence e where e.company_id = $1
  and ($4 = 'removed') = (e.removed_at is not null)
  and ($3 = '' or e.kind = $3)
  and ($4 <> 'expired' or e.expires_on < (select * from today))
  and ($4 <> 'soon' or e.expires_on between (select * from today) and (select * from today) + ` + fmt.Sprint(SoonDays) + `)
  and ($4 <> 'unused' or not exists (select from evidence_link l where l.evidence_id = e.id))
  and ($4 not in ('waiting', 'quarantined') or exists (select from evidence_version v where v.evidence_id = e.id and v.scan = $4))
  and ($5 = '' or e.title ilike $5 or e.about ilike $5 or exists (select from evidence_version v where v.evidence_id = e.id and v.file_name ilike $5))
  and ($6::timestamptz is null or (e.created_at, e.id) < ($6, $7))
  order by e.created_at desc, e.id desc limit $8)
select ` + itemColumns

const shelfFrom = ` from page e` + newestSQL + ` order by e.created_at desc, e.id desc`

// Library reads a page of the company's library, newest first. The company's readers may.
func (s *Service) Library(ctx context.Context, by identity.Actor, f Filter) (Shelf, error) {
	return s.shelf(ctx, by, f, nil)
}

// Choose reads a page of the library for somebody who looks for an item to attach to a
// place. Another company's profile is not there.
func (s *Service) Choose(ctx context.Context, by identity.Actor, to Place, f Filter) (Shelf, error) {
	return s.shelf(ctx, by, f, &to)
}

func (s *Service) shelf(ctx context.Context, by identity.Actor, f Filter, to *Place) (p Shelf, err error) {
	if !reads(by) {
		return p, fault.Missing()
	}
	f = f.clean()
	at, last := cursor(f.After)
	p = Shelf{Filter: f, Quota: s.Quota}
	words := ""
	if f.Query != "" {
		words = "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Query) + "%"
	}
	args := []any{by.CompanyID, s.Now(), string(f.Kind), f.State, words, at, last, PageSize + 1}
	var place about
	there := `, false as there`
	queries := []pg.Query{pg.Value(&p.Used, usedSQL, by.CompanyID), pg.Value(&p.Today, todaySQL, by.CompanyID, s.Now()),
		pg.Value(&p.Any, `select exists (select from evidence where company_id = $1)`, by.CompanyID)}
	if to != nil {
		there = `, exists (select from evidence_link l where l.evidence_id = e.id and l.cycle_id = $9 and l.criterion = $10 and l.site_id is not distinct from $11) as there`
		args = append(args, to.Cycle, to.Criterion, to.Site)
		queries = append(queries, aboutPlace(&place, *to, by))
	}
	queries = append(queries, pg.All(&p.Items, shelfSQL+there+shelfFrom, args...))
	if err := s.DB.Batch(ctx, by.Scope(), queries...); err != nil {
		return Shelf{}, fmt.Errorf("read the library: %w", err)
	}
	if to != nil {
		p.For = &At{*to, place.Reference, place.Site, place.Open}
	}
	if len(p.Items) > PageSize {
		p.Items = p.Items[:PageSize]
		end := p.Items[PageSize-1]
		p.Next = base64.RawURLEncoding.EncodeToString([]byte(end.CreatedAt.UTC().Format(time.RFC3339Nano) + " " + end.ID.String()))
	}
	return p, nil
}

// about is what there is to say about a place.
type about struct {
	Reference string
	Site      string
	Open      bool
}

// aboutPlace reads that; a profile of another company is not found.
func aboutPlace(dst *about, p Place, by identity.Actor) pg.Query {
	return pg.One(dst, `select c.reference, coalesce(s.name, '') as site, `+EditableSQL("c", "$2")+` and $5 and ($6 or `+AssignedSQL("c", "$2", "$7")+`) as open
		from profile_cycle c left join site s on s.id = $3 and s.company_id = c.company_id where c.id = $1 and c.company_id = $4 and ($3::uuid is null or s.id is not null)`,
		p.Cycle, p.Criterion, p.Site, by.CompanyID, by.Is(Writers()...), !by.Is(identity.Contributor), by.PersonID)
}

func (f Filter) clean() Filter {
	f.Query = strings.Join(strings.Fields(entry.Head(f.Query, 100)), " ")
	switch f.Kind {
	case KindFile, KindLink, KindRecord:
	default:
		f.Kind = ""
	}
	known := false
	for _, s := range States() {
		known = known || s == f.State
	}
	if !known {
		f.State = ""
	}
	return f
}

// cursor reads where a page ended; anything else than what Library wrote is the beginning.
func cursor(s string) (at *time.Time, id uuid.UUID) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) > 100 {
		return nil, uuid.Nil
	}
	text, last, _ := strings.Cut(string(b), " ")
	t, err := time.Parse(time.RFC3339Nano, text)
	if id, err2 := uuid.Parse(last); err == nil && err2 == nil {
		return &t, id
	}
	return nil, uuid.Nil
}

// Use is a place where an item is used.
type Use struct {
	CycleID   uuid.UUID
	Reference string
	Programme string
	Edition   string
	Entity    string
	Status    string // of the profile
	Criterion string
	SiteID    *uuid.UUID
	Site      string
	LinkedAt  *time.Time
	Author    string
	Attached  bool // now
	Open      bool // it can be taken off
	Submitted int  // the number of the version that was submitted last; 0: none or a link
	Pinned    bool // it was submitted
}

// Sheet is an item with everything that its page shows.
type Sheet struct {
	Evidence Evidence
	Versions []Version // newest first
	Uses     []Use
	Today    time.Time
	Zone     string // of the company's office
	MayEdit  bool
	MayOpen  bool // the content, as far as confidentiality goes
}

// Newest is the version that counts.
func (s Sheet) Newest() (Version, bool) {
	for _, v := range s.Versions {
		if v.Scan != Quarantined {
			return v, true
		}
	}
	if len(s.Versions) > 0 {
		return s.Versions[0], true
	}
	return Version{}, false
}

const usesSQL = `select c.id as cycle_id, c.reference, c.programme, c.edition, c.entity_type as entity, c.status, x.criterion, x.site_id, coalesce(s.name, '') as site, l.linked_at, coalesce(l.author, '') as author,
  l.evidence_id is not null as attached, l.evidence_id is not null and (%s) and ($2 or %s) as open, coalesce(p.number, 0) as submitted, p.evidence_id is not null as pinned
from (select cycle_id, criterion, site_id from evidence_link where evidence_id = $1 union select cycle_id, criterion, site_id from evidence_pin where evidence_id = $1) x
join profile_cycle c on c.id = x.cycle_id
left join site s on s.id = x.site_id
left join evidence_link l on l.evidence_id = $1 and l.cycle_id = x.cycle_id and l.criterion = x.criterion and l.site_id is not distinct from x.site_id
left join lateral (select p.evidence_id, v.number from evidence_pin p join profile_submission b on b.id = p.submission_id left join evidence_version v on v.id = p.version_id
  where p.evidence_id = $1 and p.cycle_id = x.cycle_id and p.criterion = x.criterion and p.site_id is not distinct from x.site_id order by b.round desc limit 1) p on true
order by c.opened_at desc, c.id, x.criterion, s.name nulls first limit 200`

// Item reads one item with its versions and where it is used. The company's readers may;
// another company's is not there.
func (s *Service) Item(ctx context.Context, by identity.Actor, id uuid.UUID) (out Sheet, err error) {
	if !reads(by) {
		return out, fault.Missing()
	}
	type row struct {
		Evidence
		Today time.Time
		Zone  string
	}
	var r row
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&r, `select e.id, e.company_id, e.kind, e.title, e.about, e.url, e.owner, e.issued_on, e.expires_on, e.lang, e.confidentiality, e.created_at, e.created_by, e.author, e.removed_at, e.version,
			($3::timestamptz at time zone o.zone)::date as today, o.zone from evidence e join company c on c.id = e.company_id join office o on o.id = c.office_id where e.id = $1 and e.company_id = $2`, id, by.CompanyID, s.Now()),
		pg.All(&out.Versions, `select id, evidence_id, company_id, number, file_name, media_type, size, sha256, blob_key, preview_key, scan, scan_detail, scanned_at, uploaded_at, uploaded_by, author, forgotten_at, version
			from evidence_version where evidence_id = $1 and company_id = $2 order by number desc`, id, by.CompanyID),
		pg.All(&out.Uses, fmt.Sprintf(usesSQL, EditableSQL("c", "x.criterion"), AssignedSQL("c", "x.criterion", "$3")), id, !by.Is(identity.Contributor), by.PersonID))
	if err != nil {
		return Sheet{}, fmt.Errorf("read the evidence: %w", err)
	}
	out.Evidence, out.Today, out.Zone = r.Evidence, r.Today, r.Zone
	out.MayEdit = by.Is(Writers()...) && own(by, r.Evidence) == nil && r.RemovedAt == nil
	out.MayOpen = r.Confidentiality != Restricted || seesRestricted(by, r.CreatedBy)
	for i := range out.Uses {
		out.Uses[i].Open = out.Uses[i].Open && by.Is(Writers()...)
	}
	return out, nil
}

// Board is where an item can be attached: the criteria of one profile.
type Board struct {
	Evidence Evidence
	Profiles []BoardProfile // that can be changed, newest first
	Profile  *BoardProfile  // the one that is shown
	Sites    []BoardSite
	Site     *uuid.UUID // the site that is shown; nil: the company as a whole
	Criteria []BoardCriterion
}

// BoardProfile is a profile to which evidence can be attached.
type BoardProfile struct {
	ID         uuid.UUID
	Reference  string
	Programme  string
	Edition    string
	EntityType string
	Status     string
}

// BoardSite is an open site of the company.
type BoardSite struct {
	ID   uuid.UUID
	Name string
}

// BoardCriterion is a criterion of the profile.
type BoardCriterion struct {
	Criterion catalogue.Criterion
	Section   catalogue.Text
	There     bool // the item is attached
	Open      bool // it can be attached
}

// Board reads where an item can be attached: in one of the company's profiles, the newest
// unless another is named, for the company or one of its sites. Those who write may.
func (s *Service) Board(ctx context.Context, by identity.Actor, id uuid.UUID, profile uuid.UUID, site *uuid.UUID) (b Board, err error) {
	if !reads(by) {
		return b, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&b.Evidence, `select id, company_id, kind, title, about, url, owner, issued_on, expires_on, lang, confidentiality, created_at, created_by, author, removed_at, version
			from evidence where id = $1 and company_id = $2`, id, by.CompanyID),
		pg.All(&b.Profiles, `select id, reference, programme, edition, entity_type, status from profile_cycle
			where company_id = $1 and status in ('open', 'returned') order by opened_at desc, id desc limit 20`, by.CompanyID),
		pg.All(&b.Sites, `select id, name from site where company_id = $1 and closed_on is null order by name, id`, by.CompanyID))
	if err != nil {
		return b, fmt.Errorf("read where the evidence can be attached: %w", err)
	}
	if b.Evidence.RemovedAt != nil {
		return b, removed()
	}
	for i, p := range b.Profiles {
		if b.Profile == nil || p.ID == profile {
			b.Profile = &b.Profiles[i]
		}
	}
	for _, x := range b.Sites {
		if site != nil && x.ID == *site {
			b.Site = site
		}
	}
	if b.Profile == nil || s.Criteria == nil {
		return b, nil
	}
	edition, ok := s.Criteria.Edition(b.Profile.Programme, b.Profile.Edition)
	if !ok {
		return b, nil
	}
	return b, s.criteria(ctx, by, &b, edition)
}

func (s *Service) criteria(ctx context.Context, by identity.Actor, b *Board, edition *catalogue.Edition) error {
	form := edition.Form(b.Profile.EntityType)
	ids := make([]string, len(form.Criteria))
	for i, c := range form.Criteria {
		ids[i] = c.ID
	}
	var rows []struct {
		Criterion   string
		There, Open bool
	}
	err := s.DB.Batch(ctx, by.Scope(), pg.All(&rows, `select x.criterion, exists (select from evidence_link l where l.cycle_id = c.id and l.criterion = x.criterion
			and l.site_id is not distinct from $4 and l.evidence_id = $3) as there, `+EditableSQL("c", "x.criterion")+` and $5 and ($6 or `+AssignedSQL("c", "x.criterion", "$7")+`) as open
		from profile_cycle c cross join unnest($2::text[]) with ordinality as x(criterion, n) where c.id = $1 order by x.n`,
		b.Profile.ID, ids, b.Evidence.ID, b.Site, by.Is(Writers()...), !by.Is(identity.Contributor), by.PersonID))
	if err != nil {
		return fmt.Errorf("read where the evidence can be attached: %w", err)
	}
	titles := map[string]catalogue.Text{}
	for _, x := range edition.Sections {
		titles[x.ID] = x.Title
	}
	for i, r := range rows {
		row := BoardCriterion{Criterion: form.Criteria[i], There: r.There, Open: r.Open}
		if home := form.Criteria[i].Sections; len(home) > 0 {
			row.Section = titles[home[0]]
		}
		b.Criteria = append(b.Criteria, row)
	}
	return nil
}

// Here is what is attached to one place, and whether that can be changed.
type Here struct {
	At    Place
	Open  bool
	Today time.Time
	Links []Link
}

// Here reads what is attached to a criterion for the company or one site. The company's
// readers may; another company's profile is not there.
func (s *Service) Here(ctx context.Context, by identity.Actor, at Place) (h Here, err error) {
	if !reads(by) {
		return h, fault.Missing()
	}
	var place about
	h.At = at
	if err := s.DB.Batch(ctx, by.Scope(), aboutPlace(&place, at, by), pg.Value(&h.Today, todaySQL, by.CompanyID, s.Now()), Links(&h.Links, at.Cycle, at.Criterion)); err != nil {
		return Here{}, fmt.Errorf("read what is attached: %w", err)
	}
	h.Open = place.Open
	h.Links = slices.DeleteFunc(h.Links, func(l Link) bool { return at.Site != nil && (l.SiteID == nil || *l.SiteID != *at.Site) })
	return h, nil
}

// SeesLink reports whether an actor may open what is attached, as far as its
// confidentiality goes.
func SeesLink(by identity.Actor, l Link) bool {
	return l.Confidentiality != Restricted || seesRestricted(by, l.CreatedBy)
}
