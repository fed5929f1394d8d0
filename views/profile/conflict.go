package profile

import (
	"context"
	"slices"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/profile"
	"trustedtrader/views/ui"
)

func (x Clash) words(ctx context.Context, a catalogue.Answer) string { return x.Question.Words(ctx, a) }

func (x Clash) theirs(ctx context.Context) string { return i18n.T(ctx, "By %s", x.Conflict.By) }

// textual reports whether a comparison word by word says more than both in full.
func (x Clash) textual() bool {
	switch x.Question.Kind {
	case catalogue.Choice, catalogue.Number, catalogue.Date:
		return x.Conflict.Answer.Text != "" && x.Conflict.Theirs.Text != ""
	}
	return x.Conflict.TheirsIs != 0
}

func (x Clash) ways(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: string(app.TakeMine), Label: i18n.T(ctx, "Keep mine")},
		{Value: string(app.TakeTheirs), Label: i18n.T(ctx, "Keep the one of %s", x.Conflict.By)},
		{Value: string(app.Combine), Label: i18n.T(ctx, "Combine the two"), Reveal: fields(x.Combined)},
	}
}

// Combined is an answer to begin with for whoever combines two: texts that differ stand one
// after the other, everything else is the person's own.
func Combined(mine, theirs catalogue.Answer) catalogue.Answer {
	out := mine
	out.Text = both(mine.Text, theirs.Text)
	out.Reason = both(mine.Reason, theirs.Reason)
	out.Plan = both(mine.Plan, theirs.Plan)
	for _, row := range theirs.Rows {
		if !hasRow(out.Rows, row) {
			out.Rows = append(out.Rows[:len(out.Rows):len(out.Rows)], row)
		}
	}
	return out
}

// both is one text after the other, or the one that there is.
func both(mine, theirs string) string {
	switch {
	case theirs == "" || mine == theirs:
		return mine
	case mine == "":
		return theirs
	}
	return mine + "\n\n" + theirs
}

func hasRow(rows [][]string, row []string) bool {
	return slices.ContainsFunc(rows, func(r []string) bool { return slices.Equal(r, row) })
}
