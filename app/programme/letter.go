package programme

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Audience of a letter.
type Audience string

// The audiences.
const (
	ToCompany Audience = "company"
	ToStaff   Audience = "staff"
)

// Letter is a text the portal sends. Subject and paragraphs are source texts with
// placeholders in double braces.
type Letter struct {
	Code       string
	Subject    string
	Audience   Audience
	Paragraphs []string
}

// LetterCodes are the letters that every programme has.
func LetterCodes() []string {
	return []string{
		"application_received", "information_requested", "information_reminder", "information_received",
		"certified", "rejected", "withdrawn", "lapsed", "profile_received", "profile_returned", "profile_accepted",
		"change_acknowledged", "change_applied", "change_returned",
		"deadline_reminder", "deadline_overdue", "deadline_extended",
		"finding_sent", "finding_accepted", "finding_reopened", "finding_extension_refused", "finding_escalated", "finding_withdrawn",
		"validation_report_draft", "validation_report_issued", "validation_closed",
		"validation_notified", "validation_offer", "validation_reminder", "validation_offer_withdrawn", "validation_unanswered",
		"validation_booked", "validation_moved", "validation_visit_cancelled", "validation_cancelled", "validation_observer",
		"change_case_received", "change_case_returned", "change_case_refused", "change_case_accepted", "change_case_in_force", "change_case_called_off",
		"incident_received", "incident_closed",
		"enforcement_notice", "enforcement_recalled", "enforcement_decided", "enforcement_emergency", "enforcement_confirmed", "enforcement_lifted",
		"enforcement_extended", "enforcement_ended", "enforcement_plan_accepted", "enforcement_plan_returned", "enforcement_item_returned",
		"enforcement_request_received", "enforcement_request_refused", "enforcement_published",
		"appeal_received", "appeal_confirmed", "appeal_overturned", "appeal_ended",
		"claim_received", "claim_in_hand", "claim_partner_asked", "claim_partner_answered", "claim_answered", "claim_withdrawn",
		"recognition_sent", "recognition_answered", "recognition_refused", "recognition_ended", "recognition_paused", "recognition_resumed", "foreign_partner_changed",
		"staff_application_received", "staff_information_received", "staff_change_received", "staff_deadline_reminder", "staff_deadline_overdue",
	}
}

// letterCodesOf adds the letters of the steps that only some programmes have.
func letterCodesOf(programme *Programme) []string {
	codes, p := LetterCodes(), programme.Process
	if slices.ContainsFunc(programme.clocks, func(c Clock) bool { return c.OnExpiry == OpenReview }) {
		codes = append(codes, "review_opened")
	}
	if len(programme.ClocksMetBy(AnnualReviewSubmitted)) > 0 {
		codes = append(codes, "review_overdue")
	}
	if programme.Succession.Shares() {
		codes = append(codes, "review_own_again")
	}
	if len(programme.ClocksStartedBy(ProfileBlankFound)) > 0 {
		codes = append(codes, "profile_blank")
	}
	if p.AcceptanceStep {
		codes = append(codes, "application_accepted")
	}
	if p.HearingBeforeRefusal {
		codes = append(codes, "hearing_opened", "staff_hearing_answered")
	}
	if programme.Requires != nil {
		codes = append(codes, "membership_follows")
	}
	if p.EffectiveAfterDays > 0 {
		codes = append(codes, "membership_effective")
	}
	return codes
}

// Placeholders are the values a letter may ask for, each with what it holds.
// Dates are written out by the caller in the reader's language.
func Placeholders() map[string]string {
	return map[string]string{
		"programme":         "name of the programme",
		"programme_short":   "short name of the programme",
		"administration":    "name of the administration",
		"unit":              "the unit that signs",
		"office":            "the office in charge",
		"specialist_title":  "what the specialist is called",
		"specialist":        "name of the specialist",
		"recipient":         "name of the person written to",
		"company":           "legal name of the company",
		"entity_type":       "the kind of member applied for",
		"case_number":       "number of the application or change",
		"membership_number": "number of the membership",
		"tier":              "the tier given",
		"link":              "address of the page in the portal",
		"submitted_on":      "day of submission",
		"accepted_on":       "day of acceptance",
		"requested_on":      "day of a request",
		"decided_on":        "day of the decision",
		"effective_on":      "day on which the decision has effect",
		"due_on":            "last day of a period",
		"days":              "length of a period in days",
		"days_left":         "days until a last day",
		"days_over":         "days since a last day",
		"deadline":          "name of the clock",
		"owed":              "what is owed",
		"outcome":           "what came of it",
		"reason":            "reason in words",
		"points":            "the points, one a line",
		"request":           "what is asked for, one a line",
		"changes":           "what is changed, one a line",
		"note":              "a sentence of the specialist",
		"reapply_on":        "first day on which the company may apply again, in words",
		"appeal":            "how to ask for another look at the decision",
		"place":             "where a visit is",
		"time":              "when a visit is, at the site",
		"not_before":        "first day on which a visit may be",
		"window_from":       "first day between which visits are planned",
		"window_to":         "last of these days",
		"agency":            "name of a partner agency",
		"partner":           "name of a business partner",
	}
}

var placeholder = regexp.MustCompile(`\{\{\s*([a-z_]*)\s*\}\}`)

// Uses lists the placeholders of the letter, each once, in alphabetical order.
func (l Letter) Uses() []string {
	set := map[string]bool{}
	for _, text := range append([]string{l.Subject}, l.Paragraphs...) {
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			set[m[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// In is the letter in another language: tr translates one source text. The
// placeholders stay, for Render fills them afterwards.
func (l Letter) In(tr func(text string) string) Letter {
	out := l
	out.Subject = tr(l.Subject)
	out.Paragraphs = make([]string, len(l.Paragraphs))
	for i, p := range l.Paragraphs {
		out.Paragraphs[i] = tr(p)
	}
	return out
}

// Render fills the placeholders. Every placeholder of the letter needs a value,
// and there is an error that names those without. Values are inert: they are put
// in once and not read again for placeholders, lose control and direction
// characters, and in the subject and single-line places stay on one line, so that
// no value can add a heading or a paragraph. The body is plain text with an empty
// line between paragraphs; a paragraph whose only content is a value that is empty
// is left out.
func (l Letter) Render(values map[string]string) (subject, body string, err error) {
	var missing []string
	for _, name := range l.Uses() {
		if _, ok := values[name]; !ok {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return "", "", fmt.Errorf("render letter %s: no value for %s", l.Code, strings.Join(missing, ", "))
	}
	var paragraphs []string
	for _, p := range l.Paragraphs {
		if text := strings.TrimSpace(fill(p, values, manyLines)); text != "" {
			paragraphs = append(paragraphs, text)
		}
	}
	return strings.TrimSpace(fill(l.Subject, values, nil)), strings.Join(paragraphs, "\n\n") + "\n", nil
}

// manyLines are the placeholders whose values may have several lines in a body.
var manyLines = []string{"points", "request", "changes", "note", "owed"}

func fill(text string, values map[string]string, lines []string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		name := placeholder.FindStringSubmatch(m)[1]
		return inert(values[name], slices.Contains(lines, name))
	})
}

func inert(value string, lines bool) string {
	value = strings.ReplaceAll(strings.ToValidUTF8(value, "\uFFFD"), "\r\n", "\n")
	value = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			if lines {
				return '\n'
			}
			return ' '
		case r == '\t':
			return ' '
		case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, value)
	var kept []string
	for line := range strings.SplitSeq(value, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// Letters lists the programme's letters in the order of their codes.
func (p *Programme) Letters() []Letter { return slices.Clone(p.letters) }

// Letter finds a letter by its code.
func (p *Programme) Letter(code string) (Letter, bool) {
	if i := slices.IndexFunc(p.letters, func(l Letter) bool { return l.Code == code }); i >= 0 {
		return p.letters[i], true
	}
	return Letter{}, false
}
