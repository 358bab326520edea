package facts

import (
	"encoding/binary"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// decoder reads stored facts into the same Facts again and again: a scan of a
// million customers allocates little but their ids. It is of one goroutine.
type decoder struct {
	facts Facts
	need  Part              // what is decoded; lists are in any case
	texts map[string]string // those met before

	// What pointers of facts.Prediction point at.
	numbers  [5]float64
	churned  bool
	residual Money

	attributes map[string]any
	codes      [8]string
}

// Texts longer than that, or beyond so many, are not remembered.
const (
	longText  = 64
	mostTexts = 1 << 14
)

func newDecoder(need Part) *decoder { return &decoder{need: need, texts: make(map[string]string)} }

// another is a decoder for the facts of another customer, who may have the same texts.
func (d *decoder) another() *decoder { return &decoder{need: d.need, texts: d.texts} }

// needs tells whether a section is to be decoded.
func (d *decoder) needs(section int) bool {
	part := sections[section].part
	return part == 0 || d.need&part != 0
}

// text is a string like those met before, which costs no allocation if it is.
func (d *decoder) text(b []byte) string {
	if known, ok := d.texts[string(b)]; ok {
		return known
	}
	s := string(b)
	if len(s) <= longText && len(d.texts) < mostTexts {
		d.texts[s] = s
	}
	return s
}

// reset makes the facts those of nobody, and keeps the room of what is in them.
func (d *decoder) reset() {
	f := &d.facts
	c := &f.Customer
	d.facts = Facts{
		Customer: Customer{
			Interests: c.Interests[:0], Lifestyles: c.Lifestyles[:0], Brands: c.Brands[:0], Channels: c.Channels[:0],
		},
		Orders:  Orders{Recent: f.Orders.Recent[:0]},
		Revenue: f.Revenue[:0],
		Lists:   f.Lists[:0],
	}
	clear(d.attributes)
}

// read reads a stored document, all but the section of the customer, which it returns
// as it is stored: part of the document, nil where it is not needed, or empty. The
// facts are valid until the next.
func (d *decoder) read(id string, document []byte) (box []byte, err error) {
	d.reset()
	d.facts.Customer.ID = customerOf(id)
	rest := fieldsOf(document)
	for {
		e, after, ok, err := next(rest)
		if err != nil || !ok {
			return box, err
		}
		rest = after
		if isBox(e) && d.needs(customerSection) {
			box = e.value
		}
		if e.kind != bson.TypeEmbeddedDocument {
			continue // what the store keeps
		}
		if err := d.section(e); err != nil {
			return nil, err
		}
	}
}

func customerOf(id string) string {
	if strings.IndexByte(id, '%') < 0 {
		return id
	}
	return docstore.ParseID(id)[0]
}

// section reads a section; what is none of ours belongs to the store.
func (d *decoder) section(e element) error {
	for i := range sections {
		if sections[i].name == string(e.name) && i != customerSection && d.needs(i) {
			return d.fieldsOfSection(i, fieldsOf(e.value))
		}
	}
	return nil
}

func (d *decoder) fieldsOfSection(section int, fields []byte) error {
	switch sections[section].part {
	case OfCustomer:
		return eachOf(fields, d.customer)
	case OfOrders:
		return eachOf(fields, d.orders)
	case OfValuation:
		return eachOf(fields, d.valuation)
	case OfFeedback:
		return eachOf(fields, d.feedback)
	case OfReferral:
		return eachOf(fields, d.referral)
	}
	return eachOf(fields, func(e element) (err error) {
		d.facts.Lists, err = d.list(d.facts.Lists, e)
		return err
	})
}

// each hands every field of a document on.
func each(document []byte, field func(element) error) error {
	return eachOf(fieldsOf(document), field)
}

func eachOf(fields []byte, field func(element) error) error {
	for rest := fields; ; {
		e, after, ok, err := next(rest)
		if err != nil || !ok {
			return err
		}
		if err := field(e); err != nil {
			return err
		}
		rest = after
	}
}

func (d *decoder) list(into []string, e element) ([]string, error) {
	for rest := fieldsOf(e.value); ; {
		item, after, ok, err := next(rest)
		if err != nil || !ok {
			return into, err
		}
		into, rest = append(into, d.text(item.value)), after
	}
}

func (d *decoder) money(e element) (m Money, err error) {
	for rest := fieldsOf(e.value); ; {
		part, after, ok, err := next(rest)
		if err != nil || !ok {
			return m, err
		}
		if part.kind == bson.TypeString {
			m.Currency = d.text(part.value)
		} else {
			m.Minor = part.int()
		}
		rest = after
	}
}

func (d *decoder) orders(e element) (err error) {
	o := &d.facts.Orders
	switch string(e.name) {
	case "count":
		o.Count = e.int()
	case "days":
		o.Days = e.int()
	case "first_time":
		o.FirstTime = e.time()
	case "last_time":
		o.LastTime = e.time()
	case "revenue":
		return each(e.value, func(item element) error {
			m, err := d.money(item)
			d.facts.Revenue = append(d.facts.Revenue, m)
			return err
		})
	case "recent":
		o.Recent, err = d.unpackOrders(o.Recent, e.value)
	}
	return err
}

// unpackOrders reads what packOrders wrote.
func (d *decoder) unpackOrders(into []Order, b []byte) ([]Order, error) {
	bad := false
	unsigned := func() uint64 {
		x, n := binary.Uvarint(b)
		if n <= 0 {
			bad = true
			return 0
		}
		b = b[n:]
		return x
	}
	signed := func() int64 {
		x := unsigned()
		return int64(x>>1) ^ -int64(x&1)
	}
	codes, ms := d.codes[:0], int64(0)
	for range unsigned() {
		ms += signed()
		o := Order{Time: time.UnixMilli(ms).UTC(), Net: Money{Minor: signed()}}
		at := unsigned()
		if at == uint64(len(codes)) {
			length := unsigned()
			if length > uint64(len(b)) {
				return into, errMalformed
			}
			codes = append(codes, d.text(b[:length]))
			b = b[length:]
		}
		if bad || at >= uint64(len(codes)) {
			return into, errMalformed
		}
		o.Net.Currency = codes[at]
		into = append(into, o)
	}
	return into, nil
}

func (d *decoder) feedback(e element) error {
	f := &d.facts.Feedback
	switch string(e.name) {
	case "responses":
		f.Responses = e.int()
	case "satisfaction":
		f.Satisfaction = e.float()
	case "last_response_time":
		f.LastResponseTime = e.time()
	}
	return nil
}

func (d *decoder) referral(e element) error {
	r := &d.facts.Referral
	switch string(e.name) {
	case "invitations":
		r.Invitations = e.int()
	case "referees":
		r.Referees = e.int()
	case "qualified":
		r.Qualified = e.int()
	case "last_qualify_time":
		r.LastQualifyTime = e.time()
	}
	return nil
}

func (d *decoder) valuation(e element) (err error) {
	f := &d.facts
	switch string(e.name) {
	case "as_of":
		f.AsOf = e.time()
	case "edition":
		f.Edition = e.int()
	case "valued":
		f.Valued = e.bool()
	case "known":
		f.Value.Known = e.bool()
	case "historic":
		f.Value.Historic, err = d.money(e)
	case "coverage":
		f.Value.Coverage = e.float()
	case "recency":
		f.RFM.Recency = int(e.int())
	case "frequency":
		f.RFM.Frequency = int(e.int())
	case "monetary":
		f.RFM.Monetary = int(e.int())
	case "cell":
		f.RFM.Cell = d.text(e.value)
	case "group":
		f.RFM.Group = d.text(e.value)
	case "segment":
		f.RFM.Segment = d.text(e.value)
	default:
		return d.prediction(e)
	}
	return err
}

func (d *decoder) prediction(e element) (err error) {
	p := &d.facts.Prediction
	number := func(i int) *float64 {
		d.numbers[i] = e.float()
		return &d.numbers[i]
	}
	switch string(e.name) {
	case "alive":
		p.Alive = number(0)
	case "churn_risk":
		p.ChurnRisk = number(1)
	case "expected_orders":
		p.ExpectedOrders = number(2)
	case "next_order_days":
		p.NextOrderDays = number(3)
	case "overdue":
		p.Overdue = number(4)
	case "churned":
		d.churned = e.bool()
		p.Churned = &d.churned
	case "residual":
		d.residual, err = d.money(e)
		p.Residual = &d.residual
	}
	return err
}
