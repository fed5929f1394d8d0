package config

import _ "embed"

// OpenAPI describes the machine door of partner agencies, as it is served.
//
//go:embed api/openapi.yaml
var OpenAPI []byte
