package partnerapi

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

const kind = "api_client"

// Open makes a client without keys and without rights. The agency's administrators may.
func (s *Service) Open(ctx context.Context, by identity.Actor, name string) (id uuid.UUID, err error) {
	if err := admin(by); err != nil {
		return id, err
	}
	var k entry.Check
	name = k.Line("name", "a name for the program", name, 1, 100)
	if err := k.Err(); err != nil {
		return id, err
	}
	now, id := s.Now(), pg.NewID()
	return id, s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var live int
		// One at a time, so that two do not pass the limit together.
		if err := tx.WithContext(ctx).Exec(`select pg_advisory_xact_lock(hashtext(?))`, "api_client "+by.AgencyID.String()).Error; err != nil {
			return err
		}
		if err := tx.WithContext(ctx).Raw(`select count(*)::int from api_client where agency_id = ? and closed_at is null`, by.AgencyID).Scan(&live).Error; err != nil {
			return fmt.Errorf("count the clients: %w", err)
		}
		if live >= mostClients {
			return fault.New(fault.Conflict, "Your agency has %d programs already. Close one that is not used", mostClients)
		}
		err := tx.WithContext(ctx).Exec(`insert into api_client (id, agency_id, name, created_at, created_by, creator) values (?, ?, ?, ?, ?, ?)`,
			id, by.AgencyID, name, now, by.PersonID, by.Name).Error
		if err != nil {
			return fmt.Errorf("make the client: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "api_client.open", Kind: kind, Subject: id, Agency: by.AgencyID, After: map[string]any{"name": name}})
	})
}

// lock reads a client of the actor's agency for a change.
func lock(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (c Client, err error) {
	var list []Client
	err = tx.WithContext(ctx).Raw(`select `+clientColumns+` from api_client where id = ? and agency_id = ? for update`, id, by.AgencyID).Scan(&list).Error
	switch {
	case err != nil:
		return c, fmt.Errorf("read the client: %w", err)
	case len(list) == 0:
		return c, fault.Missing()
	case list[0].ClosedAt != nil:
		return c, fault.New(fault.Conflict, "This program is closed. Make a new one")
	}
	return list[0], nil
}

// change runs a step on a live client and records it.
func (s *Service) change(ctx context.Context, by identity.Actor, id uuid.UUID, action string, do func(tx pg.Tx, c Client) (after any, err error)) error {
	if err := admin(by); err != nil {
		return err
	}
	now := s.Now()
	err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err := lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		after, err := do(tx, c)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: action, Kind: kind, Subject: id, Agency: by.AgencyID, After: after})
	})
	if err == nil {
		s.known.forget(id)
	}
	return err
}

// AddKey gives a client a public key, as JWK or PEM. A client has two live keys at most.
// The agency's administrators may.
func (s *Service) AddKey(ctx context.Context, by identity.Actor, id uuid.UUID, text string) error {
	if err := admin(by); err != nil {
		return err
	}
	key, why := readKey(text)
	if why != "" {
		return fault.Fail([]fault.Field{fault.F("key", why)})
	}
	public, err := json.Marshal(key)
	if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	now := s.Now()
	return s.change(ctx, by, id, "api_client.add_key", func(tx pg.Tx, _ Client) (any, error) {
		var live []string
		if err := tx.WithContext(ctx).Raw(`select kid from api_key where client_id = ? and retired_at is null`, id).Scan(&live).Error; err != nil {
			return nil, fmt.Errorf("read the keys: %w", err)
		}
		for _, k := range live {
			if k == key.KeyID {
				return nil, fault.Fail([]fault.Field{fault.F("key", "This program has a live key with this key ID. Give the new one another")})
			}
		}
		if len(live) >= liveKeys {
			return nil, fault.New(fault.Conflict, "A program has two live keys at most. Retire one first")
		}
		err := tx.WithContext(ctx).Exec(`insert into api_key (id, client_id, agency_id, kid, alg, jwk, added_at, added_by, adder) values (?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?)`,
			pg.NewID(), id, by.AgencyID, key.KeyID, key.Algorithm, string(public), now, by.PersonID, by.Name).Error
		return map[string]any{"kid": key.KeyID, "alg": key.Algorithm}, err
	})
}

// RetireKey ends a key at once, with the tokens of the client. The same persons may.
func (s *Service) RetireKey(ctx context.Context, by identity.Actor, id, key uuid.UUID) error {
	now := s.Now()
	return s.change(ctx, by, id, "api_client.retire_key", func(tx pg.Tx, _ Client) (any, error) {
		r := tx.WithContext(ctx).Exec(`update api_key set retired_at = ?, retired_by = ? where id = ? and client_id = ? and retired_at is null`, now, by.PersonID, key, id)
		if r.Error != nil {
			return nil, fmt.Errorf("retire the key: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return nil, fault.Missing()
		}
		return map[string]any{"key": key}, endTokens(ctx, tx, id)
	})
}

func endTokens(ctx context.Context, tx pg.Tx, client uuid.UUID) error {
	if err := tx.WithContext(ctx).Exec(`delete from api_token where client_id = ?`, client).Error; err != nil {
		return fmt.Errorf("end the tokens: %w", err)
	}
	return nil
}

// Allow says what a client may do: scopes by arrangement, of which the agency must be the
// partner. Tokens of before end. The same persons may.
func (s *Service) Allow(ctx context.Context, by identity.Actor, id uuid.UUID, scopes map[string][]string, cert string) error {
	var k entry.Check
	text := k.Line("cert", "the SHA-256 of the certificate", cert, 0, 100)
	if cert = CertHash(text); cert == "" && text != "" {
		k.Add("cert", "Enter the SHA-256 of the certificate as 64 hexadecimal digits")
	}
	if err := k.Err(); err != nil {
		return err
	}
	return s.change(ctx, by, id, "api_client.allow", func(tx pg.Tx, _ Client) (any, error) {
		var own []string
		if err := tx.WithContext(ctx).Raw(strings.Replace(ownArrangements, "$1", "?", 1), by.AgencyID).Scan(&own).Error; err != nil {
			return nil, fmt.Errorf("read the arrangements: %w", err)
		}
		if err := tx.WithContext(ctx).Exec(`delete from api_grant where client_id = ?`, id).Error; err != nil {
			return nil, fmt.Errorf("change what the client may do: %w", err)
		}
		for arrangement, list := range scopes {
			if !slices.Contains(own, arrangement) || slices.ContainsFunc(list, func(x string) bool { return !slices.Contains(Scopes(), x) }) {
				return nil, fault.Missing()
			}
			if len(list) == 0 {
				continue
			}
			err := tx.WithContext(ctx).Exec(`insert into api_grant (client_id, agency_id, arrangement, scopes) values (?, ?, ?, ?::text[])`, id, by.AgencyID, arrangement, pg.Strings(list)).Error
			if err != nil {
				return nil, fmt.Errorf("change what the client may do: %w", err)
			}
		}
		if err := tx.WithContext(ctx).Exec(`update api_client set cert_hash = ?, version = version + 1 where id = ?`, cert, id).Error; err != nil {
			return nil, fmt.Errorf("change the client: %w", err)
		}
		return map[string]any{"scopes": scopes, "certificate": cert}, endTokens(ctx, tx, id)
	})
}

// Close ends a client for good, with its keys and tokens. The same persons may.
func (s *Service) Close(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	now := s.Now()
	return s.change(ctx, by, id, "api_client.close", func(tx pg.Tx, _ Client) (any, error) {
		for _, sql := range []string{`update api_key set retired_at = ?, retired_by = ? where client_id = ? and retired_at is null`,
			`update api_client set closed_at = ?, closed_by = ?, version = version + 1 where id = ?`} {
			if err := tx.WithContext(ctx).Exec(sql, now, by.PersonID, id).Error; err != nil {
				return nil, fmt.Errorf("close the client: %w", err)
			}
		}
		return nil, endTokens(ctx, tx, id)
	})
}

// readKey reads a public key from a JWK or PEM and says which algorithm it is for, or why
// not (English source text). A private key is refused, for then it is no secret any more.
func readKey(text string) (key jose.JSONWebKey, why string) {
	text = strings.TrimSpace(text)
	if len(text) > 8000 {
		return key, "This is too long for a public key"
	}
	if block, _ := pem.Decode([]byte(text)); block != nil {
		if strings.Contains(block.Type, "PRIVATE") {
			return key, "This is a private key. Make a new pair, and enter the public key of it"
		}
		var err error
		if key.Key, err = x509.ParsePKIXPublicKey(block.Bytes); err != nil {
			return key, "Enter a public key in PEM (SubjectPublicKeyInfo) or as JWK"
		}
	} else if err := json.Unmarshal([]byte(text), &key); err != nil {
		return key, "Enter a public key in PEM (SubjectPublicKeyInfo) or as JWK"
	}
	if key.Key != nil && !key.IsPublic() {
		return key, "This is a private key. Make a new pair, and enter the public key of it"
	}
	alg := ""
	switch p := key.Key.(type) {
	case *ecdsa.PublicKey:
		if p.Curve == elliptic.P256() {
			alg = string(jose.ES256)
		}
	case ed25519.PublicKey:
		alg = string(jose.EdDSA)
	case *rsa.PublicKey:
		if n := p.N.BitLen(); n >= 2048 && n <= 8192 && p.E >= 65537 {
			alg = string(jose.RS256)
		}
	}
	if alg == "" || !key.Valid() || key.Algorithm != "" && key.Algorithm != alg {
		return key, "Enter a key for ES256 (P-256), EdDSA (Ed25519) or RS256 (2,048 bits or more)"
	}
	public := jose.JSONWebKey{Key: key.Key, KeyID: key.KeyID, Algorithm: alg, Use: "sig"}
	if public.KeyID == "" {
		print, err := public.Thumbprint(crypto.SHA256)
		if err != nil {
			return key, "This key cannot be read"
		}
		public.KeyID = base64.RawURLEncoding.EncodeToString(print)
	}
	if len(public.KeyID) > 100 || entry.Clean(public.KeyID) != public.KeyID {
		return key, "The key ID is too long. Use 100 characters or fewer"
	}
	return public, ""
}
