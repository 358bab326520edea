package profile

import (
	"context"
	"iter"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/exporter"
	"github.com/kehuhq/kehu/services/profile/internal/handler"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// exports are the records that can be exported, as the API shows them.
func (s *Service) exports() exporter.Sources {
	return exporter.Sources{Customers: s.exportCustomers, Orders: s.exportOrders, Events: s.exportEvents}
}

// shownAtATime is how many records are looked through for what is sensitive, or
// opened, together.
const shownAtATime = 1000

func (s *Service) exportCustomers(ctx context.Context, span exporter.Span) iter.Seq2[proto.Message, error] {
	show := handler.Shown(s.app.Guard())
	return func(yield func(proto.Message, error) bool) {
		var held []*domain.Customer
		flush := func() bool {
			shown, err := show(ctx, held...)
			held = held[:0]
			if err != nil {
				yield(nil, err)
				return false
			}
			for _, c := range shown {
				if !yield(c, nil) {
					return false
				}
			}
			return true
		}
		for c, err := range s.store.Customers.All(ctx, store.Span{From: span.From, To: span.To}) {
			may := false
			if err == nil {
				may, err = span.Allowed(c.ID)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !may {
				continue
			}
			if held = append(held, &c); len(held) >= shownAtATime && !flush() {
				return
			}
		}
		flush()
	}
}

func (s *Service) exportOrders(ctx context.Context, span exporter.Span) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		for o, err := range s.store.Orders.All(ctx, store.Span{From: span.From, To: span.To}) {
			may := false
			if err == nil && span.Holds(o.Time) {
				may, err = span.Allowed(o.Customer)
			}
			if err == nil && !may {
				continue
			}
			if !yield(handler.OrderProto(&o), err) || err != nil {
				return
			}
		}
	}
}

func (s *Service) exportEvents(ctx context.Context, span exporter.Span) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		for c, err := range s.events.Walk(ctx, events.Span{From: span.From, To: span.To}, true) {
			var within []*events.Event
			may := false
			if err == nil {
				within = slices.DeleteFunc(slices.Clone(c.Events), func(e *events.Event) bool { return !span.Holds(e.Time) })
				if len(within) > 0 {
					may, err = span.Allowed(c.Customer)
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !may {
				continue
			}
			for part := range slices.Chunk(within, shownAtATime) {
				shown, err := s.events.Protos(ctx, part)
				if err != nil {
					yield(nil, err)
					return
				}
				for _, e := range shown {
					if !yield(e, nil) {
						return
					}
				}
			}
		}
	}
}
