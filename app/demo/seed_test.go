package demo_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/appeal"
	"trustedtrader/app/application"
	"trustedtrader/app/apptest"
	"trustedtrader/app/arrangement"
	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/bizpartner"
	"trustedtrader/app/blob"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/claim"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/consent"
	"trustedtrader/app/consultation"
	"trustedtrader/app/cost"
	"trustedtrader/app/demo"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fieldwork"
	"trustedtrader/app/finding"
	"trustedtrader/app/inbound"
	"trustedtrader/app/incident"
	"trustedtrader/app/membership"
	"trustedtrader/app/notice"
	"trustedtrader/app/people"
	"trustedtrader/app/pg"
	"trustedtrader/app/plan"
	"trustedtrader/app/profile"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/programme"
	"trustedtrader/app/recognition"
	"trustedtrader/app/report"
	"trustedtrader/app/review"
	"trustedtrader/app/risk"
	"trustedtrader/app/roster"
	"trustedtrader/app/signin"
	"trustedtrader/app/singlewindow"
	"trustedtrader/app/succession"
	"trustedtrader/app/validation"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// seeded makes a database with the whole demo in it, as of one afternoon.
func seeded(t *testing.T) *pg.DB {
	t.Helper()
	db := apptest.DB(t)
	part := func(dir string) fs.FS {
		from := config.Programmes
		if dir == "risk" {
			from = config.Risk
		}
		files, err := fs.Sub(from, dir)
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	register, err := programme.Load(part("programmes"))
	if err != nil {
		t.Fatal(err)
	}
	calendars, err := clock.LoadCalendars(part("calendars"))
	if err != nil {
		t.Fatal(err)
	}
	base := &url.URL{Scheme: "http", Host: "localhost:8080"}
	at := &demo.Clock{}
	letters := &notice.Letters{Base: base, Brand: "Portal"}
	clocks := &clock.Clocks{Calendars: calendars, Programmes: register}
	library, err := catalogue.Load(part("programmes"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := blob.Open(context.Background(), blob.Settings{Folder: filepath.Join(t.TempDir(), "evidence")})
	if err != nil {
		t.Fatal(err)
	}
	profiles := &profile.Steps{Library: library, Programmes: register, Clocks: clocks, Letters: letters}
	steps := application.Steps{Programmes: register, Clocks: clocks, Letters: letters, Profiles: profiles}
	p := demo.Portal{DB: db,
		SignIn:       &signin.Service{DB: db, Now: at.Now},
		People:       &people.Service{DB: db, Now: at.Now, Letters: letters, Base: base, Calendars: calendars},
		Companies:    &company.Service{DB: db, Now: at.Now, Key: []byte(strings.Repeat("k", 32)), Programmes: register, Clocks: clocks, Letters: letters},
		Applications: &application.Service{DB: db, Now: at.Now, Steps: steps},
		Profiles:     &profile.Service{DB: db, Now: at.Now, Steps: profiles},
		Evidence:     &evidence.Service{DB: db, Now: at.Now, Log: apptest.Quiet(), Store: store, Master: bytes.Repeat([]byte("k"), blob.KeySize), Quota: 100 << 20, Criteria: library},
		Members:      membership.New(db, at.Now, &steps),
		Notices:      &notice.Service{DB: db, Now: at.Now, Letters: letters},
	}
	factors, err := risk.LoadFactors(part("risk"))
	if err != nil {
		t.Fatal(err)
	}
	p.Risks = &risk.Service{DB: db, Now: at.Now, Factors: factors, Programmes: register, Clocks: clocks, Evidence: p.Evidence}
	p.Roster = &roster.Service{DB: db, Now: at.Now, Calendars: calendars, Programmes: register}
	p.Validations = &validation.Service{DB: db, Now: at.Now, Steps: &validation.Steps{Programmes: register, Clocks: clocks, Letters: letters, Calendars: calendars}}
	p.Findings = &finding.Service{DB: db, Now: at.Now, Steps: &finding.Steps{Steps: p.Validations.Steps, Library: library, Evidence: p.Evidence}}
	p.Fieldwork = &fieldwork.Service{DB: db, Now: at.Now, Steps: p.Validations.Steps, Library: library, Evidence: p.Evidence}
	p.Cases = enforcement.New(db, at.Now, &enforcement.Steps{Programmes: p.Members.Steps.Programmes, Clocks: p.Members.Steps.Clocks, Letters: p.Members.Steps.Letters, Standing: p.Members.Standing})
	p.Cases.Steps.Appeals = appeal.Check
	p.Incidents = &incident.Service{DB: db, Now: at.Now, Steps: p.Cases.Steps.Incidents}
	p.Appeals = &appeal.Service{DB: db, Now: at.Now, Programmes: register, Clocks: clocks, Letters: letters, Cases: p.Cases.Steps}
	p.Successions = &succession.Service{DB: db, Now: at.Now, Steps: &steps, Standing: p.Members.Standing, Blocked: succession.CaseOpen}
	p.Consents = &consent.Service{DB: db, Now: at.Now, Programmes: register}
	p.Window = &singlewindow.Service{DB: db, Now: at.Now, Programmes: register, Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte("k"), ed25519.SeedSize))}
	p.Reports = &report.Service{DB: db, Now: at.Now, Findings: p.Findings.Steps, Members: p.Members, Refer: p.Cases.Steps.Refer}
	asked, err := fs.Sub(config.Questionnaires, "questionnaires")
	if err != nil {
		t.Fatal(err)
	}
	partners, err := bizpartner.LoadData(asked)
	if err != nil {
		t.Fatal(err)
	}
	p.Partners = &bizpartner.Service{DB: db, Now: at.Now, Programmes: register, Letters: letters, Data: partners, Evidence: p.Evidence, Key: bytes.Repeat([]byte("k"), 32)}
	files, err := fs.Sub(config.Regions, "regions")
	if err != nil {
		t.Fatal(err)
	}
	regions, err := plan.LoadRegions(files)
	if err != nil {
		t.Fatal(err)
	}
	p.Plans = &plan.Service{DB: db, Now: at.Now, Programmes: register, Regions: regions, Draw: func() int64 { return 969 }}
	p.Reviews = &review.Service{DB: db, Now: at.Now, Steps: &steps, Companies: p.Companies}
	p.ProfileDesk = &profilereview.Service{DB: db, Now: at.Now, Steps: profiles, Cases: p.Reviews}
	agreed, err := arrangement.Own(register)
	if err != nil {
		t.Fatal(err)
	}
	layouts, err := fs.Sub(config.Imports, "imports")
	if err != nil {
		t.Fatal(err)
	}
	reports, err := benefit.LoadData(layouts)
	if err != nil {
		t.Fatal(err)
	}
	p.Benefits = &benefit.Service{DB: db, Now: at.Now, Data: reports, Evidence: p.Evidence}
	sums, err := fs.Sub(config.Figures, "figures")
	if err != nil {
		t.Fatal(err)
	}
	spent, err := cost.LoadData(sums)
	if err != nil {
		t.Fatal(err)
	}
	p.Costs = &cost.Service{DB: db, Now: at.Now, Data: spent, Modes: []string{"sea", "truck"}}
	p.Baselines = &baseline.Service{DB: db, Now: at.Now, Programmes: register, Data: reports, Letters: letters}
	p.Arrangements = &arrangement.Service{DB: db, Now: at.Now, Register: agreed}
	p.Recognitions = &recognition.Service{DB: db, Now: at.Now, Programmes: register, Register: agreed, Letters: letters}
	p.Inbound = &inbound.Service{DB: db, Now: at.Now, Register: agreed, Recognitions: p.Recognitions}
	p.Checks = &consultation.Service{DB: db, Now: at.Now, Programmes: register, Rules: consultation.RulesOf(db, agreed, at.Now), Purposes: []consultation.Purpose{
		{Code: "import_declaration"}, {Code: "export_declaration"}, {Code: "risk_assessment"}, {Code: "periodic_review"}}}
	p.Claims = &claim.Service{DB: db, Now: at.Now, Programmes: register, Register: agreed, Clocks: clocks, Letters: letters, Reports: reports}
	p.Sweeper = &clock.Service{DB: db, Now: at.Now, Log: apptest.Quiet(), Clocks: clocks, Letters: letters, Expired: clock.Together(p.Applications.Hooks(), p.Members.Hooks())}
	s := &demo.Seeder{Portal: p, Clock: at, Issuer: func(a string) string { return "http://localhost:8082/" + a }}
	begun := time.Now()
	if err := s.Seed(context.Background(), time.Date(2026, 11, 24, 15, 30, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	t.Logf("seeded in %s", time.Since(begun).Round(time.Millisecond))
	return db
}

func texts(t *testing.T, db *pg.DB, sql string) (list []string) {
	t.Helper()
	type row struct{ S string }
	var rows []row
	if err := db.Batch(context.Background(), pg.System, pg.All(&rows, sql)); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	for _, r := range rows {
		list = append(list, r.S)
	}
	return list
}

func TestSeed(t *testing.T) {
	t.Parallel()
	db := seeded(t)
	for _, x := range texts(t, db, `select status || ' ' || count(*) as s from application group by status order by 1`) {
		t.Log(x)
	}
	// Every state and every kind of member is there.
	statuses := strings.Join(texts(t, db, `select distinct status as s from application`), " ")
	for _, s := range application.Statuses() {
		if !strings.Contains(" "+statuses+" ", " "+string(s)+" ") {
			t.Errorf("no application is %s", s)
		}
	}
	register, err := programme.Load(mustSub(t))
	if err != nil {
		t.Fatal(err)
	}
	kinds := strings.Join(texts(t, db, `select distinct programme || '/' || entity_type as s from application`), " ")
	for _, p := range register.All() {
		for _, e := range p.EntityTypes() {
			if e.Enabled && !strings.Contains(kinds, p.Code+"/"+e.Code) {
				t.Errorf("nobody applied as %s/%s", p.Code, e.Code)
			}
		}
	}
	// Companies fill in their profiles, show evidence and assess their risks.
	for what, want := range map[string]struct {
		sql   string
		least int
	}{
		"profiles of programmes":       {`select programme || ' ' || entity_type as s from profile_cycle group by programme, entity_type`, 16},
		"profiles that are filled in":  {`select c.reference as s from profile_cycle c join profile_answer a on a.cycle_id = c.id group by c.id having count(*) > 100`, 30},
		"different texts":              {`select distinct value ->> 'text' as s from profile_answer where length(value ->> 'text') > 40`, 1500},
		"answers with a plan":          {`select question as s from profile_answer where value ? 'plan_on'`, 40},
		"answers that do not apply":    {`select question as s from profile_answer where choice = 'na'`, 30},
		"tables and persons":           {`select question as s from profile_answer where value ? 'rows'`, 150},
		"authors of one profile":       {`select cycle_id::text as s from profile_answer group by cycle_id having count(distinct author) > 2`, 2},
		"criteria given to somebody":   {`select criterion as s from profile_criterion where assignee_id is not null`, 30},
		"exceptions of sites":          {`select distinct c.company_id::text as s from profile_answer a join profile_cycle c on c.id = a.cycle_id where a.site_id is not null`, 3},
		"kinds of files":               {`select media_type as s from evidence_version group by media_type having count(*) > 15`, 4},
		"companies with evidence":      {`select company_id::text as s from evidence group by company_id having count(*) >= 6`, 30},
		"evidence in other languages":  {`select distinct lang as s from evidence`, 4},
		"evidence that expired":        {`select title as s from evidence where expires_on < '2026-11-24' and removed_at is null`, 1},
		"evidence that expires soon":   {`select title as s from evidence where expires_on between '2026-11-24' and '2027-01-23'`, 5},
		"pinned evidence":              {`select distinct cycle_id::text as s from evidence_pin`, 25},
		"yearly reviews":               {`select status as s from profile_cycle where kind = 'annual' group by status`, 3},
		"overdue reviews":              {`select reference as s from profile_cycle where kind = 'annual' and status = 'open' and overdue_at is not null`, 1},
		"reviews sent late":            {`select reference as s from profile_cycle where kind = 'annual' and status = 'accepted' and overdue_at is not null`, 1},
		"criteria that were confirmed": {`select c.reference as s from profile_cycle c join profile_criterion k on k.cycle_id = c.id where k.confirmed_at is not null group by c.id having count(*) > 30`, 5},
		"new versions of evidence":     {`select title as s from evidence e where (select count(*) from evidence_version v where v.evidence_id = e.id) > 1`, 20},
		"officers":                     {`select office_id::text as s from officer group by office_id having count(*) >= 2`, 4},
		"officers who are away today":  {`select kind as s from booking where state = 'confirmed' and '2026-11-24T15:30:00Z' between starts_at and ends_at group by kind`, 2},
		"risk assessments":             {`select status as s from risk_assessment group by status`, 2},
		"actions against risks":        {`select what as s from risk_action`, 6},
		"incidents looked into":        {`select reference as s from incident where self_reported and status = 'looked_into'`, 1},
		"suspensions with a plan":      {`select c.reference as s from enforcement_case c where c.status = 'in_force' and c.plan_status = 'accepted' and c.suspended <> '[]' and exists (select from enforcement_consent x where x.case_id = c.id)`, 1},
		"states of a plan's items":     {`select distinct status as s from enforcement_item`, 3},
		"suspensions at once":          {`select reference as s from enforcement_case where emergency_at is not null and confirmed_at is not null and suspended <> '[]'`, 1},
		"appeals that wait":            {`select reference as s from appeal where status = 'filed'`, 1},
		"changes of members":           {`select kind || ' ' || status as s from change_case where kind = 'withdrawal' and status = 'draft' or kind = 'merger' and status = 'accepted' and effective_on > '2026-11-24'`, 2},
		"states of recognitions":       {`select distinct status as s from recognition`, 5},
		"reasons of refusals":          {`select distinct reason as s from recognition where reason <> ''`, 2},
		"members with many numbers":    {`select company_id::text as s from partner_number where scheme = 'mid' group by company_id having count(*) = 3`, 1},
		"notices that are late":        {`select event_id::text as s from recognition_ack where alarmed_at is not null and acknowledged_at is null`, 1},
		"steps of an arrangement":      {`select distinct letter as s from message where letter in ('recognition_paused', 'recognition_resumed')`, 2},
		"lists of partners":            {`select number as s from check_batch where status = 'done' and wrong = 1 and rows > 4`, 1},
		"consents to another agency":   {`select company_id::text as s from agency_consent where revoked_at is null`, 2},
		"looks of another agency":      {`select distinct shown::text as s from agency_look`, 2},
		"states of baselines":          {`select distinct status as s from baseline`, 3},
		"members that say their costs": {`select distinct company_id::text as s from membership_cost`, 4},
		"benefits that are not seen":   {`select benefit as s from benefit_gap where reported is not null and unseen is not null and seen is null`, 2},
		"gaps that are worked on":      {`select status as s from benefit_gap where status <> 'new' and owner_id is not null`, 2},
		"programmes with a baseline":   {`select distinct programme as s from baseline where status = 'signed'`, 2},
		"states of claims":             {`select distinct status as s from claim`, 3},
		"cohorts that are left out":    {`select file_name as s from baseline where left_out > 0`, 1},
		"kinds of benefit events":      {`select distinct kind as s from benefit_month`, 11},
		"members with two years":       {`select company_id::text as s from benefit_month where kind in ('entry', 'release') group by company_id having count(distinct month) = 25`, 3},
		"files for the single window":  {`select programme as s from window_file where day = '2026-11-23'`, 2},
	} {
		if got := texts(t, db, want.sql); len(got) < want.least {
			t.Errorf("%s: %d, want %d at least: %v", what, len(got), want.least, got)
		}
	}
	for what, sql := range map[string]string{
		"submitted answers that are not complete":  `select c.reference || ' ' || a.question as s from profile_answer a join profile_cycle c on c.id = a.cycle_id where c.status in ('submitted', 'in_review', 'accepted') and not a.complete`,
		"submitted musts without evidence":         `select c.reference as s from profile_cycle c where c.status in ('submitted', 'in_review', 'accepted') and not exists (select from evidence_pin p where p.cycle_id = c.id)`,
		"texts with something left to fill in":     `select c.reference || ' ' || a.question as s from profile_answer a join profile_cycle c on c.id = a.cycle_id where a.value::text ~ '\{[a-z0-9]+\}'`,
		"evidence of the future":                   `select title as s from evidence where issued_on > '2026-11-24'`,
		"evidence that was quarantined or is lost": `select file_name as s from evidence_version where scan = 'quarantined' or size < 500`,
		"submissions that the clock made":          `select c.reference as s from profile_submission s join profile_cycle c on c.id = s.cycle_id where s.attested_name = ''`,
		"memberships without a running clock":      `select number as s from membership m where not exists (select from clock c where c.subject_id = m.id or c.subject_id = m.application_id)`,
		"clocks that began in the future":          `select code as s from clock where started_at > '2026-11-24T15:30:00Z' and code <> 'annual_review_due'`, // its next year is written down when this one's is met
		"clocks due before they began":             `select code || ' ' || due_on as s from clock where due_on < (started_at at time zone zone)::date`,
		"events out of order":                      `select a.id::text as s from audit_event a join audit_event b on b.subject_id = a.subject_id and b.id > a.id and b.at < a.at`,
		"open deadlines that nobody has looked at": `select code as s from clock where stopped_at is null and not paused and expired_at is null and due_on < '2026-11-23'`,
		"companies without an owner":               `select name as s from company c where not exists (select from person_right r where r.company_id = c.id and r.role = 'owner' and r.ended_at is null)`,
	} {
		if list := texts(t, db, sql); len(list) > 0 {
			t.Errorf("%s: %v", what, list)
		}
	}
	if n := len(texts(t, db, `select name as s from company`)); n < 40 {
		t.Errorf("%d companies", n)
	}
	if state, err := demo.Look(context.Background(), db); err != nil || state != demo.Whole {
		t.Errorf("the database is %q, %v", state, err)
	}
	for _, p := range demo.People() {
		if n := texts(t, db, `select count(*)::text as s from person where subject = '`+p.Subject+`' and issuer like '%/`+p.Audience+`'`)[0]; n != "1" && p.Organisation != "New to the portal" {
			t.Errorf("%s of the sign-in page is %s times in the database", p.Name, n)
		}
	}
	honest(t, db)
	same(t, db, seeded(t)) // whoever tells the past anew tells the same
}

// An interrupted seed is cleared and told anew.
func TestClear(t *testing.T) {
	t.Parallel()
	ctx, dsn := context.Background(), apptest.DSN(t)
	db, err := pg.Open(ctx, dsn, apptest.Quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	look := func(want demo.State) {
		t.Helper()
		if got, err := demo.Look(ctx, db); err != nil || got != want {
			t.Errorf("the database is %q, want %q; %v", got, want, err)
		}
	}
	look(demo.Empty)
	exec := func(sql string) {
		t.Helper()
		if err := db.Write(ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(ctx).Exec(sql).Error }); err != nil {
			t.Fatal(err)
		}
	}
	exec(`insert into office (id, code, name, zone, calendar, created_at) values (gen_random_uuid(), 'HQ', 'HQ', 'UTC', 'us-federal', now())`)
	look(demo.Foreign)
	exec(`insert into audit_event (at, actor, audience, role, action, subject_kind) values (now(), 'Portal', 'system', 'clock', 'demo.begun', 'installation')`)
	look(demo.Partial)
	if err := demo.Clear(ctx, dsn); err != nil {
		t.Fatal(err)
	}
	look(demo.Empty)
}

func mustSub(t *testing.T) fs.FS {
	t.Helper()
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// same reports what differs between two databases that were told the same past.
func same(t *testing.T, a, b *pg.DB) {
	t.Helper()
	for _, sql := range []string{`select concat_ws(' | ', c.name, o.code, a.reference, a.status, a.opened_at, a.submitted_at, m.number, m.effective_on,
			(select string_agg(k.code || ' ' || k.due_on || ' ' || k.paused, ', ' order by k.code, k.started_at, k.due_on) from clock k where k.company_id = c.id)) as s
			from company c join office o on o.id = c.office_id left join application a on a.company_id = c.id left join membership m on m.application_id = a.id order by 1`,
		`select concat_ws(' | ', c.reference, c.status, c.round, (select md5(string_agg(concat_ws(' ', a.question, a.value, a.version, a.author, a.updated_at), ', ' order by a.question, a.value::text))
			from profile_answer a where a.cycle_id = c.id)) as s from profile_cycle c order by 1`,
		`select concat_ws(' | ', c.name, e.title, e.expires_on, v.number, v.sha256) as s from evidence e join company c on c.id = e.company_id join evidence_version v on v.evidence_id = e.id
			where e.kind = 'file' order by 1`,
		`select concat_ws(' | ', c.name, b.month, b.kind, b.mode, b.port_group, b.type, b.country, b.events, b.entries, b.amount) as s from benefit_month b join company c on c.id = b.company_id order by 1`,
		`select concat_ws(' | ', file_name, sha256, status, bringer, decider, as_of) as s from baseline order by 1`,
	} {
		one, two := texts(t, a, sql), texts(t, b, sql)
		if len(one) != len(two) {
			t.Errorf("%d and %d rows of %s", len(one), len(two), sql)
			continue
		}
		for i := range one {
			if one[i] != two[i] {
				t.Errorf("%s\n%s", one[i], two[i])
			}
		}
	}
}

// fares is how a member's goods were examined over its last year, in parts of the rate of
// others of its kind: the sums of its reports against the signed cohorts of the same months.
func fares(t *testing.T, db *pg.DB, company, kind, mode string) float64 {
	t.Helper()
	var own, others float64
	err := db.Batch(context.Background(), pg.System,
		pg.Value(&own, `select coalesce(sum(entries) filter (where kind = 'exam')::float8 / sum(entries) filter (where kind = 'release'), 0) from benefit_month b join company c on c.id = b.company_id
			where c.name like $1 || '%' and b.mode = $2 and b.type = '' and b.country = '' and b.month >= date '2026-11-24' - interval '14 months'`, company, mode),
		pg.Value(&others, `select sum(exams)::float8 / sum(shipments) from baseline_cohort c join baseline b on b.id = c.baseline_id
			where b.status = 'signed' and c.entity_type = $1 and c.mode = $2 and c.port_group = 'all' and c.first_month >= date '2026-11-24' - interval '14 months'`, kind, mode))
	if err != nil {
		t.Fatal(err)
	}
	return own / others
}

// honest fails a demo in which membership is good for everybody.
func honest(t *testing.T, db *pg.DB) {
	t.Helper()
	if x := fares(t, db, "Bluewater Home Goods", "importer", "sea"); x < 0.3 || x > 0.8 {
		t.Errorf("Bluewater's goods are examined %.2f times as often as those of others", x)
	}
	if x := fares(t, db, "Rio Vista Transport", "highway_carrier_us_mx", "truck"); x < 0.3 || x > 0.8 {
		t.Errorf("Rio Vista's goods are examined %.2f times as often as those of others", x)
	}
	if x := fares(t, db, "Silverline Consolidators", "consolidator", "sea"); x < 1.3 || x > 2.2 {
		t.Errorf("Silverline's goods are examined %.2f times as often as those of others", x)
	}
	if x := fares(t, db, "Noordzee Logistiek", "aeof", "sea"); x < 0.3 || x > 0.9 {
		t.Errorf("Noordzee's goods are examined %.2f times as often as those of others", x)
	}
	// Headquarters is told of a group whose members held a tier for the whole year.
	var told []struct {
		Behind, Whole, Part int
		Complete            bool
	}
	if err := db.Batch(context.Background(), pg.Scope{Kind: "staff"}, pg.All(&told, `select behind, whole, part, complete from benefit_of_programme('ctpat', 2026) where what = 'shipments' and entity_type = 'importer' and tier = 'tier_1'`)); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0].Behind != 6 || told[0].Whole < 1500 || told[0].Part*1000/told[0].Whole < 25 || told[0].Part*1000/told[0].Whole > 45 || told[0].Complete {
		t.Errorf("headquarters is told %+v of importers", told)
	}
	few := texts(t, db, `select sum(entries)::text as s from benefit_month b join company c on c.id = b.company_id where c.name like 'Granite Peak%' and b.kind = 'entry' and b.type = '' and b.country = ''`)
	if len(few) != 1 || len(few[0]) != 2 || few[0] >= "30" {
		t.Errorf("Granite Peak has %v entries, want some and fewer than thirty", few)
	}
	for _, x := range texts(t, db, `select c.name || ': ' || count(*) as s from benefit_event e join company c on c.id = e.company_id group by c.name order by 1`) {
		t.Log(x, "events")
	}
}
