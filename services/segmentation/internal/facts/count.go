package facts

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// counter keeps the number of records. Before some are written that are new, or
// removed that are there, it notes which; afterwards the number that results. If
// that breaks off, looking for those noted tells how far it came: the number is
// exact whatever happens between two steps.
type counter struct {
	docs    *docstore.Collection[count]
	records *docstore.Collection[record]
}

type count struct {
	docstore.Meta `bson:",inline"`
	Customers     int64 `bson:"customers"`
	// Coming and Going are ids of records that are being written or removed, not
	// yet part of the number.
	Coming []string `bson:"coming,omitempty"`
	Going  []string `bson:"going,omitempty"`
}

const countID = "count"

func openCounter(ctx context.Context, engine docstore.Engine, clock func() time.Time, records *docstore.Collection[record]) (*counter, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[count]{Name: "fact_count"}, docstore.WithClock(clock))
	return &counter{docs, records}, err
}

func (c *counter) read(ctx context.Context) (int64, error) {
	doc, err := c.docs.Get(ctx, countID)
	if errors.Is(err, docstore.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	err = c.settle(ctx, doc)
	return doc.Customers, err
}

// settle counts what was noted.
func (c *counter) settle(ctx context.Context, doc *count) error {
	came, err := c.there(ctx, doc.Coming)
	if err != nil {
		return err
	}
	stayed, err := c.there(ctx, doc.Going)
	if err != nil {
		return err
	}
	doc.Customers += came - (int64(len(doc.Going)) - stayed)
	doc.Coming, doc.Going = nil, nil
	return nil
}

func (c *counter) there(ctx context.Context, ids []string) (n int64, err error) {
	exist, err := c.records.Exist(ctx, ids)
	for _, yes := range exist {
		if yes {
			n++
		}
	}
	return n, err
}

// begin notes that records come, which are not there, and go, which are.
func (c *counter) begin(ctx context.Context, coming, going []string) error {
	if len(coming)+len(going) == 0 {
		return nil
	}
	_, err := c.docs.Upsert(ctx, countID, func(doc *count, _ bool) error {
		if err := c.settle(ctx, doc); err != nil {
			return err
		}
		doc.Coming, doc.Going = coming, going
		return nil
	})
	return err
}

// end counts what begin noted.
func (c *counter) end(ctx context.Context) error {
	_, err := c.docs.Update(ctx, countID, func(doc *count) error {
		if len(doc.Coming)+len(doc.Going) == 0 {
			return docstore.ErrUnchanged
		}
		return c.settle(ctx, doc)
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}
