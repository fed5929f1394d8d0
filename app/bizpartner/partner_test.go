package bizpartner_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/uuid"

	"trustedtrader/app/bizpartner"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
)

func TestPartners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.add(w.ann, "Fábrica Uno")
	for name, in := range map[string]func(*bizpartner.Entry){
		"no name": func(e *bizpartner.Entry) { e.Name = " " }, "no country": func(e *bizpartner.Entry) { e.Country = "ZZ" }, "odd role": func(e *bizpartner.Entry) { e.Role = "spy" },
		"odd risk": func(e *bizpartner.Entry) { e.Risk = "" }, "odd mail": func(e *bizpartner.Entry) { e.Email = "x" }, "odd language": func(e *bizpartner.Entry) { e.Lang = "xx" },
		"long notes": func(e *bizpartner.Entry) { e.Notes = strings.Repeat("x", 4001) }, "hidden sign": func(e *bizpartner.Entry) { e.Name = "a\u202Eb" },
		"same name and country": func(e *bizpartner.Entry) { e.Name = "fábrica uno" },
	} {
		e := entryOf("Another")
		in(&e)
		_, err := w.s.Add(w.Ctx, w.ann, e)
		w.Want(name, err, fault.Invalid)
	}
	for name, by := range map[string]identity.Actor{"a reader": w.reader} {
		_, err := w.s.Add(w.Ctx, by, entryOf("X"))
		w.Want(name, err, fault.Forbidden)
	}
	for name, by := range map[string]identity.Actor{"the agency": w.Sam, "nobody": {}} {
		_, err := w.s.Add(w.Ctx, by, entryOf("X"))
		w.Want(name, err, fault.NotFound)
		_, err = w.s.List(w.Ctx, by, bizpartner.Filter{})
		w.Want(name+" lists", err, fault.NotFound)
	}
	again, err := w.s.Add(w.Ctx, w.ann, bizpartner.Entry{ID: p.ID, Name: "Sent twice", Country: "MX", Role: "other", Risk: "low"})
	if err != nil || again.Name != p.Name {
		t.Errorf("sent twice: %v %v", again.Name, err)
	}

	e := entryOf("Fábrica Uno")
	e.Notes, e.Version = "New gate", p.Version
	_, err = w.s.Change(w.Ctx, w.bob, p.ID, e)
	w.Want("another company", err, fault.NotFound)
	_, err = w.s.Open(w.Ctx, w.bob, p.ID)
	w.Want("another company reads", err, fault.NotFound)
	_, err = w.s.Open(w.Ctx, w.ann, uuid.New())
	w.Want("not there", err, fault.NotFound)
	p2, err := w.s.Change(w.Ctx, w.ann, p.ID, e)
	w.Must(err)
	_, err = w.s.Change(w.Ctx, w.ann, p.ID, e)
	w.Want("an old page", err, fault.Conflict)
	w.Want("end without reason", w.s.End(w.Ctx, w.ann, p.ID, bizpartner.EndEntry{Version: p2.Version}), fault.Invalid)
	w.Must(w.s.End(w.Ctx, w.ann, p.ID, bizpartner.EndEntry{Version: p2.Version, Reason: "Moved away"}))
	_, err = w.s.Change(w.Ctx, w.ann, p.ID, e)
	w.Want("change an ended one", err, fault.Conflict)
	r, err := w.s.Open(w.Ctx, w.reader, p.ID)
	if err != nil || r.Partner.EndReason != "Moved away" || len(r.Past) != 3 {
		t.Errorf("%+v %v", r, err)
	}
	w.add(w.ann, "Fábrica Uno") // it may come back
	if n := w.Count(`select count(*)::int from audit_event where action like 'business_partner.%' and company_id = $1`, w.ann.CompanyID); n != 4 {
		t.Errorf("%d events", n)
	}
}

func TestTenThousandPartners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(`insert into business_partner (company_id, name, country, role, reference, risk, created_at) select ?, 'Partner ' || lpad(n::text, 5, '0'), 'MX', 'supplier', 'R' || n, case when n % 10 = 0 then 'high' else 'low' end, now()
		from generate_series(1, 10000) n`, w.ann.CompanyID)
	start := time.Now()
	l, err := w.s.List(w.Ctx, w.ann, bizpartner.Filter{Page: 200})
	w.Must(err)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("a page took %v", took)
	}
	if l.Total != 10000 || l.Pages() != 200 || len(l.Items) != 50 || l.Items[49].Name != "Partner 10000" || l.Counts[bizpartner.ShowOverdue] != 1000 {
		t.Errorf("%d %d %d %v", l.Total, l.Pages(), len(l.Items), l.Counts)
	}
	l, err = w.s.List(w.Ctx, w.ann, bizpartner.Filter{Query: "r777", Risk: "low"})
	if err != nil || l.Total != 11-1 { // 777, 7771 to 7779; 7770 is high
		t.Errorf("%d %v", l.Total, err)
	}
	if l, err = w.s.List(w.Ctx, w.ann, bizpartner.Filter{Query: "100%_"}); err != nil || l.Total != 0 {
		t.Errorf("signs of the search: %d %v", l.Total, err)
	}
	_, err = w.s.Add(w.Ctx, w.ann, entryOf("One more"))
	w.Want("a full list", err, fault.Conflict)
	if l, err = w.s.List(w.Ctx, w.bob, bizpartner.Filter{}); err != nil || l.Total != 0 || l.Counts[bizpartner.ShowAll] != 0 {
		t.Errorf("bob sees %d %v", l.Total, err)
	}
	d, err := w.s.Desk(w.Ctx, w.Sam, w.ann.CompanyID, bizpartner.Filter{})
	if err != nil || d.Total != 10000 || d.Company != "Ann Imports LLC" {
		t.Errorf("the desk: %d %v", d.Total, err)
	}
	_, err = w.s.Desk(w.Ctx, w.ann, w.ann.CompanyID, bizpartner.Filter{})
	w.Want("the desk for a company", err, fault.NotFound)
	_, err = w.s.Desk(w.Ctx, w.Admin, w.ann.CompanyID, bizpartner.Filter{})
	w.Want("the desk for an administrator", err, fault.NotFound)
}

func TestImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.add(w.ann, "Fábrica Uno")
	file := "Vendor;País;Type;Vendor ID;Contact e-mail;Risk level;Remarks\r\n" +
		"Fábrica Uno;México;Factory;V-1;;;Second gate\r\n" + // there, by name and country
		"Dos SA;mx;carrier;V-2;dos@mx.example;H;=1+1\r\n" +
		"'=cmd|' /C calc'!A0;US;;V-3;;low;\r\n" +
		";;;;;;\r\n" +
		"Tres;Atlantis;carrier;;;;\r\n" +
		"Cuatro;US;spy;;x;;\r\n" +
		"Otra;US;broker;v-2;;;\r\n" +
		"dos sa;MX;broker;V-9;;;\r\n"
	ctx := w.Ctx
	d, err := w.s.Import(ctx, w.ann, "list.csv", []byte(strings.ReplaceAll(file, "México", "Mexico")))
	w.Must(err)
	p, err := w.s.Preview(ctx, w.ann, d.ID)
	w.Must(err)
	if p.Counts[bizpartner.RowNew] != 2 || p.Counts[bizpartner.RowChanged] != 1 || p.Counts[bizpartner.RowProblem] != 4 {
		t.Fatalf("%v %+v", p.Counts, p.Rows)
	}
	if r := p.Rows[4]; r.Line != 7 || len(r.Problems) != 2 {
		t.Errorf("line of a bad row: %+v", r)
	}
	for name, by := range map[string]identity.Actor{"another company": w.bob, "a colleague": func() identity.Actor { c := w.ann; c.PersonID = w.bob.PersonID; return c }()} {
		_, err = w.s.Preview(ctx, by, d.ID)
		w.Want(name, err, fault.NotFound)
	}
	done, err := w.s.TakeOver(ctx, w.ann, d.ID)
	if err != nil || done != (bizpartner.Imported{New: 2, Changed: 1, Left: 4}) {
		t.Fatalf("%+v %v", done, err)
	}
	_, err = w.s.TakeOver(ctx, w.ann, d.ID)
	w.Want("twice", err, fault.NotFound)
	if got := w.Text(`select role || '/' || reference || '/' || risk || '/' || notes || '/' || email from business_partner where id = $1`, old.ID); got != "manufacturer/V-1/high/Second gate/factory@mx.example" {
		t.Errorf("a changed one: %s", got)
	}
	if got := w.Text(`select notes || '/' || risk from business_partner where name = 'Dos SA'`); got != "=1+1/high" {
		t.Errorf("a cell that begins a formula: %s", got)
	}

	// What goes out is no formula, and comes in again as it was.
	b, err := w.s.Export(ctx, w.ann)
	w.Must(err)
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\uFEFF")))).ReadAll()
	w.Must(err)
	for _, r := range rows {
		for _, c := range r {
			if strings.HasPrefix(c, "=") || strings.HasPrefix(c, "+") || strings.HasPrefix(c, "@") || strings.HasPrefix(c, "-") {
				t.Errorf("a formula: %q", c)
			}
		}
	}
	if d, err = w.s.Import(ctx, w.ann, "", b); err != nil {
		t.Fatal(err)
	}
	p, err = w.s.Preview(ctx, w.ann, d.ID)
	if err != nil || p.Counts[bizpartner.RowSame] != 3 || len(p.Rows) != 3 {
		t.Errorf("the export comes back: %v %v", p.Counts, err)
	}
	_, err = w.s.TakeOver(ctx, w.ann, d.ID)
	w.Want("nothing to take over", err, fault.Conflict)
	w.Clock.Move(25 * time.Hour)
	_, err = w.s.Preview(ctx, w.ann, d.ID)
	w.Want("after a day", err, fault.NotFound)
}

func TestImportOfBadFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var many strings.Builder
	many.WriteString("name,country\n")
	for i := range bizpartner.MostRows + 1 {
		fmt.Fprintf(&many, "P%d,US\n", i)
	}
	for name, content := range map[string][]byte{
		"empty": nil, "no heading": []byte("a,b\n1,2\n"), "no rows": []byte("name,country\n"), "too large": bytes.Repeat([]byte("x"), bizpartner.MostBytes+1),
		"a workbook": []byte("PK\x03\x04..."), "an old workbook": []byte("\xd0\xcf\x11\xe0"), "a PDF": []byte("%PDF-1.7"), "NUL": []byte("name,country\na\x00,US\n"),
		"a broken quote": []byte("name,country\n\"a,US\n"), "too many rows": []byte(many.String()),
	} {
		_, err := w.s.Import(w.Ctx, w.ann, "x.csv", content)
		w.Want(name, err, fault.Invalid)
	}
	_, err := w.s.Import(w.Ctx, w.reader, "x.csv", []byte("name,country\na,US\n"))
	w.Want("a reader", err, fault.Forbidden)

	utf16le := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune("name\tcountry\nŁódź Meble\tPL\n")) {
		utf16le = append(utf16le, byte(u), byte(u>>8))
	}
	for name, x := range map[string]struct {
		content []byte
		want    string
	}{
		"UTF-8 with mark": {[]byte("\uFEFFName,Country\n\"Žluť, s.r.o.\",CZ\n"), "Žluť, s.r.o."},
		"UTF-16":          {utf16le, "Łódź Meble"},
		"Windows-1252":    {[]byte("name;country\nMarqu\xe9s & C\xeda;ES\n"), "Marqués & Cía"},
		"short row":       {[]byte("country,name,risk\nUS,Short\n"), "Short"},
	} {
		d, err := w.s.Import(w.Ctx, w.ann, "x.csv", x.content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, err := w.s.Preview(w.Ctx, w.ann, d.ID)
		w.Must(err)
		if r := p.Rows[0]; r.What != bizpartner.RowNew || r.Partner.Name != x.want {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if n := w.Count(`select count(*)::int from partner_import where company_id = $1`, w.ann.CompanyID); n > 5 {
		t.Errorf("%d lists wait", n)
	}
	// Five thousand rows go in at once.
	d, err := w.s.Import(w.Ctx, w.ann, "x.csv", []byte(strings.TrimSuffix(many.String(), fmt.Sprintf("P%d,US\n", bizpartner.MostRows))))
	w.Must(err)
	done, err := w.s.TakeOver(w.Ctx, w.ann, d.ID)
	if err != nil || done.New != bizpartner.MostRows {
		t.Errorf("%+v %v", done, err)
	}
}
