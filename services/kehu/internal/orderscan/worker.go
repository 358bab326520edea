package orderscan

import (
	"bytes"
	"hash/maphash"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
	"github.com/kehuhq/kehu/pkg/stat"
)

// worker gathers rows in columns.
type worker struct {
	*layout
	ids     *dictionary
	buyers  []uint32 // by ids
	days    []int32
	amounts []int64
	skipped int64
	asked   []asked // ids of rows that buyers does not have yet

	unit     string // currency of the rows so far
	decimals int
}

func (l *layout) newWorker(seed maphash.Seed) *worker {
	w := &worker{layout: l, ids: newDictionary(seed), unit: l.keep}
	w.decimals, _ = money.Decimals(w.unit)
	return w
}

// expect makes room for so many rows.
func (w *worker) expect(rows int) {
	w.buyers, w.days, w.amounts = make([]uint32, 0, rows), make([]int32, 0, rows), make([]int64, 0, rows)
}

// row takes the fields of one row.
func (w *worker) row(fields [][]byte) *cellError {
	if at := w.currency; at >= 0 {
		if cell := bytes.TrimSpace(fields[at]); string(cell) != w.unit {
			skip, wrong := w.other(cell)
			if skip || wrong != nil {
				return wrong
			}
		}
	}
	id := bytes.TrimSpace(fields[w.customer])
	if len(id) == 0 || len(id) > 512 {
		return w.wrong(w.customer, id, "must be the customer's id, of at most 512 bytes")
	}
	day, ok := dayOf(bytes.TrimSpace(fields[w.time]), w.zone)
	if !ok {
		return w.wrong(w.time, fields[w.time], "must be a date such as 2026-01-31, or a date with a time")
	}
	amount, ok := minorUnits(bytes.TrimSpace(fields[w.amount]), w.decimals)
	if !ok {
		return w.wrong(w.amount, fields[w.amount], "must be an amount of 0 or more, with the decimals of the currency at most, such as "+money.Decimal(2933, w.decimals))
	}
	w.days, w.amounts = append(w.days, day), append(w.amounts, amount)
	if w.asked = append(w.asked, w.ids.ask(id)); len(w.asked) == askedAtOnce {
		w.settle()
	}
	return nil
}

// askedAtOnce is how many ids are looked up together.
const askedAtOnce = 64

// settle looks up the ids of the last rows, while the text they lie in is there.
func (w *worker) settle() {
	w.buyers = w.ids.codes(w.asked, w.buyers)
	w.asked = w.asked[:0]
}

// other is for a currency that is not the one of the rows before.
func (w *worker) other(cell []byte) (skip bool, wrong *cellError) {
	decimals, known := money.Decimals(string(cell))
	switch {
	case !known:
		return false, w.wrong(w.currency, cell, "must be an ISO 4217 code in upper case, e.g. CNY")
	case w.keep != "":
		w.skipped++
		return true, nil
	case w.unit == "":
		w.unit, w.decimals = string(cell), decimals
		return false, nil
	default:
		e := w.wrong(w.currency, cell, "amounts in several currencies are never added up; choose one with --currency, e.g. "+w.unit)
		e.reason = "CURRENCIES_MIXED"
		return false, e
	}
}

// join makes one of what the workers read.
func (l *layout) join(workers []*worker, cores int) (*Orders, error) {
	o, n := &Orders{}, 0
	for _, w := range workers {
		o.Rows += int64(len(w.buyers)) + w.skipped
		o.Skipped += w.skipped
		if len(w.buyers) == 0 {
			continue
		}
		if n > 0 && o.Currency != w.unit {
			return nil, fault.New(fault.InvalidArgument, "CURRENCIES_MIXED", "there are amounts in %s and in %s, which are never added up; choose one with --currency", o.Currency, w.unit)
		}
		o.Currency = w.unit
		n += len(w.buyers)
	}
	if n == 0 {
		return nil, fault.New(fault.InvalidArgument, "FILE_EMPTY", "the file has no order to read: %d rows, %d in another currency", o.Rows, o.Skipped)
	}
	orders := make([][]uint32, len(workers))
	parallel(len(workers), cores, func(k int) { orders[k] = workers[k].ids.sorted() })
	global := o.number(workers, orders)
	starts := make([]int, len(workers))
	for k := 1; k < len(workers); k++ {
		starts[k] = starts[k-1] + len(workers[k-1].buyers)
	}
	o.Purchases = stat.Purchases{Customers: len(o.IDs), Customer: make([]uint32, n), Day: make([]int32, n), Amount: make([]int64, n)}
	last := make([]int32, len(workers))
	parallel(len(workers), cores, func(k int) {
		w, at := workers[k], starts[k]
		copy(o.Day[at:], w.days)
		copy(o.Amount[at:], w.amounts)
		last[k] = -1 << 31
		for i, c := range w.buyers {
			o.Customer[at+i] = global[k][c]
			last[k] = max(last[k], w.days[i])
		}
	})
	o.Last = last[0]
	for _, day := range last {
		o.Last = max(o.Last, day)
	}
	return o, nil
}

// number merges the sorted words of the workers, and returns for each worker's code
// the number among all.
func (o *Orders) number(workers []*worker, orders [][]uint32) [][]uint32 {
	global, at := make([][]uint32, len(workers)), make([]int, len(workers))
	for k, w := range workers {
		global[k] = make([]uint32, len(w.ids.ends))
	}
	var text []byte
	var ends []int
	for {
		var least []byte
		for k, w := range workers {
			if at[k] < len(orders[k]) {
				if word := w.ids.word(orders[k][at[k]]); least == nil || bytes.Compare(word, least) < 0 {
					least = word
				}
			}
		}
		if least == nil {
			break
		}
		for k, w := range workers {
			if at[k] < len(orders[k]) && bytes.Equal(w.ids.word(orders[k][at[k]]), least) {
				global[k][orders[k][at[k]]] = uint32(len(ends))
				at[k]++
			}
		}
		text = append(text, least...)
		ends = append(ends, len(text))
	}
	all, start := string(text), 0
	o.IDs = make([]string, len(ends))
	for i, end := range ends {
		o.IDs[i], start = all[start:end], end
	}
	return global
}
