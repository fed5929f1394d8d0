package plan

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// File is a table to open in a spreadsheet.
type File struct {
	Name string
	Body []byte
}

// MediaType of the files.
const MediaType = "text/csv; charset=utf-8"

// mostExported bounds a file; no administration of today has as many members.
const mostExported = 100_000

// table writes CSV as of RFC 4180 in UTF-8, with a byte order mark, without which
// spreadsheet programs misread accents.
func table(name string, rows [][]string) (File, error) {
	b := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(b)
	w.UseCRLF = true
	for _, row := range rows {
		for i := range row {
			row[i] = entry.Inert(row[i])
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return File{}, fmt.Errorf("write %s: %w", name, err)
	}
	return File{Name: name, Body: b.Bytes()}, nil
}

func dayText(d *clock.Day) string {
	if d == nil {
		return ""
	}
	return d.String()
}

func figure(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Export writes the lines of a plan that a filter shows, with what each factor adds. The
// agency's case readers may; it is noted that they did.
func (s *Service) Export(ctx context.Context, by identity.Actor, id uuid.UUID, f Filter) (File, error) {
	if err := reader(by); err != nil {
		return File{}, err
	}
	f = f.tidy()
	var head Head
	var rows []Row
	args, where := []any{id}, `where i.plan_id = $1 and `+conditions[f.Show]
	if f.Office != uuid.Nil {
		args = append(args, f.Office)
		where += fmt.Sprintf(" and i.office_id = $%d", len(args))
	}
	if f.Quarter > 0 {
		args = append(args, f.Quarter)
		where += fmt.Sprintf(" and i.quarter = $%d", len(args))
	}
	err := s.DB.Batch(ctx, by.Scope(), pg.One(&head, headSQL+` where p.id = $1`, id),
		pg.All(&rows, rowSQL+where+fmt.Sprintf(` order by i.score desc, i.id limit %d`, mostExported), args...),
		audit.LookAt(s.Now(), by, "plan.download", Kind, `(select id, null::uuid as company_id from validation_plan) x where x.id = $10`, id))
	if err != nil {
		return File{}, fmt.Errorf("read the plan: %w", err)
	}
	heads := []string{i18n.T(ctx, "Company"), i18n.T(ctx, "Membership"), i18n.T(ctx, "Kind of member"), i18n.T(ctx, "Office"), i18n.T(ctx, "Score"), i18n.T(ctx, "Due on"),
		i18n.T(ctx, "Proposed"), i18n.T(ctx, "Drawn by lot"), i18n.T(ctx, "Decision"), i18n.T(ctx, "Quarter"), i18n.T(ctx, "Reason"), i18n.T(ctx, "Validation")}
	for _, w := range head.Weights {
		heads = append(heads, i18n.T(ctx, "%s: value", i18n.T(ctx, w.Name)), i18n.T(ctx, "%s: points", i18n.T(ctx, w.Name)))
	}
	out := [][]string{heads}
	for _, r := range rows {
		quarter := ""
		if r.Quarter != nil {
			quarter = strconv.Itoa(*r.Quarter)
		}
		line := []string{r.Company, r.Number, r.EntityType, r.Office, figure(r.Score), dayText(r.DueOn), yes(ctx, r.Proposed), yes(ctx, r.Random),
			i18n.T(ctx, r.Said().Name()), quarter, r.Reason, r.Validation}
		for _, w := range head.Weights {
			p := r.Factors.of(w.Code)
			value := i18n.T(ctx, "no data")
			if p.Value != nil {
				value = figure(*p.Value)
			}
			line = append(line, value, figure(p.Points))
		}
		out = append(out, line)
	}
	return table(fmt.Sprintf("plan-%s-%d.csv", head.Programme, head.Year), out)
}

// of finds what a factor adds; a factor that the score was made without adds nothing.
func (p Points) of(code string) Point {
	for _, x := range p {
		if x.Code == code {
			return x
		}
	}
	return Point{Code: code}
}

func yes(ctx context.Context, is bool) string {
	if is {
		return i18n.T(ctx, "Yes")
	}
	return i18n.T(ctx, "No")
}

// DueCSV writes the members that a filter shows by the day of their next validation. The
// agency's case readers may; it is noted that they did.
func (s *Service) DueCSV(ctx context.Context, by identity.Actor, f DueFilter) (File, error) {
	if err := reader(by); err != nil {
		return File{}, err
	}
	now := s.Now()
	var rows []Member
	err := s.DB.Batch(ctx, by.Scope(), pg.All(&rows, dueSQL+memberSQL("", "", f.where(), fmt.Sprintf("limit %d", mostExported)), s.dueArgs(f)...))
	if err == nil {
		err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			return audit.Record(ctx, tx, now, by, audit.Event{Action: "plan.download_due", Kind: Kind, Internal: true, After: map[string]any{"programme": f.Programme, "members": len(rows)}})
		})
	}
	if err != nil {
		return File{}, fmt.Errorf("list members by their day: %w", err)
	}
	out := [][]string{{i18n.T(ctx, "Company"), i18n.T(ctx, "Membership"), i18n.T(ctx, "Programme"), i18n.T(ctx, "Kind of member"), i18n.T(ctx, "Office"), i18n.T(ctx, "Certified on"),
		i18n.T(ctx, "Due on"), i18n.T(ctx, "What is due"), i18n.T(ctx, "Days left"), i18n.T(ctx, "Plan"), i18n.T(ctx, "Decision"), i18n.T(ctx, "Open validation")}}
	for _, r := range rows {
		left, year, said := "", "", ""
		if r.DaysLeft != nil {
			left = strconv.Itoa(*r.DaysLeft)
		}
		if r.Year != nil {
			year, said = strconv.Itoa(*r.Year), i18n.T(ctx, r.Said().Name())
		}
		out = append(out, []string{r.Company, r.Number, r.Programme, r.EntityType, r.Office, r.CertifiedOn.String(), dayText(r.DueOn), i18n.T(ctx, r.Name), left, year, said, r.Validation})
	}
	return table("members-due-"+clock.DayOf(now, by.Zone).String()+".csv", out)
}

// Said is the decision in the newest plan, Undecided while there is none.
func (m Member) Said() Decision {
	if m.Decision == nil {
		return Undecided
	}
	return *m.Decision
}

// placeHeads and placeLine are the columns of files about places.
func placeHeads(ctx context.Context) []string {
	return []string{i18n.T(ctx, "Kind"), i18n.T(ctx, "Company"), i18n.T(ctx, "Reference"), i18n.T(ctx, "Site"), i18n.T(ctx, "City"), i18n.T(ctx, "Country"),
		i18n.T(ctx, "Latitude"), i18n.T(ctx, "Longitude"), i18n.T(ctx, "Day"), i18n.T(ctx, "Booked"), i18n.T(ctx, "Office")}
}

func placeLine(ctx context.Context, p Place) []string {
	lat, lon := "", ""
	if at, ok := p.At(); ok {
		lat, lon = figure(at.Lat), figure(at.Lon)
	}
	return []string{i18n.T(ctx, p.Kind.Name()), p.Company, p.Reference, p.Name, p.City, p.Country, lat, lon, dayText(p.On), yes(ctx, p.Booked), p.Office}
}

// Name is the kind of a place for a person to read (English source text).
func (k PlaceKind) Name() string { return map[PlaceKind]string{Visit: "Visit", Need: "Need"}[k] }

// CSV is the map as a file.
func (m Map) CSV(ctx context.Context) (File, error) {
	out := [][]string{placeHeads(ctx)}
	for _, p := range m.Places {
		out = append(out, placeLine(ctx, p))
	}
	return table("visits-until-"+m.Until.String()+".csv", out)
}

// CSV is the journey as a file.
func (t Trip) CSV(ctx context.Context) (File, error) {
	out := [][]string{append([]string{i18n.T(ctx, "Stop"), i18n.T(ctx, "Kilometres"), i18n.T(ctx, "Minutes of travel"), i18n.T(ctx, "Days of travel"), i18n.T(ctx, "First day"), i18n.T(ctx, "Days of visits")}, placeHeads(ctx)...)}
	for i, l := range t.Legs {
		out = append(out, append([]string{strconv.Itoa(i + 1), figure(float64(int(l.Km + 0.5))), strconv.Itoa(l.Minutes), strconv.Itoa(l.TravelDays), strconv.Itoa(l.FirstDay), strconv.Itoa(l.Days)}, placeLine(ctx, l.Place)...))
	}
	return table("trip.csv", out)
}
