package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/ratefile"
	"github.com/kehuhq/kehu/services/kehu/internal/report"
	"github.com/kehuhq/kehu/services/kehu/internal/suite"
)

type analyzeFlags struct {
	file                                      fileFlags
	asOf, ties, format, lang, out, mongodbURI string
	rates, reportIn                           string
	top                                       int
	outlook                                   bool
}

func newAnalyze() *cobra.Command {
	var f analyzeFlags
	cmd := &cobra.Command{
		Use:   "analyze FILE",
		Short: "Analyse a shop's export of orders, on a temporary store",
		Long: `Reads a file of orders, values and groups its customers, and prints the result.
Nothing is kept.

The file is a shop's export as it was downloaded - Taobao or Tmall, JD, Youzan,
Shopify - or any table of orders with a mapping (--map): CSV in UTF-8 or GB18030,
or a workbook (.xlsx). How it is read is shown first. Kehu's own names for columns
are order_id, customer_id, order_time, amount, currency; optional discount, cost,
channel, payment_method, status; or one row per item with sku and quantity, where
amount is the line's total.`,
		Example: `  kehu analyze orders.csv
  kehu analyze orders.xlsx --format html --out report
  kehu analyze orders.csv --map shop.yaml --zone Asia/Shanghai --currency CNY`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), args[0]) },
	}
	f.file.add(cmd, profilev1.ImportKind_IMPORT_KIND_ORDERS)
	flags := cmd.Flags()
	flags.StringVar(&f.asOf, "as-of", "", "date at whose end to value, YYYY-MM-DD (default: the day of the last order)")
	flags.StringVar(&f.reportIn, "report-in", "", "currency into which to convert all orders, by the rates of --rates (default: each stays in its own)")
	flags.StringVar(&f.rates, "rates", "", "CSV file of exchange rates: from, to, start_date, rate, e.g. USD,CNY,2026-01-01,7.0288")
	flags.StringVar(&f.ties, "rfm-ties", "shared", "how equal values are scored: shared or ordinal")
	flags.StringVar(&f.format, "format", "text", "text, json or html")
	flags.StringVar(&f.lang, "lang", language(os.Getenv), "language of the page and of the lists: zh or en (default: by LANG)")
	flags.StringVar(&f.out, "out", "", "write report.html, report.json and a list of customers per group into this directory")
	flags.IntVar(&f.top, "top", 10, "how many of the customers with the most revenue to name, 1 to 1000")
	flags.BoolVar(&f.outlook, "outlook", true, "say what models expect of the customers; false is faster where there are millions of rows")
	flags.StringVar(&f.mongodbURI, "mongodb-uri", "", "work in this MongoDB, which must hold no data of Kehu, instead of a temporary directory")
	return cmd
}

func (f *analyzeFlags) check() error {
	err := errors.Join(
		oneOf("format", f.format, "text", "json", "html"),
		oneOf("lang", f.lang, "zh", "en"),
		oneOf("rfm-ties", f.ties, "shared", "ordinal"),
		f.file.check(),
	)
	if (f.rates == "") != (f.reportIn == "") {
		err = errors.Join(err, usageError{errors.New("--rates and --report-in go together: the rates, and the currency to convert into")})
	}
	if f.top < 1 || f.top > 1000 {
		err = errors.Join(err, usageError{errors.New("--top must be between 1 and 1000")})
	}
	if f.format == "html" && f.out == "" && term.IsTerminal(int(os.Stdout.Fd())) {
		err = errors.Join(err, usageError{errors.New("--format html is a page for a browser: give --out DIR, or send it to a file (> report.html)")})
	}
	if err == nil && f.out != "" {
		if none := os.MkdirAll(f.out, 0o755); none != nil {
			err = usageError{fmt.Errorf("--out: %w", none)}
		}
	}
	return err
}

func (f *analyzeFlags) run(ctx context.Context, path string) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	file, err := f.file.open(path, reporter())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.close()) }()
	return suite.Temporarily(ctx, engines.Config{MongoDBURI: f.mongodbURI}, func(ctx context.Context, conn grpc.ClientConnInterface) error {
		return f.analyze(ctx, conn, file)
	})
}

func (f *analyzeFlags) analyze(ctx context.Context, conn grpc.ClientConnInterface, file *source) error {
	reading, err := f.file.understand(ctx, conn, file, terminal())
	if err != nil {
		return err
	}
	if f.rates != "" {
		if _, err := ratefile.Send(ctx, conn, f.rates); err != nil {
			return fmt.Errorf("--rates: %w", err)
		}
	}
	ties := valuationv1.RfmTies_RFM_TIES_SHARED
	if f.ties == "ordinal" {
		ties = valuationv1.RfmTies_RFM_TIES_ORDINAL
	}
	result, err := analysis.Run(ctx, analysis.Suite{Profile: conn, Valuation: conn}, file.path, analysis.Settings{
		AsOf: f.asOf, Currency: reading.Currency(), Zone: reading.Zone(), File: file.settings(reading),
		ReportIn: f.reportIn, Ties: ties, Outlook: f.outlook, Top: f.top, Progress: reporter(),
	})
	if err != nil {
		return err
	}
	if f.out != "" {
		if err := f.save(ctx, conn, result); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	return f.print(os.Stdout, result)
}

func (f *analyzeFlags) print(w io.Writer, result *analysis.Report) error {
	switch {
	case f.format == "text":
		return result.WriteText(w, width())
	case f.format == "json":
		return writeJSON(w, result)
	case f.out == "":
		return report.WriteHTML(w, result, f.lang)
	default:
		return nil // it is in the directory
	}
}

// save writes all that is to be handed on into the directory.
func (f *analyzeFlags) save(ctx context.Context, conn grpc.ClientConnInterface, result *analysis.Report) error {
	// The lists first: the page and the data name them.
	if err := report.WriteLists(ctx, conn, f.out, f.lang, result, reporter()); err != nil {
		return err
	}
	page, data := filepath.Join(f.out, "report.html"), filepath.Join(f.out, "report.json")
	err := errors.Join(
		create(page, func(w io.Writer) error { return report.WriteHTML(w, result, f.lang) }),
		create(data, func(w io.Writer) error { return writeJSON(w, result) }),
	)
	if err != nil {
		return err
	}
	terminal().say("the report is %s; report.json and a list of customers per group are beside it", page)
	return nil
}

// create writes a file under another name first, so that it is there whole or
// not at all.
func create(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".kehu-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(write(file), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
