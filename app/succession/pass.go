package succession

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
)

// passOn fills the security profile of the new company's application with what the member
// said in its last accepted one, once the case is in effect and the application is linked: only
// with the member's consent, only for the company that the consent names, and only as long as
// the profile was not submitted. The history of the case says what became of it.
func (s *Service) passOn(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Case, m member) error {
	if !c.ShareAnswers || c.ApplicationID == nil || s.Steps.Profiles == nil || c.Kind != Split && c.Kind != Sale {
		return nil
	}
	to, err := profile.OfApplication(ctx, tx, *c.ApplicationID)
	if err != nil || to == nil {
		return err
	}
	named, err := s.named(ctx, tx, c, to.CompanyID)
	if err != nil {
		return err
	}
	if !named {
		return write(ctx, tx, now, by, c, "keep_answers", "The company that applies is not the one that the case names: "+c.NewName+", "+c.NewCountry, true)
	}
	locked, err := profile.Lock(ctx, tx, identity.ClockActor("succession"), to.ID, 0)
	if err != nil {
		return err
	}
	if locked.Status != profile.Open {
		return write(ctx, tx, now, by, c, "keep_answers", "The profile of the new company was submitted already", true)
	}
	company, err := scan[string](ctx, tx, `select name from company where id = ?`, c.CompanyID)
	if err != nil || len(company) == 0 {
		return fmt.Errorf("read the name of the member: %w", err)
	}
	n, err := s.Steps.Profiles.Inherit(ctx, tx, now, by, profile.Inheritance{To: locked, Company: c.CompanyID, Name: company[0], Programme: m.Programme, EntityType: m.EntityType, Why: c.Reference})
	if err != nil {
		return err
	}
	if n == 0 {
		return write(ctx, tx, now, by, c, "keep_answers", "There was no accepted answer to a criterion that the new company has not begun", true)
	}
	if err := write(ctx, tx, now, by, c, "pass_on", "", false); err != nil {
		return err
	}
	err = record(ctx, tx, now, by, c, audit.Event{Action: "succession.pass_on", After: map[string]any{"reference": c.Reference, "profile": locked.Reference, "answers": n}})
	if err != nil {
		return err
	}
	return s.tellHeir(ctx, tx, now, by, locked, company[0], m)
}

// tellHeir tells the new company from whom its profile has answers. A programme may do
// without the letter: the profile itself says of each answer whose it was.
func (s *Service) tellHeir(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c profile.Cycle, from string, m member) error {
	const code = "profile_inherited"
	if _, ok := m.rules.Letter(code); !ok {
		return nil
	}
	return s.Steps.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: c.CompanyID, SubjectKind: profile.Kind, SubjectID: c.ID, Programme: m.rules, Code: code,
		Values: map[string]string{"partner": from}})
}

// named reports whether a company is the one that a case names: by its country, and by its
// name apart from spaces, points and capitals.
func (s *Service) named(ctx context.Context, tx pg.Tx, c Case, company uuid.UUID) (bool, error) {
	list, err := scan[struct{ Name, Country string }](ctx, tx, `select name, country from company where id = ?`, company)
	if err != nil {
		return false, fmt.Errorf("read the name of the new company: %w", err)
	}
	for _, x := range list {
		if x.Country == c.NewCountry && plain(x.Name) == plain(c.NewName) {
			return true, nil
		}
	}
	return false, nil
}

// plain is a name without what people write in different ways.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
