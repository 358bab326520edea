package handler

import (
	"context"
	"math"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// batchBytes is about the size of a streamed message. A purchase history is
// never split, so that a message can be larger: 20 bytes or so for each order
// of the largest customer. Callers take messages of 64 MiB.
const batchBytes = 256 << 10

func span(r *apiv1.CustomerRange) store.Span {
	return store.Span{From: r.GetFrom(), To: r.GetTo()}
}

// StreamCustomers sends the customers of a range.
func (h *Customers) StreamCustomers(r *profilev1.StreamCustomersRequest, stream grpc.ServerStreamingServer[profilev1.StreamCustomersResponse]) error {
	ctx := stream.Context()
	allowed, stop, err := h.along(ctx, r)
	if err != nil {
		return err
	}
	defer stop()
	batch, size := &profilev1.StreamCustomersResponse{}, 0
	for c, err := range h.store.All(ctx, span(r.GetRange())) {
		if err != nil {
			return err
		}
		if yes, err := allowed(c.ID); err != nil {
			return err
		} else if !yes {
			continue
		}
		p, err := h.proto(ctx, &c)
		if err != nil {
			return err
		}
		batch.Customers = append(batch.Customers, p)
		if size += proto.Size(p); size < batchBytes {
			continue
		}
		if err := stream.Send(batch); err != nil {
			return err
		}
		batch, size = &profilev1.StreamCustomersResponse{}, 0
	}
	if len(batch.Customers) == 0 {
		return nil
	}
	return stream.Send(batch)
}

// along tells of the customers of a stream, one after the other, whether the
// purpose that the request names is allowed.
func (h *Customers) along(ctx context.Context, r *profilev1.StreamCustomersRequest) (func(string) (bool, error), func(), error) {
	if r.GetPurpose() == "" {
		return func(string) (bool, error) { return true, nil }, func() {}, nil
	}
	id, err := h.app.Guard().PurposeIn(ctx, "purpose", r.GetPurpose())
	if err != nil {
		return nil, nil, err
	}
	return h.app.Guard().Along(ctx, id, r.GetRange().GetFrom())
}

// StreamPurchaseHistories sends the purchase histories of a range.
func (h *Orders) StreamPurchaseHistories(r *profilev1.StreamPurchaseHistoriesRequest, stream grpc.ServerStreamingServer[profilev1.StreamPurchaseHistoriesResponse]) error {
	beforeMS := int64(math.MaxInt64)
	if r.GetBefore() != nil {
		before, f := instant("before", r.GetBefore())
		if f != nil {
			return f
		}
		beforeMS = before.UnixMilli()
		if before.Nanosecond()%1e6 != 0 {
			beforeMS++ // stored times are whole milliseconds
		}
	}
	convert, err := h.conversion(stream.Context(), r.GetReportingCurrencyCode())
	if err != nil {
		return err
	}
	b := newHistoryBatch()
	for p, err := range h.store.Orders.Purchases(stream.Context(), span(r.GetRange()), beforeMS) {
		if err != nil {
			return err
		}
		if err := convert(p); err != nil {
			return err
		}
		if p.CustomerKey != b.customer && b.full() {
			if err := stream.Send(b.message()); err != nil {
				return err
			}
			b = newHistoryBatch()
		}
		b.add(p)
	}
	if b.empty() {
		return nil
	}
	return stream.Send(b.message())
}
