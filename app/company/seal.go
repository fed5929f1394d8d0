package company

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"trustedtrader/app/identifier"
	"trustedtrader/app/seal"
)

// Numbers that say something about a natural person are sealed before they are
// stored. Equal numbers of one scheme give equal sealed values, so that the same
// number in two accounts is found without opening either: the nonce is a keyed
// hash of the number. The last four characters stay readable, as people expect of
// a masked number.
const (
	sealMark = "~"
	tailSize = 4
)

// sealPurpose stands for ever: with another one no number opens that was sealed before.
const sealPurpose = "portal company identifiers 1"

// boxOf is the box that numbers lie in, and the key of the hash that becomes their nonce.
func boxOf(key []byte) (b seal.Box, forNonce []byte, err error) {
	keys, err := seal.Keys(key, sealPurpose, 2)
	if err != nil {
		return b, nil, err
	}
	b, err = seal.New(keys[1])
	return b, keys[0], err
}

func sealNumber(key []byte, scheme, value string) (string, error) {
	box, forNonce, err := boxOf(key)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, forNonce)
	mac.Write([]byte(scheme + "\x00" + value))
	text, err := box.Same([]byte(value), []byte(scheme), mac.Sum(nil))
	if err != nil {
		return "", err
	}
	tail := []rune(value)
	tail = tail[max(0, len(tail)-tailSize):]
	return sealMark + string(tail) + sealMark + base64.RawURLEncoding.EncodeToString(text), nil
}

func openNumber(key []byte, scheme, sealed string) (string, error) {
	_, text, ok := strings.Cut(strings.TrimPrefix(sealed, sealMark), sealMark)
	if !ok || !strings.HasPrefix(sealed, sealMark) {
		return "", errors.New("open a sealed identifier: it is not one")
	}
	box, _, err := boxOf(key)
	if err != nil {
		return "", err
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", errors.New("open a sealed identifier: it is damaged")
	}
	plain, err := box.Open(b, []byte(scheme))
	if err != nil {
		return "", fmt.Errorf("open a sealed identifier: %w", err)
	}
	return string(plain), nil
}

// Shown is a stored number as people read it; one that says something about a
// person shows its last four characters only.
func Shown(scheme, value string) string {
	if rest, ok := strings.CutPrefix(value, sealMark); ok {
		tail, _, _ := strings.Cut(rest, sealMark)
		return strings.Repeat("•", 9-min(9, utf8.RuneCountInString(tail))) + tail
	}
	if s, ok := identifier.Lookup(scheme); ok {
		return s.Format(value)
	}
	return value
}

// SealedForms are the stored forms that a number would have under the schemes that
// are sealed: what a search compares exactly, for sealed numbers have no search key.
func (s *Service) SealedForms(input string) ([]string, error) {
	var out []string
	for _, scheme := range identifier.Schemes() {
		if !scheme.Personal {
			continue
		}
		if value, problem := scheme.Normalise(input); problem == nil {
			sealed, err := sealNumber(s.Key, scheme.Code, value)
			if err != nil {
				return nil, err
			}
			out = append(out, sealed)
		}
	}
	return out, nil
}
