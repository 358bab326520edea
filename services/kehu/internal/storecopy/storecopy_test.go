package storecopy_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/storecopy"
)

type note struct {
	docstore.Meta `bson:",inline"`
	Text          string `bson:"text"`
}

var schema = docstore.Schema[note]{Name: "notes", Changes: true, Indexes: []docstore.Index[note]{
	{Name: "by_text", Key: func(n *note) string { return docstore.Key(docstore.String(n.Text)) }},
}}

// layout is the notes' table, as the collection opens it.
var layout = docstore.Layout{Name: "notes", Indexes: []string{"by_text", "changes"}}

func open(t *testing.T) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("store", pebblestore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func fill(t *testing.T, e docstore.Engine, n int) *docstore.Collection[note] {
	t.Helper()
	notes, err := docstore.Open(t.Context(), e, schema)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		d := &note{Meta: docstore.Meta{ID: fmt.Sprintf("n%05d", i)}, Text: fmt.Sprint("客户 ", i%7)}
		if err := notes.Insert(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if err := notes.Delete(t.Context(), "n00001", docstore.Any); err != nil {
		t.Fatal(err)
	}
	return notes
}

func ignore(int64) {}

func TestThereAndBackAgainIsTheSame(t *testing.T) {
	ctx := t.Context()
	source, back := open(t), open(t)
	there := mongotest.Open(t)
	notes := fill(t, source, 2500)
	first, err := storecopy.Copy(ctx, source, there, layout, false, ignore)
	if err != nil {
		t.Fatal(err)
	}
	second, err := storecopy.Copy(ctx, there, back, layout, false, ignore)
	if err != nil {
		t.Fatal(err)
	}
	if first != second || first.Documents != 2500 {
		t.Errorf("there %+v, back %+v, want 2500 documents, a tombstone among them", first, second)
	}
	restored, err := docstore.Open(ctx, back, schema)
	if err != nil {
		t.Fatal(err)
	}
	byText := docstore.Prefix(docstore.Key(docstore.String("客户 3")))
	byText.Index = "by_text"
	want, err := notes.Count(ctx, byText)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := restored.Count(ctx, byText); err != nil || got != want || got == 0 {
		t.Errorf("index of the copy counts %d, %v; want %d", got, err, want)
	}
}

func TestACopyThatBrokeOffGoesOn(t *testing.T) {
	source, target := open(t), open(t)
	fill(t, source, 3000)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := storecopy.Copy(ctx, source, target, layout, false, func(int64) { cancel() })
	if err == nil {
		t.Fatal("a cancelled copy succeeded")
	}
	_, err = storecopy.Copy(t.Context(), source, target, layout, false, ignore)
	if fault.ReasonOf(err) != "DESTINATION_NOT_EMPTY" {
		t.Fatalf("got %v, want DESTINATION_NOT_EMPTY", err)
	}
	var again int64
	result, err := storecopy.Copy(t.Context(), source, target, layout, true, func(n int64) { again = n })
	if err != nil {
		t.Fatal(err)
	}
	if result.Documents != 3000 || again >= 3000 {
		t.Errorf("%d documents in all, %d of them copied again", result.Documents, again)
	}
}

func TestAForeignDestinationIsNotVerified(t *testing.T) {
	source, target := open(t), open(t)
	fill(t, source, 10)
	fill(t, target, 10) // the same ids, other write ids
	_, err := storecopy.Copy(t.Context(), source, target, layout, true, ignore)
	var f *fault.Fault
	if !errors.As(err, &f) || f.Reason != "COPY_DIFFERS" {
		t.Errorf("got %v, want COPY_DIFFERS", err)
	}
}
