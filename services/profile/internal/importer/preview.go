package importer

import (
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/handler"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// previewer reads rows to be shown.
type previewer struct {
	rows    *orderRows
	columns *columns
	// before are the values of the rows of an order so far, by its id, where rows
	// may leave blank what another states.
	before map[string][]string
}

// row is a row as it would be read. Of a row that leaves blank what is the
// order's, only the part that it states is shown.
func (p *previewer) row(row sheet.Row) *profilev1.RowPreview {
	preview := &profilev1.RowPreview{Row: row.Number}
	if row.Fault != nil {
		preview.Error = itemStatus(row.Fault, "")
		return preview
	}
	fields := p.merged(row.Fields)
	o, f := p.rows.read(fields)
	if f == nil {
		o.Items, f = p.rows.items(row, o.money)
		if len(o.Items) == 1 && p.columns.orders.Amount == mapping.LineAmount {
			o.Items[0].Amount = domain.Known(o.Amount)
		}
	}
	if f != nil {
		preview.Error = itemStatus(f, p.columns.title(fields, f.Violations[0].Field))
		return preview
	}
	made := o.New()
	preview.Order = handler.OrderProto(&made)
	preview.Order.CreateTime, preview.Order.UpdateTime, preview.Order.Etag = nil, nil, ""
	if o.undated || p.rows.paid.in(row.Fields)+p.rows.time.in(row.Fields) == "" {
		preview.Order.OrderTime = nil
	}
	if p.rows.amount.in(row.Fields) == "" {
		preview.Order.Amount, preview.Order.NetAmount = nil, nil
	}
	return preview
}

// merged is the row with what rows of the same order before it state.
func (p *previewer) merged(row []string) []string {
	if p.columns.orders.Rows != mapping.ItemRows || p.columns.orders.Amount != mapping.OrderAmount {
		return row
	}
	id, f := orderKey("order_id", p.rows.id.in(row))
	if f != nil {
		return row
	}
	merged := append([]string(nil), row...)
	for at, value := range p.before[id] {
		if tidy(merged[at]) == "" {
			merged[at] = value
		}
	}
	p.before[id] = merged
	return merged
}
