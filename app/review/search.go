package review

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"trustedtrader/app/company"
	"trustedtrader/app/entry"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Hit is one thing that a search found.
type Hit struct {
	Kind      string // application, company, change_notice, membership
	ID        uuid.UUID
	CompanyID uuid.UUID
	Company   string
	Country   string
	Office    string
	Why       string // reference, number, identifier, name, trade_name, email
	Scheme    string // of an identifier
	Match     string // what matched: the reference, the number (masked when it is about a person), the name
	Status    string // of a record
	Rank      float64
}

// MostHits is how much a search shows.
const MostHits = 50

// Found is the answer of a search.
type Found struct {
	Query string
	Hits  []Hit
	More  bool // there is more than is shown: the query should say more
}

// What a search compares: $1 a reference or its beginning, upper case; $2 a name or
// address as written, $3 the beginning and $4 a part of a name; $5 the beginning of a
// number's letters and digits, $6 all of them, $7 its sealed forms; $8 how many are
// wanted. Beginnings are compared by operators that row level security lets use an
// index; LIKE is none of them.
const (
	referenceHits = `select 'application' as kind, a.id, a.company_id, 'reference' as why, '' as scheme, a.reference as match, a.status,
  case when a.reference = $1 then 100 else 90 end::float8 as rank
from application a where a.submitted_at is not null and a.reference ~>=~ $1 and a.reference ~<~ ($1 || U&'\+10FFFF')
union all select 'change_notice', n.id, n.company_id, 'reference', '', n.reference, n.status, case when n.reference = $1 then 100 else 90 end
from change_notice n where n.sent_at is not null and n.reference ~>=~ $1 and n.reference ~<~ ($1 || U&'\+10FFFF')
union all select 'membership', m.id, m.company_id, 'number', '', m.number, m.status, case when m.number = $1 then 100 else 90 end
from membership m where m.number ~>=~ $1 and m.number ~<~ ($1 || U&'\+10FFFF')`

	identifierHits = `select 'company' as kind, i.company_id as id, i.company_id, 'identifier' as why, i.scheme, i.value as match, '' as status,
  case when i.search_key = $6 then 95 else 80 end::float8 as rank
from company_identifier i where i.removed_at is null and i.search_key ~>=~ $5 and i.search_key ~<~ ($5 || U&'\+10FFFF') and $5 <> ''
union all select 'company', i.company_id, i.company_id, 'identifier', i.scheme, i.value, '', 95
from company_identifier i where i.removed_at is null and i.value = any($7::text[])`

	nameHits = `select 'company' as kind, n.company_id as id, n.company_id, n.kind as why, '' as scheme, n.name as match, '' as status, n.rank
from company_names_like($2, $3, $4, $8) n`

	emailHits = `select 'company' as kind, k.company_id as id, k.company_id, 'email' as why, '' as scheme, k.email as match, '' as status, 85::float8 as rank
from contact k where position('@' in $2) > 0 and k.removed_at is null and lower(k.email) = lower($2)`
)

// searchSQL asks each way for its best hits, in one statement. A record that several ways
// find is shown once, so the best of all are taken twice over.
var searchSQL = func() string {
	ways := []string{referenceHits, identifierHits, nameHits, emailHits}
	for i, sql := range ways {
		ways[i] = fmt.Sprintf(`(select %d as place, h.* from (%s) h order by h.rank desc, h.match, h.id limit %d)`, i, sql, MostHits+1)
	}
	return `select h.kind, h.id, h.company_id, c.name as company, c.country, o.name as office, h.why, h.scheme, h.match, h.status, h.rank
		from (select * from (` + strings.Join(ways, " union all ") + `) every order by rank desc, place, match, id limit ` + fmt.Sprint(2*MostHits) + `) h
		join company c on c.id = h.company_id join office o on o.id = c.office_id order by h.rank desc, h.place, h.match, h.id`
}()

// Search finds cases, notices, memberships and companies by reference, number,
// identifier (from its beginning), name (also misspelt or without accents) or a
// contact's e-mail address. The agency's case readers may, and each search is an audit
// event. Invalid: too short or too long.
func (s *Service) Search(ctx context.Context, by identity.Actor, q string) (f Found, err error) {
	if err := reader(by); err != nil {
		return f, err
	}
	var check entry.Check
	q = check.Line("q", "what you look for", strings.Join(strings.Fields(q), " "), 2, 100)
	f.Query = q
	if err := check.Err(); err != nil {
		return f, err
	}
	sealed := []string{}
	if s.Companies != nil {
		forms, err := s.Companies.SealedForms(q)
		if err != nil {
			return f, fmt.Errorf("search: %w", err)
		}
		sealed = append(sealed, forms...)
	}
	said := q
	if len(sealed) > 0 {
		said = masked(q)
	}
	whole, key := strings.ToUpper(q), identifier.Key(q)
	begins := key
	if utf8.RuneCountInString(key) < 2 {
		begins = "" // one sign is the beginning of too many numbers
	}
	if err := s.DB.Batch(ctx, by.Scope(), searchEvent(s.Now(), by, said), pg.PlanOnce(),
		pg.All(&f.Hits, searchSQL, whole, q, like(q)+"%", "%"+like(q)+"%", begins, key, sealed, MostHits+1)); err != nil {
		return f, fmt.Errorf("search: %w", err)
	}
	f.Hits = once(f.Hits)
	if f.More = len(f.Hits) > MostHits; f.More {
		f.Hits = f.Hits[:MostHits]
	}
	for i, h := range f.Hits {
		if h.Why == "identifier" {
			f.Hits[i].Match = company.Shown(h.Scheme, h.Match)
		}
	}
	return f, nil
}

// once keeps the best hit of each record.
func once(list []Hit) []Hit {
	seen := map[uuid.UUID]bool{}
	return slices.DeleteFunc(list, func(h Hit) bool {
		before := seen[h.ID]
		seen[h.ID] = true
		return before
	})
}

// masked hides a text that may be a person's number, for the trail keeps it for ever:
// its last four characters stay.
func masked(q string) string {
	r := []rune(q)
	n := max(0, len(r)-4)
	return strings.Repeat("•", n) + string(r[n:])
}

// searchEvent keeps who looked for what: names and numbers are confidential.
func searchEvent(now time.Time, by identity.Actor, q string) pg.Query {
	var one []struct{ Done int }
	return pg.All(&one, `insert into audit_event (at, person_id, actor, audience, role, right_id, action, subject_kind, after, request_id, internal)
		values ($1, $2, $3, $4, $5, $6, 'company.search', 'search', jsonb_build_object('query', $7::text), $8, true) returning 1 as done`,
		now, by.PersonID, by.Name, string(by.Audience), string(by.Role), by.RightID, q, by.RequestID)
}

// like makes a text that LIKE takes literally.
func like(s string) string { return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) }
