package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// export writes all orders as JSON lines, and the customers as Parquet.
func (d *demo) export(ctx context.Context) error {
	rows := [][]string{{"export", "records", "truth", "bytes"}}
	for _, e := range []struct {
		name   string
		kind   profilev1.ExportKind
		format profilev1.ExportFormat
		truth  int64
	}{
		{"orders.jsonl", profilev1.ExportKind_EXPORT_KIND_ORDERS, profilev1.ExportFormat_EXPORT_FORMAT_JSONL, d.placed()},
		{"customers.parquet", profilev1.ExportKind_EXPORT_KIND_CUSTOMERS, profilev1.ExportFormat_EXPORT_FORMAT_PARQUET, -1},
	} {
		lines, size, err := d.download(ctx, e.kind, e.format)
		if err != nil {
			return err
		}
		row := []string{e.name, count(lines), count(e.truth), count(size)}
		if e.truth < 0 {
			row[1], row[2] = "", ""
		}
		rows = append(rows, row)
	}
	d.page.Heading("Exports 导出")
	d.page.Table(rows)
	d.yourself("kehu export orders --format jsonl --out orders.jsonl", "kehu export customers --format parquet --out customers.parquet")
	return nil
}

// placed is how many orders were placed: those that did not last too, and those
// that the file has without a customer, which are kept as nobody's.
func (d *demo) placed() int64 {
	totals := d.totals()
	placed := int64(totals.Orders + totals.Undone)
	for l := range d.shop.Labels() {
		if l.File == shop.OrdersFile && l.Kind == "missing_customer" {
			placed++
		}
	}
	return placed
}

// download counts the lines and the bytes of an export.
func (d *demo) download(ctx context.Context, kind profilev1.ExportKind, format profilev1.ExportFormat) (lines, size int64, err error) {
	stream, err := profilev1.NewExportServiceClient(d.conn).DownloadExport(ctx, &profilev1.DownloadExportRequest{Kind: kind, Format: format})
	if err != nil {
		return 0, 0, err
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return lines, size, nil
		}
		if err != nil {
			return 0, 0, fmt.Errorf("export: %w", err)
		}
		lines += int64(bytes.Count(part.GetData(), []byte("\n")))
		size += int64(len(part.GetData()))
	}
}
