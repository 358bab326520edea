package feedback_test

import (
	"fmt"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/docstore/storetest"
)

// together runs work n times at once and waits for all.
func together(n int, work func(i int)) {
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			work(i)
		})
	}
	close(start)
	group.Wait()
}

func TestOneAnswerWinsAnID(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.profile.known = nil
		survey := w.open(t, "s")
		for round := range 5 {
			id := fmt.Sprintf("r%d", round)
			errs, stored := make([]error, 32), make([]*feedbackv1.Response, 32)
			together(len(errs), func(i int) { // two answers, each from many callers
				stored[i], errs[i] = w.SubmitResponse(t.Context(), &feedbackv1.SubmitResponseRequest{
					Parent: survey, ResponseId: id, Response: answerOf("c", int32(i%2)),
				})
			})
			found, err := w.GetResponse(t.Context(), &feedbackv1.GetResponseRequest{Name: survey + "/responses/" + id})
			must(t, err)
			for i, err := range errs {
				if int32(i%2) != found.GetScore() {
					wantFault(t, err, codes.AlreadyExists, "RESPONSE_ID_REUSED", "response_id")
					continue
				}
				must(t, err)
				wantEqual(t, stored[i], found)
			}
		}
	})
}

// TestAnswerAgainstDeletion: a survey that is deleted while it is being answered
// either stays, with every answer that was accepted, or goes, and none was.
func TestAnswerAgainstDeletion(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.profile.known = nil
		for round := range 20 {
			survey := w.open(t, fmt.Sprintf("s%d", round))
			errs := make([]error, 8)
			together(len(errs), func(i int) {
				if i%4 == 0 {
					_, errs[i] = w.DeleteSurvey(t.Context(), &feedbackv1.DeleteSurveyRequest{Name: survey})
					return
				}
				_, errs[i] = w.SubmitResponse(t.Context(), &feedbackv1.SubmitResponseRequest{
					Parent: survey, ResponseId: fmt.Sprintf("r%d", i), Response: answerOf("c", 5),
				})
			})
			list, err := w.ListResponses(t.Context(), &feedbackv1.ListResponsesRequest{Parent: survey})
			gone := status.Code(err) == codes.NotFound
			if !gone {
				must(t, err)
			}
			accepted := 0
			for i, err := range errs {
				switch {
				case i%4 == 0 && !gone:
					wantFault(t, err, codes.FailedPrecondition, "SURVEY_HAS_RESPONSES")
				case i%4 == 0 && err == nil:
				case gone:
					wantFault(t, err, codes.NotFound, "SURVEY_NOT_FOUND")
				default:
					must(t, err)
					accepted++
				}
			}
			if len(list.GetResponses()) != accepted {
				t.Fatalf("%d answers accepted, %d stored", accepted, len(list.GetResponses()))
			}
		}
	})
}

// TestBadLine loses requests and answers of the store at every write of a
// submission: repeating the call leads to one answer.
func TestBadLine(t *testing.T) {
	for _, line := range []struct {
		name string
		lose func(*storetest.Faulty, int)
	}{
		{"requests", (*storetest.Faulty).LoseRequests},
		{"answers", (*storetest.Faulty).LoseAnswers},
	} {
		t.Run(line.name, func(t *testing.T) {
			engine := &storetest.Faulty{Engine: openPebble(t)}
			w := newWorld(t, engine)
			w.profile.known = nil
			for n := 1; n <= 4; n++ {
				survey := w.open(t, fmt.Sprintf("s%d", n))
				request := &feedbackv1.SubmitResponseRequest{Parent: survey, RequestId: "key", Response: answerOf("c", 9)}
				line.lose(engine, n)
				stored, err := w.SubmitResponse(t.Context(), request)
				for tries := 0; err != nil && tries < n; tries++ {
					wantFault(t, err, codes.DeadlineExceeded, "STORE_TIMEOUT")
					stored, err = w.SubmitResponse(t.Context(), request)
				}
				must(t, err)
				line.lose(engine, 0)
				list, err := w.ListResponses(t.Context(), &feedbackv1.ListResponsesRequest{Parent: survey})
				must(t, err)
				if len(list.GetResponses()) != 1 {
					t.Fatalf("stored %v", list)
				}
				wantEqual(t, list.GetResponses()[0], stored)
				_, err = w.DeleteSurvey(t.Context(), &feedbackv1.DeleteSurveyRequest{Name: survey})
				wantFault(t, err, codes.FailedPrecondition, "SURVEY_HAS_RESPONSES")
			}
		})
	}
}
