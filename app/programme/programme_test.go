package programme_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"trustedtrader/app/clock"
	"trustedtrader/app/identifier"
	"trustedtrader/app/programme"
	"trustedtrader/config"
)

func own(t *testing.T) fs.FS {
	t.Helper()
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func get(t *testing.T, code string) *programme.Programme {
	t.Helper()
	r, err := programme.Load(own(t))
	if err != nil {
		t.Fatalf("load:\n%v", err)
	}
	p, ok := r.Get(code)
	if !ok {
		t.Fatalf("no programme %q", code)
	}
	return p
}

func TestOwnProgrammes(t *testing.T) {
	r, err := programme.Load(own(t))
	if err != nil {
		t.Fatalf("load:\n%v", err)
	}
	if len(r.All()) != 3 {
		t.Fatalf("%d programmes; want 3", len(r.All()))
	}
	if _, ok := r.Get("nothing"); ok {
		t.Error("Get finds a programme that does not exist")
	}
	for _, p := range r.All() {
		if len(p.Hash) != 64 || len(p.Agreement.Hash) != 64 || p.Edition.EffectiveFrom.IsZero() || p.Agreement.EffectiveFrom.IsZero() {
			t.Errorf("%s: hash or date missing: %+v %s", p.Code, p.Edition, p.Hash)
		}
		if len(p.Agreement.Consents) == 0 || len(p.Agreement.Blocks) < 10 {
			t.Errorf("%s: the agreement is short: %d blocks", p.Code, len(p.Agreement.Blocks))
		}
		for _, e := range p.EntityTypes() {
			if len(e.Identifiers.Required) == 0 && e.Enabled {
				t.Errorf("%s: %s asks for no identifier", p.Code, e.Code)
			}
			// Every scheme that can be given has something for the specialist to check.
			for _, s := range e.Identifiers.AllSchemes() {
				if len(p.VettingFor("identifier", s)) == 0 {
					t.Errorf("%s: nothing is vetted about %s", p.Code, s)
				}
			}
		}
		for _, subject := range []string{"company", "officer", "site"} {
			if len(p.VettingFor(subject, "")) == 0 {
				t.Errorf("%s: nothing is vetted about the %s", p.Code, subject)
			}
		}
	}
}

func TestEntityTypes(t *testing.T) {
	for code, want := range map[string][]string{
		"ctpat": {"importer", "exporter", "highway_carrier_us_ca", "highway_carrier_us_mx", "mexican_long_haul", "rail_carrier", "sea_carrier",
			"air_carrier", "consolidator", "third_party_logistics", "customs_broker", "mpto", "foreign_manufacturer", "ecommerce_platform"},
		"ctpat-tc": {"importer"},
		"eu-aeo":   {"aeoc", "aeos", "aeof"},
	} {
		p := get(t, code)
		var got []string
		for _, e := range p.EntityTypes() {
			got = append(got, e.Code)
			if e.Enabled == (e.Code == "ecommerce_platform") {
				t.Errorf("%s: enabled is %v", e.Code, e.Enabled)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: entity types %v; want %v", code, got, want)
		}
	}
	importer, ok := get(t, "ctpat").EntityType("importer")
	if !ok {
		t.Fatal("no importer")
	}
	if first, last := importer.Questions[0].Code, importer.Questions[len(importer.Questions)-1].Code; first != "last_import" || last != "commitment" {
		t.Errorf("questions run from %s to %s; want the own ones, then the common ones", first, last)
	}
}

// The periods of both programmes, as the law and the domain reference state them.
func TestClocks(t *testing.T) {
	for code, want := range map[string]string{
		"ctpat": `profile_due 30 calendar_days deadline company lapse
certification_decision 90 calendar_days deadline agency task
vetting 90 calendar_days deadline agency task
information_answer 14 calendar_days deadline company task
change_decision 30 calendar_days deadline agency task
first_validation 1 years deadline agency task
validation_notice 30 calendar_days earliest agency none
validation_effort 10 business_days deadline agency task
validation_report 60 calendar_days deadline agency task
actions_required 90 calendar_days deadline company task
annual_review_opens 1 years less 90 earliest company open_review
annual_review_due 1 years deadline company task
blank_profile_warning 14 calendar_days deadline company task
suspension_answer 90 calendar_days deadline company task
plan_item 0 given_day deadline company task
enforcement_answer 30 calendar_days deadline company task
reapplication_bar 1 years earliest company lift_bar
appeal_filing 90 calendar_days deadline company none
appeal_filing_false_information 30 calendar_days deadline company none
appeal_decision 180 calendar_days deadline agency task
revalidation 4 years deadline agency task
criteria_review 1 years deadline agency task
risk_assessment_review 1 years deadline company none
seal_procedure_review 1 years deadline company none
cyber_policy_review 1 years deadline company none
camera_policy_review 1 years deadline company none
pest_record_retention 1 years earliest company none
claim_answer 30 calendar_days deadline agency task
`,
		"ctpat-tc": `profile_due 30 calendar_days deadline company lapse
certification_decision 90 calendar_days deadline agency task
vetting 90 calendar_days deadline agency task
information_answer 14 calendar_days deadline company task
change_decision 30 calendar_days deadline agency task
validation_report 60 calendar_days deadline agency task
actions_required 90 calendar_days deadline company task
annual_review_opens 1 years less 30 earliest company open_review
annual_review_due 1 years deadline company task
suspension_answer 90 calendar_days deadline company task
plan_item 0 given_day deadline company task
enforcement_answer 30 calendar_days deadline company task
reapplication_bar 1 years earliest company lift_bar
appeal_filing 90 calendar_days deadline company none
appeal_filing_false_information 30 calendar_days deadline company none
appeal_decision 180 calendar_days deadline agency task
claim_answer 30 calendar_days deadline agency task
`,
		"eu-aeo": `acceptance 30 calendar_days deadline agency count_as_accepted
information_answer 30 calendar_days deadline company task
decision 120 calendar_days extension 60 deadline agency task
consultation 80 calendar_days deadline agency task
hearing 30 calendar_days deadline company task
effective 5 calendar_days earliest agency take_effect
change_decision 30 calendar_days deadline agency task
hearing_enforcement 30 calendar_days deadline company task
suspension_facts 30 calendar_days deadline agency task
suspension_cure 0 given_day deadline company none
plan_item 0 given_day deadline company task
suspension_verification 30 calendar_days deadline agency task
reapplication_bar 3 years earliest company lift_bar
appeal_filing 30 calendar_days deadline company none
monitoring 3 years deadline agency task
validation_notice 14 calendar_days earliest agency none
audit_report 60 calendar_days deadline agency task
measures_demanded 60 calendar_days deadline company task
claim_answer 30 calendar_days deadline agency task
`,
	} {
		var got strings.Builder
		for _, k := range get(t, code).Clocks() {
			fmt.Fprintf(&got, "%s %d %s ", k.Code, k.Amount, k.Unit)
			if k.LessDays > 0 {
				fmt.Fprintf(&got, "less %d ", k.LessDays)
			}
			if k.Extension != nil && k.Extension.By == programme.Agency {
				fmt.Fprintf(&got, "extension %d ", k.Extension.MaxDays)
			}
			fmt.Fprintf(&got, "%s %s %s\n", k.Direction, k.OwedBy, k.OnExpiry)
		}
		if got.String() != want {
			t.Errorf("%s clocks:\n%s\nwant:\n%s", code, got.String(), want)
		}
	}
}

func TestClocksStartedBy(t *testing.T) {
	codes := func(clocks []programme.Clock) string {
		var out []string
		for _, k := range clocks {
			out = append(out, k.Code)
		}
		return strings.Join(out, " ")
	}
	us, eu := get(t, "ctpat"), get(t, "eu-aeo")
	for _, c := range []struct{ what, got, want string }{
		{"submitted", codes(us.ClocksStartedBy(programme.ApplicationSubmitted)), "certification_decision vetting"},
		{"certified", codes(us.ClocksStartedBy(programme.ApplicationCertified)), "first_validation annual_review_opens annual_review_due"},
		{"rejected without a reason for a bar", codes(us.ClocksStartedBy(programme.ApplicationRejected, "not_eligible")), ""},
		{"rejected for silence", codes(us.ClocksStartedBy(programme.ApplicationRejected, "not_eligible", "no_answer")), "reapplication_bar"},
		{"submitted in the Union", codes(eu.ClocksStartedBy(programme.ApplicationSubmitted)), "acceptance"},
		{"accepted in the Union", codes(eu.ClocksStartedBy(programme.ApplicationAccepted)), "decision"},
		{"answered after acceptance", codes(eu.ClocksStartedBy(programme.ApplicationInformationReceived)), ""},
		{"accepted ends", codes(eu.ClocksStoppedBy(programme.ApplicationAccepted)), "acceptance information_answer"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q; want %q", c.what, c.got, c.want)
		}
	}
	if !us.ReapplyBar("reapplication_bar") || us.ReapplyBar("vetting") {
		t.Error("ReapplyBar does not know the bars")
	}
	// A list given out is the caller's: nobody can change an edition.
	us.Clocks()[0].Code = "changed"
	if _, ok := us.Clock("profile_due"); !ok {
		t.Error("a caller changed the programme")
	}
}

// Every event at which an application ends stops every clock of the application
// that somebody owes: nobody is reminded of a closed case.
func TestClosedApplicationsOweNothing(t *testing.T) {
	starts := []string{programme.ApplicationOpened, programme.ApplicationSubmitted, programme.ApplicationAccepted,
		programme.ApplicationInformationRequested, programme.ApplicationHearingOpened}
	for _, code := range []string{"ctpat", "ctpat-tc", "eu-aeo"} {
		for _, k := range get(t, code).Clocks() {
			if !slices.ContainsFunc(k.StartsOn, func(e string) bool { return slices.Contains(starts, e) }) {
				continue
			}
			ends := []string{programme.ApplicationCertified, programme.ApplicationRejected, programme.ApplicationWithdrawn, programme.ApplicationLapsed}
			switch k.Code {
			case "profile_due": // a draft is submitted, withdrawn, or lapses by this clock
				ends = []string{programme.ApplicationSubmitted, programme.ApplicationWithdrawn}
			case "acceptance": // nothing is certified that was not accepted
				ends = ends[1:]
			}
			for _, e := range ends {
				if !slices.Contains(k.StopsOn, e) {
					t.Errorf("%s: the clock %s goes on after %s", code, k.Code, e)
				}
			}
		}
	}
}

func TestQuestionCheck(t *testing.T) {
	least, most := 1, 10
	today := time.Date(2026, 3, 31, 23, 30, 0, 0, time.FixedZone("", -5*3600))
	yes := programme.Question{Kind: programme.YesNo, Required: "yes"}
	no := programme.Question{Kind: programme.YesNo, Required: "no"}
	free := programme.Question{Kind: programme.YesNo}
	number := programme.Question{Kind: programme.Number, Min: &least, Max: &most}
	date := programme.Question{Kind: programme.Date, WithinMonths: 13}
	for _, c := range []struct {
		q        programme.Question
		answer   string
		eligible bool
		readable bool
	}{
		{yes, "yes", true, true}, {yes, "no", false, true}, {yes, "maybe", false, false}, {yes, "", false, false},
		{no, "no", true, true}, {no, "yes", false, true}, {free, "no", true, true},
		{number, "1", true, true}, {number, "0", false, true}, {number, "11", false, true}, {number, "one", false, false},
		{date, "2026-03-31", true, true}, {date, "2026-04-01", false, true}, {date, "2025-02-28", true, true},
		{date, "2025-02-27", false, true}, {date, "31.3.2026", false, false},
	} {
		eligible, err := c.q.Check(c.answer, today)
		if eligible != c.eligible || (err == nil) != c.readable {
			t.Errorf("%s %q: %v, %v; want %v, readable %v", c.q.Kind, c.answer, eligible, err, c.eligible, c.readable)
		}
	}
}

func TestIdentifierGroups(t *testing.T) {
	p := get(t, "ctpat")
	e, _ := p.EntityType("highway_carrier_us_mx")
	missing := func(country string, given ...string) string {
		var out []string
		for _, g := range e.Identifiers.Required {
			out = append(out, g.Missing(given, country)...)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct{ got, want string }{
		{missing("US"), "scac us_dot"},
		{missing("US", "us_dot", "scac"), ""},
		{missing("MX", "us_dot", "scac"), "rfc rfc_person acta_constitutiva"},
		{missing("MX", "us_dot", "scac", "rfc_person", "acta_constitutiva"), ""},
	} {
		if c.got != c.want {
			t.Errorf("missing %q; want %q", c.got, c.want)
		}
	}
	rule := programme.SiteRule{OneOf: []string{"office"}, Countries: []string{"US"}}
	if !rule.Met([]string{"yard", "office"}, "US") || rule.Met([]string{"office"}, "CA") || rule.Met([]string{"yard"}, "US") {
		t.Error("a site rule is met where it is not, or the other way round")
	}
}

func TestMembershipNumber(t *testing.T) {
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ programme, entity, country, want string }{
		{"ctpat", "importer", "US", "C26-000042"},
		{"eu-aeo", "aeos", "NL", "NLAEOS0000042"},
	} {
		got, err := get(t, c.programme).MembershipNumber(c.entity, c.country, day, 42)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.programme, got, err, c.want)
		}
	}
	scheme, _ := identifier.Lookup("aeo_authorisation")
	if _, f := scheme.Normalise("NLAEOS0000042"); f != nil {
		t.Errorf("our AEO number is none: %v", f)
	}
	if _, err := get(t, "ctpat").MembershipNumber("nobody", "US", day, 1); err == nil {
		t.Error("an unknown entity type gets a number")
	}
	if _, err := get(t, "eu-aeo").MembershipNumber("aeos", "", day, 1); err == nil {
		t.Error("no country gives a number")
	}
}

func TestLetters(t *testing.T) {
	values := map[string]string{}
	for name, what := range programme.Placeholders() {
		values[name] = what
	}
	for _, code := range []string{"ctpat", "ctpat-tc", "eu-aeo"} {
		p := get(t, code)
		for _, l := range p.Letters() {
			subject, body, err := l.Render(values)
			if err != nil || subject == "" || body == "" || strings.Contains(subject+body, "{{") {
				t.Errorf("%s %s: %q, %v\n%s", code, l.Code, subject, err, body)
			}
			for _, w := range []string{"please", "Please"} {
				if strings.Contains(subject+body, w) {
					t.Errorf("%s %s says %q", code, l.Code, w)
				}
			}
		}
		for _, want := range programme.LetterCodes() {
			if _, ok := p.Letter(want); !ok {
				t.Errorf("%s has no letter %s", code, want)
			}
		}
	}
	for _, step := range []string{"application_accepted", "hearing_opened", "membership_effective"} {
		if _, ok := get(t, "eu-aeo").Letter(step); !ok {
			t.Errorf("eu-aeo has no letter %s", step)
		}
		if _, ok := get(t, "ctpat").Letter(step); ok {
			t.Errorf("ctpat has a letter %s for a step it does not have", step)
		}
	}
}

func TestRenderIsInert(t *testing.T) {
	l := programme.Letter{
		Code: "test", Subject: "For {{company}}",
		Paragraphs: []string{"Dear {{recipient}},", "{{points}}", "{{note}}", "Until {{due_on}}."},
	}
	if got := strings.Join(l.Uses(), " "); got != "company due_on note points recipient" {
		t.Errorf("Uses: %s", got)
	}
	if _, _, err := l.Render(map[string]string{"company": "A", "note": ""}); err == nil || !strings.Contains(err.Error(), "due_on, points, recipient") {
		t.Errorf("missing values: %v", err)
	}
	subject, body, err := l.Render(map[string]string{
		"company":   "Evil\r\nBcc: all@example.com {{points}}",
		"recipient": "Ann\n\nA forged paragraph\u202e",
		"points":    "first\r\n\n\n second\x00 ",
		"note":      "",
		"due_on":    "4 March 2026",
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "For Evil Bcc: all@example.com {{points}}"; subject != want {
		t.Errorf("subject %q; want %q", subject, want)
	}
	if want := "Dear Ann  A forged paragraph,\n\nfirst\nsecond\n\nUntil 4 March 2026.\n"; body != want {
		t.Errorf("body %q; want %q", body, want)
	}

	other := l.In(func(text string) string { return strings.ReplaceAll(text, "Until", "Hasta") })
	if _, body, _ := other.Render(map[string]string{"company": "A", "recipient": "B", "points": "", "note": "", "due_on": "C"}); body != "Dear B,\n\nHasta C.\n" {
		t.Errorf("in another language: %q", body)
	}
	if l.Paragraphs[3] != "Until {{due_on}}." {
		t.Error("In changed the source letter")
	}
}

func TestCalendars(t *testing.T) {
	files, err := fs.Sub(config.Programmes, "calendars")
	if err != nil {
		t.Fatal(err)
	}
	calendars, err := clock.LoadCalendars(files)
	if err != nil {
		t.Fatalf("load:\n%v", err)
	}
	for _, p := range []string{"ctpat", "eu-aeo"} {
		if _, err := calendars.Get(get(t, p).Administration.Calendar); err != nil {
			t.Error(err)
		}
	}
	// Days that need a rule: observed days, moveable feasts, a leap year.
	for _, c := range []struct{ calendar, day, name string }{
		{"us-federal", "2027-12-31", "New Year's Day (observed)"},
		{"us-federal", "2026-07-03", "Independence Day (observed)"},
		{"us-federal", "2027-06-18", "Juneteenth National Independence Day (observed)"},
		{"us-federal", "2028-11-10", "Veterans Day (observed)"},
		{"us-federal", "2026-11-26", "Thanksgiving Day"},
		{"us-federal", "2027-07-05", "Independence Day (observed)"},
		{"us-federal", "2026-05-25", "Memorial Day"},
		{"us-federal", "2028-01-01", ""},
		{"us-federal", "2026-07-04", ""},
		{"be-federal", "2026-05-14", "Ascension Day"},
		{"be-federal", "2024-04-01", "Easter Monday"},
		{"be-federal", "2030-06-10", "Whit Monday"},
		{"eu-commission", "2026-05-15", "Day after Ascension Day"},
		{"eu-commission", "2026-12-24", "Year-end closing"},
		{"mx", "2026-03-16", "Birthday of Benito Juárez"},
		{"mx", "2030-10-01", "Change of the federal government"},
		{"ca", "2026-12-28", "Boxing Day (observed)"},
		{"ca", "2027-12-27", "Christmas Day (observed)"},
		{"ca", "2026-05-18", "Victoria Day"},
		{"ca", "2027-05-24", "Victoria Day"},
	} {
		cal, err := calendars.Get(c.calendar)
		if err != nil {
			t.Fatal(err)
		}
		d, err := clock.ParseDay(c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := cal.Holiday(d); got != c.name {
			t.Errorf("%s %s: %q; want %q", c.calendar, c.day, got, c.name)
		}
	}
}

// Each row breaks one file of the real programme and names the line and the reason
// that the loader must give.
func TestBrokenFiles(t *testing.T) {
	const programmeYAML, types, clocks, vetting, review, reasons = "programme.yaml", "entity_types.yaml", "clocks.yaml", "vetting.yaml", "review.yaml", "reasons.yaml"
	for _, c := range []struct {
		name, file, old, new string
		mark                 string // the problem is on the line where this text stands first
		reason               string
	}{
		{"not YAML", clocks, "    amount: 30", "    amount: 30: 31", "30: 31", "this is not YAML: mapping values are not allowed"},
		{"bracket not closed", clocks, "starts_on: [application.opened]", "starts_on: [application.opened", "starts_on: [application.opened", "this is not YAML"},
		{"tab", reasons, "rejection:\n  -", "rejection:\n\t-", "\t-", "this is not YAML: found character that cannot start any token"},
		{"unknown key", clocks, "    pausable: false\n", "    pausible: false\n", "pausible", `unknown key "pausible"`},
		{"missing key", clocks, "    owed_by: company\n", "", "code: profile_due", `the key "owed_by" is missing`},
		{"wrong type", clocks, "    amount: 30", "    amount: thirty", "thirty", "amount: this is string, and should be integer"},
		{"number too small", clocks, "    amount: 30", "    amount: 0", "amount: 0", "amount: minimum: got 0, want 1"},
		{"not in the list", clocks, "    unit: calendar_days", "    unit: fortnights", "fortnights", "unit: value must be one of 'calendar_days', 'business_days', 'months', 'years'"},
		{"key twice", clocks, "    amount: 30\n", "    amount: 30\n    amount: 31\n", "amount: 31", `the key "amount" is there already, in line 8`},
		{"anchor", clocks, "starts_on: [application.opened]", "starts_on: &a [application.opened]\n    if_reason: *a", "*a", "anchors and aliases are not used"},
		{"two documents", reasons, "pause:\n", "---\npause:\n", "---", "more than one YAML document"},
		{"clock twice", clocks, "code: vetting", "code: profile_due", "code: profile_due\n    name: Finish", `the clock "profile_due" is there twice`},
		{"unknown event", clocks, "[application.opened]", "[application.begun]", "application.begun", `there is no event "application.begun"`},
		{"starts and stops", clocks, "stops_on: [application.submitted,", "stops_on: [application.opened,", "stops_on: [application.opened", "both starts and stops"},
		{"repeats and restarts", clocks, "repeats: true\n", "repeats: true\n    restarts: true\n", "restarts: true", "not both"},
		{"unknown pause reason", clocks, "[waiting_for_company, profile_returned, other_agency]", "[lunch]", "lunch", `there is no pause reason "lunch"`},
		{"unknown extension reason", clocks, "reasons: [company_asked]", "reasons: [mercy]", "mercy", `there is no extension reason "mercy"`},
		{"unknown reason for a bar", clocks, "if_reason: [no_answer,", "if_reason: [bad_mood,", "bad_mood", `there is no rejection or withdrawal reason "bad_mood", and no ground of enforcement`},
		{"pausable without reasons", clocks, "    pausable: false\n", "    pausable: true\n", "pausable: true", "names pause_reasons"},
		{"agency cannot lapse", clocks, "owed_by: company\n    on_expiry: lapse", "owed_by: agency\n    on_expiry: lapse", "on_expiry: lapse", "only what the company owes can lapse"},
		{"company's silence", clocks, "on_expiry: lapse", "on_expiry: count_as_accepted", "count_as_accepted", "only the silence of the agency"},
		{"bar as a deadline", clocks, "on_expiry: lapse", "on_expiry: lift_bar", "lift_bar", "lift_bar goes with direction earliest"},
		{"nothing left", clocks, "less_days: 90", "less_days: 365", "less_days: 365", "takes away the whole period"},
		{"met by an unknown event", clocks, "met_on: [annual_review.submitted]", "met_on: [annual_review.done]", "annual_review.done", `there is no event "annual_review.done"`},
		{"met and stopped", clocks, "met_on: [annual_review.submitted]", "met_on: [membership.removed]", "met_on: [membership.removed]", "starts or stops the clock as well"},
		{"met once", clocks, "    amount: 30\n", "    amount: 30\n    met_on: [change.sent]\n", "met_on: [change.sent]", "only a clock that repeats is met"},
		{"repeats in days", clocks, "unit: years\n    less_days: 90\n    repeats: true", "unit: calendar_days\n    repeats: true", "repeats: true", "counted in months or years"},
		{"clock needed", clocks, "code: information_answer", "code: information_reply", "- code: profile_due", `the process needs a clock "information_answer"`},
		{"date that does not exist", programmeYAML, "effective_from: 2026-01-01", "effective_from: 2026-02-30", "2026-02-30", "effective_from: 2026-02-30 is not a date"},
		{"folder and code", programmeYAML, "code: ctpat", "code: ctpad", "ctpad", `the code is "ctpad", but the folder is named "ctpat"`},
		{"unknown calendar", programmeYAML, "calendar: us-federal", "calendar: moon", "moon", `there is no calendar "moon"`},
		{"unknown tier", programmeYAML, "tier_on_certification: tier_1", "tier_on_certification: tier_9", "tier_9", `there is no tier "tier_9"`},
		{"tier twice", programmeYAML, "code: tier_2", "code: tier_1", "code: tier_1, name: Tier 2", `the tier "tier_1" is there twice`},
		{"bar that is no bar", programmeYAML, "[reapplication_bar]", "[vetting]", "[vetting]", "is no bar"},
		{"unknown bar", programmeYAML, "[reapplication_bar]", "[iron]", "[iron]", `there is no clock "iron"`},
		{"rule twice", programmeYAML, "code: history", "code: voluntary", "code: voluntary\n    text: An", `the rule "voluntary" is there twice`},
		{"number without sequence", programmeYAML, "C{yy}-{sequence:6}", "C{yy}-{yyyy}", "{yyyy}", "needs {sequence:N} once"},
		{"number with a stranger", programmeYAML, "C{yy}-{sequence:6}", "C{mm}-{sequence:6}", "{mm}", "may hold capital letters"},
		{"needs hearing", programmeYAML, "hearing_before_refusal: false", "hearing_before_refusal: true", "", `the process needs a clock "hearing"`},
		{"other effect", programmeYAML, "effective_after_days: 0", "effective_after_days: 5", "", `the process needs a clock "effective"`},
		{"unknown scheme", types, "[ior_ein, ior_ssn, ior_cbp]", "[ior_ein, iora]", "iora", `there is no identifier scheme "iora"`},
		{"unknown optional scheme", types, "optional: [duns, lei, tin]", "optional: [duns, lie]", "lie]", `there is no identifier scheme "lie"`},
		{"group without schemes", types, "all_of: [bond], ", "", "{label: Customs bond, source", "missing"},
		{"entity type twice", types, "code: exporter", "code: importer", "code: importer\n    name: U.S. exporter", `the entity type "importer" is there twice`},
		{"question twice", types, "code: continuous_bond", "code: no_debt", "code: no_debt\n        text: Does", `the question "no_debt" is there twice`},
		{"disabled without reason", types, "    disabled: CBP has no criteria for platforms. They cannot apply.\n", "", "enabled: false", "needs the key \"disabled\""},
		{"unknown activity", types, "{one_of: [headquarters], ", "{one_of: [castle], ", "castle", `there is no site activity "castle"`},
		{"answer of a date", types, "within_months: 12", "required: \"yes\"", "required: \"yes\"\n        because: No, because an importer must", "only a yes_no question has a required answer"},
		{"months of a yes or no", types, "        kind: yes_no\n        required: \"yes\"\n        because: No, because an importer needs a c", "        kind: yes_no\n        within_months: 3\n        because: No, because an importer needs a c", "within_months: 3", "only a date question has within_months"},
		{"limits of a date", types, "within_months: 12", "min: 12", "kind: date\n        min", "only a number question has min and max"},
		{"limits turned round", types, "min: 1\n", "min: 99999999\n", "min: 99999999", "min is above max"},
		{"no because", types, "        because: No, because an importer needs a continuous import bond.\n", "", "code: continuous_bond", `needs the key "because"`},
		{"idle because", types, "        within_months: 12\n", "", "because: No, because an importer must", "no answer leads to this sentence"},
		{"country in words", types, "countries: [US, CA]", "countries: [US, Canada]", "Canada]", "does not match pattern"},
		{"check twice", vetting, "code: company_debt", "code: company_register", "code: company_register, question: \"Is", `the check "company_register" is there twice`},
		{"check of an unknown scheme", vetting, "schemes: [ein]", "schemes: [eine]", "[eine]", `there is no identifier scheme "eine"`},
		{"schemes of a site", vetting, "applies_to: site,", "applies_to: site, schemes: [ein],", "applies_to: site, schemes", "only a check of an identifier names schemes"},
		{"section twice", review, "code: sites", "code: contacts", "code: contacts\n    name: Contacts", `the section "contacts" is there twice`},
		{"unknown section", review, "code: sites", "code: sights", "sights", `there is no section "sights"`},
		{"missing section", review, "code: sites", "code: sights", "- code: company_profile", `the section "sites" is missing`},
		{"reason twice", reasons, "code: vetting_failed", "code: not_eligible", "not_eligible, name: Vetting", `the reason "not_eligible" is there twice`},
		{"agreement without head", "agreement.md", "---\ntitle", "title", "", "does not start with a head"},
		{"agreement's date", "agreement.md", "effective_from: 2026-01-01", "effective_from: soon", "soon", "effective_from: soon is not a date"},
		{"unknown placeholder in a body", "letters/certified.md", "{{membership_number}}", "{{member_no}}", "{{member_no}}", "there is no placeholder {{member_no}}"},
		{"unknown placeholder in a subject", "letters/certified.md", "subject: \"{{company}}", "subject: \"{{firm}}", "{{firm}}", "there is no placeholder {{firm}}"},
		{"placeholder not closed", "letters/certified.md", "{{link}}", "{{link}", "{{link}", "a placeholder is not written as"},
		{"letter's code", "letters/certified.md", "code: certified", "code: certificate", "code: certificate", `the code is "certificate", but the file is named for "certified"`},
		{"letter's audience", "letters/certified.md", "audience: company", "audience: public", "audience: public", "audience: value must be one of"},
		{"letter's key", "letters/certified.md", "audience: company", "audience: company\ncolour: red", "colour", `unknown key "colour"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := copyOf(t, "ctpat")
			text := string(files["ctpat/"+c.file].Data)
			if !strings.Contains(text, c.old) {
				t.Fatalf("%s does not contain %q", c.file, c.old)
			}
			text = strings.Replace(text, c.old, c.new, 1)
			files["ctpat/"+c.file] = &fstest.MapFile{Data: []byte(text)}
			want := fmt.Sprintf("ctpat/%s:%d: ", c.file, strings.Count(text[:strings.Index(text, c.mark)], "\n")+1)
			if c.mark == "" && c.file == programmeYAML { // told where the clocks are
				want = "ctpat/clocks.yaml:3: "
			}
			wantProblem(t, files, want, c.reason)
		})
	}
}

func TestMissingAndStrangeFiles(t *testing.T) {
	files := copyOf(t, "ctpat")
	delete(files, "ctpat/letters/lapsed.md")
	for _, name := range []string{"review_opened", "review_overdue", "profile_blank"} {
		delete(files, "ctpat/letters/"+name+".md")
	}
	delete(files, "ctpat/vetting.yaml")
	delete(files, "ctpat/agreement.md")
	files["ctpat/clock.yaml"] = &fstest.MapFile{Data: []byte("clocks: []\n")}
	files["ctpat/letters/Certified.md"] = &fstest.MapFile{Data: []byte("---\n---\n")}
	files["ctpat/reasons.yaml"] = &fstest.MapFile{Data: []byte("# nothing\n")}
	files["ctpat/review.yaml"] = &fstest.MapFile{Data: []byte("sections: [" + strings.Repeat(" ", 2<<20) + "]\n")}
	for _, want := range []string{
		"ctpat/letters/lapsed.md:1: the letter is missing",
		"ctpat/letters/review_opened.md:1: the letter is missing",
		"ctpat/letters/review_overdue.md:1: the letter is missing",
		"ctpat/letters/profile_blank.md:1: the letter is missing",
		"ctpat/vetting.yaml:1: the file is missing",
		"ctpat/agreement.md:1: the file is missing",
		"ctpat/clock.yaml:1: this is not a file of a programme",
		"ctpat/letters/Certified.md:1: this is not a file of a programme",
		"ctpat/reasons.yaml:1: the file is empty",
		"ctpat/review.yaml:1: this is not a regular file of at most",
	} {
		at, reason, _ := strings.Cut(want, ": ")
		wantProblem(t, files, at+": ", reason) // all at once: nothing hides the rest
	}
	if _, err := programme.Load(fstest.MapFS{"schema/x.json": {}}); err == nil {
		t.Error("a folder without programmes loads")
	}
}

func TestHash(t *testing.T) {
	load := func(files fs.FS) string {
		r, err := programme.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := r.Get("ctpat")
		return p.Hash
	}
	files := copyOf(t, "ctpat")
	before := load(files)
	if before != load(copyOf(t, "ctpat")) {
		t.Error("the same files have two hashes")
	}
	files["ctpat/README.md"] = &fstest.MapFile{Data: []byte("Notes\n")}
	files["ctpat/.hidden"] = &fstest.MapFile{Data: []byte("x")}
	if load(files) == before {
		t.Error("another file leaves the hash as it was")
	}
	delete(files, "ctpat/README.md")
	if load(files) != before {
		t.Error("a hidden file counts")
	}
}

// The criteria are named and there, or neither. They have hashes of their own.
func TestCatalogueFolder(t *testing.T) {
	name := regexp.MustCompile(`(?m)^catalogue:.*$`)
	with := func(catalogue string, editions ...string) fstest.MapFS {
		files := copyOf(t, "ctpat")
		for name := range files {
			if strings.HasPrefix(name, "ctpat/catalogue/") {
				delete(files, name)
			}
		}
		files["ctpat/programme.yaml"] = &fstest.MapFile{Data: name.ReplaceAll(files["ctpat/programme.yaml"].Data, []byte("catalogue: "+catalogue))}
		for _, e := range editions {
			files["ctpat/catalogue/"+e+".yaml"] = &fstest.MapFile{Data: []byte(e)}
		}
		return files
	}
	hash := func(files fs.FS) string {
		r, err := programme.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := r.Get("ctpat")
		return p.Hash
	}
	if hash(with("catalogue", "2023.1")) != hash(with("catalogue", "2023.1", "2026.1")) {
		t.Error("another edition of the criteria changes the hash of the programme")
	}
	hash(with(`""`))
	wantProblem(t, with("catalogue"), "ctpat/programme.yaml:", "the folder catalogue holds no edition")
	wantProblem(t, with(`""`, "2023.1"), "ctpat/programme.yaml:", "there is a folder catalogue, but this does not name it")
	wantProblem(t, with("criteria", "2023.1"), "ctpat/programme.yaml:", "catalogue: value must be one of")
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	for name, f := range copyOf(t, "ctpat") {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{dir, filepath.Join(dir, "ctpat"), filepath.Join(dir, "ctpat") + "/"} {
		if err := programme.Check(d); err != nil {
			t.Errorf("Check(%s): %v", d, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "ctpat", "letters", "lapsed.md")); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, filepath.Join(dir, "ctpat")} {
		if err := programme.Check(d); err == nil || err.Error() != "ctpat/letters/lapsed.md:1: the letter is missing" {
			t.Errorf("Check(%s): %v", d, err)
		}
	}
	if err := programme.Check(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that does not exist is fine")
	}
}

func copyOf(t *testing.T, code string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	files := own(t)
	err := fs.WalkDir(files, code, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, name)
		out[name] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantProblem(t *testing.T, files fs.FS, at, reason string) {
	t.Helper()
	_, err := programme.Load(files)
	if err == nil {
		t.Fatalf("it loads; want %s%s", at, reason)
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		if strings.HasPrefix(line, at) && strings.Contains(line, reason) {
			return
		}
	}
	t.Errorf("got:\n%v\nwant: %s%s", err, at, reason)
}
