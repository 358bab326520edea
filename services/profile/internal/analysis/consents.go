package analysis

import "context"

// purpose is what analyses read customers for.
const purpose = "analytics"

// Consents tell which customers allow a purpose, and what is kept with their
// separate consent alone.
type Consents interface {
	// Along answers for customers in the order of their escaped ids, until it is
	// ended.
	Along(ctx context.Context, purpose, from string) (allowed func(customer string) (bool, error), end func(), err error)
	// Sensitive are the attributes that are sensitive.
	Sensitive(ctx context.Context) (map[string]bool, error)
}
