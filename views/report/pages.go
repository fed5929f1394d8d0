// Package report holds the pages of a validation's report: the writer's, the company's, and
// the document that is printed.
package report

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/report"
	"trustedtrader/app/textdiff"
	"trustedtrader/app/validation"
	findings "trustedtrader/views/finding"
	"trustedtrader/views/ui"
)

// DeskPath is the address of a report at the desk, and Path that for its company.
func DeskPath(id uuid.UUID, tail string) string {
	return "/desk/validations/" + id.String() + "/report" + tail
}
func Path(id uuid.UUID, tail string) string { return "/validations/" + id.String() + "/report" + tail }

// Page is the report at the desk. Act names the form that was refused, with what it held.
type Page struct {
	ui.Chrome
	Page     app.Page
	Act      string
	Typed    map[string]string
	Chosen   []string // sections to assemble again
	Errors   []fault.Field
	Conflict *fault.Error
}

// SharedPage is the report for its company.
type SharedPage struct {
	ui.Chrome
	Shared   app.Shared
	Comment  string // as typed, when it was refused
	Errors   []fault.Field
	Conflict *fault.Error
}

// EditionPage is one edition, to read and print.
type EditionPage struct {
	ui.Chrome
	Copy app.Copy
	PDF  string // where the PDF is; empty: there is none
}

// tone is the tone of a report's state.
func tone(s app.Status) ui.Kind {
	switch s {
	case app.Commenting, app.Submitted:
		return ui.Waiting
	case app.Returned:
		return ui.Warn
	case app.Approved, app.Issued:
		return ui.Good
	}
	return ui.Info
}

func (p Page) typed(act, field, otherwise string) string {
	if p.Act == act {
		return p.Typed[field]
	}
	return otherwise
}

func (p Page) errorsOf(act string) []fault.Field {
	if p.Act != act {
		return nil
	}
	return p.Errors
}

// sectionAct names the form of a section.
func sectionAct(code string) string { return "section-" + code }

// help is what the programme says of a section.
func (p Page) help(ctx context.Context, code string) string {
	for _, x := range p.Page.Rules.Validation.Report.Sections {
		if x.Code == code {
			return i18n.T(ctx, x.Help)
		}
	}
	return ""
}

func (p Page) tierName(ctx context.Context, code string) string {
	t, ok := p.Page.Rules.Tier(code)
	if !ok {
		return ""
	}
	return i18n.T(ctx, t.Name)
}

func (p Page) isDone() bool { return p.Page.Head.Status.Final() }

// outcomeOptions are what can follow.
func (p Page) outcomeOptions(ctx context.Context) (out []ui.Option) {
	leads := p.Page.Leads
	for _, o := range app.Outcomes(validation.Validation{MembershipID: p.Page.MembershipID}) {
		option := ui.Option{Value: string(o), Label: i18n.T(ctx, o.Name())}
		switch o {
		case validation.TierAwarded:
			if leads == "" {
				continue
			}
			option.Label = i18n.T(ctx, "Award %s", p.tierName(ctx, leads))
			option.Hint = i18n.T(ctx, "By the rule of the programme, once no required action is open. Now: %s", p.tierName(ctx, p.Page.Tier))
		case validation.Confirmed:
			option.Label, option.Hint = i18n.T(ctx, "Confirm the standing as it is"), i18n.T(ctx, "Nothing changes.")
			if p.Page.MembershipID == nil {
				option.Label, option.Hint = i18n.T(ctx, "The conditions are met"), i18n.T(ctx, "Whoever reviews the application is told.")
			}
		case validation.Enforcement:
			option.Hint = i18n.T(ctx, "What is still open is passed on to those who decide on further steps.")
		}
		out = append(out, option)
	}
	return out
}

// outcome is what was proposed or decided, in words.
func (p Page) outcome(ctx context.Context, o, tier string) string {
	text := i18n.T(ctx, validation.Outcome(o).Name())
	if name := p.tierName(ctx, tier); name != "" {
		text += ": " + name
	}
	return text
}

func diff(was, is string) []textdiff.Part { return textdiff.Words(was, is) }

func (p Page) facts(ctx context.Context) []ui.Pair {
	x := p.Page
	out := []ui.Pair{{Key: i18n.T(ctx, "Company"), Content: anchor("/desk/companies/"+x.CompanyID.String(), x.Company)}, {Key: i18n.T(ctx, "Validation"), Content: anchor("/desk/validations/"+x.ID.String(), x.Reference)},
		{Key: i18n.T(ctx, "Programme"), Value: i18n.T(ctx, x.Rules.ShortName) + ", " + i18n.T(ctx, x.Entity.Name)}, {Key: i18n.T(ctx, "Status of the validation"), Value: i18n.T(ctx, x.Head.Status.Name())}}
	if x.Writer != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Submitted by"), Value: x.Writer})
	}
	if x.Approver != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Approved by"), Value: x.Approver})
	}
	return out
}

func editionPath(desk bool, id uuid.UUID, number int) string {
	if desk {
		return DeskPath(id, "/editions/"+strconv.Itoa(number))
	}
	return Path(id, "/editions/"+strconv.Itoa(number))
}

func findingPath(i finding.Item, desk bool) string {
	if desk {
		return findings.DeskPath(i.ID, "")
	}
	return findings.Path(i.ID, "")
}

func findingState(ctx context.Context, i finding.Item) string {
	return i18n.T(ctx, finding.Finding{Status: i.Status, Kind: i.Kind}.StatusName())
}

// kindName is a kind of finding in the words of the programme.
func kindName(ctx context.Context, c app.Copy, code string) string {
	k, ok := c.Programme.Validation.Findings.Kind(code)
	if !ok {
		return code
	}
	return i18n.T(ctx, k.Name)
}

// title names the document.
func title(ctx context.Context, c app.Copy) string {
	name := i18n.T(ctx, c.Programme.Validation.Name)
	if c.Edition.Step != app.StepIssued {
		return i18n.T(ctx, "%s %s: draft of the report", name, c.Content.Reference)
	}
	return i18n.T(ctx, "%s %s: report", name, c.Content.Reference)
}

func head(ctx context.Context, c app.Copy) [][2]string {
	return [][2]string{{i18n.T(ctx, "Company"), c.Content.Company}, {i18n.T(ctx, "Programme"), i18n.T(ctx, c.Programme.Name) + ", " + i18n.T(ctx, c.Entity.Name)},
		{i18n.T(ctx, "Office"), c.Office}, {i18n.T(ctx, "Date"), i18n.DateTime(ctx, c.Edition.MadeAt, c.Zone)}, {i18n.T(ctx, "Version"), fmt.Sprint(c.Edition.Number)}, {"SHA-256", c.Edition.SHA256}}
}

func editionHref(desk bool, id string, number int) string {
	validation, err := uuid.Parse(id)
	if err != nil {
		return ""
	}
	return editionPath(desk, validation, number)
}

func edited(ctx context.Context, f app.Fresh) string {
	if f.Edited() {
		return i18n.T(ctx, "Edited by %s: what was written is replaced", f.Author)
	}
	return ""
}

// rows is how many lines a field shows at first.
func rows(text string) int {
	n := 3
	for _, c := range text {
		if c == '\n' {
			n++
		}
	}
	return min(max(n, len(text)/90+2), 24)
}

func closeHint(ctx context.Context, x app.Page) string {
	if x.May.CloseOtherwise {
		return ""
	}
	return i18n.T(ctx, "You can carry out what the approved report proposes. A supervisor can choose something else.")
}

// dueText is a day of an edition in words.
func dueText(ctx context.Context, day string) string {
	d, err := clock.ParseDay(day)
	if err != nil {
		return "–"
	}
	return d.Text(ctx)
}
