package importer

import (
	"cmp"
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

type appendStream = grpc.BidiStreamingServer[profilev1.AppendImportRequest, profilev1.AppendImportResponse]

// StreamImport takes in a stream of chunks. While a batch is being written the
// next chunks are received and the next batch grows: batches are as large as the
// store is slow, within their bounds.
func (i *Importer) StreamImport(stream appendStream) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	first, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		return fault.Invalid("name", "must be given in the first message of the stream")
	}
	if err != nil {
		return err
	}
	f, err := i.named(ctx, first.GetName())
	if err != nil {
		return err
	}
	if arrived(f, first) {
		return stream.Send(ack(f))
	}
	p, err := i.parser(ctx, f.clone())
	if err != nil {
		return err
	}
	u := &upload{parser: p, offset: f.Mark.Offset, name: first.GetName(), arrivals: make(chan arrival), batches: make(chan *batch)}
	go u.receive(ctx, stream, first) // its last Recv ends with the call
	read := make(chan error, 1)
	go func() { read <- u.read(ctx) }()
	k := keep(f.Meta, func(f *file) error {
		err := i.save(ctx, f)
		if err == nil {
			err = stream.Send(ack(f))
		}
		if err != nil {
			cancel() // what is recorded from here on is in vain
		}
		return err
	})
	for b := range u.batches {
		if err := i.record(ctx, f, b); err != nil {
			return cmp.Or(k.end(), err)
		}
		f.advance(b)
		k.hand(f.clone())
	}
	return cmp.Or(k.end(), <-read)
}

// keeper stores how far an import has come while the next batch is being
// recorded. Where several batches are recorded meanwhile it stores the latest.
type keeper struct {
	latest chan *file
	ended  chan error
}

// keep starts a keeper on the document last stored.
func keep(stored docstore.Meta, save func(*file) error) *keeper {
	k := &keeper{latest: make(chan *file, 1), ended: make(chan error, 1)}
	go func() {
		var err error
		for f := range k.latest {
			f.Meta = stored
			if err == nil {
				err = save(f)
			}
			stored = f.Meta
		}
		k.ended <- err
	}()
	return k
}

// hand gives the keeper what is to be stored. Only one goroutine may call it.
func (k *keeper) hand(f *file) {
	select {
	case k.latest <- f:
		return
	default:
	}
	select {
	case <-k.latest: // not yet begun, and out of date
	default:
	}
	k.latest <- f
}

// end waits until the last handed over is stored, and returns the first error.
func (k *keeper) end() error {
	close(k.latest)
	return <-k.ended
}

// upload is a stream on its way from chunks to batches.
type upload struct {
	name     string
	offset   int64 // of the chunk that comes next
	parser   *parser
	arrivals chan arrival
	batches  chan *batch
}

// arrival is a chunk, or why there are no more.
type arrival struct {
	chunk *profilev1.AppendImportRequest
	err   error
}

// receive passes the chunks on until the last one, or the one that is wrong.
func (u *upload) receive(ctx context.Context, stream appendStream, chunk *profilev1.AppendImportRequest) {
	defer close(u.arrivals)
	for {
		err := u.check(chunk)
		select {
		case u.arrivals <- arrival{chunk, err}:
		case <-ctx.Done():
			return
		}
		if err != nil || chunk.GetLast() {
			return
		}
		if chunk, err = stream.Recv(); errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			select {
			case u.arrivals <- arrival{nil, err}:
			case <-ctx.Done():
			}
			return
		}
	}
}

func (u *upload) check(chunk *profilev1.AppendImportRequest) error {
	if name := chunk.GetName(); name != "" && name != u.name {
		return fault.Invalid("name", "must stay %s, or be empty, in all of the stream", u.name)
	}
	err := checkChunk(u.parser.file, u.offset, chunk)
	u.offset += int64(len(chunk.GetData()))
	return err
}

// read turns the chunks into batches. A batch that is not full goes out as soon
// as the one before it is written, and grows until then.
func (u *upload) read(ctx context.Context) error {
	defer close(u.batches)
	for {
		var ready chan<- *batch
		if !u.parser.batch.empty() {
			ready = u.batches
		}
		select {
		case ready <- u.parser.batch:
			u.parser.cut()
		case a, more := <-u.arrivals:
			if !more || a.err != nil {
				return errors.Join(a.err, u.send(ctx))
			}
			if ended, err := u.take(ctx, a.chunk); ended || err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take reads the rows of a chunk and sends the batches that are full. It reports
// whether the file has ended, or cannot be read on.
func (u *upload) take(ctx context.Context, chunk *profilev1.AppendImportRequest) (ended bool, err error) {
	u.parser.feed(chunk.GetData(), chunk.GetLast())
	for full := true; full; {
		if full, err = u.parser.fill(); err != nil {
			return false, err
		}
		ended = u.parser.batch.failure != nil || u.parser.batch.last
		if full || ended {
			if err := u.send(ctx); ended || err != nil {
				return ended, err
			}
		}
	}
	return false, nil
}

// send sends the batch begun, unless there is nothing in it.
func (u *upload) send(ctx context.Context) error {
	if u.parser.batch.empty() {
		return nil
	}
	select {
	case u.batches <- u.parser.batch:
		u.parser.cut()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
