package profile_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// export reads a whole export.
func (s *suite) export(t testing.TB, r *profilev1.DownloadExportRequest) ([]byte, error) {
	t.Helper()
	stream, err := s.exports.DownloadExport(t.Context(), r)
	must(t, err)
	var all bytes.Buffer
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
		all.Write(part.GetData())
	}
}

func TestExportsHoldWhatThereIs(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		want := s.create(t, "a", &profilev1.Customer{DisplayName: "王芳", Identifiers: []*profilev1.Identifier{phone("13812345678")}})
		early := order("customers/a/orders/1", 100)
		early.OrderTime = at(now.AddDate(0, -2, 0))
		if got := s.record(t, early, order("customers/a/orders/2", 200), order("customers/b/orders/1", 300)); got[0]+got[1]+got[2] != "" {
			t.Fatal(got)
		}
		raw, err := s.export(t, &profilev1.DownloadExportRequest{Kind: profilev1.ExportKind_EXPORT_KIND_CUSTOMERS, Format: profilev1.ExportFormat_EXPORT_FORMAT_JSONL})
		must(t, err)
		first, rest, _ := strings.Cut(string(raw), "\n")
		got := new(profilev1.Customer)
		must(t, protojson.Unmarshal([]byte(first), got))
		if !proto.Equal(got, want) || strings.Count(rest, "\n") != 1 {
			t.Errorf("customers:\n%s", raw)
		}
		raw, err = s.export(t, &profilev1.DownloadExportRequest{Kind: profilev1.ExportKind_EXPORT_KIND_ORDERS, StartTime: at(now.Add(-2 * time.Hour))})
		must(t, err)
		if rows := strings.Count(string(raw), "\n") - 1; rows != 2 || !strings.Contains(string(raw), "3.00") || strings.Contains(string(raw), "1.00") {
			t.Errorf("%d orders from the last two hours on:\n%s", rows, raw)
		}
		raw, err = s.export(t, &profilev1.DownloadExportRequest{Kind: profilev1.ExportKind_EXPORT_KIND_EVENTS})
		must(t, err)
		if strings.Count(string(raw), "\n") != 1 {
			t.Errorf("no events are a header:\n%s", raw)
		}
	})
}

func TestExportRefuses(t *testing.T) {
	s := serve(t, onPebble(t))
	_, err := s.export(t, &profilev1.DownloadExportRequest{})
	refused(t, "no kind", err, codes.InvalidArgument, "INVALID_FIELD", "kind")
	_, err = s.export(t, &profilev1.DownloadExportRequest{Kind: profilev1.ExportKind_EXPORT_KIND_CUSTOMERS, EndTime: at(now)})
	refused(t, "customers of a time", err, codes.InvalidArgument, "INVALID_FIELD", "end_time")
	_, err = s.export(t, &profilev1.DownloadExportRequest{Kind: profilev1.ExportKind_EXPORT_KIND_ORDERS, StartTime: at(now), EndTime: at(now.Add(-time.Hour))})
	refused(t, "backwards", err, codes.InvalidArgument, "INVALID_FIELD", "end_time")
}
