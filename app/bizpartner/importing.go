package bizpartner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// draftLife is how long a file that was read waits for its person, and mostDrafts how many.
const (
	draftLife  = 24 * time.Hour
	mostDrafts = 5
)

// Draft is a file that was read and waits.
type Draft struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	CompanyID uuid.UUID
	PersonID  uuid.UUID
	FileName  string
	Body      string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// TableName is the table that holds drafts.
func (Draft) TableName() string { return "partner_import" }

// body is what a draft keeps.
type body struct {
	SHA256 string
	Rows   []line
}

// Import reads a list of partners, CSV or XLSX, and keeps it for the person to look at; nothing of
// the list changes. Editors may. Invalid with the field "file": it cannot be read.
func (s *Service) Import(ctx context.Context, by identity.Actor, fileName string, content []byte) (d Draft, err error) {
	if err := editor(by); err != nil {
		return d, err
	}
	rows, err := s.readTable(ctx, content)
	if err != nil {
		return d, err
	}
	sum := sha256.Sum256(content)
	text, err := json.Marshal(body{SHA256: hex.EncodeToString(sum[:]), Rows: clean(rows)})
	if err != nil {
		return d, fmt.Errorf("keep the list: %w", err)
	}
	now := s.Now()
	d = Draft{ID: pg.NewID(), CompanyID: by.CompanyID, PersonID: by.PersonID, FileName: entry.Head(fileName, 200), Body: string(text), CreatedAt: now, ExpiresAt: now.Add(draftLife)}
	if d.FileName == "" {
		d.FileName = "partners.csv"
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		_, err := run(ctx, tx, `delete from partner_import where company_id = ? and (expires_at <= ? or id in (
			select id from partner_import where company_id = ? and person_id = ? order by created_at desc, id desc offset ?))`, d.CompanyID, now, d.CompanyID, d.PersonID, mostDrafts-1)
		if err == nil {
			err = add(ctx, tx, &d)
		}
		if err != nil {
			return fmt.Errorf("keep the list: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "business_partner.read_file", Kind: Kind, Company: by.CompanyID, After: map[string]any{"file": d.FileName, "rows": len(rows)}})
	})
	return d, err
}

// clean drops from rows what the database cannot keep; that a cell held it shows as a
// problem of its field, for the text is marked.
func clean(rows []line) []line {
	for i := range rows {
		e := &rows[i].Entry
		for _, f := range []*string{&e.Name, &e.Country, &e.Role, &e.Reference, &e.Contact, &e.Email, &e.Lang, &e.Risk, &e.Identifiers, &e.Notes} {
			*f = strings.ReplaceAll(strings.ToValidUTF8(*f, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return rows
}

// What becomes of a row.
const (
	RowNew     = "new"
	RowChanged = "changed"
	RowSame    = "same"
	RowProblem = "problem"
)

// Row is one row of a list, and what would become of it.
type Row struct {
	Line     int
	What     string
	Partner  Partner // as it would be
	Problems []fault.Field

	was Partner
}

// Preview is a list that waits, and what would become of it.
type Preview struct {
	Draft  Draft
	Rows   []Row
	Counts map[string]int // of rows, by What
}

// Preview says what a list would change. The person who brought it may.
func (s *Service) Preview(ctx context.Context, by identity.Actor, id uuid.UUID) (p Preview, err error) {
	if err := editor(by); err != nil {
		return p, err
	}
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
		p, _, err = s.preview(ctx, tx, by, id)
		return err
	})
	return p, err
}

func (s *Service) preview(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (p Preview, b body, err error) {
	list, err := scan[Draft](ctx, tx, `select id, company_id, person_id, file_name, body::text as body, created_at, expires_at from partner_import
		where id = ? and company_id = ? and person_id = ? and expires_at > ?`, id, by.CompanyID, by.PersonID, s.Now())
	if err != nil {
		return p, b, fmt.Errorf("open the list: %w", err)
	}
	if len(list) == 0 {
		return p, b, fault.Missing()
	}
	p.Draft = list[0]
	if err := json.Unmarshal([]byte(p.Draft.Body), &b); err != nil {
		return p, b, fmt.Errorf("read the list: %w", err)
	}
	there, err := scan[Partner](ctx, tx, `select * from business_partner where company_id = ? and ended_at is null`, by.CompanyID)
	if err != nil {
		return p, b, fmt.Errorf("read the partners: %w", err)
	}
	p.Rows, p.Counts = s.judge(by, b.Rows, there), map[string]int{}
	for _, r := range p.Rows {
		p.Counts[r.What]++
	}
	return p, b, nil
}

func nameKey(p Partner) string { return strings.ToLower(p.Name) + "\x00" + p.Country }

// judge says what would become of each row, beside those that are there.
func (s *Service) judge(by identity.Actor, rows []line, there []Partner) []Row {
	byRef, byName := map[string]Partner{}, map[string]Partner{}
	for _, p := range there {
		if byName[nameKey(p)] = p; p.Reference != "" {
			byRef[strings.ToLower(p.Reference)] = p
		}
	}
	refLine, nameLine := map[string]int{}, map[string]int{}
	out := make([]Row, 0, len(rows))
	for _, l := range rows {
		r := s.judgeOne(by, l, byRef, byName)
		ref := strings.ToLower(r.Partner.Reference)
		if n, twice := refLine[ref]; twice && ref != "" {
			r.Problems = append(r.Problems, fault.F("reference", "Line %d has the same reference", n))
		} else if n, twice := nameLine[nameKey(r.Partner)]; twice {
			r.Problems = append(r.Problems, fault.F("name", "Line %d has the same name and country", n))
		}
		refLine[ref], nameLine[nameKey(r.Partner)] = l.Line, l.Line
		if len(r.Problems) > 0 {
			r.What = RowProblem
		}
		out = append(out, r)
	}
	return out
}

// judgeOne compares a row with the partner that has its reference, or its name and country.
// Cells that are empty leave what is there as it is.
func (s *Service) judgeOne(by identity.Actor, l line, byRef, byName map[string]Partner) Row {
	r := Row{Line: l.Line, What: RowNew}
	in := l.Entry
	was, found := byRef[strings.ToLower(in.Reference)]
	named, sameName := byName[strings.ToLower(in.Name)+"\x00"+in.Country]
	if !found || in.Reference == "" {
		was, found = named, sameName
	} else if sameName && named.ID != was.ID {
		r.Problems = append(r.Problems, fault.F("name", "Two partners on your list fit this row, one by its reference and one by its name"))
	}
	if found {
		r.was, r.Partner, r.What = was, was, RowChanged
		for _, x := range []struct {
			in  *string
			was string
		}{{&in.Role, was.Role}, {&in.Reference, was.Reference}, {&in.Contact, was.Contact}, {&in.Email, was.Email}, {&in.Lang, was.Lang}, {&in.Risk, string(was.Risk)},
			{&in.Identifiers, was.Identifiers}, {&in.Notes, was.Notes}} {
			if *x.in == "" {
				*x.in = x.was
			}
		}
	} else {
		r.Partner = Partner{CompanyID: by.CompanyID, Version: 1}
		if in.Risk == "" {
			in.Risk = string(Medium)
		}
		if in.Role == "" {
			in.Role = "other"
		}
	}
	if err := s.put(in, &r.Partner); err != nil {
		r.Problems = append(r.Problems, fault.Fields(err)...)
	}
	if found && maps.Equal(r.was.said(), r.Partner.said()) {
		r.What = RowSame
	}
	return r
}

// Imported is what an import did.
type Imported struct{ New, Changed, Left int }

// TakeOver adds and changes the partners of the rows of a list that have no problem, all or none of them. The person
// who brought it may. Conflict: the list of partners would be too long.
func (s *Service) TakeOver(ctx context.Context, by identity.Actor, id uuid.UUID) (done Imported, err error) {
	if err := editor(by); err != nil {
		return done, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := hold(ctx, tx, by.CompanyID); err != nil {
			return err
		}
		p, b, err := s.preview(ctx, tx, by, id)
		if err != nil {
			return err
		}
		done = Imported{New: p.Counts[RowNew], Changed: p.Counts[RowChanged], Left: p.Counts[RowProblem]}
		if done.New+done.Changed == 0 {
			return fault.New(fault.Conflict, "There is nothing to take over from this list")
		}
		if err := room(ctx, tx, by.CompanyID, done.New); err != nil {
			return err
		}
		if err := s.apply(ctx, tx, now, by, p.Rows); err != nil {
			return err
		}
		if _, err := run(ctx, tx, `delete from partner_import where id = ?`, id); err != nil {
			return fmt.Errorf("clear the list: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "business_partner.import", Kind: Kind, Company: by.CompanyID,
			After: map[string]any{"file": p.Draft.FileName, "sha256": b.SHA256, "new": done.New, "changed": done.Changed, "left_out": done.Left}})
	})
	return done, twin(err)
}

func (s *Service) apply(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, rows []Row) error {
	var fresh, changed []Partner
	for _, r := range rows {
		switch r.What {
		case RowNew:
			r.Partner.ID, r.Partner.CreatedAt, r.Partner.CreatedBy = pg.NewID(), now, person(by)
			fresh = append(fresh, r.Partner)
		case RowChanged:
			if r.Partner.AssessedOn != nil {
				due := s.Data.next(r.Partner.Risk, *r.Partner.AssessedOn)
				r.Partner.DueOn = &due
			}
			changed = append(changed, r.Partner)
		}
	}
	for part := range slices.Chunk(fresh, 1000) {
		if err := tx.WithContext(ctx).CreateInBatches(part, len(part)).Error; err != nil {
			return fmt.Errorf("add partners: %w", err)
		}
	}
	for part := range slices.Chunk(changed, 1000) {
		var list []map[string]any
		for _, p := range part {
			m := p.said()
			m["id"], m["version"], m["due_on"] = p.ID, p.Version, p.DueOn
			list = append(list, m)
		}
		text, err := json.Marshal(list)
		if err != nil {
			return fmt.Errorf("change partners: %w", err)
		}
		n, err := run(ctx, tx, `update business_partner b set name = w.name, country = w.country, role = w.role, reference = w.reference, contact = w.contact, email = w.email,
				lang = w.language, risk = w.risk, identifiers = w.identifiers, notes = w.notes, due_on = w.due_on, version = b.version + 1
			from jsonb_to_recordset(?::jsonb) as w(id uuid, version int, name text, country text, role text, reference text, contact text, email text, language text,
				risk text, identifiers text, notes text, due_on date) where b.id = w.id and b.version = w.version and b.company_id = ?`, string(text), by.CompanyID)
		if err != nil {
			return fmt.Errorf("change partners: %w", err)
		}
		if int(n) != len(part) {
			return fault.Moved()
		}
	}
	return nil
}
