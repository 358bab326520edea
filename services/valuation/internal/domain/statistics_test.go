package domain

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// order is one of the orders that a reference computation goes through, with the
// local time of the shop.
type order struct {
	customer, currency string
	at                 time.Time
	net                int64
}

const monthLayout = "2006-01"

// addMonths steps from one month to another, both YYYY-MM.
func addMonths(month string, n int) string {
	first, err := time.Parse(monthLayout, month)
	if err != nil {
		panic(err)
	}
	return first.AddDate(0, n, 0).Format(monthLayout)
}

// cohortsByDefinition goes through the orders once for each figure.
func cohortsByDefinition(orders []order, asOfDate, currency string) *CohortTable {
	table := &CohortTable{}
	cohortOf := map[string]string{}
	for _, o := range orders {
		month := o.at.Format(monthLayout)
		if first, met := cohortOf[o.customer]; !met || month < first {
			cohortOf[o.customer] = month
		}
	}
	if len(cohortOf) == 0 {
		return table
	}
	oldest := slices.Min(slices.Collect(maps.Values(cohortOf)))
	current := asOfDate[:len(monthLayout)]
	for month := oldest; month <= current; month = addMonths(month, 1) {
		cohort := Cohort{Month: month}
		for _, first := range cohortOf {
			if first == month {
				cohort.Customers++
			}
		}
		if addMonths(month, CohortsFollowed) <= current {
			table.OmittedCohorts++
			table.OmittedCustomers += cohort.Customers
			continue
		}
		// A month has ended if the day before the next one is not after the date.
		for nth := month; ended(nth, asOfDate); nth = addMonths(nth, 1) {
			active, revenue := map[string]bool{}, int64(0)
			for _, o := range orders {
				if cohortOf[o.customer] == month && o.at.Format(monthLayout) == nth {
					active[o.customer] = true
					if o.currency == currency {
						revenue += o.net
					}
				}
			}
			cohort.Active = append(cohort.Active, int64(len(active)))
			cohort.Revenue = append(cohort.Revenue, revenue)
		}
		table.Cohorts = append(table.Cohorts, cohort)
	}
	return table
}

func ended(month, asOfDate string) bool {
	next, err := time.Parse(monthLayout, addMonths(month, 1))
	if err != nil {
		panic(err)
	}
	return next.AddDate(0, 0, -1).Format(time.DateOnly) <= asOfDate
}

// intervalsByDefinition is the days between the distinct dates of each customer.
func intervalsByDefinition(orders []order) (all []int64) {
	dates := map[string]map[string]bool{}
	for _, o := range orders {
		if dates[o.customer] == nil {
			dates[o.customer] = map[string]bool{}
		}
		dates[o.customer][o.at.Format(time.DateOnly)] = true
	}
	for _, of := range dates {
		sorted := slices.Sorted(maps.Keys(of))
		for i := 1; i < len(sorted); i++ {
			from, errFrom := time.Parse(time.DateOnly, sorted[i-1])
			to, errTo := time.Parse(time.DateOnly, sorted[i])
			if errFrom != nil || errTo != nil {
				panic("a date that was formatted cannot be read")
			}
			all = append(all, int64(to.Sub(from)/(24*time.Hour)))
		}
	}
	return all
}

func checkDistribution(t *rapid.T, what string, d *Distribution, values []int64) {
	if d.Count != int64(len(values)) {
		t.Fatalf("%s: %d, want %d", what, d.Count, len(values))
	}
	if len(values) == 0 {
		if !reflect.DeepEqual(*d, Distribution{}) {
			t.Fatalf("%s: of nothing %+v", what, d)
		}
		return
	}
	slices.Sort(values)
	sum := int64(0)
	for _, v := range values {
		sum += v
	}
	if d.Min != values[0] || d.Max != values[len(values)-1] || d.Mean != float64(sum)/float64(len(values)) {
		t.Fatalf("%s: %+v of %v", what, d, values)
	}
	for i, q := range d.Quantiles {
		want := values[(len(values)*quantilePercents[i]+99)/100-1]
		if off := math.Abs(float64(q.Value - want)); q.Percent != quantilePercents[i] || off > q.RelativeError*float64(q.Value)*(1+1e-12) {
			t.Fatalf("%s: %+v, want %d", what, q, want)
		}
	}
	inBins := int64(0)
	for _, b := range d.Bins {
		n := int64(0)
		for _, v := range values {
			if v >= b.Lower && (b.Upper == 0 || v < b.Upper) {
				n++
			}
		}
		if b.Count != n {
			t.Fatalf("%s: bin %+v, want %d", what, b, n)
		}
		inBins += n
	}
	if inBins != d.Count {
		t.Fatalf("%s: bins %v hold %d of %d", what, d.Bins, inBins, d.Count)
	}
}

// drawCustomer is a history around the as-of date, with times that favour the
// moments at which days and months change.
func drawCustomer(t *rapid.T, name string, end time.Time, days int64) *History {
	h := &History{Customer: name, Codes: []string{"CNY", "USD"}}
	for range rapid.IntRange(0, 8).Draw(t, "orders") {
		at := end.UnixMilli() - rapid.Int64Range(-2, days).Draw(t, "day")*dayMS
		at += rapid.SampledFrom([]int64{-1, 0, 1, 3_600_000, -3_600_000, 12 * 3_600_000, 1_800_000}).Draw(t, "time")
		h.TimeMS = append(h.TimeMS, at)
		h.Net = append(h.Net, rapid.Int64Range(0, 200_000).Draw(t, "net"))
		h.Cost = append(h.Cost, Unknown)
		h.Currency = append(h.Currency, rapid.Uint32Range(0, 1).Draw(t, "currency"))
	}
	return h
}

// TestSummaryDescribesTheOrders compares with going through all orders for each
// figure, with dates from the time package.
func TestSummaryDescribesTheOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zoneName := rapid.SampledFrom([]string{"Asia/Shanghai", "America/New_York", "UTC", "America/Sao_Paulo"}).Draw(t, "zone")
		date := rapid.SampledFrom([]string{"2024-02-29", "2024-02-28", "2024-03-31", "2024-11-03", "2025-01-01", "2018-11-03", "2018-12-31"}).Draw(t, "date")
		policy := Policy{AsOfDate: date, Zone: zoneName, Currency: "CNY"}
		asOf, err := policy.AsOf()
		if err != nil {
			t.Fatal(err)
		}
		z, err := time.LoadLocation(zoneName)
		if err != nil {
			t.Fatal(err)
		}
		days := rapid.SampledFrom([]int64{40, 400, 3_000}).Draw(t, "days")
		keeper := NewBookkeeper(asOf)
		var account Account
		var orders []order
		var monetary, net []int64
		for i := range rapid.IntRange(0, 12).Draw(t, "customers") {
			h := drawCustomer(t, fmt.Sprintf("c%d", i), asOf.Time(), days)
			counts, err := keeper.Account(h, &account)
			if err != nil {
				t.Fatal(err)
			}
			if counts {
				monetary = append(monetary, account.Purse("CNY").Revenue)
			}
			for k, ms := range h.TimeMS {
				at := time.UnixMilli(ms).In(z)
				if at.Format(time.DateOnly) > date {
					continue
				}
				orders = append(orders, order{h.Customer, h.code(k), at, h.Net[k]})
				if h.code(k) == "CNY" {
					net = append(net, h.Net[k])
				}
			}
		}
		s := Summary{Policy: policy}
		if err := s.Describe(asOf, keeper.Counted, monetary); err != nil {
			t.Fatal(err)
		}
		if want := cohortsByDefinition(orders, date, "CNY"); !reflect.DeepEqual(s.Cohorts, want) {
			t.Fatalf("cohorts %+v, want %+v", s.Cohorts, want)
		}
		checkDistribution(t, "order values", s.OrderValues, net)
		checkDistribution(t, "intervals", s.Intervals, intervalsByDefinition(orders))
		for _, q := range s.Intervals.Quantiles {
			if q.RelativeError != 0 {
				t.Fatalf("intervals are exact, not %+v", q)
			}
		}
		if len(s.TopShares) != 3 || len(s.Warnings) != 0 {
			t.Fatalf("top shares %v, warnings %v", s.TopShares, s.Warnings)
		}
	})
}

// TestCohortsFollowed: an order belongs to the month that the shop's clock shows,
// and a month is told from its last day on.
func TestCohortsFollowed(t *testing.T) {
	for _, test := range []struct {
		zone, date, first, again string
		want                     []Cohort
	}{
		{"Asia/Shanghai", "2024-12-30", "2024-10-31T16:00:00Z", "2024-11-30T15:59:59Z", []Cohort{
			{"2024-11", 1, []int64{1}, []int64{300}}, {"2024-12", 0, nil, nil},
		}},
		{"Asia/Shanghai", "2024-12-31", "2024-10-31T15:59:59Z", "2024-12-31T15:59:59Z", []Cohort{
			{"2024-10", 1, []int64{1, 0, 1}, []int64{100, 0, 200}}, {"2024-11", 0, []int64{0, 0}, []int64{0, 0}}, {"2024-12", 0, []int64{0}, []int64{0}},
		}},
		// In winter New York is five hours behind, in summer four.
		{"America/New_York", "2024-04-30", "2024-03-01T04:59:59Z", "2024-04-01T03:59:59Z", []Cohort{
			{"2024-02", 1, []int64{1, 1, 0}, []int64{100, 200, 0}}, {"2024-03", 0, []int64{0, 0}, []int64{0, 0}}, {"2024-04", 0, []int64{0}, []int64{0}},
		}},
		{"America/New_York", "2024-12-01", "2024-11-01T04:00:00Z", "2024-12-01T05:00:00Z", []Cohort{
			{"2024-11", 1, []int64{1}, []int64{100}}, {"2024-12", 0, nil, nil},
		}},
		// The last day of October ends twice, for a minute of November lies between.
		{"America/St_Johns", "2009-10-31", "2009-10-31T20:00:00Z", "2009-11-01T02:30:30Z", []Cohort{
			{"2009-10", 1, []int64{1}, []int64{300}},
		}},
	} {
		day := asOf(t, test.date, test.zone)
		keeper := NewBookkeeper(day)
		h := &History{Customer: "c", Net: []int64{100, 200}, Cost: []int64{-1, -1}, Codes: []string{"CNY"}}
		for _, text := range []string{test.first, test.again} {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			h.TimeMS = append(h.TimeMS, at.UnixMilli())
		}
		if _, err := keeper.Account(h, &Account{}); err != nil {
			t.Fatal(err)
		}
		if got := keeper.Counted.cohorts(day.Day, "CNY").Cohorts; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s, %s: %+v, want %+v", test.zone, test.date, got, test.want)
		}
	}
}

// TestResetForgets: what was counted before leaves no trace.
func TestResetForgets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := AsOf{Day: 19_000, EndMS: 19_001 * dayMS, Calendar: NewCalendar(time.UTC, time.UnixMilli(19_003*dayMS))}
		used, fresh := NewBookkeeper(day), NewBookkeeper(day)
		var account Account
		before, after := drawCustomer(t, "a", day.Time(), 3_000), drawCustomer(t, "b", day.Time(), 3_000)
		if _, err := used.Account(before, &account); err != nil {
			t.Fatal(err)
		}
		used.Counted.Reset()
		for _, b := range []*Bookkeeper{used, fresh} {
			if _, err := b.Account(after, &account); err != nil {
				t.Fatal(err)
			}
		}
		got, want := Summary{Policy: Policy{Currency: "CNY"}}, Summary{Policy: Policy{Currency: "CNY"}}
		errGot, errWant := got.Describe(day, used.Counted, nil), want.Describe(day, fresh.Counted, nil)
		if errGot != nil || errWant != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %+v, %+v (%v), want %+v, %+v, %+v (%v)", got.Cohorts, got.OrderValues, got.Intervals, errGot,
				want.Cohorts, want.OrderValues, want.Intervals, errWant)
		}
	})
}

// TestYearsFarApart: times at the edge of what a timestamp can hold are counted
// like any others.
func TestYearsFarApart(t *testing.T) {
	day := asOf(t, "2025-06-30", "Asia/Shanghai")
	keeper := NewBookkeeper(day)
	h := &History{Customer: "c", TimeMS: []int64{minTimeMS, day.EndMS - 1}, Net: []int64{5, 6}, Cost: []int64{-1, -1}, Codes: []string{"CNY"}}
	if _, err := keeper.Account(h, &Account{}); err != nil {
		t.Fatal(err)
	}
	var s Summary
	s.Policy.Currency = "CNY"
	if err := s.Describe(day, keeper.Counted, []int64{11}); err != nil {
		t.Fatal(err)
	}
	if s.Cohorts.OmittedCustomers != 1 || s.Cohorts.OmittedCohorts != 2024*12+6-60 || len(s.Cohorts.Cohorts) != 60 {
		t.Errorf("%d customers in %d cohorts are omitted of %d", s.Cohorts.OmittedCustomers, s.Cohorts.OmittedCohorts, len(s.Cohorts.Cohorts))
	}
	if s.Intervals.Max != 739_431 || s.Intervals.Bins[9].Count != 1 {
		t.Errorf("intervals %+v", s.Intervals)
	}
}
