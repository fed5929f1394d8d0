package web

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/clock"
	"trustedtrader/app/consultation"
	"trustedtrader/app/fault"
	"trustedtrader/app/partnerapi"
)

// Checks of programs: the same as those of people (package consultation), with the limits and
// the forms of the machine door.

// statusLife is how long an answer may be kept: less than it may take until a member's
// withdrawal of consent is everywhere.
const statusLife = time.Minute

// statusRoutes are the operations about the status of operators.
func statusRoutes() []apiRoute {
	return []apiRoute{
		{"GET", apiBase + "/status/:scheme/:id", partnerapi.StatusRead, (*Web).apiStatus},
		{"POST", apiBase + "/status:batch", partnerapi.StatusRead, (*Web).apiBatch},
		{"GET", apiBase + "/consultations/:number", partnerapi.StatusRead, (*Web).apiConsultation},
	}
}

// under finds the arrangement of a check: the one that was named, or the only one.
func under(by partnerapi.Caller, scope, named string) (string, error) {
	if named != "" {
		if !by.May(scope, named) {
			return "", fault.Fail([]fault.Field{fault.F("arrangement", "Choose an arrangement under which the token has the scope %s", scope)})
		}
		return named, nil
	}
	list := by.Under(scope)
	if len(list) != 1 {
		return "", fault.Fail([]fault.Field{fault.F("arrangement", "Name the arrangement, for you have several")})
	}
	return list[0], nil
}

// anyScheme asks all kinds of numbers.
const anyScheme = "any"

func question(by partnerapi.Caller, arrangement, scheme, id, purpose, ownRef, asOf string) (q consultation.Question, err error) {
	if scheme == anyScheme {
		scheme = ""
	}
	q = consultation.Question{Scheme: scheme, Value: id, Arrangement: arrangement, Purpose: purpose, OwnRef: ownRef, Client: by.Client.String()}
	if asOf == "" {
		return q, nil
	}
	if q.On, err = clock.ParseDay(asOf); err != nil {
		return q, fault.Fail([]fault.Field{fault.F("as_of", "Enter the day as YYYY-MM-DD")})
	}
	return q, nil
}

// countChecks counts checks against the limit of the arrangement.
func (w *Web) countChecks(c *fiber.Ctx, by partnerapi.Caller, arrangement string, n int) error {
	q, err := w.API.Checks(c.UserContext(), by, arrangement, n)
	if err != nil {
		return err
	}
	quota(c, q)
	if q.Over {
		return overLimit(q)
	}
	return nil
}

// notRecorded is the refusal of a check that could not be recorded, and so has no answer.
func notRecorded(a consultation.Answer) error {
	if a.Outcome != consultation.Unavailable {
		return nil
	}
	return &apiRefusal{status: 503, code: "unavailable", detail: "The check could not be recorded, so there is no answer. Ask again", wait: time.Duration(a.RetryAfter) * time.Second}
}

func (w *Web) apiStatus(c *fiber.Ctx, by partnerapi.Caller) error {
	if _, err := accepts(c); err != nil {
		return err
	}
	arrangement, err := under(by, partnerapi.StatusRead, c.Query("arrangement"))
	if err != nil {
		return err
	}
	q, err := question(by, arrangement, c.Params("scheme"), c.Params("id"), c.Query("purpose"), c.Query("own_ref"), c.Query("as_of"))
	if err != nil {
		return err
	}
	if err := w.countChecks(c, by, arrangement, 1); err != nil {
		return err
	}
	a, err := w.Checks.Check(c.UserContext(), by.Actor, q)
	if err != nil {
		return err
	}
	if err := notRecorded(a); err != nil {
		return err
	}
	text, err := a.JSON()
	if err != nil {
		return err
	}
	same := a // but for what is new in each check
	same.Number, same.KnownAt = "", ""
	if q.On.IsZero() {
		same.AsOf = ""
	}
	c.Set("Consultation-Number", a.Number)
	return w.answer(c, by, json.RawMessage(text), same, statusLife)
}

func (w *Web) apiBatch(c *fiber.Ctx, by partnerapi.Caller) error {
	var in struct {
		Arrangement string `json:"arrangement"`
		Purpose     string `json:"purpose"`
		OwnRef      string `json:"own_ref"`
		AsOf        string `json:"as_of"`
		Rows        []struct {
			Scheme string `json:"scheme"`
			ID     string `json:"id"`
		} `json:"rows"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	arrangement, err := under(by, partnerapi.StatusRead, in.Arrangement)
	if err != nil {
		return err
	}
	var list []consultation.Question
	for _, r := range in.Rows {
		q, err := question(by, arrangement, r.Scheme, r.ID, in.Purpose, in.OwnRef, in.AsOf)
		if err != nil {
			return err
		}
		list = append(list, q)
	}
	return w.once(c, by, func() (int, any, error) {
		if err := w.countChecks(c, by, arrangement, max(len(list), 1)); err != nil {
			return 0, nil, err
		}
		answers, err := w.Checks.CheckMany(c.UserContext(), by.Actor, list)
		if err != nil {
			return 0, nil, err
		}
		out := make([]json.RawMessage, len(answers))
		for i, a := range answers {
			if err := notRecorded(a); err != nil {
				return 0, nil, err
			}
			if out[i], err = a.JSON(); err != nil {
				return 0, nil, fmt.Errorf("write answer %s: %w", strconv.Itoa(i), err)
			}
		}
		return fiber.StatusOK, map[string]any{"answers": out}, nil
	})
}

func (w *Web) apiConsultation(c *fiber.Ctx, by partnerapi.Caller) error {
	r, err := w.Checks.Show(c.UserContext(), by.Actor, c.Params("number"))
	if err != nil {
		return err
	}
	if r.Arrangement != "" && !by.May(partnerapi.StatusRead, r.Arrangement) {
		return fault.Missing()
	}
	out := struct {
		Number      string          `json:"number"`
		At          time.Time       `json:"at"`
		Arrangement string          `json:"arrangement,omitempty"`
		Purpose     string          `json:"purpose"`
		OwnRef      string          `json:"own_ref,omitempty"`
		Scheme      string          `json:"scheme"`
		Asked       string          `json:"asked"`
		Answer      json.RawMessage `json:"answer"`
	}{r.Number, r.At, r.Arrangement, r.Purpose, r.OwnRef, r.Scheme, r.Asked, r.Text}
	if out.Scheme == "" {
		out.Scheme = anyScheme
	}
	return w.answer(c, by, out, out, statusLife)
}
