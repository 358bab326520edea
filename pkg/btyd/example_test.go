package btyd_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/kehuhq/kehu/pkg/btyd"
)

// A shop of 5,000 customers, observed for up to a year and counted by the day: how
// often will one of them buy in the next half year, and will he at all?
func Example() {
	truth, _ := btyd.NewPredictor(btyd.ParetoNBD{R: 0.9, Alpha: 7, S: 0.8, Beta: 12})
	rng := rand.New(rand.NewPCG(1, 2))
	cells := btyd.NewCells()
	for range 5000 {
		h, _, _ := truth.Simulate(rng, float64(26+rng.IntN(27)), 0)
		_ = cells.Add(h, 1)
	}

	model, estimate, err := btyd.FitParetoNBD(context.Background(), cells, btyd.Options{})
	if err != nil {
		fmt.Println(err) // e.g. nobody has bought again
		return
	}
	for _, p := range estimate.Parameters {
		fmt.Printf("%-5s %.1f (%.1f to %.1f)\n", p.Name, p.Value, p.Lower, p.Upper)
	}
	predictor, _ := btyd.NewPredictor(model)
	discount, _ := btyd.ContinuousDiscount(0.15, 52)
	history := btyd.DayHistory(4, 200, 260, 7) // 4 repeat purchases, the last 60 days ago
	alive, _ := predictor.Alive(history)
	expected, _ := predictor.Expected(history, 26)
	churn, _ := predictor.Churn(history, 26)
	residual, _ := predictor.Residual(history, discount)
	fmt.Printf("alive %.2f, purchases %.1f, churn risk %.2f, residual purchases %.1f\n", alive, expected, churn, residual)
	// Output:
	// r     0.8 (0.8 to 0.9)
	// alpha 6.8 (6.2 to 7.5)
	// s     0.8 (0.6 to 1.0)
	// beta  12.0 (8.3 to 17.4)
	// alive 0.78, purchases 1.9, churn risk 0.37, residual purchases 9.8
}
