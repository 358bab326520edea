package profile

import (
	"context"

	"github.com/kehuhq/kehu/services/profile/internal/recommend"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// openRecommendations opens the room about what customers need next.
func (s *Service) openRecommendations(ctx context.Context, deps Deps) (*recommend.Room, error) {
	return recommend.Open(ctx, recommend.Deps{
		Engine: deps.Engine, Orders: s.store.Orders, Events: recommend.Watched{Store: s.events}, Consents: s.app.Guard(), Operations: s.operations, Clock: s.now,
		Known: func(ctx context.Context, customer string) error {
			known, err := s.store.Customers.Exist(ctx, []string{customer})
			if err == nil && !known[0] {
				err = store.CustomerNotFound(customer)
			}
			return err
		},
	})
}
