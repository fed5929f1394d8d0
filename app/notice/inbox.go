package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Service is the inbox: what people do with letters and messages.
type Service struct {
	DB      *pg.DB
	Now     func() time.Time
	Letters *Letters
	Outbox  bool // development only: lets the e-mails be looked at
}

// PageSize is how many messages a list shows at once.
const PageSize = 25

// Item is a message in a list.
type Item struct {
	ID          uuid.UUID
	Direction   Direction
	Letter      string // code of the programme's letter; empty for a message that a person wrote
	Subject     string
	Author      string
	SubjectKind string
	SubjectID   uuid.UUID
	Reference   string // of the record it is about
	SentAt      time.Time
	Unread      bool // to the side of the person who looks, and not opened by them
}

// Full is a message with its text.
type Full struct {
	Item
	CompanyID uuid.UUID
	Company   string
	Body      string
	CanReply  bool
}

// Cursor says where a page of a list begins: after this message. The zero Cursor is the start.
type Cursor struct {
	SentAt time.Time
	ID     uuid.UUID
}

// String writes the cursor for an address; ParseCursor reads it.
func (c Cursor) String() string {
	if c.ID == uuid.Nil {
		return ""
	}
	return c.SentAt.UTC().Format(time.RFC3339Nano) + "_" + c.ID.String()
}

// ParseCursor reads what String wrote; anything else is the start.
func ParseCursor(s string) Cursor {
	if len(s) < 37 || s[len(s)-37] != '_' {
		return Cursor{}
	}
	at, err := time.Parse(time.RFC3339Nano, s[:len(s)-37])
	id, err2 := uuid.Parse(s[len(s)-36:])
	if err != nil || err2 != nil {
		return Cursor{}
	}
	return Cursor{at, id}
}

// Page is one page of a list. Next is the zero Cursor on the last one.
type Page struct {
	Items []Item
	Next  Cursor
}

const itemColumns = `m.id, m.direction, m.letter, m.subject, m.author, m.subject_kind, m.subject_id, m.sent_at,
	` + itemReference + ` as reference,
	m.direction = $2 and not exists (select from message_read x where x.message_id = m.id and x.person_id = $1) as unread`

const itemFrom = ` from message m
	left join application a on m.subject_kind = 'application' and a.id = m.subject_id and a.company_id = m.company_id
	left join change_notice n on m.subject_kind = 'change_notice' and n.id = m.subject_id and n.company_id = m.company_id
	left join membership s on m.subject_kind = 'membership' and s.id = m.subject_id and s.company_id = m.company_id
	left join profile_cycle y on m.subject_kind = 'profile' and y.id = m.subject_id and y.company_id = m.company_id
	left join validation v on m.subject_kind = 'validation' and v.id = m.subject_id and v.company_id = m.company_id
	left join finding f on m.subject_kind = 'finding' and f.id = m.subject_id and f.company_id = m.company_id
	left join incident ic on m.subject_kind = 'incident' and ic.id = m.subject_id and ic.company_id = m.company_id
	left join enforcement_case ec on m.subject_kind = 'enforcement' and ec.id = m.subject_id and ec.company_id = m.company_id
	left join appeal ap on m.subject_kind = 'appeal' and ap.id = m.subject_id and ap.company_id = m.company_id
	left join claim cl on m.subject_kind = 'claim' and cl.id = m.subject_id and cl.company_id = m.company_id`

// itemReference is what people call the record that a message is about.
const itemReference = `coalesce(a.reference, n.reference, s.number, y.reference, v.reference, f.reference, ic.reference, ec.reference, ap.reference, cl.reference, '')`

const inboxSQL = `select ` + itemColumns + itemFrom + `
	where m.company_id = $3 and ($4::timestamptz is null or (m.sent_at, m.id) < ($4, $5))
	order by m.sent_at desc, m.id desc limit $6`

const threadSQL = `select m.company_id, c.name as company, m.body, false as can_reply, ` + itemColumns + itemFrom + `
	join company c on c.id = m.company_id
	where m.subject_kind = $3 and m.subject_id = $4 and ($5::uuid is null or m.company_id = $5)
	order by m.sent_at desc, m.id desc limit 200`

// Inbox lists the letters and messages of the actor's company, the newest first: those
// from the agency and those that the company sent. Everybody of the company may.
func (s *Service) Inbox(ctx context.Context, by identity.Actor, after Cursor) (p Page, err error) {
	if !by.Is(identity.CompanyReaders...) {
		return p, fault.Missing()
	}
	var from *time.Time
	if after.ID != uuid.Nil {
		from = &after.SentAt
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&p.Items, inboxSQL, by.PersonID, string(ToCompany), by.CompanyID, from, after.ID, PageSize+1))
	if err != nil {
		return p, fmt.Errorf("read the inbox: %w", err)
	}
	if len(p.Items) > PageSize {
		p.Items = p.Items[:PageSize]
		last := p.Items[PageSize-1]
		p.Next = Cursor{last.SentAt, last.ID}
	}
	return p, nil
}

// ThreadRows reads the whole conversation about one record for a page, the newest
// first, at most 200. The caller has decided that the actor may see the record.
func ThreadRows(dst *[]Full, by identity.Actor, kind string, id uuid.UUID) pg.Query {
	toMe := ToCompany
	if by.Audience == identity.Staff {
		toMe = ToAgency
	}
	return pg.All(dst, threadSQL, by.PersonID, string(toMe), kind, id, own(by))
}

// Unread counts the messages to the company that the person has not opened yet.
func Unread(dst *int, by identity.Actor) pg.Query {
	return pg.Value(dst, `select count(*)::int from message m where m.company_id = $1 and m.direction = 'to_company'
		and not exists (select from message_read x where x.message_id = m.id and x.person_id = $2)`, by.CompanyID, by.PersonID)
}

// Show opens one message and notes that the person has read it; each look by the agency
// is an audit event. Everybody of the company and the agency's case readers may;
// for others there is no such message.
func (s *Service) Show(ctx context.Context, by identity.Actor, id uuid.UUID) (m Full, err error) {
	if !by.Is(identity.CompanyReaders...) && !by.Is(identity.CaseReaders...) {
		return m, fault.Missing()
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		m, err = findMessage(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := markRead(ctx, tx, now, by, m); err != nil || by.Audience != identity.Staff {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "message.read", Kind: "message", Subject: m.ID, Company: m.CompanyID, Internal: true})
	})
	if err != nil {
		return Full{}, fmt.Errorf("open a message: %w", err)
	}
	m.CanReply = m.SubjectKind == AboutApplication && mayWrite(by)
	return m, nil
}

func mayWrite(by identity.Actor) bool {
	return by.Is(identity.CompanyEditors...) || by.Is(identity.CaseWorkers...)
}

// About says what a new message about an application would be about, for the form.
// The same persons may as Write.
func (s *Service) About(ctx context.Context, by identity.Actor, application uuid.UUID) (Subject, error) {
	var a Subject
	err := s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) (err error) {
		a, err = findSubject(ctx, tx, by, application)
		return err
	})
	if err == nil && !mayWrite(by) {
		err = errMayNotWrite()
	}
	return a, err
}

func errMayNotWrite() error {
	return fault.New(fault.Forbidden, "Your role can read messages. An owner, signatory, editor or representative can write them")
}

// Subject is the application that a message is about.
type Subject struct {
	ID         uuid.UUID
	CompanyID  uuid.UUID
	Company    string
	Reference  string
	AssigneeID *uuid.UUID
	OfficeID   uuid.UUID
}

// Write sends a message about an application: from the company to the agency, or from
// the agency to the company. The company's editors and signers may, and the agency's
// case workers. Invalid: the subject or the text; Missing: another company's
// application. It returns the message's id.
func (s *Service) Write(ctx context.Context, by identity.Actor, application uuid.UUID, subject, body string) (id uuid.UUID, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := findSubject(ctx, tx, by, application)
		if err != nil {
			return err
		}
		if !mayWrite(by) {
			return errMayNotWrite()
		}
		var check entry.Check
		m := Message{Company: a.CompanyID, Direction: ToAgency, SubjectKind: AboutApplication, SubjectID: a.ID}
		m.Subject = check.Line("subject", "a subject", subject, 1, 150)
		m.Body = check.Text("body", "your message", body, 1, 8000)
		if err := check.Err(); err != nil {
			return err
		}
		if by.Audience == identity.Staff {
			m.Direction = ToCompany
		}
		id, err = s.Letters.write(ctx, tx, now, by, m)
		if err != nil {
			return err
		}
		if m.Direction == ToAgency && a.AssigneeID != nil {
			if err := s.Letters.ToStaff(ctx, tx, now, []uuid.UUID{*a.AssigneeID}, AboutApplication, a.ID); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "message.send", Kind: AboutApplication, Subject: a.ID, Company: a.CompanyID,
			After: map[string]any{"message": id, "direction": m.Direction}})
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("send a message: %w", err)
	}
	return id, nil
}

// Sent is an e-mail in the outbox.
type Sent struct {
	ID        uuid.UUID
	ToAddress string
	ToName    string
	Lang      string
	Subject   string
	Body      string
	Method    string // of the invitation; empty without one
	Calendar  string
	CreatedAt time.Time
	SentAt    *time.Time
	Tries     int
	LastError string
}

// ListOutbox shows the newest e-mails with their texts, sent or waiting, for looking
// at a portal that has no mail server. In production it does not exist.
func (s *Service) ListOutbox(ctx context.Context, _ identity.Actor) (mails []Sent, err error) {
	if !s.Outbox {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, pg.System, pg.All(&mails, `select id, to_address, to_name, lang, subject, body, method, calendar, created_at, sent_at, tries, last_error
		from mail order by created_at desc, id desc limit $1`, 100))
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	return mails, nil
}

// Address is where the e-mail goes, as a header would have it.
func (m Sent) Address() string {
	if m.ToName == "" {
		return m.ToAddress
	}
	return m.ToName + " <" + m.ToAddress + ">"
}

// State of the e-mail in English source text.
func (m Sent) State() string {
	switch {
	case m.SentAt != nil:
		return "Sent"
	case m.Tries > 0:
		return "Waiting for the mail server"
	default:
		return "Kept in the outbox"
	}
}
