package handler

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// batchBytes is about the size of a streamed message.
const batchBytes = 256 << 10

// StreamValuations sends the valuations of a range of customers.
func (h *Valuations) StreamValuations(r *valuationv1.StreamValuationsRequest, stream grpc.ServerStreamingServer[valuationv1.StreamValuationsResponse]) error {
	ctx := stream.Context()
	edition, err := h.streamed(ctx, r.GetGeneration())
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	to := newProtos(edition)
	batch, size := &valuationv1.StreamValuationsResponse{}, 0
	span := store.Span{From: r.GetRange().GetFrom(), To: r.GetRange().GetTo()}
	for v, err := range h.Store.Valuations.All(ctx, edition.Generation, span) {
		if err != nil {
			return err
		}
		if edition.Hides(v.Customer) {
			continue
		}
		p := to.valuation(v)
		batch.Valuations = append(batch.Valuations, p)
		if size += proto.Size(p); size < batchBytes {
			continue
		}
		if err := stream.Send(batch); err != nil {
			return err
		}
		batch = &valuationv1.StreamValuationsResponse{Valuations: make([]*valuationv1.Valuation, 0, len(batch.Valuations))}
		size = 0
	}
	if len(batch.Valuations) == 0 {
		return nil
	}
	return stream.Send(batch)
}

// streamed is the edition of a generation, of 0 the current one.
func (h *Valuations) streamed(ctx context.Context, generation int64) (store.Edition, error) {
	if generation == 0 {
		return h.Store.Publication.Current(ctx)
	}
	edition, kept, err := h.Store.Publication.Edition(ctx, generation, h.Clock().Add(-h.Keep))
	if err == nil && !kept {
		err = fault.New(fault.NotFound, "GENERATION_NOT_FOUND",
			"there is no refresh %d, or it was superseded more than %s ago; leave generation out for the last one", generation, h.Keep)
	}
	return edition, err
}
