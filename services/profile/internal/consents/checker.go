package consents

import (
	"context"
	"slices"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/cursor"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// allows reports whether a purpose is allowed at a time, given the decision in
// force, nil for none.
func allows(p *profilev1.Purpose, d *decision, now time.Time) bool {
	switch {
	case d == nil, d.State == profilev1.ConsentState_CONSENT_STATE_GRANTED && !d.ExpiresAt.IsZero() && !now.Before(d.ExpiresAt):
		return !p.GetNeedsConsent()
	}
	return d.State == profilev1.ConsentState_CONSENT_STATE_GRANTED
}

// inForce is the latest of the decisions made for the records of one customer; of
// two at one time the one that was recorded last, and else the stricter.
func inForce(records []*record) *decision {
	var latest *decision
	for _, r := range records {
		if r == nil || len(r.Decisions) == 0 {
			continue
		}
		if d := &r.Decisions[len(r.Decisions)-1]; latest == nil || later(d, latest) {
			latest = d
		}
	}
	return latest
}

func later(a, b *decision) bool {
	if order := a.DecidedAt.Compare(b.DecidedAt); order != 0 {
		return order > 0
	}
	if order := a.RecordedAt.Compare(b.RecordedAt); order != 0 {
		return order > 0
	}
	return a.State == profilev1.ConsentState_CONSENT_STATE_WITHDRAWN
}

// Allowed reports of each customer whether a purpose is allowed: what was decided
// last for any record of the customer, and what the purpose says where nothing
// was. A purpose that there is not is a NotFound fault PURPOSE_NOT_FOUND.
func (s *Store) Allowed(ctx context.Context, customers []string, purpose string) ([]bool, error) {
	p, err := s.purpose(ctx, purpose)
	if err != nil {
		return nil, err
	}
	forest, _, err := s.customers.Kin(ctx, customers)
	if err != nil {
		return nil, err
	}
	return s.allowed(ctx, forest, customers, purpose, p)
}

func (s *Store) allowed(ctx context.Context, forest *domain.Forest, customers []string, purpose string, p *profilev1.Purpose) ([]bool, error) {
	places := make(map[string]int, len(customers))
	var ids []string
	for _, customer := range customers {
		for _, member := range forest.Members(customer) {
			if _, asked := places[member]; !asked {
				places[member] = len(ids)
				ids = append(ids, docstore.ID(member, purpose))
			}
		}
	}
	found, err := s.docs.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := s.now()
	answers := make([]bool, len(customers))
	for i, customer := range customers {
		var records []*record
		for _, member := range forest.Members(customer) {
			records = append(records, found[places[member]])
		}
		answers[i] = allows(p, inForce(records), now)
	}
	return answers, nil
}

// Require refuses what needs a purpose that the customer does not allow: a
// PermissionDenied fault CONSENT_MISSING.
func (s *Store) Require(ctx context.Context, customer, purpose string) error {
	allowed, err := s.Allowed(ctx, []string{customer}, purpose)
	if err != nil || allowed[0] {
		return err
	}
	return fault.New(fault.PermissionDenied, "CONSENT_MISSING", "customer %q does not allow %s", customer, aip.Name(purposePattern, purpose))
}

// RequireIn is Require for the purpose that a field of a request names; where it
// names none nothing is refused.
func (s *Store) RequireIn(ctx context.Context, field, name, customer string) error {
	if name == "" {
		return nil
	}
	purpose, err := s.PurposeIn(ctx, field, name)
	if err != nil {
		return err
	}
	return s.Require(ctx, customer, purpose)
}

// Walk answers for customers in the order of their escaped ids, next to one scan
// of what was decided about the purpose: for streams of all customers. It is to
// be closed.
type Walk struct {
	store   *Store
	id      string
	purpose *profilev1.Purpose
	forest  *domain.Forest
	now     time.Time
	records *cursor.Cursor[*record]
}

// Walk begins a walk at a customer, the very first when empty. A purpose that
// there is not is a NotFound fault PURPOSE_NOT_FOUND.
func (s *Store) Walk(ctx context.Context, purpose, from string) (*Walk, error) {
	p, err := s.purpose(ctx, purpose)
	if err != nil {
		return nil, err
	}
	forest, err := s.customers.Forest(ctx)
	if err != nil {
		return nil, err
	}
	r := docstore.Prefix(docstore.Key(docstore.String(purpose)) + "!")
	r.Index = byPurpose
	if from != "" {
		r.From = docstore.Key(docstore.String(purpose), docstore.String(docstore.ID(from)))
	}
	return &Walk{store: s, id: purpose, purpose: p, forest: forest, now: s.now(), records: cursor.Over(s.docs.Scan(ctx, r))}, nil
}

// Close ends the walk.
func (w *Walk) Close() { w.records.Stop() }

// Allowed is Store.Allowed of the next customer of the walk.
func (w *Walk) Allowed(ctx context.Context, customer string) (bool, error) {
	if members := w.forest.Members(customer); len(members) > 1 {
		answers, err := w.store.allowed(ctx, w.forest, []string{customer}, w.id, w.purpose)
		return err == nil && slices.Equal(answers, []bool{true}), err
	}
	want := docstore.ID(customer)
	for {
		r, ok, err := w.records.Head()
		if err != nil {
			return false, err
		}
		if !ok {
			return allows(w.purpose, nil, w.now), nil
		}
		id, _ := r.ids()
		switch at := docstore.ID(id); {
		case at == want:
			return allows(w.purpose, inForce([]*record{r}), w.now), nil
		case at > want:
			return allows(w.purpose, nil, w.now), nil
		}
		w.records.Advance()
	}
}
