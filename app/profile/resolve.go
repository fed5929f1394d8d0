package profile

import (
	"context"
	"encoding/json"
	"fmt"

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

// Resolve settles a conflict: the person's own text is to hold, the colleague's, or one
// that combines both. The text that does not hold is kept with the revisions either way.
// Who may change the criterion may. Conflict: the colleague's text has moved on again (see
// Conflicts), or the criterion is locked. Invalid: no choice was made.
func (s *Service) Resolve(ctx context.Context, by identity.Actor, in Resolution) (Saved, error) {
	held := in.AnswerEntry
	switch in.Choice {
	case TakeMine:
		held.Version = in.Theirs
	case Combine:
		held.Version, held.Answer = in.Theirs, in.Combined
	case TakeTheirs:
	default:
		return Saved{}, fault.Fail([]fault.Field{fault.F("choice", "Choose which answer is to hold")})
	}
	b, err := s.batch(by, []AnswerEntry{held})
	if err != nil {
		return Saved{}, err
	}
	b.action = "profile.resolve"
	if in.Choice != TakeMine {
		if err := b.lose(in); err != nil {
			return Saved{}, err
		}
	}
	out, err := s.run(ctx, by, b)
	if len(out) == 0 {
		return Saved{Criterion: in.Criterion, Question: in.Question, Site: in.Site}, err
	}
	return out[0], err
}

// lose puts the person's own text away with the wordings that did not hold.
func (b *batchOf) lose(in Resolution) error {
	x := &b.sent[0]
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
