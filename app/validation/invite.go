package validation

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/i18n"
	"trustedtrader/app/ical"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// official is the context of texts in the portal's own language: letters and audit events.
func official(ctx context.Context) context.Context {
	return (&i18n.Catalogues{}).With(ctx, i18n.Source)
}

// Event is a visit as calendars see it; invitations and feeds agree on it. It carries no
// secret of the company: a calendar is read by many.
func (s *Steps) Event(ctx context.Context, x Visit, reference string, now time.Time) ical.Event {
	at := x.When()
	e := ical.Event{UID: ical.VisitUID(x.ID, s.Letters.Host()), Summary: i18n.T(ctx, "Validation visit (%s)", reference), Sequence: x.Sequence, Stamp: now,
		Start: at.StartsAt, End: at.EndsAt, AllDay: at.AllDay, Zone: at.Zone, LastModified: now,
		Description: i18n.T(ctx, "Whether you come is agreed in the portal. An answer from your calendar does not reach us.")}
	if x.Kind == Virtual {
		e.Location = i18n.T(ctx, "By video")
	} else {
		e.Location = strings.Join(nonEmpty(x.Place, x.Address, x.Country), ", ")
	}
	e.Organizer, e.OrganizerName = s.Letters.Organizer(ctx)
	if x.Status == CalledOff {
		e.Status = ical.Cancelled
	}
	return e
}

func nonEmpty(words ...string) (out []string) {
	for _, w := range words {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// invite puts an invitation, its update or its cancellation into the outbox for each person:
// those who act for the company and the team, or only the given ones. Each gets one of
// their own, so that nobody learns of the others' addresses.
func (s *Service) invite(ctx context.Context, tx pg.Tx, now time.Time, x Visit, v Validation, method string, only []uuid.UUID) error {
	people, err := guests(ctx, tx, now, x, only)
	if err != nil {
		return err
	}
	if s.Steps.Letters.From == "" {
		return nil // no mailbox is set up that could send them
	}
	for _, p := range people {
		ctx := s.Steps.Letters.Speak(ctx, p.Lang)
		e := s.Steps.Event(ctx, x, v.Reference, now)
		e.URL = s.Steps.Letters.Page(p.Audience, notice.AboutValidation, v.ID)
		e.Attendees = []ical.Attendee{{Name: p.Name, Email: p.Email}}
		calendar, err := ical.Invitation(e, method)
		if err != nil {
			return err
		}
		body := i18n.T(ctx, "The time of the visit (%s): %s", v.Reference, x.When().Site(ctx))
		subject := i18n.T(ctx, "Validation visit (%s)", v.Reference)
		if method == ical.Cancel {
			body = i18n.T(ctx, "The visit (%s) does not take place.", v.Reference)
			subject = i18n.T(ctx, "Cancelled: validation visit (%s)", v.Reference)
		}
		body = strings.Join([]string{i18n.T(ctx, "Hello %s,", p.Name), body, i18n.T(ctx, "What the portal says counts:") + "\n" + e.URL,
			i18n.T(ctx, "Answer there. An answer from your calendar does not reach us.")}, "\n\n") + "\n"
		mail := notice.Mail{To: p.Email, Name: p.Name, Lang: i18n.Lang(ctx), Subject: subject, Body: body}
		if p.Audience == identity.Companies {
			mail.Company = v.CompanyID
		}
		if err := s.Steps.Letters.Invite(ctx, tx, now, mail, calendar, method); err != nil {
			return err
		}
	}
	return nil
}
