package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/blob"
	"trustedtrader/app/entry"
	"trustedtrader/app/evidence/inspect"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// MostPart is how long one piece of a file on its way in may be; it fits into a request of
// ordinary size.
const MostPart = 1 << 20

// Names of objects in the store begin so.
const (
	kept   = "e/" // content of versions and previews
	coming = "u/" // pieces of files on their way in, each upload with a folder of its own
)

func folder(upload uuid.UUID) string { return coming + upload.String() + "/" }

// Incoming is a file that somebody wants to send.
type Incoming struct {
	FileName string
	Declared string     // the media type that the browser names; it may be empty
	Size     int64      // in bytes; for a file that comes in one stream the most that it can be
	Evidence *uuid.UUID // add it as a new version of this item
}

// Upload is a file on its way in.
type Upload struct {
	ID       uuid.UUID
	FileName string
	Size     int64
	Received int64
}

// Details are what is to be known of a file that has come: what a person entered, which may
// be empty, and the place to attach it to.
type Details struct {
	Entry Entry
	Place *Place
}

// Kept is a file that is in the library now.
type Kept struct {
	Evidence   uuid.UUID
	Version    uuid.UUID
	Number     int
	Title      string
	FileName   string
	Size       int64
	Scan       Scan
	ScanDetail string
}

// Begin announces a file whose pieces follow with Put. Those who write may. It refuses
// early what would be refused in the end: the kind by its name, the size, the quota.
func (s *Service) Begin(ctx context.Context, by identity.Actor, in Incoming) (Upload, error) {
	row, err := s.begin(ctx, by, in, "")
	return Upload{row.ID, row.FileName, row.Size, row.Received}, err
}

func (s *Service) begin(ctx context.Context, by identity.Actor, in Incoming, blobKey string) (row uploadRow, err error) {
	if err := writes(by); err != nil {
		return row, err
	}
	var c entry.Check
	name := CleanName(in.FileName)
	if _, ok := inspect.OfName(name); !ok {
		c.Add("file", inspect.Unknown.Message())
	}
	switch {
	case in.Size <= 0:
		c.Add("file", inspect.Empty.Message())
	case in.Size > MostBytes && blobKey == "", in.Size > mostStream:
		c.Add("file", tooLong, MostBytes>>20)
	}
	if err := c.Err(); err != nil {
		return row, err
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := hold(ctx, tx, by.CompanyID); err != nil {
			return err
		}
		if in.Evidence != nil {
			if _, err := openFile(ctx, tx, by, *in.Evidence); err != nil {
				return err
			}
		}
		var mine int
		if err := read(ctx, tx, &mine, "count the uploads", `select count(*) from evidence_upload where person_id = ? and company_id = ?`, by.PersonID, by.CompanyID); err != nil {
			return err
		}
		if mine >= mostUploads {
			return fault.Fail([]fault.Field{fault.F("file", "You have %d files on their way already. Wait until some have come, then add more", mostUploads)})
		}
		if err := s.roomForFile(ctx, tx, by.CompanyID, uuid.Nil, min(in.Size, MostBytes)); err != nil {
			return err
		}
		now := s.Now()
		row = uploadRow{ID: pg.NewID(), CompanyID: by.CompanyID, PersonID: by.PersonID, FileName: name, Declared: entry.Head(in.Declared, 200), Size: min(in.Size, MostBytes),
			EvidenceID: in.Evidence, BlobKey: blobKey, StartedAt: now, SeenAt: now, Version: 1}
		if err := tx.WithContext(ctx).Create(&row).Error; err != nil {
			return fmt.Errorf("begin the upload: %w", err)
		}
		return nil
	})
	return row, err
}

// mostStream is how much a stream may announce: the file, and the form around it.
const mostStream = MostBytes + 1<<20

const tooLong = "The file is larger than %d MB. Make it smaller, or send it in parts"

// roomForFile refuses what would not fit into the company's quota, which uploads under way
// count against.
func (s *Service) roomForFile(ctx context.Context, tx pg.Tx, company, upload uuid.UUID, size int64) error {
	there, coming, err := used(ctx, tx, company, upload)
	if err != nil {
		return err
	}
	if there+coming+size > s.Quota {
		return fault.Fail([]fault.Field{fault.F("file", "There is no room for this file: your library holds %d of %d MB, and more is on its way. Remove what you no longer need first", there>>20, s.Quota>>20)})
	}
	return nil
}

// openFile opens an item to which a version can be added.
func openFile(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Evidence, error) {
	e, err := lockEvidence(ctx, tx, by, id)
	switch {
	case err != nil:
		return e, err
	case e.Kind != KindFile:
		return e, fault.New(fault.Conflict, "Only a file can have a new version. Add this as new evidence")
	case e.RemovedAt != nil:
		return e, removed()
	}
	return e, own(by, e)
}

// upload reads an upload of the actor; another's is not there.
func (s *Service) upload(ctx context.Context, by identity.Actor, id uuid.UUID) (u uploadRow, err error) {
	if !reads(by) {
		return u, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&u, `select id, company_id, person_id, file_name, declared, size, received, evidence_id, blob_key, started_at, seen_at, version
		from evidence_upload where id = $1 and company_id = $2 and person_id = $3`, id, by.CompanyID, by.PersonID))
	return u, err
}

// Uploading says how much of a file has come, so that its sender can go on there. Its
// sender may; for anybody else it is not there.
func (s *Service) Uploading(ctx context.Context, by identity.Actor, id uuid.UUID) (Upload, error) {
	u, err := s.upload(ctx, by, id)
	return Upload{u.ID, u.FileName, u.Size, u.Received}, err
}

// Put takes the piece of a file that begins at offset, and says how much has come. A piece
// that was taken already changes nothing, so a sender who heard no answer may send it
// again. Conflict, with the right offset: another piece is wanted.
func (s *Service) Put(ctx context.Context, by identity.Actor, id uuid.UUID, offset int64, content io.Reader, size int64) (received int64, err error) {
	u, err := s.upload(ctx, by, id)
	if err != nil {
		return 0, err
	}
	switch {
	case u.BlobKey != "":
		return u.Received, fault.New(fault.Conflict, "This file is being looked at already. Wait a moment")
	case offset >= 0 && size > 0 && offset+size <= u.Received:
		return u.Received, nil
	case offset != u.Received:
		return u.Received, wanted(u.Received)
	case size <= 0 || size > MostPart || offset+size > u.Size:
		return u.Received, fault.New(fault.Invalid, "The file has changed while it was sent. Choose it again")
	}
	key, err := s.key(ctx, by.Scope(), u.CompanyID)
	if err != nil {
		return u.Received, err
	}
	name := blob.NewName(folder(u.ID))
	o, err := s.Store.Write(ctx, key, name, content, size)
	if err != nil {
		return u.Received, fmt.Errorf("take a piece of a file: %w", err)
	}
	if o.Size != size {
		return u.Received, errors.Join(fault.New(fault.Invalid, "A part of the file did not arrive. Send it again"), s.Store.Delete(ctx, name))
	}
	received = offset + size
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(`update evidence_upload set received = ?, seen_at = ?, version = version + 1 where id = ? and received = ? and blob_key = ''`, received, s.Now(), u.ID, offset)
		if r.Error != nil {
			return fmt.Errorf("take a piece of a file: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return wanted(offset)
		}
		p := part{UploadID: u.ID, CompanyID: u.CompanyID, Start: offset, Size: size, BlobKey: name}
		if err := tx.WithContext(ctx).Create(&p).Error; err != nil {
			return fmt.Errorf("take a piece of a file: %w", err)
		}
		return nil
	})
	if err == nil {
		return received, nil
	}
	// Somebody was faster with the same piece, or it is over. Nothing points to this one.
	if e := s.Store.Delete(context.WithoutCancel(ctx), name); e != nil {
		s.Log.Warn("a piece of a file was left for the sweep", "error", e.Error())
	}
	if now, e := s.upload(ctx, by, id); e == nil && fault.KindOf(err) == fault.Conflict {
		return now.Received, wanted(now.Received)
	}
	return u.Received, err
}

func wanted(offset int64) error {
	return fault.New(fault.Conflict, "The next part of the file begins at byte %d", offset)
}

// Cancel forgets a file on its way in, with what has come of it. Its sender may; one that
// has come meanwhile, or is being put together, is not there.
func (s *Service) Cancel(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	if !reads(by) {
		return fault.Missing()
	}
	err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(`delete from evidence_upload where id = ? and company_id = ? and person_id = ? and blob_key = ''`, id, by.CompanyID, by.PersonID)
		if r.Error == nil && r.RowsAffected == 0 {
			return fault.Missing()
		}
		return r.Error
	})
	if err != nil {
		return fmt.Errorf("cancel the upload: %w", err)
	}
	s.clear(ctx, id)
	return nil
}

// clear removes the pieces of an upload that is over. What cannot be removed now is swept.
func (s *Service) clear(ctx context.Context, upload uuid.UUID) {
	if err := s.Store.DeleteAll(context.WithoutCancel(ctx), folder(upload)); err != nil {
		s.Log.Warn("pieces of a file were left for the sweep", "upload", upload, "error", err.Error())
	}
}

// How long an upload may be without a sign of life before it counts as dead: while it is
// put together, and while it streams in.
const (
	assembling = 5 * time.Minute
	stuck      = 2 * time.Hour
)

// Finish makes evidence of a file all of whose pieces have come: it is put together, looked
// into, and kept or refused. Who finishes again gets the same answer. Invalid, about the
// field "file": it is refused, and gone.
func (s *Service) Finish(ctx context.Context, by identity.Actor, id uuid.UUID, d Details) (k Kept, err error) {
	u, err := s.upload(ctx, by, id)
	if fault.KindOf(err) == fault.NotFound && reads(by) {
		return s.finished(ctx, by, id)
	}
	if err != nil {
		return k, err
	}
	if u.Received != u.Size {
		return k, wanted(u.Received)
	}
	if err := s.check(ctx, by, d); err != nil {
		return k, err
	}
	dead := u.BlobKey // of somebody who began to put it together and was killed
	name := blob.NewName(kept)
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(`update evidence_upload set blob_key = ?, seen_at = ?, version = version + 1 where id = ? and received = size and (blob_key = '' or blob_key = ? and seen_at < ?)`,
			name, s.Now(), u.ID, dead, s.Now().Add(-assembling))
		if r.Error != nil {
			return fmt.Errorf("finish the upload: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return fault.New(fault.Conflict, "This file is being looked at already. Wait a moment")
		}
		return nil
	})
	if err != nil {
		return k, err
	}
	if dead != "" {
		if err := s.Store.Delete(ctx, dead); err != nil {
			return k, err
		}
	}
	u.BlobKey = name
	pieces, err := s.pieces(ctx, by, u)
	if err != nil {
		return k, s.release(ctx, by, u, err)
	}
	return s.take(ctx, by, u, d, pieces, true)
}

// finished is the answer to who finishes again: a version has the id of its upload.
func (s *Service) finished(ctx context.Context, by identity.Actor, id uuid.UUID) (k Kept, err error) {
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&k, `select v.evidence_id as evidence, v.id as version, v.number, e.title, v.file_name, v.size, v.scan, v.scan_detail
		from evidence_version v join evidence e on e.id = v.evidence_id where v.id = $1 and v.company_id = $2 and v.uploaded_by = $3`, id, by.CompanyID, by.PersonID))
	return k, err
}

// pieces reads the pieces of an upload one after the other.
func (s *Service) pieces(ctx context.Context, by identity.Actor, u uploadRow) (io.Reader, error) {
	key, err := s.key(ctx, by.Scope(), u.CompanyID)
	if err != nil {
		return nil, err
	}
	var list []part
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&list, `select upload_id, company_id, start, size::bigint as size, blob_key from evidence_part where upload_id = $1 order by start`, u.ID)); err != nil {
		return nil, err
	}
	return &chain{open: func(p part) (io.ReadCloser, error) { return s.Store.Open(ctx, key, p.BlobKey) }, left: list}, nil
}

// chain reads parts in their order.
type chain struct {
	open func(part) (io.ReadCloser, error)
	left []part
	at   int64
	this io.ReadCloser
}

func (c *chain) Read(p []byte) (int, error) {
	for {
		if c.this == nil {
			if len(c.left) == 0 {
				return 0, io.EOF
			}
			if c.left[0].Start != c.at {
				return 0, fmt.Errorf("put a file together: there is no piece at %d", c.at)
			}
			var err error
			if c.this, err = c.open(c.left[0]); err != nil {
				return 0, err
			}
			c.left = c.left[1:]
		}
		n, err := c.this.Read(p)
		c.at += int64(n)
		if errors.Is(err, io.EOF) {
			err = c.this.Close()
			c.this = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Take makes evidence of a file that comes in one stream, as from a form without scripts.
// After an error nothing of it is left. Those who write may.
func (s *Service) Take(ctx context.Context, by identity.Actor, in Incoming, d Details, content io.Reader) (k Kept, err error) {
	if err := writes(by); err != nil {
		return k, err
	}
	if err := s.check(ctx, by, d); err != nil {
		return k, err
	}
	u, err := s.begin(ctx, by, in, blob.NewName(kept))
	if err != nil {
		return k, err
	}
	return s.take(ctx, by, u, d, content, false)
}

// check refuses what a person entered before the content is read.
func (s *Service) check(ctx context.Context, by identity.Actor, d Details) error {
	in := d.Entry
	if in.Title == "" {
		in.Title = "?" // it comes from the file's name
	}
	if err := fault.Fail(in.put(&Evidence{Kind: KindFile})); err != nil || d.Place == nil {
		return err
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error { return s.editable(ctx, tx, by, []Place{*d.Place}) })
}

// release gives up what begin or Finish reserved. An upload whose pieces are there can be
// finished again; a stream is over. The reason is returned.
func (s *Service) release(ctx context.Context, by identity.Actor, u uploadRow, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	do := func(sql string, args ...any) (rows int64, err error) {
		err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			r := tx.WithContext(ctx).Exec(sql, args...)
			rows = r.RowsAffected
			return r.Error
		})
		return rows, err
	}
	again := u.Received > 0 && fault.KindOf(why) != fault.Invalid
	// Whoever commits the file deletes its upload: as long as that is there nothing points
	// to the content, even if the answer to a commit was lost.
	ours, err := do(`update evidence_upload set seen_at = seen_at where id = ? and blob_key = ?`, u.ID, u.BlobKey)
	if err == nil && ours == 1 {
		err = s.Store.Delete(ctx, u.BlobKey)
	}
	switch {
	case err != nil:
	case ours == 0:
		return why
	case again:
		_, err = do(`update evidence_upload set blob_key = '' where id = ? and blob_key = ?`, u.ID, u.BlobKey)
	default:
		if _, err = do(`delete from evidence_upload where id = ? and blob_key = ?`, u.ID, u.BlobKey); err == nil {
			s.clear(ctx, u.ID)
		}
	}
	if err != nil {
		s.Log.Warn("an unfinished file was left for the sweep", "upload", u.ID, "error", err.Error())
	}
	return why
}

// take stores content under the name that the upload reserved, looks into it and keeps it.
func (s *Service) take(ctx context.Context, by identity.Actor, u uploadRow, d Details, content io.Reader, whole bool) (k Kept, err error) {
	key, err := s.key(ctx, by.Scope(), u.CompanyID)
	if err != nil {
		return k, s.release(ctx, by, u, err)
	}
	o, err := s.Store.Write(ctx, key, u.BlobKey, content, u.Size)
	switch {
	case errors.Is(err, blob.ErrTooLong):
		return k, s.release(ctx, by, u, fault.Fail([]fault.Field{fault.F("file", tooLong, MostBytes>>20)}))
	case err != nil:
		return k, s.release(ctx, by, u, err)
	case whole && o.Size != u.Size:
		return k, s.release(ctx, by, u, fmt.Errorf("put a file together: %d bytes instead of %d", o.Size, u.Size))
	}
	seen, err := s.look(ctx, key, u, o)
	if err == nil && seen.Refused != "" {
		s.Log.Warn("a file was refused", "request", by.RequestID, "company", u.CompanyID, "why", string(seen.Refused))
		err = fault.Fail([]fault.Field{fault.F("file", seen.Refused.Message())})
	}
	if err != nil {
		return k, s.release(ctx, by, u, err)
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		k, err = s.keep(ctx, tx, s.Now(), by, u, d, o, seen)
		return err
	})
	if err != nil {
		return k, s.release(ctx, by, u, err)
	}
	if u.Received > 0 {
		s.clear(ctx, u.ID)
	}
	return k, nil
}

func (s *Service) look(ctx context.Context, key []byte, u uploadRow, o blob.Object) (inspect.Finding, error) {
	r, err := s.Store.Open(ctx, key, o.Name)
	if err != nil {
		return inspect.Finding{}, err
	}
	seen, err := inspect.Inspect(u.FileName, u.Declared, r, r.Size())
	return seen, errors.Join(err, r.Close())
}

// keep writes down a file whose content lies in the store.
func (s *Service) keep(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, u uploadRow, d Details, o blob.Object, seen inspect.Finding) (Kept, error) {
	if err := hold(ctx, tx, u.CompanyID); err != nil {
		return Kept{}, err
	}
	r := tx.WithContext(ctx).Exec(`delete from evidence_upload where id = ? and blob_key = ?`, u.ID, u.BlobKey)
	if r.Error != nil {
		return Kept{}, fmt.Errorf("keep the file: %w", r.Error)
	}
	if r.RowsAffected == 0 {
		return Kept{}, fault.New(fault.Conflict, "This took too long, so the file was dropped. Choose it again")
	}
	if err := s.roomForFile(ctx, tx, u.CompanyID, u.ID, o.Size); err != nil {
		return Kept{}, err
	}
	e, added, err := s.itemOf(ctx, tx, now, by, u, d.Entry)
	if err != nil {
		return Kept{}, err
	}
	v := Version{ID: u.ID, EvidenceID: e.ID, CompanyID: e.CompanyID, FileName: u.FileName, MediaType: seen.Type.Media, Size: o.Size, SHA256: o.SHA256, BlobKey: o.Name,
		Scan: s.unscanned(), UploadedAt: now, UploadedBy: &by.PersonID, Author: by.Name, Version: 1}
	if seen.Held != "" {
		v.Scan, v.ScanDetail = Quarantined, string(seen.Held)
	}
	if err := s.addVersion(ctx, tx, now, by, e, added, &v); err != nil {
		return Kept{}, err
	}
	if err := s.attachNew(ctx, tx, now, by, e, d.Place); err != nil {
		return Kept{}, err
	}
	return Kept{e.ID, v.ID, v.Number, e.Title, v.FileName, v.Size, v.Scan, v.ScanDetail}, nil
}

func (s *Service) unscanned() Scan {
	if s.Scanner != nil {
		return Waiting
	}
	return NotScanned
}

// itemOf is the item that a file becomes a version of; added says that it is new.
func (s *Service) itemOf(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, u uploadRow, in Entry) (e Evidence, added bool, err error) {
	if u.EvidenceID != nil {
		e, err = openFile(ctx, tx, by, *u.EvidenceID)
		return e, false, err
	}
	e = Evidence{ID: pg.NewID(), CompanyID: u.CompanyID, Kind: KindFile, CreatedAt: now, CreatedBy: &by.PersonID, Author: by.Name, Version: 1}
	if in.Title == "" {
		in.Title = titleOf(u.FileName)
	}
	if err := fault.Fail(in.put(&e)); err != nil {
		return e, false, err
	}
	if err := roomForItem(ctx, tx, e.CompanyID); err != nil {
		return e, false, err
	}
	return e, true, insertEvidence(ctx, tx, &e)
}

// addVersion numbers a version and adds it with its event and the job that goes on with it.
func (s *Service) addVersion(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, e Evidence, added bool, v *Version) error {
	if err := read(ctx, tx, &v.Number, "number the version", `select coalesce(max(number), 0) + 1 from evidence_version where evidence_id = ?`, e.ID); err != nil {
		return err
	}
	if v.Number > MostVersions {
		return fault.Fail([]fault.Field{fault.F("file", "This evidence has %d versions already. Add this as new evidence", MostVersions)})
	}
	if err := insertVersion(ctx, tx, v); err != nil {
		return err
	}
	after := map[string]any{"file": v.FileName, "size": v.Size, "sha256": v.SHA256, "media_type": v.MediaType, "number": v.Number}
	if v.Scan == Quarantined {
		after["quarantined"] = v.ScanDetail
	}
	action := "evidence.add_version"
	if added {
		action = "evidence.add"
		for k, x := range e.fields() {
			after[k] = x
		}
	}
	if err := audit.Record(ctx, tx, now, by, audit.Event{Action: action, Kind: "evidence", Subject: e.ID, Company: e.CompanyID, After: after}); err != nil {
		return err
	}
	if v.Scan == Quarantined {
		return nil
	}
	return tx.Enqueue(ctx, SettleArgs{Version: v.ID}, settleOpts())
}

// Record is a document that the portal made: what KeepRecord keeps.
type Record struct {
	Company   uuid.UUID
	Title     string
	FileName  string
	MediaType string
	Content   []byte
	IssuedOn  *time.Time
	Places    []Place // of one profile, to attach it to under the conditions of Attach; nil: none
}

// KeepRecord keeps a document that the portal made as evidence of a company, in the
// caller's transaction. It is not looked into and not scanned. Should the transaction fail
// in the end, its content is left in the store, where `portal doctor` counts it.
func (s *Service) KeepRecord(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, d Record) (uuid.UUID, error) {
	key, err := s.keyIn(ctx, tx, d.Company, now)
	if err != nil {
		return uuid.Nil, err
	}
	o, err := s.Store.Write(ctx, key, blob.NewName(kept), bytes.NewReader(d.Content), MostBytes)
	if err != nil {
		return uuid.Nil, fmt.Errorf("keep a record: %w", err)
	}
	var person *uuid.UUID
	if by.Known() {
		person = &by.PersonID
	}
	e := Evidence{ID: pg.NewID(), CompanyID: d.Company, Kind: KindRecord, Title: entry.Head(d.Title, 200), Confidentiality: Company, IssuedOn: d.IssuedOn,
		CreatedAt: now, CreatedBy: person, Author: by.Name, Version: 1}
	v := Version{ID: pg.NewID(), EvidenceID: e.ID, CompanyID: e.CompanyID, Number: 1, FileName: CleanName(d.FileName), MediaType: d.MediaType, Size: o.Size, SHA256: o.SHA256,
		BlobKey: o.Name, Scan: Clean, ScannedAt: &now, UploadedAt: now, UploadedBy: person, Author: by.Name, Version: 1}
	if err = insertEvidence(ctx, tx, &e); err == nil {
		err = insertVersion(ctx, tx, &v)
	}
	if err == nil {
		after := map[string]any{"title": e.Title, "file": v.FileName, "size": v.Size, "sha256": v.SHA256, "media_type": v.MediaType}
		err = audit.Record(ctx, tx, now, by, audit.Event{Action: "evidence.add", Kind: "evidence", Subject: e.ID, Company: e.CompanyID, After: after})
	}
	if err == nil && len(d.Places) > 0 {
		if err = s.editable(ctx, tx, by, d.Places); err == nil {
			err = s.attach(ctx, tx, now, by, e, d.Places)
		}
	}
	if err != nil {
		return uuid.Nil, errors.Join(err, s.Store.Delete(context.WithoutCancel(ctx), o.Name))
	}
	return e.ID, nil
}
