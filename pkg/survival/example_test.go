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
