package credential

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

const (
	issuedAtOnce = 500
	renewBefore  = 60 * 24 * time.Hour // a new code is made so long before the old one ends
	remakeAfter  = 50 * time.Minute    // lists are made anew at least each hour
	tries        = 20
)

// facts are what a certificate says of a membership: when they change it gets a new one.
const facts = `concat_ws(E'\n', m.number, m.entity_type, m.programme, m.tier, y.name, y.country)`

type due struct {
	ID, CompanyID                       uuid.UUID
	Number, Programme, EntityType, Tier string
	Name, Country, CertifiedOn, Facts   string
	Status                              string
}

const dueSQL = `select m.id, m.status, m.company_id, m.number, m.programme, m.entity_type, m.tier, m.certified_on::text as certified_on, y.name, y.country, ` + facts + ` as facts
	from membership m join company y on y.id = m.company_id`

// begun holds a membership to its first day, civil at its office.
const begun = `m.effective_on <= (?::timestamptz at time zone (select o.zone from application a join office o on o.id = a.office_id where a.id = m.application_id))::date`

// Issue makes the printed codes of active memberships that have none, of which something has
// changed, or whose code ends soon. Any number of portals may call it at once. The portal
// itself; no person calls it.
func (s *Service) Issue(ctx context.Context) (n int, err error) {
	by := identity.ClockActor("certificates")
	for {
		made := 0
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			made = 0
			var mine bool
			if err := tx.WithContext(ctx).Raw(`select pg_try_advisory_xact_lock(hashtext('certificates'))`).Scan(&mine).Error; err != nil || !mine {
				return err
			}
			now := s.Now()
			var list []due
			err := tx.WithContext(ctx).Raw(dueSQL+` where m.status = 'active' and `+begun+` and not exists (
				select from credential c where c.membership_id = m.id and c.kind = 'code' and c.replaced_at is null and c.expires_at > ? and c.facts = `+facts+`) order by m.id limit ?`,
				now, now.Add(renewBefore), issuedAtOnce).Scan(&list).Error
			if err != nil {
				return fmt.Errorf("read who needs a certificate: %w", err)
			}
			at, err := openList(ctx, tx)
			if err != nil {
				return err
			}
			for _, d := range list {
				if err := s.issueCode(ctx, tx, d, at, now); err != nil {
					return err
				}
			}
			made = len(list)
			return nil
		})
		n += made
		if err != nil || made < issuedAtOnce {
			return n, err
		}
	}
}

func (s *Service) issueCode(ctx context.Context, tx pg.Tx, d due, list int, now time.Time) error {
	if err := tx.WithContext(ctx).Exec(`update credential set replaced_at = ? where membership_id = ? and kind = 'code' and replaced_at is null`, now, d.ID).Error; err != nil {
		return fmt.Errorf("replace a certificate: %w", err)
	}
	key := pg.NewID()
	position, err := s.place(ctx, tx, key, d, "code", list, now)
	if err != nil {
		return err
	}
	token, err := s.Keys.Sign(tokenType, Claims{Issuer: strings.TrimSuffix(s.Base.String(), "/"), Number: d.Number, Name: short(d.Name), EntityType: d.EntityType, Programme: d.Programme,
		ID: id(list, position), IssuedAt: now.Unix(), Expires: now.Add(life).Unix()})
	if err != nil {
		return err
	}
	return tx.WithContext(ctx).Exec(`update credential set token = ? where id = ?`, token, key).Error
}

// openList is the list that takes certificates now: at most half of it is taken, but for those
// of one round, so that a place by chance is soon a free one.
func openList(ctx context.Context, tx pg.Tx) (list int, err error) {
	if err := tx.WithContext(ctx).Raw(`select coalesce((select case when count(*) >= ? then list + 1 else list end from credential group by list order by list desc limit 1), 0)`, ListSize/2).Scan(&list).Error; err != nil {
		return 0, fmt.Errorf("find a list: %w", err)
	}
	return list, nil
}

// place gives a certificate a place on a list that says nothing of when it was made.
func (s *Service) place(ctx context.Context, tx pg.Tx, key uuid.UUID, d due, kind string, list int, now time.Time) (position int, err error) {
	for range tries {
		n, err := rand.Int(rand.Reader, big.NewInt(ListSize))
		if err != nil {
			return 0, err
		}
		position = int(n.Int64())
		r := tx.WithContext(ctx).Exec(`insert into credential (id, membership_id, company_id, kind, list, position, facts, issued_at, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (list, position) do nothing`,
			key, d.ID, d.CompanyID, kind, list, position, d.Facts, now, now.Add(life))
		if r.Error != nil {
			return 0, fmt.Errorf("keep the certificate: %w", r.Error)
		}
		if r.RowsAffected == 1 {
			return position, nil
		}
	}
	return 0, fmt.Errorf("list %d is too full", list)
}

// Publish makes the status lists anew: those that have changed, and each at least once an
// hour. Any number of portals may call it at once. The portal itself; no person calls it.
func (s *Service) Publish(ctx context.Context) (made int, err error) {
	by := identity.ClockActor("status_lists")
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		made = 0
		var mine bool
		if err := tx.WithContext(ctx).Raw(`select pg_try_advisory_xact_lock(hashtext('status_lists'))`).Scan(&mine).Error; err != nil || !mine {
			return err
		}
		lists, err := bitmaps(ctx, tx)
		if err != nil {
			return err
		}
		now := s.Now()
		for n, raw := range lists {
			done, err := s.publish(ctx, tx, n, raw, now)
			if err != nil {
				return fmt.Errorf("make list %d: %w", n, err)
			}
			if done {
				made++
			}
		}
		return nil
	})
	return made, err
}

// bitmaps are the lists as they should be now. A certificate is good while its membership is
// active and what it says is what the newest one says.
func bitmaps(ctx context.Context, tx pg.Tx) ([][]byte, error) {
	var last int
	if err := tx.WithContext(ctx).Raw(`select coalesce(max(list), 0) from credential`).Scan(&last).Error; err != nil {
		return nil, fmt.Errorf("count the lists: %w", err)
	}
	lists := make([][]byte, last+1)
	for n := range lists {
		lists[n] = make([]byte, ListSize*bits/8)
	}
	var rows []struct{ List, Position, State int }
	err := tx.WithContext(ctx).Raw(`select c.list, c.position, case when m.status = 'suspended' and c.facts = l.facts then 2 else 1 end as state
		from credential c join membership m on m.id = c.membership_id
		left join credential l on l.membership_id = c.membership_id and l.kind = 'code' and l.replaced_at is null
		where m.status <> 'active' or c.facts is distinct from l.facts`).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read what is not valid: %w", err)
	}
	for _, r := range rows {
		put(lists[r.List], r.Position, r.State)
	}
	return lists, nil
}

func (s *Service) publish(ctx context.Context, tx pg.Tx, n int, raw []byte, now time.Time) (bool, error) {
	sum := sha256.Sum256(raw)
	digest := hex.EncodeToString(sum[:])
	var fresh bool
	if err := tx.WithContext(ctx).Raw(`select exists (select from status_list where list = ? and digest = ? and made_at > ?)`, n, digest, now.Add(-remakeAfter)).Scan(&fresh).Error; err != nil || fresh {
		return false, err
	}
	packed, err := pack(raw)
	if err != nil {
		return false, err
	}
	c := listClaims{Subject: s.listAddress(n), IssuedAt: now.Unix(), Expires: now.Add(ListLife).Unix(), TTL: 60}
	c.List.Bits, c.List.List = bits, packed
	token, err := s.Keys.Sign(listType, c)
	if err != nil {
		return false, err
	}
	return true, tx.WithContext(ctx).Exec(`insert into status_list (list, digest, token, made_at, expires_at) values (?, ?, ?, ?, ?)
		on conflict (list) do update set digest = excluded.digest, token = excluded.token, made_at = excluded.made_at, expires_at = excluded.expires_at`, n, digest, token, now, now.Add(ListLife)).Error
}

// StatusList reads a published list. Anybody may.
func (s *Service) StatusList(ctx context.Context, n int) (token string, err error) {
	var list []struct{ Token string }
	if err := s.DB.Batch(ctx, pg.System, pg.All(&list, `select token from status_list where list = $1`, n)); err != nil {
		return "", fmt.Errorf("read a status list: %w", err)
	}
	if len(list) == 0 {
		return "", fault.Missing()
	}
	return list[0].Token, nil
}

// Look verifies a token as anybody would: by the published keys and the published list.
func (s *Service) Look(ctx context.Context, text string) (v Verdict, err error) {
	c, err := Read(text, s.Keys.Set())
	if err != nil {
		return Verdict{State: Forged}, nil
	}
	list, err := s.StatusList(ctx, c.List())
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return v, err
	}
	return Verify(text, s.Keys.Set(), list, s.Now()), nil
}

// Code is the printed code of a membership.
type Code struct {
	Token     string
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// CodeOf reads the code of a membership within a batch of another domain; none: it is still
// being made, or the membership is not active.
func CodeOf(rows *[]Code, membership uuid.UUID) pg.Query {
	return pg.All(rows, `select token, issued_at, expires_at from credential where membership_id = $1 and kind = 'code' and replaced_at is null and token <> ''`, membership)
}

// signer lets those through who bind a company.
func signer(by identity.Actor) error {
	if by.Audience != identity.Companies || !by.Is(identity.CompanySigners...) {
		return fault.Missing()
	}
	return nil
}

// Wallet makes a verifiable credential of a membership (SD-JWT VC). Owner and signatory of the
// member may. Holder is the public key of the wallet as JWK; empty: it is bound to nobody.
// Conflict: the membership is not active.
func (s *Service) Wallet(ctx context.Context, by identity.Actor, membership uuid.UUID, holder string) (text string, err error) {
	if err := signer(by); err != nil {
		return "", err
	}
	bound, err := readHolder(holder)
	if err != nil {
		return "", err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var list []due
		err := tx.WithContext(ctx).Raw(dueSQL+` where m.id = ? and m.company_id = ?`, membership, by.CompanyID).Scan(&list).Error
		switch {
		case err != nil:
			return fmt.Errorf("read the membership: %w", err)
		case len(list) == 0:
			return fault.Missing()
		case list[0].Status != "active":
			return fault.New(fault.Conflict, "This membership is not active, so it has no credential")
		}
		key := pg.NewID()
		// Under the company's eyes only its own places are seen; those of others are met by the
		// unique index.
		n, err := openList(ctx, tx)
		if err != nil {
			return err
		}
		position, err := s.place(ctx, tx, key, list[0], "wallet", n, now)
		if err != nil {
			return err
		}
		if text, err = s.wallet(list[0], n, position, bound, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "membership.wallet", Kind: "membership", Subject: membership, Company: by.CompanyID, After: map[string]any{"credential": key}})
	})
	return text, err
}
