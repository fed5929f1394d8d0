package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/blob"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// spooled is how names of objects begin that other domains keep for a while.
const spooled = "i/"

// Spool stores a file that a company brought to be read by the portal, in one stream, sealed
// with the company's key. Nobody gets it out again as a file, so it is not looked into. A
// step for other domains: they have decided who may, and call Unspool when it is read.
// Invalid, about the field "file": it is empty or longer than most.
func (s *Service) Spool(ctx context.Context, by identity.Actor, content io.Reader, most int64) (o blob.Object, err error) {
	key, err := s.key(ctx, by.Scope(), by.CompanyID)
	if err != nil {
		return o, err
	}
	name := blob.NewName(spooled)
	o, err = s.Store.Write(ctx, key, name, content, most)
	switch {
	case errors.Is(err, blob.ErrTooLong):
		err = fault.Fail([]fault.Field{fault.F("file", tooLong, most>>20)})
	case err == nil && o.Size == 0:
		err = fault.Fail([]fault.Field{fault.F("file", "Choose a file with rows")})
	}
	if err != nil {
		return blob.Object{}, errors.Join(err, s.Unspool(ctx, name))
	}
	return o, nil
}

// OpenSpooled opens what Spool stored. The caller closes it.
func (s *Service) OpenSpooled(ctx context.Context, scope pg.Scope, company uuid.UUID, name string) (io.ReadCloser, error) {
	r, err := s.content(ctx, scope, company, name)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Unspool forgets what Spool stored; a file that is gone already is no error.
func (s *Service) Unspool(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	if err := s.Store.Delete(context.WithoutCancel(ctx), name); err != nil {
		return fmt.Errorf("forget a file that was read: %w", err)
	}
	return nil
}

// SweepSpooled forgets what was spooled before a time and nobody needs: a portal that was
// killed in the middle leaves a file behind. needed says which of some names are.
func (s *Service) SweepSpooled(ctx context.Context, before time.Time, needed func(names []string) (map[string]bool, error)) (n int, err error) {
	var old []string
	err = s.Store.Each(ctx, spooled, func(e blob.Entry) error {
		if e.At.Before(before) {
			old = append(old, e.Name)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for list := range slices.Chunk(old, sweepMany) {
		keep, err := needed(list)
		if err != nil {
			return n, err
		}
		for _, name := range list {
			if keep[name] {
				continue
			}
			if err := s.Unspool(ctx, name); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
