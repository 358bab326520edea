package importer

import (
	"context"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// customerRows reads rows with the columns of customers.
type customerRows struct {
	columns *columns
	run     string
	now     time.Time
}

func newCustomerRows(c *columns, run string, now time.Time) *customerRows {
	return &customerRows{c, run, now}
}

// identifierColumns are the columns that hold identifiers.
var identifierColumns = map[domain.IdentifierType]string{
	domain.Email: "email", domain.Phone: "phone", domain.ExternalID: "external_id",
}

// take adds the customer of a row to the batch. A birth date or an identifier
// that cannot be, such as a masked phone number, is left out: the rest of the
// row is worth having.
func (r *customerRows) take(b *batch, row sheet.Row) *fault.Fault {
	value := func(column string) string { return tidy(r.columns.in(row.Fields, column)) }
	c := domain.Customer{
		Row: row.Number, DisplayName: value("display_name"), Region: value("region"), City: value("city"),
	}
	var f [4]*fault.Fault
	c.ID, f[0] = key("customer_id", value("customer_id"))
	c.Kind, f[1] = word("kind", value("kind"), domain.Individual, domain.Enterprise, domain.Government)
	c.Gender, f[2] = word("gender", value("gender"), domain.Female, domain.Male, domain.OtherGender)
	c.Acquisition, f[3] = word("acquisition", value("acquisition"),
		domain.Organic, domain.Advertising, domain.Referral, domain.Promotion, domain.Sales)
	for _, f := range f {
		if f != nil {
			return f
		}
	}
	without := func(why *fault.Fault) {
		column := why.Violations[0].Field
		b.rejects = append(b.rejects, leftOut(r.run, row.Number, why, value(column)))
		b.tally.Counts.LeftOut++
	}
	if born, why := birthDate(value("birth_date"), r.now); why != nil {
		without(why)
	} else {
		c.BirthDate = born
	}
	for _, kind := range []domain.IdentifierType{domain.Email, domain.Phone, domain.ExternalID} {
		given := domain.Identifier{Type: kind, Value: value(identifierColumns[kind])}
		if kind == domain.ExternalID {
			given.Namespace = value("namespace")
		}
		if given.Value == "" {
			continue
		}
		if normal, why := given.Normalize(""); why != nil {
			without(why)
		} else {
			c.Identifiers = append(c.Identifiers, normal)
		}
	}
	b.customers = append(b.customers, c)
	b.fields = append(b.fields, row.Fields...)
	return nil
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
	whose := domain.Customer{ID: "-", BirthDate: born}
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
	outcomes, err := i.once(ctx, f, records, func(some []keyed) ([]app.Outcome, error) {
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
	}
	return nil
}

// customerColumn is the column from which a field of a customer comes.
func customerColumn(path string, c *domain.Customer) string {
	var n int
	if _, err := fmt.Sscanf(path, "identifiers[%d]", &n); err == nil && n >= 0 && n < len(c.Identifiers) {
		return identifierColumns[c.Identifiers[n].Type]
	}
	if path == "name" || path == "" {
		return "customer_id"
	}
	return path
}
