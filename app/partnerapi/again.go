package partnerapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"time"

	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
)

// Answer is what a request was answered.
type Answer struct {
	Status int
	Kind   string // Content-Type
	Body   string
}

// stuck is after how long a request that never got its answer may be tried again.
const stuck = time.Minute

// ErrOtherRequest: the Idempotency-Key was used for another request.
var ErrOtherRequest = fault.New(fault.Invalid, "This Idempotency-Key was used for another request. Use a new one")

// ErrUnderWay: the first request with this key has no answer yet.
var ErrUnderWay = fault.New(fault.Conflict, "The first request with this Idempotency-Key is still being worked on. Try again in a moment")

// Once answers a request with an Idempotency-Key: the first time by do, and then with the same
// answer for a day. Refusals of do (status 500 and above) are not kept, so that the request
// can be sent again. What is one request is its method, its path and its body.
func (s *Service) Once(ctx context.Context, c Caller, key, request string, do func() (Answer, error)) (a Answer, again bool, err error) {
	if len(key) > 100 {
		return a, false, fault.Fail([]fault.Field{fault.F("Idempotency-Key", "Use 100 characters or fewer")})
	}
	hash, now := sha256.Sum256([]byte(request)), s.Now()
	kept, err := s.claim(ctx, c, key, hash[:], now)
	if err != nil || kept != nil {
		if kept != nil {
			a = *kept
		}
		return a, kept != nil, err
	}
	a, err = do()
	keep := err == nil && a.Status < 500
	write := context.WithoutCancel(ctx) // the work is done: its answer is kept, whatever becomes of the connection
	e := s.DB.Write(write, pg.System, func(tx pg.Tx) error {
		if !keep {
			return tx.WithContext(write).Exec(`delete from api_answer where client_id = ? and key = ?`, c.Client, key).Error
		}
		return tx.WithContext(write).Exec(`update api_answer set status = ?, kind = ?, body = ? where client_id = ? and key = ?`, a.Status, a.Kind, a.Body, c.Client, key).Error
	})
	if e != nil && err == nil {
		err = fmt.Errorf("keep the answer: %w", e)
	}
	return a, false, err
}

// claim takes a key for a request, or finds what it was answered before.
func (s *Service) claim(ctx context.Context, c Caller, key string, hash []byte, now time.Time) (kept *Answer, err error) {
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		kept = nil
		r := tx.WithContext(ctx).Exec(`insert into api_answer (client_id, key, request, at) values (?, ?, ?, ?)
			on conflict (client_id, key) do update set request = excluded.request, status = null, kind = '', body = '', at = excluded.at
			where api_answer.at < ? or (api_answer.status is null and api_answer.at < ?)`, c.Client, key, hash, now, now.Add(-24*time.Hour), now.Add(-stuck))
		if r.Error != nil || r.RowsAffected == 1 {
			return r.Error
		}
		var rows []struct {
			Request    []byte
			Status     *int
			Kind, Body string
		}
		if err := tx.WithContext(ctx).Raw(`select request, status, kind, body from api_answer where client_id = ? and key = ?`, c.Client, key).Scan(&rows).Error; err != nil {
			return err
		}
		switch {
		case len(rows) == 0:
			return ErrUnderWay // it was given up this moment
		case subtle.ConstantTimeCompare(rows[0].Request, hash) != 1:
			return ErrOtherRequest
		case rows[0].Status == nil:
			return ErrUnderWay
		}
		kept = &Answer{*rows[0].Status, rows[0].Kind, rows[0].Body}
		return nil
	})
	return kept, err
}
