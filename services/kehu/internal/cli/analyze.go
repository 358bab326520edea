package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/suite"
)

type analyzeFlags struct {
	asOf, currency, zone, ties, format, mongodbURI string
	top                                            int
}

func newAnalyze() *cobra.Command {
	var f analyzeFlags
	cmd := &cobra.Command{
		Use:   "analyze ORDERS.csv",
		Short: "Analyse a file of orders, on a temporary store",
		Long: `Reads a file of orders, values and groups its customers, and prints the result.
Nothing is kept. Columns: order_id, customer_id, order_time, amount, currency;
optional discount, cost, channel, payment_method, status; or one row per item
with sku and quantity, where amount is the line's total.`,
		Example: "  kehu analyze orders.csv --zone Asia/Shanghai --currency CNY",
		Args:    exactly(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.asOf, "as-of", "", "date at whose end to value, YYYY-MM-DD (default: the day of the last order)")
	flags.StringVar(&f.currency, "currency", "", "currency of rows that state none, ISO 4217")
	flags.StringVar(&f.zone, "zone", "", "IANA time zone of the shop, e.g. Asia/Shanghai (default UTC)")
	flags.StringVar(&f.ties, "rfm-ties", "shared", "how equal values are scored: shared or ordinal")
	flags.StringVar(&f.format, "format", "text", "text or json")
	flags.IntVar(&f.top, "top", 10, "how many of the customers with the most revenue to name, 1 to 1000")
	flags.StringVar(&f.mongodbURI, "mongodb-uri", "", "work in this MongoDB, which must hold no data of Kehu, instead of a temporary directory")
	return cmd
}

func (f *analyzeFlags) run(ctx context.Context, path string) error {
	if err := errors.Join(oneOf("format", f.format, "text", "json"), oneOf("rfm-ties", f.ties, "shared", "ordinal")); err != nil {
		return err
	}
	if f.top < 1 || f.top > 1000 {
		return usageError{errors.New("--top must be between 1 and 1000")}
	}
	if _, err := os.Stat(path); err != nil {
		return usageError{err}
	}
	ties := valuationv1.RfmTies_RFM_TIES_SHARED
	if f.ties == "ordinal" {
		ties = valuationv1.RfmTies_RFM_TIES_ORDINAL
	}
	settings := analysis.Settings{
		AsOf: f.asOf, Currency: f.currency, Zone: f.zone, Ties: ties, Top: f.top, Progress: reporter(),
	}
	var report *analysis.Report
	err := suite.Temporarily(ctx, engines.Config{MongoDBURI: f.mongodbURI}, func(ctx context.Context, conn grpc.ClientConnInterface) (err error) {
		report, err = analysis.Run(ctx, analysis.Suite{Profile: conn, Valuation: conn}, path, settings)
		return err
	})
	if err != nil {
		return err
	}
	if f.format == "text" {
		return report.WriteText(os.Stdout, width())
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(report)
}
