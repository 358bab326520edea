package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

const itemHead = "order_id,customer_id,order_time,sku,quantity,amount,discount,cost,currency,channel,payment_method,status\n"

func TestItems(t *testing.T) {
	p := fresh(t)
	i := p.run(t, orders(itemHead+
		"o1,c1,2025-03-15,s1,2,10.00,1.00,4.00,CNY,,,paid\n"+
		"o2,c2,2025-03-16,s1,,5.00,,,CNY,web,,\n"+
		"o1,c1,2025-03-14,s2,0.5,20.50,0.50,8.00,CNY,app,alipay,paid\n"+
		"o1,c2,2025-03-17,s3,0,0,,,USD,,,\n"+
		"o2,c2,2025-03-16,s2,1,7.00,2.00,3.00,CNY,app,cash,\n"), 64)
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetRows() != 5 || i.GetCreated() != 3 || i.GetRejected() != 0 {
		t.Fatalf("import: %v", i)
	}
	none, known := domain.Optional{}, domain.Known
	want := []domain.Order{
		{
			Customer: "c1", ID: "o1", Row: 1, Amount: 3050, Discount: known(150), Cost: known(1200), Channel: "app", PaymentMethod: "alipay", Status: domain.Paid, Currency: "CNY",
			Items: []domain.Item{{SKU: "s1", QuantityMilli: 2000, Amount: known(1000), Discount: known(100)}, {SKU: "s2", QuantityMilli: 500, Amount: known(2050), Discount: known(50)}},
		},
		{Customer: "c2", ID: "o1", Row: 4, Currency: "USD", Items: []domain.Item{{SKU: "s3", Amount: known(0)}}},
		{
			Customer: "c2", ID: "o2", Row: 2, Amount: 1200, Discount: known(200), Cost: none, Channel: "web", PaymentMethod: "cash", Currency: "CNY",
			Items: []domain.Item{{SKU: "s1", QuantityMilli: 1000, Amount: known(500)}, {SKU: "s2", QuantityMilli: 1000, Amount: known(700), Discount: known(200)}},
		},
	}
	days := []string{"03-14", "03-17", "03-16"}
	stored := p.stored(t)
	for n := range want {
		o := stored[n]
		want[n].Time = o.Time
		if o.Customer != want[n].Customer || o.ID != want[n].ID || !o.SameContent(&want[n]) || o.Origin.Row != want[n].Row || o.Time.Format("01-02") != days[n] {
			t.Errorf("order %d: %+v, want %+v", n, o, want[n])
		}
	}
	if len(stored) != len(want) {
		t.Errorf("%d orders", len(stored))
	}
	op, err := p.ops.GetOperation(t.Context(), &longrunningpb.GetOperationRequest{Name: i.GetOperation()})
	answer := new(profilev1.Import)
	if err != nil || op.GetResponse().UnmarshalTo(answer) != nil || answer.GetCreated() != 3 {
		t.Fatalf("operation: %v, %v", op, err)
	}
}

// An order is taken in as a whole or not at all.
func TestOrdersThatItemsDoNotMake(t *testing.T) {
	for _, test := range []struct{ name, rows, rejects string }{
		{
			"currencies differ",
			"o1,c1,2025-03-15,s1,1,10.00,,,CNY,,,\no1,c1,2025-03-15,s2,1,10.00,,,USD,,,\n",
			"1 currency CNY ORDER_CURRENCIES_DIFFER|2 currency USD ORDER_CURRENCIES_DIFFER",
		},
		{
			"status differs",
			"o1,c1,2025-03-15,s1,1,10.00,,,CNY,,,paid\no1,c1,2025-03-15,s2,1,10.00,,,CNY,,,returned\n",
			"1 status paid ORDER_STATUS_DIFFERS|2 status returned ORDER_STATUS_DIFFERS",
		},
		{
			"a row is refused",
			"o1,c1,2025-03-15,s1,1,10.00,,,CNY,,,\no1,c1,2025-03-15,s2,1,ten,,,CNY,,,\no1,c1,2025-03-15,s2,1,1,,,CNY,,,\n",
			"1 order_id o1 ORDER_INCOMPLETE|2 amount ten AMOUNT_MALFORMED|3 order_id o1 ORDER_INCOMPLETE",
		},
		{"no sku", "o1,c1,2025-03-15,,1,10.00,,,CNY,,,\n", "1 sku  VALUE_MISSING"},
		{"odd quantity", "o1,c1,2025-03-15,s1,1.0005,10.00,,,CNY,,,\n", "1 quantity 1.0005 AMOUNT_TOO_FINE"},
		{"negative quantity", "o1,c1,2025-03-15,s1,-1,10.00,,,CNY,,,\n", "1 quantity '-1 AMOUNT_NEGATIVE"},
		{
			"an order of the future",
			"o1,c1,2999-03-15,s1,1,10.00,,,CNY,,,\no1,c1,2999-03-16,s1,1,10.00,,,CNY,,,\n",
			"1 order_time 2999-03-15 INVALID_FIELD|2 order_time 2999-03-16 INVALID_FIELD",
		},
		{
			"a long sku",
			"o1,c1,2025-03-15,s1,1,10.00,,,CNY,,,\no1,c1,2025-03-15," + strings.Repeat("s", 129) + ",1,10.00,,,CNY,,,\n",
			"1 sku s1 INVALID_FIELD|2 sku " + strings.Repeat("s", 129) + " INVALID_FIELD",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := fresh(t)
			i := p.run(t, orders(itemHead+test.rows+"good,c1,2025-03-15,s1,1,10.00,,,CNY,,,\n"), 1000)
			want := strings.Split(test.rejects, "|")
			if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetCreated() != 1 || i.GetRejected() != int64(len(want)) {
				t.Fatalf("import: %v", i)
			}
			var got []string
			for _, r := range asCSV(t, p.rejected(t, i.GetName()))[1:] {
				got = append(got, strings.Join(r[:4], " "))
			}
			if strings.Join(got, "|") != test.rejects {
				t.Fatalf("rejects: %q", got)
			}
			if all := p.stored(t); len(all) != 1 || all[0].ID != "good" {
				t.Fatalf("orders: %+v", all)
			}
		})
	}
}

// An order with more rows than an order can have is refused row by row, however
// many there are.
func TestOrderWithTooManyItems(t *testing.T) {
	const n = 2*domain.MaxItems + 7
	var file strings.Builder
	file.WriteString(itemHead)
	for row := range n {
		fmt.Fprintf(&file, "o1,c1,2025-03-15,s%d,1,1.00,,,CNY,,,\n", row)
	}
	for range domain.MaxItems {
		file.WriteString("o2,c1,2025-03-15,s,1,1.00,,,CNY,,,\n")
	}
	p := fresh(t)
	i := p.run(t, orders(file.String()), 1<<20)
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetCreated() != 1 || i.GetRejected() != n {
		t.Fatalf("import: %v", i)
	}
	rejects := asCSV(t, p.rejected(t, i.GetName()))
	if len(rejects) != n+1 || rejects[n][0] != fmt.Sprint(n) || rejects[n][3] != "ORDER_TOO_LARGE" {
		t.Fatalf("%d rejects, the last %q", len(rejects), rejects[len(rejects)-1])
	}
	if all := p.stored(t); len(all) != 1 || len(all[0].Items) != domain.MaxItems {
		t.Fatalf("%d orders", len(all))
	}
}

func TestDryRunOfItems(t *testing.T) {
	p, f := fresh(t), orders(itemHead+"o1,c1,2025-03-15,s1,1,10.00,,,CNY,,,\no1,c1,2025-03-15,s2,1,10.00,,,CNY,,,\n"+
		"o2,c1,2025-03-15,s1,1,10.00,,,CNY,,,\no2,c1,2025-03-15,s2,1,10.00,,,USD,,,\n")
	f.DryRun = true
	i := p.run(t, f, 50)
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetCreated() != 1 || i.GetRejected() != 2 || len(p.stored(t)) != 0 {
		t.Fatalf("import: %v", i)
	}
}

// An operation that was cancelled ends its import, which can be begun anew.
func TestCancelledAssembly(t *testing.T) {
	p, f := fresh(t), orders(itemHead+"o1,c1,2025-03-15,s1,1,10.00,,,CNY,,,\n")
	i := p.create(t, f)
	p.idle() // no worker takes the operation
	if err := p.stream(t.Context(), f, i, 100); err != nil {
		t.Fatal(err)
	}
	i = p.get(t, i.GetName())
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_ASSEMBLING {
		t.Fatalf("import: %v", i)
	}
	if _, err := p.ops.CancelOperation(t.Context(), &longrunningpb.CancelOperationRequest{Name: i.GetOperation()}); err != nil {
		t.Fatal(err)
	}
	i = p.get(t, i.GetName())
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_FAILED || i.GetError().GetReason() != "ASSEMBLY_FAILED" || codes.Code(i.GetError().GetCode()) != codes.Aborted {
		t.Fatalf("import: %v", i)
	}
	again := p.create(t, f)
	if again.GetName() != i.GetName() || again.GetState() != profilev1.ImportState_IMPORT_STATE_RECEIVING || again.GetDurableBytes() != 0 {
		t.Fatalf("announced again: %v", again)
	}
}
