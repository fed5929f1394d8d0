package people

import (
	"context"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Circle is who may act for a company, an agency or the administration, and who is invited to.
type Circle struct {
	Members []Member
	Offers  []Offer
}

const members = `select r.id, r.person_id, r.audience, r.role, r.company_id, r.office_id, r.agency_id, r.parts, r.starts_on, r.ends_on, r.granted_at, r.ended_at, r.version,
	p.name, p.email, coalesce(o.name, '') as office, coalesce(a.name, '') as agency, p.last_seen_at, r.person_id = $1 as yours
	from person_right r join person p on p.id = r.person_id left join office o on o.id = r.office_id left join agency a on a.id = r.agency_id
	where r.ended_at is null`

// People lists who may act: everybody of a company or an agency sees their own;
// administrators, headquarters and auditors the staff of their offices.
func (s *Service) People(ctx context.Context, by identity.Actor) (Circle, error) {
	c, err := sees(by)
	if err != nil {
		return Circle{}, err
	}
	where, args := "r.company_id = $2", []any{by.PersonID, c.company}
	offers := "i.company_id = $1"
	switch c.audience {
	case identity.Partners:
		where, offers, args[1] = "r.agency_id = $2", "i.agency_id = $1", c.agency
	case identity.Staff:
		where, offers, args[1] = "r.office_id = any($2)", "i.office_id = any($1)", c.offices
	}
	return s.circle(ctx, by, where, offers, args)
}

// AgencyPeople lists who may act for one partner agency, for administrators,
// headquarters and auditors.
func (s *Service) AgencyPeople(ctx context.Context, by identity.Actor, agency uuid.UUID) (Circle, error) {
	if c, err := sees(by); err != nil || c.audience != identity.Staff {
		return Circle{}, fault.Missing()
	}
	return s.circle(ctx, by, "r.agency_id = $2", "i.agency_id = $1", []any{by.PersonID, agency})
}

func (s *Service) circle(ctx context.Context, by identity.Actor, where, offers string, args []any) (out Circle, err error) {
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&out.Members, members+` and `+where+` order by p.name, r.id limit 500`, args...),
		pg.All(&out.Offers, `select `+offerColumns+` and i.expires_at > $2 and `+offers+` order by i.created_at desc limit 200`, args[1], s.Now()))
	return out, err
}

// Person opens one live right of the actor's circle.
func (s *Service) Person(ctx context.Context, by identity.Actor, id uuid.UUID) (m Member, err error) {
	c, err := sees(by)
	if err != nil {
		return m, err
	}
	where, arg := "r.company_id = $3", any(c.company)
	switch c.audience {
	case identity.Partners:
		where, arg = "r.agency_id = $3", c.agency
	case identity.Staff:
		where, arg = "(r.office_id = any($3) or r.audience = 'partner')", c.offices
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&m, members+` and r.id = $2 and `+where, by.PersonID, id, arg))
	return m, err
}

// EnsureFirst opens the headquarters if there is no office yet and, as long as nobody
// is an administrator, invites the owner of an address to be the first. It returns the
// link, which is in the e-mail too. Only the portal itself may: whoever can run its
// commands owns the installation. Conflict: there is an administrator already.
func (s *Service) EnsureFirst(ctx context.Context, by identity.Actor, hq Office, email string) (link string, err error) {
	if by.Audience != identity.System {
		return "", fault.Missing()
	}
	if err := s.OpenHeadquarters(ctx, by, hq); err != nil {
		return "", err
	}
	var root uuid.UUID
	var administrators int
	err = s.DB.Batch(ctx, pg.System, pg.Value(&root, `select id from office where parent_id is null order by created_at limit 1`),
		pg.Value(&administrators, `select count(*)::int from person_right where role = 'administrator' and ended_at is null`))
	if err != nil {
		return "", err
	}
	if administrators > 0 {
		return "", fault.New(fault.Conflict, "There is an administrator already, who can invite others on the page People")
	}
	made, err := s.Invite(ctx, by, Invitation{Terms: Terms{Role: identity.Administrator}, Email: email, Office: root})
	if err != nil {
		return "", err
	}
	return s.Base.JoinPath("invitations", made.Token).String(), nil
}
