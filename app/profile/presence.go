package profile

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Present is somebody else who has a criterion open.
type Present struct {
	Name  string    `json:"name"`
	Since time.Time `json:"since"`
}

// presentFor is how long somebody counts as present after the last sign of life. A page
// gives one twice in that time.
const presentFor = time.Minute

// presentSQL lists who else has a criterion open: $1 the cycle, $2 the criterion, $3 the
// person who asks, $4 since when a sign of life counts.
const presentSQL = `select name, since from profile_presence where cycle_id = $1 and criterion = $2 and person_id <> $3 and seen_at > $4 order by since, name limit 20`

// Seen notes that the person has a criterion open, and says who else has. Editors and
// contributors send it from an open page every half minute; it leaves no event, for it
// changes nothing that lasts. Old signs are removed by a job.
func (s *Service) Seen(ctx context.Context, by identity.Actor, cycle uuid.UUID, criterion string) (others []Present, err error) {
	if err := mayTry(by); err != nil {
		return nil, err
	}
	if !s.known(criterion) {
		return nil, fault.Missing()
	}
	now := s.Now()
	var noted []struct{ Done int }
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&noted, `insert into profile_presence as p (cycle_id, company_id, criterion, person_id, name, since, seen_at)
		select c.id, c.company_id, $3, $4, $5, $6, $6 from profile_cycle c where c.id = $1 and c.company_id = $2
		on conflict (cycle_id, criterion, person_id) do update set name = excluded.name, seen_at = excluded.seen_at,
		  since = case when p.seen_at < $7 then excluded.since else p.since end
		returning 1 as done`, cycle, by.CompanyID, criterion, by.PersonID, by.Name, now, now.Add(-presentFor)),
		pg.All(&others, presentSQL, cycle, criterion, by.PersonID, now.Add(-presentFor)))
	if err != nil {
		return nil, fmt.Errorf("note who is here: %w", err)
	}
	if len(noted) == 0 {
		return nil, fault.Missing()
	}
	return others, nil
}

// known reports whether some edition has a criterion.
func (s *Steps) known(criterion string) bool {
	for _, p := range s.Programmes.All() {
		for _, e := range s.Library.Editions(p.Code) {
			if _, ok := e.Criterion(criterion); ok {
				return true
			}
		}
	}
	return false
}
