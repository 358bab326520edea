package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

func newValueIndicators() *cobra.Command {
	var f struct {
		figuresFlags
		group, period, from, to, asOf string
	}
	cmd := &cobra.Command{
		Use:   "indicators",
		Short: "Show value, frequency, satisfaction, retention and referral by group, or of one over time",
		Long: `Shows the indicators of all customers, of the eight RFM groups and of the published
segments as of the last refresh. With --group it shows one of them over time; periods
that are not over are blank.`,
		Example: `  kehu value indicators
  kehu value indicators --group all --period month --from 2026-01-01
  kehu value indicators --group segments/vip`,
	}
	f.add(cmd, func(ctx context.Context, conn grpc.ClientConnInterface) (*findings.Finding, error) {
		if err := oneOf("period", f.period, "snapshot", "week", "month", "year"); err != nil {
			return nil, err
		}
		client := valuationv1.NewIndicatorServiceClient(conn)
		switch {
		case f.group != "" && f.asOf != "":
			return nil, usageError{fmt.Errorf("--as-of cannot be given with --group; give --from and --to")}
		case f.group != "":
			found, err := client.QueryIndicators(ctx, &valuationv1.QueryIndicatorsRequest{
				Group: f.group, FromDate: f.from, ToDate: f.to,
				Period: valuationv1.IndicatorPeriod(valuationv1.IndicatorPeriod_value["INDICATOR_PERIOD_"+strings.ToUpper(f.period)]),
			})
			return findings.IndicatorSeries(found, f.group), err
		}
		found, err := client.ListIndicators(ctx, &valuationv1.ListIndicatorsRequest{AsOfDate: f.asOf, PageSize: 1000})
		return findings.GroupIndicators(found), err
	})
	flags := cmd.Flags()
	flags.StringVar(&f.group, "group", "", "one group over time: all, rfmGroups/IMPORTANT_VALUE, segments/vip")
	flags.StringVar(&f.period, "period", "snapshot", "with --group: snapshot, week, month or year")
	flags.StringVar(&f.from, "from", "", "with --group: first date, YYYY-MM-DD")
	flags.StringVar(&f.to, "to", "", "with --group: last date, YYYY-MM-DD")
	flags.StringVar(&f.asOf, "as-of", "", "all groups as of this date (default: the latest there is)")
	return cmd
}

func newValueInfluence() *cobra.Command {
	var f struct {
		figuresFlags
		policy string
	}
	cmd := &cobra.Command{
		Use:     "influence CUSTOMER",
		Short:   "Show a customer's purchasing power, loyalty and word of mouth against all others",
		Example: "  kehu value influence c-1001",
	}
	f.addFor(cmd, 1, func(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
		found, err := valuationv1.NewInfluenceServiceClient(conn).GetInfluence(ctx, &valuationv1.GetInfluenceRequest{
			Name: named("customers/", args[0]) + "/influence", Policy: policyNamed(f.policy),
		})
		if err != nil {
			return nil, err
		}
		return findings.Influence(found), nil
	})
	cmd.Flags().StringVar(&f.policy, "policy", "", "the loyalty policy; may be left out where there is only one")
	return cmd
}
