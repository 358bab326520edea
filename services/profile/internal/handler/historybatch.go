package handler

import (
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// orderBytes is about what one order takes in a message.
const orderBytes = 20

// historyBatch gathers purchase histories for one message. The columns of all
// histories lie behind one another in four arrays, so that a customer costs no
// allocations of its own.
type historyBatch struct {
	histories  []*profilev1.PurchaseHistory
	time       []int64
	net        []int64
	cost       []int64
	discount   []int64
	customer   string // whose history is being gathered
	start      int    // where it begins in the arrays
	codes      []string
	currencies []uint32 // of this history; nil while all are in codes[0]
	idBytes    int
	excluded   int64 // customers left out in front of this history
}

func newHistoryBatch() *historyBatch {
	const capacity = batchBytes/orderBytes + 1024
	return &historyBatch{
		time: make([]int64, 0, capacity), net: make([]int64, 0, capacity),
		cost: make([]int64, 0, capacity), discount: make([]int64, 0, capacity),
	}
}

func (b *historyBatch) empty() bool { return len(b.time) == 0 }
func (b *historyBatch) full() bool  { return len(b.time)*orderBytes+b.idBytes >= batchBytes }

func (b *historyBatch) add(p *store.Purchase, left *excluded) {
	if p.CustomerKey != b.customer {
		b.close()
		b.customer, b.start = p.CustomerKey, len(b.time)
		b.excluded, left.since = left.since, 0
	}
	b.addCurrency(p.Currency)
	b.time = append(b.time, p.TimeMS)
	b.net = append(b.net, p.Amount-p.Refunded)
	b.cost = append(b.cost, p.Cost)
	b.discount = append(b.discount, p.Discount)
}

// addCurrency notes the currency of the next order. A list of codes is shared by
// the histories that follow until one needs another.
func (b *historyBatch) addCurrency(code []byte) {
	orders := len(b.time) - b.start
	if orders == 0 {
		if len(b.codes) != 1 || b.codes[0] != string(code) {
			b.codes = []string{string(code)}
		}
		return
	}
	at := 0
	for at < len(b.codes) && b.codes[at] != string(code) {
		at++
	}
	if at == len(b.codes) {
		b.codes = append(b.codes[:at:at], string(code))
	}
	if at > 0 && b.currencies == nil {
		b.currencies = make([]uint32, orders, 2*orders)
	}
	if b.currencies != nil {
		b.currencies = append(b.currencies, uint32(at))
	}
}

// close ends the history being gathered.
func (b *historyBatch) close() {
	if b.start == len(b.time) {
		return
	}
	end := len(b.time)
	b.histories = append(b.histories, &profilev1.PurchaseHistory{
		CustomerId:    store.CustomerOf(b.customer),
		OrderTimeMs:   b.time[b.start:end:end],
		NetMinor:      b.net[b.start:end:end],
		CostMinor:     b.cost[b.start:end:end],
		DiscountMinor: b.discount[b.start:end:end],
		Currency:      b.currencies,
		CurrencyCodes: b.codes,

		ExcludedBefore: b.excluded,
	})
	b.idBytes += len(b.customer) + 16
	b.currencies, b.start = nil, end
}

// message ends the batch.
func (b *historyBatch) message() *profilev1.StreamPurchaseHistoriesResponse {
	b.close()
	return &profilev1.StreamPurchaseHistoriesResponse{Histories: b.histories}
}
