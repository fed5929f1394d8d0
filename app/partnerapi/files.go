package partnerapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// keptDays is how long files are kept.
const keptDays = 35

// File says what a daily file holds.
type File struct {
	Arrangement string    `json:"arrangement"`
	Day         clock.Day `json:"day"`
	Kind        string    `json:"kind"` // full or delta
	Count       int       `json:"count"`
	SHA256      string    `json:"sha256"`
	MadeAt      time.Time `json:"made_at"`
	Previous    string    `json:"previous_sha256,omitempty"` // of the whole list before, or that a delta starts from
	Result      string    `json:"result_sha256,omitempty"`   // of the whole list that a delta leads to
}

// Whole is a file with its lines.
type Whole struct {
	File
	Body string
}

// Line is one membership in a file. Days are civil at headquarters.
type Line struct {
	Number     string `json:"number"`
	Name       string `json:"name"`
	Country    string `json:"country"`
	EntityType string `json:"entity_type"`
	Parts      []Part `json:"parts"`
}

// Part is one type of a membership on the day of the file.
type Part struct {
	Type  string `json:"type"`
	State string `json:"state"`
	Tier  string `json:"tier"`
	Since string `json:"since"`
}

// Change is a line of a delta: what was added or changed whole, what is gone by its number.
type Change struct {
	Do     string `json:"do"` // put or remove
	Number string `json:"number"`
	Line   *Line  `json:"line,omitempty"`
}

const fileColumns = `arrangement, day, kind, count, sha256, made_at, previous, result`

// fresh are files without anybody who has withdrawn since: what a member took back is not
// handed out again.
const fresh = ` and not exists (select from recognition_consent k where k.withdrawn_at >= f.made_at and k.arrangement in ('*', f.arrangement))`

// Files lists the files that a client may fetch, the newest first. Scope feed:read.
func (s *Service) Files(ctx context.Context, c Caller) (list []File, err error) {
	list = []File{}
	err = s.DB.Batch(ctx, pg.System, pg.All(&list, `select `+fileColumns+` from api_file f where agency_id = $1 and arrangement = any($2)`+fresh+` order by day desc, arrangement, kind limit 500`,
		c.Actor.AgencyID, c.Under(FeedRead)))
	if err != nil {
		return nil, fmt.Errorf("list the files: %w", err)
	}
	return list, nil
}

// FileQuestion says which daily file is asked for.
type FileQuestion struct {
	Date        string
	Arrangement string // needed when there are several
	Kind        string // full or delta
	Since       string // of a delta: SHA-256 of the whole list that the client holds; empty: the last one of a day before
}

// File reads a daily file. Scope feed:read. NotFound: there is none of that day, or the portal
// does not know the list that the client holds any more; it fetches the whole list then.
func (s *Service) File(ctx context.Context, c Caller, q FileQuestion) (w Whole, err error) {
	var k entry.Check
	day, err := clock.ParseDay(q.Date)
	if err != nil {
		k.Add("date", "Enter the day as YYYY-MM-DD")
	}
	k.OneOf("kind", "full or delta", q.Kind, "full", "delta")
	if q.Since != "" && (q.Kind != "delta" || !sha256Form.MatchString(q.Since)) {
		k.Add("since", "Use the SHA-256 of a whole list, in 64 lower-case hexadecimal digits, and with kind=delta alone")
	}
	if q.Arrangement == "" {
		under := c.Under(FeedRead)
		if len(under) != 1 {
			k.Add("arrangement", "Name the arrangement, for you have several")
		} else {
			q.Arrangement = under[0]
		}
	} else if !c.May(FeedRead, q.Arrangement) {
		k.Add("arrangement", "Choose an arrangement under which you may read the feed")
	}
	if err := k.Err(); err != nil {
		return w, err
	}
	kind := q.Kind
	if q.Since != "" {
		kind = "full"
	}
	var held []struct{ Lines string }
	err = s.DB.Batch(ctx, pg.System, pg.One(&w, `select `+fileColumns+`, body from api_file f where agency_id = $1 and arrangement = $2 and day = $3 and kind = $4`+fresh, c.Actor.AgencyID, q.Arrangement, day, kind),
		pg.All(&held, `select lines from api_file_state where agency_id = $1 and arrangement = $2 and sha256 = $3 limit 1`, c.Actor.AgencyID, q.Arrangement, q.Since))
	if err != nil || q.Since == "" {
		return w, err
	}
	if len(held) == 0 {
		return w, fault.Missing()
	}
	return since(w, q.Since, held[0].Lines)
}

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

// since makes the delta that leads from a list that was published to a whole list of today.
func since(full Whole, previous, state string) (w Whole, err error) {
	var lines []Line
	for text := range strings.Lines(full.Body) {
		var l Line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return w, fmt.Errorf("read the whole list: %w", err)
		}
		lines = append(lines, l)
	}
	changes, err := between(state, lines)
	if err != nil {
		return w, err
	}
	if w.Body, err = write(changes); err != nil {
		return w, err
	}
	w.File = File{Arrangement: full.Arrangement, Day: full.Day, Kind: "delta", Count: len(changes), SHA256: canon.Hash([]byte(w.Body)), MadeAt: full.MadeAt, Previous: previous, Result: full.SHA256}
	return w, nil
}

// fileLines are the members that a partner may see: of the arrangement's home programme, with a
// live consent. $1 day, $2 programmes, $3 what the consent to each is kept under.
const fileLines = `select m.number, y.name, y.country, m.entity_type,
	coalesce((select jsonb_agg(jsonb_build_object('type', s.type, 'state', s.state, 'tier', s.tier, 'since', lower(s.valid)) order by s.type)
		from standing s where s.membership_id = m.id and upper_inf(s.known) and s.valid @> ?::date), '[]')::text as parts
	from membership m join unnest(?::text[], ?::text[]) h(programme, consent) on h.programme = m.programme join company y on y.id = m.company_id
	where exists (select from recognition_consent k where k.company_id = m.company_id and k.withdrawn_at is null and k.arrangement = h.consent)
	order by m.number collate "C"`

// Partnership is an agency that is the partner of an arrangement, with the home programmes of
// which members are shown.
type partnership struct {
	Arrangement string
	AgencyID    uuid.UUID
}

// Home is a programme of ours that takes part in an arrangement.
type Home struct {
	Programme string
	Consent   string // what the consent of its members is kept under: a general one counts only where consent is general
}

// MakeFiles makes the files of today for each partner that has none yet, and makes those anew
// in which somebody stands who has withdrawn since. A delta leads from the last whole list of a
// day before, so one that is made anew has again everything that changed since then. Homes says whose members an arrangement is
// about. Any number of portals may call it at once. The portal itself; no person calls it.
func (s *Service) MakeFiles(ctx context.Context, homes func(arrangement string) []Home) (made int, err error) {
	by := identity.ClockActor("partner_files")
	var list []partnership
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&list, `select arrangement, agency_id from arrangement_agency where until is null order by arrangement, agency_id limit 1000`)); err != nil {
		return 0, fmt.Errorf("list the partners: %w", err)
	}
	for _, p := range list {
		home := homes(p.Arrangement)
		if len(home) == 0 {
			continue
		}
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			done, err := s.makeFile(ctx, tx, p, home)
			if done {
				made++
			}
			return err
		})
		if err != nil {
			return made, fmt.Errorf("make the files of %s: %w", p.Arrangement, err)
		}
	}
	return made, nil
}

func (s *Service) makeFile(ctx context.Context, tx pg.Tx, p partnership, home []Home) (bool, error) {
	now := s.Now()
	db := tx.WithContext(ctx)
	if err := db.Exec(`select pg_advisory_xact_lock(hashtext(?))`, "partner_file "+p.Arrangement+" "+p.AgencyID.String()).Error; err != nil {
		return false, err
	}
	var zone string
	if err := db.Raw(`select zone from office where parent_id is null order by created_at, id limit 1`).Scan(&zone).Error; err != nil || zone == "" {
		return false, err // nothing is set up yet
	}
	at, err := time.LoadLocation(zone)
	if err != nil {
		return false, fmt.Errorf("read the zone of headquarters: %w", err)
	}
	day := clock.DayOf(now, at)
	stale := `delete from api_file f where agency_id = ? and arrangement = ? and (day < ? or not (true` + fresh + `))`
	old := day.AddDays(-keptDays)
	if err := db.Exec(stale, p.AgencyID, p.Arrangement, old).Error; err != nil {
		return false, fmt.Errorf("remove old files: %w", err)
	}
	var there bool
	if err := db.Raw(`select exists (select from api_file where agency_id = ? and arrangement = ? and kind = 'full' and day >= ?)`, p.AgencyID, p.Arrangement, day).Scan(&there).Error; err != nil || there {
		return false, err
	}
	return true, s.publish(ctx, tx, p, day, home, now)
}

// published is a whole list that partners may hold.
type published struct {
	SHA256 string `gorm:"column:sha256"`
	Day    clock.Day
	Lines  string
}

// before finds the list that was published last, and the last one of a day before. Lists that
// were published longer ago than files are kept are forgotten, but for that one.
func before(ctx context.Context, tx pg.Tx, p partnership, day clock.Day) (last, base *published, err error) {
	find := func(until clock.Day) (*published, error) {
		var list []published
		err := tx.WithContext(ctx).Raw(`select sha256, day, lines from api_file_state where agency_id = ? and arrangement = ? and day <= ? order by made_at desc limit 1`, p.AgencyID, p.Arrangement, until).Scan(&list).Error
		if err != nil || len(list) == 0 {
			return nil, err
		}
		return &list[0], nil
	}
	if last, err = find(day); err != nil {
		return nil, nil, fmt.Errorf("find the list before: %w", err)
	}
	if base, err = find(day.AddDays(-1)); err != nil {
		return nil, nil, fmt.Errorf("find the list before: %w", err)
	}
	if base != nil {
		err = tx.WithContext(ctx).Exec(`delete from api_file_state where agency_id = ? and arrangement = ? and day < ? and day <> ?`, p.AgencyID, p.Arrangement, day.AddDays(-keptDays), base.Day).Error
	}
	return last, base, err
}

// publish makes the whole list of a day and its delta.
func (s *Service) publish(ctx context.Context, tx pg.Tx, p partnership, day clock.Day, home []Home, now time.Time) error {
	last, base, err := before(ctx, tx, p, day)
	if err != nil {
		return err
	}
	lines, err := readLines(ctx, tx, day, home)
	if err != nil {
		return err
	}
	full := File{Arrangement: p.Arrangement, Day: day, Kind: "full", Count: len(lines), MadeAt: now}
	if last != nil {
		full.Previous = last.SHA256
	}
	text, err := write(lines)
	if err != nil {
		return err
	}
	full.SHA256 = canon.Hash([]byte(text))
	if err := keepFile(ctx, tx, p, full, text); err != nil {
		return err
	}
	err = tx.WithContext(ctx).Exec(`insert into api_file_state (agency_id, arrangement, sha256, day, made_at, lines) values (?, ?, ?, ?, ?, ?)
		on conflict (agency_id, arrangement, sha256, day) do update set made_at = excluded.made_at`, p.AgencyID, p.Arrangement, full.SHA256, day, now, state(text)).Error
	if err != nil {
		return fmt.Errorf("keep the state of the list: %w", err)
	}
	if base == nil {
		return nil
	}
	delta, err := since(Whole{File: full, Body: text}, base.SHA256, base.Lines)
	if err != nil {
		return err
	}
	return keepFile(ctx, tx, p, delta.File, delta.Body)
}

func readLines(ctx context.Context, tx pg.Tx, day clock.Day, home []Home) (out []Line, err error) {
	var programmes, consents pg.Strings
	for _, h := range home {
		programmes, consents = append(programmes, h.Programme), append(consents, h.Consent)
	}
	var rows []struct {
		Number, Name, Country, EntityType string
		Parts                             string
	}
	if err := tx.WithContext(ctx).Raw(fileLines, day, programmes, consents).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the members: %w", err)
	}
	for _, r := range rows {
		l := Line{Number: r.Number, Name: r.Name, Country: r.Country, EntityType: r.EntityType}
		if err := json.Unmarshal([]byte(r.Parts), &l.Parts); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

func write[T any](list []T) (string, error) {
	var b bytes.Buffer
	for _, l := range list {
		text, err := canon.JSON(l)
		if err != nil {
			return "", err
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.String(), nil
}

func keepFile(ctx context.Context, tx pg.Tx, p partnership, f File, text string) error {
	err := tx.WithContext(ctx).Exec(`insert into api_file (id, arrangement, agency_id, day, kind, count, sha256, body, made_at, previous, result) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (agency_id, arrangement, day, kind) do update set count = excluded.count, sha256 = excluded.sha256, body = excluded.body, made_at = excluded.made_at, previous = excluded.previous, result = excluded.result`,
		pg.NewID(), p.Arrangement, p.AgencyID, f.Day, f.Kind, f.Count, f.SHA256, text, f.MadeAt, f.Previous, f.Result).Error
	if err != nil {
		return fmt.Errorf("keep the file: %w", err)
	}
	return nil
}

// state is what stays of a whole list: the number and the hash of each line.
func state(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		var l struct{ Number string }
		if json.Unmarshal([]byte(line), &l) == nil { // it was written a moment ago
			b.WriteString(l.Number + "\t" + canon.Hash([]byte(line)) + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// between lists what leads from a list that was published, by its state, to the lines of now.
func between(state string, lines []Line) (out []Change, err error) {
	was := map[string]string{}
	for text := range strings.SplitSeq(state, "\n") {
		if number, hash, ok := strings.Cut(text, "\t"); ok {
			was[number] = hash
		}
	}
	for _, l := range lines {
		text, err := canon.JSON(l)
		if err != nil {
			return nil, err
		}
		if was[l.Number] != canon.Hash(text) {
			out = append(out, Change{Do: "put", Number: l.Number, Line: &l})
		}
		delete(was, l.Number)
	}
	for _, number := range slices.Sorted(maps.Keys(was)) {
		out = append(out, Change{Do: "remove", Number: number})
	}
	return out, nil
}
