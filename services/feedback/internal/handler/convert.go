package handler

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

var (
	kinds = map[feedbackv1.SurveyKind]domain.Kind{
		feedbackv1.SurveyKind_SURVEY_KIND_NPS: domain.NPS,
	}
	kindProtos = map[domain.Kind]feedbackv1.SurveyKind{
		domain.NPS: feedbackv1.SurveyKind_SURVEY_KIND_NPS,
	}
	stateProtos = map[domain.State]feedbackv1.SurveyState{
		domain.Draft:     feedbackv1.SurveyState_SURVEY_STATE_DRAFT,
		domain.Published: feedbackv1.SurveyState_SURVEY_STATE_PUBLISHED,
		domain.Closed:    feedbackv1.SurveyState_SURVEY_STATE_CLOSED,
	}
	methods = map[feedbackv1.IntervalMethod]stat.Method{
		feedbackv1.IntervalMethod_INTERVAL_METHOD_UNSPECIFIED:   domain.DefaultMethod,
		feedbackv1.IntervalMethod_INTERVAL_METHOD_ADJUSTED_WALD: stat.MethodAdjustedWald,
		feedbackv1.IntervalMethod_INTERVAL_METHOD_WALD:          stat.MethodWald,
	}
	methodProtos = map[stat.Method]feedbackv1.IntervalMethod{
		stat.MethodAdjustedWald: feedbackv1.IntervalMethod_INTERVAL_METHOD_ADJUSTED_WALD,
		stat.MethodWald:         feedbackv1.IntervalMethod_INTERVAL_METHOD_WALD,
	}
)

func surveyProto(s *domain.Survey) *feedbackv1.Survey {
	p := &feedbackv1.Survey{
		Name: surveyName(s.ID), DisplayName: s.DisplayName, Kind: kindProtos[s.Kind], Question: s.Question,
		State: stateProtos[s.State], CreateTime: timestamppb.New(s.CreatedAt), UpdateTime: timestamppb.New(s.ChangedAt),
	}
	if s.Version > 0 {
		p.Etag = etag.Of(s.Edition())
	}
	return p
}

// surveyContent reads what a caller sets of a survey, its id apart.
func surveyContent(p *feedbackv1.Survey) *domain.Survey {
	return &domain.Survey{DisplayName: p.GetDisplayName(), Kind: kinds[p.GetKind()], Question: p.GetQuestion()}
}

func responseProto(r *domain.Response) *feedbackv1.Response {
	return &feedbackv1.Response{
		Name: responseName(r.Survey, r.ID), CustomerId: r.Customer, Score: proto.Int32(int32(r.Score)),
		Comment: r.Comment, Channel: r.Channel,
		ResponseTime: timestamppb.New(r.Time), CreateTime: timestamppb.New(r.CreatedAt),
	}
}

// responseContent reads what a caller sets of a response, its id apart.
func responseContent(p *feedbackv1.Response) (*domain.Response, error) {
	r := &domain.Response{
		Customer: p.GetCustomerId(), Score: int(p.GetScore()), Comment: p.GetComment(), Channel: p.GetChannel(),
	}
	var faults [2]*fault.Fault
	if p.Score == nil {
		faults[0] = fault.Invalid("score", "must be set, 0 to 10")
	}
	if t := p.GetResponseTime(); t != nil {
		// The instant that Go calls zero would pass for one that is not given.
		if r.Time = t.AsTime(); t.CheckValid() != nil || r.Time.Equal(time.Time{}) {
			faults[1] = fault.Invalid("response_time", "must be an instant after 1970, or be left out")
		}
	}
	return r, fault.Merge(faults[:]...)
}

func estimateProto(e domain.Estimate) *feedbackv1.NpsEstimate {
	return &feedbackv1.NpsEstimate{
		Group: e.Group, Responses: e.Counts.N(),
		Promoters: e.Counts.Promoters, Passives: e.Counts.Passives, Detractors: e.Counts.Detractors,
		Nps: e.NPS, Lower: e.Lower, Upper: e.Upper,
	}
}
