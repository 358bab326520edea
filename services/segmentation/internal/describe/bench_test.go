package describe_test

import (
	"math/rand/v2"
	"testing"

	"github.com/kehuhq/kehu/services/segmentation/internal/describe"
)

// BenchmarkTally is what one customer with ten numbers and five words costs.
func BenchmarkTally(b *testing.B) {
	numbers, words := make([]describe.Variable, 10), make([]describe.Variable, 5)
	tally, err := describe.NewTally(8, numbers, words)
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 0))
	x, w := make([]float64, 10), []string{"广东", "FEMALE", "true", "gold", ""}
	for i := range x {
		x[i] = 1000 * random.Float64()
	}
	for i := 0; b.Loop(); i++ {
		x[i%10] = 100000 * random.Float64()
		if err := tally.Add(i%8, x, w); err != nil {
			b.Fatal(err)
		}
	}
}
