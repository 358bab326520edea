package app

import (
	"context"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Check judges what is to become of a customer beyond its shape; before is nil
// for a new one. Its error is a fault for what must not be.
type Check func(ctx context.Context, before, after *domain.Customer) error

// Heed makes every write of a customer pass a check. It is to be called before
// any other.
func (a *App) Heed(c Check) { a.checks = append(a.checks, c) }

func (a *App) admit(ctx context.Context, before, after *domain.Customer) error {
	for _, check := range a.checks {
		if err := check(ctx, before, after); err != nil {
			return err
		}
	}
	return nil
}

// Guard watches over what is read of customers.
type Guard interface {
	// Redact takes out of customers what they have not consented to being shown.
	Redact(ctx context.Context, customers []*domain.Customer) error
	// RedactChanges is Redact of the changes of a customer's record.
	RedactChanges(ctx context.Context, customer string, changes []*domain.Change) error
	// PurposeIn is the id of the purpose named in a field of a request.
	PurposeIn(ctx context.Context, field, name string) (string, error)
	// Allowed reports of each customer whether the purpose is allowed.
	Allowed(ctx context.Context, customers []string, purpose string) ([]bool, error)
	// RequireIn refuses with CONSENT_MISSING a customer who does not allow the
	// purpose named in a field of a request; where none is named, nobody.
	RequireIn(ctx context.Context, field, name, customer string) error
	// Along is Allowed for one customer after the other, in the order of their
	// escaped ids, from one on. stop is to be called at the end.
	Along(ctx context.Context, purpose, from string) (allowed func(customer string) (bool, error), stop func(), err error)
}

// Protect sets the guard. It is to be called before any other.
func (a *App) Protect(g Guard) { a.guard = g }

// Guard is the guard of reads.
func (a *App) Guard() Guard {
	if a.guard == nil {
		return unguarded{}
	}
	return a.guard
}

// unguarded is the guard of an App that was given none.
type unguarded struct{}

func (unguarded) Redact(context.Context, []*domain.Customer) error              { return nil }
func (unguarded) RedactChanges(context.Context, string, []*domain.Change) error { return nil }
func (unguarded) PurposeIn(_ context.Context, _, name string) (string, error)   { return name, nil }
func (unguarded) Allowed(_ context.Context, customers []string, _ string) ([]bool, error) {
	all := make([]bool, len(customers))
	for i := range all {
		all[i] = true
	}
	return all, nil
}

func (unguarded) RequireIn(context.Context, string, string, string) error { return nil }

func (unguarded) Along(context.Context, string, string) (func(string) (bool, error), func(), error) {
	return func(string) (bool, error) { return true, nil }, func() {}, nil
}
