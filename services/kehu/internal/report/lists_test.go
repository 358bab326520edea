package report

import (
	"context"
	"encoding/csv"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis/sample"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

// valuation answers with the valuations of an invented shop, a few at a time.
type valuation struct {
	valuationv1.UnimplementedValuationServiceServer
	all        []*valuationv1.Valuation
	breaksOff  bool // after the first message
	generation int64
}

func (v *valuation) StreamValuations(r *valuationv1.StreamValuationsRequest, stream grpc.ServerStreamingServer[valuationv1.StreamValuationsResponse]) error {
	v.generation = r.GetGeneration()
	for rest := v.all; len(rest) > 0; {
		n := min(100, len(rest))
		if err := stream.Send(&valuationv1.StreamValuationsResponse{Valuations: rest[:n]}); err != nil {
			return err
		}
		if rest = rest[n:]; v.breaksOff {
			return status.Error(codes.Unavailable, "gone")
		}
	}
	return nil
}

// bought is a buyer of whom only a phone number is known, gone one who is so no more.
const (
	bought = "p-abcdefghijklmnopqrstuvwxyz"
	gone   = "p-222222222222222222222222zz"
)

// customers knows bought.
type customers struct {
	profilev1.UnimplementedCustomerServiceServer
}

func (customers) BatchGetCustomers(_ context.Context, r *profilev1.BatchGetCustomersRequest) (*profilev1.BatchGetCustomersResponse, error) {
	all := &profilev1.BatchGetCustomersResponse{}
	for _, name := range r.GetNames() {
		if name != "customers/"+bought {
			all.Missing = append(all.Missing, name)
			continue
		}
		all.Customers = append(all.Customers, &profilev1.Customer{Name: name, Identifiers: []*profilev1.Identifier{
			{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE, Value: "+8613800138000"},
		}})
	}
	return all, nil
}

// Buyers are listed by what the shop knows them by, and not by an id that it has
// never seen.
func TestBuyersAreListedByWhatTheyAreKnownBy(t *testing.T) {
	shop := sample.New(1, 300, 30)
	shop.Valuations[0].CustomerId, shop.Valuations[1].CustomerId = bought, gone
	dir := t.TempDir()
	if err := WriteLists(t.Context(), connect(t, &valuation{all: shop.Valuations}), dir, "en", shop.Report(), progress.Reporter{}); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, text := range content(t, dir) {
		all.WriteString(text)
	}
	if !strings.Contains(all.String(), "'+8613800138000,") || strings.Contains(all.String(), bought) || !strings.Contains(all.String(), gone) {
		t.Error("the lists do not name the buyer by the phone number, or leave one out of whom nothing is known any more")
	}
}

// connect serves v and returns a connection to it.
func connect(t *testing.T, v *valuation) *grpc.ClientConn {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	valuationv1.RegisterValuationServiceServer(server, v)
	profilev1.RegisterCustomerServiceServer(server, customers{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///valuation", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// content is what lies in a folder, by name.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = string(text)
	}
	return all
}

func TestEveryCustomerIsInOneList(t *testing.T) {
	shop := sample.New(1, 3000, 30)
	v := &valuation{all: shop.Valuations}
	for _, test := range []struct{ lang, first, header string }{
		{"zh", "1-重要价值.csv", "客户,订单数"}, {"en", "1-important-value.csv", "customer,orders"},
	} {
		r := shop.Report()
		dir := filepath.Join(t.TempDir(), "out", "lists")
		if err := WriteLists(t.Context(), connect(t, v), dir, test.lang, r, progress.Reporter{}); err != nil {
			t.Fatal(err)
		}
		if v.generation != r.Generation {
			t.Errorf("generation %d was asked for, the report is of %d", v.generation, r.Generation)
		}
		written := content(t, dir)
		seen := map[string]bool{}
		for _, g := range r.RFM.Groups {
			text, there := written[g.List]
			if !there || !strings.HasPrefix(text, "\ufeff"+test.header) || strings.Count(text, "\r\n") != strings.Count(text, "\n") {
				t.Fatalf("list %q of %s is not as spreadsheets want it: %.60q", g.List, g.NameEN, text)
			}
			rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			var cents int64
			for _, row := range rows[1:] {
				seen[row[0]] = true
				n, err := strconv.ParseInt(strings.Replace(row[2], ".", "", 1), 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				cents += n
			}
			if want := strings.Replace(g.Revenue, ".", "", 1); int64(len(rows)-1) != g.Customers || strconv.FormatInt(cents, 10) != want {
				t.Errorf("%s lists %d customers with %d, want %d with %s", g.List, len(rows)-1, cents, g.Customers, want)
			}
		}
		if len(seen) != len(shop.Valuations) || len(written) != 8 || r.RFM.Groups[0].List != test.first {
			t.Errorf("%d customers in %d lists, the first %s", len(seen), len(written), r.RFM.Groups[0].List)
		}
		for _, id := range sample.Hostile() {
			if !seen[cell(id)] {
				t.Errorf("customer %q is in no list as %q", id, cell(id))
			}
		}
	}
}

func TestListsOfAnEarlierRun(t *testing.T) {
	shop := sample.New(1, 300, 30)
	dir := t.TempDir()
	for name, text := range map[string]string{"1-important-value.csv": "old", "8-general-win-back.csv": "old", "notes.txt": "mine"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := shop.Report()
	shop.Valuations = without(shop.Valuations, valuationv1.RfmGroup_RFM_GROUP_GENERAL_WIN_BACK)
	if err := WriteLists(t.Context(), connect(t, &valuation{all: shop.Valuations}), dir, "en", r, progress.Reporter{}); err != nil {
		t.Fatal(err)
	}
	written := content(t, dir)
	if _, there := written["8-general-win-back.csv"]; there || r.RFM.Groups[7].List != "" {
		t.Error("the list of a group that is empty now is still there")
	}
	if written["1-important-value.csv"] == "old" || written["notes.txt"] != "mine" {
		t.Error("a list was not written anew, or another file was touched")
	}
}

func without(all []*valuationv1.Valuation, group valuationv1.RfmGroup) []*valuationv1.Valuation {
	var rest []*valuationv1.Valuation
	for _, v := range all {
		if v.GetRfm().GetGroup() != group {
			rest = append(rest, v)
		}
	}
	return rest
}

func TestAListIsWholeOrNotThere(t *testing.T) {
	shop := sample.New(1, 300, 30)
	dir := t.TempDir()
	err := WriteLists(t.Context(), connect(t, &valuation{all: shop.Valuations, breaksOff: true}), dir, "en", shop.Report(), progress.Reporter{})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("error %v, want that of the service", err)
	}
	if left := content(t, dir); len(left) != 0 {
		t.Errorf("%d files are left of lists that broke off", len(left))
	}
}

func TestListsInAPlaceThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	shop := sample.New(1, 20, 3)
	if err := WriteLists(t.Context(), connect(t, &valuation{}), file, "en", shop.Report(), progress.Reporter{}); err == nil {
		t.Error("lists were written into a file")
	}
}

func TestDaysOfAListAreTheShops(t *testing.T) {
	l := lists{zone: analysis.Location("Asia/Shanghai")}
	at := timestamppb.New(time.Date(2024, 1, 31, 16, 0, 0, 0, time.UTC))
	if row := l.row(&valuationv1.Valuation{FirstOrderTime: at, LastOrderTime: at}, "c"); row[4] != "2024-02-01" || row[5] != "2024-02-01" {
		t.Errorf("row %v, want the day it is in Shanghai", row)
	}
}

func TestCellsAreSafeInASpreadsheet(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "m1": "m1", "13800138000": "13800138000", "0": "0", "007": "'007", "1234567890123456": "'1234567890123456",
		"=1+1": "'=1+1", "+86138": "'+86138", "-1": "'-1", "@a": "'@a", "\tx": "'\tx", "\rx": "'\rx", "＝1": "'＝1", "张三": "张三",
	} {
		if got := cell(text); got != want {
			t.Errorf("cell(%q) is %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("=+-@\t\r\n'a1客"))).Draw(t, "text")
		got := cell(text)
		if strings.TrimPrefix(got, "'") != text && got != text {
			t.Fatalf("%q became %q", text, got)
		}
		if got != "" && strings.ContainsAny(got[:1], "=+-@\t\r\n") {
			t.Fatalf("%q would be run as a formula", got)
		}
	})
}
