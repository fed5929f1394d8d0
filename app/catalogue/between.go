package catalogue

import (
	"slices"

	"trustedtrader/app/entry"
)

// Changes says what became of each criterion from one edition to another, in the order of
// the newer one and then what is gone. What is not listed is unchanged.
type Changes []Change

// Of says what became of a criterion.
func (list Changes) Of(id string) Change {
	if i := slices.IndexFunc(list, func(c Change) bool { return c.ID == id }); i >= 0 {
		return list[i]
	}
	return Change{ID: id, Kind: Unchanged}
}

// Gone lists the criteria of the older edition that are asked no more, without those that
// others came from.
func (list Changes) Gone() (out []string) {
	for _, c := range list {
		if c.Kind == Withdrawn {
			out = append(out, c.ID)
		}
	}
	return out
}

// Between puts the change lists of all editions together that lie between two of them:
// what was reworded twice is reworded, what was split and then merged came from all that
// these came from, and From names criteria of the older edition alone. Editions of which
// the newer does not follow on the older, directly or through others, are compared word by
// word instead.
func (l *Library) Between(before, e *Edition) Changes {
	if before.ID == e.ID {
		return nil
	}
	var way []*Edition // newest first
	for at := e; at.ID != before.ID; {
		way = append(way, at)
		previous, ok := l.Edition(e.Programme, at.Previous)
		if !ok || len(way) > len(l.Editions(e.Programme)) {
			return compared(before, e)
		}
		at = previous
	}
	fate := map[string]Change{}
	for _, c := range before.Criteria {
		fate[c.ID] = Change{ID: c.ID, Kind: Unchanged, From: []string{c.ID}}
	}
	lost := map[string]Text{} // notes on what was withdrawn
	for _, step := range slices.Backward(way) {
		next := map[string]Change{}
		for _, c := range step.Criteria {
			next[c.ID] = then(fate, step.ChangeOf(c.ID))
		}
		for _, ch := range step.Changes {
			if ch.Kind == Withdrawn {
				lost[ch.ID] = ch.Note
			}
		}
		fate = next
	}
	return changes(before, e, fate, lost)
}

// then is what became of a criterion after one more change, where fate says what became of
// all of them before it.
func then(fate map[string]Change, ch Change) Change {
	was, there := fate[ch.ID]
	out := Change{ID: ch.ID, Kind: ch.Kind, Note: ch.Note}
	switch {
	case ch.Kind == Split || ch.Kind == Merged:
		for _, id := range ch.From {
			for _, origin := range fate[id].From {
				if !slices.Contains(out.From, origin) {
					out.From = append(out.From, origin)
				}
			}
		}
	case !there || ch.Kind == New:
		return Change{ID: ch.ID, Kind: New, Note: ch.Note}
	case was.Kind == New:
		return was
	default: // unchanged or reworded now
		out.From, out.Note = was.From, both(was.Note, ch.Note)
		if was.Kind != Unchanged {
			out.Kind = was.Kind
		}
	}
	switch {
	case len(out.From) == 0:
		out.Kind = New // of something that was new itself on the way
	case out.Kind == Merged && len(out.From) == 1:
		out.Kind = Split
	case out.Kind == Split && len(out.From) > 1:
		out.Kind = Merged
	}
	return out
}

// changes writes down what became of the criteria of an edition, in the order of both.
func changes(before, e *Edition, fate map[string]Change, lost map[string]Text) (out Changes) {
	origins := map[string]bool{}
	for _, c := range e.Criteria {
		ch := fate[c.ID]
		was, _ := before.Criterion(c.ID)
		if ch.Kind == Reworded && len(binding(was, c)) == 0 {
			ch.Kind = Unchanged // back to what it was
		}
		for _, id := range ch.From {
			origins[id] = true
		}
		switch ch.Kind {
		case Unchanged:
			continue
		case Reworded, New:
			ch.From = nil
		}
		out = append(out, ch)
	}
	for _, c := range before.Criteria {
		if _, here := e.Criterion(c.ID); !here && !origins[c.ID] {
			out = append(out, Change{ID: c.ID, Kind: Withdrawn, Note: lost[c.ID]})
		}
	}
	return out
}

// compared is what two editions say themselves, without change lists.
func compared(before, e *Edition) (out Changes) {
	for _, d := range Compare(before, e) {
		if d.Kind != Unchanged {
			out = append(out, Change{ID: d.ID, Kind: d.Kind})
		}
	}
	return out
}

// both puts two notes behind one another, in the languages that both are in.
func both(a, b Text) Text {
	if len(a) == 0 {
		return b
	}
	out := Text{}
	for lang, text := range a {
		if b[lang] != "" {
			out[lang] = text + " " + b[lang]
		} else if len(b) == 0 {
			out[lang] = text
		}
	}
	return out
}

// Takes reports whether an answer to a question of an older edition is an answer to this
// one as it stands: it is of the same kind, and nothing of it would be refused or dropped.
func (q Question) Takes(was Question, a Answer) bool {
	sameColumns := slices.EqualFunc(q.Columns, was.Columns, func(a, b Column) bool { return a.Code == b.Code && a.Kind == b.Kind })
	if q.Kind != was.Kind || !sameColumns {
		return false
	}
	var c entry.Check
	kept := q.Check(&c, "answer", a)
	return len(c.Fields()) == 0 && kept.Equal(a)
}
