package web

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/identity"
	"trustedtrader/app/metric"
	"trustedtrader/app/programme"
	view "trustedtrader/views/metric"
)

// programmeYears are how many years headquarters can choose among.
const programmeYears = 8

// overall reads the programme and year of the address. If it names none: the first programme,
// and the year that was over last, or this year while only of this one there is something to tell.
func (w *Web) overall(c *fiber.Ctx, who identity.Actor) (o metric.Overall, rules *programme.Programme, years []int, err error) {
	rules, ok := w.Programmes.Get(c.Query("programme"))
	if !ok {
		rules = w.Programmes.All()[0]
	}
	for n := range programmeYears {
		years = append(years, w.Now().In(who.Zone).Year()-n)
	}
	if year, _ := strconv.Atoi(c.Query("year")); slices.Contains(years, year) {
		o, err = w.Figures.Programme(c.UserContext(), who, rules.Code, year)
		return o, rules, years, err
	}
	if o, err = w.Figures.Programme(c.UserContext(), who, rules.Code, years[1]); err != nil || o.Told() {
		return o, rules, years, err
	}
	if now, err := w.Figures.Programme(c.UserContext(), who, rules.Code, years[0]); err != nil || now.Told() {
		return now, rules, years, err
	}
	return o, rules, years, nil
}

func (w *Web) showProgrammeBenefits(c *fiber.Ctx, who identity.Actor) error {
	o, rules, years, err := w.overall(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Programme(view.ProgrammePage{Chrome: w.above(c, who, t(c, "Benefits of members")), Overall: o, Rules: rules, Programmes: w.Programmes.All(), Data: w.Benefits.Data, Years: years, Zone: who.Zone}))
}

// sendProgrammeBenefits is the same as numbers, one row for each that is told.
func (w *Web) sendProgrammeBenefits(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "export "+who.PersonID.String(), exports); err != nil {
		return err
	}
	o, _, _, err := w.overall(c, who)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := csv.NewWriter(&out).WriteAll(overallRows(o)); err != nil {
		return err
	}
	return sendFile(c, fmt.Sprintf("benefits-%s-%d.csv", o.Programme, o.Year), "text/csv; charset=utf-8; header=present", out.Bytes())
}

// overallRows are the numbers with what they rest on; rates and ratios that are not shown are
// empty, and * is a mixed group.
func overallRows(o metric.Overall) [][]string {
	rows := [][]string{{"programme", "year", "entity_type", "tier", "what", "mode", "members", "reporting", "behind", "coverage", "number", "examined", "rate", "rate_low", "rate_high",
		"others_shipments", "others_examined", "others_months", "others_rate", "ratio", "ratio_low", "ratio_high", "quality", "as_of"}}
	head := func(g metric.Group, what, mode string, b metric.Basis, number int) []string {
		return []string{o.Programme, strconv.Itoa(o.Year), g.EntityType, g.Tier, what, mode, strconv.Itoa(b.Members), strconv.Itoa(b.Reporting), strconv.Itoa(b.Behind), decimal(b.Coverage()), strconv.Itoa(number)}
	}
	tail := func(b metric.Basis) []string { return []string{string(b.Quality()), b.AsOf.UTC().Format(time.RFC3339)} }
	for _, g := range o.Groups {
		for _, m := range g.Modes {
			rows = append(rows, slices.Concat(head(g, "shipments", m.Mode, m.Basis, m.Whole), metColumns(m), tail(m.Basis)))
		}
		for _, e := range g.Events {
			rows = append(rows, slices.Concat(head(g, string(e.Kind), "", e.Basis, e.Events), make([]string, 11), tail(e.Basis)))
		}
	}
	return rows
}

// metColumns are from examined to ratio_high.
func metColumns(m metric.Met) []string {
	out := make([]string, 11)
	out[0] = strconv.Itoa(m.Part)
	if m.Known() && m.Whole >= metric.Fewest {
		low, high := m.Interval()
		out[1], out[2], out[3] = decimal(m.Rate()), decimal(low), decimal(high)
	}
	if base := m.Beside.Base; base.Whole > 0 {
		out[4], out[5], out[6] = strconv.Itoa(base.Whole), strconv.Itoa(base.Part), strconv.Itoa(m.Months)
		if m.Beside.Enough() {
			out[7] = decimal(m.Beside.Rate().Value)
		}
	}
	if r, enough := m.Beside.Ratio(); enough {
		out[8], out[9], out[10] = decimal(r.Value), decimal(r.Low), decimal(r.High)
	}
	return out
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', 6, 64) }
