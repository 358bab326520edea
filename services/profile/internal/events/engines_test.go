package events

import (
	"context"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onPebble returns an embedded engine in memory, closed when the test ends.
func onPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 20})
	must(t, err)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return e
}

// onEach runs a test on every engine. Without a MongoDB that half is skipped, and
// says so.
func onEach(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("Pebble", func(t *testing.T) { test(t, onPebble(t)) })
	t.Run("MongoDB", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// families are merges as a test declares them: the merged by survivor.
type families map[string][]string

func (f families) Members(_ context.Context, id string) (string, []string, error) {
	for root, merged := range f {
		for _, m := range append([]string{root}, merged...) {
			if m == id {
				return root, append([]string{root}, merged...), nil
			}
		}
	}
	return id, []string{id}, nil
}

func (f families) All(context.Context) (map[string][]string, error) { return f, nil }
