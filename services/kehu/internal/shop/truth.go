package shop

import (
	"bufio"
	"encoding/json"
	"io"
	"time"
)

// Person is the truth about one customer.
type Person struct {
	CustomerID string  `json:"customer_id"`
	TwinID     string  `json:"twin_id,omitempty"`
	Weeks      float64 `json:"weeks"`   // from the first purchase to the end
	Repeats    int     `json:"repeats"` // purchases after the first
	Alive      bool    `json:"alive"`   // still a customer at the end
	MeanOrder  float64 `json:"mean_order"`
	Traits
}

// Totals are sums over the whole shop.
type Totals struct {
	Customers    int            `json:"customers"`      // persons and companies
	Records      int            `json:"records"`        // of customers that can be read: with twins
	Orders       int            `json:"orders"`         // paid ones
	RevenueMinor int64          `json:"revenue_minor"`  // of those, in minor units of the shop's currency
	ForeignMinor int64          `json:"foreign_minor"`  // of those paid in the foreign currency, in its minor units
	ReportMinor  int64          `json:"report_minor"`   // of all, each converted by the rate of its day (UTC)
	RepeatBuyers int            `json:"repeat_buyers"`  // with two purchases or more
	Undone       int            `json:"undone"`         // cancelled and returned orders on top
	OrderRows    int            `json:"order_rows"`     // rows of orders.csv
	CustomerRows int            `json:"customer_rows"`  // rows of customers.csv
	Kinds        map[string]int `json:"label_kinds"`    // labels by kind
	Remedies     map[Remedy]int `json:"label_remedies"` // labels by remedy
}

// Person returns the truth about a customer.
func (s *Shop) Person(c Customer) Person {
	purchases := s.process(c.Index, c.Traits)
	p := Person{
		CustomerID: c.ID, TwinID: c.TwinID, Traits: c.Traits,
		Weeks:     (purchases.end - purchases.now) / 7,
		MeanOrder: s.config.Spend.P / c.Traits.Nu,
	}
	for purchases.next() {
		p.Repeats = purchases.bought - 1
	}
	p.Alive = !purchases.left
	return p
}

// Totals makes the whole shop and adds it up.
func (s *Shop) Totals() Totals {
	t := Totals{Kinds: map[string]int{}, Remedies: map[Remedy]int{}}
	for c := range s.Customers() {
		t.Customers++
		t.Records++
		if c.TwinID != "" {
			t.Records++
		}
		paid := 0
		for o := range s.Orders(c) {
			if o.Status != Paid {
				t.Undone++
				continue
			}
			paid++
			t.add(o, s.rates)
		}
		t.Orders += paid
		if paid > 1 {
			t.RepeatBuyers++
		}
	}
	for r := range s.orderRows() {
		t.OrderRows++
		t.count(r.label)
	}
	for r := range s.customerRows() {
		t.CustomerRows++
		t.count(r.label)
	}
	return t
}

// add adds what was paid for an order.
func (t *Totals) add(o Order, rates []Rate) {
	if len(rates) == 0 || o.Currency != rates[0].From {
		t.RevenueMinor += o.Amount
		t.ReportMinor += o.Amount
		return
	}
	t.ForeignMinor += o.Amount
	t.ReportMinor += rateOn(rates, o.Time).convert(o.Amount)
}

func (t *Totals) count(label *Label) {
	if label != nil {
		t.Kinds[label.Kind]++
		t.Remedies[label.Remedy]++
	}
}

// parameters are the head of truth.json.
type parameters struct {
	Seed          uint64    `json:"seed"`
	Start         time.Time `json:"start"`
	End           time.Time `json:"end"`
	Currency      string    `json:"currency"`
	TimeUnit      string    `json:"time_unit"`
	PurchaseLaw   string    `json:"purchase_law"`
	Purchases     Purchases `json:"purchases"`
	SpendLaw      string    `json:"spend_law"`
	Spend         Spend     `json:"spend"`
	DirtyShare    float64   `json:"dirty_share"`
	TwinShare     float64   `json:"duplicate_share"`
	AnswerShare   float64   `json:"answer_share"`
	ReferralShare float64   `json:"referral_share"`
}

// WriteTruth writes truth.json: {"parameters", "totals", "customers": [Person…]}.
func (s *Shop) WriteTruth(w io.Writer) error {
	c := s.config
	head := parameters{
		Seed: c.Seed, Start: c.Start, End: c.End, Currency: c.Currency, TimeUnit: "week",
		PurchaseLaw: "BG/NBD", Purchases: c.Purchases, SpendLaw: "Gamma-Gamma", Spend: c.Spend,
		DirtyShare: c.DirtyShare, TwinShare: c.DuplicateShare,
		AnswerShare: c.AnswerShare, ReferralShare: c.ReferralShare,
	}
	// Written piece by piece: a person at a time, never all of them.
	b := bufio.NewWriter(w)
	piece := func(before string, v any) error {
		if _, err := b.WriteString(before); err != nil {
			return err
		}
		data, err := json.Marshal(v)
		if err != nil {
			return err
		}
		_, err = b.Write(data)
		return err
	}
	if err := piece("{\"parameters\":", head); err != nil {
		return err
	}
	if err := piece(",\n\"totals\":", s.Totals()); err != nil {
		return err
	}
	separator := ",\n\"customers\":[\n"
	for customer := range s.Customers() {
		if err := piece(separator, s.Person(customer)); err != nil {
			return err
		}
		separator = ",\n"
	}
	if _, err := b.WriteString("\n]}\n"); err != nil {
		return err
	}
	return b.Flush()
}
