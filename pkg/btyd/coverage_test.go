package btyd_test

import (
	"context"
	"sync"
	"testing"

	"github.com/kehuhq/kehu/pkg/btyd"
)

// TestCoverage: of 200 simulated shops, the 95 % intervals of each parameter hold the
// truth in a number that a binomial of 0.95 gives: 179 to 199 leave out 1 in 1,000.
// With the race detector, which this tests nothing of, there are 40 shops.
func TestCoverage(t *testing.T) {
	shops, least, most := uint64(200), 179, 199
	if raceDetector {
		shops, least, most = 40, 32, 40
	}
	const customers = 1500
	for _, truth := range truths {
		t.Run(truth.Name(), func(t *testing.T) {
			t.Parallel()
			covered, failed := make([]int, 4), 0
			for seed := range shops {
				cells := counted(t, shop(t, truth, customers, 1000+seed, 26, 52, 78, 104))
				_, e, err := fit(t, truth.Name(), cells, btyd.Options{Workers: 1})
				if err != nil {
					t.Fatal(err)
				}
				if !e.Converged {
					failed++
				}
				for i, v := range truth.Values() {
					if p := e.Parameters[i]; p.Lower <= v && v <= p.Upper {
						covered[i]++
					}
				}
			}
			t.Logf("covered %v of %d, %d did not converge", covered, shops, failed)
			for i, n := range covered {
				if n < least || n > most {
					t.Errorf("%s: the interval of %s holds the truth %d times of %d", truth.Name(), truth.Names()[i], n, shops)
				}
			}
		})
	}
}

// TestCovariates: effects are found again, within their intervals, in simulated shops
// of two seeds.
func TestCovariates(t *testing.T) {
	for _, truth := range truths {
		for _, seed := range []uint64{21, 22} {
			want := btyd.CovariateModel{Base: truth, Covariates: []string{"member", "distance"}, Effects: []btyd.Effect{
				{Covariate: "member", Parameter: "alpha", Coefficient: 0.6},
				{Covariate: "distance", Parameter: truth.Names()[3], Coefficient: 0.02},
			}}
			cells := btyd.NewCells(want.Covariates...)
			for member := range 2 {
				for distance := 0.0; distance <= 60; distance += 20 {
					m, err := want.For(float64(member), distance)
					if err != nil {
						t.Fatal(err)
					}
					for _, h := range shop(t, m, 700, seed+uint64(10*member)+uint64(distance), 52, 78) {
						if err := cells.Add(h, 1, float64(member), distance); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			got, e, err := btyd.FitCovariates(context.Background(), cells, truth, btyd.Terms{}, btyd.Options{Level: 0.999})
			if err != nil {
				t.Fatal(err)
			}
			if !e.Converged || got.Base.Name() != truth.Name() {
				t.Errorf("%s: converged %v, %v", truth.Name(), e.Converged, e.Warnings)
			}
			true0 := map[string]float64{"rate.member": 0.6, "dropout.distance": 0.02, "dropout_b.distance": 0.02}
			for i, name := range truth.Names() {
				true0[name] = truth.Values()[i]
			}
			for _, p := range e.Parameters {
				if v := true0[p.Name]; !(p.Lower <= v && v <= p.Upper) || p.StandardError <= 0 {
					t.Errorf("%s: %s is %v (%v to %v), true %v", truth.Name(), p.Name, p.Value, p.Lower, p.Upper, v)
				}
			}
		}
	}
}

// TestSharedCells: several fits may read the same cells at once.
func TestSharedCells(t *testing.T) {
	cells := counted(t, shop(t, truths[0], 500, 31, 26, 52))
	var group sync.WaitGroup
	for _, name := range modelNames {
		group.Go(func() {
			if _, _, err := fit(t, name, cells, btyd.Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
