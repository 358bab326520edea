// Package profile reads purchase histories from the profile service.
package profile

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// maxMessage is the largest message taken, in bytes: a history is never split,
// so that one message may hold some three million orders of one customer.
const maxMessage = 64 << 20

// purpose is what histories are read for: a valuation puts each customer into
// groups by machine, and who objects to that is left out.
const purpose = "purposes/segmentation"

// Histories streams purchase histories.
type Histories struct {
	orders   profilev1.OrderServiceClient
	health   healthpb.HealthClient
	patience time.Duration
}

// New makes a reader on a connection to profile. A stream that is silent for
// longer than patience is given up.
func New(conn grpc.ClientConnInterface, patience time.Duration) *Histories {
	return &Histories{profilev1.NewOrderServiceClient(conn), healthpb.NewHealthClient(conn), patience}
}

// Reach is UNAVAILABLE where profile cannot be reached or does not serve.
func (h *Histories) Reach(ctx context.Context) error {
	said, err := h.health.Check(ctx, &healthpb.HealthCheckRequest{})
	if fault.KindOf(err) == fault.Unimplemented {
		return nil // it answers, which is what was asked
	}
	if err != nil {
		return err
	}
	if said.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "profile does not serve at the moment").With("peer", "profile")
	}
	return nil
}

// After yields the histories of all customers behind one, in the order of their
// escaped ids, leaving out orders at or after an instant. The empty id is before
// all. A history is valid until the iteration moves on. Orders are converted into
// a currency, ISO 4217, where one is given. Where customers behind the last one are
// left out, a history without a customer says how many.
//
// Besides the errors of profile, it yields faults: UNAVAILABLE where the stream
// falls silent, HISTORY_MALFORMED where it is out of order.
func (h *Histories) After(ctx context.Context, customer string, before time.Time, currency string) iter.Seq2[*domain.History, error] {
	return h.within(ctx, &apiv1.CustomerRange{From: behind(customer)}, docstore.ID(customer), before, currency)
}

// within yields the histories of a range of customers, as After does; last is the
// escaped id that all of theirs are behind.
func (h *Histories) within(ctx context.Context, span *apiv1.CustomerRange, last string, before time.Time, currency string) iter.Seq2[*domain.History, error] {
	return func(yield func(*domain.History, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		silence := time.AfterFunc(h.patience, func() { cancel(errSilent) })
		defer silence.Stop()
		stream, err := h.orders.StreamPurchaseHistories(ctx, &profilev1.StreamPurchaseHistoriesRequest{
			Range: span, Before: timestamppb.New(before),
			ReportingCurrencyCode: currency, Purpose: purpose,
		}, grpc.MaxCallRecvMsgSize(maxMessage))
		if err != nil {
			yield(nil, told(ctx, err))
			return
		}
		met := last
		for {
			silence.Reset(h.patience)
			batch, err := stream.Recv()
			silence.Stop()
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(nil, told(ctx, err))
				return
			case !each(batch, &met, yield):
				return
			}
		}
	}
}

// behind is where the customers begin that come after one: '"' is the lowest
// character in the order of escaped ids.
func behind(customer string) string {
	if customer == "" {
		return ""
	}
	return customer + `"`
}

// each yields the histories of one message, and sees to it that they come in order.
func each(batch *profilev1.StreamPurchaseHistoriesResponse, last *string, yield func(*domain.History, error) bool) bool {
	var history domain.History
	for _, p := range batch.GetHistories() {
		id := docstore.ID(p.GetCustomerId())
		if id <= *last {
			yield(nil, fault.New(fault.FailedPrecondition, "HISTORY_MALFORMED",
				"profile sent the history of customer %q out of order", p.GetCustomerId()).With("customer", p.GetCustomerId()))
			return false
		}
		*last = id
		history = domain.History{
			Customer: p.GetCustomerId(), TimeMS: p.GetOrderTimeMs(), Net: p.GetNetMinor(), Cost: p.GetCostMinor(),
			Currency: p.GetCurrency(), Codes: p.GetCurrencyCodes(), Excluded: p.GetExcludedBefore(),
		}
		if !yield(&history, nil) {
			return false
		}
	}
	if n := batch.GetExcludedWithoutConsent(); n > 0 {
		return yield(&domain.History{Excluded: n}, nil)
	}
	return true
}

var errSilent = fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "profile has stopped sending purchase histories").With("peer", "profile")

// told is why a stream ended: an error of profile, or our own decision.
func told(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
		return errSilent
	}
	return err
}
