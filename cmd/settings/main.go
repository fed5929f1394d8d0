// Command settings writes the reference of all settings, config/SETTINGS.md, from their
// one definition.
package main

import (
	"fmt"
	"os"
	"strings"

	"trustedtrader/config"
)

func main() {
	if err := os.WriteFile("SETTINGS.md", []byte(reference()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "settings:", err)
		os.Exit(1)
	}
}

func reference() string {
	var b strings.Builder
	b.WriteString("# Settings\n\nMade by `make generate` from `config/config.go`; do not edit. Every setting is an environment variable. `NAME_FILE` in place of `NAME` names a file with the value, which suits secrets. `portal config` prints the values in effect, secrets masked.\n\n")
	b.WriteString("| Name | Default | Meaning |\n|---|---|---|\n")
	for _, s := range config.Settings() {
		value, doc := "", strings.ReplaceAll(s.Doc, "|", `\|`)
		if s.Default != "" {
			value = "`" + s.Default + "`"
		}
		if s.Secret {
			doc = "Secret. " + doc
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, value, doc)
	}
	return b.String()
}
