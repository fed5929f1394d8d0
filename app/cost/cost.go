// Package cost is what a company says that an examination of its goods and its membership cost
// it. The portal makes no such number up: where a company has said nothing, a default of
// config/figures stands in, and every page that uses it says so.
//
// Who may: a company's readers read, its editors write. Nobody else sees a row.
package cost

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Kinds name records in audit events.
const (
	KindExam       = "exam_cost"
	KindMembership = "membership_cost"
)

// Limits.
const (
	mostRows   = 500 // of each kind, of a company
	mostAmount = 999_999_999_999
	mostHours  = 8760 // a year
	mostNote   = 500
)

// Exam is what one examination costs from a month on, until the next row of the same mode.
// Amounts are decimals with two digits.
type Exam struct {
	ID            uuid.UUID
	Mode          string // empty: every mode that has no row of its own in force
	FromMonth     clock.Day
	Currency      string
	PerExam       string // fees and transport
	StoragePerDay string // storage and demurrage for 24 hours
	HoldMinutes   *int   // instead of the median of a cohort; nil: the cohort's
	Note          string
	Saver         string
	SavedAt       time.Time
	Version       int
	Default       bool `gorm:"-" db:"-"` // nobody said so: config/figures does
}

// Membership is a part of what membership cost in a year.
type Membership struct {
	ID       uuid.UUID
	Year     int
	Item     string // of Data
	Currency string
	Amount   string
	Note     string
	Saver    string
	SavedAt  time.Time
	Version  int
}

// Costs are all that a company has said, with the defaults.
type Costs struct {
	Exam       []Exam // by mode, the latest first
	Membership []Membership
	Defaults   []Default
}

// ExamIn is the row in force for a mode in a month: of the mode itself the latest that began
// by then, else of every mode, else the default. False: there is none.
func (c Costs) ExamIn(mode string, month clock.Day) (out Exam, ok bool) {
	for _, m := range []string{mode, ""} {
		for _, e := range c.Exam {
			if e.Mode == m && !e.FromMonth.After(month) && (!ok || e.FromMonth.After(out.FromMonth)) {
				out, ok = e, true
			}
		}
		if ok {
			return out, true
		}
	}
	for _, d := range c.Defaults {
		if d.Mode == mode {
			return Exam{Mode: mode, Currency: d.Currency, PerExam: d.PerExam, StoragePerDay: d.StoragePerDay, Default: true}, true
		}
	}
	return out, false
}

// Year is what membership cost in a year, by currency.
func (c Costs) Year(year int) map[string]string {
	sums := map[string]*big.Rat{}
	for _, m := range c.Membership {
		if a, ok := new(big.Rat).SetString(m.Amount); ok && m.Year == year {
			if sums[m.Currency] == nil {
				sums[m.Currency] = new(big.Rat)
			}
			sums[m.Currency].Add(sums[m.Currency], a)
		}
	}
	out := map[string]string{}
	for currency, sum := range sums {
		out[currency] = sum.FloatString(2)
	}
	return out
}

// Service is what people do with costs.
type Service struct {
	DB    *pg.DB
	Now   func() time.Time
	Data  *Data
	Modes []string // of transport, as config/imports names them
}

func mayRead(by identity.Actor) error {
	if by.Audience != identity.Companies || !by.Is(identity.CompanyReaders...) || by.CompanyID == uuid.Nil {
		return fault.Missing()
	}
	return nil
}

func mayEdit(by identity.Actor) error {
	if err := mayRead(by); err != nil {
		return err
	}
	if !by.Is(identity.CompanyEditors...) {
		return fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
	}
	return nil
}

const (
	examSQL       = `select id, mode, from_month, currency, per_exam::text as per_exam, storage_per_day::text as storage_per_day, hold_minutes, note, saver, saved_at, version from exam_cost where company_id = $1`
	membershipSQL = `select id, year, item, currency, amount::text as amount, note, saver, saved_at, version from membership_cost where company_id = $1`
)

// Queries read what a company has said, for a batch with other things. Who may is decided by
// the caller.
func Queries(c *Costs, company uuid.UUID) []pg.Query {
	return []pg.Query{
		pg.All(&c.Exam, examSQL+` order by mode, from_month desc limit $2`, company, mostRows),
		pg.All(&c.Membership, membershipSQL+` order by year desc, item, currency, id limit $2`, company, mostRows),
	}
}

// All is everything that the actor's company has said. Its readers may.
func (s *Service) All(ctx context.Context, by identity.Actor) (c Costs, err error) {
	if err := mayRead(by); err != nil {
		return c, err
	}
	c.Defaults = s.Data.Defaults
	if err := s.DB.Batch(ctx, by.Scope(), Queries(&c, by.CompanyID)...); err != nil {
		return c, fmt.Errorf("read the costs of a company: %w", err)
	}
	return c, nil
}
