package web

import (
	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/identity"
	"trustedtrader/app/recognition"
	view "trustedtrader/views/recognition"
	"trustedtrader/views/ui"
)

// operatorApplications bounds how often one machine may apply within a minute.
const operatorApplications = 10

func (w *Web) showApplyOperator(c *fiber.Ctx, who identity.Actor) error {
	return w.drawApplyOperator(c, who, fiber.StatusOK, view.ApplyPage{})
}

func (w *Web) drawApplyOperator(c *fiber.Ctx, who identity.Actor, status int, p view.ApplyPage) (err error) {
	if p.Doors, err = w.Recognitions.Doors(c.UserContext()); err != nil {
		return err
	}
	p.Chrome, p.Programmes = w.chrome(c, who, t(c, "Recognition of foreign trusted traders")), w.Programmes
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.Apply(p))
}

func (w *Web) applyOperator(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "operator "+c.IP(), operatorApplications); err != nil {
		return err
	}
	in := recognition.ApplyEntry{Door: c.FormValue("door"), Name: c.FormValue("name"), Country: c.FormValue("country"), Number: c.FormValue("number"), Types: c.FormValue("types")}
	receipt, err := w.Recognitions.Apply(c.UserContext(), requestID(c), in)
	if err != nil {
		fields, _, status, other := kept(err)
		if other != nil {
			return other
		}
		return w.drawApplyOperator(c, who, status, view.ApplyPage{Entered: in, Errors: fields})
	}
	return seeOther(c, "/operators/"+receipt)
}

func (w *Web) showOperatorReceipt(c *fiber.Ctx, who identity.Actor) error {
	a, err := w.Recognitions.Receipt(c.UserContext(), c.Params("token"))
	if err != nil {
		return w.guessed(c, err)
	}
	c.Set("X-Robots-Tag", "noindex, nofollow")
	return render(c, fiber.StatusOK, view.Receipt(view.ReceiptPage{Chrome: w.outsideChrome(c, t(c, "Your application for recognition"), ""), Application: a, Programmes: w.Programmes}))
}

func (w *Web) showOperators(c *fiber.Ctx, who identity.Actor) error {
	l, err := w.Recognitions.Operators(c.UserContext(), who, recognition.OperatorStatus(c.Query("status")), c.Query("number"), pageNumber(c))
	if err != nil {
		return err
	}
	p := view.OperatorsPage{Chrome: w.wideChrome(c, who, t(c, "Foreign operators")), List: l, Base: "/agency/operators", Register: w.Recognitions.Register, Zone: who.Zone, Stale: w.Recognitions.StaleSince}
	if who.Audience == identity.Staff {
		p.Base, p.Chrome.Breadcrumb = "/desk/operators", deskCrumbs(c, p.Chrome.Title)
	}
	return render(c, fiber.StatusOK, view.Operators(p))
}

func (w *Web) operatorPage(c *fiber.Ctx, who identity.Actor) (p view.OperatorPage, err error) {
	id, err := pathID(c, "id")
	if err != nil {
		return p, err
	}
	p = view.OperatorPage{Register: w.Recognitions.Register, Zone: who.Zone}
	if p.Operator, err = w.Recognitions.Operator(c.UserContext(), who, id); err != nil {
		return p, err
	}
	base := "/agency/operators"
	if who.Audience == identity.Staff {
		base = "/desk/operators"
	}
	p.Chrome = w.chrome(c, who, p.Operator.Name)
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Foreign operators"), Href: base}, {Label: p.Operator.Name}}
	return p, nil
}

func (w *Web) showOperator(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.operatorPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Operator(p))
}

func (w *Web) sayOperator(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	do := c.FormValue("do")
	in := recognition.SayEntry{Version: formVersion(c), Do: recognition.OperatorAction(do), Reason: c.FormValue(do + "-reason")}
	if err := w.Recognitions.Say(c.UserContext(), who, id, in); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		p, err := w.operatorPage(c, who)
		if err != nil {
			return err
		}
		for i := range fields {
			fields[i].Name = do + "-" + fields[i].Name
		}
		p.Act, p.Typed, p.Errors, p.Conflict, p.Chrome.Errors = do, in.Reason, fields, conflict, fields != nil
		return render(c, status, view.Operator(p))
	}
	w.flash(c, ui.Good, t(c, "It is kept, and members that rely on it are told"))
	return seeOther(c, view.OperatorPath(id, ""))
}
