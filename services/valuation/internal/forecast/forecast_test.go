package forecast

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// Models as they come out of the CDNOW sample.
var (
	bg     = &Model{ID: "bg", Kind: BGNBD, Parameters: []float64{0.2426, 4.4135, 0.7929, 2.4258}, UnitDays: 7}
	mbg    = &Model{ID: "mbg", Kind: MBGNBD, Parameters: []float64{0.5248, 6.1830, 0.8914, 1.6140}, UnitDays: 7}
	pareto = &Model{ID: "pareto", Kind: ParetoNBD, Parameters: []float64{0.5533, 10.5776, 0.6062, 11.6679}, UnitDays: 7}
	gg     = &Model{ID: "gg", Kind: GammaGamma, Parameters: []float64{6.25, 3.74, 15.44}, UnitDays: 7, Currency: "USD"}
)

func init() {
	for _, m := range []*Model{bg, mbg, pareto, gg} {
		for i := range m.Parameters {
			row := make([]float64, len(m.Parameters))
			row[i] = 0.01
			m.LogCovariance = append(m.LogCovariance, row)
		}
	}
}

func terms() Terms {
	return Terms{
		Policy: domain.PredictionPolicy{
			HorizonDays: 365, ValueHorizonDays: 1095, DiscountRate: 0.1, Churn: domain.NoPurchaseWithin, ChurnThreshold: 0.8, OverdueFactor: 2,
		},
		Margin: domain.Margin{Rate: 0.4, Stated: true}, Currency: "USD",
	}
}

func forecaster(t testing.TB, purchases *Model, change ...func(*Terms)) *Forecaster {
	t.Helper()
	own := terms()
	for _, c := range change {
		c(&own)
	}
	f, err := New(Set{Purchases: purchases, Spend: gg}, own)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func drawFacts(t *rapid.T) Facts {
	f := Facts{AgeDays: rapid.Int64Range(0, 4000).Draw(t, "age")}
	f.RecencyDays = rapid.Int64Range(0, f.AgeDays).Draw(t, "recency")
	f.Repeats = rapid.Int64Range(0, min(200, f.AgeDays-f.RecencyDays)).Draw(t, "repeats")
	if f.Repeats == 0 {
		f.RecencyDays = f.AgeDays
		return f
	}
	f.GapHalves = rapid.Int64Range(2, 200).Draw(t, "gaps")
	f.RepeatDays = f.Repeats
	f.RepeatRevenue = rapid.Int64Range(0, 1_000_000).Draw(t, "revenue")
	return f
}

// TestPredictionsHangTogether, by every model and whatever the customer.
func TestPredictionsHangTogether(t *testing.T) {
	for _, m := range []*Model{bg, mbg, pareto} {
		f := forecaster(t, m)
		rapid.Check(t, func(t *rapid.T) {
			facts := drawFacts(t)
			p := f.Predict(facts)
			for name, v := range map[string]domain.Figure{"alive": p.Alive, "churn": p.Churn} {
				if v.Known() && !(v.Value >= 0 && v.Value <= 1) {
					t.Fatalf("%s of %+v is %g", name, facts, v.Value)
				}
			}
			if (m.Kind == BGNBD) != (p.Churn.Why == domain.NoRepeatObserved) {
				t.Fatalf("churn by %s is %+v", m.ID, p.Churn)
			}
			if !p.Orders.Known() || !(p.Orders.Value >= 0) || !p.NextDays.Known() || !(p.NextDays.Value > 0) {
				t.Fatalf("orders %+v, next %+v", p.Orders, p.NextDays)
			}
			if facts.RepeatDays > 0 && facts.RepeatRevenue == 0 && p.Residual.Why != domain.SpendNotPositive {
				t.Fatalf("the residual value of who paid nothing is %+v", p.Residual)
			}
			if (facts.Repeats >= rhythmOrders) != p.Overdue.Known() {
				t.Fatalf("overdue by %+v with %d repeats", p.Overdue, facts.Repeats)
			}
			if !p.AtRisk.Known() {
				return
			}
			want := float64(p.IfAlive.Minor) * (1 - p.Alive.Value)
			if math.Abs(float64(p.AtRisk.Minor)-want) > 1 || p.Residual.Minor > p.IfAlive.Minor+1 {
				t.Fatalf("at risk is %d of %d if alive, %g alive; residual %d", p.AtRisk.Minor, p.IfAlive.Minor, p.Alive.Value, p.Residual.Minor)
			}
		})
	}
}

// TestDiscountedOrders compares with the sum of what is expected day by day.
func TestDiscountedOrders(t *testing.T) {
	for _, m := range []*Model{bg, mbg, pareto} {
		f := forecaster(t, m)
		for _, facts := range []Facts{
			{AgeDays: 0}, {AgeDays: 300, RecencyDays: 300}, {Repeats: 2, AgeDays: 270, RecencyDays: 60}, {Repeats: 26, AgeDays: 270, RecencyDays: 3},
		} {
			c := f.orders
			var want, before float64
			const parts = 4
			for day := 1; day <= 1095*parts; day++ {
				at := float64(day) / parts
				now, err := c.model.Expected(facts.History(7), at/7)
				if err != nil {
					t.Fatal(err)
				}
				want += (now - before) * math.Pow(1.1, -(at-0.5/parts)/365)
				before = now
			}
			got := c.count(facts).discounted.Value
			if math.Abs(got/want-1) > 1e-5 {
				t.Errorf("%s, %+v: %.9g, want %.9g", m.ID, facts, got, want)
			}
		}
	}
}

// TestNextOrderIsTheMedian: half of the customers who are alive order within the
// time told, where none leaves.
func TestNextOrderIsTheMedian(t *testing.T) {
	f := forecaster(t, mbg)
	facts := Facts{Repeats: 3, AgeDays: 200, RecencyDays: 20}
	shape, scale := f.orders.rate(facts.History(7))
	random := rand.New(rand.NewPCG(3, 4))
	within, n := 0, 20_000
	for range n {
		if 7*random.ExpFloat64()/gamma(shape, scale, random) <= f.Predict(facts).NextDays.Value {
			within++
		}
	}
	if share := float64(within) / float64(n); math.Abs(share-0.5) > 4*0.5/math.Sqrt(float64(n)) {
		t.Errorf("a share of %g ordered within the median", share)
	}
}

func TestChurnDefinitions(t *testing.T) {
	facts := Facts{Repeats: 3, AgeDays: 400, RecencyDays: 90, GapHalves: 60}
	p := forecaster(t, mbg, func(own *Terms) { own.Policy.Churn = domain.Overdue }).Predict(facts)
	if !p.ChurnKnown || !p.Churned || p.Churn.Why != domain.ChurnByRhythm || math.Abs(p.Overdue.Value-1.5) > 1e-12 {
		t.Errorf("90 days after gaps of 30: %+v", p)
	}
	facts.RecencyDays = 50
	if p = forecaster(t, mbg, func(own *Terms) { own.Policy.Churn = domain.Overdue }).Predict(facts); p.Churned {
		t.Errorf("50 days after gaps of 30: %+v", p)
	}
	once := Facts{AgeDays: 900, RecencyDays: 900}
	if p = forecaster(t, mbg).Predict(once); !p.ChurnKnown || !p.Churned {
		t.Errorf("one order 900 days ago: %+v", p)
	}
	if p = forecaster(t, bg).Predict(once); p.ChurnKnown || p.Alive.Why != domain.NoRepeatObserved {
		t.Errorf("one order, by BG/NBD: %+v", p)
	}
	own := terms()
	f, err := New(Set{Purchases: bg, Churn: pareto, Spend: gg}, own)
	if err != nil {
		t.Fatal(err)
	}
	if p = f.Predict(once); !p.Churn.Known() || !p.AtRisk.Known() {
		t.Errorf("BG/NBD with a Pareto/NBD beside it: %+v", p)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	facts := Facts{AgeDays: 100, RecencyDays: 100}
	p := forecaster(t, mbg, func(own *Terms) { own.Margin = domain.Margin{Why: domain.MarginUnknown} }).Predict(facts)
	if p.Residual.Why != domain.MarginUnknown || p.AtRisk.Why != domain.MarginUnknown || !p.OrderValue.Known() {
		t.Errorf("without a margin: %+v", p)
	}
	p = forecaster(t, mbg, func(own *Terms) { own.Currency = "CNY" }).Predict(facts)
	if p.OrderValue.Why != domain.ModelMissing || p.Residual.Why != domain.ModelMissing || !p.Orders.Known() {
		t.Errorf("with a model of spend in another currency: %+v", p)
	}
	f, err := New(Set{Spend: gg}, terms())
	if err != nil {
		t.Fatal(err)
	}
	if p = f.Predict(facts); p.Orders.Why != domain.ModelMissing || p.Residual.Why != domain.ModelMissing {
		t.Errorf("without a model of purchases: %+v", p)
	}
	if _, err := New(Set{Purchases: &Model{ID: "x", Kind: GammaGamma, Parameters: []float64{1, 2, 3}, UnitDays: 7}}, terms()); err == nil {
		t.Error("a model of spend was taken for one of purchases")
	}
}

// TestFuturesAreExpected: what is simulated comes to what is expected, by every
// model, and with a second seed.
func TestFuturesAreExpected(t *testing.T) {
	for _, m := range []*Model{bg, mbg, pareto} {
		f := forecaster(t, m)
		for _, seed := range []uint64{1, 2} {
			for _, facts := range []Facts{
				{AgeDays: 50, RecencyDays: 50}, {Repeats: 6, AgeDays: 270, RecencyDays: 20, RepeatDays: 6, RepeatRevenue: 24_000},
			} {
				random := rand.New(rand.NewPCG(seed, 9))
				const n = 20_000
				var mean, squares float64
				for i := range n {
					v := f.future(facts, random)
					d := v - mean
					mean += d / float64(i+1)
					squares += d * (v - mean)
				}
				want, deviation := f.value(facts), math.Sqrt(squares/n/n)
				if math.Abs(mean-want) > 4*deviation {
					t.Errorf("%s, %+v: simulated %g ± %g, expected %g", m.ID, facts, mean, deviation, want)
				}
			}
		}
	}
}

// TestSpread: the deviation of customers grows as their root, that of the
// parameters as their number, and both are the same for the same seed.
func TestSpread(t *testing.T) {
	f := forecaster(t, mbg)
	measure := func(customers int) (Spread, float64) {
		s := NewSample(7)
		var total float64
		for i := range customers {
			facts := Facts{Repeats: int64(i % 4), AgeDays: 200 + int64(i%50), RecencyDays: 200 + int64(i%50)}
			if facts.Repeats > 0 {
				facts.RecencyDays, facts.RepeatDays, facts.RepeatRevenue = 30, facts.Repeats, 3000*facts.Repeats
			}
			s.Add(facts)
			total += f.value(facts)
		}
		spread, err := f.Spread(t.Context(), s, total, 11)
		if err != nil {
			t.Fatal(err)
		}
		return spread, total
	}
	few, totalFew := measure(400)
	many, totalMany := measure(40_000)
	if !few.Told || few.Measured != 400 || many.Measured != Measured || many.Draws != parameterDraws {
		t.Fatalf("%+v, %+v", few, many)
	}
	if ratio := many.Sampling / few.Sampling; ratio < 8 || ratio > 12 {
		t.Errorf("a hundred times the customers have %g times the deviation, want about 10", ratio)
	}
	if ratio := (many.Parameter / totalMany) / (few.Parameter / totalFew); ratio < 0.85 || ratio > 1.15 {
		t.Errorf("the parameters' share of the value changes by %g", ratio)
	}
	if again, _ := measure(400); again != few {
		t.Errorf("again it is %+v, was %+v", again, few)
	}
}

func BenchmarkPredict(b *testing.B) {
	f := forecaster(b, mbg)
	for b.Loop() {
		for i := range int64(10) {
			f.Predict(Facts{Repeats: 1 + i, AgeDays: 700 - i, RecencyDays: 100 + i, RepeatDays: 1 + i, RepeatRevenue: 5000})
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(10*b.N), "ns/customer")
}
