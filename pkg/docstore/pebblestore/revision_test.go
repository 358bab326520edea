package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// revision is one state of a document, all of whose content follows from its id
// and version, so that any document read back can be checked for being whole.
type revision struct {
	id      string
	version int64
}

// key is the index key; some versions have none, and neighbours share theirs.
func (r revision) key() string {
	if r.version%5 == 4 {
		return ""
	}
	return docstore.Key(docstore.Int(r.version / 2))
}

func (r revision) doc() bson.Raw {
	body := strings.Repeat(fmt.Sprintf("%s@%d ", r.id, r.version), 1+int(r.version*37%60))
	doc := bson.D{
		{Key: "_id", Value: r.id}, {Key: "version", Value: r.version}, {Key: "write_id", Value: "w"},
		{Key: "body", Value: body},
	}
	if key := r.key(); key != "" {
		doc = append(doc, bson.E{Key: "keys", Value: bson.D{{Key: "k", Value: key}}})
	}
	raw, err := bson.Marshal(doc)
	if err != nil {
		panic(err) // it is made of strings and integers
	}
	return raw
}

func (r revision) write() docstore.Write {
	return docstore.Write{ID: r.id, Expect: r.version - 1, Doc: r.doc()}
}

func openTable(t *testing.T, e docstore.Engine) docstore.Table {
	t.Helper()
	table, err := e.Table(t.Context(), layout)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

var layout = docstore.Layout{Name: "revisions", Indexes: []string{"k"}}

func write(t *testing.T, table docstore.Table, writes ...docstore.Write) {
	t.Helper()
	if err := tryWrite(table, writes...); err != nil {
		t.Fatal(err)
	}
}

func tryWrite(table docstore.Table, writes ...docstore.Write) error {
	errs, err := table.Write(context.Background(), writes)
	return errors.Join(append(errs, err)...)
}

// span is from the version that was acknowledged to the last one attempted.
type span struct{ acknowledged, attempted int64 }

// check reads everything and fails unless each document is whole and within its
// span, and the index holds exactly the documents' keys.
func check(t *testing.T, e docstore.Engine, spans map[string]span) {
	t.Helper()
	table := openTable(t, e)
	keys := map[string]string{}
	found := map[string]int64{}
	for entry, err := range table.Scan(t.Context(), docstore.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		r := revision{id: entry.ID, version: entry.Doc.Lookup("version").AsInt64()}
		if string(entry.Doc) != string(r.doc()) {
			t.Fatalf("%+v is not whole: %v", r, entry.Doc)
		}
		found[r.id] = r.version
		if key := r.key(); key != "" {
			keys[r.id] = key
		}
	}
	for id, s := range spans {
		if found[id] < s.acknowledged || found[id] > s.attempted {
			t.Fatalf("%s is at version %d; %d was acknowledged, %d attempted", id, found[id], s.acknowledged, s.attempted)
		}
	}
	for id := range found {
		if _, ok := spans[id]; !ok {
			t.Fatalf("%s was never written", id)
		}
	}
	for entry, err := range table.Scan(t.Context(), docstore.Range{Index: "k"}) {
		if err != nil {
			t.Fatal(err)
		}
		if keys[entry.ID] != entry.Key {
			t.Fatalf("the index has %s under %s, the document says %q", entry.ID, entry.Key, keys[entry.ID])
		}
		delete(keys, entry.ID)
	}
	if len(keys) > 0 {
		t.Fatalf("the index lacks %v", keys)
	}
}
