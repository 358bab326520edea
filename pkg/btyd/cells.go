package btyd

import (
	"cmp"
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"sync"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Cells counts customers by their history (x, t_x, T), and by their covariates
// where there are any. They are all that a fit needs: histories known by the day
// repeat, so that a million customers are some ten thousand cells. Cells are filled
// one customer at a time, and those filled apart are put together by Merge. A cell
// takes about 100 bytes. Filling is for one goroutine; fits may share filled cells.
type Cells struct {
	names    []string
	weights  map[key]float64
	patterns map[string]int32 // the index in values, by the bits of the covariates
	values   [][]float64      // covariates by pattern; pattern 0 is that of no covariates

	mu     sync.Mutex
	sorted []cell // nil after a change
}

type key struct {
	x       int
	tx, t   float64
	pattern int32
}

// cell is a history with its weight in the order of fits.
type cell struct {
	x, tx, t, weight float64
	pattern          int32
}

// NewCells returns empty cells whose customers have the covariates of those names;
// no names for models without covariates.
func NewCells(covariates ...string) *Cells {
	c := &Cells{names: slices.Clone(covariates), weights: map[key]float64{}, patterns: map[string]int32{}}
	if len(covariates) == 0 {
		c.values = [][]float64{nil}
	}
	return c
}

// Covariates are the names of the covariates in their order.
func (c *Cells) Covariates() []string { return slices.Clone(c.names) }

// Add counts weight customers of a history, covariates in the order of their names.
// Its faults name the field: x, t_x, T, weight or the covariate. Refused, nothing changes.
func (c *Cells) Add(h History, weight float64, covariates ...float64) error {
	if err := h.Validate(); err != nil {
		return err
	}
	if !(weight > 0 && weight <= 1e12) {
		return fault.Invalid("weight", "must lie above 0 and up to 1e12, got %v", weight)
	}
	pattern, err := c.pattern(covariates)
	if err != nil {
		return err
	}
	c.weights[key{x: h.X, tx: h.Tx, t: h.T, pattern: pattern}] += weight
	c.sorted = nil
	return nil
}

// pattern is the index of a set of values.
func (c *Cells) pattern(covariates []float64) (int32, error) {
	if len(covariates) != len(c.names) {
		return 0, fault.Invalid("covariates", "must be the %d values of %q, got %d", len(c.names), c.names, len(covariates))
	}
	if len(covariates) == 0 {
		return 0, nil
	}
	bits := make([]byte, 0, 64)
	for i, v := range covariates {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fault.Invalid(c.names[i], "must be a finite number, got %v", v)
		}
		bits = binary.LittleEndian.AppendUint64(bits, math.Float64bits(v+0)) // −0 is 0
	}
	pattern, known := c.patterns[string(bits)]
	if !known {
		pattern = int32(len(c.values))
		c.values = append(c.values, slices.Clone(covariates))
		c.patterns[string(bits)] = pattern
	}
	return pattern, nil
}

// Merge adds the customers of other, which must have the same covariates.
func (c *Cells) Merge(other *Cells) error {
	if !slices.Equal(c.names, other.names) {
		return fault.Invalid("covariates", "must be %q as here, got %q", c.names, other.names)
	}
	for k, weight := range other.weights {
		pattern, err := c.pattern(other.values[k.pattern])
		if err != nil {
			return err
		}
		k.pattern = pattern
		c.weights[k] += weight
	}
	c.sorted = nil
	return nil
}

// Len is the number of distinct cells.
func (c *Cells) Len() int { return len(c.weights) }

// Customers is the sum of weights.
func (c *Cells) Customers() float64 {
	var total sum
	for _, cell := range c.ordered() {
		total.add(cell.weight)
	}
	return total.value()
}

// All yields the histories with their weights, by covariates in order of their
// values, then by x, T and t_x; histories with the same values and different
// covariates come apart.
func (c *Cells) All() iter.Seq2[History, float64] {
	return func(yield func(History, float64) bool) {
		for _, cell := range c.ordered() {
			if !yield(History{X: int(cell.x), Tx: cell.tx, T: cell.t}, cell.weight) {
				return
			}
		}
	}
}

// ordered are the cells in an order that does not depend on how they were filled,
// so that a fit's sums are the same to the last bit. Patterns are numbered as they
// came, so they are put in order of their values.
func (c *Cells) ordered() []cell {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sorted != nil {
		return c.sorted
	}
	rank := c.ranks()
	cells := make([]cell, 0, len(c.weights))
	for k, weight := range c.weights {
		cells = append(cells, cell{x: float64(k.x), tx: k.tx, t: k.t, weight: weight, pattern: k.pattern})
	}
	slices.SortFunc(cells, func(a, b cell) int {
		if a.pattern != b.pattern {
			return cmp.Compare(rank[a.pattern], rank[b.pattern])
		}
		switch { // without cmp.Compare, whose care for NaN a million cells would pay for
		case a.x < b.x:
			return -1
		case a.x > b.x:
			return 1
		case a.t < b.t:
			return -1
		case a.t > b.t:
			return 1
		case a.tx < b.tx:
			return -1
		case a.tx > b.tx:
			return 1
		}
		return 0
	})
	c.sorted = cells
	return cells
}

// ranks is the place of each pattern in the order of values.
func (c *Cells) ranks() []int32 {
	order := make([]int32, len(c.values))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return slices.Compare(c.values[a], c.values[b]) })
	rank := make([]int32, len(order))
	for place, pattern := range order {
		rank[pattern] = int32(place)
	}
	return rank
}
