package cluster

import (
	"github.com/kehuhq/kehu/pkg/fault"
)

// Scaling is how columns in different units are made comparable: (x − centre)/scale.
type Scaling string

// The scalings.
const (
	// ScaleNone leaves numbers as they are: columns with larger ones weigh more.
	ScaleNone Scaling = "none"
	// ScaleStandard takes the mean from a number and divides by √(Σ(x−x̄)²/n).
	ScaleStandard Scaling = "standard"
	// ScaleMinMax brings the least to 0 and the greatest to 1.
	ScaleMinMax Scaling = "minmax"
	// ScaleRobust takes the median and divides by the interquartile range, by which
	// far outlying numbers do not press the others together.
	ScaleRobust Scaling = "robust"
)

// OutlierPolicy is what is done about numbers far from the others of their column.
type OutlierPolicy string

// The policies for outliers.
const (
	OutliersKeep      OutlierPolicy = "keep"
	OutliersWinsorise OutlierPolicy = "winsorise" // move them to the quantiles Tail and 1−Tail
	OutliersRefuse    OutlierPolicy = "refuse"    // if more than Z standard deviations from the mean
)

// Outliers is a policy with its threshold. The zero value keeps them.
type Outliers struct {
	Policy OutlierPolicy `json:"policy" bson:"policy"`
	// Tail is the share of a column at either end that is moved to its quantile, above
	// 0 and below 0.5, e.g. 0.01.
	Tail float64 `json:"tail,omitempty" bson:"tail,omitempty"`
	// Z is in standard deviations, 1 or more, e.g. 6.
	Z float64 `json:"z,omitempty" bson:"z,omitempty"`
}

// MissingPolicy is what is done about a missing number (NaN).
type MissingPolicy string

// The policies for missing numbers.
const (
	MissingRefuse MissingPolicy = "refuse" // a fault that names row and column
	MissingDrop   MissingPolicy = "drop"   // leave the row out, and count it
	MissingMedian MissingPolicy = "median" // take the median of the column, and count it
)

// ConstantPolicy is what is done about a column with one value everywhere, which
// cannot be scaled and tells no rows apart.
type ConstantPolicy string

// The policies for constant columns.
const (
	ConstantRefuse ConstantPolicy = "refuse"
	ConstantKeep   ConstantPolicy = "keep" // with a warning; its scale is 1
)

// Preparation declares what is done to numbers before they are compared. The zero
// value scales nothing, keeps outliers, refuses missing numbers and, where a scaling
// divides by their spread, constant columns.
type Preparation struct {
	Scaling  Scaling        `json:"scaling" bson:"scaling"`
	Outliers Outliers       `json:"outliers" bson:"outliers"`
	Missing  MissingPolicy  `json:"missing" bson:"missing"`
	Constant ConstantPolicy `json:"constant" bson:"constant"`
}

func (p Preparation) withDefaults() Preparation {
	if p.Scaling == "" {
		p.Scaling = ScaleNone
	}
	if p.Outliers.Policy == "" {
		p.Outliers.Policy = OutliersKeep
	}
	if p.Missing == "" {
		p.Missing = MissingRefuse
	}
	if p.Constant == "" {
		p.Constant = ConstantRefuse
	}
	return p
}

func (p Preparation) check() error {
	switch p.Scaling {
	case ScaleNone, ScaleStandard, ScaleMinMax, ScaleRobust:
	default:
		return fault.Invalid("scaling", "must be %q, %q, %q or %q, is %.40q", ScaleNone, ScaleStandard, ScaleMinMax, ScaleRobust, string(p.Scaling))
	}
	switch p.Missing {
	case MissingRefuse, MissingDrop, MissingMedian:
	default:
		return fault.Invalid("missing", "must be %q, %q or %q, is %.40q", MissingRefuse, MissingDrop, MissingMedian, string(p.Missing))
	}
	if p.Constant != ConstantRefuse && p.Constant != ConstantKeep {
		return fault.Invalid("constant", "must be %q or %q, is %.40q", ConstantRefuse, ConstantKeep, string(p.Constant))
	}
	return p.Outliers.check()
}

func (o Outliers) check() error {
	switch {
	case o.Policy != OutliersKeep && o.Policy != OutliersWinsorise && o.Policy != OutliersRefuse:
		return fault.Invalid("outliers.policy", "must be %q, %q or %q, is %.40q", OutliersKeep, OutliersWinsorise, OutliersRefuse, string(o.Policy))
	case o.Policy == OutliersWinsorise && !(o.Tail > 0 && o.Tail < 0.5):
		return fault.Invalid("outliers.tail", "must be above 0 and below 0.5, is %g", o.Tail)
	case o.Policy == OutliersRefuse && !(o.Z >= 1 && o.Z <= MaxMagnitude):
		return fault.Invalid("outliers.z", "must be 1 or more, is %g", o.Z)
	case o.Policy != OutliersWinsorise && o.Tail != 0:
		return fault.Invalid("outliers.tail", "must be left out with the policy %q", string(o.Policy))
	case o.Policy != OutliersRefuse && o.Z != 0:
		return fault.Invalid("outliers.z", "must be left out with the policy %q", string(o.Policy))
	}
	return nil
}
