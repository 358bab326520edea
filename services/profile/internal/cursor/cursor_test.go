package cursor_test

import (
	"errors"
	"iter"
	"testing"

	"github.com/kehuhq/kehu/services/profile/internal/cursor"
)

var errBroken = errors.New("broken")

// upTo yields 1 to n, and then breaks off where it is to.
func upTo(n int, breaks bool, ended *bool) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		defer func() { *ended = true }()
		for i := range n {
			if !yield(i+1, nil) {
				return
			}
		}
		if breaks {
			yield(0, errBroken)
		}
	}
}

func TestLookingDoesNotMoveOn(t *testing.T) {
	var ended bool
	c := cursor.Over(upTo(2, false, &ended))
	for want := 1; want <= 2; want++ {
		for range 2 {
			if got, ok, err := c.Head(); got != want || !ok || err != nil {
				t.Errorf("%d, %v, %v; want %d", got, ok, err, want)
			}
		}
		c.Advance()
	}
	for range 2 {
		if _, ok, err := c.Head(); ok || err != nil {
			t.Errorf("behind the end: %v, %v", ok, err)
		}
		c.Advance()
	}
	c.Stop()
}

func TestAnErrorIsNoValue(t *testing.T) {
	var ended bool
	c := cursor.Over(upTo(0, true, &ended))
	defer c.Stop()
	if _, ok, err := c.Head(); ok || !errors.Is(err, errBroken) {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestStopEndsTheIteration(t *testing.T) {
	var ended bool
	c := cursor.Over(upTo(5, false, &ended))
	_, _, _ = c.Head()
	c.Stop()
	if !ended {
		t.Error("it goes on")
	}
	var none *cursor.Cursor[int]
	if _, ok, err := none.Head(); ok || err != nil {
		t.Error("nil has something")
	}
	none.Advance()
	none.Stop()
}
