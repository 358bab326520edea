package facts

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/vault"
)

// Store keeps facts:
//
//	facts        _id customer    what is known of each customer
//	touched      _id time!chance who is to be looked at again, and why
//	fact_count   _id count       how many customers there are facts of
//	merged_lists _id record      on which lists it was when it was merged into another
//	departed     _id customer    whose data key is to be destroyed
//
// What profile says of a customer is sealed under a key of the customer. It is safe for
// concurrent use; but only one worker at a time makes customers come and go, which is
// what the count rests on.
type Store struct {
	Touched  *Touched
	docs     *docstore.Collection[record]
	counter  *counter
	merged   *merged
	departed *docstore.Collection[departure]
	vault    *vault.Vault
	held     func(context.Context) error // nil: nobody else puts
}

// Open opens the collections, creating them where they are missing.
func Open(ctx context.Context, engine docstore.Engine, v *vault.Vault, clock func() time.Time) (*Store, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[record]{
		Name:    "facts",
		Indexes: []docstore.Index[record]{{Name: sampleIndex, Key: sampleKey}},
	}, docstore.WithClock(clock))
	if err != nil {
		return nil, err
	}
	touched, err := openTouched(ctx, engine, clock)
	if err != nil {
		return nil, err
	}
	counter, err := openCounter(ctx, engine, clock, docs)
	if err != nil {
		return nil, err
	}
	merged, err := openMerged(ctx, engine, clock)
	if err != nil {
		return nil, err
	}
	departed, err := openDepartures(ctx, engine, clock)
	return &Store{Touched: touched, docs: docs, counter: counter, merged: merged, departed: departed, vault: v}, err
}

// Fence has Put ask whether the caller still is the one worker, after it has read what
// is stored and before it writes. So a worker that was held up for longer than its lease
// never puts older facts in the place of newer ones: those that were stored before it
// asks it is told of, and those stored afterwards its writes, which name the versions
// that they replace, run into. To be called before the store is used.
func (s *Store) Fence(held func(context.Context) error) { s.held = held }

// Scan yields the facts of customers in the order of their escaped ids: from one
// on, up to another and without it, both escaped; empty is open. It reads the parts
// that are needed, and Customer.ID and Lists in any case; what is in others stays zero.
// The facts are valid until the iteration moves on, all but Customer.ID.
func (s *Store) Scan(ctx context.Context, from, to string, need Part) iter.Seq2[*Facts, error] {
	return func(yield func(*Facts, error) bool) {
		d := newDecoder(need)
		var keys *vault.Walk // from the first customer on of whom something is sealed
		for entry, err := range s.docs.ScanRaw(ctx, docstore.Range{From: from, To: to}) {
			var box []byte
			if err == nil {
				box, err = d.read(entry.ID, entry.Doc)
			}
			if err == nil && len(box) > 0 {
				if keys == nil {
					keys = s.vault.Walk(d.facts.Customer.ID)
				}
				err = d.unseal(keys.Open(ctx, boxOf(d.facts.Customer.ID, box)))
			}
			if err != nil {
				yield(nil, fmt.Errorf("facts: %w", err))
				return
			}
			if !yield(&d.facts, nil) {
				return
			}
		}
	}
}

// GetMany returns the facts of each of some customers, nil where there are none. It
// reads the parts that are needed, as Scan does.
func (s *Store) GetMany(ctx context.Context, customers []string, need Part) ([]*Facts, error) {
	found, err := s.docs.GetMany(ctx, idsOf(customers))
	if err != nil {
		return nil, err
	}
	all := make([]*Facts, len(customers))
	var closed sealed
	like := newDecoder(need)
	for i, r := range found {
		if r == nil {
			continue
		}
		d := like.another()
		box, err := r.facts(d)
		if err != nil {
			return nil, fmt.Errorf("facts: %w", err)
		}
		closed.add(d, box)
		all[i] = &d.facts
	}
	return all, s.unseal(ctx, closed)
}

func idsOf(customers []string) []string {
	ids := make([]string, len(customers))
	for i, customer := range customers {
		ids[i] = docstore.ID(customer)
	}
	return ids
}

// Count is how many customers there are facts of. It is kept, not counted, and
// exact between two calls of Put.
func (s *Store) Count(ctx context.Context) (int64, error) { return s.counter.read(ctx) }

// Sweep removes the tombstones made before a time.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	_, err := s.docs.Sweep(ctx, before)
	return err
}
