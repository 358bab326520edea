package purchases_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/purchases"
)

func table(t *testing.T, text string) purchases.Table {
	t.Helper()
	path := filepath.Join(t.TempDir(), "visits.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return purchases.Table{Path: path}
}

// rewritten is what became of a table.
func rewritten(t *testing.T, from purchases.Table) (*purchases.Visits, string) {
	t.Helper()
	v, err := purchases.ReadVisits(from)
	if err != nil || v == nil {
		t.Fatal(v, err)
	}
	t.Cleanup(func() {
		if err := v.Remove(); err != nil {
			t.Error(err)
		}
	})
	text, err := os.ReadFile(v.Path)
	if err != nil {
		t.Fatal(err)
	}
	return v, string(text)
}

func TestVisitsBecomeOrders(t *testing.T) {
	for name, c := range map[string]struct{ from, want string }{
		"two columns":    {"id,date\n7,2026-01-01\n8,2026-01-02\n", "customer_id,order_time,order_id,amount\n7,2026-01-01,row-1,1\n8,2026-01-02,row-2,1\n"},
		"semicolons":     {"\ufeffcustomer;order_date;sku\n7;2026-01-01;a,b\n", "customer_id,order_time,sku,order_id,amount\n7,2026-01-01,\"a,b\",row-1,1\n"},
		"own id":         {"order_id,customer_id,order_time\n1,7,2026-01-01\n", "order_id,customer_id,order_time,amount\n1,7,2026-01-01,1\n"},
		"ragged":         {"id,date\n7\n\n8,2026-01-02,x\n", "customer_id,order_time,order_id,amount\n7\n8,2026-01-02,x\n"},
		"amounts stated": {"Customer_ID,Date,Amount\n7,2026-01-01,5\n", "Customer_ID,order_time,Amount,order_id\n7,2026-01-01,5,row-1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			v, text := rewritten(t, table(t, c.from))
			if text != c.want {
				t.Errorf("%q, want %q", text, c.want)
			}
			if !v.Rewritten() || v.Amounts != strings.Contains(strings.ToLower(c.from), "amount") || v.Currencies {
				t.Errorf("%+v", v)
			}
		})
	}
}

func TestVisitsInChinese(t *testing.T) {
	text, err := simplifiedchinese.GB18030.NewEncoder().String("会员号,日期\n王芳,2026-01-01\n")
	if err != nil {
		t.Fatal(err)
	}
	from := table(t, text)
	from.Encoding = profilev1.FileEncoding_FILE_ENCODING_GB18030
	if _, got := rewritten(t, from); got != "customer_id,order_time,order_id,amount\n王芳,2026-01-01,row-1,1\n" {
		t.Errorf("%q", got)
	}
}

func TestOrdersStayAsTheyAre(t *testing.T) {
	from := table(t, "order_id,customer_id,order_time,amount,currency\n1,7,2026-01-01,5,CNY\n")
	v, err := purchases.ReadVisits(from)
	if err != nil || v == nil || v.Rewritten() || v.Path != from.Path || !v.Currencies {
		t.Errorf("%+v, %v", v, err)
	}
	for _, text := range []string{"", "买家会员名,订单号,下单时间\n", "x,y\n", "{\"id\": 1}\n"} {
		if v, err := purchases.ReadVisits(table(t, text)); v != nil || err != nil {
			t.Errorf("%q: %+v, %v", text, v, err)
		}
	}
}

func TestRowWithoutEnd(t *testing.T) {
	_, err := purchases.ReadVisits(table(t, "id,date\n7,2026-01-01\n8,\""+strings.Repeat("x\n", 1<<21)))
	if fault.ReasonOf(err) != "ROW_TOO_LONG" {
		t.Errorf("%v", err)
	}
}
