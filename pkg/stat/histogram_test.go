package stat_test

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/stat"
)

// drawAmounts is amounts of all sizes, free ones among them, whose sum fits.
func drawAmounts(t *rapid.T) []int64 {
	amount := rapid.Custom(func(t *rapid.T) int64 {
		return rapid.Int64Range(0, rapid.SampledFrom([]int64{0, 9, 1_100, 50_000, 1e7, 1e15}).Draw(t, "size")).Draw(t, "amount")
	})
	return rapid.SliceOfN(amount, 0, 300).Draw(t, "amounts")
}

func count(digits int, values []int64) *stat.Histogram {
	h := &stat.Histogram{Digits: digits}
	for _, v := range values {
		h.Add(v)
	}
	return h
}

var percents = []int{0, 1, 7, 10, 25, 50, 75, 90, 99, 100}

// TestQuantilesAreWithinTheirError compares with the sorted values.
func TestQuantilesAreWithinTheirError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, digits := drawAmounts(t), rapid.IntRange(1, stat.MaxDigits).Draw(t, "digits")
		got := count(digits, values).Quantiles(percents...)
		if len(values) == 0 {
			if got != nil {
				t.Fatalf("of nothing: %v", got)
			}
			return
		}
		slices.Sort(values)
		for i, q := range got {
			// The least value v with 100 × #{x ≤ v} ≥ percent × n.
			at := slices.IndexFunc(values, func(v int64) bool {
				n, _ := slices.BinarySearch(values, v+1)
				return 100*n >= percents[i]*len(values)
			})
			want := values[at]
			if off := math.Abs(float64(q.Value - want)); q.Percent != percents[i] || off > q.RelativeError*float64(q.Value)*(1+1e-12) { // rounding
				t.Fatalf("%+v, want %d of %v", q, want, values)
			}
			if limit := 1 / math.Pow10(digits-1); q.RelativeError >= limit {
				t.Fatalf("%d digits: error %g", digits, q.RelativeError)
			}
		}
	})
}

// TestHistogramsOfPartsAddUp: however the numbers are parted, the sum is the same.
func TestHistogramsOfPartsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawAmounts(t)
		whole := count(3, values)
		merged := &stat.Histogram{Digits: 3}
		part := &stat.Histogram{Digits: 3}
		for rest := values; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "part")
			part.Reset()
			for _, v := range rest[:n] {
				part.Add(v)
			}
			merged.Merge(part)
			rest = rest[n:]
		}
		merged.Merge(&stat.Histogram{Digits: 3})
		if !reflect.DeepEqual(merged, whole) {
			t.Fatalf("merged %+v, whole %+v", merged, whole)
		}
		if len(values) == 0 {
			if whole.Mean() != 0 || whole.Min != 0 || whole.Max != 0 {
				t.Fatalf("of nothing: %+v", whole)
			}
			return
		}
		sum := new(big.Float)
		for _, v := range values {
			sum.Add(sum, big.NewFloat(float64(v)))
		}
		mean, _ := sum.Quo(sum, big.NewFloat(float64(len(values)))).Float64()
		if whole.Count != int64(len(values)) || whole.Min != slices.Min(values) || whole.Max != slices.Max(values) ||
			math.Abs(whole.Mean()-mean) > 1e-12*mean {
			t.Fatalf("%+v of %v", whole, values)
		}
	})
}

func TestCellsStayFew(t *testing.T) {
	h := &stat.Histogram{Digits: 3}
	for v := range int64(1_000_000) {
		h.Add(v)
	}
	if len(h.Cells) != 1000+3*900 {
		t.Errorf("%d cells, want 3700", len(h.Cells))
	}
	h.Add(math.MaxInt64)
	if n := len(h.Cells); n != h.MaxCells() || h.Cells[n-1] != 1 || h.Max != math.MaxInt64 {
		t.Errorf("the largest number is not in the last of %d cells, but in %d", h.MaxCells(), n)
	}
}

// between counts the values from lower up to upper, 0 being no limit.
func between(values []int64, b stat.Bin) (n int64) {
	for _, v := range values {
		if v >= b.Lower && (b.Upper == 0 || v < b.Upper) {
			n++
		}
	}
	return n
}

func onDecimalScale(edge int64) bool {
	for edge >= 10 && edge%10 == 0 {
		edge /= 10
	}
	return edge == 0 || edge == 1 || edge == 2 || edge == 5
}

// TestDecimalBins: they are few, meet, hold everything, and count as one by one.
func TestDecimalBins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawAmounts(t)
		bins := count(rapid.IntRange(1, stat.MaxDigits).Draw(t, "digits"), values).DecimalBins()
		if len(bins) > stat.MostDecimalBins || (len(bins) == 0) != (len(values) == 0) {
			t.Fatalf("%d bins of %d values", len(bins), len(values))
		}
		var all int64
		for i, b := range bins {
			if b.Count != between(values, b) || !onDecimalScale(b.Lower) || !onDecimalScale(b.Upper) ||
				i > 0 && b.Lower != bins[i-1].Upper || b.Upper == 0 && i < len(bins)-1 {
				t.Fatalf("bin %d of %v is wrong, there are %d", i, bins, between(values, b))
			}
			all += b.Count
		}
		if all != int64(len(values)) {
			t.Fatalf("%v hold %d of %d", bins, all, len(values))
		}
		if len(bins) > 0 && (bins[0].Count == 0 || bins[len(bins)-1].Count == 0) {
			t.Fatalf("%v: an outer bin is empty", bins)
		}
	})
}

func TestDecimalBinsOfAShop(t *testing.T) {
	var values []int64
	for range 30 {
		values = append(values, 0) // free orders
	}
	for i := range int64(1000) {
		values = append(values, 5_000+45*i) // 50.00 to 499.55
	}
	values = append(values, 3, 9_999_999) // an odd cent, a party
	want := []stat.Bin{
		{0, 5_000, 31}, {5_000, 10_000, 112}, {10_000, 20_000, 222}, {20_000, 50_000, 666}, {50_000, 0, 1},
	}
	if got := count(3, values).DecimalBins(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := count(3, []int64{0, 0}).DecimalBins(), []stat.Bin{{0, 1, 2}}; !reflect.DeepEqual(got, want) {
		t.Errorf("free orders alone: %v, want %v", got, want)
	}
}

func TestBinsBetweenEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawAmounts(t)
		edges := []int64{1, 2, 4, 8, 15, 31, 61, 91, 181, 366}
		bins, err := count(3, values).Bins(edges)
		if err != nil || len(bins) != len(edges) {
			t.Fatal(bins, err)
		}
		for i, b := range bins {
			if b.Lower != edges[i] || b.Count != between(values, b) {
				t.Fatalf("bin %v, there are %d", b, between(values, b))
			}
		}
	})
	for _, edges := range [][]int64{{-1}, {2, 2}, {5, 1}, {0, 12_345}} {
		var wrong *stat.ArgumentError
		if _, err := count(3, nil).Bins(edges); !errors.As(err, &wrong) || wrong.Argument != "edges" {
			t.Errorf("edges %v: error %v", edges, err)
		}
	}
}

// TestTopShares compares with picking the largest again and again.
func TestTopShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawAmounts(t)
		rest, sum := slices.Clone(values), int64(0)
		for _, v := range values {
			sum += v
		}
		got, err := stat.TopShares(values, percents...)
		if err != nil {
			t.Fatal(err)
		}
		var picked, part int64
		for i, top := range got {
			for picked*100 < int64(percents[i]*len(values)) {
				at := slices.Index(rest, slices.Max(rest))
				part += rest[at]
				rest = slices.Delete(rest, at, at+1)
				picked++
			}
			want := 0.0
			if sum > 0 {
				want = float64(part) / float64(sum)
			}
			if top != (stat.TopShare{Percent: percents[i], Count: picked, Share: want}) {
				t.Fatalf("%+v, want %d with %g", top, picked, want)
			}
		}
	})
	for _, values := range [][]int64{{-1, 5}, {math.MaxInt64, 1}} {
		if _, err := stat.TopShares(values, 1); err == nil {
			t.Errorf("%v have top shares", values)
		}
	}
	if _, err := stat.TopShares(nil, 101); err == nil {
		t.Errorf("101 %% of all was computed")
	}
}
