package btyd

import "math"

// P(alive) of a million customers is a power each, and little else. These logarithms
// and exponentials are good to about 1e-16 (relative, or absolute where the logarithm
// is below 1), and are compiled into the loops that use them, where those of math
// are calls.

const (
	powerBits  = 7
	powerCells = 1 << powerBits
)

// logCell is 1/c and ln c for the middle c of a cell of [1, 2).
type logCell struct{ middle, inverse, log float64 }

var (
	logCells  [powerCells]logCell
	rootCells [powerCells]float64 // 2^(i/cells)
)

func init() {
	for i := range powerCells {
		c := 1 + (float64(i)+0.5)/powerCells
		logCells[i] = logCell{middle: c, inverse: 1 / c, log: math.Log(c)}
		rootCells[i] = math.Exp2(float64(i) / powerCells)
	}
}

// logarithm is ln v for normal v > 0: its binary exponent, the logarithm of the middle
// of the cell in which its mantissa lies, and a series for what is left, below 2^−8.
func logarithm(v float64) float64 {
	bits := math.Float64bits(v)
	exponent := float64(int(bits>>52) - 1023)
	cell := &logCells[bits>>(52-powerBits)&(powerCells-1)]
	r := (math.Float64frombits(bits&(1<<52-1)|1023<<52) - cell.middle) * cell.inverse
	r2 := r * r
	tail := r2 * (-1.0/2 + r*(1.0/3) + r2*(-1.0/4+r*(1.0/5)-r2*(1.0/6)))
	return exponent*math.Ln2 + (cell.log + (r + tail))
}

// exponentialOf is e^v for 0 ≤ v, infinite from 709 on.
func exponentialOf(v float64) float64 {
	if !(v < 709) {
		return math.Inf(1)
	}
	const (
		perCell = powerCells / math.Ln2
		high    = 0x1.62e42fefap-1 / powerCells // ln 2 in two parts, the first with few digits
		low     = (math.Ln2 - 0x1.62e42fefap-1) / powerCells
	)
	k := int(v*perCell + 0.5)
	r := (v - float64(k)*high) - float64(k)*low
	r2 := r * r
	series := r + r2*(1.0/2+r*(1.0/6)+r2*(1.0/24+r*(1.0/120)))
	root := rootCells[k&(powerCells-1)]
	return (root + root*series) * math.Float64frombits(uint64(1023+k>>powerBits)<<52)
}
