package feedback_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
)

// opinions streams how satisfied customers are, a line for each.
func (w *world) opinions(t *testing.T, r *feedbackv1.StreamSatisfactionRequest) (lines []string, err error) {
	t.Helper()
	stream, err := w.satisfaction.StreamSatisfaction(t.Context(), r)
	must(t, err)
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		if n := len(batch.GetCustomers()); n == 0 || n > 1000 {
			t.Errorf("a message of %d customers", n)
		}
		for _, c := range batch.GetCustomers() {
			lines = append(lines, fmt.Sprintf("%s %s %d %.1f", c.GetCustomerId(), c.GetKind().String()[len("SURVEY_KIND_"):], c.GetResponses(), c.GetSatisfaction()))
		}
	}
}

func TestHowSatisfiedCustomersAre(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.profile.known = nil
		spring, autumn := w.open(t, "spring"), w.open(t, "autumn")
		w.submit(t, spring, "1", "bob", 3)
		w.submit(t, spring, "2", "a b", 10)
		w.submit(t, spring, "3", "客户", 0)
		later := w.clock.Now().Add(time.Hour)
		w.clock.advance(2 * time.Hour)
		w.submit(t, autumn, "4", "bob", 7)
		w.submit(t, spring, "5", "zoe", 5)

		for _, c := range []struct {
			name string
			ask  *feedbackv1.StreamSatisfactionRequest
			want []string
		}{
			{"all", &feedbackv1.StreamSatisfactionRequest{}, []string{"a b NPS 1 1.0", "bob NPS 2 0.7", "zoe NPS 1 0.5", "客户 NPS 1 0.0"}},
			{"before", &feedbackv1.StreamSatisfactionRequest{Before: timestamppb.New(later)}, []string{"a b NPS 1 1.0", "bob NPS 1 0.3", "客户 NPS 1 0.0"}},
			{"behind bob", &feedbackv1.StreamSatisfactionRequest{AfterCustomerId: "bob"}, []string{"zoe NPS 1 0.5", "客户 NPS 1 0.0"}},
			{"in between", &feedbackv1.StreamSatisfactionRequest{AfterCustomerId: "a b", ToCustomerId: "zoe"}, []string{"bob NPS 2 0.7"}},
		} {
			got, err := w.opinions(t, c.ask)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
			}
		}
		_, err := w.opinions(t, &feedbackv1.StreamSatisfactionRequest{AfterCustomerId: "b", ToCustomerId: "a"})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "to_customer_id")
		_, err = w.opinions(t, &feedbackv1.StreamSatisfactionRequest{Before: &timestamppb.Timestamp{Seconds: 1 << 60}})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "before")
	})
}

// More customers than a message takes.
func TestSatisfactionOfMany(t *testing.T) {
	w := onPebble(t)
	w.profile.known = nil
	survey := w.open(t, "recommend")
	const n = 2500
	for first := 0; first < n; first += 500 {
		r := &feedbackv1.BatchSubmitResponsesRequest{Parent: survey}
		for i := first; i < first+500; i++ {
			a := answerOf(fmt.Sprintf("c%04d", i), int32(i%11))
			a.Name = fmt.Sprintf("%s/responses/%d", survey, i)
			r.Responses = append(r.Responses, a)
		}
		_, err := w.BatchSubmitResponses(t.Context(), r)
		must(t, err)
	}
	got, err := w.opinions(t, &feedbackv1.StreamSatisfactionRequest{})
	if err != nil || len(got) != n || got[n-1] != fmt.Sprintf("c%04d NPS 1 %.1f", n-1, float64((n-1)%11)/10) {
		t.Errorf("%d customers, %v", len(got), err)
	}
}
