package e2e

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/refdata"
)

// TestMonthsAndCohorts holds the months of the reconciliation and the cohort table
// against a few lines over the raw rows, for a file of orders and one of items.
func TestMonthsAndCohorts(t *testing.T) {
	for _, name := range []string{"data/cdnow_orders.csv", "data/journey_order_items.csv"} {
		t.Run(name, func(t *testing.T) {
			path := refdata.Path(t, name)
			_, out := analyze(t, path)
			var got struct {
				AsOf    string `json:"as_of"`
				Cohorts struct {
					Cohorts []cohort `json:"cohorts"`
				} `json:"cohorts"`
			}
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
			months, cohorts := countByHand(t, path, got.AsOf)
			reconcile(t, out).compare(t, truth{months: months})
			if !slices.EqualFunc(got.Cohorts.Cohorts, cohorts, func(a, b cohort) bool {
				return a.Month == b.Month && a.Customers == b.Customers && slices.Equal(a.Active, b.Active)
			}) {
				t.Errorf("the cohorts are\n%v\ncounted by hand\n%v", got.Cohorts.Cohorts, cohorts)
			}
		})
	}
}

type cohort struct {
	Month     string `json:"month"`
	Customers int    `json:"customers"`
	Active    []int  `json:"active"`
}

// countByHand reads the rows with nothing of ours.
func countByHand(t *testing.T, path, asOf string) (months []monthLine, cohorts []cohort) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := func(title string) int { return slices.Index(rows[0], title) }
	day, cents := map[string]string{}, map[string]int64{} // of each order, with its customer before it
	for _, row := range rows[1:] {
		order := row[at("customer_id")] + "!" + row[at("order_id")]
		if d := row[at("order_time")]; day[order] == "" || d < day[order] {
			day[order] = d
		}
		amount, err := strconv.ParseFloat(row[at("amount")], 64)
		if err != nil {
			t.Fatal(err)
		}
		cents[order] += int64(math.Round(100 * amount))
	}
	orders, sums := map[string]int64{}, map[string]int64{}
	bought := map[string]map[string]bool{} // customer, months
	for order, d := range day {
		customer, _, _ := strings.Cut(order, "!")
		orders[d[:7]]++
		sums[d[:7]] += cents[order]
		if bought[customer] == nil {
			bought[customer] = map[string]bool{}
		}
		bought[customer][d[:7]] = true
	}
	calendar := slices.Sorted(maps.Keys(orders))
	for _, m := range calendar {
		months = append(months, monthLine{Month: m, Currency: "USD", Orders: orders[m], Paid: orders[m], Sum: decimal(sums[m]), Refunded: "0.00", Net: decimal(sums[m]), NoBuyer: "0.00"})
	}
	// The month of the as-of date counts where it has ended with that day.
	last, err := time.Parse(time.DateOnly, asOf)
	if err != nil {
		t.Fatal(err)
	}
	ended := calendar
	if last.AddDate(0, 0, 1).Day() != 1 {
		ended = calendar[:len(calendar)-1]
	}
	for i, m := range calendar {
		c := cohort{Month: m, Active: make([]int, max(len(ended)-i, 0))}
		for _, his := range bought {
			if slices.Min(slices.Collect(maps.Keys(his))) != m {
				continue
			}
			c.Customers++
			for n := range c.Active {
				if his[ended[i+n]] {
					c.Active[n]++
				}
			}
		}
		cohorts = append(cohorts, c)
	}
	return months, cohorts
}
