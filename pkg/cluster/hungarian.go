package cluster

import "math"

// assignment pairs each row of a cost matrix with a column of its own such that the
// costs add up to the least: by successive shortest paths (H. Kuhn 1955, J. Munkres
// 1957; in the form with potentials), in rows²·columns steps. There must be at least as
// many columns as rows. The costs must be finite.
func assignment(cost [][]float64, columns int) []int {
	// Rows and columns count from 1; column 0 begins each path.
	rowOf := make([]int, columns+1) // of each column, 0 where free
	rowPotential, columnPotential := make([]float64, len(cost)+1), make([]float64, columns+1)
	before := make([]int, columns+1)
	least := make([]float64, columns+1)
	for row := range cost {
		rowOf[0] = row + 1
		for j := range least {
			least[j] = math.Inf(1)
		}
		done := make([]bool, columns+1)
		at := 0
		for rowOf[at] != 0 {
			done[at] = true
			i, delta, next := rowOf[at], math.Inf(1), 0
			for j := 1; j <= columns; j++ {
				if done[j] {
					continue
				}
				if reduced := cost[i-1][j-1] - rowPotential[i] - columnPotential[j]; reduced < least[j] {
					least[j], before[j] = reduced, at
				}
				if least[j] < delta {
					delta, next = least[j], j
				}
			}
			for j := range done {
				if done[j] {
					rowPotential[rowOf[j]] += delta
					columnPotential[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			at = next
		}
		for at != 0 {
			rowOf[at] = rowOf[before[at]]
			at = before[at]
		}
	}
	pairs := make([]int, len(cost))
	for j := 1; j <= columns; j++ {
		if rowOf[j] > 0 {
			pairs[rowOf[j]-1] = j - 1
		}
	}
	return pairs
}
