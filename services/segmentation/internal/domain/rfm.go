package domain

import (
	"fmt"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Groups are the eight RFM groups by the names that facts use.
var Groups = []string{
	"IMPORTANT_VALUE", "IMPORTANT_DEVELOP", "IMPORTANT_KEEP", "IMPORTANT_WIN_BACK",
	"GENERAL_VALUE", "GENERAL_DEVELOP", "GENERAL_KEEP", "GENERAL_WIN_BACK",
}

// RFM selects customers by their scores: those in one of the groups, and those
// in one of the cells.
type RFM struct {
	Groups []string // of Groups
	Cells  []string // three scores, e.g. "545"; `*` stands for any
}

// Check reports what selects nobody.
func (r RFM) Check() *fault.Fault {
	if len(r.Groups) == 0 && len(r.Cells) == 0 {
		return fault.Invalid("rfm", "must name at least one of groups and cells")
	}
	for i, group := range r.Groups {
		if !slices.Contains(Groups, group) {
			return fault.Invalid(fmt.Sprintf("rfm.groups[%d]", i), "must be one of the eight groups")
		}
	}
	for i, cell := range r.Cells {
		if !isCell(cell) {
			return fault.Invalid(fmt.Sprintf("rfm.cells[%d]", i), `must be three scores of 1 to 5 or *, e.g. "5*5"`)
		}
	}
	return nil
}

func isCell(cell string) bool {
	if len(cell) != 3 {
		return false
	}
	for i := range len(cell) {
		if c := cell[i]; c != '*' && (c < '1' || c > '5') {
			return false
		}
	}
	return true
}

// Selection is an RFM definition made ready to ask for many customers.
type Selection struct {
	groups []string
	cells  [125]bool
}

// Select makes the definition ready. It must have passed Check.
func (r RFM) Select() *Selection {
	s := &Selection{groups: r.Groups}
	for recency := 1; recency <= 5; recency++ {
		for frequency := 1; frequency <= 5; frequency++ {
			for monetary := 1; monetary <= 5; monetary++ {
				s.cells[cellIndex(recency, frequency, monetary)] = slices.ContainsFunc(r.Cells, func(cell string) bool {
					return scored(cell[0], recency) && scored(cell[1], frequency) && scored(cell[2], monetary)
				})
			}
		}
	}
	return s
}

func scored(pattern byte, score int) bool { return pattern == '*' || int(pattern-'0') == score }

func cellIndex(recency, frequency, monetary int) int {
	return (recency-1)*25 + (frequency-1)*5 + monetary - 1
}

// Has tells whether the customer belongs to the selection. Whoever has no scores
// does not.
func (s *Selection) Has(f *facts.Facts) bool {
	if !f.Valued {
		return false
	}
	r := &f.RFM
	if inScale(r.Recency) && inScale(r.Frequency) && inScale(r.Monetary) &&
		s.cells[cellIndex(r.Recency, r.Frequency, r.Monetary)] {
		return true
	}
	return r.Group != "" && slices.Contains(s.groups, r.Group)
}

func inScale(score int) bool { return score >= 1 && score <= 5 }
