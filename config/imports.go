package config

import "embed"

// Imports holds the reports of benefit events that the portal can read, with the words that
// they use, read by app/benefit, with its schema.
//
//go:embed imports
var Imports embed.FS
