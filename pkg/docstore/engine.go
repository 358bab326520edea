// Package docstore keeps typed documents in collections, ordered by id and by
// declared indexes, on an embedded engine (pebblestore) or on MongoDB
// (mongostore).
//
// It relies on single-document atomicity and version checks, nothing else.
// What spans documents is a resumable sequence of idempotent steps.
package docstore

import (
	"context"
	"iter"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Engine is a storage engine holding the tables of one service.
type Engine interface {
	// Table opens a table, creating it when it is missing.
	Table(ctx context.Context, layout Layout) (Table, error)
	// Ping reports whether the engine can serve, as a fault of kind Unavailable if not.
	Ping(ctx context.Context) error
	// Scrub rewrites the files of the store, so that none holds what was removed,
	// replaced or purged before the call. It takes as long as reading and writing
	// all of the store once; calls that wait for each other share one rewriting.
	// On MongoDB it does nothing, for the server's files are beyond a client.
	Scrub(ctx context.Context) error
	Close() error
}

// Layout names a table and its indexes. It is all that an engine knows of a collection.
type Layout struct {
	Name string
	// Indexes are the names under which a Write carries index keys. Every
	// entry is one range-scannable order of the table.
	Indexes []string
}

// Table stores BSON documents by id. Implementations are safe for concurrent use.
//
// The engine reads four top-level fields of a document and no others: `_id`
// (string), `version` (int64, from 1), `write_id` (string) and `keys`, a
// sub-document index name → index key (string). It keeps every document's fields
// in their order.
type Table interface {
	// Get returns the document, or ErrNotFound.
	Get(ctx context.Context, id string) (bson.Raw, error)
	// GetMany returns one entry per id, in the order of ids, nil where there is none.
	GetMany(ctx context.Context, ids []string) ([]bson.Raw, error)
	// Write applies each write by itself, in no stated order, and returns one
	// error per write, nil where it is durable. No id may occur twice. The
	// second result is an error of the call as a whole: then the state of every
	// write is unknown.
	Write(ctx context.Context, writes []Write) ([]error, error)
	// Scan yields the documents of a range in ascending (or descending) byte
	// order of key, then id. Every page of it is a consistent snapshot on the
	// embedded engine; on MongoDB a document written during the scan may or may
	// not be seen, and none that is untouched is missed or repeated.
	Scan(ctx context.Context, r Range) iter.Seq2[Entry, error]
	// Count returns how many entries Scan would yield.
	Count(ctx context.Context, r Range) (int64, error)
	// Purge removes a range of ids (Range.Index must be empty) without leaving
	// tombstones. It is for staged rows and superseded generations.
	Purge(ctx context.Context, r Range) error
	// Erase removes documents, whether they are there or not, without tombstones.
	// On the embedded engine it returns once no file of the store holds any
	// version of them; on MongoDB once the removal is durable, for what its log
	// and its files keep of them is beyond a client.
	Erase(ctx context.Context, ids []string) error
}

// Versions with a meaning of their own in Write.Expect.
const (
	Absent int64 = 0  // the document must not exist
	Any    int64 = -1 // whatever is there is replaced
)

// Write replaces one document whole.
type Write struct {
	ID string
	// Expect is the version the stored document must have, or Absent, or Any.
	// Where it has another, the write's error is ErrConflict.
	Expect int64
	// Doc is the new document, its index keys in `keys`. A key absent there
	// leaves the document out of that index. A nil Doc removes the stored one
	// without a tombstone; where the version is another, that too is ErrConflict.
	Doc bson.Raw
}

// Range is a contiguous part of a table in the order of one index.
type Range struct {
	// Index is the name of an index, or empty for the order of `_id`.
	Index string
	// From is the first key of the range, To the first key after it; empty
	// means open. Without an index the keys are the ids themselves.
	From, To string
	// After resumes behind a position (before it, when Reverse).
	After *Position
	// Reverse yields the range in descending order.
	Reverse bool
	// Limit is the most entries to yield; 0 is no limit.
	Limit int
}

// Position is a place in the order of an index.
type Position struct {
	Key string // the index key; empty without an index
	ID  string
}

// Entry is one document met in a scan. Doc is valid only until the iteration
// moves on: a caller that keeps it clones it.
type Entry struct {
	Position
	Doc bson.Raw
}

// Prefix is the range of all keys that begin with p.
func Prefix(p string) Range {
	return Range{From: p, To: PrefixEnd(p)}
}

// PrefixEnd is the smallest key above every key that begins with p; empty when
// there is none.
func PrefixEnd(p string) string {
	b := []byte(p)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0x7f { // keys are ASCII
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}
