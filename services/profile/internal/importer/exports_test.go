package importer_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"google.golang.org/grpc/status"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

var update = flag.Bool("update", false, "write the golden files anew")

// export is a file in testdata, and how it is read.
type export struct {
	name    string
	mapping *profilev1.OrderMapping // nil takes what InspectFile says
}

var exports = []export{
	{"taobao.csv", nil},
	{"jd.csv", nil},
	{"youzan.csv", nil},
	{"shopify.csv", nil},
	{"kehu.csv", nil},
	{"rounded.csv", nil},
	{"semicolons.csv", &profilev1.OrderMapping{
		Version: 1, Name: "own",
		Columns: &profilev1.OrderColumns{
			OrderId: []string{"Bestellung"}, CustomerId: []string{"KÄUFER"}, OrderTime: []string{"Datum"},
			Amount: []string{"Betrag"}, Status: []string{"Stand"},
		},
		Statuses: map[string]profilev1.OrderStatus{
			"OK": profilev1.OrderStatus_ORDER_STATUS_PAID, "Storno": profilev1.OrderStatus_ORDER_STATUS_CANCELLED,
			"zurück": profilev1.OrderStatus_ORDER_STATUS_RETURNED,
		},
		TimeZone: "Europe/Berlin", CurrencyCode: "EUR",
	}},
	{"lines.csv", &profilev1.OrderMapping{
		Version: 1, Name: "own lines",
		Columns: &profilev1.OrderColumns{
			OrderId: []string{"单号"}, CustomerId: []string{"会员"}, OrderTime: []string{"日期"}, Sku: []string{"商品"},
			Quantity: []string{"件数"}, Amount: []string{"小计金额"}, Refunded: []string{"已退"},
		},
		Amount: profilev1.AmountMeaning_AMOUNT_MEANING_LINE, TimeZone: "Asia/Shanghai", CurrencyCode: "CNY",
	}},
}

// file is the export as it is announced.
func (e export) file(t testing.TB, p *process) csvFile {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", e.name))
	if err != nil {
		t.Fatal(err)
	}
	f := orders(string(data))
	f.FileName, f.OrderMapping = e.name, e.mapping
	if e.mapping == nil {
		f.OrderMapping = p.inspect(t, &profilev1.InspectFileRequest{Head: data, Whole: true}).GetOrderMapping()
	}
	return f
}

func (p *process) inspect(t testing.TB, r *profilev1.InspectFileRequest) *profilev1.InspectFileResponse {
	t.Helper()
	answer, err := p.imports.InspectFile(t.Context(), r)
	if err != nil {
		t.Fatal(err, status.Convert(err).Details())
	}
	return answer
}

// told is all that an import tells and leaves behind, in plain words.
func (p *process) told(t testing.TB, i *profilev1.Import) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d rows, %d skipped, %d rejected; %d created, %d updated, %d unchanged\n",
		i.GetState(), i.GetRows(), i.GetSkipped(), i.GetRejected(), i.GetCreated(), i.GetUpdated(), i.GetUnchanged())
	for _, w := range i.GetWarnings() {
		fmt.Fprintf(&b, "warning %s: %s\n", w.GetReason(), w.GetMessage())
	}
	for _, m := range i.GetReconciliation().GetMonths() {
		fmt.Fprintf(&b, "month %q %s: %d orders; %d paid %d; %d refunded %d; net %d; %d unpaid; %d closed; %d anonymous %d\n",
			m.GetMonth(), m.GetCurrencyCode(), m.GetOrders(), m.GetPaidOrders(), m.GetPaid().GetMinorUnits(),
			m.GetRefundedOrders(), m.GetRefunded().GetMinorUnits(), m.GetNet().GetMinorUnits(),
			m.GetUnpaidOrders(), m.GetClosedOrders(), m.GetAnonymousOrders(), m.GetAnonymousNet().GetMinorUnits())
	}
	for _, r := range i.GetRefusals() {
		fmt.Fprintf(&b, "refused %d × %s in %q, first row %d: %s\n", r.GetRows(), r.GetReason(), r.GetColumn(), r.GetFirstRow(), r.GetMessage())
	}
	names := p.names(t)
	orders := p.stored(t)
	slices.SortStableFunc(orders, func(a, b domain.Order) int {
		if anonymous := domain.Anonymous; (a.Customer == anonymous) != (b.Customer == anonymous) {
			if a.Customer == anonymous {
				return -1
			}
			return 1
		}
		return strings.Compare(docstore.ID(names[a.Customer]), docstore.ID(names[b.Customer]))
	})
	for _, o := range orders {
		fmt.Fprintf(&b, "order %s/%s %s %d %s %q", names[o.Customer], o.ID, o.Time.UTC().Format("2006-01-02T15:04:05Z"), o.Amount, o.Currency, o.Status)
		if o.Discount.Known {
			fmt.Fprintf(&b, " discount %d", o.Discount.Minor)
		}
		for _, r := range o.Returns {
			fmt.Fprintf(&b, " -%d(%s)", r.Refund, r.ID)
		}
		for _, item := range o.Items {
			fmt.Fprintf(&b, " [%s ×%d", item.SKU, item.QuantityMilli)
			if item.Amount.Known {
				fmt.Fprintf(&b, " %d", item.Amount.Minor)
			}
			b.WriteString("]")
		}
		b.WriteString("\n")
	}
	delete(names, domain.Anonymous)
	for _, name := range slices.SortedFunc(maps.Values(names), func(a, b string) int {
		return strings.Compare(docstore.ID(a), docstore.ID(b))
	}) {
		fmt.Fprintf(&b, "customer %s\n", name)
	}
	b.WriteString(strings.TrimPrefix(p.rejected(t, i.GetName()), "\uFEFF"))
	return b.String()
}

// names are what is told of each customer: the id, or for a pseudonym, which
// differs with each keyring, what it is known by.
func (p *process) names(t testing.TB) map[string]string {
	t.Helper()
	names := map[string]string{domain.Anonymous: domain.Anonymous}
	customers, err := p.store.Customers.Page(t.Context(), nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range customers.Items {
		names[c.ID] = c.ID
		if _, ok := domain.Unmask(c.ID); ok && len(c.Identifiers) == 1 {
			names[c.ID] = c.Identifiers[0].Value
		} else if len(c.ID) == 26 && len(c.Identifiers) == 1 { // a ULID
			names[c.ID] = c.Identifiers[0].Value
		}
	}
	return names
}

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
	}
}

// The exports of shops, with all that is odd in them, come out as is written down.
func TestExports(t *testing.T) {
	for _, e := range exports {
		t.Run(e.name, func(t *testing.T) {
			p := fresh(t)
			golden(t, e.name, p.told(t, p.run(t, e.file(t, p), 700)))
		})
	}
}

// A dry run tells the same about the file.
func TestExportsDryRun(t *testing.T) {
	for _, e := range exports {
		t.Run(e.name, func(t *testing.T) {
			wet, dry := fresh(t), fresh(t)
			f := e.file(t, dry)
			of := func(p *process) []string {
				i := p.run(t, f, 700)
				told := strings.Split(p.told(t, i), "\n")
				for n := len(told) - 1; n >= 0; n-- {
					if strings.HasPrefix(told[n], "order ") || strings.HasPrefix(told[n], "customer ") {
						told = append(told[:n], told[n+1:]...)
					}
				}
				return told
			}
			want := of(wet)
			f.DryRun = true
			if got := of(dry); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("dry:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if all := dry.stored(t); len(all) != 0 {
				t.Errorf("a dry run wrote %+v", all)
			}
		})
	}
}

// Files as spreadsheets write them in China hold the same.
func TestExportsInGB18030(t *testing.T) {
	for _, e := range exports[:3] {
		t.Run(e.name, func(t *testing.T) {
			p := fresh(t)
			f := e.file(t, p)
			encoded, err := simplifiedchinese.GB18030.NewEncoder().Bytes(f.data)
			if err != nil {
				t.Fatal(err)
			}
			in := orders(string(encoded))
			in.OrderMapping = p.inspect(t, &profilev1.InspectFileRequest{Head: encoded, Whole: true}).GetOrderMapping()
			i := p.run(t, in, 333)
			if i.GetFormat().GetEncoding() != profilev1.FileEncoding_FILE_ENCODING_GB18030 {
				t.Errorf("format: %v", i.GetFormat())
			}
			golden(t, e.name, p.told(t, i))
		})
	}
}

// An export that overlaps one imported before brings orders up to date, and adds
// nothing that is there.
func TestOverlappingExports(t *testing.T) {
	p := fresh(t)
	p.run(t, export{"taobao.csv", nil}.file(t, p), 700)
	later := export{"taobao_later.csv", nil}.file(t, p)
	golden(t, "taobao_later.csv", p.told(t, p.run(t, later, 700)))
	// Once more, so that it is another import: nothing is new, nothing changes.
	later.FileName, later.DefaultCurrencyCode, later.OrderMapping.Name = "again.csv", "CNY", "again"
	i := p.run(t, later, 700)
	if i.GetCreated() != 0 || i.GetUpdated() != 0 || i.GetUnchanged() != 6 {
		t.Errorf("imported again: %v", i)
	}
}
