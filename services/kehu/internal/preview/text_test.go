package preview

import (
	"strings"
	"testing"
	"unicode"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
)

func reading(answer *profilev1.InspectFileResponse) *Reading {
	return &Reading{
		Format: answer.GetFormat(), Mapping: answer.GetOrderMapping(), Preset: answer.GetPreset(),
		Guessed: true, kind: profilev1.ImportKind_IMPORT_KIND_ORDERS, answer: answer,
	}
}

func text(r *Reading) string {
	p := &layout.Page{Width: 120}
	r.WriteText(p, "orders.csv")
	return p.String()
}

func TestText(t *testing.T) {
	answer := &profilev1.InspectFileResponse{
		Format: &profilev1.FileFormat{Encoding: profilev1.FileEncoding_FILE_ENCODING_GB18030, Delimiter: ";"},
		Preset: "jd",
		OrderMapping: &profilev1.OrderMapping{
			Rows: profilev1.OrderRows_ORDER_ROWS_ITEM, Amount: profilev1.AmountMeaning_AMOUNT_MEANING_ORDER,
			TimeZone: "Asia/Shanghai", CurrencyCode: "CNY",
		},
		Columns: []*profilev1.ColumnUse{{Title: "商品ID", Field: "sku"}, {Title: "备注"}, {Title: "订单号", Field: "order_id"}, {Title: "商品名称", Field: "sku"}},
		Rows: []*profilev1.RowPreview{
			{Row: 1, Order: &profilev1.Order{
				Name: "customers/anonymous/orders/42", Amount: &apiv1.Money{MinorUnits: 1250, CurrencyCode: "CNY"},
				OrderTime: &timestamppb.Timestamp{Seconds: 1731254580}, Status: profilev1.OrderStatus_ORDER_STATUS_CANCELLED,
				Items: []*profilev1.OrderItem{{Sku: "A"}, {Sku: "B"}},
			}},
			{Row: 2, Error: &apiv1.ItemStatus{Message: "must be a date"}},
		},
		Warnings: []*apiv1.Warning{{Reason: "COLUMNS_IGNORED", Message: "备注 was ignored"}, {Reason: "OTHER", Message: "look here"}},
	}
	got := text(reading(answer))
	for _, want := range []string{
		"GB18030 (GBK), semicolons", "JD 京东, told from the header (--preset jd)", "the amount is the whole order's and counts once",
		"of Asia/Shanghai", "order_id", "商品ID, 商品名称", "备注", "12.50 CNY", "(no buyer)", "2024-11-11 00:03:00", "cancelled", "A, B",
		"row 2 would be refused: must be a date", "look here",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("does not say %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "was ignored") || strings.Index(got, "order_id") > strings.Index(got, "sku") {
		t.Errorf("ignored columns are said twice, or the fields are out of order:\n%s", got)
	}
	answer.Warnings = append(answer.Warnings, &apiv1.Warning{Reason: "CURRENCY_MISSING", Message: "none"})
	if r := reading(answer); !r.CurrencyMissing() || strings.Contains(text(r), "12.50") {
		t.Error("rows are shown although none can be read without a currency")
	}
}

// TestATerminalIsNotSteered: whatever stands in a file, none of it is a control
// character when it is shown.
func TestATerminalIsNotSteered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hostile := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\x1b[2J", "a\rb", "a\nb", "\u009b31m", "\x7f", "\t"}))
		draw := func(what string) string { return hostile.Draw(t, what) }
		answer := &profilev1.InspectFileResponse{
			Preset:  "kehu",
			Columns: []*profilev1.ColumnUse{{Title: draw("title"), Field: "order_id"}, {Title: draw("ignored")}},
			Rows: []*profilev1.RowPreview{
				{Row: 1, Order: &profilev1.Order{Name: "customers/" + draw("customer") + "/orders/" + draw("order"), Items: []*profilev1.OrderItem{{Sku: draw("sku")}}}},
				{Row: 2, Error: &apiv1.ItemStatus{Message: draw("message")}},
			},
			Warnings: []*apiv1.Warning{{Message: draw("warning")}},
		}
		shown := strings.ReplaceAll(text(reading(answer)), "\n", "")
		if at := strings.IndexFunc(shown, unicode.IsControl); at >= 0 {
			t.Fatalf("%q", shown[at:])
		}
	})
}

func TestNamed(t *testing.T) {
	got := Named([]*profilev1.ColumnUse{{Title: "Amount", Field: "amount"}, {Title: "x"}, {Title: "ORDER_ID", Field: "order_id"}})
	want := &profilev1.OrderMapping{Version: 1, Name: "kehu", Columns: &profilev1.OrderColumns{OrderId: []string{"ORDER_ID"}, Amount: []string{"Amount"}}}
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
