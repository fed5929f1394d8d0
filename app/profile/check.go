package profile

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
)

// Severity says what a finding of the checks means for submitting.
type Severity string

// The severities: an error blocks, a warning asks, a tip informs.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Tip     Severity = "tip"
)

// Finding is one thing that the checks found.
type Finding struct {
	Severity  Severity
	Code      string   // what was looked at: "evidence_expired"
	Criterion string   // where to mend it; empty when it lies elsewhere
	Others    []string // further criteria with the same
	Message   string   // English source text with printf verbs
	Args      []any
}

// Key names a warning, for a person to say that they have read it.
func (f Finding) Key() string { return f.Code + ":" + f.Criterion }

// Field is the finding as the problem of a form.
func (f Finding) Field() fault.Field { return fault.F(f.Criterion, f.Message, f.Args...) }

// What the checks look for.
const (
	expiresSoon  = 90  // days
	longAway     = 180 // days since a person was last here
	riskYear     = 365 // days
	oldDate      = 365 // days
	sameTextIn   = 5   // criteria
	sameTextFrom = 20  // characters: a shorter text is rightly the same in many places
	shortText    = 25  // characters
)

// aroundSQL reads what else the checks look at: $1 the cycle, $2 the company, $3 the moment.
const aroundSQL = `select jsonb_build_object(
  'away', coalesce((select jsonb_agg(jsonb_build_object('name', k.name, 'seen', coalesce(p.last_seen_at, p.created_at)) order by k.name)
    from contact k join person p on lower(p.email) = lower(k.email) and p.email_verified
    where k.company_id = $2 and k.removed_at is null), '[]'),
  'gone', coalesce((select jsonb_agg(jsonb_build_object('criterion', n.criterion, 'name', n.assignee) order by n.criterion)
    from profile_criterion n join profile_cycle c on c.id = n.cycle_id join office o on o.id = c.office_id
    where n.cycle_id = $1 and n.assignee_id is not null and not exists (select from person_right r
      where r.person_id = n.assignee_id and r.company_id = $2 and r.audience = 'company' and r.ended_at is null
        and ($3::timestamptz at time zone o.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity'))), '[]'),
  'fallen', coalesce((select jsonb_agg(distinct p.name order by p.name) from partner_matter x join business_partner p on p.id = x.partner_id where x.company_id = $2 and x.settled_at is null), '[]'),
  'risk', (select max(a.finished_at) from risk_assessment a where a.company_id = $2 and a.status = 'finished'),
  'risks', coalesce((select jsonb_agg(distinct l.criterion) from evidence_link l join risk_assessment a on a.evidence_id = l.evidence_id where l.cycle_id = $1), '[]'),
  'asked', coalesce((select jsonb_agg(t.criterion order by t.criterion) from (
    select distinct on (m.criterion) m.criterion, m.side, m.resolved_at from profile_message m join profile_cycle c on c.id = $1
    where m.company_id = $2 and m.programme = c.programme and m.entity_type = c.entity_type and not m.internal and m.sent_at is not null
    order by m.criterion, m.written_at desc) t where t.side = 'agency' and t.resolved_at is null), '[]'))::text as around`

// around is what aroundSQL reads.
type around struct {
	Away []struct {
		Name string    `json:"name"`
		Seen time.Time `json:"seen"`
	} `json:"away"`
	Gone []struct {
		Criterion string `json:"criterion"`
		Name      string `json:"name"`
	} `json:"gone"`
	Fallen []string   `json:"fallen"` // business partners whose status abroad has changed
	Risk   *time.Time `json:"risk"`
	Risks  []string   `json:"risks"`
	Asked  []string   `json:"asked"`
}

func readAround(text string) (a around, err error) {
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return a, fmt.Errorf("read what the checks look at: %w", err)
	}
	return a, nil
}

// checker goes through a profile and notes what it finds.
type checker struct {
	ctx   context.Context
	p     *Profile
	now   time.Time
	today clock.Day
	out   []Finding
}

func (k *checker) add(s Severity, code, criterion, message string, args ...any) {
	k.out = append(k.out, Finding{Severity: s, Code: code, Criterion: criterion, Message: message, Args: args})
}

// check looks at everything that keeps a profile from being submitted or should make the
// company think again, errors first, in the order of the criteria.
func (s *Steps) check(ctx context.Context, now time.Time, p *Profile, links []evidence.Link, a around) []Finding {
	k := &checker{ctx: ctx, p: p, now: now, today: clock.DayOf(now, p.Firm.Zone)}
	for _, problem := range p.Problems(ctx) {
		k.out = append(k.out, Finding{Severity: Error, Code: "incomplete", Criterion: problem.Name, Message: problem.Message, Args: problem.Args})
	}
	k.evidence(links, s.WarnUnscanned)
	k.answers()
	k.sameTexts()
	k.newSites()
	k.around(a)
	place := map[string]int{}
	for i, c := range p.Form.Criteria {
		place[c.ID] = i + 1
	}
	slices.SortStableFunc(k.out, func(a, b Finding) int {
		rank := func(f Finding) int { return slices.Index([]Severity{Error, Warning, Tip}, f.Severity) }
		return cmp.Or(rank(a)-rank(b), place[a.Criterion]-place[b.Criterion])
	})
	return k.out
}

// looks reports whether a criterion is looked at: it counts, and it was not taken as it is
// when the profile was sent back.
func (k *checker) looks(criterion string) bool {
	return k.p.Counts(criterion) && (k.p.Cycle.Status != Returned || k.p.Unlocked(criterion))
}

// evidence looks at what is attached.
func (k *checker) evidence(links []evidence.Link, warnUnscanned bool) {
	for _, l := range links {
		if l.Removed || !k.looks(l.Criterion) {
			continue
		}
		if l.ExpiresOn != nil {
			last := clock.DayOf(*l.ExpiresOn, time.UTC)
			switch left := clock.DaysBetween(k.today, last); {
			case left < 0:
				k.add(Error, "evidence_expired", l.Criterion, "%s expired on %s. Attach the new one, or take it off", l.Title, last.Text(k.ctx))
			case left <= expiresSoon:
				k.add(Warning, "evidence_expires", l.Criterion, "%s expires on %s. Attach the new one when you have it", l.Title, last.Text(k.ctx))
			}
		}
		switch {
		case l.Scan == evidence.Quarantined:
			k.add(Error, "evidence_quarantined", l.Criterion, "%s is locked away, for something harmful was found in it. Take it away and attach a clean file", l.FileName)
		case l.Scan == evidence.Waiting:
			k.add(Warning, "evidence_waiting", l.Criterion, "%s is still being looked at for harmful content", l.FileName)
		case l.Scan == evidence.NotScanned && warnUnscanned:
			k.add(Warning, "evidence_unscanned", l.Criterion, "%s was not looked at for harmful content", l.FileName)
		}
	}
	for _, c := range k.p.Form.Criteria {
		if k.looks(c.ID) && c.Level == catalogue.Should && k.p.Evidence[c.ID] < c.Evidence.Min && k.p.State(c.ID).State == Ready && k.saysYes(c) {
			k.add(Tip, "evidence_should", c.ID, "Evidence would help us to see how you meet this")
		}
	}
}

func (k *checker) saysYes(c catalogue.Criterion) bool {
	return slices.ContainsFunc(c.Questions, func(q catalogue.Question) bool {
		g, ok := k.p.Given(q.ID, uuid.Nil)
		return ok && g.Choice == catalogue.Yes
	})
}

// each calls do for every answer that is looked at.
func (k *checker) each(do func(c catalogue.Criterion, q catalogue.Question, g Given)) {
	for _, c := range k.p.Form.Criteria {
		for _, q := range c.Questions {
			if !k.looks(c.ID) {
				continue
			}
			for _, g := range k.p.inOrder(q.ID) {
				if k.p.At(g.Site).Question(q.ID) {
					do(c, q, g)
				}
			}
		}
	}
}

// answers looks at single answers: plans whose day has passed, old dates, short texts.
func (k *checker) answers() {
	k.each(func(c catalogue.Criterion, q catalogue.Question, g Given) {
		if day, err := clock.ParseDay(g.Value.PlanOn); err == nil && clock.DaysBetween(k.today, day) < 0 {
			k.add(Warning, "plan_past", c.ID, "The plan was to be done by %s. Say what has been done, or give a new day", day.Text(k.ctx))
		}
		if day, err := clock.ParseDay(g.Value.Date); q.Kind == catalogue.Date && err == nil && clock.DaysBetween(day, k.today) > oldDate {
			k.add(Tip, "date_old", c.ID, "The date %s is more than a year ago. Is it still the last one?", day.Text(k.ctx))
		}
		if n := utf8.RuneCountInString(g.Value.Text); q.Kind == catalogue.Narrative && n > 0 && n < shortText {
			k.add(Tip, "text_short", c.ID, "The answer to \"%s\" is very short. Say who does what, and how often", text(k.ctx, q.Text))
		}
	})
}

// sameTexts finds a narrative that stands in many criteria.
func (k *checker) sameTexts() {
	where := map[string][]string{}
	var order []string
	k.each(func(c catalogue.Criterion, q catalogue.Question, g Given) {
		said := strings.Join(strings.Fields(strings.ToLower(g.Value.Text)), " ")
		if utf8.RuneCountInString(said) < sameTextFrom || slices.Contains(where[said], c.ID) {
			return
		}
		if where[said] == nil {
			order = append(order, said)
		}
		where[said] = append(where[said], c.ID)
	})
	for _, said := range order {
		if ids := where[said]; len(ids) >= sameTextIn {
			k.add(Warning, "text_same", ids[0], "The same text stands in %d criteria. Say for each how you meet it", len(ids))
			k.out[len(k.out)-1].Others = ids[1:]
		}
	}
}

// newSites finds sites that were added after a criterion that is asked of each site was
// answered for all of them: nobody may have thought of these.
func (k *checker) newSites() {
	found := map[string]int{} // by the names of the sites
	for _, c := range k.p.Form.Criteria {
		if k.p.EachSite(c) == 0 || !k.looks(c.ID) || k.p.State(c.ID).Because == BecauseCarried {
			continue
		}
		looked := k.p.lookedAt(c)
		differ := k.p.Exceptions(c.ID)
		var names []string
		for _, site := range k.p.Sites {
			if !looked.IsZero() && site.AddedAt.After(looked) && k.p.At(site.ID).Criterion(c.ID) && !slices.ContainsFunc(differ, func(x Site) bool { return x.ID == site.ID }) {
				names = append(names, site.Name)
			}
		}
		if names == nil {
			continue
		}
		said := strings.Join(names, ", ")
		if i, ok := found[said]; ok {
			k.out[i].Others = append(k.out[i].Others, c.ID)
			continue
		}
		found[said] = len(k.out)
		k.add(Warning, "site_new", c.ID, "Added after you answered: %s. If your answer does not hold there, say at that site what differs", said)
	}
}

// mostFallen bounds the partners that are named one by one.
const mostFallen = 20

// around looks at people, the risk assessment and what we asked.
func (k *checker) around(a around) {
	for _, x := range a.Away {
		if k.now.Sub(x.Seen) > longAway*24*time.Hour {
			k.add(Warning, "contact_away", "", "%s has not signed in since %s. Is this person still your contact?", x.Name, clock.DayOf(x.Seen, k.p.Firm.Zone).Text(k.ctx))
		}
	}
	for _, x := range a.Gone {
		if k.looks(x.Criterion) {
			k.add(Warning, "assignee_gone", x.Criterion, "%s no longer acts for your company. Assign this criterion to somebody else", x.Name)
		}
	}
	for i, name := range a.Fallen {
		if i == mostFallen {
			k.add(Warning, "partner_fallen", "", "More of your business partners have lost their status abroad: %d. See them under Business partners", len(a.Fallen)-mostFallen)
			break
		}
		k.add(Warning, "partner_fallen", "", "%s is no longer a trusted trader in its own country, or is suspended. Look at it under Business partners, and change the answers that count on it", name)
	}
	if a.Risk != nil && k.now.Sub(*a.Risk) > riskYear*24*time.Hour {
		criterion := ""
		if len(a.Risks) > 0 {
			criterion = a.Risks[0]
		}
		k.add(Warning, "risk_old", criterion, "Your risk assessment was finished on %s, more than a year ago. Review it", clock.DayOf(*a.Risk, k.p.Firm.Zone).Text(k.ctx))
	}
	for _, id := range a.Asked {
		if k.looks(id) {
			k.add(Warning, "message_open", id, "We wrote to you about this criterion, and you have not answered")
		}
	}
}

func text(ctx context.Context, t catalogue.Text) string {
	s, _ := t.In(i18n.Lang(ctx))
	return s
}

// count counts the findings of a severity.
func count(list []Finding, s Severity) (n int) {
	for _, f := range list {
		if f.Severity == s {
			n++
		}
	}
	return n
}
