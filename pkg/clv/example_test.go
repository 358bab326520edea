package clv_test

import (
	"fmt"

	"github.com/kehuhq/kehu/pkg/clv"
)

// A subscription of ¥30 a month in margin, of which 70 % are renewed over a year.
func Example() {
	plan := clv.Plan{
		Margins: clv.Level(3000, 24), PeriodsPerYear: 12,
		Retention: 0.7, DiscountRate: 0.1, Timing: clv.Start, Historic: 9000,
	}
	result, err := clv.Of(plan)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("residual", result.Residual, "total", result.Total)
	elasticities, err := plan.Elasticities()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("one percent more retention: %+.2f %%\n", elasticities.Retention)
	// Output:
	// residual 48292 total 57292
	// one percent more retention: +0.81 %
}
