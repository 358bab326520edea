package recommend

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/stat"
)

const modelCollection = "recommendationModels/"

// policyOf reads a policy and fills in what it leaves open.
func policyOf(p *profilev1.RecommendationPolicy, now time.Time) (Policy, error) {
	policy := Policy{
		Zone: p.GetTimeZone(), Smoothing: DefaultSmoothing, MinBuyers: int64(p.GetMinBuyers()), MaxItems: int(p.GetMaxItems()),
		Neighbours: int(p.GetNeighbours()), ConsumableShare: DefaultConsumableShare,
		OrdersOnly: p.GetOrdersOnly(), MinSearchers: int64(p.GetMinSearchers()),
	}
	if p.GetAsOf() != nil {
		policy.AsOf = p.GetAsOf().AsTime()
	}
	if p != nil && p.Smoothing != nil {
		policy.Smoothing = p.GetSmoothing()
	}
	if p != nil && p.ConsumableShare != nil {
		policy.ConsumableShare = p.GetConsumableShare()
	}
	return policy, policy.settle(now)
}

func (p *Policy) proto() *profilev1.RecommendationPolicy {
	return &profilev1.RecommendationPolicy{
		AsOf: timestamppb.New(p.AsOf), TimeZone: p.Zone, Smoothing: &p.Smoothing, MinBuyers: int32(p.MinBuyers),
		MaxItems: int32(p.MaxItems), Neighbours: int32(p.Neighbours), ConsumableShare: &p.ConsumableShare,
		OrdersOnly: p.OrdersOnly, MinSearchers: int32(p.MinSearchers),
	}
}

var states = map[State]profilev1.RecommendationModelState{
	Training:   profilev1.RecommendationModelState_RECOMMENDATION_MODEL_STATE_TRAINING,
	Published:  profilev1.RecommendationModelState_RECOMMENDATION_MODEL_STATE_PUBLISHED,
	Superseded: profilev1.RecommendationModelState_RECOMMENDATION_MODEL_STATE_SUPERSEDED,
	Failed:     profilev1.RecommendationModelState_RECOMMENDATION_MODEL_STATE_FAILED,
}

func (r *Room) proto(m *model) *profilev1.RecommendationModel {
	id := docstore.ParseID(m.ID)[0]
	p := &profilev1.RecommendationModel{
		Name: modelCollection + id, State: states[m.State], Policy: m.Policy.proto(),
		Customers: m.Figures.Customers, Orders: m.Figures.Orders, Views: m.Figures.Views,
		CustomersWithheld: m.Figures.Withheld,
		Items:             m.Items, ItemsLeftOut: m.LeftOut, Pairs: m.Pairs, Categories: m.Categories,
		Warnings: m.Figures.warnings(), Operation: operationName(id), CreateTime: timestamppb.New(m.Created),
	}
	if !m.Published.IsZero() {
		p.PublishTime = timestamppb.New(m.Published)
	}
	return p
}

// warnings say what was cut.
func (f *figures) warnings() (all []*apiv1.Warning) {
	warn := func(n int64, reason, format string, args ...any) {
		if n > 0 {
			all = append(all, &apiv1.Warning{Reason: reason, Message: fmt.Sprintf(format, args...)})
		}
	}
	warn(f.Cut, "HISTORIES_CUT", "of %d customers only the %d items bought last are counted", f.Cut, maxHistory)
	warn(f.Items, "CATALOGUE_CUT", "there are more than %d items: %d times one was met that is not counted", maxCatalogue, f.Items)
	warn(f.Categories, "CATEGORIES_CUT", "there are more than %d categories: %d times one was met that is not counted", maxCategories, f.Categories)
	warn(f.Terms, "SEARCH_TERMS_CUT", "there are more than %d search terms: %d searches for others are not counted", maxTerms, f.Terms)
	return all
}

var kinds = map[Kind]profilev1.SuggestionReasonKind{
	Popular:        profilev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_POPULAR,
	BoughtTogether: profilev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_BOUGHT,
	ViewedTogether: profilev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_VIEWED,
	BoughtAgain:    profilev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_BOUGHT_AGAIN,
}

func (s *Suggestion) proto() *profilev1.Suggestion {
	r := &s.Reason
	return &profilev1.Suggestion{
		Sku: s.SKU, Category: s.Category, Score: s.Score,
		Reason: &profilev1.SuggestionReason{
			Kind: kinds[r.Kind], BecauseSku: r.Because, OfCustomers: r.Of, Customers: r.Count,
			Share: shareProto(r.Share), Text: s.text(),
		},
	}
}

func (f *Forecast) proto() *profilev1.CategoryForecast {
	return &profilev1.CategoryForecast{
		Category: f.Category, Share: shareProto(f.Share), BecauseCategory: f.Because, Lift: f.Lift, Text: f.text(),
	}
}

func shareProto(e stat.Estimate) *profilev1.ShareEstimate {
	return &profilev1.ShareEstimate{
		Value: e.Value, Low: e.Low, High: e.High, Level: e.Level, Method: string(e.Method), Population: e.N,
	}
}
