package demo

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// visitFunnel is the way of a visit to the purchase.
func visitFunnel() *profilev1.Analysis {
	step := func(name, kind, event string) *profilev1.FunnelStep {
		return &profilev1.FunnelStep{DisplayName: name, Event: &profilev1.EventSelector{Type: kind, Name: event}}
	}
	return &profilev1.Analysis{DisplayName: "From the page to the purchase", Definition: &profilev1.Analysis_Funnel{Funnel: &profilev1.Funnel{
		Order: profilev1.FunnelOrder_FUNNEL_ORDER_ORDERED, Window: durationpb.New(time.Hour),
		Steps: []*profilev1.FunnelStep{
			step("page 浏览", "page", ""), step("product 商品", "view", ""), step("cart 加购", "cart", "Product Added"),
			step("checkout 结算", "cart", "Checkout Started"), step("purchase 购买", "purchase", ""),
		},
	}}}
}

// journey shows the funnel, the paths to a purchase, retention and the stages.
func (d *demo) journey(ctx context.Context) error {
	funnel, err := d.show(ctx, visitFunnel())
	if err != nil {
		return err
	}
	d.funnelled = funnel
	truth := d.behaved()
	found := ""
	right := true
	for i, s := range funnel.GetFunnelResult().GetSteps() {
		found += " " + count(int64(truth.Reached[i]))
		right = right && s.GetReached() == int64(truth.Reached[i])
	}
	d.page.Item(fmt.Sprintf("truth:%s%s", found, verdict(right)))
	d.yourself("kehu funnel --step page --step view --step 'cart:Product Added' --step 'cart:Checkout Started' --step purchase --window 1h" + d.asOf())

	if _, err := d.show(ctx, &profilev1.Analysis{Definition: &profilev1.Analysis_Paths{Paths: &profilev1.Paths{
		Direction: profilev1.PathDirection_PATH_DIRECTION_FROM, Anchor: &profilev1.EventSelector{Type: "page"}, Depth: 4, MaxPaths: 5,
	}}}); err != nil {
		return err
	}
	d.yourself("kehu paths --from page --depth 4 --top 5" + d.asOf())

	if err := d.retention(ctx); err != nil {
		return err
	}
	if _, err := d.show(ctx, &profilev1.Analysis{Definition: &profilev1.Analysis_JourneyStages{JourneyStages: &profilev1.JourneyStages{}}}); err != nil {
		return err
	}
	d.yourself("kehu journey"+d.asOf(), "kehu profile get-customer-journey --name customers/C00000001/journey")
	return nil
}

// retention shows how many of each month's new buyers came back.
func (d *demo) retention(ctx context.Context) error {
	from := d.shop.Config().End.AddDate(0, -6, 0)
	done, err := d.show(ctx, &profilev1.Analysis{Definition: &profilev1.Analysis_Retention{Retention: &profilev1.Retention{
		Unit: profilev1.CalendarUnit_CALENDAR_UNIT_MONTH, Joins: &profilev1.EventSelector{Type: "order"},
		StartTime: timestamppb.New(from), EndTime: timestamppb.New(d.shop.Config().End.Add(-time.Second)), Periods: 5,
	}}})
	if err != nil {
		return err
	}
	truth, found := d.shop.Cohorts(from), done.GetRetentionResult().GetCohorts()
	right := len(truth) == len(found)
	for i, c := range found[:min(len(found), len(truth))] {
		right = right && c.GetPeriod() == truth[i].Month && c.GetSize() == int64(truth[i].Size)
		for n, cell := range c.GetCells() {
			right = right && cell.GetClassic() == int64(truth[i].Returned[n])
		}
	}
	d.page.Item(fmt.Sprintf("truth: %d joined in %s%s", truth[0].Size, truth[0].Month, verdict(right)))
	d.yourself("kehu retention --unit month --from " + from.Format(time.DateOnly) + " --periods 5" + d.asOf())
	return nil
}

// verdict says whether figures are those of the truth.
func verdict(right bool) string {
	if right {
		return " – every figure is right"
	}
	return " – NOT what was found"
}
