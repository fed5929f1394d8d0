package company

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// mostChanges bounds one notice.
const mostChanges = 100

// openBook reads the account into memory; the company's row is locked.
func openBook(ctx context.Context, tx pg.Tx, c Company) (*book, error) {
	b := &book{company: c}
	names, err1 := listOf[TradeName](ctx, tx, c.ID, "removed_at is null")
	sites, err2 := listOf[Site](ctx, tx, c.ID, "closed_on is null")
	contacts, err3 := listOf[Contact](ctx, tx, c.ID, "removed_at is null")
	numbers, err4 := listOf[Identifier](ctx, tx, c.ID, "removed_at is null")
	b.names, b.sites, b.contacts, b.numbers = pointers(names), pointers(sites), pointers(contacts), pointers(numbers)
	return b, errors.Join(err1, err2, err3, err4)
}

// bookOf is a book to try changes in, of an account that was read already and stays as it is.
func bookOf(a Account) *book {
	open := slices.DeleteFunc(slices.Clone(a.Sites), func(s Site) bool { return s.ClosedOn != nil })
	return &book{company: a.Company, names: pointers(slices.Clone(a.TradeNames)), sites: pointers(open),
		contacts: pointers(slices.Clone(a.Contacts)), numbers: pointers(slices.Clone(a.Identifiers))}
}

func pointers[T any](rows []T) []*T {
	out := make([]*T, len(rows))
	for i := range rows {
		out[i] = &rows[i]
	}
	return out
}

// openNotice locks a notice of the actor's company. The role is checked by the
// caller's action.
func openNotice(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Company, Standing, ChangeNotice, error) {
	c, st, err := edit(ctx, tx, by)
	if err != nil {
		return c, st, ChangeNotice{}, err
	}
	n, err := lockOne[ChangeNotice](ctx, tx, c.ID, id)
	return c, st, n, err
}

func staleNotice(n ChangeNotice, version int) error {
	if n.Version == version {
		return nil
	}
	return fault.Moved(fault.Change{Label: "Status", Theirs: n.Status.Name()})
}

func event(n ChangeNotice, action string) audit.Event {
	return audit.Event{Action: "change_notice." + action, Kind: "change_notice", Subject: n.ID, Company: n.CompanyID}
}

// OpenNotice begins a notice. Its changes are added with Propose.
func (s *Service) OpenNotice(ctx context.Context, by identity.Actor, in NoticeEntry) (n ChangeNotice, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, _, err := edit(ctx, tx, by)
		if err != nil {
			return err
		}
		o, err := officeByID(ctx, tx, c.OfficeID)
		if err != nil {
			return err
		}
		now := s.Now()
		today := civil(now, o.location())
		n = ChangeNotice{ID: idOr(in.ID), CompanyID: c.ID, Status: Draft, Changes: Changes{}, OpenedAt: now, OpenedBy: &by.PersonID, Version: 1}
		if err := fault.Fail(in.put(&n, today)); err != nil {
			return err
		}
		number, err := noticeNumber(ctx, tx)
		if err != nil {
			return err
		}
		n.Reference = fmt.Sprintf("CN-%d-%06d", today.Year(), number)
		if made, err := insert(ctx, tx, &n, c.ID, n.ID); err != nil || !made {
			return err
		}
		e, is := event(n, "open"), n.Entry()
		e.After = values(facts(is.fields()))
		return audit.Record(ctx, tx, now, by, e)
	})
	return n, err
}

// EditNotice changes the effective day and the explanation.
func (s *Service) EditNotice(ctx context.Context, by identity.Actor, id uuid.UUID, in NoticeEntry) (n ChangeNotice, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		n, err = editNotice(ctx, tx, s.Now(), by, id, in)
		return err
	})
	return n, err
}

func editNotice(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, in NoticeEntry) (ChangeNotice, error) {
	c, _, n, err := openNotice(ctx, tx, by, id)
	if err != nil {
		return n, err
	}
	was := n.Entry()
	if in.Version != n.Version {
		return n, moved(facts(in.fields()), facts(was.fields()))
	}
	if n.Status, err = Lifecycle().Next(n.Status, Edit, by.Role, Facts{}); err != nil {
		return n, err
	}
	o, err := officeByID(ctx, tx, c.OfficeID)
	if err != nil {
		return n, err
	}
	if err := fault.Fail(in.put(&n, civil(now, o.location()))); err != nil {
		return n, err
	}
	is := n.Entry()
	before, after := changed(facts(was.fields()), facts(is.fields()))
	if before == nil {
		return n, nil
	}
	if err := pg.Update(ctx, tx, &n, n.ID, &n.Version, "effective_on", "explanation"); err != nil {
		return n, fmt.Errorf("edit the notice: %w", err)
	}
	e := event(n, "edit")
	e.Before, e.After = before, after
	return n, audit.Record(ctx, tx, now, by, e)
}

// Propose adds a change to a notice, or replaces the one about the same thing.
func (s *Service) Propose(ctx context.Context, by identity.Actor, id uuid.UUID, p Proposal) (n ChangeNotice, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		n, err = s.propose(ctx, tx, by, id, p)
		return err
	})
	return n, err
}

func (s *Service) propose(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, p Proposal) (ChangeNotice, error) {
	c, _, n, err := openNotice(ctx, tx, by, id)
	if err != nil {
		return n, err
	}
	if p.Subject == AboutCompany {
		p.ID = c.ID
	}
	if _, again := n.Changes.Find(p.Subject, p.ID); again && p.Do == Add && n.Version == p.Version+1 {
		return n, nil // the same form, sent twice
	}
	if err := staleNotice(n, p.Version); err != nil {
		return n, err
	}
	if n.Status, err = Lifecycle().Next(n.Status, Edit, by.Role, Facts{}); err != nil {
		return n, err
	}
	now := s.Now()
	b, err := openBook(ctx, tx, c)
	if err != nil {
		return n, err
	}
	// The other changes come first, so that this one may build on them. What stands
	// against them is told when the notice is sent.
	others := n.Changes.without(p.Subject, p.ID)
	b.try(others, n.EffectiveOn, now, false)
	change, problems, err := b.propose(s.Key, p, now)
	if err != nil {
		return n, err
	}
	if problems == nil && p.Subject == AboutContact && p.Do != Remove && p.Contact.Primary == yes {
		err := checkContact(ctx, tx, p.Contact, &Contact{CompanyID: c.ID})
		if err != nil {
			return n, err
		}
	}
	if problems == nil && len(others) >= mostChanges {
		problems = []fault.Field{fault.F("", "One notice can have up to %d changes. Send this one and open another", mostChanges)}
	}
	if err := fault.Fail(problems); err != nil {
		return n, err
	}
	n.Changes = append(others, change)
	if err := pg.Update(ctx, tx, &n, n.ID, &n.Version, "changes"); err != nil {
		return n, fmt.Errorf("add to the notice: %w", err)
	}
	e := event(n, "propose")
	e.After = told(change)
	return n, audit.Record(ctx, tx, now, by, e)
}

// told is a change as an audit event keeps it.
func told(c Change) map[string]string {
	out := map[string]string{"do": string(c.Do), "subject": string(c.Subject), "name": c.Name}
	for _, f := range c.Shown().Fields {
		out[f.Field] = f.To
	}
	return out
}

// DropChange takes one change out of a notice.
func (s *Service) DropChange(ctx context.Context, by identity.Actor, id uuid.UUID, version int, subject Subject, about uuid.UUID) (n ChangeNotice, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if _, _, n, err = openNotice(ctx, tx, by, id); err != nil {
			return err
		}
		if err := staleNotice(n, version); err != nil {
			return err
		}
		if n.Status, err = Lifecycle().Next(n.Status, Edit, by.Role, Facts{}); err != nil {
			return err
		}
		change, ok := n.Changes.Find(subject, about)
		if !ok {
			return fault.Missing()
		}
		n.Changes = n.Changes.without(subject, about)
		if err := pg.Update(ctx, tx, &n, n.ID, &n.Version, "changes"); err != nil {
			return fmt.Errorf("take out of the notice: %w", err)
		}
		e := event(n, "drop")
		e.Before = told(change)
		return audit.Record(ctx, tx, s.Now(), by, e)
	})
	return n, err
}

// SendNotice hands a notice to the agency. For owners, signatories and editors.
func (s *Service) SendNotice(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (n ChangeNotice, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		n, err = s.sendNotice(ctx, tx, s.Now(), by, id, version)
		return err
	})
	return n, err
}

func (s *Service) sendNotice(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, version int) (ChangeNotice, error) {
	c, st, n, err := openNotice(ctx, tx, by, id)
	if err != nil {
		return n, err
	}
	if err := staleNotice(n, version); err != nil {
		return n, err
	}
	if !by.Is(senders()...) {
		return n, fault.New(fault.Forbidden, "You can prepare a notice but not send it. Ask an owner, a signatory or an editor to send it")
	}
	b, err := openBook(ctx, tx, c)
	if err != nil {
		return n, err
	}
	o, err := officeByID(ctx, tx, c.OfficeID)
	if err != nil {
		return n, err
	}
	conflicts := append(n.Entry().put(&n, civil(now, o.location())), b.try(n.Changes, n.EffectiveOn, now, st.Relied())...)
	from := n.Status
	if n.Status, err = Lifecycle().Next(n.Status, Send, by.Role, Facts{Changes: len(n.Changes), Relied: st.Relied(), Conflicts: conflicts}); err != nil {
		return n, err
	}
	n.SentAt, n.DecidedAt, n.DecidedBy, n.Decision = &now, nil, nil, ""
	if err := pg.Update(ctx, tx, &n, n.ID, &n.Version, "status", "sent_at", "decided_at", "decided_by", "decision"); err != nil {
		return n, fmt.Errorf("send the notice: %w", err)
	}
	// A changed name or number is compared with other accounts when it is told, not
	// only when it takes effect.
	for _, change := range n.Changes {
		if err := compare(ctx, tx, now, c.ID, change); err != nil {
			return n, err
		}
	}
	return n, s.step(ctx, tx, now, by, c, n, Send, from, "")
}

// compare looks for other accounts with the names and numbers of a change.
func compare(ctx context.Context, tx pg.Tx, now time.Time, company uuid.UUID, c Change) error {
	to := map[string]string{}
	for _, f := range c.Fields {
		to[f.Field] = f.To
	}
	switch {
	case c.Subject == AboutIdentifier && c.Do == Add:
		return noteDuplicates(ctx, tx, now, company, to["scheme"], to["value"], "")
	case (c.Subject == AboutCompany || c.Subject == AboutTradeName) && to["name"] != "":
		return noteDuplicates(ctx, tx, now, company, "", "", to["name"])
	}
	return nil
}

// step records a move of a notice, and tells the clocks and the company of it.
func (s *Service) step(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Company, n ChangeNotice, do Action, from Status, reason string) error {
	e := event(n, string(do))
	e.Before, e.After, e.Reason = map[string]string{"status": string(from)}, map[string]string{"status": string(n.Status)}, reason
	if err := audit.Record(ctx, tx, now, by, e); err != nil {
		return err
	}
	code, err := programmeOf(ctx, tx, n)
	if err != nil {
		return err
	}
	p, ok := s.Programmes.Get(code)
	if !ok { // a notice that was never sent concerns no programme yet
		return nil
	}
	if happened := happening(do, from); happened != "" {
		subject := clock.Subject{Kind: notice.AboutChange, ID: n.ID, Company: c.ID, Office: c.OfficeID, Programme: p}
		if err := s.Clocks.Happened(ctx, tx, now, by, subject, happened); err != nil {
			return err
		}
	}
	return s.write(ctx, tx, now, by, c, n, p, do, reason)
}

// happening is what a move is called among the events that clocks listen to, or "".
func happening(do Action, from Status) string {
	switch {
	case do == Send:
		return programme.ChangeSent
	case from == Sent: // accepted, returned or withdrawn: nothing is left to decide
		return programme.ChangeDecided
	}
	return ""
}

// write sends the letter about a move, if there is one.
func (s *Service) write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Company, n ChangeNotice, p *programme.Programme, do Action, reason string) error {
	code, ok := map[Action]string{Send: "change_acknowledged", Apply: "change_applied", Return: "change_returned"}[do]
	if !ok {
		return nil
	}
	o, err := officeByID(ctx, tx, c.OfficeID)
	if err != nil {
		return err
	}
	letter := notice.Letter{
		Company: c.ID, SubjectKind: notice.AboutChange, SubjectID: n.ID, Programme: p, Code: code,
		Values: map[string]string{"changes": n.Changes.text(), "reason": reason, "note": "", "due_on": "the end of the period that the programme sets"},
		Days:   map[string]time.Time{"submitted_on": civil(*n.SentAt, o.location()), "effective_on": n.EffectiveOn},
	}
	views, err := s.Clocks.Of(ctx, tx, now, notice.AboutChange, n.ID)
	if err != nil {
		return err
	}
	for _, v := range views {
		if v.StoppedAt == nil && v.OwedBy == string(programme.Agency) {
			delete(letter.Values, "due_on")
			letter.Days["due_on"] = v.DueOn.Time()
		}
	}
	return s.Letters.ToCompany(ctx, tx, now, by, letter)
}

// WithdrawNotice takes a notice back that has not been accepted.
func (s *Service) WithdrawNotice(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (n ChangeNotice, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var c Company
		if c, _, n, err = openNotice(ctx, tx, by, id); err != nil {
			return err
		}
		if err := staleNotice(n, version); err != nil {
			return err
		}
		if !by.Is(senders()...) {
			return fault.New(fault.Forbidden, "You can prepare a notice but not withdraw it. Ask an owner, a signatory or an editor")
		}
		from := n.Status
		if n.Status, err = Lifecycle().Next(n.Status, Withdraw, by.Role, Facts{}); err != nil {
			return err
		}
		if err := pg.Update(ctx, tx, &n, n.ID, &n.Version, "status"); err != nil {
			return fmt.Errorf("withdraw the notice: %w", err)
		}
		return s.step(ctx, tx, s.Now(), by, c, n, Withdraw, from, "")
	})
	return n, err
}

// decide locks a notice that was sent, for a case worker of the company's office.
func decide(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, version int) (Company, ChangeNotice, error) {
	seen, err := first[ChangeNotice](ctx, tx, false, "id = ?", id)
	if err != nil {
		return Company{}, seen, fmt.Errorf("open the notice: %w", err)
	}
	if by.Audience == identity.Staff && seen.SentAt == nil {
		return Company{}, seen, fault.Missing() // still the company's own paper
	}
	c, err := manage(ctx, tx, by, seen.CompanyID)
	if err != nil {
		return c, seen, err
	}
	n, err := lockOne[ChangeNotice](ctx, tx, c.ID, id)
	if err != nil {
		return c, n, err
	}
	return c, n, staleNotice(n, version)
}

// AcceptNotice accepts the changes. On or after the effective day they are carried
// out at once, otherwise when that day comes. For case workers of the office.
func (s *Service) AcceptNotice(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (n ChangeNotice, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		n, err = s.acceptNotice(ctx, tx, s.Now(), by, id, version)
		return err
	})
	return n, err
}

func (s *Service) acceptNotice(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, version int) (ChangeNotice, error) {
	c, n, err := decide(ctx, tx, by, id, version)
	if err != nil {
		return n, err
	}
	st, err := standing(ctx, tx, c.ID)
	if err != nil {
		return n, err
	}
	b, err := openBook(ctx, tx, c)
	if err != nil {
		return n, err
	}
	conflicts := b.try(n.Changes, n.EffectiveOn, now, st.Relied())
	from := n.Status
	if n.Status, err = Lifecycle().Next(n.Status, Accept, by.Role, Facts{Changes: len(n.Changes), Conflicts: conflicts}); err != nil {
		return n, err
	}
	n.DecidedAt, n.DecidedBy, n.Decision = &now, &by.PersonID, ""
	if err := pg.Update(ctx, tx, &n, n.ID, &n.Version, "status", "decided_at", "decided_by", "decision"); err != nil {
		return n, fmt.Errorf("accept the notice: %w", err)
	}
	if err := s.step(ctx, tx, now, by, c, n, Accept, from, ""); err != nil {
		return n, err
	}
	o, err := officeByID(ctx, tx, c.OfficeID)
	if err != nil {
		return n, err
	}
	if n.EffectiveOn.After(civil(now, o.location())) {
		return n, nil
	}
	return n, s.carryOut(ctx, tx, now, c, &n)
}

// ReturnNotice gives a notice back with the reason. For case workers of the office.
func (s *Service) ReturnNotice(ctx context.Context, by identity.Actor, id uuid.UUID, version int, reason string) (n ChangeNotice, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, was, err := decide(ctx, tx, by, id, version)
		if n = was; err != nil {
			return err
		}
		var k entry.Check
		reason := k.Text("reason", "why you return the notice", reason, 0, 2000)
		if err := k.Err(); err != nil {
			return err
		}
		return s.giveBack(ctx, tx, s.Now(), by, c, &n, reason)
	})
	return n, err
}

func (s *Service) giveBack(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Company, n *ChangeNotice, reason string) (err error) {
	from := n.Status
	if n.Status, err = Lifecycle().Next(n.Status, Return, by.Role, Facts{Reason: reason}); err != nil {
		return err
	}
	n.DecidedAt, n.DecidedBy, n.Decision = &now, nil, reason
	if by.Known() {
		n.DecidedBy = &by.PersonID
	}
	if err := pg.Update(ctx, tx, n, n.ID, &n.Version, "status", "decided_at", "decided_by", "decision"); err != nil {
		return fmt.Errorf("return the notice: %w", err)
	}
	return s.step(ctx, tx, now, by, c, *n, Return, from, reason)
}

// carryOut changes the account as an accepted notice says. If the account has moved
// on, the notice goes back to the company and nothing is overwritten.
func (s *Service) carryOut(ctx context.Context, tx pg.Tx, now time.Time, c Company, n *ChangeNotice) error {
	portal := identity.ClockActor("change notice " + n.Reference)
	st, err := standing(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	b, err := openBook(ctx, tx, c)
	if err != nil {
		return err
	}
	if conflicts := b.try(n.Changes, n.EffectiveOn, now, st.Relied()); conflicts != nil {
		lines := make([]string, len(conflicts))
		for i, f := range conflicts {
			lines[i] = f.String()
		}
		return s.giveBack(ctx, tx, now, portal, c, n, strings.Join(lines, "\n"))
	}
	for _, w := range append(b.first, b.then...) {
		if err := w.save(ctx, tx, now, portal, *n); err != nil {
			return err
		}
	}
	from := n.Status
	if n.Status, err = Lifecycle().Next(n.Status, Apply, portal.Role, Facts{Changes: len(n.Changes), Due: true}); err != nil {
		return err
	}
	n.AppliedAt = &now
	if err := pg.Update(ctx, tx, n, n.ID, &n.Version, "status", "applied_at"); err != nil {
		return fmt.Errorf("apply the notice: %w", err)
	}
	return s.step(ctx, tx, now, portal, c, *n, Apply, from, "")
}

// save writes one row and its event.
func (w write) save(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, n ChangeNotice) error {
	id, err := w.store(ctx, tx, n.CompanyID)
	if err != nil {
		return fmt.Errorf("carry out notice %s: %w", n.Reference, err)
	}
	if w.action == "" {
		return nil
	}
	kind, _, _ := strings.Cut(w.action, ".")
	e := audit.Event{Action: w.action, Kind: kind, Subject: id, Company: n.CompanyID, Reason: "Change notice " + n.Reference}
	if w.before != nil {
		e.Before = w.before
	}
	if w.after != nil {
		e.After = w.after
	}
	return audit.Record(ctx, tx, now, by, e)
}

func (w write) store(ctx context.Context, tx pg.Tx, company uuid.UUID) (uuid.UUID, error) {
	switch row := w.row.(type) {
	case *Company:
		return row.ID, pg.Update(ctx, tx, row, row.ID, &row.Version, w.columns...)
	case *TradeName:
		return row.ID, put(ctx, tx, row, company, row.ID, &row.Version, w)
	case *Site:
		return row.ID, put(ctx, tx, row, company, row.ID, &row.Version, w)
	case *Contact:
		return row.ID, put(ctx, tx, row, company, row.ID, &row.Version, w)
	case *Identifier:
		return row.ID, put(ctx, tx, row, company, row.ID, &row.Version, w)
	}
	return uuid.Nil, fmt.Errorf("nobody knows how to store %T", w.row)
}

func put[T record](ctx context.Context, tx pg.Tx, row *T, company, id uuid.UUID, version *int, w write) error {
	if !w.made {
		return pg.Update(ctx, tx, row, id, version, w.columns...)
	}
	made, err := insert(ctx, tx, row, company, id)
	if err == nil && !made {
		err = fault.Moved()
	}
	return err
}

// ApplyDue carries out every accepted notice whose effective day has come where its
// office is. The daily job calls it; each notice is a transaction of its own, and
// one that fails does not hold up the others.
func (s *Service) ApplyDue(ctx context.Context) (applied, returned int, err error) {
	var due []ChangeNotice
	err = s.DB.Read(ctx, pg.System, func(tx pg.Tx) error {
		due, err = dueNotices(ctx, tx, s.Now())
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	var failed []error
	for _, d := range due {
		var n ChangeNotice
		err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
			c, err := lockCompany(ctx, tx, d.CompanyID)
			if err != nil {
				return err
			}
			if n, err = lockOne[ChangeNotice](ctx, tx, c.ID, d.ID); err != nil || n.Status != Accepted {
				return err
			}
			return s.carryOut(ctx, tx, s.Now(), c, &n)
		})
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("apply notice %s: %w", d.ID, err))
		case n.Status == Applied:
			applied++
		case n.Status == Returned:
			returned++
		}
	}
	return applied, returned, errors.Join(failed...)
}

// Notice reads one notice with what the reader may do. The agency sees it once it
// was sent, and its look is an audit event.
func (s *Service) Notice(ctx context.Context, by identity.Actor, id uuid.UUID) (f NoticeFile, err error) {
	var row struct {
		ChangeNotice
		OpenedName, DecidedName string
	}
	var top accountRow
	var lists accountLists
	now := s.Now()
	if by.Audience == identity.Staff && !reads(by, uuid.Nil) { // before the look is on record
		return f, fault.Missing()
	}
	queries := append([]pg.Query{pg.One(&row, noticeSQL, id)},
		accountReads(&top, &lists, "(select company_id from change_notice where id = $1)", id)...)
	if by.Audience == identity.Staff {
		queries = append(queries, audit.LookAt(now, by, "change_notice.read", "change_notice", "change_notice x where x.id = $10 and x.sent_at is not null", id))
	}
	if err := s.DB.Batch(ctx, by.Scope(), queries...); err != nil {
		return f, fmt.Errorf("read the notice: %w", err)
	}
	n := row.ChangeNotice
	if !reads(by, n.CompanyID) || (by.Audience == identity.Staff && n.SentAt == nil) {
		return f, fault.Missing()
	}
	a, err := top.account(lists)
	if err != nil {
		return f, fmt.Errorf("read the account: %w", err)
	}
	f = NoticeFile{Notice: n, Account: a, OpenedBy: row.OpenedName, Actions: acts(n, by, a.Company)}
	if by.Audience == identity.Staff {
		f.DecidedBy = row.DecidedName
	}
	if !n.Status.Final() && n.Changes != nil {
		f.Conflicts = bookOf(a).try(n.Changes, n.EffectiveOn, now, a.Standing.Relied())
	}
	return f, nil
}

// Notices lists the company's notices, newest first, for its own people.
func (s *Service) Notices(ctx context.Context, by identity.Actor) ([]ChangeNotice, error) {
	if by.Audience != identity.Companies || !reads(by, by.CompanyID) {
		return nil, fault.Missing()
	}
	var out []ChangeNotice
	err := s.DB.Batch(ctx, by.Scope(), pg.All(&out, `select `+noticeColumns+` from change_notice where company_id = $1
		order by opened_at desc, id desc limit 200`, by.CompanyID))
	if err != nil {
		return nil, fmt.Errorf("list the notices: %w", err)
	}
	return out, nil
}

// NoticeItem is a notice in the agency's queue.
type NoticeItem struct {
	ID          uuid.UUID
	Reference   string
	CompanyID   uuid.UUID
	Company     string
	Office      string
	Status      Status
	EffectiveOn time.Time
	SentAt      time.Time
	Changes     int
	Late        bool // the effective day has passed in the office's zone
}

// NoticeFilter narrows the agency's queue. AfterSent and AfterID are those of the
// last item seen.
type NoticeFilter struct {
	Status    Status // empty: sent
	AfterSent time.Time
	AfterID   uuid.UUID
}

// NoticePage is how many notices one page of the queue has.
const NoticePage = 50

const noticeQueueSQL = `select n.id, n.reference, n.company_id, c.name as company, o.name as office, n.status, n.effective_on, n.sent_at,
  jsonb_array_length(n.changes) as changes, n.effective_on < ($1::timestamptz at time zone o.zone)::date as late
from change_notice n join company c on c.id = n.company_id join office o on o.id = c.office_id
where n.status = $2 and n.sent_at is not null and ($3 or c.office_id = any($4)) and (n.sent_at, n.id) > ($5, $6)
order by n.sent_at, n.id limit $7`

// NoticeQueue lists notices of the actor's offices, the oldest first. For case
// workers and auditors; headquarters and auditors see every office.
func (s *Service) NoticeQueue(ctx context.Context, by identity.Actor, f NoticeFilter) (out []NoticeItem, more bool, err error) {
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return nil, false, fault.Missing()
	}
	if f.Status == "" {
		f.Status = Sent
	}
	offices := by.Offices
	if offices == nil {
		offices = []uuid.UUID{}
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&out, noticeQueueSQL, s.Now(), string(f.Status), by.Is(identity.Everywhere...), offices,
		f.AfterSent, f.AfterID, NoticePage+1))
	if err != nil {
		return nil, false, fmt.Errorf("list notices: %w", err)
	}
	if more = len(out) > NoticePage; more {
		out = out[:NoticePage]
	}
	return out, more, nil
}
