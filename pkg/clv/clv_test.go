package clv_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/clv"
	"github.com/kehuhq/kehu/pkg/fault"
)

func drawPlan(t *rapid.T) clv.Plan {
	return clv.Plan{
		Margins:        rapid.SliceOfN(rapid.Int64Range(-1_000_000, 10_000_000), 1, 60).Draw(t, "margins"),
		PeriodsPerYear: rapid.SampledFrom([]int{1, 2, 4, 12, 52, 365}).Draw(t, "n"),
		Retention:      rapid.Float64Range(0, 1).Draw(t, "retention"),
		DiscountRate:   rapid.Float64Range(0, 2).Draw(t, "discount rate"),
		Timing:         rapid.SampledFrom([]clv.Timing{clv.Start, clv.End}).Draw(t, "timing"),
		Historic:       rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "historic"),
	}
}

func value(t interface {
	Helper()
	Fatal(...any)
}, p clv.Plan) *clv.Result {
	t.Helper()
	r, err := clv.Of(p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A level margin is a geometric series.
func TestLevelMarginIsTheClosedForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		margin, n := rapid.Int64Range(1, 1_000_000_000).Draw(t, "margin"), rapid.IntRange(1, 240).Draw(t, "periods")
		p.Margins = clv.Level(margin, n)
		r := value(t, p)
		rho := r.PeriodRetention / (1 + r.PeriodDiscount)
		want := float64(margin) * float64(n)
		if 1-rho > 1e-9 {
			want = float64(margin) * (1 - math.Pow(rho, float64(n))) / (1 - rho)
		}
		if p.Timing == clv.End {
			want *= rho
		}
		if math.Abs(float64(r.Residual)-want) > 0.5+1e-6*want {
			t.Fatalf("residual %d, closed form %v", r.Residual, want)
		}
		if r.Total != r.Historic+r.Residual || r.Historic != p.Historic {
			t.Fatalf("%d and %d make %d", r.Historic, r.Residual, r.Total)
		}
	})
}

func TestKnownValue(t *testing.T) {
	// 100.00 a year, four in five stay, 10 %: ρ = 0.8/1.1.
	p := clv.Plan{Margins: clv.Level(10_000, 5), PeriodsPerYear: 1, Retention: 0.8, DiscountRate: 0.1, Timing: clv.End, Historic: 25_000}
	// 10000·(8/11)·(1−(8/11)^5)/(1−8/11) = 10000·(8/3)·(1−(8/11)^5)
	want := int64(math.Round(10_000 * 8.0 / 3 * (1 - 32768.0/161051)))
	if r := value(t, p); r.Residual != want || r.Total != want+25_000 {
		t.Errorf("residual %d, want %d; total %d", r.Residual, want, r.Total)
	}
	p.Timing = clv.Start
	if r := value(t, p); r.Periods[0].Value != 10_000 || r.Periods[0].T != 0 || r.Periods[4].T != 4 {
		t.Errorf("at the start the first margin is certain and due now: %+v", r.Periods)
	}
}

// Twelve months compound to the year's rates.
func TestPeriodRatesCompoundToTheYear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		n := float64(p.PeriodsPerYear)
		if got := math.Pow(1+p.PeriodDiscount(), n); math.Abs(got-1-p.DiscountRate) > 1e-11 {
			t.Fatalf("discount compounds to %v, not %v", got-1, p.DiscountRate)
		}
		if got := math.Pow(p.PeriodRetention(), n); math.Abs(got-p.Retention) > 1e-11 {
			t.Fatalf("retention compounds to %v, not %v", got, p.Retention)
		}
	})
}

func TestRoundingIsHalfToEvenAndOnce(t *testing.T) {
	half := clv.Plan{Margins: []int64{0, 1}, PeriodsPerYear: 1, Retention: 0.5, DiscountRate: 0, Timing: clv.Start}
	for margin, want := range map[int64]int64{1: 0, 3: 2, 5: 2, -1: 0, -3: -2} {
		half.Margins[1] = margin
		if got := value(t, half).Residual; got != want {
			t.Errorf("%d/2 became %d, want %d", margin, got, want)
		}
	}
	thirds := clv.Plan{Margins: clv.Level(1, 4), PeriodsPerYear: 1, Retention: 0.5, Timing: clv.Start}
	if got := value(t, thirds).Residual; got != 2 { // 1.875, where each rounded by itself makes 1
		t.Errorf("1 + 0.5 + 0.25 + 0.125 became %d", got)
	}
}

func TestElasticitiesAreDerivatives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		p.Retention = rapid.Float64Range(0.05, 0.95).Draw(t, "retention")
		p.DiscountRate = rapid.Float64Range(0.01, 1).Draw(t, "rate")
		p.Margins = clv.Level(rapid.Int64Range(1e9, 1e11).Draw(t, "margin"), len(p.Margins))
		e, err := p.Elasticities()
		if err != nil {
			t.Fatal(err)
		}
		const h = 1e-4
		differ := func(change func(*clv.Plan, float64)) float64 {
			up, down := p, p
			change(&up, math.Exp(h))
			change(&down, math.Exp(-h))
			return (math.Log(unrounded(t, up)) - math.Log(unrounded(t, down))) / (2 * h)
		}
		r := differ(func(p *clv.Plan, k float64) { p.Retention *= k })
		d := differ(func(p *clv.Plan, k float64) { p.DiscountRate *= k })
		if math.Abs(r-e.Retention) > 1e-4*(1+r) || math.Abs(d-e.DiscountRate) > 1e-4*(1-d) {
			t.Fatalf("elasticities %+v, differences %v and %v", e, r, d)
		}
	})
}

func unrounded(t *rapid.T, p clv.Plan) float64 {
	var sum float64
	for _, at := range value(t, p).Periods {
		sum += at.Value
	}
	return sum
}

func TestGrid(t *testing.T) {
	p := clv.Plan{Margins: []int64{500_000, 700_000}, PeriodsPerYear: 1, Retention: 0.7, DiscountRate: 0.1, Timing: clv.End}
	grid, err := p.Grid([]int{1, 2, 5}, []float64{0.05, 0.1}, []float64{0.6, 0.7, 0.8})
	if err != nil {
		t.Fatal(err)
	}
	if len(grid) != 18 {
		t.Fatalf("%d scenarios", len(grid))
	}
	base := value(t, p).Residual
	for i, s := range grid {
		if s.Periods == 2 && s.DiscountRate == 0.1 && s.Retention == 0.7 && (s.Residual != base || s.Change != 0) {
			t.Errorf("the plan itself is %+v, not %d", s, base)
		}
		if i%3 > 0 && s.Residual <= grid[i-1].Residual {
			t.Errorf("value falls with retention: %+v after %+v", s, grid[i-1])
		}
	}
	longer := p
	longer.Margins = []int64{500_000, 700_000, 700_000, 700_000, 700_000}
	if last := grid[len(grid)-2]; last.Residual != value(t, longer).Residual {
		t.Errorf("five periods come to %d, not %d", last.Residual, value(t, longer).Residual)
	}
	if _, err := p.Grid([]int{0}, nil, nil); fault.ReasonOf(err) != "INVALID_FIELD" {
		t.Errorf("no periods: %v", err)
	}
	if _, err := p.Grid(make([]int, 10_001), nil, nil); fault.ReasonOf(err) != "INVALID_FIELD" {
		t.Errorf("too many: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	good := clv.Plan{Margins: []int64{1}, PeriodsPerYear: 12, Retention: 0.5, DiscountRate: 0.1, Timing: clv.Start}
	for field, spoil := range map[string]func(*clv.Plan){
		"periods":          func(p *clv.Plan) { p.Margins = nil },
		"margin":           func(p *clv.Plan) { p.Margins = []int64{math.MinInt64} },
		"historic":         func(p *clv.Plan) { p.Historic = math.MaxInt64 },
		"periods_per_year": func(p *clv.Plan) { p.PeriodsPerYear = 0 },
		"retention":        func(p *clv.Plan) { p.Retention = math.NaN() },
		"discount_rate":    func(p *clv.Plan) { p.DiscountRate = math.Inf(1) },
		"timing":           func(p *clv.Plan) { p.Timing = "middle" },
	} {
		p := good
		spoil(&p)
		_, err := clv.Of(p)
		f, ok := fault.As(err)
		if !ok || len(f.Violations) != 1 || f.Violations[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	none := good
	none.Margins = []int64{0}
	if _, err := none.Elasticities(); fault.ReasonOf(err) != "VALUE_ZERO" {
		t.Errorf("nothing: %v", err)
	}
	lost := good
	lost.Retention, lost.Timing = 0, clv.End
	if r := value(t, lost); r.Residual != 0 {
		t.Errorf("nobody stays, and yet %d", r.Residual)
	}
}
