package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gabriel-vasile/mimetype"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/application"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/entry"
	"trustedtrader/app/programme"
	"trustedtrader/config"
)

// worlds are all made-up companies as of one day, without a database.
func worlds(t *testing.T, day time.Time) (list []*world, told []*story) {
	t.Helper()
	register, err := programme.Load(programmes(t))
	if err != nil {
		t.Fatal(err)
	}
	told = stories()
	for _, x := range told {
		x.seeder = &Seeder{Portal: Portal{Applications: &application.Service{Steps: application.Steps{Programmes: register}}}}
		w, err := x.world(day)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, w)
	}
	return list, told
}

func programmes(t *testing.T) fs.FS {
	t.Helper()
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var today = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// Every answer can be kept, says all that its question asks, and leaves no brace unfilled.
func TestAnswers(t *testing.T) {
	t.Parallel()
	library, err := catalogue.Load(programmes(t))
	if err != nil {
		t.Fatal(err)
	}
	list, told := worlds(t, today)
	said := map[string]map[string]bool{} // question to the texts given
	var yes, no, na, texts int
	for i, w := range list {
		for _, e := range library.Editions(w.programme) {
			f := e.Form(w.kind)
			facts := catalogue.Facts{Country: told[i].country, Countries: []string{told[i].country}, Sites: 1 + len(w.Sites)}
			answers := w.answers(f, facts)
			facts.Choices = map[string]string{}
			for id, a := range answers {
				facts.Choices[id] = a.Choice
			}
			shown := f.Apply(facts)
			where := map[string][]string{} // text to criteria
			for _, c := range f.Criteria {
				for _, q := range c.Questions {
					a, ok := answers[q.ID]
					name := fmt.Sprintf("%s, %s %s %s", w.company, e.Programme, e.ID, q.ID)
					if ok != shown.Question(q.ID) && (ok || q.Required) {
						t.Errorf("%s: answered %t, counts %t", name, ok, shown.Question(q.ID))
					}
					if !ok {
						continue
					}
					var check entry.Check
					kept := q.Check(&check, "a", a)
					if err := check.Err(); err != nil {
						t.Errorf("%s: %v", name, check.Fields())
					}
					if !kept.Equal(a) {
						t.Errorf("%s: %+v is kept as %+v", name, a, kept)
					}
					if !q.Complete(a) {
						t.Errorf("%s: %+v lacks %v", name, a, q.Missing(a))
					}
					words, err := json.Marshal(a)
					if err != nil {
						t.Fatal(err)
					}
					if bytes.ContainsAny(bytes.Trim(words, "{}"), "{}") {
						t.Errorf("%s: %s", name, words)
					}
					switch a.Choice {
					case catalogue.Yes:
						yes++
					case catalogue.No:
						no++
					case catalogue.NotApplicable:
						na++
					}
					if a.Text != "" && q.Kind != catalogue.File {
						texts++
						where[a.Text] = append(where[a.Text], c.ID)
						if said[q.ID] == nil {
							said[q.ID] = map[string]bool{}
						}
						said[q.ID][a.Text] = true
					}
				}
			}
			for text, criteria := range where {
				if slices.Sort(criteria); len(slices.Compact(criteria)) > 1 {
					t.Errorf("%s says the same in %v: %s", w.company, criteria, text)
				}
			}
		}
	}
	t.Logf("%d yes, %d no, %d not applicable, %d texts", yes, no, na, texts)
	if no < 300 || na < 60 || yes < 10*no {
		t.Errorf("%d yes, %d no and %d not applicable are no believable mix", yes, no, na)
	}
	for _, q := range []string{"1.1.a", "2.1.f", "5.3.k", "6.1.i", "7.23.a", "10.1.a", "11.1.d"} {
		if len(said[q]) < 8 && len(said[q]) > 0 {
			t.Errorf("%s is answered in %d ways only", q, len(said[q]))
		}
	}
}

// The same company on the same day says the same; another year changes a little.
func TestAnswersAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	library, err := catalogue.Load(programmes(t))
	if err != nil {
		t.Fatal(err)
	}
	one, _ := worlds(t, today)
	two, _ := worlds(t, today)
	later, _ := worlds(t, today)
	for i, w := range one {
		e, ok := library.InForce(w.programme, today)
		if !ok {
			t.Fatalf("no edition of %s is in force", w.programme)
		}
		later[i].turn = 1
		f := e.Form(w.kind)
		a, b, c := w.answers(f, catalogue.Facts{}), two[i].answers(f, catalogue.Facts{}), later[i].answers(f, catalogue.Facts{})
		changed := 0
		for id := range a {
			if !a[id].Equal(b[id]) {
				t.Errorf("%s answers %s with %+v and %+v", w.company, id, a[id], b[id])
			}
			if !a[id].Equal(c[id]) {
				changed++
			}
		}
		if changed == 0 || changed > len(a)/3 {
			t.Errorf("%s changes %d of %d answers in the next year", w.company, changed, len(a))
		}
	}
}

// Every tag and brace of the texts is known.
func TestContentIsWhole(t *testing.T) {
	t.Parallel()
	list, _ := worlds(t, today)
	l := list[0].library
	tags := map[string]bool{}
	for _, w := range list {
		for tag := range w.tags {
			tags[tag] = true
		}
	}
	known := func(where string, list []string) {
		for _, tag := range list {
			if !tags[strings.TrimPrefix(tag, "!")] {
				t.Errorf("%s: nobody is %s", where, tag)
			}
		}
	}
	texts, seen := 0, map[string]string{}
	for code, all := range l.texts {
		for id, list := range all {
			for _, x := range list {
				known(code+" "+id, x.tags)
				texts++
				if other := seen[x.text]; other != "" {
					t.Errorf("%s and %s have the same text", id, other)
				}
				seen[x.text] = code + " " + id
				for _, found := range braces.FindAllString(x.text, -1) {
					if name := found[1 : len(found)-1]; list != nil && strings.HasPrefix(listWord(l, name), "{") {
						t.Errorf("%s %s: nobody fills in %s", code, id, found)
					}
				}
			}
		}
		for id, list := range l.choices[code] {
			for _, x := range list {
				known(code+" "+id, x.tags)
			}
		}
	}
	for _, p := range l.papers {
		known(p.ID, p.If)
	}
	if texts < 500 {
		t.Errorf("there are %d texts", texts)
	}
	if len(l.companies) != len(stories()) {
		t.Errorf("%d companies are described, %d have a story", len(l.companies), len(stories()))
	}
}

// listWord fills in one name for some company.
func listWord(l *library, name string) string {
	w := &world{library: l, day: today, words: map[string]string{}}
	w.count()
	for _, word := range strings.Fields("company legal form city land address website founded phone phone2 head compliance security ops hr itlead goods Goods origin lane lane2 port border mode staff " +
		"officestaff sitestaff office languages erp wms tms lms screening alarm guardfirm itfirm sealfirm installer carrier carrier2 forwarder broker supplier it site Site") {
		w.words[word] = word
	}
	return w.word("key", name)
}

var differences = regexp.MustCompile(`/Differences \[(.*?)\]`)

var xrefEntry = regexp.MustCompile(`(?m)^(\d{10}) 00000 n `)

// Every file opens, is what its name says, is small, and every criterion that asks for
// evidence has some.
func TestDocuments(t *testing.T) {
	t.Parallel()
	library, err := catalogue.Load(programmes(t))
	if err != nil {
		t.Fatal(err)
	}
	list, _ := worlds(t, today)
	begun, total := time.Now(), 0
	for _, w := range list {
		documents, err := w.documents()
		if err != nil {
			t.Fatal(err)
		}
		if len(documents) < 6 || len(documents) > 22 {
			t.Errorf("%s has %d documents", w.company, len(documents))
		}
		shown, names := map[string]bool{}, map[string]bool{}
		for _, d := range documents {
			total += len(d.Content)
			name := w.company + ", " + d.Name
			if names[d.Name] {
				t.Errorf("%s: two files have this name", name)
			}
			names[d.Name] = true
			for _, id := range d.Criteria {
				shown[id] = true
			}
			if len(d.Content) < 1000 || len(d.Content) > 45_000 {
				t.Errorf("%s has %d bytes", name, len(d.Content))
			}
			if got := mimetype.Detect(d.Content).String(); got != d.MediaType {
				t.Errorf("%s is %s, and not %s", name, got, d.MediaType)
			}
			if strings.ContainsAny(d.Title+d.Owner, "{}") || d.Owner == "" || d.IssuedOn.After(today) || !d.ExpiresOn.IsZero() && !d.ExpiresOn.After(d.IssuedOn) {
				t.Errorf("%s: %q of %q, %s to %s", name, d.Title, d.Owner, d.IssuedOn, d.ExpiresOn)
			}
			opens(t, name, d)
		}
		e, _ := library.InForce(w.programme, today)
		for _, c := range e.Form(w.kind).Criteria {
			if c.Evidence.Min > 0 && !shown[c.ID] && c.ID != "4.3" { // of AEO: new companies, of which there is none
				t.Errorf("%s has nothing for %s", w.company, c.ID)
			}
		}
	}
	t.Logf("%d kB in %s", total/1000, time.Since(begun).Round(time.Millisecond))
}

func opens(t *testing.T, name string, d document) {
	t.Helper()
	switch d.MediaType {
	case "image/png", "image/jpeg":
		if m, _, err := image.Decode(bytes.NewReader(d.Content)); err != nil || m.Bounds().Dx() < 300 {
			t.Errorf("%s: %v", name, err)
		}
	case "application/pdf":
		start := bytes.LastIndex(d.Content, []byte("startxref\n"))
		at, err := strconv.Atoi(strings.Fields(string(d.Content[start:]))[1])
		if err != nil || !bytes.HasPrefix(d.Content[at:], []byte("xref\n")) {
			t.Fatalf("%s: the table of objects is not at %d: %v", name, at, err)
		}
		for i, m := range xrefEntry.FindAllSubmatch(d.Content[at:], -1) {
			offset, err := strconv.Atoi(string(m[1]))
			if err != nil || !bytes.HasPrefix(d.Content[offset:], fmt.Appendf(nil, "%d 0 obj\n", i+1)) {
				t.Errorf("%s: object %d is not at %d: %v", name, i+1, offset, err)
			}
		}
		if m := differences.FindSubmatch(d.Content); m == nil || bytes.Contains(m[1], []byte("/ ")) || bytes.HasSuffix(m[1], []byte("/")) {
			t.Errorf("%s: a letter has no name: %s", name, m)
		}
	default:
		f, err := excelize.OpenReader(bytes.NewReader(d.Content))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer func() {
			if err := f.Close(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}()
		rows, err := f.GetRows("Sheet1")
		if err != nil || len(rows) < 10 || len(rows[2]) < 6 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
}
