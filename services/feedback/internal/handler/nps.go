package handler

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/feedback/internal/app"
	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// ComputeNps computes the net promoter score of a survey.
func (h *Surveys) ComputeNps(ctx context.Context, r *feedbackv1.ComputeNpsRequest) (*feedbackv1.ComputeNpsResponse, error) {
	q := app.NPSQuestion{BySegment: r.GetBySegment(), Level: r.GetLevel()}
	var err error
	if q.Survey, err = surveyID("name", r.GetName()); err != nil {
		return nil, err
	}
	var known bool
	if q.Method, known = methods[r.GetIntervalMethod()]; !known {
		return nil, fault.Invalid("interval_method", "must be one of the values the API defines, is %d", r.GetIntervalMethod())
	}
	if q.Level == 0 {
		q.Level = domain.DefaultLevel
	}
	report, err := h.app.ComputeNPS(ctx, q)
	if err != nil {
		return nil, err
	}
	answer := &feedbackv1.ComputeNpsResponse{
		Overall: estimateProto(report.Overall), IntervalMethod: methodProtos[report.Method],
		Level: report.Level, AsOf: timestamppb.New(report.AsOf),
	}
	for _, segment := range report.Segments {
		answer.Segments = append(answer.Segments, estimateProto(segment))
	}
	return answer, nil
}
