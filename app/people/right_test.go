package people_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/people"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
)

type world struct {
	*reviewtest.World
	people *people.Service
	owner  identity.Actor
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := reviewtest.New(t, "2026-03-03T15:00:00Z")
	return &world{World: w, owner: w.Importer("Harbor LLC"), people: &people.Service{DB: w.DB, Now: w.Clock.Now, Letters: w.Steps.Letters,
		Base: &url.URL{Scheme: "https", Host: "portal.example"}, Calendars: calendars(t)}}
}

// stranger is somebody who signed in and has no right yet.
func (w *world) stranger(audience identity.Audience, email string, verified bool) identity.Actor {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, ?, 'Newcomer', ?)`, id, id.String(), email, verified, w.Clock.Now())
	return identity.Actor{PersonID: id, Name: "Newcomer", Email: email, Audience: audience, Zone: time.UTC}
}

// join invites somebody and lets them accept.
func (w *world) join(by identity.Actor, in people.Invitation) identity.Actor {
	w.T.Helper()
	made, err := w.people.Invite(w.Ctx, by, in)
	w.Must(err)
	who := w.stranger(by.Audience, in.Email, true)
	who.AgencyID = by.AgencyID
	if in.Agency != uuid.Nil {
		who.Audience, who.AgencyID = identity.Partners, in.Agency
	}
	who.RightID, err = w.people.Accept(w.Ctx, who, made.Token)
	w.Must(err)
	who.Role, who.CompanyID, who.OfficeID = in.Role, by.CompanyID, in.Office
	return who
}

func as(role identity.Role, email string) people.Invitation {
	return people.Invitation{Terms: people.Terms{Role: role}, Email: email}
}

func TestInviteAndAccept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, err := w.people.Invite(w.Ctx, w.owner, as(identity.Editor, "Eve@Harbor.example"))
	w.Must(err)
	mail := w.Text(`select body from mail where to_address = 'eve@harbor.example'`)
	if !strings.Contains(mail, "https://portal.example/invitations/"+made.Token) || !strings.Contains(mail, "17 March 2026") || !strings.Contains(mail, "Editor") {
		t.Errorf("mail: %s", mail)
	}
	if w.Count(`select count(*)::int from audit_event where before::text || after::text like '%' || $1 || '%'`, made.Token) != 0 {
		t.Error("the token is in the audit trail")
	}

	eve := w.stranger(identity.Companies, "eve@harbor.example", true)
	o, err := w.people.Show(w.Ctx, eve, made.Token)
	w.Must(err)
	if o.For != "Harbor LLC" || o.Role != identity.Editor || o.Inviter != "Olga Owner" {
		t.Errorf("offer %+v", o)
	}
	if list, err := w.people.Mine(w.Ctx, eve); err != nil || len(list) != 1 || list[0].ID != made.ID {
		t.Errorf("own offers %+v, %v", list, err)
	}
	for what, who := range map[string]identity.Actor{
		"another address":       w.stranger(identity.Companies, "mallory@harbor.example", true),
		"an unverified address": w.stranger(identity.Companies, "eve@harbor.example", false),
		"another provider":      w.stranger(identity.Staff, "eve@harbor.example", true),
	} {
		_, err := w.people.Accept(w.Ctx, who, made.Token)
		w.Want(what, err, fault.Forbidden)
	}
	right, err := w.people.Accept(w.Ctx, eve, made.Token)
	w.Must(err)
	if got := w.Text(`select role || ' ' || starts_on || ' ' || granted_by from person_right where id = $1`, right); got != "editor 2026-03-03 "+w.owner.PersonID.String() {
		t.Errorf("right: %s", got)
	}
	for what, token := range map[string]string{"used": made.Token, "unknown": "x", "huge": strings.Repeat("x", 1<<20), "empty": ""} {
		_, err := w.people.Accept(w.Ctx, eve, token)
		w.Want(what, err, fault.NotFound)
		_, err = w.people.Show(w.Ctx, eve, token)
		w.Want(what, err, fault.NotFound)
	}

	// An open one is replaced; an old one, a revoked one and one whose right is over are gone.
	first, err := w.people.Invite(w.Ctx, w.owner, as(identity.Reader, "rick@harbor.example"))
	w.Must(err)
	second, err := w.people.Invite(w.Ctx, w.owner, as(identity.Owner, "rick@harbor.example"))
	w.Must(err)
	rick := w.stranger(identity.Companies, "rick@harbor.example", true)
	_, err = w.people.Accept(w.Ctx, rick, first.Token)
	w.Want("replaced", err, fault.NotFound)
	w.Clock.Move(14*24*time.Hour + time.Second)
	_, err = w.people.Accept(w.Ctx, rick, second.Token)
	w.Want("too old", err, fault.NotFound)
	third, err := w.people.Invite(w.Ctx, w.owner, people.Invitation{Terms: people.Terms{Role: identity.Representative, EndsOn: "2026-03-20"}, Email: "rick@harbor.example"})
	w.Must(err)
	w.Clock.Move(5 * 24 * time.Hour)
	_, err = w.people.Accept(w.Ctx, rick, third.Token)
	w.Want("its right is over", err, fault.NotFound)
	w.Must(w.people.Revoke(w.Ctx, w.owner, third.ID, 1))
	w.Want("revoked twice", w.people.Revoke(w.Ctx, w.owner, third.ID, 1), fault.NotFound)
}

func TestInviteRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, in := range map[string]people.Invitation{
		"no role":                       as("", "a@b.example"),
		"a staff role":                  as(identity.Specialist, "a@b.example"),
		"no address":                    as(identity.Editor, "nobody"),
		"a contributor without parts":   as(identity.Contributor, "a@b.example"),
		"a representative without end":  as(identity.Representative, "a@b.example"),
		"an end in the past":            {Terms: people.Terms{Role: identity.Representative, EndsOn: "2026-03-02"}, Email: "a@b.example"},
		"an end in three years":         {Terms: people.Terms{Role: identity.Representative, EndsOn: "2029-03-03"}, Email: "a@b.example"},
		"a day that does not exist":     {Terms: people.Terms{Role: identity.Reader, EndsOn: "2026-02-30"}, Email: "a@b.example"},
		"somebody who has a right here": as(identity.Reader, w.owner.Email),
	} {
		_, err := w.people.Invite(w.Ctx, w.owner, in)
		w.Want(what, err, fault.Invalid)
	}
	editor := w.join(w.owner, as(identity.Editor, "eve@harbor.example"))
	_, err := w.people.Invite(w.Ctx, editor, as(identity.Reader, "a@b.example"))
	w.Want("an editor invites", err, fault.Forbidden)
	_, err = w.people.Invite(w.Ctx, w.Sam, as(identity.Specialist, "a@b.example"))
	w.Want("a specialist invites", err, fault.NotFound)
	_, err = w.people.Invite(w.Ctx, w.Admin, people.Invitation{Terms: people.Terms{Role: identity.Specialist}, Email: "a@b.example", Office: uuid.New()})
	w.Want("an office that is not there", err, fault.Invalid)
	_, err = w.people.Invite(w.Ctx, w.Admin, people.Invitation{Terms: people.Terms{Role: identity.Officer}, Email: "a@b.example", Agency: uuid.New()})
	w.Want("an administrator invites an officer", err, fault.Invalid)
	for i := range 100 {
		_, err = w.people.Invite(w.Ctx, w.owner, as(identity.Reader, fmt.Sprintf("p%d@harbor.example", i)))
		w.Must(err)
	}
	_, err = w.people.Invite(w.Ctx, w.owner, as(identity.Reader, "p100@harbor.example"))
	w.Want("too many open ones", err, fault.Conflict)
}

func TestAcceptRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, err := w.people.Invite(w.Ctx, w.owner, as(identity.Editor, "eve@harbor.example"))
	w.Must(err)
	eve := w.stranger(identity.Companies, "eve@harbor.example", true)
	var group sync.WaitGroup
	var taken sync.Map
	for i := range 8 {
		group.Go(func() {
			if _, err := w.people.Accept(w.Ctx, eve, made.Token); err == nil {
				taken.Store(i, true)
			}
		})
	}
	group.Wait()
	n := 0
	taken.Range(func(any, any) bool { n++; return true })
	if rights := w.Count(`select count(*)::int from person_right where person_id = $1`, eve.PersonID); n != 1 || rights != 1 {
		t.Errorf("%d accepted, %d rights", n, rights)
	}
}

func TestChangeAndEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	eve := w.join(w.owner, as(identity.Editor, "eve@harbor.example"))
	other := w.Importer("Nosy Inc")
	change := func(by identity.Actor, version int, to people.Terms) error {
		return w.people.ChangeRight(w.Ctx, by, eve.RightID, version, to)
	}
	w.Want("another company's owner", change(other, 1, people.Terms{Role: identity.Reader}), fault.NotFound)
	w.Want("an administrator of the agency", change(w.Admin, 1, people.Terms{Role: identity.Reader}), fault.NotFound)
	w.Want("an editor", change(eve, 1, people.Terms{Role: identity.Owner}), fault.Forbidden)
	w.Want("one's own", w.people.ChangeRight(w.Ctx, w.owner, w.owner.RightID, 1, people.Terms{Role: identity.Reader}), fault.Forbidden)
	w.Want("a stale page", change(w.owner, 7, people.Terms{Role: identity.Reader}), fault.Conflict)
	w.Must(change(w.owner, 1, people.Terms{Role: identity.Contributor, Parts: []string{"sites", "agreement", "nonsense", "sites"}}))
	if got := w.Text(`select role || ' ' || parts::text || ' ' || version from person_right where id = $1`, eve.RightID); got != "contributor {sites} 2" {
		t.Errorf("right: %s", got)
	}
	w.Want("ended without a reason", w.people.EndRight(w.Ctx, w.owner, eve.RightID, 2, " "), fault.Invalid)
	w.Must(w.people.EndRight(w.Ctx, w.owner, eve.RightID, 2, "Left the company"))
	w.Want("ended twice", w.people.EndRight(w.Ctx, w.owner, eve.RightID, 3, "x"), fault.NotFound)
	w.Want("the last owner leaves", w.people.EndRight(w.Ctx, w.owner, w.owner.RightID, 1, ""), fault.Forbidden)

	// Whoever loses an owner's right takes their open invitations along.
	second := w.join(w.owner, as(identity.Owner, "second@harbor.example"))
	made, err := w.people.Invite(w.Ctx, second, as(identity.Owner, "friend@harbor.example"))
	w.Must(err)
	w.Must(w.people.EndRight(w.Ctx, w.owner, second.RightID, 1, "Left the company"))
	_, err = w.people.Accept(w.Ctx, w.stranger(identity.Companies, "friend@harbor.example", true), made.Token)
	w.Want("offered by somebody who left", err, fault.NotFound)
	c, err := w.people.People(w.Ctx, w.owner)
	w.Must(err)
	if len(c.Members) != 1 || !c.Members[0].Yours || len(c.Offers) != 0 {
		t.Errorf("people: %+v", c)
	}
	// A person leaves on their own.
	third := w.join(w.owner, as(identity.Reader, "third@harbor.example"))
	w.Must(w.people.EndRight(w.Ctx, third, third.RightID, 1, ""))
}

// Two owners who end each other's right at once leave one of them.
func TestLastOwnerRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for round := range 5 {
		second := w.join(w.owner, as(identity.Owner, fmt.Sprintf("second%d@harbor.example", round)))
		var group sync.WaitGroup
		for _, x := range []struct{ by, whom identity.Actor }{{w.owner, second}, {second, w.owner}} {
			group.Go(func() { _ = w.people.EndRight(w.Ctx, x.by, x.whom.RightID, 1, "Race") })
		}
		group.Wait()
		left := w.Text(`select string_agg(person_id::text, ' ') from person_right where company_id = $1 and role = 'owner' and ended_at is null`, w.owner.CompanyID)
		switch left {
		case w.owner.PersonID.String():
		case second.PersonID.String():
			w.owner = second
		default:
			t.Fatalf("owners left: %q", left)
		}
	}
}

func TestStaffAndPartners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Admin.Offices = []uuid.UUID{w.HQ, w.NewYork, w.Brussels}
	lakes, err := w.people.OpenOffice(w.Ctx, w.Admin, people.Office{Code: "lakes", Name: "Lakes", Zone: "America/Chicago", Calendar: "us-federal", ParentID: &w.NewYork})
	w.Must(err)
	w.Admin.Offices = append(w.Admin.Offices, lakes)
	_, err = w.people.OpenOffice(w.Ctx, w.Admin, people.Office{Code: "LAKES", Name: "Twice", Zone: "America/Chicago", Calendar: "us-federal", ParentID: &w.HQ})
	w.Want("a code twice", err, fault.Invalid)
	w.Want("below itself", w.people.ChangeOffice(w.Ctx, w.Admin, people.Office{ID: w.NewYork, Name: "New York", Zone: "America/New_York", Calendar: "us-federal", ParentID: &lakes, Version: 1}), fault.Invalid)
	w.Submit(w.owner, "ctpat", "importer")
	w.Want("a zone by which periods run", w.people.ChangeOffice(w.Ctx, w.Admin, people.Office{ID: w.NewYork, Name: "New York", Zone: "America/Chicago", Calendar: "us-federal", ParentID: &w.HQ, Version: 1}), fault.Invalid)
	w.Must(w.people.ChangeOffice(w.Ctx, w.Admin, people.Office{ID: w.NewYork, Name: "Hudson", Zone: "America/New_York", Calendar: "us-federal", ParentID: &w.HQ, Version: 1}))
	list, err := w.people.Offices(w.Ctx, w.Admin)
	w.Must(err)
	var tree []string
	for _, o := range list {
		tree = append(tree, fmt.Sprint(o.Depth, " ", o.Name))
	}
	if got := strings.Join(tree, ", "); got != "0 Headquarters, 1 Brussels office, 1 Hudson, 2 Lakes" {
		t.Errorf("tree: %s", got)
	}

	kim := w.join(w.Admin, people.Invitation{Terms: people.Terms{Role: identity.Supervisor}, Email: "kim@customs.example", Office: lakes})
	w.Want("a specialist of the agency ends", w.people.EndRight(w.Ctx, w.Sam, kim.RightID, 1, "x"), fault.NotFound)
	w.Must(w.people.ChangeRight(w.Ctx, w.Admin, kim.RightID, 1, people.Terms{Role: identity.Auditor, EndsOn: "2027-03-03"}))
	below := w.Admin
	below.Offices = []uuid.UUID{w.Brussels}
	w.Want("an administrator of another office", w.people.EndRight(w.Ctx, below, kim.RightID, 2, "x"), fault.NotFound)
	w.Want("the last administrator", w.people.EndRight(w.Ctx, w.Admin, w.Admin.RightID, 1, "x"), fault.Forbidden)

	norland, err := w.people.OpenAgency(w.Ctx, w.Admin, people.Agency{Code: "norland", Name: "Norland Customs", Country: "NO", Zone: "Europe/Oslo"})
	w.Must(err)
	_, err = w.people.OpenAgency(w.Ctx, w.Sam, people.Agency{Code: "x1", Name: "X", Country: "NO", Zone: "Europe/Oslo"})
	w.Want("a specialist opens an agency", err, fault.NotFound)
	w.Must(w.people.ChangeAgency(w.Ctx, w.Admin, people.Agency{ID: norland, Name: "Norland Customs Service", Country: "NO", Zone: "Europe/Oslo", Version: 1}))
	ingrid := w.join(w.Admin, people.Invitation{Terms: people.Terms{Role: identity.AgencyAdmin}, Email: "ingrid@norland.example", Agency: norland})
	olaf := w.join(ingrid, as(identity.Officer, "olaf@norland.example"))
	_, err = w.people.Invite(w.Ctx, olaf, as(identity.Officer, "x@norland.example"))
	w.Want("an officer invites", err, fault.Forbidden)
	c, err := w.people.People(w.Ctx, olaf)
	w.Must(err)
	if len(c.Members) != 2 {
		t.Errorf("the agency's people: %+v", c.Members)
	}
	// An offer to one agency is nothing for people of another.
	made, err := w.people.Invite(w.Ctx, ingrid, as(identity.Officer, "spy@sudamar.example"))
	w.Must(err)
	spy := w.stranger(identity.Partners, "spy@sudamar.example", true)
	spy.AgencyID = uuid.New()
	_, err = w.people.Accept(w.Ctx, spy, made.Token)
	w.Want("another agency's provider", err, fault.Forbidden)
	w.Must(w.people.EndRight(w.Ctx, w.Admin, olaf.RightID, 1, "Left the service"))
}

func TestFirstAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(`update person_right set ended_at = granted_at where role = 'administrator'`)
	portal := identity.ClockActor("start")
	_, err := w.people.EnsureFirst(w.Ctx, w.Sam, hq, "ada@customs.example")
	w.Want("a person", err, fault.NotFound)
	link, err := w.people.EnsureFirst(w.Ctx, portal, hq, "ada@customs.example")
	w.Must(err)
	token := strings.TrimPrefix(link, "https://portal.example/invitations/")
	ada := w.stranger(identity.Staff, "ada@customs.example", true)
	_, err = w.people.Accept(w.Ctx, ada, token)
	w.Must(err)
	if got := w.Text(`select o.code from person_right r join office o on o.id = r.office_id where r.person_id = $1`, ada.PersonID); got != "HQ" {
		t.Errorf("office %s", got)
	}
	_, err = w.people.EnsureFirst(w.Ctx, portal, hq, "eve@customs.example")
	w.Want("a second time", err, fault.Conflict)
}

// The fence holds below the service: a company's scope sees its own rights and offers.
func TestFence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.Importer("Nosy Inc")
	_, err := w.people.Invite(w.Ctx, w.owner, as(identity.Editor, "eve@harbor.example"))
	w.Must(err)
	var rights, offers, mails int
	w.Must(w.DB.Batch(w.Ctx, other.Scope(), pg.Value(&rights, `select count(*)::int from person_right where company_id <> $1 or company_id is null`, other.CompanyID),
		pg.Value(&offers, `select count(*)::int from invitation`), pg.Value(&mails, `select count(*)::int from mail`)))
	if rights+offers+mails != 0 {
		t.Errorf("another company sees %d rights, %d invitations and %d e-mails", rights, offers, mails)
	}
	_, err = w.people.Person(w.Ctx, other, w.owner.RightID)
	w.Want("another company's person", err, fault.NotFound)
}
