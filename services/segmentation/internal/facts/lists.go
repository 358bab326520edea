package facts

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// AddToList puts customers on the list of a static segment. Those of whom there
// are no facts are returned as unknown; being on it already is fine.
func (s *Store) AddToList(ctx context.Context, segment string, customers []string) (unknown []string, err error) {
	return s.relist(ctx, segment, customers, func(lists []string) []string {
		if at, on := slices.BinarySearch(lists, segment); !on {
			return slices.Insert(lists, at, segment)
		}
		return lists
	})
}

// RemoveFromList takes customers off the list of a static segment. Those of whom
// there are no facts are returned as unknown; not being on it is fine.
func (s *Store) RemoveFromList(ctx context.Context, segment string, customers []string) (unknown []string, err error) {
	return s.relist(ctx, segment, customers, func(lists []string) []string {
		return slices.DeleteFunc(lists, func(l string) bool { return l == segment })
	})
}

// relist changes the lists that customers are on. Others may do so at the same
// time, and facts may be put.
func (s *Store) relist(ctx context.Context, segment string, customers []string, change func([]string) []string) (unknown []string, err error) {
	customers = slices.Clone(customers)
	slices.Sort(customers)
	customers = slices.Compact(customers)
	for part := range slices.Chunk(customers, workSize) {
		for first := true; len(part) > 0; first = false {
			missing, again, err := s.relistSome(ctx, segment, part, change)
			if err != nil {
				return nil, err
			}
			if first {
				unknown = append(unknown, missing...)
			}
			part = again
		}
	}
	return unknown, nil
}

func (s *Store) relistSome(ctx context.Context, segment string, customers []string, change func([]string) []string) (unknown, again []string, err error) {
	stored, err := s.docs.GetMany(ctx, idsOf(customers))
	if err != nil {
		return nil, nil, err
	}
	b := &batch{touched: make(map[Cause][]string)}
	cause := Cause{Listed, segment}
	for i, r := range stored {
		if r == nil {
			unknown = append(unknown, customers[i])
			continue
		}
		lists, err := r.lists()
		if err != nil {
			return nil, nil, err
		}
		before := slices.Clone(lists)
		lists = change(lists)
		if slices.Equal(before, lists) {
			continue
		}
		r.fields[listSection] = appendTexts(nil, "segments", lists)
		b.ops = append(b.ops, docstore.Op[record]{Doc: r, Expect: r.Version})
		b.touched[cause] = append(b.touched[cause], customers[i])
	}
	if len(b.ops) == 0 {
		return unknown, nil, nil
	}
	errs, err := s.write(ctx, b)
	if err != nil {
		return nil, nil, err
	}
	for i, err := range errs {
		if err != nil {
			again = append(again, b.touched[cause][i])
		}
	}
	return unknown, again, nil
}

// ForgetList takes those of the next n customers, from an escaped id on, off the list of
// a segment that was deleted. It returns the escaped id from which to go on, empty where
// there is nobody more.
func (s *Store) ForgetList(ctx context.Context, segment, from string, n int) (next string, err error) {
	if from == "" {
		if err := s.merged.drop(ctx, segment); err != nil {
			return from, err
		}
	}
	var on []string
	for f, err := range s.Scan(ctx, from, "", 0) {
		if err != nil {
			return from, err
		}
		if n--; n < 0 {
			next = docstore.ID(f.Customer.ID)
			break
		}
		if slices.Contains(f.Lists, segment) {
			on = append(on, f.Customer.ID)
		}
	}
	if _, err = s.RemoveFromList(ctx, segment, on); err != nil {
		return from, err
	}
	return next, nil
}
