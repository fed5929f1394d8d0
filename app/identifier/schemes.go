package identifier

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// schemes is the table of all schemes. A function and not a variable, so that
// nobody can change it. Sources stand beside the rule that needs one; "practice"
// marks a form that no published text fixes, and there the check is wide.
func schemes() []Scheme {
	return []Scheme{
		// United States customs. IOR forms: CBP Form 5106, block 1; 19 CFR 24.5.
		{
			Code: "ior_ein", Name: "Importer of record number (IRS number)", Issuer: "IRS, with a suffix of CBP",
			Hint:    "Nine digits and the two-character suffix. Leave the suffix out if it is 00",
			Example: "12-345678900", Max: 11, strip: " .-",
			expects: "Enter the IRS number as 9 digits and a suffix of 2 letters or digits, like %s",
			shape: func(s string) (string, bad) {
				if len(s) == 9 {
					s += "00"
				}
				return match(s, iorEIN)
			},
			display: hyphens(2),
		},
		{
			Code: "ior_ssn", Name: "Importer of record number (Social Security number)", Issuer: "Social Security Administration", Personal: true,
			Hint:    "Only if the importer is a person without an IRS number. It is stored encrypted and shown masked",
			Example: "123-45-6789", Max: 9, strip: " .-",
			expects: "Enter the Social Security number as 9 digits, like %s",
			shape:   socialSecurity,
			display: hyphens(3, 5),
		},
		{
			Code: "ior_cbp", Name: "Importer of record number (assigned by CBP)", Issuer: "U.S. Customs and Border Protection",
			Hint:    "Year, district and port, then five digits",
			Example: "241901-00123", Max: 11, strip: " .-",
			expects: "Enter the number that CBP assigned as 6 digits, a hyphen and 5 digits, like %s",
			shape:   digits(11, 11),
			display: hyphens(6),
		},
		{
			Code: "ein", Name: "Employer identification number (EIN)", Issuer: "IRS",
			Hint:    "Nine digits",
			Example: "12-3456789", Max: 9, strip: " .-",
			expects: "Enter the EIN as 9 digits, like %s",
			shape: func(s string) (string, bad) {
				return match(s, ein)
			},
			display: hyphens(2),
		},
		{
			Code: "bond", Name: "Customs bond number", Issuer: "U.S. Customs and Border Protection",
			Hint:    "The number of the continuous bond, as the surety or ACE shows it",
			Example: "20C001234", Max: 12, strip: " .-",
			expects: "Enter the bond number as 6 to 12 letters and digits, like %s",
			shape:   alnum(6, 12), // practice: ACE shows nine characters, older bonds differ
		},
		{
			Code: "filer_code", Name: "Filer code", Issuer: "U.S. Customs and Border Protection",
			Hint:    "Three letters or digits, the start of your entry numbers",
			Example: "A1B", Max: 3, strip: " .-",
			expects: "Enter the filer code as 3 letters or digits, like %s",
			shape:   alnum(3, 3),
		},
		{
			Code: "broker_licence", Name: "Customs broker licence number", Issuer: "U.S. Customs and Border Protection",
			Hint:    "The five-digit serial number on the licence",
			Example: "28417", Max: 5, strip: " .-",
			expects: "Enter the licence serial number as 5 digits, like %s",
			shape:   digits(5, 5),
		},
		{
			Code: "firms", Name: "FIRMS code", Issuer: "U.S. Customs and Border Protection",
			Hint:    "The four-character code of a bonded warehouse or terminal",
			Example: "H123", Max: 4, strip: " .-",
			expects: "Enter the FIRMS code as 4 letters or digits, like %s",
			shape:   alnum(4, 4),
		},
		{
			Code: "mid", Name: "Manufacturer identification code (MID)", Issuer: "built from name and address (CBP Directive 3550-055)",
			Hint:    "Country, name, street number and city of the place where the goods come from",
			Example: "MXACMFUR1450TIJ", Max: 15, strip: " .-",
			expects: "Enter the MID as country (2 letters), start of the name (up to 6), street number (up to 4) and city (up to 3), like %s",
			shape:   manufacturer,
		},

		// Carriers and forwarders.
		{
			Code: "scac", Name: "Standard Carrier Alpha Code (SCAC)", Issuer: "National Motor Freight Traffic Association",
			Hint:    "Two to four letters",
			Example: "ABCD", Max: 4, strip: " .-",
			expects: "Enter the SCAC as 2 to 4 letters, like %s",
			shape: func(s string) (string, bad) {
				return match(s, scac)
			},
		},
		{
			Code: "us_dot", Name: "US DOT number", Issuer: "Federal Motor Carrier Safety Administration",
			Hint:    "Up to eight digits",
			Example: "1234567", Max: 8, strip: " .-#",
			expects: "Enter the US DOT number as 1 to 8 digits, like %s",
			shape: func(s string) (string, bad) {
				s = strings.TrimPrefix(strings.TrimPrefix(s, "US"), "DOT")
				return trimmedNumber(s, 8)
			},
		},
		{
			Code: "mc", Name: "MC number (operating authority)", Issuer: "Federal Motor Carrier Safety Administration",
			Hint:    "Up to eight digits after MC, MX or FF",
			Example: "MC-123456", Max: 10, strip: " .-#",
			expects: "Enter the operating authority as MC, MX or FF and up to 8 digits, like %s",
			shape: func(s string) (string, bad) {
				prefix := "MC"
				if len(s) > 2 && slices.Contains([]string{"MC", "MX", "FF"}, s[:2]) {
					prefix, s = s[:2], s[2:]
				}
				n, b := trimmedNumber(s, 8)
				return prefix + n, b
			},
			display: hyphens(2),
		},
		{
			Code: "imo", Name: "IMO ship number", Issuer: "IHS Markit for the IMO",
			Hint:    "Seven digits; the last one is a check digit",
			Example: "IMO 9074729", Max: 7, strip: " .-",
			expects: "Enter the IMO number as 7 digits, like %s",
			shape:   ship,
			display: func(s string) string { return "IMO " + s },
		},
		{
			Code: "iata_carrier", Name: "IATA airline code", Issuer: "IATA",
			Hint:    "Two characters, at least one of them a letter",
			Example: "LH", Max: 2, strip: " .-*",
			expects: "Enter the airline code as 2 letters, or a letter and a digit, like %s",
			shape: func(s string) (string, bad) {
				return match(s, airline)
			},
		},
		{
			Code: "iata_agent", Name: "IATA cargo agent number", Issuer: "IATA",
			Hint:    "Seven digits, with the check digit or the four-digit CASS address if you have it",
			Example: "23-4 7012", Max: 11, strip: " .-/",
			expects: "Enter the IATA number as 7 digits, or 8 with the check digit, or 11 with the CASS address, like %s",
			shape:   cargoAgent,
			display: func(s string) string {
				switch len(s) {
				case 7:
					return s[:2] + "-" + s[2:3] + " " + s[3:]
				case 8, 11:
					return s[:2] + "-" + s[2:3] + " " + s[3:7] + "/" + s[7:]
				}
				return s
			},
		},
		{
			Code: "fmc_org", Name: "FMC organization number", Issuer: "Federal Maritime Commission",
			Hint:    "Six digits. If yours is shorter, put zeros in front",
			Example: "019128", Max: 6, strip: " .-",
			expects: "Enter the FMC organization number as 6 digits, like %s",
			shape:   digits(6, 6),
		},
		{
			Code: "fmc_mto", Name: "FMC marine terminal operator number", Issuer: "Federal Maritime Commission",
			Hint:    "Six digits. If yours is shorter, put zeros in front",
			Example: "001234", Max: 6, strip: " .-",
			expects: "Enter the FMC terminal operator number as 6 digits, like %s",
			shape:   digits(6, 6),
		},
		{
			Code: "tsa_iac", Name: "TSA indirect air carrier number", Issuer: "Transportation Security Administration",
			Hint:    "Two letters and up to eight digits, as on the approval letter",
			Example: "WP0102003", Max: 10, strip: " .-",
			expects: "Enter the TSA approval as 2 letters and 5 to 8 digits, like %s",
			shape: func(s string) (string, bad) {
				return match(s, indirectCarrier) // practice
			},
		},

		// Mexico.
		{
			Code: "rfc", Name: "RFC of a company", Issuer: "SAT (Mexico)",
			Hint:    "Twelve characters: three letters, the date of foundation and three more",
			Example: "ACM010203LC6", Max: 12, strip: " .-",
			expects: "Enter the company's RFC as 12 characters, like %s",
			shape: func(s string) (string, bad) {
				return taxpayer(s, 3)
			},
		},
		{
			Code: "rfc_person", Name: "RFC of a person", Issuer: "SAT (Mexico)", Personal: true,
			Hint:    "Thirteen characters: four letters, the date of birth and three more. It is stored encrypted and shown masked",
			Example: "GODE561231GR8", Max: 13, strip: " .-",
			expects: "Enter the person's RFC as 13 characters, like %s",
			shape: func(s string) (string, bad) {
				return taxpayer(s, 4)
			},
		},
		{
			Code: "sct", Name: "SCT permit number", Issuer: "Ministry of transport (Mexico)",
			Hint:    "The number of the federal freight permit",
			Example: "0106MORR13122011021001000", Max: 30, strip: " .-/",
			expects: "Enter the SCT permit number as 4 to 30 letters and digits, like %s",
			shape:   alnum(4, 30), // practice: the form changed several times
		},
		{
			Code: "acta_constitutiva", Name: "Acta Constitutiva", Issuer: "Notary public (Mexico)",
			Hint:    "Number of the deed, notary, city and year",
			Example: "Escritura 12345, Notaría 7, Nuevo Laredo, 2004", Max: 80,
			expects: "Enter the deed as number, notary, city and year, like %s",
			shape:   reference(5, 80),
		},

		// Customs worldwide.
		{
			Code: "eori", Name: "EORI number", Issuer: "customs authority of a Member State",
			Hint:    "Country code and up to 15 letters and digits",
			Example: "DE1234567", Max: 17, strip: " .-",
			expects: "Enter the EORI number as country code and up to 15 letters and digits, like %s",
			shape: func(s string) (string, bad) { // Reg. (EU) 2015/2447, an..17
				return countryCode(s, eoriCountry, "This EORI number starts with %s, which is not a country that gives out EORI numbers. Enter it like %s", "DE1234567")
			},
		},
		{
			Code: "tin", Name: "Trader identification number (TIN)", Issuer: "home customs administration",
			Hint:    "Country code and up to 15 letters and digits",
			Example: "JPAEO12345", Max: 17, strip: " .-",
			expects: "Enter the TIN as country code and up to 15 letters and digits, like %s",
			shape: func(s string) (string, bad) { // WCO Guidelines on Trader Identification Number, 2018
				return countryCode(s, isCountry, "This TIN starts with %s, which is not a country code. Enter it like %s", "JPAEO12345")
			},
		},
		{
			Code: "aeo_authorisation", Name: "AEO authorisation number", Issuer: "customs authority of a Member State",
			Hint:    "Country code, AEOC, AEOS or AEOF, and the national number",
			Example: "NLAEOS0000123", Max: 35, strip: " .-/",
			expects: "Enter the AEO authorisation as country code, AEOC, AEOS or AEOF and the national number, like %s",
			shape: func(s string) (string, bad) {
				if len(s) > 2 && !eoriCountry(s[:2]) {
					return "", misform
				}
				return match(s, authorisation)
			},
		},
		{
			Code: "vat", Name: "VAT identification number", Issuer: "tax authority of a Member State",
			Hint:    "Country code and the national number",
			Example: "DE123456789", Max: 14, strip: " .-",
			expects: "Enter the VAT number with its country code, like %s",
			shape:   vat,
		},
		{
			Code: "national_registration", Name: "National registration number", Issuer: "company register of the country",
			Hint:    "The number in the company register, with the register's letters",
			Example: "HRB 12345", Max: 35,
			expects: "Enter the registration number as up to 35 letters, digits and signs, like %s",
			shape:   reference(2, 35),
		},
		{
			Code: "duns", Name: "D-U-N-S number", Issuer: "Dun & Bradstreet",
			Hint:    "Nine digits",
			Example: "15-048-3782", Max: 9, strip: " .-",
			expects: "Enter the D-U-N-S number as 9 digits, like %s",
			shape:   digits(9, 9), // the check digit was given up in 2006
			display: hyphens(2, 5),
		},
		{
			Code: "lei", Name: "Legal entity identifier (LEI)", Issuer: "a GLEIF-accredited issuer",
			Hint:    "Twenty letters and digits",
			Example: "529900T8BM49AURSDO55", Max: 20, strip: " .-",
			expects: "Enter the LEI as 20 letters and digits, like %s",
			shape:   legalEntity,
		},
	}
}

var (
	iorEIN          = regexp.MustCompile(`^(?:0[1-9]|[1-9][0-9])[0-9]{7}[A-Z0-9]{2}$`)
	ein             = regexp.MustCompile(`^(?:0[1-9]|[1-9][0-9])[0-9]{7}$`)
	scac            = regexp.MustCompile(`^[A-Z]{2,4}$`)
	airline         = regexp.MustCompile(`^(?:[A-Z][A-Z0-9]|[0-9][A-Z])$`)
	indirectCarrier = regexp.MustCompile(`^[A-Z]{2}[0-9]{5,8}$`)
	authorisation   = regexp.MustCompile(`^[A-Z]{2}AEO[CSF][A-Z0-9]{1,29}$`)
	madeUp          = regexp.MustCompile(`^([A-Z]{2})([A-Z0-9]{2,6})([0-9]{0,4})([A-Z]{2,3})$`)
	taxpayerForm    = regexp.MustCompile(`^([A-ZÑ&]{3,4})([0-9]{6})([1-9A-Z][1-9A-Z][0-9A])$`)
	leiForm         = regexp.MustCompile(`^[A-Z0-9]{18}[0-9]{2}$`)
)

func match(s string, form *regexp.Regexp) (string, bad) {
	if !form.MatchString(s) {
		return "", misform
	}
	return s, fine
}

func digits(least, most int) func(string) (string, bad) {
	return func(s string) (string, bad) {
		if len(s) < least || len(s) > most || !only(s, isDigit) {
			return "", misform
		}
		return s, fine
	}
}

func alnum(least, most int) func(string) (string, bad) {
	return func(s string) (string, bad) {
		if len(s) < least || len(s) > most || !only(s, isAlnum) {
			return "", misform
		}
		return s, fine
	}
}

// reference takes the free forms of registers and notaries: letters of any
// language, digits and the signs that such references carry.
func reference(least, most int) func(string) (string, bad) {
	return func(s string) (string, bad) {
		n, meaning := 0, false
		for _, r := range s {
			n++
			switch {
			case alphanumeric(r):
				meaning = true
			case !strings.ContainsRune(" .,/-#º°ª()&:", r):
				return "", because("This contains a sign that does not belong to a reference: %s. Use letters, digits, spaces and . , / - #", string(r))
			}
		}
		if !meaning || n < least || n > most {
			return "", misform
		}
		return s, fine
	}
}

func trimmedNumber(s string, most int) (string, bad) {
	s, b := digits(1, most)(s)
	if b.wrong {
		return "", b
	}
	if s = strings.TrimLeft(s, "0"); s == "" {
		return "", misform
	}
	return s, fine
}

func hyphens(after ...int) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for i, r := range s {
			if slices.Contains(after, i) {
				b.WriteByte('-')
			}
			b.WriteRune(r)
		}
		return b.String()
	}
}

// socialSecurity refuses the numbers that the Social Security Administration
// never gives out: areas 000, 666 and 900-999, group 00, serial 0000.
func socialSecurity(s string) (string, bad) {
	if s, b := digits(9, 9)(s); b.wrong {
		return s, b
	}
	if s[:3] == "000" || s[:3] == "666" || s[0] == '9' || s[3:5] == "00" || s[5:] == "0000" {
		return "", because("No Social Security number is written like this. Check the number on the card")
	}
	return s, fine
}

// manufacturer checks the parts of a MID (19 CFR part 102, appendix). Canada is
// named by its provinces: XO is Ontario; CA is not used.
func manufacturer(s string) (string, bad) {
	parts := madeUp.FindStringSubmatch(s)
	switch {
	case parts == nil:
		return "", misform
	case parts[1] == "CA":
		return "", because("A MID does not start with CA. Use the code of the province, like %s for Ontario", "XO")
	case !isCountry(parts[1]) && !strings.Contains(" XA XB XC XM XN XO XP XQ XS XT XV XW XY ", " "+parts[1]+" "):
		return "", because("This MID starts with %s, which is not a country code. Enter it like %s", parts[1], "MXACMFUR1450TIJ")
	}
	return s, fine
}

// ship checks an IMO number (IMO resolution A.1117(30)): six digits weighted 7 to
// 2; the last digit of the sum is the seventh.
func ship(s string) (string, bad) {
	s, b := digits(7, 7)(strings.TrimPrefix(s, "IMO"))
	if b.wrong {
		return "", b
	}
	sum := 0
	for i := range 6 {
		sum += int(s[i]-'0') * (7 - i)
	}
	if sum == 0 || sum%10 != int(s[6]-'0') {
		return "", wrongCheckDigit()
	}
	return s, fine
}

func wrongCheckDigit() bad {
	return because("The check digit does not fit, so a digit is wrong or two changed places. Compare it with your papers")
}

// cargoAgent checks an agent's number. The eighth digit is the remainder of the
// first seven by seven (IATA Resolution 822); a CASS address has no digit that we
// can check. CBP's page asks for six digits, so six are taken too.
func cargoAgent(s string) (string, bad) {
	s, b := digits(6, 11)(s)
	if b.wrong || len(s) == 9 || len(s) == 10 {
		return "", misform
	}
	if len(s) == 8 {
		n := 0
		for _, d := range s[:7] {
			n = (n*10 + int(d-'0')) % 7
		}
		if n != int(s[7]-'0') {
			return "", wrongCheckDigit()
		}
	}
	return s, fine
}

// taxpayer checks an RFC: letters of the name, a date, and three characters of
// which the last is a check digit (SAT, Anexo 2, "dígito verificador").
func taxpayer(s string, letters int) (string, bad) {
	parts := taxpayerForm.FindStringSubmatch(s)
	if parts == nil || len([]rune(parts[1])) != letters {
		return "", misform
	}
	if _, err := time.Parse("060102", parts[2]); err != nil {
		return "", because("Characters %d to %d of the RFC are a date, and %s is not one. It is written as year, month, day", letters+1, letters+6, parts[2])
	}
	const values = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ"
	table := []rune(values)
	body := []rune(s)
	if letters == 3 {
		body = append([]rune{' '}, body...) // a company's RFC counts as if a space came first
	}
	sum := 0
	for i, r := range body[:12] {
		sum += slices.Index(table, r) * (13 - i)
	}
	want := "0"
	if rest := sum % 11; rest == 1 {
		want = "A"
	} else if rest > 1 {
		want = string(rune('0' + 11 - rest))
	}
	if string(body[12]) != want {
		return "", wrongCheckDigit()
	}
	return s, fine
}

// legalEntity checks an LEI (ISO 17442): letters count from A = 10, and the whole
// number leaves 1 when divided by 97 (ISO 7064 MOD 97-10).
func legalEntity(s string) (string, bad) {
	if s, b := match(s, leiForm); b.wrong {
		return s, b
	}
	rest := 0
	for _, r := range s {
		if isDigit(r) {
			rest = (rest*10 + int(r-'0')) % 97
		} else {
			rest = (rest*100 + int(r-'A') + 10) % 97
		}
	}
	if rest != 1 {
		return "", wrongCheckDigit()
	}
	return s, fine
}

func countryCode(s string, known func(string) bool, message, example string) (string, bad) {
	if len(s) < 3 || len(s) > 17 || !only(s, isAlnum) || !only(s[:2], isLetter) {
		return "", misform
	}
	if !known(s[:2]) {
		return "", because(message, s[:2], example)
	}
	return s, fine
}

// vat checks the structure that each tax authority publishes; the numbers' own
// check digits differ by country and age and are left to VIES.
func vat(s string) (string, bad) {
	if len(s) < 4 {
		return "", misform
	}
	country := s[:2]
	if country == "GR" {
		country = "EL" // VAT numbers of Greece carry EL
	}
	form, ok := vatForms()[country]
	if !ok {
		return "", because("VAT numbers here start with the code of a Member State, like %s. Yours starts with %s", "DE", printable(country))
	}
	if s = country + s[2:]; !regexp.MustCompile("^" + country + "(?:" + form + ")$").MatchString(s) {
		return "", misform
	}
	return s, fine
}

// vatForms are the national parts, as the Commission's VIES pages describe them.
func vatForms() map[string]string {
	return map[string]string{
		"AT": `U\d{8}`, "BE": `[01]\d{9}`, "BG": `\d{9,10}`, "CY": `\d{8}[A-Z]`, "CZ": `\d{8,10}`, "DE": `\d{9}`,
		"DK": `\d{8}`, "EE": `\d{9}`, "EL": `\d{9}`, "ES": `[A-Z0-9]\d{7}[A-Z0-9]`, "FI": `\d{8}`,
		"FR": `[A-Z0-9]{2}\d{9}`, "GB": `\d{9}|\d{12}|(?:GD|HA)\d{3}`, "HR": `\d{11}`, "HU": `\d{8}`,
		"IE": `\d[A-Z0-9+*]\d{5}[A-Z]|\d{7}[A-Z]{2}`, "IT": `\d{11}`, "LT": `\d{9}|\d{12}`, "LU": `\d{8}`,
		"LV": `\d{11}`, "MT": `\d{8}`, "NL": `[A-Z0-9+*]{10}\d{2}`, "PL": `\d{10}`, "PT": `\d{9}`, "RO": `\d{2,10}`,
		"SE": `\d{12}`, "SI": `\d{8}`, "SK": `\d{10}`, "XI": `\d{9}|\d{12}|(?:GD|HA)\d{3}`,
	}
}

// printable keeps a stray byte of a cut character out of a message.
func printable(s string) string { return strings.ToValidUTF8(s, "?") }

func isDigit(r rune) bool  { return r >= '0' && r <= '9' }
func isLetter(r rune) bool { return r >= 'A' && r <= 'Z' }
func isAlnum(r rune) bool  { return isDigit(r) || isLetter(r) }

func only(s string, what func(rune) bool) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !what(r) })
}

// eoriCountry reports whether a country gives out EORI numbers: the Member
// States, Northern Ireland (XI) and Great Britain, which kept the form.
func eoriCountry(code string) bool {
	const issuing = " AT BE BG CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI "
	return strings.Contains(issuing, " "+code+" ")
}

// isCountry reports whether a code is an officially assigned alpha-2 code of ISO
// 3166-1, or XK, which customs authorities use for Kosovo.
func isCountry(code string) bool {
	const assigned = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ" +
		" CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR" +
		" GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP" +
		" KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ" +
		" NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW" +
		" SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ" +
		" UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW "
	return len(code) == 2 && strings.Contains(assigned, " "+code+" ")
}
