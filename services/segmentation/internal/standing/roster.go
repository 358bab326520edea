package standing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// rosters keeps who is in each segment.
type rosters struct {
	docs *docstore.Collection[blockDoc]
	size int // entries of a new block
}

func openRosters(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*rosters, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[blockDoc]{Name: "rosters"}, docstore.WithClock(clock))
	return &rosters{docs, blockSize}, err
}

// seek finds the block to which a customer belongs, nil where there is none, and
// where the next begins, empty where there is none.
func (s *rosters) seek(ctx context.Context, born int64, customer string) (found *block, next string, err error) {
	all := docstore.Within(digits(born))
	to := all
	to.To = blockID(born, customer) + "!" // the lowest id behind it
	if customer == "" {
		to.To = blockID(born, "") + "!"
	}
	to.Reverse, to.Limit = true, 1
	to.From = blockID(born, "")
	for raw, err := range s.docs.ScanRaw(ctx, to) {
		if err != nil {
			return nil, "", err
		}
		var d packed
		if err := d.read(raw.Doc); err != nil {
			return nil, "", err
		}
		if found, err = readBlock(&d); err != nil {
			return nil, "", err
		}
	}
	if found == nil {
		return nil, "", nil
	}
	behind := docstore.Range{From: found.id + "!", To: all.To, Limit: 1}
	for raw, err := range s.docs.ScanRaw(ctx, behind) {
		if err != nil {
			return nil, "", err
		}
		next, _ = cutBlockID(raw.ID)
	}
	if next != "" {
		found.trim(next)
	}
	return found, next, nil
}

// apply makes the changes of a part of a pass, in the order of customers. What has
// been applied is not again.
func (s *rosters) apply(ctx context.Context, born int64, changes []change, at instantOf, part, floor int64) error {
	var first, then []docstore.Op[blockDoc]
	for len(changes) > 0 {
		b, next, err := s.seek(ctx, born, changes[0].customer)
		if err != nil {
			return err
		}
		if b == nil {
			b = &block{id: blockID(born, "")}
		}
		n := len(changes)
		if next != "" {
			for n = 1; n < len(changes) && changes[n].customer < next; {
				n++
			}
		}
		own := changes[:n]
		changes = changes[n:]
		if b.applied(at.generation, part) {
			continue
		}
		b.apply(own, at, floor)
		b.generation, b.part = at.generation, part
		// A new block is there before the old one lets go of what is in it.
		for _, further := range b.split(born, s.size) {
			first = append(first, docstore.Op[blockDoc]{Doc: further.doc(), Expect: docstore.Absent})
		}
		then = append(then, docstore.Op[blockDoc]{Doc: b.doc(), Expect: b.version})
		if len(first)+len(then) >= blocksAtOnce {
			if err := s.write(ctx, first, then); err != nil {
				return err
			}
			first, then = nil, nil
		}
	}
	return s.write(ctx, first, then)
}

// blocksAtOnce is how many blocks are written together.
const blocksAtOnce = 100

func (s *rosters) write(ctx context.Context, first, then []docstore.Op[blockDoc]) error {
	for _, ops := range [][]docstore.Op[blockDoc]{first, then} {
		if err := writeAll(ctx, s.docs, ops); err != nil {
			return err
		}
	}
	return nil
}

// writeAll writes documents that nobody else may have written meanwhile: whoever has
// is another worker.
func writeAll[T any](ctx context.Context, docs *docstore.Collection[T], ops []docstore.Op[T]) error {
	for len(ops) > 0 {
		part := ops[:min(writeSize, len(ops))]
		ops = ops[len(part):]
		errs, err := docs.Write(ctx, part)
		if err != nil {
			return err
		}
		if err := errors.Join(errs...); err != nil {
			if errors.Is(err, docstore.ErrConflict) {
				return fmt.Errorf("%w: %w", errLost, err)
			}
			return err
		}
	}
	return nil
}

// members yields who is in a segment as of a generation, in the order of escaped
// ids, from behind a customer (empty: from the first).
func (s *rosters) members(ctx context.Context, born, generation int64, after string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		var held *block
		// flush yields a block, once it is known where the next begins.
		flush := func(next string) bool {
			if held == nil {
				return true
			}
			if next != "" {
				held.trim(next)
			}
			for i := range held.entries {
				e := &held.entries[i]
				if e.customer > after && e.in(generation) && !yield(*e, nil) {
					return false
				}
			}
			return true
		}
		r := docstore.Within(digits(born))
		if after != "" {
			first, _, err := s.seek(ctx, born, after)
			if err != nil {
				yield(entry{}, err)
				return
			}
			if first != nil {
				r.From = first.id
			}
		}
		for raw, err := range s.docs.ScanRaw(ctx, r) {
			var d packed
			if err == nil {
				err = d.read(raw.Doc)
			}
			var b *block
			if err == nil {
				b, err = readBlock(&d)
			}
			if err != nil {
				yield(entry{}, err)
				return
			}
			if !flush(b.start) {
				return
			}
			held = b
		}
		flush("")
	}
}

// purge removes the roster of a segment.
func (s *rosters) purge(ctx context.Context, born int64) error {
	return s.docs.Purge(ctx, docstore.Within(digits(born)))
}
