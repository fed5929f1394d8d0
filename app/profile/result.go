package profile

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Result is what the agency told the company of a criterion when it sent the profile back
// or accepted it. What a specialist has not sent is none.
type Result struct {
	Criterion string    `json:"criterion"`
	Verdict   string    `json:"verdict"` // a code; package profilereview has the words
	Text      string    `json:"text"`
	Round     int       `json:"round"` // of the submission that it is about
	At        time.Time `json:"at"`
}

// resultsSQL reads what was told of the criteria of a profile (c), the newest first; the
// verb narrows it. What went with a return that was taken back does not count.
const resultsSQL = `, coalesce((select jsonb_agg(jsonb_build_object('criterion', r.criterion, 'verdict', r.verdict, 'text', r.remark, 'round', r.round, 'at', r.sent_at) order by r.id desc)
    from profile_result r where r.cycle_id = c.id and r.site_id is null%s
    and not exists (select from profile_return x where x.cycle_id = c.id and x.sent_at = r.sent_at and x.cancelled_at is not null)), '[]')::text as results`

func readResults(text string) (list []Result, err error) {
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read what was told: %w", err)
	}
	return list, nil
}

// latest is the newest result of a criterion; nil when there is none.
func latest(list []Result, criterion string) *Result {
	if i := slices.IndexFunc(list, func(r Result) bool { return r.Criterion == criterion }); i >= 0 {
		return &list[i]
	}
	return nil
}

// Told is the result that a return came with, which its remark says as well; nil when the
// profile is not returned or the return does not list the criterion.
func (c CriterionPage) Told() *Result {
	if c.Remark == nil {
		return nil
	}
	if i := slices.IndexFunc(c.Results, func(r Result) bool { return r.At.Equal(c.Profile.Return.SentAt) }); i >= 0 {
		return &c.Results[i]
	}
	return nil
}
