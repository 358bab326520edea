package survival_test

import (
	"fmt"

	"github.com/kehuhq/kehu/pkg/survival"
)

func ExampleKaplanMeier() {
	months := survival.Sample{
		Durations: []float64{1, 2, 2, 4, 5, 7},
		Events:    []bool{true, true, false, true, false, false}, // false: still a customer
	}
	curve, err := survival.KaplanMeier(months, survival.CurveOptions{})
	if err != nil {
		panic(err)
	}
	s, low, high := curve.SurvivalAt(4)
	fmt.Printf("after 4 months %.2f are left (%.2f to %.2f)\n", s, low, high)
	// Output: after 4 months 0.44 are left (0.17 to 1.00)
}

func ExampleFitCox() {
	s := survival.Sample{
		Durations: []float64{2, 3, 3, 5, 6, 7, 8, 9, 11, 12},
		Events:    []bool{true, true, true, false, true, true, false, true, true, false},
	}
	discounted := []float64{1, 1, 0, 1, 1, 0, 0, 1, 0, 0} // won by a discount
	fit, err := survival.FitCox(s, survival.Covariates{Names: []string{"discounted"}, Columns: [][]float64{discounted}}, survival.CoxOptions{})
	if err != nil {
		panic(err)
	}
	c := fit.Coefficients[0]
	fmt.Printf("%s: %.2f (%.2f to %.2f)\n", c.Name, c.Value, c.Lower, c.Upper)
	for _, w := range fit.Warnings {
		fmt.Println(w.Reason)
	}
	// Output:
	// discounted: 1.26 (-0.47 to 3.00)
	// FEW_EVENTS_PER_COVARIATE
}
