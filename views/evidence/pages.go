// Package evidence holds the pages of a company's library of evidence, and the part of a
// criterion's page that shows, adds and takes off evidence.
package evidence

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	app "trustedtrader/app/evidence"
	"trustedtrader/app/evidence/inspect"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/views/ui"
)

// Form is what a refused form shows above its fields. What was typed stays in them.
type Form struct {
	Errors   []fault.Field
	Moved    []fault.Change
	Stale    bool // somebody else was faster; Moved says with what
	Sentence string
}

// LibraryPage is a page of the library, or the choice of what to attach to a place.
type LibraryPage struct {
	ui.Chrome
	Shelf   app.Shelf
	CanEdit bool
	Form    Form   // of the choice
	Back    string // where the choice leads back to
}

// NewPage adds evidence.
type NewPage struct {
	ui.Chrome
	Form    Form
	Entered app.Entry
	For     *app.At // to attach it to; nil: nothing
	Item    *app.Evidence
	Back    string
}

// ItemPage is one item.
type ItemPage struct {
	ui.Chrome
	Sheet   app.Sheet
	Zone    *time.Location
	Form    Form // of a new version
	Opens   func(app.Version) bool
	Names   func(programme, entity string) (string, string)
	CanEdit bool // the reader may attach things
}

// EditPage changes what is known of an item.
type EditPage struct {
	ui.Chrome
	Form    Form
	Item    app.Evidence
	Entered app.Entry
}

// RemovePage asks before an item is removed.
type RemovePage struct {
	ui.Chrome
	Sheet    app.Sheet
	Sentence string
}

// PlacesPage attaches an item to criteria.
type PlacesPage struct {
	ui.Chrome
	Board    app.Board
	Form     Form
	Entered  []string // criteria, as chosen
	Names    func(programme, entity string) (string, string)
	Language string
}

// Picker is the evidence of one criterion, for its page. It has forms of its own and must
// stand outside of others.
type Picker struct {
	ui.Chrome
	At    app.Place
	Links []app.Link
	Open  bool // evidence can be attached and taken off
	Today time.Time
	Back  string                   // the page that it stands on
	Opens func(link app.Link) bool // whether the reader may open the content
	Base  string                   // of addresses of content: "/evidence", or "/desk/evidence"
	Note  string                   // what would show that the criterion is met; may be empty
}

// query is the place as parameters of an address.
func query(p app.Place, back string) string {
	q := url.Values{"cycle": {p.Cycle.String()}, "criterion": {p.Criterion}}
	if p.Site != nil {
		q.Set("site", p.Site.String())
	}
	if back != "" {
		q.Set("back", back)
	}
	return q.Encode()
}

func (p Picker) path(page string) string { return page + "?" + query(p.At, p.Back) }

func site(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

func path(id uuid.UUID, more ...string) string {
	return "/evidence/" + id.String() + strings.Join(more, "")
}

// size is a number of bytes for people.
func size(ctx context.Context, n int64) string {
	switch {
	case n < 1<<10:
		return i18n.N(ctx, "%d byte", "%d bytes", int(n))
	case n < 1<<20:
		return i18n.T(ctx, "%s kB", i18n.Number(ctx, (n+512)>>10))
	}
	return i18n.T(ctx, "%s MB", i18n.Number(ctx, (n+(512<<10))>>20))
}

// media is a kind of file in words.
func media(ctx context.Context, kind string) string {
	for _, t := range inspect.Types() {
		if t.Media == kind {
			return i18n.T(ctx, t.Name)
		}
	}
	return kind
}

func kindName(ctx context.Context, k app.Kind) string {
	switch k {
	case app.KindLink:
		return i18n.T(ctx, "Link")
	case app.KindRecord:
		return i18n.T(ctx, "Record of the portal")
	}
	return i18n.T(ctx, "File")
}

// levelName is a level of confidentiality in words.
func levelName(ctx context.Context, c app.Confidentiality) string {
	switch c {
	case app.Public:
		return i18n.T(ctx, "Public")
	case app.Restricted:
		return i18n.T(ctx, "Restricted")
	}
	return i18n.T(ctx, "Company")
}

func levels(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: string(app.Company), Label: i18n.T(ctx, "Company"), Hint: i18n.T(ctx, "Everybody who can read your account may open it")},
		{Value: string(app.Restricted), Label: i18n.T(ctx, "Restricted"), Hint: i18n.T(ctx, "Only who may edit the account, and who added it, may open it")},
		{Value: string(app.Public), Label: i18n.T(ctx, "Public"), Hint: i18n.T(ctx, "It is known to anybody anyway, such as a page on your website")},
	}
}

// languageName is a language in the language of the page.
func languageName(ctx context.Context, code string) string {
	if code == "" {
		return ""
	}
	namer := display.Languages(language.Make(i18n.Lang(ctx)))
	if namer == nil {
		namer = display.Languages(language.English)
	}
	if name := namer.Name(language.Make(code)); name != "" {
		return name
	}
	return code
}

func languageOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, code := range app.Languages() {
		out = append(out, ui.Option{Value: code, Label: languageName(ctx, code)})
	}
	return out
}

// scanTag says what is known of the content of a file.
func scanTag(ctx context.Context, s app.Scan) (ui.Kind, string) {
	switch s {
	case app.Clean:
		return ui.Good, i18n.T(ctx, "No virus found")
	case app.Waiting:
		return ui.Info, i18n.T(ctx, "Waits for the virus scan")
	case app.Quarantined:
		return ui.Bad, i18n.T(ctx, "Quarantined")
	}
	return ui.Neutral, i18n.T(ctx, "Not scanned for viruses")
}

// worth reports whether a state is said in a list: what is in order is not.
func worth(s app.Scan) bool { return s == app.Waiting || s == app.Quarantined }

// dueTag says that the last day of evidence has passed or is near; empty: neither.
func dueTag(ctx context.Context, on *time.Time, today time.Time) (ui.Kind, string) {
	switch {
	case on == nil:
		return "", ""
	case on.Before(today):
		return ui.Bad, i18n.T(ctx, "Expired")
	case on.Before(today.AddDate(0, 0, app.SoonDays+1)):
		return ui.Warn, i18n.T(ctx, "Expires soon")
	}
	return "", ""
}

func date(ctx context.Context, t *time.Time) string {
	if t == nil {
		return ""
	}
	return i18n.Date(ctx, *t)
}

func stateName(ctx context.Context, s string) string {
	switch s {
	case "expired":
		return i18n.T(ctx, "Expired")
	case "soon":
		return i18n.N(ctx, "Expires within %d day", "Expires within %d days", app.SoonDays)
	case "waiting":
		return i18n.T(ctx, "Waits for the virus scan")
	case "quarantined":
		return i18n.T(ctx, "Quarantined")
	case "unused":
		return i18n.T(ctx, "Not attached anywhere")
	}
	return i18n.T(ctx, "Removed")
}

func stateOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, s := range app.States() {
		out = append(out, ui.Option{Value: s, Label: stateName(ctx, s)})
	}
	return out
}

func kindOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, k := range []app.Kind{app.KindFile, app.KindLink, app.KindRecord} {
		out = append(out, ui.Option{Value: string(k), Label: kindName(ctx, k)})
	}
	return out
}

// next is the address of the page that follows.
func (p LibraryPage) next(base string) string {
	if p.Shelf.Next == "" {
		return ""
	}
	q := url.Values{}
	if at := p.Shelf.For; at != nil {
		q, _ = url.ParseQuery(query(at.Place, p.Back)) // it was just written
	}
	for name, v := range map[string]string{"q": p.Shelf.Filter.Query, "kind": string(p.Shelf.Filter.Kind), "state": p.Shelf.Filter.State, "after": p.Shelf.Next} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return base + "?" + q.Encode()
}

// filtered reports whether the list was asked for less than everything.
func (p LibraryPage) filtered() bool {
	f := p.Shelf.Filter
	return f.Query != "" || f.Kind != "" || f.State != "" || f.After != ""
}

// used says how much of the quota is taken.
func (p LibraryPage) used(ctx context.Context) string {
	return i18n.T(ctx, "Your library takes %s of %s.", size(ctx, p.Shelf.Used), size(ctx, p.Shelf.Quota))
}

// statusName is the state of a profile in words.
func statusName(ctx context.Context, status string) string {
	switch status {
	case "open":
		return i18n.T(ctx, "Being filled in")
	case "submitted":
		return i18n.T(ctx, "Submitted")
	case "in_review":
		return i18n.T(ctx, "In review")
	case "returned":
		return i18n.T(ctx, "Returned")
	case "accepted":
		return i18n.T(ctx, "Accepted")
	}
	return i18n.T(ctx, "Ended")
}

// opens reports whether the content of a version can be opened by the reader of the page.
func (p ItemPage) opens(v app.Version) bool {
	return p.Sheet.MayOpen && v.ForgottenAt == nil && p.Opens(v)
}

func (p ItemPage) newest() (app.Version, bool) { return p.Sheet.Newest() }

// previewable reports whether a version can be looked at in the portal.
func previewable(v app.Version) bool { return v.PreviewKey != "" || v.MediaType == "application/pdf" }

// section groups the criteria of a board under the title of their section.
type section struct {
	title    string
	criteria []app.BoardCriterion
}

func (p PlacesPage) sections() (out []section) {
	for _, c := range p.Board.Criteria {
		title, _ := c.Section.In(p.Language)
		if n := len(out); n == 0 || out[n-1].title != title {
			out = append(out, section{title: title})
		}
		out[len(out)-1].criteria = append(out[len(out)-1].criteria, c)
	}
	return out
}

// options are the criteria of a section that can be chosen.
func (p PlacesPage) options(ctx context.Context, s section) (out []ui.Option) {
	for _, c := range s.criteria {
		title, _ := c.Criterion.Title.In(p.Language)
		o := ui.Option{Value: c.Criterion.ID, Label: c.Criterion.ID + " " + title, Disabled: !c.Open || c.There}
		if c.There {
			o.Hint = i18n.T(ctx, "Attached already")
		} else if !c.Open {
			o.Hint = i18n.T(ctx, "Cannot be changed now, or is not assigned to you")
		}
		out = append(out, o)
	}
	return out
}

func (p PlacesPage) chosen(s section) (out []string) {
	for _, c := range s.criteria {
		if c.There {
			out = append(out, c.Criterion.ID)
		}
	}
	return append(out, p.Entered...)
}

func (p PlacesPage) siteOptions() (out []ui.Option) {
	for _, s := range p.Board.Sites {
		out = append(out, ui.Option{Value: s.ID.String(), Label: s.Name})
	}
	return out
}

func (p PlacesPage) profileOptions(ctx context.Context) (out []ui.Option) {
	for _, c := range p.Board.Profiles {
		programme, entity := p.Names(c.Programme, c.EntityType)
		out = append(out, ui.Option{Value: c.ID.String(), Label: c.Reference + ", " + i18n.T(ctx, programme) + ", " + i18n.T(ctx, entity)})
	}
	return out
}

// first is the address of the first page: pages follow each other in one direction.
func (p LibraryPage) first(base string) string {
	if p.Shelf.Filter.After == "" {
		return ""
	}
	first := p
	first.Shelf.Next = " " // the address without a place in the list
	return strings.Replace(first.next(base), "after=+", "", 1)
}

// placeLine says what is going to be attached to what.
func placeLine(ctx context.Context, at app.At) string {
	if at.Site != "" {
		return i18n.T(ctx, "What you choose is attached to criterion %s for %s.", at.Criterion, at.Site)
	}
	return i18n.T(ctx, "What you choose is attached to criterion %s.", at.Criterion)
}

func uploadOf(ctx context.Context, p NewPage) UploadProps {
	u := UploadProps{Back: p.Back, Label: i18n.T(ctx, "Choose files")}
	if p.For != nil {
		u.Place = &p.For.Place
	}
	return u
}

func accept() string { return inspect.Accept() }

// choices are the items that can be ticked.
func choices(ctx context.Context, s app.Shelf) (out []ui.Option) {
	for _, i := range s.Items {
		about := []string{kindName(ctx, i.Kind)}
		if i.FileName != "" {
			about = []string{i.FileName, size(ctx, i.Size)}
		}
		if i.ExpiresOn != nil {
			about = append(about, i18n.T(ctx, "valid until %s", i18n.Date(ctx, *i.ExpiresOn)))
		}
		if _, word := dueTag(ctx, i.ExpiresOn, s.Today); word != "" {
			about = append(about, word)
		}
		if i.Scan == app.Quarantined {
			about = append(about, i18n.T(ctx, "Quarantined"))
		}
		if i.There {
			about = append(about, i18n.T(ctx, "Attached already"))
		}
		out = append(out, ui.Option{Value: i.ID.String(), Label: i.Title, Hint: strings.Join(about, ", "), Disabled: i.There})
	}
	return out
}

func there(s app.Shelf) (out []string) {
	for _, i := range s.Items {
		if i.There {
			out = append(out, i.ID.String())
		}
	}
	return out
}

// facts is what is known of an item.
func (p ItemPage) facts(ctx context.Context) []ui.SummaryRow {
	e := p.Sheet.Evidence
	change := func(field string) string {
		if !p.Sheet.MayEdit {
			return ""
		}
		return path(e.ID, "/edit#", field)
	}
	rows := []ui.SummaryRow{}
	if e.Kind == app.KindLink {
		rows = append(rows, ui.SummaryRow{Key: i18n.T(ctx, "Address"), Content: address(e.URL), ChangeHref: change("url")})
	}
	until := ui.SummaryRow{Key: i18n.T(ctx, "Valid until"), Value: date(ctx, e.ExpiresOn), ChangeHref: change("expires_on")}
	if kind, word := dueTag(ctx, e.ExpiresOn, p.Sheet.Today); word != "" {
		until.Content = ui.Tag(kind, i18n.T(ctx, "%s: %s", word, date(ctx, e.ExpiresOn)))
	}
	return append(rows,
		ui.SummaryRow{Key: i18n.T(ctx, "Description"), Value: e.About, ChangeHref: change("about")},
		ui.SummaryRow{Key: i18n.T(ctx, "Responsible"), Value: e.Owner, ChangeHref: change("owner")},
		ui.SummaryRow{Key: i18n.T(ctx, "Issued on"), Value: date(ctx, e.IssuedOn), ChangeHref: change("issued_on")},
		until,
		ui.SummaryRow{Key: i18n.T(ctx, "Language"), Value: languageName(ctx, e.Lang), ChangeHref: change("lang")},
		ui.SummaryRow{Key: i18n.T(ctx, "Who may open it in your company"), Value: levelName(ctx, e.Confidentiality), ChangeHref: change("confidentiality")},
		ui.SummaryRow{Key: i18n.T(ctx, "Added"), Value: i18n.T(ctx, "%s by %s", i18n.DateTime(ctx, e.CreatedAt, p.Zone), e.Author)},
	)
}

// useHref is the page of the criterion where an item is used.
func useHref(u app.Use) string {
	href := "/profiles/" + u.CycleID.String() + "/criteria/" + url.PathEscape(u.Criterion)
	if u.SiteID != nil {
		href += "?site=" + u.SiteID.String()
	}
	return href
}

// open counts the criteria from which an item is taken off when it is removed.
func (p RemovePage) open() (n int) {
	for _, u := range p.Sheet.Uses {
		if u.Open {
			n++
		}
	}
	return n
}

func (p RemovePage) submitted() bool {
	for _, u := range p.Sheet.Uses {
		if u.Pinned || u.Attached && !u.Open {
			return true
		}
	}
	return false
}

// placesName gives each section of criteria field names of its own, as ids must be unique.
func placesName(i int) string { return "places-" + strconv.Itoa(i) }
