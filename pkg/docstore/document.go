package docstore

import (
	"encoding/binary"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// encode marshals a document, its Meta already that of the new version, and
// appends its index keys.
func (c *Collection[T]) encode(doc *T) (bson.Raw, error) {
	meta := metaOf(doc)
	if meta.Deleted {
		return c.encodeTombstone(meta)
	}
	raw, err := marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("%s: encode document: %w", c.name, err)
	}
	var keys []indexKey
	if c.changes {
		keys = append(keys, indexKey{changesIndex, Key(Time(meta.UpdatedAt))})
	}
	for _, index := range c.indexes {
		if key := index.Key(doc); key != "" {
			keys = append(keys, indexKey{index.Name, key})
		}
	}
	return c.appendKeys(raw, keys)
}

// marshal lets a document that encodes itself do so: bson.Marshal would copy
// what it made field by field.
func marshal(doc any) (bson.Raw, error) {
	if m, ok := doc.(bson.Marshaler); ok {
		return m.MarshalBSON()
	}
	return bson.Marshal(doc)
}

// tombstone is a Meta with the field that documents go without: leaving an empty
// field out costs more time than encoding all of Meta.
type tombstone struct {
	Meta    `bson:",inline"`
	Deleted bool `bson:"deleted"`
}

// encodeTombstone keeps of a deleted document what a change feed and a later
// recreation need, in the layout isTombstone knows.
func (c *Collection[T]) encodeTombstone(meta *Meta) (bson.Raw, error) {
	raw, err := bson.Marshal(tombstone{Meta: *meta, Deleted: true})
	if err != nil {
		return nil, fmt.Errorf("%s: encode tombstone: %w", c.name, err)
	}
	keys := []indexKey{{tombstonesIndex, meta.ID}}
	if c.changes {
		keys = append(keys, indexKey{changesIndex, Key(Time(meta.UpdatedAt))})
	}
	return c.appendKeys(raw, keys)
}

type indexKey struct{ index, key string }

// appendKeys adds the sub-document of index keys at the end of raw, without
// decoding it.
func (c *Collection[T]) appendKeys(raw bson.Raw, keys []indexKey) (bson.Raw, error) {
	if len(keys) > 0 {
		size := 4 + 1
		for _, k := range keys {
			if !printable(k.key) {
				return nil, fmt.Errorf("%s: key %q of index %s was not made with docstore.Key", c.name, k.key, k.index)
			}
			size += 1 + len(k.index) + 1 + 4 + len(k.key) + 1
		}
		out := make([]byte, 0, len(raw)+1+len(keysField)+1+size)
		out = append(out, raw[:len(raw)-1]...)
		out = append(out, byte(bson.TypeEmbeddedDocument))
		out = append(append(out, keysField...), 0)
		out = binary.LittleEndian.AppendUint32(out, uint32(size))
		for _, k := range keys {
			out = append(out, byte(bson.TypeString))
			out = append(append(out, k.index...), 0)
			out = binary.LittleEndian.AppendUint32(out, uint32(len(k.key)+1))
			out = append(append(out, k.key...), 0)
		}
		raw = append(out, 0, 0)
		binary.LittleEndian.PutUint32(raw, uint32(len(raw)))
	}
	if len(raw) > MaxDocument {
		return nil, fmt.Errorf("%s: %w", c.name, ErrTooLarge)
	}
	return raw, nil
}

// decode reads a stored document into a fresh T.
func (c *Collection[T]) decode(raw bson.Raw) (*T, error) {
	doc := new(T)
	if err := bson.Unmarshal(raw, doc); err != nil {
		return nil, fmt.Errorf("%s: decode stored document: %w", c.name, err)
	}
	return doc, nil
}

// decodeMeta reads the Meta of a stored document or tombstone.
func (c *Collection[T]) decodeMeta(raw bson.Raw) (Meta, error) {
	var meta Meta
	if err := bson.Unmarshal(raw, &meta); err != nil {
		return Meta{}, fmt.Errorf("%s: decode stored document: %w", c.name, err)
	}
	meta.Deleted = isTombstone(raw)
	return meta, nil
}

// isTombstone reports whether raw is what encodeTombstone made. Scans ask it of
// every document, so it looks only at the first five fields: those of Meta, in
// its order, which no live document has with `deleted` among them.
func isTombstone(raw bson.Raw) bool {
	if len(raw) < 5 {
		return false
	}
	rest, ok := skipString(raw[4:], "\x02_id\x00")
	if ok {
		rest, ok = skipFixed(rest, "\x12version\x00", 8)
	}
	if ok {
		rest, ok = skipFixed(rest, "\x09updated_at\x00", 8)
	}
	if ok {
		rest, ok = skipString(rest, "\x02write_id\x00")
	}
	const deleted = "\x08deleted\x00\x01"
	return ok && len(rest) >= len(deleted) && string(rest[:len(deleted)]) == deleted
}

// skipFixed steps over an element with the given type and name and a value of size bytes.
func skipFixed(raw []byte, head string, size int) ([]byte, bool) {
	if len(raw) < len(head)+size || string(raw[:len(head)]) != head {
		return nil, false
	}
	return raw[len(head)+size:], true
}

// skipString steps over an element with the given type and name and a string for its value.
func skipString(raw []byte, head string) ([]byte, bool) {
	if len(raw) < len(head)+4 || string(raw[:len(head)]) != head {
		return nil, false
	}
	size := int(binary.LittleEndian.Uint32(raw[len(head):]))
	return skipFixed(raw, head, 4+size)
}
