package cli

import (
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// newValue gathers what is said of customers' value.
func newValue() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "value",
		Short: "Show what customers are worth, how they stay and come back",
		Long: `Shows figures of the valuation service in words and tables; fit, predict and clv work
on files and figures given, without a server. To refresh valuations and to read them
one by one: kehu valuation --help.`,
	}
	cmd.AddCommand(
		newValueRefresh(), newValueAggregate(), newValueCohorts(), newValueSurvivalCurve(), newValueEconomics(),
		newValueIndicators(), newValueInfluence(), newValueFit(), newValuePredict(), newValueCLV(),
	)
	return cmd
}

// forWhom is the format for a person where there is one, otherwise that for a program.
func forWhom(stated, person, program string) string {
	switch {
	case stated != "":
		return stated
	case term.IsTerminal(int(os.Stdout.Fd())):
		return person
	default:
		return program
	}
}
