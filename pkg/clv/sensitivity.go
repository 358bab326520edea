package clv

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Elasticities are by how many percent the residual value V changes, to first
// order, when one rate changes by one percent of itself:
//
//	(x/V)·∂V/∂x
//
// With s = (1/V)·Σ (t/n)·mₜ·rᵗ/(1+d)ᵗ, the years until the value falls due on
// average, retention's is s and the discount rate's −D/(1+D)·s. Margin's is 1.
type Elasticities struct {
	Retention    float64
	DiscountRate float64
	// Years is s. Where margins change their sign it is no average and may be negative.
	Years float64
}

// Elasticities differentiates the residual value. Faults: Plan.Check's, and
// VALUE_ZERO where the value is 0, of which there is no percent.
func (p Plan) Elasticities() (Elasticities, error) {
	if err := p.Check(); err != nil {
		return Elasticities{}, err
	}
	periods := p.terms()
	value := total(periods)
	for i := range periods {
		periods[i].Value *= float64(periods[i].T) / float64(p.PeriodsPerYear)
	}
	years := total(periods) / value
	if math.IsNaN(years) || math.IsInf(years, 0) {
		return Elasticities{}, fault.New(fault.FailedPrecondition, "VALUE_ZERO", "the residual value is 0: elasticities are percentages of it")
	}
	return Elasticities{Retention: years, DiscountRate: -p.DiscountRate / (1 + p.DiscountRate) * years, Years: years}, nil
}

// Scenario is a plan with other terms, and what it comes to.
type Scenario struct {
	Periods      int
	DiscountRate float64 // annual
	Retention    float64 // annual
	Residual     int64   // minor units
	// Change is Residual over that of the plan itself, less 1; 0 where that is 0.
	Change float64
}

// MaxScenarios is how many scenarios a grid may have.
const MaxScenarios = 10_000

// Grid works out the plan for each combination of numbers of periods, annual
// discount rates and annual retentions, in this order, the last changing fastest.
// An empty list stands for the plan's own. More periods than the plan has repeat
// its last margin. Faults are Plan.Check's of the first scenario that is wrong.
func (p Plan) Grid(periods []int, discountRates, retentions []float64) ([]Scenario, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if len(periods) == 0 {
		periods = []int{len(p.Margins)}
	}
	if len(discountRates) == 0 {
		discountRates = []float64{p.DiscountRate}
	}
	if len(retentions) == 0 {
		retentions = []float64{p.Retention}
	}
	if n := len(periods) * len(discountRates) * len(retentions); n > MaxScenarios {
		return nil, fault.Invalid("scenarios", "must be %d at most, are %d", MaxScenarios, n)
	}
	base := math.RoundToEven(p.residual())
	var scenarios []Scenario
	for _, n := range periods {
		for _, discountRate := range discountRates {
			for _, retention := range retentions {
				other := p.over(n)
				other.DiscountRate, other.Retention = discountRate, retention
				result, err := Of(other)
				if err != nil {
					return nil, err
				}
				s := Scenario{Periods: n, DiscountRate: discountRate, Retention: retention, Residual: result.Residual}
				if base != 0 {
					s.Change = float64(s.Residual)/base - 1
				}
				scenarios = append(scenarios, s)
			}
		}
	}
	return scenarios, nil
}

// over is the plan for another number of periods.
func (p Plan) over(periods int) Plan {
	if periods <= len(p.Margins) {
		p.Margins = p.Margins[:max(periods, 0)]
		return p
	}
	last := p.Margins[len(p.Margins)-1]
	more := Level(last, periods)
	copy(more, p.Margins)
	p.Margins = more
	return p
}
