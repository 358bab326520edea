package describe_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/segmentation/internal/describe"
)

var (
	numbers = []describe.Variable{{Name: "orders.count"}, {Name: "orders.recency_days"}, {Name: "revenue.CNY", Unit: "CNY"}, {Name: "attributes.points", LabelZh: "积分"}}
	words   = []describe.Variable{{Name: "customer.region"}, {Name: "customer.gender"}, {Name: "prediction.churned"}, {Name: "attributes.tier"}}
)

// shop are 4,000 customers: 400 buy much and often, mostly in 广东; 600 have gone;
// the rest are like one another. Points and tiers say nothing.
func shop(t *testing.T, seed uint64) *describe.Tally {
	t.Helper()
	tally, err := describe.NewTally(4, numbers, words)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	pick := func(share float64, a, b string) string {
		if random.Float64() < share {
			return a
		}
		return b
	}
	for i := range 4000 {
		segment, orders, days, paid, region, gone := 2, 1+random.IntN(3), 20+random.IntN(100), 50+300*random.Float64(), 0.2, "false"
		switch {
		case i%10 == 0:
			segment, orders, days, paid, region = 0, 6+random.IntN(9), 1+random.IntN(20), 2000+4000*random.Float64(), 0.7
		case i%20 < 3:
			segment, days, gone = 1, 400+random.IntN(300), "true"
		}
		points := 100 * random.Float64()
		if i%7 == 0 {
			points = math.NaN()
		}
		err := tally.Add(segment, []float64{float64(orders), float64(days), paid, points},
			[]string{pick(region, "广东", "湖南"), pick(0.5, "FEMALE", "MALE"), gone, pick(0.3, "gold", "")})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tally
}

// TestSentences: what is said of a segment, word by word.
func TestSentences(t *testing.T) {
	summary := func(n int64, mean, sd, median float64) describe.Summary {
		return describe.Summary{Spread: stat.Spread{N: n, Mean: mean, M2: sd * sd * float64(n-1), Min: 0, Max: 1e5}, Median: median}
	}
	d, err := describe.Describe(describe.Profile{
		Size: 1234, Others: 18666,
		Features: []describe.Feature{
			{Variable: describe.Variable{Name: "orders.count"}, Inside: summary(1234, 9, 4, 8), Outside: summary(18666, 2.5, 3, 2)},
			{Variable: describe.Variable{Name: "orders.days"}, Inside: summary(1234, 8, 4, 7), Outside: summary(18666, 2.5, 3, 2)},
			{Variable: describe.Variable{Name: "value.historic", Unit: "CNY"}, Inside: summary(1234, 3456.7, 2000, 3210), Outside: summary(18666, 700, 1900, 412.5)},
			{Variable: describe.Variable{Name: "attributes.points", LabelEn: "points", LabelZh: "积分"}, Inside: summary(1234, 81, 100, 1), Outside: summary(18666, 120, 100, 1)},
			{Variable: describe.Variable{Name: "attributes.noise"}, Inside: summary(1234, 50.1, 10, 50), Outside: summary(18666, 50, 10, 50)},
		},
		Traits: []describe.Trait{
			{Variable: describe.Variable{Name: "customer.region"}, InsideKnown: 1000, OutsideKnown: 18000, Categories: []describe.Category{
				{Value: "广东", Inside: 640, Outside: 3780}, {Value: "湖南", Inside: 360, Outside: 14220}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		d.TextEn: "These 1,234 customers (6.2 %) order more often: typically 8 orders, against 2 for the others. " +
			"They have brought more margin so far: typically CNY 3,210, against CNY 412 for the others. " +
			"64.0 % live in 广东, against 21.0 % of the others (3.0 times as many). " +
			"They are lower in points: on average 81, against 120 for the others.",
		d.TextZh: "这 1,234 位客户（占 6.2%）下单更多：中位数为 8 单，其他客户为 2 单。历史毛利更高：中位数为 3,210 元，其他客户为 412 元。" +
			"其中 64.0% 来自广东，其他客户为 21.0%（3.0 倍）。积分更低：平均为 81，其他客户为 120。",
		d.NameEn: "Frequent, high-value customers (广东)",
		d.NameZh: "高频、高价值客户（广东）",
	} {
		if got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
	if len(d.Warnings) != 0 || d.Population != 19900 || len(d.Distinctions) != 7 {
		t.Errorf("%+v", d)
	}
	first, last := d.Distinctions[0], d.Distinctions[6]
	if first.Name != "orders.count" || first.LabelZh != "订单数" || first.PAdjusted < first.P || first.Inside.Low > 9 || first.Inside.High < 9 || first.MedianInside != 8 {
		t.Errorf("%+v", first)
	}
	if last.Distinguishing || last.Name != "attributes.noise" || last.LabelEn != "attributes.noise" {
		t.Errorf("%+v", last)
	}
	for _, x := range d.Distinctions {
		if x.Category == "广东" && (math.Abs(*x.Lift-64.0/21) > 1e-12 || x.Inside.Method != stat.MethodWilson || math.Abs(x.Effect-(2*math.Asin(0.8)-2*math.Asin(math.Sqrt(0.21)))) > 1e-12) {
			t.Errorf("%+v", x)
		}
		if x.Category == "湖南" && x.Distinguishing {
			t.Errorf("fewer is no trait: %+v", x)
		}
	}
}

var figure = regexp.MustCompile(`-?[0-9][0-9,]*(\.[0-9]+)?`)

// TestFiguresAreData: every figure of a text is one of the description's, as rounded.
func TestFiguresAreData(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		all, err := shop(t, seed).DescribeAll()
		if err != nil {
			t.Fatal(err)
		}
		if all[3] != nil {
			t.Errorf("of nobody: %+v", all[3])
		}
		for _, d := range all[:3] {
			data := []float64{float64(d.Size), 100 * d.Share}
			for _, x := range d.Distinctions {
				data = append(data, x.Inside.Value, x.Outside.Value, x.MedianInside, x.MedianOutside, 100*x.Inside.Value, 100*x.Outside.Value)
				if x.Lift != nil {
					data = append(data, *x.Lift)
				}
			}
			for _, text := range []string{d.TextEn, d.TextZh} {
				said := figure.FindAllString(text, -1)
				if len(said) < 6 {
					t.Errorf("few figures: %s", text)
				}
				for _, f := range said {
					v, err := strconv.ParseFloat(strings.ReplaceAll(f, ",", ""), 64)
					if err != nil {
						t.Fatal(err)
					}
					if !anyNear(data, v) {
						t.Errorf("%s is not in the data: %s", f, text)
					}
				}
				for _, noise := range []string{"points", "积分", "women", "男性", "tier", "gold"} {
					if strings.Contains(text, noise) {
						t.Errorf("%s says nothing: %s", noise, text)
					}
				}
			}
		}
		if d := all[0]; d.NameZh != "高消费、高频客户（广东）" || !strings.Contains(d.TextZh, "位客户（占 10.0%）") || !strings.Contains(d.TextEn, "live in 广东") {
			t.Errorf("%s\n%s\n%s", d.NameZh, d.TextZh, d.TextEn)
		}
		if d := all[1]; d.NameEn != "Long absent, low-spending customers (lost)" || !strings.Contains(d.TextEn, "100.0 % count as lost, against none of the others") {
			t.Errorf("%s\n%s", d.NameEn, d.TextEn)
		}
	}
}

func anyNear(data []float64, v float64) bool {
	for _, x := range data {
		if math.Abs(x-v) <= 0.0501 || math.Abs(x-v) <= 0.005*math.Abs(x) {
			return true
		}
	}
	return false
}

// TestTallyInAnyOrder: the order in which customers are counted changes no description.
func TestTallyInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tallies := make([]*describe.Tally, 2) // forwards and backwards
		for i := range tallies {
			var err error
			if tallies[i], err = describe.NewTally(2, numbers[:2], words[:1]); err != nil {
				t.Fatal(err)
			}
		}
		n := rapid.IntRange(60, 200).Draw(t, "n")
		x, w := make([]float64, n), make([]string, n)
		for i := range n {
			x[i], w[i] = float64(rapid.IntRange(-30, 30).Draw(t, "x")), rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "w")
		}
		for i := range n {
			for at, i := range []int{i, n - 1 - i} {
				if err := tallies[at].Add(i%2, []float64{x[i], math.NaN()}, []string{w[i]}); err != nil {
					t.Fatal(err)
				}
			}
		}
		a, err := tallies[0].Profile(0)
		b, err2 := tallies[1].Profile(0)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if !reflect.DeepEqual(a.Traits, b.Traits) || a.Size != b.Size || a.Others != b.Others {
			t.Fatalf("%+v\n%+v", a, b)
		}
		f, g := a.Features[0], b.Features[0]
		if f.Inside.Median != g.Inside.Median || f.Outside.P25 != g.Outside.P25 || math.Abs(f.Inside.Mean-g.Inside.Mean) > 1e-9 || math.Abs(f.Outside.M2-g.Outside.M2) > 1e-6 {
			t.Fatalf("%+v\n%+v", f, g)
		}
		if f.Inside.P25 > f.Inside.Median || f.Inside.Median > f.Inside.P75 || f.Inside.Median != math.Trunc(f.Inside.Median) {
			t.Fatalf("%+v", f.Inside)
		}
		d, err := describe.Describe(a)
		e, err2 := describe.Describe(b)
		if err != nil || err2 != nil || d.TextEn != e.TextEn || d.TextZh != e.TextZh || d.NameZh != e.NameZh {
			t.Fatal(err, err2, d.TextEn, e.TextEn)
		}
		for _, x := range d.Distinctions {
			for _, v := range []float64{x.Effect, x.P, x.PAdjusted, x.Inside.Low, x.Outside.High} {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%+v", x)
				}
			}
		}
	})
}

func TestTooFewToDescribe(t *testing.T) {
	churned := describe.Trait{Variable: describe.Variable{Name: "prediction.churned"}, InsideKnown: 29, OutsideKnown: 29, Categories: []describe.Category{{Value: "true", Inside: 29}, {Value: "false", Outside: 29}}}
	for reason, p := range map[string]describe.Profile{
		describe.ReasonTooSmall:     {Size: 29, Others: 1000, Traits: []describe.Trait{churned}},
		describe.ReasonOthersFew:    {Size: 1000, Others: 29, Traits: []describe.Trait{churned}},
		describe.ReasonNotComparing: {Size: 100, Others: 100},
		describe.ReasonNothing: {Size: 100, Others: 100, Traits: []describe.Trait{{
			Variable: describe.Variable{Name: "customer.city"}, InsideKnown: 9, OutsideKnown: 9, Categories: []describe.Category{{Value: "x", Inside: 2, Outside: 1}}}}},
	} {
		d, err := describe.Describe(p)
		if err != nil || len(d.Warnings) != 1 || d.Warnings[0].Reason != reason || d.Warnings[0].Zh == "" || d.NameZh != "客户" || d.TextEn == "" {
			t.Errorf("%s: %+v %v", reason, d, err)
		}
		if reason == describe.ReasonTooSmall && d.TextZh != "这 29 位客户（占 2.8%）人数过少，不足以描述。" {
			t.Error(d.TextZh)
		}
	}
}

func TestConstantsAreCompared(t *testing.T) {
	tally, err := describe.NewTally(2, []describe.Variable{{Name: "rfm.recency"}, {Name: "orders.count"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if err := tally.Add(i%2, []float64{float64(1 + 4*(i%2)), 7}, nil); err != nil {
			t.Fatal(err)
		}
	}
	p, err := tally.Profile(1)
	if err != nil {
		t.Fatal(err)
	}
	d, err := describe.Describe(p)
	if err != nil || len(d.Distinctions) != 1 || d.Distinctions[0].Effect != 10 || d.TextEn != "These 100 customers (50.0 %) have a higher recency score: typically 5, against 1 for the others." {
		t.Errorf("%+v %v", d, err)
	}
}

// TestHostileCategories: what customers' records hold stands in one line, cut, and
// means nothing to the templates.
func TestHostileCategories(t *testing.T) {
	tally, err := describe.NewTally(2, nil, []describe.Variable{{Name: "customer.city"}, {Name: "attributes.a", LabelEn: "%d\n", LabelZh: "%s"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		w := []string{"%s%d\n\u202e{{.}}", strings.Repeat("長", 500)}
		if i%2 == 0 {
			w = []string{"city " + strconv.Itoa(i), ""}
		}
		if err := tally.Add(i%2, nil, w); err != nil {
			t.Fatal(err)
		}
	}
	all, err := tally.DescribeAll()
	if err != nil {
		t.Fatal(err)
	}
	d := all[1]
	if !strings.Contains(d.TextEn, "live in %s%d {{.}}, against none") || strings.ContainsAny(d.TextEn+d.NameZh, "\n\u202e") || len(d.TextZh) > 1000 {
		t.Errorf("%q %q", d.TextEn, d.NameZh)
	}
	if len(d.Warnings) != 1 || d.Warnings[0].Reason != describe.ReasonManyValues {
		t.Errorf("%+v", d.Warnings)
	}
	if all[0].NameEn == d.NameEn {
		t.Errorf("both are called %s", d.NameEn)
	}
}

func TestRefused(t *testing.T) {
	inf := math.Inf(1)
	city := describe.Variable{Name: "customer.city"}
	for field, p := range map[string]describe.Profile{
		"size":                   {},
		"features":               {Size: 1, Features: []describe.Feature{{}}},
		"features.x":             {Size: 1, Features: []describe.Feature{{Variable: describe.Variable{Name: "x"}, Inside: describe.Summary{Median: inf}}}},
		"traits":                 {Size: 1, Traits: []describe.Trait{{Variable: city}, {Variable: city}}},
		"traits.customer.city":   {Size: 1, Traits: []describe.Trait{{Variable: city, InsideKnown: 2}}},
		"traits.customer.city ":  {Size: 5, Traits: []describe.Trait{{Variable: city, InsideKnown: 2, Categories: []describe.Category{{Value: "a", Inside: 3}}}}},
		"traits.customer.city  ": {Size: 5, Traits: []describe.Trait{{Variable: city, Categories: []describe.Category{{}}}}},
	} {
		_, err := describe.Describe(p)
		if f, ok := fault.As(err); !ok || f.Violations[0].Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	tally, err := describe.NewTally(2, numbers[:1], words[:1])
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		tally.Add(2, []float64{1}, []string{""}), tally.Add(-1, []float64{1}, []string{""}), tally.Add(0, nil, []string{""}),
		tally.Add(0, []float64{inf}, []string{""}), tally.Add(0, []float64{1e16}, []string{""}),
	} {
		if fault.KindOf(err) != fault.InvalidArgument {
			t.Error(err)
		}
	}
	if _, err := tally.Profile(0); fault.KindOf(err) != fault.InvalidArgument {
		t.Error(err)
	}
	if _, err := describe.NewTally(0, nil, nil); fault.KindOf(err) != fault.InvalidArgument {
		t.Error(err)
	}
	if _, err := describe.NewTally(200, make([]describe.Variable, 100), nil); fault.KindOf(err) != fault.InvalidArgument {
		t.Error(err)
	}
}
