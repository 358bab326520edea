package btyd

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// rise is lnΓ(c+n) − lnΓ(c) with its first and second derivatives by c. As sums
// over the whole steps from c they keep their accuracy where lnΓ itself is large.
type rise struct{ log, first, second float64 }

// longRise is from how many steps on the difference of gamma functions is taken.
const longRise = 48

// extend goes on from n = from to n = to, for c > 0 and from ≤ to.
func (r *rise) extend(c, from, to float64) {
	if to-from > longRise {
		r.log += lgamma(c+to) - lgamma(c+from)
		r.first += mathext.Digamma(c+to) - mathext.Digamma(c+from)
		r.second += mathext.Zeta(2, c+to) - mathext.Zeta(2, c+from)
		return
	}
	for n := from; n < to; n++ {
		inverse := 1 / (c + n)
		r.log += math.Log(c + n)
		r.first += inverse
		r.second -= inverse * inverse
	}
}

// lgamma is lnΓ(x) for x > 0.
func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}
