package web

import (
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"trustedtrader/app/benefit"
	"trustedtrader/app/evidence"
)

// Limits of a form with a file, whose body is read as a stream.
const (
	streamWait   = 30 * time.Second // for the next piece of so many bytes
	streamPiece  = 64 << 10
	streamAll    = time.Hour
	streamsAtOne = 16 // of one portal, each with a few MiB

	mostFormFields = 40
	mostFieldBytes = 16 << 10
	mostFormBytes  = 128 << 10
)

// takeBody reads the body of a request, or lets it through as a stream to the few routes
// that read one. It runs before anything looks at a body.
//
// Why: a file of 100 MB must pass through without being held, so the server hands every
// body over as a stream (StreamRequestBody). It then knows no limit of its own, takes
// whatever a handler asks for into memory, and gives an error's text out as if it were the
// body. So everybody else's body is read here, within the ordinary limit, as it comes: who
// announces much and sends nothing holds nothing. A body of unknown length is refused;
// browsers send none.
func takeBody(streams func(method, path string) bool) fiber.Handler {
	slots := make(chan struct{}, streamsAtOne)
	return func(c *fiber.Ctx) error {
		r := c.Request()
		stream := r.BodyStream()
		if stream == nil {
			return c.Next()
		}
		length := r.Header.ContentLength()
		form := strings.HasPrefix(strings.ToLower(string(r.Header.ContentType())), fiber.MIMEMultipartForm)
		if length > 0 && (form && streams(c.Method(), c.Path()) || brings(c.Method(), c.Path())) {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			default:
				c.Context().SetConnectionClose()
				c.Set(fiber.HeaderRetryAfter, "60")
				return fiber.ErrServiceUnavailable
			}
			err := c.Next()
			drain(c.Context())
			return err
		}
		switch {
		case length < 0:
			c.Context().SetConnectionClose()
			return fiber.ErrLengthRequired
		case length > bodyLimit:
			c.Context().SetConnectionClose()
			return fiber.ErrRequestEntityTooLarge
		}
		body, err := io.ReadAll(io.LimitReader(stream, int64(length)))
		if err != nil || len(body) != length {
			c.Context().SetConnectionClose()
			return fiber.ErrRequestTimeout
		}
		r.SetBodyRaw(body)
		return c.Next()
	}
}

// streaming tells the requests whose handlers read the body themselves.
func streaming(routes []Route) func(method, path string) bool {
	routes = slices.DeleteFunc(slices.Clone(routes), func(r Route) bool { return !r.Access.streams })
	return func(method, path string) bool {
		return slices.ContainsFunc(routes, func(r Route) bool {
			return r.Method == method && fiber.RoutePatternMatch(path, r.Path, fiber.Config{CaseSensitive: true, StrictRouting: true})
		})
	}
}

// brings tells the request by which a program brings a list, whose handler reads the body
// itself once it knows the program.
func brings(method, path string) bool {
	return method == fiber.MethodPut && strings.HasPrefix(path, apiBase+"/feeds/")
}

// paced is a body as it comes from the network. A sender must go on within half a minute;
// the deadline of ordinary requests would be over in the middle of a large file.
type paced struct {
	ctx   *fasthttp.RequestCtx
	body  io.Reader
	until time.Time // of the whole
	piece int       // bytes since the deadline was set
}

func newPaced(ctx *fasthttp.RequestCtx) *paced {
	return &paced{ctx: ctx, body: ctx.RequestBodyStream(), until: time.Now().Add(streamAll), piece: streamPiece}
}

func (p *paced) Read(b []byte) (int, error) {
	if p.piece >= streamPiece {
		next := time.Now().Add(streamWait)
		if next.After(p.until) {
			next = p.until
		}
		if err := p.ctx.SetReadDeadline(next); err != nil {
			return 0, err
		}
		p.piece = 0
	}
	n, err := p.body.Read(b)
	p.piece += n
	return n, err
}

// drain reads what is left of a body that was answered early, for a while: browsers show
// the answer only to who was allowed to finish. What is left then closes the connection.
func drain(ctx *fasthttp.RequestCtx) {
	body := ctx.RequestBodyStream()
	if body == nil || ctx.SetReadDeadline(time.Now().Add(streamWait)) != nil {
		return
	}
	if _, err := io.CopyN(io.Discard, body, max(3*evidence.MostBytes, benefit.MostBytes+mostFormBytes)); !errors.Is(err, io.EOF) {
		ctx.SetConnectionClose()
	}
}

// streamedForm is a form with a file at its end.
type streamedForm struct {
	values   map[string]string
	file     *multipart.Part // nil: there was none
	fileName string
	declared string
}

// FormValue is the value of a field that stood before the file.
func (f streamedForm) FormValue(name string) string { return f.values[name] }

// openForm reads a form up to its file. The token must be its first field: nothing else is
// read for a page that is not ours.
func openForm(c *fiber.Ctx) (f streamedForm, err error) {
	_, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || params["boundary"] == "" {
		return f, fiber.ErrUnsupportedMediaType
	}
	parts := multipart.NewReader(newPaced(c.Context()), params["boundary"])
	f.values = map[string]string{}
	for n, total := 0, 0; ; n++ {
		p, err := parts.NextRawPart()
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			return f, nil
		case err != nil, n == mostFormFields:
			return f, fiber.ErrBadRequest
		}
		if n == 0 && (p.FormName() != "csrf" || p.FileName() != "") {
			return f, errOldPage
		}
		if p.FileName() != "" {
			f.file, f.fileName, f.declared = p, p.FileName(), p.Header.Get(fiber.HeaderContentType)
			return f, nil
		}
		value, err := io.ReadAll(io.LimitReader(p, mostFieldBytes+1))
		if total += len(value); err != nil || len(value) > mostFieldBytes || total > mostFormBytes {
			return f, fiber.ErrBadRequest
		}
		if n == 0 && subtle.ConstantTimeCompare(value, []byte(known(c).CSRF)) != 1 {
			return f, errOldPage
		}
		if _, twice := f.values[p.FormName()]; !twice {
			f.values[p.FormName()] = string(value)
		}
	}
}

// wholeFile reads the file of a form that comes as a stream, up to so many bytes and one
// more, by which the service sees that it is too large; none when no file was chosen.
func wholeFile(c *fiber.Ctx, most int64) (fileName string, content []byte, err error) {
	if !c.Request().IsBodyStream() {
		return "", nil, nil // a form without a file
	}
	form, err := openForm(c)
	if err != nil || form.file == nil {
		return "", nil, err
	}
	if content, err = io.ReadAll(io.LimitReader(form.file, most+1)); err != nil {
		return "", nil, fiber.ErrRequestTimeout
	}
	return form.fileName, content, nil
}
