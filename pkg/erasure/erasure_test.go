package erasure_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/fault"
)

const pseudonym = "erased-01JCXB7Z0T5C6Q5E8Y1V9WJ4KD"

func onBothEngines(t *testing.T, test func(*testing.T, *erasure.Journal, *time.Time)) {
	run := func(t *testing.T, engine docstore.Engine) {
		now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		j, err := erasure.Open(t.Context(), engine, func() time.Time { return now })
		must(t, err)
		test(t, j, &now)
	}
	t.Run("pebble", func(t *testing.T) {
		engine, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem()})
		must(t, err)
		t.Cleanup(func() { must(t, engine.Close()) })
		run(t, engine)
	})
	t.Run("mongo", func(t *testing.T) { run(t, mongotest.Open(t)) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func marked(mark int64) func(context.Context) (int64, error) {
	return func(context.Context) (int64, error) { return mark, nil }
}

func TestBeginsOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, j *erasure.Journal, now *time.Time) {
		first, err := j.Begin(t.Context(), pseudonym, marked(7))
		must(t, err)
		begun := *now
		*now = now.Add(time.Hour)
		again, err := j.Begin(t.Context(), pseudonym, marked(8))
		must(t, err)
		if first != again || first.Mark != 7 || !first.At.Equal(begun) {
			t.Errorf("began as %v, then as %v", first, again)
		}
		must(t, j.Mark(t.Context(), pseudonym, 6))
		if again, err = j.Begin(t.Context(), pseudonym, marked(8)); err != nil || again.Mark != 6 {
			t.Errorf("marked 6, and began as %v, %v", again, err)
		}
		must(t, j.Mark(t.Context(), pseudonym, 7))
		*now = begun.Add(erasure.Life)
		must(t, j.Sweep(t.Context()))
		if again, err = j.Begin(t.Context(), pseudonym, marked(8)); err != nil || again != first {
			t.Errorf("forgotten too early: %v, %v", again, err)
		}
		*now = now.Add(time.Second)
		must(t, j.Sweep(t.Context()))
		if again, err = j.Begin(t.Context(), pseudonym, marked(9)); err != nil || again.Mark != 9 {
			t.Errorf("not forgotten: %v, %v", again, err)
		}
	})
}

// However removing breaks off, what was there is counted once.
func TestCountsWhatIsRemoved(t *testing.T) {
	onBothEngines(t, func(t *testing.T, j *erasure.Journal, _ *time.Time) {
		_, err := j.Begin(t.Context(), pseudonym, erasure.Unmarked)
		must(t, err)
		left := 10
		broken := errors.New("broken")
		remove := func(n int, err error) func(context.Context) error {
			return func(context.Context) error {
				left -= n
				return err
			}
		}
		for _, step := range []struct {
			removes int
			err     error
		}{{0, broken}, {3, broken}, {0, broken}, {7, broken}} {
			if err := j.Remove(t.Context(), pseudonym, "a", left, remove(step.removes, step.err)); !errors.Is(err, broken) {
				t.Fatal(err)
			}
		}
		must(t, j.Remove(t.Context(), pseudonym, "a", left, remove(1, nil)))
		must(t, j.Remove(t.Context(), pseudonym, "b", 2, remove(0, nil)))
		must(t, j.Remove(t.Context(), pseudonym, "b", 1, remove(0, nil))) // one more has come in
		must(t, j.Remove(t.Context(), pseudonym, "c", 0, remove(0, nil)))
		got, err := j.Removed(t.Context(), pseudonym)
		must(t, err)
		if len(got) != 2 || got["a"] != 10 || got["b"] != 3 {
			t.Errorf("removed %v", got)
		}
		if f := erasure.HeldUp("wait"); f.Kind != fault.Unavailable || f.Reason != "ERASURE_HELD_UP" {
			t.Error(f)
		}
	})
}
