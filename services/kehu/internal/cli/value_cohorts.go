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

// levelFlag adds the confidence level of intervals.
func levelFlag(cmd *cobra.Command, level *float64) {
	cmd.Flags().Float64Var(level, "level", 0.95, "confidence level of the intervals")
}

// checkLevel refuses what is no level; the API takes 0 for the default.
func checkLevel(level float64) error {
	if level > 0 && level <= 0.9999 {
		return nil
	}
	return usageError{fmt.Errorf("--level must be above 0 and at most 0.9999, e.g. 0.95, is %v", level)}
}

func newValueCohorts() *cobra.Command {
	var f struct {
		figuresFlags
		measure, period string
		level           float64
	}
	cmd := &cobra.Command{
		Use:   "cohorts",
		Short: "Show customers by the period of their first order, and how they came back",
		Long: `Shows customers by the month or week of their first order in the shop's zone, as the
last refresh of the valuations counted them. Columns are periods behind that of
the first order; a period that has not ended is left empty.

Measures: classic (an order in the period), rolling (in it or later), cumulative
(in one of the periods from 1 to it), revenue (of the period),
cumulative-revenue (up to its end, per customer).`,
		Example: "  kehu value cohorts --measure rolling --period week\n  kehu value cohorts --measure cumulative-revenue --format csv",
	}
	f.add(cmd, func(ctx context.Context, conn grpc.ClientConnInterface) (*findings.Finding, error) {
		if err := oneOf("measure", f.measure, "classic", "rolling", "cumulative", "revenue", "cumulative-revenue"); err != nil {
			return nil, err
		}
		if err := oneOf("period", f.period, "month", "week"); err != nil {
			return nil, err
		}
		if err := checkLevel(f.level); err != nil {
			return nil, err
		}
		measure := "COHORT_MEASURE_" + strings.ToUpper(strings.ReplaceAll(f.measure, "-", "_"))
		table, err := valuationv1.NewRetentionServiceClient(conn).QueryCohorts(ctx, &valuationv1.QueryCohortsRequest{
			Measure: valuationv1.CohortMeasure(valuationv1.CohortMeasure_value[measure]),
			Period:  valuationv1.CohortPeriod(valuationv1.CohortPeriod_value["COHORT_PERIOD_"+strings.ToUpper(f.period)]),
			Level:   f.level,
		})
		if err != nil {
			return nil, err
		}
		return findings.Cohorts(table), nil
	})
	cmd.Flags().StringVar(&f.measure, "measure", "classic", "classic, rolling, cumulative, revenue or cumulative-revenue")
	cmd.Flags().StringVar(&f.period, "period", "month", "month or week")
	levelFlag(cmd, &f.level)
	return cmd
}
