package profile_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// updated tells who changed since a cursor, in pages of two, and where to go on.
func (s *suite) updated(t testing.TB, cursor string) (ids []string, next string) {
	t.Helper()
	for {
		page, err := s.updates.ListUpdatedCustomers(t.Context(), &profilev1.ListUpdatedCustomersRequest{Cursor: cursor, PageSize: 2})
		must(t, err)
		ids, cursor = append(ids, page.GetCustomerIds()...), page.GetNextCursor()
		if !page.GetMore() {
			slices.Sort(ids)
			return slices.Compact(ids), cursor
		}
	}
}

func TestWhoChangedIsTold(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		var later atomic.Int64
		s := serveAt(t, e, func() time.Time { return now.Add(time.Duration(later.Load())) })
		advance := func(d time.Duration) { later.Add(int64(d)) }
		for _, id := range []string{"a", "b", "c", "d", "idle"} {
			s.create(t, id, &profilev1.Customer{City: "Lyon"})
		}
		advance(time.Minute)
		ids, cursor := s.updated(t, "")
		equal(t, "from now on", ids, nil)

		_, err := s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{
			Customer: &profilev1.Customer{Name: "customers/a", City: "Nice"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"city"}},
		})
		must(t, err)
		s.record(t, order("customers/b/orders/1", 100))
		ids, early := s.updated(t, cursor)
		equal(t, "within the lag", ids, nil)
		advance(time.Minute)
		ids, cursor = s.updated(t, early)
		equal(t, "a record and an order", ids, []string{"a", "b"})

		s.decide(t, "c", "segmentation", &profilev1.ConsentDecision{State: profilev1.ConsentState_CONSENT_STATE_WITHDRAWN})
		_, err = s.customers.DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/d"})
		must(t, err)
		advance(time.Minute)
		ids, cursor = s.updated(t, cursor)
		equal(t, "a consent and a deletion", ids, []string{"c", "d"})

		s.merge(t, "a", "b")
		advance(time.Minute)
		ids, cursor = s.updated(t, cursor)
		equal(t, "a merge", ids, []string{"a", "b"})
		s.unmerge(t, "b")
		advance(time.Minute)
		ids, cursor = s.updated(t, cursor)
		equal(t, "a merge undone", ids, []string{"a", "b"})

		set, err := s.journeys.SetStage(t.Context(), &profilev1.SetStageRequest{Parent: "customers/idle", Transition: &profilev1.StageTransition{
			To: profilev1.JourneyStage_JOURNEY_STAGE_LOYALTY, Cause: &profilev1.StageTransition_Reason{Reason: "said so"}, SetBy: "wang.fang",
		}})
		must(t, err)
		advance(time.Minute)
		ids, cursor = s.updated(t, cursor)
		equal(t, "a stage set by hand", ids, []string{"idle"})
		batch, err := s.updates.BatchGetBehaviors(t.Context(), &profilev1.BatchGetBehaviorsRequest{CustomerIds: ids})
		must(t, err)
		same(t, "behaviour", batch.GetBehaviors()[0], &profilev1.CustomerBehavior{
			CustomerId: "idle", Stage: profilev1.JourneyStage_JOURNEY_STAGE_LOYALTY, StageTime: set.GetTransitionTime(),
		})

		_, err = s.updates.ListUpdatedCustomers(t.Context(), &profilev1.ListUpdatedCustomersRequest{Cursor: "x" + cursor})
		refused(t, "another cursor", err, codes.InvalidArgument, "CURSOR_INVALID", "cursor")
		advance(docstore.TombstoneLife)
		_, err = s.updates.ListUpdatedCustomers(t.Context(), &profilev1.ListUpdatedCustomersRequest{Cursor: cursor})
		refused(t, "an old cursor", err, codes.FailedPrecondition, "CURSOR_EXPIRED", "")
	})
}

func TestPurchaseHistoriesOfSome(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		for _, id := range []string{"a", "b", "b c", "d", "none"} {
			s.create(t, id, &profilev1.Customer{})
		}
		s.record(t, order("customers/a/orders/1", 100), order("customers/a/orders/2", 200), order("customers/b/orders/1", 300),
			order("customers/b c/orders/1", 400), order("customers/d/orders/1", 500))
		s.merge(t, "a", "b")
		s.decide(t, "d", "segmentation", &profilev1.ConsentDecision{State: profilev1.ConsentState_CONSENT_STATE_WITHDRAWN})
		read := func(purpose string, ids ...string) (lines []string) {
			t.Helper()
			answer, err := s.updates.BatchGetPurchaseHistories(t.Context(), &profilev1.BatchGetPurchaseHistoriesRequest{CustomerIds: ids, Purpose: purpose})
			must(t, err)
			for _, h := range answer.GetHistories() {
				lines = append(lines, fmt.Sprint(h.GetCustomerId(), " ", h.GetCurrencyCodes(), " ", h.GetNetMinor(), " ", len(h.GetOrderTimeMs())))
			}
			return lines
		}
		equal(t, "some", read("", "d", "b", "none", "nobody", "a", "b c"), []string{"d [CNY] [500] 1", "a [CNY] [100 200 300] 3", "b c [CNY] [400] 1"})
		equal(t, "for a purpose", read("purposes/segmentation", "d", "a"), []string{"a [CNY] [100 200 300] 3"})
		_, err := s.updates.BatchGetPurchaseHistories(t.Context(), &profilev1.BatchGetPurchaseHistoriesRequest{CustomerIds: []string{"a"}, Purpose: "purposes/nosuch"})
		refused(t, "a purpose that there is not", err, codes.NotFound, "PURPOSE_NOT_FOUND", "")
	})
}
