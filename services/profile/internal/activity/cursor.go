package activity

import "iter"

// cursor is an iteration that can be looked at before it moves on. A nil cursor
// has nothing.
type cursor[T any] struct {
	next    func() (T, error, bool)
	end     func()
	value   T
	err     error
	ok      bool
	fetched bool
}

func begin[T any](seq iter.Seq2[T, error]) *cursor[T] {
	c := &cursor[T]{}
	c.next, c.end = iter.Pull2(seq)
	return c
}

// head is the value at which the iteration stands; not ok at the end.
func (c *cursor[T]) head() (value T, ok bool, err error) {
	if c == nil {
		return value, false, nil
	}
	if !c.fetched {
		c.value, c.err, c.ok = c.next()
		c.fetched = true
	}
	return c.value, c.ok, c.err
}

func (c *cursor[T]) advance() { c.fetched = false }

func (c *cursor[T]) stop() {
	if c != nil {
		c.end()
	}
}
