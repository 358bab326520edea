package influence

import (
	"fmt"
	"iter"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/valuation/internal/facts"
)

// graph is who brought whom, cycles and all.
type graph map[string][]facts.Edge

func (g graph) brought(customer string) iter.Seq2[facts.Edge, error] {
	return func(yield func(facts.Edge, error) bool) {
		for _, e := range g[customer] {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func drawGraph(t *rapid.T) graph {
	g := graph{}
	for range rapid.IntRange(0, 40).Draw(t, "edges") {
		e := facts.Edge{
			Advocate: fmt.Sprintf("c%d", rapid.IntRange(0, 11).Draw(t, "advocate")),
			Referee:  fmt.Sprintf("c%d", rapid.IntRange(0, 11).Draw(t, "referee")),
		}
		if rapid.Bool().Draw(t, "qualified") {
			e.QualifyMS = 1
		}
		g[e.Advocate] = append(g[e.Advocate], e)
	}
	return g
}

// distances are the least numbers of steps to all customers, by relaxing all edges
// again and again.
func (g graph) distances(start string) map[string]int {
	distance := map[string]int{start: 0}
	for changed := true; changed; {
		changed = false
		for _, edges := range g {
			for _, e := range edges {
				from, reached := distance[e.Advocate]
				if to, known := distance[e.Referee]; reached && (!known || to > from+1) {
					distance[e.Referee], changed = from+1, true
				}
			}
		}
	}
	return distance
}

func TestReachIsThatOfANaiveSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		steps := rapid.IntRange(1, 12).Draw(t, "steps")
		got, truncated, err := Reach("c0", g.brought, steps, MaxReach)
		if err != nil || truncated {
			t.Fatalf("%v, truncated %v", err, truncated)
		}
		distance := g.distances("c0")
		want := 0
		for customer, d := range distance {
			if customer != "c0" && d <= steps {
				want++
			}
		}
		seen := map[string]bool{}
		for i, r := range got {
			if seen[r.Customer] || distance[r.Customer] != r.Step || r.Step == 0 || i > 0 && got[i-1].Step > r.Step {
				t.Fatalf("%+v in %+v, distances %v", r, got, distance)
			}
			seen[r.Customer] = true
			qualified := false
			for _, edges := range g {
				for _, e := range edges {
					nearer, reached := distance[e.Advocate]
					qualified = qualified || e.Referee == r.Customer && reached && nearer == r.Step-1 && e.Qualified()
				}
			}
			if r.Qualified != qualified {
				t.Fatalf("%+v in %v", r, g)
			}
		}
		if len(got) != want {
			t.Fatalf("reached %d, want %d", len(got), want)
		}
	})
}

func TestReachIsTruncated(t *testing.T) {
	g := graph{}
	for i := range 5 {
		g["c0"] = append(g["c0"], facts.Edge{Advocate: "c0", Referee: fmt.Sprintf("d%d", i)})
	}
	if got, truncated, err := Reach("c0", g.brought, 3, 4); err != nil || !truncated || len(got) != 4 {
		t.Errorf("%v, %v, %v", got, truncated, err)
	}
	if got, truncated, err := Reach("c0", g.brought, 3, 5); err != nil || truncated || len(got) != 5 {
		t.Errorf("%v, %v, %v", got, truncated, err)
	}
}
