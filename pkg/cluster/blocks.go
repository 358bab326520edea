package cluster

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	blockRows     = 4096    // of a block, at least
	maxBlocks     = 64      // as many processors can work at once
	maxBlockState = 4 << 20 // numbers that all blocks together may keep
	chunkRows     = 256     // that are read several times while they are in the cache
)

// blocks are the rows cut into parts of equal size. How they are cut depends on the
// number of rows and of what is added up, never on the number of workers, so that
// sums of sums are the same with any.
type blocks struct{ rows, size, count int }

// cut cuts rows into blocks each of which adds up so many numbers.
func cut(rows, numbers int) blocks {
	count := (rows + blockRows - 1) / blockRows
	count = max(1, min(count, maxBlocks, maxBlockState/max(1, numbers)))
	size := max(1, (rows+count-1)/count)
	return blocks{rows: rows, size: size, count: (rows + size - 1) / size}
}

// each does every block, by so many workers at a time. It stops between blocks when
// the context ends, and returns its error.
func (b blocks) each(ctx context.Context, workers int, do func(block, from, to int)) error {
	one := func(block int) { do(block, block*b.size, min((block+1)*b.size, b.rows)) }
	if workers = min(workers, b.count); workers <= 1 {
		for block := range b.count {
			if err := ctx.Err(); err != nil {
				return err
			}
			one(block)
		}
		return ctx.Err()
	}
	var next atomic.Int64
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for ctx.Err() == nil {
				block := int(next.Add(1)) - 1
				if block >= b.count {
					return
				}
				one(block)
			}
		})
	}
	done.Wait()
	return ctx.Err()
}

// workersOr is the number of workers asked for, or one for each processor.
func workersOr(workers int) int {
	if workers > 0 {
		return workers
	}
	return runtime.GOMAXPROCS(0)
}
