package catalogue

// Answer is what was said to one question. Which fields count depends on the question's
// kind; the others are empty. Its JSON is what the database keeps.
type Answer struct {
	Choice  string     `json:"choice,omitempty"`  // yes_no: yes, no, na; choice: an option's code
	Choices []string   `json:"choices,omitempty"` // checklist: codes in the order of the options
	Text    string     `json:"text,omitempty"`    // narrative, file: the text; yes_no, choice, checklist: what goes with it
	Number  string     `json:"number,omitempty"`  // decimal, a point before the fraction
	Date    string     `json:"date,omitempty"`    // 2006-01-02
	Rows    [][]string `json:"rows,omitempty"`    // table, persons: cells in the order of the columns
	Reason  string     `json:"reason,omitempty"`  // why not applicable, or why not (no to a should)
	Plan    string     `json:"plan,omitempty"`    // what will be done (no to a must)
	PlanOn  string     `json:"plan_on,omitempty"` // until when, 2006-01-02
}

// The answers to a yes_no question.
const (
	Yes           = "yes"
	No            = "no"
	NotApplicable = "na"
)
