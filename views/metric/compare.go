package metric

import (
	"context"
	"math"
	"slices"
	"strconv"

	"trustedtrader/app/benefit"
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
}

func qualityName(ctx context.Context, q app.Quality) string {
	return map[app.Quality]string{app.Complete: i18n.T(ctx, "Complete"), app.Partial: i18n.T(ctx, "Partial"), app.Estimate: i18n.T(ctx, "Estimate"), app.Nothing: i18n.T(ctx, "Not enough data")}[q]
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
func (p FiguresPage) verdict(ctx context.Context) judgement {
	r, enough := p.Case.Whole.Ratio()
	side := 0
	switch {
	case enough:
		side = r.Favours(1)
	case p.Case.Whole.Enough():
		side = -p.Case.Whole.Spared.Favours(0)
	default:
		return judgement{}
	}
	why := i18n.T(ctx, "%s of %s compared shipments were examined. At the rates of others it would have been %s.", i18n.Number(ctx, int64(p.Case.Whole.Own.Part)), i18n.Number(ctx, int64(p.Case.Whole.Own.Whole)), amount(p.Case.Whole.Expected))
	switch side {
	case -1:
		return judgement{ui.Good, i18n.T(ctx, "Your goods were examined less often than those of others"), why + " " + i18n.T(ctx, "Chance alone does not explain the difference. Whether membership is the cause, figures cannot say.")}
	case 1:
		return judgement{ui.Warn, i18n.T(ctx, "Your goods were examined more often than those of others"), why + " " + i18n.T(ctx, "Chance alone does not explain the difference. You can tell us that a benefit was not given.")}
	}
	return judgement{ui.Info, i18n.T(ctx, "No clear difference from others"), why + " " + i18n.T(ctx, "Chance alone can explain the difference.")}
}

// Leads are the numbers of a case that matter first.
func Leads(ctx context.Context, c app.Case) []Lead {
	w := c.Whole
	quality := func(enough bool, best app.Quality) app.Quality {
		switch {
		case !enough:
			return app.Nothing
		case w.Own.Whole < w.Shipments || c.Quality != app.Complete || w.AllPorts > 0:
			return app.Partial
		}
		return best
	}
	of := i18n.T(ctx, "%s of %s shipments are compared.", i18n.Number(ctx, int64(w.Own.Whole)), i18n.Number(ctx, int64(w.Shipments)))
	r, known := w.Ratio()
	often := Lead{Title: i18n.T(ctx, "Examined beside others"), Value: i18n.T(ctx, "Not enough data"), Quality: quality(known, app.Complete), Sum: i18n.T(ctx, "%d examined / %s expected.", w.Own.Part, amount(w.Expected)) + " " + of}
	if known {
		often.Value, often.Range = i18n.T(ctx, "%s times as often", fixed(r.Value, 2)), i18n.T(ctx, "95 percent range: %s to %s", fixed(r.Low, 2), fixed(r.High, 2))
	}
	out := []Lead{often, estimated(ctx, i18n.T(ctx, "Examinations avoided"), w.Enough(), w.Spared, "", i18n.T(ctx, "%s expected - %d examined.", amount(w.Expected), w.Own.Part)+" "+of),
		estimated(ctx, i18n.T(ctx, "Hours saved"), w.Hours.Enough(), w.Hours.Span, "", i18n.T(ctx, "Examinations avoided x median hold. The hold is known of %s shipments.", i18n.Number(ctx, int64(w.Hours.Shipments))))}
	for _, m := range w.Money {
		out = append(out, estimated(ctx, i18n.T(ctx, "Money saved"), m.Enough(), m.Span, m.Currency, i18n.T(ctx, "Examinations avoided x cost of one + storage. The cost is known of %s shipments.", i18n.Number(ctx, int64(m.Shipments)))))
	}
	return append(out, returned(ctx, c)...)
}

// estimated is a lead of an estimate.
func estimated(ctx context.Context, title string, enough bool, s app.Span, unit, sum string) Lead {
	l := Lead{Title: title, Value: i18n.T(ctx, "Not enough data"), Quality: app.Nothing, Sum: sum}
	if enough {
		l.Value, l.Quality = i18n.T(ctx, "About %s", with(unit, rounded(ctx, s.Value))), app.Estimate
		l.Range = i18n.T(ctx, "95 percent range: %s to %s", rounded(ctx, s.Low), rounded(ctx, s.High))
	}
	return l
}

// returned is the latest year of which all is known.
func returned(ctx context.Context, c app.Case) (out []Lead) {
	for _, y := range c.Years {
		if y.Months < 12 {
			continue
		}
		for _, m := range y.Money {
			r, known := m.Return()
			if !known {
				continue
			}
			out = append(out, Lead{Title: i18n.T(ctx, "Return of %d", y.Year), Value: i18n.T(ctx, "%s for each %s spent", fixed(r.Value, 2), m.Currency), Range: i18n.T(ctx, "95 percent range: %s to %s", fixed(r.Low, 2), fixed(r.High, 2)),
				Sum: i18n.T(ctx, "(about %s saved + %s mitigated) / %s cost of membership", rounded(ctx, m.Saved.Value), m.Mitigated, m.Cost), Quality: map[bool]app.Quality{true: app.Estimate, false: app.Partial}[y.Quality() == app.Complete]})
		}
		if len(out) > 0 {
			break
		}
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
	case p.Case.Whole.Shipments == 0:
		return i18n.T(ctx, "There are no shipments in this period. Bring reports of entries or releases.")
	}
	return i18n.T(ctx, "The agency has not published how often goods of others were examined in these months. There is nothing to compare with yet.")
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
func amount(x float64) string {
	if math.Abs(x) < 1 && x != 0 {
		return fixed(x, 2)
	}
	return fixed(x, 1)
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
