// Package singlewindow is the daily file of memberships for the customs system: one line of
// canonical JSON for each membership, and a manifest with its count, its hash, the hash of the
// file before it and a signature, so that the receiver notices what is missing or changed.
//
// Who may: the portal makes the files. Headquarters and auditors read and download them;
// others have no page of them.
package singlewindow

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Format names the form of the files.
const Format = "single-window/1"

// Service makes and reads the files.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Programmes *programme.Register
	Key        ed25519.PrivateKey
}

// Readers may read the files.
func Readers() []identity.Role { return []identity.Role{identity.Headquarters, identity.Auditor} }

// Line is one membership in a file. Days are civil at headquarters.
type Line struct {
	Number      string       `json:"number"`
	Company     string       `json:"company"`
	Country     string       `json:"country"`
	EntityType  string       `json:"entity_type"`
	Status      string       `json:"status"` // active, suspended, ended, annulled; pending: it has not begun
	Parts       []Part       `json:"parts"`
	EffectiveOn string       `json:"effective_on"`
	Identifiers []Identifier `json:"identifiers"` // those that take part, where the company chose among them
}

// Part is one type of a membership on the day of the file.
type Part struct {
	Type  string `json:"type"`
	State string `json:"state"`
	Tier  string `json:"tier"`
	Since string `json:"since"`
}

// Identifier is a number of the company by which the customs system knows it. Numbers that say
// something about a person are left out.
type Identifier struct {
	Scheme string `json:"scheme"`
	Value  string `json:"value"`
}

// Manifest says what a file holds. Its signature is over its canonical JSON without itself.
type Manifest struct {
	Format    string    `json:"format"`
	Programme string    `json:"programme"`
	Edition   string    `json:"edition"` // of the programme
	Day       string    `json:"day"`
	AsOf      time.Time `json:"as_of"`
	Count     int       `json:"count"`
	Added     int       `json:"added"` // since the file before
	Changed   int       `json:"changed"`
	Removed   int       `json:"removed"`
	SHA256    string    `json:"sha256"`
	Previous  string    `json:"previous_sha256"` // of the file before; empty: this is the first
	PublicKey string    `json:"public_key"`      // base64
	Signature string    `json:"signature,omitempty"`
}

// signed is what the signature covers.
func (m Manifest) signed() ([]byte, error) {
	m.Signature = ""
	return canon.JSON(m)
}

// PublicKey is the key with which anybody can verify the files, in base64.
func PublicKey(key ed25519.PrivateKey) string {
	public, _ := key.Public().(ed25519.PublicKey) // an ed25519 key has no other
	return base64.StdEncoding.EncodeToString(public)
}

// Verify checks a file against its manifest: hash, count, lines in canonical form, and the
// signature. Key is the public key that the receiver trusts, in base64.
func Verify(file, manifest []byte, key string) (m Manifest, err error) {
	d := json.NewDecoder(bytes.NewReader(manifest))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("read the manifest: %w", err)
	}
	if m.Format != Format {
		return m, fmt.Errorf("the manifest is of the form %q, not %q", m.Format, Format)
	}
	public, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return m, fmt.Errorf("the key is not a public key of %d bytes in base64", ed25519.PublicKeySize)
	}
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil {
		return m, fmt.Errorf("read the signature: %w", err)
	}
	text, err := m.signed()
	if err != nil {
		return m, err
	}
	if !ed25519.Verify(public, text, signature) {
		return m, fmt.Errorf("the signature is not of this manifest and this key")
	}
	if got := canon.Hash(file); got != m.SHA256 {
		return m, fmt.Errorf("the file's SHA-256 is %s, the manifest says %s", got, m.SHA256)
	}
	if n := bytes.Count(file, []byte("\n")); n != m.Count {
		return m, fmt.Errorf("the file has %d lines, the manifest says %d", n, m.Count)
	}
	return m, nil
}

const linesSQL = `select m.number, y.name as company, y.country, m.entity_type, m.effective_on,
	coalesce((select jsonb_agg(jsonb_build_object('type', s.type, 'state', s.state, 'tier', s.tier, 'since', lower(s.valid)) order by s.type)
		from standing s where s.membership_id = m.id and upper_inf(s.known) and s.valid @> ?::date), '[]')::text as parts,
	coalesce((select jsonb_agg(jsonb_build_object('scheme', i.scheme, 'value', i.value) order by i.scheme, i.value)
		from company_identifier i where i.company_id = m.company_id and i.removed_at is null and i.search_key <> ''
		and (n.application_id is null or exists (select from application_identifier x where x.application_id = m.application_id and x.identifier_id = i.id))), '[]')::text as identifiers
	from membership m join company y on y.id = m.company_id left join (select distinct application_id from application_identifier) n on n.application_id = m.application_id
	where m.programme = ? order by m.number`

type lineRow struct {
	Number, Company, Country, EntityType string
	EffectiveOn                          clock.Day
	Parts, Identifiers                   string
}

func (r lineRow) line() (l Line, err error) {
	l = Line{Number: r.Number, Company: r.Company, Country: r.Country, EntityType: r.EntityType, EffectiveOn: r.EffectiveOn.String(), Status: "pending"}
	if err := json.Unmarshal([]byte(r.Parts), &l.Parts); err != nil {
		return l, err
	}
	if err := json.Unmarshal([]byte(r.Identifiers), &l.Identifiers); err != nil {
		return l, err
	}
	for i, order := 0, []string{"active", "suspended", "ended", "annulled"}; i < len(order) && l.Status == "pending"; i++ {
		for _, p := range l.Parts {
			if p.State == order[i] {
				l.Status = order[i]
				break
			}
		}
	}
	return l, nil
}

// Make makes the file of today for each programme that has none yet. Any number of portals may
// call it at once. The portal itself; no person calls it.
func (s *Service) Make(ctx context.Context) (made int, err error) {
	by := identity.ClockActor("single_window")
	for _, p := range s.Programmes.All() {
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			done, err := s.make(ctx, tx, by, p)
			if done {
				made++
			}
			return err
		})
		if err != nil {
			return made, fmt.Errorf("make the file of %s: %w", p.Code, err)
		}
	}
	return made, nil
}

func (s *Service) make(ctx context.Context, tx pg.Tx, by identity.Actor, p *programme.Programme) (bool, error) {
	now := s.Now()
	if err := tx.WithContext(ctx).Exec(`select pg_advisory_xact_lock(hashtext(?))`, "single_window "+p.Code).Error; err != nil {
		return false, err
	}
	var zone string
	if err := tx.WithContext(ctx).Raw(`select zone from office where parent_id is null order by created_at, id limit 1`).Scan(&zone).Error; err != nil || zone == "" {
		return false, err // nothing is set up yet
	}
	at, err := time.LoadLocation(zone)
	if err != nil {
		return false, fmt.Errorf("read the zone of headquarters: %w", err)
	}
	day := clock.DayOf(now, at)
	var last []struct {
		Day          clock.Day
		SHA256, Body string
	}
	if err := tx.WithContext(ctx).Raw(`select day, sha256, body from window_file where programme = ? order by day desc limit 1`, p.Code).Scan(&last).Error; err != nil {
		return false, err
	}
	if len(last) > 0 && !last[0].Day.Before(day) {
		return false, nil
	}
	body, count, err := s.body(ctx, tx, p, day)
	if err != nil {
		return false, err
	}
	m := Manifest{Format: Format, Programme: p.Code, Edition: p.Edition.ID, Day: day.String(), AsOf: now, Count: count, SHA256: canon.Hash(body), PublicKey: PublicKey(s.Key)}
	before := ""
	if len(last) > 0 {
		m.Previous, before = last[0].SHA256, last[0].Body
	}
	if m.Added, m.Changed, m.Removed, err = delta([]byte(before), body); err != nil {
		return false, err
	}
	text, err := m.signed()
	if err != nil {
		return false, err
	}
	m.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(s.Key, text))
	if text, err = canon.JSON(m); err != nil {
		return false, err
	}
	id := pg.NewID()
	err = tx.WithContext(ctx).Exec(`insert into window_file (id, programme, day, as_of, edition, count, added, changed, removed, sha256, previous_sha256, key_id, manifest, body)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, p.Code, day, now, m.Edition, m.Count, m.Added, m.Changed, m.Removed, m.SHA256, m.Previous, KeyID(m.PublicKey), string(text), string(body)).Error
	if err != nil {
		return false, err
	}
	return true, audit.Record(ctx, tx, now, by, audit.Event{Action: "single_window.make", Kind: "single_window", Subject: id, Internal: true,
		After: map[string]any{"programme": p.Code, "day": day, "count": m.Count, "sha256": m.SHA256}})
}

// KeyID names a public key by the beginning of its hash.
func KeyID(public string) string { return canon.Hash([]byte(public))[:16] }

// body writes the lines of a programme.
func (s *Service) body(ctx context.Context, tx pg.Tx, p *programme.Programme, day clock.Day) ([]byte, int, error) {
	var rows []lineRow
	if err := tx.WithContext(ctx).Raw(linesSQL, day, p.Code).Scan(&rows).Error; err != nil {
		return nil, 0, fmt.Errorf("read the memberships: %w", err)
	}
	var b bytes.Buffer
	for _, r := range rows {
		l, err := r.line()
		if err != nil {
			return nil, 0, fmt.Errorf("membership %s: %w", r.Number, err)
		}
		text, err := canon.JSON(l)
		if err != nil {
			return nil, 0, err
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.Bytes(), len(rows), nil
}

// delta counts what differs between two files, by the numbers of their lines.
func delta(before, after []byte) (added, changed, removed int, err error) {
	was, err := lines(before)
	if err != nil {
		return 0, 0, 0, err
	}
	is, err := lines(after)
	if err != nil {
		return 0, 0, 0, err
	}
	for number, text := range is {
		old, ok := was[number]
		switch {
		case !ok:
			added++
		case old != text:
			changed++
		}
	}
	for number := range was {
		if _, ok := is[number]; !ok {
			removed++
		}
	}
	return added, changed, removed, nil
}

func lines(body []byte) (map[string]string, error) {
	out := map[string]string{}
	for text := range bytes.Lines(body) {
		var l struct{ Number string }
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("read the file before: %w", err)
		}
		out[l.Number] = string(text)
	}
	return out, nil
}

// File is a file in the list.
type File struct {
	ID                      uuid.UUID
	Programme               string
	Day                     clock.Day
	AsOf                    time.Time
	Edition                 string
	Count                   int
	Added, Changed, Removed int
	SHA256                  string
	PreviousSHA256          string
	KeyID                   string
}

// Page is the list of files with the key that verifies them.
type Page struct {
	Files     []File
	PublicKey string
	KeyID     string
}

// List reads the files of the last months, the newest first. Headquarters and auditors may.
func (s *Service) List(ctx context.Context, by identity.Actor) (p Page, err error) {
	if by.Audience != identity.Staff || !by.Is(Readers()...) {
		return p, fault.Missing()
	}
	p.PublicKey = PublicKey(s.Key)
	p.KeyID = KeyID(p.PublicKey)
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&p.Files, `select id, programme, day, as_of, edition, count, added, changed, removed, sha256, previous_sha256, key_id
		from window_file order by day desc, programme limit 200`))
	if err != nil {
		return p, fmt.Errorf("list the files: %w", err)
	}
	return p, nil
}

// Download is a file or its manifest to take along.
type Download struct {
	Name string
	Body []byte
}

// Download reads a file, or its manifest. The same persons may as for List; that they did is
// an audit event.
func (s *Service) Download(ctx context.Context, by identity.Actor, id uuid.UUID, manifest bool) (d Download, err error) {
	if by.Audience != identity.Staff || !by.Is(Readers()...) {
		return d, fault.Missing()
	}
	column, what, ext := "body", "file", ".jsonl"
	if manifest {
		column, what, ext = "manifest", "manifest", ".manifest.json"
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var list []struct {
			Programme string
			Day       clock.Day
			Body      string
		}
		if err := tx.WithContext(ctx).Raw(`select programme, day, `+column+` as body from window_file where id = ?`, id).Scan(&list).Error; err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
		if len(list) == 0 {
			return fault.Missing()
		}
		d = Download{Name: list[0].Programme + "-" + list[0].Day.String() + ext, Body: []byte(list[0].Body)}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "single_window.download", Kind: "single_window", Subject: id, Internal: true, After: map[string]any{"name": d.Name, "what": what}})
	})
	return d, err
}
