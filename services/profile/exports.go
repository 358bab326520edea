package profile

import (
	"context"
	"iter"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/exporter"
	"github.com/kehuhq/kehu/services/profile/internal/handler"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// exports are the records that can be exported, as the API shows them.
func (s *Service) exports() exporter.Sources {
	return exporter.Sources{Customers: s.exportCustomers, Orders: s.exportOrders, Events: s.exportEvents}
}

func (s *Service) exportCustomers(ctx context.Context, span exporter.Span) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		for c, err := range s.store.Customers.All(ctx, store.Span{From: span.From, To: span.To}) {
			if !yield(handler.CustomerProto(&c), err) || err != nil {
				return
			}
		}
	}
}

func (s *Service) exportOrders(ctx context.Context, span exporter.Span) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		for o, err := range s.store.Orders.All(ctx, store.Span{From: span.From, To: span.To}) {
			if err == nil && !span.Holds(o.Time) {
				continue
			}
			if !yield(handler.OrderProto(&o), err) || err != nil {
				return
			}
		}
	}
}

// eventsAtATime is how many events of a customer are opened together.
const eventsAtATime = 1000

func (s *Service) exportEvents(ctx context.Context, span exporter.Span) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		for c, err := range s.events.Walk(ctx, events.Span{From: span.From, To: span.To}, true) {
			if err != nil {
				yield(nil, err)
				return
			}
			within := slices.DeleteFunc(slices.Clone(c.Events), func(e *events.Event) bool { return !span.Holds(e.Time) })
			for part := range slices.Chunk(within, eventsAtATime) {
				shown, err := events.Protos(ctx, part)
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
