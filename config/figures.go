package config

import "embed"

// Figures holds what the cost of membership is parted by and the defaults for the cost of an
// examination, read by app/cost, with its schema.
//
//go:embed figures
var Figures embed.FS
