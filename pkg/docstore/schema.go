package docstore

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

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
	Version   int64     `bson:"version"`    // 1 on creation, +1 on every change, never reset while a tombstone lives
	UpdatedAt time.Time `bson:"updated_at"` // max(now, previous + 1 ms), UTC, whole milliseconds
	WriteID   string    `bson:"write_id"`   // of the write that made this version
	Deleted   bool      `bson:"-"`          // a tombstone; never so in a document handed out
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

// Indexes that a collection keeps by itself.
const (
	changesIndex    = "changes"    // Time(updated_at) of every document and tombstone
	tombstonesIndex = "tombstones" // the id of every tombstone
)

// Fields that the store adds to a document.
const (
	keysField    = "keys"    // the index keys
	deletedField = "deleted" // true in a tombstone, absent in a document
)

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// layout checks the schema and names its indexes for the engine.
func (s Schema[T]) layout() (Layout, error) {
	layout := Layout{Name: s.Name, Indexes: []string{tombstonesIndex}}
	if !namePattern.MatchString(s.Name) {
		return layout, fmt.Errorf("collection name %q does not match %s", s.Name, namePattern)
	}
	if s.Changes {
		layout.Indexes = append(layout.Indexes, changesIndex)
	}
	for _, index := range s.Indexes {
		switch {
		case !namePattern.MatchString(index.Name):
			return layout, fmt.Errorf("collection %s: index name %q does not match %s", s.Name, index.Name, namePattern)
		case index.Name == changesIndex, index.Name == tombstonesIndex:
			return layout, fmt.Errorf("collection %s: the index name %q is reserved", s.Name, index.Name)
		case slices.Contains(layout.Indexes, index.Name):
			return layout, fmt.Errorf("collection %s: two indexes are named %q", s.Name, index.Name)
		case index.Key == nil:
			return layout, fmt.Errorf("collection %s: index %q has no key function", s.Name, index.Name)
		}
		layout.Indexes = append(layout.Indexes, index.Name)
	}
	if err := checkType[T](); err != nil {
		return layout, fmt.Errorf("collection %s: %w", s.Name, err)
	}
	return layout, nil
}

// checkType reports a T whose documents the store could not manage.
func checkType[T any]() error {
	doc := new(T)
	if _, ok := any(doc).(interface{ Metadata() *Meta }); !ok {
		return fmt.Errorf("%T does not embed docstore.Meta", doc)
	}
	raw, err := bson.Marshal(doc)
	if err != nil {
		return err
	}
	if _, err := bson.Raw(raw).LookupErr("_id"); err != nil {
		return fmt.Errorf("%T embeds docstore.Meta without `bson:\",inline\"`", doc)
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, _, _ := strings.Cut(field.Tag.Get("bson"), ",")
		if name == "" && !field.Anonymous {
			name = strings.ToLower(field.Name)
		}
		if name == keysField || name == deletedField {
			return fmt.Errorf("%T has a field %q, which belongs to the store", doc, name)
		}
	}
	return nil
}

// metaOf reaches the Meta of a document whose type checkType has passed.
func metaOf[T any](doc *T) *Meta {
	return any(doc).(interface{ Metadata() *Meta }).Metadata()
}
