package programme

import (
	"io/fs"
	"testing"

	"trustedtrader/app/datafile"
	"trustedtrader/config"
)

// Whatever a file holds, reading it ends in problems with a line and never in a
// panic: administrations write these files by hand.
func FuzzParse(f *testing.F) {
	schemas, err := compileSchemas()
	if err != nil {
		f.Fatal(err)
	}
	real, err := fs.ReadFile(config.Programmes, "programmes/ctpat/reasons.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(real), "", "# nothing", "---\n", "a: &a [*a]", "? [x]\n: y", "- 1\n- !!binary =", "{a: {b: {c: 1e999}}}", "x: 0x1F\ny: 2026-01-01\n<<: {a: b}", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := &loader{Log: datafile.Log{Dir: "x"}, schemas: schemas}
		var into Reasons
		read := l.parse("reasons.yaml", "reasons", []byte(text), 0).Decode(&into)
		if !read && len(l.Problems) == 0 {
			t.Errorf("%q is not read and nothing says why", text)
		}
		for _, p := range l.Problems {
			if p.Line < 1 || p.Reason == "" {
				t.Errorf("%q: %+v", text, p)
			}
		}
	})
}
