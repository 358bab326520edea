package valuation_test

import (
	"context"
	"fmt"
	"log/slog"
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
