package config

import "embed"

// Questionnaires holds what members ask of their business partners, read by app/bizpartner:
// the roles of partners with the periods of assessment, the questionnaires, and the words of
// the partner's own page in its languages, each with its schema.
//
//go:embed questionnaires
var Questionnaires embed.FS
