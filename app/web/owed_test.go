package web

// owed are forms that no test of this package sends with success yet; the steps behind them
// are tested in their own packages. A form that a test sends comes off the list.
var owed = map[string]bool{
	"/desk/enforcement/:id/end/recall":         true,
	"/desk/enforcement/:id/end/return":         true,
	"/desk/enforcement/:id/extend":             true,
	"/desk/enforcement/:id/items/:item/reopen": true,
	"/desk/enforcement/:id/keep":               true,
	"/desk/enforcement/:id/link":               true,
	"/desk/enforcement/:id/plan/back":          true,
	"/desk/enforcement/:id/publish":            true,
	"/desk/enforcement/:id/recall":             true,
	"/desk/enforcement/:id/return":             true,
	"/desk/incidents/:id/merge":                true,
	"/enforcement/:id/cure":                    true,
	"/enforcement/:id/time":                    true,
	"/enforcement/request":                     true,
}
