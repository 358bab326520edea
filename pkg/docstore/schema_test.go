package docstore

import (
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"
)

type note struct {
	Meta `bson:",inline"`

	Text string `bson:"text"`
}

func TestSchemaThatCannotWork(t *testing.T) {
	key := func(*note) string { return "" }
	for want, s := range map[string]Schema[note]{
		"collection name":    {Name: "Notes"},
		"index name":         {Name: "notes", Indexes: []Index[note]{{Name: "by text", Key: key}}},
		"reserved":           {Name: "notes", Indexes: []Index[note]{{Name: "changes", Key: key}}},
		"two indexes":        {Name: "notes", Indexes: []Index[note]{{Name: "a", Key: key}, {Name: "a", Key: key}}},
		"has no key func":    {Name: "notes", Indexes: []Index[note]{{Name: "a"}}},
		"does not match ^[a": {},
	} {
		if _, err := s.layout(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
	type bare struct{ Text string }
	type nested struct{ Meta }
	type ownKeys struct {
		Meta `bson:",inline"`
		Keys []string
	}
	type ownMark struct {
		Meta `bson:",inline"`
		Gone bool `bson:"deleted,omitempty"`
	}
	for want, err := range map[string]error{
		"does not embed": checkType[bare](), "without `bson": checkType[nested](),
		`"keys", which belongs`: checkType[ownKeys](), `"deleted", which belongs`: checkType[ownMark](),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// The index keys are spliced into the document as BSON would have it, and what is
// a tombstone is told from what is not.
func TestEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Collection[note]{name: "notes", changes: rapid.Bool().Draw(t, "changes")}
		if rapid.Bool().Draw(t, "indexed") {
			c.indexes = []Index[note]{{Name: "by_text", Key: func(n *note) string { return Key(String(n.Text)) }}}
		}
		doc := &note{
			Meta: Meta{
				ID: ID(rapid.String().Draw(t, "id")), Version: rapid.Int64Min(1).Draw(t, "version"),
				UpdatedAt: time.UnixMilli(rapid.Int64Range(0, 1e13).Draw(t, "at")).UTC(), WriteID: newWriteID(),
				Deleted: rapid.Bool().Draw(t, "deleted"),
			},
			Text: rapid.String().Draw(t, "text"),
		}
		raw, err := c.encode(doc)
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Validate(); err != nil {
			t.Fatalf("%v in %x", err, []byte(raw))
		}
		if isTombstone(raw) != doc.Deleted {
			t.Fatalf("taken for a tombstone: %v, deleted: %v", isTombstone(raw), doc.Deleted)
		}
		got, err := c.decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		meta, err := c.decodeMeta(raw)
		if err != nil || meta != doc.Meta {
			t.Fatalf("%+v became %+v, %v", doc.Meta, meta, err)
		}
		var added struct{ Keys map[string]string }
		if err := bson.Unmarshal(raw, &added); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		if c.changes {
			want["changes"] = Key(Time(doc.UpdatedAt))
		}
		if doc.Deleted {
			want["tombstones"] = doc.ID
		} else if c.indexes != nil && doc.Text != "" {
			want["by_text"] = Key(String(doc.Text))
		}
		if len(added.Keys) != len(want) || !doc.Deleted && *got != *doc {
			t.Fatalf("%+v became %+v, want keys %v", doc, got, want)
		}
		for index, key := range want {
			if added.Keys[index] != key {
				t.Fatalf("keys %v, want %v", added.Keys, want)
			}
		}
		for n := range raw { // whatever is cut off, it is no reason to panic
			isTombstone(raw[:n])
		}
	})
}

func TestEncodeRefusesAKeyOfItsOwnMaking(t *testing.T) {
	c := &Collection[note]{name: "notes", indexes: []Index[note]{{Name: "a", Key: func(n *note) string { return n.Text }}}}
	if _, err := c.encode(&note{Meta: Meta{ID: "a"}, Text: "客户"}); err == nil {
		t.Error("a key that no engine could order was accepted")
	}
}
