package btyd

import "math"

// exponential is a customer of the Pareto/NBD model who is alive now: the rate of
// purchases is λ ~ gamma(shape, scale), the rate of stopping μ ~ gamma(s, beta), and
// the two are independent. A new customer and one with a history differ in these
// four numbers alone.
type exponential struct{ shape, scale, s, beta float64 }

// expected is the mean number of purchases in a time t from now,
//
//	shape·beta/(scale·(s−1)) · (1 − (beta/(beta+t))^(s−1)),
//
// written such that s = 1 is no exception. Source: Fader and Hardie (2005), equation (27).
func (e exponential) expected(t float64) (float64, bool) {
	length := math.Log1p(t / e.beta)
	return e.shape * e.beta / e.scale * length * mean01((e.s-1)*length), true
}

// mean01 is (1−e^−y)/y, the mean of e^−yv over v from 0 to 1.
func mean01(y float64) float64 {
	if math.Abs(y) < 1e-9 {
		return 1 - y/2
	}
	return -math.Expm1(-y) / y
}

// residual is the present value of the purchases from now on. Continuously
// discounted it is
//
//	shape·beta/scale · e^y E_s(y), y = δ·beta,
//
// with the generalised exponential integral E_s: the equivalent of Fader and Hardie
// (2005b), equation (2), with Ψ(s, s; δ(β+T)).
func (e exponential) residual(d Discount) (float64, bool, error) {
	delta, err := d.delta()
	if err != nil {
		return 0, false, err
	}
	// Who is alive at s has beta+s for beta.
	from := func(s float64) (float64, bool) {
		surviving := math.Exp(-e.s * math.Log1p(s/e.beta))
		return e.shape / e.scale * surviving * (e.beta + s) * scaledExponentialIntegral(e.s, delta*(e.beta+s)), true
	}
	if d.Compounding == CompoundingContinuous {
		v, ok := from(0)
		return v, ok, nil
	}
	v, ok := perPeriod(e.expected, from, delta)
	return v, ok, nil
}

// scaledExponentialIntegral is e^y E_s(y) = ∫ e^−yv (1+v)^−s dv over v ≥ 0, for s, y > 0.
// From y = 1 on its continued fraction (Abramowitz and Stegun, 5.1.22) is evaluated
// by Lentz's method; below, the integral by the trapezoidal rule after
// v = exp(u − e^−u)/(1+s).
func scaledExponentialIntegral(s, y float64) float64 {
	if y >= 1 {
		return lentz(s, y)
	}
	total, scale := 0.0, 1/(1+s)
	for i := range tailNodes {
		v := tailNodes[i].at * scale
		exponent := y*v + s*math.Log(1+v)
		if exponent > negligible {
			break
		}
		total += math.Exp(-exponent) * tailNodes[i].weight
	}
	return scale * total
}

// tailNode is a node of the trapezoidal rule, without the scale: exp(u − e^−u), and the
// step times its derivative.
type tailNode struct{ at, weight float64 }

// tailNodes go on to e^62, further than the exponent of any integral within range.
var tailNodes = func() []tailNode {
	const step = 1.0 / 8
	var nodes []tailNode
	for u := -4.5; u < 62; u += step {
		e := math.Exp(-u)
		nodes = append(nodes, tailNode{at: math.Exp(u - e), weight: step * math.Exp(u-e) * (1 + e)})
	}
	return nodes
}()

// lentz is 1/(y+s − 1·s/(y+s+2 − 2(s+1)/(y+s+4 − …))), for y ≥ 1.
func lentz(s, y float64) float64 {
	b := y + s
	c, d := math.Inf(1), 1/b
	value := d
	for i := 1.0; i < 10000; i++ {
		a := -i * (s + i - 1)
		b += 2
		d = 1 / (a*d + b)
		c = b + a/c
		factor := c * d
		value *= factor
		if math.Abs(factor-1) < 4e-16 {
			break
		}
	}
	return value
}

// exactly is P(n purchases in a time t from now): n purchases and still alive, or
// n purchases before stopping at u < t,
//
//	P(N(t)=n)·(beta/(beta+t))^s + ∫ P(N(u)=n) s beta^s/(beta+u)^(s+1) du,
//
// N(u) being negative binomial. Equivalent to Fader and Hardie, Deriving an expression
// for P(X(t)=x) under the Pareto/NBD model (2006), without the sums of ₂F₁. For n = 0 the
// integral is that of the odds of having stopped.
func (e exponential) exactly(n int, t float64) (float64, bool) {
	if t == 0 {
		if n == 0 {
			return 1, true
		}
		return 0, true
	}
	k := float64(n)
	var up, factorial rise
	up.extend(e.shape, 0, k)
	factorial.extend(1, 0, k)
	constant := up.log - factorial.log
	logCount := func(u float64) float64 {
		v := constant - e.shape*math.Log1p(u/e.scale)
		if n > 0 {
			v -= k * math.Log1p(e.scale/u)
		}
		return v
	}
	still := math.Exp(logCount(t) - e.s*math.Log1p(t/e.beta))
	if n == 0 {
		p := exponentialParameters{r: e.shape, alpha: e.scale, s: e.s, beta: e.beta}
		_, stopped := p.departures(e.shape, 0, t)
		return math.Min(1, still+stopped), true
	}
	var total sum
	total.add(still)
	from, to := e.stopping(k, t)
	panels := math.Ceil((to - from) * (0.5 + math.Sqrt(k)/4))
	width := (to - from) / panels
	for p := 0.0; p < panels; p++ {
		for i, at := range legendre32.at {
			u := math.Exp(from + (p+at)*width)
			density := e.s * u / (e.beta + u)
			total.add(width * legendre32.weight[i] * density * math.Exp(logCount(u)-e.s*math.Log1p(u/e.beta)))
		}
	}
	return math.Min(1, total.value()), true
}

// stopping is the range of ln u, up to ln t, in which customers with k > 0 purchases
// have stopped. With respect to ln u the integrand of exactly is
//
//	u^(k+1) (scale+u)^−(shape+k) (beta+u)^−(s+1)
//
// times a constant. That is log-concave: it has one mode, and what lies beyond where it
// has fallen by e^−45 does not count. Its width is at least about 1/√k.
func (e exponential) stopping(k, t float64) (from, to float64) {
	end := math.Log(t)
	slope := func(w float64) float64 {
		u := math.Exp(w)
		return k + 1 - (e.shape+k)*(u/(e.scale+u)) - (e.s+1)*(u/(e.beta+u))
	}
	value := func(w float64) float64 {
		u := math.Exp(w)
		return (k+1)*w - (e.shape+k)*math.Log(e.scale+u) - (e.s+1)*math.Log(e.beta+u)
	}
	// Below least the slope is above k; 700 is about the range of numbers.
	least := math.Max(-700, math.Min(end, math.Log(math.Min(e.scale/(e.shape+k), e.beta/(e.s+1))/4)))
	mode := end
	if slope(end) < 0 {
		mode = bisect(least, end, func(w float64) bool { return slope(w) > 0 })
		top := value(mode)
		if value(end) < top-negligible {
			end = bisect(mode, end, func(w float64) bool { return value(w) > top-negligible })
		}
	}
	top := value(mode)
	low := math.Min(least, mode) - 2*negligible/(k+1)
	return bisect(mode, low, func(w float64) bool { return value(w) > top-negligible }), end
}

// bisect is where inside, true at a, ends on the way to b, to a ten-millionth of
// the way.
func bisect(a, b float64, inside func(float64) bool) float64 {
	for range 24 {
		if middle := (a + b) / 2; inside(middle) {
			a = middle
		} else {
			b = middle
		}
	}
	return b
}
