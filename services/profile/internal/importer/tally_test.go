package importer

import (
	"math"
	"testing"
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

func TestTotalsDoNotOverflow(t *testing.T) {
	var r reconciliation
	o := domain.Order{Customer: domain.Anonymous, Currency: "CNY", Amount: domain.MaxMinor, Time: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)}
	totals := orderTotals(&o, time.UTC)
	for range math.MaxInt64/domain.MaxMinor + 2 {
		r.add(&totals)
	}
	if !r.TooLarge || r.Months[0].PaidMinor != math.MaxInt64 || r.Months[0].Paid != math.MaxInt64/domain.MaxMinor+2 {
		t.Errorf("%+v", r)
	}
}

func TestMonthsAreBounded(t *testing.T) {
	var r, sum reconciliation
	o := domain.Order{Currency: "CNY", Amount: 1}
	for n := range maxMonths + 3 {
		o.Time = time.Date(1970, time.Month(2+n), 1, 0, 0, 0, 0, time.UTC)
		totals := orderTotals(&o, time.UTC)
		r.add(&totals)
	}
	if len(r.Months) != maxMonths || r.Beyond != 3 {
		t.Errorf("%d months, %d beyond", len(r.Months), r.Beyond)
	}
	if sum.addAll(&r); len(sum.Months) != maxMonths || sum.Beyond != 3 {
		t.Errorf("%d months, %d beyond", len(sum.Months), sum.Beyond)
	}
	for n := range r.Months[1:] {
		if r.Months[n].Month >= r.Months[n+1].Month {
			t.Fatalf("%v before %v", r.Months[n].Month, r.Months[n+1].Month)
		}
	}
}

// A month is that of the zone's calendar.
func TestMonthOf(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	for at, want := range map[string]string{
		"2024-12-31T15:59:59Z": "2024-12", "2024-12-31T16:00:00Z": "2025-01", "2024-02-29T00:00:00Z": "2024-02",
	} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := monthOf(instant, shanghai).String(); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
	if noMonth.String() != "" {
		t.Errorf("no month is %q", noMonth)
	}
}

// Tallies that are put together say what one of all the rows would.
func TestRefusalsByReason(t *testing.T) {
	var one, all tally
	one.refuse(&reject{Row: 7, Reason: "A", Column: "x", refusedText: refusedText{Message: "later"}}, 1)
	one.refuse(&reject{Row: 8, Reason: "B", Column: "x", refusedText: refusedText{Message: "b"}}, 5)
	all.add(&one)
	var two tally
	two.refuse(&reject{Row: 3, Reason: "A", Column: "x", refusedText: refusedText{Message: "first"}}, 2)
	two.refuse(&reject{Row: 9, Reason: "A", Column: "y", refusedText: refusedText{Message: "other column"}}, 1)
	all.add(&two)
	got := all.refusalsProto()
	if len(got) != 3 || got[0].GetReason() != "B" || got[1].GetRows() != 3 || got[1].GetFirstRow() != 3 || got[1].GetMessage() != "first" || got[2].GetColumn() != "y" || all.Counts.Rejected != 9 {
		t.Errorf("%v", got)
	}
	for n := range 60 {
		all.refuse(&reject{Row: int64(n), Reason: "C", Column: string(rune('a' + n))}, 1)
	}
	if got := all.refusalsProto(); len(got) != shownRefusals {
		t.Errorf("%d reasons", len(got))
	}
}

func TestTotalRows(t *testing.T) {
	c, err := columnsOf([]string{"note", "order_id", "customer_id", "order_time", "amount"}, orderLayout(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		row  []string
		want bool
	}{
		{[]string{"合计", "", "", "", "10"}, true},
		{[]string{"", "合计：", "", "", "10"}, true},
		{[]string{" 总计(12笔)", "", "", "", "10"}, true},
		{[]string{"共计12笔"}, true},
		{[]string{"", "GRAND TOTAL", "", "", "10"}, true},
		{[]string{"Total: 10", "", "", "", ""}, true},
		{[]string{"Ｔｏｔａｌ", "", "", "", ""}, true},
		{[]string{"sum", "", "", "", ""}, true},
		{[]string{"合计", "o1", "c1", "2024-01-01", "10"}, false},
		{[]string{"", "TOTAL-7", "c1", "2024-01-01", "10"}, false},
		{[]string{"", "sum1", "c1", "2024-01-01", "10"}, false},
		{[]string{"", "summer", "c1", "2024-01-01", "10"}, false},
		{[]string{"", "汇", "c1", "2024-01-01", "10"}, false},
		{[]string{"", "", "", "", ""}, false},
		{nil, false},
	} {
		if got := c.isTotal(test.row); got != test.want {
			t.Errorf("%q: %v", test.row, got)
		}
	}
}

func TestPriceTimesQuantity(t *testing.T) {
	for _, test := range []struct {
		minor, milli, want int64
		fits               bool
	}{
		{1250, 2000, 2500, true}, {1599, 500, 800, true}, {1, 499, 0, true}, {1, 500, 1, true}, {0, math.MaxInt64, 0, true},
		{domain.MaxMinor, 1000, domain.MaxMinor, true}, {domain.MaxMinor, 1001, 0, false}, {math.MaxInt64, math.MaxInt64, 0, false},
	} {
		got, fits := ofQuantity(test.minor, test.milli)
		if fits != test.fits || fits && got != test.want {
			t.Errorf("%d × %d: %d, %v", test.minor, test.milli, got, fits)
		}
	}
}
