package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/refdata"
)

type report struct {
	AsOf       string            `json:"as_of"`
	Customers  int64             `json:"customers"`
	Orders     int64             `json:"orders"`
	Revenue    map[string]string `json:"revenue"`
	RepeatRate float64           `json:"repeat_rate"`
	RFM        struct {
		Ties   string           `json:"ties"`
		Cells  map[string]int64 `json:"cells"`
		Scores struct{ Recency, Frequency, Monetary []int64 }
		Groups []struct {
			Name         string  `json:"name"`
			Customers    int64   `json:"customers"`
			RevenueShare float64 `json:"revenue_share"`
		} `json:"groups"`
	} `json:"rfm"`
	TopCustomers []struct {
		CustomerID string `json:"customer_id"`
		Revenue    string `json:"revenue"`
	} `json:"top_customers"`
	Warnings []struct{ Reason string } `json:"warnings"`
}

func analyze(t *testing.T, args ...string) (report, string) {
	t.Helper()
	out, errs, code := kehu(t, append([]string{"analyze", "--format", "json"}, args...)...)
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, errs)
	}
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	return r, out
}

func TestAnalyzeCDNOW(t *testing.T) {
	path := refdata.Path(t, "data/cdnow_orders.csv")
	r, out := analyze(t, path, "--as-of", "1998-06-30", "--rfm-ties", "ordinal")
	if r.AsOf != "1998-06-30" || r.Customers != 2357 || r.Orders != 6919 || r.Revenue["USD"] != "244091.94" || len(r.Revenue) != 1 {
		t.Errorf("as of %s: %d customers, %d orders, %v", r.AsOf, r.Customers, r.Orders, r.Revenue)
	}
	if len(r.Warnings) != 0 {
		t.Logf("warnings: %v", r.Warnings)
	}
	var groups int64
	var shares float64
	for _, g := range r.RFM.Groups {
		groups += g.Customers
		shares += g.RevenueShare
	}
	if len(r.RFM.Groups) != 8 || groups != 2357 || shares < 1-1e-9 || shares > 1+1e-9 {
		t.Errorf("%d groups of %d customers with %v of revenue", len(r.RFM.Groups), groups, shares)
	}
	matchReference(t, r)
	if _, again := analyze(t, path, "--as-of", "1998-06-30", "--rfm-ties", "ordinal"); again != out {
		t.Error("the same file gives another answer")
	}
	t.Run("MongoDB", func(t *testing.T) {
		if _, onMongo := analyze(t, path, "--as-of", "1998-06-30", "--rfm-ties", "ordinal", "--mongodb-uri", freshMongo(t)); onMongo != out {
			t.Errorf("MongoDB gives\n%s\nthe embedded store\n%s", onMongo, out)
		}
	})
}

// freshMongo is a MongoDB without data of Kehu, since the suite's databases have fixed names.
func freshMongo(t *testing.T) string {
	t.Helper()
	return mongotest.Start(t, 0).URI
}

// matchReference compares the scores with those computed by other tools.
func matchReference(t *testing.T, r report) {
	t.Helper()
	var reference struct {
		RFM struct {
			N        int64            `json:"n"`
			Cells    int              `json:"cells"`
			TopCells map[string]int64 `json:"top_cells"`
		} `json:"rfm_cdnow_sample"`
	}
	refdata.JSON(t, "reference/segments_stats.json", &reference)
	want := reference.RFM
	if want.N != r.Customers || want.Cells != len(r.RFM.Cells) || len(want.TopCells) == 0 {
		t.Errorf("%d customers in %d cells, want %d in %d", r.Customers, len(r.RFM.Cells), want.N, want.Cells)
	}
	for cell, n := range want.TopCells {
		if r.RFM.Cells[cell] != n {
			t.Errorf("cell %s has %d customers, want %d", cell, r.RFM.Cells[cell], n)
		}
	}
}

// TestAnalyzeJourneyItems holds the figures against a few lines over the raw rows.
func TestAnalyzeJourneyItems(t *testing.T) {
	path := refdata.Path(t, "data/journey_order_items.csv")
	rows := refdata.CSV(t, "data/journey_order_items.csv")
	orders, customers, days := map[string]bool{}, map[string]bool{}, map[string]map[string]bool{}
	first := map[string]string{} // day of each order
	var cents int64
	for _, row := range rows[1:] {
		order, customer, day := row[1]+"!"+row[0], row[1], row[2]
		orders[order], customers[customer] = true, true
		if first[order] == "" || day < first[order] {
			first[order] = day
		}
		amount, err := strconv.ParseFloat(row[5], 64)
		if err != nil {
			t.Fatal(err)
		}
		cents += int64(amount*100 + 0.5)
	}
	for order, day := range first {
		customer, _, _ := strings.Cut(order, "!")
		if days[customer] == nil {
			days[customer] = map[string]bool{}
		}
		days[customer][day] = true
	}
	repeaters := 0
	for _, d := range days {
		if len(d) > 1 {
			repeaters++
		}
	}
	last := slices.Max(slices.Collect(func(yield func(string) bool) {
		for _, d := range first {
			if !yield(d) {
				return
			}
		}
	}))

	r, _ := analyze(t, path)
	if want := fmt.Sprintf("%d.%02d", cents/100, cents%100); r.Revenue["USD"] != want {
		t.Errorf("revenue %v, want %s", r.Revenue, want)
	}
	if r.Customers != int64(len(customers)) || r.Orders != int64(len(orders)) || r.AsOf != last {
		t.Errorf("%d customers, %d orders as of %s; want %d, %d, %s", r.Customers, r.Orders, r.AsOf, len(customers), len(orders), last)
	}
	if want := float64(repeaters) / float64(len(customers)); r.RepeatRate != want {
		t.Errorf("repeat rate %v, want %v", r.RepeatRate, want)
	}
}
