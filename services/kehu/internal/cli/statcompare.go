package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/services/kehu/internal/table"
	"github.com/kehuhq/kehu/services/kehu/internal/validity"
)

// groupFlags are those of commands that hold groups of a table's rows against
// other columns.
type groupFlags struct {
	table                 tableFlags
	missing, format, lang string
}

func (f *groupFlags) add(cmd *cobra.Command) {
	f.table.add(cmd, "file")
	flags := cmd.Flags()
	flags.StringVar(&f.missing, "missing", "refuse", "rows with an empty value: refuse or drop")
	flags.StringVar(&f.format, "format", "text", "text or json")
	flags.StringVar(&f.lang, "lang", language(os.Getenv), "language of the rule of reading: zh or en (default: by LANG)")
}

// check checks the flags; columns are those that must name one, by flag.
func (f *groupFlags) check(columns ...[2]string) error {
	err := errors.Join(
		f.table.check(),
		oneOf("missing", f.missing, "refuse", "drop"),
		oneOf("format", f.format, "text", "json"),
		oneOf("lang", f.lang, "zh", "en"),
	)
	for _, needed := range columns {
		if needed[1] == "" {
			err = errors.Join(err, usageError{fmt.Errorf("--%s must name a column", needed[0])})
		}
	}
	return err
}

// finding is a result that has a form for people.
type finding interface {
	WriteText(w io.Writer, columns int) error
}

// print computes something of the table and writes it.
func (f *groupFlags) print(out io.Writer, compute func(*table.Table) (finding, error)) (err error) {
	from, err := f.table.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	result, err := compute(from)
	if err != nil {
		return err
	}
	if f.format == "json" {
		return writeJSON(out, result)
	}
	return result.WriteText(out, width())
}

func newStatCompare() *cobra.Command {
	var f groupFlags
	var values []string
	var group string
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Do groups differ? ANOVA and Kruskal–Wallis of a column by group",
		Long: `Tests whether the groups that --group names differ in the numbers of --value: their
means by ANOVA with η² and ω², their ranks by Kruskal–Wallis with ε², which outliers and
skew do not mislead. With several --value columns the p-values are corrected as by Holm.

Segments are to be tested on variables that did not form them: those that did differ by
construction.`,
		Example: `  kehu stat compare --file iris.csv --value petal_l --group species
  kehu stat compare --file customers.csv --value nps,visits --group segment --missing drop --format json`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			first := ""
			if len(values) > 0 {
				first = values[0]
			}
			if err := f.check([2]string{"value", first}, [2]string{"group", group}); err != nil {
				return err
			}
			return f.print(cmd.OutOrStdout(), func(from *table.Table) (finding, error) {
				return validity.Compare(from, values, group, f.missing == "drop", f.lang)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringSliceVar(&values, "value", nil, "column of numbers to compare; may be given again, or with commas between")
	cmd.Flags().StringVar(&group, "group", "", "column whose values are the groups")
	return cmd
}

func newStatContingency() *cobra.Command {
	var f groupFlags
	var rows, columns string
	cmd := &cobra.Command{
		Use:   "contingency",
		Short: "Do two columns go together? χ² and Cramér's V",
		Long: `Counts the rows by the values of two columns and tests whether those are independent:
χ² without correction for continuity, Cramér's V, expected counts and standardized
residuals, which tell where there are more or fewer than chance brings. The adjusted Rand
index says how far two sortings of the same rows, such as the segments of two versions,
agree.`,
		Example: `  kehu stat contingency --file customers.csv --rows segment --columns channel
  kehu stat contingency --file runs.csv --rows segment_v1 --columns segment_v2 --format json`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check([2]string{"rows", rows}, [2]string{"columns", columns}); err != nil {
				return err
			}
			return f.print(cmd.OutOrStdout(), func(from *table.Table) (finding, error) {
				return validity.CrossTabulate(from, rows, columns, f.missing == "drop", f.lang)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&rows, "rows", "", "column whose values are the rows")
	cmd.Flags().StringVar(&columns, "columns", "", "column whose values are the columns")
	return cmd
}
