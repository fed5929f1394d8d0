package benefit

import (
	"context"
	"fmt"
	"time"

	"trustedtrader/app/pg"
)

// stray is how old a file is at least that belongs to no import: bringing one takes minutes.
const stray = 24 * time.Hour

// Sweep forgets files that no import needs: those of a portal that was killed while a company
// brought one. The portal itself; it does nothing twice. The store's clock says how old they are.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	n, err = s.Evidence.SweepSpooled(ctx, time.Now().Add(-stray), func(names []string) (map[string]bool, error) {
		var kept []string
		if err := s.DB.Batch(ctx, pg.System, pg.Value(&kept, `select coalesce(array_agg(blob_key), '{}') from benefit_import where blob_key = any($1::text[])`, names)); err != nil {
			return nil, err
		}
		keep := map[string]bool{}
		for _, name := range kept {
			keep[name] = true
		}
		return keep, nil
	})
	if err != nil {
		return n, fmt.Errorf("sweep files of imports: %w", err)
	}
	return n, nil
}
