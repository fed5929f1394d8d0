package ui

import (
	"net/url"

	"trustedtrader/app/programme"
)

// ProgrammeOptions are programmes to choose from, by code.
func ProgrammeOptions(list []*programme.Programme) (out []Option) {
	for _, p := range list {
		out = append(out, Option{Value: p.Code, Label: p.ShortName})
	}
	return out
}

// Address is a path with the query of those that have a value: names and values in turn.
func Address(path string, query ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			q.Set(query[i], query[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
