package analysis

import (
	"context"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// purpose is what analyses read customers for.
const purpose = "analytics"

// Consents tell which customers allow a purpose, and what is kept with their
// separate consent alone.
type Consents interface {
	// Along answers for customers in the order of their escaped ids, until it is
	// ended.
	Along(ctx context.Context, purpose, from string) (allowed func(customer string) (bool, error), end func(), err error)
	// PurposeIn is the id of the purpose named in a field of a request.
	PurposeIn(ctx context.Context, field, name string) (string, error)
	// Allowed reports of each customer whether a purpose is allowed.
	Allowed(ctx context.Context, customers []string, purpose string) ([]bool, error)
	// Types are the types of the attributes that are defined.
	Types(ctx context.Context) (map[string]domain.ValueType, error)
	// Sensitive are the attributes that are sensitive.
	Sensitive(ctx context.Context) (map[string]bool, error)
}
