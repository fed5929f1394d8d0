package demo

import (
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/bizpartner"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// supplied are the business partners of the first members.
func supplied() []bizpartner.Entry {
	return []bizpartner.Entry{
		{Name: "Textiles del Bajío SA de CV", Country: "MX", Role: "manufacturer", Risk: "high", Reference: "V-1001", Contact: "Marta Ibarra", Email: "marta.ibarra@bajio.example", Lang: "es"},
		{Name: "Atelier Roussel SARL", Country: "FR", Role: "supplier", Risk: "medium", Reference: "V-1002", Contact: "Luc Roussel", Email: "luc@roussel.example", Lang: "fr"},
		{Name: "Gulf Coast Drayage LLC", Country: "US", Role: "carrier", Risk: "medium", Reference: "V-1003", Contact: "Dana Cole", Email: "dispatch@gulfcoast.example", Lang: "en"},
		{Name: "Harborside Cold Storage", Country: "US", Role: "warehouse", Risk: "low", Reference: "V-1004", Contact: "Ray Ortiz", Email: "ray@harborside.example", Lang: "en"},
		{Name: "Meridian Customs Brokers", Country: "US", Role: "broker", Risk: "low", Reference: "V-1005"},
	}
}

// deal gives three members partners, connects two of them, and lets one partner answer.
func (s *Seeder) deal() []step {
	var owners []identity.Actor
	var list []bizpartner.Partner
	var asked bizpartner.Questionnaire
	ready := func(do func() error) func() error {
		return func() error {
			if len(owners) < 2 {
				return nil // the made-up world has too few members
			}
			return do()
		}
	}
	return []step{
		{at: s.day(70, 9), do: func() (err error) {
			if owners, err = s.memberOwners(3); err != nil {
				return err
			}
			for i, by := range owners {
				for j, e := range supplied() {
					if i > 0 && j > 2 {
						break
					}
					p, err := s.Partners.Add(s.ctx, by, e)
					if err != nil {
						return fmt.Errorf("add a partner: %w", err)
					}
					if i == 0 {
						list = append(list, p)
					}
				}
			}
			return nil
		}},
		{at: s.day(69, 9), do: ready(func() error { return s.connectMembers(owners[0], owners[1]) })},
		{at: s.day(60, 10), do: ready(func() (err error) {
			asked, err = s.ask(owners[0], list[0])
			return err
		})},
		{at: s.day(52, 10), do: ready(func() error { return s.answerAsked(asked) })},
		{at: s.day(50, 10), do: ready(func() error {
			r, err := s.Partners.Result(s.ctx, owners[0], asked.ID)
			if err != nil {
				return err
			}
			return s.Partners.AddTask(s.ctx, owners[0], asked.ID, bizpartner.TaskEntry{Question: "seals", What: "Use seals of ISO 17712 on every full trailer, and send a photograph of the seal log.", Due: r.Today.AddDays(60).String()})
		})},
		{at: s.day(12, 10), do: ready(func() error {
			_, err := s.ask(owners[0], list[1])
			return err
		})},
	}
}

// memberOwners are the owners of the members that have been in the longest.
func (s *Seeder) memberOwners(most int) (out []identity.Actor, err error) {
	var people []struct {
		PersonID, RightID, CompanyID uuid.UUID
		Name, Email, Company         string
	}
	err = s.DB.Batch(s.ctx, pg.System, pg.All(&people, `select distinct on (m.certified_on, m.number) p.id as person_id, r.id as right_id, c.id as company_id, p.name, p.email, c.name as company
		from membership m join company c on c.id = m.company_id join person_right r on r.company_id = c.id and r.role = 'owner' and r.ended_at is null join person p on p.id = r.person_id
		where m.programme = 'ctpat' and m.status = 'active' order by m.certified_on, m.number, r.granted_at limit $1`, most))
	for _, p := range people {
		out = append(out, identity.Actor{PersonID: p.PersonID, RightID: p.RightID, Name: p.Name, Email: p.Email, Audience: identity.Companies, Role: identity.Owner,
			CompanyID: p.CompanyID, Company: p.Company, Zone: time.UTC})
	}
	return out, err
}

func (s *Seeder) connectMembers(a, b identity.Actor) error {
	for _, by := range []identity.Actor{a, b} {
		if err := s.Partners.Agree(s.ctx, by); err != nil {
			return err
		}
	}
	var number string
	err := s.DB.Batch(s.ctx, pg.System, pg.Value(&number, `select number from membership where company_id = $1 and status = 'active' order by certified_on limit 1`, b.CompanyID))
	if err != nil {
		return err
	}
	if err := s.Partners.Ask(s.ctx, a, bizpartner.AskEntry{Number: number, Purpose: "You move our goods from the port to our warehouse."}); err != nil {
		return err
	}
	n, err := s.Partners.Network(s.ctx, b)
	if err != nil || len(n.Connections) == 0 {
		return err
	}
	return s.Partners.Answer(s.ctx, b, n.Connections[0].ID, bizpartner.AnswerEntry{Yes: true, Version: n.Connections[0].Version})
}

func (s *Seeder) ask(by identity.Actor, p bizpartner.Partner) (bizpartner.Questionnaire, error) {
	return s.Partners.Send(s.ctx, by, p.ID, bizpartner.SendEntry{Template: s.Partners.Data.Templates[0].Code, Name: p.Contact, Email: p.Email, Lang: p.Lang})
}

// answerLink is the link in an e-mail to a partner, the only place that has it.
var answerLink = regexp.MustCompile(`/q/([A-Za-z0-9_-]{43})`)

// answerAsked answers a questionnaire as its partner would, by the link.
func (s *Seeder) answerAsked(q bizpartner.Questionnaire) error {
	var mail string
	err := s.DB.Batch(s.ctx, pg.System, pg.Value(&mail, `select body from mail where to_address = $1 and company_id = $2 order by created_at desc, id desc limit 1`, q.ToEmail, q.CompanyID))
	if err != nil {
		return err
	}
	found := answerLink.FindStringSubmatch(mail)
	if found == nil {
		return fmt.Errorf("the e-mail of %s has no link", q.Reference)
	}
	key := bizpartner.Key{Token: found[1], Lang: q.Lang}
	o, err := s.Partners.Look(s.ctx, key)
	if err != nil {
		return err
	}
	for _, section := range o.Template.Sections {
		in := map[string]bizpartner.ReplyEntry{}
		for i, question := range section.Questions {
			e := bizpartner.ReplyEntry{Answer: bizpartner.Yes, Note: "Según nuestro manual de seguridad, capítulo " + fmt.Sprint(i+1) + "."}
			switch question.Code {
			case "seals", "cameras", "labor_checks":
				e.Answer, e.Note = bizpartner.Partly, "En dos de tres naves; la tercera sigue en mayo."
			case "tracking":
				e.Answer, e.Note = bizpartner.No, "El transportista lo hace, no nosotros."
			}
			in[question.Code] = e
		}
		if _, _, err := s.Partners.Save(s.ctx, key, section.Code, in); err != nil {
			return err
		}
	}
	_, err = s.Partners.Finish(s.ctx, key, bizpartner.FinishEntry{Name: q.ToName, Position: "Directora de operaciones", Agreed: true})
	return err
}
