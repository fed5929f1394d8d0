package recognition

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// pageSize bounds a page of a partner's lists.
const pageSize = 50

// officer lets people of a partner agency through.
func officer(by identity.Actor) error {
	if !by.Abroad() {
		return fault.Missing()
	}
	return nil
}

// Line is a member in a partner's list.
type Line struct {
	ID          uuid.UUID
	Arrangement string
	Status      Status
	AskedAt     time.Time
	AnsweredAt  *time.Time
	EndedAt     *time.Time
	EndReason   string
	Told        string
	Company     string // empty: it sees nothing of the member any more
	Country     string
	Number      string
	Programme   string
	EntityType  string
}

// Desk is a page of the members that take part, as a partner sees them.
type Desk struct {
	Status Status // filter; empty: those that wait for an answer
	Items  []Line
	Counts map[Status]int
	Page   int
	More   bool
}

// Members lists the members that ask the actor's agency for recognition, the oldest first. Its
// officers and administrators may.
func (s *Service) Members(ctx context.Context, by identity.Actor, status Status, page int) (d Desk, err error) {
	if err := officer(by); err != nil {
		return d, err
	}
	if !slices.Contains(Statuses(), status) {
		status = Sent
	}
	page = min(max(page, 1), 1000)
	var ids []struct{ ID uuid.UUID }
	var counts []struct {
		Status Status
		N      int
	}
	// The agency's own fence says which rows there are; the portal adds what they are about.
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&ids, `select id from recognition where agency_id = $1 and status = $2 order by asked_at, id limit $3 offset $4`, by.AgencyID, status, pageSize+1, (page-1)*pageSize),
		pg.All(&counts, `select status, count(*)::int as n from recognition where agency_id = $1 group by status`, by.AgencyID))
	if err != nil {
		return d, fmt.Errorf("list the members: %w", err)
	}
	d = Desk{Status: status, Counts: map[Status]int{}, Page: page}
	for _, c := range counts {
		d.Counts[c.Status] = c.N
	}
	if len(ids) > pageSize {
		ids, d.More = ids[:pageSize], true
	}
	list := make([]uuid.UUID, len(ids))
	for i, x := range ids {
		list[i] = x.ID
	}
	err = s.DB.Batch(ctx, pg.System, pg.All(&d.Items, lineSQL+` where r.id = any($1) and r.agency_id = $2 order by r.asked_at, r.id`, list, by.AgencyID))
	if err != nil {
		return d, fmt.Errorf("list the members: %w", err)
	}
	return d, nil
}

const lineSQL = `select r.id, r.arrangement, r.status, r.asked_at, r.answered_at, r.ended_at, r.end_reason, r.told, case when r.ended_at is null then y.name else '' end as company,
	case when r.ended_at is null then y.country else '' end as country, m.number, m.programme, m.entity_type
	from recognition r join membership m on m.id = r.membership_id join company y on y.id = r.company_id`

// Seen is a member as a partner sees it.
type Seen struct {
	Recognition
	Line        Line
	Arrangement arrangement.Arrangement
	Rules       arrangement.Operative
	Stands      Standing // today; empty after the end
	Numbers     []SeenNumber
	Events      []Notice
	May         []Action
	Refusals    []arrangement.Refusal
}

// Can reports whether the actor may do something now.
func (x Seen) Can(a Action) bool { return slices.Contains(x.May, a) }

// SeenNumber is a number that the company entered for the partner.
type SeenNumber struct{ Scheme, Value, Address string }

// Member reads a member that asks the actor's agency for recognition. The same persons may as
// for Members; a look at a member that still takes part is an audit event.
func (s *Service) Member(ctx context.Context, by identity.Actor, id uuid.UUID) (x Seen, err error) {
	if err := officer(by); err != nil {
		return x, err
	}
	now := s.Now()
	var zone string
	err = s.DB.Batch(ctx, by.Scope(), arrangement.Zone(&zone), pg.One(&x.Recognition, `select `+columns+` from recognition r where r.id = $1 and r.agency_id = $2`, id, by.AgencyID))
	if err != nil {
		return x, err
	}
	today, err := arrangement.DayIn(now, zone)
	if err != nil {
		return x, err
	}
	var row struct {
		memberRow
		Numbers string
	}
	err = s.DB.Batch(ctx, pg.System,
		pg.One(&x.Line, lineSQL+` where r.id = $1`, id),
		pg.One(&row, `select `+memberColumns+fmt.Sprintf(partsOf, "$2")+`,
			coalesce((select jsonb_agg(jsonb_build_object('Scheme', n.scheme, 'Value', n.value, 'Address', coalesce(nullif(n.address, ''), x.street || ', ' || x.city || ', ' || x.country, '')) order by n.scheme, n.value)
			  from partner_number n left join site x on x.id = n.site_id where n.company_id = m.company_id and n.removed_at is null and n.arrangement in ('', $3)
			  and n.valid_from <= $4 and (n.valid_until is null or n.valid_until >= $4)), '[]')::text as numbers`+memberFrom+`where m.id = $1`, x.MembershipID, now, x.Recognition.Arrangement, today),
		pg.All(&x.Events, noticeSQL+` where e.recognition_id = $1 order by e.seq desc limit 50`, id))
	if err != nil {
		return x, fmt.Errorf("open the member: %w", err)
	}
	x.Arrangement, _ = s.Register.Get(x.Recognition.Arrangement)
	x.Rules, _ = x.Arrangement.For(row.Programme)
	x.Refusals = s.Register.Refusals
	if !x.Live() {
		return x, nil
	}
	m, err := row.member()
	if err != nil {
		return x, err
	}
	x.Stands = m.standingFor(x.Rules, today)
	x.May = Lifecycle().Actions(x.Status, by.Role, Facts{})
	return x, json.Unmarshal([]byte(row.Numbers), &x.Numbers)
}

// AnswerEntry is what a partner says to a member.
type AnswerEntry struct {
	Version int
	Ref     string // the partner's own reference, of a recognition
	Reason  string // code, of a refusal
}

// Acknowledge says that the partner has taken a member up. Its officers and administrators may.
func (s *Service) Acknowledge(ctx context.Context, by identity.Actor, id uuid.UUID, in AnswerEntry) error {
	return s.answer(ctx, by, id, TakeUp, in)
}

// Recognise says that the partner recognises a member. The same persons may; a suspended
// member cannot be recognised.
func (s *Service) Recognise(ctx context.Context, by identity.Actor, id uuid.UUID, in AnswerEntry) error {
	return s.answer(ctx, by, id, Recognise, in)
}

// Refuse says that the partner does not, or no longer, recognise a member, and why. The same
// persons may.
func (s *Service) Refuse(ctx context.Context, by identity.Actor, id uuid.UUID, in AnswerEntry) error {
	return s.answer(ctx, by, id, Refuse, in)
}

func (s *Service) answer(ctx context.Context, by identity.Actor, id uuid.UUID, do Action, in AnswerEntry) error {
	if err := officer(by); err != nil {
		return err
	}
	var k entry.Check
	ref, words := k.Line("partner_ref", "your reference", in.Ref, 0, 60), ""
	if do == Refuse {
		x, ok := s.Register.Refusal(in.Reason)
		if !ok {
			k.Add("reason", "Choose the reason")
		}
		words = x.Name
	}
	if err := k.Err(); err != nil {
		return err
	}
	now := s.Now()
	// The member's company is behind its own fence: the portal writes to it.
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		r, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.AgencyID != by.AgencyID {
			return fault.Missing()
		}
		if r.Version != in.Version {
			return fault.Moved()
		}
		m, err := memberOf(ctx, tx, now, r.MembershipID, false)
		if err != nil {
			return err
		}
		a, _ := s.Register.Get(r.Arrangement)
		o, _ := a.For(m.Programme)
		today, err := arrangement.Today(ctx, tx, now)
		if err != nil {
			return err
		}
		stands := m.standingFor(o, today)
		r.Reason = ""
		switch do {
		case Recognise:
			r.PartnerRef = ref
		case Refuse:
			r.Reason = in.Reason
		}
		if err := s.move(ctx, tx, now, by, &r, do, Facts{Reason: r.Reason, Stands: stands.State == "active"}); err != nil {
			return err
		}
		switch do {
		case Recognise:
			return s.letter(ctx, tx, now, by, r, "recognition_answered", "")
		case Refuse:
			return s.letter(ctx, tx, now, by, r, "recognition_refused", words)
		}
		return nil
	})
}

// Notice is an event as its partner sees it.
type Notice struct {
	ID             uuid.UUID
	Seq            int64
	Arrangement    string
	RecognitionID  uuid.UUID
	Kind           string
	Reason         string
	Number         string // of the membership
	EffectiveOn    clock.Day
	EffectiveAt    time.Time
	OccurredAt     time.Time
	DeliveredAt    *time.Time
	AcknowledgedAt *time.Time
	Acknowledger   string
}

const noticeSQL = `select e.id, e.seq, e.arrangement, e.recognition_id, e.kind, e.reason, m.number, e.effective_on, e.effective_at, e.occurred_at, k.delivered_at, k.acknowledged_at, coalesce(k.acknowledger, '') as acknowledger
	from recognition_event e join membership m on m.id = e.membership_id left join recognition_ack k on k.event_id = e.id`

// Notices is a page of what a partner is told.
type Notices struct {
	Open  bool // only those that are not acknowledged
	Items []Notice
	Page  int
	More  bool
	Wait  int    // not acknowledged, of all
	Whole int    // of them those that follow from a step of a whole arrangement
	Steps []Step // of whole arrangements, of the last 90 days, the newest first
}

// Notices lists what the actor's agency was told, what waits for an acknowledgement first. Its
// officers and administrators may. From then on they count as delivered.
func (s *Service) Notices(ctx context.Context, by identity.Actor, open bool, page int) (n Notices, err error) {
	if err := officer(by); err != nil {
		return n, err
	}
	page = min(max(page, 1), 1000)
	now := s.Now()
	var ids []struct{ ID uuid.UUID }
	var shown []struct{ Done int }
	var waits struct{ Wait, Whole int }
	n = Notices{Open: open, Page: page}
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&ids, `select e.id from recognition_event e left join recognition_ack k on k.event_id = e.id where e.agency_id = $1 and (not $2 or k.acknowledged_at is null)
			order by k.acknowledged_at is not null, e.seq desc limit $3 offset $4`, by.AgencyID, open, pageSize+1, (page-1)*pageSize),
		pg.One(&waits, `select least(count(*), 1000)::int as wait, count(*) filter (where e.reason = any($2))::int as whole from recognition_event e left join recognition_ack k on k.event_id = e.id where e.agency_id = $1 and k.acknowledged_at is null`, by.AgencyID, []string(wholeReasons())),
		pg.All(&n.Steps, `select e.arrangement, e.kind, e.on_day from arrangement_told t join arrangement_event e on e.id = t.event_id where t.agency_id = $1 and t.told_at > $2 order by t.told_at desc limit 20`, by.AgencyID, now.AddDate(0, 0, -90)))
	if err != nil {
		return n, fmt.Errorf("list what the partner is told: %w", err)
	}
	n.Wait, n.Whole = waits.Wait, waits.Whole
	if len(ids) > pageSize {
		ids, n.More = ids[:pageSize], true
	}
	list := make([]uuid.UUID, len(ids))
	for i, x := range ids {
		list[i] = x.ID
	}
	err = s.DB.Batch(ctx, pg.System,
		pg.All(&shown, `insert into recognition_ack (event_id, agency_id, delivered_at, delivered_by) select e.id, e.agency_id, greatest($2::timestamptz, e.occurred_at), 'page' from recognition_event e where e.id = any($1) and e.agency_id = $3
			on conflict (event_id) do update set delivered_at = excluded.delivered_at, delivered_by = 'page' where recognition_ack.delivered_at is null returning 1 as done`, list, now, by.AgencyID),
		pg.All(&n.Items, noticeSQL+` where e.id = any($1) and e.agency_id = $2 order by k.acknowledged_at is not null, e.seq desc`, list, by.AgencyID))
	if err != nil {
		return n, fmt.Errorf("list what the partner is told: %w", err)
	}
	return n, nil
}

// AcknowledgeNotice says that the partner has acted on what it was told. The same persons may.
// Twice is once.
func (s *Service) AcknowledgeNotice(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	if err := officer(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var e []struct{ OccurredAt time.Time }
		if err := tx.WithContext(ctx).Raw(`select occurred_at from recognition_event where id = ? and agency_id = ?`, id, by.AgencyID).Scan(&e).Error; err != nil {
			return fmt.Errorf("open the notice: %w", err)
		}
		if len(e) == 0 {
			return fault.Missing()
		}
		r := tx.WithContext(ctx).Exec(`insert into recognition_ack (event_id, agency_id, delivered_at, delivered_by, acknowledged_at, acknowledged_by, acknowledger) values (?, ?, ?, 'page', ?, ?, ?)
			on conflict (event_id) do update set delivered_at = coalesce(recognition_ack.delivered_at, excluded.delivered_at), delivered_by = case when recognition_ack.delivered_at is null then 'page' else recognition_ack.delivered_by end,
			acknowledged_at = greatest(excluded.acknowledged_at, recognition_ack.delivered_at), acknowledged_by = excluded.acknowledged_by, acknowledger = excluded.acknowledger
			where recognition_ack.acknowledged_at is null`, id, by.AgencyID, latest(now, e[0].OccurredAt), latest(now, e[0].OccurredAt), by.PersonID, by.Name)
		if r.Error != nil {
			return fmt.Errorf("acknowledge: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return nil
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "recognition.acknowledge_notice", Kind: "recognition_event", Subject: id, Agency: by.AgencyID})
	})
}
