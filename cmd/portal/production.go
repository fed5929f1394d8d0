//go:build production

package main

// developmentCommands are left out of a production binary: it contains neither the
// demo's sign-in provider nor the private database.
func developmentCommands() []command { return nil }
