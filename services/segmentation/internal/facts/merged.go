package facts

import (
	"context"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// merged keeps on which lists records were that were merged into others, by the id of
// the record: a merge can be undone, and the record that comes back is on them again.
type merged struct {
	docs *docstore.Collection[left]
}

// left is what a record has left behind.
type left struct {
	docstore.Meta `bson:",inline"`
	Lists         []string `bson:"lists"`
}

func openMerged(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*merged, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[left]{Name: "merged_lists"}, docstore.WithClock(clock))
	return &merged{docs}, err
}

// note notes the lists of a record that is merged into another.
func (m *merged) note(ctx context.Context, id string, lists []string) error {
	_, err := m.docs.Upsert(ctx, id, func(l *left, _ bool) error {
		l.Lists = lists
		return nil
	})
	return err
}

// of returns the lists of each of some records, nil of those that left none.
func (m *merged) of(ctx context.Context, ids []string) ([][]string, error) {
	found, err := m.docs.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	lists := make([][]string, len(ids))
	for i, l := range found {
		if l != nil {
			lists[i] = l.Lists
		}
	}
	return lists, nil
}

// forget removes what some records have left. Most have left nothing, which costs no
// erasing.
func (m *merged) forget(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	exist, err := m.docs.Exist(ctx, ids)
	if err != nil {
		return err
	}
	var there []string
	for i, yes := range exist {
		if yes {
			there = append(there, ids[i])
		}
	}
	return m.docs.Erase(ctx, there...)
}

// drop takes all of them off the list of a segment that was deleted.
func (m *merged) drop(ctx context.Context, segment string) error {
	var on []string
	for l, err := range m.docs.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return err
		}
		if slices.Contains(l.Lists, segment) {
			on = append(on, l.ID)
		}
	}
	for _, id := range on {
		_, err := m.docs.Upsert(ctx, id, func(l *left, _ bool) error {
			l.Lists = slices.DeleteFunc(l.Lists, func(list string) bool { return list == segment })
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// LeftLists returns, for each of some records, the lists on which it was when it was
// merged into another, nil of one that is not merged or was on none.
func (s *Store) LeftLists(ctx context.Context, records []string) ([][]string, error) {
	return s.merged.of(ctx, idsOf(records))
}

// returning are the lists of those who come back from having been merged, by their
// escaped ids. What others who are gone for good have left is removed.
func (s *Store) returning(ctx context.Context, changes []Change, stored []*record) (map[string][]string, error) {
	var ids []string
	comes := make(map[string]bool)
	for i, c := range changes {
		id := docstore.ID(c.Customer)
		switch {
		case c.Facts != nil && c.Parts&OfCustomer != 0 && stored[i] == nil:
			comes[id] = true
		case c.Facts != nil || c.Cause.Kind == Merged:
			continue
		}
		ids = append(ids, id)
	}
	lists, err := s.merged.of(ctx, ids)
	if err != nil {
		return nil, err
	}
	back := make(map[string][]string)
	var gone []string
	for i, id := range ids {
		switch {
		case lists[i] == nil:
		case comes[id]:
			back[id] = lists[i]
		default:
			gone = append(gone, id)
		}
	}
	return back, s.merged.forget(ctx, gone)
}
