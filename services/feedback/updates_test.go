package feedback_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

func TestWhoAnsweredLatelyIsTold(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.profile.known = nil
		updated := func(cursor string) ([]string, string) {
			t.Helper()
			told, err := w.updates.ListUpdatedCustomers(t.Context(), &feedbackv1.ListUpdatedCustomersRequest{Cursor: cursor, PageSize: 100})
			must(t, err)
			slices.Sort(told.CustomerIds)
			return told.CustomerIds, told.NextCursor
		}
		survey := w.open(t, "spring")
		w.submit(t, survey, "1", "before", 3)
		w.clock.advance(time.Minute)
		_, cursor := updated("")
		w.submit(t, survey, "2", "ann", 9)
		w.submit(t, survey, "3", "a b", 4)
		w.clock.advance(time.Second)
		w.submit(t, survey, "4", "ann", 10)
		w.clock.advance(time.Minute)
		ids, cursor := updated(cursor)
		if !slices.Equal(ids, []string{"a b", "ann"}) {
			t.Errorf("told of %q", ids)
		}
		if again, _ := updated(cursor); len(again) > 0 {
			t.Errorf("told again of %q", again)
		}
		answer, err := w.updates.BatchGetSatisfaction(t.Context(), &feedbackv1.BatchGetSatisfactionRequest{CustomerIds: []string{"ann", "nobody", "before"}})
		must(t, err)
		if c := answer.GetCustomers(); len(c) != 2 || c[0].GetCustomerId() != "ann" || c[0].GetResponses() != 2 || c[0].GetSatisfaction() != 1 ||
			c[1].GetCustomerId() != "before" || c[1].GetSatisfaction() != 0.3 {
			t.Errorf("answers: %v", c)
		}
		w.clock.advance(docstore.TombstoneLife)
		_, err = w.updates.ListUpdatedCustomers(t.Context(), &feedbackv1.ListUpdatedCustomersRequest{Cursor: cursor})
		wantFault(t, err, codes.FailedPrecondition, "CURSOR_EXPIRED")
	})
}
