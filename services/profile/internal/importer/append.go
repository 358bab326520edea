package importer

import (
	"context"
	"strconv"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// AppendImport takes in one chunk.
func (i *Importer) AppendImport(ctx context.Context, r *profilev1.AppendImportRequest) (*profilev1.AppendImportResponse, error) {
	f, err := i.named(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	if arrived(f, r) {
		return ack(f), nil
	}
	if err := checkChunk(f, f.Mark.Offset, r); err != nil {
		return nil, err
	}
	p, err := i.parser(ctx, f)
	if err != nil {
		return nil, err
	}
	p.feed(r.GetData(), r.GetLast())
	for full := true; full && f.State == receiving; {
		if full, err = p.fill(); err != nil {
			return nil, err
		}
		b := p.cut()
		if b.empty() {
			break
		}
		if err := i.write(ctx, f, b); err != nil {
			return nil, err
		}
	}
	return ack(f), nil
}

// arrived reports whether the chunk is the end of a file that was taken in
// already: its acknowledgement was lost.
func arrived(f *file, r *profilev1.AppendImportRequest) bool {
	return (f.State == assembling || f.State == done) && r.GetLast() && r.GetOffset()+int64(len(r.GetData())) == f.Bytes
}

// checkChunk reports a chunk that cannot be taken in where the next byte expected
// is that at offset.
func checkChunk(f *file, offset int64, r *profilev1.AppendImportRequest) error {
	end := r.GetOffset() + int64(len(r.GetData()))
	switch {
	case f.State == failed:
		return fault.New(fault.FailedPrecondition, "IMPORT_FAILED", "the import has failed: %s. Announce the file again to begin anew", f.Failure.Message)
	case f.State != receiving:
		return fault.New(fault.FailedPrecondition, "IMPORT_COMPLETE", "the import has the whole file already")
	case r.GetOffset() != offset:
		f := fault.New(fault.FailedPrecondition, "IMPORT_OFFSET_MISMATCH", "offset: must be %d, is %d", offset, r.GetOffset())
		f.Violations = []fault.Violation{{Field: "offset", Description: "must be " + strconv.FormatInt(offset, 10)}}
		return f.With("expected_offset", strconv.FormatInt(offset, 10))
	case end > f.Bytes:
		return fault.Invalid("data", "goes on to byte %d of a file that was announced with %d", end, f.Bytes)
	case r.GetLast() && end != f.Bytes:
		return fault.Invalid("last", "must not be set at byte %d of a file that was announced with %d", end, f.Bytes)
	}
	return nil
}
