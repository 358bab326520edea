package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/services/kehu/internal/value"
)

func newStatSBG() *cobra.Command {
	var survivors, format string
	var periods int
	var discountRate, level float64
	cmd := &cobra.Command{
		Use:   "sbg --survivors COUNTS",
		Short: "Retention of contracts by the shifted-beta-geometric model",
		Long: `Fits the sBG model (Fader and Hardie 2007) to how many customers of one cohort were left
at the start and after each renewal, projects survival and retention, and states the
discounted expected lifetime of a new customer (DEL) and of one who has renewed n−1 times
(DERL). --discount-rate is that of a period.`,
		Example: `  kehu stat sbg --survivors 1000,869,743,653,593,551,517,491 --discount-rate 0.1`,
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if survivors == "" {
				return usageError{errors.New("give --survivors COUNTS, the cohort's size first, e.g. 1000,869,743")}
			}
			format = forWhom(format, "text", "json")
			counts, err := wholeNumbers("survivors", survivors)
			if err := errors.Join(oneOf("format", format, "text", "json"), err); err != nil {
				return err
			}
			renewals, err := value.FitRenewals(cmd.Context(), counts, periods, discountRate, btyd.Options{Level: level})
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(cmd.OutOrStdout(), renewals)
			}
			return renewals.WriteText(cmd.OutOrStdout(), width())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&survivors, "survivors", "", "customers left at the start, after the first renewal, the second …, with commas")
	flags.IntVar(&periods, "periods", 12, "periods to project")
	flags.Float64Var(&discountRate, "discount-rate", 0.1, "discount rate of a period")
	flags.Float64Var(&level, "level", 0.95, "level of the intervals")
	flags.StringVar(&format, "format", "", "text or json (default: text in a terminal, otherwise json)")
	return cmd
}
