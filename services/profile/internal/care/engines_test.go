package care_test

import (
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

// TestMain keeps the server's log of every call out of the tests' output.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}

// onPebble returns an embedded engine in memory, closed when the test ends.
func onPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
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
