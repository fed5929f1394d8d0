// Package briefing makes the one-page report with which a company shows its management what
// membership brings and costs: the same figures as metric, with what they rest on, kept as they
// were on the day.
//
// Who may: readers of the company see and download reports, editors keep new ones. Nobody else
// does, for no figure of a single company leaves it.
package briefing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/document"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/metric"
	"trustedtrader/app/pg"
)

// Kind names kept reports in audit events and among documents.
const Kind = "briefing"

// most reports of a company are kept.
const most = 500

// Service is what people do with reports.
type Service struct {
	DB      *pg.DB
	Now     func() time.Time
	Figures *metric.Service
}

// Briefing is a report that was kept.
type Briefing struct {
	ID        uuid.UUID
	CompanyID uuid.UUID
	Body      string
	SHA256    string `gorm:"column:sha256"`
	Maker     string
	PersonID  uuid.UUID
	MadeAt    time.Time
}

// TableName is the table of reports.
func (Briefing) TableName() string { return Kind }

// Read is what the report says.
func (b Briefing) Read() (Content, error) { return Read(b.Body) }

// Name is what its file is called.
func (b Briefing) Name() string {
	return "membership-report-" + b.MadeAt.UTC().Format("2006-01-02") + ".pdf"
}

// Draft is what a report would say now of a period. Readers of the company may. as chooses as what
// the company is compared; any other kind means its first.
func (s *Service) Draft(ctx context.Context, by identity.Actor, p metric.Period, as metric.As) (Content, metric.Case, error) {
	figures, err := s.Figures.Case(ctx, by, p, as)
	if err != nil {
		return Content{}, figures, err
	}
	var company string
	var members []Membership
	err = s.DB.Batch(ctx, by.Scope(), pg.Value(&company, `select name from company where id = $1`, by.CompanyID),
		pg.All(&members, `select programme, number, entity_type, tier, status, certified_on as since from membership where company_id = $1 and status in ('active', 'suspended') order by certified_on, number limit 20`, by.CompanyID))
	if err != nil {
		return Content{}, figures, fmt.Errorf("read the memberships of a report: %w", err)
	}
	c := Of(figures)
	c.Company, c.Memberships = company, members
	return c, figures, nil
}

// Keep makes a report of a period and keeps it, with a job that prints it. Editors of the company
// may. Conflict: no report of benefits covers the period, or too many reports are kept.
func (s *Service) Keep(ctx context.Context, by identity.Actor, p metric.Period, as metric.As) (id uuid.UUID, err error) {
	if by.Audience != identity.Companies || !by.Is(identity.CompanyReaders...) {
		return id, fault.Missing()
	}
	if !by.Is(identity.CompanyEditors...) {
		return id, fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
	}
	c, _, err := s.Draft(ctx, by, p, as)
	if err != nil {
		return id, err
	}
	if c.Quality == metric.Nothing {
		return id, fault.New(fault.Conflict, "No report covers this period. Bring reports of entries, releases and examinations first")
	}
	b := Briefing{ID: pg.NewID(), CompanyID: by.CompanyID, Maker: entry.Head(by.Name, 200), PersonID: by.PersonID, MadeAt: s.Now()}
	if b.Body, b.SHA256, err = c.write(); err != nil {
		return id, err
	}
	return b.ID, s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var n int
		if err := tx.WithContext(ctx).Raw(`select count(*) from briefing where company_id = ?`, by.CompanyID).Scan(&n).Error; err != nil {
			return fmt.Errorf("count the reports of a company: %w", err)
		}
		if n >= most {
			return fault.New(fault.Conflict, "Your company keeps %d reports. That is the most", most)
		}
		if err := tx.WithContext(ctx).Create(&b).Error; err != nil {
			return fmt.Errorf("keep a report: %w", err)
		}
		if err := tx.Enqueue(ctx, PrintArgs{Briefing: b.ID}, nil); err != nil {
			return err
		}
		return audit.Record(ctx, tx, b.MadeAt, by, audit.Event{Action: "briefing.keep", Kind: Kind, Subject: b.ID, Company: by.CompanyID, After: map[string]any{"sha256": b.SHA256, "from": c.From, "to": c.To, "programme": c.Programme, "entity_type": c.EntityType}})
	})
}

// Head is a report in a list.
type Head struct {
	ID       uuid.UUID
	From, To string // the first days of the first and the last month
	Maker    string
	MadeAt   time.Time
	SHA256   string `gorm:"column:sha256" db:"sha256"`
	Printed  bool   // the PDF is made
}

// List are the reports of the actor's company, the newest first. Its readers may.
func (s *Service) List(ctx context.Context, by identity.Actor) (list []Head, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, `select b.id, b.body->>'from' as "from", b.body->>'to' as "to", b.maker, b.made_at, b.sha256, exists (select from document d where d.subject_kind = 'briefing' and d.subject_id = b.id) as printed
		from briefing b where b.company_id = $1 order by b.made_at desc, b.id desc limit $2`, *own, most))
	if err != nil {
		return nil, fmt.Errorf("list the reports of a company: %w", err)
	}
	return list, nil
}

const oneSQL = `select id, company_id, body::text as body, sha256, maker, person_id, made_at from briefing where id = $1`

// Get is a report as it was kept. Readers of the company may.
func (s *Service) Get(ctx context.Context, by identity.Actor, id uuid.UUID) (b Briefing, printed bool, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return b, false, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&b, oneSQL+` and company_id = $2`, id, *own), pg.Value(&printed, `select exists (select from document where subject_kind = 'briefing' and subject_id = $1 and company_id = $2)`, id, *own))
	if err != nil {
		return b, false, fmt.Errorf("read a report: %w", err)
	}
	return b, printed, nil
}

// PDF is a report on paper, or nil while it is being made. Readers of the company may; that it
// was taken is an audit event.
func (s *Service) PDF(ctx context.Context, by identity.Actor, id uuid.UUID) (d *document.Document, err error) {
	if _, _, err := s.Get(ctx, by, id); err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if d, err = document.Find(ctx, tx, by.CompanyID, Kind, id, pdf); err != nil || d == nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "briefing.download", Kind: Kind, Subject: id, Company: by.CompanyID, After: map[string]any{"sha256": d.SHA256}})
	})
	return d, err
}
