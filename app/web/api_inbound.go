package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/inbound"
	"trustedtrader/app/partnerapi"
)

// Lists of foreign operators that programs bring: the same as those of people (package inbound).

// feedLife is how long what was told of a list may be kept.
const feedLife = 10 * time.Second

// feedRoutes are the operations about lists.
func feedRoutes() []apiRoute {
	return []apiRoute{
		{"GET", apiBase + "/feeds", partnerapi.OperatorsWrite, (*Web).apiFeeds},
		{"GET", apiBase + "/feeds/:id", partnerapi.OperatorsWrite, (*Web).apiFeed},
		{"GET", apiBase + "/feeds/:id/errors", partnerapi.OperatorsWrite, (*Web).apiFeedErrors},
		{"PUT", apiBase + "/feeds/:id", partnerapi.OperatorsWrite, (*Web).apiBring},
	}
}

// program is the caller as the lists know it.
func program(by partnerapi.Caller) inbound.Program {
	return inbound.Program{ID: by.Client, Actor: by.Actor, Under: by.Under(partnerapi.OperatorsWrite)}
}

func (w *Web) apiFeeds(c *fiber.Ctx, by partnerapi.Caller) error {
	list, err := w.Inbound.Freshness(c.UserContext(), program(by))
	if err != nil {
		return err
	}
	out := map[string]any{"channels": list}
	return w.answer(c, by, out, out, feedLife)
}

func (w *Web) apiFeed(c *fiber.Ctx, by partnerapi.Caller) error {
	st, err := w.Inbound.Delivered(c.UserContext(), program(by), c.Params("id"))
	if err != nil {
		return err
	}
	return w.answer(c, by, st, st, feedLife)
}

func (w *Web) apiFeedErrors(c *fiber.Ctx, by partnerapi.Caller) error {
	list, err := w.Inbound.Mistakes(c.UserContext(), program(by), c.Params("id"))
	if err != nil {
		return err
	}
	out := map[string]any{"errors": list}
	return w.answer(c, by, out, out, feedLife)
}

// apiBring takes a list. Its body is read only now that the program is known.
func (w *Web) apiBring(c *fiber.Ctx, by partnerapi.Caller) error {
	text, err := feedBody(c)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	if err := digest(c.Get("Content-Digest"), sum[:]); err != nil {
		return err
	}
	var in inbound.Delivery
	if err := decode(text, &in); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), feedTime)
	defer cancel()
	c.SetUserContext(ctx)
	hash := hex.EncodeToString(sum[:])
	return w.onceOf(c, by, func() []byte { return []byte(hash) }, func() (int, any, error) {
		st, made, err := w.Inbound.Deliver(ctx, program(by), c.Params("id"), hash, in)
		status := fiber.StatusOK
		switch {
		case made && st.Status == inbound.Taken:
			status = fiber.StatusCreated
		case made:
			status = fiber.StatusAccepted
		}
		return status, st, err
	})
}

// feedBody reads the body of a list, within the limit of lists.
func feedBody(c *fiber.Ctx) ([]byte, error) {
	kind, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || kind != fiber.MIMEApplicationJSON {
		return nil, &apiRefusal{status: 415, code: "unsupported_media_type", detail: "Send application/json"}
	}
	if !c.Request().IsBodyStream() {
		return c.Body(), nil // there is none
	}
	text, err := io.ReadAll(io.LimitReader(newPaced(c.Context()), inbound.MostBytes+1))
	switch {
	case err != nil:
		return nil, fiber.ErrRequestTimeout
	case len(text) > inbound.MostBytes:
		return nil, fiber.ErrRequestEntityTooLarge
	}
	return text, nil
}

// digest holds a body to the hash that its sender made (RFC 9530).
func digest(header string, sum []byte) error {
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		given, err := base64.StdEncoding.DecodeString(strings.Trim(value, ":"))
		if name != "sha-256" || err != nil {
			continue
		}
		if subtle.ConstantTimeCompare(given, sum) == 1 {
			return nil
		}
		return &apiRefusal{status: 400, code: "bad_request", detail: "The body is not the one whose Content-Digest you sent. It may not have arrived whole: send it again"}
	}
	return &apiRefusal{status: 400, code: "bad_request", detail: "Send Content-Digest: sha-256=:…: with the hash of the body (RFC 9530)"}
}
