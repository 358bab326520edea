package handler

import (
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
	allowed, stop, err := along(ctx, h.app.Guard(), r.GetPurpose(), r.GetRange().GetFrom())
	if err != nil {
		return err
	}
	defer stop()
	excluded, told := int64(0), int64(0)
	batch, size := &profilev1.StreamCustomersResponse{}, 0
	send := func() error {
		batch.ExcludedWithoutConsent, told = excluded, excluded
		err := stream.Send(batch)
		batch, size = &profilev1.StreamCustomersResponse{}, 0
		return err
	}
	for c, err := range h.store.All(ctx, span(r.GetRange())) {
		if err != nil {
			return err
		}
		if yes, err := allowed(c.ID); err != nil {
			return err
		} else if !yes {
			excluded++
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
		if err := send(); err != nil {
			return err
		}
	}
	if len(batch.Customers) == 0 && told == excluded {
		return nil
	}
	return send()
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
	allowed, stop, err := along(stream.Context(), h.app.Guard(), r.GetPurpose(), r.GetRange().GetFrom())
	if err != nil {
		return err
	}
	defer stop()
	b := newHistoryBatch()
	of, left := "", excluded{} // the customer at hand
	for p, err := range h.store.Orders.Purchases(stream.Context(), span(r.GetRange()), beforeMS) {
		if err != nil {
			return err
		}
		if p.CustomerKey != of {
			of = p.CustomerKey
			if err := left.meet(allowed(store.CustomerOf(of))); err != nil {
				return err
			}
		}
		if left.out {
			continue
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
		b.add(p, &left)
	}
	if b.empty() && left.since == 0 {
		return nil
	}
	last := b.message()
	last.ExcludedWithoutConsent = left.since
	return stream.Send(last)
}

// excluded counts the customers of a stream who do not allow its purpose.
type excluded struct {
	out   bool  // the customer at hand is one
	since int64 // how many there were since the last one who allows it
}

func (e *excluded) meet(allowed bool, err error) error {
	if e.out = !allowed; e.out && err == nil {
		e.since++
	}
	return err
}
