package web

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/programme"
	view "trustedtrader/views/help"
	"trustedtrader/views/ui"
)

func (w *Web) showHelp(c *fiber.Ctx, who identity.Actor) error {
	return render(c, fiber.StatusOK, view.Index(view.IndexPage{Chrome: w.chrome(c, who, t(c, "Help and contact")), Support: w.Config.Support}))
}

func (w *Web) showGuide(c *fiber.Ctx, who identity.Actor) error {
	g, ok := view.Find(c.Params("guide"))
	if !ok {
		return fault.Missing()
	}
	ch := w.chrome(c, who, t(c, g.Title))
	ch.Breadcrumb = []ui.Crumb{{Label: t(c, "Help and contact"), Href: "/help"}, {Label: t(c, g.Title)}}
	return render(c, fiber.StatusOK, view.Show(view.GuidePage{Chrome: ch, Guide: g,
		Periods: func(x view.Part) []view.Period { return w.periods(c, x) },
		May:     func(path string) bool { return w.mayOpen(who, path) }}))
}

// mayOpen reports whether a page is open to a person; a visitor is asked to sign in there.
func (w *Web) mayOpen(who identity.Actor, path string) bool {
	return slices.ContainsFunc(w.Routes(), func(r Route) bool {
		return r.Method == fiber.MethodGet && r.Path == path && (!who.Known() || r.Access.allows(who))
	})
}

// periods lists the clocks of the programmes as their data have them: a guide never says
// another number.
func (w *Web) periods(c *fiber.Ctx, x view.Part) (out []view.Period) {
	for _, p := range w.Programmes.All() {
		for _, k := range p.Clocks() {
			owner := view.AgencyClocks
			if k.OwedBy == programme.Company {
				owner = view.CompanyClocks
			}
			if x.Clocks == owner || slices.Contains(x.Rules, k.Code) || slices.Contains(x.Rules, p.Code+"/"+k.Code) {
				out = append(out, view.Period{Programme: p.ShortName, Name: t(c, k.Name), Length: length(c, k), Source: k.Source})
			}
		}
	}
	return out
}

// length is how long a clock runs, in words.
func length(c *fiber.Ctx, k programme.Clock) string {
	switch k.Unit {
	case programme.BusinessDays:
		return i18n.N(c.UserContext(), "%d working day", "%d working days", k.Amount)
	case programme.Months:
		return i18n.N(c.UserContext(), "%d month", "%d months", k.Amount)
	case programme.Years:
		if k.LessDays > 0 {
			return t(c, "%s less %s", i18n.N(c.UserContext(), "%d year", "%d years", k.Amount), i18n.N(c.UserContext(), "%d day", "%d days", k.LessDays))
		}
		return i18n.N(c.UserContext(), "%d year", "%d years", k.Amount)
	case programme.GivenDay:
		return t(c, "until the day that was set")
	}
	return i18n.N(c.UserContext(), "%d day", "%d days", k.Amount)
}

// guideOf names the part of a guide that is about a page, by the page's route.
var guideOf = map[string]string{
	"/api/docs": "partner-agencies#programs", "/agency/api": "partner-agencies#programs", "/agency/api/:id": "partner-agencies#programs", "/desk/irregularities": "headquarters#irregularities",
	"/v/:token":   "membership#certificate",
	"/signed-out": "company-account#session", "/session/choose": "company-account#session",
	"/company/profile/edit": "company-account#account", "/company/names": "company-account#account", "/company/history": "company-account#account",
	"/company/sites": "company-account#account", "/company/sites/new": "company-account#account", "/company/sites/:id": "company-account#account",
	"/company/sites/:id/close": "company-account#account", "/company/contacts": "company-account#account", "/company/contacts/new": "company-account#account",
	"/company/contacts/:id": "company-account#account", "/company/numbers": "company-account#account", "/company/identifiers/new": "company-account#account",
	"/company/changes/:id/edit": "requests-and-dates#changes", "/company/changes/:id/items/:subject/:item": "requests-and-dates#changes",
	"/inbox/new": "requests-and-dates#inbox", "/invitations/:token": "company-account#people", "/evidence/uploads/:id": "evidence#add",
	"/validations/:id/report/editions/:number": "requests-and-dates#findings", "/desk/validations/:id/report/editions/:number": "specialists#report",
	"/desk/validations/:id/edit": "specialists#validations", "/desk/validations/:id/cancel": "specialists#validations", "/desk/validations/:id/visits/new": "specialists#validations",
	"/desk/visits/:id/edit": "specialists#validations", "/desk/visits/:id/move": "specialists#validations", "/desk/visits/:id/cancel": "specialists#validations",
	"/admin/offices/new": "administrators#offices", "/admin/agencies/new": "administrators#agencies",
	"/agency/checks": "partner-agencies#check", "/agency/checks/history": "partner-agencies#check", "/agency/checks/bulk": "partner-agencies#lists", "/agency/checks/bulk/:id": "partner-agencies#lists",
	"/agency/checks/:number": "partner-agencies#check", "/checks/verify": "partner-agencies#verify", "/desk/checks": "supervisors#checks", "/desk/checks/:number": "supervisors#checks",
	"/agency/people/:id": "partner-agencies#signin", "/agency/people/invite": "partner-agencies#signin",
	"/signin": "company-account#session", "/me": "company-account#session", "/kept": "company-account#session",
	"/company": "apply#tasks", "/company/new": "company-account#register", "/company/profile": "company-account#account",
	"/company/people": "company-account#people", "/company/people/invite": "company-account#people", "/company/people/:id": "company-account#people",
	"/company/changes": "requests-and-dates#changes", "/company/changes/new": "requests-and-dates#changes", "/company/changes/:id": "requests-and-dates#changes",
	"/inbox": "requests-and-dates#inbox", "/inbox/:id": "requests-and-dates#inbox",
	"/applications/new": "apply#choose", "/applications/new/:programme": "apply#choose", "/applications/:id": "apply#tasks",
	"/applications/:id/eligibility": "apply#choose", "/applications/:id/agreement": "apply#agreement", "/applications/:id/check": "apply#submit",
	"/applications/:id/receipt": "apply#progress", "/applications/:id/request": "requests-and-dates#request", "/applications/:id/hearing": "requests-and-dates#hearing",
	"/applications/:id/withdraw": "requests-and-dates#rejected", "/applications/:id/decision": "requests-and-dates#rejected",
	"/profiles/:id/exchange": "work-offline#offline", "/profiles/:id/import/:draft": "work-offline#offline",
	"/profiles": "security-profile#fill", "/profiles/:id": "security-profile#fill", "/profiles/:id/table": "security-profile#fill",
	"/profiles/:id/criteria/:criterion": "security-profile#fill", "/profiles/:id/history/:question": "security-profile#together",
	"/profiles/:id/assign": "security-profile#together", "/profiles/:id/sites": "security-profile#sites", "/profiles/:id/criteria/:criterion/sites": "security-profile#sites",
	"/profiles/:id/checks": "security-profile#submit", "/profiles/:id/submit": "security-profile#submit", "/profiles/:id/receipt": "security-profile#submit",
	"/profiles/:id/print": "security-profile#submit",
	"/risk":               "risk-assessment#begin", "/risk/:id": "risk-assessment#begin", "/risk/:id/lanes": "risk-assessment#map", "/risk/:id/lanes/:lane": "risk-assessment#map",
	"/evidence": "evidence#add", "/evidence/new": "evidence#add", "/evidence/:id": "evidence#keep", "/evidence/:id/edit": "evidence#keep", "/evidence/:id/remove": "evidence#keep",
	"/evidence/:id/attach": "evidence#attach", "/evidence/choose": "evidence#attach", "/evidence/attached": "evidence#attach",
	"/risk/:id/lanes/new": "risk-assessment#map", "/risk/:id/lanes/:lane/legs/new": "risk-assessment#map", "/risk/:id/lanes/:lane/legs/:leg": "risk-assessment#map",
	"/risk/:id/threats": "risk-assessment#rate", "/risk/:id/threats/:lane": "risk-assessment#rate", "/risk/:id/vulnerabilities": "risk-assessment#rate",
	"/risk/:id/vulnerabilities/:leg": "risk-assessment#rate", "/risk/:id/actions": "risk-assessment#plan", "/risk/:id/actions/new": "risk-assessment#plan",
	"/risk/:id/actions/:action": "risk-assessment#plan", "/risk/:id/document": "risk-assessment#finish", "/risk/:id/check": "risk-assessment#finish",
	"/risk/:id/print": "risk-assessment#finish", "/desk/risk/:id": "supervisors#company",
	"/validations": "validation#notice", "/validations/:id": "validation#notice", "/visits/:id": "validation#time", "/visits/:id/ask": "validation#time",
	"/desk/validations": "specialists#validations", "/desk/validations/new": "specialists#validations", "/desk/validations/:id": "specialists#validations",
	"/desk/validations/:id/notify": "specialists#validations", "/desk/visits/:id": "specialists#validations", "/desk/visits/:id/offer": "specialists#validations",
	"/desk/visits/:id/team": "specialists#validations", "/agency/visits": "partner-agencies#home", "/agency/visits/:id": "partner-agencies#home",
	"/desk/visits/:id/criteria": "specialists#fieldwork", "/desk/visits/:id/criteria/choose": "specialists#fieldwork", "/desk/visits/:id/criteria/:criterion": "specialists#fieldwork",
	"/desk/visits/:id/workbook": "specialists#fieldwork", "/desk/visits/:id/files": "specialists#fieldwork", "/desk/visits/:id/hours": "specialists#fieldwork",
	"/findings": "requests-and-dates#findings", "/findings/:id": "requests-and-dates#findings", "/validations/:id/report": "requests-and-dates#findings",
	"/desk/findings": "specialists#findings", "/desk/findings/:id": "specialists#findings", "/desk/findings/:id/edit": "specialists#findings",
	"/desk/findings/failures": "supervisors#failures", "/desk/validations/:id/findings/new": "specialists#findings", "/desk/validations/:id/report": "specialists#report",
	"/documents/:kind/:id": "requests-and-dates#incidents", "/incidents": "requests-and-dates#incidents", "/incidents/new": "requests-and-dates#incidents", "/incidents/:id": "requests-and-dates#incidents",
	"/enforcement/request": "requests-and-dates#incidents", "/enforcement/:id": "requests-and-dates#incidents",
	"/enforcement/:id/appeal": "membership#appeal", "/appeals/:id": "membership#appeal", "/desk/appeals": "supervisors#appeals", "/desk/appeals/:id": "supervisors#appeals",
	"/memberships/:id/history": "membership#history", "/memberships/:id/benefits": "membership#benefits", "/memberships/:id/certificate": "membership#history", "/applications/:id/numbers": "membership#module",
	"/memberships/:id/leave": "membership#leave", "/memberships/:id/leave/:kind": "membership#leave", "/memberships/changes/:id": "membership#leave",
	"/memberships/changes/:id/edit": "membership#leave", "/desk/successions": "specialists#leaving", "/desk/successions/:id": "specialists#leaving",
	"/desk/arrangements": "headquarters#arrangements", "/desk/arrangements/late": "headquarters#arrangements", "/desk/arrangements/:code": "headquarters#arrangements",
	"/recognition": "membership#recognition", "/recognition/:code": "membership#recognition", "/recognition/:code/sheet": "membership#recognition",
	"/operators/apply": "partner-agencies#operators", "/operators/:token": "partner-agencies#operators", "/agency/operators": "partner-agencies#operators", "/agency/operators/:id": "partner-agencies#operators",
	"/agency/feeds": "partner-agencies#feeds", "/agency/feeds/:id": "partner-agencies#feeds", "/agency/feeds/lists/:id": "partner-agencies#feeds",
	"/desk/feeds": "headquarters#feeds", "/desk/feeds/:id": "headquarters#feeds", "/desk/feeds/lists/:id": "headquarters#feeds",
	"/desk/operators": "headquarters#arrangements", "/desk/operators/:id": "headquarters#arrangements",
	"/agency/recognition": "partner-agencies#recognize", "/agency/recognition/:id": "partner-agencies#recognize", "/agency/notices": "partner-agencies#notices",
	"/company/consents": "membership#consent", "/agency/members": "partner-agencies#find",
	"/desk/baselines": "headquarters#baselines", "/desk/baselines/new": "headquarters#baselines", "/desk/baselines/:id": "headquarters#baselines", "/benefits/baselines/:id": "benefit-reports#baselines",
	"/memberships/:id/claim": "benefit-reports#claims", "/benefits/claims": "benefit-reports#claims", "/benefits/claims/:id": "benefit-reports#claims",
	"/desk/claims": "specialists#claims", "/desk/claims/:id": "specialists#claims", "/desk/claims/numbers": "headquarters#claims", "/desk/claims/gaps": "headquarters#gaps", "/desk/claims/gaps/:id": "headquarters#gaps", "/agency/claims": "partner-agencies#claims", "/agency/claims/:id": "partner-agencies#claims",
	"/benefits/reports": "benefit-reports#management", "/benefits/reports/new": "benefit-reports#management", "/benefits/reports/:id": "benefit-reports#management",
	"/benefits/costs": "benefit-reports#costs", "/benefits/costs/exams/new": "benefit-reports#costs", "/benefits/costs/exams/:id": "benefit-reports#costs", "/benefits/costs/years/new": "benefit-reports#costs", "/benefits/costs/years/:id": "benefit-reports#costs",
	"/benefits": "benefit-reports#figures", "/benefits/imports": "benefit-reports#bring", "/benefits/imports/new": "benefit-reports#bring", "/benefits/imports/:id/columns": "benefit-reports#bring",
	"/benefits/imports/:id/preview": "benefit-reports#counts", "/benefits/imports/:id": "benefit-reports#undo",
	"/partners": "business-partners#list", "/partners/new": "business-partners#list", "/partners/:id": "business-partners#list", "/partners/:id/edit": "business-partners#list",
	"/partners/import": "business-partners#list", "/partners/import/:draft": "business-partners#list", "/desk/companies/:id/partners": "supervisors#company",
	"/partners/:id/send": "business-partners#ask", "/partners/questionnaires/:id": "business-partners#ask",
	"/partners/connections": "business-partners#connect", "/partners/connections/:id": "business-partners#connect", "/partners/links": "business-partners#verify",
	"/q/:token": "business-partners#answer", "/q/:token/s/:section": "business-partners#answer", "/q/:token/finish": "business-partners#answer",
	"/verify/:token":     "business-partners#check",
	"/desk/headquarters": "headquarters#figures", "/desk/headquarters/rows": "headquarters#figures", "/desk/headquarters/year": "headquarters#year",
	"/desk/headquarters/duties": "headquarters#duties", "/desk/headquarters/offices": "headquarters#offices", "/desk/headquarters/benefits": "headquarters#benefits", "/desk/single-window": "headquarters#window",
	"/desk/incidents": "specialists#enforcement", "/desk/incidents/new": "specialists#enforcement", "/desk/incidents/:id": "specialists#enforcement",
	"/desk/incidents/:id/edit": "specialists#enforcement", "/desk/enforcement": "specialists#enforcement", "/desk/enforcement/new": "specialists#enforcement",
	"/desk/enforcement/:id": "specialists#enforcement", "/desk/enforcement/:id/propose": "specialists#enforcement",
	"/me/calendar": "company-account#calendar", "/desk/plan": "supervisors#plan", "/desk/plan/:id": "supervisors#plan", "/desk/plan/:id/items/:item": "supervisors#plan",
	"/desk/plan/due": "supervisors#plan", "/desk/visits/map": "supervisors#places", "/desk/visits/trip": "supervisors#places", "/desk/validations/:id/near": "supervisors#places",
	"/memberships/:id": "apply#progress", "/desk": "specialists#queue", "/desk/search": "specialists#queue",
	"/desk/profiles": "specialists#profiles", "/desk/profiles/:id": "specialists#profiles", "/desk/profiles/:id/criteria/:criterion": "specialists#criterion",
	"/desk/profiles/:id/send": "specialists#send", "/desk/profiles/:id/accept": "specialists#send",
	"/desk/calendar": "specialists#calendar", "/desk/calendar/capacity": "supervisors#officers", "/desk/officers": "supervisors#officers",
	"/desk/officers/new": "supervisors#officers", "/desk/officers/:id": "specialists#calendar", "/desk/officers/:id/edit": "supervisors#officers",
	"/desk/changes": "specialists#changes", "/desk/changes/:id": "specialists#changes", "/desk/companies/:id": "supervisors#company",
	"/desk/cases/:id": "specialists#clocks", "/desk/cases/:id/review": "specialists#review", "/desk/cases/:id/vetting": "specialists#vetting",
	"/desk/cases/:id/request": "specialists#request", "/desk/cases/:id/messages": "specialists#notes", "/desk/cases/:id/notes": "specialists#notes",
	"/desk/cases/:id/hours": "specialists#notes", "/desk/cases/:id/decision": "specialists#recommend", "/desk/cases/:id/history": "supervisors#audit",
	"/audit": "supervisors#audit", "/audit/:id": "supervisors#audit", "/admin/health": "administrators#health",
	"/admin/people": "administrators#people", "/admin/people/invite": "administrators#people", "/admin/people/:id": "administrators#people",
	"/admin/offices": "administrators#offices", "/admin/offices/:id": "administrators#offices", "/admin/agencies": "administrators#agencies",
	"/admin/catalogues": "administrators#catalogues", "/admin/catalogues/:programme/:edition": "administrators#catalogues",
	"/admin/catalogues/:programme/:edition/changes": "administrators#catalogues",
	"/admin/agencies/:id":                           "administrators#agencies", "/agency": "partner-agencies#home", "/agency/people": "partner-agencies#signin",
}
