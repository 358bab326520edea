package duplicates

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/duplicates/comparison"
)

// maxBlock is the most customers of a block that are compared with each other.
// What more than that have in common tells little of any two of them.
const maxBlock = 200

// place says that a customer is in a block. Its _id is all there is to it:
// generation!kind!blind value!customer, so that a block is a range.
type place struct {
	docstore.Meta `bson:",inline"`
}

// member lists the blocks a customer is in, so that it can be taken out again.
// Its _id is generation!customer.
type member struct {
	docstore.Meta `bson:",inline"`
	Blocks        []string `bson:"blocks"`
}

// edition is the generation of blocks in use. Its _id is "current".
type edition struct {
	docstore.Meta `bson:",inline"`
	Generation    string    `bson:"generation"`
	Customers     int64     `bson:"customers"`
	AsOf          time.Time `bson:"as_of"`
}

const current = "current"

// blocks keeps which customers have what in common, generation by generation.
type blocks struct {
	places   *docstore.Collection[place]
	members  *docstore.Collection[member]
	editions *docstore.Collection[edition]
	blinder  Blinder
}

func openBlocks(ctx context.Context, engine docstore.Engine, blinder Blinder, clock func() time.Time) (blocks, error) {
	b := blocks{blinder: blinder}
	var errs [3]error
	b.places, errs[0] = docstore.Open(ctx, engine, docstore.Schema[place]{Name: "duplicate_places"}, docstore.WithClock(clock))
	b.members, errs[1] = docstore.Open(ctx, engine, docstore.Schema[member]{Name: "duplicate_members"}, docstore.WithClock(clock))
	b.editions, errs[2] = docstore.Open(ctx, engine, docstore.Schema[edition]{Name: "duplicate_editions"}, docstore.WithClock(clock))
	return b, errors.Join(errs[:]...)
}

// entry is a customer to be put into blocks.
type entry struct {
	customer string
	prepared *comparison.Prepared
}

// add enters customers into a generation. Doing it again changes nothing; after
// a change of the customer, what no longer holds stays until the next search.
func (b *blocks) add(ctx context.Context, generation string, entries []entry) error {
	var places []docstore.Op[place]
	members := make([]docstore.Op[member], len(entries))
	for i, e := range entries {
		m := &member{Meta: docstore.Meta{ID: docstore.ID(generation, e.customer)}}
		for _, key := range e.prepared.Keys() {
			block, err := b.block(generation, key)
			if err != nil {
				return err
			}
			m.Blocks = append(m.Blocks, block)
			doc := &place{Meta: docstore.Meta{ID: placeID(block, e.customer)}}
			places = append(places, docstore.Op[place]{Doc: doc, Expect: docstore.Any})
		}
		members[i] = docstore.Op[member]{Doc: m, Expect: docstore.Any}
	}
	if err := all(b.members.Write(ctx, members)); err != nil {
		return err
	}
	return all(b.places.Write(ctx, places))
}

// block is the beginning of the ids of all places in the block of a key.
func (b *blocks) block(generation string, key comparison.Key) (string, error) {
	blind, err := b.blinder.BlindIndex("duplicates/"+key.Kind, key.Value)
	if err != nil {
		return "", err
	}
	return docstore.ID(generation, key.Kind, blind), nil
}

func placeID(block, customer string) string { return block + "!" + docstore.ID(customer) }

// split takes the id of a place apart.
func split(id string) (block, customer string) {
	at := strings.LastIndexByte(id, '!')
	return id[:at], docstore.ParseID(id[at+1:])[0]
}

// kindOf is the kind of key that a block is of.
func kindOf(block string) string { return docstore.ParseID(block)[1] }

// in returns up to maxBlock customers of a block, and how many there are.
func (b *blocks) in(ctx context.Context, block string) (customers []string, size int64, err error) {
	r := docstore.Within(block)
	r.Limit = maxBlock + 1
	for e, err := range b.places.ScanRaw(ctx, r) {
		if err != nil {
			return nil, 0, err
		}
		_, customer := split(e.ID)
		customers = append(customers, customer)
	}
	if len(customers) <= maxBlock {
		return customers, int64(len(customers)), nil
	}
	size, err = b.places.Count(ctx, docstore.Within(block))
	return nil, size, err
}

// edition is the generation in use; nil before the first search has ended.
func (b *blocks) edition(ctx context.Context) (*edition, error) {
	e, err := b.editions.Get(ctx, current)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	return e, err
}

// publish puts a generation into use, unless a later one is.
func (b *blocks) publish(ctx context.Context, next edition) error {
	_, err := b.editions.Upsert(ctx, current, func(e *edition, exists bool) error {
		if exists && e.Generation >= next.Generation {
			return docstore.ErrUnchanged
		}
		e.Generation, e.Customers, e.AsOf = next.Generation, next.Customers, next.AsOf
		return nil
	})
	return err
}

// purge removes the generations below one, which is to stay. Generations order
// by the time of their search.
func (b *blocks) purge(ctx context.Context, below string) error {
	return errors.Join(
		b.places.Purge(ctx, docstore.Range{To: below}),
		b.members.Purge(ctx, docstore.Range{To: below}),
	)
}

// all is the first error of a write.
func all(errs []error, err error) error {
	return errors.Join(append(errs, err)...)
}
