package config

import "embed"

// Locales holds the translations: locales/<language>.po, read by app/i18n.
//
//go:embed locales
var Locales embed.FS
