package metric

import (
	"context"
	"math"
	"slices"
	"strconv"

	"trustedtrader/app/benefit"
	"trustedtrader/app/briefing"
	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/metric"
	"trustedtrader/views/ui"
)

// Lead is a number that a page begins with.
type Lead struct {
	Title   string
	Value   string
	Range   string
	Sum     string // how it is made
	Quality app.Quality
	Href    string
	Link    string
	year    int // of a return
}

func qualityName(ctx context.Context, q app.Quality) string {
	return map[app.Quality]string{app.Complete: i18n.T(ctx, "Complete"), app.Partial: i18n.T(ctx, "Partial"), app.Estimate: i18n.T(ctx, "Estimate"), app.Nothing: i18n.T(ctx, "Not enough data")}[q]
}

// mark is the quality beside a number; where there is none, the number says so itself.
func mark(ctx context.Context, q app.Quality) string {
	if q == app.Nothing {
		return ""
	}
	return qualityName(ctx, q)
}

func qualityKind(q app.Quality) ui.Kind {
	return map[app.Quality]ui.Kind{app.Complete: ui.Good, app.Partial: ui.Warn, app.Estimate: ui.Info, app.Nothing: ui.Info}[q]
}

// judgement is which way a comparison points.
type judgement struct {
	kind      ui.Kind
	text, why string
}

// verdict says which way the comparison points, and whether chance alone could explain it.
func verdict(ctx context.Context, l briefing.Line) judgement {
	if l.Own == nil {
		return judgement{}
	}
	why := i18n.T(ctx, "%s of %s compared shipments were examined. At the rates of others it would have been %s.", i18n.Number(ctx, int64(l.Examined)), i18n.Number(ctx, int64(l.Compared)), amount(ctx, l.Expected))
	switch {
	case l.Direction < 0:
		return judgement{ui.Good, i18n.T(ctx, "Your goods were examined less often than those of others"), why + " " + i18n.T(ctx, "Chance alone does not explain the difference. Whether membership is the cause, figures cannot say.")}
	case l.Direction > 0:
		return judgement{ui.Warn, i18n.T(ctx, "Your goods were examined more often than those of others"), why + " " + i18n.T(ctx, "Chance alone does not explain the difference.")}
	}
	return judgement{ui.Info, i18n.T(ctx, "No clear difference from others"), why + " " + i18n.T(ctx, "Chance alone can explain the difference.")}
}

// Leads are the numbers of a case that matter first.
func Leads(ctx context.Context, c briefing.Content) []Lead {
	w := c.Whole
	of := i18n.T(ctx, "%s of %s shipments are compared.", i18n.Number(ctx, int64(w.Compared)), i18n.Number(ctx, int64(w.Shipments)))
	often := Lead{Title: i18n.T(ctx, "Examined beside others"), Value: i18n.T(ctx, "Not enough data"), Quality: app.Nothing, Sum: i18n.T(ctx, "%d examined / %s expected.", w.Examined, amount(ctx, w.Expected)) + " " + of}
	if w.Ratio != nil {
		often.Value, often.Range, often.Quality = i18n.T(ctx, "%s times as often", fixed(w.Ratio.Value, 2)), i18n.T(ctx, "95 percent range: %s to %s", fixed(w.Ratio.Low, 2), fixed(w.Ratio.High, 2)), app.Complete
		if w.Compared < w.Shipments || c.Quality != app.Complete || c.AllPorts > 0 {
			often.Quality = app.Partial
		}
	}
	out := []Lead{often, estimated(ctx, i18n.T(ctx, "Examinations avoided"), w.Avoided, "", i18n.T(ctx, "%s expected - %d examined.", amount(ctx, w.Expected), w.Examined)+" "+of),
		estimated(ctx, i18n.T(ctx, "Hours saved"), w.Hours, "", i18n.T(ctx, "Examinations avoided x median hold. The hold is known of %s shipments.", i18n.Number(ctx, int64(w.Held))))}
	for _, m := range w.Money {
		sum := i18n.T(ctx, "Examinations avoided x cost of one + storage. The cost is known of %s shipments.", i18n.Number(ctx, int64(m.Shipments)))
		if m.Default > 0 {
			sum += " " + i18n.T(ctx, "For %s of them a default stands in, for your company has entered no cost.", i18n.Number(ctx, int64(m.Default)))
		}
		out = append(out, estimated(ctx, i18n.T(ctx, "Money saved"), m.Saved, m.Currency, sum))
	}
	return append(out, returned(ctx, c.Years)...)
}

// estimated is a lead of an estimate.
func estimated(ctx context.Context, title string, r *briefing.Range, unit, sum string) Lead {
	l := Lead{Title: title, Value: i18n.T(ctx, "Not enough data"), Quality: app.Nothing, Sum: sum}
	if r != nil {
		l.Value, l.Quality = i18n.T(ctx, "About %s", with(unit, rounded(ctx, r.Value))), app.Estimate
		l.Range = i18n.T(ctx, "95 percent range: %s to %s", rounded(ctx, r.Low), rounded(ctx, r.High))
	}
	return l
}

// returned is the latest year that is over and of which enough is known; years come the latest
// first.
func returned(ctx context.Context, years []briefing.Year) (out []Lead) {
	for _, y := range years {
		if y.Months < 12 || y.Return == nil || len(out) > 0 && out[0].year != y.Year {
			continue
		}
		l := Lead{Title: i18n.T(ctx, "Return of %d", y.Year), Value: i18n.T(ctx, "%s for each %s spent", fixed(y.Return.Value, 2), y.Currency), Range: i18n.T(ctx, "95 percent range: %s to %s", fixed(y.Return.Low, 2), fixed(y.Return.High, 2)),
			Sum: i18n.T(ctx, "(about %s saved + %s mitigated) / %s cost of membership", rounded(ctx, y.Saved.Value), i18n.Decimal(ctx, y.Mitigated), i18n.Decimal(ctx, y.Cost)), Quality: app.Partial, year: y.Year}
		if y.Covered == 12 && y.Member == 12 {
			l.Quality = app.Estimate
		}
		out = append(out, l)
	}
	return out
}

// kinds lets the reader choose as what the company is compared.
func (p FiguresPage) kinds(ctx context.Context) (out []ui.Tab) {
	for _, k := range p.Case.Kinds {
		out = append(out, ui.Tab{Label: p.kindName(ctx, k), Href: p.at(p.Months, k) + "#comparison", Current: k == p.Case.As})
	}
	return out
}

func (p FiguresPage) kindName(ctx context.Context, k app.As) string {
	x, ok := p.Programmes.Get(k.Programme)
	if !ok {
		return k.EntityType
	}
	e, _ := x.EntityType(k.EntityType)
	return x.ShortName + ": " + i18n.T(ctx, e.Name)
}

// nobody says why there is nothing to compare with.
func (p FiguresPage) nobody(ctx context.Context) string {
	switch {
	case len(p.Case.Kinds) == 0:
		return i18n.T(ctx, "Your company is no member of a programme yet, so it is compared with nobody.")
	case p.Case.Member == 0:
		return i18n.T(ctx, "Your company was no active member in a whole month of this period, so nothing is compared.")
	case p.Case.Whole.Shipments == 0:
		return i18n.T(ctx, "There are no shipments in this period. Bring reports of entries or releases.")
	}
	return i18n.T(ctx, "The agency has not published how often goods of others were examined in these months. There is nothing to compare with yet.")
}

// memberMonths says that only months of membership are compared; empty when all are.
func memberMonths(ctx context.Context, member, months int) string {
	if member == months {
		return ""
	}
	return i18n.T(ctx, "Your company was an active member on every day of %d of the %d months. Only these are compared, for what goods met in the others, membership did not bring.", member, months)
}

func (p FiguresPage) portsName(ctx context.Context, code string) string {
	if i := slices.IndexFunc(p.Data.Ports, func(g benefit.PortGroup) bool { return g.Code == code }); i >= 0 {
		return i18n.T(ctx, p.Data.Ports[i].Name)
	}
	return i18n.T(ctx, "Other ports")
}

func (p FiguresPage) yearsOfMoney() (n int) {
	for _, y := range p.Case.Years {
		n += len(y.Money)
	}
	return n
}

// fixed writes a number with so many digits.
func fixed(x float64, digits int) string { return strconv.FormatFloat(x, 'f', digits, 64) }

// amount is an expected number: small ones need a digit more.
func amount(ctx context.Context, x float64) string {
	if math.Abs(x) < 1 && x != 0 {
		return i18n.Decimal(ctx, fixed(x, 2))
	}
	return i18n.Decimal(ctx, fixed(x, 1))
}

// rounded is an estimate for a person to read: no more digits than it deserves.
func rounded(ctx context.Context, x float64) string {
	if math.Abs(x) >= 10 {
		return i18n.Number(ctx, int64(math.Round(x)))
	}
	if x = math.Round(x*10) / 10; x == 0 {
		return "0"
	}
	return fixed(x, 1)
}

func with(unit, text string) string {
	if unit == "" {
		return text
	}
	return text + " " + unit
}

// estimate is an estimate with its range, for a cell of a table.
func estimate(ctx context.Context, enough bool, s app.Span, unit string) string {
	if !enough {
		return i18n.T(ctx, "Not enough data")
	}
	return i18n.T(ctx, "%s (%s to %s)", with(unit, rounded(ctx, s.Value)), rounded(ctx, s.Low), rounded(ctx, s.High))
}

func ratio(ctx context.Context, m app.Against) string {
	r, known := m.Ratio()
	if !known {
		return i18n.T(ctx, "Not enough data")
	}
	return i18n.T(ctx, "%s (%s to %s)", fixed(r.Value, 2), fixed(r.Low, 2), fixed(r.High, 2))
}

func ownSpan(s app.Share) app.Span {
	low, high := s.Interval()
	return app.Span{Value: s.Rate(), Low: low, High: high}
}

func withRange(ctx context.Context, enough bool, s app.Span) string {
	if !enough {
		return i18n.T(ctx, "Not enough data")
	}
	return i18n.T(ctx, "%s (%s to %s)", percent(s.Value), percent(s.Low), percent(s.High))
}

func back(ctx context.Context, m app.YearMoney) string {
	r, known := m.Return()
	if !known {
		return i18n.T(ctx, "Not enough data")
	}
	return i18n.T(ctx, "%s (%s to %s)", fixed(r.Value, 2), fixed(r.Low, 2), fixed(r.High, 2))
}

func quarterOf(ctx context.Context, first clock.Day) string {
	return i18n.T(ctx, "%d, quarter %d", first.Year(), (int(first.Month())+2)/3)
}

func yearName(y app.Year) string { return strconv.Itoa(y.Year) }
