package cli

import "github.com/spf13/cobra"

// newValue gathers what is said of customers' value.
func newValue() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "value",
		Short: "Show what customers are worth, how they stay and come back",
		Long: `Shows figures of the valuation service in words and tables. To refresh valuations
and to read them one by one: kehu valuation --help.`,
	}
	cmd.AddCommand(newValueCohorts(), newValueSurvivalCurve(), newValueEconomics())
	return cmd
}
