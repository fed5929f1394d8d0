// Package audit keeps who did what, when and why. Events are added in the
// transaction of the change they describe and can never be altered.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Event says what happened to which record.
type Event struct {
	Action   string // "application.submit": the record's kind, a dot, the person's verb
	Kind     string // of the subject: "application"
	Subject  uuid.UUID
	Company  uuid.UUID // whose data it is; the zero id when no company's
	Agency   uuid.UUID
	Before   any // what it was, and
	After    any // what it is now: only the fields that changed
	Reason   string
	Internal bool // true: the agency's own work, which the company does not see
}

// Row is one event as it is kept.
type Row struct {
	ID          int64
	At          time.Time
	PersonID    *uuid.UUID
	Actor       string
	Audience    string
	Role        string
	RightID     *uuid.UUID
	Action      string
	SubjectKind string
	SubjectID   *uuid.UUID
	CompanyID   *uuid.UUID
	AgencyID    *uuid.UUID
	Before      []byte
	After       []byte
	Reason      string
	RequestID   string
	Internal    bool
}

// TableName is the table that holds events.
func (Row) TableName() string { return "audit_event" }

// Record adds an event to the transaction. Without it the change must not be committed.
func Record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, e Event) error {
	before, err := values(e.Before)
	if err != nil {
		return fmt.Errorf("record %s: %w", e.Action, err)
	}
	after, err := values(e.After)
	if err != nil {
		return fmt.Errorf("record %s: %w", e.Action, err)
	}
	r := tx.WithContext(ctx).Exec(`insert into audit_event (at, person_id, actor, audience, role, right_id, action,
		subject_kind, subject_id, company_id, agency_id, before, after, reason, request_id, internal)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?, ?, ?)`,
		now, id(by.PersonID), by.Name, string(by.Audience), string(by.Role), id(by.RightID), e.Action,
		e.Kind, id(e.Subject), id(e.Company), id(e.Agency), before, after, e.Reason, by.RequestID, e.Internal)
	if r.Error != nil {
		return fmt.Errorf("record %s: %w", e.Action, r.Error)
	}
	return nil
}

// LookSQL notes a look at a record: what follows is the record's table as x and the
// condition on it, with $10 as its id. Its columns id and company_id are those of the event.
const LookSQL = `insert into audit_event (at, person_id, actor, audience, role, right_id, action, subject_kind, subject_id, company_id, request_id, internal)
  select $1, $2, $3, $4, $5, $6, $7, $8, x.id, x.company_id, $9, true from `

// RecordAll records many events of one kind of step in one statement, for steps over many
// records at once.
func RecordAll(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	type line struct {
		Action   string     `json:"action"`
		Kind     string     `json:"subject_kind"`
		Subject  *uuid.UUID `json:"subject_id"`
		Company  *uuid.UUID `json:"company_id"`
		Agency   *uuid.UUID `json:"agency_id"`
		Before   any        `json:"before"`
		After    any        `json:"after"`
		Reason   string     `json:"reason"`
		Internal bool       `json:"internal"`
	}
	list := make([]line, len(events))
	for i, e := range events {
		list[i] = line{e.Action, e.Kind, id(e.Subject), id(e.Company), id(e.Agency), e.Before, e.After, e.Reason, e.Internal}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("record %s: %w", events[0].Action, err)
	}
	r := tx.WithContext(ctx).Exec(`insert into audit_event (at, person_id, actor, audience, role, right_id, action,
		subject_kind, subject_id, company_id, agency_id, before, after, reason, request_id, internal)
		select ?::timestamptz, ?::uuid, ?, ?, ?, ?::uuid, x.action, x.subject_kind, x.subject_id, x.company_id, x.agency_id,
		  nullif(x.before, 'null'::jsonb), nullif(x.after, 'null'::jsonb), x.reason, ?, x.internal
		from jsonb_to_recordset(?::jsonb) x(action text, subject_kind text, subject_id uuid, company_id uuid, agency_id uuid, before jsonb, after jsonb, reason text, internal boolean)`,
		now, id(by.PersonID), by.Name, string(by.Audience), string(by.Role), id(by.RightID), by.RequestID, string(text))
	if r.Error != nil {
		return fmt.Errorf("record %s: %w", events[0].Action, r.Error)
	}
	return nil
}

// LookArgs are the first ten arguments of LookSQL.
func LookArgs(now time.Time, by identity.Actor, action, kind string, record uuid.UUID) []any {
	return []any{now, id(by.PersonID), by.Name, string(by.Audience), string(by.Role), id(by.RightID), action, kind, by.RequestID, record}
}

// LookAt is the statement of LookSQL for a batch: the look and what it shows go in one
// round trip and one transaction. A record that is not there leaves no event.
func LookAt(now time.Time, by identity.Actor, action, kind, from string, record uuid.UUID) pg.Query {
	var one []struct{ Done int }
	return pg.All(&one, LookSQL+from+` returning 1 as done`, LookArgs(now, by, action, kind, record)...)
}

// Look is LookAt for a company.
func Look(now time.Time, by identity.Actor, action string, company uuid.UUID) pg.Query {
	return LookAt(now, by, action, "company", `(select id, id as company_id from company) x where x.id = $10`, company)
}

func id(u uuid.UUID) *uuid.UUID {
	if u == uuid.Nil {
		return nil
	}
	return &u
}

func values(v any) (*string, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	s := string(b)
	return &s, nil
}
