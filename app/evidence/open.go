package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/blob"
	"trustedtrader/app/evidence/inspect"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Opening is a file to read. Close it.
type Opening struct {
	Name    string // for people
	Media   string // one of inspect.Types, or a picture of ours
	Size    int64
	SHA256  string // of the original; empty for a picture of ours
	Content *blob.Reader
}

// openable is a version with what decides whether an actor may open it.
type openable struct {
	Version
	Title           string
	Confidentiality Confidentiality
	ItemBy          *uuid.UUID
	Submitted       bool
}

const openableSQL = `select v.*, e.title, e.confidentiality, e.created_by as item_by, ` + shownSQL + ` as submitted
	from evidence_version v join evidence e on e.id = v.evidence_id where v.id = ?`

// Download opens the original of a version to be saved; that it was is an audit event. A
// company's readers may for their own company, restricted items aside; the agency's case
// readers may once the version was submitted with a profile, or shown with an answer to a finding
// with a case of leaving, an incident, a case or an appeal. Content that is quarantined or waits for the scanner opens for nobody.
func (s *Service) Download(ctx context.Context, by identity.Actor, version uuid.UUID) (Opening, error) {
	return s.open(ctx, by, version, "evidence.download", func(v openable) (name, media string) { return v.BlobKey, v.MediaType })
}

// Preview opens what may be shown in the browser: a picture made anew without what the
// camera wrote into it, or a PDF. Not found when there is neither. The same may as for
// Download.
func (s *Service) Preview(ctx context.Context, by identity.Actor, version uuid.UUID) (Opening, error) {
	return s.open(ctx, by, version, "evidence.read", func(v openable) (name, media string) {
		switch {
		case v.PreviewKey != "":
			return v.PreviewKey, "image/jpeg"
		case v.MediaType == "application/pdf":
			return v.BlobKey, v.MediaType
		}
		return "", ""
	})
}

func (s *Service) open(ctx context.Context, by identity.Actor, version uuid.UUID, action string, what func(openable) (name, media string)) (o Opening, err error) {
	staff := by.Audience == identity.Staff && by.Is(identity.CaseReaders...)
	if !staff && !reads(by) {
		return o, fault.Missing()
	}
	var v openable
	var object string
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		v = openable{}
		if err := read(ctx, tx, &v, "open the file", openableSQL, version); err != nil {
			return err
		}
		if v.ID == uuid.Nil || staff && !v.Submitted || !staff && v.CompanyID != by.CompanyID {
			return fault.Missing()
		}
		if v.Confidentiality == Restricted && !seesRestricted(by, v.ItemBy) {
			return fault.New(fault.Forbidden, "This evidence is restricted. Ask its owner or an editor of the account to show it to you")
		}
		if err := s.shut(by, v.Version); err != nil {
			return err
		}
		if object, o.Media = what(v); object == "" {
			return fault.Missing()
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: action, Kind: "evidence", Subject: v.EvidenceID, Company: v.CompanyID, Internal: staff,
			After: map[string]any{"title": v.Title, "file": v.FileName, "number": v.Number}})
	})
	if err != nil {
		return o, err
	}
	o.Name, o.SHA256 = v.FileName, v.SHA256
	if object != v.BlobKey {
		o.SHA256 = ""
	}
	o.Content, err = s.content(ctx, by.Scope(), v.CompanyID, object)
	if err != nil {
		return Opening{}, err
	}
	o.Size = o.Content.Size()
	return o, nil
}

// content opens an object of a company. It can be read after ctx has ended: an answer is
// sent after the request was worked.
func (s *Service) content(ctx context.Context, scope pg.Scope, company uuid.UUID, object string) (*blob.Reader, error) {
	key, err := s.key(ctx, scope, company)
	if err != nil {
		return nil, err
	}
	r, err := s.Store.Open(context.WithoutCancel(ctx), key, object)
	switch {
	case errors.Is(err, blob.ErrMissing), errors.Is(err, blob.ErrDamaged):
		s.Log.Error("the content of evidence is lost", "company", company, "object", object, "error", err.Error())
		return nil, fmt.Errorf("open the file: %w", err)
	case err != nil:
		return nil, fmt.Errorf("open the file: %w", err)
	}
	return r, nil
}

// Previewable reports whether a kind of file can be shown in the portal at all.
func Previewable(media string) bool {
	for _, t := range inspect.Types() {
		if t.Media == media {
			return t.Preview
		}
	}
	return false
}

var _ io.ReadCloser = (*blob.Reader)(nil)
