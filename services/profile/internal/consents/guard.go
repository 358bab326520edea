package consents

import (
	"context"
	"maps"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Guard keeps sensitive data from being written or shown without consent.
type Guard struct {
	*Store
	// attributes tells which attributes are sensitive.
	attributes func(context.Context) (map[string]bool, error)
}

// NewGuard makes a guard. sensitive tells which attributes are.
func NewGuard(s *Store, sensitive func(context.Context) (map[string]bool, error)) *Guard {
	return &Guard{s, sensitive}
}

// SensitiveNames are the fields of a customer and the company's own attributes that
// are sensitive.
func (g *Guard) SensitiveNames(ctx context.Context) (map[string]bool, error) {
	own, err := g.attributes(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]bool, len(own)+1)
	maps.Copy(all, own)
	for i := range domain.Fields {
		if f := &domain.Fields[i]; f.Sensitive {
			all[f.Name] = true
		}
	}
	return all, nil
}

// Check reports sensitive data that would be given a value without the person's
// consent: SENSITIVE_NEEDS_CONSENT. What is stored already may stay, and go.
func (g *Guard) Check(ctx context.Context, before, after *domain.Customer) error {
	var given []string
	for i := range domain.Fields {
		f := &domain.Fields[i]
		if f.Sensitive && f.Set(&after.Details) && (before == nil || !f.Same(&before.Details, &after.Details)) {
			given = append(given, f.Name)
		}
	}
	if len(after.Attributes) > 0 {
		sensitive, err := g.attributes(ctx)
		if err != nil {
			return err
		}
		for name, value := range after.Attributes {
			if !sensitive[name] {
				continue
			}
			if before == nil || !before.Attributes[name].Same(value) {
				given = append(given, "attributes."+name)
			}
		}
	}
	if len(given) == 0 {
		return nil
	}
	allowed, err := g.Allowed(ctx, []string{after.ID}, Sensitive)
	if err != nil || allowed[0] {
		return err
	}
	f := fault.New(fault.FailedPrecondition, "SENSITIVE_NEEDS_CONSENT",
		"%s: can only be kept with the person's consent: record it first (customers/%s/consents/%s)", given[0], after.ID, Sensitive)
	for _, field := range given {
		f.Violations = append(f.Violations, fault.Violation{Field: field, Description: "needs the person's consent to sensitive data"})
	}
	return f
}

// Redact takes the sensitive data out of customers who have not consented to its
// being kept and shown. The customers are changed; their maps are not.
func (g *Guard) Redact(ctx context.Context, customers []*domain.Customer) error {
	sensitive, err := g.attributes(ctx)
	if err != nil {
		return err
	}
	var asked []*domain.Customer
	var ids []string
	for _, c := range customers {
		if c != nil && holds(&c.Details, sensitive) {
			asked, ids = append(asked, c), append(ids, c.ID)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	allowed, err := g.Allowed(ctx, ids, Sensitive)
	if err != nil {
		return err
	}
	for i, c := range asked {
		if !allowed[i] {
			redact(&c.Details, sensitive)
		}
	}
	return nil
}

// RedactChanges is Redact of the changes of a customer's record.
func (g *Guard) RedactChanges(ctx context.Context, customer string, changes []*domain.Change) error {
	sensitive, err := g.attributes(ctx)
	if err != nil {
		return err
	}
	allowed, err := g.Allowed(ctx, []string{customer}, Sensitive)
	if err != nil || allowed[0] {
		return err
	}
	for _, c := range changes {
		for _, d := range []*domain.Details{c.Before, c.After} {
			if d != nil {
				redact(d, sensitive)
			}
		}
	}
	return nil
}

func holds(d *domain.Details, sensitive map[string]bool) bool {
	for i := range domain.Fields {
		if f := &domain.Fields[i]; f.Sensitive && f.Set(d) {
			return true
		}
	}
	for name := range d.Attributes {
		if sensitive[name] {
			return true
		}
	}
	return false
}

func redact(d *domain.Details, sensitive map[string]bool) {
	for i := range domain.Fields {
		if f := &domain.Fields[i]; f.Sensitive {
			f.Of(d).SetZero()
		}
	}
	d.Attributes = maps.Clone(d.Attributes)
	maps.DeleteFunc(d.Attributes, func(name string, _ domain.Value) bool { return sensitive[name] })
}

// Along is Walk as the use cases ask for it.
func (g *Guard) Along(ctx context.Context, purpose, from string) (func(customer string) (bool, error), func(), error) {
	w, err := g.Walk(ctx, purpose, from)
	if err != nil {
		return nil, nil, err
	}
	return func(customer string) (bool, error) { return w.Allowed(ctx, customer) }, w.Close, nil
}
