// Package partnerapi is the machine door of partner agencies: programs that ask for the status
// of operators, follow what happens to them, fetch daily files and report irregularities.
//
// Who may: an administrator of the agency makes clients, gives them keys and says what each
// may do under which arrangement of the agency. A client proves itself with a key of its own
// (OAuth 2.0 client credentials, RFC 7523) and gets a token for ten minutes at most. To
// everybody else there is nothing.
//
// The rules of what a partner may see are not here: they are in package consultation, which
// answers people and programs alike.
package partnerapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/signing"
)

// The scopes of a token.
const (
	StatusRead        = "status:read"
	FeedRead          = "feed:read"
	IrregularityWrite = "irregularity:write"
	OperatorsWrite    = "operators:write"
)

// Scopes lists what a client may be allowed.
func Scopes() []string { return []string{StatusRead, FeedRead, IrregularityWrite, OperatorsWrite} }

const (
	mostClients = 20 // of an agency
	liveKeys    = 2  // of a client, so that one can replace the other
)

// Service is what partners and their programs do.
type Service struct {
	DB     *pg.DB
	Now    func() time.Time
	Base   *url.URL // issuer, and the start of every address
	Keys   *signing.Keys
	Key    []byte // 32 bytes: seals secrets of webhooks
	Limits Limits
	Local  bool // development: webhooks may go to this machine

	leases leases
	known  tokens
}

// Issuer names the portal in tokens and signatures.
func (s *Service) Issuer() string { return s.Base.String() }

// TokenAddress is where tokens are asked for.
func (s *Service) TokenAddress() string { return s.Base.JoinPath("api/v1/token").String() }

// Client is a program of a partner agency.
type Client struct {
	ID        uuid.UUID
	AgencyID  uuid.UUID
	Name      string
	CertHash  string
	CreatedAt time.Time
	Creator   string
	ClosedAt  *time.Time
	Version   int
}

// Key is a public key of a client.
type Key struct {
	ID        uuid.UUID
	ClientID  uuid.UUID
	KID       string `db:"kid"`
	Alg       string
	AddedAt   time.Time
	Adder     string
	RetiredAt *time.Time
}

// Grant is what a client may do under an arrangement.
type Grant struct {
	ClientID    uuid.UUID
	Arrangement string
	Scopes      []string
}

// Caller is a client that has shown a token.
type Caller struct {
	Client uuid.UUID
	Actor  identity.Actor // acts for the agency; it is no person
	Grants map[string][]string
}

// May reports whether the caller has a scope under an arrangement.
func (c Caller) May(scope, arrangement string) bool {
	return slices.Contains(c.Grants[arrangement], scope)
}

// Under lists the arrangements under which the caller has a scope.
func (c Caller) Under(scope string) (out []string) {
	for a, scopes := range c.Grants {
		if slices.Contains(scopes, scope) {
			out = append(out, a)
		}
	}
	slices.Sort(out)
	return out
}

// admin lets an agency's administrators through.
func admin(by identity.Actor) error {
	if !by.Abroad(identity.AgencyAdmin) {
		return fault.Missing()
	}
	return nil
}

// ClientPage is one client with everything that hangs on it.
type ClientPage struct {
	Client       Client
	Keys         []Key
	Grants       []Grant
	Arrangements []string // of the agency
	Used         int      // requests of this minute
	Limit        int
	Watches      int
}

// Scopes are what the client may do under an arrangement.
func (p ClientPage) Scopes(arrangement string) []string {
	for _, g := range p.Grants {
		if g.Arrangement == arrangement {
			return g.Scopes
		}
	}
	return nil
}

const (
	clientColumns = `id, agency_id, name, cert_hash, created_at, creator, closed_at, version`
	keyColumns    = `id, client_id, kid, alg, added_at, adder, retired_at`

	ownArrangements = `select arrangement from arrangement_agency where agency_id = $1 and until is null order by arrangement limit 200`
)

// Overview is the list of an agency's clients and its webhooks.
type Overview struct {
	Clients    []Client
	Hooks      []Hook
	Deliveries []Delivery
}

// Clients lists the clients and webhooks of the actor's agency, with the latest messages and
// those that were given up. Its administrators may.
func (s *Service) Clients(ctx context.Context, by identity.Actor) (o Overview, err error) {
	if err := admin(by); err != nil {
		return o, err
	}
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&o.Clients, `select `+clientColumns+` from api_client where agency_id = $1 order by closed_at is not null, created_at desc limit 100`, by.AgencyID),
		pg.All(&o.Hooks, `select `+hookColumns+` from webhook w where agency_id = $1 order by closed_at is not null, created_at desc limit 50`, by.AgencyID),
		pg.All(&o.Deliveries, `select `+deliveryColumns+` from webhook_delivery d join webhook w on w.id = d.webhook_id where d.agency_id = $1
			and (d.status = 'dead' or d.id in (select id from webhook_delivery where agency_id = $1 order by created_at desc, id desc limit 25)) order by d.created_at desc, d.id desc limit 100`, by.AgencyID))
	if err != nil {
		return o, fmt.Errorf("list the clients: %w", err)
	}
	return o, nil
}

// Client reads one client of the actor's agency. Its administrators may.
func (s *Service) Client(ctx context.Context, by identity.Actor, id uuid.UUID) (p ClientPage, err error) {
	if err := admin(by); err != nil {
		return p, err
	}
	from := s.Now().Truncate(time.Minute)
	var names []struct{ Arrangement string }
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&p.Client, `select `+clientColumns+` from api_client where id = $1 and agency_id = $2`, id, by.AgencyID),
		pg.All(&p.Keys, `select `+keyColumns+` from api_key where client_id = $1 order by retired_at is not null, added_at desc limit 50`, id),
		pg.All(&p.Grants, `select client_id, arrangement, scopes from api_grant where client_id = $1 order by arrangement limit 200`, id),
		pg.All(&names, ownArrangements, by.AgencyID),
		pg.Value(&p.Watches, `select count(*)::int from api_watch where client_id = $1`, id),
		pg.Value(&p.Used, `select coalesce(max(hits), 0)::int from rate_limit where key = $1 and window_from = $2`, "api "+id.String(), from))
	if err != nil {
		return p, fmt.Errorf("read the client: %w", err)
	}
	for _, n := range names {
		p.Arrangements = append(p.Arrangements, n.Arrangement)
	}
	p.Limit = s.Limits.requests()
	p.Used = min(p.Used, p.Limit)
	return p, nil
}

// scopeSet is how the grants of a token are kept.
func scopeSet(list []Grant) (string, error) {
	out := map[string][]string{}
	for _, g := range list {
		if len(g.Scopes) > 0 {
			out[g.Arrangement] = g.Scopes
		}
	}
	b, err := json.Marshal(out)
	return string(b), err
}
