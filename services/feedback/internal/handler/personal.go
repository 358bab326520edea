package handler

import (
	"context"
	"iter"

	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/feedback/internal/app"
	"github.com/kehuhq/kehu/services/feedback/internal/store"
)

// PersonalData answers the PersonalDataService.
type PersonalData struct {
	app   *app.App
	store *store.Store
}

// NewPersonalData makes the PersonalDataService.
func NewPersonalData(a *app.App, s *store.Store) *PersonalData { return &PersonalData{a, s} }

// ReadPersonalData sends a person's answers.
func (h *PersonalData) ReadPersonalData(r *feedbackv1.ReadPersonalDataRequest, stream grpc.ServerStreamingServer[apiv1.PersonalDataPart]) error {
	return personaldata.Send(app.Answers, h.answers(stream.Context(), r.GetPerson().GetCustomerIds()), stream.Send)
}

func (h *PersonalData) answers(ctx context.Context, customers []string) iter.Seq2[*feedbackv1.Response, error] {
	return func(yield func(*feedbackv1.Response, error) bool) {
		for _, customer := range customers {
			for found, err := range h.store.Responses.Of(ctx, customer) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(responseProto(found), nil) {
					return
				}
			}
		}
	}
}

// ErasePersonalData erases a person's answers.
func (h *PersonalData) ErasePersonalData(ctx context.Context, r *feedbackv1.ErasePersonalDataRequest) (*feedbackv1.ErasePersonalDataResponse, error) {
	erased, err := h.app.Erase(ctx, r.GetPerson().GetCustomerIds(), r.GetPseudonym())
	if err != nil {
		return nil, err
	}
	answer := &feedbackv1.ErasePersonalDataResponse{}
	if erased > 0 {
		answer.Sections = append(answer.Sections, app.Answers.Erased("feedback", erased, 0, ""))
	}
	return answer, nil
}
