// Package credential makes certificates that others verify without asking the portal: a short
// signed token in the code of a printed certificate, a verifiable credential for a wallet
// (SD-JWT VC), and signed lists that say which of them are suspended or no longer good (IETF
// Token Status List).
//
// Who may: the portal issues the printed code of each active membership. Owner and signatory of
// a member take a credential for a wallet. Anybody verifies: the token says who and until when,
// and its place in a list says whether it is still so. A list whose time is over cannot tell
// anything, and then nobody says "valid".
package credential

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"trustedtrader/app/pg"
	"trustedtrader/app/signing"
)

const (
	// ListSize is how many certificates one status list speaks of.
	ListSize = 131072
	// ListLife is how long a status list is good.
	ListLife = 24 * time.Hour

	bits       = 2
	tokenType  = "member+jwt"
	listType   = "statuslist+jwt"
	walletType = "dc+sd-jwt"
	mostName   = 40 // characters of a name in a printed code
	life       = 364 * 24 * time.Hour
	mostToken  = 2000
	listPath   = "/.well-known/status-list/"
)

// The states of a place in a list.
const (
	stateValid     = 0
	stateInvalid   = 1
	stateSuspended = 2
)

// Service issues and publishes.
type Service struct {
	DB   *pg.DB
	Now  func() time.Time
	Base *url.URL
	Keys *signing.Keys
}

// Claims are what a printed code says. They are short, for each letter makes the code larger.
type Claims struct {
	Issuer     string `json:"iss"`
	Number     string `json:"sub"`
	Name       string `json:"nam"`
	EntityType string `json:"ent"`
	Programme  string `json:"prg"`
	ID         string `json:"jti"` // list and place in it, as 0.4711
	IssuedAt   int64  `json:"iat"`
	Expires    int64  `json:"exp"`
}

// place reads in which list a token stands, and where.
func (c Claims) place() (list, position int, err error) {
	a, b, ok := strings.Cut(c.ID, ".")
	list, e1 := strconv.Atoi(a)
	position, e2 := strconv.Atoi(b)
	if !ok || e1 != nil || e2 != nil || list < 0 || position < 0 || position >= ListSize {
		return 0, 0, errors.New("the token has no place in a list")
	}
	return list, position, nil
}

// List is the number of the list in which a token stands; -1: in none.
func (c Claims) List() int {
	list, _, err := c.place()
	if err != nil {
		return -1
	}
	return list
}

type listClaims struct {
	Subject  string `json:"sub"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	TTL      int    `json:"ttl"`
	List     struct {
		Bits int    `json:"bits"`
		List string `json:"lst"`
	} `json:"status_list"`
}

// State is what a verification says.
type State string

// The states. CannotTell is never "valid": what is needed to tell is missing or too old.
const (
	Valid      State = "valid"
	Suspended  State = "suspended"
	Invalid    State = "invalid"
	Expired    State = "expired"
	Forged     State = "forged"
	CannotTell State = "cannot_tell"
)

// Verdict is the result of a verification.
type Verdict struct {
	State  State
	Claims Claims    // of a token that is not forged
	ListAt time.Time // when the list was made that was looked at
}

// Token is the token in what a code reader gives: the token itself, or an address that ends
// with it.
func Token(text string) string {
	text = strings.TrimSpace(text)
	if i := strings.LastIndex(text, "/v/"); i >= 0 {
		text = text[i+len("/v/"):]
	}
	return text
}

// Read verifies the signature of a token and says what it claims. signing.ErrForged: it is none.
func Read(text string, keys jose.JSONWebKeySet) (c Claims, err error) {
	text = Token(text)
	if len(text) > mostToken {
		return c, signing.ErrForged
	}
	if err := signing.Open(keys, tokenType, text, &c); err != nil {
		return c, err
	}
	if c.List() < 0 || c.Number == "" {
		return c, signing.ErrForged
	}
	return c, nil
}

// Verify says what a token is worth at a moment, by the issuer's keys and a status list.
// It needs nothing else, so it works without a network.
func Verify(text string, keys jose.JSONWebKeySet, list string, now time.Time) Verdict {
	c, err := Read(text, keys)
	if err != nil {
		return Verdict{State: Forged}
	}
	v := Verdict{State: CannotTell, Claims: c}
	if !now.Before(time.Unix(c.Expires, 0)) {
		v.State = Expired
		return v
	}
	state, at, err := look(c, keys, list, now)
	if v.ListAt = at; err != nil {
		return v
	}
	switch state {
	case stateValid:
		v.State = Valid
	case stateInvalid:
		v.State = Invalid
	case stateSuspended:
		v.State = Suspended
	}
	return v
}

// look finds the state of a token in a list.
func look(c Claims, keys jose.JSONWebKeySet, text string, now time.Time) (state int, at time.Time, err error) {
	var l listClaims
	if err := signing.Open(keys, listType, text, &l); err != nil {
		return 0, at, err
	}
	n, position, err := c.place()
	if err != nil {
		return 0, at, err
	}
	at = time.Unix(l.IssuedAt, 0).UTC()
	switch {
	case l.Subject != c.Issuer+listPath+strconv.Itoa(n):
		return 0, at, errors.New("this is another list")
	case !now.Before(time.Unix(l.Expires, 0)):
		return 0, at, errors.New("the time of the list is over")
	case l.List.Bits != bits:
		return 0, at, errors.New("the list is of another form")
	}
	raw, err := unpack(l.List.List)
	if err != nil {
		return 0, at, err
	}
	return get(raw, position), at, nil
}

// put writes the state of a place; get reads it: two bits, the lowest of a byte first.
func put(list []byte, position, state int) {
	list[position/4] |= byte(state) << (position % 4 * bits)
}

func get(list []byte, position int) int { return int(list[position/4]>>(position%4*bits)) & 3 }

func pack(raw []byte) (string, error) {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(raw); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b.Bytes()), nil
}

func unpack(text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("the list cannot be read")
	}
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, errors.New("the list cannot be read")
	}
	raw, err := io.ReadAll(io.LimitReader(r, ListSize*bits/8+1))
	if err != nil || len(raw) != ListSize*bits/8 {
		return nil, errors.New("the list is not as long as it must be")
	}
	return raw, nil
}

// short cuts a name to what a printed code holds.
func short(name string) string {
	r := []rune(name)
	if len(r) <= mostName {
		return name
	}
	return string(r[:mostName-1]) + "…"
}

// Address is where a token leads: the page that verifies it.
func (s *Service) Address(token string) string { return s.Base.JoinPath("v", token).String() }

func (s *Service) listAddress(n int) string {
	return strings.TrimSuffix(s.Base.String(), "/") + listPath + strconv.Itoa(n)
}

func id(list, position int) string { return fmt.Sprintf("%d.%d", list, position) }

// ReadKeys reads a JWK set.
func ReadKeys(text []byte) (set jose.JSONWebKeySet, err error) {
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) == 0 {
		return set, errors.New("this is no set of public keys (JWKS)")
	}
	return set, nil
}
