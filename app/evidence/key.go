package evidence

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/blob"
	"trustedtrader/app/pg"
	"trustedtrader/app/seal"
)

// A company's key is wrapped as: a number for how, a nonce, and the key under AES-256-GCM
// with the company's id beside it, so that one company's key does not open as another's.
const wrappedHow = 1

func (s *Service) wrapper() (b seal.Box, err error) {
	if len(s.Master) != seal.KeySize {
		return b, errors.New("seal the key of a company: the installation's key is missing")
	}
	return seal.New(s.Master)
}

func (s *Service) wrap(company uuid.UUID) ([]byte, error) {
	box, err := s.wrapper()
	if err != nil {
		return nil, err
	}
	key := make([]byte, blob.KeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	sealed, err := box.Seal(key, company[:])
	return append([]byte{wrappedHow}, sealed...), err
}

func (s *Service) unwrap(company uuid.UUID, wrapped []byte) ([]byte, error) {
	box, err := s.wrapper()
	if err != nil {
		return nil, err
	}
	if len(wrapped) < 1 || wrapped[0] != wrappedHow {
		return nil, errors.New("open the key of a company: it is damaged")
	}
	key, err := box.Open(wrapped[1:], company[:])
	if err != nil {
		return nil, errors.New("open the key of a company: it is damaged, or PORTAL_KEY is not the one that it was sealed with")
	}
	return key, nil
}

// key is a company's key, made at first use.
func (s *Service) key(ctx context.Context, scope pg.Scope, company uuid.UUID) ([]byte, error) {
	var kept [][]byte
	read := pg.Value(&kept, `select coalesce(array_agg(wrapped), '{}') from company_key where company_id = $1`, company)
	if err := s.DB.Batch(ctx, scope, read); err != nil {
		return nil, fmt.Errorf("read the key of a company: %w", err)
	}
	if len(kept) == 0 {
		wrapped, err := s.wrap(company)
		if err != nil {
			return nil, err
		}
		err = s.DB.Write(ctx, scope, func(tx pg.Tx) error { return insertKey(ctx, tx, company, wrapped, s.Now()) })
		if err == nil {
			err = s.DB.Batch(ctx, scope, read) // another may have been first
		}
		if err != nil {
			return nil, fmt.Errorf("make the key of a company: %w", err)
		}
	}
	return s.unwrap(company, kept[0])
}

// keyIn is key inside a transaction.
func (s *Service) keyIn(ctx context.Context, tx pg.Tx, company uuid.UUID, now time.Time) ([]byte, error) {
	wrapped, err := s.wrap(company)
	if err != nil {
		return nil, err
	}
	if err := insertKey(ctx, tx, company, wrapped, now); err != nil {
		return nil, fmt.Errorf("make the key of a company: %w", err)
	}
	var kept []byte
	if err := tx.WithContext(ctx).Raw(`select wrapped from company_key where company_id = ?`, company).Row().Scan(&kept); err != nil {
		return nil, fmt.Errorf("read the key of a company: %w", err)
	}
	return s.unwrap(company, kept)
}
