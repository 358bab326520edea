package quality

import (
	"context"
	"strings"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// CheckCustomerDataQuality checks one customer by all rules but those that hold
// its values against those of others, which only an assessment of all can.
func (s *Server) CheckCustomerDataQuality(ctx context.Context, r *profilev1.CheckCustomerDataQualityRequest) (*profilev1.CustomerDataQuality, error) {
	id, ours := strings.CutPrefix(r.GetCustomer(), "customers/")
	if f := ident.Check("customer", id); !ours || f != nil {
		return nil, fault.Invalid("customer", "must have the form customers/{customer}")
	}
	policy := policyFrom(r.GetPolicy())
	if err := policy.Check(); err != nil {
		return nil, err
	}
	c, err := s.View(ctx, id)
	if err != nil {
		return nil, err
	}
	base := &Base{Now: s.Clock().UTC(), Policy: policy}
	person, err := s.Sources.Activity.Of(ctx, c.ID, needed, base.before())
	if err != nil {
		return nil, err
	}
	if person == nil { // merged into another, or gone, since it was looked up
		return nil, store.CustomerNotFound(id)
	}
	record := recordOf(person)
	if record.Candidate, err = s.Sources.Candidates.OpenOf(ctx, c.ID); err != nil {
		return nil, err
	}
	tally := NewTally(base)
	tally.Add(record)
	report := tally.report("")
	return &profilev1.CustomerDataQuality{Customer: "customers/" + c.ID, Score: report.GetScore(), Issues: report.GetIssues()}, nil
}
