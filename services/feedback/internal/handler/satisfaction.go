package handler

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/feedback/internal/app"
	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// Satisfaction answers the SatisfactionService.
type Satisfaction struct {
	app *app.App
}

// NewSatisfaction makes the SatisfactionService.
func NewSatisfaction(a *app.App) *Satisfaction { return &Satisfaction{a} }

// customersPerMessage is how many entries a streamed message has about.
const customersPerMessage = 1000

// StreamSatisfaction sends how satisfied each customer is.
func (h *Satisfaction) StreamSatisfaction(r *feedbackv1.StreamSatisfactionRequest, stream grpc.ServerStreamingServer[feedbackv1.StreamSatisfactionResponse]) error {
	var before time.Time
	if r.GetBefore() != nil {
		if r.GetBefore().CheckValid() != nil {
			return fault.Invalid("before", "must be an instant between the years 1 and 9999")
		}
		before = r.GetBefore().AsTime()
	}
	batch := &feedbackv1.StreamSatisfactionResponse{}
	for opinions, err := range h.app.Satisfaction(stream.Context(), r.GetAfterCustomerId(), r.GetToCustomerId(), before) {
		if err != nil {
			return err
		}
		of := satisfactionProtos(opinions)
		if len(batch.Customers)+len(of) > customersPerMessage {
			if err := stream.Send(batch); err != nil {
				return err
			}
			batch = &feedbackv1.StreamSatisfactionResponse{}
		}
		batch.Customers = append(batch.Customers, of...)
	}
	if len(batch.Customers) == 0 {
		return nil
	}
	return stream.Send(batch)
}

func satisfactionProtos(opinions *domain.Opinions) []*feedbackv1.CustomerSatisfaction {
	var of []*feedbackv1.CustomerSatisfaction
	for _, s := range opinions.All() {
		of = append(of, &feedbackv1.CustomerSatisfaction{
			CustomerId: s.Customer, Kind: kindProtos[s.Kind], Responses: s.Responses,
			Satisfaction: s.Share, LastResponseTime: timestamppb.New(s.Time),
		})
	}
	return of
}
