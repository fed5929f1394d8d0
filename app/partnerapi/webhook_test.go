package partnerapi_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"golang.org/x/net/dns/dnsmessage"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/partnerapi"
	"trustedtrader/app/pg"
)

// work tries a message once, as the queue would.
func (w *world) work(id uuid.UUID, attempt int, resolver *net.Resolver) error {
	worker := &partnerapi.DeliverWorker{Service: w.svc, Resolver: resolver}
	return worker.Work(w.Ctx, &river.Job[partnerapi.DeliverArgs]{JobRow: &rivertype.JobRow{Attempt: attempt}, Args: partnerapi.DeliverArgs{Delivery: id}})
}

func (w *world) message() uuid.UUID {
	w.T.Helper()
	return uuid.MustParse(w.Text(`select id::text from webhook_delivery order by created_at desc, id desc limit 1`))
}

func (w *world) outcome() string {
	w.T.Helper()
	return w.Text(`select status || ' ' || attempts || ' ' || coalesce(last_status, 0) || ' ' || last_error from webhook_delivery order by created_at desc, id desc limit 1`)
}

// recognised is a member that the agency takes part with.
func (w *world) recognised() (recognition uuid.UUID) {
	w.T.Helper()
	owner, member := w.Member("Harbor Trading LLC")
	recognition = pg.NewID()
	w.Exec(`insert into recognition (id, company_id, membership_id, arrangement, agency_id, status, asked_at) values (?, ?, ?, ?, ?, 'asked', ?)`, recognition, owner.CompanyID, member, us, w.agency, w.Clock.Now())
	return recognition
}

func (w *world) event(recognition uuid.UUID) {
	w.T.Helper()
	w.Exec(`insert into recognition_event (id, agency_id, arrangement, recognition_id, membership_id, company_id, kind, effective_on, effective_at, occurred_at, payload)
		select ?, agency_id, arrangement, id, membership_id, company_id, 'suspended', '2026-03-03', ?, ?, '{}' from recognition where id = ?`, pg.NewID(), w.Clock.Now(), w.Clock.Now(), recognition)
}

// TestOneMessageForAWholeArrangement: thousands of events of one step are one thing to look at.
func TestOneMessageForAWholeArrangement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	recognition := w.recognised()
	_, err := w.svc.AddHook(w.Ctx, w.admin, "https://hooks.example/x")
	w.Must(err)
	for range 40 {
		w.event(recognition)
	}
	w.Exec(`insert into recognition_event (id, agency_id, arrangement, recognition_id, membership_id, company_id, kind, reason, effective_on, effective_at, occurred_at, payload)
		select gen_random_uuid(), agency_id, arrangement, id, membership_id, company_id, 'suspended', 'ARRANGEMENT_SUSPENDED', '2026-03-03', ?, ?, '{}' from recognition, generate_series(1, 300) where id = ?`, w.Clock.Now(), w.Clock.Now(), recognition)
	for range 2 {
		_, err := w.svc.Announce(w.Ctx)
		w.Must(err)
	}
	if n := w.Count(`select count(*)::int from webhook_delivery`); n != 41 {
		t.Errorf("%d messages, want one for each of 40 events and one for the step", n)
	}
}

type taken struct {
	header http.Header
	body   string
}

// TestMessages follows an event to the receiver: signed with both secrets, without anything of
// the member, once for each event however many portals announce it.
func TestMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.svc.Local = true
	var mu sync.Mutex
	var got []taken
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, taken{r.Header, string(b)})
	}))
	defer receiver.Close()
	recognition := w.recognised()
	w.event(recognition) // before there was a webhook: the feed has it, and no message comes
	first, err := w.svc.AddHook(w.Ctx, w.admin, receiver.URL)
	w.Must(err)
	hook := uuid.MustParse(w.Text(`select id::text from webhook`))
	second, err := w.svc.RotateSecret(w.Ctx, w.admin, hook)
	w.Must(err)
	w.event(recognition)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if _, err := w.svc.Announce(w.Ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.Count(`select count(*)::int from webhook_delivery`); n != 1 || w.Count(`select count(*)::int from river.river_job where kind = 'webhook' and max_attempts = 8 and queue = 'webhooks'`) != 1 {
		t.Fatalf("%d messages of one event", n)
	}
	w.Must(w.work(w.message(), 1, nil))
	w.Must(w.work(w.message(), 2, nil)) // the job comes again: it is delivered already
	if len(got) != 1 || w.outcome() != "delivered 1 200 " || w.Count(`select count(*)::int from recognition_ack where delivered_by = 'webhook'`) != 1 {
		t.Fatalf("%d messages came, %s", len(got), w.outcome())
	}
	var body map[string]string
	w.Must(json.Unmarshal([]byte(got[0].body), &body))
	if len(body) != 3 || body["type"] != "member.suspended" || body["link"] != "https://portal.example/api/v1/events" || strings.Contains(got[0].body, "Harbor") {
		t.Errorf("body: %s", got[0].body)
	}
	h := got[0].header
	given := strings.Fields(h.Get("webhook-signature"))
	for name, secret := range map[string]string{"the new": second, "the old": first} {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		w.Must(err)
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "." + got[0].body))
		if !slices.Contains(given, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))) {
			t.Errorf("%s secret does not verify %v", name, given)
		}
	}
	if _, err := w.svc.RotateSecret(w.Ctx, w.admin, hook); err != nil || w.Count(`select count(*)::int from webhook_secret where retired_at is null`) != 2 {
		t.Errorf("a third secret: %v", err)
	}
	w.Must(w.svc.TestHook(w.Ctx, w.admin, hook))
	w.Must(w.svc.CloseHook(w.Ctx, w.admin, hook))
	w.Must(w.work(w.message(), 1, nil))
	if len(got) != 1 || w.outcome() != "dead 1 0 the webhook is closed" {
		t.Errorf("a closed webhook gets messages: %s", w.outcome())
	}
	if n := w.Count(`select count(*)::int from webhook_secret where position(substring($1::bytea from 1 for 16) in sealed) > 0`, []byte(second)); n != 0 {
		t.Error("a secret lies open")
	}
}

// TestRedirectsAreNotFollowed: an answer that points elsewhere is no success, and nobody goes there.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.svc.Local = true
	var reached atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer outside.Close()
	_, err := w.svc.AddHook(w.Ctx, w.admin, outside.URL)
	w.Must(err)
	hook := uuid.MustParse(w.Text(`select id::text from webhook`))
	w.Must(w.svc.TestHook(w.Ctx, w.admin, hook))
	id := w.message()
	for attempt := 1; attempt <= 7; attempt++ {
		if err := w.work(id, attempt, nil); err == nil {
			t.Fatalf("try %d counts as delivered", attempt)
		}
	}
	if !strings.HasPrefix(w.outcome(), "waiting 7 307") {
		t.Errorf("after seven tries: %s", w.outcome())
	}
	w.Want("sent again while it waits", w.svc.Replay(w.Ctx, w.admin, id), fault.Conflict)
	w.Must(w.work(id, 8, nil))
	if !strings.HasPrefix(w.outcome(), "dead 8 307") || reached.Load() != 0 {
		t.Errorf("after the last try: %s, %d went on", w.outcome(), reached.Load())
	}
	_, stranger := w.partner("sudland", "other")
	officer := w.admin
	officer.Role = identity.Officer
	for name, by := range map[string]identity.Actor{"another agency": stranger, "an officer": officer} {
		w.Want(name+" sends again", w.svc.Replay(w.Ctx, by, id), fault.NotFound)
		w.Want(name+" tests", w.svc.TestHook(w.Ctx, by, hook), fault.NotFound)
		w.Want(name+" closes", w.svc.CloseHook(w.Ctx, by, hook), fault.NotFound)
		_, err := w.svc.RotateSecret(w.Ctx, by, hook)
		w.Want(name+" makes a secret", err, fault.NotFound)
	}
	w.Must(w.svc.Replay(w.Ctx, w.admin, id))
	if w.outcome() != "waiting 0 307 it answered 307" {
		t.Errorf("sent again: %s", w.outcome())
	}
}

// names is a name server that answers every question with the next of some addresses.
func names(t *testing.T, list ...[4]byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var n atomic.Int32
	go func() {
		b := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:size]) != nil || len(m.Questions) == 0 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			if q.Type == dnsmessage.TypeA {
				i := int(n.Add(1)-1) % len(list)
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type, TTL: 0}, Body: &dnsmessage.AResource{A: list[i]}}}
			}
			if text, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(text, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// TestNamesThatLeadInside: a name that was taken may lead anywhere later. What counts is the
// address that is dialled.
func TestNamesThatLeadInside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var reached atomic.Int32
	if l, err := net.Listen("tcp", "127.0.0.1:8443"); err == nil { // somebody else may have the port: then nothing can be reached either
		server := &http.Server{ReadHeaderTimeout: time.Second, ConnState: func(net.Conn, http.ConnState) { reached.Add(1) }}
		go func() { _ = server.Serve(l) }()
		defer func() { _ = server.Close() }()
	}
	_, err := w.svc.AddHook(w.Ctx, w.admin, "https://rebind.example:8443/hook")
	w.Must(err)
	hook := uuid.MustParse(w.Text(`select id::text from webhook`))
	w.Must(w.svc.TestHook(w.Ctx, w.admin, hook))
	id := w.message()
	inside := [][4]byte{{127, 0, 0, 1}, {10, 0, 0, 1}, {169, 254, 169, 254}, {100, 64, 0, 1}, {0, 0, 0, 0}}
	resolver := names(t, inside...)
	for i := range inside {
		if err := w.work(id, 1, resolver); err == nil || !strings.HasSuffix(w.outcome(), "the address is not a public one") {
			t.Errorf("%v: %v, %s", inside[i], err, w.outcome())
		}
	}
	if reached.Load() != 0 {
		t.Errorf("%d connections came inside", reached.Load())
	}
}

// TestSlowReceivers: who takes all the time or sends without end does not hold the portal up.
func TestSlowReceivers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.svc.Local = true
	endless := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := out.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	_, err := w.svc.AddHook(w.Ctx, w.admin, endless.URL)
	w.Must(err)
	w.Must(w.svc.TestHook(w.Ctx, w.admin, uuid.MustParse(w.Text(`select id::text from webhook`))))
	begun := time.Now()
	w.Must(w.work(w.message(), 1, nil))
	if took := time.Since(begun); took > 5*time.Second || w.outcome() != "delivered 1 200 " {
		t.Errorf("took %s: %s", took, w.outcome())
	}
}
