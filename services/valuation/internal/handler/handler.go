// Package handler answers the valuation service's RPCs: proto to domain and back.
package handler

import (
	"context"
	"errors"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/valuation/internal/app"
	"github.com/kehuhq/kehu/services/valuation/internal/profile"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// Valuations implements ValuationService.
type Valuations struct {
	Store      *store.Store
	Operations *operation.Manager
	Profile    *profile.Histories
	Models     app.Models
	Customers  *alias.Book   // which ids are one customer
	Keep       time.Duration // how long a superseded generation can be read
	Clock      func() time.Time
}

var _ valuationv1.ValuationServiceServer = (*Valuations)(nil)

// refreshKind is the operations' kind, as it is stored.
const refreshKind = "refresh"

// RegisterRefresh makes the operations of RefreshValuations run. published is told
// the generation of each refresh that has been published; it may be told again.
func RegisterRefresh(m *operation.Manager, refresh *app.Refresh, clock func() time.Time, published func(context.Context, int64) error) error {
	return operation.Register(m, refreshKind, operation.Kind[*valuationv1.RefreshValuationsRequest, app.State]{
		Run: func(ctx context.Context, run *operation.Run[*valuationv1.RefreshValuationsRequest, app.State]) (proto.Message, error) {
			policy := policyOf(run.Request.GetPolicy())
			if err := policy.Normalize(clock()); err != nil {
				return nil, err
			}
			summary, err := refresh.Run(ctx, run.Name, policy, run.State, run)
			if err != nil {
				return nil, err
			}
			return summaryProto(&summary), published(ctx, summary.Generation)
		},
	})
}

// RefreshValuations starts a refresh.
func (h *Valuations) RefreshValuations(ctx context.Context, r *valuationv1.RefreshValuationsRequest) (*longrunningpb.Operation, error) {
	policy := policyOf(r.GetPolicy())
	if err := policy.Normalize(h.Clock()); err != nil {
		return nil, err
	}
	if len(policy.Prediction.Models) > 0 && !policy.Prediction.Disabled {
		if _, err := h.Models.Load(ctx, policy.Prediction.Models, policy.Currency); err != nil {
			return nil, err
		}
	}
	// Whoever asks is told at once; a profile that goes away later is waited for.
	if err := h.Profile.Reach(ctx); err != nil {
		return nil, err
	}
	return h.Operations.Start(ctx, refreshKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

// GetValuationSummary returns what the last refresh says of the whole base.
func (h *Valuations) GetValuationSummary(ctx context.Context, _ *valuationv1.GetValuationSummaryRequest) (*valuationv1.ValuationSummary, error) {
	summary, err := h.Store.Publication.Summary(ctx)
	if errors.Is(err, store.ErrNone) {
		return nil, notRefreshed()
	}
	if err != nil {
		return nil, err
	}
	return summaryProto(&summary), nil
}
