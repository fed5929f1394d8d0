package partnerapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
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

const fileColumns = `arrangement, day, kind, count, sha256, made_at`

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

// File reads a daily file. An arrangement is needed when there are several. Scope feed:read.
func (s *Service) File(ctx context.Context, c Caller, date, arrangement, what string) (w Whole, err error) {
	var k entry.Check
	day, err := clock.ParseDay(date)
	if err != nil {
		k.Add("date", "Enter the day as YYYY-MM-DD")
	}
	k.OneOf("kind", "full or delta", what, "full", "delta")
	if arrangement == "" {
		under := c.Under(FeedRead)
		if len(under) != 1 {
			k.Add("arrangement", "Name the arrangement, for you have several")
		} else {
			arrangement = under[0]
		}
	} else if !c.May(FeedRead, arrangement) {
		k.Add("arrangement", "Choose an arrangement under which you may read the feed")
	}
	if err := k.Err(); err != nil {
		return w, err
	}
	err = s.DB.Batch(ctx, pg.System, pg.One(&w, `select `+fileColumns+`, body from api_file f where agency_id = $1 and arrangement = $2 and day = $3 and kind = $4`+fresh, c.Actor.AgencyID, arrangement, day, what))
	return w, err
}

// fileLines are the members that a partner may see: of the arrangement's home programme, with a
// live consent. $1 day, $2 programmes, $3 what the consent to each is kept under.
const fileLines = `select m.number, y.name, y.country, m.entity_type,
	coalesce((select jsonb_agg(jsonb_build_object('type', s.type, 'state', s.state, 'tier', s.tier, 'since', lower(s.valid)) order by s.type)
		from standing s where s.membership_id = m.id and upper_inf(s.known) and s.valid @> ?::date), '[]')::text as parts
	from membership m join unnest(?::text[], ?::text[]) h(programme, consent) on h.programme = m.programme join company y on y.id = m.company_id
	where exists (select from recognition_consent k where k.company_id = m.company_id and k.withdrawn_at is null and k.arrangement = h.consent)
	order by m.number`

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
// in which somebody stands who has withdrawn since. Homes says whose members an arrangement is
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
	if err := db.Exec(stale, p.AgencyID, p.Arrangement, day.AddDays(-keptDays)).Error; err != nil {
		return false, fmt.Errorf("remove old files: %w", err)
	}
	var last []struct {
		Day  clock.Day
		Body string
	}
	if err := db.Raw(`select day, body from api_file where agency_id = ? and arrangement = ? and kind = 'full' order by day desc limit 1`, p.AgencyID, p.Arrangement).Scan(&last).Error; err != nil {
		return false, err
	}
	if len(last) > 0 && !last[0].Day.Before(day) {
		return false, nil
	}
	lines, err := readLines(ctx, tx, day, home)
	if err != nil {
		return false, err
	}
	full, err := write(lines)
	if err != nil {
		return false, err
	}
	if err := keepFile(ctx, tx, p, day, "full", len(lines), full, now); err != nil || len(last) == 0 {
		return err == nil, err
	}
	changes, err := between(last[0].Body, lines)
	if err != nil {
		return false, err
	}
	delta, err := write(changes)
	if err != nil {
		return false, err
	}
	return true, keepFile(ctx, tx, p, day, "delta", len(changes), delta, now)
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

func keepFile(ctx context.Context, tx pg.Tx, p partnership, day clock.Day, what string, count int, text string, now time.Time) error {
	err := tx.WithContext(ctx).Exec(`insert into api_file (id, arrangement, agency_id, day, kind, count, sha256, body, made_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (agency_id, arrangement, day, kind) do update set count = excluded.count, sha256 = excluded.sha256, body = excluded.body, made_at = excluded.made_at`,
		pg.NewID(), p.Arrangement, p.AgencyID, day, what, count, canon.Hash([]byte(text)), text, now).Error
	if err != nil {
		return fmt.Errorf("keep the file: %w", err)
	}
	return nil
}

// between lists what leads from the file before to the lines of now.
func between(before string, lines []Line) (out []Change, err error) {
	was := map[string]string{}
	for text := range strings.Lines(before) {
		var l Line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return nil, fmt.Errorf("read the file before: %w", err)
		}
		was[l.Number] = strings.TrimSuffix(text, "\n")
	}
	for _, l := range lines {
		text, err := canon.JSON(l)
		if err != nil {
			return nil, err
		}
		if was[l.Number] != string(text) {
			out = append(out, Change{Do: "put", Number: l.Number, Line: &l})
		}
		delete(was, l.Number)
	}
	for _, number := range slices.Sorted(maps.Keys(was)) {
		out = append(out, Change{Do: "remove", Number: number})
	}
	return out, nil
}
