package cost

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// ExamEntry is what a person says an examination costs, as typed.
type ExamEntry struct {
	Version   int
	Mode      string
	FromMonth string // 2026-03
	Currency  string
	PerExam   string
	Storage   string // for a day
	Hold      string // hours; empty: the cohort's
	Note      string
}

// MembershipEntry is what a person says membership cost, as typed.
type MembershipEntry struct {
	Version  int
	Year     string
	Item     string
	Currency string
	Amount   string
	Note     string
}

var decimal = regexp.MustCompile(`^([0-9]{1,3}(,[0-9]{3})+|[0-9]{1,12})(\.[0-9]{1,2})?$`)

// amount takes an amount of money with up to two digits.
func amount(c *entry.Check, name, what, value string, required bool) string {
	value = strings.TrimSpace(value)
	if value == "" && !required {
		return "0"
	}
	if !decimal.MatchString(value) {
		c.Add(name, "Enter %s as an amount, such as 1250.00", what)
		return "0"
	}
	value = strings.ReplaceAll(value, ",", "")
	if whole, _, _ := strings.Cut(value, "."); len(whole) > 12 {
		c.Add(name, "Enter %s as an amount below %d", what, mostAmount)
		return "0"
	}
	return value
}

func currency(c *entry.Check, value string) string {
	value = strings.ToUpper(strings.TrimSpace(value))
	if len(value) != 3 || strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		c.Add("currency", "Enter the code of the currency. It has three letters, such as USD")
	}
	return value
}

func (in ExamEntry) check(modes []string) (e Exam, err error) {
	var c entry.Check
	e.Mode = c.OneOf("mode", "the mode", in.Mode, append([]string{""}, modes...)...)
	if e.FromMonth, err = clock.ParseDay(strings.TrimSpace(in.FromMonth) + "-01"); err != nil || e.FromMonth.Year() < 1990 || e.FromMonth.Year() > 2200 {
		c.Add("from_month", "Enter the month as year and month, such as 2026-03")
	}
	e.Currency = currency(&c, in.Currency)
	e.PerExam, e.StoragePerDay = amount(&c, "per_exam", "the cost of an examination", in.PerExam, true), amount(&c, "storage", "the storage for a day", in.Storage, false)
	if hold := strings.TrimSpace(in.Hold); hold != "" {
		hours, err := strconv.ParseFloat(hold, 64)
		if err != nil || hours < 0 || hours > mostHours || hours != hours {
			c.Add("hold", "Enter the hold in hours, from 0 to %d", mostHours)
		} else {
			minutes := int(hours*60 + 0.5)
			e.HoldMinutes = &minutes
		}
	}
	e.Note = c.Text("note", "the note", in.Note, 0, mostNote)
	return e, c.Err()
}

func (in MembershipEntry) check(d *Data) (m Membership, err error) {
	var c entry.Check
	if year := c.Whole("year", "the year", in.Year, 1990, 2200, true); year != nil {
		m.Year = *year
	}
	var items []string
	for _, i := range d.Items {
		items = append(items, i.Code)
	}
	m.Item = c.OneOf("item", "what it was for", in.Item, items...)
	m.Currency = currency(&c, in.Currency)
	m.Amount = amount(&c, "amount", "the cost", in.Amount, true)
	m.Note = c.Text("note", "the note", in.Note, 0, mostNote)
	return m, c.Err()
}

// SaveExam adds what an examination costs, or changes a row. Editors may. Invalid: a field. Conflict: another row of the mode begins in the month, or
// the row has changed.
func (s *Service) SaveExam(ctx context.Context, by identity.Actor, id *uuid.UUID, in ExamEntry) error {
	if err := s.begin(ctx, by, KindExam, id); err != nil {
		return err
	}
	e, err := in.check(s.Modes)
	if err != nil {
		return err
	}
	after := map[string]any{"mode": e.Mode, "from": e.FromMonth, "currency": e.Currency, "per_exam": e.PerExam, "storage_per_day": e.StoragePerDay, "hold_minutes": e.HoldMinutes}
	return s.save(ctx, by, KindExam, id, after, func(tx pg.Tx, id uuid.UUID, fresh bool) (int64, error) {
		db := tx.WithContext(ctx)
		var taken bool
		if err := db.Raw(`select exists (select from exam_cost where company_id = ? and mode = ? and from_month = ? and id <> ?)`, by.CompanyID, e.Mode, e.FromMonth, id).Scan(&taken).Error; err != nil {
			return 0, err
		}
		if taken {
			return 0, fault.New(fault.Conflict, "Another row of this mode begins in the same month. Change that one")
		}
		if fresh {
			r := db.Exec(`insert into exam_cost (id, company_id, mode, from_month, currency, per_exam, storage_per_day, hold_minutes, note, saver, saved_at)
				select ?, ?, ?, ?, ?, ?::numeric, ?::numeric, ?, ?, ?, ? where (select count(*) from exam_cost where company_id = ?) < ?`,
				id, by.CompanyID, e.Mode, e.FromMonth, e.Currency, e.PerExam, e.StoragePerDay, e.HoldMinutes, e.Note, entry.Head(by.Name, 200), s.Now(), by.CompanyID, mostRows)
			return r.RowsAffected, r.Error
		}
		r := db.Exec(`update exam_cost set mode = ?, from_month = ?, currency = ?, per_exam = ?::numeric, storage_per_day = ?::numeric, hold_minutes = ?, note = ?, saver = ?, saved_at = ?, version = version + 1
			where id = ? and company_id = ? and version = ?`, e.Mode, e.FromMonth, e.Currency, e.PerExam, e.StoragePerDay, e.HoldMinutes, e.Note, entry.Head(by.Name, 200), s.Now(), id, by.CompanyID, in.Version)
		return r.RowsAffected, r.Error
	})
}

// SaveMembership adds a part of what membership cost, or changes it. Editors may. Invalid: a
// field. Conflict: the row has changed.
func (s *Service) SaveMembership(ctx context.Context, by identity.Actor, id *uuid.UUID, in MembershipEntry) error {
	if err := s.begin(ctx, by, KindMembership, id); err != nil {
		return err
	}
	m, err := in.check(s.Data)
	if err != nil {
		return err
	}
	after := map[string]any{"year": m.Year, "item": m.Item, "currency": m.Currency, "amount": m.Amount}
	return s.save(ctx, by, KindMembership, id, after, func(tx pg.Tx, id uuid.UUID, fresh bool) (int64, error) {
		db := tx.WithContext(ctx)
		if fresh {
			r := db.Exec(`insert into membership_cost (id, company_id, year, item, currency, amount, note, saver, saved_at)
				select ?, ?, ?, ?, ?, ?::numeric, ?, ?, ? where (select count(*) from membership_cost where company_id = ?) < ?`,
				id, by.CompanyID, m.Year, m.Item, m.Currency, m.Amount, m.Note, entry.Head(by.Name, 200), s.Now(), by.CompanyID, mostRows)
			return r.RowsAffected, r.Error
		}
		r := db.Exec(`update membership_cost set year = ?, item = ?, currency = ?, amount = ?::numeric, note = ?, saver = ?, saved_at = ?, version = version + 1
			where id = ? and company_id = ? and version = ?`, m.Year, m.Item, m.Currency, m.Amount, m.Note, entry.Head(by.Name, 200), s.Now(), id, by.CompanyID, in.Version)
		return r.RowsAffected, r.Error
	})
}

// save runs a change of a row with its audit event.
func (s *Service) save(ctx context.Context, by identity.Actor, kind string, id *uuid.UUID, after any, do func(tx pg.Tx, id uuid.UUID, fresh bool) (int64, error)) error {
	row, action := pg.NewID(), kind+".add"
	if id != nil {
		row, action = *id, kind+".change"
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		n, err := do(tx, row, id == nil)
		switch {
		case err != nil:
			return fmt.Errorf("save a cost: %w", err)
		case n == 0 && id == nil:
			return fault.New(fault.Conflict, "There are %d rows already. Remove old ones first", mostRows)
		case n == 0:
			return fault.Moved()
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: action, Kind: kind, Subject: row, Company: by.CompanyID, After: after})
	})
}

// begin refuses who may not change costs, and a row that is not of the actor's company. id is
// nil for a new one.
func (s *Service) begin(ctx context.Context, by identity.Actor, kind string, id *uuid.UUID) error {
	if err := mayEdit(by); err != nil || id == nil {
		return err
	}
	var there bool
	if err := s.DB.Batch(ctx, by.Scope(), pg.Value(&there, `select exists (select from `+kind+` where id = $1 and company_id = $2)`, *id, by.CompanyID)); err != nil {
		return fmt.Errorf("look for a cost: %w", err)
	}
	if !there {
		return fault.Missing()
	}
	return nil
}

// Remove takes a row away; figures are computed without it from then on. Editors may. kind is
// KindExam or KindMembership. Conflict: the row has changed.
func (s *Service) Remove(ctx context.Context, by identity.Actor, kind string, id uuid.UUID, version int) error {
	if kind != KindExam && kind != KindMembership {
		return fault.Missing()
	}
	if err := s.begin(ctx, by, kind, &id); err != nil {
		return err
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(`delete from `+kind+` where id = ? and company_id = ? and version = ?`, id, by.CompanyID, version)
		switch {
		case r.Error != nil:
			return fmt.Errorf("remove a cost: %w", r.Error)
		case r.RowsAffected == 0:
			return fault.Moved()
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: kind + ".remove", Kind: kind, Subject: id, Company: by.CompanyID})
	})
}
