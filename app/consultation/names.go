package consultation

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// mostCandidates is how many members a search by name names.
const mostCandidates = 5

// ByName is the scheme of checks that search by a name.
const ByName = "name"

// namesSQL finds members whose name is like $1, and only those that the agency $4 may learn
// of, by the same conditions as lookupSQL. $2 and $3 are patterns, $5 and $6 arrangements and
// their programmes, $10 whether a general consent counts, $7 now, $8 a country or nothing.
const namesSQL = `select c.id, c.name, c.country, coalesce((select t.city from site t where t.company_id = c.id order by t.activity <> 'headquarters', t.created_at, t.id limit 1), '') as city
from company_names_like($1, $2, $3, 200) x join company c on c.id = x.company_id
where ($8 = '' or c.country = $8) and exists (
  select from membership m join unnest($5::text[], $6::text[], $10::bool[]) as r(arrangement, programme, general) on r.programme = m.programme
  where m.company_id = c.id
    and exists (select from arrangement_agency g where g.agency_id = $4 and g.arrangement = r.arrangement and g.since <= $7 and (g.until is null or g.until > $7))
    and exists (select from recognition_consent k where k.company_id = m.company_id and k.withdrawn_at is null and k.given_at <= $7 and (k.arrangement = r.arrangement or r.general and k.arrangement = '*')))
group by c.id, c.name, c.country order by max(x.rank) desc, c.id limit $9`

// Search looks for members by name, and records it like every check. It names at most five
// candidates, masked, and never a status: choosing one is a check of its own, with
// Question.Company. The same persons may as for Check.
func (s *Service) Search(ctx context.Context, by identity.Actor, q Question, country string) (Answer, error) {
	if err := partner(by); err != nil {
		return Answer{}, err
	}
	var c entry.Check
	c.Line("value", "at least three letters of the name", q.Value, 3, 200)
	if country != "" && len(country) != 2 {
		c.Add("country", "Choose a country from the list")
	}
	if err := c.Err(); err != nil {
		return Answer{}, err
	}
	q.Scheme, q.Company = ByName, uuid.Nil
	a, err := s.prepare(ctx, by, q)
	if err != nil {
		return Answer{}, err
	}
	var arrangements, programmes []string
	var general []bool
	for _, r := range a.rules {
		arrangements, programmes, general = append(arrangements, r.Arrangement), append(programmes, r.Programme), append(general, r.General)
	}
	name := entry.Clean(a.Value)
	like := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(name)
	var rows []Candidate
	err = s.DB.Batch(ctx, pg.System, pg.All(&rows, namesSQL, name, like+"%", "%"+like+"%", a.agency, arrangements, programmes, s.Now(), strings.ToUpper(country), mostCandidates, general))
	if err != nil {
		return Answer{}, fmt.Errorf("search by name: %w", err)
	}
	for i := range rows {
		rows[i].Name, rows[i].City = mask(rows[i].Name), mask(rows[i].City)
	}
	a.named, a.candidate = true, rows
	list, err := s.wait(ctx, []*ask{a})
	if err != nil {
		return Answer{}, err
	}
	return list[0], nil
}

// mask keeps the first letters of each word, so that somebody who has the name on a paper
// knows it again, and nobody learns it.
func mask(name string) string {
	words := strings.Fields(name)
	for i, w := range words {
		r := []rune(w)
		shown := 2
		if i == 0 {
			shown = 3
		}
		for k := min(shown, (len(r)+1)/2); k < len(r); k++ {
			if unicode.IsLetter(r[k]) || unicode.IsDigit(r[k]) {
				r[k] = '•'
			}
		}
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}

// Ask is what one field of a form means: an identifier, or a name. A name has letters, no
// digit, and more of them than a carrier's code.
func (s *Service) Ask(ctx context.Context, by identity.Actor, q Question, country string) (Answer, error) {
	if q.Company == uuid.Nil && q.Scheme == "" && looksLikeName(q.Value) || q.Scheme == ByName {
		return s.Search(ctx, by, q, country)
	}
	return s.Check(ctx, by, q)
}

func looksLikeName(value string) bool {
	return len([]rune(keyOf(value))) > 4 && !strings.ContainsFunc(value, unicode.IsDigit)
}
