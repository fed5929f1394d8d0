package company

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"trustedtrader/app/identifier"
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

func sealKeys(key []byte) (forNonce, forText []byte, err error) {
	if len(key) < 32 {
		return nil, nil, errors.New("seal identifiers: the key has fewer than 32 bytes")
	}
	all, err := hkdf.Key(sha256.New, key, nil, "portal company identifiers 1", 64)
	if err != nil {
		return nil, nil, fmt.Errorf("seal identifiers: %w", err)
	}
	return all[:32], all[32:], nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(key []byte, scheme, value string) (string, error) {
	forNonce, forText, err := sealKeys(key)
	if err != nil {
		return "", err
	}
	box, err := gcm(forText)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, forNonce)
	mac.Write([]byte(scheme + "\x00" + value))
	nonce := mac.Sum(nil)[:box.NonceSize()]
	tail := []rune(value)
	tail = tail[max(0, len(tail)-tailSize):]
	return sealMark + string(tail) + sealMark + base64.RawURLEncoding.EncodeToString(box.Seal(nonce, nonce, []byte(value), []byte(scheme))), nil
}

func unseal(key []byte, scheme, sealed string) (string, error) {
	_, text, ok := strings.Cut(strings.TrimPrefix(sealed, sealMark), sealMark)
	if !ok || !strings.HasPrefix(sealed, sealMark) {
		return "", errors.New("open a sealed identifier: it is not one")
	}
	_, forText, err := sealKeys(key)
	if err != nil {
		return "", err
	}
	box, err := gcm(forText)
	if err != nil {
		return "", err
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < box.NonceSize() {
		return "", errors.New("open a sealed identifier: it is damaged")
	}
	plain, err := box.Open(nil, b[:box.NonceSize()], b[box.NonceSize():], []byte(scheme))
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
			sealed, err := seal(s.Key, scheme.Code, value)
			if err != nil {
				return nil, err
			}
			out = append(out, sealed)
		}
	}
	return out, nil
}
