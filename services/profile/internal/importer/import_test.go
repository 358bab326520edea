package importer_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// small has a bit of everything: quotes, a line break in a field, a blank line,
// both line ends, Chinese, rows to refuse, a key that is there twice.
const small = "\xef\xbb\xbforder_id,customer_id,order_time,amount,currency,discount,cost,channel,payment_method,status,note\r\n" +
	"o1,c1,2025-03-14,10.00,CNY,1.00,7.50,web,alipay,paid,\"a \"\"note\"\"\r\non two lines\"\r\n" +
	"o2,c1,2025年3月15日,２０．５０,cny,,,\"app, new\",,PENDING,\n" +
	"\n" +
	"o3,客户,2025/3/16, 30 ,CNY,,,,,,\n" +
	"o4,c2,昨天,40.00,CNY,,,,,,\n" +
	"o1,c1,2025-03-17,99.00,CNY,,,,,,\n" +
	"o5,c2,2025-03-18,-1,CNY,,,,,,\n" +
	"o6,c2,2025-03-19,60,,,,,,,\n" +
	"o7,c2\n" +
	"o8,c2,2025-03-20,80.00,USD,,,,,returned,"

const smallRejects = "\uFEFFrow,column,value,reason,message\n" +
	"4,order_time,昨天,TIME_MALFORMED,\"must be a date such as 2026-03-14, 2026/3/14 or 2026年3月14日, with or without a time 15:04:05, or RFC 3339, is \"\"昨天\"\"\"\n" +
	"5,order_id,o1,DUPLICATE_IN_FILE,\"is the same as in row 1 of the file, which counts\"\n" +
	"6,amount,'-1,AMOUNT_NEGATIVE,\"must not be negative, is \"\"-1\"\"\"\n" +
	"7,currency,,CURRENCY_MISSING,\"must be given: the row states none, and the import has no default currency\"\n" +
	"8,,\"o7,c2\",ROW_RAGGED,the row has 2 fields where the header has 11\n"

func checkSmall(t *testing.T, p *process, i *profilev1.Import) {
	t.Helper()
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetRows() != 9 || i.GetDurableBytes() != int64(len(small)) ||
		i.GetCreated() != 4 || i.GetUpdated() != 0 || i.GetUnchanged() != 0 || i.GetRejected() != 5 {
		t.Fatalf("import: %v", i)
	}
	if w := i.GetWarnings(); len(w) != 1 || w[0].GetReason() != "COLUMNS_IGNORED" || !strings.Contains(w[0].GetMessage(), `"note"`) {
		t.Fatalf("warnings: %v", w)
	}
	if got := asCSV(t, p.rejected(t, i.GetName())); !reflect.DeepEqual(got, asCSV(t, smallRejects)) {
		t.Fatalf("rejects:\n%q", got)
	}
	var got []string
	for _, o := range p.stored(t) {
		got = append(got, fmt.Sprintf("%s/%s %s %d%s-%v+%v %s %s %s", o.Customer, o.ID, o.Time.Format("01-02"),
			o.Amount, o.Currency, o.Discount, o.Cost, o.Channel, o.PaymentMethod, o.Status))
	}
	want := []string{
		"客户/o3 03-16 3000CNY-{0 false}+{0 false}   ",
		"c1/o1 03-14 1000CNY-{100 true}+{750 true} web alipay paid",
		"c1/o2 03-15 2050CNY-{0 false}+{0 false} app, new  pending",
		"c2/o8 03-20 8000USD-{0 false}+{0 false}   returned",
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("orders:\n%s", strings.Join(got, "\n"))
	}
}

func asCSV(t *testing.T, text string) [][]string {
	t.Helper()
	text, marked := strings.CutPrefix(text, "\uFEFF")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked {
		t.Fatalf("%q: %v", text, err)
	}
	return rows
}

func TestSmallFile(t *testing.T) {
	for _, chunk := range []int{1, 7, 100, 1 << 20} {
		t.Run(fmt.Sprint(chunk), func(t *testing.T) {
			p := fresh(t)
			checkSmall(t, p, p.run(t, orders(small), chunk))
		})
	}
}

// Wherever the file is cut in two, by the client or by a stream that breaks off,
// the result is the same.
func TestEveryCut(t *testing.T) {
	f := orders(small)
	for cut := 0; cut <= len(small); cut += 1 + len(small)/60 {
		p := fresh(t)
		i := p.create(t, f)
		stream, err := p.imports.StreamImport(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(&profilev1.AppendImportRequest{Name: i.GetName(), Data: f.data[:cut]}); err != nil {
			t.Fatal(err)
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		durable := int64(0)
		for {
			ack, err := stream.Recv()
			if err != nil {
				break
			}
			durable = ack.GetDurableBytes()
		}
		i = p.create(t, f) // announced again
		if i.GetDurableBytes() != durable || i.GetState() != profilev1.ImportState_IMPORT_STATE_RECEIVING {
			t.Fatalf("cut at %d: acknowledged %d, then %v", cut, durable, i)
		}
		if err := p.stream(t.Context(), f, i, 50); err != nil {
			t.Fatal(err)
		}
		checkSmall(t, p, p.get(t, i.GetName()))
	}
}

func TestAppendImport(t *testing.T) {
	p, f := fresh(t), orders(small)
	i := p.create(t, f)
	for offset, size := int64(0), int64(30); ; {
		end := min(offset+size, int64(len(small)))
		last := end == int64(len(small))
		ack, err := p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{Name: i.GetName(), Offset: offset, Data: f.data[offset:end], Last: last})
		if err != nil {
			t.Fatal(err)
		}
		if last {
			// The acknowledgement was lost: the same again.
			again, err := p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{Name: i.GetName(), Offset: offset, Data: f.data[offset:end], Last: true})
			if err != nil || again.GetDurableBytes() != int64(len(small)) || again.GetRejected() != 5 || again.GetState() != profilev1.ImportState_IMPORT_STATE_DONE {
				t.Fatalf("%v, %v", again, err)
			}
			break
		}
		if ack.GetDurableBytes() == offset {
			size *= 2 // a row is longer than the chunk
		}
		offset = ack.GetDurableBytes()
	}
	checkSmall(t, p, p.get(t, i.GetName()))
}

func TestSameFileAgain(t *testing.T) {
	p := fresh(t)
	i := p.run(t, orders(small), 100)
	again := p.create(t, orders(small))
	if again.GetName() != i.GetName() || again.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || again.GetCreated() != 4 {
		t.Fatalf("announced again: %v", again)
	}
	// With other settings it is another import, which finds what is there.
	f := orders(small)
	f.DefaultCurrencyCode = "CNY"
	other := p.run(t, f, 100)
	if other.GetName() == i.GetName() || other.GetCreated() != 1 || other.GetUnchanged() != 4 || other.GetUpdated() != 0 || other.GetRejected() != 4 {
		t.Fatalf("with other settings: %v", other)
	}
	if o := p.stored(t)[1]; o.ID != "o1" || o.Amount != 1000 {
		t.Fatalf("a second row with its key changed the order: %+v", o)
	}
}

func TestCorrectedFile(t *testing.T) {
	p := fresh(t)
	const head = "order_id,customer_id,order_time,amount,currency,status\n"
	p.run(t, orders(head+"o1,c1,2025-03-14,10.00,CNY,pending\no2,c1,2025-03-15,5,CNY,paid\n"), 100)
	i := p.run(t, orders(head+"o1,c1,2025-03-14,12.00,CNY,paid\no2,c1,2025-03-15,5,CNY,paid\no3,c1,2025-03-16,6,CNY,paid\n"), 100)
	if i.GetCreated() != 1 || i.GetUpdated() != 1 || i.GetUnchanged() != 1 {
		t.Fatalf("import: %v", i)
	}
	if all := p.stored(t); len(all) != 3 || all[0].Amount != 1200 || all[0].Status != domain.Paid {
		t.Fatalf("orders: %+v", all)
	}
}

func TestTimeZone(t *testing.T) {
	p, f := fresh(t), orders("order_id,customer_id,order_time,amount\no1,c1,2025-03-14,10.00\n")
	f.TimeZone, f.DefaultCurrencyCode = "Asia/Shanghai", "JPY"
	if i := p.run(t, f, 100); i.GetCreated() != 1 {
		t.Fatalf("import: %v", i)
	}
	if o := p.stored(t)[0]; o.Time.Format("2006-01-02T15:04Z07:00") != "2025-03-13T16:00Z" || o.Amount != 10 || o.Currency != "JPY" {
		t.Fatalf("order: %+v", o)
	}
}

func TestDryRun(t *testing.T) {
	p, f := fresh(t), orders(small)
	f.DryRun = true
	i := p.run(t, f, 50)
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetCreated() != 4 || i.GetRejected() != 5 {
		t.Fatalf("import: %v", i)
	}
	if got := asCSV(t, p.rejected(t, i.GetName())); !reflect.DeepEqual(got, asCSV(t, smallRejects)) {
		t.Fatalf("rejects:\n%q", got)
	}
	if all := p.stored(t); len(all) != 0 {
		t.Fatalf("a dry run wrote %+v", all)
	}
}

// What makes the file unreadable as a whole ends the import as FAILED, and says why.
func TestFilesThatCannotBe(t *testing.T) {
	const head = "order_id,customer_id,order_time,amount,currency\n"
	for _, test := range []struct {
		name, data, reason, says string
		rows                     int64
	}{
		{"empty", "", "FILE_EMPTY", "first row must name the columns", 0},
		{"blank", "\n\n\n", "FILE_EMPTY", "", 0},
		{"no header", "o1,c1,2025-03-14,10.00,CNY\n", "FILE_HEADER_MISSING", `"o1"`, 0},
		{"header twice", "order_id,order_id,customer_id,order_time,amount\n", "FILE_COLUMN_TWICE", "order_id", 0},
		{"column missing", "order_id,custmer_id,order_time,amount\n", "FILE_COLUMN_MISSING", "did you mean customer_id?", 0},
		{"vertical bars", strings.ReplaceAll(head, ",", "|"), "FILE_DELIMITER", "vertical bars", 0},
		{"workbook", "PK\x03\x04\x14\x00\x06\x00\x08\x00", "FILE_NOT_CSV", "XLSX", 0},
		{"UTF-16", "\xff\xfeo\x00r\x00d\x00e\x00r\x00", "FILE_NOT_CSV", "UTF-16", 0},
		{"Latin 1", "num\xe9ro,cust\xf6mer_id,order_time,amount\n", "FILE_ENCODING_UNKNOWN", "neither UTF-8 nor GB18030", 0},
		{"NUL in the header", "order_id,customer_id,order_time,amount\x00\n", "ROW_NOT_TEXT", "the header", 0},
		{"a line of 10 MiB", head + "o1,c1,2025-03-14,10.00,CNY\no2," + strings.Repeat("c", 10<<20), "ROW_TOO_LONG", "row 2 ", 1},
		{"a field of 10 MiB", head + "o1,c1,2025-03-14,10.00,CNY\no2,\"" + strings.Repeat("c", 10<<20) + "\"\n", "ROW_TOO_LONG", "row 2 ", 1},
		{"10 million columns", head + strings.Repeat(",", 10_000_000), "ROW_TOO_LONG", "row 1 ", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := fresh(t)
			i := p.run(t, orders(test.data), 1<<20)
			if i.GetState() != profilev1.ImportState_IMPORT_STATE_FAILED || i.GetError().GetReason() != test.reason ||
				!strings.Contains(i.GetError().GetMessage(), test.says) || codes.Code(i.GetError().GetCode()) != codes.InvalidArgument {
				t.Fatalf("import: %v", i)
			}
			if int64(len(p.stored(t))) != test.rows || i.GetRows() != test.rows {
				t.Fatalf("%d orders stored: %v", len(p.stored(t)), i)
			}
		})
	}
}

// Rows that cannot be never stop the import, and their neighbours are taken in.
func TestRowsThatCannotBe(t *testing.T) {
	const head, good = "order_id,customer_id,order_time,amount,currency\n", "g1,c1,2025-03-14,10.00,CNY\n"
	for _, test := range []struct{ name, row, column, reason string }{
		{"ragged", "o1,c1\n", "", "ROW_RAGGED"},
		{"quote in a bare field", "o1,c\"1,2025-03-14,1,CNY\n", "", "ROW_MALFORMED"},
		{"quote never closed", "\"o1,c1,2025-03-14,1,CNY\n", "", "ROW_QUOTE_UNCLOSED"},
		{"NUL", "o1,c\x001,2025-03-14,1,CNY\n", "", "ROW_NOT_TEXT"},
		{"no order", ",c1,2025-03-14,1,CNY\n", "order_id", "VALUE_MISSING"},
		{"slash in an id", "o/1,c1,2025-03-14,1,CNY\n", "order_id", "INVALID_FIELD"},
		{"a long id", "o1," + strings.Repeat("c", 129) + ",2025-03-14,1,CNY\n", "customer_id", "INVALID_FIELD"},
		{"epoch", "o1,c1,1970-01-01,1,CNY\n", "order_time", "INVALID_FIELD"},
		{"year 9999", "o1,c1,9999-12-31,1,CNY\n", "order_time", "INVALID_FIELD"},
		{"currency", "o1,c1,2025-03-14,1,XQQ\n", "currency", "CURRENCY_UNKNOWN"},
		{"int64", "o1,c1,2025-03-14,9223372036854775807,CNY\n", "amount", "AMOUNT_TOO_LARGE"},
		{"formula", "o1,c1,2025-03-14,=cmd|' /c calc'!A1,CNY\n", "amount", "AMOUNT_MALFORMED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := fresh(t)
			i := p.run(t, orders(head+test.row+good), 1<<20)
			if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetRows() != 2 || i.GetCreated() != 1 || i.GetRejected() != 1 {
				t.Fatalf("import: %v", i)
			}
			rejects := asCSV(t, p.rejected(t, i.GetName()))
			if len(rejects) != 2 || rejects[1][0] != "1" || rejects[1][1] != test.column || rejects[1][3] != test.reason || rejects[1][4] == "" {
				t.Fatalf("rejects: %q", rejects)
			}
			if strings.ContainsAny(rejects[1][2][:min(1, len(rejects[1][2]))], "=+-@") {
				t.Fatalf("a spreadsheet would take %q for a formula", rejects[1][2])
			}
			if all := p.stored(t); len(all) != 1 || all[0].ID != "g1" {
				t.Fatalf("orders: %+v", all)
			}
		})
	}
}

func TestHeaderOnly(t *testing.T) {
	p := fresh(t)
	i := p.run(t, orders("order_id,customer_id,order_time,amount,currency"), 10)
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || len(i.GetWarnings()) != 1 || i.GetWarnings()[0].GetReason() != "FILE_NO_ROWS" {
		t.Fatalf("import: %v", i)
	}
}

// The bytes sent must be those announced. The same file announced again begins
// anew, and what was taken in of the wrong bytes does not stand for the right ones.
func TestOtherBytesThanAnnounced(t *testing.T) {
	const head = "order_id,customer_id,order_time,amount,currency\n"
	p, right := fresh(t), orders(head+"o1,c1,2025-03-14,10.00,CNY\n")
	wrong := right
	wrong.data = []byte(strings.ReplaceAll(string(right.data), "10.00", "99.00"))
	i := p.run(t, wrong, 100)
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_FAILED || i.GetError().GetReason() != "FILE_HASH_MISMATCH" {
		t.Fatalf("import: %v", i)
	}
	_, err := p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{Name: i.GetName(), Offset: i.GetDurableBytes(), Last: true})
	if status.Code(err) != codes.FailedPrecondition || reason(err) != "IMPORT_FAILED" {
		t.Fatalf("append to a failed import: %v", err)
	}
	i = p.run(t, right, 100)
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetUpdated() != 1 {
		t.Fatalf("the right bytes: %v", i)
	}
	if all := p.stored(t); len(all) != 1 || all[0].Amount != 1000 {
		t.Fatalf("orders: %+v", all)
	}
}

func TestClientsThatAreCutOff(t *testing.T) {
	p, f := fresh(t), orders(small)
	i := p.create(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := p.imports.StreamImport(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&profilev1.AppendImportRequest{Name: i.GetName(), Data: f.data[:len(f.data)/2]}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil { // some of it is durable
		t.Fatal(err)
	}
	cancel()
	if i = p.get(t, i.GetName()); i.GetDurableBytes() == 0 {
		t.Fatalf("nothing is durable: %v", i)
	}
	checkSmall(t, p, p.run(t, f, 100))
}
