package catalogue

import (
	"context"
	"fmt"
	"time"

	"trustedtrader/app/pg"
)

// kept is a row of catalogue_edition.
type kept struct {
	Programme string
	Edition   string
	Hash      string
	Status    string
	Body      string
}

// Keep stores an edition, so that what is begun under it can always be read. One that is
// there gets the status of the file and nothing else. An edition that is there with another
// text is refused.
func Keep(ctx context.Context, tx pg.Tx, now time.Time, e *Edition) error {
	if e.Status == Draft {
		return fmt.Errorf("edition %s of %s is a draft: only published editions are kept", e.ID, e.Programme)
	}
	var there kept
	err := tx.WithContext(ctx).Raw(`insert into catalogue_edition (programme, edition, hash, status, valid_from, body, stored_at)
		values (?, ?, ?, ?, ?, ?, ?)
		on conflict (programme, edition) do update set status = case when catalogue_edition.hash = excluded.hash then excluded.status else catalogue_edition.status end
		returning programme, edition, hash, status, '' as body`,
		e.Programme, e.ID, e.Hash, string(e.Status), e.ValidFrom, string(e.Canonical()), now).Scan(&there).Error
	if err != nil {
		return fmt.Errorf("keep edition %s of %s: %w", e.ID, e.Programme, err)
	}
	if there.Hash != e.Hash {
		return fmt.Errorf("edition %s of %s was changed after it was published (kept %.12s, now %.12s): restore its file and publish the change as a new edition",
			e.ID, e.Programme, there.Hash, e.Hash)
	}
	return nil
}

// Service keeps the library and the database alike.
type Service struct {
	DB      *pg.DB
	Now     func() time.Time
	Library *Library
}

// Sync runs before the portal serves: it keeps every published edition of the files, and
// takes those that only the database has (from files of an earlier release) into the
// library.
func (s *Service) Sync(ctx context.Context) error {
	var rows []kept
	err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		for _, code := range s.Library.Programmes() {
			for _, e := range s.Library.Editions(code) {
				if e.Status == Draft {
					continue
				}
				if err := Keep(ctx, tx, s.Now(), e); err != nil {
					return err
				}
			}
		}
		return tx.WithContext(ctx).Raw(`select programme, edition, hash, status, body from catalogue_edition order by programme, edition`).Scan(&rows).Error
	})
	if err != nil {
		return fmt.Errorf("catalogues: %w", err)
	}
	for _, row := range rows {
		if _, there := s.Library.Edition(row.Programme, row.Edition); there {
			continue
		}
		e, err := Parse([]byte(row.Body), Status(row.Status))
		if err != nil {
			return fmt.Errorf("catalogues: %w", err)
		}
		if e.Hash != row.Hash {
			return fmt.Errorf("catalogues: edition %s of %s is kept with hash %.12s, but its text has %.12s", row.Edition, row.Programme, row.Hash, e.Hash)
		}
		s.Library.add(e)
	}
	return nil
}
