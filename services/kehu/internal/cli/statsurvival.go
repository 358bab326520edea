package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/services/kehu/internal/lifetimes"
)

type survivalFlags struct {
	table    tableFlags
	columns  lifetimes.Columns
	settings lifetimes.Settings
	missing  string
	format   string
}

func newStatSurvival() *cobra.Command {
	var f survivalFlags
	cmd := &cobra.Command{
		Use:   "survival",
		Short: "Survival curves, log-rank test, Cox and Weibull models",
		Long: `Analyses times until an event, such as the cancellation of a contract, some of
which are not seen to their end. Each row is a subject: --duration is how long it was
seen, --event is 1 if it had the event then, and 0 if it was last seen without.

  km           survival curve by Kaplan and Meier, of all or by --group
  logrank      do the groups of --group differ? (within --strata)
  cox-efron    proportional hazards on --covariates; ties as by Efron,
  cox-breslow  or Breslow; with --strata, --weights, --robust, --cluster
  weibull      accelerated failure times on --covariates, or on none`,
		Example: `  kehu stat survival --file rossi.csv --duration week --event arrest --method km
  kehu stat survival --file rossi.csv --duration week --event arrest --group fin --method logrank
  kehu stat survival --file rossi.csv --duration week --event arrest \
    --covariates fin,age,race,wexp,mar,paro,prio --method cox-efron --format json`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.OutOrStdout()) },
	}
	f.table.add(cmd, "file")
	flags := cmd.Flags()
	flags.StringVar(&f.settings.Method, "method", "km", strings.Join(lifetimes.Methods, ", "))
	flags.StringVar(&f.columns.Duration, "duration", "", "column of how long the subject was seen, 0 or more")
	flags.StringVar(&f.columns.Event, "event", "", "column that is 1 if the event was seen then, 0 if not")
	flags.StringVar(&f.columns.Group, "group", "", "column whose values are the groups (km, logrank)")
	flags.StringSliceVar(&f.columns.Covariates, "covariates", nil, "columns of numbers, with commas between (cox, weibull)")
	flags.StringVar(&f.columns.Strata, "strata", "", "column whose values are strata, compared only within (logrank, cox)")
	flags.StringVar(&f.columns.Weights, "weights", "", "column of how many subjects a row stands for")
	flags.StringVar(&f.columns.Cluster, "cluster", "", "column that tells which rows belong together, for robust standard errors (cox)")
	flags.BoolVar(&f.settings.Robust, "robust", false, "robust standard errors (cox)")
	flags.BoolVar(&f.settings.Baseline, "baseline", false, "give the baseline hazard (cox, json)")
	flags.StringVar(&f.settings.Interval, "interval", "log", "of the curve: log, log-log or plain")
	flags.Float64Var(&f.settings.Level, "level", 0.95, "confidence level of the intervals")
	flags.StringVar(&f.missing, "missing", "refuse", "rows with an empty value: refuse or drop")
	flags.StringVar(&f.format, "format", "text", "text or json")
	return cmd
}

func (f *survivalFlags) run(out io.Writer) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	from, err := f.table.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	f.columns.Drop = f.missing == "drop"
	data, err := lifetimes.Read(from, f.columns)
	if err != nil {
		return err
	}
	result, err := lifetimes.Run(data, f.settings)
	if err != nil {
		return err
	}
	if f.format == "json" {
		return writeJSON(out, result)
	}
	return result.WriteText(out, width())
}

// survivalUses says which methods a flag is for.
var survivalUses = []struct {
	flag    string
	given   func(*survivalFlags) bool
	methods []string
}{
	{"group", func(f *survivalFlags) bool { return f.columns.Group != "" }, []string{"km", "logrank"}},
	{"covariates", func(f *survivalFlags) bool { return len(f.columns.Covariates) > 0 }, []string{"cox-efron", "cox-breslow", "weibull"}},
	{"strata", func(f *survivalFlags) bool { return f.columns.Strata != "" }, []string{"logrank", "cox-efron", "cox-breslow"}},
	{"cluster", func(f *survivalFlags) bool { return f.columns.Cluster != "" }, []string{"cox-efron", "cox-breslow"}},
	{"robust", func(f *survivalFlags) bool { return f.settings.Robust }, []string{"cox-efron", "cox-breslow"}},
	{"baseline", func(f *survivalFlags) bool { return f.settings.Baseline }, []string{"cox-efron", "cox-breslow"}},
}

func (f *survivalFlags) check() error {
	err := errors.Join(
		f.table.check(),
		oneOf("method", f.settings.Method, lifetimes.Methods...),
		oneOf("interval", f.settings.Interval, "log", "log-log", "plain"),
		oneOf("missing", f.missing, "refuse", "drop"),
		oneOf("format", f.format, "text", "json"),
	)
	for _, needed := range []struct{ flag, value string }{{"duration", f.columns.Duration}, {"event", f.columns.Event}} {
		if needed.value == "" {
			err = errors.Join(err, usageError{fmt.Errorf("--%s must name a column", needed.flag)})
		}
	}
	if !(f.settings.Level > 0 && f.settings.Level < 1) {
		err = errors.Join(err, usageError{fmt.Errorf("--level must lie between 0 and 1 such as 0.95, is %v", f.settings.Level)})
	}
	for _, use := range survivalUses {
		if use.given(f) && !slices.Contains(use.methods, f.settings.Method) {
			err = errors.Join(err, usageError{fmt.Errorf("--%s is for --method %s", use.flag, strings.Join(use.methods, ", "))})
		}
	}
	return err
}
