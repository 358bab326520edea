package duplicates

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/duplicates/comparison"
)

// rememberedCounts bounds the counts kept in memory, some 100 bytes each.
const rememberedCounts = 200_000

// population answers how many of a generation's customers have a value. It
// implements comparison.Population; whoever asks looks at err afterwards. It is
// of one goroutine.
type population struct {
	ctx        context.Context
	blocks     *blocks
	generation string
	size       int64
	counts     map[comparison.Key]int64
	err        error
}

func (b *blocks) population(ctx context.Context, generation string, size int64) *population {
	return &population{ctx: ctx, blocks: b, generation: generation, size: size, counts: map[comparison.Key]int64{}}
}

// Size is the number of customers.
func (p *population) Size() int64 { return p.size }

// Bearers is the size of the block of the value.
func (p *population) Bearers(kind comparison.Frequent, value string) int64 {
	key := comparison.Key{Kind: string(kind), Value: value}
	if n, known := p.counts[key]; known {
		return n
	}
	if p.err != nil {
		return 0
	}
	block, err := p.blocks.block(p.generation, key)
	var n int64
	if err == nil {
		n, err = p.blocks.places.Count(p.ctx, docstore.Within(block))
	}
	if err != nil {
		p.err = err
		return 0
	}
	if len(p.counts) >= rememberedCounts {
		clear(p.counts)
	}
	p.counts[key] = n
	return n
}
