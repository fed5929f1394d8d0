package consultation

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/canon"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// added are the columns behind those of the file.
var added = []string{"outcome", "membership_status", "recognition", "reason", "as_of", "consultation_no", "message"}

// Manifest says what the answers to a list are.
type Manifest struct {
	AnsweredRows int    `json:"answered_rows"`
	Batch        string `json:"batch"`
	FileName     string `json:"file_name"`
	FinishedAt   string `json:"finished_at"`
	Rows         int    `json:"rows"`
	SHA256       string `json:"sha256"` // of the CSV of answers, hexadecimal
}

// line is a row with its answer; answer is nil while there is none.
type line struct {
	cells  []string
	wrong  string
	answer *Answer
}

// lines hands out the rows of a list in their order, one piece after the other.
func (s *Service) lines(ctx context.Context, scope pg.Scope, b Batch, each func(line) error) error {
	var h head
	if err := json.Unmarshal([]byte(b.Head), &h); err != nil {
		return err
	}
	for n := range b.Pieces {
		var piece struct {
			FirstRow int
			Rows     string
		}
		answers := map[int]*Answer{}
		err := s.DB.Batch(ctx, scope, pg.One(&piece, `select first_row, rows::text as rows from check_piece where batch_id = $1 and piece = $2`, b.ID, n),
			pg.Rows(func(read func(...any) error) error {
				var row int
				var text []byte
				var a Answer
				if err := read(&row, &text); err != nil {
					return err
				}
				answers[row] = &a
				return json.Unmarshal(text, &a)
			}, `select row, answer::text from consultation where batch_id = $1 and row >= $2 and row < $3`, b.ID, n*pieceRows, (n+1)*pieceRows))
		if err != nil {
			return fmt.Errorf("read piece %d of the list: %w", n, err)
		}
		var rows [][]string
		if err := json.Unmarshal([]byte(piece.Rows), &rows); err != nil {
			return err
		}
		for i, cells := range rows {
			if err := each(line{cells: cells, wrong: h.row(cells).wrong, answer: answers[piece.FirstRow+i]}); err != nil {
				return err
			}
		}
	}
	return nil
}

// cells are a row of the answers: as many as the heading, and those that are added. No cell
// is a formula to a spreadsheet program.
func (l line) out(ctx context.Context, width int) []string {
	out := make([]string, width, width+len(added))
	for i := range min(width, len(l.cells)) {
		out[i] = entry.Inert(l.cells[i])
	}
	if l.answer == nil {
		why := l.wrong
		if why == "" {
			why = "Not checked yet"
		}
		return append(out, "", "", "", "", "", "", i18n.T(ctx, why))
	}
	a := l.answer
	return append(out, string(a.Outcome), string(a.Status), string(a.Recognition), string(a.Reason), a.AsOf, a.Number, "")
}

func (b Batch) heading() (cells []string, width int, err error) {
	var h head
	if err := json.Unmarshal([]byte(b.Head), &h); err != nil {
		return nil, 0, err
	}
	for _, c := range h.Cells {
		cells = append(cells, entry.Inert(c))
	}
	return append(cells, added...), len(h.Cells), nil
}

// writeCSV writes the answers in one form, so that their hash can be computed again.
func (s *Service) writeCSV(ctx context.Context, scope pg.Scope, b Batch, to io.Writer, failed bool) (answered int, err error) {
	cells, width, err := b.heading()
	if err != nil {
		return 0, err
	}
	if _, err := io.WriteString(to, "\uFEFF"); err != nil { // so that spreadsheet programs see UTF-8
		return 0, err
	}
	w := csv.NewWriter(to)
	w.UseCRLF = true
	if err := w.Write(cells); err != nil {
		return 0, err
	}
	err = s.lines(ctx, scope, b, func(l line) error {
		if l.answer != nil {
			answered++
		}
		if failed && l.answer != nil {
			return nil
		}
		return w.Write(l.out(ctx, width))
	})
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	return answered, err
}

// CSV writes the rows of a list in their order with their answers; failed: only those
// without. People of its agency may.
func (s *Service) CSV(ctx context.Context, by identity.Actor, id uuid.UUID, failed bool, to io.Writer) error {
	b, err := s.Batch(ctx, by, id)
	if err != nil {
		return err
	}
	// In the language of the portal's files, whoever reads them: the manifest has their hash.
	_, err = s.writeCSV(context.WithoutCancel(context.Background()), by.Scope(), b, to, failed)
	return err
}

// XLSX is CSV as a workbook.
func (s *Service) XLSX(ctx context.Context, by identity.Actor, id uuid.UUID, to io.Writer) (err error) {
	b, err := s.Batch(ctx, by, id)
	if err != nil {
		return err
	}
	cells, width, err := b.heading()
	if err != nil {
		return err
	}
	book := excelize.NewFile()
	defer func() { _ = book.Close() }() // temporary files of a stream
	out, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	n := 0
	put := func(cells []string) error {
		n++
		row := make([]any, len(cells))
		for i, c := range cells {
			row[i] = c
		}
		return out.SetRow(fmt.Sprintf("A%d", n), row)
	}
	if err := put(cells); err != nil {
		return err
	}
	if err := s.lines(ctx, by.Scope(), b, func(l line) error { return put(l.out(ctx, width)) }); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = book.WriteTo(to)
	return err
}

// ManifestOf is the signed manifest of a finished list, a compact JWS. People of its agency may.
func (s *Service) ManifestOf(ctx context.Context, by identity.Actor, id uuid.UUID) (Batch, string, error) {
	b, err := s.Batch(ctx, by, id)
	if err != nil {
		return b, "", err
	}
	if b.Manifest == "" {
		return b, "", fault.Missing()
	}
	return b, b.Manifest, nil
}

// finish signs what came of a list.
func (s *Service) finish(ctx context.Context, b Batch) error {
	sum := sha256.New()
	answered, err := s.writeCSV(context.WithoutCancel(context.Background()), pg.System, b, sum, false)
	if err != nil {
		return err
	}
	now := s.Now()
	m := Manifest{Batch: b.Number, FileName: b.FileName, Rows: b.Rows, AnsweredRows: answered, SHA256: hex.EncodeToString(sum.Sum(nil)), FinishedAt: instant(now)}
	text, err := canon.JSON(m)
	if err != nil {
		return err
	}
	signed := ""
	if s.Sign != nil {
		if signed, err = s.Sign(text); err != nil {
			return fmt.Errorf("sign the manifest: %w", err)
		}
	}
	return s.set(ctx, b.ID, `status = 'done', finished_at = ?, sha256 = ?, manifest = ?`, now, m.SHA256, signed)
}
