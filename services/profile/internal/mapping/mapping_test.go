package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// Headers as the platforms write them, shortened.
var headers = map[string][]string{
	"kehu":    {"Order_ID", "customer_id", "order_time", "amount"},
	"taobao":  {"订单编号", "买家会员名", "买家应付货款", "买家实际支付金额", "订单状态", "联系手机", "订单创建时间", "订单付款时间", "宝贝标题", "宝贝总数量"},
	"jd":      {"订单号", "商品ID", "商品名称", "订购数量", "支付方式", "下单时间", "京东价", "应付金额", "订单状态", "下单帐号"},
	"youzan":  {"订单号", "订单状态", "买家付款时间", "订单实付金额", "买家手机号", "已退款金额"},
	"shopify": {"Name", "Email", "Financial Status", "Paid at", "Currency", "Total", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Cancelled at", "Refunded Amount"},
}

func TestDetect(t *testing.T) {
	for name, header := range headers {
		m, f := mapping.Detect(header)
		if f != nil || m.Name != name {
			t.Errorf("%s: %v, %v", name, m, f)
		}
		if err := m.Check("order_mapping"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		preset, err := mapping.Preset("preset", name)
		if err != nil || preset != m {
			t.Errorf("%s: %v, %v", name, preset, err)
		}
		// Without any one of its required columns it is not taken for that export.
		for i, title := range header {
			if !needed(m, title) {
				continue
			}
			less := slices.Concat(header[:i], header[i+1:])
			got, f := mapping.Detect(less)
			if f == nil && got.Name == name {
				t.Errorf("%s without %s is still taken for %s", name, title, got.Name)
			}
			if f != nil && f.Reason == "PRESET_UNKNOWN" && f.Metadata["nearest"] == name && !strings.Contains(f.Message, m.Columns[fieldOf(m, title)][0]) {
				t.Errorf("%s without %s: %v", name, title, f)
			}
		}
	}
}

// needed reports a title whose field is the only one of its group.
func needed(m *mapping.Mapping, title string) bool {
	for _, group := range m.Required() {
		if len(group) == 1 && group[0] == fieldOf(m, title) {
			return true
		}
	}
	return false
}

func fieldOf(m *mapping.Mapping, title string) mapping.Field {
	for field, titles := range m.Columns {
		if slices.ContainsFunc(titles, func(t string) bool { return mapping.Fold(t) == mapping.Fold(title) }) {
			return field
		}
	}
	return ""
}

func TestDetectUnknown(t *testing.T) {
	for _, test := range []struct {
		header       []string
		reason, says string
	}{
		{[]string{"a", "b"}, "PRESET_UNKNOWN", "none of them is known"},
		{[]string{"订单编号", "买家会员名", "买家实际支付金额", "订单创建时间"}, "PRESET_UNKNOWN", "taobao, which lacks 订单状态"},
		{slices.Concat(headers["jd"], headers["youzan"], []string{"订单创建时间", "付款方式", "订单来源"}), "PRESET_AMBIGUOUS", "jd, youzan"},
	} {
		m, f := mapping.Detect(test.header)
		if f == nil || f.Reason != test.reason || !strings.Contains(f.Message, test.says) {
			t.Errorf("%q: %v, %v", test.header, m, f)
		}
	}
	if _, err := mapping.Preset("preset", "amazon"); fault.ReasonOf(err) != "UNKNOWN_PRESET" {
		t.Errorf("amazon: %v", err)
	}
}

func TestFoldedTitles(t *testing.T) {
	m, f := mapping.Detect([]string{" ＮＡＭＥ ", "email", "FINANCIAL STATUS", "paid AT", "total"})
	if f != nil || m.Name != "shopify" {
		t.Errorf("%v, %v", m, f)
	}
}

func TestCheck(t *testing.T) {
	sound := func() *mapping.Mapping {
		return &mapping.Mapping{
			Columns:  map[mapping.Field][]string{mapping.OrderID: {"id"}, mapping.PaidTime: {"paid"}, mapping.Amount: {"total"}, mapping.Status: {"state"}},
			Statuses: []mapping.Word{{Text: "ok", Means: domain.Paid}}, Zone: "Asia/Shanghai", Currency: "CNY",
		}
	}
	if err := sound().Check("m"); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*mapping.Mapping){
		"m.columns.order_id":       func(m *mapping.Mapping) { delete(m.Columns, mapping.OrderID) },
		"m.columns.amount":         func(m *mapping.Mapping) { delete(m.Columns, mapping.Amount) },
		"m.columns.order_time":     func(m *mapping.Mapping) { delete(m.Columns, mapping.PaidTime) },
		"m.columns.status":         func(m *mapping.Mapping) { delete(m.Columns, mapping.Status) },
		"m.columns.customer_id[0]": func(m *mapping.Mapping) { m.Columns[mapping.CustomerID] = []string{" "} },
		"m.columns.amount[1]":      func(m *mapping.Mapping) { m.Columns[mapping.Amount] = []string{"total", "ＩＤ"} },
		"m.statuses": func(m *mapping.Mapping) {
			m.Statuses = append(m.Statuses, mapping.Word{Text: " OK", Means: domain.Pending})
		},
		"m.amount":        func(m *mapping.Mapping) { m.Rows, m.Amount = mapping.OrderRows, mapping.LineAmount },
		"m.time_zone":     func(m *mapping.Mapping) { m.Zone = "Local" },
		"m.currency_code": func(m *mapping.Mapping) { m.Currency = "RMB" },
	} {
		m := sound()
		spoil(m)
		f, ok := fault.As(m.Check("m"))
		if !ok || len(f.Violations) != 1 || f.Violations[0].Field != field {
			t.Errorf("%s: %v", field, f)
		}
	}
}

func TestResolved(t *testing.T) {
	open := mapping.Kehu()
	if r := open.Resolved(true); r.Rows != mapping.ItemRows || r.Amount != mapping.LineAmount {
		t.Errorf("with items: %+v", r)
	}
	if r := open.Resolved(false); r.Rows != mapping.OrderRows || r.Amount != mapping.OrderAmount {
		t.Errorf("without items: %+v", r)
	}
	jd, _ := mapping.Preset("", "jd")
	if r := jd.Resolved(false); r.Rows != mapping.ItemRows || r.Amount != mapping.OrderAmount {
		t.Errorf("jd: %+v", r)
	}
}
