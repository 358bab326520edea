package demo

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

const batchSize = 500

// survey asks the customers how likely they are to recommend the shop, and
// shows the net promoter score over all and by segment.
func (d *demo) survey(ctx context.Context) error {
	client := feedbackv1.NewSurveyServiceClient(d.conn)
	made, err := client.CreateSurvey(ctx, &feedbackv1.CreateSurveyRequest{SurveyId: "recommend", Survey: &feedbackv1.Survey{
		DisplayName: "Recommendation 推荐意愿", Kind: feedbackv1.SurveyKind_SURVEY_KIND_NPS,
		Question: "您有多大可能把我们推荐给朋友或同事？ How likely are you to recommend us to a friend or colleague?",
	}})
	if err != nil {
		return err
	}
	if _, err := client.PublishSurvey(ctx, &feedbackv1.PublishSurveyRequest{Name: made.GetName()}); err != nil {
		return err
	}
	refused, err := d.answer(ctx, client, made.GetName())
	if err != nil {
		return err
	}
	nps, err := client.ComputeNps(ctx, &feedbackv1.ComputeNpsRequest{Name: made.GetName(), BySegment: true})
	if err != nil {
		return err
	}
	d.page.Heading(fmt.Sprintf("Net promoter score 净推荐值, with its %.0f%% interval (adjusted Wald)", 100*nps.GetLevel()))
	rows := [][]string{{"group", "answers", "promoters", "detractors", "NPS", "interval"}}
	for _, e := range append([]*feedbackv1.NpsEstimate{nps.GetOverall()}, nps.GetSegments()...) {
		rows = append(rows, npsRow(e))
	}
	d.page.Table(rows)
	if refused > 0 {
		d.page.Item(fmt.Sprintf("%d answers were refused: their customers' rows could not be read.", refused))
	}
	return nil
}

func npsRow(e *feedbackv1.NpsEstimate) []string {
	row := []string{e.GetGroup(), count(e.GetResponses()), count(e.GetPromoters()), count(e.GetDetractors())}
	if e.Nps == nil {
		return append(row, "none yet")
	}
	return append(row, fmt.Sprintf("%+.1f", 100*e.GetNps()), fmt.Sprintf("%+.1f to %+.1f", 100*e.GetLower(), 100*e.GetUpper()))
}

// answer submits the shop's answers in batches and returns how many were refused.
func (d *demo) answer(ctx context.Context, client feedbackv1.SurveyServiceClient, survey string) (refused int64, err error) {
	stage := d.settings.Progress.Start("answering the survey", 0, progress.Count)
	var batch []*feedbackv1.Response
	var sent int64
	submit := func() error {
		if len(batch) == 0 {
			return nil
		}
		answer, err := client.BatchSubmitResponses(ctx, &feedbackv1.BatchSubmitResponsesRequest{Parent: survey, Responses: batch})
		if err != nil {
			return err
		}
		refused += countRefused(answer.GetStatuses())
		sent += int64(len(batch))
		stage.Set(sent, 0)
		batch = batch[:0]
		return nil
	}
	for a := range d.shop.Answers() {
		batch = append(batch, &feedbackv1.Response{
			Name: fmt.Sprintf("%s/responses/a-%s", survey, a.CustomerID), CustomerId: a.CustomerID,
			Score: proto.Int32(int32(a.Score)), Comment: a.Comment, Channel: a.Channel, ResponseTime: timestamppb.New(a.Time),
		})
		if len(batch) == batchSize {
			if err := submit(); err != nil {
				return refused, err
			}
		}
	}
	defer stage.End()
	return refused, submit()
}

func countRefused(statuses []*apiv1.ItemStatus) int64 {
	var n int64
	for _, s := range statuses {
		if s.GetCode() != 0 {
			n++
		}
	}
	return n
}
