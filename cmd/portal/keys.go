package main

import (
	"context"
	"encoding/json"

	"trustedtrader/app/signing"
	"trustedtrader/config"
)

// signingKeys are the keys that sign what others verify.
func signingKeys(cfg config.Config) (*signing.Keys, error) {
	if cfg.SigningKeys != "" {
		return signing.Load(cfg.SigningKeys)
	}
	return signing.Derive(cfg.KeyBytes())
}

// printKeys prints the public keys, as /.well-known/jwks.json serves them.
func printKeys(_ context.Context, e *environment, _ []string) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	keys, err := signingKeys(cfg)
	if err != nil {
		return err
	}
	out := json.NewEncoder(e.out)
	out.SetIndent("", "  ")
	return out.Encode(keys.Set())
}
