package workbook

import (
	"encoding/csv"
	"strconv"
	"strings"
)

// table writes rows of cells as CSV with as many fields in each as the header has.
type table struct {
	out   *csv.Writer
	width int   // fields of the header, 0 before it
	seen  int64 // rows of the sheet
	rows  int64 // rows written, with the header
	blank int64 // blank rows since the last one written
}

// add takes the next row. Blank rows above the header and below the last row are
// left out; those between are kept, so that row numbers stay those of the sheet.
func (t *table) add(cells []string) error {
	t.seen++
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 {
		if t.width > 0 {
			t.blank++
		}
		return nil
	}
	if t.width == 0 {
		t.width = len(cells)
	}
	for ; t.blank > 0; t.blank-- {
		if err := t.write(make([]string, t.width)); err != nil {
			return err
		}
	}
	for i, cell := range cells {
		cells[i] = number(cell)
	}
	for len(cells) < t.width {
		cells = append(cells, "")
	}
	return t.write(cells)
}

func (t *table) write(cells []string) error {
	t.rows++
	return t.out.Write(cells)
}

// shownDigits is how many significant digits a spreadsheet shows of a number. It
// stores seventeen: 19.99 is 19.989999999999998 in the file.
const shownDigits = 15

// number writes a fraction with the digits that a spreadsheet shows. Whole
// numbers and whatever is in powers of ten stay as they are: an order number that
// a spreadsheet has rounded is to be seen as such.
func number(cell string) string {
	if len(cell) <= shownDigits+1 || !strings.ContainsRune(cell, '.') || strings.Trim(cell, "0123456789.-") != "" {
		return small(cell)
	}
	value, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return cell
	}
	return plain(value)
}

// small writes a number below one, such as 5.0000000000000001E-2, without its power.
func small(cell string) string {
	if !strings.ContainsAny(cell, "Ee") || !strings.Contains(cell, "-") || strings.Trim(cell, "0123456789.Ee-") != "" {
		return cell
	}
	value, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return cell
	}
	return plain(value)
}

// plain is value with shownDigits digits, without a power of ten.
func plain(value float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', shownDigits, 64), 64)
	if err != nil {
		rounded = value
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
