package consultation

import (
	"crypto/rand"
	"fmt"
	"strings"

	"trustedtrader/app/identifier"
)

// Crockford's base 32: no I, L, O and U, so that a number can be read over the telephone.
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// prefix begins the number of a check, listPrefix that of a list.
const (
	prefix     = "TTC"
	listPrefix = "TTB"
)

// random is how many characters nobody can guess: 50 bits.
const random = 10

// newNumber makes a number such as TTC-26-7K3M-9QXF-4D2: the year, ten characters by chance,
// and one that tells a mistake.
func newNumber(prefix string, year int) string {
	var chance [random]byte
	_, _ = rand.Read(chance[:]) // never fails
	body := make([]byte, 2, 2+random+1)
	body[0], body[1] = byte('0'+year/10%10), byte('0'+year%10)
	for _, c := range chance {
		body = append(body, letters[c&31])
	}
	body = append(body, sum(body))
	return prefix + "-" + string(body[:2]) + "-" + string(body[2:6]) + "-" + string(body[6:10]) + "-" + string(body[10:])
}

// sum is the last character by Luhn's rule in base 32: it tells each single mistake and
// nearly every exchange of neighbours.
func sum(body []byte) byte {
	total, factor := 0, 2
	for i := len(body) - 1; i >= 0; i-- {
		v := strings.IndexByte(letters, body[i]) * factor
		total += v/32 + v%32
		factor = 3 - factor
	}
	return letters[(32-total%32)%32]
}

// ParseNumber reads a number of a check as people write it: in any case, with or without
// hyphens, O for 0 and I or L for 1. False: it is none.
func ParseNumber(text string) (string, bool) { return parse(prefix, text) }

func parse(prefix, text string) (string, bool) {
	if len(text) > 60 {
		return "", false
	}
	var body []byte
	for _, r := range strings.TrimPrefix(identifier.Key(text), prefix) {
		switch r {
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if !strings.ContainsRune(letters, r) {
			return "", false
		}
		body = append(body, byte(r))
	}
	if len(body) != 2+random+1 || body[0] > '9' || body[1] > '9' || sum(body[:12]) != body[12] {
		return "", false
	}
	return fmt.Sprintf("%s-%s-%s-%s-%s", prefix, body[:2], body[2:6], body[6:10], body[10:]), true
}
