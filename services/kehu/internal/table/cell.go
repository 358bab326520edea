package table

import (
	"math"
	"strconv"
	"strings"
)

// Missing tells whether a cell holds no value: nothing, or R's NA.
func Missing(cell string) bool {
	cell = strings.TrimSpace(cell)
	return cell == "" || cell == "NA"
}

// Number reads a decimal number, such as -1.5 or 2e-3. Thousands separators, words
// such as NaN and Inf, and numbers too large are none.
func Number(cell string) (float64, bool) {
	cell = strings.TrimSpace(cell)
	if cell == "" || strings.Trim(cell, "0123456789+-.eE") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(cell, 64)
	return v, err == nil && !math.IsInf(v, 0)
}

// Truth reads 0 or 1, false or true.
func Truth(cell string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "0", "0.0", "false":
		return false, true
	case "1", "1.0", "true":
		return true, true
	default:
		return false, false
	}
}
