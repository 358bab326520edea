package standing

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

const (
	worksAtOnce = 5    // entries of the queue, of up to 1,000 customers each
	dueAtOnce   = 5000 // customers whose time has come
	maxDueParts = 200  // after so many a pass is over, and the next goes on
)

// touched evaluates who was touched by a change, or by the time, until there is
// nobody. It returns whether it stopped before.
func (r *run) touched(ctx context.Context) (more bool, err error) {
	for range maxDueParts {
		works, err := r.queue.Take(ctx, worksAtOnce)
		if err != nil {
			return false, err
		}
		due, err := r.persons.due(ctx, r.pass.At.UnixMilli(), dueAtOnce)
		if err != nil {
			return false, err
		}
		if len(works) == 0 && len(due) == 0 {
			return false, nil
		}
		if err := r.some(ctx, works, due); err != nil {
			return false, err
		}
	}
	return true, nil
}

// some evaluates the customers of some works, and those whose time has come, as one part.
func (r *run) some(ctx context.Context, works []facts.Work, due []string) error {
	causes := make(map[string]facts.Cause, len(due))
	for _, w := range works {
		for _, id := range w.Customers {
			key := docstore.ID(id)
			if _, known := causes[key]; !known {
				causes[key] = w.Cause
			}
		}
	}
	for _, key := range due {
		if _, known := causes[key]; !known {
			causes[key] = facts.Cause{Kind: facts.Time}
		}
	}
	customers := make([]string, 0, len(causes))
	for key := range causes {
		customers = append(customers, key)
	}
	slices.Sort(customers)
	for c := range slices.Chunk(customers, int(r.partCustomers)) {
		if err := r.evaluateSome(ctx, c, causes); err != nil {
			return err
		}
	}
	done := make([]string, len(works))
	for i, w := range works {
		done[i] = w.ID
	}
	if len(done) == 0 {
		return nil
	}
	return r.queue.Done(ctx, done)
}

// someAtOnce is how many customers one goroutine evaluates at a time.
const someAtOnce = 500

// evaluateSome evaluates some customers, by escaped id in order, as one part or more.
func (r *run) evaluateSome(ctx context.Context, customers []string, causes map[string]facts.Cause) error {
	pieces := slices.Collect(slices.Chunk(customers, min(someAtOnce, int(r.partCustomers))))
	for from := 0; from < len(pieces); from += runtime.GOMAXPROCS(0) {
		batch := pieces[from:min(from+runtime.GOMAXPROCS(0), len(pieces))]
		parts := make([]*part, len(batch))
		group, groupCtx := errgroup.WithContext(ctx)
		for i, piece := range batch {
			parts[i] = newPart(r.plan, r.pass.Part+1+int64(i), r.partCustomers)
			group.Go(func() error { return r.evaluatePiece(groupCtx, parts[i], piece, causes) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		for _, c := range parts {
			if err := r.store(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) evaluatePiece(ctx context.Context, c *part, customers []string, causes map[string]facts.Cause) error {
	ids := make([]string, len(customers))
	for i, key := range customers {
		ids[i] = docstore.ParseID(key)[0]
	}
	known, err := r.facts.GetMany(ctx, ids, r.plan.need)
	if err != nil {
		return err
	}
	stands, err := r.persons.get(ctx, customers)
	if err != nil {
		return err
	}
	e := newEvaluator(r.plan, r.at, r.forgetBefore(r.at), r.atHand)
	for i, key := range customers {
		due := e.evaluate(known[i], &stands[i])
		if err := c.add(ctx, e, r.generation, key, known[i], causes[key], due, true); err != nil {
			return err
		}
	}
	return nil
}

// due are the customers whose time has come at an instant, the longest due first.
func (s *standings) due(ctx context.Context, at int64, limit int) (customers []string, err error) {
	r := docstore.Range{Index: byDue, To: docstore.Key(docstore.Int(at + 1)), Limit: limit}
	for e, err := range s.docs.ScanRaw(ctx, r) {
		if err != nil {
			return nil, err
		}
		customers = append(customers, e.ID)
	}
	return customers, nil
}
