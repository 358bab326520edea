// Package openapi holds the OpenAPI 3.1 description of the whole JSON API.
package openapi

import _ "embed"

// Document is the merged description, as JSON.
//
//go:embed openapi.json
var Document []byte
