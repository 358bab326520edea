package standing

import (
	"context"
	"iter"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// sampled is how many customers are sampled to cut the base into stripes of about
// the same size.
const sampled = 4000

// everybody evaluates all customers behind the last part that is counted. The base is
// cut into stripes of ids, which are read and evaluated side by side and written one
// after the other.
func (r *run) everybody(ctx context.Context) error {
	cuts, err := r.cuts(ctx)
	if err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	ahead := make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))
	stripes := make(chan chan *part, cap(ahead))
	first := r.pass.Part>>stripeBits + 1
	group.Go(func() error {
		defer close(stripes)
		bounds := slices.Concat([]string{""}, cuts, []string{""})
		if r.pass.After != "" {
			bounds[0] = r.pass.After + "!" // the lowest id behind it
		}
		for i := range len(bounds) - 1 {
			stripe := make(chan *part, 1)
			select {
			case ahead <- struct{}{}:
			case <-groupCtx.Done():
				return groupCtx.Err()
			}
			select {
			case stripes <- stripe:
			case <-groupCtx.Done():
				return groupCtx.Err()
			}
			group.Go(func() error {
				defer func() { <-ahead }()
				defer close(stripe)
				return r.stripe(groupCtx, (first+int64(i))<<stripeBits, bounds[i], bounds[i+1], stripe)
			})
		}
		return nil
	})
	group.Go(func() error {
		for stripe := range stripes {
			for c := range stripe {
				// By the outer context: a write that is broken off may land later.
				if err := r.store(ctx, c); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return group.Wait()
}

// stripeBits is how many bits of a part's number count within its stripe.
const stripeBits = 20

// cuts are the ids at which stripes begin, but for the first.
func (r *run) cuts(ctx context.Context) ([]string, error) {
	sample, population, _, err := r.facts.Sample(ctx, sampled, 0)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(sample))
	for _, f := range sample {
		if id := docstore.ID(f.Customer.ID); id > r.pass.After {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	// Smaller than a part, so that most stripes are one.
	stripes := min(int(population*5/4/r.partCustomers), len(ids))
	var cuts []string
	for i := 1; i < stripes; i++ {
		cuts = append(cuts, ids[i*len(ids)/stripes])
	}
	return slices.Compact(cuts), nil
}

// stripe evaluates the customers of a range of escaped ids and sends what it finds.
func (r *run) stripe(ctx context.Context, number int64, from, to string, found chan<- *part) error {
	e := newEvaluator(r.plan, r.at, r.forgetBefore(r.at), r.inOrder())
	cause := facts.Cause{Kind: facts.Definition}
	c := newPart(r.plan, number, r.partCustomers)
	send := func() error {
		select {
		case found <- c:
			c = newPart(r.plan, c.number+1, r.partCustomers)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for both, err := range r.join(ctx, from, to) {
		if err != nil {
			return err
		}
		due := e.evaluate(both.facts, both.stands)
		if err := c.add(ctx, e, r.generation, both.customer, both.facts, cause, due, false); err != nil {
			return err
		}
		if c.full() {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if c.customers > 0 {
		return send()
	}
	return nil
}

// both is what is known of a customer, and where it stands.
type both struct {
	customer string // escaped id
	facts    *facts.Facts
	stands   *person
}

// join walks over facts and standings side by side. What it yields is valid until the next.
func (r *run) join(ctx context.Context, from, to string) iter.Seq2[both, error] {
	return func(yield func(both, error) bool) {
		nextFacts, stopFacts := iter.Pull2(r.facts.Scan(ctx, from, to, r.plan.need))
		defer stopFacts()
		nextStands, stopStands := iter.Pull2(r.persons.docs.ScanRaw(ctx, docstore.Range{From: from, To: to}))
		defer stopStands()
		var stands person
		var stored packed
		f, err, more := nextFacts()
		raw, standsErr, standsMore := nextStands()
		for more || standsMore {
			if err == nil {
				err = standsErr
			}
			if err != nil {
				yield(both{}, err)
				return
			}
			customer := ""
			if more {
				customer = docstore.ID(f.Customer.ID)
			}
			known, stood := more, standsMore
			switch {
			case more && standsMore && raw.ID < customer, !more:
				known, customer = false, raw.ID
			case !standsMore || customer < raw.ID:
				stood = false
			}
			stands.clear()
			if stood {
				if err := stored.read(raw.Doc); err != nil {
					yield(both{}, err)
					return
				}
				if err := stands.read(&stored); err != nil {
					yield(both{}, err)
					return
				}
			}
			found := both{customer: customer, stands: &stands}
			if known {
				found.facts = f
			}
			if !yield(found, nil) {
				return
			}
			if known {
				f, err, more = nextFacts()
			}
			if stood {
				raw, standsErr, standsMore = nextStands()
			}
		}
	}
}
