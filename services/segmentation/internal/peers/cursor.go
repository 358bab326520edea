package peers

import (
	"errors"
	"io"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// cursor walks over what a stream sends in batches, in the order of customers.
type cursor[T any] struct {
	receive func() ([]T, error)
	id      func(T) string
	peer    string
	watch   *watch
	batch   []T
	last    string // escaped id of what next returned last
	ended   bool
}

// next returns the next item, the zero T at the end.
func (c *cursor[T]) next() (T, error) {
	var none T
	for len(c.batch) == 0 {
		if c.ended {
			return none, nil
		}
		batch, err := over(c.watch, c.peer, c.receive)
		if errors.Is(err, io.EOF) {
			c.ended = true
			continue
		}
		if err != nil {
			return none, err
		}
		c.batch = batch
	}
	item := c.batch[0]
	c.batch = c.batch[1:]
	key := docstore.ID(c.id(item))
	if key <= c.last {
		return none, fault.New(fault.FailedPrecondition, "PEER_OUT_OF_ORDER", "%s sent customer %q out of order", c.peer, c.id(item)).
			With("peer", c.peer).With("customer", c.id(item))
	}
	c.last = key
	return item, nil
}
