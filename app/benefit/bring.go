package benefit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/table"
)

// open reads a file with the limits of an import. The heading is the first row that has the
// required columns, for reports begin with a title.
func (s *Service) open(file io.Reader, l Layout, mapping map[string]string) (*table.Table, error) {
	fields := l.Fields()
	return table.Open(file, table.Options{Bytes: MostBytes, Rows: MostRows, Columns: mostColumns, Cell: mostCell, Unpacked: mostSheet,
		Heading: func(cells []string) bool { return len(table.Match(cells, fields, mapping).Missing(fields)) == 0 }})
}

// Bring stores a file of a kind of report and reads its heading; nothing counts yet. Editors
// may. Invalid: no such kind (layout), or a file that cannot be read (file). Conflict: too
// many wait already.
func (s *Service) Bring(ctx context.Context, by identity.Actor, layout, fileName string, file io.Reader) (i Import, err error) {
	if err := mayEdit(by); err != nil {
		return i, err
	}
	l, ok := s.Data.Layout(layout)
	switch {
	case !ok:
		return i, fault.Fail([]fault.Field{fault.F("layout", "Choose what kind of report it is")})
	case file == nil:
		return i, fault.Fail([]fault.Field{fault.F("file", "Choose a file")})
	}
	if err := s.sweep(ctx, by); err != nil {
		return i, err
	}
	o, err := s.Evidence.Spool(ctx, by, file, MostBytes)
	if err != nil {
		return i, err
	}
	i = Import{ID: pg.NewID(), CompanyID: by.CompanyID, Layout: l.Code, FileName: cleanName(fileName), SHA256: o.SHA256, Size: o.Size, BlobKey: o.Name, Status: Draft,
		Bringer: entry.Head(by.Name, 200), BroughtAt: s.Now(), Version: 1}
	if err = s.first(ctx, by, l, &i); err == nil {
		err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error { return s.keep(ctx, tx, by, i) })
	}
	if err != nil {
		return i, errors.Join(err, s.Evidence.Unspool(ctx, o.Name))
	}
	return i, nil
}

func cleanName(name string) string {
	name = entry.Head(entry.Clean(name[strings.LastIndexAny(name, `/\`)+1:]), 200)
	if name == "" {
		return "report.csv"
	}
	return name
}

// first reads the heading and the first row, and guesses the mapping.
func (s *Service) first(ctx context.Context, by identity.Actor, l Layout, i *Import) error {
	saved := []struct{ Mapping string }{}
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&saved, `select mapping::text as mapping from benefit_mapping where company_id = $1 and layout = $2`, by.CompanyID, l.Code)); err != nil {
		return fmt.Errorf("read the saved mapping: %w", err)
	}
	mapping := map[string]string{}
	for _, m := range saved {
		if err := json.Unmarshal([]byte(m.Mapping), &mapping); err != nil {
			return fmt.Errorf("read the saved mapping: %w", err)
		}
	}
	in, err := s.Evidence.OpenSpooled(ctx, by.Scope(), by.CompanyID, i.BlobKey)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it is only read
	t, err := s.open(in, l, mapping)
	if err != nil {
		return err
	}
	defer t.Close() //nolint:errcheck // it is only read
	row, err := t.Next()
	if err != nil {
		return err
	}
	columns := table.Match(t.Heading(), l.Fields(), mapping)
	guess, headings := map[string]string{}, []Heading{}
	for n, name := range t.Heading() {
		headings = append(headings, Heading{name, entry.Head(row.Cell(n), 40)})
		guess[table.Word(name)] = ""
	}
	for field, at := range columns {
		guess[table.Word(t.Heading()[at])] = field
	}
	i.Heading, i.Mapping = asJSON(headings), asJSON(guess)
	return nil
}

// asJSON writes what always can be written.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("write JSON: " + err.Error())
	}
	return string(b)
}

func (s *Service) keep(ctx context.Context, tx pg.Tx, by identity.Actor, i Import) error {
	db := tx.WithContext(ctx)
	if err := db.Exec(`select pg_advisory_xact_lock(hashtextextended('benefit ' || ?::text, 0))`, by.CompanyID.String()).Error; err != nil {
		return fmt.Errorf("wait for a colleague: %w", err)
	}
	var open int
	if err := db.Raw(`select count(*) from benefit_import where company_id = ? and status in ('draft', 'waiting', 'working', 'stopped')`, by.CompanyID).Scan(&open).Error; err != nil {
		return fmt.Errorf("count the imports: %w", err)
	}
	if open >= mostOpen {
		return fault.New(fault.Conflict, "%d files wait already. Take them over or drop them first", open)
	}
	err := db.Exec(`insert into benefit_import (id, company_id, layout, file_name, sha256, size, blob_key, heading, mapping, status, brought_by, bringer, brought_at)
		values (?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?, ?, ?, ?)`, i.ID, i.CompanyID, i.Layout, i.FileName, i.SHA256, i.Size, i.BlobKey, i.Heading, i.Mapping, i.Status, by.PersonID, i.Bringer, i.BroughtAt).Error
	if err != nil {
		return fmt.Errorf("keep the import: %w", err)
	}
	return audit.Record(ctx, tx, i.BroughtAt, by, audit.Event{Action: "benefit_import.bring", Kind: ImportKind, Subject: i.ID, Company: i.CompanyID,
		After: map[string]any{"file": i.FileName, "report": i.Layout, "sha256": i.SHA256}})
}

// sweep drops the company's drafts that nobody went on with.
func (s *Service) sweep(ctx context.Context, by identity.Actor) error {
	var old []Import
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&old, importSQL+` where company_id = $1 and status = 'draft' and brought_at < $2 limit 20`, by.CompanyID, s.Now().Add(-draftLife))); err != nil {
		return fmt.Errorf("look for old drafts: %w", err)
	}
	for _, i := range old {
		if err := s.drop(ctx, by, i); err != nil && fault.KindOf(err) != fault.Conflict {
			return err
		}
	}
	return nil
}

// Drop forgets an import that was not taken over, and its file. Editors may.
func (s *Service) Drop(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	if err := mayEdit(by); err != nil {
		return err
	}
	i, _, err := s.Import(ctx, by, id)
	if err != nil {
		return err
	}
	i.Version = version
	return s.drop(ctx, by, i)
}

func (s *Service) drop(ctx context.Context, by identity.Actor, i Import) error {
	err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var done bool
		if err := tx.WithContext(ctx).Raw(`select benefit_forget(?, ?)`, i.ID, i.Version).Scan(&done).Error; err != nil {
			return fmt.Errorf("drop the import: %w", err)
		}
		if !done {
			return fault.Moved()
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "benefit_import.drop", Kind: ImportKind, Subject: i.ID, Company: i.CompanyID, Before: map[string]any{"file": i.FileName, "report": i.Layout}})
	})
	if err != nil {
		return err
	}
	return s.Evidence.Unspool(ctx, i.BlobKey)
}

// Plan is an import whose columns are mapped or are to be.
type Plan struct {
	Import   Import
	Layout   Layout
	Headings []Heading
	Fields   []string // for each heading the field, "" if the column is left out
	Missing  []Column // required columns that no heading is
}

// Plan reads the mapping of an import that was not taken over. Editors may.
func (s *Service) Plan(ctx context.Context, by identity.Actor, id uuid.UUID) (p Plan, err error) {
	if err := mayEdit(by); err != nil {
		return p, err
	}
	if p.Import, _, err = s.Import(ctx, by, id); err != nil {
		return p, err
	}
	if p.Import.Status != Draft {
		return p, fault.New(fault.Conflict, "This import has been taken over or stopped")
	}
	var ok bool
	if p.Layout, ok = s.Data.Layout(p.Import.Layout); !ok {
		return p, fault.New(fault.Conflict, "The portal does not know this kind of report any more. Drop the import and bring the file again")
	}
	mapping, err := p.Import.mapping()
	if err != nil {
		return p, err
	}
	if p.Headings, err = p.Import.headings(); err != nil {
		return p, err
	}
	found := map[string]bool{}
	for _, h := range p.Headings {
		field := mapping[table.Word(h.Name)]
		p.Fields = append(p.Fields, field)
		found[field] = true
	}
	for _, c := range p.Layout.Columns {
		if c.Required && !found[c.Name] {
			p.Missing = append(p.Missing, c)
		}
	}
	return p, nil
}

// Map says which field each column is, in the order of the headings, "" for one that is left
// out; it is kept for the company's next file of this kind. Editors may. Invalid, about
// "column-N" or as a whole: a required field is missing or stands twice.
func (s *Service) Map(ctx context.Context, by identity.Actor, id uuid.UUID, version int, fields []string) error {
	p, err := s.Plan(ctx, by, id)
	if err != nil {
		return err
	}
	mapping, err := p.take(fields)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		db, now, text := tx.WithContext(ctx), s.Now(), asJSON(mapping)
		r := db.Exec(`update benefit_import set mapping = ?::jsonb, mapped = true, version = version + 1 where id = ? and company_id = ? and version = ? and status = 'draft'`, text, id, by.CompanyID, version)
		if r.Error != nil {
			return fmt.Errorf("map the columns: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return fault.Moved()
		}
		err := db.Exec(`insert into benefit_mapping (company_id, layout, mapping, saved_at) values (?, ?, ?::jsonb, ?)
			on conflict (company_id, layout) do update set mapping = excluded.mapping, saved_at = excluded.saved_at`, by.CompanyID, p.Layout.Code, text, now).Error
		if err != nil {
			return fmt.Errorf("save the mapping: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "benefit_import.map", Kind: ImportKind, Subject: id, Company: by.CompanyID, After: mapping})
	})
}

// take checks a mapping.
func (p Plan) take(fields []string) (mapping map[string]string, err error) {
	var c entry.Check
	if len(fields) != len(p.Headings) {
		return nil, fault.Moved()
	}
	mapping, at := map[string]string{}, map[string]string{}
	for n, field := range fields {
		name := ColumnField(n)
		switch {
		case field != "" && p.Layout.column(field) < 0:
			c.Add(name, "Choose what the column is, or leave it out")
			continue
		case field != "" && at[field] != "":
			c.Add(name, "Two columns are the same. Choose another, or leave one out")
		}
		mapping[table.Word(p.Headings[n].Name)] = field
		at[field] = name
	}
	for _, col := range p.Layout.Columns {
		if col.Required && at[col.Name] == "" {
			c.Add(ColumnField(0), "No column is %q. Choose it for one of them", col.Label)
		}
	}
	return mapping, c.Err()
}

// ColumnField is the name of the form's field for a column.
func ColumnField(n int) string { return fmt.Sprintf("column-%d", n) }
