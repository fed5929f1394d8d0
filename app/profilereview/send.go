package profilereview

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
)

// StartReview begins the review of a submitted profile. For the person in charge, and for
// supervisors and headquarters of the office tree.
func (s *Service) StartReview(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err := begin(ctx, tx, by, id, version)
		if err != nil {
			return err
		}
		return s.Steps.Move(ctx, tx, now, by, &c, profile.StartReview, profile.Facts{}, profile.Details{})
	})
}

// Point is one criterion of a return as a person composes it.
type Point struct {
	Criterion string
	Remark    string
}

// ReturnEntry is a return as a person composes it.
type ReturnEntry struct {
	Version int
	Message string
	Points  []Point
}

// PointField names the form field of the remark on a criterion.
func PointField(criterion string) string { return "point-" + criterion }

// SendBack returns the profile for information: one message and a list of criteria, each
// with a remark. It unlocks only these, makes the signature void, tells the company the
// verdicts on them, sends every draft of a message and writes the letter, all or nothing.
// The agency's period stands still until the company submits again. For the person in
// charge, and for supervisors and headquarters of the office tree. Invalid: the message, a
// remark, or nothing chosen. Conflict: the profile is not under review.
func (s *Service) SendBack(ctx context.Context, by identity.Actor, id uuid.UUID, in ReturnEntry) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err := begin(ctx, tx, by, id, in.Version)
		if err != nil {
			return err
		}
		if c.Status != profile.InReview {
			return underReview(c)
		}
		counted, err := countedIn(ctx, tx, c)
		if err != nil {
			return err
		}
		var check entry.Check
		message := check.Text("message", "the message", in.Message, 1, 4000)
		var items []itemRow
		for _, p := range in.Points {
			if !slices.Contains(counted, p.Criterion) || slices.ContainsFunc(items, func(i itemRow) bool { return i.Criterion == p.Criterion }) {
				check.Add("points", "Choose criteria of this profile only")
				continue
			}
			remark := check.Text(PointField(p.Criterion), "the remark", p.Remark, 1, 4000)
			items = append(items, itemRow{CycleID: c.ID, CompanyID: c.CompanyID, Criterion: p.Criterion, Remark: remark, Version: 1})
		}
		refused := check.Fields()
		if len(items) == 0 && refused == nil {
			refused = append(refused, fault.F("points", "Choose at least one criterion to send back"))
		}
		if err := fault.Fail(refused); err != nil {
			return err
		}
		ret := returnRow{ID: pg.NewID(), CycleID: c.ID, CompanyID: c.CompanyID, Round: c.Round, Message: message, SentAt: now, SentBy: &by.PersonID, Version: 1}
		if err := addReturn(ctx, tx, ret, items); err != nil {
			return err
		}
		ids := make([]string, len(items))
		for i, x := range items {
			ids[i] = x.Criterion
		}
		err = s.Steps.Move(ctx, tx, now, by, &c, profile.SendBack, profile.Facts{Items: len(items)}, profile.Details{After: map[string]any{"criteria": ids, "round": c.Round}})
		if err != nil {
			return err
		}
		if err := s.tellReturned(ctx, tx, now, c, items); err != nil {
			return err
		}
		if err := sendDrafts(ctx, tx, now, c.ID); err != nil {
			return err
		}
		return s.write(ctx, tx, now, by, c, "profile_returned", map[string]string{"note": message, "points": s.pointLines(c, items)})
	})
}

// tellReturned writes what the company is told of the criteria that go back. One that has
// no verdict, or one that asks for nothing, goes back for more information.
func (s *Service) tellReturned(ctx context.Context, tx pg.Tx, now time.Time, c profile.Cycle, items []itemRow) error {
	verdicts, err := verdictsOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	var told []Told
	for _, i := range items {
		v := MoreInformation
		if x := verdicts[i.Criterion]; x.Verdict.Asks() {
			v = x.Verdict
		}
		told = append(told, Told{Criterion: i.Criterion, Verdict: v, Remark: i.Remark})
	}
	return tell(ctx, tx, now, c, told)
}

// pointLines are the criteria of a return for a letter, one a line.
func (s *Service) pointLines(c profile.Cycle, items []itemRow) string {
	form, err := s.Steps.Form(c)
	if err != nil {
		return "" // Move has found the form a moment ago
	}
	var lines []string
	for _, k := range form.Criteria { // in the order of the edition
		if i := slices.IndexFunc(items, func(i itemRow) bool { return i.Criterion == k.ID }); i >= 0 {
			lines = append(lines, fmt.Sprintf("– %s %s: %s", k.ID, k.Title, oneLine(items[i].Remark)))
		}
	}
	return strings.Join(lines, "\n")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// write writes one of the programme's letters about a profile.
func (s *Service) write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c profile.Cycle, letter string, values map[string]string) error {
	p, err := s.programme(c)
	if err != nil {
		return err
	}
	return s.Steps.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: c.CompanyID, SubjectKind: profile.Kind, SubjectID: c.ID, Programme: p, Code: letter, Values: values})
}

func (s *Service) programme(c profile.Cycle) (*programme.Programme, error) {
	p, ok := s.Steps.Programmes.Get(c.Programme)
	if !ok {
		return nil, fmt.Errorf("profile %s: the portal has no programme %q", c.Reference, c.Programme)
	}
	return p, nil
}

// CancelReturn takes a return back that was a mistake, as long as the company has not
// begun to answer: the profile is under review again, and its signature holds. The company
// is told. For the person in charge, and for supervisors and headquarters of the office
// tree.
func (s *Service) CancelReturn(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err := begin(ctx, tx, by, id, version)
		if err != nil {
			return err
		}
		ret, err := openReturn(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		var f profile.Facts
		if ret != nil {
			if f.Changed, err = changedSince(ctx, tx, c.ID, ret.ID, ret.SentAt); err != nil {
				return err
			}
		}
		if err := s.Steps.Move(ctx, tx, now, by, &c, profile.CancelReturn, f, profile.Details{}); err != nil {
			return err
		}
		if ret == nil {
			return fmt.Errorf("profile %s waits for an answer to no return", c.Reference)
		}
		ret.CancelledAt = &now
		if err := pg.Update(ctx, tx, ret, ret.ID, &ret.Version, "cancelled_at"); err != nil {
			return fmt.Errorf("take the return back: %w", err)
		}
		official := (&i18n.Catalogues{}).With(ctx, i18n.Source)
		return s.Steps.Letters.Message(ctx, tx, now, by, notice.Message{Company: c.CompanyID, Direction: notice.ToCompany, SubjectKind: profile.Kind, SubjectID: c.ID,
			Subject: i18n.T(official, "You need not answer about %s", c.Reference),
			Body:    i18n.T(official, "We sent your security profile %s back to you. That was a mistake, and we took it back. You need not do anything: we go on with the review, and your signature holds.", c.Reference)})
	})
}

// Accept accepts the profile: every criterion that counts has a verdict that it is met,
// given on what was submitted last. The company is told every verdict, drafts of messages
// are sent, and the letter is written. An application can then be recommended for
// certification. One person accepts, for certification needs another one anyway: the
// person in charge, or a supervisor or headquarters of the office tree. Invalid: some
// criteria are not met yet, and which.
func (s *Service) Accept(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err := begin(ctx, tx, by, id, version)
		if err != nil {
			return err
		}
		lines, err := s.lines(ctx, tx, c)
		if err != nil {
			return err
		}
		var f profile.Facts
		var told []Told
		for _, l := range lines {
			if !l.Met() {
				f.Unmet++
			}
			told = append(told, Told{Criterion: l.Criterion.ID, Verdict: l.Verdict, Remark: l.Remark})
		}
		if err := s.Steps.Move(ctx, tx, now, by, &c, profile.Accept, f, profile.Details{After: map[string]any{"criteria": len(told), "round": c.Round}}); err != nil {
			return err
		}
		if err := tell(ctx, tx, now, c, told); err != nil {
			return err
		}
		if err := sendDrafts(ctx, tx, now, c.ID); err != nil {
			return err
		}
		return s.write(ctx, tx, now, by, c, "profile_accepted", map[string]string{"points": recommendations(ctx, lines)})
	})
}

// recommendations are what the company reads with an acceptance, one a line.
func recommendations(ctx context.Context, lines []Line) string {
	var out []string
	for _, l := range lines {
		if l.Verdict == MeetsWithRecommendation {
			out = append(out, fmt.Sprintf("– %s %s: %s", l.Criterion.ID, l.Criterion.Title, oneLine(l.Remark)))
		}
	}
	if out == nil {
		return ""
	}
	return i18n.T(ctx, "We recommend:") + "\n" + strings.Join(out, "\n")
}
