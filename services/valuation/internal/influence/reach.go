// Package influence says what a customer is worth as one who brings others.
package influence

import (
	"iter"

	"github.com/kehuhq/kehu/services/valuation/internal/facts"
)

// Bounds of a reach: how many steps are followed, and about how many customers.
const (
	MaxSteps = 10
	MaxReach = 10_000
)

// Reached is a customer whom another one brought, directly or through others.
type Reached struct {
	Customer  string
	Step      int  // how many steps away: 1 is brought directly
	Qualified bool // brought by one a step nearer with a referral that qualified
}

// Brought yields whom a customer brought. The same may come twice, and the
// customer too.
type Brought func(customer string) iter.Seq2[facts.Edge, error]

// Reach follows the referrals from a customer on. Everybody is reached once, at the
// least number of steps; whoever it begins with is not. The nearest come first, in
// the order in which they are met. It ends behind steps, or once most have been
// reached: truncated is then true.
func Reach(start string, brought Brought, steps, most int) (reached []Reached, truncated bool, err error) {
	at := map[string]int{start: -1} // where in reached
	from := []string{start}
	for step := 1; step <= steps && len(from) > 0; step++ {
		var next []string
		for _, customer := range from {
			for e, err := range brought(customer) {
				if err != nil {
					return nil, false, err
				}
				i, met := at[e.Referee]
				if met {
					if i >= 0 && reached[i].Step == step {
						reached[i].Qualified = reached[i].Qualified || e.Qualified()
					}
					continue
				}
				if len(reached) == most {
					return reached, true, nil
				}
				at[e.Referee] = len(reached)
				reached = append(reached, Reached{e.Referee, step, e.Qualified()})
				next = append(next, e.Referee)
			}
		}
		from = next
	}
	return reached, false, nil
}
