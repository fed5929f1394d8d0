package inbox

import (
	"context"
	"strings"

	"trustedtrader/app/i18n"
	"trustedtrader/app/notice"
	"trustedtrader/views/ui"
)

func state(ctx context.Context, m notice.Item) (ui.Kind, string) {
	switch {
	case m.Unread:
		return ui.Info, i18n.T(ctx, "New")
	case m.Direction == notice.ToAgency:
		return ui.Neutral, i18n.T(ctx, "Sent by your company")
	default:
		return ui.Neutral, i18n.T(ctx, "Opened")
	}
}

// about names the record of a message: "Application A-1".
func about(ctx context.Context, m notice.Item) string {
	switch m.SubjectKind {
	case notice.AboutApplication:
		return i18n.T(ctx, "Application %s", m.Reference)
	case notice.AboutMembership:
		return i18n.T(ctx, "Membership %s", m.Reference)
	case notice.AboutChange:
		return i18n.T(ctx, "Change notice %s", m.Reference)
	case notice.AboutProfile:
		return i18n.T(ctx, "Security profile %s", m.Reference)
	case notice.AboutEvidence:
		return i18n.T(ctx, "Evidence")
	default:
		return i18n.T(ctx, "Company account")
	}
}

func recordLabel(ctx context.Context, kind string) string {
	switch kind {
	case notice.AboutApplication:
		return i18n.T(ctx, "Go to the application")
	case notice.AboutChange:
		return i18n.T(ctx, "Go to the change notice")
	case notice.AboutProfile:
		return i18n.T(ctx, "Go to the security profile")
	case notice.AboutEvidence:
		return i18n.T(ctx, "Go to the evidence")
	default:
		return i18n.T(ctx, "Go to the company account")
	}
}

func replyLabel(ctx context.Context, own bool) string {
	if own {
		return i18n.T(ctx, "Write another message")
	}
	return i18n.T(ctx, "Reply")
}

// letterLang marks the programme's letters as what they are written in; people write
// in whatever language they like.
func letterLang(m notice.Full) string {
	if m.Letter != "" {
		return i18n.Source
	}
	return ""
}

func newPath(m notice.Full) string {
	return "/inbox/new?about=" + m.SubjectID.String() + "&reply=" + m.ID.String()
}

func writeLead(ctx context.Context, p WritePage) string {
	if p.Staff {
		return i18n.T(ctx, "%s reads this in its inbox. It is signed by the office, not with your name.", p.About.Company)
	}
	return i18n.T(ctx, "The agency's office in charge of your application reads this. Everybody of your company sees it in the inbox.")
}

func pager(p ListPage) ui.Pager {
	var out ui.Pager
	if !p.Start {
		out.PreviousHref = "/inbox"
	}
	if next := p.Page.Next.String(); next != "" {
		out.NextHref = "/inbox?after=" + next
	}
	return out
}

// part is a line of an e-mail, a link when it is nothing but an address of a page.
type part struct{ Text, Href string }

func parts(body string) []part {
	var out []part
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case (strings.HasPrefix(line, "http://") || strings.HasPrefix(line, "https://")) && !strings.ContainsAny(line, " \t"):
			out = append(out, part{line, line})
		default:
			out = append(out, part{line, ""})
		}
	}
	return out
}
