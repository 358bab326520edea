package duplicates

import (
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/duplicates/comparison"
)

// prepared is what is compared of a customer.
func prepared(c *domain.Customer) *comparison.Prepared {
	r := comparison.Record{
		Name: c.DisplayName, Gender: string(c.Gender), Region: c.Region, City: c.City,
		Birth: comparison.Date{Year: c.BirthDate.Year, Month: c.BirthDate.Month, Day: c.BirthDate.Day},
	}
	switch c.Kind {
	case domain.Individual:
		r.Kind = comparison.Person
	case domain.Enterprise, domain.Government:
		r.Kind = comparison.Organisation
	}
	for _, i := range c.Identifiers {
		switch i.Type {
		case domain.Phone:
			r.Phones = append(r.Phones, i.Value)
		case domain.Email:
			r.Emails = append(r.Emails, i.Value)
		}
	}
	return comparison.Prepare(r)
}
