package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profilereview"
)

// opinions are what specialists say about criteria, and what companies answer.
type opinions struct {
	Returned map[string]struct {
		Remark, Answer string
	}
	Recommended, Best map[string]string
	Talk              map[string][2]string // the agency, the company
	Note              map[string]string
	Refused           string // the message of a return
	Plan, Reason      string // of verdicts on a no
}

func (x *story) opinions() (opinions, error) {
	l, err := content()
	if err != nil {
		return opinions{}, err
	}
	return l.opinions[x.programme], nil
}

// take is the specialist who begins with a profile that was submitted. One that stands on
// its own is claimed first.
func (x *story) take() error {
	s, by := x.seeder, x.specialist()
	c, err := x.cycle()
	if err != nil || c.ID == uuid.Nil || c.Status != profile.Submitted {
		return err
	}
	if c.ApplicationID == nil && c.AssigneeID == nil {
		if err := s.ProfileDesk.Claim(s.ctx, by, c.ID, c.Version); err != nil {
			return err
		}
		x.wait(15)
		if c, err = x.cycle(); err != nil {
			return err
		}
	}
	return s.ProfileDesk.StartReview(s.ctx, by, c.ID, c.Version)
}

// judge gives verdicts to the criteria up to a share (percent) of the form, except those
// that have one which still holds.
func (x *story) judge(to int) func() error {
	return func() error { return x.judgeAs(x.specialist(), to, nil) }
}

func (x *story) judgeAs(by identity.Actor, to int, asked map[string]string) error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil || c.ID == uuid.Nil || c.Status != profile.InReview {
		return err
	}
	w, err := x.now(c)
	if err != nil {
		return err
	}
	record, err := s.ProfileDesk.Record(s.ctx, by, c.ID)
	if err != nil {
		return err
	}
	for i, line := range record.Lines {
		remark, ask := asked[line.Criterion.ID]
		if i*100 >= to*len(record.Lines) && !ask || line.Met() && !ask {
			continue
		}
		in := profilereview.VerdictEntry{Criterion: line.Criterion.ID, Verdict: profilereview.MoreInformation, Remark: remark, Round: c.Round, Version: line.Version}
		if !ask {
			in.Verdict, in.Remark = w.opinion(line)
		}
		if err := s.ProfileDesk.SetVerdict(s.ctx, by, c.ID, in); err != nil {
			return fmt.Errorf("verdict on %s: %w", in.Criterion, err)
		}
		if i%9 == 8 {
			x.wait(1)
		}
		if note := w.opinions[w.programme].Note[line.Criterion.ID]; note != "" && line.Notes == 0 && w.draw(line.Criterion.ID+" note", 3) > 0 {
			if err := s.ProfileDesk.Write(s.ctx, by, c.ID, profilereview.MessageEntry{Criterion: line.Criterion.ID, Body: note}); err != nil {
				return fmt.Errorf("note on %s: %w", line.Criterion.ID, err)
			}
		}
	}
	return nil
}

// opinion is the specialist's verdict on a criterion that is met.
func (w *world) opinion(line profilereview.Line) (profilereview.Verdict, string) {
	id, words := line.Criterion.ID, w.opinions[w.programme]
	switch {
	case line.No > 0 && line.Criterion.Level == catalogue.Must:
		return profilereview.MeetsWithRecommendation, words.Plan
	case line.No > 0:
		return profilereview.MeetsWithRecommendation, words.Reason
	case line.NA > 0 && line.Yes == 0:
		return profilereview.NotApplicable, ""
	case words.Best[id] != "" && w.draw(id+" best", 100) < 40:
		return profilereview.BestPractice, words.Best[id]
	case words.Recommended[id] != "" && w.draw(id+" recommended", 100) < 30:
		return profilereview.MeetsWithRecommendation, words.Recommended[id]
	}
	return profilereview.Meets, ""
}

// returnProfile returns a profile with so many criteria to answer, of those that specialists ask
// about, and sends what was drafted.
func (x *story) returnProfile(n int) func() error {
	return func() error {
		s, by := x.seeder, x.specialist()
		c, err := x.cycle()
		if err != nil {
			return err
		}
		w, err := x.now(c)
		if err != nil {
			return err
		}
		record, err := s.ProfileDesk.Record(s.ctx, by, c.ID)
		if err != nil {
			return err
		}
		words := w.opinions[w.programme]
		asked := map[string]string{}
		in := profilereview.ReturnEntry{Message: words.Refused}
		first := w.draw("asked", len(record.Lines))
		for i := range record.Lines { // from somewhere in the middle, so that not all are asked the same
			line := record.Lines[(first+i)%len(record.Lines)]
			id := line.Criterion.ID
			if text, ok := words.Returned[id]; ok && line.Yes > 0 && len(in.Points) < n {
				asked[id] = text.Remark
				in.Points = append(in.Points, profilereview.Point{Criterion: id, Remark: text.Remark})
			}
			if text, ok := words.Talk[id]; ok && w.draw(id+" talk", 2) == 0 {
				if err := s.ProfileDesk.Write(s.ctx, by, c.ID, profilereview.MessageEntry{Criterion: id, Body: text[0], ToCompany: true}); err != nil {
					return fmt.Errorf("write about %s: %w", id, err)
				}
			}
		}
		if err := x.judgeAs(by, 0, asked); err != nil {
			return err
		}
		x.wait(25)
		if c, err = x.cycle(); err != nil {
			return err
		}
		in.Version = c.Version
		return s.ProfileDesk.SendBack(s.ctx, by, c.ID, in)
	}
}

// doubt gives two verdicts with which a criterion will go back, and drafts what to ask.
func (x *story) doubt() error {
	s, by := x.seeder, x.specialist()
	c, err := x.cycle()
	if err != nil || c.Status != profile.InReview {
		return err
	}
	w, err := x.now(c)
	if err != nil {
		return err
	}
	record, err := s.ProfileDesk.Record(s.ctx, by, c.ID)
	if err != nil {
		return err
	}
	words, n := w.opinions[w.programme], 0
	for _, line := range record.Lines {
		text, ok := words.Returned[line.Criterion.ID]
		if !ok || line.Yes == 0 || w.draw(line.Criterion.ID+" doubt", 3) == 0 {
			continue
		}
		verdict := []profilereview.Verdict{profilereview.MoreInformation, profilereview.DoesNotMeet}[n]
		err := s.ProfileDesk.SetVerdict(s.ctx, by, c.ID, profilereview.VerdictEntry{Criterion: line.Criterion.ID, Verdict: verdict, Remark: text.Remark, Round: c.Round, Version: line.Version})
		if err != nil {
			return err
		}
		if n++; n == 2 {
			break
		}
	}
	return nil
}

// reply answers a share (percent) of what was sent back.
func (x *story) reply(share int) func() error {
	return func() error {
		s := x.seeder
		c, err := x.cycle()
		if err != nil || c.Status != profile.Returned {
			return err
		}
		words, err := x.opinions()
		if err != nil {
			return err
		}
		page, err := s.Profiles.Checks(s.ctx, x.owner, c.ID)
		if err != nil {
			return err
		}
		p := page.Profile
		for i, r := range p.Return.Remarks {
			if i*100 >= share*len(p.Return.Remarks) {
				break
			}
			k, ok := p.Form.Criterion(r.Criterion)
			if !ok {
				return fmt.Errorf("the form has no criterion %s", r.Criterion)
			}
			if i > 1 && i == len(p.Return.Remarks)-1 { // the last one stays, and the thread says why
				if err := s.Profiles.Write(s.ctx, x.owner, c.ID, k.ID, "We leave the answer as it is. "+words.Returned[k.ID].Answer); err != nil {
					return err
				}
				if err := s.Profiles.KeepAnswer(s.ctx, x.owner, c.ID, k.ID); err != nil {
					return err
				}
				continue
			}
			entry, ok := added(p, k, words.Returned[r.Criterion].Answer)
			if !ok {
				return fmt.Errorf("%s has no text to add to", r.Criterion)
			}
			if err := x.save(x.writers()[i%len(x.writers())], []profile.AnswerEntry{entry}); err != nil {
				return err
			}
			x.wait(12)
		}
		return x.talk(c, words)
	}
}

// talk answers what the agency has asked in threads, except the last.
func (x *story) talk(c profile.Cycle, words opinions) error {
	s := x.seeder
	var asked []struct{ Criterion string }
	err := s.DB.Batch(s.ctx, x.owner.Scope(), pg.All(&asked, `select m.criterion from profile_message m where m.cycle_id = $1 and m.side = 'agency'
		and not exists (select from profile_message a where a.cycle_id = m.cycle_id and a.criterion = m.criterion and a.side = 'company') order by m.criterion`, c.ID))
	if err != nil {
		return err
	}
	for i, m := range asked {
		if i > 0 && i == len(asked)-1 {
			break
		}
		if err := s.Profiles.Write(s.ctx, x.owner, c.ID, m.Criterion, words.Talk[m.Criterion][1]); err != nil {
			return err
		}
		x.wait(6)
	}
	return nil
}

// question asks the agency about the criterion whose wording changed this year.
func (x *story) question() error {
	c, err := x.cycle()
	if err != nil {
		return err
	}
	return x.seeder.Profiles.Write(x.seeder.ctx, x.owner, c.ID, "4.8",
		"The new wording asks for a second factor or a long passphrase for each log-in. Does it count for the scanners in the hall, which nobody takes home?")
}

// added is the first answer of a criterion that takes a text, with a text added to it.
func added(p *profile.Profile, k catalogue.Criterion, text string) (profile.AnswerEntry, bool) {
	for _, kind := range []catalogue.Kind{catalogue.Narrative, catalogue.YesNo} {
		i := slices.IndexFunc(k.Questions, func(q catalogue.Question) bool { return q.Kind == kind && p.Shown.Question(q.ID) })
		if i < 0 {
			continue
		}
		q := k.Questions[i]
		given, _ := p.Given(q.ID, uuid.Nil)
		a := given.Value
		a.Text = strings.TrimSpace(a.Text + " " + text)
		return profile.AnswerEntry{Cycle: p.Cycle.ID, EditionHash: p.Cycle.EditionHash, EntityType: p.Cycle.EntityType, Criterion: k.ID, Question: q.ID, Version: given.Version, Answer: a}, true
	}
	return profile.AnswerEntry{}, false
}

// approve has the specialist look at the rest of a profile and accept it.
func (x *story) approve() error {
	if err := x.take(); err != nil {
		return err
	}
	return x.accept(x.specialist())
}

func (x *story) accept(by identity.Actor) error {
	s := x.seeder
	c, err := x.cycle()
	if err != nil || c.ID == uuid.Nil || c.Status.Final() {
		return err
	}
	if err := x.judgeAs(by, 100, nil); err != nil {
		return err
	}
	x.wait(10)
	if c, err = x.cycle(); err != nil {
		return err
	}
	return s.ProfileDesk.Accept(s.ctx, by, c.ID, c.Version)
}
