package ui

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/textdiff"
)

func html(t *testing.T, ctx context.Context, c templ.Component) *goquery.Document {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func attr(doc *goquery.Document, selector, name string) string {
	return doc.Find(selector).AttrOr(name, "(none)")
}

func TestPageTitle(t *testing.T) {
	doc := html(t, t.Context(), Page(Chrome{Title: "Sites", Errors: true, Brand: Brand{Name: "Portal"}}))
	if got := doc.Find("title").Text(); got != "Error: Sites – Portal" {
		t.Errorf("title %q", got)
	}
}

// TestErrorPageNeedsNothing: the zero Chrome has no session, assets or languages.
func TestErrorPageNeedsNothing(t *testing.T) {
	doc := html(t, t.Context(), ErrorPage(Chrome{}, Problem{Status: 500, Title: "Something went wrong"}))
	if doc.Find("h1").Text() != "Something went wrong" || doc.Find("form").Length() != 0 || attr(doc, "html", "lang") != "en" {
		t.Error(doc.Html())
	}
}

func TestTextKeepsValueAndShowsItsError(t *testing.T) {
	errs := []fault.Field{fault.F("name", "Enter at least %d letters", 2), fault.F("other", "Not mine")}
	doc := html(t, t.Context(), Text(TextProps{Name: "name", Label: "Name", Hint: "Full name", Value: `<script>"x"</script>`, Errors: errs, Required: true, MaxLength: 80}))
	for name, want := range map[string]string{"value": `<script>"x"</script>`, "aria-describedby": "name-hint name-error", "aria-invalid": "true", "maxlength": "80", "required": ""} {
		if got := attr(doc, "#name", name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := doc.Find("#name-error").Text(); !strings.Contains(got, "Enter at least 2 letters") || strings.Contains(got, "Not mine") {
		t.Errorf("error %q", got)
	}
}

func TestErrorsSpeakTheLanguage(t *testing.T) {
	c, err := i18n.Load(fstest.MapFS{"es.po": {Data: []byte("msgid \"\"\nmsgstr \"\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n\nmsgid \"Enter %d letters\"\nmsgstr \"Escriba %d letras\"\n")}})
	if err != nil {
		t.Fatal(err)
	}
	doc := html(t, c.With(t.Context(), "es"), ErrorSummary([]fault.Field{fault.F("sites[0].name", "Enter %d letters", 3)}))
	if a := doc.Find("a"); a.Text() != "Escriba 3 letras" || a.AttrOr("href", "") != "#sites-0--name" {
		t.Error(doc.Html())
	}
}

// TestErrorLinksLandOnAFocusableField for every kind of field.
func TestErrorLinksLandOnAFocusableField(t *testing.T) {
	errs := []fault.Field{fault.F("x", "Wrong")}
	yes := []Option{{Value: "yes", Label: "Yes"}, {Value: "no", Label: "No"}}
	for name, c := range map[string]templ.Component{
		"text":       Text(TextProps{Name: "x", Label: "X", Errors: errs}),
		"area":       TextArea(AreaProps{Name: "x", Label: "X", Errors: errs}),
		"select":     Select(SelectProps{Name: "x", Label: "X", Errors: errs, Options: yes}),
		"radios":     Radios(RadiosProps{Name: "x", Legend: "X", Errors: errs, Options: yes}),
		"checkboxes": Checkboxes(CheckboxesProps{Name: "x", Legend: "X", Errors: errs, Options: yes}),
		"checkbox":   Checkbox(CheckboxProps{Name: "x", Label: "X", Errors: errs}),
		"date":       DateField(DateProps{Name: "x", Legend: "X", Errors: errs}),
		"file":       FileField(FileProps{Name: "x", Label: "X", Errors: errs}),
		"group":      Group(GroupProps{Name: "x", Legend: "X", Errors: errs}),
	} {
		doc := html(t, t.Context(), c)
		if doc.Find("input#x, select#x, textarea#x, span#x[tabindex]").Length() != 1 {
			t.Errorf("%s: nothing to focus", name)
		}
		if doc.Find("#x-error").Length() != 1 || doc.Find("[aria-describedby~=x-error]").Length() == 0 {
			t.Errorf("%s: the message is not tied to the field", name)
		}
	}
}

func TestDateField(t *testing.T) {
	doc := html(t, t.Context(), DateField(DateProps{Name: "from", Legend: "From", Value: DateOf(time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC))}))
	if attr(doc, "[name=from-day]", "value") != "4" || attr(doc, "[name=from-month] option[selected]", "value") != "3" || attr(doc, "[name=from-year]", "value") != "2026" {
		t.Error(doc.Html())
	}
	for _, c := range []struct {
		in DateValue
		ok bool
	}{{DateValue{"4", "3", "2026"}, true}, {DateValue{" 04", "03", "2026 "}, true}, {DateValue{"31", "2", "2026"}, false}, {DateValue{"4", "", "2026"}, false}, {DateValue{"4", "3", "26"}, false}, {DateValue{}, false}} {
		if _, ok := c.in.Date(); ok != c.ok {
			t.Errorf("%v: %v", c.in, ok)
		}
	}
	if !DateOf(time.Time{}).Empty() {
		t.Error("the zero time is not empty")
	}
}

func TestSelectKeepsChoiceAndGroups(t *testing.T) {
	doc := html(t, t.Context(), Select(SelectProps{Name: "p", Label: "Port", Value: "b", Empty: "Choose", Options: []Option{{Value: "a", Label: "A", Group: "One"}, {Value: "b", Label: "B", Group: "One"}, {Value: "c", Label: "C"}}}))
	if attr(doc, "option[selected]", "value") != "b" || doc.Find("optgroup").Length() != 1 || doc.Find("optgroup option").Length() != 2 || doc.Find("option").Length() != 4 {
		t.Error(doc.Html())
	}
}

// TestLinksFromData: an address that came from outside must not run anything.
func TestLinksFromData(t *testing.T) {
	const bad = "javascript:alert(1)"
	for _, c := range []templ.Component{
		ButtonLink("Go", bad), Card(CardProps{Title: "T", Href: bad}), Timeline([]Event{{Title: "E", Href: bad}}),
		Breadcrumb([]Crumb{{"A", bad}}), Tabs("T", []Tab{{Label: "A", Href: bad}}), Pagination(Pager{NextHref: bad}),
		Form(Chrome{}, bad), TaskList([]TaskSection{{Tasks: []Task{{Label: "A", Href: bad}}}}),
		Page(Chrome{Nav: []NavItem{{Label: "A", Href: bad}}, SignInHref: bad, Path: bad, Locales: []i18n.Locale{{Tag: "en"}, {Tag: "es"}}}),
	} {
		out, err := html(t, t.Context(), c).Html()
		if err != nil || strings.Contains(out, "javascript:") {
			t.Errorf("%v %s", err, out)
		}
	}
}

func TestLanguageSwitch(t *testing.T) {
	both := []i18n.Locale{{Tag: "en", Name: "English"}, {Tag: "es", Name: "Español"}}
	doc := html(t, t.Context(), Page(Chrome{Locales: both, Path: "/a?b=1&lang=en"}))
	if got := attr(doc, ".tt-languages a[lang=es]", "href"); got != "/a?b=1&lang=es" {
		t.Errorf("without a session: %s", got)
	}
	doc = html(t, t.Context(), Page(Chrome{Locales: both, Path: "/a?b=1", CSRF: "token"}))
	f := doc.Find("form[action='/language']")
	if f.Find("[name=csrf]").AttrOr("value", "") != "token" || f.Find("[name=return]").AttrOr("value", "") != "/a?b=1" || f.Find("button[name=lang]").Length() != 2 {
		t.Error(f.Html())
	}
	if html(t, t.Context(), Page(Chrome{Locales: both[:1]})).Find(".tt-languages").Length() != 0 {
		t.Error("a switch with nothing to choose")
	}
}

func TestSignedIn(t *testing.T) {
	c := Chrome{SignedIn: true, CSRF: "token", Actor: Who{Name: "Ana", Role: "Owner", Acting: "Acme"}, Session: &SessionWarn{IdleSeconds: 900, WarnSeconds: 120, ExtendPath: "/session/extend", SignInPath: "/signin"}}
	doc := html(t, t.Context(), Page(c))
	if got := strings.TrimSpace(doc.Find(".tt-who__role").Text()); got != "Owner, Acme" {
		t.Errorf("role %q", got)
	}
	if attr(doc, "form[action='/signout'] [name=csrf]", "value") != "token" || attr(doc, "#session-warning", "data-idle") != "900" {
		t.Error(doc.Html())
	}
	c.SignedIn = false
	if html(t, t.Context(), Page(c)).Find("#session-warning, form[action='/signout']").Length() != 0 {
		t.Error("a session where there is none")
	}
}

// TestChildren: a layout that forgets its children renders without complaint.
func TestChildren(t *testing.T) {
	inner := templ.Raw("<i>inner</i>")
	for name, c := range map[string]templ.Component{
		"page": Page(Chrome{}), "form": Form(Chrome{}, "/x"), "upload": FormUpload(Chrome{}, "/x"), "button form": ButtonForm(Chrome{}, "/x"),
		"filters": Filters("/x", "Cases"), "group": Group(GroupProps{Legend: "G"}), "row": ButtonRow(), "record": Record("Facts", templ.NopComponent),
		"section": Section("s", "S"), "alert": Alert(Info, "A"), "table": Table(TableProps{}), "plain table": Table(TableProps{Plain: true}),
		"empty": EmptyState("E", ""), "card": Card(CardProps{}), "cards": CardGrid(), "details": Details("D"), "receipt": ConfirmPanel("C", "", ""),
	} {
		doc := html(t, templ.WithChildren(t.Context(), inner), c)
		if doc.Find("i").Length() != 1 {
			t.Errorf("%s loses its children", name)
		}
	}
}

func TestTaskStatesDiffer(t *testing.T) {
	seen := map[string]TaskState{}
	for _, s := range []TaskState{NotStarted, InProgress, NeedsAttention, Ready, Done, CannotStart, NotApplicable} {
		_, icon, word := s.tag(t.Context())
		if other, ok := seen[icon]; ok || seen[word] != "" {
			t.Errorf("%s looks like %s", s, other)
		}
		if iconPath(icon) == "" {
			t.Errorf("%s has no icon", s)
		}
		seen[icon], seen[word] = s, s
	}
}

func TestClockBarStaysInside(t *testing.T) {
	for _, c := range []Clock{{}, {Used: 95, Target: 90}, {Used: 80, Paused: 40, Target: 90}, {Used: 5}} {
		doc := html(t, t.Context(), ClockBar(c))
		if w := attr(doc, ".tt-bar-used", "width"); len(w) > 6 {
			t.Errorf("%+v: width %s", c, w)
		}
	}
	if got := (Clock{Used: 80, Paused: 40, Target: 90}).part(120); got != "100.00" {
		t.Errorf("the whole is %s", got)
	}
	if got := share(7, 0); got != "0" {
		t.Errorf("share of nothing is %s", got)
	}
}

func TestQR(t *testing.T) {
	doc := html(t, t.Context(), QR([][]bool{{true, true, false}, {false, false, true}, {false, false, false}}, "Opens the certificate"))
	if got := attr(doc, "path", "d"); got != "M4 4h2v1h-2zM6 5h1v1h-1z" {
		t.Errorf("path %s", got)
	}
	if attr(doc, "svg", "aria-label") != "Opens the certificate" {
		t.Error("no name")
	}
}

func TestTableSaysHowItIsSorted(t *testing.T) {
	doc := html(t, t.Context(), Table(TableProps{Caption: "Cases", Columns: []Column{{Label: "Company", SortHref: "?s=c", Sorted: "descending"}, {Label: "Step"}}}))
	if attr(doc, "th", "aria-sort") != "descending" || doc.Find("th[scope=col]").Length() != 2 || doc.Find("caption").Text() != "Cases" {
		t.Error(doc.Html())
	}
}

func TestDateTimeShowsZone(t *testing.T) {
	at := time.Date(2026, 3, 4, 19, 2, 0, 0, time.UTC)
	doc := html(t, t.Context(), DateTime(at, time.FixedZone("", -5*3600)))
	if got := doc.Find("time").Text(); got != "4 March 2026, 14:02 (UTC-05:00)" || attr(doc, "time", "datetime") != "2026-03-04T14:02:00-05:00" {
		t.Error(doc.Html())
	}
}

// A comparison is read in words, and its text is that of the two versions, space for space.
func TestDiff(t *testing.T) {
	doc := html(t, t.Context(), Diff(textdiff.Words("A <b> seal\nis checked.", "A <b> seal\nis  verified today.")))
	doc.Find("del .usa-sr-only").First().Each(func(_ int, s *goquery.Selection) {
		if s.Text() != "[removed: " {
			t.Errorf("a deletion begins with %q", s.Text())
		}
	})
	if doc.Find("ins .usa-sr-only").First().Text() != "[added: " {
		t.Error("an insertion does not say so")
	}
	doc.Find(".usa-sr-only").Remove()
	if got := doc.Find(".tt-diff").Text(); got != "A <b> seal\nis checked  verified today." {
		t.Errorf("shows %q", got)
	}
}
