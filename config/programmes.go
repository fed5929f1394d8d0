package config

import "embed"

// Programmes holds the programmes as data and the calendars of office countries:
// programmes/<code>/… read by app/programme, calendars/*.yaml read by app/clock.
//
//go:embed programmes calendars
var Programmes embed.FS
