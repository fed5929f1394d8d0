package catalogue_test

import (
	"os"
	"testing"
	"time"

	"trustedtrader/app/catalogue"
)

func library(t testing.TB) *catalogue.Library {
	t.Helper()
	l, err := catalogue.Load(os.DirFS("testdata"))
	if err != nil {
		t.Fatalf("load:\n%v", err)
	}
	return l
}

func edition(t testing.TB, id string) *catalogue.Edition {
	t.Helper()
	e, ok := library(t).Edition("ctpat", id)
	if !ok {
		t.Fatalf("no edition %q", id)
	}
	return e
}

func TestLibrary(t *testing.T) {
	t.Parallel()
	l := library(t)
	for day, want := range map[string]string{"2019-12-31": "", "2020-06-01": "", "2022-12-31": "", "2023-01-01": "2023.1", "2030-01-01": "2023.1"} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := l.InForce("ctpat", at)
		if ok != (want != "") || ok && got.ID != want {
			t.Errorf("%s: in force %v; want %q (retired editions open nothing)", day, got, want)
		}
	}
	list := l.Editions("ctpat")
	if len(list) != 2 || list[0].ID != "2020.1" || list[1].ID != "2023.1" {
		t.Errorf("editions %v; want the oldest first", list)
	}
	if _, ok := l.Edition("ctpat", "1999"); ok {
		t.Error("finds an edition that does not exist")
	}
	if got := l.Editions("nothing"); len(got) != 0 {
		t.Error("a programme without editions has some")
	}
	for _, e := range list {
		if len(e.Hash) != 64 {
			t.Errorf("%s: hash %q", e.ID, e.Hash)
		}
		again, err := catalogue.Parse(e.Canonical(), e.Status)
		if err != nil {
			t.Fatalf("%s: %v", e.ID, err)
		}
		if again.Hash != e.Hash || string(again.Canonical()) != string(e.Canonical()) {
			t.Errorf("%s is another after it was kept and read", e.ID)
		}
		text, err := e.WriteYAML()
		if err != nil {
			t.Fatal(err)
		}
		if again, err = catalogue.Read(e.ID+".yaml", text); err != nil {
			t.Fatalf("%s: %v", e.ID, err)
		} else if again.Hash != e.Hash || again.Status != e.Status {
			t.Errorf("%s is another after it was written as YAML and read", e.ID)
		}
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	f := edition(t, "2023.1").Form("exporter")
	if len(f.Criteria) != 7 || !f.Triggers("9.12.a") || f.Triggers("1.1.a") {
		t.Errorf("%d criteria", len(f.Criteria))
	}
	for name, x := range map[string]struct {
		facts     catalogue.Facts
		not, show []string
	}{
		"nothing answered": {catalogue.Facts{}, []string{"9.12.b", "9.14", "9.14.a", "EXP-01", "EXP-01.a"}, []string{"9.12", "9.13", "9.13.a", "1.1", "1.1.b"}},
		"cameras": {catalogue.Facts{Sites: 2, Countries: []string{"US"}, Choices: map[string]string{"9.12.a": "yes", "9.13.a": "yes", "9.14.a": "yes"}},
			nil, []string{"9.12.b", "9.13", "9.14", "9.14.b", "EXP-01.b"}},
		"one site": {catalogue.Facts{Sites: 1, Choices: map[string]string{"9.12.a": "yes", "9.13.a": "yes", "9.14.a": "yes"}}, []string{"9.14.b"}, []string{"9.14.a"}},
		"what is hidden does not speak": {catalogue.Facts{Choices: map[string]string{"9.12.a": "no", "9.13.a": "yes"}},
			[]string{"9.12.b", "9.13", "9.13.a", "9.14", "9.14.a"}, []string{"9.12.a"}},
	} {
		s := f.Apply(x.facts)
		shows := func(id string) bool { return s.Criterion(id) || s.Question(id) }
		for _, id := range x.not {
			if shows(id) {
				t.Errorf("%s: %s counts", name, id)
			}
		}
		for _, id := range x.show {
			if !shows(id) {
				t.Errorf("%s: %s does not count", name, id)
			}
		}
	}
	if s := (catalogue.Shown{}); s.Criterion("1.1") || s.Question("1.1.a") {
		t.Error("the zero value shows something")
	}
	if none := edition(t, "2023.1").Form("stranger"); none == nil || len(none.Criteria) != 0 {
		t.Error("a kind that the edition does not know is asked something")
	}
}
