package standing

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// A correction tells that customers were erased who had entered a segment with one
// generation and left it with another: its id names both. Whoever reads a list of a
// generation between subtracts them. So an erasure writes as much as the customers had
// stays, however many lists there are.
type correction struct {
	docstore.Meta `bson:",inline"`
	Customers     int64 `bson:"customers"`
	// Hidden are those of them, by escaped id, who are just being erased: they are in no
	// list, whether the roster has them or not.
	Hidden []string `bson:"hidden,omitempty"`
}

type corrections struct {
	docs *docstore.Collection[correction]
}

const byHiding = "hiding" // those that hide somebody

func openCorrections(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*corrections, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[correction]{
		Name: "corrections",
		Indexes: []docstore.Index[correction]{{Name: byHiding, Key: func(c *correction) string {
			if len(c.Hidden) == 0 {
				return ""
			}
			return docstore.Key(docstore.String(docstore.ParseID(c.ID)[0]))
		}}},
	}, docstore.WithClock(clock))
	return &corrections{docs}, err
}

// correctionID puts first the generation with which the customers left: those that
// matter to a list are behind its own.
func correctionID(segment string, left, entered int64) string {
	return movesID(segment, left, entered)
}

// of tells how many of the list of a generation have been erased since, and whom of
// them the roster may still have.
func (s *corrections) of(ctx context.Context, segment string, generation int64) (customers int64, hidden []string, err error) {
	r := docstore.Range{From: correctionID(segment, generation+1, 0), To: docstore.PrefixEnd(segment + "!")}
	for c, err := range s.docs.Scan(ctx, r) {
		if err != nil {
			return 0, nil, err
		}
		id, err := parseMovesID(c.ID)
		if err != nil {
			return 0, nil, err
		}
		if entered := id.number; entered <= generation {
			customers += c.Customers
			hidden = append(hidden, c.Hidden...)
		}
	}
	return customers, hidden, nil
}

// add notes that a customer is being erased, once.
func (s *corrections) add(ctx context.Context, segment string, left, entered int64, customer string) error {
	_, err := s.docs.Upsert(ctx, correctionID(segment, left, entered), func(c *correction, _ bool) error {
		if slices.Contains(c.Hidden, customer) {
			return docstore.ErrUnchanged
		}
		c.Customers++
		c.Hidden = append(c.Hidden, customer)
		return nil
	})
	return err
}

// unhide forgets the names of customers whom no roster has any more.
func (s *corrections) unhide(ctx context.Context, customers []string) error {
	var hiding []string
	for e, err := range s.docs.ScanRaw(ctx, docstore.Range{Index: byHiding}) {
		if err != nil {
			return err
		}
		hiding = append(hiding, e.ID)
	}
	for _, id := range hiding {
		_, err := s.docs.Update(ctx, id, func(c *correction) error {
			before := len(c.Hidden)
			c.Hidden = slices.DeleteFunc(c.Hidden, func(h string) bool { return slices.Contains(customers, h) })
			if len(c.Hidden) == before {
				return docstore.ErrUnchanged
			}
			return nil
		})
		if err != nil && !errors.Is(err, docstore.ErrNotFound) {
			return err
		}
	}
	return nil
}

// eraseFromRoster removes the customers from the roster of a segment. Lists that have
// them do not count them any more, and hide them, before they are gone.
func (e *eraser) eraseFromRoster(ctx context.Context, born int64) error {
	for _, key := range e.keys {
		b, _, err := e.rosters.seek(ctx, born, key)
		if err != nil {
			return err
		}
		if b == nil {
			return nil
		}
		var spans []entry
		for _, entry := range b.entries {
			if entry.customer == key {
				spans = append(spans, entry)
			}
		}
		if len(spans) == 0 {
			continue
		}
		if err := e.uncount(ctx, e.forms[born], key, spans); err != nil {
			return err
		}
		b.entries = slices.DeleteFunc(b.entries, func(entry entry) bool { return entry.customer == key })
		if err := writeAll(ctx, e.rosters.docs, []docstore.Op[blockDoc]{{Doc: b.doc(), Expect: b.version}}); err != nil {
			return err
		}
	}
	return nil
}

// uncount takes a customer out of the counts of the lists that have it: the one that is
// shown, and those before that can still be read.
func (e *eraser) uncount(ctx context.Context, f *form, key string, spans []entry) error {
	floor := f.floor(e.now(), e.cfg.Keep)
	for _, s := range spans {
		if s.left.generation <= floor { // none still is of a segment that was deleted
			continue
		}
		if err := e.corrections.add(ctx, f.Segment, s.left.generation, s.entered.generation, key); err != nil {
			return err
		}
	}
	return e.change(ctx, f, func(s *domain.Segment) error {
		shown := s.Formed.Generation
		has := slices.ContainsFunc(spans, func(s entry) bool { return s.in(shown) })
		if shown == 0 || !has || !s.Formed.Hide([]string{key}) {
			return docstore.ErrUnchanged
		}
		return nil
	})
}

// unhide ends the hiding of the customers, whom no roster has any more.
func (e *eraser) unhide(ctx context.Context) error {
	if err := e.corrections.unhide(ctx, e.keys); err != nil {
		return err
	}
	for _, f := range e.forms {
		err := e.change(ctx, f, func(s *domain.Segment) error {
			if !s.Formed.Unhide(e.keys) {
				return docstore.ErrUnchanged
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
