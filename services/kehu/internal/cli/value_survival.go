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

func newValueSurvivalCurve() *cobra.Command {
	var f struct {
		figuresFlags
		gaps  string
		level float64
		every int32
	}
	cmd := &cobra.Command{
		Use:   "survival-curve",
		Short: "Show how long customers go without a purchase",
		Long: `Shows the Kaplan–Meier curve of the days between purchases, as the last refresh of
the valuations counted them: of all gaps, or of the first of each customer alone.
A gap that is open at the date is censored there.`,
		Example: "  kehu value survival-curve --gaps first --every 7",
	}
	f.add(cmd, func(ctx context.Context, conn grpc.ClientConnInterface) (*findings.Finding, error) {
		if err := oneOf("gaps", f.gaps, "all", "first"); err != nil {
			return nil, err
		}
		if err := checkLevel(f.level); err != nil {
			return nil, err
		}
		if f.every < 0 || f.every > 10_000 {
			return nil, usageError{fmt.Errorf("--every must be 1 to 10000 days, or 0 for every step, is %d", f.every)}
		}
		curve, err := valuationv1.NewRetentionServiceClient(conn).GetSurvivalCurve(ctx, &valuationv1.GetSurvivalCurveRequest{
			Gaps:  valuationv1.SurvivalGaps(valuationv1.SurvivalGaps_value["SURVIVAL_GAPS_"+strings.ToUpper(f.gaps)]),
			Level: f.level,
		})
		if err != nil {
			return nil, err
		}
		return findings.SurvivalCurve(curve, f.every), nil
	})
	cmd.Flags().StringVar(&f.gaps, "gaps", "all", "all, or first: from the first day with an order of each customer to the second")
	cmd.Flags().Int32Var(&f.every, "every", 30, "days between the lines that are shown; 0 shows every step")
	levelFlag(cmd, &f.level)
	return cmd
}
