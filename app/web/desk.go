package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/review"
	"trustedtrader/app/signin"
	view "trustedtrader/views/desk"
	"trustedtrader/views/ui"
)

// searches bounds how often one person may search within a minute.
const searches = 60

// wideChrome is the chrome of the agency's pages.
func (w *Web) wideChrome(c *fiber.Ctx, who identity.Actor, title string, crumbs ...ui.Crumb) ui.Chrome {
	ch := w.chrome(c, who, title)
	ch.Wide, ch.Breadcrumb = true, crumbs
	return ch
}

// deskCrumbs lead back to the desk.
func deskCrumbs(c *fiber.Ctx, here string) []ui.Crumb {
	return []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: here}}
}

// kept tells a refusal that belongs on the form it came from (what was typed is kept)
// from an error that is a page of its own.
func kept(err error) (fields []fault.Field, conflict *fault.Error, status int, other error) {
	if fields = fault.Fields(err); fields != nil {
		return fields, nil, fiber.StatusUnprocessableEntity, nil
	}
	if fault.KindOf(err) == fault.Conflict {
		return nil, asFault(err), fiber.StatusConflict, nil
	}
	return nil, nil, 0, err
}

func queueFilter(q func(string, ...string) string) review.Filter {
	return review.Filter{Queue: review.QueueName(q("queue")), Programme: q("programme"), EntityType: q("entity_type"),
		Status: application.Status(q("status")), Order: review.Order(q("sort")), After: q("after")}
}

// showDesk shows one page of a queue.
func (w *Web) showDesk(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.queuePage(c, who, queueFilter(c.Query))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Queue(p))
}

func (w *Web) queuePage(c *fiber.Ctx, who identity.Actor, f review.Filter) (view.QueuePage, error) {
	q, err := w.Reviews.Queue(c.UserContext(), who, f)
	return view.QueuePage{Chrome: w.wideChrome(c, who, t(c, "Desk")), Queue: q, Programmes: w.Programmes.All()}, err
}

// selections reads what was ticked in a list: ids, each with the version that was shown.
func selections(values []string) (out []review.Selection, err error) {
	for _, v := range values {
		id, version, _ := strings.Cut(v, ":")
		n, err := strconv.Atoi(version)
		picked, err2 := uuid.Parse(id)
		if err != nil || err2 != nil {
			return nil, fiber.ErrBadRequest
		}
		out = append(out, review.Selection{ID: picked, Version: n})
	}
	return out, nil
}

// assignCases assigns the chosen cases and shows the list again with a report.
func (w *Web) assignCases(c *fiber.Ctx, who identity.Actor) error {
	values := formAll(c, "case")
	chosen, err := selections(values)
	if err != nil {
		return err
	}
	person, err := uuid.Parse(c.FormValue("person"))
	if err != nil {
		person = uuid.Nil
	}
	report, err := w.Reviews.Assign(c.UserContext(), who, chosen, person)
	fields := fault.Fields(err)
	if err != nil && fields == nil {
		return err
	}
	back, _ := url.Parse(signin.LocalPath(c.FormValue("back")))
	if back == nil {
		back = &url.URL{}
	}
	q := back.Query()
	p, err := w.queuePage(c, who, queueFilter(func(name string, _ ...string) string { return q.Get(name) }))
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	p.Assigned, p.Errors = report, fields
	if fields != nil {
		status, p.Chrome.Errors, p.Chosen, p.Person = fiber.StatusUnprocessableEntity, true, values, c.FormValue("person")
	}
	p.Path = "/desk?" + q.Encode()
	return render(c, status, view.Queue(p))
}

// showDeskSearch shows the search and what it found.
func (w *Web) showDeskSearch(c *fiber.Ctx, who identity.Actor) error {
	p := view.SearchPage{Chrome: w.wideChrome(c, who, t(c, "Search"), deskCrumbs(c, t(c, "Search"))...)}
	q := c.Query("q")
	if q == "" {
		return render(c, fiber.StatusOK, view.Search(p))
	}
	err := w.sparingly(c, "search "+who.PersonID.String(), searches)
	if err != nil {
		return err
	}
	p.Found, err = w.Reviews.Search(c.UserContext(), who, q)
	p.Asked = true
	if p.Errors = fault.Fields(err); p.Errors != nil {
		p.Chrome.Errors = true
		return render(c, fiber.StatusUnprocessableEntity, view.Search(p))
	}
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Search(p))
}

// showDeskCompany shows everything about a company.
func (w *Web) showDeskCompany(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.companyPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Company(p))
}

func (w *Web) companyPage(c *fiber.Ctx, who identity.Actor) (view.CompanyPage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.CompanyPage{}, err
	}
	o, err := w.Reviews.Company360(c.UserContext(), who, id, timelineFilter(c))
	return view.CompanyPage{
		Chrome:  w.wideChrome(c, who, o.Company.Name, deskCrumbs(c, o.Company.Name)...),
		Company: o, Programmes: w.Programmes.All(), MaySettle: who.Is(identity.CaseWorkers...),
	}, err
}

func timelineFilter(c *fiber.Ctx) review.TimelineFilter {
	f := review.TimelineFilter{Kind: review.TimelineKind(c.Query("kind"))}
	if !slices.Contains(review.TimelineKinds(), f.Kind) {
		f.Kind = review.AllChanges
	}
	if n, err := strconv.ParseInt(c.Query("before"), 10, 64); err == nil && n > 0 {
		f.Before = n
	}
	return f
}

// settleDuplicate closes a note that two accounts may be one company.
func (w *Web) settleDuplicate(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "duplicate")
	if err != nil {
		return err
	}
	err = w.Companies.SettleDuplicate(c.UserContext(), who, id, c.FormValue("settlement"))
	if fields := fault.Fields(err); fields != nil {
		p, err := w.companyPage(c, who)
		if err != nil {
			return err
		}
		p.Errors, p.Chrome.Errors, p.Settling, p.Settlement = fields, true, id.String(), c.FormValue("settlement")
		return render(c, fiber.StatusUnprocessableEntity, view.Company(p))
	}
	if err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "Settled"))
	return seeOther(c, "/desk/companies/"+c.Params("id")+"#duplicates")
}

// showDeskChanges lists change notices.
func (w *Web) showDeskChanges(c *fiber.Ctx, who identity.Actor) error {
	f := company.NoticeFilter{Status: company.Sent}
	if s := company.Status(c.Query("status")); slices.Contains(company.Statuses(), s) {
		f.Status = s
	}
	if at, id, ok := strings.Cut(c.Query("after"), "_"); ok {
		when, err := time.Parse(time.RFC3339Nano, at)
		last, err2 := uuid.Parse(id)
		if err == nil && err2 == nil {
			f.AfterSent, f.AfterID = when, last
		}
	}
	list, more, err := w.Companies.NoticeQueue(c.UserContext(), who, f)
	if err != nil {
		return err
	}
	p := view.ChangesPage{Chrome: w.wideChrome(c, who, t(c, "Change notices"), deskCrumbs(c, t(c, "Change notices"))...), Items: list, Status: f.Status}
	path := "/desk/changes?status=" + string(f.Status)
	if f.AfterID != uuid.Nil {
		p.First = path
	}
	if more {
		last := list[len(list)-1]
		p.Next = path + "&after=" + url.QueryEscape(last.SentAt.UTC().Format(time.RFC3339Nano)+"_"+last.ID.String())
	}
	return render(c, fiber.StatusOK, view.Changes(p))
}

// showDeskChange shows one change notice.
func (w *Web) showDeskChange(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.changePage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Change(p))
}

func (w *Web) changePage(c *fiber.Ctx, who identity.Actor) (view.ChangePage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.ChangePage{}, err
	}
	f, err := w.Companies.Notice(c.UserContext(), who, id)
	return view.ChangePage{Chrome: w.wideChrome(c, who, f.Notice.Reference,
		ui.Crumb{Label: t(c, "Desk"), Href: "/desk"}, ui.Crumb{Label: t(c, "Change notices"), Href: "/desk/changes"}, ui.Crumb{Label: f.Notice.Reference}), File: f}, err
}

func (w *Web) acceptChange(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	_, err = w.Companies.AcceptNotice(c.UserContext(), who, id, formVersion(c))
	return w.changeDone(c, who, err, t(c, "The changes are accepted"))
}

func (w *Web) returnChange(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	_, err = w.Companies.ReturnNotice(c.UserContext(), who, id, formVersion(c), c.FormValue("reason"))
	return w.changeDone(c, who, err, t(c, "The notice is returned to the company"))
}

// changeDone says that a notice is decided, or shows it again with what stands against it.
func (w *Web) changeDone(c *fiber.Ctx, who identity.Actor, err error, done string) error {
	if fields := fault.Fields(err); fields != nil {
		p, err := w.changePage(c, who)
		if err != nil {
			return err
		}
		p.Errors, p.Chrome.Errors, p.Reason = fields, true, c.FormValue("reason")
		return render(c, fiber.StatusUnprocessableEntity, view.Change(p))
	}
	if err != nil {
		return err
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, "/desk/changes/"+c.Params("id"))
}
