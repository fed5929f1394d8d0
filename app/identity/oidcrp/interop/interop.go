// Package interop holds the test that the relying party works, by configuration
// alone, with an OpenID Connect provider that shares no code with ours: the
// certified npm oidc-provider. It stands apart because it needs Node.js and
// `npm ci` in .ci/oidc-provider, which `make test` sees to.
package interop
