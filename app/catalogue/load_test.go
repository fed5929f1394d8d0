package catalogue_test

import (
	"fmt"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"trustedtrader/app/catalogue"
)

const newest = "ctpat/catalogue/2023.1.yaml"

// files are the test's editions, with kinds of members and a sister programme beside them.
func files(t testing.TB) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{
		"ctpat/entity_types.yaml":           {Data: []byte("entity_types: [{code: importer}, {code: exporter}, {code: sea_carrier}]\n")},
		"ctpat/catalogue/README.md":         {Data: []byte("about the editions\n")},
		"schema/catalogue.json":             {Data: []byte("no programme\n")},
		"eu-aeo/catalogue/saq-2016-6.yaml":  {Data: []byte(sister)},
		"eu-aeo/catalogue/.saq-2016-6.yaml": {Data: []byte("an editor's rest\n")},
	}
	for _, name := range []string{"ctpat/catalogue/2020.1.yaml", newest} {
		content, err := os.ReadFile(path.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &fstest.MapFile{Data: content}
	}
	return out
}

const sister = `programme: eu-aeo
edition: saq-2016-6
status: published
valid_from: 2016-01-01
title: Self-assessment
source: {title: SAQ, rights: Restated}
sections: [{id: s6, title: Security}]
criteria:
  - id: 6.7.1
    official: true
    level: must
    title: Partners
    requirement: Know them.
    applies_to: [aeos]
    sections: [s6]
    questions: [{id: 6.7.1.a, kind: narrative, text: How so}]
`

func TestProblems(t *testing.T) {
	t.Parallel()
	if l, err := catalogue.Load(files(t)); err != nil {
		t.Fatalf("the files as they are:\n%v", err)
	} else if w := l.Warnings(); len(w) != 2 || !strings.Contains(w[1].String(), newest+":7: ") || !strings.Contains(w[1].String(), "no translation into \"es\"") {
		t.Errorf("warnings: %v", w)
	}
	for name, x := range map[string]struct{ old, new, at, reason string }{
		"not YAML":                  {"criteria:", "criteria: [", "", "this is not YAML"},
		"unknown key":               {"status: published", "status: published\nstate: x", "state: x", `unknown key "state"`},
		"unknown key in question":   {"unit: cameras", "units: cameras", "units: cameras", `unknown key "units"`},
		"no requirement":            {"    requirement: Cameras watch the premises where technology is used for that.\n", "", `id: "9.12"`, `the key "requirement" is missing`},
		"number as id":              {`id: "9.12"`, `id: 9.12`, "id: 9.12", "this is number, and should be string"},
		"text without source":       {"title: Camera positions", "title: {es: Posiciones}", "title: {es: Posiciones}", `the key "en" is missing`},
		"no day":                    {"valid_from: 2023-01-01", "valid_from: 2023-02-30", "valid_from:", "is not a date"},
		"folder":                    {"programme: ctpat", "programme: pip", "programme: pip", `the programme is "pip", but the folder is named "ctpat"`},
		"file name":                 {`edition: "2023.1"`, `edition: "2023.2"`, `edition: "2023.2"`, `the edition is "2023.2", but the file is named "2023.1.yaml"`},
		"no previous":               {`previous: "2020.1"`, `previous: "2019.1"`, "previous:", `there is no edition "2019.1"`},
		"follows itself":            {`previous: "2020.1"`, `previous: "2023.1"`, "previous:", "cannot follow itself"},
		"changes without previous":  {"previous: \"2020.1\"\n", "", "  - {id: \"3.1\", kind: reworded", `changes need the key "previous"`},
		"not later":                 {"valid_from: 2023-01-01", "valid_from: 2020-01-01", "valid_from:", "must be valid later than 2020.1"},
		"section twice":             {"sections:\n", "sections:\n  - {id: physical_security, title: X}\n", "  - {id: physical_security, title: Physical", "is there twice"},
		"no such section":           {"sections: [business_partners, upper_management]", "sections: [partners]", "sections: [partners]", `there is no section "partners"`},
		"criterion twice":           {"id: EXP-01\n    official", "id: \"9.14\"\n    official", "id: \"9.14\"\n    official: false", `the criterion "9.14" is there twice`},
		"no such entity type":       {"applies_to: [exporter]", "applies_to: [export]", "applies_to: [export]", `there is no entity type "export"`},
		"question twice":            {"{id: 9.13.b,", "{id: 9.12.a,", "{id: 9.12.a, kind: number", `the question "9.12.a" is there twice, first in criterion 9.12`},
		"choice without options":    {"kind: date, text", "kind: choice, text", "kind: choice, text", "a choice question needs options"},
		"options without choice":    {"kind: checklist", "kind: narrative", "- {code: money", "a narrative question has no options"},
		"table without columns":     {"kind: file,", "kind: table,", "kind: table,", "a table question needs columns"},
		"columns without table":     {"kind: table", "kind: narrative", "- {code: partner", "a narrative question has no columns"},
		"unit without number":       {"kind: number, level", "kind: date, level", "kind: date, level", "only a number question has unit"},
		"min above max":             {"min: 0, max: 10000", "min: 10, max: 1", "min: 10", "min is above max"},
		"max_chars without text":    {"text: \"Is there a signed statement of support?\"", "max_chars: 9, text: X", "max_chars: 9", "only a narrative question has max_chars"},
		"option twice":              {"{code: own,", "{code: nobody,", "{code: nobody, text: Nobody", `the option "nobody" is there twice`},
		"column twice":              {"{code: since,", "{code: department,", "{code: department, text: On", `the column "department" is there twice`},
		"WCO letter":                {"wco: [A]", "wco: [Z]", "wco: [Z]", "does not match"},
		"hidden character":          {"title: Camera positions", `title: "Camera\u202e positions"`, "title: \"Camera", "hidden character"},
		"mapping":                   {"ref: 6.7.1", "ref: 6.7.9", "ref: 6.7.9", `no edition of eu-aeo has a criterion "6.7.9"`},
		"condition does not parse":  {`'"US" in countries'`, `'"US" in'`, `when: '"US" in'`, "the condition cannot be used: Syntax error"},
		"condition of unknown name": {`'"US" in countries'`, `'site_count > 2'`, "when: 'site_count", "undeclared reference to 'site_count'"},
		"condition no truth":        {`'"US" in countries'`, `'sites'`, "when: 'sites'", "this is int, and should be true or false"},
		"condition reads nothing":   {`'"US" in countries'`, `'answers["9.99.a"] == "yes"'`, `when: 'answers["9.99.a"]`, `but there is no such question`},
		"condition reads text":      {`'"US" in countries'`, `'answers["1.1.b"] == "yes"'`, `when: 'answers["1.1.b"]`, `that is a narrative question`},
		"condition reads by name":   {`'"US" in countries'`, `'answers[country] == "yes"'`, "when: 'answers[country]", `write answers["question id"]`},
		"condition reads all":       {`'"US" in countries'`, `'answers.size() > 1'`, "when: 'answers.size", `write answers["question id"]`},
		"condition never met":       {`answers["9.12.a"] != "no"`, `answers["9.12.a"] != "No"`, `when: 'answers["9.12.a"] != "No"'`, `answered with yes, no or na, not with "No"`},
		"condition without option":  {`'"US" in countries'`, `'answers["9.12.b"] in ["own", "owned"]'`, `when: 'answers["9.12.b"]`, `9.12.b has no option "owned"`},
		"condition of no type":      {`'"US" in countries'`, `'entity_type == "exporters"'`, `when: 'entity_type`, `there is no entity type "exporters"`},
		"hidden by itself":          {`'answers["9.13.a"] == "yes"'`, `'answers["9.14.a"] == "yes"'`, `when: 'answers["9.14.a"] == "yes"'`, "depends on its own result: 9.14 → 9.14.a → 9.14"},
		"hidden in a circle":        {`'answers["9.12.a"] != "no"'`, `'answers["9.14.a"] != "no"'`, "", "depends on its own result"},
		"question hidden by itself": {`'answers["9.12.a"] == "yes"'`, `'answers["9.12.b"] == "own"'`, `when: 'answers["9.12.b"]`, "depends on its own result: 9.12.b → 9.12.b"},
		"not listed":                {"  - {id: \"9.12\", kind: new}\n", "", `id: "9.12"`, "9.12 is not in edition 2020.1; list it under changes"},
		"wording not listed":        {"  - {id: \"3.1\", kind: reworded, note: The process must follow the risk. Two questions are new.}\n", "", "- id: \"3.1\"", "3.1 differs from edition 2020.1 (wording, questions); list it"},
		"level not listed":          {"    level: should\n    title: Statement", "    level: must\n    title: Statement", "- id: \"1.1\"", "1.1 differs from edition 2020.1 (level, questions); list it"},
		"withdrawn not listed":      {"  - {id: \"3.9\", kind: withdrawn, note: Nobody faxes any more.}\n", "  - {id: \"1.2\", kind: unchanged}\n", "", ""},
		"listed twice":              {"- {id: \"9.12\", kind: new}", "- {id: \"9.13\", kind: new}", "  - {id: \"9.13\", kind: new}\n  - {id: \"9.14\"", "9.13 is listed twice"},
		"untrue new":                {"- {id: \"9.12\", kind: new}", "- {id: \"9.12\", kind: reworded}", "- {id: \"9.12\", kind: reworded}", "edition 2020.1 did not have it"},
		"untrue reworded":           {"changes:\n", "changes:\n  - {id: \"1.1\", kind: reworded}\n", "- {id: \"1.1\", kind: reworded}", "its wording, level and questions are the same"},
		"untrue unchanged":          {"kind: reworded, note", "kind: unchanged, note", "- {id: \"3.1\", kind: unchanged", "listed as unchanged, but differs: wording, questions"},
		"untrue withdrawn":          {"{id: EXP-01, kind: new}", "{id: EXP-01, kind: withdrawn}", "{id: EXP-01, kind: withdrawn}", "this edition has it"},
		"withdrawn from nothing":    {"changes:\n", "changes:\n  - {id: \"7.7\", kind: withdrawn}\n", "{id: \"7.7\"", "edition 2020.1 did not have it"},
		"listed and not there":      {"changes:\n", "changes:\n  - {id: \"7.7\", kind: new}\n", "{id: \"7.7\"", "this edition does not have it"},
		"new and there before":      {"kind: reworded, note", "kind: new, note", "- {id: \"3.1\", kind: new", "listed as new, but edition 2020.1 has it"},
		"split from nothing":        {"from: [\"3.9\"]", "from: []", "{id: \"9.14\", kind: split", "name what they came from"},
		"split from a stranger":     {"from: [\"3.9\"]", "from: [\"8.8\"]", "{id: \"9.14\", kind: split", `came from "8.8", but edition 2020.1 has no such criterion`},
		"merged from one":           {"kind: split", "kind: merged", "{id: \"9.14\", kind: merged", "merged from one criterion"},
	} {
		fs := files(t)
		text := string(fs[newest].Data)
		if strings.Count(text, x.old) == 0 {
			t.Errorf("%s: the file has no %q", name, x.old)
			continue
		}
		text = strings.Replace(text, x.old, x.new, 1)
		fs[newest] = &fstest.MapFile{Data: []byte(text)}
		_, err := catalogue.Load(fs)
		if x.reason == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		want := newest + ":"
		if x.at != "" {
			before, _, ok := strings.Cut(text, x.at)
			if !ok {
				t.Errorf("%s: the changed file has no %q", name, x.at)
			}
			want = fmt.Sprintf("%s:%d: ", newest, strings.Count(before, "\n")+1)
		}
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if i := strings.Index(err.Error(), want); i < 0 || !strings.Contains(err.Error(), x.reason) {
			t.Errorf("%s: want %s… %s; got\n%v", name, want, x.reason, err)
		}
	}
}

// All at once: nothing hides the rest.
func TestProblemsAllAtOnce(t *testing.T) {
	t.Parallel()
	fs := files(t)
	text := string(fs[newest].Data)
	for old, new := range map[string]string{"applies_to: [exporter]": "applies_to: [export]", "{id: 9.13.b,": "{id: 9.12.a,", "{code: own,": "{code: nobody,", "ref: 6.7.1": "ref: 6.7.9"} {
		text = strings.Replace(text, old, new, 1)
	}
	fs[newest] = &fstest.MapFile{Data: []byte(text)}
	fs["ctpat/catalogue/notes.txt"] = &fstest.MapFile{}
	fs["eu-aeo/catalogue/saq-2016-6.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(sister, "status: published", "status: final", 1))}
	_, err := catalogue.Load(fs)
	if err == nil {
		t.Fatal("accepted")
	}
	if n := len(strings.Split(err.Error(), "\n")); n < 5 {
		t.Errorf("%d problems:\n%v", n, err)
	}
	for _, want := range []string{"notes.txt:1: this is not a file of a catalogue", "saq-2016-6.yaml:3: status:", "no entity type \"export\"", "is there twice, first in"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no problem says %q:\n%v", want, err)
		}
	}
}

// A condition that some kind of member can never answer is worth a look.
func TestWarnings(t *testing.T) {
	t.Parallel()
	fs := files(t)
	text := string(fs[newest].Data)
	text = strings.Replace(text, `when: '"US" in countries'`, `when: 'answers["EXP-02.a"] == "yes"'`, 1)
	text = strings.Replace(text, "changes:\n", `  - id: EXP-02
    official: false
    level: should
    title: Another
    requirement: Another.
    applies_to: [importer]
    sections: [physical_security]
    questions:
      - {id: EXP-02.a, kind: yes_no, text: Is it so}
changes:
  - {id: EXP-02, kind: new}
`, 1)
	fs[newest] = &fstest.MapFile{Data: []byte(text)}
	l, err := catalogue.Load(fs)
	if err != nil {
		t.Fatal(err)
	}
	if w := l.Warnings().Error(); !strings.Contains(w, "EXP-01 is asked of exporter, but EXP-02.a, which its condition reads, is not") {
		t.Errorf("warnings:\n%s", w)
	}
}

// Whatever an editor writes, reading it ends in problems with a line or in an edition
// that can be kept.
func FuzzReadEdition(f *testing.F) {
	content, err := os.ReadFile(path.Join("testdata", newest))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(content), sister, "", "- 1", strings.Replace(sister, "id: 6.7.1.a", `id: 6.7.1.a, when: 'answers["6.7.1.a"] == ""'`, 1)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := catalogue.Read("x.yaml", []byte(text))
		if (e == nil) == (err == nil) {
			t.Fatalf("%v, %v", e, err)
		}
		if err != nil {
			return
		}
		again, err := catalogue.Parse(e.Canonical(), e.Status)
		if err != nil || again.Hash != e.Hash {
			t.Errorf("%q is not kept as it was: %v", text, err)
		}
		for _, c := range e.Criteria {
			e.Form(c.AppliesTo[0]).Apply(catalogue.Facts{})
		}
	})
}
