package web

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"trustedtrader/app/appeal"
	"trustedtrader/app/audit"
	"trustedtrader/app/benefit"
	"trustedtrader/app/bizpartner"
	"trustedtrader/app/company"
	"trustedtrader/app/consultation"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/evidence"
	"trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/exchange"
	"trustedtrader/app/finding"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/inbound"
	"trustedtrader/app/incident"
	"trustedtrader/app/people"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/review"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/risk"
	"trustedtrader/app/signin"
	"trustedtrader/app/succession"
	"trustedtrader/app/validation"
)

// TestWhoMayDoWhat holds the route list to rules that are written down apart from
// it: what an audience can reach, and that people who only read change nothing.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	own := map[string]bool{} // what every signed-in person does about their own session
	for _, p := range []string{"/signout", "/session/extend", "/session/choose", "/language", "/me/zone", "/me/sessions/end", "/me/calendar", "/me/calendar/:id/revoke"} {
		own[p] = true
	}
	seen := map[string]bool{}
	for _, r := range (&Web{}).Routes() {
		if key := r.Method + " " + r.Path; seen[key] {
			t.Errorf("%s is there twice", key)
		} else {
			seen[key] = true
		}
		if r.Access.Public() {
			if r.Method != "GET" && r.Path != "/signout" && !strings.HasPrefix(r.Path, "/q/:token/") && r.Path != "/operators/apply" { // whose session has ended is signed out already; a partner's link is its key; a foreign operator has no account
				t.Errorf("%s %s: nobody changes anything without signing in", r.Method, r.Path)
			}
			continue
		}
		for _, audience := range []identity.Audience{identity.Companies, identity.Staff, identity.Partners} {
			for _, role := range append([]identity.Role{""}, identity.RolesOf(audience)...) {
				who := identity.Actor{PersonID: uuid.New(), Audience: audience, Role: role}
				if !r.Access.allows(who) {
					continue
				}
				area := areaOf(r.Path)
				switch {
				case own[r.Path]:
				case !slices.Contains(areas[area], audience):
					t.Errorf("%s %s is open to %s %s", r.Method, r.Path, audience, role)
				case r.Path == "/company/new": // whoever is a reader in one company may found another
				case strings.HasSuffix(r.Path, "/people/:id/end") && role == identity.Reader: // everybody may leave
				case strings.HasPrefix(r.Path, "/invitations/"), strings.HasPrefix(r.Path, "/welcome/"): // an invitation is for whoever it is for
				case r.Method == "POST" && (role == identity.Reader || role == identity.Auditor):
					t.Errorf("%s %s lets a %s change something", r.Method, r.Path, role)
				case area == "/desk" && role == identity.Administrator:
					t.Errorf("%s %s: administrators have no cases", r.Method, r.Path)
				case area == "/admin" && r.Method == "POST" && role != identity.Administrator:
					t.Errorf("%s %s: only administrators change the installation, not a %s", r.Method, r.Path, role)
				case regexp.MustCompile(`/(submit|agreement|withdraw|hearing)$`).MatchString(r.Path) && r.Method == "POST" && strings.HasPrefix(r.Path, "/applications") &&
					!slices.Contains(identity.CompanySigners, role):
					t.Errorf("%s %s: only owner and signatory bind the company, not a %s", r.Method, r.Path, role)
				case regexp.MustCompile(`/(approve|certify|return|assign)$`).MatchString(r.Path) && strings.HasPrefix(r.Path, "/desk") && !strings.HasPrefix(r.Path, "/desk/changes") &&
					!slices.Contains(identity.Approvers, role):
					t.Errorf("%s %s: a second person decides, not a %s", r.Method, r.Path, role)
				}
			}
		}
	}
}

// areas says which audiences have anything to do in a part of the site.
var areas = map[string][]identity.Audience{
	"/company":      {identity.Companies},
	"/evidence":     {identity.Companies},
	"/applications": {identity.Companies},
	"/profiles":     {identity.Companies},
	"/inbox":        {identity.Companies, identity.Staff},
	"/memberships":  {identity.Companies, identity.Staff},
	"/risk":         {identity.Companies},
	"/validations":  {identity.Companies},
	"/visits":       {identity.Companies},
	"/findings":     {identity.Companies},
	"/incidents":    {identity.Companies},
	"/enforcement":  {identity.Companies},
	"/appeals":      {identity.Companies},
	"/documents":    {identity.Companies},
	"/partners":     {identity.Companies},
	"/benefits":     {identity.Companies},
	"/recognition":  {identity.Companies},
	"/desk":         {identity.Staff},
	"/admin":        {identity.Staff},
	"/audit":        {identity.Staff},
	"/agency":       {identity.Partners},
	"/invitations":  {identity.Companies, identity.Staff, identity.Partners},
	"/session":      {identity.Companies, identity.Staff, identity.Partners},
	"/me":           {identity.Companies, identity.Staff, identity.Partners},
	"/kept":         {identity.Companies, identity.Staff, identity.Partners},
	"/welcome":      {identity.Companies, identity.Staff, identity.Partners},
}

func areaOf(path string) string {
	return "/" + strings.SplitN(path+"/", "/", 3)[1]
}

// matrix is the whole site with sessions, and one person of every kind.
type matrix struct {
	*testing.T
	w        *reviewtest.World
	app      *fiber.App
	routes   []Route
	someones []kind
	people   *people.Service
	risks    *risk.Service

	validations *validation.Service
	partners    *bizpartner.Service
	benefits    *benefit.Service
	library     *evidence.Service
	measured    *prometheus.Registry
	own         map[string]string // parameters of a route, filled in with objects that company A owns
	others      map[string]string // the same with objects of company B
}

type kind struct {
	name   string
	actor  identity.Actor
	cookie string
	csrf   string
}

func (m *matrix) someone(actor identity.Actor, name string) kind {
	m.Helper()
	v := kind{name: name, actor: actor, cookie: rand.Text() + rand.Text(), csrf: rand.Text()}
	hash, now := sha256.Sum256([]byte(v.cookie)), m.w.Clock.Now()
	var right, agency *uuid.UUID
	if actor.RightID != uuid.Nil {
		right = &actor.RightID
	}
	if actor.AgencyID != uuid.Nil {
		agency = &actor.AgencyID
	}
	m.w.Exec(`insert into session (id, secret_hash, person_id, right_id, agency_id, provider, audience, csrf, created_at, last_seen_at, idle_until, expires_at)
		values (?, ?, ?, ?, ?, 'p', ?, ?, ?, ?, ?, ?)`, pg.NewID(), hash[:], actor.PersonID, right, agency, string(actor.Audience), v.csrf, now, now, now.Add(time.Hour), now.Add(time.Hour))
	return v
}

// person makes somebody with a right, or without any when the role is empty.
func (m *matrix) person(audience identity.Audience, role identity.Role, company, agency uuid.UUID) identity.Actor {
	m.Helper()
	a := identity.Actor{PersonID: pg.NewID(), Audience: audience, Role: role, CompanyID: company, AgencyID: agency}
	now := m.w.Clock.Now()
	m.w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, ?, ?)`,
		a.PersonID, a.PersonID.String(), fmt.Sprintf("%s@x.example", a.PersonID), "A "+string(role), now)
	if role == "" {
		return a
	}
	a.RightID = pg.NewID()
	var co, ag *uuid.UUID
	if company != uuid.Nil {
		co = &company
	}
	if agency != uuid.Nil {
		ag = &agency
	}
	parts := "{}"
	if role == identity.Contributor {
		parts = "{profile}"
	}
	m.w.Exec(`insert into person_right (id, person_id, audience, role, company_id, agency_id, parts, starts_on, ends_on, granted_at)
		values (?, ?, ?, ?, ?, ?, ?::text[], '2000-01-01', '2099-01-01', ?)`, a.RightID, a.PersonID, string(audience), string(role), co, ag, parts, now)
	return a
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	w, a := newDesk(t)
	a.withCriteria(w)
	a.withFindings(w)
	a.web.Exchange = &exchange.Service{DB: a.web.Profiles.DB, Now: a.web.Profiles.Now, Profiles: a.web.Profiles}
	a.web.SignIn.Key = []byte(strings.Repeat("k", 32))
	a.web.SignIn.Limits = signin.Limits{Idle: time.Hour, Absolute: 12 * time.Hour}
	measured := prometheus.NewRegistry()
	var err error
	if a.web.Metrics, err = NewMetrics(measured); err != nil {
		t.Fatal(err)
	}
	m := &matrix{T: t, w: w, app: a.web.App(), routes: a.web.Routes(), people: a.web.People, risks: a.web.Risks, validations: a.web.Validations, partners: a.web.Partners, benefits: a.web.Benefits, library: a.web.Evidence, measured: measured}

	var companies [2]identity.Actor
	for i, name := range []string{"Harbor Trading LLC", "Nosy Neighbor Inc"} {
		owner := w.Importer(name)
		companies[i] = owner
		values := m.objects(owner)
		if i == 0 {
			m.own = values
		} else {
			m.others = values
		}
	}
	for _, objects := range []map[string]string{m.own, m.others} {
		objects["officer"], objects["booking"] = hire(w, a.web.Roster, w.Sue)
	}
	agency := pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, kind, created_at) values (?, 'norland', 'Norland Customs', 'US', 'America/New_York', 'customs', ?)`, agency, w.Clock.Now())
	m.someones = append(m.someones, m.someone(companies[0], "owner"))
	for _, role := range identity.RolesOf(identity.Companies)[1:] {
		m.someones = append(m.someones, m.someone(m.person(identity.Companies, role, companies[0].CompanyID, uuid.Nil), string(role)))
	}
	m.someones = append(m.someones, m.someone(companies[1], "owner of another company"))
	for name, actor := range map[string]identity.Actor{"specialist": w.Sam, "supervisor": w.Boss, "headquarters": w.Chief, "auditor": w.Auditor, "appeal officer": w.Staff("Olive Appeals", identity.AppealOfficer, w.HQ), "administrator": w.Admin} {
		m.someones = append(m.someones, m.someone(actor, name))
	}
	for _, role := range identity.RolesOf(identity.Partners) {
		m.someones = append(m.someones, m.someone(m.person(identity.Partners, role, uuid.Nil, agency), string(role)))
	}
	if _, err := a.web.Window.Make(w.Ctx); err != nil {
		t.Fatal(err)
	}
	m.own["window"] = w.Text(`select id::text from window_file where programme = 'ctpat'`)
	m.others["window"] = m.own["window"]
	m.own["agency"], m.others["agency"] = agency.String(), agency.String()
	program, err := a.web.API.Open(w.Ctx, m.someones[len(m.someones)-1].actor, "Manifest system")
	w.Must(err)
	m.own["program"], m.others["program"] = program.String(), program.String()
	asked := pg.NewID()
	w.Exec(`insert into recognition (id, company_id, membership_id, arrangement, agency_id, status, asked_at, sent_at) values (?, ?, ?, 'us-ctpat-eu-aeo', ?, 'sent', ?, ?)`,
		asked, companies[0].CompanyID, uuid.MustParse(m.own["member"]), agency, w.Clock.Now(), w.Clock.Now())
	foreign := pg.NewID()
	w.Exec(`insert into foreign_operator (id, agency_id, arrangement, home, name, country, number, search_key, status, receipt_hash, applied_at, changed_at, known_on) values (?, ?, 'us-ctpat-eu-aeo', 'ctpat', 'Fjord AS', 'DE', 'DEAEOF1', 'DEAEOF1', 'applied', '\\x01', ?, ?, '2026-03-03')`,
		foreign, agency, w.Clock.Now(), w.Clock.Now())
	m.own["operator"], m.others["operator"] = foreign.String(), foreign.String()
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values ('us-ctpat-eu-aeo', ?, ?)`, agency, w.Clock.Now())
	channel := inbound.ChannelID(agency, "us-ctpat-eu-aeo", "ctpat")
	brought, err := a.web.Inbound.Bring(w.Ctx, w.Chief, channel, inbound.BringEntry{Kind: inbound.Full, AsOf: "2026-03-03", FileName: "aeo.csv"}, strings.NewReader("number,name,country,status\nDEAEOF1,Fjord AS,DE,active\n,Nobody,DE,active\n"))
	w.Must(err)
	m.own["channel"], m.others["channel"] = channel.String(), channel.String()
	m.own["inbound"], m.others["inbound"] = brought.ID.String(), brought.ID.String()
	m.own["baseline"] = m.baseline(a.web.Baselines)
	m.others["baseline"] = m.own["baseline"]
	m.own["recognition"], m.others["recognition"] = asked.String(), asked.String()
	question := pg.NewID()
	w.Exec(`insert into claim_request (id, claim_id, recognition_id, agency_id, arrangement, number, first_on, last_on, question, status, asked_at, asked_by)
		values (?, ?, ?, ?, 'us-ctpat-eu-aeo', 'C26-1', '2026-03-01', '2026-03-01', 'Was it given', 'asked', ?, ?)`, question, uuid.MustParse(m.own["claim"]), asked, agency, w.Clock.Now(), w.Sam.PersonID)
	w.Must(a.web.Claims.Count(w.Ctx, w.Chief))
	m.own["gap"] = w.Text(`select id::text from benefit_gap order by id limit 1`)
	m.others["gap"] = m.own["gap"]
	m.own["claim_request"], m.others["claim_request"] = question.String(), question.String()
	m.own["check"], m.own["list"] = m.checked(a.web.Checks)
	m.others["check"], m.others["list"] = m.own["check"], m.own["list"]
	m.own["partner"] = m.someones[len(m.someones)-1].actor.RightID.String()
	m.others["partner"] = m.own["partner"]
	for _, audience := range []identity.Audience{identity.Companies, identity.Staff, identity.Partners} {
		var ag uuid.UUID
		if audience == identity.Partners {
			ag = agency
		}
		who := m.person(audience, "", uuid.Nil, uuid.Nil)
		who.AgencyID = ag
		m.someones = append(m.someones, m.someone(who, "nobody yet among "+string(audience)))
	}
	return m
}

// objects makes one of everything that an address can name, for one company.
func (m *matrix) objects(owner identity.Actor) map[string]string {
	m.Helper()
	w := m.w
	member := w.Submit(owner, "ctpat", "importer")
	member, err := w.Desk.Claim(w.Ctx, w.Sam, member.ID, member.Version)
	w.Must(err)
	member, err = w.Desk.StartReview(w.Ctx, w.Sam, member.ID, member.Version)
	w.Must(err)
	w.Must(w.Desk.LogHours(w.Ctx, w.Sam, member.ID, review.HoursEntry{Activity: review.Activities()[0], Day: w.Clock.Now().Format(time.DateOnly), Hours: "1"}))
	notice, err := w.Companies.OpenNotice(w.Ctx, owner, company.NoticeEntry{EffectiveOn: "2026-03-10", Explanation: "We moved"})
	w.Must(err)
	notice, err = w.Companies.Propose(w.Ctx, owner, notice.ID, company.Proposal{Version: notice.Version, Do: company.Add, Subject: company.AboutTradeName,
		Name: company.NameEntry{Name: owner.Company + " Lines"}})
	w.Must(err)
	notice, err = w.Companies.SendNotice(w.Ctx, owner, notice.ID, notice.Version)
	w.Must(err)
	other := w.Importer(owner.Company + " twin")
	dup := pg.NewID()
	w.Exec(`insert into possible_duplicate (id, company_id, other_id, why, detail, found_at) values (?, ?, ?, 'name', 'twin', ?)`, dup, owner.CompanyID, other.CompanyID, w.Clock.Now())
	w.Must(w.DB.Write(w.Ctx, w.Sam.Scope(), func(tx pg.Tx) error { // an event that every reader of the trail sees
		return audit.Record(w.Ctx, tx, w.Clock.Now(), w.Sam, audit.Event{Action: "session.sign_in", Kind: "session"})
	}))
	offer, err := m.people.Invite(w.Ctx, owner, people.Invitation{Terms: people.Terms{Role: identity.Reader}, Email: "x@" + owner.CompanyID.String() + ".example"})
	w.Must(err)
	security := profiletest.OfApplication(w.Ctx, m, w.DB, member.ID)
	kept, coming := m.submitted(owner, security)
	reviews := &profilereview.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps.Profiles, Cases: w.Desk}
	w.Must(reviews.StartReview(w.Ctx, w.Sam, security, profiletest.Read(w.Ctx, m, w.Profiles, security).Cycle.Version))
	w.Must(reviews.Write(w.Ctx, w.Sam, security, profilereview.MessageEntry{Criterion: "3.1", Body: "Who does this?", ToCompany: true}))
	text := func(sql string, args ...any) string { return w.Text(sql, args...) }
	assessed := riskObjects(w, m.risks, owner)
	planned := planObjects(w, other.CompanyID)
	visits := visitObjects(w, m.validations, owner)
	found, visited := m.found(owner)
	happened, decided, item, appealed := m.suspended(owner, *visited.MembershipID)
	business := m.partnered(owner)
	costs := m.costly(costService(w), owner)
	management := pg.NewID() // a report for the management; what it says does not matter here
	w.Exec(`insert into briefing (id, company_id, body, sha256, maker, person_id, made_at) values (?, ?, '{"form":1,"from":"2025-01-01","to":"2025-12-01","quality":"partial"}', repeat('d', 64), 'Ann', ?, now())`, management, owner.CompanyID, owner.PersonID)
	return map[string]string{
		"report":        m.reported(owner),
		"briefing":      management.String(),
		"exam-cost":     costs["exam"],
		"year-cost":     costs["year"],
		"business":      business["partner"],
		"connection":    business["connection"],
		"link":          business["link"],
		"questionnaire": business["questionnaire"],
		"task":          business["task"],

		"finding":     found.ID.String(),
		"member":      visited.MembershipID.String(),
		"change":      m.leaving(owner, *visited.MembershipID).String(),
		"incident":    happened.String(),
		"enforcement": decided.String(),
		"item":        item.String(),
		"appeal":      appealed.String(),
		"claim":       m.claimed(owner, *visited.MembershipID),
		"reported":    visited.ID.String(),
		"worked":      text(`select id::text from visit where validation_id = $1 order by number limit 1`, visited.ID),
		"assessment":  assessed.draft.String(),
		"lane":        assessed.lane.String(),
		"leg":         assessed.leg.String(),
		"action":      assessed.task.String(),
		"assessed":    assessed.finished.String(),
		"plan":        planned.plan.String(),
		"plan_item":   planned.item.String(),
		"near":        planned.validation.String(),
		"application": member.ID.String(),
		"profile":     security.String(),
		"draft":       text(`select id::text from profile_message where cycle_id = $1`, security),
		"company":     owner.CompanyID.String(),
		"site":        text(`select id::text from site where company_id = $1 limit 1`, owner.CompanyID),
		"contact":     text(`select id::text from contact where company_id = $1 limit 1`, owner.CompanyID),
		"identifier":  text(`select id::text from company_identifier where company_id = $1 limit 1`, owner.CompanyID),
		"notice":      notice.ID.String(),
		"message":     text(`select id::text from message where company_id = $1 limit 1`, owner.CompanyID),
		"hours":       text(`select id::text from work_log where application_id = $1 limit 1`, member.ID),
		"duplicate":   dup.String(),
		"event":       text(`select max(id)::text from audit_event where action = 'session.sign_in'`),
		"invitation":  offer.ID.String(),
		"right":       owner.RightID.String(),
		"staff":       w.Sam.RightID.String(),
		"office":      w.NewYork.String(),
		"evidence":    kept.Evidence.String(),
		"version":     kept.Version.String(),
		"upload":      coming.ID.String(),
		"validation":  visits["validation"],
		"visit":       visits["visit"],
		"slot":        visits["slot"],
		"paper":       visits["paper"],
		"observer":    visits["observer"],
	}
}

// checked makes a check, and a list with its answers, of the partner agency.
func (m *matrix) checked(s *consultation.Service) (check, list string) {
	m.Helper()
	officer := m.someones[len(m.someones)-1].actor
	a, err := s.Check(m.w.Ctx, officer, consultation.Question{Value: "C26-999999", Purpose: s.Purposes[0].Code})
	m.w.Must(err)
	b, err := s.Upload(m.w.Ctx, officer, consultation.BatchQuestion{Purpose: s.Purposes[0].Code}, "list.csv", strings.NewReader("id\nC26-999999\n"))
	m.w.Must(err)
	m.w.Must(s.Work(m.w.Ctx, b.ID))
	return a.Number, b.ID.String()
}

// claimed is a claim of a member for a day on which it had the benefit, in the hand of a
// specialist.
func (m *matrix) claimed(owner identity.Actor, membership uuid.UUID) string {
	m.Helper()
	id, now := pg.NewID(), m.w.Clock.Now()
	m.w.Exec(`insert into claim (id, reference, company_id, membership_id, office_id, programme, benefit, status, first_on, last_on, place, happened, opened_at, opened_by, opener, officer_id, taken_at)
		select ?, 'B-' || left(?::text, 30), ?, m.id, a.office_id, 'ctpat', 'fewer_examinations', 'in_hand', '2026-03-01', '2026-03-01', 'Newark', 'It was opened', ?, ?, 'Ann', ?, ?
		from membership m join application a on a.id = m.application_id where m.id = ?`, id, id.String(), owner.CompanyID, now, owner.PersonID, m.w.Sam.PersonID, now, membership)
	return id.String()
}

// leaving is a case of a membership that merges, sent and sent back.
func (m *matrix) leaving(owner identity.Actor, membership uuid.UUID) uuid.UUID {
	m.Helper()
	w := m.w
	s := successionService(w)
	c, err := s.Open(w.Ctx, owner, succession.Entry{Membership: membership, Kind: succession.Merger, Day: "2026-03-03", Reason: "legal_merger", Note: "Merged", Successor: "C26-999999"})
	w.Must(err)
	c, err = s.Submit(w.Ctx, owner, c.ID, c.Version)
	w.Must(err)
	c, err = s.Take(w.Ctx, w.Sam, c.ID, c.Version)
	w.Must(err)
	c, err = s.GiveBack(w.Ctx, w.Sam, c.ID, succession.StepEntry{Version: c.Version, Text: "No such number"})
	w.Must(err)
	return c.ID
}

// found validates a company: a finding was sent, and the draft of the report shared.
func (m *matrix) found(owner identity.Actor) (finding.Finding, validation.Validation) {
	m.Helper()
	w := findingtest.Over(m, m.w)
	w.Number(owner.CompanyID, "ein", "12-3456789")
	_, member := w.MemberOf(owner, "ctpat", "exporter")
	v := w.Validation(member, validation.Visited)
	f := w.Draft(v, finding.ActionRequired)
	f, err := w.Findings.Send(w.Ctx, w.Sam, f.ID, f.Version)
	w.Must(err)
	writeReport(w, v)
	w.Exec(`insert into verification (visit_id, company_id, criterion) values (?, ?, '3.1')`, w.Visit(v), v.CompanyID)
	return f, v
}

// suspended registers an incident of a company and suspends its membership for a while.
func (m *matrix) suspended(owner identity.Actor, membership uuid.UUID) (happened, decided, item, appealed uuid.UUID) {
	m.Helper()
	w := findingtest.Over(m, m.w)
	i, err := w.Register.Report(w.Ctx, owner, incident.Entry{Membership: membership.String(), Kind: "seal", Place: "Newark", From: "2026-03-01", FoundOn: "2026-03-01", Facts: "The seal was cut."})
	w.Must(err)
	c, err := w.Cases.Open(w.Ctx, w.Sam, enforcement.OpenEntry{Membership: membership, Source: enforcement.ByHand, Reason: "The seal was cut"})
	w.Must(err)
	w.Must(w.Cases.SuspendNow(w.Ctx, w.Boss, c.ID, enforcement.EmergencyEntry{Version: c.Version, Ground: "security_incident", Reasons: "The seal was cut."}))
	filed, err := appealsOf(m.w, w.Cases).File(w.Ctx, owner, c.ID, appeal.FileEntry{Reasons: "It was another company", Attest: true})
	w.Must(err)
	w.Must(w.Cases.WriteItem(w.Ctx, owner, c.ID, enforcement.ItemEntry{Version: c.Version + 1, Goal: "Buy seals", DueOn: "2026-05-01"}))
	w.Must(w.Cases.Lift(w.Ctx, w.Chief, c.ID, enforcement.LiftEntry{Version: c.Version + 2, Why: "no_longer", Text: "It was another company"})) // the membership keeps its certificate
	return i.ID, c.ID, uuid.MustParse(w.Text(`select id::text from enforcement_item where case_id = $1`, c.ID)), filed.ID
}

// submitted makes a file that was submitted with a profile, and one on its way.
func (m *matrix) submitted(owner identity.Actor, cycle uuid.UUID) (evidence.Kept, evidence.Upload) {
	m.Helper()
	w := m.w
	content := evidencetest.PDF("Seals")
	kept, err := m.library.Take(w.Ctx, owner, evidence.Incoming{FileName: "seals.pdf", Size: int64(len(content))}, evidence.Details{}, bytes.NewReader(content))
	w.Must(err)
	w.Exec(`insert into evidence_pin (submission_id, company_id, cycle_id, criterion, evidence_id, version_id)
		select id, company_id, cycle_id, '3.1', ?, ? from profile_submission where cycle_id = ?`, kept.Evidence, kept.Version, cycle)
	coming, err := m.library.Begin(w.Ctx, owner, evidence.Incoming{FileName: "log.txt", Size: 9})
	w.Must(err)
	return kept, coming
}

// objectOf says which object the parameters of a route name: the test does not
// know a new route before it is added here.
func objectOf(path string) map[string]string {
	for _, x := range []struct {
		prefix string
		params map[string]string
	}{
		{"/profiles/:id/import/", map[string]string{":id": "profile", ":draft": "=00000000-0000-7000-8000-000000000004"}}, // one person's own
		{"/signin/", map[string]string{":provider": "=companies"}},
		{"/callback/", map[string]string{":provider": "=companies"}},
		{"/applications/new/", map[string]string{":programme": "=ctpat"}},
		{"/applications/", map[string]string{":id": "application"}},
		{"/profiles/", map[string]string{":id": "profile", ":criterion": "=1.1", ":question": "=1.1.a"}},
		{"/company/names/", map[string]string{":id": "=00000000-0000-7000-8000-000000000001"}},
		{"/company/sites/", map[string]string{":id": "site"}},
		{"/company/contacts/", map[string]string{":id": "contact"}},
		{"/company/identifiers/", map[string]string{":id": "identifier"}},
		{"/company/people/invitations/", map[string]string{":id": "invitation"}},
		{"/company/people/", map[string]string{":id": "right"}},
		{"/agency/people/invitations/", map[string]string{":id": "=00000000-0000-7000-8000-000000000003"}},
		{"/agency/people/", map[string]string{":id": "partner"}},
		{"/admin/people/invitations/", map[string]string{":id": "=00000000-0000-7000-8000-000000000003"}},
		{"/admin/people/", map[string]string{":id": "staff"}},
		{"/admin/offices/", map[string]string{":id": "office"}},
		{"/admin/agencies/", map[string]string{":id": "agency"}},
		{"/admin/catalogues/", map[string]string{":programme": "=ctpat", ":edition": "=2023.1", ":type": "=importer"}},
		{"/invitations/", map[string]string{":token": "=nothing"}},
		{"/welcome/offers/", map[string]string{":id": "=00000000-0000-7000-8000-000000000003"}},
		{"/company/changes/", map[string]string{":id": "notice", ":subject": "=site", ":item": "site"}},
		{"/help/", map[string]string{":guide": "=apply"}},
		{"/inbox/", map[string]string{":id": "message"}},
		{"/desk/evidence/versions/", map[string]string{":id": "version"}},
		{"/evidence/versions/", map[string]string{":id": "version"}},
		{"/evidence/uploads/", map[string]string{":id": "upload"}},
		{"/evidence/", map[string]string{":id": "evidence"}},
		{"/desk/changes/", map[string]string{":id": "notice"}},
		{"/desk/officers/", map[string]string{":id": "officer", ":booking": "booking"}},
		{"/me/calendar/", map[string]string{":id": "=00000000-0000-7000-8000-000000000005"}},
		{"/calendar/", map[string]string{":token": "=nothing"}},
		{"/desk/plan/", map[string]string{":id": "plan", ":item": "plan_item"}},
		{"/desk/validations/:id/near", map[string]string{":id": "near"}},
		{"/desk/profiles/", map[string]string{":id": "profile", ":criterion": "=3.1", ":message": "draft"}},
		{"/desk/companies/", map[string]string{":id": "company", ":duplicate": "duplicate"}},
		{"/desk/cases/", map[string]string{":id": "application", ":entry": "hours"}},
		{"/audit/", map[string]string{":id": "event"}},
		{"/desk/risk/", map[string]string{":id": "assessed"}},
		{"/risk/", map[string]string{":id": "assessment", ":lane": "lane", ":leg": "leg", ":action": "action"}},
		{"/desk/incidents/", map[string]string{":id": "incident"}},
		{"/incidents/", map[string]string{":id": "incident"}},
		{"/desk/enforcement/", map[string]string{":id": "enforcement", ":item": "item"}},
		{"/desk/appeals/", map[string]string{":id": "appeal"}},
		{"/desk/claims/gaps/", map[string]string{":id": "gap"}},
		{"/desk/claims/", map[string]string{":id": "claim"}},
		{"/benefits/claims/", map[string]string{":id": "claim"}},
		{"/agency/claims/", map[string]string{":id": "claim_request"}},
		{"/appeals/", map[string]string{":id": "appeal"}},
		{"/documents/", map[string]string{":kind": "=appeal", ":id": "appeal"}},
		{"/enforcement/", map[string]string{":id": "enforcement", ":item": "item"}},
		{"/desk/findings/", map[string]string{":id": "finding", ":file": "=00000000-0000-7000-8000-000000000005"}},
		{"/verify/", map[string]string{":token": "=nothing"}},
		{"/v/", map[string]string{":token": "=nothing"}},
		{"/q/", map[string]string{":token": "=nothing", ":section": "=cargo"}},
		{"/benefits/imports/", map[string]string{":id": "report"}},
		{"/benefits/reports/", map[string]string{":id": "briefing"}},
		{"/benefits/costs/exams/", map[string]string{":id": "exam-cost"}},
		{"/benefits/costs/years/", map[string]string{":id": "year-cost"}},
		{"/benefits/baselines/", map[string]string{":id": "baseline"}},
		{"/desk/baselines/", map[string]string{":id": "baseline"}},
		{"/partners/import/", map[string]string{":draft": "=00000000-0000-7000-8000-000000000004"}}, // one person's own
		{"/partners/connections/", map[string]string{":id": "connection"}},
		{"/partners/links/", map[string]string{":id": "link"}},
		{"/partners/questionnaires/", map[string]string{":id": "questionnaire", ":task": "task"}},
		{"/partners/", map[string]string{":id": "business", ":matter": "=00000000-0000-7000-8000-000000000006"}},
		{"/findings/", map[string]string{":id": "finding", ":file": "=00000000-0000-7000-8000-000000000005"}},
		{"/desk/visits/:id/criteria", map[string]string{":id": "worked", ":criterion": "=3.1"}},
		{"/desk/visits/:id/workbook", map[string]string{":id": "worked"}},
		{"/desk/visits/:id/files", map[string]string{":id": "worked", ":file": "=00000000-0000-7000-8000-000000000005"}},
		{"/desk/visits/:id/hours", map[string]string{":id": "worked", ":entry": "hours"}},
		{"/desk/validations/:id/report", map[string]string{":id": "reported", ":section": "=summary", ":number": "=1"}},
		{"/desk/validations/:id/findings", map[string]string{":id": "reported"}},
		{"/validations/:id/report", map[string]string{":id": "reported", ":number": "=1"}},
		{"/company/consents/", map[string]string{":agency": "agency"}},
		{"/agency/checks/bulk/", map[string]string{":id": "list"}},
		{"/agency/checks/", map[string]string{":number": "check"}},
		{"/desk/checks/", map[string]string{":number": "check"}},
		{"/desk/single-window/", map[string]string{":id": "window"}},
		{"/memberships/changes/", map[string]string{":id": "change"}},
		{"/memberships/:id/leave", map[string]string{":id": "member", ":kind": "=withdrawal"}},
		{"/desk/successions/", map[string]string{":id": "change"}},
		{"/memberships/", map[string]string{":id": "member"}},
		{"/desk/validations/", map[string]string{":id": "validation"}},
		{"/desk/visits/", map[string]string{":id": "visit", ":slot": "slot", ":document": "paper"}},
		{"/validations/", map[string]string{":id": "validation"}},
		{"/visits/", map[string]string{":id": "visit", ":document": "paper", ":observer": "observer"}},
		{"/desk/arrangements/", map[string]string{":code": "=us-ctpat-eu-aeo", ":id": "=00000000-0000-7000-8000-000000000006", ":agency": "agency"}},
		{"/recognition/", map[string]string{":code": "=us-ctpat-eu-aeo", ":id": "=00000000-0000-7000-8000-000000000006"}},
		{"/agency/api/hooks/", map[string]string{":id": "=00000000-0000-7000-8000-000000000007"}},
		{"/agency/api/messages/", map[string]string{":id": "=00000000-0000-7000-8000-000000000007"}},
		{"/agency/api/", map[string]string{":id": "program", ":key": "=00000000-0000-7000-8000-000000000007"}},
		{"/desk/irregularities/", map[string]string{":id": "=00000000-0000-7000-8000-000000000007"}},
		{"/operators/", map[string]string{":token": "=nothing"}},
		{"/agency/operators/", map[string]string{":id": "operator"}},
		{"/agency/feeds/lists/", map[string]string{":id": "inbound"}},
		{"/agency/feeds/", map[string]string{":id": "channel"}},
		{"/desk/feeds/lists/", map[string]string{":id": "inbound"}},
		{"/desk/feeds/", map[string]string{":id": "channel"}},
		{"/desk/operators/", map[string]string{":id": "operator"}},
		{"/agency/recognition/", map[string]string{":id": "recognition"}},
		{"/agency/notices/", map[string]string{":id": "=00000000-0000-7000-8000-000000000006"}},
		{"/agency/visits/", map[string]string{":id": "visit"}},
	} {
		if strings.HasPrefix(path, x.prefix) {
			return x.params
		}
	}
	return nil
}

var parameter = regexp.MustCompile(`:[a-z]+`)

func (m *matrix) address(r Route, objects map[string]string) string {
	m.Helper()
	params := objectOf(r.Path)
	return parameter.ReplaceAllStringFunc(r.Path, func(p string) string {
		v := params[p]
		if literal, ok := strings.CutPrefix(v, "="); ok {
			return literal
		}
		if objects[v] == "" {
			m.Fatalf("%s %s: the matrix does not know what %s stands for", r.Method, r.Path, p)
		}
		return objects[v]
	})
}

// answer makes one request; a nil kind is a guest.
func (m *matrix) answer(v *kind, method, path string, form url.Values, header http.Header) *http.Response {
	m.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	q := httptest.NewRequest(method, path, body)
	for k, list := range header {
		q.Header[k] = list
	}
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v != nil {
		q.AddCookie(&http.Cookie{Name: "portal", Value: v.cookie})
	}
	res, err := m.app.Test(q, -1)
	if err != nil {
		m.Fatal(err)
	}
	return res
}

func (m *matrix) ask(v *kind, method, path string, form url.Values, header http.Header) (status int, to, text string) {
	m.Helper()
	res := m.answer(v, method, path, form, header)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		m.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		m.Error(err)
	}
	return res.StatusCode, res.Header.Get("Location"), string(body)
}

// TestEveryRouteForEveryRole asks every route of the site as everybody: first what is
// refused, then what is allowed.
func TestEveryRouteForEveryRole(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	asked := 0
	for _, r := range m.routes {
		path := m.address(r, m.own)
		var form url.Values
		if r.Method == "POST" {
			form = url.Values{}
		}
		if !r.Access.Public() {
			status, to, _ := m.ask(nil, r.Method, path, form, nil)
			if api := path == "/session/extend"; (api && status != 401) || (!api && (status != 303 || !strings.HasPrefix(to, "/signin?"))) {
				t.Errorf("%s %s as a guest: %d to %q", r.Method, r.Path, status, to)
			}
			asked++
		}
		for i := range m.someones {
			v := &m.someones[i]
			if r.Access.allows(v.actor) {
				continue
			}
			if form != nil {
				form.Set("csrf", v.csrf)
			}
			if status, _, _ := m.ask(v, r.Method, path, form, nil); status != 404 {
				t.Errorf("%s %s as %s: %d, want 404", r.Method, r.Path, v.name, status)
			}
			asked++
		}
	}
	events := m.w.Count(`select count(*)::int from audit_event`)
	before := m.w.Count(`select (select count(*) from message) + (select count(*) from note) + (select sum(version) from application) + (select sum(version) from company)::int`)
	for _, r := range m.routes {
		if r.Method != "POST" || r.Access.Public() {
			continue
		}
		path := m.address(r, m.own)
		for i := range m.someones {
			v := &m.someones[i]
			if !r.Access.allows(v.actor) {
				continue
			}
			for what, c := range map[string]struct {
				form   url.Values
				header http.Header
			}{
				"without the page's token": {url.Values{}, nil},
				"with another's token":     {url.Values{"csrf": {m.someones[(i+1)%len(m.someones)].csrf}}, nil},
				"from another site":        {url.Values{"csrf": {v.csrf}}, http.Header{"Sec-Fetch-Site": {"cross-site"}}},
				"from another origin":      {url.Values{"csrf": {v.csrf}}, http.Header{"Origin": {"https://evil.example"}}},
			} {
				status, to, _ := m.ask(v, r.Method, path, c.form, c.header)
				kept := what == "with another's token" && status == 303 && to == "/kept" // as from a page of before signing in anew
				if status != 403 && !kept {
					t.Errorf("%s %s as %s %s: %d, want 403", r.Method, r.Path, v.name, what, status)
				}
				asked++
			}
		}
	}
	if now := m.w.Count(`select count(*)::int from audit_event`); now != events {
		t.Errorf("refused requests left %d events", now-events)
	}
	if now := m.w.Count(`select (select count(*) from message) + (select count(*) from note) + (select sum(version) from application) + (select sum(version) from company)::int`); now != before {
		t.Error("refused requests changed something")
	}

	// Another company's objects do not exist, whatever one's role.
	for _, r := range m.routes {
		foreign := m.address(r, m.others)
		if foreign == m.address(r, m.own) {
			continue
		}
		for i := range m.someones {
			v := &m.someones[i]
			if v.actor.Audience != identity.Companies || v.name == "owner of another company" || !r.Access.allows(v.actor) {
				continue
			}
			var form url.Values
			if r.Method == "POST" {
				form = url.Values{"csrf": {v.csrf}, "version": {"1"}}
			}
			status, _, text := m.ask(v, r.Method, foreign, form, nil)
			if status != 404 || strings.Contains(text, "Nosy") {
				t.Errorf("%s %s of another company as %s: %d", r.Method, r.Path, v.name, status)
			}
			asked++
		}
	}

	// What is allowed answers: a page, a way on, or what is wrong with an empty form.
	for _, method := range []string{"GET", "POST"} {
		for _, r := range m.routes {
			if r.Method != method || r.Path == "/signout" || r.Path == "/session/choose" {
				continue
			}
			path := m.address(r, m.own)
			for i := range m.someones {
				v := &m.someones[i]
				if !r.Access.allows(v.actor) || v.name == "owner of another company" {
					continue
				}
				var form url.Values
				if method == "POST" {
					form = url.Values{"csrf": {v.csrf}}
				}
				status, _, text := m.ask(v, method, path, form, nil)
				if status >= 500 || !strings.HasSuffix(r.Path, ".xlsx") && !strings.HasSuffix(r.Path, ".zip") && strings.Contains(text, "%!") { // packed bytes hold anything
					t.Errorf("%s %s as %s: %d", method, r.Path, v.name, status)
				}
				if method == "GET" && status >= 400 && !slices.Contains(notNow, r.Path) {
					t.Errorf("%s %s as %s: %d", method, r.Path, v.name, status)
				}
				asked++
			}
		}
	}
	t.Logf("%d requests over %d routes and %d kinds of people", asked, len(m.routes), len(m.someones)+1)
	m.fewStatements()
}

// notNow are pages that are not there for this matrix's objects: no sign-in provider,
// no decision yet, no request for information, a message about nothing.
var notNow = []string{
	"/signin/:provider", "/callback/:provider", "/kept", "/calendar/:token.ics",
	"/agency/members", // of agencies of the same government, not of customs abroad
	"/operators/:token", "/verify/:token", "/q/:token", "/q/:token/s/:section", "/q/:token/finish", "/partners/import/:draft",
	"/desk/validations/new", "/agency/visits/:id", "/desk/incidents/new", "/desk/enforcement/new", "/enforcement/request", "/enforcement/:id/appeal", // of no company and no membership
	"/applications/:id/request", "/applications/:id/hearing", "/applications/:id/decision",
	"/company/changes/:id/items/:subject/:item",
	"/profiles/:id/criteria/:criterion/sites", // nothing is different at a site
	"/invitations/:token", "/inbox/new", "/dev/mail",
	"/profiles/:id/import/:draft",                                     // of one person; its own test counts
	"/evidence/choose", "/evidence/attached", "/evidence/uploads/:id", // of no criterion, and of one person
	"/desk/findings/:id/edit",                                                                                                                                        // it was sent
	"/desk/visits/:id/files/:file", "/desk/findings/:id/files/:file", "/findings/:id/files/:file", "/desk/validations/:id/report.pdf", "/validations/:id/report.pdf", // their own test counts
}

// files are no pages: they are read in steps, as many as they need.
var files = []string{"/profiles/:id/export.xlsx", "/profiles/:id/export.csv", "/audit/export.csv", "/risk/:id/export.xlsx", "/risk/:id/actions.csv", "/desk/risk/:id/export.xlsx",
	"/desk/plan/:id/plan.csv", "/desk/plan/due.csv", "/desk/headquarters/rows.xlsx", "/desk/headquarters/rows.zip", "/desk/headquarters/year.xlsx", "/desk/headquarters/year.zip"}

// counts are pages of many numbers: a round trip or two, in which each set of rows has a statement.
var counts = []string{"/desk/headquarters", "/desk/headquarters/year", "/benefits", "/benefits/numbers.csv", "/benefits/reports/new"}

// fewStatements fails for every page that once needed more SQL statements than
// it may, and for every page that was never measured.
func (m *matrix) fewStatements() {
	m.Helper()
	families, err := m.measured.Gather()
	if err != nil {
		m.Fatal(err)
	}
	measured := map[string]bool{}
	for _, f := range families {
		if f.GetName() != "portal_request_statements" {
			continue
		}
		for _, row := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range row.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["method"] != "GET" {
				continue
			}
			route, h := labels["route"], row.GetHistogram()
			measured[route] = true
			for _, b := range h.GetBucket() {
				if b.GetUpperBound() != mostStatements {
					continue
				}
				if over := h.GetSampleCount() - b.GetCumulativeCount(); over > 0 && !slices.Contains(files, route) && !slices.Contains(counts, route) {
					m.Errorf("GET %s needed more than %d SQL statements in %d of %d requests", route, mostStatements, over, h.GetSampleCount())
				}
			}
		}
	}
	for _, r := range m.routes {
		if r.Method == "GET" && !measured[r.Path] {
			m.Errorf("GET %s was not measured", r.Path)
		}
	}
}
