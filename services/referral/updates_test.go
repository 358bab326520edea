package referral_test

import (
	"slices"
	"testing"
	"time"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

func TestWhoseReferralsMovedIsTold(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		updated := func(cursor string) ([]string, string) {
			t.Helper()
			told := must[*referralv1.ListUpdatedCustomersResponse](t)(
				s.updates.ListUpdatedCustomers(ctx, &referralv1.ListUpdatedCustomersRequest{Cursor: cursor, PageSize: 100}))
			slices.Sort(told.CustomerIds)
			return told.CustomerIds, told.NextCursor
		}
		s.launch(t)
		ann, space := s.codeOf(t, &code{AdvocateId: "ann"}), s.codeOf(t, &code{AdvocateId: "a b"})
		opened := must[*referred](t)(s.open(ctx, bare(ann)))
		s.advance(time.Minute)
		_, cursor := updated("")
		must[*referred](t)(s.signUp(ctx, opened, "bob"))
		must[*referred](t)(s.open(ctx, bare(space)))
		s.advance(time.Minute)
		ids, cursor := updated(cursor)
		if !slices.Equal(ids, []string{"a b", "ann"}) {
			t.Errorf("told of %q", ids)
		}
		answer := must[*referralv1.BatchGetAdvocatesResponse](t)(
			s.updates.BatchGetAdvocates(ctx, &referralv1.BatchGetAdvocatesRequest{CustomerIds: []string{"nobody", "ann", "a b"}}))
		if a := answer.GetAdvocates(); len(a) != 2 || a[0].GetCustomerId() != "ann" || len(a[0].GetReferees()) != 1 || a[1].GetInvitations() != 1 {
			t.Errorf("advocates: %v", a)
		}
		s.advance(docstore.TombstoneLife)
		_, err := s.updates.ListUpdatedCustomers(ctx, &referralv1.ListUpdatedCustomersRequest{Cursor: cursor})
		want(t, err, fault.FailedPrecondition, "CURSOR_EXPIRED")
	})
}
