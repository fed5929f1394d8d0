package profile

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
)

// Choice is how a person settles a conflict of two answers.
type Choice string

// The choices.
const (
	TakeMine   Choice = "mine"
	TakeTheirs Choice = "theirs"
	Combine    Choice = "combined"
)

// Resolution settles one conflict.
type Resolution struct {
	AnswerEntry        // the person's own text; Version is what it was based on
	Choice      Choice // which text is to hold
	Theirs      int    // version of the colleague's text that the person saw (Conflict.TheirsIs)
	Combined    catalogue.Answer
}

// Key names an answer in a form that may have several of one question: the company's and
// those of sites.
func (e AnswerEntry) Key() string {
	if e.Site == uuid.Nil {
		return e.Question
	}
	return e.Question + "@" + e.Site.String()
}

// WayField is the name of the field in which a person chooses which text is to hold.
func (e AnswerEntry) WayField() string { return "way-" + e.Key() }

// CombinedField is the name of the fields in which a person combines two answers.
func (e AnswerEntry) CombinedField() string { return "both-" + e.Key() }

// Resolve settles conflicts of one profile: the person's own text is to hold, the
// colleague's, or one that combines both. The text that does not hold is kept with the
// revisions either way. Who may change the criteria may. Conflict: a colleague's text has
// moved on again (see Conflicts), or a criterion is locked. Invalid: no choice was made, or
// what was combined cannot be kept.
func (s *Service) Resolve(ctx context.Context, by identity.Actor, list []Resolution) ([]Saved, error) {
	if len(list) == 0 {
		return nil, nil
	}
	held := make([]AnswerEntry, len(list))
	var check entry.Check
	for i, in := range list {
		held[i] = in.AnswerEntry
		switch in.Choice {
		case TakeMine:
			held[i].Version = in.Theirs
		case Combine:
			held[i].Version, held[i].Answer = in.Theirs, in.Combined
		case TakeTheirs:
		default:
			check.Add(in.WayField(), "Choose which answer is to hold")
		}
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	b, err := s.batch(by, held)
	if err != nil {
		return nil, inCombined(err, list)
	}
	b.action = "profile.resolve"
	for i := range b.sent {
		if in := list[b.sent[i].N]; in.Choice != TakeMine {
			if err := b.sent[i].lose(in); err != nil {
				return nil, err
			}
		}
	}
	return s.run(ctx, by, b)
}

// inCombined names problems by the fields in which the answers were combined.
func inCombined(err error, list []Resolution) error {
	fields := fault.Fields(err)
	if fields == nil {
		return err
	}
	for i, f := range fields {
		for _, in := range list {
			if rest, ok := strings.CutPrefix(f.Name, AnswerField(in.Question)+"-"); ok && in.Choice == Combine {
				fields[i].Name = in.CombinedField() + "-" + rest
				break
			}
		}
	}
	return fault.Fail(fields)
}

// lose puts the person's own text away with the wordings that did not hold.
func (x *sent) lose(in Resolution) error {
	var check entry.Check
	own := x.question.Check(&check, AnswerField(in.Question), in.Answer)
	if err := check.Err(); err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{"value": own, "based": in.Version})
	if err != nil {
		return fmt.Errorf("write the answer to %s: %w", in.Question, err)
	}
	raw := json.RawMessage(text)
	x.Lost = &raw
	if in.Choice == TakeTheirs {
		x.Value = nil
	}
	return nil
}
