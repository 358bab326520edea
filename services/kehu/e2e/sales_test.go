package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// sale is an order as it truly was; the platforms write it each in its own way.
type sale struct {
	id, buyer        string    // without a buyer it is anonymous
	at               time.Time // when it was paid; made a minute before
	amount, refunded int64     // in the currency's hundredth
	state            saleState
	items            []saleItem
}

type saleState int

const (
	salePaid saleState = iota
	saleUnpaid
	saleClosed
)

type saleItem struct {
	sku      string
	quantity int
}

var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// sales are n orders of a year, by time.
func sales(seed uint64, n int) []sale {
	random := rand.New(rand.NewPCG(seed, 0))
	all := make([]sale, n)
	for i := range all {
		day := time.Date(2024, 1, 1+random.IntN(365), 1+random.IntN(23), random.IntN(60), random.IntN(60), 0, shanghai)
		s := sale{at: day, amount: 100 + random.Int64N(300_000), buyer: fmt.Sprintf("buyer%d", random.IntN(n/5))}
		switch random.IntN(12) {
		case 0:
			s.state = saleUnpaid
		case 1:
			s.state = saleClosed
		case 2:
			s.refunded = 1 + random.Int64N(s.amount)
		case 3:
			s.buyer = ""
		}
		for range 1 + random.IntN(3) {
			s.items = append(s.items, saleItem{fmt.Sprintf("SKU-%d", random.IntN(50)), 1 + random.IntN(4)})
		}
		all[i] = s
	}
	slices.SortFunc(all, func(a, b sale) int { return a.at.Compare(b.at) })
	for i := range all {
		all[i].id = fmt.Sprintf("23847100%011d", i*7+1)
	}
	return all
}

func (s sale) made() time.Time { return s.at.Add(-time.Minute) }

// phone is a number that the buyer alone has.
func (s sale) phone() string {
	return "138" + fmt.Sprintf("%08s", strings.TrimPrefix(s.buyer, "buyer"))
}

func decimal(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }

// monthLine is a month of a reconciliation, as the command line writes it as JSON.
type monthLine struct {
	Month     string `json:"month"`
	Currency  string `json:"currency"`
	Orders    int64  `json:"orders"`
	Paid      int64  `json:"paid_orders"`
	Sum       string `json:"paid"`
	Refunds   int64  `json:"refunded_orders"`
	Refunded  string `json:"refunded"`
	Net       string `json:"net"`
	Unpaid    int64  `json:"unpaid_orders"`
	Closed    int64  `json:"closed_orders"`
	Anonymous int64  `json:"anonymous_orders"`
	NoBuyer   string `json:"anonymous_net"`
}

// truth is what the sales come to, counted one by one. Without madeTimes the
// export has no time for orders that were not paid.
type truth struct {
	months            []monthLine
	customers, orders int64 // with a buyer, and paid
	revenue           string
}

func truthOf(all []sale, currency string, madeTimes bool) truth {
	type sums struct {
		line                    monthLine
		paid, refunded, noBuyer int64
	}
	byMonth, buyers := map[string]*sums{}, map[string]bool{}
	var t truth
	var revenue int64
	for _, s := range all {
		month := s.at.Format("2006-01")
		if s.state != salePaid && !madeTimes {
			month = ""
		}
		if byMonth[month] == nil {
			byMonth[month] = &sums{line: monthLine{Month: month, Currency: currency}}
		}
		m := byMonth[month]
		m.line.Orders++
		switch s.state {
		case saleUnpaid:
			m.line.Unpaid++
			continue
		case saleClosed:
			m.line.Closed++
			continue
		}
		m.line.Paid++
		m.paid += s.amount
		m.refunded += s.refunded
		if s.refunded > 0 {
			m.line.Refunds++
		}
		if s.buyer == "" {
			m.line.Anonymous++
			m.noBuyer += s.amount - s.refunded
			continue
		}
		buyers[s.buyer] = true
		t.orders++
		revenue += s.amount - s.refunded
	}
	for _, m := range byMonth {
		m.line.Sum, m.line.Refunded, m.line.Net, m.line.NoBuyer = decimal(m.paid), decimal(m.refunded), decimal(m.paid-m.refunded), decimal(m.noBuyer)
		t.months = append(t.months, m.line)
	}
	slices.SortFunc(t.months, func(a, b monthLine) int { return strings.Compare(a.Month, b.Month) })
	t.customers, t.revenue = int64(len(buyers)), decimal(revenue)
	return t
}
