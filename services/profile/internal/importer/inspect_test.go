package importer_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestInspect(t *testing.T) {
	p := fresh(t)
	for preset, name := range map[string]string{"taobao": "taobao.csv", "jd": "jd.csv", "youzan": "youzan.csv", "shopify": "shopify.csv"} {
		data := fixture(t, name)
		whole := p.inspect(t, &profilev1.InspectFileRequest{Head: data, Whole: true})
		if whole.GetPreset() != preset || len(whole.GetRows()) != 3 || whole.GetOrderMapping().GetName() != preset {
			t.Errorf("%s: %v", name, whole)
		}
		// However much of it is seen, and however it is encoded, it is the same file.
		cut := p.inspect(t, &profilev1.InspectFileRequest{Head: data[:len(data)-30]})
		if !proto.Equal(cut, whole) {
			t.Errorf("%s, cut: %v\nwhole: %v", name, cut, whole)
		}
		encoded, err := simplifiedchinese.GB18030.NewEncoder().Bytes(data)
		if err != nil {
			t.Fatal(err)
		}
		if preset == "shopify" {
			continue // all ASCII where it matters
		}
		other := p.inspect(t, &profilev1.InspectFileRequest{Head: encoded[:len(encoded)-29]})
		if other.GetFormat().GetEncoding() != profilev1.FileEncoding_FILE_ENCODING_GB18030 {
			t.Errorf("%s in GB18030: %v", name, other.GetFormat())
		}
		if other.Format = whole.GetFormat(); !proto.Equal(other, whole) {
			t.Errorf("%s in GB18030: %v\nwhole: %v", name, other, whole)
		}
	}
}

func TestInspectColumnsAndRows(t *testing.T) {
	p := fresh(t)
	a := p.inspect(t, &profilev1.InspectFileRequest{Head: fixture(t, "shopify.csv"), Whole: true, TimeZone: "America/New_York", DefaultCurrencyCode: "USD"})
	uses := make(map[string]string)
	for _, c := range a.GetColumns() {
		uses[c.GetTitle()] = c.GetField()
	}
	for title, field := range map[string]string{"Name": "order_id", "Email": "customer_id", "Total": "amount", "Lineitem name": "sku", "Lineitem sku": "sku", "Taxes": ""} {
		if got, ok := uses[title]; !ok || got != field {
			t.Errorf("column %s is read as %q", title, got)
		}
	}
	if len(a.GetColumns()) != 22 {
		t.Errorf("%d columns", len(a.GetColumns()))
	}
	m := a.GetOrderMapping()
	if m.GetTimeZone() != "America/New_York" || m.GetCurrencyCode() != "USD" || m.GetRows() != profilev1.OrderRows_ORDER_ROWS_ITEM || m.GetAmount() != profilev1.AmountMeaning_AMOUNT_MEANING_ORDER {
		t.Errorf("mapping: %v", m)
	}
	first, second := a.GetRows()[0].GetOrder(), a.GetRows()[1].GetOrder()
	if first.GetName() != "customers/ada@example.com/orders/#1001" || first.GetAmount().GetMinorUnits() != 5700 || first.GetItems()[0].GetSku() != "MUG-BLUE" {
		t.Errorf("first row: %v", first)
	}
	// The second row states an item of the same order, and no total.
	if second.GetName() != first.GetName() || second.GetAmount() != nil || second.GetNetAmount() != nil || second.GetItems()[0].GetSku() != "Tea Towel" || second.GetItems()[0].GetAmount().GetCurrencyCode() != "USD" {
		t.Errorf("second row: %v", second)
	}
	if third := a.GetRows()[2].GetOrder(); third.GetName() != "customers/anonymous/orders/#1002" {
		t.Errorf("third row: %v", third)
	}
}

func TestInspectWarnsAndRefuses(t *testing.T) {
	p := fresh(t)
	const head = "order_id,customer_id,order_time,amount,note\n"
	a := p.inspect(t, &profilev1.InspectFileRequest{Head: []byte(head + ",,,,\no1,c1,2025-03-14,ten,\n合计,,,10,\n"), Whole: true})
	var warnings []string
	for _, w := range a.GetWarnings() {
		warnings = append(warnings, w.GetReason())
	}
	if strings.Join(warnings, " ") != "COLUMNS_IGNORED CURRENCY_MISSING" || a.GetPreset() != "kehu" || a.GetOrderMapping() != nil {
		t.Errorf("%v", a)
	}
	if len(a.GetRows()) != 1 || a.GetRows()[0].GetRow() != 2 || a.GetRows()[0].GetError().GetReason() != "CURRENCY_MISSING" {
		t.Errorf("rows: %v", a.GetRows())
	}
	customers := p.inspect(t, &profilev1.InspectFileRequest{Kind: profilev1.ImportKind_IMPORT_KIND_CUSTOMERS, Head: []byte("customer_id,phone,x\nc1,,\n"), Whole: true})
	if customers.GetColumns()[1].GetField() != "phone" || customers.GetColumns()[2].GetField() != "" || customers.GetOrderMapping() != nil {
		t.Errorf("customers: %v", customers)
	}
	for _, test := range []struct {
		name, reason string
		request      *profilev1.InspectFileRequest
	}{
		{"a workbook", "FILE_NOT_CSV", &profilev1.InspectFileRequest{Head: []byte("PK\x03\x04\x14\x00\x06\x00\x08\x00"), Whole: true}},
		{"nothing but line breaks", "FILE_EMPTY", &profilev1.InspectFileRequest{Head: []byte("\n\n"), Whole: true}},
		{"no known export", "PRESET_UNKNOWN", &profilev1.InspectFileRequest{Head: []byte("a,b\n1,2\n"), Whole: true}},
		{"another's export", "FILE_COLUMN_MISSING", &profilev1.InspectFileRequest{Head: fixture(t, "jd.csv"), Whole: true, Preset: "taobao"}},
		{"an unknown preset", "UNKNOWN_PRESET", &profilev1.InspectFileRequest{Head: []byte(head), Whole: true, Preset: "ebay"}},
		{"an unknown zone", "INVALID_FIELD", &profilev1.InspectFileRequest{Head: []byte(head), Whole: true, TimeZone: "Mars/Olympus"}},
	} {
		_, err := p.imports.InspectFile(t.Context(), test.request)
		if status.Code(err) != codes.InvalidArgument || reason(err) != test.reason {
			t.Errorf("%s: %v, %s", test.name, err, reason(err))
		}
	}
}

// What CreateImport is given comes back, and a mapping that cannot be is refused
// by the field at fault.
func TestMappingsAreKept(t *testing.T) {
	p := fresh(t)
	for _, e := range exports {
		f := e.file(t, p)
		i := p.create(t, f)
		if f.GetOrderMapping() == nil {
			if i.GetOrderMapping() != nil {
				t.Errorf("%s: %v", e.name, i)
			}
			continue
		}
		if !proto.Equal(i.GetOrderMapping(), f.GetOrderMapping()) || i.GetTimeZone() != f.GetOrderMapping().GetTimeZone() && f.GetOrderMapping().GetTimeZone() != "" {
			t.Errorf("%s: %v\nwant %v", e.name, i, f.GetOrderMapping())
		}
		other := proto.Clone(f.Import).(*profilev1.Import)
		other.OrderMapping.Name = "another"
		j, err := p.imports.CreateImport(t.Context(), &profilev1.CreateImportRequest{Import: other})
		if err != nil || j.GetName() == i.GetName() {
			t.Errorf("%s: another mapping is the same import: %v", e.name, err)
		}
	}
	f := exports[len(exports)-1].file(t, p)
	f.OrderMapping = proto.Clone(f.OrderMapping).(*profilev1.OrderMapping)
	f.OrderMapping.Columns.Quantity = []string{"金额", "小计金额"}
	f.OrderMapping.TimeZone = "Nowhere"
	_, err := p.imports.CreateImport(t.Context(), &profilev1.CreateImportRequest{Import: f.Import})
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "import.order_mapping.columns.quantity[1]") || !strings.Contains(err.Error(), "import.order_mapping.time_zone") {
		t.Errorf("%v", err)
	}
	c := customers("customer_id\nc1\n")
	c.OrderMapping = exports[len(exports)-1].mapping
	if _, err := p.imports.CreateImport(t.Context(), &profilev1.CreateImportRequest{Import: c.Import}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a mapping for customers: %v", err)
	}
}

// Whatever the first bytes are, the answer is a reading of them or what is wrong
// with them, and never a defect of ours.
func TestInspectAnything(t *testing.T) {
	p := fresh(t)
	titles := []string{"Name", "Email", "Total", "Paid at", "Created at", "Financial Status", "Currency", "Lineitem sku", "订单编号", "x", ""}
	rapid.Check(t, func(t *rapid.T) {
		head := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(titles), 1, 12).Draw(t, "titles"), rapid.SampledFrom([]string{",", ";", "\t"}).Draw(t, "delimiter")) + "\n")
		if rapid.Bool().Draw(t, "known") {
			head = []byte("Name,Email,Total,Paid at,Financial Status,Currency,Lineitem name\n")
		}
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			fields := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]string{"#1", "paid", "1e9", "2024-01-01", "合计", `"`, "USD", "*", ""}), rapid.String()), 0, 9).Draw(t, "fields")
			head = append(head, strings.Join(fields, ",")+"\n"...)
		}
		head = append(head, rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "rest")...)
		answer, err := p.imports.InspectFile(context.Background(), &profilev1.InspectFileRequest{Head: head, Whole: rapid.Bool().Draw(t, "whole")})
		if err != nil && status.Code(err) != codes.InvalidArgument {
			t.Fatalf("%q: %v", head, err)
		}
		if err == nil && len(answer.GetRows()) > 3 {
			t.Fatalf("%q: %v", head, answer)
		}
	})
}
