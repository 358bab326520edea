package importer

import (
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// merge puts an order together whose rows repeat what is the order's, or leave it
// blank: of every column the first value counts, and no other may contradict it.
func (a *assembler) merge(rows []staged, fields [][]string) (whole reading, wrong *flaw) {
	merged, from := make([]string, a.columns.count), make([]int64, a.columns.count)
	for n, row := range fields {
		for at, value := range row {
			if merged[at] == "" && tidy(value) != "" {
				merged[at], from[at] = value, rows[n].Row
			}
		}
	}
	whole, f := a.rows.read(merged)
	if f != nil {
		return whole, &flaw{a.blame(f, from, rows[0].Row), f}
	}
	for n, row := range fields {
		if f := a.contradiction(&whole, merged, from, row, rows[n].Row); f != nil {
			return whole, &flaw{0, f}
		}
		item, ok, f := a.rows.item(row, whole.money)
		switch {
		case f != nil:
			return whole, &flaw{rows[n].Row, f}
		case ok:
			whole.Items = append(whole.Items, item)
		}
	}
	return whole, nil
}

// blame is the row from which the value at fault comes, the first where none has it.
func (a *assembler) blame(f *fault.Fault, from []int64, first int64) int64 {
	row := int64(0)
	for _, at := range a.columns.at[f.Violations[0].Field] {
		if from[at] != 0 && (row == 0 || from[at] < row) {
			row = from[at]
		}
	}
	if row == 0 {
		return first
	}
	return row
}

// contradiction reports a row that says something else about the order than what
// the rows before it say.
func (a *assembler) contradiction(whole *reading, merged []string, from []int64, row []string, number int64) *fault.Fault {
	if slices.Equal(row, merged) {
		return nil
	}
	r := a.rows
	stated := func(column string) int64 { return a.blame(invalid(column, "", ""), from, number) }
	if who, f := r.buyerIn(row); f == nil && who.how == named && whole.buyer == named && who.customer != whole.Customer {
		first := bought{customer: whole.Customer, by: whole.Buyer}
		return differ("customer_id", "ORDER_BUYERS_DIFFER", stated("customer_id"), first.said(), number, who.said())
	}
	if value := r.amount.in(row); value != "" && value != r.amount.in(merged) {
		if minor, f := amountIn("amount", value, whole.money); f != nil || minor != whole.Amount {
			return differ("amount", "ORDER_AMOUNTS_DIFFER", stated("amount"), tidy(r.amount.in(merged)), number, clip(tidy(value), 40))
		}
	}
	if value := r.refunded.in(row); value != "" && value != r.refunded.in(merged) {
		if minor, f := optionalAmountIn("refunded", value, whole.money); f != nil || minor != whole.Refund {
			return differ("refunded", "ORDER_REFUNDS_DIFFER", stated("refunded"), tidy(r.refunded.in(merged)), number, clip(tidy(value), 40))
		}
	}
	if value := r.currency.in(row); mapping.Fold(value) != mapping.Fold(r.currency.in(merged)) && value != "" {
		return differ("currency", "ORDER_CURRENCIES_DIFFER", stated("currency"), whole.Currency, number, clip(tidy(value), 40))
	}
	if value := r.status.in(row); value != "" && value != r.status.in(merged) {
		means, f := r.means(value)
		if first, _ := r.means(r.status.in(merged)); f != nil || means != first {
			return differ("status", "ORDER_STATUS_DIFFERS", stated("status"), tidy(r.status.in(merged)), number, clip(tidy(value), 40))
		}
	}
	return nil
}
