// Package cluster divides rows of numbers into groups of similar rows by k-means,
// says how good a division is and how many groups there should be, and tells why a
// row is in its group: values in, values out. It reads no clock, does no I/O, and
// what it draws it draws from a seed that the caller gives.
//
//   - Matrix: rows of numbers with named columns.
//   - Preparation, Scaler: what is done about missing values, outliers and units.
//   - KMeans, MiniBatch: the divisions.
//   - Fit, Model: both together, as a value that can be stored and assigns new rows.
//   - SilhouetteOf, IndicesOf, Recommend: how good, and how many groups.
//   - MatchCentres, MatchLabels: the same labels from one run to the next.
//
// Results are the same to the last bit for any number of workers: rows are cut into
// blocks that depend on their number alone, and what the blocks add up is added up in
// their order. What is wrong with an input is a fault that names the field, and where
// there is one the row and the column; what should not be relied on carries a Warning.
// Both have a stable reason. No result is ever NaN or infinite.
package cluster

import (
	"fmt"

	"github.com/kehuhq/kehu/pkg/fault"
)

// The limits of an input.
const (
	MaxRows       = 100_000_000
	MaxColumns    = 1024
	MaxCells      = 1 << 31 // rows times columns
	MaxClusters   = 1024
	MaxStarts     = 1000
	MaxIterations = 10_000
	MaxNameBytes  = 200
	// MaxMagnitude is the largest number, without its sign, that is taken: the sum of
	// the squares of what is smaller cannot overflow.
	MaxMagnitude = 1e100
)

// Reason is a stable name of what is wrong with an input, or doubtful about a result.
type Reason = string

// The reasons of faults. A field outside its bounds is INVALID_FIELD.
const (
	// ReasonTooFewRows means more clusters than rows.
	ReasonTooFewRows Reason = "TOO_FEW_ROWS"
	// ReasonTooFewDistinctRows means more clusters than rows that differ.
	ReasonTooFewDistinctRows Reason = "TOO_FEW_DISTINCT_ROWS"
	// ReasonNotFinite is an infinite number, or one beyond MaxMagnitude.
	ReasonNotFinite Reason = "NUMBER_NOT_FINITE"
	// ReasonMissing is a missing number (NaN) where none is allowed.
	ReasonMissing Reason = "VALUE_MISSING"
	// ReasonConstantColumn is a column with one value everywhere, which cannot be scaled.
	ReasonConstantColumn Reason = "CONSTANT_COLUMN"
	// ReasonNoSpread is a column that varies but has an interquartile range of 0.
	ReasonNoSpread Reason = "SPREAD_ZERO"
	// ReasonOutlier is a number farther out than the declared policy allows.
	ReasonOutlier Reason = "OUTLIER"
	// ReasonTooLarge means a matrix with more rows or cells than the limits.
	ReasonTooLarge Reason = "MATRIX_TOO_LARGE"
	// ReasonSingleCluster means that an index compares clusters and there is one.
	ReasonSingleCluster Reason = "SINGLE_CLUSTER"
)

// The reasons of warnings; ReasonConstantColumn is one too.
const (
	// ReasonNotConverged means that rows still changed clusters in the last iteration
	// allowed. The result is a division all the same, and a better one is near.
	ReasonNotConverged Reason = "NOT_CONVERGED"
	// ReasonClusterEmpty means that a cluster has no row in the end.
	ReasonClusterEmpty Reason = "CLUSTER_EMPTY"
	// ReasonRowsDropped means that rows were left out for a missing value.
	ReasonRowsDropped Reason = "ROWS_DROPPED"
	// ReasonImputed means that missing values were taken to be the median.
	ReasonImputed Reason = "VALUES_IMPUTED"
	// ReasonWinsorised means that outlying values were moved to the declared quantiles.
	ReasonWinsorised Reason = "VALUES_WINSORISED"
	// ReasonIndexUndefined is an index that has no value for this division.
	ReasonIndexUndefined Reason = "INDEX_UNDEFINED"
)

// Warning says what is doubtful about a result that is given all the same.
type Warning struct {
	Reason  Reason `json:"reason" bson:"reason"`
	Message string `json:"message" bson:"message"` // plain English
	// Column is the name of the column it is about, if it is about one.
	Column string `json:"column,omitempty" bson:"column,omitempty"`
}

func warn(reason Reason, column, format string, args ...any) Warning {
	return Warning{Reason: reason, Column: column, Message: fmt.Sprintf(format, args...)}
}

// refuse is an InvalidArgument fault about a field with a reason of its own.
func refuse(reason Reason, field, format string, args ...any) *fault.Fault {
	f := fault.Invalid(field, format, args...)
	f.Reason = reason
	return f
}
