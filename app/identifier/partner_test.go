package identifier

import "testing"

// TestConvert holds the converters to the examples of the sources.
func TestConvert(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ converter, country, in, want string }{
		{"my_to_jp", "MY", "MY12345H100001", "A1234510MY00"}, // RMCD and MOF Japan
		{"my_to_jp", "MY", " my 1ab45-h10 0001 ", "A1AB4510MY00"},
		{"my_to_jp", "MY", "MY1234H100001", ""},
		{"my_to_jp", "MY", "SG12345H100001", ""},
		{"au_to_jp", "AU", "12345678901", "A12345678901"}, // NACCS, 18 September 2019
		{"au_to_jp", "AU", "12 345 678 901", "A12345678901"},
		{"au_to_jp", "AU", "1234567890", ""},
		{"country_code", "SG", "123456789012", "SG123456789012"}, // GACC: country code and customs code
		{"country_code", "SG", "SG123456789012", "SG123456789012"},
		{"country_code", "DE", "1234567890123456", ""}, // more than 17 in all
		{"tin", "US", "C26-000123", "USC26000123"},
		{"tin", "ZZ", "C26000123", ""},
		{"", "JP", "us 12345", "US12345"},
		{"other", "JP", "1", ""},
	} {
		got, f := Convert(c.converter, c.country, c.in)
		if got != c.want || (f == nil) != (c.want != "") {
			t.Errorf("%s %s %q: %q, want %q (%v)", c.converter, c.country, c.in, got, c.want, f)
		}
		if f == nil && len(got) > 17 {
			t.Errorf("%q is longer than 17", got)
		}
	}
}

func TestPartnerSchemes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range PartnerSchemes() {
		if seen[s.Code] {
			t.Errorf("%s is there twice", s.Code)
		}
		seen[s.Code] = true
		if _, ok := Lookup(s.Code); ok != (s.Code == "mid" || s.Code == "eori" || s.Code == "tin" || s.Code == "aeo_authorisation" || s.Code == "rfc" || s.Code == "lei" || s.Code == "duns") {
			t.Errorf("%s: a number of the company itself: %v", s.Code, ok)
		}
		got, f := s.Normalise(s.Example)
		if f != nil {
			t.Errorf("%s refuses its example: %v", s.Code, f)
		}
		if again, f := s.Normalise(got); f != nil || again != got || len(got) > s.Max {
			t.Errorf("%s: %q becomes %q (%v)", s.Code, got, again, f)
		}
	}
	for code, bad := range map[string]string{"gln": "4000001000006", "jp_naccs": "US123450001", "obpc": "ZZ12345", "cn_party": "D1234567"} {
		s, _ := PartnerScheme(code)
		if _, f := s.Normalise(bad); f == nil {
			t.Errorf("%s takes %q", code, bad)
		}
	}
}
