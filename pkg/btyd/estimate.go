package btyd

import (
	"fmt"
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Reasons of warnings and refusals. They are stable.
const (
	ReasonNotConverged         = "NOT_CONVERGED"           // the gradient is not zero where the search ended
	ReasonParameterAtBoundary  = "PARAMETER_AT_BOUNDARY"   // the likelihood rises towards 0 or infinity
	ReasonInformationSingular  = "INFORMATION_SINGULAR"    // the data do not tell the parameters apart
	ReasonTooFewRepeatBuyers   = "TOO_FEW_REPEAT_BUYERS"   // an estimate would be mostly chance
	ReasonNoRepeatObserved     = "NO_REPEAT_OBSERVED"      // nobody, or not this customer, has bought again
	ReasonTooFewCustomers      = "TOO_FEW_CUSTOMERS"       // fewer customers than parameters can be learnt from
	ReasonNoVariation          = "NO_VARIATION"            // all customers have the same history
	ReasonCovariateConstant    = "COVARIATE_CONSTANT"      // a covariate is the same for all customers
	ReasonOutsideModel         = "OUTSIDE_MODEL"           // a figure that the model does not define
	ReasonPredictionUnreliable = "PREDICTION_UNRELIABLE"   // a sum was cut off before it had converged
	ReasonParameterInvalid     = "MODEL_PARAMETER_INVALID" // a model's parameter is not finite and positive
)

// Warning is something a reader of an estimate has to know.
type Warning struct {
	Reason  string // UPPER_SNAKE and stable, e.g. PARAMETER_AT_BOUNDARY
	Message string // a sentence with the figures
}

func warn(reason, format string, args ...any) Warning {
	return Warning{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// refuse is the error for data that a model cannot be fitted to.
func refuse(reason, format string, args ...any) *fault.Fault {
	return fault.New(fault.FailedPrecondition, reason, format, args...)
}

// IntervalMethod names how an interval was computed.
type IntervalMethod string

// The methods.
const (
	// MethodDelta is normal on the scale of the search: value·exp(±z·σ) for a
	// positive parameter, value ± z·σ for a coefficient.
	MethodDelta IntervalMethod = "delta"
	// MethodProfile holds the values whose maximised log-likelihood is less than
	// half the quantile of χ²(1) below the maximum. It needs no curvature.
	MethodProfile IntervalMethod = "profile_likelihood"
)

// Parameter is one estimated parameter.
type Parameter struct {
	Name          string  // as in the model's paper, e.g. "alpha"
	Coefficient   bool    // may have either sign, and was searched as it is; others by their logarithm
	Value         float64 // in the model's unit
	StandardError float64 // of Value, by the delta method; 0 where Method is not MethodDelta
	Lower, Upper  float64 // the interval at the estimate's level
	LowerOpen     bool    // the interval goes on below Lower, where the search ended; both ends do without convergence
	UpperOpen     bool    // the interval goes on above Upper, where the search ended
	AtBoundary    bool    // the search ended at the edge of what is searched
	Method        IntervalMethod
}

// Estimate is what a fit by maximum likelihood found.
type Estimate struct {
	Parameters []Parameter // in the order of the model's definition
	// Covariance of the parameters on the scale of the search: logarithms of the
	// positive parameters, coefficients as they are. It is the inverse of the
	// observed information, nil where that is not positive definite.
	Covariance    [][]float64
	LogLikelihood float64
	Gradient      float64 // largest |∂logL/∂log θ| of the whole log-likelihood, at the boundary left out
	Iterations    int     // of all stages of the search
	Converged     bool    // Gradient is below 1e-6 and no parameter is at a boundary
	Customers     float64 // the sum of weights
	Level         float64 // of the intervals, e.g. 0.95
	Warnings      []Warning
}

// Parameter returns the parameter of that name.
func (e *Estimate) Parameter(name string) (Parameter, bool) {
	for _, p := range e.Parameters {
		if p.Name == name {
			return p, true
		}
	}
	return Parameter{}, false
}

// Values are the parameters' values in order.
func (e *Estimate) Values() []float64 {
	values := make([]float64, len(e.Parameters))
	for i, p := range e.Parameters {
		values[i] = p.Value
	}
	return values
}

// Warned tells whether the estimate carries a warning with that reason.
func (e *Estimate) Warned(reason string) bool {
	for _, w := range e.Warnings {
		if w.Reason == reason {
			return true
		}
	}
	return false
}

// Options of a fit. The zero value is ready to use.
type Options struct {
	Level   float64 // of the intervals, strictly between 0 and 1; 0 means 0.95
	Workers int     // goroutines of the purchase models' fits; 0 means 2. Results do not depend on it
}

// withDefaults fills what is not set and checks the rest.
func (o Options) withDefaults() (Options, error) {
	if o.Level == 0 {
		o.Level = 0.95
	}
	if !(o.Level > 0 && o.Level < 1) {
		return o, fault.Invalid("level", "must lie strictly between 0 and 1 such as 0.95, got %v", o.Level)
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.Workers < 0 || o.Workers > 1024 {
		return o, fault.Invalid("workers", "must lie between 1 and 1024, got %d", o.Workers)
	}
	return o, nil
}

// normalQuantile is z with P(|Z| ≤ z) = level for a standard normal Z.
func normalQuantile(level float64) float64 { return math.Sqrt2 * math.Erfinv(level) }
