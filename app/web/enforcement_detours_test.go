package web

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/enforcement"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile/profiletest"
)

// dayOf are the fields of a day, as step takes them.
func dayOf(name, year, month, date string) []string {
	return []string{name + "-year", year, name + "-month", month, name + "-day", date}
}

// proposes sends the form of a proposal, weighed so that it leads to a suspension.
func (d *desk) proposes(who identity.Actor, at, ground, measure string, more ...string) {
	d.t.Helper()
	fields := append([]string{"ground", ground, "measure", measure, "reasons", "The seal was cut.", "deviation", "It is what works"}, more...)
	for name, value := range map[string]string{"severity": "serious", "part": "gross", "reported": "not", "repeated": "first", "cooperation": "some", "repaired": "planned"} {
		fields = append(fields, enforcement.AnswerField(name), value)
	}
	d.step(who, at+"/propose", "/propose", fields...)
}

// registers sends the form of an incident at the desk, and returns its page. When there are
// likely duplicates, it says that this is another one.
func (d *desk) registers(company uuid.UUID, kind, number string) string {
	d.t.Helper()
	at, tail := "/desk/incidents/new?company="+company.String(), "company="+company.String()
	form := fill(d.t, d.a.want(200, d.w.Sam, "GET", at, nil), tail)
	for name, value := range map[string]string{"kind": kind, "place": "Port of Newark", "facts": "It was cut.", "way": "field", "number": number} {
		form.Set(name, value)
	}
	dayFields(form, "from", "2026", "3", "1")
	dayFields(form, "found_on", "2026", "3", "2")
	if d.w.Count(`select count(*)::int from incident`) > 0 {
		form = fill2(d.t, d.a.want(422, d.w.Sam, "POST", at, form), tail, "ruled_out", "Another container")
	}
	d.a.want(303, d.w.Sam, "POST", at, form)
	return "/desk/incidents/" + d.w.Text(`select id::text from incident where number = $1`, number)
}

// beginning is a member with an incident and a case about it.
func beginning(t *testing.T) (d *desk, owner identity.Actor, at, mine string) {
	t.Helper()
	w, a := newDesk(t)
	over := a.withFindings(w)
	d = &desk{t: t, a: a, w: w}
	owner, member := over.Member("Harbor Trading LLC")
	happened := d.registers(owner.CompanyID, "seal", "S 1")
	open := a.want(200, w.Sam, "GET", happened, nil).Find("a[href*='/desk/enforcement/new']").AttrOr("href", "")
	doc := a.want(200, w.Sam, "GET", open, nil)
	a.want(303, w.Sam, "POST", "/desk/enforcement/new?membership="+member.String(), fill2(t, doc, "membership="+member.String(), "reason", "The seal was cut"))
	mine = "/enforcement/" + w.Text(`select id::text from enforcement_case`)
	return d, owner, "/desk" + mine, mine
}

// TestEnforcementDetours takes every step of a case back once before it is taken again.
func TestEnforcementDetours(t *testing.T) {
	t.Parallel()
	d, owner, at, mine := beginning(t)
	w, a := d.w, d.a

	// A second entry of the same incident goes into the first, a third into the case.
	second := d.registers(owner.CompanyID, "drugs", "S 2")
	d.step(w.Sam, second, "/merge", "merge-into", "I-2026-0001", "merge-reason", "The same container")
	says(t, a.want(200, w.Sam, "GET", second, nil), "Merged")
	third := d.registers(owner.CompanyID, "theft", "S 3")
	d.step(w.Sam, at, "/link", "incidents", third[len("/desk/incidents/"):])
	says(t, a.want(200, w.Sam, "GET", third, nil), "E-2026-0001")

	suspend := dayOf("until", "2026", "6", "30")
	d.proposes(w.Sam, at, "security_incident", "suspend", suspend...)
	d.step(w.Sam, at, "/recall", "recall-reason", "The port has to be asked first")
	for range 2 {
		d.proposes(w.Sam, at, "security_incident", "suspend", suspend...)
		d.step(w.Sam, at, "/notify")
		d.step(owner, mine, "/answer", "answer-answer", "It was the port")
		if w.Count(`select count(*)::int from enforcement_proposal where decision = 'returned'`) == 0 {
			d.step(w.Boss, at, "/return", "return-reason", "Ask the port")
		}
	}
	says(t, a.want(200, w.Sam, "GET", at, nil), "Ask the port")
	d.step(w.Boss, at, "/approve")

	ask := append([]string{"time-asks_why", "The seals come late"}, dayOf("asks_until", "2026", "9", "30")...)
	d.step(owner, mine, "/time", ask...)
	d.step(w.Boss, at, "/keep", "keep-reason", "Other seals are to be had")
	d.step(owner, mine, "/time", ask...)
	d.step(w.Boss, at, "/extend", append([]string{"extend-reason", "They are not"}, dayOf("until", "2026", "9", "30")...)...)
	says(t, a.want(200, owner, "GET", mine, nil), "30 September 2026")

	d.step(owner, mine, "/items", append([]string{"goal", "Buy better seals"}, dayOf("due_on", "2026", "5", "1")...)...)
	d.step(owner, mine, "/plan")
	d.step(w.Sam, at, "/plan/back", "plan-return-plan_note", "And the log?")
	d.step(owner, mine, "/plan")
	d.step(w.Sam, at, "/plan/accept")
	says(t, a.want(200, owner, "GET", mine, nil), "Corrective action plan: 1. Buy better seals")
	d.step(owner, mine, "/done", "done-1-done", "Bought")
	d.step(w.Sam, at, "/verify", "verify-1-item_note", "Seen")
	d.step(w.Sam, at, "/reopen", "reopen-1-item_note", "They are the old ones")
	d.step(owner, mine, "/done", "done-1-done", "Bought now")
	d.step(w.Sam, at, "/verify", "verify-1-item_note", "Seen")
	d.step(owner, mine, "/consent", "name", "Olga Owner", "agreed", "yes")

	d.step(w.Sam, at, "/end", "end-reason", "All is mended")
	d.step(w.Sam, at, "/end/recall")
	d.step(w.Sam, at, "/end", "end-reason", "All is mended")
	d.step(w.Boss, at, "/end/return", "return-end-reason", "Look at the log once more")
	d.step(w.Sam, at, "/end", "end-reason", "All is mended, and the log is kept")
	d.step(w.Boss, at, "/end/approve")
	says(t, a.want(200, owner, "GET", mine, nil), "Closed", "Item done")
}

// TestPublicationPage publishes the name of a member that gave false information, once it
// cannot appeal any more.
func TestPublicationPage(t *testing.T) {
	t.Parallel()
	d, owner, at, mine := beginning(t)
	d.proposes(d.w.Sam, at, "false_information", "remove")
	d.step(d.w.Sam, at, "/notify")
	d.step(owner, mine, "/answer", "answer-answer", "We did not know")
	d.step(d.w.Boss, at, "/approve")
	doc := d.a.want(200, d.w.Boss, "GET", at, nil)
	d.a.want(422, d.w.Boss, "POST", at+"/publish", fill2(t, doc, "/publish", "publish-reason", "Federal Register"))
	d.w.Clock.Move(31 * 24 * time.Hour)
	d.step(d.w.Boss, at, "/publish", "publish-reason", "Federal Register of today")
	says(t, d.a.want(200, d.w.Sam, "GET", at, nil), "Published on")
}

// TestOwnRequestPages has a European holder ask for a suspension and say that it is ready.
func TestOwnRequestPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	over := a.withFindings(w)
	d := &desk{t: t, a: a, w: w}
	owner := w.Trader("Compagnie de Négoce")
	boss := w.Staff("Bart Boss", identity.Supervisor, w.Brussels)
	x := w.Submit(owner, "eu-aeo", "aeoc")
	x, err := w.Desk.Claim(w.Ctx, w.Other, x.ID, x.Version)
	w.Must(err)
	x, err = w.Desk.Accept(w.Ctx, w.Other, x.ID, x.Version)
	w.Must(err)
	if id := profiletest.OfApplication(w.Ctx, t, w.DB, x.ID); id != uuid.Nil {
		profiletest.Accept(w.Ctx, t, w.Profiles, w.Other, id)
	}
	x = w.ToCertify(w.Other, x)
	m, err := over.Members.Admit(w.Ctx, boss, x.ID, x.Version)
	w.Must(err)
	w.Clock.Move(10 * 24 * time.Hour)

	form := "/enforcement/request?membership=" + m.ID.String()
	doc := a.want(200, owner, "GET", form, nil)
	a.want(422, owner, "POST", form, fill(t, doc, m.ID.String()))
	d.step(owner, form, m.ID.String(), append([]string{"reason", "We rebuild the warehouse"}, dayOf("until", "2026", "5", "31")...)...)
	mine := "/enforcement/" + w.Text(`select id::text from enforcement_case`)
	d.step(w.Other, "/desk"+mine+"/propose", "/propose", append([]string{"ground", "own_request", "measure", "suspend", "reasons", "As it asks"}, dayOf("until", "2026", "5", "31")...)...)
	d.step(boss, "/desk"+mine, "/approve")
	says(t, a.want(200, owner, "GET", mine, nil), "Meet the conditions again")
	d.step(owner, mine, "/cure", "cure-cure", "It is built")
	says(t, a.want(200, w.Other, "GET", "/desk"+mine, nil), "Verify what the holder put right")
}
