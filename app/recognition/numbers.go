package recognition

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// mostNumbers bounds the partner numbers of one company.
const mostNumbers = 500

// NumberEntry is a number of the company in a partner's system.
type NumberEntry struct {
	Scheme    string
	Value     string
	Everybody bool   // used with every partner, not only with this one
	Site      string // id of the site that it stands for; empty: none
	Address   string // under which the partner knows it; empty: the site's
	From      string // day
	Until     string // last day; empty: open
}

// editor lets those through who edit for a company.
func editor(by identity.Actor) error {
	if by.Audience != identity.Companies {
		return fault.Missing()
	}
	if !by.Is(identity.CompanyEditors...) {
		return fault.New(fault.Forbidden, "Only those who edit for the company can do this")
	}
	return nil
}

// schemesFor lists the kinds of number that a company may enter for an arrangement: those that
// the partner takes, and those that name a company anywhere.
func schemesFor(a arrangement.Arrangement) (out []identifier.Scheme) {
	takes := []string{"lei", "duns", "gln", "eori", "tin"}
	for _, o := range a.Operative {
		takes = append(slices.Clone(o.Identifiers.Schemes), takes...)
	}
	for _, code := range takes {
		if s, ok := identifier.PartnerScheme(code); ok && !slices.ContainsFunc(out, func(x identifier.Scheme) bool { return x.Code == code }) {
			out = append(out, s)
		}
	}
	return out
}

// AddNumber adds a number of the actor's company for the partner of an arrangement. Those who
// edit for the company may. Partners that see the company are told that its numbers changed.
func (s *Service) AddNumber(ctx context.Context, by identity.Actor, code string, in NumberEntry) error {
	if err := editor(by); err != nil {
		return err
	}
	a, ok := s.Register.Get(code)
	if !ok || !a.Ours() {
		return fault.Missing()
	}
	var k entry.Check
	scheme, value := "", ""
	for _, x := range schemesFor(a) {
		if x.Code == in.Scheme {
			v, f := x.Normalise(in.Value)
			if scheme, value = x.Code, v; f != nil {
				k.Add("value", f.Message, f.Args...)
			}
		}
	}
	if scheme == "" {
		k.Add("scheme", "Choose the kind of number")
	}
	from, err := clock.ParseDay(in.From)
	if err != nil {
		k.Add("from", "Enter the first day on which the number counts")
	}
	var until *clock.Day
	if in.Until != "" {
		d, err := clock.ParseDay(in.Until)
		if err != nil || d.Before(from) {
			k.Add("until", "Enter a last day that is not before the first, or leave it empty")
		}
		until = &d
	}
	var site *uuid.UUID
	if in.Site != "" {
		id, err := uuid.Parse(in.Site)
		if err != nil {
			k.Add("site", "Choose a site")
		}
		site = &id
	}
	address := k.Line("address", "the address", in.Address, 0, 500)
	if scheme == "mid" && site == nil && address == "" {
		k.Add("site", "Choose the site that the number stands for, or enter its address: each such number belongs to one address")
	}
	if err := k.Err(); err != nil {
		return err
	}
	under := code
	if in.Everybody {
		under = ""
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := s.fitsNumber(ctx, tx, by, under, scheme, value, site); err != nil {
			return err
		}
		id := pg.NewID()
		err := tx.WithContext(ctx).Exec(`insert into partner_number (id, company_id, arrangement, scheme, value, search_key, site_id, address, valid_from, valid_until, created_at, created_by)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, by.CompanyID, under, scheme, value, identifier.Key(value), site, address, from, until, now, by.PersonID).Error
		if pg.Constraint(err) == "partner_number_once" {
			return fault.Fail([]fault.Field{fault.F("value", "You have entered this number already")})
		}
		if err != nil {
			return fmt.Errorf("add the number: %w", err)
		}
		if err := audit.Record(ctx, tx, now, by, audit.Event{Action: "recognition.add_number", Kind: "company", Subject: by.CompanyID, Company: by.CompanyID, After: map[string]any{"arrangement": under, "scheme": scheme, "value": value}}); err != nil {
			return err
		}
		return s.tellNumbers(ctx, tx, now, by, under)
	})
}

// fitsNumber refuses a number that is entered twice, a site of somebody else, and one too many.
func (s *Service) fitsNumber(ctx context.Context, tx pg.Tx, by identity.Actor, under, scheme, value string, site *uuid.UUID) error {
	var x []struct {
		N     int
		Same  bool
		Known bool
	}
	err := tx.WithContext(ctx).Raw(`select (select count(*)::int from partner_number where company_id = @company and removed_at is null) as n,
		exists (select from partner_number where company_id = @company and removed_at is null and scheme = @scheme and search_key = @key and (arrangement = '' or @under = '' or arrangement = @under)) as same,
		cast(@site as uuid) is null or exists (select from site where id = @site and company_id = @company and closed_on is null) as known`,
		map[string]any{"company": by.CompanyID, "scheme": scheme, "key": identifier.Key(value), "under": under, "site": site}).Scan(&x).Error
	if err != nil {
		return fmt.Errorf("look at the numbers: %w", err)
	}
	switch {
	case !x[0].Known:
		return fault.Fail([]fault.Field{fault.F("site", "Choose a site")})
	case x[0].Same:
		return fault.Fail([]fault.Field{fault.F("value", "You have entered this number already")})
	case x[0].N >= mostNumbers:
		return fault.New(fault.Conflict, "There are %d numbers already. Remove those that are not used any more", mostNumbers)
	}
	return nil
}

// RemoveNumber takes a number away. The same persons may. It stays provable that it was there.
func (s *Service) RemoveNumber(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	if err := editor(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var list []struct{ Arrangement, Scheme, Value string }
		err := tx.WithContext(ctx).Raw(`update partner_number set removed_at = greatest(?::timestamptz, created_at), removed_by = ?, version = version + 1 where id = ? and company_id = ? and removed_at is null returning arrangement, scheme, value`,
			now, by.PersonID, id, by.CompanyID).Scan(&list).Error
		if err != nil {
			return fmt.Errorf("remove the number: %w", err)
		}
		if len(list) == 0 {
			return fault.Missing()
		}
		x := list[0]
		if err := audit.Record(ctx, tx, now, by, audit.Event{Action: "recognition.remove_number", Kind: "company", Subject: by.CompanyID, Company: by.CompanyID, Before: map[string]any{"arrangement": x.Arrangement, "scheme": x.Scheme, "value": x.Value}}); err != nil {
			return err
		}
		return s.tellNumbers(ctx, tx, now, by, x.Arrangement)
	})
}

// tellNumbers tells the partners that see the company that its numbers changed.
func (s *Service) tellNumbers(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, under string) error {
	today, err := arrangement.Today(ctx, tx, now)
	if err != nil {
		return err
	}
	var live []Recognition
	err = tx.WithContext(ctx).Raw(`select `+columns+` from recognition r where r.company_id = ? and r.ended_at is null and (? = '' or r.arrangement = ?) order by r.id`, by.CompanyID, under, under).Scan(&live).Error
	if err != nil {
		return fmt.Errorf("read the recognitions: %w", err)
	}
	for _, r := range live {
		if err := tell(ctx, tx, now, r, happening{Kind: IdentityChanged, On: today, EffectiveAt: now}); err != nil {
			return err
		}
	}
	return nil
}

// Number is a partner number as its company sees it.
type Number struct {
	ID          uuid.UUID
	Arrangement string // empty: for every partner
	Scheme      string
	Value       string
	SiteID      *uuid.UUID
	Site        string // its name
	Street      string
	City        string
	Country     string
	Address     string // as entered
	From        clock.Day
	Until       *clock.Day
}

// Counts reports whether the number counts on a day.
func (n Number) Counts(d clock.Day) bool {
	return !d.Before(n.From) && (n.Until == nil || !d.After(*n.Until))
}

// The warnings about a number. They stop nobody: the partner's register may differ.
const (
	AddressDiffers = "The address differs from the one of the site. A partner that matches on it will not find you"
	CountryDiffers = "The number names another country than the site"
	CityDiffers    = "The number does not end with the first letters of the city of the site"
	NameDiffers    = "The number does not begin with the letters of your registered name"
	NotToday       = "The number does not count today"
)

// Warnings are what speaks against a number (English source texts): a code that is made from
// name and address should fit those that are registered (19 CFR part 102, appendix).
func (n Number) Warnings(company string, today clock.Day) (out []string) {
	if !n.Counts(today) {
		out = append(out, NotToday)
	}
	if n.SiteID == nil {
		return out
	}
	if n.Address != "" && !strings.Contains(identifier.Key(n.Address), identifier.Key(n.Street)) {
		out = append(out, AddressDiffers)
	}
	if n.Scheme != "mid" || len(n.Value) < 5 {
		return out
	}
	key := identifier.Key(n.Value)
	if n.Country != "CA" && key[:2] != n.Country { // Canada is named by its provinces
		out = append(out, CountryDiffers)
	}
	if c := identifier.Key(n.City); len(c) >= 3 && !strings.HasSuffix(key, c[:3]) {
		out = append(out, CityDiffers)
	}
	if w := strings.Fields(company); len(w) > 0 {
		if first := identifier.Key(w[0]); len(first) >= 3 && !strings.HasPrefix(key[2:], first[:3]) {
			out = append(out, NameDiffers)
		}
	}
	return out
}
