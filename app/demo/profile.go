package demo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/evidence"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
)

// cycle is the newest security profile of the company; the zero Cycle when there is none.
func (x *story) cycle() (c profile.Cycle, err error) {
	s := x.seeder
	var ids []struct{ ID uuid.UUID }
	err = s.DB.Batch(s.ctx, x.owner.Scope(), pg.All(&ids, `select id from profile_cycle where company_id = $1 order by opened_at desc, number desc limit 1`, x.owner.CompanyID))
	if err != nil || len(ids) == 0 {
		return c, err
	}
	err = s.DB.Read(s.ctx, x.owner.Scope(), func(tx pg.Tx) error {
		c, err = profile.Look(s.ctx, tx, x.owner, ids[0].ID)
		return err
	})
	return c, err
}

// now is the company as it is today, answering its newest profile.
func (x *story) now(c profile.Cycle) (*world, error) {
	w, err := x.world(x.seeder.Clock.at.UTC().Truncate(24 * time.Hour))
	if err == nil {
		w.turn = c.Number - 1
	}
	return w, err
}

// wait lets some minutes pass between two things that one person does.
func (x *story) wait(minutes int) {
	x.seeder.Clock.at = x.seeder.Clock.at.Add(time.Duration(minutes) * time.Minute)
}

// prepare fills in the security profile over some days and declares that it is right.
func prepare(x *story) []step {
	return []step{x.at(1, x.assessed, x.gather, x.fill(0, 45)), x.at(1, x.fill(45, 100), x.differ), x.at(1, x.declare)}
}

// assessed makes the risk assessment of a company that makes it in the portal.
func (x *story) assessed() error {
	if x.risk == "" {
		return nil
	}
	return x.assess(true)()
}

// assign gives parts of the profile to the team, with a day.
func (x *story) assign() error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil {
		return err
	}
	for i, sections := range x.parts(c) {
		due := workday(s.Clock.at.AddDate(0, 0, 9+5*i)).Format(time.DateOnly)
		if _, err := s.Profiles.Assign(s.ctx, x.owner, c.ID, profile.Assignment{Sections: sections, Person: x.helpers[i].PersonID, DueOn: due}); err != nil {
			return err
		}
	}
	return nil
}

// parts are the sections that each of the team fills in.
func (x *story) parts(c profile.Cycle) [][]string {
	if c.Programme == "eu-aeo" {
		return [][]string{{"s3"}, {"s6_2", "s6_3"}}
	}
	return [][]string{{"cybersecurity"}, {"physical_security", "access_controls"}}
}

// help is an hour in which owner and team each answer some criteria of their parts.
func (x *story) help() error {
	c, err := x.cycle()
	if err != nil {
		return err
	}
	for i, sections := range x.parts(c) {
		if err := x.some(x.helpers[i], sections, 4+3*i); err != nil {
			return err
		}
		x.wait(11)
	}
	return x.some(x.owner, nil, 12)
}

// some answers so many criteria that nobody has begun: of the sections, or of those that
// are nobody's.
func (x *story) some(by identity.Actor, sections []string, n int) error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil {
		return err
	}
	page, err := s.Profiles.Checks(s.ctx, x.owner, c.ID)
	if err != nil {
		return err
	}
	w, err := x.now(c)
	if err != nil {
		return err
	}
	answers := w.answers(page.Profile.Form, page.Profile.Facts)
	for _, k := range page.Profile.Form.Criteria {
		mine := sections == nil && page.Profile.Notes[k.ID].AssigneeID == nil || slices.Contains(sections, k.Sections[0])
		if !mine || page.Profile.State(k.ID).State != profile.NotStarted || n == 0 {
			continue
		}
		n--
		entries := w.entries(page.Profile, k, answers)
		if n == 0 && len(entries) > 1 { // in the middle of it
			entries = entries[:len(entries)-1]
		}
		if err := x.save(by, entries); err != nil {
			return err
		}
		x.wait(4)
	}
	return nil
}

// present has a colleague's page open as the demo begins.
func (x *story) present() error {
	c, err := x.cycle()
	if err != nil {
		return err
	}
	page, err := x.seeder.Profiles.TaskList(x.seeder.ctx, x.helpers[0], c.ID)
	if err != nil || page.Next == "" {
		return err
	}
	_, err = x.seeder.Profiles.Seen(x.seeder.ctx, x.helpers[0], c.ID, page.Next)
	return err
}

// copyText writes one sentence into many criteria, which the checks notice.
func (x *story) copyText() error {
	c, err := x.cycle()
	if err != nil {
		return err
	}
	page, err := x.seeder.Profiles.Checks(x.seeder.ctx, x.owner, c.ID)
	if err != nil {
		return err
	}
	w, err := x.now(c)
	if err != nil {
		return err
	}
	answers, n := w.answers(page.Profile.Form, page.Profile.Facts), 0
	for _, k := range page.Profile.Form.Criteria {
		entries := w.entries(page.Profile, k, answers)
		for i := range entries {
			if entries[i].Answer.Text != "" {
				entries[i].Answer.Text = "This is described in our security manual, which is kept in the office."
				n++
			}
		}
		if err := x.save(x.owner, entries); err != nil || n > 7 {
			return err
		}
	}
	return nil
}

// age takes a document of last year into the library, which has expired since: the checks
// find it.
func (x *story) age() error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil {
		return err
	}
	w, err := x.world(s.Clock.at.UTC().Truncate(24*time.Hour).AddDate(-1, 0, -20))
	if err != nil {
		return err
	}
	documents, err := w.documents()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(documents, func(d document) bool { return !d.ExpiresOn.IsZero() && d.ExpiresOn.Before(s.Clock.at) })
	if i < 0 {
		return fmt.Errorf("%s has no document that has expired", x.name)
	}
	d := documents[i]
	d.ID, d.Title = "old", d.Title+" (last year)"
	if err := x.keep(d); err != nil {
		return err
	}
	return s.Evidence.Attach(s.ctx, x.owner, c.ID, d.Criteria[0], nil, x.library["old"].ID)
}

// writers fill in profiles: the owner, and the colleague whose role may.
func (x *story) writers() []identity.Actor {
	list := []identity.Actor{x.owner}
	if x.second.Is(identity.CompanyEditors...) {
		list = append(list, x.second)
	}
	return list
}

// fill answers the criteria between two shares (percent) of the form, section by section.
// What was carried over is confirmed, or changed where the year has changed it.
func (x *story) fill(from, to int) func() error {
	return func() error {
		c, err := x.cycle()
		if err != nil || c.ID == uuid.Nil {
			return err
		}
		return x.respond(c, func(i, of int) bool { return i*100 >= from*of && i*100 < to*of })
	}
}

// respond answers the criteria that are wanted.
func (x *story) respond(c profile.Cycle, which func(i, of int) bool) error {
	s := x.seeder
	page, err := s.Profiles.Checks(s.ctx, x.owner, c.ID)
	if err != nil {
		return err
	}
	w, err := x.now(c)
	if err != nil {
		return err
	}
	p, writers := page.Profile, x.writers()
	answers := w.answers(p.Form, p.Facts)
	var entries []profile.AnswerEntry
	var same []string
	for i, k := range p.Form.Criteria {
		if !which(i, len(p.Form.Criteria)) {
			continue
		}
		carried := p.State(k.ID).Because == profile.BecauseCarried
		var changed []profile.AnswerEntry
		if !carried || w.changes(k) {
			changed = w.entries(p, k, answers)
		}
		if carried && len(changed) == 0 {
			same = append(same, k.ID)
		}
		entries = append(entries, changed...)
		last := i+1 == len(p.Form.Criteria) || p.Form.Criteria[i+1].Sections[0] != k.Sections[0] || !which(i+1, len(p.Form.Criteria))
		if last {
			if err := x.save(writers[i%len(writers)], entries); err != nil {
				return err
			}
			entries = nil
			x.wait(3 + i%5)
		}
	}
	for _, id := range same {
		if err := s.Profiles.Confirm(s.ctx, writers[len(id)%len(writers)], c.ID, id); err != nil {
			return fmt.Errorf("confirm %s: %w", id, err)
		}
	}
	return nil
}

// changes reports whether a company says something else of a criterion than the year before.
func (w *world) changes(k catalogue.Criterion) bool {
	was := *w
	was.turn--
	return slices.ContainsFunc(k.Questions, func(q catalogue.Question) bool { return q.Kind == catalogue.Date || w.key(q.ID) != was.key(q.ID) })
}

// entries are the answers to a criterion that are not there as they should be.
func (w *world) entries(p *profile.Profile, k catalogue.Criterion, answers map[string]catalogue.Answer) (list []profile.AnswerEntry) {
	for _, q := range k.Questions {
		a, ok := answers[q.ID]
		given, there := p.Given(q.ID, uuid.Nil)
		if !ok || there && given.Value.Equal(a) {
			continue
		}
		list = append(list, profile.AnswerEntry{Cycle: p.Cycle.ID, EditionHash: p.Cycle.EditionHash, EntityType: p.Cycle.EntityType, Criterion: k.ID, Question: q.ID,
			Version: given.Version, Answer: a})
	}
	return list
}

func (x *story) save(by identity.Actor, entries []profile.AnswerEntry) error {
	if len(entries) == 0 {
		return nil
	}
	_, err := x.seeder.Profiles.SaveAll(x.seeder.ctx, by, entries)
	return err
}

// gather uploads the company's evidence and attaches it where it belongs. What is there
// already and has expired, or will soon, gets a new version.
func (x *story) gather() error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil || c.ID == uuid.Nil {
		return err
	}
	w, err := x.now(c)
	if err != nil {
		return err
	}
	task, err := s.Profiles.TaskList(s.ctx, x.owner, c.ID)
	if err != nil {
		return err
	}
	for _, p := range w.kept() {
		if p.ID == "risk" && x.risk == finished {
			continue // made in the portal
		}
		if err := x.renew(w, p); err != nil {
			return fmt.Errorf("%s: %w", p.Title, err)
		}
		var places []evidence.Place
		for _, id := range p.For {
			if _, ok := task.Profile.Form.Criterion(id); ok {
				places = append(places, evidence.Place{Cycle: c.ID, Criterion: id})
			}
		}
		if len(places) > 0 {
			if err := s.Evidence.AttachAll(s.ctx, x.owner, places, x.library[p.ID].ID); err != nil {
				return fmt.Errorf("attach %s: %w", p.Title, err)
			}
		}
		x.wait(2)
	}
	return nil
}

// renew uploads what a paper says, unless the company has it and it lasts.
func (x *story) renew(w *world, p paper) error {
	at := x.seeder.Clock.at
	if had, ok := x.library[p.ID]; ok {
		ends := had.ExpiresOn != nil && had.ExpiresOn.Before(at.AddDate(0, 0, 45))
		old := had.ExpiresOn == nil && had.IssuedOn.Before(at.AddDate(0, 0, -300))
		if !ends && !old {
			return nil
		}
	}
	d, err := w.document(p)
	if err != nil {
		return err
	}
	return x.keep(d)
}

// keep uploads a document, as a new version where the company has an older one.
func (x *story) keep(d document) error {
	s := x.seeder
	in := evidence.Entry{Title: d.Title, Owner: d.Owner, IssuedOn: d.IssuedOn.Format(time.DateOnly), Lang: d.Lang, Confidentiality: evidence.Confidentiality(d.Confidentiality)}
	if !d.ExpiresOn.IsZero() {
		in.ExpiresOn = d.ExpiresOn.Format(time.DateOnly)
	}
	file := evidence.Incoming{FileName: d.Name, Declared: d.MediaType, Size: int64(len(d.Content))}
	had, again := x.library[d.ID]
	if again {
		file.Evidence = &had.ID
	}
	kept, err := s.Evidence.Take(s.ctx, x.owner, file, evidence.Details{Entry: in}, bytes.NewReader(d.Content))
	if err != nil {
		return err
	}
	if !again {
		x.library[d.ID] = evidence.Evidence{ID: kept.Evidence, Version: 1, IssuedOn: &d.IssuedOn, ExpiresOn: dayOrNone(d.ExpiresOn)}
		return nil
	}
	in.Version = had.Version
	x.library[d.ID], err = s.Evidence.Change(s.ctx, x.owner, had.ID, in)
	return err
}

func dayOrNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// differ enters what is otherwise at the company's last site, if it has several.
func (x *story) differ() error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil || c.ID == uuid.Nil {
		return err
	}
	w, err := x.now(c)
	if err != nil || len(w.Sites) < 2 {
		return err
	}
	page, err := s.Profiles.TaskList(s.ctx, x.owner, c.ID)
	if err != nil {
		return err
	}
	last := w.Sites[len(w.Sites)-1].Name
	i := slices.IndexFunc(page.Profile.Sites, func(site profile.Site) bool { return site.Name == last })
	if i < 0 {
		return fmt.Errorf("there is no site %s", last)
	}
	site := page.Profile.Sites[i].ID
	var entries []profile.AnswerEntry
	for _, k := range page.Profile.Form.Criteria {
		for _, q := range k.Questions {
			e, ok := w.sites[w.programme][q.ID]
			if _, there := page.Profile.Given(q.ID, site); !ok || there || !page.Profile.Shown.Question(q.ID) {
				continue
			}
			entries = append(entries, profile.AnswerEntry{Cycle: c.ID, EditionHash: c.EditionHash, EntityType: c.EntityType, Criterion: k.ID, Question: q.ID,
				Site: site, Answer: w.exception(q, e)})
		}
	}
	return x.save(x.owner, entries)
}

// exception is what a site answers instead of its company.
func (w *world) exception(q catalogue.Question, e exception) catalogue.Answer {
	a := catalogue.Answer{Choice: e.Choice, Text: e.Text, Reason: e.Reason, Plan: e.Plan}
	if e.Plan != "" {
		a.PlanOn = workday(w.day.AddDate(0, 0, 60+w.draw(q.ID+" site", 60))).Format(time.DateOnly)
	}
	if q.Kind == catalogue.Number {
		a.Choice, a.Number = "", e.Choice
	}
	return a
}

// declare submits the profile. What the checks ask about is read.
func (x *story) declare() error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil || c.ID == uuid.Nil {
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

// delegate gives a section of a yearly review to the second person of the company.
func (x *story) delegate() error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil || !x.second.Is(append([]identity.Role{identity.Contributor}, identity.CompanyEditors...)...) {
		return err
	}
	_, err = s.Profiles.Assign(s.ctx, x.owner, c.ID, profile.Assignment{Sections: []string{"cybersecurity", "education_training"}, Person: x.second.PersonID,
		DueOn: workday(s.Clock.at.AddDate(0, 0, 14)).Format(time.DateOnly)})
	return err
}

// warn has the specialist warn a company whose yearly review is overdue.
func (x *story) warn() error {
	c, err := x.cycle()
	if err != nil {
		return err
	}
	return x.seeder.Members.WarnBlank(x.seeder.ctx, x.specialist(), x.member.ID, c.Version)
}

// FillIn fills in the security profile of an application and submits it in the name of an
// owner who is an officer of the company; agreed has a specialist of the office accept it
// too. It is for trying what comes after a profile without answering every question.
func FillIn(ctx context.Context, p Portal, now func() time.Time, reference string, agreed bool) error {
	s := &Seeder{Portal: p, Clock: &Clock{at: now()}, ctx: ctx}
	x := &story{seeder: s, library: map[string]evidence.Evidence{}}
	var row struct {
		ID, Company, Person, Right, Office                             uuid.UUID
		Name, CompanyName, Email, Programme, EntityType, Country, City string
	}
	err := p.DB.Batch(ctx, pg.System, pg.One(&row, `select a.id, a.company_id as company, p.id as person, r.id as right, a.office_id as office, p.name, k.name as company_name, p.email,
		  a.programme, a.entity_type, k.country, coalesce((select city from site where company_id = k.id and closed_on is null order by created_at limit 1), '') as city
		from application a join company k on k.id = a.company_id
		join person_right r on r.company_id = k.id and r.role = 'owner' and r.ended_at is null join person p on p.id = r.person_id
		join contact c on c.company_id = k.id and c.kind = 'officer' and c.removed_at is null and lower(c.email) = lower(p.email)
		where a.reference = $1 order by r.granted_at limit 1`, reference))
	if err != nil {
		return fmt.Errorf("find an officer who owns the account of application %s: %w", reference, err)
	}
	x.app.ID, x.name, x.programme, x.kind, x.country, x.city = row.ID, row.CompanyName, row.Programme, row.EntityType, row.Country, row.City
	x.owner = identity.Actor{PersonID: row.Person, RightID: row.Right, Name: row.Name, Email: row.Email, Audience: identity.Companies, Role: identity.Owner,
		CompanyID: row.Company, Company: row.CompanyName, Zone: time.UTC}
	for _, do := range []func() error{x.fill(0, 100), x.gather, x.fill(0, 100), x.declare} {
		if err := do(); err != nil {
			return err
		}
	}
	if !agreed {
		return nil
	}
	by := identity.Actor{Audience: identity.Staff, Role: identity.Specialist, OfficeID: row.Office, Offices: []uuid.UUID{row.Office}, Zone: time.UTC}
	err = p.DB.Batch(ctx, pg.System, pg.Value(&by.PersonID, `select person_id from person_right where office_id = $1 and role = 'specialist' and ended_at is null order by granted_at limit 1`, row.Office),
		pg.Value(&by.Name, `select p.name from person_right r join person p on p.id = r.person_id where r.office_id = $1 and r.role = 'specialist' and r.ended_at is null order by r.granted_at limit 1`, row.Office))
	if err != nil {
		return fmt.Errorf("find a specialist: %w", err)
	}
	return x.agree(by)
}

// agree accepts a profile without a verdict on each criterion.
func (x *story) agree(by identity.Actor) error {
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
