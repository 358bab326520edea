package profile

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/periodic"

	"github.com/kehuhq/kehu/services/profile/internal/accounts"
	"github.com/kehuhq/kehu/services/profile/internal/handler"
	"github.com/kehuhq/kehu/services/profile/internal/leads"
	"github.com/kehuhq/kehu/services/profile/internal/style"
)

// relations are the rooms about dealing with customers.
type relations struct {
	service  *Service
	leads    *leads.Server
	accounts *accounts.Server
	style    *style.Server
}

func (s *Service) openRelations(ctx context.Context, deps Deps) (*relations, error) {
	customers := handler.NewCustomers(s.app, s.store.Customers)
	orders := handler.NewOrders(s.app, s.store, s.rates)
	r := &relations{service: s}
	var errs [3]error
	r.leads, errs[0] = leads.New(ctx, leads.Deps{
		Engine: deps.Engine, Vault: deps.Vault, Customers: customers, Orders: orders, Clock: s.now,
	})
	r.accounts, errs[1] = accounts.New(ctx, accounts.Deps{
		Engine: deps.Engine, Vault: deps.Vault, Customers: customers, Clock: s.now,
	})
	r.style, errs[2] = style.New(ctx, style.Deps{
		Engine: deps.Engine, Vault: deps.Vault, Customers: customers, Clock: s.now,
	})
	return r, errors.Join(errs[:]...)
}

func (r *relations) register(to grpc.ServiceRegistrar) {
	profilev1.RegisterLeadServiceServer(to, r.leads)
	profilev1.RegisterAccountServiceServer(to, r.accounts)
	profilev1.RegisterStyleServiceServer(to, r.style)
}

// serve finishes what broke off, until ctx ends.
func (r *relations) serve(ctx context.Context, group *errgroup.Group) {
	s := r.service
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep of leads", r.leads.Sweep)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, tombstoneSweep, "tombstone sweep of relations", func(ctx context.Context) error {
			return r.sweepTombstones(ctx, s.now().Add(-docstore.TombstoneLife))
		})
		return nil
	})
}

func (r *relations) sweepTombstones(ctx context.Context, before time.Time) error {
	return errors.Join(r.leads.SweepTombstones(ctx, before), r.accounts.SweepTombstones(ctx, before),
		r.style.SweepTombstones(ctx, before))
}
