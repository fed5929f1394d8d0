package clock

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Clocks starts, stops, pauses and extends legal clocks in the caller's transaction.
// It holds data only. Programmes names reasons and rules for pages; without it a page
// shows their codes.
type Clocks struct {
	Calendars  Calendars
	Programmes *programme.Register
}

// Subject is the record whose clocks are meant: an application, a membership or a
// change notice, with the programme's edition that holds for it.
type Subject struct {
	Kind                string
	ID, Company, Office uuid.UUID
	Programme           *programme.Programme

	Part  uuid.UUID // a part of the record with a day of its own; none: the record and all its parts
	About string    // which part, for a person to read
}

// standstill are the events during which the law lets a clock stand still. The
// programme decides which clocks do, by naming the reason among a clock's
// pause_reasons: in the Union a request for information lengthens the time for the
// decision (Delegated Regulation (EU) 2015/2446, Art. 13(1)) and so does a hearing
// (Art. 13(2)); CTPAT waits for the company by practice. A profile that was sent back has a
// reason of its own, for it may be open beside a request and end at another time.
type standstill struct{ begins, ends, reason string }

func standstills() []standstill {
	return []standstill{
		{programme.ApplicationInformationRequested, programme.ApplicationInformationReceived, "waiting_for_company"},
		{programme.ApplicationHearingOpened, programme.ApplicationHearingAnswered, "right_to_be_heard"},
		{programme.ProfileReturned, programme.ProfileAnswered, "profile_returned"},
		{programme.ClaimPartnerAsked, programme.ClaimPartnerAnswered, "partner_asked"},
	}
}

// Happened tells the clocks of a record that an event took place: it stops the
// running ones that the event ends, starts those that it begins, and pauses or
// resumes those that stand still meanwhile. Reasons are codes that the event carries;
// some clocks start only with one of them. A clock that runs already is not started
// again, unless the same event stops it first. A step for other domains: they have
// decided who may.
func (c *Clocks) Happened(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, s Subject, event string, reasons ...string) error {
	rows, err := lockRunning(ctx, tx, s.Kind, s.ID)
	if err != nil {
		return fmt.Errorf("look at the clocks: %w", err)
	}
	stops := s.Programme.ClocksStoppedBy(event)
	running := rows[:0:0]
	for _, r := range rows {
		if s.Part != uuid.Nil && r.Part != s.Part {
			continue
		}
		if !slices.ContainsFunc(stops, func(x programme.Clock) bool { return x.Code == r.Code }) {
			running = append(running, r)
			continue
		}
		if err := c.stop(ctx, tx, now, by, r, event); err != nil {
			return err
		}
	}
	for _, rule := range s.Programme.ClocksStartedBy(event, reasons...) {
		if rule.Unit == programme.GivenDay || slices.ContainsFunc(running, func(r Row) bool { return r.Code == rule.Code && r.Part == s.Part }) {
			continue
		}
		r, err := c.begin(ctx, tx, now, by, s, rule, event)
		if err != nil {
			return err
		}
		running = append(running, r)
	}
	for _, still := range standstills() {
		for _, r := range running {
			rule, _ := s.Programme.Clock(r.Code)
			if !rule.Pausable || !slices.Contains(rule.PauseReasons, still.reason) {
				continue
			}
			switch event {
			case still.begins:
				err = c.pause(ctx, tx, now, by, r, still.reason, "")
			case still.ends:
				err = c.resume(ctx, tx, now, by, r, "", func(reason string) bool { return reason == still.reason })
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Since starts the clocks that an event begins for a record that came to be after it: they
// run from the day of the event at the office, and are recorded now. One that runs already
// stays. A step for other domains, like Happened.
func (c *Clocks) Since(ctx context.Context, tx pg.Tx, now, at time.Time, by identity.Actor, s Subject, event string) error {
	rows, err := lockRunning(ctx, tx, s.Kind, s.ID)
	if err != nil {
		return fmt.Errorf("look at the clocks: %w", err)
	}
	office, err := readOffice(ctx, tx, s.Office)
	if err != nil {
		return fmt.Errorf("start clocks: %w", err)
	}
	zone, err := time.LoadLocation(office.Zone)
	if err != nil {
		return fmt.Errorf("start clocks: %w", err)
	}
	for _, rule := range s.Programme.ClocksStartedBy(event) {
		if rule.Unit == programme.GivenDay || slices.ContainsFunc(rows, func(r Row) bool { return r.Code == rule.Code }) {
			continue
		}
		if _, err := c.insert(ctx, tx, now, by, s, rule, event, DayOf(at, zone), Day{}); err != nil {
			return err
		}
	}
	return nil
}

// Until starts the clocks that an event begins and whose last day no rule knows, for somebody
// has chosen it: such as that of an item of a plan. One that runs already for the same part of
// the record gives way, unless its last day is the same. A step for other domains, like Happened.
func (c *Clocks) Until(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, s Subject, event string, last Day) error {
	rows, err := lockRunning(ctx, tx, s.Kind, s.ID)
	if err != nil {
		return fmt.Errorf("look at the clocks: %w", err)
	}
	office, err := readOffice(ctx, tx, s.Office)
	if err != nil {
		return fmt.Errorf("start clocks: %w", err)
	}
	zone, err := time.LoadLocation(office.Zone)
	if err != nil {
		return fmt.Errorf("start clocks: %w", err)
	}
	for _, rule := range s.Programme.ClocksStartedBy(event) {
		if rule.Unit != programme.GivenDay {
			continue
		}
		if i := slices.IndexFunc(rows, func(r Row) bool { return r.Code == rule.Code && r.Part == s.Part }); i >= 0 {
			if rows[i].DueOn == last {
				continue
			}
			if err := c.stop(ctx, tx, now, by, rows[i], event); err != nil {
				return err
			}
		}
		from := Day{}
		rule.Unit, rule.Amount = programme.CalendarDays, DaysBetween(DayOf(now, zone), last)
		if rule.Amount < 1 { // today, or a day that has passed: a period has one day at least
			rule.Amount, from = 1, last.AddDays(-1)
		}
		if _, err := c.insert(ctx, tx, now, by, s, rule, event, from, Day{}); err != nil {
			return err
		}
	}
	return nil
}

// begin starts a clock: the rule is copied into the row, with the zone and calendar
// of the office in charge.
func (c *Clocks) begin(ctx context.Context, tx pg.Tx, at time.Time, by identity.Actor, s Subject, rule programme.Clock, event string) (Row, error) {
	return c.insert(ctx, tx, at, by, s, rule, event, Day{}, Day{})
}

// insert starts a clock at now, or on a day before or after it when one is given.
// Months and years are counted from the anchor where there is one.
func (c *Clocks) insert(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, s Subject, rule programme.Clock, event string, on, anchor Day) (Row, error) {
	office, err := readOffice(ctx, tx, s.Office)
	if err != nil {
		return Row{}, fmt.Errorf("start clock %s: %w", rule.Code, err)
	}
	r := Row{
		ID: pg.NewID(), CompanyID: s.Company, SubjectKind: s.Kind, SubjectID: s.ID, Part: s.Part, About: s.About, OfficeID: s.Office,
		Programme: s.Programme.Code, Code: rule.Code, Name: rule.Name, Source: rule.Source, StartEvent: event, StartedAt: now, AnchorOn: anchor,
		Zone: office.Zone, Calendar: office.Calendar, Amount: rule.Amount, RollForward: rule.RollForward, Unit: string(rule.Unit), Earliest: rule.Direction == programme.Earliest,
		WarnDays: rule.WarnDays, Reminders: daysLeft(rule.Reminders), OwedBy: string(rule.OwedBy), OnExpiry: string(rule.OnExpiry), Version: 1,
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return Row{}, fmt.Errorf("start clock %s: %w", rule.Code, err)
	}
	if !on.IsZero() {
		r.StartedAt = on.Start(zone)
	}
	start, term, less := DayOf(r.StartedAt, zone), Term{Amount: rule.Amount, Unit: Unit(rule.Unit)}, lessDays(rule)
	plain := term.last(start, c.Calendars[r.Calendar])
	if end := term.after(anchor, start, plain); less > 0 || end != plain { // "one year less 90 days" is so many days from this very event
		r.Amount, r.Unit = max(1, DaysBetween(start, end.AddDays(-less))), string(CalendarDays)
	}
	run, cal, err := c.run(r, nil)
	if err != nil {
		return Row{}, fmt.Errorf("start clock: %w", err)
	}
	r.DueOn = run.Read(now, cal).DueDay
	if err := insertClock(ctx, tx, r); err != nil {
		return Row{}, fmt.Errorf("start clock %s: %w", rule.Code, err)
	}
	return r, audit.Record(ctx, tx, now, by, r.event("clock.start", "", nil, map[string]any{"clock": r.Code, "event": event, "due_on": r.DueOn}))
}

// lessDays are the days that a term is shorter than its amount. A wait ends with its
// last whole day, but "has effect on the fifth day" (DA Art. 29) and "opens 90 days
// before" name the first day after the wait, so these end a day sooner.
func lessDays(rule programme.Clock) int {
	if rule.Direction == programme.Earliest && (rule.OnExpiry == programme.TakeEffect || rule.OnExpiry == programme.OpenReview) {
		return rule.LessDays + 1
	}
	return rule.LessDays
}

// daysLeft turns the programme's reminders (calendar days from the due day: -14 is two
// weeks before) into the arithmetic's (14 days left).
func daysLeft(reminders []int) Ints {
	out := make(Ints, len(reminders))
	for i, n := range reminders {
		out[i] = -n
	}
	return out
}

func (c *Clocks) stop(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r Row, event string) error {
	if _, err := closePauses(ctx, tx, r.ID, now, by.Name, func(string) bool { return true }); err != nil {
		return fmt.Errorf("stop clock %s: %w", r.Code, err)
	}
	was := r.DueOn
	r.Paused, r.StoppedAt, r.StopEvent = false, &now, event
	if err := c.keep(ctx, tx, now, &r, "paused", "stopped_at", "stop_event"); err != nil {
		return fmt.Errorf("stop clock %s: %w", r.Code, err)
	}
	return audit.Record(ctx, tx, now, by, r.event("clock.stop", "", map[string]any{"due_on": was}, map[string]any{"clock": r.Code, "event": event, "due_on": r.DueOn}))
}

// keep computes the due day anew from everything in the database and saves it with
// the named columns.
func (c *Clocks) keep(ctx context.Context, tx pg.Tx, now time.Time, r *Row, columns ...string) error {
	pauses, err := pausesOf(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	run, cal, err := c.run(*r, pauses)
	if err != nil {
		return err
	}
	r.DueOn = run.Read(now, cal).DueDay
	return pg.Update(ctx, tx, r, r.ID, &r.Version, append(columns, "due_on")...)
}

// Pause lets a running clock stand still for one of the reasons that the programme
// allows for it. It may stand still for several at once, and runs on when none holds any
// more. Case workers may; anything else is Forbidden. Invalid: the reason; Conflict: the
// clock does not run or stands still for that reason already.
func (c *Clocks) Pause(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, s Subject, code, reason, note string) error {
	r, rule, err := c.open(ctx, tx, by, s, code)
	if err != nil {
		return err
	}
	if !rule.Pausable {
		return fault.New(fault.Conflict, "The rules of the programme do not let this clock stand still")
	}
	if !slices.Contains(rule.PauseReasons, reason) {
		return fault.Fail([]fault.Field{fault.F("reason", "Choose a reason for which this clock may stand still")})
	}
	open, err := openPauses(ctx, tx, r.ID)
	if err != nil {
		return fmt.Errorf("pause clock %s: %w", r.Code, err)
	}
	if slices.ContainsFunc(open, func(p PauseRow) bool { return p.Reason == reason }) {
		return fault.New(fault.Conflict, "This clock stands still already")
	}
	return c.pause(ctx, tx, now, by, r, reason, note)
}

// pause adds a pause unless one for the reason is open.
func (c *Clocks) pause(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r Row, reason, note string) error {
	open, err := openPauses(ctx, tx, r.ID)
	if err != nil || slices.ContainsFunc(open, func(p PauseRow) bool { return p.Reason == reason }) {
		return err
	}
	p := PauseRow{ID: pg.NewID(), ClockID: r.ID, CompanyID: r.CompanyID, PausedAt: now, Reason: reason, Note: note, PausedBy: by.Name}
	if err := insertPause(ctx, tx, p); err != nil {
		return fmt.Errorf("pause clock %s: %w", r.Code, err)
	}
	was := r.DueOn
	r.Paused = true
	if err := c.keep(ctx, tx, now, &r, "paused"); err != nil {
		return fmt.Errorf("pause clock %s: %w", r.Code, err)
	}
	return audit.Record(ctx, tx, now, by, r.event("clock.pause", reason, map[string]any{"due_on": was},
		map[string]any{"clock": r.Code, "reason": reason, "note": note}))
}

// Resume ends the pauses of a clock that a person began. When there are none, it ends
// those that belong to a step of the case, such as a request for information that is still
// open. Case workers may. Conflict: it does not stand still.
func (c *Clocks) Resume(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, s Subject, code, note string) error {
	r, _, err := c.open(ctx, tx, by, s, code)
	if err != nil {
		return err
	}
	if !r.Paused {
		return fault.New(fault.Conflict, "This clock runs already")
	}
	open, err := openPauses(ctx, tx, r.ID)
	if err != nil {
		return fmt.Errorf("resume clock %s: %w", r.Code, err)
	}
	byPerson := func(reason string) bool {
		return !slices.ContainsFunc(standstills(), func(x standstill) bool { return x.reason == reason })
	}
	if !slices.ContainsFunc(open, func(p PauseRow) bool { return byPerson(p.Reason) }) {
		byPerson = func(string) bool { return true }
	}
	return c.resume(ctx, tx, now, by, r, note, byPerson)
}

// resume ends the open pauses whose reason is meant. The clock runs on when no other is open.
func (c *Clocks) resume(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r Row, note string, meant func(reason string) bool) error {
	ended, err := closePauses(ctx, tx, r.ID, now, by.Name, meant)
	if err != nil {
		return fmt.Errorf("resume clock %s: %w", r.Code, err)
	}
	if len(ended) == 0 {
		return nil
	}
	left, err := openPauses(ctx, tx, r.ID)
	if err != nil {
		return fmt.Errorf("resume clock %s: %w", r.Code, err)
	}
	was := r.DueOn
	r.Paused = len(left) > 0
	if err := c.keep(ctx, tx, now, &r, "paused"); err != nil {
		return fmt.Errorf("resume clock %s: %w", r.Code, err)
	}
	for _, p := range ended {
		err := audit.Record(ctx, tx, now, by, r.event("clock.resume", p.Reason, map[string]any{"due_on": was},
			map[string]any{"clock": r.Code, "due_on": r.DueOn, "note": note, "paused": r.Paused}))
		if err != nil {
			return err
		}
	}
	return nil
}

// Extend prolongs a clock by days, for one of the programme's reasons and up to its
// limit in all. Case workers may. Time that has run out is not given back.
func (c *Clocks) Extend(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, s Subject, code string, days int, reason, note string) error {
	r, rule, err := c.open(ctx, tx, by, s, code)
	if err != nil {
		return err
	}
	if rule.Extension == nil {
		return fault.New(fault.Conflict, "The rules of the programme do not let this clock be extended")
	}
	var bad []fault.Field
	if !slices.Contains(rule.Extension.Reasons, reason) {
		bad = append(bad, fault.F("reason", "Choose a reason for which this clock may be extended"))
	}
	if left := rule.Extension.MaxDays - r.ExtensionDays; left <= 0 {
		bad = append(bad, fault.F("days", "This clock has its longest extension already: %d days", rule.Extension.MaxDays))
	} else if days < 1 || days > left {
		bad = append(bad, fault.F("days", "Enter a number of days from 1 to %d", left))
	}
	if bad != nil {
		return fault.Fail(bad)
	}
	pauses, err := pausesOf(ctx, tx, r.ID)
	if err != nil {
		return fmt.Errorf("extend clock %s: %w", r.Code, err)
	}
	run, cal, err := c.run(r, pauses)
	if err != nil {
		return fmt.Errorf("extend clock: %w", err)
	}
	if s := run.Read(now, cal).State; s == Overdue || s == Open {
		return fault.New(fault.Conflict, "The time has run out already, so it cannot be extended")
	}
	was, before := r.DueOn, r.ExtensionDays
	r.ExtensionDays, r.ExtensionReason, r.Reminded = r.ExtensionDays+days, reason, nil // reminders count for the new day
	if err := c.keep(ctx, tx, now, &r, "extension_days", "extension_reason", "reminded"); err != nil {
		return fmt.Errorf("extend clock %s: %w", r.Code, err)
	}
	return audit.Record(ctx, tx, now, by, r.event("clock.extend", reason, map[string]any{"due_on": was, "extension_days": before},
		map[string]any{"clock": r.Code, "due_on": r.DueOn, "extension_days": r.ExtensionDays, "note": note}))
}

// open locks the running clock of a record for a case worker. The caller has made sure
// that the person may see the record.
func (c *Clocks) open(ctx context.Context, tx pg.Tx, by identity.Actor, s Subject, code string) (Row, programme.Clock, error) {
	if !by.Is(identity.CaseWorkers...) {
		return Row{}, programme.Clock{}, fault.New(fault.Forbidden, "Only the office in charge may change a clock")
	}
	rows, err := lockRunning(ctx, tx, s.Kind, s.ID)
	if err != nil {
		return Row{}, programme.Clock{}, fmt.Errorf("look at the clocks: %w", err)
	}
	i := slices.IndexFunc(rows, func(r Row) bool { return r.Code == code })
	if i < 0 {
		return Row{}, programme.Clock{}, fault.New(fault.Conflict, "This clock does not run")
	}
	rule, ok := s.Programme.Clock(code)
	if !ok {
		return Row{}, programme.Clock{}, fmt.Errorf("programme %s has no clock %q", s.Programme.Code, code)
	}
	return rows[i], rule, nil
}

// event is an audit event about the clock's record, so that the record's history has it.
func (r Row) event(action, reason string, before, after any) audit.Event {
	return audit.Event{Action: action, Kind: r.SubjectKind, Subject: r.SubjectID, Company: r.CompanyID, Reason: reason, Before: before, After: after}
}

type officeRow struct{ Zone, Calendar string }

func readOffice(ctx context.Context, tx pg.Tx, id uuid.UUID) (o officeRow, err error) {
	r := tx.WithContext(ctx).Raw(`select zone, calendar from office where id = ?`, id).Scan(&o)
	if r.Error == nil && r.RowsAffected == 0 {
		return o, fmt.Errorf("there is no office %s", id)
	}
	return o, r.Error
}

// lockRunning locks the clocks of a record that have not been stopped, always in the
// same order, so that two persons wait for each other instead of blocking each other.
func lockRunning(ctx context.Context, tx pg.Tx, kind string, id uuid.UUID) (rows []Row, err error) {
	err = tx.WithContext(ctx).Where("subject_kind = ? and subject_id = ? and stopped_at is null", kind, id).
		Order("id").Clauses(forUpdate()).Find(&rows).Error
	return rows, err
}

func forUpdate() clause.Locking { return clause.Locking{Strength: "UPDATE"} }

func load(ctx context.Context, tx pg.Tx, kind string, id uuid.UUID) (kept []Kept, err error) {
	err = tx.WithContext(ctx).Raw(`select `+keptColumns+` from clock k where k.subject_kind = ? and k.subject_id = ?
		order by k.stopped_at is not null, k.due_on, k.code, k.id`, kind, id).Scan(&kept).Error
	return kept, err
}

func insertClock(ctx context.Context, tx pg.Tx, r Row) error {
	return tx.WithContext(ctx).Create(&r).Error
}

func insertPause(ctx context.Context, tx pg.Tx, p PauseRow) error {
	return tx.WithContext(ctx).Create(&p).Error
}

func pausesOf(ctx context.Context, tx pg.Tx, clock uuid.UUID) (pauses []PauseRow, err error) {
	err = tx.WithContext(ctx).Where("clock_id = ?", clock).Order("paused_at, id").Find(&pauses).Error
	return pauses, err
}

func openPauses(ctx context.Context, tx pg.Tx, clock uuid.UUID) ([]PauseRow, error) {
	return gorm.G[PauseRow](tx.DB).Where("clock_id = ? and resumed_at is null", clock).Order("paused_at, id").Find(ctx)
}

// closePauses ends the open pauses whose reason is meant. A pause that a slower
// machine's time would end before it began ends when it began.
func closePauses(ctx context.Context, tx pg.Tx, clock uuid.UUID, now time.Time, by string, meant func(reason string) bool) (ended []PauseRow, err error) {
	open, err := openPauses(ctx, tx, clock)
	if err != nil {
		return nil, err
	}
	for _, p := range open {
		if !meant(p.Reason) {
			continue
		}
		at := now
		if at.Before(p.PausedAt) {
			at = p.PausedAt
		}
		p.ResumedAt, p.ResumedBy = &at, by
		err := tx.WithContext(ctx).Model(&PauseRow{}).Where("id = ? and resumed_at is null", p.ID).
			Select("resumed_at", "resumed_by").Updates(&p).Error
		if err != nil {
			return nil, err
		}
		ended = append(ended, p)
	}
	return ended, nil
}
