package consultation

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
)

// record is a check as it is kept.
type record struct {
	ID          uuid.UUID
	Number      string
	At          time.Time
	AgencyID    uuid.UUID
	PersonID    *uuid.UUID
	ClientID    string
	Arrangement string
	Purpose     string
	OwnRef      string
	BatchID     *uuid.UUID
	Row         *int32
	Scheme      string
	Asked       string
	AsOf        clock.Day
	KnownAt     time.Time
	CompanyID   *uuid.UUID
	Outcome     string
	Answer      []byte // canonical JSON
	Writer      uuid.UUID
	Seq         int64
	Hash        []byte
}

// sum is the hash over a record and the hash before it. Every field goes in with its length,
// so that nothing can move from one to the next.
func (r record) sum(before []byte, buffer []byte) ([]byte, []byte) {
	b := append(buffer[:0], before...)
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	optional := func(id *uuid.UUID) {
		if id == nil {
			b = append(b, 0)
			return
		}
		b = append(append(b, 1), id[:]...)
	}
	b = append(b, r.ID[:]...)
	text(r.Number)
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.UnixMicro()))
	b = append(b, r.AgencyID[:]...)
	optional(r.PersonID)
	for _, s := range []string{r.ClientID, r.Arrangement, r.Purpose, r.OwnRef} {
		text(s)
	}
	optional(r.BatchID)
	row := int32(-1)
	if r.Row != nil {
		row = *r.Row
	}
	b = binary.BigEndian.AppendUint32(b, uint32(row))
	text(r.Scheme)
	text(r.Asked)
	text(r.AsOf.String())
	b = binary.BigEndian.AppendUint64(b, uint64(r.KnownAt.UnixMicro()))
	optional(r.CompanyID)
	text(r.Outcome)
	text(string(r.Answer))
	b = append(b, r.Writer[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Seq))
	h := sha256.Sum256(b)
	return h[:], b
}

// writer is one chain of records. Each group under way has one of its own; a chain that
// failed is never gone on with, for nobody knows what of it is on disk.
type writer struct {
	id     uuid.UUID
	seq    int64
	hash   []byte
	decoy  uuid.UUID // a company that was asked for lately
	buffer []byte
}

func newWriter() *writer { return &writer{id: pg.NewID(), hash: make([]byte, sha256.Size)} }

const insertSQL = `insert into consultation (id, number, at, agency_id, person_id, client_id, arrangement, purpose, own_ref, batch_id, row, scheme, asked, as_of, known_at,
    company_id, outcome, answer, writer, seq, hash)
  select u.id, u.number, $1, u.agency, u.person, u.client, u.arrangement, u.purpose, u.own_ref, u.batch, u.row, u.scheme, u.asked, u.as_of::date, u.known_at,
    u.company, u.outcome, u.answer::json, $2, u.seq, u.hash
  from unnest($3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::uuid[], $12::int[], $13::text[], $14::text[], $15::text[], $16::timestamptz[],
    $17::uuid[], $18::text[], $19::text[], $20::bigint[], $21::bytea[])
    as u(id, number, agency, person, client, arrangement, purpose, own_ref, batch, row, scheme, asked, as_of, known_at, company, outcome, answer, seq, hash)`

// columns are records turned by a quarter, as unnest takes them.
type columns struct {
	ids, agencies                                                  []uuid.UUID
	numbers, clients, arrangements, purposes, refs, schemes, asked []string
	days, outcomes, answers                                        []string
	persons, batches, companies                                    []uuid.UUID // Nil: none
	rows                                                           []*int32
	known                                                          []time.Time
	seqs                                                           []int64
	hashes                                                         [][]byte
}

func (c *columns) add(r record) {
	c.ids, c.agencies, c.numbers, c.clients = append(c.ids, r.ID), append(c.agencies, r.AgencyID), append(c.numbers, r.Number), append(c.clients, r.ClientID)
	c.arrangements, c.purposes, c.refs, c.schemes = append(c.arrangements, r.Arrangement), append(c.purposes, r.Purpose), append(c.refs, r.OwnRef), append(c.schemes, r.Scheme)
	c.asked, c.days, c.outcomes, c.answers = append(c.asked, r.Asked), append(c.days, r.AsOf.String()), append(c.outcomes, r.Outcome), append(c.answers, string(r.Answer))
	c.persons, c.batches, c.companies, c.rows = append(c.persons, orNil(r.PersonID)), append(c.batches, orNil(r.BatchID)), append(c.companies, orNil(r.CompanyID)), append(c.rows, r.Row)
	c.known, c.seqs, c.hashes = append(c.known, r.KnownAt), append(c.seqs, r.Seq), append(c.hashes, r.Hash)
}

func orNil(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

func (c *columns) insert(at time.Time, writer uuid.UUID) pg.Query {
	return pg.Exec(insertSQL, at, writer, pg.IDs(c.ids), c.numbers, pg.IDs(c.agencies), pg.IDs(c.persons), c.clients, c.arrangements, c.purposes, c.refs, pg.IDs(c.batches), c.rows, c.schemes, c.asked, c.days, c.known,
		pg.IDs(c.companies), c.outcomes, c.answers, c.seqs, c.hashes)
}

// write gives the questions of a group their numbers and places in the chain. The chain goes
// on from next once that is on disk.
func (s *Service) write(list []*ask, w *writer, now time.Time) (insert pg.Query, next writer, err error) {
	next = *w
	var c columns
	today := clock.DayOf(now, time.UTC)
	for _, a := range list {
		s.decide(a, now)
		a.answer.Number = newNumber(prefix, now.Year())
		if a.text, err = a.answer.JSON(); err != nil {
			return insert, next, err
		}
		r := record{ID: pg.NewID(), Number: a.answer.Number, At: now, AgencyID: a.agency, PersonID: a.person, ClientID: a.Client, Arrangement: a.answer.Arrangement, Purpose: a.Purpose,
			OwnRef: a.OwnRef, Scheme: a.Scheme, Asked: a.Value, AsOf: today, KnownAt: now, CompanyID: a.answer.company, Outcome: string(a.answer.Outcome), Answer: a.text}
		if a.batch != uuid.Nil {
			row := int32(a.row)
			r.BatchID, r.Row = &a.batch, &row
		}
		if !a.On.IsZero() {
			r.AsOf = a.On
		}
		if !a.KnownAt.IsZero() {
			r.KnownAt = a.KnownAt
		}
		next.seq++
		r.Writer, r.Seq = w.id, next.seq
		next.hash, next.buffer = r.sum(next.hash, next.buffer)
		r.Hash = next.hash
		c.add(r)
		if a.answer.company != nil {
			next.decoy = *a.answer.company
		}
	}
	return c.insert(now, w.id), next, nil
}
