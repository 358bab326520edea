package valuation

import (
	"context"
	"time"

	"google.golang.org/grpc"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation/internal/economics"
	"github.com/kehuhq/kehu/services/valuation/internal/lifetime"
	"github.com/kehuhq/kehu/services/valuation/internal/profile"
	"github.com/kehuhq/kehu/services/valuation/internal/retention"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// figures are the rooms that answer from what a refresh has left: how customers
// stay, what they are worth by plan, and what both sides have of a relationship.
type figures struct {
	retention *retention.Server
	lifetime  *lifetime.Server
	economics *economics.Server
	clock     func() time.Time
}

func openFigures(ctx context.Context, deps Deps, opened *store.Store, histories *profile.Histories, customers *alias.Book) (*figures, error) {
	lines, err := economics.New(ctx, economics.Deps{
		Engine: deps.Engine, Profile: profile.NewCustomers(deps.Profile, histories), Summaries: opened.Publication,
		Customers: customers, Clock: deps.Clock,
	})
	return &figures{
		retention: &retention.Server{Editions: opened.Publication, Counts: opened.Retentions},
		lifetime: &lifetime.Server{
			Editions: opened.Publication, Valuations: opened.Valuations, Counts: opened.Retentions, Customers: customers,
		},
		economics: lines,
		clock:     deps.Clock,
	}, err
}

func (f *figures) register(r grpc.ServiceRegistrar) {
	valuationv1.RegisterRetentionServiceServer(r, f.retention)
	valuationv1.RegisterEconomicsServiceServer(r, f.economics)
	valuationv1.RegisterLifetimeValueServiceServer(r, f.lifetime)
}

// sweep removes tombstones that nobody can still need.
func (f *figures) sweep(ctx context.Context) error {
	return f.economics.SweepTombstones(ctx, f.clock().Add(-docstore.TombstoneLife))
}
