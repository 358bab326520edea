// Package storecopy moves the documents of a service from one storage engine
// to another, tombstones and all, and proves that none was lost or changed.
package storecopy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Batches hold at most so many documents and bytes.
const (
	batchDocs  = 1000
	batchBytes = 4 << 20
)

// Result is what became of one table.
type Result struct {
	Table     string `json:"table"`
	Documents int64  `json:"documents"`
	SHA256    string `json:"sha256"` // over all documents in the order of their ids
}

// Copy copies one table and verifies the copy. The destination must be empty;
// with resume it may hold the beginning of the same table, behind which the
// copy goes on. moved is told how many documents have been copied.
func Copy(ctx context.Context, from, to docstore.Engine, layout docstore.Layout, resume bool, moved func(int64)) (Result, error) {
	source, err := from.Table(ctx, layout)
	if err != nil {
		return Result{}, err
	}
	target, err := to.Table(ctx, layout)
	if err != nil {
		return Result{}, err
	}
	last, err := lastID(ctx, target)
	if err != nil {
		return Result{}, err
	}
	if last != "" && !resume {
		return Result{}, fault.New(fault.FailedPrecondition, "DESTINATION_NOT_EMPTY",
			"table %s of the destination holds documents already; to go on with a copy that broke off, add --resume", layout.Name)
	}
	if err := copyBehind(ctx, source, target, last, moved); err != nil {
		return Result{}, err
	}
	return verify(ctx, source, target, layout.Name)
}

func lastID(ctx context.Context, t docstore.Table) (string, error) {
	for entry, err := range t.Scan(ctx, docstore.Range{Reverse: true, Limit: 1}) {
		return entry.ID, err
	}
	return "", nil
}

func copyBehind(ctx context.Context, source, target docstore.Table, last string, moved func(int64)) error {
	var batch []docstore.Write
	var size int
	var done int64
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		results, err := target.Write(ctx, batch)
		if err := errors.Join(append(results, err)...); err != nil {
			return err
		}
		done += int64(len(batch))
		moved(done)
		batch, size = batch[:0], 0
		return nil
	}
	within := docstore.Range{}
	if last != "" {
		within.After = &docstore.Position{ID: last}
	}
	for entry, err := range source.Scan(ctx, within) {
		if err != nil {
			return err
		}
		batch = append(batch, docstore.Write{ID: entry.ID, Expect: docstore.Any, Doc: slices.Clone(entry.Doc)})
		if size += len(entry.Doc); len(batch) == batchDocs || size >= batchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// verify compares count and hash of both tables.
func verify(ctx context.Context, source, target docstore.Table, name string) (Result, error) {
	want, err := digest(ctx, source, name)
	if err != nil {
		return Result{}, err
	}
	got, err := digest(ctx, target, name)
	if err != nil {
		return Result{}, err
	}
	if got != want {
		return got, fault.New(fault.FailedPrecondition, "COPY_DIFFERS",
			"table %s differs: %d documents (sha256 %.12s…) in the source, %d (%.12s…) in the destination; was one of them written to meanwhile?",
			name, want.Documents, want.SHA256, got.Documents, got.SHA256)
	}
	return got, nil
}

func digest(ctx context.Context, t docstore.Table, name string) (Result, error) {
	sum := sha256.New()
	var documents int64
	for entry, err := range t.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return Result{}, err
		}
		documents++
		sum.Write(entry.Doc) // its length is its first four bytes: the hash tells where one ends
	}
	return Result{Table: name, Documents: documents, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// Describe is a line about a table that was copied.
func (r Result) Describe() string {
	return fmt.Sprintf("%d documents, sha256 %.16s…", r.Documents, r.SHA256)
}
