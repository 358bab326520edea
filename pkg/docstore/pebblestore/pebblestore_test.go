package pebblestore_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/docstore/storetest"
)

func TestConformance(t *testing.T) {
	defer goleak.VerifyNone(t)
	t.Run("Memory", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) docstore.Engine {
			return open(t, "store", pebblestore.Options{FS: vfs.NewMem()})
		})
	})
	t.Run("Disk", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) docstore.Engine {
			// Small enough to flush and compact in the middle of the tests.
			return open(t, t.TempDir(), pebblestore.Options{MemTableBytes: 256 << 10})
		})
	})
}

func open(t *testing.T, dir string, opts pebblestore.Options) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}
