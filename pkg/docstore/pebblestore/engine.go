// Package pebblestore keeps a service's tables in one directory, on Pebble.
//
// A write is acknowledged once it is on disk; the commits of concurrent writers
// share one sync. A failure of the write-ahead log or of the manifest ends the
// engine's service: every call is answered Unavailable until the process has
// been restarted, when Pebble's recovery finds all that was acknowledged.
package pebblestore

import (
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Options changes an engine from its defaults. The zero value is good.
type Options struct {
	// CacheBytes bounds a cache of uncompressed blocks of this engine's own; by
	// default it shares one of 64 MiB with all others of the process.
	CacheBytes int64
	// MemTableBytes is how much is written before a table is flushed; 16 MiB by
	// default. Up to four may be in memory at once under a heavy load.
	MemTableBytes uint64
	// Volatile keeps no write-ahead log: what is written need not survive the
	// process, and after one that ended badly the store is to be thrown away.
	Volatile bool
	// FS is the file system, the real one by default.
	FS vfs.FS
	// Logger receives what goes wrong in the background; slog.Default by default.
	Logger *slog.Logger
}

// formatVersion is the format on disk. It is raised on purpose only: an older
// program cannot open a newer directory.
const formatVersion = pebble.FormatWALSyncChunks

const (
	mib              = 1 << 20
	defaultMemTable  = 16 * mib
	sharedCacheBytes = 64 * mib
	blockBytes       = 16 << 10 // some forty documents: read one, and it is decompressed with its neighbours
)

// sharedCache serves every engine without a cache of its own: the services of
// one process are seldom busy all at once. It lives as long as the process.
var sharedCache = sync.OnceValue(func() *pebble.Cache {
	return pebble.NewCache(sharedCacheBytes + memTableRoom(defaultMemTable))
})

// memTableRoom is what is added to a cache: Pebble takes the memtables' memory
// out of it, and without room for the one being written and the one being
// flushed a busy store caches nothing.
func memTableRoom(size uint64) int64 { return 2 * int64(size) }

func (o Options) pebble(w *watch) *pebble.Options {
	p := &pebble.Options{
		FS:                 o.FS,
		MemTableSize:       o.MemTableBytes,
		MaxOpenFiles:       256,
		FormatMajorVersion: formatVersion,
		DisableWAL:         o.Volatile,
		Logger:             w,
		EventListener:      w.listener(),
	}
	if p.FS == nil {
		p.FS = vfs.Default
	}
	if p.MemTableSize == 0 {
		p.MemTableSize = defaultMemTable
	}
	if o.CacheBytes == 0 {
		p.Cache = sharedCache()
	} else {
		p.CacheSize = o.CacheBytes + memTableRoom(p.MemTableSize)
	}
	p.FS = shredder{logGuard{p.FS, w}}
	p.Cleaner = pebble.ArchiveCleaner{}
	o.shape(p)
	return p
}

// shape makes the store one that is filled in bulk. A document that arrives in no
// order is rewritten each time that its level is merged into the next: files are
// merged rarely and many at a time, and small stores go without the levels
// between the first and the last. Reading pays a little for it, in more files
// that may hold a document; their filters tell most of them apart.
func (o Options) shape(p *pebble.Options) {
	p.L0CompactionThreshold = 32 // at a depth of sixteen: Pebble counts double
	// Writes are never stopped for what is yet to be merged: a merge of large files
	// can take longer than a write may, and reading from many small ones only costs
	// time. A second merge may run beside a large one.
	p.L0StopWritesThreshold = 1000
	p.CompactionConcurrencyRange = func() (lower, upper int) { return 1, 2 }
	p.LBaseMaxBytes = 512 * mib
	p.TargetFileSizes[0] = 8 * mib
	for i := range p.Levels {
		p.Levels[i].BlockSize = blockBytes
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10) // 1 % of false positives
	}
}

// stripes is how many locks the ids of all tables share.
const stripes = 256

type engine struct {
	db    *pebble.DB
	lock  *pebble.Lock
	watch *watch
	// volatile is Options.Volatile: nothing is waited for.
	volatile bool
	// files are the names of those there are.
	files func() ([]string, error)

	seed  maphash.Seed
	locks [stripes]sync.Mutex

	scrubs scrubs

	filtering sync.Mutex
	filters   map[string]*idFilter // by table

	mu       sync.RWMutex // guards closed, and that nothing enters after it
	closed   bool
	closing  atomic.Bool // ends scans
	inflight sync.WaitGroup
}

// Open opens the store in dir, creating it where there is none. While another
// process has it open, the error is a fault with reason STORE_IN_USE.
func Open(dir string, opts Options) (docstore.Engine, error) {
	w := newWatch(dir, opts.Logger)
	p := opts.pebble(w)
	if err := p.FS.MkdirAll(dir, 0o700); err != nil { // it holds personal data
		return nil, openFault(dir, err)
	}
	lock, err := pebble.LockDirectory(dir, p.FS)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			return nil, openFault(dir, err)
		}
		return nil, fault.New(fault.Unavailable, "STORE_IN_USE", "the store in %s is in use by another process", dir).Because(err)
	}
	p.Lock = lock
	e := &engine{lock: lock, watch: w, volatile: opts.Volatile, seed: maphash.MakeSeed(), filters: make(map[string]*idFilter)}
	e.files = func() ([]string, error) { return p.FS.List(dir) }
	err = w.guard(context.Background(), func() (err error) {
		e.db, err = pebble.Open(dir, p)
		return err
	})
	if err != nil {
		_ = lock.Close()
		return nil, openFault(dir, err)
	}
	return e, nil
}

func openFault(dir string, err error) error {
	return fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store in %s cannot be opened", dir).Because(err)
}

// Table opens a table. There is nothing to create: the layout is in the keys.
func (e *engine) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	if err := e.Ping(ctx); err != nil {
		return nil, err
	}
	return newTable(e, layout)
}

// filterOf is the filter of a table's ids, which all who open the table share.
func (e *engine) filterOf(table string) *idFilter {
	e.filtering.Lock()
	defer e.filtering.Unlock()
	if e.filters[table] == nil {
		e.filters[table] = newIDFilter()
	}
	return e.filters[table]
}

// Ping reports whether the engine can serve.
func (e *engine) Ping(ctx context.Context) error {
	if err := e.enter(ctx); err != nil {
		return err
	}
	e.inflight.Done()
	return nil
}

// enter begins a call, which e.inflight.Done ends, or says why it cannot be served.
func (e *engine) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return docstore.Fault(err)
	}
	if err := e.watch.failure(); err != nil {
		return err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return errClosed()
	}
	e.inflight.Add(1)
	return nil
}

// Close ends scans, waits for the calls under way and closes the store. The loop
// that a scan feeds must not wait for Close. Closing again does nothing.
func (e *engine) Close() error {
	e.mu.Lock()
	again := e.closed
	e.closed = true
	e.mu.Unlock()
	if again {
		return nil
	}
	e.closing.Store(true)
	if err := e.watch.failure(); err != nil {
		// Calls may be stuck behind the failure, and the directory stays locked
		// until the process ends: nothing more is to be written to it.
		return err
	}
	e.inflight.Wait()
	err := e.watch.guard(context.Background(), func() error {
		return errors.Join(e.db.Close(), e.lock.Close())
	})
	if err != nil {
		return storeFault(err)
	}
	return nil
}

func errClosed() error {
	return fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store is closed")
}

// storeFault is the fault of a failed operation of Pebble. Faults pass as they are.
func storeFault(err error) error {
	if _, ok := fault.As(err); ok {
		return err
	}
	return fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store failed").Because(err)
}
