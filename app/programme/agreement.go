package programme

import "time"

// Block is a piece of the agreement.
type Block struct {
	Heading bool
	Items   []string // for a list; Text is empty then
	Text    string
}

// Agreement is the text an officer of the company signs.
type Agreement struct {
	Title         string
	Edition       string
	EffectiveFrom time.Time // the day from which it is signed, midnight UTC
	Blocks        []Block
	Consents      []string // sentences that the signing person ticks one by one
	Hash          string   // SHA-256 of the file, kept with each signature
	Draft         bool
	Source        string
}
