package oidcrp

import (
	"errors"
	"fmt"
	"strings"

	"trustedtrader/app/fault"
)

// Kind says why a sign-in did not succeed, and so which page the person sees.
type Kind int

// The kinds of failure.
const (
	Unavailable Kind = iota + 1 // the provider is down, slow or answers nonsense: wait and try again
	Refused                     // the person cancelled, or the provider said no
	Weak                        // signed in, but not with the strength that this audience needs
	Stale                       // the attempt is too old, was used already, or is not this browser's
	Broken                      // the answer failed a check; the person is never told which
)

func (k Kind) String() string {
	switch k {
	case Unavailable:
		return "unavailable"
	case Refused:
		return "refused"
	case Weak:
		return "weak"
	case Stale:
		return "stale"
	case Broken:
		return "broken"
	}
	return "unknown"
}

// Error is a sign-in that did not succeed. Its text is for the log; what the
// person reads is in Fault and Needs, which never say how a check failed.
type Error struct {
	Kind     Kind
	Provider string   // the provider's name as people know it
	Needs    []string // for Weak: English source texts of what the sign-in must have
	reason   string
	err      error
}

func (e *Error) Error() string {
	s := fmt.Sprintf("sign in with %s: %s: %s", e.Provider, e.Kind, e.reason)
	if e.err != nil {
		s += ": " + clip(e.err.Error())
	}
	return s
}

// Unwrap makes the person's words and the cause reachable by errors.As.
func (e *Error) Unwrap() []error {
	if e.err == nil {
		return []error{e.Fault()}
	}
	return []error{e.Fault(), e.err}
}

// Fault is what the person is told: what happened and how to go on.
func (e *Error) Fault() *fault.Error {
	switch e.Kind {
	case Unavailable:
		return fault.New(fault.Internal, "%s does not answer now, so you cannot sign in. Nothing of yours is lost. Wait a minute, then try again", e.Provider)
	case Refused:
		return fault.New(fault.Forbidden, "You did not finish signing in at %s, so you are not signed in. You can try again", e.Provider)
	case Weak:
		return fault.New(fault.Forbidden, "%[1]s let you in, but this site needs a stronger sign-in. Set it up at %[1]s, then sign in again", e.Provider)
	case Stale:
		return fault.New(fault.Conflict, "This sign-in took too long or was already used. Start again")
	default:
		return fault.New(fault.Forbidden, "We could not confirm who you are. Start again. If it happens again, contact support")
	}
}

// KindOf reports why a sign-in failed; 0 when err is not a failed sign-in.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return 0
}

func (p *Provider) fail(kind Kind, reason string, err error) *Error {
	return &Error{Kind: kind, Provider: p.cfg.Name, reason: reason, err: err}
}

// clip keeps what a provider wrote from filling the log or breaking its lines.
func clip(s string) string {
	const most = 300
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// needs says in plain words what a required acr or amr value means.
func needs(value string) string {
	switch value {
	case "mfa":
		return "Two-step sign-in"
	case "otp":
		return "A one-time code"
	case "hwk", "pop", "phrh":
		return "A security key"
	case "swk", "phr":
		return "A passkey"
	case "sc":
		return "A smart card"
	case "fpt", "face", "iris", "vbm":
		return "A fingerprint or face check"
	case "pin":
		return "A PIN"
	case "pwd":
		return "A password"
	case "sms":
		return "A code by text message"
	case "tel":
		return "A code by telephone"
	}
	return value
}
