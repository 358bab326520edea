package pebblestore_test

import (
	"io"
	"log/slog"
	"os"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/docstore/storetest"
	"github.com/kehuhq/kehu/pkg/fault"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
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
	t.Run("Volatile", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) docstore.Engine {
			return open(t, t.TempDir(), pebblestore.Options{MemTableBytes: 256 << 10, Volatile: true})
		})
	})
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, pebblestore.Options{})
	write(t, openTable(t, first), revision{id: "a", version: 1}.write())
	if _, err := pebblestore.Open(dir, pebblestore.Options{}); fault.ReasonOf(err) != "STORE_IN_USE" {
		t.Fatalf("open for the second time: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, open(t, dir, pebblestore.Options{}), map[string]span{"a": {1, 1}})
}

func TestOpenWhereNothingCanBe(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := pebblestore.Open(file, pebblestore.Options{})
	if fault.KindOf(err) != fault.Unavailable || fault.ReasonOf(err) != "STORE_UNAVAILABLE" {
		t.Fatalf("open of a plain file: %v", err)
	}
}

// Close while a scan is under way ends the scan and waits for it.
func TestCloseDuringScan(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	e := open(t, "store", pebblestore.Options{FS: vfs.NewMem()})
	table := openTable(t, e)
	for i := range 200 {
		write(t, table, revision{id: docstore.ID(string(rune('A' + i))), version: 1}.write())
	}
	closed := make(chan error, 1)
	n := 0
	var last error
	for _, err := range table.Scan(t.Context(), docstore.Range{}) {
		if n++; n == 1 {
			go func() { closed <- e.Close() }()
			for e.Ping(t.Context()) == nil { // until Close has begun
			}
		}
		last = err
	}
	if fault.KindOf(last) != fault.Unavailable {
		t.Errorf("the scan met %d entries and ended with %v", n, last)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func open(t *testing.T, dir string, opts pebblestore.Options) docstore.Engine {
	t.Helper()
	opts.Logger = quiet
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
