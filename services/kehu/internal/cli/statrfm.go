package cli

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/kehu/internal/orderscan"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/rfmscore"
)

type rfmFlags struct {
	table   tableFlags
	options orderscan.Options
	zone    string
	asOf    string
	ties    string
	format  string
	scores  int
}

func newStatRFM() *cobra.Command {
	var f rfmFlags
	cmd := &cobra.Command{
		Use:   "rfm",
		Short: "RFM scores of the customers of a table of orders",
		Long: `Scores customers by recency (days since the last order), frequency (distinct days
with an order) and monetary value (sum of the amounts): by quantiles, the best highest.

Each row of the file is an order, or a line of one. Returns, states of orders and the
exports of shops are for kehu analyze. Amounts of several currencies are never added
up: --currency takes one of them.`,
		Example: `  kehu stat rfm --orders orders.csv --as-of 1998-06-30
  kehu stat rfm --orders orders.csv --as-of 1998-06-30 --ties ordinal --format csv >scores.csv`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.OutOrStdout()) },
	}
	f.table.add(cmd, "orders")
	flags := cmd.Flags()
	flags.StringVar(&f.options.Customer, "customer", "customer_id", "column of the customer's id")
	flags.StringVar(&f.options.Time, "time", "order_time", "column of the order's date or time")
	flags.StringVar(&f.options.Amount, "amount", "amount", "column of the amount, 0 or more")
	flags.StringVar(&f.options.Currency, "currency-column", "currency", "column of the currency, if there is one")
	flags.StringVar(&f.options.Keep, "currency", "", "only rows in this currency, ISO 4217")
	flags.StringVar(&f.zone, "zone", "UTC", "IANA time zone in which days begin, for times with an offset from UTC, e.g. Asia/Shanghai")
	flags.StringVar(&f.asOf, "as-of", "", "day at whose end to score, YYYY-MM-DD (default: the day of the last order)")
	flags.StringVar(&f.ties, "ties", "shared", "how equal values are scored: shared (equally) or ordinal (in the order of the ids)")
	flags.IntVar(&f.scores, "scores", 5, "how many scores a scale has, 1 to 9")
	flags.StringVar(&f.format, "format", "text", "text, json (the counts of the cells) or csv (every customer)")
	return cmd
}

func (f *rfmFlags) check() error {
	err := errors.Join(
		f.table.check(),
		oneOf("ties", f.ties, "shared", "ordinal"),
		oneOf("format", f.format, "text", "json", "csv"),
	)
	if f.scores < 1 || f.scores > 9 {
		err = errors.Join(err, usageError{fmt.Errorf("--scores must be 1 to 9, is %d", f.scores)})
	}
	zone, unknown := time.LoadLocation(f.zone)
	if unknown != nil || f.zone == "Local" {
		err = errors.Join(err, usageError{fmt.Errorf("--zone must be an IANA time zone, e.g. Asia/Shanghai, is %q", f.zone)})
	}
	f.options.Zone = zone
	return err
}

func (f *rfmFlags) run(out io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	var asOf time.Time
	if f.asOf != "" {
		var err error
		if asOf, err = time.Parse(time.DateOnly, f.asOf); err != nil {
			return usageError{fmt.Errorf("--as-of must be a date, YYYY-MM-DD, is %q", f.asOf)}
		}
	}
	f.options.Format, f.options.Cores = f.table.format, runtime.GOMAXPROCS(0)
	orders, err := orderscan.Read(f.table.path, f.options, progress.Reporter{})
	if err != nil {
		return err
	}
	s := rfmscore.Settings{AsOf: orders.Last, Scores: f.scores, Cores: f.options.Cores}
	if f.asOf != "" {
		s.AsOf = int32(asOf.Unix() / 86400) // a year has four digits
	}
	if f.ties == "ordinal" {
		s.Ties = stat.OrdinalTies
	}
	scored, err := rfmscore.Score(orders, s)
	if err != nil {
		return err
	}
	switch f.format {
	case "json":
		return writeJSON(out, scored.Summary())
	case "csv":
		return scored.WriteCSV(out)
	default:
		return scored.WriteText(out, width())
	}
}
