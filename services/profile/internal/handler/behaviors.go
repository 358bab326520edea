package handler

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// mostSteps is about how many events and orders one answer is worked out of: a second
// or so.
const mostSteps = 50_000

// mostBehaviors is how many customers a message of a stream tells of.
const mostBehaviors = 1000

// BatchGetBehaviors returns when some customers last did what, and their stages.
func (h *CustomerUpdates) BatchGetBehaviors(ctx context.Context, r *profilev1.BatchGetBehaviorsRequest) (*profilev1.BatchGetBehaviorsResponse, error) {
	forest, roots, withheld, err := h.roots(ctx, r.GetCustomerIds(), r.GetPurpose())
	if err != nil {
		return nil, err
	}
	slices.SortFunc(roots, func(a, b string) int { return strings.Compare(docstore.ID(a), docstore.ID(b)) })
	answer := &profilev1.BatchGetBehaviorsResponse{ExcludedWithoutConsent: withheld}
	steps, read := 0, 0
	for told, err := range h.behaviors.Of(ctx, forest, roots) {
		if err != nil {
			return nil, err
		}
		read++
		if !told.Empty() {
			answer.Behaviors = append(answer.Behaviors, told.CustomerBehavior)
		}
		if steps += told.Steps; steps >= mostSteps {
			answer.RemainingCustomerIds = roots[read:]
			break
		}
	}
	return answer, nil
}

// StreamBehaviors sends the same of a range.
func (h *CustomerUpdates) StreamBehaviors(r *profilev1.StreamBehaviorsRequest, stream grpc.ServerStreamingServer[profilev1.StreamBehaviorsResponse]) error {
	ctx := stream.Context()
	allowed, stop, err := along(ctx, h.app.Guard(), r.GetPurpose(), r.GetRange().GetFrom())
	if err != nil {
		return err
	}
	defer stop()
	batch := &profilev1.StreamBehaviorsResponse{}
	for told, err := range h.behaviors.Within(ctx, span(r.GetRange())) {
		if err != nil {
			return err
		}
		if told.Empty() {
			continue
		}
		if yes, err := allowed(told.GetCustomerId()); err != nil {
			return err
		} else if !yes {
			batch.ExcludedWithoutConsent++
			continue
		}
		if batch.Behaviors = append(batch.Behaviors, told.CustomerBehavior); len(batch.Behaviors) == mostBehaviors {
			if err := stream.Send(batch); err != nil {
				return err
			}
			batch = &profilev1.StreamBehaviorsResponse{}
		}
	}
	if len(batch.Behaviors) == 0 && batch.ExcludedWithoutConsent == 0 {
		return nil
	}
	return stream.Send(batch)
}
