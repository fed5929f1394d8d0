package demo

import (
	"fmt"

	"github.com/google/uuid"

	"trustedtrader/app/claim"
	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
)

// claims are benefits that members say they were not given: one that was right, one that is
// being looked at, and one about which a partner abroad is asked.
func (s *Seeder) claims() []step {
	var lane, front claim.Claim
	open := func(company string, ago int, in claim.Entry, into *claim.Claim) func() error {
		return func() (err error) {
			x := s.storyOf(company)
			if x == nil || x.member.ID == uuid.Nil {
				return nil
			}
			in.Membership, in.From = x.member.ID, clock.DayOf(s.day(ago, 0), nil)
			*into, err = s.Claims.Open(s.ctx, x.owner, in)
			return err
		}
	}
	return []step{
		{at: s.day(40, 15), do: open("Rio Vista Transport", 44, claim.Entry{Benefit: "fast_lanes", Place: "2304 Laredo", Refs: "TRIP2611012\nTRIP2611013",
			Happened: "The FAST lane was closed to two of our trucks, although signs said that it was open. Both waited for 95 minutes with the others."}, &lane)},
		{at: s.day(38, 16), do: func() error { return s.Claims.Take(s.ctx, s.staff["rosa.specialist"], lane.ID, lane.Version) }},
		{at: s.day(33, 17), do: func() error {
			return s.Claims.Answer(s.ctx, s.staff["rosa.specialist"], lane.ID, claim.AnswerEntry{Version: lane.Version + 1, Reason: "not_known",
				Answer: "The booth had a list of members from the week before, and the trucks were registered since. Booths read the list every hour now."})
		}},
		{at: s.day(6, 15), do: open("Bluewater Home Goods", 9, claim.Entry{Benefit: "priority_examinations", Place: "2704 Los Angeles", Refs: "BWH-4024007-6",
			Happened: "Our container waited for four days at the examination station, behind others that came after it."}, &front)},
		{at: s.day(4, 15), do: func() error { return s.Claims.Take(s.ctx, s.staff["sam.specialist"], front.ID, front.Version) }},
		{at: s.day(3, 15), do: s.claimAbroad},
	}
}

// claimAbroad has a member that Hoshima recognises claim that its goods were treated there as
// anybody's, and the specialist ask Hoshima.
func (s *Seeder) claimAbroad() error {
	var list []struct{ CompanyID uuid.UUID }
	err := s.DB.Batch(s.ctx, pg.System, pg.All(&list, `select r.company_id from recognition r join membership m on m.id = r.membership_id
		where r.arrangement = 'us-ctpat-jp-aeo' and r.status = 'recognised' and m.status = 'active' and r.answered_at < $1 order by r.answered_at, r.id`, s.day(12, 0)))
	if err != nil {
		return err
	}
	for _, x := range s.stories {
		if len(list) == 0 || x.owner.CompanyID != list[0].CompanyID {
			continue
		}
		c, err := s.Claims.Open(s.ctx, x.owner, claim.Entry{Membership: x.member.ID, Benefit: "recognition", Arrangement: "us-ctpat-jp-aeo", From: clock.DayOf(s.day(8, 0), nil), Refs: "MRN26110412",
			Happened: "The goods were opened on arrival although the declaration had our membership number."})
		if err != nil {
			return fmt.Errorf("%s claims: %w", x.name, err)
		}
		by := x.specialist()
		if err := s.Claims.Take(s.ctx, by, c.ID, c.Version); err != nil {
			return err
		}
		return s.Claims.Ask(s.ctx, by, c.ID, claim.AskEntry{Version: c.Version + 1, Refs: true, Question: "Did your system know the member on that day, and was there a cause for the examination?"})
	}
	return nil
}

// gaps has the portal count which benefits members do not see in their reports, and headquarters
// work on two of them: one is looked into, of the other it is known why.
func (s *Seeder) gaps() []step {
	return []step{{at: s.present, do: func() error {
		if _, err := s.Claims.CountDue(s.ctx); err != nil {
			return err
		}
		henry := s.staff["henry.hq"]
		list, err := s.Claims.Gaps(s.ctx, henry, claim.GapFilter{Programme: "ctpat"})
		if err != nil {
			return err
		}
		for _, g := range list.Items {
			in := claim.GapEntry{Version: g.Version, Owner: henry.PersonID}
			switch g.Benefit {
			case "stratified_examination":
				in.Status, in.Note = claim.GapLooked, "The ports of Los Angeles and Savannah are asked whether they offer it to members of this tier, and whether releases say so."
			case "penalty_mitigation":
				in.Status, in.Note = claim.GapExplained, "Members brought decisions on security filings only. None of them had a penalty in these months, so there was nothing to mitigate."
			default:
				continue
			}
			if err := s.Claims.Work(s.ctx, henry, g.ID, in); err != nil {
				return fmt.Errorf("work on %s: %w", g.Benefit, err)
			}
		}
		return nil
	}}}
}
