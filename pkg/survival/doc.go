// Package survival analyses times until an event of which some are not seen to
// their end: values in, values out. It reads no clock, does no I/O and draws no
// random numbers.
//
//   - KaplanMeier: the survival curve with intervals, quantiles, and the
//     cumulative hazard of Nelson and Aalen.
//   - LogRank: whether groups differ.
//   - FitCox: proportional hazards, with tests, robust errors, the baseline hazard
//     and the test of proportionality.
//   - FitWeibull: accelerated failure times.
//   - ConcordanceOf: how well a risk orders the times.
//
// Times are equal only where they are the same number: there is no tolerance. A
// weight says how many equal subjects a row stands for.
//
// What cannot be computed is refused with an *Error, and what should not be relied
// on carries a Warning; both have a stable reason. No result is ever NaN or
// infinite.
package survival

import "fmt"

// Reason is a stable name of what is wrong with an input, or doubtful about a result.
type Reason string

// The reasons of errors.
const (
	// ReasonInvalid is an argument outside its domain.
	ReasonInvalid Reason = "INVALID_ARGUMENT"
	// ReasonNoEvents means that nothing happened to anybody: all are censored.
	ReasonNoEvents Reason = "NO_EVENTS"
	// ReasonNotComparable means that no two groups were ever at risk together.
	ReasonNotComparable Reason = "GROUPS_NOT_COMPARABLE"
	// ReasonConstant is a covariate with the same value everywhere.
	ReasonConstant Reason = "CONSTANT_COVARIATE"
	// ReasonSingular is a covariate that follows from the others, or does not vary
	// among those at risk together.
	ReasonSingular Reason = "SINGULAR_COVARIATES"
	// ReasonTooFewEvents means fewer events than covariates.
	ReasonTooFewEvents Reason = "FEWER_EVENTS_THAN_COVARIATES"
	// ReasonShapeUnbounded means that the likelihood grows without end as the times
	// of the events are taken to be one and the same.
	ReasonShapeUnbounded Reason = "SHAPE_UNBOUNDED"
	// ReasonNotConverged means that no maximum was found.
	ReasonNotConverged Reason = "NOT_CONVERGED"
	// ReasonUntestable means that the events leave nothing to test against, such as
	// events at a single time.
	ReasonUntestable Reason = "PROPORTIONALITY_UNTESTABLE"
	// ReasonOverflow is a result too large for a number.
	ReasonOverflow Reason = "RESULT_OVERFLOWS"
)

// The reasons of warnings; ReasonNoEvents and ReasonNotConverged are such too.
const (
	// ReasonInfinite is a coefficient whose estimate is infinite: the covariate
	// tells without exception whose event comes first. Its value and standard error
	// are where the search was broken off and mean nothing; the log-likelihood and
	// the likelihood ratio test hold.
	ReasonInfinite Reason = "COEFFICIENT_INFINITE"
	// ReasonFewEvents means fewer than ten events for each covariate, below which
	// coefficients are biased and intervals too narrow (Peduzzi et al. 1995,
	// Journal of Clinical Epidemiology 48:1503–1510).
	ReasonFewEvents Reason = "FEW_EVENTS_PER_COVARIATE"
	// ReasonFractionalWeights means weights that are not whole numbers, for which
	// standard errors that take them as counts are doubtful.
	ReasonFractionalWeights Reason = "FRACTIONAL_WEIGHTS"
	// ReasonNoPairs means that there are no two subjects whose order is known.
	ReasonNoPairs Reason = "NO_COMPARABLE_PAIRS"
)

// Error says which argument is wrong and what would be right. Callers match it
// with errors.As and name their own field.
type Error struct {
	Reason      Reason
	Argument    string   // name of the parameter, e.g. "durations"
	Row         int      // of the argument, from 0; -1 where it is no single row
	Covariates  []string // those at fault, if any
	Requirement string   // e.g. "must be 0 or more, got -3"
}

// Error is the argument and its row, followed by the requirement.
func (e *Error) Error() string {
	if e.Row >= 0 {
		return fmt.Sprintf("survival: %s[%d] %s", e.Argument, e.Row, e.Requirement)
	}
	return "survival: " + e.Argument + " " + e.Requirement
}

func refuse(reason Reason, argument, format string, args ...any) *Error {
	return &Error{Reason: reason, Argument: argument, Row: -1, Requirement: fmt.Sprintf(format, args...)}
}

func invalid(argument, format string, args ...any) *Error {
	return refuse(ReasonInvalid, argument, format, args...)
}

func invalidRow(argument string, row int, format string, args ...any) *Error {
	e := invalid(argument, format, args...)
	e.Row = row
	return e
}

// Warning says what is doubtful about a result that is given all the same.
type Warning struct {
	Reason     Reason   `json:"reason"`
	Message    string   `json:"message"`
	Covariates []string `json:"covariates,omitempty"`
}

func warn(reason Reason, covariates []string, format string, args ...any) Warning {
	return Warning{Reason: reason, Covariates: covariates, Message: fmt.Sprintf(format, args...)}
}
