package catalogue

import (
	"context"
	"fmt"
	"time"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
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
	there, err := stored(ctx, tx, e)
	if err == nil && there == nil { // not there, unless somebody keeps it at this moment
		err = tx.WithContext(ctx).Exec(`insert into catalogue_edition (programme, edition, hash, status, valid_from, body, stored_at)
			values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
			e.Programme, e.ID, e.Hash, string(e.Status), e.ValidFrom, string(e.Canonical()), now).Error
		if err == nil {
			there, err = stored(ctx, tx, e)
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("keep edition %s of %s: %w", e.ID, e.Programme, err)
	case there.Hash != e.Hash:
		return fmt.Errorf("edition %s of %s was changed after it was published (kept %.12s, now %.12s): restore its file and publish the change as a new edition",
			e.ID, e.Programme, there.Hash, e.Hash)
	case there.Status != string(e.Status):
		err = tx.WithContext(ctx).Exec(`update catalogue_edition set status = ? where programme = ? and edition = ?`, string(e.Status), e.Programme, e.ID).Error
	}
	if err != nil {
		return fmt.Errorf("keep edition %s of %s: %w", e.ID, e.Programme, err)
	}
	return nil
}

// stored is the row of an edition without its text; nil when it is not there. Cycles begin
// at any moment, so it is read before it is written.
func stored(ctx context.Context, tx pg.Tx, e *Edition) (*kept, error) {
	var rows []kept
	err := tx.WithContext(ctx).Raw(`select programme, edition, hash, status, '' as body from catalogue_edition where programme = ? and edition = ?`, e.Programme, e.ID).
		Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
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

// Readers may look at editions as the installation has them.
func Readers() []identity.Role {
	return []identity.Role{identity.Administrator, identity.Headquarters, identity.Auditor}
}

// Item is an edition with what it is used for.
type Item struct {
	*Edition
	Counts   Counts
	InForce  bool // cycles of today begin under it
	Open     int  // profiles under it that are being filled in or reviewed
	Profiles int  // all profiles under it
}

// usage is how many profiles an edition has.
type usage struct {
	Programme string
	Edition   string
	Open      int
	Profiles  int
}

const usageSQL = `select programme, edition, count(*)::int as profiles,
  (count(*) filter (where status not in ('accepted', 'ended')))::int as open
  from profile_cycle group by programme, edition`

// List shows every edition, the newest of each programme first. Readers may.
func (s *Service) List(ctx context.Context, by identity.Actor) ([]Item, error) {
	if !by.Is(Readers()...) {
		return nil, fault.Missing()
	}
	var used []usage
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&used, usageSQL)); err != nil {
		return nil, fmt.Errorf("count profiles: %w", err)
	}
	var out []Item
	for _, code := range s.Library.Programmes() {
		editions := s.Library.Editions(code)
		for i := len(editions) - 1; i >= 0; i-- {
			out = append(out, s.item(editions[i], used))
		}
	}
	return out, nil
}

func (s *Service) item(e *Edition, used []usage) Item {
	it := Item{Edition: e, Counts: Count(e.Criteria)}
	if now, ok := s.Library.InForce(e.Programme, s.Now()); ok {
		it.InForce = now == e
	}
	for _, u := range used {
		if u.Programme == e.Programme && u.Edition == e.ID {
			it.Open, it.Profiles = u.Open, u.Profiles
		}
	}
	return it
}

// View is an edition with what differs from the one before.
type View struct {
	Item
	Before      *Edition // nil for the first, or when its file is gone
	Differences []Difference
}

// Show shows one edition. Readers may.
func (s *Service) Show(ctx context.Context, by identity.Actor, programme, id string) (View, error) {
	e, ok := s.Library.Edition(programme, id)
	if !ok || !by.Is(Readers()...) {
		return View{}, fault.Missing()
	}
	var used []usage
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&used, usageSQL)); err != nil {
		return View{}, fmt.Errorf("count profiles: %w", err)
	}
	v := View{Item: s.item(e, used)}
	if before, ok := s.Library.Edition(programme, e.Previous); ok && e.Previous != "" {
		v.Before, v.Differences = before, Compare(before, e)
	}
	return v, nil
}
