package partnerapi

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/recognition"
	"trustedtrader/app/seal"
)

const (
	// Queue is where messages wait, so that a slow receiver holds up nothing else.
	Queue = "webhooks"

	secretPrefix = "whsec_"
	mostHooks    = 5 // of an agency
	mostSecrets  = 2 // live ones
)

// Retries is how long after each try the next one comes, before chance is added. After the
// last a message is dead until somebody sends it again.
func Retries() []time.Duration {
	return []time.Duration{5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour}
}

// Hook is where an agency is told of events.
type Hook struct {
	ID        uuid.UUID
	URL       string `db:"url"`
	CreatedAt time.Time
	Creator   string
	ClosedAt  *time.Time
	Secrets   int // live ones
}

const hookColumns = `w.id, w.url, w.created_at, w.creator, w.closed_at, (select count(*) from webhook_secret s where s.webhook_id = w.id and s.retired_at is null)::int as secrets`

// The states of a message.
const (
	Waiting   = "waiting"
	Delivered = "delivered"
	Dead      = "dead"
)

// Delivery is one message of a webhook.
type Delivery struct {
	ID         uuid.UUID
	URL        string `db:"url"`
	EventID    *uuid.UUID
	Kind       string
	Status     string
	Attempts   int
	CreatedAt  time.Time
	TriedAt    *time.Time
	NextAt     *time.Time
	LastStatus *int
	LastError  string
}

const deliveryColumns = `d.id, w.url, d.event_id, d.kind, d.status, d.attempts, d.created_at, d.tried_at, d.next_at, d.last_status, d.last_error`

// AddHook begins to tell an agency of events at an address, from now on. The secret that signs
// messages is shown this once. The agency's administrators may.
func (s *Service) AddHook(ctx context.Context, by identity.Actor, to string) (secret string, err error) {
	if err := admin(by); err != nil {
		return "", err
	}
	to, ok := address(strings.TrimSpace(to), s.Local)
	if !ok {
		return "", fault.Fail([]fault.Field{fault.F("url", "Enter a public address that begins with https://, without a user name")})
	}
	now, id := s.Now(), pg.NewID()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := tx.WithContext(ctx).Exec(`select pg_advisory_xact_lock(hashtext(?))`, "webhook "+by.AgencyID.String()).Error; err != nil {
			return err
		}
		var live int
		if err := tx.WithContext(ctx).Raw(`select count(*)::int from webhook where agency_id = ? and closed_at is null`, by.AgencyID).Scan(&live).Error; err != nil {
			return fmt.Errorf("count the webhooks: %w", err)
		}
		if live >= mostHooks {
			return fault.New(fault.Conflict, "Your agency has %d webhooks already. Close one first", mostHooks)
		}
		err := tx.WithContext(ctx).Exec(`insert into webhook (id, agency_id, url, seq, created_at, created_by, creator)
			values (?, ?, ?, (select coalesce(max(seq), 0) from recognition_event where agency_id = ?), ?, ?, ?)`, id, by.AgencyID, to, by.AgencyID, now, by.PersonID, by.Name).Error
		if err != nil {
			return fmt.Errorf("add the webhook: %w", err)
		}
		if secret, err = s.newSecret(ctx, tx, by, id, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "webhook.add", Kind: "webhook", Subject: id, Agency: by.AgencyID, After: map[string]any{"url": to}})
	})
	return secret, err
}

func (s *Service) newSecret(ctx context.Context, tx pg.Tx, by identity.Actor, hook uuid.UUID, now time.Time) (string, error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	box, err := seal.New(s.Key)
	if err != nil {
		return "", err
	}
	sealed, err := box.Seal(raw, hook[:]) // beside its webhook: with another it does not open
	if err != nil {
		return "", err
	}
	err = tx.WithContext(ctx).Exec(`insert into webhook_secret (id, webhook_id, agency_id, sealed, added_at) values (?, ?, ?, ?, ?)`, pg.NewID(), hook, by.AgencyID, sealed, now).Error
	if err != nil {
		return "", fmt.Errorf("keep the secret: %w", err)
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(raw), nil
}

// withHook runs a step on a live webhook of the actor's agency and records it.
func (s *Service) withHook(ctx context.Context, by identity.Actor, id uuid.UUID, action string, do func(tx pg.Tx, now time.Time) error) error {
	if err := admin(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var live []bool
		if err := tx.WithContext(ctx).Raw(`select closed_at is null from webhook where id = ? and agency_id = ? for update`, id, by.AgencyID).Scan(&live).Error; err != nil {
			return fmt.Errorf("read the webhook: %w", err)
		}
		switch {
		case len(live) == 0:
			return fault.Missing()
		case !live[0]:
			return fault.New(fault.Conflict, "This webhook is closed. Add a new one")
		}
		if err := do(tx, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: action, Kind: "webhook", Subject: id, Agency: by.AgencyID})
	})
}

// RotateSecret gives a webhook a new secret. Messages are signed with it and with the one
// before, until the next rotation. The new one is shown this once. The same persons may.
func (s *Service) RotateSecret(ctx context.Context, by identity.Actor, id uuid.UUID) (secret string, err error) {
	err = s.withHook(ctx, by, id, "webhook.rotate", func(tx pg.Tx, now time.Time) error {
		err := tx.WithContext(ctx).Exec(`update webhook_secret set retired_at = ? where webhook_id = ? and retired_at is null
			and id not in (select id from webhook_secret where webhook_id = ? and retired_at is null order by added_at desc, id desc limit ?)`, now, id, id, mostSecrets-1).Error
		if err != nil {
			return fmt.Errorf("retire a secret: %w", err)
		}
		secret, err = s.newSecret(ctx, tx, by, id, now)
		return err
	})
	return secret, err
}

// CloseHook ends a webhook. The same persons may.
func (s *Service) CloseHook(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	return s.withHook(ctx, by, id, "webhook.close", func(tx pg.Tx, now time.Time) error {
		return tx.WithContext(ctx).Exec(`update webhook set closed_at = ?, closed_by = ? where id = ?`, now, by.PersonID, id).Error
	})
}

// TestHook sends a message that says nothing. The same persons may.
func (s *Service) TestHook(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	return s.withHook(ctx, by, id, "webhook.test", func(tx pg.Tx, now time.Time) error {
		return s.queue(ctx, tx, id, by.AgencyID, nil, "test", now)
	})
}

// queue makes a message and its job.
func (s *Service) queue(ctx context.Context, tx pg.Tx, hook, agency uuid.UUID, event *uuid.UUID, kind string, now time.Time) error {
	id := pg.NewID()
	r := tx.WithContext(ctx).Exec(`insert into webhook_delivery (id, webhook_id, agency_id, event_id, kind, status, created_at, next_at) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
		id, hook, agency, event, kind, Waiting, now, now)
	if r.Error != nil || r.RowsAffected == 0 {
		return r.Error
	}
	return enqueue(ctx, tx, id)
}

func enqueue(ctx context.Context, tx pg.Tx, id uuid.UUID) error {
	return tx.Enqueue(ctx, DeliverArgs{Delivery: id}, &river.InsertOpts{MaxAttempts: len(Retries()) + 1, Queue: Queue})
}

// Replay sends a dead message again, with all its tries. The same persons may.
func (s *Service) Replay(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	if err := admin(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var status []string
		if err := tx.WithContext(ctx).Raw(`select d.status from webhook_delivery d where d.id = ? and d.agency_id = ? for update`, id, by.AgencyID).Scan(&status).Error; err != nil {
			return fmt.Errorf("read the message: %w", err)
		}
		switch {
		case len(status) == 0:
			return fault.Missing()
		case status[0] != Dead:
			return fault.New(fault.Conflict, "Only a message that was given up can be sent again")
		}
		if err := tx.WithContext(ctx).Exec(`update webhook_delivery set status = ?, attempts = 0, next_at = ? where id = ?`, Waiting, now, id).Error; err != nil {
			return fmt.Errorf("send the message again: %w", err)
		}
		if err := enqueue(ctx, tx, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "webhook.replay", Kind: "webhook", Subject: id, Agency: by.AgencyID})
	})
}

// queuedAtOnce bounds the messages of one transaction.
const queuedAtOnce = 500

// Announce makes a message for each live webhook of each new event. Of the events of a step of
// a whole arrangement, which may be thousands, one of each round is enough: a message says only
// that the feed is worth a look. Any number of portals may
// call it at once. The portal itself; no person calls it.
func (s *Service) Announce(ctx context.Context) (n int, err error) {
	by := identity.ClockActor("announce_events")
	for {
		made := 0
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			made = 0
			var rows []struct {
				HookID, AgencyID, EventID uuid.UUID
				Seq                       int64
				Kind, Arrangement, Reason string
			}
			err := tx.WithContext(ctx).Raw(`select w.id as hook_id, w.agency_id, e.id as event_id, e.seq, e.kind, e.arrangement, e.reason from (select id, agency_id, seq from webhook where closed_at is null order by id for update skip locked) w
				join recognition_event e on e.agency_id = w.agency_id and e.seq > w.seq order by e.seq limit ?`, queuedAtOnce).Scan(&rows).Error
			if err != nil {
				return fmt.Errorf("read new events: %w", err)
			}
			now, last, said := s.Now(), map[uuid.UUID]int64{}, map[string]bool{}
			for _, r := range rows {
				last[r.HookID] = r.Seq
				made++
				if about := r.HookID.String() + r.Arrangement + r.Kind; recognition.OfWhole(r.Reason) {
					if said[about] {
						continue
					}
					said[about] = true
				}
				if err := s.queue(ctx, tx, r.HookID, r.AgencyID, &r.EventID, "member."+r.Kind, now); err != nil {
					return err
				}
			}
			for hook, seq := range last {
				if err := tx.WithContext(ctx).Exec(`update webhook set seq = ? where id = ?`, seq, hook).Error; err != nil {
					return err
				}
			}
			return nil
		})
		n += made
		if err != nil || made < queuedAtOnce {
			return n, err
		}
	}
}

// DeliverArgs is the job of one message.
type DeliverArgs struct {
	Delivery uuid.UUID `json:"delivery"`
}

// Kind names the job in the queue.
func (DeliverArgs) Kind() string { return "webhook" }

// DeliverWorker sends messages.
type DeliverWorker struct {
	river.WorkerDefaults[DeliverArgs]
	Service  *Service
	Resolver *net.Resolver // nil: the system's
}

// Timeout bounds a try.
func (w *DeliverWorker) Timeout(*river.Job[DeliverArgs]) time.Duration { return 3 * messageTime }

// NextRetry is when a message is tried again: the plan, and up to a fifth more by chance, so
// that a receiver that comes back is not met by all at once.
func (w *DeliverWorker) NextRetry(job *river.Job[DeliverArgs]) time.Time {
	return time.Now().Add(after(job.Attempt))
}

func after(attempt int) time.Duration {
	list := Retries()
	d := list[min(max(attempt, 1), len(list))-1]
	return d + time.Duration(mathrand.Int64N(int64(d)/5+1))
}

// errFailed is a try without success: the queue tries again.
var errFailed = errors.New("the receiver did not take the message")

// Work sends a message once.
func (w *DeliverWorker) Work(ctx context.Context, job *river.Job[DeliverArgs]) error {
	return w.Service.deliver(ctx, client(w.Service.Local, w.Resolver), job.Args.Delivery, job.Attempt >= len(Retries())+1)
}

type message struct {
	ID, WebhookID uuid.UUID
	URL           string
	EventID       *uuid.UUID
	Kind, Status  string
	Closed        bool
}

// deliver sends a message, and keeps what came of it. After the last try it is dead.
func (s *Service) deliver(ctx context.Context, c *http.Client, id uuid.UUID, last bool) error {
	var list []message
	var sealed []struct{ Sealed []byte }
	err := s.DB.Batch(ctx, pg.System,
		pg.All(&list, `select d.id, d.webhook_id, w.url, d.event_id, d.kind, d.status, w.closed_at is not null as closed from webhook_delivery d join webhook w on w.id = d.webhook_id where d.id = $1`, id),
		pg.All(&sealed, `select s.sealed from webhook_secret s join webhook_delivery d on d.webhook_id = s.webhook_id where d.id = $1 and s.retired_at is null order by s.added_at desc, s.id desc`, id))
	if err != nil {
		return fmt.Errorf("read the message: %w", err)
	}
	if len(list) == 0 || list[0].Status != Waiting {
		return nil
	}
	m := list[0]
	status, problem := 0, "the webhook is closed"
	if !m.Closed {
		box, err := seal.New(s.Key)
		if err != nil {
			return err
		}
		var secrets [][]byte
		for _, x := range sealed {
			raw, err := box.Open(x.Sealed, m.WebhookID[:])
			if err != nil {
				return fmt.Errorf("open the secret of a webhook: %w", err)
			}
			secrets = append(secrets, raw)
		}
		status, problem = s.post(ctx, c, m, secrets)
	}
	return s.note(ctx, m, status, problem, last || m.Closed)
}

// note keeps what came of a try.
func (s *Service) note(ctx context.Context, m message, status int, problem string, last bool) error {
	to := Delivered
	switch {
	case problem != "" && last:
		to = Dead
	case problem != "":
		to = Waiting
	}
	var code *int
	if status > 0 {
		code = &status
	}
	now := s.Now()
	err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		err := tx.WithContext(ctx).Exec(`update webhook_delivery set status = ?, attempts = attempts + 1, tried_at = ?, last_status = ?, last_error = ?,
			next_at = case when ? = 'waiting' then ?::timestamptz end where id = ? and status = 'waiting'`, to, now, code, problem, to, now.Add(Retries()[0]), m.ID).Error
		if err != nil || to != Delivered || m.EventID == nil {
			return err
		}
		return tx.WithContext(ctx).Exec(`insert into recognition_ack (event_id, agency_id, delivered_at, delivered_by) select id, agency_id, ?, 'webhook' from recognition_event where id = ?
			on conflict (event_id) do update set delivered_at = excluded.delivered_at, delivered_by = excluded.delivered_by where recognition_ack.delivered_at is null`, now, *m.EventID).Error
	})
	if err != nil {
		return fmt.Errorf("keep what came of the message: %w", err)
	}
	if to == Waiting {
		return errFailed
	}
	return nil
}

// Body is what a message says: nothing of a member.
type Body struct {
	Type string    `json:"type"`
	ID   uuid.UUID `json:"id"`
	Link string    `json:"link"`
}

// post sends a message once. Its number stays the same over all tries.
func (s *Service) post(ctx context.Context, c *http.Client, m message, secrets [][]byte) (status int, problem string) {
	b := Body{Type: m.Kind, ID: m.ID, Link: s.Base.JoinPath("api/v1/events").String()}
	if m.EventID != nil {
		b.ID = *m.EventID
	}
	text, err := json.Marshal(b)
	if err != nil {
		return 0, "the message cannot be written"
	}
	ctx, cancel := contextOf(ctx)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(text))
	if err != nil {
		return 0, "the address cannot be read"
	}
	stamp := strconv.FormatInt(s.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "trusted-trader-portal")
	r.Header.Set("webhook-id", "msg_"+m.ID.String())
	r.Header.Set("webhook-timestamp", stamp)
	r.Header.Set("webhook-signature", Signatures(secrets, "msg_"+m.ID.String(), stamp, text))
	res, err := c.Do(r)
	if err != nil {
		return 0, why(err)
	}
	defer func() { _ = res.Body.Close() }() // what it says does not matter
	_, _ = io.CopyN(io.Discard, res.Body, mostReply)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return res.StatusCode, fmt.Sprintf("it answered %d", res.StatusCode)
	}
	return res.StatusCode, ""
}

// why says what went wrong without telling what stands at an address that is not public.
func why(err error) string {
	var dns *net.DNSError
	var e net.Error
	switch {
	case errors.Is(err, errAddress):
		return "the address is not a public one"
	case errors.As(err, &dns):
		return "the name leads nowhere"
	case errors.As(err, &e) && e.Timeout():
		return "no answer in time"
	}
	return "no connection, or no trusted certificate"
}

// Signatures signs a message by Standard Webhooks with each live secret.
func Signatures(secrets [][]byte, id, stamp string, body []byte) string {
	var out []string
	for _, key := range secrets {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(out, " ")
}
