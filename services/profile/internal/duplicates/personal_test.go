package duplicates

import (
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	"github.com/kehuhq/kehu/services/profile/internal/duplicates/comparison"
)

// plainly names a value by the value.
type plainly struct{}

func (plainly) BlindIndex(_, value string) (string, error) { return value, nil }

func TestErase(t *testing.T) {
	engine, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	ctx := t.Context()
	b, err := openBlocks(ctx, engine, plainly{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	c, err := openCandidates(ctx, engine, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	d := &Duplicates{blocks: b, candidates: c, now: time.Now}
	record := comparison.Prepare(comparison.Record{Name: "王芳", City: "深圳", Phones: []string{"+8613812345678"}})
	if err := b.add(ctx, "g", []entry{{"a", record}, {"a!b", record}, {"c", record}}); err != nil {
		t.Fatal(err)
	}
	if err := b.publish(ctx, edition{Generation: "g", Customers: 3}); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]string{{"a", "c"}, {"a!b", "a"}, {"a!b", "c"}} {
		if _, err := c.propose(ctx, found{a: pair[0], b: pair[1], generation: "g", at: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // and again, where there is nothing left to forget
		if err := d.Erase(ctx, "a"); err != nil {
			t.Fatal(err)
		}
	}
	places := 0
	for e, err := range b.places.ScanRaw(ctx, docstore.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		if places++; strings.HasSuffix(e.ID, "!a") {
			t.Errorf("still there: %s", e.ID)
		}
	}
	if want := 2 * len(record.Keys()); places != want {
		t.Errorf("%d places are left, want %d: those of the two others", places, want)
	}
	left, _, err := c.docs.Page(ctx, docstore.Range{})
	if err != nil || len(left) != 1 || left[0].First != "a!b" || left[0].Second != "c" {
		t.Errorf("candidates left: %v %v", left, err)
	}
}
