package importer

import (
	"bytes"
	"encoding/csv"
	"strconv"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

const (
	csvType   = "text/csv; charset=utf-8"
	partBytes = 64 << 10
	utf8Mark  = "\uFEFF" // by which spreadsheets know the encoding
)

// DownloadRejectedRows sends what was refused, in the order of the rows.
func (i *Importer) DownloadRejectedRows(r *profilev1.DownloadRejectedRowsRequest, stream grpc.ServerStreamingServer[httpbody.HttpBody]) error {
	ctx := stream.Context()
	f, err := i.named(ctx, r.GetName())
	if err != nil {
		return err
	}
	part := bytes.NewBufferString(utf8Mark)
	rows := csv.NewWriter(part)
	send := func() error {
		if rows.Flush(); part.Len() == 0 {
			return nil
		}
		err := stream.Send(&httpbody.HttpBody{ContentType: csvType, Data: bytes.Clone(part.Bytes())})
		part.Reset()
		return err
	}
	if err := rows.Write([]string{"row", "column", "value", "reason", "message"}); err != nil {
		return err
	}
	for refused, err := range i.rejects.of(ctx, f.run()) {
		if err != nil {
			return err
		}
		err := rows.Write([]string{
			strconv.FormatInt(refused.Row, 10), sheet.Harmless(refused.Column), sheet.Harmless(refused.Value), refused.Reason, sheet.Harmless(refused.Message),
		})
		if err != nil {
			return err
		}
		if rows.Flush(); part.Len() >= partBytes {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}
