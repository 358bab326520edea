// Package clusters reads columns of numbers from a table and divides its rows by
// k-means.
package clusters

import (
	"errors"
	"io"
	"math"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// Read reads the columns with these titles. A missing value (nothing, or NA) is NaN,
// or refused where that is the policy. What is wrong is a fault that names row, column,
// what it holds and what would be right.
func Read(from *table.Table, titles []string, missing cluster.MissingPolicy) (m cluster.Matrix, err error) {
	var at []int
	used := map[int]bool{}
	for _, title := range titles {
		column, err := from.Column(title)
		if err != nil {
			return m, err
		}
		if used[column] {
			return m, fault.Invalid("columns", "must name each column once: %s", title)
		}
		used[column] = true
		at = append(at, column)
		m.Names = append(m.Names, from.Titles[column])
	}
	for {
		cells, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return m, err
		}
		for _, column := range at {
			v, err := number(from, column, cells[column], missing)
			if err != nil {
				return m, err
			}
			m.Values = append(m.Values, v)
		}
		if len(m.Values) > cluster.MaxCells || from.Row() > cluster.MaxRows {
			return m, fault.New(fault.InvalidArgument, cluster.ReasonTooLarge, "the file has more than %d rows, or %d numbers: take a sample", cluster.MaxRows, cluster.MaxCells)
		}
	}
	if len(m.Values) == 0 {
		return m, fault.New(fault.InvalidArgument, "FILE_EMPTY", "the file has no row below its header")
	}
	return cluster.NewMatrix(m.Names, m.Values)
}

func number(from *table.Table, column int, cell string, missing cluster.MissingPolicy) (float64, error) {
	if table.Missing(cell) {
		if missing == cluster.MissingRefuse {
			return 0, from.Wrong(column, cell, "must have a value; --missing drop leaves such rows out, --missing median takes the column's median")
		}
		return math.NaN(), nil
	}
	v, ok := table.Number(cell)
	if !ok || math.Abs(v) > cluster.MaxMagnitude {
		return 0, from.Wrong(column, cell, "must be a number of at most 1e100 without its sign; code a word as 0 and 1")
	}
	return v, nil
}
