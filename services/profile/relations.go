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
	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/care"
	"github.com/kehuhq/kehu/services/profile/internal/consents"
	"github.com/kehuhq/kehu/services/profile/internal/handler"
	"github.com/kehuhq/kehu/services/profile/internal/leads"
	"github.com/kehuhq/kehu/services/profile/internal/style"
)

// dailyLook is how often it is looked whether a new day has begun.
const dailyLook = 10 * time.Minute

// allowed asks of customers whether they allow a purpose.
func (s *Service) allowed(purpose string) func(context.Context, []string) ([]bool, error) {
	return func(ctx context.Context, customers []string) ([]bool, error) {
		return s.consents.consents.Allowed(ctx, customers, purpose)
	}
}

// relations are the rooms about dealing with customers.
type relations struct {
	service  *Service
	leads    *leads.Server
	accounts *accounts.Server
	style    *style.Server
	care     *care.Server
}

func (s *Service) openRelations(ctx context.Context, deps Deps) (*relations, error) {
	customers := handler.NewCustomers(s.app, s.store.Customers)
	orders := handler.NewOrders(s.app, s.store, s.rates)
	r := &relations{service: s}
	var errs [4]error
	r.leads, errs[0] = leads.New(ctx, leads.Deps{
		Engine: deps.Engine, Vault: deps.Vault, Customers: customers, Orders: orders, Clock: s.now,
	})
	r.accounts, errs[1] = accounts.New(ctx, accounts.Deps{
		Engine: deps.Engine, Vault: deps.Vault, Customers: customers, Family: s.store.Customers, Clock: s.now,
	})
	r.style, errs[2] = style.New(ctx, style.Deps{
		Engine: deps.Engine, Vault: deps.Vault, Customers: customers, Family: s.store.Customers,
		Judging: s.allowed(consents.Segmentation), Clock: s.now,
	})
	r.care, errs[3] = care.New(ctx, care.Deps{
		Engine: deps.Engine, Vault: deps.Vault, Customers: customers, People: s.store.Customers, Contacts: r.accounts,
		Marketing: s.allowed(consents.Marketing), Operations: s.operations, Clock: s.now,
	})
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	s.app.Mind(app.Records{Reason: "CUSTOMER_HAS_LEADS", What: "leads", Any: r.leads.Any})
	s.app.Mind(app.Records{Reason: "CUSTOMER_HAS_CONTACTS", What: "contacts or an account plan", Any: r.accounts.Any})
	s.app.Mind(app.Records{Reason: "CUSTOMER_HAS_CARE", What: "a care plan or care tasks", Any: r.care.Any})
	s.app.Mind(app.Records{Reason: "CUSTOMER_HAS_OBSERVATIONS", What: "observations of behaviour", Any: r.style.Any})
	return r, nil
}

func (r *relations) register(to grpc.ServiceRegistrar) {
	profilev1.RegisterLeadServiceServer(to, r.leads)
	profilev1.RegisterAccountServiceServer(to, r.accounts)
	profilev1.RegisterStyleServiceServer(to, r.style)
	profilev1.RegisterCareServiceServer(to, r.care)
}

// serve finishes what broke off, until ctx ends.
func (r *relations) serve(ctx context.Context, group *errgroup.Group) {
	s := r.service
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep of relations", func(ctx context.Context) error {
			return errors.Join(r.leads.Sweep(ctx), r.care.Sweep(ctx))
		})
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, dailyLook, "daily planning of care", r.care.Daily)
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
		r.style.SweepTombstones(ctx, before), r.care.SweepTombstones(ctx, before))
}
