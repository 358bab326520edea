package cluster

import "math"

// margins are what is known of the distances of rows from centres that move, so that
// most rows need not be compared with any centre: gap is a lower bound of next − own,
// the distances from the nearest of the other centres and from the own one. When the
// centres have moved by mⱼ, it has shrunk by m_own + max of the others at most; while
// it is above 0 the label stands. These are the bounds of G. Hamerly, Making k-means
// even faster (2010), with his two kept as one, their difference.
//
// Computed distances err by less than (d+2)·2⁻⁵⁴ of themselves, differences whose
// squares are below 10⁻³⁰⁰ vanish, and rounding adds 2⁻⁵³ in each iteration; marginError
// and marginLeast are more than that. So a gap above 0 means that the own centre is the
// nearer one in distances as they are computed, and labels are those of comparing each
// row with each centre.
type margins struct {
	gap    []float64 // of each row
	shrink []float64 // what each cluster's gaps lose by the last move
}

const (
	marginError = 1e-11
	marginLeast = 1e-140
)

func newMargins(rows, k int) margins {
	return margins{gap: make([]float64, rows), shrink: make([]float64, k)}
}

// moved takes in how far each centre has moved.
func (m *margins) moved(moves []float64) {
	first, second, largest := 0.0, 0.0, 0 // the largest moves
	for j, move := range moves {
		move = move*(1+marginError) + marginLeast
		m.shrink[j] = move
		if move > first {
			first, second, largest = move, first, j
		} else {
			second = max(second, move)
		}
	}
	for j := range m.shrink {
		if j == largest {
			m.shrink[j] += second
		} else {
			m.shrink[j] += first
		}
	}
}

// due takes the last move from the gaps of the rows from one on, and returns those
// with none left. It has no branch on a gap: which are due cannot be guessed.
func (m *margins) due(into []int32, from int, labels []int32) []int32 {
	gaps := m.gap[from:]
	gaps = gaps[:len(labels)]
	into = into[:chunkRows]
	count := 0
	for i, label := range labels {
		left := gaps[i] - m.shrink[label]
		gaps[i] = left
		into[count&(chunkRows-1)] = int32(from + i)
		more := 0
		if !(left > 0) {
			more = 1
		}
		count += more
	}
	return into[:count]
}

// compared takes in the squared distances of a row from its own and from the next
// centre, as bits.
func (m *margins) compared(row int32, best, second uint64) {
	own, next := math.Sqrt(math.Float64frombits(best)), math.Sqrt(math.Float64frombits(second))
	m.gap[row] = next - own - marginError*(next+own) - marginLeast
}
