// Package check holds the pages of status checks: the officer's form and answers, lists that
// are checked in one go, the history, and what anybody sees who has a number and its identifier.
package check

import (
	"context"
	"strings"
	"time"

	app "trustedtrader/app/consultation"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identifier"
	"trustedtrader/app/programme"
	"trustedtrader/views/company"
	"trustedtrader/views/ui"
)

// FormPage asks for one check.
type FormPage struct {
	ui.Chrome
	Purposes []app.Purpose
	Value    string
	By       string // scheme, or a name
	Country  string
	Purpose  string
	OwnRef   string
	On       ui.DateValue
	Busy     *app.Answer // an answer that could not be given
	Errors   []fault.Field
}

// AnswerPage is a check with its answer.
type AnswerPage struct {
	ui.Chrome
	Record     app.Record
	Programmes *programme.Register
	Purposes   []app.Purpose
	Zone       *time.Location
	QR         [][]bool
	Link       string // of the page where others verify it
	Desk       bool   // headquarters reads it
	Public     bool   // somebody verifies it
}

// HistoryPage lists checks.
type HistoryPage struct {
	ui.Chrome
	History  app.History
	Filter   app.Filter
	From     ui.DateValue
	Until    ui.DateValue
	Purposes []app.Purpose
	Curious  []app.Curious
	Zone     *time.Location
	Desk     bool
	Action   string // address of the list
	NextHref string
	Errors   []fault.Field
}

// VerifyPage asks for a number and the identifier.
type VerifyPage struct {
	ui.Chrome
	Number, Identifier string
	Wrong              bool
}

// BatchesPage lists lists, and takes one more.
type BatchesPage struct {
	ui.Chrome
	Batches      []app.Batch
	Purposes     []app.Purpose
	Arrangements []ui.Option // of the agency
	Zone         *time.Location
	Errors       []fault.Field
}

// BatchPage is one list and how far it is.
type BatchPage struct {
	ui.Chrome
	Batch app.Batch
	Under string // the arrangement by its parties; empty: any of the agency's
	Zone  *time.Location
}

func outcomeText(ctx context.Context, o app.Outcome) string {
	switch o {
	case app.Answered:
		return i18n.T(ctx, "The check worked")
	case app.Ambiguous:
		return i18n.T(ctx, "More than one member fits")
	case app.NoRecord:
		return i18n.T(ctx, "No record that we can show you")
	case app.Refused:
		return i18n.T(ctx, "The check was refused")
	}
	return i18n.T(ctx, "We cannot tell at the moment")
}

func statusText(ctx context.Context, s app.Status) string {
	switch s {
	case app.Certified:
		return i18n.T(ctx, "Certified")
	case app.Validated:
		return i18n.T(ctx, "Validated")
	case app.Suspended:
		return i18n.T(ctx, "Suspended")
	case app.Withdrawn:
		return i18n.T(ctx, "Withdrawn")
	case app.Removed:
		return i18n.T(ctx, "Removed")
	case app.Expired:
		return i18n.T(ctx, "Expired: another membership took its place")
	}
	return i18n.T(ctx, "Nothing is said about a membership")
}

func recognitionText(ctx context.Context, r app.Recognition) string {
	switch r {
	case app.Grant:
		return i18n.T(ctx, "Grant the benefits of the arrangement")
	case app.Review:
		return i18n.T(ctx, "Look at the case yourself")
	}
	return i18n.T(ctx, "Do not grant benefits")
}

// reasonText says a reason in words.
func reasonText(ctx context.Context, r app.Reason) string {
	switch r {
	case app.NoArrangement:
		return i18n.T(ctx, "There is no arrangement that covers this.")
	case app.NotYetInForce:
		return i18n.T(ctx, "The arrangement is not in force yet.")
	case app.ArrangementSuspended:
		return i18n.T(ctx, "The arrangement is suspended.")
	case app.TypeNotCovered:
		return i18n.T(ctx, "The arrangement does not cover this kind of member.")
	case app.TierTooLow:
		return i18n.T(ctx, "The arrangement asks for a higher tier.")
	case app.WasSuspended:
		return i18n.T(ctx, "The membership, or its recognition abroad, is suspended.")
	case app.WasRevoked:
		return i18n.T(ctx, "The membership was removed.")
	case app.WasWithdrawn:
		return i18n.T(ctx, "The membership has ended without a measure against the member.")
	case app.NotDisclosed:
		return i18n.T(ctx, "Either nobody has this identifier, or we may not tell you about them. This says nothing against a company.")
	case app.IsAmbiguous:
		return i18n.T(ctx, "Choose a candidate, or ask with a more exact identifier.")
	case app.Stale:
		return i18n.T(ctx, "We could not look it up. This says nothing against a company. Ask again.")
	}
	return ""
}

func classText(ctx context.Context, class string) string {
	switch class {
	case "security":
		return i18n.T(ctx, "For a reason of security")
	case "own_request":
		return i18n.T(ctx, "At the member's own request")
	case "administrative":
		return i18n.T(ctx, "For an administrative reason")
	}
	return ""
}

func schemeText(ctx context.Context, code string) string {
	switch code {
	case "membership":
		return i18n.T(ctx, "Membership number")
	case app.ByName:
		return i18n.T(ctx, "Name")
	case "":
		return i18n.T(ctx, "Any identifier")
	}
	if s, ok := identifier.Lookup(code); ok {
		return i18n.T(ctx, s.Name)
	}
	return strings.ToUpper(code)
}

func kindOf(o app.Outcome, r app.Recognition) ui.Kind {
	switch {
	case o == app.Answered && r == app.Grant:
		return ui.Good
	case o == app.Answered && r == app.Deny:
		return ui.Bad
	}
	return ui.Neutral
}

func purposeText(ctx context.Context, list []app.Purpose, code string) string {
	for _, p := range list {
		if p.Code == code {
			return i18n.T(ctx, p.Name)
		}
	}
	return code
}

func purposes(ctx context.Context, list []app.Purpose) (out []ui.Option) {
	for _, p := range list {
		out = append(out, ui.Option{Value: p.Code, Label: i18n.T(ctx, p.Name)})
	}
	return out
}

func outcomes(ctx context.Context) (out []ui.Option) {
	for _, o := range []app.Outcome{app.Answered, app.Ambiguous, app.NoRecord} {
		out = append(out, ui.Option{Value: string(o), Label: outcomeText(ctx, o)})
	}
	return out
}

// ways is how the one field can be read; empty: as it looks.
func ways(ctx context.Context) (out []ui.Option) {
	out = append(out, ui.Option{Value: app.ByName, Label: i18n.T(ctx, "A name")}, ui.Option{Value: "membership", Label: i18n.T(ctx, "A membership number")})
	for _, s := range identifier.Schemes() {
		if !s.Personal {
			out = append(out, ui.Option{Value: s.Code, Label: i18n.T(ctx, s.Name)})
		}
	}
	return out
}

func countries(ctx context.Context) []ui.Option { return company.CountryOptions(ctx) }

func entityText(ctx context.Context, programmes *programme.Register, e app.EntityType) string {
	for _, p := range programmes.All() {
		k, ok := p.EntityType(e.Entity)
		if !ok {
			continue
		}
		text := i18n.T(ctx, k.Name)
		for _, x := range p.Standing.Types {
			if x.Code == e.Type {
				text += ", " + i18n.T(ctx, x.Name)
			}
		}
		if t, ok := p.Tier(e.Tier); ok {
			text += ", " + i18n.T(ctx, t.Name)
		}
		return text
	}
	return e.Entity
}

func askedText(ctx context.Context, r app.Record) string {
	if r.Asked == "" {
		return i18n.T(ctx, "A candidate of a search by name")
	}
	return r.Asked
}

func askerText(ctx context.Context, r app.Record) string {
	if r.Person == "" {
		return i18n.T(ctx, "System %s", r.ClientID)
	}
	return r.Person
}

func batchKind(b app.Batch) ui.Kind {
	switch b.Status {
	case "done":
		return ui.Good
	case "stopped":
		return ui.Bad
	}
	return ui.Waiting
}

func batchStatus(ctx context.Context, b app.Batch) string {
	switch b.Status {
	case "done":
		return i18n.T(ctx, "Done")
	case "stopped":
		return i18n.T(ctx, "Stopped")
	case "working":
		return i18n.T(ctx, "Under way")
	}
	return i18n.T(ctx, "Waiting")
}

// facts are what was asked, by whom, and of whom.
func (p AnswerPage) facts(ctx context.Context) (out []ui.Pair) {
	r := p.Record
	add := func(key, value string) { out = append(out, ui.Pair{Key: key, Value: value}) }
	if m := r.Answer.Member; m != nil {
		add(i18n.T(ctx, "Member"), m.Name+", "+i18n.Country(ctx, m.Country))
	}
	add(i18n.T(ctx, "Number of this check"), r.Number)
	add(i18n.T(ctx, "Asked for"), askedText(ctx, r))
	for _, m := range r.Answer.Matched {
		add(i18n.T(ctx, "Found by"), schemeText(ctx, m.Scheme)+": "+m.Value)
	}
	if p.Public {
		add(i18n.T(ctx, "Asked by"), r.Agency)
	} else {
		add(i18n.T(ctx, "What it is for"), purposeText(ctx, p.Purposes, r.Purpose))
		if r.OwnRef != "" {
			add(i18n.T(ctx, "Your own reference"), r.OwnRef)
		}
		add(i18n.T(ctx, "Asked by"), askerText(ctx, r)+", "+r.Agency)
		if r.Batch != "" {
			add(i18n.T(ctx, "In the list"), r.Batch)
		}
	}
	add(i18n.T(ctx, "List version"), r.Answer.ListVersion)
	return out
}
