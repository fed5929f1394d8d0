// Package desk holds the pages of the agency's desk: queues, cases, search, companies
// and change notices.
package desk

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identifier"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
	"trustedtrader/app/review"
	"trustedtrader/views/ui"
)

// status is where a case stands, in the agency's words.
func status(ctx context.Context, s application.Status) string {
	switch s {
	case application.Submitted:
		return i18n.T(ctx, "New")
	case application.Recommended:
		return i18n.T(ctx, "Waits for approval")
	case application.InformationRequested:
		return i18n.T(ctx, "Information requested")
	case application.Hearing:
		return i18n.T(ctx, "Right to be heard")
	}
	return i18n.T(ctx, s.Name())
}

func statusKind(s application.Status) ui.Kind {
	switch s {
	case application.Submitted, application.InReview:
		return ui.Info
	case application.Recommended:
		return ui.Warn
	case application.InformationRequested, application.Hearing:
		return ui.Waiting
	case application.Certified:
		return ui.Good
	case application.Rejected:
		return ui.Bad
	}
	return ui.Neutral
}

// profileStatus is where a security profile stands, in the agency's words.
func profileStatus(ctx context.Context, s profile.Status) string {
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

func profileKind(s profile.Status) ui.Kind {
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

// waits says whose turn it is, where the status does not say so already.
func waits(ctx context.Context, q review.QueueItem) string {
	switch q.WaitsFor() {
	case "company":
		return i18n.T(ctx, "The company must answer")
	case "approver":
		return i18n.T(ctx, "Another person must decide")
	}
	return ""
}

// days says how far a day is.
func days(ctx context.Context, left int) string {
	switch {
	case left == 0:
		return i18n.T(ctx, "today")
	case left < 0:
		return i18n.N(ctx, "%d day late", "%d days late", -left)
	}
	return i18n.N(ctx, "%d day left", "%d days left", left)
}

func age(ctx context.Context, n int) string {
	return i18n.N(ctx, "%d day", "%d days", n)
}

// dueKind colours a day by how near it is.
func dueKind(left int, paused bool) ui.Kind {
	switch {
	case paused:
		return ui.Waiting
	case left < 0:
		return ui.Bad
	case left <= 7:
		return ui.Warn
	}
	return ui.Neutral
}

func ended(views []clock.View) (out []clock.View) {
	for _, v := range views {
		if v.StoppedAt != nil {
			out = append(out, v)
		}
	}
	return out
}

func verdictKind(v application.Verdict) ui.Kind {
	switch v {
	case application.Meets, application.MeetsWithRecommendation:
		return ui.Good
	case application.MoreInformation:
		return ui.Waiting
	case application.DoesNotMeet:
		return ui.Bad
	case application.NotApplicable:
		return ui.Neutral
	}
	return ui.Info
}

func outcomeKind(o string) ui.Kind {
	switch o {
	case review.VettingClear:
		return ui.Good
	case review.VettingConcern:
		return ui.Bad
	case review.VettingNone:
		return ui.Neutral
	}
	return ui.Info
}

func casePath(id uuid.UUID, tail string) string { return "/desk/cases/" + id.String() + tail }

// queuePath is the address of a queue with its filters.
func queuePath(f review.Filter, change func(*review.Filter)) string {
	change(&f)
	q := url.Values{"queue": {string(f.Queue)}}
	for name, v := range map[string]string{"programme": f.Programme, "entity_type": f.EntityType, "status": string(f.Status), "after": f.After} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if f.Order != review.Oldest && f.Order != "" {
		q.Set("sort", string(f.Order))
	}
	return "/desk?" + q.Encode()
}

func entityOptions(ctx context.Context, list []*programme.Programme) (out []ui.Option) {
	for _, p := range list {
		for _, e := range p.EntityTypes() {
			out = append(out, ui.Option{Value: e.Code, Label: i18n.T(ctx, e.Name), Group: p.ShortName})
		}
	}
	return out
}

func statusOptions(ctx context.Context) (out []ui.Option) {
	for _, s := range application.Statuses() {
		if s != application.Draft && !s.Final() {
			out = append(out, ui.Option{Value: string(s), Label: status(ctx, s)})
		}
	}
	return out
}

func orderOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: string(review.Oldest), Label: i18n.T(ctx, "Longest wait first")}, {Value: string(review.DueFirst), Label: i18n.T(ctx, "Next due day first")},
		{Value: string(review.Newest), Label: i18n.T(ctx, "Newest first")}}
}

func programmeName(list []*programme.Programme, code string) string {
	if i := slices.IndexFunc(list, func(p *programme.Programme) bool { return p.Code == code }); i >= 0 {
		return list[i].ShortName
	}
	return code
}

func entityName(ctx context.Context, list []*programme.Programme, code, entity string) string {
	if i := slices.IndexFunc(list, func(p *programme.Programme) bool { return p.Code == code }); i >= 0 {
		if e, ok := list[i].EntityType(entity); ok {
			return i18n.T(ctx, e.Name)
		}
	}
	return entity
}

func reasonOptions(ctx context.Context, list []programme.Reason, codes []string) (out []ui.Option) {
	for _, r := range list {
		if codes == nil || slices.Contains(codes, r.Code) {
			out = append(out, ui.Option{Value: r.Code, Label: i18n.T(ctx, r.Name)})
		}
	}
	return out
}

func partOptions(ctx context.Context) (out []ui.Option) {
	for _, code := range programme.Sections() {
		out = append(out, ui.Option{Value: code, Label: i18n.T(ctx, application.PartName(code))})
	}
	return append(out, ui.Option{Value: "vetting", Label: i18n.T(ctx, "Vetting")})
}

// factValue is a value of a company, or a word of ours in the reader's language.
func factValue(ctx context.Context, f review.Fact) string {
	if f.Word {
		return i18n.T(ctx, f.Value)
	}
	return f.Value
}

func factRows(ctx context.Context, g review.Group) (out []ui.SummaryRow) {
	for _, f := range g.Facts {
		out = append(out, ui.SummaryRow{Key: i18n.T(ctx, f.Label), Value: factValue(ctx, f), Content: factContent(f)})
	}
	return out
}

func schemeName(code string) string {
	if s, ok := identifier.Lookup(code); ok {
		return s.Name
	}
	return code
}

func subjectTitle(ctx context.Context, kind string) string {
	switch kind {
	case "company":
		return i18n.T(ctx, "Company")
	case "contact":
		return i18n.T(ctx, "Officers")
	case "site":
		return i18n.T(ctx, "Sites")
	}
	return i18n.T(ctx, "Identification numbers")
}

// vettingGroup is the checks of one kind of subject.
type vettingGroup struct {
	Kind  string
	Items []review.Vetting
}

func vettingGroups(list []review.Vetting) (counting []vettingGroup, gone []review.Vetting) {
	for _, v := range list {
		if v.Gone {
			gone = append(gone, v)
			continue
		}
		if n := len(counting); n == 0 || counting[n-1].Kind != v.SubjectKind {
			counting = append(counting, vettingGroup{Kind: v.SubjectKind})
		}
		g := &counting[len(counting)-1]
		g.Items = append(g.Items, v)
	}
	return counting, gone
}

func minutes(ctx context.Context, n int) string {
	return i18n.T(ctx, "%d h %02d min", n/60, n%60)
}

func outcomeWord(ctx context.Context, o application.Outcome) string {
	if o == application.Certify {
		return i18n.T(ctx, "Certify")
	}
	return i18n.T(ctx, "Reject")
}

func pointText(ctx context.Context, p *programme.Programme, x application.Point) string {
	var words []string
	if x.Part == "vetting" {
		words = append(words, i18n.T(ctx, "Vetting"))
	} else if x.Part != "" {
		words = append(words, i18n.T(ctx, application.PartName(x.Part)))
	}
	if r, ok := programme.Find(p.Reasons.Rejection, x.Reason); ok {
		words = append(words, i18n.T(ctx, r.Name))
	}
	return strings.Join(words, ", ") + ": " + x.Text
}

// askable are the parts that a request can be about.
type askable struct{ Code, Name string }

func askableParts(ctx context.Context) (out []askable) {
	for _, code := range programme.Sections() {
		out = append(out, askable{Code: code, Name: i18n.T(ctx, application.PartName(code))})
	}
	return out
}

func askableQuestions(ctx context.Context, c review.Case) (out []askable) {
	for _, q := range c.Entity.Questions {
		out = append(out, askable{Code: application.PartEligibility + "." + q.Code, Name: i18n.T(ctx, q.Text)})
	}
	return out
}

// partOrQuestion names what a request was about.
func partOrQuestion(ctx context.Context, c review.Case, part string) string {
	whole, code, single := strings.Cut(part, ".")
	if single {
		for _, q := range c.Entity.Questions {
			if q.Code == code {
				return i18n.T(ctx, q.Text)
			}
		}
	}
	return i18n.T(ctx, application.PartName(whole))
}

// eventTitle is an audit event for a person to read.
func eventTitle(ctx context.Context, action string) string { return i18n.T(ctx, audit.Words(action)) }

// changeTexts are what an event changed, one a line. Ids mean nothing to people and
// what stayed the same is no change, so both are left out.
func changeTexts(ctx context.Context, list []review.TimelineChange) (out []string) {
	for _, x := range list {
		if isID(x.Was) || isID(x.Is) || x.Was == x.Is {
			continue
		}
		name := i18n.T(ctx, audit.FieldName(x.Field))
		was, is := changeValue(ctx, x.Field, x.Was), changeValue(ctx, x.Field, x.Is)
		switch {
		case was == "":
			out = append(out, name+": "+is)
		case is == "":
			out = append(out, i18n.T(ctx, "%s: %s (removed)", name, was))
		default:
			out = append(out, name+": "+was+" → "+is)
		}
	}
	return out
}

func isID(s string) bool {
	_, err := uuid.Parse(s)
	return err == nil && len(s) == 36
}

// changeValue shows days and states as everywhere else.
func changeValue(ctx context.Context, field, value string) string {
	if value == "null" || value == "[]" {
		return ""
	}
	if day, err := clock.ParseDay(value); err == nil {
		return day.Text(ctx)
	}
	if field == "status" && slices.Contains(application.Statuses(), application.Status(value)) {
		return status(ctx, application.Status(value))
	}
	if field == "status" && slices.Contains(profile.Statuses(), profile.Status(value)) {
		return profileStatus(ctx, profile.Status(value))
	}
	if field == "clock" || field == "event" || field == "activity" || field == "tier" {
		return strings.NewReplacer("_", " ", ".", " ").Replace(value)
	}
	return value
}

func timeline(ctx context.Context, t review.Timeline, zone *time.Location) (out []ui.Event) {
	for _, e := range t.Entries {
		kind := ui.Neutral
		if e.Internal {
			kind = ui.Waiting
		}
		title := eventTitle(ctx, e.Action)
		if e.Record != "" {
			title += " · " + e.Record
		}
		x := ui.Event{At: e.At, Zone: zone, Title: title, Text: e.Reason, Actor: e.Actor, Kind: kind}
		if list := changeTexts(ctx, e.Changes); len(list) > 0 {
			x.Content = eventChanges(list)
		}
		out = append(out, x)
	}
	return out
}

func kindOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range review.TimelineKinds() {
		out = append(out, ui.Option{Value: string(k), Label: i18n.T(ctx, k.Name())})
	}
	return out
}

func timelineNext(path string, t review.Timeline) string {
	if t.Next == 0 {
		return ""
	}
	q := url.Values{"before": {fmt.Sprint(t.Next)}}
	if t.Filter.Kind != "" {
		q.Set("kind", string(t.Filter.Kind))
	}
	return path + "?" + q.Encode()
}

func hitHref(h review.Hit) string {
	switch h.Kind {
	case "application":
		return casePath(h.ID, "")
	case "change_notice":
		return "/desk/changes/" + h.ID.String()
	case "membership":
		return "/memberships/" + h.ID.String()
	}
	return "/desk/companies/" + h.ID.String()
}

func hitWhy(ctx context.Context, h review.Hit) string {
	switch h.Why {
	case "reference":
		if h.Kind == "change_notice" {
			return i18n.T(ctx, "Change notice")
		}
		return i18n.T(ctx, "Case")
	case "number":
		return i18n.T(ctx, "Membership number")
	case "identifier":
		return schemeName(h.Scheme)
	case "trade_name":
		return i18n.T(ctx, "Trade name")
	case "email":
		return i18n.T(ctx, "E-mail of a contact")
	}
	return i18n.T(ctx, "Legal name")
}

func noticeStatusKind(s company.Status) ui.Kind {
	switch s {
	case company.Sent:
		return ui.Info
	case company.Returned:
		return ui.Waiting
	case company.Accepted, company.Applied:
		return ui.Good
	}
	return ui.Neutral
}

// staffNoticeStatus is where a notice stands in the agency's words.
func staffNoticeStatus(ctx context.Context, s company.Status) string {
	switch s {
	case company.Sent:
		return i18n.T(ctx, "To be decided")
	case company.Returned:
		return i18n.T(ctx, "Returned to the company")
	}
	return i18n.T(ctx, s.Name())
}

// problem turns a conflict into what the page shows above the form.
func conflictText(ctx context.Context, f *fault.Error) string {
	if f == nil || f.Message == fault.Moved().Message {
		return i18n.T(ctx, "The page below shows the case as it is now, with what you entered. Check it, then send it again.")
	}
	return i18n.T(ctx, f.Message, f.Args...)
}

// claimable reports whether any case of the page can be claimed by its reader.
func (p QueuePage) claimable() bool {
	return slices.ContainsFunc(p.Queue.Items, func(q review.QueueItem) bool { return q.Claimable })
}
