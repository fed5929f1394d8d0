package clock

import (
	"context"
	"time"

	"trustedtrader/app/pg"
)

// Revive lets the clocks of a record run again that one of the events stopped at an instant
// or later: the event was overturned, as if it had never been. Their days stay what they
// were, for the law that set them has not changed. A clock of which another turn runs by now
// stays stopped. A step for other domains, which record why.
func (c *Clocks) Revive(ctx context.Context, tx pg.Tx, s Subject, since time.Time, stoppedBy ...string) error {
	return tx.WithContext(ctx).Exec(`update clock x set stopped_at = null, stop_event = '', version = version + 1
		where x.subject_kind = ? and x.subject_id = ? and x.stopped_at >= ? and x.stop_event in ?
		  and x.id = (select max(y.id::text)::uuid from clock y where y.subject_kind = x.subject_kind and y.subject_id = x.subject_id and y.part = x.part and y.code = x.code
		    and y.stopped_at = x.stopped_at and y.stop_event = x.stop_event)
		  and not exists (select from clock y where y.subject_kind = x.subject_kind and y.subject_id = x.subject_id and y.part = x.part and y.code = x.code and y.stopped_at is null)`,
		s.Kind, s.ID, since, stoppedBy).Error
}
