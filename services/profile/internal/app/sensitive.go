package app

import (
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// checkSensitive reports a sensitive field that would be given a value without
// the person's consent. What is stored already may stay, and go.
func checkSensitive(before, after *domain.Customer) *fault.Fault {
	for i := range domain.Fields {
		f := &domain.Fields[i]
		if !f.Sensitive || !f.Set(&after.Details) || before != nil && f.Same(&before.Details, &after.Details) {
			continue
		}
		refused := fault.New(fault.FailedPrecondition, "SENSITIVE_NEEDS_CONSENT",
			"%s: can only be kept with the person's explicit consent to sensitive data, which has not been recorded", f.Name)
		refused.Violations = []fault.Violation{{Field: f.Name, Description: "needs the person's explicit consent"}}
		return refused
	}
	return nil
}
