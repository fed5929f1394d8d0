package main

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"trustedtrader/app/scale"
)

// written reads every row of a company: table, id, row.
func written(ctx context.Context, conn *pgx.Conn, company string) (map[string]map[string]json.RawMessage, error) {
	rows, err := conn.Query(ctx, `select c.relname from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
		and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped) order by 1`)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]json.RawMessage{}
	for _, t := range tables {
		rows, err := conn.Query(ctx, `select md5(to_jsonb(t)::text), to_jsonb(t) from `+t+` t where company_id = $1`, company)
		if err != nil {
			return nil, err
		}
		out[t] = map[string]json.RawMessage{}
		var id string
		var row json.RawMessage
		if _, err := pgx.ForEachRow(rows, []any{&id, &row}, func() error {
			out[t][id] = slices.Clone(row)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// statements writes the rows that came, one by one; a row that changed is an update of its table.
func statements(old, now map[string]map[string]json.RawMessage) (out []statement) {
	for table, rows := range now {
		for id, row := range rows {
			if _, ok := old[table][id]; ok {
				continue
			}
			sql := `insert into ` + table + ` select * from jsonb_populate_record(null::` + table + `, $1)`
			switch table {
			case "application":
				sql = `update application set version = version + 1 where id = ($1::jsonb->>'id')::uuid`
			case "audit_event": // numbers and stamps its rows itself
				sql = `insert into audit_event (at, person_id, actor, audience, role, action, subject_kind, subject_id, company_id, before, after, reason, request_id, internal)
					select at, person_id, actor, audience, role, action, subject_kind, subject_id, company_id, before, after, reason, request_id, internal
					from jsonb_populate_record(null::audit_event, $1)`
			}
			out = append(out, statement{sql, row})
		}
	}
	return out
}

// fresh gives the rows new ids, those of the application and of its company excepted.
func fresh(list []statement, turn int) (out []statement) {
	for _, s := range list {
		var row map[string]any
		if json.Unmarshal(s.Arg, &row) != nil {
			continue
		}
		if id, ok := row["id"].(string); ok && !strings.HasPrefix(s.SQL, "update") {
			row["id"] = scale.CopyOf(id, 1_000_000+turn)
		}
		// What may be there only once is written for a round of its own.
		if _, ok := row["round"]; ok {
			row["round"] = 1000 + turn
		}
		for _, k := range []string{"code", "part"} {
			if v, ok := row[k].(string); ok && uuid.Validate(v) != nil { // a part of a clock's record is an id
				row[k] = v + "-" + strconv.Itoa(turn)
			}
		}
		if arg, err := json.Marshal(row); err == nil {
			out = append(out, statement{s.SQL, arg})
		}
	}
	return out
}
