package valuation

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/valuation/internal/app"
	"github.com/kehuhq/kehu/services/valuation/internal/base"
	"github.com/kehuhq/kehu/services/valuation/internal/facts"
	"github.com/kehuhq/kehu/services/valuation/internal/indicators"
	"github.com/kehuhq/kehu/services/valuation/internal/influence"
	"github.com/kehuhq/kehu/services/valuation/internal/loyalty"
	"github.com/kehuhq/kehu/services/valuation/internal/peers"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// rooms are loyalty, influence and the indicators, which join what is known of
// customers here with what other services know.
type rooms struct {
	facts      *facts.Store
	loyalty    *loyalty.Server
	influence  *influence.Server
	indicators *indicators.Server
	operations *operation.Manager
}

func openRooms(ctx context.Context, deps Deps, opened *store.Store, operations *operation.Manager, customers *alias.Book, cfg Config) (*rooms, error) {
	sources := peers.Sources(peers.Conns{Profile: deps.Profile, Referral: deps.Referral, Feedback: deps.Feedback}, cfg.Patience)
	known, err := facts.Open(ctx, deps.Engine, sources, deps.Clock)
	if err != nil {
		return nil, err
	}
	policies, err := loyalty.OpenStore(ctx, deps.Engine, deps.Clock)
	if err != nil {
		return nil, err
	}
	snapshots, err := indicators.OpenStore(ctx, deps.Engine, deps.Clock)
	if err != nil {
		return nil, err
	}
	valued := &base.Reader{Store: opened}
	family := func(ctx context.Context) facts.Family { return facts.NewFamily(customers.View(ctx)) }
	taker := &indicators.Taker{
		Store: snapshots, Base: valued, Facts: known, Family: family,
		Loyalty: &loyalty.Evaluator{Store: policies, Base: valued, Facts: known},
	}
	if segments := peers.NewSegments(deps.Segmentation); segments != nil {
		taker.Segments = segments
	}
	return &rooms{
		facts: known,
		loyalty: &loyalty.Server{
			Store: policies, Base: valued, Operations: operations, Customers: customers, Keep: cfg.Keep, Clock: deps.Clock,
		},
		influence: &influence.Server{
			Scales: snapshots, Base: valued, Facts: known, Loyalty: policies, Customers: customers, Family: family,
		},
		indicators: &indicators.Server{Store: snapshots, Taker: taker, Operations: operations, Customers: customers},
		operations: operations,
	}, indicators.Register(operations, taker)
}

func (r *rooms) register(to grpc.ServiceRegistrar) {
	valuationv1.RegisterLoyaltyServiceServer(to, r.loyalty)
	valuationv1.RegisterInfluenceServiceServer(to, r.influence)
	valuationv1.RegisterIndicatorServiceServer(to, r.indicators)
}

// keepers are what has to be swept, and may keep records of persons.
func (r *rooms) keepers() []app.Room { return []app.Room{r.facts, r.loyalty.Store, r.indicators.Store} }

// published has the indicators taken of a refresh that has been published, once.
func (r *rooms) published(ctx context.Context, generation int64) error {
	_, err := r.operations.Start(ctx, indicators.TakeKind, operation.Start{
		ID: fmt.Sprintf("%s-%d", indicators.TakeKind, generation), Request: &valuationv1.TakeIndicatorsRequest{Generation: generation},
	})
	return err
}
