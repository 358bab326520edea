package pebblestore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// badDisk fails the operations that are chosen while it is on.
type badDisk struct {
	on     atomic.Bool
	chosen func(errorfs.Op) bool
}

func (d *badDisk) inject(op errorfs.Op) error {
	if d.on.Load() && d.chosen(op) {
		return errorfs.ErrInjected
	}
	return nil
}

// When the disk refuses the log, the manifest or a new log, writers get a fault
// within their deadline, the engine says that it cannot serve, the process lives,
// and after a restart all is there that was acknowledged.
func TestDiskFailure(t *testing.T) {
	written := func(op errorfs.Op) bool { return op.Kind.ReadOrWrite() == errorfs.OpIsWrite }
	for name, chosen := range map[string]func(errorfs.Op) bool{
		"LogSync": func(op errorfs.Op) bool {
			return written(op) && strings.HasSuffix(op.Path, ".log") && op.Kind != errorfs.OpCreate
		},
		"NewLog":   func(op errorfs.Op) bool { return op.Kind == errorfs.OpCreate && strings.HasSuffix(op.Path, ".log") },
		"Manifest": func(op errorfs.Op) bool { return written(op) && strings.Contains(op.Path, "MANIFEST") },
		"Full":     written,
	} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewCrashableMem()
			disk := &badDisk{chosen: chosen}
			e, err := pebblestore.Open("store", pebblestore.Options{
				FS: errorfs.Wrap(mem, errorfs.InjectorFunc(disk.inject)), MemTableBytes: 64 << 10, Logger: quiet,
			})
			if err != nil {
				t.Fatal(err)
			}
			j := &journal{spans: map[string]span{}}
			table := openTable(t, e)
			writeUntilFailure(t, table, j, disk)
			if err := e.Ping(t.Context()); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("ping after the failure: %v", err)
			}
			if _, err := table.Get(t.Context(), "w0-000"); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("get after the failure: %v", err)
			}
			if err := e.Close(); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("close after the failure: %v", err)
			}
			check(t, open(t, "store", pebblestore.Options{FS: mem.CrashClone(vfs.CrashCloneCfg{})}), j.snapshot())
		})
	}
}

// writeUntilFailure lets eight writers write, turns the disk bad, and waits until
// each has got its fault.
func writeUntilFailure(t *testing.T, table docstore.Table, j *journal, disk *badDisk) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var acknowledged atomic.Int64
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := 0; ; i++ {
				r := []revision{{id: fmt.Sprintf("w%d-%03d", w, i%100), version: int64(1 + i/100)}}
				j.attempt(r)
				errs, err := table.Write(ctx, []docstore.Write{r[0].write()})
				if err == nil {
					err = errs[0]
				}
				if err != nil {
					if fault.ReasonOf(err) != "STORE_UNAVAILABLE" {
						t.Errorf("writer %d: %v", w, err)
					}
					return
				}
				j.acknowledge(r)
				if acknowledged.Add(1) == 100 {
					disk.on.Store(true)
				}
			}
		})
	}
	group.Wait()
}

// A block that cannot be read is that reader's error alone.
func TestUnreadableBlock(t *testing.T) {
	disk := &badDisk{chosen: func(op errorfs.Op) bool { return op.Kind == errorfs.OpFileReadAt && strings.HasSuffix(op.Path, ".sst") }}
	mem := vfs.NewMem()
	e := open(t, "store", pebblestore.Options{FS: mem})
	write(t, openTable(t, e), revision{"a", 1}.write(), revision{"b", 1}.write())
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	// Opening again flushes the log to a table, which nothing has read yet.
	e = open(t, "store", pebblestore.Options{FS: errorfs.Wrap(mem, errorfs.InjectorFunc(disk.inject)), CacheBytes: 1})
	table := openTable(t, e)
	disk.on.Store(true)
	_, getting := table.Get(t.Context(), "a")
	_, listing := table.GetMany(t.Context(), []string{"a"})
	_, counting := table.Count(t.Context(), docstore.Range{Index: "k"})
	_, writing := table.Write(t.Context(), []docstore.Write{revision{"a", 2}.write()})
	for what, err := range map[string]error{"get": getting, "get many": listing, "count": counting, "write": writing} {
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	disk.on.Store(false)
	check(t, e, map[string]span{"a": {1, 1}, "b": {1, 1}})
}
