package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/services/kehu/internal/value"
)

type valuePredictFlags struct {
	modelFile, summary string
	terms              value.Terms
	margin             float64
	format             string
}

func newValuePredict() *cobra.Command {
	var f valuePredictFlags
	cmd := &cobra.Command{
		Use:   "predict --model-file FILE --summary FILE",
		Short: "Predict purchases, churn and residual value of each customer",
		Long: `Reads the models that kehu value fit has fitted and a summary with a row per customer,
and prints for each, in the order of the file:

  p_alive                the probability that the customer still buys at all
  expected_purchases     within --horizon periods
  churn_risk             P(no purchase within the horizon); not from bg-nbd, which takes
                         one-time buyers for alive for ever
  expected_spend         of a purchase, by gamma-gamma
  residual_transactions  all purchases to come, discounted
  residual_clv           residual_transactions × expected_spend × margin

The discount rate is annual. Of a period it is ln(1+d)/n where the formula is continuous
(pareto-nbd), and (1+d)^(1/n) − 1 where it is a sum over periods, n being 52 weeks, 365
days or 12 months a year; the output says which was taken. A figure that there is not is
empty, with the reason beside it. Rows that cannot be read are named and left out.`,
		Example: `  kehu value predict --model-file models.json --summary customers.csv --horizon 52 --discount-rate 0.15
  kehu value predict --model-file models.json --summary customers.csv --margin 0.3 --format csv >predictions.csv`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("margin") {
				f.terms.Margin = &f.margin
			}
			return f.run(cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.modelFile, "model-file", "", "what kehu value fit printed as JSON")
	flags.StringVar(&f.summary, "summary", "", "CSV file with a row per customer: x, t_x, T; id, spend")
	flags.Float64Var(&f.terms.Horizon, "horizon", 52, "how far to predict, in the models' unit of time")
	flags.Float64Var(&f.terms.DiscountRate, "discount-rate", 0.1, "annual discount rate, e.g. 0.15")
	flags.StringVar(&f.terms.Compounding, "compounding", "auto", "continuous, per-period, or auto: as the model's formula has it")
	flags.Float64Var(&f.margin, "margin", 1, "share of revenue that is margin, e.g. 0.3")
	flags.StringVar(&f.terms.Model, "model", "", "purchase model to predict by (default: of those in the file pareto-nbd, then mbg-nbd, then bg-nbd)")
	flags.StringVar(&f.format, "format", "", "text, json or csv (default: text in a terminal, otherwise csv)")
	return cmd
}

func (f *valuePredictFlags) run(out, notes io.Writer) (err error) {
	f.format = forWhom(f.format, "text", "csv")
	wrong := []error{oneOf("format", f.format, value.Formats...), oneOf("compounding", f.terms.Compounding, value.Conventions...)}
	if f.modelFile == "" || f.summary == "" {
		wrong = append(wrong, usageError{errors.New("give --model-file FILE and --summary FILE")})
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	models, err := value.ReadFile(f.modelFile)
	if err != nil {
		return fmt.Errorf("--model-file: %w", err)
	}
	predictor, err := value.NewPredictor(models, f.terms)
	if err != nil {
		return err
	}
	file, err := value.OpenSummary(f.summary)
	if err != nil {
		return fmt.Errorf("--summary: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	err = predictor.Predict(file, out, f.format, width())
	if f.format == "csv" {
		predictor.WriteNotes(notes, file.Rows)
	}
	return err
}
