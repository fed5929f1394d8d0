package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/partnerapi"
	"trustedtrader/app/pg"
	"trustedtrader/config"
)

// The machine door of partner agencies. It has no sessions and no cookies, so nothing of the
// pages' middleware: its callers show a token, and every refusal is a problem document
// (RFC 9457).

const (
	apiBase   = "/api/v1"
	mimeJWT   = "application/jwt"
	mimeLines = "application/jsonl"
)

// apiRoute is one operation. Without a scope nothing but the address is needed.
type apiRoute struct {
	method, path string
	scope        string
	handle       func(w *Web, c *fiber.Ctx, by partnerapi.Caller) error
}

// apiRoutes is the map of the machine door; config/api/openapi.yaml describes it, and a test
// holds the two together.
func apiRoutes() []apiRoute {
	return append(append(statusRoutes(), feedRoutes()...), []apiRoute{
		{"POST", apiBase + "/token", "", (*Web).apiToken},
		{"GET", apiBase + "/openapi.yaml", "", (*Web).apiDescription},
		{"GET", apiBase + "/events", partnerapi.FeedRead, (*Web).apiEvents},
		{"POST", apiBase + "/events/:id/ack", partnerapi.FeedRead, (*Web).apiAcknowledge},
		{"GET", apiBase + "/watchlist/:id", partnerapi.FeedRead, (*Web).apiWatched},
		{"PUT", apiBase + "/watchlist/:id", partnerapi.FeedRead, (*Web).apiWatch},
		{"DELETE", apiBase + "/watchlist/:id", partnerapi.FeedRead, (*Web).apiUnwatch},
		{"GET", apiBase + "/files", partnerapi.FeedRead, (*Web).apiFiles},
		{"GET", apiBase + "/files/:date", partnerapi.FeedRead, (*Web).apiFile},
		{"POST", apiBase + "/irregularities", partnerapi.IrregularityWrite, (*Web).apiReport},
	}...)
}

// mountAPI adds the machine door to the site, before anything that is for people.
func (w *Web) mountAPI(app fiber.Router) {
	app.Get("/.well-known/jwks.json", w.sendKeys)
	app.Get("/.well-known/jwt-vc-issuer", w.sendIssuer)
	app.Get("/.well-known/status-list/:list", w.sendStatusList)
	for _, r := range apiRoutes() {
		app.Add(r.method, strings.ReplaceAll(r.path, "status:batch", `status\:batch`), w.machine(r))
	}
	app.Use(apiBase, func(c *fiber.Ctx) error {
		for _, r := range apiRoutes() {
			if r.method != c.Method() && fiber.RoutePatternMatch(c.Path(), strings.ReplaceAll(r.path, "status:batch", `status\:batch`), fiber.Config{CaseSensitive: true, StrictRouting: true}) {
				return w.apiProblem(c, fiber.ErrMethodNotAllowed)
			}
		}
		return w.apiProblem(c, fault.Missing())
	})
}

// machine lets a client's request through to its handler: the token first, then the limit.
func (w *Web) machine(r apiRoute) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
		defer cancel()
		c.SetUserContext(pg.Counted(ctx))
		c.Set(fiber.HeaderCacheControl, "no-store")
		var by partnerapi.Caller
		if r.scope != "" {
			var err error
			if by, err = w.caller(c, r.scope); err != nil {
				return w.apiProblem(c, err)
			}
		}
		if err := r.handle(w, c, by); err != nil {
			return w.apiProblem(c, err)
		}
		return nil
	}
}

// cert is the SHA-256 of the client's TLS certificate, as a trusted proxy reports it. A header
// that comes twice was not set by the proxy alone, and says nothing.
func (w *Web) cert(c *fiber.Ctx) string {
	if w.Config.ClientCert == "" || !c.IsProxyTrusted() {
		return ""
	}
	if len(c.Request().Header.PeekAll(w.Config.ClientCert)) != 1 {
		return ""
	}
	return partnerapi.CertHash(c.Get(w.Config.ClientCert))
}

// apiRefusal is a refusal with a status of its own.
type apiRefusal struct {
	status int
	code   string
	detail string
	wait   time.Duration
}

func (e *apiRefusal) Error() string { return e.code + ": " + e.detail }

func (w *Web) caller(c *fiber.Ctx, scope string) (by partnerapi.Caller, err error) {
	kind, token, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !strings.EqualFold(kind, "Bearer") {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="api"`)
		return by, &apiRefusal{status: 401, code: "unauthorized", detail: "Send an access token: Authorization: Bearer …"}
	}
	by, ok, err := w.API.Recognise(c.UserContext(), strings.TrimSpace(token), w.cert(c), requestID(c))
	if err != nil {
		return by, err
	}
	if !ok {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="api", error="invalid_token"`)
		return by, &apiRefusal{status: 401, code: "unauthorized", detail: "The access token is not good, or no longer. Ask for a new one"}
	}
	q, err := w.API.Request(c.UserContext(), by)
	if err != nil {
		return by, err
	}
	quota(c, q)
	if q.Over {
		return by, overLimit(q)
	}
	if len(by.Under(scope)) == 0 {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="api", error="insufficient_scope", scope="`+scope+`"`)
		return by, &apiRefusal{status: 403, code: "insufficient_scope", detail: "This needs the scope " + scope + ", which the token does not have"}
	}
	return by, nil
}

func overLimit(q partnerapi.Quota) error {
	return &apiRefusal{status: 429, code: "limit", wait: q.Reset,
		detail: fmt.Sprintf("The limit of %d a minute is reached. Use the feed, the watch list and the daily files instead of asking again and again", q.Limit)}
}

// quota says what is left of a limit (draft-ietf-httpapi-ratelimit-headers).
func quota(c *fiber.Ctx, q partnerapi.Quota) {
	c.Append("RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=60`, q.Policy, q.Limit))
	c.Append("RateLimit", fmt.Sprintf(`"%s";r=%d;t=%d`, q.Policy, q.Left, up(q.Reset)))
}

func up(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// apiProblem writes a problem document (RFC 9457).
func (w *Web) apiProblem(c *fiber.Ctx, err error) error {
	status, code, detail := 500, "internal", "Something went wrong on our side. Try again, and name the request if it happens again"
	var own *apiRefusal
	var f *fault.Error
	var fe *fiber.Error
	switch {
	case errors.As(err, &own):
		status, code, detail = own.status, own.code, own.detail
		if own.wait > 0 {
			c.Set(fiber.HeaderRetryAfter, strconv.Itoa(up(own.wait)))
		}
	case errors.As(err, &f) && f.Kind != fault.Internal:
		status, code, detail = faultStatus(f.Kind)
		if f.Kind != fault.NotFound {
			detail = t(c, f.Message, f.Args...)
		}
	case errors.As(err, &fe):
		status, code, detail = fe.Code, strings.ToLower(strings.ReplaceAll(fe.Message, " ", "_")), fe.Message
	case pg.Lost(err):
		status, code, detail = 503, "unavailable", "The database cannot be reached. Try again in a moment"
		c.Set(fiber.HeaderRetryAfter, "5")
	}
	if status >= 500 {
		w.Log.Error("request failed", "request", requestID(c), "method", c.Method(), "route", c.Route().Path, "error", err.Error())
	}
	doc := map[string]any{"type": w.Config.BaseURL.JoinPath("api/docs").String() + "#problem-" + code, "title": strings.ReplaceAll(code, "_", " "), "status": status, "detail": detail, "instance": "urn:request:" + requestID(c)}
	if fields := fault.Fields(err); fields != nil {
		var list []map[string]string
		for _, x := range fields {
			list = append(list, map[string]string{"name": x.Name, "message": t(c, x.Message, x.Args...)})
		}
		doc["errors"] = list
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Status(status).Set(fiber.HeaderContentType, "application/problem+json")
	return c.Send(b)
}

func faultStatus(k fault.Kind) (int, string, string) {
	switch k {
	case fault.NotFound:
		return 404, "not_found", "There is nothing here, or it is not yours to see"
	case fault.Forbidden:
		return 403, "forbidden", ""
	case fault.Conflict:
		return 409, "conflict", ""
	}
	return 422, "invalid", ""
}

// accepts says in which form the answer is wanted: JSON, or signed.
func accepts(c *fiber.Ctx) (signed bool, err error) {
	if c.Get(fiber.HeaderAccept) == "" {
		return false, nil
	}
	switch c.Accepts(fiber.MIMEApplicationJSON, mimeJWT) {
	case fiber.MIMEApplicationJSON:
		return false, nil
	case mimeJWT:
		return true, nil
	}
	return false, &apiRefusal{status: 406, code: "not_acceptable", detail: "Accept application/json or application/jwt"}
}

// compose writes an answer as JSON, or signs the same JSON as a compact JWS.
func (w *Web) compose(c *fiber.Ctx, by partnerapi.Caller, status int, body any) (a partnerapi.Answer, err error) {
	signed, err := accepts(c)
	if err != nil {
		return a, err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return a, err
	}
	a = partnerapi.Answer{Status: status, Kind: fiber.MIMEApplicationJSON, Body: string(text)}
	if !signed {
		return a, nil
	}
	a.Kind = mimeJWT
	a.Body, err = w.API.Keys.Sign("JWT", map[string]any{"iss": w.API.Issuer(), "aud": by.Client.String(), "iat": w.Now().Unix(), "jti": uuid.NewString(), "answer": json.RawMessage(text)})
	return a, err
}

func send(c *fiber.Ctx, a partnerapi.Answer) error {
	c.Status(a.Status).Set(fiber.HeaderContentType, a.Kind)
	c.Vary(fiber.HeaderAccept)
	return c.SendString(a.Body)
}

// answer sends what a GET found, with a tag by which it is known again. Of is what the tag is
// made of: all that matters in the answer.
func (w *Web) answer(c *fiber.Ctx, by partnerapi.Caller, body any, of any, life time.Duration) error {
	text, err := json.Marshal(of)
	if err != nil {
		return err
	}
	a, err := w.compose(c, by, fiber.StatusOK, body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(append(text, a.Kind...))
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderCacheControl, fmt.Sprintf("private, max-age=%d", int(life.Seconds())))
	c.Vary(fiber.HeaderAccept)
	c.Vary(fiber.HeaderAuthorization)
	for given := range strings.SplitSeq(c.Get(fiber.HeaderIfNoneMatch), ",") {
		if given = strings.TrimSpace(given); given == tag || given == "*" {
			return c.SendStatus(fiber.StatusNotModified)
		}
	}
	return send(c, a)
}

// body reads JSON, and nothing that is not described.
func body(c *fiber.Ctx, into any) error {
	kind, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || kind != fiber.MIMEApplicationJSON {
		return &apiRefusal{status: 415, code: "unsupported_media_type", detail: "Send application/json"}
	}
	return decode(c.Body(), into)
}

// decode reads one JSON value, and nothing that is not described.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return &apiRefusal{status: 400, code: "bad_request", detail: "The body is not the JSON that is described: " + jsonTrouble(err)}
	}
	if d.More() {
		return &apiRefusal{status: 400, code: "bad_request", detail: "There is something after the JSON"}
	}
	return nil
}

// jsonTrouble says what is wrong with JSON without repeating what it holds.
func jsonTrouble(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("it breaks off at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("%q must be a %s", kind.Field, kind.Type)
	}
	return "a field is not known, or something is missing"
}

// once does what a POST asks for, and with an Idempotency-Key not twice.
func (w *Web) once(c *fiber.Ctx, by partnerapi.Caller, do func() (status int, body any, err error)) error {
	return w.onceOf(c, by, c.Body, do)
}

// onceOf is once for a body that stands for itself by its hash.
func (w *Web) onceOf(c *fiber.Ctx, by partnerapi.Caller, body func() []byte, do func() (status int, body any, err error)) error {
	work := func() (partnerapi.Answer, error) {
		status, body, err := do()
		if err != nil {
			return partnerapi.Answer{}, err
		}
		return w.compose(c, by, status, body)
	}
	if _, err := accepts(c); err != nil {
		return err
	}
	key := strings.Trim(c.Get("Idempotency-Key"), `"`)
	if key == "" {
		a, err := work()
		if err != nil {
			return err
		}
		return send(c, a)
	}
	a, again, err := w.API.Once(c.UserContext(), by, key, c.Method()+" "+c.OriginalURL()+" "+c.Get(fiber.HeaderAccept)+"\n"+string(body()), work)
	if err != nil {
		return err
	}
	if again {
		c.Set("Idempotency-Replayed", "true")
	}
	return send(c, a)
}

// sendKeys are the public keys that verify what the portal signs (RFC 7517).
func (w *Web) sendKeys(c *fiber.Ctx) error {
	b, err := json.Marshal(w.API.Keys.Set())
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=300")
	c.Set(fiber.HeaderContentType, "application/jwk-set+json")
	return c.Send(b)
}

const (
	tokenTries = 120 // of one machine in a minute
	eventsPage = 100
)

// apiToken gives a client its token. Refusals are in the words of OAuth (RFC 6749 §5.2).
func (w *Web) apiToken(c *fiber.Ctx, _ partnerapi.Caller) error {
	if err := w.sparingly(c, "token "+c.IP(), tokenTries); err != nil {
		return &apiRefusal{status: 429, code: "limit", detail: "Too many requests for tokens. A token is good for ten minutes: keep it"}
	}
	if kind, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err != nil || kind != fiber.MIMEApplicationForm {
		return &apiRefusal{status: 415, code: "unsupported_media_type", detail: "Send application/x-www-form-urlencoded"}
	}
	tok, err := w.API.Token(c.UserContext(), partnerapi.TokenRequest{GrantType: c.FormValue("grant_type"), AssertionType: c.FormValue("client_assertion_type"),
		Assertion: c.FormValue("client_assertion"), Scope: c.FormValue("scope"), ClientID: c.FormValue("client_id"), Cert: w.cert(c), RequestID: requestID(c)})
	var refused *partnerapi.TokenError
	c.Set(fiber.HeaderPragma, "no-cache")
	switch {
	case errors.As(err, &refused):
		status := fiber.StatusBadRequest
		if refused.Code == "invalid_client" {
			status = fiber.StatusUnauthorized
		}
		w.Log.Warn("token refused", "request", requestID(c), "code", refused.Code)
		return c.Status(status).JSON(refused)
	case err != nil:
		return err
	}
	return c.JSON(tok)
}

func (w *Web) apiEvents(c *fiber.Ctx, by partnerapi.Caller) error {
	most := eventsPage
	if text := c.Query("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			n = 0
		}
		most = n
	}
	p, err := w.API.Events(c.UserContext(), by, c.Query("after"), most)
	if err != nil {
		return err
	}
	return w.answer(c, by, p, p, 0)
}

func (w *Web) apiAcknowledge(c *fiber.Ctx, by partnerapi.Caller) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	return w.once(c, by, func() (int, any, error) {
		at, err := w.API.Acknowledge(c.UserContext(), by, id)
		return fiber.StatusOK, map[string]any{"id": id, "acknowledged_at": at}, err
	})
}

func (w *Web) apiWatched(c *fiber.Ctx, by partnerapi.Caller) error {
	x, err := w.API.Watched(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return w.answer(c, by, x, x, 0)
}

func (w *Web) apiWatch(c *fiber.Ctx, by partnerapi.Caller) error {
	var in struct {
		Arrangement string `json:"arrangement"`
		Scheme      string `json:"scheme"`
		Value       string `json:"value"`
		OwnRef      string `json:"own_ref"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	x, made, err := w.API.Watch(c.UserContext(), by, partnerapi.Watch{Ref: c.Params("id"), Arrangement: in.Arrangement, Scheme: in.Scheme, Value: in.Value, OwnRef: in.OwnRef})
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if made {
		status = fiber.StatusCreated
	}
	a, err := w.compose(c, by, status, x)
	if err != nil {
		return err
	}
	return send(c, a)
}

func (w *Web) apiUnwatch(c *fiber.Ctx, by partnerapi.Caller) error {
	if err := w.API.Unwatch(c.UserContext(), by, c.Params("id")); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (w *Web) apiReport(c *fiber.Ctx, by partnerapi.Caller) error {
	var in partnerapi.Report
	if err := body(c, &in); err != nil {
		return err
	}
	return w.once(c, by, func() (int, any, error) {
		r, err := w.API.Report(c.UserContext(), by, in)
		return fiber.StatusCreated, r, err
	})
}

func (w *Web) apiFiles(c *fiber.Ctx, by partnerapi.Caller) error {
	list, err := w.API.Files(c.UserContext(), by)
	if err != nil {
		return err
	}
	out := map[string]any{"files": list}
	return w.answer(c, by, out, out, 0)
}

// apiFile sends one daily file as lines of JSON, or its manifest signed.
func (w *Web) apiFile(c *fiber.Ctx, by partnerapi.Caller) error {
	f, err := w.API.File(c.UserContext(), by, partnerapi.FileQuestion{Date: c.Params("date"), Arrangement: c.Query("arrangement"), Kind: c.Query("kind", "full"), Since: c.Query("since")})
	if err != nil {
		return err
	}
	if c.Get(fiber.HeaderAccept) != "" && c.Accepts(mimeLines, mimeJWT) == mimeJWT {
		return w.answer(c, by, f.File, f.File, 0)
	}
	sum, err := hexBase64(f.SHA256)
	if err != nil {
		return err
	}
	c.Set("Repr-Digest", "sha-256=:"+sum+":")
	c.Set("X-Count", strconv.Itoa(f.Count))
	if f.Previous != "" {
		c.Set("X-Previous-SHA256", f.Previous)
	}
	if f.Result != "" {
		c.Set("X-Result-SHA256", f.Result)
	}
	c.Set(fiber.HeaderContentType, mimeLines)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="%s-%s-%s.jsonl"`, f.Arrangement, f.Day, f.Kind))
	return c.SendString(f.Body)
}

func hexBase64(text string) (string, error) {
	b, err := hex.DecodeString(text)
	return base64.StdEncoding.EncodeToString(b), err
}

// apiDescription sends the description of the machine door.
func (w *Web) apiDescription(c *fiber.Ctx, _ partnerapi.Caller) error {
	c.Set(fiber.HeaderContentType, "application/yaml")
	c.Set(fiber.HeaderCacheControl, "public, max-age=300")
	return c.Send(config.OpenAPI)
}
