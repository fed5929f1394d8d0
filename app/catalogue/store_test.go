package catalogue_test

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"trustedtrader/app/apptest"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

func TestMain(m *testing.M) { apptest.Run(m) }

func TestSync(t *testing.T) {
	t.Parallel()
	db, clock := apptest.DB(t), apptest.At("2026-03-03T14:00:00Z")
	sync := func(files fstest.MapFS) (*catalogue.Library, error) {
		l, err := catalogue.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		return l, (&catalogue.Service{DB: db, Now: clock.Now, Library: l}).Sync(t.Context())
	}
	all := files(t)
	if _, err := sync(all); err != nil {
		t.Fatal(err)
	}
	if _, err := sync(all); err != nil {
		t.Fatalf("again: %v", err)
	}

	// An edition of an earlier release, whose file is gone, is read from the database.
	later := fstest.MapFS{"eu-aeo/catalogue/saq-2016-6.yaml": {Data: []byte(strings.Replace(sister, "status: published", "status: retired", 1))}}
	l, err := sync(later)
	if err != nil {
		t.Fatal(err)
	}
	e, ok := l.Edition("ctpat", "2023.1")
	if !ok || e.Hash != edition(t, "2023.1").Hash || e.Status != catalogue.Published {
		t.Fatalf("the library has %+v", e)
	}
	if s := e.Form("exporter").Apply(catalogue.Facts{Choices: map[string]string{"9.12.a": "no"}}); s.Criterion("9.13") || !s.Criterion("9.12") {
		t.Error("its conditions do not work")
	}
	var status string
	if err := db.Batch(t.Context(), pg.System, pg.Value(&status, `select status from catalogue_edition where programme = 'eu-aeo'`)); err != nil || status != "retired" {
		t.Errorf("a retired edition is kept as %q, %v", status, err)
	}

	// A published edition never changes, and a draft is not kept.
	for old, want := range map[string]string{"Statement of support": "edition 2020.1 of ctpat was changed after it was published", "status: retired": ""} {
		changed := files(t)
		name := "ctpat/catalogue/2020.1.yaml"
		changed[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(changed[name].Data), old, "status: draft", 1))}
		if old == "Statement of support" {
			changed[name].Data = []byte(strings.Replace(string(files(t)[name].Data), old, "Another statement", 1))
			changed[newest] = &fstest.MapFile{Data: []byte(strings.Replace(string(changed[newest].Data), old, "Another statement", 1))}
		}
		if _, err := sync(changed); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", old, err, want)
		}
	}
	draft, err := catalogue.Read("draft.yaml", []byte(strings.Replace(sister, "status: published", "status: draft", 1)))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), pg.System, func(tx pg.Tx) error { return catalogue.Keep(t.Context(), tx, clock.Now(), draft) })
	if err == nil || !strings.Contains(err.Error(), "is a draft") {
		t.Errorf("a draft: %v", err)
	}
}

// Several replicas may start at once, and cycles begin meanwhile.
func TestKeepAtOnce(t *testing.T) {
	t.Parallel()
	db, clock, e := apptest.DB(t), apptest.At("2026-03-03T14:00:00Z"), edition(t, "2023.1")
	other := *e
	other.Hash = strings.Repeat("0", 64)
	var group sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		group.Go(func() {
			errs[i] = db.Write(t.Context(), pg.System, func(tx pg.Tx) error { return catalogue.Keep(t.Context(), tx, clock.Now(), e) })
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	err := db.Write(t.Context(), pg.System, func(tx pg.Tx) error { return catalogue.Keep(t.Context(), tx, clock.Now(), &other) })
	if err == nil || !strings.Contains(err.Error(), "was changed after it was published") {
		t.Errorf("another text: %v", err)
	}
	var n int
	if err := db.Batch(t.Context(), pg.System, pg.Value(&n, `select count(*)::int from catalogue_edition`)); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// Whoever does not look after the installation sees no catalogues there.
func TestReaders(t *testing.T) {
	t.Parallel()
	s := &catalogue.Service{DB: apptest.DB(t), Now: apptest.At("2026-03-03T14:00:00Z").Now, Library: library(t)}
	for _, role := range append(identity.RolesOf(identity.Staff), identity.Owner) {
		by := identity.Actor{Audience: identity.Staff, Role: role}
		if role == identity.Owner {
			by.Audience = identity.Companies
		}
		list, err := s.List(t.Context(), by)
		v, showing := s.Show(t.Context(), by, "ctpat", "2023.1")
		if may := slices.Contains(catalogue.Readers(), role); may != (err == nil) || may != (showing == nil) {
			t.Errorf("%s: %v, %v", role, err, showing)
		} else if may && (len(list) != 2 || !list[0].InForce || list[1].InForce || v.Before == nil || len(v.Differences) != 6 || v.Counts.Must != 4) {
			t.Errorf("%s sees %d editions, %+v", role, len(list), v.Counts)
		} else if !may && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", role, err)
		}
	}
}

// What the database has must be what was written.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	text := string(edition(t, "2023.1").Canonical())
	for name, x := range map[string]struct{ old, new, reason string }{
		"no JSON":       {"{", "", "read an edition"},
		"unknown key":   {`"previous"`, `"next"`, "unknown field"},
		"another order": {`"valid_from":"2023-01-01"`, `"valid_from": "2023-01-01"`, "is not as it was written"},
		"no day":        {`"2023-01-01"`, `"soon"`, "read an edition"},
		"condition":     {`answers[\"9.12.a\"] != \"no\"`, `answers[`, "edition 2023.1 of ctpat: the condition cannot be used"},
	} {
		if _, err := catalogue.Parse([]byte(strings.Replace(text, x.old, x.new, 1)), catalogue.Published); err == nil || !strings.Contains(err.Error(), x.reason) {
			t.Errorf("%s: %v; want %q", name, err, x.reason)
		}
	}
	if _, err := catalogue.ReadFile("testdata/nothing.yaml"); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// A hundred criteria with thirty conditions cost far less than a page may.
func BenchmarkApply(b *testing.B) {
	var text strings.Builder
	text.WriteString(strings.SplitAfter(sister, "criteria:\n")[0])
	for i := range 100 {
		text.WriteString(strings.ReplaceAll(`  - id: c.NN
    official: false
    level: must
    title: Title
    requirement: Statement.
    applies_to: [aeos]
    sections: [s6]
`, "NN", string(rune('a'+i/26))+string(rune('a'+i%26))))
		if i > 0 && i%3 == 0 {
			prev := i - 1
			text.WriteString(`    when: 'answers["q.` + string(rune('a'+prev/26)) + string(rune('a'+prev%26)) + `"] != "no" && sites > 0'` + "\n")
		}
		text.WriteString(strings.ReplaceAll("    questions: [{id: q.NN, kind: yes_no, text: Is it so}, {id: p.NN, kind: narrative, text: How so}]\n", "NN", string(rune('a'+i/26))+string(rune('a'+i%26))))
	}
	e, err := catalogue.Read("x.yaml", []byte(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	f, facts := e.Form("aeos"), catalogue.Facts{Sites: 3, Country: "DE", Choices: map[string]string{"q.ac": "no"}}
	b.ReportAllocs()
	for b.Loop() {
		f.Apply(facts)
	}
}
