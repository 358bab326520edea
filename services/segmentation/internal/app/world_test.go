package app_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// fataler is what tests and properties have in common.
type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func wantReason(t fataler, err error, kind fault.Kind, reason string) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind || fault.ReasonOf(err) != reason {
		t.Fatalf("got %v (%s), want %s", err, fault.ReasonOf(err), reason)
	}
}

// onBothEngines runs a test on each engine.
func onBothEngines(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("pebble", func(t *testing.T) {
		e := memory(t)
		defer closeEngine(t, e)
		test(t, e)
	})
	t.Run("mongo", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

// onEveryEngine checks a property on both engines, each time on an empty one.
func onEveryEngine(t *testing.T, property func(*rapid.T, docstore.Engine)) {
	t.Run("pebble", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			e := memory(t)
			defer closeEngine(t, e)
			property(t, e)
		})
	})
	t.Run("mongo", func(t *testing.T) {
		mongotest.URI(t) // skips, or fails, before the first of many
		rapid.Check(t, func(rt *rapid.T) {
			uri, name := mongotest.Database(t)
			e, err := mongostore.Open(context.Background(), uri, name, mongostore.Options{})
			must(rt, err)
			defer closeEngine(rt, e)
			property(rt, e)
		})
	})
}

func memory(t fataler) docstore.Engine {
	e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	return e
}

func closeEngine(t fataler, e docstore.Engine) { must(t, e.Close()) }

// base is the customers of the tests, in place of profile and valuation.
type base struct {
	mu        sync.Mutex
	customers map[string]facts.Facts
	edition   peers.Edition
	// before is asked before the n-th customer of a stream, from 0; its error ends the stream.
	before func(n int) error
}

func newBase() *base {
	return &base{customers: map[string]facts.Facts{}, edition: peers.Edition{Generation: 1, AsOf: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}}
}

func (b *base) set(id string, f facts.Facts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f.Customer.ID = id
	b.customers[id] = f
}

func (b *base) remove(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.customers, id)
}

func (b *base) setBefore(before func(int) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.before = before
}

func (b *base) Edition(context.Context) (peers.Edition, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.edition, nil
}

func (b *base) setEdition(e peers.Edition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.edition = e
}

// Facts yields the customers as they are when the stream begins.
func (b *base) Facts(ctx context.Context, _ peers.Edition, after string) iter.Seq2[*facts.Facts, error] {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.before
	var all []facts.Facts
	for _, f := range b.customers {
		if after == "" || docstore.ID(f.Customer.ID) > docstore.ID(after) {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(x, y facts.Facts) int {
		return cmp.Compare(docstore.ID(x.Customer.ID), docstore.ID(y.Customer.ID))
	})
	return func(yield func(*facts.Facts, error) bool) {
		for i := range all {
			err := ctx.Err()
			if err == nil && before != nil {
				err = before(i)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&all[i], nil) {
				return
			}
		}
	}
}

// clock moves a second each time it is looked at.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const keep = 24 * time.Hour

// world is the use cases on an engine.
type world struct {
	*app.App
	base  *base
	clock *clock
	store *store.Store
	runs  int
}

func newWorld(t fataler, e docstore.Engine, b *base, c *clock) *world {
	t.Helper()
	s, err := store.Open(context.Background(), e, c.Now)
	must(t, err)
	rules, err := rule.NewCompiler(nil)
	must(t, err)
	a := app.New(s, b, rules, keep, c.Now, slog.New(slog.DiscardHandler)).WithBatch(3)
	return &world{App: a, base: b, clock: c, store: s}
}

// journal keeps the state as the store of operations would: encoded.
type journal struct {
	saved       bson.Raw
	checkpoints int
	fail        func(n int) error // asked before the n-th checkpoint, from 1
}

type box struct {
	State app.State `bson:"s"`
}

func (j *journal) Checkpoint(_ context.Context, s app.State) error {
	j.checkpoints++
	if j.fail != nil {
		if err := j.fail(j.checkpoints); err != nil {
			return err
		}
	}
	var err error
	j.saved, err = bson.Marshal(box{s})
	return err
}

func (j *journal) Progress(int64, int64, string) {}

func (j *journal) state(t fataler) app.State {
	t.Helper()
	var b box
	if j.saved != nil {
		must(t, bson.Unmarshal(j.saved, &b))
	}
	return b.State
}

func (w *world) create(t fataler, id string, d domain.Definition) {
	t.Helper()
	_, err := w.Create(context.Background(), domain.Segment{ID: id, Definition: d}, false)
	must(t, err)
}

// job is a new operation that forms segments, all published ones without any.
func (w *world) job(publish bool, segments ...string) app.Job {
	w.runs++
	return app.Job{Operation: fmt.Sprintf("operations/segmentation/op%d", w.runs), Segments: segments, Publish: publish}
}

func (w *world) form(t fataler, publish bool, segments ...string) app.Result {
	t.Helper()
	result, err := w.Recompute(context.Background(), w.job(publish, segments...), app.State{}, &journal{})
	must(t, err)
	return result
}

// members pages through the members of a segment and checks that they are as many
// as the total says.
func (w *world) members(t fataler, segment string) []domain.Membership {
	t.Helper()
	all, total, err := w.page(segment)
	must(t, err)
	if int64(len(all)) != total {
		t.Fatalf("segment %s lists %d members and counts %d", segment, len(all), total)
	}
	return all
}

func (w *world) page(segment string) (all []domain.Membership, total int64, err error) {
	var token page.Token
	for {
		p, err := w.Members(context.Background(), segment, token, 2)
		if err != nil {
			return nil, 0, err
		}
		if total != p.Total && token != (page.Token{}) {
			return nil, 0, errors.New("total changes from page to page")
		}
		all, total = append(all, p.Members...), p.Total
		if p.Next == nil {
			return all, total, nil
		}
		token = page.Token{Position: *p.Next, Generation: uint64(p.Generation)}
	}
}

func (w *world) transitions(t fataler, segment string) []domain.Transition {
	t.Helper()
	var all []domain.Transition
	var after *docstore.Position
	for {
		found, next, err := w.Transitions(context.Background(), segment, after, 2)
		must(t, err)
		all = append(all, found...)
		if after = next; next == nil {
			return all
		}
	}
}

// replay is who is in a segment according to its transitions, and since when.
func replay(t fataler, transitions []domain.Transition) map[string]time.Time {
	t.Helper()
	in := map[string]time.Time{}
	for _, move := range slices.Backward(transitions) {
		_, member := in[move.Customer]
		if member != move.Left {
			t.Fatalf("customer %q: member %t, and then left %t", move.Customer, member, move.Left)
		}
		if move.Left {
			delete(in, move.Customer)
		} else {
			in[move.Customer] = move.At
		}
	}
	return in
}

func customersOf(members []domain.Membership) []string {
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = m.Customer
	}
	return ids
}

func (w *world) segment(t fataler, id string) domain.Segment {
	t.Helper()
	s, err := w.store.Segments.Get(context.Background(), id)
	must(t, err)
	return s
}
