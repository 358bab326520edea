package standing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// run is a pass that this worker is at.
type run struct {
	*Worker
	plan       *plan
	generation int64
	at         time.Time // the instant that is evaluated
	pass       *pass     // as stored last; the goroutine that stores alone may ask it
}

// begin begins a pass over the segments of a plan.
func (w *Worker) begin(ctx context.Context, kind string, p *plan, found *wanted, total int64) (*run, error) {
	generation, err := w.generations.Next(ctx)
	if err != nil {
		return nil, err
	}
	synced, err := w.feeds.Synced(ctx)
	if err != nil {
		return nil, err
	}
	begun := &pass{Generation: generation, Kind: kind, At: w.now(), Total: total, Synced: synced}
	for i := range p.segments {
		s := &p.segments[i]
		begun.Scope = append(begun.Scope, s.scope)
		if found.forms[s.Born] == nil {
			if err := w.forms.note(ctx, s.Segment, s.Born); err != nil {
				return nil, err
			}
		}
		if f := found.forms[s.Born]; f != nil {
			p.floors[s.Born] = f.floor(begun.At, w.cfg.Keep)
		}
	}
	if err := w.checkpoint(ctx, func(s *state) { s.Pass = begun }); err != nil {
		return nil, err
	}
	return &run{Worker: w, plan: p, generation: generation, at: begun.At, pass: begun}, nil
}

// resume goes on with the pass that an earlier run has left.
func (w *Worker) resume(ctx context.Context) (*run, error) {
	found, err := w.look(ctx)
	if err != nil {
		return nil, err
	}
	r := &run{Worker: w, generation: w.state.Pass.Generation, at: w.state.Pass.At, pass: w.state.Pass}
	same := func(c candidate) bool {
		return slices.ContainsFunc(r.pass.Scope, func(s scope) bool {
			return s.Segment == c.segment.ID && s.Born == c.segment.Born && s.Revision == c.segment.Revision
		})
	}
	if r.pass.Ended {
		r.plan = found.plan(same)
		return r, nil
	}
	mixed := found.mixed(r.pass.Scope, same)
	r.plan = found.plan(func(c candidate) bool { return same(c) && !mixed[c.segment.ID] })
	for i := range r.pass.Scope {
		s := &r.pass.Scope[i]
		s.Mixed = s.Mixed || mixed[s.Segment]
		if f := found.forms[s.Born]; f != nil {
			r.plan.floors[s.Born] = f.floor(r.pass.At, w.cfg.Keep)
		}
	}
	if err := r.discard(ctx); err != nil {
		return nil, err
	}
	if err := r.applyAgain(ctx); err != nil {
		return nil, err
	}
	// Who did not move may have another time to look again, which was not written.
	r.pass.After = r.pass.Before
	return r, w.checkpoint(ctx, func(s *state) { s.Pass = r.pass })
}

// discard removes moves of the pass that were written and not counted.
func (r *run) discard(ctx context.Context) error {
	key := feedKey(r.pass.Generation)
	var stray []string
	for e, err := range r.moves.docs.ScanRaw(ctx, docstore.Range{Index: byFeed, From: key, To: docstore.PrefixEnd(key + "!")}) {
		if err != nil {
			return err
		}
		at, err := parseMovesID(e.ID)
		if err != nil {
			return err
		}
		if at.generation == r.pass.Generation && at.part() > r.pass.Part {
			stray = append(stray, e.ID)
		}
	}
	for _, id := range stray {
		if err := r.moves.docs.Purge(ctx, docstore.Only(id)); err != nil {
			return err
		}
	}
	return nil
}

// store writes the moves of a part, counts them, and applies them.
func (r *run) store(ctx context.Context, c *part) error {
	docs, changes := r.pack(c)
	if len(docs) > 0 {
		if err := r.writeMoves(ctx, docs); err != nil {
			return err
		}
	}
	counted := *r.pass
	counted.Part, counted.Docs = c.number, nil
	for _, op := range docs {
		counted.Docs = append(counted.Docs, op.Doc.ID)
	}
	counted.Before = counted.After
	if counted.Kind == definitionPass {
		counted.After = c.after
	}
	counted.Customers += c.customers
	if c.asOf.After(counted.AsOf) {
		counted.AsOf = c.asOf
	}
	counted.Tallies = r.tally(counted.Tallies, c.tallies)
	if err := r.checkpoint(ctx, func(s *state) { s.Pass = &counted }); err != nil {
		return err
	}
	r.pass = &counted
	r.meters.customers.Add(ctx, c.customers)
	group := writers()
	for chunk := range slices.Chunk(c.persons, writeSize) {
		group.Go(func() error { return writeAll(ctx, r.persons.docs, chunk) })
	}
	r.applyRosters(ctx, group, changes)
	return group.Wait()
}

// writersAtOnce is how many writes go on at a time, so that one is encoded while
// another is being synced.
const writersAtOnce = 4

// writers write side by side. One that fails does not break off the others: what they
// write would land when the caller has long gone on.
func writers() *errgroup.Group {
	group := new(errgroup.Group)
	group.SetLimit(writersAtOnce)
	return group
}

func (r *run) writeMoves(ctx context.Context, docs []docstore.Op[movesDoc]) error {
	group := writers()
	for chunk := range slices.Chunk(docs, 8) {
		group.Go(func() error { return writeAll(ctx, r.moves.docs, chunk) })
	}
	return group.Wait()
}

// pack makes the documents of a part's moves, and what they change in the rosters.
func (r *run) pack(c *part) (docs []docstore.Op[movesDoc], changes map[int64][]change) {
	changes = make(map[int64][]change)
	for i, sheets := range c.sheets {
		s := &r.plan.segments[i]
		for _, sheet := range sheets {
			doc := &movesDoc{packed{
				Meta: docstore.Meta{ID: movesID(s.Segment, r.pass.Generation, sheet.number)},
				At:   r.pass.At, Mark: r.pass.Generation, Data: sheet.data(s.Revision),
			}}
			docs = append(docs, docstore.Op[movesDoc]{Doc: doc, Expect: docstore.Absent})
		}
		if len(c.changes) > i && len(c.changes[i]) > 0 {
			changes[s.Born] = c.changes[i]
		}
	}
	return docs, changes
}

// tally adds what a part has counted.
func (r *run) tally(sum []tally, more []tally) []tally {
	sum = slices.Clone(sum)
	for i, t := range more {
		if t == (tally{}) {
			continue
		}
		s := &r.plan.segments[i]
		at := slices.IndexFunc(sum, func(old tally) bool { return old.Born == s.Born })
		if at < 0 {
			at = len(sum)
			sum = append(sum, tally{Segment: s.Segment, Born: s.Born})
		}
		sum[at].add(t)
	}
	return sum
}

func (r *run) applyRosters(ctx context.Context, group *errgroup.Group, changes map[int64][]change) {
	at := instantOf{r.pass.Generation, r.pass.At.UnixMilli()}
	for born, own := range changes {
		group.Go(func() error { return r.rosters.apply(ctx, born, own, at, r.pass.Part, r.plan.floors[born]) })
	}
}

// applied is a move that is applied to where a customer stands.
type applied struct {
	kind byte
	born int64
	at   point
}

// applyAgain applies the moves of the last part that was counted.
func (r *run) applyAgain(ctx context.Context) error {
	changes, moved, err := r.lastMoves(ctx)
	if err != nil {
		return err
	}
	customers := slices.Sorted(maps.Keys(moved))
	stood, err := r.persons.get(ctx, customers)
	if err != nil {
		return err
	}
	var ops []docstore.Op[standingDoc]
	for i := range stood {
		p := &stood[i]
		if p.applied(r.generation, r.pass.Part) {
			continue
		}
		for _, a := range moved[customers[i]] {
			p.apply(a.kind, a.born, a.at)
		}
		p.generation, p.part = r.generation, r.pass.Part
		ops = append(ops, docstore.Op[standingDoc]{Doc: p.doc(customers[i]), Expect: p.version})
	}
	if err := writeAll(ctx, r.persons.docs, ops); err != nil {
		return err
	}
	group := writers()
	r.applyRosters(ctx, group, changes)
	return group.Wait()
}

// lastMoves are the moves of the last part that was counted: by segment, as changes of
// its roster, and by customer.
func (r *run) lastMoves(ctx context.Context) (map[int64][]change, map[string][]applied, error) {
	docs, err := r.moves.docs.GetMany(ctx, r.pass.Docs)
	if err != nil {
		return nil, nil, err
	}
	changes, moved := make(map[int64][]change), make(map[string][]applied)
	for _, d := range docs {
		if d == nil {
			continue // of a segment that was deleted meanwhile
		}
		at, err := parseMovesID(d.ID)
		if err != nil {
			return nil, nil, err
		}
		s := slices.IndexFunc(r.pass.Scope, func(s scope) bool { return s.Segment == at.segment })
		if s < 0 {
			return nil, nil, fmt.Errorf("moves %s are not of a segment of the pass", d.ID)
		}
		found, _, err := d.moves()
		if err != nil {
			return nil, nil, err
		}
		born := r.pass.Scope[s].Born
		for _, m := range found {
			if m.kind == entered || m.kind == left {
				changes[born] = append(changes[born], change{m.customer, m.kind == entered})
			}
			moved[m.customer] = append(moved[m.customer], applied{m.kind, born, point{at.generation, at.number, d.At.UnixMilli()}})
		}
	}
	return changes, moved, nil
}

// forgetBefore is the time before which past stays are not kept.
func (w *Worker) forgetBefore(now time.Time) int64 { return now.Add(-w.cfg.Retention).UnixMilli() }
