package exchange

import (
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"trustedtrader/app/entry"
)

// The columns of a sheet of questions. A hidden first row names them, so that a sheet
// whose columns were moved is still read; those from keyCriterion on are hidden.
const (
	keyNumber = iota
	keyLevel
	keyStatement
	keyPlace
	keyAsked
	keyAnswer
	keyText
	keyReason
	keyPlan
	keyPlanOn
	keyLast
	keyState
	keyCriterion
	keyQuestion
	keySite
	keyVersion
	keyEdition
	keyCycle
	keyPart
	keyList
	keys
)

var keyNames = [keys]string{"criterion", "level", "statement", "place", "question", "answer", "text", "reason", "plan", "plan_on", "last_answer", "state",
	"criterion_id", "question_id", "site_id", "version", "edition_hash", "cycle_id", "part", "list"}

// The parts of a checklist's rows: one row per option, with the option's code after this.
const partOption = "option:"

// columnKey names a column of a sheet with one table.
const columnKey = "column:"

// tableIDs are the hidden columns of a sheet with one table.
var tableIDs = []int{keyCriterion, keyQuestion, keySite, keyVersion, keyEdition, keyCycle}

// mark stands in the answer cell of an option that applies.
const mark = "x"

// begins reports whether a text begins as formulas do, behind any apostrophes.
func begins(s string) bool {
	s = strings.TrimLeft(s, "'")
	return s != "" && entry.Inert(s) != s
}

// inert keeps a spreadsheet program from taking a text for a formula, also when the
// workbook is saved as CSV; plain undoes it. A number is no formula.
func inert(s string) string {
	if _, err := strconv.ParseFloat(s, 64); err != nil && begins(s) {
		return "'" + s
	}
	return s
}

func plain(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && begins(rest) {
		return rest
	}
	return s
}

var (
	aNumber = regexp.MustCompile(`^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?$`)
	aMoment = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?$`)
)

// dayCell reads a day: as 2006-01-02, or as the number that a program keeps for one.
// Anything else stays as typed, for the catalogue to refuse.
func dayCell(s string, since1904 bool) string {
	s = strings.TrimSpace(s)
	if m := aMoment.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !aNumber.MatchString(s) || n < 61 || n > 200_000 {
		return s // before 1 March 1900 programs disagree
	}
	from := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if since1904 {
		from = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return from.AddDate(0, 0, int(math.Floor(n))).Format(time.DateOnly)
}

// numberCell reads a number as programs keep it, also with an exponent.
func numberCell(s string) string {
	s = strings.TrimSpace(s)
	if f, err := strconv.ParseFloat(s, 64); err == nil && aNumber.MatchString(s) && (strings.ContainsAny(s, "eE") || len(s) > 15) {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return s
}

// cleanName is a file's name as it is shown: without folders and what cannot be seen.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name))
	if name == "" || name == "." || name == "/" {
		return "workbook.xlsx"
	}
	return entry.Head(name, 200)
}
