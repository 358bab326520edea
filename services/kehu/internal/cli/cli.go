// Package cli is the kehu command line.
package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/kehuhq/kehu/services/kehu/internal/call"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

// Main runs the command that args name and returns the process's exit code.
func Main(version string, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot(version, args)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprint(os.Stderr, explain(err))
	}
	return exitCode(err)
}

func newRoot(version string, args []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "kehu",
		Short: "Know your customers: who they are, what they are worth, who is leaving",
		Long: `Kehu is a customer-analysis suite that you run yourself.

Exit codes: 0 done, 1 failed, 2 wrong use or bad input, 3 the server cannot be reached.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		newAnalyze(), newImport(), newExport(), newDuplicates(), newPerson(), newQuality(),
		newFunnel(), newPaths(), newRetention(), newJourney(), newPortrait(), newLeads(), newStat(), newValue(),
		newModels(), newAlerts(), newLoyalty(), newSegments(), newSchemes(), newStrategies(), newCampaigns(),
		newServe(version), newDemo(), newStore(), newKeys(), newMigrate(), newVersion(version),
	)
	root.AddCommand(call.Commands(call.Surroundings{
		Server: defaultGRPC, Args: args, In: os.Stdin, Out: os.Stdout, Progress: reporter(),
	})...)
	return root
}

// exactly is cobra.ExactArgs whose error counts as wrong use.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("takes %d argument(s), got %d; usage: %s", n, len(args), cmd.UseLine())}
		}
		return nil
	}
}

// oneOf checks a flag that has a few possible values.
func oneOf(flag, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return usageError{fmt.Errorf("--%s must be one of %v, is %q", flag, allowed, value)}
}

// reporter shows progress on standard error, so that standard output is the result alone.
func reporter() progress.Reporter { return progress.To(os.Stderr) }

// width is the terminal's width, or 100 columns where there is none.
func width() int {
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && w > 20 {
		return w
	}
	return 100
}
