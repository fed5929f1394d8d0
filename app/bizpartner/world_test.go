package bizpartner_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/bizpartner"
	"trustedtrader/app/clock"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	*findingtest.World
	s             *bizpartner.Service
	ann, bob      identity.Actor // owners of two members
	annIs, bobIs  uuid.UUID      // their memberships
	annNo, bobNo  string         // their numbers
	reader, other identity.Actor // a reader at ann's, and the owner of a company that is no member
}

func data(t testing.TB) *bizpartner.Data {
	t.Helper()
	files, err := fs.Sub(config.Questionnaires, "questionnaires")
	if err != nil {
		t.Fatal(err)
	}
	d, err := bizpartner.LoadData(files)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	w.s = &bizpartner.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.World.World.Steps.Programmes, Letters: w.World.World.Steps.Letters, Data: data(t), Evidence: w.Evidence,
		Key: []byte(strings.Repeat("k", 32))}
	w.ann, w.annIs = w.Member("Ann Imports LLC")
	w.bob, w.bobIs = w.Member("Bob Trading Inc")
	number := func(id uuid.UUID) string { return w.Text(`select number from membership where id = $1`, id) }
	w.annNo, w.bobNo = number(w.annIs), number(w.bobIs)
	w.reader = w.ann
	w.reader.Role = identity.Reader
	w.other = w.Importer("Curious Cargo Inc")
	return w
}

func entryOf(name string) bizpartner.Entry {
	return bizpartner.Entry{Name: name, Country: "MX", Role: "manufacturer", Risk: "high", Email: "factory@mx.example", Contact: "Marta", Lang: "es"}
}

func (w *world) add(by identity.Actor, name string) bizpartner.Partner {
	w.T.Helper()
	p, err := w.s.Add(w.Ctx, by, entryOf(name))
	w.Must(err)
	return p
}

func (w *world) to(instant string) {
	w.T.Helper()
	at, err := time.Parse(time.RFC3339, instant)
	w.Must(err)
	w.Clock.Move(at.Sub(w.Clock.Now()))
}

func day(t testing.TB, s string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// record adds a legal event to bob's membership.
func (w *world) record(e standing.Event) (out standing.Event) {
	w.T.Helper()
	e.MembershipID = w.bobIs
	w.Must(w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) (err error) {
		out, err = w.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Boss, e)
		return err
	}))
	return out
}

// connect connects ann with bob.
func (w *world) connect() bizpartner.Connection {
	w.T.Helper()
	w.Must(w.s.Agree(w.Ctx, w.ann))
	w.Must(w.s.Agree(w.Ctx, w.bob))
	w.Must(w.s.Ask(w.Ctx, w.ann, bizpartner.AskEntry{Number: w.bobNo, Purpose: "You carry our goods"}))
	asked := w.network(w.bob).Connections[0]
	w.Must(w.s.Answer(w.Ctx, w.bob, asked.ID, bizpartner.AnswerEntry{Yes: true, Version: asked.Version}))
	return w.network(w.ann).Connections[0]
}

func (w *world) network(by identity.Actor) bizpartner.Network {
	w.T.Helper()
	n, err := w.s.Network(w.Ctx, by)
	w.Must(err)
	return n
}

func (w *world) monitor() int {
	w.T.Helper()
	n, err := w.s.Monitor(w.Ctx)
	w.Must(err)
	return n
}

// letters counts the letters of a code that a company has.
func (w *world) letters(company uuid.UUID, code string) int {
	w.T.Helper()
	return w.Count(`select count(*)::int from message where company_id = $1 and letter = $2`, company, code)
}

var link = regexp.MustCompile(`/q/([A-Za-z0-9_-]+)`)

// send sends a questionnaire to a partner and returns its token, from the e-mail.
func (w *world) send(by identity.Actor, p bizpartner.Partner, mail string) (q bizpartner.Questionnaire, token string) {
	w.T.Helper()
	q, err := w.s.Send(w.Ctx, by, p.ID, bizpartner.SendEntry{Template: "supply-chain-security", Name: "Marta", Email: mail, Lang: "es"})
	w.Must(err)
	return q, w.token(mail)
}

func (w *world) token(mail string) string {
	w.T.Helper()
	m := link.FindStringSubmatch(w.Text(`select body from mail where to_address = $1 and body like '%/q/%' order by created_at desc, id desc limit 1`, mail))
	if m == nil {
		w.T.Fatal("no e-mail with a link")
	}
	return m[1]
}

// fill answers every question of a questionnaire.
func (w *world) fill(token, answer string) bizpartner.Outside {
	w.T.Helper()
	o, err := w.s.Look(w.Ctx, key(token))
	w.Must(err)
	for _, s := range o.Template.Sections {
		in := map[string]bizpartner.ReplyEntry{}
		for _, q := range s.Questions {
			in[q.Code] = bizpartner.ReplyEntry{Answer: answer, Note: "As in our handbook", Version: o.Replies[q.Code].Version}
		}
		var lost []string
		if o, lost, err = w.s.Save(w.Ctx, key(token), s.Code, in); err != nil || lost != nil {
			w.T.Fatalf("%v %v", lost, err)
		}
	}
	return o
}

func (w *world) finish(token string) bizpartner.Outside {
	w.T.Helper()
	o, err := w.s.Finish(w.Ctx, key(token), bizpartner.FinishEntry{Name: "Marta Maker", Position: "Director", Agreed: true})
	w.Must(err)
	return o
}

func key(token string) bizpartner.Key { return bizpartner.Key{Token: token, Lang: "es"} }
