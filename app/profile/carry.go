package profile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
)

// sources are the cycles from which a new one is filled: the last one of its own kind of
// member, then those of the kinds that share it.
func sources(ctx context.Context, tx pg.Tx, last *Cycle, in Opening) (out []Cycle, err error) {
	if last != nil {
		out = append(out, *last)
	}
	for _, kind := range in.AlsoTypes {
		other, _, err := lastCycle(ctx, tx, in, kind)
		if err != nil {
			return nil, err
		}
		if other != nil && !slices.ContainsFunc(out, func(c Cycle) bool { return c.ID == other.ID }) {
			out = append(out, *other)
		}
	}
	return out, nil
}

// before is the form of an earlier cycle as far as it asked what another one asks: what a
// shared profile asked for other memberships was never asked of this one.
func (s *Steps) before(from, to Cycle) (*catalogue.Form, error) {
	was, err := s.Form(from)
	if err != nil || slices.ContainsFunc(append([]string{to.EntityType}, to.AlsoTypes...), func(kind string) bool { return !from.asks(kind) }) {
		return was, err
	}
	return was.Edition.Form(to.FormKey()), nil
}

// carry fills a new cycle with what was said in the last one, for a person to confirm or
// change, one criterion at a time:
//
//   - unchanged and reworded criteria keep their answers;
//   - those that others were split or merged into take the answers to questions that are
//     still asked under the same id; the rest stands beside them on their pages;
//   - new ones are empty, and those that were withdrawn stay in the last cycle.
//
// An answer that its question would refuse today stays behind as well. Exceptions come
// along for sites that are still in use. Evidence comes along with unchanged and reworded
// criteria, unless it has expired or gone. Verdicts never do, and threads need not: they
// belong to the criterion and not to a cycle. Criteria that are taken stay as they are, and
// those to which something is carried over are taken then.
func (s *Steps) carry(ctx context.Context, tx pg.Tx, to, from Cycle, today clock.Day, taken map[string]bool) error {
	open, err := openSites(ctx, tx, to.CompanyID)
	if err != nil {
		return err
	}
	rows, same, err := s.carryable(ctx, tx, to, from, open, taken)
	if err != nil {
		return err
	}
	if err := insertAnswers(ctx, tx, rows); err != nil {
		return fmt.Errorf("carry over answers: %w", err)
	}
	if err := carryEvidence(ctx, tx, to, from.ID, same, today); err != nil {
		return fmt.Errorf("carry over evidence: %w", err)
	}
	return nil
}

// carryable are the answers of one cycle as those of another, for the company and its open
// sites, and the criteria whose evidence may come along.
func (s *Steps) carryable(ctx context.Context, tx pg.Tx, to, from Cycle, open map[uuid.UUID]bool, taken map[string]bool) (rows []answerRow, same []string, err error) {
	was, err := s.before(from, to)
	if err != nil {
		return nil, nil, err
	}
	is, err := s.Form(to)
	if err != nil {
		return nil, nil, err
	}
	said, err := s.said(ctx, tx, from)
	if err != nil {
		return nil, nil, err
	}
	changes := s.changed(was, is)
	for _, c := range is.Criteria {
		ch := changes.Of(c.ID)
		sources, kept := ch.From, ch.Kind == catalogue.Unchanged || ch.Kind == catalogue.Reworded
		if kept {
			sources = []string{c.ID}
		}
		if _, asked := was.Criterion(c.ID); taken[c.ID] || ch.Kind == catalogue.New || kept && !asked {
			continue
		}
		if taken[c.ID] = true; kept {
			same = append(same, c.ID)
		}
		for _, a := range said {
			if !slices.Contains(sources, a.Criterion) || a.SiteID != nil && !open[*a.SiteID] {
				continue
			}
			row, ok, err := carried(was, c, a)
			if err != nil {
				return nil, nil, err
			}
			if ok {
				row.CycleID, row.CompanyID, row.Carried, row.Version = to.ID, to.CompanyID, true, 1
				rows = append(rows, row)
			}
		}
	}
	return rows, same, nil
}

// carried is an answer of the last cycle as the answer to a question of a criterion today;
// ok is false when it is none.
func carried(was *catalogue.Form, c catalogue.Criterion, a answerRow) (row answerRow, ok bool, err error) {
	q, asked := c.Question(a.Question)
	_, before, known := was.Question(a.Question)
	if !asked || !known {
		return a, false, nil
	}
	value, err := a.value()
	if err != nil || !q.Takes(before, value) {
		return a, false, err
	}
	a.Criterion, a.Complete = c.ID, whole(q, value)
	return a, true, nil
}

// said is what the company said last in a cycle. While a cycle is returned its answers are
// being changed, so there it is what was submitted last.
func (s *Steps) said(ctx context.Context, tx pg.Tx, c Cycle) ([]answerRow, error) {
	if c.Status != Returned {
		return answersOf(ctx, tx, c.ID)
	}
	list, err := submissions(ctx, tx, c, 0)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	in, err := list[0].Read()
	if err != nil {
		return nil, err
	}
	var rows []answerRow
	for _, criterion := range in.Criteria {
		for _, q := range criterion.Questions {
			for _, a := range q.Answers {
				value, err := json.Marshal(a.Answer)
				if err != nil {
					return nil, err
				}
				rows = append(rows, answerRow{Criterion: criterion.ID, Question: q.ID, SiteID: a.Site, Value: string(value), Choice: a.Answer.Choice, UpdatedAt: a.At, Author: a.Author})
			}
		}
	}
	return rows, nil
}

// changed says what became of the criteria for one kind of member from one edition to
// another: one that begins to apply to it is new, and one that ceases to is withdrawn.
func (s *Steps) changed(was, is *catalogue.Form) (out catalogue.Changes) {
	if was.Edition.ID == is.Edition.ID {
		return nil
	}
	list := s.Library.Between(was.Edition, is.Edition)
	origins := map[string]bool{}
	for _, c := range is.Criteria {
		ch := list.Of(c.ID)
		_, there := was.Criterion(c.ID)
		ch.From = slices.DeleteFunc(slices.Clone(ch.From), func(id string) bool { _, ok := was.Criterion(id); return !ok })
		derived := ch.Kind == catalogue.Split || ch.Kind == catalogue.Merged
		if derived && ch.From == nil || !derived && !there {
			ch.Kind, ch.From = catalogue.New, nil
		}
		for _, id := range ch.From {
			origins[id] = true
		}
		if ch.Kind != catalogue.Unchanged {
			out = append(out, ch)
		}
	}
	for _, c := range was.Criteria {
		if _, here := is.Criterion(c.ID); !here && !origins[c.ID] {
			out = append(out, catalogue.Change{ID: c.ID, Kind: catalogue.Withdrawn, Note: list.Of(c.ID).Note})
		}
	}
	return out
}

// openSites are the company's sites that are in use.
func openSites(ctx context.Context, tx pg.Tx, company uuid.UUID) (map[uuid.UUID]bool, error) {
	sites, err := sitesOf(ctx, tx, company)
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]bool, len(sites))
	for _, s := range sites {
		out[s.ID] = true
	}
	return out, nil
}
