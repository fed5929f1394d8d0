package evidence

import (
	"context"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/language"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Entry is what a person enters about an item. Days are 2006-01-02 or empty.
type Entry struct {
	Title           string
	About           string
	URL             string // of a link
	Owner           string
	IssuedOn        string
	ExpiresOn       string
	Lang            string
	Confidentiality Confidentiality // empty: Company
	Version         int             // of the item that the form was made from
}

// Of is an item as its form shows it.
func Of(e Evidence) Entry {
	return Entry{Title: e.Title, About: e.About, URL: e.URL, Owner: e.Owner, IssuedOn: day(e.IssuedOn), ExpiresOn: day(e.ExpiresOn),
		Lang: e.Lang, Confidentiality: e.Confidentiality, Version: e.Version}
}

func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

// Languages that evidence may be in, by code; the first ones are those of the portal's users.
func Languages() []string {
	return []string{"en", "es", "fr", "de", "it", "nl", "pt", "pl", "ar", "bg", "cs", "da", "el", "et", "fa", "fi", "he", "hi", "hr", "hu", "id", "ja", "ko",
		"lt", "lv", "ms", "nb", "ro", "ru", "sk", "sl", "sv", "th", "tr", "uk", "ur", "vi", "zh"}
}

// put checks an entry and writes it to e.
func (in Entry) put(e *Evidence) []fault.Field {
	var c entry.Check
	e.Title = c.Line("title", "a title", in.Title, 1, 200)
	e.About = c.Text("about", "the description", in.About, 0, 2000)
	e.Owner = c.Line("owner", "who is responsible", in.Owner, 0, 200)
	if e.Kind == KindLink {
		if e.URL = c.URL("url", in.URL); e.URL == "" && len(c.Fields()) == 0 {
			c.Add("url", "Enter the address of the page, like https://www.example.org/policy")
		}
	}
	e.IssuedOn = dayOf(&c, "issued_on", in.IssuedOn)
	e.ExpiresOn = dayOf(&c, "expires_on", in.ExpiresOn)
	if e.IssuedOn != nil && e.ExpiresOn != nil && e.ExpiresOn.Before(*e.IssuedOn) {
		c.Add("expires_on", "Enter a last day that is not before the day of issue")
	}
	e.Lang = in.Lang
	if in.Lang != "" {
		if _, err := language.Parse(in.Lang); err != nil {
			c.Add("lang", "Choose a language from the list")
		} else {
			e.Lang = c.OneOf("lang", "a language from the list", in.Lang, Languages()...)
		}
	}
	e.Confidentiality = in.Confidentiality
	if e.Confidentiality == "" {
		e.Confidentiality = Company
	}
	e.Confidentiality = Confidentiality(c.OneOf("confidentiality", "who may see it", string(e.Confidentiality), string(Public), string(Company), string(Restricted)))
	return c.Fields()
}

func dayOf(c *entry.Check, name, value string) *time.Time {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil
	}
	d, err := time.Parse(time.DateOnly, value)
	if err != nil || d.Year() < 1900 || d.Year() > 2200 {
		c.Add(name, "Enter a day that exists, like 4 March 2026")
		return nil
	}
	return &d
}

const longestName = 200

// CleanName is a file's name without what can deceive a reader or break a program: the
// folder before it, control characters, and those that turn the direction of text. It
// keeps its extension when it is cut. It is for people; nothing is stored under it.
func CleanName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = entry.Clean(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '"', r == utf8.RuneError:
			return -1
		}
		return r
	}, name))
	name = strings.TrimRight(name, " .")
	end := path.Ext(name)
	if utf8.RuneCountInString(end) > 12 {
		end = ""
	}
	base := strings.Trim(strings.TrimSuffix(name, end), " .")
	if base == "" {
		base = "file"
	}
	if r := []rune(base); len(r) > longestName-12 {
		base = string(r[:longestName-12])
	}
	return base + end
}

// titleOf is a title for a file whose sender gave none.
func titleOf(fileName string) string {
	t := strings.TrimSpace(strings.NewReplacer("_", " ").Replace(strings.TrimSuffix(fileName, path.Ext(fileName))))
	if t == "" {
		return fileName
	}
	return t
}

// fields are an item's values for an event of the audit trail.
func (e Evidence) fields() map[string]string {
	out := map[string]string{}
	for name, v := range map[string]string{"title": e.Title, "about": e.About, "url": e.URL, "owner": e.Owner, "issued_on": day(e.IssuedOn),
		"expires_on": day(e.ExpiresOn), "lang": e.Lang, "confidentiality": string(e.Confidentiality)} {
		if v != "" {
			out[name] = v
		}
	}
	return out
}

// labels are the fields of a form in words, in its order.
func labels() []struct{ name, label string } {
	return []struct{ name, label string }{{"title", "Title"}, {"about", "Description"}, {"url", "Address"}, {"owner", "Responsible"},
		{"issued_on", "Issued on"}, {"expires_on", "Valid until"}, {"lang", "Language"}, {"confidentiality", "Who may open it"}}
}

// changed keeps what differs.
func changed(was, is map[string]string) (before, after map[string]string) {
	before, after = map[string]string{}, map[string]string{}
	for _, l := range labels() {
		if was[l.name] != is[l.name] {
			before[l.name], after[l.name] = was[l.name], is[l.name]
		}
	}
	return before, after
}

// moved tells somebody with an old form what is different now.
func moved(in Entry, now Evidence) error {
	yours := Evidence{Kind: now.Kind}
	_ = in.put(&yours) // as far as it can be read
	var list []fault.Change
	was, is := yours.fields(), now.fields()
	for _, l := range labels() {
		if was[l.name] != is[l.name] {
			list = append(list, fault.Change{Label: l.label, Yours: was[l.name], Theirs: is[l.name]})
		}
	}
	return fault.Moved(list...)
}

// AddLink adds a page elsewhere as evidence. Those who write may (Writers).
func (s *Service) AddLink(ctx context.Context, by identity.Actor, in Entry, to *Place) (e Evidence, err error) {
	if err := writes(by); err != nil {
		return e, err
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		e = Evidence{ID: pg.NewID(), CompanyID: by.CompanyID, Kind: KindLink, CreatedAt: now, CreatedBy: &by.PersonID, Author: by.Name, Version: 1}
		if err := fault.Fail(in.put(&e)); err != nil {
			return err
		}
		if err := roomForItem(ctx, tx, by.CompanyID); err != nil {
			return err
		}
		if err := insertEvidence(ctx, tx, &e); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, now, by, audit.Event{Action: "evidence.add", Kind: "evidence", Subject: e.ID, Company: e.CompanyID, After: e.fields()}); err != nil {
			return err
		}
		return s.attachNew(ctx, tx, now, by, e, to)
	})
	return e, err
}

// Change changes what is known of an item. Those who write may; contributors what they
// added themselves. Conflict with what differs: somebody was faster.
func (s *Service) Change(ctx context.Context, by identity.Actor, id uuid.UUID, in Entry) (e Evidence, err error) {
	if !reads(by) {
		return e, fault.Missing()
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if e, err = lockEvidence(ctx, tx, by, id); err != nil {
			return err
		}
		if err := writes(by); err != nil {
			return err
		}
		if err := own(by, e); err != nil {
			return err
		}
		if in.Version != e.Version {
			return moved(in, e)
		}
		if e.RemovedAt != nil {
			return removed()
		}
		was := e.fields()
		if err := fault.Fail(in.put(&e)); err != nil {
			return err
		}
		before, after := changed(was, e.fields())
		if len(before) == 0 {
			return nil
		}
		if err := pg.Update(ctx, tx, &e, e.ID, &e.Version, "title", "about", "url", "owner", "issued_on", "expires_on", "lang", "confidentiality"); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "evidence.change", Kind: "evidence", Subject: e.ID, Company: e.CompanyID, Before: before, After: after})
	})
	return e, err
}

func removed() error {
	return fault.New(fault.Conflict, "This evidence was removed. Add it again as new evidence")
}

// Removal is what became of an item that was removed.
type Removal struct {
	Title  string
	Kept   bool // it was submitted, so it stays with the profile and is only hidden from new use
	Places int  // from which it was taken off
}

// Remove takes an item out of the library: it is taken off the criteria that can still be
// changed. What was submitted stays as proof; the content of anything else is deleted.
// Those who write may; contributors what they added themselves.
func (s *Service) Remove(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (out Removal, err error) {
	if !reads(by) {
		return out, fault.Missing()
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		e, err := lockEvidence(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := writes(by); err != nil {
			return err
		}
		if err := own(by, e); err != nil {
			return err
		}
		if e.RemovedAt != nil || e.Version != version {
			return fault.Moved()
		}
		now := s.Now()
		out = Removal{Title: e.Title}
		if out.Places, err = takeOff(ctx, tx, e.ID); err != nil {
			return err
		}
		if out.Kept, err = relied(ctx, tx, e.ID); err != nil {
			return err
		}
		e.RemovedAt = &now
		if err := pg.Update(ctx, tx, &e, e.ID, &e.Version, "removed_at"); err != nil {
			return err
		}
		if err := tx.Enqueue(ctx, SweepArgs{}, once()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "evidence.remove", Kind: "evidence", Subject: e.ID, Company: e.CompanyID,
			Before: e.fields(), After: map[string]any{"taken_off": out.Places, "kept_as_submitted": out.Kept}})
	})
	return out, err
}
