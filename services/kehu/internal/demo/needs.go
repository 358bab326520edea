package demo

import (
	"context"
	"fmt"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// needs trains the model of what goes together and shows what it says of one
// customer, and what was searched for in vain.
func (d *demo) needs(ctx context.Context) error {
	client := profilev1.NewRecommendationServiceClient(d.conn)
	operation, err := client.TrainRecommendationModel(ctx, &profilev1.TrainRecommendationModelRequest{Policy: &profilev1.RecommendationPolicy{
		AsOf: timestamppb.New(d.shop.Config().End), TimeZone: zone,
	}})
	if err != nil {
		return err
	}
	model := new(profilev1.RecommendationModel)
	err = analysis.Await(ctx, func(ctx context.Context) (analysis.Watcher, error) {
		return profilev1.NewOperationServiceClient(d.conn).WatchOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation.GetName()})
	}, "learning what goes together", d.settings.Progress, func(op *longrunningpb.Operation) error {
		return op.GetResponse().UnmarshalTo(model)
	})
	if err != nil {
		return err
	}
	d.page.Heading(fmt.Sprintf("Needs 需求: learnt from %d orders of %d customers, %d articles", model.GetOrders(), model.GetCustomers(), model.GetItems()))
	if err := d.suggest(ctx); err != nil {
		return err
	}
	return d.gaps(ctx)
}

// asked is how many customers' suggestions are looked at for one to show.
const asked = 40

// suggest shows the suggestions of a customer, of some the one for whom most
// speaks for the first.
func (d *demo) suggest(ctx context.Context) error {
	var best *profilev1.ListSuggestionsResponse
	var who shop.Customer
	for c := range d.shop.Customers() {
		if c.Index == asked {
			break
		}
		answer, err := profilev1.NewRecommendationServiceClient(d.conn).ListSuggestions(ctx, &profilev1.ListSuggestionsRequest{
			Parent: "customers/" + c.ID, PageSize: 3, NewOnly: true,
		})
		if err != nil {
			return err
		}
		if len(answer.GetSuggestions()) == 0 || why(answer).GetKind() != profilev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_BOUGHT {
			continue
		}
		if best == nil || why(answer).GetShare().GetValue() > why(best).GetShare().GetValue() {
			best, who = answer, c
		}
	}
	if best == nil {
		return nil
	}
	d.page.Item("suggested to " + who.Name + ", customers/" + who.ID + ":")
	for _, s := range best.GetSuggestions() {
		d.page.Item(s.GetSku() + " " + s.GetCategory() + ", " + s.GetReason().GetText().GetEn())
	}
	for _, next := range best.GetNextCategories()[:min(1, len(best.GetNextCategories()))] {
		d.page.Item("next category: " + next.GetCategory() + ", " + next.GetText().GetEn())
	}
	bought, both := d.shop.Together(why(best).GetBecauseSku(), best.GetSuggestions()[0].GetSku())
	right := int64(bought) == why(best).GetOfCustomers() && int64(both) == why(best).GetCustomers()
	d.page.Item(fmt.Sprintf("truth: %d of %d customers%s", both, bought, verdict(right)))
	d.yourself("kehu profile list-suggestions --parent customers/" + who.ID)
	return nil
}

// why is the reason of the first suggestion.
func why(answer *profilev1.ListSuggestionsResponse) *profilev1.SuggestionReason {
	return answer.GetSuggestions()[0].GetReason()
}

// gaps shows what was searched for and not found.
func (d *demo) gaps(ctx context.Context) error {
	answer, err := profilev1.NewRecommendationServiceClient(d.conn).ListSearchGaps(ctx, &profilev1.ListSearchGapsRequest{PageSize: 4})
	if err != nil {
		return err
	}
	truth := d.behaved().Gaps
	rows := [][]string{{"searched for in vain 无结果搜索", "searches", "customers", "truth"}}
	for _, g := range answer.GetSearchGaps() {
		t := truth[g.GetTerm()]
		rows = append(rows, []string{g.GetTerm(), count(g.GetSearches()), count(g.GetCustomers()), fmt.Sprintf("%d by %d", t.Searches, t.Customers)})
	}
	d.page.Table(rows)
	d.yourself("kehu profile list-search-gaps")
	return nil
}
