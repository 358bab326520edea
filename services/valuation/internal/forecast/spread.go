package forecast

import (
	"context"
	"math"
	"math/rand/v2"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// Measured is how many customers of an aggregate are measured at most.
const Measured = 1000

const (
	parameterDraws = 100
	futures        = 20_000 // simulated in all
	mostFutures    = 200    // of one customer
)

// Spread is how far the sum of residual values may be off, in minor units.
type Spread struct {
	// Sampling is the standard deviation of what customers will buy, were the parameters known.
	Sampling float64
	// Parameter is that by the parameters' being estimated; Told says whether the
	// models tell their covariance.
	Parameter float64
	Told      bool
	Measured  int // customers
	Draws     int // of parameters
}

// Sample is some customers of many, each as likely as any other: all of them up
// to Measured. It is filled in one pass (A. J. Waterman's algorithm R; J. S. Vitter,
// Random sampling with a reservoir, ACM TOMS 11, 1985).
type Sample struct {
	Facts  []Facts
	All    int64
	random *rand.Rand
}

// NewSample makes an empty one: the same for the same seed and customers.
func NewSample(seed uint64) *Sample { return &Sample{random: rand.New(rand.NewPCG(seed, 0x6b656875))} }

// Add counts a customer.
func (s *Sample) Add(f Facts) {
	s.All++
	if len(s.Facts) < Measured {
		s.Facts = append(s.Facts, f)
		return
	}
	if at := s.random.Int64N(s.All); at < Measured {
		s.Facts[at] = f
	}
}

// Spread measures both uncertainties on the sample and raises them to all its
// customers, whose residual values come to total minor units:
//
// Sampling: the future of each is simulated from what is known of it (the rate of
// orders, the chance of having left and the money per order, each from its
// distribution given the history), and the mean squared distance from what was
// expected is its variance. Customers are independent, so that variances add.
//
// Parameters: the logarithms of all parameters are drawn from the normal
// distribution with the covariance of the fit, and the sample's sum is taken anew
// for each draw. They move all customers together, so that deviations add.
func (f *Forecaster) Spread(ctx context.Context, s *Sample, total float64, seed uint64) (Spread, error) {
	spread := Spread{Measured: len(s.Facts)}
	if len(s.Facts) == 0 || f.Set.Purchases == nil || f.spend == nil {
		return spread, nil
	}
	expected := make([]float64, len(s.Facts))
	var sum float64
	for i, facts := range s.Facts {
		expected[i] = f.value(facts)
		sum += expected[i]
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		spread.Sampling, err = f.sampling(ctx, s, expected, seed)
		return err
	})
	var deviation float64
	group.Go(func() (err error) {
		deviation, spread.Draws, err = f.parameters(ctx, s, seed+1)
		return err
	})
	if err := group.Wait(); err != nil {
		return Spread{}, err
	}
	if spread.Told = spread.Draws > 0 && sum > 0; spread.Told {
		spread.Parameter = deviation / sum * total
	}
	return spread, nil
}

// value is the residual value of a customer, minor units, 0 where it is not known.
func (f *Forecaster) value(facts Facts) float64 {
	v := times(f.orders.count(facts).discounted, times(f.orderValue(facts), domain.Figure{Value: f.Terms.Margin.Rate, Why: f.Terms.Margin.Why}))
	if !v.Known() {
		return 0
	}
	return v.Value
}

func (f *Forecaster) sampling(ctx context.Context, s *Sample, expected []float64, seed uint64) (float64, error) {
	random := rand.New(rand.NewPCG(seed, 1))
	each := min(max(1, futures/len(s.Facts)), mostFutures)
	var variance float64
	for i, facts := range s.Facts {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if expected[i] == 0 {
			continue
		}
		var squares float64
		for range each {
			d := f.future(facts, random) - expected[i]
			squares += d * d
		}
		variance += squares / float64(each)
	}
	return math.Sqrt(variance * float64(s.All) / float64(len(s.Facts))), nil
}

// mostOrders of one future are counted; a customer of whom more are expected is
// as certain as they come.
const mostOrders = 100_000

// future draws what a customer brings within the value horizon, discounted margin
// in minor units.
func (f *Forecaster) future(facts Facts, random *rand.Rand) float64 {
	c := f.orders
	h := facts.History(c.unitDays)
	alive, err := c.model.Alive(h)
	if err != nil || random.Float64() >= alive {
		return 0
	}
	shape, scale := c.rate(h)
	rate := gamma(shape, scale, random)
	horizon := float64(f.Terms.Policy.ValueHorizonDays) / c.unitDays
	delta := math.Log1p(f.Terms.Policy.DiscountRate) * c.unitDays / 365
	leaves, leaving := c.leaving(h, random)
	horizon = min(horizon, leaves)

	days, mean := f.mean(facts)
	n := float64(days)
	perOrder := gamma(f.spend.Q+f.spend.P*n, f.spend.V+n*mean, random)
	var brought float64
	at := 0.0
	for range mostOrders {
		if at += random.ExpFloat64() / rate; !(at <= horizon) {
			break
		}
		brought += gamma(f.spend.P, perOrder, random) * math.Exp(-delta*at)
		if random.Float64() < leaving {
			break
		}
	}
	return brought * f.minor * f.Terms.Margin.Rate
}

// gamma draws from the distribution with the mean shape/rate.
func gamma(shape, rate float64, random *rand.Rand) float64 {
	return distuv.Gamma{Alpha: shape, Beta: rate, Src: random}.Rand()
}

// parameters is the standard deviation of the sample's sum by draws of the
// parameters, and how many draws there were.
func (f *Forecaster) parameters(ctx context.Context, s *Sample, seed uint64) (float64, int, error) {
	random := rand.New(rand.NewPCG(seed, 2))
	purchases, spend := newDraw(f.Set.Purchases), newDraw(f.Set.Spend)
	if purchases == nil || spend == nil {
		return 0, 0, nil
	}
	var n, mean, squares float64
	for range parameterDraws {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		drawn, err := New(Set{Purchases: purchases.draw(random), Spend: spend.draw(random)}, f.Terms)
		if err != nil {
			continue // far out, where the formulas are not kept accurate
		}
		var sum float64
		for _, facts := range s.Facts {
			sum += drawn.value(facts)
		}
		n++
		step := sum - mean
		mean += step / n
		squares += step * (sum - mean)
	}
	if n < parameterDraws/2 {
		return 0, 0, nil
	}
	return math.Sqrt(squares / (n - 1)), int(n), nil
}

// draw draws parameters of a model.
type draw struct {
	model *Model
	lower mat.TriDense // of the covariance's Cholesky factors
}

// newDraw is nil for a model that tells no covariance.
func newDraw(m *Model) *draw {
	if m == nil || len(m.LogCovariance) != len(m.Parameters) {
		return nil
	}
	n := len(m.Parameters)
	covariance := mat.NewSymDense(n, nil)
	for i := range n {
		if len(m.LogCovariance[i]) != n {
			return nil
		}
		for j := i; j < n; j++ {
			covariance.SetSym(i, j, m.LogCovariance[i][j])
		}
	}
	var factors mat.Cholesky
	if !factors.Factorize(covariance) {
		return nil
	}
	d := &draw{model: m}
	factors.LTo(&d.lower)
	return d
}

func (d *draw) draw(random *rand.Rand) *Model {
	n := len(d.model.Parameters)
	z := make([]float64, n)
	for i := range z {
		z[i] = random.NormFloat64()
	}
	drawn := *d.model
	drawn.Parameters = make([]float64, n)
	for i := range n {
		log := math.Log(d.model.Parameters[i])
		for j := range i + 1 {
			log += d.lower.At(i, j) * z[j]
		}
		drawn.Parameters[i] = math.Exp(log)
	}
	return &drawn
}
