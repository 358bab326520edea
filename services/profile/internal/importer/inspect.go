package importer

import (
	"cmp"
	"context"
	"errors"
	"io"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// previews is how many rows are shown.
const previews = 3

// InspectFile says how a file would be read, from its first bytes.
func (i *Importer) InspectFile(_ context.Context, r *profilev1.InspectFileRequest) (*profilev1.InspectFileResponse, error) {
	format, err := formatFrom("format", r.GetFormat())
	if err != nil {
		return nil, err
	}
	rows, err := openHead(r.GetHead(), r.GetWhole(), format)
	if err != nil {
		return nil, err
	}
	header, err := rows.next()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(fault.InvalidArgument, "FILE_EMPTY", "the file is empty: its first row must name the columns")
	}
	if err != nil {
		return nil, err
	}
	format = rows.reader.Format()
	if f := sheet.CheckHeader(header); f != nil && format.Syntax != sheet.JSONLines {
		return nil, f
	}
	f := &file{Kind: ofOrders, Zone: r.GetTimeZone(), Currency: r.GetDefaultCurrencyCode()}
	answer := &profilev1.InspectFileResponse{Format: formatProto(format)}
	if r.GetKind() != profilev1.ImportKind_IMPORT_KIND_UNSPECIFIED {
		if f.Kind, err = kindFrom("kind", r.GetKind()); err != nil {
			return nil, err
		}
	}
	if f.Columns, err = f.columnMapping("column_mapping", r.GetColumnMapping()); err != nil {
		return nil, err
	}
	if f.Kind == ofOrders {
		if answer.Preset, f.Mapping, err = chosen(r, header.Fields, format.Syntax); err != nil {
			return nil, err
		}
	}
	if err := f.settings("", f.Mapping); err != nil {
		return nil, err
	}
	c, err := headerOf(header, f.layout(format.Syntax))
	if err != nil {
		return nil, err
	}
	rows.reader.Expect(c.count)
	if c.json {
		rows.reader.ExpectPaths(c.header, mapping.Fold)
		return answer, f.previewLines(answer, rows, c)
	}
	for n, title := range c.header {
		answer.Columns = append(answer.Columns, &profilev1.ColumnUse{Title: clip(title, maxValue), Field: c.names[n]})
	}
	for _, w := range c.warnings() {
		answer.Warnings = append(answer.Warnings, &apiv1.Warning{Reason: w.Reason, Message: w.Message})
	}
	if f.Kind != ofOrders {
		return answer, nil
	}
	return answer, f.preview(answer, rows.next, c, c.has(string(mapping.Currency)))
}

// chosen is the preset, or the mapping of the caller's own, by which a file with
// a header is read. The mapping is nil for our own format.
func chosen(r *profilev1.InspectFileRequest, header []string, syntax sheet.Syntax) (preset string, m *mapping.Mapping, err error) {
	switch {
	case r.GetOrderMapping() != nil && cmp.Or(r.GetPreset(), "auto") != "auto":
		return "", nil, fault.Invalid("preset", "must be empty where order_mapping is given")
	case r.GetOrderMapping() != nil:
		m, err = mappingFrom("order_mapping", r.GetOrderMapping())
		return "", m, err
	case cmp.Or(r.GetPreset(), "auto") == "auto" && syntax == sheet.JSONLines:
		m = mapping.Kehu() // the platforms' presets are of their CSV exports
	case cmp.Or(r.GetPreset(), "auto") == "auto":
		var f *fault.Fault
		if m, f = mapping.Detect(header); f != nil {
			return "", nil, f
		}
	default:
		if m, err = mapping.Preset("preset", r.GetPreset()); err != nil {
			return "", nil, err
		}
	}
	if m == mapping.Kehu() {
		return m.Name, nil, nil
	}
	return m.Name, m, nil
}

// preview adds the mapping as it would be used, and the first rows as they would
// be read, to the answer. priced tells that something states a currency.
func (f *file) preview(answer *profilev1.InspectFileResponse, next func() (sheet.Row, error), c *columns, priced bool) error {
	if f.Mapping != nil {
		whole := *c.orders
		whole.Zone, whole.Currency = f.Zone, f.Currency
		answer.OrderMapping = mappingProto(&whole)
	}
	if f.Currency == "" && !priced {
		answer.Warnings = append(answer.Warnings, &apiv1.Warning{
			Reason: "CURRENCY_MISSING", Message: "no column states a currency: say which with --currency (default_currency_code)",
		})
	}
	zone, err := f.zone()
	if err != nil {
		return err
	}
	p := &previewer{rows: newOrderRows(c, f.Currency, zone, nil), columns: c, before: make(map[string][]string)}
	for len(answer.Rows) < previews {
		row, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if fail, ok := fault.As(err); ok {
			answer.Warnings = append(answer.Warnings, &apiv1.Warning{Reason: fail.Reason, Message: fail.Message})
			return nil
		}
		if err != nil {
			return err
		}
		if row.Blank() || !c.json && c.isTotal(row.Fields) {
			continue
		}
		answer.Rows = append(answer.Rows, p.row(row))
	}
	return nil
}

// head reads the rows of the beginning of a file, but for the one that is cut.
type head struct {
	reader *sheet.Reader
	size   int64
	whole  bool
	ended  bool
}

func openHead(data []byte, whole bool, format sheet.Format) (*head, error) {
	reader, err := sheet.NewReader(sheet.Mark{}, format)
	if err != nil {
		return nil, err
	}
	reader.Feed(data, whole)
	return &head{reader: reader, size: int64(len(data)), whole: whole, ended: whole}, nil
}

// next returns the next whole row, io.EOF behind the last.
func (h *head) next() (sheet.Row, error) {
	row, err := h.reader.Next()
	if errors.Is(err, io.EOF) && !h.ended {
		// Less than the reader waits for to tell the encoding: it has to do.
		h.reader.Feed(nil, true)
		h.ended = true
		row, err = h.reader.Next()
	}
	if err != nil || h.whole {
		return row, err
	}
	if mark, err := h.reader.Mark(); err != nil || mark.Offset >= h.size {
		return sheet.Row{}, cmp.Or(err, io.EOF)
	}
	return row, nil
}

// itemStatus is a fault as the API shows it.
func itemStatus(f *fault.Fault, field string) *apiv1.ItemStatus {
	status := &apiv1.ItemStatus{Code: int32(rpc.Code(f.Kind)), Reason: f.Reason, Message: f.Message, Field: field}
	if len(f.Violations) > 0 {
		status.Message = f.Violations[0].Description
	}
	return status
}
