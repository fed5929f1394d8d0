package risk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// RatingEntry is a rating as a person enters it. Without a level the factor stays unrated.
type RatingEntry struct {
	Factor  string
	Level   string // "1", "2", "3", or "0" for a vulnerability that does not apply
	Note    string
	Version int // of the rating that the person saw; 0: there was none
}

// LevelField, NoteField and VersionField name the form fields of a factor.
func LevelField(factor string) string   { return "rating-" + factor }
func NoteField(factor string) string    { return "note-" + factor }
func VersionField(factor string) string { return "version-" + factor }

// RateThreats saves the ratings of a lane's threats (step 2), all or none. What was carried
// over and is saved unchanged is confirmed: the person has seen it. Invalid: a high rating
// without a note; Conflict: a colleague has rated otherwise meanwhile.
func (s *Service) RateThreats(ctx context.Context, by identity.Actor, assessment, lane uuid.UUID, in []RatingEntry) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := edit(ctx, tx, by, assessment)
		if err != nil {
			return err
		}
		l, err := laneOf(ctx, tx, a, lane)
		if err != nil {
			return err
		}
		if l.RemovedAt != nil {
			return gone(l.Name)
		}
		return s.rate(ctx, tx, s.Now(), by, a, Rating{LaneID: l.ID, Kind: ofThreat}, in, map[string]string{"lane": l.Name})
	})
}

// RateVulnerabilities saves the ratings of a leg against the categories of the criteria
// (step 3), like RateThreats. A category that does not apply to the leg needs a note too.
func (s *Service) RateVulnerabilities(ctx context.Context, by identity.Actor, assessment, leg uuid.UUID, in []RatingEntry) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, l, g, err := openLeg(ctx, tx, by, assessment, leg)
		if err != nil {
			return err
		}
		return s.rate(ctx, tx, s.Now(), by, a, Rating{LaneID: l.ID, LegID: &g.ID, Kind: ofVulnerability}, in, map[string]string{"lane": l.Name, "leg": g.Place})
	})
}

// rate saves what differs; of is the lane or leg that is rated, and where names it.
func (s *Service) rate(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a Assessment, of Rating, in []RatingEntry, where map[string]string) error {
	there, err := ratingsOf(ctx, tx, of.LaneID, of.LegID)
	if err != nil {
		return fmt.Errorf("read the ratings: %w", err)
	}
	var check entry.Check
	var others []fault.Change
	var save []Rating
	before, after := map[string]string{}, where
	for _, e := range in {
		factor, ok := s.Factors.Threat(e.Factor)
		if of.Kind == ofVulnerability {
			factor, ok = s.Factors.Vulnerability(e.Factor)
		}
		if !ok {
			return fault.New(fault.Invalid, "What is rated has changed. Open the page again")
		}
		r := of
		r.ID, r.AssessmentID, r.CompanyID, r.Factor = uuid.Nil, a.ID, a.CompanyID, factor.Code
		if i := slices.IndexFunc(there, func(x Rating) bool { return x.Factor == factor.Code }); i >= 0 {
			r = there[i]
		}
		note := check.Text(NoteField(factor.Code), "the note", e.Note, 0, 2000)
		if e.Level == "" && note == "" || e.Level == "" && note == r.Note {
			continue
		}
		level, ok := levelOf(e.Level, of.Kind)
		if !ok {
			check.Add(LevelField(factor.Code), "Choose a rating")
			continue
		}
		if r.ID != uuid.Nil && level == r.Level && note == r.Note && !r.Carried {
			continue
		}
		if e.Version != r.Version {
			others = append(others, fault.Change{Label: factor.Name, Yours: say(ctx, level, note), Theirs: r.say(ctx)})
			continue
		}
		switch {
		case note == "" && level == High:
			check.Add(NoteField(factor.Code), "Enter a note: why the rating is high, and what you know about it")
			continue
		case note == "" && level == NotApplicable:
			check.Add(NoteField(factor.Code), "Enter a note: why this does not apply here")
			continue
		}
		if r.ID != uuid.Nil {
			before[factor.Code] = r.say(ctx)
		}
		after[factor.Code] = say(ctx, level, note)
		r.Level, r.Note, r.Carried, r.RatedAt, r.RatedBy = level, note, false, now, &by.PersonID
		save = append(save, r)
	}
	if others != nil {
		return fault.Moved(others...)
	}
	if err := check.Err(); err != nil || save == nil {
		return err
	}
	for _, r := range save {
		if r.ID == uuid.Nil {
			r.ID, r.Version = pg.NewID(), 1
			err = add(ctx, tx, &r)
		} else {
			err = pg.Update(ctx, tx, &r, r.ID, &r.Version, "rating", "note", "carried", "rated_at", "rated_by")
		}
		if err != nil {
			return fmt.Errorf("save the rating of %s: %w", r.Factor, err)
		}
	}
	e := audit.Event{Action: "risk_assessment.rate_threats", Before: before, After: after}
	if of.Kind == ofVulnerability {
		e = audit.Event{Action: "risk_assessment.rate_vulnerabilities", Before: before, After: after}
	}
	return note(ctx, tx, now, by, a, e)
}

func levelOf(text, kind string) (int, bool) {
	level, err := strconv.Atoi(text)
	lowest := Low
	if kind == ofVulnerability {
		lowest = NotApplicable
	}
	return level, err == nil && level >= lowest && level <= High
}

// say is a rating in words.
func (r Rating) say(ctx context.Context) string {
	if r.ID == uuid.Nil {
		return i18n.T(ctx, "Not rated")
	}
	if r.Carried {
		return i18n.T(ctx, "Carried over: %s", say(ctx, r.Level, r.Note))
	}
	return say(ctx, r.Level, r.Note)
}

func say(ctx context.Context, level int, note string) string {
	words := i18n.T(ctx, LevelName(level))
	if note != "" {
		words += ": " + note
	}
	return words
}
