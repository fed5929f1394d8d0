package identifier

import (
	"regexp"
	"slices"
	"strings"

	"trustedtrader/app/fault"
)

// partnerOnly are the schemes by which customs of other countries know a company, which it
// does not give to its own administration.
func partnerOnly() []Scheme {
	return []Scheme{
		{
			Code: "obpc", Name: "Overseas business partner code (OBPC)", Issuer: "Korea Customs Service",
			Hint:    "The code under which Korean importers declare you",
			Example: "USACMFUR0001A", Max: 17, strip: " .-",
			expects: "Enter the OBPC as country code and up to 15 letters and digits, like %s",
			shape: func(s string) (string, bad) { // practice: the form is not published
				return countryCode(s, isCountry, "This OBPC starts with %s, which is not a country code. Enter it like %s", "USACMFUR0001A")
			},
		},
		{
			Code: "jp_naccs", Name: "Code of an overseas operator in Japan", Issuer: "Japan Customs",
			Hint:    "Twelve letters and digits, as Japan Customs gave it for mutual recognition",
			Example: "US1234500001", Max: 12, strip: " .-",
			expects: "Enter the Japanese code as 12 letters and digits, like %s",
			shape:   alnum(12, 12),
		},
		{
			Code: "cn_party", Name: "AEO code of an overseas operator in China", Issuer: "built from country code and customs code (GACC, 2018)",
			Hint:    "Country code, followed by your number with your own customs",
			Example: "DE1234567890", Max: 17, strip: " .-",
			expects: "Enter the code as country code and up to 15 letters and digits, like %s",
			shape: func(s string) (string, bad) {
				return countryCode(s, isCountry, "This code starts with %s, which is not a country code. Enter it like %s", "DE1234567890")
			},
		},
		{
			Code: "gln", Name: "Global location number (GLN)", Issuer: "GS1",
			Hint:    "Thirteen digits; the last one is a check digit",
			Example: "4000001000005", Max: 13, strip: " .-",
			expects: "Enter the GLN as 13 digits, like %s",
			shape:   location,
		},
	}
}

// location checks a GLN (GS1 General Specifications, 7.9): digits weighted 1 and 3 in turn,
// the last makes the sum a multiple of ten.
func location(s string) (string, bad) {
	s, b := digits(13, 13)(s)
	if b.wrong {
		return "", b
	}
	sum := 0
	for i := range 13 {
		sum += int(s[i]-'0') * (1 + 2*(i%2))
	}
	if sum%10 != 0 {
		return "", wrongCheckDigit()
	}
	return s, fine
}

// shared are the schemes of a company that customs of other countries know it by as well.
var shared = []string{"mid", "eori", "tin", "aeo_authorisation", "rfc", "lei", "duns"}

// PartnerSchemes lists the schemes of numbers that a company has with other countries' customs,
// in the order of a pick list.
func PartnerSchemes() (out []Scheme) {
	for _, code := range shared {
		s, _ := Lookup(code)
		out = append(out, s)
	}
	return append(out, partnerOnly()...)
}

// PartnerScheme finds one of PartnerSchemes by its code.
func PartnerScheme(code string) (Scheme, bool) {
	all := PartnerSchemes()
	if i := slices.IndexFunc(all, func(s Scheme) bool { return s.Code == code }); i >= 0 {
		return all[i], true
	}
	return Scheme{}, false
}

var (
	malaysian  = regexp.MustCompile(`^MY([A-Z0-9]{5})H([0-9]{2})([0-9]{4})$`)
	australian = regexp.MustCompile(`^[0-9]{11}$`)
)

// Convert writes a number of the home side as a partner wants it: tin and country_code put
// the country (ISO 3166-1) in front unless it is there, for at most 17 characters (WCO
// Guidelines on TIN, 2018; GACC for the overseas party); my_to_jp and au_to_jp make the
// 12-character codes of NACCS (Royal Malaysian Customs and MOF Japan, 2015; NACCS, 18 September
// 2019). An empty converter leaves it as it is. The field is empty unless the number does not
// have the form that the converter takes.
func Convert(converter, country, value string) (string, *fault.Field) {
	refuse := func(message string, args ...any) (string, *fault.Field) {
		f := fault.F("value", message, args...)
		return "", &f
	}
	if len(value) > maxInput {
		return refuse("This is too long. Enter up to %d characters", 17)
	}
	v := Key(value)
	switch converter {
	case "":
		return v, nil
	case "tin", "country_code":
		if !isCountry(country) {
			return refuse("%s is not a country code", country)
		}
		if !strings.HasPrefix(v, country) {
			v = country + v
		}
		if s, b := countryCode(v, isCountry, "", ""); !b.wrong {
			return s, nil
		}
		return refuse("A number for this partner has the country code and up to 15 letters and digits, like %s", "JPAEO12345")
	case "my_to_jp": // 14 to 12: A, the five characters, the year, MY, 00
		m := malaysian.FindStringSubmatch(v)
		if m == nil {
			return refuse("A Malaysian AEO code has 14 characters, like %s", "MY12345H100001")
		}
		return "A" + m[1] + m[2] + "MY" + "00", nil
	case "au_to_jp":
		if !australian.MatchString(v) {
			return refuse("An Australian business number has 11 digits, like %s", "12345678901")
		}
		return "A" + v, nil
	}
	return refuse("There is no such converter: %s", converter)
}
