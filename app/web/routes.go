package web

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/consultation"
	"trustedtrader/app/evidence"
	"trustedtrader/app/headquarters"
	"trustedtrader/app/identity"
	"trustedtrader/app/partnerapi"
	"trustedtrader/app/recognition"
	"trustedtrader/app/risk"
	"trustedtrader/app/singlewindow"
)

// Handler answers a request for an actor whom the route's access list let through.
type Handler func(c *fiber.Ctx, who identity.Actor) error

// access says who may use a route. The zero value is nobody.
type access struct {
	public   bool
	signedIn bool
	audience identity.Audience
	roles    []identity.Role
	streams  bool // the handler reads the body itself, a file as it comes
}

// Public reports whether the route is open to everybody, and Roles who may use it
// otherwise; nil with SignedIn true means every signed-in person.
func (a access) Public() bool           { return a.public }
func (a access) SignedIn() bool         { return a.signedIn }
func (a access) Roles() []identity.Role { return a.roles }

func anyone() access   { return access{public: true} }
func signedIn() access { return access{signedIn: true} }

// of is everybody who signed in with an audience's provider, with or without a right.
func of(a identity.Audience) access { return access{audience: a} }

func only(roles ...identity.Role) access { return access{roles: roles} }

// streamed is the access of a form whose handler reads a large file as it comes.
func streamed(a access) access {
	a.streams = true
	return a
}

// Route is one address of the site.
type Route struct {
	Method, Path string
	Access       access
	Handle       Handler
}

// Routes is the map of the site: read it to learn who may do what. Literal paths
// stand before those with parameters, for the first that matches wins.
func (w *Web) Routes() []Route {
	var (
		everybody = anyone()
		person    = signedIn()
		trader    = of(identity.Companies)

		caseReaders = only(identity.CaseReaders...)
		caseWorkers = only(identity.CaseWorkers...)
		approvers   = only(identity.Approvers...)
		above       = only(headquarters.Readers()...)

		readers = only(identity.CompanyReaders...)
		writers = only(applicationWriters()...)
		editors = only(identity.CompanyEditors...)
		signers = only(identity.CompanySigners...)
		owners  = only(identity.Owner)

		sorters = only(evidence.Writers()...)

		partners       = only(identity.RolesOf(identity.Partners)...)
		agencyAdmins   = only(identity.AgencyAdmin)
		administrators = only(identity.Administrator)
		keepers        = only(identity.Headquarters)
		overseers      = only(identity.Administrator, identity.Headquarters, identity.Auditor)
	)
	return []Route{
		// Everybody
		{"GET", "/", everybody, w.showStart},
		{"GET", "/signin", everybody, w.showSignIn},
		{"GET", "/signin/:provider", everybody, w.beginSignIn},
		{"GET", "/callback/:provider", everybody, w.finishSignIn},
		{"GET", "/signed-out", everybody, w.showSignedOut},
		{"GET", "/help", everybody, w.showHelp},
		{"GET", "/help/:guide", everybody, w.showGuide},
		{"GET", "/accessibility", everybody, w.showAccessibility},
		{"GET", "/privacy", everybody, w.showPrivacy},

		// Whoever has a link, which is the key: a partner that answers, and who verifies a membership
		{"GET", "/api/docs", everybody, w.showDocs},
		{"GET", "/v/:token", everybody, w.showVerdict},
		{"GET", "/verify/:token", everybody, w.showVerified},
		{"GET", "/q/:token", everybody, w.showAsked},
		{"GET", "/q/:token/s/:section", everybody, w.showAskedSection},
		{"POST", "/q/:token/s/:section", everybody, w.saveAsked},
		{"GET", "/q/:token/finish", everybody, w.showFinishAsked},
		{"POST", "/q/:token/finish", everybody, w.finishAsked},
		{"POST", "/q/:token/refuse", everybody, w.refuseAsked},
		{"POST", "/q/:token/reuse", everybody, w.reuseAsked},
		{"POST", "/q/:token/reuse/end", everybody, w.unuseAsked},

		// Every signed-in person: their own sessions and settings
		{"POST", "/signout", everybody, w.signOut},
		{"POST", "/session/extend", person, w.extendSession},
		{"GET", "/session/choose", person, w.showRights},
		{"POST", "/session/choose", person, w.chooseRight},
		{"GET", "/me", person, w.showMe},
		{"POST", "/language", person, w.setLanguage},
		{"POST", "/me/zone", person, w.setZone},
		{"POST", "/me/sessions/end", person, w.endSessions},
		{"GET", "/me/calendar", person, w.showCalendarFeeds},
		{"POST", "/me/calendar", person, w.makeCalendarFeed},
		{"POST", "/me/calendar/:id/revoke", person, w.revokeCalendarFeed},
		{"GET", "/calendar/:token.ics", everybody, w.sendCalendar}, // the address is the key
		{"GET", "/kept", person, w.showKept},
		{"GET", "/welcome", person, w.showWelcome},

		// Companies: home and applications
		{"GET", "/company", readers, w.showCompanyHome},
		{"GET", "/applications/new", editors, w.showProgrammes},
		{"GET", "/applications/new/:programme", editors, w.showKinds},
		{"POST", "/applications/new/:programme", editors, w.chooseKind},
		{"GET", "/applications/:id", readers, w.showApplication},
		{"GET", "/applications/:id/eligibility", readers, w.showEligibility},
		{"POST", "/applications/:id/eligibility", writers, w.answerEligibility},
		{"GET", "/applications/:id/numbers", readers, w.showNumbers},
		{"POST", "/applications/:id/numbers", writers, w.chooseNumbers},
		{"GET", "/applications/:id/agreement", readers, w.showAgreement},
		{"POST", "/applications/:id/agreement", signers, w.signAgreement},
		{"GET", "/applications/:id/check", readers, w.showCheck},
		{"POST", "/applications/:id/submit", signers, w.submitApplication},
		{"GET", "/applications/:id/receipt", readers, w.showReceipt},
		{"GET", "/applications/:id/receipt.pdf", readers, w.sendReceipt},
		{"GET", "/applications/:id/copy.json", readers, w.sendCopy},
		{"GET", "/applications/:id/request", readers, w.showRequest},
		{"POST", "/applications/:id/request", writers, w.answerRequest},
		{"GET", "/applications/:id/hearing", readers, w.showHearing},
		{"POST", "/applications/:id/hearing", signers, w.answerHearing},
		{"GET", "/applications/:id/withdraw", signers, w.showWithdraw},
		{"POST", "/applications/:id/withdraw", signers, w.withdrawApplication},
		{"GET", "/applications/:id/decision", readers, w.showDecision},

		// Companies: security profiles
		{"GET", "/profiles", readers, w.showProfiles},
		{"GET", "/profiles/:id", readers, w.showTasks},
		{"GET", "/profiles/:id/criteria/:criterion", readers, w.showCriterion},
		{"POST", "/profiles/:id/criteria/:criterion", writers, w.saveCriterion},
		{"POST", "/profiles/:id/criteria/:criterion/confirm", writers, w.confirmCriterion},
		{"POST", "/profiles/:id/criteria/:criterion/answered", writers, w.keepAnswer},
		{"POST", "/profiles/:id/criteria/:criterion/drop", writers, w.dropException},
		{"POST", "/profiles/:id/criteria/:criterion/messages", writers, w.writeToThread},
		{"POST", "/profiles/:id/criteria/:criterion/presence", writers, w.notePresence},
		{"GET", "/profiles/:id/criteria/:criterion/sites", writers, w.showApply},
		{"POST", "/profiles/:id/criteria/:criterion/sites", writers, w.applyToSites},
		{"POST", "/profiles/:id/answers/:question", writers, w.saveAnswer},
		{"POST", "/profiles/:id/resolve", writers, w.resolveConflicts},
		{"POST", "/profiles/:id/confirm", writers, w.confirmShoulds},
		{"GET", "/profiles/:id/history/:question", readers, w.showAnswerHistory},
		{"GET", "/profiles/:id/table", readers, w.showTable},
		{"POST", "/profiles/:id/table", writers, w.saveTable},
		{"GET", "/profiles/:id/sites", readers, w.showSiteMatrix},
		{"GET", "/profiles/:id/assign", readers, w.showAssign},
		{"POST", "/profiles/:id/assign", editors, w.assignCriteria},
		{"GET", "/profiles/:id/checks", readers, w.showChecks},
		{"GET", "/profiles/:id/submit", readers, w.showSubmit},
		{"POST", "/profiles/:id/submit", signers, w.submitProfile},
		{"GET", "/profiles/:id/print", readers, w.showPrint},
		{"GET", "/profiles/:id/receipt", readers, w.showProfileReceipt},
		{"GET", "/profiles/:id/receipt.pdf", readers, w.sendProfileReceipt},
		{"GET", "/profiles/:id/copy.json", readers, w.sendProfileCopy},

		// Companies: the account
		{"GET", "/company/new", trader, w.showRegister},
		{"POST", "/company/new", trader, w.registerCompany},
		{"GET", "/company/profile", readers, w.showProfile},
		{"GET", "/company/profile/edit", editors, w.showEditProfile},
		{"POST", "/company/profile/edit", editors, w.saveProfile},
		{"GET", "/company/names", readers, w.showNames},
		{"POST", "/company/names", editors, w.addName},
		{"POST", "/company/names/:id/remove", editors, w.removeName},
		{"GET", "/company/sites", readers, w.toSites},
		{"GET", "/company/sites/new", editors, w.newSite},
		{"POST", "/company/sites/new", editors, w.addSite},
		{"GET", "/company/sites/:id", readers, w.showSite},
		{"POST", "/company/sites/:id", editors, w.saveSite},
		{"GET", "/company/sites/:id/close", editors, w.showCloseSite},
		{"POST", "/company/sites/:id/close", editors, w.closeSite},
		{"GET", "/company/contacts", readers, w.toContacts},
		{"GET", "/company/contacts/new", editors, w.newContact},
		{"POST", "/company/contacts/new", editors, w.addContact},
		{"GET", "/company/contacts/:id", readers, w.showContact},
		{"POST", "/company/contacts/:id", editors, w.saveContact},
		{"POST", "/company/contacts/:id/primary", editors, w.makePrimary},
		{"POST", "/company/contacts/:id/remove", editors, w.removeContact},
		{"GET", "/company/numbers", readers, w.toNumbers},
		{"GET", "/company/identifiers/new", editors, w.newNumber},
		{"POST", "/company/identifiers/new", editors, w.addNumber},
		{"POST", "/company/identifiers/:id/remove", editors, w.removeNumber},
		{"GET", "/company/history", readers, w.showHistory},
		{"GET", "/company/changes", readers, w.showChanges},
		{"GET", "/company/changes/new", editors, w.newChange},
		{"POST", "/company/changes/new", editors, w.openChange},
		{"GET", "/company/changes/:id", readers, w.showChange},
		{"GET", "/company/changes/:id/edit", editors, w.showEditChange},
		{"POST", "/company/changes/:id/edit", editors, w.editChange},
		{"GET", "/company/changes/:id/items/:subject/:item", editors, w.showItem},
		{"POST", "/company/changes/:id/items/:subject/:item", editors, w.saveItem},
		{"POST", "/company/changes/:id/drop", editors, w.dropItem},
		{"POST", "/company/changes/:id/send", only(noticeSenders()...), w.sendChange},
		{"POST", "/company/changes/:id/withdraw", only(noticeSenders()...), w.withdrawChange},

		// People of a company
		{"GET", "/company/people", readers, w.showPeople},
		{"GET", "/company/people/invite", owners, w.showInvite},
		{"POST", "/company/people/invite", owners, w.invitePerson},
		{"POST", "/company/people/invitations/:id/revoke", owners, w.revokeInvitation},
		{"GET", "/company/people/:id", readers, w.showPerson},
		{"POST", "/company/people/:id", owners, w.changePerson},
		{"POST", "/company/people/:id/end", readers, w.endPerson}, // everybody may leave

		// Invitations, for whoever signed in
		{"GET", "/invitations/:token", person, w.showInvitation},
		{"POST", "/invitations/:token", person, w.acceptInvitation},
		{"POST", "/welcome/offers/:id", person, w.acceptOffer},

		// The company's library of evidence
		{"GET", "/evidence", readers, w.showLibrary},
		{"GET", "/evidence/new", sorters, w.newEvidence},
		{"POST", "/evidence/links", sorters, w.addEvidenceLink},
		{"POST", "/evidence/files", streamed(sorters), w.receiveFile},
		{"GET", "/evidence/choose", sorters, w.chooseEvidence},
		{"GET", "/evidence/attached", readers, w.showAttached},
		{"POST", "/evidence/attach", sorters, w.attachEvidence},
		{"POST", "/evidence/detach", sorters, w.detachEvidence},
		{"POST", "/evidence/uploads", sorters, w.beginUpload},
		{"GET", "/evidence/uploads/:id", sorters, w.showUpload},
		{"POST", "/evidence/uploads/:id", sorters, w.takePiece},
		{"POST", "/evidence/uploads/:id/finish", sorters, w.finishUpload},
		{"POST", "/evidence/uploads/:id/cancel", sorters, w.cancelUpload},
		{"GET", "/evidence/versions/:id/file", readers, w.sendVersion},
		{"GET", "/evidence/versions/:id/preview", readers, w.sendPreview},
		{"GET", "/evidence/:id", readers, w.showEvidence},
		{"GET", "/evidence/:id/edit", sorters, w.showEditEvidence},
		{"POST", "/evidence/:id/edit", sorters, w.saveEvidence},
		{"GET", "/evidence/:id/attach", sorters, w.showPlaces},
		{"GET", "/evidence/:id/remove", sorters, w.showRemoveEvidence},
		{"POST", "/evidence/:id/remove", sorters, w.removeEvidence},

		// Business partners of a company, its connections with members, and its verification links
		{"GET", "/partners", readers, w.showPartners},
		{"GET", "/partners/export.csv", readers, w.sendPartners},
		{"GET", "/partners/new", editors, w.newPartner},
		{"POST", "/partners/new", editors, w.addPartner},
		{"GET", "/partners/import", editors, w.newPartnerImport},
		{"POST", "/partners/import", streamed(editors), w.importPartners},
		{"GET", "/partners/import/:draft", editors, w.showPartnerImport},
		{"POST", "/partners/import/:draft", editors, w.acceptPartnerImport},
		{"POST", "/partners/consent", signers, w.consentToConnections},
		{"POST", "/partners/consent/withdraw", signers, w.withdrawConsent},
		{"GET", "/partners/connections", readers, w.showConnections},
		{"POST", "/partners/connections", editors, w.askConnection},
		{"GET", "/partners/connections/:id", readers, w.showConnection},
		{"POST", "/partners/connections/:id/answer", signers, w.answerConnection},
		{"POST", "/partners/connections/:id/end", editors, w.endConnection},
		{"POST", "/partners/connections/:id/partner", editors, w.tieConnection},
		{"POST", "/partners/connections/:id/keep", editors, w.keepConnection},
		{"GET", "/partners/links", readers, w.showLinks},
		{"POST", "/partners/links", signers, w.makeLink},
		{"POST", "/partners/links/:id/revoke", signers, w.revokeLink},
		{"GET", "/partners/questionnaires/:id", readers, w.showQuestionnaire},
		{"POST", "/partners/questionnaires/:id/return", editors, w.returnQuestionnaire},
		{"POST", "/partners/questionnaires/:id/accept", editors, w.acceptQuestionnaire},
		{"POST", "/partners/questionnaires/:id/renew", editors, w.renewQuestionnaire},
		{"POST", "/partners/questionnaires/:id/cancel", editors, w.cancelQuestionnaire},
		{"POST", "/partners/questionnaires/:id/keep", editors, w.keepQuestionnaire},
		{"POST", "/partners/questionnaires/:id/actions", editors, w.addPartnerTask},
		{"POST", "/partners/questionnaires/:id/actions/:task", editors, w.closePartnerTask},
		{"GET", "/partners/:id", readers, w.showPartner},
		{"GET", "/partners/:id/edit", editors, w.editPartner},
		{"POST", "/partners/:id/edit", editors, w.changePartner},
		{"POST", "/partners/:id/end", editors, w.endPartner},
		{"GET", "/partners/:id/send", editors, w.newQuestionnaire},
		{"POST", "/partners/:id/send", editors, w.sendQuestionnaire},

		// Partner agencies
		{"GET", "/agency", partners, w.showAgency},
		{"GET", "/agency/people", partners, w.showPeople},
		{"GET", "/agency/people/invite", agencyAdmins, w.showInvite},
		{"POST", "/agency/people/invite", agencyAdmins, w.invitePerson},
		{"POST", "/agency/people/invitations/:id/revoke", agencyAdmins, w.revokeInvitation},
		{"GET", "/agency/people/:id", partners, w.showPerson},
		{"POST", "/agency/people/:id", agencyAdmins, w.changePerson},
		{"POST", "/agency/people/:id/end", partners, w.endPerson},

		// Administration: people, offices, agencies
		{"GET", "/admin/people", overseers, w.showPeople},
		{"GET", "/admin/people/invite", administrators, w.showInvite},
		{"POST", "/admin/people/invite", administrators, w.invitePerson},
		{"POST", "/admin/people/invitations/:id/revoke", administrators, w.revokeInvitation},
		{"GET", "/admin/people/:id", overseers, w.showPerson},
		{"POST", "/admin/people/:id", administrators, w.changePerson},
		{"POST", "/admin/people/:id/end", administrators, w.endPerson},
		{"GET", "/admin/offices", overseers, w.showOffices},
		{"GET", "/admin/offices/new", administrators, w.newOffice},
		{"POST", "/admin/offices/new", administrators, w.openOffice},
		{"GET", "/admin/offices/:id", overseers, w.showOffice},
		{"POST", "/admin/offices/:id", administrators, w.changeOffice},
		{"GET", "/admin/agencies", overseers, w.showAgencies},
		{"GET", "/admin/agencies/new", administrators, w.newAgency},
		{"POST", "/admin/agencies/new", administrators, w.openAgency},
		{"GET", "/admin/agencies/:id", overseers, w.showAgencyRecord},
		{"POST", "/admin/agencies/:id", administrators, w.changeAgency},
		{"POST", "/admin/agencies/:id/invite", administrators, w.inviteAgencyAdmin},

		// Administration: catalogues of criteria
		{"GET", "/admin/catalogues", overseers, w.showCatalogues},
		{"GET", "/admin/catalogues/:programme/:edition", overseers, w.showEdition},
		{"GET", "/admin/catalogues/:programme/:edition/changes", overseers, w.showEditionChanges},
		{"GET", "/admin/catalogues/:programme/:edition/catalog.json", overseers, w.sendEdition},
		{"GET", "/admin/catalogues/:programme/:edition/profiles/:type", overseers, w.sendEdition},

		// Letters and messages; in development also the e-mails
		{"GET", "/inbox", readers, w.showInbox},
		{"GET", "/inbox/new", only(messageWriters()...), w.showNewMessage},
		{"POST", "/inbox/new", only(messageWriters()...), w.sendMessage},
		{"GET", "/inbox/:id", only(messageReaders()...), w.showMessage},
		{"GET", "/dev/mail", everybody, w.showOutbox},

		// The agency's desk: everybody there reads, case workers change
		{"GET", "/desk", caseReaders, w.showDesk},
		{"POST", "/desk/assign", approvers, w.assignCases},
		{"GET", "/desk/search", caseReaders, w.showDeskSearch},
		{"GET", "/desk/changes", caseReaders, w.showDeskChanges},
		{"GET", "/desk/changes/:id", caseReaders, w.showDeskChange},
		{"POST", "/desk/changes/:id/accept", caseWorkers, w.acceptChange},
		{"POST", "/desk/changes/:id/return", caseWorkers, w.returnChange},
		{"GET", "/desk/companies/:id", caseReaders, w.showDeskCompany},
		{"GET", "/desk/companies/:id/partners", caseReaders, w.showDeskPartners},
		{"POST", "/desk/companies/:id/duplicates/:duplicate", caseWorkers, w.settleDuplicate},
		{"GET", "/desk/cases/:id", caseReaders, w.showCase},
		{"POST", "/desk/cases/:id/claim", caseWorkers, w.claimCase},
		{"POST", "/desk/cases/:id/release", caseWorkers, w.releaseCase},
		{"POST", "/desk/cases/:id/takeover", caseWorkers, w.takeOverCase},
		{"POST", "/desk/cases/:id/start", caseWorkers, w.startReview},
		{"POST", "/desk/cases/:id/accept", caseWorkers, w.acceptCase},
		{"POST", "/desk/cases/:id/clocks/pause", caseWorkers, w.pauseClock},
		{"POST", "/desk/cases/:id/clocks/resume", caseWorkers, w.resumeClock},
		{"POST", "/desk/cases/:id/clocks/extend", caseWorkers, w.extendClock},
		{"GET", "/desk/cases/:id/review", caseReaders, w.showReview},
		{"POST", "/desk/cases/:id/review", caseWorkers, w.saveReview},
		{"GET", "/desk/cases/:id/vetting", caseReaders, w.showVetting},
		{"POST", "/desk/cases/:id/vetting", caseWorkers, w.saveVetting},
		{"GET", "/desk/cases/:id/request", caseReaders, w.showCaseRequest},
		{"POST", "/desk/cases/:id/request", caseWorkers, w.sendCaseRequest},
		{"POST", "/desk/cases/:id/request/cancel", caseWorkers, w.cancelCaseRequest},
		{"GET", "/desk/cases/:id/messages", caseReaders, w.showCaseMessages},
		{"POST", "/desk/cases/:id/messages", caseWorkers, w.sendCaseMessage},
		{"GET", "/desk/cases/:id/notes", caseReaders, w.showNotes},
		{"POST", "/desk/cases/:id/notes", caseWorkers, w.addNote},
		{"GET", "/desk/cases/:id/hours", caseReaders, w.showHours},
		{"POST", "/desk/cases/:id/hours", caseWorkers, w.logHours},
		{"POST", "/desk/cases/:id/hours/:entry/remove", caseWorkers, w.removeHours},
		{"GET", "/desk/cases/:id/decision", caseReaders, w.showCaseDecision},
		{"POST", "/desk/cases/:id/decision/recommend", caseWorkers, w.recommendDecision},
		{"POST", "/desk/cases/:id/decision/withdraw", caseWorkers, w.withdrawRecommendation},
		{"POST", "/desk/cases/:id/decision/return", approvers, w.returnRecommendation},
		{"POST", "/desk/cases/:id/decision/approve", approvers, w.approveRejection},
		{"POST", "/desk/cases/:id/certify", approvers, w.certifyCompany},
		{"GET", "/desk/cases/:id/history", caseReaders, w.showCaseHistory},

		{"GET", "/desk/evidence/versions/:id/file", caseReaders, w.sendVersion},
		{"GET", "/desk/evidence/versions/:id/preview", caseReaders, w.sendPreview},

		// Security profiles at the desk
		{"GET", "/desk/profiles", caseReaders, w.showProfileQueue},
		{"POST", "/desk/profiles/assign", approvers, w.assignProfiles},
		{"GET", "/desk/profiles/:id", caseReaders, w.showProfileReview},
		{"POST", "/desk/profiles/:id/claim", caseWorkers, w.claimProfile},
		{"POST", "/desk/profiles/:id/release", caseWorkers, w.releaseProfile},
		{"POST", "/desk/profiles/:id/start", caseWorkers, w.startProfileReview},
		{"GET", "/desk/profiles/:id/send", caseReaders, w.showProfileSend},
		{"POST", "/desk/profiles/:id/send", caseWorkers, w.sendProfileBack},
		{"POST", "/desk/profiles/:id/send/cancel", caseWorkers, w.cancelProfileReturn},
		{"GET", "/desk/profiles/:id/accept", caseReaders, w.showProfileAccept},
		{"POST", "/desk/profiles/:id/accept", caseWorkers, w.acceptProfile},
		{"GET", "/desk/profiles/:id/criteria/:criterion", caseReaders, w.showProfileCriterion},
		{"POST", "/desk/profiles/:id/criteria/:criterion", caseWorkers, w.saveProfileVerdict},
		{"POST", "/desk/profiles/:id/criteria/:criterion/messages", caseWorkers, w.writeProfileNote},
		{"POST", "/desk/profiles/:id/criteria/:criterion/messages/:message", caseWorkers, w.changeDraft},
		{"POST", "/desk/profiles/:id/criteria/:criterion/messages/:message/settle", caseWorkers, w.settleMessage},

		// Officers and their calendar
		{"GET", "/desk/officers", caseReaders, w.showOfficers},
		{"GET", "/desk/officers/new", approvers, w.newOfficer},
		{"POST", "/desk/officers/new", approvers, w.registerOfficer},
		{"GET", "/desk/officers/:id", caseReaders, w.showOfficer},
		{"GET", "/desk/officers/:id/edit", approvers, w.editOfficer},
		{"POST", "/desk/officers/:id/edit", approvers, w.changeOfficer},
		{"POST", "/desk/officers/:id/end", approvers, w.endOfficer},
		{"POST", "/desk/officers/:id/bookings", caseWorkers, w.addAbsence},
		{"POST", "/desk/officers/:id/bookings/:booking/cancel", caseWorkers, w.cancelAbsence},
		{"GET", "/desk/calendar", caseReaders, w.showCalendar},
		{"GET", "/desk/calendar/capacity", caseReaders, w.showCapacity},
		// From above: the dashboard, the rows behind its numbers, the yearly report, comparisons
		{"GET", "/desk/headquarters", above, w.showHeadquarters},
		{"GET", "/desk/headquarters/rows", above, w.showRows},
		{"GET", "/desk/headquarters/rows.xlsx", above, w.sendRows},
		{"GET", "/desk/headquarters/rows.zip", above, w.sendRows},
		{"GET", "/desk/headquarters/year", above, w.showYear},
		{"GET", "/desk/headquarters/year.xlsx", above, w.sendYear},
		{"GET", "/desk/headquarters/year.zip", above, w.sendYear},
		{"GET", "/desk/headquarters/duties", above, w.showDuties},
		{"GET", "/desk/headquarters/offices", above, w.showAlike},

		// The yearly plan, every member by the day, where visits lie, and journeys
		{"GET", "/desk/plan", caseReaders, w.showPlans},
		{"POST", "/desk/plan", approvers, w.makePlan},
		{"GET", "/desk/plan/due", caseReaders, w.showDue},
		{"GET", "/desk/plan/due.csv", caseReaders, w.sendDue},
		{"GET", "/desk/plan/:id", caseReaders, w.showPlan},
		{"GET", "/desk/plan/:id/plan.csv", caseReaders, w.sendPlan},
		{"POST", "/desk/plan/:id/refresh", approvers, w.refreshPlan},
		{"POST", "/desk/plan/:id/adopt", only(identity.Headquarters), w.adoptPlan},
		{"POST", "/desk/plan/:id/decide", approvers, w.decideLines},
		{"GET", "/desk/plan/:id/items/:item", caseReaders, w.showPlanItem},
		{"POST", "/desk/plan/:id/items/:item/decide", approvers, w.decideItem},
		{"POST", "/desk/plan/:id/items/:item/open", caseWorkers, w.openFromPlan},
		{"GET", "/desk/visits/map", caseReaders, w.showVisitMap},
		{"GET", "/desk/visits/map.csv", caseReaders, w.sendVisitMap},
		{"GET", "/desk/visits/trip", caseReaders, w.showTrip},
		{"GET", "/desk/visits/trip.csv", caseReaders, w.sendTrip},
		{"GET", "/desk/validations/:id/near", caseReaders, w.showNear},

		// The audit trail: how much of it each of them sees is decided by app/audit
		{"GET", "/audit", only(audit.Readers()...), w.showAudit},
		{"GET", "/audit/export.csv", only(audit.Readers()...), w.exportAudit},
		{"GET", "/audit/:id", only(audit.Readers()...), w.showAuditEvent},

		// The installation
		{"GET", "/admin/health", only(identity.Administrator, identity.Headquarters), w.showHealth},

		// Profiles as files
		{"GET", "/profiles/:id/exchange", readers, w.showExchange},
		{"GET", "/profiles/:id/export.xlsx", readers, w.sendProfileWorkbook},
		{"GET", "/profiles/:id/export.csv", readers, w.sendProfileTable},
		{"POST", "/profiles/:id/import", streamed(writers), w.importWorkbook},
		{"GET", "/profiles/:id/import/:draft", writers, w.showImport},
		{"POST", "/profiles/:id/import/:draft", writers, w.acceptImport},

		// The risk assessment: five steps, and what the agency reads of it
		{"GET", "/risk", readers, w.showRisks},
		{"POST", "/risk", editors, w.beginRisk},
		{"GET", "/risk/:id", readers, w.showRisk},
		{"GET", "/risk/:id/lanes", readers, w.showLanes},
		{"GET", "/risk/:id/lanes/new", editors, w.newLane},
		{"POST", "/risk/:id/lanes/new", editors, w.addLane},
		{"GET", "/risk/:id/lanes/:lane", readers, w.showLane},
		{"POST", "/risk/:id/lanes/:lane", editors, w.saveLane},
		{"POST", "/risk/:id/lanes/:lane/move", editors, w.moveLane},
		{"POST", "/risk/:id/lanes/:lane/remove", editors, w.removeLane},
		{"GET", "/risk/:id/lanes/:lane/legs/new", editors, w.newLeg},
		{"POST", "/risk/:id/lanes/:lane/legs/new", editors, w.addLeg},
		{"GET", "/risk/:id/lanes/:lane/legs/:leg", readers, w.showLeg},
		{"POST", "/risk/:id/lanes/:lane/legs/:leg", editors, w.saveLeg},
		{"POST", "/risk/:id/lanes/:lane/legs/:leg/move", editors, w.moveLeg},
		{"POST", "/risk/:id/lanes/:lane/legs/:leg/remove", editors, w.removeLeg},
		{"GET", "/risk/:id/threats", readers, w.showThreats},
		{"GET", "/risk/:id/threats/:lane", readers, w.showLaneThreats},
		{"POST", "/risk/:id/threats/:lane", editors, w.rateThreats},
		{"GET", "/risk/:id/vulnerabilities", readers, w.showVulnerabilities},
		{"GET", "/risk/:id/vulnerabilities/:leg", readers, w.showLegVulnerabilities},
		{"POST", "/risk/:id/vulnerabilities/:leg", editors, w.rateVulnerabilities},
		{"GET", "/risk/:id/actions", readers, w.showActions},
		{"GET", "/risk/:id/actions/new", editors, w.newAction},
		{"POST", "/risk/:id/actions/new", editors, w.addAction},
		{"GET", "/risk/:id/actions/:action", readers, w.showAction},
		{"POST", "/risk/:id/actions/:action", editors, w.saveAction},
		{"POST", "/risk/:id/actions/:action/remove", editors, w.removeAction},
		{"GET", "/risk/:id/document", readers, w.showRiskDocument},
		{"POST", "/risk/:id/document", editors, w.saveRiskDocument},
		{"GET", "/risk/:id/check", readers, w.showRiskCheck},
		{"POST", "/risk/:id/finish", only(risk.Finishers()...), w.finishRisk},
		{"GET", "/risk/:id/print", readers, w.printRisk},
		{"GET", "/risk/:id/export.xlsx", readers, w.sendRiskWorkbook},
		{"GET", "/risk/:id/actions.csv", readers, w.sendRiskPlan},
		{"GET", "/desk/risk/:id", caseReaders, w.showDeskRisk},
		{"GET", "/desk/risk/:id/export.xlsx", caseReaders, w.sendRiskWorkbook},

		// Validations and their visits: at the desk, for the company, and for a partner agency that observes
		{"GET", "/desk/validations", caseReaders, w.showValidations},
		{"GET", "/desk/validations/new", caseWorkers, w.newValidation},
		{"POST", "/desk/validations/new", caseWorkers, w.openValidation},
		{"GET", "/desk/validations/:id", caseReaders, w.showValidation},
		{"GET", "/desk/validations/:id/edit", caseWorkers, w.showChangeValidation},
		{"POST", "/desk/validations/:id/edit", caseWorkers, w.changeValidation},
		{"GET", "/desk/validations/:id/notify", caseWorkers, w.showNotify},
		{"POST", "/desk/validations/:id/notify", caseWorkers, w.notifyCompany},
		{"GET", "/desk/validations/:id/cancel", caseWorkers, w.showCancelValidation},
		{"POST", "/desk/validations/:id/cancel", caseWorkers, w.cancelValidation},
		{"GET", "/desk/validations/:id/visits/new", caseWorkers, w.newVisit},
		{"POST", "/desk/validations/:id/visits/new", caseWorkers, w.addVisit},
		{"GET", "/desk/visits/:id", caseReaders, w.showVisit},
		{"GET", "/desk/visits/:id/edit", caseWorkers, w.showEditVisit},
		{"POST", "/desk/visits/:id/edit", caseWorkers, w.editVisit},
		{"GET", "/desk/visits/:id/team", caseWorkers, w.showTeam},
		{"POST", "/desk/visits/:id/team", caseWorkers, w.setTeam},
		{"GET", "/desk/visits/:id/offer", caseWorkers, w.showOffer},
		{"POST", "/desk/visits/:id/offer", caseWorkers, w.sendOffer},
		{"POST", "/desk/visits/:id/offer/withdraw", caseWorkers, w.withdrawOffer},
		{"POST", "/desk/visits/:id/slots/:slot/withdraw", caseWorkers, w.withdrawSlot},
		{"POST", "/desk/visits/:id/slots/:slot/confirm", caseWorkers, w.confirmSlot},
		{"GET", "/desk/visits/:id/move", caseWorkers, w.showMove},
		{"POST", "/desk/visits/:id/move", caseWorkers, w.moveVisit},
		{"GET", "/desk/visits/:id/cancel", caseWorkers, w.showCancelVisit},
		{"POST", "/desk/visits/:id/cancel", caseWorkers, w.cancelVisit},
		{"POST", "/desk/visits/:id/begin", caseWorkers, w.beginVisit},
		{"POST", "/desk/visits/:id/end", caseWorkers, w.endVisit},
		{"POST", "/desk/visits/:id/settle", caseWorkers, w.settleVisit},
		{"POST", "/desk/visits/:id/documents", caseWorkers, w.askForPaper},
		{"POST", "/desk/visits/:id/documents/:document/remove", caseWorkers, w.removePaper},
		{"POST", "/desk/visits/:id/observers", caseWorkers, w.askForObserver},
		{"GET", "/validations", readers, w.showOwnValidations},
		{"GET", "/validations/:id", readers, w.showValidation},
		{"GET", "/visits/:id", readers, w.showVisit},
		{"POST", "/visits/:id/answer", editors, w.answerOffer},
		{"GET", "/visits/:id/ask", editors, w.showAskTime},
		{"POST", "/visits/:id/ask", editors, w.askForTime},
		{"POST", "/visits/:id/prepare", editors, w.prepareVisit},
		{"POST", "/visits/:id/documents/:document", editors, w.markPaper},
		{"POST", "/visits/:id/short-notice", signers, w.agreeToShortNotice},
		{"POST", "/visits/:id/observers/:observer", signers, w.answerObserver},
		{"GET", "/agency/visits", partners, w.showObserved},
		{"GET", "/agency/visits/:id", partners, w.showObservedVisit},
		{"POST", "/agency/visits/:id/conclusion", partners, w.concludeObserved},
		// Incidents and enforcement at the desk
		{"GET", "/desk/incidents", caseReaders, w.showIncidents},
		{"GET", "/desk/incidents/new", caseWorkers, w.newIncident},
		{"POST", "/desk/incidents/new", caseWorkers, w.enterIncident},
		{"GET", "/desk/incidents/:id", caseReaders, w.showIncident},
		{"GET", "/desk/incidents/:id/edit", caseWorkers, w.editIncident},
		{"POST", "/desk/incidents/:id/edit", caseWorkers, w.changeIncident},
		{"POST", "/desk/incidents/:id/look", caseWorkers, w.lookIntoIncident},
		{"POST", "/desk/incidents/:id/close", caseWorkers, w.closeIncident},
		{"POST", "/desk/incidents/:id/merge", caseWorkers, w.mergeIncident},
		{"POST", "/desk/incidents/:id/reopen", caseWorkers, w.reopenIncident},
		{"POST", "/desk/incidents/:id/note", caseWorkers, w.noteIncident},
		{"GET", "/desk/enforcement", caseReaders, w.showCases},
		{"GET", "/desk/enforcement/new", caseWorkers, w.newCase},
		{"POST", "/desk/enforcement/new", caseWorkers, w.openCase},
		{"GET", "/desk/enforcement/:id", caseReaders, w.showEnforcement},
		{"POST", "/desk/enforcement/:id/take", caseWorkers, w.takeEnforcement},
		{"POST", "/desk/enforcement/:id/note", caseWorkers, w.textStep("note", "note", "The note is saved", w.Cases.Note)},
		{"POST", "/desk/enforcement/:id/link", caseWorkers, w.linkIncidents},
		{"GET", "/desk/enforcement/:id/propose", caseWorkers, w.newProposal},
		{"POST", "/desk/enforcement/:id/propose", caseWorkers, w.proposeMeasure},
		{"POST", "/desk/enforcement/:id/recall", caseWorkers, w.textStep("recall", "reason", "The proposal is taken back", w.Cases.Recall)},
		{"POST", "/desk/enforcement/:id/notify", caseWorkers, w.notifyEnforcement},
		{"POST", "/desk/enforcement/:id/approve", approvers, w.textStep("approve", "note", "It is decided, and the company has been told", w.Cases.Approve)},
		{"POST", "/desk/enforcement/:id/return", approvers, w.textStep("return", "reason", "The proposal is sent back", w.Cases.Return)},
		{"POST", "/desk/enforcement/:id/suspend", approvers, w.suspendAtOnce},
		{"POST", "/desk/enforcement/:id/confirm", approvers, w.textStep("confirm", "reason", "The suspension is confirmed", w.Cases.Confirm)},
		{"POST", "/desk/enforcement/:id/lift", approvers, w.liftSuspension},
		{"POST", "/desk/enforcement/:id/extend", approvers, w.extendEnforcement},
		{"POST", "/desk/enforcement/:id/keep", approvers, w.textStep("keep", "reason", "The company has been told that the day stays", w.Cases.KeepDay)},
		{"POST", "/desk/enforcement/:id/end", caseWorkers, w.textStep("end", "reason", "The end is proposed", w.Cases.ProposeEnd)},
		{"POST", "/desk/enforcement/:id/end/recall", caseWorkers, w.textStep("recall-end", "reason", "The proposed end is taken back", w.Cases.RecallEnd)},
		{"POST", "/desk/enforcement/:id/end/approve", approvers, w.textStep("approve-end", "reason", "It has ended, and the company has been told", w.Cases.ApproveEnd)},
		{"POST", "/desk/enforcement/:id/end/return", approvers, w.textStep("return-end", "reason", "The proposed end is sent back", w.Cases.ReturnEnd)},
		{"POST", "/desk/enforcement/:id/publish", approvers, w.textStep("publish", "reason", "The decision is marked as published, and the company has been told", w.Cases.Publish)},
		{"POST", "/desk/enforcement/:id/plan/accept", caseWorkers, w.textStep("plan", "plan_note", "The plan is accepted, and the company has been told", w.Cases.AcceptPlan)},
		{"POST", "/desk/enforcement/:id/plan/back", caseWorkers, w.textStep("plan-return", "plan_note", "The plan is sent back, and the company has been told", w.Cases.ReturnPlan)},
		{"POST", "/desk/enforcement/:id/items/:item/verify", caseWorkers, w.itemStep("verify", "item_note", "The item is verified", w.Cases.VerifyItem)},
		{"POST", "/desk/enforcement/:id/items/:item/reopen", caseWorkers, w.itemStep("reopen", "item_note", "The item is open again, and the company has been told", w.Cases.ReturnItem)},

		// Findings and reports of validations: the desk, and the company
		{"GET", "/desk/findings", caseReaders, w.showFindings},
		{"GET", "/desk/findings/failures", caseReaders, w.showFailures},
		{"GET", "/desk/findings/failures.csv", caseReaders, w.sendFailures},
		{"GET", "/desk/findings/:id", caseReaders, w.showFinding},
		{"GET", "/desk/findings/:id/edit", caseWorkers, w.editFinding},
		{"POST", "/desk/findings/:id/edit", caseWorkers, w.changeFinding},
		{"POST", "/desk/findings/:id/send", caseWorkers, w.sendFinding},
		{"POST", "/desk/findings/:id/accept", caseWorkers, w.acceptFinding},
		{"POST", "/desk/findings/:id/reopen", caseWorkers, w.reopenFinding},
		{"POST", "/desk/findings/:id/extend", caseWorkers, w.extendFinding},
		{"POST", "/desk/findings/:id/refuse", caseWorkers, w.refuseTime},
		{"POST", "/desk/findings/:id/escalate", caseWorkers, w.escalateFinding},
		{"POST", "/desk/findings/:id/withdraw", caseWorkers, w.withdrawFinding},
		{"GET", "/desk/findings/:id/files/:file", caseReaders, w.sendFindingFile},
		{"GET", "/desk/validations/:id/findings/new", caseWorkers, w.newFinding},
		{"POST", "/desk/validations/:id/findings/new", caseWorkers, w.draftFinding},
		{"GET", "/desk/validations/:id/report", caseReaders, w.showReport},
		{"POST", "/desk/validations/:id/report/begin", caseWorkers, w.beginReport},
		{"POST", "/desk/validations/:id/report/sections/:section", caseWorkers, w.editReport},
		{"POST", "/desk/validations/:id/report/assemble", caseWorkers, w.assembleReport},
		{"POST", "/desk/validations/:id/report/propose", caseWorkers, w.proposeOutcome},
		{"POST", "/desk/validations/:id/report/share", caseWorkers, w.shareReport},
		{"POST", "/desk/validations/:id/report/goon", caseWorkers, w.goOnReport},
		{"POST", "/desk/validations/:id/report/submit", caseWorkers, w.submitReport},
		{"POST", "/desk/validations/:id/report/recall", caseWorkers, w.recallReport},
		{"POST", "/desk/validations/:id/report/return", approvers, w.returnReport},
		{"POST", "/desk/validations/:id/report/approve", approvers, w.approveReport},
		{"POST", "/desk/validations/:id/report/issue", caseWorkers, w.issueReport},
		{"POST", "/desk/validations/:id/report/close", caseWorkers, w.closeValidation},
		{"GET", "/desk/validations/:id/report/editions/:number", caseReaders, w.showReportEdition},
		{"GET", "/desk/validations/:id/report.pdf", caseReaders, w.sendReportPDF},
		{"GET", "/desk/visits/:id/criteria", caseReaders, w.showVisitCriteria},
		{"GET", "/desk/visits/:id/criteria/choose", caseWorkers, w.showChooseCriteria},
		{"POST", "/desk/visits/:id/criteria/choose", caseWorkers, w.chooseCriteria},
		{"GET", "/desk/visits/:id/criteria/:criterion", caseReaders, w.showVisitCriterion},
		{"POST", "/desk/visits/:id/criteria/:criterion", caseWorkers, w.verifyCriterion},
		{"GET", "/desk/visits/:id/workbook", caseReaders, w.showWorkbook},
		{"POST", "/desk/visits/:id/workbook", streamed(caseWorkers), w.takeWorkbook},
		{"GET", "/desk/visits/:id/workbook.xlsx", caseReaders, w.sendWorkbook},
		{"GET", "/desk/visits/:id/files", caseReaders, w.showVisitFiles},
		{"POST", "/desk/visits/:id/files", streamed(caseWorkers), w.addVisitFile},
		{"GET", "/desk/visits/:id/files/:file", caseReaders, w.sendVisitFile},
		{"POST", "/desk/visits/:id/files/:file/remove", caseWorkers, w.removeVisitFile},
		{"GET", "/desk/visits/:id/hours", caseReaders, w.showVisitHours},
		{"POST", "/desk/visits/:id/hours", caseWorkers, w.logVisitHours},
		{"POST", "/desk/visits/:id/hours/:entry/remove", caseWorkers, w.removeVisitHours},
		{"GET", "/incidents", readers, w.showMyIncidents},
		{"GET", "/incidents/new", editors, w.newIncident},
		{"POST", "/incidents/new", editors, w.enterIncident},
		{"GET", "/incidents/:id", readers, w.showIncident},
		{"POST", "/incidents/:id/more", editors, w.addToIncident},
		{"GET", "/enforcement/request", editors, w.newRequest},
		{"POST", "/enforcement/request", editors, w.askForSuspension},
		{"GET", "/enforcement/:id", readers, w.showEnforcement},
		{"POST", "/enforcement/:id/answer", editors, w.textStep("answer", "answer", "Your answer is sent", w.Cases.Answer)},
		{"POST", "/enforcement/:id/suspension", editors, w.textStep("suspension", "suspension", "Your answer is sent", w.Cases.AnswerSuspension)},
		{"POST", "/enforcement/:id/cure", editors, w.textStep("cure", "cure", "We have been told. We verify it and write to you", w.Cases.ReportCure)},
		{"POST", "/enforcement/:id/time", editors, w.askLonger},
		{"POST", "/enforcement/:id/consent", signers, w.signConsent},
		{"POST", "/enforcement/:id/items", editors, w.addPlanItem},
		{"POST", "/enforcement/:id/items/:item/drop", editors, w.dropPlanItem},
		{"POST", "/enforcement/:id/items/:item/done", editors, w.itemStep("done", "done", "We have been told. We verify it", w.Cases.DoneItem)},
		{"POST", "/enforcement/:id/plan", editors, w.sendCorrectivePlan},
		// Appeals: the company that files one, and the officer who decides it
		{"GET", "/enforcement/:id/appeal", readers, w.showAppealForm},
		{"POST", "/enforcement/:id/appeal", signers, w.fileAppeal},
		{"GET", "/appeals/:id", readers, w.showAppeal},
		{"POST", "/appeals/:id/add", signers, w.addToAppeal},
		{"POST", "/appeals/:id/withdraw", signers, w.dropAppeal},
		{"GET", "/documents/:kind/:id", editors, w.chooseDocuments},
		{"POST", "/documents/:kind/:id", editors, w.showDocuments},
		{"GET", "/desk/appeals", caseReaders, w.showAppeals},
		{"GET", "/desk/appeals/:id", caseReaders, w.showAppeal},
		{"POST", "/desk/appeals/:id/take", only(identity.AppealOfficers...), w.takeAppeal},
		{"POST", "/desk/appeals/:id/add", only(identity.AppealOfficers...), w.addToAppeal},
		{"POST", "/desk/appeals/:id/decide", only(identity.AppealOfficers...), w.decideAppeal},

		{"GET", "/findings", readers, w.showMyFindings},
		{"GET", "/findings/:id", readers, w.showFinding},
		{"POST", "/findings/:id/answer", editors, w.answerFinding},
		{"POST", "/findings/:id/time", editors, w.askForDays},
		{"GET", "/findings/:id/files/:file", readers, w.sendFindingFile},
		{"GET", "/validations/:id/report", readers, w.showSharedReport},
		{"POST", "/validations/:id/report/comment", editors, w.commentReport},
		{"GET", "/validations/:id/report/editions/:number", readers, w.showReportEdition},
		{"GET", "/validations/:id/report.pdf", readers, w.sendReportPDF},

		// One government: who may see a company, what another agency finds, the daily files
		{"GET", "/company/consents", readers, w.showConsents},
		{"POST", "/company/consents/:agency/give", signers, w.giveConsent},
		{"POST", "/company/consents/:agency/revoke", signers, w.revokeConsent},
		{"GET", "/agency/members", partners, w.showFindMember},
		{"POST", "/agency/members", partners, w.findMember},

		// Checks by partner agencies: theirs, headquarters', and whoever verifies one
		{"GET", "/agency/checks", partners, w.showCheckForm},
		{"POST", "/agency/checks", partners, w.makeCheck},
		{"GET", "/agency/checks/history", partners, w.showCheckHistory},
		{"GET", "/agency/checks/bulk", partners, w.showLists},
		{"POST", "/agency/checks/bulk", streamed(partners), w.takeList},
		{"GET", "/agency/checks/bulk/:id", partners, w.showList},
		{"POST", "/agency/checks/bulk/:id/retry", partners, w.retryList},
		{"GET", "/agency/checks/bulk/:id/answers.csv", partners, w.sendListCSV},
		{"GET", "/agency/checks/bulk/:id/answers.xlsx", partners, w.sendListXLSX},
		{"GET", "/agency/checks/bulk/:id/failed.csv", partners, w.sendListFailed},
		{"GET", "/agency/checks/bulk/:id/manifest.json", partners, w.sendListManifest},
		{"GET", "/agency/checks/:number", partners, w.showAnswer},
		{"GET", "/agency/checks/:number/signed.json", partners, w.sendAnswer},
		{"GET", "/desk/checks", only(consultation.Overseers()...), w.showAllChecks},
		{"GET", "/desk/checks/:number", only(consultation.Overseers()...), w.showAnswer},
		{"GET", "/checks/verify", everybody, w.proveCheck},

		{"GET", "/desk/single-window", only(singlewindow.Readers()...), w.showWindowFiles},
		{"GET", "/desk/single-window/:id/file", only(singlewindow.Readers()...), w.sendWindowFile},
		{"GET", "/desk/single-window/:id/manifest", only(singlewindow.Readers()...), w.sendWindowManifest},

		// Mutual recognition: the register, the company, and the partner agency
		{"GET", "/desk/arrangements", caseReaders, w.showArrangements},
		{"GET", "/desk/arrangements/:code", caseReaders, w.showArrangement},
		{"POST", "/desk/arrangements/:code/record", keepers, w.recordArrangement},
		{"POST", "/desk/arrangements/:code/events/:id/overturn", keepers, w.overturnArrangement},
		{"POST", "/desk/arrangements/:code/propose", keepers, w.proposeArrangement},
		{"POST", "/desk/arrangements/:code/proposals/:id/approve", keepers, w.decideArrangement("The step is approved", func(s *arrangement.Service) decideStep { return s.Approve })},
		{"POST", "/desk/arrangements/:code/proposals/:id/refuse", keepers, w.decideArrangement("The step is refused", func(s *arrangement.Service) decideStep { return s.Refuse })},
		{"POST", "/desk/arrangements/:code/proposals/:id/takeback", keepers, w.decideArrangement("The proposal is taken back", func(s *arrangement.Service) decideStep { return s.TakeBack })},
		{"POST", "/desk/arrangements/:code/agency", keepers, w.tieAgency},
		{"POST", "/desk/arrangements/:code/agency/:agency/untie", keepers, w.untieAgency},
		{"GET", "/recognition", readers, w.showRecognitions},
		{"GET", "/recognition/:code", readers, w.showRecognition},
		{"GET", "/recognition/:code/sheet", readers, w.showRecognitionSheet},
		{"POST", "/recognition/:code/ask", signers, w.askRecognition},
		{"POST", "/recognition/:code/consent/withdraw", signers, w.withdrawRecognition},
		{"POST", "/recognition/:code/numbers", editors, w.addPartnerNumber},
		{"POST", "/recognition/:code/numbers/:id/remove", editors, w.removePartnerNumber},
		{"GET", "/agency/recognition", partners, w.showAgencyMembers},
		{"GET", "/agency/recognition/:id", partners, w.showAgencyMember},
		{"POST", "/agency/recognition/:id/acknowledge", partners, w.agencyAnswer("acknowledge", "You have taken the member up", func(s *recognition.Service) answerStep { return s.Acknowledge })},
		{"POST", "/agency/recognition/:id/recognise", partners, w.agencyAnswer("recognise", "The member is recognized, and the company has been told", func(s *recognition.Service) answerStep { return s.Recognise })},
		{"POST", "/agency/recognition/:id/refuse", partners, w.agencyAnswer("refuse", "The member is not recognized, and the company has been told", func(s *recognition.Service) answerStep { return s.Refuse })},
		{"GET", "/operators/apply", everybody, w.showApplyOperator},
		{"POST", "/operators/apply", everybody, w.applyOperator},
		{"GET", "/operators/:token", everybody, w.showOperatorReceipt}, // the address is the key
		{"GET", "/agency/operators", partners, w.showOperators},
		{"GET", "/agency/operators/:id", partners, w.showOperator},
		{"POST", "/agency/operators/:id/say", partners, w.sayOperator},
		{"GET", "/desk/operators", caseReaders, w.showOperators},
		{"GET", "/desk/operators/:id", caseReaders, w.showOperator},
		{"GET", "/agency/notices", partners, w.showAgencyNotices},
		{"POST", "/agency/notices/:id/acknowledge", partners, w.acknowledgeNotice},

		// Programs of partner agencies, and what they report
		{"GET", "/agency/api", agencyAdmins, w.showPrograms},
		{"POST", "/agency/api", agencyAdmins, w.openProgram},
		{"POST", "/agency/api/hooks", agencyAdmins, w.addHook},
		{"POST", "/agency/api/hooks/:id/secret", agencyAdmins, w.rotateHook},
		{"POST", "/agency/api/hooks/:id/test", agencyAdmins, w.hookStep("The test is on its way", func(s *partnerapi.Service) func(context.Context, identity.Actor, uuid.UUID) error { return s.TestHook })},
		{"POST", "/agency/api/hooks/:id/close", agencyAdmins, w.hookStep("The webhook is closed", func(s *partnerapi.Service) func(context.Context, identity.Actor, uuid.UUID) error { return s.CloseHook })},
		{"POST", "/agency/api/messages/:id/replay", agencyAdmins, w.hookStep("The message is on its way again", func(s *partnerapi.Service) func(context.Context, identity.Actor, uuid.UUID) error { return s.Replay })},
		{"GET", "/agency/api/:id", agencyAdmins, w.showProgram},
		{"POST", "/agency/api/:id/keys", agencyAdmins, w.programStep("The key is added", w.addProgramKey)},
		{"POST", "/agency/api/:id/keys/:key/retire", agencyAdmins, w.programStep("The key is retired", w.retireProgramKey)},
		{"POST", "/agency/api/:id/allow", agencyAdmins, w.programStep("What the program may do is saved", w.allowProgram)},
		{"POST", "/agency/api/:id/close", agencyAdmins, w.programStep("The program is closed", w.closeProgram)},
		{"GET", "/desk/irregularities", only(partnerapi.IrregularityReaders()...), w.showIrregularities},
		{"POST", "/desk/irregularities/:id/take", only(identity.Headquarters), w.takeIrregularity},

		// Leaving and changing: the company, and the desk
		{"GET", "/memberships/changes/:id", readers, w.showLeaving},
		{"GET", "/memberships/changes/:id/edit", editors, w.editLeaving},
		{"POST", "/memberships/changes/:id/edit", editors, w.saveLeaving},
		{"POST", "/memberships/changes/:id/send", signers, w.sendLeaving},
		{"POST", "/memberships/changes/:id/drop", editors, w.dropLeaving},
		{"POST", "/memberships/changes/:id/calloff", signers, w.callOffLeaving},
		{"GET", "/memberships/:id/leave", readers, w.showLeave},
		{"GET", "/memberships/:id/leave/:kind", editors, w.newLeaving},
		{"POST", "/memberships/:id/leave/:kind", editors, w.openLeaving},
		{"GET", "/desk/successions", caseReaders, w.showLeavings},
		{"GET", "/desk/successions/:id", caseReaders, w.showLeaving},
		{"POST", "/desk/successions/:id/take", caseWorkers, w.takeLeaving},
		{"POST", "/desk/successions/:id/ask", caseWorkers, w.askLeaving},
		{"POST", "/desk/successions/:id/handback", approvers, w.handBackLeaving},
		{"POST", "/desk/successions/:id/decide", caseWorkers, w.decideLeaving},
		{"POST", "/desk/successions/:id/items", caseWorkers, w.decideLeavingItem},
		{"POST", "/desk/successions/:id/link", caseWorkers, w.linkLeaving},

		// Memberships: the company's own people, and the agency
		{"GET", "/memberships/:id", only(memberReaders()...), w.showMembership},
		{"GET", "/memberships/:id/history", only(memberReaders()...), w.showStanding},
		{"GET", "/memberships/:id/benefits", only(memberReaders()...), w.showBenefits},
		{"POST", "/memberships/:id/wallet", signers, w.takeWallet},
		{"GET", "/memberships/:id/certificate", only(memberReaders()...), w.showCertificate},
		{"POST", "/memberships/:id/warn", only(identity.CaseWorkers...), w.warnBlank},
	}
}
