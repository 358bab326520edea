package standing_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// serve lets a worker work until the end of the test, or until the function is called.
func (w *world) serve(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.worker.Serve(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		must(t, <-done)
	}
	t.Cleanup(stop)
	return stop
}

// Forming is asked of whichever process works, and another begins as soon as that one stops.
func TestFormingIsAskedOfAnyProcess(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		c := newClock()
		one, other := newWorld(t, e, c), newWorld(t, e, c)
		stop := one.serve(t)
		defer stop()
		other.create(t, "s", "count 2", domain.Draft)
		other.fill(t, 1, 2, 3)
		came, err := other.worker.Form(t.Context(), "first", []string{"s"}, nil)
		must(t, err)
		if came.Customers != 3 || came.Entered != 2 || came.Left != 0 {
			t.Fatalf("it came to %+v", came)
		}
		other.wantMembers(t, "s", "c1", "c2")
		if s := other.segment(t, "s"); s.State != domain.Published || s.Wanted {
			t.Fatalf("it is %+v", s)
		}
		if err := other.worker.Round(t.Context()); err == nil {
			t.Fatal("two processes work at a time")
		} else {
			wantReason(t, err, fault.Unavailable, "WORKED_ELSEWHERE")
		}
		again, err := other.worker.Form(t.Context(), "first", []string{"s"}, nil)
		must(t, err)
		if again != came {
			t.Fatalf("asked again it came to %+v", again)
		}
		stop()
		other.put(t, "c0", 2, 1)
		other.round(t)
		other.wantMembers(t, "s", "c0", "c1", "c2")
	})
}

// A worker that was thought dead, and is not, writes nothing that counts.
func TestAWorkerThatLostItsLeaseStops(t *testing.T) {
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	c := newClock()
	slow, other := newWorld(t, e, c), newWorld(t, e, c)
	reached, released := make(chan struct{}, 1), make(chan struct{})
	slow.worker = standing.NewWorker(standing.Parts{
		Standings: slow.Standings, Engine: e, Facts: slow.facts, Touched: slow.facts.Touched, Feeds: still{},
		Criteria: func(_ context.Context, s domain.Segment) (criterion.Criterion, error) {
			c, err := parse(s.Definition.Rule)
			return &stalling{c, reached, released}, err
		},
		Generations: slow.store.Generations, Erasures: slow.store.Erasures, Log: slog.New(slog.DiscardHandler),
	})
	other.define(t, "s", "count 2")
	other.fill(t, 1, 2, 3)
	failed := make(chan error, 1)
	go func() { failed <- slow.worker.Round(context.Background()) }()
	<-reached
	c.advance(time.Minute)
	other.put(t, "c0", 2, 1)
	other.round(t)
	close(released)
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "taken over") {
		t.Fatalf("the slow worker ended with %v", err)
	}
	other.wantMembers(t, "s", "c0", "c1", "c2")
	other.round(t)
	other.wantMembers(t, "s", "c0", "c1", "c2")
	if n := len(other.feed(t)); n != 3 {
		t.Fatalf("the feed tells %d moves", n)
	}
}

// A process that died holds nobody up for as long as its clock was ahead.
func TestAClockSetBackHoldsNobodyUp(t *testing.T) {
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	c := newClock()
	dead, other := newWorld(t, e, c), newWorld(t, e, c)
	dead.define(t, "s", "count 2")
	dead.round(t)
	c.advance(-time.Hour)
	other.fill(t, 1, 2, 3)
	other.round(t)
	other.wantMembers(t, "s", "c1", "c2")
	if n := len(other.feed(t)); n != 2 {
		t.Fatalf("the feed tells %d moves", n)
	}
}

// Who was held up for longer than its lease hears that another has taken over.
func TestAWorkerHearsThatItWasReplaced(t *testing.T) {
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	c := newClock()
	slow, other := newWorld(t, e, c), newWorld(t, e, c)
	slow.round(t)
	must(t, slow.worker.Held(t.Context()))
	c.advance(time.Hour)
	must(t, slow.worker.Held(t.Context())) // late, and still nobody else
	other.round(t)
	if err := slow.worker.Held(t.Context()); err == nil {
		t.Error("it goes on beside the other")
	}
	must(t, other.worker.Held(t.Context()))
}

// A process that is stopped as it takes the lease does not keep it.
func TestWhoIsStoppedAtOnceHoldsNobodyUp(t *testing.T) {
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	c := newClock()
	line := &wire{Engine: e}
	stopped, other := newWorld(t, line, c), newWorld(t, e, c)
	line.calls, line.dieAt, line.perform = 0, 1, true // the lease is written, and not answered
	if err := stopped.worker.Round(t.Context()); err == nil {
		t.Fatal("a round is done without its store")
	}
	line.dieAt = 0
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, stopped.worker.Serve(ctx))
	other.round(t)
}

// stalling is a criterion that is waited for.
type stalling struct {
	condition
	reached  chan struct{}
	released chan struct{}
}

func (s *stalling) Evaluate(c *criterion.Case) (criterion.Verdict, error) {
	select {
	case s.reached <- struct{}{}:
	default:
	}
	<-s.released
	return s.condition.Evaluate(c)
}

// view is what is shown of some segments.
func (w *world) view(t fataler, segments ...string) map[string][]string {
	t.Helper()
	view := map[string][]string{}
	for _, id := range segments {
		view[id] = append(ids(w.members(t, id)), fmt.Sprint(w.segment(t, id).Formed.Members))
	}
	return view
}

// Whichever write a process dies at, what is shown is what was shown before or what is
// to be shown, and the next process comes to the same as one that is left alone.
func TestWhereverAPassBreaksOffTheLastGoodVersionServes(t *testing.T) {
	t.Parallel()
	t.Run("pebble", func(t *testing.T) {
		testBreaksOff(t, 1, func() (docstore.Engine, func()) {
			e := memory(t)
			return e, func() { must(t, e.Close()) }
		})
	})
	t.Run("mongo", func(t *testing.T) {
		testBreaksOff(t, 9, func() (docstore.Engine, func()) { return mongotest.Open(t), func() {} })
	})
}

func testBreaksOff(t *testing.T, step int, open func() (docstore.Engine, func())) {
	survived := false
	for death := 1; !survived && death < 1000; death += step {
		e, done := open()
		w := newWorld(t, e, newClock())
		w.define(t, "some", "count 3")
		w.define(t, "others", "out some")
		w.fill(t, 1, 2, 3, 4, 5, 6, 7)
		w.round(t)
		before := w.view(t, "some", "others")
		w.redefine(t, "some", "count 5")
		w.put(t, "c0", 9, 1)
		w.put(t, "c6", 1, 1)
		w.forget(t, "c5", facts.Cause{Kind: facts.Deleted})
		must(t, w.worker.AskToErase(t.Context(), []string{"c5"}, "erased-1"))
		survived = !w.stormyRound(t, death, death%2 == 0)
		between := w.view(t, "some", "others")
		w.clock.advance(time.Minute)
		w = newWorld(t, e, w.clock)
		w.round(t)
		w.wantMembers(t, "some", "c0", "c4")
		w.wantMembers(t, "others", "c1", "c2", "c3", "c6")
		after := w.view(t, "some", "others")
		for id, list := range between {
			// The changes are taken in first, the definition then, the erasure last.
			taken := map[string][]string{"some": {"c0", "c2", "c3", "c4", "4"}, "others": {"c1", "c6", "2"}}[id]
			if !reflect.DeepEqual(list, before[id]) && !reflect.DeepEqual(list, taken) && !reflect.DeepEqual(list, after[id]) {
				t.Fatalf("death %d: %s shows %v; before %v, after %v", death, id, list, before[id], after[id])
			}
		}
		if erased, err := w.store.Erasures.Removed(t.Context(), "erased-1"); err != nil || erased["memberships"] == 0 && erased["transitions"] == 0 {
			t.Fatalf("death %d: erased %v, %v", death, erased, err)
		}
		done()
	}
	if !survived {
		t.Error("no round came to its end")
	}
}

// After an erasure no file tells of the person.
func TestNoFileTells(t *testing.T) {
	t.Parallel()
	const tail = "k3Jv9TbQy6HfEa1G" // of the id: a key is stored without what it begins with like the one before
	dir := t.TempDir()
	engine, err := pebblestore.Open(dir, pebblestore.Options{MemTableBytes: 64 << 10, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	w := newWorld(t, engine, newClock())
	w.worker.Small(50, 20)
	for i := range 300 {
		w.put(t, fmt.Sprintf("c%d", i), int64(i%7), 1)
	}
	w.define(t, "all", "count 0")
	w.define(t, "told", "each 1")
	w.put(t, "c"+tail, 0, 1) // of whom it cannot be told
	w.round(t)
	w.put(t, "c"+tail, 5, 1)
	w.round(t)
	if filesWith(t, dir, tail) == nil {
		t.Fatal("the customer is in no file: the test sees nothing")
	}
	w.forget(t, "c"+tail, facts.Cause{Kind: facts.Deleted})
	w.serve(t)
	erased, err := w.worker.Erase(t.Context(), []string{"c" + tail}, "erased-1")
	must(t, err)
	if erased["memberships"] != 2 || erased["transitions"] < 2 {
		t.Errorf("erased %v", erased)
	}
	if files := filesWith(t, dir, tail); files != nil {
		t.Errorf("the customer is still in %v", files)
	}
	if n := len(w.members(t, "all")); n != 300 {
		t.Errorf("%d are left", n)
	}
	again, err := w.worker.Erase(t.Context(), []string{"c" + tail}, "erased-1")
	must(t, err)
	if !reflect.DeepEqual(again, erased) {
		t.Errorf("asked again: erased %v, before %v", again, erased)
	}
}

func filesWith(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		// The engine's list of its files says with which keys, ids, each began.
		if bytes.Contains(content, []byte(text)) && !strings.HasPrefix(entry.Name(), "MANIFEST") {
			names = append(names, path)
		}
		return err
	})
	must(t, err)
	return names
}
