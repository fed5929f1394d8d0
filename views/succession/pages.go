// Package succession holds the pages of leaving and changing: the company's choice, form and
// case, the desk's queue and case, and how a membership came about and ended.
package succession

import (
	"context"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/programme"
	app "trustedtrader/app/succession"
	"trustedtrader/views/company"
	"trustedtrader/views/ui"
)

// Path is the address of a case for its company, and DeskPath that at the desk.
func Path(id uuid.UUID, tail string) string     { return "/memberships/changes/" + id.String() + tail }
func DeskPath(id uuid.UUID, tail string) string { return "/desk/successions/" + id.String() + tail }

// LeavePath is where a company chooses what to do about a membership.
func LeavePath(membership uuid.UUID, tail string) string {
	return "/memberships/" + membership.String() + "/leave" + tail
}

// ChoosePage is the choice of what to do.
type ChoosePage struct {
	ui.Chrome
	Start app.Start
	Life  app.Life
}

// FormPage is the form of a case.
type FormPage struct {
	ui.Chrome
	Start    app.Start
	Rule     programme.ChangeKind
	Entered  app.Entry
	Day      ui.DateValue
	Action   string
	Back     string
	Errors   []fault.Field
	Conflict *fault.Error
}

// Page is a case. Act is the step whose form was refused, with what it held.
type Page struct {
	ui.Chrome
	Record   app.Record
	Audience identity.Audience
	Act      string
	Typed    map[string]string
	Errors   []fault.Field
	Conflict *fault.Error
}

// QueuePage is one page of the queue at the desk.
type QueuePage struct {
	ui.Chrome
	Queue      app.Queue
	Programmes []*programme.Programme
}

func (p Page) desk() bool { return p.Audience == identity.Staff }

func (p Page) here() string {
	if p.desk() {
		return DeskPath(p.Record.ID, "")
	}
	return Path(p.Record.ID, "")
}

func (p Page) typed(act, field string) string {
	if p.Act != act {
		return ""
	}
	return p.Typed[field]
}

// errorsOf are the problems of the form of one step, under the names of its fields.
func (p Page) errorsOf(act string) (out []fault.Field) {
	if p.Act == act {
		return p.Errors
	}
	return nil
}

// Field names a field of the form of a step: several forms stand on one page.
func Field(act, name string) string { return act + "-" + name }

// Tone is the tone of a state.
func Tone(s app.Status) ui.Kind {
	switch s {
	case app.Sent, app.InReview, app.Proposed:
		return ui.Waiting
	case app.Returned:
		return ui.Warn
	case app.Accepted:
		return ui.Info
	case app.InForce:
		return ui.Good
	case app.Refused:
		return ui.Bad
	}
	return ui.Neutral
}

// stateName is a state in the words of the reader.
func stateName(ctx context.Context, s app.Status, desk bool) string {
	if desk && s == app.Returned {
		return i18n.T(ctx, "With the company")
	}
	return i18n.T(ctx, s.Name())
}

// entryName says in words what an entry of the history is (English source text).
func entryName(what string) string {
	return map[string]string{"send": "Sent", "drop": "Given up", "call_off": "Called off", "take": "Taken up", "return": "Sent back", "propose": "Decision proposed",
		"accept": "Accepted", "refuse": "Refused", "send_back": "Given back to the person who looked at it", "take_effect": "In effect",
		"overtake": "Overtaken: something else came first", "link": "Application linked", "pass_on": "Answers of the security profile passed on to the new company", "keep_answers": "No answers were passed on to the new company"}[what]
}

func (p Page) timeline(ctx context.Context) (out []ui.Event) {
	for _, e := range p.Record.History {
		x := ui.Event{At: e.At, Zone: p.Record.Zone, Title: i18n.T(ctx, entryName(e.What)), Text: e.Body, Actor: e.Author}
		if e.Internal {
			x.Title = i18n.T(ctx, "%s (for the agency alone)", x.Title)
		}
		switch e.What {
		case "accept", "take_effect":
			x.Kind = ui.Good
		case "refuse", "overtake":
			x.Kind = ui.Bad
		case "return":
			x.Kind = ui.Warn
		}
		out = append(out, x)
	}
	return out
}

// facts are what a case says.
func (p Page) facts(ctx context.Context) []ui.Pair {
	r := p.Record
	out := []ui.Pair{{Key: i18n.T(ctx, "What"), Value: i18n.T(ctx, r.Rule.Name)}, {Key: i18n.T(ctx, "Membership"), Content: link("/memberships/"+r.MembershipID.String(), r.Number)}}
	if p.desk() {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Company"), Content: link("/desk/companies/"+r.CompanyID.String(), r.Company)})
	}
	day := i18n.T(ctx, "The day on which the new membership begins")
	if !r.EffectiveOn.IsZero() {
		day = r.EffectiveOn.Text(ctx)
	}
	out = append(out, ui.Pair{Key: i18n.T(ctx, "Counts from"), Value: day}, ui.Pair{Key: i18n.T(ctx, "Why"), Value: i18n.T(ctx, r.ReasonName)})
	if r.Note != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "What has happened"), Value: r.Note})
	}
	switch r.Kind {
	case app.Merger:
		x := ui.Pair{Key: i18n.T(ctx, "Goes on under"), Value: r.SuccessorNumber}
		if s := r.Successor; s != nil {
			x.Content = link("/memberships/"+s.ID.String(), s.Number+", "+s.Company)
		} else if p.desk() {
			x.Value = i18n.T(ctx, "%s: no membership has this number", r.SuccessorNumber)
		}
		out = append(out, x)
	case app.Split, app.Sale:
		out = append(out, ui.Pair{Key: i18n.T(ctx, "New company"), Value: r.NewName + ", " + r.NewCountry},
			ui.Pair{Key: i18n.T(ctx, "May start from the security profile"), Value: yes(ctx, r.ShareAnswers)})
		if r.Kind == app.Sale {
			out = append(out, ui.Pair{Key: i18n.T(ctx, "Nothing of the business stays"), Value: yes(ctx, r.Whole)})
		}
	case app.TypeChange:
		e, _ := r.Rules.EntityType(r.EntityType)
		out = append(out, ui.Pair{Key: i18n.T(ctx, "New kind of member"), Value: i18n.T(ctx, e.Name)})
	case app.Share, app.Unshare:
		if r.LeadID != nil {
			out = append(out, ui.Pair{Key: i18n.T(ctx, "Security profile of"), Content: link("/memberships/"+r.LeadID.String(), r.Lead)})
		}
	}
	for _, a := range r.Applications {
		href := "/applications/" + a.ID.String()
		if p.desk() {
			href = "/desk/cases/" + a.ID.String()
		}
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Application"), Content: link(href, a.Reference+", "+a.Company+", "+i18n.T(ctx, a.Status.Name()))})
	}
	if p.desk() && r.Reviewer != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Looked at by"), Value: r.Reviewer})
	}
	return out
}

func yes(ctx context.Context, b bool) string {
	if b {
		return i18n.T(ctx, "Yes")
	}
	return i18n.T(ctx, "No")
}

// itemPath is the page of an open record for a reader.
func (p Page) itemPath(i app.Item) string {
	base := map[string]string{"profile": "/profiles/", "validation": "/validations/", "finding": "/findings/"}[i.Kind]
	if p.desk() {
		base = "/desk" + base
	}
	return base + i.ID.String()
}

func itemName(ctx context.Context, i app.Item) string {
	return i18n.T(ctx, map[string]string{"profile": "Security profile", "validation": "Validation", "finding": "Finding"}[i.Kind])
}

func decisionName(ctx context.Context, i app.Item) string {
	switch i.Decision {
	case "carry":
		return i18n.T(ctx, "Carried over")
	case "close":
		return i18n.T(ctx, "To be closed")
	}
	return i18n.T(ctx, "Not decided yet")
}

func (p FormPage) reasons(ctx context.Context) (out []ui.Option) {
	for _, r := range p.Start.Rules.Succession.ReasonsFor(p.Rule.Code) {
		out = append(out, ui.Option{Value: r.Code, Label: i18n.T(ctx, r.Name)})
	}
	return out
}

// bare reports whether a case needs neither words nor proof.
func (p FormPage) bare() bool {
	return p.Rule.Code == app.Withdrawal || p.Rule.Code == app.Share || p.Rule.Code == app.Unshare
}

func (p FormPage) noteHint(ctx context.Context) string {
	if p.Rule.Code == app.Share || p.Rule.Code == app.Unshare {
		return i18n.T(ctx, "In your own words.")
	}
	return i18n.T(ctx, "In your own words. Name the contract or the entry in a register that shows it.")
}

func (p FormPage) lead() string {
	if p.Entered.Lead == uuid.Nil {
		return ""
	}
	return p.Entered.Lead.String()
}

func (p FormPage) own() (out []ui.Option) {
	for _, c := range p.Start.Own {
		out = append(out, ui.Option{Value: c.ID.String(), Label: c.Title})
	}
	return out
}

func (p FormPage) types(ctx context.Context) (out []ui.Option) {
	for _, e := range p.Start.Rules.EntityTypes() {
		if e.Enabled && e.Code != p.Start.EntityType {
			out = append(out, ui.Option{Value: e.Code, Label: i18n.T(ctx, e.Name), Hint: i18n.T(ctx, e.Description)})
		}
	}
	return out
}

func (p FormPage) library() (out []ui.Option) {
	for _, c := range p.Start.Library {
		out = append(out, ui.Option{Value: c.ID.String(), Label: c.Title})
	}
	return out
}

func (p FormPage) proof() (out []string) {
	for _, id := range p.Entered.Proof {
		out = append(out, id.String())
	}
	return out
}

func (p FormPage) successorHint(ctx context.Context) string {
	text := i18n.T(ctx, "It stands on the certificate of the other membership.")
	for i, c := range p.Start.Own {
		if i == 0 {
			text += " " + i18n.T(ctx, "Your own others:")
		}
		text += " " + c.Title
	}
	return text
}

func countries(ctx context.Context) []ui.Option { return company.CountryOptions(ctx) }

func (p FormPage) dayHint(ctx context.Context) string {
	if p.bare() {
		return i18n.T(ctx, "Today or a later day. For example %s.", p.Start.Today.AddDays(30).Text(ctx))
	}
	return i18n.T(ctx, "The day by law. It may lie in the past. For example %s.", p.Start.Today.Text(ctx))
}

func queuePath(f app.Filter) string {
	q := url.Values{"queue": {string(f.Queue)}}
	if f.Kind != "" {
		q.Set("kind", f.Kind)
	}
	if f.After != "" {
		q.Set("after", f.After)
	}
	return "/desk/successions?" + q.Encode()
}

func (p QueuePage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, name := range app.Queues() {
		n := p.Queue.Counts[name]
		text := strconv.Itoa(n)
		if n >= app.MostCounted {
			text += "+"
		}
		out = append(out, ui.Tab{Label: i18n.T(ctx, name.Name()), Href: queuePath(app.Filter{Queue: name}), Current: p.Queue.Filter.Queue == name, Count: text})
	}
	return out
}

func (p QueuePage) first() string {
	if p.Queue.Filter.After == "" {
		return ""
	}
	return queuePath(app.Filter{Queue: p.Queue.Filter.Queue, Kind: p.Queue.Filter.Kind})
}

func (p QueuePage) next() string {
	if p.Queue.Next == "" {
		return ""
	}
	return queuePath(app.Filter{Queue: p.Queue.Filter.Queue, Kind: p.Queue.Filter.Kind, After: p.Queue.Next})
}

// kindName is a kind of case in the words of a programme.
func kindName(ctx context.Context, list []*programme.Programme, code, kind string) string {
	for _, p := range list {
		if k, ok := p.Succession.Kind(kind); ok && p.Code == code {
			return i18n.T(ctx, k.Name)
		}
	}
	return kind
}

func (p QueuePage) kinds(ctx context.Context) (out []ui.Option) {
	if len(p.Programmes) > 0 {
		for _, k := range p.Programmes[0].Succession.Kinds {
			out = append(out, ui.Option{Value: k.Code, Label: i18n.T(ctx, k.Name)})
		}
	}
	return out
}

// afterName says how one membership came from another (English source text).
func afterName(kind string) string {
	return map[string]string{app.Merger: "It was merged into membership %s on %s.", app.Split: "A part of it went to membership %s on %s.", app.Sale: "A part of it was sold, and went to membership %s on %s.",
		app.TypeChange: "Membership %s took its place on %s, as another kind of member."}[kind]
}

func beforeName(kind string) string {
	return map[string]string{app.Merger: "Membership %s was merged into this one on %s.", app.Split: "It came from membership %s by a split on %s.", app.Sale: "It came from membership %s by a sale on %s.",
		app.TypeChange: "It took the place of membership %s on %s."}[kind]
}

// endName says how a membership ended (English source text).
func endName(l app.Life, removed string) string {
	switch l.Ending.Kind {
	case "withdrawn":
		return "The member left on %s."
	case "succeeded":
		return "It ended on %s, and another membership took its place."
	case "annulled":
		return "It was annulled: it counts as never granted, from %s on."
	}
	return removed + " on %s."
}

// sharing says of a shared profile, from the side of one of its memberships, since when it
// counts or counted.
func sharing(ctx context.Context, p *programme.Programme, x app.Sharing, here uuid.UUID) string {
	last := x.To
	if last.After(x.From) {
		last = last.AddDays(-1)
	}
	if here == x.LeadID {
		e, _ := p.EntityType(x.FollowerType)
		if x.To.IsZero() {
			return i18n.T(ctx, "Membership %s (%s) shares the security profile of this one since %s.", x.Follower, i18n.T(ctx, e.Name), x.From.Text(ctx))
		}
		return i18n.T(ctx, "Membership %s (%s) shared the security profile of this one from %s to %s.", x.Follower, i18n.T(ctx, e.Name), x.From.Text(ctx), last.Text(ctx))
	}
	switch {
	case !x.To.IsZero():
		return i18n.T(ctx, "It shared the security profile of %s from %s to %s.", x.Lead, x.From.Text(ctx), last.Text(ctx))
	case x.DueOn.IsZero():
		return i18n.T(ctx, "Shares the security profile of %s since %s.", x.Lead, x.From.Text(ctx))
	}
	return i18n.T(ctx, "Shares the security profile of %s since %s; its yearly review is due on %s.", x.Lead, x.From.Text(ctx), x.DueOn.Text(ctx))
}

// otherOf is the other membership of a shared profile.
func otherOf(x app.Sharing, here uuid.UUID) (id uuid.UUID, number string) {
	if here == x.LeadID {
		return x.FollowerID, x.Follower
	}
	return x.LeadID, x.Lead
}

func (p ChoosePage) href(k programme.ChangeKind) string {
	if !p.Start.May {
		return ""
	}
	return LeavePath(p.Start.Membership, "/"+k.Code)
}

func decides(ctx context.Context, k programme.ChangeKind) string {
	if k.Decides == programme.NobodyDecides {
		return i18n.T(ctx, "Your word is enough")
	}
	return i18n.T(ctx, "We decide")
}

func decideTitle(ctx context.Context, r app.Record) string {
	if r.Status == app.InReview && r.Second {
		return i18n.T(ctx, "Propose a decision")
	}
	return i18n.T(ctx, "Decide")
}

func reasonHint(ctx context.Context, r app.Record) string {
	if r.Status == app.InReview && r.Second {
		return i18n.T(ctx, "For the person who decides. The company does not read this.")
	}
	return i18n.T(ctx, "Needed for a no. The company reads this.")
}

func proposalText(ctx context.Context, r app.Record) string {
	if r.Proposal == "accept" {
		return i18n.T(ctx, "%s proposes to say yes.", r.Reviewer)
	}
	return i18n.T(ctx, "%s proposes to say no.", r.Reviewer)
}

func proofPath(p Page, x app.Proof) string {
	if p.desk() {
		return "/desk/evidence/versions/" + x.VersionID.String() + "/file"
	}
	return "/evidence/versions/" + x.VersionID.String() + "/file"
}

func casePath(c app.Item, desk bool) string {
	if desk {
		return DeskPath(c.ID, "")
	}
	return Path(c.ID, "")
}
