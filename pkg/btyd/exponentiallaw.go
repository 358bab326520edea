package btyd

import "math"

// exponentialLaw is the likelihood of the Pareto/NBD model. Customers buy at a rate
// λ ~ gamma(r, α) and stop at a rate μ ~ gamma(s, β). A history has
//
//	L = Γ(r+x)/Γ(r) · α^r β^s (α+T)^−(r+x) (β+T)^−s · (1 + e^δ)
//	e^δ = ∫ from t_x to T of s/(β+y) ((α+T)/(α+y))^(r+x) ((β+T)/(β+y))^s dy,
//
// y being when the customer stopped and e^δ the odds of having stopped. That is the
// A₀ of Fader and Hardie (2005) before it is written with ₂F₁, which overflows
// for large x. It is differentiated under the integral. Source: see ParetoNBD.
type exponentialLaw struct{}

// exponentialParameters are the law's parameters and a scratch for its nodes.
type exponentialParameters struct {
	r, alpha, s, beta, logAlpha float64
	nodes                       []departure
}

// departure is a node of the integral over the time at which a customer stopped.
type departure struct {
	weight      float64 // of the node with the integrand, that at t_x without its 1/(β+y) being e^0
	alpha, beta float64 // α+y, β+y
	logA, logB  float64 // ln((α+T)/(α+y)), ln((β+T)/(β+y))
}

// negligible is the exponent below which what is left of an integral does not count.
const negligible = 45

// departures fills nodes for a customer with shape r+x. It returns ln of what the
// weights are to be multiplied with, and their sum, which is 0 where t_x = T.
//
// The variable is v = ln((m+y)/(m+t_x)), m being the smaller of α and β: then the
// integrand has no singularity nearer than π. It falls at a rate that grows with v,
// e-fold in a panel of length 1 at most, and is never above shape+s; panels are such
// that it falls by no more than e^−16 in each.
func (p *exponentialParameters) departures(shape, tx, t float64) (logScale, total float64) {
	p.nodes = p.nodes[:0]
	if tx >= t {
		return 0, 0
	}
	start, startA, startB := math.Min(p.alpha, p.beta)+tx, p.alpha+tx, p.beta+tx
	end := math.Log1p((t - tx) / start)
	logA, logB := math.Log1p((t-tx)/startA), math.Log1p((t-tx)/startB)
	q := &legendre16
	if (shape+p.s)*end < 3 && end < 1.6 {
		q = &legendre8
	}
	wide := math.Min(3, 12/(shape+p.s))
	for left := 0.0; left < end; {
		grown := start * math.Expm1(left)
		if shape*math.Log1p(grown/startA)+p.s*math.Log1p(grown/startB) > negligible {
			break
		}
		fall := (start + grown) * (shape/(startA+grown) + p.s/(startB+grown))
		width := math.Min(end-left, math.Max(wide, math.Min(1, 6/fall)))
		for i, at := range q.at {
			grown := start * (math.Exp(left+width*at) - 1)
			a, b := math.Log(1+grown/startA), math.Log(1+grown/startB)
			w := width * q.weight[i] * p.s * (start + grown) / (startB + grown) * math.Exp(-shape*a-p.s*b)
			p.nodes = append(p.nodes, departure{weight: w, alpha: startA + grown, beta: startB + grown, logA: logA - a, logB: logB - b})
			total += w
		}
		left += width
		if end-left < 1e-12*end {
			break
		}
	}
	return shape*logA + p.s*logB, total
}

func (exponentialLaw) tally(logs [4]float64, cells []cell, curve bool, out *tally) {
	p := exponentialParameters{
		r: math.Exp(logs[0]), alpha: math.Exp(logs[1]), s: math.Exp(logs[2]), beta: math.Exp(logs[3]), logAlpha: logs[1],
	}
	var rate rise // Γ(r+x)/Γ(r)
	x := 0.0
	for i := range cells {
		c := &cells[i]
		rate.extend(p.r, x, c.x)
		x = c.x
		p.surviving(&rate, c, curve, out)
		logScale, total := p.departures(p.r+x, c.tx, c.t)
		if total > 0 {
			q, soft := logistic(logScale + math.Log(total))
			out.value += c.weight * soft
			p.departed(c, q, total, curve, out)
		}
	}
}

// surviving adds the factors before (1 + e^δ).
func (p *exponentialParameters) surviving(rate *rise, c *cell, curve bool, out *tally) {
	w, rho := c.weight, p.r+c.x
	logA, logB := math.Log1p(c.t/p.alpha), math.Log1p(c.t/p.beta)
	inverseA, inverseB := 1/(p.alpha+c.t), 1/(p.beta+c.t)
	out.value += w * (rate.log - c.x*p.logAlpha - rho*logA - p.s*logB)
	out.gradient[0] += w * p.r * (rate.first - logA)
	out.gradient[1] += w * (p.r*c.t - c.x*p.alpha) * inverseA
	out.gradient[2] -= w * p.s * logB
	out.gradient[3] += w * p.s * c.t * inverseB
	if !curve {
		return
	}
	h := &out.hessian
	h[0][0] += w * p.r * (p.r*rate.second + rate.first - logA)
	h[0][1] += w * p.r * c.t * inverseA
	h[1][1] -= w * rho * p.alpha * c.t * inverseA * inverseA
	h[2][2] -= w * p.s * logB
	h[2][3] += w * p.s * c.t * inverseB
	h[3][3] -= w * p.s * p.beta * c.t * inverseB * inverseB
}

// departed adds the derivatives of ln(1 + e^δ), q being the probability of having
// stopped. Those of δ are means over the nodes.
func (p *exponentialParameters) departed(c *cell, q, total float64, curve bool, out *tally) {
	rho := p.r + c.x
	inverseA, inverseB := 1/(p.alpha+c.t), 1/(p.beta+c.t)
	var mean [4]float64
	var square [4][4]float64 // E[d dᵀ] + E[second derivatives]
	for i := range p.nodes {
		n := &p.nodes[i]
		share := n.weight / total
		a, b := 1/n.alpha, 1/n.beta
		d := [4]float64{
			p.r * n.logA,
			rho * p.alpha * (inverseA - a),
			1 + p.s*n.logB,
			p.beta * (p.s*inverseB - (p.s+1)*b),
		}
		for k := range mean {
			mean[k] += share * d[k]
		}
		if !curve {
			continue
		}
		for k := range d {
			for l := k; l < 4; l++ {
				square[k][l] += share * d[k] * d[l]
			}
		}
		square[0][0] += share * d[0]
		square[0][1] += share * d[1] * p.r / rho
		square[1][1] += share * d[1] * (1 - p.alpha*(inverseA+a))
		square[2][2] += share * (d[2] - 1)
		square[2][3] += share * p.s * p.beta * (inverseB - b)
		square[3][3] += share * (d[3] - p.beta*p.beta*(p.s*inverseB*inverseB-(p.s+1)*b*b))
	}
	w := c.weight * q
	for k := range mean {
		out.gradient[k] += w * mean[k]
		if !curve {
			continue
		}
		for l := k; l < 4; l++ {
			out.hessian[k][l] += w * (square[k][l] - q*mean[k]*mean[l])
		}
	}
}
