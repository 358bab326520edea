package duplicates

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Open returns the customers of whom an open candidate speaks.
func (d *Duplicates) Open(ctx context.Context) (map[string]struct{}, error) {
	all := map[string]struct{}{}
	for c, err := range d.candidates.docs.Scan(ctx, within(open)) {
		if err != nil {
			return nil, err
		}
		all[c.First], all[c.Second] = struct{}{}, struct{}{}
	}
	return all, nil
}

// OpenOf reports whether an open candidate speaks of a customer.
func (d *Duplicates) OpenOf(ctx context.Context, customer string) (bool, error) {
	for _, index := range []string{byFirst, bySecond} {
		key := docstore.Key(docstore.String(customer))
		for c, err := range d.candidates.docs.Scan(ctx, docstore.Range{Index: index, From: key, To: key + "!"}) {
			if err != nil || c.State == open {
				return err == nil, err
			}
		}
	}
	return false, nil
}
