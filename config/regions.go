package config

import "embed"

// Regions holds what the agency says of countries when it plans validations, read by
// app/plan: regions/regions.yaml and its schema.
//
//go:embed regions
var Regions embed.FS
