package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"trustedtrader/app/pg"
)

// The comparison of a list with what is known, in a handful of statements whatever its size.

// setBased makes the planner join sets as wholes, until the end of the transaction or oneByOne.
const (
	setBased = `select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)`
	oneByOne = `select set_config('enable_nestloop', 'on', true)`
)

// planSQL says of each readable row which operator it means and what it would change. What
// the list does not say stays as it is known. A move that a person could not make is none.
const planSQL = `with move as (select * from unnest(?::text[], ?::text[]) m(was, becomes)),
	x as (select r.id, f.id as operator_id, f.status as known, r.status as told,
	    jsonb_strip_nulls(jsonb_build_object(
	      'number', case when f.number <> r.number then f.number end, 'name', case when f.name <> r.name then f.name end, 'country', case when f.country <> r.country then f.country end,
	      'types', case when i.said @> '{types}' and f.types <> r.types then f.types end, 'tier', case when i.said @> '{tier}' and f.tier <> r.tier then f.tier end,
	      'from', case when i.said @> '{from}' and f.valid_from is distinct from r.valid_from then coalesce(f.valid_from::text, '') end,
	      'until', case when i.said @> '{until}' and f.valid_until is distinct from r.valid_until then coalesce(f.valid_until::text, '') end,
	      'identifiers', case when i.said @> '{identifiers}' and f.identifiers <> r.identifiers then f.identifiers end)) as was
	  from inbound_feed i join inbound_row r on r.feed_id = i.id and r.line is not null and r.wrong is null
	  left join foreign_operator f on f.agency_id = ? and f.arrangement = ? and f.home = ? and f.search_key = r.search_key and f.status in ('applied', 'confirmed', 'suspended')
	  where i.id = ?),
	y as (select x.id, x.operator_id, case
	    when x.known is null and x.told = 'ended' then 'unchanged'
	    when x.known is null then 'new'
	    when x.known = x.told and x.was = '{}' or x.known = 'applied' and x.told <> 'confirmed' then 'unchanged'
	    when x.known = x.told then 'changed'
	    when exists (select from move m where m.was = x.known and m.becomes = x.told) then x.told
	    else 'unchanged' end as change,
	  case when x.known is null then null when x.known <> x.told then x.was || jsonb_build_object('status', x.known) else nullif(x.was, '{}') end as was from x)
	update inbound_row r set change = y.change, was = y.was, operator_id = case when y.change = 'new' then coalesce(case when r.change = 'new' then r.operator_id end, gen_random_uuid()) else y.operator_id end
	from y where r.feed_id = ? and r.id = y.id and (r.change is distinct from y.change or r.was is distinct from y.was or y.change <> 'new' and r.operator_id is distinct from y.operator_id)`

// missingSQL adds the operators that count and are not in a full list. One whose row is wrong is
// in it: it stays as it is.
const missingSQL = `insert into inbound_row (feed_id, agency_id, id, number, search_key, name, country, status, types, tier, valid_from, valid_until, identifiers, change, operator_id, was)
	select i.id, i.agency_id, i.rows + row_number() over (order by f.number, f.id), f.number, f.search_key, f.name, f.country, f.status, f.types, f.tier, f.valid_from, f.valid_until, f.identifiers, 'missing', f.id, jsonb_build_object('status', f.status)
	from inbound_feed i join foreign_operator f on f.agency_id = i.agency_id and f.arrangement = i.arrangement and f.home = i.home and f.status in ('confirmed', 'suspended')
	where i.id = ? and i.kind = 'full' and not exists (select from inbound_row r where r.feed_id = i.id and r.search_key = f.search_key)`

// reliantSQL counts the members that have one that falls among their business partners.
const reliantSQL = `with fallen as (select r.id, f.country, f.search_key from inbound_row r join foreign_operator f on f.id = r.operator_id where r.feed_id = ? and r.change in ('suspended', 'ended', 'missing')),
	rely as (select f.id, p.company_id from fallen f join business_partner p on p.ended_at is null and p.country = f.country and number_keys(p.identifiers) @> array[f.search_key]
	  and exists (select from membership m where m.company_id = p.company_id and m.status <> 'ended')),
	mark as (update inbound_row r set reliant = x.n from (select id, count(distinct company_id)::int as n from rely group by id) x where r.feed_id = ? and r.id = x.id)
	select count(distinct company_id)::int from rely`

// plan compares a list that was checked with what is known now, and keeps what it found.
func (s *Service) plan(ctx context.Context, tx pg.Tx, f *Feed) error {
	db := tx.WithContext(ctx)
	from, to := moves()
	for what, step := range []struct {
		sql  string
		args []any
	}{
		{`delete from inbound_row where feed_id = ? and line is null`, []any{f.ID}},
		{`update inbound_row set reliant = 0 where feed_id = ? and reliant > 0`, []any{f.ID}},
		// Nobody has counted the rows yet that this transaction wrote: whole sets meet, never row by row.
		// What plans seem to cost then says nothing, so none is compiled for it.
		{setBased, nil},
		{planSQL, []any{pg.Strings(from), pg.Strings(to), f.AgencyID, f.Arrangement, f.Home, f.ID, f.ID}},
		{missingSQL, []any{f.ID}},
		{oneByOne, nil},
	} {
		if err := db.Exec(step.sql, step.args...).Error; err != nil {
			return fmt.Errorf("compare the list, step %d: %w", what+1, err)
		}
	}
	if err := db.Raw(reliantSQL, f.ID, f.ID).Scan(&f.Reliant).Error; err != nil {
		return fmt.Errorf("look for members that rely on those that fall: %w", err)
	}
	var found []struct {
		Change Change
		N      int
		Fell   int
	}
	err := db.Raw(`select change, count(*)::int as n, (count(*) filter (where change in ('suspended', 'ended', 'missing') and was ->> 'status' = 'confirmed'))::int as fell from inbound_row where feed_id = ? and change is not null group by change`, f.ID).Scan(&found).Error
	if err != nil {
		return fmt.Errorf("count what the list changes: %w", err)
	}
	counts := map[Change]int{}
	f.Fallen = 0
	for _, x := range found {
		counts[x.Change] = x.N
		f.Fallen += x.Fell
	}
	if err := db.Raw(`select count(*)::int from foreign_operator f where f.agency_id = ? and f.arrangement = ? and f.home = ? and f.status = 'confirmed'`, f.AgencyID, f.Arrangement, f.Home).Scan(&f.Base).Error; err != nil {
		return fmt.Errorf("count the operators: %w", err)
	}
	text, err := json.Marshal(counts)
	if err != nil {
		return fmt.Errorf("keep what the list changes: %w", err)
	}
	f.Counts = string(text)
	f.Version++
	if err := db.Exec(`update inbound_feed set counts = ?::jsonb, base = ?, fallen = ?, reliant = ?, version = ? where id = ?`, f.Counts, f.Base, f.Fallen, f.Reliant, f.Version, f.ID).Error; err != nil {
		return fmt.Errorf("keep what the list changes: %w", err)
	}
	return nil
}

// counts are how many rows do what.
func (f Feed) counts() map[Change]int {
	n := map[Change]int{}
	for _, c := range Changes() {
		if k := f.Of(c); k > 0 {
			n[c] = k
		}
	}
	return n
}

// same reports whether two comparisons of a list found the same.
func same(a, b Feed) bool {
	return a.Base == b.Base && a.Fallen == b.Fallen && maps.Equal(a.counts(), b.counts())
}
