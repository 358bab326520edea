package demo

import (
	"context"
	"fmt"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
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

// suggest shows the suggestions for the first customer for whom there is one that
// rests on another article.
func (d *demo) suggest(ctx context.Context) error {
	client := profilev1.NewRecommendationServiceClient(d.conn)
	for c := range d.shop.Customers() {
		answer, err := client.ListSuggestions(ctx, &profilev1.ListSuggestionsRequest{Parent: "customers/" + c.ID, PageSize: 4, NewOnly: true})
		if err != nil {
			return err
		}
		suggestions := answer.GetSuggestions()
		if len(suggestions) == 0 || suggestions[0].GetReason().GetKind() != profilev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_BOUGHT {
			continue
		}
		d.page.Item("suggested to " + c.Name + ", customers/" + c.ID + ":")
		for _, s := range suggestions {
			d.page.Item(s.GetSku() + " " + s.GetCategory() + ", " + s.GetReason().GetText().GetEn())
		}
		for _, next := range answer.GetNextCategories()[:min(1, len(answer.GetNextCategories()))] {
			d.page.Item("next category: " + next.GetCategory() + ", " + next.GetText().GetEn())
		}
		why := suggestions[0].GetReason()
		bought, both := d.shop.Together(why.GetBecauseSku(), suggestions[0].GetSku())
		d.page.Item(fmt.Sprintf("truth: %d of %d customers%s", both, bought, verdict(int64(bought) == why.GetOfCustomers() && int64(both) == why.GetCustomers())))
		d.yourself("kehu profile list-suggestions --parent customers/" + c.ID)
		return nil
	}
	return nil
}

// gaps shows what was searched for and not found.
func (d *demo) gaps(ctx context.Context) error {
	answer, err := profilev1.NewRecommendationServiceClient(d.conn).ListSearchGaps(ctx, &profilev1.ListSearchGapsRequest{PageSize: 4})
	if err != nil {
		return err
	}
	truth := d.shop.Behaviour().Gaps
	rows := [][]string{{"searched for in vain 无结果搜索", "searches", "customers", "truth"}}
	for _, g := range answer.GetSearchGaps() {
		t := truth[g.GetTerm()]
		rows = append(rows, []string{g.GetTerm(), count(g.GetSearches()), count(g.GetCustomers()), fmt.Sprintf("%d by %d", t.Searches, t.Customers)})
	}
	d.page.Table(rows)
	d.yourself("kehu profile list-search-gaps")
	return nil
}
