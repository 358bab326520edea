package merging_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/merging"
)

// steps is more writes than a merge or an unmerge takes.
const steps = 12

// brokenOff makes an engine fail at each write of an action in turn, before and
// after it is done, starts anew on what is left, and sweeps.
func brokenOff(t *testing.T, prepare, act func(*testing.T, *fixture) error, check func(*testing.T, *fixture, error)) {
	for _, after := range []bool{false, true} {
		failed := 0
		for n := range steps {
			t.Run(fmt.Sprintf("write %d, done %t", n, after), func(t *testing.T) {
				e := &failing{Engine: onPebble(t), after: after}
				e.heal()
				clock := newClock()
				f := start(t, e, clock)
				f.customers(t, "a", "b", "c", "d")
				must(t, prepare(t, f))
				e.left.Store(int64(n))
				err := act(t, f)
				if err != nil {
					failed++
				}
				e.heal()
				f = start(t, e, clock)
				must(t, f.Sweep(t.Context())) // which is too early to touch anything
				clock.advance(2 * time.Minute)
				must(t, f.Sweep(t.Context()))
				f.settled(t)
				check(t, f, err)
			})
		}
		if failed < 4 {
			t.Errorf("only %d of %d runs failed", failed, steps)
		}
	}
}

func TestMergeThatBreaksOffIsFinishedOrTakenBack(t *testing.T) {
	brokenOff(t, func(*testing.T, *fixture) error { return nil }, func(t *testing.T, f *fixture) error {
		_, err := f.join(t.Context(), "a", "b", "c")
		return err
	}, func(t *testing.T, f *fixture, err error) {
		got := f.groups(t)
		if got != "a: b c" && (err == nil || got != "") {
			t.Fatalf("after %v: %q", err, got)
		}
		if got == "" { // nothing is in the way of trying again
			_, err := f.join(t.Context(), "a", "b", "c")
			must(t, err)
		}
		_, err = f.join(t.Context(), "d", "a")
		must(t, err)
		if got := f.groups(t); got != "d: a b c" {
			t.Errorf("in the end: %q", got)
		}
		f.settled(t)
	})
}

func TestUnmergeThatBreaksOffIsFinished(t *testing.T) {
	brokenOff(t, func(t *testing.T, f *fixture) error {
		_, err := f.join(t.Context(), "a", "b", "c")
		return err
	}, func(t *testing.T, f *fixture) error {
		return f.cut(t.Context(), "b")
	}, func(t *testing.T, f *fixture, err error) {
		got := f.groups(t)
		if got != "a: c" && (err == nil || got != "a: b c") {
			t.Fatalf("after %v: %q", err, got)
		}
		if got == "a: b c" {
			must(t, f.cut(t.Context(), "b"))
		}
		_, err = f.join(t.Context(), "d", "b")
		must(t, err)
		must(t, f.cut(t.Context(), "c"))
		if got := f.groups(t); got != "d: b" {
			t.Errorf("in the end: %q", got)
		}
		f.settled(t)
	})
}

// A merge finds what an unmerge has left behind, and needs no sweeper for it.
func TestMergeGoesOnWhereAnUnmergeBrokeOff(t *testing.T) {
	for n := range steps {
		e := &failing{Engine: onPebble(t), after: true}
		e.heal()
		clock := newClock()
		f := start(t, e, clock)
		f.customers(t, "a", "b", "c")
		_, err := f.join(t.Context(), "a", "b")
		must(t, err)
		e.left.Store(int64(n))
		err = f.cut(t.Context(), "b")
		e.heal()
		if f.groups(t) == "" {
			_, err := f.join(t.Context(), "c", "b")
			must(t, err)
			clock.advance(2 * time.Minute) // where only the journal was left behind
			must(t, f.Sweep(t.Context()))
			f.settled(t)
		} else if err == nil {
			t.Errorf("write %d: unmerged, and yet merged", n)
		}
	}
}

// Whoever was held up between two steps for so long that the sweeper came does
// not go on: the merge is taken back once, whole.
func TestMergeHeldUpForLongIsGivenUp(t *testing.T) {
	for n := range steps {
		e := &holding{Engine: onPebble(t)}
		clock := newClock()
		f := start(t, e, clock)
		f.customers(t, "a", "b", "c")
		swept := false
		e.hold(n, func() {
			swept = true
			clock.advance(2 * time.Minute)
			must(t, start(t, e.Engine, clock).Sweep(context.Background()))
		})
		_, err := f.join(t.Context(), "a", "b", "c")
		if !swept {
			must(t, err)
			continue
		}
		clock.advance(2 * time.Minute)
		must(t, f.Sweep(t.Context()))
		f.settled(t)
		if got := f.groups(t); (err == nil) != (got == "a: b c") || err != nil && got != "" {
			t.Errorf("write %d: %v, and %q", n, err, got)
		}
		if page, err := f.Page(t.Context(), "b", nil, 10); err != nil || len(page.Items) > 1 {
			t.Errorf("write %d: journal %v, %v", n, page.Items, err)
		}
	}
}

// TestConcurrentMerges lets several merge the same records at once.
func TestConcurrentMerges(t *testing.T) {
	for name, c := range map[string]struct {
		merges [][]string // survivor, then those merged
		want   map[string]bool
	}{
		"each into the other":  {[][]string{{"a", "b"}, {"b", "a"}}, map[string]bool{"a: b": true, "b: a": true}},
		"one into two":         {[][]string{{"a", "c"}, {"b", "c"}}, map[string]bool{"a: c": true, "b: c": true}},
		"the same four times":  {[][]string{{"a", "b"}, {"a", "b"}, {"a", "b"}, {"a", "b"}}, map[string]bool{"a: b": true}},
		"round":                {[][]string{{"a", "b"}, {"b", "c"}, {"c", "a"}}, map[string]bool{"a: b c": true, "b: c a": true, "c: a b": true, "a: c b": true, "b: a c": true, "c: b a": true}},
		"together and crossed": {[][]string{{"a", "b", "c"}, {"c", "a", "d"}}, map[string]bool{"a: b c": true, "c: a d": true}},
	} {
		onEach(t, func(t *testing.T, e docstore.Engine) {
			f := start(t, e, newClock())
			f.customers(t, "a", "b", "c", "d")
			errs := make(chan error, len(c.merges))
			for _, m := range c.merges {
				go func() {
					_, err := f.join(context.Background(), m[0], m[1:]...)
					errs <- err
				}()
			}
			done := 0
			for range c.merges {
				switch err := <-errs; reason(err) {
				case "ok":
					done++
				case "CUSTOMER_MERGED", "MERGE_WITH_ITSELF":
				default:
					t.Errorf("%s: %v", name, err)
				}
			}
			if got := f.groups(t); !c.want[got] || done == 0 {
				t.Errorf("%s: %q with %d merges done", name, got, done)
			}
			f.settled(t)
		})
	}
}

// TestMergesAndUnmergesAtOnce has many at work on few records, and finds them in
// order when they are done.
func TestMergesAndUnmergesAtOnce(t *testing.T) {
	f := start(t, onPebble(t), newClock())
	ids := []string{"a", "b", "c", "d", "e", "f"}
	f.customers(t, ids...)
	done := make(chan struct{})
	for w := range 6 {
		go func() {
			defer func() { done <- struct{}{} }()
			for n := range 30 {
				at, other := ids[(w+n)%6], ids[(w*n+1)%6]
				if n%3 == 2 {
					_ = f.cut(context.Background(), at)
				} else if at != other {
					_, _ = f.join(context.Background(), at, other)
				}
			}
		}()
	}
	for range 6 {
		<-done
	}
	f.settled(t)
	for _, id := range ids {
		for reason(f.cut(t.Context(), id)) == "ok" {
		}
	}
	f.settled(t)
	if got := f.groups(t); got != "" {
		t.Errorf("all unmerged, and yet %q", got)
	}
}

func TestAMergeHasABound(t *testing.T) {
	f := start(t, onPebble(t), newClock())
	var all []string
	for n := range 1101 {
		all = append(all, fmt.Sprintf("c%04d", n))
	}
	f.customers(t, all...)
	for n := range 11 { // each with 99 below it
		_, err := f.join(t.Context(), all[n*100], all[n*100+1:n*100+100]...)
		must(t, err)
	}
	for n := 1; n < 10; n++ {
		_, err := f.join(t.Context(), all[0], all[n*100])
		must(t, err)
	}
	for _, one := range []string{all[1000], all[1100]} {
		if _, err := f.join(t.Context(), all[0], one); reason(err) != "MERGE_TOO_LARGE" {
			t.Errorf("%s: %v", one, err)
		}
	}
	must(t, f.cut(t.Context(), all[5]))
	_, err := f.join(t.Context(), all[0], all[1100])
	must(t, err)
	root, members, err := merging.NewFamilies(f.store.Customers).Members(t.Context(), all[999])
	if err != nil || root != all[0] || len(members) != 1000 {
		t.Errorf("%s with %d records, %v", root, len(members), err)
	}
	f.settled(t)
}
