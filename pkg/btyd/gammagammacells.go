package btyd

import (
	"cmp"
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// SpendCells are the sufficient statistics of GammaGamma: each distinct pair of a
// number of repeat purchases and their mean value, with how many customers have it.
// They are additive: parts can be filled apart and merged. A cell takes 24 bytes.
// The zero SpendCells is empty and ready to use, by one goroutine at a time.
type SpendCells struct {
	// OneTime is the customers without a repeat purchase, who tell nothing.
	OneTime float64
	// NotPositive is the customers whose repeat purchases are worth 0 or less on
	// average, for whom the model has no likelihood. They are left out.
	NotPositive float64

	cells  []spendCell
	tidied int // length after the last tidying
}

type spendCell struct {
	x      float64 // repeat purchases, whole and at least 1
	mean   float64 // their mean value, above 0
	weight float64 // customers
}

// maxSpendWeight is the most customers that one call may add.
const maxSpendWeight = 1e12

// Add counts customers with so many repeat purchases, worth mean on average. mean
// does not matter where x is 0. Faults name x, spend or weight.
func (c *SpendCells) Add(x int, mean, weight float64) error {
	if !(weight > 0 && weight <= maxSpendWeight) {
		return fault.Invalid("weight", "must be a number of customers above 0 and at most %g, is %v", float64(maxSpendWeight), weight)
	}
	if x == 0 {
		c.OneTime += weight
		return nil
	}
	if err := checkSpend(x, mean); err != nil {
		return err
	}
	if mean <= 0 {
		c.NotPositive += weight
		return nil
	}
	c.cells = append(c.cells, spendCell{float64(x), mean, weight})
	if len(c.cells) > 2*c.tidied+1024 {
		c.tidy()
	}
	return nil
}

// Merge adds another's customers, which stay with the other too.
func (c *SpendCells) Merge(other *SpendCells) {
	c.OneTime += other.OneTime
	c.NotPositive += other.NotPositive
	c.cells = append(c.cells, other.cells...)
	c.tidy()
}

// Len is the number of distinct cells.
func (c *SpendCells) Len() int {
	c.tidy()
	return len(c.cells)
}

// Customers is the number of customers the model can learn from.
func (c *SpendCells) Customers() float64 {
	var n sum
	for _, cell := range c.cells {
		n.add(cell.weight)
	}
	return n.value()
}

// tidy sorts the cells by x and mean and joins equal ones.
func (c *SpendCells) tidy() {
	slices.SortFunc(c.cells, func(a, b spendCell) int {
		return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.mean, b.mean), cmp.Compare(a.weight, b.weight))
	})
	n := 0
	for _, cell := range c.cells {
		if n > 0 && c.cells[n-1].x == cell.x && c.cells[n-1].mean == cell.mean {
			c.cells[n-1].weight += cell.weight
			continue
		}
		c.cells[n] = cell
		n++
	}
	c.cells, c.tidied = c.cells[:n], n
}

// moments are the weighted means of x and of the mean values, their correlation
// (Pearson's; 0 where either does not vary), and whether the values vary at all.
func (c *SpendCells) moments() (meanX, meanSpend, correlation float64, varies bool) {
	var n, sx, sm sum
	for _, cell := range c.cells {
		n.add(cell.weight)
		sx.add(cell.weight * cell.x)
		sm.add(cell.weight * cell.mean)
		varies = varies || cell.mean != c.cells[0].mean
	}
	if n.value() == 0 {
		return 0, 0, 0, false
	}
	meanX, meanSpend = sx.value()/n.value(), sm.value()/n.value()
	var xx, mm, xm sum
	for _, cell := range c.cells {
		dx, dm := cell.x-meanX, cell.mean-meanSpend
		xx.add(cell.weight * dx * dx)
		mm.add(cell.weight * dm * dm)
		xm.add(cell.weight * dx * dm)
	}
	if d := math.Sqrt(xx.value()) * math.Sqrt(mm.value()); d > 0 && !math.IsInf(d, 0) {
		correlation = xm.value() / d
	}
	return meanX, meanSpend, correlation, varies
}

// Correlation is Pearson's correlation between the number of repeat purchases and
// their mean value among customers who have bought again; 0 where either does not
// vary.
func (c *SpendCells) Correlation() float64 {
	_, _, correlation, _ := c.moments()
	return correlation
}
