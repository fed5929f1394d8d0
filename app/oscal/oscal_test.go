package oscal_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/oscal"
	"trustedtrader/config"
)

// schema compiles one of NIST's schemas, as they publish it.
func schema(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("test:///"+name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("test:///" + name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t testing.TB, s *jsonschema.Schema, content []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// editions are all that ship, and the small ones for tests, which have every kind of text.
func editions(t testing.TB) []*catalogue.Edition {
	t.Helper()
	out, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 4 {
		t.Fatalf("%d editions", len(out))
	}
	return out
}

var loaded = sync.OnceValues(func() (out []*catalogue.Edition, err error) {
	own, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		return nil, err
	}
	for _, files := range []fs.FS{own, os.DirFS("../catalogue/testdata")} {
		l, err := catalogue.Load(files)
		if err != nil {
			return nil, err
		}
		for _, code := range l.Programmes() {
			out = append(out, l.Editions(code)...)
		}
	}
	return out, nil
})

// The schemas bite: what is no OSCAL is refused.
func TestSchemas(t *testing.T) {
	t.Parallel()
	s := schema(t, "oscal_catalog_schema.json")
	content, err := oscal.Catalog(editions(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	for old, new := range map[string]string{`"id": "ctpat-`: `"id": "7-`, `"title": `: `"titel": `, `"name": "level"`: `"name": "the level"`, `"uuid": "`: `"uuid": "x`} {
		if !bytes.Contains(content, []byte(old)) {
			t.Errorf("the catalog has no %q", old)
		}
		if err := valid(t, s, bytes.Replace(content, []byte(old), []byte(new), 1)); err == nil {
			t.Errorf("%q is accepted", new)
		}
	}
}

// What is written is OSCAL, and comes back as it was.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	catalogs, profiles := schema(t, "oscal_catalog_schema.json"), schema(t, "oscal_profile_schema.json")
	for _, e := range editions(t) {
		content, err := oscal.Catalog(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, catalogs, content); err != nil {
			t.Errorf("%s/%s: %v", e.Programme, e.ID, err)
		}
		draft, err := oscal.Import(content, "next-1")
		if err != nil {
			t.Errorf("%s/%s: %v", e.Programme, e.ID, err)
			continue
		}
		if draft.ID != "next-1" || draft.Status != catalogue.Draft {
			t.Errorf("%s/%s: imported as %s, %s", e.Programme, e.ID, draft.ID, draft.Status)
		}
		same := *draft
		same.ID = e.ID
		if !bytes.Equal(same.Canonical(), e.Canonical()) {
			t.Errorf("%s/%s is another after the way there and back", e.Programme, e.ID)
		}
		again, err := oscal.Catalog(e)
		if err != nil || !bytes.Equal(again, content) {
			t.Errorf("%s/%s is written in two ways", e.Programme, e.ID)
		}
		controls := map[string]bool{}
		var written struct {
			Catalog struct {
				Groups []struct{ Controls []struct{ ID string } }
			}
		}
		if err := json.Unmarshal(content, &written); err != nil {
			t.Fatal(err)
		}
		for _, g := range written.Catalog.Groups {
			for _, c := range g.Controls {
				controls[c.ID] = true
			}
		}
		if len(controls) != len(e.Criteria) {
			t.Errorf("%s/%s: %d controls for %d criteria", e.Programme, e.ID, len(controls), len(e.Criteria))
		}
		for _, entity := range oscal.EntityTypes(e) {
			content, err := oscal.Profile(e, entity)
			if err != nil {
				t.Fatal(err)
			}
			if err := valid(t, profiles, content); err != nil {
				t.Errorf("%s/%s %s: %v", e.Programme, e.ID, entity, err)
			}
			var p struct {
				Profile struct {
					Imports []struct {
						Include []struct {
							IDs []string `json:"with-ids"`
						} `json:"include-controls"`
					}
				}
			}
			if err := json.Unmarshal(content, &p); err != nil {
				t.Fatal(err)
			}
			ids := p.Profile.Imports[0].Include[0].IDs
			if len(ids) != len(e.Form(entity).Criteria) {
				t.Errorf("%s/%s %s: %d controls", e.Programme, e.ID, entity, len(ids))
			}
			for _, id := range ids {
				if !controls[id] {
					t.Errorf("%s/%s %s selects %s, which the catalog does not have", e.Programme, e.ID, entity, id)
				}
			}
		}
	}
}

// Text that looks like markup, stands on several lines or in several languages stays text.
func TestTextsSurvive(t *testing.T) {
	t.Parallel()
	e := *editions(t)[0]
	e.Criteria = append([]catalogue.Criterion(nil), e.Criteria...)
	c := &e.Criteria[0]
	nasty := "A *b* _c_ `d` [e](f) <g> \\h\\* {i} ~j~ ^k^ # l | \"m\" $n$ \\\nsecond line\n\n- point"
	c.Requirement = catalogue.Text{"en": nasty, "es": nasty + " es", "zh-Hant": "封條"}
	c.Title = catalogue.Text{"en": "A *title* [x]", "es": "Un título"}
	c.Category, c.LegalBasis = "Two\nlines  and space", "UCC 22(2), 38; <DA> 26"
	c.When = "country == \"US\" ||\n  sites > 2"
	e.Title = catalogue.Text{"en": "An *edition*", "fr": "Une *édition*"}
	e.Source.Note = nasty
	e.Sections = append([]catalogue.Section(nil), e.Sections...)
	e.Sections[0].Title = catalogue.Text{"en": "First", "es": "Primera"}
	content, err := oscal.Catalog(&e)
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, schema(t, "oscal_catalog_schema.json"), content); err != nil {
		t.Error(err)
	}
	draft, err := oscal.Import(content, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(draft.Canonical(), e.Canonical()) {
		t.Errorf("came back as\n%s\nwas\n%s", draft.Canonical(), e.Canonical())
	}
}

// What an import would lose is refused, all of it at once.
func TestImportRefuses(t *testing.T) {
	t.Parallel()
	content, err := oscal.Catalog(editions(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for name, x := range map[string]struct{ old, new, reason string }{
		"no JSON":          {text, "x", "this is not an OSCAL catalog in JSON"},
		"a profile":        {text, `{"profile":{}}`, "the metadata name no programme"},
		"no day":           {`"name": "valid-from"`, `"name": "valid"`, "no day from which the edition is valid"},
		"no label":         {`"name": "label"`, `"name": "sort-id"`, "has no label"},
		"another part":     {`"name": "guidance"`, `"name": "objective"`, "has parts that are not known here: objective"},
		"two statements":   {`"name": "why"`, `"name": "statement"`, `has the part "statement" more than once`},
		"a stranger group": {`"class": "section"`, `"class": "family"`, `has the unknown class "family"`},
		"not a number":     {`"name": "position",` + "\n", `"name": "position", "remarks": "first",` + "\n", `the property position is "first", and should be a whole number`},
		"nested controls":  {`"class": "criterion",`, `"class": "criterion", "controls": [{"id": "x", "title": "x"}],`, "has controls or parameters within it"},
		"bad level":        {`"value": "should"`, `"value": "may"`, "the draft has problems"},
		"two sources":      {`"back-matter": {`, `"back": {`, "must name one source"},
	} {
		if !strings.Contains(text, x.old) {
			t.Errorf("%s: the catalog has no %q", name, x.old)
		}
		if _, err := oscal.Import([]byte(strings.Replace(text, x.old, x.new, 1)), "next"); err == nil || !strings.Contains(err.Error(), x.reason) {
			t.Errorf("%s: %v; want %q", name, err, x.reason)
		}
	}
	both := strings.Replace(strings.Replace(text, `"name": "guidance"`, `"name": "objective"`, 1), `"name": "label"`, `"name": "sort-id"`, 1)
	if _, err := oscal.Import([]byte(both), "next"); err == nil || len(strings.Split(err.Error(), "\n")) != 2 {
		t.Errorf("two problems: %v", err)
	}
	if _, err := oscal.Profile(editions(t)[0], "stranger"); err == nil {
		t.Error("a profile for a kind of member that is asked nothing")
	}
}

// Whatever a file holds, reading it ends in a draft or in words.
func FuzzImport(f *testing.F) {
	e := editions(f)
	content, err := oscal.Catalog(e[len(e)-1])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte(`{"catalog":{"metadata":{"title":"x","props":[{"name":"programme","ns":"urn:trusted-trader:oscal:1","value":"x"}]},"groups":[{"class":"section","controls":[{}]},{"class":"changes","parts":[{"name":"change"}]}]}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		e, err := oscal.Import(content, "next")
		if (e == nil) == (err == nil) {
			t.Errorf("%v, %v", e, err)
		}
	})
}
