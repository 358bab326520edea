package partition

import (
	"math"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// input is a number that decides.
type input struct {
	*Variable
	number func(*facts.Facts, Moment) (float64, bool)
	days   bool
	next   func(*facts.Facts, Moment) time.Time
	// categories are the names of the codes that number gives, where it codes a category.
	categories []string
}

func numberInput(v *Variable) input {
	return input{Variable: v, number: v.Number, days: v.Days, next: v.Next}
}

// findInputs finds the numbers of these names.
func findInputs(field string, names []string) ([]input, error) {
	inputs := make([]input, 0, len(names))
	for _, name := range names {
		v, err := FindNumber(field, name)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, numberInput(v))
	}
	return inputs, nil
}

// Reader reads the numbers by which customers are divided.
type Reader struct {
	inputs []input
	zone   *time.Location
	asOf   time.Time
}

func newReader(inputs []input, zone string, asOf time.Time) (*Reader, error) {
	location, err := ZoneOf("data.time_zone", zone)
	return &Reader{inputs, location, asOf}, err
}

// Variables are those that are read, in order.
func (r *Reader) Variables() []*Variable {
	all := make([]*Variable, len(r.inputs))
	for j, in := range r.inputs {
		all[j] = in.Variable
	}
	return all
}

// Width is how many numbers are read of a customer.
func (r *Reader) Width() int { return len(r.inputs) }

// Moment is the moment of which customers are looked at: the present, unless orders
// count before an earlier instant only.
func (r *Reader) Moment(at time.Time) Moment {
	if !r.asOf.IsZero() {
		at = r.asOf
	}
	return MomentOf(at, r.zone)
}

// Read writes a customer's numbers into row, NaN where one is not known.
func (r *Reader) Read(f *facts.Facts, m Moment, row []float64) {
	counted := f
	if !r.asOf.IsZero() {
		var before facts.Facts
		if !ordersBefore(f, m, &before) {
			for j := range row {
				row[j] = math.NaN()
			}
			return
		}
		counted = &before
	}
	for j := range r.inputs {
		x, known := r.inputs[j].number(counted, m)
		if !known {
			x = math.NaN()
		}
		row[j] = x
	}
}

// ordersBefore makes the facts as they were before the moment, as far as orders go. It
// returns false where the orders kept one by one do not reach back so far.
func ordersBefore(f *facts.Facts, m Moment, into *facts.Facts) bool {
	*into = *f
	if f.Orders.LastTime.Before(m.At) {
		return true // all of them, or none at all
	}
	recent := f.Orders.Recent
	kept := len(recent)
	for kept > 0 && !recent[kept-1].Time.Before(m.At) {
		kept--
	}
	if kept == 0 && int64(len(recent)) < f.Orders.Count {
		return false
	}
	o := &into.Orders
	o.Recent, o.Count = recent[:kept], f.Orders.Count-int64(len(recent)-kept)
	into.Revenue = append([]facts.Money(nil), f.Revenue...)
	last := -1
	if kept > 0 {
		o.LastTime = recent[kept-1].Time
		last = dayOf(o.LastTime, m.Zone)
	} else {
		o.LastTime, o.FirstTime = time.Time{}, time.Time{}
	}
	for _, order := range recent[kept:] {
		if day := dayOf(order.Time, m.Zone); day != last {
			o.Days--
			last = day
		}
		for i := range into.Revenue {
			if into.Revenue[i].Currency == order.Net.Currency {
				into.Revenue[i].Minor -= order.Net.Minor
			}
		}
	}
	return true
}
