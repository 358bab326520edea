// Package reread brings the facts up to date by reading everything anew.
package reread

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// Feeds reads all facts anew.
type Feeds struct {
	Peers *peers.Peers
	Facts *facts.Store
	Clock func() time.Time
	At    time.Time
	AsOf  time.Time
}

// Follow does nothing.
func (f *Feeds) Follow(context.Context) (bool, error) { return false, nil }

// CatchUp reads everything anew.
func (f *Feeds) CatchUp(ctx context.Context, _ time.Time) error {
	began := f.Clock()
	edition, err := f.Peers.Edition(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for known, err := range f.Peers.Facts(ctx, edition, "") {
		if err != nil {
			return err
		}
		own := *known
		own.Revenue = append([]facts.Money(nil), known.Revenue...)
		seen[own.Customer.ID] = true
		if _, err := f.Facts.Put(ctx, []facts.Change{{Customer: own.Customer.ID, Facts: &own, Parts: facts.OfCustomer | facts.OfOrders | facts.OfValuation}}); err != nil {
			return err
		}
	}
	var gone []facts.Change
	for known, err := range f.Facts.Scan(ctx, "", "") {
		if err != nil {
			return err
		}
		if !seen[known.Customer.ID] {
			gone = append(gone, facts.Change{Customer: known.Customer.ID})
		}
	}
	_, err = f.Facts.Put(ctx, gone)
	f.At, f.AsOf = began, edition.AsOf
	return err
}
