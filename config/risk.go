package config

import "embed"

// Risk holds what a risk assessment asks, read by app/risk: risk/factors.yaml and its schema.
//
//go:embed risk
var Risk embed.FS
