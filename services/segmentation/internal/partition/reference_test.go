package partition_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/refdata"
	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts/factstest"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// TestEightGroupsOfCDNOW scores the CDNOW sample as of the reference's date, by the
// orders before it: fixed thresholds make the groups checkable by hand.
func TestEightGroupsOfCDNOW(t *testing.T) {
	rows := refdata.CSV(t, "data/cdnow_orders.csv")
	customers := make(map[string]*facts.Facts)
	var all []*facts.Facts
	column := make(map[string]int)
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		id := row[column["customer_id"]]
		f := customers[id]
		if f == nil {
			f = &facts.Facts{Customer: facts.Customer{ID: id}, Revenue: []facts.Money{{Currency: "USD"}}}
			customers[id] = f
			all = append(all, f)
		}
		at, err := time.Parse(time.DateOnly, row[column["order_time"]][:10])
		if err != nil {
			t.Fatal(err)
		}
		amount, err := strconv.ParseFloat(row[column["amount"]], 64)
		if err != nil {
			t.Fatal(err)
		}
		minor := int64(math.Round(amount * 100))
		o := &f.Orders
		if o.LastTime.IsZero() || !o.LastTime.Equal(at) {
			o.Days++
		}
		o.Count++
		o.LastTime = at
		f.Revenue[0].Minor += minor
		o.Recent = append(o.Recent, facts.Order{Time: at, Net: facts.Money{Currency: "USD", Minor: minor}})
	}
	for _, half := range []time.Time{time.Date(1998, 7, 1, 0, 0, 0, 0, time.UTC), time.Date(1997, 10, 1, 0, 0, 0, 0, time.UTC)} {
		spec := &partition.Spec{AsOf: half, RFM: &partition.RFMSpec{
			Currency: "USD", Grouping: partition.EightGroups, Threshold: partition.AtFixed, FixedRecency: 180, FixedFrequency: 2, FixedMonetary: 50_00,
		}}
		opened := fit(t, spec, all, half)
		want, got := make(map[string]int), make(map[string]int)
		for _, f := range all {
			label, _, err := opened.Assign(&criterion.Case{Facts: f, At: half.AddDate(5, 0, 0)})
			if err != nil {
				t.Fatal(err)
			}
			got[opened.Model.Labels[label].ID]++
			want[byHand(f, half)]++
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || len(got) < 8 {
			t.Errorf("as of %v: %v, want %v", half, got, want)
		}
	}
}

func byHand(f *facts.Facts, before time.Time) string {
	var last time.Time
	days, minor := 0, int64(0)
	for _, o := range f.Orders.Recent {
		if o.Time.Before(before) {
			if !o.Time.Equal(last) {
				days++
			}
			last, minor = o.Time, minor+o.Net.Minor
		}
	}
	name := "general-"
	if minor > 50_00 {
		name = "important-"
	}
	fresh, often := before.Sub(last) < 180*24*time.Hour, days > 2
	switch {
	case fresh && often:
		return name + "value"
	case fresh:
		return name + "develop"
	case often:
		return name + "keep"
	default:
		return name + "win-back"
	}
}

// TestClustersOfIris finds the clusters of the reference, through custom attributes.
func TestClustersOfIris(t *testing.T) {
	var reference struct {
		K3 struct {
			Inertia float64 `json:"best_of_100_inertia"`
			Sizes   []int   `json:"best_sizes"`
		} `json:"iris_k3"`
	}
	refdata.JSON(t, "reference/segments_stats.json", &reference)
	rows := refdata.CSV(t, "data/iris.csv")
	var all []*facts.Facts
	for _, row := range rows[1:] {
		f := &facts.Facts{Customer: facts.Customer{Attributes: make(map[string]any)}}
		for j := range 4 {
			x, err := strconv.ParseFloat(row[j], 64)
			if err != nil {
				t.Fatal(err)
			}
			f.Customer.Attributes[string(rune('a'+j))] = x
		}
		all = append(all, f)
	}
	spec := &partition.Spec{KMeans: &partition.KMeansSpec{
		Variables: []string{"attributes.a", "attributes.b", "attributes.c", "attributes.d"}, K: 3, Scaling: "none", Starts: 100, Seed: 1,
	}}
	opened := fit(t, spec, all, factstest.Epoch)
	sizes := make(map[int]int)
	for _, f := range all {
		label, _, err := opened.Assign(&criterion.Case{Facts: f, At: factstest.Epoch})
		if err != nil {
			t.Fatal(err)
		}
		sizes[label]++
	}
	// The largest cluster comes first.
	if want := map[int]int{0: 62, 1: 50, 2: 38}; fmt.Sprint(sizes) != fmt.Sprint(want) {
		t.Errorf("sizes %v, want %v", sizes, reference.K3.Sizes)
	}
}
