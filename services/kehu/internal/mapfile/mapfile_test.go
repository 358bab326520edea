package mapfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/mapfile"
)

const shop = `version: 1
name: corner shop
columns:
  order_id: 单号
  customer_id: [会员号, "手机"]
  amount: 实收
  status: 状态
  order_time: 2024
rows: item
amount: line
time_zone: Asia/Shanghai
currency: CNY
statuses:
  已结: paid
  作废: cancelled
  5: returned
  no: pending
`

func TestParse(t *testing.T) {
	got, err := mapfile.Parse([]byte(shop))
	if err != nil {
		t.Fatal(err)
	}
	want := &profilev1.OrderMapping{
		Version: 1, Name: "corner shop",
		Columns: &profilev1.OrderColumns{
			OrderId: []string{"单号"}, CustomerId: []string{"会员号", "手机"}, Amount: []string{"实收"},
			Status: []string{"状态"}, OrderTime: []string{"2024"},
		},
		Rows: profilev1.OrderRows_ORDER_ROWS_ITEM, Amount: profilev1.AmountMeaning_AMOUNT_MEANING_LINE,
		TimeZone: "Asia/Shanghai", CurrencyCode: "CNY",
		Statuses: map[string]profilev1.OrderStatus{
			"已结": profilev1.OrderStatus_ORDER_STATUS_PAID, "作废": profilev1.OrderStatus_ORDER_STATUS_CANCELLED,
			"5": profilev1.OrderStatus_ORDER_STATUS_RETURNED, "no": profilev1.OrderStatus_ORDER_STATUS_PENDING,
		},
	}
	if !proto.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// TestParseRefuses gives files with one mistake each, made by a replacement in a
// good one, and what the fault must say.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, says string }{
		{"unknown key", "rows: item", "row: item", `line 9: "row" is not known`},
		{"duplicate key", "rows: item", "name: again", `line 9: "name" stands twice, first on line 2`},
		{"unknown field", "  amount: 实收", "  amount_: 实收", `line 6: columns: "amount_" is no field`},
		{"duplicate field", "  status: 状态", "  amount: 状态", `line 7: "amount" stands twice, first on line 6`},
		{"duplicate word", "  作废: cancelled", "  已结: cancelled", `line 15: "已结" stands twice`},
		{"another version", "version: 1", "version: 2", "line 1: version 2 is not known"},
		{"no version", "version: 1\n", "", "version is missing"},
		{"unknown rows", "rows: item", "rows: items", "line 9: rows: must be one of item, order"},
		{"unknown amount", "amount: line", "amount: total", "line 10: amount: must be one of line, order"},
		{"unknown status", "作废: cancelled", "作废: closed", "line 15: 作废: must be one of cancelled, paid, pending, returned"},
		{"unknown zone", "Asia/Shanghai", "Asia/Shanhai", "line 11: time_zone"},
		{"local zone", "Asia/Shanghai", "Local", "line 11: time_zone"},
		{"bad currency", "CNY", "RMB¥", "line 12: currency"},
		{"empty title", "order_id: 单号", "order_id:", "line 4: order_id: is empty"},
		{"no titles", "order_id: 单号", "order_id: []", "line 4: order_id: the list is empty"},
		{"title of keys", "order_id: 单号", "order_id: {a: b}", "line 4: order_id: must be text"},
		{"no order id", "  order_id: 单号\n", "", "columns.order_id is missing"},
		{"no amount", "  amount: 实收\n", "", "columns.amount is missing"},
		{"alias", "name: corner shop", "name: *shop", "shop"},
		{"anchored alias", "name: corner shop\ncolumns:", "name: &a corner shop\n*a : x\ncolumns:", "line 3"},
		{"not closed", "[会员号", "[会员号, [", "line "},
		{"tab", "\n  amount", "\n\tamount", "line "},
		{"two documents", "rows: item", "---\nrows: item", "more than one document"},
		{"list", shop, "- a\n- b\n", "line 1: the file: must be keys with values"},
		{"empty", shop, "", "is empty"},
		{"comment alone", shop, "# nothing\n", "is empty"},
		{"not text", shop, "\x00\x01\x02", "control characters"},
		{"large", shop, strings.Repeat("# a comment\n", 30_000), "KiB at most"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(shop, c.old, c.new, 1)
			if text == shop {
				t.Fatal("the mistake is not in the file")
			}
			_, err := mapfile.Parse([]byte(text))
			if fault.KindOf(err) != fault.InvalidArgument || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := mappings().Draw(t, "mapping")
		text, err := mapfile.Format(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := mapfile.Parse(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if !proto.Equal(got, want) {
			t.Fatalf("got %v\nwant %v\nin\n%s", got, want, text)
		}
		if again, err := mapfile.Format(got); err != nil || string(again) != string(text) {
			t.Fatalf("%v: written again it is\n%s\nnot\n%s", err, again, text)
		}
	})
}

// mappings are any that the API takes.
func mappings() *rapid.Generator[*profilev1.OrderMapping] {
	title := rapid.OneOf(
		rapid.SampledFrom([]string{"no", "1", "1.50", "~", "null", "- a", "a: b", "# c", "'", `"`, "{", " 前后 ", "a\nb", "\ufeff", "2024-11-11", "\u0085", "=", "<<", "&a", "*a", "!!int", "\\", "%", "a #b", "|", ">"}),
		rapid.StringN(1, 20, 60), rapid.StringMatching(`[一-龥（）]{1,8}`),
	)
	return rapid.Custom(func(t *rapid.T) *profilev1.OrderMapping {
		columns := new(profilev1.OrderColumns)
		message := columns.ProtoReflect()
		fields := message.Descriptor().Fields()
		for i := range fields.Len() {
			field, least := fields.Get(i), 0
			if field.Name() == "order_id" || field.Name() == "amount" {
				least = 1
			}
			for _, s := range rapid.SliceOfN(title, least, 3).Draw(t, string(field.Name())) {
				message.Mutable(field).List().Append(protoreflect.ValueOfString(s))
			}
		}
		m := &profilev1.OrderMapping{
			Version: 1, Columns: columns,
			Name:         rapid.OneOf(rapid.Just(""), title).Draw(t, "name"),
			Rows:         rapid.SampledFrom([]profilev1.OrderRows{0, 1, 2}).Draw(t, "rows"),
			Amount:       rapid.SampledFrom([]profilev1.AmountMeaning{0, 1, 2}).Draw(t, "amount"),
			TimeZone:     rapid.SampledFrom([]string{"", "UTC", "Asia/Shanghai"}).Draw(t, "zone"),
			CurrencyCode: rapid.SampledFrom([]string{"", "CNY", "USD"}).Draw(t, "currency"),
		}
		if words := rapid.MapOfN(title, rapid.SampledFrom([]profilev1.OrderStatus{1, 2, 3, 4}), 0, 5).Draw(t, "words"); len(words) > 0 {
			m.Statuses = words
		}
		return m
	})
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.yaml")
	want, err := mapfile.Parse([]byte(shop))
	if err != nil {
		t.Fatal(err)
	}
	if err := mapfile.Write(path, want); err != nil {
		t.Fatal(err)
	}
	if got, err := mapfile.Read(path); err != nil || !proto.Equal(got, want) {
		t.Errorf("read back %v: %v", got, err)
	}
	before, _ := os.ReadFile(path)
	if err := mapfile.Write(path, &profilev1.OrderMapping{}); !errors.Is(err, mapfile.ErrExists) {
		t.Errorf("writing over a file: %v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the file that was there has changed")
	}
	if err := os.WriteFile(path, []byte("version: 9"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mapfile.Read(path); err == nil || !strings.HasPrefix(err.Error(), path+": line 1: ") {
		t.Errorf("a bad file: %v", err)
	}
}

// TestDocumentedExample keeps the example of docs/import.md one that can be copied.
func TestDocumentedExample(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "import.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("there is no example")
	}
	if m, err := mapfile.Parse([]byte(example)); err != nil || len(m.GetStatuses()) == 0 {
		t.Errorf("%v, %v", m, err)
	}
}
