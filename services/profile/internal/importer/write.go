package importer

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/kehuhq/kehu/pkg/fault"
)

// write makes a batch durable: first its records, then the import's document,
// which says so. f becomes what is stored; on an error it stays what it was.
func (i *Importer) write(ctx context.Context, f *file, b *batch) error {
	if err := i.record(ctx, f, b); err != nil {
		return err
	}
	next := f.clone()
	next.advance(b)
	if err := i.save(ctx, next); err != nil {
		return err
	}
	*f = *next
	return nil
}

// record writes the records of a batch and what it refuses. It may be repeated,
// as long as no import's document says that the batch is durable.
func (i *Importer) record(ctx context.Context, f *file, b *batch) error {
	var err error
	switch {
	case len(b.orders) > 0:
		err = i.recordOrders(ctx, f, b)
	case len(b.customers) > 0:
		err = i.recordCustomers(ctx, f, b)
	case len(b.events) > 0:
		err = i.recordEvents(ctx, f, b)
	case len(b.consents) > 0:
		err = i.recordConsents(ctx, f, b)
	case len(b.identities) > 0:
		err = i.recordIdentities(ctx, f, b)
	case len(b.lines) > 0:
		err = i.lines.put(ctx, b.lines)
	}
	if err != nil {
		return err
	}
	return i.rejects.put(ctx, b.rejects)
}

// advance moves an import on behind a batch that is recorded.
func (f *file) advance(b *batch) {
	f.Mark, f.Found = b.mark, b.format
	f.Tally.add(&b.tally)
	f.Warnings = append(f.Warnings, b.warnings...)
	if b.header != nil {
		f.Header = b.header
	}
	switch {
	case b.failure != nil:
		f.fail(b.failure)
	case b.last:
		f.end(b)
	}
}

// save stores how far an import has come, and does what its new state asks for.
func (i *Importer) save(ctx context.Context, f *file) error {
	if err := i.files.replace(ctx, f); err != nil {
		return err
	}
	return i.follow(ctx, f)
}

// end decides what becomes of a file that is there as a whole.
func (f *file) end(b *batch) {
	switch {
	case hex.EncodeToString(b.sum) != f.SHA256:
		f.fail(fault.New(fault.InvalidArgument, "FILE_HASH_MISMATCH",
			"the bytes sent are not those of the file announced: their SHA-256 is %x. The rows taken in so far are kept", b.sum))
	case b.columns.itemLevel():
		f.State = assembling
	default:
		f.finish()
	}
}

// follow does what an import's new state asks for. What is not reached here, the
// sweeper does.
func (i *Importer) follow(ctx context.Context, f *file) error {
	switch f.State {
	case assembling:
		return i.startAssembly(ctx, f)
	case done, failed:
		return i.purge(ctx, f)
	}
	return nil
}

// purge removes what a run kept for its own use.
func (i *Importer) purge(ctx context.Context, f *file) error {
	return errors.Join(i.lines.purge(ctx, f.run()), i.keys.purge(ctx, f.run()))
}
