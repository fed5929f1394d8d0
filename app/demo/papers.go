package demo

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// document is a piece of evidence as somebody of the company uploads it.
type document struct {
	ID                  string // of the paper it was made from
	Title, Name         string // Name is the file's
	MediaType           string
	Owner, Lang         string
	Confidentiality     string
	IssuedOn, ExpiresOn time.Time // ExpiresOn may be zero
	Criteria            []string
	Content             []byte
}

// functions of the people who sign.
var functions = map[string]string{"{head}": "Managing director", "{compliance}": "Compliance manager", "{security}": "Security manager",
	"{ops}": "Head of operations", "{hr}": "Head of personnel", "{itlead}": "Head of IT"}

// kept are the papers that the company has: what fits it.
func (w *world) kept() (list []paper) {
	for _, p := range w.papers {
		if p.Programme == w.programme && fits(p.If, w.tags) && !(p.Optional && w.draw(p.ID+" kept", 2) == 0) {
			list = append(list, p)
		}
	}
	return list
}

// documents makes all of the company's evidence as of its day.
func (w *world) documents() (list []document, err error) {
	for _, p := range w.kept() {
		d, err := w.document(p)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", p.Title, w.company, err)
		}
		list = append(list, d)
	}
	return list, nil
}

// document makes one piece of evidence.
func (w *world) document(p paper) (d document, err error) {
	issued := w.past(p.ID, p.From/10, p.From)
	d = document{ID: p.ID, Title: p.Title, Owner: w.fill(p.ID, p.Owner), Lang: p.Lang, Confidentiality: p.Confidentiality, IssuedOn: issued, Criteria: p.For}
	if d.Lang == "" {
		d.Lang = "en"
	}
	if p.Valid > 0 {
		d.ExpiresOn = issued.AddDate(0, 0, p.Valid)
	}
	switch p.ID {
	case "review", "risk", "audit":
		d.Title += " " + issued.Format("2006")
	case "plan", "plan-eu", "fence-photo", "fence-eu":
		d.Title += ", " + strings.TrimPrefix(w.words["site"], "the ")
	}
	d.Name = fmt.Sprintf("%s-%s.%s", fileName(p.Title), issued.Format("2006-01"), p.Kind)
	day := issued.Format(time.DateOnly)
	switch {
	case p.Kind == "pdf":
		d.MediaType, d.Content = "application/pdf", w.letter(p, d).pdf()
	case p.Kind == "xlsx":
		d.MediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		d.Content, err = w.spreadsheet(p.Sheet, p.Title)
	case p.Kind == "jpg":
		d.MediaType = "image/jpeg"
		d.Content, err = w.photo(p.Picture, day+" "+w.words["Site"])
	default:
		d.MediaType = "image/png"
		d.Content, err = map[string]func(string) ([]byte, error){"plan": w.sitePlan, "badge": w.badge, "chart": w.chart}[p.Picture](day)
	}
	return d, err
}

func (w *world) letter(p paper, d document) letter {
	c := w.colour()
	l := letter{company: w.legal, address: w.words["address"] + "  |  " + w.words["website"] + "  |  " + w.words["phone"], title: d.Title, lang: d.Lang,
		signer: d.Owner, function: functions[p.Owner], made: d.IssuedOn, colour: [3]float64{float64(c.R) / 255, float64(c.G) / 255, float64(c.B) / 255}}
	version := fmt.Sprintf("%d.%d", 1+w.draw(p.ID+" version", 5), w.draw(p.ID+" minor", 4))
	labels := map[string][4]string{"en": {"Date", "Version", "Responsible", "Valid until"}, "es": {"Fecha", "Versión", "Responsable", "Válido hasta"},
		"de": {"Datum", "Version", "Verantwortlich", "Gültig bis"}, "fr": {"Date", "Version", "Responsable", "Valable jusqu’au"}}[d.Lang]
	l.facts = [][2]string{{labels[0], d.IssuedOn.Format(time.DateOnly)}, {labels[1], version}, {labels[2], d.Owner}}
	if !d.ExpiresOn.IsZero() {
		l.facts = append(l.facts, [2]string{labels[3], d.ExpiresOn.Format(time.DateOnly)})
	}
	for i, part := range p.Body {
		l.body = append(l.body, [2]string{part[0], w.fill(fmt.Sprint(p.ID, " ", i), part[1])})
	}
	return l
}

// fileName writes a title as people name their files.
func fileName(title string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r == ' ' || r == ',':
			return '-'
		}
		return -1
	}, strings.ToLower(ascii(title)))
	return strings.Trim(dashes.ReplaceAllString(name, "-"), "-")
}

var dashes = regexp.MustCompile("-+")
