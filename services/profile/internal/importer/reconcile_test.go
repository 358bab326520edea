package importer_test

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// drawnExport draws a file of orders, or of their items, as a platform might
// write it, and how many of its orders state no time.
func drawnExport(t *rapid.T, items bool) (file csvFile, undated int) {
	var b strings.Builder
	b.WriteString("id,who,made,paid,total,back,state,money,what,price\n")
	for n := range rapid.IntRange(1, 25).Draw(t, "orders") {
		pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
		minor := rapid.IntRange(0, 50_000).Draw(t, "total")
		total := fmt.Sprintf("%d.%02d", minor/100, minor%100)
		back := pick("back", "", "0", "0.01", "120.5", total)
		state := pick("state", "done", "done", "back", "open", "gone", "", "odd")
		who := pick("who", "ann", "bob", "", "c**l", "dee")
		paid := pick("paid", "2024-01-31 23:30", "2024-02-01 00:10", "2023-07-04", "")
		made := pick("made", "2024-01-31 16:30", "2024-02-29 23:59", "")
		if (state == "open" || state == "gone" || state == "" && paid == "") && paid == "" && made == "" {
			undated++
		}
		money := pick("money", "CNY", "USD", "")
		rows := 1
		if items {
			rows = rapid.IntRange(1, 3).Draw(t, "rows")
		}
		for row := range rows {
			line := []string{fmt.Sprint("o", n), who, made, paid, total, back, state, money, pick("what", "tea", "cup"), pick("price", "1.25", "")}
			if row > 0 && rapid.Bool().Draw(t, "continues") {
				line = []string{line[0], "", "", "", "", "", "", "", line[8], line[9]}
			}
			b.WriteString(strings.Join(line, ",") + "\n")
		}
	}
	file = orders(b.String())
	file.TimeZone = "Asia/Shanghai"
	file.OrderMapping = &profilev1.OrderMapping{
		Version: 1, CurrencyCode: "EUR", Rows: profilev1.OrderRows_ORDER_ROWS_ORDER, Amount: profilev1.AmountMeaning_AMOUNT_MEANING_ORDER,
		Columns: &profilev1.OrderColumns{
			OrderId: []string{"id"}, CustomerId: []string{"who"}, OrderTime: []string{"made"}, PaidTime: []string{"paid"},
			Amount: []string{"total"}, Refunded: []string{"back"}, Status: []string{"state"}, Currency: []string{"money"},
			Sku: []string{"what"}, UnitPrice: []string{"price"},
		},
		Statuses: map[string]profilev1.OrderStatus{
			"done": profilev1.OrderStatus_ORDER_STATUS_PAID, "back": profilev1.OrderStatus_ORDER_STATUS_RETURNED,
			"open": profilev1.OrderStatus_ORDER_STATUS_PENDING, "gone": profilev1.OrderStatus_ORDER_STATUS_CANCELLED,
		},
	}
	if items {
		file.OrderMapping.Rows = profilev1.OrderRows_ORDER_ROWS_ITEM
	}
	return file, undated
}

// summed is the reconciliation of orders that are stored, each looked at by itself.
func summed(all []domain.Order, zone *time.Location) []string {
	sums := make(map[string]*[8]int64)
	for _, o := range all {
		key := o.Time.In(zone).Format("2006-01") + " " + o.Currency
		if sums[key] == nil {
			sums[key] = new([8]int64)
		}
		s := sums[key]
		s[0]++
		switch {
		case o.Status == domain.Pending:
			s[5]++
		case o.Status == domain.Cancelled:
			s[6]++
		default:
			s[1]++
			s[2] += o.Amount
			s[3] += o.Net()
			if o.Net() < o.Amount {
				s[4]++
			}
			if o.Customer == domain.Anonymous {
				s[7] += o.Net()
			}
		}
	}
	var lines []string
	for key, s := range sums {
		lines = append(lines, fmt.Sprint(key, " ", *s))
	}
	sort.Strings(lines)
	return lines
}

// stated is the same of what an import tells, and how many orders are in no month.
func stated(i *profilev1.Import) (lines []string, undated int) {
	for _, m := range i.GetReconciliation().GetMonths() {
		if m.GetMonth() == "" {
			undated += int(m.GetOrders())
			continue
		}
		lines = append(lines, fmt.Sprint(m.GetMonth(), " ", m.GetCurrencyCode(), " ", [8]int64{
			m.GetOrders(), m.GetPaidOrders(), m.GetPaid().GetMinorUnits(), m.GetNet().GetMinorUnits(),
			m.GetRefundedOrders(), m.GetUnpaidOrders(), m.GetClosedOrders(), m.GetAnonymousNet().GetMinorUnits(),
		}))
	}
	sort.Strings(lines)
	return lines, undated
}

// lastPurchase is the latest time, in milliseconds, in any purchase history, 0 where
// there are none.
func lastPurchase(t *testing.T, p *process) (last int64) {
	for purchase, err := range p.store.Orders.Purchases(t.Context(), store.Span{}, math.MaxInt64) {
		if err != nil {
			t.Fatal(err)
		}
		last = max(last, purchase.TimeMS)
	}
	return last
}

// Whatever a file holds, its totals are those of the orders it leaves behind, and
// a row is in a total, refused or skipped.
func TestTotalsAreThoseOfTheOrders(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	for _, items := range []bool{false, true} {
		t.Run(map[bool]string{false: "orders", true: "items"}[items], func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				p := fresh(t)
				defer p.stop()
				f, undated := drawnExport(rt, items)
				i := p.run(t, f, rapid.IntRange(20, 2000).Draw(rt, "chunk"))
				got, gotUndated := stated(i)
				want := summed(p.stored(t), shanghai)
				if strings.Join(got, "\n") != strings.Join(want, "\n") || gotUndated != undated {
					rt.Fatalf("file:\n%s\nstated %q, %d undated\nstored %q, %d undated", f.data, got, gotUndated, want, undated)
				}
				if last := i.GetLastOrderTime(); last.GetSeconds()*1000 != lastPurchase(t, p) {
					rt.Fatalf("file:\n%s\nlast order %v, in the histories %d", f.data, last, lastPurchase(t, p))
				}
				refused := int64(0)
				for _, r := range i.GetRefusals() {
					refused += r.GetRows()
				}
				if refused != i.GetRejected() || int(refused) != len(asCSV(t, p.rejected(t, i.GetName())))-1 {
					rt.Fatalf("%d rows refused, %d by reason: %v", i.GetRejected(), refused, i.GetRefusals())
				}
				again := proto.Clone(f.Import).(*profilev1.Import)
				again.OrderMapping.Name = "again"
				before := summed(p.stored(t), shanghai)
				j := p.run(t, csvFile{again, f.data}, 1<<20)
				if second, _ := stated(j); strings.Join(second, "\n") != strings.Join(got, "\n") || j.GetCreated() != 0 || j.GetUpdated() != 0 {
					rt.Fatalf("file:\n%s\nimported again: %v", f.data, j)
				}
				if strings.Join(summed(p.stored(t), shanghai), "\n") != strings.Join(before, "\n") {
					rt.Fatalf("importing again changed the orders")
				}
			})
		})
	}
}
