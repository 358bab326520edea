package importer_test

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// fieldAtFault is the first field that a status names.
func fieldAtFault(err error) string {
	for _, d := range status.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			return bad.GetFieldViolations()[0].GetField()
		}
	}
	return ""
}

func TestCreateImportRefuses(t *testing.T) {
	p := fresh(t)
	for name, test := range map[string]struct {
		change func(*profilev1.Import)
		field  string
	}{
		"no kind":        {func(i *profilev1.Import) { i.Kind = 0 }, "import.kind"},
		"unknown kind":   {func(i *profilev1.Import) { i.Kind = 9 }, "import.kind"},
		"no hash":        {func(i *profilev1.Import) { i.FileSha256 = "" }, "import.file_sha256"},
		"upper case":     {func(i *profilev1.Import) { i.FileSha256 = strings.ToUpper(i.GetFileSha256()) }, "import.file_sha256"},
		"negative size":  {func(i *profilev1.Import) { i.FileBytes = -1 }, "import.file_bytes"},
		"currency":       {func(i *profilev1.Import) { i.DefaultCurrencyCode = "XQQ" }, "import.default_currency_code"},
		"zone":           {func(i *profilev1.Import) { i.TimeZone = "Asia/Atlantis" }, "import.time_zone"},
		"zone of server": {func(i *profilev1.Import) { i.TimeZone = "Local" }, "import.time_zone"},
		"zone is a path": {func(i *profilev1.Import) { i.TimeZone = "../../etc/passwd" }, "import.time_zone"},
		"long name":      {func(i *profilev1.Import) { i.FileName = strings.Repeat("x", 513) }, "import.file_name"},
	} {
		f := proto.Clone(orders(small).Import).(*profilev1.Import)
		test.change(f)
		_, err := p.imports.CreateImport(t.Context(), &profilev1.CreateImportRequest{Import: f})
		if status.Code(err) != codes.InvalidArgument || fieldAtFault(err) != test.field {
			t.Errorf("%s: %v, field %q", name, err, fieldAtFault(err))
		}
	}
	if _, err := p.imports.CreateImport(t.Context(), &profilev1.CreateImportRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no import: %v", err)
	}
	if list, err := p.imports.ListImports(t.Context(), &profilev1.ListImportsRequest{}); err != nil || len(list.GetImports()) != 0 {
		t.Errorf("something was created: %v, %v", list, err)
	}
}

func TestNamesOfImports(t *testing.T) {
	p := fresh(t)
	for name, code := range map[string]codes.Code{
		"": codes.InvalidArgument, "imports/": codes.InvalidArgument, "orders/x": codes.InvalidArgument, "imports/a/b": codes.InvalidArgument,
		"imports/\x00": codes.InvalidArgument, "imports/" + strings.Repeat("x", 300): codes.InvalidArgument,
		"imports/nothere": codes.NotFound, "imports/$where": codes.NotFound, "imports/..": codes.NotFound,
	} {
		_, getErr := p.imports.GetImport(t.Context(), &profilev1.GetImportRequest{Name: name})
		_, appendErr := p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{Name: name, Data: []byte("x")})
		stream, err := p.imports.StreamImport(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(&profilev1.AppendImportRequest{Name: name}); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		_, streamErr := stream.Recv()
		rejects, err := p.imports.DownloadRejectedRows(t.Context(), &profilev1.DownloadRejectedRowsRequest{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		_, downloadErr := rejects.Recv()
		for call, err := range map[string]error{"get": getErr, "append": appendErr, "stream": streamErr, "download": downloadErr} {
			if status.Code(err) != code {
				t.Errorf("%s of %.20q: %v, want %v", call, name, err, code)
			}
		}
	}
}

func TestOffsets(t *testing.T) {
	p, f := fresh(t), orders(small)
	i := p.create(t, f)
	ack, err := p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{Name: i.GetName(), Data: f.data[:250]})
	if err != nil {
		t.Fatal(err)
	}
	durable := ack.GetDurableBytes()
	if durable == 0 || durable >= 250 {
		t.Fatalf("durable: %d", durable)
	}
	for _, offset := range []int64{0, durable - 1, durable + 1, 250, 1 << 60} {
		_, err := p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{Name: i.GetName(), Offset: offset, Data: f.data[:10]})
		if status.Code(err) != codes.FailedPrecondition || reason(err) != "IMPORT_OFFSET_MISMATCH" || fieldAtFault(err) != "offset" {
			t.Errorf("offset %d: %v", offset, err)
		}
		for _, d := range status.Convert(err).Details() {
			if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetMetadata()["expected_offset"] != strconv.FormatInt(durable, 10) {
				t.Errorf("offset %d: %v", offset, info)
			}
		}
	}
	rest := f.data[durable:]
	for name, r := range map[string]*profilev1.AppendImportRequest{
		"data": {Name: i.GetName(), Offset: durable, Data: append(append([]byte(nil), rest...), 'x'), Last: true},
		"last": {Name: i.GetName(), Offset: durable, Data: rest[:10], Last: true},
	} {
		if _, err := p.imports.AppendImport(t.Context(), r); status.Code(err) != codes.InvalidArgument || fieldAtFault(err) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{Name: i.GetName(), Offset: -1}); fieldAtFault(err) != "offset" {
		t.Errorf("negative offset: %v", err)
	}
	checkSmall(t, p, p.run(t, f, 100)) // none of it did harm
	_, err = p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{Name: i.GetName(), Offset: 0, Data: f.data[:10]})
	if status.Code(err) != codes.FailedPrecondition || reason(err) != "IMPORT_COMPLETE" {
		t.Errorf("append to a finished import: %v", err)
	}
}

// A chunk of a stream that is wrong ends it; what came before is durable.
func TestStreamGoesWrong(t *testing.T) {
	f := orders(small)
	for name, test := range map[string]struct {
		second *profilev1.AppendImportRequest
		reason string
	}{
		"gap":           {&profilev1.AppendImportRequest{Offset: 301, Data: f.data[301:310]}, "IMPORT_OFFSET_MISMATCH"},
		"repetition":    {&profilev1.AppendImportRequest{Offset: 0, Data: f.data[:300]}, "IMPORT_OFFSET_MISMATCH"},
		"another name":  {&profilev1.AppendImportRequest{Name: "imports/other", Offset: 300, Data: f.data[300:310]}, "INVALID_FIELD"},
		"last too soon": {&profilev1.AppendImportRequest{Offset: 300, Data: f.data[300:310], Last: true}, "INVALID_FIELD"},
	} {
		t.Run(name, func(t *testing.T) {
			p := fresh(t)
			i := p.create(t, f)
			stream, err := p.imports.StreamImport(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []*profilev1.AppendImportRequest{{Name: i.GetName(), Data: f.data[:300]}, test.second} {
				if err := stream.Send(r); err != nil {
					t.Fatal(err)
				}
			}
			durable := int64(0)
			for {
				var ack *profilev1.AppendImportResponse
				if ack, err = stream.Recv(); err != nil {
					break
				}
				durable = ack.GetDurableBytes()
			}
			if reason(err) != test.reason {
				t.Fatalf("%v", err)
			}
			if i = p.get(t, i.GetName()); i.GetDurableBytes() != durable || durable == 0 {
				t.Fatalf("acknowledged %d, then %v", durable, i)
			}
			checkSmall(t, p, p.run(t, f, 100))
		})
	}
}

func TestEmptyStream(t *testing.T) {
	stream, err := fresh(t).imports.StreamImport(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument || fieldAtFault(err) != "name" {
		t.Fatal(err)
	}
}

// Several send the same file at the same time. One wins each step, the others are
// told so; together they take it in once.
func TestSendersAtTheSameTime(t *testing.T) {
	p, f := fresh(t), orders(small)
	i := p.create(t, f)
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for {
				now, err := p.imports.GetImport(t.Context(), &profilev1.GetImportRequest{Name: i.GetName()})
				if err != nil {
					t.Error(err)
					return
				}
				if now.GetState() != profilev1.ImportState_IMPORT_STATE_RECEIVING {
					return
				}
				offset := now.GetDurableBytes()
				end := min(offset+100, int64(len(f.data)))
				_, err = p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{
					Name: i.GetName(), Offset: offset, Data: f.data[offset:end], Last: end == int64(len(f.data)),
				})
				switch reason(err) {
				case "", "IMPORT_BUSY", "IMPORT_OFFSET_MISMATCH", "IMPORT_COMPLETE":
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
	checkSmall(t, p, p.get(t, i.GetName()))
}

func TestListImports(t *testing.T) {
	p := fresh(t)
	var want []string
	for _, currency := range []string{"CNY", "USD", "EUR", "JPY", "GBP"} {
		f := orders(small)
		f.DefaultCurrencyCode = currency
		want = append([]string{p.create(t, f).GetName()}, want...)
	}
	var got []string
	for token := ""; ; {
		page, err := p.imports.ListImports(t.Context(), &profilev1.ListImportsRequest{PageSize: 2, PageToken: token})
		if err != nil || len(page.GetImports()) > 2 {
			t.Fatal(page, err)
		}
		for _, i := range page.GetImports() {
			got = append(got, i.GetName())
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	seen := make(map[string]bool)
	for _, name := range got {
		seen[name] = true
	}
	if len(got) != len(want) || len(seen) != len(want) {
		t.Fatalf("%q, want %q", got, want)
	}
	for _, r := range []*profilev1.ListImportsRequest{{PageSize: -1}, {PageToken: "forged"}} {
		if _, err := p.imports.ListImports(t.Context(), r); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v: %v", r, err)
		}
	}
}
