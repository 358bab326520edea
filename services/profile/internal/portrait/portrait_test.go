package portrait_test

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/profile/internal/condition"
	"github.com/kehuhq/kehu/services/profile/internal/portrait"
)

func bins(t interface{ Fatal(...any) }, c *portrait.Column) []portrait.Bin {
	all, err := c.Bins()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCategoriesByHand(t *testing.T) {
	c := portrait.NewColumn(portrait.Binning{Most: 2})
	for _, x := range []struct {
		v       condition.Value
		inGroup bool
	}{
		{condition.Of("广东"), true}, {condition.Of("广东"), false}, {condition.Of("广东"), true},
		{condition.Of("北京"), false}, {condition.Of("北京"), true},
		{condition.OfList([]string{"上海", "广东"}), true},
		{condition.Value{}, false}, {condition.Of(""), true},
		{condition.Of("四川"), false},
	} {
		c.Add(x.v, x.inGroup)
	}
	want := []portrait.Bin{
		{Kind: portrait.Category, Label: "广东", Group: 3, Base: 4},
		{Kind: portrait.Category, Label: "北京", Group: 1, Base: 2},
		{Kind: portrait.Others, Group: 1, Base: 2},
		{Kind: portrait.Unknown, Group: 1, Base: 2},
	}
	if got := bins(t, c); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEdgesByHand(t *testing.T) {
	c := portrait.NewColumn(portrait.Binning{Edges: []float64{18, 30.5}})
	for _, age := range []float64{-1, 17.99, 18, 30, 30.5, 99} {
		c.Add(condition.OfNumber(age), age >= 30)
	}
	c.Add(condition.Of("thirty"), true)
	want := []portrait.Bin{
		{Kind: portrait.Interval, Lower: math.Inf(-1), Upper: 18, Base: 2},
		{Kind: portrait.Interval, Lower: 18, Upper: 30.5, Base: 2, Group: 1},
		{Kind: portrait.Interval, Lower: 30.5, Upper: math.Inf(1), Base: 2, Group: 2},
		{Kind: portrait.Unknown, Base: 1, Group: 1},
	}
	if got := bins(t, c); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Quantile bins hold every customer once, in the bin whose bounds hold the value.
func TestQuantileBinsHoldEverybody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{2, 3, 4, 5, 10, 20}).Draw(t, "quantiles")
		c := portrait.NewColumn(portrait.Binning{Quantiles: n})
		values := rapid.SliceOfN(rapid.IntRange(-3, 100_000), 0, 60).Draw(t, "values")
		for i, v := range values {
			c.Add(condition.OfNumber(float64(v)/4), i%3 == 0)
		}
		all := bins(t, c)
		if len(all) > n+1 {
			t.Fatalf("%d bins of %d quantiles", len(all), n)
		}
		for k, b := range all {
			var base, group int64
			for i, v := range values {
				if x := float64(v) / 4; x >= b.Lower && x < b.Upper {
					base++
					if i%3 == 0 {
						group++
					}
				}
			}
			if b.Base != base || b.Group != group || k > 0 && b.Lower != all[k-1].Upper {
				t.Fatalf("bin %+v holds %d, %d of the group", b, base, group)
			}
		}
	})
}

func TestQuantileBinsAreEven(t *testing.T) {
	c := portrait.NewColumn(portrait.Binning{Quantiles: 4})
	for v := range 1000 {
		c.Add(condition.OfNumber(float64(v)), false)
	}
	for _, b := range bins(t, c) {
		if b.Base < 249 || b.Base > 251 {
			t.Errorf("bin %+v", b)
		}
	}
}

// What is hidden cannot be computed from what is shown: there is always another
// way in which the hidden bins could be filled, with nobody's number the same.
func TestSuppressedBinsCannotBeComputed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		least := rapid.Int64Range(2, 6).Draw(t, "least")
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) portrait.Bin {
			group := rapid.Int64Range(0, 12).Draw(t, "group")
			return portrait.Bin{Group: group, Base: group + rapid.Int64Range(0, 12).Draw(t, "rest")}
		}), 1, 8).Draw(t, "bins")
		portrait.Suppress(all, least)
		var shown, hidden []portrait.Bin
		for _, b := range all {
			if b.Suppressed {
				hidden = append(hidden, b)
			} else if b.Base > 0 {
				shown = append(shown, b)
			}
		}
		for _, b := range shown {
			for _, n := range []int64{b.Base, b.Group, b.Base - b.Group} {
				if n > 0 && n < least {
					t.Fatalf("%+v is shown, fewer than %d", b, least)
				}
			}
		}
		if len(hidden) == 0 || len(shown) == 0 {
			return
		}
		if len(hidden) == 1 {
			t.Fatalf("%+v follows from the sum and %+v", hidden[0], shown)
		}
		var group, rest int64
		for _, b := range hidden {
			group, rest = group+b.Group, rest+b.Base-b.Group
		}
		if group > 0 && group < least || rest > 0 && rest < least {
			t.Fatalf("the sums %d and %d over what is hidden tell of fewer than %d", group, rest, least)
		}
	})
}
