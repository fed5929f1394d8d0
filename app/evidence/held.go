package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"trustedtrader/app/blob"
	"trustedtrader/app/entry"
	"trustedtrader/app/evidence/inspect"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
)

// Held is a file that the agency keeps about a company, outside of the company's library:
// sealed with the company's key, looked into and scanned like the company's own.
type Held struct {
	FileName   string
	MediaType  string
	Size       int64
	SHA256     string `gorm:"column:sha256"`
	BlobKey    string
	Scan       Scan
	ScanDetail string
}

// Hold stores a file about a company for the agency, in one stream, and says what it is; the
// caller writes that down, or calls Drop. A step for other domains: they have decided who
// may. Invalid, about the field "file": it is refused, and gone.
func (s *Service) Hold(ctx context.Context, by identity.Actor, company uuid.UUID, in Incoming, content io.Reader) (h Held, err error) {
	h.FileName = CleanName(in.FileName)
	if _, ok := inspect.OfName(h.FileName); !ok {
		return h, fault.Fail([]fault.Field{fault.F("file", inspect.Unknown.Message())})
	}
	key, err := s.key(ctx, by.Scope(), company)
	if err != nil {
		return h, err
	}
	h.BlobKey = blob.NewName(kept)
	o, err := s.Store.Write(ctx, key, h.BlobKey, content, MostBytes)
	if errors.Is(err, blob.ErrTooLong) {
		err = fault.Fail([]fault.Field{fault.F("file", tooLong, MostBytes>>20)})
	}
	if err != nil {
		return h, errors.Join(err, s.Drop(ctx, h))
	}
	h.Size, h.SHA256, h.Scan = o.Size, o.SHA256, NotScanned
	seen, err := s.look(ctx, key, uploadRow{FileName: h.FileName, Declared: entry.Head(in.Declared, 200)}, o)
	switch {
	case err != nil:
	case o.Size == 0:
		err = fault.Fail([]fault.Field{fault.F("file", inspect.Empty.Message())})
	case seen.Refused != "":
		err = fault.Fail([]fault.Field{fault.F("file", seen.Refused.Message())})
	case seen.Held != "":
		h.MediaType, h.Scan, h.ScanDetail = seen.Type.Media, Quarantined, string(seen.Held)
		return h, nil
	default:
		h.MediaType = seen.Type.Media
		err = s.scanHeld(ctx, key, &h)
	}
	if err != nil {
		return h, errors.Join(err, s.Drop(ctx, h))
	}
	return h, nil
}

// scanHeld asks the scanner at once: the person waits for the answer.
func (s *Service) scanHeld(ctx context.Context, key []byte, h *Held) error {
	if s.Scanner == nil {
		return nil
	}
	r, err := s.Store.Open(ctx, key, h.BlobKey)
	if err != nil {
		return err
	}
	found, err := s.Scanner.Scan(ctx, r)
	err = errors.Join(err, r.Close())
	switch {
	case errors.Is(err, ErrTooLarge):
		h.ScanDetail = tooLarge
	case err != nil:
		s.Log.Warn("the virus scanner does not answer", "error", err.Error())
		return fault.Fail([]fault.Field{fault.F("file", "The virus scanner does not answer now. Try again in a few minutes")})
	case found != "":
		h.Scan, h.ScanDetail = Quarantined, virus+found
	default:
		h.Scan = Clean
	}
	return nil
}

// Drop forgets the content of a file that is not kept after all.
func (s *Service) Drop(ctx context.Context, h Held) error {
	return s.Store.Delete(context.WithoutCancel(ctx), h.BlobKey)
}

// OpenHeld opens a file that the agency keeps about a company, under the same policy as the
// company's own. The caller has decided who may, and closes it.
func (s *Service) OpenHeld(ctx context.Context, by identity.Actor, company uuid.UUID, h Held) (o Opening, err error) {
	if err := s.shut(by, Version{Scan: h.Scan, ScanDetail: h.ScanDetail}); err != nil {
		return o, err
	}
	o = Opening{Name: h.FileName, Media: h.MediaType, SHA256: h.SHA256}
	if o.Content, err = s.content(ctx, by.Scope(), company, h.BlobKey); err != nil {
		return Opening{}, fmt.Errorf("open a file of the agency: %w", err)
	}
	o.Size = o.Content.Size()
	return o, nil
}
