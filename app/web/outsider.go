package web

import (
	"context"
	"encoding/hex"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/bizpartner"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	view "trustedtrader/views/bizpartner"
)

// How often a minute one link may be used, and one machine may ask for what is not there.
const (
	linkUses    = 60
	linkGuesses = 20
)

// guessed counts what was not there against the machine that asked, so that nobody tries out
// links. The answer to a link that works is counted against the link.
func (w *Web) guessed(c *fiber.Ctx, err error) error {
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	c.Set("X-Robots-Tag", "noindex, nofollow")
	if limit := w.sparingly(c, "no link "+c.IP(), linkGuesses); limit != nil {
		return limit
	}
	return fault.Missing()
}

// showVerified answers whoever has a verification link. It knows nobody.
func (w *Web) showVerified(c *fiber.Ctx, _ identity.Actor) error {
	v, err := w.Partners.Verify(c.UserContext(), c.Params("token"))
	if err != nil {
		return w.guessed(c, err)
	}
	if err := w.sparingly(c, "verify "+hex.EncodeToString(v.Link[:]), linkUses); err != nil {
		return err
	}
	p, e := w.kindNames(v.Programme, v.EntityType)
	page := view.VerifyPage{Chrome: w.outsideChrome(c, t(c, "Status of a membership"), ""), Verified: v, Programme: t(c, p), Kind: t(c, e)}
	page.Status = func(ctx context.Context, x bizpartner.Part) string {
		return w.Partners.PartText(ctx, v.Programme, x)
	}
	return render(c, fiber.StatusOK, view.Verify(page))
}

// keyOf is how the partner of this request comes in.
func (w *Web) keyOf(c *fiber.Ctx, asked string) bizpartner.Key {
	return bizpartner.Key{Token: c.Params("token"), Lang: w.langOf(asked, "en"), Request: requestID(c)}
}

// outside draws a page of the partner. Problems of a form are shown on it.
func (w *Web) outside(c *fiber.Ctx, o bizpartner.Outside, asked string, refusal error) (p view.OutsidePage, status int, err error) {
	if err := w.sparingly(c, "questionnaire "+hex.EncodeToString(o.Questionnaire.ID[:]), linkUses); err != nil {
		return p, 0, err
	}
	p = view.OutsidePage{Outside: o, Token: c.Params("token"), Lang: w.langOf(asked, o.Questionnaire.Lang), Problems: fault.Fields(refusal)}
	p.Chrome = w.outsideChrome(c, o.Template.Name.In(p.Lang), p.Lang)
	if p.Chrome.Errors = len(p.Problems) > 0; p.Chrome.Errors {
		return p, fiber.StatusUnprocessableEntity, nil
	}
	return p, fiber.StatusOK, nil
}

// looked opens the partner's page for its next drawing.
func (w *Web) looked(c *fiber.Ctx, asked string, refusal error) (p view.OutsidePage, status int, err error) {
	if refusal != nil && fault.Fields(refusal) == nil {
		return p, 0, w.guessed(c, refusal)
	}
	o, err := w.Partners.Look(c.UserContext(), w.keyOf(c, asked))
	if err != nil {
		return p, 0, w.guessed(c, err)
	}
	return w.outside(c, o, asked, refusal)
}

func (w *Web) showAsked(c *fiber.Ctx, _ identity.Actor) error {
	p, status, err := w.looked(c, c.Query("in"), nil)
	if err != nil {
		return err
	}
	return render(c, status, view.Overview(p))
}

func (w *Web) showAskedSection(c *fiber.Ctx, _ identity.Actor) error {
	p, status, err := w.looked(c, c.Query("in"), nil)
	if err != nil {
		return err
	}
	return w.drawSection(c, p, status)
}

func (w *Web) drawSection(c *fiber.Ctx, p view.OutsidePage, status int) error {
	s, ok := p.Outside.Template.Section(c.Params("section"))
	if !ok {
		return fault.Missing()
	}
	if !p.Outside.Questionnaire.Status.Open() {
		return seeOther(c, "/q/"+p.Token)
	}
	p.Section = s
	return render(c, status, view.Questions(p))
}

// saveAsked keeps the answers of a section and goes on to the next.
func (w *Web) saveAsked(c *fiber.Ctx, _ identity.Actor) error {
	in := map[string]bizpartner.ReplyEntry{}
	for _, t := range w.Partners.Data.Templates {
		s, _ := t.Section(c.Params("section"))
		for _, q := range s.Questions {
			if v := c.FormValue(bizpartner.VersionField(q.Code)); v != "" {
				in[q.Code] = bizpartner.ReplyEntry{Answer: c.FormValue(bizpartner.AnswerField(q.Code)), Note: c.FormValue(bizpartner.NoteField(q.Code)), Version: number(v)}
			}
		}
	}
	asked := c.FormValue("in")
	o, lost, err := w.Partners.Save(c.UserContext(), w.keyOf(c, asked), c.Params("section"), in)
	if err == nil && lost == nil {
		if err := w.sparingly(c, "questionnaire "+hex.EncodeToString(o.Questionnaire.ID[:]), linkUses); err != nil {
			return err
		}
		return seeOther(c, "/q/"+c.Params("token")+after(o, c.Params("section"))+"?in="+w.langOf(asked, o.Questionnaire.Lang))
	}
	p, status, rest := w.looked(c, asked, err)
	if rest != nil {
		return rest
	}
	for i := range p.Problems {
		p.Problems[i] = fault.F(p.Problems[i].Name, w.Partners.Data.Say(p.Lang, "too_long"))
	}
	if p.Typed, p.Lost = in, lost; lost != nil {
		status = fiber.StatusConflict
	}
	return w.drawSection(c, p, status)
}

func number(s string) (n int) {
	for _, r := range s {
		if r < '0' || r > '9' || n > 1_000_000 {
			return -1
		}
		n = 10*n + int(r-'0')
	}
	return n
}

// after is where a partner goes on from a section: the next, or the end.
func after(o bizpartner.Outside, section string) string {
	for i, s := range o.Template.Sections {
		if s.Code == section && i+1 < len(o.Template.Sections) {
			return "/s/" + o.Template.Sections[i+1].Code
		}
	}
	return "/finish"
}

func (w *Web) showFinishAsked(c *fiber.Ctx, _ identity.Actor) error {
	p, status, err := w.looked(c, c.Query("in"), nil)
	if err != nil {
		return err
	}
	if !p.Outside.Questionnaire.Status.Open() {
		return seeOther(c, "/q/"+p.Token)
	}
	return render(c, status, view.Finish(p))
}

func (w *Web) finishAsked(c *fiber.Ctx, _ identity.Actor) error {
	in := bizpartner.FinishEntry{Name: c.FormValue("name"), Position: c.FormValue("position"), Agreed: c.FormValue("agree") != ""}
	if _, err := w.Partners.Finish(c.UserContext(), w.keyOf(c, c.FormValue("in")), in); err != nil {
		p, status, rest := w.looked(c, c.FormValue("in"), err)
		if rest != nil {
			return rest
		}
		p.Entered = in
		return render(c, status, view.Finish(p))
	}
	return w.backToAsked(c)
}

func (w *Web) backToAsked(c *fiber.Ctx) error {
	return seeOther(c, "/q/"+c.Params("token")+"?in="+w.langOf(c.FormValue("in"), "en"))
}

// askedStep carries out a step of the partner on its overview, or shows it again.
func (w *Web) askedStep(c *fiber.Ctx, do func(ctx context.Context, k bizpartner.Key) (bizpartner.Outside, error)) error {
	if _, err := do(c.UserContext(), w.keyOf(c, c.FormValue("in"))); err != nil {
		p, status, rest := w.looked(c, c.FormValue("in"), err)
		if rest != nil {
			return rest
		}
		p.Reason = c.FormValue("reason")
		return render(c, status, view.Overview(p))
	}
	return w.backToAsked(c)
}

func (w *Web) refuseAsked(c *fiber.Ctx, _ identity.Actor) error {
	return w.askedStep(c, func(ctx context.Context, k bizpartner.Key) (bizpartner.Outside, error) {
		return w.Partners.Refuse(ctx, k, c.FormValue("reason"))
	})
}

func (w *Web) reuseAsked(c *fiber.Ctx, _ identity.Actor) error {
	return w.askedStep(c, func(ctx context.Context, k bizpartner.Key) (bizpartner.Outside, error) {
		return w.Partners.Reuse(ctx, k, c.FormValue("allow") != "")
	})
}

// unuseAsked takes a permission back. When the questionnaire ended by it, so did the link.
func (w *Web) unuseAsked(c *fiber.Ctx, _ identity.Actor) error {
	o, err := w.Partners.Unuse(c.UserContext(), w.keyOf(c, c.FormValue("in")))
	if err != nil {
		return w.guessed(c, err)
	}
	if o.Questionnaire.ID != uuid.Nil && o.Questionnaire.Status == bizpartner.Cancelled {
		return seeOther(c, "/")
	}
	return w.backToAsked(c)
}
