package recommend

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// maxSearches is how many searches without a result of one customer count.
const maxSearches = 1000

// Watched are the Events of an events.Store.
type Watched struct{ Store *events.Store }

// Deeds is as Events says.
func (w Watched) Deeds(ctx context.Context, span store.Span, before time.Time) iter.Seq2[*Deeds, error] {
	return func(yield func(*Deeds, error) bool) {
		for one, err := range w.Store.Walk(ctx, events.Span(span), true) {
			if err != nil {
				yield(nil, err)
				return
			}
			d := &Deeds{CustomerKey: docstore.ID(one.Customer)}
			for _, e := range one.Events {
				if !e.Time.Before(before) {
					continue
				}
				if err := d.add(ctx, e); err != nil {
					yield(nil, err)
					return
				}
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// add takes an event in, if it is one that tells of a need.
func (d *Deeds) add(ctx context.Context, e *events.Event) error {
	switch e.Type {
	case events.View:
		sku, err := viewed(ctx, e)
		if sku != "" {
			d.Views = append(d.Views, sku)
		}
		return err
	case events.Search:
		content, err := e.Content(ctx)
		if err != nil {
			return err
		}
		s := content.Details.Search
		if s != nil && s.Results != nil && *s.Results == 0 && len(d.Searches) < maxSearches {
			d.Searches = append(d.Searches, Search{s.Keyword, e.Time})
		}
	}
	return nil
}

// viewed is the product that was looked at. A list of products was not.
func viewed(ctx context.Context, e *events.Event) (sku string, err error) {
	content, err := e.Content(ctx)
	if err != nil || len(content.Details.Products) != 1 {
		return "", err
	}
	return content.Details.Products[0].SKU, nil
}

// Viewed is as Events says.
func (w Watched) Viewed(ctx context.Context, customer string, most int) (skus []string, err error) {
	for e, err := range w.Store.Recent(ctx, customer, most, events.View) {
		if err != nil {
			return nil, err
		}
		sku, err := viewed(ctx, e)
		if err != nil {
			return nil, err
		}
		if sku != "" {
			skus = append(skus, sku)
		}
	}
	return skus, nil
}
