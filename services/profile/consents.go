package profile

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/attributes"
	"github.com/kehuhq/kehu/services/profile/internal/consents"
	"github.com/kehuhq/kehu/services/profile/internal/handler"
)

// consented is the rooms that say what may be kept of customers, and what for.
type consented struct {
	service     *Service
	deps        Deps
	consents    *consents.Store
	attributes  *attributes.Store
	definitions *attributes.Server
}

// openConsents opens the rooms, and makes the use cases heed them.
func (s *Service) openConsents(ctx context.Context, deps Deps) (*consented, error) {
	c := &consented{service: s, deps: deps}
	var errs [2]error
	c.attributes, errs[0] = attributes.Open(ctx, deps.Engine, s.now)
	c.consents, errs[1] = consents.Open(ctx, deps.Engine, deps.Vault, s.store.Customers, s.now)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	guard := consents.NewGuard(c.consents, c.attributes.Sensitive)
	s.app.Heed(c.attributes.Check)
	s.app.Heed(guard.Check)
	s.app.Protect(guard)
	s.events.Protect(guard)
	s.app.Mind(app.Records{Reason: "CUSTOMER_HAS_CONSENTS", What: "consents", Any: c.consents.Any})
	return c, nil
}

// serve makes what needs the operations, which are not serving yet.
func (c *consented) serve(a *app.App, operations *operation.Manager) (err error) {
	c.definitions, err = attributes.NewServer(c.attributes, c.consents, a, operations)
	return err
}

func (c *consented) register(to grpc.ServiceRegistrar) {
	profilev1.RegisterAttributeDefinitionServiceServer(to, c.definitions)
	profilev1.RegisterConsentServiceServer(to, consents.NewServer(c.consents))
	profilev1.RegisterIdentifierServiceServer(to, handler.NewIdentifiers(c.service.app, c.service.store.Customers, c.deps.Vault))
}

func (c *consented) sweepTombstones(ctx context.Context, before time.Time) error {
	return errors.Join(c.attributes.Sweep(ctx, before), c.consents.Sweep(ctx, before))
}
