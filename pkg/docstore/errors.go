package docstore

import "errors"

// Errors of a single document. Engines return them wrapped or bare; test with errors.Is.
var (
	ErrNotFound = errors.New("document not found")
	ErrConflict = errors.New("document changed meanwhile")
	ErrTooLarge = errors.New("document exceeds 16 MiB")
)
