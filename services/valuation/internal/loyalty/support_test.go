package loyalty

import (
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// field is the first field that an error names.
func field(err error) string {
	f, ok := fault.As(err)
	if !ok || len(f.Violations) == 0 {
		return ""
	}
	return f.Violations[0].Field
}

func trimmed(name string) string { return strings.TrimSpace(name) }

var today = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func onPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// onEach runs a test on every engine.
func onEach(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("Pebble", func(t *testing.T) { test(t, onPebble(t)) })
	t.Run("MongoDB", func(t *testing.T) { test(t, mongotest.Open(t)) })
}
