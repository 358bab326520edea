package vault

import (
	"container/list"
	"sync"
	"time"
)

// cache keeps the data keys that were used last.
type cache struct {
	mu    sync.Mutex
	size  int
	order *list.List // of *cached, the one used last in front
	byID  map[string]*list.Element
	// forgotten counts the calls of forget: what was read before one is not to be
	// kept after it.
	forgotten int
}

type cached struct {
	id    string
	key   *key
	until time.Time
}

func newCache(size int) *cache {
	return &cache{size: size, order: list.New(), byID: make(map[string]*list.Element)}
}

func (c *cache) get(id string, now time.Time) *key {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byID[id]
	if e == nil {
		return nil
	}
	entry := e.Value.(*cached)
	if !now.Before(entry.until) {
		c.remove(e)
		return nil
	}
	c.order.MoveToFront(e)
	return entry.key
}

// mark is to be taken before a key is read, for put.
func (c *cache) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.forgotten
}

// put keeps a key that was read after a mark, unless any was forgotten since.
func (c *cache) put(id string, k *key, until time.Time, mark int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if mark != c.forgotten {
		return
	}
	if e := c.byID[id]; e != nil {
		c.remove(e)
	}
	c.byID[id] = c.order.PushFront(&cached{id, k, until})
	for c.order.Len() > c.size {
		c.remove(c.order.Back())
	}
}

func (c *cache) forget(ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten++
	for _, id := range ids {
		if e := c.byID[id]; e != nil {
			c.remove(e)
		}
	}
}

func (c *cache) remove(e *list.Element) {
	c.order.Remove(e)
	delete(c.byID, e.Value.(*cached).id)
}
