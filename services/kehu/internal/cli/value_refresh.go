package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

func newValueRefresh() *cobra.Command {
	var f struct {
		tellFlags
		asOf, zone, currency, reportIn, models, churn string
		horizon, valueHorizon                         int
		margin, discount                              float64
	}
	cmd := f.command("refresh", "Value all customers of a running server anew, and predict", 0,
		func(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
			if err := oneOf("churn", f.churn, "no-purchase-within", "overdue"); err != nil {
				return nil, err
			}
			zone, err := time.LoadLocation(f.zone)
			if err != nil {
				return nil, usageError{fmt.Errorf("--zone must be an IANA time zone, e.g. Asia/Shanghai, is %q", f.zone)}
			}
			policy := &valuationv1.ValuationPolicy{
				AsOfDate: f.asOf, TimeZone: f.zone, CurrencyCode: f.currency, ReportingCurrencyCode: f.reportIn,
				Prediction: &valuationv1.PredictionPolicy{
					HorizonDays: int32(f.horizon), ValueHorizonDays: int32(f.valueHorizon), AnnualDiscountRate: &f.discount,
					ChurnDefinition: valuationv1.ChurnDefinition(valuationv1.ChurnDefinition_value["CHURN_DEFINITION_"+upper(f.churn)]),
				},
			}
			if policy.AsOfDate == "" {
				policy.AsOfDate = time.Now().In(zone).Format(time.DateOnly)
			}
			if f.margin != 0 {
				policy.Prediction.MarginRate = &f.margin
			}
			if f.models != "" {
				for _, model := range strings.Split(f.models, ",") {
					policy.Prediction.Models = append(policy.Prediction.Models, named("models/", strings.TrimSpace(model)))
				}
			}
			summary, err := analysis.Refresh(ctx, conn, policy, reporter())
			if err != nil {
				return nil, err
			}
			return findings.Predictions(summary), nil
		})
	flags := cmd.Flags()
	flags.StringVar(&f.asOf, "as-of", "", "last day that counts, YYYY-MM-DD (default: today)")
	flags.StringVar(&f.zone, "zone", "UTC", "IANA time zone in which days begin, e.g. Asia/Shanghai")
	flags.StringVar(&f.currency, "currency", "", "currency in which money is scored (default: that of most orders)")
	flags.StringVar(&f.reportIn, "report-in", "", "convert all orders into this currency")
	flags.StringVar(&f.models, "models", "", "models to predict with (default: the champions, or new ones)")
	flags.StringVar(&f.churn, "churn", "no-purchase-within", "when a customer counts as lost: no-purchase-within or overdue")
	flags.IntVar(&f.horizon, "horizon", 365, "days that expected orders and the risk of churn look ahead")
	flags.IntVar(&f.valueHorizon, "value-horizon", 1095, "days that the residual value looks ahead")
	flags.Float64Var(&f.margin, "margin", 0, "margin as a share of revenue, e.g. 0.3 (default: by the costs of orders)")
	flags.Float64Var(&f.discount, "discount-rate", 0.1, "annual discount rate as a fraction")
	return cmd
}

func newValueAggregate() *cobra.Command {
	var f struct {
		tellFlags
		group, cell, rfm, customers, segment string
		level                                float64
	}
	cmd := f.command("aggregate", "Add up what customers are worth, with an interval of what is to come", 0,
		func(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
			request := &valuationv1.AggregateValuationRequest{Level: f.level}
			stated := 0
			for _, s := range []string{f.group, f.cell, f.rfm, f.customers, f.segment} {
				if s != "" {
					stated++
				}
			}
			switch {
			case stated > 1:
				return nil, usageError{fmt.Errorf("--rfm-group, --rfm-cell, --rfm-segment, --customers and --segment exclude each other")}
			case f.group != "":
				value, known := valuationv1.RfmGroup_value["RFM_GROUP_"+upper(f.group)]
				if !known || value == 0 {
					return nil, usageError{fmt.Errorf("--rfm-group must be one of the eight, e.g. important-value, is %q", f.group)}
				}
				request.Customers = &valuationv1.AggregateValuationRequest_RfmGroup{RfmGroup: valuationv1.RfmGroup(value)}
			case f.cell != "":
				request.Customers = &valuationv1.AggregateValuationRequest_RfmCell{RfmCell: f.cell}
			case f.rfm != "":
				request.Customers = &valuationv1.AggregateValuationRequest_RfmSegment{RfmSegment: f.rfm}
			case f.customers != "":
				request.Customers = &valuationv1.AggregateValuationRequest_CustomerIds{CustomerIds: &valuationv1.CustomerIds{Ids: strings.Split(f.customers, ",")}}
			case f.segment != "":
				request.Customers = &valuationv1.AggregateValuationRequest_Segment{Segment: named("segments/", f.segment)}
			}
			sum, err := valuationv1.NewAggregateServiceClient(conn).AggregateValuation(ctx, request)
			if err != nil {
				return nil, err
			}
			return findings.Aggregate(sum), nil
		})
	flags := cmd.Flags()
	flags.StringVar(&f.group, "rfm-group", "", "only this group of eight, e.g. important-value")
	flags.StringVar(&f.cell, "rfm-cell", "", "only this cell, e.g. 555 or 5*5")
	flags.StringVar(&f.rfm, "rfm-segment", "", "only this segment of eleven, e.g. Champions")
	flags.StringVar(&f.customers, "customers", "", "only these, by their ids with commas between them")
	flags.StringVar(&f.segment, "segment", "", "only members of this published segment")
	flags.Float64Var(&f.level, "level", 0.95, "coverage of the interval")
	return cmd
}
