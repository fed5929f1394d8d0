package company

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
)

// office is the part of an office that the account needs.
type office struct {
	ID   uuid.UUID `gorm:"primaryKey"`
	Code string
	Name string
	Zone string
}

func (o office) location() *time.Location {
	l, err := time.LoadLocation(o.Zone)
	if err != nil {
		return time.UTC
	}
	return l
}

// right is the row that makes a person the owner of the company they register.
type right struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	PersonID  uuid.UUID
	Audience  string
	Role      string
	CompanyID *uuid.UUID
	StartsOn  time.Time `gorm:"type:date"`
	GrantedBy *uuid.UUID
	GrantedAt time.Time
	Version   int
}

func (right) TableName() string { return "person_right" }

// record is a kind of row that belongs to a company.
type record interface {
	Site | Contact | Identifier | TradeName | ChangeNotice
}

func first[T any](ctx context.Context, tx pg.Tx, lock bool, where string, args ...any) (row T, err error) {
	q := tx.WithContext(ctx)
	if lock {
		q = q.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	err = q.Where(where, args...).First(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, fault.Missing()
	}
	return row, err
}

func lockCompany(ctx context.Context, tx pg.Tx, id uuid.UUID) (Company, error) {
	c, err := first[Company](ctx, tx, true, "id = ?", id)
	if err != nil {
		return c, fmt.Errorf("open the company: %w", err)
	}
	return c, nil
}

// lockOne opens a record of one company; another company's is not there.
func lockOne[T record](ctx context.Context, tx pg.Tx, company, id uuid.UUID) (T, error) {
	row, err := first[T](ctx, tx, true, "id = ? and company_id = ?", id, company)
	if err != nil {
		return row, fmt.Errorf("open the record: %w", err)
	}
	return row, nil
}

// insert adds a row unless one with its id is there: a form sent twice makes one
// record. made is false when the row was there already and belongs to the company.
func insert[T record](ctx context.Context, tx pg.Tx, row *T, company, id uuid.UUID) (made bool, err error) {
	r := tx.WithContext(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoNothing: true}).Create(row)
	if r.Error != nil {
		return false, fmt.Errorf("add the record: %w", r.Error)
	}
	if r.RowsAffected == 1 {
		return true, nil
	}
	was, err := first[T](ctx, tx, false, "id = ? and company_id = ?", id, company)
	if err != nil {
		return false, fault.New(fault.Conflict, "This form was used before. Open the page again and enter it once more")
	}
	*row = was
	return false, nil
}

func listOf[T record](ctx context.Context, tx pg.Tx, company uuid.UUID, where string) (rows []T, err error) {
	err = tx.WithContext(ctx).Where("company_id = ? and "+where, company).Order("created_at, id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list the records: %w", err)
	}
	return rows, nil
}

func insertCompany(ctx context.Context, tx pg.Tx, c *Company) (made bool, err error) {
	r := tx.WithContext(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoNothing: true}).Create(c)
	if r.Error != nil {
		return false, fmt.Errorf("add the company: %w", r.Error)
	}
	return r.RowsAffected == 1, nil
}

func ownCompany(ctx context.Context, tx pg.Tx, id, person uuid.UUID) (Company, uuid.UUID, error) {
	c, err := first[Company](ctx, tx, false, "id = ? and created_by = ?", id, person)
	if err != nil {
		return c, uuid.Nil, err
	}
	r, err := first[right](ctx, tx, false, "company_id = ? and person_id = ? and ended_at is null", id, person)
	return c, r.ID, err
}

func insertRight(ctx context.Context, tx pg.Tx, r right) error {
	if err := tx.WithContext(ctx).Create(&r).Error; err != nil {
		return fmt.Errorf("make the person owner: %w", err)
	}
	return nil
}

func officeBy(ctx context.Context, tx pg.Tx, code string) (o office, err error) {
	q := tx.WithContext(ctx).Order("parent_id nulls first, code")
	if code != "" {
		q = q.Where("code = ?", code)
	}
	if err := q.Limit(1).Find(&o).Error; err != nil {
		return o, fmt.Errorf("find the office: %w", err)
	}
	if o.ID == uuid.Nil {
		return o, fmt.Errorf("find the office: there is none with code %q", code)
	}
	return o, nil
}

func officeByID(ctx context.Context, tx pg.Tx, id uuid.UUID) (office, error) {
	o, err := first[office](ctx, tx, false, "id = ?", id)
	if err != nil {
		return o, fmt.Errorf("find the office: %w", err)
	}
	return o, nil
}

// standingRow is a Standing as the database gives it.
type standingRow struct {
	Applications []string
	Member       bool
	Asked        []string
}

const standingSQL = `select
  array(select distinct status from application where company_id = $1 and closed_at is null) as applications,
  exists (select from membership where company_id = $1 and status <> 'ended') as member,
  array(select distinct i.part from information_item i join information_request r on r.id = i.request_id
    where i.company_id = $1 and i.answered_at is null and r.answered_at is null and r.cancelled_at is null) as asked`

func (r standingRow) standing() Standing {
	s := Standing{Applications: r.Applications, Member: r.Member}
	for _, a := range r.Asked {
		s.Asked = append(s.Asked, Part(a))
	}
	return s
}

// accountRow is the top of an Account: what there is once, and the few trade names.
type accountRow struct {
	Company
	standingRow
	OfficeName, OfficeZone string
	TradeNames             []TradeName
}

// The keys of the trade names are the fields of TradeName.
const accountSQL = `select c.id, c.name, c.legal_form, c.country, c.registration, c.founded_on, c.employees, c.website, c.phone, c.history,
  c.office_id, c.created_at, c.created_by, c.version, o.name as office_name, o.zone as office_zone, s.applications, s.member, s.asked,
  coalesce((select jsonb_agg(jsonb_build_object('ID', t.id, 'CompanyID', t.company_id, 'Name', t.name, 'CreatedAt', t.created_at, 'Version', t.version)
    order by t.name, t.id) from trade_name t where t.company_id = c.id and t.removed_at is null), '[]') as trade_names
from company c join office o on o.id = c.office_id cross join (` + standingSQL + `) s where c.id = $1`

// noticeSQL reads a notice with the names of those who worked on it.
var noticeSQL = `select n.` + strings.ReplaceAll(noticeColumns, ", ", ", n.") + `, coalesce(p.name, '') as opened_name, coalesce(d.name, '') as decided_name
from change_notice n left join person p on p.id = n.opened_by left join person d on d.id = n.decided_by where n.id = $1`

// accountLists are the lists of an Account, each a document.
type accountLists struct{ Sites, Contacts, Identifiers string }

const accountListsSQL = `select
  coalesce((select jsonb_agg(to_jsonb(s) || jsonb_build_object('closed_on', to_char(s.closed_on, 'YYYY-MM-DD"T00:00:00Z"'))
    order by s.closed_on is not null, s.created_at, s.id) from site s where s.company_id = $1), '[]')::text as sites,
  coalesce((select jsonb_agg(to_jsonb(k) order by not k.is_primary, k.created_at, k.id) from contact k
    where k.company_id = $1 and k.removed_at is null), '[]')::text as contacts,
  coalesce((select jsonb_agg(to_jsonb(i) order by i.scheme, i.created_at, i.id) from company_identifier i
    where i.company_id = $1 and i.removed_at is null), '[]')::text as identifiers`

// accountReads reads an account without its notices in two statements. of is SQL for the
// company's id, of which $1 is id.
func accountReads(top *accountRow, lists *accountLists, of string, id uuid.UUID) []pg.Query {
	about := func(sql string) string { return strings.ReplaceAll(sql, "$1", of) }
	return []pg.Query{pg.One(top, about(accountSQL), id), pg.One(lists, about(accountListsSQL), id)}
}

// account puts together what accountReads has read.
func (r accountRow) account(l accountLists) (a Account, err error) {
	a = Account{Company: r.Company, TradeNames: r.TradeNames, Standing: r.standing(), OfficeName: r.OfficeName, OfficeZone: office{Zone: r.OfficeZone}.location()}
	var err1, err2, err3 error
	a.Sites, err1 = pg.Documents[Site](l.Sites)
	a.Contacts, err2 = pg.Documents[Contact](l.Contacts)
	a.Identifiers, err3 = pg.Documents[Identifier](l.Identifiers)
	return a, errors.Join(err1, err2, err3)
}

// standing reads inside a transaction what Account reads in its batch. The lists
// come as JSON, for database/sql has no arrays.
func standing(ctx context.Context, tx pg.Tx, company uuid.UUID) (Standing, error) {
	var row struct {
		Applications, Asked []byte
		Member              bool
	}
	err := tx.WithContext(ctx).Raw(`select array_to_json(applications) as applications, member, array_to_json(asked) as asked
		from (`+strings.ReplaceAll(standingSQL, "$1", "@company")+`) x`, map[string]any{"company": company}).Scan(&row).Error
	if err != nil {
		return Standing{}, fmt.Errorf("read what relies on the account: %w", err)
	}
	r := standingRow{Member: row.Member}
	if err := errors.Join(json.Unmarshal(row.Applications, &r.Applications), json.Unmarshal(row.Asked, &r.Asked)); err != nil {
		return Standing{}, fmt.Errorf("read what relies on the account: %w", err)
	}
	return r.standing(), nil
}

// programmeOf is the programme that a notice concerns: the one whose clock already
// counted it, else that of the company's oldest live membership, else of its oldest
// application under way, else none.
func programmeOf(ctx context.Context, tx pg.Tx, n ChangeNotice) (code string, err error) {
	err = tx.WithContext(ctx).Raw(`select coalesce(
		(select programme from clock where subject_kind = 'change_notice' and subject_id = ? order by started_at desc, id desc limit 1),
		(select programme from membership where company_id = ? and status <> 'ended' order by created_at, id limit 1),
		(select programme from application where company_id = ? and closed_at is null and status <> 'draft' order by opened_at, id limit 1), '')`,
		n.ID, n.CompanyID, n.CompanyID).Scan(&code).Error
	if err != nil {
		return "", fmt.Errorf("find the programme: %w", err)
	}
	return code, nil
}

// represents reports whether an address belongs to somebody who acts for the
// company as a representative.
func represents(ctx context.Context, tx pg.Tx, company uuid.UUID, email string) (is bool, err error) {
	err = tx.WithContext(ctx).Raw(`select exists (select from person_right r join person p on p.id = r.person_id
		where r.company_id = ? and r.role = 'representative' and r.ended_at is null and lower(p.email) = lower(?))`, company, email).Scan(&is).Error
	if err != nil {
		return false, fmt.Errorf("look for a representative: %w", err)
	}
	return is, nil
}

func elsewhere(ctx context.Context, tx pg.Tx, company uuid.UUID, scheme, value string) (there bool, err error) {
	if err := tx.WithContext(ctx).Raw("select identifier_elsewhere(?, ?, ?)", company, scheme, value).Scan(&there).Error; err != nil {
		return false, fmt.Errorf("look for the number in other accounts: %w", err)
	}
	return there, nil
}

// noteDuplicates leaves a note for the agency about accounts with the same number
// or a like name. Nothing of it is told to the company.
func noteDuplicates(ctx context.Context, tx pg.Tx, now time.Time, company uuid.UUID, scheme, value, name string) error {
	null := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	var n int
	if err := tx.WithContext(ctx).Raw("select note_duplicates(?, ?, ?, ?, ?)", company, null(scheme), null(value), null(name), now).Scan(&n).Error; err != nil {
		return fmt.Errorf("note possible duplicates: %w", err)
	}
	return nil
}

func lockDuplicate(ctx context.Context, tx pg.Tx, id uuid.UUID) (Duplicate, error) {
	return first[Duplicate](ctx, tx, true, "id = ?", id)
}

func settle(ctx context.Context, tx pg.Tx, d Duplicate) error {
	r := tx.WithContext(ctx).Model(&Duplicate{}).Where("id = ? and settled_at is null", d.ID).
		Select("settled_at", "settled_by", "settlement").Updates(&d)
	if r.Error != nil {
		return fmt.Errorf("settle the duplicate: %w", r.Error)
	}
	if r.RowsAffected == 0 {
		return fault.Moved()
	}
	return nil
}

func noticeNumber(ctx context.Context, tx pg.Tx) (n int64, err error) {
	if err := tx.WithContext(ctx).Raw("select nextval('change_notice_number')").Scan(&n).Error; err != nil {
		return 0, fmt.Errorf("number the notice: %w", err)
	}
	return n, nil
}

// dueNotices lists accepted notices whose effective day has come where the
// company's office is.
func dueNotices(ctx context.Context, tx pg.Tx, now time.Time) (rows []ChangeNotice, err error) {
	err = tx.WithContext(ctx).Raw(`select n.id, n.company_id from change_notice n join company c on c.id = n.company_id join office o on o.id = c.office_id
		where n.status = 'accepted' and n.effective_on <= (?::timestamptz at time zone o.zone)::date
		order by n.effective_on, n.decided_at, n.id`, now).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list due notices: %w", err)
	}
	return rows, nil
}

// Value keeps the list as JSON.
func (c Changes) Value() (driver.Value, error) {
	if c == nil {
		return "[]", nil
	}
	b, err := json.Marshal(c)
	return string(b), err
}

// Scan reads the list from JSON.
func (c *Changes) Scan(src any) error {
	switch v := src.(type) {
	case []byte:
		return json.Unmarshal(v, c)
	case string:
		return json.Unmarshal([]byte(v), c)
	}
	return fmt.Errorf("read changes: they are %T", src)
}
