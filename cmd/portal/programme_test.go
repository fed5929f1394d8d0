package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trustedtrader/app/catalogue"
)

const editions = "../../app/catalogue/testdata/ctpat/catalogue/"

// portal runs a command and returns what it printed.
func portal(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), &environment{getenv: func(string) string { return "" }, out: &out}, args)
	return out.String(), err
}

func TestProgrammeDiff(t *testing.T) {
	t.Parallel()
	out, err := portal(t, "programme", "diff", editions+"2020.1.yaml", editions+"2023.1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3.1  reworded  Screening of business partners\n", "requirement: A written{+, risk-based+} process", "question 3.1.c is new: What do you look at?",
		"9.12  new  Cameras\n", "3.9  withdrawn  Fax numbers of partners\n", "listed as split: 3.9 A made-up origin", "also: sections"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, err = portal(t, "programme", "diff", editions+"2023.1.yaml", editions+"2023.1.yaml")
	if err != nil || !strings.HasPrefix(out, "2023.1 and 2023.1 ask the same\n") {
		t.Errorf("an edition and itself: %v\n%s", err, out)
	}

	// A change list that lacks something ends the command with an error.
	content, err := os.ReadFile(editions + "2023.1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(content), "  - {id: EXP-01, kind: new}\n", "", 1)
	text = strings.Replace(text, "    level: should\n    title: Cross", "    level: must\n    title: Cross", 1)
	name := filepath.Join(t.TempDir(), "new.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = portal(t, "programme", "diff", editions+"2020.1.yaml", name)
	if err == nil || !strings.Contains(err.Error(), "the change list of 2023.1 is not complete: 2 lines marked !") {
		t.Errorf("an incomplete list: %v", err)
	}
	for _, want := range []string{"  ! EXP-01 is not in edition 2020.1; list it under changes\n", "  ! 1.2 differs from edition 2020.1 (level, questions)", "level: must, was should"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, args := range [][]string{{"diff", "x/1", "x/2"}, {"diff", "nothing.yaml", name}, {"diff", name}, {"draw", "x"}, {}} {
		if _, err := portal(t, append([]string{"programme"}, args...)...); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

func TestProgrammeCheck(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "programmes")
	if err := os.CopyFS(dir, os.DirFS("../../config/programmes")); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, filepath.Join(dir, "ctpat")} {
		if out, err := portal(t, "programme", "check", d); err != nil || !strings.HasSuffix(out, d+" is in order\n") {
			t.Errorf("%s: %v\n%s", d, err, out)
		}
	}
	// Faults of the programme and of its criteria come out together.
	folder := filepath.Join(dir, "ctpat", "catalogue")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "1999.yaml"), []byte("programme: ctpat\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "ctpat", "letters", "lapsed.md")); err != nil {
		t.Fatal(err)
	}
	_, err := portal(t, "programme", "check", dir)
	if err == nil || !strings.Contains(err.Error(), `ctpat/catalogue/1999.yaml:1: the key "edition" is missing`) || !strings.Contains(err.Error(), "ctpat/letters/lapsed.md:1: the letter is missing") {
		t.Errorf("got %v", err)
	}
	if _, err := portal(t, "programme", "check", filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that does not exist is in order")
	}
}

// An edition goes out as OSCAL and comes back as a file that the loader reads.
func TestProgrammeOSCAL(t *testing.T) {
	t.Parallel()
	shipped, err := editionOf("ctpat/2023.1")
	if err != nil {
		t.Fatal(err)
	}
	out, err := portal(t, "programme", "export-oscal", "ctpat/2023.1")
	if err != nil || !strings.Contains(out, `"oscal-version": "1.1.3"`) {
		t.Fatalf("%v\n%.200s", err, out)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "catalog.json")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = portal(t, "programme", "import-oscal", file, "-edition", "2027.1")
	if err != nil {
		t.Fatal(err)
	}
	draft := filepath.Join(dir, "2027.1.yaml")
	if err := os.WriteFile(draft, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := catalogue.ReadFile(draft)
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != "2027.1" || e.Status != catalogue.Draft {
		t.Errorf("the draft is %s, %s", e.ID, e.Status)
	}
	same := *e
	same.ID = shipped.ID
	if string(same.Canonical()) != string(shipped.Canonical()) {
		t.Error("the draft says something else")
	}
	if out, err = portal(t, "programme", "export-oscal", "ctpat/2023.1", "-profile", "importer"); err != nil || !strings.Contains(out, `"with-ids": [`) {
		t.Errorf("%v\n%.200s", err, out)
	}
	for _, args := range [][]string{{"export-oscal", "ctpat/2023.1", "-profile", "stranger"}, {"export-oscal", "ctpat/1"}, {"export-oscal", "ctpat/2023.1", "-x"},
		{"import-oscal", file}, {"import-oscal", draft, "-edition", "x"}, {"import-oscal", dir, "-edition", "x"}, {"import-oscal", file, "-edition", "not an id"}} {
		if _, err := portal(t, append([]string{"programme"}, args...)...); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
