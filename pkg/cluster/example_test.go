package cluster_test

import (
	"context"
	"fmt"

	"github.com/kehuhq/kehu/pkg/cluster"
)

// Six customers by days since their last order and what they spent, in two groups;
// then a new one, and why it is where it is.
func ExampleFit() {
	customers, err := cluster.NewMatrix([]string{"recency", "monetary"}, []float64{
		3, 900, 5, 1100, 8, 1000,
		200, 90, 180, 110, 240, 100,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fit, err := cluster.Fit(context.Background(), customers, cluster.Preparation{Scaling: cluster.ScaleStandard}, cluster.Options{K: 2, Init: cluster.InitFirst})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fit.Division.Labels, fit.Division.Converged)
	why, err := fit.Model.Explain([]float64{20, 400})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("in %d, %.2f from its centre, %.2f from that of %d\n", why.Label, why.Distance, why.NextDistance, why.Next)
	for _, change := range why.Changes {
		fmt.Printf("in %d beyond %s %.0f\n", change.Label, change.Column, change.To)
	}
	// Output:
	// [1 1 1 0 0 0] true
	// in 1, 1.33 from its centre, 1.94 from that of 0
	// in 0 beyond monetary 171
	// in 0 beyond recency 72
}
