// Package stat scores customers and estimates rates: values in, values out. It
// reads no clock, does no I/O, and draws random numbers only from a seed that is given.
//
//   - Score, Cuts: quantile scores as in RFM analysis, and the cut points behind them.
//   - Purchases: recency, frequency and monetary value of orders in columns.
//   - EnglishSegment, GroupOf: the eleven English and the eight Chinese RFM groups.
//   - Histogram, TopShares: distributions in mergeable form, and concentration.
//   - FitPoisson: Poisson regression, the baseline of predictions.
//   - EstimateNPS, Wilson: survey metrics with a named interval.
//   - OneWayAnova, KruskalWallis, Contingency: whether groups differ, with the size of
//     the effect and the rule of reading it.
//   - PSI, FreezeBins: how far a sample has moved from another.
//   - Holm, BenjaminiHochberg: p-values of several tests.
//   - AdjustedRand, Jaccard, BootstrapJaccard: how far two partitions agree, and how
//     well clusters are found again in resamples.
//   - LiftOfShares, LiftOfMeans, Peeking: what a treatment changed against a hold-out,
//     looked at once or at any time.
package stat

import "fmt"

// ArgumentError says which argument is outside a function's domain and what
// would be right. Callers match it with errors.As and name their own field.
type ArgumentError struct {
	Argument    string // name of the parameter, e.g. "level"
	Requirement string // e.g. "must lie between 0 and 1, got 95"
}

// Error is the argument followed by its requirement.
func (e *ArgumentError) Error() string { return "stat: " + e.Argument + " " + e.Requirement }

func outside(argument, format string, args ...any) error {
	return &ArgumentError{Argument: argument, Requirement: fmt.Sprintf(format, args...)}
}
