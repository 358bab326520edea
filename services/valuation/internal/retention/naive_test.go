package retention

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// bought is one order of a customer, on the local date of the shop's clock.
type bought struct {
	date     time.Time // midnight UTC of the local date
	currency string
	net      int64
}

// shop is some customers' orders, and what was counted of them.
type shop struct {
	asOf    time.Time // midnight UTC of the as-of date
	orders  map[string][]bought
	counted *domain.Retention
}

func localDate(ms int64, zone *time.Location) time.Time {
	y, m, d := time.UnixMilli(ms).In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// drawShop is customers with orders at times that favour the moments at which
// days, weeks and months change, in zones that change their clocks.
func drawShop(t *rapid.T) *shop {
	policy := domain.Policy{
		AsOfDate: rapid.SampledFrom([]string{"2024-02-29", "2024-02-28", "2024-03-31", "2024-11-03", "2024-12-29", "2024-12-30", "2020-12-31", "2018-11-04"}).Draw(t, "date"),
		Zone:     rapid.SampledFrom([]string{"Asia/Shanghai", "America/New_York", "UTC", "America/Sao_Paulo", "Australia/Lord_Howe"}).Draw(t, "zone"),
		Currency: "CNY",
	}
	asOf, err := policy.AsOf()
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation(policy.Zone)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{orders: map[string][]bought{}}
	if s.asOf, err = time.Parse(time.DateOnly, policy.AsOfDate); err != nil {
		t.Fatal(err)
	}
	back := rapid.SampledFrom([]int64{30, 300, 3_000}).Draw(t, "days back")
	keeper, tally := domain.NewBookkeeper(asOf), &domain.Tally{}
	var account domain.Account
	for i := range rapid.IntRange(0, 10).Draw(t, "customers") {
		h := &domain.History{Customer: fmt.Sprintf("c%d", i), Codes: []string{"CNY", "USD"}}
		for range rapid.IntRange(0, 8).Draw(t, "orders") {
			at := asOf.EndMS - rapid.Int64Range(-2, back).Draw(t, "day")*86_400_000
			at += rapid.SampledFrom([]int64{-1, 0, 1, 3_600_000, -3_600_000, 43_200_000, 1_800_000}).Draw(t, "time")
			h.TimeMS, h.Cost = append(h.TimeMS, at), append(h.Cost, domain.Unknown)
			h.Net = append(h.Net, rapid.Int64Range(0, 100_000).Draw(t, "net"))
			h.Currency = append(h.Currency, rapid.Uint32Range(0, 1).Draw(t, "currency"))
			if date := localDate(at, zone); !date.After(s.asOf) {
				s.orders[h.Customer] = append(s.orders[h.Customer], bought{date, h.Codes[h.Currency[len(h.Currency)-1]], h.Net[len(h.Net)-1]})
			}
		}
		counts, err := keeper.Account(h, &account)
		if err != nil {
			t.Fatal(err)
		}
		if counts {
			if err := tally.Add(&account); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.counted = keeper.Counted.Retention(asOf, policy, tally)
	return s
}

// begin is the first date of the period that a date lies in.
func begin(p domain.Period, date time.Time) time.Time {
	if p == domain.Month {
		return time.Date(date.Year(), date.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	for date.Weekday() != time.Monday {
		date = date.AddDate(0, 0, -1)
	}
	return date
}

// after is the first date of the nth period behind one that begins on a date.
func after(p domain.Period, first time.Time, n int) time.Time {
	if p == domain.Month {
		return first.AddDate(0, n, 0)
	}
	return first.AddDate(0, 0, 7*n)
}

func firstOf(orders []bought) time.Time {
	return slices.MinFunc(orders, func(a, b bought) int { return a.date.Compare(b.date) }).date
}

// amount goes through a cohort's orders for one cell.
func (s *shop) amount(m Measure, p domain.Period, cohort time.Time, n int) (total int64) {
	from, to := after(p, cohort, n), after(p, cohort, n+1)
	for _, orders := range s.orders {
		if !begin(p, firstOf(orders)).Equal(cohort) {
			continue
		}
		hit := false
		for _, o := range orders {
			inside := !o.date.Before(from) && o.date.Before(to)
			switch m {
			case Classic:
				hit = hit || inside
			case Rolling:
				hit = hit || !o.date.Before(from)
			case Cumulative:
				hit = hit || !o.date.Before(after(p, cohort, 1)) && o.date.Before(to)
			case Revenue, CumulativeRevenue:
				if o.currency == "CNY" && (inside || m == CumulativeRevenue && o.date.Before(to)) {
					total += o.net
				}
			}
		}
		if hit {
			total++
		}
	}
	return total
}

// TestTableIsWhatTheOrdersSay compares every row and cell with going through all
// orders for it, with dates of the time package.
func TestTableIsWhatTheOrdersSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawShop(t)
		period := rapid.SampledFrom(domain.Periods[:]).Draw(t, "period")
		for _, measure := range []Measure{Classic, Rolling, Cumulative, Revenue, CumulativeRevenue} {
			s.compare(t, NewTable(s.counted, measure, period), measure, period)
		}
	})
}

func (s *shop) compare(t *rapid.T, table *Table, m Measure, p domain.Period) {
	if len(s.orders) == 0 {
		if len(table.Rows) != 0 || table.OmittedCohorts != 0 {
			t.Fatalf("of nobody: %+v", table)
		}
		return
	}
	oldest := s.asOf
	for _, orders := range s.orders {
		if first := firstOf(orders); first.Before(oldest) {
			oldest = first
		}
	}
	row, omittedCohorts, omitted := 0, int64(0), int64(0)
	overall := map[int]Entry{}
	for cohort := begin(p, oldest); !cohort.After(s.asOf); cohort = after(p, cohort, 1) {
		var members, repeaters int64
		for _, orders := range s.orders {
			if begin(p, firstOf(orders)).Equal(cohort) {
				members++
				if slices.ContainsFunc(orders, func(o bought) bool { return !o.date.Equal(orders[0].date) }) {
					repeaters++
				}
			}
		}
		if !after(p, cohort, domain.CohortsFollowed).After(s.asOf) {
			omittedCohorts++
			omitted += members
			continue
		}
		got := table.Rows[row]
		row++
		ended := after(p, cohort, 1).AddDate(0, 0, -1)
		if got.FirstDay != cohort.Format(time.DateOnly) || got.Customers != members || got.Repeaters != repeaters || got.Ended == ended.After(s.asOf) {
			t.Fatalf("row %+v, want %d customers from %s, %d of them repeaters", got, members, cohort, repeaters)
		}
		n, cells := 0, got.Entries
		if m == Cumulative {
			n = 1
		}
		for ; !after(p, cohort, n+1).AddDate(0, 0, -1).After(s.asOf); n++ {
			want := Entry{n, members, s.amount(m, p, cohort, n)}
			if len(cells) == 0 || cells[0] != want {
				t.Fatalf("%d, %s: cells %+v, want %+v", m, got.Period, cells, want)
			}
			cells = cells[1:]
			sum := overall[n]
			overall[n] = Entry{n, sum.Base + want.Base, sum.Amount + want.Amount}
		}
		if len(cells) > 0 {
			t.Fatalf("%s has cells of periods that have not ended: %+v", got.Period, cells)
		}
	}
	if row != len(table.Rows) || table.OmittedCohorts != omittedCohorts || table.OmittedCustomers != omitted {
		t.Fatalf("%d rows, %d and %d omitted; want %d, %d and %d", len(table.Rows), table.OmittedCohorts, table.OmittedCustomers, row, omittedCohorts, omitted)
	}
	if len(table.Overall) != len(overall) {
		t.Fatalf("overall %+v, want %+v", table.Overall, overall)
	}
	for _, e := range table.Overall {
		if overall[e.Offset] != e {
			t.Fatalf("overall %+v, want %+v", e, overall[e.Offset])
		}
	}
}
