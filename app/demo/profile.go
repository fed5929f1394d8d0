package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
)

// cycle is the security profile of the story's application; the zero Cycle when the
// programme has no criteria for this kind of member.
func (x *story) cycle() (c profile.Cycle, err error) {
	s := x.seeder
	err = s.DB.Read(s.ctx, x.owner.Scope(), func(tx pg.Tx) error {
		found, err := profile.OfApplication(s.ctx, tx, x.app.ID)
		if err == nil && found != nil {
			c = *found
		}
		return err
	})
	return c, err
}

// secure fills in the security profile and submits it.
func (x *story) secure() error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil || c.ID == uuid.Nil {
		return err
	}
	if err := x.fillIn(c); err != nil {
		return err
	}
	page, err := s.Profiles.Checks(s.ctx, x.owner, c.ID)
	if err != nil {
		return err
	}
	in := profile.Declaration{Version: page.Profile.Cycle.Version, Attested: true, Name: x.owner.Name, Title: "Managing director", Seen: page.Seen}
	for _, f := range page.Findings {
		in.Read = append(in.Read, f.Key())
	}
	_, err = s.Profiles.Submit(s.ctx, x.owner, c.ID, in)
	return err
}

// fillIn answers what is not answered, confirms what came from the last time, and shows
// evidence where a criterion needs it.
func (x *story) fillIn(c profile.Cycle) error {
	s := x.seeder
	page, err := s.Profiles.TaskList(s.ctx, x.owner, c.ID)
	if err != nil {
		return err
	}
	var entries []profile.AnswerEntry
	for _, k := range page.Profile.Form.Criteria {
		for _, q := range k.Questions {
			if _, there := page.Profile.Given(q.ID, uuid.Nil); there || q.Kind == catalogue.File {
				continue
			}
			entries = append(entries, profile.AnswerEntry{Cycle: c.ID, EditionHash: c.EditionHash, EntityType: c.EntityType, Criterion: k.ID, Question: q.ID,
				Answer: x.answerTo(k, q)})
		}
	}
	if _, err := s.Profiles.SaveAll(s.ctx, x.owner, entries); err != nil {
		return err
	}
	if page, err = s.Profiles.TaskList(s.ctx, x.owner, c.ID); err != nil {
		return err
	}
	for _, k := range page.Profile.Form.Criteria {
		if n := page.Profile.Lacks(k); n > 0 && page.Profile.Shown.Criterion(k.ID) {
			if err := x.show(c, k, n); err != nil {
				return err
			}
		}
		if page.Profile.State(k.ID).Because == profile.BecauseCarried {
			if err := s.Profiles.Confirm(s.ctx, x.owner, c.ID, k.ID); err != nil {
				return fmt.Errorf("confirm %s: %w", k.ID, err)
			}
		}
	}
	return nil
}

// answerTo is what the company says to one question.
func (x *story) answerTo(k catalogue.Criterion, q catalogue.Question) (a catalogue.Answer) {
	day := x.seeder.Clock.at.AddDate(0, -1-x.number%6, 0).Format("2006-01-02")
	pick := func(n int) int { return (x.number + len(q.ID)) % n }
	switch q.Kind {
	case catalogue.YesNo:
		a.Choice = catalogue.Yes
	case catalogue.Choice:
		a.Choice = q.Options[pick(len(q.Options))].Code
	case catalogue.Checklist:
		a.Choices = []string{q.Options[0].Code}
		if n := pick(len(q.Options)); n > 0 {
			a.Choices = append(a.Choices, q.Options[n].Code)
		}
	case catalogue.Narrative:
		who := []string{"The compliance manager", "The head of logistics", "The site manager", "The security officer"}[pick(4)]
		a.Text = fmt.Sprintf("%s of %s is in charge of \"%s\". The procedure is written down, the staff is trained in it, and it is reviewed every year.", who, x.name, k.Title)
	case catalogue.Number:
		n := 12.0 + float64(x.number)
		if q.Min != nil {
			n = max(n, *q.Min)
		}
		if q.Max != nil {
			n = min(n, *q.Max)
		}
		a.Number = fmt.Sprint(n)
	case catalogue.Date:
		a.Date = day
	case catalogue.Table, catalogue.Persons:
		second := x.person(1, "", "")
		var row []string
		for _, col := range q.RowColumns() {
			switch {
			case col.Kind == catalogue.Number:
				row = append(row, fmt.Sprint(2+x.number%5))
			case col.Kind == catalogue.Date:
				row = append(row, day)
			case col.Code == "contact":
				row = append(row, second.Email)
			case col.Code == "function":
				row = append(row, "Compliance manager")
			default:
				row = append(row, second.Name)
			}
		}
		a.Rows = [][]string{row}
	}
	return a
}

// show attaches links to the company's own pages to a criterion.
func (x *story) show(c profile.Cycle, k catalogue.Criterion, n int) error {
	s := x.seeder
	return s.DB.Write(s.ctx, x.owner.Scope(), func(tx pg.Tx) error { return x.attach(s.ctx, tx, c, k, n) })
}

func (x *story) attach(ctx context.Context, tx pg.Tx, c profile.Cycle, k catalogue.Criterion, n int) error {
	now := x.seeder.Clock.Now()
	for i := range n {
		id := pg.NewID()
		title := fmt.Sprintf("Handbook, chapter %s", k.ID)
		if i > 0 {
			title = fmt.Sprintf("Records for %s, part %d", k.ID, i)
		}
		err := tx.WithContext(ctx).Exec(`insert into evidence (id, company_id, kind, title, url, owner, created_at, created_by, author) values (?, ?, 'link', ?, ?, 'Compliance', ?, ?, ?)`,
			id, c.CompanyID, title, "https://intranet."+x.slug()+".example/handbook/"+k.ID, now, x.owner.PersonID, x.owner.Name).Error
		if err != nil {
			return fmt.Errorf("add evidence: %w", err)
		}
		err = tx.WithContext(ctx).Exec(`insert into evidence_link (cycle_id, company_id, criterion, evidence_id, linked_at, linked_by, author) values (?, ?, ?, ?, ?, ?, ?)`,
			c.ID, c.CompanyID, k.ID, id, now, x.owner.PersonID, x.owner.Name).Error
		if err != nil {
			return fmt.Errorf("attach evidence: %w", err)
		}
	}
	return nil
}

// approve has the specialist accept the security profile.
func (x *story) approve() error { return x.accept(x.specialist()) }

func (x *story) accept(by identity.Actor) error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil || c.ID == uuid.Nil || c.Status.Final() {
		return err
	}
	return s.DB.Write(s.ctx, by.Scope(), func(tx pg.Tx) error {
		c, err := profile.Lock(s.ctx, tx, by, c.ID, 0)
		if err != nil {
			return err
		}
		for _, do := range []profile.Action{profile.StartReview, profile.Accept} {
			if err := s.Profiles.Move(s.ctx, tx, s.Clock.Now(), by, &c, do, profile.Facts{}, profile.Details{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// FillIn fills in the security profile of an application and submits it in the name of an
// owner who is an officer of the company; agreed has a specialist of the office accept it
// too. It is for trying what comes after a profile without answering every question.
func FillIn(ctx context.Context, p Portal, now func() time.Time, reference string, agreed bool) error {
	s := &Seeder{Portal: p, Clock: &Clock{at: now()}, ctx: ctx}
	x := &story{seeder: s}
	var row struct {
		ID, Company, Person, Right, Office uuid.UUID
		Name, CompanyName, Email           string
	}
	err := p.DB.Batch(ctx, pg.System, pg.One(&row, `select a.id, a.company_id as company, p.id as person, r.id as right, a.office_id as office, p.name, k.name as company_name, p.email
		from application a join company k on k.id = a.company_id
		join person_right r on r.company_id = k.id and r.role = 'owner' and r.ended_at is null join person p on p.id = r.person_id
		join contact c on c.company_id = k.id and c.kind = 'officer' and c.removed_at is null and lower(c.email) = lower(p.email)
		where a.reference = $1 order by r.granted_at limit 1`, reference))
	if err != nil {
		return fmt.Errorf("find an officer who owns the account of application %s: %w", reference, err)
	}
	x.app.ID, x.name = row.ID, row.CompanyName
	x.owner = identity.Actor{PersonID: row.Person, RightID: row.Right, Name: row.Name, Email: row.Email, Audience: identity.Companies, Role: identity.Owner,
		CompanyID: row.Company, Company: row.CompanyName, Zone: time.UTC}
	if err := x.secure(); err != nil || !agreed {
		return err
	}
	by := identity.Actor{Audience: identity.Staff, Role: identity.Specialist, OfficeID: row.Office, Offices: []uuid.UUID{row.Office}, Zone: time.UTC}
	err = p.DB.Batch(ctx, pg.System, pg.Value(&by.PersonID, `select person_id from person_right where office_id = $1 and role = 'specialist' and ended_at is null order by granted_at limit 1`, row.Office),
		pg.Value(&by.Name, `select p.name from person_right r join person p on p.id = r.person_id where r.office_id = $1 and r.role = 'specialist' and r.ended_at is null order by r.granted_at limit 1`, row.Office))
	if err != nil {
		return fmt.Errorf("find a specialist: %w", err)
	}
	return x.accept(by)
}
