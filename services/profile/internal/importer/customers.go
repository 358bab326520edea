package importer

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// customerRows reads rows with the columns of customers.
type customerRows struct {
	columns    *columns
	fields     []*domain.Field // those that have a column in the file
	attributes []string        // those that have a column in the file
	types      map[string]domain.ValueType
	run        string
	now        time.Time
}

func newCustomerRows(c *columns, run string, now time.Time, types map[string]domain.ValueType) *customerRows {
	r := &customerRows{columns: c, run: run, now: now, types: types}
	for name := range c.at {
		if name, is := strings.CutPrefix(name, ofAttribute); is {
			r.attributes = append(r.attributes, name)
		}
	}
	for i := range domain.Fields {
		if field := &domain.Fields[i]; c.has(field.Name) {
			r.fields = append(r.fields, field)
		}
	}
	return r
}

// identifierColumns are the columns that hold identifiers and, where they need
// one, their namespaces.
var identifierColumns = []struct {
	kind              domain.IdentifierType
	column, namespace string
}{
	{domain.Email, "email", ""}, {domain.Phone, "phone", ""}, {domain.ExternalID, "external_id", "namespace"},
	{domain.Device, "device", ""}, {domain.MemberCard, "member_card", ""},
	{domain.TaobaoNick, "taobao_nick", ""}, {domain.TaobaoOAID, "taobao_oaid", "taobao_shop"}, {domain.JDPin, "jd_pin", ""},
	{domain.WechatOpenID, "wechat_openid", "wechat_appid"}, {domain.WechatUnionID, "wechat_unionid", ""},
}

// addressColumns hold, with region, city and country, a postal address.
var addressColumns = []string{"district", "address", "postal_code"}

// take adds the customer of a row to the batch. A value that cannot be, such as a
// masked phone number, is left out where it is one of many: the rest of the row
// is worth having.
func (r *customerRows) take(b *batch, row sheet.Row) *fault.Fault {
	value := func(column string) string { return unescaped(r.columns.in(row.Fields, column)) }
	without := func(why *fault.Fault, column string) {
		b.rejects = append(b.rejects, leftOut(r.run, row.Number, why, value(column)))
		b.tally.Counts.LeftOut++
	}
	c := domain.Customer{Row: row.Number}
	var f *fault.Fault
	if c.ID, f = key("customer_id", value("customer_id")); f != nil {
		return f
	}
	for _, field := range r.fields {
		text := value(field.Name)
		if text == "" {
			continue
		}
		refuse, leave := r.read(field, text, field.Of(&c.Details))
		if refuse != nil {
			return refuse
		}
		if leave != nil {
			without(leave, field.Name)
		}
	}
	for name, text := range r.attributesOf(row, value) {
		v, leave := r.attribute(ofAttribute+name, text, r.types[name])
		if leave != nil {
			b.rejects = append(b.rejects, leftOut(r.run, row.Number, leave, text))
			b.tally.Counts.LeftOut++
			continue
		}
		if c.Attributes == nil {
			c.Attributes = map[string]domain.Value{}
		}
		c.Attributes[name] = v
	}
	r.identifiers(&c, value, without)
	a := domain.PostalAddress{District: value("district"), Line: value("address"), PostalCode: value("postal_code")}
	if a != (domain.PostalAddress{}) {
		a.Country, a.Region, a.City = c.Country, c.Region, c.City
		c.PostalAddresses = append(c.PostalAddresses, a)
	}
	b.customers = append(b.customers, c)
	b.fields = append(b.fields, row.Fields...)
	return nil
}

// attributesOf are the texts of the attributes in a row, by their names.
func (r *customerRows) attributesOf(row sheet.Row, value func(column string) string) map[string]string {
	all := make(map[string]string)
	for _, name := range r.attributes {
		all[name] = value(ofAttribute + name)
	}
	for _, m := range row.Others {
		if object, is := m.Value.(sheet.Object); is && m.Name == ofAttributes {
			for _, a := range object {
				all[a.Name] = sheet.Text(a.Value)
			}
		} else if name, is := strings.CutPrefix(mapping.Fold(m.Name), ofAttribute); is {
			all[name] = sheet.Text(m.Value)
		}
	}
	maps.DeleteFunc(all, func(_, text string) bool { return text == "" })
	return all
}

// identifiers reads those of a row.
func (r *customerRows) identifiers(c *domain.Customer, value func(column string) string, without func(*fault.Fault, string)) {
	for _, i := range identifierColumns {
		given := domain.Identifier{Type: i.kind, Value: value(i.column)}
		if given.Value == "" {
			continue
		}
		if i.namespace != "" {
			given.Namespace = value(i.namespace)
		}
		if normal, why := given.Normalize(""); why != nil {
			if why.Violations[0].Field == "namespace" {
				why.Violations[0].Field = i.namespace // as the file calls it
			}
			without(why, i.column)
		} else {
			c.Identifiers = append(c.Identifiers, normal)
		}
	}
}

// birthDate reads a date in one of the ways of readTime, or as --05-17 where the
// year is not known. Empty is none.
func birthDate(value string, now time.Time) (domain.BirthDate, *fault.Fault) {
	text := plain(value)
	if text == "" {
		return domain.BirthDate{}, nil
	}
	born, err := domain.ParseBirthDate(text)
	if err != nil {
		c, ok := parseClock(text)
		if !ok {
			return domain.BirthDate{}, invalid("birth_date", "DATE_MALFORMED", "must be a date such as 1990-05-17, or --05-17 without a year, is %q", clip(text, 40))
		}
		born = domain.BirthDate{Year: c.year, Month: c.month, Day: c.day}
	}
	whose := domain.Customer{ID: "-", Details: domain.Details{BirthDate: born}}
	if f, wrong := fault.As(whose.Normalize(now)); wrong {
		return domain.BirthDate{}, f
	}
	return born, nil
}

// recordCustomers writes the customers of a batch.
func (i *Importer) recordCustomers(ctx context.Context, f *file, b *batch) error {
	src := domain.Source{Import: f.run(), ValidateOnly: f.DryRun}
	records := make([]keyed, len(b.customers))
	for n, c := range b.customers {
		records[n] = keyed{n, docstore.ID(src.Import, c.ID), c.Row}
	}
	outcomes, err := i.once(ctx, f, records, duplicateOf, func(some []keyed) ([]app.Outcome, error) {
		return i.recorder.UpsertCustomers(ctx, pick(b.customers, some), src)
	})
	if err != nil {
		return err
	}
	for n, out := range outcomes {
		c := &b.customers[n]
		column := func(path string) string { return customerColumn(path, c) }
		if err := b.count(f, n, c.Row, out, column); err != nil {
			return err
		}
		for _, of := range out.Taken {
			b.without(f.run(), n, c.Row, of)
		}
	}
	return nil
}

// without notes that a customer was taken over without an identifier, which another
// customer has.
func (b *batch) without(run string, n int, row int64, of domain.Identifier) {
	for _, i := range identifierColumns {
		if i.kind == of.Type {
			why := invalid(i.column, "IDENTIFIER_TAKEN", "belongs to another customer, where it stays: the two may be one person")
			b.rejects = append(b.rejects, leftOut(run, row, why, b.columns.in(b.row(n), i.column)))
			b.tally.Counts.Taken++
		}
	}
}

// customerColumn is the column from which a field of a customer comes.
func customerColumn(path string, c *domain.Customer) string {
	var n int
	if _, err := fmt.Sscanf(path, "identifiers[%d]", &n); err == nil && n >= 0 && n < len(c.Identifiers) {
		for _, i := range identifierColumns {
			if i.kind == c.Identifiers[n].Type {
				return i.column
			}
		}
	}
	if path == "name" || path == "" {
		return "customer_id"
	}
	if name, is := strings.CutPrefix(path, "attributes."); is {
		name, _, _ = strings.Cut(name, ".")
		return ofAttribute + name
	}
	if at := strings.IndexAny(path, "[."); at > 0 {
		path = path[:at]
	}
	return path
}
