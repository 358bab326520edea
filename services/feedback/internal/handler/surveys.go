package handler

import (
	"context"
	"slices"

	"go.einride.tech/aip/fieldmask"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/feedback/internal/app"
	"github.com/kehuhq/kehu/services/feedback/internal/domain"
	"github.com/kehuhq/kehu/services/feedback/internal/store"
)

// Surveys answers the SurveyService.
type Surveys struct {
	app   *app.App
	store *store.Store
}

// NewSurveys makes the SurveyService.
func NewSurveys(a *app.App, s *store.Store) *Surveys { return &Surveys{a, s} }

// GetSurvey returns one survey.
func (h *Surveys) GetSurvey(ctx context.Context, r *feedbackv1.GetSurveyRequest) (*feedbackv1.Survey, error) {
	id, err := surveyID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	s, err := h.store.Surveys.Get(ctx, id)
	return answered(s, err)
}

// answered is the survey as an answer, unless there is an error.
func answered(s *domain.Survey, err error) (*feedbackv1.Survey, error) {
	if err != nil {
		return nil, err
	}
	return surveyProto(s), nil
}

// ListSurveys lists surveys in the order of their ids.
func (h *Surveys) ListSurveys(ctx context.Context, r *feedbackv1.ListSurveysRequest) (*feedbackv1.ListSurveysResponse, error) {
	after, size, err := place(r)
	if err != nil {
		return nil, err
	}
	surveys, next, err := h.store.Surveys.Page(ctx, after, size)
	if err != nil {
		return nil, err
	}
	answer := &feedbackv1.ListSurveysResponse{Surveys: make([]*feedbackv1.Survey, len(surveys))}
	for i, s := range surveys {
		answer.Surveys[i] = surveyProto(s)
	}
	answer.NextPageToken, err = nextToken(next, r)
	return answer, err
}

// place is where the page begins, nil for the first, and its size.
func place(r page.Request) (*docstore.Position, int, error) {
	token, size, err := page.Of(r)
	if err != nil || token == (page.Token{}) {
		return nil, size, err
	}
	return &token.Position, size, nil
}

func nextToken(next *docstore.Position, r page.Request) (string, error) {
	if next == nil {
		return "", nil
	}
	return page.Token{Position: *next}.Encode(r)
}

// CreateSurvey writes a survey, as a draft.
func (h *Surveys) CreateSurvey(ctx context.Context, r *feedbackv1.CreateSurveyRequest) (*feedbackv1.Survey, error) {
	s := surveyContent(r.GetSurvey())
	s.ID = r.GetSurveyId()
	s.RequestedBy(r.GetRequestId())
	created, err := h.app.CreateSurvey(ctx, s, r.GetValidateOnly())
	return answered(created, renamed(err, inCreateSurvey))
}

// UpdateSurvey changes the fields that the mask names.
func (h *Surveys) UpdateSurvey(ctx context.Context, r *feedbackv1.UpdateSurveyRequest) (*feedbackv1.Survey, error) {
	id, err := surveyID("survey.name", r.GetSurvey().GetName())
	if err != nil {
		return nil, err
	}
	fields, err := maskedFields(r.GetUpdateMask(), r.GetSurvey())
	if err != nil {
		return nil, err
	}
	from := surveyContent(r.GetSurvey())
	from.ID = id
	changed, err := h.app.ChangeSurvey(ctx, from, fields, r.GetSurvey().GetEtag(), r.GetValidateOnly())
	return answered(changed, renamed(err, inSurvey))
}

// maskedFields reads an update mask: nothing means the fields that are set, "*"
// all that can be changed.
func maskedFields(given *fieldmaskpb.FieldMask, s *feedbackv1.Survey) ([]string, error) {
	if len(given.GetPaths()) == 0 {
		var set []string
		s.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if slices.Contains(domain.SurveyFields, string(field.Name())) {
				set = append(set, string(field.Name()))
			}
			return true
		})
		return set, nil
	}
	if err := fieldmask.Validate(given, s); err != nil {
		return nil, fault.Invalid("update_mask", "names a field that a survey does not have: %v", err)
	}
	if fieldmask.IsFullReplacement(given) {
		return domain.SurveyFields, nil
	}
	for _, path := range given.GetPaths() {
		if !slices.Contains(domain.SurveyFields, path) {
			return nil, fault.Invalid("update_mask", "must not name %q, which cannot be changed", path)
		}
	}
	return given.GetPaths(), nil
}

// DeleteSurvey deletes a survey without responses.
func (h *Surveys) DeleteSurvey(ctx context.Context, r *feedbackv1.DeleteSurveyRequest) (*emptypb.Empty, error) {
	id, err := surveyID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	if err := h.app.DeleteSurvey(ctx, id, r.GetEtag()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// PublishSurvey lets a survey take responses.
func (h *Surveys) PublishSurvey(ctx context.Context, r *feedbackv1.PublishSurveyRequest) (*feedbackv1.Survey, error) {
	return h.step(ctx, r.GetName(), domain.Published, r.GetEtag())
}

// CloseSurvey lets a survey take no more responses.
func (h *Surveys) CloseSurvey(ctx context.Context, r *feedbackv1.CloseSurveyRequest) (*feedbackv1.Survey, error) {
	return h.step(ctx, r.GetName(), domain.Closed, r.GetEtag())
}

func (h *Surveys) step(ctx context.Context, name string, to domain.State, tag string) (*feedbackv1.Survey, error) {
	id, err := surveyID("name", name)
	if err != nil {
		return nil, err
	}
	s, err := h.app.StepSurvey(ctx, id, to, tag)
	return answered(s, err)
}
