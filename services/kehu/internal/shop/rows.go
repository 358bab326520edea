package shop

import (
	"fmt"
	"iter"
	"strconv"
	"time"
)

// OrderColumns head orders.csv.
var OrderColumns = []string{
	"order_id", "customer_id", "order_time", "amount", "currency",
	"discount", "cost", "channel", "payment_method", "status",
}

// CustomerColumns head customers.csv.
var CustomerColumns = []string{
	"customer_id", "display_name", "kind", "gender", "birth_date", "region", "city",
	"email", "phone", "external_id", "acquisition",
}

// Places of the columns that get damaged.
const (
	orderCustomer = 1
	orderTime     = 2
	orderAmount   = 3
	orderCurrency = 4

	customerID    = 0
	customerName  = 1
	customerBirth = 4
	customerEmail = 7
	customerPhone = 8
)

// row is a row of a file and, unless it is in order, what is wrong with it.
type row struct {
	fields []string
	label  *Label
}

func orderFields(o Order) []string {
	return []string{
		o.ID, o.CustomerID, o.Time.Format(time.RFC3339), decimal(o.Amount), o.Currency,
		decimal(o.Discount), decimal(o.Cost), o.Channel, o.Payment, o.Status,
	}
}

// decimal writes hundredths as a number with two places.
func decimal(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }

// orderRows yields the rows of orders.csv.
func (s *Shop) orderRows() iter.Seq[row] {
	return func(yield func(row) bool) {
		for c := range s.Customers() {
			rng := s.rng(streamOrderDamage, c.Index)
			for o := range s.Orders(c) {
				clean := row{fields: orderFields(o)}
				rows := []row{clean}
				if rng.Float64() < s.config.DirtyShare {
					rows = damage(orderFlaws, o.ID, clean.fields, rng)
				}
				for _, r := range rows {
					if !yield(r) {
						return
					}
				}
			}
		}
	}
}

func customerFields(c Customer) []string {
	kind, birth := "individual", ""
	if c.Enterprise {
		kind = "enterprise"
	}
	if !c.BirthDate.IsZero() {
		birth = c.BirthDate.Format(time.DateOnly)
	}
	return []string{
		c.ID, c.Name, kind, c.Gender, birth, c.Region, c.City, c.Email, c.Phone, c.MemberID, c.Acquisition,
	}
}

// customerRows yields the rows of customers.csv: first the first records, then,
// as if they had come from another system, the second ones.
func (s *Shop) customerRows() iter.Seq[row] {
	return func(yield func(row) bool) {
		for c := range s.Customers() {
			rng := s.rng(streamRecordDamage, c.Index)
			rows := []row{{fields: customerFields(c)}}
			// A twin's evidence is left alone, or the label would be untrue.
			if rng.Float64() < s.config.DirtyShare && c.TwinID == "" {
				rows = damage(customerFlaws, c.ID, rows[0].fields, rng)
			}
			for _, r := range rows {
				if !yield(r) {
					return
				}
			}
		}
		for c := range s.Customers() {
			if c.TwinID == "" {
				continue
			}
			twin, kind := s.twin(c)
			label := &Label{Record: twin.ID, Kind: kind, Remedy: Merge, Twin: c.ID}
			if !yield(row{fields: customerFields(twin), label: label}) {
				return
			}
		}
	}
}

// numbered adds the file and the row's number to the labels of rows and drops the rest.
func numbered(file string, rows iter.Seq[row]) iter.Seq[Label] {
	return func(yield func(Label) bool) {
		n := 0
		for r := range rows {
			n++
			if r.label == nil {
				continue
			}
			label := *r.label
			label.File, label.Row = file, n
			if !yield(label) {
				return
			}
		}
	}
}

// Labels yields what is wrong in the two files, in the order of their rows.
func (s *Shop) Labels() iter.Seq[Label] {
	return func(yield func(Label) bool) {
		for l := range numbered(CustomersFile, s.customerRows()) {
			if !yield(l) {
				return
			}
		}
		for l := range numbered(OrdersFile, s.orderRows()) {
			if !yield(l) {
				return
			}
		}
	}
}

func (l Label) fields() []string {
	return []string{l.File, strconv.Itoa(l.Row), l.Record, l.Kind, string(l.Remedy), l.Twin}
}
