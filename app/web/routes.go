package web

import (
	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/identity"
)

// Handler answers a request for an actor whom the route's access list let through.
type Handler func(c *fiber.Ctx, who identity.Actor) error

// access says who may use a route. The zero value is nobody.
type access struct {
	public   bool
	signedIn bool
	roles    []identity.Role
}

// Public reports whether the route is open to everybody, and Roles who may use it
// otherwise; nil with SignedIn true means every signed-in person.
func (a access) Public() bool           { return a.public }
func (a access) SignedIn() bool         { return a.signedIn }
func (a access) Roles() []identity.Role { return a.roles }

func anyone() access   { return access{public: true} }
func signedIn() access { return access{signedIn: true} }

func only(roles ...identity.Role) access { return access{roles: roles} }

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

		readers = only(identity.CompanyReaders...)
		writers = only(applicationWriters()...)
		editors = only(identity.CompanyEditors...)
		signers = only(identity.CompanySigners...)
	)
	return []Route{
		// Everybody
		{"GET", "/", everybody, w.showStart},
		{"GET", "/signin", everybody, w.showSignIn},
		{"GET", "/signin/:provider", everybody, w.beginSignIn},
		{"GET", "/callback/:provider", everybody, w.finishSignIn},
		{"GET", "/signed-out", everybody, w.showSignedOut},
		{"GET", "/accessibility", everybody, w.showAccessibility},
		{"GET", "/privacy", everybody, w.showPrivacy},

		// Every signed-in person: their own sessions and settings
		{"POST", "/signout", person, w.signOut},
		{"POST", "/session/extend", person, w.extendSession},
		{"GET", "/session/choose", person, w.showRights},
		{"POST", "/session/choose", person, w.chooseRight},
		{"GET", "/me", person, w.showMe},
		{"POST", "/me/language", person, w.setLanguage},
		{"POST", "/me/sessions/end", person, w.endSessions},
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

		// Letters and messages; in development also the e-mails
		{"GET", "/inbox", readers, w.showInbox},
		{"GET", "/inbox/new", only(messageWriters()...), w.showNewMessage},
		{"POST", "/inbox/new", only(messageWriters()...), w.sendMessage},
		{"GET", "/inbox/:id", only(messageReaders()...), w.showMessage},
		{"GET", "/dev/mail", everybody, w.showOutbox},
	}
}
