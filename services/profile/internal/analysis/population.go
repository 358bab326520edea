package analysis

import (
	"fmt"
	"strings"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/condition"
	"github.com/kehuhq/kehu/services/profile/internal/facet"
)

// population says who is meant.
type population struct {
	tests   []test
	keys    map[string]bool // nil is everybody
	segment string          // its name; "" is none
	needs   activity.Needs
	stages  bool
}

type test struct {
	facet *facet.Facet
	condition.Condition
}

// newPopulation reads a population that stands in a field of the request.
func newPopulation(at string, p *profilev1.Population, frame facet.Frame) (*population, error) {
	all := &population{segment: p.GetSegment()}
	conditions, err := condition.Read(at+".conditions", p.GetConditions())
	if err != nil {
		return nil, err
	}
	for i, c := range conditions {
		f, err := facet.New(condition.Path(at+".conditions", i)+".field", c.Field, frame)
		if err != nil {
			return nil, err
		}
		all.tests = append(all.tests, test{f, c})
		all.needs = all.needs.Join(f.Needs)
		all.stages = all.stages || f.Stage
	}
	if id, ok := strings.CutPrefix(all.segment, "segments/"); all.segment != "" && (!ok || id == "" || strings.Contains(id, "/")) {
		return nil, fault.Invalid(at+".segment", "must have the form segments/{segment}")
	}
	for i, name := range p.GetCustomers() {
		field := fmt.Sprintf("%s.customers[%d]", at, i)
		id, ok := strings.CutPrefix(name, "customers/")
		if !ok {
			return nil, fault.Invalid(field, "must have the form customers/{customer}")
		}
		if f := ident.Check(field, id); f != nil {
			return nil, f
		}
		if all.keys == nil {
			all.keys = map[string]bool{}
		}
		all.keys[docstore.ID(id)] = true
	}
	return all, nil
}

// holds reports whether a customer belongs to the population, as far as that does
// not depend on a segment.
func (p *population) holds(s *facet.Subject) bool {
	if p.keys != nil && !p.keys[s.Key] && !p.anyOf(s) {
		return false
	}
	for i := range p.tests {
		if !p.tests[i].Holds(p.tests[i].facet.Of(s)) {
			return false
		}
	}
	return true
}

// anyOf reports whether one of the records merged into a customer is meant.
func (p *population) anyOf(s *facet.Subject) bool {
	for _, record := range s.Customer.Merged {
		if p.keys[docstore.ID(record)] {
			return true
		}
	}
	return false
}
