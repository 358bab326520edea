package pebblestore

import (
	"bytes"
	"encoding/binary"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// elements steps over the elements of a BSON document. It is on the path of every
// write, where bson.Raw's look-ups would cost more than the store itself.
type elements struct {
	rest  []byte
	kind  bson.Type
	name  []byte
	value []byte
}

func elementsOf(doc []byte) elements {
	if len(doc) < 5 {
		return elements{}
	}
	return elements{rest: doc[4 : len(doc)-1]}
}

// next moves to the next element; false at the end, or where the document is damaged.
func (e *elements) next() bool {
	if len(e.rest) == 0 {
		return false
	}
	e.kind = bson.Type(e.rest[0])
	end := bytes.IndexByte(e.rest, 0)
	if end < 1 {
		return false
	}
	e.name = e.rest[1:end]
	e.rest = e.rest[end+1:]
	size := valueSize(e.kind, e.rest)
	if size < 0 || size > len(e.rest) {
		return false
	}
	e.value, e.rest = e.rest[:size], e.rest[size:]
	return true
}

// valueSize is how many bytes the value at the start of b takes; −1 if there is none.
func valueSize(kind bson.Type, b []byte) int {
	switch kind {
	case bson.TypeNull, bson.TypeUndefined, bson.TypeMinKey, bson.TypeMaxKey:
		return 0
	case bson.TypeBoolean:
		return 1
	case bson.TypeInt32:
		return 4
	case bson.TypeDouble, bson.TypeDateTime, bson.TypeTimestamp, bson.TypeInt64:
		return 8
	case bson.TypeObjectID:
		return 12
	case bson.TypeDecimal128:
		return 16
	case bson.TypeRegex:
		return afterZero(b, afterZero(b, 0))
	}
	if len(b) < 4 {
		return -1
	}
	size := int(int32(binary.LittleEndian.Uint32(b)))
	if size < 0 {
		return -1
	}
	switch kind {
	case bson.TypeEmbeddedDocument, bson.TypeArray, bson.TypeCodeWithScope:
		return size
	case bson.TypeString, bson.TypeJavaScript, bson.TypeSymbol:
		return 4 + size
	case bson.TypeBinary:
		return 4 + 1 + size
	case bson.TypeDBPointer:
		return 4 + size + 12
	}
	return -1
}

// afterZero is the place behind the first zero byte from i on; −1 if there is none.
func afterZero(b []byte, i int) int {
	if i < 0 || i > len(b) {
		return -1
	}
	n := bytes.IndexByte(b[i:], 0)
	if n < 0 {
		return -1
	}
	return i + n + 1
}

// text is the value of a string.
func (e *elements) text() (string, bool) {
	if e.kind != bson.TypeString || len(e.value) < 5 {
		return "", false
	}
	return string(e.value[4 : len(e.value)-1]), true
}

// int64 is the value of an integer.
func (e *elements) int64() (int64, bool) {
	switch {
	case e.kind == bson.TypeInt64:
		return int64(binary.LittleEndian.Uint64(e.value)), true
	case e.kind == bson.TypeInt32:
		return int64(int32(binary.LittleEndian.Uint32(e.value))), true
	}
	return 0, false
}
