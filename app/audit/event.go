package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Detail is one event with what it changed.
type Detail struct {
	Entry
	Email   string // of the person, as it is now
	For     string // the office or agency in whose name the person acted
	Changes []Change
	Named   map[string]string // who or what the ids among the values are, as far as it is known
}

// Change is one value before and after. Path leads to it from the outside in; it is
// empty when the event keeps a single value.
type Change struct {
	Path     []string
	Was, Is  string
	Had, Has bool // whether there was a value before, and is one after
}

const detailSQL = `, coalesce(w.email, '') as email, coalesce(wo.name, wg.name, '') as acting_for,
	case when ` + withheld + ` then null else e.before::text end as before, case when ` + withheld + ` then null else e.after::text end as after`

const actingSQL = ` left join person w on w.id = e.person_id
	left join person_right wr on wr.id = e.right_id
	left join office wo on wo.id = wr.office_id
	left join agency wg on wg.id = wr.agency_id`

// ofIDsSQL names what ids stand for; companies and their records only for those who may
// see them ($2).
const ofIDsSQL = `select id::text as id, name from person where id = any($1)
	union all select id::text, name from office where id = any($1)
	union all select id::text, name from agency where id = any($1)
	union all select r.id::text, p.name || ', ' || replace(r.role, '_', ' ') from person_right r join person p on p.id = r.person_id where r.id = any($1)
	union all select id::text, name from company where id = any($1) and $2
	union all select id::text, name from site where id = any($1) and $2
	union all select id::text, name from contact where id = any($1) and $2
	union all select id::text, reference from application where id = any($1) and $2
	union all select id::text, reference from change_notice where id = any($1) and $2
	union all select id::text, number from membership where id = any($1) and $2
	union all select i.id::text, c.name from plan_item i join company c on c.id = i.company_id where i.id = any($1) and $2
	union all select id::text, title from risk_assessment where id = any($1) and $2
	union all select id::text, reference from validation where id = any($1) and $2
	union all select id::text, place from visit where id = any($1) and $2`

type detailRow struct {
	Entry
	Email         string
	ActingFor     string
	Before, After *string
}

// Event reads one event with its values and notes who looked at it. The same persons
// may as List; what they do not see there is not there.
func (s *Service) Event(ctx context.Context, by identity.Actor, id int64) (d Detail, err error) {
	q, ok := sees(by)
	if !ok {
		return d, fault.Missing()
	}
	q.add("e.id = ?", id)
	var row detailRow
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&row, "select "+entrySQL+detailSQL+" from audit_event e"+namesSQL+actingSQL+q.where(), q.args...))
	if err != nil {
		return d, fmt.Errorf("read an audit event: %w", err)
	}
	d = Detail{Entry: row.Entry, Email: row.Email, For: row.ActingFor, Changes: difference(row.Before, row.After)}
	if d.Named, err = s.namesOf(ctx, by, d.Changes); err != nil {
		return Detail{}, err
	}
	look := Event{Action: "audit.read", Kind: "audit", After: map[string]any{"event": strconv.FormatInt(id, 10)}, Internal: true}
	if d.CompanyID != nil {
		look.Company = *d.CompanyID
	}
	if err := s.note(ctx, by, look); err != nil {
		return Detail{}, err
	}
	return d, nil
}

// namesOf finds who and what the ids among values are.
func (s *Service) namesOf(ctx context.Context, by identity.Actor, list []Change) (map[string]string, error) {
	var ids []uuid.UUID
	for _, c := range list {
		for _, v := range []string{c.Was, c.Is} {
			if id, err := uuid.Parse(v); err == nil && len(v) == 36 && !slices.Contains(ids, id) && len(ids) < mostNamed {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []struct{ ID, Name string }
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&rows, ofIDsSQL, ids, by.Role != identity.Administrator)); err != nil {
		return nil, fmt.Errorf("look up what an audit event names: %w", err)
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, nil
}

// difference pairs the values before and after, one row for each, in the order of
// their names. Values of values are told apart down to single ones.
func difference(before, after *string) (out []Change) {
	at := map[string]int{}
	put := func(path []string, value string, is bool) {
		key := strings.Join(path, "\x00")
		i, there := at[key]
		if !there {
			i = len(out)
			at[key] = i
			out = append(out, Change{Path: path})
		}
		if is {
			out[i].Is, out[i].Has = value, true
		} else {
			out[i].Was, out[i].Had = value, true
		}
	}
	for _, side := range []struct {
		doc *string
		is  bool
	}{{before, false}, {after, true}} {
		if side.doc == nil {
			continue
		}
		d := json.NewDecoder(strings.NewReader(*side.doc))
		d.UseNumber() // a number is shown as it was kept
		var v any
		if d.Decode(&v) == nil {
			spread(nil, v, func(path []string, value string) { put(path, value, side.is) })
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return slices.Compare(a.Path, b.Path) })
	return out
}

// spread walks a value of JSON down to single values and lists of them.
func spread(path []string, v any, put func([]string, string)) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for name, x := range v {
			spread(append(slices.Clone(path), name), x, put)
		}
	case []any:
		var texts []string
		for _, x := range v {
			switch x.(type) {
			case map[string]any, []any:
				for i, x := range v {
					spread(append(slices.Clone(path), strconv.Itoa(i+1)), x, put)
				}
				return
			}
			texts = append(texts, single(x))
		}
		if len(texts) > 0 {
			put(path, strings.Join(texts, ", "))
		}
	default:
		if text := single(v); text != "" {
			put(path, text)
		}
	}
}

// single is one value as text.
func single(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}
