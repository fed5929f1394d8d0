package config

import "embed"

// Checks holds what partner agencies can say a check is for, read by app/consultation, with
// its schema.
//
//go:embed checks
var Checks embed.FS
