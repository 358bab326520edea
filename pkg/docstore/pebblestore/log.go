package pebblestore

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// logGuard is a file system on which an operation on the write-ahead log that
// fails does not return: Pebble would panic in a way that no one can recover.
type logGuard struct {
	vfs.FS
	watch *watch
}

// Unwrap returns the file system below.
func (g logGuard) Unwrap() vfs.FS { return g.FS }

// Create creates a file, guarded if it is a log.
func (g logGuard) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := g.FS.Create(name, category)
	return g.guard(name, file, err)
}

// ReuseForWrite turns an old log into a new one.
func (g logGuard) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := g.FS.ReuseForWrite(oldname, newname, category)
	return g.guard(newname, file, err)
}

func (g logGuard) guard(name string, file vfs.File, err error) (vfs.File, error) {
	if !strings.HasSuffix(name, ".log") {
		return file, err
	}
	g.watch.hold(err)
	return logFile{file, g.watch}, nil
}

// logFile is a log being written.
type logFile struct {
	vfs.File
	watch *watch
}

func (f logFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.watch.hold(err)
	return n, nil
}

func (f logFile) Sync() error {
	f.watch.hold(f.File.Sync())
	return nil
}

func (f logFile) SyncData() error {
	f.watch.hold(f.File.SyncData())
	return nil
}

func (f logFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	f.watch.hold(err)
	return full, nil
}

func (f logFile) Close() error {
	f.watch.hold(f.File.Close())
	return nil
}

// hold returns if err is nil. Otherwise it fails the engine and never returns.
func (w *watch) hold(err error) {
	if err != nil {
		w.fail(fmt.Errorf("write-ahead log: %w", err))
		select {}
	}
}
