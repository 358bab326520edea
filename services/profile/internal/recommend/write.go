package recommend

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// pair counts the pairs of items block by block, so that the counts held at a
// time are bounded, and writes the items of each block with their neighbours.
func (t *training) pair(ctx context.Context, c *catalogue, ranking *ranking) error {
	items := len(ranking.places)
	views := c.figures.Views > 0
	size := blockSize(items, views, t.bounds.cells)
	for t.at.Done < items {
		low := t.at.Done
		t.run.Progress(int64(low), int64(items), "counting pairs")
		block := newCounts(low, min(low+size, items), items, views)
		if err := t.count(ctx, block, ranking); err != nil {
			return err
		}
		docs, pairs := t.rows(block, c, ranking)
		if err := write(ctx, t.tables.items, docs); err != nil {
			return err
		}
		t.at.Done, t.at.Pairs = block.high, t.at.Pairs+pairs
		if err := t.checkpoint(ctx); err != nil {
			return err
		}
	}
	return nil
}

// count reads all staged customers into a block.
func (t *training) count(ctx context.Context, block *counts, ranking *ranking) error {
	ranks := func(to, places []int32) []int32 {
		for _, place := range places {
			if rank := ranking.rankOf[place]; rank >= 0 {
				to = append(to, rank)
			}
		}
		return to
	}
	var bought, viewed []int32
	for p, err := range t.staged(ctx) {
		if err != nil {
			return err
		}
		err = p.each(func(r *row) {
			bought, viewed = ranks(bought[:0], r.bought), ranks(viewed[:0], r.viewed)
			block.add(bought, viewed)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rows are the items of a block.
func (t *training) rows(block *counts, c *catalogue, ranking *ranking) (docs []*item, pairs int64) {
	p := &t.at.Policy
	base := func(rank int) float64 {
		return float64(c.entries[ranking.places[rank]].buyers) / float64(c.figures.Customers)
	}
	for rank := block.low; rank < block.high; rank++ {
		e := &c.entries[ranking.places[rank]]
		line := (rank - block.low) * block.width
		with := neighbours(block.bought[line:line+block.width], rank, false, e.buyers, base, p)
		doc := &item{
			SKU: e.sku, Category: e.category, Buyers: e.buyers, Again: e.again, Viewers: e.viewers, Bought: pack(with),
		}
		pairs += int64(len(with))
		if block.viewed != nil && e.viewers >= p.MinBuyers {
			with = neighbours(block.viewed[line:line+block.width], rank, true, e.viewers, base, p)
			doc.Viewed = pack(with)
			pairs += int64(len(with))
		}
		doc.ID = itemID(t.id, rank)
		docs = append(docs, doc)
	}
	return docs, pairs
}

// writeRest writes the categories and the search gaps, and returns how many of
// the latter are listed.
func (t *training) writeRest(ctx context.Context, c *catalogue) (gaps int64, err error) {
	doc := &chain{Names: c.categories.names}
	doc.ID = docstore.ID(t.id)
	for _, s := range c.categories.sums() {
		doc.Sums = binary.AppendVarint(doc.Sums, int64(s.From))
		doc.Sums = binary.AppendVarint(doc.Sums, int64(s.To))
		doc.Sums = binary.AppendVarint(doc.Sums, s.N)
	}
	if err := write(ctx, t.tables.categories, []*chain{doc}); err != nil {
		return 0, err
	}
	var rows []*gapRow
	for term, g := range c.terms {
		if g.Customers < t.at.Policy.MinSearchers {
			continue
		}
		row := &gapRow{Term: term, Gap: *g}
		row.ID = docstore.ID(t.id, term)
		rows = append(rows, row)
	}
	return int64(len(rows)), write(ctx, t.tables.gaps, rows)
}

// publish is the write from which on suggestions and lists are of this model.
func (t *training) publish(ctx context.Context) (*model, error) {
	before, err := t.tables.current(ctx)
	if err != nil {
		return nil, err
	}
	now := t.deps.Clock().UTC().Truncate(time.Millisecond)
	if before != nil && !now.After(before.Published) {
		now = before.Published.Add(time.Millisecond)
	}
	m, err := t.tables.models.Update(ctx, docstore.ID(t.id), func(m *model) error {
		if m.State != Training {
			return docstore.ErrUnchanged // by an earlier run
		}
		m.State, m.Published = Published, now
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, t.tables.supersede(ctx, now)
}
