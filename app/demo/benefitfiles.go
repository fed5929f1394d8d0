package demo

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"trustedtrader/app/clock"
)

// tradeFiles are the files of a member for some months.
type tradeFiles struct {
	trade
	files map[string]*file
	carry float64 // of an examination, so that the share of a year comes out as it is meant
}

// file is a report as it grows.
type file struct {
	layout, name string
	text         *strings.Builder
	rows         int
	out          *csv.Writer
}

// reportKinds are the layouts of the demo's reports in the order in which they are brought, with their headings.
var reportKinds = []struct{ layout, name, heading string }{
	{"ace_es003", "ES-003", "Entry Number,Entry Summary Line Number,Entry Date,Mode of Transportation Code,Port of Entry Code,Country of Origin Code,Line Goods Value Amount"},
	{"ace_cargo_release", "cargo-release", "Entry Number,Arrival Date Time,Hold Date Time,Exam Type,Exam Date,Release Date Time,Mode of Transportation,Port of Entry,Stratified Exam,Front of Line"},
	{"exam_invoices", "exam-invoices", "Invoice Number,Invoice Date,Entry Number,Exam Type,Exam Date,Amount,Currency"},
	{"crossings", "crossings", "Crossing Time,Trip Number,Port,Lane,Wait Minutes,General Wait Minutes"},
	{"mitigation", "mitigation", "Decision Date,Case Number,Case Type,Proposed,Assessed,Currency"},
	{"programme_log", "benefit-log", "Date,Event,Reference,Mode,Port"},
	{"partner_feedback", "partner-feedback", "Date,Country,Declaration Number,Mode,Direction"},
}

func newTradeFiles(t trade) *tradeFiles {
	r := &tradeFiles{trade: t, files: map[string]*file{}}
	for _, k := range reportKinds {
		f := &file{layout: k.layout, name: k.name, text: &strings.Builder{}}
		f.out = csv.NewWriter(f.text)
		r.files[k.layout] = f
		f.write(strings.Split(k.heading, ",")...)
		f.rows = 0
	}
	return r
}

func (f *file) write(cells ...string) {
	if err := f.out.Write(cells); err != nil {
		panic("write to memory: " + err.Error())
	}
	f.rows++
}

// list are the files with rows.
func (r *tradeFiles) list() (out []*file) {
	for _, k := range reportKinds {
		if f := r.files[k.layout]; f.rows > 0 {
			f.out.Flush()
			out = append(out, f)
		}
	}
	return out
}

// chance makes the same numbers for a company and a month of a demo each time.
func chance(words string, ago int) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, words)
	return rand.New(rand.NewPCG(h.Sum64(), uint64(ago))) //nolint:gosec // made-up data
}

// around is a number about a middle, skewed as durations and values are.
func around(c *rand.Rand, middle float64) float64 { return middle * math.Exp(c.NormFloat64()*0.45) }

const (
	reportDay    = "1/2/2006"
	reportMoment = "1/2/2006 15:04"
)

// month writes what happened in a month, so many months before the last one.
func (r *tradeFiles) month(month clock.Day, ago int) {
	c := chance(r.company, ago)
	year := 1
	if ago >= 12 {
		year = 0
	}
	n := r.monthly
	if n > 10 {
		n += int(6*math.Sin(float64(month.Month())/12*2*math.Pi-2)) + c.IntN(5) - 2 // autumn is busy
	}
	r.carry += r.examined[year] * float64(n) * (0.5 + c.Float64())
	exams := int(r.carry)
	r.carry -= float64(exams)
	for i := range n {
		r.shipment(c, month, fmt.Sprintf("%s-%04d%03d-%d", r.filer, 4000+tradeMonths-ago, i+1, i%10), i < min(exams, n))
	}
	if share := r.fast[year]; share > 0 {
		r.cross(c, month, share)
	}
	r.seldom(c, month, ago)
}

func (r *tradeFiles) port(c *rand.Rand) string { return r.ports[c.IntN(len(r.ports))] }

// moment is some hour of some day of a month.
func moment(c *rand.Rand, month clock.Day) time.Time {
	days := month.AddMonths(1).AddDays(-1).DayOfMonth()
	return month.Time().Add(time.Duration(c.IntN((days-5)*24*60)) * time.Minute) // what is held is released in the month
}

// shipment writes an entry and its release, and whether it was examined.
func (r *tradeFiles) shipment(c *rand.Rand, month clock.Day, number string, examined bool) {
	arrived, port := moment(c, month), r.port(c)
	if r.lines {
		for line := range 1 + c.IntN(4)/3 {
			value := strconv.FormatFloat(around(c, float64(r.value)), 'f', 2, 64)
			r.files["ace_es003"].write(number, strconv.Itoa(line+1), arrived.Format(reportDay), r.mode, port, r.origin, value)
		}
	}
	out := r.files["ace_cargo_release"]
	after := func(t time.Time, hours float64) time.Time {
		return t.Add(time.Duration(min(hours, 118) * float64(time.Hour))).Truncate(time.Minute)
	}
	if !examined {
		out.write(number, arrived.Format(reportMoment), "", "", "", after(arrived, around(c, r.clear)).Format(reportMoment), r.mode, port, "", "")
		return
	}
	held := after(arrived, 0.5+2*c.Float64())
	released := after(held, around(c, r.hold))
	kind := []string{"VACIS", "VACIS", "Tailgate", "Intensive", "Intensive"}[c.IntN(5)]
	flag := func(share float64) string {
		if c.Float64() < share {
			return "Y"
		}
		return ""
	}
	inParts, first := flag(0.3), flag(0.4)
	if r.plain {
		inParts, first = "", ""
	}
	out.write(number, arrived.Format(reportMoment), held.Format(reportMoment), kind, held.Format(reportDay), released.Format(reportMoment), r.mode, port, inParts, first)
	price := map[string]float64{"VACIS": 160, "Tailgate": 390, "Intensive": 1150}[kind]
	if r.mode == "30" {
		price /= 3
	}
	r.files["exam_invoices"].write("INV-"+number, released.AddDate(0, 0, 1).Format(reportDay), number, kind, held.Format(reportDay), strconv.FormatFloat(around(c, price), 'f', 2, 64), cmp.Or(r.currency, "USD"))
}

// cross writes the trucks of a month, in the FAST lane or beside it.
func (r *tradeFiles) cross(c *rand.Rand, month clock.Day, share float64) {
	for i := range r.monthly {
		general := 15 + int(around(c, 40))
		lane, wait := "General", general
		if c.Float64() < share {
			lane, wait = "FAST", 4+int(around(c, 9))
		}
		at := moment(c, month)
		r.files["crossings"].write(at.Format(reportMoment), fmt.Sprintf("TRIP%s%03d", month.Time().Format("0601"), i+1), r.port(c), lane, strconv.Itoa(wait), strconv.Itoa(general))
	}
}

// seldom writes what does not happen every month.
func (r *tradeFiles) seldom(c *rand.Rand, month clock.Day, ago int) {
	day := month.AddDays(4 + c.IntN(20)).Time()
	for i, x := range r.cases {
		if x[0] == strconv.Itoa(ago) {
			r.files["mitigation"].write(day.Format(reportDay), fmt.Sprintf("%d-%s-%05d", day.Year(), r.ports[0], 20410+i*137), x[1], x[2], x[3], cmp.Or(r.currency, "USD"))
		}
	}
	for _, x := range r.resumed {
		if x == ago {
			r.files["programme_log"].write(day.Format(reportDay), "Business resumption", "Port closed for a day, members first", r.mode, r.ports[0])
		}
	}
	if len(r.abroad) > 0 {
		for i := range 5 + c.IntN(5) {
			r.files["partner_feedback"].write(month.AddDays(c.IntN(28)).String(), r.abroad[c.IntN(len(r.abroad))], fmt.Sprintf("MRN%s%04d", month.Time().Format("0601"), 17*i+c.IntN(17)), []string{"sea", "air"}[c.IntN(2)], "Export")
		}
	}
}
