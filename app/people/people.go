// Package people keeps who may act for whom: rights and the invitations that lead to
// them, the administration's offices and the partner agencies.
//
// A right is never deleted and never typed over: it is changed with its version, or
// ended, and every request reads it anew (signin.Recognise), so that both hold on open
// sessions at once. A session whose right has ended goes on without any right: what its
// owner is typing can still be kept for them, but nothing more can be done with it.
package people

import (
	"context"
	"net/url"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// Service keeps rights, invitations, offices and agencies.
type Service struct {
	DB        *pg.DB
	Now       func() time.Time
	Letters   *notice.Letters
	Base      *url.URL        // of the portal, for the links in invitations
	Calendars clock.Calendars // an office counts its days with one of them
}

// circle is the group of people whose rights an actor looks after: one company's, one
// agency's, or the staff of some offices.
type circle struct {
	audience identity.Audience
	company  uuid.UUID
	agency   uuid.UUID
	offices  []uuid.UUID // staff: the manager's own office and those below; with them every agency's people
}

// manages finds the circle in which an actor may invite, change and end rights: owners
// their company's, agency administrators their agency's, administrators the staff of
// their offices.
func manages(by identity.Actor) (circle, error) {
	switch {
	case by.Audience == identity.Companies && by.Role == identity.Owner:
		return circle{audience: identity.Companies, company: by.CompanyID}, nil
	case by.Audience == identity.Partners && by.Role == identity.AgencyAdmin:
		return circle{audience: identity.Partners, agency: by.AgencyID}, nil
	case by.Audience == identity.Staff && by.Role == identity.Administrator:
		return circle{audience: identity.Staff, offices: by.Offices}, nil
	}
	if _, err := sees(by); err == nil {
		return circle{}, fault.New(fault.Forbidden, "Only an owner or administrator looks after people. Ask one of them")
	}
	return circle{}, fault.Missing()
}

// sees finds the circle whose people an actor may read: everybody of a company or an
// agency their own, and of the staff those who look after it or oversee it.
func sees(by identity.Actor) (circle, error) {
	switch {
	case by.Audience == identity.Companies && by.Role != "" && by.CompanyID != uuid.Nil:
		return circle{audience: identity.Companies, company: by.CompanyID}, nil
	case by.Audience == identity.Partners && by.Role != "" && by.AgencyID != uuid.Nil:
		return circle{audience: identity.Partners, agency: by.AgencyID}, nil
	case by.Audience == identity.Staff && by.Is(identity.Administrator, identity.Headquarters, identity.Auditor):
		return circle{audience: identity.Staff, offices: by.Offices}, nil
	}
	return circle{}, fault.Missing()
}

// MayManage reports whether the actor may invite people and change their rights.
func MayManage(by identity.Actor) bool {
	_, err := manages(by)
	return err == nil
}

// place is where a right holds: it decides in which zone the right's days are counted.
type place struct {
	Company, Office, Agency *uuid.UUID
}

// today is the day at a place.
func (s *Service) today(ctx context.Context, tx pg.Tx, at place) (clock.Day, error) {
	zone, err := zoneOf(ctx, tx, at)
	if err != nil {
		return clock.Day{}, err
	}
	return clock.DayOf(s.Now(), zone), nil
}
