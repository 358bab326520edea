package valuation_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation"
)

// neighbours stand in for the services beside profile.
type neighbours struct {
	referralv1.UnimplementedAdvocateServiceServer
	feedbackv1.UnimplementedSatisfactionServiceServer
	segmentationv1.UnimplementedSegmentServiceServer

	mu       sync.Mutex
	away     bool
	brought  map[string][]string // by advocate; "+" behind those who qualified
	answers  map[string]float64
	segments map[string][]string // by customer
}

func (n *neighbours) there() error {
	if n.away {
		return status.Error(codes.Unavailable, "away")
	}
	return nil
}

func (n *neighbours) setAway(away bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.away = away
}

func sorted[V any](m map[string]V, after string) []string {
	var keys []string
	for k := range m {
		if k > after {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func (n *neighbours) StreamAdvocates(r *referralv1.StreamAdvocatesRequest, stream grpc.ServerStreamingServer[referralv1.StreamAdvocatesResponse]) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, id := range sorted(n.brought, r.GetAfterCustomerId()) {
		a := &referralv1.Advocate{CustomerId: id}
		for _, referee := range n.brought[id] {
			b := &referralv1.AdvocateReferee{CustomerId: strings.TrimSuffix(referee, "+"), SignUpTime: timestamppb.New(today)}
			if b.CustomerId != referee {
				b.QualifyTime = b.SignUpTime
			}
			a.Referees = append(a.Referees, b)
		}
		if err := stream.Send(&referralv1.StreamAdvocatesResponse{Advocates: []*referralv1.Advocate{a}}); err != nil {
			return err
		}
	}
	return n.there()
}

func (n *neighbours) StreamSatisfaction(r *feedbackv1.StreamSatisfactionRequest, stream grpc.ServerStreamingServer[feedbackv1.StreamSatisfactionResponse]) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, id := range sorted(n.answers, r.GetAfterCustomerId()) {
		if err := stream.Send(&feedbackv1.StreamSatisfactionResponse{Customers: []*feedbackv1.CustomerSatisfaction{{
			CustomerId: id, Kind: feedbackv1.SurveyKind_SURVEY_KIND_NPS, Responses: 1, Satisfaction: n.answers[id], LastResponseTime: timestamppb.New(today),
		}}}); err != nil {
			return err
		}
	}
	return n.there()
}

func (n *neighbours) ListSegments(context.Context, *segmentationv1.ListSegmentsRequest) (*segmentationv1.ListSegmentsResponse, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return &segmentationv1.ListSegmentsResponse{Segments: []*segmentationv1.Segment{
		{Name: "segments/draft", State: segmentationv1.SegmentState_SEGMENT_STATE_DRAFT},
		{Name: "segments/vip", DisplayName: "VIP", State: segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED},
	}}, n.there()
}

func (n *neighbours) BatchGetMemberships(_ context.Context, r *segmentationv1.BatchGetMembershipsRequest) (*segmentationv1.BatchGetMembershipsResponse, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answer := &segmentationv1.BatchGetMembershipsResponse{}
	for _, id := range r.GetCustomerIds() {
		answer.Customers = append(answer.Customers, &segmentationv1.CustomerMemberships{CustomerId: id, SegmentIds: n.segments[id]})
	}
	return answer, n.there()
}

// district is a valuation service with all its neighbours.
type district struct {
	*client
	valuationv1.LoyaltyServiceClient
	valuationv1.InfluenceServiceClient
	valuationv1.IndicatorServiceClient
	shop       *shop
	neighbours *neighbours
}

func newDistrict(t *testing.T, e docstore.Engine, alone bool) *district {
	t.Helper()
	w := &district{shop: newShop(), neighbours: &neighbours{
		brought: map[string][]string{"ann": {"bob+", "cat"}, "bob": {"dan+", "ann+"}, "dan": {"eve+"}},
		answers: map[string]float64{"ann": 0.9, "bob": 0.5}, segments: map[string][]string{"ann": {"vip"}, "dan": {"vip", "since"}},
	}}
	deps := valuation.Deps{Engine: e, Profile: serveShop(t, w.shop), Clock: frozen, Logger: slog.New(slog.DiscardHandler)}
	if !alone {
		conn, _ := run(t, func(r grpc.ServiceRegistrar) {
			referralv1.RegisterAdvocateServiceServer(r, w.neighbours)
			feedbackv1.RegisterSatisfactionServiceServer(r, w.neighbours)
			segmentationv1.RegisterSegmentServiceServer(r, w.neighbours)
		})
		deps.Referral, deps.Feedback, deps.Segmentation = conn, conn, conn
	}
	svc, err := valuation.New(t.Context(), valuation.DefaultConfig(), deps)
	if err != nil {
		t.Fatal(err)
	}
	conn, _ := run(t, svc.Register)
	background(t, svc.Serve)
	w.client = &client{
		ValuationServiceClient: valuationv1.NewValuationServiceClient(conn), operations: valuationv1.NewOperationServiceClient(conn),
		personal: valuationv1.NewPersonalDataServiceClient(conn), TB: t,
	}
	w.LoyaltyServiceClient = valuationv1.NewLoyaltyServiceClient(conn)
	w.InfluenceServiceClient = valuationv1.NewInfluenceServiceClient(conn)
	w.IndicatorServiceClient = valuationv1.NewIndicatorServiceClient(conn)
	// ann buys on four days, a year ago and lately; bob twice; the others once.
	for i, o := range []struct {
		customer string
		days     int
		minor    int64
		cost     int64
		discount int64
	}{
		{"ann", 400, 10000, 6000, 0}, {"ann", 300, 10000, 6000, 0}, {"ann", 200, 10000, 6000, 500}, {"ann", 10, 10000, 6000, unknown},
		{"bob", 500, 5000, 2000, unknown}, {"bob", 450, 5000, unknown, unknown},
		{"cat", 30, 1000, unknown, 100}, {"dan", 20, 2000, 500, 0}, {"eve", 5, 3000, 1000, 0},
	} {
		w.shop.buy(o.customer, today.AddDate(0, 0, -o.days).Add(time.Duration(i)*time.Minute), o.minor, "CNY", o.cost)
		h := w.shop.histories[o.customer]
		h.DiscountMinor[len(h.DiscountMinor)-1] = o.discount
	}
	return w
}

// taken refreshes, and waits for the indicators that are taken then.
func (w *district) taken(asOf string) *valuationv1.TakeIndicatorsResponse {
	w.Helper()
	summary := w.refresh(policy(asOf))
	op := w.await(fmt.Sprintf("operations/valuation/take-indicators-%d", summary.GetGeneration()))
	taken := new(valuationv1.TakeIndicatorsResponse)
	w.outcome(op, taken)
	return taken
}

func (w *district) outcome(op *longrunningpb.Operation, into proto.Message) {
	w.Helper()
	if e := op.GetError(); e != nil {
		w.Fatalf("%s failed: %v", op.GetName(), e)
	}
	if err := op.GetResponse().UnmarshalTo(into); err != nil {
		w.Fatal(err)
	}
}

func members() *valuationv1.LoyaltyPolicy {
	return &valuationv1.LoyaltyPolicy{
		DisplayName: "Members", DisplayNameZh: "会员", Automatic: true,
		Components: []*valuationv1.LoyaltyComponent{
			{Factor: valuationv1.LoyaltyFactor_LOYALTY_FACTOR_SATISFACTION, Weight: 1, Saturation: 1},
			{Factor: valuationv1.LoyaltyFactor_LOYALTY_FACTOR_PURCHASE_DAYS, Weight: 2, Saturation: 4},
			{Factor: valuationv1.LoyaltyFactor_LOYALTY_FACTOR_REFERRALS, Weight: 1, Saturation: 2},
			{Factor: valuationv1.LoyaltyFactor_LOYALTY_FACTOR_FULL_PRICE_SHARE, Weight: 1, Saturation: 1},
			{Factor: valuationv1.LoyaltyFactor_LOYALTY_FACTOR_TENURE_DAYS, Weight: 1, Saturation: 500},
		},
		Tiers: []*valuationv1.LoyaltyTier{
			{Tier: "gold", Threshold: 75, NameEn: "Gold", NameZh: "金"}, {Tier: "silver", Threshold: 40, NameEn: "Silver", NameZh: "银"},
		},
	}
}

func (w *district) policy(id string) *valuationv1.LoyaltyPolicy {
	w.Helper()
	p, err := w.CreateLoyaltyPolicy(w.Context(), &valuationv1.CreateLoyaltyPolicyRequest{LoyaltyPolicy: members(), LoyaltyPolicyId: id, RequestId: "made " + id})
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func TestLoyaltyAfterARefresh(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) { testLoyalty(t, newDistrict(t, engine.open(t), false)) })
	}
}

func testLoyalty(t *testing.T, w *district) {
	ctx := t.Context()
	_, err := w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	wantError(t, err, codes.NotFound, "LOYALTY_POLICY_NOT_FOUND", "")
	w.policy("members")
	_, err = w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	wantError(t, err, codes.NotFound, "LOYALTY_NOT_EVALUATED", "")
	_, err = w.EvaluateLoyaltyPolicy(ctx, &valuationv1.EvaluateLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	wantError(t, err, codes.NotFound, "VALUATIONS_NOT_REFRESHED", "")

	taken := w.taken("2026-02-28")
	if !slices.Equal(taken.GetEvaluatedPolicies(), []string{"loyaltyPolicies/members"}) || taken.GetCustomers() != 5 || taken.GetGroups() != 10 || len(taken.GetWarnings()) != 0 {
		t.Errorf("taken %v", taken)
	}
	ann, err := w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	if err != nil {
		t.Fatal(err)
	}
	// Days 4 of 4; satisfaction 0.9; referrals: bob qualified, 1 of 2; two of three
	// orders with a known list price at it; 399 of 500 days.
	want := 100 * (2*1 + 0.9 + 0.5 + 2.0/3 + 399.0/500) / 6
	if math.Abs(ann.GetScore()-want) > 1e-6 || ann.GetTier() != "gold" || ann.GetTierNameZh() != "金" || len(ann.GetContributions()) != 5 {
		t.Errorf("ann: %v, want a score of %v", ann, want)
	}
	sum := 0.0
	for _, c := range ann.GetContributions() {
		sum += c.GetPoints()
	}
	if math.Abs(sum-want) > 1e-6 {
		t.Errorf("ann's points add up to %v", sum)
	}
	eve, err := w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: "customers/eve/loyalty", Policy: "loyaltyPolicies/members"})
	if err != nil || eve.GetTier() != "" || eve.GetContributions()[1].Value != nil || eve.GetContributions()[1].GetReason() != "NO_ANSWER" {
		t.Errorf("eve: %v, %v", eve, err)
	}
	p, err := w.GetLoyaltyPolicy(ctx, &valuationv1.GetLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	if err != nil {
		t.Fatal(err)
	}
	w.wantTiers(p)
	changes := w.changes("ann")
	if len(changes) != 1 || changes[0] != "→gold FIRST_EVALUATION" {
		t.Errorf("ann's changes %q", changes)
	}

	// ann is less satisfied, and bob brings more; evaluated again by hand.
	w.neighbours.mu.Lock()
	w.neighbours.answers["ann"] = 0
	w.neighbours.mu.Unlock()
	op, err := w.EvaluateLoyaltyPolicy(ctx, &valuationv1.EvaluateLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	if err != nil {
		t.Fatal(err)
	}
	evaluation := new(valuationv1.LoyaltyEvaluation)
	w.outcome(w.await(op.GetName()), evaluation)
	if evaluation.GetNumber() != 2 || evaluation.GetGeneration() != 1 || evaluation.GetCustomers() != 5 || len(evaluation.GetSources()) != 3 {
		t.Errorf("%v", evaluation)
	}
	if changes := w.changes("ann"); len(changes) != 2 || changes[0] != "gold→silver LOYALTY_FACTOR_SATISFACTION" {
		t.Errorf("ann's changes %q", changes)
	}
	w.erased(t)
}

// changes are a customer's, newest first.
func (w *district) changes(customer string) (lines []string) {
	w.Helper()
	found, err := w.ListLoyaltyTierChanges(w.Context(), &valuationv1.ListLoyaltyTierChangesRequest{Parent: "customers/" + customer + "/loyalty", Policy: "loyaltyPolicies/members"})
	if err != nil {
		w.Fatal(err)
	}
	for _, c := range found.GetTierChanges() {
		line := c.GetFromTier() + "→" + c.GetToTier()
		if len(c.GetReasons()) > 0 {
			line += " " + strings.Join(c.GetReasons(), " ")
		} else if len(c.GetCauses()) > 0 {
			line += " " + c.GetCauses()[0].GetFactor().String()
		}
		lines = append(lines, line)
	}
	return lines
}

// wantTiers holds the tiers' counts against their lists.
func (w *district) wantTiers(p *valuationv1.LoyaltyPolicy) {
	w.Helper()
	total := int64(0)
	for _, tier := range p.GetLastEvaluation().GetTiers() {
		request := &valuationv1.ListLoyaltiesRequest{Parent: p.GetName(), Tier: tier.GetTier(), PageSize: 2}
		listed := int64(0)
		for {
			page, err := w.ListLoyalties(w.Context(), request)
			if err != nil {
				w.Fatal(err)
			}
			listed += int64(len(page.GetLoyalties()))
			if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
				if listed != tier.GetCustomers() || page.GetTotalSize() != listed {
					w.Errorf("%s: %d listed, total %d, count %d", tier.GetTier(), listed, page.GetTotalSize(), tier.GetCustomers())
				}
				break
			}
		}
		total += listed
	}
	if total != p.GetLastEvaluation().GetCustomers() {
		w.Errorf("the tiers have %d customers of %d", total, p.GetLastEvaluation().GetCustomers())
	}
}

// erased erases ann everywhere.
func (w *district) erased(t *testing.T) {
	held := w.held("ann")
	for _, section := range []string{"valuations", "loyalty", "loyalty_tier_changes", "customer_facts", "referral_copies"} {
		if len(held[section]) == 0 {
			t.Errorf("%s does not show ann: %v", section, held)
		}
	}
	w.shop.forget("ann")
	w.eraseAll("ann")
	if held := w.held("ann"); len(held) != 0 {
		t.Errorf("held after the erasure: %v", held)
	}
	p, err := w.GetLoyaltyPolicy(t.Context(), &valuationv1.GetLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	if err != nil || p.GetLastEvaluation().GetCustomers() != 4 {
		t.Errorf("%v, %v", p, err)
	}
	w.wantTiers(p)
	_, err = w.GetLoyalty(t.Context(), &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	wantError(t, err, codes.NotFound, "LOYALTY_NOT_FOUND", "")
}

func TestLoyaltyPolicies(t *testing.T) {
	w := newDistrict(t, openPebble(t), true)
	ctx := t.Context()
	made := w.policy("members")
	if again := w.policy("members"); again.GetEtag() != made.GetEtag() || again.GetTiers()[0].GetTier() != "silver" || again.GetMinKnownComponents() != 1 {
		t.Errorf("made again: %v", again)
	}
	_, err := w.CreateLoyaltyPolicy(ctx, &valuationv1.CreateLoyaltyPolicyRequest{LoyaltyPolicy: members(), LoyaltyPolicyId: "members"})
	wantError(t, err, codes.AlreadyExists, "LOYALTY_POLICY_EXISTS", "")
	other := members()
	other.Automatic = false
	_, err = w.CreateLoyaltyPolicy(ctx, &valuationv1.CreateLoyaltyPolicyRequest{LoyaltyPolicy: other, LoyaltyPolicyId: "members", RequestId: "made members"})
	wantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
	wrong := members()
	wrong.Components[1].Saturation = 0.5
	wrong.Components[1].Floor = 0.6
	_, err = w.CreateLoyaltyPolicy(ctx, &valuationv1.CreateLoyaltyPolicyRequest{LoyaltyPolicy: wrong, LoyaltyPolicyId: "other", ValidateOnly: true})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "loyalty_policy.components[1].saturation")

	change := func(mask ...string) (*valuationv1.LoyaltyPolicy, error) {
		return w.UpdateLoyaltyPolicy(ctx, &valuationv1.UpdateLoyaltyPolicyRequest{
			LoyaltyPolicy: &valuationv1.LoyaltyPolicy{Name: made.GetName(), Etag: made.GetEtag(), MinKnownComponents: 3, DisplayName: "Club"},
			UpdateMask:    &fieldmaskpb.FieldMask{Paths: mask},
		})
	}
	changed, err := change("min_known_components", "automatic")
	if err != nil || changed.GetMinKnownComponents() != 3 || changed.GetAutomatic() || changed.GetDisplayName() != "Members" {
		t.Errorf("changed %v, %v", changed, err)
	}
	_, err = change("display_name")
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	_, err = change("etag")
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "update_mask")
	w.policy("second")
	_, err = w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	wantError(t, err, codes.InvalidArgument, "LOYALTY_POLICY_AMBIGUOUS", "policy")
	_, err = w.DeleteLoyaltyPolicy(ctx, &valuationv1.DeleteLoyaltyPolicyRequest{Name: made.GetName(), Etag: made.GetEtag()})
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	if _, err = w.DeleteLoyaltyPolicy(ctx, &valuationv1.DeleteLoyaltyPolicyRequest{Name: made.GetName(), Etag: changed.GetEtag()}); err != nil {
		t.Error(err)
	}
	listed, err := w.ListLoyaltyPolicies(ctx, &valuationv1.ListLoyaltyPoliciesRequest{})
	if err != nil || len(listed.GetLoyaltyPolicies()) != 1 || listed.GetLoyaltyPolicies()[0].GetName() != "loyaltyPolicies/second" {
		t.Errorf("%v, %v", listed, err)
	}
	_, err = w.ListLoyalties(ctx, &valuationv1.ListLoyaltiesRequest{Parent: "loyaltyPolicies/second", OrderBy: "name"})
	wantError(t, err, codes.InvalidArgument, "FIELD_NOT_SORTABLE", "order_by")
	for _, name := range []string{"", "customers/a/b/loyalty", "customers//loyalty", "ann"} {
		if _, err := w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: name}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestInfluenceOfAnAdvocate(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) { testInfluence(t, newDistrict(t, engine.open(t), false)) })
	}
}

func testInfluence(t *testing.T, w *district) {
	_, err := w.GetInfluence(t.Context(), &valuationv1.GetInfluenceRequest{Name: "customers/ann/influence"})
	wantError(t, err, codes.NotFound, "INDICATORS_NOT_TAKEN", "")
	w.taken("2026-02-28")
	ann, err := w.GetInfluence(t.Context(), &valuationv1.GetInfluenceRequest{Name: "customers/ann/influence"})
	if err != nil {
		t.Fatal(err)
	}
	mouth := ann.GetWordOfMouth()
	// ann → bob, cat → dan → eve; bob → ann leads back.
	if mouth.GetDirectReach() != 2 || mouth.GetIndirectReach() != 2 || len(mouth.GetSteps()) != 3 || mouth.GetQualifiedReferrals() != 1 {
		t.Errorf("reach %v", mouth)
	}
	if d := mouth.GetDirect(); d.GetCustomersWithOrders() != 2 || d.GetRevenue().GetMinorUnits() != 11000 || d.GetHistoricValue().GetMinorUnits() != 3000 || d.GetCustomersWithHistoricValue() != 1 {
		t.Errorf("direct %v", d)
	}
	if d := mouth.GetIndirect(); d.GetRevenue().GetMinorUnits() != 5000 || d.GetHistoricValue().GetMinorUnits() != 3500 {
		t.Errorf("indirect %v", d)
	}
	// Qualified referrals: ann 1, bob 2, dan 1 of five customers: 0.8 on average.
	if math.Abs(mouth.GetReferralIndex()-125) > 1e-9 || math.Abs(mouth.GetScore()-60) > 1e-9 {
		t.Errorf("index %v, score %v", mouth.GetReferralIndex(), mouth.GetScore())
	}
	if p := ann.GetPurchasingPower(); p.GetScore() != 90 || p.GetRevenue().GetMinorUnits() != 40000 || p.GetHistoricValue().GetMinorUnits() != 16000 {
		t.Errorf("purchasing power %v", p)
	}
	if l := ann.GetLoyalty(); l.Score != nil || l.GetReason() != "LOYALTY_NOT_EVALUATED" {
		t.Errorf("loyalty %v", l)
	}
	w.policy("members")
	op, err := w.EvaluateLoyaltyPolicy(t.Context(), &valuationv1.EvaluateLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	if err != nil {
		t.Fatal(err)
	}
	w.outcome(w.await(op.GetName()), new(valuationv1.LoyaltyEvaluation))
	ann, err = w.GetInfluence(t.Context(), &valuationv1.GetInfluenceRequest{Name: "customers/ann/influence"})
	if l := ann.GetLoyalty(); err != nil || l.GetScore() != 90 || l.GetTier() != "gold" || l.GetPolicyScore() < 75 {
		t.Errorf("loyalty %v, %v", l, err)
	}
	_, err = w.GetInfluence(t.Context(), &valuationv1.GetInfluenceRequest{Name: "customers/nobody/influence"})
	wantError(t, err, codes.NotFound, "VALUATION_NOT_FOUND", "")
}

func TestIndicatorsOverTime(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) { testIndicators(t, newDistrict(t, engine.open(t), false)) })
	}
}

func testIndicators(t *testing.T, w *district) {
	ctx := t.Context()
	_, err := w.ListIndicators(ctx, &valuationv1.ListIndicatorsRequest{})
	wantError(t, err, codes.NotFound, "INDICATORS_NOT_TAKEN", "")
	w.taken("2025-12-31")
	w.taken("2026-01-10")
	w.taken("2026-02-28")
	w.taken("2026-02-28") // replaces the one before
	listed, err := w.ListIndicators(ctx, &valuationv1.ListIndicatorsRequest{PageSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := w.ListIndicators(ctx, &valuationv1.ListIndicatorsRequest{PageSize: 100, PageToken: listed.GetNextPageToken()})
	if err != nil || len(rest.GetIndicators()) != 6 || rest.GetIndicators()[5].GetGroup() != "segments/vip" || listed.GetIndicators()[0].GetGroup() != "all" {
		t.Fatalf("%v, %v", rest, err)
	}
	all, vip := listed.GetIndicators()[0], rest.GetIndicators()[5]
	if all.GetGeneration() != 4 || all.GetCustomers() != 5 || vip.GetCustomers() != 2 || vip.GetNameEn() != "VIP" {
		t.Errorf("all %v\nvip %v", all, vip)
	}
	// As of 2026-02-28 ann (399 days) and bob (499) are customers for a year; ann
	// bought within it.
	if r := all.GetRetention(); r.GetCustomers() != 2 || r.GetRetained() != 1 || r.GetRate() != 0.5 || r.GetLower() >= 0.5 || r.GetMethod() != "wilson" {
		t.Errorf("retention %v", r)
	}
	if s := all.GetSatisfaction(); math.Abs(s.GetMean()-0.7) > 1e-12 || s.GetAnswers() != 2 || s.Lower == nil {
		t.Errorf("satisfaction %v", s)
	}
	if s := vip.GetSatisfaction(); s.GetMean() != 0.9 || s.Lower != nil {
		t.Errorf("satisfaction of vip %v", s)
	}
	if x := all.GetReferral(); x.GetIndex() != 100 || x.GetQualifiedReferrals() != 4 || x.GetAdvocates() != 3 {
		t.Errorf("referral %v", x)
	}
	if x := vip.GetReferral(); math.Abs(x.GetIndex()-125) > 1e-9 { // ann 1, dan 1 of two
		t.Errorf("referral of vip %v", x)
	}
	if v := all.GetValue(); v.GetRevenue().GetMinorUnits() != 56000 || v.GetHistoricValue().GetMinorUnits() != 16000+3000+1500+2000 || v.GetCustomersWithHistoricValue() != 4 {
		t.Errorf("value %v", v)
	}
	if f := all.GetFrequency(); math.Abs(f.GetOrderDaysPerCustomer()-9.0/5) > 1e-12 || math.Abs(f.GetRepeatRate()-0.4) > 1e-12 {
		t.Errorf("frequency %v", f)
	}
	w.wantSeries(t)

	ann, err := w.GetCustomerIndicators(ctx, &valuationv1.GetCustomerIndicatorsRequest{Name: "customers/ann/indicators"})
	if err != nil || ann.GetSatisfaction() != 0.9 || !ann.GetRetained() || ann.GetQualifiedReferrals() != 1 || math.Abs(ann.GetReferralIndex()-125) > 1e-9 || ann.GetHistoricValue().GetMinorUnits() != 16000 {
		t.Errorf("ann: %v, %v", ann, err)
	}
	cat, err := w.GetCustomerIndicators(ctx, &valuationv1.GetCustomerIndicatorsRequest{Name: "customers/cat/indicators"})
	if err != nil || cat.Satisfaction != nil || cat.GetSatisfactionReason() != "NO_ANSWER" || cat.Retained != nil || cat.HistoricValue != nil || cat.GetReferralIndex() != 0 || cat.ReferralIndex == nil {
		t.Errorf("cat: %v, %v", cat, err)
	}
}

func (w *district) wantSeries(t *testing.T) {
	t.Helper()
	query := func(r *valuationv1.QueryIndicatorsRequest) (lines []string) {
		t.Helper()
		found, err := w.QueryIndicators(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found.GetPoints() {
			line := p.GetStartDate() + " " + p.GetEndDate() + " " + p.GetReason()
			if p.GetIndicators() != nil {
				line += fmt.Sprint(p.GetIndicators().GetAsOfDate(), " ", p.GetIndicators().GetCustomers())
			}
			lines = append(lines, line)
		}
		return lines
	}
	for _, c := range []struct {
		name string
		ask  *valuationv1.QueryIndicatorsRequest
		want []string
	}{
		{"snapshots", &valuationv1.QueryIndicatorsRequest{}, []string{
			"2025-12-31 2025-12-31 2025-12-31 2", "2026-01-10 2026-01-10 2026-01-10 2", "2026-02-28 2026-02-28 2026-02-28 5",
		}},
		{"months", &valuationv1.QueryIndicatorsRequest{FromDate: "2025-11-20", ToDate: "2026-03-01", Period: valuationv1.IndicatorPeriod_INDICATOR_PERIOD_MONTH}, []string{
			"2025-11-01 2025-11-30 NOT_TAKEN", "2025-12-01 2025-12-31 2025-12-31 2", "2026-01-01 2026-01-31 2026-01-10 2",
			"2026-02-01 2026-02-28 2026-02-28 5", "2026-03-01 2026-03-31 PERIOD_UNFINISHED",
		}},
		{"years", &valuationv1.QueryIndicatorsRequest{Period: valuationv1.IndicatorPeriod_INDICATOR_PERIOD_YEAR}, []string{
			"2025-01-01 2025-12-31 2025-12-31 2", "2026-01-01 2026-12-31 PERIOD_UNFINISHED",
		}},
		{"weeks of a segment", &valuationv1.QueryIndicatorsRequest{Group: "segments/vip", FromDate: "2026-02-20", Period: valuationv1.IndicatorPeriod_INDICATOR_PERIOD_WEEK}, []string{
			"2026-02-16 2026-02-22 NOT_TAKEN", "2026-02-23 2026-03-01 PERIOD_UNFINISHED",
		}},
	} {
		if got := query(c.ask); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	_, err := w.QueryIndicators(t.Context(), &valuationv1.QueryIndicatorsRequest{Group: "segments/none"})
	wantError(t, err, codes.NotFound, "INDICATORS_NOT_TAKEN", "")
	_, err = w.QueryIndicators(t.Context(), &valuationv1.QueryIndicatorsRequest{FromDate: "2026-02-30"})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "from_date")
	_, err = w.QueryIndicators(t.Context(), &valuationv1.QueryIndicatorsRequest{FromDate: "1000-01-01", Period: valuationv1.IndicatorPeriod_INDICATOR_PERIOD_WEEK})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "from_date")
}

// Alone, the service says what it cannot know, and nothing is 0 for that.
func TestIndicatorsWithoutNeighbours(t *testing.T) {
	w := newDistrict(t, openPebble(t), true)
	w.policy("members")
	taken := w.taken("2026-02-28")
	if len(taken.GetWarnings()) != 1 || taken.GetWarnings()[0].GetReason() != "PEER_NOT_CONFIGURED" || taken.GetGroups() != 9 {
		t.Errorf("taken %v", taken)
	}
	listed, err := w.ListIndicators(t.Context(), &valuationv1.ListIndicatorsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	all := listed.GetIndicators()[0]
	if all.GetSatisfaction().Mean != nil || all.GetSatisfaction().GetReason() != "PEER_NOT_CONFIGURED" || all.GetReferral().Index != nil || all.GetReferral().GetReason() != "PEER_NOT_CONFIGURED" {
		t.Errorf("%v", all)
	}
	influence, err := w.GetInfluence(t.Context(), &valuationv1.GetInfluenceRequest{Name: "customers/ann/influence"})
	if err != nil || influence.GetWordOfMouth().Score != nil || influence.GetWordOfMouth().GetReason() != "PEER_NOT_CONFIGURED" {
		t.Errorf("%v, %v", influence, err)
	}
	ann, err := w.GetLoyalty(t.Context(), &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	want := 100 * (2*1 + 2.0/3 + 399.0/500) / 4
	if err != nil || math.Abs(ann.GetScore()-want) > 1e-6 {
		t.Errorf("ann: %v, %v; want %v", ann, err, want)
	}
}

// A neighbour that is away leaves what it said last, and is named.
func TestIndicatorsWhileNeighboursAreAway(t *testing.T) {
	w := newDistrict(t, openPebble(t), false)
	w.policy("members")
	w.taken("2026-02-27")
	w.neighbours.setAway(true)
	taken := w.taken("2026-02-28")
	stale := 0
	for _, s := range taken.GetSources() {
		if s.GetReason() == "STALE" && s.GetCopyTime() != nil {
			stale++
		}
	}
	if stale != 2 || len(taken.GetWarnings()) != 1 || taken.GetWarnings()[0].GetReason() != "PEER_UNAVAILABLE" {
		t.Errorf("taken %v", taken)
	}
	ann, err := w.GetLoyalty(t.Context(), &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	if err != nil {
		t.Fatal(err)
	}
	if c := ann.GetContributions()[1]; c.GetValue() != 0.9 || c.GetReason() != "STALE" {
		t.Errorf("satisfaction %v", c)
	}
}
