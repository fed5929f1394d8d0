package config

import "embed"

// Risk holds what a risk assessment asks: risk/factors.yaml, read by app/risk.
//
//go:embed risk
var Risk embed.FS
