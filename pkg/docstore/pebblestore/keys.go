package pebblestore

import (
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Keys are
//
//	table 0x00 'd' id                       a document
//	table 0x00 'i' index 0x00 key 0x00 id   an index entry, without a value
//
// Ids and keys hold only bytes from '!' to '~', so byte order is that of (key, id).
const (
	end         = 0x00
	tagDocument = 'd'
	tagIndex    = 'i'
)

// space is a part of the keys: a table's documents, or the entries of one index.
type space struct {
	prefix []byte
	index  bool
}

func documentSpace(table string) space {
	return space{prefix: append([]byte(table), end, tagDocument)}
}

func indexSpace(table, index string) space {
	prefix := append([]byte(table), end, tagIndex)
	return space{prefix: append(append(prefix, index...), end), index: true}
}

// appendDocument appends a document's key to buf.
func (s space) appendDocument(buf []byte, id string) []byte {
	return append(append(buf, s.prefix...), id...)
}

// appendEntry appends an index entry's key to buf.
func (s space) appendEntry(buf []byte, key, id string) []byte {
	buf = append(append(buf, s.prefix...), key...)
	return append(append(buf, end), id...)
}

// position reads a key of this space back.
func (s space) position(key []byte) docstore.Position {
	rest := key[len(s.prefix):]
	if !s.index {
		return docstore.Position{ID: string(rest)}
	}
	i := slices.Index(rest, end)
	return docstore.Position{Key: string(rest[:i]), ID: string(rest[i+1:])}
}

// bounds are the first key of a range and the first after it. The range is
// empty where they have crossed.
func (s space) bounds(r docstore.Range) (lower, upper []byte) {
	lower = append(slices.Clone(s.prefix), r.From...)
	if r.To == "" {
		upper = slices.Clone(s.prefix)
		upper[len(upper)-1]++ // the tag, or the end of the index's name
	} else {
		upper = append(slices.Clone(s.prefix), r.To...)
	}
	if r.After == nil {
		return lower, upper
	}
	after := s.appendDocument(nil, r.After.ID)
	if s.index {
		after = s.appendEntry(nil, r.After.Key, r.After.ID)
	}
	if r.Reverse {
		return lower, lesser(upper, after)
	}
	return greater(lower, append(after, end)), upper
}

func lesser(a, b []byte) []byte {
	if slices.Compare(b, a) < 0 {
		return b
	}
	return a
}

func greater(a, b []byte) []byte {
	if slices.Compare(b, a) > 0 {
		return b
	}
	return a
}

// checkBytes reports a string that would break the order of keys.
func checkBytes(field, s string) error {
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return fault.Invalid(field, "must hold only visible ASCII characters")
		}
	}
	return nil
}
