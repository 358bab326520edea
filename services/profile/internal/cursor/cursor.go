// Package cursor follows streams that are in the same order as another.
package cursor

import "iter"

// Cursor is an iteration that can be looked at before it moves on. A nil Cursor
// has nothing. It is of one goroutine, and to be stopped.
type Cursor[T any] struct {
	next    func() (T, error, bool)
	end     func()
	value   T
	err     error
	ok      bool
	fetched bool
}

// Over begins an iteration.
func Over[T any](seq iter.Seq2[T, error]) *Cursor[T] {
	c := &Cursor[T]{}
	c.next, c.end = iter.Pull2(seq)
	return c
}

// Head is the value at which the iteration stands; not ok at the end. It is valid
// until the next call of Head after Advance.
func (c *Cursor[T]) Head() (value T, ok bool, err error) {
	if c == nil {
		return value, false, nil
	}
	if !c.fetched {
		c.value, c.err, c.ok = c.next()
		c.fetched = true
	}
	return c.value, c.ok && c.err == nil, c.err
}

// Advance moves on to the next value.
func (c *Cursor[T]) Advance() {
	if c != nil {
		c.fetched = false
	}
}

// Stop ends the iteration.
func (c *Cursor[T]) Stop() {
	if c != nil {
		c.end()
	}
}
