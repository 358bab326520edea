package btyd

import "math"

// geometricLaw is the likelihood of the beta-geometric models. Customers buy at a
// rate λ ~ gamma(r, α) and may stop after each purchase, with the probability
// p ~ beta(a, b): in the BG/NBD model after repeat purchases, in the MBG/NBD model
// after the first purchase too. With y the number of chances to stop that are known
// to have been survived (x, or x+1 if alive today in the MBG/NBD model), a history has
//
//	L = Γ(r+x)/Γ(r) · α^r (α+T)^−(r+x) · B(a, b+y)/B(a, b) · (1 + e^δ)
//	δ = ln a − ln(b+y−1) + (r+x) ln((α+T)/(α+t_x)),
//
// e^δ being the odds that the customer has stopped; in the BG/NBD model it is 0 for
// x = 0. Sources: see BGNBD and MBGNBD.
type geometricLaw struct {
	immediate float64 // 1 where customers may stop after the first purchase, 0 otherwise
}

// parameters are those of a law on their own scale.
type geometricParameters struct{ r, alpha, a, b, logAlpha, logA float64 }

func (l geometricLaw) tally(logs [4]float64, cells []cell, curve bool, out *tally) {
	p := geometricParameters{
		r: math.Exp(logs[0]), alpha: math.Exp(logs[1]), a: math.Exp(logs[2]), b: math.Exp(logs[3]),
		logAlpha: logs[1], logA: logs[2],
	}
	var rate, stop, all rise // Γ(r+x)/Γ(r), Γ(b+y)/Γ(b), Γ(a+b+y)/Γ(a+b)
	x, y := 0.0, 0.0
	for len(cells) > 0 {
		end := 1
		for end < len(cells) && cells[end].x == cells[0].x {
			end++
		}
		rate.extend(p.r, x, cells[0].x)
		x = cells[0].x
		stop.extend(p.b, y, x+l.immediate)
		all.extend(p.a+p.b, y, x+l.immediate)
		y = x + l.immediate
		weight := 0.0
		for i := range cells[:end] {
			weight += cells[i].weight
		}
		p.common(&rate, &stop, &all, x, weight, curve, out)
		p.times(cells[:end], x, y, curve, out)
		cells = cells[end:]
	}
}

// common adds the factors that depend on x alone, for customers of that weight.
func (p *geometricParameters) common(rate, stop, all *rise, x, weight float64, curve bool, out *tally) {
	r, a, b := p.r, p.a, p.b
	out.value += weight * (rate.log + stop.log - all.log - x*p.logAlpha)
	out.gradient[0] += weight * r * rate.first
	out.gradient[2] -= weight * a * all.first
	out.gradient[3] += weight * b * (stop.first - all.first)
	if !curve {
		return
	}
	out.hessian[0][0] += weight * r * (r*rate.second + rate.first)
	out.hessian[2][2] -= weight * a * (a*all.second + all.first)
	out.hessian[2][3] -= weight * a * b * all.second
	out.hessian[3][3] += weight * b * (b*(stop.second-all.second) + stop.first - all.first)
}

// times adds the factors with times, of cells with x purchases. u is the logarithm
// of (α+T)^−(r+x) α^(r+x); d0 to d3 are the derivatives of δ.
func (p *geometricParameters) times(cells []cell, x, y float64, curve bool, out *tally) {
	r, alpha := p.r, p.alpha
	rho, d3 := r+x, 0.0
	logOdds := math.Inf(-1) // of having stopped, without the factor of time
	if y > 0 {
		logOdds = p.logA - math.Log(p.b+(y-1))
		d3 = -p.b / (p.b + (y - 1))
	}
	age, logAge, inverseAge := math.NaN(), 0.0, 0.0
	value, g, h := 0.0, [4]float64{}, [4][4]float64{}
	for i := range cells {
		c := &cells[i]
		if c.t != age {
			age, logAge, inverseAge = c.t, math.Log1p(c.t/alpha), 1/(alpha+c.t)
		}
		w := c.weight
		value -= w * rho * logAge
		g[0] -= w * r * logAge
		g[1] += w * (r*age - x*alpha) * inverseAge
		if curve {
			h[0][0] -= w * r * logAge
			h[0][1] += w * r * age * inverseAge
			h[1][1] -= w * rho * alpha * age * inverseAge * inverseAge
		}
		if y == 0 {
			continue
		}
		inverse := 1 / (alpha + c.tx)
		gap := math.Log((alpha + age) * inverse)
		q, soft := logistic(logOdds + rho*gap)
		value += w * soft
		d0 := r * gap
		d1 := -rho * (age - c.tx) * inverse * (alpha * inverseAge)
		wq := w * q
		g[0] += wq * d0
		g[1] += wq * d1
		g[2] += wq
		g[3] += wq * d3
		if !curve {
			continue
		}
		v := wq * (1 - q)
		h[0][0] += wq*d0 + v*d0*d0
		h[0][1] += wq*d1*r/rho + v*d0*d1
		h[0][2] += v * d0
		h[0][3] += v * d0 * d3
		h[1][1] += wq*d1*(1-alpha*(inverseAge+inverse)) + v*d1*d1
		h[1][2] += v * d1
		h[1][3] += v * d1 * d3
		h[2][2] += v
		h[2][3] += v * d3
		h[3][3] += wq*d3*(1+d3) + v*d3*d3
	}
	out.value += value
	for i := range g {
		out.gradient[i] += g[i]
		for j := i; j < 4; j++ {
			out.hessian[i][j] += h[i][j]
		}
	}
}

// logistic is 1/(1+e^−v), and ln(1+e^v) up to 1e-16.
func logistic(v float64) (q, soft float64) {
	e := math.Exp(-math.Abs(v))
	q, soft = 1/(1+e), math.Log(1+e)
	if v >= 0 {
		return q, v + soft
	}
	return e * q, soft
}
