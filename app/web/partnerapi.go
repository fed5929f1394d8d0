package web

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/partnerapi"
	"trustedtrader/config"
	view "trustedtrader/views/partnerapi"
	"trustedtrader/views/ui"
)

func (w *Web) showPrograms(c *fiber.Ctx, who identity.Actor) error {
	return w.renderPrograms(c, who, fiber.StatusOK, view.OverviewPage{})
}

func (w *Web) renderPrograms(c *fiber.Ctx, who identity.Actor, status int, p view.OverviewPage) (err error) {
	if p.Page, err = w.API.Clients(c.UserContext(), who); err != nil {
		return err
	}
	p.Chrome, p.Zone = w.chrome(c, who, t(c, "Programs")), who.Zone
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.Overview(p))
}

func (w *Web) openProgram(c *fiber.Ctx, who identity.Actor) error {
	id, err := w.API.Open(c.UserContext(), who, c.FormValue("name"))
	if err != nil {
		if fields := fault.Fields(err); fields != nil {
			return w.renderPrograms(c, who, fiber.StatusUnprocessableEntity, view.OverviewPage{Name: c.FormValue("name"), Errors: fields})
		}
		return err
	}
	w.flash(c, ui.Good, t(c, "The program is registered. Now give it a key"))
	return seeOther(c, "/agency/api/"+id.String())
}

func (w *Web) showProgram(c *fiber.Ctx, who identity.Actor) error {
	return w.renderProgram(c, who, fiber.StatusOK, view.ClientPage{})
}

func (w *Web) renderProgram(c *fiber.Ctx, who identity.Actor, status int, p view.ClientPage) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if p.Page, err = w.API.Client(c.UserContext(), who, id); err != nil {
		return err
	}
	if p.Errors == nil {
		p.Cert = p.Page.Client.CertHash
	}
	p.Chrome, p.Zone, p.Token = w.chrome(c, who, p.Page.Client.Name), who.Zone, w.API.TokenAddress()
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.Client(p))
}

// programStep runs a step on a program and comes back to its page.
func (w *Web) programStep(done string, do func(c *fiber.Ctx, who identity.Actor, id uuid.UUID) error) Handler {
	return func(c *fiber.Ctx, who identity.Actor) error {
		id, err := pathID(c, "id")
		if err != nil {
			return err
		}
		if err := do(c, who, id); err != nil {
			if fields := fault.Fields(err); fields != nil {
				return w.renderProgram(c, who, fiber.StatusUnprocessableEntity, view.ClientPage{Key: c.FormValue("key"), Cert: c.FormValue("cert"), Errors: fields})
			}
			return err
		}
		w.flash(c, ui.Good, t(c, done))
		return seeOther(c, "/agency/api/"+id.String())
	}
}

func (w *Web) addProgramKey(c *fiber.Ctx, who identity.Actor, id uuid.UUID) error {
	return w.API.AddKey(c.UserContext(), who, id, c.FormValue("key"))
}

func (w *Web) retireProgramKey(c *fiber.Ctx, who identity.Actor, id uuid.UUID) error {
	key, err := pathID(c, "key")
	if err != nil {
		return err
	}
	return w.API.RetireKey(c.UserContext(), who, id, key)
}

func (w *Web) allowProgram(c *fiber.Ctx, who identity.Actor, id uuid.UUID) error {
	scopes := map[string][]string{}
	for name := range c.Request().PostArgs().All() {
		if arrangement, ok := strings.CutPrefix(string(name), "scope-"); ok {
			scopes[arrangement] = formAll(c, string(name))
		}
	}
	return w.API.Allow(c.UserContext(), who, id, scopes, c.FormValue("cert"))
}

func (w *Web) closeProgram(c *fiber.Ctx, who identity.Actor, id uuid.UUID) error {
	return w.API.Close(c.UserContext(), who, id)
}

func (w *Web) addHook(c *fiber.Ctx, who identity.Actor) error {
	secret, err := w.API.AddHook(c.UserContext(), who, c.FormValue("url"))
	if err != nil {
		if fields := fault.Fields(err); fields != nil {
			return w.renderPrograms(c, who, fiber.StatusUnprocessableEntity, view.OverviewPage{URL: c.FormValue("url"), Errors: fields})
		}
		return err
	}
	return w.showSecret(c, who, secret)
}

func (w *Web) showSecret(c *fiber.Ctx, who identity.Actor, secret string) error {
	return render(c, fiber.StatusOK, view.Secret(view.SecretPage{Chrome: w.chrome(c, who, t(c, "Secret of the webhook")), Secret: secret}))
}

func (w *Web) rotateHook(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	secret, err := w.API.RotateSecret(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return w.showSecret(c, who, secret)
}

// hookStep runs a step on a webhook or a message.
func (w *Web) hookStep(done string, step func(s *partnerapi.Service) func(context.Context, identity.Actor, uuid.UUID) error) Handler {
	return func(c *fiber.Ctx, who identity.Actor) error {
		id, err := pathID(c, "id")
		if err != nil {
			return err
		}
		if err := step(w.API)(c.UserContext(), who, id); err != nil {
			return err
		}
		w.flash(c, ui.Good, t(c, done))
		return seeOther(c, "/agency/api")
	}
}

func (w *Web) showIrregularities(c *fiber.Ctx, who identity.Actor) error {
	return w.renderIrregularities(c, who, fiber.StatusOK, view.IrregularitiesPage{}, pageNumber(c))
}

func (w *Web) renderIrregularities(c *fiber.Ctx, who identity.Actor, status int, p view.IrregularitiesPage, page int) (err error) {
	if p.List, err = w.API.Irregularities(c.UserContext(), who, page); err != nil {
		return err
	}
	p.Title = w.arrangementTitle
	p.Chrome, p.Zone, p.May = w.chrome(c, who, t(c, "Irregularities")), who.Zone, who.Is(identity.Headquarters)
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.Irregularities(p))
}

func (w *Web) takeIrregularity(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	note := c.FormValue("note-" + id.String())
	err = w.API.Take(c.UserContext(), who, id, formVersion(c), note)
	if fields := fault.Fields(err); fields != nil {
		for i := range fields {
			fields[i].Name += "-" + id.String()
		}
		return w.renderIrregularities(c, who, fiber.StatusUnprocessableEntity, view.IrregularitiesPage{Taking: id.String(), Note: note, Errors: fields}, formNumber(c, "page"))
	}
	if err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "You look into it"))
	return seeOther(c, "/desk/irregularities")
}

// formNumber is a number that a form carried along; 1: there is none.
func formNumber(c *fiber.Ctx, name string) int {
	n, err := strconv.Atoi(c.FormValue(name))
	if err != nil {
		return 1
	}
	return n
}

var readDocs = sync.OnceValues(func() (partnerapi.Doc, error) { return partnerapi.ReadDoc(config.OpenAPI) })

// showDocs is the description of the machine door for people.
func (w *Web) showDocs(c *fiber.Ctx, who identity.Actor) error {
	doc, err := readDocs()
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Docs(view.DocsPage{Chrome: w.wideChrome(c, who, t(c, "Programs of partner agencies")), Doc: doc}))
}
