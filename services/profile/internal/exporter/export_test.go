package exporter

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

func wang() *profilev1.Customer {
	return &profilev1.Customer{
		Name: "customers/会员 1", Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL, DisplayName: "=HYPERLINK(\"x\")",
		Gender: profilev1.Gender_GENDER_FEMALE, BirthDate: &date.Date{Month: 5, Day: 17}, City: "深圳\n南山",
		Identifiers: []*profilev1.Identifier{
			{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE, Value: "+8613812345678"},
			{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE, Value: "+8613912345678"},
		},
		HouseholdSize: 3, Interests: []string{"登山", "摄影"},
		SocialAccounts: []*profilev1.SocialAccount{{Platform: "weibo", Followers: 1200}},
		CreateTime:     timestamppb.New(time.Date(2026, 3, 1, 10, 0, 0, 5e6, time.UTC)),
	}
}

func purchase() *profilev1.Order {
	return &profilev1.Order{
		Name: "customers/a/orders/1", OrderTime: timestamppb.New(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)),
		Amount: &apiv1.Money{MinorUnits: 2933, CurrencyCode: "CNY"}, Status: profilev1.OrderStatus_ORDER_STATUS_PAID,
		Items: []*profilev1.OrderItem{{Sku: "苹果", QuantityMilli: 1500}},
	}
}

// made is a file of records.
func made(t testing.TB, format profilev1.ExportFormat, columns []column, all ...proto.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	f, _, err := open(&b, format, "records", columns)
	for _, m := range all {
		if err == nil {
			err = f.write(m)
		}
	}
	if err == nil {
		err = f.close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rows are those of a CSV file, by their titles.
func rows(t testing.TB, raw []byte) []map[string]string {
	t.Helper()
	body, marked := bytes.CutPrefix(raw, []byte(byteOrderMark))
	if !marked {
		t.Error("no byte order mark")
	}
	all, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var named []map[string]string
	for _, row := range all[1:] {
		m := map[string]string{}
		for i, value := range row {
			if value != "" {
				m[all[0][i]] = value
			}
		}
		named = append(named, m)
	}
	return named
}

func TestCustomersAsCSV(t *testing.T) {
	got := rows(t, made(t, profilev1.ExportFormat_EXPORT_FORMAT_CSV, customerTable(), wang()))[0]
	for column, want := range map[string]string{
		"customer_id": "会员 1", "kind": "individual", "display_name": "'=HYPERLINK(\"x\")", "gender": "female", "birth_date": "--05-17",
		"city": "深圳\n南山", "phone": "+8613812345678", "household_size": "3", "interests": "登山; 摄影", "create_time": "2026-03-01T10:00:00.005Z",
	} {
		if got[column] != want {
			t.Errorf("%s: %q, want %q", column, got[column], want)
		}
		delete(got, column)
	}
	for column, want := range map[string]int{"identifiers": 2, "social_accounts": 1} {
		var all []map[string]any
		if err := json.Unmarshal([]byte(got[column]), &all); err != nil || len(all) != want {
			t.Errorf("%s: %q", column, got[column])
		}
		delete(got, column)
	}
	if len(got) != 0 {
		t.Errorf("also %v", got)
	}
}

func TestAmountsAsCSV(t *testing.T) {
	got := rows(t, made(t, profilev1.ExportFormat_EXPORT_FORMAT_CSV, orderTable(), purchase()))[0]
	if got["amount"] != "29.33" || got["currency"] != "CNY" || got["status"] != "paid" || got["order_id"] != "1" || got["customer_id"] != "a" {
		t.Errorf("order: %v", got)
	}
	for want, m := range map[string]*apiv1.Money{
		"0.05": {MinorUnits: 5, CurrencyCode: "CNY"}, "-0.05": {MinorUnits: -5, CurrencyCode: "CNY"}, "5": {MinorUnits: 5, CurrencyCode: "JPY"},
		"1.005": {MinorUnits: 1005, CurrencyCode: "KWD"}, "-12.00": {MinorUnits: -1200, CurrencyCode: "USD"}, "0.00": {CurrencyCode: "EUR"},
	} {
		if got := major(m); got != want {
			t.Errorf("%v: %q, want %q", m, got, want)
		}
	}
}

func TestNothingIsAFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := rapid.String().Draw(t, "text")
		got := harmless(given)
		if strings.TrimPrefix(got, "'") != strings.TrimPrefix(given, "'") {
			t.Fatalf("%q became %q", given, got)
		}
		if got != "" && strings.ContainsAny(got[:1], "=+-@\t\r\n") && !number.MatchString(got) {
			t.Errorf("%q stays a formula", got)
		}
	})
}

func TestJSONLinesLeaveNothingOut(t *testing.T) {
	event := &profilev1.Event{Name: "customers/a/events/1", Properties: &structpb.Struct{Fields: map[string]*structpb.Value{"x": structpb.NewStringValue("a\nb")}}}
	for _, want := range []proto.Message{wang(), purchase(), event} {
		raw := made(t, profilev1.ExportFormat_EXPORT_FORMAT_JSONL, nil, want, want)
		lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
		if len(lines) != 2 {
			t.Fatalf("%d lines, want 2", len(lines))
		}
		got := want.ProtoReflect().New().Interface()
		if err := protojson.Unmarshal([]byte(lines[1]), got); err != nil || !proto.Equal(got, want) {
			t.Errorf("%v: got %v, want %v", err, got, want)
		}
	}
}

func TestParquetIsTyped(t *testing.T) {
	many := make([]proto.Message, rowGroup+5)
	for i := range many {
		many[i] = purchase()
	}
	raw := made(t, profilev1.ExportFormat_EXPORT_FORMAT_PARQUET, orderTable(), many...)
	opened, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if opened.NumRows() != rowGroup+5 || len(opened.RowGroups()) != 2 {
		t.Errorf("%d rows in %d groups", opened.NumRows(), len(opened.RowGroups()))
	}
	reader := parquet.NewGenericReader[map[string]any](opened, opened.Schema())
	defer func() { _ = reader.Close() }()
	got := make([]map[string]any, 1)
	got[0] = map[string]any{}
	if n, err := reader.Read(got); n != 1 || err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(n, err)
	}
	if got[0]["amount_minor"] != int64(2933) || got[0]["currency"] != "CNY" || got[0]["discount_minor"] != nil {
		t.Errorf("row: %v", got[0])
	}
	var names []string
	for _, f := range opened.Schema().Fields() {
		names = append(names, f.Name())
		if f.Name() == "order_time" && !strings.Contains(f.Type().String(), "TIMESTAMP") {
			t.Errorf("order_time is %s", f.Type())
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("columns: %v", names)
	}
}
