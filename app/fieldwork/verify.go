package fieldwork

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

func note(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x validation.Visit, e audit.Event) error {
	e.Kind, e.Subject, e.Company, e.Internal = Kind, x.ID, x.CompanyID, true
	return audit.Record(ctx, tx, now, by, e)
}

// rowsOf locks the verifications of a visit.
func rowsOf(ctx context.Context, tx pg.Tx, visit uuid.UUID) (list []Verification, err error) {
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("visit_id = ?", visit).Order("criterion").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read what is verified: %w", err)
	}
	return list, nil
}

// editionOf is the edition of the profile that was submitted last for what is validated.
func editionOf(ctx context.Context, tx pg.Tx, v validation.Validation) (edition string, err error) {
	var list []string
	err = tx.WithContext(ctx).Raw(`select edition from profile_cycle where company_id = ? and programme = ? and ? = any(entity_type || also_types) and submitted_at is not null order by submitted_at desc limit 1`,
		v.CompanyID, v.Programme, v.EntityType).Scan(&list).Error
	if err != nil {
		return "", fmt.Errorf("look for the profile: %w", err)
	}
	if len(list) > 0 {
		edition = list[0]
	}
	return edition, nil
}

// Choose says which criteria are verified at a visit: those named, and no others. Case
// workers of the office in charge may. Invalid: a criterion that does not exist, or one with
// a result is left out.
func (s *Service) Choose(ctx context.Context, by identity.Actor, visit uuid.UUID, criteria []string) error {
	return s.onVisit(ctx, by, visit, func(tx pg.Tx, now time.Time, x validation.Visit, v validation.Validation) error {
		edition, err := editionOf(ctx, tx, v)
		if err != nil {
			return err
		}
		form := s.form(v.Programme, edition, v.EntityType)
		rows, err := rowsOf(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		var c entry.Check
		for _, id := range criteria {
			if form == nil {
				break
			}
			if _, ok := form.Criterion(id); !ok {
				c.Add("criterion", "Criterion %s is not one of this kind of member. Open the page again", id)
			}
		}
		for _, r := range rows {
			if r.Result != nil && !slices.Contains(criteria, r.Criterion) {
				c.Add("criterion", "%s has a result. Clear it before you leave the criterion out", r.Criterion)
			}
		}
		if err := c.Err(); err != nil {
			return err
		}
		added, dropped := 0, 0
		for _, id := range criteria {
			r := tx.WithContext(ctx).Exec(`insert into verification (visit_id, company_id, criterion) values (?, ?, ?)
				on conflict (visit_id, criterion) do update set chosen = true, version = verification.version + 1 where not verification.chosen`, x.ID, x.CompanyID, id)
			if r.Error != nil {
				return fmt.Errorf("choose criteria: %w", r.Error)
			}
			added += int(r.RowsAffected)
		}
		for _, r := range rows {
			if r.Chosen && !slices.Contains(criteria, r.Criterion) {
				if err := tx.WithContext(ctx).Exec(`update verification set chosen = false, version = version + 1 where visit_id = ? and criterion = ?`, x.ID, r.Criterion).Error; err != nil {
					return fmt.Errorf("leave a criterion out: %w", err)
				}
				dropped++
			}
		}
		if added+dropped == 0 {
			return nil
		}
		return note(ctx, tx, now, by, x, audit.Event{Action: "fieldwork.choose", After: map[string]any{"criteria": criteria, "added": added, "left_out": dropped}})
	})
}

// Entry is what an officer saw of a criterion, as entered.
type Entry struct {
	Criterion string
	Methods   []string
	Ticks     Ticks
	Result    Result // empty: clears it
	Note      string
	Version   int
}

// TickField names the form field of a checklist of the catalogue.
func TickField(question string) string { return "ticks-" + question }

// Verify saves what an officer saw of a criterion. Case workers of the office in charge may,
// once the visit has begun, until the report is issued. Invalid: how it was verified, or why
// not; Conflict, with both: a colleague saved something else meanwhile.
func (s *Service) Verify(ctx context.Context, by identity.Actor, visit uuid.UUID, in Entry) error {
	return s.onVisit(ctx, by, visit, func(tx pg.Tx, now time.Time, x validation.Visit, v validation.Validation) error {
		if err := there(x); err != nil {
			return err
		}
		rows, err := rowsOf(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		return s.verify(ctx, tx, now, by, x, v, rows, in)
	})
}

func (s *Service) verify(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x validation.Visit, v validation.Validation, rows []Verification, in Entry) error {
	i := slices.IndexFunc(rows, func(r Verification) bool { return r.Criterion == in.Criterion && r.Chosen })
	if i < 0 {
		return fault.Missing()
	}
	r := rows[i]
	p, err := s.Steps.Rules(v)
	if err != nil {
		return err
	}
	if in.Version != r.Version {
		return fault.Moved(fault.Change{Label: in.Criterion, Yours: entry.Head(words(in.Result, in.Note), 4000), Theirs: words(r.Is(), r.Note)})
	}
	edition, err := editionOf(ctx, tx, v)
	if err != nil {
		return err
	}
	was := words(r.Is(), r.Note)
	if err := put(in, &r, p, criterionOf(s.form(v.Programme, edition, v.EntityType), in.Criterion)); err != nil {
		return err
	}
	r.VerifiedAt, r.VerifiedBy, r.Verifier = nil, nil, ""
	if r.Result != nil {
		r.VerifiedAt, r.VerifiedBy, r.Verifier = &now, &by.PersonID, by.Name
	}
	r.Version++
	q := tx.WithContext(ctx).Model(&Verification{}).Where("visit_id = ? and criterion = ?", x.ID, r.Criterion).
		Select("methods", "ticks", "result", "note", "verified_at", "verified_by", "verifier", "version").Updates(&r)
	if q.Error != nil {
		return fmt.Errorf("save what was verified: %w", q.Error)
	}
	return note(ctx, tx, now, by, x, audit.Event{Action: "fieldwork.verify", Before: map[string]any{in.Criterion: was},
		After: map[string]any{in.Criterion: words(r.Is(), r.Note), "methods": r.Methods}})
}

func words(r Result, note string) string {
	if note == "" {
		return r.Name()
	}
	return r.Name() + ": " + note
}

func criterionOf(form *catalogue.Form, id string) catalogue.Criterion {
	if form == nil {
		return catalogue.Criterion{}
	}
	c, _ := form.Criterion(id)
	return c
}

// put takes what was entered into a verification.
func put(in Entry, r *Verification, p *programme.Programme, about catalogue.Criterion) error {
	var c entry.Check
	r.Methods, r.Ticks, r.Result = nil, Ticks{}, nil
	for _, code := range in.Methods {
		if _, ok := p.Validation.Method(code); ok && !slices.Contains(r.Methods, code) {
			r.Methods = append(r.Methods, code)
		}
	}
	for _, q := range about.Questions {
		for _, code := range in.Ticks[q.ID] {
			if slices.ContainsFunc(q.Options, func(o catalogue.Option) bool { return o.Code == code }) && !slices.Contains(r.Ticks[q.ID], code) {
				r.Ticks[q.ID] = append(r.Ticks[q.ID], code)
			}
		}
	}
	least := 0
	switch {
	case in.Result == None:
	case !slices.Contains(Results(), in.Result):
		c.Add("result", "Choose what came of it")
	default:
		result := in.Result
		r.Result = &result
		if result.NeedsNote() {
			least = 1
		}
		if len(r.Methods) == 0 && result != NotApplicable {
			c.Add("methods", "Choose how you verified it")
		}
	}
	r.Note = c.Text("note", "a note: what is missing, or why", in.Note, least, 8000)
	return c.Err()
}

// Checklists are the questions of a criterion whose options an officer can tick.
func Checklists(c catalogue.Criterion) (out []catalogue.Question) {
	for _, q := range c.Questions {
		if q.Kind == catalogue.Checklist {
			out = append(out, q)
		}
	}
	return out
}

// clean keeps a form's text to one line.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }
