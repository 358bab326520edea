package report

import (
	"fmt"
	"math"
	"strconv"

	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
)

// Charts are drawn in per cent of the place they get, so that a phone shows the
// same chart in less room with letters of the same size.

// columns is a column chart.
type columns struct {
	Columns []column
	Grid    []gridline
	Partial bool // the last column is of a month that has not ended
}

// column is one column of a chart.
type column struct {
	X, Width, Y, Height float64
	Text                string  // above the column
	Middle              float64 // of the column
	Label               string  // below it, at At
	At                  float64 // where the label's middle is
	Spare               bool    // the label may be left out where there is little room
	Title               string  // the whole of it in words
	Partial             bool    // of a month that has not ended
}

// gridline is a horizontal line with what it stands for.
type gridline struct {
	Y     float64
	Label string
}

// The area of the columns, from the top; labels lie below.
const (
	plotTop, plotBottom = 10.0, 86.0
	plotLeft            = 2.0
)

// columnsOf sets columns of the heights given side by side, as high as the
// greatest, or as top where that is higher.
func columnsOf(heights []float64, top float64) []column {
	for _, h := range heights {
		top = max(top, h)
	}
	if top <= 0 {
		top = 1
	}
	step := (100 - plotLeft) / float64(max(len(heights), 1))
	all := make([]column, len(heights))
	for i, h := range heights {
		c := &all[i]
		c.X, c.Width = plotLeft+step*(float64(i)+0.06), step*0.88
		c.Height = (plotBottom - plotTop) * max(h, 0) / top
		c.Y = plotBottom - c.Height
		c.Middle = c.X + c.Width/2
		c.At = c.Middle
		c.Spare = i%2 == 1
	}
	return all
}

// mostLabels is how many months get a label.
const mostLabels = 8

// netColumns draws the net revenue by month in the report's currency, at most
// the last 60 months.
func (s speech) netColumns(r analysis.Reconciliation) columns {
	var lines []analysis.Line
	for _, line := range r.Months {
		if line.Currency == s.currency && line.Period != "" {
			lines = append(lines, line)
		}
	}
	lines = lines[max(len(lines)-60, 0):]
	heights := make([]float64, len(lines))
	var top float64
	for i, line := range lines {
		heights[i] = line.Net.Major()
		top = max(top, heights[i])
	}
	grid, top := s.grid(top)
	chart := columns{Columns: columnsOf(heights, top), Grid: grid}
	every := (len(lines) + mostLabels - 1) / mostLabels
	for i := range chart.Columns {
		c := &chart.Columns[i]
		c.Title = lines[i].Period + ": " + moneyIn(lines[i].Net, s.currency)
		c.Spare = i/max(every, 1)%2 == 1
		if i%max(every, 1) == 0 {
			c.Label = lines[i].Period
		}
		if lines[i].Period == s.unfinished {
			c.Partial, chart.Partial = true, true
		}
	}
	return chart
}

// grid is two to five lines at round values up to the first that is not below
// most, and that value.
func (s speech) grid(most float64) (lines []gridline, top float64) {
	if most <= 0 {
		return nil, 0
	}
	step := math.Pow(10, math.Floor(math.Log10(most/2)))
	for _, factor := range []float64{5, 2} {
		if most/(step*factor) >= 2 {
			step *= factor
			break
		}
	}
	n := math.Ceil(most / step)
	for i := 1.0; i <= n; i++ {
		lines = append(lines, gridline{Y: plotBottom - (plotBottom-plotTop)*i/n, Label: s.short(i * step)})
	}
	return lines, n * step
}

// valueColumns draws a distribution of money, with the bins' edges below.
func (s speech) valueColumns(d *analysis.Distribution[string]) columns {
	chart := columns{Columns: binColumns(d)}
	for i, bin := range d.Bins {
		c := &chart.Columns[i]
		edge, err := strconv.ParseFloat(bin.Lower, 64)
		if err != nil {
			continue
		}
		c.Label, c.At = s.short(edge), c.X
		c.Title = moneyIn(bin.Lower, s.currency) + " –"
		if bin.Upper != nil {
			c.Title += " " + moneyIn(*bin.Upper, s.currency)
		}
		c.Title += ": " + count(bin.Count)
	}
	return chart
}

// dayColumns draws a distribution of whole days, with each bin's days below.
func dayColumns(d *analysis.Distribution[float64]) columns {
	chart := columns{Columns: binColumns(d)}
	for i, bin := range d.Bins {
		c := &chart.Columns[i]
		switch {
		case bin.Upper == nil:
			c.Label = days(bin.Lower) + "+"
		case *bin.Upper-1 > bin.Lower:
			c.Label = days(bin.Lower) + "–" + days(*bin.Upper-1)
		default:
			c.Label = days(bin.Lower)
		}
		c.Title = c.Label + ": " + count(bin.Count)
	}
	return chart
}

// binColumns are the columns of a distribution, their shares above them.
func binColumns[V analysis.Value](d *analysis.Distribution[V]) []column {
	heights := make([]float64, len(d.Bins))
	for i, bin := range d.Bins {
		heights[i] = bin.Share
	}
	all := columnsOf(heights, 0)
	for i, bin := range d.Bins {
		switch {
		case bin.Share >= 0.095:
			all[i].Text = fmt.Sprintf("%.0f%%", 100*bin.Share)
		case bin.Share >= 0.0005:
			all[i].Text = fmt.Sprintf("%.1f%%", 100*bin.Share)
		case bin.Count > 0:
			all[i].Text = "<0.1%"
		}
	}
	return all
}

// bar is a horizontal bar, in per cent of the room it gets.
type bar struct{ Width float64 }

// barOf is a bar for share where the longest is for most. What is not nothing
// can be seen.
func barOf(share, most float64) bar {
	if share <= 0 || most <= 0 {
		return bar{}
	}
	return bar{max(100*min(share/most, 1), 1)}
}

// mostOf is the greatest share of customers or revenue that a group has.
func mostOf(groups []analysis.Group, customers int64) float64 {
	var most float64
	for _, g := range groups {
		most = max(most, g.RevenueShare, float64(g.Customers)/float64(max(customers, 1)))
	}
	return most
}
