package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// keep keeps a dry run, and clears those of the company that are over and the oldest of
// the person's own.
func keep(ctx context.Context, tx pg.Tx, d Draft) error {
	err := tx.WithContext(ctx).Exec(`delete from import_draft where company_id = ? and (expires_at <= ? or id in (
		select id from import_draft where company_id = ? and person_id = ? order by created_at desc, id desc offset ?))`,
		d.CompanyID, d.CreatedAt, d.CompanyID, d.PersonID, mostDrafts-1).Error
	if err != nil {
		return fmt.Errorf("clear dry runs: %w", err)
	}
	if err := gorm.G[Draft](tx.DB).Create(ctx, &d); err != nil {
		return fmt.Errorf("keep a dry run: %w", err)
	}
	return nil
}

// draftOf finds a dry run of the actor; those of others and those that are over are not
// there.
func draftOf(ctx context.Context, tx pg.Tx, by identity.Actor, now time.Time, cycle, id uuid.UUID) (d Draft, list []given, err error) {
	d, err = gorm.G[Draft](tx.DB).Where("id = ? and cycle_id = ? and company_id = ? and person_id = ? and expires_at > ?", id, cycle, by.CompanyID, by.PersonID, now).First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return d, nil, fault.Missing()
	}
	if err != nil {
		return d, nil, fmt.Errorf("open a dry run: %w", err)
	}
	if err := json.Unmarshal([]byte(d.Body), &list); err != nil {
		return d, nil, fmt.Errorf("read a dry run: %w", err)
	}
	return d, list, nil
}

// place is an answer to a question in one version.
type place struct {
	Question string     `json:"q"`
	Site     *uuid.UUID `json:"s"`
	Version  int        `json:"v"`
}

func (p place) key() string {
	site := uuid.Nil
	if p.Site != nil {
		site = *p.Site
	}
	return fmt.Sprintf("%s %s %d", p.Question, site, p.Version)
}

// earlier reads earlier wordings of answers, by place.
func earlier(ctx context.Context, tx pg.Tx, cycle uuid.UUID, list []place) (map[string]catalogue.Answer, error) {
	out := map[string]catalogue.Answer{}
	if len(list) == 0 {
		return out, nil
	}
	wanted, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("look for earlier answers: %w", err)
	}
	var rows []struct {
		Question string
		SiteID   *uuid.UUID
		Version  int
		Value    string
	}
	err = tx.WithContext(ctx).Raw(`select p.question, p.site_id, p.version, p.value::text as value
		from jsonb_to_recordset(?::jsonb) as w(q text, s uuid, v int)
		join profile_answer_past p on p.question = w.q and p.site_id is not distinct from w.s and p.version = w.v
		where p.cycle_id = ? and not p.lost order by p.id`, string(wanted), cycle).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for earlier answers: %w", err)
	}
	for _, r := range rows {
		var a catalogue.Answer
		if err := json.Unmarshal([]byte(r.Value), &a); err != nil {
			return nil, fmt.Errorf("read an earlier answer: %w", err)
		}
		out[place{r.Question, r.SiteID, r.Version}.key()] = a
	}
	return out, nil
}
