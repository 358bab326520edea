package validity

import (
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// maxCategories is how many different values a column of categories may have; of
// more, hardly any cell has enough rows.
const maxCategories = 500

// Contingency is how two columns go together.
type Contingency struct {
	RowsColumn    string    `json:"rows_column"`
	ColumnsColumn string    `json:"columns_column"`
	RowNames      []string  `json:"row_names"`
	ColumnNames   []string  `json:"column_names"`
	Counts        [][]int64 `json:"counts"`
	stat.ContingencyTest
	AdjustedRand float64 `json:"adjusted_rand"` // of the two as sortings of the rows
	Rows         int64   `json:"rows_read"`
	Dropped      int64   `json:"dropped"` // of them, left out for a missing value
	Reading      string  `json:"reading"`
}

// CrossTabulate counts the rows by the values of two columns and tests whether
// those are independent. lang is the language of the reading, zh or en.
func CrossTabulate(from *table.Table, rows, columns string, drop bool, lang string) (*Contingency, error) {
	d, err := read(from, Columns{Words: []string{rows, columns}, Most: maxCategories, Drop: drop})
	if err != nil {
		return nil, err
	}
	c := &Contingency{RowsColumn: rows, ColumnsColumn: columns, Rows: d.rows, Dropped: d.dropped}
	c.RowNames, c.ColumnNames = d.words[0].names, d.words[1].names
	for i, field := range []string{"rows", "columns"} {
		if n := len(d.words[i].names); n < 2 {
			return nil, fault.Invalid(field, "must have 2 different values or more, has %d", n)
		}
	}
	c.Counts = make([][]int64, len(c.RowNames))
	for i := range c.Counts {
		c.Counts[i] = make([]int64, len(c.ColumnNames))
	}
	for i, row := range d.words[0].of {
		c.Counts[row][d.words[1].of[i]]++
	}
	if c.ContingencyTest, err = stat.Contingency(c.Counts); err != nil {
		return nil, err
	}
	if c.AdjustedRand, err = stat.AdjustedRandOf(c.Counts); err != nil {
		return nil, err
	}
	c.Reading = c.ContingencyTest.Reading(lang)
	return c, nil
}
