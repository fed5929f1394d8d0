package account

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/i18n"
	"trustedtrader/views/ui"
)

func audienceTitle(ctx context.Context, audience string) string {
	switch audience {
	case "company":
		return i18n.T(ctx, "Companies")
	case "staff":
		return i18n.T(ctx, "Staff of the administration")
	}
	return i18n.T(ctx, "Partner customs agencies")
}

func audienceText(ctx context.Context, audience string) string {
	switch audience {
	case "company":
		return i18n.T(ctx, "You apply, or look after a membership, for a company or as its representative.")
	case "staff":
		return i18n.T(ctx, "You work on applications, visits and memberships.")
	}
	return i18n.T(ctx, "You check the status of traders for a customs agency abroad.")
}

func languageOptions(locales []i18n.Locale) []ui.Option {
	out := make([]ui.Option, len(locales))
	for i, l := range locales {
		out[i] = ui.Option{Value: l.Tag, Label: l.Name}
	}
	return out
}

// browserName says roughly which browser a user agent is; people know theirs by it.
func browserName(ctx context.Context, userAgent string) string {
	name := i18n.T(ctx, "Unknown browser")
	for _, b := range []struct{ mark, name string }{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(userAgent, b.mark) {
			name = b.name
			break
		}
	}
	for _, s := range []struct{ mark, name string }{{"iPhone", "iPhone"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"Linux", "Linux"}} {
		if strings.Contains(userAgent, s.mark) {
			return i18n.T(ctx, "%s on %s", name, s.name)
		}
	}
	return name
}

// keptRows shows what people typed; the form's own numbers and ids mean nothing to them.
func keptRows(fields []KeptField) []ui.SummaryRow {
	var rows []ui.SummaryRow
	for _, f := range fields {
		if _, err := uuid.Parse(f.Value); err == nil || f.Value == "" || f.Name == "version" || strings.HasPrefix(f.Name, "version-") {
			continue
		}
		rows = append(rows, ui.SummaryRow{Key: words(f.Name), Value: f.Value})
	}
	return rows
}

func words(name string) string {
	s := strings.NewReplacer("_", " ", "-", " ", ".", " ").Replace(name)
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
