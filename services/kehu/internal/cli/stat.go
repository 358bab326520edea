package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// newStat gathers the computations on tables of any kind, which need no server.
func newStat() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stat",
		Short: "Statistics of a table, without a server",
		Long: `Computes on a file what the suite computes on its customers, with the same code.
Nothing is sent anywhere and nothing is kept.`,
	}
	cmd.AddCommand(newStatSurvival(), newStatRFM(), newStatSBG(), newStatKMeans(), newStatCompare(), newStatContingency(), newStatPSI())
	return cmd
}

// tableFlags say which table to read, and how it is written.
type tableFlags struct {
	flag   string // that names the file
	path   string
	format table.Format
}

func (f *tableFlags) add(cmd *cobra.Command, name string) {
	flags := cmd.Flags()
	flags.StringVar(&f.path, name, "", "the file: CSV with titles in its first line, or a workbook (.xlsx)")
	flags.StringVar(&f.format.Encoding, "encoding", "auto", "of a text file: auto, utf-8 or gb18030")
	flags.StringVar(&f.format.Delimiter, "delimiter", "auto", "of a text file: auto, comma, semicolon or tab")
	flags.StringVar(&f.format.Sheet, "sheet", "", "of a workbook: the sheet to read (default: the first with anything on it)")
	f.flag = name
}

func (f *tableFlags) check() error {
	err := errors.Join(
		oneOf("encoding", f.format.Encoding, "auto", "utf-8", "gb18030"),
		oneOf("delimiter", f.format.Delimiter, "auto", "comma", "semicolon", "tab"),
	)
	if f.path == "" {
		return errors.Join(err, usageError{fmt.Errorf("--%s must name a file", f.flag)})
	}
	if info, none := os.Stat(f.path); none != nil {
		err = errors.Join(err, usageError{none})
	} else if !info.Mode().IsRegular() {
		err = errors.Join(err, usageError{fmt.Errorf("--%s: %s is not a regular file", f.flag, f.path)})
	}
	return err
}

func (f *tableFlags) open() (*table.Table, error) {
	return table.Open(f.path, f.format, progress.Reporter{})
}
