package rfmscore_test

import (
	"bytes"
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/kehu/internal/orderscan"
	"github.com/kehuhq/kehu/services/kehu/internal/rfmscore"
)

func orders() *orderscan.Orders {
	return &orderscan.Orders{
		Purchases: stat.Purchases{
			Customers: 4, Customer: []uint32{0, 1, 1, 2, 3, 1},
			Day: []int32{10, 12, 12, 20, 30, 18}, Amount: []int64{500, 100, 50, 250, 9900, 1},
		},
		IDs: []string{"=1+1", "a,b", "c", "later"}, Currency: "JPY", Rows: 6, Last: 30,
	}
}

func TestScoresAsOfADay(t *testing.T) {
	r, err := rfmscore.Score(orders(), rfmscore.Settings{AsOf: 20, Scores: 3, Cores: 1})
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Summary(); s.Customers != 3 || s.Later != 1 || s.AsOf != "1970-01-21" || s.Cells["113"] != 1 || s.Cells["231"] != 1 || len(s.Cells) != 3 {
		t.Errorf("%+v", s)
	}
	var out bytes.Buffer
	if err := r.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	// Ids are no formulas and no two fields; yen have no decimals.
	const want = "customer_id,recency_days,frequency,monetary,r,f,m\n" +
		"'=1+1,10,1,500,1,1,3\n\"a,b\",2,2,151,2,3,1\nc,0,1,250,3,1,2\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if _, err := rfmscore.Score(orders(), rfmscore.Settings{AsOf: 5, Scores: 3, Cores: 1}); fault.ReasonOf(err) != "NO_ORDERS" {
		t.Errorf("before the first order: %v", err)
	}
}
