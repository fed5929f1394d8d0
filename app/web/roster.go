package web

import (
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/roster"
	view "trustedtrader/views/roster"
	"trustedtrader/views/ui"
)

// weeksShown is how many weeks the calendar by officer shows.
const weeksShown = 13

// rosterQuery reads what a page of the roster asks for. Without an office it shows the
// actor's own, and headquarters and auditors all of them.
func rosterQuery(c *fiber.Ctx, who identity.Actor) (view.Query, roster.Filter) {
	q := view.Query{View: c.Query("view"), Month: c.Query("month"), Office: c.Query("office"), Programme: c.Query("programme"), Officer: c.Query("officer"),
		Sort: c.Query("sort"), More: c.Query("more")}
	if q.Office == "" {
		q.Office = "all"
		if who.Is(identity.Specialist, identity.Supervisor) {
			q.Office = who.OfficeID.String()
		}
	}
	f := roster.Filter{Programme: q.Programme, ByLoad: q.Sort == "load"}
	if id, err := uuid.Parse(q.Office); err == nil {
		f.Office = id
	} else {
		q.Office = "all"
	}
	if id, err := uuid.Parse(q.Officer); err == nil {
		f.Officer = id
	} else {
		q.Officer = ""
	}
	return q, f
}

// showOfficers lists the officers with their load.
func (w *Web) showOfficers(c *fiber.Ctx, who identity.Actor) error {
	q, f := rosterQuery(c, who)
	f.Officer = uuid.Nil
	roll, err := w.Roster.Officers(c.UserContext(), who, f)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Roll(view.RollPage{Chrome: w.wideChrome(c, who, t(c, "Officers"), deskCrumbs(c, t(c, "Officers"))...),
		Roll: roll, Programmes: w.Programmes.All(), Query: q}))
}

func (w *Web) officerCrumbs(c *fiber.Ctx, here string) []ui.Crumb {
	return []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Officers"), Href: "/desk/officers"}, {Label: here}}
}

// showOfficer shows one officer with the agenda.
func (w *Web) showOfficer(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.officerPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Officer(p))
}

func (w *Web) officerPage(c *fiber.Ctx, who identity.Actor) (view.OfficerPage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.OfficerPage{}, err
	}
	r, err := w.Roster.Officer(c.UserContext(), who, id)
	return view.OfficerPage{Chrome: w.wideChrome(c, who, r.Name, w.officerCrumbs(c, r.Name)...), Record: r, Programmes: w.Programmes.All(),
		Now: w.Now(), Zone: who.Zone, Entered: view.Absence{Kind: roster.Leave}}, err
}

// refusedOfficer is the page of an officer again, with what stands against a form.
func (w *Web) refusedOfficer(c *fiber.Ctx, who identity.Actor, refusal error, fill func(*view.OfficerPage)) error {
	fields, conflict, status, err := kept(refusal)
	if err != nil {
		return err
	}
	p, err := w.officerPage(c, who)
	if err != nil {
		return err
	}
	if p.Errors, p.Chrome.Errors = fields, true; conflict != nil {
		p.Sentence = t(c, conflict.Message, conflict.Args...)
	}
	fill(&p)
	return render(c, status, view.Officer(p))
}

// addAbsence enters leave, training or something else.
func (w *Web) addAbsence(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	typed := view.Absence{Kind: c.FormValue("kind"), From: formDate(c, "from"), To: formDate(c, "to"), FromTime: c.FormValue("from_time"), ToTime: c.FormValue("to_time"), Note: c.FormValue("note")}
	err = w.Roster.AddAbsence(c.UserContext(), who, id, roster.AbsenceEntry{Kind: typed.Kind, From: writtenDate(typed.From), To: writtenDate(typed.To),
		FromTime: typed.FromTime, ToTime: typed.ToTime, Note: typed.Note})
	if err != nil {
		return w.refusedOfficer(c, who, err, func(p *view.OfficerPage) { p.Entered = typed })
	}
	w.flash(c, ui.Good, t(c, "It is entered"))
	return seeOther(c, "/desk/officers/"+id.String()+"#agenda")
}

// cancelAbsence takes leave or training out again.
func (w *Web) cancelAbsence(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	booking, err := pathID(c, "booking")
	if err != nil {
		return err
	}
	if err := w.Roster.CancelAbsence(c.UserContext(), who, id, booking, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "It is taken out"))
	return seeOther(c, "/desk/officers/"+id.String()+"#agenda")
}

// endOfficer takes an officer off the roster.
func (w *Web) endOfficer(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Roster.End(c.UserContext(), who, id, formVersion(c), c.FormValue("reason")); err != nil {
		return w.refusedOfficer(c, who, err, func(p *view.OfficerPage) { p.Reason = c.FormValue("reason") })
	}
	w.flash(c, ui.Good, t(c, "The officer is off the roster"))
	return seeOther(c, "/desk/officers")
}

func readOfficer(c *fiber.Ctx) roster.OfficerEntry {
	return roster.OfficerEntry{PersonID: formUUID(c, "person"), Languages: formAll(c, "languages"), Skills: formAll(c, "skills"), Base: c.FormValue("base"),
		BaseCountry: c.FormValue("base_country"), BaseLat: c.FormValue("base_lat"), BaseLon: c.FormValue("base_lon"), Zone: c.FormValue("zone"),
		WorkDays: formAll(c, "work_days"), WorkFrom: c.FormValue("work_from"), WorkTo: c.FormValue("work_to"), Capacity: c.FormValue("capacity"),
		Nights: c.FormValue("nights"), WeeksInARow: c.FormValue("weeks_in_a_row"), Version: formVersion(c)}
}

// newOfficer shows the form that registers an officer.
func (w *Web) newOfficer(c *fiber.Ctx, who identity.Actor) error {
	return w.renderNewOfficer(c, who, fiber.StatusOK, roster.NewOfficer(), nil)
}

func (w *Web) renderNewOfficer(c *fiber.Ctx, who identity.Actor, status int, in roster.OfficerEntry, fields []fault.Field) error {
	list, err := w.Roster.Candidates(c.UserContext(), who)
	if err != nil {
		return err
	}
	title := t(c, "Register an officer")
	p := view.FormPage{Chrome: w.chrome(c, who, title), New: true, Candidates: list, Programmes: w.Programmes.All(), Entered: in, Errors: fields}
	p.Chrome.Breadcrumb, p.Chrome.Errors = w.officerCrumbs(c, title), fields != nil
	return render(c, status, view.Form(p))
}

// registerOfficer makes a person an officer.
func (w *Web) registerOfficer(c *fiber.Ctx, who identity.Actor) error {
	in := readOfficer(c)
	if err := w.Roster.Register(c.UserContext(), who, in); err != nil {
		fields := fault.Fields(err)
		if fields == nil {
			return err
		}
		return w.renderNewOfficer(c, who, fiber.StatusUnprocessableEntity, in, fields)
	}
	w.flash(c, ui.Good, t(c, "The officer is registered"))
	return seeOther(c, "/desk/officers/"+in.PersonID.String())
}

// editOfficer shows the form that changes an officer.
func (w *Web) editOfficer(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.changePageOf(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Form(p))
}

func (w *Web) changePageOf(c *fiber.Ctx, who identity.Actor) (view.FormPage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.FormPage{}, err
	}
	r, err := w.Roster.Officer(c.UserContext(), who, id)
	if err != nil {
		return view.FormPage{}, err
	}
	if !r.MayChange {
		return view.FormPage{}, fault.New(fault.Forbidden, "Only a supervisor of the office can change an officer, and nobody their own record")
	}
	p := view.FormPage{Chrome: w.chrome(c, who, t(c, "Change %s", r.Name)), Officer: r.Officer, Programmes: w.Programmes.All(), Entered: r.Entry()}
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Officers"), Href: "/desk/officers"},
		{Label: r.Name, Href: "/desk/officers/" + id.String()}, {Label: t(c, "Change")}}
	return p, nil
}

// changeOfficer changes what is known of an officer.
func (w *Web) changeOfficer(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := readOfficer(c)
	if err := w.Roster.Change(c.UserContext(), who, id, in); err != nil {
		fields, conflict, status, rest := kept(err)
		if rest != nil {
			return rest
		}
		p, err := w.changePageOf(c, who)
		if err != nil {
			return err
		}
		if conflict != nil {
			p.Stale, p.Moved, in.Version = true, conflict.Changed, p.Officer.Version
		}
		p.Entered, p.Errors, p.Chrome.Errors = in, fields, true
		return render(c, status, view.Form(p))
	}
	w.flash(c, ui.Good, t(c, "The officer is saved"))
	return seeOther(c, "/desk/officers/"+id.String())
}

// showCalendar shows a month of visits, or thirteen weeks of officers.
func (w *Web) showCalendar(c *fiber.Ctx, who identity.Actor) error {
	q, f := rosterQuery(c, who)
	today := clock.DayOf(w.Now(), who.Zone)
	if q.View != "agenda" && q.View != "weeks" {
		q.View = "month"
	}
	at, err := time.Parse("2006-01", q.Month)
	if err != nil || at.Year() < 2000 || at.Year() > 2199 {
		q.Month = today.Time().Format("2006-01")
		at, err = time.Parse("2006-01", q.Month)
	}
	if err != nil {
		return err
	}
	first := clock.DayOf(at, time.UTC)
	from, to := monday(first), monday(first.AddMonths(1)).AddDays(6)
	if q.View == "weeks" {
		if q.Month == today.Time().Format("2006-01") {
			from = monday(today)
		}
		to = from.AddDays(7*weeksShown - 1)
	}
	board, err := w.Roster.Board(c.UserContext(), who, f, from, to)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Board(view.BoardPage{Chrome: w.wideChrome(c, who, t(c, "Calendar"), deskCrumbs(c, t(c, "Calendar"))...),
		Board: board, Programmes: w.Programmes.All(), Query: q, First: first, Today: today, Now: w.Now(), Zone: who.Zone}))
}

// monday is the first day of a week.
func monday(d clock.Day) clock.Day { return d.AddDays(-(int(d.Weekday()+6) % 7)) }

// showCapacity shows the load of officers and what is due.
func (w *Web) showCapacity(c *fiber.Ctx, who identity.Actor) error {
	q, f := rosterQuery(c, who)
	more, err := strconv.Atoi(q.More)
	if err != nil {
		more = 0
	}
	list, err := w.Roster.Capacity(c.UserContext(), who, f, more)
	if err != nil {
		return err
	}
	q.More = strconv.Itoa(list.More)
	return render(c, fiber.StatusOK, view.Capacity(view.CapacityPage{Chrome: w.wideChrome(c, who, t(c, "Capacity"), deskCrumbs(c, t(c, "Capacity"))...),
		Capacity: list, Programmes: w.Programmes.All(), Query: q}))
}
