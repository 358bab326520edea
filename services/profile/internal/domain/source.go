package domain

// Source tells where records come from, for what is recorded in bulk.
type Source struct {
	// Import is the id of the import that brings them, empty when they come
	// through the API. An import's records carry the row they came from.
	Import string
	// ValidateOnly checks everything and writes nothing.
	ValidateOnly bool
}

// Origin is what a record remembers of the import that wrote it last, so that
// the same step taken again is told from another row with the same key.
type Origin struct {
	Import string
	Row    int64
	// Created tells that the row made the record, and did not just change it.
	Created bool
}
