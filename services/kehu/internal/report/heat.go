package report

import (
	"fmt"

	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
)

// heat is the cohort table as shades.
type heat struct {
	Months []month // the columns, from 1 on
	Rows   []heatRow
	Older  int64 // cohorts that are not shown
}

// month is a column of the table; far ones are left out on paper.
type month struct {
	Number int
	Far    bool
}

// heatRow is one cohort.
type heatRow struct {
	Month     string
	Customers int64
	Cells     []heatCell // as many as there are months
}

// heatCell is the retention of a cohort in a month; blank where the month has
// not ended.
type heatCell struct {
	Text  string
	Level int // shade, 0 to 9
	Far   bool
}

// How much of a cohort table is shown.
const (
	heatRows   = 24
	heatMonths = 24
	paperRoom  = 12 // months that fit on a page
	levels     = 9
)

// heatOf shades the cohorts that somebody is in, against the greatest retention
// among them.
func heatOf(c analysis.Cohorts) heat {
	cohorts := c.WithCustomers()
	h := heat{Older: int64(max(len(cohorts)-heatRows, 0)) + c.OmittedCohorts}
	cohorts = cohorts[max(len(cohorts)-heatRows, 0):]
	longest, most := 0, 0.0
	for _, cohort := range cohorts {
		longest = max(longest, min(len(cohort.Retention)-1, heatMonths))
		for _, share := range cohort.Retention[min(1, len(cohort.Retention)):] {
			most = max(most, share)
		}
	}
	for n := 1; n <= longest; n++ {
		h.Months = append(h.Months, month{n, n > paperRoom})
	}
	for _, cohort := range cohorts {
		row := heatRow{Month: cohort.Month, Customers: cohort.Customers}
		for _, m := range h.Months {
			cell := heatCell{Far: m.Far}
			if m.Number < len(cohort.Retention) {
				share := cohort.Retention[m.Number]
				cell.Text = cellText(share)
				if most > 0 {
					cell.Level = int(levels*share/most + 0.5)
				}
			}
			row.Cells = append(row.Cells, cell)
		}
		h.Rows = append(h.Rows, row)
	}
	return h
}

// cellText is a share in per cent, in at most three characters or so.
func cellText(share float64) string {
	switch {
	case share == 0:
		return "0"
	case share < 0.0995:
		return fmt.Sprintf("%.1f", 100*share)
	default:
		return fmt.Sprintf("%.0f", 100*share)
	}
}
