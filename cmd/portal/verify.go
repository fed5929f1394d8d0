package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"trustedtrader/app/credential"
)

// verifyCode verifies the code of a certificate offline: with a key set that was fetched from
// /.well-known/jwks.json, and the status list that the code names. What cannot be told is an
// error too, so that a script never takes it for good.
func verifyCode(_ context.Context, e *environment, args []string) error {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.SetOutput(e.out)
	keys := flags.String("keys", "", "file with the issuer's public keys (JWKS)")
	list := flags.String("list", "", "file with the status list that the code names")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *keys == "" {
		return fmt.Errorf("usage: portal verify -keys FILE -list FILE CODE")
	}
	text, err := os.ReadFile(*keys)
	if err != nil {
		return err
	}
	set, err := credential.ReadKeys(text)
	if err != nil {
		return err
	}
	var status []byte
	if *list != "" {
		if status, err = os.ReadFile(*list); err != nil {
			return err
		}
	}
	v := credential.Verify(flags.Arg(0), set, strings.TrimSpace(string(status)), time.Now())
	if v.State != credential.Forged {
		fmt.Fprintf(e.out, "%s, %s as %s of %s, until %s\n", v.Claims.Number, v.Claims.Name, v.Claims.EntityType, v.Claims.Programme, time.Unix(v.Claims.Expires, 0).UTC().Format(time.DateOnly))
	}
	switch v.State {
	case credential.Valid:
		_, err := fmt.Fprintf(e.out, "valid, by the list of %s\n", v.ListAt.Format(time.RFC3339))
		return err
	case credential.CannotTell:
		return fmt.Errorf("cannot tell: fetch list %d of %s anew", v.Claims.List(), v.Claims.Issuer)
	}
	return fmt.Errorf("not valid: %s", v.State)
}
