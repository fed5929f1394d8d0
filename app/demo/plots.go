package demo

import (
	"fmt"

	"trustedtrader/app/application"
	"trustedtrader/app/company"
	"trustedtrader/app/review"
)

// The plots. Each adds to the one before it, so that every state of an application is
// reached the way companies and offices reach it.

func registered(x *story) []step { return []step{x.at(0, x.register)} }

func accountDone(x *story) []step {
	return append(registered(x), x.at(1, x.account), x.at(1, x.colleague))
}

func chosen(x *story) []step { return append(accountDone(x), x.at(0, x.choose)) }

func eligible(x *story) []step { return append(chosen(x), x.at(2, x.eligible)) }

func signed(x *story) []step { return append(eligible(x), x.at(1, x.sign)) }

// filledIn is a profile that only waits for its declaration.
func filledIn(x *story) []step {
	return append(signed(x), x.at(1, x.gather, x.fill(0, 60)), x.at(1, x.fill(60, 100)), x.at(1, x.age))
}

// shared is a profile that several people fill in at once.
func shared(x *story) []step {
	return append(eligible(x), x.at(1, x.gatherTeam, x.assign), x.at(1, x.help), x.at(1, x.assess(false)), x.at(1, x.help), x.late(x.present))
}

// copied is a profile whose owner writes the same everywhere.
func copied(x *story) []step {
	return append(chosen(x), x.at(1, x.copyText))
}

func submitted(x *story) []step {
	return append(append(signed(x), prepare(x)...), x.at(1, x.submit))
}

func claimed(x *story) []step { return append(submitted(x), x.at(2, x.claim)) }

// begun is a case that its specialist works on; with the union's rules it is accepted first.
func begun(x *story) []step {
	steps := append(claimed(x), x.at(1, x.start, x.take))
	return append(steps, x.at(1, x.comment), x.at(3, x.halfway, x.judge(45)))
}

// asked has a request to answer, and criteria of the profile; askedInPart has begun to.
func asked(x *story) []step       { return append(begun(x), x.at(2, x.ask, x.returnProfile(3))) }
func askedInPart(x *story) []step { return append(asked(x), x.at(1, x.reply(60))) }

func answered(x *story) []step { return append(asked(x), x.at(4, x.reply(100), x.declare, x.answer)) }

// answeredAndTaken is a profile that came back and that the specialist goes through anew.
func answeredAndTaken(x *story) []step { return append(answered(x), x.at(1, x.take, x.judge(30))) }

// doubted is a case with verdicts that will send criteria back.
func doubted(x *story) []step { return append(begun(x), x.at(1, x.doubt)) }

func standing(x *story) []step { return append(begun(x), x.at(2, x.pause)) }

func recommended(x *story) []step {
	return append(begun(x), x.at(9, x.pass, x.recommend(application.Certify)))
}

func sentBack(x *story) []step { return append(recommended(x), x.at(2, x.sendBack)) }

func certified(x *story) []step { return append(recommended(x), x.at(3, x.certify)) }

// Members and their yearly reviews, which open by themselves: each begins a while before
// the present, so that it stands where it is told.

// twoReviews had last year's accepted and is in the middle of this year's.
func twoReviews(x *story) []step {
	return append(certified(x), x.before(384, x.assessed, x.gather, x.fill(0, 55)), x.before(376, x.fill(55, 100)), x.before(369, x.declare), x.before(341, x.approve),
		x.before(30, x.begin), x.before(16, x.gather, x.fill(0, 40)), x.before(9, x.delegate, x.question), x.before(1, x.fill(40, 52)))
}

// reviewAccepted had its yearly review accepted.
func reviewAccepted(x *story) []step {
	return append(certifiedAfterRequest(x), x.before(262, x.gather, x.fill(0, 50)), x.before(259, x.fill(50, 100)), x.before(258, x.declare), x.before(224, x.approve))
}

// reviewLate sent its yearly review a week after the day.
func reviewLate(x *story) []step {
	return append(certified(x), x.before(114, x.gather, x.fill(0, 100)), x.before(112, x.declare), x.before(89, x.approve))
}

// reviewOverdue has not sent it, and was warned.
func reviewOverdue(x *story) []step {
	return append(certified(x), x.before(95, x.fill(0, 6)), x.before(40, x.assess(false)), x.before(5, x.warn))
}

// reviewSent waits for the specialist; reviewBegun is with the specialist.
func reviewSent(x *story) []step {
	return append(certified(x), x.before(9, x.gather, x.fill(0, 70)), x.before(6, x.fill(70, 100)), x.before(4, x.declare))
}

func reviewBegun(x *story) []step {
	return append(certified(x), x.before(12, x.gather, x.fill(0, 100)), x.before(8, x.declare), x.before(5, x.take, x.judge(35)), x.before(2, x.judge(60), x.doubt))
}

// reviewReturned was sent back with some criteria to answer.
func reviewReturned(x *story) []step {
	return append(certifiedAfterRequest(x), x.before(31, x.gather, x.fill(0, 100)), x.before(27, x.declare), x.before(20, x.take, x.judge(70)), x.before(12, x.returnProfile(4)),
		x.before(5, x.reply(50)))
}

// reviewOpen is half confirmed.
func reviewOpen(x *story) []step {
	return append(noticeDraft(x), x.before(20, x.gather, x.fill(0, 30)), x.before(3, x.fill(30, 55)))
}

// certifiedAfterRequest took a question and an answer.
func certifiedAfterRequest(x *story) []step {
	return append(answered(x), x.at(5, x.pass, x.recommend(application.Certify)), x.at(2, x.certify))
}

func rejected(x *story) []step {
	return append(begun(x), x.at(6, x.recommend(application.Reject)), x.at(3, x.reject))
}

// again applies anew after a rejection that leaves the way open.
func again(x *story) []step {
	steps := append(rejected(x), x.at(60, x.choose), x.at(2, x.eligible), x.at(1, x.sign))
	return append(append(steps, prepare(x)...), x.at(1, x.submit))
}

func withdrawn(x *story) []step { return append(begun(x), x.at(5, x.withdraw)) }

// heard is a refusal under the union's rules whose hearing is open; answeredHearing has
// the company's view, refused is its end.
func heard(x *story) []step { return rejected(x) }

func answeredHearing(x *story) []step { return append(heard(x), x.at(9, x.speak)) }

func refused(x *story) []step {
	return append(answeredHearing(x), x.at(5, x.recommend(application.Reject)), x.at(2, x.reject))
}

// Members' change notices, in each of their states.
func noticeDraft(x *story) []step    { return append(certified(x), x.at(40, x.openNotice)) }
func noticeSent(x *story) []step     { return append(noticeDraft(x), x.at(1, x.sendNotice)) }
func noticeAccepted(x *story) []step { return append(noticeSent(x), x.at(4, x.acceptNotice)) }
func noticeReturned(x *story) []step { return append(noticeSent(x), x.at(4, x.returnNotice)) }

func (x *story) claim() (err error) {
	x.app, err = x.seeder.Reviews.Claim(x.seeder.ctx, x.specialist(), x.id(), x.version())
	return err
}

func (x *story) start() (err error) {
	if x.programme == "eu-aeo" {
		x.app, err = x.seeder.Reviews.Accept(x.seeder.ctx, x.specialist(), x.id(), x.version())
		return err
	}
	x.app, err = x.seeder.Reviews.StartReview(x.seeder.ctx, x.specialist(), x.id(), x.version())
	return err
}

func (x *story) comment() error {
	s := x.seeder
	if err := s.Reviews.AddNote(s.ctx, x.specialist(), x.id(), "Called the compliance manager. The warehouse moved last year, the new lease is on its way."); err != nil {
		return err
	}
	_, err := s.Notices.Write(s.ctx, x.specialist(), x.id(), "Your specialist", "I work on your application. Write to me here whenever you have a question.")
	return err
}

// halfway gives the first parts and checks their outcome and logs the time.
func (x *story) halfway() error {
	s, by := x.seeder, x.specialist()
	c, err := x.record(by)
	if err != nil {
		return err
	}
	var verdicts []review.VerdictEntry
	for _, p := range c.Parts[:len(c.Parts)/2] {
		verdicts = append(verdicts, review.VerdictEntry{Part: p.Section.Code, Verdict: application.Meets, Version: p.Verdict.Version})
	}
	if err := s.Reviews.SetVerdicts(s.ctx, by, x.id(), verdicts); err != nil {
		return err
	}
	var checks []review.VettingEntry
	for _, v := range c.Vetting[:len(c.Vetting)/3] {
		checks = append(checks, review.VettingEntry{ID: v.ID, Outcome: review.VettingClear, Version: v.Version})
	}
	if err := s.Reviews.SetVetting(s.ctx, by, x.id(), checks); err != nil {
		return err
	}
	return s.Reviews.LogHours(s.ctx, by, x.id(), review.HoursEntry{Day: s.Clock.at.AddDate(0, 0, -1).Format("2006-01-02"), Hours: fmt.Sprint(1 + x.number%4), Minutes: "30",
		Activity: "vetting", Note: "Registers and lists"})
}

// pass gives every part and every check a good outcome, and accepts the security profile.
func (x *story) pass() error {
	s, by := x.seeder, x.specialist()
	if err := x.approve(); err != nil {
		return err
	}
	c, err := x.record(by)
	if err != nil {
		return err
	}
	var verdicts []review.VerdictEntry
	for _, p := range c.Parts {
		if p.Again || p.Verdict.Verdict != application.Meets {
			verdicts = append(verdicts, review.VerdictEntry{Part: p.Section.Code, Verdict: application.Meets, Version: p.Verdict.Version})
		}
	}
	if err := s.Reviews.SetVerdicts(s.ctx, by, x.id(), verdicts); err != nil {
		return err
	}
	var checks []review.VettingEntry
	for _, v := range c.Vetting {
		if v.Outcome != review.VettingClear {
			checks = append(checks, review.VettingEntry{ID: v.ID, Outcome: review.VettingClear, Version: v.Version})
		}
	}
	return s.Reviews.SetVetting(s.ctx, by, x.id(), checks)
}

func (x *story) ask() (err error) {
	x.app, err = x.seeder.Reviews.SendRequest(x.seeder.ctx, x.specialist(), x.id(), review.RequestEntry{Version: x.version(), Message: "Two points are not clear to us yet.",
		Items: []review.Question{{Part: application.PartSites, Text: "Who has keys to the warehouse, and who keeps the list?"},
			{Part: application.PartContacts, Text: "Who stands in for the compliance manager?"}}})
	return err
}

func (x *story) answer() error {
	s := x.seeder
	page, err := s.Applications.Check(s.ctx, x.owner, x.id())
	if err != nil {
		return err
	}
	var answers []application.ItemAnswer
	for _, i := range page.Asked {
		answers = append(answers, application.ItemAnswer{ID: i.ID, Answer: "The shift leader keeps the list, and the head of logistics stands in.", Version: i.Version})
	}
	x.app, err = s.Applications.AnswerInformation(s.ctx, x.owner, x.id(), application.Submission{Version: page.File.Application.Version, Attested: true, Name: x.owner.Name}, answers)
	return err
}

func (x *story) pause() error {
	reason, code := "other_agency", "certification_decision"
	if x.programme == "eu-aeo" {
		reason, code = "time_to_adapt", "decision"
	}
	return x.seeder.Reviews.PauseClock(x.seeder.ctx, x.specialist(), x.id(), review.ClockEntry{Code: code, Reason: reason, Note: "Asked by letter"})
}

func (x *story) recommend(outcome application.Outcome) func() error {
	return func() (err error) {
		in := review.RecommendationEntry{Outcome: outcome, Reason: "Profile and vetting are in order."}
		if outcome == application.Reject {
			reason := "incomplete"
			in.Reason = "The application does not show how the warehouse is secured."
			in.Points = []application.Point{{Part: application.PartSites, Reason: reason, Text: "The lease of the warehouse is missing, and so is its address."}}
		}
		in.Version = x.version()
		x.app, err = x.seeder.Reviews.Recommend(x.seeder.ctx, x.specialist(), x.id(), in)
		return err
	}
}

func (x *story) sendBack() (err error) {
	x.app, err = x.seeder.Reviews.Return(x.seeder.ctx, x.supervisor(), x.id(), x.version(), "Check the second officer against the list again.")
	return err
}

func (x *story) certify() (err error) {
	x.member, err = x.seeder.Members.Admit(x.seeder.ctx, x.supervisor(), x.id(), x.version())
	return err
}

func (x *story) reject() (err error) {
	x.app, err = x.seeder.Reviews.ApproveRejection(x.seeder.ctx, x.supervisor(), x.id(), x.version())
	return err
}

func (x *story) speak() (err error) {
	x.app, err = x.seeder.Applications.AnswerHearing(x.seeder.ctx, x.owner, x.id(), application.HearingAnswer{Version: x.version(), Answer: "The lease was sent by post. We attach a copy and the plan of the site."})
	return err
}

func (x *story) withdraw() (err error) {
	x.app, err = x.seeder.Applications.Withdraw(x.seeder.ctx, x.owner, x.id(), application.Withdrawal{Version: x.version(), Reason: "not_ready", Note: "We move to a new warehouse first."})
	return err
}

func (x *story) openNotice() (err error) {
	s := x.seeder
	x.notice, err = s.Companies.OpenNotice(s.ctx, x.owner, company.NoticeEntry{EffectiveOn: s.Clock.at.AddDate(0, 0, 10).Format("2006-01-02"), Explanation: "We use a second trade name from then on."})
	if err != nil {
		return err
	}
	x.notice, err = s.Companies.Propose(s.ctx, x.owner, x.notice.ID, company.Proposal{Version: x.notice.Version, Do: company.Add, Subject: company.AboutTradeName,
		Name: company.NameEntry{Name: x.name + " Express"}})
	return err
}

func (x *story) sendNotice() (err error) {
	x.notice, err = x.seeder.Companies.SendNotice(x.seeder.ctx, x.owner, x.notice.ID, x.notice.Version)
	return err
}

func (x *story) acceptNotice() (err error) {
	x.notice, err = x.seeder.Companies.AcceptNotice(x.seeder.ctx, x.specialist(), x.notice.ID, x.notice.Version)
	return err
}

func (x *story) returnNotice() (err error) {
	x.notice, err = x.seeder.Companies.ReturnNotice(x.seeder.ctx, x.specialist(), x.notice.ID, x.notice.Version, "Send the register's extract that shows the name.")
	return err
}
