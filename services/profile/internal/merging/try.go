package merging

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// TryMerge says what Merge would say, writes nothing, and shows the customer as it
// would be. The record was never updated, unless the same request has been carried out.
func (m *Merger) TryMerge(ctx context.Context, c Command) (Record, domain.Customer, error) {
	if c.Request.ID != "" {
		r, err := m.repeated(ctx, c)
		if err == nil {
			view, err := m.customers.View(ctx, r.Survivor)
			return r, view, err
		}
		if fault.ReasonOf(err) != "MERGE_RECORD_NOT_FOUND" {
			return r, domain.Customer{}, err
		}
	}
	r, err := m.plan(ctx, c)
	if err != nil {
		return r, domain.Customer{}, err
	}
	ids := append([]string{r.Survivor}, c.Merged...)
	views, err := m.customers.Imagine(ctx, ids, func(links map[string]domain.Links) {
		for _, id := range c.Merged {
			one := links[id]
			one.Into = &domain.Link{Customer: r.Survivor, Token: r.Token}
			links[id] = one
			survivor := links[r.Survivor]
			survivor.Merged = append(slices.Clip(survivor.Merged), domain.Branch{Customer: id, Token: r.Token})
			links[r.Survivor] = survivor
		}
	})
	if err != nil {
		return r, domain.Customer{}, err
	}
	r.State = Merged
	return r, views[0], nil
}

// TryUnmerge says what Unmerge would say, writes nothing, and shows the customers
// as they would be, the one that keeps the name first.
func (m *Merger) TryUnmerge(ctx context.Context, c Cut) (Record, []domain.Customer, error) {
	r, customers, err := m.planCut(ctx, c)
	if err != nil {
		return r, nil, err
	}
	views, err := m.customers.Imagine(ctx, slices.Concat([]string{r.Survivor}, customers), func(links map[string]domain.Links) {
		for _, id := range customers {
			one := links[id]
			one.Into = nil
			links[id] = one
		}
	})
	return r, views, err
}
