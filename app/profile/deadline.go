package profile

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// WithCompany reports whether the company has a profile to work on: it is open, or was
// sent back.
func (s Status) WithCompany() bool { return s == Open || s == Returned }

// Deadline finds the running clock that a profile with the company must be submitted by,
// among those of its application or membership, the most urgent first. That of a yearly
// review is the turn of its own anniversary, or a warning about a blank profile. Nil: no
// clock runs for it.
func (s *Steps) Deadline(c Cycle, views []clock.View) *clock.View {
	if !c.Status.WithCompany() {
		return nil
	}
	kind, id := c.Subject()
	for i, v := range views {
		if v.SubjectKind == kind && v.SubjectID == id && v.StoppedAt == nil && v.OwedBy == string(programme.Company) && !v.Earliest && s.endsWith(c, v) {
			return &views[i]
		}
	}
	return nil
}

// endsWith reports whether a clock waits for the profile to be submitted: that of a draft
// does, for an application cannot be submitted without its profile.
func (s *Steps) endsWith(c Cycle, v clock.View) bool {
	switch {
	case c.Kind == Initial:
		return slices.Contains(v.Rule.StopsOn, programme.ApplicationSubmitted)
	case slices.Contains(v.Rule.StopsOn, programme.ProfileCompleted):
		return true
	case c.Kind == Annual && slices.Contains(v.Rule.MetOn, programme.AnnualReviewSubmitted):
		day, err := s.Clocks.Anniversary(v.Row)
		return err == nil && day == c.Anniversary
	}
	return false
}

// Reviews are the profiles that a company has to work on outside an application, such as
// the yearly review of a membership, for the page of another domain.
type Reviews struct{ rows []head }

// mostReviews bounds them: a company has a membership or two.
const mostReviews = 10

// Query reads them together with what else the page shows, without the values of answers.
func (r *Reviews) Query(company uuid.UUID, now time.Time) pg.Query {
	return pg.All(&r.rows, headColumns+outlineColumns+noChoices+` from profile_cycle c join company k on k.id = c.company_id join office o on o.id = c.office_id
		where c.membership_id is not null and c.status = any($1) and c.company_id = $2 order by c.opened_at, c.id limit $4`,
		[]string{string(Open), string(Returned)}, company, now, mostReviews)
}

// Review is one of them.
type Review struct {
	Profile *Profile
	Names
	Progress Progress
	Due      *clock.View // nil: no clock runs for it
}

// Read puts together what Query has read: what was sent back first, then what is due
// first. views are the running clocks of the company, the most urgent first.
func (r *Reviews) Read(s *Steps, views []clock.View) (out []Review, err error) {
	for _, h := range r.rows {
		p, err := h.profile(s)
		if err != nil {
			return nil, fmt.Errorf("read the reviews: %w", err)
		}
		p.apply()
		x := Review{Profile: p, Progress: p.Progress(), Due: s.Deadline(p.Cycle, views)}
		if x.Names, err = s.names(p.Cycle); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Review) int { return cmp.Or(a.turn()-b.turn(), a.due().Compare(b.due())) })
	return out, nil
}

func (r Review) turn() int {
	if r.Profile.Cycle.Status == Returned {
		return 0
	}
	return 1
}

// due is the day for the order; what has none comes by its anniversary.
func (r Review) due() clock.Day {
	if r.Due == nil {
		return r.Profile.Cycle.Anniversary
	}
	return r.Due.Reading.DueDay
}
