package pebblestore

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
)

const (
	// fewErased is up to how many documents are each compacted by themselves; for
	// more, all of the table is.
	fewErased = 16
	// erasePoll is how often it is looked whether superseded files have gone.
	erasePoll = 5 * time.Millisecond
	// eraseWait is how long at most: what a scan is reading stays until that ends.
	eraseWait = 30 * time.Second
)

// shredder is a file system on which files that Pebble archives are deleted. Were
// they not for its archive, Pebble would keep old logs, with all that was written
// to them, until they are written over.
type shredder struct{ vfs.FS }

// archive is the folder that pebble.ArchiveCleaner moves files into.
const archive = "archive"

// Unwrap returns the file system below.
func (s shredder) Unwrap() vfs.FS { return s.FS }

// MkdirAll makes a folder, but for the archive.
func (s shredder) MkdirAll(dir string, perm os.FileMode) error {
	if s.PathBase(dir) == archive {
		return nil
	}
	return s.FS.MkdirAll(dir, perm)
}

// Rename renames a file, or deletes it where it was to be archived.
func (s shredder) Rename(oldname, newname string) error {
	if s.PathBase(s.PathDir(newname)) == archive {
		return s.Remove(oldname)
	}
	return s.FS.Rename(oldname, newname)
}

// Erase implements docstore.Table: it removes the documents, merges every file
// that may hold a version of one down to the last level, where nothing is left
// of them, and waits until the log and the files before that have been deleted.
// An index entry, which holds a key and an id, may stay in a file until that is
// next merged.
func (t *table) Erase(ctx context.Context, ids []string) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	writes := make([]docstore.Write, len(ids))
	for i, id := range ids {
		writes[i] = docstore.Write{ID: id, Expect: docstore.Any}
	}
	errs, err := t.Write(ctx, writes)
	if err = errors.Join(append(errs, err)...); err != nil {
		return err
	}
	if err := t.enter(ctx); err != nil {
		return err
	}
	return t.watch.guard(ctx, func() error {
		defer t.inflight.Done()
		return t.scrub(ctx, ids)
	})
}

// scrub rewrites what holds the documents of ids, which have been removed.
func (t *table) scrub(ctx context.Context, ids []string) error {
	if len(ids) > fewErased {
		lower, upper := t.documents.bounds(docstore.Range{})
		if err := t.db.Compact(ctx, lower, upper, false); err != nil {
			return storeFault(docstore.Fault(err))
		}
		return t.cleaned(ctx)
	}
	for _, id := range ids {
		key := t.documents.appendDocument(nil, id)
		if err := t.db.Compact(ctx, key, append(slices.Clone(key), end), false); err != nil {
			return storeFault(docstore.Fault(err))
		}
	}
	return t.cleaned(ctx)
}

// scrubs lets calls of Scrub share the work: a rewriting serves all who asked
// before it began.
type scrubs struct {
	asked atomic.Int64
	mu    sync.Mutex
	done  int64 // the last who need not ask again
}

// Scrub implements docstore.Engine.
func (e *engine) Scrub(ctx context.Context) error {
	mine := e.scrubs.asked.Add(1)
	e.scrubs.mu.Lock()
	defer e.scrubs.mu.Unlock()
	if e.scrubs.done >= mine {
		return nil
	}
	serves := e.scrubs.asked.Load()
	if err := e.enter(ctx); err != nil {
		return err
	}
	err := e.watch.guard(ctx, func() error {
		defer e.inflight.Done()
		if err := e.db.Compact(ctx, []byte{0}, []byte{0xff}, true); err != nil {
			return storeFault(docstore.Fault(err))
		}
		return e.cleaned(ctx)
	})
	if err == nil {
		e.scrubs.done = serves
	}
	return err
}

// cleaned waits until the files that have been superseded are deleted. One that
// a scan still reads is deleted when that ends; where that takes too long, the error
// is DeadlineExceeded, and erasing again waits again.
func (e *engine) cleaned(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, eraseWait)
	defer cancel()
	tick := time.NewTicker(erasePoll)
	defer tick.Stop()
	for {
		metrics := e.db.Metrics()
		names, err := e.files()
		if err != nil {
			return storeFault(err)
		}
		logs := int64(0)
		for _, name := range names {
			if strings.HasSuffix(name, ".log") {
				logs++
			}
		}
		if metrics.Table.ObsoleteCount == 0 && metrics.Table.ZombieCount == 0 && logs <= metrics.WAL.Files {
			return nil
		}
		select {
		case <-ctx.Done():
			return docstore.Fault(ctx.Err())
		case <-tick.C:
		}
	}
}
