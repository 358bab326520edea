package duplicates

import (
	"cmp"
	"context"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/duplicates/comparison"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// FindDuplicates compares one customer with those it has something in common with.
func (d *Duplicates) FindDuplicates(ctx context.Context, r *profilev1.FindDuplicatesRequest) (*profilev1.FindDuplicatesResponse, error) {
	least, err := minScore(r.GetMinScore())
	if err != nil {
		return nil, err
	}
	id, err := parseName("name", r.GetName(), customerPattern)
	if err != nil {
		return nil, err
	}
	e, err := d.blocks.edition(ctx)
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, fault.New(fault.FailedPrecondition, "DUPLICATES_NOT_INDEXED",
			"there is nothing to compare with yet: call duplicateCandidates:find once, and wait for its end")
	}
	both, err := d.customers.Views(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	if both[0] == nil {
		return nil, store.CustomerNotFound(id)
	}
	c := &check{d: d, edition: e, id: both[0].ID, record: prepared(both[0]), least: least, write: !r.GetValidateOnly()}
	return c.run(ctx)
}

// check compares one customer.
type check struct {
	d       *Duplicates
	edition *edition
	id      string
	record  *comparison.Prepared
	least   float64
	write   bool
}

func (c *check) run(ctx context.Context) (*profilev1.FindDuplicatesResponse, error) {
	if c.write { // so that the next one to be checked is compared with this one
		if err := c.d.blocks.add(ctx, c.edition.Generation, []entry{{c.id, c.record}}); err != nil {
			return nil, err
		}
	}
	others, left, err := c.others(ctx)
	if err != nil {
		return nil, err
	}
	records, err := c.d.load(ctx, []block{{customers: others}})
	if err != nil {
		return nil, err
	}
	population := c.d.blocks.population(ctx, c.edition.Generation, c.edition.Customers)
	var candidates []*candidate
	for _, other := range others {
		if records[other] == nil {
			continue
		}
		f := found{
			a: c.id, b: other, result: comparison.Score(c.record, records[other], population),
			generation: c.edition.Generation, population: c.edition.Customers, at: c.d.instant(),
		}
		if population.err != nil {
			return nil, population.err
		}
		if f.result.Score < c.least {
			continue
		}
		candidate, err := c.propose(ctx, f)
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, candidate)
	}
	slices.SortFunc(candidates, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.Bits, a.Bits), cmp.Compare(a.ID, b.ID))
	})
	answer := &profilev1.FindDuplicatesResponse{
		IndexTime: timestamppb.New(c.edition.AsOf), PopulationSize: c.edition.Customers, SkippedBlocks: skippedProtos(left),
	}
	for _, candidate := range candidates {
		answer.Candidates = append(answer.Candidates, candidate.message())
	}
	return answer, nil
}

// others are the customers that have something in common with this one.
func (c *check) others(ctx context.Context) (ids []string, left map[string]skipped, err error) {
	left = map[string]skipped{}
	known := map[string]bool{c.id: true}
	for _, key := range c.record.Keys() {
		if !key.Blocks() {
			continue
		}
		id, err := c.d.blocks.block(c.edition.Generation, key)
		if err != nil {
			return nil, nil, err
		}
		customers, size, err := c.d.blocks.in(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		if size > maxBlock {
			left[key.Kind] = left[key.Kind].with(size)
		}
		for _, other := range customers {
			if !known[other] {
				known[other] = true
				ids = append(ids, other)
			}
		}
	}
	slices.Sort(ids)
	return ids, left, nil
}

// propose records what was found; without writing, it tells what is recorded.
func (c *check) propose(ctx context.Context, f found) (*candidate, error) {
	if c.write {
		return c.d.candidates.propose(ctx, f)
	}
	id, first, second := pair(f.a, f.b)
	stored, err := c.d.candidates.docs.GetMany(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	shown := &candidate{First: first, Second: second, State: open, CreatedAt: f.at}
	shown.ID = id
	if stored[0] != nil {
		shown = stored[0]
	}
	shown.Score, shown.Bits, shown.Prior, shown.Reasons = f.result.Score, f.result.Bits, f.result.Prior, f.result.Reasons
	shown.Population, shown.ComparedAt = f.population, f.at
	return shown, nil
}
