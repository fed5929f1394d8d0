package validation

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Paper is a document that the company is asked to have ready.
type Paper struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	VisitID    uuid.UUID
	CompanyID  uuid.UUID
	Name       string
	WantedOn   *clock.Day
	OnSite     bool // shown there instead of sent ahead
	EvidenceID *uuid.UUID
	ReadyAt    *time.Time
	ReadyBy    string
	RemovedAt  *time.Time
	CreatedAt  time.Time
	Version    int
}

// TableName is the table that holds documents asked for.
func (Paper) TableName() string { return "visit_document" }

// PaperEntry asks for a document.
type PaperEntry struct {
	Name   string
	Wanted string // 2006-01-02, or empty: at the visit
	OnSite bool
}

// AskForPaper asks the company to have a document ready. Case workers of the office in
// charge may.
func (s *Service) AskForPaper(ctx context.Context, by identity.Actor, visit uuid.UUID, in PaperEntry) (p Paper, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := WorkOnVisit(ctx, tx, by, visit, 0)
		if err != nil {
			return err
		}
		if err := overForPapers(x); err != nil {
			return err
		}
		var c entry.Check
		p = Paper{ID: pg.NewID(), VisitID: x.ID, CompanyID: x.CompanyID, Name: c.Line("name", "the document", in.Name, 1, 300), OnSite: in.OnSite, CreatedAt: now, Version: 1}
		if in.Wanted != "" {
			if d := day(&c, "wanted", "the day", in.Wanted); !d.IsZero() {
				p.WantedOn = &d
			}
		}
		if err := c.Err(); err != nil {
			return err
		}
		var n int
		if err := tx.WithContext(ctx).Raw(`select count(*) from visit_document where visit_id = ? and removed_at is null`, x.ID).Scan(&n).Error; err != nil {
			return fmt.Errorf("count the documents: %w", err)
		}
		if n >= mostPapers {
			return fault.New(fault.Conflict, "A visit can have up to %d documents. Put some together, or remove one", mostPapers)
		}
		if err := add(ctx, tx, &p); err != nil {
			return fmt.Errorf("ask for a document: %w", err)
		}
		return record(ctx, tx, now, by, v, audit.Event{Action: "visit.ask_for_document", Kind: VisitKind, Subject: x.ID, After: map[string]any{"document": p.Name}, Internal: v.NotifiedAt == nil})
	})
	return p, err
}

func overForPapers(x Visit) error {
	if x.Status == Done || x.Status == CalledOff {
		return fault.New(fault.Conflict, "This visit is over and stays as it is")
	}
	return nil
}

// paperOf locks a document of a visit.
func paperOf(ctx context.Context, tx pg.Tx, x Visit, id uuid.UUID) (Paper, error) {
	p, err := first[Paper](ctx, tx, true, "id = ? and visit_id = ?", id, x.ID)
	if err != nil {
		return p, fmt.Errorf("open the document: %w", err)
	}
	if p.RemovedAt != nil {
		return p, fault.Moved()
	}
	return p, nil
}

// RemovePaper asks no more for a document. Case workers of the office in charge may.
func (s *Service) RemovePaper(ctx context.Context, by identity.Actor, visit, paper uuid.UUID) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := WorkOnVisit(ctx, tx, by, visit, 0)
		if err != nil {
			return err
		}
		p, err := paperOf(ctx, tx, x, paper)
		if err != nil {
			return err
		}
		p.RemovedAt = &now
		if err := pg.Update(ctx, tx, &p, p.ID, &p.Version, "removed_at"); err != nil {
			return fmt.Errorf("remove the document: %w", err)
		}
		return record(ctx, tx, now, by, v, audit.Event{Action: "visit.remove_document", Kind: VisitKind, Subject: x.ID, Before: map[string]any{"document": p.Name}, Internal: v.NotifiedAt == nil})
	})
}

// ReadyEntry says that a document is ready, or that it is not.
type ReadyEntry struct {
	Ready    bool
	Evidence string // id in the company's library, or empty: shown on site
}

// MarkPaper says that a document is ready, with the entry of the company's library that it
// is. For those who edit for the company.
func (s *Service) MarkPaper(ctx context.Context, by identity.Actor, visit, paper uuid.UUID, in ReadyEntry) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := companyVisit(ctx, tx, by, visit)
		if err != nil {
			return err
		}
		if err := overForPapers(x); err != nil {
			return err
		}
		p, err := paperOf(ctx, tx, x, paper)
		if err != nil {
			return err
		}
		p.ReadyAt, p.ReadyBy, p.EvidenceID = nil, "", nil
		after := map[string]any{"document": p.Name, "ready": in.Ready}
		if in.Ready {
			p.ReadyAt, p.ReadyBy = &now, by.Name
			if in.Evidence != "" {
				id, title, err := evidenceOf(ctx, tx, x.CompanyID, in.Evidence)
				if err != nil {
					return err
				}
				p.EvidenceID, after["evidence"] = &id, title
			}
		}
		if err := pg.Update(ctx, tx, &p, p.ID, &p.Version, "ready_at", "ready_by", "evidence_id"); err != nil {
			return fmt.Errorf("mark the document: %w", err)
		}
		return record(ctx, tx, now, by, v, audit.Event{Action: "visit.mark_document", Kind: VisitKind, Subject: x.ID, After: after})
	})
}

// PrepareEntry is what a company tells of a visit before it takes place.
type PrepareEntry struct {
	Hosts         string // who receives the team, with telephone numbers
	HostLanguages string
	Safety        string
	Access        string
	Version       int
}

// Preparation is what the company has told, as its form shows it.
func (x Visit) Preparation() PrepareEntry {
	return PrepareEntry{Hosts: x.Hosts, HostLanguages: x.HostLanguages, Safety: x.Safety, Access: x.Access, Version: x.Version}
}

// Prepared reports whether the company has said who receives the team.
func (x Visit) Prepared() bool { return x.Hosts != "" }

// Prepare keeps who receives the team, in which languages, and what to know of safety and
// access. For those who edit for the company, until the visit is over.
func (s *Service) Prepare(ctx context.Context, by identity.Actor, visit uuid.UUID, in PrepareEntry) (x Visit, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var v Validation
		if x, v, err = companyVisit(ctx, tx, by, visit); err != nil {
			return err
		}
		if err := overForPapers(x); err != nil {
			return err
		}
		if x.Version != in.Version {
			return fault.Moved()
		}
		was := x.Preparation()
		var c entry.Check
		x.Hosts = c.Text("hosts", "who receives us", in.Hosts, 1, 2000)
		x.HostLanguages = c.Line("host_languages", "the languages", in.HostLanguages, 0, 300)
		x.Safety, x.Access = c.Text("safety", "the notes on safety", in.Safety, 0, 4000), c.Text("access", "the notes on access", in.Access, 0, 4000)
		if err := c.Err(); err != nil {
			return err
		}
		before, after, is := map[string]any{}, map[string]any{}, x.Preparation()
		differs(before, after, "hosts", was.Hosts, is.Hosts)
		differs(before, after, "host_languages", was.HostLanguages, is.HostLanguages)
		differs(before, after, "safety", was.Safety, is.Safety)
		differs(before, after, "access", was.Access, is.Access)
		if len(after) == 0 {
			return nil
		}
		if err := pg.Update(ctx, tx, &x, x.ID, &x.Version, "hosts", "host_languages", "safety", "access"); err != nil {
			return fmt.Errorf("prepare the visit: %w", err)
		}
		return record(ctx, tx, s.Now(), by, v, audit.Event{Action: "visit.prepare", Kind: VisitKind, Subject: x.ID, Before: before, After: after})
	})
	return x, err
}
