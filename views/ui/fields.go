package ui

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
)

// TextProps describes a one-line field. The id comes from the name.
type TextProps struct {
	Name, Label, Hint, Value string
	Errors                   []fault.Field // of the whole form; the field finds its own
	Required                 bool
	Autocomplete             string // HTML token: "name", "email", "organization", "off", …
	MaxLength                int
	Width                    string // "2xs", "xs", "sm", "md", "lg", "xl", "2xl"; empty is the full column
	Type                     string // "text" when empty; "search", "url", "password" and so on
	InputMode                string // "numeric", "decimal", …
	NoSpellcheck             bool   // names, numbers, codes
	ReadOnly                 bool
	Lang                     string // language of the value, when it is not the page's
	Prefix, Suffix           string // a unit beside the field: "%", "EUR"
}

// AreaProps describes a field of several lines. With MaxLength it counts.
type AreaProps struct {
	Name, Label, Hint, Value string
	Errors                   []fault.Field
	Required                 bool
	MaxLength                int
	Rows                     int // 5 when 0
	ReadOnly                 bool
	Lang                     string
}

// Option is a choice of a Select, Radios or Checkboxes.
type Option struct {
	Value, Label string
	Hint         string // radios and checkboxes only
	Disabled     bool
	Group        string          // select only: options that follow each other with one group share its heading
	Reveal       templ.Component // radios and checkboxes only: shown below while chosen
}

// SelectProps describes a drop-down list.
type SelectProps struct {
	Name, Label, Hint, Value string
	Options                  []Option
	Empty                    string // text of the empty choice; without it there is none
	Errors                   []fault.Field
	Required                 bool
	Autocomplete             string
	Width                    string
	Combo                    bool // type to filter, for long lists; needs Chrome.Combo
}

// RadiosProps describes a choice of one.
type RadiosProps struct {
	Name, Legend, Hint, Value string
	Options                   []Option
	Errors                    []fault.Field
	Required                  bool
	Inline                    bool   // two or three short options
	Tile                      bool   // large frames, for a decision
	Size                      string // of the legend: "" as a label, "lg", or "page" when it is the page's heading
}

// CheckboxesProps describes a choice of several with one name.
type CheckboxesProps struct {
	Name, Legend, Hint string
	Values             []string // chosen
	Options            []Option
	Errors             []fault.Field
	Required           bool
	Tile               bool
	Size               string
}

// CheckboxProps describes a single box, such as a declaration.
type CheckboxProps struct {
	Name, Label, Hint string
	Value             string // "yes" when empty
	Checked           bool
	Errors            []fault.Field
	Required          bool
}

// DateProps describes a day as three fields: name-day, name-month, name-year.
// A problem is reported under name.
type DateProps struct {
	Name, Legend, Hint string
	Value              DateValue
	Errors             []fault.Field
	Required           bool
	Birthday           bool // autocomplete tokens of a birth date
	Size               string
}

// FileProps describes a file to send; the form is a FormUpload.
type FileProps struct {
	Name, Label, Hint string // the hint says types and size in words
	Accept            string // ".pdf,.jpg"
	Multiple          bool
	Errors            []fault.Field
	Required          bool
}

// GroupProps is a set of fields under one legend.
type GroupProps struct {
	Name, Legend, Hint string // Name only to carry errors
	Errors             []fault.Field
	Required           bool
	Size               string
}

// box is what every field has around its input.
type box struct {
	name, id, label, hint string
	errs                  []fault.Field
	required              bool
	size                  string
	max                   int
}

func boxOf(name, label, hint string, errors []fault.Field, required bool) box {
	return box{name: name, id: ID(name), label: label, hint: hint, errs: about(errors, name), required: required}
}

// describedBy lists the ids of the hint, the error and the count.
func (b box) describedBy() string {
	var ids []string
	if b.hint != "" {
		ids = append(ids, b.id+"-hint")
	}
	if len(b.errs) > 0 {
		ids = append(ids, b.id+"-error")
	}
	if b.max > 0 {
		ids = append(ids, b.id+"-count")
	}
	return strings.Join(ids, " ")
}

// attrs are the attributes that tie an input to its box.
func (b box) attrs() templ.Attributes {
	a := templ.Attributes{"id": b.id, "name": b.name}
	if d := b.describedBy(); d != "" {
		a["aria-describedby"] = d
	}
	if len(b.errs) > 0 {
		a["aria-invalid"] = "true"
	}
	if b.required {
		a["required"] = true
	}
	return a
}

func (b box) inputClass(base, width string) string {
	c := base
	if width != "" {
		c += " usa-input--" + width
	}
	if len(b.errs) > 0 {
		c += " usa-input--error"
	}
	return c
}

func (p TextProps) box() box { return boxOf(p.Name, p.Label, p.Hint, p.Errors, p.Required) }

func (p TextProps) attrs() templ.Attributes {
	b := p.box()
	a := b.attrs()
	a["type"] = "text"
	if p.Type != "" {
		a["type"] = p.Type
	}
	width := p.Width
	if p.Prefix != "" || p.Suffix != "" {
		width = ""
	}
	a["class"] = b.inputClass("usa-input", width)
	a["value"] = p.Value
	if p.Autocomplete != "" {
		a["autocomplete"] = p.Autocomplete
	}
	if p.MaxLength > 0 {
		a["maxlength"] = strconv.Itoa(p.MaxLength)
	}
	if p.InputMode != "" {
		a["inputmode"] = p.InputMode
	}
	if p.NoSpellcheck {
		a["spellcheck"] = "false"
	}
	if p.ReadOnly {
		a["readonly"] = true
	}
	if p.Lang != "" {
		a["lang"] = p.Lang
	}
	return a
}

func (p AreaProps) box() box {
	b := boxOf(p.Name, p.Label, p.Hint, p.Errors, p.Required)
	b.max = p.MaxLength
	return b
}

// attrs has no maxlength: a text that is too long is kept and counted, never cut.
func (p AreaProps) attrs(ctx context.Context) templ.Attributes {
	b := p.box()
	a := b.attrs()
	a["class"] = b.inputClass("usa-textarea", "")
	rows := p.Rows
	if rows == 0 {
		rows = 5
	}
	a["rows"] = strconv.Itoa(rows)
	if p.MaxLength > 0 {
		a["data-count"] = strconv.Itoa(p.MaxLength)
		a["data-count-left"] = i18n.T(ctx, "Characters left: %s", "{n}")
		a["data-count-over"] = i18n.T(ctx, "Characters too many: %s", "{n}")
	}
	if p.ReadOnly {
		a["readonly"] = true
	}
	if p.Lang != "" {
		a["lang"] = p.Lang
	}
	return a
}

func (p SelectProps) box() box { return boxOf(p.Name, p.Label, p.Hint, p.Errors, p.Required) }

func (p SelectProps) attrs() templ.Attributes {
	b := p.box()
	a := b.attrs()
	a["class"] = b.inputClass("usa-select", p.Width)
	if p.Autocomplete != "" {
		a["autocomplete"] = p.Autocomplete
	}
	return a
}

// optgroup is a run of options with one heading.
type optgroup struct {
	label   string
	options []Option
}

func (p SelectProps) groups() []optgroup {
	var out []optgroup
	for _, o := range p.Options {
		if n := len(out); n > 0 && out[n-1].label == o.Group {
			out[n-1].options = append(out[n-1].options, o)
			continue
		}
		out = append(out, optgroup{o.Group, []Option{o}})
	}
	return out
}

// optionID gives the first option the field's own id, so that an error link
// lands on something that takes the focus.
func optionID(name string, i int) string {
	if i == 0 {
		return ID(name)
	}
	return ID(name) + "-" + strconv.Itoa(i+1)
}

// choiceAttrs are the attributes of option i of a set of radios or checkboxes.
func choiceAttrs(kind, name string, i int, o Option, chosen, required bool, tile bool) templ.Attributes {
	a := templ.Attributes{
		"type": kind, "name": name, "id": optionID(name, i), "value": o.Value,
		"class": "usa-" + kind + "__input",
	}
	if tile {
		a["class"] = "usa-" + kind + "__input usa-" + kind + "__input--tile"
	}
	if chosen {
		a["checked"] = true
	}
	if o.Disabled {
		a["disabled"] = true
	}
	if required {
		a["required"] = true
	}
	if o.Hint != "" && !tile {
		a["aria-describedby"] = optionID(name, i) + "-about"
	}
	return a
}

// dateAttrs are the attributes of one part of a date; the day carries the id that
// error links use.
func (p DateProps) dateAttrs(part string) templ.Attributes {
	b := boxOf(p.Name, p.Legend, p.Hint, p.Errors, p.Required)
	a := templ.Attributes{"id": p.partID(part), "name": p.Name + "-" + part}
	if part == "month" {
		a["class"] = b.inputClass("usa-select", "")
	} else {
		a["class"] = b.inputClass("usa-input", "")
		a["type"] = "text"
		a["inputmode"] = "numeric"
		a["maxlength"] = "2"
		a["value"] = p.Value.Day
	}
	if part == "year" {
		a["maxlength"] = "4"
		a["value"] = p.Value.Year
	}
	if d := b.describedBy(); d != "" {
		a["aria-describedby"] = d
	}
	if len(b.errs) > 0 {
		a["aria-invalid"] = "true"
	}
	if p.Required {
		a["required"] = true
	}
	if p.Birthday {
		a["autocomplete"] = "bday-" + part
	}
	return a
}

func (p DateProps) partID(part string) string {
	if part == "day" {
		return ID(p.Name)
	}
	return ID(p.Name) + "-" + part
}

// months lists the months by name, so that nobody takes the month for the day.
func months(ctx context.Context) []Option {
	out := make([]Option, 12)
	for i := range out {
		out[i] = Option{Value: strconv.Itoa(i + 1), Label: i18n.T(ctx, time.Month(i+1).String())}
	}
	return out
}

func (p FileProps) attrs() templ.Attributes {
	a := boxOf(p.Name, p.Label, p.Hint, p.Errors, p.Required).attrs()
	a["type"] = "file"
	a["class"] = "tt-file"
	if p.Accept != "" {
		a["accept"] = p.Accept
	}
	if p.Multiple {
		a["multiple"] = true
	}
	return a
}

// legendClass is the look of a legend; "page" means that it is the page's heading.
func legendClass(size string) string {
	switch size {
	case "lg", "page":
		return "usa-legend tt-legend--" + size
	}
	return "usa-legend"
}

func sized(b box, size string) box {
	b.size = size
	return b
}

func (p RadiosProps) box() box {
	return sized(boxOf(p.Name, p.Legend, p.Hint, p.Errors, p.Required), p.Size)
}

func (p CheckboxesProps) box() box {
	return sized(boxOf(p.Name, p.Legend, p.Hint, p.Errors, p.Required), p.Size)
}

func (p DateProps) box() box {
	return sized(boxOf(p.Name, p.Legend, p.Hint, p.Errors, p.Required), p.Size)
}

// box of a group without a name shows no errors: those of the form as a whole
// belong to the summary.
func (p GroupProps) box() box {
	b := sized(boxOf(p.Name, p.Legend, p.Hint, p.Errors, p.Required), p.Size)
	if p.Name == "" {
		b.errs = nil
		b.id = ID(p.Legend)
	}
	return b
}

func (p CheckboxProps) box() box { return boxOf(p.Name, p.Label, p.Hint, p.Errors, p.Required) }

func (p CheckboxProps) attrs() templ.Attributes {
	a := p.box().attrs()
	a["type"] = "checkbox"
	a["class"] = "usa-checkbox__input"
	a["value"] = "yes"
	if p.Value != "" {
		a["value"] = p.Value
	}
	if p.Checked {
		a["checked"] = true
	}
	return a
}

// as sets what a kind of text field brings along; what the caller chose stays.
func (p TextProps) as(kind, mode, autocomplete, width string) TextProps {
	p.Type, p.InputMode, p.NoSpellcheck = kind, mode, true
	if p.Autocomplete == "" {
		p.Autocomplete = autocomplete
	}
	if p.Width == "" {
		p.Width = width
	}
	return p
}
