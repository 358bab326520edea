package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/pkg/clv"
	"github.com/kehuhq/kehu/pkg/money"
	"github.com/kehuhq/kehu/services/kehu/internal/value"
)

type valueCLVFlags struct {
	margin, timing, currency, format string
	periods                          int
	plan                             clv.Plan
}

func newValueCLV() *cobra.Command {
	var f valueCLVFlags
	cmd := &cobra.Command{
		Use:   "clv --margin AMOUNT --retention SHARE",
		Short: "Lifetime value by plan: margin, retention and discount rate given",
		Long: `Works out Σ margin(t)·rᵗ/(1+d)ᵗ for margins, retention and a discount rate that are
known or assumed, with its sensitivities. Amounts are in minor units (cents, 分), and
rounded once, from the whole sum, half to even. Rates are annual; of a period they are
R^(1/n) and (1+D)^(1/n) − 1 with n periods a year. At the start of a period t runs from
0, at its end from 1. Historic value is added in the total alone.`,
		Example: `  kehu value clv --margin 12000 --retention 0.8 --discount-rate 0.1 --periods 5 --timing end
  kehu value clv --margin 3000 --retention 0.7 --periods 24 --periods-per-year 12 --currency CNY`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("margin") || !cmd.Flags().Changed("retention") {
				return usageError{errors.New("give --margin, in minor units, and --retention, the share who stay for a year")}
			}
			worth, err := f.worth()
			if err != nil {
				return err
			}
			if f.format == "json" {
				return writeJSON(cmd.OutOrStdout(), worth)
			}
			return worth.WriteText(cmd.OutOrStdout(), width())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.margin, "margin", "", "margin of each period in minor units; or one for each period, with commas")
	flags.Float64Var(&f.plan.Retention, "retention", 0, "share of customers who are still there after a year, e.g. 0.8")
	flags.Float64Var(&f.plan.DiscountRate, "discount-rate", 0.1, "annual discount rate")
	flags.IntVar(&f.periods, "periods", 5, "number of periods; not with several margins")
	flags.IntVar(&f.plan.PeriodsPerYear, "periods-per-year", 1, "1 for years, 4 for quarters, 12 for months, 52 for weeks")
	flags.StringVar(&f.timing, "timing", "end", "when in its period a margin falls due: start or end")
	flags.Int64Var(&f.plan.Historic, "historic", 0, "margin that the customer has brought so far, in minor units")
	flags.StringVar(&f.currency, "currency", "", "currency, ISO 4217, for the text")
	flags.StringVar(&f.format, "format", "", "text or json (default: text in a terminal, otherwise json)")
	return cmd
}

func (f *valueCLVFlags) worth() (*value.Worth, error) {
	f.format = forWhom(f.format, "text", "json")
	wrong := []error{oneOf("format", f.format, "text", "json"), oneOf("timing", f.timing, "start", "end")}
	if f.currency != "" {
		if none := money.Check("--currency", f.currency); none != nil {
			wrong = append(wrong, none)
		}
	}
	margins, err := wholeNumbers("margin", f.margin)
	wrong = append(wrong, err)
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	if len(margins) == 1 {
		margins = clv.Level(margins[0], f.periods)
	}
	f.plan.Margins, f.plan.Timing = margins, clv.Timing(f.timing)
	return value.WorthOf(f.plan, f.currency)
}

// wholeNumbers reads numbers with commas between them.
func wholeNumbers(flag, text string) ([]int64, error) {
	parts := strings.Split(text, ",")
	numbers := make([]int64, len(parts))
	for i, part := range parts {
		n, err := strconv.ParseInt(strings.TrimSpace(part), 10, 64)
		if err != nil {
			return nil, usageError{fmt.Errorf("--%s must be whole numbers with commas between them; number %d is %.40q", flag, i+1, part)}
		}
		numbers[i] = n
	}
	return numbers, nil
}
