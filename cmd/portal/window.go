package main

import (
	"context"
	"crypto/ed25519"
	"flag"
	"fmt"
	"os"

	"trustedtrader/app/seal"
	"trustedtrader/app/singlewindow"
	"trustedtrader/config"
)

// windowKey signs the files for the single window. Like the others it is derived from the
// installation's key, so each key does one thing.
func windowKey(cfg config.Config) (ed25519.PrivateKey, error) {
	seed, err := seal.Key(cfg.KeyBytes(), "single window files")
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// printFeedKey prints the public key that verifies the files.
func printFeedKey(_ context.Context, e *environment, _ []string) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	key, err := windowKey(cfg)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.out, singlewindow.PublicKey(key))
	return err
}

// verifyFeed verifies a file against its manifest. It needs no database, no settings and no
// network: the receiver runs it with the key that was handed over.
func verifyFeed(_ context.Context, e *environment, args []string) error {
	flags := flag.NewFlagSet("verify-feed", flag.ContinueOnError)
	flags.SetOutput(e.out)
	key := flags.String("key", "", "public key in base64, as `portal feed-key` prints it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 || *key == "" {
		return fmt.Errorf("usage: portal verify-feed -key KEY FILE MANIFEST")
	}
	file, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	manifest, err := os.ReadFile(flags.Arg(1))
	if err != nil {
		return err
	}
	m, err := singlewindow.Verify(file, manifest, *key)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "%s of %s: %d memberships as of %s, SHA-256 %s, before it %s. The signature is good.\n", m.Programme, m.Day, m.Count, m.AsOf.UTC().Format("2006-01-02T15:04:05Z"), m.SHA256, orNone(m.Previous))
	return err
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
