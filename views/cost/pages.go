// Package cost holds the pages on which a company says what membership and examinations cost it.
package cost

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/benefit"
	app "trustedtrader/app/cost"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/views/ui"
)

// Home is the page of all costs; Exams and Years are where their rows are.
const (
	Home  = "/benefits/costs"
	Exams = Home + "/exams"
	Years = Home + "/years"
)

// Base is what a page has around its content, and why a form on it was refused.
type Base struct {
	ui.Chrome
	Problems []fault.Field
	Sentence string
	Moved    []fault.Change
	Zone     *time.Location
	Data     *app.Data
	Reports  *benefit.Data
}

func (b Base) mode(ctx context.Context, code string) string {
	if code == "" {
		return i18n.T(ctx, "Every mode")
	}
	return i18n.T(ctx, b.Reports.WordName("modes", code))
}

func (b Base) modes(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Label: i18n.T(ctx, "Every mode without a row of its own")}}
	for _, m := range b.Reports.Words("modes") {
		out = append(out, ui.Option{Value: m.Code, Label: i18n.T(ctx, m.Name)})
	}
	return out
}

func (b Base) item(ctx context.Context, code string) string {
	i, ok := b.Data.Item(code)
	if !ok {
		return code
	}
	return i18n.T(ctx, i.Name)
}

func (b Base) items(ctx context.Context) (out []ui.Option) {
	for _, i := range b.Data.Items {
		out = append(out, ui.Option{Value: i.Code, Label: i18n.T(ctx, i.Name), Hint: i18n.T(ctx, i.Help)})
	}
	return out
}

// ListPage is everything that a company has said.
type ListPage struct {
	Base
	Costs app.Costs
	Edits bool
}

// Sum is a year in one currency.
type Sum struct {
	Year             int
	Currency, Amount string
}

func (p ListPage) sums() (out []Sum) {
	var years []int
	for _, m := range p.Costs.Membership {
		if !slices.Contains(years, m.Year) {
			years = append(years, m.Year)
		}
	}
	for _, y := range years { // the latest first, as they are read
		sums := p.Costs.Year(y)
		for _, m := range p.Costs.Membership {
			if a, there := sums[m.Currency]; there && m.Year == y {
				out = append(out, Sum{y, m.Currency, a})
				delete(sums, m.Currency)
			}
		}
	}
	return out
}

// ExamPage is the form of what an examination costs; ID is nil for a new row.
type ExamPage struct {
	Base
	ID      *uuid.UUID
	Entered app.ExamEntry
}

func (p ExamPage) path() string {
	if p.ID == nil {
		return Exams + "/new"
	}
	return Exams + "/" + p.ID.String()
}

// YearPage is the form of what membership cost; ID is nil for a new row.
type YearPage struct {
	Base
	ID      *uuid.UUID
	Entered app.MembershipEntry
}

func (p YearPage) path() string {
	if p.ID == nil {
		return Years + "/new"
	}
	return Years + "/" + p.ID.String()
}

// Hours writes minutes as hours; empty: not known.
func Hours(minutes *int) string {
	if minutes == nil {
		return ""
	}
	return strconv.FormatFloat(float64(*minutes)/60, 'f', -1, 64)
}

func (p ListPage) totals(ctx context.Context) (out []ui.Pair) {
	for _, s := range p.sums() {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Sum of %d", s.Year), Value: i18n.Decimal(ctx, s.Amount) + " " + s.Currency})
	}
	return out
}
