package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Limits of a table of counts.
const (
	maxCount = 1 << 40 // in a cell: sums of many stay exact
	maxCells = 1 << 20
)

// ContingencyTest is the outcome of Contingency. Matrices are rows × columns, as
// the table is.
type ContingencyTest struct {
	ChiSquare float64 `json:"chi_square"` // without correction for continuity
	DF        int64   `json:"df"`
	P         float64 `json:"p_value"`
	CramersV  float64 `json:"cramers_v"`
	// CramersVCorrected is V less what chance brings to small tables (Bergsma 2013).
	CramersVCorrected float64     `json:"cramers_v_corrected"`
	Expected          [][]float64 `json:"expected"`
	// Residuals are adjusted and standardised: about ±2 is more than chance.
	Residuals [][]float64 `json:"standardized_residuals"`
	N         int64       `json:"n"`
	Warnings  []Warning   `json:"warnings"`
}

// Contingency tests whether rows and columns of a table of counts are independent:
//
//	χ² = Σ (Oᵢⱼ−Eᵢⱼ)²/Eᵢⱼ,   Eᵢⱼ = rᵢcⱼ/n,   V = √(χ²/(n·min(R−1, C−1)))
//	residual = (O−E) / √(E·(1−rᵢ/n)·(1−cⱼ/n))
//
// Pearson (1900); Cramér (1946), Mathematical Methods of Statistics; residuals:
// Haberman (1973), Biometrics 29:205–220. Yates's correction is never applied, also
// not to 2 × 2. The corrected V is √(φ̃²/min(R̃−1, C̃−1)) with φ̃² = max(0, χ²/n −
// (R−1)(C−1)/(n−1)) and R̃ = R − (R−1)²/(n−1): Bergsma (2013), Journal of the Korean
// Statistical Society 42:323–328.
//
// It is refused with fewer than 2 rows or columns, rows of different length, a
// negative count, and a row or column that is empty. Expected counts below 5 are a
// warning (EXPECTED_BELOW_5): the p-value is then approximate, and not to be trusted
// where they are more than a fifth or below 1 (Cochran 1954, Biometrics 10:417–451).
func Contingency(counts [][]int64) (ContingencyTest, error) {
	rows, columns, n, err := margins(counts)
	if err != nil {
		return ContingencyTest{}, err
	}
	all := float64(n)
	t := ContingencyTest{N: n, Warnings: []Warning{}}
	small, least := 0, math.Inf(1)
	for i, row := range counts {
		expected, residuals := make([]float64, len(row)), make([]float64, len(row))
		for j, o := range row {
			r, c := float64(rows[i]), float64(columns[j])
			e := r * (c / all)
			off := float64(o) - e
			t.ChiSquare += off * off / e
			expected[j] = e
			residuals[j] = off / math.Sqrt(e*float64(n-rows[i])/all*float64(n-columns[j])/all)
			least = min(least, e)
			if e < 5 {
				small++
			}
		}
		t.Expected, t.Residuals = append(t.Expected, expected), append(t.Residuals, residuals)
	}
	t.DF = int64(len(rows)-1) * int64(len(columns)-1)
	t.P = distuv.ChiSquared{K: float64(t.DF)}.Survival(t.ChiSquare)
	t.association(float64(len(rows)), float64(len(columns)))
	if small > 0 {
		t.Warnings = append(t.Warnings, warning(ReasonExpectedBelow5,
			"%d of %d expected counts are below 5, the least is %.3g: the p-value is approximate; join rare categories", small, len(rows)*len(columns), least))
	}
	return t, nil
}

// association computes both V of a table with so many rows and columns.
func (t *ContingencyTest) association(r, c float64) {
	n := float64(t.N)
	t.CramersV = min(1, math.Sqrt(t.ChiSquare/(n*(min(r, c)-1))))
	if t.N < 2 {
		return
	}
	phi := max(0, t.ChiSquare/n-(r-1)*(c-1)/(n-1))
	r -= (r - 1) * (r - 1) / (n - 1)
	c -= (c - 1) * (c - 1) / (n - 1)
	if least := min(r, c) - 1; least > 0 {
		t.CramersVCorrected = min(1, math.Sqrt(phi/least))
	}
}

func margins(counts [][]int64) (rows, columns []int64, n int64, err error) {
	if len(counts) < 2 || len(counts[0]) < 2 {
		return nil, nil, 0, refuse(ReasonTooFewGroups, "counts", "must have at least 2 rows and 2 columns")
	}
	if len(counts) > maxCells || len(counts)*len(counts[0]) > maxCells {
		return nil, nil, 0, refuse(ReasonInvalid, "counts", "must have at most %d cells", maxCells)
	}
	rows, columns = make([]int64, len(counts)), make([]int64, len(counts[0]))
	for i, row := range counts {
		if len(row) != len(columns) {
			return nil, nil, 0, refuse(ReasonInvalid, "counts", "must have %d columns in every row, row %d has %d", len(columns), i+1, len(row))
		}
		for j, c := range row {
			if c < 0 || c > maxCount {
				return nil, nil, 0, refuse(ReasonInvalid, "counts", "must be 0 to %d, row %d has %d", int64(maxCount), i+1, c)
			}
			rows[i] += c
			columns[j] += c
			n += c
		}
	}
	for i, r := range rows {
		if r == 0 {
			return nil, nil, 0, refuse(ReasonEmptyGroup, "counts", "must not have an empty row, row %d is", i+1)
		}
	}
	for j, c := range columns {
		if c == 0 {
			return nil, nil, 0, refuse(ReasonEmptyGroup, "counts", "must not have an empty column, column %d is", j+1)
		}
	}
	return rows, columns, n, nil
}
