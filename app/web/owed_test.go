package web

// owed are forms that no test of this package sends with success yet; the steps behind them
// are tested in their own packages. A form that a test sends comes off the list.
var owed = map[string]bool{}
