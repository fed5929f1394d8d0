// Package web turns requests into calls of one service method each, and results
// into pages. routes.go is the map of the site and the list of who may do what;
// the files beside it hold the handlers, one file per domain.
package web

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/appeal"
	"trustedtrader/app/application"
	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/bizpartner"
	"trustedtrader/app/briefing"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/claim"
	"trustedtrader/app/company"
	"trustedtrader/app/consent"
	"trustedtrader/app/consultation"
	"trustedtrader/app/cost"
	"trustedtrader/app/credential"
	"trustedtrader/app/doctor"
	"trustedtrader/app/enclosure"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/evidence"
	"trustedtrader/app/exchange"
	"trustedtrader/app/feed"
	"trustedtrader/app/fieldwork"
	"trustedtrader/app/finding"
	"trustedtrader/app/geo"
	"trustedtrader/app/headquarters"
	"trustedtrader/app/i18n"
	"trustedtrader/app/inbound"
	"trustedtrader/app/incident"
	"trustedtrader/app/membership"
	"trustedtrader/app/metric"
	"trustedtrader/app/notice"
	"trustedtrader/app/oscal"
	"trustedtrader/app/partnerapi"
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
	"trustedtrader/static"
)

// Web is the site: settings, the services it calls, and nothing that changes.
type Web struct {
	Config     config.Config
	Log        *slog.Logger
	Now        func() time.Time
	DB         *pg.DB // readiness only
	Assets     *static.Assets
	Catalogues *i18n.Catalogues
	Metrics    *Metrics
	World      *geo.World                  // what maps are drawn from; nil: marks only
	Ready      func(context.Context) error // nil: ready
	Demo       bool

	Services
}

// Services are the domains that the pages call.
type Services struct {
	SignIn       *signin.Service
	People       *people.Service
	Programmes   *programme.Register
	Applications *application.Service
	Profiles     *profile.Service
	Exchange     *exchange.Service
	Notices      *notice.Service
	Companies    *company.Service
	Reviews      *review.Service
	Members      *membership.Service
	Evidence     *evidence.Service
	Risks        *risk.Service
	Roster       *roster.Service
	Validations  *validation.Service
	Plans        *plan.Service
	Feeds        *feed.Service
	ProfileDesk  *profilereview.Service
	Fieldwork    *fieldwork.Service
	Findings     *finding.Service
	Incidents    *incident.Service
	Cases        *enforcement.Service
	Appeals      *appeal.Service
	Enclosures   *enclosure.Service
	Reports      *report.Service
	Partners     *bizpartner.Service
	Benefits     *benefit.Service
	Figures      *metric.Service
	Briefings    *briefing.Service
	Costs        *cost.Service
	Claims       *claim.Service
	Headquarters *headquarters.Service
	Successions  *succession.Service
	Consents     *consent.Service
	Window       *singlewindow.Service
	Checks       *consultation.Service
	Arrangements *arrangement.Service
	Recognitions *recognition.Service
	Inbound      *inbound.Service
	Baselines    *baseline.Service
	API          *partnerapi.Service
	Credentials  *credential.Service
	Doctor       *doctor.Doctor
	Trail        *audit.Service
	Criteria     *catalogue.Service
	OSCAL        *oscal.Service
}

const (
	requestTimeout = 20 * time.Second
	bodyLimit      = 2 << 20 // forms only: files have a door of their own
)

// App builds the Fiber application with every route.
func (w *Web) App() *fiber.App {
	app := fiber.New(fiber.Config{
		AppName:                      "portal",
		Immutable:                    true, // values of a request outlive it safely (pitfalls: buffers are reused)
		CaseSensitive:                true,
		StrictRouting:                true,
		UnescapePath:                 true,
		BodyLimit:                    bodyLimit,
		StreamRequestBody:            true, // takeBody reads it
		DisablePreParseMultipartForm: true,
		ReadBufferSize:               16 << 10,
		ReadTimeout:                  15 * time.Second,
		WriteTimeout:                 30 * time.Second,
		IdleTimeout:                  60 * time.Second,
		DisableStartupMessage:        true,
		EnableTrustedProxyCheck:      true,
		TrustedProxies:               w.Config.TrustedProxies,
		ProxyHeader:                  w.proxyHeader(),
		ErrorHandler:                 w.problem,
	})
	routes := w.Routes()
	app.Use(w.observe, w.headers, w.refuseOddRequests, takeBody(streaming(routes)))
	app.Get("/static/*", w.asset)
	app.Get("/healthz", w.healthz)
	app.Get("/readyz", w.readyz)
	w.mountAPI(app)
	app.Use(w.begin, w.recognise)
	for _, r := range routes {
		app.Add(r.Method, r.Path, w.guard(r))
	}
	app.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })
	return app
}

func (w *Web) proxyHeader() string {
	if len(w.Config.TrustedProxies) == 0 {
		return ""
	}
	return fiber.HeaderXForwardedFor
}

// policy is the content security policy: nothing inline, nothing from elsewhere.
// Forms may also lead to the sign-in providers, for signing out there.
func (w *Web) policy() string {
	targets := "'self'"
	if w.SignIn != nil {
		for _, p := range w.SignIn.Providers {
			if o := origin(p.Issuer()); !strings.Contains(targets, o) {
				targets += " " + o
			}
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
		"form-action " + targets + "; frame-ancestors 'none'; base-uri 'none'"
}

func origin(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return "'self'"
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
