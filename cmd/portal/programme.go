package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/datafile"
	"trustedtrader/app/oscal"
	"trustedtrader/app/programme"
	"trustedtrader/app/textdiff"
)

// programmeCommand looks at programmes and their catalogues without starting anything.
func programmeCommand(_ context.Context, e *environment, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "check":
		return checkProgramme(e.out, args[1])
	case len(args) == 3 && args[0] == "diff":
		return diffEditions(e.out, args[1], args[2])
	case len(args) > 1 && args[0] == "export-oscal":
		return exportOSCAL(e.out, args[1], args[2:])
	case len(args) > 1 && args[0] == "import-oscal":
		return importOSCAL(e.out, args[1], args[2:])
	}
	return errors.New(`write one of:
  portal programme check DIR
  portal programme diff OLD NEW                             each a file that ends with .yaml, or PROGRAMME/EDITION
  portal programme export-oscal PROGRAMME/EDITION [-profile TYPE]
  portal programme import-oscal FILE -edition ID`)
}

// exportOSCAL prints an edition as an OSCAL catalog, or what one kind of member is asked as
// an OSCAL profile.
func exportOSCAL(out io.Writer, name string, args []string) error {
	set := flag.NewFlagSet("export-oscal", flag.ContinueOnError)
	entityType := set.String("profile", "", "kind of member")
	if err := set.Parse(args); err != nil {
		return err
	}
	edition, err := editionOf(name)
	if err != nil {
		return err
	}
	content, err := oscal.Catalog(edition)
	if *entityType != "" {
		content, err = oscal.Profile(edition, *entityType)
	}
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	return err
}

// importOSCAL prints the draft of an edition that an OSCAL catalog holds, as a file for the
// programme's folder.
func importOSCAL(out io.Writer, name string, args []string) error {
	set := flag.NewFlagSet("import-oscal", flag.ContinueOnError)
	id := set.String("edition", "", "id of the draft")
	if err := set.Parse(args); err != nil {
		return err
	}
	if *id == "" {
		return errors.New("name the new edition: -edition ID")
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	edition, err := oscal.Import(content, *id)
	if err != nil {
		return err
	}
	text, err := edition.WriteYAML()
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

func checkProgramme(out io.Writer, dir string) error {
	var problems datafile.Problems
	warnings, err := catalogue.Check(dir)
	for _, err := range []error{programme.Check(dir), err} {
		var some datafile.Problems
		if errors.As(err, &some) {
			problems = append(problems, some...)
		} else if err != nil {
			return err
		}
	}
	for _, w := range warnings {
		fmt.Fprintf(out, "%s (warning)\n", w)
	}
	if len(problems) > 0 {
		problems.Sort()
		return problems
	}
	fmt.Fprintf(out, "%s is in order\n", dir)
	return nil
}

// editionOf reads an edition file, or finds a shipped edition by PROGRAMME/EDITION.
func editionOf(name string) (*catalogue.Edition, error) {
	if strings.HasSuffix(name, ".yaml") {
		return catalogue.ReadFile(name)
	}
	library, err := loadCatalogues()
	if err != nil {
		return nil, err
	}
	code, id, ok := strings.Cut(name, "/")
	if e, found := library.Edition(code, id); ok && found {
		return e, nil
	}
	var known []string
	for _, code := range library.Programmes() {
		for _, e := range library.Editions(code) {
			known = append(known, code+"/"+e.ID)
		}
	}
	return nil, fmt.Errorf("there is no edition %q. Name a file that ends with .yaml, or one of: %s", name, strings.Join(known, ", "))
}

// diffEditions prints what differs between two editions; the error says what the change
// list of the newer one lacks.
func diffEditions(out io.Writer, before, after string) error {
	was, err := editionOf(before)
	if err != nil {
		return err
	}
	is, err := editionOf(after)
	if err != nil {
		return err
	}
	if was.Programme != is.Programme {
		return fmt.Errorf("%s is an edition of %s, and %s of %s", before, was.Programme, after, is.Programme)
	}
	list := catalogue.Compare(was, is)
	faults := 0
	for _, d := range list {
		printDifference(out, d)
		faults += len(d.Faults)
	}
	switch {
	case len(list) == 0:
		fmt.Fprintf(out, "%s and %s ask the same\n", was.ID, is.ID)
	case is.Previous != "" && is.Previous != was.ID:
		fmt.Fprintf(out, "\nThe change list of %s compares with %s and was not checked.\n", is.ID, is.Previous)
	}
	if faults > 0 {
		return fmt.Errorf("the change list of %s is not complete: %d lines marked ! say what to mend", is.ID, faults)
	}
	return nil
}

func printDifference(out io.Writer, d catalogue.Difference) {
	title := d.Is.Title
	if d.Kind == catalogue.Withdrawn {
		title = d.Was.Title
	}
	fmt.Fprintf(out, "%s  %s  %s\n", d.ID, d.Kind, title)
	line := func(format string, args ...any) { fmt.Fprintf(out, "    "+format+"\n", args...) }
	if d.Listed != nil && (d.Listed.Kind != d.Kind || len(d.Listed.Note) > 0) {
		line("listed as %s: %s", d.Listed.Kind, strings.TrimSpace(strings.Join(d.Listed.From, " ")+" "+d.Listed.Note.String()))
	}
	if d.Level {
		line("level: %s, was %s", d.Is.Level, d.Was.Level)
	}
	if d.Title != nil {
		line("title: %s", marked(d.Title))
	}
	if d.Statement != nil {
		line("requirement: %s", marked(d.Statement))
	}
	for _, q := range d.Questions {
		switch {
		case q.Kind == catalogue.New:
			line("question %s is new: %s", q.ID, q.Is.Text)
		case q.Kind == catalogue.Withdrawn:
			line("question %s is gone: %s", q.ID, q.Was.Text)
		case q.Text != nil:
			line("question %s: %s", q.ID, marked(q.Text))
		}
		if len(q.Parts) > 0 {
			line("question %s: other %s", q.ID, strings.Join(q.Parts, ", "))
		}
	}
	if len(d.Other) > 0 {
		line("also: %s", strings.Join(d.Other, ", "))
	}
	for _, f := range d.Faults {
		fmt.Fprintf(out, "  ! %s\n", f)
	}
}

// marked writes a comparison for a terminal.
func marked(parts []textdiff.Part) string {
	var b strings.Builder
	for _, p := range parts {
		switch p.Kind {
		case textdiff.Delete:
			b.WriteString("[-" + p.Text + "-]")
		case textdiff.Insert:
			b.WriteString("{+" + p.Text + "+}")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}
