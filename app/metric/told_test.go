package metric_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/metric"
	"trustedtrader/app/pg"
)

// above is a programme of 2025 with members whose reports headquarters is told of in groups.
type above struct {
	*findingtest.World
	s       *metric.Service
	shipped int // numbers shipments
}

func newAbove(t *testing.T) *above {
	t.Helper()
	w := findingtest.New(t, "2026-03-31T15:00:00Z")
	return &above{World: w, s: &metric.Service{DB: w.DB, Baselines: &baseline.Service{DB: w.DB, Now: w.Clock.Now}}}
}

// held is what a member was from one day to another, the last not included; empty: to this day.
type held struct{ from, until, state, tier string }

var always = []held{{"2023-05-01", "", "active", "tier_2"}}

// member is a company that held what it did.
func (a *above) member(name, kind string, list ...held) identity.Actor {
	a.T.Helper()
	by, id := a.Member(name)
	a.Exec(`update membership set entity_type = $2 where id = $1`, id, kind)
	a.holds(id, list...)
	return by
}

// members are several who held tier 2 throughout.
func (a *above) members(kind string, names ...string) (out []identity.Actor) {
	a.T.Helper()
	for _, n := range names {
		out = append(out, a.member(n, kind, always...))
	}
	return out
}

func (a *above) holds(membership uuid.UUID, list ...held) {
	a.T.Helper()
	event := a.Text(`select event_id::text from standing where membership_id = $1 limit 1`, membership)
	a.Exec(`delete from standing where membership_id = $1`, membership)
	for _, h := range list {
		a.Exec(`insert into standing (membership_id, company_id, type, state, tier, valid, known, event_id)
			select id, company_id, 'membership', $2, $3, daterange($4::date, nullif($5, '')::date), tstzrange('2023-01-01', null), $6 from membership where id = $1`, membership, h.state, h.tier, h.from, h.until, event)
	}
}

func (a *above) membership(by identity.Actor) uuid.UUID {
	a.T.Helper()
	return uuid.MustParse(a.Text(`select id::text from membership where company_id = $1 order by created_at limit 1`, by.CompanyID))
}

// also makes a member a member of another kind or programme, throughout.
func (a *above) also(by identity.Actor, programme, kind string) {
	a.T.Helper()
	id := pg.NewID()
	application := pg.NewID()
	a.Exec(`insert into application select (jsonb_populate_record(a, jsonb_build_object('id', $2::uuid, 'reference', 'X' || right($2::uuid::text, 8)))).* from application a join membership m on m.application_id = a.id where m.id = $1`, a.membership(by), application)
	a.Exec(`insert into membership (id, company_id, application_id, programme, edition, entity_type, number, tier, status, certified_on, effective_on, created_at)
		select $2::uuid, company_id, $3::uuid, $4::text, edition, $5::text, 'X' || right($2::uuid::text, 8), tier, status, certified_on, effective_on, created_at from membership where id = $1`, a.membership(by), id, application, programme, kind)
	a.Exec(`insert into standing (membership_id, company_id, type, state, tier, valid, known, event_id)
		select $2::uuid, company_id, type, 'active', 'tier_2', '[2023-05-01,)', known, event_id from standing where membership_id = $1 limit 1`, a.membership(by), id)
}

// ship reports n shipments by sea in March 2025, the first of which were examined.
func (a *above) ship(by identity.Actor, n, examined int) { a.shipBy("sea", by, n, examined) }

func (a *above) shipBy(mode string, by identity.Actor, n, examined int) {
	a.T.Helper()
	var list []raw
	for i := range n {
		a.shipped++
		e := raw{kind: benefit.Entry, day: time.Date(2025, 3, 10, 0, 0, 0, 0, time.UTC), entry: fmt.Sprintf("S%08d", a.shipped), mode: mode, portGroup: "other"}
		if list = append(list, e); i < examined {
			e.kind, e.kindOf = benefit.Exam, "nii"
			list = append(list, e)
		}
	}
	put(a.World, by, list)
}

func (a *above) tell() metric.Overall {
	a.T.Helper()
	o, err := a.s.Programme(a.Ctx, a.Chief, "ctpat", 2025)
	a.Must(err)
	return o
}

// tellings counts what is kept, which the portal itself cannot see.
func (a *above) tellings() (n int) {
	a.T.Helper()
	a.Must(a.DB.Write(a.Ctx, pg.System, func(tx pg.Tx) error {
		if err := tx.Exec(`set local role none`).Error; err != nil {
			return err
		}
		return tx.Raw(`select count(*)::int from benefit_told`).Scan(&n).Error
	}))
	return n
}

// sea is what is told of the shipments by sea of a group: "6/61 of 5", or nothing.
func (a *above) sea(kind, tier string) string {
	a.T.Helper()
	for _, g := range a.tell().Groups {
		if g.EntityType != kind || g.Tier != tier {
			continue
		}
		for _, m := range g.Modes {
			if m.Mode == "sea" {
				return fmt.Sprintf("%d/%d of %d", m.Part, m.Whole, m.Behind)
			}
		}
	}
	return ""
}

func (a *above) want(what, kind, tier, told string) {
	a.T.Helper()
	if got := a.sea(kind, tier); got != told {
		a.T.Errorf("%s: told %q, not %q", what, got, told)
	}
}

// TestFewerThanFive: four who report are nobody, the fifth makes a number, the sixth does not
// show in it, and neither does what one of them reports anew.
func TestFewerThanFive(t *testing.T) {
	t.Parallel()
	a := newAbove(t)
	m := a.members("importer", "Ann", "Bob", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal", "Ivo", "Joy")
	for i := range 4 {
		a.ship(m[i], 10+i, 1)
	}
	a.want("four report", "importer", "tier_2", "")
	if o := a.tell(); o.Told() || len(o.Groups) != 1 || o.Groups[0].Members != 10 {
		t.Errorf("four report: %+v", o)
	}
	a.ship(m[4], 20, 0)
	a.want("five report", "importer", "tier_2", "4/66 of 5")
	first := a.tell()
	a.ship(m[5], 7, 7)
	a.want("a sixth reports", "importer", "tier_2", "4/66 of 5")
	if o := a.tell(); !o.Groups[0].Modes[0].AsOf.Equal(first.Groups[0].Modes[0].AsOf) {
		t.Error("numbers of before have a new day")
	}
	a.ship(m[0], 3, 3)
	a.want("and one of the five", "importer", "tier_2", "4/66 of 5")
	a.ship(m[6], 5, 0)
	a.ship(m[7], 5, 0)
	a.want("four differ", "importer", "tier_2", "4/66 of 5")
	a.ship(m[8], 5, 0)
	a.want("five differ", "importer", "tier_2", "14/91 of 9")
	if n := a.tellings(); n != 2 {
		t.Errorf("%d tellings", n)
	}
	a.ship(m[9], 50, 0)
	a.want("the last one", "importer", "tier_2", "14/91 of 9")
}

// TestBackAndForth: numbers that are far enough from the last ones, but near others that were
// told before, show what one has reported.
func TestBackAndForth(t *testing.T) {
	t.Parallel()
	a := newAbove(t)
	m := a.members("importer", "Ann", "Bob", "Cid", "Dan", "Eve", "Fay")
	for _, x := range m {
		a.ship(x, 10, 1)
	}
	a.want("at first", "importer", "tier_2", "6/60 of 6")
	for _, x := range m[:5] {
		a.ship(x, 2, 0)
	}
	a.want("five report more", "importer", "tier_2", "6/70 of 6")
	for _, x := range m[:5] { // and take it back
		a.Exec(`delete from benefit_event where company_id = $1 and import_id = (select max(import_id::text)::uuid from benefit_event where company_id = $1)`, x.CompanyID)
		a.Exec(`select benefit_roll($1, array[date '2025-03-01'])`, x.CompanyID)
	}
	a.want("as at first", "importer", "tier_2", "6/60 of 6")
	a.ship(m[5], 4, 4)
	a.want("six differ from the middle, one from the first", "importer", "tier_2", "6/60 of 6")
	for _, x := range m[:4] {
		a.ship(x, 1, 0)
	}
	a.want("five differ from each", "importer", "tier_2", "10/68 of 6")
}

// TestOneDominates: a number of which one member is nearly all is that member's.
func TestOneDominates(t *testing.T) {
	t.Parallel()
	a := newAbove(t)
	m := a.members("importer", "Ann", "Bob", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal", "Ivo", "Joy", "Kim")
	for i := range 4 {
		a.ship(m[i], 5, 1)
	}
	a.ship(m[4], 114, 3) // of 134: 85.07 percent
	a.want("one brings in 114 of 134", "importer", "tier_2", "")
	a.ship(m[0], 1, 0) // of 135: 84.4
	a.want("one brings in 114 of 135", "importer", "tier_2", "7/135 of 5")
	for _, x := range m[5:9] {
		a.ship(x, 1, 0)
	}
	a.ship(m[9], 100, 50)
	a.want("five more, of whom one is nearly all", "importer", "tier_2", "7/135 of 5")
	for _, x := range m[5:9] {
		a.ship(x, 10, 0)
	}
	a.want("the others of them grow", "importer", "tier_2", "57/279 of 10")
}

// TestGroupsDoNotTellOnEachOther: a company is in one group of one programme, and one who moves
// between groups hides nobody.
func TestGroupsDoNotTellOnEachOther(t *testing.T) {
	t.Parallel()
	a := newAbove(t)
	m := a.members("importer", "Ann", "Bob", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal", "Ivo", "Joy", "Kim")
	for _, x := range m {
		a.ship(x, 10, 1)
	}
	a.want("eleven", "importer", "tier_2", "11/110 of 11")
	for _, x := range m[:5] { // five turn out to have held another tier
		a.holds(a.membership(x), held{"2023-05-01", "", "active", "tier_3"})
	}
	a.holds(a.membership(m[5]), held{"2023-05-01", "2024-06-01", "active", "tier_2"}) // a sixth to have left
	a.want("six left: five who moved and one", "importer", "tier_2", "5/50 of 5")
	a.want("the five who moved", "importer", "tier_3", "")
	extra := a.members("importer", "Lea", "Max", "Nic", "Ole", "Pia")
	for _, x := range extra {
		a.holds(a.membership(x), held{"2023-05-01", "", "active", "tier_3"})
		a.ship(x, 20, 2)
	}
	a.want("with five who were in no group", "importer", "tier_3", "15/150 of 10")

	a.also(m[10], "eu-aeo", "aeoc")
	if o := a.tell(); o.Elsewhere != 1 {
		t.Errorf("%d members of other programmes too", o.Elsewhere)
	}
	a.want("one is a member elsewhere too", "importer", "tier_2", "5/50 of 5")
	if o, err := a.s.Programme(a.Ctx, a.Chief, "eu-aeo", 2025); err != nil || o.Told() || len(o.Groups) != 0 || o.Elsewhere != 1 {
		t.Errorf("the other programme: %+v %v", o, err)
	}
	a.also(m[9], "ctpat", "exporter")
	o := a.tell()
	if i := slices.IndexFunc(o.Groups, func(g metric.Group) bool { return g.EntityType == metric.Mixed && g.Tier == metric.Mixed }); i != len(o.Groups)-1 || o.Groups[i].Members != 1 || len(o.Groups[i].Modes) > 0 {
		t.Errorf("a member in two kinds: %+v", o.Groups)
	}
}

// TestWhoIsTold: headquarters, supervisors and auditors, through the one function.
func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	a := newAbove(t)
	m := a.members("importer", "Ann", "Bob", "Cid", "Dan", "Eve")
	for _, x := range m {
		a.ship(x, 40, 1)
	}
	partner := identity.Actor{PersonID: pg.NewID(), Audience: identity.Partners, Role: identity.RolesOf(identity.Partners)[0], AgencyID: pg.NewID()}
	for name, by := range map[string]identity.Actor{"a specialist": a.Sam, "an administrator": a.Admin, "a company": m[0], "a partner": partner, "nobody": {}} {
		_, err := a.s.Programme(a.Ctx, by, "ctpat", 2025)
		a.Want(name, err, fault.NotFound)
		if by.Audience != identity.Staff {
			var n int
			if err := a.DB.Batch(a.Ctx, by.Scope(), pg.Value(&n, `select count(*)::int from benefit_of_programme('ctpat', 2025)`)); err == nil {
				t.Errorf("the database tells %s %d rows", name, n)
			}
		}
	}
	for _, by := range []identity.Actor{a.Chief, a.Boss, a.Auditor} {
		o, err := a.s.Programme(a.Ctx, by, "ctpat", 2025)
		if err != nil || len(o.Modes) != 1 || o.Modes[0].Whole != 200 || o.All.Whole != 200 {
			t.Errorf("%s: %+v %v", by.Role, o.Modes, err)
		}
	}
	for _, sql := range []string{`select count(*)::int from benefit_told`, `select count(*)::int from benefit_groups('ctpat', 2025)`, `select count(*)::int from benefit_tell('ctpat', 2025)`,
		`with x as (delete from benefit_told returning 1) select count(*)::int from x`, `select count(*)::int from benefit_month`} {
		var n int
		for _, scope := range []pg.Scope{a.Chief.Scope(), pg.System} {
			err := a.DB.Batch(a.Ctx, scope, pg.Value(&n, sql))
			if err == nil && (n > 0 && scope != pg.System || strings.Contains(sql, "told") || strings.Contains(sql, "'ctpat'")) {
				t.Errorf("%s as %s: %d", sql, scope.Kind, n)
			}
		}
	}
	for _, year := range []int{2022, 2024} {
		if o, err := a.s.Programme(a.Ctx, a.Chief, "ctpat", year); err != nil || o.Told() || len(o.Groups) != year/2024 {
			t.Errorf("%d: %+v %v", year, o, err)
		}
	}
	if _, err := a.s.Programme(a.Ctx, a.Chief, "ctpat", 12); fault.Fields(err) == nil {
		t.Errorf("the year 12: %v", err)
	}
}

// TestAskedAtOnce: two who ask at the same time are told the same, and it is kept once.
func TestAskedAtOnce(t *testing.T) {
	t.Parallel()
	a := newAbove(t)
	for _, x := range a.members("importer", "Ann", "Bob", "Cid", "Dan", "Eve") {
		a.ship(x, 40, 1)
	}
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() { _, err := a.s.Programme(a.Ctx, a.Chief, "ctpat", 2025); errs <- err }()
	}
	for range cap(errs) {
		a.Must(<-errs)
	}
	if n := a.tellings(); n != 1 {
		t.Errorf("kept %d times", n)
	}
}
