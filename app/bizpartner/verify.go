package bizpartner

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

// Limits of links for outsiders.
const (
	mostDays  = 90
	mostLinks = 200 // that work, of one company
)

// VerifyLink is a link by which whoever has it sees the status of a membership now.
type VerifyLink struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	CompanyID    uuid.UUID
	MembershipID uuid.UUID
	Purpose      string
	TokenHash    []byte
	CreatedAt    time.Time
	CreatedBy    *uuid.UUID
	Author       string
	ExpiresAt    time.Time
	RevokedAt    *time.Time
	Looks        int
	LookedAt     *time.Time
	Version      int
}

// TableName is the table that holds links.
func (VerifyLink) TableName() string { return "verification_link" }

// LinkItem is a link in the list of its company.
type LinkItem struct {
	VerifyLink
	Number string
	Works  bool
	Last   []time.Time // the last looks, the newest first
}

// LinkMember is a membership for which a link can be made.
type LinkMember struct {
	ID     uuid.UUID
	Number string
}

// Links is what a company sees of its links.
type Links struct {
	Items   []LinkItem
	Members []LinkMember
	MaySign bool
}

// VerifyEntry makes a link.
type VerifyEntry struct {
	Membership string // id
	Purpose    string // for the company itself: whom the link is for
	Days       string // 1 to 90
}

// Links lists the links of the actor's company with their looks. Its own people may.
func (s *Service) Links(ctx context.Context, by identity.Actor) (l Links, err error) {
	if err := reader(by); err != nil {
		return l, err
	}
	l.MaySign = by.Is(identity.CompanySigners...)
	var rows []struct {
		VerifyLink
		Number string
	}
	var looks []struct {
		LinkID uuid.UUID
		At     time.Time
	}
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&rows, `select l.*, m.number from verification_link l join membership m on m.id = l.membership_id where l.company_id = $1 order by l.created_at desc, l.id limit 500`, by.CompanyID),
		pg.All(&looks, `select k.link_id, k.at from verification_link l cross join lateral (
			select link_id, at from verification_look where link_id = l.id order by at desc limit 10) k where l.company_id = $1 order by k.at desc`, by.CompanyID),
		pg.All(&l.Members, `select id, number from membership where company_id = $1 order by status = 'ended', certified_on desc, id`, by.CompanyID))
	if err != nil {
		return l, fmt.Errorf("list the verification links: %w", err)
	}
	now := s.Now()
	for _, r := range rows {
		x := LinkItem{VerifyLink: r.VerifyLink, Number: r.Number, Works: r.RevokedAt == nil && now.Before(r.ExpiresAt)}
		for _, k := range looks {
			if k.LinkID == x.ID {
				x.Last = append(x.Last, k.At)
			}
		}
		l.Items = append(l.Items, x)
	}
	return l, nil
}

// MakeLink makes a link for a membership of the actor's company and tells its token this
// once. Its owner and signatories may. The token is signed: what was not made here is refused
// without a look into the database.
func (s *Service) MakeLink(ctx context.Context, by identity.Actor, in VerifyEntry) (token string, err error) {
	if err := signer(by); err != nil {
		return "", err
	}
	var c entry.Check
	purpose := c.Line("purpose", "whom the link is for", in.Purpose, 1, 200)
	days := c.Whole("days", "how many days the link is good", in.Days, 1, mostDays, true)
	membership, bad := uuid.Parse(in.Membership)
	if bad != nil {
		c.Add("membership", "Choose the membership")
	}
	if err := c.Err(); err != nil {
		return "", err
	}
	now := s.Now()
	token = s.newToken()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := hold(ctx, tx, by.CompanyID); err != nil {
			return err
		}
		own, err := scan[struct {
			Number string
			Live   int
		}](ctx, tx, `select m.number, (select count(*)::int from verification_link l where l.company_id = m.company_id and l.revoked_at is null and l.expires_at > ?) as live
			from membership m where m.id = ? and m.company_id = ?`, now, membership, by.CompanyID)
		switch {
		case err != nil:
			return fmt.Errorf("make a verification link: %w", err)
		case len(own) == 0:
			return fault.Fail([]fault.Field{fault.F("membership", "Choose the membership")})
		case own[0].Live >= mostLinks:
			return fault.New(fault.Conflict, "%d links work already. Switch off those that nobody needs first", mostLinks)
		}
		l := VerifyLink{ID: pg.NewID(), CompanyID: by.CompanyID, MembershipID: membership, Purpose: purpose, TokenHash: hash(token), CreatedAt: now, CreatedBy: person(by),
			Author: by.Name, ExpiresAt: now.AddDate(0, 0, *days), Version: 1}
		if err := add(ctx, tx, &l); err != nil {
			return fmt.Errorf("make a verification link: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "verification_link.make", Kind: KindLink, Subject: l.ID, Company: l.CompanyID,
			After: map[string]any{"number": own[0].Number, "purpose": purpose, "expires_at": l.ExpiresAt}})
	})
	return token, err
}

// RevokeLink switches a link off at once and for ever. Owner and signatories may.
func (s *Service) RevokeLink(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	if err := signer(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		l, err := lock[VerifyLink](ctx, tx, by.CompanyID, id)
		if err != nil {
			return err
		}
		if l.RevokedAt != nil {
			return nil
		}
		l.RevokedAt = &now
		if err := pg.Update(ctx, tx, &l, l.ID, &l.Version, "revoked_at"); err != nil {
			return fmt.Errorf("switch off a verification link: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "verification_link.revoke", Kind: KindLink, Subject: l.ID, Company: l.CompanyID, Before: map[string]any{"purpose": l.Purpose}})
	})
}

// Lengths of the parts of a token in bytes.
const (
	secretSize = 32
	macSize    = 16
)

// newToken is a random secret with a signature.
func (s *Service) newToken() string {
	var secret [secretSize]byte
	_, _ = rand.Read(secret[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(append(secret[:], s.mac("verification", secret[:])...))
}

func (s *Service) mac(what string, secret []byte) []byte {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte(what + "\x00"))
	h.Write(secret)
	return h.Sum(nil)[:macSize]
}

// genuine reports whether a token was made here.
func (s *Service) genuine(token string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil && len(b) == secretSize+macSize && hmac.Equal(b[secretSize:], s.mac("verification", b[:secretSize]))
}

// hash is what is kept of a token. It needs no salt: the token is random.
func hash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// Verified is what an outsider sees through a link, and nothing more.
type Verified struct {
	Link       uuid.UUID // to count looks; not shown
	Company    string
	Programme  string // code
	EntityType string
	Parts      []Part
	AsOf       time.Time
	Zone       *time.Location // of the office, in which days are civil
	ExpiresAt  time.Time
}

type verifiedRow struct {
	ID, CompanyID, MembershipID          uuid.UUID
	Company, Programme, EntityType, Zone string
	ExpiresAt                            time.Time
}

// Verify says to whoever has a link what the membership is now, and counts the look.
// NotFound, always the same: the link is unknown, has expired or was switched off.
func (s *Service) Verify(ctx context.Context, token string) (v Verified, err error) {
	if !s.genuine(token) {
		return v, fault.Missing()
	}
	now := s.Now()
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		rows, err := scan[verifiedRow](ctx, tx, `select l.id, l.company_id, l.membership_id, c.name as company, m.programme, m.entity_type, o.zone, l.expires_at
			from verification_link l join membership m on m.id = l.membership_id join company c on c.id = m.company_id
			join application a on a.id = m.application_id join office o on o.id = a.office_id
			where l.token_hash = ? and l.revoked_at is null and l.expires_at > ? for update of l`, hash(token), now)
		if err != nil {
			return fmt.Errorf("open a verification link: %w", err)
		}
		if len(rows) == 0 {
			return fault.Missing()
		}
		r := rows[0]
		zone, err := time.LoadLocation(r.Zone)
		if err != nil {
			return fmt.Errorf("read the office's zone: %w", err)
		}
		p, err := s.programmeOf(r.Programme)
		if err != nil {
			return err
		}
		spans, err := standing.Of(ctx, tx, r.MembershipID)
		if err != nil {
			return err
		}
		v = Verified{Link: r.ID, Company: r.Company, Programme: r.Programme, EntityType: r.EntityType, Parts: parts(spans, p.Standing.TypesOf(r.EntityType), clock.DayOf(now, zone)),
			AsOf: now, Zone: zone, ExpiresAt: r.ExpiresAt}
		if _, err := run(ctx, tx, `update verification_link set looks = looks + 1, looked_at = ? where id = ?`, now, r.ID); err != nil {
			return fmt.Errorf("count a look: %w", err)
		}
		if _, err := run(ctx, tx, `insert into verification_look (link_id, company_id, at) values (?, ?, ?)`, r.ID, r.CompanyID, now); err != nil {
			return fmt.Errorf("count a look: %w", err)
		}
		return nil
	})
	return v, err
}

// parts are the types of a membership on a day, each with the day since which its state is so.
func parts(spans []standing.Span, types []string, today clock.Day) (out []Part) {
	for _, name := range types {
		x, ok := standing.At(spans, name, today)
		part := Part{Type: name}
		if ok {
			since := x.From
			for again := true; again; {
				again = false
				for _, y := range spans {
					if y.Type == name && y.State == x.State && y.Until == since {
						since, again = y.From, true
					}
				}
			}
			part = Part{Type: name, State: x.State, Tier: x.Tier, How: x.How, Since: &since}
		}
		out = append(out, part)
	}
	return out
}
