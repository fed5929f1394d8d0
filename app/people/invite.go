package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// offerLife is how long an invitation can be accepted; mostOpen bounds how many wait at once.
const (
	offerLife = 14 * 24 * time.Hour
	mostOpen  = 100
)

// Invitation is what inviting somebody takes. Office is for staff; Agency is for an
// administrator who invites an agency's first administrator.
type Invitation struct {
	Terms
	Email  string
	Office uuid.UUID
	Agency uuid.UUID
}

// Invited is a new invitation. Token is in the e-mail alone: nobody else may see it.
type Invited struct {
	ID    uuid.UUID
	Token string
}

// Offer is an invitation for the person to whom it is shown.
type Offer struct {
	ID          uuid.UUID
	Email       string
	Audience    identity.Audience
	Role        identity.Role
	For         string // name of the company, office or agency
	Parts       []string
	RightEndsOn *time.Time
	Inviter     string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	Version     int
}

// invitationRow is an invitation as it is kept.
type invitationRow struct {
	ID          uuid.UUID
	Email       string
	Audience    identity.Audience
	Role        identity.Role
	CompanyID   *uuid.UUID
	OfficeID    *uuid.UUID
	AgencyID    *uuid.UUID
	Parts       []string `gorm:"-"`
	PartsText   string   // as the database gives them
	RightEndsOn *time.Time
	TokenHash   []byte
	InvitedBy   *uuid.UUID
	Inviter     string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	Version     int
}

func (r invitationRow) place() place { return place{r.CompanyID, r.OfficeID, r.AgencyID} }

func hash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// Invite offers a right to the owner of an e-mail address, who accepts it after
// signing in with that address verified. An owner invites to the own company, an agency's
// administrator to the own agency, an administrator staff to offices below and the first
// administrator of an agency. An open invitation of the same address is replaced.
func (s *Service) Invite(ctx context.Context, by identity.Actor, in Invitation) (Invited, error) {
	row, err := s.offer(by, in)
	if err != nil {
		return Invited{}, err
	}
	token := rand.Text() + rand.Text() // 26 characters of 5 bits each, twice
	now := s.Now()
	row.ID, row.TokenHash, row.Inviter, row.CreatedAt, row.ExpiresAt, row.Version = pg.NewID(), hash(token), by.Name, now, now.Add(offerLife), 1
	if by.PersonID != uuid.Nil {
		row.InvitedBy = &by.PersonID
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		today, err := s.today(ctx, tx, row.place())
		if err != nil {
			return err
		}
		if err := row.accept(in, today); err != nil {
			return err
		}
		if err := roomFor(ctx, tx, row, now); err != nil {
			return err
		}
		if err := insertInvitation(ctx, tx, row, now); err != nil {
			return err
		}
		if err := recordInvitation(ctx, tx, now, by, "invitation.send", row, nil); err != nil {
			return err
		}
		return s.send(ctx, tx, now, row, token)
	})
	return Invited{row.ID, token}, err
}

// offer decides whether the actor may make such an offer, and for whom it is.
func (s *Service) offer(by identity.Actor, in Invitation) (invitationRow, error) {
	if by.Audience == identity.System { // the very first administrator
		return invitationRow{Audience: identity.Staff, OfficeID: &in.Office}, nil
	}
	c, err := manages(by)
	switch {
	case err != nil:
		return invitationRow{}, err
	case c.audience == identity.Companies:
		return invitationRow{Audience: c.audience, CompanyID: &by.CompanyID}, nil
	case c.audience == identity.Partners:
		return invitationRow{Audience: c.audience, AgencyID: &by.AgencyID}, nil
	case in.Agency != uuid.Nil && in.Role == identity.AgencyAdmin:
		return invitationRow{Audience: identity.Partners, AgencyID: &in.Agency}, nil
	case in.Agency != uuid.Nil:
		return invitationRow{}, fault.Fail([]fault.Field{fault.F("role", "You invite an agency's administrators; they invite their officers")})
	case !slices.Contains(c.offices, in.Office):
		return invitationRow{}, fault.Fail([]fault.Field{fault.F("office", "Choose the office to which this person belongs")})
	}
	return invitationRow{Audience: identity.Staff, OfficeID: &in.Office}, nil
}

// accept takes over what the inviter typed.
func (r *invitationRow) accept(in Invitation, today clock.Day) error {
	var check entry.Check
	r.Email = strings.ToLower(check.Email("email", in.Email))
	problems := check.Fields()
	parts, ends, more := in.check(r.Audience, today)
	if problems = append(problems, more...); problems != nil {
		return fault.Fail(problems)
	}
	r.Role, r.Parts, r.RightEndsOn = in.Role, parts, ends
	return nil
}

// roomFor refuses an invitation for somebody who is in already, and more than a
// reasonable number of them.
func roomFor(ctx context.Context, tx pg.Tx, row invitationRow, now time.Time) error {
	there, open, err := countAround(ctx, tx, row, now)
	switch {
	case err != nil:
		return err
	case there > 0:
		return fault.Fail([]fault.Field{fault.F("email", "Somebody with this address has this access already. Change their role instead")})
	case open >= mostOpen:
		return fault.New(fault.Conflict, "There are %d open invitations. Revoke those that nobody needs, then invite again", open)
	}
	return nil
}

// send writes the e-mail, the only place that holds the link.
func (s *Service) send(ctx context.Context, tx pg.Tx, now time.Time, row invitationRow, token string) error {
	name, err := nameOf(ctx, tx, row.place())
	if err != nil {
		return err
	}
	body := strings.Join([]string{
		i18n.T(ctx, "%s invites you to act for %s in the %s.", row.Inviter, name, s.Letters.Brand),
		i18n.T(ctx, "Your role would be: %s.", i18n.T(ctx, RoleName(row.Role))),
		i18n.T(ctx, "Open this link, sign in with this e-mail address, and accept until %s:", i18n.Date(ctx, row.ExpiresAt)),
		s.Base.JoinPath("invitations", token).String(),
		i18n.T(ctx, "Did you not expect this? Then do nothing: without you nothing happens."),
	}, "\n\n") + "\n"
	m := notice.Mail{To: row.Email, Lang: i18n.Lang(ctx), Subject: i18n.T(ctx, "Invitation to %s", s.Letters.Brand), Body: body}
	if row.CompanyID != nil {
		m.Company = *row.CompanyID
	}
	return s.Letters.Mail(ctx, tx, now, m)
}

// RoleName is a role for a person to read (English source text).
func RoleName(r identity.Role) string {
	return map[identity.Role]string{
		identity.Owner: "Owner", identity.Signatory: "Signatory", identity.Editor: "Editor", identity.Contributor: "Contributor",
		identity.Reader: "Reader", identity.Representative: "Representative",
		identity.Specialist: "Specialist", identity.Supervisor: "Supervisor", identity.Headquarters: "Headquarters",
		identity.Auditor: "Auditor", identity.AppealOfficer: "Appeal officer", identity.Administrator: "Administrator",
		identity.Officer: "Customs officer", identity.AgencyAdmin: "Agency administrator", identity.Clock: "Portal",
	}[r]
}

// Show finds the offer that a link leads to, for whoever is signed in. A link that is
// unknown, used, revoked or too old is not found: all four look the same.
func (s *Service) Show(ctx context.Context, by identity.Actor, token string) (Offer, error) {
	if !by.Known() || len(token) > 100 {
		return Offer{}, fault.Missing()
	}
	return findOffer(ctx, s.DB, hash(token), s.Now())
}

// Mine lists the open offers for the actor's verified address that can be accepted with
// the way they signed in.
func (s *Service) Mine(ctx context.Context, by identity.Actor) ([]Offer, error) {
	if !by.Known() {
		return nil, fault.Missing()
	}
	return offersTo(ctx, s.DB, by, s.Now())
}

// Accept takes the right that a link offers. Forbidden: the person signed in with
// another address or another provider, and the message says which one it takes.
func (s *Service) Accept(ctx context.Context, by identity.Actor, token string) (right uuid.UUID, err error) {
	if len(token) > 100 {
		return uuid.Nil, fault.Missing()
	}
	return s.take(ctx, by, "token_hash = ?", hash(token))
}

// AcceptOffer is Accept for an offer of the actor's own list.
func (s *Service) AcceptOffer(ctx context.Context, by identity.Actor, id uuid.UUID) (right uuid.UUID, err error) {
	return s.take(ctx, by, "id = ?", id)
}

func (s *Service) take(ctx context.Context, by identity.Actor, where string, arg any) (uuid.UUID, error) {
	if !by.Known() {
		return uuid.Nil, fault.Missing()
	}
	now, id := s.Now(), pg.NewID()
	// The invitation is nobody's yet: System sees it, narrowed by its secret.
	err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		row, err := lockOffer(ctx, tx, now, where, arg)
		if err != nil {
			return err
		}
		if err := mayAccept(ctx, tx, by, row); err != nil {
			return err
		}
		today, err := s.today(ctx, tx, row.place())
		if err != nil {
			return err
		}
		r := Right{ID: id, PersonID: by.PersonID, Audience: row.Audience, Role: row.Role, CompanyID: row.CompanyID, OfficeID: row.OfficeID,
			AgencyID: row.AgencyID, Parts: row.Parts, StartsOn: today.Time(), EndsOn: row.RightEndsOn, GrantedAt: now, Version: 1}
		if r.EndsOn != nil && r.EndsOn.Before(r.StartsOn) {
			return fault.Missing() // the right it offers would be over
		}
		if err := insertRight(ctx, tx, r, row.InvitedBy); err != nil {
			return err
		}
		if err := closeOffer(ctx, tx, row.ID, by.PersonID, now); err != nil {
			return err
		}
		if err := recordInvitation(ctx, tx, now, by, "invitation.accept", row, nil); err != nil {
			return err
		}
		return recordRight(ctx, tx, now, by, "right.grant", r, nil, "")
	})
	return id, err
}

// mayAccept holds the offer to the verified address, to the way of signing in and to
// one right per person and place.
func mayAccept(ctx context.Context, tx pg.Tx, by identity.Actor, row invitationRow) error {
	email, verified, err := addressOf(ctx, tx, by.PersonID)
	switch {
	case err != nil:
		return err
	case row.Audience != by.Audience, row.AgencyID != nil && *row.AgencyID != by.AgencyID:
		return fault.New(fault.Forbidden, "This invitation is for another way to sign in. Sign out, then open the link again and choose it")
	case !strings.EqualFold(email, row.Email):
		return fault.New(fault.Forbidden, "This invitation was sent to another e-mail address than the one you signed in with. Sign in with that one, or ask to be invited at yours")
	case !verified:
		return fault.New(fault.Forbidden, "Your sign-in provider has not confirmed your e-mail address. Confirm it there, sign in again and open the link")
	}
	there, err := hasRight(ctx, tx, by.PersonID, row)
	if err == nil && there {
		err = fault.New(fault.Conflict, "You have access there already. Ask whoever invited you to change your role instead")
	}
	return err
}

// Revoke takes an open invitation back.
func (s *Service) Revoke(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	c, err := manages(by)
	if err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		row, err := lockInvitation(ctx, tx, c, id)
		if err != nil {
			return err
		}
		if row.Version != version {
			return fault.Moved()
		}
		if err := revoke(ctx, tx, row, now); err != nil {
			return err
		}
		return recordInvitation(ctx, tx, now, by, "invitation.revoke", row, map[string]any{"revoked": true})
	})
}

func recordInvitation(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, action string, row invitationRow, after map[string]any) error {
	if after == nil {
		after = map[string]any{"email": row.Email, "role": row.Role}
	}
	e := audit.Event{Action: action, Kind: "invitation", Subject: row.ID, After: after}
	if row.CompanyID != nil {
		e.Company = *row.CompanyID
	}
	if row.AgencyID != nil {
		e.Agency = *row.AgencyID
	}
	if err := audit.Record(ctx, tx, now, by, e); err != nil {
		return fmt.Errorf("keep the invitation: %w", err)
	}
	return nil
}
