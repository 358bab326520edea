package handler

import (
	"context"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// SubmitResponse records a known customer's answer.
func (h *Surveys) SubmitResponse(ctx context.Context, r *feedbackv1.SubmitResponseRequest) (*feedbackv1.Response, error) {
	survey, err := surveyID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	given, err := responseContent(r.GetResponse())
	if err != nil {
		return nil, renamed(err, inSubmitResponse)
	}
	given.ID, given.Request = r.GetResponseId(), r.GetRequestId()
	stored, err := h.app.Submit(ctx, survey, given)
	if err != nil {
		return nil, renamed(err, inSubmitResponse)
	}
	return responseProto(stored), nil
}

// BatchSubmitResponses records many answers, each by itself.
func (h *Surveys) BatchSubmitResponses(ctx context.Context, r *feedbackv1.BatchSubmitResponsesRequest) (*feedbackv1.BatchSubmitResponsesResponse, error) {
	survey, err := surveyID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	statuses := make([]*apiv1.ItemStatus, len(r.GetResponses()))
	first := make(map[string]int, len(r.GetResponses())) // where an id stands
	var places []int
	var given []*domain.Response
	for i, p := range r.GetResponses() {
		answer, err := batchedResponse(survey, p)
		if err == nil {
			if at, twice := first[answer.ID]; twice {
				err = domain.DuplicateInRequest(at)
			} else {
				first[answer.ID] = i
			}
		}
		if err != nil {
			statuses[i] = rpc.ItemStatus(err)
			continue
		}
		places, given = append(places, i), append(given, answer)
	}
	errs, err := h.app.SubmitAll(ctx, survey, given)
	if err != nil {
		return nil, err
	}
	for n, i := range places {
		statuses[i] = rpc.ItemStatus(errs[n])
	}
	return &feedbackv1.BatchSubmitResponsesResponse{Statuses: statuses}, nil
}

// batchedResponse reads an answer of a batch, which carries its name.
func batchedResponse(survey string, p *feedbackv1.Response) (*domain.Response, error) {
	of, id, err := responseID("name", p.GetName())
	if err != nil {
		return nil, err
	}
	if of != survey {
		return nil, fault.Invalid("name", "must begin with the request's parent, %s", surveyName(survey))
	}
	r, err := responseContent(p)
	if err != nil {
		return nil, err
	}
	r.ID = id
	return r, nil
}

// GetResponse returns one answer.
func (h *Surveys) GetResponse(ctx context.Context, r *feedbackv1.GetResponseRequest) (*feedbackv1.Response, error) {
	survey, id, err := responseID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	found, err := h.store.Responses.Get(ctx, survey, id)
	if err != nil {
		return nil, err
	}
	return responseProto(found), nil
}

// ListResponses lists a survey's answers in the order of their ids.
func (h *Surveys) ListResponses(ctx context.Context, r *feedbackv1.ListResponsesRequest) (*feedbackv1.ListResponsesResponse, error) {
	survey, err := surveyID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := place(r)
	if err != nil {
		return nil, err
	}
	if _, err := h.store.Surveys.Get(ctx, survey); err != nil {
		return nil, err
	}
	responses, next, err := h.store.Responses.Page(ctx, survey, after, size)
	if err != nil {
		return nil, err
	}
	answer := &feedbackv1.ListResponsesResponse{Responses: make([]*feedbackv1.Response, len(responses))}
	for i, found := range responses {
		answer.Responses[i] = responseProto(found)
	}
	answer.NextPageToken, err = nextToken(next, r)
	return answer, err
}
