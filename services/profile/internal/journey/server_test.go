package journey_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// TestMain keeps the server's log of every call out of the tests' output.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

func onPebble(t *testing.T) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 20})
	roomtest.Must(t, err)
	t.Cleanup(func() { roomtest.Must(t, e.Close()) })
	return e
}

func serve(t *testing.T, e docstore.Engine) (profilev1.JourneyServiceClient, *grpc.ClientConn) {
	t.Helper()
	conn := roomtest.Serve(t, e, func() time.Time { return now })
	roomtest.Customer(t, conn, "ann", &profilev1.Customer{})
	orders := profilev1.NewOrderServiceClient(conn)
	for i, hours := range []int{400, 300, 200} {
		_, err := orders.BatchRecordOrders(t.Context(), &profilev1.BatchRecordOrdersRequest{Orders: []*profilev1.Order{{
			Name: fmt.Sprintf("customers/ann/orders/%d", i), OrderTime: timestamppb.New(now.Add(-time.Duration(hours) * time.Hour)),
			Amount: &apiv1.Money{MinorUnits: 1, CurrencyCode: "CNY"},
		}}})
		roomtest.Must(t, err)
	}
	return profilev1.NewJourneyServiceClient(conn), conn
}

func reason(text string) *profilev1.StageTransition_Reason {
	return &profilev1.StageTransition_Reason{Reason: text}
}

func TestTransitionsOverTheAPI(t *testing.T) {
	engines := map[string]func(*testing.T) docstore.Engine{
		"Pebble": onPebble, "MongoDB": func(t *testing.T) docstore.Engine { return mongotest.Open(t) },
	}
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			journeys, _ := serve(t, open(t))
			set := &profilev1.SetStageRequest{Parent: "customers/ann", RequestId: "k", Transition: &profilev1.StageTransition{
				To: profilev1.JourneyStage_JOURNEY_STAGE_DECISION, Cause: reason("returned everything"), SetBy: "wang.fang",
				TransitionTime: timestamppb.New(now.Add(-250 * time.Hour)),
			}}
			done, err := journeys.SetStage(t.Context(), set)
			roomtest.Must(t, err)
			again, err := journeys.SetStage(t.Context(), set)
			roomtest.Must(t, err)
			if done.GetFrom() != profilev1.JourneyStage_JOURNEY_STAGE_PURCHASE || again.GetName() != done.GetName() || done.GetReason() != "returned everything" {
				t.Errorf("%v, again %v", done, again)
			}
			set.Transition.Cause = reason("another")
			_, err = journeys.SetStage(t.Context(), set)
			roomtest.Refused(t, "the key with another reason", err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")

			var told []string
			r := &profilev1.ListStageTransitionsRequest{Parent: "customers/ann", PageSize: 2}
			for {
				page, err := journeys.ListStageTransitions(t.Context(), r)
				roomtest.Must(t, err)
				for _, x := range page.GetTransitions() {
					told = append(told, fmt.Sprintf("%s %v", strings.TrimPrefix(x.GetTo().String(), "JOURNEY_STAGE_"), now.Sub(x.GetTransitionTime().AsTime()).Hours()))
				}
				if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
					break
				}
			}
			// The third day with an order makes loyal, although the second was taken back.
			if want := []string{"LOYALTY 200", "DECISION 250", "PURCHASE 400"}; !slices.Equal(told, want) {
				t.Errorf("%q, want %q", told, want)
			}
			j, err := journeys.GetCustomerJourney(t.Context(), &profilev1.GetCustomerJourneyRequest{Name: "customers/ann/journey"})
			roomtest.Must(t, err)
			if j.GetStage() != profilev1.JourneyStage_JOURNEY_STAGE_LOYALTY || len(j.GetTransitions()) != 3 || !j.GetAsOf().AsTime().Equal(now) {
				t.Errorf("%v", j)
			}
		})
	}
}

func TestPolicyOverTheAPI(t *testing.T) {
	journeys, _ := serve(t, onPebble(t))
	p, err := journeys.GetJourneyPolicy(t.Context(), &profilev1.GetJourneyPolicyRequest{Name: "journeyPolicy"})
	roomtest.Must(t, err)
	if p.GetVersion() != 0 || len(p.GetRules()) < 10 {
		t.Errorf("default policy %v", p)
	}
	stale := p.GetEtag()
	p.TimeZone = "Asia/Shanghai"
	p.Rules = []*profilev1.StageRule{{
		Stage: profilev1.JourneyStage_JOURNEY_STAGE_LOYALTY, Event: &profilev1.EventSelector{Type: "order"}, Count: 2,
	}}
	for _, only := range []bool{true, false} {
		changed, err := journeys.UpdateJourneyPolicy(t.Context(), &profilev1.UpdateJourneyPolicyRequest{JourneyPolicy: p, ValidateOnly: only})
		roomtest.Must(t, err)
		if len(changed.GetRules()) != 1 || changed.GetTimeZone() != "Asia/Shanghai" {
			t.Errorf("%v", changed)
		}
	}
	j, err := journeys.GetCustomerJourney(t.Context(), &profilev1.GetCustomerJourneyRequest{Name: "customers/ann/journey"})
	roomtest.Must(t, err)
	if len(j.GetTransitions()) != 1 || j.GetPolicyVersion() != 1 || now.Sub(j.GetSince().AsTime()) != 300*time.Hour {
		t.Errorf("%v", j)
	}
	p.Etag = stale
	_, err = journeys.UpdateJourneyPolicy(t.Context(), &profilev1.UpdateJourneyPolicyRequest{JourneyPolicy: p})
	roomtest.Refused(t, "an old etag", err, codes.Aborted, "ETAG_MISMATCH", "")
	p.Etag = ""
	_, err = journeys.UpdateJourneyPolicy(t.Context(), &profilev1.UpdateJourneyPolicyRequest{JourneyPolicy: p, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"version"}}})
	roomtest.Refused(t, "a field that is not to be set", err, codes.InvalidArgument, "INVALID_FIELD", "update_mask")
	p.Rules[0].Event.Name = "x"
	_, err = journeys.UpdateJourneyPolicy(t.Context(), &profilev1.UpdateJourneyPolicyRequest{JourneyPolicy: p})
	roomtest.Refused(t, "an order with a name", err, codes.InvalidArgument, "INVALID_FIELD", "journey_policy.rules[0].event.name")
}

func TestStagesThatCannotBeSet(t *testing.T) {
	journeys, _ := serve(t, onPebble(t))
	set := func(change func(*profilev1.SetStageRequest)) error {
		r := &profilev1.SetStageRequest{Parent: "customers/ann", Transition: &profilev1.StageTransition{
			To: profilev1.JourneyStage_JOURNEY_STAGE_USE, Cause: reason("says so"),
		}}
		change(r)
		_, err := journeys.SetStage(t.Context(), r)
		return err
	}
	for field, change := range map[string]func(*profilev1.SetStageRequest){
		"transition.transition_time": func(r *profilev1.SetStageRequest) {
			r.Transition.TransitionTime = timestamppb.New(now.Add(time.Second))
		},
		"transition.reason": func(r *profilev1.SetStageRequest) { r.Transition.Cause = nil },
		"parent":            func(r *profilev1.SetStageRequest) { r.Parent = "ann" },
		"transition.to":     func(r *profilev1.SetStageRequest) { r.Transition.To = 0 },
	} {
		roomtest.Refused(t, field, set(change), codes.InvalidArgument, "INVALID_FIELD", field)
	}
	roomtest.Refused(t, "nobody", set(func(r *profilev1.SetStageRequest) { r.Parent = "customers/nobody" }), codes.NotFound, "CUSTOMER_NOT_FOUND", "")
}
