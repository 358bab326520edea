package demo

import (
	"context"
	"fmt"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/durationpb"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// loyal judges the customers by a policy as of today, when the referrals were made,
// and shows the best advocate and the indicators.
func (d *demo) loyal(ctx context.Context) error {
	client := valuationv1.NewLoyaltyServiceClient(d.conn)
	_, err := client.CreateLoyaltyPolicy(ctx, &valuationv1.CreateLoyaltyPolicyRequest{LoyaltyPolicyId: "members", LoyaltyPolicy: &valuationv1.LoyaltyPolicy{
		DisplayName: "Members", DisplayNameZh: "会员", Automatic: true,
		Components: []*valuationv1.LoyaltyComponent{
			{Factor: valuationv1.LoyaltyFactor_LOYALTY_FACTOR_PURCHASE_DAYS, Weight: 3, Floor: 1, Saturation: 12},
			{Factor: valuationv1.LoyaltyFactor_LOYALTY_FACTOR_SATISFACTION, Weight: 2, Saturation: 1},
			{Factor: valuationv1.LoyaltyFactor_LOYALTY_FACTOR_REFERRALS, Weight: 2, Saturation: 2},
			{Factor: valuationv1.LoyaltyFactor_LOYALTY_FACTOR_TENURE_DAYS, Weight: 1, Saturation: 730},
			{Factor: valuationv1.LoyaltyFactor_LOYALTY_FACTOR_FULL_PRICE_SHARE, Weight: 1, Saturation: 1},
		},
		Tiers: []*valuationv1.LoyaltyTier{
			{Tier: "gold", Threshold: 60, NameEn: "Gold", NameZh: "金卡"}, {Tier: "silver", Threshold: 30, NameEn: "Silver", NameZh: "银卡"},
		},
	}})
	if err != nil {
		return err
	}
	summary, err := analysis.Refresh(ctx, d.conn, &valuationv1.ValuationPolicy{
		AsOfDate: d.now.UTC().AddDate(0, 0, 1).Format(time.DateOnly), TimeZone: zone, ReportingCurrencyCode: d.shop.Config().Currency,
	}, d.settings.Progress)
	if err != nil {
		return err
	}
	taken := fmt.Sprintf("operations/valuation/take-indicators-%d", summary.GetGeneration())
	for done := false; !done; {
		op, err := valuationv1.NewOperationServiceClient(d.conn).WaitOperation(ctx, &longrunningpb.WaitOperationRequest{Name: taken, Timeout: durationpb.New(time.Minute)})
		if err != nil {
			return err
		}
		done = op.GetDone()
	}
	return d.showLoyal(ctx, client)
}

func (d *demo) showLoyal(ctx context.Context, client valuationv1.LoyaltyServiceClient) error {
	policy, err := client.GetLoyaltyPolicy(ctx, &valuationv1.GetLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	if err != nil {
		return err
	}
	d.set(findings.LoyaltyEvaluation(policy.GetLastEvaluation()))
	d.yourself("kehu loyalty list members --tier gold")
	best, err := valuationv1.NewValuationServiceClient(d.conn).ListValuations(ctx, &valuationv1.ListValuationsRequest{PageSize: 1})
	if err != nil || len(best.GetValuations()) == 0 {
		return err
	}
	advocate := best.GetValuations()[0].GetCustomerId()
	influence, err := valuationv1.NewInfluenceServiceClient(d.conn).GetInfluence(ctx, &valuationv1.GetInfluenceRequest{Name: "customers/" + advocate + "/influence"})
	if err != nil {
		return err
	}
	d.set(findings.Influence(influence))
	indicators, err := valuationv1.NewIndicatorServiceClient(d.conn).ListIndicators(ctx, &valuationv1.ListIndicatorsRequest{PageSize: 1000})
	if err != nil {
		return err
	}
	d.set(findings.GroupIndicators(indicators))
	d.yourself("kehu loyalty show "+advocate, "kehu value influence "+advocate, "kehu value indicators")
	return nil
}

// set sets a finding below its title.
func (d *demo) set(f *findings.Finding) {
	d.page.Heading(f.Title)
	f.Set(d.page)
}
