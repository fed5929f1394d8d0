package clock

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"trustedtrader/app/i18n"
)

// Pause is a time during which a clock stands still, from the instant it was stopped
// up to the instant it was started again. To is nil while it still stands still.
type Pause struct {
	From   time.Time
	To     *time.Time
	Reason string // English source text, or what the officer wrote
}

// at reports whether the clock stands still at t.
func (p Pause) at(t time.Time) bool {
	return !t.Before(p.From) && (p.To == nil || t.Before(*p.To))
}

// Run is one legal clock: the events that move it and the programme's settings. All
// dates are computed from it, so none can be typed over.
type Run struct {
	Started time.Time      // the event that starts it; its day does not count
	Zone    *time.Location // the office's; nil is UTC
	Term    Term
	// ExtensionDays lengthen the term: business days for a clock in business days,
	// otherwise calendar days. Below zero counts as none: a period is never cut.
	ExtensionDays int
	Pauses        []Pause    // in any order; they may overlap
	Stopped       *time.Time // the event that ends it
	WarnDays      int        // due soon when this many days, of the clock's kind, are left
	// Earliest turns the clock into a wait: instead of ending a time to act, its last
	// day is the last day on which one may not act yet. "At least 30 days' notice" and
	// "no new application for one year" need whole days, so the way is open from the
	// day after. For "takes effect on the fifth day after", use Day.AddDays(5) instead.
	Earliest bool
	// Follows marks a turn of a repeating clock that follows on another. When that one was
	// done before its time, this turn lies ahead, and until it begins nothing is owed.
	Follows bool
	// GaveWay marks a turn that was not stopped by anything done: the next one began.
	GaveWay bool
	// RollForward moves a last day that is no business day to the next one:
	// Regulation 1182/71, Art. 3(4); Fed. R. Civ. P. 6(a)(1)(C).
	RollForward bool
}

// State is what a clock says at one moment.
type State string

// The states. Paused hides due soon, but not overdue: time that has run out does not
// come back. Waiting, Open and StoppedEarly are those of an Earliest clock.
const (
	Running       State = "running"
	DueSoon       State = "due_soon"
	Paused        State = "paused"
	Overdue       State = "overdue"
	StoppedInTime State = "stopped_in_time"
	StoppedLate   State = "stopped_late"
	Waiting       State = "waiting"
	Open          State = "open"
	StoppedEarly  State = "stopped_early"
	Met           State = "met"    // of a repeating clock: done for now, and the next turn lies ahead
	Missed        State = "missed" // likewise: never done, and the next turn has begun
)

// States lists all the states, in the order of a clock's life.
func States() []State {
	return []State{Met, Waiting, Running, Paused, DueSoon, Overdue, Open, StoppedEarly, StoppedInTime, StoppedLate, Missed}
}

// Ended reports whether the clock was stopped for good.
func (s State) Ended() bool {
	return s == StoppedInTime || s == StoppedLate || s == StoppedEarly || s == Missed
}

// Text names the state for people.
func (s State) Text(ctx context.Context) string {
	switch s {
	case DueSoon:
		return i18n.T(ctx, "Due soon")
	case Paused:
		return i18n.T(ctx, "Paused")
	case Overdue:
		return i18n.T(ctx, "Overdue")
	case StoppedInTime:
		return i18n.T(ctx, "Done in time")
	case StoppedLate:
		return i18n.T(ctx, "Done late")
	case Waiting:
		return i18n.T(ctx, "Not open yet")
	case Open:
		return i18n.T(ctx, "Open")
	case StoppedEarly:
		return i18n.T(ctx, "Ended early")
	case Met:
		return i18n.T(ctx, "Done for now")
	case Missed:
		return i18n.T(ctx, "Not done")
	default:
		return i18n.T(ctx, "Running")
	}
}

// Stand is one stretch of time for which the clock stood still, in whole days.
// Pauses that overlap make one stretch.
type Stand struct {
	First, Last Day      // the first and last paused day; Last is before First if Days is 0
	Days        int      // of the clock's kind; 0 when begun and ended on one day
	Reasons     []string // without repeats
	Going       bool     // it lasts still
	Moot        bool     // it began after the time had run out, and moves nothing
}

// Reading is everything a clock says at one moment, with the arithmetic.
//
// "Days" are of the clock's kind: business days for a term in business days, else
// calendar days. Only lateness is always in calendar days, for what is late is late
// on a Sunday too.
type Reading struct {
	State         State
	Term          Term
	ExtensionDays int
	Earliest      bool

	StartDay   Day // the day of the event, day 0
	AsOf       Day // the day of the reading, or the day it was stopped
	TargetDay  Day // last day of the term alone, without pauses, extension and rolling
	DueDay     Day // last day to act; for an Earliest clock the last day of waiting
	RolledFrom Day // where DueDay would be without rolling; zero if it was not rolled
	OpensDay   Day // for an Earliest clock the first day to act; else zero
	StoppedDay Day // zero while it was not stopped

	DaysAllowed int // length of the term with its extension
	DaysUsed    int // days gone by that count; today counts as gone by
	DaysPaused  int // days gone by on which the clock stood still
	DaysLeft    int // until DueDay, 0 on that day; below zero exactly when late

	DueInstant time.Time // the end of DueDay in the office's zone
	Stands     []Stand
	// Covered is false when the calendar does not know the holidays of all the days on
	// which DueDay rests: it is then a best guess and must be shown as such.
	Covered bool

	rollDay     time.Weekday
	rollHoliday string
	gaveWay     bool
}

// Read computes what the clock says at an instant. Events after now are not known yet
// and are ignored, so that an old reading can be repeated exactly. While the clock
// stands still, DueDay is where it lands if the clock starts again tomorrow.
//
// cal is the office's calendar; a clock in calendar days, months or years that does
// not roll needs none. The term must have passed Check: rather than guess a date for a
// unit that it does not know, Read panics.
func (r Run) Read(now time.Time, cal *Calendar) Reading {
	until := now
	stopped := r.Stopped != nil && !r.Stopped.After(now)
	if stopped {
		until = *r.Stopped
	}
	rd := Reading{
		Term: r.Term, ExtensionDays: max(0, r.ExtensionDays), Earliest: r.Earliest,
		StartDay: DayOf(r.Started, r.Zone), AsOf: DayOf(until, r.Zone), Covered: true, gaveWay: r.GaveWay,
	}
	ahead := rd.AsOf.Before(rd.StartDay)
	if ahead {
		rd.AsOf = rd.StartDay // nothing is used yet
	}
	if stopped {
		rd.StoppedDay = rd.AsOf
	}
	business := r.Term.Unit == BusinessDays
	count := DaysBetween // the days that count, after one day up to another
	if business {
		count = cal.between
	}

	rd.TargetDay = r.Term.last(rd.StartDay, cal)
	rd.DaysAllowed = count(rd.StartDay, rd.TargetDay) + rd.ExtensionDays
	stands := r.stands(until, rd.StartDay, rd.AsOf)
	for i := range stands {
		stands[i].Days = count(stands[i].First.AddDays(-1), stands[i].Last)
		rd.DaysPaused += stands[i].Days
	}
	rd.DaysUsed = count(rd.StartDay, rd.AsOf) - rd.DaysPaused

	due := runOut(rd.StartDay, rd.DaysAllowed, stands, business, cal)
	rd.DueDay = due
	if r.RollForward {
		rd.DueDay = roll(due, stands, cal)
		if rd.DueDay != due {
			rd.RolledFrom, rd.rollDay, rd.rollHoliday = due, due.Weekday(), cal.Holiday(due)
		}
	}
	rd.DueInstant = rd.DueDay.End(r.Zone)
	for i := range stands {
		stands[i].Moot = stands[i].First.After(rd.DueDay)
	}
	rd.Stands = stands
	switch {
	case business:
		rd.Covered = cal.Covers(rd.StartDay.AddDays(1)) && cal.Covers(rd.DueDay)
	case r.RollForward:
		rd.Covered = cal.Covers(due) && cal.Covers(rd.DueDay)
	}

	rd.DaysLeft = count(rd.AsOf, rd.DueDay)
	if rd.AsOf.After(rd.DueDay) {
		rd.DaysLeft = DaysBetween(rd.AsOf, rd.DueDay)
	}
	if r.Earliest {
		rd.OpensDay = rd.DueDay.AddDays(1)
	}
	rd.State = rd.state(stopped, slices.ContainsFunc(r.Pauses, func(p Pause) bool { return p.at(until) }), r.WarnDays)
	switch {
	case r.Follows && ahead && !stopped:
		rd.State = Met
	case r.GaveWay && rd.State == StoppedLate:
		rd.State = Missed
	}
	return rd
}

func (rd Reading) state(stopped, still bool, warn int) State {
	over := rd.DaysLeft < 0
	switch {
	case stopped && rd.Earliest && !over:
		return StoppedEarly
	case stopped && over && !rd.Earliest:
		return StoppedLate
	case stopped:
		return StoppedInTime
	case over && rd.Earliest:
		return Open
	case over:
		return Overdue
	case still:
		return Paused
	case rd.Earliest:
		return Waiting
	case rd.DaysLeft <= warn:
		return DueSoon
	default:
		return Running
	}
}

// stands turns the pauses known at until into separate stretches of days after start,
// in order. A day is paused if the clock stood still when it ended; the last day, which
// has not ended, if it stands still at until. For a pause [From, To) that is every
// day from From's up to the one before To's.
func (r Run) stands(until time.Time, start, asOf Day) []Stand {
	var all []Stand
	for _, p := range r.Pauses {
		if p.From.After(until) || (p.To != nil && !p.To.After(p.From)) {
			continue // not known yet, or no time at all
		}
		s := Stand{First: DayOf(p.From, r.Zone), Last: asOf, Reasons: []string{p.Reason}, Going: p.at(until)}
		if !s.Going {
			s.Last = DayOf(*p.To, r.Zone).AddDays(-1)
		}
		sameDay := s.Last.Before(s.First)
		if !s.First.After(start) {
			s.First = start.AddDays(1) // the day of the event does not count, so it cannot be paused
			sameDay = false
		}
		if s.Last.Before(s.First) && !sameDay {
			continue
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b Stand) int {
		return cmp.Or(a.First.Compare(b.First), a.Last.Compare(b.Last))
	})
	var merged []Stand
	for _, s := range all {
		if len(merged) == 0 || s.First.After(merged[len(merged)-1].Last) {
			merged = append(merged, s)
			continue
		}
		m := &merged[len(merged)-1]
		if s.Last.After(m.Last) {
			m.Last = s.Last
		}
		m.Going = m.Going || s.Going
		for _, reason := range s.Reasons {
			if !slices.Contains(m.Reasons, reason) {
				m.Reasons = append(m.Reasons, reason)
			}
		}
	}
	return merged
}

// runOut is the day on which the allowed days are used up, when the days of the
// stretches do not count.
func runOut(start Day, allowed int, stands []Stand, business bool, cal *Calendar) Day {
	add := Day.AddDays
	if business {
		add = func(d Day, n int) Day { return cal.add(d, n) }
	}
	due := add(start, allowed)
	for _, s := range stands {
		if s.First.After(due) {
			break
		}
		due = add(due, s.Days)
	}
	return due
}

// roll is the first business day from due on that is not paused.
func roll(due Day, stands []Stand, cal *Calendar) Day {
	for {
		i := slices.IndexFunc(stands, func(s Stand) bool { return !due.Before(s.First) && !due.After(s.Last) })
		switch {
		case i >= 0:
			due = stands[i].Last.AddDays(1)
		case cal.IsBusinessDay(due):
			return due
		default:
			due = due.AddDays(1)
		}
	}
}

// RemindersDue gives the reminder that is to go out now, or nothing. Configured days
// above zero are days left, of the clock's kind; 0 is the due day; below zero are
// calendar days late. sent are those that went out for the present due day: when it
// moves by an extension, start a new list.
//
// After an outage only the latest of the missed reminders goes out, never the whole
// batch, and none that an even later one has overtaken. A reminder for a day before
// the clock began was not missed. Clocks that stand still, were stopped, or are only
// waited for remind nobody.
func (r Run) RemindersDue(now time.Time, days, sent []int, cal *Calendar) []int {
	rd := r.Read(now, cal)
	if rd.State != Running && rd.State != DueSoon && rd.State != Overdue {
		return nil
	}
	latest, found := 0, false
	for _, d := range days {
		if d >= rd.DaysLeft && d < max(1, rd.DaysAllowed) && (!found || d < latest) {
			latest, found = d, true
		}
	}
	if !found || slices.ContainsFunc(sent, func(s int) bool { return s <= latest }) {
		return nil
	}
	return []int{latest}
}

// Summary is the clock in one line: "12 of 90 days used; paused 9 days".
func (rd Reading) Summary(ctx context.Context) string {
	switch rd.State {
	case Open:
		return i18n.T(ctx, "Open since %s", rd.OpensDay.Text(ctx))
	case Met:
		return i18n.T(ctx, "Done for now. It begins again on %s", rd.StartDay.Text(ctx))
	}
	used := min(rd.DaysUsed, rd.DaysAllowed)
	var parts []string
	switch {
	case rd.Earliest && rd.business():
		parts = append(parts, i18n.N(ctx, "%[2]d of %[1]d business day passed", "%[2]d of %[1]d business days passed", rd.DaysAllowed, used))
	case rd.Earliest:
		parts = append(parts, i18n.N(ctx, "%[2]d of %[1]d day passed", "%[2]d of %[1]d days passed", rd.DaysAllowed, used))
	case rd.business():
		parts = append(parts, i18n.N(ctx, "%[2]d of %[1]d business day used", "%[2]d of %[1]d business days used", rd.DaysAllowed, used))
	default:
		parts = append(parts, i18n.N(ctx, "%[2]d of %[1]d day used", "%[2]d of %[1]d days used", rd.DaysAllowed, used))
	}
	if rd.DaysPaused > 0 {
		if rd.business() {
			parts = append(parts, i18n.N(ctx, "paused %d business day", "paused %d business days", rd.DaysPaused))
		} else {
			parts = append(parts, i18n.N(ctx, "paused %d day", "paused %d days", rd.DaysPaused))
		}
	}
	switch rd.State {
	case Overdue:
		parts = append(parts, i18n.N(ctx, "%d day overdue", "%d days overdue", -rd.DaysLeft))
	case StoppedLate:
		parts = append(parts, i18n.N(ctx, "done %d day late", "done %d days late", -rd.DaysLeft))
	}
	return strings.Join(parts, "; ")
}

// Due says the last day with the days left: "Due 4 March 2026, 12 days left".
func (rd Reading) Due(ctx context.Context) string {
	switch {
	case rd.State == Paused:
		return i18n.T(ctx, "Paused")
	case rd.State == Met:
		return i18n.T(ctx, "Done for now. Next due %s", rd.DueDay.Text(ctx))
	case rd.Earliest:
		return i18n.T(ctx, "From %s", rd.OpensDay.Text(ctx))
	case rd.DaysLeft < 0:
		return i18n.N(ctx, "Was due %[2]s, %[1]d day ago", "Was due %[2]s, %[1]d days ago", -rd.DaysLeft, rd.DueDay.Text(ctx))
	case rd.DaysLeft == 0:
		return i18n.T(ctx, "Due today, %s", rd.DueDay.Text(ctx))
	}
	return i18n.N(ctx, "Due %[2]s, %[1]d day left", "Due %[2]s, %[1]d days left", rd.DaysLeft, rd.DueDay.Text(ctx))
}

// Arithmetic is how the due day comes about, one sentence a line, in the order in
// which a person would check it with a calendar and a pencil.
func (rd Reading) Arithmetic(ctx context.Context) []string {
	lines := []string{i18n.T(ctx, "Started %s. The day itself does not count.", rd.StartDay.Text(ctx))}
	if rd.State == Met {
		lines[0] = i18n.T(ctx, "It begins again on %s. The day itself does not count.", rd.StartDay.Text(ctx))
	}
	if rd.Earliest {
		lines = append(lines, i18n.T(ctx, "Waiting time: %s, to the end of %s.", rd.Term.Text(ctx), rd.TargetDay.Text(ctx)))
	} else {
		lines = append(lines, i18n.T(ctx, "Target: %s, %s.", rd.Term.Text(ctx), rd.TargetDay.Text(ctx)))
	}
	for _, s := range rd.Stands {
		lines = append(lines, rd.stand(ctx, s))
	}
	if rd.ExtensionDays > 0 {
		if rd.business() {
			lines = append(lines, i18n.N(ctx, "Extended by %d business day.", "Extended by %d business days.", rd.ExtensionDays))
		} else {
			lines = append(lines, i18n.N(ctx, "Extended by %d day.", "Extended by %d days.", rd.ExtensionDays))
		}
	}
	if !rd.RolledFrom.IsZero() {
		why := i18n.T(ctx, cmp.Or(rd.rollHoliday, rd.rollDay.String()))
		lines = append(lines, i18n.T(ctx, "%s is not a business day (%s), so the time runs on to the next one.", rd.RolledFrom.Text(ctx), why))
	}
	lines = append(lines, rd.end(ctx))
	if !rd.Covered {
		lines = append(lines, i18n.T(ctx, "The calendar of the office does not list the holidays for all of this time yet, so this date may be wrong."))
	}
	if rd.State.Ended() {
		lines = append(lines, rd.done(ctx))
	}
	return lines
}

// end is the sentence with the result.
func (rd Reading) end(ctx context.Context) string {
	switch {
	case rd.Earliest && rd.State == Paused:
		return i18n.T(ctx, "Open from %s, if the clock starts again tomorrow.", rd.OpensDay.Text(ctx))
	case rd.Earliest:
		return i18n.T(ctx, "Open from %s.", rd.OpensDay.Text(ctx))
	case rd.State == Paused:
		return i18n.T(ctx, "Due %s, if the clock starts again tomorrow.", rd.DueDay.Text(ctx))
	case rd.DueDay != rd.TargetDay:
		return i18n.T(ctx, "Now due %s.", rd.DueDay.Text(ctx))
	default:
		return i18n.T(ctx, "Due %s.", rd.DueDay.Text(ctx))
	}
}

// done is the sentence about the event that ended the clock.
func (rd Reading) done(ctx context.Context) string {
	day := rd.StoppedDay.Text(ctx)
	if rd.gaveWay && rd.Earliest {
		return i18n.T(ctx, "Ended %s, and began again.", day)
	}
	switch rd.State {
	case StoppedEarly:
		return i18n.T(ctx, "Ended %s, before the time was over.", day)
	case Missed:
		return i18n.T(ctx, "Ended %s without being done.", day)
	case StoppedLate:
		return i18n.N(ctx, "Done %[2]s, %[1]d day late.", "Done %[2]s, %[1]d days late.", -rd.DaysLeft, day)
	default:
		return i18n.T(ctx, "Done %s, in time.", day)
	}
}

// stand is the sentence about one stretch of standing still.
func (rd Reading) stand(ctx context.Context, s Stand) string {
	first := s.First.Text(ctx)
	var when string
	switch {
	case s.Going && !rd.State.Ended():
		when = i18n.T(ctx, "since %s", first)
	case s.First.Before(s.Last):
		when = i18n.T(ctx, "%s to %s", first, s.Last.Text(ctx))
	default:
		when = first
	}
	var why []string
	for _, reason := range s.Reasons {
		if reason != "" { // the empty text is the catalogue's own header
			why = append(why, i18n.T(ctx, reason))
		}
	}
	if len(why) > 0 {
		when = strings.Join(why, "; ") + ", " + when
	}
	if s.Last.Before(s.First) {
		return i18n.T(ctx, "Paused and started again on one day (%s): no day is added.", when)
	}
	var line string
	if rd.business() {
		line = i18n.N(ctx, "Paused %d business day (%s).", "Paused %d business days (%s).", s.Days, when)
	} else {
		line = i18n.N(ctx, "Paused %d day (%s).", "Paused %d days (%s).", s.Days, when)
	}
	if s.Moot {
		line += " " + i18n.T(ctx, "The time had already run out, so this moves nothing.")
	}
	return line
}

func (rd Reading) business() bool { return rd.Term.Unit == BusinessDays }
