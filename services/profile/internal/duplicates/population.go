package duplicates

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/duplicates/comparison"
)

// rememberedShares bounds the shares kept in memory, some 100 bytes each.
const rememberedShares = 200_000

// population answers how many of a generation's customers have a value. It
// implements comparison.Population; whoever asks looks at err afterwards. It is
// of one goroutine.
type population struct {
	ctx        context.Context
	blocks     *blocks
	generation string
	size       int64
	shares     map[comparison.Key]float64
	err        error
}

func (b *blocks) population(ctx context.Context, generation string, size int64) *population {
	return &population{ctx: ctx, blocks: b, generation: generation, size: size, shares: map[comparison.Key]float64{}}
}

// Size is the number of customers.
func (p *population) Size() int64 { return p.size }

// Share is the size of the block of the value by the number of customers.
func (p *population) Share(kind comparison.Frequent, value string) float64 {
	key := comparison.Key{Kind: string(kind), Value: value}
	if share, known := p.shares[key]; known {
		return share
	}
	if p.err != nil || p.size == 0 {
		return 1 // whatever it is, it is no evidence
	}
	block, err := p.blocks.block(p.generation, key)
	var n int64
	if err == nil {
		n, err = p.blocks.places.Count(p.ctx, docstore.Within(block))
	}
	if err != nil {
		p.err = err
		return 1
	}
	if len(p.shares) >= rememberedShares {
		clear(p.shares)
	}
	share := float64(n) / float64(p.size)
	p.shares[key] = share
	return share
}
