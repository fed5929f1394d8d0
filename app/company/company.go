package company

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Service is what people can do with accounts. Company verbs act on the company
// that the actor acts for.
type Service struct {
	DB  *pg.DB
	Now func() time.Time

	// Key seals numbers that say something about a natural person: 32 bytes or more.
	Key []byte

	// OfficeFor names the field office (its code) that looks after companies of a
	// country. Nil, or an empty answer: the office at the root of the tree.
	OfficeFor func(country string) string

	Programmes *programme.Register
	Clocks     *clock.Clocks
	Letters    *notice.Letters
}

// Company is a legal entity with an account.
type Company struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	Name         string
	LegalForm    string
	Country      string // ISO 3166-1 alpha-2
	Registration string
	FoundedOn    *time.Time `gorm:"type:date"`
	Employees    *int
	Website      string
	Phone        string
	History      string
	OfficeID     uuid.UUID
	CreatedAt    time.Time
	CreatedBy    *uuid.UUID
	Version      int
}

// TradeName is a name under which the company does business.
type TradeName struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	CompanyID uuid.UUID
	Name      string
	CreatedAt time.Time
	RemovedAt *time.Time
	Version   int
}

// Site is a place of the company. Its zone is the clock that visits are planned by.
type Site struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	CompanyID uuid.UUID
	Name      string
	Activity  string
	Street    string
	City      string
	Region    string
	Postcode  string
	Country   string
	Zone      string   // IANA
	Lat       *float64 // degrees
	Lon       *float64
	CreatedAt time.Time
	ClosedOn  *time.Time `gorm:"type:date"`
	Version   int
}

// Contact is an officer or another person to turn to.
type Contact struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	CompanyID uuid.UUID
	Name      string
	Title     string
	Email     string
	Phone     string
	Kind      string
	IsPrimary bool
	CreatedAt time.Time
	RemovedAt *time.Time
	Version   int
}

// Identifier is a number by which an authority knows the company.
type Identifier struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	CompanyID uuid.UUID
	Scheme    string
	Value     string // canonical, or sealed: show it with Shown
	SearchKey string
	Note      string
	CreatedAt time.Time
	RemovedAt *time.Time
	Version   int
}

// TableName is the table that holds identifiers.
func (Identifier) TableName() string { return "company_identifier" }

// Shown is the number as people read it, masked when it is about a person.
func (i Identifier) Shown() string { return Shown(i.Scheme, i.Value) }

// Account is everything of a company that its pages show.
type Account struct {
	Company     Company
	OfficeName  string
	OfficeZone  *time.Location
	TradeNames  []TradeName  // in use
	Sites       []Site       // open ones first
	Contacts    []Contact    // the primary one first
	Identifiers []Identifier // in use
	Standing    Standing
	Notices     []ChangeNotice // not yet final, newest first
}

// Open reports whether a part may be edited directly.
func (a Account) Open(p Part) bool { return a.Standing.Open(p) }

// Site finds a site of the account.
func (a Account) Site(id uuid.UUID) (Site, bool) {
	for _, s := range a.Sites {
		if s.ID == id {
			return s, true
		}
	}
	return Site{}, false
}

// Contact finds a contact of the account.
func (a Account) Contact(id uuid.UUID) (Contact, bool) {
	for _, c := range a.Contacts {
		if c.ID == id {
			return c, true
		}
	}
	return Contact{}, false
}

// Identifier finds a number of the account.
func (a Account) Identifier(id uuid.UUID) (Identifier, bool) {
	for _, i := range a.Identifiers {
		if i.ID == id {
			return i, true
		}
	}
	return Identifier{}, false
}

// reads reports whether the actor may look at a company's account: its own people,
// and the agency's case workers and auditors.
func reads(by identity.Actor, company uuid.UUID) bool {
	switch by.Audience {
	case identity.Companies:
		return by.CompanyID == company && company != uuid.Nil && by.Is(identity.CompanyReaders...)
	case identity.Staff:
		return by.Is(identity.CaseReaders...)
	}
	return false
}

// edit locks the account of the actor's company for a change.
func edit(ctx context.Context, tx pg.Tx, by identity.Actor) (Company, Standing, error) {
	if by.Audience == identity.Staff && by.Is(identity.CaseReaders...) {
		return Company{}, Standing{}, fault.New(fault.Forbidden, "Only the company can change its account. Ask it for a change notice")
	}
	if by.Audience != identity.Companies || !reads(by, by.CompanyID) {
		return Company{}, Standing{}, fault.Missing()
	}
	c, err := lockCompany(ctx, tx, by.CompanyID)
	if err != nil {
		return c, Standing{}, err
	}
	if !by.Is(identity.CompanyEditors...) {
		return c, Standing{}, fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
	}
	s, err := standing(ctx, tx, c.ID)
	return c, s, err
}

const (
	companyColumns = `id, name, legal_form, country, registration, founded_on, employees, website, phone, history, office_id, created_at, created_by, version`
	noticeColumns  = `id, reference, company_id, status, effective_on, explanation, changes, opened_at, opened_by, sent_at, decided_at, decided_by, decision, applied_at, version`
)

// look notes that the agency looked at a company, with what it read; a company's own
// people leave no such event.
func (s *Service) look(by identity.Actor, company uuid.UUID, read ...pg.Query) []pg.Query {
	if by.Audience != identity.Staff {
		return read
	}
	return append(read, audit.Look(s.Now(), by, "company.read", company))
}

// Account reads a company's account in one round trip. For the company's own
// people and the agency's case workers and auditors, whose look is an audit event.
func (s *Service) Account(ctx context.Context, by identity.Actor, company uuid.UUID) (Account, error) {
	if !reads(by, company) {
		return Account{}, fault.Missing()
	}
	var top accountRow
	var lists accountLists
	var notices []ChangeNotice
	err := s.DB.Batch(ctx, by.Scope(), s.look(by, company, append(accountReads(&top, &lists, "$1", company),
		pg.All(&notices, `select `+noticeColumns+` from change_notice
			where company_id = $1 and status not in ('applied', 'withdrawn') order by opened_at desc, id desc limit 100`, company))...)...)
	if err != nil {
		return Account{}, fmt.Errorf("read the account: %w", err)
	}
	a, err := top.account(lists)
	if err != nil {
		return Account{}, fmt.Errorf("read the account: %w", err)
	}
	a.Notices = notices
	return a, nil
}

// Registered is what Register answers: the account and the right of its owner.
type Registered struct {
	Company Company
	RightID uuid.UUID
}

// Register opens an account for a company; whoever registers it becomes its owner.
// Anyone may who is signed in as a trader, with or without other companies.
func (s *Service) Register(ctx context.Context, by identity.Actor, in Profile) (out Registered, err error) {
	if !by.Known() || by.Audience != identity.Companies {
		return out, fault.New(fault.Forbidden, "Sign in as a trader to register a company")
	}
	// The person's other rights do not matter here: the new company is not theirs yet.
	err = s.DB.Write(ctx, pg.Scope{Kind: "person", Person: by.PersonID}, func(tx pg.Tx) error {
		out, err = s.register(ctx, tx, s.Now(), by, in)
		return err
	})
	return out, err
}

func (s *Service) register(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Profile) (out Registered, err error) {
	if in.ID == uuid.Nil {
		in.ID = pg.NewID()
	}
	c := Company{ID: in.ID, CreatedAt: now, CreatedBy: &by.PersonID, Version: 1}
	if err := fault.Fail(in.put(&c, now)); err != nil {
		return out, err
	}
	code := ""
	if s.OfficeFor != nil {
		code = s.OfficeFor(c.Country)
	}
	o, err := officeBy(ctx, tx, code)
	if err != nil {
		return out, err
	}
	c.OfficeID = o.ID
	made, err := insertCompany(ctx, tx, &c)
	if err != nil {
		return out, err
	}
	if !made { // the same form, sent twice
		c, r, err := ownCompany(ctx, tx, in.ID, by.PersonID)
		if err != nil {
			return out, fault.New(fault.Conflict, "This form was used before. Open the page again and enter it once more")
		}
		return Registered{c, r}, nil
	}
	r := right{ID: pg.NewID(), PersonID: by.PersonID, Audience: string(identity.Companies), Role: string(identity.Owner), CompanyID: &c.ID,
		StartsOn: civil(now, o.location()), GrantedBy: &by.PersonID, GrantedAt: now, Version: 1}
	if err := insertRight(ctx, tx, r); err != nil {
		return out, err
	}
	if err := noteDuplicates(ctx, tx, now, c.ID, "", "", c.Name); err != nil {
		return out, err
	}
	p := c.Entry()
	if err := audit.Record(ctx, tx, now, by, audit.Event{Action: "company.register", Kind: "company", Subject: c.ID, Company: c.ID, After: values(facts(p.fields()))}); err != nil {
		return out, err
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{Action: "right.grant", Kind: "right", Subject: r.ID, Company: c.ID,
		After: map[string]string{"role": r.Role, "person": by.Name}, Reason: "Registered the company"})
	return Registered{c, r.ID}, err
}

// civil is the day that an instant falls on in a zone, as midnight UTC.
func civil(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// ChangeProfile changes what is known of the company itself. While a programme
// relies on the account, only telephone, website, employees and history change.
func (s *Service) ChangeProfile(ctx context.Context, by identity.Actor, in Profile) (c Company, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err = changeProfile(ctx, tx, s.Now(), by, in)
		return err
	})
	return c, err
}

func changeProfile(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Profile) (Company, error) {
	c, st, err := edit(ctx, tx, by)
	if err != nil {
		return c, err
	}
	was := c.Entry()
	if in.Version != c.Version {
		return c, moved(facts(in.fields()), facts(was.fields()))
	}
	if problems := in.put(&c, now); problems != nil {
		return c, fault.Fail(problems)
	}
	is := c.Entry()
	before, after := changed(facts(was.fields()), facts(is.fields()))
	if before == nil {
		return c, nil
	}
	if !st.Open(ProfilePart) {
		var locked []fault.Field
		for _, f := range is.fields() {
			if _, differs := after[f.name]; differs && !isFree(f.name) {
				locked = append(locked, fault.F(f.name, lockedMessage))
			}
		}
		if locked != nil {
			return c, fault.Fail(locked)
		}
	}
	if err := pg.Update(ctx, tx, &c, c.ID, &c.Version, "name", "legal_form", "country", "registration", "founded_on",
		"employees", "website", "phone", "history"); err != nil {
		return c, fmt.Errorf("change the profile: %w", err)
	}
	if _, renamed := after["name"]; renamed {
		if err := noteDuplicates(ctx, tx, now, c.ID, "", "", c.Name); err != nil {
			return c, err
		}
	}
	return c, audit.Record(ctx, tx, now, by, audit.Event{Action: "company.change", Kind: "company", Subject: c.ID, Company: c.ID, Before: before, After: after})
}

func isFree(field string) bool {
	for _, f := range freeProfileFields() {
		if f == field {
			return true
		}
	}
	return false
}

// AddTradeName adds a name under which the company does business.
func (s *Service) AddTradeName(ctx context.Context, by identity.Actor, in NameEntry) (n TradeName, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		n, err = addTradeName(ctx, tx, s.Now(), by, in)
		return err
	})
	return n, err
}

func addTradeName(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in NameEntry) (n TradeName, err error) {
	c, st, err := edit(ctx, tx, by)
	if err != nil {
		return n, err
	}
	if err := st.guard(ProfilePart); err != nil {
		return n, err
	}
	n = TradeName{ID: idOr(in.ID), CompanyID: c.ID, CreatedAt: now, Version: 1}
	problems := in.put(&n)
	names, err := listOf[TradeName](ctx, tx, c.ID, "removed_at is null")
	if err != nil {
		return n, err
	}
	for _, other := range names {
		if other.Name == n.Name && other.ID != n.ID {
			problems = append(problems, fault.F("trade_name", "This trade name is in your account already. Enter another one"))
		}
	}
	if len(names) >= most && problems == nil {
		problems = append(problems, fault.F("trade_name", "You can have up to %d trade names. Remove one first", most))
	}
	if problems != nil {
		return n, fault.Fail(problems)
	}
	if made, err := insert(ctx, tx, &n, c.ID, n.ID); err != nil || !made {
		return n, err
	}
	if err := noteDuplicates(ctx, tx, now, c.ID, "", "", n.Name); err != nil {
		return n, err
	}
	return n, audit.Record(ctx, tx, now, by, audit.Event{Action: "trade_name.add", Kind: "trade_name", Subject: n.ID, Company: c.ID,
		After: map[string]string{"name": n.Name}})
}

// most bounds each list of an account, so that one account cannot fill the database.
const most = 500

func idOr(id uuid.UUID) uuid.UUID {
	if id == uuid.Nil {
		return pg.NewID()
	}
	return id
}

// RemoveTradeName takes a name out of use. It stays in the history.
func (s *Service) RemoveTradeName(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, st, err := edit(ctx, tx, by)
		if err != nil {
			return err
		}
		n, err := lockOne[TradeName](ctx, tx, c.ID, id)
		if err != nil {
			return err
		}
		if n.RemovedAt != nil || n.Version != version {
			return fault.Moved()
		}
		if err := st.guard(ProfilePart); err != nil {
			return err
		}
		now := s.Now()
		n.RemovedAt = &now
		if err := pg.Update(ctx, tx, &n, n.ID, &n.Version, "removed_at"); err != nil {
			return fmt.Errorf("remove the trade name: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "trade_name.remove", Kind: "trade_name", Subject: n.ID, Company: c.ID,
			Before: map[string]string{"name": n.Name}})
	})
}

// HistoryEntry is one change of the account.
type HistoryEntry struct {
	ID          int64
	At          time.Time
	Actor       string // empty for a company's eyes when the agency acted
	Audience    string
	Action      string
	SubjectKind string
	SubjectID   *uuid.UUID
	Before      map[string]string
	After       map[string]string
	Reason      string
}

type historyRow struct {
	ID                                   int64
	At                                   time.Time
	Actor, Audience, Action, SubjectKind string
	SubjectID                            *uuid.UUID
	Before, After                        *string
	Reason                               string
}

// HistoryPage is how many changes one page of the history has.
const HistoryPage = 50

// History lists changes of the account, newest first, those older than before;
// 0 starts at the newest. more tells whether there are older ones.
func (s *Service) History(ctx context.Context, by identity.Actor, company uuid.UUID, before int64) (out []HistoryEntry, more bool, err error) {
	if !reads(by, company) {
		return nil, false, fault.Missing()
	}
	if before <= 0 {
		before = 1<<63 - 1
	}
	var there int
	var rows []historyRow
	err = s.DB.Batch(ctx, by.Scope(), s.look(by, company,
		pg.Value(&there, `select 1 from company where id = $1`, company),
		pg.All(&rows, `select id, at, actor, audience, action, subject_kind, subject_id, before::text as before, after::text as after, reason
			from audit_event where company_id = $1 and id < $2
			and subject_kind in ('company', 'trade_name', 'site', 'contact', 'identifier', 'change_notice')
			and (not internal or $3) and action not like '%.read' order by id desc limit $4`, company, before, by.Audience == identity.Staff, HistoryPage+1))...)
	if err != nil {
		return nil, false, fmt.Errorf("read the history: %w", err)
	}
	if more = len(rows) > HistoryPage; more {
		rows = rows[:HistoryPage]
	}
	for _, r := range rows {
		e := HistoryEntry{ID: r.ID, At: r.At, Actor: r.Actor, Audience: r.Audience, Action: r.Action, SubjectKind: r.SubjectKind,
			SubjectID: r.SubjectID, Before: texts(r.Before), After: texts(r.After), Reason: r.Reason}
		if by.Audience == identity.Companies && r.Audience == string(identity.Staff) {
			e.Actor = ""
		}
		out = append(out, e)
	}
	return out, more, nil
}

// texts reads the values of an event as texts, whatever their type.
func texts(doc *string) map[string]string {
	var all map[string]any
	if doc == nil || json.Unmarshal([]byte(*doc), &all) != nil {
		return nil
	}
	out := map[string]string{}
	for k, v := range all {
		if s, ok := v.(string); ok {
			out[k] = s
			continue
		}
		if text, err := json.Marshal(v); err == nil {
			out[k] = string(text)
		}
	}
	return out
}
