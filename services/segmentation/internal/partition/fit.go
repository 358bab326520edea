package partition

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/quadrant"
)

// Spec says how customers are divided. Exactly one of the methods is set.
type Spec struct {
	Zone      string
	AsOf      time.Time // zero is the present
	RFM       *RFMSpec
	KMeans    *KMeansSpec
	Quadrants *quadrant.Spec
	Crossed   *Crossed
	Rules     []Rule
	Rest      Label // of those for whom no rule holds
}

// Fitted is a model and what is to be told of its making.
type Fitted struct {
	Model    *Model
	Cuts     []Cut
	Clusters *Clusters
	Warnings []Warning
}

// Cut is where a number is parted.
type Cut struct {
	Fact  string
	At    []float64
	Basis string
}

// Warning is what the reader of a result should know of.
type Warning struct {
	Reason  string // UPPER_SNAKE
	Message string
}

func (f *Fitted) warn(reason, format string, args ...any) {
	f.Warnings = append(f.Warnings, Warning{reason, fmt.Sprintf(format, args...)})
}

func (f *Fitted) cut(fact, basis string, at ...int64) {
	c := Cut{Fact: fact, Basis: basis}
	for _, x := range at {
		c.At = append(c.At, float64(x))
	}
	f.Cuts = append(f.Cuts, c)
}

// Check refuses what cannot divide anybody: an unknown variable, labels that are given
// twice, cut points that do not ascend, a rule that does not compile.
func (s *Spec) Check(compile Compile) error {
	if _, err := ZoneOf("data.time_zone", s.Zone); err != nil {
		return err
	}
	if !s.AsOf.IsZero() && s.RFM == nil {
		return fault.Invalid("data.as_of", "must be left out: only RFM looks at an earlier instant")
	}
	if len(s.Rules) > 0 {
		return s.checkRules(compile)
	}
	var err error
	switch {
	case s.RFM != nil:
		err = s.RFM.check()
	case s.KMeans != nil:
		err = s.KMeans.check()
	case s.Quadrants != nil:
		err = s.Quadrants.Check()
	case s.Crossed != nil:
		err = s.Crossed.check()
	default:
		return fault.Invalid("method", "must be one of rules, rfm, kmeans, quadrants and crossed")
	}
	if err != nil {
		return err
	}
	_, err = s.inputs()
	return err
}

func (s *Spec) inputs() ([]input, error) {
	switch {
	case s.RFM != nil:
		return rfmInputs(s.RFM.Currency)
	case s.KMeans != nil:
		return findInputs("variables.forming", s.KMeans.Variables)
	case s.Quadrants != nil:
		return quadrantInputs(s.Quadrants.Policy())
	case s.Crossed != nil:
		return s.Crossed.inputs()
	}
	return nil, nil
}

// Reader reads the numbers that Fit takes; nil of rules, which need none.
func (s *Spec) Reader() (*Reader, error) {
	inputs, err := s.inputs()
	if err != nil || len(s.Rules) > 0 {
		return nil, err
	}
	return newReader(inputs, s.Zone, s.AsOf)
}

// Needs are the names of the variables that the method asks for, each once; of rules
// they are what the expressions read, which compile tells.
func (s *Spec) Needs(compile Compile) ([]string, error) {
	var names []string
	if len(s.Rules) > 0 {
		for i, r := range s.Rules {
			c, err := compile(r.Expression)
			if err != nil {
				return nil, inRule(i, err)
			}
			names = append(names, c.Reads()...)
		}
	} else {
		inputs, err := s.inputs()
		if err != nil {
			return nil, err
		}
		for _, in := range inputs {
			names = append(names, in.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Fit makes a model of customers' numbers: rows that lie one after the other, each of
// them the Reader's. Rules need no rows.
func (s *Spec) Fit(ctx context.Context, rows []float64, report func(done, total int, what string)) (*Fitted, error) {
	if report == nil {
		report = func(int, int, string) {}
	}
	var fitted *Fitted
	var err error
	switch {
	case len(s.Rules) > 0:
		fitted = s.fixedRules()
	case s.RFM != nil:
		fitted, err = s.RFM.fit(rows)
	case s.KMeans != nil:
		fitted, err = s.KMeans.fit(ctx, rows, report)
	case s.Quadrants != nil:
		fitted, err = fitQuadrants(s.Quadrants, rows)
	case s.Crossed != nil:
		fitted, err = s.Crossed.fit(rows)
	default:
		err = fault.Invalid("method", "must be one of rules, rfm, kmeans, quadrants and crossed")
	}
	if err != nil {
		return nil, err
	}
	fitted.Model.Zone, fitted.Model.AsOf = s.Zone, s.AsOf
	return fitted, nil
}

// Learns tells whether another draw of customers could give another model: whether the
// stability of its labels is a question.
func (s *Spec) Learns() bool {
	switch {
	case s.RFM != nil:
		r := s.RFM
		quantiles := len(r.RecencyCuts) == 0 || len(r.FrequencyCuts) == 0 || len(r.MonetaryCuts) == 0
		if r.Grouping == EightGroups {
			return r.Threshold != AtFixed
		}
		return quantiles
	case s.Quadrants != nil:
		return s.Quadrants.Learns()
	case s.Crossed != nil:
		return slices.ContainsFunc(s.Crossed.Dimensions, func(d Dimension) bool { return d.Quantiles })
	default:
		return s.KMeans != nil
	}
}
