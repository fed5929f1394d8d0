package consultation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
)

// Head is where a chain of records stands. Kept outside of the database, it shows later that
// nothing was cut off the end.
type Head struct {
	Writer uuid.UUID `json:"writer"`
	Seq    int64     `json:"seq"`
	Hash   string    `json:"hash"` // hexadecimal
}

// Broken is the first record of the trail that is not as it was written.
type Broken struct {
	Number string // of the check, or of the one before the gap
	Head   Head   // the place in the chain
	What   string // changed, removed, reordered
}

func (b *Broken) Error() string {
	return fmt.Sprintf("the record of checks is %s at %s (chain %s, place %d)", b.What, b.Number, b.Head.Writer, b.Head.Seq)
}

// chainSQL walks the chains by their index. Records of this moment may still be on their way,
// but a chain has no gap: its records are committed in their order.
const chainSQL = `select id, number, at, agency_id, person_id, client_id, arrangement, purpose, own_ref, batch_id, row, scheme, asked, as_of, known_at, company_id, outcome,
	answer::text as answer, writer, seq, hash from consultation order by writer, seq`

type keptRecord struct {
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
	Answer      string
	Writer      uuid.UUID
	Seq         int64
	Hash        []byte
}

func (k keptRecord) record() (record, error) {
	answer, err := canon.JSON(json.RawMessage(k.Answer)) // the database keeps JSON in an order of its own
	return record{ID: k.ID, Number: k.Number, At: k.At, AgencyID: k.AgencyID, PersonID: k.PersonID, ClientID: k.ClientID, Arrangement: k.Arrangement, Purpose: k.Purpose, OwnRef: k.OwnRef,
		BatchID: k.BatchID, Row: k.Row, Scheme: k.Scheme, Asked: k.Asked, AsOf: k.AsOf, KnownAt: k.KnownAt, CompanyID: k.CompanyID, Outcome: k.Outcome, Answer: answer,
		Writer: k.Writer, Seq: k.Seq, Hash: k.Hash}, err
}

// Verify walks the chains of records and computes every hash again. It returns how many
// records there are and where each chain stands; heads are from an earlier walk, kept outside
// of the database, and must still be there. A *Broken names the first record that was changed,
// removed or put elsewhere. The operator of the portal may.
func Verify(ctx context.Context, db *pg.DB, heads []Head) (n int64, now []Head, err error) {
	w := walk{want: map[uuid.UUID]map[int64]string{}}
	for _, h := range heads {
		if w.want[h.Writer] == nil {
			w.want[h.Writer] = map[int64]string{}
		}
		w.want[h.Writer][h.Seq] = h.Hash
	}
	if err := db.Batch(ctx, pg.System, pg.Exec(`select set_config('statement_timeout', '0', true)`), pg.Each(w.step, chainSQL)); err != nil {
		return w.n, nil, fmt.Errorf("walk the record of checks: %w", err)
	}
	w.end()
	for writer, places := range w.want {
		for seq, hash := range places {
			return w.n, w.heads, &Broken{What: "removed", Head: Head{writer, seq, hash}, Number: "its end"}
		}
	}
	return w.n, w.heads, nil
}

// walk is a walk along chains.
type walk struct {
	n      int64
	at     *Head
	hash   []byte
	number string
	buffer []byte
	heads  []Head
	want   map[uuid.UUID]map[int64]string
}

func (w *walk) end() {
	if w.at != nil {
		w.heads = append(w.heads, *w.at)
	}
}

func (w *walk) step(k keptRecord) error {
	if w.at == nil || w.at.Writer != k.Writer {
		w.end()
		w.at, w.hash, w.number = &Head{Writer: k.Writer}, make([]byte, sha256.Size), "its beginning"
	}
	place := Head{k.Writer, k.Seq, hex.EncodeToString(k.Hash)}
	if k.Seq != w.at.Seq+1 {
		return &Broken{Number: w.number, Head: *w.at, What: "removed after"}
	}
	r, err := k.record()
	if err != nil {
		return err
	}
	var sum []byte
	if sum, w.buffer = r.sum(w.hash, w.buffer); !bytes.Equal(sum, k.Hash) {
		return &Broken{Number: k.Number, Head: place, What: "changed or reordered"}
	}
	if hash, there := w.want[k.Writer][k.Seq]; there {
		if hash != place.Hash {
			return &Broken{Number: k.Number, Head: place, What: "written anew"}
		}
		delete(w.want[k.Writer], k.Seq)
	}
	w.n++
	w.at, w.hash, w.number = &place, k.Hash, k.Number
	return nil
}
