package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

const operationName = "operations/valuation/one"

var today = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func frozen() time.Time { return today }

var errGone = fault.New(fault.Unavailable, "GONE", "the process is gone")

// life is a process's ability to do anything: it ends after a number of calls
// to the store, the journal or profile. The last call may have been performed.
type life struct {
	mu   sync.Mutex
	left int // calls; negative for no end
	lost bool
}

// call tells whether a call is to be performed, and whether answered.
func (l *life) call() (perform, answer bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.left < 0:
		return true, true
	case l.left == 0:
		return false, false
	}
	l.left--
	if l.left == 0 {
		return l.lost, false
	}
	return true, true
}

// mortal is an engine as seen by a process that may die.
type mortal struct {
	docstore.Engine
	*life
}

func (m mortal) Table(ctx context.Context, l docstore.Layout) (docstore.Table, error) {
	t, err := m.Engine.Table(ctx, l)
	return mortalTable{t, m.life}, err
}

type mortalTable struct {
	docstore.Table
	*life
}

func (t mortalTable) Get(ctx context.Context, id string) (bson.Raw, error) {
	if _, ok := t.call(); !ok {
		return nil, errGone
	}
	return t.Table.Get(ctx, id)
}

func (t mortalTable) GetMany(ctx context.Context, ids []string) ([]bson.Raw, error) {
	if _, ok := t.call(); !ok {
		return nil, errGone
	}
	return t.Table.GetMany(ctx, ids)
}

func (t mortalTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	perform, answer := t.call()
	if !perform {
		return nil, errGone
	}
	errs, err := t.Table.Write(ctx, writes)
	if !answer {
		return nil, errGone
	}
	return errs, err
}

func (t mortalTable) Scan(ctx context.Context, r docstore.Range) iter.Seq2[docstore.Entry, error] {
	return func(yield func(docstore.Entry, error) bool) {
		for entry, err := range t.Table.Scan(ctx, r) {
			if _, ok := t.call(); !ok {
				yield(docstore.Entry{}, errGone)
				return
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// journal keeps the state of an operation from one life to the next.
type journal struct {
	mu     sync.Mutex
	state  State
	stages []string
}

// in is the journal as a process uses it.
func (j *journal) in(l *life) Journal { return mortalJournal{j, l} }

func (j *journal) last() State {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state
}

type mortalJournal struct {
	*journal
	life *life
}

func (j mortalJournal) Checkpoint(_ context.Context, s State) error {
	perform, answer := j.life.call()
	if perform {
		j.mu.Lock()
		j.state = s
		j.mu.Unlock()
	}
	if !answer {
		return errGone
	}
	return nil
}

func (j mortalJournal) Progress(_, _ int64, stage string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.stages); n == 0 || j.stages[n-1] != stage {
		j.stages = append(j.stages, stage)
	}
}

// crowd is made-up histories: the same for the same seed.
type crowd struct {
	seed      uint64
	customers int
	life      *life
}

func (c crowd) After(_ context.Context, customer string, _ time.Time, _ string) iter.Seq2[*domain.History, error] {
	return func(yield func(*domain.History, error) bool) {
		for i := range c.customers {
			h := c.history(i)
			if h.Customer <= customer {
				continue
			}
			if _, ok := c.life.call(); !ok {
				yield(nil, errGone)
				return
			}
			if !yield(h, nil) {
				return
			}
		}
		yield(&domain.History{Excluded: behindAll}, nil)
	}
}

// behindAll is how many of a crowd are left out behind its last customer.
const behindAll = 2

// excluded is how many of a crowd are left out.
func (c crowd) excluded() (n int64) {
	for i := range c.customers {
		n += c.history(i).Excluded
	}
	return n + behindAll
}

func (c crowd) history(i int) *domain.History {
	random := rand.New(rand.NewPCG(c.seed, uint64(i)))
	h := &domain.History{Customer: fmt.Sprintf("c%04d", i), Codes: []string{"CNY"}, Excluded: int64(i % 3)}
	days := []int64{100, 2500}[random.IntN(2)] // the last months, or more years than cohorts are followed
	for range random.IntN(4) {                 // some have none
		h.TimeMS = append(h.TimeMS, today.UnixMilli()-random.Int64N(days*86_400_000))
		h.Net = append(h.Net, random.Int64N(300))
		h.Cost = append(h.Cost, random.Int64N(200)-1)
	}
	return h
}

func openPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func openStore(t testing.TB, e docstore.Engine) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), e, frozen)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// outcome is what a refresh leaves behind.
type outcome struct {
	summary    domain.Summary
	valuations []domain.Valuation
	retention  *domain.Retention
}

func read(t testing.TB, s *store.Store) outcome {
	t.Helper()
	summary, err := s.Publication.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o := outcome{summary: summary}
	o.retention, err = s.Retentions.Get(t.Context(), summary.Generation)
	if err != nil && !errors.Is(err, docstore.ErrNotFound) { // what an older version has read has none
		t.Fatal(err)
	}
	for v, err := range s.Valuations.All(t.Context(), summary.Generation, store.Span{}) {
		if err != nil {
			t.Fatal(err)
		}
		kept := *v
		kept.Revenue = append([]domain.Money(nil), v.Revenue...)
		o.valuations = append(o.valuations, kept)
	}
	return o
}
