package benefit

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/table"
)

// PreviewRow is a row of a file and what it would become: events, or problems.
type PreviewRow struct {
	Line     int
	Events   []Event
	Problems []RowProblem
}

// RowProblem is what a cell of a row has wrong.
type RowProblem struct {
	Column string // label (English source text), empty: the row
	What   fault.Field
	Cell   string
}

// Preview is the beginning of an import that was not taken over.
type Preview struct {
	Plan Plan
	Rows []PreviewRow
}

// Preview reads the first twenty rows as they would be taken over. Editors may. Conflict:
// its columns are not mapped yet.
func (s *Service) Preview(ctx context.Context, by identity.Actor, id uuid.UUID) (p Preview, err error) {
	if p.Plan, err = s.Plan(ctx, by, id); err != nil {
		return p, err
	}
	if !p.Plan.Import.Mapped {
		return p, fault.New(fault.Conflict, "Say first what the columns are")
	}
	in, err := s.Evidence.OpenSpooled(ctx, by.Scope(), by.CompanyID, p.Plan.Import.BlobKey)
	if err != nil {
		return p, err
	}
	defer in.Close() //nolint:errcheck // it is only read
	t, r, err := s.begin(in, p.Plan.Import, p.Plan.Layout, s.Now())
	if err != nil {
		return p, err
	}
	defer t.Close() //nolint:errcheck // it is only read
	for len(p.Rows) < previewRows {
		row, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return p, err
		}
		events, wrong := r.row(row)
		out := PreviewRow{Line: row.Line, Events: events}
		for _, w := range wrong {
			out.Problems = append(out.Problems, RowProblem{w.Column, fault.F("", w.Message, w.Args...), w.Cell})
		}
		p.Rows = append(p.Rows, out)
	}
	return p, nil
}

// begin opens the file of an import with the columns that were mapped.
func (s *Service) begin(in io.Reader, i Import, l Layout, now time.Time) (*table.Table, *reader, error) {
	mapping, err := i.mapping()
	if err != nil {
		return nil, nil, err
	}
	t, err := s.open(in, l, mapping)
	if err != nil {
		return nil, nil, err
	}
	columns, err := t.Columns(l.Fields(), mapping)
	if err != nil {
		return nil, nil, errors.Join(err, t.Close())
	}
	return t, newReader(s.Data, l, columns, t.Time, now), nil
}
