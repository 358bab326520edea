package profile

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/periodic"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/analysis"
	"github.com/kehuhq/kehu/services/profile/internal/attributes"
	"github.com/kehuhq/kehu/services/profile/internal/behavior"
	"github.com/kehuhq/kehu/services/profile/internal/consents"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/journey"
)

// analyses are the rooms that say what customers do: the stages of their journey,
// and analyses of many of them.
type analyses struct {
	service  *Service
	journeys *journey.Store
	journey  *journey.Server
	analysis *analysis.Server
	behavior *behavior.Reader
}

func (s *Service) openAnalyses(ctx context.Context, deps Deps) (*analyses, error) {
	a := &analyses{service: s}
	var err error
	if a.journeys, err = journey.OpenStore(ctx, deps.Engine, deps.Vault, s.now); err != nil {
		return nil, err
	}
	reader := activity.NewReader(s.store.Customers, s.store.Orders, s.events)
	a.journey = journey.NewServer(a.journeys, s.store.Customers, s.consents.consents, reader, s.now)
	a.behavior = behavior.NewReader(a.journeys, reader, s.now)
	a.analysis, err = analysis.New(ctx, analysis.Deps{
		Engine: deps.Engine, Reader: reader, Journeys: a.journeys, Segments: analysis.NewSegments(deps.Segmentation),
		Consents:   permissions{consents.NewGuard(s.consents.consents, s.consents.attributes.Sensitive), s.consents.attributes},
		Operations: s.operations, Clock: s.now,
	})
	return a, err
}

// permissions are what customers allow, as analyses ask.
type permissions struct {
	*consents.Guard
	attributes *attributes.Store
}

// Types are the types of the attributes that are defined.
func (p permissions) Types(ctx context.Context) (map[string]domain.ValueType, error) {
	return p.attributes.Types(ctx)
}

// Sensitive are the attributes that are sensitive.
func (p permissions) Sensitive(ctx context.Context) (map[string]bool, error) {
	return p.attributes.Sensitive(ctx)
}

func (a *analyses) register(r grpc.ServiceRegistrar) {
	profilev1.RegisterJourneyServiceServer(r, a.journey)
	profilev1.RegisterAnalysisServiceServer(r, a.analysis)
}

func (a *analyses) serve(ctx context.Context, group *errgroup.Group) {
	s := a.service
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep of analyses", a.analysis.Sweep)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, tombstoneSweep, "tombstone sweep of journeys", func(ctx context.Context) error {
			return a.journeys.Sweep(ctx, s.now().Add(-docstore.TombstoneLife).Truncate(time.Millisecond))
		})
		return nil
	})
}
