// Package exchange takes a security profile out of the portal as a workbook that people
// fill in without it, and takes such a workbook in again: first as a dry run that says
// row by row what would change, then as answers, for the rows that a person chose.
//
// A workbook never takes anything away: an empty cell means that nothing was given there.
// What a colleague has changed since the workbook was made is a conflict, which only an
// explicit choice settles. Formulas are text here and are never computed.
package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
)

// Service exchanges profiles with files.
type Service struct {
	DB       *pg.DB
	Now      func() time.Time
	Profiles *profile.Service
}

// File is what a person downloads.
type File struct {
	Name      string
	MediaType string
	Body      []byte
}

const (
	workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	csvType      = "text/csv; charset=utf-8"
)

// Kept is how long a dry run waits for its person.
const Kept = 24 * time.Hour

// turns bounds how many workbooks are read at once: one may need a hundred MB.
var turns = make(chan struct{}, 2)

// mostDrafts is how many dry runs one person has at a time; the oldest make room.
const mostDrafts = 5

// Writers may import: the same persons as may answer.
func Writers() []identity.Role {
	return append([]identity.Role{identity.Contributor}, identity.CompanyEditors...)
}

// own reads a profile of the actor's company with all its answers, in two statements.
func (s *Service) own(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (*profile.Profile, error) {
	if by.Audience != identity.Companies || !by.Is(identity.CompanyReaders...) {
		return nil, fault.Missing()
	}
	return s.Profiles.Load(ctx, tx, s.Now(), profile.Cycle{ID: id, CompanyID: by.CompanyID})
}

// Workbook is a profile as XLSX, whole or one section of it. Everybody who reads for the
// company may take it; what the person may not change is locked in it. That it was taken
// is an audit event.
func (s *Service) Workbook(ctx context.Context, by identity.Actor, id uuid.UUID, section string) (File, error) {
	return s.export(ctx, by, id, section, "xlsx", func(x *outgoing) (File, error) {
		body, err := x.workbook(ctx)
		return File{Name: x.fileName("xlsx"), MediaType: workbookType, Body: body}, err
	})
}

// CSV is every answer of a profile as comma-separated values, to read and to search in.
// It is not taken in again. The same persons may.
func (s *Service) CSV(ctx context.Context, by identity.Actor, id uuid.UUID) (File, error) {
	return s.export(ctx, by, id, "", "csv", func(x *outgoing) (File, error) {
		body, err := x.csv(ctx)
		return File{Name: x.fileName("csv"), MediaType: csvType, Body: body}, err
	})
}

func (s *Service) export(ctx context.Context, by identity.Actor, id uuid.UUID, section, kind string, make func(*outgoing) (File, error)) (f File, err error) {
	x := &outgoing{by: by, section: section, now: s.Now()}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if x.p, err = s.own(ctx, tx, by, id); err != nil {
			return err
		}
		if section != "" && !x.has(section) {
			return fault.Missing()
		}
		if last := x.p.Cycle.PreviousID; last != nil {
			if x.last, err = s.Profiles.Load(ctx, tx, s.Now(), profile.Cycle{ID: *last, CompanyID: by.CompanyID}); err != nil {
				return fmt.Errorf("load the last profile: %w", err)
			}
		}
		after := map[string]any{"file": kind}
		if section != "" {
			after["section"] = section
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "profile.export", Kind: profile.Kind, Subject: id, Company: by.CompanyID, After: after})
	})
	if err != nil {
		return f, err
	}
	return make(x)
}

// Draft is a file that was read and not taken over yet. It is its person's own.
type Draft struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	CycleID   uuid.UUID
	CompanyID uuid.UUID
	PersonID  uuid.UUID
	FileName  string
	Body      string `gorm:"type:jsonb"` // []given
	CreatedAt time.Time
	ExpiresAt time.Time
}

// TableName is the table that holds dry runs.
func (Draft) TableName() string { return "import_draft" }

// Import reads a workbook and keeps what it says for a dry run. Nothing is changed yet.
// Editors may, and contributors. Invalid: the file cannot be taken; the sentence says why.
func (s *Service) Import(ctx context.Context, by identity.Actor, id uuid.UUID, fileName string, content []byte) (d Draft, err error) {
	if by.Audience != identity.Companies {
		return d, fault.Missing()
	}
	var c profile.Cycle
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) (err error) {
		c, err = open(ctx, tx, by, id)
		return err
	})
	if err != nil {
		return d, err
	}
	list, err := s.read(ctx, c, fileName, content)
	if err != nil {
		return d, err
	}
	body, err := json.Marshal(list)
	if err != nil {
		return d, fmt.Errorf("write the dry run: %w", err)
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if c, err = open(ctx, tx, by, id); err != nil {
			return err
		}
		now := s.Now()
		d = Draft{ID: pg.NewID(), CycleID: c.ID, CompanyID: c.CompanyID, PersonID: by.PersonID, FileName: cleanName(fileName), Body: string(body), CreatedAt: now, ExpiresAt: now.Add(Kept)}
		if err := keep(ctx, tx, d); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.read_file", Kind: profile.Kind, Subject: c.ID, Company: c.CompanyID,
			After: map[string]any{"file": d.FileName, "rows": len(list)}})
	})
	return d, err
}

// open finds a profile into which the actor may take a file.
func open(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (profile.Cycle, error) {
	c, err := profile.Look(ctx, tx, by, id)
	switch {
	case err != nil:
		return c, err
	case !by.Is(Writers()...):
		return c, fault.New(fault.Forbidden, "You cannot change this with your role. An owner, signatory or editor of the company can")
	case c.Status != profile.Open && c.Status != profile.Returned:
		return c, fault.New(fault.Conflict, "This profile cannot be changed now, so a file cannot be taken in")
	}
	return c, nil
}

// read reads a workbook of a profile when its turn has come, outside of a transaction.
func (s *Service) read(ctx context.Context, c profile.Cycle, fileName string, content []byte) ([]given, error) {
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-ctx.Done():
		return nil, fault.New(fault.Conflict, "Other workbooks are being read just now. Wait a minute, then send yours again")
	}
	form, err := s.Profiles.Form(c)
	if err != nil {
		return nil, err
	}
	list, err := take(ctx, form, fileName, content)
	if err != nil {
		return nil, err
	}
	return list, belongs(c, list)
}

// belongs refuses a file of another profile or of another edition of the criteria.
func belongs(c profile.Cycle, list []given) error {
	if len(list) == 0 {
		return fault.Fail([]fault.Field{fault.F("file", "This is no workbook of a security profile. Download the workbook of this profile and fill that in")})
	}
	ours, hash := false, false
	for _, g := range list {
		ours = ours || g.Cycle == c.ID.String()
		hash = hash || g.Cycle == c.ID.String() && g.Edition == c.EditionHash
	}
	switch {
	case !ours:
		return fault.Fail([]fault.Field{fault.F("file", "This workbook belongs to another profile. Download the workbook of this profile and fill that in")})
	case !hash:
		return fault.Fail([]fault.Field{fault.F("file", "This workbook was made for another edition of the criteria. Download it again and copy your answers over")})
	}
	return nil
}

// names are the profile's programme and kind of member, for a page to name.
func (s *Service) names(p *profile.Profile) (profile.Names, error) {
	pr, ok := s.Profiles.Programmes.Get(p.Cycle.Programme)
	if !ok {
		return profile.Names{}, fmt.Errorf("profile %s: the portal has no programme %q", p.Cycle.Reference, p.Cycle.Programme)
	}
	e, _ := pr.EntityType(p.Cycle.EntityType)
	return profile.Names{Programme: pr, Entity: e}, nil
}

// say is a text of the catalogue in the person's language.
func say(ctx context.Context, t interface{ In(string) (string, string) }) string {
	text, _ := t.In(i18n.Lang(ctx))
	return text
}
