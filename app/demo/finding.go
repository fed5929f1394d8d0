package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fieldwork"
	"trustedtrader/app/finding"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/report"
	"trustedtrader/app/review"
	"trustedtrader/app/validation"
)

// visited is a validation on which somebody was, as the demo goes on with it.
type visited struct {
	ID, LeadID, VisitID, CompanyID, OfficeID uuid.UUID
	Reference, Programme, Status, Report     string
	Begun                                    time.Time
	Asked                                    *time.Time // for comments
	Version                                  int        // of the validation
	ReportVersion                            int
	Left                                     int // visits that are still open
}

// follow goes on with the validations on which somebody was, one step a day: what was seen,
// findings, the report, its approval, the company's answers, and the tier.
func (s *Seeder) follow() (steps []step) {
	for day := s.day(150, 23); day.Before(s.present); day = day.AddDate(0, 0, 1) {
		steps = append(steps, step{at: day, do: s.goOn})
	}
	return steps
}

func (s *Seeder) goOn() error {
	var list []visited
	err := s.DB.Batch(s.ctx, pg.System, pg.All(&list, `select v.id, v.lead_id, v.reference, v.programme, v.status, v.company_id, v.office_id, v.version, x.id as visit_id, x.begun_at as begun,
		coalesce(r.status, '') as report, coalesce(r.version, 0) as report_version, k.asked_at as asked,
		(select count(*)::int from visit y where y.validation_id = v.id and y.status in ('to_book', 'offered', 'booked', 'under_way')) as left
		from validation v join lateral (select id, begun_at from visit where validation_id = v.id and begun_at is not null order by number limit 1) x on true
		left join report r on r.validation_id = v.id left join report_comment k on k.validation_id = v.id
		where v.status in ('visiting', 'visited', 'issued') and v.lead_id is not null order by v.reference`))
	if err != nil {
		return err
	}
	for _, v := range list {
		if err := s.next(v); err != nil {
			return fmt.Errorf("go on with %s: %w", v.Reference, err)
		}
	}
	return nil
}

// next does what is due in a validation, if anything is.
func (s *Seeder) next(v visited) error {
	lead, boss := s.person(v.LeadID), s.second(v)
	if lead.PersonID == uuid.Nil || boss.PersonID == uuid.Nil {
		return nil
	}
	age := int(s.Clock.Now().Sub(v.Begun).Hours() / 24)
	switch {
	case v.Report == "" && age >= 2:
		return s.seen(v, lead)
	case v.Left > 0 && age >= 4:
		return s.spare(v, lead)
	case v.Status == string(validation.Visiting):
		return nil
	case v.Report == string(report.Draft) && v.Asked == nil && age >= 6:
		return s.Reports.Share(s.ctx, lead, v.ID, v.ReportVersion, "We look forward to your comments.")
	case v.Report == string(report.Commenting):
		return s.comment(v, lead, age)
	case v.Report == string(report.Draft) && age >= 18:
		return s.Reports.Submit(s.ctx, lead, v.ID, v.ReportVersion)
	case v.Report == string(report.Submitted) && age >= 20:
		return s.Reports.Approve(s.ctx, boss, v.ID, v.ReportVersion)
	case v.Report == string(report.Approved) && age >= 22:
		return s.Reports.Issue(s.ctx, lead, v.ID, v.ReportVersion)
	case v.Status == string(validation.Issued) && age >= 45:
		return s.answers(v, lead, boss, age)
	}
	return nil
}

// person is somebody of the agency.
func (s *Seeder) person(id uuid.UUID) identity.Actor {
	for _, who := range s.staff {
		if who.PersonID == id {
			return who
		}
	}
	return identity.Actor{}
}

// second is who approves what the lead has written.
func (s *Seeder) second(v visited) (out identity.Actor) {
	for _, who := range s.staff {
		if who.PersonID != v.LeadID && who.Is(identity.Approvers...) && who.InOffice(v.OfficeID) && (out.PersonID == uuid.Nil || who.Name < out.Name) {
			out = who
		}
	}
	return out
}

// owner is who acts for the company.
func (s *Seeder) owner(company uuid.UUID) (out identity.Actor, err error) {
	var list []struct {
		PersonID, RightID uuid.UUID
		Name, Email       string
	}
	err = s.DB.Batch(s.ctx, pg.System, pg.All(&list, `select p.id as person_id, r.id as right_id, p.name, p.email from person_right r join person p on p.id = r.person_id
		where r.company_id = $1 and r.role = 'owner' and r.ended_at is null order by r.granted_at limit 1`, company))
	if err != nil || len(list) == 0 {
		return out, err
	}
	return identity.Actor{PersonID: list[0].PersonID, RightID: list[0].RightID, Name: list[0].Name, Email: list[0].Email, Audience: identity.Companies, Role: identity.Owner,
		CompanyID: company, Zone: time.UTC}, nil
}

// found are the findings of every validation.
func found() []finding.Entry {
	return []finding.Entry{
		{Kind: finding.ActionRequired, Title: "Seal numbers are not compared on arrival", Cause: "not_followed",
			Facts:  "The procedure asks for it. In four of ten arrivals that we looked at, nobody had compared the seal with the papers.",
			Wanted: "Compare every seal on arrival, write down the result, and check once a month that it is done."},
		{Kind: finding.ActionRequired, Title: "Visitors' badges are not returned", Cause: "no_record",
			Facts:  "The log at the gate has no column for the return. Eleven badges could not be found.",
			Wanted: "Add the return to the log, and block badges that are missing."},
		{Kind: finding.Recommendation, Title: "Train drivers once a year", Facts: "Drivers are trained when they begin, and not again."},
		{Kind: finding.BestPractice, Title: "Cameras that recognise open doors", Facts: "The cameras over the docks tell the guard when a door stands open without a truck.",
			Elements: map[string]string{"management": "The board has approved the budget for three years.", "innovation": "The pictures are read by a model of the company's own.",
				"documented": "Procedure SEC-14 describes it.", "checks": "The guard signs each alarm, and the manager looks at them every week.", "evidence": "We saw two alarms and what was done."}},
	}
}

// themes are words in the titles of the criteria that the findings are about, the best first.
var themes = [][]string{{"Seals on arrival", "seal", "Cargo"}, {"Visitors", "Access process", "Access"}, {"Security training", "Training", "Aware"}, {"Cameras", "Access points", "Locking"}}

// looked are the criteria of a visit: first those that the findings are about.
func looked(list []fieldwork.Candidate) (ids []string) {
	take := func(fits func(title string) bool) bool {
		for _, x := range list {
			if !slices.Contains(ids, x.About.ID) && fits(x.About.Title.String()) {
				ids = append(ids, x.About.ID)
				return true
			}
		}
		return false
	}
	for _, words := range themes {
		found := false
		for _, word := range words {
			if found = take(func(title string) bool { return strings.Contains(strings.ToLower(title), strings.ToLower(word)) }); found {
				break
			}
		}
		if !found {
			take(func(string) bool { return true })
		}
	}
	for len(ids) < 12 && take(func(string) bool { return true }) {
	}
	return ids
}

// seen enters what was verified, writes the findings and begins the report.
func (s *Seeder) seen(v visited, lead identity.Actor) error {
	c, err := s.Fieldwork.Candidates(s.ctx, lead, v.VisitID)
	if err != nil || len(c.List) < 4 {
		return err
	}
	ids := looked(c.List)
	if err := s.Fieldwork.Choose(s.ctx, lead, v.VisitID, ids); err != nil {
		return err
	}
	for i, id := range ids {
		in := fieldwork.Entry{Criterion: id, Version: 1, Methods: []string{"examine", "interview"}, Result: fieldwork.Verified}
		if i < 2 {
			in.Result, in.Note = fieldwork.Partly, "See the finding."
		}
		if err := s.Fieldwork.Verify(s.ctx, lead, v.VisitID, in); err != nil {
			return err
		}
	}
	for i, in := range found() {
		in.Validation, in.Visit, in.Criterion = v.ID, v.VisitID.String(), ids[i]
		if v.Programme != "ctpat" && in.Cause == "broken" {
			in.Cause = "other"
		}
		if _, err := s.Findings.Draft(s.ctx, lead, in); err != nil {
			return err
		}
	}
	err = s.Fieldwork.LogHours(s.ctx, lead, v.VisitID, review.HoursEntry{Day: s.Clock.Now().AddDate(0, 0, -2).Format(time.DateOnly), Hours: "7", Minutes: "30", Activity: "validation", Note: "On site"})
	if err != nil {
		return err
	}
	return s.write(v, lead)
}

// write begins the report and fills in what nothing is assembled into.
func (s *Seeder) write(v visited, lead identity.Actor) error {
	if err := s.Reports.Begin(s.ctx, lead, v.ID); err != nil {
		return err
	}
	p, err := s.Reports.Open(s.ctx, lead, v.ID)
	if err != nil {
		return err
	}
	for _, x := range p.Report.Sections {
		if strings.TrimSpace(x.Text) == "" {
			if err := s.Reports.Edit(s.ctx, lead, v.ID, x.Code, "The measures of the security profile are in place, apart from two that the findings name. The people whom we met know what to do and why.", x.Version); err != nil {
				return err
			}
		}
	}
	if p, err = s.Reports.Open(s.ctx, lead, v.ID); err != nil {
		return err
	}
	outcome := validation.Confirmed
	if p.MembershipID != nil && p.Leads != "" {
		outcome = validation.TierAwarded
	}
	return s.Reports.Propose(s.ctx, lead, v.ID, report.ProposalEntry{Version: p.Report.Version, Outcome: outcome, Reason: "The measures are in place once the two actions are done."})
}

// spare cancels the visits that are not needed any more.
func (s *Seeder) spare(v visited, lead identity.Actor) error {
	var left []struct {
		ID      uuid.UUID
		Version int
	}
	err := s.DB.Batch(s.ctx, pg.System, pg.All(&left, `select id, version from visit where validation_id = $1 and status in ('to_book', 'offered', 'booked') order by number`, v.ID))
	if err != nil {
		return err
	}
	for _, x := range left {
		if err := s.Validations.CancelVisit(s.ctx, lead, x.ID, validation.CallOffEntry{Reason: "What we saw at the first place is enough", Version: x.Version}); err != nil {
			return err
		}
	}
	return nil
}

// comment is the company's word on the draft, and the lead goes on.
func (s *Seeder) comment(v visited, lead identity.Actor, age int) error {
	p, err := s.Reports.Open(s.ctx, lead, v.ID)
	if err != nil || p.Comment == nil {
		return err
	}
	if p.Comment.Over(s.Clock.Now()) {
		return s.Reports.GoOn(s.ctx, lead, v.ID, v.ReportVersion)
	}
	owner, err := s.owner(v.CompanyID)
	if err != nil || owner.PersonID == uuid.Nil || age < 14 {
		return err
	}
	return s.Reports.Comment(s.ctx, owner, v.ID, "The report is right. The badges have been blocked since the visit.", p.Comment.Version)
}

// answers are the company's answers and what the office makes of them.
func (s *Seeder) answers(v visited, lead, boss identity.Actor, age int) error {
	owner, err := s.owner(v.CompanyID)
	if err != nil || owner.PersonID == uuid.Nil {
		return err
	}
	p, err := s.Reports.Open(s.ctx, lead, v.ID)
	if err != nil {
		return err
	}
	open := 0
	for n, i := range p.Findings {
		if i.Kind != finding.ActionRequired || i.Status.Final() {
			continue
		}
		open++
		r, err := s.Findings.Open(s.ctx, lead, i.ID)
		if err != nil {
			return err
		}
		switch {
		case i.Status == finding.Open && age >= 45+20*n:
			err = s.Findings.Answer(s.ctx, owner, i.ID, finding.AnswerEntry{Version: r.Version, Text: "We have changed the procedure, trained the shifts and check it every month since then."})
		case i.Status == finding.Answered && age >= 55+20*n:
			err = s.Findings.Accept(s.ctx, lead, i.ID, finding.NoteEntry{Version: r.Version, Text: "Thank you. The log shows it."})
		}
		if err != nil {
			return err
		}
	}
	if open > 0 || p.Report == nil {
		return nil
	}
	return s.Reports.Close(s.ctx, boss, v.ID, report.ClosingEntry{Version: v.Version, Outcome: validation.Outcome(p.Report.Outcome), Reason: "Every required action is done."})
}
