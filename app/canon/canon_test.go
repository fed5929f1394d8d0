package canon_test

import (
	"encoding/json"
	"testing"

	"trustedtrader/app/canon"
)

// The form of RFC 8785, as its examples have it.
func TestJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"b":1,"a":[true,null,"x"]}`:                       `{"a":[true,null,"x"],"b":1}`,
		`{"one":"1\u20ac$\u000F\u000aA'\u0042\u0022\\\/"}`:  `{"one":"1€$\u000f\nA'B\"\\/"}`,
		`[56.0, 1E30, 4.50, 2e-3, 0.000001, 1e-7, 100, -0]`: `[56,1e+30,4.5,0.002,0.000001,1e-7,100,0]`,
		`"<script>&\u2028\u0007\b\f\r\t"`:                   "\"<script>&\u2028\\u0007\\b\\f\\r\\t\"",
		`{}`:                                                `{}`,
		`[]`:                                                `[]`,
	} {
		var v any
		if err := json.Unmarshal([]byte(in), &v); err != nil {
			t.Fatal(err)
		}
		got, err := canon.JSON(v)
		if err != nil || string(got) != want {
			t.Errorf("%s became %s, %v; want %s", in, got, err, want)
		}
		again, err := canon.JSON(json.RawMessage(got))
		if err != nil || string(again) != want {
			t.Errorf("%s is not its own canonical form: %s, %v", want, again, err)
		}
	}
	if got, err := canon.JSON(json.RawMessage(`[56.0, 1E30, 4.50, -0.0, 12345678901234567890]`)); err != nil || string(got) != `[56,1e+30,4.5,0,12345678901234567890]` {
		t.Errorf("numbers as somebody else wrote them became %s, %v", got, err)
	}
	if _, err := canon.JSON(func() {}); err == nil {
		t.Error("a function has a JSON form")
	}
	if canon.Hash(nil) != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Error("the hash of nothing is another")
	}
}
