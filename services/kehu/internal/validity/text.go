package validity

import (
	"fmt"
	"io"
	"strconv"

	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
)

// shownCells is how many rows or columns of a table of counts the text has.
const shownCells = 30

// WriteText writes the groups and the tests for a terminal with so many columns.
func (c *Comparison) WriteText(w io.Writer, columns int) error {
	p := &layout.Page{Width: columns}
	for _, d := range c.Compared {
		p.Heading(fmt.Sprintf("%s by %s", d.Column, c.Group))
		rows := [][]string{{"group", "n", "mean", "sd", "median", "mean rank"}}
		for _, g := range d.Groups[:min(len(d.Groups), shownCells)] {
			rows = append(rows, []string{g.Name, strconv.FormatInt(g.N, 10), figure(g.Mean), figure(g.SD), figure(g.Median), figure(g.MeanRank)})
		}
		p.Table(rows)
		if len(d.Groups) > shownCells {
			p.Item(fmt.Sprintf("%d of %d groups; --format json has all", shownCells, len(d.Groups)))
		}
		if a := d.Anova; a != nil {
			p.Item(fmt.Sprintf("ANOVA: F %s on %d and %d, p %s%s, η² %.4f, ω² %.4f", figure(a.F), a.DFBetween, a.DFWithin, stat.FormatP(a.P), corrected(a.PHolm), a.EtaSquared, a.OmegaSquared))
			p.Item(a.Reading)
		}
		k := d.KruskalWallis
		p.Item(fmt.Sprintf("Kruskal–Wallis: H %s on %d, p %s%s, ε² %.4f", figure(k.H), k.DF, stat.FormatP(k.P), corrected(k.PHolm), k.EpsilonSquared))
		p.Item(k.Reading)
		warn(p, d.Warnings)
	}
	return end(w, p, c.Rows, c.Dropped)
}

// WriteText writes the table and the test for a terminal with so many columns.
func (c *Contingency) WriteText(w io.Writer, columns int) error {
	p := &layout.Page{Width: columns}
	p.Heading(fmt.Sprintf("%s by %s", c.RowsColumn, c.ColumnsColumn))
	across := c.ColumnNames[:min(len(c.ColumnNames), shownCells)]
	rows := [][]string{append([]string{""}, across...)}
	for i, name := range c.RowNames[:min(len(c.RowNames), shownCells)] {
		row := []string{name}
		for j := range across {
			row = append(row, fmt.Sprintf("%d (%+.1f)", c.Counts[i][j], c.Residuals[i][j]))
		}
		rows = append(rows, row)
	}
	p.Table(rows)
	p.Item("in brackets: standardized residual")
	if len(c.RowNames) > shownCells || len(c.ColumnNames) > shownCells {
		p.Item(fmt.Sprintf("a part of %d × %d; --format json has all", len(c.RowNames), len(c.ColumnNames)))
	}
	p.Item(fmt.Sprintf("χ² %s on %d, p %s (without correction for continuity)", figure(c.ChiSquare), c.DF, stat.FormatP(c.P)))
	p.Item(fmt.Sprintf("Cramér's V %.4f, corrected for bias %.4f; adjusted Rand index %.4f", c.CramersV, c.CramersVCorrected, c.AdjustedRand))
	p.Item(c.Reading)
	warn(p, c.Warnings)
	return end(w, p, c.Rows, c.Dropped)
}

func warn(p *layout.Page, warnings []stat.Warning) {
	for _, w := range warnings {
		p.Item(fmt.Sprintf("%s [%s]", w.Message, w.Reason))
	}
}

// end says what was left out, and writes the page.
func end(w io.Writer, p *layout.Page, rows, dropped int64) error {
	if dropped > 0 {
		p.Item(fmt.Sprintf("%d of %d rows left out for a missing value", dropped, rows))
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func figure(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// corrected is what follows a p-value that is one of several.
func corrected(p *float64) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf(" (Holm %s)", stat.FormatP(*p))
}
