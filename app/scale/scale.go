// Package scale makes the demo as large as a whole administration, for measuring: each
// company of the demo is copied with new ids, names and numbers, by COPY. Development only.
package scale

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Size is how large the seed becomes. The demo's companies, made through the portal's
// own services, are the patterns; each is copied with new ids, names and numbers, so the
// seed has every state that the portal knows, and keeps it as the portal grows.
type Size struct {
	Open        int  // applications under way, together
	Others      int  // copies of every company that has none
	Specialists int  // copies of every specialist
	Checked     bool // let PostgreSQL check every foreign key: slow, for small seeds
}

// Of is the size with about so many companies: one in twelve has no application under way.
func Of(companies int) Size {
	return Size{Open: companies * 11 / 12, Others: max(1, companies/240), Specialists: 6}
}

// Seeded says what a seed has.
type Seeded struct{ Companies, Applications, Open, Profiles, Answers, Rows, Specialists, Offices int }

// table is one whose rows belong to companies.
type table struct {
	name    string
	columns []string
	ids     []bool // whether a column may hold the id of a row
	rows    map[string][][]string
}

func (t *table) place(column string) int { return slices.Index(t.columns, column) }

// pattern is a company of the demo.
type pattern struct {
	id, name string
	open     bool
	mine     map[string]bool // ids of its rows and of its people
}

// seeder copies patterns. Everything it makes follows from the demo and the scale.
type seeder struct {
	conn        *pgx.Conn
	tables      []*table
	patterns    []*pattern
	specialists map[string]bool // ids of people
	harbor      string          // the office that is split in two
	scale       Size
}

// owners are how the rows of a table are found that belong to a company; the rest have
// company_id.
var owners = map[string]string{
	"company": `select id::text as of_company, t.* from company t`,
	"person": `select (select min(r.company_id::text) from person_right r where r.person_id = t.id) as of_company, t.* from person t
		where exists (select from person_right r where r.person_id = t.id and r.company_id is not null)
		and not exists (select from person_right r where r.person_id = t.id and r.company_id is null)`,
}

// leftOut are tables whose rows tell of work that a copy would do again.
var leftOut = []string{"mail", "possible_duplicate", "business_partner", "partner_import", "partner_consent", "partner_connection", "partner_told", "verification_link", "verification_look",
	"questionnaire", "questionnaire_answer", "questionnaire_entry", "questionnaire_action", "questionnaire_reuse", "consultation", "credential"}

// Up scales the demo in a database up, as its owner.
func Up(ctx context.Context, dsn string, scale Size) (out Seeded, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return out, err
	}
	defer func() { _ = conn.Close(ctx) }()
	s := &seeder{conn: conn, scale: scale, specialists: map[string]bool{}}
	if err := s.read(ctx); err != nil {
		return out, fmt.Errorf("read the demo: %w", err)
	}
	if !scale.Checked {
		// What is copied from rows that fit together fits together; a small seed proves it.
		if _, err := conn.Exec(ctx, `set session_replication_role = replica`); err != nil {
			return out, err
		}
	}
	if out.Specialists, err = s.hire(ctx); err != nil {
		return out, fmt.Errorf("more specialists: %w", err)
	}
	if err := s.enlist(ctx); err != nil {
		return out, fmt.Errorf("more officers: %w", err)
	}
	for _, t := range s.tables {
		n, err := s.whole(ctx, t)
		if err != nil {
			return out, fmt.Errorf("copy into %s: %w", t.name, err)
		}
		out.Rows += n
	}
	n, err := s.profiles(ctx)
	if err != nil {
		return out, fmt.Errorf("security profiles: %w", err)
	}
	out.Rows += n
	if n, err = s.validations(ctx); err != nil {
		return out, fmt.Errorf("validations: %w", err)
	}
	out.Rows += n
	if n, err = s.book(ctx); err != nil {
		return out, fmt.Errorf("calendars of officers: %w", err)
	}
	out.Rows += n
	for _, q := range []string{
		// Nobody is connected with a copy: what happened to copies is no news to anybody.
		`update partner_cursor c set seq = e.last, ahead = e.last from (select coalesce(max(seq), 0) as last from standing_event) e`,
		`select setval('application_number', 1000000)`, `select setval('profile_number', 1000000)`, `select setval('membership_number', 1000000)`, `select setval('validation_number', 1000000)`, `vacuum analyze`,
	} {
		if _, err := conn.Exec(ctx, q); err != nil {
			return out, err
		}
	}
	err = conn.QueryRow(ctx, `select (select count(*) from company), (select count(*) from application),
		(select count(*) from application where closed_at is null and submitted_at is not null), (select count(*) from office),
		(select count(*) from profile_cycle), (select count(*) from profile_answer)`).
		Scan(&out.Companies, &out.Applications, &out.Open, &out.Offices, &out.Profiles, &out.Answers)
	return out, err
}

// read learns the schema and the demo's rows.
func (s *seeder) read(ctx context.Context) error {
	if err := s.conn.QueryRow(ctx, `select id::text from office where code = 'HARBOR'`).Scan(&s.harbor); err != nil {
		return err
	}
	names, err := s.order(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		t := &table{name: name, rows: map[string][][]string{}}
		columns, err := s.list(ctx, `select attname || ' ' || (atttypid in ('uuid'::regtype, 'jsonb'::regtype))::text from pg_attribute
			where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = '' and atttypid <> 'xid8'::regtype
			order by attnum`, name)
		if err != nil {
			return err
		}
		for _, c := range columns {
			column, id, _ := strings.Cut(c, " ")
			t.columns, t.ids = append(t.columns, column), append(t.ids, id == "true")
		}
		from := owners[name]
		if from == "" {
			from = `select company_id::text as of_company, t.* from ` + name + ` t where company_id is not null`
		}
		var b bytes.Buffer
		if _, err := s.conn.PgConn().CopyTo(ctx, &b, `copy (select of_company, `+strings.Join(t.columns, ", ")+` from (`+from+`) rows order by 1, 2) to stdout`); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for line := range strings.Lines(b.String()) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			t.rows[f[0]] = append(t.rows[f[0]], f[1:])
		}
		s.tables = append(s.tables, t)
	}
	list, err := s.list(ctx, `select c.id::text || ' ' || exists (select from application a where a.company_id = c.id and a.closed_at is null
		and a.submitted_at is not null)::text || ' ' || c.name from company c order by c.name, c.id`)
	if err != nil {
		return err
	}
	for _, c := range list {
		f := strings.SplitN(c, " ", 3)
		p := &pattern{id: f[0], open: f[1] == "true", name: f[2], mine: map[string]bool{}}
		for _, t := range s.tables {
			at := t.place("id")
			for _, row := range t.rows[p.id] {
				if at >= 0 {
					p.mine[row[at]] = true
				}
			}
		}
		s.patterns = append(s.patterns, p)
	}
	return nil
}

func (s *seeder) list(ctx context.Context, sql string, args ...any) ([]string, error) {
	rows, err := s.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// order lists the tables so that what is referred to comes first.
func (s *seeder) order(ctx context.Context) ([]string, error) {
	names, err := s.list(ctx, `select c.relname from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
		and (c.relname = any($1) or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped))
		and not c.relname = any($2) order by 1`, []string{"company", "person"}, leftOut)
	if err != nil {
		return nil, err
	}
	pairs, err := s.list(ctx, `select conrelid::regclass::text || ' ' || confrelid::regclass::text from pg_constraint where contype = 'f' and conrelid <> confrelid`)
	if err != nil {
		return nil, err
	}
	needs := map[string][]string{}
	for _, p := range pairs {
		from, to, _ := strings.Cut(p, " ")
		needs[from] = append(needs[from], to)
	}
	var out []string
	var add func(name string)
	add = func(name string) {
		if slices.Contains(out, name) || !slices.Contains(names, name) {
			return
		}
		for _, n := range needs[name] {
			add(n)
		}
		out = append(out, name)
	}
	for _, n := range names {
		add(n)
	}
	return out, nil
}

// hire adds an office and the copies of the specialists; every second half of those of
// the split office works in the new one.
func (s *seeder) hire(ctx context.Context) (int, error) {
	if _, err := s.conn.Exec(ctx, `insert into office (id, code, name, parent_id, zone, calendar, created_at)
		select $1, 'ATLANTIC', 'Atlantic Gate field office', parent_id, zone, calendar, created_at from office where id = $2`,
		CopyOf(s.harbor, 1), s.harbor); err != nil {
		return 0, err
	}
	people, err := s.list(ctx, `select distinct p.id::text from person p join person_right r on r.person_id = p.id
		where r.role = 'specialist' and r.ended_at is null order by 1`)
	if err != nil {
		return 0, err
	}
	for _, id := range people {
		s.specialists[id] = true
		for k := 1; k < s.scale.Specialists; k++ {
			if _, err := s.conn.Exec(ctx, `insert into person (id, issuer, subject, email, email_verified, name, lang, zone, created_at)
				select $1::uuid, issuer, subject || '-' || $3::text, $3::text || '.' || email, email_verified, name || ' ' || $4::text, lang, zone, created_at from person where id = $2::uuid`,
				CopyOf(id, k), id, strconv.Itoa(k), roman[k%len(roman)]); err != nil {
				return 0, err
			}
			if _, err := s.conn.Exec(ctx, `insert into person_right (id, person_id, audience, role, office_id, starts_on, granted_at)
				select $1::uuid, $2::uuid, audience, role, case when office_id = $4::uuid and $5::boolean then $6::uuid else office_id end, starts_on, granted_at
				from person_right where person_id = $3::uuid and role = 'specialist' and ended_at is null`,
				CopyOf(id+"right", k), CopyOf(id, k), id, s.harbor, s.east(k), CopyOf(s.harbor, 1)); err != nil {
				return 0, err
			}
		}
	}
	return len(people) * s.scale.Specialists, nil
}

var roman = []string{"", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"}

// east reports whether a copy belongs to the new office.
func (s *seeder) east(n int) bool { return n%s.scale.Specialists*2 >= s.scale.Specialists }

// copies is how many copies of a pattern are made.
func (s *seeder) copies(p *pattern) int {
	if !p.open {
		return s.scale.Others
	}
	open := 0
	for _, x := range s.patterns {
		if x.open {
			open++
		}
	}
	return (s.scale.Open + open - 1) / open
}

// CopyOf is the id of the nth copy of what has an id.
func CopyOf(id string, n int) string {
	h := sha256.Sum256(strconv.AppendInt([]byte(id), int64(n), 10))
	var u uuid.UUID
	copy(u[:], h[:])
	u[6], u[8] = u[6]&0x0f|0x70, u[8]&0x3f|0x80 // looks like the ids that the portal gives
	return u.String()
}

var uuidText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// whole copies a table past its own triggers, which keep what is finished as it is; those
// of foreign keys work on.
func (s *seeder) whole(ctx context.Context, t *table) (rows int, err error) {
	if _, err := s.conn.Exec(ctx, `alter table `+t.name+` disable trigger user`); err != nil {
		return 0, err
	}
	if rows, err = s.copy(ctx, t); err != nil {
		return rows, err
	}
	_, err = s.conn.Exec(ctx, `alter table `+t.name+` enable trigger user`)
	return rows, err
}

// copy writes every copy of a table's rows in one COPY.
func (s *seeder) copy(ctx context.Context, t *table) (rows int, err error) {
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(w, 1<<20)
		err := s.write(out, t, &rows)
		if err == nil {
			err = out.Flush()
		}
		w.CloseWithError(err)
	}()
	_, err = s.conn.PgConn().CopyFrom(ctx, r, `copy `+t.name+` (`+strings.Join(t.columns, ", ")+`) from stdin`)
	_ = r.CloseWithError(err) // ends the writer when PostgreSQL refuses
	return rows, err
}

func (s *seeder) write(out *bufio.Writer, t *table, rows *int) error {
	for place, p := range s.patterns {
		cells := s.cells(t, p)
		for n := 1; n <= s.copies(p); n++ {
			c := copied{seeder: s, pattern: p, n: n, serial: place*10000 + n, table: t}
			for at, row := range t.rows[p.id] {
				c.row = row
				for i := range row {
					if i > 0 {
						_ = out.WriteByte('\t')
					}
					cells[at][i].write(out, c)
				}
				if err := out.WriteByte('\n'); err != nil {
					return err
				}
				*rows++
			}
		}
	}
	return nil
}

// cell is a value of a pattern's row, taken apart once for all its copies: an id follows on
// each of its texts but the last.
type cell struct {
	texts, ids []string
	vary       func(copied, string) string // nil: only ids differ
}

func (s *seeder) cells(t *table, p *pattern) [][]cell {
	out := make([][]cell, len(t.rows[p.id]))
	for at, row := range t.rows[p.id] {
		out[at] = make([]cell, len(row))
		for i, v := range row {
			x := cell{texts: []string{v}}
			switch vary := varied[t.name+"."+t.columns[i]]; {
			case v == `\N`:
			case vary != nil:
				x.vary = vary
			case t.ids[i]:
				x.texts, x.ids = nil, nil
				from := 0
				for _, found := range uuidText.FindAllStringIndex(v, -1) {
					x.texts, x.ids = append(x.texts, v[from:found[0]]), append(x.ids, v[found[0]:found[1]])
					from = found[1]
				}
				x.texts = append(x.texts, v[from:])
			}
			out[at][i] = x
		}
	}
	return out
}

func (x cell) write(out *bufio.Writer, c copied) {
	if x.vary != nil {
		_, _ = out.WriteString(x.vary(c, x.texts[0]))
		return
	}
	for i, text := range x.texts {
		_, _ = out.WriteString(text)
		if i < len(x.ids) {
			_, _ = out.WriteString(c.id(x.ids[i]))
		}
	}
}

// copied is one copy of a pattern.
type copied struct {
	*seeder
	pattern   *pattern
	n, serial int
	table     *table
	row       []string // the one that is copied, in COPY's text form
}

func (c copied) id(id string) string {
	switch {
	case c.pattern.mine[id]:
		return CopyOf(id, c.n)
	case c.specialists[id] && c.n%c.scale.Specialists > 0:
		return CopyOf(id, c.n%c.scale.Specialists)
	case id == c.harbor && c.east(c.n):
		return CopyOf(id, 1)
	}
	return id
}

// name gives every copy a name of its own, so that searching has something to tell apart.
func (c copied) name(string) string {
	h := sha256.Sum256([]byte(strconv.Itoa(c.serial)))
	_, form, _ := strings.Cut(c.pattern.name, " ")
	if words := strings.Fields(form); len(words) > 0 {
		form = words[len(words)-1]
	}
	return fmt.Sprintf("%s %s %s %s", nameParts[0][int(h[0])%len(nameParts[0])], nameParts[1][int(h[1])%len(nameParts[1])], nameParts[2][int(h[2])%len(nameParts[2])], form)
}

var agreementReference = regexp.MustCompile(`Application: [^\\]+`)

// agreement is what the copy's officer signed: it names the company and the application.
func (c copied) agreement(v string) string {
	v = strings.ReplaceAll(v, c.pattern.name, c.name(""))
	return agreementReference.ReplaceAllStringFunc(v, c.reference)
}

// agreementHash goes with the copy's text.
func (c copied) agreementHash(string) string {
	plain := strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`).Replace(c.agreement(c.row[c.table.place("text")]))
	return fmt.Sprintf("%x", sha256.Sum256([]byte(plain)))
}

// digits counts the serial number into the digits of a number, from the last one on.
func (c copied) digits(v string) string {
	b, left := []byte(v), c.serial
	for i := len(b) - 1; i >= 0 && left > 0; i-- {
		if b[i] >= '0' && b[i] <= '9' {
			left += int(b[i] - '0')
			b[i] = byte('0' + left%10)
			left /= 10
		}
	}
	return string(b)
}

// varied are the columns that differ from copy to copy besides the ids.
var varied = map[string]func(copied, string) string{
	"company.name":    copied.name,
	"trade_name.name": copied.name,
	"person.subject":  func(c copied, v string) string { return v + "-" + strconv.Itoa(c.n) },
	"person.email":    func(c copied, v string) string { return strconv.Itoa(c.n) + "." + v },
	"contact.email":   func(c copied, v string) string { return strconv.Itoa(c.n) + "." + v },
	"invitation.token_hash": func(c copied, v string) string {
		h := sha256.Sum256([]byte(v + strconv.Itoa(c.serial)))
		return fmt.Sprintf(`\\x%x`, h)
	},
	"agreement_signature.text":        copied.agreement,
	"agreement_signature.text_sha256": copied.agreementHash,
	"company_identifier.value":        copied.digits,
	"company_identifier.search_key":   copied.digits,
	// References of one year have six digits: the copies' begin with 1 to 9.
	"application.reference":      copied.reference,
	"change_notice.reference":    copied.reference,
	"membership.number":          copied.reference,
	"profile_cycle.reference":    copied.reference,
	"validation.reference":       copied.reference,
	"finding.reference":          copied.reference,
	"incident.reference":         copied.reference,
	"enforcement_case.reference": copied.reference,
	"appeal.reference":           copied.reference,
	"change_case.reference":      copied.reference,
	"claim.reference":            copied.reference,
	"evidence_version.blob_key":  func(c copied, v string) string { return v + "-" + strconv.Itoa(c.serial) },
}

func (c copied) reference(v string) string {
	at := strings.LastIndexByte(v, '-') + 1
	serial, err := strconv.Atoi(v[at:])
	if err != nil {
		return v + "-" + strconv.Itoa(c.serial)
	}
	return v[:at] + fmt.Sprintf("%06d", 1000+serial*1000+c.n)
}

var nameParts = [3][]string{
	{"Amber", "Anchor", "Aster", "Birch", "Boreal", "Bright", "Cedar", "Cobalt", "Coral", "Crescent", "Delta", "Eastern", "Ember", "Falcon", "First", "Garnet", "Golden",
		"Granite", "Heron", "Indigo", "Iron", "Juniper", "Keystone", "Lakeshore", "Laurel", "Maple", "Marine", "Noble", "Northern", "Oak", "Olive", "Orchid", "Pacific",
		"Pine", "Quartz", "Raven", "River", "Sable", "Scarlet", "Sierra", "Silver", "Sterling", "Summit", "Tamarack", "Teal", "Union", "Valley", "Velvet", "Western", "Willow"},
	{"Arch", "Bay", "Bridge", "Brook", "Canyon", "Cape", "Cliff", "Coast", "Cove", "Crest", "Dale", "Falls", "Field", "Ford", "Forge", "Gate", "Glen", "Grove", "Harbor",
		"Haven", "Hill", "Isle", "Junction", "Lake", "Landing", "March", "Meadow", "Mill", "Mountain", "Park", "Pass", "Peak", "Point", "Prairie", "Range", "Ridge",
		"Rock", "Shore", "Spring", "Stone", "Strait", "Stream", "Terrace", "Trail", "View", "Vista", "Ward", "Wharf", "Wood", "Yard"},
	{"Apparel", "Automotive", "Cargo", "Ceramics", "Chemicals", "Components", "Cosmetics", "Electronics", "Export", "Foods", "Forwarding", "Freight", "Furniture", "Glass",
		"Hardware", "Imports", "Instruments", "Leather", "Logistics", "Lumber", "Machinery", "Medical", "Metals", "Minerals", "Optics", "Packaging", "Paper", "Parts",
		"Plastics", "Produce", "Seafood", "Shipping", "Steel", "Supply", "Systems", "Textiles", "Tools", "Toys", "Trading", "Transport"},
}
