package attributes

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// held is the definitions as they were read last.
type held struct {
	mu        sync.Mutex
	all       map[string]*definition
	sensitive map[string]bool
	read      time.Time
}

// definitions are those that there are, as of holdFor ago at most, or now.
func (s *Store) definitions(ctx context.Context, now bool) (map[string]*definition, error) {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	if age := s.now().Sub(s.held.read); !now && s.held.all != nil && age >= 0 && age < holdFor {
		return s.held.all, nil
	}
	read := s.now()
	all, sensitive := map[string]*definition{}, map[string]bool{}
	for r, err := range s.docs.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return nil, err
		}
		d, err := r.definition()
		if err != nil {
			return nil, err
		}
		if all[d.id] = d; d.sensitive() {
			sensitive[d.id] = true
		}
	}
	s.held.all, s.held.sensitive, s.held.read = all, sensitive, read
	return all, nil
}

// forget makes the next judgement read the definitions.
func (s *Store) forget() {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	s.held.all = nil
}

// Check reports the attributes that are given a value which they cannot hold.
// What is stored already is not judged again; before is nil for a new customer.
func (s *Store) Check(ctx context.Context, before, after *domain.Customer) error {
	var was map[string]domain.Value
	if before != nil {
		was = before.Attributes
	}
	given := map[string]domain.Value{}
	for name, value := range after.Attributes {
		if old, there := was[name]; !there || !old.Same(value) {
			given[name] = value
		}
	}
	if len(given) == 0 {
		return nil
	}
	// What would be refused is judged by the definitions as they are now.
	for _, now := range []bool{false, true} {
		all, err := s.definitions(ctx, now)
		if err != nil {
			return err
		}
		if refused := check(all, given); refused == nil || now {
			return refused
		}
	}
	return nil
}

func check(all map[string]*definition, given map[string]domain.Value) error {
	names := make([]string, 0, len(given))
	for name := range given {
		names = append(names, name)
	}
	slices.Sort(names)
	var faults []*fault.Fault
	for _, name := range names {
		d := all[name]
		if d == nil {
			f := fault.Invalid("attributes."+name, "is not defined: create attributeDefinitions/%s with its type, or leave the attribute out", name)
			f.Reason = "ATTRIBUTE_UNKNOWN"
			faults = append(faults, f)
			continue
		}
		faults = append(faults, d.check(given[name]))
	}
	return fault.Merge(faults...)
}

// Sensitive tells which attributes are sensitive.
func (s *Store) Sensitive(ctx context.Context) (map[string]bool, error) {
	if _, err := s.definitions(ctx, false); err != nil {
		return nil, err
	}
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	return s.held.sensitive, nil
}

// Types are the types of the attributes that are defined.
func (s *Store) Types(ctx context.Context) (map[string]domain.ValueType, error) {
	all, err := s.definitions(ctx, true)
	if err != nil {
		return nil, err
	}
	types := make(map[string]domain.ValueType, len(all))
	for name, d := range all {
		types[name] = d.kind
	}
	return types, nil
}
