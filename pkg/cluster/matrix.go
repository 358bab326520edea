package cluster

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Matrix is n rows of d numbers with a name for each column. The numbers lie row by
// row in one slice, which the functions of this package read and never change. A
// missing number is NaN, which only a Scaler takes.
type Matrix struct {
	Names  []string  // of the d columns
	Values []float64 // n·d numbers: row i is Values[i·d : (i+1)·d]
}

// NewMatrix names the columns of rows that lie one after the other. It fails without
// a column, with a name that is empty or used twice, beyond the limits, and where the
// numbers are no whole number of rows. It does not copy.
func NewMatrix(names []string, values []float64) (Matrix, error) {
	m := Matrix{Names: names, Values: values}
	return m, m.shape()
}

// Rows is n, the number of rows.
func (m Matrix) Rows() int {
	if len(m.Names) == 0 {
		return 0
	}
	return len(m.Values) / len(m.Names)
}

// Columns is d, the number of columns.
func (m Matrix) Columns() int { return len(m.Names) }

// Row is row i, counted from 0. It shares the numbers of the matrix.
func (m Matrix) Row(i int) []float64 {
	d := len(m.Names)
	return m.Values[i*d : (i+1)*d : (i+1)*d]
}

func (m Matrix) shape() error {
	d := len(m.Names)
	if err := checkNames(m.Names); err != nil {
		return err
	}
	switch {
	case len(m.Values) > MaxCells || len(m.Values)/d > MaxRows:
		return refuse(ReasonTooLarge, "values", "must be at most %d rows and %d numbers, are %d numbers in rows of %d", MaxRows, MaxCells, len(m.Values), d)
	case len(m.Values)%d != 0:
		return fault.Invalid("values", "must be whole rows of %d numbers, are %d numbers", d, len(m.Values))
	}
	return nil
}

func checkNames(names []string) error {
	if len(names) == 0 || len(names) > MaxColumns {
		return fault.Invalid("columns", "must be 1 to %d, are %d", MaxColumns, len(names))
	}
	seen := make(map[string]bool, len(names))
	for j, name := range names {
		field := "columns[" + strconv.Itoa(j) + "]"
		switch {
		case strings.TrimSpace(name) == "" || len(name) > MaxNameBytes:
			return fault.Invalid(field, "must have a name of at most %d bytes", MaxNameBytes)
		case seen[name]:
			return fault.Invalid(field, "must have a name of its own, %q is used twice", name)
		}
		seen[name] = true
	}
	return nil
}

// finite refuses a matrix with a number that cannot be computed with, or without rows.
func (m Matrix) finite() error {
	if err := m.shape(); err != nil {
		return err
	}
	if len(m.Values) == 0 {
		return refuse(ReasonTooFewRows, "rows", "must be at least 1")
	}
	for at, v := range m.Values {
		if !(math.Abs(v) <= MaxMagnitude) {
			return m.wrong(at, v)
		}
	}
	return nil
}

// wrong is a fault about a number that is missing, infinite or too large.
func (m Matrix) wrong(at int, v float64) *fault.Fault {
	return wrongCell(at/len(m.Names), m.Names[at%len(m.Names)], v)
}

func wrongCell(row int, column string, v float64) *fault.Fault {
	if math.IsNaN(v) {
		return refuseCell(ReasonMissing, row, column, "must have a value; a declared policy may leave such rows out or take the median")
	}
	return refuseCell(ReasonNotFinite, row, column, "must be a finite number of at most %g without its sign, is %g", MaxMagnitude, v)
}

// refuseCell is a fault about row, counted from 0; people count from 1.
func refuseCell(reason Reason, row int, column, format string, args ...any) *fault.Fault {
	f := refuse(reason, "rows["+strconv.Itoa(row)+"]."+column, format, args...)
	f.Message = "row " + strconv.Itoa(row+1) + ", column " + column + ": " + f.Violations[0].Description
	return f.With("row", strconv.Itoa(row+1)).With("column", column)
}

// hasDistinct tells whether at least k rows differ from one another.
func (m Matrix) hasDistinct(k int) (distinct int, enough bool) {
	seen := make(map[string]struct{}, k)
	key := make([]byte, 8*m.Columns())
	for i := range m.Rows() {
		for j, v := range m.Row(i) {
			binary.LittleEndian.PutUint64(key[8*j:], math.Float64bits(v+0)) // −0 is 0
		}
		if _, known := seen[string(key)]; !known {
			seen[string(key)] = struct{}{}
			if len(seen) >= k {
				return k, true
			}
		}
	}
	return len(seen), false
}
