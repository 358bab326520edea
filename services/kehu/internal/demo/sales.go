package demo

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	"google.golang.org/genproto/googleapis/type/date"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// sell takes the leads through their stages and shows what the open ones should
// bring.
func (d *demo) sell(ctx context.Context) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for l := range d.shop.Leads() {
		group.Go(func() error { return d.lead(within, l) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	client := profilev1.NewLeadServiceClient(d.conn)
	forecast, err := client.ForecastLeads(ctx, &profilev1.ForecastLeadsRequest{TimeZone: zone, Months: 7})
	if err != nil {
		return err
	}
	outcomes, err := client.AnalyzeLeadOutcomes(ctx, &profilev1.AnalyzeLeadOutcomesRequest{})
	if err != nil {
		return err
	}
	f := findings.Forecast(forecast)
	d.page.Heading(f.Title)
	f.Set(d.page)
	truth := d.shop.Pipeline()
	right := forecast.GetLeads() == int64(truth.Open)
	for _, total := range forecast.GetTotals() {
		right = right && total.GetPipeline().GetMinorUnits() == truth.Values[total.GetCurrencyCode()]
	}
	d.page.Item(fmt.Sprintf("truth: %d open leads%s", truth.Open, verdict(right)))
	won := outcomes.GetOverall()
	d.page.Item(fmt.Sprintf("%d won and %d lost (truth: %d and %d), %s; mostly for %s", won.GetWon(), won.GetLost(), truth.Won, truth.Lost,
		interval(won.GetValue(), won.GetLow(), won.GetHigh()), reason(outcomes.GetReasons())))
	d.yourself("kehu leads forecast", "kehu profile analyze-lead-outcomes")
	return nil
}

func interval(value, low, high float64) string {
	return fmt.Sprintf("%s won (%s to %s)", percent(value), percent(low), percent(high))
}

func reason(all []*profilev1.ReasonCount) string {
	if len(all) == 0 {
		return "no reason that was told"
	}
	return strings.ReplaceAll(word(all[0].GetReason().String(), "CLOSE_REASON_"), "_", " ")
}

// word is the short name of a value of an enumeration.
func word(enum, prefix string) string { return strings.ToLower(strings.TrimPrefix(enum, prefix)) }

func (d *demo) lead(ctx context.Context, l shop.Lead) error {
	client := profilev1.NewLeadServiceClient(d.conn)
	lead := &profilev1.Lead{
		DisplayName: l.About + " for " + l.Prospect, Owner: l.Owner,
		SalesMode:     profilev1.SalesMode(profilev1.SalesMode_value["SALES_MODE_"+strings.ToUpper(l.Mode)]),
		Prospect:      &profilev1.Prospect{Kind: profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE, DisplayName: l.Prospect},
		ExpectedValue: &apiv1.Money{MinorUnits: l.Value, CurrencyCode: l.Currency},
		Assessment:    &profilev1.OpportunityAssessment{MarketSpace: int32(l.MarketSpace), ChanceOfTakingPart: int32(l.Chance)},
	}
	if l.State == shop.OpenLead {
		day := d.now.AddDate(0, 0, l.InDays)
		lead.ExpectedCloseDate = &date.Date{Year: int32(day.Year()), Month: int32(day.Month()), Day: int32(day.Day())}
		for i, scores := range l.Scores {
			if scores[0] > 0 {
				lead.BuyingFactors = append(lead.BuyingFactors, &profilev1.BuyingFactor{
					Factor: shop.BuyingFactors[i], Weight: scores[0], OurScore: scores[1], CompetitorScores: map[string]float64{l.Competitor: scores[2]},
				})
			}
		}
	}
	made, err := client.CreateLead(ctx, &profilev1.CreateLeadRequest{LeadId: l.ID, Lead: lead})
	if err != nil {
		return err
	}
	for range l.Stage - 1 {
		if _, err := client.AdvanceLead(ctx, &profilev1.AdvanceLeadRequest{Name: made.GetName(), Author: l.Owner}); err != nil {
			return err
		}
	}
	if l.State == shop.OpenLead {
		return nil
	}
	outcome := profilev1.LeadState_LEAD_STATE_LOST
	if l.State == shop.WonLead {
		outcome = profilev1.LeadState_LEAD_STATE_WON
	}
	_, err = client.CloseLead(ctx, &profilev1.CloseLeadRequest{
		Name: made.GetName(), Outcome: outcome, Competitor: l.Competitor, Author: l.Owner,
		Reasons: []profilev1.CloseReason{profilev1.CloseReason(profilev1.CloseReason_value["CLOSE_REASON_"+strings.ToUpper(l.Reason)])},
	})
	return err
}
