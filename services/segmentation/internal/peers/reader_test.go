package peers_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// services answers for all of them, as it was told to.
type services struct {
	profilev1.UnimplementedCustomerServiceServer
	profilev1.UnimplementedAttributeDefinitionServiceServer
	customers    *profilev1.BatchGetCustomersResponse
	histories    map[string]*profilev1.PurchaseHistory
	valuations   []*valuationv1.Valuation
	satisfaction []*feedbackv1.CustomerSatisfaction
	advocates    []*referralv1.Advocate
	definitions  []*profilev1.AttributeDefinition
	behaviors    []*profilev1.CustomerBehavior
}

type profileUpdates struct {
	profilev1.UnimplementedCustomerUpdateServiceServer
	*services
}

type valuations struct {
	valuationv1.UnimplementedValuationServiceServer
	*services
}

type feedback struct {
	feedbackv1.UnimplementedSatisfactionUpdateServiceServer
	*services
}

type referral struct {
	referralv1.UnimplementedAdvocateUpdateServiceServer
	*services
}

func (s *services) BatchGetCustomers(context.Context, *profilev1.BatchGetCustomersRequest) (*profilev1.BatchGetCustomersResponse, error) {
	return s.customers, nil
}

func (s *services) ListAttributeDefinitions(context.Context, *profilev1.ListAttributeDefinitionsRequest) (*profilev1.ListAttributeDefinitionsResponse, error) {
	return &profilev1.ListAttributeDefinitionsResponse{AttributeDefinitions: s.definitions}, nil
}

// BatchGetPurchaseHistories tells one history at a time.
func (s profileUpdates) BatchGetPurchaseHistories(_ context.Context, r *profilev1.BatchGetPurchaseHistoriesRequest) (*profilev1.BatchGetPurchaseHistoriesResponse, error) {
	answer := &profilev1.BatchGetPurchaseHistoriesResponse{RemainingCustomerIds: r.GetCustomerIds()[1:]}
	if h := s.histories[r.GetCustomerIds()[0]]; h != nil {
		answer.Histories = append(answer.Histories, h)
	}
	return answer, nil
}

// BatchGetBehaviors tells of one customer at a time.
func (s profileUpdates) BatchGetBehaviors(_ context.Context, r *profilev1.BatchGetBehaviorsRequest) (*profilev1.BatchGetBehaviorsResponse, error) {
	answer := &profilev1.BatchGetBehaviorsResponse{RemainingCustomerIds: r.GetCustomerIds()[1:]}
	for _, b := range s.behaviors {
		if b.GetCustomerId() == r.GetCustomerIds()[0] {
			answer.Behaviors = append(answer.Behaviors, b)
		}
	}
	return answer, nil
}

func (s valuations) BatchGetValuations(context.Context, *valuationv1.BatchGetValuationsRequest) (*valuationv1.BatchGetValuationsResponse, error) {
	return &valuationv1.BatchGetValuationsResponse{Valuations: s.valuations}, nil
}

func (s feedback) BatchGetSatisfaction(_ context.Context, r *feedbackv1.BatchGetSatisfactionRequest) (*feedbackv1.BatchGetSatisfactionResponse, error) {
	answer := &feedbackv1.BatchGetSatisfactionResponse{}
	for _, c := range s.satisfaction {
		if slices.Contains(r.GetCustomerIds(), c.GetCustomerId()) {
			answer.Customers = append(answer.Customers, c)
		}
	}
	return answer, nil
}

func (s referral) BatchGetAdvocates(_ context.Context, r *referralv1.BatchGetAdvocatesRequest) (*referralv1.BatchGetAdvocatesResponse, error) {
	answer := &referralv1.BatchGetAdvocatesResponse{}
	for _, a := range s.advocates {
		if slices.Contains(r.GetCustomerIds(), a.GetCustomerId()) {
			answer.Advocates = append(answer.Advocates, a)
		}
	}
	return answer, nil
}

func (s *services) reader(t *testing.T, zone *time.Location) *peers.Reader {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	profilev1.RegisterCustomerServiceServer(server, s)
	profilev1.RegisterAttributeDefinitionServiceServer(server, s)
	profilev1.RegisterCustomerUpdateServiceServer(server, profileUpdates{services: s})
	valuationv1.RegisterValuationServiceServer(server, valuations{services: s})
	feedbackv1.RegisterSatisfactionUpdateServiceServer(server, feedback{services: s})
	referralv1.RegisterAdvocateUpdateServiceServer(server, referral{services: s})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///peers", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return peers.NewReader(peers.Conns{Profile: conn, Valuation: conn, Feedback: conn, Referral: conn}, zone)
}

func text(s string) *profilev1.AttributeValue {
	return &profilev1.AttributeValue{Value: &profilev1.AttributeValue_StringValue{StringValue: s}}
}

func TestCustomersBecomeFacts(t *testing.T) {
	created := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	evening := time.Date(2026, 3, 1, 15, 59, 0, 0, time.UTC) // still the first of March in Shanghai
	s := &services{
		definitions: []*profilev1.AttributeDefinition{
			{Name: "attributeDefinitions/tier", Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING, DisplayName: "会员等级"},
			{Name: "attributeDefinitions/faith", Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING, Sensitivity: apiv1.Sensitivity_SENSITIVITY_SENSITIVE},
			{Name: "attributeDefinitions/budget", Type: profilev1.AttributeType_ATTRIBUTE_TYPE_MONEY},
			{Name: "attributeDefinitions/anniversary", Type: profilev1.AttributeType_ATTRIBUTE_TYPE_DATE},
		},
		customers: &profilev1.BatchGetCustomersResponse{
			Customers: []*profilev1.Customer{
				{
					Name: "customers/a", Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL, Gender: profilev1.Gender_GENDER_FEMALE, DisplayName: "王芳",
					City: "深圳", Country: "CN", Area: profilev1.Area_AREA_URBAN, Education: profilev1.Education_EDUCATION_MASTER,
					MaritalStatus: profilev1.MaritalStatus_MARITAL_STATUS_SINGLE, HouseholdSize: 2, Interests: []string{"hiking"}, Beliefs: []string{"none of ours"},
					BirthDate: &date.Date{Month: 3, Day: 8}, CreateTime: timestamppb.New(created), Merged: []string{"customers/m"},
					Attributes: map[string]*profilev1.AttributeValue{"tier": text("gold"), "faith": text("secret"), "anniversary": {
						Value: &profilev1.AttributeValue_DateValue{DateValue: &date.Date{Year: 2020, Month: 5, Day: 20}},
					}},
				},
				{Name: "customers/a"}, // for m
				{Name: "customers/quiet"},
			},
			Missing: []string{"customers/gone"}, Withheld: []string{"customers/no"},
		},
		histories: map[string]*profilev1.PurchaseHistory{"a": {
			CustomerId:  "a",
			OrderTimeMs: []int64{evening.Add(2 * time.Minute).UnixMilli(), created.UnixMilli(), evening.UnixMilli()},
			NetMinor:    []int64{100, 200, 300}, Currency: []uint32{0, 1, 0}, CurrencyCodes: []string{"CNY", "USD"},
		}},
	}
	s.behaviors = []*profilev1.CustomerBehavior{{
		CustomerId: "a", LastSeenTime: timestamppb.New(evening.Add(time.Hour)), LastCartTime: timestamppb.New(evening),
		Stage: profilev1.JourneyStage_JOURNEY_STAGE_PURCHASE, StageTime: timestamppb.New(created),
	}}
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	r := s.reader(t, shanghai)
	attributes, err := r.Attributes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(attributes) != 2 || attributes[1] != (facts.Attribute{Name: "tier", Label: "会员等级", Type: facts.Text}) {
		t.Errorf("attributes: %+v", attributes)
	}
	known, fates, err := r.Customers(t.Context(), []string{"a", "gone", "m", "no", "quiet"}, attributes)
	if err != nil {
		t.Fatal(err)
	}
	if want := []peers.Fate{{}, {Kind: facts.Deleted}, {Kind: facts.Merged, Into: "a"}, {Kind: facts.Objected}, {}}; !slices.Equal(fates, want) {
		t.Errorf("fates: %+v", fates)
	}
	want := &facts.Facts{
		Customer: facts.Customer{
			ID: "a", Kind: "INDIVIDUAL", Gender: "FEMALE", City: "深圳", Country: "CN", Area: "URBAN", Education: "MASTER", MaritalStatus: "SINGLE",
			HouseholdSize: 2, Interests: []string{"hiking"}, BirthDate: facts.Date{Month: 3, Day: 8}, CreateTime: created,
			Stage: "PURCHASE", StageTime: created, LastSeenTime: evening.Add(time.Hour), LastCartTime: evening,
			Attributes: map[string]any{"tier": "gold", "anniversary": facts.Date{Year: 2020, Month: 5, Day: 20}},
		},
		Orders: facts.Orders{
			Count: 3, Days: 3, FirstTime: created, LastTime: evening.Add(2 * time.Minute),
			Recent: []facts.Order{
				{Time: created, Net: facts.Money{Currency: "USD", Minor: 200}}, {Time: evening, Net: facts.Money{Currency: "CNY", Minor: 300}},
				{Time: evening.Add(2 * time.Minute), Net: facts.Money{Currency: "CNY", Minor: 100}},
			},
		},
		Revenue: []facts.Money{{Currency: "CNY", Minor: 400}, {Currency: "USD", Minor: 200}},
	}
	if len(known) != 2 || !reflect.DeepEqual(known[0].Facts, want) || !slices.Equal(known[0].Merged, []string{"m"}) || known[1].Facts.Orders.Count != 0 {
		t.Errorf("known:\n%+v\nwant\n%+v", known[0].Facts, want)
	}
}

func TestWhatTheOthersTell(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	alive := 0.25
	s := &services{
		valuations: []*valuationv1.Valuation{{
			CustomerId: "a", Generation: 7, Orders: 99, HistoricValue: &apiv1.Money{CurrencyCode: "CNY", MinorUnits: 500},
			Rfm: &valuationv1.RfmScores{Recency: 5, Frequency: 4, Monetary: 3, Cell: "543"}, Prediction: &valuationv1.Prediction{AliveProbability: &alive},
		}},
		satisfaction: []*feedbackv1.CustomerSatisfaction{
			{CustomerId: "a", Kind: 1, Responses: 2, Satisfaction: 0.5, LastResponseTime: timestamppb.New(at)},
			{CustomerId: "m", Kind: 1, Responses: 1, Satisfaction: 0.9, LastResponseTime: timestamppb.New(at.Add(time.Hour))},
			{CustomerId: "m", Kind: 2, Responses: 1, Satisfaction: 0.1, LastResponseTime: timestamppb.New(at.Add(-time.Hour))},
		},
		advocates: []*referralv1.Advocate{
			{CustomerId: "a", Invitations: 2, Referees: []*referralv1.AdvocateReferee{{CustomerId: "x", QualifyTime: timestamppb.New(at)}}},
			{CustomerId: "m", Invitations: 1, Referees: []*referralv1.AdvocateReferee{{CustomerId: "y"}}},
		},
	}
	r := s.reader(t, time.UTC)
	a, b := &facts.Facts{Customer: facts.Customer{ID: "a"}, Orders: facts.Orders{Count: 3}}, &facts.Facts{Customer: facts.Customer{ID: "b"}}
	all := []*facts.Facts{a, b}
	of := func(customer string) []string {
		if customer == "a" {
			return []string{"a", "m"}
		}
		return nil
	}
	edition := peers.Edition{Generation: 7, AsOf: at}
	for _, err := range []error{
		r.Valuations(t.Context(), all, edition), r.Feedback(t.Context(), all, of), r.Referrals(t.Context(), all, of),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !a.Valued || a.Edition != 7 || !a.AsOf.Equal(at) || a.Orders.Count != 3 || a.Value.Historic.Minor != 500 ||
		a.RFM.Cell != "543" || *a.Prediction.Alive != 0.25 || b.Valued || b.Edition != 7 {
		t.Errorf("valuations: %+v, %+v", a, b)
	}
	if a.Feedback != (facts.Feedback{Responses: 4, Satisfaction: 0.9, LastResponseTime: at.Add(time.Hour)}) || b.Feedback != (facts.Feedback{}) {
		t.Errorf("feedback: %+v, %+v", a.Feedback, b.Feedback)
	}
	if a.Referral != (facts.Referral{Invitations: 3, Referees: 2, Qualified: 1, LastQualifyTime: at}) {
		t.Errorf("referral: %+v", a.Referral)
	}
	if err := r.Valuations(t.Context(), all, peers.Edition{Generation: 6, AsOf: at}); !errors.Is(err, peers.ErrSuperseded) {
		t.Errorf("of an edition that is over: %v", err)
	}
}
