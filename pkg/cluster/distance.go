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
		t := c[j] - v
		sum += t * t
	}
	return sum
}

// ownSquares are the squared distances of some rows from their own centres. It has no
// branch on the columns within its loop, as the functions below have none.
func ownSquares(into, values []float64, d int, centres []float64, rows, labels []int32) {
	switch d {
	case 3:
		for i, row := range rows {
			x, c := (*[3]float64)(values[int(row)*3:]), (*[3]float64)(centres[int(labels[row])*3:])
			t0, t1, t2 := c[0]-x[0], c[1]-x[1], c[2]-x[2]
			into[i] = t0*t0 + t1*t1 + t2*t2
		}
	case 8:
		for i, row := range rows {
			x, c := (*[8]float64)(values[int(row)*8:]), (*[8]float64)(centres[int(labels[row])*8:])
			t0, t1, t2, t3 := c[0]-x[0], c[1]-x[1], c[2]-x[2], c[3]-x[3]
			t4, t5, t6, t7 := c[4]-x[4], c[5]-x[5], c[6]-x[6], c[7]-x[7]
			into[i] = t0*t0 + t1*t1 + t2*t2 + t3*t3 + t4*t4 + t5*t5 + t6*t6 + t7*t7
		}
	default:
		for i, row := range rows {
			into[i] = distance(values[int(row)*d:int(row)*d+d], centres[int(labels[row])*d:])
		}
	}
}

// Squared distances are compared as the bits of their numbers, whose order is the
// same from 0 upwards: the processor moves whole numbers by condition where it would
// have to guess a branch for the others, and which centre is nearest cannot be guessed.
const farthest = 0x7FEFFFFFFFFFFFFF // the bits of the largest finite number

// nearest finds the centre nearest to a row, the first of equally near ones, and the
// squared distances of it and of the next. centres are rows of as many numbers. That
// of few columns are by themselves, so that the row stays in registers.
func nearest(x, centres []float64) (label int, best, second uint64) {
	best, second = farthest, farthest
	for j := 0; len(centres) >= len(x); j++ {
		bits := math.Float64bits(distance(x, centres))
		second = min(second, max(best, bits))
		if bits < best {
			label = j
		}
		best = min(best, bits)
		centres = centres[len(x):]
	}
	return label, best, second
}

func nearest3(x *[3]float64, centres []float64) (label int, best, second uint64) {
	x0, x1, x2 := x[0], x[1], x[2]
	best, second = farthest, farthest
	for j := 0; len(centres) >= 3; j++ {
		t0, t1, t2 := centres[0]-x0, centres[1]-x1, centres[2]-x2
		bits := math.Float64bits(t0*t0 + t1*t1 + t2*t2)
		second = min(second, max(best, bits))
		if bits < best {
			label = j
		}
		best = min(best, bits)
		centres = centres[3:]
	}
	return label, best, second
}

func nearest8(x *[8]float64, centres []float64) (label int, best, second uint64) {
	x0, x1, x2, x3, x4, x5, x6, x7 := x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
	best, second = farthest, farthest
	for j := 0; len(centres) >= 8; j++ {
		t0, t1, t2, t3 := centres[0]-x0, centres[1]-x1, centres[2]-x2, centres[3]-x3
		sum := t0*t0 + t1*t1 + t2*t2 + t3*t3
		t4, t5, t6, t7 := centres[4]-x4, centres[5]-x5, centres[6]-x6, centres[7]-x7
		bits := math.Float64bits(sum + t4*t4 + t5*t5 + t6*t6 + t7*t7)
		second = min(second, max(best, bits))
		if bits < best {
			label = j
		}
		best = min(best, bits)
		centres = centres[8:]
	}
	return label, best, second
}
