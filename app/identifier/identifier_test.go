package identifier

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNormalise(t *testing.T) {
	good := []struct{ scheme, in, canonical, shown string }{
		{"ior_ein", "12-345678900", "12345678900", "12-345678900"},
		{"ior_ein", " 12-3456789 ", "12345678900", "12-345678900"},
		{"ior_ein", "12-3456789ab", "123456789AB", "12-3456789AB"},
		{"ior_ssn", "123-45-6789", "123456789", "123-45-6789"},
		{"ior_ssn", "123 45 6789", "123456789", "123-45-6789"},
		{"ior_cbp", "241901-00123", "24190100123", "241901-00123"},
		{"ein", "12-3456789", "123456789", "12-3456789"},
		{"bond", "20c001234", "20C001234", "20C001234"},
		{"filer_code", "a1b", "A1B", "A1B"},
		{"broker_licence", "28417", "28417", "28417"},
		{"firms", "h123", "H123", "H123"},
		{"mid", "MX ACM FUR 1450 TIJ", "MXACMFUR1450TIJ", "MXACMFUR1450TIJ"},
		{"mid", "XOMAPTOR12TOR", "XOMAPTOR12TOR", "XOMAPTOR12TOR"},
		{"mid", "CN3MSHA", "CN3MSHA", "CN3MSHA"},
		{"scac", "abcd", "ABCD", "ABCD"},
		{"scac", "AB", "AB", "AB"},
		{"us_dot", "USDOT 1234567", "1234567", "1234567"},
		{"us_dot", "00123456", "123456", "123456"},
		{"mc", "123456", "MC123456", "MC-123456"},
		{"mc", "mx-0099", "MX99", "MX-99"},
		{"imo", "IMO 9074729", "9074729", "IMO 9074729"},
		{"imo", "9319466", "9319466", "IMO 9319466"},
		{"iata_carrier", "lh", "LH", "LH"},
		{"iata_carrier", "5x", "5X", "5X"},
		{"iata_agent", "23-4 7012", "2347012", "23-4 7012"},
		{"iata_agent", "23-4 7012/3", "23470123", "23-4 7012/3"},
		{"iata_agent", "23-4 7012/0004", "23470120004", "23-4 7012/0004"},
		{"iata_agent", "234701", "234701", "234701"},
		{"fmc_org", "019128", "019128", "019128"},
		{"fmc_mto", "001234", "001234", "001234"},
		{"tsa_iac", "wp0102003", "WP0102003", "WP0102003"},
		{"rfc", "acm-010203-lc6", "ACM010203LC6", "ACM010203LC6"},
		{"rfc", "SAT970701NN3", "SAT970701NN3", "SAT970701NN3"},
		{"rfc_person", "gode561231gr8", "GODE561231GR8", "GODE561231GR8"},
		{"sct", "0106-MORR13122011/021001000", "0106MORR13122011021001000", "0106MORR13122011021001000"},
		{"acta_constitutiva", "Escritura 12345,  Notaría 7", "ESCRITURA 12345, NOTARÍA 7", "ESCRITURA 12345, NOTARÍA 7"},
		{"eori", "de 1234567", "DE1234567", "DE1234567"},
		{"eori", "XI123456789000", "XI123456789000", "XI123456789000"},
		{"tin", "jpaeo12345", "JPAEO12345", "JPAEO12345"},
		{"aeo_authorisation", "NL AEOS 0000123", "NLAEOS0000123", "NLAEOS0000123"},
		{"vat", "DE 123456789", "DE123456789", "DE123456789"},
		{"vat", "GR123456789", "EL123456789", "EL123456789"},
		{"vat", "NL123456789B01", "NL123456789B01", "NL123456789B01"},
		{"vat", "ATU12345678", "ATU12345678", "ATU12345678"},
		{"national_registration", "hrb 12345", "HRB 12345", "HRB 12345"},
		{"duns", "15-048-3782", "150483782", "15-048-3782"},
		{"lei", "529900T8BM49AURSDO55", "529900T8BM49AURSDO55", "529900T8BM49AURSDO55"},
		{"lei", "5493 001KJTIIGC8Y1R12", "5493001KJTIIGC8Y1R12", "5493001KJTIIGC8Y1R12"},
		{"ein", "12\u20133456789", "123456789", "12-3456789"},
	}
	seen := map[string]bool{}
	for _, c := range good {
		s, ok := Lookup(c.scheme)
		if !ok {
			t.Fatalf("no scheme %q", c.scheme)
		}
		seen[c.scheme] = true
		got, f := s.Normalise(c.in)
		if f != nil || got != c.canonical {
			t.Errorf("%s: Normalise(%q) = %q, %v; want %q", c.scheme, c.in, got, f, c.canonical)
			continue
		}
		if shown := s.Format(got); shown != c.shown {
			t.Errorf("%s: Format(%q) = %q; want %q", c.scheme, got, shown, c.shown)
		}
	}

	refused := []struct{ scheme, in, says string }{
		{"ior_ein", "00-3456789", "9 digits"},
		{"ior_ein", "12-34567890", "suffix"},
		{"ior_ssn", "000-45-6789", "No Social Security number"},
		{"ior_ssn", "666-45-6789", "No Social Security number"},
		{"ior_ssn", "912-45-6789", "No Social Security number"},
		{"ior_ssn", "123-00-6789", "No Social Security number"},
		{"ior_ssn", "123-45-678", "9 digits"},
		{"ior_cbp", "24190-00123", "6 digits"},
		{"ein", "12-34567", "9 digits"},
		{"bond", "12", "6 to 12"},
		{"filer_code", "A1", "3 letters or digits"},
		{"broker_licence", "2841", "5 digits"},
		{"firms", "H12", "4 letters or digits"},
		{"mid", "CAACMFUR1450TOR", "province"},
		{"mid", "QQACMFUR1450TIJ", "QQ"},
		{"mid", "MXACMFUR14505TIJ", "country (2 letters)"},
		{"mid", "MX", "country (2 letters)"},
		{"scac", "A", "2 to 4 letters"},
		{"scac", "AB1", "2 to 4 letters"},
		{"us_dot", "123456789", "1 to 8 digits"},
		{"us_dot", "000", "1 to 8 digits"},
		{"mc", "MC", "MC, MX or FF"},
		{"imo", "9074728", "check digit"},
		{"imo", "0000000", "check digit"},
		{"imo", "90747", "7 digits"},
		{"iata_carrier", "55", "2 letters"},
		{"iata_agent", "23470122", "check digit"},
		{"iata_agent", "234701212", "7 digits"},
		{"fmc_org", "19128", "6 digits"},
		{"fmc_mto", "1234567", "6 digits"},
		{"tsa_iac", "0102003", "2 letters"},
		{"rfc", "ACM010203AB1", "check digit"},
		{"rfc", "ACM011303AB2", "are a date, and 011303"},
		{"rfc", "GODE561231GR8", "12 characters"},
		{"rfc_person", "GODE561231GR7", "check digit"},
		{"rfc_person", "ACM010203AB2", "13 characters"},
		{"sct", "1", "4 to 30"},
		{"acta_constitutiva", "<script>alert(1)</script>", "does not belong"},
		{"eori", "US1234567", "US"},
		{"eori", "DE", "country code"},
		{"eori", "DE1234567890123456", "country code"},
		{"tin", "QQ12345", "QQ"},
		{"aeo_authorisation", "NLAEOX1", "AEOC"},
		{"vat", "DE12345678", "country code"},
		{"vat", "US123456789", "Member State"},
		{"national_registration", "...", "35 letters"},
		{"duns", "15048378", "9 digits"},
		{"lei", "529900T8BM49AURSDO56", "check digit"},
		{"lei", "529900", "20 letters"},
		{"ein", "", "9 digits"},
		{"ein", "12-345\u202e6789", "cannot be seen"},
		{"ein", "12\x003456789", "cannot be seen"},
		{"ein", "12\u200b3456789", "cannot be seen"},
		{"ein", "12\xff3456789", "cannot be read"},
		{"ein", strings.Repeat("1", 300), "too long"},
		{"ein", "１２３４５６７８９", "9 digits"},
	}
	unrefused := map[string]bool{}
	for code := range seen {
		unrefused[code] = true
	}
	for _, c := range refused {
		s, ok := Lookup(c.scheme)
		if !ok {
			t.Fatalf("no scheme %q", c.scheme)
		}
		delete(unrefused, c.scheme)
		got, f := s.Normalise(c.in)
		if f == nil {
			t.Errorf("%s: Normalise(%q) = %q; want a refusal", c.scheme, c.in, got)
			continue
		}
		if !strings.Contains(f.String(), c.says) || f.Name != c.scheme || strings.Contains(f.String(), "%!") {
			t.Errorf("%s: Normalise(%q) says %q (field %q); want %q in it", c.scheme, c.in, f, f.Name, c.says)
		}
	}
	for _, s := range Schemes() {
		if !seen[s.Code] || unrefused[s.Code] {
			t.Errorf("%s has no true or no false example in this test", s.Code)
		}
	}
}

func TestSchemesDescribeThemselves(t *testing.T) {
	codes := map[string]bool{}
	for _, s := range Schemes() {
		if codes[s.Code] {
			t.Errorf("%s is there twice", s.Code)
		}
		codes[s.Code] = true
		if s.Name == "" || s.Hint == "" || s.Issuer == "" || strings.HasSuffix(s.Hint, ".") || strings.Count(s.expects, "%s") != 1 {
			t.Errorf("%s lacks a text: %+v", s.Code, s)
		}
		canonical, f := s.Normalise(s.Example)
		if f != nil {
			t.Errorf("%s: its own example is refused: %v", s.Code, f)
			continue
		}
		if again, f := s.Normalise(s.Format(canonical)); f != nil || again != canonical {
			t.Errorf("%s: the shown form %q becomes %q, %v", s.Code, s.Format(canonical), again, f)
		}
	}
	if _, ok := Lookup("nothing"); ok {
		t.Error("Lookup finds a scheme that does not exist")
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct{ scheme, canonical, want string }{
		{"ior_ssn", "123456789", "•••-••-6789"},
		{"rfc_person", "GODE561231GR8", "•••••••••1GR8"},
		{"filer_code", "A1B", "••B"},
		{"scac", "ABCD", "••CD"},
	} {
		s, _ := Lookup(c.scheme)
		if got := s.Mask(c.canonical); got != c.want {
			t.Errorf("Mask(%q) = %q; want %q", c.canonical, got, c.want)
		}
	}
}

func TestKey(t *testing.T) {
	for in, want := range map[string]string{
		"12-345678900":    "12345678900",
		" mc 123.456 ":    "MC123456",
		"Notaría 7":       "NOTARÍA7",
		"\u202e\x00a\xff": "A",
		"":                "",
	} {
		if got := Key(in); got != want {
			t.Errorf("Key(%q) = %q; want %q", in, got, want)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range Schemes() {
		f.Add(s.Code, s.Example)
	}
	f.Add("vat", "É9999")
	f.Add("rfc", "ÑÑÑ010203AB1")
	f.Add("ein", "\x00\xff\u202e")
	f.Fuzz(func(t *testing.T, code, in string) {
		all := Schemes()
		s, ok := Lookup(code)
		if !ok {
			s = all[len(code)%len(all)]
		}
		canonical, problem := s.Normalise(in)
		if problem != nil {
			if !utf8.ValidString(problem.String()) {
				t.Errorf("%s: the message for %q is not text", s.Code, in)
			}
			return
		}
		if utf8.RuneCountInString(canonical) > s.Max {
			t.Errorf("%s: %q is longer than %d", s.Code, canonical, s.Max)
		}
		again, problem := s.Normalise(canonical)
		if problem != nil || again != canonical {
			t.Errorf("%s: %q becomes %q, then %q, %v", s.Code, in, canonical, again, problem)
		}
		shown, problem := s.Normalise(s.Format(canonical))
		if problem != nil || shown != canonical {
			t.Errorf("%s: shown as %q it becomes %q, %v", s.Code, s.Format(canonical), shown, problem)
		}
		if Key(Key(in)) != Key(in) {
			t.Errorf("Key(%q) is not stable", in)
		}
	})
}
