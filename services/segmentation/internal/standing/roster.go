package standing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
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
	var w splits
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
		if w.add(b, b.split(born, s.size)); len(w.blocks) >= blocksAtOnce {
			if err := s.write(ctx, w); err != nil {
				return err
			}
			w = splits{}
		}
	}
	return s.write(ctx, w)
}

// splits are blocks to be written, and those that were split off from them. Of one
// block the last is written first: as a block ends where the next begins, none lets go
// of anything before it is in another. waves are those that may be written together.
type splits struct {
	waves  [][]docstore.Op[blockDoc]
	blocks []docstore.Op[blockDoc]
}

func (w *splits) add(b *block, further []*block) {
	for i, f := range slices.Backward(further) {
		wave := len(further) - 1 - i
		if wave == len(w.waves) {
			w.waves = append(w.waves, nil)
		}
		w.waves[wave] = append(w.waves[wave], docstore.Op[blockDoc]{Doc: f.doc(), Expect: docstore.Absent})
	}
	w.blocks = append(w.blocks, docstore.Op[blockDoc]{Doc: b.doc(), Expect: b.version})
}

// blocksAtOnce is how many blocks are written together.
const blocksAtOnce = 100

func (s *rosters) write(ctx context.Context, w splits) error {
	for _, wave := range w.waves {
		if err := writeAll(ctx, s.docs, wave); err != nil {
			return err
		}
	}
	return writeAll(ctx, s.docs, w.blocks)
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
