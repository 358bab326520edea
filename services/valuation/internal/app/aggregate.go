package app

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/forecast"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// Segments knows the members of segments.
type Segments interface {
	// Members yields the members of a segment by customer id, and the pass they are
	// of, some at a time.
	Members(ctx context.Context, segment string) iter.Seq2[Members, error]
}

// Members is some members of a segment.
type Members struct {
	Generation int64
	Customers  []string
}

// Aggregator adds up valuations.
type Aggregator struct {
	Store    *store.Store
	Models   Models
	Segments Segments
	Merged   func(context.Context) map[string]string // the survivor of each merged id
}

// Asked is whose valuations to add up; everybody's for the zero value.
type Asked struct {
	Matches   func(*domain.Valuation) bool // nil for all
	Customers []string                     // roots
	Named     bool                         // Customers are those asked for
	Segment   string                       // segments/{segment}
}

// Aggregate is what some customers are worth together.
type Aggregate struct {
	Summary           domain.Summary // of the refresh
	Customers         int64
	Missing           int64 // asked for, and without a valuation
	Orders            int64
	Revenue           []domain.Money
	Historic          int64
	WithHistoric      int64
	Sums              domain.PredictionSums
	Spread            forecast.Spread
	Lower, Upper      int64 // of the residual value
	Level             float64
	SegmentGeneration int64
	Warnings          []domain.Warning
}

// Method is how the interval of a residual value is made.
const Method = "normal interval from two independent deviations: of what customers will buy (futures simulated from the models, fixed seed), " +
	"and of the estimated parameters (100 draws from the covariance of their logarithms, fixed seed); never below 0"

// seed fixes what is drawn.
const seed = 5

// Aggregate adds up what is asked for in the edition that is read, in constant
// memory. ErrNone before the first refresh; MONEY_OVERFLOW.
func (a *Aggregator) Aggregate(ctx context.Context, asked Asked, level float64) (*Aggregate, error) {
	edition, err := a.Store.Publication.Current(ctx)
	if err != nil {
		return nil, err
	}
	sum := &summing{Aggregate: &Aggregate{Level: level}, sample: forecast.NewSample(seed), edition: edition}
	if sum.Summary, err = a.Store.Publication.Summary(ctx); err != nil {
		return nil, err
	}
	if sum.Summary.Generation != edition.Generation { // published meanwhile
		return a.Aggregate(ctx, asked, level)
	}
	switch {
	case asked.Segment != "":
		err = a.segment(ctx, asked.Segment, sum)
	case asked.Named:
		err = a.named(ctx, asked.Customers, sum)
	default:
		err = a.matching(ctx, asked.Matches, sum)
	}
	if err != nil {
		return nil, err
	}
	return sum.Aggregate, a.estimate(ctx, sum)
}

// summing is an aggregate that is being made.
type summing struct {
	*Aggregate
	sample  *forecast.Sample
	edition store.Edition
}

func (s *summing) add(v *domain.Valuation) error {
	s.Customers++
	s.Orders += v.Orders
	for i, m := range v.Revenue {
		if i == 0 && m.Minor == 0 && len(v.Revenue) > 1 {
			continue // its orders are in other currencies only
		}
		at := slices.IndexFunc(s.Revenue, func(r domain.Money) bool { return r.Currency == m.Currency })
		if at < 0 {
			s.Revenue = append(s.Revenue, m)
			continue
		}
		total, fits := domain.Add(s.Revenue[at].Minor, m.Minor)
		if !fits {
			return domain.Overflow(v.Customer)
		}
		s.Revenue[at].Minor = total
	}
	if v.Historic.Known {
		s.WithHistoric++
		before := s.Historic
		s.Historic += v.Historic.Minor
		if (before > 0) == (v.Historic.Minor > 0) && (s.Historic > 0) != (before > 0) && before != 0 {
			return domain.Overflow(v.Customer)
		}
	}
	if !s.Sums.Add(&v.Prediction) {
		return domain.Overflow(v.Customer)
	}
	if v.Prediction.Made && v.Prediction.Residual.Known() {
		s.sample.Add(forecast.FactsStored(v))
	}
	return nil
}

func (a *Aggregator) matching(ctx context.Context, matches func(*domain.Valuation) bool, s *summing) error {
	for v, err := range a.Store.Valuations.All(ctx, s.edition.Generation, store.Span{}) {
		if err != nil {
			return err
		}
		if s.edition.Hides(v.Customer) || matches != nil && !matches(v) {
			continue
		}
		if err := s.add(v); err != nil {
			return err
		}
	}
	return nil
}

// named adds some customers, each once.
func (a *Aggregator) named(ctx context.Context, customers []string, s *summing) error {
	customers = slices.Clone(customers)
	slices.Sort(customers)
	customers = slices.Compact(customers)
	valuations, err := a.Store.Valuations.GetMany(ctx, s.edition.Generation, customers)
	if err != nil {
		return err
	}
	for i, v := range valuations {
		if v == nil || s.edition.Hides(customers[i]) {
			s.Missing++
			continue
		}
		if err := s.add(v); err != nil {
			return err
		}
	}
	return nil
}

// segment adds the members of a segment. Several whose records were merged since
// the pass come as one: that takes memory by the number of merges.
func (a *Aggregator) segment(ctx context.Context, segment string, s *summing) error {
	roots := a.Merged(ctx)
	survivors := make(map[string]bool) // whether they were met under their own ids
	for _, root := range roots {
		survivors[root] = false
	}
	through := make(map[string]bool) // survivors met under another id
	for part, err := range a.Segments.Members(ctx, segment) {
		if err != nil {
			return err
		}
		s.SegmentGeneration = part.Generation
		var own []string
		for _, id := range part.Customers {
			if root, merged := roots[id]; merged && root != id {
				through[root] = true
				continue
			}
			if _, survives := survivors[id]; survives {
				survivors[id] = true
			}
			own = append(own, id)
		}
		if err := a.named(ctx, own, s); err != nil {
			return err
		}
	}
	var others []string
	for root := range through {
		if !survivors[root] {
			others = append(others, root)
		}
	}
	return a.named(ctx, others, s)
}

// estimate adds the interval of the residual value.
func (a *Aggregator) estimate(ctx context.Context, s *summing) error {
	slices.SortStableFunc(s.Revenue, func(x, y domain.Money) int {
		own := s.Summary.Policy.Currency
		return cmp.Or(cmp.Compare(rank(x, own), rank(y, own)), cmp.Compare(x.Currency, y.Currency))
	})
	p := s.Summary.Predictions
	if p == nil {
		s.Warnings = append(s.Warnings, domain.Warning{Reason: "NOT_PREDICTED", Message: "the last refresh made no predictions"})
		return nil
	}
	s.Warnings = append(s.Warnings, p.Warnings...)
	if s.Sums.Valued < s.Customers {
		s.Warnings = append(s.Warnings, domain.Warning{
			Reason: "RESIDUAL_PARTLY_KNOWN", Message: "some customers have no residual value: their predictions say why",
		})
	}
	if s.Sums.Valued == 0 {
		return nil
	}
	total := float64(s.Sums.Residual)
	set, err := a.Models.Load(ctx, p.Models, s.Summary.Policy.Currency)
	if err != nil {
		return err
	}
	forecaster, err := forecast.New(set, forecast.Terms{Policy: s.Summary.Policy.Prediction, Margin: p.Margin, Currency: s.Summary.Policy.Currency})
	if err != nil {
		return err
	}
	if s.Spread, err = forecaster.Spread(ctx, s.sample, total, seed); err != nil {
		return err
	}
	if !s.Spread.Told {
		s.Warnings = append(s.Warnings, domain.Warning{
			Reason: "PARAMETERS_TAKEN_AS_KNOWN", Message: "the interval leaves the uncertainty of the parameters out: the models tell no covariance",
		})
	}
	half := math.Sqrt2 * math.Erfinv(s.Level) * math.Hypot(s.Spread.Sampling, s.Spread.Parameter)
	s.Lower = domain.Told(max(0, total-half)).Amount().Minor
	s.Upper = domain.Told(total + half).Amount().Minor
	return nil
}

func rank(m domain.Money, own string) int {
	if m.Currency == own {
		return 0
	}
	return 1
}
