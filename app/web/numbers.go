package web

import (
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	view "trustedtrader/views/application"
	"trustedtrader/views/ui"
)

func (w *Web) numbersPage(c *fiber.Ctx, who identity.Actor) (view.NumbersPage, error) {
	list, err := w.checklist(c, who)
	if err != nil {
		return view.NumbersPage{}, err
	}
	return view.NumbersPage{Chrome: w.applicationChrome(c, who, list.File, t(c, "Numbers that take part")), Checklist: list, Editor: who.Is(applicationWriters()...) && list.MayChoose(who)}, nil
}

// showNumbers is the choice of the numbers that take part.
func (w *Web) showNumbers(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.numbersPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Numbers(p))
}

func (w *Web) chooseNumbers(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	entered, numbers := formAll(c, application.NumbersField), []uuid.UUID{}
	for _, text := range entered {
		numbers = append(numbers, queryID(text)) // one that is no id is no number of the company
	}
	err = w.Applications.ChooseNumbers(c.UserContext(), who, id, formVersion(c), numbers)
	if err == nil {
		w.flash(c, ui.Good, t(c, "Saved."))
		if list, err := w.checklist(c, who); err == nil && list.Membership != nil {
			return seeOther(c, "/memberships/"+list.Membership.String())
		}
		return seeOther(c, "/applications/"+id.String())
	}
	status, fields, _, sentence, rest := refused(c, err)
	if rest != nil || fault.KindOf(err) == fault.NotFound {
		return err
	}
	p, err := w.numbersPage(c, who)
	if err != nil {
		return err
	}
	p.Entered, p.Errors, p.Refusal, p.Chrome.Errors = entered, fields, sentence, fields != nil
	return render(c, status, view.Numbers(p))
}
