// Package interop holds the test that calendar programs understand what we write: ical.js,
// which shares no code with ours, reads it. It stands apart because it needs Node.js and
// `npm install` in .ci/tools, which `make test` sees to.
package interop
