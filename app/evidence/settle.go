package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // a decoder that image.Decode finds by itself
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"trustedtrader/app/audit"
	"trustedtrader/app/blob"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// Queue is the queue of jobs that read whole files: few at a time, for they take memory.
const Queue = "evidence"

// ErrTooLarge is a scanner's answer to more content than it takes.
var ErrTooLarge = errors.New("the scanner does not take so much content")

// SettleArgs is the job that has a version scanned and makes its preview.
type SettleArgs struct {
	Version uuid.UUID `json:"version" river:"unique"`
}

// Kind names the job in the queue.
func (SettleArgs) Kind() string { return "evidence_settle" }

// settleOpts: one job for each version. It is tried again for weeks, for a scanner may be
// away for long.
func settleOpts() *river.InsertOpts {
	return &river.InsertOpts{Queue: Queue, MaxAttempts: 100, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: pending()}}
}

func pending() []rivertype.JobState {
	return []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled}
}

// SettleWorker works SettleArgs.
type SettleWorker struct {
	river.WorkerDefaults[SettleArgs]
	Service *Service
}

// Timeout is how long one file may take.
func (w *SettleWorker) Timeout(*river.Job[SettleArgs]) time.Duration { return 5 * time.Minute }

// NextRetry is soon at first, and at least every ten minutes as long as it takes.
func (w *SettleWorker) NextRetry(job *river.Job[SettleArgs]) time.Time {
	wait := min(time.Duration(job.Attempt)*20*time.Second, 10*time.Minute)
	return time.Now().Add(wait)
}

// Work settles one version.
func (w *SettleWorker) Work(ctx context.Context, job *river.Job[SettleArgs]) error {
	return w.Service.Settle(ctx, job.Args.Version)
}

// Settle has a version scanned, if it waits for that, and makes its preview. It does
// nothing twice. The job queue calls it.
func (s *Service) Settle(ctx context.Context, version uuid.UUID) error {
	var v Version
	err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) (err error) {
		v, err = first[Version](ctx, tx, "", "id = ?", version)
		return err
	})
	if fault.KindOf(err) == fault.NotFound || err == nil && (v.ForgottenAt != nil || v.Scan == Quarantined) {
		return nil // it is gone, or shut for good
	}
	if err != nil {
		return err
	}
	r, err := s.content(ctx, pg.System, v.CompanyID, v.BlobKey)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // it was only read
	if v, err = s.scan(ctx, v, r); err != nil {
		return err
	}
	if v.Scan == Quarantined || v.PreviewKey != "" {
		return nil
	}
	return s.preview(ctx, v, r)
}

// scan asks the scanner about content that waits for it, or that was kept before there was
// one.
func (s *Service) scan(ctx context.Context, v Version, r *blob.Reader) (Version, error) {
	was := v.Scan
	switch {
	case v.Scan == Clean, v.Scan == NotScanned && (s.Scanner == nil || v.ScanDetail == tooLarge):
		return v, nil
	case s.Scanner == nil: // it was taken out of use
		v.Scan = NotScanned
	default:
		found, err := s.Scanner.Scan(ctx, r)
		switch {
		case errors.Is(err, ErrTooLarge):
			v.Scan, v.ScanDetail = NotScanned, tooLarge
		case err != nil:
			return v, fmt.Errorf("scan a file: %w", err)
		case found != "":
			v.Scan, v.ScanDetail = Quarantined, virus+found
		default:
			v.Scan = Clean
		}
	}
	now := s.Now()
	v.ScannedAt = &now
	err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		if err := pg.Update(ctx, tx, &v, v.ID, &v.Version, "scan", "scan_detail", "scanned_at"); err != nil {
			return err
		}
		portal := identity.ClockActor("evidence_settle")
		err := audit.Record(ctx, tx, now, portal, audit.Event{Action: "evidence.scan", Kind: "evidence", Subject: v.EvidenceID, Company: v.CompanyID,
			Before: map[string]any{"scan": was}, After: map[string]any{"scan": v.Scan, "detail": v.ScanDetail, "file": v.FileName, "number": v.Number}})
		if err != nil || v.Scan != Quarantined || s.Letters == nil {
			return err
		}
		return s.tellLocked(ctx, tx, now, portal, v)
	})
	return v, err
}

// tellLocked writes to a company that one of its files was locked away, and what to do.
// Whoever uploaded it gets the e-mail too, whatever their role.
func (s *Service) tellLocked(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v Version) error {
	e, err := first[Evidence](ctx, tx, "", "id = ?", v.EvidenceID)
	if err != nil {
		return fmt.Errorf("open the evidence: %w", err)
	}
	places, err := placesOf(ctx, tx, e.ID)
	if err != nil {
		return err
	}
	official := (&i18n.Catalogues{}).With(ctx, i18n.Source)
	body := []string{
		i18n.T(official, "The virus scanner found something harmful in a file of your evidence, and we locked the file away. Nobody can open it, and it does not count as evidence."),
		strings.Join([]string{
			i18n.T(official, "Evidence: %s", e.Title), i18n.T(official, "File: %s, version %d", v.FileName, v.Number),
			i18n.T(official, "Uploaded by %s on %s", v.Author, i18n.DateTime(official, v.UploadedAt, time.UTC)),
			i18n.T(official, "What was found: %s", strings.TrimPrefix(v.ScanDetail, virus)),
		}, "\n"),
	}
	if len(places) > 0 {
		body = append(body, i18n.T(official, "It is attached to: %s", strings.Join(places, "; ")))
	}
	body = append(body,
		i18n.T(official, "What you can do: scan the computer from which it came. Make the document anew on a computer that is clean, and upload that as a new version of the same evidence. If you do not need the file, remove the evidence."))
	return s.Letters.Message(ctx, tx, now, by, notice.Message{Company: v.CompanyID, Direction: notice.ToCompany, SubjectKind: notice.AboutEvidence, SubjectID: e.ID,
		Subject: i18n.T(official, "We locked a file away: %s", v.FileName), Body: strings.Join(body, "\n\n"), Also: v.UploadedBy})
}

// Previews fit into a square of so many pixels, and are made of pictures that unpack to no
// more than so many bytes: a photograph of 50 megapixels takes 75 to 200 MB for a moment.
const (
	previewSide  = 1600
	mostUnpacked = 240 << 20
)

// preview makes a smaller picture of a picture. It is drawn anew from the pixels, so that
// nothing else of the file is in it: no place, no owner, no hidden content.
func (s *Service) preview(ctx context.Context, v Version, r *blob.Reader) error {
	if v.MediaType != "image/png" && v.MediaType != "image/jpeg" {
		return nil
	}
	small, err := Smaller(io.NewSectionReader(r, 0, r.Size()))
	if err != nil || small == nil {
		return err
	}
	key, err := s.key(ctx, pg.System, v.CompanyID)
	if err != nil {
		return err
	}
	o, err := s.Store.Write(ctx, key, blob.NewName(kept), bytes.NewReader(small), int64(len(small)))
	if err != nil {
		return err
	}
	v.PreviewKey = o.Name
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error { return pg.Update(ctx, tx, &v, v.ID, &v.Version, "preview_key") })
	if err != nil {
		return errors.Join(err, s.Store.Delete(context.WithoutCancel(ctx), o.Name))
	}
	return nil
}

// Smaller draws a PNG or JPEG anew as a JPEG of at most previewSide pixels a side. Nil
// when it would take too much memory or is damaged further in: then there is no preview.
func Smaller(r io.ReadSeeker) ([]byte, error) {
	c, _, err := image.DecodeConfig(r)
	if err != nil {
		return nil, nil
	}
	per := int64(4)
	switch c.ColorModel {
	case color.GrayModel:
		per = 1
	case color.Gray16Model:
		per = 2
	case color.YCbCrModel:
		per = 3
	case color.RGBA64Model, color.NRGBA64Model:
		per = 8
	}
	if int64(c.Width)*int64(c.Height)*per > mostUnpacked {
		return nil, nil
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	m, _, err := image.Decode(r)
	if err != nil {
		if errors.Is(err, blob.ErrAway) {
			return nil, err
		}
		return nil, nil
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, shrink(m), &jpeg.Options{Quality: 85}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// shrink makes each pixel the mean of those that it stands for, on white.
func shrink(m image.Image) image.Image {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > previewSide {
		w, h = max(w*previewSide/long, 1), max(h*previewSide/long, 1)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		y0, y1 := b.Min.Y+y*b.Dy()/h, b.Min.Y+max((y+1)*b.Dy()/h, y*b.Dy()/h+1)
		for x := range w {
			x0, x1 := b.Min.X+x*b.Dx()/w, b.Min.X+max((x+1)*b.Dx()/w, x*b.Dx()/w+1)
			var red, green, blue, n uint64
			// A few samples of each direction are enough for the eye.
			for v := y0; v < y1; v += max((y1-y0)/4, 1) {
				for u := x0; u < x1; u += max((x1-x0)/4, 1) {
					r, g, b, a := m.At(u, v).RGBA()
					red, green, blue, n = red+uint64(r+0xffff-a), green+uint64(g+0xffff-a), blue+uint64(b+0xffff-a), n+1
				}
			}
			out.SetRGBA(x, y, color.RGBA{uint8(red / n >> 8), uint8(green / n >> 8), uint8(blue / n >> 8), 255})
		}
	}
	return out
}
