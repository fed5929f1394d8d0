package benefit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/pg"
)

// workKey is the lock that says that a portal works on an import: it belongs to a connection,
// so it goes when the portal is killed. It takes an SQL expression for the import's id.
func workKey(id string) string {
	return `hashtextextended('benefit_import ' || (` + id + `)::text, 0)`
}

// alone keeps other portals from an import until end is called. ok: nobody works on it.
func (s *Service) alone(ctx context.Context, id uuid.UUID) (end func(), ok bool, err error) {
	conn, err := s.DB.Pool().Acquire(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("reserve a connection for an import: %w", err)
	}
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock(`+workKey(`$1`)+`)`, id.String()).Scan(&ok); err != nil || !ok {
		conn.Release()
		if err != nil {
			err = fmt.Errorf("reserve an import: %w", err)
		}
		return nil, false, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, err := conn.Exec(ctx, `select pg_advisory_unlock(`+workKey(`$1`)+`)`, id.String()); err != nil {
			_ = conn.Conn().Close(ctx) // the lock goes with it
		}
		conn.Release()
	}, true, nil
}

// openJob selects jobs of imports. The queue itself gives one back that a killed portal had
// only after the longest time that one may take.
const openJob = `select from ` + pg.JobSchema + `.river_job j where j.kind = 'benefit_import' and j.args ->> 'import' = i.id::text and j.state in ('available', 'pending', 'running', 'retryable', 'scheduled')`

// Resume goes on at once with imports whose portal was killed, and leaves those to a person
// that were tried too often. The portal itself, when it starts and each minute; any number of
// portals may.
func (s *Service) Resume(ctx context.Context) error {
	err := s.DB.Batch(ctx, pg.System,
		pg.Exec(`with begun as materialized (select id, args ->> 'import' as import from `+pg.JobSchema+`.river_job where kind = 'benefit_import' and state = 'running' and attempt < max_attempts),
			left_alone as materialized (select id from begun where pg_try_advisory_xact_lock(`+workKey(`import`)+`))
			update `+pg.JobSchema+`.river_job set state = 'available', scheduled_at = now() where id in (select id from left_alone) and state = 'running'`),
		pg.Exec(`update benefit_import i set status = 'stopped', version = version + 1 where status in ('waiting', 'working', 'undoing') and not exists (`+openJob+`)`))
	if err != nil {
		return fmt.Errorf("go on with imports: %w", err)
	}
	return nil
}
