package desk

import (
	"context"
	"fmt"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	"trustedtrader/app/review"
	"trustedtrader/views/ui"
)

// Tab is a page of a case.
type Tab string

// The tabs.
const (
	OverviewTab Tab = ""
	ReviewTab   Tab = "/review"
	VettingTab  Tab = "/vetting"
	RequestTab  Tab = "/request"
	MessagesTab Tab = "/messages"
	NotesTab    Tab = "/notes"
	HoursTab    Tab = "/hours"
	DecisionTab Tab = "/decision"
	HistoryTab  Tab = "/history"
)

// CasePage is what every page of a case has.
type CasePage struct {
	ui.Chrome
	Case     review.Case
	Tab      Tab
	Errors   []fault.Field
	Conflict *fault.Error // what another person did meanwhile; the form is kept
}

// Title of the page without the case's name.
func (t Tab) Title() string {
	return map[Tab]string{OverviewTab: "Overview", ReviewTab: "Profile review", VettingTab: "Vetting", RequestTab: "Request information",
		MessagesTab: "Messages", NotesTab: "Notes", HoursTab: "Hours", DecisionTab: "Decision", HistoryTab: "History"}[t]
}

// Work reports whether the tab is opened to work, which sets the soft lock.
func (t Tab) Work() bool {
	return t == ReviewTab || t == VettingTab || t == RequestTab || t == DecisionTab
}

func (p CasePage) tabs(ctx context.Context) []ui.Tab {
	c := p.Case
	counts := map[Tab]string{}
	for tab, n := range map[Tab]int{ReviewTab: c.Unmet(), VettingTab: c.OpenVetting() + c.Concerns(), MessagesTab: len(c.Messages), NotesTab: len(c.Notes)} {
		if n > 0 {
			counts[tab] = fmt.Sprint(n)
		}
	}
	var out []ui.Tab
	for _, t := range []Tab{OverviewTab, ReviewTab, VettingTab, RequestTab, MessagesTab, NotesTab, HoursTab, DecisionTab, HistoryTab} {
		out = append(out, ui.Tab{Label: i18n.T(ctx, t.Title()), Href: casePath(c.ID, string(t)), Current: t == p.Tab, Count: counts[t]})
	}
	return out
}

func (p CasePage) facts(ctx context.Context) []ui.Pair {
	c := p.Case
	who := c.Assignee
	if who == "" {
		who = i18n.T(ctx, "Nobody")
	}
	out := []ui.Pair{
		{Key: i18n.T(ctx, "Programme"), Value: c.Programme.ShortName + ", " + i18n.T(ctx, c.Entity.Name)},
		{Key: i18n.T(ctx, "Submitted"), Value: i18n.Date(ctx, c.SubmittedAt.In(c.Zone))},
		{Key: i18n.T(ctx, "Assigned to"), Value: who},
		{Key: i18n.T(ctx, "Office"), Value: c.Office},
	}
	if c.Round > 1 {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Round"), Value: fmt.Sprint(c.Round)})
	}
	return out
}

// entered are a verdict, remark or outcome as the form holds it: what was typed, or what is kept.
func entered(kept string, typed map[string]string, field string) string {
	if typed == nil {
		return kept
	}
	return typed[field]
}

// verdictValue leaves the choice open where the person must look again.
func verdictValue(p review.Part, typed map[string]string) string {
	if typed != nil {
		return typed[review.VerdictField(p.Section.Code)]
	}
	if p.Again {
		return ""
	}
	return string(p.Verdict.Verdict)
}

func verdictOptions(ctx context.Context) (out []ui.Option) {
	for _, v := range review.Verdicts() {
		out = append(out, ui.Option{Value: string(v), Label: i18n.T(ctx, review.VerdictName(v))})
	}
	return out
}

func vettingOptions(ctx context.Context) (out []ui.Option) {
	for _, o := range review.Outcomes() {
		out = append(out, ui.Option{Value: o, Label: i18n.T(ctx, review.OutcomeName(o))})
	}
	return out
}

func activityOptions(ctx context.Context) (out []ui.Option) {
	for _, a := range review.Activities() {
		out = append(out, ui.Option{Value: a, Label: i18n.T(ctx, review.ActivityName(a))})
	}
	return out
}

// ForClock names the problems as the fields of one clock's form are named.
func (p CasePage) ForClock(code, act string) CasePage {
	list := make([]fault.Field, len(p.Errors))
	for i, f := range p.Errors {
		f.Name = code + "-" + act + "-" + f.Name
		list[i] = f
	}
	p.Errors = list
	return p
}

// NewRequest is the page for composing a request, with the time that the programme
// gives for an answer.
func NewRequest(p CasePage) RequestPage {
	out := RequestPage{CasePage: p}
	for _, c := range p.Case.Programme.ClocksStartedBy(programme.ApplicationInformationRequested) {
		if c.OwedBy == programme.Company {
			out.DueDays = c.Amount
		}
	}
	return out
}
