package docstore

import "time"

// Meta is embedded, inline, by every stored type:
//
//	type Customer struct {
//		docstore.Meta `bson:",inline"`
//		DisplayName   string `bson:"display_name"`
//	}
//
// The collection fills everything but ID.
type Meta struct {
	ID        string    `bson:"_id"`
	Version   int64     `bson:"version"`    // 1 on creation, +1 on every change, never reset
	UpdatedAt time.Time `bson:"updated_at"` // max(now, previous + 1 ms), UTC
	WriteID   string    `bson:"write_id"`   // of the write that made this version
	Deleted   bool      `bson:"deleted,omitempty"`
}

// Metadata lets a Collection reach the embedded Meta.
func (m *Meta) Metadata() *Meta { return m }

// Schema declares a collection of T.
type Schema[T any] struct {
	Name    string
	Indexes []Index[T]
	// Changes keeps an index over updated_at, tombstones included, which
	// Collection.Changes reads.
	Changes bool
}

// Index is one more order of a collection. Key is made with Key, and is "" for
// a document that does not belong into the index.
type Index[T any] struct {
	Name string
	Key  func(*T) string
}
