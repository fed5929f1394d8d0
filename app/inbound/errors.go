package inbound

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Errors writes the wrong rows of a list as CSV, each with its line; no cell is a formula. The
// same persons may as for Channels.
func (s *Service) Errors(ctx context.Context, by identity.Actor, id uuid.UUID) (f Feed, content []byte, err error) {
	agency, err := reach(by)
	if err != nil {
		return f, nil, err
	}
	if err := s.DB.Batch(ctx, by.Scope(), pg.One(&f, `select `+feedColumns+` from inbound_feed i where i.id = $1 and ($2::uuid is null or i.agency_id = $2)`, id, agency)); err != nil {
		return f, nil, err
	}
	if f.Wrong == 0 {
		return f, nil, fault.Missing()
	}
	var b bytes.Buffer
	b.WriteString("\uFEFF") // by which spreadsheet programs know UTF-8
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if err := w.Write([]string{"line", "number", "name", "country", "problem"}); err != nil {
		return f, nil, fmt.Errorf("write the wrong rows: %w", err)
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.Each(func(r Row) error {
		var told []string
		for _, p := range r.Problems() {
			told = append(told, i18n.T(ctx, p))
		}
		at := ""
		if r.Line != nil {
			at = strconv.Itoa(*r.Line)
		}
		return w.Write([]string{at, entry.Inert(r.Number), entry.Inert(r.Name), entry.Inert(r.Country), strings.Join(told, ". ")})
	}, `select `+rowColumns+` from inbound_row r where r.feed_id = $1 and r.wrong is not null order by r.id`, id))
	if err != nil {
		return f, nil, fmt.Errorf("read the wrong rows: %w", err)
	}
	w.Flush()
	return f, b.Bytes(), w.Error()
}
