package catalogue_test

import (
	"slices"
	"strings"
	"testing"

	"trustedtrader/app/catalogue"
)

// The form of two kinds of member asks what one of them is asked, each criterion once, under
// the conditions of either: over every pair of the kinds that the portal ships.
func TestFormOfTwoKinds(t *testing.T) {
	t.Parallel()
	e := shippedEdition(t, shipped(t), "ctpat", "2026.1")
	facts := []catalogue.Facts{{}, {Choices: map[string]string{"5.3.h": "no", "5.3.g": "no", "9.12.a": "no", "10.10.c": "own", "8.1.d": "no"}},
		{Country: "MX", Choices: map[string]string{"5.3.h": "yes", "6.1.g": "no"}}}
	for i, one := range ctpatTypes {
		for _, other := range ctpatTypes[i+1:] {
			f, a, b := e.Form(catalogue.FormKey(one, other)), e.Form(one), e.Form(other)
			seen := map[string]bool{}
			for _, c := range f.Criteria {
				_, inA := a.Criterion(c.ID)
				_, inB := b.Criterion(c.ID)
				if seen[c.ID] || !inA && !inB {
					t.Fatalf("%s and %s: criterion %s is there twice, or belongs to neither", one, other, c.ID)
				}
				seen[c.ID] = true
			}
			for _, c := range slices.Concat(a.Criteria, b.Criteria) {
				if !seen[c.ID] {
					t.Fatalf("%s and %s: criterion %s is missing", one, other, c.ID)
				}
			}
			for _, x := range facts {
				shown, inA, inB := f.Apply(x), a.Apply(x), b.Apply(x)
				for _, c := range f.Criteria {
					if shown.Criterion(c.ID) != (inA.Criterion(c.ID) || inB.Criterion(c.ID)) {
						t.Errorf("%s and %s, %v: criterion %s counts: %v", one, other, x.Choices, c.ID, shown.Criterion(c.ID))
					}
					for _, q := range c.Questions {
						if shown.Question(q.ID) != (inA.Question(q.ID) || inB.Question(q.ID)) {
							t.Errorf("%s and %s, %v: question %s counts: %v", one, other, x.Choices, q.ID, shown.Question(q.ID))
						}
					}
				}
			}
		}
	}
}

// What a page says of its form comes from outside: nonsense asks nothing, however long.
func TestFormOfNonsense(t *testing.T) {
	t.Parallel()
	e := shippedEdition(t, shipped(t), "ctpat", "2026.1")
	for _, key := range []string{"", "+", "none", "none+nothing", strings.Repeat("+", 1<<20)} {
		if f := e.Form(key); len(f.Criteria) != 0 || f.Apply(catalogue.Facts{}).Criterion("1.1") {
			t.Errorf("%.20q asks %d criteria", key, len(f.Criteria))
		}
	}
}
