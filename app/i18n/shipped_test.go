package i18n_test

import (
	"io/fs"
	"testing"

	"trustedtrader/app/i18n"
	"trustedtrader/config"
)

// TestShippedCatalogues: what ships with the portal loads.
func TestShippedCatalogues(t *testing.T) {
	t.Parallel()
	files, err := fs.Sub(config.Locales, "locales")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i18n.Load(files); err != nil {
		t.Error(err)
	}
}
