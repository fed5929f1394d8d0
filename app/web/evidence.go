package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"trustedtrader/app/blob"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/signin"
	view "trustedtrader/views/evidence"
	"trustedtrader/views/ui"
)

// values reads fields of a form or parameters of an address.
type values func(name string) string

func fields(c *fiber.Ctx) values {
	return func(name string) string { return c.FormValue(name) }
}

// placeOf reads a criterion of a profile; nil when there is none.
func placeOf(read values) *evidence.Place {
	cycle, err := uuid.Parse(read("cycle"))
	if err != nil || read("criterion") == "" {
		return nil
	}
	return &evidence.Place{Cycle: cycle, Criterion: read("criterion"), Site: optionalID(read("site"))}
}

func optionalID(s string) *uuid.UUID {
	id, err := uuid.Parse(s)
	if err != nil || id == uuid.Nil {
		return nil
	}
	return &id
}

// backOf is the page of ours to go back to.
func backOf(read values, otherwise string) string {
	if p := signin.LocalPath(read("back")); p != "" {
		return p
	}
	return otherwise
}

// criterionPath is the page of a criterion.
func criterionPath(p evidence.Place) string {
	path := "/profiles/" + p.Cycle.String() + "/criteria/" + url.PathEscape(p.Criterion)
	if p.Site != nil {
		path += "?site=" + p.Site.String()
	}
	return path
}

func (w *Web) evidenceChrome(c *fiber.Ctx, who identity.Actor, title string, up ...ui.Crumb) ui.Chrome {
	ch := w.chrome(c, who, title)
	ch.Breadcrumb = append([]ui.Crumb{{Label: t(c, "Evidence"), Href: "/evidence"}}, append(up, ui.Crumb{Label: title})...)
	return ch
}

// evidenceForm takes a refusal apart for the form it came from. What no form can answer
// comes back as rest.
func evidenceForm(c *fiber.Ctx, err error) (status int, form view.Form, rest error) {
	status, form.Errors, form.Moved, form.Sentence, rest = refused(c, err)
	if status == fiber.StatusConflict && form.Sentence == t(c, fault.Moved().Message) {
		form.Stale, form.Sentence = true, ""
	}
	var f *fault.Error
	if rest != nil && errors.As(rest, &f) && f.Kind == fault.Forbidden {
		return fiber.StatusForbidden, view.Form{Sentence: t(c, f.Message, f.Args...)}, nil
	}
	return status, form, rest
}

func (w *Web) showLibrary(c *fiber.Ctx, who identity.Actor) error {
	shelf, err := w.Evidence.Library(c.UserContext(), who, filterOf(c))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Library(view.LibraryPage{Chrome: w.chrome(c, who, t(c, "Evidence")), Shelf: shelf, CanEdit: who.Is(evidence.Writers()...)}))
}

func filterOf(c *fiber.Ctx) evidence.Filter {
	return evidence.Filter{Query: c.Query("q"), Kind: evidence.Kind(c.Query("kind")), State: c.Query("state"), After: c.Query("after")}
}

func (w *Web) chooseEvidence(c *fiber.Ctx, who identity.Actor) error {
	return w.renderChoice(c, who, fiber.StatusOK, placeOf(fields(c)), view.Form{})
}

func (w *Web) renderChoice(c *fiber.Ctx, who identity.Actor, status int, at *evidence.Place, form view.Form) error {
	if at == nil {
		return fault.Missing()
	}
	shelf, err := w.Evidence.Choose(c.UserContext(), who, *at, filterOf(c))
	if err != nil {
		return err
	}
	ch := w.evidenceChrome(c, who, t(c, "Choose from the library"))
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Choose(view.LibraryPage{Chrome: ch, Shelf: shelf, Form: form, Back: backOf(fields(c), criterionPath(*at))}))
}

func (w *Web) newEvidence(c *fiber.Ctx, who identity.Actor) error {
	return w.renderNew(c, who, fiber.StatusOK, fields(c), evidence.Entry{}, view.Form{})
}

// renderNew draws the page that adds evidence, for the place that read names, if any.
func (w *Web) renderNew(c *fiber.Ctx, who identity.Actor, status int, read values, in evidence.Entry, form view.Form) error {
	page := view.NewPage{Chrome: w.evidenceChrome(c, who, t(c, "Add evidence")), Form: form, Entered: in}
	page.Chrome.Errors = len(form.Errors) > 0
	if at := placeOf(read); at != nil {
		shelf, err := w.Evidence.Choose(c.UserContext(), who, *at, evidence.Filter{})
		if err != nil {
			return err
		}
		page.For, page.Back = shelf.For, backOf(read, criterionPath(*at))
	}
	return render(c, status, view.New(page))
}

func (w *Web) addEvidenceLink(c *fiber.Ctx, who identity.Actor) error {
	in, at := evidence.Entry{Title: c.FormValue("title"), URL: c.FormValue("url")}, placeOf(fields(c))
	e, err := w.Evidence.AddLink(c.UserContext(), who, in, at)
	if err != nil {
		status, form, err := evidenceForm(c, err)
		if err != nil {
			return err
		}
		return w.renderNew(c, who, status, fields(c), in, form)
	}
	w.flash(c, ui.Good, t(c, "%s is in your library.", e.Title))
	if at != nil {
		return seeOther(c, backOf(fields(c), criterionPath(*at)))
	}
	return seeOther(c, "/evidence/"+e.ID.String())
}

// Files

// receiveFile takes a file from a form, as it comes.
func (w *Web) receiveFile(c *fiber.Ctx, who identity.Actor) error {
	// The request's own deadline is for pages; a slow line may take an hour for a file.
	c.SetUserContext(context.WithoutCancel(c.UserContext()))
	ctx, cancel := context.WithTimeout(c.UserContext(), streamAll)
	defer cancel()
	if !c.Request().IsBodyStream() {
		return fiber.ErrUnsupportedMediaType
	}
	form, err := openForm(c)
	if err != nil {
		return err
	}
	read := values(form.FormValue)
	in := evidence.Incoming{FileName: form.fileName, Declared: form.declared, Size: int64(c.Request().Header.ContentLength()), Evidence: optionalID(read("item"))}
	at := placeOf(read)
	var kept evidence.Kept
	if form.file == nil {
		err = fault.Fail([]fault.Field{fault.F("file", "Choose a file")})
	} else {
		kept, err = w.Evidence.Take(ctx, who, in, evidence.Details{Place: at}, form.file)
	}
	if err != nil {
		return w.refuseFile(c, who, read, in.Evidence, err)
	}
	if kept.Scan == evidence.Quarantined {
		w.flash(c, ui.Info, t(c, "%s is in your library, but quarantined: nobody can open it.", kept.FileName))
	} else {
		w.flash(c, ui.Good, t(c, "%s is in your library.", kept.FileName))
	}
	switch {
	case at != nil:
		return seeOther(c, backOf(read, criterionPath(*at)))
	case in.Evidence != nil:
		return seeOther(c, "/evidence/"+kept.Evidence.String()+"#versions")
	}
	return seeOther(c, "/evidence/"+kept.Evidence.String()+"/edit")
}

// refuseFile shows the page again from which a file came that was not taken.
func (w *Web) refuseFile(c *fiber.Ctx, who identity.Actor, read values, item *uuid.UUID, why error) error {
	status, form, rest := evidenceForm(c, why)
	if rest != nil {
		return rest
	}
	if item == nil {
		return w.renderNew(c, who, status, read, evidence.Entry{}, form)
	}
	return w.renderEvidence(c, who, status, *item, form)
}

type upload struct {
	ID       uuid.UUID `json:"id"`
	Size     int64     `json:"size"`
	Received int64     `json:"received"`
	Piece    int       `json:"piece"` // the most that one request may bring
}

func (w *Web) beginUpload(c *fiber.Ctx, who identity.Actor) error {
	size, err := strconv.ParseInt(c.FormValue("size"), 10, 64)
	if err != nil {
		size = 0
	}
	u, err := w.Evidence.Begin(c.UserContext(), who, evidence.Incoming{FileName: c.FormValue("name"), Declared: c.FormValue("type"), Size: size, Evidence: optionalID(c.FormValue("item"))})
	if err != nil {
		return err
	}
	return c.JSON(upload{u.ID, u.Size, u.Received, evidence.MostPart})
}

func (w *Web) showUpload(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	u, err := w.Evidence.Uploading(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return c.JSON(upload{u.ID, u.Size, u.Received, evidence.MostPart})
}

// takePiece takes a piece of a file. Who sends the wrong one is told where to go on.
func (w *Web) takePiece(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	offset, err := strconv.ParseInt(c.Get("Upload-Offset"), 10, 64)
	if err != nil {
		offset = -1 // wanted by nobody
	}
	piece := c.Request().Body()
	received, err := w.Evidence.Put(c.UserContext(), who, id, offset, bytes.NewReader(piece), int64(len(piece)))
	if fault.KindOf(err) == fault.Conflict {
		return c.Status(fiber.StatusConflict).JSON(upload{ID: id, Received: received, Piece: evidence.MostPart})
	}
	if err != nil {
		return err
	}
	return c.JSON(upload{ID: id, Received: received, Piece: evidence.MostPart})
}

type keptFile struct {
	Evidence uuid.UUID `json:"evidence"`
	Version  uuid.UUID `json:"version"`
	Title    string    `json:"title"`
	Scan     string    `json:"scan"`
	Why      string    `json:"why,omitempty"` // of a quarantine, in words
}

func (w *Web) finishUpload(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	// To put a large file together and look through it takes longer than a page may.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), 3*time.Minute)
	defer cancel()
	k, err := w.Evidence.Finish(ctx, who, id, evidence.Details{Place: placeOf(fields(c))})
	if err != nil {
		return err
	}
	out := keptFile{Evidence: k.Evidence, Version: k.Version, Title: k.Title, Scan: string(k.Scan)}
	if k.Scan == evidence.Quarantined {
		out.Why = t(c, evidence.Why(k.ScanDetail))
	}
	return c.JSON(out)
}

func (w *Web) cancelUpload(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Evidence.Cancel(c.UserContext(), who, id); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// sendVersion sends the original of a version, to be saved and never to be shown: what a
// stranger made does not run on our pages, whatever it is.
func (w *Web) sendVersion(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	o, err := w.Evidence.Download(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, attachment(o.Name))
	c.Set("X-Content-SHA256", o.SHA256)
	return sendContent(c, o)
}

// sendPreview shows a picture or a PDF. A picture was drawn anew by us. A PDF is shown by
// the browser's own viewer in a tab of its own, by a link and not in a frame: a frame would
// need the right to stand on our pages, and hides from the person what they look at. It is
// sent as a PDF and nothing else (nosniff), was looked into for scripts, and its sandbox
// has an origin of its own, in which nothing loads, runs or is sent. A browser whose viewer
// does not start in a sandbox offers it for download.
func (w *Web) sendPreview(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	o, err := w.Evidence.Preview(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, "inline; "+strings.TrimPrefix(attachment(o.Name), "attachment; "))
	return sendContent(c, o)
}

func sendContent(c *fiber.Ctx, o evidence.Opening) error {
	c.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	c.Set(fiber.HeaderContentType, o.Media)
	return c.SendStream(&outgoing{c.Context(), o.Content}, int(o.Size))
}

// outgoing is content on its way to the network: the receiver must take the next piece
// within half a minute; the deadline of pages would be over in the middle of a large file.
type outgoing struct {
	ctx     *fasthttp.RequestCtx
	content *blob.Reader
}

func (o *outgoing) Read(b []byte) (int, error) {
	if err := o.ctx.SetWriteDeadline(time.Now().Add(streamWait)); err != nil {
		return 0, err
	}
	return o.content.Read(b)
}

// Close lets go of the content; the server calls it.
func (o *outgoing) Close() error { return o.content.Close() }

// attachment is the header that names a file to be saved (RFC 6266): once in ASCII for old
// programs, once as it is.
func attachment(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`"\%;`, r) {
			return '_'
		}
		return r
	}, name)
	var b strings.Builder
	for _, x := range []byte(name) {
		switch {
		case x >= 'a' && x <= 'z', x >= 'A' && x <= 'Z', x >= '0' && x <= '9', strings.IndexByte("!#$&+-.^_`|~", x) >= 0:
			b.WriteByte(x)
		default:
			fmt.Fprintf(&b, "%%%02X", x)
		}
	}
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + b.String()
}

// Items

func (w *Web) showEvidence(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	return w.renderEvidence(c, who, fiber.StatusOK, id, view.Form{})
}

func (w *Web) renderEvidence(c *fiber.Ctx, who identity.Actor, status int, id uuid.UUID, form view.Form) error {
	sheet, err := w.Evidence.Item(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(sheet.Zone)
	if err != nil {
		zone = time.UTC
	}
	ch := w.evidenceChrome(c, who, sheet.Evidence.Title)
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Item(view.ItemPage{Chrome: ch, Sheet: sheet, Zone: zone, Form: form, Names: w.kindNames, CanEdit: who.Is(evidence.Writers()...),
		Opens: func(v evidence.Version) bool { return w.Evidence.Opens(who, v.Scan) }}))
}

func (w *Web) showEditEvidence(c *fiber.Ctx, who identity.Actor) error {
	return w.renderEditEvidence(c, who, fiber.StatusOK, nil, view.Form{})
}

func (w *Web) renderEditEvidence(c *fiber.Ctx, who identity.Actor, status int, in *evidence.Entry, form view.Form) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	sheet, err := w.Evidence.Item(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	entered := evidence.Of(sheet.Evidence)
	if in != nil {
		entered = *in
		if form.Stale {
			entered.Version = sheet.Evidence.Version
		}
	}
	ch := w.evidenceChrome(c, who, t(c, "Details"), ui.Crumb{Label: sheet.Evidence.Title, Href: "/evidence/" + id.String()})
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Edit(view.EditPage{Chrome: ch, Form: form, Item: sheet.Evidence, Entered: entered}))
}

func (w *Web) saveEvidence(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := evidence.Entry{Title: c.FormValue("title"), About: c.FormValue("about"), URL: c.FormValue("url"), Owner: c.FormValue("owner"),
		IssuedOn: writtenDate(formDate(c, "issued_on")), ExpiresOn: writtenDate(formDate(c, "expires_on")), Lang: c.FormValue("lang"),
		Confidentiality: evidence.Confidentiality(c.FormValue("confidentiality")), Version: formVersion(c)}
	if _, err := w.Evidence.Change(c.UserContext(), who, id, in); err != nil {
		status, form, err := evidenceForm(c, err)
		if err != nil {
			return err
		}
		return w.renderEditEvidence(c, who, status, &in, form)
	}
	w.flash(c, ui.Good, t(c, "The details are saved."))
	return seeOther(c, "/evidence/"+id.String())
}

func (w *Web) showRemoveEvidence(c *fiber.Ctx, who identity.Actor) error {
	return w.renderRemove(c, who, fiber.StatusOK, "")
}

func (w *Web) renderRemove(c *fiber.Ctx, who identity.Actor, status int, sentence string) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	sheet, err := w.Evidence.Item(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	ch := w.evidenceChrome(c, who, t(c, "Remove"), ui.Crumb{Label: sheet.Evidence.Title, Href: "/evidence/" + id.String()})
	return render(c, status, view.Remove(view.RemovePage{Chrome: ch, Sheet: sheet, Sentence: sentence}))
}

func (w *Web) removeEvidence(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	r, err := w.Evidence.Remove(c.UserContext(), who, id, formVersion(c))
	if err != nil {
		status, form, err := evidenceForm(c, err)
		if err != nil {
			return err
		}
		if form.Stale {
			form.Sentence = t(c, fault.Moved().Message)
		}
		return w.renderRemove(c, who, status, form.Sentence)
	}
	if r.Places > 0 {
		w.flash(c, ui.Good, t(c, "%s is removed, and taken off where it was attached.", r.Title))
	} else {
		w.flash(c, ui.Good, t(c, "%s is removed.", r.Title))
	}
	return seeOther(c, "/evidence")
}

// Places

func (w *Web) showPlaces(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	profile, _ := uuid.Parse(c.Query("profile")) // none: the newest
	return w.renderPlaces(c, who, fiber.StatusOK, id, profile, optionalID(c.Query("for")), nil, view.Form{})
}

func (w *Web) renderPlaces(c *fiber.Ctx, who identity.Actor, status int, id, profile uuid.UUID, site *uuid.UUID, entered []string, form view.Form) error {
	board, err := w.Evidence.Board(c.UserContext(), who, id, profile, site)
	if err != nil {
		return err
	}
	ch := w.evidenceChrome(c, who, t(c, "Attach to criteria"), ui.Crumb{Label: board.Evidence.Title, Href: "/evidence/" + id.String()})
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Places(view.PlacesPage{Chrome: ch, Board: board, Form: form, Entered: entered, Names: w.kindNames, Language: ch.Lang}))
}

// attachEvidence attaches items to a criterion, or an item to criteria.
func (w *Web) attachEvidence(c *fiber.Ctx, who identity.Actor) error {
	cycle, err := uuid.Parse(c.FormValue("cycle"))
	if err != nil {
		return fault.Missing()
	}
	site := optionalID(c.FormValue("site"))
	var items []uuid.UUID
	for _, v := range formAll(c, "items") {
		id, err := uuid.Parse(v)
		if err != nil {
			return fault.Missing()
		}
		items = append(items, id)
	}
	one := c.FormValue("criterion")
	criteria := []string{one}
	if one == "" {
		criteria = formSections(c, "places-")
	}
	var places []evidence.Place
	for _, x := range criteria {
		places = append(places, evidence.Place{Cycle: cycle, Criterion: x, Site: site})
	}
	if err := w.Evidence.AttachAll(c.UserContext(), who, places, items...); err != nil {
		status, form, rest := evidenceForm(c, err)
		switch {
		case rest != nil:
			return rest
		case one != "":
			return w.renderChoice(c, who, status, &places[0], form)
		case len(items) == 1:
			return w.renderPlaces(c, who, status, items[0], cycle, site, criteria, form)
		}
		return err
	}
	w.flash(c, ui.Good, t(c, "The evidence is attached."))
	return seeOther(c, backOf(fields(c), "/evidence"))
}

// formSections reads the boxes that were ticked in fields whose names begin alike.
func formSections(c *fiber.Ctx, prefix string) (out []string) {
	for name, value := range c.Request().PostArgs().All() {
		if strings.HasPrefix(string(name), prefix) && !slices.Contains(out, string(value)) {
			out = append(out, string(value))
		}
	}
	return out
}

func (w *Web) detachEvidence(c *fiber.Ctx, who identity.Actor) error {
	at, item := placeOf(fields(c)), optionalID(c.FormValue("item"))
	if at == nil || item == nil {
		return fault.Missing()
	}
	if err := w.Evidence.Detach(c.UserContext(), who, at.Cycle, at.Criterion, at.Site, *item); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The evidence is taken off criterion %s.", at.Criterion))
	return seeOther(c, backOf(fields(c), criterionPath(*at)))
}

// showAttached is the list of a criterion's evidence alone; the script reads it anew after
// an upload.
func (w *Web) showAttached(c *fiber.Ctx, who identity.Actor) error {
	at := placeOf(fields(c))
	if at == nil {
		return fault.Missing()
	}
	here, err := w.Evidence.Here(c.UserContext(), who, *at)
	if err != nil {
		return err
	}
	ch := w.evidenceChrome(c, who, t(c, "Evidence of criterion %s", at.Criterion))
	return render(c, fiber.StatusOK, view.AttachedPage(w.picker(who, ch, here, backOf(fields(c), criterionPath(*at)))))
}

// picker is the evidence of a criterion for its page: view.Attach draws it.
func (w *Web) picker(who identity.Actor, ch ui.Chrome, here evidence.Here, back string) view.Picker {
	return view.Picker{Chrome: ch, At: here.At, Links: here.Links, Open: here.Open, Today: here.Today, Back: back, Base: "/evidence", Opens: func(l evidence.Link) bool {
		return w.Evidence.Opens(who, l.Scan) && evidence.SeesLink(who, l)
	}}
}
