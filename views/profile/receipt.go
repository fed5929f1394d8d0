package profile

import (
	"context"
	"strings"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/profile"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

func receiptPairs(ctx context.Context, r app.Receipt) []ui.Pair {
	return []ui.Pair{
		{Key: i18n.T(ctx, "Reference"), Value: r.Cycle.Reference},
		{Key: i18n.T(ctx, "Company"), Value: r.Content.Company.Name},
		{Key: i18n.T(ctx, "Programme"), Value: i18n.T(ctx, r.Names.Programme.Name)},
		{Key: i18n.T(ctx, "As"), Value: r.Names.Kinds(ctx)},
		{Key: i18n.T(ctx, "Edition of the criteria"), Value: r.Content.Edition},
		{Key: i18n.T(ctx, "Submitted at"), Value: i18n.DateTime(ctx, r.Submission.SubmittedAt, r.Firm.Zone)},
		{Key: i18n.T(ctx, "Declared by"), Value: r.Submission.AttestedName + ", " + r.Submission.AttestedTitle},
		{Key: i18n.T(ctx, "Version"), Value: i18n.Number(ctx, int64(r.Submission.Round))},
		{Key: i18n.T(ctx, "Fingerprint of what you sent (SHA-256)"), Value: r.Submission.SHA256},
	}
}

func (p PrintPage) pairs(ctx context.Context) []ui.Pair {
	n := p.Checks.Profile.Progress()
	return []ui.Pair{
		{Key: i18n.T(ctx, "Reference"), Value: p.Cycle.Reference},
		{Key: i18n.T(ctx, "Company"), Value: p.Firm.Name},
		{Key: i18n.T(ctx, "Programme"), Value: i18n.T(ctx, p.Names.Programme.Name)},
		{Key: i18n.T(ctx, "As"), Value: p.Names.Kinds(ctx)},
		{Key: i18n.T(ctx, "Edition of the criteria"), Value: p.Cycle.Edition},
		{Key: i18n.T(ctx, "State"), Value: i18n.T(ctx, p.Cycle.Status.Name())},
		{Key: i18n.T(ctx, "Ready"), Value: counts(ctx, n)},
		{Key: i18n.T(ctx, "Read at"), Value: i18n.DateTime(ctx, p.Now, p.Zone)},
	}
}

// nextSteps are the sentences of a receipt: what happens next, by which date.
func nextSteps(ctx context.Context, r app.Receipt) []string {
	out := []string{i18n.T(ctx, "A specialist looks at every criterion and at your evidence.")}
	for _, v := range r.Clocks {
		if v.StoppedAt == nil && v.OwedBy == string(programme.Agency) && !v.Earliest {
			out = append(out, i18n.T(ctx, "By %s we do this: %s", v.Reading.DueDay.Text(ctx), i18n.T(ctx, v.Name)))
		}
	}
	if r.Cycle.Kind == app.Initial {
		out = append(out, i18n.T(ctx, "Submit the application too, if you have not done so yet."))
	}
	return append(out,
		i18n.T(ctx, "If we need more from you, we send back the criteria it is about and write to your inbox."),
		i18n.T(ctx, "Until then nothing of this profile can be changed."))
}

// submittedOf lists the submitted criteria of a section, each under the first of its sections.
func submittedOf(content app.Content, edition *catalogue.Edition, section string) (out []app.ContentCriterion) {
	for _, c := range content.Criteria {
		if now, ok := edition.Criterion(c.ID); ok && home(now) == section {
			out = append(out, c)
		}
	}
	return out
}

// submittedRows are the answers to a criterion as they were submitted, with those of sites
// and the evidence.
func submittedRows(ctx context.Context, content app.Content, c catalogue.Criterion, in app.ContentCriterion) (out []ui.Pair) {
	sites := map[string]string{}
	for _, s := range content.Sites {
		sites[s.ID.String()] = s.Name
	}
	for _, asked := range in.Questions {
		q, ok := c.Question(asked.ID)
		if !ok || !asked.Counts {
			continue
		}
		if len(asked.Answers) == 0 {
			out = append(out, ui.Pair{Key: say(ctx, q.Text), Value: i18n.T(ctx, "Not answered")})
		}
		for _, a := range asked.Answers {
			key := say(ctx, q.Text)
			if a.Site != nil {
				key = i18n.T(ctx, "%s, at %s", key, sites[a.Site.String()])
			}
			out = append(out, ui.Pair{Key: key, Value: apart(ctx, q, a.Answer)})
		}
	}
	var items []string
	for _, e := range in.Evidence {
		text := e.Title
		if e.FileName != "" {
			text += " (" + e.FileName + ", SHA-256 " + e.SHA256 + ")"
		} else if e.URL != "" {
			text += ", " + e.URL
		}
		items = append(items, text)
	}
	if len(items) > 0 {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Evidence"), Value: strings.Join(items, "\n")})
	}
	return out
}
