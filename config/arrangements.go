package config

import "embed"

// Arrangements holds the mutual recognition arrangements as data, read by app/arrangement:
// what was published of each, the rules of those in which a programme of ours takes part, the
// phases of their lives and the texts of consent, with their schemas.
//
//go:embed arrangements
var Arrangements embed.FS
