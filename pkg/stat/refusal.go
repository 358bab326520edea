package stat

import (
	"fmt"
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Reasons for which a test or a comparison is refused, or is given with a warning.
const (
	// ReasonInvalid: an argument is outside its bounds.
	ReasonInvalid = "INVALID_FIELD"
	// ReasonTooFewGroups: there is nothing to compare with.
	ReasonTooFewGroups = "TOO_FEW_GROUPS"
	// ReasonEmptyGroup: a group, row or column holds nobody.
	ReasonEmptyGroup = "EMPTY_GROUP"
	// ReasonTooFewValues: no more values than there are groups, so that nothing is
	// known of how much they vary within them.
	ReasonTooFewValues = "TOO_FEW_VALUES"
	// ReasonZeroVariance: all values are equal.
	ReasonZeroVariance = "ZERO_VARIANCE"
	// ReasonZeroWithin: within each group all values are equal, so that F has no bound.
	ReasonZeroWithin = "ZERO_VARIANCE_WITHIN_GROUPS"
	// ReasonOverflow: the result is beyond all numbers of 64 bits.
	ReasonOverflow = "RESULT_OVERFLOWS"
	// ReasonSmallGroups warns that the approximation of a p-value is rough.
	ReasonSmallGroups = "SMALL_GROUPS"
	// ReasonExpectedBelow5 warns of expected counts below 5 (Cochran 1954).
	ReasonExpectedBelow5 = "EXPECTED_BELOW_5"
	// ReasonEmptyBin: a bin that is empty on one side makes the PSI infinite
	// without smoothing.
	ReasonEmptyBin = "EMPTY_BIN"
	// ReasonBaselineZero warns that a relative lift is unknown, since what it is
	// relative to is zero or may be.
	ReasonBaselineZero = "BASELINE_NEAR_ZERO"
	// ReasonTooEarly: too little was seen for an interval that large samples justify.
	ReasonTooEarly = "TOO_EARLY"
	// ReasonRarelyDrawn warns that a cluster was missing from many resamples.
	ReasonRarelyDrawn = "RARELY_DRAWN"
)

// Warning says what is doubtful about a result that is given all the same.
type Warning struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func warning(reason, format string, args ...any) Warning {
	return Warning{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// refuse makes the fault of a test that cannot be computed from its arguments.
func refuse(reason, field, format string, args ...any) error {
	f := fault.Invalid(field, format, args...)
	f.Reason = reason
	return f
}

// finite reports whether all numbers are.
func finite(numbers ...float64) bool {
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
