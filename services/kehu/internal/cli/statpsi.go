package cli

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/kehu/internal/validity"
)

type psiFlags struct {
	expected         tableFlags
	actual           string
	expectedShares   []float64
	actualShares     []float64
	settings         validity.DriftSettings
	missing, format  string
	smoothingIsGiven bool
}

func newStatPSI() *cobra.Command {
	var f psiFlags
	cmd := &cobra.Command{
		Use:   "psi",
		Short: "Has a column drifted? Population stability index of two tables or of shares",
		Long: `Compares how a column is spread in two tables, such as those of two months. Numbers are
sorted into bins that the expected table makes and that stay as they are; --categorical
takes words, each for itself. Or compares shares of the same bins, given on the command
line.

--smoothing is added to each share, so that a bin that is empty in one table does not
make the index infinite.`,
		Example: `  kehu stat psi --expected january.csv --actual june.csv --column amount
  kehu stat psi --expected january.csv --actual june.csv --column segment --categorical
  kehu stat psi --expected-shares .1,.2,.3,.4 --actual-shares .15,.25,.25,.35`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.smoothingIsGiven = cmd.Flags().Changed("smoothing")
			return f.run(cmd.OutOrStdout())
		},
	}
	f.expected.add(cmd, "expected")
	flags := cmd.Flags()
	flags.StringVar(&f.actual, "actual", "", "the file that is compared with it, written as that one is")
	flags.StringVar(&f.settings.Column, "column", "", "column to compare")
	flags.IntVar(&f.settings.Bins, "bins", 10, "bins of numbers, 2 to 1000")
	flags.BoolVar(&f.settings.Categorical, "categorical", false, "the column holds words")
	flags.Float64SliceVar(&f.expectedShares, "expected-shares", nil, "instead of files: shares that add up to 1, with commas")
	flags.Float64SliceVar(&f.actualShares, "actual-shares", nil, "the shares that are compared with them")
	flags.Float64Var(&f.settings.Smoothing, "smoothing", stat.DefaultSmoothing, "share added to each bin, 0 to 0.1 (of shares given: 0)")
	flags.StringVar(&f.missing, "missing", "refuse", "rows with an empty value: refuse or drop")
	flags.StringVar(&f.format, "format", "text", "text or json")
	flags.StringVar(&f.settings.Lang, "lang", language(os.Getenv), "language of the rule of reading: zh or en (default: by LANG)")
	return cmd
}

func (f *psiFlags) run(out io.Writer) error {
	if err := errors.Join(oneOf("missing", f.missing, "refuse", "drop"), oneOf("format", f.format, "text", "json"), oneOf("lang", f.settings.Lang, "zh", "en")); err != nil {
		return err
	}
	f.settings.Drop = f.missing == "drop"
	compute := f.files
	if len(f.expectedShares)+len(f.actualShares) > 0 {
		compute = f.shares
	}
	drift, err := compute()
	if err != nil {
		return err
	}
	if f.format == "json" {
		return writeJSON(out, drift)
	}
	return drift.WriteText(out, width())
}

func (f *psiFlags) shares() (*validity.Drift, error) {
	if f.expected.path != "" || f.actual != "" || f.settings.Column != "" {
		return nil, usageError{errors.New("give either --expected, --actual and --column, or --expected-shares and --actual-shares")}
	}
	if !f.smoothingIsGiven {
		f.settings.Smoothing = 0
	}
	return validity.CompareShares(f.expectedShares, f.actualShares, f.settings.Smoothing, f.settings.Lang)
}

func (f *psiFlags) files() (_ *validity.Drift, err error) {
	other := tableFlags{flag: "actual", path: f.actual, format: f.expected.format}
	if err := errors.Join(f.expected.check(), other.check()); err != nil {
		return nil, err
	}
	if f.settings.Column == "" {
		return nil, usageError{errors.New("--column must name a column")}
	}
	expected, err := f.expected.open()
	if err != nil {
		return nil, validity.At("--expected", err)
	}
	defer func() { err = errors.Join(err, expected.Close()) }()
	actual, err := other.open()
	if err != nil {
		return nil, validity.At("--actual", err)
	}
	defer func() { err = errors.Join(err, actual.Close()) }()
	return validity.CompareColumns(expected, actual, f.settings)
}
