package partition_test

import (
	"context"
	"math"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts/factstest"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
	"github.com/kehuhq/kehu/services/segmentation/internal/quadrant"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

func compile(expression string) (criterion.Criterion, error) {
	c, err := rule.NewCompiler(nil)
	if err != nil {
		return nil, err
	}
	return c.Compile(expression)
}

func parts(ids ...string) (labels []partition.Label) {
	for _, id := range ids {
		labels = append(labels, partition.Label{ID: id, En: id, Zh: id})
	}
	return labels
}

// specs are one of each method, some with several kinds of input.
func specs(zone string) map[string]*partition.Spec {
	rfm := func(g partition.Grouping, t partition.Threshold) *partition.RFMSpec {
		return &partition.RFMSpec{Currency: "CNY", Grouping: g, Threshold: t, FixedRecency: 90, FixedFrequency: 2, FixedMonetary: 100_00}
	}
	explicit := rfm(partition.Cells, partition.AtMean)
	explicit.RecencyCuts, explicit.FrequencyCuts, explicit.MonetaryCuts = []int64{30, 90, 180, 365}, []int64{2, 3, 4, 6}, []int64{1, 100, 1000, 10000}
	return map[string]*partition.Spec{
		"eight":    {Zone: zone, RFM: rfm(partition.EightGroups, partition.AtMean)},
		"fixed":    {Zone: zone, RFM: rfm(partition.EightGroups, partition.AtFixed)},
		"eleven":   {Zone: zone, RFM: rfm(partition.ElevenSegments, partition.AtMedian)},
		"cells":    {Zone: zone, RFM: rfm(partition.Cells, partition.AtMean)},
		"explicit": {Zone: zone, RFM: explicit},
		"as of":    {Zone: zone, RFM: rfm(partition.EightGroups, partition.AtMedian), AsOf: factstest.Epoch.AddDate(0, -3, 0)},
		"quadrants": {Zone: zone, Quadrants: &quadrant.Spec{
			ValueFact: "revenue.CNY", Value: quadrant.Threshold{Quantile: 0.7}, MinOrders: 2, PotentialFact: "prediction.residual_value",
			Potential: quadrant.Threshold{Value: 10}, NeedSignals: 1,
			Need: []quadrant.Signal{{Fact: "customer.last_seen_days", Threshold: 60, AtMost: true}, {Fact: "feedback.satisfaction", Threshold: 0.5}},
		}},
		"crossed": {Zone: zone, Crossed: &partition.Crossed{Dimensions: []partition.Dimension{
			{Fact: "orders.recency_days", Cuts: []float64{100, 300}, Parts: parts("late", "mid", "early")},
			{Fact: "customer.kind", Groups: [][]string{{"INDIVIDUAL"}, {"ENTERPRISE", "GOVERNMENT"}}, Parts: parts("person", "firm")},
			{Fact: "orders.count", Quantiles: true, Parts: parts("few", "many"), Within: []string{"late-person", "mid-firm"}},
		}}},
		"clusters": {Zone: zone, KMeans: &partition.KMeansSpec{
			Variables: []string{"orders.recency_days", "orders.count", "revenue.CNY"}, Log: []string{"orders.count"}, K: 3, Scaling: "standard", Winsorise: true, Starts: 2, Seed: 7,
		}},
		"ages": {Zone: zone, KMeans: &partition.KMeansSpec{
			Variables: []string{"orders.recency_days", "customer.tenure_days", "customer.age_years"}, K: 4, Scaling: "standard", Impute: true, Starts: 2, Seed: 8,
		}},
		"rules": {Zone: zone, Rules: []partition.Rule{
			{Label: partition.Label{ID: "fresh", En: "fresh", Zh: "新"}, Expression: "within(orders.last_time, days(90))"},
			{Label: partition.Label{ID: "keen", En: "keen", Zh: "热"}, Expression: "orders.count >= 3"},
		}},
	}
}

// people are customers to learn from, the same in every run.
func people(n int) (all []*facts.Facts) {
	for i := range n {
		all = append(all, factstest.Facts().Example(i))
	}
	return all
}

func fit(t interface{ Fatalf(string, ...any) }, s *partition.Spec, base []*facts.Facts, at time.Time) *partition.Opened {
	if err := s.Check(compile); err != nil {
		t.Fatalf("%v", err)
	}
	reader, err := s.Reader()
	if err != nil {
		t.Fatalf("%v", err)
	}
	var rows []float64
	if reader != nil {
		row := make([]float64, reader.Width())
		for _, f := range base {
			reader.Read(f, reader.Moment(at), row)
			rows = append(rows, row...)
		}
	}
	fitted, err := s.Fit(context.Background(), rows, nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	// What is stored is what assigns.
	raw, err := bson.Marshal(fitted.Model)
	if err != nil {
		t.Fatalf("%v", err)
	}
	stored := new(partition.Model)
	if err := bson.Unmarshal(raw, stored); err != nil {
		t.Fatalf("%v", err)
	}
	opened, err := stored.Open(compile)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return opened
}

// Everybody has exactly one label; each label's explanation agrees with it; and it
// stands until the instant that is told.
func TestEveryMethodGivesEverybodyOneLabelThatStands(t *testing.T) {
	base := people(300)
	for _, zone := range []string{"Asia/Shanghai", "America/New_York"} {
		for name, spec := range specs(zone) {
			t.Run(name+" "+zone, func(t *testing.T) {
				opened := fit(t, spec, base, factstest.Epoch)
				rapid.Check(t, func(t *rapid.T) {
					f, at := factstest.Facts().Draw(t, "facts"), factstest.At().Draw(t, "at")
					oneLabel(t, opened, f, at)
				})
			})
		}
	}
}

func oneLabel(t *rapid.T, opened *partition.Opened, f *facts.Facts, at time.Time) {
	c := &criterion.Case{Facts: f, At: at}
	label, until, err := opened.Assign(c)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if !until.IsZero() && !until.After(at) {
		t.Fatalf("until %v is not after %v", until, at)
	}
	held := 0
	for i, l := range opened.Model.Labels {
		of, err := opened.Criterion(l.ID)
		if err != nil {
			t.Fatalf("%v", err)
		}
		v, err := of.Evaluate(c)
		if err != nil || v.Belongs != (i == label) || !v.Until.Equal(until) {
			t.Fatalf("label %s: %+v %v, want %v until %v", l.ID, v, err, i == label, until)
		}
		e := of.Explain(c)
		if e.Belongs != v.Belongs || e.Failure != "" || (l.ID != partition.Unknown && e.Conditions.Holds != v.Belongs) {
			t.Fatalf("label %s: explained %+v, belongs %v", l.ID, e, v.Belongs)
		}
		finite(t, e)
		if v.Belongs {
			held++
		}
	}
	if held != 1 {
		t.Fatalf("%d labels", held)
	}
	end := until
	if end.IsZero() || end.Sub(at) > 3000*24*time.Hour {
		end = at.AddDate(4, 0, 0)
	}
	for range 8 {
		later := at.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(at))-1).Draw(t, "later")))
		if again, _, err := opened.Assign(&criterion.Case{Facts: f, At: later}); err != nil || again != label {
			t.Fatalf("label %d at %v, %d at %v, said to stand until %v", label, at, again, later, until)
		}
	}
	if last, _, err := opened.Assign(&criterion.Case{Facts: f, At: end.Add(-time.Millisecond)}); err != nil || last != label {
		t.Fatalf("label %d at %v, %d just before %v", label, at, last, end)
	}
}

func finite(t *rapid.T, e criterion.Explanation) {
	for _, d := range e.Distances {
		numbers := []float64{d.Distance}
		for _, c := range d.Features {
			numbers = append(numbers, c.Value, c.Centre, c.Share)
			if c.Flip != nil {
				numbers = append(numbers, *c.Flip)
			}
		}
		for _, x := range numbers {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatalf("%+v", d)
			}
		}
	}
}

// A feature alone at its flip is as far from both centres.
func TestFlipsFlip(t *testing.T) {
	opened := fit(t, specs("UTC")["clusters"], people(300), factstest.Epoch)
	reader := opened.Reader()
	rapid.Check(t, func(t *rapid.T) {
		f := factstest.Facts().Filter(func(f *facts.Facts) bool { return f.Orders.Count > 0 && !f.Orders.LastTime.IsZero() }).Draw(t, "facts")
		c := &criterion.Case{Facts: f, At: factstest.Epoch}
		label, _, err := opened.Assign(c)
		if err != nil || opened.Model.Labels[label].ID == partition.Unknown {
			return
		}
		of, err := opened.Criterion(opened.Model.Labels[label].ID)
		if err != nil {
			t.Fatal(err)
		}
		e := of.Explain(c)
		row := make([]float64, reader.Width())
		for _, feature := range e.Distances[0].Features {
			if feature.Flip == nil {
				continue
			}
			other := 0.0
			for _, beyond := range []float64{-1e-6, 1e-6} {
				reader.Read(f, reader.Moment(c.At), row)
				for j, v := range reader.Variables() {
					if v.Name == feature.Feature {
						row[j] = *feature.Flip + beyond*max(1, math.Abs(*feature.Flip))
					}
				}
				if opened.Divide(row) == label {
					other++
				}
			}
			if other == 2 {
				t.Fatalf("%s at %v: both sides stay in %d", feature.Feature, *feature.Flip, label)
			}
		}
	})
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spec  *partition.Spec
		field string
	}{
		"no method":       {&partition.Spec{}, "method"},
		"zone":            {&partition.Spec{Zone: "Mars/Olympus"}, "data.time_zone"},
		"currency":        {&partition.Spec{RFM: &partition.RFMSpec{Currency: "RMB"}}, "method.rfm.currency_code"},
		"three cuts":      {&partition.Spec{RFM: &partition.RFMSpec{Currency: "CNY", RecencyCuts: []int64{1, 2, 3}}}, "method.rfm.recency_cuts"},
		"cuts fall":       {&partition.Spec{RFM: &partition.RFMSpec{Currency: "CNY", MonetaryCuts: []int64{1, 3, 2, 4}}}, "method.rfm.monetary_cuts"},
		"unknown":         {&partition.Spec{KMeans: &partition.KMeansSpec{Variables: []string{"orders.dayz"}, K: 2}}, "variables.forming"},
		"category":        {&partition.Spec{KMeans: &partition.KMeansSpec{Variables: []string{"customer.region"}, K: 2}}, "variables.forming"},
		"one cluster":     {&partition.Spec{KMeans: &partition.KMeansSpec{Variables: []string{"orders.days"}, K: 1}}, "method.kmeans.k"},
		"number as group": {&partition.Spec{Crossed: &partition.Crossed{Dimensions: []partition.Dimension{{Fact: "orders.days", Groups: [][]string{{"1"}}, Parts: parts("a")}}}}, "method.crossed.dimensions[0].fact"},
		"nowhere":         {&partition.Spec{Crossed: &partition.Crossed{Dimensions: []partition.Dimension{{Fact: "orders.days", Cuts: []float64{1}, Parts: parts("a", "b"), Within: []string{"x"}}}}}, "method.crossed.dimensions[0].within[0]"},
		"rule":            {&partition.Spec{Rules: []partition.Rule{{Label: partition.Label{ID: "a"}, Expression: "orders.count >"}}}, "method.rules.rules[0].expression"},
		"rest":            {&partition.Spec{Rules: []partition.Rule{{Label: partition.Label{ID: "rest"}, Expression: "true"}}}, "method.rules.rules[0].label"},
		"asks":            {&partition.Spec{Rules: []partition.Rule{{Label: partition.Label{ID: "a"}, Expression: `in_segment("vip")`}}}, "method.rules.rules[0].expression"},
		"as of":           {&partition.Spec{AsOf: factstest.Epoch, Rules: []partition.Rule{{Label: partition.Label{ID: "a"}, Expression: "true"}}}, "data.as_of"},
	} {
		f, _ := fault.As(c.spec.Check(compile))
		if f == nil || len(f.Violations) != 1 || f.Violations[0].Field != c.field {
			t.Errorf("%s: %v", name, f)
		}
	}
}
