package demo

import (
	"context"
	"fmt"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

const (
	playbook = "serve-the-best"
	campaign = "serve-or-not"
	looked   = 20 // members that are looked at for one to show
)

// treat gives a segment a playbook, shows what to do next with one of its members, and
// tries the playbook against a hold-out.
func (d *demo) treat(ctx context.Context) error {
	client := segmentationv1.NewStrategyServiceClient(d.conn)
	templates, err := client.ListStrategyTemplates(ctx, &segmentationv1.ListStrategyTemplatesRequest{})
	if err != nil {
		return err
	}
	for _, t := range templates.GetTemplates() {
		if t.GetName() != "strategyTemplates/rfm-important-value" {
			continue
		}
		strategy := t.GetStrategy()
		strategy.Segment = "segments/" + best
		if _, err := client.CreateStrategy(ctx, &segmentationv1.CreateStrategyRequest{StrategyId: playbook, Strategy: strategy}); err != nil {
			return err
		}
	}
	if err := d.next(ctx); err != nil {
		return err
	}
	return d.try(ctx)
}

// next shows the next best action of a member of the segment.
func (d *demo) next(ctx context.Context) error {
	members, err := segmentationv1.NewSegmentServiceClient(d.conn).ListMemberships(ctx, &segmentationv1.ListMembershipsRequest{
		Parent: "segments/" + best, PageSize: looked,
	})
	if err != nil {
		return err
	}
	var most *segmentationv1.NextBestAction
	for _, m := range members.GetMemberships() {
		found, err := segmentationv1.NewActionServiceClient(d.conn).GetNextBestAction(ctx, &segmentationv1.GetNextBestActionRequest{
			Name: "customers/" + m.GetCustomerId() + "/nextBestAction",
		})
		if err != nil {
			return err
		}
		if most == nil || len(found.GetActions()) > len(most.GetActions()) {
			most = found
		}
	}
	if most == nil {
		return nil
	}
	d.page.Heading("Next best action 下一步最佳行动 for customers/" + most.GetCustomerId())
	for _, a := range most.GetActions()[:min(2, len(most.GetActions()))] {
		d.page.Item(fmt.Sprintf("%s by %s: %s / %s", a.GetAction().GetId(), a.GetAction().GetChannel(), a.GetAction().GetText(), a.GetAction().GetTextZh()))
		line := "because in 因属于 " + a.GetTrigger().GetSegment()
		for _, c := range a.GetTrigger().GetConditions() {
			for _, f := range c.GetFacts() {
				line += ", " + f.GetFact() + " = " + f.GetValue()
			}
		}
		if a.GetUnmeasured() != "" {
			line += "; what it brings is not known yet 效果未测 (" + a.GetUnmeasured() + ")"
		}
		d.page.Item(line)
	}
	for _, r := range most.GetRejected()[:min(1, len(most.GetRejected()))] {
		d.page.Item(fmt.Sprintf("not 不做 %s: %s", r.GetAction(), r.GetDetail()))
	}
	d.yourself("kehu strategies next " + most.GetCustomerId())
	return nil
}

// try plans and starts a campaign with a hold-out. It is as long as the plan has to look
// back for a quarter of the shop's orders.
func (d *demo) try(ctx context.Context) error {
	client := segmentationv1.NewCampaignServiceClient(d.conn)
	back := d.now.Sub(d.shop.Config().End.AddDate(0, -3, 0))
	made, err := client.CreateCampaign(ctx, &segmentationv1.CreateCampaignRequest{CampaignId: campaign, Campaign: &segmentationv1.Campaign{
		DisplayName: "The playbook, or nothing", DisplayNameZh: "执行策略与对照",
		Audience:     &segmentationv1.Campaign_Segment{Segment: "segments/" + best},
		HoldoutShare: 0.2, EndTime: timestamppb.New(d.now.Add(back)), CurrencyCode: d.shop.Config().Currency, Strategy: "strategies/" + playbook,
	}})
	if err != nil {
		return err
	}
	plan, err := client.PlanCampaign(ctx, &segmentationv1.PlanCampaignRequest{Name: made.GetName()})
	if err != nil {
		return err
	}
	operation, err := client.StartCampaign(ctx, &segmentationv1.StartCampaignRequest{Name: made.GetName()})
	if err != nil {
		return err
	}
	started := new(segmentationv1.Campaign)
	if err := d.await(ctx, operation, "starting the campaign", func(op *longrunningpb.Operation) error {
		return op.GetResponse().UnmarshalTo(started)
	}); err != nil {
		return err
	}
	d.page.Heading("Campaign 营销活动: does the playbook pay? A hold-out 对照组 will tell")
	d.page.Table([][]string{
		{"segment", "customers", "get it 处理组", "held out 对照组"},
		{best, count(started.GetPopulationSize()), count(started.GetTreated()), count(started.GetHeldOut())},
	})
	base := plan.GetBaseline()
	d.page.Item(fmt.Sprintf("planned before the start: %.1f%% of %d members looked at ordered since %s, as long before as the campaign lasts",
		100*base.GetConversion(), base.GetCustomers(), base.GetStartTime().AsTime().Format(time.DateOnly)))
	if plan.DetectableConversion != nil {
		d.page.Item(fmt.Sprintf("least effect that would be found with %.0f%% power 最小可检出提升: +%.1f points of those who order, +%.2f %s per customer",
			100*plan.GetPower(), 100*plan.GetDetectableConversion(), plan.GetDetectableRevenue()/100, d.shop.Config().Currency))
	}
	for _, w := range plan.GetWarnings() {
		d.page.Item(w.GetMessage())
	}
	d.yourself("kehu campaigns get "+campaign, "kehu campaigns lift "+campaign)
	return nil
}
