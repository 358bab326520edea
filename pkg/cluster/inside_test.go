package cluster

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// TestCandidatesByDistance: a row is drawn as often as its squared distance says, and
// of the candidates the one is kept that leaves the least.
func TestCandidatesByDistance(t *testing.T) {
	const n, draws = 3 * blockRows, 10_000
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(i % 5)
	}
	p := newPlusPlus(Matrix{Names: []string{"a"}, Values: values}, 2)
	for i := range p.distances {
		p.distances[i] = math.MaxFloat64
	}
	if err := p.choose(context.Background(), []float64{1}); err != nil {
		t.Fatal(err)
	}
	draw := rand.New(rand.NewPCG(1, 2))
	var drawn [5]float64
	var blocks [3]float64
	for range draws {
		row := p.candidate(draw)
		drawn[row%5]++
		blocks[row/blockRows]++
	}
	for v, want := range []float64{1.0 / 15, 0, 1.0 / 15, 4.0 / 15, 9.0 / 15} {
		if math.Abs(drawn[v]/draws-want) > 0.02 {
			t.Errorf("%d was drawn %.4f of the times, want %.4f", v, drawn[v]/draws, want)
		}
	}
	for b, got := range blocks {
		if math.Abs(got/draws-1.0/3) > 0.02 {
			t.Errorf("block %d was drawn %.4f of the times", b, got/draws)
		}
	}
	p.trials = make([]float64, p.blocks.count*3)
	if best, err := p.best(context.Background(), []int{0, 3, 1}); err != nil || best != 3 { // 3 leaves 1 at 0 and 2 and 4
		t.Errorf("of 0, 3 and 1 row %d is kept, %v", best, err)
	}
}

// TestAssignmentIsTheLeast of all permutations.
func TestAssignmentIsTheLeast(t *testing.T) {
	draw := rand.New(rand.NewPCG(4, 5))
	for range 300 {
		rows := 1 + draw.IntN(5)
		columns := rows + draw.IntN(3)
		cost := make([][]float64, rows)
		for i := range cost {
			cost[i] = make([]float64, columns)
			for j := range cost[i] {
				cost[i][j] = float64(draw.IntN(20)) - 5
			}
		}
		least := math.Inf(1)
		used := make([]bool, columns)
		var try func(row int, sum float64)
		try = func(row int, sum float64) {
			if row == rows {
				least = min(least, sum)
				return
			}
			for j := range columns {
				if !used[j] {
					used[j] = true
					try(row+1, sum+cost[row][j])
					used[j] = false
				}
			}
		}
		try(0, 0)
		var sum float64
		taken := map[int]bool{}
		for i, j := range assignment(cost, columns) {
			sum += cost[i][j]
			taken[j] = true
		}
		if sum != least || len(taken) != rows {
			t.Fatalf("%v: cost %v, %v is possible", cost, sum, least)
		}
	}
}

func TestChoice(t *testing.T) {
	candidates := func(silhouettes ...float64) (all []Candidate) {
		for i, s := range silhouettes {
			all = append(all, Candidate{K: i + 2, Silhouette: s})
		}
		return all
	}
	for _, c := range []struct {
		candidates []Candidate
		elbow, k   int
		reason     Ground
	}{
		{candidates(0.5, 0.6, 0.4), 3, 3, RecommendedBoth},
		{candidates(0.5, 0.6, 0.4), 4, 3, RecommendedSilhouette},
		{candidates(0.5, 0.6, 0.4), 0, 3, RecommendedSilhouette},
		{candidates(0.61, 0.6, 0.4), 3, 3, RecommendedElbow},
		{candidates(0.6, 0.6, 0.4), 0, 2, RecommendedSilhouette},
		{candidates(0.1, 0.24, 0.2), 3, 3, RecommendedWeak},
	} {
		r := &Recommendation{Elbow: c.elbow, Candidates: c.candidates}
		if r.choose(); r.K != c.k || r.Reason != c.reason || r.English == "" || r.Chinese == "" {
			t.Errorf("%+v with the elbow at %d: %d, %s", c.candidates, c.elbow, r.K, r.Reason)
		}
	}
}
