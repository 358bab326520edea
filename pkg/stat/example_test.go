package stat_test

import (
	"fmt"

	"github.com/kehuhq/kehu/pkg/stat"
)

// A shop of six customers, scored on how many days ago they last bought.
func ExampleScore() {
	daysAgo := []int64{3, 3, 3, 40, 90, 400}
	shared, _ := stat.Score(daysAgo, 3, stat.SharedTies, stat.LowerIsBetter)
	ordinal, _ := stat.Score(daysAgo, 3, stat.OrdinalTies, stat.LowerIsBetter)
	fmt.Println(shared, ordinal)
	// Output: [3 3 3 2 1 1] [3 3 2 2 1 1]
}
