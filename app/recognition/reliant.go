package recognition

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Members that have a foreign operator among their business partners rely on its status. When
// that changes, each such partner becomes a task of the member (partner_matter), in the same
// transaction, and the member is written to: at once where there are few, by a job where there
// are many. The number of the operator stands among the partner's numbers.

const (
	tellPiece = 50 // companies that are written to in one transaction
	mostLines = 20 // operators that a letter names
)

// reliesOn joins business partners p with foreign operators f.
const reliesOn = `business_partner p on p.ended_at is null and p.country = f.country and number_keys(p.identifiers) @> array[f.search_key]
	and exists (select from membership m where m.company_id = p.company_id and m.status <> 'ended')`

// reopen makes tasks of the partners that rely on operators whose status has changed; one that
// counts again settles its task. Which narrows the operators f.
func (s *Service) reopen(ctx context.Context, tx pg.Tx, now time.Time, which string, args ...any) error {
	db := tx.WithContext(ctx)
	err := db.Exec(`update partner_matter x set settled_at = ?, settler = 'Portal', version = x.version + 1 from foreign_operator f where f.id = x.operator_id and f.status = 'confirmed' and x.settled_at is null and `+which,
		append([]any{now}, args...)...).Error
	if err != nil {
		return fmt.Errorf("settle the tasks of members: %w", err)
	}
	err = db.Exec(`insert into partner_matter (company_id, partner_id, operator_id, name, number, status, opened_at, settled_at, settler)
		select p.company_id, p.id, f.id, f.name, f.number, f.status, ?, case when f.status = 'confirmed' then ?::timestamptz end, case when f.status = 'confirmed' then 'Portal' else '' end
		from foreign_operator f join `+reliesOn+` where f.status in ('confirmed', 'suspended', 'ended') and `+which+`
		on conflict (partner_id, operator_id) where settled_at is null do update set status = excluded.status, name = excluded.name, opened_at = excluded.opened_at, told_at = null, version = partner_matter.version + 1`,
		append([]any{now, now}, args...)...).Error
	if err != nil {
		return fmt.Errorf("make tasks for members that rely on it: %w", err)
	}
	return nil
}

// Reopen makes tasks for members that rely on operators of a list that was taken over and that
// fell or count again, and has those members written to. For the package that takes lists over.
func (s *Service) Reopen(ctx context.Context, tx pg.Tx, now time.Time, feed uuid.UUID) error {
	err := s.reopen(ctx, tx, now, `f.id in (select r.operator_id from inbound_row r where r.feed_id = ? and r.wrong is null and (r.change in ('suspended', 'ended', 'missing') or r.change = 'confirmed' and r.was ->> 'status' = 'suspended'))`, feed)
	if err != nil {
		return err
	}
	return tx.Enqueue(ctx, TellArgs{}, nil)
}

// tellAtOnce writes to members about their open news, and leaves the rest of many to the job.
func (s *Service) tellAtOnce(ctx context.Context, tx pg.Tx, now time.Time) error {
	n, err := s.tellPiece(ctx, tx, now)
	if err != nil || n < tellPiece {
		return err
	}
	return tx.Enqueue(ctx, TellArgs{}, nil)
}

// TellArgs is the job that writes to members whose business partners have changed abroad.
type TellArgs struct{}

// Kind names the job in the queue.
func (TellArgs) Kind() string { return "tell_reliant" }

// TellWorker writes to members.
type TellWorker struct {
	river.WorkerDefaults[TellArgs]
	Service *Service
}

// Timeout is how long one try may take.
func (*TellWorker) Timeout(*river.Job[TellArgs]) time.Duration { return 10 * time.Minute }

// Work writes to everybody who is not told yet. What is done stays done.
func (w *TellWorker) Work(ctx context.Context, _ *river.Job[TellArgs]) error {
	_, err := w.Service.TellReliant(ctx)
	return err
}

// TellReliant writes to all members that are not told yet, a piece at a time. The portal itself.
func (s *Service) TellReliant(ctx context.Context) (letters int, err error) {
	for {
		var n int
		err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) (err error) {
			n, err = s.tellPiece(ctx, tx, s.Now())
			return err
		})
		letters += n
		if err != nil || n == 0 {
			return letters, err
		}
	}
}

// news is a partner of a member whose status abroad has changed.
type news struct {
	ID                    uuid.UUID
	CompanyID             uuid.UUID
	Programme             string
	Partner, Name, Number string
	Status                OperatorStatus
}

// tellPiece writes to some members: one letter for each and each status. It returns how many
// members it told.
func (s *Service) tellPiece(ctx context.Context, tx pg.Tx, now time.Time) (int, error) {
	var list []news
	err := tx.WithContext(ctx).Raw(`with few as (select c.id from company c where c.id in (select distinct company_id from partner_matter where told_at is null limit ?) order by c.id for no key update skip locked),
		done as (update partner_matter x set told_at = ? from few, business_partner p where p.id = x.partner_id and x.company_id = few.id and x.told_at is null
		  returning x.id, x.company_id, p.name as partner, x.name, x.number, x.status)
		select d.id, d.company_id, d.partner, d.name, d.number, d.status,
		  coalesce((select m.programme from membership m where m.company_id = d.company_id and m.status <> 'ended' order by m.number limit 1), '') as programme
		from done d order by d.company_id, d.status, d.name, d.id`, tellPiece, now).Scan(&list).Error
	if err != nil {
		return 0, fmt.Errorf("look for members to tell: %w", err)
	}
	companies := 0
	for i := 0; i < len(list); {
		j := i + 1
		for j < len(list) && list[j].CompanyID == list[i].CompanyID && list[j].Status == list[i].Status {
			j++
		}
		if i == 0 || list[i].CompanyID != list[i-1].CompanyID {
			companies++
		}
		if p, ok := s.Programmes.Get(list[i].Programme); ok {
			if err := s.tellOf(ctx, tx, now, p, list[i:j]); err != nil {
				return companies, err
			}
		}
		i = j
	}
	return companies, nil
}

// tellOf writes one letter about partners of one member that now have the same status.
func (s *Service) tellOf(ctx context.Context, tx pg.Tx, now time.Time, p *programme.Programme, list []news) error {
	first := list[0]
	partners, lines := first.Partner, make([]string, 0, mostLines)
	if len(list) > 1 {
		partners = fmt.Sprintf("%s (+%d)", first.Partner, len(list)-1)
	}
	for i, x := range list {
		if i == mostLines {
			lines = append(lines, fmt.Sprintf("(+%d)", len(list)-mostLines))
			break
		}
		lines = append(lines, x.Name+", "+x.Number)
	}
	return s.Letters.ToCompany(ctx, tx, now, identity.ClockActor("status abroad"), notice.Letter{Company: first.CompanyID, SubjectKind: notice.AboutCompany, SubjectID: first.CompanyID, Programme: p, Code: "foreign_partner_changed",
		Values: map[string]string{"partner": partners, "reason": first.Status.Name(), "changes": strings.Join(lines, "\n")}})
}
