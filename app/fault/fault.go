// Package fault is the portal's vocabulary of things that go wrong.
//
// There are five kinds. A service returns one of them with a sentence that tells
// the person what happened and what to do; the web package turns it into a page
// or a problem document. Any other error is ours, and the person sees only a
// reference number.
//
// Messages are English source text for the translation function, with printf
// verbs; they are translated when they are shown.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of refusal an error is.
type Kind int

// The kinds, with the HTTP status that each becomes.
const (
	Internal  Kind = iota // 500: not a refusal but a defect or an outage
	Invalid               // 422: what was entered cannot be taken; Fields say why
	NotFound              // 404: not there, or not this person's to see
	Forbidden             // 403: the person may see it but may not do this
	Conflict              // 409: it has changed or moved on
)

// Field is a problem with one thing a person entered.
type Field struct {
	Name    string // the form field's name; empty for the form as a whole
	Message string // English source text with printf verbs
	Args    []any
}

// F makes a Field.
func F(name, message string, args ...any) Field {
	return Field{Name: name, Message: message, Args: args}
}

// String renders the message untranslated, for logs and tests.
func (f Field) String() string {
	if len(f.Args) == 0 {
		return f.Message
	}
	return fmt.Sprintf(f.Message, f.Args...)
}

// Error is a refusal with a kind, a sentence and, for Invalid, its fields.
type Error struct {
	Kind    Kind
	Message string
	Args    []any
	Fields  []Field
	Changed []Change // for Conflict: what is different now
}

// Change names one thing that another person changed meanwhile.
type Change struct {
	Label, Yours, Theirs string
}

func (e *Error) Error() string {
	s := e.Message
	if len(e.Args) > 0 {
		s = fmt.Sprintf(e.Message, e.Args...)
	}
	for _, f := range e.Fields {
		s += "; " + f.Name + ": " + f.String()
	}
	return s
}

// New makes a refusal of a kind with a sentence for the person.
func New(kind Kind, message string, args ...any) *Error {
	return &Error{Kind: kind, Message: message, Args: args}
}

// Fail is an Invalid refusal listing every problem at once, or nil when there is none.
func Fail(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Message: "There is a problem", Fields: fields}
}

// Missing is the one answer for "not there" and "not yours": the two must not differ.
func Missing() *Error {
	return New(NotFound, "This page or record does not exist, or you cannot see it")
}

// Moved is the answer to a person who acts on an old version of a record.
func Moved(changes ...Change) *Error {
	return &Error{Kind: Conflict, Message: "Someone changed this while you were working on it", Changed: changes}
}

// KindOf reports the kind of err; anything that is not a fault is Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Fields returns the field problems of an Invalid fault, and nil for anything else.
func Fields(err error) []Field {
	var e *Error
	if errors.As(err, &e) && e.Kind == Invalid {
		if e.Fields == nil {
			return []Field{{Message: e.Message, Args: e.Args}}
		}
		return e.Fields
	}
	return nil
}
