package demo

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// world is what a company's answers and papers are made of, as of one day. The same
// company, day and turn always give the same.
type world struct {
	setting
	*library
	company, legal, programme, kind string
	number                          int
	turn                            int // counts the cycles, so that some answers change from year to year
	day                             time.Time
	tags                            map[string]bool
	words                           map[string]string // what {braces} stand for wherever they stand
}

// kindTags are the words by which texts speak of a kind of member.
var kindTags = map[string][]string{
	"importer": {"importer"}, "exporter": {"exporter"}, "foreign_manufacturer": {"factory"},
	"highway_carrier_us_ca": {"road"}, "highway_carrier_us_mx": {"road"}, "mexican_long_haul": {"road"},
	"rail_carrier": {"rail"}, "sea_carrier": {"sea"}, "air_carrier": {"air"}, "mpto": {"terminal"},
	"consolidator": {"consolidator"}, "third_party_logistics": {"tpl"}, "customs_broker": {"broker"},
	"aeoc": {"aeoc"}, "aeos": {"aeos"}, "aeof": {"aeof"},
}

// small and large bound the sizes, in people.
const small, large = 60, 250

// The names of the firms and systems that companies work with. All are invented.
var (
	orderSystems    = []string{"Ferrybook", "Ledgerlark", "Quillmark Orders"}
	stockSystems    = []string{"Quillstock", "Shelfwarden", "Binlark"}
	trackingSystems = []string{"Roadlark", "Wheelwarden", "Milemark"}
	courseSystems   = []string{"Learnlark", "Coursewarden"}
	screeners       = []string{"Listwarden", "Namelark"}
	alarmFirms      = []string{"Norrlight Monitoring", "Owlhouse Alarms", "Stillwatch Systems"}
	guardFirms      = []string{"Tallow & Reed Guarding", "Harrowgate Watch", "Ironquay Guarding"}
	itFirms         = []string{"Fernhill Computing", "Brackenfield Systems", "Mossgate IT"}
	sealFirms       = []string{"Boltwright Seals", "Claspline Seals"}
	installers      = []string{"Doorwright Access", "Lumenlatch Systems"}
	haulers         = []string{"Gull Creek Haulage", "Two Bridges Trucking", "Amberline Cartage", "Saltmarsh Transport"}
	forwarders      = []string{"Oakmast Forwarding", "Tidegate Forwarding", "Lanternsea Forwarding"}
	brokerFirms     = []string{"Penrow Customs Brokers", "Quayside Entry Services"}
	suppliers       = []string{"Eastfield Works", "Sunmill Manufacturing", "Broadreed Industries"}
)

// world sees the company on a day.
func (x *story) world(day time.Time) (*world, error) {
	l, err := content()
	if err != nil {
		return nil, err
	}
	s, err := x.setting()
	if err != nil {
		return nil, err
	}
	w := &world{setting: s, library: l, company: x.name, legal: strings.TrimSpace(x.name + " " + x.form), programme: x.programme, kind: x.kind,
		number: x.number, day: day, tags: map[string]bool{}}
	for _, tag := range append(append([]string{}, s.Tags...), kindTags[x.kind]...) {
		w.tags[tag] = true
	}
	w.tags[strings.ToLower(x.country)] = true
	w.tags["small"], w.tags["large"] = s.Staff < small, s.Staff >= large
	w.tags["social"] = w.tags["importer"] || w.tags["factory"] && w.programme == "ctpat"
	person := func(offset int) string { return x.person(offset, "", "").Name }
	w.words = map[string]string{
		"company": x.name, "legal": w.legal, "form": cmp.Or(x.form, "company"), "city": x.city, "land": x.country,
		"address": fmt.Sprintf("%d Quay Street, %s", 10+x.number, ascii(x.city)),
		"website": "www." + x.slug() + ".example", "founded": fmt.Sprint(1968 + x.number),
		"phone": x.phone(0), "phone2": x.phone(1),
		"head": person(0), "compliance": person(1), "security": person(2), "ops": person(3), "hr": person(4), "itlead": person(5),
		"goods": s.Goods, "Goods": upper(s.Goods), "origin": s.Origin, "lane": s.Lane, "lane2": s.Lane2, "port": s.Port, "border": cmp.Or(s.Border, "the border"), "mode": s.Mode,
		"staff": fmt.Sprint(s.Staff), "officestaff": fmt.Sprint(s.Staff / 3), "sitestaff": fmt.Sprint(s.Staff - s.Staff/3),
		"office": "the head office", "languages": "English and Spanish",
	}
	for role, mail := range map[string]int{"head": 0, "compliance": 1, "security": 2, "ops": 3, "hr": 4, "itlead": 5} {
		w.words[role+" mail"] = x.person(mail, "", "").Email
	}
	for name, list := range map[string][]string{"erp": orderSystems, "wms": stockSystems, "tms": trackingSystems, "lms": courseSystems, "screening": screeners,
		"alarm": alarmFirms, "guardfirm": guardFirms, "itfirm": itFirms, "sealfirm": sealFirms, "installer": installers, "carrier": haulers,
		"forwarder": forwarders, "broker": brokerFirms, "supplier": suppliers} {
		w.words[name] = list[w.draw(name, len(list))]
	}
	w.words["carrier2"] = haulers[(w.draw("carrier", len(haulers))+1)%len(haulers)]
	w.words["it"] = "our IT service provider " + w.words["itfirm"]
	if s.Staff >= small {
		w.words["it"] = "the IT department under " + w.words["itlead"]
	}
	w.words["site"] = "the head office in " + x.city
	if sites, err := x.sites(); err == nil && len(sites) > 1 {
		w.words["site"] = "the " + sites[1].Name
	}
	w.words["Site"] = upper(strings.TrimPrefix(w.words["site"], "the "))
	w.count()
	return w, nil
}

// count sets the numbers that hang together: what a company of its size has.
func (w *world) count() {
	number := func(name string, from, to int) int {
		n := from + w.draw(name, to-from+1)
		w.words[name] = fmt.Sprint(n)
		return n
	}
	s := w.Staff
	number("partners", 8+s/12, 14+s/6)
	number("cameras", 4+s/12, 8+s/8)
	number("trucks", 6+s/6, 10+s/4)
	number("fence", 180+s/2, 380+s)
	number("cleanings", 2, 14)
	number("done", 94, 99)
	number("years", 6, 22)
	w.words["seals"] = grouped(100 * (4 + s/20 + w.draw("seals", 6)))
	w.words["loads"] = grouped(50 * (6 + s/4 + w.draw("loads", 10)))
	w.words["days"] = []string{"30", "45", "60", "90"}[w.draw("days", 4)]
	w.words["licence"] = fmt.Sprintf("B-%05d", 10000+w.draw("licence", 80000))
	w.words["licence2"] = fmt.Sprintf("C-%05d", 10000+w.draw("licence2", 80000))
	for _, name := range []string{"birth1", "birth2"} {
		w.words[name] = time.Date(1958+w.draw(name, 25), 1, 1+w.draw(name+" day", 365), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	for i := 1; i <= 3; i++ {
		year := w.day.Year() - 4 + i
		grown := 100 + 4*i + w.draw(fmt.Sprint("grown", year), 5)
		turnover := s * 2100 * grown
		declarations := (s*6 + 40) * grown / 100
		for name, n := range map[string]int{
			"y": year, "turnover": turnover, "result": turnover * (3 + w.draw(fmt.Sprint("result", year), 4)) / 100,
			"imports": declarations * 2 / 3, "importvalue": turnover / 3, "exports": declarations, "exportvalue": turnover / 2,
			"special": declarations / 8, "specialvalue": turnover / 20, "duty": turnover / 60, "vat": turnover / 16,
		} {
			w.words[fmt.Sprint(name, i)] = fmt.Sprint(n)
		}
	}
}

// draw picks one of n by the company and a key.
func (w *world) draw(key string, n int) int {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s|%s", w.company, key)
	x := h.Sum64()
	x ^= x >> 29 // the hash's low bits alone are much alike for keys that differ in their last letter
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 32
	return int(x % uint64(n))
}

// pick takes a wording that fits the company, most often one that was made for its kind
// or size.
func (w *world) pick(key string, list []wording) (wording, bool) {
	var own, any []wording
	of := 6 // of so many picks all but one are from those of its own kind
	for _, x := range list {
		switch {
		case !fits(x.tags, w.tags):
		case slices.ContainsFunc(x.tags, func(tag string) bool { return !strings.HasPrefix(tag, "!") }):
			own = append(own, x)
			if slices.Contains(x.tags, "small") {
				of = 2
			}
		default:
			any = append(any, x)
		}
	}
	from := append(any, own...)
	if len(own) > 0 && w.draw(key+" own", of) > 0 {
		from = own
	}
	if len(from) == 0 {
		return wording{}, false
	}
	return from[w.draw(key, len(from))], true
}

var braces = regexp.MustCompile(`\{[^{}]+\}`)

// fill puts the company's words into a text. A word that begins a sentence begins large.
func (w *world) fill(key, text string) string {
	var b strings.Builder
	done := 0
	for i, at := range braces.FindAllStringIndex(text, -1) {
		name := text[at[0]+1 : at[1]-1]
		word := w.word(fmt.Sprint(key, " ", name, i), name)
		if (at[0] == 0 || strings.HasSuffix(text[:at[0]], ". ")) && !strings.HasSuffix(name, "mail") {
			word = upper(word)
		}
		b.WriteString(text[done:at[0]])
		b.WriteString(word)
		done = at[1]
	}
	b.WriteString(text[done:])
	return b.String()
}

// word is what one pair of braces stands for: the company's own word, or a number or day
// of the text's own.
func (w *world) word(key, name string) string {
	if s, ok := w.words[name]; ok {
		return s
	}
	switch name {
	case "n":
		return fmt.Sprint(2 + w.draw(key, 7))
	case "m":
		return fmt.Sprint(11 + w.draw(key, 28))
	case "months":
		return []string{"two", "three", "six"}[w.draw(key, 3)]
	case "season":
		return []string{"spring", "summer", "autumn", "winter"}[w.draw(key, 4)]
	case "year":
		return fmt.Sprint(w.day.Year() - 1 - w.draw(key, 2))
	case "last":
		return w.reviewed(key).Format("2 January 2006")
	case "recent":
		return w.past(key, 8, 60).Format("2 January 2006")
	case "date":
		return w.past(key, 20, 250).Format(time.DateOnly)
	case "next":
		return w.day.AddDate(0, 0, 100+w.draw(key, 500)).Format("January 2006")
	case "until":
		return workday(w.day.AddDate(0, 0, 120+w.draw(key, 900))).Format(time.DateOnly)
	}
	return "{" + name + "}"
}

// reviewed is the day on which the matter of a criterion was last looked at: its texts and
// its date agree.
func (w *world) reviewed(question string) time.Time {
	question, _, _ = strings.Cut(question, " ")
	if i := strings.LastIndex(question, "."); i > 0 && question[i+1] >= 'a' {
		question = question[:i]
	}
	return w.past(question+" reviewed", 40, 320)
}

// past is a working day between so many days ago.
func (w *world) past(key string, from, to int) time.Time {
	return workday(w.day.AddDate(0, 0, -from-w.draw(key, to-from+1)))
}

// workday is the day, or the Friday before.
func workday(t time.Time) time.Time {
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, -1)
	}
	return t
}

func upper(s string) string {
	for i, r := range s {
		return string(unicode.ToUpper(r)) + s[i+len(string(r)):]
	}
	return s
}

// grouped writes 12400 as 12,400.
func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// ascii writes a name without accents.
func ascii(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.NewReplacer("ø", "o", "Ø", "O", "ł", "l", "Ł", "L", "ß", "ss").Replace(s)) {
		if r < 128 {
			b.WriteRune(r)
		}
	}
	return b.String()
}
