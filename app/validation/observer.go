package validation

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

// Observer is a partner agency that is to watch a visit.
type Observer struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	VisitID     uuid.UUID
	CompanyID   uuid.UUID
	AgencyID    uuid.UUID
	AskedAt     time.Time
	AskedBy     *uuid.UUID
	Purpose     string
	Consent     *string // given, refused; nil: the company has not answered
	ConsentedAt *time.Time
	ConsentedBy *uuid.UUID
	Consenter   string
	WithdrawnAt *time.Time
	Conclusion  string
	ConcludedAt *time.Time
	ConcludedBy *uuid.UUID
	Concluder   string
	Version     int
}

// TableName is the table that holds observers.
func (Observer) TableName() string { return "visit_observer" }

// What a company says to an observer.
const (
	Given   = "given"
	Refused = "refused"
)

// Stands reports whether the agency may see the visit.
func (o Observer) Stands() bool {
	return o.Consent != nil && *o.Consent == Given && o.WithdrawnAt == nil
}

// Answered reports whether the company has said anything.
func (o Observer) Answered() bool { return o.Consent != nil }

// ObserverEntry asks for a partner agency to observe a visit.
type ObserverEntry struct {
	Agency  string // id
	Purpose string
}

// AskForObserver asks the company to let a partner agency watch a visit, for a purpose. One
// that was refused or withdrawn can be asked for again. Case workers of the office in charge
// may. Conflict: it is asked for already, or the company does not know of the validation.
func (s *Service) AskForObserver(ctx context.Context, by identity.Actor, visit uuid.UUID, in ObserverEntry) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := WorkOnVisit(ctx, tx, by, visit, 0)
		if err != nil {
			return err
		}
		if !x.Goes() || x.Status == Done || x.Status == CalledOff || v.NotifiedAt == nil {
			return fault.New(fault.Conflict, "Observers can be asked for once the company was notified, and until the visit is over")
		}
		var c entry.Check
		purpose := c.Text("purpose", "what the agency wants to see and why", in.Purpose, 1, 1000)
		agency, name, err := agencyOf(ctx, tx, &c, in.Agency)
		if err != nil {
			return err
		}
		if err := c.Err(); err != nil {
			return err
		}
		o, err := first[Observer](ctx, tx, true, "visit_id = ? and agency_id = ?", x.ID, agency)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			o = Observer{ID: pg.NewID(), VisitID: x.ID, CompanyID: x.CompanyID, AgencyID: agency, AskedAt: now, AskedBy: &by.PersonID, Purpose: purpose, Version: 1}
			err = add(ctx, tx, &o)
		case err == nil && (!o.Answered() || o.Stands()):
			return fault.New(fault.Conflict, "This agency was asked for already")
		case err == nil:
			o.AskedAt, o.AskedBy, o.Purpose, o.Consent, o.ConsentedAt, o.ConsentedBy, o.Consenter, o.WithdrawnAt = now, &by.PersonID, purpose, nil, nil, nil, "", nil
			err = pg.Update(ctx, tx, &o, o.ID, &o.Version, "asked_at", "asked_by", "purpose", "consent", "consented_at", "consented_by", "consenter", "withdrawn_at")
		}
		if err != nil {
			return fmt.Errorf("ask for an observer: %w", err)
		}
		e := audit.Event{Action: "visit.ask_for_observer", Kind: VisitKind, Subject: x.ID, Agency: agency, After: map[string]any{"agency": name, "purpose": purpose, "place": x.Place}}
		if err := record(ctx, tx, now, by, v, e); err != nil {
			return err
		}
		return s.Steps.Write(ctx, tx, now, by, v, "validation_observer", map[string]string{"place": x.Place, "note": purpose, "agency": name}, nil)
	})
}

// ConsentEntry answers whether a partner agency may watch: given, refused, or withdrawn.
type ConsentEntry struct {
	Answer  string
	Version int // of the observer
}

// Consent lets a partner agency watch a visit, or does not, or takes that back. Owners and
// signatories may. Conflict: it was answered meanwhile.
func (s *Service) Consent(ctx context.Context, by identity.Actor, visit, observer uuid.UUID, in ConsentEntry) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := companyVisit(ctx, tx, by, visit)
		if err != nil {
			return err
		}
		o, err := first[Observer](ctx, tx, true, "id = ? and visit_id = ?", observer, x.ID)
		if err != nil {
			return fmt.Errorf("open the observer: %w", err)
		}
		if !by.Is(identity.CompanySigners...) {
			return fault.New(fault.Forbidden, "Only an owner or signatory can answer this for your company")
		}
		if o.Version != in.Version {
			return fault.Moved()
		}
		was := o.Consent
		switch {
		case (in.Answer == Given || in.Answer == Refused) && !o.Answered():
			o.Consent, o.ConsentedAt, o.ConsentedBy, o.Consenter = &in.Answer, &now, &by.PersonID, by.Name
		case in.Answer == "withdrawn" && o.Stands():
			o.WithdrawnAt = &now
		default:
			return fault.Fail([]fault.Field{fault.F("answer", "Choose whether the agency may observe the visit")})
		}
		if err := pg.Update(ctx, tx, &o, o.ID, &o.Version, "consent", "consented_at", "consented_by", "consenter", "withdrawn_at"); err != nil {
			return fmt.Errorf("answer about an observer: %w", err)
		}
		e := audit.Event{Action: "visit.consent", Kind: VisitKind, Subject: x.ID, Agency: o.AgencyID, Before: map[string]any{"consent": was}, After: map[string]any{"consent": in.Answer, "place": x.Place}}
		if err := record(ctx, tx, now, by, v, e); err != nil {
			return err
		}
		return s.tellOffice(ctx, tx, now, x, v)
	})
}

// ConclusionEntry is what an observer concludes.
type ConclusionEntry struct {
	Text    string
	Version int // of the observer
}

// Conclude keeps what a partner agency concludes from what it saw; the company and the
// office read it. The agency's people may, while the company's consent stands.
func (s *Service) Conclude(ctx context.Context, by identity.Actor, visit uuid.UUID, in ConclusionEntry) error {
	if by.Audience != identity.Partners || by.AgencyID == uuid.Nil {
		return fault.Missing()
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		o, err := first[Observer](ctx, tx, true, "visit_id = ? and agency_id = ?", visit, by.AgencyID)
		if err != nil || !o.Stands() {
			return fault.Missing()
		}
		if o.Version != in.Version {
			return fault.Moved()
		}
		var c entry.Check
		text := c.Text("text", "your conclusion", in.Text, 1, 4000)
		if err := c.Err(); err != nil {
			return err
		}
		o.Conclusion, o.ConcludedAt, o.ConcludedBy, o.Concluder = text, &now, &by.PersonID, by.Name
		if err := pg.Update(ctx, tx, &o, o.ID, &o.Version, "conclusion", "concluded_at", "concluded_by", "concluder"); err != nil {
			return fmt.Errorf("keep the conclusion: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "visit.conclude", Kind: VisitKind, Subject: o.VisitID, Company: o.CompanyID, Agency: o.AgencyID, After: map[string]any{"conclusion": text}})
	})
}
