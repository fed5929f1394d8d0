// Package signin lets people in by OpenID Connect, keeps their sessions in
// PostgreSQL and says on every request who acts and under which right.
//
// Sessions live on the server, so that ending one, or changing a right, holds
// from the next request on, on every replica. The browser keeps a random secret;
// the database keeps only its hash. The secret changes at sign-in and whenever
// the person acts under another right (OWASP ASVS 7.2.4).
package signin

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/identity/oidcrp"
	"trustedtrader/app/pg"
	"trustedtrader/app/seal"
)

// Provider is one way to sign in, bound to one audience.
type Provider struct {
	*oidcrp.Provider
	Audience identity.Audience
	Agency   string // code of the partner agency; only for that audience
}

// Limits says how long a session lives: Idle without a request, Absolute in all,
// and how long before the end the person is warned.
type Limits struct{ Idle, Absolute, Warn time.Duration }

// Service signs people in and out.
type Service struct {
	DB        *pg.DB
	Now       func() time.Time
	Providers []Provider
	Limits    Limits
	Key       []byte // 32 bytes: seals what is kept for the provider
}

// Session is a signed-in browser as its owner sees it.
type Session struct {
	ID         uuid.UUID
	Provider   string
	UserAgent  string
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
	Current    bool
}

// Known is what a request learns from its cookie.
type Known struct {
	Actor     identity.Actor
	CSRF      string
	Provider  string
	Rights    int // live rights the person could act under here
	Unread    int // letters and messages that the person has not opened
	IdleUntil time.Time
	ExpiresAt time.Time
}

// secret makes a 256-bit secret and its hash.
func secret() (string, []byte) {
	s := rand.Text() + rand.Text() // 26 characters of 5 bits each, twice
	return s, hash(s)
}

func hash(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}

// Provider finds a configured provider.
func (s *Service) Provider(id string) (Provider, bool) {
	i := slices.IndexFunc(s.Providers, func(p Provider) bool { return p.ID() == id })
	if i < 0 {
		return Provider{}, false
	}
	return s.Providers[i], true
}

// Wish is how a person wants to sign in. Fresh has the provider ask who they are even
// if it still knows: otherwise whoever signed in too weakly would be let in just as
// weakly again, and never reach the page where they could do better.
type Wish struct {
	ReturnTo string // path of ours to go to afterwards
	Lang     string // of the provider's pages
	Fresh    bool
}

// Begin starts a sign-in at a provider. It returns the address to send the browser
// to and a secret for its cookie, which ties the answer to this browser. Anybody may.
func (s *Service) Begin(ctx context.Context, provider string, wish Wish) (address, browser string, err error) {
	p, ok := s.Provider(provider)
	if !ok {
		return "", "", fault.Missing()
	}
	flow, address, err := p.Begin(ctx, oidcrp.Ask{Locale: wish.Lang, Fresh: wish.Fresh})
	if err != nil {
		return "", "", err
	}
	browser, browserHash := secret()
	now := s.Now()
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		return insertFlow(ctx, tx, flowRow{
			StateHash: hash(flow.State), BrowserHash: browserHash, Provider: provider, Nonce: flow.Nonce, Verifier: flow.Verifier,
			Fresh: flow.Fresh, ReturnTo: LocalPath(wish.ReturnTo), CreatedAt: now, ExpiresAt: now.Add(oidcrp.FlowLife),
		})
	})
	if err != nil {
		return "", "", fmt.Errorf("begin to sign in: %w", err)
	}
	return address, browser, nil
}

// Finish ends a sign-in: it takes the provider's answer, knows or meets the person
// and opens a session. It returns the session's secret and where the person wanted
// to go. Failures are *oidcrp.Error.
func (s *Service) Finish(ctx context.Context, provider string, back oidcrp.Callback, browser, userAgent, requestID string) (sessionSecret, returnTo string, err error) {
	p, ok := s.Provider(provider)
	if !ok {
		return "", "", fault.Missing()
	}
	var kept flowRow
	var found bool
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error { // committed before the code is exchanged: single use
		kept, found, err = takeFlow(ctx, tx, hash(back.State), hash(browser), provider, s.Now())
		return err
	})
	if err != nil {
		return "", "", fmt.Errorf("look up the sign-in: %w", err)
	}
	flow := oidcrp.Flow{Provider: provider}
	if found {
		flow = oidcrp.Flow{Provider: provider, State: back.State, Nonce: kept.Nonce, Verifier: kept.Verifier, Fresh: kept.Fresh, Begun: kept.CreatedAt}
	}
	who, err := p.Finish(ctx, flow, back)
	if err != nil {
		return "", "", err
	}
	idToken, err := sealed(s.Key, []byte(who.RawIDToken))
	if err != nil {
		return "", "", fmt.Errorf("keep the sign-in: %w", err)
	}
	now := s.Now()
	value, valueHash := secret()
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		person, before, err := meet(ctx, tx, now, who)
		if err != nil {
			return err
		}
		by := identity.Actor{PersonID: person.ID, Name: person.Name, Audience: p.Audience, RequestID: requestID}
		if before != nil && (before.Email != person.Email || before.EmailVerified != person.EmailVerified || before.Name != person.Name) {
			err := audit.Record(ctx, tx, now, by, audit.Event{Action: "person.change", Kind: "person", Subject: person.ID,
				Before: said(*before), After: said(person), Reason: "The sign-in provider says so"})
			if err != nil {
				return err
			}
		}
		row := sessionRow{
			ID: pg.NewID(), SecretHash: valueHash, PersonID: person.ID, Provider: provider, Audience: string(p.Audience),
			ProviderSID: entry.Head(who.SID, 200), IDToken: idToken, CSRF: rand.Text(), UserAgent: entry.Head(userAgent, 200),
			CreatedAt: now, LastSeenAt: now, IdleUntil: now.Add(s.Limits.Idle), ExpiresAt: now.Add(s.Limits.Absolute),
		}
		if p.Audience == identity.Partners {
			id, err := agencyID(ctx, tx, p.Agency)
			if err != nil {
				return err
			}
			row.AgencyID = &id
		}
		rights, err := liveRights(ctx, tx, person.ID, row.Audience, row.AgencyID, now)
		if err != nil {
			return err
		}
		if len(rights) == 1 {
			row.RightID = &rights[0].ID
		}
		if err := insertSession(ctx, tx, row); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "session.sign_in", Kind: "session", Subject: row.ID,
			After: map[string]string{"provider": provider, "acr": who.ACR, "amr": strings.Join(who.AMR, " ")}})
	})
	if err != nil {
		return "", "", fmt.Errorf("open a session: %w", err)
	}
	return value, kept.ReturnTo, nil
}

// Meet makes a person known as a sign-in does, without one: the demo's people are there
// before they sign in for the first time. Only the portal itself may.
func (s *Service) Meet(ctx context.Context, by identity.Actor, who oidcrp.Identity) (person uuid.UUID, err error) {
	if by.Audience != identity.System {
		return uuid.Nil, fault.Missing()
	}
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		row, _, err := meet(ctx, tx, s.Now(), who)
		person = row.ID
		return err
	})
	return person, err
}

// meet finds the person by issuer and subject or makes them known, and takes over
// what the provider says of their name and address. before is what was known until
// now, nil for somebody new. A provider that leaves the name or the address out does
// not make us forget it, but an address that it does not confirm is not verified.
func meet(ctx context.Context, tx pg.Tx, now time.Time, who oidcrp.Identity) (person personRow, before *personRow, err error) {
	before, err = findPerson(ctx, tx, who.Issuer, who.Subject)
	if err != nil {
		return personRow{}, nil, err
	}
	name, email := entry.Head(strings.TrimSpace(who.Name), 200), entry.Head(strings.TrimSpace(who.Email), 254)
	verified := who.EmailVerified && email != ""
	if before != nil {
		name, email = cmp.Or(name, before.Name), cmp.Or(email, before.Email)
	}
	person, err = upsertPerson(ctx, tx, personRow{
		ID: pg.NewID(), Issuer: who.Issuer, Subject: who.Subject, Email: email, EmailVerified: verified,
		Name: cmp.Or(name, email, "Unnamed person"), Lang: entry.Head(who.Locale, 20), CreatedAt: now, LastSeenAt: &now,
	})
	return person, before, err
}

// said is what a provider says of a person, for the audit log.
func said(p personRow) map[string]any {
	return map[string]any{"name": p.Name, "email": p.Email, "email_verified": p.EmailVerified}
}

// Recognise says who sent a request, by the secret in its cookie. A session that
// ended, or whose right ended meanwhile, is nobody (or nobody with rights).
// One round trip; it also keeps the session from idling out.
func (s *Service) Recognise(ctx context.Context, sessionSecret, requestID string) (Known, bool, error) {
	if len(sessionSecret) < 40 || len(sessionSecret) > 80 {
		return Known{}, false, nil
	}
	row, found, err := recognise(ctx, s.DB, hash(sessionSecret), s.Now(), s.Limits.Idle)
	if err != nil || !found {
		return Known{}, false, err
	}
	return row.known(requestID), true, nil
}

// SignOut ends the session and returns where the provider ends its own, if it can.
func (s *Service) SignOut(ctx context.Context, by identity.Actor) (providerAddress string, err error) {
	var row sessionRow
	now := s.Now()
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		row, err = endSession(ctx, tx, by.SessionID, by.PersonID, now)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "session.sign_out", Kind: "session", Subject: by.SessionID})
	})
	if err != nil {
		return "", fmt.Errorf("sign out: %w", err)
	}
	p, ok := s.Provider(row.Provider)
	if !ok {
		return "", nil
	}
	token, err := opened(s.Key, row.IDToken)
	if err != nil {
		return "", nil // another key since: the provider will ask the person instead
	}
	address, _ := p.LogoutURL(ctx, string(token), "")
	return address, nil
}

// Right is one of a person's own rights, to choose from.
type Right struct {
	ID      uuid.UUID
	Role    string
	For     string // the company, office or agency
	EndsOn  *time.Time
	Current bool
}

// Rights lists what the person may act as in this session.
func (s *Service) Rights(ctx context.Context, by identity.Actor) (out []Right, err error) {
	err = s.DB.Read(ctx, pg.System, func(tx pg.Tx) error {
		row, err := liveSession(ctx, tx, by.SessionID, by.PersonID)
		if err != nil {
			return err
		}
		rows, err := liveRights(ctx, tx, by.PersonID, row.Audience, row.AgencyID, s.Now())
		for _, r := range rows {
			out = append(out, Right{ID: r.ID, Role: r.Role, For: r.For, EndsOn: r.EndsOn, Current: r.ID == by.RightID})
		}
		return err
	})
	return out, err
}

// Choose lets the person act under another of their rights. The session gets a new
// secret, which is returned; the old one is dead. The secret is empty when the session
// acts under that right already: of several requests that choose it at once one gets
// the new secret, for if each handed out its own, the browser could end with a dead
// one. Choosing another right than a request beside it did is a Conflict, and a right
// that is not theirs is NotFound.
func (s *Service) Choose(ctx context.Context, by identity.Actor, right uuid.UUID) (sessionSecret string, err error) {
	value, valueHash := secret()
	now := s.Now()
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		row, err := lockSession(ctx, tx, by.SessionID, by.PersonID)
		if err != nil {
			return err
		}
		rights, err := liveRights(ctx, tx, by.PersonID, row.Audience, row.AgencyID, now)
		if err != nil {
			return err
		}
		live := func(id uuid.UUID) bool {
			return slices.ContainsFunc(rights, func(r rightRow) bool { return r.ID == id })
		}
		switch {
		case !live(right):
			return fault.Missing()
		case row.RightID != nil && *row.RightID == right:
			value = ""
			return nil
		case row.RightID != nil && *row.RightID != by.RightID && live(*row.RightID):
			return fault.New(fault.Conflict, "You chose another role in another window meanwhile. Go to the start page, then choose again")
		}
		if err := rotate(ctx, tx, row.ID, valueHash, rand.Text(), right); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "session.act_as", Kind: "session", Subject: row.ID,
			Before: map[string]any{"right": by.RightID}, After: map[string]any{"right": right}})
	})
	return value, err
}

// Sessions lists the person's own live sessions.
func (s *Service) Sessions(ctx context.Context, by identity.Actor) ([]Session, error) {
	rows, err := ownSessions(ctx, s.DB, by.PersonID, s.Now())
	for i := range rows {
		rows[i].Current = rows[i].ID == by.SessionID
	}
	return rows, err
}

// End ends one of the person's own sessions; uuid.Nil ends all but the current one.
func (s *Service) End(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	now := s.Now()
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		if id == uuid.Nil {
			if err := endOthers(ctx, tx, by.PersonID, by.SessionID, now); err != nil {
				return err
			}
		} else if _, err := endSession(ctx, tx, id, by.PersonID, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "session.end", Kind: "session", Subject: id})
	})
}

// SetLanguage keeps the person's language for pages and letters.
func (s *Service) SetLanguage(ctx context.Context, by identity.Actor, tag string) error {
	now := s.Now()
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		if err := setLang(ctx, tx, by.PersonID, tag); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "person.language", Kind: "person", Subject: by.PersonID,
			Before: map[string]string{"lang": by.Lang}, After: map[string]string{"lang": tag}})
	})
}

// SetZone keeps the zone in which a person reads times. Anybody may choose their own.
// Invalid: a zone that is none.
func (s *Service) SetZone(ctx context.Context, by identity.Actor, zone string) error {
	now := s.Now()
	var c entry.Check
	zone = c.Zone("zone", zone)
	if err := c.Err(); err != nil {
		return err
	}
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		if err := setZone(ctx, tx, by.PersonID, zone); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "person.zone", Kind: "person", Subject: by.PersonID,
			Before: map[string]string{"zone": by.Zone.String()}, After: map[string]string{"zone": zone}})
	})
}

// KeptLife is how long a form is kept for somebody whose session had ended.
const KeptLife = time.Hour

// KeptLimit bounds what is kept of one form, and keptForms how many are kept for one
// person at a time.
const (
	KeptLimit = 256 << 10
	keptForms = 20
)

// Keep stores what somebody sent after their session had ended, sealed with a token
// that only their browser has: nothing typed is lost by signing in again. Whose it is
// shows by the secret of the ended session or by the form's own token; only that
// person gets it back. Nothing is kept, and the token is empty, when neither is known,
// for a form that is too large, and for somebody with twenty forms waiting already:
// strangers must not fill the database.
func (s *Service) Keep(ctx context.Context, sessionSecret, csrf, path string, body []byte) (token string, err error) {
	if len(body) == 0 || len(body) > KeptLimit || LocalPath(path) == "" {
		return "", nil
	}
	token, tokenHash := secret()
	text, err := sealed(hash("kept form "+token), body)
	if err != nil {
		return "", fmt.Errorf("keep the form: %w", err)
	}
	now := s.Now()
	var kept bool
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		person, found, err := sender(ctx, tx, hash(sessionSecret), csrf)
		if err != nil || !found {
			return err
		}
		kept, err = insertKept(ctx, tx, keptRow{TokenHash: tokenHash, PersonID: &person, Path: path, Sealed: text, CreatedAt: now, ExpiresAt: now.Add(KeptLife)})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("keep the form: %w", err)
	}
	if !kept {
		return "", nil
	}
	return token, nil
}

// Kept gives back, once, what was kept under a token to the person who had sent it.
// For anybody else there is nothing (NotFound).
func (s *Service) Kept(ctx context.Context, by identity.Actor, token string) (path string, body []byte, err error) {
	var row keptRow
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		row, err = takeKept(ctx, tx, hash(token), by.PersonID, s.Now())
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("give back the form: %w", err)
	}
	if body, err = opened(hash("kept form "+token), row.Sealed); err != nil {
		return "", nil, fmt.Errorf("give back the form: %w", err)
	}
	return row.Path, body, nil
}

// Allow counts one use of key in a window shared by all replicas and reports
// whether it stays within most; if not, how long to wait.
func (s *Service) Allow(ctx context.Context, key string, most int, window time.Duration) (ok bool, wait time.Duration, err error) {
	now := s.Now()
	from := now.Truncate(window)
	hits, err := hit(ctx, s.DB, key, from)
	if err != nil {
		return false, 0, fmt.Errorf("count uses: %w", err)
	}
	return hits <= most, from.Add(window).Sub(now), nil
}

// LocalPath keeps a path of our own site and drops everything else, so that no
// link can use the sign-in to send people elsewhere.
func LocalPath(p string) string {
	if len(p) > 500 || !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t\x00") {
		return ""
	}
	return p
}

// sealed hides a text under a key; opened shows it.
func sealed(key, plain []byte) ([]byte, error) {
	box, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	return box.Seal(plain, nil)
}

func opened(key, text []byte) ([]byte, error) {
	box, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	return box.Open(text, nil)
}
