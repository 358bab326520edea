package facts

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// departure is a customer of whom nothing is kept any more, under its escaped id, and
// whose data key is to be destroyed. It is noted before the facts go. Destroying a key
// rewrites files, so that it is done for many at a time.
type departure struct {
	docstore.Meta `bson:",inline"`
}

// departuresAtOnce is how many keys are destroyed at a time.
const departuresAtOnce = 5000

func openDepartures(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*docstore.Collection[departure], error) {
	return docstore.Open(ctx, engine, docstore.Schema[departure]{Name: "departed"}, docstore.WithClock(clock))
}

// depart notes customers, by escaped id.
func (s *Store) depart(ctx context.Context, ids []string) error {
	ops := make([]docstore.Op[departure], len(ids))
	for i, id := range ids {
		ops[i] = docstore.Op[departure]{Doc: &departure{Meta: docstore.Meta{ID: id}}, Expect: docstore.Absent}
	}
	errs, err := s.departed.Write(ctx, ops)
	for _, each := range errs {
		if err == nil && !errors.Is(each, docstore.ErrConflict) { // noted before
			err = each
		}
	}
	return err
}

// DestroyKeys destroys the data keys of those who went since: of whom profile deleted,
// and of whom withdrew the consent to be grouped. What was recorded of them in passing
// cannot be read any more either. Who has come back keeps the key. It is for the worker,
// which puts facts too.
func (s *Store) DestroyKeys(ctx context.Context) error {
	for {
		var ids []string
		for entry, err := range s.departed.ScanRaw(ctx, docstore.Range{Limit: departuresAtOnce}) {
			if err != nil {
				return err
			}
			ids = append(ids, entry.ID)
		}
		if len(ids) == 0 {
			return nil
		}
		back, err := s.docs.Exist(ctx, ids)
		if err != nil {
			return err
		}
		var gone []string
		for i, id := range ids {
			if !back[i] {
				gone = append(gone, customerOf(id))
			}
		}
		if len(gone) > 0 {
			if err := s.vault.Destroy(ctx, gone...); err != nil {
				return err
			}
		}
		if err := s.departed.Purge(ctx, docstore.Range{From: ids[0], To: docstore.Only(ids[len(ids)-1]).To}); err != nil {
			return err
		}
	}
}

// forgetDepartures removes the notes of some customers, whose keys are destroyed now.
func (s *Store) forgetDepartures(ctx context.Context, ids []string) error {
	noted, err := s.departed.Exist(ctx, ids)
	if err != nil || !slices.Contains(noted, true) { // to erase is to rewrite files
		return err
	}
	return s.departed.Erase(ctx, ids...)
}
