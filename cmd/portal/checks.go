package main

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/consultation"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/singlewindow"
	"trustedtrader/config"
)

// checks answers partner agencies.
func checks(cfg config.Config, db *pg.DB, now func() time.Time, register *programme.Register) (*consultation.Service, error) {
	files, err := fs.Sub(config.Checks, "checks")
	if err != nil {
		return nil, err
	}
	purposes, err := consultation.LoadPurposes(files)
	if err != nil {
		return nil, fmt.Errorf("checks: %w", err)
	}
	key, err := answerKey(cfg)
	if err != nil {
		return nil, err
	}
	sign, err := answerSigner(key, singlewindow.KeyID(singlewindow.PublicKey(key)))
	if err != nil {
		return nil, err
	}
	return &consultation.Service{DB: db, Now: now, Programmes: register, Purposes: purposes, Sign: sign,
		Rules: func(context.Context, uuid.UUID, clock.Day) ([]consultation.Rule, error) { return nil, nil }}, nil
}

// answerKey signs answers to partner agencies.
func answerKey(cfg config.Config) (ed25519.PrivateKey, error) {
	seed, err := hkdf.Key(sha256.New, cfg.KeyBytes(), nil, "answers to partner agencies", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// answerSigner makes compact JWS (RFC 7515) with a key and its name.
func answerSigner(key ed25519.PrivateKey, kid string) (func([]byte) (string, error), error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		return nil, err
	}
	return func(payload []byte) (string, error) {
		s, err := signer.Sign(payload)
		if err != nil {
			return "", err
		}
		return s.CompactSerialize()
	}, nil
}

// verifyAudit walks the records of checks and computes every hash again. With the heads of an
// earlier run, kept elsewhere, it also sees that nothing was cut off an end.
func verifyAudit(ctx context.Context, e *environment, args []string) error {
	flags := flag.NewFlagSet("verify-audit", flag.ContinueOnError)
	flags.SetOutput(e.out)
	before := flags.String("heads", "", "file of an earlier run's heads, kept outside of the database")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var heads []consultation.Head
	if *before != "" {
		text, err := os.ReadFile(*before)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &heads); err != nil {
			return fmt.Errorf("read %s: %w", *before, err)
		}
	}
	cfg, err := e.config()
	if err != nil {
		return err
	}
	if cfg.DatabaseURL == "" {
		return errors.New("DATABASE_URL is missing")
	}
	db, err := pg.Open(ctx, string(cfg.DatabaseURL), e.log)
	if err != nil {
		return err
	}
	defer db.Close()
	n, now, err := consultation.Verify(ctx, db, heads)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(e.out).Encode(now); err != nil {
		return err
	}
	e.log.Info("the record of checks is whole", "records", n, "chains", len(now))
	return nil
}
