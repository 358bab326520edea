package valuation_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/refdata"
)

// cdnowRow is an order of the CDNOW sample as the file has it: its dates and its
// amounts are compared as texts and as numbers of their own.
type cdnowRow struct {
	customer, date string
	cents          int64
}

func cdnowRows(t testing.TB) (rows []cdnowRow) {
	t.Helper()
	lines := refdata.CSV(t, "data/cdnow_orders.csv")
	for _, line := range lines[1:] {
		dollars, err := strconv.ParseFloat(line[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, cdnowRow{line[1], line[2], int64(math.Round(100 * dollars))})
	}
	return rows
}

// describeCDNOW is the summary of the sample, at its end; it reads back as the
// refresh has answered it.
func describeCDNOW(t *testing.T) *valuationv1.ValuationSummary {
	t.Helper()
	c := serve(t, openPebble(t), serveShop(t, cdnow(t)), frozen)
	refreshed := c.refresh(&valuationv1.ValuationPolicy{AsOfDate: "1998-06-30"})
	got, err := c.GetValuationSummary(t.Context(), &valuationv1.GetValuationSummaryRequest{})
	if err != nil || !proto.Equal(got, refreshed) {
		t.Fatalf("read back it is %v (%v), the refresh answered %v", got, err, refreshed)
	}
	return got
}

// TestCDNOWCohorts counts over the rows of the file, by the months in their dates.
func TestCDNOWCohorts(t *testing.T) {
	rows, got := cdnowRows(t), describeCDNOW(t).GetCohorts()
	first := map[string]string{}
	for _, r := range rows {
		if d, met := first[r.customer]; !met || r.date < d {
			first[r.customer] = r.date
		}
	}
	months := []string{"1997-01", "1997-02", "1997-03", "1997-04", "1997-05", "1997-06", "1997-07", "1997-08", "1997-09",
		"1997-10", "1997-11", "1997-12", "1998-01", "1998-02", "1998-03", "1998-04", "1998-05", "1998-06"}
	if len(got.GetCohorts()) != len(months) || got.GetOmittedCohorts() != 0 || got.GetOmittedCustomers() != 0 {
		t.Fatalf("cohorts %v, want one of each of %d months", got, len(months))
	}
	joined := 0
	for i, cohort := range got.GetCohorts() {
		members := map[string]bool{}
		for customer, date := range first {
			members[customer] = date[:7] == months[i]
		}
		var active, revenue []int64
		for _, month := range months[i:] {
			buyers, cents := map[string]bool{}, int64(0)
			for _, r := range rows {
				if members[r.customer] && r.date[:7] == month {
					buyers[r.customer] = true
					cents += r.cents
				}
			}
			active, revenue = append(active, int64(len(buyers))), append(revenue, cents)
		}
		if cohort.GetMonth() != months[i] || cohort.GetCustomers() != active[0] ||
			!slices.Equal(cohort.GetActiveCustomers(), active) || !slices.Equal(cohort.GetRevenueMinorUnits(), revenue) {
			t.Errorf("cohort %v, want %s with %d and %d", cohort, months[i], active, revenue)
		}
		joined += int(cohort.GetCustomers())
	}
	if joined != 2357 { // as the description of the sample says
		t.Errorf("%d customers in all cohorts", joined)
	}
}

// wantDistribution compares with sorted values.
func wantDistribution(t *testing.T, got *valuationv1.Distribution, values []int64) {
	t.Helper()
	slices.Sort(values)
	n := len(values)
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	if got.GetCount() != int64(n) || got.GetMinimum() != values[0] || got.GetMaximum() != values[n-1] || math.Abs(got.GetMean()-sum/float64(n)) > 1e-6 {
		t.Errorf("got %v, want %d from %d to %d", got, n, values[0], values[n-1])
	}
	for i, p := range []float64{0.1, 0.25, 0.5, 0.75, 0.9, 0.99} {
		want := float64(values[int(math.Ceil(p*float64(n)))-1])
		q := got.GetQuantiles()[i]
		if q.GetProbability() != p || q.GetRelativeError() > 0.001 || math.Abs(float64(q.GetValue())-want) > q.GetRelativeError()*float64(q.GetValue())+1e-6 {
			t.Errorf("quantile %v, want %g at %g", q, want, p)
		}
	}
}

func wantBins(t *testing.T, got []*valuationv1.Bin, edges, values []int64) {
	t.Helper()
	if len(got) != len(edges) {
		t.Fatalf("bins %v, want edges %d", got, edges)
	}
	for i, b := range got {
		upper := int64(0)
		if i+1 < len(edges) {
			upper = edges[i+1]
		}
		inside := int64(0)
		for _, v := range values {
			if v >= edges[i] && (upper == 0 || v < upper) {
				inside++
			}
		}
		if b.GetLower() != edges[i] || b.GetUpper() != upper || b.GetCount() != inside {
			t.Errorf("bin %v, want %d from %d to %d", b, inside, edges[i], upper)
		}
	}
}

func TestCDNOWDistributions(t *testing.T) {
	rows, summary := cdnowRows(t), describeCDNOW(t)
	var cents []int64
	dates := map[string][]string{}
	for _, r := range rows {
		cents = append(cents, r.cents)
		dates[r.customer] = append(dates[r.customer], r.date)
	}
	wantDistribution(t, summary.GetOrderValues(), cents)
	wantBins(t, summary.GetOrderValues().GetBins(), []int64{0, 500, 1000, 2000, 5000, 10_000, 20_000}, cents)

	var gaps []int64
	for _, of := range dates {
		slices.Sort(of)
		of = slices.Compact(of)
		for i := 1; i < len(of); i++ {
			gap := date(t, of[i]).Sub(date(t, of[i-1]))
			gaps = append(gaps, int64(gap.Hours()/24))
		}
	}
	wantDistribution(t, summary.GetPurchaseIntervals(), gaps)
	wantBins(t, summary.GetPurchaseIntervals().GetBins(), []int64{1, 2, 4, 8, 15, 31, 61, 91, 181, 366}, gaps)
}

func date(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestCDNOWConcentration sums over the rows, customer by customer.
func TestCDNOWConcentration(t *testing.T) {
	spent, all := map[string]int64{}, int64(0)
	for _, r := range cdnowRows(t) {
		spent[r.customer] += r.cents
		all += r.cents
	}
	var amounts []int64
	for _, cents := range spent {
		amounts = append(amounts, cents)
	}
	slices.SortFunc(amounts, func(a, b int64) int { return int(b - a) })
	got := describeCDNOW(t).GetConcentration()
	// 1, 5 and 20 % of 2,357 customers, rounded up.
	for i, want := range []struct {
		share     float64
		customers int
	}{{0.01, 24}, {0.05, 118}, {0.2, 472}} {
		var cents int64
		for _, c := range amounts[:want.customers] {
			cents += c
		}
		share := float64(cents) / float64(all)
		if g := got[i]; g.GetCustomerShare() != want.share || g.GetCustomers() != int64(want.customers) || math.Abs(g.GetRevenueShare()-share) > 1e-12 {
			t.Errorf("got %v, want %d customers with %g", g, want.customers, share)
		}
	}
	if len(got) != 3 {
		t.Errorf("%d shares", len(got))
	}
}
