package duplicates

import (
	"slices"

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
		case domain.Device: // one customer's in its namespace; another app may know it too
			r.Devices = append(r.Devices, i.Value)
		}
	}
	for _, a := range c.PostalAddresses {
		r.Phones = with(r.Phones, domain.Phone, a.Phone)
		r.Emails = with(r.Emails, domain.Email, a.Email)
		if a.Line != "" {
			r.Addresses = append(r.Addresses, comparison.Address{Region: a.Region, City: a.City, Line: a.District + a.Line})
		}
	}
	for _, a := range c.SocialAccounts {
		if a.Handle != "" {
			r.Accounts = append(r.Accounts, a.Platform+"/"+a.Handle)
		}
	}
	return comparison.Prepare(r)
}

// with adds a contact that somebody gave, in the form of identifiers. What is
// none, is masked or stands in for another number is no evidence.
func with(all []string, of domain.IdentifierType, given string) []string {
	if given == "" {
		return all
	}
	normal, f := domain.Identifier{Type: of, Value: given}.Normalize("")
	if f != nil || slices.Contains(all, normal.Value) {
		return all
	}
	return append(all, normal.Value)
}
