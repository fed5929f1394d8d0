// Package migrations embeds the schema's history: numbered, forward-only SQL
// files, each in one transaction. A merged file is never edited; a mistake gets
// the next number. schema.sql beside them is the dumped result, for reviewers.
package migrations

import "embed"

// Files holds the numbered SQL files.
//
//go:embed 0*.sql
var Files embed.FS
