package shop_test

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// many customers show an error of 5 % in any parameter.
const many = 60_000

// sigmas is how many standard errors a mean may be off: one chance in 16,000.
const sigmas = 4

func people(t *testing.T, config shop.Config) []shop.Person {
	t.Helper()
	s := generate(t, config)
	var out []shop.Person
	for c := range s.Customers() {
		out = append(out, s.Person(c))
	}
	return out
}

func column(people []shop.Person, of func(shop.Person) float64) []float64 {
	out := make([]float64, len(people))
	for i, p := range people {
		out[i] = of(p)
	}
	return out
}

// expectedRepeats is E[X(t)] of BG/NBD of Fader, Hardie and Lee
// (2005), with ₂F₁ summed as a series.
func expectedRepeats(l shop.Purchases, t float64) float64 {
	z := t / (l.Alpha + t)
	term, f := 1.0, 1.0
	for n := 0.0; math.Abs(term) > 1e-14*f; n++ {
		term *= (l.R + n) * (l.B + n) / ((l.A + l.B - 1 + n) * (n + 1)) * z
		f += term
	}
	return (l.A + l.B - 1) / (l.A - 1) * (1 - math.Pow(l.Alpha/(l.Alpha+t), l.R)*f)
}

// meanIsZero fails when the mean of differences is off zero by more than chance allows.
func meanIsZero(t *testing.T, what string, differences []float64) {
	t.Helper()
	mean, sd := stat.MeanStdDev(differences, nil)
	if bound := sigmas * sd / math.Sqrt(float64(len(differences))); math.Abs(mean) > bound {
		t.Errorf("%s: off by %.4g, chance allows %.4g", what, mean, bound)
	}
}

func TestRepeatPurchasesFollowBGNBD(t *testing.T) {
	for _, law := range []shop.Purchases{
		{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426},
		{R: 1.8, Alpha: 12, A: 1.6, B: 4},
	} {
		config := shop.Default(21, many)
		config.Purchases = law
		all := people(t, config)
		meanIsZero(t, "repeat purchases", column(all, func(p shop.Person) float64 {
			return float64(p.Repeats) - expectedRepeats(law, p.Weeks)
		}))
		// Given his traits, E[X(t)|λ,p] = (1 − e^(−λpt))/p: a sharper test.
		meanIsZero(t, "repeat purchases given the traits", column(all, func(p shop.Person) float64 {
			return float64(p.Repeats) + math.Expm1(-p.Rate*p.Leave*p.Weeks)/p.Leave
		}))
		// P(X(t) = 0) = (α/(α+t))^r, as nobody leaves before a repeat purchase.
		meanIsZero(t, "one-time buyers", column(all, func(p shop.Person) float64 {
			none := 0.0
			if p.Repeats == 0 {
				none = 1
			}
			return none - math.Pow(law.Alpha/(law.Alpha+p.Weeks), law.R)
		}))
		for _, p := range all {
			if p.Repeats == 0 && !p.Alive {
				t.Fatalf("%s left before a repeat purchase", p.CustomerID)
			}
		}
	}
}

func TestAliveHasTheProbabilityOfTheModel(t *testing.T) {
	all := people(t, shop.Default(22, many))
	// Each repeat purchase is one chance p to leave, so departures less the chances
	// passed are a martingale: their mean is zero whatever the histories.
	meanIsZero(t, "departures", column(all, func(p shop.Person) float64 {
		left := 0.0
		if !p.Alive {
			left = 1
		}
		return left - p.Leave*float64(p.Repeats)
	}))
}

// kolmogorov is the distance above which a sample of n contradicts its law with
// one chance in a million of being wrong: √(−ln(10⁻⁶/2)/2n).
func kolmogorov(n int) float64 { return math.Sqrt(-math.Log(0.5e-6) / 2 / float64(n)) }

func TestTraitsFollowTheirLaws(t *testing.T) {
	config := shop.Default(23, many)
	all := people(t, config)
	b, g := config.Purchases, config.Spend
	for what, c := range map[string]struct {
		of  func(shop.Person) float64
		cdf func(float64) float64
	}{
		"rate":   {func(p shop.Person) float64 { return p.Rate }, distuv.Gamma{Alpha: b.R, Beta: b.Alpha}.CDF},
		"leave":  {func(p shop.Person) float64 { return p.Leave }, distuv.Beta{Alpha: b.A, Beta: b.B}.CDF},
		"nu":     {func(p shop.Person) float64 { return p.Nu }, distuv.Gamma{Alpha: g.Q, Beta: g.Gamma}.CDF},
		"liking": {func(p shop.Person) float64 { return p.Liking }, distuv.UnitNormal.CDF},
	} {
		values := column(all, c.of)
		slices.Sort(values)
		distance := 0.0
		for i, v := range values {
			f := c.cdf(v)
			distance = max(distance, math.Abs(f-float64(i)/many), math.Abs(f-float64(i+1)/many))
		}
		if distance > kolmogorov(many) {
			t.Errorf("%s: distance %.4f from its law, chance allows %.4f", what, distance, kolmogorov(many))
		}
	}
	// Kolmogorov's distance sees a shifted mean less well than the mean does.
	meanIsZero(t, "rate", column(all, func(p shop.Person) float64 { return p.Rate - b.R/b.Alpha }))
	meanIsZero(t, "leave", column(all, func(p shop.Person) float64 {
		return p.Leave - b.A/(b.A+b.B)
	}))
}

func TestTraitsAreIndependentButLikingAndLeaving(t *testing.T) {
	all := people(t, shop.Default(24, many))
	// Ranks, as the raw values have heavy tails.
	rate := ranks(column(all, func(p shop.Person) float64 { return p.Rate }))
	leave := ranks(column(all, func(p shop.Person) float64 { return p.Leave }))
	nu := ranks(column(all, func(p shop.Person) float64 { return p.Nu }))
	liking := ranks(column(all, func(p shop.Person) float64 { return p.Liking }))
	bound := sigmas / math.Sqrt(many)
	for what, pair := range map[string][2][]float64{
		"rate and leave": {rate, leave}, "rate and nu": {rate, nu}, "leave and nu": {leave, nu}, "liking and rate": {liking, rate},
	} {
		if r := stat.Correlation(pair[0], pair[1], nil); math.Abs(r) > bound {
			t.Errorf("%s correlate by %.4f, chance allows %.4f", what, r, bound)
		}
	}
	// Spearman's rank correlation of a Gaussian copula is 6/π·asin(ρ/2).
	want := 6 / math.Pi * math.Asin(-0.6/2)
	if r := stat.Correlation(liking, leave, nil); math.Abs(r-want) > bound {
		t.Errorf("liking and leaving correlate by %.4f, want %.4f", r, want)
	}
}

func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]float64, len(values))
	for rank, i := range order {
		out[i] = float64(rank)
	}
	return out
}

func TestSpendFollowsGammaGamma(t *testing.T) {
	config := shop.Default(25, many)
	s := generate(t, config)
	g := config.Spend
	var first, repeats []float64
	for c := range s.Customers() {
		n := 0
		for o := range s.Orders(c) {
			if o.Status != shop.Paid {
				continue
			}
			mean := g.P / c.Traits.Nu
			if n == 0 {
				first = append(first, float64(o.Amount)/100-g.P*g.Gamma/(g.Q-1))
			} else {
				// Scaled to unit mean, an order is Gamma(P, rate P), whoever's it is.
				repeats = append(repeats, float64(o.Amount)/100/mean-1)
			}
			n++
		}
	}
	meanIsZero(t, "value of first orders", first)
	meanIsZero(t, "value of repeat orders over the customer's mean", repeats)
	squares := make([]float64, len(repeats))
	for i, d := range repeats {
		squares[i] = d*d - 1/g.P
	}
	meanIsZero(t, "variance of repeat orders", squares)
}

func TestNewcomersFollowTheCalendar(t *testing.T) {
	s := generate(t, shop.Default(26, many))
	perDay, last := map[string]int{}, math.Inf(-1)
	for c := range s.Customers() {
		perDay[c.FirstOrder.Format("01-02")]++
		if p := s.Person(c); -p.Weeks < last {
			t.Fatalf("%s came before the customer before him", c.ID)
		} else {
			last = -p.Weeks
		}
	}
	// Five times a plain day, week-ends a quarter more; the sales before bring half more.
	if perDay["11-11"] < 3*perDay["11-20"] {
		t.Errorf("11 November brought %d, the 20th %d", perDay["11-11"], perDay["11-20"])
	}
}

func TestNewcomersGrowWithTheShop(t *testing.T) {
	config := shop.Default(28, many)
	config.Start = time.Date(2024, 1, 1, 0, 0, 0, 0, config.Zone)
	config.End = time.Date(2024, 5, 20, 0, 0, 0, 0, config.Zone) // 20 weeks without a sale in them
	s := generate(t, config)
	length := config.End.Sub(config.Start)
	firstHalf := 0.0
	for c := range s.Customers() {
		if c.FirstOrder.Before(config.Start.Add(length / 2)) {
			firstHalf++
		}
	}
	// The rate grows from 1 to 2 evenly, so ∫₀^½(1+x)dx / ∫₀¹(1+x)dx = 0.625/1.5 come
	// in the first half. A week-end more or less in it moves that by two days' extra
	// quarter, at most at the highest rate; customers are dealt out evenly, one per n-th.
	bound := 2*0.25*2/(1.5*length.Hours()/24) + 1.0/many
	if share := firstHalf / many; math.Abs(share-0.625/1.5) > bound {
		t.Errorf("%.4f of the customers came in the first half, want %.4f ± %.4f", share, 0.625/1.5, bound)
	}
}

func TestAnswersFollowLiking(t *testing.T) {
	config := shop.Default(27, many)
	s := generate(t, config)
	liking := map[string]float64{}
	for c := range s.Customers() {
		liking[c.ID] = c.Traits.Liking
	}
	sd := math.Hypot(1.5, 1.1)
	promoter := distuv.UnitNormal.Survival((8.5 - 7.9) / sd)
	detractor := distuv.UnitNormal.CDF((6.5 - 7.9) / sd)
	var net, likes, scores []float64
	for a := range s.Answers() {
		score := 0.0
		if a.Score >= 9 {
			score = 1
		} else if a.Score <= 6 {
			score = -1
		}
		net = append(net, score-(promoter-detractor))
		likes, scores = append(likes, liking[a.CustomerID]), append(scores, float64(a.Score))
		if a.Score < 0 || a.Score > 10 || !a.Time.Before(config.End) || a.Time.Before(config.Start) {
			t.Fatalf("%+v", a)
		}
	}
	meanIsZero(t, "net promoters", net)
	// Before rounding the correlation is 1.5/sd = 0.81; rounding to 11 steps costs little.
	if r := stat.Correlation(likes, scores, nil); r < 0.75 || r > 1.5/sd+0.02 {
		t.Errorf("liking and score correlate by %.3f", r)
	}
	share := float64(len(net)) / many
	if math.Abs(share-0.3) > sigmas*math.Sqrt(0.3*0.7/many) {
		t.Errorf("%.3f answered", share)
	}
}
