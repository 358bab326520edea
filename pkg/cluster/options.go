package cluster

import (
	"github.com/kehuhq/kehu/pkg/fault"
)

// Init is how the first centres are chosen.
type Init string

// The ways to begin.
const (
	// InitPlusPlus draws centres far from one another: k-means++ of D. Arthur and
	// S. Vassilvitskii (2007), the best of 2+⌊ln k⌋ candidates for each.
	InitPlusPlus Init = "kmeans++"
	// InitFirst takes the first k rows.
	InitFirst Init = "first"
	// InitGiven takes Options.Centres.
	InitGiven Init = "given"
)

// The defaults of Options.
const (
	DefaultStarts     = 10
	DefaultIterations = 300
	// DefaultTolerance is that of scikit-learn.
	DefaultTolerance = 1e-4
)

// Options say how rows are divided. The zero value of a field is its default, where
// one is named.
type Options struct {
	K    int  // clusters, 1 to MaxClusters and at most as many as rows that differ
	Init Init // InitPlusPlus where empty
	// Centres are those of InitGiven: K rows of as many numbers as the matrix has
	// columns, in the units of the matrix.
	Centres []float64
	// Starts is how often to begin with other centres, of which the best result is
	// kept: DefaultStarts with InitPlusPlus, otherwise always 1.
	Starts int
	// Iterations are the most in a start, DefaultIterations where 0.
	Iterations int
	// Tolerance ends a start once the squares of the moves of the centres add up to no
	// more than Tolerance times the mean variance of the columns. 0 goes on until no
	// row changes its cluster.
	Tolerance float64
	Seed      uint64
	// Workers divide the work, one for each processor where 0. The result does not
	// depend on it.
	Workers int
	// Report is told of each iteration, from the calling goroutine.
	Report func(Progress)
}

// Progress is how far a division has come.
type Progress struct {
	Start      int   // from 1
	Starts     int   // in all
	Iteration  int   // of the start, from 1
	Relabelled int64 // rows that changed their cluster
	// Shift is the sum of the squared moves of the centres.
	Shift float64
}

func (o Options) withDefaults() Options {
	if o.Init == "" {
		o.Init = InitPlusPlus
	}
	switch {
	case o.Init != InitPlusPlus && o.Starts >= 0:
		o.Starts = 1
	case o.Starts == 0:
		o.Starts = DefaultStarts
	}
	if o.Iterations == 0 {
		o.Iterations = DefaultIterations
	}
	o.Workers = workersOr(o.Workers)
	if o.Report == nil {
		o.Report = func(Progress) {}
	}
	return o
}

// check refuses options that are wrong by themselves or for the matrix.
func (o Options) check(m Matrix) error {
	if err := o.alone(); err != nil {
		return err
	}
	if err := m.finite(); err != nil {
		return err
	}
	if o.K > m.Rows() {
		return refuse(ReasonTooFewRows, "k", "must be at most %d, the number of rows, is %d", m.Rows(), o.K)
	}
	if distinct, enough := m.hasDistinct(o.K); !enough {
		return refuse(ReasonTooFewDistinctRows, "k", "must be at most %d, the number of rows that differ, is %d", distinct, o.K)
	}
	if o.Init == InitGiven {
		return o.checkCentres(m)
	}
	if len(o.Centres) > 0 {
		return fault.Invalid("centres", "must be left out with init %q", o.Init)
	}
	return nil
}

func (o Options) alone() error {
	switch {
	case o.K < 1 || o.K > MaxClusters:
		return fault.Invalid("k", "must be 1 to %d, is %d", MaxClusters, o.K)
	case o.Init != InitPlusPlus && o.Init != InitFirst && o.Init != InitGiven:
		return fault.Invalid("init", "must be %q, %q or %q, is %.40q", InitPlusPlus, InitFirst, InitGiven, string(o.Init))
	case o.Starts < 1 || o.Starts > MaxStarts:
		return fault.Invalid("starts", "must be 1 to %d, is %d", MaxStarts, o.Starts)
	case o.Iterations < 1 || o.Iterations > MaxIterations:
		return fault.Invalid("iterations", "must be 1 to %d, is %d", MaxIterations, o.Iterations)
	case !(o.Tolerance >= 0 && o.Tolerance <= MaxMagnitude):
		return fault.Invalid("tolerance", "must be a number of 0 or more, is %g", o.Tolerance)
	}
	return nil
}

func (o Options) checkCentres(m Matrix) error {
	if len(o.Centres) != o.K*m.Columns() {
		return fault.Invalid("centres", "must be %d rows of %d numbers, are %d numbers", o.K, m.Columns(), len(o.Centres))
	}
	if err := (Matrix{Names: m.Names, Values: o.Centres}).finite(); err != nil {
		f, _ := fault.As(err)
		return refuse(f.Reason, "centres", "must be finite numbers: %s", f.Message)
	}
	return nil
}
