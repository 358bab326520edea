package cluster

import (
	"cmp"
	"slices"
)

// fill gives each cluster without rows the row that is farthest from its centre, one
// after the other, and takes it from the cluster that had it, unless it is the last
// one there. This is what scikit-learn does. Labels follow in the next assignment.
func (l *lloyd) fill() {
	type far struct {
		row      int32
		distance float64
	}
	rows := make([]far, len(l.labels))
	for i := range rows {
		rows[i] = far{int32(i), l.distanceOwn(i)}
	}
	slices.SortFunc(rows, func(a, b far) int {
		return cmp.Or(cmp.Compare(b.distance, a.distance), cmp.Compare(a.row, b.row))
	})
	next := 0
	for j := range l.counts {
		if l.counts[j] > 0 {
			continue
		}
		for next < len(rows) && l.counts[l.labels[rows[next].row]] < 2 {
			next++
		}
		if next == len(rows) || rows[next].distance == 0 {
			return
		}
		row := int(rows[next].row)
		next++
		own := int(l.labels[row])
		l.counts[own]--
		l.counts[j] = 1
		for i, v := range l.values[row*l.d : row*l.d+l.d] {
			l.sums[own*l.d+i] -= v
			l.sums[j*l.d+i] = v
		}
	}
}
