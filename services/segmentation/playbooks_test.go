package segmentation_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// greeting is a strategy that greets who enters, and asks who leaves.
func greeting(segment string) *segmentationv1.Strategy {
	act := func(id, eligibility string, trigger segmentationv1.ActionTrigger) *segmentationv1.Action {
		return &segmentationv1.Action{
			Id: id, Kind: segmentationv1.ActionKind_ACTION_KIND_NURTURE, Text: "Say " + id, TextZh: "说 " + id, Channel: "wechat", Trigger: trigger, Eligibility: eligibility,
		}
	}
	return &segmentationv1.Strategy{DisplayName: "Greeting", Segment: "segments/" + segment, Actions: []*segmentationv1.Action{
		act("hello", `customer.region == "广东"`, segmentationv1.ActionTrigger_ACTION_TRIGGER_ENTER),
		act("goodbye", "", segmentationv1.ActionTrigger_ACTION_TRIGGER_LEAVE),
		act("advice", `customer.city == "深圳"`, 0),
	}}
}

// events waits until so many events are settled, and returns them all.
func (w *world) events(settled int) map[string]*segmentationv1.ActionEvent {
	w.Helper()
	for until := time.Now().Add(within); ; {
		list, err := w.actions.ListActionEvents(w.Context(), &segmentationv1.ListActionEventsRequest{PageSize: 1000})
		if err != nil {
			w.Fatal(err)
		}
		found := map[string]*segmentationv1.ActionEvent{}
		n := 0
		for _, e := range list.GetActionEvents() {
			found[e.GetCustomerId()+" "+e.GetAction().GetId()] = e
			if e.GetState() != segmentationv1.ActionEventState_ACTION_EVENT_STATE_WAITING {
				n++
			}
		}
		if n == settled && len(found) == settled {
			return found
		}
		if time.Now().After(until) {
			w.Fatalf("%d of %d events are settled, want %d", n, len(found), settled)
		}
	}
}

// Who enters a segment triggers the actions of its strategy, once, and what comes of
// each is told; the customer's next best action names why.
func TestPlaybookOfASegment(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.customer("南", &profilev1.Customer{Region: "广东", City: "深圳"})
		w.shop.customer("北", &profilev1.Customer{Region: "北京"})
		w.shop.customer("other", &profilev1.Customer{Region: "上海"})
		w.create("both", `customer.region in ["广东", "北京"]`)
		made, err := w.strategies.CreateStrategy(w.Context(), &segmentationv1.CreateStrategyRequest{StrategyId: "greet", Strategy: greeting("both")})
		if err != nil {
			w.Fatal(err)
		}
		w.publish("both")
		found := w.events(2)
		hello, not := found["南 hello"], found["北 hello"]
		if hello.GetState() != segmentationv1.ActionEventState_ACTION_EVENT_STATE_DELIVERED || hello.GetRevision() != "strategies/greet/revisions/1" ||
			hello.GetAction().GetTextZh() != "说 hello" || hello.GetSegment() != "segments/both" || hello.GetSpecVersion() != "1.0" || hello.GetSettleTime() == nil {
			w.Errorf("the event is %v", hello)
		}
		if not.GetSuppression() != segmentationv1.SuppressionReason_SUPPRESSION_REASON_INELIGIBLE || not.GetDetail() == "" {
			w.Errorf("the event is %v", not)
		}
		next, err := w.actions.GetNextBestAction(w.Context(), &segmentationv1.GetNextBestActionRequest{Name: "customers/南/nextBestAction"})
		if err != nil {
			w.Fatal(err)
		}
		if len(next.GetActions()) != 2 || next.GetActions()[0].GetTrigger().GetSegment() != "segments/both" || next.GetActions()[0].GetTrigger().GetSince() == nil ||
			len(next.GetActions()[0].GetTrigger().GetConditions()) == 0 || next.GetActions()[0].GetUnmeasured() != "UNMEASURED" || next.GetActions()[0].GetGain() != nil {
			w.Errorf("next is %v", next)
		}
		// A change makes a revision, which what leaves is told by.
		if _, err := w.strategies.UpdateStrategy(w.Context(), &segmentationv1.UpdateStrategyRequest{
			Strategy:   &segmentationv1.Strategy{Name: "strategies/greet", DisplayNameZh: "问候", Etag: made.GetEtag()},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name_zh"}},
		}); err != nil {
			w.Fatal(err)
		}
		w.clock.advance(time.Minute)
		w.shop.customer("南", &profilev1.Customer{Region: "上海"})
		w.recompute()
		if bye := w.events(3)["南 goodbye"]; bye.GetState() != segmentationv1.ActionEventState_ACTION_EVENT_STATE_DELIVERED || bye.GetRevision() != "strategies/greet/revisions/2" {
			w.Errorf("the event is %v", bye)
		}
		w.clock.advance(time.Minute)
		checkStream(w)
		checkErasure(w)
	})
}

// checkStream follows the delivered events, and goes on behind a cursor.
func checkStream(w *world) {
	w.Helper()
	follow := func(cursor string) (actions []string, next string) {
		stream, err := w.actions.WatchActionEvents(w.Context(), &segmentationv1.WatchActionEventsRequest{Cursor: cursor, UntilNow: true})
		for err == nil {
			var r *segmentationv1.WatchActionEventsResponse
			if r, err = stream.Recv(); err == nil {
				next = r.GetCursor()
				if e := r.GetActionEvent(); e != nil {
					actions = append(actions, e.GetCustomerId()+" "+e.GetAction().GetId())
				}
			}
		}
		if !errors.Is(err, io.EOF) {
			w.Fatal(err)
		}
		return actions, next
	}
	told, cursor := follow("")
	if !slices.Equal(told, []string{"南 hello", "南 goodbye"}) {
		w.Errorf("told are %q", told)
	}
	if told, _ = follow(cursor); len(told) != 0 {
		w.Errorf("told again are %q", told)
	}
	stream, err := w.actions.WatchActionEvents(w.Context(), &segmentationv1.WatchActionEventsRequest{Cursor: "forged", UntilNow: true})
	if err == nil {
		_, err = stream.Recv()
	}
	wantError(w, err, codes.InvalidArgument, "INVALID_FIELD", "cursor")
}

// checkErasure erases who has events.
func checkErasure(w *world) {
	w.Helper()
	if held := w.held("南"); len(held["action_events"]) != 2 {
		w.Errorf("held is %v", held)
	}
	w.shop.forget("南")
	erased := w.erase("南")
	if i := slices.IndexFunc(erased, func(s *apiv1.ErasedSection) bool { return s.GetSection() == "action_events" }); i < 0 || erased[i].GetErased() < 2 {
		w.Errorf("erased is %v", erased)
	}
	if held := w.held("南"); len(held) != 0 {
		w.Errorf("there is still %v", held)
	}
}

// A campaign freezes a segment, splits it, keeps those held out from its strategy, and
// tells what it brings.
func TestCampaignOfASegment(t *testing.T) {
	onBothEngines(t, func(w *world) {
		for i := range 60 {
			w.shop.customer(fmt.Sprintf("c%d", i), &profilev1.Customer{Region: "广东"})
		}
		w.create("south", `customer.region == "广东"`)
		w.publish("south")
		w.create("again", `in_segment("south")`)
		if _, err := w.strategies.CreateStrategy(w.Context(), &segmentationv1.CreateStrategyRequest{StrategyId: "greet", Strategy: greeting("again")}); err != nil {
			w.Fatal(err)
		}
		campaign := &segmentationv1.Campaign{
			DisplayName: "Spring", Audience: &segmentationv1.Campaign_Segment{Segment: "segments/south"}, HoldoutShare: 0.4,
			EndTime: timestamppb.New(w.clock.Now().Add(24 * time.Hour)), CurrencyCode: "CNY", Strategy: "strategies/greet",
		}
		for field, spoil := range map[string]func(*segmentationv1.Campaign){
			"campaign.currency_code": func(c *segmentationv1.Campaign) { c.CurrencyCode = "XXY" },
			"campaign.end_time":      func(c *segmentationv1.Campaign) { c.EndTime = nil },
			"campaign.segment":       func(c *segmentationv1.Campaign) { c.Audience = nil },
			"campaign.rule":          func(c *segmentationv1.Campaign) { c.Audience = &segmentationv1.Campaign_Rule{Rule: "orders.count >"} },
			"campaign.strata[0]":     func(c *segmentationv1.Campaign) { c.Strata = []string{"south"} },
			"campaign.action":        func(c *segmentationv1.Campaign) { c.Strategy, c.Action = "", "hello" },
			"campaign.holdout_share": func(c *segmentationv1.Campaign) { c.HoldoutShare = 1.5 },
		} {
			bad := &segmentationv1.Campaign{
				DisplayName: "x", Audience: campaign.Audience, HoldoutShare: 0.5, EndTime: campaign.EndTime, CurrencyCode: "CNY", Strategy: campaign.Strategy,
			}
			spoil(bad)
			_, err := w.campaigns.CreateCampaign(w.Context(), &segmentationv1.CreateCampaignRequest{CampaignId: "bad", Campaign: bad})
			if err == nil {
				w.Errorf("%s: was taken", field)
			} else if found := violations(err); !slices.Contains(found, field) {
				w.Errorf("%s: %v names %q", field, err, found)
			}
		}
		if _, err := w.campaigns.CreateCampaign(w.Context(), &segmentationv1.CreateCampaignRequest{CampaignId: "spring", Campaign: campaign}); err != nil {
			w.Fatal(err)
		}
		_, err := w.campaigns.GetCampaignLift(w.Context(), &segmentationv1.GetCampaignLiftRequest{Name: "campaigns/spring"})
		wantError(w, err, codes.FailedPrecondition, "CAMPAIGN_NOT_STARTED", "")
		plan, err := w.campaigns.PlanCampaign(w.Context(), &segmentationv1.PlanCampaignRequest{Name: "campaigns/spring"})
		if err != nil || plan.GetPopulationSize() != 60 || plan.GetHeldOut() != 24 || plan.DetectableConversion == nil || plan.GetBaseline().GetCustomers() != 60 {
			w.Errorf("plan is %v, %v", plan, err)
		}
		started := new(segmentationv1.Campaign)
		w.result(w.await(w.campaigns.StartCampaign(w.Context(), &segmentationv1.StartCampaignRequest{Name: "campaigns/spring"})), started)
		if started.GetState() != segmentationv1.CampaignState_CAMPAIGN_STATE_RUNNING || started.GetPopulationSize() != 60 || started.GetTreated()+started.GetHeldOut() != 60 || started.GetGeneration() == 0 {
			w.Errorf("started is %v", started)
		}
		_, err = w.campaigns.UpdateCampaign(w.Context(), &segmentationv1.UpdateCampaignRequest{
			Campaign: &segmentationv1.Campaign{Name: "campaigns/spring", HoldoutShare: 0.5}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"holdout_share"}},
		})
		wantError(w, err, codes.FailedPrecondition, "CAMPAIGN_STARTED", "")
		_, err = w.campaigns.DeleteCampaign(w.Context(), &segmentationv1.DeleteCampaignRequest{Name: "campaigns/spring"})
		wantError(w, err, codes.FailedPrecondition, "CAMPAIGN_RUNNING", "")
		w.publish("again")
		events := w.events(60)
		list, err := w.campaigns.ListCampaignAssignments(w.Context(), &segmentationv1.ListCampaignAssignmentsRequest{Parent: "campaigns/spring", PageSize: 1000})
		if err != nil || len(list.GetAssignments()) != 60 {
			w.Fatalf("assignments are %v, %v", list, err)
		}
		for _, a := range list.GetAssignments() {
			want := segmentationv1.ActionEventState_ACTION_EVENT_STATE_DELIVERED
			if a.GetArm() == segmentationv1.CampaignArm_CAMPAIGN_ARM_HELD_OUT {
				want = segmentationv1.ActionEventState_ACTION_EVENT_STATE_SUPPRESSED
			}
			if e := events[a.GetCustomerId()+" hello"]; e.GetState() != want {
				w.Errorf("%v has %v", a, e)
			}
		}
		lift, err := w.campaigns.GetCampaignLift(w.Context(), &segmentationv1.GetCampaignLiftRequest{Name: "campaigns/spring"})
		if err != nil || lift.GetFinal() || !lift.GetAlwaysValid() || lift.GetConversion().GetReason() != "TOO_EARLY" || lift.GetSampleRatio().GetMismatch() {
			w.Errorf("lift is %v, %v", lift, err)
		}
		w.shop.forget("c7")
		w.erase("c7")
		left, err := w.campaigns.GetCampaign(w.Context(), &segmentationv1.GetCampaignRequest{Name: "campaigns/spring"})
		if err != nil || left.GetPopulationSize() != 59 {
			w.Errorf("without c7 it is %v, %v", left, err)
		}
		ended, err := w.campaigns.EndCampaign(w.Context(), &segmentationv1.EndCampaignRequest{Name: "campaigns/spring"})
		if err != nil || ended.GetState() != segmentationv1.CampaignState_CAMPAIGN_STATE_ENDED {
			w.Errorf("ended is %v, %v", ended, err)
		}
		if _, err = w.campaigns.DeleteCampaign(w.Context(), &segmentationv1.DeleteCampaignRequest{Name: "campaigns/spring"}); err != nil {
			w.Error(err)
		}
	})
}

// violations are the fields that an error names.
func violations(err error) (fields []string) {
	for _, detail := range status.Convert(err).Details() {
		if bad, is := detail.(*errdetails.BadRequest); is {
			for _, v := range bad.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		}
	}
	return fields
}

// A segment that a strategy or a campaign that has not ended names is neither deleted
// nor archived, and says by whom it is named.
func TestNamedSegmentsStay(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.create("both", "true")
		w.create("stratum", "true")
		w.create("free", "true")
		create := func() *segmentationv1.Strategy {
			made, err := w.strategies.CreateStrategy(w.Context(), &segmentationv1.CreateStrategyRequest{StrategyId: "greet", Strategy: greeting("both")})
			if err != nil {
				w.Fatal(err)
			}
			return made
		}
		made := create()
		_, err := w.campaigns.CreateCampaign(w.Context(), &segmentationv1.CreateCampaignRequest{CampaignId: "trial", Campaign: &segmentationv1.Campaign{
			DisplayName: "trial", Audience: &segmentationv1.Campaign_Segment{Segment: "segments/both"}, Strata: []string{"segments/stratum"},
			HoldoutShare: 0.5, EndTime: timestamppb.New(w.clock.Now().Add(240 * time.Hour)), CurrencyCode: "CNY",
		}})
		if err != nil {
			w.Fatal(err)
		}
		refused := func(segment, by string) {
			w.Helper()
			_, deleting := w.DeleteSegment(w.Context(), &segmentationv1.DeleteSegmentRequest{Name: "segments/" + segment})
			_, archiving := w.ArchiveSegment(w.Context(), &segmentationv1.ArchiveSegmentRequest{Name: "segments/" + segment})
			for _, err := range []error{deleting, archiving} {
				s := wantError(w, err, codes.FailedPrecondition, "SEGMENT_IN_USE", "")
				if !slices.ContainsFunc(s.Details(), func(d any) bool {
					info, is := d.(*errdetails.ErrorInfo)
					return is && info.GetMetadata()["referenced_by"] == by
				}) {
					w.Errorf("%s: %v, want %s", segment, s.Details(), by)
				}
			}
		}
		refused("both", "strategies/greet, campaigns/trial")
		refused("stratum", "campaigns/trial")
		if _, err := w.ArchiveSegment(w.Context(), &segmentationv1.ArchiveSegmentRequest{Name: "segments/free"}); err != nil {
			w.Error(err)
		}
		if _, err := w.strategies.DeleteStrategy(w.Context(), &segmentationv1.DeleteStrategyRequest{Name: made.GetName()}); err != nil {
			w.Fatal(err)
		}
		refused("both", "campaigns/trial")
		again := create()
		if again.GetRevision() != made.GetRevision()+1 {
			w.Errorf("created anew it has revision %d, as before", again.GetRevision())
		}
		list, err := w.strategies.ListStrategyRevisions(w.Context(), &segmentationv1.ListStrategyRevisionsRequest{Parent: again.GetName()})
		if err != nil || len(list.GetRevisions()) != 1 {
			w.Errorf("it has the revisions %v, %v", list, err)
		}
		for _, err := range []error{
			second(w.strategies.DeleteStrategy(w.Context(), &segmentationv1.DeleteStrategyRequest{Name: made.GetName()})),
			second(w.campaigns.DeleteCampaign(w.Context(), &segmentationv1.DeleteCampaignRequest{Name: "campaigns/trial"})),
			second(w.DeleteSegment(w.Context(), &segmentationv1.DeleteSegmentRequest{Name: "segments/both"})),
		} {
			if err != nil {
				w.Error(err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
