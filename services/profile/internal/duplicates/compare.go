package duplicates

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/duplicates/comparison"
)

// loaded is about how many customers are read and held to compare a batch of
// blocks; one block more may come on top.
const loaded = 4000

// block is customers with something in common.
type block struct {
	id        string
	customers []string
}

// compare walks over the blocks and compares the customers in each.
func (d *Duplicates) compare(ctx context.Context, run *findRun, s *search, least float64) error {
	w := &walk{d: d, run: run, s: s, least: least, population: d.blocks.population(ctx, s.Generation, s.Customers)}
	r := docstore.Within(s.Generation)
	if s.After != "" {
		r.From = docstore.PrefixEnd(s.After + "!")
	}
	for e, err := range d.blocks.places.ScanRaw(ctx, r) {
		if err != nil {
			return err
		}
		id, customer := split(e.ID)
		if id != w.at.id {
			if err := w.next(ctx, id); err != nil {
				return err
			}
		}
		w.size++
		if w.size <= maxBlock {
			w.at.customers = append(w.at.customers, customer)
		}
	}
	if err := w.next(ctx, ""); err != nil {
		return err
	}
	if err := w.flush(ctx); err != nil {
		return err
	}
	s.Stage, s.After = settling, ""
	return run.Checkpoint(ctx, *s)
}

// walk is a pass over the blocks.
type walk struct {
	d          *Duplicates
	run        *findRun
	s          *search
	least      float64
	population *population

	at   block // that is being read
	size int64 // of it, so far

	batch   []block // to be compared
	last    string  // the last block that was read whole
	waiting int     // customers in batch
	places  int64   // walked over since the last checkpoint
}

// next ends the block being read and begins another.
func (w *walk) next(ctx context.Context, id string) error {
	w.places += w.size
	if w.size > 1 {
		switch kind := kindOf(w.at.id); {
		case !(comparison.Key{Kind: kind}).Blocks(): // counted only
		case w.size > maxBlock:
			w.s.Skipped[kind] = w.s.Skipped[kind].with(w.size)
		default:
			w.batch = append(w.batch, w.at)
			w.waiting += len(w.at.customers)
		}
	}
	w.last = w.at.id
	w.at, w.size = block{id: id}, 0
	if w.waiting < loaded && w.places < 10*checkpointEvery {
		return nil
	}
	return w.flush(ctx)
}

// flush compares what waits, and makes it durable that it was.
func (w *walk) flush(ctx context.Context) error {
	if err := w.compareBatch(ctx); err != nil {
		return err
	}
	w.s.Places += w.places
	w.s.After = w.last
	w.batch, w.waiting, w.places = w.batch[:0], 0, 0
	w.run.Progress(w.s.Places, 0, comparing)
	return w.run.Checkpoint(ctx, *w.s)
}

func (w *walk) compareBatch(ctx context.Context) error {
	records, err := w.d.load(ctx, w.batch)
	if err != nil {
		return err
	}
	type couple struct{ a, b string }
	done := map[couple]bool{} // in this batch; across batches proposing is idempotent
	for _, b := range w.batch {
		w.s.Blocks++
		for i, x := range b.customers {
			for _, y := range b.customers[i+1:] {
				if records[x] == nil || records[y] == nil || done[couple{x, y}] {
					continue // deleted or merged meanwhile
				}
				done[couple{x, y}] = true
				w.s.Comparisons++
				result := comparison.Score(records[x], records[y], w.population)
				if w.population.err != nil {
					return w.population.err
				}
				if result.Score < w.least {
					continue
				}
				f := found{x, y, result, w.s.Generation, w.s.Customers, w.s.AsOf}
				if _, err := w.d.candidates.propose(ctx, f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// load reads the customers of blocks, by their ids.
func (d *Duplicates) load(ctx context.Context, batch []block) (map[string]*comparison.Prepared, error) {
	records := map[string]*comparison.Prepared{}
	var ids []string
	for _, b := range batch {
		for _, id := range b.customers {
			if _, known := records[id]; !known {
				records[id] = nil
				ids = append(ids, id)
			}
		}
	}
	customers, err := d.customers.Views(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, c := range customers {
		if c != nil && c.ID == ids[i] { // a merged record is compared as its survivor
			records[ids[i]] = prepared(c)
		}
	}
	return records, nil
}
