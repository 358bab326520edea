package importer_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/refdata"
)

func TestOrdersOfCDNOW(t *testing.T) {
	p := fresh(t)
	i := p.run(t, announce(profilev1.ImportKind_IMPORT_KIND_ORDERS, refdata.Bytes(t, "data/cdnow_orders.csv")), 100_000)
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetRows() != 6919 || i.GetCreated() != 6919 || i.GetRejected() != 0 {
		t.Fatalf("import: %v", i)
	}
	var cents int64
	buyers := make(map[string]bool)
	stored := p.stored(t)
	for _, o := range stored {
		cents += o.Amount
		buyers[o.Customer] = true
	}
	if len(stored) != 6919 || len(buyers) != 2357 || cents != 24409194 {
		t.Fatalf("%d orders of %d customers for %d cents, want 6919, 2357, 24409194", len(stored), len(buyers), cents)
	}
}

func TestItemsOfCompleteJourney(t *testing.T) {
	data := refdata.Bytes(t, "data/journey_order_items.csv")
	p := fresh(t)
	i := p.run(t, announce(profilev1.ImportKind_IMPORT_KIND_ORDERS, data), 1<<20)

	type total struct {
		cents, discount, milli int64
		items                  int
	}
	cents := func(s string) int64 {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return int64(math.Round(100 * x))
	}
	want := make(map[string]total)
	for _, row := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
		f := strings.Split(row, ",")
		w := want[f[1]+"/"+f[0]]
		w.cents += cents(f[5])
		w.discount += cents(f[6])
		w.milli += 10 * cents(f[4])
		w.items++
		want[f[1]+"/"+f[0]] = w
	}
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetRows() != 75000 || i.GetCreated() != int64(len(want)) || i.GetRejected() != 0 {
		t.Fatalf("import of %d orders: %v\n%s", len(want), i, p.rejected(t, i.GetName()))
	}
	stored := p.stored(t)
	for _, o := range stored {
		got := total{o.Amount, o.Discount.Minor, 0, len(o.Items)}
		for _, item := range o.Items {
			got.milli += item.QuantityMilli
		}
		if w := want[o.Customer+"/"+o.ID]; got != w {
			t.Errorf("order %s of %s: %+v, want %+v", o.ID, o.Customer, got, w)
		}
	}
	if len(stored) != len(want) {
		t.Errorf("%d orders, want %d", len(stored), len(want))
	}
}
