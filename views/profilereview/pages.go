// Package profilereview holds the agency's pages for reviewing security profiles: the
// queue, the list of criteria, one criterion, the return and the acceptance.
package profilereview

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/profile"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

// Path is the address of a profile's page at the desk.
func Path(id uuid.UUID, tail string) string { return "/desk/profiles/" + id.String() + tail }

// CriterionPath is the address of one criterion, within a filter.
func CriterionPath(id uuid.UUID, criterion string, s profilereview.Selection, against profilereview.Against) string {
	p := Path(id, "/criteria/"+url.PathEscape(criterion))
	q := url.Values{}
	if s.Show != "" {
		q.Set("show", string(s.Show))
	}
	if s.Section != "" {
		q.Set("section", s.Section)
	}
	if against != "" {
		q.Set("against", string(against))
	}
	if len(q) > 0 {
		p += "?" + q.Encode()
	}
	return p
}

func listPath(id uuid.UUID, s profilereview.Selection) string {
	q := url.Values{"show": {string(s.Show)}}
	if s.Section != "" {
		q.Set("section", s.Section)
	}
	return Path(id, "?"+q.Encode())
}

// status is where a profile stands, in the agency's words.
func status(ctx context.Context, s profile.Status) string {
	switch s {
	case profile.Open:
		return i18n.T(ctx, "Being filled in")
	case profile.Submitted:
		return i18n.T(ctx, "New")
	case profile.Returned:
		return i18n.T(ctx, "With the company")
	}
	return i18n.T(ctx, s.Name())
}

func statusKind(s profile.Status) ui.Kind {
	switch s {
	case profile.Submitted, profile.InReview:
		return ui.Info
	case profile.Open, profile.Returned:
		return ui.Waiting
	case profile.Accepted:
		return ui.Good
	}
	return ui.Neutral
}

// VerdictKind is the tone of a verdict.
func VerdictKind(v profilereview.Verdict) ui.Kind {
	switch v {
	case profilereview.Meets, profilereview.MeetsWithRecommendation, profilereview.BestPractice:
		return ui.Good
	case profilereview.MoreInformation:
		return ui.Waiting
	case profilereview.DoesNotMeet:
		return ui.Bad
	case profilereview.NotApplicable:
		return ui.Neutral
	}
	return ui.Info
}

// kindName says what a profile is filled in for.
func kindName(ctx context.Context, kind string) string {
	switch kind {
	case profile.Annual:
		return i18n.T(ctx, "Yearly review")
	case profile.Revalidation:
		return i18n.T(ctx, "Before revalidation")
	}
	return i18n.T(ctx, "Application")
}

func levelName(ctx context.Context, l catalogue.Level) string {
	if l == catalogue.Must {
		return i18n.T(ctx, "Must")
	}
	return i18n.T(ctx, "Should")
}

// text is a text of the catalogue in the reader's language.
func text(ctx context.Context, t catalogue.Text) string {
	s, _ := t.In(i18n.Lang(ctx))
	return s
}

// label is the number of a criterion, with the mark of one that is no official number.
func label(ctx context.Context, c catalogue.Criterion) string {
	id, mark := c.Label()
	if mark != "" {
		return id + " (" + i18n.T(ctx, mark) + ")"
	}
	return id
}

// short is the answer in a few words.
func short(ctx context.Context, l profilereview.Line) string {
	var words []string
	add := func(n int, word string) {
		switch {
		case n == 1 && l.Yes+l.No+l.NA == 1:
			words = append(words, word)
		case n > 0:
			words = append(words, fmt.Sprintf("%s %d", word, n))
		}
	}
	add(l.Yes, i18n.T(ctx, "Yes"))
	add(l.No, i18n.T(ctx, "No"))
	add(l.NA, i18n.T(ctx, "Not applicable"))
	if words == nil && l.Answers > 0 {
		words = append(words, i18n.T(ctx, "Answered"))
	}
	if words == nil {
		words = append(words, i18n.T(ctx, "No answer"))
	}
	return strings.Join(words, " · ")
}

func days(ctx context.Context, n int) string { return i18n.N(ctx, "%d day", "%d days", n) }

// queuePath is the address of a queue with its filters.
func queuePath(f profilereview.Filter, change func(*profilereview.Filter)) string {
	change(&f)
	q := url.Values{"queue": {string(f.Queue)}}
	for name, v := range map[string]string{"programme": f.Programme, "kind": f.Kind, "status": string(f.Status), "after": f.After} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if f.Order != profilereview.Oldest && f.Order != "" {
		q.Set("sort", string(f.Order))
	}
	return "/desk/profiles?" + q.Encode()
}

func (p QueuePage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, c := range p.Queue.Counts {
		out = append(out, ui.Tab{Label: i18n.T(ctx, c.Queue.Name()), Count: c.Text(), Current: c.Queue == p.Queue.Filter.Queue,
			Href: queuePath(p.Queue.Filter, func(f *profilereview.Filter) { f.Queue, f.After = c.Queue, "" })})
	}
	return out
}

func (p QueuePage) columns(ctx context.Context) []ui.Column {
	by := func(o profilereview.Order) string {
		return queuePath(p.Queue.Filter, func(f *profilereview.Filter) { f.Order, f.After = o, "" })
	}
	age := ui.Column{Label: i18n.T(ctx, "Waits since"), SortHref: by(profilereview.Newest), Sorted: "descending"}
	if p.Queue.Filter.Order == profilereview.Newest {
		age.SortHref, age.Sorted = by(profilereview.Oldest), "ascending"
	}
	out := []ui.Column{{Label: i18n.T(ctx, "Company and profile")}, {Label: i18n.T(ctx, "Status")}, {Label: i18n.T(ctx, "Reviewed"), Numeric: true}, age,
		{Label: i18n.T(ctx, "Assigned to")}}
	if p.claimable() {
		out = append(out, ui.Column{Label: i18n.T(ctx, "Action"), Hidden: true})
	}
	if p.Queue.Assigns {
		out = append([]ui.Column{{Label: i18n.T(ctx, "Choose"), Hidden: true}}, out...)
	}
	return out
}

// first leads back to the beginning: a queue moves on while one reads, so the page
// before is not what it was.
func (p QueuePage) first() string {
	if p.Queue.Filter.After == "" {
		return ""
	}
	return queuePath(p.Queue.Filter, func(f *profilereview.Filter) { f.After = "" })
}

func (p QueuePage) next() string {
	if p.Queue.Next == "" {
		return ""
	}
	return queuePath(p.Queue.Filter, func(f *profilereview.Filter) { f.After = p.Queue.Next })
}

func (p QueuePage) filtered() bool {
	f := p.Queue.Filter
	return f.Programme != "" || f.Kind != "" || f.Status != ""
}

func (p QueuePage) claimable() bool {
	return slices.ContainsFunc(p.Queue.Items, func(q profilereview.QueueItem) bool { return q.Claimable })
}

func kindOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range []string{profile.Initial, profile.Annual, profile.Revalidation} {
		out = append(out, ui.Option{Value: k, Label: kindName(ctx, k)})
	}
	return out
}

func statusOptions(ctx context.Context) (out []ui.Option) {
	for _, s := range profile.Statuses() {
		if !s.Final() {
			out = append(out, ui.Option{Value: string(s), Label: status(ctx, s)})
		}
	}
	return out
}

func orderOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: string(profilereview.Oldest), Label: i18n.T(ctx, "Longest wait first")}, {Value: string(profilereview.Newest), Label: i18n.T(ctx, "Newest first")}}
}

// described names the programme and kind of member of an item.
func described(ctx context.Context, list []*programme.Programme, code, entity string) string {
	i := slices.IndexFunc(list, func(p *programme.Programme) bool { return p.Code == code })
	if i < 0 {
		return code
	}
	if e, ok := list[i].EntityType(entity); ok {
		return list[i].ShortName + ", " + i18n.T(ctx, e.Name)
	}
	return list[i].ShortName
}

// showOptions are the filters with how many criteria each lets through. Those that cannot
// apply are left out, unless one is chosen.
func (p ListPage) showOptions(ctx context.Context) (out []ui.Option) {
	r := p.Record
	for _, s := range profilereview.Shows() {
		n := r.Count(s)
		if n == 0 && s != p.Selection.Show && s != profilereview.ShowAll {
			continue
		}
		out = append(out, ui.Option{Value: string(s), Label: fmt.Sprintf("%s (%d)", i18n.T(ctx, s.Name()), n)})
	}
	return out
}

func sectionOptions(ctx context.Context, r profilereview.Record) (out []ui.Option) {
	for _, s := range r.Form.Edition.Sections {
		n := 0
		for _, l := range r.Lines {
			if slices.Contains(l.Criterion.Sections, s.ID) {
				n++
			}
		}
		if n > 0 {
			out = append(out, ui.Option{Value: s.ID, Label: fmt.Sprintf("%s (%d)", text(ctx, s.Title), n)})
		}
	}
	return out
}

// Tab is a page of a profile.
type Tab string

// The tabs.
const (
	ListTab   Tab = ""
	SendTab   Tab = "/send"
	AcceptTab Tab = "/accept"
)

// Title of the page without the profile's name.
func (t Tab) Title() string {
	return map[Tab]string{ListTab: "Criteria", SendTab: "Send back", AcceptTab: "Accept"}[t]
}

func (p Page) tabs(ctx context.Context) (out []ui.Tab) {
	for _, t := range []Tab{ListTab, SendTab, AcceptTab} {
		out = append(out, ui.Tab{Label: i18n.T(ctx, t.Title()), Href: Path(p.Record.ID, string(t)), Current: t == p.Tab})
	}
	return out
}

func (p Page) facts(ctx context.Context) []ui.Pair {
	r := p.Record
	who := r.Assignee
	if who == "" {
		who = i18n.T(ctx, "Nobody")
	}
	out := []ui.Pair{
		{Key: i18n.T(ctx, "Programme"), Value: r.Programme.ShortName + ", " + r.Kinds(ctx)},
		{Key: i18n.T(ctx, "Criteria"), Value: i18n.T(ctx, "Edition %s", r.Edition)},
		{Key: i18n.T(ctx, "Assigned to"), Value: who},
		{Key: i18n.T(ctx, "Office"), Value: r.Office},
	}
	if r.SubmittedAt != nil {
		when := i18n.Date(ctx, r.SubmittedAt.In(r.Zone))
		if r.Round > 1 {
			when = i18n.T(ctx, "%s, round %d", when, r.Round)
		}
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Submitted"), Value: when})
		signed := r.Signer + ", " + r.SignerTitle
		if r.VoidedAt != nil {
			signed = i18n.T(ctx, "%s (void since it was sent back)", signed)
		}
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Declared by"), Value: signed})
	}
	if r.LastID != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Last accepted profile"), Content: lastLink(r)})
	}
	return out
}

// conflictText is what stands above a form that was refused because of another person.
func conflictText(ctx context.Context, f *fault.Error) string {
	if f.Message == fault.Moved().Message {
		return i18n.T(ctx, "The page below shows the profile as it is now, with what you entered. Check it, then send it again.")
	}
	return i18n.T(ctx, f.Message, f.Args...)
}

func verdictOptions(ctx context.Context) (out []ui.Option) {
	for _, v := range profilereview.Verdicts() {
		o := ui.Option{Value: string(v), Label: i18n.T(ctx, v.Name())}
		if v.NeedsRemark() {
			o.Hint = i18n.T(ctx, "Needs a remark")
		}
		out = append(out, o)
	}
	return out
}

// againstName says with what answers are compared.
func againstName(ctx context.Context, r profilereview.Record, a profilereview.Against) string {
	switch a {
	case profilereview.AgainstSubmission:
		return i18n.T(ctx, "Since you returned it")
	case profilereview.AgainstAccepted:
		return i18n.T(ctx, "Since the last accepted profile")
	}
	return i18n.T(ctx, "Without marks")
}

func (p ScreenPage) againstTabs(ctx context.Context) (out []ui.Tab) {
	for _, a := range p.Screen.Choices {
		out = append(out, ui.Tab{Label: againstName(ctx, p.Screen.Record, a), Current: a == p.Screen.Against,
			Href: CriterionPath(p.Screen.ID, p.Screen.Line.Criterion.ID, p.Screen.Selection, a)})
	}
	return out
}

// near is the address of a neighbour within the filter.
func (p ScreenPage) near(criterion string) string {
	return CriterionPath(p.Screen.ID, criterion, p.Screen.Selection, p.Screen.Against)
}

// here is the address that the page's forms go to: what was chosen stays chosen.
func (p ScreenPage) here(tail string) string {
	c := CriterionPath(p.Screen.ID, p.Screen.Line.Criterion.ID, p.Screen.Selection, p.Screen.Against)
	path, query, _ := strings.Cut(c, "?")
	return path + tail + "?" + query
}

// verdictValue leaves the choice open where the person must look again.
func (p ScreenPage) verdictValue() string {
	switch {
	case p.Typed != nil:
		return string(p.Typed.Verdict)
	case p.Screen.Line.Earlier || p.Screen.Line.Version == 0:
		return ""
	}
	return string(p.Screen.Line.Verdict)
}

func (p ScreenPage) remarkValue() string {
	if p.Typed != nil {
		return p.Typed.Remark
	}
	return p.Screen.Line.Remark
}

// anyChange reports whether something on the page differs from what it is compared with.
func (p ScreenPage) anyChange() bool {
	x := p.Screen
	if x.Dropped != nil || x.Taken != nil || x.Statement != nil {
		return true
	}
	return slices.ContainsFunc(x.Questions, func(q profilereview.Question) bool {
		return slices.ContainsFunc(q.Answers, profilereview.Answered.Changed)
	}) ||
		slices.ContainsFunc(x.Evidence, func(e profilereview.Piece) bool { return e.New || e.Newer })
}

// about is what else is known of a piece of evidence, in a line.
func about(ctx context.Context, e profilereview.Piece) string {
	var words []string
	if e.Version != nil {
		words = append(words, e.FileName, i18n.T(ctx, "version %d", e.Number), size(ctx, e.Size))
	}
	if e.Scan == "not_scanned" {
		words = append(words, i18n.T(ctx, "not scanned for harmful content"))
	}
	if e.ExpiresOn != nil {
		words = append(words, i18n.T(ctx, "valid until %s", e.ExpiresOn.Text(ctx)))
	}
	return strings.Join(words, ", ")
}

// size is a file's size in words.
func size(ctx context.Context, n int64) string {
	switch {
	case n < 1<<10:
		return i18n.N(ctx, "%d byte", "%d bytes", int(n))
	case n < 1<<20:
		return i18n.T(ctx, "%d kB", (n+512)>>10)
	}
	return i18n.T(ctx, "%s MB", fmt.Sprintf("%.1f", float64(n)/(1<<20)))
}

// points are the criteria that the return form offers: those whose verdict asks for an
// answer, and those that were added, in the order of the edition.
func (p SendPage) points() (out []profilereview.Line) {
	for _, l := range p.Record.Lines {
		if l.Verdict.Asks() && !l.Earlier || p.chosen(l) || slices.Contains(p.Added, l.Criterion.ID) {
			out = append(out, l)
		}
	}
	return out
}

// rest are the criteria that can be added.
func (p SendPage) rest(ctx context.Context) (out []ui.Option) {
	points := p.points()
	for _, l := range p.Record.Lines {
		if !slices.ContainsFunc(points, func(x profilereview.Line) bool { return x.Criterion.ID == l.Criterion.ID }) {
			out = append(out, ui.Option{Value: l.Criterion.ID, Label: label(ctx, l.Criterion) + " " + text(ctx, l.Criterion.Title)})
		}
	}
	return out
}

// chosen reports whether a criterion is ticked: as entered, or else those whose verdict asks.
func (p SendPage) chosen(l profilereview.Line) bool {
	if p.Typed == nil {
		return l.Verdict.Asks() && !l.Earlier
	}
	return slices.ContainsFunc(p.Typed.Points, func(x profilereview.Point) bool { return x.Criterion == l.Criterion.ID })
}

// remark is the remark on a criterion: as entered, or else that of the verdict.
func (p SendPage) remark(l profilereview.Line) string {
	if p.Typed != nil {
		if i := slices.IndexFunc(p.Typed.Points, func(x profilereview.Point) bool { return x.Criterion == l.Criterion.ID }); i >= 0 {
			return p.Typed.Points[i].Remark
		}
	}
	if l.Verdict.Asks() {
		return l.Remark
	}
	return ""
}

func (p SendPage) message() string {
	if p.Typed == nil {
		return ""
	}
	return p.Typed.Message
}

// told are the lines whose remark the company reads with an acceptance.
func told(r profilereview.Record, v profilereview.Verdict) (out []profilereview.Line) {
	for _, l := range r.Lines {
		if l.Verdict == v {
			out = append(out, l)
		}
	}
	return out
}

// to is whom a new text is for: the agency alone, unless the person chose otherwise.
func (p ScreenPage) to() string {
	if p.To == "" {
		return "internal"
	}
	return p.To
}

// side says for whom somebody wrote.
func side(ctx context.Context, m profilereview.Message) string {
	if m.Side == "company" {
		return i18n.T(ctx, "for the company")
	}
	return i18n.T(ctx, "for us; the company reads %s", m.Author)
}

// draftField names the text of a draft: several stand on one page.
func (p ScreenPage) draftField(m profilereview.Message) string { return "body-" + m.ID.String() }

// threadErrors are the problems of the new text ("") or of a draft.
func (p ScreenPage) threadErrors(draft string) []fault.Field {
	if p.Draft != draft {
		return nil
	}
	return p.Errors
}

// draftBody is the text of a draft: as kept, or as typed when it was refused.
func (p ScreenPage) draftBody(m profilereview.Message) string {
	if p.Draft == m.ID.String() {
		return p.Body
	}
	return m.Body
}
