package consent

import (
	"context"

	app "trustedtrader/app/consent"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

func kindText(ctx context.Context, programmes *programme.Register, m app.Shown) string {
	p, ok := programmes.Get(m.Programme)
	if !ok {
		return m.Programme
	}
	e, _ := p.EntityType(m.EntityType)
	return p.ShortName + ", " + i18n.T(ctx, e.Name)
}

func statusText(ctx context.Context, programmes *programme.Register, m app.Shown) string {
	text := i18n.T(ctx, standing.State(m.Status).Name())
	if p, ok := programmes.Get(m.Programme); ok && m.Status == string(standing.Active) {
		if t, ok := p.Tier(m.Tier); ok {
			return text + ", " + i18n.T(ctx, t.Name)
		}
	}
	return text
}
