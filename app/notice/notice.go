// Package notice carries letters and messages between the agency and a company:
// the portal's inbox, and e-mails that say only that something waits there.
//
// Why two channels: e-mail is read by others on its way, so it never carries what a
// letter says, not even its subject. The inbox does, behind sign-in. Both are
// written in the transaction of the step that they tell of, and the e-mail is sent
// by the job queue after that commits: a mail server that is down delays e-mail and
// loses nothing.
package notice

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Letters writes letters, messages and e-mails into the caller's transaction. It
// holds settings only.
type Letters struct {
	Base       *url.URL // the portal's public address
	Brand      string   // its name: "Trusted Trader Portal"
	Office     string   // how letters are signed, instead of with a person's name; empty: "Trusted trader office"
	From       string   // address of the sender of e-mails, who is also the organizer of visits
	Catalogues *i18n.Catalogues
}

// Direction of a message.
type Direction string

// The directions.
const (
	ToCompany Direction = "to_company"
	ToAgency  Direction = "to_agency"
)

// What a letter can be about.
const (
	AboutApplication = "application"
	AboutMembership  = "membership"
	AboutChange      = "change_notice"
	AboutCompany     = "company"
	AboutProfile     = "profile"
	AboutValidation  = "validation"
	AboutFinding     = "finding"
	AboutIncident    = "incident"
	AboutEnforcement = "enforcement"
	AboutSuccession  = "succession"
	AboutAppeal      = "appeal"
	AboutClaim       = "claim" // of a member, that a benefit was not given
	AboutRecognition = "recognition"
	AboutEvidence    = "evidence" // the company's own: the agency has no page of it

	AboutConnection    = "partner_connection" // of two members; the agency has no page of it
	AboutQuestionnaire = "questionnaire"      // to a business partner of the company
)

// Letter is one of the programme's letters about one record of a company.
//
// Values fill its placeholders (programme.Placeholders). Those that follow from the
// programme, the company and the record are filled in here: programme,
// programme_short, administration, unit, specialist_title, specialist, office,
// company, recipient, case_number, membership_number and link. Days are calendar
// days that become texts in the letter's language.
type Letter struct {
	Company     uuid.UUID
	SubjectKind string
	SubjectID   uuid.UUID
	Programme   *programme.Programme
	Code        string
	Values      map[string]string
	Days        map[string]time.Time
}

// Message is a text between the agency and a company about one of its records.
type Message struct {
	Company     uuid.UUID
	Direction   Direction
	Subject     string
	Body        string
	SubjectKind string
	SubjectID   uuid.UUID
	Also        *uuid.UUID // somebody of the company who gets the e-mail too, whatever their role; nil: nobody
}

// Mail is one e-mail. Its text must not say what only the portal may say.
type Mail struct {
	To, Name string
	Lang     string // of the person; decides nothing here, the text is ready
	Subject  string
	Body     string
	Company  uuid.UUID // the zero id when it concerns none
}

// MailArgs is the job that sends one e-mail.
type MailArgs struct {
	ID uuid.UUID `json:"id"`
}

// Kind names the job in the queue.
func (MailArgs) Kind() string { return "mail" }

// MailQueue is the queue of e-mails: a mail server that hangs must not hold up the clocks.
const MailQueue = "mail"

// mailAttempts at no more than an hour between two: about a month of a mail server being away.
const mailAttempts = 720

// InsertOpts are how the job is queued wherever it is added.
func (MailArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: MailQueue, MaxAttempts: mailAttempts}
}

// Author is how the agency signs what a company reads, instead of with a person's name.
func (l *Letters) Author(ctx context.Context) string {
	return l.author(l.catalogues().With(ctx, i18n.Source))
}

// author is how the agency signs, in the language of ctx.
func (l *Letters) author(ctx context.Context) string {
	return i18n.T(ctx, cmp.Or(l.Office, "Trusted trader office"))
}

func (l *Letters) catalogues() *i18n.Catalogues {
	if l.Catalogues == nil {
		return &i18n.Catalogues{}
	}
	return l.Catalogues
}

// address is the full address of a page of the portal.
func (l *Letters) address(path string) string {
	if l.Base == nil {
		return path
	}
	return strings.TrimSuffix(l.Base.String(), "/") + path
}

// Path is the page about a record, as its company or as the agency sees it.
func Path(a identity.Audience, kind string, id uuid.UUID) string {
	company := a == identity.Companies
	switch {
	case kind == AboutApplication && company:
		return "/applications/" + id.String()
	case kind == AboutApplication:
		return "/desk/cases/" + id.String()
	case kind == AboutProfile && company:
		return "/profiles/" + id.String()
	case kind == AboutProfile:
		return "/desk/profiles/" + id.String()
	case kind == AboutValidation && company:
		return "/validations/" + id.String()
	case kind == AboutValidation:
		return "/desk/validations/" + id.String()
	case kind == AboutFinding && company:
		return "/findings/" + id.String()
	case kind == AboutFinding:
		return "/desk/findings/" + id.String()
	case kind == AboutIncident && company:
		return "/incidents/" + id.String()
	case kind == AboutIncident:
		return "/desk/incidents/" + id.String()
	case kind == AboutEnforcement && company:
		return "/enforcement/" + id.String()
	case kind == AboutEnforcement:
		return "/desk/enforcement/" + id.String()
	case kind == AboutSuccession && company:
		return "/memberships/changes/" + id.String()
	case kind == AboutSuccession:
		return "/desk/successions/" + id.String()
	case kind == AboutAppeal && company:
		return "/appeals/" + id.String()
	case kind == AboutAppeal:
		return "/desk/appeals/" + id.String()
	case kind == AboutClaim && company:
		return "/benefits/claims/" + id.String()
	case kind == AboutClaim:
		return "/desk/claims/" + id.String()
	case kind == AboutRecognition && company:
		return "/recognition"
	case kind == AboutRecognition:
		return "/desk/arrangements"
	case kind == AboutChange && company:
		return "/company/changes/" + id.String()
	case kind == AboutChange:
		return "/desk/changes/" + id.String()
	case kind == AboutEvidence && company:
		return "/evidence/" + id.String()
	case kind == AboutConnection && company:
		return "/partners/connections"
	case kind == AboutQuestionnaire && company:
		return "/partners/questionnaires/" + id.String()
	case kind == AboutMembership:
		return "/memberships/" + id.String()
	case company:
		return "/company"
	case kind == AboutCompany:
		return "/desk/companies/" + id.String()
	default:
		return "/desk"
	}
}

// ToCompany adds a programme's letter to the company's inbox and one e-mail for each
// person who acts for the company as owner, signatory, editor or representative and
// has a verified address. The letter is in the programme's own language, the e-mails
// in each person's. An unknown letter or a placeholder without a value is an error.
func (l *Letters) ToCompany(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Letter) error {
	letter, ok := in.Programme.Letter(in.Code)
	if !ok {
		return fmt.Errorf("write letter: programme %s has no letter %q", in.Programme.Code, in.Code)
	}
	f, err := factsOf(ctx, tx, in.Company, in.SubjectKind, in.SubjectID)
	if err != nil {
		return fmt.Errorf("write letter %s: %w", in.Code, err)
	}
	official := l.catalogues().With(ctx, i18n.Source)
	subject, body, err := letter.Render(l.values(official, identity.Companies, in, f, f.Company))
	if err != nil {
		return err
	}
	m := messageRow{
		ID: pg.NewID(), CompanyID: in.Company, Direction: string(ToCompany), Letter: in.Code, Subject: subject, Body: body,
		SubjectKind: in.SubjectKind, SubjectID: in.SubjectID, Author: l.author(official), WrittenBy: writer(by), SentAt: now,
	}
	return l.add(ctx, tx, now, m, f, nil)
}

// Message adds a message to the inbox, and for one to the company the e-mails that
// say so. One to the agency is signed with the name of who wrote it.
func (l *Letters) Message(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Message) error {
	_, err := l.write(ctx, tx, now, by, in)
	return err
}

func (l *Letters) write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Message) (uuid.UUID, error) {
	f, err := factsOf(ctx, tx, in.Company, in.SubjectKind, in.SubjectID)
	if err != nil {
		return uuid.Nil, fmt.Errorf("write message: %w", err)
	}
	m := messageRow{
		ID: pg.NewID(), CompanyID: in.Company, Direction: string(in.Direction), Subject: in.Subject, Body: in.Body,
		SubjectKind: in.SubjectKind, SubjectID: in.SubjectID, Author: by.Name, WrittenBy: writer(by), SentAt: now,
	}
	if in.Direction == ToCompany {
		m.Author = l.Author(ctx)
	}
	return m.ID, l.add(ctx, tx, now, m, f, in.Also)
}

// add keeps the message and, when it is for the company, tells its people.
func (l *Letters) add(ctx context.Context, tx pg.Tx, now time.Time, m messageRow, f facts, also *uuid.UUID) error {
	if err := insertMessage(ctx, tx, m); err != nil {
		return fmt.Errorf("put into the inbox: %w", err)
	}
	if Direction(m.Direction) != ToCompany {
		return nil
	}
	people, err := companyPeople(ctx, tx, m.CompanyID, now)
	if err != nil {
		return fmt.Errorf("find whom to tell: %w", err)
	}
	if also != nil {
		more, err := colleague(ctx, tx, m.CompanyID, *also, now)
		if err != nil {
			return fmt.Errorf("find whom to tell: %w", err)
		}
		for _, p := range more {
			if !slices.Contains(people, p) {
				people = append(people, p)
			}
		}
	}
	for _, p := range people {
		company := m.CompanyID
		if err := l.tell(ctx, tx, now, p, &company, &m.ID, f.Reference, "/inbox/"+m.ID.String()); err != nil {
			return err
		}
	}
	return nil
}

// tell adds the e-mail that says only that something waits.
func (l *Letters) tell(ctx context.Context, tx pg.Tx, now time.Time, p recipient, company, message *uuid.UUID, reference, path string) error {
	return l.mail(ctx, tx, l.waits(ctx, now, p, company, message, reference, path))
}

// waits is the e-mail that says only that something waits.
func (l *Letters) waits(ctx context.Context, now time.Time, p recipient, company, message *uuid.UUID, reference, path string) mailRow {
	tr := l.catalogues().With(ctx, l.catalogues().Match(p.Lang))
	brand := cmp.Or(l.Brand, i18n.T(tr, "Trusted trader portal"))
	what := i18n.T(tr, "Something waits for you in the %s.", brand)
	subject := i18n.T(tr, "%s: something waits for you", brand)
	if reference != "" {
		what = i18n.T(tr, "Something about %[2]s waits for you in the %[1]s.", brand, reference)
		subject = i18n.T(tr, "%[1]s: something waits for you (%[2]s)", brand, reference)
	}
	body := strings.Join([]string{
		i18n.T(tr, "Hello %s,", p.Name), what,
		i18n.T(tr, "Sign in to read it:") + "\n" + l.address(path),
		i18n.T(tr, "E-mail can be read on its way, so this one does not say more. We never ask for a password by e-mail."),
	}, "\n\n") + "\n"
	return mailRow{ID: pg.NewID(), CompanyID: company, ToAddress: p.Email, ToName: p.Name, Lang: i18n.Lang(tr),
		Subject: subject, Body: body, MessageID: message, CreatedAt: now}
}

// Mail adds an e-mail with a text of the caller's, such as an invitation with its link.
func (l *Letters) Mail(ctx context.Context, tx pg.Tx, now time.Time, in Mail) error {
	row := mailRow{ID: pg.NewID(), ToAddress: in.To, ToName: in.Name, Lang: cmp.Or(in.Lang, i18n.Source), Subject: in.Subject, Body: in.Body, CreatedAt: now}
	if in.Company != uuid.Nil {
		row.CompanyID = &in.Company
	}
	return l.mail(ctx, tx, row)
}

// Invite adds an e-mail with an iCalendar object to the outbox: one that asks a person to
// a visit or tells of its new time ("REQUEST"), or one that tells that it is off
// ("CANCEL"). The object's organizer is Organizer, or some programs do not let people
// accept. A step for other domains: they have decided who is told.
func (l *Letters) Invite(ctx context.Context, tx pg.Tx, now time.Time, in Mail, calendar []byte, method string) error {
	if len(calendar) == 0 || method == "" {
		return fmt.Errorf("invite to a visit: there is no calendar object")
	}
	row := mailRow{ID: pg.NewID(), ToAddress: in.To, ToName: in.Name, Lang: cmp.Or(in.Lang, i18n.Source), Subject: in.Subject, Body: in.Body,
		CreatedAt: now, Calendar: string(calendar), Method: method}
	if in.Company != uuid.Nil {
		row.CompanyID = &in.Company
	}
	return l.mail(ctx, tx, row)
}

// Organizer is the mailbox in whose name visits are arranged: the sender of the portal's
// e-mails, with the name of the office.
func (l *Letters) Organizer(ctx context.Context) (address, name string) {
	return l.From, l.Author(ctx)
}

// Host is the name under which the portal gives out identifiers of events.
func (l *Letters) Host() string {
	if l.Base == nil {
		return "localhost"
	}
	return l.Base.Hostname()
}

func (l *Letters) mail(ctx context.Context, tx pg.Tx, row mailRow) error {
	if err := insertMail(ctx, tx, row); err != nil {
		return fmt.Errorf("put an e-mail into the outbox: %w", err)
	}
	return tx.Enqueue(ctx, MailArgs{ID: row.ID}, nil)
}

// ToStaff tells people of the agency by e-mail that something about a record waits
// for them. Like every e-mail it says no more than that. Persons without a live right
// as staff or without a verified address are left out.
func (l *Letters) ToStaff(ctx context.Context, tx pg.Tx, now time.Time, persons []uuid.UUID, kind string, id uuid.UUID) error {
	if len(persons) == 0 {
		return nil
	}
	company, err := companyOf(ctx, tx, kind, id)
	if err != nil {
		return fmt.Errorf("tell staff: %w", err)
	}
	f, err := factsOf(ctx, tx, company, kind, id)
	if err != nil {
		return fmt.Errorf("tell staff: %w", err)
	}
	people, err := staffPeople(ctx, tx, persons, now)
	if err != nil {
		return fmt.Errorf("find whom to tell: %w", err)
	}
	for _, p := range people {
		if err := l.tell(ctx, tx, now, p, &company, nil, f.Reference, Path(identity.Staff, kind, id)); err != nil {
			return err
		}
	}
	return nil
}

// ToColleague tells one person of a company by e-mail that something about a record waits
// for them. A person without a live right for the company or a verified address is left
// out.
func (l *Letters) ToColleague(ctx context.Context, tx pg.Tx, now time.Time, company, person uuid.UUID, kind string, id uuid.UUID) error {
	f, err := factsOf(ctx, tx, company, kind, id)
	if err != nil {
		return fmt.Errorf("tell a colleague: %w", err)
	}
	people, err := colleague(ctx, tx, company, person, now)
	if err != nil {
		return fmt.Errorf("find whom to tell: %w", err)
	}
	for _, p := range people {
		if err := l.tell(ctx, tx, now, p, &company, nil, f.Reference, Path(identity.Companies, kind, id)); err != nil {
			return err
		}
	}
	return nil
}

// values are what a letter may ask for; the caller's own come last and win.
func (l *Letters) values(ctx context.Context, a identity.Audience, in Letter, f facts, recipient string) map[string]string {
	admin := in.Programme.Administration
	v := map[string]string{
		"programme": i18n.T(ctx, in.Programme.Name), "programme_short": in.Programme.ShortName,
		"administration": i18n.T(ctx, admin.Name), "unit": i18n.T(ctx, admin.Unit), "office": f.Office,
		"specialist_title": i18n.T(ctx, admin.Specialist), "specialist": l.author(ctx),
		"company": f.Company, "recipient": recipient, "case_number": f.Reference, "membership_number": f.Number,
		"link": l.address(Path(a, in.SubjectKind, in.SubjectID)),
	}
	for _, name := range slices.Sorted(maps.Keys(in.Days)) {
		v[name] = i18n.Date(ctx, in.Days[name])
	}
	maps.Copy(v, in.Values)
	return v
}

func writer(by identity.Actor) *uuid.UUID {
	if !by.Known() {
		return nil
	}
	return &by.PersonID
}

// Speak is ctx in a person's language, for e-mails whose text the caller writes.
func (l *Letters) Speak(ctx context.Context, lang string) context.Context {
	return l.catalogues().With(ctx, l.catalogues().Match(lang))
}

// Address is the full address of a page of the portal, for e-mails whose text the caller writes.
func (l *Letters) Address(path string) string { return l.address(path) }

// Page is the full address of the page about a record.
func (l *Letters) Page(a identity.Audience, kind string, id uuid.UUID) string {
	return l.address(Path(a, kind, id))
}
