//go:build production

package main

import (
	"context"

	"trustedtrader/config"
)

// developmentCommands are left out of a production binary: it contains neither the
// demo's sign-in provider nor the private database.
func developmentCommands() []command { return nil }

// visit has nobody to visit: production names its database and its providers.
func visit(context.Context, *config.Config) (end func() error, err error) {
	return func() error { return nil }, nil
}
