package cluster

import "math"

// Distances are squared Euclidean: Σ(x−c)², added up in the order of the columns by
// every function here, so that they agree to the last bit. The form ‖x‖²−2x·c+‖c‖²
// would take fewer steps, but loses all digits where ‖x−c‖ is small against ‖x‖; the
// sum of squares of differences keeps a relative error of (d+2)·2⁻⁵³.

// distance is the squared distance of a row from a centre.
func distance(x, c []float64) float64 {
	c = c[:len(x)]
	var sum float64
	for j, v := range x {
		t := v - c[j]
		sum += t * t
	}
	return sum
}

// nearest finds the nearest centre to each of some rows, and the next. centres are k
// rows of d numbers; the first of equally near ones is taken. margins gets by how much
// the row is nearer to its own centre than to any other, see margin.
func nearest(values []float64, d int, centres []float64, rows []int32, labels []int32, margins []float64) {
	switch d {
	case 3:
		nearest3(values, centres, rows, labels, margins)
	case 8:
		nearest8(values, centres, rows, labels, margins)
	default:
		nearestAny(values, d, centres, rows, labels, margins)
	}
}

// Squared distances are compared as the bits of their numbers, whose order is the
// same from 0 upwards: the processor moves whole numbers by condition where it would
// have to guess a branch for the others, and which centre is nearest cannot be guessed.
const farthest = 0x7FEFFFFFFFFFFFFF // the bits of the largest finite number

func nearest3(values, centres []float64, rows, labels []int32, margins []float64) {
	for _, row := range rows {
		x := (*[3]float64)(values[int(row)*3:])
		x0, x1, x2 := x[0], x[1], x[2]
		best, second := uint64(farthest), uint64(farthest)
		label, j := 0, 0
		for c := centres; len(c) >= 3; c = c[3:] {
			t0, t1, t2 := x0-c[0], x1-c[1], x2-c[2]
			bits := math.Float64bits(t0*t0 + t1*t1 + t2*t2)
			second = min(second, max(best, bits))
			if bits < best {
				label = j
			}
			best = min(best, bits)
			j++
		}
		labels[row], margins[row] = int32(label), margin(best, second)
	}
}

func nearest8(values, centres []float64, rows, labels []int32, margins []float64) {
	for _, row := range rows {
		x := (*[8]float64)(values[int(row)*8:])
		best, second := uint64(farthest), uint64(farthest)
		label, j := 0, 0
		for c := centres; len(c) >= 8; c = c[8:] {
			t0, t1, t2, t3 := x[0]-c[0], x[1]-c[1], x[2]-c[2], x[3]-c[3]
			t4, t5, t6, t7 := x[4]-c[4], x[5]-c[5], x[6]-c[6], x[7]-c[7]
			bits := math.Float64bits(t0*t0 + t1*t1 + t2*t2 + t3*t3 + t4*t4 + t5*t5 + t6*t6 + t7*t7)
			second = min(second, max(best, bits))
			if bits < best {
				label = j
			}
			best = min(best, bits)
			j++
		}
		labels[row], margins[row] = int32(label), margin(best, second)
	}
}

func nearestAny(values []float64, d int, centres []float64, rows, labels []int32, margins []float64) {
	for _, row := range rows {
		x := values[int(row)*d : int(row)*d+d]
		best, second := uint64(farthest), uint64(farthest)
		label, j := 0, 0
		for c := centres; len(c) >= len(x); c = c[len(x):] {
			bits := math.Float64bits(distance(x, c))
			second = min(second, max(best, bits))
			if bits < best {
				label = j
			}
			best = min(best, bits)
			j++
		}
		labels[row], margins[row] = int32(label), margin(best, second)
	}
}

// margin is a lower bound of how much farther the next centre is than the own one,
// √second − √best, less what rounding may have added to it: distances err by less than
// (d+2)·2⁻⁵⁴ of themselves and differences of squares below 10⁻³⁰⁰ vanish, and rounding
// adds 2⁻⁵³ more in each iteration. What counts is only that a margin above 0 means
// that the own centre is nearer, in distances as they are computed.
func margin(best, second uint64) float64 {
	own, next := math.Sqrt(math.Float64frombits(best)), math.Sqrt(math.Float64frombits(second))
	return next - own - marginError*(next+own) - marginLeast
}

const (
	marginError = 1e-11
	marginLeast = 1e-140
)
