package survival

import "sync"

// Rows are worked on in blocks, at most maxBlocks of them, side by side where there
// are cores. How many blocks there are depends on the rows alone, so that sums, taken
// in the order of the blocks, are the same everywhere.
const (
	maxBlocks = 4
	blockRows = 8192 // fewer are not worth a goroutine
)

func blocksOf(rows int) int { return max(1, min(maxBlocks, rows/blockRows)) }

// inBlocks does the rows from … to of each block, and waits for all.
func inBlocks(rows int, do func(block, from, to int)) {
	n := blocksOf(rows)
	var others sync.WaitGroup
	for k := 1; k < n; k++ {
		others.Go(func() { do(k, k*rows/n, (k+1)*rows/n) })
	}
	do(0, 0, rows/n)
	others.Wait()
}
