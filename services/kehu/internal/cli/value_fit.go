package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/purchases"
	"github.com/kehuhq/kehu/services/kehu/internal/suite"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
	"github.com/kehuhq/kehu/services/kehu/internal/value"
)

type valueFitFlags struct {
	file                  fileFlags
	orders, summary       string
	calibrationEnd, end   string
	unit, model           string
	level, holdoutPeriods float64
	format, out           string
	models                []string // of model
	calibration, holdout  int      // days of calibrationEnd and end, where given
}

func newValueFit() *cobra.Command {
	var f valueFitFlags
	cmd := &cobra.Command{
		Use:   "fit (--orders FILE | --summary FILE)",
		Short: "Fit models of purchases and spend, and check them on a hold-out",
		Long: `Fits the named models by maximum likelihood, on a temporary store, and prints
parameters, standard errors, intervals, log-likelihood and what is to be known.
Nothing is kept but --out.

--orders reads any file that kehu analyze reads. The purchase models need no amounts
and no currency: a table with a column for the customer (customer_id, customer, id …)
and one for the date (order_time, date …) will do. Orders of one day are one purchase,
the first is not counted in x, T runs from it to --calibration-end, and spend is the
mean of the days of repeat purchases. What comes behind, up to --end, is the hold-out.

--summary reads a CSV file with columns x (or frequency), t_x (or recency: from the
first purchase to the last) and T in --unit, and optionally spend (or zbar,
monetary_value), the mean value of a repeat purchase; with x_hold and --holdout-periods
there is a hold-out too. Other columns are ignored.

Models and the names of their parameters:
  bg-nbd, mbg-nbd   r, alpha, a, b
  pareto-nbd        r, alpha, s, beta
  gamma-gamma       p, q, v (spend, in the currency's major unit)

A model that the data cannot support is printed without parameters, and the reason as
its warning; where that is so of all, the exit code is 2. What is printed as JSON is a
model file for kehu value predict.`,
		Example: `  kehu value fit --orders orders.csv --calibration-end 2025-12-31 --model all
  kehu value fit --orders visits.csv --calibration-end 2025-12-31 --end 2026-06-30 --model pareto-nbd
  kehu value fit --summary customers.csv --model bg-nbd,gamma-gamma --out models.json`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	f.file.add(cmd, profilev1.ImportKind_IMPORT_KIND_ORDERS)
	flags := cmd.Flags()
	flags.StringVar(&f.orders, "orders", "", "file of orders")
	flags.StringVar(&f.summary, "summary", "", "CSV file with a row per customer: x, t_x, T, spend")
	flags.StringVar(&f.calibrationEnd, "calibration-end", "", "last day to learn from, YYYY-MM-DD (default: the day of the last order)")
	flags.StringVar(&f.end, "end", "", "last day of the hold-out, YYYY-MM-DD (default: the day of the last order)")
	flags.StringVar(&f.unit, "unit", "week", "unit of time: day, week or month (365.25/12 days)")
	flags.StringVar(&f.model, "model", "all", "bg-nbd, mbg-nbd, pareto-nbd, gamma-gamma, several with commas, or all")
	flags.StringVar(&f.file.zone, "time-zone", "", "the same as --zone")
	flags.Float64Var(&f.holdoutPeriods, "holdout-periods", 0, "of a summary with a column x_hold (purchases in the hold-out): how long the hold-out is, in --unit")
	flags.Float64Var(&f.level, "level", 0.95, "level of the intervals")
	flags.StringVar(&f.format, "format", "", "text or json (default: text in a terminal, otherwise json)")
	flags.StringVar(&f.out, "out", "", "write the models into this file too, as JSON")
	return cmd
}

func (f *valueFitFlags) check() (err error) {
	f.format = forWhom(f.format, "text", "json")
	wrong := []error{oneOf("format", f.format, "text", "json"), oneOf("unit", f.unit, "day", "week", "month"), f.file.check()}
	if (f.orders == "") == (f.summary == "") {
		wrong = append(wrong, usageError{errors.New("give either --orders FILE or --summary FILE")})
	}
	if f.summary != "" && (f.calibrationEnd != "" || f.end != "") {
		wrong = append(wrong, usageError{errors.New("--calibration-end and --end are for --orders: a summary is of the calibration already")})
	}
	if !(f.holdoutPeriods >= 0 && f.holdoutPeriods < 1e6) || f.holdoutPeriods > 0 && f.summary == "" {
		wrong = append(wrong, usageError{fmt.Errorf("--holdout-periods must be a number of periods, with --summary, is %v", f.holdoutPeriods)})
	}
	if !(f.level > 0 && f.level < 1) {
		wrong = append(wrong, usageError{fmt.Errorf("--level must be between 0 and 1, e.g. 0.95, is %v", f.level)})
	}
	f.models = value.Models
	if f.model != "all" {
		f.models = strings.Split(f.model, ",")
		for i, name := range f.models {
			f.models[i] = strings.TrimSpace(name)
			wrong = append(wrong, oneOf("model", f.models[i], append(slices.Clone(value.Models), "all")...))
		}
		if slices.Contains(f.models, "all") {
			f.models = value.Models
		}
	}
	for _, day := range []struct {
		flag, date string
		to         *int
	}{{"--calibration-end", f.calibrationEnd, &f.calibration}, {"--end", f.end, &f.holdout}} {
		if day.date != "" {
			*day.to, err = purchases.ParseDay(day.flag, day.date)
			wrong = append(wrong, err)
		}
	}
	if f.calibrationEnd != "" && f.end != "" && f.holdout < f.calibration {
		wrong = append(wrong, usageError{fmt.Errorf("--end must not be before --calibration-end, %s, is %s", f.calibrationEnd, f.end)})
	}
	return errors.Join(wrong...)
}

func (f *valueFitFlags) run(ctx context.Context, w io.Writer) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	var sample *value.Sample
	result := &value.File{Version: value.Version, Unit: f.unit}
	if f.summary != "" {
		sample, err = f.fromSummary(result)
	} else {
		sample, err = f.fromOrders(ctx, result)
	}
	if err != nil {
		return err
	}
	if sample.Currency != "" {
		result.Currency = sample.Currency
	}
	result.Population = &sample.Population
	if result.Models, err = value.Fit(ctx, sample, f.models, btyd.Options{Level: f.level}); err != nil {
		return err
	}
	if f.out != "" {
		if err := create(f.out, func(w io.Writer) error { return writeJSON(w, result) }); err != nil {
			return usageError{fmt.Errorf("--out: %w", err)}
		}
	}
	if f.format == "json" {
		err = writeJSON(w, result)
	} else {
		err = result.WriteText(w, width())
	}
	return errors.Join(err, result.Err())
}

func (f *valueFitFlags) fromSummary(result *value.File) (_ *value.Sample, err error) {
	file, err := value.OpenSummary(f.summary)
	if err != nil {
		return nil, fmt.Errorf("--summary: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	result.Source, result.Currency, result.Rows = filepath.Base(f.summary), f.file.currency, &file.Rows
	sample, err := value.FromSummary(file, f.holdoutPeriods)
	if err != nil {
		return nil, fmt.Errorf("--summary: %w", err)
	}
	return sample, nil
}

func (f *valueFitFlags) fromOrders(ctx context.Context, result *value.File) (sample *value.Sample, err error) {
	file, err := f.file.open(f.orders, reporter())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.close()) }()
	result.Source = file.name
	asked := value.Orders{Unit: value.Units[f.unit], Currency: f.file.currency}
	visits, err := f.visits(file, &asked)
	if err != nil {
		return nil, err
	}
	if visits != nil {
		defer func() { err = errors.Join(err, visits.Remove()) }()
	}
	err = suite.Temporarily(ctx, engines.Config{}, func(ctx context.Context, conn grpc.ClientConnInterface) error {
		reading, err := f.file.understand(ctx, conn, file, terminal())
		if err != nil {
			return err
		}
		settings := file.settings(reading)
		settings.Progress = reporter()
		imported, refused, err := analysis.Load(ctx, conn, file.path, settings)
		if err != nil {
			return err
		}
		result.Rows = &value.Rows{Read: imported.GetRows(), Refused: imported.GetRejected(), First: append([]upload.Refused{}, refused...)}
		if asked.Window, err = f.window(reading.Zone(), imported, refused, &result.Notes); err != nil {
			return err
		}
		sample, err = value.FromOrders(ctx, conn, asked)
		return err
	})
	if err != nil {
		return nil, err
	}
	result.TimeZone = asked.Window.Zone.String()
	result.CalibrationEnd = purchases.DateOf(asked.Window.CalibrationEnd)
	if asked.Window.HoldoutDays() > 0 {
		result.End = purchases.DateOf(asked.Window.End)
	}
	return sample, nil
}

// window is which days count. It notes days of which the file says nothing.
func (f *valueFitFlags) window(zone string, imported *profilev1.Import, refused []upload.Refused, notes *[]string) (purchases.Window, error) {
	last, err := analysis.LastOrderDay(zone, imported, refused)
	if err != nil {
		return purchases.Window{}, err
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return purchases.Window{}, err
	}
	lastDay, err := purchases.ParseDay("last order", last)
	if err != nil {
		return purchases.Window{}, err
	}
	w := purchases.Window{Zone: location, CalibrationEnd: f.calibration, End: f.holdout}
	if f.calibrationEnd == "" {
		if w.CalibrationEnd = lastDay; f.end != "" {
			w.CalibrationEnd = min(lastDay, f.holdout)
		}
	}
	if f.end == "" {
		w.End = max(w.CalibrationEnd, lastDay)
	}
	if w.End > lastDay {
		*notes = append(*notes, fmt.Sprintf("the last order is of %s: up to %s everybody is taken to have bought nothing more", last, purchases.DateOf(w.End)))
	}
	return w, nil
}

// noCurrency is the code by ISO 4217 of what is in no currency.
const noCurrency = "XXX"

// visits makes orders of a table that states who bought when, and not for how much.
func (f *valueFitFlags) visits(file *source, asked *value.Orders) (*purchases.Visits, error) {
	plain := f.file.preset == "auto" || f.file.preset == "kehu"
	if !plain || file.mapping != nil || file.format.GetSyntax() == profilev1.FileSyntax_FILE_SYNTAX_JSON_LINES {
		return nil, nil
	}
	visits, err := purchases.ReadVisits(purchases.Table{
		Path: file.path, Encoding: file.format.GetEncoding(), Delimiter: file.format.GetDelimiter(),
	})
	if err != nil || visits == nil {
		return nil, err
	}
	if !visits.Currencies && f.file.currency == "" {
		f.file.currency = noCurrency
		asked.NoSpend = fault.New(fault.FailedPrecondition, "CURRENCY_MISSING", "no column states a currency: say which it is with --currency, e.g. --currency CNY")
	}
	if !visits.Amounts {
		asked.NoSpend = fault.New(fault.FailedPrecondition, "SPEND_MISSING", "no column states amounts: there is no spend to learn from")
	}
	if visits.Rewritten() {
		file.path = visits.Path
		file.format = &profilev1.FileFormat{Encoding: profilev1.FileEncoding_FILE_ENCODING_UTF8, Delimiter: ","}
		if file.checked, err = upload.Check(file.path, reporter()); err != nil {
			return nil, errors.Join(err, visits.Remove())
		}
	}
	return visits, nil
}
