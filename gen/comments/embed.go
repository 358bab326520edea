// Package comments holds the comments of the protos, which generated Go does
// not offer to programs.
package comments

import _ "embed"

// Document is a JSON object: the full name of a service, method or field to its
// comment on one line.
//
//go:embed comments.json
var Document []byte
