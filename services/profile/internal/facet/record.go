package facet

import (
	"github.com/kehuhq/kehu/services/profile/internal/condition"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

func (f *Facet) ofRecord(name string) {
	read := map[string]func(c *domain.Customer) condition.Value{
		"id":          func(c *domain.Customer) condition.Value { return condition.Of(c.ID) },
		"kind":        func(c *domain.Customer) condition.Value { return condition.Of(string(c.Kind)) },
		"gender":      func(c *domain.Customer) condition.Value { return condition.Of(string(c.Gender)) },
		"region":      func(c *domain.Customer) condition.Value { return condition.Of(c.Region) },
		"city":        func(c *domain.Customer) condition.Value { return condition.Of(c.City) },
		"acquisition": func(c *domain.Customer) condition.Value { return condition.Of(string(c.Acquisition)) },
	}[name]
	if read != nil {
		f.of = func(s *Subject) condition.Value { return read(&s.Customer) }
	}
}

func (f *Facet) ofAttribute(string) {}
