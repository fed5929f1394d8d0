package profilereview

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
)

// Verdict is what a specialist says of a criterion.
type Verdict string

// The verdicts.
const (
	NotReviewed             Verdict = "not_reviewed"
	Meets                   Verdict = "meets"
	MeetsWithRecommendation Verdict = "meets_with_recommendation"
	MoreInformation         Verdict = "more_information"
	DoesNotMeet             Verdict = "does_not_meet"
	NotApplicable           Verdict = "not_applicable" // agreed
	BestPractice            Verdict = "best_practice"
)

// Verdicts lists them in the order of a form.
func Verdicts() []Verdict {
	return []Verdict{Meets, MeetsWithRecommendation, BestPractice, NotApplicable, MoreInformation, DoesNotMeet, NotReviewed}
}

// Name is the verdict for a person to read (English source text).
func (v Verdict) Name() string {
	switch v {
	case Meets:
		return "Meets"
	case MeetsWithRecommendation:
		return "Meets, with a recommendation"
	case BestPractice:
		return "Best practice"
	case NotApplicable:
		return "Not applicable, agreed"
	case MoreInformation:
		return "More information needed"
	case DoesNotMeet:
		return "Does not meet"
	}
	return "Not reviewed"
}

// Met reports whether nothing stands against accepting the criterion.
func (v Verdict) Met() bool {
	return v == Meets || v == MeetsWithRecommendation || v == BestPractice || v == NotApplicable
}

// Asks reports whether the company must do something: these are proposed for a return.
func (v Verdict) Asks() bool { return v == MoreInformation || v == DoesNotMeet }

// NeedsRemark reports whether the verdict says too little without a remark.
func (v Verdict) NeedsRemark() bool {
	return v == MeetsWithRecommendation || v == BestPractice || v.Asks()
}

// Names of form fields.
const (
	VerdictField = "verdict"
	RemarkField  = "remark"
)

// VerdictEntry is a verdict as a person enters it.
type VerdictEntry struct {
	Criterion string
	Verdict   Verdict
	Remark    string
	Round     int // of the submission that the person saw
	Version   int // of the verdict that the person saw; 0: there was none
}

// verdictRow is a verdict as it is kept.
type verdictRow struct {
	CycleID    uuid.UUID
	CompanyID  uuid.UUID
	Criterion  string
	SiteID     *uuid.UUID // nil: verdicts are on the criterion as a whole
	Verdict    Verdict
	Remark     string
	Round      int
	ReviewedBy uuid.UUID
	Reviewer   string
	ReviewedAt time.Time
	SentAt     *time.Time
	Version    int
}

// TableName is the table that holds verdicts.
func (verdictRow) TableName() string { return "profile_verdict" }

// SetVerdict keeps a verdict on one criterion, private to the agency. Case workers of the
// office tree may while the profile is under review. Invalid: the verdict, or its remark
// is missing. Conflict: somebody else gave a verdict meanwhile (with both), or the profile
// is not under review any more. The same verdict once more says that the person looked at
// what was submitted since.
func (s *Service) SetVerdict(ctx context.Context, by identity.Actor, id uuid.UUID, in VerdictEntry) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, h, err := share(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := h.help(by); err != nil {
			return err
		}
		if err := s.counts(ctx, tx, c, in.Criterion); err != nil {
			return err
		}
		if err := underReview(c); err != nil {
			return err
		}
		if in.Round != c.Round {
			return fault.New(fault.Conflict, "The company has submitted the profile again. Open the criterion anew and look at what it says now")
		}
		var check entry.Check
		remark := check.Text(RemarkField, "the remark", in.Remark, 0, 4000)
		switch {
		case !slices.Contains(Verdicts(), in.Verdict):
			check.Add(VerdictField, "Choose a verdict")
		case remark == "" && in.Verdict.NeedsRemark():
			check.Add(RemarkField, "Enter a remark: the company reads it with this verdict")
		}
		if err := check.Err(); err != nil {
			return err
		}
		return keepVerdict(ctx, tx, now, by, c, verdictRow{CycleID: c.ID, CompanyID: c.CompanyID, Criterion: in.Criterion, Verdict: in.Verdict, Remark: remark,
			Round: c.Round, ReviewedBy: by.PersonID, Reviewer: by.Name, ReviewedAt: now, Version: in.Version + 1})
	})
}

// keepVerdict adds or replaces a verdict unless somebody else was faster.
func keepVerdict(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c profile.Cycle, v verdictRow) error {
	was, err := lockVerdict(ctx, tx, c.ID, v.Criterion)
	if err != nil {
		return err
	}
	e := audit.Event{Action: "profile.verdict", Kind: profile.Kind, Subject: c.ID, Company: c.CompanyID, Internal: true,
		After: map[string]any{"criterion": v.Criterion, "verdict": v.Verdict, "remark": v.Remark, "round": v.Round}}
	done := true
	switch {
	case was != nil && was.Verdict == v.Verdict && was.Remark == v.Remark && was.Round == v.Round:
		return nil
	case was != nil && was.Version != v.Version-1:
		return differs(ctx, v, *was)
	case was != nil:
		e.Before = map[string]any{"criterion": was.Criterion, "verdict": was.Verdict, "remark": was.Remark, "round": was.Round}
		err = replaceVerdict(ctx, tx, v)
	case v.Version != 1:
		return fault.Moved()
	default:
		done, err = addVerdict(ctx, tx, v)
	}
	if err != nil {
		return err
	}
	if !done { // both found none, and the other one was first
		if was, err = lockVerdict(ctx, tx, c.ID, v.Criterion); err != nil || was == nil {
			return err
		}
		return differs(ctx, v, *was)
	}
	return audit.Record(ctx, tx, now, by, e)
}

// differs is the refusal that shows both verdicts.
func differs(ctx context.Context, mine, theirs verdictRow) error {
	return fault.Moved(
		fault.Change{Label: "Verdict", Yours: i18n.T(ctx, mine.Verdict.Name()), Theirs: i18n.T(ctx, "%s (%s)", i18n.T(ctx, theirs.Verdict.Name()), theirs.Reviewer)},
		fault.Change{Label: "Remark", Yours: mine.Remark, Theirs: theirs.Remark})
}

// underReview refuses verdicts before the review has begun and after it is over.
func underReview(c profile.Cycle) error {
	switch c.Status {
	case profile.InReview:
		return nil
	case profile.Submitted:
		return fault.New(fault.Conflict, "Start the review first, then give verdicts")
	case profile.Returned:
		return fault.New(fault.Conflict, "The profile is with the company. You can give verdicts when it is submitted again")
	}
	return fault.New(fault.Conflict, "This profile is not under review, so verdicts cannot be changed")
}

// counts refuses a criterion that did not count when the profile was submitted: it is not
// there. Before the first submission every criterion of the form is.
func (s *Service) counts(ctx context.Context, tx pg.Tx, c profile.Cycle, criterion string) error {
	form, err := s.Steps.Form(c)
	if err != nil {
		return err
	}
	if _, ok := form.Criterion(criterion); !ok {
		return fault.Missing()
	}
	if c.Round == 0 {
		return nil
	}
	counted, err := countedIn(ctx, tx, c)
	if err != nil {
		return err
	}
	if !slices.Contains(counted, criterion) {
		return fault.Missing()
	}
	return nil
}

// Told is what the company was told of a criterion.
type Told struct {
	Criterion string    `json:"criterion"`
	Verdict   Verdict   `json:"verdict"`
	Remark    string    `json:"remark"`
	Round     int       `json:"round"`
	SentAt    time.Time `json:"sent_at"`
}

// tell writes results as the company reads them, and notes on the verdicts that they are
// no longer private.
func tell(ctx context.Context, tx pg.Tx, now time.Time, c profile.Cycle, list []Told) error {
	if err := addResults(ctx, tx, now, c, list); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	ids := make([]string, len(list))
	for i, t := range list {
		ids[i] = t.Criterion
	}
	if err := markSent(ctx, tx, now, c.ID, ids); err != nil {
		return fmt.Errorf("note that verdicts were sent: %w", err)
	}
	return nil
}
