package application

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
)

// Service is what a company does with its applications, and what the clock does.
type Service struct {
	DB  *pg.DB
	Now func() time.Time
	Steps
}

// Choose opens an application to a programme as one kind of member and gives it its
// reference. Owners, signatories, editors and representatives may. Invalid: there is
// no such choice, or it is closed to the company's country. Conflict: one is open
// already, the company is a member already, or it must not apply again yet.
func (s *Service) Choose(ctx context.Context, by identity.Actor, programmeCode, entityCode string) (a Application, err error) {
	p, entity, err := s.choice(by, programmeCode, entityCode)
	if err != nil {
		return a, err
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err = s.choose(ctx, tx, s.Now(), by, p, entity)
		return err
	})
	if pg.Constraint(err) == "one_open_application" {
		err = fault.New(fault.Conflict, "A colleague has just opened this application. Go to your applications to find it")
	}
	return a, err
}

func (s *Service) choice(by identity.Actor, programmeCode, entityCode string) (*programme.Programme, programme.EntityType, error) {
	if by.Audience != identity.Companies {
		return nil, programme.EntityType{}, fault.Missing()
	}
	if !by.Is(identity.CompanyEditors...) {
		return nil, programme.EntityType{}, fault.New(fault.Forbidden, "You cannot open an application with your role. An owner, signatory or editor of the company can")
	}
	p, ok := s.Programmes.Get(programmeCode)
	if !ok {
		return nil, programme.EntityType{}, fault.Missing()
	}
	e, ok := p.EntityType(entityCode)
	if !ok || !e.Enabled {
		return nil, programme.EntityType{}, fault.Fail([]fault.Field{fault.F("entity_type", "Choose what your company does")})
	}
	return p, e, nil
}

func (s *Service) choose(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, p *programme.Programme, entity programme.EntityType) (Application, error) {
	d, err := loadDossier(ctx, tx, by.CompanyID)
	if err != nil {
		return Application{}, err
	}
	zone := d.Office.Location()
	today := clock.DayOf(now, zone)
	if len(entity.Countries) > 0 && !slices.Contains(entity.Countries, d.Company.Country) {
		return Application{}, fault.Fail([]fault.Field{fault.F("entity_type", "This kind of member must be established in one of: %s. Your company's country is %s",
			strings.Join(entity.Countries, ", "), d.Company.Country)})
	}
	if err := mayApply(ctx, tx, by.CompanyID, p, entity, today); err != nil {
		return Application{}, err
	}
	if err := s.Required(ctx, tx, by.CompanyID, p); err != nil {
		return Application{}, err
	}
	n, err := number(ctx, tx)
	if err != nil {
		return Application{}, fmt.Errorf("give a reference: %w", err)
	}
	a := Application{
		ID: pg.NewID(), Reference: reference(p, today.Year(), n), CompanyID: by.CompanyID, Programme: p.Code,
		Edition: p.Edition.ID, EditionHash: p.Hash, EntityType: entity.Code, OfficeID: d.Office.ID, Status: Draft,
		OpenedAt: now, OpenedBy: &by.PersonID, Version: 1,
	}
	if err := add(ctx, tx, &a); err != nil {
		return Application{}, fmt.Errorf("open an application: %w", err)
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{
		Action: "application.open", Kind: Kind, Subject: a.ID, Company: a.CompanyID,
		After: map[string]any{"reference": a.Reference, "programme": a.Programme, "entity_type": a.EntityType, "edition": a.Edition, "edition_hash": a.EditionHash},
	})
	if err != nil {
		return Application{}, err
	}
	if s.Profiles != nil {
		_, err := s.Profiles.Open(ctx, tx, now, by, profile.Opening{Company: a.CompanyID, Office: a.OfficeID, Programme: a.Programme,
			EntityType: a.EntityType, Kind: profile.Initial, Application: &a.ID})
		if err != nil {
			return Application{}, err
		}
	}
	return a, s.happened(ctx, tx, now, by, a, programme.ApplicationOpened)
}

// mayApply says why the company cannot open another application of this kind now.
func mayApply(ctx context.Context, tx pg.Tx, company uuid.UUID, p *programme.Programme, entity programme.EntityType, today clock.Day) error {
	open, err := sameOpen(ctx, tx, company, p.Code, entity.Code)
	if err != nil {
		return fmt.Errorf("look for an open application: %w", err)
	}
	if open != nil {
		return fault.New(fault.Conflict, "You have an open application for this already: %s. Go on with that one", open.Reference)
	}
	member, err := liveMembership(ctx, tx, company, p.Code, entity.Code)
	if err != nil {
		return fmt.Errorf("look for a membership: %w", err)
	}
	if member != "" {
		return fault.New(fault.Conflict, "Your company is a member already, with number %s. There is no need to apply again", member)
	}
	bars, err := runningBars(ctx, tx, company, p, entity.Code, today)
	if err != nil {
		return err
	}
	if len(bars) > 0 {
		return fault.New(fault.Conflict, "You can apply again from %s. Reason: %s (%s)",
			i18n.Date(ctx, bars[0].DueOn.AddDate(0, 0, 1)), i18n.T(ctx, bars[0].Name), bars[0].Source)
	}
	return nil
}

// reference is what people call an application: the programme's first letters, the
// year at the office, a running number.
func reference(p *programme.Programme, year int, n int64) string {
	prefix := strings.ToUpper(strings.NewReplacer("-", "", "_", "").Replace(p.Code))
	if len(prefix) > 2 {
		prefix = prefix[:2]
	}
	return fmt.Sprintf("%s-%d-%06d", prefix, year, n)
}

// EligibilityEntry is one answer as a person gives it.
type EligibilityEntry struct {
	Question string
	Answer   string
	Note     string
	Version  int // of the answer that the person saw; 0: none
}

// QuestionField is the name of the form field of a question.
func QuestionField(code string) string { return "q-" + code }

// AnswerEligibility saves answers as they are, also those that mean that the company
// cannot join now, so that people can stop and come back. Editors may, and
// contributors to whom the part is assigned. Invalid: an answer cannot be read.
// Conflict: the part is locked, or a colleague has answered one of the questions
// differently meanwhile; nothing is saved then.
func (s *Service) AnswerEligibility(ctx context.Context, by identity.Actor, id uuid.UUID, entries []EligibilityEntry) (f File, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		f, err = s.answerEligibility(ctx, tx, s.Now(), by, id, entries)
		return err
	})
	return f, err
}

func (s *Service) answerEligibility(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, entries []EligibilityEntry) (File, error) {
	a, err := Open(ctx, tx, by, id, 0)
	if err != nil {
		return File{}, err
	}
	if err := mayEdit(ctx, tx, by, PartEligibility); err != nil {
		return File{}, err
	}
	f, err := s.load(ctx, tx, now, a)
	if err != nil {
		return f, err
	}
	unlocked, err := unlockedQuestions(ctx, tx, a)
	if err != nil {
		return f, err
	}
	var check entry.Check
	var moved []fault.Change
	var changed []Answer
	before, after := map[string]string{}, map[string]string{}
	for _, e := range entries {
		i := slices.IndexFunc(f.Questions(), func(q QuestionState) bool { return q.Code == e.Question })
		if i < 0 {
			return f, fault.New(fault.Invalid, "The questions have changed. Open the page again")
		}
		q := f.Questions()[i]
		field := QuestionField(q.Code)
		answer := strings.TrimSpace(e.Answer)
		note := check.Text(field+"-note", "the note", e.Note, 0, 4000)
		if answer == q.Given && note == q.Note {
			continue
		}
		if !unlocked(q.Code) {
			return f, lockedFault()
		}
		if e.Version != q.Version {
			moved = append(moved, fault.Change{Label: i18n.T(ctx, q.Text), Yours: shown(answer, note), Theirs: shown(q.Given, q.Note)})
			continue
		}
		if answer != "" {
			if _, err := q.Check(answer, f.Today.Time()); err != nil {
				check.Add(field, howToAnswer(q.Kind))
				continue
			}
		}
		before[q.Code], after[q.Code] = shown(q.Given, q.Note), shown(answer, note)
		changed = append(changed, Answer{ApplicationID: a.ID, CompanyID: a.CompanyID, Question: q.Code, Answer: answer, Note: note,
			AnsweredAt: now, AnsweredBy: &by.PersonID, Version: q.Version + 1})
	}
	if moved != nil {
		return f, fault.Moved(moved...)
	}
	if err := check.Err(); err != nil {
		return f, err
	}
	for _, c := range changed {
		if err := saveAnswer(ctx, tx, c, c.Version == 1); err != nil {
			return f, fmt.Errorf("save the answer to %s: %w", c.Question, err)
		}
		f.Answers = append(slices.DeleteFunc(f.Answers, func(x Answer) bool { return x.Question == c.Question }), c)
	}
	if len(changed) == 0 {
		return f, nil
	}
	return f, audit.Record(ctx, tx, now, by, audit.Event{
		Action: "application.answer_eligibility", Kind: Kind, Subject: a.ID, Company: a.CompanyID, Before: before, After: after,
	})
}

func shown(answer, note string) string {
	if note == "" {
		return answer
	}
	return strings.TrimSpace(answer + "\n" + note)
}

func howToAnswer(k programme.Kind) string {
	switch k {
	case programme.Number:
		return "Enter a whole number"
	case programme.Date:
		return "Enter a date that exists, with day, month and year"
	}
	return "Choose yes or no"
}

func lockedFault() error {
	return fault.New(fault.Conflict, "This part is locked while we look at your application. We will ask you when we need a change")
}

// mayEdit lets editors edit, and contributors the parts assigned to them.
func mayEdit(ctx context.Context, tx pg.Tx, by identity.Actor, part string) error {
	if by.Is(identity.CompanyEditors...) {
		return nil
	}
	if by.Is(identity.Contributor) {
		yes, err := assigned(ctx, tx, by, part)
		if err != nil || yes {
			return err
		}
	}
	return fault.New(fault.Forbidden, "You cannot change this part with your role. An owner, signatory or editor of the company can")
}

// unlockedQuestions says which eligibility questions may be answered now: all of them
// in a draft, and those that an open request for information names.
func unlockedQuestions(ctx context.Context, tx pg.Tx, a Application) (func(question string) bool, error) {
	if a.Status == Draft {
		return func(string) bool { return true }, nil
	}
	if a.Status != InformationRequested {
		return func(string) bool { return false }, nil
	}
	_, items, err := OpenRequest(ctx, tx, a)
	if err != nil {
		return nil, err
	}
	return func(question string) bool { return Asked(items, PartEligibility+"."+question) }, nil
}

// Asked reports whether one of the items is about a part; an item about eligibility
// as a whole is about each of its questions.
func Asked(items []InformationItem, part string) bool {
	whole, _, _ := strings.Cut(part, ".")
	return slices.ContainsFunc(items, func(i InformationItem) bool { return i.Part == part || i.Part == whole })
}

// Signing is what an officer hands over to sign the agreement.
type Signing struct {
	Version  int
	TextHash string // of the text that the officer read
	Name     string // typed as the signature
	Title    string
	Consents []int // the consents ticked, by their place in the text
}

// SignAgreement keeps who signed exactly which text, and when. The person must be an
// owner or signatory and listed as an officer of the company with the e-mail address
// they signed in with. A signature replaces an earlier one. Invalid: name, title, a
// consent, or the person is no officer. Conflict: the text is not the one that the
// officer read, or the agreement is locked.
func (s *Service) SignAgreement(ctx context.Context, by identity.Actor, id uuid.UUID, in Signing) (f File, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		f, err = s.signAgreement(ctx, tx, s.Now(), by, id, in)
		return err
	})
	return f, err
}

func (s *Service) signAgreement(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, in Signing) (File, error) {
	a, err := Open(ctx, tx, by, id, in.Version)
	if err != nil {
		return File{}, err
	}
	if !by.Is(identity.CompanySigners...) {
		return File{}, fault.New(fault.Forbidden, "You cannot sign with your role. An owner or signatory of the company who is one of its officers can")
	}
	f, err := s.load(ctx, tx, now, a)
	if err != nil {
		return f, err
	}
	if err := signable(ctx, tx, f); err != nil {
		return f, err
	}
	if in.TextHash != f.AgreementHash() {
		return f, fault.New(fault.Conflict, "The text of the agreement changed while you were reading it. Read the new text, then sign")
	}
	var check entry.Check
	name := check.Line("name", "your full name", in.Name, 2, 200)
	title := check.Line("title", "your job title", in.Title, 2, 120)
	for i := range f.Programme.Agreement.Consents {
		if !slices.Contains(in.Consents, i) {
			check.Add(ConsentField(i), "Tick this box to agree. Without it the agreement cannot be signed")
		}
	}
	if !f.Signer(by) {
		check.Add("name", "Only a person listed as an officer of the company can sign. Add yourself to the contacts as an officer with the e-mail address you signed in with: %s", by.Email)
	}
	if err := check.Err(); err != nil {
		return f, err
	}
	if err := revokeSignature(ctx, tx, a, now); err != nil {
		return f, fmt.Errorf("replace the signature: %w", err)
	}
	sig := Signature{ID: pg.NewID(), ApplicationID: a.ID, CompanyID: a.CompanyID, Edition: f.Programme.Agreement.Edition,
		Text: f.AgreementText(), TextSHA256: f.AgreementHash(), SignedBy: by.PersonID, SignedName: name, SignedTitle: title, SignedAt: now}
	if err := add(ctx, tx, &sig); err != nil {
		return f, fmt.Errorf("keep the signature: %w", err)
	}
	was := f.Signature
	f.Signature, f.SignerEmail = &sig, by.Email
	event := audit.Event{Action: "application.sign_agreement", Kind: Kind, Subject: a.ID, Company: a.CompanyID,
		After: map[string]any{"edition": sig.Edition, "text_sha256": sig.TextSHA256, "name": name, "title": title}}
	if was != nil {
		event.Before = map[string]any{"edition": was.Edition, "text_sha256": was.TextSHA256, "name": was.SignedName, "title": was.SignedTitle}
	}
	return f, audit.Record(ctx, tx, now, by, event)
}

// ConsentField is the name of the form field of a consent.
func ConsentField(i int) string { return fmt.Sprintf("consent-%d", i+1) }

// signable reports whether the agreement may be signed now: in a draft, when the
// agency has asked for it, and when the signature no longer holds, for otherwise a
// company that corrects its name on request could not send its answers.
func signable(ctx context.Context, tx pg.Tx, f File) error {
	switch f.Application.Status {
	case Draft:
		return nil
	case InformationRequested:
		_, items, err := OpenRequest(ctx, tx, f.Application)
		if err != nil {
			return err
		}
		if Asked(items, PartAgreement) || !f.SignatureHolds() {
			return nil
		}
	}
	return lockedFault()
}

// Submission is what a person hands over to submit, or to send answers.
type Submission struct {
	Version  int
	Attested bool
	Name     string            // typed by the person who declares
	Seen     map[string]string // fingerprints of the parts that the person checked (File.Seen); nil: not shown
}

// Submit hands the application to the agency. Owners and signatories who are listed
// as officers may. It takes the snapshot, opens the agency's checks, starts the
// clocks, writes the letter and orders the receipt, all or nothing. Invalid: every
// problem at once. Conflict: the application has moved on, or somebody changed what
// the person had checked.
func (s *Service) Submit(ctx context.Context, by identity.Actor, id uuid.UUID, in Submission) (a Application, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err = s.submit(ctx, tx, s.Now(), by, id, in)
		return err
	})
	return a, err
}

func (s *Service) submit(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, in Submission) (Application, error) {
	a, err := Open(ctx, tx, by, id, in.Version)
	if err != nil {
		return a, err
	}
	if err := lockAccount(ctx, tx, a); err != nil {
		return a, err
	}
	f, err := s.load(ctx, tx, now, a)
	if err != nil {
		return a, err
	}
	facts, name, err := s.declared(ctx, f, by, in)
	if err != nil {
		return a, err
	}
	facts.Problems = append(f.Problems(ctx), facts.Problems...)
	if err := s.Move(ctx, tx, now, by, &f.Application, Submit, facts, Details{After: map[string]any{"attested_name": name}}); err != nil {
		return a, err
	}
	if err := s.hand(ctx, tx, now, by, f, name, nil); err != nil {
		return a, err
	}
	return f.Application, s.Write(ctx, tx, now, by, f.Application, "application_received", nil, nil)
}

// declared reads the declaration into facts.
func (s *Service) declared(ctx context.Context, f File, by identity.Actor, in Submission) (Facts, string, error) {
	facts, err := s.Facts(f.Application)
	if err != nil {
		return facts, "", err
	}
	if err := stillSeen(ctx, f, in.Seen); err != nil {
		return facts, "", err
	}
	var check entry.Check
	name := check.Line("name", "your full name", in.Name, 2, 200)
	facts.Problems, facts.Attested, facts.Signer = check.Fields(), in.Attested, f.Signer(by)
	return facts, name, nil
}

// stillSeen refuses a declaration about something that has changed since it was read.
func stillSeen(ctx context.Context, f File, seen map[string]string) error {
	if seen == nil {
		return nil
	}
	now, err := f.Seen()
	if err != nil {
		return err
	}
	var changes []fault.Change
	for _, part := range programme.Sections() {
		if now[part] != seen[part] {
			changes = append(changes, fault.Change{Label: i18n.T(ctx, PartName(part)), Yours: i18n.T(ctx, "As you checked it"),
				Theirs: i18n.T(ctx, "Changed since then. Check it again")})
		}
	}
	if changes != nil {
		return fault.Moved(changes...)
	}
	return nil
}

// PartName is a part for a person to read (English source text).
func PartName(part string) string {
	switch part {
	case PartProfile:
		return "Company profile"
	case PartSites:
		return "Sites"
	case PartContacts:
		return "Officers and contacts"
	case PartIdentifiers:
		return "Identification numbers"
	case PartAgreement:
		return "Agreement"
	case PartSecurity:
		return "Security profile"
	}
	return "Eligibility"
}

// hand gives the agency a version of the application: the snapshot, the checks to
// make, and the order for the receipt.
func (s *Service) hand(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f File, name string, items []InformationItem) error {
	snap, err := take(f, by, now, name, items)
	if err != nil {
		return err
	}
	if err := add(ctx, tx, &snap); err != nil {
		return fmt.Errorf("keep what was submitted: %w", err)
	}
	if err := beginChecks(ctx, tx, f); err != nil {
		return err
	}
	return tx.Enqueue(ctx, ReceiptArgs{ApplicationID: f.Application.ID, Round: f.Application.Round}, nil)
}

// ItemAnswer is an answer to one question of a request for information.
type ItemAnswer struct {
	ID      uuid.UUID
	Answer  string
	Version int
}

// ItemField is the name of the form field of a question.
func ItemField(id uuid.UUID) string { return "item-" + id.String() }

// AnswerItems saves answers to the agency's questions without sending them. Editors
// may, and contributors to whom the part is assigned. Conflict: nothing is asked now,
// or a colleague answered one of the questions meanwhile; nothing is saved then.
func (s *Service) AnswerItems(ctx context.Context, by identity.Actor, id uuid.UUID, answers []ItemAnswer) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := Open(ctx, tx, by, id, 0)
		if err != nil {
			return err
		}
		_, err = s.answerItems(ctx, tx, s.Now(), by, a, answers)
		return err
	})
}

func (s *Service) answerItems(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a Application, answers []ItemAnswer) ([]InformationItem, error) {
	request, items, err := OpenRequest(ctx, tx, a)
	if err != nil {
		return nil, err
	}
	if request == nil {
		return nil, fault.New(fault.Conflict, "We are not waiting for an answer now. The request has been answered or taken back")
	}
	var check entry.Check
	var moved []fault.Change
	before, after := map[string]string{}, map[string]string{}
	var save []int
	for _, in := range answers {
		i := slices.IndexFunc(items, func(x InformationItem) bool { return x.ID == in.ID })
		if i < 0 {
			return nil, fault.Missing()
		}
		item := &items[i]
		answer := check.Text(ItemField(item.ID), "your answer", in.Answer, 0, 8000)
		if answer == item.Answer {
			continue
		}
		if in.Version != item.Version {
			moved = append(moved, fault.Change{Label: item.Question, Yours: answer, Theirs: item.Answer})
			continue
		}
		part, _, _ := strings.Cut(item.Part, ".")
		if err := mayEdit(ctx, tx, by, part); err != nil {
			return nil, err
		}
		before[item.ID.String()], after[item.ID.String()] = item.Answer, answer
		item.Answer, item.AnsweredAt, item.AnsweredBy = answer, &now, &by.PersonID
		save = append(save, i)
	}
	if moved != nil {
		return nil, fault.Moved(moved...)
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	for _, i := range save {
		if err := pg.Update(ctx, tx, &items[i], items[i].ID, &items[i].Version, "answer", "answered_at", "answered_by"); err != nil {
			return nil, fmt.Errorf("save an answer: %w", err)
		}
	}
	if len(save) == 0 {
		return items, nil
	}
	return items, audit.Record(ctx, tx, now, by, audit.Event{
		Action: "application.save_answers", Kind: Kind, Subject: a.ID, Company: a.CompanyID, Before: before, After: after,
	})
}

// AnswerInformation saves the answers given with it and sends all of them, with a new
// declaration. Owners and signatories may. The parts that the request unlocked must be
// complete. Invalid and Conflict as for Submit.
func (s *Service) AnswerInformation(ctx context.Context, by identity.Actor, id uuid.UUID, in Submission, answers []ItemAnswer) (a Application, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err = s.answerInformation(ctx, tx, s.Now(), by, id, in, answers)
		return err
	})
	return a, err
}

func (s *Service) answerInformation(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, in Submission, answers []ItemAnswer) (Application, error) {
	a, err := Open(ctx, tx, by, id, in.Version)
	if err != nil {
		return a, err
	}
	if !by.Is(identity.CompanySigners...) {
		return a, fault.New(fault.Forbidden, "You cannot send answers with your role. An owner or signatory of the company can")
	}
	if err := lockAccount(ctx, tx, a); err != nil {
		return a, err
	}
	items, err := s.answerItems(ctx, tx, now, by, a, answers)
	if err != nil {
		return a, err
	}
	f, err := s.load(ctx, tx, now, a)
	if err != nil {
		return a, err
	}
	facts, name, err := s.declared(ctx, f, by, in)
	if err != nil {
		return a, err
	}
	facts.Problems = append(Checklist{File: f, Problems: f.Problems(ctx), Asked: items}.Blocking(), facts.Problems...)
	for _, item := range items {
		if item.Answer == "" {
			facts.Unanswered = append(facts.Unanswered, ItemField(item.ID))
		}
	}
	if err := s.Move(ctx, tx, now, by, &f.Application, AnswerInformation, facts, Details{After: map[string]any{"attested_name": name}}); err != nil {
		return a, err
	}
	request, _, err := OpenRequest(ctx, tx, a)
	if err != nil {
		return a, err
	}
	if err := endRequest(ctx, tx, request, now, &by.PersonID); err != nil {
		return a, fmt.Errorf("close the request: %w", err)
	}
	if err := s.hand(ctx, tx, now, by, f, name, items); err != nil {
		return a, err
	}
	if err := s.tellAssignee(ctx, tx, now, f.Application); err != nil {
		return a, err
	}
	return f.Application, s.Write(ctx, tx, now, by, f.Application, "information_received", nil, nil)
}

func asksEligibility(items []InformationItem) bool {
	return slices.ContainsFunc(items, func(i InformationItem) bool { return strings.HasPrefix(i.Part, PartEligibility) })
}

// tellAssignee sends the specialist in charge an e-mail that something waits.
func (s *Service) tellAssignee(ctx context.Context, tx pg.Tx, now time.Time, a Application) error {
	if a.AssigneeID == nil {
		return nil // it is in the queue of the office
	}
	return s.Letters.ToStaff(ctx, tx, now, []uuid.UUID{*a.AssigneeID}, Kind, a.ID)
}

// HearingAnswer is the company's word before an adverse decision.
type HearingAnswer struct {
	Version int // of the application
	Answer  string
}

// AnswerHearing sends the company's word on the grounds of an intended refusal (UCC
// Art. 22(6)). Owners and signatories may, once.
func (s *Service) AnswerHearing(ctx context.Context, by identity.Actor, id uuid.UUID, in HearingAnswer) (a Application, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		if a, err = Open(ctx, tx, by, id, in.Version); err != nil {
			return err
		}
		var check entry.Check
		answer := check.Text("answer", "your answer", in.Answer, 1, 20000)
		if err := check.Err(); err != nil && a.Status == Hearing {
			return err
		}
		facts, err := s.Facts(a)
		if err != nil {
			return err
		}
		if err := s.Move(ctx, tx, now, by, &a, AnswerHearing, facts, Details{}); err != nil {
			return err
		}
		if err := closeHearing(ctx, tx, now, a, answer, &by.PersonID); err != nil {
			return err
		}
		return s.tellAssignee(ctx, tx, now, a)
	})
	return a, err
}

// closeHearing ends the open hearing with the company's answer, or without one when
// the time for it is over.
func closeHearing(ctx context.Context, tx pg.Tx, now time.Time, a Application, answer string, by *uuid.UUID) error {
	h, err := openHearing(ctx, tx, a)
	if err != nil {
		return err
	}
	if h == nil {
		return fmt.Errorf("application %s is in a hearing that has no record", a.Reference)
	}
	h.ClosedAt = &now
	columns := []string{"closed_at"}
	if by != nil {
		h.Answer, h.AnsweredAt, h.AnsweredBy = answer, &now, by
		columns = append(columns, "answer", "answered_at", "answered_by")
	}
	if err := pg.Update(ctx, tx, h, h.ID, &h.Version, columns...); err != nil {
		return fmt.Errorf("close the hearing: %w", err)
	}
	return nil
}

// Withdrawal is what a person hands over to withdraw.
type Withdrawal struct {
	Version int
	Reason  string // code of the programme's reasons for withdrawal
	Note    string
}

// Withdraw ends the application at the company's own wish. Owners and signatories
// may, until it is decided.
func (s *Service) Withdraw(ctx context.Context, by identity.Actor, id uuid.UUID, in Withdrawal) (a Application, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err = s.withdraw(ctx, tx, s.Now(), by, id, in)
		return err
	})
	return a, err
}

func (s *Service) withdraw(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, in Withdrawal) (Application, error) {
	a, err := Open(ctx, tx, by, id, in.Version)
	if err != nil {
		return a, err
	}
	p, err := s.Programme(a)
	if err != nil {
		return a, err
	}
	facts, err := s.Facts(a)
	if err != nil {
		return a, err
	}
	var check entry.Check
	note := check.Text("note", "the note", in.Note, 0, 1000)
	if err := check.Err(); err != nil {
		return a, err
	}
	if reason, ok := programme.Find(p.Reasons.Withdrawal, in.Reason); ok {
		facts.Reason = reason.Name
		if note != "" {
			facts.Reason += ": " + note
		}
	}
	if err := s.Move(ctx, tx, now, by, &a, Withdraw, facts, Details{Reason: facts.Reason, Reasons: []string{in.Reason}}); err != nil {
		return a, err
	}
	if err := s.endOpenSteps(ctx, tx, now, a); err != nil {
		return a, err
	}
	return a, s.Write(ctx, tx, now, by, a, "withdrawn", map[string]string{"reason": facts.Reason}, nil)
}

// endOpenSteps closes what an application leaves open when it ends. A recommendation
// is the agency's own and stays as it was.
func (s *Service) endOpenSteps(ctx context.Context, tx pg.Tx, now time.Time, a Application) error {
	request, _, err := OpenRequest(ctx, tx, a)
	if err != nil {
		return err
	}
	if request != nil {
		if err := endRequest(ctx, tx, request, now, nil); err != nil {
			return fmt.Errorf("cancel the request: %w", err)
		}
	}
	h, err := openHearing(ctx, tx, a)
	if err != nil || h == nil {
		return err
	}
	h.ClosedAt = &now
	return pg.Update(ctx, tx, h, h.ID, &h.Version, "closed_at")
}

// Lapse ends a draft whose time to be submitted is over. The clock only. Conflict: it
// is no draft any more; Invalid: the day has not passed.
func (s *Service) Lapse(ctx context.Context, id uuid.UUID) error { return s.timePassed(ctx, id, Lapse) }

// AcceptBySilence accepts an application that the agency has not answered in time
// (Implementing Regulation (EU) 2015/2447 Art. 12(3)). The clock only.
func (s *Service) AcceptBySilence(ctx context.Context, id uuid.UUID) error {
	return s.timePassed(ctx, id, Accept)
}

// HearingExpired takes the case up again when the company has let the time for its
// answer pass. The clock only.
func (s *Service) HearingExpired(ctx context.Context, id uuid.UUID) error {
	return s.timePassed(ctx, id, ExpireHearing)
}

func (s *Service) timePassed(ctx context.Context, id uuid.UUID, do Action) error {
	by := identity.ClockActor("application." + string(do))
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		return s.expire(ctx, tx, s.Now(), by, id, do)
	})
}

// Hooks are what the sweep of clocks does with applications whose time has run out.
// They run in the sweep's transaction, which holds the application's lock.
func (s *Service) Hooks() map[programme.Action]clock.Hook {
	hook := func(do Action, applies func(clock.Row) bool) clock.Hook {
		return func(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r clock.Row) error {
			if r.SubjectKind != Kind || !applies(r) {
				return nil
			}
			return s.expire(ctx, tx, now, by, r.SubjectID, do)
		}
	}
	always := func(clock.Row) bool { return true }
	return map[programme.Action]clock.Hook{
		programme.Lapse:           hook(Lapse, always),
		programme.CountAsAccepted: hook(Accept, always),
		programme.Task:            hook(ExpireHearing, func(r clock.Row) bool { return r.StartEvent == programme.ApplicationHearingOpened }),
	}
}

// expire makes a move of the clock. It reads whether the day has passed itself, so
// that a job that comes twice or early does no harm.
func (s *Steps) expire(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, do Action) error {
	a, err := Open(ctx, tx, by, id, 0)
	if err != nil {
		return err
	}
	facts, err := s.Facts(a)
	if err != nil {
		return err
	}
	zone, err := officeZone(ctx, tx, a.OfficeID)
	if err != nil {
		return err
	}
	last, err := passed(ctx, tx, a, clock.DayOf(now, zone), do)
	if err != nil {
		return err
	}
	facts.Due = !last.IsZero()
	if err := s.Move(ctx, tx, now, by, &a, do, facts, Details{Reason: "The time is over"}); err != nil {
		return err
	}
	switch do {
	case Lapse:
		return s.Write(ctx, tx, now, by, a, "lapsed", nil, map[string]time.Time{"due_on": last.Time()})
	case Accept:
		return s.Write(ctx, tx, now, by, a, "application_accepted", nil, nil)
	default: // the sweep tells the office, for the step is now the agency's
		return closeHearing(ctx, tx, now, a, "", nil)
	}
}
