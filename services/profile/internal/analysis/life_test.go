package analysis_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

// Whatever customers did, every list has as many entries as its figure says, each
// customer is on one list, and the groups of a break-down add up to the whole.
func TestListsHaveAsManyAsTheirFigures(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		a := analyze(t, e, nil)
		source := rapid.Custom(func(r *rapid.T) []string {
			return rapid.SliceOfN(rapid.SampledFrom([]string{"page Home@mail", "page Home@ad", "cart Added", "support Chat", "search Shoes"}), 1, 6).Draw(r, "events")
		})
		for i := range 40 {
			id := fmt.Sprintf("c%d", i)
			a.did(t, id, 50+i, source.Example(2*i)...)
			a.did(t, id, 20, source.Example(2*i+1)...)
			if i%3 == 0 {
				a.bought(t, id, "o", i, 100)
			}
		}
		for order := profilev1.FunnelOrder_FUNNEL_ORDER_ORDERED; order <= profilev1.FunnelOrder_FUNNEL_ORDER_ANY_ORDER; order++ {
			f := funnelOf(order)
			f.Breakdown = &profilev1.FunnelBreakdown{By: &profilev1.FunnelBreakdown_EventField{EventField: "context.campaign.source"}}
			got := a.ask(t, &profilev1.Analysis{Definition: &profilev1.Analysis_Funnel{Funnel: f}})
			checkLists(t, a, got)
		}
	})
}

func checkLists(t *testing.T, a *analyst, got *profilev1.Analysis) {
	r := got.GetFunnelResult()
	seen := map[string]bool{}
	check := func(list string, want int64) {
		ids := a.listed(t, got, list, nil)
		if int64(len(ids)) != want {
			t.Errorf("%s has %d customers, the figure says %d", list, len(ids), want)
		}
		for _, id := range ids {
			if seen[id] {
				t.Errorf("%s is on two lists", id)
			}
			seen[id] = true
		}
	}
	k := -1
	for _, s := range r.GetSteps() {
		if s.GetOptional() {
			continue
		}
		k++
		var reached, dropped int64
		for _, g := range r.GetGroups() {
			reached += g.GetReached()[k]
			if s.GetDroppedList() == "" {
				continue
			}
			dropped += g.GetDropped()[k]
			value := g.GetValue()
			if ids := a.listed(t, got, s.GetDroppedList(), &value); int64(len(ids)) != g.GetDropped()[k] {
				t.Errorf("%s of %q has %d customers, the figure says %d", s.GetDroppedList(), value, len(ids), g.GetDropped()[k])
			}
		}
		if reached != s.GetReached() || dropped != s.GetDropped() {
			t.Errorf("step %q: the groups add up to %d and %d, all are %d and %d", s.GetDisplayName(), reached, dropped, s.GetReached(), s.GetDropped())
		}
		if s.GetDroppedList() != "" {
			check(s.GetDroppedList(), s.GetDropped())
		}
	}
	check(r.GetConvertedList(), r.GetSteps()[len(r.GetSteps())-1].GetReached())
	if entered := r.GetSteps()[0].GetReached(); int64(len(seen)) != entered || entered == 0 {
		t.Errorf("%d are on lists, %d entered", len(seen), entered)
	}
}

func stagesOf() *profilev1.Analysis {
	return &profilev1.Analysis{Definition: &profilev1.Analysis_JourneyStages{JourneyStages: &profilev1.JourneyStages{}}}
}

func (a *analyst) stages(t *testing.T, asked *profilev1.Analysis) (map[string]int64, *profilev1.Analysis) {
	t.Helper()
	got := a.ask(t, asked)
	counts := map[string]int64{}
	for _, s := range got.GetJourneyStagesResult().GetStages() {
		counts[s.GetList()] = s.GetCustomers()
		if n := len(a.listed(t, got, s.GetList(), nil)); int64(n) != s.GetCustomers() {
			t.Errorf("%s: %d listed of %d", s.GetList(), n, s.GetCustomers())
		}
	}
	return counts, got
}

// The distribution over the stages is what each customer's own journey says, with
// what persons said and with merged records.
func TestStagesOfAllAreThoseOfEach(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		a := analyze(t, e, nil)
		a.shop(t)
		_, err := a.journeys.SetStage(t.Context(), &profilev1.SetStageRequest{Parent: "customers/eve", Transition: &profilev1.StageTransition{
			To: profilev1.JourneyStage_JOURNEY_STAGE_CONSIDERATION, Cause: &profilev1.StageTransition_Reason{Reason: "the order was a test"}, SetBy: "wang.fang",
			TransitionTime: at(now.Add(-time.Hour)),
		}})
		must(t, err)
		_, err = a.merges.MergeCustomers(t.Context(), &profilev1.MergeCustomersRequest{Survivor: "customers/cat", Merged: []string{"customers/dan", "customers/eve"}, Reason: "one person"})
		must(t, err)
		counts, got := a.stages(t, stagesOf())
		if got.GetPopulationSize() != 5 {
			t.Errorf("%d customers, want 5", got.GetPopulationSize())
		}
		want := map[string]int64{}
		for _, id := range []string{"ann", "bob", "cat", "a-b", "王"} {
			j, err := a.journeys.GetCustomerJourney(t.Context(), &profilev1.GetCustomerJourneyRequest{Name: "customers/" + id + "/journey"})
			must(t, err)
			stage := []string{"none", "awareness", "consideration", "decision", "purchase", "use", "loyalty"}[j.GetStage()]
			want[stage]++
		}
		for stage, n := range counts {
			if n != want[stage] {
				t.Errorf("%s: %d, by the customers' journeys %d", stage, n, want[stage])
			}
		}
		// cat is whom eve's setting is of now; it is the last word.
		if !slices.Equal(a.listed(t, got, "consideration", nil), []string{"cat"}) {
			t.Errorf("at consideration are %v", a.listed(t, got, "consideration", nil))
		}
	})
}

// An analysis as of an earlier instant knows nothing of what came later.
func TestAsOf(t *testing.T) {
	a := analyze(t, onPebble(t), nil)
	a.shop(t)
	asked := stagesOf()
	asked.AsOf = at(now.Add(-99*time.Hour - 30*time.Minute))
	counts, _ := a.stages(t, asked)
	if counts["purchase"] != 0 || counts["decision"] != 4 || counts["awareness"] != 1 || counts["none"] != 2 {
		t.Errorf("%v", counts)
	}
}

func TestRepeatedRequests(t *testing.T) {
	a := analyze(t, onPebble(t), nil)
	create := func(r *profilev1.CreateAnalysisRequest) (*longrunningpb.Operation, error) {
		return a.analyses.CreateAnalysis(t.Context(), r)
	}
	for _, r := range []*profilev1.CreateAnalysisRequest{{RequestId: "key"}, {AnalysisId: "mine"}} {
		r.Analysis = stagesOf()
		first, err := create(r)
		must(t, err)
		again, err := create(r)
		must(t, err)
		if first.GetName() != again.GetName() {
			t.Errorf("%v began %s and %s", r, first.GetName(), again.GetName())
		}
		a.result(t, first)
		r.Analysis = &profilev1.Analysis{DisplayName: "another", Definition: r.Analysis.Definition}
		_, err = create(r)
		reason := "REQUEST_ID_REUSED"
		if r.GetAnalysisId() != "" {
			reason = "ANALYSIS_EXISTS"
		}
		roomtest.Refused(t, "another analysis", err, codes.AlreadyExists, reason, "")
	}
}

// What is deleted is gone with its lists, and can be asked anew under its id.
func TestDeletedAnalysis(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		a := analyze(t, e, nil)
		a.shop(t)
		for range 2 {
			op, err := a.analyses.CreateAnalysis(t.Context(), &profilev1.CreateAnalysisRequest{AnalysisId: "mine", Analysis: stagesOf()})
			must(t, err)
			got := a.result(t, op)
			if len(a.listed(t, got, "purchase", nil)) == 0 {
				t.Error("nobody has bought")
			}
			list, err := a.analyses.ListAnalyses(t.Context(), &profilev1.ListAnalysesRequest{})
			must(t, err)
			if len(list.GetAnalyses()) != 1 || list.GetAnalyses()[0].GetResult() != nil || list.GetAnalyses()[0].GetJourneyStages() == nil {
				t.Errorf("%v", list)
			}
			_, err = a.analyses.DeleteAnalysis(t.Context(), &profilev1.DeleteAnalysisRequest{Name: "analyses/mine"})
			must(t, err)
			_, err = a.analyses.GetAnalysis(t.Context(), &profilev1.GetAnalysisRequest{Name: "analyses/mine"})
			roomtest.Refused(t, "a deleted analysis", err, codes.NotFound, "ANALYSIS_NOT_FOUND", "")
			if n := lists(t, e); n != 0 {
				t.Errorf("%d entries of lists are left", n)
			}
		}
	})
}

// entry is any document.
type entry struct {
	docstore.Meta `bson:",inline"`
}

// lists is how many entries the lists have in the store.
func lists(t *testing.T, e docstore.Engine) int64 {
	t.Helper()
	docs, err := docstore.Open(t.Context(), e, docstore.Schema[entry]{Name: "analysis_customers"})
	must(t, err)
	n, err := docs.Count(t.Context(), docstore.Range{})
	must(t, err)
	return n
}

// A cancelled analysis says so.
func TestCancelledAnalysis(t *testing.T) {
	a := analyze(t, onPebble(t), nil)
	op, err := a.analyses.CreateAnalysis(t.Context(), &profilev1.CreateAnalysisRequest{Analysis: stagesOf()})
	must(t, err)
	_, err = a.operations.CancelOperation(t.Context(), &longrunningpb.CancelOperationRequest{Name: op.GetName()})
	must(t, err)
	op, err = a.operations.WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{Name: op.GetName(), Timeout: durationpb.New(30 * time.Second)})
	must(t, err)
	list, err := a.analyses.ListAnalyses(t.Context(), &profilev1.ListAnalysesRequest{})
	must(t, err)
	want := profilev1.AnalysisState_ANALYSIS_STATE_FAILED
	if op.GetError() == nil { // it was done before
		want = profilev1.AnalysisState_ANALYSIS_STATE_DONE
	}
	if got := list.GetAnalyses()[0]; got.GetState() != want || want == profilev1.AnalysisState_ANALYSIS_STATE_FAILED && got.GetError().GetReason() != "OPERATION_CANCELLED" {
		t.Errorf("%v of %v", got, op)
	}
}

// Who does not allow analytics is in no figure, and the analysis says how many
// that are; what is sensitive cannot be asked for.
func TestOptedOutCustomersAreLeftOut(t *testing.T) {
	a := analyze(t, onPebble(t), nil)
	a.shop(t)
	_, err := a.consents.SetConsent(t.Context(), &profilev1.SetConsentRequest{Consent: &profilev1.Consent{
		Name: "customers/bob/consents/analytics", Decision: &profilev1.ConsentDecision{State: profilev1.ConsentState_CONSENT_STATE_WITHDRAWN},
	}})
	must(t, err)
	f := funnelOf(profilev1.FunnelOrder_FUNNEL_ORDER_ORDERED)
	got := a.ask(t, &profilev1.Analysis{Definition: &profilev1.Analysis_Funnel{Funnel: f}})
	if w := got.GetWarnings(); got.GetPopulationSize() != 6 || len(w) != 1 || w[0].GetReason() != "CUSTOMERS_OPTED_OUT" {
		t.Errorf("%d customers, %v", got.GetPopulationSize(), w)
	}
	if r := got.GetFunnelResult().GetSteps(); r[0].GetReached() != 4 || r[1].GetDropped() != 0 {
		t.Errorf("%v", r)
	}
	_, err = a.analyses.CreateAnalysis(t.Context(), &profilev1.CreateAnalysisRequest{Analysis: &profilev1.Analysis{
		Definition: &profilev1.Analysis_Portrait{Portrait: &profilev1.Portrait{Attributes: []*profilev1.PortraitAttribute{{Field: "customer.beliefs"}}}},
	}})
	roomtest.Refused(t, "a portrait of beliefs", err, codes.InvalidArgument, "FIELD_SENSITIVE", "analysis.portrait.attributes[0].field")
}
