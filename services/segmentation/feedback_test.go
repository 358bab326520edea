package segmentation_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/fault"
)

// survey stands in for feedback: how many answers customers gave. It can be down.
type survey struct {
	feedbackv1.UnimplementedSatisfactionUpdateServiceServer
	now func() time.Time

	mu      sync.Mutex
	answers map[string]int64
	changed []string
	down    bool
}

func (s *survey) answer(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[id]++
	s.changed = append(s.changed, id)
}

func (s *survey) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *survey) unlessDown() error {
	if s.down {
		return fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "feedback is down")
	}
	return nil
}

func (s *survey) ListUpdatedCustomers(_ context.Context, r *feedbackv1.ListUpdatedCustomersRequest) (*feedbackv1.ListUpdatedCustomersResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := len(s.changed)
	if r.GetCursor() != "" {
		var err error
		if from, err = strconv.Atoi(r.GetCursor()); err != nil {
			return nil, err
		}
	}
	ids := slices.Clone(s.changed[from:])
	slices.Sort(ids)
	return &feedbackv1.ListUpdatedCustomersResponse{
		CustomerIds: slices.Compact(ids), NextCursor: strconv.Itoa(len(s.changed)), SyncedTo: timestamppb.New(s.now()),
	}, s.unlessDown()
}

func (s *survey) BatchGetSatisfaction(_ context.Context, r *feedbackv1.BatchGetSatisfactionRequest) (*feedbackv1.BatchGetSatisfactionResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := &feedbackv1.BatchGetSatisfactionResponse{}
	for _, id := range r.GetCustomerIds() {
		if n := s.answers[id]; n > 0 {
			answer.Customers = append(answer.Customers, &feedbackv1.CustomerSatisfaction{CustomerId: id, Responses: n})
		}
	}
	return answer, s.unlessDown()
}

// withFeedback is a world with a feedback service, which is up or down when the
// service starts.
func withFeedback(t testing.TB, engine docstore.Engine, down bool) *world {
	t.Helper()
	w := prepared(t, engine)
	w.feedback, w.survey = newLine(), &survey{now: w.clock.Now, answers: map[string]int64{}, down: down}
	serve(t, w.feedback.listener, func(r grpc.ServiceRegistrar) { feedbackv1.RegisterSatisfactionUpdateServiceServer(r, w.survey) })
	for _, id := range []string{"a", "b"} {
		w.shop.customer(id, &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL})
	}
	w.survey.answer("a")
	w.start()
	return w
}

// shows waits until a segment has these members, as the worker keeps it.
func (w *world) shows(id string, members ...string) {
	w.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(within); ; w.clock.advance(time.Second) {
		got := w.memberIDs(id)
		if slices.Equal(got, members) {
			return
		}
		if time.Now().After(deadline) {
			w.Fatalf("%s shows %q after %s, want %q: %v", id, got, within, members, w.get(id))
		}
		<-look.C
	}
}

// source is how current the facts of feedback are in a segment.
func (w *world) source(id string) *segmentationv1.SourceFreshness {
	w.Helper()
	for _, s := range w.get(id).GetSources() {
		if s.GetService() == "feedback" {
			return s
		}
	}
	w.Fatalf("%s tells nothing of feedback", id)
	return nil
}

// Where feedback was never read, that somebody gave no answer is not known.
func TestWhatWasNeverReadIsNobodysFact(t *testing.T) {
	t.Parallel()
	w := withFeedback(t, openPebble(t), true)
	w.create("asked", "feedback.responses > 0")
	w.create("silent", "feedback.responses == 0")
	w.create("all", "true")
	w.create("nested", `!in_segment("asked")`)
	if s := w.publish("all"); s.GetMemberCount() != 2 {
		t.Errorf("what reads no feedback shows %v", s)
	}
	for _, id := range []string{"asked", "silent"} {
		op := w.await(w.PublishSegment(w.Context(), &segmentationv1.PublishSegmentRequest{Name: "segments/" + id}))
		wantError(t, status.ErrorProto(op.GetError()), codes.FailedPrecondition, "FACTS_NOT_READ", "")
		if s := w.get(id); s.GetState() != segmentationv1.SegmentState_SEGMENT_STATE_DRAFT || s.GetMemberCount() != 0 {
			t.Errorf("it shows %v", s)
		}
	}
	for _, id := range []string{"silent", "nested"} {
		_, err := w.estimates.EstimateSegment(w.Context(), &segmentationv1.EstimateSegmentRequest{
			Definition: &segmentationv1.EstimateSegmentRequest_Segment{Segment: "segments/" + id},
		})
		wantError(t, err, codes.FailedPrecondition, "FACTS_NOT_READ", "")
		e, err := w.explain(id, "a", nil)
		if err != nil || e.GetFailure() == "" || e.GetBelongs() || e.GetCondition() != nil {
			t.Errorf("explained: %v, %v", e, err)
		}
	}
	if s := w.source("silent"); s.GetSyncedTo() != nil || s.GetLastError() != "STORE_UNAVAILABLE" {
		t.Errorf("freshness: %v", s)
	}
	w.survey.setDown(false)
	if s := w.publish("silent"); s.GetMemberCount() != 1 || !slices.Equal(w.memberIDs("silent"), []string{"b"}) {
		t.Errorf("once read it shows %v", s)
	}
	if e, err := w.explain("nested", "b", nil); err != nil || !e.GetBelongs() || e.GetFailure() != "" {
		t.Errorf("explained: %v, %v", e, err)
	}
}

// What is no part of the installation has nothing to tell, and holds nobody up.
func TestWhatIsNotInstalledIsUnknown(t *testing.T) {
	w := onPebble(t)
	w.shop.customer("a", &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL})
	w.create("silent", "feedback.responses == 0 && !has(referral.last_qualify_time)")
	if s := w.publish("silent"); s.GetMemberCount() != 1 {
		t.Errorf("it shows %v", s)
	}
	if s := w.source("silent"); s.GetSyncedTo() != nil || s.GetLastError() == "" {
		t.Errorf("freshness: %v", s)
	}
}

// Feedback is down for a day, and what it knows changes meanwhile: its segments stay,
// say since when, and have everything once it is back.
func TestAnOutageLosesNothing(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) docstore.Engine{"pebble": openPebble, "mongo": mongotest.Open} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := withFeedback(t, open(t), false)
			w.create("asked", "feedback.responses > 0")
			w.create("all", "customer.id != \"\"")
			w.create("never", `!in_segment("asked")`)
			w.publish("asked")
			w.publish("all")
			w.publish("never")
			w.survey.setDown(true)
			fell := w.clock.Now()
			w.survey.answer("b")
			w.shop.customer("c", &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL})
			w.survey.answer("c")
			w.clock.advance(24 * time.Hour)
			w.shows("all", "a", "b", "c") // the others are followed
			s := w.get("asked")
			if !slices.Equal(w.memberIDs("asked"), []string{"a"}) || s.GetState() != segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED || s.GetLastError() != nil {
				t.Errorf("while it is down it shows %v", s)
			}
			if fresh := s.GetFreshAsOf(); fresh == nil || fresh.AsTime().After(fell.Add(time.Second)) {
				t.Errorf("fresh as of %v, it fell silent at %v", fresh.AsTime(), fell)
			}
			for _, id := range []string{"asked", "never"} { // by itself, and by what it asks about
				if of := w.source(id); of.GetLastError() != "STORE_UNAVAILABLE" || !w.get(id).GetFreshAsOf().AsTime().Equal(of.GetSyncedTo().AsTime()) {
					t.Errorf("freshness of %s: %v, %v", id, of, w.get(id))
				}
			}
			w.recompute("asked")
			if got := w.memberIDs("asked"); !slices.Equal(got, []string{"a"}) {
				t.Errorf("formed anew while it is down it shows %q", got)
			}
			w.survey.setDown(false)
			w.shows("asked", "a", "b", "c")
			if of := w.source("asked"); of.GetLastError() != "" || !of.GetSyncedTo().AsTime().After(fell.Add(24*time.Hour)) {
				t.Errorf("freshness: %v", of)
			}
		})
	}
}

// What asks for it beside segments waits, fails, or says that it cannot be told.
func TestWhatWasNeverReadDecidesNothing(t *testing.T) {
	t.Parallel()
	w := withFeedback(t, openPebble(t), true)
	w.create("all", "true")
	greet := greeting("all")
	greet.Actions[0].Eligibility = "feedback.responses == 0"
	if _, err := w.strategies.CreateStrategy(w.Context(), &segmentationv1.CreateStrategyRequest{StrategyId: "greet", Strategy: greet}); err != nil {
		t.Fatal(err)
	}
	w.publish("all")
	next, err := w.actions.GetNextBestAction(w.Context(), &segmentationv1.GetNextBestActionRequest{Name: "customers/b/nextBestAction"})
	if err != nil || len(next.GetActions()) != 0 || len(next.GetRejected()) != 2 || !strings.Contains(next.GetRejected()[0].GetDetail(), "feedback service") {
		t.Errorf("next is %v, %v", next, err)
	}
	campaign := &segmentationv1.Campaign{
		DisplayName: "Ask", Audience: &segmentationv1.Campaign_Rule{Rule: "feedback.responses == 0"}, HoldoutShare: 0.4,
		EndTime: timestamppb.New(w.clock.Now().Add(24 * time.Hour)), CurrencyCode: "CNY", Strategy: "strategies/greet",
	}
	if _, err := w.campaigns.CreateCampaign(w.Context(), &segmentationv1.CreateCampaignRequest{CampaignId: "ask", Campaign: campaign}); err != nil {
		t.Fatal(err)
	}
	_, err = w.campaigns.PlanCampaign(w.Context(), &segmentationv1.PlanCampaignRequest{Name: "campaigns/ask"})
	wantError(t, err, codes.FailedPrecondition, "FACTS_NOT_READ", "")
	op := w.await(w.campaigns.StartCampaign(w.Context(), &segmentationv1.StartCampaignRequest{Name: "campaigns/ask"}))
	wantError(t, status.ErrorProto(op.GetError()), codes.FailedPrecondition, "FACTS_NOT_READ", "")
	scheme := ruledScheme(&segmentationv1.LabelRule{Label: "asked", Expression: "feedback.responses > 0"})
	scheme.Variables.Forming[0].Fact = "feedback.responses"
	if _, err := w.schemes.CreateScheme(w.Context(), &segmentationv1.CreateSchemeRequest{SchemeId: "asked", Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	op = w.await(w.schemes.CreateSchemeRun(w.Context(), &segmentationv1.CreateSchemeRunRequest{Parent: "schemes/asked"}))
	wantError(t, status.ErrorProto(op.GetError()), codes.FailedPrecondition, "FACTS_NOT_READ", "")
	events, err := w.actions.ListActionEvents(w.Context(), &segmentationv1.ListActionEventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events.GetActionEvents() {
		if e.GetState() != segmentationv1.ActionEventState_ACTION_EVENT_STATE_WAITING {
			t.Errorf("the event is %v", e)
		}
	}

	w.survey.setDown(false)
	w.recompute("all")
	w.clock.advance(2 * time.Minute)
	found := w.events(2)
	if a, b := found["a hello"], found["b hello"]; a.GetSuppression() != segmentationv1.SuppressionReason_SUPPRESSION_REASON_INELIGIBLE ||
		b.GetState() != segmentationv1.ActionEventState_ACTION_EVENT_STATE_DELIVERED {
		t.Errorf("the events are %v", found)
	}
	started := new(segmentationv1.Campaign)
	w.result(w.await(w.campaigns.StartCampaign(w.Context(), &segmentationv1.StartCampaignRequest{Name: "campaigns/ask"})), started)
	if started.GetPopulationSize() != 1 {
		t.Errorf("started is %v", started)
	}
	if m := w.ended(w.schemes.CreateSchemeRun(w.Context(), &segmentationv1.CreateSchemeRunRequest{Parent: "schemes/asked"})); m.GetPopulation() != 2 {
		t.Errorf("the run is %v", m)
	}
}
