package bizpartner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

// Limits of asking, so that nobody tries out numbers.
const (
	mostAsked      = 200 // that wait, of one company
	mostAskedDaily = 50
	answerWithin   = 30 * 24 * time.Hour // a request that nobody has answered then is over
)

// State of a connection as one side sees it. To the asker a refusal looks like silence.
type State string

// The states.
const (
	Asked     State = "asked"
	Connected State = "connected"
	Silent    State = "silent" // asked, and not answered in time
	Over      State = "ended"
)

// Name is the state for a person to read (English source text).
func (s State) Name() string {
	return map[State]string{Asked: "Waits for an answer", Connected: "Connected", Silent: "Not answered", Over: "Ended"}[s]
}

// link is a connection as it is kept.
type link struct {
	ID             uuid.UUID `gorm:"primaryKey"`
	AskerID        uuid.UUID
	AskerMemberID  uuid.UUID
	Number         string
	OtherID        *uuid.UUID
	OtherMemberID  *uuid.UUID
	AskerPartnerID *uuid.UUID
	OtherPartnerID *uuid.UUID
	Status         string
	Purpose        string
	AskedAt        time.Time
	AskedBy        *uuid.UUID
	AnsweredAt     *time.Time
	AnsweredBy     *uuid.UUID
	EndedAt        *time.Time
	EndedBy        *uuid.UUID
	Version        int
}

func (link) TableName() string { return "partner_connection" }

// Consent is whether a company can be found and shows its status to those it is connected with.
type Consent struct {
	CompanyID   uuid.UUID `gorm:"primaryKey"`
	GivenAt     time.Time
	GivenBy     *uuid.UUID
	WithdrawnAt *time.Time
	Version     int
}

// TableName is the table that holds consents.
func (Consent) TableName() string { return "partner_consent" }

// Given reports whether the consent holds.
func (c Consent) Given() bool { return !c.GivenAt.IsZero() && c.WithdrawnAt == nil }

// Part is the status of one type of a membership now.
type Part struct {
	Type  string
	State standing.State
	Tier  string
	How   standing.Kind // of an ended one
	Since *clock.Day
}

// Member is what one member sees of another, and never more.
type Member struct {
	Name       string
	Programme  string
	EntityType string
	Parts      []Part
}

// Connection is a connection as the actor's company sees it.
type Connection struct {
	ID        uuid.UUID
	Ours      bool // we asked
	Number    string
	State     State
	Purpose   string
	AskedAt   time.Time
	EndedAt   *time.Time
	PartnerID *uuid.UUID // on our list
	Partner   string
	Version   int
	Member    *Member // nil while it is not theirs to show
}

// Network is a company's connections with other members.
type Network struct {
	Consent     Consent
	Connections []Connection
	AsOf        time.Time
	Member      bool // the company has a membership itself
	MaySign     bool
	MayEdit     bool
}

// Network reads the connections of the actor's company, and what the connected members are
// now. Its own people may.
func (s *Service) Network(ctx context.Context, by identity.Actor) (n Network, err error) {
	return s.network(ctx, by)
}

func (s *Service) network(ctx context.Context, by identity.Actor, more ...pg.Query) (n Network, err error) {
	if err := reader(by); err != nil {
		return n, err
	}
	now := s.Now()
	n = Network{AsOf: now, MaySign: by.Is(identity.CompanySigners...), MayEdit: by.Is(identity.CompanyEditors...)}
	var own []struct {
		GivenAt, WithdrawnAt *time.Time
		Member               bool
	}
	var rows netRows
	err = s.DB.Batch(ctx, by.Scope(), append(append(rows.queries(by, now), more...), pg.All(&own, `select k.given_at, k.withdrawn_at,
		exists (select from membership m where m.company_id = c.id and m.status <> 'ended') as member from company c left join partner_consent k on k.company_id = c.id where c.id = $1`, by.CompanyID))...)
	if err != nil {
		return n, fmt.Errorf("read the connections: %w", err)
	}
	if len(own) == 1 {
		n.Member = own[0].Member
		if own[0].GivenAt != nil {
			n.Consent = Consent{CompanyID: by.CompanyID, GivenAt: *own[0].GivenAt, WithdrawnAt: own[0].WithdrawnAt}
		}
	}
	n.Connections = rows.list(by.CompanyID, now)
	return n, nil
}

// Tie is a connection with what the forms on its page offer.
type Tie struct {
	Network    Network
	Connection Connection
	Cycles     []Cycle // evidence can be attached to
	Partners   []Item  // it can be tied to
}

// mostChoices bounds the partners that a form offers.
const mostChoices = 1000

// Connection reads one connection of the actor's company. Its own people may.
func (s *Service) Connection(ctx context.Context, by identity.Actor, id uuid.UUID) (t Tie, err error) {
	t.Network, err = s.network(ctx, by, cyclesQuery(&t.Cycles, by), pg.All(&t.Partners, `select p.*, null::text as questionnaire, false as member, false as overdue, false as abroad from business_partner p
		where p.company_id = $1 and p.ended_at is null order by lower(p.name), p.id limit $2`, by.CompanyID, mostChoices))
	if err != nil {
		return t, err
	}
	i := slices.IndexFunc(t.Network.Connections, func(c Connection) bool { return c.ID == id })
	if i < 0 {
		return t, fault.Missing()
	}
	t.Connection, t.Cycles = t.Network.Connections[i], s.fit(t.Cycles)
	return t, nil
}

type memberRow struct {
	ConnectionID                uuid.UUID
	Name, Programme, EntityType string
	Type, State, Tier, How      *string
	Since                       *clock.Day
}

// netRows are the connections of a company as they are kept, and what is known of the other sides.
type netRows struct {
	links []struct {
		link
		Partner string
	}
	members, asking []memberRow
}

// queries read the connections of the actor's company. Whatever is known of the other side
// comes from functions of the database that ask for consent and connection themselves.
func (n *netRows) queries(by identity.Actor, now time.Time) []pg.Query {
	return []pg.Query{
		pg.All(&n.links, `select x.*, coalesce(p.name, '') as partner from partner_connection x
			left join business_partner p on p.id = case when x.asker_id = $1 then x.asker_partner_id else x.other_partner_id end
			where x.asker_id = $1 or x.other_id = $1 and x.status in ('asked', 'connected', 'ended') and (x.status <> 'asked' or x.asked_at > $2)
			order by case when x.status in ('asked', 'refused') then 1 when x.status = 'connected' then 2 else 3 end, x.asked_at desc, x.id limit 1000`, by.CompanyID, now.Add(-answerWithin)),
		pg.All(&n.members, `select * from connected_members($1) order by connection_id, type`, now),
		pg.All(&n.asking, `select *, null::text as type, null::text as state, null::text as tier, null::text as how, null::date as since from asking_members()`),
	}
}

func (n netRows) list(company uuid.UUID, now time.Time) (out []Connection) {
	of := map[uuid.UUID]*Member{}
	for _, r := range append(n.members, n.asking...) {
		m := of[r.ConnectionID]
		if m == nil {
			m = &Member{Name: r.Name, Programme: r.Programme, EntityType: r.EntityType}
			of[r.ConnectionID] = m
		}
		if r.Type != nil {
			m.Parts = append(m.Parts, Part{Type: *r.Type, State: standing.State(*r.State), Tier: *r.Tier, How: standing.Kind(*r.How), Since: r.Since})
		}
	}
	for _, r := range n.links {
		c := r.seen(company, now)
		c.Partner, c.Member = r.Partner, of[r.ID]
		if c.State == Connected && c.Member == nil {
			c.State = Over // a consent was withdrawn this moment
		}
		out = append(out, c)
	}
	return out
}

// seen is a connection as one of its companies sees it.
func (x link) seen(company uuid.UUID, now time.Time) Connection {
	c := Connection{ID: x.ID, Ours: x.AskerID == company, Purpose: x.Purpose, AskedAt: x.AskedAt, EndedAt: x.EndedAt, PartnerID: x.OtherPartnerID, Version: x.Version}
	if c.Ours {
		c.Number, c.PartnerID = x.Number, x.AskerPartnerID
	}
	switch {
	case x.Status == "connected":
		c.State = Connected
	case x.Status == "asked" || x.Status == "refused":
		c.State = Asked
		if now.Sub(x.AskedAt) >= answerWithin {
			c.State = Silent
		}
		if c.Ours {
			c.Version = 1 // what the other side did must not show
		}
	default:
		c.State = Over
	}
	return c
}

// Agree gives the consent of the actor's company. Its owner and signatories may.
func (s *Service) Agree(ctx context.Context, by identity.Actor) error {
	if err := signer(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		n, err := run(ctx, tx, `insert into partner_consent (company_id, given_at, given_by) values (?, ?, ?)
			on conflict (company_id) do update set given_at = excluded.given_at, given_by = excluded.given_by, withdrawn_at = null, version = partner_consent.version + 1
			where partner_consent.withdrawn_at is not null`, by.CompanyID, now, by.PersonID)
		if err != nil {
			return fmt.Errorf("give consent: %w", err)
		}
		if n == 0 {
			return nil
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "partner_connection.consent", Kind: KindConnection, Company: by.CompanyID})
	})
}

// Withdraw takes the consent of the actor's company back. From this moment nobody finds it or
// sees its status, and its connections end. Its owner and signatories may.
func (s *Service) Withdraw(ctx context.Context, by identity.Actor) error {
	if err := signer(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		n, err := run(ctx, tx, `update partner_consent set withdrawn_at = ?, version = version + 1 where company_id = ? and withdrawn_at is null`, now, by.CompanyID)
		if err != nil {
			return fmt.Errorf("withdraw consent: %w", err)
		}
		if n == 0 {
			return nil
		}
		live, err := scan[link](ctx, tx, `select * from partner_connection where status in ('asked', 'connected') and ? in (asker_id, other_id) order by id for update`, by.CompanyID)
		if err != nil {
			return fmt.Errorf("withdraw consent: %w", err)
		}
		for _, x := range live {
			if err := s.end(ctx, tx, now, by, x); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "partner_connection.withdraw_consent", Kind: KindConnection, Company: by.CompanyID, After: map[string]any{"ended": len(live)}})
	})
}

// AskEntry asks for a connection.
type AskEntry struct {
	Number  string     // the exact membership number
	Purpose string     // for the other company to read
	Partner *uuid.UUID // on our list
}

// asker is the membership in whose name a company asks.
type asker struct {
	ID        uuid.UUID
	CompanyID uuid.UUID
	Number    string
}

// Ask asks the member of an exact number for a connection. Editors may, once their company
// has consented itself. The answer is the same whether the number is of a member that
// consents, of another, or of nobody.
func (s *Service) Ask(ctx context.Context, by identity.Actor, in AskEntry) error {
	if err := editor(by); err != nil {
		return err
	}
	var c entry.Check
	number := strings.ToUpper(c.Line("number", "the membership number", in.Number, 3, 40))
	purpose := c.Text("purpose", "the reason", in.Purpose, 0, 500)
	if err := c.Err(); err != nil {
		return err
	}
	now := s.Now()
	err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		if err := hold(ctx, tx, by.CompanyID); err != nil {
			return err
		}
		own, err := s.mayAsk(ctx, tx, now, by, number)
		if err != nil {
			return err
		}
		if in.Partner != nil {
			if _, err := lock[Partner](ctx, tx, by.CompanyID, *in.Partner); err != nil {
				return err
			}
		}
		x := link{ID: pg.NewID(), AskerID: by.CompanyID, AskerMemberID: own.ID, Number: number, AskerPartnerID: in.Partner, Status: "asked", Purpose: purpose,
			AskedAt: now, AskedBy: person(by), Version: 1}
		if err := s.find(ctx, tx, &x); err != nil {
			return err
		}
		if err := add(ctx, tx, &x); err != nil {
			return fmt.Errorf("ask for a connection: %w", err)
		}
		if x.OtherID != nil {
			if err := s.tell(ctx, tx, now, *x.OtherID, x.ID, *x.OtherMemberID, "partner_connection_asked", map[string]string{"partner": by.Company, "note": purpose}); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "partner_connection.ask", Kind: KindConnection, Subject: x.ID, Company: by.CompanyID, After: map[string]any{"number": number}})
	})
	if c := pg.Constraint(err); c == "one_live_connection" || c == "asked_once" {
		return fault.Fail([]fault.Field{fault.F("number", "You asked under this number already, or are connected. Look at the list below")})
	}
	return err
}

// mayAsk refuses who may not ask now, and says in whose name the company asks.
func (s *Service) mayAsk(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, number string) (asker, error) {
	consent, err := scan[bool](ctx, tx, `select true from partner_consent where company_id = ? and withdrawn_at is null for share`, by.CompanyID)
	if err != nil {
		return asker{}, fmt.Errorf("ask for a connection: %w", err)
	}
	if len(consent) == 0 {
		return asker{}, fault.New(fault.Conflict, "Your company must agree to show its own status first. Its owner or a signatory can do that on this page")
	}
	own, err := scan[asker](ctx, tx, `select id, company_id, number from membership where company_id = ? and status <> 'ended' order by certified_on desc, id`, by.CompanyID)
	if err != nil {
		return asker{}, fmt.Errorf("ask for a connection: %w", err)
	}
	if len(own) == 0 {
		return asker{}, fault.New(fault.Conflict, "Only members can be connected. Your company is not a member now")
	}
	for _, m := range own {
		if strings.EqualFold(m.Number, number) {
			return asker{}, fault.Fail([]fault.Field{fault.F("number", "This is the number of your own company")})
		}
	}
	// Requests that nobody answered make room for new ones under the same number.
	if _, err := run(ctx, tx, `update partner_connection set status = 'withdrawn', version = version + 1 where ? in (asker_id, other_id) and status = 'asked' and asked_at <= ?`, by.CompanyID, now.Add(-answerWithin)); err != nil {
		return asker{}, fmt.Errorf("ask for a connection: %w", err)
	}
	counts, err := scan[struct{ Waiting, Today int }](ctx, tx, `select count(*) filter (where status = 'asked')::int as waiting, count(*) filter (where asked_at > ?)::int as today
		from partner_connection where asker_id = ?`, now.Add(-24*time.Hour), by.CompanyID)
	if err != nil {
		return asker{}, fmt.Errorf("ask for a connection: %w", err)
	}
	if counts[0].Waiting >= mostAsked || counts[0].Today >= mostAskedDaily {
		return asker{}, fault.New(fault.Conflict, "You can ask %d members a day, and %d can wait for an answer. Ask again tomorrow", mostAskedDaily, mostAsked)
	}
	return own[0], nil
}

// find puts the member of a number into a request, if there is one that consents and did
// not refuse this asker lately.
func (s *Service) find(ctx context.Context, tx pg.Tx, x *link) error {
	list, err := scan[asker](ctx, tx, `select m.id, m.company_id, m.number from membership m join partner_consent k on k.company_id = m.company_id and k.withdrawn_at is null
		where upper(m.number) = ? and m.status <> 'ended' and not exists (select from partner_connection r
			where r.asker_id = ? and r.other_member_id = m.id and r.status = 'refused' and r.asked_at > ?) limit 1`, x.Number, x.AskerID, x.AskedAt.Add(-answerWithin))
	if err != nil {
		return fmt.Errorf("look for the member: %w", err)
	}
	if len(list) == 1 {
		x.OtherID, x.OtherMemberID = &list[0].CompanyID, &list[0].ID
	}
	return nil
}

// open locks a connection of the actor's company.
func open(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (link, error) {
	list, err := scan[link](ctx, tx, `select * from partner_connection where id = ? and ? in (asker_id, other_id) for update`, id, by.CompanyID)
	if err != nil {
		return link{}, fmt.Errorf("open a connection: %w", err)
	}
	if len(list) == 0 {
		return link{}, fault.Missing()
	}
	return list[0], nil
}

// AnswerEntry answers a request.
type AnswerEntry struct {
	Yes     bool
	Partner *uuid.UUID // on our list, for a yes
	Version int
}

// Answer accepts or refuses a request that another member sent. Owner and signatories of the
// company that was asked may, once it has consented. The asker does not learn of a refusal.
func (s *Service) Answer(ctx context.Context, by identity.Actor, id uuid.UUID, in AnswerEntry) error {
	if err := signer(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		x, err := open(ctx, tx, by, id)
		switch {
		case err != nil:
			return err
		case x.OtherID == nil || *x.OtherID != by.CompanyID:
			return fault.Missing()
		case x.Status != "asked" || x.Version != in.Version:
			return fault.Moved()
		case now.Sub(x.AskedAt) >= answerWithin:
			return fault.New(fault.Conflict, "This request is too old. Ask the company yourself")
		}
		if in.Partner != nil {
			if _, err := lock[Partner](ctx, tx, by.CompanyID, *in.Partner); err != nil {
				return err
			}
		}
		x.AnsweredAt, x.AnsweredBy, x.Status = &now, person(by), "refused"
		action := "partner_connection.refuse"
		if in.Yes {
			consents, err := scan[int](ctx, tx, `select count(*)::int from partner_consent where company_id in (?, ?) and withdrawn_at is null`, x.AskerID, *x.OtherID)
			if err != nil {
				return fmt.Errorf("answer a request: %w", err)
			}
			if consents[0] != 2 {
				return fault.New(fault.Conflict, "Both companies must agree to show their status. One of them has taken its consent back")
			}
			x.Status, x.OtherPartnerID, action = "connected", in.Partner, "partner_connection.accept"
		}
		if err := pg.Update(ctx, tx, &x, x.ID, &x.Version, "status", "answered_at", "answered_by", "other_partner_id"); err != nil {
			return fmt.Errorf("answer a request: %w", err)
		}
		if in.Yes {
			if err := s.tell(ctx, tx, now, x.AskerID, x.ID, x.AskerMemberID, "partner_connection_accepted", map[string]string{"partner": by.Company}); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: action, Kind: KindConnection, Subject: x.ID, Company: by.CompanyID})
	})
}

// Disconnect ends a connection, or takes a request back. Owner and signatories of either
// company may, and editors a request of their own. It counts at once.
func (s *Service) Disconnect(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	if err := editor(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		x, err := open(ctx, tx, by, id)
		switch {
		case err != nil:
			return err
		case x.Status == "connected":
			if err := signer(by); err != nil {
				return err
			}
		case x.AskerID != by.CompanyID:
			return fault.Missing()
		case !slices.Contains([]string{"asked", "refused"}, x.Status):
			return fault.Moved()
		}
		return s.end(ctx, tx, now, by, x)
	})
}

// end ends a connection for the company of the actor, and tells the other if it was live.
func (s *Service) end(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x link) error {
	was := x.Status
	x.Status, x.EndedAt, x.EndedBy = "withdrawn", &now, &by.CompanyID
	if was == "connected" {
		x.Status = "ended"
	}
	if err := pg.Update(ctx, tx, &x, x.ID, &x.Version, "status", "ended_at", "ended_by"); err != nil {
		return fmt.Errorf("end a connection: %w", err)
	}
	if was == "connected" {
		other, member := *x.OtherID, *x.OtherMemberID
		if other == by.CompanyID {
			other, member = x.AskerID, x.AskerMemberID
		}
		if err := s.tell(ctx, tx, now, other, x.ID, member, "partner_connection_ended", map[string]string{"partner": by.Company}); err != nil {
			return err
		}
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "partner_connection.end", Kind: KindConnection, Subject: x.ID, Company: by.CompanyID})
}

// LinkPartner ties a connection to a partner on the list of the actor's company. Editors may.
func (s *Service) LinkPartner(ctx context.Context, by identity.Actor, id, partner uuid.UUID) error {
	if err := editor(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		x, err := open(ctx, tx, by, id)
		if err != nil {
			return err
		}
		p, err := lock[Partner](ctx, tx, by.CompanyID, partner)
		if err != nil {
			return err
		}
		column := "other_partner_id"
		if x.AskerID == by.CompanyID {
			x.AskerPartnerID, column = &p.ID, "asker_partner_id"
		} else if x.OtherPartnerID = &p.ID; x.Status != "connected" {
			return fault.Missing()
		}
		if err := pg.Update(ctx, tx, &x, x.ID, &x.Version, column); err != nil {
			return fmt.Errorf("tie a connection to a partner: %w", err)
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "partner_connection.link", Kind: KindConnection, Subject: x.ID, Company: by.CompanyID, After: map[string]any{"partner": p.Name}})
	})
}

// tell writes a letter about a connection to one of its companies, in the name of its own
// membership's programme.
func (s *Service) tell(ctx context.Context, tx pg.Tx, now time.Time, company, connection, member uuid.UUID, code string, values map[string]string) error {
	programmes, err := scan[string](ctx, tx, `select programme from membership where id = ?`, member)
	if err != nil || len(programmes) == 0 {
		return fmt.Errorf("tell of a connection: find the membership: %w", err)
	}
	p, err := s.programmeOf(programmes[0])
	if err != nil {
		return err
	}
	return s.Letters.ToCompany(ctx, tx, now, identity.ClockActor("partner connection"),
		notice.Letter{Company: company, SubjectKind: KindConnection, SubjectID: connection, Programme: p, Code: code, Values: values})
}
