package cluster

import "math"

// addUp adds each row to the sums of its cluster.
func addUp(sums []float64, counts []int64, values []float64, d int, labels []int32) {
	switch d {
	case 3:
		addUp3(sums, counts, values, labels)
		return
	case 8:
		addUp8(sums, counts, values, labels)
		return
	}
	for _, label := range labels {
		counts[label]++
		at := int(label) * d
		into, x := sums[at:at+d], values[:d]
		values = values[d:]
		for j, v := range x {
			into[j] += v
		}
	}
}

func addUp3(sums []float64, counts []int64, values []float64, labels []int32) {
	for _, label := range labels {
		counts[label]++
		into, x := (*[3]float64)(sums[int(label)*3:]), (*[3]float64)(values)
		values = values[3:]
		into[0] += x[0]
		into[1] += x[1]
		into[2] += x[2]
	}
}

func addUp8(sums []float64, counts []int64, values []float64, labels []int32) {
	for _, label := range labels {
		counts[label]++
		into, x := (*[8]float64)(sums[int(label)*8:]), (*[8]float64)(values)
		values = values[8:]
		into[0] += x[0]
		into[1] += x[1]
		into[2] += x[2]
		into[3] += x[3]
		into[4] += x[4]
		into[5] += x[5]
		into[6] += x[6]
		into[7] += x[7]
	}
}

// fetch reads the rows of a chunk in their order, one number of each line of the cache:
// the processor fetches ahead what is read in order, but not the rows that are due.
func fetch(values []float64) (read uint64) {
	for ; len(values) >= 8; values = values[8:] {
		read += math.Float64bits(values[0])
	}
	return read
}
