package bizpartner

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// mostSentDaily bounds the e-mails to outsiders that one company sets off in a day.
const mostSentDaily = 300

// SendEntry sends a questionnaire to a partner.
type SendEntry struct {
	ID       uuid.UUID // made with the form, so that sending twice sends one
	Template string
	Name     string
	Email    string
	Lang     string
	Note     string
	Due      string // day such as 2026-03-04; empty: as the questionnaire says
}

var blankLines = regexp.MustCompile(`\n{3,}`)

// squeeze drops what an empty note leaves.
func squeeze(s string) string { return blankLines.ReplaceAllString(strings.TrimSpace(s), "\n\n") }

// Start is what the form of a questionnaire starts from.
type Start struct {
	ID        uuid.UUID // for the new questionnaire
	Partner   Partner
	Templates []*Template
	Languages []Language
}

// Begin reads what the form offers. Editors may.
func (s *Service) Begin(ctx context.Context, by identity.Actor, partner uuid.UUID) (b Start, err error) {
	p, _, err := s.Rewrite(ctx, by, partner)
	return Start{ID: pg.NewID(), Partner: p, Templates: s.Data.Templates, Languages: s.Data.Languages}, err
}

// Send sends a questionnaire to a partner by e-mail with its one link. Editors of the company
// may. Invalid: what is missing; Conflict: one is open already, or too many went out today.
func (s *Service) Send(ctx context.Context, by identity.Actor, partner uuid.UUID, in SendEntry) (q Questionnaire, err error) {
	if err := editor(by); err != nil {
		return q, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		p, err := lock[Partner](ctx, tx, by.CompanyID, partner)
		if err != nil {
			return err
		}
		there, err := scan[Questionnaire](ctx, tx, `select * from questionnaire where id = ? and partner_id = ?`, in.ID, p.ID)
		if err != nil {
			return fmt.Errorf("look for the questionnaire: %w", err)
		}
		if len(there) == 1 {
			q = there[0]
			return nil
		}
		if p.EndedAt != nil {
			return fault.New(fault.Conflict, "You no longer work with this partner")
		}
		if q, err = s.draft(ctx, tx, now, by, p, in); err != nil {
			return err
		}
		return s.out(ctx, tx, now, by, p, &q)
	})
	if pg.Constraint(err) == "one_open_questionnaire" {
		err = fault.New(fault.Conflict, "This partner has this questionnaire already. Send a new link there, or call it off first")
	}
	return q, err
}

// draft takes what a person entered into a questionnaire.
func (s *Service) draft(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, p Partner, in SendEntry) (q Questionnaire, err error) {
	var c entry.Check
	q = Questionnaire{ID: in.ID, CompanyID: by.CompanyID, PartnerID: p.ID, Status: Sent, Round: 1, SentAt: now, SentBy: person(by), Sender: by.Name, Version: 1}
	if q.ID == uuid.Nil {
		q.ID = pg.NewID()
	}
	t, known := s.Data.Template(in.Template)
	if !known {
		c.Add("template", "Choose the questionnaire")
	}
	q.ToName = c.Line("name", "the name of the person", in.Name, 1, 200)
	q.ToEmail = c.Email("email", in.Email)
	q.Lang = c.OneOf("lang", "the language", in.Lang, s.Data.langCodes()...)
	q.Note = c.Text("note", "the note", in.Note, 0, 2000)
	if err := c.Err(); err != nil {
		return q, err
	}
	q.Template, q.Edition = t.Code, t.Edition
	day, err := today(ctx, tx, now, by.CompanyID)
	if err != nil {
		return q, err
	}
	q.DueOn = day.AddDays(t.AnswerDays)
	if in.Due != "" {
		d, err := clock.ParseDay(in.Due)
		if err != nil || d.Before(day.AddDays(7)) || d.After(day.AddDays(t.LinkDays-14)) {
			return q, fault.Fail([]fault.Field{fault.F("due", "Enter a day from %d to %d days from now", 7, t.LinkDays-14)})
		}
		q.DueOn = d
	}
	q.LinkUntil = now.AddDate(0, 0, t.LinkDays)
	q.Programme, err = s.programmeFor(ctx, tx, by.CompanyID)
	return q, err
}

// programmeFor is the programme in whose words a company is written to: that of its
// membership, or of its application, or the first that there is.
func (s *Service) programmeFor(ctx context.Context, tx pg.Tx, company uuid.UUID) (string, error) {
	list, err := scan[string](ctx, tx, `select programme from (select programme, 1 as n, created_at as at from membership where company_id = ?
		union all select programme, 2, opened_at from application where company_id = ?) x order by n, at desc limit 1`, company, company)
	if err != nil {
		return "", fmt.Errorf("find the programme: %w", err)
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return s.Programmes.All()[0].Code, nil
}

// out numbers a questionnaire and sends it.
func (s *Service) out(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, p Partner, q *Questionnaire) error {
	if err := hold(ctx, tx, by.CompanyID); err != nil {
		return err
	}
	n, err := scan[struct {
		Today  int
		Number int64
	}](ctx, tx, `select (select count(*)::int from questionnaire_entry where company_id = ? and what in ('sent', 'renewed') and at > ?) as today, nextval('questionnaire_number') as number`,
		by.CompanyID, now.Add(-24*time.Hour))
	if err != nil {
		return fmt.Errorf("number the questionnaire: %w", err)
	}
	if n[0].Today >= mostSentDaily {
		return fault.New(fault.Conflict, "You can send %d questionnaires a day. Send the rest tomorrow", mostSentDaily)
	}
	q.Reference = fmt.Sprintf("Q-%d-%05d", now.UTC().Year(), n[0].Number)
	q.TokenHash = hash(s.token(q.ID, q.Round))
	if err := add(ctx, tx, q); err != nil {
		return fmt.Errorf("send a questionnaire: %w", err)
	}
	if err := q.write(ctx, tx, now, "sent", "", by.Name); err != nil {
		return err
	}
	if err := s.post(ctx, tx, now, *q, outsider{by.Company, p.Name}, "mail"); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "questionnaire.send", Kind: KindQuestionnaire, Subject: q.ID, Company: q.CompanyID,
		After: map[string]any{"reference": q.Reference, "partner": p.Name, "template": q.Template, "to": q.ToEmail, "due_on": q.DueOn.String()}})
}

// sweepSQL finds a questionnaire whose next reminder is due, or whose link has expired. Days
// count at the office of the company that asked.
const sweepSQL = `select q.*, s.stage from questionnaire q join company c on c.id = q.company_id join office o on o.id = c.office_id
	cross join lateral (select (cast(@now as timestamptz) at time zone o.zone)::date as today, (q.sent_at at time zone o.zone)::date as sent) d
	cross join lateral (select case when q.link_until <= @now then 9 when d.today >= q.due_on + 7 then 3 when d.today >= q.due_on - 1 then 2
		when d.today >= q.due_on - 7 and q.due_on - d.sent > 7 then 1 else 0 end as stage) s
	where q.status in ('sent', 'opened', 'begun', 'returned') and s.stage > q.reminded order by q.due_on, q.id limit 1 for update of q skip locked`

// Sweep sends reminders a week and a day before the last day to answer and a week after it,
// and closes links that have expired. Any number may run at once; each reminder goes out
// once. The portal itself; no person calls it.
func (s *Service) Sweep(ctx context.Context) (done int, err error) {
	for {
		more := false
		err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
			more = false
			now := s.Now()
			list, err := scan[struct {
				Questionnaire
				Stage int
			}](ctx, tx, sweepSQL, sql.Named("now", now))
			if err != nil || len(list) == 0 {
				return err
			}
			more = true
			return s.remind(ctx, tx, now, list[0].Questionnaire, list[0].Stage)
		})
		if err != nil || !more {
			return done, err
		}
		done++
	}
}

// expiredStage is beyond the reminders.
const expiredStage = 9

func (s *Service) remind(ctx context.Context, tx pg.Tx, now time.Time, q Questionnaire, stage int) error {
	names, err := namesOf(ctx, tx, q)
	if err != nil {
		return err
	}
	by := identity.ClockActor("questionnaire")
	if stage == expiredStage {
		q.ClosedAt = &now
		if err := q.move(ctx, tx, ByPortal, Expire, Facts{}, "closed_at"); err != nil {
			return err
		}
		if err := q.write(ctx, tx, now, "expired", "", by.Name); err != nil {
			return err
		}
		if err := s.inform(ctx, tx, now, q, names.Partner, "The partner did not answer, and the link has expired. You can send a new link."); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "questionnaire.expire", Kind: KindQuestionnaire, Subject: q.ID, Company: q.CompanyID, After: map[string]any{"reference": q.Reference}})
	}
	q.Reminded = stage
	if err := pg.Update(ctx, tx, &q, q.ID, &q.Version, "reminded"); err != nil {
		return fmt.Errorf("remind a partner: %w", err)
	}
	if err := q.write(ctx, tx, now, "reminded", "", by.Name); err != nil {
		return err
	}
	if err := s.post(ctx, tx, now, q, names, "remind"); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "questionnaire.remind", Kind: KindQuestionnaire, Subject: q.ID, Company: q.CompanyID, After: map[string]any{"reference": q.Reference, "reminder": stage}})
}
